"""``vbqkit ledger``: every recomputable number of the five source papers, recomputed, with a verdict."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

from vbqkit import literature
from vbqkit.cli.report import Report

HELP = "recompute every number of the five source papers that can be recomputed, and say which disagree"

_SOURCES = ("Košice group 2025", "Huang 2026", "Review page 2026", "Cui 2025", "Chen 2023")
_VERDICTS = {
    "rounding": "agrees within rounding",
    "summary": "agrees within what the summary allows",
    "disagrees": "disagrees",
}
_COLUMNS = ("source", "item", "printed", "recomputed", "verdict", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--source", choices=_SOURCES, help="only this paper")
    parser.add_argument("--verdict", choices=tuple(_VERDICTS), help="only rows with this verdict")
    parser.add_argument(
        "--all", action="store_true", help="every row, not only those that disagree (--json always has all)"
    )
    parser.add_argument(
        "--inventory", action="store_true", help="instead, every printed number and what the ledger does with it"
    )


def run(args: argparse.Namespace) -> Report:
    """Do the work of the command."""
    table = literature.coverage() if args.inventory else literature.ledger()
    if args.source:
        table = table[table["source"] == args.source]
    counts = Counter(table["verdict"])
    opening = _summary(args.source or "all", len(table), counts, inventory=args.inventory)
    if args.verdict:
        table = table[table["verdict"] == _VERDICTS[args.verdict]]
    elif not (args.all or args.json or args.inventory):
        table = table[table["verdict"] == _VERDICTS["disagrees"]]
        rest = counts.total() - len(table)
        opening = (*opening, f"The {len(table)} rows that disagree (--all shows the other {rest}, too):", "")
    meaning = (
        "A printed 0.60 stands for 0.595 to 0.605. 'Within rounding': some values that round to the inputs give the result. "
        "'Within what the summary allows': the inputs leave several results open, and it is one of them."
    )
    care = (
        "The ledger reads text versions of the papers: where one disagrees, look at the printed page first. "
        "Most disagreements are misprints; whether one touches a conclusion is for the reader to judge."
    )
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    columns = () if args.inventory else _COLUMNS
    return Report(rows=rows, columns=columns, opening=opening, remarks=("", meaning, care))


def _summary(source: str, n_rows: int, counts: Mapping[str, int], *, inventory: bool) -> tuple[str, ...]:
    """What the ledger amounts to: printed numbers, and rows by verdict; repeated numbers are counted apart."""
    summary = literature.coverage_summary().set_index("source").loc[source]
    numbers = (
        f"Of {summary['printed']} numbers printed, {summary['recomputed']} are recomputed and {summary['repeated']} only compared "
        f"with another place that prints them ({summary['disagreeing']} of both disagree somewhere); {summary['used']} more are "
        f"used to recompute others, and {summary['not_recomputable']} cannot be: settings, quotations, or results that need the "
        "patients' own data (--inventory says which)."
    )
    if inventory:
        return numbers, ""
    said = ", ".join(f"{counts[v]} {v}" for v in _VERDICTS.values() if v in counts)
    return f"{n_rows} rows: {said}.", numbers, ""
