"""What the DICOM standard says identifies a person, element by element, and which elements a copy keeps.

``data/confidentiality_profile.csv`` is table E.1-1 of PS3.15, the Basic Application Level Confidentiality Profile, in
the edition 2026c. Its rows were taken from dicom-anonymizer 2.1.0 (Kitware, BSD-3-Clause), which reads them from the
standard's own pages. ``data/kept_elements.csv`` lists the elements of MR, CT and DX images that the table does not name
and that hold numbers, codes or references: what describes a scan, not a person. It was made from the standard's modules
as highdicom 0.28 (MIT) ships them. What is in neither list is not copied.

The actions of the table: X remove, Z empty, D replace by a dummy, U replace a UID by another, always by the same;
X/Z and the like leave the choice to what the object needs.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from pydicom.tag import BaseTag, Tag

_CURVES, _OVERLAYS = range(0x5000, 0x5100), range(0x6000, 0x6100)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: the name of the element, and what becomes of it."""

    name: str
    action: str


@lru_cache(maxsize=1)
def _table() -> dict[int, Rule]:
    found = {}
    for row in _rows("confidentiality_profile.csv"):
        if "X" not in row["tag"]:
            found[int(row["tag"].replace(",", ""), 16)] = Rule(row["name"], row["action"])
    return found


@lru_cache(maxsize=1)
def kept_elements() -> frozenset[int]:
    """Tags that a copy keeps, after their values were checked."""
    return frozenset(int(row["tag"].replace(",", ""), 16) for row in _rows("kept_elements.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    text = files("vbqkit.privacy").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def rule_of(tag: int) -> Rule | None:
    """The row of the table for a public element; None where it has none.

    Examples
    --------
    >>> rule_of(0x00100010), rule_of(0x60023000), rule_of(0x00180080) is None
    (Rule(name="Patient's Name", action='Z'), Rule(name='Overlay Data', action='X'), True)
    """
    group = tag >> 16
    if group in _CURVES:
        return Rule("Curve Data", "X")
    if group in _OVERLAYS and tag & 0xFFFF == 0x3000:
        return Rule("Overlay Data", "X")
    if group in _OVERLAYS and tag & 0xFFFF == 0x4000:
        return Rule("Overlay Comments", "X")
    return _table().get(tag)


def tag_in_words(tag: BaseTag | int) -> str:
    """A tag as reports show it.

    Examples
    --------
    >>> tag_in_words(0x00100010)
    '(0010,0010)'
    """
    known = Tag(tag)
    return f"({known.group:04x},{known.element:04x})"
