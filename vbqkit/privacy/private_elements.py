"""Private elements that are known to hold physics, by the creator of their block: the others are removed.

They are those that :mod:`vbqkit.formats.tags` reads, with the kind of value that each may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from vbqkit.protocol_words import is_code

_DECIMAL = re.compile(r"[-+]?\d{1,6}(?:\.\d{1,12})?(?:[eE][-+]?\d{1,2})?")
_PAT_MODE = re.compile(r"p\d{1,2}(?:\s*s\d{1,2})?")
_LEVEL = re.compile(r"low|medium|high|\d(?:\.\d{1,2})?", re.IGNORECASE)
_STEPS = ("NormalizeAlgo:PreScan", "IterativeDenoising")
_LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class SafeElement:
    """A private element that a copy keeps."""

    creator: str
    group: int
    element: int
    kind: str

    def value_of(self, values: Sequence[Any]) -> list[Any]:
        """The values that may be kept, in the form that they were found in."""
        return [value for value in (_KINDS[self.kind](one) for one in values) if value is not None]


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() if _DECIMAL.fullmatch(value.strip()) else None
    return value if isinstance(value, (int, float)) and abs(value) < _LARGEST else None


def _code(value: Any) -> Any:
    text = str(value).strip()
    return text if is_code(text) else None


def _pat_mode(value: Any) -> Any:
    text = str(value).strip()
    return text if _PAT_MODE.fullmatch(text) else None


def _level(value: Any) -> Any:
    text = str(value).strip()
    return text if _LEVEL.fullmatch(text) or text in ("p", "p+") else None


def _filter(value: Any) -> Any:
    text = str(value).strip()
    return text if re.fullmatch(r"[a-z]{0,2}\+?", text) else None


def _step(value: Any) -> Any:
    text = str(value).strip()
    return next((step for step in _STEPS if text.upper().startswith(step.upper())), None)


_KINDS = {"number": _number, "code": _code, "pat": _pat_mode, "level": _level, "filter": _filter, "step": _step}
_SAFE = (
    SafeElement("Philips MR Imaging DD 001", 0x2005, 0x0E, "number"),
    SafeElement("Philips MR Imaging DD 001", 0x2005, 0x11, "code"),
    SafeElement("GEMS_PARM_01", 0x0043, 0x2F, "number"),
    SafeElement("GEMS_PARM_01", 0x0043, 0x2D, "filter"),
    SafeElement("GEMS_PARM_01", 0x0043, 0x83, "number"),
    SafeElement("GEMS_PARM_01", 0x0043, 0xB7, "number"),
    SafeElement("GEMS_PARM_01", 0x0043, 0xCA, "level"),
    SafeElement("SIEMENS MR HEADER", 0x0051, 0x11, "pat"),
    SafeElement("SIEMENS MR SDS 01", 0x0021, 0x09, "pat"),
    SafeElement("SIEMENS MR SDI 02", 0x0021, 0x75, "code"),
    SafeElement("SIEMENS MR SDI 02", 0x0021, 0x76, "step"),
)
NESTED = {(0x2005, "PHILIPS MR IMAGING DD 005", 0x0F), (0x2005, "PHILIPS MR IMAGING DD 001", 0x0F)}
NESTED |= {(0x0021, "SIEMENS MR SDS 01", 0xFE), (0x0021, "SIEMENS MR SDI 02", 0xFE)}
"""Private sequences whose items are cleaned and kept: group, creator, element."""


def creator_of(dataset: Dataset, tag: BaseTag) -> str | None:
    """Who reserved the block of a private element; None where nobody did."""
    try:
        element = dataset.get(Tag(tag.group, tag.element >> 8))
        return None if element is None or element.value is None else str(element.value).strip(" \0")
    except Exception:  # pydicom raises many types for values that are damaged
        return None


def safe_element(dataset: Dataset, tag: BaseTag) -> SafeElement | None:
    """What is known of a private element; None: nothing, so it is removed."""
    creator = (creator_of(dataset, tag) or "").upper()
    low = tag.element & 0xFF
    for known in _SAFE:
        if (known.group, known.element, known.creator.upper()) == (tag.group, low, creator):
            return known
    return None


def is_nested(dataset: Dataset, tag: BaseTag) -> bool:
    """Whether a private sequence is one whose items are cleaned and kept."""
    return (tag.group, (creator_of(dataset, tag) or "").upper(), tag.element & 0xFF) in NESTED


def private_tags(dataset: Dataset) -> Iterator[BaseTag]:
    """Private elements of one level, without the creators of blocks."""
    for tag in sorted(dataset.keys()):
        if tag.is_private and not tag.is_private_creator:
            yield tag
