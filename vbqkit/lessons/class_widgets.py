"""What a class needs on the page: the student's number, asked once, and a button that makes the file to hand in."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.classroom.hand_in import make_hand_in, write_hand_in
from vbqkit.errors import VbqkitError
from vbqkit.exercises.student import UNNUMBERED, keep_student, kept_student
from vbqkit.language import said, translated
from vbqkit.page.still import Still


class YourNumber(Still, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """A field for the student's number; see :func:`your_number`.

    Attributes
    ----------
    student : str
        The number or name that was kept when the cell was run; ``"1"`` if none was.
    """

    def __init__(self) -> None:
        try:
            kept, told = kept_student(), ""
        except VbqkitError as error:
            kept, told = None, said(str(error))
        self.student = kept or UNNUMBERED
        self._field = ipywidgets.Text(
            value=kept or "",
            description=translated("Your number"),
            placeholder=translated("number or name"),
            style={"description_width": "max-content"},
            layout={"width": "280px"},
        )
        self._button = ipywidgets.Button(
            description=translated("Change") if kept else translated("Keep"),
            tooltip=translated("Keep this number for every lesson"),
            layout={"width": "90px"},
        )
        self._button.on_click(lambda _: self.keep())
        self._status = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self._field, self._button]), self._status])
        self.add_class("vbq-your-number")
        self._say(told or (_kept(kept) if kept else _ask()))

    def still_html(self) -> str:
        """Whose lesson it is."""
        return f"<p>{html.escape(translated('Student: {student}', student=self.student))}</p>"

    def keep(self) -> None:
        """Keep what stands in the field."""
        try:
            kept = keep_student(self._field.value)
        except VbqkitError as error:
            self._say(said(str(error)))
            return
        self._field.value = kept
        now = translated("Now choose Run, Run All Cells: your patients are drawn from it.")
        self._say(_kept(kept) if kept == self.student else f"{_kept(kept)} {now}")

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{html.escape(text)}</div>"


def _kept(number: str) -> str:
    return translated("Kept: {number}. Every lesson uses it.", number=number)


def _ask() -> str:
    return translated(
        "If your teacher gave you a number, write it here, once for all lessons. Without one you are {number}.",
        number=UNNUMBERED,
    )


def your_number() -> YourNumber:
    """A field for the student's number or name, which is kept on this computer for every lesson.

    Returns
    -------
    YourNumber
        Its ``student`` is what the lesson draws its cases from. The last line of a cell.

    Examples
    --------
    >>> number = your_number()
    >>> student = number.student
    """
    return YourNumber()


class HandInButton(Still, ipywidgets.HBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """The button; see :func:`hand_in_button`."""

    def __init__(self, lesson: str, folder: Path) -> None:
        self._lesson, self._folder = lesson, folder
        self._button = ipywidgets.Button(
            description=translated("Hand in"),
            tooltip=translated("Make the file to hand in for lesson {lesson}", lesson=lesson),
            layout={"width": "110px"},
        )
        self._button.on_click(lambda _: self.hand_in())
        self._status = ipywidgets.HTML()
        super().__init__([self._button, self._status])
        self.add_class("vbq-hand-in")

    def still_html(self) -> str:
        """Where the button is."""
        return f"<p>{translated('In a class: run the notebook and press <b>Hand in</b>.')}</p>"

    def hand_in(self) -> None:
        """Make the file, and say where it is."""
        try:
            made = make_hand_in(self._lesson)
            path = write_hand_in(made, self._folder)
        except VbqkitError as error:
            self._say(said(str(error)))
            return
        told = translated(
            "Made: {path}. Give this file to your teacher; nothing is sent by itself. It holds your number ({student}), {tries} tries with their answers and times, and outlines of {placements} placements.",
            path=path.resolve(),
            student=made.student,
            tries=len(made.attempts),
            placements=len(made.readings),
        )
        if made.elsewhere:
            told += " " + translated("{n} tries under other numbers are not in it.", n=made.elsewhere)
        self._say(told)

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{html.escape(text)}</div>"


def hand_in_button(lesson: str, *, folder: str | Path = ".") -> Any:
    """A button that makes the file to hand in for a lesson, beside the notebook.

    Parameters
    ----------
    lesson : str
        Number of the lesson, such as ``"20"``.
    folder : path-like
        Where the file is written.
    """
    return HandInButton(lesson, Path(folder))
