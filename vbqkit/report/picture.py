"""The key image of a report: the slice on which the levels were measured, with the ROIs that a score used."""

from __future__ import annotations

from vbqkit.image import Slice
from vbqkit.page.drawing import Drawing
from vbqkit.page.slice_picture import slice_drawing
from vbqkit.report.case_values import CaseReport
from vbqkit.report.words import used_rois

_NARROWEST = 0.5  # width over height; a narrower picture would be enlarged until its labels are too small to read


def picture_words(image: Slice) -> str:
    """What the picture shows, for a caption and for those who cannot see it."""
    return f"{image.acquisition.weighting}, slice {image.index}, with the ROIs that lie on it"


def no_picture(report: CaseReport) -> str:
    """Why there is no picture."""
    return "No picture: see the cautions." if report.case is not None else "No picture: no series could be scored."


def key_drawing(report: CaseReport, image: Slice, *, size_px: int) -> Drawing:
    """The key image, drawn larger where it is narrow, so that labels find room beside the ROIs.

    Parameters
    ----------
    report : CaseReport
        Whose ROIs.
    image : Slice
        Its key image.
    size_px : int
        Height of a square picture.
    """
    rows_mm, cols_mm = (n * step for n, step in zip(image.shape, image.spacing_mm, strict=True))
    share = min(1.0, max(_NARROWEST, cols_mm / rows_mm))
    used = used_rois(report)
    rois = [roi for roi in report.drawn if roi.label in used]
    return slice_drawing(image, about=picture_words(image), rois=rois, height_px=round(size_px / share))
