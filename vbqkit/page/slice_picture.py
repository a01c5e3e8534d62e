"""A slice with ROIs as a still picture, for studio and lessons: printable, offline, with a text alternative."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError
from vbqkit.image import Slice
from vbqkit.language import translated
from vbqkit.page.colours import PICTURE, roi_style
from vbqkit.page.drawing import Drawing, Line, Words
from vbqkit.roi import Roi

LABEL_PX = 12
"""Height of a ROI's label, CSS pixels."""

_LETTER_PX = 16  # at each side of a whole slice, for its letter

Overlay = tuple[npt.NDArray[np.bool_], str]
"""Pixels and the colour to give them, such as ``(mask, "#D55E00")``."""


def usual_window(image: Slice) -> tuple[float, float]:
    """Darkest and brightest shown signal: from 0 to the 99.5th percentile."""
    return 0.0, max(1.0, float(np.percentile(image.pixels, 99.5)))


def slice_drawing(
    image: Slice,
    *,
    about: str,
    rois: Iterable[Roi] = (),
    overlays: Sequence[Overlay] = (),
    window: tuple[float, float] | None = None,
    crop: tuple[int, int, int, int] | None = None,
    height_px: int = 480,
    pixels: bool = True,
) -> Drawing:
    """A slice with the outlines that lie on it; the whole slice also with its scale and orientation.

    Parameters
    ----------
    image : Slice
        What to show.
    about : str
        What is to be seen, in words, for those who cannot see it.
    rois : iterable of Roi
        Drawn as outlines with their labels, where they lie on this slice.
    overlays : sequence of (mask, colour)
        Pixels to colour.
    window : tuple of 2 floats, optional
        Signal shown black and white; see :func:`usual_window`.
    crop : tuple of 4 ints, optional
        Rows r0:r1 and columns c0:c1, with hard edges of the pixels; all if not given.
    height_px : int
        Height on the screen.
    pixels : bool
        Whether the pixels themselves are in the picture; without them it says so.
    """
    r0, r1, c0, c1 = crop or (0, image.shape[0], 0, image.shape[1])
    dy, dx = image.spacing_mm
    k = height_px / ((r1 - r0) * dy)  # picture units in a millimetre
    width, height = (c1 - c0) * dx * k, float(height_px)
    parts: list[Line | Words] = []
    if not pixels:
        parts.append(Words(x=width / 2, y=18, text=translated("picture not saved: outlines only"), anchor="middle"))
    for roi in rois:
        if lies_on(roi, image):
            xy = (image.to_rows_cols(roi.outline_mm(96))[:, ::-1] - (c0 - 0.5, r0 - 0.5)) * (dx * k, dy * k)
            parts += _outline(xy, roi.label, width - _LETTER_PX)
    if crop is None:
        parts += _frame(image, width, height, k)
    shown = windowed(image.pixels[r0:r1, c0:c1], window or usual_window(image)) if pixels else None
    if shown is not None and overlays:
        shown = np.repeat(shown[..., None], 3, axis=2)
        for mask, colour in overlays:
            tint = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float32)
            part = mask[r0:r1, c0:c1]
            shown[part] = (0.3 * shown[part] + 0.7 * tint).astype(np.uint8)
    return Drawing(width=width, height=height, about=about, pixels=shown, parts=parts, smooth=crop is None)


def slice_html(image: Slice, *, alt: str, caption: str = "", height_px: int = 420, **options: Any) -> str:
    """A slice of a virtual patient as an HTML figure.

    Parameters
    ----------
    image : Slice
        What to show.
    alt : str
        What is to be seen, in words, for those who cannot see it.
    caption : str
        Below the picture; it is called synthetic there.
    height_px : int
        Height on the screen.
    **options
        ``rois``, ``overlays``, ``window`` and ``crop`` of :func:`slice_drawing`.

    Raises
    ------
    RoiError
        If the slice is not synthetic: the picture would be kept in the saved notebook, with the patient in it.
    """
    if not image.acquisition.synthetic:
        raise RoiError(
            "Lessons show pictures of virtual patients only, because they are kept in the saved notebook. This slice is "
            "not marked as synthetic; show it in RoiStudio, which keeps no pixels of a patient."
        )
    drawing = slice_drawing(image, about=alt, height_px=height_px, **options)
    stop = "" if not caption or caption.endswith((".", "!", "?", "。")) else "."
    return (
        f"<figure class='vbq-figure' style='margin:0;display:inline-block;vertical-align:top;width:100%;max-width:{drawing.width:.0f}px;"
        f"break-inside:avoid'>{drawing.img()}"
        f"<figcaption style='font-size:12px;line-height:1.35'>{html.escape(caption)}{stop} {translated('Synthetic.')}</figcaption></figure>"
    )


