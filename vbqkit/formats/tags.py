"""DICOM tags by name, and their values as plain Python: never an exception for a value that is written badly.

Values are taken from the bytes of the element, without pydicom's conversion of every element to objects: that keeps
the listing of a long folder within the time of reading the bare headers.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

_FRAME_KEYWORDS = (
    "AcquisitionNumber",
    "BitsAllocated",
    "BitsStored",
    "Columns",
    "ComplexImageComponent",
    "DiffusionBValue",
    "EchoNumbers",
    "EchoTime",
    "EffectiveEchoTime",
    "FrameOfReferenceUID",
    "FrameType",
    "HighBit",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImageType",
    "InstanceNumber",
    "InversionTime",
    "InversionTimes",
    "Modality",
    "NumberOfFrames",
    "PatientID",
    "PatientName",
    "PhotometricInterpretation",
    "PixelRepresentation",
    "PixelSpacing",
    "RescaleIntercept",
    "RescaleSlope",
    "Rows",
    "SamplesPerPixel",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SOPClassUID",
    "SOPInstanceUID",
    "StackID",
    "StudyInstanceUID",
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
)
_SERIES_KEYWORDS = (
    "AcquisitionComments",
    "ContrastBolusAgentNumber",
    "ContrastBolusIngredientOpaque",
    "ContrastBolusT1Relaxivity",
    "DerivationDescription",
    "MagnetizationTransfer",
    "MRAcquisitionType",
    "PerformedProcedureStepDescription",
    "PresentationLUTShape",
    "RequestedProcedureDescription",
    "StudyDescription",
    "AcquisitionContrast",
    "BodyPartExamined",
    "ContrastBolusAgent",
    "ContrastBolusAgentAdministered",
    "ContrastBolusAgentPhase",
    "ContrastBolusIngredient",
    "ContrastBolusIngredientConcentration",
    "ContrastBolusRoute",
    "ContrastBolusStartTime",
    "ContrastBolusStopTime",
    "ContrastBolusTotalDose",
    "ContrastBolusVolume",
    "ContrastFlowDuration",
    "ContrastFlowRate",
    "ConversionType",
    "EchoPlanarPulseSequence",
    "EchoPulseSequence",
    "EchoTrainLength",
    "FlipAngle",
    "ImageComments",
    "InversionRecovery",
    "KVP",
    "LossyImageCompression",
    "LossyImageCompressionMethod",
    "LossyImageCompressionRatio",
    "MagneticFieldStrength",
    "Manufacturer",
    "ManufacturerModelName",
    "NumberOfAverages",
    "PixelBandwidth",
    "ProtocolName",
    "PulseSequenceName",
    "ReceiveCoilName",
    "RepetitionTime",
    "RescaleType",
    "RFEchoTrainLength",
    "ScanningSequence",
    "ScanOptions",
    "SequenceName",
    "SequenceVariant",
    "SeriesDescription",
    "SliceThickness",
    "SpacingBetweenSlices",
    "SpecificCharacterSet",
    "SpectrallySelectedExcitation",
    "SpectrallySelectedSuppression",
    "StudyDate",
    "AcquisitionMatrix",
    "InPlanePhaseEncodingDirection",
    "MRAcquisitionFrequencyEncodingSteps",
    "MRAcquisitionPhaseEncodingStepsInPlane",
    "ParallelAcquisition",
    "ParallelAcquisitionTechnique",
    "ParallelReductionFactorInPlane",
)
_SEQUENCE_KEYWORDS = (  # elements that are sequences: whether they are there is all that is asked
    "ContrastBolusAdministrationRouteSequence",
    "ContrastBolusAgentSequence",
    "ContrastBolusIngredientCodeSequence",
    "ContrastBolusUsageSequence",
    "ContrastAdministrationProfileSequence",
    "MeasurementUnitsCodeSequence",
    "ModalityLUTSequence",
    "RealWorldValueMappingSequence",
)


def _tag(keyword: str) -> BaseTag:
    number = tag_for_keyword(keyword)
    assert number is not None  # a misspelt keyword in the lists above
    return BaseTag(number)


TAGS: dict[str, BaseTag] = {
    keyword: _tag(keyword) for keyword in _FRAME_KEYWORDS + _SERIES_KEYWORDS + _SEQUENCE_KEYWORDS
}
"""Keyword -> tag of everything that is read from a classic image."""

# Private elements of Philips, in the block "Philips MR Imaging DD 001", which pydicom's private dictionary knows as FL
# and CS without a name. (2005,100e) is the scale slope SS in "(stored * slope + intercept) / (slope * SS)": Chenevert
# et al. 2014, Transl Oncol 7:65-71, doi 10.1593/tlo.13811, and dcm2niix's notes on Philips. (2005,1011) is the image
# type, M, P, R or I, by which public converters tell magnitude from phase. Of group 2005 nothing else is read but the
# sequence (2005,140f).
TAGS["PhilipsScaleSlope"] = BaseTag(0x2005100E)  # its group has no other use in files of other vendors
TAGS["PhilipsImageKind"] = BaseTag(0x20051011)
TAGS |= {f"OverlayRows{k}": BaseTag(0x60000010 + (k << 17)) for k in range(4)}
TAGS["GEImageKind"] = BaseTag(0x0043102F)  # 0 magnitude, 1 phase, 2 real, 3 imaginary
TAGS["SiemensPatMode"] = BaseTag(0x00511011)  # such as p2
TAGS["SiemensPatModeXA"] = BaseTag(0x00211009)  # such as p2 s4; GE has something else there
TAGS["SiemensImageTypeXA"] = BaseTag(0x00211175)  # ImageType with the steps of reconstruction
TAGS["SiemensReconstructionXA"] = BaseTag(0x00211176)  # such as NormalizeAlgo:PreScan
TAGS["PhilipsPerFrame"] = BaseTag(0x2005140F)  # holds elements of the enhanced format in classic files
TAGS["GeFilterMode"] = BaseTag(0x0043102D)  # p+: PURE
TAGS["GeReconDL"] = BaseTag(0x004310CA)  # such as 0.75\\High; absent where it was off
TAGS["GeCompressedSensing"] = BaseTag(0x004310B7)  # factor, flag, ...
TAGS["PixelPaddingValue"] = BaseTag(0x00280120)
TAGS["PixelPaddingRangeLimit"] = BaseTag(0x00280121)
TAGS["GeAssetFactors"] = BaseTag(0x00431083)  # text: reciprocal of the reduction, in plane and through the slices
_META = {keyword: _tag(keyword) for keyword in ("TransferSyntaxUID", "MediaStorageSOPClassUID")}

_BINARY = {"FD": "d", "FL": "f", "US": "H", "SS": "h", "UL": "I", "SL": "i"}
_FORMATS: dict[BaseTag, str] = {
    tag: _BINARY[vr] for tag in TAGS.values() if not tag.is_private and (vr := dictionary_VR(tag)) in _BINARY
}
_FORMATS |= {TAGS["PhilipsScaleSlope"]: "f", TAGS["GEImageKind"]: "h"}


def tag_text(keyword: str) -> str:
    """A tag as messages quote it.

    Examples
    --------
    >>> tag_text("PixelSpacing")
    'PixelSpacing (0028,0030)'
    """
    tag = TAGS[keyword]
    return f"{keyword} ({tag.group:04x},{tag.element:04x})"


@lru_cache(maxsize=4096)
def _split(raw: bytes) -> tuple[str, ...]:
    text = raw.decode("latin-1").strip(" \0")
    return tuple(part.strip(" \0") for part in text.split("\\")) if text else ()


@lru_cache(maxsize=4096)
def _parsed(raw: bytes, code: str, little_endian: bool) -> tuple[float, ...]:
    """Numbers from bytes: of binary values by their struct code, of text (no code) by their decimal digits."""
    if code:
        size = struct.calcsize(code)
        whole = raw[: len(raw) // size * size]
        return tuple(float(v[0]) for v in struct.iter_unpack("><"[little_endian] + code, whole))
    try:
        return tuple(float(part) for part in _split(raw))
    except ValueError:
        return ()


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None or value == "":
        return ()
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return tuple(value) if several else (value,)


def _element(dataset: Dataset, tag: BaseTag) -> DataElement | RawDataElement | None:
    """As ``dataset.get_item(tag, keep_deferred=True)``, in a quarter of its time: 80 a file (benchmarks/listing)."""
    return dataset._dict.get(tag)


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric element; empty where it is missing, empty or not a number."""
    tag = TAGS[keyword]
    element = _element(dataset, tag)
    if element is None:
        return ()
    value = element.value
    if isinstance(element, RawDataElement):
        return _parsed(value, _FORMATS.get(tag, ""), element.is_little_endian) if value else ()
    try:
        return tuple(float(v) for v in _as_tuple(value))
    except (TypeError, ValueError):
        return ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element; None where there is none."""
    values = numbers(dataset, keyword)
    return values[0] if values else None


def positive(dataset: Dataset, keyword: str) -> float | None:
    """The first value if it is above 0. Scanners write 0 for a quantity that does not apply."""
    value = number(dataset, keyword)
    return value if value is not None and 0 < value < float("inf") else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first value as a whole number; None where there is none."""
    value = number(dataset, keyword)
    return int(value) if value is not None and abs(value) < 2**53 else None


