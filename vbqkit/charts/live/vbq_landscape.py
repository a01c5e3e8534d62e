"""The landscape of VBQ around the ROIs of a studio, following them as they are moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Protocol

import ipywidgets

from vbqkit.charts.landscape import fill_landscape, plot_vbq_landscape
from vbqkit.charts.live.figure import live_figure, save_buttons, two_lines, with_one_title
from vbqkit.charts.words import alt_text
from vbqkit.errors import VbqkitError
from vbqkit.image import Volume
from vbqkit.language import marked, translated
from vbqkit.page.still import Still
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores import VbqLandscape, vbq_landscape
from vbqkit.scores.marrow_to_csf import Aggregate

ALL_LEVELS = marked("all levels")

_HEIGHT_PX = 310  # so that the ROI that is dragged is on the screen too


class PlacedCase(Protocol):
    """Whatever shows a case with ROIs and says when they change: a :class:`vbqkit.studio.RoiStudio`."""

    @property
    def rois(self) -> Sequence[Roi]:
        """The ROIs as they lie."""

    @property
    def volumes(self) -> Sequence[Volume]:
        """What is shown."""

    def on_change(self, call: Callable[[], None]) -> None:
        """Call back after every change of a ROI."""


class LiveLandscape(Still, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """VBQ over the place and size of a ROI of the studio: choose which one, drag it, and the landscape follows.

    Parameters
    ----------
    studio : RoiStudio
        With ROIs for L1 to L4 and CSF on one slice of its first series.
    aggregate : {"median", "mean"}
        Of the levels.
    rescan_percent : float, optional
        Difference between two scans of the same person, %: the black line.

    Attributes
    ----------
    landscape : VbqLandscape or None
        What is shown; None while a ROI is missing.
    figure : plotly FigureWidget
        The chart.
    """

    def __init__(
        self, studio: PlacedCase, *, aggregate: Aggregate = "median", rescan_percent: float | None = None
    ) -> None:
        self._studio, self._aggregate, self._rescan = studio, aggregate, rescan_percent
        self._moved = ipywidgets.ToggleButtons(
            options=[(translated(name), name) for name in (CSF, *SCORED_LEVELS, ALL_LEVELS)],
            description=translated("Moved"),
            style={"button_width": "86px", "description_width": "50px"},
        )
        self._note = ipywidgets.HTML()
        self.landscape: VbqLandscape | None = None
        self.figure: Any = None
        self._save = ipywidgets.HTML()
        super().__init__([self._moved, self._note])
        self.add_class("vbq-landscape")
        self._moved.observe(self._draw, "value")
        studio.on_change(self._draw)
        self._draw()

    def still_html(self) -> str:
        """The landscape in words, if the picture is synthetic: this is kept in the saved notebook."""
        if self.landscape is None or not all(volume.acquisition.synthetic for volume in self._studio.volumes):
            return f"<p>{translated('The landscape of VBQ is in the notebook.')}</p>"
        return f"<p>{escape(alt_text(self._chart(self.landscape)))}</p>"

    def _chart(self, landscape: VbqLandscape) -> Any:
        chart = with_one_title(plot_vbq_landscape(landscape, rescan_percent=self._rescan))
        chart.update_layout(height=_HEIGHT_PX, margin={"t": 56, "b": 44}, title={"y": 1 - 8 / _HEIGHT_PX})
        return chart

    def _found(self) -> VbqLandscape:
        rois, volume = self._studio.rois, self._studio.volumes[0]
        csf = next((roi for roi in rois if roi.label == CSF), None)
        if csf is None:
            raise VbqkitError("There is no ROI for CSF. Place it first.")
        moved = SCORED_LEVELS if self._moved.value == ALL_LEVELS else (self._moved.value,)
        return vbq_landscape(csf.slice_of(volume), rois, moved=moved, aggregate=self._aggregate)

    def _draw(self, *_: object) -> None:
        try:
            self.landscape = self._found()
        except VbqkitError as error:
            self.landscape = None
            self._note.value = (
                f"<div role='status' aria-live='polite'><b>{translated('No landscape.')}</b> {escape(str(error))}</div>"
            )
            return
        self._note.value = ""
        if self.figure is None:
            self.figure = live_figure(self._chart(self.landscape))
            self.children = (self._moved, self.figure, self._save, self._note)
        else:
            with self.figure.batch_update():
                title, below = fill_landscape(self.figure, self.landscape, rescan_percent=self._rescan)
                self.figure.layout.title.text = two_lines(title, below)
        self._save.value = save_buttons(self.figure).value
