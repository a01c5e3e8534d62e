"""What to call the next ROI: from its place among the ROIs that are there. The browser does the same (labels.js)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SPINE_LEVELS
from vbqkit.scores.roi_geometry import CSF_BEHIND_MM, SPACING_MM

UNSURE = "?"
"""Proposed where the place does not decide: the reader must say."""

BETWEEN_SHARE = 0.3
"""A place counts as a level up to this part of a step from where that level is expected."""

NEXT_SHARE = (0.7, 1.4)
"""Beyond the last level only the next one is proposed, at this many mean steps of the others: steps differ beside a
collapsed body and at L5, so that after two or three nobody can tell."""

WIDEST_GAP = 3
"""Between two levels further apart the column bends too much to say what lies where."""

SACRUM_BACK_MM = 17.0
"""S1 lies this far behind L5, and S2 behind S1: the lumbosacral angle, about 30 degrees, over one step, mm."""

AWAY_MM = 60.0
"""Further than this from the line through the levels is neither spine nor canal: the noise ROI, if anything, mm."""

_Place = tuple[float, float]
"""Behind and below the origin, mm: the sagittal plane, x is left out."""


def propose_label(center_mm: Sequence[float], rois: Iterable[Roi], *, start: str = UNSURE) -> str:
    """The label of the next ROI, from its center among the ROIs that are there, whatever the order of drawing.

    Between two levels the missing one, above and below them the next; behind the levels CSF, far away noise. A deleted
    L1 is called L1 when it is drawn again; from S1 upwards the next is L5.

    Parameters
    ----------
    center_mm : sequence of 3 floats
        LPS position of the new ROI, mm.
    rois : iterable of Roi
        Those that are there.
    start : str
        What the first level is called, as the reader says: nothing in its place tells.

    Returns
    -------
    str
        A level, ``"CSF"`` or ``"noise"``; ``"?"`` where the place is ambiguous: inside a body that has a ROI, about
        midway between two places, more than one level beyond the others, or among levels whose names are out of order.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> body = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -3))
    >>> rois = [body.with_label("L3"), body.moved((0, 2, -35)).with_label("L4")]
    >>> propose_label((0, 1, 34), rois), propose_label((0, 5, -70), rois), propose_label((0, 27, -2), rois)
    ('L2', 'L5', 'CSF')
    >>> propose_label((0, 0, 10), rois)
    '?'
    """
    rois = tuple(rois)
    used = {roi.label for roi in rois}
    levels = sorted(
        (SPINE_LEVELS.index(roi.label), (float(roi.center_mm[1]), -float(roi.center_mm[2])))
        for roi in rois
        if roi.label in SPINE_LEVELS
    )
    place = (float(center_mm[1]), -float(center_mm[2]))
    if not levels:
        return start if start not in used else UNSURE
    if any(a[0] == b[0] or a[1][1] >= b[1][1] for a, b in pairwise(levels)):
        return UNSURE  # two of one name, or names out of order
    behind, beside = _beside(place, levels)
    if abs(behind) > AWAY_MM:
        return NOISE if NOISE not in used else UNSURE
    if beside and CSF_BEHIND_MM[0] < behind < CSF_BEHIND_MM[1]:
        return CSF if CSF not in used else UNSURE
    if not beside and behind > CSF_BEHIND_MM[0] and CSF not in used:
        return UNSURE  # a level or, some levels further on, the sac
    number = _number(place, levels)
    if number is None or not 0 <= number < len(SPINE_LEVELS) or SPINE_LEVELS[number] in used:
        return UNSURE
    return SPINE_LEVELS[number]


def _beside(place: _Place, levels: Sequence[tuple[int, _Place]]) -> tuple[float, bool]:
    """How far a place lies behind the line through the levels, mm, and whether it is beside them rather than beyond."""
    back, down = place
    (first, top), (last, bottom) = levels[0], levels[-1]
    sacrum = SPINE_LEVELS.index("S1")
    if down <= top[1]:
        behind = back - top[0]
        return behind + SACRUM_BACK_MM * max(0, first - sacrum + 1), abs(behind) > top[1] - down
    if down >= bottom[1]:
        behind = back - bottom[0]
        return behind - SACRUM_BACK_MM * (last >= sacrum - 1), abs(behind) > down - bottom[1]
    for (number, above), (other, below) in pairwise(levels):
        if above[1] <= down <= below[1]:
            share = (down - above[1]) / (below[1] - above[1])
            return back - (above[0] + share * (below[0] - above[0])), other - number <= WIDEST_GAP
    return 0.0, False


def _number(place: _Place, levels: Sequence[tuple[int, _Place]]) -> int | None:
    """Number of the level at a place; None where it is ambiguous."""
    (first, top), (last, bottom) = levels[0], levels[-1]
    if place[1] < top[1]:
        return first - 1 if _is_next(math.dist(place, top), levels) else None
    if place[1] > bottom[1]:
        return last + 1 if _is_next(math.dist(place, bottom), levels) else None
    for (number, above), (other, below) in pairwise(levels):
        if above[1] <= place[1] <= below[1]:
            share = (place[1] - above[1]) / (below[1] - above[1]) * (other - number)
            steps = math.floor(share + 0.5)
            near = abs(share - steps) <= BETWEEN_SHARE and other - number <= WIDEST_GAP
            return number + steps if near and 0 < steps < other - number else None
    return None


def _is_next(distance: float, levels: Sequence[tuple[int, _Place]]) -> bool:
    """Whether a place beyond the last level is one step from it."""
    low, high = SPACING_MM
    if len(levels) > 1:
        steps = [math.dist(a[1], b[1]) / (b[0] - a[0]) for a, b in pairwise(levels)]
        low, high = (share * sum(steps) / len(steps) for share in NEXT_SHARE)
    return low <= distance <= high
