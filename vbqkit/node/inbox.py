"""A folder that received DICOM objects are stored in: one folder a study, names made here, whole files or none."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.tag import Tag

from vbqkit.errors import NodeError
from vbqkit.formats.files import user_path

_STUDY, _INSTANCE = Tag(0x0020, 0x000D), Tag(0x0008, 0x0018)
_LONGEST_UID = 64

OUT_OF_RESOURCES, DUPLICATE, CANNOT_UNDERSTAND = 0xA700, 0x0111, 0xC000
"""Statuses of a C-STORE that failed: PS3.4, table B.2-1, and PS3.7, annex C."""


class NotStoredError(NodeError):
    """An object that was not stored: says why, without naming anybody, and with the status that the sender is told."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a node takes at most; what exceeds it is refused, and what is stored already stays.

    Attributes
    ----------
    file_bytes : int
        Of one object.
    study_files : int
        Objects of one study.
    total_bytes : int
        Of all studies in the folder, those of earlier runs too.
    """

    file_bytes: int = 1 << 30
    study_files: int = 20_000
    total_bytes: int = 20 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedStudy:
    """A study in the folder.

    Attributes
    ----------
    folder : Path
        ``study-0001``, ``study-0002`` ...: numbered as they come, since headers name people.
    files, bytes : int
        How many objects it holds, and how large they are together.
    refused : int
        Objects that were refused.
    """

    folder: Path
    files: int
    bytes: int
    refused: int = 0


@dataclass(slots=True)
class _Open:
    folder: Path
    known: dict[bytes, int] = field(default_factory=dict)  # instance to the number of its file
    bytes: int = 0
    refused: int = 0
    touched_s: float = 0.0
    told: bool = False


class Inbox:
    """Stores objects that arrive, from any number of threads.

    Parameters
    ----------
    folder : path-like
        Where to; it is made if its parent exists. Studies of earlier runs in it are gone on with.
    limits : Limits
        What it takes at most.
    clock : callable
        Seconds that only grow.

    Raises
    ------
    NodeError
        If the folder cannot be made or read.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.limits = user_path(folder), limits or Limits()
        self._clock, self._lock = clock, threading.Lock()
        self._studies: dict[bytes, _Open] = {}
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            earlier = sorted(self.folder.glob("study-*"))
            self._next = 1 + max(map(_number, earlier), default=0)
            for path in earlier:
                if path.is_dir() and not path.is_symlink():
                    self._take_up(path)
        except OSError as error:
            why = error.strerror or error
            raise NodeError(f"{self.folder} cannot hold what is received: {why}. Choose another folder.") from error

    def _take_up(self, folder: Path) -> None:
        """A study of an earlier run."""
        one = _Open(folder=folder, told=True)
        study = b""
        for path in sorted(folder.glob("*.dcm")):
            try:
                study, instance = _uids(path.read_bytes())
            except NotStoredError:  # a file that somebody else put there
                continue
            one.known[instance] = _number(path)
            one.bytes += path.stat().st_size
        if study:
            self._studies[study] = one

    def put(self, content: bytes) -> Path:
        """Store an object as it was received: a DICOM file with its meta information.

        Returns
        -------
        Path
            Its file.

        Raises
        ------
        NotStoredError
            If it is no DICOM object, is there already with other content, exceeds a limit, or the disk is full.
        """
        study, instance = _uids(content)
        with self._lock:
            one = self._studies.get(study)
            try:
                if one is None:
                    one = self._new(study)
                one.touched_s, one.told = self._clock(), False
                return self._write(one, instance, content)
            except NotStoredError:
                if one is not None:
                    one.refused += 1
                raise

    def _new(self, study: bytes) -> _Open:
        folder = self.folder / f"study-{self._next:04d}"
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise NotStoredError(OUT_OF_RESOURCES, f"No folder can be made: {error.strerror or error}.") from error
        self._next += 1
        self._studies[study] = one = _Open(folder=folder)
        return one

    def _write(self, one: _Open, instance: bytes, content: bytes) -> Path:
        number = one.known.get(instance)
        path = one.folder / f"{number or 1 + max(one.known.values(), default=0):06d}.dcm"
        try:
            if number is not None:
                if path.read_bytes() == content:
                    return path
                raise NotStoredError(DUPLICATE, f"{one.folder.name} holds this object already, with other content.")
            if len(content) > self.limits.file_bytes:
                raise NotStoredError(OUT_OF_RESOURCES, f"An object may have {self.limits.file_bytes} bytes.")
            if len(one.known) >= self.limits.study_files:
                raise NotStoredError(OUT_OF_RESOURCES, f"A study may have {self.limits.study_files} objects.")
            if sum(other.bytes for other in self._studies.values()) + len(content) > self.limits.total_bytes:
                raise NotStoredError(OUT_OF_RESOURCES, f"The folder may hold {self.limits.total_bytes} bytes.")
            draft = path.with_suffix(".draft")
            try:
                draft.write_bytes(content)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise NotStoredError(OUT_OF_RESOURCES, f"It cannot be written: {error.strerror or error}.") from error
        one.known[instance] = _number(path)
        one.bytes += len(content)
        return path

    def complete(self, idle_s: float) -> tuple[ReceivedStudy, ...]:
        """Studies of which nothing has come for so long, each once; once more if more of it came afterwards."""
        with self._lock:
            now = self._clock()
            done = [one for one in self._studies.values() if not one.told and now - one.touched_s >= idle_s]
            for one in done:
                one.told = True
            return tuple(
                ReceivedStudy(folder=one.folder, files=len(one.known), bytes=one.bytes, refused=one.refused)
                for one in done
            )


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _uids(content: bytes) -> tuple[bytes, bytes]:
    """Study and instance, as they stand in the file: raw, since a value that is decoded may be quoted in a warning."""
    try:
        dataset = pydicom.dcmread(io.BytesIO(content), specific_tags=[_STUDY, _INSTANCE], stop_before_pixels=True)
        found = [dataset.get_item(tag) for tag in (_STUDY, _INSTANCE)]
    except Exception as error:  # whatever a damaged object makes the reader raise
        raise NotStoredError(CANNOT_UNDERSTAND, "It cannot be read as a DICOM object.") from error
    values = [bytes(one.value or b"").strip(b"\0 ") if one is not None else b"" for one in found]
    if not all(0 < len(value) <= _LONGEST_UID for value in values):
        raise NotStoredError(CANNOT_UNDERSTAND, "It names no study (0020,000D) or no instance (0008,0018).")
    return values[0], values[1]
