"""Questions on the page, with a button that checks the answer."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets

from vbqkit.exercises.answers import AnswerGrade
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.progress import told_time
from vbqkit.exercises.questions import Choice, NumberQuestion, question
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


def ask(name: str, *, student: str = "1") -> Question:
    """One question, with a button that checks the answer and keeps the try in the progress file.

    A question that this student has answered before shows the last answer and what is to be said of it.

    Parameters
    ----------
    name : str
        Such as ``"20-vein"``; the number in front is the lesson.
    student : str
        Number or name; number questions draw their numbers from it.
    """
    asked = question(name, seed=case_seed(student, name))
    lesson = name.split("-", maxsplit=1)[0]
    text = ipywidgets.HTML(f"<div style='max-width:760px;line-height:1.45'><b>{html.escape(asked.text)}</b></div>")
    if isinstance(asked, Choice):
        field: Any = ipywidgets.RadioButtons(
            options=[(option, key) for key, option in asked.options],
            value=None,
            layout=ipywidgets.Layout(width="auto", max_width="760px"),
        )
    else:
        field = ipywidgets.Text(placeholder="a number", description="Answer", layout=ipywidgets.Layout(width="220px"))
    button = ipywidgets.Button(description="Check", button_style="primary", tooltip="Check the answer")
    feedback = ipywidgets.HTML()

    def check(_: Any) -> None:
        if field.value in (None, ""):
            feedback.value = feedback_html(False, "Choose or write an answer first, then press Check.")
            return
        grade: AnswerGrade = asked.check(field.value)
        feedback.value = feedback_html(grade.right, grade.feedback)
        keep_attempt(lesson, name, passed=grade.right, student=student, answer=str(field.value), feedback=feedback)

    last = next((a for a in reversed(tries_before(lesson, name, student=student)) if a.answer), None)
    if last is not None and (not isinstance(asked, Choice) or last.answer in dict(asked.options)):
        field.value = last.answer
        grade = asked.check(last.answer)
        when = f"Your answer of {told_time(last.at)}. You can change it and press Check again."
        feedback.value = feedback_html(grade.right, grade.feedback) + back_html(when)
    button.on_click(check)
    box = Question(asked, [text, field, button, feedback])
    box.add_class("vbq-question")
    box.add_class(f"vbq-question-{name}")
    return box
