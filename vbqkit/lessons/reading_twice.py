"""Lesson 70: five patients read twice, and the reader's own spread from them, which is saved."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from vbqkit.errors import VbqkitError
from vbqkit.exercises.own_spread import SCORE, OwnSpread, keep_own_spread, own_spread_of
from vbqkit.exercises.readers import READER_CASES
from vbqkit.exercises.stations import Station
from vbqkit.image import Volume
from vbqkit.lessons.patient_series import PatientSeries
from vbqkit.roi import Roi
from vbqkit.scores.case import score_value

_AGAIN = (2, 0, 4, 1, 3)
"""Order of the second reading: no patient comes again where it came first, nor right after itself."""


def read_twice(student: str | None = None) -> PatientSeries:
    """The five patients of lesson 70, each of them twice; at the end the reader's own spread is shown and saved.

    Parameters
    ----------
    student : str, optional
        Number or name; by default the one that is kept, see :func:`vbqkit.exercises.student_number`.
    """
    patients = [(f"Patient {'ABCDE'[k]}", kind, seed) for k, (kind, seed) in enumerate(READER_CASES)]
    first = [Station(f"{name}, reading 1", "reading1", kind, seed) for name, kind, seed in patients]
    again = [
        Station(f"{name}, reading 2", "reading2", kind, seed, repeat_of=f"{name}, reading 1")
        for name, kind, seed in (patients[k] for k in _AGAIN)
    ]
    return PatientSeries([*first, *again], student=student, on_finish=_finish, blind=True)


def own_spread_of_series(series: PatientSeries) -> OwnSpread:
    """The reader's own spread of VBQ-T1 (median) from the patients of a series that come twice.

    Raises
    ------
    VbqkitError
        If fewer than 3 patients have a score in both readings.
    """
    values = {
        station.title: _value(rois, series.case(number).volumes)
        for number, (station, rois) in enumerate(zip(series.stations, series.placed, strict=False))
    }
    pairs = [(values.get(s.repeat_of), values.get(s.title)) for s in series.stations if s.repeat_of]
    return own_spread_of([(a, b) for a, b in pairs if a is not None and b is not None])


def _value(rois: Iterable[Roi], volumes: Mapping[str, Volume]) -> float | None:
    try:
        return score_value(volumes, rois, SCORE, aggregate="median")
    except VbqkitError:
        return None


def _finish(series: PatientSeries) -> str:
    try:
        spread = own_spread_of_series(series)
        keep_own_spread(spread, student=series.student)
    except VbqkitError as error:
        return f"<p role='status' class='vbq-own-spread'>{html.escape(str(error))}</p>"
    return (
        f"<p role='status' class='vbq-own-spread' data-value='{spread.relative_sd!r}'><b>Your own spread is {html.escape(str(spread))}.</b> "
        "The exercises show it beside your results. Run the cells below again.</p>"
    )
