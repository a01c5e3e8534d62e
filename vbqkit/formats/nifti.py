"""NIfTI-1 and NIfTI-2, read here: a damaged header must not reach a library that ends the process or never returns.

Where both a ``qform`` and an ``sform`` are given, the ``sform`` counts, as in nibabel and the tools built on it.

References
----------
NIfTI-1 Data Format, nifti.nimh.nih.gov/nifti-1; NIfTI-2, nifti.nimh.nih.gov/nifti-2.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from vbqkit.errors import FormatError
from vbqkit.image import FloatArray

_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_ONE, _TWO = 348, 540
_LARGEST_BYTES = 32 * 1024**3
_FORM_DISAGREES_MM = 0.1
_OTHER_UNITS = {1: "m", 3: "µm"}  # of lengths; 2 is mm, 0 unstated
_MOST_PACKED = 1100
"""Deflate makes data at most this many times smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NiftiHeader:
    """What the header of a NIfTI file says, checked.

    Attributes
    ----------
    size : tuple of 3 ints
        Of the stored axes, the slowest first.
    volumes : int
        In a 4-D file; else 1.
    affine : ndarray, shape (4, 4)
        Maps (i, j, k, 1), the fastest stored axis first, to LPS mm.
    oriented : bool
        Whether the header states an orientation at all.
    forms_apart_mm : float
        How far the qform puts a corner from where the sform puts it; 0 where there is only one of them.
    dtype : numpy dtype
        Of the stored values, with their byte order.
    slope, intercept : float
        Of the rescaling; 1 and 0 where the header has none.
    offset : int
        Byte at which the values start.
    data : Path
        The file with the values: the same one, or the ``.img`` of a pair.
    unit : str or None
        The unit of lengths that the header states, where that is not mm.
    """

    size: tuple[int, int, int]
    volumes: int
    affine: FloatArray
    oriented: bool
    forms_apart_mm: float
    dtype: np.dtype[Any]
    slope: float
    intercept: float
    offset: int
    data: Path
    unit: str | None = None


def is_nifti(path: Path) -> bool:
    """Whether a file holds NIfTI or ANALYZE by its first bytes, packed or not; a damaged one counts by its name."""
    try:
        with _opened(path) as file:
            start = file.read(4)
    except (OSError, EOFError, zlib.error):
        start = b""
    return start in (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c") or (
        path.name.lower().endswith((".nii", ".nii.gz", ".hdr"))
    )


