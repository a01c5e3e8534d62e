"""The readings of a case, kept apart in one file: who read it, when, and every score; never averaged.

``CODE.readings.json`` lies beside the case file: an object with ``format`` (``"vbqkit-readings"``), ``version`` (1),
``code`` and ``readings``, one a line. A reading that is closed is not changed any more.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, shown
from vbqkit.formats.files import user_path
from vbqkit.formats.versioned_json import read_versioned_json

FORMAT = "vbqkit-readings"
VERSION = 1
ENDING = ".readings.json"
_LONGEST = 80
_LARGEST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReading:
    """One closed reading of a case.

    Attributes
    ----------
    number : int
        1, or 2 for the one that was blinded to it.
    reader : str
        Name or initials.
    read_on : str
        Day, such as ``"2026-11-29"``.
    scores : mapping of str to float
        By name with the aggregate, ``"VBQ-T1 (median)"``; scores that were refused are not in it.
    rois : str
        Name of the ROI file beside it.
    proposed : int
        How many of its ROIs were accepted as they had been proposed automatically.
    """

    number: int
    reader: str
    read_on: str
    scores: Mapping[str, float]
    rois: str = ""
    proposed: int = 0

    def __post_init__(self) -> None:
        if self.number not in (1, 2):
            raise FormatError(
                f"A case has a reading 1 and a reading 2, blinded to it; there is no reading {self.number}."
            )
        if not self.reader.strip() or len(self.reader) > _LONGEST or not self.reader.isprintable():
            raise FormatError(f"The reader is {shown(self.reader)!r}. Say who read the case: 1 to {_LONGEST} letters.")
        try:
            dt.date.fromisoformat(self.read_on)
        except ValueError:
            raise FormatError(f"The day {shown(self.read_on)!r} is not understood; write it like 2026-11-29.") from None
        bad = next((name for name, value in self.scores.items() if not math.isfinite(value)), None)
        if bad is not None:
            raise FormatError(f"{shown(bad)} of reading {self.number} is not a number. Read the case again.")


@dataclass(frozen=True, slots=True)
class CaseReadings:
    """The closed readings of one case.

    Attributes
    ----------
    code : str
        What the case is called.
    readings : tuple of CaseReading
        In the order of their numbers.
    """

    code: str
    readings: tuple[CaseReading, ...] = ()

    def reading(self, number: int) -> CaseReading | None:
        """One of them; None if it is not closed."""
        return next((one for one in self.readings if one.number == number), None)


def readings_path(folder: str | os.PathLike[str], code: str) -> Path:
    """The file that a case's readings are kept in."""
    return user_path(folder) / f"{code}{ENDING}"


def read_readings(path: str | os.PathLike[str]) -> tuple[CaseReadings, ...]:
    """The readings of all cases in a folder, or of the case of one file.

    Parameters
    ----------
    path : path-like
        The folder of the cases, which grows; or one file. A folder that is not there holds none.

    Raises
    ------
    FormatError
        If a file is damaged or of another version.
    """
    place = user_path(path)
    if place.is_file():
        return (_read(place),)
    if not place.is_dir():
        return ()
    return tuple(_read(one) for one in sorted(place.iterdir()) if one.name.endswith(ENDING) and one.name[0] != ".")


def _read(path: Path) -> CaseReadings:
    content = read_versioned_json(
        path,
        kind=FORMAT,
        version=VERSION,
        no_such="holds no readings",
        remedy="Use the vbqkit that wrote it.",
        largest_bytes=_LARGEST_BYTES,
    )
    code, rows = content.get("code"), content.get("readings")
    if not isinstance(code, str) or not isinstance(rows, list):
        raise FormatError(f"{path.name} is damaged: it lacks the code or the readings. Restore it from a copy.")
    return CaseReadings(code, tuple(_reading(row, path.name) for row in rows))


def _reading(row: Any, where: str) -> CaseReading:
    try:
        scores = {str(name): float(value) for name, value in row["scores"].items()}
        return CaseReading(
            number=int(row["number"]),
            reader=str(row["reader"]),
            read_on=str(row["read_on"]),
            scores=scores,
            rois=str(row.get("rois", "")),
            proposed=int(row.get("proposed", 0)),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{where} is damaged: a reading lacks or garbles {shown(error)}. Restore it from a copy."
        ) from error


def add_reading(folder: str | os.PathLike[str], code: str, reading: CaseReading) -> CaseReadings:
    """Close a reading: it is kept, and not changed any more.

    Raises
    ------
    FormatError
        If a reading of this number is closed already, a second one has no first, or the file cannot be written; what
        was there is unchanged.
    """
    path = readings_path(folder, code)
    before = _read(path) if path.exists() else CaseReadings(code)
    if before.code != code:
        raise FormatError(
            f"{path.name} is of case {shown(before.code)}, not of {code}. Give the file its own name again."
        )
    if before.reading(reading.number) is not None:
        raise FormatError(
            f"Reading {reading.number} of case {code} is closed already and is not changed: a reading that is redone knows its number. "
            "Give the case another code to begin again."
        )
    if reading.number == 2 and before.reading(1) is None:
        raise FormatError(f"Case {code} has no first reading yet. Close that one before a second is begun.")
    after = replace(before, readings=(*before.readings, reading))
    _write(path, after)
    return after


def _write(path: Path, case: CaseReadings) -> None:
    rows = ",\n".join(
        "  "
        + json.dumps(
            {
                "number": one.number,
                "reader": one.reader,
                "read_on": one.read_on,
                "scores": dict(one.scores),
                "rois": one.rois,
                "proposed": one.proposed,
            },
            ensure_ascii=False,
        )
        for one in case.readings
    )
    head = f' "format": "{FORMAT}",\n "version": {VERSION},\n "code": {json.dumps(case.code)},\n'
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f'{{\n{head} "readings": [\n{rows}\n ]\n}}\n')
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise FormatError(
            f"{path.name} cannot be written: {error.strerror}. Make room, or choose another folder."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
