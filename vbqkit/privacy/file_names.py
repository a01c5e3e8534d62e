"""Names of files and folders: exports are often called after the patient."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.uid import UID_dictionary

from vbqkit.privacy.people import People
from vbqkit.privacy.report import PrivacyFinding, masked
from vbqkit.protocol_words import MASK, is_protocol_word

_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[-_.](?:0?[1-9]|1[0-2])[-_.](?:19|20)?\d{2})(?!\d)"
)
_LONG_NUMBER = re.compile(r"(?<![\d.])\d{6,}(?!\d|\.\d)")
_WORD = re.compile(r"[^\W\d_]+")
_NEUTRAL = {
    "dicom",
    "dicomdir",
    "dcm",
    "ima",
    "img",
    "images",
    "image",
    "im",
    "series",
    "ser",
    "se",
    "study",
    "studies",
    "stu",
    "st",
    "case",
    "cases",
    "patient",
    "pat",
    "pa",
    "pt",
    "data",
    "export",
    "anon",
    "sample",
    "test",
    "ct",
    "mr",
    "sc",
    "sr",
    "file",
    "files",
    "folder",
    "vbqkit",
    "rois",
    "roi",
    "reference",
    "json",
    "csv",
    "nii",
    "gz",
    "mha",
    "mhd",
    "nrrd",
    "nhdr",
    "raw",
    "zip",
    "pdf",
    "txt",
    "png",
    "jpg",
    "jpeg",
    "truth",
    "bone",
    "levels",
    "lines",
    "dexa",
    "readme",
    "md",
    "html",
    "xml",
    "slice",
    "frame",
    "vol",
    "volume",
    "scan",
    "deidentification",
    "i",
    "s",
    "e",
    "a",
    "original",
    "copy",
    "new",
    "old",
    "tmp",
    "archive",
    "cd",
    "disk",
    "disc",
    "incomplete",
    "example",
    "real",
    "set",
    "group",
}


def findings_in_name(name: str, people: People) -> Iterator[PrivacyFinding]:
    """What a path, from the given folder on, says about a person.

    Examples
    --------
    >>> people = People(frozenset({"novak"}), frozenset({"4711"}))
    >>> [f.level for name in ("Novak_J/IM1.dcm", "x/4711/a.dcm", "Kovac/a.dcm", "study01/T1/0001.dcm") for f in
    ...     findings_in_name(name, people)]
    ['identifies', 'identifies', 'attention']
    """
    for part in name.replace("\\", "/").split("/"):
        if people.named_in(part):
            yield _finding("identifies", "name or number in a file name", part, "Rename it, or make a clean copy.")
            continue
        if _DATE.search(part):
            yield _finding(
                "attention", "date in a file name", part, "Rename it if this is a date of birth or of a scan."
            )
        elif _LONG_NUMBER.search(part):
            yield _finding(
                "attention", "long number in a file name", part, "Rename it if this number leads to the patient."
            )
        else:
            unknown = [word for word in _WORD.findall(part) if len(word) > 2 and not _is_neutral(word)]
            if unknown:
                yield _finding("attention", "words in a file name", part, "Rename it if this is a name.")


def _is_neutral(word: str) -> bool:
    return word.lower() in _NEUTRAL or is_protocol_word(word)


def _finding(level: str, keyword: str, part: str, advice: str) -> PrivacyFinding:
    return PrivacyFinding(
        level="identifies" if level == "identifies" else "attention",
        kind="file name",
        keyword=keyword,
        masked=masked(part),
        advice=advice,
    )


_UID = re.compile(r"(?<![\d.])\d+(?:\.\d+){4,}")
_TOKEN = re.compile(r"[^\W_]+")
_COUNTED = re.compile(r"[A-Za-z]{0,3}\d{1,5}")


def safe_name(part: str) -> str:
    """The name of a file or folder as a message may show it: neutral words, short numbers, and ``***`` for the rest.

    Examples
    --------
    >>> safe_name("Novak_T1_0001.dcm"), safe_name("1.2.840.113619.2.5.1.dcm"), safe_name("IM0001")
    ('***_T1_0001.dcm', '***.dcm', 'IM0001')
    """
    plain = _DATE.sub(MASK, _UID.sub(MASK, part))
    return _TOKEN.sub(lambda found: found.group() if _may_show(found.group()) else MASK, plain)


def _may_show(token: str) -> bool:
    return _is_neutral(token) or _COUNTED.fullmatch(token) is not None


def without_uids(text: str) -> str:
    """A text in which UIDs are masked, except those that the standard defines."""
    return _UID.sub(lambda found: found.group() if found.group() in UID_dictionary else MASK, text)
