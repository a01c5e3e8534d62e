"""Still pictures for lessons: a slice with ROIs and coloured pixels as HTML with a text alternative. Printable, offline."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError
from vbqkit.exercises.truth import tissue_masks
from vbqkit.image import Slice
from vbqkit.roi import Roi
from vbqkit.scanner.phantom import Phantom

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


TRUTH_COLOURS = {
    "marrow": ORANGE, "cortex": "#000000", "endplate": "#7F7F7F", "basivertebral vein": VERMILION, "disc": GREEN,
    "CSF": SKY, "nerve root": PURPLE, "spinal cord": "#8B5A9F", "epidural fat": YELLOW, "lesion": BLUE,
}  # fmt: skip


def truth_html(phantom: Phantom, image: Slice, *, height_px: int = 460) -> str:
    """A slice, the same slice with the truth in colour, and a legend. L1 to L4 fill the picture."""
    masks = tissue_masks(phantom, image)
    places = [
        image.to_rows_cols(roi.center_mm) for roi in phantom.reference_rois if roi.label not in ("noise", "T12", "L5")
    ]
    margin = np.array([26.0, 34.0]) / np.array(image.spacing_mm)
    low = np.maximum(np.min(places, axis=0) - margin, 0).astype(int)
    high = np.minimum(np.max(places, axis=0) + margin, image.shape).astype(int)
    crop = (int(low[0]), int(high[0]), int(low[1]), int(high[1]))
    names = ", ".join(masks)
    plain = slice_html(
        image,
        alt="Middle sagittal slice of a virtual lumbar spine.",
        crop=crop,
        height_px=height_px,
        caption="As scanned.",
    )
    coloured = slice_html(
        image,
        alt=f"The same slice with the truth in colour: {names}. Behind the column of vertebrae lies the sac with CSF and roots, behind it epidural fat.",
        overlays=[(mask, TRUTH_COLOURS[word]) for word, mask in masks.items()],
        crop=crop,
        height_px=height_px,
        caption="With the truth in colour.",
    )
    legend = "".join(
        f"<li style='list-style:none;margin:3px 0'><span style='display:inline-block;width:14px;height:14px;background:{TRUTH_COLOURS[word]};"
        f"border:1px solid #888;vertical-align:-2px'></span> {word}</li>"
        for word in masks
    )
    return f"<div style='display:flex;gap:14px;flex-wrap:wrap'>{plain}{coloured}<ul style='padding:0;margin:0;font-size:13px'>{legend}</ul></div>"


def crop_around(image: Slice, roi: Roi, *, margin_mm: float = 12.0) -> tuple[int, int, int, int]:
    """Rows and columns around a ROI, for a close-up."""
    points = image.to_rows_cols(roi.outline_mm())
    margin = margin_mm / np.array(image.spacing_mm)
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, image.shape).astype(int)
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def line_chart_html(
    x: Iterable[float],
    lines: Mapping[str, Iterable[float]],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    width_px: int = 460,
) -> str:
    """A small line chart as SVG: at most seven lines, told apart by colour, dash and name; points say their value.

    Parameters
    ----------
    x : iterable of float
        Common to all lines.
    lines : mapping of str to iterable of float
        Name to values.
    x_title, y_title : str
        With units.
    alt : str
        What the chart shows, in words.
    width_px : int
        Width on the screen.
    """
    xs = np.asarray(list(x), dtype=float)
    table = {name: np.asarray(list(values), dtype=float) for name, values in lines.items()}
    width, height, left, bottom, top, right = width_px, 270, 58, 44, 12, 134
    low, high = (float(f([np.nanmin(v) if f is min else np.nanmax(v) for v in table.values()])) for f in (min, max))
    low, high = (low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0))
    px = left + (xs - xs.min()) / (np.ptp(xs) or 1.0) * (width - left - right)

    def py(v: Any) -> Any:
        return height - bottom - (v - low) / (high - low) * (height - bottom - top)

    parts = []
    for tick in _ticks(low, high):
        parts.append(
            f"<line x1='{left}' x2='{width - right}' y1='{py(tick):.1f}' y2='{py(tick):.1f}' stroke='currentColor' stroke-opacity='.15'/>"
        )
        parts.append(f"<text x='{left - 6}' y='{py(tick) + 4:.1f}' text-anchor='end'>{tick:g}</text>")
    for tick in _ticks(float(xs.min()), float(xs.max())):
        at = left + (tick - xs.min()) / (np.ptp(xs) or 1.0) * (width - left - right)
        parts.append(f"<text x='{at:.1f}' y='{height - bottom + 16}' text-anchor='middle'>{tick:g}</text>")
    styles = zip(
        (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "currentColor"),
        ("", "6 3", "2 3", "8 3 2 3", "", "6 3", "2 3"),
        strict=True,
    )
    spots = _spread([float(py(v[-1])) for v in table.values()])
    for (name, values), (colour, dash), label_y in zip(table.items(), styles, spots, strict=False):
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py(values), strict=True))
        parts.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dash}'/>"
        )
        parts += [
            f"<circle cx='{a:.1f}' cy='{b:.1f}' r='3.5' fill='{colour}'><title>{html.escape(name)}: {v:.3g} at {t:g}</title></circle>"
            for a, b, v, t in zip(px, py(values), values, xs, strict=True)
        ]
        parts.append(
            f"<line x1='{width - right + 6}' x2='{width - right + 20}' y1='{label_y:.1f}' y2='{label_y:.1f}' stroke='{colour}' stroke-width='3'/>"
            f"<text x='{width - right + 24}' y='{label_y + 4:.1f}' style='font-weight:600'>{html.escape(name)}</text>"
        )
    return (
        f"<svg role='img' aria-label='{html.escape(alt, quote=True)}' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        "style='font:12px sans-serif;fill:currentColor;max-width:100%;break-inside:avoid'>"
        f"<title>{html.escape(alt)}</title>{''.join(parts)}"
        f"<text x='{(left + width - right) / 2}' y='{height - 8}' text-anchor='middle'>{html.escape(x_title)}</text>"
        f"<text transform='translate(14 {(top + height - bottom) / 2}) rotate(-90)' text-anchor='middle'>{html.escape(y_title)}</text></svg>"
    )  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    span = high - low or 1.0
    raw = span / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    return [float(f"{v:.10g}") + 0.0 for v in np.arange(np.ceil(low / step) * step, high + step * 1e-9, step)]


def _spread(wanted: list[float], gap: float = 14.0) -> list[float]:
    """Heights of the labels, moved apart so that they do not overlap."""
    order = np.argsort(wanted)
    placed = list(wanted)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    return placed
