"""The statistics packages of the lab, which the core must do without."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from vbqkit.errors import VbqkitError


def lab_module(name: str, what: str) -> Any:
    """Import a module of the ``lab`` extra, or say how to get it.

    Parameters
    ----------
    name : str
        Such as ``"statsmodels.api"``.
    what : str
        What needs it, as the subject of the message.

    Raises
    ------
    VbqkitError
        It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.split(".", maxsplit=1)[0]
        if sys.platform == "emscripten":  # Pyodide loads what a cell imports by name
            how = f"; it is not loaded yet. Write 'import {package}' into a cell of its own, run it, then run this cell again"
        else:
            how = ", which is not installed. Install it with: pip install 'vbqkit[lab]'"
        raise VbqkitError(f"{what} needs {package}{how}") from error
