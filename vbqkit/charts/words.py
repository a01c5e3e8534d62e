"""A chart in words, for those who cannot see it."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np

from vbqkit.language import digits, translated

_HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def alt_text(figure: Any) -> str:
    """Text alternative of a plotly figure: title, axes, and of each series its number of points and its range.

    Parameters
    ----------
    figure : plotly figure
        Of :mod:`vbqkit.charts` or any other.

    Examples
    --------
    >>> from vbqkit.charts import Chart
    >>> chart = Chart(layout={"title": {"text": "SNR"}, "xaxis": {"title": {"text": "age (years)"}}})
    >>> alt_text(chart.add_scatter(x=[50, 60], y=[70, 80.5], name="patients"))
    'Chart: SNR. Across: age (years). patients: 2 points, across 50 to 60, up 70 to 80.5.'
    """
    layout = figure.layout
    title = _plain(layout.title.text) or translated("no title")
    parts = [translated("Chart: {title}", title=title), _plain(layout.title.subtitle.text)]
    parts += [
        f"{side}: {_plain(axis.title.text)}"
        for side, axis in ((translated("Across"), layout.xaxis), (translated("Up"), layout.yaxis))
        if axis.title.text
    ]
    seen = set()
    for trace in figure.data:
        if (name := _plain(trace.name)) and name not in seen and trace.showlegend is not False:
            seen.add(name)
            parts.append(f"{name}: {_points(trace)}")
    parts += [_plain(note.text) for note in layout.annotations if note.text]
    return ". ".join(part for part in parts if part) + "."


def alt_html(figure: Any) -> str:
    """:func:`alt_text` for screen readers only: it takes no place on the page."""
    return f'<p class="vbqkit-alt" style="{_HIDDEN}">{html.escape(alt_text(figure))}</p>'


def _plain(text: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", str(text or "")).split()).rstrip(".")


def _points(trace: Any) -> str:
    x, y = getattr(trace, "x", None), getattr(trace, "y", None)
    n = max((len(values) for values in (x, y) if values is not None), default=0)
    ranges = [
        f"{way} {span}" for way, values in ((translated("across"), x), (translated("up"), y)) if (span := _span(values))
    ]
    points = translated("1 point") if n == 1 else translated("{n} points", n=n)
    return ", ".join([points, *ranges])


def _span(values: Any) -> str:
    try:
        known = np.asarray(values, dtype=float)
    except (TypeError, ValueError):  # names of groups
        return ""
    known = known[np.isfinite(known)] if known.ndim == 1 else known[:0]
    if not known.size:
        return ""
    return translated("{low} to {high}", low=digits(known.min(), ".3g"), high=digits(known.max(), ".3g"))
