"""``vbqkit progress``: what you have done in the course so far, read from a file on this computer."""

from __future__ import annotations

import argparse
from pathlib import Path

from vbqkit.cli.report import Report
from vbqkit.errors import FormatError
from vbqkit.exercises.progress import progress_rows, read_progress, state_dir

HELP = "show your progress in the course (saved on this computer, sent nowhere)"

COLUMNS = ("lesson", "exercise", "passed", "attempts", "tries_until_passed", "last", "detail")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("--folder", type=Path, help="folder of the progress file; default: where the lessons save it")


def run(args: argparse.Namespace) -> Report:
    """One row per exercise."""
    folder: Path = args.folder or state_dir()
    if not folder.is_dir():
        raise FormatError(f"There is no folder '{folder}'. Give the folder that holds progress.jsonl.")
    attempts, cautions = read_progress(folder)
    rows = progress_rows(attempts)
    done = sum(row["passed"] for row in rows)
    columns = ("student", *COLUMNS) if any(row["student"] for row in rows) else COLUMNS
    summary = (
        f"{done} of {len(rows)} exercises passed, in {folder}."
        if rows
        else f"Nothing done yet: no exercise is recorded in {folder}. Open a lesson in notebooks/ and try one."
    )
    return Report(rows=rows, columns=columns if rows else (), remarks=(summary, *map(str, cautions)))
