"""The folder that the files of cases are kept in."""

from __future__ import annotations

import os
from pathlib import Path

from vbqkit.errors import FormatError


def make_folder(folder: Path) -> Path:
    """The folder, made if it is not there.

    Raises
    ------
    FormatError
        If it cannot be made, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"The folder {folder} cannot be made ({error.strerror}). Give another folder.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FormatError(
            f"Nothing can be written into the folder {folder}, so nothing that you place would be kept. Give another folder, or ask "
            "for the right to write there."
        )
    return folder
