"""What a student has done so far, in a small file on this computer. Nothing is sent anywhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from vbqkit.errors import Caution, FormatError
from vbqkit.language import date, language

STATE_VARIABLE = "VBQKIT_STATE_DIR"
FILE_NAME = "progress.jsonl"

_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]  # in English wherever the computer stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one exercise.

    Attributes
    ----------
    lesson : str
        Number of the lesson, such as ``"20"``.
    exercise : str
        Name of the exercise or question.
    passed : bool
        Whether it was right.
    at : str
        Time, ISO 8601, UTC.
    student : str
        Name or number of the student; empty if none was given.
    detail : str
        A short remark, such as the faults found.
    value : float or None
        A number that resulted, such as a shift in spreads.
    """

    lesson: str
    exercise: str
    passed: bool
    at: str
    student: str = ""
    detail: str = ""
    value: float | None = None


def state_dir(*, beside: Path | None = None) -> Path:
    """Folder for the course's own files.

    ``VBQKIT_STATE_DIR`` if it is set; otherwise the user's data folder on this platform; if that cannot be written, or
    in a browser, the folder `vbqkit-progress` beside the notebook. It is created if it does not exist.

    Parameters
    ----------
    beside : Path, optional
        Folder of the notebook; by default the current folder.

    Raises
    ------
    FormatError
        If no folder can be written.
    """
    chosen = os.environ.get(STATE_VARIABLE)
    if chosen:
        if not _writable(Path(chosen)):
            raise FormatError(
                f"The folder '{chosen}' in {STATE_VARIABLE} cannot be created or written. Choose another one, or unset {STATE_VARIABLE}."
            )
        return Path(chosen)
    candidates = [platformdirs.user_data_path("vbqkit", appauthor=False), (beside or Path.cwd()) / "vbqkit-progress"]
    if sys.platform == "emscripten":  # in a browser only the folders that JupyterLite shows outlive the page
        del candidates[0]
    for folder in candidates:
        if _writable(folder):
            return folder
    listed = " and ".join(f"'{folder}'" for folder in candidates)
    raise FormatError(
        f"Progress cannot be saved: {listed} cannot be written. Set {STATE_VARIABLE} to a folder of your own."
    )


def record_attempt(
    lesson: str,
    exercise: str,
    *,
    passed: bool,
    student: str = "",
    detail: str = "",
    value: float | None = None,
    folder: Path | None = None,
) -> Attempt:
    """Add one line to the progress file; several notebooks can do so at once.

    Parameters
    ----------
    lesson, exercise, passed, student, detail, value
        See :class:`Attempt`.
    folder : Path, optional
        Instead of :func:`state_dir`.

    Raises
    ------
    FormatError
        If the file cannot be written.
    """
    attempt = Attempt(
        lesson=lesson,
        exercise=exercise,
        passed=passed,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        student=student,
        detail=detail,
        value=value,
    )
    path = (folder or state_dir()) / FILE_NAME
    line = (json.dumps(asdict(attempt), ensure_ascii=False) + "\n").encode()
    try:
        # One write to a file opened for appending stays in one piece: two notebooks cannot mix their lines.
        with path.open("ab", buffering=0) as file:
            if file.tell() and not _ends_with_newline(path):
                line = b"\n" + line  # an earlier write was cut off: start a new line
            file.write(line)
    except OSError as error:
        raise FormatError(
            f"Progress could not be written to '{path}': {error.strerror}. Free some space or set {STATE_VARIABLE} to another folder."
        ) from error
    return attempt


def read_progress(folder: Path | None = None) -> tuple[tuple[Attempt, ...], tuple[Caution, ...]]:
    """Every attempt so far, in order, with a caution for each line that could not be read.

    Parameters
    ----------
    folder : Path, optional
        Instead of :func:`state_dir`.

    Returns
    -------
    attempts : tuple of Attempt
    cautions : tuple of Caution
        One for each damaged line; the others are used.

    Raises
    ------
    FormatError
        If the file exists but cannot be opened.
    """
    path = (folder or state_dir()) / FILE_NAME
    if not path.exists():
        return (), ()
    try:
        lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise FormatError(
            f"The progress file '{path}' cannot be read: {error.strerror}. Check its permissions."
        ) from error
    attempts, cautions = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        attempt = _attempt(line)
        if attempt is None:
            text = f"Line {number} of '{path}' is damaged and was skipped. Delete the line to get rid of this message."
            cautions.append(Caution("progress-damaged", text))
        else:
            attempts.append(attempt)
    return tuple(attempts), tuple(cautions)


def tries_of(lesson: str, exercise: str, *, student: str = "", folder: Path | None = None) -> tuple[Attempt, ...]:
    """One student's tries at one exercise so far, in order.

    Parameters
    ----------
    lesson, exercise, student
        See :class:`Attempt`.
    folder : Path, optional
        Instead of :func:`state_dir`.

    Raises
    ------
    FormatError
        If the progress file exists but cannot be opened.
    """
    attempts, _ = read_progress(folder)
    return tuple(a for a in attempts if (a.lesson, a.exercise, a.student) == (lesson, exercise, student))


def told_time(at: str) -> str:
    """A stored time as the clock on the wall says it, with the name of its time zone.

    Parameters
    ----------
    at : str
        ISO 8601, as in :class:`Attempt`; anything else comes back as it is.

    Examples
    --------
    >>> told_time("2026-01-01T10:00:00+00:00")[:11]
    '1 Jan 2026,'
    >>> told_time("yesterday")
    'yesterday'
    """
    try:
        when = datetime.fromisoformat(at).astimezone()
    except ValueError:
        return at
    if language() != "en":
        return f"{date(when)} {when:%Z}"
    return f"{when.day} {_MONTHS[when.month - 1]} {when:%Y, %H:%M %Z}"


def progress_rows(attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    """One flat row per exercise: student, lesson, exercise, passed, attempts, tries_until_passed, first, last, detail.

    First and last are told in the time zone of this computer; see :func:`told_time`.

    Examples
    --------
    >>> times = ["2026-01-01T10:00:00+00:00", "2026-01-01T10:01:00+00:00"]
    >>> tries = [Attempt(lesson="30", exercise="snr", passed=at == times[1], at=at) for at in times]
    >>> row = progress_rows(tries)[0]
    >>> row["passed"], row["attempts"], row["tries_until_passed"]
    (True, 2, 2)
    """
    groups: dict[tuple[str, str, str], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault((attempt.student, attempt.lesson, attempt.exercise), []).append(attempt)
    rows = []
    for (student, lesson, exercise), tries in sorted(groups.items()):
        first_pass = next((i for i, a in enumerate(tries, start=1) if a.passed), None)
        rows.append(
            {
                "student": student or None,
                "lesson": lesson,
                "exercise": exercise,
                "passed": first_pass is not None,
                "attempts": len(tries),
                "tries_until_passed": first_pass,
                "first": told_time(tries[0].at),
                "last": told_time(tries[-1].at),
                "detail": tries[-1].detail or None,
            }
        )
    return rows


def _attempt(line: str) -> Attempt | None:
    try:
        entry = json.loads(line)
        wanted = {f.name for f in fields(Attempt)}
        attempt = Attempt(**{key: value for key, value in entry.items() if key in wanted})
    except (ValueError, TypeError, AttributeError):
        return None
    texts = (attempt.lesson, attempt.exercise, attempt.at, attempt.student, attempt.detail)
    return attempt if all(isinstance(t, str) for t in texts) and isinstance(attempt.passed, bool) else None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
