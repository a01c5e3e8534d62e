"""What a lesson shows on the page: slices, the truth in colour, small charts, tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.display import HTML

from vbqkit.exercises.cases import TeachingCase, truth_of
from vbqkit.exercises.truth import tissue_signals
from vbqkit.image import Slice
from vbqkit.lessons.truth_picture import truth_html
from vbqkit.page.line_chart import line_chart_html
from vbqkit.page.slice_picture import slice_html
from vbqkit.page.table import notes_html, table_html


def show_slice(image: Slice, *, alt: str, **options: Any) -> HTML:
    """A slice with a text alternative; options as in :func:`vbqkit.page.slice_picture.slice_html`."""
    return HTML(slice_html(image, alt=alt, **options))


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
    """A table in words and numbers; see :func:`vbqkit.page.table.table_html`."""
    return HTML(table_html(table, head=head, digits=digits))


def show_notes(*notes: object) -> HTML:
    """Sentences, one per line, wrapped between words."""
    return HTML(notes_html(notes))
