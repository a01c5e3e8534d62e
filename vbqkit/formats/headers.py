"""DICOM headers: one record per frame of every file, classic or multi-frame, without reading pixels."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag

from vbqkit.errors import FormatError, shown
from vbqkit.formats.files import Entry
from vbqkit.formats.tags import TAGS, integer, numbers, raw_bytes, tag_text, word
from vbqkit.image import Vector

DEFLATED = "1.2.840.10008.1.2.1.99"
_DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
PIXEL_DATA_TAG, FLOAT_TAG, DOUBLE_TAG = 0x7FE00010, 0x7FE00008, 0x7FE00009
_PIXEL_TAGS = frozenset((FLOAT_TAG, DOUBLE_TAG, PIXEL_DATA_TAG))
BIG_ENDIAN = "1.2.840.10008.1.2.2"
_SCALE = TAGS["PhilipsScaleSlope"]
_SCALE_ANYWHERE = 0x2005000E  # the same element in a private block of any number
_NESTED_ANYWHERE = 0x2005000F  # Philips' groups of the enhanced format inside classic files
_SCALE_CREATOR = "Philips MR Imaging DD 001"
_DEEPEST = 6
_SIEMENS_XA = frozenset(TAGS[name] for name in ("SiemensPatModeXA", "SiemensImageTypeXA", "SiemensReconstructionXA"))
_WANTED: list[BaseTag | int] = list(TAGS.values())
_WANTED_SET = frozenset(_WANTED)
_ENHANCED_CLASSES = {f"1.2.840.10008.5.1.4.1.1.4.{kind}" for kind in (1, 3, 4)}  # enhanced, colour, legacy converted
_GROUPS = (BaseTag(0x52009229), BaseTag(0x52009230))  # shared, per frame
_WINDOW_BYTES = 65536  # most headers end within it; parsed in memory they take a seventh less time: benchmarks/listing
_KEY = os.urandom(16)  # a digest means nothing outside this process
_KEY_NAME = os.urandom(4).hex()


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What all frames of one file share.

    Attributes
    ----------
    entry : Entry
        The file.
    dataset : Dataset
        Its header, without pixels. Never shown: it names the patient.
    transfer_syntax : str
        UID; empty where the file does not say.
    pixel_offset : int or None
        Byte at which the PixelData element starts; None: only pydicom can find it (deflated).
    patient : bytes
        Keyed digest of the patient's ID or name, to tell patients apart; empty where the header has neither.
    pixel_tag : int
        The element that holds the pixels: PixelData, FloatPixelData or DoubleFloatPixelData.
    """

    entry: Entry
    dataset: Dataset
    transfer_syntax: str
    pixel_offset: int | None
    patient: bytes
    pixel_tag: int = PIXEL_DATA_TAG


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image plane: where it lies and what sets it apart from its neighbours.

    Attributes
    ----------
    header : Header
        Of its file.
    number : int
        From 0, in its file.
    dataset : Dataset
        Of the file or, in multi-frame files, with the functional groups of this frame flattened in.
    position : tuple of 3 floats or None
        ImagePositionPatient, LPS mm.
    orientation : tuple of 6 floats or None
        ImageOrientationPatient: along the rows, then along the columns.
    spacing : tuple of 2 floats or None
        PixelSpacing between rows and columns, mm.
    """

    header: Header
    number: int
    dataset: Dataset
    position: Vector | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None

    @property
    def patient_digest(self) -> str:
        """As :func:`vbqkit.acquisition.same_patient` compares it; empty where the header names nobody."""
        return f"{_KEY_NAME}.{self.header.patient.hex()}" if self.header.patient else ""

    @property
    def name(self) -> str:
        """File, and frame where there are several, as messages show it."""
        frames = integer(self.header.dataset, "NumberOfFrames") or 1
        return self.header.entry.name + (f" (frame {self.number + 1})" if frames > 1 else "")


class _Pass:
    """One pass over a header: stops at the pixels, and remembers what only a whole reading can interpret."""

    def __init__(self) -> None:
        self.moved_scale = False
        self.nested_groups = False

    def at_pixels(self, tag: BaseTag, vr: str | None, length: int) -> bool:  # noqa: ARG002 - pydicom's signature
        if tag & 0xFFFF00FF == _SCALE_ANYWHERE and tag != _SCALE:
            self.moved_scale = True
        if tag & 0xFFFF00FF == _NESTED_ANYWHERE:
            self.nested_groups = True
        return tag in _PIXEL_TAGS


def looks_like_dicom(start: bytes) -> bool:
    """Whether the first 132 bytes of a file are those of a DICOM file, with or without its preamble.

    Examples
    --------
    >>> looks_like_dicom(bytes(128) + b"DICM"), looks_like_dicom(b"# a text file")
    (True, False)
    """
    return start[128:132] == b"DICM" or (
        len(start) >= 8 and start[:2] in (b"\x08\x00", b"\x02\x00") and start[3:4] == b"\x00" and start[2] < 0x20
    )


def read_header(file: BinaryIO, entry: Entry, *, claims_dicom: bool = True) -> Header | None:
    """The header of one file; None for a file that is no image (report, presentation state, DICOMDIR).

    A file that is not DICOM gives None too, unless its name claims that it is.

    Raises
    ------
    FormatError
        If it is not DICOM or breaks off inside the header.
    """
    start = file.read(_WINDOW_BYTES)
    if not looks_like_dicom(start[:132]):
        if not claims_dicom:
            return None
        raise FormatError(f"{entry.name} is not a DICOM file. Leave it out, or export the series again.")
    found = _within(start) if len(start) == _WINDOW_BYTES else None
    if found is None:
        file.seek(0)
        try:
            found = _parsed(file if len(start) == _WINDOW_BYTES else io.BytesIO(start))
        except Exception as error:  # pydicom lets through whatever a damaged value meets
            raise FormatError(
                f"{entry.name} breaks off or is damaged inside its DICOM header ({shown(error)}). Copy or export it again."
            ) from error
    dataset, syntax, is_directory, pixel_offset, pixel_tag = found
    if is_directory or integer(dataset, "Rows") is None:
        return None
    deflated = syntax == DEFLATED
    return Header(entry, dataset, syntax, None if deflated else pixel_offset, _patient(dataset), pixel_tag)


def _within(start: bytes) -> tuple[Dataset, str, bool, int, int] | None:
    """The header, parsed in memory, if it ends within the first bytes of a file; None where the rest is needed."""
    window = io.BytesIO(start)
    try:
        found = _parsed(window)
    except Exception:  # it may break off only because the window does
        return None
    return found if window.tell() < len(start) else None


def _parsed(file: BinaryIO) -> tuple[Dataset, str, bool, int, int]:
    """Dataset, transfer syntax, whether it is a directory, where the pixels begin, and their element."""
    at_once = _Pass()
    dataset = read_partial(file, at_once.at_pixels, force=True, specific_tags=_WANTED)
    syntax = word(dataset.file_meta, "TransferSyntaxUID") or ""
    is_directory = word(dataset.file_meta, "MediaStorageSOPClassUID") == _DICOMDIR_CLASS
    nested = at_once.nested_groups and _SCALE not in dataset
    if at_once.moved_scale or nested or _needs_every_tag(dataset):
        file.seek(0)
        dataset = read_partial(file, at_once.at_pixels, force=True)
        _lift_scale(dataset, dataset)
    pixel_offset = file.tell()
    return dataset, syntax, is_directory, pixel_offset, _tag_at(file, little_endian=syntax != BIG_ENDIAN)


def _tag_at(file: BinaryIO, *, little_endian: bool) -> int:
    """The element at which the header ends: pixels as whole numbers, floats or doubles."""
    raw = file.read(4)
    group, element = struct.unpack("<HH" if little_endian else ">HH", raw) if len(raw) == 4 else (0, 0)
    tag: int = group << 16 | element
    return tag if tag in _PIXEL_TAGS else PIXEL_DATA_TAG


def _lift_scale(source: Dataset, target: Dataset, depth: int = 0) -> None:
    """Put Philips' scale slope where :data:`TAGS` looks for it, from any private block and any depth."""
    if _SCALE in target or depth > _DEEPEST:
        return
    for element in source.group_dataset(0x2005):
        tag = element.tag
        if element.VR == "SQ":
            for item in element.value or ():
                _lift_scale(item, target, depth + 1)
        elif tag & 0xFFFF00FF == _SCALE_ANYWHERE and tag.element > 0xFF and element.value is not None:
            creator = source.get(BaseTag(0x20050000 | tag.element >> 8))
            if tag == _SCALE or (creator is not None and str(creator.value).strip() == _SCALE_CREATOR):
                target.add_new(_SCALE, "FL", float(element.value))
                return


