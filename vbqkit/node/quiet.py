"""pynetdicom, if it is installed, with a log that says nothing: a log of what is sent would hold names."""

from __future__ import annotations

import logging
from types import ModuleType

from vbqkit.errors import NodeError


def pynetdicom() -> ModuleType:
    """The library.

    Raises
    ------
    NodeError
        If it is not installed.
    """
    try:
        import pynetdicom as found  # noqa: PLC0415 - optional
        from pynetdicom import _config  # noqa: PLC0415 - optional
    except ImportError as error:
        raise NodeError(
            "A DICOM node needs pynetdicom, which is not installed. Install it with: pip install 'vbqkit[node]'."
        ) from error
    _config.LOG_HANDLER_LEVEL = "none"
    logging.getLogger("pynetdicom").propagate = False  # else a log of the program that uses it would get its lines
    library: ModuleType = found
    return library
