"""A view as a still picture: for a report, and for a saved notebook whose kernel is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, RoiError
from vbqkit.language import digits, html_language, marked, number, said, translated
from vbqkit.page.drawing import Drawing
from vbqkit.page.slice_picture import slice_drawing
from vbqkit.roi import Measurement
from vbqkit.roi.origin import origin_sentence, origin_words
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.views import View

_NOTE = marked("For teaching and research; not a diagnosis.")

Results = Sequence[Measurement | RoiError]


def drawing_of(view: View, index: int, drawn: Sequence[DrawnRoi], window: Sequence[float], *, pixels: bool) -> Drawing:
    """One slice with the outlines that lie on it, its scale and orientation; window as [level, width]."""
    level, width = window
    return slice_drawing(
        view.volume.slice(index),
        about=_description(view, index, drawn),
        rois=[one.on(view.key) for one in drawn if not one.hidden and lies_here(one, view, index)],
        window=(level - width / 2, level + width / 2),
        pixels=pixels,
    )


def lies_here(one: DrawnRoi, view: View, index: int) -> bool:
    """Whether a ROI lies on this slice of a view."""
    if one.frame != view.frame:
        return False
    try:
        return one.on(view.key).slice_of(view.volume).index == index
    except RoiError:
        return False


def _description(view: View, index: int, drawn: Sequence[DrawnRoi]) -> str:
    names = [one.roi.label or translated("unnamed") for one in drawn if lies_here(one, view, index)]
    return translated(
        "{series}, slice {number} of {n}, with ROIs {labels}",
        series=view.title,
        number=index + 1,
        n=len(view.volume),
        labels=", ".join(names) or translated("none"),
    )


def measurement_table(drawn: Sequence[DrawnRoi], results: Results) -> str:
    """HTML table of measurements; where any ROI was proposed automatically, with the origin of each."""
    told = any(one.place is not None for one in drawn)
    words = ("ROI", marked("mean"), marked("median"), "SD", marked("min"), marked("max"), "n", "cm²", marked("slice"))
    heads = [translated(word) for word in (*words, *((marked("origin"),) if told else ()))]
    lines = []
    for one, result in zip(drawn, results, strict=True):
        if isinstance(result, RoiError):
            lines.append(f'<tr><td colspan="{len(heads)}">{escape(said(str(result)))}</td></tr>')
            continue
        m = result
        numbers = [digits(x) for x in (m.mean, m.median, m.sd, m.min, m.max)]
        cells = [escape(m.label or "?"), *numbers, str(m.n), number(m.area_cm2, 2), str(m.slice_index + 1)]
        cells += [escape(said(origin_words(one.roi, one.place)))] if told else []
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def static_html(
    name: str,
    views: Sequence[View],
    slices: Sequence[int],
    drawn: Sequence[DrawnRoi],
    results: Sequence[Results],
    scores: Sequence[Mapping[str, Any]],
    windows: Sequence[Sequence[float]],
    *,
    waiting: Sequence[DrawnRoi] = (),
    save_pixels: bool,
) -> str:
    """What a saved notebook shows of a studio: pictures, measurements, scores. Pixels only where they may be saved."""
    parts = [
        f'<div class="vbqkit-static vbqkit-static-{name}"><p>'
        + translated("<b>ROI studio</b>, as it was when the notebook was saved. Run the notebook to work in it.")
        + "</p>"
    ]
    for view, index, result, window in zip(views, slices, results, windows, strict=True):
        allowed = save_pixels or view.volume.acquisition.synthetic
        parts += [
            drawing_of(view, index, drawn, window, pixels=allowed).img(),
            f"<p>{escape(view.title)}</p>",
            measurement_table(drawn, result),
        ]
    shown = [f"<li>{escape(row['key'])}: {_score_text(row)}</li>" for row in scores]
    shown += [f"<li>{escape(line)}</li>" for line in origin_lines(drawn, waiting)]
    return "".join(parts) + f"<ul>{''.join(shown)}</ul><p>{translated(_NOTE)}</p></div>"


def origin_lines(drawn: Sequence[DrawnRoi], waiting: Sequence[DrawnRoi]) -> list[str]:
    """Which ROIs were proposed automatically, for a report, and which are not shown as nobody has accepted them."""
    sentence = said(origin_sentence((one.roi, one.place) for one in drawn))
    left = ", ".join(one.roi.label or "?" for one in waiting)
    return [
        *([sentence] if sentence else []),
        *(
            [
                translated(
                    "Proposed automatically and not accepted, so neither shown nor measured: {labels}.", labels=left
                )
            ]
            if left
            else []
        ),
    ]


def _score_text(row: Mapping[str, Any]) -> str:
    """A score with its interval, as far as they are known."""
    if row["value"] is None:
        return escape(translated("not given: {why}", why=row["note"]))
    low, high = row.get("interval") or (None, None)
    interval = (
        ""
        if low is None or high is None
        else " " + translated("(95 % interval {low} to {high})", low=digits(low), high=digits(high))
    )
    doubts = "".join(f"<br>⚠ {escape(text)}" for text in row["doubts"])
    return f"{digits(row['value'])}{interval}{doubts}"


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
        synthetic = f" {translated('Synthetic image.')}" if view.volume.acquisition.synthetic else ""
        listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
        html = (
            f"<figure>{drawing.img()}<figcaption>{escape(alt)}.{synthetic} {translated(_NOTE)}</figcaption></figure>"
            f"{measurement_table(drawn, results)}<ul>{listed}</ul>"
        )
        return cls(drawing, html)

    def save(self, path: str | Path) -> Path:
        """Write the figure: ``.png`` or ``.svg`` the picture, ``.html`` picture, table and scores.

        A PNG has two dots for each CSS pixel.

        Raises
        ------
        FormatError
            If the ending is another or the file cannot be written; for ``.png`` if Pillow is not installed.
        """
        target = Path(path).expanduser()
        page = f'<!doctype html><html lang="{html_language()}"><meta charset="utf-8"><title>ROI snapshot</title>{self.html}</html>'
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
