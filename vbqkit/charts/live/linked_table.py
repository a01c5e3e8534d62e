"""A chart and its table, linked: what is selected in one is selected in the other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import pandas as pd
import traitlets

from vbqkit.charts.live.figure import live_figure, save_buttons
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.html_table import table_html
from vbqkit.page.colours import style_sheet
from vbqkit.page.still import Still

_STATIC = Path(__file__).parent / "static"


class LinkedTable(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget is untyped for mypy
    """A table whose rows can be chosen by mouse and keyboard; ``selected`` holds their positions."""

    _esm = _STATIC / "linked_table.js"
    _css = style_sheet(_STATIC / "linked_table.css")
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    selected = traitlets.List(traitlets.Int()).tag(sync=True)


class LinkedChart(Still, ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped for mypy
    """A chart above its table: points chosen in the chart (box, lasso, click) are rows chosen in the table, and back.

    Parameters
    ----------
    chart : plotly figure
        From :mod:`vbqkit.charts`; its points must know their rows (``customdata``), as those of ``plot_against_dexa``,
        ``plot_groups``, ``plot_levels`` and ``plot_bland_altman`` do.
    table : DataFrame
        The table that the chart was drawn from.
    columns : iterable of str, optional
        Columns to show; all when left out.
    keep_rows : bool
        Whether the saved notebook may hold the rows, for paper and for readers without a kernel: only if they are
        published or synthetic.

    Attributes
    ----------
    figure : FigureWidget
        The chart, live.
    table : LinkedTable
        The table below it.

    Raises
    ------
    TableError
        If no point of the chart knows its row, a row is not in the table, or a column is missing.

    Examples
    --------
    >>> from vbqkit.charts import plot_against_dexa
    >>> patients = pd.DataFrame({"patient": [1, 2], "snr": [77.5, 63.4], "t_score": [-2.6, -2.7]})
    >>> linked = LinkedChart(plot_against_dexa(patients, score="snr", against="t_score"), patients)
    >>> linked.select([1])
    >>> linked.figure.data[0].selectedpoints
    (1,)
    """

    def __init__(
        self, chart: Any, table: pd.DataFrame, *, columns: Iterable[str] | None = None, keep_rows: bool = False
    ) -> None:
        shown = list(map(str, table.columns)) if columns is None else list(columns)
        missing = [name for name in shown if name not in table.columns]
        if missing:
            raise TableError(
                f"The table has no column {', '.join(missing)}; it has: {', '.join(map(str, table.columns))}. Name those."
            )
        self._data = table
        self._keep_rows = keep_rows
        self.figure = live_figure(chart)
        self.figure.update_layout(dragmode="select", clickmode="event+select")
        self._points = {
            i: [int(row) for row in trace.customdata] for i, trace in enumerate(self.figure.data) if _knows_rows(trace)
        }
        rows = {row for points in self._points.values() for row in points}
        if not rows or max(rows) >= len(table):
            said = (
                "no point of it knows its row"
                if not rows
                else f"it has row {max(rows)}, the table has {len(table)} rows"
            )
            raise TableError(
                f"The chart cannot be linked: {said}. Draw it from this table with a function that sets customdata."
            )
        self.table = LinkedTable(
            columns=[column(name).label for name in shown],
            rows=[list(line) for line in zip(*(_cells(table[name].tolist()) for name in shown), strict=True)],
            selected=[],
        )
        self._chosen: dict[int, set[int]] = {i: set() for i in self._points}
        for i in self._points:
            self.figure.data[i].on_selection(self._from_chart)
            self.figure.data[i].on_deselect(self._from_chart)
        self.table.observe(self._from_table, names="selected")
        super().__init__([self.figure, save_buttons(chart), self.table])

    def still_html(self) -> str:
        """What it is, with the rows if they may be kept."""
        title = str(self.figure.layout.title.text or "")
        rows = {str(k): list(row) for k, row in enumerate(self.table.rows, start=1)}
        kept = table_html(rows, head=["row", *self.table.columns]) if self._keep_rows else ""
        return f"<p>{title}. The chart and its table of {len(rows)} rows are in the notebook.</p>{kept}"

    @property
    def selected(self) -> pd.DataFrame:
        """The rows that are selected now, in the order of the table."""
        return self._data.iloc[sorted(self.table.selected)]

    def select(self, rows: Iterable[int]) -> None:
        """Select rows by their positions in the table; none clears the selection."""
        chosen = sorted({int(row) for row in rows})
        if chosen and not 0 <= chosen[0] <= chosen[-1] < len(self._data):
            raise TableError(
                f"Rows {chosen[0]} to {chosen[-1]} were asked for; the table has rows 0 to {len(self._data) - 1}."
            )
        self.table.selected = chosen

    def _from_chart(self, _trace: Any, points: Any, *_: Any) -> None:
        """One trace of the chart says what is selected in it; plotly calls this once for each trace."""
        i = points.trace_index
        self._chosen[i] = {self._points[i][k] for k in points.point_inds}
        self.select(set().union(*self._chosen.values()))

    def _from_table(self, change: dict[str, Any]) -> None:
        chosen = set(change["new"])
        with self.figure.batch_update():
            for i, rows in self._points.items():
                here = [k for k, row in enumerate(rows) if row in chosen]
                self._chosen[i] = {rows[k] for k in here}
                self.figure.data[i].selectedpoints = here if chosen else None


def _knows_rows(trace: Any) -> bool:
    data = trace.customdata
    return data is not None and len(data) > 0 and all(isinstance(v, (int, np.integer)) for v in data)


def _cells(values: list[Any]) -> list[str]:
    """A column as people write it: four digits, and as many decimals in each row as the row that needs most."""
    short = [f"{v:.4g}" for v in values if isinstance(v, (float, np.floating)) and math.isfinite(v)]
    plain = not any("e" in text for text in short)
    decimals = max((len(text.partition(".")[2]) for text in short), default=0)
    return [_cell(value, f".{decimals}f" if plain else ".4g") for value in values]


def _cell(value: Any, how: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:{how}}".replace("-", "−") if isinstance(value, (float, np.floating)) else str(value)