def words(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of a code or UID element, without padding; for free text use :func:`text`."""
    element = _element(dataset, TAGS.get(keyword) or _META[keyword])
    if element is None or element.value is None:
        return ()
    if isinstance(element, RawDataElement):
        return _split(element.value)
    return tuple(str(value).strip() for value in _as_tuple(element.value))


def word(dataset: Dataset, keyword: str) -> str | None:
    """The first value of a code or UID element."""
    values = words(dataset, keyword)
    return values[0] or None if values else None


def text(dataset: Dataset, keyword: str) -> str | None:
    """Free text, in the character set of the file; undecodable bytes are shown as they are."""
    try:
        value = dataset.get(TAGS[keyword])
        plain = "" if value is None or value.value is None else str(value.value)
    except Exception:  # pydicom raises many types for bad text, and a description must not stop a listing
        plain = "\\".join(words(dataset, keyword))
    return plain.strip(" \0") or None


def has_items(dataset: Dataset, keyword: str) -> bool:
    """Whether a sequence is there and holds at least one item; also where it could not be parsed."""
    element = _element(dataset, TAGS[keyword])
    return element is not None and bool(element.value)


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; none where it is missing or damaged."""
    try:
        element = dataset.get(TAGS[keyword])
        return tuple(one for one in (element.value if element is not None else ()) if isinstance(one, Dataset))
    except Exception:  # pydicom raises many types for damaged sequences
        return ()


def raw_bytes(dataset: Dataset, keyword: str) -> bytes:
    """The bytes of an element as stored, for comparing only."""
    element = _element(dataset, TAGS[keyword])
    if element is None or element.value is None:
        return b""
    return element.value.strip(b" \0") if isinstance(element.value, bytes) else str(element.value).encode()
