"""``vbqkit course DIR``: the lessons and their synthetic patients, copied out of the package."""

from __future__ import annotations

import argparse

from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.datasets import write_course
from vbqkit.language import LANGUAGES, set_language

HELP = "Copy the lessons and the sample data (50 MB) into a folder of yours; what you changed there is left as it is."
DEFAULT_FOLDER = "vbqkit-course"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "folder", nargs="?", default=DEFAULT_FOLDER, metavar="DIR", help=f"where to (default: {DEFAULT_FOLDER})"
    )
    names = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
    parser.add_argument(
        "--language",
        metavar="CODE",
        help=f"of the lessons and their pages: {names}; by default VBQKIT_LANGUAGE, else English",
    )


def run(args: argparse.Namespace) -> Report:
    """Copy them.

    Raises
    ------
    FormatError
        If the language is not known, the package holds no course, a file of it is damaged, or the folder cannot be
        written.
    """
    if args.language is not None:
        set_language(args.language)
    with progress_bar("Lessons and patients") as progress:
        course = write_course(args.folder, progress=progress)
    kept = (
        [f"Left as you changed them: {', '.join(course.yours)}. For the new ones, move yours away and run this again."]
        if course.yours
        else []
    )
    return Report(
        rows=[
            {"folder": str(course.folder), "written": course.written, "same": course.same, "yours": len(course.yours)}
        ],
        remarks=(*kept, f"Open the first lesson: vbqkit lab {course.folder}"),
    )
