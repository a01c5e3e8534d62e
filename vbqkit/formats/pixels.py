"""DICOM pixel data: stored values of single frames, uncompressed or through a decoder."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import UID

from vbqkit.errors import FormatError, shown
from vbqkit.formats.files import Entry, Open
from vbqkit.formats.headers import BIG_ENDIAN, DEFLATED, DOUBLE_TAG, FLOAT_TAG, Frame, Header
from vbqkit.formats.jpeg_lossless import stream_fault
from vbqkit.formats.jpeg_ls import header_fault
from vbqkit.formats.tags import integer, tag_text, word
from vbqkit.protocol_words import safe_codes

PIXEL_DATA = "PixelData (7fe0,0010)"
_NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", BIG_ENDIAN, ""}
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_UNDEFINED = 0xFFFFFFFF
_JPEG_LS = {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"}
_JPEG_LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}
_PLUGINS = {  # where there is a choice: the decoder that reports damaged streams; GDCM ends the process on some
    "1.2.840.10008.1.2.4.80": "pyjpegls",
    "1.2.840.10008.1.2.4.81": "pyjpegls",
    "1.2.840.10008.1.2.4.90": "pylibjpeg",
    "1.2.840.10008.1.2.4.91": "pylibjpeg",
}


def check_pixels(header: Header) -> str | None:
    """Why the pixels of a file cannot be signal, from its header alone; None if nothing speaks against them."""
    dataset, name = header.dataset, header.entry.name
    if (integer(dataset, "SamplesPerPixel") or 1) != 1 or photometric(header) in _COLOURS:
        return (
            f"{name} is a colour picture ({tag_text('PhotometricInterpretation')} is "
            f"{safe_codes((word(dataset, 'PhotometricInterpretation') or '',))}), not an image of signal. Choose another series."
        )
    wrong = _wrong_bits(header)
    if wrong is not None:
        return wrong
    if min(integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0) < 1:
        return f"{name} has no {tag_text('Rows')} or {tag_text('Columns')}. Export the series again."
    if header.transfer_syntax == _JPEG_EXTENDED and (integer(dataset, "BitsStored") or 16) > 8:
        return (
            f"{name} is compressed as 12-bit JPEG extended (TransferSyntaxUID (0002,0010) {_JPEG_EXTENDED}), which no free "
            "decoder reads. Ask for the series uncompressed or in a lossless syntax (JPEG lossless, JPEG-LS, JPEG 2000, RLE)."
        )
    if header.transfer_syntax in _NATIVE and header.pixel_offset is not None:
        frames = integer(dataset, "NumberOfFrames") or 1
        needed = (integer(dataset, "BitsAllocated") or 16) // 8 * frames
        needed *= (integer(dataset, "Rows") or 0) * (integer(dataset, "Columns") or 0)
        there = header.entry.size - header.pixel_offset - (8 if dataset.original_encoding[0] else 12)
        if there < needed:
            return _too_short(header.entry, max(0, there), needed)
    return None


def _wrong_bits(header: Header) -> str | None:
    dataset, name = header.dataset, header.entry.name
    floats = _FLOATS.get(header.pixel_tag)
    if floats is not None:
        if header.transfer_syntax not in _NATIVE:
            return f"{name} has compressed pixels of the type float, which no decoder reads. Export the series uncompressed."
        if integer(dataset, "BitsAllocated") != 8 * floats.itemsize:
            return (
                f"{name} has {tag_text('BitsAllocated')} {integer(dataset, 'BitsAllocated')} for pixels of "
                f"{8 * floats.itemsize} bits. Export the series again."
            )
    elif integer(dataset, "BitsAllocated") not in (8, 16, 32):
        return (
            f"{name} has {tag_text('BitsAllocated')} {integer(dataset, 'BitsAllocated')}; 8, 16 or 32 can be read. Export "
            "the series again."
        )
    if floats is None and not 1 <= (integer(dataset, "BitsStored") or 1) <= (integer(dataset, "BitsAllocated") or 0):
        return (
            f"{name} has {tag_text('BitsStored')} {integer(dataset, 'BitsStored')}, more than it has room for "
            f"({integer(dataset, 'BitsAllocated')} bits). Export the series again."
        )
    return None


_FLOATS: dict[int, np.dtype[Any]] = {FLOAT_TAG: np.dtype("<f4"), DOUBLE_TAG: np.dtype("<f8")}
_COLOURS = {"RGB", "PALETTE COLOR", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420"}


def photometric(header: Header) -> str:
    """PhotometricInterpretation in capitals, whatever the file has."""
    return (word(header.dataset, "PhotometricInterpretation") or "").upper()


def is_native(header: Header) -> bool:
    """Whether pixels are stored as they are, uncompressed."""
    return header.transfer_syntax in _NATIVE


def holds_floats(header: Header) -> bool:
    """Whether the pixels are floating-point numbers."""
    return header.pixel_tag in _FLOATS


def stored_range(header: Header) -> tuple[int, int]:
    """Smallest and largest whole number that the file could hold before rescaling."""
    bits = integer(header.dataset, "BitsStored") or integer(header.dataset, "BitsAllocated") or 16
    if integer(header.dataset, "PixelRepresentation"):
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Pixels as they were stored.

    Attributes
    ----------
    values : ndarray, shape (frames, rows, cols)
        Before rescaling. Where the smallest value is white (MONOCHROME1), turned round, so that signal is bright.
    turned : bool
        Whether they were.
    cut : bool
        Whether values needed more bits than BitsStored says, with no overlay that explains it.
    """

    values: npt.NDArray[Any]
    turned: bool
    cut: bool


