"""What a printed number stands for: every value that rounds to it; and the inventory of all numbers of the papers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import pandas as pd

from vbqkit.errors import TableError
from vbqkit.literature.tables import read_table

EXACT = frozenset({"n", "count", "criterion", "setting", "patient", "ratio"})
"""Statistics that are printed whole: a count of 84 is 84, not anything from 83.5 to 84.5."""

_WORDS = {"two": "2", "three": "3", "five": "5"}
_NUMBER = re.compile(r"(?P<bound>[<>]?)\s*(?P<digits>[-+]?\d+(?:\.\d+)?)\s*%?")


@dataclass(frozen=True, slots=True)
class Range:
    """A number known within limits: its value as printed or recomputed, and the lowest and highest it can be.

    Parameters
    ----------
    value : float
        The number itself; for a printed bound such as ``<0.001``, the bound.
    low, high : float
        Limits, both included.

    Examples
    --------
    >>> Range(0.60, 0.595, 0.605).meets(Range.of(0.6049))
    True
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float) -> Range:
        """A number known exactly."""
        return cls(float(value), float(value), float(value))

    def meets(self, other: Range) -> bool:
        """Whether the two have a value in common (limits included, to within floating-point error)."""
        limits = (self.low, self.high, other.low, other.high)
        slack = 1e-9 * max(1.0, *(abs(limit) for limit in limits if math.isfinite(limit)))
        return self.low <= other.high + slack and other.low <= self.high + slack

    def text(self, decimals: int = 3) -> str:
        """The value, and its limits where they differ from it at this many decimals.

        Examples
        --------
        >>> Range(0.0013, 0.0011, 0.0017).text()
        '0.0013 (0.0011 to 0.0017)'
        """
        value, low, high = (_rounded(x, decimals) for x in (self.value, self.low, self.high))
        return value if low == high == value else f"{value} ({low} to {high})"


def _rounded(x: float, decimals: int) -> str:
    """Fixed decimals, more of them for small numbers so that two digits stay, fewer for large ones."""
    if not math.isfinite(x):
        return "undefined" if math.isnan(x) else "unlimited"
    if x and abs(x) < 10.0 ** (1 - decimals):
        return f"{x:.2g}"
    if abs(x) >= 10_000:
        return f"{x:.4g}"
    text = f"{x:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def printed_range(printed: str, *, exact: bool = False, decimals: int | None = None) -> Range:
    """Every value that a printed number can stand for.

    ``0.60`` stands for 0.595 to 0.605, both included, because papers do not say what they do with a final 5;
    ``<0.001`` for 0 to 0.001; a count for itself.

    Parameters
    ----------
    printed : str
        As in the paper; a decimal comma, a percent sign and ``two``, ``three``, ``five`` are understood.
    exact : bool
        The number is whole and not rounded.
    decimals : int, optional
        How many decimals it was rounded to, where the paper dropped trailing zeros (0.72 in a column of 0.763).

    Returns
    -------
    Range

    Raises
    ------
    TableError
        The text is not a number.

    Examples
    --------
    >>> printed_range("0.60")
    Range(value=0.6, low=0.595, high=0.605)
    >>> printed_range("<0.001")
    Range(value=0.001, low=0.0, high=0.001)
    """
    text = printed.strip().replace(",", ".").replace("−", "-")
    text = _WORDS.get(text.lower(), text)
    if re.fullmatch(r"\d \d{3}", text):  # a space between thousands
        text = text.replace(" ", "")
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise TableError(
            f"{printed!r} is not a printed number; digits such as '0.60', '-2,5', '58 %' or '<0.001' were expected. Correct the entry."
        )
    value = float(match["digits"])
    if match["bound"] == "<":
        return Range(value, 0.0, value)
    if match["bound"] == ">":
        return Range(value, value, math.inf)
    if exact:
        return Range.of(value)
    places = len(match["digits"].partition(".")[2]) if decimals is None else decimals
    half = 0.5 * 10.0**-places
    return Range(value, round(value - half, places + 1), round(value + half, places + 1))


def over(function: Callable[..., float], *ranges: Range) -> Range:
    """A function of numbers known within limits: its value, and the least and greatest at the corners of their box.

    Exact for a function that rises or falls in each argument throughout the box, which all those of the ledger do.

    Examples
    --------
    >>> over(lambda a, b: a - b, printed_range("4.4"), printed_range("4.1")).text(2)
    '0.30 (0.20 to 0.40)'
    """
    corners = itertools.product(*({r.low, r.high} for r in ranges))
    value = float(function(*(r.value for r in ranges)))
    found = [value, *(float(function(*corner)) for corner in corners)]
    return Range(value, min(found), max(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNumber:
    """One number of one paper, where it stands and what it stands for.

    Attributes
    ----------
    source : str
        Name of the paper, such as ``"Chen 2023"``.
    key : str
        Short name, unique within the paper.
    place : str
        Section, table or figure.
    item : str
        What the number is, in words, with its unit.
    statistic : str
        mean, sd, median, q1, q3, n, count, percent, p, r, auc, ci, odds_ratio, cut_off, value, setting, criterion,
        cited ...
    printed : str
        As printed.
    not_recomputed_because : str
        Empty where some row of the ledger recomputes it or uses it; else the reason why none can.
    range : Range
        Every value it can stand for.
    """

    source: str
    key: str
    place: str
    item: str
    statistic: str
    printed: str
    not_recomputed_because: str
    range: Range


def printed_numbers() -> pd.DataFrame:
    """Every number that the five papers print as a result, a setting or a quotation, 1 row per number.

    Numbers repeated in abstract, text, table and figure legend are each a row. Left out are only labels (T1, L3, Fig.
    2), citations, dates, software versions and names.

    Returns
    -------
    DataFrame
        source, key, place, item, statistic, printed (text, as printed), not_recomputed_because (empty where the ledger
        recomputes or uses it), decimals (only where the paper dropped trailing zeros).

    Examples
    --------
    >>> table = printed_numbers()
    >>> table.loc[table["key"] == "table2.t2.auc", ["place", "item", "printed"]].values.tolist()
    [['Table 2', 'AUC, VBQ-T2', '0.70']]
    """
    return read_table("printed_numbers", text=True)


@cache
def paper_numbers(source: str) -> Mapping[str, PrintedNumber]:
    """The printed numbers of one paper by key."""
    table = printed_numbers()
    fields = ("source", "key", "place", "item", "statistic", "printed", "not_recomputed_because")
    return {
        row["key"]: PrintedNumber(
            **{field: row[field] for field in fields},
            range=printed_range(
                row["printed"],
                exact=row["statistic"] in EXACT,
                decimals=int(row["decimals"]) if row["decimals"] else None,
            ),
        )
        for row in table[table["source"] == source].to_dict("records")
    }
