"""How far a doubtful ROI may shift VBQ: the value with it against that without it, or with it where it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vbqkit.errors import RoiError
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF
from vbqkit.scores.placed_roi import RoisOnSeries

Shift = tuple[float, float]
"""With the median and with the mean of the levels as aggregator, percent."""


def shift_of(placed: RoisOnSeries, means: Mapping[str, float | None]) -> Shift | None:
    """VBQ as it is against VBQ with other means (as stored) for some labels; None as a mean leaves the level out."""
    levels, zero = placed.scored, placed.volume.zero_value
    if len(levels) < 2 or placed.csf is None:
        return None
    here = [r.mean + zero for r in levels]
    there = [m for m in (means.get(r.label, r.mean + zero) for r in levels) if m is not None]
    csf_here = placed.csf.mean + zero
    csf_there = means.get(CSF, csf_here)
    if not there or not csf_there or min(csf_here, csf_there, *there) <= 0:
        return None
    if all(r.label not in means for r in levels) and CSF not in means:
        return None
    factor = csf_there / csf_here
    median, mean = (100.0 * (float(f(here)) / float(f(there)) * factor - 1.0) for f in (np.median, np.mean))
    return median, mean


def without(placed: RoisOnSeries, labels: Iterable[str]) -> Shift | None:
    """Shift by some levels, against leaving them out."""
    return shift_of(placed, dict.fromkeys(labels))


def shift_between(placed: RoisOnSeries, replaced: Iterable[Roi]) -> Shift | None:
    """Shift against the same ROIs elsewhere; None where they cannot be measured there."""
    means: dict[str, float | None] = {}
    for roi in replaced:
        try:
            means[roi.label] = roi.measure(placed.volume).mean
        except RoiError:
            return None
    return shift_of(placed, means)


def shift_words(placed: RoisOnSeries, shift: Shift | None, against: str) -> str:
    """A sentence for a message, with a space before it; empty where no shift is known."""
    if shift is None:
        return ""
    median, mean = shift
    name = f"VBQ-{placed.weighting}" if placed.weighting in ("T1", "T2", "STIR") else "the ratio to CSF"
    if max(abs(median), abs(mean)) < 0.5:
        return f" It shifts {name} by less than 1 %, compared with {against}."
    return f" It may shift {name} by about {_whole(median)} (median of the levels) or {_whole(mean)} (mean), compared with {against}."


def _whole(percent: float) -> str:
    return "0 %" if abs(percent) < 0.5 else f"{percent:+.0f} %"
