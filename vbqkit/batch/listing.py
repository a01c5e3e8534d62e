"""The studies of a folder in alphabetical order: folders, archives, volume files, or the sessions of a BIDS dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

from vbqkit.acquisition import Weighting
from vbqkit.batch.todo import StudyToDo
from vbqkit.errors import FormatError
from vbqkit.formats import read_study
from vbqkit.formats.sidecars import DATASET_FILE, sidecars_of

_VOLUMES = (".zip", ".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr")
_FROM_EACH_FILE = 16_384
"""Bytes from the beginning and the middle of a file: a header with its UIDs, and anatomy where it has none."""
_DIGITS = 12
"""Of a fingerprint: two of 100,000 studies share one with a probability of 0.00002."""


@dataclass(frozen=True, slots=True)
class Found:
    """A study in a folder.

    Attributes
    ----------
    path : Path
        What is read: a folder, an archive or a file.
    name : str
        What its owner calls it: the name of the folder, archive or file without its ending, or ``sub-01_ses-2``.
    """

    path: Path
    name: str


def is_bids(root: Path) -> bool:
    """Whether a folder is a BIDS dataset: it holds ``dataset_description.json`` and folders ``sub-...``."""
    return (root / DATASET_FILE).is_file() and any(path.is_dir() for path in root.glob("sub-*"))


def studies_in(source: Path, *, without: Path | None = None) -> list[Found]:
    """Folders, archives and volume files of a folder in alphabetical order; each is a study.

    In a BIDS dataset each session of a subject is one, or the subject where it has no sessions: its folder ``anat``.

    Parameters
    ----------
    source : Path
        The folder.
    without : Path, optional
        A folder in it that holds no studies: that of the results.

    Raises
    ------
    FormatError
        If it is no folder, or holds no study.
    """
    if not source.is_dir():
        raise FormatError(
            f"{source} is no folder of studies. Give the folder that holds one folder, archive or volume file a study."
        )
    found = list(_bids_sessions(source)) if is_bids(source) else list(_entries(source, without))
    if not found:
        raise FormatError(
            f"{source} holds no folder, archive or volume file, so there is no study in it. Give the folder that holds the studies."
        )
    return found


def _entries(source: Path, without: Path | None) -> Iterator[Found]:
    left_out = None if without is None else without.resolve()
    for path in sorted(source.iterdir(), key=lambda path: path.name):
        name, volume = path.name.lower(), path.name.lower().endswith(_VOLUMES)
        if path.name.startswith(".") or path.resolve() == left_out or not (path.is_dir() or volume):
            continue
        ending = (
            max((e for e in _VOLUMES if name.endswith(e)), key=len, default="") if volume and not path.is_dir() else ""
        )
        yield Found(path, path.name[: len(path.name) - len(ending)])


def _bids_sessions(root: Path) -> Iterator[Found]:
    for subject in sorted(path for path in root.glob("sub-*") if path.is_dir()):
        sessions = sorted(path for path in subject.glob("ses-*") if path.is_dir())
        for folder in sessions or [subject]:
            name = subject.name if folder == subject else f"{subject.name}_{folder.name}"
            yield Found(folder / "anat" if (folder / "anat").is_dir() else folder, name)


def study_to_do(number: int, found: Found, *, keep_names: bool = False, **options: Any) -> StudyToDo:
    """A study with its fingerprint; `options` are those of :func:`vbqkit.formats.read_study`."""
    files = sorted(files_of(found.path))
    mark = fingerprint(found.path, files)
    read = partial(read_study, found.path, **options)
    hidden = () if keep_names else tuple(_names(found, files) - set(get_args(Weighting)))
    return StudyToDo(number, found.name if keep_names else f"study-{mark}", read, mark, hidden)


def _names(found: Found, files: Iterable[Path]) -> set[str]:
    own = {str(found.path), found.path.name, found.name, *found.name.split("_ses-")}
    return own | {part for file in files for part in (str(file), str(file.parent), file.name)} - {"anat", ""}


def files_of(path: Path) -> Iterator[Path]:
    """Every file of a study."""
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def fingerprint(path: Path, files: Iterable[Path]) -> str:
    """Twelve digits from beginning and middle of each file: the same wherever the study lies, and leading to nobody.

    JSON sidecars that a volume inherits from folders further up count too.
    """
    total, inherited = hashlib.sha256(), dict[Path, None]()
    for file in files:
        inside = file.relative_to(path).as_posix() if path.is_dir() else file.suffix
        _add(total.update, inside, file)
        if file.name.endswith((".nii", ".nii.gz")):
            inherited |= dict.fromkeys(sidecars_of(file))
    for file in inherited:
        if not (path.is_dir() and file.is_relative_to(path)):
            _add(total.update, file.name, file)
    return total.hexdigest()[:_DIGITS]


def _add(update: Callable[[bytes], object], name: str, file: Path) -> None:
    try:
        size = file.stat().st_size
        with file.open("rb") as held:
            parts = held.read(_FROM_EACH_FILE)
            held.seek(max(size // 2, len(parts)))
            parts += held.read(_FROM_EACH_FILE)
    except OSError:  # the row of the study will say so
        parts, size = b"", -1
    update(f"{name}\0{size}\0".encode())
    update(parts)
