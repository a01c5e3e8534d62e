"""The control chart of a group as a picture: SNR over time between its limits."""

from __future__ import annotations

from html import escape

import numpy as np

from vbqkit.page.colours import BLACK, BLUE, PAGE, VERMILION
from vbqkit.page.drawing import Line, Words
from vbqkit.reference_library.drift import Drift
from vbqkit.reference_library.group import day_of

_WIDTH, _HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 96.0, 26.0, 34.0
_GREY = PAGE["quiet"]


def drift_svg(drift: Drift) -> str:
    """The chart as SVG, complete in itself; empty where there is no chart.

    Blue points keep to the rules; a red diamond breaks one, with its number.

    Parameters
    ----------
    drift : Drift
        From :func:`vbqkit.reference_library.group_drift`.
    """
    table = drift.table
    if not len(table):
        return ""
    days: list[float] = [float(day_of(text).toordinal()) for text in table["scanned_on"]]
    values: list[float] = [float(v) for v in table["value"]]
    center, sigma = float(table["center"].iloc[0]), float(table["sigma"].iloc[0])
    lines = [(f"{k:+d} sigma" if k else "center", center + k * sigma) for k in (3, 2, 0, -2, -3)]
    low, high = min(*values, lines[-1][1]), max(*values, lines[0][1])
    margin = 0.05 * (high - low)
    low, high = low - margin, high + margin
    span = max(days) - min(days) or 1.0

    def x(day: float) -> float:
        return _LEFT + 6.0 + (day - days[0]) / span * (_WIDTH - _LEFT - _RIGHT - 12)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)

    title = f"Group {drift.group}: SNR of {drift.of} over time"
    parts: list[Line | Words] = [Words(x=4, y=15, text=title, colour=BLACK, bold=True)]
    for name, value in lines:
        ends = np.array([(_LEFT, y(value)), (_WIDTH - _RIGHT, y(value))])
        dash = () if name == "center" else (6.0, 3.0) if "3" in name else (2.0, 3.0)
        parts.append(Line(points=ends, colour=_GREY, width=1.0, dash=dash))
        parts.append(Words(x=_WIDTH - _RIGHT + 4, y=y(value) + 4, text=name, colour=_GREY))
        parts.append(Words(x=_LEFT - 4, y=y(value) + 4, text=f"{value:.4g}", colour=_GREY, anchor="end"))
    path = np.array([(x(day), y(value)) for day, value in zip(days, values, strict=True)])
    parts.append(Line(points=path, colour=BLUE, width=1.0, opacity=0.6))
    for (px, py), rules in zip(path, table["rules"], strict=True):
        size = 4.0 if rules else 2.5
        corners = np.array([(px - size, py), (px, py - size), (px + size, py), (px, py + size)])
        parts.append(Line(points=corners, colour=VERMILION if rules else BLUE, width=2.0, closed=True))
        if rules:
            parts.append(Words(x=px, y=py - 7, text=rules, colour=VERMILION, anchor="middle"))
    bottom = _HEIGHT - 12
    parts.append(Words(x=_LEFT, y=bottom, text=str(table["scanned_on"].iloc[0]), colour=BLACK))
    if len(set(days)) > 1:
        last = str(table["scanned_on"].iloc[-1])
        parts.append(Words(x=_WIDTH - _RIGHT, y=bottom, text=last, colour=BLACK, anchor="end"))
    about = f"{title}. {' '.join(drift.lines)}"
    drawn = "".join(part.svg() for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" font-family="sans-serif" font-size="11" '
        f'role="img" aria-label="{escape(about)}" style="background:{PAGE["paper"]};max-width:100%">{drawn}</svg>'
    )
