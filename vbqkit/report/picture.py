"""The key image of a report: the slice on which the levels were measured, with the ROIs that a score used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vbqkit.image import Slice
from vbqkit.page.drawing import Drawing
from vbqkit.page.slice_picture import lies_on, slice_drawing, usual_window
from vbqkit.report.case_values import CaseReport
from vbqkit.report.words import used_rois
from vbqkit.roi import Roi

_NARROWEST = 0.5  # width over height; a narrower picture would be enlarged until its labels are too small to read


def picture_words(image: Slice) -> str:
    """What the picture shows, for a caption and for those who cannot see it."""
    return f"{image.acquisition.weighting}, slice {image.index}, with the ROIs that lie on it"


def no_picture(report: CaseReport) -> str:
    """Why there is no picture."""
    return "No picture: see the cautions." if report.case is not None else "No picture: no series could be scored."


def key_drawing(report: CaseReport, image: Slice, *, size_px: int, part: bool = False) -> Drawing:
    """The key image, drawn larger where it is narrow, so that labels find room beside the ROIs.

    Parameters
    ----------
    report : CaseReport
        Whose ROIs.
    image : Slice
        Its key image.
    size_px : int
        Height of a square picture.
    part : bool
        Leave out what is far from the ROIs, so that the rest is larger; down to the sacrum stays, to count levels from.
    """
    used = used_rois(report)
    rois = [roi for roi in report.drawn if roi.label in used]
    window = usual_window(image)
    if part:
        image = _near(image, [roi for roi in rois if lies_on(roi, image)])
    rows_mm, cols_mm = (n * step for n, step in zip(image.shape, image.spacing_mm, strict=True))
    share = min(1.0, max(_NARROWEST, cols_mm / rows_mm))
    height = round(size_px / share)
    return slice_drawing(image, about=picture_words(image), rois=rois, window=window, height_px=height)


_ABOVE_MM, _BELOW_MM, _BESIDE_MM = 30.0, 75.0, 25.0  # L4 to the upper sacrum: about 75 mm


def _near(image: Slice, rois: Sequence[Roi]) -> Slice:
    """The square part of a slice that holds the ROIs and what is around them."""
    if not rois:
        return image
    points = np.vstack([image.to_rows_cols(roi.outline_mm()) for roi in rois])
    dy, dx = image.spacing_mm
    low = points.min(axis=0) - np.array((_ABOVE_MM / dy, _BESIDE_MM / dx))
    high = points.max(axis=0) + np.array((_BELOW_MM / dy, _BESIDE_MM / dx))
    side_mm = max((high - low) * (dy, dx))
    starts, stops = [], []
    for a, b, n, step in zip(low, high, image.shape, (dy, dx), strict=True):
        long = min(n, math.ceil(side_mm / step))
        start = min(max(0, round((a + b - long) / 2)), n - long)
        starts.append(start)
        stops.append(start + long)
    r0, c0 = starts
    origin = np.array(image.origin_mm) + r0 * np.array(image.row_step_mm) + c0 * np.array(image.col_step_mm)
    inside = (slice(r0, stops[0]), slice(c0, stops[1]))
    padding = None if image.padding is None else image.padding[inside]
    return replace(image, pixels=image.pixels[inside], padding=padding, origin_mm=tuple(origin))
