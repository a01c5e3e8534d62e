"""The final: five unseen patients, one of them twice, and a report card."""

from __future__ import annotations

import html

import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.progress import record_attempt, state_dir
from vbqkit.exercises.report_card import report_card_html, save_report_card
from vbqkit.lessons.patient_series import PatientSeries, Station
from vbqkit.page.colours import PAGE

FINAL_KINDS = ("plain", "fracture", "haemangioma", "modic", "stenosis")


_APART = 3
"""At least two other patients are read before the one that comes twice comes again."""


def final_stations(student: str) -> tuple[Station, ...]:
    """One student's patients: one of each kind, and the plain one again on another day.

    The order is drawn from the student's number. Names and numbers say nothing of what is to be seen, nor of who comes
    twice.
    """
    seed = case_seed(student, "final")
    rng = np.random.default_rng(seed)
    places = len(FINAL_KINDS) + 1
    first = int(rng.integers(0, places - _APART))
    again = int(rng.integers(first + _APART, places))
    others = [kind for kind in FINAL_KINDS if kind != "plain"]
    rest = iter(rng.permutation(len(others)))
    stations = []
    for k in range(places):
        kind = "plain" if k in (first, again) else others[int(next(rest))]
        stations.append(
            Station(
                title=f"Patient {k + 1}",
                exercise=f"final{k + 1}",
                kind=kind,
                seed=seed + FINAL_KINDS.index(kind),
                day=int(k == again),
                repeat_of=f"Patient {first + 1}" if k == again else "",
            )
        )
    return tuple(stations)


def final_exam(student: str = "1") -> PatientSeries:
    """The final as a widget: at the end the report card is shown, and saved in the student's progress folder."""
    return PatientSeries(final_stations(student), student=student, on_finish=_finish, blind=True)


def _finish(series: PatientSeries) -> str:
    results = series.results()
    page = report_card_html(results, student=series.student)
    try:
        for result in results:
            record_attempt(
                "99",
                result.title,
                passed=result.passed,
                student=series.student,
                detail="; ".join(
                    f"{g.label}: {', '.join(f.code for f in g.faults)}" for g in result.grades if g.faults
                ),
                value=None if result.consequence is None else result.consequence.in_spreads,
            )
        saved = f"Saved as {save_report_card(page, state_dir() / f'report_card_{series.student}.html')}."
    except VbqkitError as error:
        saved = str(error)
    # The page has its own style: the frame keeps it apart from the notebook's.
    frame = f"<iframe title='Report card' style='width:100%;height:720px;border:1px solid {PAGE['rule']};background:{PAGE['paper']}' srcdoc='{html.escape(page, quote=True)}'></iframe>"
    return f"<p class='vbq-report-saved'>{html.escape(saved)}</p>{frame}"
