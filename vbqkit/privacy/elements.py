"""What the elements of one DICOM file say about a person: every element, nested ones too, and what is around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from vbqkit.privacy.described import clean_codes, clean_description
from vbqkit.privacy.people import DATES, NAMES, NUMBERS, People
from vbqkit.privacy.private_elements import is_nested, private_tags, safe_element
from vbqkit.privacy.profile import kept_elements, rule_of, tag_in_words
from vbqkit.privacy.report import Level, PrivacyFinding, masked
from vbqkit.protocol_words import fold, is_pseudonym

_DEEPEST = 16
_TEXT_VRS = {"LO", "SH", "LT", "ST", "UT", "UC", "AE", "UR", "AS", "PN"}
_CONTACT = {
    "PatientAddress",
    "PatientTelephoneNumbers",
    "PatientTelecomInformation",
    "CountryOfResidence",
    "RegionOfResidence",
    "MilitaryRank",
    "PatientInsurancePlanCodeSequence",
    "InsurancePlanIdentification",
    "IssuerOfPatientID",
    "OtherPatientIDsSequence",
    "PatientBirthTime",
    "PatientReligiousPreference",
    "PatientBirthDateInAlternativeCalendar",
}
_DESCRIPTIONS = {
    "SeriesDescription",
    "ProtocolName",
    "StudyDescription",
    "ImageComments",
    "AcquisitionComments",
    "DerivationDescription",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ContrastBolusAgent",
    "SequenceName",
    "PulseSequenceName",
    "Manufacturer",
    "ManufacturerModelName",
    "ReceiveCoilName",
    "TransmitCoilName",
    "SoftwareVersions",
    "AcquisitionProtocolDescription",
    "ContrastBolusRoute",
    "ConvolutionKernel",
    "RescaleType",
    "FilterType",
    "WindowCenterWidthExplanation",
    "ImagedNucleus",
}
_MACHINE = {
    "Manufacturer",
    "ManufacturerModelName",
    "ReceiveCoilName",
    "TransmitCoilName",
    "SoftwareVersions",
    "ConvolutionKernel",
    "FilterType",
    "SequenceName",
    "PulseSequenceName",
}
_STATED = {
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
}
_META_TEXTS = (0x00020016, 0x00020017, 0x00020018, 0x00020026, 0x00020027, 0x00020028, 0x00020102, 0x00020100)
_AFTER_PIXELS = 0x7FE00010
_PIXEL_TAGS = {0x7FE00010, 0x7FE00008, 0x7FE00009, 0x7FE00001, 0x7FE00002}
_TIFF = (b"II*\0", b"MM\0*")
_BASIC_PROFILE, _RETAIN_UIDS = "113100", "113110"

_REMOVE = "Remove it, or make a clean copy: vbqkit deidentify."
_ADVICE = {
    "name or number": _REMOVE,
    "date": "Shift or remove it: vbqkit deidentify.",
    "UID": "It leads to the patient in the archive it came from. Replace it: vbqkit deidentify.",
    "free text": "Read it: technicians write names here. vbqkit deidentify keeps words of protocols only.",
    "private element": "What it holds is not published. Remove it: vbqkit deidentify.",
    "document": "Open it: reports and pictures name people. vbqkit deidentify does not copy it.",
    "graphic": "Drawn text can stand in it. Remove it: vbqkit deidentify.",
    "header": _REMOVE,
    "unreadable": "It could not be checked. Look at it yourself, or leave it out.",
    "person's data": "With other facts it can single out a person. Remove it unless it is needed.",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file states of its own de-identification, and whether it is synthetic.

    Attributes
    ----------
    removed : bool
        PatientIdentityRemoved is YES and the codes name the basic profile, with UIDs replaced.
    dates : bool
        LongitudinalTemporalInformationModified says that dates were shifted or removed.
    synthetic : bool
        Made by the virtual scanner: machine, name and number say so.
    """

    removed: bool
    dates: bool
    synthetic: bool