def _opened(path: Path) -> BinaryIO:
    """The file, unpacked on the way where its content is gzip, whatever it is called."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path, "rb")) if packed else path.open("rb")


def read_nifti_header(path: Path, name: str) -> NiftiHeader:
    """Read and check the header of a NIfTI file.

    Raises
    ------
    FormatError
        If it is none, is ANALYZE 7.5, or describes no image of one real number per voxel.
    """
    try:
        with _opened(path) as file:
            raw = file.read(_TWO)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{name} cannot be read ({error}). Copy or convert it again.") from error
    order = next((o for o in "<>" if len(raw) >= 4 and struct.unpack(f"{o}i", raw[:4])[0] in (_ONE, _TWO)), None)
    if order is None or len(raw) < struct.unpack(f"{order}i", raw[:4])[0]:
        raise FormatError(
            f"{name} cannot be read: it is not a NIfTI file, or breaks off inside its header. Copy or convert it again."
        )
    two = struct.unpack(f"{order}i", raw[:4])[0] == _TWO
    magic = raw[4:8] if two else raw[344:348]
    if magic[:3] not in (b"n+1", b"ni1", b"n+2", b"ni2"):
        raise FormatError(
            f"{name} is an ANALYZE 7.5 header, which does not say where left and right are. Convert it to NIfTI (.nii.gz) "
            "from the original."
        )
    fields = _fields_two(raw, order) if two else _fields_one(raw, order)
    return _checked(fields, order, path, name, pair=magic[:2] == b"ni")


def _fields_one(raw: bytes, order: str) -> dict[str, Any]:
    def take(code: str, at: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + code, raw, at)

    return {
        "dim": take("8h", 40), "type": take("h", 70)[0], "pixdim": take("8f", 76), "offset": take("f", 108)[0],
        "unit": take("B", 123)[0], "scale": take("2f", 112), "codes": take("2h", 252), "quaternion": take("6f", 256),
        "rows": take("12f", 280),
    }  # fmt: skip


def _fields_two(raw: bytes, order: str) -> dict[str, Any]:
    def take(code: str, at: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + code, raw, at)

    return {
        "dim": take("8q", 16), "type": take("h", 12)[0], "pixdim": take("8d", 104), "offset": float(take("q", 168)[0]),
        "unit": take("i", 500)[0], "scale": take("2d", 176), "codes": take("2i", 344), "quaternion": take("6d", 352),
        "rows": take("12d", 400),
    }  # fmt: skip


def _checked(fields: dict[str, Any], order: str, path: Path, name: str, *, pair: bool) -> NiftiHeader:
    dim, code = fields["dim"], fields["type"]
    if code not in _TYPES:
        raise FormatError(
            f"{name} has the NIfTI data type {code}; one real number per voxel is needed. Convert it to a volume of "
            "magnitude images."
        )
    dtype = np.dtype(order + _TYPES[code])
    extra = [n for n in dim[5 : dim[0] + 1] if n != 1] if 1 <= dim[0] <= 7 else []
    if dim[0] not in (3, 4, 5, 6, 7) or extra or min(dim[1 : min(dim[0], 4) + 1]) < 1:
        raise FormatError(
            f"{name} is no 3-D or 4-D image: its sizes are {', '.join(map(str, dim[1:8]))}. Convert it to one volume."
        )
    size = (int(dim[3]), int(dim[2]), int(dim[1]))
    volumes = int(dim[4]) if dim[0] >= 4 else 1
    offset = float(fields["offset"])
    data = _values_of_pair(path, name) if pair else path
    needed = size[0] * size[1] * size[2] * volumes * dtype.itemsize
    room = data.stat().st_size * _MOST_PACKED
    if not 0 <= offset < 2**40 or needed > _LARGEST_BYTES or needed > room:
        raise FormatError(
            f"{name} describes {needed / 1024**2:.0f} MiB of values, more than the file can hold. Copy or convert it again."
        )
    affine, apart = _affine(fields, size, name)
    slope, intercept = (float(v) for v in fields["scale"])
    if not np.isfinite(slope) or slope == 0 or not np.isfinite(intercept):
        slope, intercept = 1.0, 0.0
    return NiftiHeader(
        size=size,
        volumes=volumes,
        affine=affine,
        oriented=max(fields["codes"]) > 0,
        forms_apart_mm=apart,
        dtype=dtype,
        slope=slope,
        intercept=intercept,
        offset=int(offset),
        data=data,
        unit=_OTHER_UNITS.get(fields["unit"] & 7),
    )


def _values_of_pair(path: Path, name: str) -> Path:
    stem = path.name.removesuffix(".gz").removesuffix(".hdr")
    for ending in (".img", ".img.gz"):
        beside = path.with_name(stem + ending)
        if beside.is_file():
            return beside
    raise FormatError(
        f"{name} is the header of a NIfTI pair, and its values ({stem}.img) are not beside it. Copy both."
    )


def _affine(fields: dict[str, Any], size: tuple[int, int, int], name: str) -> tuple[FloatArray, float]:
    """The affine in LPS, and how far qform and sform are apart."""
    numbers = np.array([*fields["pixdim"][:4], *fields["quaternion"], *fields["rows"]], dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise FormatError(f"{name} has an orientation that is not a number. Convert it again from the original.")
    qform_code, sform_code = fields["codes"]
    spacing = np.abs(np.array(fields["pixdim"][1:4], dtype=np.float64))
    spacing[spacing == 0] = 1.0
    by_sform = np.vstack([np.array(fields["rows"], dtype=np.float64).reshape(3, 4), [0, 0, 0, 1]])
    by_qform = _from_quaternion(fields["quaternion"], spacing, fields["pixdim"][0])
    if sform_code > 0:
        affine = by_sform
    elif qform_code > 0:
        affine = by_qform
    else:
        affine = np.diag([*spacing, 1.0])
    if abs(np.linalg.det(affine[:3, :3])) < 1e-12 or np.linalg.norm(affine[:3, :3]) > 1e6:
        raise FormatError(f"{name} has axes that point the same way, or a spacing of 0. Convert it again.")
    corners = np.array([[i, j, k, 1] for k in (0, size[0] - 1) for j in (0, size[1] - 1) for i in (0, size[2] - 1)])
    both = sform_code > 0 and qform_code > 0
    apart = float(np.linalg.norm((corners @ (by_sform - by_qform).T)[:, :3], axis=1).max()) if both else 0.0
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    return lps, apart if apart > _FORM_DISAGREES_MM else 0.0


def _from_quaternion(values: tuple[float, ...], spacing: FloatArray, handedness: float) -> FloatArray:
    b, c, d = (float(v) for v in values[:3])
    a = float(np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d))))
    length = np.sqrt(a * a + b * b + c * c + d * d)
    a, b, c, d = (v / length for v in (a, b, c, d))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * (spacing * np.array([1.0, 1.0, -1.0 if handedness < 0 else 1.0]))
    affine[:3, 3] = values[3:6]
    return affine


def read_nifti_values(header: NiftiHeader, number: int, name: str) -> npt.NDArray[Any]:
    """The values of one volume, rescaled; shape as ``header.size``.

    Raises
    ------
    FormatError
        If the file breaks off or is damaged.
    """
    count = header.size[0] * header.size[1] * header.size[2]
    needed = count * header.dtype.itemsize
    values = np.empty(count, dtype=header.dtype)
    try:
        with _opened(header.data) as file:
            file.seek(header.offset + number * needed)
            got = file.readinto(values.view(np.uint8).data)  # type: ignore[attr-defined] # every binary file has it
            while 0 < got < needed:
                more = file.readinto(values.view(np.uint8)[got:].data)  # type: ignore[attr-defined]
                if not more:
                    break
                got += more
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise FormatError(f"{name} breaks off or is damaged ({error}). Copy or convert it again.") from error
    if got != needed:
        raise FormatError(f"{name} breaks off: {got} of {needed} bytes of values. Copy or convert it again.")
    stored = values.reshape(header.size).astype(header.dtype.newbyteorder("="), copy=False)
    if (header.slope, header.intercept) == (1.0, 0.0):
        return stored
    wide = np.float64 if stored.dtype.itemsize > 2 and stored.dtype != np.float32 else np.float32
    rescaled: npt.NDArray[Any] = (stored * header.slope + header.intercept).astype(wide)
    return rescaled
