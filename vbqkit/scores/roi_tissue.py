"""Do the pixels look like what the ROI is named after? Marrow against disc, cortex, fat and vein; CSF against the rest.

Everything is relative to the other ROIs of the same series and to the picture around them, so the receiver's gain plays no
part. Nothing is said on series of unknown weighting, where CSF may be darker or brighter than marrow.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vbqkit.image import FloatArray
from vbqkit.roi.labels import CSF
from vbqkit.scores.placed_roi import BRIGHT_CSF, STEP_MM, PlacedRoi, PlacedRoiCheck, RoisOnSeries, profile, sampled
from vbqkit.scores.score_shift import Shift, shift_of, shift_words, without

FEW_PIXELS = (5, 12)
"""Refused below the first, doubtful below the second: with 5 pixels the mean of marrow that varies by 15 % is uncertain by
7 % (1 SE), with 12 by 4 %."""

LARGEST_CM2 = 12.0
"""No mid-sagittal section of a lumbar body is larger, cm2: 38 mm deep and 31 mm high in large men. Paper 000 has 0.40."""

UNEVEN = 0.50
"""Two tissues in one ROI: distance between the means of its darker and brighter pixels (split where the variance between
them is largest), over the mean. Marrow alone gave 0.14 to 0.30 on the sample cases, and 1.6 times the noise's SD / mean."""

UNEVEN_SHARE = 0.08
"""... where at least this share of the pixels is on each side."""

OUTLIER = {"T1": 0.25, "T2": 0.35, "STIR": 0.35}
"""A level this far from the median of the others: up to 0.13 on the sample cases and on the real T1 series; bright fat
is 0.4 to 1.5 off, disc on T1 0.25 to 0.5."""

BETWEEN_DARK = 0.80
"""Somewhere between two neighbouring bodies an endplate is darker than this part of their signal, on every weighting: 0.13
to 0.53 on the sample cases, 0.48 on the real T1 series."""

BETWEEN_BRIGHT = 1.15
"""On T1, a ROI with more than this times its own signal both above and below it (8 to 22 mm off) is on a disc: 1.3 to 2 there,
at most 1.05 in marrow."""

BETWEEN_MM = (8.0, 22.0)
DISC_MM = 13.0
"""On T2 and STIR, a ROI between two endplates nearer than this is on a disc: discs 5 to 13 mm, bodies 16 and more."""

ENDPLATE = 0.70
AIR_SHARE = 0.08
"""Darker than this part of the bright tissue of its slice, a marrow ROI is in air."""

CSF_T1 = (0.75, 0.95)
"""CSF over marrow on T1: doubtful above the first, refused above the second. 0.22 to 0.36 on the sample cases, up to 0.71
(VBQ-T1 1.4) on real exams."""

CSF_BRIGHT = (0.85, 1.0)
"""Marrow over CSF on T2 and STIR: doubtful and refused above. 0.24 to 0.70 on the sample cases."""

CSF_DISC = 0.90
"""CSF over disc on T1: 0.3 to 0.6 where it is CSF."""

CSF_AIR = 0.08
"""Darker than this part of the marrow (VBQ above 12), a CSF ROI on T1 is in air, in a vessel or on cortical bone."""

CSF_UNEVEN = 0.25
"""SD over mean in the CSF ROI: up to 0.09 on the sample cases and the real T1 series."""

SAC_BRIGHTER = 1.25
"""On T2 and STIR, the brightest stretch of 4 mm within 18 mm in front of or behind a ROI that holds CSF is not this much brighter."""


