"""Libraries that are asked for only where they are needed, and how to get them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from vbqkit.errors import FormatError


def optional_library(name: str, install: str, *, what: str = "This") -> Any:
    """A module that may not be installed.

    Parameters
    ----------
    name : str
        As it is imported.
    install : str
        What pip is asked for.
    what : str
        What needs it, as the message begins.

    Raises
    ------
    FormatError
        If it is not installed; the message says how to get it.

    Examples
    --------
    >>> optional_library("no_such_module", "no-such-package", what="The file a.mha")
    Traceback (most recent call last):
    vbqkit.errors.FormatError: ... no_such_module, which is not installed: pip install "no-such-package".
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise FormatError(f'{what} needs {name}, which is not installed: pip install "{install}".') from error


def simpleitk(what: str = "This") -> Any:
    """SimpleITK, for MHA, MHD, NRRD and NHDR files; 276 MB installed, so in an extra of its own.

    Raises
    ------
    FormatError
        If it is not installed.
    """
    return optional_library("SimpleITK", "vbqkit[simpleitk]", what=what)
