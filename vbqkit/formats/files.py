"""Where the files are: a folder, an archive, a DICOMDIR or one file.

Nothing is ever unpacked beside the data.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from vbqkit.errors import Caution, FormatError, kind_of, shown

MAX_UNPACKED_BYTES = 4 * 1024**3
"""A ZIP archive that would unpack to more than this (4 GiB) is refused, unless the caller states a higher limit."""

Open = Callable[["Entry"], BinaryIO]

_MOST_NAMED = 5
SKIPPED_FILES = {
    "DICOMDIR", "THUMBS.DB", "DESKTOP.INI", ".DS_STORE", ".LOCALIZED", ".DIRECTORY", ".GITKEEP", ".KEEP", ".NOMEDIA",
}  # fmt: skip
"""Tables of contents and what file managers leave behind: no image is ever called so."""
SKIPPED_FOLDERS = {
    "__MACOSX", ".APPLEDOUBLE", ".SPOTLIGHT-V100", ".TRASHES", ".FSEVENTSD", ".TEMPORARYITEMS",
    ".DOCUMENTREVISIONS-V100", "$RECYCLE.BIN", "SYSTEM VOLUME INFORMATION", ".GIT", ".IPYNB_CHECKPOINTS",
}  # fmt: skip
"""Folders in which operating systems and programs keep their own things."""
_APPLEDOUBLE = (b"\x00\x05\x16\x07", b"\x00\x05\x16\x00")
"""How the companion files of macOS begin, which it writes beside every file as ``._NAME`` (RFC 1740)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: a path on disk, or a member of an archive.

    Attributes
    ----------
    name : str
        As messages show it: the path, or ``archive.zip:member``.
    path : Path
        The file, or the archive.
    member : str or None
        Name inside the archive.
    size : int
        Bytes, unpacked.
    """

    name: str
    path: Path
    member: str | None = None
    size: int = 0

    def ends_with(self, *suffixes: str) -> bool:
        """Whether the name ends with one of `suffixes` (in lower case), in any case."""
        return self.name.lower().endswith(suffixes)


@dataclass(frozen=True, slots=True)
class Files:
    """Files on disk."""

    entries: tuple[Entry, ...]
    cautions: tuple[Caution, ...] = ()

    @contextmanager
    def opened(self) -> Iterator[Open]:
        """Open each file when asked."""
        yield _open_on_disk


def _open_on_disk(entry: Entry) -> BinaryIO:
    try:
        return entry.path.open("rb")
    except OSError as error:
        raise FormatError(
            f"{entry.name} cannot be opened: {error.strerror}. Check that it is still there and that you may read it."
        ) from error


@dataclass(frozen=True, slots=True)
class Archive:
    """Members of a ZIP archive, read in memory one at a time."""

    path: Path
    entries: tuple[Entry, ...]
    cautions: tuple[Caution, ...] = field(default=())

    @contextmanager
    def opened(self) -> Iterator[Open]:
        """Open the archive once for all members."""
        try:
            opened = zipfile.ZipFile(self.path)
        except Exception as error:  # as in _archive: it may have changed since it was listed
            raise FormatError(
                f"The ZIP archive {self.path} cannot be opened: {shown(error)}. Copy it again."
            ) from error
        with opened as archive:

            def open_member(entry: Entry) -> BinaryIO:
                try:
                    return io.BytesIO(archive.read(str(entry.member)))
                except Exception as error:  # each method of packing has errors of its own: zlib.error, LZMAError ...
                    raise FormatError(
                        f"{entry.name} cannot be unpacked: {shown(error)}. Pack the archive again without a password, with the "
                        "usual 'deflate' method, or give the unpacked folder."
                    ) from error

            yield open_member


Place = Files | Archive
"""A place that files are read from."""


def user_path(path: str | os.PathLike[str]) -> Path:
    """A path as the user gave it, with ``~`` replaced by the home folder.

    Raises
    ------
    FormatError
        If it is no path, is empty, as a variable that was never set, or names the home folder of a user who is not
        known here.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise FormatError(
            f"A path is text or a Path; got {kind_of(path)}. Give the file or folder, such as 'my_case/'."
        )
    if not str(path).strip():
        raise FormatError("The path is empty. Give the file or folder; the present folder is '.'.")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise FormatError(
            f"{path} starts at a home folder that is not known ({error}). Give the whole path."
        ) from error


def what_is_at(place: Path) -> os.stat_result | None:
    """What lies at a path; None if nothing does.

    From Python 3.14 on ``Path.is_dir`` says no, and not why, of a name that is impossible or may not be looked at.

    Raises
    ------
    OSError
        If the name is impossible, or may not be looked at.
    ValueError
        If there is a null character in it.
    """
    try:
        return place.stat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP}:
            return None
        raise