def _lift_siemens(source: Dataset, target: Dataset, depth: int = 0) -> None:
    """Put what Siemens' private functional groups say of the reconstruction where :data:`TAGS` looks for it."""
    for element in source.group_dataset(0x0021) if depth < _DEEPEST else ():
        if element.VR == "SQ":
            for item in element.value or ():
                _lift_siemens(item, target, depth + 1)
        elif element.tag in _SIEMENS_XA:
            target.add(element)


def _needs_every_tag(dataset: Dataset) -> bool:
    return (integer(dataset, "NumberOfFrames") or 1) > 1 or word(dataset, "SOPClassUID") in _ENHANCED_CLASSES


def _patient(dataset: Dataset) -> bytes:
    identity = raw_bytes(dataset, "PatientID") or raw_bytes(dataset, "PatientName")
    return _digest(identity) if identity else b""


@lru_cache(maxsize=256)
def _digest(identity: bytes) -> bytes:
    return hashlib.blake2b(identity.upper(), digest_size=8, key=_KEY).digest()


def frames_of(header: Header) -> list[Frame]:
    """One record per frame of a file.

    Raises
    ------
    FormatError
        If the functional groups of a multi-frame file are damaged or too few.
    """
    count = max(1, integer(header.dataset, "NumberOfFrames") or 1)
    shared, per_frame = (_groups(header, tag) for tag in _GROUPS)
    if not shared and not per_frame:
        first = _frame(header, 0, header.dataset)
        return [first] if count == 1 else [replace(first, position=None)]
    if count > max(1, len(per_frame)):
        raise FormatError(
            f"{header.entry.name} has {tag_text('NumberOfFrames')} {count}, but functional groups for {len(per_frame)} frames "
            "only. Export it again."
        )
    try:
        return list(_enhanced_frames(header, count, shared, per_frame))
    except Exception as error:  # as above
        raise FormatError(_damaged_groups(header, error)) from error


