"""From the heat of one or three slices to the chain: which peaks are bodies of one spine, from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.propose.classes import BODY, CLASSES, DISC, HEAT, L5, S1, SACRUM
from vbqkit.propose.network_input import GRID_MM, Float32Array

FloatArray = npt.NDArray[np.float64]

LEAST_HEAT = 0.25
"""A peak below it is none."""

STEP_MM = (16.0, 52.0)
"""Distance between neighboring bodies: children of school age to tall men with high discs."""

LEAST_BODIES = 3
"""Fewer in a row are not taken for a spine."""

LEAST_SURENESS = 0.45
"""A chain that is less sure (:func:`sureness`) is none: pure noise makes chains of 0.40 at most,
virtual spines of 0.8."""

_PEAK_MM = 10.5  # side of the square in which a peak is the highest
_AROUND_MM = 7.5  # side of the square in which the classes around a peak are read
_MERGE_MM = 12.0  # two peaks closer than this are one body
_TURN_LIMIT_DEG, _LEAN_LIMIT_DEG, _RATIO_LIMIT = 38.0, 75.0, 1.75
_EACH = 0.15  # what a peak must be worth to be worth taking in
_COST_OF_TURN, _COST_OF_RATIO = 0.35, 0.35


@dataclass(frozen=True, eq=False, slots=True)
class Peak:
    """The middle of one body.

    Attributes
    ----------
    row, col : float
        On the network's grid.
    heat : float
        0 to 1.
    classes : ndarray, shape (7,)
        Mean probability of each class around it.
    """

    row: float
    col: float
    heat: float
    classes: FloatArray

    @property
    def like_body(self) -> float:
        """Probability that there is a vertebral body, whichever."""
        return float(self.classes[[BODY, L5, S1, SACRUM]].sum())


def find_peaks(found: Float32Array) -> list[Peak]:
    """Peaks of the heat, from above; of two that are too close the hotter one."""
    heat = scipy.ndimage.gaussian_filter(found[HEAT], 0.7)
    size = round(_PEAK_MM / GRID_MM)
    top = (heat == scipy.ndimage.maximum_filter(heat, size=size)) & (heat >= LEAST_HEAT)
    places = sorted(zip(*np.nonzero(top), strict=True), key=lambda rc: -float(heat[rc]))
    around = round(_AROUND_MM / GRID_MM)
    smooth = scipy.ndimage.uniform_filter(found[: len(CLASSES)], size=(0, around, around), mode="nearest")
    peaks: list[Peak] = []
    for r, c in places:
        row, col = _middle(heat, int(r), int(c))
        if all(np.hypot(row - p.row, col - p.col) * GRID_MM >= _MERGE_MM for p in peaks):
            peaks.append(Peak(row, col, float(heat[r, c]), smooth[:, r, c].astype(np.float64)))
    return sorted((p for p in peaks if p.like_body > 0.4), key=lambda p: p.row)


def _middle(heat: Float32Array, r: int, c: int) -> tuple[float, float]:
    """Top of the Gaussian through a peak and its neighbors: a parabola through three logarithms, down and across."""
    row = r + _top(heat[max(0, r - 1) : r + 2, c])
    col = c + _top(heat[r, max(0, c - 1) : c + 2])
    return row, col


def _top(three: Float32Array) -> float:
    if len(three) < 3:
        return 0.0
    low, mid, high = np.log(np.maximum(three.astype(np.float64), 1e-6))
    bend = low - 2.0 * mid + high
    return float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def find_chain(peaks: Sequence[Peak]) -> tuple[Peak, ...]:
    """The peaks that form the best chain, from above; empty if fewer than three do.

    Best: the largest sum of heat, less costs for bends and for uneven distances, among all chains whose steps are 16 to
    52 mm, lean at most 75 degrees and turn at most 38 degrees.
    """
    count = len(peaks)
    places = np.array([[p.row, p.col] for p in peaks]).reshape(count, 2) * GRID_MM
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
    for j in range(count):
        for i in range(j):
            step = places[j] - places[i]
            if not STEP_MM[0] <= np.hypot(*step) <= STEP_MM[1] or _lean(step) > _LEAN_LIMIT_DEG:
                continue
            worth = peaks[i].heat + peaks[j].heat - 2.0 * _EACH
            best[i, j] = (worth, (i, j))
            for k in range(i):
                before = best.get((k, i))
                cost = None if before is None else _bend_cost(places[i] - places[k], step)
                if before is None or cost is None:
                    continue
                longer = before[0] + peaks[j].heat - _EACH - cost
                if longer > best[i, j][0]:
                    best[i, j] = (longer, (*before[1], j))
    if not best:
        return ()
    _worth, members = max(best.values(), key=lambda found: found[0])
    return tuple(peaks[i] for i in members) if len(members) >= LEAST_BODIES else ()


def _lean(step: FloatArray) -> float:
    return float(np.degrees(np.arctan2(abs(step[1]), step[0])))


def _bend_cost(before: FloatArray, after: FloatArray) -> float | None:
    """Cost of a bend and of an uneven distance; None if there can be no such bend."""
    turn = np.degrees(np.arctan2(after[1], after[0]) - np.arctan2(before[1], before[0]))
    ratio = float(np.hypot(*after) / np.hypot(*before))
    if abs(turn) > _TURN_LIMIT_DEG or not 1.0 / _RATIO_LIMIT <= ratio <= _RATIO_LIMIT:
        return None
    uneven = float(np.log(ratio) / np.log(_RATIO_LIMIT))
    return _COST_OF_TURN * float(turn / _TURN_LIMIT_DEG) ** 2 + _COST_OF_RATIO * uneven**2


def sureness(found: Float32Array, chain: Sequence[Peak]) -> float:
    """How sure it is that a chain is a spine, 0 to 1: mean heat, times mean probability of body, times that of disc.

    The probability of disc is the largest on the way from one body to the next.

    Parameters
    ----------
    found : ndarray of float32, shape (8, rows, cols)
        From :func:`~vbqkit.propose.network.run_network`.
    chain : sequence of Peak
        At least two bodies.
    """
    share = np.linspace(0.0, 1.0, 25)
    ways = [(a.row + share * (b.row - a.row), a.col + share * (b.col - a.col)) for a, b in pairwise(chain)]
    discs = [scipy.ndimage.map_coordinates(found[DISC], way, order=1, mode="nearest").max() for way in ways]
    return float(np.mean([p.heat for p in chain]) * np.mean([p.like_body for p in chain]) * np.mean(discs))


def agree(chains: Sequence[tuple[Peak, ...]], *, within_mm: float = 8.0) -> tuple[Peak, ...]:
    """The bodies of the first chain that at least half of all chains have, with the means of what was found there.

    Parameters
    ----------
    chains : sequence of tuple of Peak
        Of the middle slice, then of its neighbors; empty ones do not vote.
    within_mm : float
        Two peaks closer than this are the same body.
    """
    voting = [chain for chain in chains if chain]
    if not voting or not chains[0]:
        return ()
    kept = []
    for peak in chains[0]:
        same = [p for p in (_nearest(peak, chain) for chain in voting[1:]) if _apart_mm(peak, p) <= within_mm]
        if 2 * (1 + len(same)) >= len(voting):
            all_of = [peak, *same]
            classes = np.mean([p.classes for p in all_of], axis=0)
            kept.append(Peak(peak.row, peak.col, float(np.mean([p.heat for p in all_of])), classes))
    gaps = [_apart_mm(a, b) for a, b in pairwise(kept)]
    if any(gap > STEP_MM[1] for gap in gaps):  # a body between was voted out: nothing can be counted over the gap
        return ()
    return tuple(kept) if len(kept) >= LEAST_BODIES else ()


def _nearest(peak: Peak, chain: tuple[Peak, ...]) -> Peak:
    return min(chain, key=lambda p: _apart_mm(peak, p))


def _apart_mm(a: Peak, b: Peak) -> float:
    return float(np.hypot(a.row - b.row, a.col - b.col)) * GRID_MM