def read_stored(frames: Sequence[Frame], open_entry: Open) -> Stored:
    """Stored values of frames of one size, in the order given.

    The headers must have passed :func:`check_pixels`.

    Raises
    ------
    FormatError
        Naming the file, if its pixel data is missing, breaks off, or cannot be decoded.
    """
    header = frames[0].header
    rows, cols = integer(header.dataset, "Rows") or 0, integer(header.dataset, "Columns") or 0
    result: npt.NDArray[Any] | None = None
    turned = cut = False
    by_file: dict[int, list[int]] = {}
    for place, frame in enumerate(frames):
        by_file.setdefault(id(frame.header), []).append(place)
    for places in by_file.values():
        header = frames[places[0]].header
        numbers = [frames[place].number for place in places]
        values, masked = _read_file(header, numbers, open_entry)
        cut |= masked and not any(integer(header.dataset, f"OverlayRows{k}") is not None for k in range(4))
        if photometric(header) == "MONOCHROME1":
            values, turned = _turned(values, header), True
        if result is None:
            result = np.empty((len(frames), rows, cols), dtype=values.dtype)
        elif result.dtype != values.dtype:
            result = result.astype(np.result_type(result, values))
        result[places] = values
    assert result is not None
    return Stored(result, turned, cut)


def stored_values(header: Header, open_entry: Open) -> npt.NDArray[Any]:
    """Every frame of one file as stored, before a negative is turned round; bits above the stored ones are cut off.

    The header must have passed :func:`check_pixels`.

    Raises
    ------
    FormatError
        As :func:`read_stored`.
    """
    frames = max(1, integer(header.dataset, "NumberOfFrames") or 1)
    values = _read_file(header, list(range(frames)), open_entry)[0]
    return values if holds_floats(header) else _stored_bits(values, header.dataset)[0]


def _turned(values: npt.NDArray[Any], header: Header) -> npt.NDArray[Any]:
    """The negative of a negative.

    About the middle of what the file could hold, or of what it holds if that is floats.
    """
    if holds_floats(header):
        turned: npt.NDArray[Any] = np.nanmax(values) - values
        return turned
    low, high = stored_range(header)
    return ((low + high) - values.astype(np.int64)).astype(values.dtype)


def _read_file(header: Header, numbers: list[int], open_entry: Open) -> tuple[npt.NDArray[Any], bool]:
    """Values, and whether bits above the stored ones were cut off."""
    with open_entry(header.entry) as file:
        if header.transfer_syntax in _NATIVE and header.pixel_offset is not None:
            values = _read_native(file, header, numbers)
            return (values, False) if holds_floats(header) else _stored_bits(values, header.dataset)
        return _read_encoded(file, header, numbers)


