"""What a lesson shows on the page: slices, the truth in colour, small charts, tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.display import HTML

from vbqkit.anatomy.phantom import Phantom
from vbqkit.exercises.cases import TeachingCase, truth_of
from vbqkit.exercises.six_scanners import slices_on_all
from vbqkit.exercises.truth import tissue_signals
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Slice
from vbqkit.lessons.truth_picture import truth_html
from vbqkit.page.line_chart import line_chart_html
from vbqkit.page.slice_picture import crop_around_all, slice_html
from vbqkit.roi.labels import SCORED_LEVELS


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


def show_truth(case: TeachingCase, *, weighting: str = "T1") -> HTML:
    """The middle slice of a case, and beside it the same slice with the truth in colour and its legend."""
    return HTML(truth_html(truth_of(case), case.middle_slice(weighting)))


def show_tissue_signals(case: TeachingCase, *, weighting: str = "T1") -> HTML:
    """The mean signal of each tissue on the middle slice of a case, with the truth as the ROI."""
    names = ("structure", "pixels", "mean signal (a.u.)", "times CSF")
    return HTML(table_html(tissue_signals(truth_of(case), case.middle_slice(weighting)), head=names, digits=2))


def line_chart(*args: Any, **options: Any) -> HTML:
    """A small chart; see :func:`vbqkit.page.line_chart.line_chart_html`."""
    return HTML(line_chart_html(*args, **options))


def show_table(table: Any, *, head: Sequence[str] = (), digits: int = 2) -> HTML:
    """A table in words and numbers; see :func:`vbqkit.html_table.table_html`."""
    return HTML(table_html(table, head=head, digits=digits))


def show_notes(*notes: object) -> HTML:
    """Sentences, one per line, wrapped between words."""
    return HTML(notes_html(notes))
