"""Where the ROIs of a case lie, on every series of it: what refuses a score, and what travels with it as a caution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vbqkit.errors import RoiError
from vbqkit.image import Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scores.placed_roi import PlacedRoiCheck, lay_out
from vbqkit.scores.roi_checks import check_placed_rois
from vbqkit.scores.score_shift import shift_between, shift_of, shift_words

PADDED_SHARE = 0.02
"""Padding is often far below every signal (-1000, -32768): more of it than this moves the mean of a ROI anywhere."""

READING_PERCENT = 3.5
"""Standard error of one reading of VBQ-T1, percent: ``SD sqrt(1 - ICC) / mean`` with SD 0.5, mean 3.5 and the highest
ICC that the papers print, 0.94. Midway between slices, a shift below it says nothing against a number."""


def look_at_places(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    measured: Mapping[str, Mapping[str, Measurement]] | None = None,
) -> dict[str, tuple[PlacedRoiCheck, ...]]:
    """What :func:`check_placed_rois`, :func:`check_midway` and :func:`check_padding` find; for :func:`score_tables`.

    Parameters
    ----------
    volumes : mapping of str to Volume
        By weighting.
    rois : iterable of Roi
        One a label.
    measured : mapping, optional
        Weighting to label to Measurement, as the scores use them: other ROIs are passed over.

    Returns
    -------
    dict
        Weighting to checks, refusals first; ``score_tables(..., places=...)`` takes it as it is.
    """
    placed = tuple(rois)
    found = {}
    for weighting, volume in volumes.items():
        table = None if measured is None else measured.get(weighting, {})
        used = placed if table is None else tuple(roi for roi in placed if roi.label in table)
        checks = (
            *check_padding(volume, used),
            *check_placed_rois(volume, placed, measured=table),
            *check_midway(volume, used),
        )
        found[weighting] = tuple(sorted(checks, key=lambda check: not check.refuses))
    return found


def check_padding(volume: Volume, rois: Iterable[Roi]) -> tuple[PlacedRoiCheck, ...]:
    """ROIs that reach into pixels that were never measured: refused where these are more than PADDED_SHARE of it.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> edge = np.arange(20) < 6
    >>> pixels = np.where(edge, -1000, np.full((3, 20, 20), 300))
    >>> padding = np.broadcast_to(edge, pixels.shape)
    >>> volume = Volume(pixels, [[4, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], padding=padding)
    >>> box = Rectangle(center=(4, 8, -9), half_width=(0, 4, 0), half_height=(0, 0, -3), label="L1")
    >>> [(check.code, check.severity, check.labels) for check in check_padding(volume, [box])]
    [('roi-over-padding', 'refusal', ('L1',))]
    """
    rois = tuple(rois) if volume.padding is not None else ()
    return tuple(check for roi in rois if (check := _padded(volume, roi, rois)) is not None)


def _padded(volume: Volume, roi: Roi, rois: tuple[Roi, ...]) -> PlacedRoiCheck | None:
    try:
        image = roi.slice_of(volume)
        inside = roi.mask(image)
    except RoiError:
        return None
    padding = inside & image.padding if image.padding is not None else None
    if padding is None or not padding.any():
        return None
    share = float(padding.sum() / inside.sum())
    rest = image.pixels[inside & ~padding]
    shift = shift_of(lay_out(volume, rois), {roi.label: float(rest.mean())}) if rest.size else None
    return PlacedRoiCheck(
        code="roi-over-padding",
        severity="refusal" if share > PADDED_SHARE else "caution",
        labels=(roi.label,),
        message=f"{100 * share:.0f} % of {roi.label} lies on padding (PixelPaddingValue (0028,0120)), where nothing was measured."
        f"{shift_words(lay_out(volume, rois), shift, 'its other pixels')} Move it into the picture.",
        shift_percent=shift,
    )


def check_midway(volume: Volume, rois: Iterable[Roi]) -> tuple[PlacedRoiCheck, ...]:
    """ROIs that lie midway between two slices, where a hair decides which one is measured; one caution for all of them.

    Its code is ``"midway-slight"`` where the other slice gives the same number but for :data:`READING_PERCENT`, or the
    same noise but for chance; else ``"midway"``.

    Examples
    --------
    >>> import numpy as np
    >>> from vbqkit.roi import Rectangle
    >>> volume = Volume(np.ones((3, 20, 20)), [[4, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    >>> box = Rectangle(center=(2, 9, -9), half_width=(0, 4, 0), half_height=(0, 0, -3), label="L1")
    >>> [(check.code, check.labels) for check in check_midway(volume, [box, box.with_label("CSF")])]
    [('midway', ('L1', 'CSF'))]
    """
    found: dict[tuple[str, bool], list[Roi]] = {}
    for roi in rois:
        caution = volume.midway_caution(roi.center_mm)
        if caution is not None:
            found.setdefault((caution.message, roi.label == NOISE), []).append(roi)
    return tuple(_midway(volume, message, midway) for (message, _), midway in found.items())


def _midway(volume: Volume, message: str, rois: list[Roi]) -> PlacedRoiCheck:
    labels = tuple(roi.label for roi in rois)
    placed = lay_out(volume, rois)
    step = volume.affine[:3, 0]
    here = volume.nearest_slice(rois[0].center_mm).index
    there = volume.nearest_slice(np.array(rois[0].center_mm) + step / 2.0).index
    moved = [roi.moved(step / 2.0 if there != here else -step / 2.0) for roi in rois]
    if labels == (NOISE,):
        shift, slight, words = None, *_noise_shift(volume, rois[0], moved[0])
    else:
        shift = shift_between(placed, moved)
        slight = shift is not None and max(map(abs, shift)) < READING_PERCENT
        words = shift_words(placed, shift, "the other slice")
    return PlacedRoiCheck(
        code="midway-slight" if slight else "midway",
        severity="caution",
        labels=labels,
        message=f"{', '.join(labels)}: {message}{words}",
        shift_percent=shift,
    )


def _noise_shift(volume: Volume, here: Roi, there: Roi) -> tuple[bool, str]:
    """Whether the SD on the other slice is the same but for chance (two standard errors of two SDs), and in words."""
    try:
        one, other = here.measure(volume), there.measure(volume)
    except RoiError:
        return False, ""
    if one.sd <= 0 or other.sd <= 0:
        return False, ""
    share = other.sd / one.sd - 1.0
    words = f" It may shift SNR by about {100 * share:+.0f} %, compared with the other slice."
    return abs(share) < 2.0 / np.sqrt(min(one.n, other.n)), words
