"""A view as a still picture: for a report, and for a saved notebook whose kernel is gone."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import FormatError, RoiError
from vbqkit.image import Slice
from vbqkit.page.drawing import Drawing, Line, Words
from vbqkit.roi import Measurement
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.views import View

# Okabe and Ito's colours, as static/colours.js has them; a dash where a colour comes back.
COLOURS: dict[str, tuple[str, tuple[float, ...]]] = {
    "T12": ("#56b4e9", (6, 3)),
    "L1": ("#e69f00", ()),
    "L2": ("#56b4e9", ()),
    "L3": ("#009e73", ()),
    "L4": ("#f0e442", ()),
    "L5": ("#e69f00", (6, 3)),
    "S1": ("#009e73", (6, 3)),
    "CSF": ("#cc79a7", ()),
    "noise": ("#d55e00", ()),
}
OTHER: tuple[str, tuple[float, ...]] = ("#ffffff", (2, 2))
_HEIGHT_PX = 480
_NOTE = "For teaching and research; not a diagnosis."

Results = Sequence[Measurement | RoiError]


def windowed(pixels: npt.NDArray[Any], window: Sequence[float]) -> npt.NDArray[np.uint8]:
    """Grey values 0 to 255 through a window of [level, width]; not a number becomes black."""
    level, width = window
    values = np.nan_to_num(np.asarray(pixels, dtype=np.float64), nan=-np.inf)
    grey: npt.NDArray[np.uint8] = (np.clip((values - level) / width + 0.5, 0, 1) * 255 + 0.5).astype(np.uint8)
    return grey


def drawing_of(view: View, index: int, drawn: Sequence[DrawnRoi], window: Sequence[float], *, pixels: bool) -> Drawing:
    """One slice with the outlines that lie on it, its scale and orientation."""
    image = view.volume.slice(index)
    rows, cols = image.shape
    dy, dx = image.spacing_mm
    k = _HEIGHT_PX / (rows * dy)
    width, height = cols * dx * k, float(_HEIGHT_PX)
    parts: list[Line | Words] = []
    if not pixels:
        parts.append(Words(x=width / 2, y=18, text="picture not saved: outlines only", anchor="middle"))
    for one in drawn:
        if not one.hidden and lies_on(one, view, image):
            parts += _outline(one, view, image, k)
    mm = max((m for m in (1, 2, 5, 10, 20, 50, 100) if m * k <= width / 3), default=1)
    scale = np.array([(8, height - 10), (8 + mm * k, height - 10)])
    parts += [
        Line(points=scale, colour="#ffffff", width=2),
        Words(x=8, y=height - 15, text=f"{mm} mm"),
        *(
            Words(x=x, y=y, text=image.edge_letters[side], colour="#ffd479", bold=True)
            for side, x, y in (
                ("left", 8, height / 2),
                ("right", width - 16, height / 2),
                ("top", width / 2, 34),
                ("bottom", width / 2, height - 6),
            )
        ),
    ]
    return Drawing(
        width=width,
        height=height,
        about=_description(view, index, drawn),
        grey=windowed(image.pixels, window) if pixels else None,
        parts=parts,
    )


def lies_on(one: DrawnRoi, view: View, image: Slice) -> bool:
    """Whether a ROI lies on this slice of a view."""
    if one.frame != view.frame:
        return False
    roi = one.on(view.key)
    try:
        return roi.slice_of(view.volume).index == image.index
    except RoiError:
        return False


def _outline(one: DrawnRoi, view: View, image: Slice, k: float) -> list[Line | Words]:
    roi = one.on(view.key)
    dy, dx = image.spacing_mm
    xy = (image.to_rows_cols(roi.outline_mm(96))[:, ::-1] + 0.5) * (dx * k, dy * k)
    colour, dash = COLOURS.get(roi.label, OTHER)
    return [
        Line(points=xy, colour="#000000", width=4, opacity=0.65, closed=True),
        Line(points=xy, colour=colour, width=1.8, dash=dash, closed=True),
        Words(x=xy[:, 0].max() + 5, y=xy[:, 1].min() + 4, text=roi.label, colour=colour, bold=True, halo=True),
    ]


def _description(view: View, index: int, drawn: Sequence[DrawnRoi]) -> str:
    image = view.volume.slice(index)
    names = [one.roi.label or "unnamed" for one in drawn if lies_on(one, view, image)]
    return f"{view.title}, slice {index + 1} of {len(view.volume)}, with ROIs {', '.join(names) or 'none'}"


def measurement_table(results: Results) -> str:
    """HTML table of measurements."""
    heads = ("ROI", "mean", "median", "SD", "min", "max", "n", "cm²", "slice")
    lines = []
    for result in results:
        if isinstance(result, RoiError):
            lines.append(f'<tr><td colspan="{len(heads)}">{escape(str(result))}</td></tr>')
            continue
        m = result
        numbers = [f"{x:.4g}" for x in (m.mean, m.median, m.sd, m.min, m.max)]
        cells = [escape(m.label or "?"), *numbers, str(m.n), f"{m.area_cm2:.2f}", str(m.slice_index + 1)]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _img(svg: str, alt: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(alt)}" src="data:image/svg+xml;base64,{data}"/>'


def static_html(
    name: str,
    views: Sequence[View],
    slices: Sequence[int],
    drawn: Sequence[DrawnRoi],
    results: Sequence[Results],
    scores: Sequence[Mapping[str, Any]],
    windows: Sequence[Sequence[float]],
    *,
    save_pixels: bool,
) -> str:
    """What a saved notebook shows of a studio: pictures, measurements, scores. Pixels only where they may be saved."""
    parts = [
        f'<div class="vbqkit-static vbqkit-static-{name}"><p><b>ROI studio</b>, as it was when the notebook was saved.'
    ]
    parts.append(" Run the notebook to work in it.</p>")
    for view, index, result, window in zip(views, slices, results, windows, strict=True):
        allowed = save_pixels or view.volume.acquisition.synthetic
        svg = drawing_of(view, index, drawn, window, pixels=allowed).svg()
        parts += [
            _img(svg, _description(view, index, drawn)),
            f"<p>{escape(view.title)}</p>",
            measurement_table(result),
        ]
    shown = [f"<li>{escape(row['key'])}: {_score_text(row)}</li>" for row in scores]
    return "".join(parts) + f"<ul>{''.join(shown)}</ul><p>{_NOTE}</p></div>"


def _score_text(row: Mapping[str, Any]) -> str:
    """A score with its interval, as far as they are known."""
    if row["value"] is None:
        return "not given"
    low, high = row.get("interval") or (None, None)
    return f"{row['value']:.4g}" + ("" if low is None else f" (95 % interval {low:.4g} to {high:.4g})")


@dataclass(frozen=True)
class Snapshot:
    """A still figure of one view, with a table of what its ROIs measure.

    Attributes
    ----------
    drawing : Drawing
        The picture.
    html : str
        Picture, table and scores, complete in itself.
    """

    drawing: Drawing
    html: str

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        return self.drawing.svg()

    @classmethod
    def of(
        cls,
        view: View,
        index: int,
        drawn: Sequence[DrawnRoi],
        results: Results,
        window: Sequence[float],
        *,
        lines: Sequence[str] = (),
        pixels: bool = True,
    ) -> Snapshot:
        """The figure of one slice of a view."""
        drawing = drawing_of(view, index, drawn, window, pixels=pixels)
        alt = drawing.about
        synthetic = " Synthetic image." if view.volume.acquisition.synthetic else ""
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
        html = (
            f"<figure>{_img(drawing.svg(), alt)}<figcaption>{escape(alt)}.{synthetic} {_NOTE}</figcaption></figure>"
            f"{measurement_table(results)}<ul>{listed}</ul>"
        )
        return cls(drawing, html)

    def save(self, path: str | Path) -> Path:
        """Write the figure: ``.png`` (two dots for each CSS pixel) or ``.svg`` the picture, ``.html`` picture, table and scores.

        Raises
        ------
        FormatError
            If the ending is another or the file cannot be written; for ``.png`` if Pillow is not installed.
        """
        target = Path(path).expanduser()
        page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>ROI snapshot</title>{self.html}</html>'
        ways: dict[str, Callable[[], bytes]] = {".png": self.drawing.png, ".svg": self.svg.encode, ".html": page.encode}
        if target.suffix not in ways:
            raise FormatError(
                f"A snapshot cannot be written to {target}: its ending is '{target.suffix}'. Use {', '.join(ways)}."
            )
        try:
            target.write_bytes(ways[target.suffix]())
        except OSError as error:
            raise FormatError(
                f"The snapshot {target} cannot be written: {error.strerror}. Choose another folder."
            ) from error
        return target

    def _repr_html_(self) -> str:
        return self.html


class StillHtml:
    """HTML for display; IPython.display.HTML warns about what it takes for an iframe."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "<ROI studio, as it was when the notebook was saved>"
