"""Find the hand-ins of a class in folders, in the ZIP archive of a learning platform, or in nbgrader's exchange.

Nothing is unpacked: of an archive only members that are named like a hand-in are read, and of each no more than a
hand-in may have. So an archive that was made to fill a disk fills nothing.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from vbqkit.classroom.hand_in import LARGEST_BYTES, HandIn, read_hand_in
from vbqkit.errors import FormatError
from vbqkit.formats.intake import LIMITS

NAMED = re.compile(r"\.handin(?:[-_ ]?\(?\d+\)?)?\.json$", re.IGNORECASE)
"""A hand-in's name, also as browsers and Canvas number what is downloaded or handed in again."""

_MOODLE = re.compile(r"(?P<by>.+?)_\d+_assignsubmission_[a-z]+_?", re.DOTALL)
_CANVAS = re.compile(r"(?P<by>[^_/]+)(?:_LATE)?_\d+_\d+_lesson_.+", re.DOTALL)
_LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Received:
    """A hand-in and where it came from."""

    hand_in: HandIn
    by: str
    origin: str


@dataclass(frozen=True, slots=True)
class Collected:
    """The hand-ins of a class.

    Attributes
    ----------
    counted : tuple of Received
        One a student and lesson: the latest.
    rows : tuple of dict
        One a file: file, by (as the platform calls the sender), student, lesson, made_at, state (``"counts"``,
        ``"earlier"``, ``"refused"``), reason.
    others : int
        Files that are not named like a hand-in.
    """

    counted: tuple[Received, ...]
    rows: tuple[dict[str, Any], ...]
    others: int


def collect_hand_ins(paths: Iterable[str | Path]) -> Collected:
    """Read every hand-in under some paths; what cannot be read costs a row with the reason.

    Parameters
    ----------
    paths : iterable of path-like
        Folders (an exported one, or nbgrader's ``course/submitted``), ZIP archives as Moodle and Canvas make them, or
        hand-ins.

    Raises
    ------
    FormatError
        If a path does not exist, or holds more files than are read.
    """
    found: list[Received] = []
    rows: list[dict[str, Any]] = []
    others = 0
    for given in paths:
        for origin, content, reason in _files(Path(given)):
            if content is None and not reason:
                others += 1
                continue
            by = sender(origin)
            row = {"file": origin[-_LONGEST_SHOWN:], "by": by, "student": None, "lesson": None, "made_at": None}
            if content is None:
                rows.append(row | {"state": "refused", "reason": reason})
                continue
            try:
                hand_in = read_hand_in(content)
            except FormatError as error:
                rows.append(row | {"state": "refused", "reason": str(error)})
                continue
            found.append(Received(hand_in, by, origin))
            told = {"student": hand_in.student, "lesson": hand_in.lesson, "made_at": hand_in.made_at}
            rows.append(row | told | {"state": "counts", "reason": ""})
    return _latest(found, rows, others)


def _latest(found: list[Received], rows: list[dict[str, Any]], others: int) -> Collected:
    newest: dict[tuple[str, str], Received] = {}
    senders: dict[str, set[str]] = {}
    for one in found:
        key = (one.hand_in.student.casefold(), one.hand_in.lesson)
        senders.setdefault(key[0], set()).add(one.by)
        if key not in newest or one.hand_in.made_at >= newest[key].hand_in.made_at:
            newest[key] = one
    chosen = {id(one) for one in newest.values()}
    readable = [row for row in rows if row["state"] == "counts"]
    for row, one in zip(readable, found, strict=True):
        names = sorted(name for name in senders[one.hand_in.student.casefold()] if name)
        if id(one) not in chosen:
            row |= {"state": "earlier", "reason": "A later one of the same student and lesson counts."}
        elif len(names) > 1:
            row["reason"] = (
                f"The number {one.hand_in.student} came from {len(names)} senders: {', '.join(names)}. Ask them."
            )
    counted = sorted(newest.values(), key=lambda one: (one.hand_in.lesson, one.hand_in.student.casefold()))
    return Collected(tuple(counted), tuple(rows), others)


def sender(origin: str) -> str:
    """Who handed a file in, as the platform's path says; empty where it does not.

    Examples
    --------
    >>> sender("20/José Kováč_12345_assignsubmission_file_/lesson_20_17.handin.json")
    'José Kováč'
    >>> sender("novakeva_LATE_4711_99812_lesson_20_17.handin-1.json")
    'novakeva'
    >>> sender("course/submitted/eva/lesson_20/lesson_20_17.handin.json")
    'eva'
    """
    parts = PurePosixPath(origin.replace("\\", "/").replace(": ", "/")).parts
    for part in parts:
        moodle = _MOODLE.match(part)
        if moodle:
            return moodle["by"]
    for name in ("submitted", "inbound"):
        if name in parts[:-2]:
            after = parts[parts.index(name) + 1]
            return after.split("+")[0]  # in the exchange itself: student+assignment+time+number
    canvas = _CANVAS.fullmatch(parts[-1]) if parts else None
    return canvas["by"] if canvas else ""


def _files(path: Path) -> Iterator[tuple[str, bytes | None, str]]:
    """Origin, content, and why there is none; neither for a file that is no hand-in by its name."""
    if path.is_dir():
        yield from _of_folder(path)
    elif path.is_file():
        yield from _of_file(path, path.name, named=True)
    else:
        raise FormatError(f"There is nothing at '{path.absolute()}'. Give a folder, a ZIP archive or a hand-in.")


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes | None, str]]:
    number = 0
    for top, inner, names in os.walk(folder):  # does not follow links to folders
        inner.sort()
        for name in sorted(names):
            number += 1
            if number > LIMITS.files:
                raise FormatError(
                    f"'{folder}' holds more than {LIMITS.files} files. Give the folder of one assignment."
                )
            path = Path(top) / name
            yield from _of_file(path, path.relative_to(folder.parent).as_posix(), named=False)


def _of_file(path: Path, origin: str, *, named: bool) -> Iterator[tuple[str, bytes | None, str]]:
    if path.is_symlink() or not path.is_file():
        yield origin, None, ""
    elif path.suffix.lower() == ".zip":
        yield from _of_archive(path, origin)
    elif not named and not NAMED.search(path.name):
        yield origin, None, ""
    else:
        try:
            with path.open("rb") as file:
                yield origin, file.read(LARGEST_BYTES + 1), ""
        except OSError as error:
            yield origin, None, f"It cannot be read: {error.strerror}."


def _of_archive(path: Path, origin: str) -> Iterator[tuple[str, bytes | None, str]]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception:  # a damaged table of contents meets many of the library's assumptions
        yield origin, None, "The ZIP archive is damaged. Download it again."
        return
    with archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > LIMITS.files:
            yield origin, None, f"The ZIP archive holds {len(members)} files; at most {LIMITS.files} are looked at."
            return
        for info in members:
            inside = f"{origin}: {info.filename}"
            if not NAMED.search(info.filename):
                packed = info.filename.lower().endswith(".zip")
                yield inside, None, "It is a ZIP archive in another. Unpack it, and give the folder." if packed else ""
            else:
                yield inside, *_member(archive, info)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[bytes | None, str]:
    try:
        with archive.open(info) as file:
            return file.read(LARGEST_BYTES + 1), ""  # never more, whatever the archive says of it
    except Exception:  # each method of packing has errors of its own, and a password another
        return None, "It cannot be unpacked: it is damaged, or locked with a password."
