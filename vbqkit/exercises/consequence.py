"""How far a placement moves the score, measured in what faultless placements leave open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.errors import RoiError
from vbqkit.exercises.faults import EDGE_MM, TOO_FAR_IN_BODY_MM
from vbqkit.exercises.own_spread import OwnSpread
from vbqkit.exercises.truth import holds_only, wanted_word
from vbqkit.image import Slice, Volume
from vbqkit.language import digits, translated
from vbqkit.roi import Roi
from vbqkit.scores.case import score_value
from vbqkit.scores.jitter import Jitter, put_again
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.registry import score_definition

WITHIN = 2.0
"""A shift of up to this many spreads cannot be told from one of many faultless placements; beyond it the ROIs together
are wrong, though each passes by itself."""

FAULTLESS = Jitter(shift_mm=TOO_FAR_IN_BODY_MM, size_percent=0.0, shape="disc")
"""Where faultless placements are drawn: evenly within :data:`TOO_FAR_IN_BODY_MM` of the reference ROIs, wherever no
fault is found. Roots that pass in a CSF ROI are none, since a careful reader cannot avoid them all."""

_CLEAN_PURITY = 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What a placement does to a score.

    Attributes
    ----------
    score : str
        Name of the score.
    value, reference : float
        From the ROIs that were placed, and from the reference ROIs on the same pictures.
    spread : float
        Root mean square of the shifts of faultless placements: what the choice among good places leaves open.
    draws : int
        How many faultless placements were drawn.
    own : OwnSpread or None
        The reader's own repeatability from lesson 70, if it is known: shown beside it, never the yardstick. A few
        pairs of readings are too few for one, and it does not see an error that is in both.
    by_roi : tuple of (str, float)
        How far each ROI alone, put in place of its reference ROI, moves the score.
    """

    score: str
    value: float
    reference: float
    spread: float
    draws: int
    by_roi: tuple[tuple[str, float], ...] = ()
    own: OwnSpread | None = None

    @property
    def shift(self) -> float:
        """Value minus reference, in the unit of the score."""
        return self.value - self.reference

    @property
    def in_spreads(self) -> float:
        """Shift over spread, see :data:`WITHIN`; inf where the spread is 0."""
        if self.spread > 0:
            return self.shift / self.spread
        return math.copysign(math.inf, self.shift) if self.shift else 0.0

    @property
    def passed(self) -> bool:
        """Whether the shift is one that faultless placements have."""
        return abs(self.in_spreads) <= WITHIN

    @property
    def worst(self) -> str | None:
        """The ROI that moves the score most."""
        return max(self.by_roi, key=lambda pair: abs(pair[1]))[0] if self.by_roi else None

    def as_row(self) -> dict[str, Any]:
        """One flat table row; ``from_L3`` is what the ROI L3 alone does."""
        row: dict[str, Any] = {
            "score": self.score,
            "value": self.value,
            "reference": self.reference,
            "shift": self.shift,
            "spread": self.spread,
            "in_spreads": self.in_spreads,
            "passed": self.passed,
            "worst": self.worst,
        }
        return row | {f"from_{label}": shift for label, shift in self.by_roi}

    def __str__(self) -> str:
        percent = 100.0 * self.shift / self.reference if self.reference else math.nan
        told = translated(
            "Your {score} is {value}, the reference ROIs give {reference}: a shift of {shift} ({percent} %).",
            score=self.score,
            value=digits(self.value, ".3g"),
            reference=digits(self.reference, ".3g"),
            shift=digits(self.shift, "+.2g"),
            percent=digits(percent, "+.1f"),
        )
        limit = digits(WITHIN * self.spread, ".2g")
        if self.passed:
            verdict = translated(
                "Faultless placements differ as much: of {draws} drawn at random, about 95 % lie within ±{limit}.",
                draws=self.draws,
                limit=limit,
            )
        else:
            verdict = translated(
                "That is more than faultless placements differ: of {draws} drawn at random, about 95 % lie within ±{limit}. This error would be visible in the result.",
                draws=self.draws,
                limit=limit,
            )
            if self.worst:
                verdict += " " + translated("Most of it comes from {label}.", label=self.worst)
        if self.own is not None:
            verdict += " " + translated("For comparison, your own spread: {own}.", own=self.own)
        return f"{told} {verdict}"


