"""``vbqkit app``: the guided page from a folder of DICOM files to a report, in the browser, for this computer alone."""

from __future__ import annotations

import argparse
import importlib

from vbqkit.cli.report import Report
from vbqkit.errors import VbqkitError

HELP = "Open the guided page for your own case in the browser: from a study to a report, on this computer alone."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "folder", nargs="?", default="own_cases", metavar="FOLDER", help="where cases are kept (default: own_cases)"
    )
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of 127.0.0.1 (default: any that is free)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args: argparse.Namespace) -> Report:
    """Serve the page until it is interrupted."""
    try:
        server = importlib.import_module("vbqkit.studio.app.server")  # when asked: the command line knows no Jupyter
    except ModuleNotFoundError as error:
        raise VbqkitError(
            f"The app needs Voila, and {error.name} is not installed. Run: pip install 'vbqkit[app]'"
        ) from error
    server.run_app(args.folder, port=args.port, browser=not args.no_browser, told=_told)
    return Report(rows=[], remarks=("The app has ended; what was placed is in the folder.",))


def _told(address: str) -> None:
    print(f"The app runs on this computer alone, at\n  {address}\nClose it with Ctrl+C.", flush=True)