def readable_path(path: str | os.PathLike[str]) -> Path:
    """As :func:`user_path`, for a file that must be there.

    Raises
    ------
    FormatError
        If no file is there, or the name is impossible.
    """
    place = user_path(path)
    try:
        there = what_is_at(place)
        if there is not None and stat.S_ISREG(there.st_mode):
            return place
        is_folder = there is not None and stat.S_ISDIR(there.st_mode)
        what = "a folder; the file itself is needed" if is_folder else "not there"
    except (OSError, ValueError) as error:
        what = f"no possible name ({getattr(error, 'strerror', None) or error})"
    raise FormatError(
        f"{str(place)[:200]} cannot be read: it is {what}. Check the path; relative paths start at {Path.cwd()}."
    )


def find_files(path: str | os.PathLike[str], *, max_unpacked_bytes: int = MAX_UNPACKED_BYTES) -> Place:
    """The files behind a path: a folder (with its subfolders), a ZIP archive, or one file.

    Parameters
    ----------
    path : path-like
        Folder, ZIP archive or file. A DICOMDIR is a file too: see ``vbqkit.formats.dicomdir``.
    max_unpacked_bytes : int
        Limit on the unpacked size of an archive.

    Raises
    ------
    FormatError
        If nothing is there, the folder is empty, or the archive is damaged, locked or too large.
    """
    place = user_path(path)
    try:
        there = what_is_at(place)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(
            f"{shown(place, 200)} cannot be read: it is no possible name ({why}). Check the path."
        ) from error
    if there is not None and stat.S_ISDIR(there.st_mode):
        passed: list[tuple[str, str]] = []
        hidden: list[str] = []
        entries = tuple(_walk(place, passed, hidden))
        cautions = tuple(_passed_over(passed, entries, hidden))
        if not entries:
            because = f" ({cautions[0].message})" if cautions else ""
            raise FormatError(
                f"The folder {place} holds no files{because}. Give the folder that the scanner or PACS exported."
            )
        return Files(entries, cautions)
    if there is None:
        raise FormatError(f"There is nothing at {place}. Check the path; relative paths start at {Path.cwd()}.")
    if not stat.S_ISREG(there.st_mode):
        raise FormatError(f"{place} is neither a file nor a folder. Give a file, a folder or a ZIP archive.")
    if _is_zip(place):
        return _archive(place, max_unpacked_bytes)
    return Files((Entry(str(place), place, size=place.stat().st_size),))


_PACKED = (".zip", ".gz", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".iso")


def _passed_over(
    links: list[tuple[str, str]], entries: Sequence[Entry], hidden: Sequence[str] = ()
) -> Iterator[Caution]:
    """What a folder holds and is not read: linked and hidden folders, files packed in others, empty files."""
    if hidden:
        yield Caution(
            "hidden-folder",
            f"{len(hidden)} folders whose names begin with a dot were not opened, the first is {hidden[0]}. Give that folder "
            "if it belongs here.",
        )
    special = [path for path, target in links if not target]
    if special:
        yield Caution(
            "special-file",
            f"{len(special)} entries are pipes, sockets or devices and were not opened, the first is {special[0]}.",
        )
    for path, target in [link for link in links if link[1]][:_MOST_NAMED]:
        yield Caution(
            "linked-folder",
            f"{path} is a link to the folder {target} and was not followed. Give that folder if it belongs here.",
        )
    packed = [e.name for e in entries if e.ends_with(*_PACKED) and not e.ends_with(".nii.gz")]
    if packed:
        yield Caution(
            "packed-file",
            f"{len(packed)} packed files were not opened, the first is {packed[0]}. Unpack them, or give a ZIP archive alone.",
        )
    empty = [entry.name for entry in entries if entry.size == 0]
    if empty:
        yield Caution(
            "empty-file",
            f"{len(empty)} files are empty, the first is {empty[0]}: a copy broke off. Copy or export them again.",
        )


