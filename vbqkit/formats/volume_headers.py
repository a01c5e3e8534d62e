"""The text headers of MHA/MHD and NRRD/NHDR, checked before a library sees them.

The library that reads these formats ends the process, loops or asks for terabytes on some damaged headers, and follows
a data file wherever a header points. What is impossible, or leaves the folder, is refused here.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from vbqkit.errors import FormatError, shown

_LONGEST_LINE = 1024
_LONGEST_HEADER = 64 * 1024
_MOST_CHANNELS = 9
_MOST_VALUES = 2**33
_MOST_PACKED = 1100  # as in formats.nifti
_MHA_BYTES = {
    "MET_CHAR": 1, "MET_UCHAR": 1, "MET_SHORT": 2, "MET_USHORT": 2, "MET_INT": 4, "MET_UINT": 4, "MET_LONG": 4,
    "MET_ULONG": 4, "MET_LONG_LONG": 8, "MET_ULONG_LONG": 8, "MET_FLOAT": 4, "MET_DOUBLE": 8,
}  # fmt: skip
_NRRD_TYPES = re.compile(
    r"(signed |unsigned )?(char|short|short int|int|long long|long long int)|u?int(8|16|32|64)(_t)?|uchar|ushort|uint|"
    r"longlong|ulonglong|float|double"
)
_NRRD_ENCODINGS = {"raw", "gzip", "gz", "bzip2", "bz2", "txt", "text", "ascii", "hex"}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def check_text_header(path: Path, name: str) -> None:
    """Check the header of an MHA, MHD, NRRD or NHDR file.

    Raises
    ------
    FormatError
        If it is too long, lacks what is needed, holds what is not a number, describes more than the file can hold, or
        names a data file outside its folder.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_HEADER)
    except OSError as error:
        raise FormatError(f"{name} cannot be opened: {error.strerror}. Check that you may read it.") from error
    if start.startswith(b"NRRD"):
        _check_nrrd(_nrrd_fields(start, name), path, name)
    else:
        _check_mha(_mha_fields(start, name), path, name)


def _bad(name: str, what: str) -> FormatError:
    return FormatError(f"{name} cannot be read: its header {what}. Copy or convert it again.")


def _lines(start: bytes, name: str, *, ends: str) -> list[str]:
    """Lines of the header, to the one that matches `ends`."""
    lines: list[str] = []
    for raw in start.split(b"\n"):
        line = raw.rstrip(b"\r").decode("latin-1")
        if len(line) > _LONGEST_LINE:
            raise _bad(name, f"has a line of more than {_LONGEST_LINE} letters")
        lines.append(line)
        if re.match(ends, line):
            return lines
    raise _bad(name, "has no end")