def statement_of(dataset: Dataset) -> Statement:
    """What a header states of its own de-identification."""
    codes = set()
    try:
        codes = {str(item.get("CodeValue", "")) for item in dataset.get("DeidentificationMethodCodeSequence") or ()}
    except Exception:  # a damaged sequence states nothing
        codes = set()
    removed = _text(dataset, "PatientIdentityRemoved") == "YES"
    return Statement(
        removed=removed and _BASIC_PROFILE in codes and _RETAIN_UIDS not in codes,
        dates=removed and _text(dataset, "LongitudinalTemporalInformationModified") in ("MODIFIED", "REMOVED"),
        synthetic=_text(dataset, "Manufacturer").lower().startswith("vbqkit")
        and _text(dataset, "PatientName").upper().startswith("VIRTUAL^")
        and _text(dataset, "PatientID").upper().startswith("VBQKIT-"),
    )


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        return str(dataset.get(keyword) or "").strip(" \0")
    except Exception:  # pydicom raises many types for values that are damaged
        return ""


def findings_in(dataset: Dataset, people: People) -> Iterator[PrivacyFinding]:
    """What the elements of a file say about a person, one finding per element; `files` is 1."""
    stated = statement_of(dataset)
    yield from _level(dataset, people, stated, 0)
    yield from _around(dataset, people)
    if _text(dataset, "BurnedInAnnotation").upper() == "YES":
        yield PrivacyFinding(
            level="attention",
            kind="pixels",
            tag="(0028,0301)",
            keyword="BurnedInAnnotation",
            masked="YES",
            advice="The picture holds text. Look at it; vbqkit deidentify --leave-out-text leaves it out.",
        )


def _around(dataset: Dataset, people: People) -> Iterator[PrivacyFinding]:
    """The 128 bytes before the header, the file meta information, and what stands behind the pixels."""
    preamble = getattr(dataset, "preamble", None) or b""
    if preamble.strip(b"\0") and not preamble.startswith(_TIFF):
        yield _finding("header", "", "preamble", preamble.strip(b"\0").decode("latin-1"), people, "attention", "")
    for tag in _META_TEXTS:
        if tag in dataset.file_meta:
            value = _shown_value(dataset.file_meta, BaseTag(tag))
            if value:
                yield _finding("header", tag_in_words(tag), keyword_for_tag(tag), value, people, "attention", "")


def _level(dataset: Dataset, people: People, stated: Statement, depth: int) -> Iterator[PrivacyFinding]:
    for tag in sorted(dataset.keys()):
        if tag.is_private or tag in _PIXEL_TAGS or (tag.element == 0 and tag.group != 0):
            continue
        try:
            element = dataset[tag]
            vr, value = element.VR, element.value
        except Exception:  # as in _text
            yield PrivacyFinding(
                level="attention", kind="unreadable", tag=tag_in_words(tag), advice=_ADVICE["unreadable"]
            )
            continue
        if vr == "SQ":
            yield from _sequence(tag, value, people, stated, depth)
        else:
            yield from _public(tag, vr, value, people, stated)
    yield from _private(dataset, people, stated, depth)


def _sequence(tag: BaseTag, items: Any, people: People, stated: Statement, depth: int) -> Iterator[PrivacyFinding]:
    keyword = keyword_for_tag(tag)
    rule = rule_of(tag)
    if not items or keyword in _STATED:
        return
    if (
        keyword
        and rule is not None
        and rule.action.startswith("X")
        and rule.action != "X/Z/U*"
        and not stated.synthetic
    ):
        yield _finding("person's data", tag_in_words(tag), keyword, "", people, "attention", rule.action)
    for item in items if depth < _DEEPEST else ():
        yield from _level(item, people, stated, depth + 1)


def _public(tag: BaseTag, vr: str, value: Any, people: People, stated: Statement) -> Iterator[PrivacyFinding]:
    keyword, rule = keyword_for_tag(tag), rule_of(tag)
    text = _as_text(value)
    if not text or keyword in _STATED:
        return
    words, action = tag_in_words(tag), rule.action if rule is not None else ""
    if keyword in (*NAMES, *NUMBERS, *DATES, *_CONTACT):
        level = _identity_level(keyword, text, stated)
        kind = "date" if keyword in DATES else "name or number"
        if level != "kept":
            yield _finding(kind, words, keyword, text, people, level, action)
        return
    if people.named_in(text):
        yield _finding("name or number", words, keyword or "unknown element", text, people, "identifies", action)
        return
    found = _attention(tag, keyword, vr, text, value, people, stated)
    if found is not None:
        yield _finding(found, words, keyword or "unknown element", text, people, "attention", action)


