"""Where a student left the views of a lesson: guesses and sliders, in a small file each on this computer.

They are no tries: nothing here is graded, listed or handed in.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError
from vbqkit.exercises.progress import state_dir

FOLDER = "views"


def keep_view(name: str, values: dict[str, Any], *, student: str, folder: Path | None = None) -> None:
    """Keep where a view stands, instead of where it stood before.

    Parameters
    ----------
    name : str
        Of the view, such as ``"10-null"``; it becomes part of a file's name.
    values : dict
        Anything that JSON takes.
    student : str
        Whose; see :func:`vbqkit.exercises.student.checked_student`.
    folder : Path, optional
        Instead of :func:`vbqkit.exercises.state_dir`.

    Raises
    ------
    FormatError
        If the file cannot be written.
    """
    path = _path(name, student, folder or state_dir())
    whole = path.with_suffix(f".{os.getpid()}.part")
    text = json.dumps({"student": student, "view": name, "values": values}, ensure_ascii=False)
    try:
        path.parent.mkdir(exist_ok=True)
        whole.write_text(text + "\n", encoding="utf-8")
        whole.replace(path)  # a kernel that is stopped meanwhile leaves the file whole
    except OSError as error:
        raise FormatError(
            f"Where you left '{name}' could not be kept in '{path}': {error.strerror}. Free some space or choose a folder that you may write to."
        ) from error


def kept_view(name: str, *, student: str, folder: Path | None = None) -> dict[str, Any]:
    """Where this student left a view; empty if nowhere, or if its file is damaged.

    Parameters
    ----------
    name, student, folder
        See :func:`keep_view`.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> keep_view("10-null", {"ti_ms": 150.0}, student="17", folder=folder)
    >>> kept_view("10-null", student="17", folder=folder), kept_view("10-null", student="18", folder=folder)
    ({'ti_ms': 150.0}, {})
    """
    try:
        found = json.loads(_path(name, student, folder or state_dir()).read_text(encoding="utf-8"))
    except (OSError, ValueError, FormatError):
        return {}
    whose = isinstance(found, dict) and (found.get("student"), found.get("view")) == (student, name)
    return found["values"] if whose and isinstance(found.get("values"), dict) else {}


def _path(name: str, student: str, folder: Path) -> Path:
    return folder / FOLDER / f"{student}_{name}.json"
