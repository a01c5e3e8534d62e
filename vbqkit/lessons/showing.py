"""What a lesson shows on the page: slices, the truth in colour, small charts, tables and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from IPython.display import HTML

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.phantom import Phantom
from vbqkit.exercises.cases import TeachingCase, truth_of
from vbqkit.exercises.findings_seen import body_with, crop_to_lumbar_spine, finding_slices
from vbqkit.exercises.six_scanners import slices_on_all
from vbqkit.exercises.truth import tissue_signals
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Slice
from vbqkit.language import decimal_sign, marked, said, translated
from vbqkit.lessons.truth_picture import truth_html
from vbqkit.page.line_chart import line_chart_html
from vbqkit.page.slice_picture import crop_around_all, slice_html
from vbqkit.roi import Roi
from vbqkit.roi.labels import SCORED_LEVELS

_DECIMAL = re.compile(r"[-−]?\d+\.\d+(?: T)?")
TABLE_WORDS = (
    *(marked("plane"), marked("weighting"), marked("because"), marked("tissue"), marked("source"), marked("score")),
    *(marked("value"), marked("unit"), marked("formula"), marked("direction"), marked("yes"), marked("no")),
    *(marked("fat"), marked("muscle"), marked("median"), marked("mean"), marked("ratio"), marked("none")),
    *(marked("coil"), marked("gain"), marked("changed")),
)
"""Single words at the head of the tables of the lessons, and in their cells."""


def show_slice(image: Slice, *, alt: str, **options: Any) -> HTML:
    """A slice with a text alternative; options as in :func:`vbqkit.page.slice_picture.slice_html`."""
    return HTML(slice_html(image, alt=alt, **options))


def show_side_by_side(*pictures: HTML) -> HTML:
    """What other functions show, beside each other where the page is wide enough."""
    shown = "".join(f"<div>{picture.data}</div>" for picture in pictures)
    return HTML(f"<div style='display:flex;gap:10px;flex-wrap:wrap'>{shown}</div>")


def show_on_all(phantom: Phantom, *, seed: int, height_px: int = 270) -> HTML:
    """One person on every machine: the middle T1 slice, each in its own brightness. Synthetic."""
    shown = [roi for roi in phantom.reference_rois if roi.label in SCORED_LEVELS]
    return show_side_by_side(
        *(
            show_slice(
                image,
                alt=f"The same sagittal T1 slice as scanned by {name}.",
                crop=crop_around_all(image, shown, margin_mm=(22.0, 60.0)),
                height_px=height_px,
                caption=f"{name}: {image.acquisition.field_t:g} T",
            )
            for name, image in slices_on_all(phantom, seed=seed).items()
        )
    )


def show_weightings(
    images: Mapping[str, Slice],
    *,
    seen: Mapping[str, str],
    crop: tuple[int, int, int, int] | None = None,
    rois: Iterable[Roi] = (),
    height_px: int = 340,
) -> HTML:
    """The same slice in several weightings, beside each other, each in its own brightness.

    Parameters
    ----------
    images : mapping of str to Slice
        Weighting to slice.
    seen : mapping of str to str
        What is to be seen on each: its caption, and its text alternative.
    crop : tuple of 4 ints, optional
        Rows and columns to show; around the ROIs without it.
    rois : iterable of Roi
        Drawn on each.
    height_px : int
        Height on the screen.
    """
    drawn = tuple(rois)
    return show_side_by_side(
        *(
            show_slice(
                image,
                alt=f"Sagittal {weighting} slice. {seen[weighting]}",
                rois=drawn,
                crop=crop or crop_around_all(image, drawn, margin_mm=(24.0, 30.0)),
                height_px=height_px,
                caption=f"{weighting}: {seen[weighting]}",
            )
            for weighting, image in images.items()
        )
    )


def show_finding(
    *findings: Finding, seen: Mapping[str, str], x_mm: float = 0.0, reach_mm: float | None = None, height_px: int = 340
) -> HTML:
    """A finding on a virtual woman, as T1, T2 and STIR (those named in `seen`) show it. Synthetic.

    Parameters
    ----------
    *findings : Finding
        Of :mod:`vbqkit.anatomy`, such as ``MetalHardware("L4")``.
    seen : mapping of str to str
        Weighting to what is to be seen on it.
    x_mm : float
        Which slice: to the left of the middle, mm.
    reach_mm : float, optional
        How wide the body is made to each side; for one slice without it.
    height_px : int
        Height on the screen.
    """
    body = body_with(*findings, reach_mm=abs(x_mm) if reach_mm is None else reach_mm)
    images = finding_slices(body, x_mm=x_mm, weightings=tuple(seen))
    crop = crop_to_lumbar_spine(body, next(iter(images.values())))
    return show_weightings(images, seen=seen, crop=crop, height_px=height_px)


def show_truth(case: TeachingCase, *, weighting: str = "T1") -> HTML:
    """The middle slice of a case, and beside it the same slice with the truth in colour and its legend."""
    return HTML(truth_html(truth_of(case), case.middle_slice(weighting)))


def show_tissue_signals(case: TeachingCase, *, weighting: str = "T1") -> HTML:
    """The mean signal of each tissue on the middle slice of a case, with the truth as the ROI."""
    names = (marked("structure"), marked("pixels"), marked("mean signal (a.u.)"), marked("times CSF"))
    return show_table(tissue_signals(truth_of(case), case.middle_slice(weighting)), head=names)


def line_chart(*args: Any, **options: Any) -> HTML:
    """A small chart; see :func:`vbqkit.page.line_chart.line_chart_html`."""
    return HTML(line_chart_html(*args, **options))


def show_table(table: Any, *, head: Sequence[str] = (), digits: int = 2) -> HTML:
    """A table in words and numbers; see :func:`vbqkit.html_table.table_html`."""
    return HTML(table_html(table, head=head, digits=digits, say=_said, point=decimal_sign()))


def _said(text: str) -> str:
    """A word of a table or a sentence of the core in the chosen language; a number in words with its decimal sign."""
    if _DECIMAL.fullmatch(text):
        return text.replace(".", decimal_sign())
    word = translated(text)
    return said(text) if word == text else word


def show_notes(*notes: object) -> HTML:
    """Sentences, one per line, wrapped between words; those of the core in the chosen language."""
    return HTML(notes_html(said(str(note)) for note in notes))
