"""The interval of every score in a studio, in pieces that are worked out while the hand rests.

A piece is one call of :func:`vbqkit.scores.case_uncertainty`: the scores of one series, or of two series that one score
needs together. It takes a second or less for ROIs of usual size, some seconds for one that covers a
quarter of a 1024 x 1024 image, and is given up on the way, because a hand has moved something.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from vbqkit.errors import ScoreError, VbqkitError
from vbqkit.language import said
from vbqkit.roi import Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scores.definition import ScoreChoices
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.propagation import case_uncertainty
from vbqkit.scores.registry import SCORES, score_definition, scored_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.stats.cutoff_verdict import Cutoff, as_cutoff
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.views import View

N_DRAWS = 400  # a limit of the interval is then known to about 7 % of the interval's half width

_BETWEEN_TURNS_S = 0.02  # for what the browser has sent meanwhile

Found = dict[str, Uncertainty]


class Piece(Protocol):
    """Works out some intervals; `checkpoint` is called many times a second, and what it raises ends the work."""

    def __call__(self, checkpoint: Callable[[], None] = ...) -> Found:  # noqa: D102 - the class says it
        ...


@dataclass(frozen=True, kw_only=True)
class IntervalOptions:
    """What an interval assumes, and what it is compared with.

    Attributes
    ----------
    jitter : Jitter
        How far placements are thought to vary.
    within : mapping of str to Roi
        Label to the outline (marrow, dural sac) that a moved ROI must stay in.
    cutoffs : mapping of str to Cutoff
        Score to a cut-off and the side of it that means disease.
    """

    jitter: Jitter
    within: Mapping[str, Roi] = field(default_factory=dict)
    cutoffs: Mapping[str, Cutoff] = field(default_factory=dict)

    @classmethod
    def of(cls, jitter: Jitter, within: Mapping[str, Roi], cutoffs: Mapping[str, Any]) -> IntervalOptions:
        """Options with cut-offs as a user writes them: (2.9, 'high'), or a row of published ones.

        Raises
        ------
        ScoreError
            If a cut-off is not understood.
        """
        understood: dict[str, Cutoff] = {}
        for name, cutoff in cutoffs.items():
            try:
                understood[score_definition(name).name] = as_cutoff(cutoff)
            except ScoreError as error:
                raise ScoreError(
                    f"The cut-off of {name!r} is not understood: {error} Write it as 'VBQ-T1': (2.9, 'high'); the scores are "
                    f"{', '.join(SCORES)}."
                ) from None
        return cls(jitter=jitter, within=dict(within), cutoffs=understood)


def pieces(
    views: Sequence[View],
    drawn: Sequence[DrawnRoi],
    scores: Mapping[str, Score | Refusal],
    choices: ScoreChoices,
    assumed: IntervalOptions,
) -> list[Piece]:
    """What has to be worked out for the intervals of the scores that are given; each piece by itself."""
    shown: dict[str, View] = {view.volume.acquisition.weighting: view for view in reversed(views)}
    given = [score for score in scores.values() if isinstance(score, Score)]
    found = []
    for group in _groups({SCORES[score.name].weightings for score in given}, drawn, shown):
        within_group = [score for score in given if set(SCORES[score.name].weightings) <= set(group)]
        found.append(_piece([shown[w] for w in group], drawn, within_group, choices, assumed))
    return found


def _groups(
    wanted: set[tuple[str, ...]], drawn: Sequence[DrawnRoi], shown: Mapping[str, View]
) -> list[tuple[str, ...]]:
    """Series to work on together: those that one score needs, if no ROI was moved on one alone; others singly."""
    together = [
        group for group in wanted if len(group) > 1 and _unshifted(drawn, [shown[weighting] for weighting in group])
    ]
    alone = [group for group in wanted if len(group) == 1 and not any({*group} <= {*more} for more in together)]
    order = scored_weightings()
    return sorted([*together, *alone], key=lambda group: [order.index(weighting) for weighting in group])


def _unshifted(drawn: Sequence[DrawnRoi], views: Sequence[View]) -> bool:
    """Whether every ROI lies at the same place in the patient on all these series."""
    return all(len({tuple(one.shifts.get(view.key, (0.0, 0.0, 0.0))) for view in views}) == 1 for one in drawn)


def _piece(
    views: Sequence[View],
    drawn: Sequence[DrawnRoi],
    scores: Sequence[Score],
    choices: ScoreChoices,
    assumed: IntervalOptions,
) -> Piece:
    needed = {NOISE}.union(*(score.regions for score in scores))  # the noise ROI says how many pixels are independent
    rois: dict[str, Roi] = {}
    for one in drawn:
        if one.frame == views[0].frame and one.roi.label in needed:
            rois.setdefault(one.roi.label, one.on(views[0].key))  # of two with one label the first counts

    def work(checkpoint: Callable[[], None] = lambda: None) -> Found:
        found = case_uncertainty(
            {view.volume.acquisition.weighting: view.volume for view in views},
            rois.values(),
            aggregate="both",
            jitter=assumed.jitter,
            within=assumed.within,
            rng=np.random.default_rng(0),  # the same ROIs give the same interval
            n_draws=N_DRAWS,
            checkpoint=checkpoint,
            **choices,
        )
        return {one.score.key: one for one in found}

    return work


def after(
    seconds: float, act: Callable[[], None], *, instead_of: asyncio.TimerHandle | None
) -> asyncio.TimerHandle | None:
    """Act after this time, and not as it was to be done before; None, and nothing is done, where no event loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    if instead_of is not None:
        instead_of.cancel()
    return loop.call_later(seconds, act)


