"""An empty cohort table to fill in, with a sheet that says what each column is."""

from __future__ import annotations

import csv
from pathlib import Path

import lazy_loader
import pandas as pd

from vbqkit.cohort.columns import all_columns
from vbqkit.errors import TableError

openpyxl = lazy_loader.load("openpyxl")

_KINDS = {"text": "text", "number": "number", "sex": "F or M", "yes-no": "1 or yes, 0 or no"}


def cohort_columns() -> pd.DataFrame:
    """What each column of the template is.

    Returns
    -------
    DataFrame
        One row per column: column, meaning, what to write, unit, lowest, highest (numbers outside are refused; nan for
        text), poorer bone (high, low or empty).

    Examples
    --------
    >>> cohort_columns().set_index("column").loc["bmd_g_cm2", "unit"]
    'g/cm²'
    """
    return pd.DataFrame(
        [
            {
                "column": c.name,
                "meaning": c.title,
                "write": _KINDS[c.kind],
                "unit": c.unit,
                "lowest": c.low if c.kind == "number" else float("nan"),
                "highest": c.high if c.kind == "number" else float("nan"),
                "poorer_bone": c.worse,
            }
            for c in all_columns()
        ]
    )


def make_cohort_template(path: str | Path) -> Path:
    """Write an empty cohort table: ``.csv`` with the headings, or ``.xlsx`` with a second sheet that explains them.

    Parameters
    ----------
    path : path
        A file that does not exist yet.

    Returns
    -------
    Path

    Raises
    ------
    TableError
        If the file exists, or ends in neither ``.csv`` nor ``.xlsx``.
    """
    file = Path(path)
    if file.exists():
        raise TableError(f"'{file}' exists already and is not overwritten. Choose another name, or delete it.")
    headings = [c.name for c in all_columns()]
    if file.suffix.casefold() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerow(headings)
        return file
    if file.suffix.casefold() != ".xlsx":
        raise TableError(f"'{file.name}' ends in '{file.suffix}'; .csv or .xlsx was expected. Rename it.")
    try:
        book = openpyxl.Workbook()
    except ImportError:  # it comes with the lab extra
        raise TableError(
            f"Writing '{file.name}' needs openpyxl. Install it (pip install openpyxl), or use .csv."
        ) from None
    book.active.title = "cohort"
    book.active.append(headings)
    explained = book.create_sheet("columns")
    table = cohort_columns()
    explained.append(list(table.columns))
    for row in table.itertuples(index=False):
        explained.append([None if pd.isna(value) else value for value in row])
    book.save(file)
    return file
