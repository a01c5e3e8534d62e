"""A series of patients, one after the other: repeated readings and the final. Feedback comes at the end."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.exercises.against_proposal import compare_with_proposal
from vbqkit.exercises.cases import TeachingCase, truth_of
from vbqkit.exercises.close_up import close_up_html
from vbqkit.exercises.consequence import check_consequence
from vbqkit.exercises.own_spread import kept_own_spread
from vbqkit.exercises.placement import check_placements
from vbqkit.exercises.progress import state_dir
from vbqkit.exercises.readers import known_case, reading_row
from vbqkit.exercises.reading_file import ReadingFile
from vbqkit.exercises.report_card import CaseResult
from vbqkit.formats.rois import read_rois
from vbqkit.lessons.awake import Awake
from vbqkit.roi import Roi
from vbqkit.studio.studio import RoiStudio


@dataclass(frozen=True, slots=True)
class Station:
    """One patient of a series: the title for the student, the exercise in file names, and how the case is drawn."""

    title: str
    exercise: str
    kind: str
    seed: int
    repeat_of: str = ""
    day: int = 0


class PatientSeries(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Patients one after the other, each without ROIs to begin with; no feedback before the last.

    Parameters
    ----------
    stations : sequence of Station
        The patients.
    student : str
        Number or name.
    on_finish : callable, optional
        ``on_finish(series)`` is called after the last patient; what it returns is shown as HTML.
    blind : bool
        Whether signals and scores are hidden while reading.

    Attributes
    ----------
    placed : list of tuple of Roi
        ROIs of each patient that has been read.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        *,
        student: str = "1",
        on_finish: Callable[[PatientSeries], str] | None = None,
        blind: bool = False,
    ) -> None:
        self._blind = blind
        self.stations, self.student = tuple(stations), student
        self.placed: list[tuple[Roi, ...]] = []
        self.studio: RoiStudio | None = None
        self._on_finish = on_finish
        self._head, self._place, self._result = ipywidgets.HTML(), ipywidgets.VBox(), ipywidgets.HTML()
        self._next = ipywidgets.Button(description="Start", button_style="primary", tooltip="Open the next patient")
        self._next.on_click(lambda _: self.advance())
        super().__init__([self._head, self._place, self._next, self._result])
        self.add_class("vbq-series")
        self._say(
            f"{len(self.stations)} readings. Place L1 to L4, CSF and noise in each; leave out any level that must not be measured."
            f"{self._kept_before()}"
        )

    def _kept_before(self) -> str:
        """Take over the readings of another day but the last, which may not be finished; in words what that means."""
        kept = list(takewhile(bool, (_rois_of(self._file(station)) for station in self.stations)))
        if not kept:
            return ""
        self.placed += kept[:-1]
        self._next.description = "Go on"
        station = self.stations[len(self.placed)]
        return f" What you placed before is kept: press Go on for {station.title}, the last that you placed ROIs in."

    def still_html(self) -> str:
        """What the series is, and how to start it."""
        return f"{self._head.value}<p>Run the notebook and press {self._next.description}.</p>{self._result.value}"

    def advance(self) -> None:
        """Save the ROIs and open the next patient, or finish."""
        if self.studio is not None:
            if not self.studio.rois:
                self._say("There is no ROI yet. Place the ROIs of this patient first.")
                return
            self.placed.append(tuple(self.studio.rois))
            self.studio.close()
            self.studio = None
        number = len(self.placed)
        if number == len(self.stations):
            self._finish()
            return
        station = self.stations[number]
        self._next.disabled = True
        self._say(f"Scanning {station.title} ...")
        case = self.case(number)
        self.studio = RoiStudio(
            list(case.volumes.values()),
            height=500,
            case_file=self._file(station),
            propose=False,  # the placing is what is graded
            blind=self._blind,
        )
        self.studio.slices = [case.middle_slice(weighting).index for weighting in case.volumes]
        self._place.children = (self.studio,)
        last = number + 1 == len(self.stations)
        self._next.description = "Finish" if last else "Next patient"
        self._next.disabled = False
        self._say(f"{station.title} ({number + 1} of {len(self.stations)})")

    def case(self, number: int) -> TeachingCase:
        """The case of a station."""
        return known_case(self.stations[number].kind, self.stations[number].seed, self.stations[number].day)

    def rows(self) -> list[dict[str, Any]]:
        """One row a complete reading so far; see :func:`vbqkit.exercises.readers.reading_row`."""
        return self._readings()[0]

    def not_counted(self) -> list[str]:
        """Of the readings so far that have no row, why."""
        return self._readings()[1]

    def _readings(self) -> tuple[list[dict[str, Any]], list[str]]:
        rows, reasons = [], []
        for number, rois in enumerate(self.placed):
            exercise = self.stations[number].exercise
            try:
                rows.append(reading_row(rois, self.case(number), reader=self.student, exercise=exercise))
            except VbqkitError as error:
                reasons.append(str(error))
        return rows, reasons

    def results(self) -> list[CaseResult]:
        """Every patient read so far, judged against the truth."""
        return [self._judged(number, rois) for number, rois in enumerate(self.placed)]

    def _judged(self, number: int, rois: tuple[Roi, ...]) -> CaseResult:
        station, case = self.stations[number], self.case(number)
        try:
            consequence = check_consequence(
                rois,
                truth_of(case),
                volumes=case.volumes,
                score="VBQ-T1",
                aggregate="median",
                rng=np.random.default_rng(station.seed),
                own_spread=kept_own_spread(self.student),
            )
        except VbqkitError:
            consequence = None
        image = case.volumes["T1"]
        grades = check_placements(rois, truth_of(case), image=image)
        placed = {roi.label: roi for roi in reversed(rois)}
        return CaseResult(
            title=station.title,
            case=case.name,
            grades=grades,
            consequence=consequence,
            repeat_of=station.repeat_of,
            compared=compare_with_proposal(rois, case),
            pictures=tuple(
                close_up_html(g, placed[g.label], image)
                for g in grades
                if not g.passed and g.contaminated is not None and g.label in placed
            ),
        )

    def _finish(self) -> None:
        self._place.children = ()
        self._next.layout.display = "none"
        if self._on_finish is not None:
            self._say("All patients are read. Comparing them with the truth ...")
            self._result.value = self._on_finish(self)
        self._say("All patients are done.")

    def _file(self, station: Station) -> Path | None:
        try:
            folder = state_dir() / "rois"
            folder.mkdir(exist_ok=True)
            return folder / ReadingFile(self.student, station.exercise, station.kind, station.seed, station.day).name
        except (VbqkitError, OSError) as error:
            self._result.value = f"<p>The ROIs are not saved in a file: {html.escape(str(error))}</p>"
            return None

    def _say(self, text: str) -> None:
        self._head.value = (
            f"<div role='status' aria-live='polite' class='vbq-series-head'><b>{html.escape(text)}</b></div>"
        )


def _rois_of(path: Path | None) -> tuple[Roi, ...]:
    """What a file of another day holds; nothing where there is none, or where it cannot be read: the studio says so."""
    if path is None or not path.exists():
        return ()
    try:
        return read_rois(path).rois
    except VbqkitError:
        return ()
