"""The reader's case among published patients, following the ROIs as they are moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

import ipywidgets
import pandas as pd
import plotly.graph_objects as go

from vbqkit.charts import plot_against_dexa
from vbqkit.charts.against_dexa import axis_label
from vbqkit.charts.live.figure import live_figure, save_buttons, with_one_title
from vbqkit.html_table import table_html
from vbqkit.image import Volume
from vbqkit.language import decimal_sign, marked, translated
from vbqkit.page.still import Still
from vbqkit.scores import SCORES, Refusal, Score

AGAINST = {"T-score": "t_score", "BMD": "bmd_g_cm2", "TBS": "tbs"}


class ScoredCase(Protocol):
    """Whatever shows a case and its scores, and says when they change: a :class:`vbqkit.studio.RoiStudio`."""

    @property
    def scores(self) -> Mapping[str, Score | Refusal]:
        """Every score by its name."""

    @property
    def volumes(self) -> Sequence[Volume]:
        """What is shown."""

    def on_change(self, call: Callable[[], None]) -> None:
        """Call back after every change of a ROI."""


class CaseAmongPatients(Still, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets ships no types
    """A scatter of published patients with the case of a studio in it: choose the axes, move a ROI, and the star moves.

    Parameters
    ----------
    studio : RoiStudio
        Its T1 scores are followed.
    patients : DataFrame
        Column patient, a column for at least one registered score (such as snr, m_score, vbq_t1), and t_score,
        bmd_g_cm2, tbs. Every registered score that has a column can be chosen; one with several aggregates by each.
    dexa : mapping, optional
        The case's own T-score, BMD and TBS under the same names; where one is missing, a line at the height of its
        score.
    source : str
        Where the patients come from; shown under the title.

    Attributes
    ----------
    figure : plotly FigureWidget
        What is shown; ``figure.data`` and ``figure.layout`` are plotly's.
    """

    def __init__(
        self, studio: ScoredCase, patients: pd.DataFrame, *, dexa: Mapping[str, Any] | None = None, source: str = ""
    ) -> None:
        self._studio, self._patients, self._dexa, self._source = (
            studio,
            patients,
            dict({} if dexa is None else dexa),
            source,
        )
        self._columns = {
            f"{score.name} ({aggregate})" if aggregate else score.name: score.column
            for score in SCORES.values()
            if score.column in patients
            for aggregate in score.aggregates or (None,)
        }
        self._score = ipywidgets.ToggleButtons(options=list(self._columns), description=translated("Score"))
        self._against = ipywidgets.ToggleButtons(options=AGAINST, description=translated("Against"))
        self._note = ipywidgets.HTML()
        self.figure = live_figure(self._chart())
        self._save = save_buttons(self.figure)
        super().__init__([ipywidgets.HBox([self._score, self._against]), self.figure, self._save, self._note])
        self._score.observe(self._draw, "value")
        self._against.observe(self._draw, "value")
        studio.on_change(self._draw)
        self._draw()

    def still_html(self) -> str:
        """The numbers of the chart, those of the case if it is synthetic: this is kept in the saved notebook."""
        names = list(
            dict.fromkeys(name for name in (*self._columns.values(), *AGAINST.values()) if name in self._patients)
        )
        rows = {str(row.patient): [getattr(row, name) for name in names] for row in self._patients.itertuples()}
        found = {column: self._studio.scores.get(name) for name, column in reversed(self._columns.items())}
        synthetic = all(volume.acquisition.synthetic for volume in self._studio.volumes)
        own = {column: score.value for column, score in found.items() if isinstance(score, Score)} | self._dexa
        table = table_html(
            rows | ({translated("your case"): [own.get(name) for name in names]} if synthetic else {}),
            head=[translated("patient"), *(axis_label(name) for name in names)],
            digits=3,
            point=decimal_sign(),
        )
        return f"{table}<p>{escape(self._source)}. {translated('The chart is in the notebook.')}</p>"

    def _result(self) -> Score | Refusal:
        name = self._score.value
        return self._studio.scores.get(name) or Refusal(name, marked("the studio shows no series for it."))

    @property
    def _column(self) -> str:
        return self._columns[self._score.value]

    def _case(self) -> dict[str, Any] | None:
        result = self._result()
        return {self._column: result.value, **self._dexa} if isinstance(result, Score) else None

    def _chart(self) -> go.Figure:
        return plot_against_dexa(
            self._patients, score=self._column, against=self._against.value, case=self._case(), source=self._source
        )

    def _draw(self, *_: object) -> None:
        chart = with_one_title(self._chart())
        with self.figure.batch_update():
            self.figure.data = []
            self.figure.add_traces(chart.data)
            self.figure.layout = chart.layout
        self._save.value = save_buttons(chart).value
        result = self._result()
        self._note.value = (
            f"<b>{translated('No star.')}</b> {escape(str(result))}" if isinstance(result, Refusal) else ""
        )
