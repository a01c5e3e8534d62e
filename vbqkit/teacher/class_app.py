"""The dashboard of a class as an app: the page of vbqkit app, with the class on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.studio.app.page import FOLDER
from vbqkit.studio.app.server import run_app
from vbqkit.teacher.class_dashboard import ClassDashboard

_CELL = "from vbqkit.teacher.class_app import class_page\n\nclass_page()"


def class_page() -> ClassDashboard:
    """The page of the app, for the folder that it was started on."""
    return ClassDashboard(os.environ[FOLDER])


def run_class_app(folder: str | Path, *, port: int = 0, browser: bool = True, told: Callable[[str], None]) -> None:
    """Serve the dashboard until it is interrupted, on this computer alone, behind the gate of ``vbqkit app``.

    Parameters
    ----------
    folder : path-like
        Where the hand-ins lie.
    port : int
        On 127.0.0.1; 0: any that is free.
    browser : bool
        Whether to open the page in the user's browser.
    told : callable
        Called with the address, which holds the token.

    Raises
    ------
    VbqkitError
        If there is no such folder, or the port is taken.
    """
    if not Path(folder).is_dir():
        raise FormatError(f"There is no folder '{Path(folder).absolute()}'. Give the one that holds the hand-ins.")
    run_app(folder, port=port, browser=browser, told=told, cell=_CELL, title="vbqkit: class")
