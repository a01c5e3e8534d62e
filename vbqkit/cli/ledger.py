"""``vbqkit ledger``: every recomputable number of the five source papers, recomputed, with an outcome."""

from __future__ import annotations

import argparse
from typing import Any

from vbqkit import literature
from vbqkit.cli.report import Report

HELP = "recompute every number of the five source papers that can be recomputed, and say which disagree"

_SOURCES = ("000", "001", "002", "003", "004")
_OUTCOMES = {
    "rounding": "agrees within rounding",
    "summary": "agrees within what the summary allows",
    "disagrees": "disagrees",
}
_COLUMNS = ("source", "item", "printed", "recomputed", "outcome", "note")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--source", choices=_SOURCES, help="only this paper")
    parser.add_argument("--outcome", choices=tuple(_OUTCOMES), help="only rows with this outcome")
    parser.add_argument(
        "--inventory", action="store_true", help="instead, every printed number and what the ledger does with it"
    )


def run(args: argparse.Namespace) -> Report:
    """Do the work of the command."""
    table = literature.coverage() if args.inventory else literature.ledger()
    if args.source:
        table = table[table["source"] == args.source]
    if args.outcome:
        table = table[table["outcome"] == _OUTCOMES[args.outcome]]
    summary = literature.coverage_summary().set_index("source").loc[args.source or "all"]
    counts = table["outcome"].value_counts()
    said = ", ".join(f"{counts[v]} {v}" for v in _OUTCOMES.values() if v in counts)
    done = (
        f"Of {summary['printed']} numbers printed, {summary['recomputed']} are recomputed ({summary['disagreeing']} of them disagree somewhere), "
        f"{summary['used']} more are used to recompute others, and {summary['not_recomputable']} cannot be: "
        "settings, quotations, or results that need the patients' own data (--inventory says which)."
    )
    meaning = (
        "A printed 0.60 stands for 0.595 to 0.605. 'Within rounding': some values that round to the inputs give the result. "
        "'Within what the summary allows': the inputs leave several results open, and it is one of them."
    )
    care = (
        "The ledger reads text versions of the papers: where one disagrees, look at the printed page first. "
        "Most disagreements are misprints; whether one touches a conclusion is for the reader to judge."
    )
    heading = f"{len(table)} rows" + (f": {said}." if said else ".")
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    columns = () if args.inventory else _COLUMNS
    return Report(rows=rows, columns=columns, remarks=("", heading, done, meaning, care))
