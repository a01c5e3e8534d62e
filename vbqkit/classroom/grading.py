"""Grade a class: answers and outlines are checked again; what a student's file says of itself is only compared."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from vbqkit.classroom.assignments import READING, RECORDED, Assigned, assigned_to, questions_of
from vbqkit.classroom.collecting import Collected, Received
from vbqkit.classroom.judging import Job, Judged, Reading, judge_all
from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises.answers import given_answer
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.progress import Attempt
from vbqkit.exercises.questions import question
from vbqkit.exercises.readers import COLUMNS, REFERENCE, agreement_table
from vbqkit.exercises.reading_file import case_of_code
from vbqkit.exercises.report_card import needed_to_pass
from vbqkit.stats import bland_altman, icc

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

GRADE_COLUMNS = (
    "student",
    "by",
    "lesson",
    "passed",
    "percent",
    "questions_right",
    "questions",
    "placements_passed",
    "placements",
    "tries",
    "minutes",
    "last",
    "remarks",
)
_LONGEST_PAUSE_MIN = 15.0
"""A longer pause between two tries is not counted as work."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ClassGrades:
    """A class, graded.

    Attributes
    ----------
    collected : Collected
        Where the hand-ins came from, with what could not be read.
    grades : DataFrame
        One row a student and lesson: columns of :data:`GRADE_COLUMNS`.
    items : DataFrame
        One row an exercise: student, lesson, exercise, what (``"question"``, ``"placement"``, ``"reading"``,
        ``"recorded"``), passed, recorded (what the student's file says), tries, in_spreads, remark.
    placements : DataFrame
        One row a ROI: student, lesson, exercise, case, and the columns of :func:`vbqkit.exercises.grade_table`.
    readings : DataFrame
        Readings of lesson 70, as :func:`vbqkit.exercises.agreement_table` takes them.
    agreement : DataFrame
        One row a student who read all patients of lesson 70: student, icc, ci_low, ci_high (ICC(2,1) with the reference
        reader), bias, lower, upper (limits of agreement, %).
    class_icc : dict
        ICC(2,1) of the class: estimate, ci_low, ci_high, n_patients, n_students, left_out; empty if fewer than two
        students read all.
    pictures : tuple of (str, str)
        Whose and of which exercise; the ROI with the smallest share of the right tissue as an HTML figure, worst first.
    """

    collected: Collected
    grades: pd.DataFrame
    items: pd.DataFrame
    placements: pd.DataFrame
    readings: pd.DataFrame
    agreement: pd.DataFrame
    class_icc: dict[str, Any]
    pictures: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def grade_class(collected: Collected, *, processes: int | None = None, most_pictures: int = 12) -> ClassGrades:
    """Grade every hand-in of a class.

    A lesson is passed if at least 80 % of its questions are right and at least 80 % of its placements pass, each
    rounded up (:func:`vbqkit.exercises.report_card.needed_to_pass`). Answers are checked again where they were kept,
    outlines always, on the patient that belongs to the student's number. Outlines that two students share to 0.0001 mm,
    or that lie on the reference, do not pass.

    Parameters
    ----------
    collected : Collected
        From :func:`collect_hand_ins`.
    processes : int, optional
        How many work at a time; by default one a core.
    most_pictures : int
        How many of the worst placements are shown.

    Returns
    -------
    ClassGrades
    """
    results = _with_copies(list(judge_all(_jobs(collected.counted), processes=processes)))
    by_reading = {(r.lesson, r.student, r.exercise, r.case): r for r in results}
    items, grades = [], []
    for found in collected.counted:
        own = _items(found, by_reading)
        items += own
        grades.append(_grade(found, own))
    readings = pd.DataFrame(
        [
            {"reader": r.student, "exercise": r.exercise, "case": r.case, "value": r.value}
            for r in results
            if r.value is not None and r.passed and r.lesson in ("", READING)
        ],
        columns=list(COLUMNS),
    )
    placements = pd.DataFrame(
        [
            {"student": r.student, "lesson": r.lesson, "exercise": r.exercise, "case": r.case} | row
            for r in results
            for row in r.rois
        ]
    )
    agreement, class_icc = _agreement(readings)
    return ClassGrades(
        collected=collected,
        grades=pd.DataFrame(grades, columns=list(GRADE_COLUMNS)),
        items=pd.DataFrame(items),
        placements=placements,
        readings=readings,
        agreement=agreement,
        class_icc=class_icc,
        pictures=_worst(results, most_pictures),
    )


