"""A header without identity: element by element, by what is kept, never by what looks dangerous.

Three libraries were tried on one file with 814 planted texts: in elements of every VR, nested three deep, in private
blocks, in the 128 bytes before the header and behind the pixels. dicom-anonymizer 2.1.0 left 48 and stopped at two VRs
that it does not know, dicognito 0.19.0 left 691 and deid 0.4.13, with its own recipe, 219: each removes what its rules
name and keeps the rest. This module left none. Only the table of the first is used (:mod:`vbqkit.privacy.profile`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.sr import codes
from pydicom.tag import BaseTag, Tag

from vbqkit.privacy.described import REMOVED, clean_agent, clean_codes, clean_description
from vbqkit.privacy.people import People
from vbqkit.privacy.private_elements import creator_of, is_nested, safe_element
from vbqkit.privacy.profile import kept_elements, rule_of, tag_in_words
from vbqkit.privacy.replacing import Replacement, Replacements
from vbqkit.protocol_words import is_code, protocol_words

_DESCRIBED = {
    "SeriesDescription",
    "ProtocolName",
    "StudyDescription",
    "ImageComments",
    "AcquisitionComments",
    "DerivationDescription",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "SequenceName",
    "PulseSequenceName",
    "AcquisitionProtocolDescription",
}
_AGENTS = {"ContrastBolusAgent", "ContrastBolusIngredient"}
_HINTS_OF_AGENT = {"ContrastBolusRoute", "ContrastBolusAgentPhase"}
_MOMENTS = (
    ("StudyDate", "StudyTime"),
    ("SeriesDate", "SeriesTime"),
    ("AcquisitionDate", "AcquisitionTime"),
    ("ContentDate", "ContentTime"),
    ("InstanceCreationDate", "InstanceCreationTime"),
    ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime"),
)
_PAIRS = {tag_for_keyword(date): time for date, time in _MOMENTS}
_TIME_OF_A_DATE = {tag_for_keyword(time): date for date, time in _MOMENTS}
_TIMES = {tag_for_keyword(k) for k in ("ContrastBolusStartTime", "ContrastBolusStopTime")}
_DATE_TIMES = {
    tag_for_keyword(k)
    for k in ("AcquisitionDateTime", "FrameAcquisitionDateTime", "FrameReferenceDateTime", "StartAcquisitionDateTime")
}
_AGENT_SEQUENCES = {
    "ContrastBolusAgentSequence",
    "ContrastBolusIngredientCodeSequence",
    "ContrastBolusAdministrationRouteSequence",
    "ContrastAdministrationProfileSequence",
    "ContrastBolusUsageSequence",
}
_CODED = {"CodeValue", "CodingSchemeDesignator", "CodeMeaning", "CodingSchemeVersion", "LongCodeValue", "URNCodeValue"}
_BINARY = {"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"}
_LARGEST, _SMALLEST, _LARGEST_WHOLE = 1e9, 1e-12, 1e8
_FEW_LETTERS = 4
_LONG_NUMBER = 6
_WRITTEN = re.compile(r"[-+]?\d{1,9}(?:[.,]\d{1,12})?(?:[eE][-+]?\d{1,3})?")
_DEEPEST = 12
_PIXELS = {0x7FE00010, 0x7FE00008, 0x7FE00009, 0x7FE00001, 0x7FE00002}
_DUMMY = {"DeviceSerialNumber", "SoftwareVersions", "PixelSpacingCalibrationDescription"}
_AGENT_CODE = ("385420005", "SCT", "Contrast agent")

Action = str


@dataclass(slots=True)
class Cleaner:
    """Copies headers without identity; remembers what was done to how many of each element.

    Attributes
    ----------
    people : People
        Whom the files name: their words and numbers are dropped from texts too.
    run : Replacements
        UIDs and dates.
    done : Counter
        ``(tag, keyword, action)`` -> how often.
    """

    people: People
    run: Replacements
    done: Counter[tuple[str, str, Action]] = field(default_factory=Counter)

    def clean(self, dataset: Dataset, who: Replacement) -> Dataset:
        """A new header with what is kept of another; pixels are not copied."""
        return self._level(dataset, who, 0)

    def _level(self, dataset: Dataset, who: Replacement, depth: int) -> Dataset:
        kept = Dataset()
        for tag in sorted(dataset.keys()):
            if tag.element == 0 or tag in _PIXELS or tag.group in (0, 2) or tag.is_private_creator:
                continue
            try:
                element = dataset[tag]
                made = self._element(dataset, element, who, depth)
            except Exception:  # a damaged value meets many of pydicom's assumptions; what it was is not copied
                self._did(tag, "removed: damaged")
                continue
            if made is None:
                continue
            if tag.is_private:
                block = Tag(tag.group, tag.element >> 8)
                known = safe_element(dataset, tag)
                name = known.creator if known is not None else str(creator_of(dataset, tag))
                kept[block] = DataElement(block, "LO", name)
            kept[tag] = made
        return kept

    def _did(self, tag: BaseTag, action: Action) -> None:
        keyword = "private element" if tag.is_private else keyword_for_tag(tag) or "unknown element"
        words = "(private)" if tag.is_private or keyword == "unknown element" else tag_in_words(tag)
        self.done[words, keyword, action] += 1

    def _element(self, dataset: Dataset, element: DataElement, who: Replacement, depth: int) -> DataElement | None:
        tag, keyword = element.tag, keyword_for_tag(element.tag)
        if tag.is_private:
            return self._private(dataset, element, who, depth)
        if not keyword or depth > _DEEPEST:
            self._did(tag, "removed")
            return None
        vr = _vr(element)
        value, action = self._value(dataset, element, keyword, vr, who, depth)
        if action != "kept":
            self._did(tag, action)
        return None if value is None else DataElement(tag, vr, value, already_converted=False)

    def _value(
        self, dataset: Dataset, element: DataElement, keyword: str, vr: str, who: Replacement, depth: int
    ) -> tuple[Any, Action]:
        """The new value of a public element (None: leave it out), and what was done."""
        tag = element.tag
        if keyword in ("PatientName", "PatientID"):
            return who.name, "replaced by the pseudonym"
        if keyword == "PatientIdentityRemoved" or keyword.startswith("Deidentification"):
            return None, "removed"
        if tag in _PAIRS or tag in _TIME_OF_A_DATE or tag in _TIMES or tag in _DATE_TIMES:
            return self._when(dataset, element, who)
        texts = _texts(element) if vr not in ("SQ", *_BINARY) else []
        if keyword in _DESCRIBED or keyword in _AGENTS:
            clean = clean_description if keyword in _DESCRIBED else clean_agent
            return self._text("\\".join(texts), clean, vr)
        rule = rule_of(tag)
        if rule is not None and rule.action not in ("U", "X/Z/U*"):
            return _by_table(rule.action, keyword, vr, has_value=bool(element.value))
        if rule is None and tag not in kept_elements():
            return None, "removed"
        return self._items(element, keyword, who, depth) if vr == "SQ" else self._kept(element, keyword, vr, texts)

    def _when(self, dataset: Dataset, element: DataElement, who: Replacement) -> tuple[Any, Action]:
        tag, first = element.tag, next(iter(_texts(element)), "")
        if not first:
            return "", "kept"
        if tag in _PAIRS:
            moved = who.moment(first, _first(dataset, _PAIRS[tag]))[0]
        elif tag in _TIME_OF_A_DATE:
            date = _first(dataset, _TIME_OF_A_DATE[tag])
            moved = who.moment(date, first)[1] if date else who.time(first)
        else:
            moved = who.time(first) if tag in _TIMES else who.date_time(first)
        if tag in _TIMES and not moved:
            moved = "000000"  # that it was injected must not be lost
        return moved, "shifted" if moved else "emptied"

    def _text(self, text: str, clean: Callable[[str, People], str], vr: str) -> tuple[Any, Action]:
        cleaned = clean(text, self.people)[: _LONGEST.get(vr, 10240)]
        return cleaned, "kept" if cleaned == text.strip() else "cleaned"

    def _kept(self, element: DataElement, keyword: str, vr: str, texts: Sequence[str]) -> tuple[Any, Action]:
        """An element that describes the scan, if its values are of that kind."""
        if vr == "UI":
            uids = [self.run.uid(text) for text in texts if _is_uid(text)]
            return uids, "kept" if uids == texts else "UID replaced"
        if vr == "CS":
            return self._codes(keyword, texts)
        if vr in ("DS", "IS"):
            numbers = [number for text in texts if (number := _number(text, vr, self.people)) is not None]
            same = len(numbers) == len(texts) and _may_have(keyword, len(numbers))
            if not same and not (numbers and keyword.startswith("Contrast")):
                return (None, "removed") if texts else ("", "kept")
            return numbers, "kept" if numbers == list(texts) else "cleaned"
        if vr in _BINARY or vr == "AT":
            values = _several(element.value)
            ok = _may_have(keyword, len(values)) and (vr == "AT" or _are_numbers(values, vr))
            return (element.value, "kept") if ok else (None, "removed")
        return self._short_text(keyword, texts) if vr in ("LO", "SH") else (None, "removed")

    def _codes(self, keyword: str, texts: Sequence[str]) -> tuple[Any, Action]:
        otherwise = "UNKNOWN" if keyword in ("ImageType", "FrameType") else "OTHER"
        if not _may_have(keyword, len(texts)):
            return None, "removed"
        cleaned = clean_codes(texts, self.people, otherwise=otherwise)
        return cleaned, "kept" if cleaned == list(texts) else "cleaned"

    def _short_text(self, keyword: str, texts: Sequence[str]) -> tuple[Any, Action]:
        text = "\\".join(texts)
        if not text:
            return "", "kept"
        if keyword in _CODED:
            return None, "removed"  # items of codes are made whole, in _code
        if keyword == "StackID":
            return (text, "kept") if re.fullmatch(r"\d{1,4}", text) else (self.run.uid(text)[-12:], "replaced")
        cleaned = protocol_words(text, without=self.people.names)
        if not cleaned and (keyword in _DUMMY or keyword in _HINTS_OF_AGENT):
            return REMOVED, "replaced"
        return cleaned, "kept" if cleaned == text else "cleaned"

    def _items(self, element: DataElement, keyword: str, who: Replacement, depth: int) -> tuple[Any, Action]:
        kept = []
        for item in element.value or ():
            coded = item if "CodeValue" in item or "CodingSchemeDesignator" in item else None
            made = self._level(item, who, depth + 1)
            if coded is not None:
                code = _known_code(coded)
                if code is None and keyword not in _AGENT_SEQUENCES:
                    continue
                made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = code or _AGENT_CODE
            kept.append(made)
        if not kept and element.value:
            return None, "removed"
        return Items(kept), "kept"

    def _private(self, dataset: Dataset, element: DataElement, who: Replacement, depth: int) -> DataElement | None:
        tag = element.tag
        if is_nested(dataset, tag) and element.VR == "SQ" and depth <= _DEEPEST:
            items = [self._level(item, who, depth + 1) for item in element.value or ()]
            return DataElement(tag, "SQ", Items(items))
        known = safe_element(dataset, tag)
        raw = element.value
        values = known.value_of(_several(_decoded(raw))) if known is not None and element.VR != "SQ" else []
        if known is None or not values:
            self._did(tag, "removed")
            return None
        vr = element.VR if element.VR not in ("UN", "OB") else ("LO" if isinstance(values[0], str) else "FL")
        return DataElement(tag, vr, values if len(values) > 1 else values[0])


_LONGEST = {"LO": 64, "SH": 16, "CS": 16, "ST": 1024, "LT": 10240}


def _by_table(action: str, keyword: str, vr: str, *, has_value: bool) -> tuple[Any, Action]:
    """What the table says of an element that no option keeps."""
    if not has_value:
        return (None, "removed") if action == "X" else (_empty(vr), "kept")
    if keyword in _DUMMY:
        return REMOVED, "replaced"
    if action in ("X", "D", "X/D") or vr in ("OB", "OW", "UN", "UT"):
        return None, "removed"
    return _empty(vr), "emptied"


def _empty(vr: str) -> Any:
    return Items([]) if vr == "SQ" else ""


def _vr(element: DataElement) -> str:
    """The VR of the dictionary: a file may state another, and text hides in UN."""
    stated: str = element.VR
    known = str(dictionary_VR(element.tag))
    if " or " in known:
        return stated if stated in known.split(" or ") else known.split(" or ", maxsplit=1)[0]
    if stated != known and (known == "SQ" or stated == "SQ" or stated in ("UN", "OB", "OW")):
        raise ValueError(known)
    return known


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]


def _decoded(value: Any) -> Any:
    return value.decode("latin-1").strip(" \0").split("\\") if isinstance(value, bytes) else value


def _texts(element: DataElement) -> list[str]:
    return [str(value).strip(" \0") for value in _several(element.value)]


def _first(dataset: Dataset, keyword: str) -> str:
    try:
        return next(iter(_texts(dataset[keyword])), "") if keyword in dataset else ""
    except Exception:  # as in Cleaner._level
        return ""


def _is_uid(text: str) -> bool:
    return re.fullmatch(r"[0-9.]{1,64}", text) is not None


def _may_have(keyword: str, count: int) -> bool:
    """Whether an element may have so many values, by the dictionary; a text split into many is no list of numbers."""
    multiplicity = dictionary_VM(Tag(tag_for_keyword(keyword) or 0))
    least, _, most = multiplicity.partition("-")
    if not most:
        return count in (0, int(least))
    return not most.isdigit() or count <= int(most)


def _are_numbers(values: Sequence[Any], vr: str) -> bool:
    """Whether binary values are numbers of a scan: letters, read as numbers, are large, tiny, or all printable."""
    if not all(isinstance(value, (int, float)) for value in values):
        return False
    if vr in ("FL", "FD"):
        return all(value == 0 or (math.isfinite(value) and _SMALLEST < abs(value) < _LARGEST) for value in values)
    width = {"US": 2, "SS": 2}.get(vr, 4)
    if width == 4:
        return all(abs(value) < _LARGEST_WHOLE for value in values)
    raw = b"".join(int(value % 65536).to_bytes(2, "little") for value in values)
    return len(raw) <= _FEW_LETTERS or not all(0x20 <= byte < 0x7F for byte in raw)


def _number(text: str, vr: str, people: People) -> str | None:
    """A number as it was written, or the first number in what should be one; None where it is none, or identifies."""
    found = _WRITTEN.search(text)
    if found is None or people.named_in(text):
        return None
    number = found.group().replace(",", ".")
    whole = re.sub(r"[eE].*", "", number).split(".")[0].lstrip("+-0")
    if len(whole) > _LONG_NUMBER or (found.group() != text and len(re.sub(r"\D", "", text)) > _LONG_NUMBER):
        return None
    return number.split(".")[0] if vr == "IS" else number[:16]


def _known_code(item: Dataset) -> tuple[str, str, str] | None:
    """A code of a public scheme, with the meaning that the standard gives it; None for any other."""
    value, scheme = str(item.get("CodeValue", "")), str(item.get("CodingSchemeDesignator", ""))
    for collection in (scheme, {"SRT": "SCT", "SNM3": "SCT", "99SDM": "SCT"}.get(scheme, scheme)):
        meaning = _meanings(collection).get(value)
        if meaning is not None:
            return value, scheme, meaning
    if scheme == "UCUM" and (is_code(value) or re.fullmatch(r"[A-Za-z0-9.\[\]{}/*%\-]{1,8}", value)):
        return value, scheme, value
    return None


_FOUND: dict[str, dict[str, str]] = {}


def _meanings(scheme: str) -> dict[str, str]:
    if scheme not in _FOUND:
        _FOUND[scheme] = {}
        if scheme in ("SCT", "DCM", "UCUM", "FMA", "LN", "NCIt", "UMLS", "RADLEX"):
            collection = getattr(codes, scheme)
            _FOUND[scheme] = {
                code.value: code.meaning for name in dir(collection) for code in _codes_named(collection, name)
            }
    return _FOUND[scheme]


def _codes_named(collection: Any, name: str) -> Iterable[Any]:
    try:
        code = getattr(collection, name)
        return [code] if hasattr(code, "meaning") else []
    except (AttributeError, RuntimeError):  # a name that stands for several codes
        return []
