"""How far a placement moves the score, in units of the reader's own uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import RoiError, ScoreError
from vbqkit.exercises.own_spread import OwnSpread
from vbqkit.exercises.placement import EDGE_MM
from vbqkit.exercises.truth import truth_under, wanted_word
from vbqkit.image import Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.scores import SCORES, Aggregate, ReferenceGroup, ScoreInputs

CAREFUL_SD_MM = 1.0
"""How far a careful reader's ROI lands from the same place when it is placed again, SD along each direction, mm.

An assumption of this package, in place of the reader's own repeats until they exist (lesson 70)."""

_CLEAN_PURITY = 0.98
_TRIES = 20


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
        SD of the score when the ROIs are placed again: by the reader, or by a careful reader.
    spread_source : str
        Where the spread comes from, in a few words.
    own : bool
        Whether the spread is the reader's own (from lesson 70) and not that of an assumed careful reader.
    by_roi : tuple of (str, float)
        How far each ROI alone, put in place of its reference ROI, moves the score.
    """

    score: str
    value: float
    reference: float
    spread: float
    spread_source: str
    by_roi: tuple[tuple[str, float], ...] = ()
    own: bool = False

    @property
    def whose(self) -> str:
        """Whose spread it is, in words: ``"your own spread"`` or ``"a careful reader's spread"``."""
        return "your own spread" if self.own else "a careful reader's spread"

    @property
    def shift(self) -> float:
        """Value minus reference, in the unit of the score."""
        return self.value - self.reference

    @property
    def in_spreads(self) -> float:
        """Shift over spread: within -2 to 2 it cannot be told from that spread; inf where the spread is 0."""
        if self.spread > 0:
            return self.shift / self.spread
        return math.copysign(math.inf, self.shift) if self.shift else 0.0

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
            "spread_source": self.spread_source,
            "worst": self.worst,
        }
        return row | {f"from_{label}": shift for label, shift in self.by_roi}

    def __str__(self) -> str:
        times = abs(self.in_spreads)
        verdict = (
            f"no more than {self.whose}"
            if times <= 1
            else f"within twice {self.whose}"
            if times <= 2
            else f"{times:.1f} times {self.whose}: this error would be seen in the result"
        )
        worst = f" Most of it comes from {self.worst}." if self.worst and times > 1 else ""
        return (
            f"Your {self.score} is {self.value:.3g}, the reference ROIs give {self.reference:.3g}: a shift of {self.shift:+.2g}, {verdict}."
            f"{worst} The unit is an SD of {self.spread:.2g}: {self.spread_source}."
        )


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
        For the careful reader's repeats.
    reference_group : ReferenceGroup, optional
        For the M-score.
    own_spread : OwnSpread, optional
        The reader's own repeatability from patients read twice, see :func:`vbqkit.exercises.own_spread_of`; then it is the unit, if
        it was measured with this score. Otherwise the reference ROIs are placed again `draws` times with an SD of 1 mm along each
        direction, as a careful reader would, who stays inside the structure: an assumption of this package.
    draws : int
        How many times.

    Returns
    -------
    Consequence

    Raises
    ------
    ScoreError
        If the score cannot be computed from these ROIs; the message says what is missing.
    """
    needed = _needed(score, truth)
    placed = {roi.label: roi for roi in rois if roi.label in needed}
    references = {roi.label: roi for roi in truth.reference_rois if roi.label in needed}

    def value_of(chosen: Mapping[str, Roi]) -> float:
        return score_value(chosen.values(), volumes, score=score, aggregate=aggregate, reference_group=reference_group)

    value, reference = value_of(placed), value_of(references)
    own = own_spread is not None and own_spread.score == score
    if own_spread is not None and own:
        spread, source = own_spread.relative_sd * reference, str(own_spread)
    else:
        again = [value_of(_placed_again(references, truth, volumes, rng)) for _ in range(draws)]
        spread = float(np.std(again, ddof=1))
        source = (
            f"the reference ROIs placed again {draws} times with an SD of {CAREFUL_SD_MM:g} mm, "
            "an assumption until you have read patients twice in lesson 70"
        )
    alone = tuple((label, value_of(references | {label: roi}) - reference) for label, roi in placed.items())
    return Consequence(
        score=score, value=value, reference=reference, spread=spread, spread_source=source, by_roi=alone, own=own
    )


def score_value(
    rois: Iterable[Roi],
    volumes: Mapping[str, Volume],
    *,
    score: str,
    aggregate: Aggregate,
    reference_group: ReferenceGroup | None = None,
) -> float:
    """One score from ROIs, without the checks that go with a report; for repeats.

    Raises
    ------
    ScoreError
        If the score is unknown, its series is not there, or a ROI is missing or does not lie on the series.
    """
    definition = SCORES.get(score)
    if definition is None:
        raise ScoreError(f"There is no score '{score}'; choose one of {', '.join(SCORES)}.")
    rois = tuple(rois)
    measured: dict[str, dict[str, Measurement]] = {}
    for weighting in definition.weightings:
        if weighting not in volumes:
            raise ScoreError(f"{score} needs a {weighting} series; this case has {', '.join(volumes) or 'none'}.")
        try:
            measured[weighting] = {roi.label: roi.measure(volumes[weighting]) for roi in rois}
        except RoiError as error:
            raise ScoreError(f"{score} cannot be computed: {error}") from error
    inputs = ScoreInputs(
        measured=measured,
        acquisitions={weighting: volumes[weighting].acquisition for weighting in measured},
        reference=reference_group,
        aggregate=aggregate,
        **_rule_for({roi.label for roi in rois}),
    )
    return definition.compute(inputs).value


def _rule_for(labels: set[str]) -> dict[str, Any]:
    """Levels without a ROI are left out if one is missing and no other level is there in its place (paper 004)."""
    missing = [level for level in ("L1", "L2", "L3", "L4") if level not in labels]
    if not missing:
        return {}
    excluded = dict.fromkeys(missing, "no reference ROI")
    return {"excluded": excluded, "rule": "replace" if labels & {"T12", "L5"} else "leave out"}


def _needed(score: str, truth: Phantom) -> set[str]:
    """Labels that go into a score, as far as the truth has reference ROIs for them."""
    labels = {"L1", "L2", "L3", "L4"} | ({"noise"} if score in ("SNR", "M-score") else {"CSF"})
    return labels & {roi.label for roi in truth.reference_rois}


def _placed_again(
    references: Mapping[str, Roi], truth: Phantom, volumes: Mapping[str, Volume], rng: np.random.Generator
) -> dict[str, Roi]:
    """The reference ROIs as a careful reader would place them another time: a little shifted, still inside."""
    image = next(iter(volumes.values()))
    moved = {}
    for label, roi in references.items():
        target = roi.slice_of(image)
        axes = [np.array(v) / np.linalg.norm(v) for v in (target.row_step_mm, target.col_step_mm)]
        wanted = wanted_word(label)
        moved[label] = roi
        for _ in range(_TRIES):
            shift = sum((axis * rng.normal(0.0, CAREFUL_SD_MM) for axis in axes), np.zeros(3))
            candidate = roi.moved(shift)
            under = None if wanted is None else truth_under(candidate, truth, target, wanted=wanted)
            if under is None or (under.share(str(wanted)) >= _CLEAN_PURITY and under.edge_mm >= EDGE_MM):
                moved[label] = candidate
                break
    return moved