def _jobs(counted: Iterable[Received]) -> list[Job]:
    """One a body, those with most days first; outlines on a patient that is not the student's are not judged."""
    groups: dict[tuple[str, int, bool], dict[int, list[Reading]]] = defaultdict(lambda: defaultdict(list))
    for found in counted:
        made = found.hand_in
        for (kind, seed, day), exercise, text in _belonging(found):
            groups[kind, seed, made.lesson != READING][day].append((made.lesson, made.student, exercise, text))
    jobs = [
        Job(kind, seed, tuple((day, tuple(listed)) for day, listed in days.items()), whole)
        for (kind, seed, whole), days in groups.items()
    ]
    return sorted(jobs, key=lambda job: -len(job.days))


def _belonging(found: Received) -> Iterable[tuple[tuple[str, int, int], str, str]]:
    made = found.hand_in
    wanted = {
        (one.exercise, one.kind, one.seed, one.day): number
        for number, pair in enumerate(_now_and_earlier(made.student, made.lesson))
        for one in pair
    }
    done: set[int] = set()
    for reading in made.readings:
        try:
            case = case_of_code(reading.code)
        except FormatError:
            continue
        number = wanted.get((reading.exercise, *case))
        if number is not None and number not in done:  # twice in one file: the first counts
            done.add(number)
            yield case, reading.exercise, json.dumps(reading.rois)


def _now_and_earlier(student: str, lesson: str) -> Iterator[tuple[Assigned, Assigned]]:
    """Each patient of a student, and whom an earlier version drew in the same place: either may be handed in."""
    return zip(assigned_to(student, lesson), assigned_to(student, lesson, earlier=True), strict=True)


def _with_copies(results: list[Judged]) -> list[Judged]:
    """Readings whose outlines somebody else has too, or which the same student handed in twice, do not pass.

    On whatever day: the patient lies at other coordinates on each, so that nobody comes to the same ones by placing.
    """
    same: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for result in results:
        if result.digest:
            same[result.case.partition("-day")[0], result.digest].append(result)
    told: dict[int, str] = {}
    for copies in same.values():
        if len(copies) > 1:
            for one in copies:
                others = sorted({r.student for r in copies if r.student != one.student})
                whose = f"those of {', '.join(others)}" if others else "those of the other reading"
                told[id(one)] = f"The outlines are {whose}, to 0.0001 mm: somebody copied. Ask them."
    return [replace(r, passed=False, reason=told[id(r)]) if id(r) in told else r for r in results]


def _items(found: Received, judged: dict[tuple[str, str, str, str], Judged]) -> list[dict[str, Any]]:
    made = found.hand_in
    tries: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in made.attempts:
        tries[attempt.exercise].append(attempt)
    rows = []
    for name in questions_of(made.lesson):
        right, remark = _answered(name, tries[name], made.student)
        rows.append(_row(made, name, "question", right, tries[name], remark))
    what = "reading" if made.lesson == READING else "placement"
    for one, before in _now_and_earlier(made.student, made.lesson):
        key = (made.lesson, made.student, one.exercise)
        result = judged.get((*key, one.case)) or judged.get((*key, before.case))
        title = one.exercise if what == "placement" else f"{one.exercise} {one.case}"
        if result is None:
            other = any(r.exercise == one.exercise for r in made.readings) and what == "placement"
            remark = "The outlines are on a patient of another number." if other else "No outlines were handed in."
            rows.append(_row(made, title, what, False, tries[one.exercise], remark))
            continue
        faults = "; ".join(f"{r['label']}: {r['faults']}" for r in result.rois if not r["passed"])
        row = _row(made, title, what, result.passed, tries[one.exercise], result.reason or faults)
        rows.append(row | {"in_spreads": result.in_spreads})
    for name in RECORDED.get(made.lesson, ()):
        passed = any(a.passed for a in tries[name])
        rows.append(_row(made, name, "recorded", passed, tries[name], "" if passed else "Not passed."))
    return rows


def _row(made: Any, name: str, what: str, passed: bool, tries: Sequence[Attempt], remark: str) -> dict[str, Any]:
    recorded = any(a.passed for a in tries)
    if recorded and not passed and not remark:
        remark = "Recorded as passed; what was handed in does not pass."
    return {
        "student": made.student,
        "lesson": made.lesson,
        "exercise": name,
        "what": what,
        "passed": passed,
        "recorded": recorded,
        "tries": len(tries),
        "in_spreads": None,
        "remark": remark,
    }


def _answered(name: str, tries: Sequence[Attempt], student: str) -> tuple[bool, str]:
    """Whether a question was answered right; an answer that was kept is checked again."""
    if not tries:
        return False, "Not answered."
    asked = question(name, seed=case_seed(student, name))
    invented = False
    for attempt in tries:
        given = given_answer(attempt.detail)
        if attempt.passed and (given is None or asked.check(given).right):
            return True, ""
        invented = invented or attempt.passed
    return False, "Recorded as right, but the answer is wrong." if invented else ""


