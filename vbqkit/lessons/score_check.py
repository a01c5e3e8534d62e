"""A button that checks a score the student has written, and says what to correct."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

from vbqkit.exercises.own_score import check_own_score
from vbqkit.lessons.awake import Awake
from vbqkit.lessons.feedback import feedback_html, keep_attempt


class ScoreCheck(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """The button and its feedback."""

    def still_html(self) -> str:
        """Where the button is."""
        return "<p>Run the notebook and press <b>Check my score</b>.</p>"


def check_score_button(score: Callable[[Any], Any], cohort: Any, *, student: str = "1") -> ScoreCheck:
    """A button that checks a score; see :func:`vbqkit.exercises.own_score.check_own_score`.

    Parameters
    ----------
    score : callable
        ``score(table)`` returns one number per row.
    cohort : DataFrame
        From :func:`vbqkit.exercises.trial_cohort.virtual_cohort`.
    student : str
        Number or name, for the progress file.
    """
    button = ipywidgets.Button(
        description="Check my score", button_style="primary", tooltip="Is it a score at all?", layout={"width": "160px"}
    )
    feedback = ipywidgets.HTML()

    def check(_: Any) -> None:
        grade = check_own_score(score, cohort)
        told = (
            " ".join(grade.faults)
            or f"'{getattr(score, '__name__', 'score')}' is a score. Now see below whether it is a good one."
        )
        remarks = "".join(f"<li>{html.escape(text)}</li>" for text in grade.remarks)
        feedback.value = feedback_html(grade.passed, told) + (f"<ul>{remarks}</ul>" if remarks else "")
        keep_attempt(
            "95", "own-score", passed=grade.passed, student=student, detail=" ".join(grade.faults), feedback=feedback
        )

    button.on_click(check)
    box = ScoreCheck([button, feedback])
    box.add_class("vbq-own-score")
    return box
