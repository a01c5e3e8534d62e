"""Curves with a point on each that moves: what a slider does, above what a score makes of it. SVG, offline."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vbqkit.image import FloatArray
from vbqkit.language import digits, translated
from vbqkit.page.colours import PAGE

_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 46, 76, 8, 34, 14
_LABEL_PX = 13.0
_PEAK_PERCENTILE = (
    96  # a ratio grows beyond all bounds where its denominator vanishes; the curve leaves the panel there
)
_LOG_RATIO = 8.0

Place = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of the charts that stand over each other.

    Attributes
    ----------
    y_title : str
        With its unit.
    curves : mapping of str to ndarray
        Name to the values at each x; nan where nothing is known yet.
    now : mapping of str to float
        Name to the value where the slider stands.
    colours : mapping of str to str
        Name to the colour of its curve.
    interval : tuple of 2 floats or None
        Of the point, if the panel has one curve.
    """

    y_title: str
    curves: Mapping[str, FloatArray]
    now: Mapping[str, float]
    colours: Mapping[str, str] = field(default_factory=dict)
    interval: tuple[float, float] | None = None

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value shown."""
        known = np.concatenate([*(np.asarray(v, dtype=float).ravel() for v in self.curves.values()), [0.0]])
        known = known[np.isfinite(known)]
        high = float(np.percentile(known, _PEAK_PERCENTILE)) if len(known) > 2 else 0.0
        high = max(high, *(v for v in self.now.values() if np.isfinite(v)), *(self.interval or ()), 1e-9)
        return 0.0, 1.08 * high


def is_log(low: float, high: float) -> bool:
    """Whether a slider of this range is drawn on a log axis.

    Examples
    --------
    >>> is_log(20, 3000), is_log(0.2, 1.0)
    (True, False)
    """
    return low > 0 and high / low >= _LOG_RATIO


def linked_chart_html(
    x: FloatArray,
    panels: Sequence[Panel],
    *,
    at: float,
    x_title: str,
    alt: str,
    log: bool = False,
    width_px: int = 340,
    height_px: int = 270,
    labels_px: int = _RIGHT,
) -> str:
    """Panels over one axis with a line and a point on every curve where the slider stands.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Values of the slider, rising.
    panels : sequence of Panel
        From top to bottom.
    at : float
        Where the slider stands.
    x_title : str
        With its unit.
    alt : str
        What the chart shows now, in words.
    log : bool
        Whether the axis is logarithmic.
    width_px, height_px : int
        Size on the screen.
    labels_px : int
        Room for the names of the curves, to the right of them.
    """
    first, last = (float(np.log(v)) if log else float(v) for v in (x[0], x[-1]))

    def px(value: float) -> float:
        v = float(np.log(value)) if log else float(value)
        return _LEFT + (v - first) / ((last - first) or 1.0) * (width_px - _LEFT - labels_px)

    tall = (height_px - _TOP - _BOTTOM - _BETWEEN * (len(panels) - 1)) / len(panels)
    parts = []
    for number, panel in enumerate(panels):
        parts += _panel_svg(
            panel, x, at, px, top=_TOP + number * (tall + _BETWEEN), tall=tall, right=width_px - labels_px
        )
    foot = height_px - _BOTTOM
    parts.append(
        f"<line class='vbq-at' x1='{px(at):.1f}' x2='{px(at):.1f}' y1='{_TOP}' y2='{foot}' stroke='currentColor' "
        "stroke-opacity='.45' stroke-dasharray='3 3'/>"
    )
    parts += [
        f"<text x='{px(tick):.1f}' y='{foot + 13}' text-anchor='middle'>{digits(tick, 'g')}</text>"
        for tick in _ticks(float(x[0]), float(x[-1]), log=log)
    ]
    middle = (_LEFT + width_px - labels_px) / 2
    parts.append(f"<text x='{middle:.0f}' y='{height_px - 6}' text-anchor='middle'>{html.escape(x_title)}</text>")
    return (
        f"<svg role='img' class='vbq-linked-chart' data-at='{at!r}' aria-label='{html.escape(alt, quote=True)}' "
        f"viewBox='0 0 {width_px} {height_px}' width='{width_px}' height='{height_px}' "
        f"style='font:11px sans-serif;fill:currentColor;max-width:100%'>{''.join(parts)}</svg>"
    )


def _panel_svg(
    panel: Panel, x: FloatArray, at: float, px: Place, *, top: float, tall: float, right: float
) -> list[str]:
    low, high = panel.bounds()

    def py(value: float) -> float:
        return top + tall - (min(value, high) - low) / (high - low) * tall

    parts = [
        f"<rect x='{_LEFT}' y='{top:.1f}' width='{right - _LEFT}' height='{tall:.1f}' fill='none' stroke='currentColor' stroke-opacity='.25'/>"
    ]
    parts += [
        f"<text x='{_LEFT - 4}' y='{py(tick) + 4:.1f}' text-anchor='end'>{digits(tick, 'g')}</text>"
        for tick in _ticks(low, high, most=4)
    ]
    label_y = _apart([py(v) if np.isfinite(v) else top + tall for v in panel.now.values()], top, top + tall)
    for (name, value), y in zip(panel.now.items(), label_y, strict=True):
        colour = panel.colours.get(name, "currentColor")
        parts += _curve(x, panel.curves.get(name), px, py, colour)
        if np.isfinite(value):
            if panel.interval is not None:
                a, b = (py(v) for v in panel.interval)
                parts.append(
                    f"<line class='vbq-interval' x1='{px(at):.1f}' x2='{px(at):.1f}' y1='{a:.1f}' y2='{b:.1f}' stroke='{colour}' stroke-width='4' stroke-opacity='.55'/>"
                )
            parts.append(
                f"<circle class='vbq-point' data-name='{html.escape(name)}' cx='{px(at):.1f}' cy='{py(value):.1f}' r='4.5' "
                f"fill='{colour}' stroke='var(--jp-layout-color0, {PAGE['paper']})'/>"
            )
        parts.append(
            f"<text x='{right + 5}' y='{y + 4:.1f}' style='font-weight:600'><tspan fill='{colour}'>● </tspan>{html.escape(translated(name))}</text>"
        )
    spot = top + tall / 2
    parts.append(
        f"<text transform='translate(10 {spot:.0f}) rotate(-90)' text-anchor='middle'>{html.escape(panel.y_title)}</text>"
    )
    return parts


def _curve(x: FloatArray, values: FloatArray | None, px: Place, py: Place, colour: str) -> list[str]:
    if values is None:
        return []
    known = np.isfinite(values)
    points = [(px(a), py(b)) for a, b in zip(x[known], values[known], strict=True)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    return [f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>"] if len(points) > 1 else []


def _apart(wanted: list[float], top: float, foot: float) -> list[float]:
    """Heights of the labels, moved so that they neither overlap nor leave the panel."""
    order = np.argsort(wanted)
    placed = list(wanted)
    floor = top + 6.0
    for k in order:
        placed[k] = max(placed[k], floor)
        floor = placed[k] + _LABEL_PX
    ceiling = foot - 2.0
    for k in order[::-1]:
        placed[k] = min(placed[k], ceiling)
        ceiling = placed[k] - _LABEL_PX
    return placed


def _ticks(low: float, high: float, *, log: bool = False, most: int = 5) -> list[float]:
    if log:
        steps = [m * 10.0**p for p in range(-2, 6) for m in (1, 2, 5)]
        return [v for v in steps if low <= v <= high]
    raw = (high - low or 1.0) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    return [float(f"{v:.10g}") + 0.0 for v in np.arange(np.ceil(low / step) * step, high + step * 1e-9, step)]
