"""One cell at a time: what it says, or what is wrong with it and what to do."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import Any

from vbqkit.cohort.columns import Column

MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "nan", "none", "null", "-", "–", "—", ".", "?", "missing", "not done", "nd"}
)
"""Texts that mean: not measured."""

_SEX = {"f": "F", "female": "F", "w": "F", "woman": "F", "women": "F", "z": "F", "ž": "F", "žena": "F", "zena": "F"} | {
    "m": "M", "male": "M", "man": "M", "men": "M", "muž": "M", "muz": "M"
}  # fmt: skip
_YES_NO = {"1": True, "yes": True, "y": True, "true": True, "áno": True, "ano": True} | {
    "0": False, "no": False, "n": False, "false": False, "nie": False, "ne": False
}  # fmt: skip
_SPREADSHEET_ERROR = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NO_DATE = "Set the column's format to Number and type the value again."
_MONTHS = "jan|feb|m[aä]r|apr|ma[yi]|jun|jul|aug|sep|o[ck]t|nov|de[cz]"
_MONTH = re.compile(rf"\d{{1,2}}[. /-]*({_MONTHS})\w*([. /-]*\d+)?|({_MONTHS})\w*[. /-]*\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UnsavedFormula:
    """A cell of a workbook that holds a formula without its result."""

    def __str__(self) -> str:
        return "a formula without its result"


@dataclass(frozen=True, slots=True)
class Bad:
    """A cell that cannot be used: what is wrong, and what to do."""

    problem: str
    remedy: str


def is_missing(cell: Any) -> bool:
    """Whether a cell says that there is no value."""
    return (
        cell is None
        or (isinstance(cell, float) and math.isnan(cell))
        or (isinstance(cell, str) and cell.strip().casefold() in MISSING)
    )


def read_cell(cell: Any, column: Column, *, factor: float, decimal: str) -> Any:
    """The value of a cell by the kind of its column; None where it is missing, :class:`Bad` where it cannot be used.

    Parameters
    ----------
    cell : str, number, bool, date or None
        As it stands in the file.
    column : Column
        What is expected.
    factor : float
        What one unit of the heading is in the column's own unit.
    decimal : {".", ","}
        Decimal mark of the file.
    """
    if is_missing(cell):
        return None
    if isinstance(cell, UnsavedFormula):
        return Bad(
            "holds a formula whose result was never saved",
            "Open the table in a spreadsheet program, save it, and read it again.",
        )
    if isinstance(cell, str) and _SPREADSHEET_ERROR.fullmatch(cell.strip()):
        return Bad(f"holds the spreadsheet error {cell.strip()}", "Correct the formula, or empty the cell.")
    if column.kind == "number":
        return _in_range(_number(cell, decimal), column, factor)
    text = _plain_text(cell)
    if column.kind == "sex":
        return _SEX.get(text.casefold()) or Bad(
            f"'{text}' is not F or M", "Write F or M; codes such as 1 and 2 are not guessed."
        )
    if column.kind == "yes-no":
        found = _YES_NO.get(text.casefold())
        return (
            Bad(f"'{text}' is not yes or no", "Write 1 or yes, 0 or no, or leave it empty.") if found is None else found
        )
    return text


def _plain_text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell).strip()


def _number(cell: Any, decimal: str) -> float | Bad:
    if isinstance(cell, bool):
        return Bad(f"'{cell}' is not a number", "Write the number.")
    if isinstance(cell, (int, float)):
        return float(cell)
    if isinstance(cell, (dt.date, dt.time)):
        made = f"date ({cell:%Y-%m-%d})" if isinstance(cell, dt.date) else "time"
        return Bad(f"the spreadsheet turned it into a {made}", _NO_DATE)
    text = str(cell).strip().replace("−", "-").replace("\u00a0", "").replace("\u202f", "")
    if decimal == "," and "." not in text:
        text = text.replace(",", ".", 1)
    if _NUMBER.fullmatch(text):
        return float(text)
    if "," in text and _NUMBER.fullmatch(text.replace(",", ".", 1)):
        return Bad(
            f"'{cell}' has a decimal comma, other cells have a point",
            "Use one of the two in the whole file, or say decimal=','.",
        )
    return _why_no_number(text, cell)


def _why_no_number(text: str, cell: Any) -> Bad:
    if re.fullmatch(r"[<>≤≥~].*", text):
        return Bad(f"'{cell}' is a bound, not a value", "Write the measured value, or leave the cell empty.")
    if _MONTH.fullmatch(text):
        return Bad(f"the spreadsheet turned it into a date ('{cell}')", _NO_DATE)
    found = _NUMBER.match(text)
    if found and found.end() > 0:
        return Bad(
            f"'{cell}' is more than a number", "Write the number alone; the unit goes into the heading, in brackets."
        )
    return Bad(f"'{cell}' is not a number", "Write the number, or leave the cell empty.")


def _in_range(value: float | Bad, column: Column, factor: float) -> float | Bad:
    if isinstance(value, Bad):
        return value
    if not math.isfinite(value):
        return Bad(f"{value} is not finite", "Write the number, or leave the cell empty.")
    number = value * factor
    if column.low <= number <= column.high:
        return number
    unit = f" {column.unit}" if column.unit else ""
    return Bad(f"{number:g}{unit} is outside {column.low:g} to {column.high:g}{unit}", _unit_hint(number, column))


def _unit_hint(number: float, column: Column) -> str:
    for name, factor in column.units:
        if factor != 1.0 and column.low <= number * factor <= column.high:
            return (
                f"It looks like {name}: write the unit into the heading, '{column.aliases[0]} ({name})', or convert it."
            )
    if column.name == "pdff_percent" and 0 <= number < 1:
        return "It looks like a share: multiply by 100."
    if column.worse == "low" and column.name.endswith("score") and column.low <= -number / 10 <= column.high:
        return "A decimal point may be missing. Check it against the report."
    return "Check the unit and the decimal point."
