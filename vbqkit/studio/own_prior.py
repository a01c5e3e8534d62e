"""The part of the page that compares a case with an earlier study of the same patient."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.errors import FormatError, ScoreError, VbqkitError
from vbqkit.formats import read_rois, read_study
from vbqkit.html_table import table_html
from vbqkit.image import Volume
from vbqkit.page.message import alert_html as alert
from vbqkit.privacy import check_privacy, may_show
from vbqkit.privacy.showing import Place
from vbqkit.repeats.agreement import readings_table
from vbqkit.repeats.change import LeastChange, ScoreChange, compare_scores, own_least_change
from vbqkit.repeats.person import check_same_person
from vbqkit.repeats.readings import read_readings
from vbqkit.roi import Roi
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.result import Score
from vbqkit.studio.own_widgets import WIDE, button, words
from vbqkit.study import Series, Study

_DAYS_A_YEAR = 365.25
_SHORTEST_NAME = 3  # of a folder; a shorter one is part of any word


class PriorPanel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Asks for an earlier study and its ROIs; shows each score's difference and what it is worth.

    Parameters
    ----------
    folder : Path
        Of the cases.
    volumes : mapping of str to Volume
        The series now.
    series : callable
        The T1 series, or another, of the study now.
    rois : callable
        The ROIs now.
    options : callable
        What the scores are computed with.
    place : Place
        Where the program runs.
    coil : str
        The coil, where headers are silent.
    """

    def __init__(
        self,
        *,
        folder: Path,
        volumes: Mapping[str, Volume],
        series: Series,
        rois: Callable[[], tuple[Roi, ...]],
        options: Callable[[], Mapping[str, Any]],
        place: Place,
        coil: str = "",
    ) -> None:
        self._folder, self._volumes, self._series = folder, volumes, series
        self._rois, self._options, self._place, self._coil = rois, options, place, coil
        self._lines: tuple[str, ...] = ()
        self._named = ["", ""]  # the study and its ROIs, when they were named last
        self._path = ipywidgets.Text(description="Study", placeholder="folder or ZIP of the earlier study", layout=WIDE)
        self._earlier = ipywidgets.Text(
            description="Its ROIs", placeholder="code of the earlier case in this folder, or a ROI file", layout=WIDE
        )
        self._why = ipywidgets.Text(
            description="Same", placeholder="how you know that it is one person", layout=WIDE | {"display": "none"}
        )
        self._lsc = ipywidgets.Text(description="LSC", placeholder="of VBQ-T1 (median), if published: 0.25")
        self._source = ipywidgets.Text(description="Its source", placeholder="author, year, doi", layout=WIDE)
        self._told = ipywidgets.HTML()
        super().__init__(
            [
                ipywidgets.HTML(
                    words(
                        "Whether a difference is a change depends on the least significant change (ISCD): from your own cases read twice in this folder, or, for "
                        "VBQ-T1 (median), a published one with its source. Scans of another scanner or protocol are not comparable."
                    )
                ),
                *(self._path, self._earlier, self._why, self._lsc, self._source),
                button("Compare", self.compare, "Score the earlier study with its ROIs, and compare"),
                self._told,
            ]
        )

    def lines(self) -> tuple[str, ...]:
        """For the report; empty if nothing was compared."""
        return self._lines

    def compare(self) -> None:
        """Score both and show the difference."""
        self._told.value, self._lines = "", ()
        fields = (self._path, self._earlier)
        paths = self._named = [box.value.strip() or known for box, known in zip(fields, self._named, strict=True)]
        for box in fields:  # a folder may be called after its patient: it does not stay on the page
            box.value, box.placeholder = "", "as before"
        try:
            lines, changes = self._changes(*paths)
        except VbqkitError as error:
            self._told.value = alert(_without(str(error), paths))
            return
        self._lines = (*lines, *(one.text for one in changes))
        rows = {one.score: [one.now, one.before, one.difference, one.verdict] for one in changes}
        table = table_html(rows, head=("score", "now", "before", "difference", "judgement"), digits=3)
        self._told.value = words(*lines) + table + words(*(one.text for one in changes))

    def _changes(self, path: str, earlier: str) -> tuple[tuple[str, ...], tuple[ScoreChange, ...]]:
        if not path or not earlier:
            raise FormatError("Name the earlier study and its ROIs.")
        if not may_show(check_privacy(path, pixels=False), self._place, acknowledged=True).allowed:
            raise FormatError(
                "The earlier study identifies a patient, and this program does not run on your own computer. Run it there."
            )
        study = read_study(path)
        file = self._folder / f"{earlier}.vbqkit.json"
        drawn = read_rois(file if file.is_file() else earlier)
        volumes = _same_weightings(study, self._volumes)
        first = next(iter(volumes))
        before = study.find(first)
        uid = before.acquisition.study_uid
        if uid is not None and uid == self._series.acquisition.study_uid:
            raise FormatError("The earlier study is this very study, by its StudyInstanceUID. Name another one.")
        person = self._person(before)
        now = score_case(self._volumes, self._rois(), aggregate="both", **self._options())
        then = score_case(volumes, drawn, aggregate="both", **self._options())
        changes = compare_scores(
            now, then, volumes_now=self._volumes, volumes_before=volumes, least=self._least(now), coil=self._coil
        )
        if not changes:
            why = "; ".join(
                dict.fromkeys(str(one) for one in (*now.results, *then.results) if not isinstance(one, Score))
            )
            raise ScoreError(f"No score is given for both studies. {why}")
        return (person, *_apart(self._series, before)), changes

    def _person(self, before: Series) -> str:
        check = check_same_person(self._series, before)
        if check.verdict == "same":
            return check.text
        self._why.layout.display = ""
        why = self._why.value.strip()
        if not why:
            raise FormatError(
                f"{check.text} Say in the field 'Same' how you know that it is one person, and press the button again."
            )
        return f"{check.text} Stated by the reader: it is one person."

    def _least(self, now: CaseScores) -> dict[str, LeastChange]:
        table = readings_table(read_readings(self._folder))
        found = {}
        for one in now.results:
            try:
                found[one.key] = own_least_change(table, one.key)
            except ScoreError:
                continue
        if text := self._lsc.value.strip():
            try:
                value = float(text.replace(",", "."))
            except ValueError:
                raise ScoreError(
                    f"The least significant change {text!r} is not a number. Write it like 0.25."
                ) from None
            found["VBQ-T1 (median)"] = LeastChange(value=value, source=self._source.value.strip())
        return found


