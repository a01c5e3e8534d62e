"""Which files a report was made from: their digests, and, where it is asked for, whose images they say they are."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from vbqkit.errors import VbqkitError, shown
from vbqkit.formats.dicomdir import files_of_dicomdir, is_dicomdir
from vbqkit.formats.files import Entry, Place, find_files
from vbqkit.image import Volume

_TAGS = [
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "StudyDate",
    "BurnedInAnnotation",
]
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """One file of a scored series.

    Attributes
    ----------
    entry : Entry
        Where it lies.
    place : Files or Archive
        What opens it.
    header : Dataset or None
        The elements that tell files apart and say whose they are; None where it is not DICOM. Never shown.
    """

    entry: Entry
    place: Place
    header: Dataset | None

    def sha256(self) -> str:
        """Of its content, 64 hexadecimal digits."""
        digest = hashlib.sha256()
        with self.place.opened() as open_entry, open_entry(self.entry) as file:
            while block := file.read(_CHUNK):
                digest.update(block)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What was scored, for files that refer to it.

    Attributes
    ----------
    volumes : mapping of str to Volume
        By weighting.
    files : mapping of str to tuple of SourceFile
        Those of each series; empty where the study is in memory.
    """

    volumes: Mapping[str, Volume]
    files: Mapping[str, tuple[SourceFile, ...]]


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The files of one kind, and what tells whether they are still the same.

    Attributes
    ----------
    what : str
        ``"T1 series"``, ``"ROI file"``.
    count : int
        How many files.
    sha256 : str
        Of the one file; of several see :func:`joint_digest`.
    """

    what: str
    count: int
    sha256: str


def joint_digest(digests: Iterable[str]) -> str:
    r"""One SHA-256 for several files, whatever their names and order.

    Of one file it is that file's own. Of several it is the SHA-256 of their digests, sorted, one a line:
    ``sha256sum FILES | cut -c1-64 | sort | sha256sum`` prints the same.

    Examples
    --------
    >>> one, two = (hashlib.sha256(text).hexdigest() for text in (b"one", b"two"))
    >>> joint_digest([one]) == one, joint_digest([two, one]) == joint_digest([one, two])
    (True, True)
    >>> joint_digest([one, two]) == hashlib.sha256(f"{min(one, two)}\n{max(one, two)}\n".encode()).hexdigest()
    True
    """
    listed = sorted(digests)
    if len(listed) == 1:
        return listed[0]
    return hashlib.sha256("".join(f"{one}\n" for one in listed).encode()).hexdigest()


def files_of_study(source: str) -> tuple[SourceFile, ...]:
    """Every file behind a study, with the header of those that are DICOM; none where the study is in memory."""
    try:
        if not source or not Path(source).expanduser().exists():
            return ()
        place: Place = find_files(source)
        if len(place.entries) == 1 and is_dicomdir(place.entries[0]):
            place = files_of_dicomdir(place.entries[0].path)
        return tuple(_read(place))
    except (VbqkitError, OSError):
        return ()


def _read(place: Place) -> Iterable[SourceFile]:
    with place.opened() as open_entry, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for entry in place.entries:
            header: Dataset | None
            try:
                with open_entry(entry) as file:
                    header = dcmread(file, specific_tags=_TAGS, stop_before_pixels=True)
            except Exception:  # no DICOM, or damaged: reading the study says so
                header = None
            yield SourceFile(entry, place, header)


def files_of_series(
    files: Iterable[SourceFile], volumes: Mapping[str, Volume], sources: Mapping[str, str]
) -> dict[str, tuple[SourceFile, ...]]:
    """The files of each scored series, by weighting.

    Parameters
    ----------
    files : iterable of SourceFile
        Of the study.
    volumes : mapping of str to Volume
        By weighting; DICOM series are known by their UID.
    sources : mapping of str to str
        Weighting to the file that a series without UID came from.
    """
    listed = tuple(files)
    found = {}
    for weighting, volume in volumes.items():
        uid = volume.acquisition.series_uid
        if uid is not None:
            mine = [f for f in listed if f.header is not None and f.header.get("SeriesInstanceUID") == uid]
        else:
            mine = [f for f in listed if f.entry.name == sources.get(weighting)]
        found[weighting] = tuple(mine)
    return found


def has_burned_in_text(files: Iterable[SourceFile]) -> bool:
    """Whether a header says that its pixels name the patient, by BurnedInAnnotation (0028,0301)."""
    return any(str(f.header.get("BurnedInAnnotation", "")).upper() == "YES" for f in files if f.header is not None)


def identity_of(files: Iterable[SourceFile]) -> tuple[tuple[str, str], ...]:
    """What the headers say of the patient: name, number, date of birth, date of the examination."""
    named = (
        ("Patient", "PatientName"),
        ("Patient ID", "PatientID"),
        ("Born", "PatientBirthDate"),
        ("Examined", "StudyDate"),
    )
    header = next((f.header for f in files if f.header is not None), None)
    if header is None:
        return ()
    said = ((title, shown(header.get(keyword, "") or "")) for title, keyword in named)
    return tuple((title, _date(text) if title in ("Born", "Examined") else text) for title, text in said if text)


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text
