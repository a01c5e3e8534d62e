"""What a report of a case says, as frozen values: nothing here knows HTML, PDF or DICOM."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any

from vbqkit.errors import Caution
from vbqkit.image import Slice
from vbqkit.report.protocol_light import ProtocolLight
from vbqkit.report.source_files import Evidence, FileDigest
from vbqkit.roi import Roi
from vbqkit.scores.case import CaseScores
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.stats.cutoff_verdict import Verdict

NO_DIAGNOSIS = (
    "For teaching and research. These numbers screen; they are no diagnosis. A published cut-off holds for the scanner, the protocol and "
    "the people it was found in, and for no other without proof."
)
"""What every report says first."""

SYNTHETIC = "SYNTHETIC: made by the virtual scanner. No real person was scanned."
"""What every report of virtual images says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCutoff:
    """A published cut-off beside the value of a case.

    Attributes
    ----------
    source, target : str
        Paper, and what a positive score points to.
    threshold : float
        In the unit of the score.
    positive : str
        ``"high"``: at or above it.
    verdict : {"positive", "negative", "indeterminate"}
        By the interval of the score; indeterminate where it has none.
    distance : float
        Of the setting, as :func:`vbqkit.literature.thresholds_for` counts it; the nearest comes first.
    setting, population : str
        Field, vendor, TR and TE, and people, as far as the paper states them.
    n : int or None
        People in the paper.
    doi, known_from : str
        Where it stands, and how it is known: full text, abstract or quotation.
    """

    source: str
    target: str
    threshold: float
    positive: str
    verdict: Verdict
    distance: float
    setting: str
    population: str
    n: int | None
    doi: str
    known_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedGroup:
    """A published group of people: mean, SD (None if it is not printed), and how many."""

    source: str
    group: str
    mean: float
    sd: float | None
    n: int | None
    setting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedScore:
    """A score or a refusal, with its interval and what papers would say about it.

    Attributes
    ----------
    result : Score or Refusal
        As :func:`vbqkit.scores.score_case` gives it.
    interval : Uncertainty or None
        None for a refusal.
    cautions : tuple of int
        Numbers of its cautions in the report's list, from 1.
    cutoffs : tuple of ComparedCutoff
        All that are published, nearest setting first.
    groups : tuple of PublishedGroup
        All that are published.
    """

    result: Score | Refusal
    interval: Uncertainty | None = None
    cautions: tuple[int, ...] = ()
    cutoffs: tuple[ComparedCutoff, ...] = ()
    groups: tuple[PublishedGroup, ...] = ()

    @property
    def limits(self) -> tuple[float, float] | None:
        """Both ends of the interval; None where there is none."""
        one = self.interval
        if one is None or math.isnan(one.ci_low) or math.isnan(one.ci_high):
            return None
        return one.ci_low, one.ci_high

    @property
    def verdicts(self) -> str:
        """How the papers differ, in a sentence; empty without published cut-offs or value."""
        if not self.cutoffs or isinstance(self.result, Refusal):
            return ""
        counts = [(v, sum(c.verdict == v for c in self.cutoffs)) for v in ("positive", "negative", "indeterminate")]
        said = ", ".join(f"{verdict} by {count}" for verdict, count in counts if count)
        return f"{self.result.key}: {said} of {len(self.cutoffs)} published cut-offs."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRoi:
    """A ROI as the report lists it.

    Attributes
    ----------
    label : str
        Such as ``"L3"``.
    origin : str
        ``"placed"``, ``"accepted"`` or ``"corrected"``; empty where the ROI file does not say.
    area_cm2 : float
        As drawn.
    signals : tuple of (str, float, float)
        Weighting, mean and SD of the signal; series on which it could not be measured are left out.
    """

    label: str
    origin: str
    area_cm2: float
    signals: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section of the report in plain lines: a second reading, an earlier study, the reference group."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """Everything that the report of a case says.

    Attributes
    ----------
    code : str
        What the case is called; a pseudonym that the reader chose.
    reader : str
        Who placed or accepted the ROIs.
    read_on : date
        When.
    synthetic : bool
        Whether any image is of a virtual patient.
    identity : tuple of (str, str)
        Empty unless it was asked for.
    series : tuple of (str, str)
        Weighting, and how it was acquired, of each scored series.
    not_scored : tuple of (str, str)
        Series that are not scored, and why.
    scores : tuple of ReportedScore
        In the order of the registry.
    rois : tuple of ReportedRoi
        In the order of the file.
    cautions : tuple of Caution
        Each once; scores refer to them by number, from 1.
    protocol : tuple of ProtocolLight
        Of the scored series.
    exclusions : tuple of str
        Levels that were left out or replaced, with the paper's rule.
    sections : tuple of ReportSection
        What else the reader had to say of the case.
    settings : tuple of (str, str)
        Choices that change the digits.
    versions : tuple of (str, str)
        Software.
    digests : tuple of FileDigest
        SHA-256 of the images and of the ROI file.
    image : Slice or None
        The key image.
    drawn : tuple of Roi
        ROIs as drawn, for the key image and for DICOM.
    case : CaseScores or None
        What the scores were computed from.
    evidence : Evidence or None
        The series and their files.
    """

    code: str
    reader: str
    read_on: dt.date
    synthetic: bool
    identity: tuple[tuple[str, str], ...] = ()
    series: tuple[tuple[str, str], ...] = ()
    not_scored: tuple[tuple[str, str], ...] = ()
    scores: tuple[ReportedScore, ...] = ()
    rois: tuple[ReportedRoi, ...] = ()
    cautions: tuple[Caution, ...] = ()
    protocol: tuple[ProtocolLight, ...] = ()
    exclusions: tuple[str, ...] = ()
    sections: tuple[ReportSection, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    digests: tuple[FileDigest, ...] = ()
    image: Slice | None = field(default=None, repr=False)
    drawn: tuple[Roi, ...] = field(default=(), repr=False)
    case: CaseScores | None = field(default=None, repr=False)
    evidence: Evidence | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """What the report is called."""
        return f"Marrow scores from lumbar MRI, {self.code}"

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a score: that of the score, with interval, verdicts, reader, date and code."""
        found = []
        for one in self.scores:
            limits = one.limits or (None, None)
            row = one.result.as_row() | {"ci_low": limits[0], "ci_high": limits[1]}
            row |= {"aggregate": one.result.aggregate, "verdicts": one.verdicts or None, "code": self.code}
            found.append(row | {"reader": self.reader, "read_on": self.read_on.isoformat()})
        return found
