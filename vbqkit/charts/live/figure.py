"""A chart as a live widget: the same picture, no share button, its title in one piece."""

from __future__ import annotations

from typing import Any

import ipywidgets
import plotly.graph_objects as go

from vbqkit.charts.look import safe_config, save_buttons_html
from vbqkit.charts.words import alt_html


def live_figure(chart: Any) -> Any:
    """A plotly FigureWidget that shows `chart` and keeps its data on this computer."""
    figure = go.FigureWidget(chart)
    figure._config = safe_config({"responsive": True})
    return with_one_title(figure)


def save_buttons(chart: Any) -> ipywidgets.HTML:
    """Buttons that make the chart above them save itself as PNG or SVG; and the chart in words for screen readers."""
    return ipywidgets.HTML(save_buttons_html() + alt_html(chart))


def with_one_title(chart: Any) -> Any:
    """The chart itself, its subtitle made the second line of its title.

    Plotly lays a subtitle over the title where a widget is drawn before it can be seen.
    """
    title = chart.layout.title
    if title.subtitle.text:
        title.text = two_lines(title.text, title.subtitle.text)
        title.subtitle.text = None
    return chart


def two_lines(title: str, subtitle: str) -> str:
    """A title with its second line in one piece."""
    return f'{title}<br><span style="font-size:12px">{subtitle}</span>'
