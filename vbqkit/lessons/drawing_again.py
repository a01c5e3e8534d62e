"""A reference group drawn again at each press, until one believes that five is few."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import ipywidgets
import numpy as np

from vbqkit.exercises.six_scanners import PromisedInterval, promised_intervals
from vbqkit.html_table import table_html
from vbqkit.lessons.awake import Awake
from vbqkit.page.colours import BLUE, VERMILION

_HEAD = (
    "women",
    "M-score, last draw",
    "its 95 % interval",
    "M-scores so far",
    "interval held the M-score against all (%)",
    "interval held the next group's (%)",
)
_SHOWN = 40
"""Groups in the picture: the last ones."""

_LEFT, _PANEL, _GAP, _HEIGHT, _TOP, _FOOT = 40, 196, 14, 240, 24, 26


class DrawnGroups(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Reference groups of several sizes, drawn anew by a button; see :func:`redraw_groups`.

    Attributes
    ----------
    draws : int
        How often groups were drawn.
    found : dict of int to list of PromisedInterval
        Size of a group to what its groups promised, in the order of the draws.
    """

    def __init__(self, young: Iterable[float], patient_snr: float, sizes: Iterable[int]) -> None:
        self._young, self._snr, self._sizes = tuple(young), float(patient_snr), tuple(sizes)
        self.found: dict[int, list[PromisedInterval]] = {n: [] for n in self._sizes}
        self._table, self._picture = ipywidgets.HTML(), ipywidgets.HTML()
        values = np.array([x for x in self._young if np.isfinite(x)])
        self._truth = float((self._snr - values.mean()) / values.std())
        buttons = []
        for text, times in (("Draw the groups again", 1), ("Draw 100 times", 100)):
            button = ipywidgets.Button(
                description=text,
                button_style="primary" if times == 1 else "",
                tooltip="Other women of the same scanner",
                layout={"width": "max-content"},
            )
            button.on_click(lambda _, times=times: self.draw(times))
            buttons.append(button)
        super().__init__([ipywidgets.HBox(buttons), self._picture, self._table])
        self.add_class("vbq-drawn-groups")
        self.draw()

    @property
    def draws(self) -> int:
        """How often groups were drawn."""
        return len(self.found[self._sizes[0]])

    @property
    def m_scores(self) -> dict[int, list[float]]:
        """Size of a group to the M-scores that it gave, in the order of the draws."""
        return {n: [one.m_score for one in found] for n, found in self.found.items()}

    def still_html(self) -> str:
        """The groups as drawn so far."""
        return f"{self._picture.value}{self._table.value}"

    def draw(self, times: int = 1) -> None:
        """Draw groups of each size, and show what becomes of the M-score and of the promise of its interval."""
        for n in self._sizes:
            rng = np.random.default_rng([self.draws, n, len(self._young)])
            self.found[n] += promised_intervals(self._young, self._snr, n=n, groups=times, rng=rng)
        rows = {f"{n}": _row(found) for n, found in self.found.items()}
        told = "once" if self.draws == 1 else f"{self.draws} times"
        self._picture.value = _intervals_svg(self.found, self._truth)
        self._table.value = (
            f"<div role='status' aria-live='polite'>{table_html(rows, head=_HEAD, digits=1)}Drawn {told}. "
            f"Against all {sum(np.isfinite(self._young))} women her M-score is {self._truth:.1f}.</div>"
        )


def _row(found: Sequence[PromisedInterval]) -> list[object]:
    last, m_scores = found[-1], [one.m_score for one in found]
    return [
        last.m_score,
        f"{last.low:.1f} to {last.high:.1f}",
        f"{min(m_scores):.1f} to {max(m_scores):.1f}",
        f"{100 * np.mean([one.holds_truth for one in found]):.0f}",
        f"{100 * np.mean([one.holds_next for one in found]):.0f}",
    ]