def windowed(pixels: npt.NDArray[Any], window: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Grey values 0 to 255 of the signal from the lower to the upper end of a window; not a number becomes black.

    Examples
    --------
    >>> windowed(np.array([-5.0, 50.0, np.nan, 200.0]), (0.0, 100.0)).tolist()
    [0, 128, 0, 255]
    """
    low, high = window
    values = np.nan_to_num(np.asarray(pixels, dtype=np.float64), nan=-np.inf)
    grey: npt.NDArray[np.uint8] = (np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5).astype(np.uint8)
    return grey


def lies_on(roi: Roi, image: Slice) -> bool:
    """Whether a ROI lies on this slice."""
    try:
        return roi.slice_of(image).index == image.index
    except RoiError:
        return False


def _outline(xy: npt.NDArray[np.float64], label: str, end: float) -> list[Line | Words]:
    """The outline of a ROI with its label to the right of it, or to the left where it would not end before `end`."""
    colour, dash = roi_style(label)
    (left, top), (right, bottom) = xy.min(axis=0), xy.max(axis=0)
    fits = right + 5 + 0.7 * LABEL_PX * len(label) <= end
    return [
        Line(points=xy, colour=PICTURE["ground"], width=4, opacity=0.65, closed=True),
        Line(points=xy, colour=colour, width=1.8, dash=dash, closed=True),
        Words(
            x=right + 5 if fits else left - 5,
            y=(top + bottom) / 2 + 0.35 * LABEL_PX,
            text=label,
            colour=colour,
            anchor="start" if fits else "end",
            bold=True,
            halo=True,
        ),
    ]


def _frame(image: Slice, width: float, height: float, k: float) -> list[Line | Words]:
    """A scale and the letters of the four sides."""
    mm = max((m for m in (1, 2, 5, 10, 20, 50, 100) if m * k <= width / 3), default=1)
    places = {
        "left": (8, height / 2),
        "right": (width - _LETTER_PX, height / 2),
        "top": (width / 2, 34),
        "bottom": (width / 2, height - 6),
    }
    return [
        Line(points=np.array([(8, height - 10), (8 + mm * k, height - 10)]), colour=PICTURE["ink"], width=2),
        Words(x=8, y=height - 15, text=f"{mm} mm"),
        *(
            Words(x=x, y=y, text=image.edge_letters[side], colour=PICTURE["mark"], bold=True)
            for side, (x, y) in places.items()
        ),
    ]


def crop_around_all(
    image: Slice, rois: Iterable[Roi], *, margin_mm: tuple[float, float]
) -> tuple[int, int, int, int] | None:
    """Rows and columns around the centers of all these ROIs, with a margin above and to the side; None without ROIs."""
    places = [image.to_rows_cols(roi.center_mm) for roi in rois]
    if not places:
        return None
    margin = np.array(margin_mm) / np.array(image.spacing_mm)
    low = np.maximum(np.min(places, axis=0) - margin, 0).astype(int)
    high = np.minimum(np.max(places, axis=0) + margin, image.shape).astype(int)
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def crop_around(image: Slice, roi: Roi, *, margin_mm: float = 12.0) -> tuple[int, int, int, int]:
    """Rows and columns around a ROI, for a close-up."""
    points = image.to_rows_cols(roi.outline_mm())
    margin = margin_mm / np.array(image.spacing_mm)
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, image.shape).astype(int)
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])
