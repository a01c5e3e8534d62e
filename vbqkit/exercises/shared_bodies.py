"""The patients of a class: a few bodies an exercise, and for every student a day of one of them.

Growing a body takes most of the time that a patient takes. So students share bodies, and a teacher's computer grows
each once for the whole class. No two students have the same picture: on each day the patient lies elsewhere, at other
coordinates, and the noise is another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from vbqkit.exercises.cases import DAYS_IN_ONE_PLACE, Kind, TeachingCase, case_seed, make_case

BODIES = 6
"""Bodies that students share in an exercise."""

_NUMBERS: Mapping[str, tuple[int, ...]] = {"placing": (0, 1, 2, 4, 6, 8)}
"""Which people they are, where the lesson says something of the picture that is not so in everybody: in lesson 20 the
vein is darker than marrow, which it was in 8 of the first 10 people."""

MOST_DAYS = 2**22
"""Days that are told apart; so many that two students of a class hardly ever draw the same."""


def visit_of(student: str, exercise: str) -> tuple[int, int]:
    """Whom a student meets in an exercise, and when: the seed of the body, and the day.

    Parameters
    ----------
    student : str
        Number or name.
    exercise : str
        What the patient is drawn for, such as ``"placing"``.

    Examples
    --------
    >>> visit_of("7", "placing") == visit_of(" 7 ", "placing")
    True
    >>> visits = {visit_of(f"{k}", "placing") for k in range(100)}
    >>> len(visits), len({body for body, _ in visits})
    (100, 6)
    """
    body = case_seed(student, f"body of {exercise}") % BODIES
    digest = hashlib.sha256(f"{student.strip().casefold()}|day of {exercise}".encode()).digest()
    day = DAYS_IN_ONE_PLACE + int.from_bytes(digest[:8], "big") % (MOST_DAYS - DAYS_IN_ONE_PLACE)
    return body_seed(body, exercise), day


def body_seed(number: int, exercise: str) -> int:
    """Seed of one of the :data:`BODIES` of an exercise."""
    return case_seed(f"patient {_NUMBERS.get(exercise, range(BODIES))[number]}", exercise)


def case_for(student: str, exercise: str, *, kind: Kind = "plain") -> TeachingCase:
    """A student's patient in an exercise: the same name and exercise always give the same pictures.

    Parameters
    ----------
    student, exercise
        As :func:`visit_of` takes them.
    kind : str
        As :func:`vbqkit.exercises.make_case` takes it.
    """
    seed, day = visit_of(student, exercise)
    return make_case(seed, kind=kind, day=day)