def _dtype(dataset: Dataset, *, big_endian: bool = False) -> np.dtype[Any]:
    kind = "i" if integer(dataset, "PixelRepresentation") else "u"
    return np.dtype(f"{'>' if big_endian else '<'}{kind}{(integer(dataset, 'BitsAllocated') or 16) // 8}")


def _read_native(file: BinaryIO, header: Header, numbers: list[int]) -> npt.NDArray[Any]:
    dataset = header.dataset
    rows, cols = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    big_endian = header.transfer_syntax == BIG_ENDIAN
    dtype = _FLOATS.get(header.pixel_tag, _dtype(dataset, big_endian=big_endian))
    dtype = dtype.newbyteorder(">") if big_endian else dtype
    implicit = dataset.original_encoding[0]
    file.seek(header.pixel_offset or 0)
    start = file.read(8 if implicit else 12)
    if len(start) < (8 if implicit else 12):
        raise FormatError(f"{header.entry.name} has no {PIXEL_DATA}: it ends after its header. Export it again.")
    (length,) = struct.unpack(">I" if big_endian else "<I", start[-4:])
    size = rows * cols * dtype.itemsize
    if length == _UNDEFINED:
        raise FormatError(_wrong_syntax(header, "is compressed, although the syntax says that it is not"))
    needed = size * (max(numbers) + 1)
    if length < needed:
        raise FormatError(_too_short(header.entry, length, needed))
    base = file.tell()
    values = np.empty((len(numbers), rows, cols), dtype=dtype)
    for place, number in enumerate(numbers):
        file.seek(base + number * size)
        got = file.readinto(values[place].reshape(-1).view(np.uint8).data)  # type: ignore[attr-defined]
        if got != size:
            raise FormatError(_too_short(header.entry, number * size + got, needed))
    return values.astype(dtype.newbyteorder("=")) if big_endian else values


def _too_short(entry: Entry, there: int, needed: int) -> str:
    return (
        f"{entry.name} breaks off: {PIXEL_DATA} has {there} of {needed} bytes. Copy or export it again; the other series of "
        "the study can be read."
    )


def _wrong_syntax(header: Header, what: str) -> str:
    syntax = header.transfer_syntax or "missing"
    return (
        f"{header.entry.name}: TransferSyntaxUID (0002,0010) is {syntax} ({UID(syntax).name}), but {PIXEL_DATA} {what}. "
        "Export it again."
    )


def _read_encoded(file: BinaryIO, header: Header, numbers: list[int]) -> tuple[npt.NDArray[Any], bool]:
    name, syntax = header.entry.name, UID(header.transfer_syntax)
    try:
        dataset = dcmread(file, force=True)
        encapsulated = "PixelData" in dataset and bool(dataset["PixelData"].is_undefined_length)
        present = "PixelData" in dataset and bool(dataset.PixelData)
    except Exception as error:  # as in read_header
        raise FormatError(f"{name} breaks off or is damaged ({shown(error)}). Copy or export it again.") from error
    if not present:
        raise FormatError(f"{name} has no {PIXEL_DATA}, or breaks off inside it. Copy or export it again.")
    if header.transfer_syntax == DEFLATED:
        return _stored_bits(_from_bytes(dataset.PixelData, header, numbers), header.dataset)
    if not syntax.is_transfer_syntax or not syntax.is_compressed or not encapsulated:
        raise FormatError(_wrong_syntax(header, "is not stored that way"))
    try:
        frames = [_decoded(dataset, header, number) for number in numbers]
    except ModuleNotFoundError as error:
        raise FormatError(
            f"{name} is compressed as {syntax.name} (TransferSyntaxUID (0002,0010) {syntax}); the file may be whole, but no decoder "
            f"for it is installed: {error}. Install one, or ask for the series uncompressed."
        ) from error
    except NotImplementedError as error:
        raise FormatError(
            f"{name} is compressed as {syntax.name} (TransferSyntaxUID (0002,0010) {syntax}), which cannot be read here. Ask "
            "for it uncompressed or in a lossless syntax (JPEG lossless, JPEG-LS, JPEG 2000, RLE)."
        ) from error
    except Exception as error:
        raise FormatError(
            f"{name}: {PIXEL_DATA} cannot be decoded as {syntax.name} ({_first_line(error)}). The file is truncated or damaged: "
            "copy or export it again; the other series of the study can be read."
        ) from error
    return np.stack(frames), False


