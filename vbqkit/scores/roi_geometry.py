"""Whether the ROIs lie where their names say.

Order, spacing, overlap, slices, and the place of the CSF, from positions alone.

What positions cannot show is left unsaid: names that are all off by one level fit as well as the right ones.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import pairwise

import numpy as np

from vbqkit.image import FloatArray
from vbqkit.roi.labels import CSF
from vbqkit.scores.placed_roi import PlacedRoi, PlacedRoiCheck, RoisOnSeries
from vbqkit.scores.score_shift import shift_between, shift_words, without

SPACING_MM = (25.0, 45.0)
"""Distance between the centers of neighbouring vertebral bodies, T11 to L5, mm. Chosen: 26 to 43 on the
eight sample bodies, 39 to 40 on a real T1 series."""

SPACING_SLACK_MM = 3.0
"""A ROI may lie this far from the middle of its body, as references beside osteophytes and Schmorl nodes do, mm."""

SAME_BODY_MM = 15.0
"""Two centers nearer than this along the spine cannot have a disc and two endplates between them, mm: half a body (12),
or less, belongs to each."""

CSF_BEHIND_MM = (12.0, 45.0)
"""From the line through the vertebral ROIs back to the middle of the CSF ROI, mm: 26 to 29 on the eight sample bodies
and on the real T1 series. Less than half a body's depth (30 to 38 mm) is inside the body."""

CSF_BESIDE_MM = 6.0
"""Nearer to the line through the levels than this, or in front of it, the ROI is not in the canal, mm."""

CSF_FAR_BEHIND_MM = 60.0
"""Further behind than this is the back, not the canal, mm."""

CSF_BEYOND_MM = 35.0
"""CSF is measured at L3 or at the next level with CSF (Huang 2026, Chen 2023); more than about one level
beyond the drawn levels is elsewhere, mm."""

OFF_LINE_MM = 16.0
"""A level further than this in front of or behind the line through its neighbours is not inside the column, mm: half
the depth of a body (15 to 19 mm). Up to 5 mm on the sample bodies."""

END_SLACK = 1.5
"""The line continued beyond its last two levels is this much less certain: the spine bends."""

OVERLAP_SHARE = 0.05
"""Two ROIs overlap if they share more than this part of the smaller one."""

ONE_SLICE = 0.5
"""ROIs count as on one slice up to this part of the slice distance: on a midway plane rounding decides the slice."""

ONE_PLANE_MM = 2.5
"""... and up to this distance where slices are thin, mm: half of the usual slice thickness of 4 to 5 mm."""


def check_geometry(placed: RoisOnSeries, wrong: Container[str] = ()) -> list[PlacedRoiCheck]:
    """Everything that the positions of the ROIs show; levels known to be wrong are no measure for the others."""
    overlapping = _overlaps(placed)
    twice = {label for check in overlapping for label in check.labels}
    right = [r for r in placed.by_height if r.label not in wrong]
    beside = _off_the_line(placed, right)
    off = {label for check in beside for label in check.labels}
    return [
        *overlapping,
        *_order(placed),
        *_spacing(placed, right, twice),
        *beside,
        *_slices(placed),
        *_csf_place(placed, [r for r in right if r.label not in off]),
    ]


def _steps(above: PlacedRoi, below: PlacedRoi) -> int:
    return below.number - above.number


def _distance(above: PlacedRoi, below: PlacedRoi) -> float:
    return float(np.hypot(*(below.center - above.center)[1:]))


