"""A slider along curves that are known already: guess first, then the point moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from vbqkit.html_table import table_html
from vbqkit.language import decimal_sign, digits, translated
from vbqkit.lessons.awake import Awake
from vbqkit.lessons.coming_back import ComingBack, within
from vbqkit.lessons.guess import Guess
from vbqkit.page.colours import BLUE, GREEN, PURPLE, VERMILION
from vbqkit.page.line_chart import line_chart_html
from vbqkit.page.linked_chart import Panel, linked_chart_html

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE)


class SlidingChart(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Curves with a slider; see :func:`slide`.

    Attributes
    ----------
    guess : Guess
        What is asked first.
    """

    def __init__(
        self,
        x: Iterable[float],
        lines: Mapping[str, Iterable[float]],
        *,
        x_title: str,
        y_title: str,
        alt: str,
        ask_first: tuple[str, Sequence[str]],
        start: float,
        keep: str | None = None,
    ) -> None:
        self._x = np.asarray(list(x), dtype=float)
        self._lines = {name: np.asarray(list(values), dtype=float) for name, values in lines.items()}
        self._titles, self._alt, self._start = (x_title, y_title), alt, start
        self.guess = Guess(*ask_first, on_given=self._open)
        self.slider = ipywidgets.SelectionSlider(
            options=[(digits(v, "g"), float(v)) for v in self._x],
            value=start,
            description=x_title,
            disabled=True,
            style={"description_width": "max-content"},
            layout={"width": "520px"},
        )
        self._chart, self._table = ipywidgets.HTML(), ipywidgets.HTML()
        self._back = ComingBack(keep)
        self.guess.give_again(self._back.before.get("guess"))
        place = within(self._back.before.get("at"), float(self._x[0]), float(self._x[-1]))
        if self.guess.given and place in self._x:
            self.slider.value = place
            self._moved()
        self.slider.observe(self._moved, "value")
        super().__init__([self.guess, self.slider, ipywidgets.HBox([self._chart, self._table])])
        self.add_class("vbq-sliding")
        self._draw()

    def still_html(self) -> str:
        """The curves."""
        return line_chart_html(self._x, self._lines, x_title=self._titles[0], y_title=self._titles[1], alt=self._alt)

    def _open(self) -> None:
        self.slider.disabled = False
        self._moved()

    def _moved(self, _: Any = None) -> None:
        self._draw()
        self._back.keep({"guess": self.guess.number, "at": self.slider.value})

    def _draw(self) -> None:
        k = int(np.flatnonzero(self._x == self.slider.value)[0])
        first = int(np.flatnonzero(self._x == self._start)[0])
        now = {name: float(values[k]) for name, values in self._lines.items()}
        known = self._lines if not self.slider.disabled else {}
        panel = Panel(
            y_title=self._titles[1],
            curves=known,
            now=now,
            colours=dict(zip(now, _COLOURS, strict=False)),
        )
        self._chart.value = linked_chart_html(
            self._x,
            [panel],
            at=float(self._x[k]),
            x_title=self._titles[0] if known else translated("guess first, then the curve comes"),
            alt=self._alt if known else translated("The curve is hidden until you have guessed."),
            width_px=400,
            height_px=240,
            labels_px=130,
        )
        rows = {
            name: [value, f"{100 * (value / self._lines[name][first] - 1):+.0f} %".replace("-", "−")]
            for name, value in now.items()
        }
        self._table.value = f"<div role='status' aria-live='polite'>{table_html(rows, head=('', translated('now'), translated('change')), digits=2, point=decimal_sign())}</div>"


def slide(
    x: Iterable[float],
    lines: Mapping[str, Iterable[float]],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    ask_first: tuple[str, Sequence[str]],
    start: float,
    keep: str | None = None,
) -> SlidingChart:
    """Curves that come after a guess, with a slider that moves a point on each.

    Parameters
    ----------
    x : iterable of float
        The stops of the slider, rising.
    lines : mapping of str to iterable of float
        Name to the values at each stop.
    x_title, y_title : str
        With units.
    alt : str
        What the curves show, in words.
    ask_first : pair of str and sequence of str
        The question and its answers.
    start : float
        The stop that the slider stands at first.
    keep : str, optional
        A name such as ``"50-gain"``, under which guess and slider are kept and come back; see
        :func:`vbqkit.exercises.kept_views.keep_view`.

    Returns
    -------
    SlidingChart
        The last line of a cell.

    Examples
    --------
    >>> shown = slide([1, 2], {"VBQ": [3.0, 1.5]}, x_title="gain", y_title="ratio", alt="falls",
    ...               ask_first=("It", ("falls", "stays")), start=1)
    >>> shown.guess.give("stays")
    >>> shown.slider.value = 2.0
    >>> "−50 %" in shown._table.value
    True
    """
    return SlidingChart(
        x, lines, x_title=x_title, y_title=y_title, alt=alt, ask_first=ask_first, start=start, keep=keep
    )
