"""Feedback on the page: a word, a sign and a colour, read out by screen readers; every try is recorded."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

from vbqkit.errors import VbqkitError
from vbqkit.exercises.progress import Attempt, record_attempt, tries_of
from vbqkit.language import said, translated
from vbqkit.page.colours import PAGE

GOOD, BAD = (
    PAGE["good"],
    PAGE["wrong"],
)  # Okabe-Ito green and vermilion, darkened until white text on them passes WCAG AA


def feedback_html(right: bool, text: str) -> str:
    """Feedback as HTML: a word and a sign as well as the colour; read out by screen readers when it changes."""
    word, sign, colour = (translated("Right"), "✓", GOOD) if right else (translated("Not yet"), "✗", BAD)
    told = text.removeprefix(word).lstrip(".:：").strip() if text.startswith(word) else text.strip()
    body = html.escape(told[:1].upper() + told[1:])
    return (
        f"<div role='status' aria-live='polite' class='vbq-feedback' data-right='{str(right).lower()}' style='border-left:5px solid {colour};"
        f"padding:4px 10px;line-height:1.45'><b style='background:{colour};color:{PAGE['on_colour']};padding:1px 7px;border-radius:3px'>{sign} {word}</b> {body}</div>"
    )


def keep_attempt(lesson: str, exercise: str, *, feedback: ipywidgets.HTML, **attempt: Any) -> None:
    """Record a try in the progress file; if that fails, say so below the feedback and carry on."""
    try:
        record_attempt(lesson, exercise, **attempt)
    except VbqkitError as error:
        feedback.value += f"<div style='font-size:12px'>{html.escape(said(str(error)))}</div>"


def tries_before(lesson: str, exercise: str, *, student: str) -> tuple[Attempt, ...]:
    """One student's tries so far; none if the progress file cannot be read, which the first try then says."""
    try:
        return tries_of(lesson, exercise, student=student)
    except VbqkitError:
        return ()
