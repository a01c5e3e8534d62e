"""Tables of rows as files: CSV, TSV or Parquet, written whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, shown
from vbqkit.formats.table_file import replacing, write_table

Row = dict[str, Any]

ENDINGS = (".csv", ".tsv", ".parquet")
"""Of the tables that can be written."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NO_PYARROW = "Parquet needs pyarrow, which is not installed: pip install 'vbqkit[cohort]'. Without it let the table end with .csv."


def check_ending(path: Path) -> str:
    """The ending of a table that can be written here.

    Raises
    ------
    FormatError
        If it is not known, or what writes it is not installed.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise FormatError(f"The table {path.name} has an unknown ending; use one of {', '.join(ENDINGS)}.")
    if ending == ".parquet":
        _pyarrow()
    return ending


def write_rows(
    path: Path, columns: Sequence[str], rows: Sequence[Row], *, numbers: Sequence[str], about: Mapping[str, Any]
) -> None:
    """Write a table: an existing one is replaced when the new one is complete.

    Parameters
    ----------
    path : Path
        Its ending says which format.
    columns : sequence of str
        In order.
    rows : sequence of dict
        Column to value; None where there is none.
    numbers : sequence of str
        Columns that hold numbers; all others hold text.
    about : mapping
        What a Parquet file keeps about the table, as JSON under the key ``vbqkit``.

    Raises
    ------
    FormatError
        If it cannot be written.
    """
    ending = check_ending(path)
    if ending != ".parquet":
        write_table(path, columns, rows, delimiter=_DELIMITERS[ending])
        return
    arrow, parquet = _pyarrow()
    fields = [(name, arrow.float64() if name in numbers else arrow.string()) for name in columns]
    schema = arrow.schema(fields, metadata={"vbqkit": json.dumps(about, default=str)})
    table = arrow.table({name: [row.get(name) for row in rows] for name in columns}, schema=schema)
    with replacing(path) as draft:
        parquet.write_table(table, draft)


def read_rows(path: Path, *, columns: Sequence[str], numbers: Sequence[str]) -> list[Row]:
    """The rows of a table that :func:`write_rows` wrote; none where there is no file.

    Raises
    ------
    FormatError
        If it cannot be read, or has other columns: it is not overwritten then.
    """
    if not path.exists():
        return []
    try:
        found, rows = _read(path, check_ending(path))
    except FormatError:
        raise
    except Exception as error:  # a damaged file meets many of the library's assumptions
        raise FormatError(
            f"{path} is there and cannot be read ({shown(error)}). Nothing is overwritten: choose another file with --out."
        ) from error
    if found != list(columns):
        raise FormatError(
            f"{path} is there and is no table with the columns of this command and these options. Nothing is overwritten: choose another "
            "file with --out."
        )
    return [{name: _value(row[name], number=name in numbers) for name in columns} for row in rows]


def _read(path: Path, ending: str) -> tuple[list[str], list[Row]]:
    if ending == ".parquet":
        table = _pyarrow()[1].read_table(path)
        return list(table.column_names), table.to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter=_DELIMITERS[ending], strict=True)
        rows: list[Row] = list(reader)
        return list(reader.fieldnames or ()), rows


def _value(cell: Any, *, number: bool) -> Any:
    if cell is None or cell == "":
        return None
    return float(cell) if number else cell


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")  # 170 MB, in the extra `cohort`
    except ImportError as error:
        raise FormatError(_NO_PYARROW) from error
