"""Do the pixels look like CSF? Against marrow, disc, fat, cord, roots and air, and against the slices nearby.

Everything is relative to the marrow of the same series and to the picture around the ROI.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vbqkit.roi.labels import CSF
from vbqkit.scores.marrow_to_csf import CSF_UNEVEN, uneven_csf
from vbqkit.scores.placed_roi import (
    BRIGHT_CSF,
    STEP_MM,
    PlacedRoi,
    PlacedRoiCheck,
    RoisOnSeries,
    brightest_stretch,
    profile,
    sideways,
)
from vbqkit.scores.score_shift import shift_of, shift_words

CSF_T1 = (0.75, 0.95)
"""CSF over marrow on T1: doubtful above the first, refused above the second. 0.22 to 0.36 on the sample cases, up to
0.71 (VBQ-T1 1.4) on real exams."""

CSF_BRIGHT = (0.85, 1.0)
"""Marrow over CSF on T2 and STIR: doubtful and refused above. 0.24 to 0.70 on the sample cases."""

CSF_DISC = 0.90
"""CSF over disc on T1: 0.3 to 0.6 where it is CSF."""

CSF_AIR = 0.08
"""Darker than this part of the marrow (VBQ above 12), a CSF ROI on T1 is in air, in a vessel or on cortical bone."""

SAC_REACH_MM = 18.0
SAC_BRIGHTER = 1.25
"""On T2 and STIR, the brightest stretch of 4 mm within 18 mm in front of or behind a ROI that holds CSF is not this
much brighter."""

SAC_DARKER = (0.82, 8.0)
"""On T1, the darkest stretch of 4 mm within 8 mm in front of or behind a ROI that holds CSF is not this dark against
it: 0.92 and more; further off the posterior wall is darker than CSF."""

SLICE_DARKER = 0.75
"""On T1, a ROI in the middle of the sac is not this much darker on a slice beside."""

MIDLINE_MM = 12.0
"""How far to either side the sac is looked for on other slices, mm: its half width, 8 to 10, and a little."""

MIDLINE_EVEN = 0.15
"""SD over mean that the CSF ROI has on another slice if that is CSF."""


def check_csf(placed: RoisOnSeries, wrong: set[str]) -> list[PlacedRoiCheck]:
    """What the pixels under and around the CSF ROI show, against the levels that are not known to be wrong."""
    csf = placed.csf
    marrow = [r.mean for r in placed.scored if r.label not in wrong]
    if csf is None or not marrow or placed.weighting not in ("T1", *BRIGHT_CSF):
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
    found += _better_beside(placed, csf) or _better_slice(placed, csf)
    disc = None if bright else _disc_signal(placed)
    if disc is not None and csf.mean > CSF_DISC * disc and not found:
        found.append(
            PlacedRoiCheck(
                code="csf-not-darker-than-disc",
                severity="caution",
                labels=(CSF,),
                message=f"The CSF ROI reads {csf.mean:.3g}, the discs {disc:.3g}; on T1 CSF is darker than disc. Cord, roots, muscle or fat may be in it, or "
                "the slice is beside the sac, and the shift of the score cannot be estimated. Look at the picture.",
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


def _better_beside(placed: RoisOnSeries, csf: PlacedRoi) -> list[PlacedRoiCheck]:
    """In front of or behind the ROI, a stretch of the sac is brighter (T2, STIR) or darker (T1) than the ROI."""
    axis = placed.axis
    if axis is None or csf.mean <= 0:
        return []
    bright = placed.weighting in BRIGHT_CSF
    across = sideways(csf.image, axis)
    reach = SAC_REACH_MM if bright else SAC_DARKER[1]
    band = profile(csf.image, csf.center, across / float(np.linalg.norm(across)), reach, 4.0)
    band, width = band[np.isfinite(band)], round(4.0 / STEP_MM)
    best = brightest_stretch(band, width) if bright else -brightest_stretch(-band, width)
    share = best / csf.mean
    if not (share > SAC_BRIGHTER if bright else share < SAC_DARKER[0]):
        return []
    shift = shift_of(placed, {CSF: best + placed.volume.zero_value})
    more = "brighter" if bright else "darker"
    return [
        PlacedRoiCheck(
            code=f"csf-{more}-beside",
            severity="caution",
            labels=(CSF,),
            message=f"Beside the CSF ROI the picture is {100 * abs(share - 1):.0f} % {more} over 4 mm, as CSF is on {placed.weighting}: the ROI may hold fat, cord or "
            f"roots.{shift_words(placed, shift, f'the {more[:-2]}est place')} Look for CSF alone.",
            shift_percent=shift,
        )
    ]


def _better_slice(placed: RoisOnSeries, csf: PlacedRoi) -> list[PlacedRoiCheck]:
    """The same place on a slice nearby looks more like CSF: the slice is beside the sac."""
    spacing = placed.volume.spacing_mm[0]
    reach = int(MIDLINE_MM / spacing) if len(placed.volume) > 1 else 0  # of a single slice the spacing may be unknown
    bright = placed.weighting in BRIGHT_CSF
    best, where = csf.mean, csf.image.index
    for index in range(max(0, csf.image.index - reach), min(len(placed.volume), csf.image.index + reach + 1)):
        values = placed.volume.pixels[index].reshape(-1)[csf.pixels] - placed.volume.zero_value
        mean = float(values.mean())
        if (mean > best if bright else 0 < mean < best) and float(values.std()) < MIDLINE_EVEN * mean:
            best, where = mean, index
    share = best / csf.mean
    if not (share > SAC_BRIGHTER if bright else share < SLICE_DARKER):
        return []
    shift = shift_of(placed, {CSF: best + placed.volume.zero_value})
    return [
        PlacedRoiCheck(
            code="slice-beside-the-sac",
            severity="caution",
            labels=(*(r.label for r in placed.scored if r.image.index == csf.image.index), CSF),
            message=f"On slice {where} the CSF ROI is {100 * abs(share - 1):.0f} % {'brighter' if bright else 'darker'} than on slice {csf.image.index}, as CSF is on "
            f"{placed.weighting}: slice {csf.image.index} may lie beside the sac.{shift_words(placed, shift, f'the CSF on slice {where}')} Measure on the "
            "mid-sagittal slice.",
            shift_percent=shift,
        )
    ]


def _csf_not_even(placed: RoisOnSeries, csf: PlacedRoi) -> PlacedRoiCheck:
    share = float(csf.values.std(ddof=1)) / csf.mean
    bright = placed.weighting in BRIGHT_CSF
    against = "its brightest quarter" if bright else "its darkest quarter"
    quarter = float(np.percentile(csf.values, 75 if bright else 25))
    shift = shift_of(placed, {CSF: quarter + placed.volume.zero_value})
    return PlacedRoiCheck(
        code="csf-not-even",
        severity="caution",
        labels=(CSF,),
        message=f"{uneven_csf(share)}{shift_words(placed, shift, against)} Make it smaller or move it.",
        shift_percent=shift,
    )
