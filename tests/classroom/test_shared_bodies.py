"""Students share bodies, not pictures: each body is grown once, grades stay the same, and a neighbour is no help."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.classroom.students import sharing_a_body
from vbqkit.classroom import HandIn, assigned_to, collect_hand_ins, grade_class, virtual_hand_in, write_hand_in
from vbqkit.classroom.assignments import DRAWN
from vbqkit.classroom.grading import _belonging, _jobs
from vbqkit.classroom.hand_in import Outlines
from vbqkit.classroom.judging import SCORE, _rois
from vbqkit.classroom.virtual_class import as_file
from vbqkit.exercises import (
    case_seed,
    check_consequence,
    check_placements,
    grade_table,
    make_case,
    tissue_signals,
    virtual_reader,
    visit_of,
)
from vbqkit.exercises.cases import draw_body, findings_of, scan_body
from vbqkit.exercises.placement import WHOLE_CASE
from vbqkit.exercises.reading_file import case_code
from vbqkit.exercises.shared_bodies import BODIES, body_seed
from vbqkit.exercises.stations import FINAL_KINDS
from vbqkit.teacher import truth_of

ASKED = [*(asked for drawn in DRAWN.values() for _, _, asked in drawn), *(f"final {kind}" for kind in FINAL_KINDS)]
MOST = 0.10
"""Greatest share of a neighbour's ROIs that may pass."""


@pytest.mark.parametrize("asked", ASKED)
def test_a_class_shares_six_bodies_and_no_two_students_a_day(asked):
    visits = [visit_of(str(number), asked) for number in range(1000)]
    assert len({*visits}) == len(visits)
    bodies = Counter(seed for seed, _ in visits)
    assert sorted(bodies) == sorted({body_seed(number, asked) for number in range(BODIES)})
    assert len(bodies) == BODIES
    assert max(bodies.values()) < 2 * len(visits) / BODIES


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("haemangioma", "proposed"),
        ("fracture", "pitfalls"),
        *((kind, f"final {kind}") for kind in ("fracture", "haemangioma", "modic")),
    ],
)
def test_what_is_to_be_seen_is_not_at_one_level_in_most_bodies(kind, asked):
    """Else a guess would do. (Stenosis is always beside L3, where CSF is measured.)"""
    found = Counter(
        findings_of(kind, np.random.default_rng([body_seed(number, asked), 2]))[0].level for number in range(BODIES)
    )
    assert len(found) >= 3
    assert max(found.values()) <= BODIES / 2


@pytest.mark.slow
@pytest.mark.parametrize("number", range(BODIES))
def test_every_body_of_lesson_20_shows_what_the_lesson_says(number):
    """As tests/notebook_claims.py has it of student 1."""
    body = draw_body(body_seed(number, "placing"))
    case = scan_body(body, kind="plain", day=1000 + number, around=())
    seen = tissue_signals(truth_of(case), case.middle_slice()).set_index("structure").mean_signal
    assert max(seen.cortex, seen.endplate, seen["basivertebral vein"]) < seen.marrow
    assert all(seen.CSF < seen[grey] < seen.marrow for grey in ("disc", "nerve root", "spinal cord"))
    assert (seen.idxmax(), seen.idxmin()) == ("epidural fat", "CSF")


def test_what_a_class_grows_depends_on_bodies_not_on_students():
    received = [made_on(str(number), assigned_to(str(number), "20")) for number in range(25)]
    jobs = _jobs(received)
    assert sum(len(job.days) for job in jobs) == 2 * 25
    assert len(jobs) <= 2 * BODIES
    assert [len(job.days) for job in jobs] == sorted((len(job.days) for job in jobs), reverse=True)


class _Received:
    def __init__(self, made):
        self.hand_in = made


def made_on(student, patients, lesson="20"):
    readings = tuple(
        Outlines(one.exercise, case_code(one.kind, one.seed, one.day), {"of": one.case}) for one in patients
    )
    return _Received(
        HandIn(student=student, lesson=lesson, made_at="2026-03-02T11:00:00+00:00", attempts=(), readings=readings)
    )


@pytest.mark.parametrize("lesson", ["20", "25", "80", "99"])
def test_patients_of_earlier_versions_are_judged_too_but_one_an_exercise(lesson):
    now, before = assigned_to("17", lesson), assigned_to("17", lesson, earlier=True)
    assert {one.case for one in now}.isdisjoint(one.case for one in before)
    for patients in (now, before):
        listed = [
            (exercise, json.loads(text)["of"]) for _, exercise, text in _belonging(made_on("17", patients, lesson))
        ]
        assert listed == [(one.exercise, one.case) for one in patients]
    both = [exercise for _, exercise, _ in _belonging(made_on("17", (*now, *before), lesson))]
    assert both == [one.exercise for one in now]
    assert not list(_belonging(made_on("18", before, lesson))), "they belong to another student"


def test_earlier_versions_drew_their_patients_by_name_and_exercise():
    """Numbers that stand in files: of the placements of lesson 20 and of the final, as they were drawn before."""
    before = [
        (one.kind, one.seed, one.day) for lesson in ("20", "99") for one in assigned_to("17", lesson, earlier=True)
    ]
    first, second = (case_seed("17", asked) for asked in ("placing", "placing from empty"))
    assert before == [
        ("plain", first, 0),
        ("plain", second, 0),
        ("plain", 76531, 0),
        ("stenosis", 76535, 0),
        ("fracture", 76532, 0),
        ("plain", 76531, 1),
        ("modic", 76534, 0),
        ("haemangioma", 76533, 0),
    ]
    assert (first, second) == (20874, 16727)


