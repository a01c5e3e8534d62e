"""``vbqkit validate-proposals``: automatic ROIs against the truth of virtual patients that the network never saw."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, ScannerError
from vbqkit.formats.table_file import write_table
from vbqkit.validation import proposals

HELP = "Scan unseen virtual patients, propose ROIs, and compare names, places and scores with the truth."

PATIENTS = 20

_HOW_TO_READ = (
    "whole_percent: ROIs of L1 to L4 that lie wholly within the true body. vbq and csf: absolute difference from the "
    "reference ROIs in percent, slice chosen too, right names only. All people are synthetic."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("--patients", type=int, default=PATIENTS, metavar="N", help=f"virtual people ({PATIENTS})")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first of them (0)")
    parser.add_argument(
        "--roi", choices=["fixed", "ellipse"], default="fixed", help="0.40 cm2, or 40 %% of the body's area"
    )
    parser.add_argument("--rows", metavar="FILE", help="write one row per series to this CSV file")
    parser.add_argument("--read", metavar="FILE", help="summarise this CSV file, and simulate nothing")
    parser.add_argument(
        "--by",
        choices=["weighting", "findings", "scanner"],
        default="weighting",
        help="what the table is broken down by (weighting)",
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
    return Report(
        rows=proposals.summary_rows(rows, args.by),
        remarks=(
            *wrong,
            _HOW_TO_READ,
        ),
    )


def _simulated(args: argparse.Namespace) -> list[dict[str, Any]]:
    if args.patients < 1 or args.first < 0:
        raise ScannerError(
            f"{args.patients} patients from number {args.first} are not possible; give 1 or more, from 0."
        )
    rows: list[dict[str, Any]] = []
    with progress_bar("Unseen patients") as progress:
        for number in range(args.first, args.first + args.patients):
            rows += proposals.simulate_proposals([number], kind=args.roi)
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
