"""The differences of two readings on their means, with bias and limits of agreement, as a picture."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from vbqkit.page.colours import BLACK, BLUE, PAGE
from vbqkit.page.drawing import Line, Words
from vbqkit.repeats.agreement import reading_agreement

_WIDTH, _HEIGHT = 420.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 84.0, 28.0, 36.0
_GREY = PAGE["quiet"]


def bland_altman_svg(table: pd.DataFrame, score: str) -> str:
    """A Bland-Altman plot as SVG, complete in itself; empty with fewer than 2 cases.

    Each point is a case: the first minus the second reading, over the mean of both. Only cases of one reader are drawn.

    Parameters
    ----------
    table : DataFrame
        From :func:`vbqkit.repeats.readings_table`.
    score : str
        Such as ``"VBQ-T1 (median)"``.
    """
    pairs = table[(table["score"] == score) & (table["reader1"] == table["reader2"])]
    if len(pairs) < 2:
        return ""
    found = reading_agreement(pairs).set_index("quantity")["estimate"]
    one, two = ([float(v) for v in pairs[name]] for name in ("reading1", "reading2"))
    means = [(a + b) / 2 for a, b in zip(one, two, strict=True)]
    differences = [a - b for a, b in zip(one, two, strict=True)]
    levels = {name: float(found[name]) for name in ("upper limit", "bias", "lower limit")}
    low, high = min(0.0, *differences, *levels.values()), max(0.0, *differences, *levels.values())
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin
    left, span = min(means), max(means) - min(means) or 1.0

    def x(mean: float) -> float:
        return _LEFT + 8.0 + (mean - left) / span * (_WIDTH - _LEFT - _RIGHT - 16.0)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)

    title = f"{score}: first minus second reading"
    parts: list[Line | Words] = [Words(x=4, y=15, text=title, colour=BLACK, bold=True)]
    parts.append(Line(points=_across(y(0.0)), colour=_GREY, width=0.8))
    parts.append(Words(x=_LEFT - 4, y=y(0.0) + 4, text="0", colour=_GREY, anchor="end"))
    for name, value in levels.items():
        parts.append(Line(points=_across(y(value)), colour=BLACK, width=1.0, dash=() if name == "bias" else (5.0, 3.0)))
        parts.append(Words(x=_WIDTH - _RIGHT + 4, y=y(value) + 4, text=f"{name} {value:.2g}", colour=BLACK))
    for mean, difference in zip(means, differences, strict=True):
        px, py = x(mean), y(difference)
        corners = np.array([(px - 3, py), (px, py - 3), (px + 3, py), (px, py + 3)])
        parts.append(Line(points=corners, colour=BLUE, width=1.8, closed=True))
    parts += [
        Words(x=x(value), y=_HEIGHT - 20, text=f"{value:.3g}", colour=BLACK, anchor="middle")
        for value in dict.fromkeys((min(means), max(means)))
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(Words(x=middle, y=_HEIGHT - 6, text="mean of both readings", colour=BLACK, anchor="middle"))
    about = f"{title}: {len(pairs)} cases; {', '.join(f'{name} {value:.3g}' for name, value in levels.items())}"
    drawn = "".join(part.svg() for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" font-family="sans-serif" font-size="11" '
        f'role="img" aria-label="{escape(about)}" style="background:{PAGE["paper"]};max-width:100%">{drawn}</svg>'
    )


def _across(y: float) -> np.ndarray:
    return np.array([(_LEFT, y), (_WIDTH - _RIGHT, y)])
