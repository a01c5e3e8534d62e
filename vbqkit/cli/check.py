"""``vbqkit check``: what in the files of a study identifies the patient, without showing it."""

from __future__ import annotations

import argparse

from vbqkit import privacy
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.privacy.report import VERDICTS

HELP = "What in the files of a study identifies the patient: elements, names of files, text in the pixels; values are masked."

EXIT_STATUS = {"clean": 0, "needs attention": 3, "identifiable": 4}
"""By verdict; 1 and 2 are refusals, as for every command."""

_COLUMNS = ("level", "kind", "tag", "keyword", "where", "value", "action")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("path", metavar="PATH", help="folder, file, ZIP archive or DICOMDIR")
    parser.add_argument("--no-pixels", action="store_true", help="do not search the pixels for text (faster)")


def run(args: argparse.Namespace) -> Report:
    """Check, and say what was found."""
    with progress_bar("Checking files") as progress:
        found = privacy.check_privacy(args.path, pixels=not args.no_pixels, progress=progress)
    opening = (f"{found.verdict.capitalize()}. {VERDICTS[found.verdict]}", "") if found.findings else ()
    advice = dict.fromkeys(f"{finding.kind}: {finding.advice}" for finding in found)
    remarks = ["", *advice] if found.findings else [f"Clean. {VERDICTS['clean']}"]
    remarks += [f"! {caution}" for caution in dict.fromkeys(map(str, found.cautions))]
    searched = (
        "the pixels were not searched" if args.no_pixels else f"{found.images} pictures were searched for bright text"
    )
    remarks.append(
        f"{found.files} files, {searched}. Dark text, faces and rare findings are not looked for. Actions are those of DICOM "
        "PS3.15, table E.1-1: X remove, Z empty, D dummy, U replace."
    )
    return Report(
        rows=[{"verdict": found.verdict, **row} for row in found.as_rows()],
        columns=_COLUMNS if found.findings else (),
        opening=opening,
        remarks=tuple(remarks),
        status=EXIT_STATUS[found.verdict],
    )
