"""Do the pixels look like marrow? Against disc, cortex, fat, vein and air.

Everything is relative to the other ROIs of the same series and to the picture around them, so the receiver's gain
plays no part. Nothing is said on series of unknown weighting, where disc may be darker or brighter than marrow.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vbqkit.image import FloatArray
from vbqkit.scores.placed_roi import (
    STEP_MM,
    PlacedRoi,
    PlacedRoiCheck,
    RoisOnSeries,
    brightest_stretch,
    profile,
    ray,
    sideways,
)
from vbqkit.scores.score_shift import shift_of, shift_words, without

FEW_PIXELS = (5, 12)
"""Refused below the first, doubtful below the second: with 5 pixels the mean of marrow that varies by 15 % is uncertain
by 7 % (1 SE), with 12 by 4 %."""

LARGEST_CM2 = 12.0
"""No mid-sagittal section of a lumbar body is larger, cm2: 38 mm deep and 31 mm high in large men. The Košice
group 2025 has 0.40."""

UNEVEN = {"T1": 0.45, "T2": 0.65, "STIR": 0.40}
"""Two tissues in one ROI: distance between the means of its darker and brighter pixels (split where the variance
between them is largest), over the mean. Well-placed ROIs, with shifts of 1 mm, gave up to 0.39, 0.57 and 0.40 on 17
virtual bodies and 0.2 on the real T1 series; noise alone gives 1.6 times its SD / mean."""

UNEVEN_SHARE = 0.05
"""... where at least this share of the pixels is on each side."""

OUTLIER = {"T1": 0.30, "T2": 0.40, "STIR": 0.60}
"""A level this far from the median of the others: up to 0.22, 0.31 and 0.39 in well-placed ROIs with shifts of 1 mm on
16 of 17 virtual bodies (in one the fat differs from level to level: 0.50, 0.62, 0.35), 0.13 on the real T1 series. On
STIR the levels of two real people differ by an SD of 13 and 16 % of their mean (the ranges that `benchmarks.realism`
uses): 0.40 would doubt 9 % of such people, 0.60 doubts 1 %."""

LIKE_ANOTHER = 0.10
"""... unless another level reads the same within this share: marrow may change from the upper to the lower levels."""

BETWEEN_DARK = 0.80
"""Somewhere between two neighbouring bodies an endplate is darker than this part of their signal, on every weighting:
0.13 to 0.53 on the sample cases, 0.48 on the real T1 series."""

BETWEEN_BRIGHT = 1.15
"""On T1, a ROI with more than this times its own signal both above and below it (8 to 22 mm off) is on a disc: 1.3 to 2
there, at most 1.05 in marrow."""

BETWEEN_MM = (8.0, 22.0)

DISC_REACH_MM = 10.0
DISC_FLAT = 1.12
"""... and a disc is as dark 10 mm in front of and behind the ROI, which a vein and a lesion are not: their mean signal
there is above 1.12 times that of the ROI."""

DISC_MM = 14.5
"""On T2 and STIR, a ROI between two endplates nearer than this is on a disc: discs 7 to 14 mm, bodies 16.5 and
more, on the sample cases."""

ENDPLATE = 0.60
"""Part of the ROI's median signal below which a dark line counts as an endplate."""

NOT_MARROW = ("marrow-is-air", "marrow-under-skin", "marrow-on-disc")
"""Codes of levels that are no measure for the others."""

AIR_SHARE = 0.08
"""Darker than this part of the bright tissue of its slice, a marrow ROI is in air."""

SKIN_MM = (30.0, 10.0)
"""A level with nothing but air from 30 mm in front of or behind it on, over at least 10 mm, is under the skin; bodies
have 60 mm and more of tissue on both sides on the sample cases. Pictures of the spine often end 15 mm behind the
skin."""

BEHIND_MM = 160.0
"""Dark in front, with less tissue than this behind, is an anterior saturation band, which blackens the belly in routine
scans. Bodies have 60 to 140 mm of tissue behind them, fat of the belly 160 and more."""


