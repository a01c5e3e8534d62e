"""A still picture of three kinds of things (a grey image, lines and words), written as SVG or as PNG."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.errors import FormatError
from vbqkit.page.colours import PICTURE

_SMOOTH = 2  # a PNG is drawn this much larger and then made smaller, so that slanted lines have no steps
_EFFORT = 1  # of zlib, 1 to 9: more makes a slice few per cent smaller, and a slider waits for it
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}  # Pillow's words for where a text is held


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line through points, in picture units from the upper left corner.

    Attributes
    ----------
    points : array, shape (n, 2)
        x, y.
    colour : str
        As ``"#e69f00"``.
    width, opacity : float
        Picture units; 0 to 1.
    dash : tuple of float
        Lengths drawn and left out, by turns; empty for a whole line.
    closed : bool
        Whether the last point is joined with the first.
    """

    points: npt.NDArray[np.float64]
    colour: str
    width: float
    opacity: float = 1.0
    dash: tuple[float, ...] = ()
    closed: bool = False

    def svg(self) -> str:
        """The line as an SVG element."""
        d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in self.points) + ("Z" if self.closed else "")
        more = f' stroke-opacity="{self.opacity:g}"' if self.opacity < 1 else ""
        more += f' stroke-dasharray="{" ".join(f"{part:g}" for part in self.dash)}"' if self.dash else ""
        return f'<path d="{d}" fill="none" stroke="{self.colour}" stroke-width="{self.width:g}"{more}/>'

    def strokes(self) -> Iterator[npt.NDArray[np.float64]]:
        """The pieces that are drawn: one, or one for each dash."""
        points = np.vstack([self.points, self.points[:1]]) if self.closed else self.points
        if not self.dash:
            yield points
            return
        along = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
        ends = [0.0]
        while ends[-1] < along[-1]:
            ends.append(ends[-1] + self.dash[(len(ends) - 1) % len(self.dash)])
        for start, stop in list(pairwise(ends))[::2]:
            at = [start, *along[(along > start) & (along < stop)], min(stop, along[-1])]
            yield np.stack([np.interp(at, along, points[:, k]) for k in (0, 1)], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A line of text whose baseline begins, has its middle or ends at x, y."""

    x: float
    y: float
    text: str
    colour: str = PICTURE["ink"]
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    halo: bool = False

    def svg(self) -> str:
        """The words as an SVG element."""
        more = ' font-weight="700"' if self.bold else ""
        more += f' text-anchor="{self.anchor}"' if self.anchor != "start" else ""
        more += f' stroke="{PICTURE["ground"]}" stroke-width="3" paint-order="stroke"' if self.halo else ""
        return f'<text x="{self.x:.1f}" y="{self.y:.1f}" fill="{self.colour}"{more}>{escape(self.text)}</text>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture on black.

    Attributes
    ----------
    width, height : float
        Picture units: CSS pixels.
    about : str
        What it shows, in words.
    pixels : array of uint8 or None
        An image that fills it: (rows, cols) for grey, (rows, cols, 3) for colour.
    parts : sequence of Line and Words
        Drawn on it in this order.
    smooth : bool
        Whether the pixels are smoothed where they are enlarged.
    """

    width: float
    height: float
    about: str
    pixels: npt.NDArray[np.uint8] | None
    parts: Sequence[Line | Words]
    smooth: bool = True

    def svg(self) -> str:
        """As SVG, complete in itself."""
        w, h = self.width, self.height
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.1f} {h:.1f}" width="{w:.0f}" height="{h:.0f}" '
            f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(self.about)}">'
            '<rect width="100%" height="100%" fill="' + PICTURE["ground"] + '"/>'
        )
        image = ""
        if self.pixels is not None:
            data = base64.b64encode(png_bytes(self.pixels)).decode()
            edges = "" if self.smooth else ' style="image-rendering:pixelated"'
            image = (
                f'<image width="{w:.2f}" height="{h:.2f}" preserveAspectRatio="none"{edges} '
                f'href="data:image/png;base64,{data}"/>'
            )
        return head + image + "".join(part.svg() for part in self.parts) + "</svg>"

    def img(self) -> str:
        """As an HTML element, with what it shows in words; complete in itself, on the screen and on paper."""
        data = base64.b64encode(self.svg().encode()).decode()
        return (
            f'<img alt="{escape(self.about)}" src="data:image/svg+xml;base64,{data}" '
            f'style="display:block;width:{self.width:.0f}px;max-width:100%;height:auto;margin:0"/>'
        )

    def png(self, *, scale: float = 2.0) -> bytes:
        """As PNG, `scale` dots for each picture unit.

        Raises
        ------
        FormatError
            If Pillow is not installed.
        """
        try:
            from PIL import Image, ImageDraw, ImageFont, PngImagePlugin  # noqa: PLC0415 - optional
        except ImportError as error:
            raise FormatError(
                "A PNG needs Pillow, which is not installed. Install it with: pip install pillow; or save as .svg."
            ) from error
        k = scale * _SMOOTH
        size = (round(self.width * k), round(self.height * k))
        page = Image.new("RGB", size)
        if self.pixels is not None:
            way = Image.Resampling.BICUBIC if self.smooth else Image.Resampling.NEAREST
            page.paste(Image.fromarray(self.pixels).resize(size, way).convert("RGB"))
        font = ImageFont.load_default(12 * k)
        for part in self.parts:
            layer: Any = Image.new("L", size)
            pen = ImageDraw.Draw(layer)
            if isinstance(part, Line):
                for stroke in part.strokes():
                    pen.line(
                        [tuple(p) for p in stroke * k],
                        fill=round(255 * part.opacity),
                        width=round(part.width * k),
                        joint="curve",
                    )
            else:
                place, anchor = (part.x * k, part.y * k), _ANCHORS[part.anchor]
                if part.halo:
                    pen.text(place, part.text, fill=255, font=font, anchor=anchor, stroke_width=1.5 * k)
                    page.paste(PICTURE["ground"], mask=layer)
                    layer = Image.new("L", size)
                    pen = ImageDraw.Draw(layer)
                pen.text(place, part.text, fill=255, font=font, anchor=anchor, stroke_width=0.3 * k if part.bold else 0)
            page.paste(part.colour, mask=layer)
        page = page.resize((round(self.width * scale), round(self.height * scale)), Image.Resampling.LANCZOS)
        about = PngImagePlugin.PngInfo()
        about.add_itxt("Description", self.about)
        file = io.BytesIO()
        page.save(file, "PNG", pnginfo=about, dpi=(96 * scale, 96 * scale))
        return file.getvalue()


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    r"""A PNG file of 8-bit pixels, shape (rows, cols) for grey or (rows, cols, 3) for colour.

    Written here and not by Pillow, so that a slice can be shown where Pillow is not installed.

    Examples
    --------
    >>> png_bytes(np.zeros((2, 3), np.uint8))[:4]
    b'\x89PNG'
    """
    rows, cols = pixels.shape[:2]
    colour_type = 0 if pixels.ndim == 2 else 2
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), pixels.reshape(rows, -1)], axis=1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", cols, rows, 8, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, _EFFORT)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