def check_tissue(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    """Everything that the pixels under and around the ROIs show."""
    size = [*(_size(placed, r) for r in placed.rois if r.is_level or r.label == CSF)]
    found = [check for check in size if check is not None]
    if placed.weighting not in OUTLIER:
        return found
    tiny = {label for check in found for label in check.labels}
    off_tissue = _air(placed) + _disc(placed)
    wrong = {label for check in off_tissue for label in check.labels}
    return [
        *found,
        *off_tissue,
        *_uneven(placed, wrong | tiny),
        *_outliers(placed, wrong),
        *_nothing_between(placed, wrong),
        *_csf(placed),
    ]


def _size(placed: RoisOnSeries, roi: PlacedRoi) -> PlacedRoiCheck | None:
    n, area = len(roi.values), roi.roi.area_mm2 / 100.0
    if area > LARGEST_CM2:
        return PlacedRoiCheck(
            code="roi-too-large",
            severity="refusal",
            labels=(roi.label,),
            message=f"{roi.label} covers {area:.1f} cm2, more than a whole vertebral body on the mid-sagittal slice (up to {LARGEST_CM2:g} cm2): cortex, "
            "discs or fat are in it. Make it smaller (paper 000: 0.40 cm2).",
        )
    few, little = FEW_PIXELS
    if n >= little:
        return None
    spread = 100.0 * float(roi.values.std(ddof=1)) / abs(roi.mean) / n**0.5 if n > 1 and roi.mean else None
    uncertain = "" if spread is None else f", so its mean is uncertain by about {spread:.0f} % (1 SE) from its own pixels alone"
    return PlacedRoiCheck(
        code="roi-few-pixels",
        severity="refusal" if n < few else "caution",
        labels=(roi.label,),
        message=f"{roi.label} covers {n} pixel{'s' if n > 1 else ''} ({area:.2g} cm2){uncertain}. Make it larger (paper 000: 0.40 cm2).",
    )


def _others(placed: RoisOnSeries, level: PlacedRoi, wrong: set[str]) -> list[float]:
    return [r.mean for r in placed.levels if r is not level and r.label not in wrong]


def _air(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    found = []
    for level in placed.levels:
        step = max(1, level.image.shape[0] // 96)
        bright = float(np.nanpercentile(level.image.pixels[::step, ::step], 95)) - level.image.zero_value
        if level.mean < AIR_SHARE * bright:
            found.append(
                PlacedRoiCheck(
                    code="marrow-is-air",
                    severity="refusal",
                    labels=(level.label,),
                    message=f"{level.label} reads {level.mean:.3g}, {100 * level.mean / bright:.0f} % of the bright tissue on its slice: it lies in air, in a vessel or "
                    "on cortical bone. Move it into marrow.",
                )
            )
    return found


def _disc(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    """A ROI on a disc: on T1 marrow above and below is brighter, on T2 and STIR two endplates are near."""
    found = []
    for level in placed.levels:
        along = placed.along(level)
        band = profile(level.image, level.center, along, BETWEEN_MM[1] + 3.0, 4.0)
        reason = _on_disc_t1(band, level) if placed.weighting == "T1" else _on_disc_t2(band, level)
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
                message=f"{level.label} seems to lie on a disc: {reason}."
                + (f" It reads {100 * off:+.0f} % against the other levels." if others else "")
                + f"{shift_words(placed, shift, 'leaving it out')} Move it into the vertebral body.",
                shift_percent=shift,
            )
        )
    return found


def _on_disc_t1(band: FloatArray, level: PlacedRoi) -> str | None:
    middle = len(band) // 2
    near, far = (round(mm / STEP_MM) for mm in BETWEEN_MM)
    width = round(5.0 / STEP_MM)
    above, below = (
        _brightest(side, width) for side in (band[middle - far : middle - near + 1], band[middle + near : middle + far + 1])
    )
    least = min(above, below) / level.median if level.median > 0 else 0.0
    if not least > BETWEEN_BRIGHT:
        return None
    return f"above and below it the picture is {100 * (least - 1):.0f} % brighter, as marrow is on T1"


def _brightest(band: FloatArray, width: int) -> float:
    """Highest mean of a stretch."""
    if len(band) < width or np.isnan(band).any():
        return float("nan")
    sums = np.cumsum(np.insert(band, 0, 0.0))
    return float((sums[width:] - sums[:-width]).max() / width)


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
        if apart <= UNEVEN or share < UNEVEN_SHARE:
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
    """Distance between the darker and the brighter part of the values over their mean, and the share of the smaller part.

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
    return float(gap[k]) / mean, min(low[k], n - low[k]) / n


def _outliers(placed: RoisOnSeries, wrong: set[str]) -> list[PlacedRoiCheck]:
    limit = OUTLIER[placed.weighting]
    off = {}
    for level in placed.levels:
        others = _others(placed, level, wrong)
        if level.label not in wrong and len(others) >= 2:
            off[level.label] = level.mean / float(np.median(others)) - 1.0
    found = []
    for label, share in off.items():
        if abs(share) <= limit:
            continue
        shift = without(placed, (label,))
        what = "fat, a haemangioma or a fatty endplate change" if share > 0 else "a disc, cortex, a vein, sclerosis or a lesion"
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


def _csf(placed: RoisOnSeries) -> list[PlacedRoiCheck]:
    csf = placed.csf
    marrow = [r.mean for r in placed.scored]
    if csf is None or not marrow:
        return []
    typical = float(np.median(marrow))
    found = _csf_signal(placed, csf, typical) if typical > 0 else []
    if any(check.refuses for check in found):
        return found
    if csf.mean > 0 and len(csf.values) > 1 and float(csf.values.std(ddof=1)) > CSF_UNEVEN * csf.mean:
        found.append(_csf_not_even(placed, csf))
    return found


def _csf_signal(placed: RoisOnSeries, csf: PlacedRoi, marrow: float) -> list[PlacedRoiCheck]:
    bright = placed.weighting in BRIGHT_CSF
    ratio = (marrow / csf.mean if csf.mean > 0 else float("inf")) if bright else csf.mean / marrow
    doubtful, refused = CSF_BRIGHT if bright else CSF_T1
    than = "darker than marrow" if bright else "as bright as marrow"
    if ratio > refused:
        return [
            PlacedRoiCheck(
                code="csf-is-not-csf",
                severity="refusal",
                labels=(CSF,),
                message=f"The CSF ROI reads {csf.mean:.3g}, {than} ({marrow:.3g}); on {placed.weighting} CSF is {'brighter' if bright else 'darker'}. It lies on "
                "fat, bone, muscle or disc, or the slice is beside the sac. Move it into the sac on the mid-sagittal slice.",
            )
        ]
    if not bright and ratio < CSF_AIR:
        return [
            PlacedRoiCheck(
                code="csf-is-not-csf",
                severity="refusal",
                labels=(CSF,),
                message=f"The CSF ROI reads {csf.mean:.3g}, {100 * ratio:.0f} % of the marrow ({marrow:.3g}): it lies in air, in a vessel or on cortical bone. Move "
                "it into the dural sac.",
            )
        ]
    found = []
    if ratio > doubtful:
        found.append(
            PlacedRoiCheck(
                code="csf-like-marrow",
                severity="caution",
                labels=(CSF,),
                message=f"The CSF ROI reads {csf.mean:.3g}, nearly {than} ({marrow:.3g}): it may not lie in CSF, and the shift of the score cannot be estimated. "
                "Look at the picture.",
            )
        )
    if bright:
        found += _brighter_beside(placed, csf)
    else:
        disc = _disc_signal(placed)
        if disc is not None and csf.mean > CSF_DISC * disc and not found:
            shift: Shift | None = None
            found.append(
                PlacedRoiCheck(
                    code="csf-not-darker-than-disc",
                    severity="caution",
                    labels=(CSF,),
                    message=f"The CSF ROI reads {csf.mean:.3g}, the discs {disc:.3g}; on T1 CSF is darker than disc. Cord, roots, muscle or fat may be in it, or "
                    "the slice is beside the sac, and the shift of the score cannot be estimated. Look at the picture.",
                    shift_percent=shift,
                )
            )
    return found


def _disc_signal(placed: RoisOnSeries) -> float | None:
    """Median signal midway between neighbouring levels, where the discs are."""
    middles = []
    for above, below in pairwise(placed.by_height):
        if below.number - above.number == 1 and above.image.index == below.image.index:
            way = (below.center - above.center) / max(1e-9, float(np.linalg.norm(below.center - above.center)))
            middles.append(float(profile(above.image, (above.center + below.center) / 2.0, way, 2.0, 4.0).mean()))
    middles = [m for m in middles if np.isfinite(m)]
    return float(np.median(middles)) if middles else None


def _brighter_beside(placed: RoisOnSeries, csf: PlacedRoi) -> list[PlacedRoiCheck]:
    """On T2 and STIR the sac is the brightest stretch in front of or behind the ROI."""
    axis = placed.axis
    if axis is None or csf.mean <= 0:
        return []
    across = np.cross(np.array(csf.image.normal), axis)
    band = profile(csf.image, csf.center, across / float(np.linalg.norm(across)), 18.0, 4.0)
    brightest = _brightest(band[np.isfinite(band)], round(4.0 / STEP_MM))
    share = brightest / csf.mean
    if not share > SAC_BRIGHTER:
        return []
    shift = shift_of(placed, {CSF: brightest + placed.volume.zero_value})
    return [
        PlacedRoiCheck(
            code="csf-brighter-beside",
            severity="caution",
            labels=(CSF,),
            message=f"Beside the CSF ROI the picture is {100 * (share - 1):.0f} % brighter over 4 mm, as CSF is on {placed.weighting}: the ROI may lie on fat, cord or "
            f"roots.{shift_words(placed, shift, 'the brightest place')} Move it to where the sac is brightest.",
            shift_percent=shift,
        )
    ]


def _csf_not_even(placed: RoisOnSeries, csf: PlacedRoi) -> PlacedRoiCheck:
    share = 100.0 * float(csf.values.std(ddof=1)) / csf.mean
    bright = placed.weighting in BRIGHT_CSF
    against = "its brightest quarter" if bright else "its darkest quarter"
    quarter = float(np.percentile(csf.values, 75 if bright else 25))
    shift = shift_of(placed, {CSF: quarter + placed.volume.zero_value})
    return PlacedRoiCheck(
        code="csf-not-even",
        severity="caution",
        labels=(CSF,),
        message=f"The CSF ROI varies by {share:.0f} % (SD over mean), even CSF by less than {100 * CSF_UNEVEN:.0f} %: a root, cord, fat or the wall of the sac may be "
        f"in it.{shift_words(placed, shift, against)} Make it smaller or move it.",
        shift_percent=shift,
    )
