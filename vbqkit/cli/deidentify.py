"""``vbqkit deidentify``: a copy of a study without what identifies the patient."""

from __future__ import annotations

import argparse
from typing import Literal

from vbqkit import privacy
from vbqkit.cli.check import EXIT_STATUS
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report

HELP = "Write a copy of a study without what identifies the patient; scores, cautions and refusals stay as they are."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("source", metavar="IN", help="folder, file, ZIP archive or DICOMDIR; it is only read")
    parser.add_argument("target", metavar="OUT", help="new or empty folder for the copy, outside of IN")
    parser.add_argument("--pseudonym", metavar="NAME", help="stands for the patient; made up unless given")
    parser.add_argument(
        "--dates",
        choices=["shift", "remove"],
        default="shift",
        help="move all dates of a patient by one secret offset, so that intervals stay (default), or leave them out",
    )
    text = parser.add_mutually_exclusive_group()
    text.add_argument(
        "--blank-text", action="store_true", help="paint over text that stands in the air around the body"
    )
    text.add_argument("--leave-out-text", action="store_true", help="leave out images with text in the picture")


def run(args: argparse.Namespace) -> Report:
    """Copy, and say what was done."""
    on_text: Literal["refuse", "blank", "leave out"] = (
        "blank" if args.blank_text else "leave out" if args.leave_out_text else "refuse"
    )
    with progress_bar("Copying files") as progress:
        done = privacy.deidentify(
            args.source,
            args.target,
            pseudonym=args.pseudonym,
            dates=args.dates,
            on_text=on_text,
            progress=progress,
        )
    dates = "moved by one secret offset for each patient" if done.dates == "shift" else "left out"
    copied = (
        f"{done.images} images of {done.series} series, {done.studies} examinations and {len(done.patients)} patients "
        f"({', '.join(done.patients)}) are in {done.target}. Dates are {dates}, and UIDs are new."
    )
    remarks = ["", *(f"Not copied: {count} {reason}." for reason, count in done.left_out.items())]
    if done.blanked:
        remarks.append(
            f"Text was painted over in {done.blanked} images. Look at them: what was not found is still there."
        )
    remarks += [
        f"The copy was checked: {done.report.verdict}. The record is deidentification.json and .csv, beside the images.",
        "Look at the copy before you give it away: no program finds everything. Pixels hold the shape of the body.",
    ]
    return Report(
        rows=done.as_rows(),
        columns=("tag", "keyword", "action", "elements"),
        opening=(copied, ""),
        remarks=tuple(remarks),
        status=EXIT_STATUS[done.report.verdict],
    )
