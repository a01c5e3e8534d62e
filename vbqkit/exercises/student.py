"""The student's number or name: typed once, kept on this computer, and used by every lesson."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.exercises.progress import state_dir

FILE_NAME = "student.json"
UNNUMBERED = "1"
"""Whoever has typed no number works as this student: for a course without a class."""

_LONGEST = 40
_FORBIDDEN = re.compile(r"[^\w .@'+-]")


def student_number(folder: Path | None = None) -> str:
    """The number or name that was kept, or ``"1"`` if none was.

    The cases of the lessons are drawn from it.

    Parameters
    ----------
    folder : Path, optional
        Instead of :func:`vbqkit.exercises.state_dir`.

    Raises
    ------
    FormatError
        If the file is damaged: with another number every case would be another.
    """
    try:
        folder = folder or state_dir()
    except FormatError:  # where nothing can be kept, nothing has been; each exercise says so when it cannot save
        return UNNUMBERED
    return kept_student(folder) or UNNUMBERED


def kept_student(folder: Path | None = None) -> str | None:
    """The number or name that was kept; None if none was.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    path = (folder or state_dir()) / FILE_NAME
    if not path.exists():
        return None
    try:
        return checked_student(json.loads(path.read_text(encoding="utf-8"))["student"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"Your number in '{path}' cannot be read. Delete that file, and give your number again: vbqkit class number N."
        ) from error


def keep_student(student: str, *, folder: Path | None = None) -> str:
    """Keep a number or name for every lesson; returns it as it was kept.

    Parameters
    ----------
    student : str
        As :func:`checked_student` takes it.
    folder : Path, optional
        Instead of :func:`vbqkit.exercises.state_dir`.

    Raises
    ------
    FormatError
        If it cannot be used, or not be written.
    """
    student = checked_student(student)
    path = (folder or state_dir()) / FILE_NAME
    try:
        path.write_text(json.dumps({"student": student}, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise FormatError(
            f"Your number could not be kept in '{path}': {error.strerror}. Choose a folder that you may write to."
        ) from error
    return student


def checked_student(student: str) -> str:
    """A number or name as it is kept: without spaces around it, letters in one Unicode form (NFC).

    It becomes part of file names and of a table of grades, so it begins with a letter or a digit and holds nothing else
    than letters, digits, spaces and ``. _ - + ' @``.

    Raises
    ------
    FormatError
        If it is empty, too long, or holds anything else; the message has a spelling that can be used.

    Examples
    --------
    >>> checked_student(" José ")
    'José'
    >>> checked_student("a/b")
    Traceback (most recent call last):
    ...
    vbqkit.errors.FormatError: 'a/b' cannot be a student's number or name: ... Write for example 'a-b'.
    """
    if not isinstance(student, str):
        raise FormatError(f"A student's number or name is text, not {type(student).__name__}. Write it in quotes.")
    text = unicodedata.normalize("NFC", student.strip())
    if text and len(text) <= _LONGEST and text[0].isalnum() and not _FORBIDDEN.search(text) and text[-1] != ".":
        return text
    spelt = _FORBIDDEN.sub("-", text)[:_LONGEST].strip(" .@'+-_") or "17"
    raise FormatError(
        f"{text[: 2 * _LONGEST]!r} cannot be a student's number or name: it is part of file names, so it has 1 to {_LONGEST} letters, "
        f"digits, spaces or . _ - + ' @, begins with a letter or a digit and does not end with a dot. Write for example {spelt!r}."
    )
