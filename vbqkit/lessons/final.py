"""The final: five unseen patients, one of them twice, and a report card."""

from __future__ import annotations

import html

from vbqkit.errors import VbqkitError
from vbqkit.exercises.progress import record_attempt, state_dir
from vbqkit.exercises.report_card import report_card_html, save_report_card
from vbqkit.exercises.stations import final_stations
from vbqkit.exercises.student import student_number
from vbqkit.lessons.patient_series import PatientSeries
from vbqkit.page.colours import PAGE


def final_exam(student: str | None = None) -> PatientSeries:
    """The final as a widget: at the end the report card is shown, and saved in the student's progress folder.

    Parameters
    ----------
    student : str, optional
        Number or name; by default the one that is kept, see :func:`vbqkit.exercises.student_number`.
    """
    student = student or student_number()
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
