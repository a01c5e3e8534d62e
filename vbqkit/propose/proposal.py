"""What is proposed: ROIs with a confidence each, and what the reader must decide. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.values import ByContent

DOUBTFUL_BELOW = 0.6
"""A ROI with less confidence is doubtful, whatever else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedRoi:
    """One ROI that the reader has not yet accepted.

    Attributes
    ----------
    roi : Roi
        In patient coordinates; labelled with its level, or ``"body 1"``, ``"body 2"`` ... from above where no names are
        given.
    confidence : float
        0 to 1: heat of the center times the mean probability of body (or sac) under the ROI. Not a probability that has
        been checked on patients.
    doubt : str
        Why the reader should look twice; empty where nothing speaks against it.
    slice_index : int
        The slice it lies on.
    """

    roi: Roi
    confidence: float
    doubt: str = ""
    slice_index: int = 0

    @property
    def doubtful(self) -> bool:
        """Whether it has a reason for doubt or little confidence."""
        return bool(self.doubt) or self.confidence < DOUBTFUL_BELOW


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Proposal(ByContent):
    """ROIs proposed on one series, to be confirmed by a reader.

    Attributes
    ----------
    volume : Volume
        The series.
    series_index : int
        Its row in the study; 0 for a volume.
    slice_index : int
        The slice through the middle of the bodies.
    rois : tuple of ProposedRoi
        Levels from above, then CSF and noise, as far as there is a place for them.
    likely_names : tuple of str
        The most likely name of each body from above, given or not.
    margin : float
        Log-likelihood of these names less that of the next-best count.
    question : str
        What the reader must say before anything has a name; empty where names are given.
    remarks : tuple of str
        What else to know: no place for noise, another slice for some levels.
    """

    volume: Volume
    series_index: int = 0
    slice_index: int = 0
    rois: tuple[ProposedRoi, ...] = ()
    likely_names: tuple[str, ...] = ()
    margin: float = 0.0
    question: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether levels are named; else there is a question."""
        return not self.question

    def find(self, label: str) -> ProposedRoi | None:
        """The proposed ROI of that label, or None."""
        return next((proposed for proposed in self.rois if proposed.roi.label == label), None)

    def as_rows(self) -> list[dict[str, Any]]:
        """One flat table row per ROI: ``label, confidence, doubtful, doubt, slice, area_cm2, x_mm, y_mm, z_mm``."""
        return [
            {
                "label": p.roi.label,
                "confidence": round(p.confidence, 3),
                "doubtful": p.doubtful,
                "doubt": p.doubt,
                "slice": p.slice_index,
                "area_cm2": round(p.roi.area_mm2 / 100.0, 3),
                **dict(zip(("x_mm", "y_mm", "z_mm"), (round(v, 1) for v in p.roi.center_mm), strict=True)),
            }
            for p in self.rois
        ]
