"""A forest plot: a score with its interval between published cut-offs and groups; one drawing for all files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from vbqkit.page.colours import BLACK, BLUE, VERMILION
from vbqkit.page.drawing import Line, Words
from vbqkit.report.case_values import ComparedCutoff, PublishedGroup, ReportedScore
from vbqkit.scores.result import Score

WIDTH = 400.0
_ROW, _LEFT, _RIGHT, _AXIS, _TITLE = 12.5, 204.0, 88.0, 26.0, 16.0
_LONGEST = 46  # letters of a row
GREY = "#666666"
MOST_CUTOFFS, MOST_GROUPS = 8, 4
"""Rows that a panel shows; it says how many more there are."""


LABEL_WIDTH = _LEFT - 6.0
"""Room for the words to the left of a panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Lines and words on white.

    Attributes
    ----------
    width, height : float
        Units: CSS pixels.
    about : str
        What it shows, in words.
    parts : tuple of Line or Words
        From the upper left corner.
    """

    width: float
    height: float
    about: str
    parts: tuple[Line | Words, ...]

    def svg(self) -> str:
        """As SVG, complete in itself."""
        drawn = "".join(part.svg() for part in self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:.1f}" font-family="sans-serif" font-size="9" '
            f'role="img" aria-label="{escape(self.about)}">{drawn}</svg>'
        )


def forests(scores: Sequence[ReportedScore]) -> tuple[Forest, ...]:
    """One forest for each score that has a value and a published cut-off; both aggregates share one."""
    together: dict[str, list[ReportedScore]] = {}
    for one in scores:
        if isinstance(one.result, Score) and one.cutoffs:
            together.setdefault(one.result.name, []).append(one)
    return tuple(_forest(name, found) for name, found in together.items())


def in_two_columns(drawn: Sequence[Forest]) -> tuple[tuple[Forest, ...], tuple[Forest, ...]]:
    """Forests in two columns of about the same height, the tallest first."""
    left: list[Forest] = []
    right: list[Forest] = []
    for one in sorted(drawn, key=lambda forest: -forest.height):
        column = left if sum(f.height for f in left) <= sum(f.height for f in right) else right
        column.append(one)
    return tuple(left), tuple(right)


def _forest(name: str, scores: Sequence[ReportedScore]) -> Forest:
    first = scores[0]
    cutoffs, groups = first.cutoffs[:MOST_CUTOFFS], first.groups[:MOST_GROUPS]
    low, high = _range(scores, cutoffs, groups)
    place = _Scale(low, high)
    unit = first.result.unit if isinstance(first.result, Score) else ""
    parts: list[Line | Words] = [Words(x=0, y=11, text=f"{name} ({unit})", colour=BLACK, bold=True)]
    parts.append(Words(x=WIDTH - 2, y=11, text="verdict", colour=GREY, anchor="end"))
    y = _TITLE
    for one in scores:
        parts += _own(one, place, y)
        y += _ROW
    top = _TITLE - 2
    for index, cutoff in enumerate(cutoffs):
        verdicts = dict.fromkeys(one.cutoffs[index].verdict for one in scores)
        parts += _cutoff(cutoff, " / ".join(verdicts), place, y)
        y += _ROW
    for group in groups:
        parts += _group(group, place, y)
        y += _ROW
    more = len(first.cutoffs) - len(cutoffs), len(first.groups) - len(groups)
    parts += _bands(scores, place, top, y)
    parts += _axis(place, y + 2)
    if any(more):
        text = ", ".join(f"{n} more {what}" for n, what in zip(more, ("cut-offs", "groups"), strict=True) if n)
        parts.append(Words(x=0, y=y + 13, text=text, colour=GREY))
    said = " ".join(one.verdicts for one in scores)
    return Forest(
        width=WIDTH, height=y + _AXIS, about=f"{name} of this case between published values. {said}", parts=tuple(parts)
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def __call__(self, value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (value - self.low) / (self.high - self.low)


def _range(
    scores: Sequence[ReportedScore], cutoffs: Sequence[ComparedCutoff], groups: Sequence[PublishedGroup]
) -> tuple[float, float]:
    values = [c.threshold for c in cutoffs]
    values += [g.mean + sign * (g.sd or 0.0) for g in groups for sign in (-1, 1)]
    for one in scores:
        values += [*(one.limits or ()), one.result.value]  # type: ignore[union-attr] # scores have one
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _row_words(text: str, said: str, y: float, colour: str = BLACK, *, bold: bool = False) -> Iterator[Words]:
    yield Words(
        x=0, y=y + 9, text=text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", colour=colour, bold=bold
    )
    yield Words(x=WIDTH - 2, y=y + 9, text=said, colour=colour, anchor="end", bold=bold)


def _own(one: ReportedScore, place: _Scale, y: float) -> Iterator[Line | Words]:
    score = one.result
    assert isinstance(score, Score)
    limits = one.limits
    kind = f", {score.aggregate}" if score.aggregate else ""
    said = f"{score.value:.3g}" + (f" ({limits[0]:.3g} to {limits[1]:.3g})" if limits else " (no interval)")
    yield from _row_words(f"this case{kind}", said, y, bold=True)
    middle = y + _ROW / 2
    if limits:
        yield Line(points=np.array([(place(v), middle) for v in limits]), colour=BLUE, width=2.2)
    yield _diamond(place(score.value), middle)


def _diamond(x: float, y: float, size: float = 3.6) -> Line:
    corners = np.array([(x - size, y), (x, y - size), (x + size, y), (x, y + size)])
    return Line(points=corners, colour=BLUE, width=2.0, closed=True)


def _cutoff(cutoff: ComparedCutoff, verdicts: str, place: _Scale, y: float) -> Iterator[Line | Words]:
    side = "≥" if cutoff.positive == "high" else "≤"
    text = f"{cutoff.source}: {side} {cutoff.threshold:g}, {cutoff.target}"
    yield from _row_words(text, verdicts, y)
    x, middle = place(cutoff.threshold), y + _ROW / 2
    yield Line(points=np.array([(x, middle - 4.5), (x, middle + 4.5)]), colour=VERMILION, width=2.0)
    tip = 7 if cutoff.positive == "high" else -7
    yield Line(points=np.array([(x, middle), (x + tip, middle)]), colour=VERMILION, width=1.2)


def _group(group: PublishedGroup, place: _Scale, y: float) -> Iterator[Line | Words]:
    spread = "" if group.sd is None else f" ± {group.sd:g}"
    yield from _row_words(f"{group.source}: {group.group}", f"{group.mean:g}{spread}", y, GREY)
    x, middle = place(group.mean), y + _ROW / 2
    if group.sd is not None:
        ends = np.array([(place(group.mean + sign * group.sd), middle) for sign in (-1, 1)])
        yield Line(points=ends, colour=GREY, width=1.2)
    yield Line(points=np.array([(x - 2, middle - 2), (x + 2, middle + 2)]), colour=GREY, width=1.6)
    yield Line(points=np.array([(x - 2, middle + 2), (x + 2, middle - 2)]), colour=GREY, width=1.6)


def _bands(scores: Sequence[ReportedScore], place: _Scale, top: float, bottom: float) -> Iterator[Line]:
    """Where the case lies, through all rows below."""
    for one in scores:
        assert isinstance(one.result, Score)
        for value in (*(one.limits or ()), one.result.value):
            dash = (1.5, 3.0) if value != one.result.value else (4.0, 3.0)
            x = place(value)
            yield Line(points=np.array([(x, top), (x, bottom)]), colour=BLUE, width=0.7, opacity=0.6, dash=dash)


def _axis(place: _Scale, y: float) -> Iterator[Line | Words]:
    yield Line(points=np.array([(_LEFT, y), (WIDTH - _RIGHT, y)]), colour=BLACK, width=0.8)
    step = _step((place.high - place.low) / 5)
    value = math.ceil(place.low / step) * step
    while value <= place.high:
        x = place(value)
        yield Line(points=np.array([(x, y), (x, y + 3)]), colour=BLACK, width=0.8)
        yield Words(x=x, y=y + 12, text=f"{round(value, 6):g}", colour=BLACK, anchor="middle")
        value += step


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
