"""What the pixels of a frame are, and whether contrast agent was given, from every element that says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID, UID_dictionary

from vbqkit.errors import shown
from vbqkit.formats.header_words import contrast_word, denies_contrast, means_none, says_nothing
from vbqkit.formats.headers import Frame
from vbqkit.formats.tags import TAGS, has_items, integer, items, positive, tag_text, text, word
from vbqkit.protocol_words import safe_text

MR_CLASSES = {"1.2.840.10008.5.1.4.1.1.4"} | {f"1.2.840.10008.5.1.4.1.1.4.{kind}" for kind in (1, 3, 4)}
"""SOP classes of MR images: classic, enhanced, enhanced colour, legacy converted."""

_COMPONENTS = {"PHASE": "phase image", "REAL": "real part image", "IMAGINARY": "imaginary part image"}
_COMPONENTS |= {"P": "phase image", "R": "real part image", "I": "imaginary part image", "MIXED": "mixed components"}
_GE_KINDS = {1: "P", 2: "R", 3: "I"}
_ANY_UNIT = {"", "US", "NORMALIZED", "NORMALISED", "UNSPECIFIED", "NONE"}
_NOT_SPIN_ECHO_CONTRAST = {"DIFFUSION", "FLOW_ENCODED", "PERFUSION", "TAGGING", "TEMPERATURE", "TOF"}

_GIVEN_TEXTS = ("ContrastBolusIngredient",)
_GIVEN_AMOUNTS = (
    "ContrastBolusVolume", "ContrastBolusTotalDose", "ContrastFlowRate", "ContrastFlowDuration",
    "ContrastBolusIngredientConcentration",
)  # fmt: skip
_GIVEN_SEQUENCES = (
    "ContrastBolusAgentSequence", "ContrastBolusIngredientCodeSequence", "ContrastBolusAdministrationRouteSequence",
    "ContrastAdministrationProfileSequence",
)  # fmt: skip
_HINTED = (
    "ContrastBolusRoute", "ContrastBolusStartTime", "ContrastBolusStopTime", "ContrastBolusAgentPhase",
    "ContrastBolusAgentNumber", "ContrastBolusT1Relaxivity", "ContrastBolusIngredientOpaque",
)  # fmt: skip
_CONTRAST_TAGS = frozenset(
    TAGS[keyword]
    for keyword in (
        "ContrastBolusAgent", "ContrastBolusAgentAdministered", "ContrastBolusUsageSequence",
        *_GIVEN_TEXTS, *_GIVEN_AMOUNTS, *_GIVEN_SEQUENCES, *_HINTED,
    )
)  # fmt: skip
_TEXTS = (
    "SeriesDescription", "ProtocolName", "ImageComments", "AcquisitionContrast", "AcquisitionComments",
    "DerivationDescription",
)  # fmt: skip
_STUDY_TEXTS = ("StudyDescription", "RequestedProcedureDescription", "PerformedProcedureStepDescription")
_COPIED = {"DV", "DF", "SD", "SI", "DRW", "SYN"}
_LONGEST_UNIT = 5
_NO_UNIT = re.compile(r"1|no units?|\{.*\}|\[arb.*|arb\..*|us|ratio|", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a header says of contrast agent.

    Attributes
    ----------
    agent : str or None
        Its name, or the element that says that some was given.
    hint : str or None
        What makes it likely although no element states it.
    """

    agent: str | None = None
    hint: str | None = None


def read_contrast(frame: Frame) -> Contrast:
    """What the contrast module, its sequences and the texts of a frame say."""
    dataset, whole = frame.dataset, frame.header.dataset
    agent = text(dataset, "ContrastBolusAgent")
    if agent is not None and _names_agent(agent):
        return Contrast(agent=safe_text(agent))
    for keyword in _GIVEN_SEQUENCES:
        if has_items(whole, keyword):
            return Contrast(agent=f"named in {tag_text(keyword)}")
    if word(dataset, "ContrastBolusAgentAdministered") == "YES":
        return Contrast(agent=f"{tag_text('ContrastBolusAgentAdministered')} is YES")
    for keyword in _GIVEN_TEXTS:
        value = text(dataset, keyword)
        if value is not None and _names_agent(value):
            return Contrast(agent=safe_text(value))
    for keyword in _GIVEN_AMOUNTS:
        amount = positive(dataset, keyword) or _written_amount(text(dataset, keyword))
        if amount is not None:
            return Contrast(agent=f"{tag_text(keyword)} is {amount:g}")
    administered = {word(item, "ContrastBolusAgentAdministered") for item in items(whole, "ContrastBolusUsageSequence")}
    if "YES" in administered:
        return Contrast(agent=f"named in {tag_text('ContrastBolusUsageSequence')}")
    return Contrast(hint=_hint(dataset))