def _groups(header: Header, tag: BaseTag) -> list[Dataset]:
    if header.dataset.get_item(tag, keep_deferred=True) is None:
        return []
    try:
        return list(header.dataset[tag].value or ())
    except Exception as error:  # as above
        raise FormatError(_damaged_groups(header, error)) from error


def _damaged_groups(header: Header, error: Exception) -> str:
    return f"{header.entry.name}: its functional groups (5200,9229), (5200,9230) are damaged ({shown(error)}). Export it again."


def _enhanced_frames(
    header: Header, count: int, shared: Sequence[Dataset], per_frame: Sequence[Dataset]
) -> Iterator[Frame]:
    common = Dataset()
    common.update(
        {
            tag: element
            for tag in TAGS.values()
            if (element := header.dataset.get_item(tag, keep_deferred=True)) is not None
        }
    )
    for group in shared:
        _flatten(group, common)
    for number in range(count):
        flat = Dataset()
        flat.update(common)
        if number < len(per_frame):
            _flatten(per_frame[number], flat)
        yield _frame(header, number, flat)


def _flatten(group: Dataset, flat: Dataset) -> None:
    """Lift the elements of every public functional group into one flat dataset."""
    _lift_scale(group, flat)
    _lift_siemens(group, flat)
    for element in group:
        if element.tag.is_private or element.VR != "SQ" or not element.value:
            continue
        item = element.value[0]
        wanted = [tag for tag in item.keys() if tag in _WANTED_SET]  # noqa: SIM118 - a Dataset is not a dict
        flat.update({tag: item.get_item(tag, keep_deferred=True) for tag in wanted})


def _frame(header: Header, number: int, dataset: Dataset) -> Frame:
    position = numbers(dataset, "ImagePositionPatient")
    orientation = numbers(dataset, "ImageOrientationPatient")
    spacing = numbers(dataset, "PixelSpacing")
    usable = len(spacing) == 2 and min(spacing) > 0 and max(spacing) < float("inf")
    return Frame(
        header,
        number,
        dataset,
        (position[0], position[1], position[2]) if len(position) == 3 else None,
        orientation if len(orientation) == 6 else None,
        (spacing[0], spacing[1]) if usable else None,
    )