def _decoded(dataset: Dataset, header: Header, number: int) -> npt.NDArray[Any]:
    syntax = header.transfer_syntax
    decoder = get_decoder(UID(syntax))
    plugin = _plugin(decoder, syntax)
    by_gdcm_alone = syntax in _JPEG_LS and plugin != _PLUGINS[syntax]
    if syntax in _JPEG_LOSSLESS or by_gdcm_alone:
        check = header_fault if by_gdcm_alone else stream_fault
        rows, cols = integer(header.dataset, "Rows") or 0, integer(header.dataset, "Columns") or 0
        fault = check(_stream(dataset, header, number), rows=rows, cols=cols)
        if fault is not None:
            raise ValueError(fault)
    pixels: npt.NDArray[Any]
    try:
        pixels = decoder.as_array(dataset, index=number, raw=True, decoding_plugin=plugin)[0]
    except Exception:
        stream = _stream(dataset, header, number)
        end = stream.rfind(b"\0\xff\xd9")
        if syntax not in _JPEG_LS or end < 0:
            raise
        single = copy(dataset)  # older encoders pad the scan with a zero byte before the end, which CharLS refuses
        single.PixelData, single.NumberOfFrames = encapsulate([stream[:end] + b"\xff\xd9"]), 1
        pixels = decoder.as_array(single, index=0, raw=True, decoding_plugin=plugin)[0]
    return pixels


def _plugin(decoder: Decoder, syntax: str) -> str:
    """The decoder to use: the one that reports damaged streams, or else another one that is installed."""
    there, wanted = decoder.available_plugins, _PLUGINS.get(syntax, "")
    if not there:
        raise ModuleNotFoundError("; ".join(decoder.missing_dependencies))
    return wanted if not wanted or wanted in there else there[0]


def _stream(dataset: Dataset, header: Header, number: int) -> bytes:
    return bytes(get_frame(dataset.PixelData, number, number_of_frames=integer(header.dataset, "NumberOfFrames") or 1))


def _from_bytes(data: bytes, header: Header, numbers: list[int]) -> npt.NDArray[Any]:
    dataset = header.dataset
    rows, cols = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    dtype = _dtype(dataset)
    needed = rows * cols * dtype.itemsize * (max(numbers) + 1)
    if len(data) < needed:
        raise FormatError(_too_short(header.entry, len(data), needed))
    return np.frombuffer(data, dtype, count=needed // dtype.itemsize).reshape(-1, rows, cols)[numbers]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _stored_bits(values: npt.NDArray[Any], dataset: Dataset) -> tuple[npt.NDArray[Any], bool]:
    """Values from the stored bits only, and whether bits above them were set: old files keep overlays there."""
    allocated = values.dtype.itemsize * 8
    stored = integer(dataset, "BitsStored") or allocated
    high = integer(dataset, "HighBit")
    high = stored - 1 if high is None else high
    if stored == allocated or not stored - 1 <= high < allocated:
        return values, False
    if high == stored - 1 and not _outside(values, stored):
        return values, False
    up = allocated - 1 - high
    shifted: npt.NDArray[Any] = (values << up) >> (allocated - stored)
    return shifted, high == stored - 1


def _outside(values: npt.NDArray[Any], bits: int) -> bool:
    """Whether a value needs more than this many bits."""
    if values.dtype.kind == "i":
        return int(values.min()) < -(1 << (bits - 1)) or int(values.max()) >= 1 << (bits - 1)
    return int(values.max()) >= 1 << bits