def _intervals_svg(found: dict[int, list[PromisedInterval]], truth: float) -> str:
    """The last groups of each size side by side: a dot and its interval for each, and a line at the truth."""
    shown = {n: groups[-_SHOWN:] for n, groups in found.items()}
    ends = np.array([v for groups in shown.values() for one in groups for v in (one.low, one.high, one.m_score)])
    low, high = min(0.0, float(np.percentile(ends, 1))), max(1.0, float(np.percentile(ends, 99)), truth)
    width = _LEFT + len(shown) * (_PANEL + _GAP)
    foot = _HEIGHT - _FOOT

    def py(value: float) -> float:
        return _TOP + (high - min(max(value, low), high)) / (high - low) * (foot - _TOP)

    parts, told = [], []
    for number, (n, groups) in enumerate(shown.items()):
        left = _LEFT + number * (_PANEL + _GAP)
        parts.append(
            f"<rect x='{left}' y='{_TOP}' width='{_PANEL}' height='{foot - _TOP}' fill='none' stroke='currentColor' stroke-opacity='.25'/>"
            f"<text x='{left + _PANEL / 2}' y='16' text-anchor='middle' style='font-weight:600'>{n} women</text>"
        )
        for k, one in enumerate(groups):
            x, colour = left + (k + 0.5) * _PANEL / _SHOWN, BLUE if one.holds_truth else VERMILION
            dash = "" if one.holds_truth else " stroke-dasharray='3 2'"
            parts.append(
                f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{py(one.low):.1f}' y2='{py(one.high):.1f}' stroke='{colour}' stroke-width='2'{dash}/>"
                f"<circle cx='{x:.1f}' cy='{py(one.m_score):.1f}' r='2.4' fill='{colour}'/>"
            )
        told.append(f"{n} women: {min(o.m_score for o in groups):.1f} to {max(o.m_score for o in groups):.1f}")
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50) if (high - low) / s <= 7)
    parts += [
        f"<text x='{_LEFT - 5}' y='{py(v) + 4:.1f}' text-anchor='end'>{v:g}</text>"
        for v in np.arange(np.ceil(low / step) * step, high + 1e-9, step) + 0.0
    ]
    parts.append(
        f"<line x1='{_LEFT}' x2='{width - _GAP}' y1='{py(truth):.1f}' y2='{py(truth):.1f}' stroke='currentColor' stroke-dasharray='6 3'/>"
        f"<text transform='translate(11 {(_TOP + foot) / 2:.0f}) rotate(-90)' text-anchor='middle'>her M-score (SDs)</text>"
        f"<text x='{_LEFT}' y='{_HEIGHT - 8}'>one line a group: its 95 % interval; dashed line across: against all women; "
        "dashed and vermilion: the interval misses it</text>"
    )
    alt = f"Intervals of her M-score, the last {len(groups)} groups of each size. M-scores with {'; '.join(told)}. Against all women: {truth:.1f}."
    return (
        f"<svg role='img' aria-label='{html.escape(alt, quote=True)}' viewBox='0 0 {width} {_HEIGHT}' width='{width}' height='{_HEIGHT}' "
        f"style='font:11px sans-serif;fill:currentColor;max-width:100%'>{''.join(parts)}</svg>"
    )


def redraw_groups(young: Iterable[float], patient_snr: float, *, sizes: Iterable[int] = (5, 12, 30)) -> DrawnGroups:
    """Reference groups of several sizes, drawn again at each press, with the M-score of one patient. Synthetic.

    Each group promises an interval; how many of them hold the M-score against all women, and that against the next
    group, is counted.

    Parameters
    ----------
    young : iterable of float
        SNR of young women on one machine.
    patient_snr : float
        SNR of the patient on the same machine.
    sizes : iterable of int
        How many women in each group.

    Returns
    -------
    DrawnGroups
        The last line of a cell.

    Examples
    --------
    >>> groups = redraw_groups([40.0, 50.0, 60.0, 45.0], 80.0)
    >>> groups.draw(99)
    >>> len(groups.m_scores[5])
    100
    """
    return DrawnGroups(young, patient_snr, sizes)