def threads_can_start() -> bool:
    """Whether this Python has threads; in a browser (Pyodide) it has none."""
    try:
        threading.Thread(target=lambda: None).start()
    except RuntimeError:
        return False
    return True


def loop_beside_threads() -> asyncio.AbstractEventLoop | None:
    """The event loop that runs here; None without one, or where no thread can work beside it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if threads_can_start() else None


class Background:
    """Pieces worked out one after another in a thread; results go to the event loop, unless given up before.

    Where no thread can start, each piece is a turn of the event loop: what the user does meanwhile comes in between.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()

    def begin(self, work: Sequence[Piece], told: Callable[[Found, bool], None]) -> None:
        """Give up the current work and do this: ``told(found, last)`` after each piece; call from the event loop."""
        self.give_up()
        loop, stop = asyncio.get_running_loop(), threading.Event()
        self._stop = stop

        def tell(found: Found, last: bool) -> None:
            if not stop.is_set():
                told(found, last)

        def checkpoint() -> None:
            if stop.is_set():
                raise CancelledError

        def work_out(piece: Piece) -> Found:
            checkpoint()
            try:
                return piece(checkpoint)
            except VbqkitError:  # a score without an interval: it is shown without
                return {}

        def run() -> None:
            with suppress(CancelledError):
                for number, piece in enumerate(work, start=1):
                    loop.call_soon_threadsafe(tell, work_out(piece), number == len(work))

        def take_turn(number: int) -> None:
            if stop.is_set() or number == len(work):
                return
            tell(work_out(work[number]), number + 1 == len(work))
            loop.call_later(_BETWEEN_TURNS_S, take_turn, number + 1)

        if threads_can_start():
            loop.run_in_executor(None, run)
        else:
            loop.call_later(_BETWEEN_TURNS_S, take_turn, 0)

    def give_up(self) -> None:
        """Nothing more is told, no further piece is begun, and the one that is being worked out ends soon."""
        self._stop.set()


def interval_lines(found: Uncertainty, options: IntervalOptions) -> list[str]:
    """What an interval is made of, in words: for the reader who opens the score."""
    if not (math.isfinite(found.ci_low) and math.isfinite(found.ci_high)):
        return [f"No interval: {found.missing or 'too many draws have no score'}."]
    shares = ", ".join(f"{s.name} {100 * s.share:.0f} %" for s in found.components if not math.isnan(s.share))
    lines = [
        f"{100 * found.confidence:g} % interval {found.ci_low:.4g} to {found.ci_high:.4g}: {found.method}",
        f"Of its variance: {shares}",
        f"Placement, assumed: {options.jitter}",
        *map(str, found.cautions),
    ]
    if found.score.name in options.cutoffs:
        cutoff = options.cutoffs[found.score.name]
        lines.insert(
            0,
            f"Against {cutoff.threshold:g} (disease {'above' if cutoff.positive == 'high' else 'below'}): {found.verdict(cutoff)}",
        )
    return lines


def report_line(name: str, score: Score, found: Uncertainty | None, options: IntervalOptions) -> str:
    """A score in one line of a report: with its interval and the shares, and the verdict of a given cut-off."""
    if found is None:
        return str(score).replace(score.name, name, 1)
    line = f"{str(found).replace(score.name, name, 1)}; {score.direction}"
    if score.name in options.cutoffs:
        cutoff = options.cutoffs[score.name]
        line += f"; against {cutoff.threshold:g}: {found.verdict(cutoff)}"
    return line


def interval_row(found: Uncertainty | None, options: IntervalOptions) -> dict[str, object]:
    """An interval for the browser: its limits, the verdict of a cut-off that was given, and what it is made of."""
    if found is None:
        return {}
    known = math.isfinite(found.ci_low) and math.isfinite(found.ci_high)
    cutoff = options.cutoffs.get(found.score.name)
    return {
        "interval": [found.ci_low, found.ci_high] if known else None,
        "verdict": None if cutoff is None else said(found.verdict(cutoff)),
        "shares": [said(line) for line in interval_lines(found, options)],
    }
