"""How far a placement moves the score, in units of the reader's own uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.exercises.own_spread import OwnSpread
from vbqkit.exercises.placement import EDGE_MM
from vbqkit.exercises.truth import TOLERATED, truth_under, wanted_word
from vbqkit.image import Slice, Volume
from vbqkit.roi import Roi
from vbqkit.scores.case import score_value
from vbqkit.scores.jitter import Jitter, put_again
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.registry import score_definition

CAREFUL_SD_MM = 1.0
"""How far a careful reader's ROI lands from the same place when it is placed again, SD along each direction, mm.

An assumption of this package, in place of the reader's own repeats until they exist (lesson 70)."""

_CAREFUL = Jitter(shift_mm=CAREFUL_SD_MM, size_percent=0.0, shape="normal")
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
        """Shift over spread: from -2 to 2 it cannot be distinguished from that spread; inf where the spread is 0."""
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
            else f"{times:.1f} times {self.whose}: this error would be visible in the result"
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
        The reader's own repeatability from patients read twice, see :func:`vbqkit.exercises.own_spread_of`; then it is
        the unit, if it was measured with this score. Otherwise the reference ROIs are placed again `draws` times with
        an SD of 1 mm along each direction, as a careful reader would, who stays inside the structure: an assumption of
        this package.
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
    needed = {*score_definition(score).labels} & {roi.label for roi in truth.reference_rois}
    placed = {roi.label: roi for roi in rois if roi.label in needed}
    references = {roi.label: roi for roi in truth.reference_rois if roi.label in needed}

    def value_of(chosen: Mapping[str, Roi]) -> float:
        return score_value(volumes, chosen.values(), score, aggregate=aggregate, reference=reference_group)

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


def _placed_again(
    references: Mapping[str, Roi], truth: Phantom, volumes: Mapping[str, Volume], rng: np.random.Generator
) -> dict[str, Roi]:
    """The reference ROIs as a careful reader would place them another time: a little shifted, still inside."""
    image = next(iter(volumes.values()))
    moved = {}
    for label, roi in references.items():
        target = roi.slice_of(image)
        down, across = (np.array(v) / np.linalg.norm(v) for v in (target.row_step_mm, target.col_step_mm))
        wanted = wanted_word(label)

        def clean(candidate: Roi, target: Slice = target, wanted: str | None = wanted) -> bool:
            if wanted is None:
                return True
            under = truth_under(candidate, truth, target, wanted=wanted)
            spared = under.share(TOLERATED.get(wanted, ""))
            pure = under.share(wanted) + spared >= _CLEAN_PURITY and spared <= ROOTS_ALLOWED
            return pure and under.edge_mm >= EDGE_MM

        moved[label] = put_again(roi, jitter=_CAREFUL, axes=(down, across), rng=rng, accept=clean)
    return moved