def _mha_fields(start: bytes, name: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _lines(start, name, ends=r"\s*ElementDataFile\s*="):
        key, equals, value = line.partition("=")
        if not equals and line.strip():
            raise _bad(name, f"holds a line without '=' ({shown(line, 32)!r})")
        fields[key.strip().lower()] = value.strip()
    return fields


def _nrrd_fields(start: bytes, name: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in _lines(start, name, ends=r"$")[1:]:
        key, colon, value = line.partition(":")
        if line.startswith("#") or not line or value.startswith("="):
            continue
        if not colon:
            raise _bad(name, f"holds a line without ':' ({shown(line, 32)!r})")
        name_of = key.strip().lower().replace("datafile", "data file")
        if name_of == "data file" and name_of in fields:
            raise _bad(name, "names two data files")
        fields[name_of] = value.strip()
        if name_of == "data file" and value.strip().upper().startswith("LIST"):
            break  # names of files follow
    return fields


def _numbers(fields: dict[str, str], key: str, name: str, *, whole: bool = False) -> list[float]:
    """Numbers of a field; vectors such as ``(1,0,0)`` and ``none`` are allowed."""
    parts = [part for part in re.split(r"[\s,()]+", fields.get(key, "")) if part and part.lower() != "none"]
    for part in parts:
        if not _NUMBER.fullmatch(part) or (whole and not re.fullmatch(r"-?\d+", part)) or len(part) > 32:
            raise _bad(name, f"has '{key}: {shown(fields[key], 32)}', which is not made of numbers")
    values = [float(part) for part in parts]
    if any(not math.isfinite(value) or abs(value) > 1e15 for value in values):
        raise _bad(name, f"has '{key}: {shown(fields[key], 32)}', which is out of any range")
    return values


def _one_dimension(fields: dict[str, str], key: str, name: str) -> int:
    values = _numbers(fields, key, name, whole=True)
    if len(values) != 1 or not 2 <= values[0] <= 4:
        raise _bad(name, f"has '{key}: {shown(fields.get(key, 'nothing'), 32)}'; 3 or 4 dimensions are read")
    return int(values[0])


def _check_sizes(sizes: list[float], dimension: int, name: str) -> int:
    if len(sizes) != dimension or min(sizes) < 1 or math.prod(sizes) > _MOST_VALUES:
        raise _bad(
            name, f"has the sizes {' x '.join(f'{n:.0f}' for n in sizes) or 'missing'} in {dimension} dimensions"
        )
    return int(math.prod(sizes))


def _check_length(key: str, count: int, allowed: tuple[int, ...], name: str) -> None:
    if count and count not in allowed:
        raise _bad(name, f"has {count} numbers in '{key}'")


def _check_room(values: int, size: int, data: Path, name: str, *, packed: bool) -> None:
    there = data.stat().st_size
    if values * size > there * (_MOST_PACKED if packed else 1):
        raise _bad(name, f"describes {values * size} bytes of values, more than the file can hold ({there})")


def _data_file(value: str, path: Path, name: str) -> Path:
    """The file beside the header that a header names; nothing outside its folder, no lists, no patterns."""
    plain = value.strip().strip('"')
    if plain.upper().startswith("LIST") or "%" in plain or not plain:
        raise _bad(name, "spreads its values over several files, which is not read here")
    if re.search(r"[/\\:]|^\.\.?$|\x00", plain.removeprefix("./")):
        raise FormatError(
            f"{name} names the data file {shown(plain)!r}, which is not in its own folder: such a header is broken or hostile. "
            "Put both files into one folder and name the data file without a path."
        )
    beside = path.with_name(plain.removeprefix("./"))
    if not beside.is_file() or beside.resolve().parent != path.resolve().parent:
        raise FormatError(f"{name} names the data file {shown(plain)!r}, which is not beside it. Copy both files.")
    return beside


def _check_mha(fields: dict[str, str], path: Path, name: str) -> None:
    dimension = _one_dimension(fields, "ndims", name)
    values = _check_sizes(_numbers(fields, "dimsize", name, whole=True), dimension, name)
    kind = fields.get("elementtype", "")
    if kind not in _MHA_BYTES:
        raise _bad(name, f"has the element type {shown(kind, 24)!r}; one real number per voxel is needed")
    channels = _numbers(fields, "elementnumberofchannels", name, whole=True) or [1.0]
    if len(channels) != 1 or not 1 <= channels[0] <= _MOST_CHANNELS:
        raise _bad(name, f"has '{shown(fields['elementnumberofchannels'], 16)}' values per voxel")
    for key in ("elementspacing", "elementsize"):
        spacing = _numbers(fields, key, name)
        _check_length(key, len(spacing), (dimension,), name)
        if spacing and min(spacing) <= 0:
            raise _bad(name, f"has '{key}: {shown(fields[key], 32)}'; every spacing must be above 0")
    for key in ("transformmatrix", "rotation", "orientation"):
        _check_length(key, len(_numbers(fields, key, name)), (dimension**2,), name)
    for key in ("offset", "position", "origin", "centerofrotation"):
        _check_length(key, len(_numbers(fields, key, name)), (dimension,), name)
    for key in ("headersize", "compresseddatasize", "compressionlevel"):
        if len(number := _numbers(fields, key, name, whole=True)) > 1 or (number and number[0] < -1):
            raise _bad(name, f"has '{key}: {shown(fields[key], 32)}'")
    target = fields["elementdatafile"]
    data = path if target.upper() == "LOCAL" else _data_file(target, path, name)
    packed = fields.get("compresseddata", "false").lower() in ("true", "1")
    _check_room(values, int(channels[0]) * _MHA_BYTES[kind], data, name, packed=packed)


def _check_nrrd(fields: dict[str, str], path: Path, name: str) -> None:
    dimension = _one_dimension(fields, "dimension", name)
    values = _check_sizes(_numbers(fields, "sizes", name, whole=True), dimension, name)
    kind = fields.get("type", "").lower()
    if not _NRRD_TYPES.fullmatch(kind):
        raise _bad(name, f"has the type {shown(kind, 24)!r}; one real number per voxel is needed")
    encoding = fields.get("encoding", "").lower()
    if encoding not in _NRRD_ENCODINGS:
        raise _bad(name, f"has the encoding {shown(encoding, 24)!r}")
    space = len(_numbers(fields, "space origin", name)) or 3
    directions = _numbers(fields, "space directions", name)
    _check_length("space directions", len(directions), (space * dimension, space * (dimension - 1)), name)
    _check_length("space origin", len(_numbers(fields, "space origin", name)), (2, 3, 4), name)
    for key in ("spacings", "thicknesses", "axis mins", "axis maxs", "axismins", "axismaxs"):
        finite = {k: re.sub(r"(?i)\bnan\b", "none", v) for k, v in fields.items()}
        if len(_numbers(finite, key, name)) > dimension:
            raise _bad(name, f"has too many numbers in '{key}'")
    _numbers(fields, "measurement frame", name)
    for key in ("line skip", "lineskip", "byte skip", "byteskip"):
        if len(number := _numbers(fields, key, name, whole=True)) > 1 or (number and number[0] < -1):
            raise _bad(name, f"has '{key}: {shown(fields[key], 32)}'")
    target = fields.get("data file")
    data = path if target is None else _data_file(target, path, name)
    size = 1 if encoding in ("txt", "text", "ascii") else _nrrd_bytes(kind)
    _check_room(values, size, data, name, packed=encoding not in ("raw", "txt", "text", "ascii", "hex"))


def _nrrd_bytes(kind: str) -> int:
    if "char" in kind or kind.startswith(("int8", "uint8")):
        return 1
    if "short" in kind or "16" in kind:
        return 2
    return 8 if "long" in kind or "64" in kind or kind == "double" else 4
