"""A small line chart as SVG with a text alternative: printable, offline."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from vbqkit.language import digits, translated
from vbqkit.page.colours import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION


def line_chart_html(
    x: Iterable[float],
    lines: Mapping[str, Iterable[float]],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    width_px: int = 460,
) -> str:
    """A small line chart as SVG: at most seven lines that differ in colour, dash and name; points show their value.

    Parameters
    ----------
    x : iterable of float
        Common to all lines.
    lines : mapping of str to iterable of float
        Name to values.
    x_title, y_title : str
        With units.
    alt : str
        What the chart shows, in words.
    width_px : int
        Width on the screen.
    """
    xs = np.asarray(list(x), dtype=float)
    table = {name: np.asarray(list(values), dtype=float) for name, values in lines.items()}
    width, height, left, bottom, top, right = width_px, 270, 58, 44, 12, 134
    low, high = (float(f([np.nanmin(v) if f is min else np.nanmax(v) for v in table.values()])) for f in (min, max))
    low, high = (low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0))
    px = left + (xs - xs.min()) / (np.ptp(xs) or 1.0) * (width - left - right)

    def py(v: Any) -> Any:
        return height - bottom - (v - low) / (high - low) * (height - bottom - top)

    parts = []
    for tick in _ticks(low, high):
        parts.append(
            f"<line x1='{left}' x2='{width - right}' y1='{py(tick):.1f}' y2='{py(tick):.1f}' stroke='currentColor' stroke-opacity='.15'/>"
        )
        parts.append(f"<text x='{left - 6}' y='{py(tick) + 4:.1f}' text-anchor='end'>{digits(tick, 'g')}</text>")
    for tick in _ticks(float(xs.min()), float(xs.max())):
        at = left + (tick - xs.min()) / (np.ptp(xs) or 1.0) * (width - left - right)
        parts.append(f"<text x='{at:.1f}' y='{height - bottom + 16}' text-anchor='middle'>{digits(tick, 'g')}</text>")
    styles = zip(
        (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "currentColor"),
        ("", "6 3", "2 3", "8 3 2 3", "", "6 3", "2 3"),
        strict=True,
    )
    spots = _spread([float(py(v[-1])) for v in table.values()])
    for (name, values), (colour, dash), label_y in zip(table.items(), styles, spots, strict=False):
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py(values), strict=True))
        parts.append(
            f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dash}'/>"
        )
        parts += [
            f"<circle cx='{a:.1f}' cy='{b:.1f}' r='3.5' fill='{colour}'><title>{html.escape(translated('{name}: {value} at {x}', name=translated(name), value=digits(v, '.3g'), x=digits(t, 'g')))}</title></circle>"
            for a, b, v, t in zip(px, py(values), values, xs, strict=True)
        ]
        parts.append(
            f"<line x1='{width - right + 6}' x2='{width - right + 20}' y1='{label_y:.1f}' y2='{label_y:.1f}' stroke='{colour}' stroke-width='3'/>"
            f"<text x='{width - right + 24}' y='{label_y + 4:.1f}' style='font-weight:600'>{html.escape(translated(name))}</text>"
        )
    return (
        f"<svg role='img' aria-label='{html.escape(alt, quote=True)}' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        "style='font:12px sans-serif;fill:currentColor;max-width:100%;break-inside:avoid'>"
        f"<title>{html.escape(alt)}</title>{''.join(parts)}"
        f"<text x='{(left + width - right) / 2}' y='{height - 8}' text-anchor='middle'>{html.escape(x_title)}</text>"
        f"<text transform='translate(14 {(top + height - bottom) / 2}) rotate(-90)' text-anchor='middle'>{html.escape(y_title)}</text></svg>"
    )  # fmt: skip


def _ticks(low: float, high: float) -> list[float]:
    span = high - low or 1.0
    raw = span / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - raw))
    return [float(f"{v:.10g}") + 0.0 for v in np.arange(np.ceil(low / step) * step, high + step * 1e-9, step)]


def _spread(wanted: list[float], gap: float = 14.0) -> list[float]:
    """Heights of the labels, moved apart so that they do not overlap."""
    order = np.argsort(wanted)
    placed = list(wanted)
    for before, after in pairwise(order):
        placed[after] = max(placed[after], placed[before] + gap)
    return placed
