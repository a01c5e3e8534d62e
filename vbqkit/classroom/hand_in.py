"""One file a lesson and student: tries, answers and outlines, with a seal that shows whether it was changed afterwards.

The file is JSON. Each try carries the digest of itself and of all before it (HMAC-SHA-256), and the seal at the end
covers outlines and head too: a changed, removed, added or moved line shows. The key is part of this package, which is
open: the seal shows damage and a changed text, and does not stop somebody who reads this module from sealing what was
invented. So a teacher's computer trusts none of it where it can look itself: outlines are graded again, on the patient
that belongs to the student, and answers are checked again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import vbqkit
from vbqkit.classroom.assignments import assigned_to, check_lesson
from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises.progress import Attempt, read_progress, state_dir
from vbqkit.exercises.reading_file import ReadingFile, case_code, case_of_code
from vbqkit.exercises.student import checked_student, kept_student

ENDING = ".handin.json"
FORMAT, VERSION = "vbqkit-hand-in", 1
LARGEST_BYTES = 4 * 1024**2
"""A larger file is not read: ten readings have about 60 kB."""

_KEY = hashlib.sha256(b"vbqkit hand-in 1: against accidents and edits, not against whoever reads this line").digest()


@dataclass(frozen=True, slots=True)
class Outlines:
    """The outlines of one student on one patient.

    Attributes
    ----------
    exercise : str
        As in the names of ROI files.
    code : str
        Of the case, see :func:`vbqkit.exercises.reading_file.case_code`.
    rois : mapping
        What the ROI file holds.
    """

    exercise: str
    code: str
    rois: Mapping[str, Any]

    @property
    def case(self) -> tuple[str, int, int]:
        """Kind, seed and day of the patient."""
        return case_of_code(self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What a student hands in for one lesson.

    Attributes
    ----------
    student, lesson : str
        Whose, and for what.
    made_at : str
        When, ISO 8601, UTC, by the student's clock.
    attempts : tuple of Attempt
        Tries of this lesson, in order.
    readings : tuple of Outlines
        Outlines on the patients of this lesson.
    version : str
        Of the vbqkit that made it.
    elsewhere : int
        Tries of this lesson under other numbers, which are not in it; known only where it was made.
    """

    student: str
    lesson: str
    made_at: str
    attempts: tuple[Attempt, ...]
    readings: tuple[Outlines, ...]
    version: str = vbqkit.__version__
    elsewhere: int = 0

    @property
    def file_name(self) -> str:
        """Such as ``lesson_20_17.handin.json``."""
        return f"lesson_{self.lesson}_{self.student}{ENDING}"


def make_hand_in(lesson: str, *, student: str | None = None, folder: Path | None = None) -> HandIn:
    """Gather what was done in a lesson on this computer.

    Parameters
    ----------
    lesson : str
        Number of the lesson, such as ``"20"``.
    student : str, optional
        By default the number that is kept.
    folder : Path, optional
        Instead of :func:`vbqkit.exercises.state_dir`.

    Raises
    ------
    FormatError
        If no number was kept, nothing was done yet, or a ROI file cannot be read.
    """
    check_lesson(lesson)
    folder = folder or state_dir()
    student = checked_student(student) if student else kept_student(folder)
    if student is None:
        raise FormatError(
            "Your number is not known yet. Give it once: vbqkit class number N, or at the top of a lesson."
        )
    of_lesson = [attempt for attempt in read_progress(folder)[0] if attempt.lesson == lesson]
    attempts = tuple(attempt for attempt in of_lesson if attempt.student == student)
    readings = tuple(_readings(student, lesson, folder / "rois"))
    if not attempts and not readings:
        others = sorted({attempt.student or "(none)" for attempt in of_lesson})
        hint = f" There are tries under {', '.join(others)}." if others else ""
        raise FormatError(
            f"There is nothing to hand in: lesson {lesson} has no try by {student!r} in {folder}.{hint} Work through the lesson first."
        )
    return HandIn(
        student=student,
        lesson=lesson,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        attempts=attempts,
        readings=readings,
        elsewhere=len(of_lesson) - len(attempts),
    )


def _readings(student: str, lesson: str, folder: Path) -> Iterable[Outlines]:
    for pair in zip(assigned_to(student, lesson), assigned_to(student, lesson, earlier=True), strict=True):
        for one in pair:  # what was placed with an earlier version is handed in where nothing was placed since
            path = folder / ReadingFile(student, one.exercise, one.kind, one.seed, one.day).name
            if not path.is_file():
                continue
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise FormatError(
                    f"The ROI file '{path}' cannot be read. Delete it, and place these ROIs again."
                ) from error
            if content.get("rois"):
                yield Outlines(one.exercise, case_code(one.kind, one.seed, one.day), content)
                break