def check_marrow(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    """Everything that the pixels under and around the vertebral ROIs show, and the sizes of all ROIs."""
    sizes = (_size(r) for r in placed.rois)
    found = [check for check in sizes if check is not None]
    if placed.weighting not in OUTLIER:
        return found
    tiny = {label for check in found for label in check.labels}
    in_air = _air(placed)
    not_marrow = [*in_air, *_disc(placed, {label for check in in_air for label in check.labels})]
    wrong = {label for check in not_marrow for label in check.labels}
    return [
        *found,
        *not_marrow,
        *_uneven(placed, wrong | tiny),
        *_outliers(placed, wrong),
        *_nothing_between(placed, wrong),
    ]


def _size(roi: PlacedRoi) -> PlacedRoiCheck | None:
    n, area = len(roi.values), roi.roi.area_mm2 / 100.0
    if area > LARGEST_CM2:
        return PlacedRoiCheck(
            code="roi-too-large",
            severity="refusal",
            labels=(roi.label,),
            message=f"{roi.label} covers {area:.1f} cm2, more than a whole vertebral body on the mid-sagittal slice (up to {LARGEST_CM2:g} cm2): cortex, "
            "discs or fat are in it. Make it smaller (Košice group 2025: 0.40 cm2).",
        )
    few, little = FEW_PIXELS
    if n >= little:
        return None
    spread = 100.0 * float(roi.values.std(ddof=1)) / abs(roi.mean) / n**0.5 if n > 1 and roi.mean else None
    uncertain = (
        "" if spread is None else f", so its mean is uncertain by about {spread:.0f} % (1 SE) from its own pixels alone"
    )
    return PlacedRoiCheck(
        code="roi-few-pixels",
        severity="refusal" if n < few else "caution",
        labels=(roi.label,),
        message=f"{roi.label} covers 1 pixel ({area:.2g} cm2){uncertain}. Make it larger (Košice group 2025: 0.40 cm2)."
        if n == 1
        else f"{roi.label} covers {n} pixels ({area:.2g} cm2){uncertain}. Make it larger (Košice group 2025: 0.40 cm2).",
    )


def _others(placed: RoisOnSeries, level: PlacedRoi, wrong: set[str]) -> list[float]:
    return [r.mean for r in placed.levels if r is not level and r.label not in wrong]


def _air(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    found = []
    bright: dict[int, float] = {}
    for level in placed.levels:
        index, zero = level.image.index, level.image.zero_value
        if index not in bright:
            step = max(1, level.image.shape[0] // 64)
            some = level.image.pixels[::step, ::step]
            if level.image.padding is not None:
                some = some[~level.image.padding[::step, ::step]]
            bright[index] = float(np.percentile(some[np.isfinite(some)], 95)) - zero
        if level.mean < AIR_SHARE * bright[index]:
            found.append(
                PlacedRoiCheck(
                    code="marrow-is-air",
                    severity="refusal",
                    labels=(level.label,),
                    message=f"{level.label} reads {level.mean:.3g}, {100 * level.mean / bright[index]:.0f} % of the bright tissue on its slice: it lies in air, in a "
                    "vessel or on cortical bone. Move it into marrow.",
                )
            )
        elif _under_the_skin(level, AIR_SHARE * bright[index]):
            found.append(
                PlacedRoiCheck(
                    code="marrow-under-skin",
                    severity="refusal",
                    labels=(level.label,),
                    message=f"{level.label} lies less than {SKIN_MM[0]:.0f} mm under the skin, in fat or muscle, not in a vertebra. Move it into its body.",
                )
            )
    return found


def _under_the_skin(level: PlacedRoi, air: float) -> bool:
    """Whether there is nothing but air on one side from a little way off."""
    start, least = SKIN_MM
    away = np.arange(start, 400.0, 2.0)
    both = ray(level.image, level.center, np.array([0.0, 1.0, 0.0]), np.append(away, -away))
    behind, front = both[: len(away)], both[len(away) :]
    tissue_behind_mm = away[np.isfinite(behind) & (behind >= air)].max(initial=0.0)
    for side in (behind, front) if tissue_behind_mm >= BEHIND_MM else (behind,):
        signal = side[np.isfinite(side)]
        if len(signal) * 2.0 >= least and float((signal < air).mean()) > 0.9:
            return True
    return False


def _disc(placed: RoisOnSeries, in_air: set[str]) -> list[PlacedRoiCheck]:
    """A ROI on a disc: on T1 marrow above and below is brighter, on T2 and STIR two endplates are near.

    A level in air shows no direction of the spine: a neighbor would be looked at askew.
    """
    found = []
    for level in placed.levels:
        along = placed.along(level, ignored=in_air)
        band = profile(level.image, level.center, along, BETWEEN_MM[1] + 3.0, 4.0)
        reason = _on_disc_t1(band, level, along) if placed.weighting == "T1" else _on_disc_t2(band, level)
        if reason is None:
            continue
        others = _others(placed, level, set())
        off = level.mean / float(np.median(others)) - 1.0 if others else 0.0
        sure = placed.weighting == "T1"
        shift = without(placed, (level.label,))
        found.append(
            PlacedRoiCheck(
                code="marrow-on-disc",
                severity="refusal" if sure else "caution",
                labels=(level.label,),
                message=f"{level.label} seems to lie on a disc, or in a collapsed body: {reason}."
                + (f" It reads {100 * off:+.0f} % against the other levels." if others else "")
                + f"{shift_words(placed, shift, 'leaving it out')} Move it into the vertebral body.",
                shift_percent=shift,
            )
        )
    return found


def _on_disc_t1(band: FloatArray, level: PlacedRoi, along: FloatArray) -> str | None:
    middle = len(band) // 2
    near, far = (round(mm / STEP_MM) for mm in BETWEEN_MM)
    width = round(5.0 / STEP_MM)
    above, below = (
        brightest_stretch(side, width)
        for side in (band[middle - far : middle - near + 1], band[middle + near : middle + far + 1])
    )
    least = min(above, below) / level.median if level.median > 0 else 0.0
    if not least > BETWEEN_BRIGHT:
        return None
    across = float(profile(level.image, level.center, sideways(level.image, along), DISC_REACH_MM, 2.0).mean())
    if not across < DISC_FLAT * level.median:
        return None  # a vein or a lesion: dark under the ROI only
    return f"above and below it the picture is {100 * (least - 1):.0f} % brighter, as marrow is on T1"


def _on_disc_t2(band: FloatArray, level: PlacedRoi) -> str | None:
    middle = len(band) // 2
    dark = np.flatnonzero(band < ENDPLATE * level.median) - middle
    above, below = dark[dark < 0], dark[dark > 0]
    if not (len(above) and len(below)) or (dark == 0).any():
        return None
    height = float(below.min() - above.max()) * STEP_MM
    return f"dark lines (endplates) lie only {height:.0f} mm apart above and below it" if height < DISC_MM else None


def _uneven(placed: RoisOnSeries, wrong: set[str]) -> list[PlacedRoiCheck]:
    found = []
    for level in placed.levels:
        if level.label in wrong:
            continue
        apart, share = two_parts(level.values)
        if apart <= UNEVEN[placed.weighting] or share < UNEVEN_SHARE:
            continue
        others = _others(placed, level, wrong)
        shift = shift_of(placed, {level.label: float(np.median(others)) + placed.volume.zero_value}) if others else None
        found.append(
            PlacedRoiCheck(
                code="marrow-not-even",
                severity="caution",
                labels=(level.label,),
                message=f"{level.label} holds two kinds of pixels, {100 * apart:.0f} % of its mean apart ({100 * share:.0f} % of them are the rarer kind): cortex, disc, "
                f"fat, a vein or a lesion may be in it.{shift_words(placed, shift, 'the median of the other levels in its place')} Make it smaller or "
                "move it.",
                shift_percent=shift,
            )
        )
    return found


def two_parts(values: FloatArray) -> tuple[float, float]:
    """Distance between the darker and the brighter part of the values over their mean, and the smaller part's share.

    The split is where the variance between the parts is largest (Otsu. IEEE Trans Syst Man Cybern 1979;9:62-66).

    Examples
    --------
    >>> two_parts(np.array([1.0, 1.0, 1.0, 3.0]))
    (1.3333333333333333, 0.25)
    """
    n = len(values)
    mean = float(values.mean())
    if n < 4 or mean <= 0:
        return 0.0, 0.0
    ordered = np.sort(values)
    sums = np.cumsum(ordered)[:-1]
    low = np.arange(1, n)
    gap = (sums[-1] + ordered[-1] - sums) / (n - low) - sums / low
    k = int(np.argmax(low * (n - low) * gap**2))
    return float(gap[k]) / mean, float(min(low[k], n - low[k])) / n


def _outliers(placed: RoisOnSeries, wrong: set[str]) -> list[PlacedRoiCheck]:
    limit = OUTLIER[placed.weighting]
    off = {}
    for level in placed.levels:
        others = _others(placed, level, wrong)
        alone = all(abs(level.mean - other) > LIKE_ANOTHER * other for other in others)
        if level.label not in wrong and len(others) >= 2 and alone:
            off[level.label] = level.mean / float(np.median(others)) - 1.0
    found = []
    for label, share in off.items():
        if abs(share) <= limit:
            continue
        shift = without(placed, (label,))
        what = (
            "fat, a haemangioma or a fatty endplate change"
            if share > 0
            else "a disc, cortex, a vein, sclerosis or a lesion"
        )
        if placed.weighting != "T1":
            what = "a disc, oedema, a vein or a lesion" if share > 0 else "cortex, sclerosis or a lesion"
        found.append(
            PlacedRoiCheck(
                code="level-unlike-the-others",
                severity="caution",
                labels=(label,),
                message=f"{label} reads {100 * share:+.0f} % against the median of the other levels: {what} may be in it."
                f"{shift_words(placed, shift, 'leaving it out')} Look at the picture; move it, or leave the level out and say why.",
                shift_percent=shift,
            )
        )
    return found


def _nothing_between(placed: RoisOnSeries, wrong: set[str]) -> list[PlacedRoiCheck]:
    """Neighbours without an endplate between them."""
    pairs = []
    for above, below in pairwise(placed.by_height):
        if above.image.index != below.image.index or {above.label, below.label} & wrong:
            continue
        way = below.center - above.center
        length = float(np.linalg.norm(way))
        if length < 4 * STEP_MM:
            continue
        middle = above.center + way / 2.0
        band = profile(above.image, middle, way / length, length / 2.0, 4.0)
        signal = (above.median + below.median) / 2.0
        if not np.isnan(band).any() and float(band.min()) > BETWEEN_DARK * signal:
            pairs.append((above.label, below.label))
    if not pairs:
        return []
    labels = tuple(dict.fromkeys(label for pair in pairs for label in pair))
    listed = ", ".join(" and ".join(pair) for pair in pairs)
    return [
        PlacedRoiCheck(
            code="no-disc-between",
            severity="caution",
            labels=labels,
            message=f"No endplate, no disc is seen between {listed}: they may lie in one vertebra, or outside the vertebrae (fat, muscle), and the shift "
            "of the score cannot be estimated. Look at the picture and move them.",
        )
    ]
