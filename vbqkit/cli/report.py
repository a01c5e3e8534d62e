"""What a command has to say: rows for a table or for ``--json``, and remarks for people."""

from __future__ import annotations

import io
import json
import math
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Rows of scalars, with remarks.

    Attributes
    ----------
    rows : list of dict
        Flat objects: every value a string, number, bool or None. ``--json`` prints all keys.
    columns : tuple of str
        The keys that the table for people shows, in order; empty: all.
    opening : tuple of str
        Lines above the table (what it amounts to); not part of the JSON.
    remarks : tuple of str
        Lines below the table (cautions, how to read it); not part of the JSON.
    status : int
        Exit status: 0, or 1 where the command did its work and the answer is no.
    """

    rows: list[dict[str, Any]]
    columns: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    status: int = 0


def write(report: Report, *, as_json: bool) -> None:
    """Print a report on standard output; letters that it cannot encode are replaced."""
    if as_json:
        rows = [{key: _json_value(value) for key, value in row.items()} for row in report.rows]
        text = json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False)
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            text = json.dumps(rows, indent=1, allow_nan=False)
        print(text)
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    for said in report.opening:
        print(said)
    columns = report.columns or tuple(report.rows[0] if report.rows else ())
    table = [list(columns)] + [[_cell(row.get(column)) for column in columns] for row in report.rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    for remark in report.remarks:
        print(remark)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def _json_value(value: Any) -> Any:
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
