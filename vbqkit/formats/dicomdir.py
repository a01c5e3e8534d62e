"""DICOMDIR: the table of contents of a CD or an export, with the files it refers to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import MediaStorageDirectoryStorage

from vbqkit.errors import Caution, FormatError, shown
from vbqkit.formats.files import Entry, Files, climbs

_LONGEST_NAME = 255


def is_dicomdir(entry: Entry) -> bool:
    """Whether a file is a DICOMDIR, by what it says of itself."""
    if entry.member is not None:
        return False
    with entry.path.open("rb") as file:
        if file.read(132)[128:] != b"DICM":
            return False
    try:
        return bool(read_file_meta_info(entry.path).get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage)
    except Exception:  # a damaged file is reported where it is read as an image
        return False


def files_of_dicomdir(path: Path) -> Files:
    """The images that a DICOMDIR refers to.

    Raises
    ------
    FormatError
        If it cannot be read, or none of its files is there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            records = list(dcmread(path).DirectoryRecordSequence)
            names = [_file_id(record) for record in records if record.get("ReferencedFileID")]
        except Exception as error:
            raise FormatError(
                f"The DICOMDIR {path} cannot be read ({shown(error)}). Give the folder beside it instead."
            ) from error
    if not names:
        raise FormatError(f"The DICOMDIR {path} lists no images, or breaks off. Give the folder beside it instead.")
    entries, missing, climbing = [], [], []
    for parts in names:
        if climbs("/".join(parts)):
            climbing.append("/".join(parts))
            continue
        found = _on_disk(path.parent, parts)
        if found is None:
            missing.append("/".join(parts))
        else:
            entries.append(Entry(str(found), found, size=found.stat().st_size))
    cautions = list(_cautions(path, missing, climbing))
    if not entries:
        raise FormatError(
            f"None of the {len(names)} files that the DICOMDIR {path} refers to is there. Copy the whole CD, not the DICOMDIR alone."
        )
    return Files(tuple(sorted(entries, key=lambda entry: entry.name)), tuple(cautions))


def _file_id(record: Dataset) -> tuple[str, ...]:
    value = record.ReferencedFileID
    return (value.strip(),) if isinstance(value, str) else tuple(str(part).strip() for part in value)


def _on_disk(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """The file, also where a copy from CD changed the case of names."""
    place = folder
    if any("\0" in part or len(part) > _LONGEST_NAME for part in parts):
        return None
    for part in parts:
        step = place / part
        if not step.exists():
            step = (
                next((p for p in place.iterdir() if p.name.lower() == part.lower()), step) if place.is_dir() else step
            )
        place = step
    return place if place.is_file() else None


def _cautions(path: Path, missing: list[str], climbing: list[str]) -> Iterator[Caution]:
    if missing:
        yield Caution(
            "dicomdir-missing",
            f"{len(missing)} files that the DICOMDIR {path} refers to are not there, the first is {missing[0]}. Copy the whole CD.",
        )
    if climbing:
        yield Caution(
            "dicomdir-path",
            f"{len(climbing)} entries of the DICOMDIR {path} climb out of its folder (such as '{climbing[0]}') and were left out: "
            "such a DICOMDIR is broken or hostile.",
        )
