"""A forest plot: a score with its interval between published cut-offs and groups; one drawing for all files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from vbqkit.page.colours import BLACK, BLUE, PAGE, VERMILION
from vbqkit.page.drawing import Line, Words
from vbqkit.report.case_values import ComparedCutoff, PublishedGroup, ReportedScore
from vbqkit.scores.result import Score

WIDTH, SIZE = 268.0, 7.0
"""Of a panel and of its letters, points: printed on half a page, both are as large as this says."""

_ROW, _LEFT, _RIGHT, _AXIS, _TITLE = 8.1, 148.0, 66.0, 13.0, 9.0
_LONGEST = 40  # letters of a row
GREY = PAGE["quiet"]
MOST_CUTOFFS, MOST_GROUPS = 6, 2
"""Rows that a panel shows; it says how many more there are."""


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
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:.1f}" font-size="{SIZE}" '
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
    parts: list[Line | Words] = [Words(x=0, y=7, text=f"{name} ({unit})", colour=BLACK, bold=True)]
    parts.append(Words(x=WIDTH - 1, y=7, text="verdict", colour=GREY, anchor="end"))
    y = _TITLE
    for one in scores:
        parts += _own(one, place, y)
        y += _ROW
    top = _TITLE
    for index, cutoff in enumerate(cutoffs):
        verdicts = dict.fromkeys(one.cutoffs[index].verdict for one in scores)
        parts += _cutoff(cutoff, _both(verdicts), place, y)
        y += _ROW
    for group in groups:
        parts += _group(group, place, y)
        y += _ROW
    more = len(first.cutoffs) - len(cutoffs), len(first.groups) - len(groups)
    parts += _bands(scores, place, top, y)
    parts += _axis(place, y + 1)
    if any(more):
        text = ", ".join(f"{n} more {what}" for n, what in zip(more, ("cut-offs", "groups"), strict=True) if n)
        parts.append(Words(x=0, y=y + 8, text=text, colour=GREY))
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
        x=0, y=y + 6.4, text=text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…", colour=colour, bold=bold
    )
    yield Words(x=WIDTH - 1, y=y + 6.4, text=said, colour=colour, anchor="end", bold=bold)


def _own(one: ReportedScore, place: _Scale, y: float) -> Iterator[Line | Words]:
    score = one.result
    assert isinstance(score, Score)
    limits = one.limits
    kind = f", {score.aggregate}" if score.aggregate else ""
    said = f"{score.value:.4g}" + ("" if limits else ", no interval")
    yield from _row_words(f"this case{kind}", said, y, bold=True)
    middle = y + _ROW / 2
    if limits:
        yield Line(points=np.array([(place(v), middle) for v in limits]), colour=BLUE, width=1.5)
    yield _diamond(place(score.value), middle)


def _diamond(x: float, y: float, size: float = 2.4) -> Line:
    corners = np.array([(x - size, y), (x, y - size), (x + size, y), (x, y + size)])
    return Line(points=corners, colour=BLUE, width=1.3, closed=True)


def _cutoff(cutoff: ComparedCutoff, verdicts: str, place: _Scale, y: float) -> Iterator[Line | Words]:
    side = "≥" if cutoff.positive == "high" else "≤"
    text = f"{cutoff.source}: {side} {cutoff.threshold:g}, {cutoff.target}"
    yield from _row_words(text, verdicts, y)
    x, middle = place(cutoff.threshold), y + _ROW / 2
    yield Line(points=np.array([(x, middle - 3), (x, middle + 3)]), colour=VERMILION, width=1.3)
    tip = 4.6 if cutoff.positive == "high" else -4.6
    yield Line(points=np.array([(x, middle), (x + tip, middle)]), colour=VERMILION, width=0.8)


def _group(group: PublishedGroup, place: _Scale, y: float) -> Iterator[Line | Words]:
    spread = "" if group.sd is None else f" ± {group.sd:g}"
    yield from _row_words(f"{group.source}: {group.group}", f"{group.mean:g}{spread}", y, GREY)
    x, middle = place(group.mean), y + _ROW / 2
    if group.sd is not None:
        ends = np.array([(place(group.mean + sign * group.sd), middle) for sign in (-1, 1)])
        yield Line(points=ends, colour=GREY, width=0.8)
    yield Line(points=np.array([(x - 1.4, middle - 1.4), (x + 1.4, middle + 1.4)]), colour=GREY, width=1.0)
    yield Line(points=np.array([(x - 1.4, middle + 1.4), (x + 1.4, middle - 1.4)]), colour=GREY, width=1.0)


def _bands(scores: Sequence[ReportedScore], place: _Scale, top: float, bottom: float) -> Iterator[Line]:
    """Where the case lies, through all rows below."""
    for one in scores:
        assert isinstance(one.result, Score)
        for value in (*(one.limits or ()), one.result.value):
            dash = (1.0, 2.0) if value != one.result.value else (2.6, 2.0)
            x = place(value)
            yield Line(points=np.array([(x, top), (x, bottom)]), colour=BLUE, width=0.5, opacity=0.6, dash=dash)


_SHORT = {"positive": "pos.", "negative": "neg.", "indeterminate": "indeterm."}


def _both(verdicts: Iterable[str]) -> str:
    """One verdict whole; those of two aggregates that differ, shortened."""
    said = list(verdicts)
    return said[0] if len(said) == 1 else " / ".join(_SHORT[verdict] for verdict in said)


def _axis(place: _Scale, y: float) -> Iterator[Line | Words]:
    yield Line(points=np.array([(_LEFT, y), (WIDTH - _RIGHT, y)]), colour=BLACK, width=0.5)
    step = _step((place.high - place.low) / 3)
    value = math.ceil(place.low / step) * step
    while value <= place.high:
        x = place(value)
        yield Line(points=np.array([(x, y), (x, y + 2)]), colour=BLACK, width=0.5)
        yield Words(x=x, y=y + 8.6, text=f"{round(value, 6):g}", colour=BLACK, anchor="middle")
        value += step


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
