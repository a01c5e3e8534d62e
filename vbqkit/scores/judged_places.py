"""Scores after a look at where their ROIs lie: refused, or with the doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vbqkit.errors import Caution
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.scores.case import CaseScores
from vbqkit.scores.placed_roi import PlacedRoiCheck
from vbqkit.scores.registry import score_definition
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.roi_checks import check_placed_rois


def judge_places(
    case: CaseScores, volumes: Mapping[str, Volume], rois: Iterable[Roi], *, overrule: str | None = None
) -> CaseScores:
    """The scores of a case after :func:`check_placed_rois`.

    A ROI in a wrong place refuses the scores that use it; a doubtful one travels with them as a caution.

    Parameters
    ----------
    case : CaseScores
        From :func:`score_case` of the same volumes and ROIs.
    volumes : mapping of str to Volume
        By weighting.
    rois : iterable of Roi
        As they were scored.
    overrule : str, optional
        Why the scores are given all the same; each then carries the caution ``overruled``.

    Returns
    -------
    CaseScores
        Another one; `case` stays as it is.
    """
    placed = tuple(rois)
    found = {w: check_placed_rois(volume, placed, measured=case.measured.get(w)) for w, volume in volumes.items()}
    results = tuple(
        _judged(result, found, overrule) if isinstance(result, Score) else result for result in case.results
    )
    return replace(case, results=results)


def _judged(score: Score, found: Mapping[str, tuple[PlacedRoiCheck, ...]], overrule: str | None) -> Score | Refusal:
    weightings = score_definition(score.name).weightings
    checks = [check for w in weightings for check in found.get(w, ()) if check.concerns(score.regions)]
    against = [check for check in checks if check.refuses]
    if against and overrule is None:
        return Refusal(score.name, against[0].message, score.aggregate)
    overruled = [Caution("overruled", f"overruled: {check}. Stated reason: {overrule}") for check in against]
    doubts = [check.as_caution() for check in checks if not check.refuses]
    return replace(score, cautions=(*overruled, *score.cautions, *dict.fromkeys(doubts)))
