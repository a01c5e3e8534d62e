"""The members of a small ZIP archive that are whole, also where the archive is cut off or damaged."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vbqkit.errors import FormatError

MAX_BYTES = 256 * 1024**2
"""An archive of ROIs that would unpack to more than this (256 MiB) is refused."""

_LOCAL = struct.Struct("<4s5H3L2H")  # the header in front of each member
_STORED, _DEFLATED = 0, 8


@dataclass(frozen=True, slots=True)
class Members:
    """What could be read of an archive.

    Attributes
    ----------
    whole : tuple of (str, bytes)
        Name and content, in the order of the archive.
    damaged : tuple of str
        Names (or places) of members that could not be read.
    cut_off : bool
        Whether its table of contents is lost, so that nothing tells how many members there were.
    """

    whole: tuple[tuple[str, bytes], ...]
    damaged: tuple[str, ...]
    cut_off: bool = False


def read_members(path: Path) -> Members:
    """Every member that is whole; where the table of contents is lost, as they lie in the file.

    Raises
    ------
    FormatError
        If the file cannot be opened or unpacks to too much.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be opened: {error.strerror}. Check that you may read it.") from error
    whole: list[tuple[str, bytes]] = []
    damaged: list[str] = []
    room = MAX_BYTES
    members, cut_off = _members(content)
    for name, data in members:
        if data is None:
            damaged.append(name)
            continue
        room -= len(data)
        if room < 0:
            raise FormatError(f"{path} unpacks to more than {MAX_BYTES // 1024**2} MiB: it is no archive of ROIs.")
        whole.append((name, data))
    return Members(tuple(whole), tuple(damaged), cut_off)


def _members(content: bytes) -> tuple[Iterator[tuple[str, bytes | None]], bool]:
    """The members, and whether they had to be found without a table of contents."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except Exception:  # a damaged table of contents meets many of the library's assumptions
        return _scanned(content), True
    return _listed(archive), False


def _listed(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes | None]]:
    with archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, unpacked(archive, info)


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """The content of a member, at most :data:`MAX_BYTES` of it; None if it is damaged, locked or packed unusually."""
    try:
        with archive.open(info) as file:
            return file.read(MAX_BYTES + 1)
    except Exception:  # each method of packing has exceptions of its own, such as lzma.LZMAError
        return None


def _scanned(content: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Members by the headers in front of them, for an archive that breaks off before its table of contents."""
    place = content.find(b"PK\x03\x04")
    while place >= 0:
        following = content.find(b"PK\x03\x04", place + 4)
        head = content[place : place + _LOCAL.size]
        if len(head) < _LOCAL.size:
            yield f"the member at byte {place}", None
            return
        _, _, flags, method, _, _, checksum, packed, _, name_length, extra_length = _LOCAL.unpack(head)
        start = place + _LOCAL.size + name_length + extra_length
        name = content[place + _LOCAL.size :][:name_length].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        data = content[start : following if following >= 0 else len(content)]
        yield name or f"the member at byte {place}", _inflated(data, method, flags, packed, checksum)
        place = following


def _inflated(data: bytes, method: int, flags: int, packed: int, checksum: int) -> bytes | None:
    sized = not flags & 0x8  # else size and checksum follow the data
    if flags & 0x1 or (sized and len(data) < packed):
        return None
    try:
        if method == _STORED and sized:
            result = data[:packed]
        elif method == _DEFLATED:
            unpacker = zlib.decompressobj(-15)
            result = unpacker.decompress(data[:packed] if sized else data, MAX_BYTES)
            if not unpacker.eof:
                return None
            if not sized:
                tail = unpacker.unused_data.removeprefix(b"PK\x07\x08")
                checksum = int.from_bytes(tail[:4], "little")
        else:
            return None
    except zlib.error:
        return None
    return result if zlib.crc32(result) == checksum else None
