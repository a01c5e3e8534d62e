"""``vbqkit validate-proposals``: automatic ROIs against the truth of virtual patients that the network never saw."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, ScannerError
from vbqkit.formats.table_file import write_table
from vbqkit.validation import proposal_summary, proposals

HELP = "Scan unseen virtual patients, propose ROIs, and compare names, places and scores with the truth."

TABLES = ("groups", "rates", "agreement")

PATIENTS = 20

_HOW_TO_READ = {
    "groups": "whole_percent, ellipse_percent: ROIs of L1 to L4 that lie wholly within the true body. vbq and csf: absolute difference "
    "from the reference ROIs in percent, slice chosen too, right names only.",
    "rates": "Patients with the event in that sequence, or in any of their series; exact 95 % interval (Clopper and Pearson).",
    "agreement": "Proposal against reference ROIs as two readers, within one sequence: ICC(2,1), and bias and limits of agreement in percent "
    "of the mean of the two (Bland and Altman).",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("--patients", type=int, default=PATIENTS, metavar="N", help=f"virtual people ({PATIENTS})")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first of them (0)")
    parser.add_argument(
        "--hard", action="store_true", help="in eight hard settings each (steep coil, noise, ...) instead of as scanned"
    )
    parser.add_argument("--rows", metavar="FILE", help="write one row per series to this CSV file")
    parser.add_argument("--read", metavar="FILE", help="summarise this CSV file, and simulate nothing")
    parser.add_argument(
        "--by",
        choices=["weighting", "findings", "scanner", "setting"],
        default="weighting",
        help="what the table of groups is broken down by (weighting)",
    )
    parser.add_argument(
        "--table",
        choices=TABLES,
        default="groups",
        help="groups: by --by (default); rates: with intervals, by patient; agreement: ICC and Bland-Altman as of two readers",
    )


def run(args: argparse.Namespace) -> Report:
    """Simulate, or read, and summarise."""
    rows = _read(args.read) if args.read else _simulated(args)
    if args.rows:
        write_table(args.rows, proposals.COLUMNS, rows)
    wrong = [
        f"WRONG NAMES: {row['seed']} {row['weighting']} ({row['findings']}): {row['reason']}"
        for row in rows
        if row["outcome"] == "wrong"
    ]
    tables: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "groups": lambda: proposal_summary.summary_rows(rows, args.by),
        "rates": lambda: proposal_summary.rate_rows(rows),
        "agreement": lambda: proposal_summary.agreement_rows(rows),
    }
    return Report(
        rows=tables[args.table](),
        remarks=(*wrong, _HOW_TO_READ[args.table], "All people are synthetic."),
    )


def _simulated(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.patients < 1 or args.first < 0:
        raise ScannerError(
            f"{args.patients} patients from number {args.first} are not possible; give 1 or more, from 0."
        )
    rows: list[dict[str, Any]] = []
    with progress_bar("Unseen patients") as progress:
        for number in range(args.first, args.first + args.patients):
            rows += proposals.simulate_proposals([number], hard=args.hard)
            if args.rows:
                write_table(args.rows, proposals.COLUMNS, rows)  # what is done is kept if it is stopped
            if progress is not None:
                progress(number - args.first + 1, args.patients)
    return rows


def _read(path: str) -> list[dict[str, Any]]:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error}). Give a file that --rows has written.") from error
    if not rows or set(rows[0]) != set(proposals.COLUMNS):
        raise FormatError(f"{path} is no table of this command. Give a file that --rows has written.")
    return rows
