"""Virtual students, to try a class without one: outlines of virtual readers, and answers right or wrong."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.classroom.assignments import assigned_to, questions_of
from vbqkit.classroom.hand_in import HandIn, Outlines
from vbqkit.exercises.answers import answer_detail
from vbqkit.exercises.cases import TeachingCase, case_seed
from vbqkit.exercises.placement import WHOLE_CASE
from vbqkit.exercises.progress import Attempt
from vbqkit.exercises.questions import Choice, question
from vbqkit.exercises.readers import known_case, virtual_reader
from vbqkit.exercises.reading_file import case_code
from vbqkit.formats.rois import write_rois
from vbqkit.roi import Roi

_BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def virtual_hand_in(
    student: str, lesson: str, *, sd_mm: float, bias_mm: float = 0.0, sees: bool = False, knows: float = 1.0
) -> HandIn:
    """What a virtual student hands in for a lesson. Synthetic.

    Parameters
    ----------
    student, lesson : str
        Whose, and for what; the same two give the same file.
    sd_mm, bias_mm, sees
        As :func:`vbqkit.exercises.virtual_reader` takes them.
    knows : float
        Share of the questions answered right at once; the others are answered wrong.
    """
    rng = np.random.default_rng([case_seed(student, f"virtual {lesson}"), 25])
    attempts, at = [], _BEGIN
    for name in questions_of(lesson):
        at += timedelta(minutes=float(rng.uniform(0.5, 3.0)))
        right = bool(rng.random() < knows)
        attempts.append(
            Attempt(
                lesson=lesson,
                exercise=name,
                passed=right,
                at=at.isoformat(timespec="seconds"),
                student=student,
                detail=answer_detail(_answer(name, student, right=right)),
            )
        )
    readings = []
    for one in assigned_to(student, lesson):
        case = known_case(one.kind, one.seed, one.day)
        rois = virtual_reader(case, sd_mm=sd_mm, bias_mm=bias_mm, sees=sees, rng=rng)
        readings.append(Outlines(one.exercise, case_code(one.kind, one.seed, one.day), as_file(rois, case)))
    return HandIn(
        student=student,
        lesson=lesson,
        made_at=(at + timedelta(minutes=1)).isoformat(timespec="seconds"),
        attempts=tuple(attempts),
        readings=tuple(readings),
    )


def _answer(name: str, student: str, *, right: bool) -> str:
    asked = question(name, seed=case_seed(student, name))
    if isinstance(asked, Choice):
        return next(key for key, _ in asked.options if asked.check(key).right is right)
    return f"{asked.expected if right else 1e6 + 3 * asked.expected:.12g}"


def as_file(rois: Iterable[Roi], case: TeachingCase) -> dict[str, Any]:
    """What the ROI file of a reading holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reading.vbqkit.json"
        write_rois(path, [roi for roi in rois if roi.label in WHOLE_CASE], image=case.volumes["T1"])
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
