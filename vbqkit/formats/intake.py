"""A study that is handed over piece by piece, such as one dropped on a page: into a folder of its own, under new names.

Whoever hands it over decides neither where a file comes to lie nor how it is called: names are numbers, and no path
that is given is ever opened. What is too much, or tries to leave its place, is refused in words, and
nothing of it stays.
"""

from __future__ import annotations

import errno
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vbqkit.errors import FormatError
from vbqkit.formats.files import SKIPPED_FILES, SKIPPED_FOLDERS, climbs

COPY_ENDING = ".study"
"""Ending of the folder that a copied study lies in: ``A17.study``."""

_MIB = 1024**2
_ROOM = 200 * _MIB  # stays free on the disk
_PIECE = 4 * _MIB
_KEPT_ENDINGS = (".dcm", ".ima", ".nii", ".nii.gz", ".mha", ".nrrd", ".json", ".zip")
_UNPACKING = "archive.zip"


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much is taken.

    Parameters
    ----------
    files : int
        Number of files.
    total_bytes : int
        Of all files together, unpacked.
    file_bytes : int
        Of one file, unpacked.
    ratio : int
        How many times its packed size an archive may unpack to, where it unpacks to more than 100 MiB. An
        archive that was made to fill a disk reaches 1,000.
    """

    files: int = 20_000
    total_bytes: int = 4 * 1024**3
    file_bytes: int = 1024**3
    ratio: int = 200


LIMITS = IntakeLimits()
"""What is taken if nothing else is said."""


class Intake:
    """Files on their way into ``FOLDER/CODE.study``.

    Until :meth:`finish` they lie in a folder of another name beside it, which :meth:`discard` removes.

    Parameters
    ----------
    folder : Path
        Where the study's folder is made; it must be there.
    code : str
        What the case is called.
    offered : sequence of (str, int)
        Relative path and bytes of every file, as the sender calls them. One ZIP archive alone is unpacked.
    limits : IntakeLimits
        How much is taken.

    Raises
    ------
    FormatError
        If it is too much, if a path would leave its folder, if there is no room, or if ``CODE.study`` is there already.
    """

    def __init__(
        self, folder: Path, code: str, offered: Sequence[tuple[str, int]], *, limits: IntakeLimits = LIMITS
    ) -> None:
        self._target, self._limits = folder / f"{code}{COPY_ENDING}", limits
        if self._target.exists() or self._target.is_symlink():
            raise FormatError(
                f"There is a study called {code} in this folder already. Go on with it, or give another code."
            )
        _refuse_climbing([name for name, _ in offered])
        kept = [(number, name, size) for number, (name, size) in enumerate(offered) if not _is_rubbish(name)]
        _refuse_too_much([size for _, _, size in kept], limits)
        self.packed = len(kept) == 1 and kept[0][1].lower().endswith(".zip")
        self._sizes = {number: size for number, _, size in kept}
        self._names = {kept[0][0]: _UNPACKING} if self.packed else _new_names(kept)
        self.total = sum(self._sizes.values())
        self._written = dict.fromkeys(self._sizes, 0)
        refuse_full(folder, self.total)
        try:
            self._staging = Path(tempfile.mkdtemp(prefix=".intake-", dir=folder))  # for the user alone
        except OSError as error:
            raise FormatError(_not_written(folder, error)) from error

    @property
    def wanted(self) -> tuple[int, ...]:
        """Numbers of the offered files to send; tables of contents and what file managers keep are not wanted."""
        return tuple(self._sizes)

    @property
    def received(self) -> int:
        """Bytes so far."""
        return sum(self._written.values())

    def write(self, number: int, content: bytes | memoryview) -> None:
        """Append to a file.

        Raises
        ------
        FormatError
            If it was not offered, if more comes than was offered, or if it cannot be written.
        """
        if number not in self._sizes or self._written[number] + len(content) > self._sizes[number]:
            self.discard()
            raise FormatError(
                "More was sent than was offered: the files changed meanwhile. Nothing was kept; drop them again."
            )
        try:
            with (self._staging / self._names[number]).open("ab") as file:
                file.write(content)
        except OSError as error:
            self.discard()
            raise FormatError(_not_written(self._target.parent, error)) from error
        self._written[number] += len(content)

    def unpack(self) -> Iterator[tuple[int, int]]:
        """Unpack the archive, if it is one: gives bytes done and in all after each piece; :meth:`discard` stops it.

        Raises
        ------
        FormatError
            If the archive is damaged, locked or hostile, or if there is no room.
        """
        if not self.packed:
            return
        archive = self._staging / _UNPACKING
        try:
            yield from unpack_archive(archive, self._staging, limits=self._limits)
            archive.unlink()
        except FormatError:
            self.discard()
            raise

    def finish(self) -> Path:
        """Give the study its name; returns its folder.

        Raises
        ------
        FormatError
            If files are missing, or somebody made a study of that name meanwhile.
        """
        missing = sum(self._written[number] < size for number, size in self._sizes.items())
        if missing:
            self.discard()
            raise FormatError(f"{missing} of {len(self._sizes)} files did not come whole. Drop them again.")
        try:
            self._staging.rename(self._target)
        except OSError as error:
            self.discard()
            raise FormatError(_not_written(self._target, error)) from error
        return self._target

    def discard(self) -> None:
        """Remove what has come so far."""
        shutil.rmtree(self._staging, ignore_errors=True)


def unpack_archive(archive: Path, into: Path, *, limits: IntakeLimits = LIMITS) -> Iterator[tuple[int, int]]:
    """Unpack the files of a ZIP archive under new names; gives bytes done and in all after each piece.

    Everything that the archive says about itself is checked first, and the bytes are counted besides.

    Raises
    ------
    FormatError
        If it is damaged, locked, too large, or holds links or paths that climb out of it.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except Exception as error:  # a damaged table of contents meets many of the library's assumptions
        raise FormatError(
            "The ZIP archive is damaged. Copy it again, or drop the folder that it was made of."
        ) from error
    with opened as packed:
        members = [info for info in packed.infolist() if not info.is_dir()]
        _refuse_climbing([info.filename for info in members])
        special = [m for m in members if not stat.S_ISREG(m.external_attr >> 16) and stat.S_IFMT(m.external_attr >> 16)]
        if special:
            raise FormatError(
                f"The ZIP archive holds {len(special)} links or devices instead of files. An export of images has none: ask its "
                "sender for another, or unpack it yourself and drop the folder."
            )
        if any(info.flag_bits & 0x1 for info in members):
            raise FormatError("The ZIP archive is locked with a password. Unpack it yourself and drop the folder.")
        members = [info for info in members if not _is_rubbish(info.filename)]
        _refuse_too_much([info.file_size for info in members], limits)
        total = sum(info.file_size for info in members)
        if total > 100 * _MIB and total > limits.ratio * archive.stat().st_size:
            raise FormatError(
                f"The ZIP archive would unpack to {total / _MIB:.0f} MiB, {total / archive.stat().st_size:.0f} times its size. Images "
                "do not pack so well: it was made to fill a disk. Ask its sender for another export."
            )
        refuse_full(into, total)
        names = _new_names([(k, info.filename, info.file_size) for k, info in enumerate(members)])
        done = 0
        for number, info in enumerate(members):
            for size in _copied(packed, info, into / names[number]):
                done += size
                yield done, total


