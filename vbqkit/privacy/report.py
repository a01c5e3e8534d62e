"""What a check found: one finding per element, file name or mark in the pixels, without the values themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from vbqkit.errors import Caution

Verdict = Literal["clean", "needs attention", "identifiable"]
Level = Literal["identifies", "attention", "kept"]

VERDICTS: dict[Verdict, str] = {
    "clean": "Nothing was found that identifies a person.",
    "needs attention": "Nothing names the person, but something may lead to them: read the findings.",
    "identifiable": "Whoever opens these files can tell who was scanned.",
}
"""Each verdict, and what it means."""


def masked(value: str) -> str:
    """A value as a report may show it: its first letter and its length, or its length alone where it is short.

    Examples
    --------
    >>> masked("Novak^Jana"), masked("Li"), masked("")
    ('N***, 10 characters', '***, 2 characters', 'empty')
    """
    plain = value.strip(" \0")
    if not plain:
        return "empty"
    long = len(plain) > _SHORTEST_SHOWN and plain[0].isalnum() and plain[0].isascii()
    count = f"{len(plain)} character{'' if len(plain) == 1 else 's'}"
    return f"{plain[0] if long else ''}***, {count}"


_SHORTEST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyFinding:
    """One place that identifies, or may.

    Attributes
    ----------
    level : str
        ``"identifies"``, ``"attention"``.
    kind : str
        Of place: ``"name or number"``, ``"date"``, ``"UID"``, ``"free text"``, ``"private element"``, ``"document"``,
        ``"graphic"``, ``"file name"``, ``"pixels"``, ``"unreadable"``, ``"other file"`` or ``"header"``.
    tag : str
        Such as ``"(0010,0010)"``; empty where it is no element.
    keyword : str
        Such as ``"PatientName"``, or what else it is.
    files : int
        In how many files.
    of_files : int
        Files that were checked.
    masked : str
        The value of the first of them: first letter and length.
    action : str
        Of table E.1-1 in PS3.15; empty where it has none.
    advice : str
        What to do.
    """

    level: Level
    kind: str
    tag: str = ""
    keyword: str = ""
    files: int = 1
    of_files: int = 1
    masked: str = ""
    action: str = ""
    advice: str = ""

    def as_row(self) -> dict[str, str | int]:
        """One flat object: level, kind, tag, keyword, where, files, of_files, value, action, advice."""
        return {
            "level": self.level,
            "kind": self.kind,
            "tag": self.tag,
            "keyword": self.keyword,
            "where": f"{self.files} of {self.of_files}",
            "files": self.files,
            "of_files": self.of_files,
            "value": self.masked,
            "action": self.action,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """What was found in the files of a study.

    Attributes
    ----------
    findings : tuple of PrivacyFinding
        Those that identify first.
    files : int
        Files that were checked.
    images : int
        Frames whose pixels were searched for text.
    cautions : tuple of Caution
        What could not be checked.
    """

    findings: tuple[PrivacyFinding, ...] = ()
    files: int = 0
    images: int = 0
    cautions: tuple[Caution, ...] = field(default=())

    @property
    def verdict(self) -> Verdict:
        """Clean, needs attention, or identifiable."""
        levels = {finding.level for finding in self.findings}
        if "identifies" in levels:
            return "identifiable"
        return "needs attention" if "attention" in levels else "clean"

    def as_rows(self) -> list[dict[str, str | int]]:
        """One row per finding, for a table: see :meth:`PrivacyFinding.as_row`."""
        return [finding.as_row() for finding in self.findings]

    def __iter__(self) -> Iterator[PrivacyFinding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __repr__(self) -> str:
        return f"<PrivacyReport: {self.verdict}, {len(self.findings)} findings in {self.files} files>"
