"""Every file of a study as bytes: also those that a reader of images passes over, because they name people too."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from vbqkit.errors import Caution, FormatError, shown
from vbqkit.formats.dicomdir import is_dicomdir
from vbqkit.formats.files import Entry, Files, find_files, user_path
from vbqkit.formats.headers import looks_like_dicom

LARGEST_BYTES = 2 * 1024**3
"""Of one file; a larger one is named instead of read."""


@dataclass(frozen=True, slots=True)
class WholeStudy:
    """The files behind a path.

    Attributes
    ----------
    root : Path
        What was given.
    entries : tuple of Entry
        Every file, those that are no images included.
    cautions : tuple of Caution
        What was left out, such as linked folders.
    """

    root: Path
    entries: tuple[Entry, ...]
    cautions: tuple[Caution, ...]

    def label(self, entry: Entry) -> str:
        """Name of a file from the given folder or archive on, with the name of that folder or archive."""
        if entry.member is not None:
            return f"{self.root.name}/{entry.member}"
        inside = entry.path.relative_to(self.root) if entry.path != self.root else Path()
        return "/".join((self.root.name, *inside.parts))

    @contextmanager
    def opened(self) -> Iterator[FileReader]:
        """A reader of the files' bytes; nothing is ever written."""
        if self.entries and self.entries[0].member is not None:
            with zipfile.ZipFile(self.root) as archive:
                yield FileReader(archive)
        else:
            yield FileReader(None)


@dataclass(frozen=True, slots=True)
class FileReader:
    """Reads whole files, from disk or from one archive."""

    archive: zipfile.ZipFile | None

    def read(self, entry: Entry) -> bytes:
        """The bytes of a file.

        Raises
        ------
        FormatError
            If it cannot be read, or is too large.
        """
        if entry.size > LARGEST_BYTES:
            raise FormatError(f"a file is larger than {LARGEST_BYTES / 1024**3:.0f} GiB. Check it yourself.")
        try:
            if self.archive is not None:
                return self.archive.read(str(entry.member))
            return entry.path.read_bytes()
        except Exception as error:  # each method of packing has errors of its own
            raise FormatError("a file cannot be read. Check that you may read it, or copy it again.") from error


def whole_study(path: str | os.PathLike[str]) -> WholeStudy:
    """Every file behind a folder, a ZIP archive, a DICOMDIR or one file.

    Raises
    ------
    FormatError
        If nothing is there, or an archive is damaged, locked or too large.
    """
    root = user_path(path)
    if root.is_file() and is_dicomdir(Entry(str(root), root)):
        root = root.parent
    place = find_files(root)
    root = Path(os.path.abspath(root))  # noqa: PTH100 - a link is not followed, and '.' gets its name
    entries = {entry.member or str(entry.path): entry for entry in _beneath(place.entries, root)}
    if isinstance(place, Files) and root.is_dir():
        for folder, _, names in os.walk(root):
            for name in names:
                full = Path(folder, name)
                if str(full) not in entries and full.is_file() and not full.is_symlink():
                    entries[str(full)] = Entry(str(full), full, size=full.stat().st_size)
    elif not isinstance(place, Files):
        with zipfile.ZipFile(root) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    entries.setdefault(info.filename, Entry(info.filename, root, info.filename, info.file_size))
    listed = tuple(entries[key] for key in sorted(entries))
    return WholeStudy(root, listed, place.cautions)


def _beneath(entries: tuple[Entry, ...], root: Path) -> Iterator[Entry]:
    for entry in entries:
        full = Path(os.path.abspath(entry.path))  # noqa: PTH100 - as above
        yield Entry(entry.name, root if entry.member is not None else full, entry.member, entry.size)


def is_dicom(content: bytes) -> bool:
    """Whether a file is DICOM, with or without its preamble."""
    return looks_like_dicom(content[:132])


def parse(content: bytes) -> Dataset:
    """A whole DICOM file, every element of it.

    Raises
    ------
    FormatError
        If it is damaged: the message says nothing of what it holds.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(io.BytesIO(content), force=True)
            len(dataset.file_meta)
            return dataset
    except Exception as error:  # pydicom lets through whatever a damaged value meets
        raise FormatError(f"a DICOM file is damaged ({shown(type(error).__name__)}). Export it again.") from error
