"""Still pictures for lessons: a slice with ROIs and coloured pixels as HTML with a text alternative. Printable, offline."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError
from vbqkit.image import Slice
from vbqkit.roi import Roi

# Okabe and Ito's colours: told apart with every kind of colour vision.
ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
ROI_COLOURS = {"L1": ORANGE, "L2": SKY, "L3": "#2FD6A6", "L4": "#F2A1CB", "CSF": YELLOW, "noise": "#FFFFFF"}
"""Of outlines and labels on a grey picture: green and purple are lighter than Okabe and Ito's, so that small letters can be read."""

OTHER_ROI = "#BFE3FF"
"""Colour of every other ROI, such as T12 and L5."""

LABEL_PX = 13
"""Height of a ROI's label on the screen, CSS pixels."""

Overlay = tuple[npt.NDArray[np.bool_], str]
"""Pixels and the colour to give them, such as ``(mask, "#D55E00")``."""


def png_bytes(rgb: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of 8-bit pixels, shape (rows, cols) for grey or (rows, cols, 3) for colour."""
    rows, cols = rgb.shape[:2]
    colour_type = 0 if rgb.ndim == 2 else 2
    raw = np.ascontiguousarray(rgb.reshape(rows, -1))
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), raw], axis=1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", cols, rows, 8, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def usual_window(image: Slice) -> tuple[float, float]:
    """Darkest and brightest shown signal: from 0 to the 99.5th percentile."""
    return 0.0, max(1.0, float(np.percentile(image.pixels, 99.5)))


def slice_html(
    image: Slice,
    *,
    alt: str,
    rois: Iterable[Roi] = (),
    overlays: Iterable[Overlay] = (),
    window: tuple[float, float] | None = None,
    crop: tuple[int, int, int, int] | None = None,
    height_px: int = 420,
    caption: str = "",
) -> str:
    """A slice as an HTML figure.

    Parameters
    ----------
    image : Slice
        What to show.
    alt : str
        What is to be seen, in words, for those who cannot see it.
    rois : iterable of Roi
        Drawn as outlines with their labels, where they lie on this slice.
    overlays : iterable of (mask, colour)
        Pixels to colour.
    window : tuple of 2 floats, optional
        Signal shown black and white; see :func:`usual_window`.
    crop : tuple of 4 ints, optional
        Rows r0:r1 and columns c0:c1; all if not given.
    height_px : int
        Height on the screen.
    caption : str
        Below the picture; it is called synthetic there.

    Raises
    ------
    RoiError
        If the slice is not synthetic: the picture would be kept in the saved notebook, with the patient in it.
    """
    if not image.acquisition.synthetic:
        raise RoiError(
            "Lessons show pictures of virtual patients only, because they are kept in the saved notebook. This slice is not "
            "marked as synthetic; show it in RoiStudio, which keeps no pixels of a patient."
        )
    r0, r1, c0, c1 = crop or (0, image.shape[0], 0, image.shape[1])
    low, high = window or usual_window(image)
    grey = np.clip((np.asarray(image.pixels[r0:r1, c0:c1], dtype=np.float32) - low) * (255.0 / (high - low)), 0, 255)
    pixels: npt.NDArray[np.uint8] = grey.astype(np.uint8)
    overlays = list(overlays)
    if overlays:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
        for mask, colour in overlays:
            tint = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float32)
            part = mask[r0:r1, c0:c1]
            pixels[part] = (0.3 * pixels[part] + 0.7 * tint).astype(np.uint8)
    dy, dx = image.spacing_mm
    width_px = round(height_px * (c1 - c0) * dx / ((r1 - r0) * dy))
    source = base64.b64encode(png_bytes(pixels)).decode()
    letter = LABEL_PX * (r1 - r0) / height_px  # in pixels of the slice, so that it has one size on the screen
    marks = "".join(_outline(image, roi, (r0, c0), letter, c1 - c0) for roi in rois)
    letters = image.edge_letters
    edge = "".join(
        f"<span style='position:absolute;{place};color:#fff;font:12px sans-serif;text-shadow:0 0 2px #000'>{letters[side]}</span>"
        for side, place in (("left", "left:4px;top:48%"), ("right", "right:4px;top:48%"), ("top", "left:49%;top:2px"), ("bottom", "left:49%;bottom:2px"))
    ) if crop is None else ""  # fmt: skip
    stop = "" if not caption or caption.endswith((".", "!", "?")) else "."
    note = f"{html.escape(caption)}{stop} Synthetic."
    return (
        f"<figure class='vbq-figure' style='margin:0;display:inline-block;vertical-align:top;width:{width_px}px;break-inside:avoid'>"
        f"<div style='position:relative;width:{width_px}px;height:{height_px}px;background:#000'>"
        f"<img alt='{html.escape(alt, quote=True)}' src='data:image/png;base64,{source}' "
        f"style='width:{width_px}px;height:{height_px}px;max-width:none;margin:0;image-rendering:{'pixelated' if crop else 'auto'}'>"
        f"<svg viewBox='-0.5 -0.5 {c1 - c0} {r1 - r0}' preserveAspectRatio='none' aria-hidden='true' "
        f"style='position:absolute;left:0;top:0;width:100%;height:100%'>{marks}</svg>{edge}</div>"
        f"<figcaption style='font-size:12px;line-height:1.35'>{note}</figcaption></figure>"
    )


def _outline(image: Slice, roi: Roi, corner: tuple[int, int], letter: float, cols: int) -> str:
    try:
        roi.slice_of(image)
    except RoiError:
        return ""
    points = image.to_rows_cols(roi.outline_mm()) - np.array(corner)
    path = " ".join(f"{c:.2f},{r:.2f}" for r, c in points)
    colour = ROI_COLOURS.get(roi.label, OTHER_ROI)
    (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
    row, col = (top + bottom) / 2, right + 0.4 * letter
    anchor = "start"
    if col + 0.7 * letter * len(roi.label) > cols:  # no room to the right
        col, anchor = left - 0.4 * letter, "end"
    return (
        f"<polygon points='{path}' fill='none' stroke='#000' stroke-width='3' stroke-opacity='.6' vector-effect='non-scaling-stroke'/>"
        f"<polygon points='{path}' fill='none' stroke='{colour}' stroke-width='1.6' vector-effect='non-scaling-stroke'/>"
        f"<text x='{col:.1f}' y='{row + 0.35 * letter:.1f}' fill='{colour}' text-anchor='{anchor}' style='font:bold {letter:.1f}px sans-serif' stroke='#000' stroke-width='{letter / 5:.1f}' paint-order='stroke'>{html.escape(roi.label)}</text>"
    )


def crop_around(image: Slice, roi: Roi, *, margin_mm: float = 12.0) -> tuple[int, int, int, int]:
    """Rows and columns around a ROI, for a close-up."""
    points = image.to_rows_cols(roi.outline_mm())
    margin = margin_mm / np.array(image.spacing_mm)
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, image.shape).astype(int)
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])