def write_hand_in(made: HandIn, folder: str | Path = ".") -> Path:
    """Write the file to hand in: complete, or not at all; an earlier one of the same lesson is replaced.

    Parameters
    ----------
    made : HandIn
        From :func:`make_hand_in`.
    folder : path-like
        Where to.

    Raises
    ------
    FormatError
        If it cannot be written.
    """
    path = Path(folder) / made.file_name
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(hand_in_text(made))
        Path(draft).replace(path)
    except OSError as error:
        raise FormatError(f"'{path}' cannot be written: {error.strerror}. Choose another folder.") from error
    return path


def hand_in_text(made: HandIn) -> str:
    """The file's text, sealed."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": made.version,
        "student": made.student,
        "lesson": made.lesson,
        "made_at": made.made_at,
    }
    tries = [
        {name: value for name, value in asdict(attempt).items() if name not in ("student", "lesson")}
        for attempt in made.attempts
    ]
    readings = [{"exercise": r.exercise, "case": r.code, "rois": r.rois} for r in made.readings]
    chain, seal = _sealed(head, tries, readings)
    content = head | {
        "attempts": [entry | {"digest": digest} for entry, digest in zip(tries, chain, strict=True)],
        "readings": readings,
        "seal": seal,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_hand_in(content: bytes) -> HandIn:
    """What a file holds, if it is whole and its seal is right.

    Parameters
    ----------
    content : bytes
        Of the file.

    Raises
    ------
    FormatError
        If it is no hand-in, damaged, of a later version, or was changed after it was made; the message says which.
    """
    if len(content) > LARGEST_BYTES:
        raise FormatError(f"It has {len(content):,} bytes; a hand-in has far fewer than {LARGEST_BYTES:,}.")
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FormatError("It is damaged or cut off. Ask the student to hand in again.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise FormatError("It is not a hand-in. Ask for the file that 'Hand in' makes.")
    if found.get("version") != VERSION:
        raise FormatError(
            f"It was made by another version of vbqkit ({str(found.get('made_by'))[:20]!r}). Update vbqkit."
        )
    try:
        return _hand_in(found)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise FormatError("Parts of it are missing. Ask the student to hand in again.") from error


def _hand_in(found: dict[str, Any]) -> HandIn:
    head = {name: found[name] for name in ("format", "version", "made_by", "student", "lesson", "made_at")}
    tries = [{name: value for name, value in entry.items() if name != "digest"} for entry in found["attempts"]]
    readings = found["readings"]
    chain, seal = _sealed(head, tries, readings)
    for number, (entry, digest) in enumerate(zip(found["attempts"], chain, strict=True), start=1):
        if not _same(entry.get("digest"), digest):
            raise FormatError(
                f"It was changed after it was made, at try {number} ({str(tries[number - 1].get('exercise'))[:30]!r}) or before. "
                "Ask the student to hand in again."
            )
    if not _same(found["seal"], seal):
        raise FormatError("It was changed after it was made: its seal does not fit. Ask the student to hand in again.")
    known = {field.name for field in fields(Attempt)}
    attempts = tuple(
        Attempt(**{k: v for k, v in entry.items() if k in known}, student=head["student"], lesson=head["lesson"])
        for entry in tries
    )
    if not all(isinstance(text, str) for text in (head["student"], head["lesson"], head["made_at"])):
        raise TypeError
    if not all(isinstance(r["rois"], dict) and isinstance(r["exercise"], str) for r in readings):
        raise TypeError
    if not all(
        isinstance(a.exercise, str)
        and isinstance(a.at, str)
        and isinstance(a.detail, str)
        and isinstance(a.passed, bool)
        for a in attempts
    ):
        raise TypeError
    try:
        check_lesson(head["lesson"])
    except VbqkitError as error:
        raise FormatError(str(error)) from error
    return HandIn(
        student=checked_student(head["student"]),
        lesson=head["lesson"],
        made_at=head["made_at"],
        attempts=attempts,
        readings=tuple(Outlines(r["exercise"], str(r["case"]), r["rois"]) for r in readings),
        version=str(head["made_by"]),
    )


def _sealed(
    head: Mapping[str, Any], tries: Iterable[Mapping[str, Any]], readings: list[dict[str, Any]]
) -> tuple[list[str], str]:
    """The digest after each try, and the seal over everything."""
    digest, chain = _mac("", head), []
    for entry in tries:
        digest = _mac(digest, entry)
        chain.append(digest)
    return chain, _mac(digest, readings)


def _mac(before: str, content: Any) -> str:
    plain = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hmac.new(_KEY, f"{before}\n{plain}".encode(), hashlib.sha256).hexdigest()


def _same(given: object, digest: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), digest.encode())