def _grade(found: Received, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    made = found.hand_in
    questions = [item for item in items if item["what"] == "question"]
    placed = [item for item in items if item["what"] != "question"]
    right, passing = (sum(item["passed"] for item in part) for part in (questions, placed))
    enough = right >= needed_to_pass(len(questions)) and passing >= needed_to_pass(len(placed))
    remarks = [f"{i['exercise']}: {i['remark']}" for i in items if i["remark"] and not i["passed"]]
    return {
        "student": made.student,
        "by": found.by,
        "lesson": made.lesson,
        "passed": enough and bool(items),
        "percent": round(100 * (right + passing) / len(items)) if items else 0,
        "questions_right": right,
        "questions": len(questions),
        "placements_passed": passing,
        "placements": len(placed),
        "tries": len(made.attempts),
        "minutes": minutes_of(made.attempts),
        "last": made.attempts[-1].at if made.attempts else made.made_at,
        "remarks": " ".join(remarks),
    }


def minutes_of(attempts: Iterable[Attempt]) -> float:
    """Time between tries, minutes; a pause of more than 15 minutes counts as 0. What came before the first is not seen.

    Examples
    --------
    >>> times = ("2026-01-01T10:00:00+00:00", "2026-01-01T10:04:00+00:00", "2026-01-01T19:00:00+00:00")
    >>> minutes_of(Attempt(lesson="20", exercise="place", passed=False, at=at) for at in times)
    4.0
    """
    times = []
    for attempt in attempts:
        try:
            times.append(datetime.fromisoformat(attempt.at).timestamp())
        except ValueError:
            continue
    times.sort()
    pauses = [(b - a) / 60.0 for a, b in itertools.pairwise(times)]
    return round(math.fsum(p for p in pauses if p <= _LONGEST_PAUSE_MIN), 1)


def _agreement(readings: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """First readings of lesson 70: each student beside the reference, and the class as a whole."""
    columns = ["student", "icc", "ci_low", "ci_high", "bias", "lower", "upper"]
    first = readings[readings["exercise"].isin(("reading1", REFERENCE))]
    counts = first.groupby("reader")["case"].nunique()
    whole = [name for name in counts.index if counts[name] == counts.max() and name != REFERENCE]
    left_out = [name for name in counts.index if counts[name] < counts.max()]
    if not whole or REFERENCE not in counts.index:
        return pd.DataFrame(columns=columns), {}
    wide = agreement_table(first[~first["reader"].isin(left_out)], exercise="reading1")
    rows = []
    for name in whole:
        try:
            limits = bland_altman(
                name, REFERENCE, data=wide.reset_index(), scale="percent", limits_interval="exact"
            ).set_index("quantity")["estimate"]
            agreed = _icc21(wide[[name, REFERENCE]])
        except VbqkitError:  # two patients or fewer
            continue
        told = {"student": name, "icc": agreed["estimate"], "ci_low": agreed["ci_low"], "ci_high": agreed["ci_high"]}
        rows.append(told | {"bias": limits["bias"], "lower": limits["lower limit"], "upper": limits["upper limit"]})
    table = pd.DataFrame(rows, columns=columns)
    if len(whole) < 2:
        return table, {}
    row = _icc21(wide[whole])
    return table, {
        "estimate": float(row["estimate"]),
        "ci_low": float(row["ci_low"]),
        "ci_high": float(row["ci_high"]),
        "n_patients": len(wide),
        "n_students": len(whole),
        "left_out": tuple(left_out),
    }


def _icc21(ratings: pd.DataFrame) -> Any:
    table = icc(ratings)
    return table[table["shrout_fleiss"] == "ICC(2,1)"].iloc[0]


def _worst(results: Iterable[Judged], most: int) -> tuple[tuple[str, str], ...]:
    def purity(result: Judged) -> float:
        return min((row["purity"] for row in result.rois if not row["passed"]), default=1.0)

    shown = sorted((r for r in results if r.picture), key=purity)
    return tuple((f"{r.student}, lesson {r.lesson}, {r.exercise}", r.picture) for r in shown[:most])


def write_grades(grades: ClassGrades, path: str | Path) -> Path:
    """Write the table of grades as CSV: UTF-8 with a mark that spreadsheets know, complete or not at all.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.

    Raises
    ------
    FormatError
        If it cannot be written.
    """
    path = Path(path)
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(GRADE_COLUMNS)
            for row in grades.grades.itertuples(index=False, name=None):
                table.writerow([harmless(cell) for cell in row])
        Path(draft).replace(path)
    except OSError as error:
        raise FormatError(f"'{path}' cannot be written: {error.strerror}. Choose another folder.") from error
    return path


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet runs as a formula.

    Examples
    --------
    >>> harmless("=cmd|' /C calc'!A0"), harmless(-3.5)
    ("'=cmd|' /C calc'!A0", -3.5)
    """
    if isinstance(cell, str) and cell.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return f"'{cell}"
    return cell
