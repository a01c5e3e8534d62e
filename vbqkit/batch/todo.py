"""A study that waits among many, and how a row speaks of it without anyone's name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from vbqkit.errors import shown
from vbqkit.study import Study

_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class StudyToDo:
    """A study that waits.

    Attributes
    ----------
    number : int
        Its place in the list, counted from 1.
    key : str
        What rows and files call it.
    read : callable
        ``read() -> Study``.
    files : str
        A fingerprint of its files, by which a later run knows whether they are the same.
    hidden : tuple of str
        What no row may show, such as its path: a folder may be called after the patient.
    """

    number: int
    key: str
    read: Callable[[], Study]
    files: str = ""
    hidden: tuple[str, ...] = ()


def reason_without(reason: str, hidden: tuple[str, ...]) -> str:
    """A reason in one line, with what must not be shown left out.

    Examples
    --------
    >>> reason_without("Nothing in /data/Doe John is an image.", ("/data/Doe John", "Doe John"))
    'Nothing in (the study) is an image.'
    """
    for text in sorted((word for word in hidden if word), key=len, reverse=True):
        reason = reason.replace(text, "(the study)")
    return shown(reason, _LONGEST_REASON)


def exam_digest(study_uid: str | None) -> str:
    """Twelve digits of a StudyInstanceUID (0020,000d), by which two rows can be compared; empty without one."""
    return hashlib.sha256(study_uid.encode()).hexdigest()[:12] if study_uid else ""