def _attention(
    tag: BaseTag, keyword: str, vr: str, text: str, value: Any, people: People, stated: Statement
) -> str | None:
    """The kind of an element that may lead to a person; None where it does not."""
    rule = rule_of(tag)
    if not keyword and rule is None:
        return "header"
    if tag >> 16 in range(0x5000, 0x6100) and rule is not None:
        return "graphic"
    if keyword in _DESCRIPTIONS:
        unknown = keyword not in _MACHINE and _has_unknown_words(text, people)
        return "free text" if unknown else None
    if vr in ("OB", "OW", "OD", "OF", "UN") and (rule is not None or tag not in kept_elements()):
        return "document" if rule is not None or vr in ("OB", "UN") else None
    if rule is None:
        return None if stated.synthetic else _unlisted(tag, vr, value, people)
    return _listed(vr, text, stated)


def _listed(vr: str, text: str, stated: Statement) -> str | None:
    """Of an element that the table names."""
    if vr == "PN":
        return None if is_pseudonym(text) else "name or number"
    if text.upper() == "REMOVED" or stated.synthetic:
        return None
    excused = {"UI": stated.removed, "DA": stated.dates, "TM": stated.dates, "DT": stated.dates}
    if vr in excused:
        return None if excused[vr] else "UID" if vr == "UI" else "date"
    return "free text" if vr in ("LO", "SH", "LT", "ST", "UT", "UC") else "person's data"


def _unlisted(tag: BaseTag, vr: str, value: Any, people: People) -> str | None:
    """Of a public element that the table does not name."""
    if tag > _AFTER_PIXELS:
        return "header"
    if vr == "CS":
        codes = [str(one) for one in (value if not isinstance(value, str) else [value])]
        return "free text" if clean_codes(codes, people)[: len(codes)] != codes else None
    if vr in _TEXT_VRS and tag not in kept_elements():
        return "free text" if vr != "PN" else "name or number"
    return None


def _has_unknown_words(text: str, people: People) -> bool:
    letters = re.compile(r"[^\W_]+")
    before, after = letters.findall(fold(text)), letters.findall(fold(clean_description(text, people)))
    return not set(before) <= set(after)


def _identity_level(keyword: str, text: str, stated: Statement) -> Level:
    if keyword in ("PatientName", "PatientID") and (is_pseudonym(text) or stated.synthetic):
        return "kept"
    if keyword == "StudyID":
        return "kept" if len(text) < 5 or stated.synthetic else "attention"
    if keyword in DATES:
        return "kept" if stated.synthetic else "identifies"
    if keyword in NUMBERS and is_pseudonym(text):
        return "kept"
    return "attention" if keyword == "IssuerOfPatientID" else "identifies"


def _private(dataset: Dataset, people: People, stated: Statement, depth: int) -> Iterator[PrivacyFinding]:
    for tag in private_tags(dataset):
        try:
            element = dataset[tag]
            vr, value = element.VR, element.value
        except Exception:  # as in _text
            yield PrivacyFinding(
                level="attention", kind="unreadable", keyword="private element", advice=_ADVICE["unreadable"]
            )
            continue
        if vr == "SQ":
            nested = [finding for item in value or () for finding in _level(item, people, stated, depth + 1)]
            yield from nested if depth < _DEEPEST else ()
            if value and not is_nested(dataset, tag):
                yield _finding("private element", "(private)", "private sequence", "", people, "attention", "X")
            continue
        text = _as_text(value)
        if text and people.named_in(text):
            yield _finding("name or number", "(private)", "private element", text, people, "identifies", "X")
        elif text and safe_element(dataset, tag) is None:
            yield _finding("private element", "(private)", "private element", "", people, "attention", "X")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("latin-1").strip(" \0")
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        return "\\".join(str(one) for one in value).strip(" \0")
    return str(value).strip(" \0")


def _shown_value(dataset: Dataset, tag: BaseTag) -> str:
    try:
        return _as_text(dataset[tag].value)
    except Exception:  # as in _text
        return "damaged"


def _finding(kind: str, tag: str, keyword: str, text: str, people: People, level: Level, action: str) -> PrivacyFinding:
    named = text and people.named_in(text)
    return PrivacyFinding(
        level="identifies" if named else level,
        kind=kind,
        tag=tag,
        keyword=keyword,
        masked=masked(text) if text else "",
        action=action,
        advice=_ADVICE.get(kind, _REMOVE),
    )