def _overlaps(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    found = []
    rois = [r for r in placed.rois if r.is_level or r.label == CSF]
    for k, one in enumerate(rois):
        for other in rois[k + 1 :]:
            reach = (one.roi.area_mm2**0.5 + other.roi.area_mm2**0.5) * 2.0  # elongated ROIs included
            if one.image.index != other.image.index or np.linalg.norm(one.center - other.center) > reach:
                continue
            shared = len(np.intersect1d(one.pixels, other.pixels, assume_unique=True))
            share = shared / min(len(one.values), len(other.values))
            if share > OVERLAP_SHARE:
                found.append(
                    PlacedRoiCheck(
                        code="rois-overlap",
                        severity="refusal",
                        labels=(one.label, other.label),
                        message=f"{one.label} and {other.label} share {100 * share:.0f} % of the smaller ROI: one of them lies in the wrong place. "
                        "Move or delete it.",
                    )
                )
    return found


def _order(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    """Names from head to foot in the order of the positions."""
    named = [r.label for r in placed.levels]
    lying = [r.label for r in placed.by_height]
    if named == lying:
        return []
    if named == lying[::-1] and len(named) > 2:
        return [
            PlacedRoiCheck(
                code="levels-upside-down",
                severity="refusal",
                labels=tuple(named),
                message=f"The levels are named upside down: from head to foot they read {', '.join(lying)}. Rename them, or check that the "
                "picture is not upside down.",
            )
        ]
    wrong = tuple(name for name, other in zip(named, lying, strict=True) if name != other)
    return [
        PlacedRoiCheck(
            code="levels-out-of-order",
            severity="refusal",
            labels=wrong,
            message=f"From head to foot the ROIs read {', '.join(lying)}: {', '.join(wrong)} do not lie in the order of their names, so excluded "
            "and replaced levels would be the wrong ones. Rename them.",
        )
    ]


def _spacing(placed: RoisOnSeries, right: list[PlacedRoi], known: set[str]) -> list[PlacedRoiCheck]:
    """Distance of neighbours among the drawn levels, for each step from one vertebra to the next."""
    found, twice = [], set(known)
    for above, below in pairwise(placed.by_height):
        pair = (above.label, below.label)
        along = 0.0 if placed.axis is None else abs(float((below.center - above.center) @ placed.axis))
        if along < SAME_BODY_MM and not set(pair) <= known:
            twice |= set(pair)
            found.append(
                PlacedRoiCheck(
                    code="same-body-twice",
                    severity="refusal",
                    labels=pair,
                    message=f"{above.label} and {below.label} lie {along:.0f} mm apart along the spine: they are in one vertebral body (neighbours are "
                    f"{SPACING_MM[0]:.0f} to {SPACING_MM[1]:.0f} mm apart). Move one to its own vertebra.",
                )
            )
    if placed.levels != placed.by_height:
        return found  # the names are wrong; distances between names would say something false
    for above, below in pairwise(right):
        if {above.label, below.label} <= twice:
            continue
        steps, distance = _steps(above, below), _distance(above, below)
        if distance < steps * SPACING_MM[0] - SPACING_SLACK_MM:
            found.append(_doubtful_spacing(placed, above, below, "levels-too-close", distance))
        elif distance > steps * SPACING_MM[1] + SPACING_SLACK_MM:
            found.append(_doubtful_spacing(placed, above, below, "levels-too-far", distance))
    return found


def _doubtful_spacing(
    placed: RoisOnSeries, above: PlacedRoi, below: PlacedRoi, code: str, distance: float
) -> PlacedRoiCheck:
    steps = _steps(above, below)
    shifts = [s for s in (without(placed, (r.label,)) for r in (above, below)) if s is not None]
    shift = max(shifts, key=lambda s: max(map(abs, s)), default=None)
    cause = (
        "one may lie on a disc, or two in one body"
        if code == "levels-too-close"
        else "a vertebra may have been passed over, or one ROI lies elsewhere"
    )
    expected = f"{steps * SPACING_MM[0]:.0f} to {steps * SPACING_MM[1]:.0f}"
    return PlacedRoiCheck(
        code=code,
        severity="caution",
        labels=(above.label, below.label),
        message=f"{above.label} and {below.label} are {distance:.0f} mm apart, expected {expected} mm: {cause}."
        f"{shift_words(placed, shift, 'leaving one of them out')} Count the levels again.",
        shift_percent=shift,
    )


def _off_the_line(placed: RoisOnSeries, order: list[PlacedRoi]) -> list[PlacedRoiCheck]:
    """A level beside the column that the others form."""
    off = _off_mm(order)
    beyond = [r for r in order if abs(off.get(r.label, 0.0)) > OFF_LINE_MM]
    if len(order) < 4 or not beyond:
        return []

    # A level far off also bends the line of its neighbours: the one without which the others lie best is named.
    def left(level: PlacedRoi) -> float:
        return max(map(abs, _off_mm([r for r in order if r is not level]).values()), default=0.0)

    worst = min(beyond, key=left)
    mm = off[worst.label] * (END_SLACK if worst in (order[0], order[-1]) else 1.0)
    shift = without(placed, (worst.label,))
    return [
        PlacedRoiCheck(
            code="level-off-the-line",
            severity="caution",
            labels=(worst.label,),
            message=f"{worst.label} lies {abs(mm):.0f} mm {'behind' if mm > 0 else 'in front of'} the line through the other levels, more than "
            f"half a vertebral body: it may lie outside the bodies.{shift_words(placed, shift, 'leaving it out')} Move it into its body.",
            shift_percent=shift,
        )
    ]


def _off_mm(order: Sequence[PlacedRoi]) -> dict[str, float]:
    """How far each level lies behind the line through the others, mm; less counts where the line is extrapolated."""
    off = {}
    for level in order:
        others = [r for r in order if r is not level]
        down = np.array([-r.center[2] for r in others])
        back = np.array([r.center[1] for r in others])
        if len(others) < 2 or (np.diff(down) <= 0).any():
            continue
        at, here = -float(level.center[2]), float(level.center[1])
        inside = down[0] <= at <= down[-1]
        off[level.label] = (
            here - float(np.interp(at, down, back)) if inside else (here - _continued(down, back, at)) / END_SLACK
        )
    return off


def _continued(down: FloatArray, back: FloatArray, at: float) -> float:
    """The line through the levels, continued straight on from its nearest two."""
    near = slice(0, 2) if at < down[0] else slice(-2, None)
    (z0, z1), (y0, y1) = down[near], back[near]
    return float(y0 + (y1 - y0) * (at - z0) / (z1 - z0))


def _slices(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    """All vertebrae on one slice, and the CSF on the same."""
    levels = placed.levels
    if not levels:
        return []
    normal = np.array(levels[0].image.normal)
    depth = {r.label: float(r.center @ normal) for r in placed.rois}
    between = placed.volume.spacing_mm[0] if len(placed.volume) > 1 else 0.0  # of a single slice it may be unknown
    same = max(ONE_SLICE * between, ONE_PLANE_MM) + 1e-3
    main = max(levels, key=lambda r: sum(abs(depth[r.label] - depth[o.label]) <= same for o in levels))
    middle = depth[main.label]
    away = [r for r in levels if abs(depth[r.label] - middle) > same]
    found = []
    if away:
        listed = ", ".join(f"{r.label} {r.image.index}" for r in levels)
        replaced = [r.roi.moved((middle - depth[r.label]) * normal) for r in away]
        shift = shift_between(placed, replaced)
        found.append(
            PlacedRoiCheck(
                code="levels-on-different-slices",
                severity="caution",
                labels=tuple(r.label for r in away),
                message=f"The levels lie on different slices ({listed}). The papers measure all on the mid-sagittal slice; only scoliosis is a reason "
                f"not to.{shift_words(placed, shift, 'moving them to one slice')}",
                shift_percent=shift,
            )
        )
    csf = placed.csf
    if csf is not None and min(abs(depth[CSF] - depth[r.label]) for r in levels) > same:
        shift = shift_between(placed, [csf.roi.moved((middle - depth[CSF]) * normal)])
        on = sorted({r.image.index for r in levels})
        found.append(
            PlacedRoiCheck(
                code="csf-on-another-slice",
                severity="caution",
                labels=(CSF,),
                message=f"The CSF ROI lies on slice {csf.image.index}, the vertebrae on {', '.join(map(str, on))}: the coil's brightness and the part of "
                f"the sac differ.{shift_words(placed, shift, 'moving it to their slice')} Place it on the slice of the vertebrae.",
                shift_percent=shift,
            )
        )
    return found


def _csf_place(placed: RoisOnSeries, levels: list[PlacedRoi]) -> list[PlacedRoiCheck]:
    """The canal: behind the bodies, beside the levels."""
    csf = placed.csf
    if csf is None or len(levels) < 2:
        return []
    behind = placed.behind(csf, levels)
    beyond = max(float(csf.center[2] - levels[0].center[2]), float(levels[-1].center[2] - csf.center[2]))
    low, high = CSF_BEHIND_MM
    if behind < CSF_BESIDE_MM or behind > CSF_FAR_BEHIND_MM:
        where = (
            f"{-behind:.0f} mm in front of" if behind < 0 else f"{behind:.0f} mm behind"
        ) + " the line through the vertebral ROIs"
        return [
            PlacedRoiCheck(
                code="csf-outside-the-canal",
                severity="refusal",
                labels=(CSF,),
                message=f"The CSF ROI lies {where}; the dural sac lies {low:.0f} to {high:.0f} mm behind it. Move it into the sac at L3, or, if "
                "it is there, move the vertebral ROIs into the bodies.",
            )
        ]
    if not low <= behind <= high or beyond > CSF_BEYOND_MM:
        off = (
            f"{behind:.0f} mm behind the line through the vertebral ROIs, expected {low:.0f} to {high:.0f} mm"
            if not low <= behind <= high
            else f"{beyond:.0f} mm beyond the last level"
        )
        return [
            PlacedRoiCheck(
                code="csf-place-doubtful",
                severity="caution",
                labels=(CSF,),
                message=f"The CSF ROI lies {off}: it may not be in the dural sac, and the shift of the score cannot be estimated. Place it at L3, or at "
                "the next level with CSF.",
            )
        ]
    return []
