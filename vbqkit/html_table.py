"""Tables and notes as HTML: readable on the screen and on paper, in words instead of a raw repr."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

SMALLEST_P = 0.001
"""A smaller p value is given as less than this."""


LONGEST_NAME = 24
"""Letters of a name in the first column that is not broken into two lines."""


LONGEST_WORD = 16
"""Letters of a word that is never broken."""


def table_html(
    table: Any, *, head: Sequence[str] = (), digits: int = 2, say: Callable[[str], str] = str, point: str = "."
) -> str:
    """A table: words to the left, numbers to the right with the same decimals, a dash where there is no value.

    Parameters
    ----------
    table : DataFrame, or mapping of str to a value or to a list of values
        A data frame is shown without its index; of a mapping each item is a row.
    head : sequence of str
        Titles of the columns; those of the data frame if not given.
    digits : int
        Most decimals of a number. A column in which fewer are enough has fewer: whole numbers have none.
    say : callable
        Words of a title or a cell to the words that are shown: those of another language.
    point : str
        What stands before the decimals.

    Examples
    --------
    >>> html = table_html({"median": 3.8021}, head=("of the levels", "VBQ-T1"))
    >>> "<td style='text-align:right;padding:3px 10px'>3.80</td>" in html
    True
    """
    if hasattr(table, "columns"):
        titles = [str(name) for name in table.columns]
        rows = [list(row) for row in table.itertuples(index=False, name=None)]
    else:
        rows = [[name, *(value if isinstance(value, (list, tuple)) else [value])] for name, value in table.items()]
        titles = [""] * max((len(row) for row in rows), default=0)
    shown = list(head) or titles
    places = [_decimals((row[k] for row in rows if k < len(row)), digits) for k in range(len(titles))]
    sides = ["right" if _numbers(row[k] for row in rows if k < len(row)) else "left" for k in range(len(titles))]
    cells = [
        f"<th scope='col' style='text-align:{s};padding:3px 10px'>{html.escape(say(t))}</th>"
        for t, s in zip(shown, sides, strict=True)
    ]
    whole = max((len(str(row[0])) for row in rows), default=0) <= LONGEST_NAME
    keep = "" if not whole else ";white-space:nowrap"
    lines = [
        "".join(
            f"<td style='text-align:{side};padding:3px 10px{keep if column == 0 else _broken(value)}'>{html.escape(_word(value, title, decimals, say, point))}</td>"
            for column, (value, title, side, decimals) in enumerate(zip(row, titles, sides, places, strict=True))
        )
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        "<style>@media print{.vbq-lesson-table{font-size:11px}.vbq-lesson-table td,.vbq-lesson-table th{padding:2px 5px!important}}</style>"
        "<div class='vbq-scroll' style='overflow-x:auto;max-width:100%'><table class='vbq-lesson-table' style='margin:4px 0'>"
        f"<thead><tr>{''.join(cells)}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def notes_html(notes: Iterable[object]) -> str:
    """Sentences as a list, so that a long one is wrapped between words.

    Examples
    --------
    >>> notes_html(["n < 5"]).count("<li>n &lt; 5</li>")
    1
    """
    items = "".join(f"<li>{html.escape(str(note))}</li>" for note in notes)
    return f"<ul class='vbq-lesson-notes' style='max-width:860px;line-height:1.45;margin:4px 0'>{items}</ul>"


def _broken(value: Any) -> str:
    """A DOI may be broken anywhere, or it pushes its column off the paper."""
    longest = max(map(len, value.split()), default=0) if isinstance(value, str) else 0
    return ";overflow-wrap:anywhere;min-width:9em" if longest > LONGEST_WORD else ""


def _numbers(values: Iterable[Any]) -> bool:
    known = [value for value in values if not _missing(value)]
    return bool(known) and all(isinstance(value, Real) and not isinstance(value, bool) for value in known)


def _decimals(values: Iterable[Any], most: int) -> int:
    known = [float(v) for v in values if isinstance(v, Real) and not _missing(v) and math.isfinite(float(v))]
    return next((d for d in range(most) if all(abs(v - round(v, d)) < 1e-9 * (1 + abs(v)) for v in known)), most)


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, Real) and math.isnan(float(value)))


def _word(value: Any, title: str, digits: int, say: Callable[[str], str], point: str) -> str:
    if _missing(value):
        return "–"
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return say("yes" if value else "no")
    if isinstance(value, Integral):
        return str(value)
    if not isinstance(value, Real):
        return say(str(value))
    if title == "p" and float(value) < SMALLEST_P:
        return f"< {SMALLEST_P:g}".replace(".", point)
    return f"{float(value):z.{digits}f}".replace("-", "−").replace(".", point)
