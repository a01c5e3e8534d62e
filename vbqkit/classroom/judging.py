"""Judge outlines again, on the patient that they were placed on; one patient is drawn once for all who read it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.batch.running import Processes, WorkerLost, done_by
from vbqkit.errors import VbqkitError, shown
from vbqkit.exercises.cases import TeachingCase, make_case, truth_of
from vbqkit.exercises.close_up import close_up_html
from vbqkit.exercises.consequence import Consequence, check_consequence
from vbqkit.exercises.placement import WHOLE_CASE, PlacementGrade, check_placements
from vbqkit.exercises.readers import REFERENCE, SCORE, reading_row
from vbqkit.formats.rois import read_rois
from vbqkit.roi import Roi

_SAME_MM = 0.01
"""Outlines that agree with the reference to this were not placed with a mouse."""

_ON_REFERENCE = "The outlines are those of the reference to 0.01 mm: nobody has placed them."

_FEW = 3
"""So few patients are drawn in this process: others would take as long to begin."""


@dataclass(frozen=True, slots=True)
class Job:
    """One patient, and the outlines of all who read it.

    Attributes
    ----------
    kind, seed, day
        How the patient is drawn.
    readings : tuple of (str, str, str, str)
        Lesson, student, exercise, and the ROI file as text.
    with_result : bool
        Whether the score must be right too; else a reading counts if it is complete and on the right levels.
    """

    kind: str
    seed: int
    day: int
    readings: tuple[tuple[str, str, str, str], ...]
    with_result: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came out for one reading.

    Attributes
    ----------
    lesson, student, exercise, case : str
        Whose reading of which patient, in which exercise.
    passed : bool
        Whether it passes.
    reason : str
        Why not, where that is not a fault of a ROI.
    value, in_spreads : float or None
        The score, and its shift in spreads of faultless placements.
    rois : tuple of dict
        Rows of :func:`vbqkit.exercises.grade_table`.
    picture : str
        The worst ROI as an HTML figure; empty if all pass.
    digest : str
        Of the outlines: two readings with the same are copies.
    """

    lesson: str
    student: str
    exercise: str
    case: str
    passed: bool = False
    reason: str = ""
    value: float | None = None
    in_spreads: float | None = None
    rois: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    picture: str = field(default="", repr=False)
    digest: str = ""


def judge_all(jobs: Iterable[Job], *, processes: int | None = None) -> Iterator[Judged]:
    """Judge readings, on several cores where there are many patients.

    Parameters
    ----------
    jobs : iterable of Job
        One a patient.
    processes : int, optional
        By default one a core.
    """
    waiting = list(jobs)
    count = max(1, min(processes or os.cpu_count() or 1, len(waiting)))
    if count == 1 or len(waiting) <= _FEW:
        for job in waiting:
            yield from judged(job)
        return
    for job, answer in done_by(Processes(count), judged, waiting):
        if isinstance(answer, WorkerLost):
            for lesson, student, exercise, _ in job.readings:
                yield Judged(lesson=lesson, student=student, exercise=exercise, case="", reason=_NOT_JUDGED)
        else:
            yield from answer


_NOT_JUDGED = "It could not be judged: the process that did ended. Grade again with --processes 1."


def judged(job: Job) -> list[Judged]:
    """Every reading of one patient, and of lesson 70 the reference reader's first."""
    case = make_case(job.seed, kind=job.kind, day=job.day)
    results = []
    if not job.with_result:
        row = reading_row(truth_of(case).reference_rois, case, reader=REFERENCE, exercise=REFERENCE)
        results.append(
            Judged(lesson="", student=REFERENCE, exercise=REFERENCE, case=case.name, passed=True, value=row["value"])
        )
    spread: float | None = None
    for lesson, student, exercise, text in job.readings:
        one = Judged(lesson=lesson, student=student, exercise=exercise, case=case.name)
        try:
            rois = _rois(text)
            grades = check_placements(rois, truth_of(case), image=case.volumes["T1"])
            one = replace(
                one,
                rois=tuple(g.as_row() for g in grades),
                digest=_digest(rois),
                picture=_picture(grades, rois, case),
            )
            if _is_reference(rois, case):
                one = replace(one, reason=_ON_REFERENCE)
            elif not job.with_result:
                row = reading_row(rois, case, reader=student, exercise=exercise, grades=grades)
                one = replace(one, value=row["value"], passed=True)
            elif all(g.passed for g in grades):
                found = _consequence(rois, case, spread)
                spread = found.spread
                one = _with_result(one, found)
        except VbqkitError as error:
            one = replace(one, reason=str(error))
        except Exception as error:  # of a file that somebody wrote: it costs its own row, never the class
            one = replace(one, reason=f"It could not be judged ({type(error).__name__}: {shown(error)}).")
        results.append(one)
    return results


def _consequence(rois: tuple[Roi, ...], case: TeachingCase, spread: float | None) -> Consequence:
    return check_consequence(
        rois,
        truth_of(case),
        volumes=case.volumes,
        score=SCORE,
        aggregate="median",
        rng=np.random.default_rng(truth_of(case).seed),
        spread=spread,
    )


def _with_result(one: Judged, found: Consequence) -> Judged:
    """A reading whose ROIs all pass: it passes if the score lies where faultless placements put it."""
    told = (
        "" if found.passed else f"Each ROI passes, but together they shift {SCORE} by {found.in_spreads:+.1f} spreads."
    )
    return replace(one, passed=found.passed, value=found.value, in_spreads=found.in_spreads, reason=told)


def _rois(text: str) -> tuple[Roi, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reading.vbqkit.json"
        path.write_text(text, encoding="utf-8")
        return tuple(roi for roi in read_rois(path) if roi.label in WHOLE_CASE or roi.label[:1] in "TLS")


def _digest(rois: tuple[Roi, ...]) -> str:
    plain = sorted((roi.label, *(round(v, 4) for v in roi.outline_mm(8).ravel())) for roi in rois)
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16]


def _is_reference(rois: tuple[Roi, ...], case: TeachingCase) -> bool:
    """Whether most ROIs lie where no hand puts them: exactly on the reference."""
    references = {roi.label: np.array(roi.center_mm) for roi in truth_of(case).reference_rois}
    apart = [float(np.linalg.norm(references[roi.label] - roi.center_mm)) for roi in rois if roi.label in references]
    return len(apart) > 0 and sum(distance < _SAME_MM for distance in apart) > len(apart) / 2


def _picture(grades: tuple[PlacementGrade, ...], rois: tuple[Roi, ...], case: TeachingCase) -> str:
    placed = {roi.label: roi for roi in reversed(rois)}
    wrong = [g for g in grades if not g.passed and g.contaminated is not None and g.label in placed]
    if not wrong:
        return ""
    worst = min(wrong, key=lambda g: g.purity)
    return close_up_html(worst, placed[worst.label], case.volumes["T1"])
