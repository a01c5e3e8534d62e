"""``vbqkit cohort simulate``: virtual patients on scanners, scored by readers, as one table. Synthetic."""

from __future__ import annotations

import argparse
import math
import os
from typing import Any

from vbqkit import virtual_cohort
from vbqkit.batch.tables import ENDINGS, check_ending, write_rows
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.cli.score import reference_group
from vbqkit.cli.scores import add_score_choice, use_chosen
from vbqkit.errors import FormatError, ScannerError
from vbqkit.formats.files import user_path

_SIMULATE = (
    "Draw virtual patients, scan each on every scanner, and score what every reader measures, with the truth, DEXA, CT and outcome: one row a "
    "patient, scanner, day and reader. All synthetic. The same options give the same rows, with any number of workers."
)
_TEXT = ("id", "sex", "scanner", "not_given", "origin")
_SHOWN, _DIGITS = 6, 6


def add_command(what: Any) -> None:
    """Define the command and its options among those of ``vbqkit cohort``."""
    parser: argparse.ArgumentParser = what.add_parser("simulate", help=_SIMULATE, description=_SIMULATE)
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the rows as JSON")
    parser.add_argument("--n", type=int, required=True, metavar="N", help="how many people")
    parser.add_argument(
        "--out",
        required=True,
        metavar="TABLE",
        help=f"table to write: {', '.join(ENDINGS)} (Parquet: pip install 'vbqkit[cohort]'); one that exists is not touched",
    )
    parser.add_argument("--seed", type=int, required=True, metavar="NUMBER", help="where all chance starts")
    parser.add_argument(
        "--scanner",
        action="append",
        default=[],
        metavar="NAME",
        help="which machine ('vbqkit simulate --list'); may be repeated. generic-1.5t unless you say",
    )
    parser.add_argument(
        "--score",
        action="append",
        default=[],
        metavar="NAME",
        help="which score; may be repeated. VBQ-T1 unless you say",
    )
    add_score_choice(parser)
    parser.add_argument(
        "--readers", type=int, default=1, metavar="N", help="how many virtual readers measure everybody"
    )
    parser.add_argument("--days", type=int, default=1, metavar="N", help="visits to each scanner; 2 for a rescan")
    parser.add_argument("--ages", default="20,80", metavar="FROM,TO", help="years (default 20,80)")
    parser.add_argument("--sex", choices=["F", "M"], help="both unless you say")
    parser.add_argument(
        "--fractures", choices=["only", "none"], help="only people with, or without, a vertebral fracture"
    )
    parser.add_argument("--aggregate", choices=["median", "mean"], default="median", help="of L1-L4 for VBQ")
    parser.add_argument("--reference-snr", metavar="MEAN,SD,N", help="of young women, for the M-score")
    parser.add_argument(
        "--pictures", action="store_true", help="measure on pictures: for scores of single pixels; slower"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes; as many as cores"
    )


def run(args: argparse.Namespace) -> Report:
    """Simulate, and write the table when it is complete.

    Raises
    ------
    VbqkitError
        If an option cannot be, the table is there already, or cannot be written.
    """
    out = user_path(args.out)
    check_ending(out)
    if out.exists():
        raise FormatError(f"{out} is there already, and nothing is overwritten. Choose another file, or remove it.")
    if not out.parent.is_dir():
        raise FormatError(
            f"The folder {out.parent} is not there, so {out.name} could not be written in the end. Make it first."
        )
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # one process a core
        os.environ.setdefault(name, "1")
    broken = use_chosen(args)
    with progress_bar("Virtual patients") as progress:
        table = virtual_cohort.simulate_cohort(
            args.n,
            args.scanner or ("generic-1.5t",),
            args.score or ("VBQ-T1",),
            args.readers,
            seed=args.seed,
            workers=args.workers,
            days=args.days,
            ages=_ages(args.ages),
            sex=args.sex,
            fractured=None if args.fractures is None else args.fractures == "only",
            aggregate=args.aggregate,
            reference=reference_group(args.reference_snr, ", ".join(args.scanner) or "generic-1.5t"),
            pictures=args.pictures,
            progress=progress,
        )
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    columns, numbers = list(table.columns), [name for name in table.columns if name not in _TEXT]
    write_rows(out, columns, [_cells(row) for row in rows], numbers=numbers, about={"origin": rows[0]["origin"]})
    scores = columns[columns.index("reader") + 1 : columns.index("not_given")]
    return Report(
        rows=rows if args.json else rows[:_SHOWN],
        columns=("id", "scanner", "day", "reader", "age_years", "sex", "t_score", "osteoporosis_dexa", *scores),
        remarks=(
            *(["..."] if len(rows) > _SHOWN else []),
            *(f"! {text}" for text in broken),
            f"{args.n} virtual people, {len(rows)} rows. Table: {out}. {rows[0]['origin'].capitalize()}: nobody's record.",
            *_without(rows),
            "What the columns mean, and how a cut-off is carried from one scanner to another: docs/cohorts.md.",
        ),
    )


def _without(rows: list[dict[str, Any]]) -> list[str]:
    lacking = [row["not_given"] for row in rows if row["not_given"]]
    return [f"{len(lacking)} rows lack a score, such as: {lacking[0]}"] if lacking else []


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """As a file holds them: empty for nan, and no more digits than there are."""
    return {name: _cell(value) if isinstance(value, float) else value for name, value in row.items()}


def _cell(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{_DIGITS}g}")


def _ages(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise ScannerError(f"--ages {text} is not understood; write FROM,TO, such as --ages 50,80.") from None
    return low, high
