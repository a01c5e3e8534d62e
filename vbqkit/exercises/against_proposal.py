"""A reader, an automatic proposal and the truth on one virtual patient: who lies where, and what it does to a score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.errors import ProposalError, VbqkitError
from vbqkit.exercises.cases import SampleCase, TeachingCase, truth_of
from vbqkit.exercises.placement import WHOLE_CASE, PlacementGrade, check_placements
from vbqkit.image import Volume
from vbqkit.propose import Proposal, propose_rois
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores.case import score_value
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.registry import score_definition


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class AgainstProposal:
    """What a reader and an automatic proposal make of one virtual patient, each against the truth. Synthetic.

    Attributes
    ----------
    score : str
        Name of the score.
    reader, proposed, reference : float or None
        The score by the reader's ROIs, by the proposed ROIs if every one of them were accepted, and by the reference
        ROIs; None where it cannot be computed.
    reader_grades, proposed_grades : tuple of PlacementGrade
        One a label, against the truth; those of the proposal only where it gives names.
    reader_rois, reference_rois : tuple of Roi
        What was compared.
    proposal : Proposal or None
        What was proposed; None where nothing was.
    refused : str
        Why nothing was proposed; empty otherwise.
    """

    score: str
    reader: float | None
    proposed: float | None
    reference: float | None
    reader_grades: tuple[PlacementGrade, ...]
    proposed_grades: tuple[PlacementGrade, ...]
    reader_rois: tuple[Roi, ...]
    reference_rois: tuple[Roi, ...]
    proposal: Proposal | None
    refused: str = ""

    @property
    def proposed_rois(self) -> tuple[Roi, ...]:
        """What was proposed, with the labels it was given."""
        return () if self.proposal is None else tuple(p.roi for p in self.proposal.rois)

    @property
    def reader_percent(self) -> float | None:
        """By how much the reader's score differs from that of the reference ROIs, %."""
        return _percent(self.reader, self.reference)

    @property
    def proposed_percent(self) -> float | None:
        """By how much the proposal's score differs from that of the reference ROIs, %."""
        return _percent(self.proposed, self.reference)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Labels whose proposed ROI must be corrected although the proposal says nothing against it."""
        return tuple(g.label for g in self.proposed_grades if not g.passed and not self._doubt(g.label))

    def as_rows(self) -> list[dict[str, Any]]:
        """One flat row a label: ``label, reader, reader_mm, proposed, proposed_mm, doubt``.

        ``reader`` and ``proposed``: ``"passes"``, ``"to correct: ..."`` with the codes of the faults, or ``"no ROI"``.
        ``..._mm``: distance of the center from that of the reference ROI, mm; None without one, and for noise, which
        may lie anywhere in clean air.
        """
        own, given = (_by_label(rois) for rois in (self.reader_rois, self.proposed_rois))
        read, proposed = ({g.label: g for g in grades} for grades in (self.reader_grades, self.proposed_grades))
        return [
            {
                "label": label,
                "reader": _verdict(read.get(label), own.get(label)),
                "reader_mm": self._distance_mm(own.get(label)),
                "proposed": _verdict(proposed.get(label), given.get(label)),
                "proposed_mm": self._distance_mm(given.get(label)),
                "doubt": self._doubt(label),
            }
            for label in WHOLE_CASE
        ]

    def _doubt(self, label: str) -> str:
        found = None if self.proposal is None else self.proposal.find(label)
        return "" if found is None else found.doubt

    def _distance_mm(self, roi: Roi | None) -> float | None:
        there = None if roi is None else _by_label(self.reference_rois).get(roi.label)
        if roi is None or there is None or roi.label not in (*SCORED_LEVELS, CSF):
            return None
        return float(np.linalg.norm(np.subtract(roi.center_mm, there.center_mm)))

    def __str__(self) -> str:
        if self.refused:
            return f"Nothing is proposed: {self.refused}"
        if self.proposal is not None and not self.proposal.named:
            return f"The bodies get no names: {self.proposal.question}"
        told = [
            f"{self.score} by the reference ROIs: {_number(self.reference)}",
            f"by the proposal, all accepted: {with_percent(self.proposed, self.proposed_percent)}",
            f"by yours: {with_percent(self.reader, self.reader_percent)}",
        ]
        missed = (
            f" The proposal says nothing against {', '.join(self.unseen)}, and is wrong there." if self.unseen else ""
        )
        return f"{'; '.join(told)}.{missed}"


def compare_with_proposal(
    rois: Iterable[Roi],
    case: TeachingCase | SampleCase,
    *,
    weighting: str = "T1",
    score: str = "VBQ-T1",
    aggregate: Aggregate = "median",
) -> AgainstProposal:
    """Put a reader's ROIs and those that are proposed automatically beside the truth of a virtual patient.

    Parameters
    ----------
    rois : iterable of Roi
        The reader's; may be empty.
    case : TeachingCase or SampleCase
        The patient.
    weighting : str
        The series that ROIs are proposed on and placements are judged on.
    score : str
        A name in :data:`vbqkit.scores.SCORES` that needs no reference group.
    aggregate : {"median", "mean"}
        For VBQ.

    Returns
    -------
    AgainstProposal
        Where nothing can be proposed it says why; it raises nothing for that.

    Raises
    ------
    VbqkitError
        If the case has no series of that weighting.
    """
    if weighting not in case.volumes:
        raise VbqkitError(
            f"{case.name} has no {weighting} series, only {', '.join(case.volumes)}. Choose one of these."
        )
    image, own = case.volumes[weighting], tuple(rois)
    proposal, refused = _proposed_on(image)
    given = () if proposal is None or not proposal.named else tuple(p.roi for p in proposal.rois)

    needed = score_definition(score).labels

    def value(chosen: Iterable[Roi]) -> float | None:
        try:
            used = [roi for roi in chosen if roi.label in needed]
            return score_value(case.volumes, used, score, aggregate=aggregate)
        except VbqkitError:
            return None

    return AgainstProposal(
        score=score,
        reader=value(own),
        proposed=value(given),
        reference=value(truth_of(case).reference_rois),
        reader_grades=check_placements(own, truth_of(case), image=image),
        proposed_grades=check_placements(given, truth_of(case), image=image) if given else (),
        reader_rois=own,
        reference_rois=truth_of(case).reference_rois,
        proposal=proposal,
        refused=refused,
    )


def _proposed_on(image: Volume) -> tuple[Proposal | None, str]:
    try:
        return propose_rois(image), ""
    except ProposalError as error:
        return None, str(error)


def _by_label(rois: Iterable[Roi]) -> dict[str, Roi]:
    return {roi.label: roi for roi in rois}


def _verdict(grade: PlacementGrade | None, roi: Roi | None) -> str:
    if grade is None or (roi is None and not grade.passed):
        return "no ROI"
    if grade.passed:
        return "passes" if roi is not None else "passes: left out"
    return f"to correct: {', '.join(f.code for f in grade.faults if f.severity == 'wrong')}"


def _percent(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else 100.0 * (value / reference - 1.0)


def _number(value: float | None) -> str:
    return "not given" if value is None else f"{value:.2f}"


def with_percent(value: float | None, percent: float | None) -> str:
    """A score and by how much it differs from the reference, as in ``"4.11 (-0.4 %)"``."""
    return _number(value) if percent is None else f"{_number(value)} ({percent:+.1f} %)"
