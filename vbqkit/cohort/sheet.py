"""A file as a grid of texts: CSV with any usual separator and encoding, or the first sheet of an Excel workbook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lazy_loader

from vbqkit.cohort.cells import UnsavedFormula
from vbqkit.errors import TableError

openpyxl = lazy_loader.load("openpyxl")

MAX_BYTES = 100 * 1024 * 1024
"""A larger file is not a cohort table."""

_SEPARATORS = (";", "\t", ",")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings and cells as they stand in the file.

    Attributes
    ----------
    headings : tuple of str
        First row that holds anything.
    rows : tuple of (int, tuple of object)
        Row number as a spreadsheet shows it (the first row is 1), and the cells: str, float, bool, date, None, or the
        mark of a formula without its result.
    source : str
        File name, for messages.
    separator : str
        ``","``, ``";"``, tab, or ``""`` for a workbook.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Any, ...]], ...]
    source: str
    separator: str = ""


def read_sheet(path: str | Path, *, sheet: str | None = None) -> Sheet:
    """Read a CSV or XLSX file as it stands, without making numbers of anything.

    Parameters
    ----------
    path : path
        ``.csv``, ``.txt``, ``.tsv`` or ``.xlsx``.
    sheet : str, optional
        Sheet of a workbook; needed where there are several with content.

    Raises
    ------
    TableError
        If the file is missing, empty, of another kind, or damaged, or the sheet is not there.
    """
    file = Path(path)
    if not file.is_file():
        raise TableError(
            f"There is no file '{file}'. Check the name, and the folder it is looked for in ({Path.cwd()})."
        )
    if file.stat().st_size > MAX_BYTES:
        raise TableError(
            f"'{file.name}' has {file.stat().st_size / 2**20:.0f} MB; a cohort table has at most {MAX_BYTES // 2**20} MB. Is it the right file?"
        )
    kind = file.suffix.casefold()
    if kind in (".xlsx", ".xlsm"):
        numbered, separator = _workbook_rows(file, sheet), ""
    elif kind in (".csv", ".txt", ".tsv"):
        numbered, separator = _text_rows(file)
    else:
        raise TableError(
            f"'{file.name}' ends in '{file.suffix}'; .csv or .xlsx is needed. Save it as one of them (from .xls or .ods: 'Save as')."
        )
    filled = [(number, cells) for number, cells in numbered if any(_text(cell) for cell in cells)]
    if len(filled) < 2:
        raise TableError(
            f"'{file.name}' holds {len(filled)} rows with content; a row of headings and at least one patient are needed."
        )
    headings = tuple(_text(cell) for cell in filled[0][1])
    return Sheet(headings, tuple((number, cells) for number, cells in filled[1:]), file.name, separator)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _text_rows(file: Path) -> tuple[list[tuple[int, tuple[Any, ...]]], str]:
    raw = file.read_bytes()
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(f"'{file.name}' is a workbook, not text. Rename it to .xlsx, or save it as CSV.")
    encoding = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TableError(
            f"'{file.name}' is not UTF-8: row {line} holds the byte {raw[error.start]:#04x}. Save it again as 'CSV UTF-8', or as .xlsx."
        ) from None
    if "\x00" in text:
        raise TableError(
            f"'{file.name}' holds zero bytes, so it is not a text file. Save the table again as 'CSV UTF-8' or as .xlsx."
        )
    text = text.lstrip("\ufeff")  # a second byte-order mark, which joining files leaves
    stated = re.match(r'"?sep=(.)"?\r?\n', text, flags=re.IGNORECASE)  # Excel's own first line
    if stated:
        text = "\n" + text[stated.end() :].lstrip("\ufeff")  # the rows keep their numbers
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = (
        stated[1] if stated else max(_SEPARATORS, key=first.count) if any(s in first for s in _SEPARATORS) else ","
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, tuple[Any, ...]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            rows.append((number, tuple(cells)))
    except csv.Error as error:
        raise TableError(
            f"'{file.name}' breaks off at row {len(rows) + 1}: {error}. A quotation mark is probably not closed there."
        ) from None
    return rows, separator


def _workbook_rows(file: Path, sheet: str | None) -> list[tuple[int, tuple[Any, ...]]]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except ImportError:  # openpyxl comes with the lab extra; CSV needs nothing
        raise TableError(
            f"Reading '{file.name}' needs openpyxl. Install it (pip install openpyxl), or save the sheet as CSV."
        ) from None
    except Exception as error:  # openpyxl raises whatever zipfile, XML and its own parts raise
        raise TableError(
            f"'{file.name}' cannot be read as a workbook ({type(error).__name__}). Open it in a spreadsheet program and save it again as .xlsx."
        ) from None
    try:
        pages = {page.title: _rows_of(page) for page in book.worksheets}
    finally:
        book.close()
    if any(cell is None for rows in pages.values() for row in rows for cell in row):
        _mark_unsaved(file, pages)
    filled = [
        name
        for name, rows in pages.items()
        if name.casefold() != "columns" and any(any(map(_text, row)) for row in rows)
    ]
    if sheet is None:
        if len(filled) > 1:
            raise TableError(
                f"'{file.name}' has {len(filled)} sheets with content: {', '.join(filled)}. Say which with sheet='{filled[0]}'."
            )
        sheet = filled[0] if filled else next(iter(pages))
    if sheet not in pages:
        raise TableError(f"'{file.name}' has no sheet '{sheet}'; it has: {', '.join(pages)}. Name one of them.")
    return [(number, tuple(_cell(cell) for cell in row)) for number, row in enumerate(pages[sheet], start=1)]


def _rows_of(page: Any) -> list[list[Any]]:
    """The cells of a sheet; the size that the file notes for it is not believed, some programs write A1:A1."""
    page.reset_dimensions()
    return [list(row) for row in page.iter_rows(values_only=True)]


def _mark_unsaved(file: Path, pages: dict[str, list[list[Any]]]) -> None:
    """Put a mark where a formula stands whose result was never saved: it would read as an empty cell."""
    book = openpyxl.load_workbook(file, read_only=True, data_only=False)
    try:
        for page in book.worksheets:
            page.reset_dimensions()
            for values, cells in zip(pages[page.title], page.iter_rows(), strict=False):
                for position, cell in enumerate(cells[: len(values)]):
                    if values[position] is None and cell.data_type == "f":
                        values[position] = UnsavedFormula()
    finally:
        book.close()


def _cell(value: Any) -> Any:
    if isinstance(value, (str, float, int, bool, dt.date, dt.time, UnsavedFormula)) or value is None:
        return value
    return str(value)
