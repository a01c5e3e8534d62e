"""The statistics packages of the lab, which the core must do without."""

from __future__ import annotations

import importlib
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
        raise VbqkitError(
            f"{what} needs {package}, which is not installed. Install it with: pip install 'vbqkit[lab]'"
        ) from error
