"""Judge outlines again, on the patient that they were placed on; a body is grown once for all who read it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.batch.running import Processes, WorkerLost, done_by
from vbqkit.errors import FormatError, VbqkitError, shown
from vbqkit.exercises.cases import TeachingCase, case_name, draw_body, scan_body, truth_of
from vbqkit.exercises.close_up import close_up_html
from vbqkit.exercises.consequence import Consequence, check_consequence, faultless_placements
from vbqkit.exercises.placement import WHOLE_CASE, PlacementGrade, check_placements
from vbqkit.exercises.readers import REFERENCE, SCORE, reading_row
from vbqkit.formats.rois import read_rois
from vbqkit.roi import Roi

_SAME_MM = 0.01
"""Outlines that agree with the reference to this were not placed with a mouse."""

_ON_REFERENCE = "The outlines are those of the reference to 0.01 mm: nobody has placed them."

DRAWS = 40
"""Faultless placements that a score is compared with, as in the lessons."""

_FEW = 3
"""So few bodies are grown in this process: others would take as long to begin."""

Reading = tuple[str, str, str, str]
"""Lesson, student, exercise, and the ROI file as text."""


@dataclass(frozen=True, slots=True)
class Job:
    """One body, and the outlines of all who read it, on whatever day.

    Attributes
    ----------
    kind, seed
        How the body is drawn.
    days : tuple of (int, tuple of Reading)
        Each day on which it was scanned, with its readings.
    with_result : bool
        Whether the score must be right too; else a reading counts if it is complete and on the right levels.
    """

    kind: str
    seed: int
    days: tuple[tuple[int, tuple[Reading, ...]], ...]
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
    """Judge readings, on several cores where there are many bodies; the order is that of the answers.

    Parameters
    ----------
    jobs : iterable of Job
        One a body.
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
            for day, readings in job.days:
                case = case_name(job.kind, job.seed, day)
                for lesson, student, exercise, _ in readings:
                    yield Judged(lesson=lesson, student=student, exercise=exercise, case=case, reason=_NOT_JUDGED)
        else:
            yield from answer


_NOT_JUDGED = "It could not be judged: the process that did ended. Grade again with --processes 1."


def judged(job: Job) -> list[Judged]:
    """Every reading of one body, and of lesson 70 the reference reader's first."""
    body = _Body(draw_body(job.seed, kind=job.kind))
    return [one for day, readings in job.days for one in _judged_on(body, job, day, readings)]


class _Body:
    """A body, and the faultless placements in it, which are the same on every day and looked for once.

    Parameters
    ----------
    phantom : Phantom
        From :func:`vbqkit.exercises.cases.draw_body`.
    """

    def __init__(self, phantom: Phantom) -> None:
        self.phantom = phantom
        self._faultless: tuple[Mapping[str, Roi], ...] | None = None

    def faultless(self, case: TeachingCase) -> list[dict[str, Roi]]:
        """The placements on one of its days."""
        truth = truth_of(case)
        away = truth.center_mm - self.phantom.center_mm
        if self._faultless is None:
            found = faultless_placements(
                truth, volumes=case.volumes, score=SCORE, rng=np.random.default_rng(truth.seed), draws=DRAWS
            )
            self._faultless = tuple({name: roi.moved(-away) for name, roi in placed.items()} for placed in found)
        return [{name: roi.moved(away) for name, roi in placed.items()} for placed in self._faultless]


def _judged_on(body: _Body, job: Job, day: int, readings: Sequence[Reading]) -> list[Judged]:
    """Every reading of one day."""
    case = scan_body(body.phantom, kind=job.kind, day=day, around=_all_rois(readings))
    results = []
    if not job.with_result:
        row = reading_row(truth_of(case).reference_rois, case, reader=REFERENCE, exercise=REFERENCE)
        results.append(
            Judged(lesson="", student=REFERENCE, exercise=REFERENCE, case=case.name, passed=True, value=row["value"])
        )
    spread: float | None = None
    for lesson, student, exercise, text in readings:
        one = Judged(lesson=lesson, student=student, exercise=exercise, case=case.name)
        try:
            rois = _rois(text, case)
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
                found = _consequence(rois, case, body, spread)
                spread = found.spread
                one = _with_result(one, found)
        except VbqkitError as error:
            one = replace(one, reason=str(error))
        except Exception as error:  # of a file that somebody wrote: it costs its own row, never the class
            one = replace(one, reason=f"It could not be judged ({type(error).__name__}: {shown(error)}).")
        results.append(one)
    return results


def _all_rois(readings: Sequence[Reading]) -> list[Roi]:
    """The ROIs of some readings, without readings that cannot be read: judging those says why."""
    found: list[Roi] = []
    for *_, text in readings:
        with suppress(Exception):
            found += _rois(text)
    return found


def _consequence(rois: tuple[Roi, ...], case: TeachingCase, body: _Body, spread: float | None) -> Consequence:
    return check_consequence(
        rois,
        truth_of(case),
        volumes=case.volumes,
        score=SCORE,
        aggregate="median",
        rng=np.random.default_rng(truth_of(case).seed),
        draws=DRAWS,
        spread=spread,
        faultless=None if spread is not None else body.faultless(case),
    )


def _with_result(one: Judged, found: Consequence) -> Judged:
    """A reading whose ROIs all pass: it passes if the score lies where faultless placements put it."""
    told = (
        "" if found.passed else f"Each ROI passes, but together they shift {SCORE} by {found.in_spreads:+.1f} spreads."
    )
    return replace(one, passed=found.passed, value=found.value, in_spreads=found.in_spreads, reason=told)


def _rois(text: str, case: TeachingCase | None = None) -> tuple[Roi, ...]:
    """The ROIs of a reading; those that were placed on another picture than the case's T1 are refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reading.vbqkit.json"
        path.write_text(text, encoding="utf-8")
        file = read_rois(path)
    if case is not None:
        try:
            file.belongs(case.volumes["T1"])
        except FormatError as error:
            raise FormatError(
                f"These ROIs were placed on another picture than that of {case.name} (their frame of reference differs): "
                "of another patient or day, or made by another version of vbqkit. Place them again and hand in again."
            ) from error
    return tuple(roi for roi in file if roi.label in WHOLE_CASE or roi.label[:1] in "TLS")


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