def with_contrast(frames: Sequence[Frame]) -> Frame | None:
    """The frame of a series whose header says most of contrast agent; None where none does.

    Whoever writes headers again may lose an element in some slices: what one states counts for all.
    """
    headers = {id(frame.header): frame for frame in frames}.values()
    heard = [frame for frame in headers if not _CONTRAST_TAGS.isdisjoint(frame.header.dataset.keys())]
    found = [(read_contrast(frame), frame) for frame in heard] if len(headers) > 1 else []
    stated = next((frame for contrast, frame in found if contrast.agent is not None), None)
    return stated or next((frame for contrast, frame in found if contrast.hint is not None), None)


def _written_amount(value: str | None) -> float | None:
    """The number in an amount that is written with its unit or a comma, if it is above 0."""
    found = re.search(r"\d+(?:[.,]\d+)?", value or "")
    amount = float(found.group().replace(",", ".")) if found else 0.0
    return amount if 0 < amount < float("inf") else None


def _names_agent(value: str) -> bool:
    return not means_none(value) and not says_nothing(value)


def _hint(dataset: Dataset) -> str | None:
    """What makes contrast agent likely, or leaves it open, although no element says that some was given."""
    for keyword in ("ContrastBolusAgent", *_GIVEN_TEXTS):
        value = text(dataset, keyword)
        if value is not None and says_nothing(value):
            return f"{tag_text(keyword)} is '{safe_text(value, 16)}'"
    for keyword in _HINTED:
        value = text(dataset, keyword)
        if value is not None and not means_none(value):
            return f"{tag_text(keyword)} is {safe_text(value, 16)}"
    own = [text(dataset, keyword) for keyword in _TEXTS]
    found = contrast_word(own)
    if found is None and not any(denies_contrast(value) for value in own):
        found = contrast_word(text(dataset, keyword) for keyword in _STUDY_TEXTS)
        return None if found is None else f"'{safe_text(found)}', of the whole examination"
    return None if found is None else f"'{safe_text(found)}'"


def not_signal(frame: Frame) -> str | None:
    """Why the values of a frame are not the magnitude of received signal, by elements other than ImageType."""
    return _not_stored_signal(frame) or _not_magnitude(frame.dataset)


def _not_stored_signal(frame: Frame) -> str | None:
    """Why what is stored is not signal."""
    dataset, whole = frame.dataset, frame.header.dataset
    sop_class = word(whole, "SOPClassUID")
    if sop_class and sop_class not in MR_CLASSES:
        return f"no MR image by {tag_text('SOPClassUID')} ({UID(sop_class).name if sop_class in UID_dictionary else 'not a class of the standard'})"
    conversion = word(whole, "ConversionType")
    if conversion in _COPIED:
        return f"a copy of a picture by {tag_text('ConversionType')} ({conversion})"
    if has_items(whole, "ModalityLUTSequence"):
        return f"values that only a table turns into signal ({tag_text('ModalityLUTSequence')})"
    unit = _real_world_unit(dataset)
    if unit is not None:
        return f"a map in the unit '{_safe_unit(unit)}' by {tag_text('RealWorldValueMappingSequence')}"
    return None


def _safe_unit(unit: str) -> str:
    """A unit as a message may quote it: one of letters alone that is long is no unit."""
    return shown(unit, 16) if len(unit) <= _LONGEST_UNIT else safe_text(unit, 16)


def _not_magnitude(dataset: Dataset) -> str | None:
    component = word(dataset, "ComplexImageComponent")
    if component in _COMPONENTS:
        return f"{_COMPONENTS[component]} by {tag_text('ComplexImageComponent')}"
    for keyword, kind in (
        ("PhilipsImageKind", word(dataset, "PhilipsImageKind")),
        ("GEImageKind", _GE_KINDS.get(integer(dataset, "GEImageKind") or 0)),
    ):
        if kind in _COMPONENTS:
            return f"{_COMPONENTS[kind]} by {tag_text(keyword)}"
    unit = word(dataset, "RescaleType") or ""
    if unit.upper() not in _ANY_UNIT and not unit.upper().startswith(("SIGNAL", "ARB")):
        return f"a map in the unit '{_safe_unit(unit)}' by {tag_text('RescaleType')}"
    if (word(dataset, "AcquisitionContrast") or "") in _NOT_SPIN_ECHO_CONTRAST:
        return f"{(word(dataset, 'AcquisitionContrast') or '').lower()} by {tag_text('AcquisitionContrast')}"
    if positive(dataset, "DiffusionBValue") is not None:
        return f"diffusion by {tag_text('DiffusionBValue')}"
    return None


def _real_world_unit(dataset: Dataset) -> str | None:
    """The unit that stored values stand for; None where they stand for signal, which has none."""
    mapped = items(dataset, "RealWorldValueMappingSequence") or (dataset,)  # lifted out of the functional groups
    for item in mapped:
        for code in items(item, "MeasurementUnitsCodeSequence"):
            unit = str(code.get("CodeValue", "") or "").strip()
            if not _NO_UNIT.fullmatch(unit):
                return unit
    return None
