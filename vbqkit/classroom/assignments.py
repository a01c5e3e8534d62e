"""What each lesson asks for: its questions, and which patients are whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vbqkit.errors import VbqkitError
from vbqkit.exercises.cases import case_name, case_seed
from vbqkit.exercises.course import lessons
from vbqkit.exercises.questions import NUMBERS, choices
from vbqkit.exercises.readers import READER_CASES
from vbqkit.exercises.shared_bodies import visit_of
from vbqkit.exercises.stations import final_stations

DRAWN: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "20": (("correct", "plain", "placing"), ("place", "plain", "placing from empty")),
    "25": (("accept", "haemangioma", "proposed"),),
    "80": (("fracture", "fracture", "pitfalls"),),
}
"""Lesson to (exercise, kind, what :func:`vbqkit.exercises.visit_of` is asked for) of its graded placements."""

RECORDED: Mapping[str, tuple[str, ...]] = {"00": ("place",), "95": ("own-score",)}
"""Exercises of which no outlines are handed in: the record alone says whether they were passed."""

READING = "70"
"""The lesson whose readings are compared; a reading counts if it is complete and on the right levels."""

FINAL = "99"


@dataclass(frozen=True, slots=True)
class Assigned:
    """A patient that a student places ROIs on.

    Attributes
    ----------
    exercise : str
        As in the names of ROI files.
    kind, seed, day
        How the case is drawn.
    """

    exercise: str
    kind: str
    seed: int
    day: int = 0

    @property
    def case(self) -> str:
        """Name of the case."""
        return case_name(self.kind, self.seed, self.day)


def assigned_to(student: str, lesson: str, *, earlier: bool = False) -> tuple[Assigned, ...]:
    """The patients that a student places ROIs on in a lesson; empty where it has none.

    Parameters
    ----------
    student, lesson : str
        Whose, and in which lesson.
    earlier : bool
        Those that earlier versions drew for the same exercises, in the same order: what was placed on them counts too.

    Examples
    --------
    >>> [one.exercise for one in assigned_to("17", "20")]
    ['correct', 'place']
    >>> assigned_to("17", "20") == assigned_to("18", "20"), assigned_to("17", "70") == assigned_to("18", "70")
    (False, True)
    """
    check_lesson(lesson)
    if lesson == READING:
        return tuple(Assigned(e, kind, seed) for e in ("reading1", "reading2") for kind, seed in READER_CASES)
    if lesson == FINAL:
        return tuple(Assigned(s.exercise, s.kind, s.seed, s.day) for s in final_stations(student, earlier=earlier))
    drawn = DRAWN.get(lesson, ())
    if earlier:
        return tuple(Assigned(exercise, kind, case_seed(student, asked)) for exercise, kind, asked in drawn)
    return tuple(Assigned(exercise, kind, *visit_of(student, asked)) for exercise, kind, asked in drawn)


def questions_of(lesson: str) -> tuple[str, ...]:
    """Names of the questions of a lesson."""
    check_lesson(lesson)
    return tuple(name for name in (*choices(), *NUMBERS) if name.split("-", maxsplit=1)[0] == lesson)


def check_lesson(lesson: str) -> None:
    """Raise if the course has no such lesson.

    Raises
    ------
    VbqkitError
        With the numbers that there are.
    """
    known = [one.number for one in lessons()]
    if lesson not in known:
        raise VbqkitError(f"There is no lesson '{lesson}'. Give one of {', '.join(known)}.")