def _walk(folder: Path, links: list[tuple[str, str]], hidden: list[str]) -> Iterator[Entry]:
    """Files below a folder; linked folders, which are not followed, are added to `links` with their targets.

    So are pipes, sockets and devices, without a target: to open a pipe would wait for ever. Folders whose names begin
    with a dot are added to `hidden`: what programs keep there is not the study, and what a user hid there is named.
    """
    for root, folders, names in os.walk(folder):
        kept = [name for name in folders if name.upper() not in SKIPPED_FOLDERS]
        hidden += [os.path.join(root, name) for name in sorted(kept) if name.startswith(".")]  # noqa: PTH118 - as below
        folders[:] = sorted(name for name in kept if not name.startswith("."))
        for name in folders:
            full = os.path.join(root, name)  # noqa: PTH118 - as below
            if os.path.islink(full):  # noqa: PTH114 - as below
                links.append((full, os.path.realpath(full)))
        for name in sorted(names):
            if name.upper() in SKIPPED_FILES:
                continue
            full = os.path.join(root, name)  # noqa: PTH118 - Path objects would double the time of a long listing
            size = _size(full)
            if size is None:
                links.append((full, ""))
            elif not (name.startswith("._") and _is_companion(Path(full).open, "rb")):
                yield Entry(full, Path(full), size=size)


def _is_companion(opened: Callable[[str], IO[bytes]], mode: str) -> bool:
    """Whether a file holds what macOS keeps beside another: its icon and attributes, never its content."""
    try:
        with opened(mode) as file:
            return file.read(4) in _APPLEDOUBLE
    except Exception:  # what cannot be read stays listed, so that its reading says why
        return False


def _size(path: str) -> int | None:
    """Bytes of a file; None of what is no file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
        return status.st_size if stat.S_ISREG(status.st_mode) else None
    except OSError:  # a dangling link: opening it gives the message
        return -1


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        raise FormatError(f"{path} cannot be opened: {error.strerror}. Check that you may read it.") from error


def _archive(path: Path, max_unpacked_bytes: int) -> Archive:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir() and not _is_rubbish(archive, info)]
    except Exception as error:  # a damaged table of contents meets many of the library's assumptions
        raise FormatError(
            f"The ZIP archive {path} is damaged: {error}. Copy it again, or give the unpacked folder."
        ) from error
    total = sum(info.file_size for info in members)
    if total > max_unpacked_bytes:
        raise FormatError(
            f"The ZIP archive {path} unpacks to {total / 1024**2:.0f} MiB; the limit is {max_unpacked_bytes / 1024**2:.0f} MiB. "
            "If you trust it, unpack it yourself and give the folder, or state max_unpacked_bytes."
        )
    locked = [info for info in members if info.flag_bits & 0x1]
    if locked:
        raise FormatError(
            f"The ZIP archive {path} is locked with a password ({len(locked)} of {len(members)} files). Unpack it "
            "yourself and give the folder."
        )
    climbing = [info.filename for info in members if climbs(info.filename)]
    inside = [info for info in sorted(members, key=lambda info: info.filename) if not climbs(info.filename)]
    hidden = dict.fromkeys(folder for info in inside if (folder := _hidden_folder(info.filename)))
    entries = tuple(
        Entry(f"{path}:{info.filename}", path, info.filename, info.file_size)
        for info in inside
        if not _hidden_folder(info.filename)
    )
    cautions: tuple[Caution, ...] = (_climbing_caution(path, climbing),) if climbing else ()
    cautions += tuple(_passed_over([], entries, [f"{path}:{folder}" for folder in hidden]))
    if not entries:
        because = f" ({cautions[0].message})" if cautions else ""
        raise FormatError(
            f"The ZIP archive {path} holds no files{because}. Give the archive of a scanner's or PACS's export."
        )
    return Archive(path, entries, cautions)


def _is_rubbish(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    *folders, name = info.filename.upper().split("/")
    if name in SKIPPED_FILES or SKIPPED_FOLDERS.intersection(folders):
        return True
    return name.startswith("._") and not info.flag_bits & 0x1 and _is_companion(partial(archive.open, info), "r")


def _hidden_folder(member: str) -> str | None:
    """The first folder on the way to a member whose name begins with a dot."""
    folders = member.split("/")[:-1]
    for k, name in enumerate(folders, start=1):
        if name.startswith(".") and name not in (".", ".."):
            return "/".join(folders[:k])
    return None


def _climbing_caution(path: Path, names: list[str]) -> Caution:
    return Caution(
        "zip-path",
        f"{len(names)} entries of {path} have paths that climb out of the archive (such as '{names[0]}') and were left "
        "out: such an archive is broken or hostile. Ask its sender for another export.",
    )


def climbs(name: str) -> bool:
    r"""Whether a relative path would leave its folder: absolute, with a drive letter, or with ``..``.

    Examples
    --------
    >>> climbs("../evil.dcm"), climbs("a/b.dcm"), climbs(r"C:\x.dcm")
    (True, False, True)
    """
    plain = name.replace("\\", "/")
    return plain.startswith("/") or bool(re.match(r"[A-Za-z]:", plain)) or ".." in plain.split("/")