def _copied(packed: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> Iterator[int]:
    """Copy a member; gives the bytes of each piece. The library stops at the size that the archive says."""
    left = info.file_size
    try:
        with target.open("xb") as file, packed.open(info) as source:
            while piece := _read(source, _PIECE):
                left -= len(piece)
                file.write(piece)
                yield len(piece)
    except OSError as error:
        raise FormatError(_not_written(target.parent, error)) from error
    except FormatError:
        raise
    except Exception as error:  # each method of packing has errors of its own: zlib.error, LZMAError ...
        raise FormatError(_damaged_member()) from error
    if left:
        raise FormatError(_damaged_member())


def _read(source: IO[bytes], size: int) -> bytes:
    """A piece of a member; where it is damaged, bz2 raises what a disk raises too."""
    try:
        return source.read(size)
    except OSError as error:
        raise FormatError(_damaged_member()) from error


def _damaged_member() -> str:
    return "A file of the ZIP archive cannot be unpacked. Copy it again, or unpack it yourself and drop the folder."


def studies_in(folder: Path) -> dict[str, Path]:
    """Studies that were copied into a folder, by the code of their case."""
    if not folder.is_dir():
        return {}
    found = (path for path in folder.glob(f"*{COPY_ENDING}") if path.is_dir() and not path.is_symlink())
    return {path.name.removesuffix(COPY_ENDING): path for path in sorted(found)}


def free_code(folder: Path, code: str) -> str:
    """A code that no study in a folder has yet: this one, or it with the next number.

    Examples
    --------
    >>> free_code(Path("nowhere"), "case1")
    'case1'
    """
    taken = studies_in(folder)
    stem = code.rstrip("0123456789")
    number = int(code[len(stem) :] or 1)
    while code in taken:
        number += 1
        code = f"{stem}{number}"
    return code


def _refuse_climbing(names: Sequence[str]) -> None:
    climbing = sum(climbs(name) for name in names)
    if climbing:
        raise FormatError(
            f"{climbing} of {len(names)} files have paths that climb out of their folder (absolute, or with '..'): such an "
            "archive is broken or hostile. Ask its sender for another export."
        )


def _refuse_too_much(sizes: Sequence[int], limits: IntakeLimits) -> None:
    if not sizes:
        raise FormatError(
            "There are no files in it. Drop the folder or the ZIP archive that the scanner or PACS exported."
        )
    total = sum(sizes)
    told = ""
    if len(sizes) > limits.files:
        told = f"{len(sizes)} files are more than the {limits.files} that are taken"
    elif total > limits.total_bytes:
        told = f"{total / _MIB:.0f} MiB are more than the {limits.total_bytes / _MIB:.0f} MiB that are taken"
    elif max(sizes) > limits.file_bytes:
        told = f"One file holds {max(sizes) / _MIB:.0f} MiB; {limits.file_bytes / _MIB:.0f} MiB are taken"
    elif min(sizes) < 0:
        told = "A file says that it holds fewer than 0 bytes"
    if told:
        raise FormatError(
            f"{told}. Give one examination, the sagittal series of the lumbar spine; or give its path instead."
        )


def refuse_full(folder: Path, wanted: int) -> None:
    """Refuse what the disk has no room for.

    Raises
    ------
    FormatError
        If less than `wanted` and 200 MiB are free.
    """
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise FormatError(_not_written(folder, error)) from error
    if free < wanted + _ROOM:
        raise FormatError(
            f"The disk of {folder} has {free / _MIB:.0f} MiB left; {(wanted + _ROOM) / _MIB:.0f} MiB are needed. Make room, or use "
            "another folder."
        )


def _not_written(folder: Path, error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk of {folder} is full. Nothing of the study was kept; make room and drop it again."
    return f"Nothing can be written to {folder} ({error.strerror}). Use a folder that you may write to."


def _is_rubbish(name: str) -> bool:
    *folders, last = name.replace("\\", "/").upper().split("/")
    return (
        last in SKIPPED_FILES
        or last.startswith("._")
        or bool(SKIPPED_FOLDERS.intersection(folders))
        or any(folder.startswith(".") and folder != "." for folder in folders)
    )


def _new_names(files: Sequence[tuple[int, str, int]]) -> dict[int, str]:
    """Numbers for names; what is called alike but for its ending, as a NIfTI file and its JSON, stays called alike."""
    stems: dict[str, int] = {}
    taken: set[str] = set()
    names = {}
    for number, name, _ in files:
        ending = next((e for e in sorted(_KEPT_ENDINGS, key=len, reverse=True) if name.lower().endswith(e)), "")
        stem = name[: len(name) - len(ending)] if ending else name
        new = f"{stems.setdefault(stem, len(stems) + 1):06d}{ending}"
        while new in taken:  # the same name twice in an archive
            new = f"{stems.setdefault(f'{stem}/{len(stems)}', len(stems) + 1):06d}{ending}"
        taken.add(new)
        names[number] = new
    return names
