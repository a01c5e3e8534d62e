"""The dashboard of a class as one HTML page: grades, agreement, worst placements, and what could not be read."""

from __future__ import annotations

import html
from collections import Counter

from vbqkit.classroom.grading import ClassGrades
from vbqkit.html_table import table_html
from vbqkit.page.colours import PAGE

HEADS = {
    "student": "student",
    "by": "handed in by",
    "lesson": "lesson",
    "passed": "passed",
    "percent": "%",
    "questions": "questions right",
    "placements": "placements passed",
    "tries": "tries",
    "minutes": "minutes",
    "remarks": "what was wrong",
}


def class_html(grades: ClassGrades, *, whole: bool = True) -> str:
    """The dashboard.

    Parameters
    ----------
    grades : ClassGrades
        From :func:`grade_class`.
    whole : bool
        A page of its own, that needs nothing else; False: a part, for a notebook.
    """
    parts = [
        _summary(grades),
        "<h2>Grades</h2>",
        _grades(grades),
        "<h2>Faults</h2>",
        _faults(grades),
        "<h2>Agreement</h2>",
        _agreement(grades),
        "<h2>The worst placements</h2>",
        _pictures(grades),
        "<h2>Files</h2>",
        _files(grades),
    ]
    body = "".join(parts)
    if not whole:
        return f"<div class='vbq-class'>{body}</div>"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>vbqkit: class</title><style>"
        f"body{{font:15px/1.45 sans-serif;max-width:1150px;margin:2rem auto;padding:0 1rem;color:{PAGE['ink']};background:{PAGE['paper']}}}"
        f"table{{border-collapse:collapse}}td,th{{border-bottom:1px solid {PAGE['rule']};vertical-align:top}}</style></head><body>"
        f"<h1>Class</h1>{body}<p><small>Virtual patients, synthetic. The software screens and teaches; it does not diagnose."
        "</small></p></body></html>"
    )


def _summary(grades: ClassGrades) -> str:
    table = grades.grades
    passed = int(table["passed"].sum()) if len(table) else 0
    states = Counter(row["state"] for row in grades.collected.rows)
    return (
        f"<p role='status' class='vbq-class-summary'>{table['student'].nunique()} students, {len(table)} hand-ins that count, {passed} of "
        f"them passed. {states['earlier']} earlier ones of the same student and lesson, {states['refused']} refused, "
        f"{grades.collected.others} files that are no hand-ins.</p>"
    )


def _grades(grades: ClassGrades) -> str:
    if not len(grades.grades):
        return "<p>There is no hand-in.</p>"
    table = grades.grades.assign(
        passed=["yes" if passed else "no" for passed in grades.grades["passed"]],
        questions=[
            f"{a} of {n}" for a, n in zip(grades.grades["questions_right"], grades.grades["questions"], strict=True)
        ],
        placements=[
            f"{a} of {n}" for a, n in zip(grades.grades["placements_passed"], grades.grades["placements"], strict=True)
        ],
    )
    return table_html(table[list(HEADS)], head=tuple(HEADS.values()), digits=1)


def _faults(grades: ClassGrades) -> str:
    counts: Counter[str] = Counter()
    if len(grades.placements):
        for row in grades.placements.itertuples():
            if not row.passed and row.faults:
                counts.update(str(row.faults).split("; "))
    wrong = grades.items[~grades.items["passed"]] if len(grades.items) else grades.items
    asked = Counter(row.exercise for row in wrong.itertuples() if row.what == "question") if len(wrong) else Counter()
    parts = []
    if counts:
        parts.append(table_html(dict(counts.most_common()), head=("fault of a ROI", "times")))
    if asked:
        parts.append(table_html(dict(asked.most_common(10)), head=("question not answered right", "students")))
    return "".join(parts) or "<p>None.</p>"


def _agreement(grades: ClassGrades) -> str:
    if not len(grades.agreement):
        return "<p>Nobody has handed in all first readings of lesson 70.</p>"
    told = ""
    if grades.class_icc:
        c = grades.class_icc
        told = (
            f"<p><b>ICC(2,1) of {c['n_students']} students over {c['n_patients']} patients: {c['estimate']:.2f}</b> (95 % interval "
            f"{c['ci_low']:.2f} to {c['ci_high']:.2f}).{_left_out(c['left_out'])} The patient is the unit; with so few patients the interval is wide.</p>"
        )
    head = ("student", "ICC(2,1) with the reference", "from", "to", "bias (%)", "lower limit (%)", "upper limit (%)")
    return told + table_html(grades.agreement, head=head, digits=2)


def _left_out(names: tuple[str, ...]) -> str:
    return f" Left out, because not all patients were read: {html.escape(', '.join(names))}." if names else ""


def _pictures(grades: ClassGrades) -> str:
    shown = [
        f"<div style='max-width:320px'><b>{html.escape(whose)}</b>{picture}</div>" for whose, picture in grades.pictures
    ]
    return f"<div style='display:flex;gap:12px;flex-wrap:wrap'>{''.join(shown)}</div>" if shown else "<p>None.</p>"


def _files(grades: ClassGrades) -> str:
    rows = [row for row in grades.collected.rows if row["reason"]]
    if not rows:
        return "<p>Every file counts.</p>"
    cells = "".join(
        f"<tr><td>{html.escape(row['file'])}</td><td>{html.escape(row['state'])}</td><td>{html.escape(row['reason'])}</td></tr>"
        for row in rows
    )
    return f"<table><thead><tr><th scope='col'>file</th><th scope='col'>state</th><th scope='col'>reason</th></tr></thead><tbody>{cells}</tbody></table>"
