"""The dashboard of a class on a page: graded when a button is pressed, grades as CSV beside the hand-ins."""

from __future__ import annotations

import html
from pathlib import Path

import ipywidgets

from vbqkit.classroom import ClassGrades, class_html, collect_hand_ins, grade_class, write_grades
from vbqkit.errors import VbqkitError
from vbqkit.page.still import Still


class ClassDashboard(Still, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """The class of a folder, or of an archive of a learning platform.

    Parameters
    ----------
    folder : path-like
        Holds the hand-ins, or ZIP archives as Moodle and Canvas make them; folders in it are looked through.

    Attributes
    ----------
    grades : ClassGrades or None
        Of the last grading.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._grade = ipywidgets.Button(
            description="Grade the class", button_style="primary", layout={"width": "160px"}
        )
        self._csv = ipywidgets.Button(description="Save grades.csv", disabled=True, layout={"width": "160px"})
        self._status, self._page = ipywidgets.HTML(), ipywidgets.HTML()
        self.grades: ClassGrades | None = None
        self._grade.on_click(lambda _: self.grade())
        self._csv.on_click(lambda _: self.save())
        super().__init__([ipywidgets.HBox([self._grade, self._csv]), self._status, self._page])
        self.add_class("vbq-class-dashboard")
        self._say(f"Hand-ins in {self._folder.resolve()}: folders, and ZIP archives of Moodle or Canvas as they are.")

    def still_html(self) -> str:
        """What was graded last."""
        return self._page.value or "<p>Run the notebook and press <b>Grade the class</b>.</p>"

    def grade(self) -> None:
        """Read and grade everything again."""
        self._grade.disabled = True
        self._say("Reading and grading; some seconds a student the first time ...")
        try:
            self.grades = grade_class(collect_hand_ins([self._folder]))
            self._page.value = class_html(self.grades, whole=False)
            self._csv.disabled = False
            self._say("Graded.")
        except VbqkitError as error:
            self._say(str(error))
        finally:
            self._grade.disabled = False

    def save(self) -> None:
        """Write the grades beside the hand-ins."""
        if self.grades is None:
            return
        try:
            self._say(f"Saved as {write_grades(self.grades, self._folder / 'grades.csv').resolve()}.")
        except VbqkitError as error:
            self._say(str(error))

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{html.escape(text)}</div>"