def _without(text: str, paths: list[str]) -> str:
    """A message without the names of folders and files that were typed."""
    parts = {part for path in paths if path for part in (path, *Path(path).parts) if len(part) >= _SHORTEST_NAME}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "[earlier study]")
    return text


def _same_weightings(study: Study, now: Mapping[str, Volume]) -> dict[str, Volume]:
    """The series of the earlier study that have the weightings of this one."""
    there: set[str] = {s.acquisition.weighting for s in study if s.scorable and s.plane == "sagittal"}
    found: dict[str, Volume] = {w: study.find(w).volume() for w in now if w in there}
    if not found:
        raise FormatError(f"The earlier study has no sagittal {' or '.join(now)} series that can be scored.")
    return found


def _apart(now: Series, before: Series) -> tuple[str, ...]:
    """How long the studies lie apart, without their dates."""
    try:
        days = (dt.date.fromisoformat(now.study_date or "") - dt.date.fromisoformat(before.study_date or "")).days
    except ValueError:
        return ("The headers do not state both dates: see yourself that the earlier study is the earlier one.",)
    if days < 0:
        return (
            "By their dates, the study called earlier is the later one. Exchange them before you read a direction into the difference.",
        )
    return (f"{days / _DAYS_A_YEAR:.1f} years lie between the studies.",)
