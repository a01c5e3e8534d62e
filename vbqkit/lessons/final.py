"""The final: five unseen patients, one of them twice, and a report card."""

from __future__ import annotations

import html

import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.progress import record_attempt, state_dir
from vbqkit.exercises.report_card import report_card_html, save_report_card
from vbqkit.lessons.patient_series import PatientSeries, Station

FINAL_KINDS = ("plain", "fracture", "haemangioma", "modic", "stenosis")


def final_stations(student: str) -> tuple[Station, ...]:
    """One student's patients: one of each kind, in an order drawn from the number, then the plain one again."""
    seed = case_seed(student, "final")
    order = np.random.default_rng(seed).permutation(len(FINAL_KINDS))
    stations = [
        Station(f"Patient {number}", f"final{number}", FINAL_KINDS[k], seed + int(k))
        for number, k in enumerate(order, start=1)
    ]
    plain = next(s for s in stations if s.kind == "plain")
    again = Station(
        f"Patient {len(stations) + 1}", f"final{len(stations) + 1}", "plain", plain.seed, repeat_of=plain.title
    )
    return (*stations, again)


def final_exam(student: str = "1") -> PatientSeries:
    """The final as a widget: at the end the report card is shown, and saved in the student's progress folder."""
    return PatientSeries(final_stations(student), student=student, on_finish=_finish)


def _finish(series: PatientSeries) -> str:
    results = series.results()
    page = report_card_html(results, student=series.student)
    try:
        for result in results:
            record_attempt(
                "99",
                result.title,
                passed=all(g.passed for g in result.grades),
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
    frame = f"<iframe title='Report card' style='width:100%;height:720px;border:1px solid #999;background:#fff' srcdoc='{html.escape(page, quote=True)}'></iframe>"
    return f"<p class='vbq-report-saved'>{html.escape(saved)}</p>{frame}"
