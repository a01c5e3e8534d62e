"""A question with a button that shows its answer."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.questions import Choice, question
from vbqkit.lessons.asking import Question


def show_answer(name: str, *, student: str = "1") -> Question:
    """The answer of a question behind a button: for teachers, and for a student whom a teacher lets look."""
    asked = question(name, seed=case_seed(student, name))
    button = ipywidgets.ToggleButton(description="Show the answer", tooltip=f"Answer of {name}")
    shown = ipywidgets.HTML()

    def toggle(change: Any) -> None:
        if isinstance(asked, Choice):
            told = "; ".join(text for key, text in asked.options if asked.check(key).right)
        else:
            told = f"{asked.expected:.4g} {asked.unit}".strip()
        shown.value = (
            f"<div role='status' aria-live='polite' class='vbq-answer'>{html.escape(told)}</div>"
            if change["new"]
            else ""
        )

    button.observe(toggle, "value")
    return Question(asked, [ipywidgets.HTML(f"<b>{html.escape(asked.text)}</b>"), button, shown])