def placed(case, *, sd_mm, sees, number=0):
    rng = np.random.default_rng([truth_of(case).seed, number])
    return [roi for roi in virtual_reader(case, sd_mm=sd_mm, sees=sees, rng=rng) if roi.label in WHOLE_CASE]


def passes(rois, case):
    return all(grade.passed for grade in check_placements(rois, truth_of(case), image=case.volumes["T1"]))


@pytest.mark.slow
def test_a_neighbours_coordinates_fail_and_the_same_rois_moved_with_the_body_pass():
    """Eight students on one body. The null: nothing is wrong with the ROIs themselves, and on a body that kept its
    coordinates, as on the days of earlier versions, a neighbour's pass as well as one's own."""
    students = sharing_a_body("placing from empty", 8)
    seed, _ = visit_of(students[0], "placing from empty")
    body = draw_body(seed)
    cases = [scan_body(body, kind="plain", day=visit_of(s, "placing from empty")[1]) for s in students]
    rois = [placed(case, sd_mm=1.0, sees=True, number=k) for k, case in enumerate(cases)]
    own, copied, moved = [], [], []
    for k, case in enumerate(cases):
        own.append(passes(rois[k], case))
        copied += [passes(rois[other], case) for other in range(len(cases)) if other != k]
        away = truth_of(case).center_mm - truth_of(cases[k - 1]).center_mm
        moved.append(passes([roi.moved(away) for roi in rois[k - 1]], case))
    assert np.mean(copied) < MOST
    assert np.mean(own) > 0.8
    assert np.mean(moved) > 0.8
    days = [scan_body(body, kind="plain", day=day) for day in (0, 1)]
    assert passes(placed(days[0], sd_mm=1.0, sees=True), days[1]), (
        "the days of earlier versions: coordinates are of use"
    )


@pytest.mark.slow
def test_rois_of_another_picture_are_refused_by_name_and_not_called_misplaced(tmp_path):
    """A class file that a student copied from a neighbour, or that an earlier version made on the same day."""
    first, second = sharing_a_body("proposed", 2)
    made = [virtual_hand_in(student, "25", sd_mm=1.0, sees=True) for student in (first, second)]
    theirs = replace(made[1], readings=(replace(made[1].readings[0], rois=made[0].readings[0].rois),))
    for one in (made[0], theirs):
        write_hand_in(one, tmp_path)
    graded = grade_class(collect_hand_ins([tmp_path]), processes=1).items
    placement = graded[graded["what"] == "placement"].set_index("student")
    assert placement.passed[first]
    assert not placement.passed[second]
    assert "placed on another picture" in placement.remark[second]


def by_earlier_version(made):
    """The hand-in of somebody who placed the same ROIs with an earlier version, on the patients that it drew."""
    readings = []
    for one in assigned_to(made.student, made.lesson, earlier=True):
        case = make_case(one.seed, kind=one.kind, day=one.day)
        content = as_file(placed(case, sd_mm=1.0, sees=True), case)
        readings.append(Outlines(one.exercise, case_code(one.kind, one.seed, one.day), content))
    return replace(made, readings=tuple(readings))


def on_the_case_made_whole(reading):
    """What the lesson itself says to the student: the patient made whole, by itself, nothing shared with others."""
    kind, seed, day = reading.case
    case = make_case(seed, kind=kind, day=day)
    rois = _rois(json.dumps(reading.rois))
    grades = check_placements(rois, truth_of(case), image=case.volumes["T1"])
    if not all(grade.passed for grade in grades):
        return grades, None
    found = check_consequence(
        rois,
        truth_of(case),
        volumes=case.volumes,
        score=SCORE,
        aggregate="median",
        rng=np.random.default_rng(truth_of(case).seed),
    )
    return grades, found


@pytest.mark.slow
def test_grades_are_those_of_cases_made_whole(tmp_path):
    """Four students of lesson 25: two careful and one careless on days of one body, one careful with an earlier
    version. Every number of every ROI is the same to the last digit, the shift of the score to 1e-9 spreads."""
    first, second, careless = sharing_a_body("proposed", 3)
    made = [
        virtual_hand_in(first, "25", sd_mm=1.0, sees=True),
        virtual_hand_in(second, "25", sd_mm=1.0, sees=True),
        virtual_hand_in(careless, "25", sd_mm=4.0),
        by_earlier_version(virtual_hand_in("earlier", "25", sd_mm=1.0, sees=True)),
    ]
    for one in made:
        write_hand_in(one, tmp_path)
    graded = grade_class(collect_hand_ins([tmp_path]), processes=1)
    assert len({job.seed for job in _jobs(collect_hand_ins([tmp_path]).counted)}) == 2
    shifts = []
    for one in made:
        (reading,) = one.readings
        grades, found = on_the_case_made_whole(reading)
        rows = graded.placements[graded.placements["student"] == one.student]
        assert rows[list(grades[0].as_row())].to_dict("records") == pd.DataFrame(grade_table(grades)).to_dict("records")
        (item,) = graded.items[
            (graded.items["student"] == one.student) & (graded.items["what"] == "placement")
        ].itertuples()
        assert item.passed == (found is not None and found.passed)
        if found is not None:
            shifts.append(found.in_spreads)
            assert item.in_spreads == pytest.approx(found.in_spreads, abs=1e-9)
    assert len(shifts) >= 2, "no score was compared"
    assert len({*shifts}) == len(shifts)
