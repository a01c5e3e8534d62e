"""Questions on the page, with a button that checks the answer."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.exercises.answers import AnswerGrade, answer_detail, given_answer
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.progress import told_time
from vbqkit.exercises.questions import Choice, NumberQuestion, question
from vbqkit.exercises.student import student_number
from vbqkit.language import translated
from vbqkit.lessons.awake import Awake, back_html
from vbqkit.lessons.feedback import feedback_html, keep_attempt, tries_before
from vbqkit.page.still import question_html


class Question(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """A question on the page; see :func:`ask`."""

    def __init__(self, asked: Choice | NumberQuestion, children: Sequence[Any]) -> None:
        self.asked = asked
        super().__init__(children)

    def still_html(self) -> str:
        """The question with boxes to tick or a line to write on."""
        options = tuple(option for _, option in self.asked.options) if isinstance(self.asked, Choice) else ()
        return question_html(self.asked.text, options)


def ask(name: str, *, student: str | None = None, bank: str | Path | None = None) -> Question:
    """One question, with a button that checks the answer and keeps the try in the progress file.

    A question that this student has answered before shows the last answer and what is to be said of it.

    Parameters
    ----------
    name : str
        Such as ``"20-vein"``; the number in front is the lesson.
    student : str, optional
        Number or name; number questions draw their numbers from it. By default the one that is kept.
    bank : path-like, optional
        A teacher's own file of choice questions, instead of the course's; ``vbqkit class check-questions`` checks it.
    """
    lesson = name.split("-", maxsplit=1)[0]
    drawn_for = student or student_number()
    asked = question(name, seed=case_seed(drawn_for, name), bank=bank)
    text = ipywidgets.HTML(f"<div style='max-width:760px;line-height:1.45'><b>{html.escape(asked.text)}</b></div>")
    if isinstance(asked, Choice):
        field: Any = ipywidgets.RadioButtons(
            options=[(option, key) for key, option in asked.options],
            value=None,
            layout=ipywidgets.Layout(width="auto", max_width="760px"),
        )
    else:
        field = ipywidgets.Text(
            placeholder=translated("a number"),
            description=translated("Answer"),
            layout=ipywidgets.Layout(width="220px"),
        )
    button = ipywidgets.Button(
        description=translated("Check"), button_style="primary", tooltip=translated("Check the answer")
    )
    feedback = ipywidgets.HTML()

    def check(_: Any) -> None:
        if field.value in (None, ""):
            feedback.value = feedback_html(False, translated("Choose or write an answer first, then press Check."))
            return
        grade: AnswerGrade = asked.check(field.value)
        feedback.value = feedback_html(grade.right, grade.feedback)
        keep_attempt(
            lesson,
            name,
            passed=grade.right,
            student=student or (student_number() if isinstance(asked, Choice) else drawn_for),
            detail=answer_detail(str(field.value)),
            feedback=feedback,
        )

    answered = ((given_answer(a.detail), a.at) for a in reversed(tries_before(lesson, name, student=drawn_for)))
    given, at = next(((given, at) for given, at in answered if given), ("", ""))
    if given and (not isinstance(asked, Choice) or given in dict(asked.options)):
        field.value = given
        grade = asked.check(given)
        when = translated("Your answer of {when}. You can change it and press Check again.", when=told_time(at))
        feedback.value = feedback_html(grade.right, grade.feedback) + back_html(when, at=at)
    button.on_click(check)
    box = Question(asked, [text, field, button, feedback])
    box.add_class("vbq-question")
    box.add_class(f"vbq-question-{name}")
    return box
