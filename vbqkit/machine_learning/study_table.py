"""The table of the radiomics study, kept with the package.

``python -m vbqkit.machine_learning.study_table`` computes it again: five minutes of processor time, on all cores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from vbqkit.formats.table_file import write_table
from vbqkit.machine_learning.study_people import (
    ELSEWHERE,
    FEATURES,
    HERE,
    OSTEOPOROSIS_MG_CM3,
    RADIOMICS_PEOPLE,
    WEIGHTINGS,
    radiomics_person,
)

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

Spread = Callable[[Callable[[int], list[dict[str, Any]]], Iterable[int]], Iterable[list[dict[str, Any]]]]
"""``map``, or another that works in several processes."""

DATA = Path(str(files("vbqkit.machine_learning"))) / "data"
FILE = DATA / "radiomics_study.csv"
PERSON_COLUMNS = ("person", "sex", "age", "t_score", "qct_mg_cm3", "scanner", "slice")
COLUMNS = (*PERSON_COLUMNS, *(f"{w.lower()}_{name}" for w in WEIGHTINGS for name in FEATURES))
_ABOUT = (
    f"Radiomics of virtual people on T1 and T2, mean of L1 to L4: three slices on {HERE}, one on {ELSEWHERE}. Synthetic. "
    "Made by python -m vbqkit.machine_learning.study_table"
)


def radiomics_study() -> pd.DataFrame:
    """The table of a virtual radiomics study of 160 people, one row a person, machine and slice. Synthetic.

    Returns
    -------
    DataFrame
        person, sex, age (years), t_score, qct_mg_cm3 (mean of L1 and L2), osteoporosis (QCT below 80 mg/cm3), scanner
        (``"generic-1.5t"``, and ``"philips-achieva-3t"`` with the middle slice alone), slice (-1, 0, 1), and radiomic
        features of T1 (``t1_...``) and T2 (``t2_...``).

    Examples
    --------
    >>> table = radiomics_study()
    >>> table["person"].nunique(), len(table)
    (160, 640)
    """
    table = pd.read_csv(FILE, comment="#")
    return table.assign(osteoporosis=(table["qct_mg_cm3"] < OSTEOPOROSIS_MG_CM3).astype(int))


def feature_names(*weightings: str) -> list[str]:
    """Columns of the table that hold features of these weightings.

    Examples
    --------
    >>> feature_names("T1")[:2]
    ['t1_mean', 't1_variance']
    """
    return [f"{w.lower()}_{name}" for w in weightings for name in FEATURES]


def write_study_table(path: Path = FILE, *, people: int = RADIOMICS_PEOPLE, spread: Spread = map) -> Path:
    """Draw the people, scan them, and write the table.

    Parameters
    ----------
    path : Path
        Where to.
    people : int
        How many.
    spread : callable
        ``map``, or one that spreads the people over processes; the table is the same.
    """
    rows = (row for of_one in spread(radiomics_person, range(people)) for row in of_one)
    return write_table(path, COLUMNS, rows, comment=_ABOUT)


if __name__ == "__main__":
    from concurrent.futures import ProcessPoolExecutor  # Python in a browser has none

    with ProcessPoolExecutor() as pool:
        write_study_table(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE, spread=pool.map)
