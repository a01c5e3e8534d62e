"""ROIs with what they measure: numbers at once, checks and scores when the hand rests, intervals after that.

Whatever Python knows is published to the browser when it becomes known, by whichever way: no reading of a property
leaves the page behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import traitlets

from vbqkit.language import said
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.roi.origin import origin_cautions
from vbqkit.scores.definition import ScoreChoices
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.studio.casefile import Drawn
from vbqkit.studio.intervals import Background, Found, IntervalOptions, Piece, after, interval_row, pieces
from vbqkit.studio.readout import (
    NoiseWatch,
    PlaceWatch,
    Results,
    by_label,
    measure_all,
    measurement_row,
    score_row,
    scores_of,
    why_no_score,
)
from vbqkit.studio.shared_rois import SharedRois
from vbqkit.studio.views import View

_SETTLE_S = 0.15  # the slow checks wait until the hand rests this long
_REST_S = 0.5  # and the saved picture and the intervals so much longer


class MeasuredRois(SharedRois):
    """Base of the studio: measures the ROIs on every view, computes the scores, and tells the browser.

    A child saves its still picture in ``_save_picture``.
    """

    _measured = traitlets.Dict().tag(sync=True)

    def __init__(self, views: Sequence[View], choices: ScoreChoices, options: IntervalOptions) -> None:
        self._opened = tuple(views)
        self._choices = choices
        self._interval_options = options
        self._intervals: Found = {}
        self._background = Background()
        self._busy = False  # a hand is dragging or scrolling
        self._results: list[Results] = [[] for _ in self._opened]
        self._measured_rois: Drawn = ()  # what they are of
        self._measured_views: tuple[View, ...] | None = None
        self._noise = NoiseWatch()
        self._places = PlaceWatch()
        self._waiting: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._due = True  # the saved picture, and intervals if any
        super().__init__()

    def _save_picture(self) -> None:
        raise NotImplementedError

    # -- what a user reads ----------------------------------------------------------------------------------------

    def rois_on(self, view: int) -> tuple[Roi, ...]:
        """The ROIs as they lie on one view, each with that series' shift."""
        return tuple(drawn.on(self._opened[view].key) for drawn in self._drawn)

    @property
    def measurements(self) -> dict[str, Measurement]:
        """Measurements on the first view by label; a second ROI of the same label is ``"L3 (2)"``."""
        return self.measurements_on(0)

    def measurements_on(self, view: int) -> dict[str, Measurement]:
        """Measurements on one view by label; ROIs that do not lie on it are left out."""
        return by_label(self._results[view]) if self._opened else {}

    @property
    def scores(self) -> dict[str, Score | Refusal]:
        """Every score by name, with its parts, options, direction, source and cautions; or why it is not given."""
        self._check()
        return self._scores()

    @property
    def intervals(self) -> dict[str, Uncertainty]:
        """The interval of each score that is given, and what it is made of; worked out now, if it is not known yet."""
        found: Found = {}
        for piece in self._interval_pieces():
            found |= piece()
        if found:
            self._intervals |= found
            self._publish()
        return dict(self._intervals)

    # -- measuring, telling ---------------------------------------------------------------------------------------

    def _measure(self) -> None:
        if (self._drawn, self._opened) == (self._measured_rois, self._measured_views):
            self._publish()  # annotations or names of levels: no number changes
            return
        self._background.give_up()
        self._intervals, self._busy = {}, False
        known = [dict(zip(self._measured_rois, results, strict=True)) for results in self._results]
        self._results = [measure_all(view, self._drawn, k) for view, k in zip(self._opened, known, strict=True)]
        self._measured_rois, self._measured_views = self._drawn, self._opened
        self._places.current = False
        self._publish()
        self._later()

    def _start_again(self) -> None:
        """Something else is known of the images: nothing that was found out before holds."""
        self._noise, self._places = NoiseWatch(), PlaceWatch()
        if self._state:
            self._measure()

    def _scores(self) -> dict[str, Score | Refusal]:
        """The scores after the checks that are done; :meth:`_check` does them."""
        tables = [by_label(results) for results in self._results]
        found = self._places.by_weighting(self._opened)
        return scores_of(
            self._opened,
            tables,
            noise=self._noise.checks,
            found=found,
            choices=self._choices,
            of_files=(*self._of_files, *origin_cautions((one.roi, one.place) for one in self._drawn)),
        )

    def _as_told(self) -> dict[str, Any]:
        """All that Python knows of the ROIs, for the browser."""
        rows = [
            [measurement_row(one, result) for one, result in zip(self._drawn, results, strict=True)]
            for results in self._results
        ]
        found = self._places.by_weighting(self._opened)
        scores = [
            score_row(name, result, noise=self._noise.checks, found=found)
            | interval_row(self._intervals.get(name), self._interval_options)
            for name, result in self._scores().items()
        ]
        return {
            "revision": self._state["revision"],
            "views": rows,
            "scores": scores,
            "places": self._places.rows(),
            "why_none": "" if scores else said(why_no_score([view.volume.acquisition for view in self._opened])),
        }

    def _publish(self) -> None:
        self.set_trait("_measured", self._as_told())

    def _check(self) -> None:
        """Do the slow checks if anything they depend on is new, and tell what they changed."""
        noise = self._noise.look(self._opened, self._drawn, self._results)
        places = self._places.look(self._opened, self._drawn, self._results)
        if noise or places:
            self._publish()

    def _later(self) -> None:
        """The slow checks, and then the rest, when the hand rests; at once where no event loop runs."""
        self._due = True
        self._waiting = after(_SETTLE_S, self._settle, instead_of=self._waiting)
        if self._waiting is None:
            self._settle()

    def _settle(self) -> None:
        self._waiting = None
        self._check()
        self._rest_later()

    def _interval_pieces(self) -> list[Piece]:
        """What is still to be worked out."""
        scores = self.scores
        missing = {name: score for name, score in scores.items() if name not in self._intervals}
        return pieces(self._opened, self._drawn, missing, self._choices, self._interval_options)

    def _rest_later(self) -> None:
        """The saved picture and the intervals, if nothing is touched for a while: they would hold up the next answer.

        Without an event loop the picture at once, and no intervals: nobody looks at a screen.
        """
        self._resting = after(_REST_S, self._rest, instead_of=self._resting)
        if self._resting is None:
            self._save_picture()

    def _rest(self) -> None:
        """Not while a hand drags or scrolls, which then has the machine to itself; letting go begins the wait again."""
        if self._busy or not self._due:
            return
        work = self._interval_pieces()
        self._save_picture()
        self._due = bool(work)
        self._background.begin(work, self._tell_intervals)

    def _tell_intervals(self, found: Found, last: bool) -> None:
        self._intervals |= found
        self._publish()
        if last:
            self._due = False
            self._save_picture()

    def _hand(self, busy: bool) -> None:
        """A hand drags or scrolls, or rests again."""
        self._busy = busy
        if busy:
            self._background.give_up()
        else:
            self._rest_later()


def levels_for(choices: ScoreChoices) -> list[str]:
    """The scored levels that are not excluded."""
    return [level for level in SCORED_LEVELS if level not in choices.get("excluded", {})]