def check_consequence(
    rois: Iterable[Roi],
    truth: Phantom,
    *,
    volumes: Mapping[str, Volume],
    score: str,
    aggregate: Aggregate,
    rng: np.random.Generator,
    reference_group: ReferenceGroup | None = None,
    own_spread: OwnSpread | None = None,
    draws: int = 40,
    spread: float | None = None,
    faultless: Sequence[Mapping[str, Roi]] | None = None,
) -> Consequence:
    """Compare a score from placed ROIs with the score from the reference ROIs on the same pictures.

    Parameters
    ----------
    rois : iterable of Roi
        What was placed.
    truth : Phantom
        Holds the reference ROIs.
    volumes : mapping of str to Volume
        Weighting to series, as :func:`vbqkit.scores.score_case` takes it.
    score : str
        A name in :data:`vbqkit.scores.SCORES`.
    aggregate : {"median", "mean"}
        For VBQ.
    rng : numpy.random.Generator
        For the faultless placements.
    reference_group : ReferenceGroup, optional
        For the M-score.
    own_spread : OwnSpread, optional
        The reader's own repeatability from patients read twice, see :func:`vbqkit.exercises.own_spread_of`: shown
        beside the result if it was measured with this score.
    draws : int
        How many faultless placements.
    spread : float, optional
        Of the faultless placements, as an earlier call for this patient found it; it does not depend on `rois`.
    faultless : sequence of mapping of str to Roi, optional
        Where these lie, from :func:`faultless_placements`, moved along with the patient; by default drawn with `rng`.

    Returns
    -------
    Consequence

    Raises
    ------
    ScoreError
        If the score cannot be computed from these ROIs; the message says what is missing.
    """
    references = _references(truth, score)
    placed = {roi.label: roi for roi in rois if roi.label in references}

    def value_of(chosen: Mapping[str, Roi]) -> float:
        return score_value(volumes, chosen.values(), score, aggregate=aggregate, reference=reference_group)

    value, reference = value_of(placed), value_of(references)
    if spread is None:
        if faultless is None:
            faultless = faultless_placements(truth, volumes=volumes, score=score, rng=rng, draws=draws)
        shifts = [value_of(chosen) - reference for chosen in faultless]
        spread = float(np.sqrt(np.mean(np.square(shifts))))
    own = own_spread if own_spread is not None and own_spread.score == score else None
    alone = tuple((label, value_of(references | {label: roi}) - reference) for label, roi in placed.items())
    return Consequence(
        score=score,
        value=value,
        reference=reference,
        spread=spread,
        draws=draws if faultless is None else len(faultless),
        by_roi=alone,
        own=own,
    )


def faultless_placements(
    truth: Phantom, *, volumes: Mapping[str, Volume], score: str, rng: np.random.Generator, draws: int = 40
) -> tuple[Mapping[str, Roi], ...]:
    """The placements whose shifts are the spread of :func:`check_consequence`.

    They follow from the body and from the planes of its slices, not from what is seen there: for another day of the
    same patient, they need only be moved along with it.

    Parameters
    ----------
    truth, volumes, score, rng, draws
        As :func:`check_consequence` takes them.

    Returns
    -------
    tuple of mapping of str to Roi
        One a draw; label to ROI.
    """
    references = _references(truth, score)
    return tuple(_faultless(references, truth, volumes, rng) for _ in range(draws))


def _references(truth: Phantom, score: str) -> dict[str, Roi]:
    """The reference ROIs that a score needs."""
    return {roi.label: roi for roi in truth.reference_rois if roi.label in score_definition(score).labels}


def _faultless(
    references: Mapping[str, Roi], truth: Phantom, volumes: Mapping[str, Volume], rng: np.random.Generator
) -> dict[str, Roi]:
    """ROIs at places drawn evenly among those near the reference where no fault would be found."""
    image = next(iter(volumes.values()))
    moved = {}
    for label, roi in references.items():
        target = roi.slice_of(image)
        down, across = (np.array(v) / np.linalg.norm(v) for v in (target.row_step_mm, target.col_step_mm))
        wanted = wanted_word(label)

        def clean(candidate: Roi, target: Slice = target, wanted: str | None = wanted) -> bool:
            if wanted is None:
                return True
            try:
                candidate.mask(target)
            except RoiError:  # it reaches beyond the picture
                return False
            return holds_only(
                candidate,
                truth,
                target,
                wanted=wanted,
                least_share=_CLEAN_PURITY,
                most_tolerated=ROOTS_ALLOWED,
                edge_mm=EDGE_MM,
            )

        moved[label] = put_again(roi, jitter=FAULTLESS, axes=(down, across), rng=rng, accept=clean)
    return moved
