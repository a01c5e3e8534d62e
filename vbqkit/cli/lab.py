"""``vbqkit lab [DIR]``: JupyterLab on the first lesson, for people without git and make."""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from vbqkit.cli.course import DEFAULT_FOLDER
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.datasets import FIRST_LESSON, write_course
from vbqkit.errors import VbqkitError

HELP = "Open JupyterLab on the first lesson; the course is copied there first if it is not there."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="DIR",
        help=f"folder of the course (default: the current one if it holds the lessons, or else {DEFAULT_FOLDER})",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, metavar="N", help="port of this computer (default: JupyterLab's)")


def run(args: argparse.Namespace) -> Report:
    """Serve until it is interrupted.

    Raises
    ------
    VbqkitError
        If JupyterLab is not installed, the course cannot be written, or JupyterLab ends with a fault.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise VbqkitError("JupyterLab is not installed. Run: pip install 'vbqkit[lab]'")
    here = Path()
    folder = Path(args.folder) if args.folder else here if (here / FIRST_LESSON).is_file() else here / DEFAULT_FOLDER
    if not (folder / FIRST_LESSON).is_file():
        with progress_bar("Lessons and patients") as progress:
            write_course(folder, progress=progress)
    status = subprocess.run(lab_command(args), cwd=folder, check=False).returncode
    if status not in (0, -2, 130):
        raise VbqkitError(f"JupyterLab ended with the status {status}; what it printed says why.")
    return Report(rows=[], remarks=(f"JupyterLab has ended; your notebooks are in {folder.resolve()}.",))


def lab_command(args: argparse.Namespace) -> list[str]:
    """What is run, in the folder of the course."""
    as_root = ["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []  # in a container
    port = [f"--ServerApp.port={args.port}"] if args.port is not None else []
    quiet = ["--no-browser"] if args.no_browser else []
    return [sys.executable, "-m", "jupyterlab", *as_root, *port, *quiet, FIRST_LESSON.as_posix()]
