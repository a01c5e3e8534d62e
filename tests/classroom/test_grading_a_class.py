"""Grades come from outlines and answers, not from what a file says of itself; a class is graded whole."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.classroom.students import sharing_a_body
from vbqkit.batch.running import WorkerLost
from vbqkit.classroom import (
    HandIn,
    assigned_to,
    class_html,
    collect_hand_ins,
    grade_class,
    questions_of,
    virtual_hand_in,
    write_grades,
    write_hand_in,
)
from vbqkit.classroom.assignments import DRAWN, RECORDED
from vbqkit.classroom.grading import _jobs
from vbqkit.classroom.hand_in import Outlines
from vbqkit.classroom.judging import Job, Judged, judge_all, judged
from vbqkit.exercises import Attempt, choices, lessons, question
from vbqkit.exercises.answers import answer_detail
from vbqkit.exercises.questions import NUMBERS
from vbqkit.exercises.readers import _known_body, known_case
from vbqkit.formats.roi_json import _shape_as_json
from vbqkit.teacher import reference_rois

ROOT = Path(__file__).parents[2]
AT = "2026-03-02T11:{:02}:00+00:00"


def _right(name):
    asked = question(name)
    return next(key for key, _ in asked.options if asked.check(key).right)


def _wrong(name):
    asked = question(name)
    return next(key for key, _ in asked.options if not asked.check(key).right)


VEIN = _right("20-vein")


def answered(student, **keys):
    """A hand-in of lesson 20's questions, with the answers given."""
    tries = [
        Attempt(
            lesson="20",
            exercise=f"20-{name}",
            passed=passed,
            at=AT.format(minute),
            student=student,
            detail=answer_detail(key) if key else "",
        )
        for minute, (name, (key, passed)) in enumerate(keys.items())
    ]
    return HandIn(student=student, lesson="20", made_at=AT.format(59), attempts=tuple(tries), readings=())


def graded(tmp_path, *hand_ins, **options):
    for number, made in enumerate(hand_ins):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_hand_in(made, folder)
    return grade_class(collect_hand_ins([tmp_path]), processes=1, **options)


def row_of(grades, student):
    (row,) = grades.grades[grades.grades["student"] == student].to_dict("records")
    return row


def test_every_question_and_placement_of_a_lesson_counts_done_or_not(tmp_path):
    row = row_of(graded(tmp_path, answered("17", vein=(VEIN, True))), "17")
    assert (row["questions"], row["placements"], row["percent"], row["passed"]) == (3, 2, 20, False)
    assert "place: No outlines were handed in." in row["remarks"]


def test_an_answer_that_was_kept_is_checked_again(tmp_path):
    claimed = answered("17", vein=(VEIN, True), csf=(_wrong("20-csf"), True), effect=("", True))
    items = graded(tmp_path, claimed).items.set_index("exercise")
    assert items.loc["20-vein", "passed"]
    assert not items.loc["20-csf", "passed"]
    assert items.loc["20-csf", "remark"] == "Recorded as right, but the answer is wrong."
    assert items.loc["20-effect", "passed"], "earlier versions kept no answers: the record is taken"


def test_time_is_that_between_tries(tmp_path):
    row = row_of(graded(tmp_path, answered("17", vein=(VEIN, True), csf=("a", False), effect=("a", False))), "17")
    assert row["minutes"] == 2.0
    assert row["tries"] == 3


def a_reading(made, number, **changed):
    one = assigned_to(made, "20")[number]
    return Judged(
        **{"lesson": "20", "student": made, "exercise": one.exercise, "case": one.case, "passed": True} | changed
    )


@pytest.fixture
def judged_as(monkeypatch):
    """Judge nothing: these readings come out."""
    return lambda *results: monkeypatch.setattr(
        "vbqkit.classroom.grading.judge_all", lambda jobs, processes: iter(results)
    )


def test_a_lesson_is_passed_by_questions_and_placements_both(tmp_path, judged_as):
    right = {
        name: (key, True) for name, key in (("vein", VEIN), ("csf", _right("20-csf")), ("effect", _right("20-effect")))
    }
    judged_as(a_reading("17", 0), a_reading("17", 1), a_reading("18", 0))
    grades = graded(tmp_path, answered("17", **right), answered("18", **right))
    assert row_of(grades, "17")["passed"]
    assert row_of(grades, "17")["percent"] == 100
    assert (row_of(grades, "18")["passed"], row_of(grades, "18")["percent"]) == (False, 80)


def test_the_outlines_of_a_classmate_pass_for_neither(tmp_path, judged_as):
    case = assigned_to("17", "20")[1].case
    judged_as(
        a_reading("17", 1, digest="abc", case=case),
        a_reading("18", 1, digest="abc", case=case),
        a_reading("17", 0, digest="abd"),
    )
    items = graded(tmp_path, answered("17"), answered("18")).items
    mine = items[items["student"] == "17"].set_index("exercise")
    assert not mine.loc["place", "passed"]
    assert "those of 18, to 0.0001 mm" in mine.loc["place", "remark"]
    assert mine.loc["correct", "passed"]


def test_the_outlines_of_a_classmate_on_another_day_of_the_same_body_pass_for_neither(tmp_path, judged_as):
    mine, theirs = sharing_a_body("placing from empty", 2)
    cases = [assigned_to(student, "20")[1].case for student in (mine, theirs)]
    assert cases[0] != cases[1]
    judged_as(a_reading(mine, 1, digest="abc"), a_reading(theirs, 1, digest="abc"))
    items = graded(tmp_path, answered(mine), answered(theirs)).items
    assert not items[items["exercise"] == "place"]["passed"].any()


def test_what_was_placed_on_the_patient_of_an_earlier_version_counts(tmp_path, judged_as):
    before = assigned_to("17", "20", earlier=True)[1].case
    judged_as(a_reading("17", 1, case=before))
    items = graded(tmp_path, answered("17")).items.set_index("exercise")
    assert items.loc["place", "passed"]
    assert not items.loc["correct", "passed"]


def test_a_reading_whose_process_ended_is_named_and_not_called_missing(monkeypatch):
    monkeypatch.setattr(
        "vbqkit.classroom.judging.done_by", lambda workers, work, jobs: ((job, WorkerLost()) for job in jobs)
    )
    one = assigned_to("17", "20")[1]
    jobs = [Job(one.kind, one.seed + k, ((one.day, (("20", "17", "place", "{}"),)),), True) for k in range(4)]
    lost = list(judge_all(jobs, processes=2))
    assert lost[0].case == one.case
    assert all("the process that did ended" in result.reason for result in lost)


def readings_of(student, shift, n=5, seed=0):
    values = np.linspace(2.0, 3.4, 5) + shift * np.random.default_rng(seed).normal(size=5)
    cases = [one.case for one in assigned_to("1", "70")[:5]]
    return [
        Judged(lesson="70", student=student, exercise="reading1", case=c, passed=True, value=float(v))
        for c, v in zip(cases[:n], values[:n], strict=True)
    ]


def test_agreement_is_of_those_who_read_every_patient(tmp_path, judged_as):
    reference = [
        Judged(lesson="", student="reference", exercise="reference", case=r.case, passed=True, value=r.value)
        for r in readings_of("x", 0.0)
    ]
    judged_as(*reference, *readings_of("a", 0.02), *readings_of("b", 0.4, seed=1), *readings_of("c", 0.0, n=3))
    grades = graded(
        tmp_path, *(HandIn(student=s, lesson="70", made_at=AT.format(1), attempts=(), readings=()) for s in "abc")
    )
    table = grades.agreement.set_index("student")
    assert list(table.index) == ["a", "b"]
    assert table.loc["a", "icc"] > 0.98 > table.loc["b", "icc"]
    assert table.loc["a", "ci_low"] < table.loc["a", "icc"] < table.loc["a", "ci_high"]
    assert grades.class_icc["n_students"] == 2
    assert grades.class_icc["left_out"] == ("c",)
    page = class_html(grades)
    assert "ICC(2,1) of 2 students over 5 patients" in page
    assert "Left out, because not all patients were read: c." in page


def test_the_table_of_grades_runs_no_formula_and_keeps_every_letter(tmp_path):
    members = tmp_path / "in" / "=HYPERLINK(1)_5_assignsubmission_file_"
    members.mkdir(parents=True)
    write_hand_in(answered("José", vein=(VEIN, True)), members)
    grades = grade_class(collect_hand_ins([tmp_path / "in"]), processes=1)
    path = write_grades(grades, tmp_path / "grades.csv")
    (row,) = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    assert row["student"] == "José"
    assert row["by"] == "'=HYPERLINK(1)"
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_a_name_or_remark_with_markup_stays_text_on_the_page(tmp_path):
    folder = tmp_path / "<img src=x onerror=alert(1)>_5_assignsubmission_file_"
    folder.mkdir()
    write_hand_in(answered("17"), folder)
    (folder / "x.handin.json").write_text("{", encoding="utf-8")
    page = class_html(grade_class(collect_hand_ins([tmp_path]), processes=1))
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_an_empty_folder_is_a_class_of_nobody(tmp_path):
    page = class_html(grade_class(collect_hand_ins([tmp_path])))
    assert "0 students, 0 hand-ins that count" in page
    assert "There is no hand-in." in page


def code_of(path):
    return "\n".join(
        "".join(c["source"]) for c in json.loads(path.read_text("utf-8"))["cells"] if c["cell_type"] == "code"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), ids=lambda path: path.stem)
def test_the_patients_of_a_lesson_are_those_that_the_lesson_draws(path):
    """The notebooks draw them, and grading draws them again: exercise, kind and what the seed is made of agree."""
    code, lesson = code_of(path), path.name[:2]
    for exercise, kind, asked in DRAWN.get(lesson, ()):
        assert f'case_for(student, "{asked}"' in code
        assert f'exercise="{exercise}"' in code
        assert kind == "plain" or f'kind="{kind}"' in code
    listed = len(DRAWN.get(lesson, ())) + ("place" in RECORDED.get(lesson, ()))
    assert len(re.findall(r"PlacingExercise\(", code)) == listed, "a placement that is not graded"


def test_every_question_of_the_course_belongs_to_a_lesson():
    assert sorted(name for lesson in lessons() for name in questions_of(lesson.number)) == sorted(
        [*choices(), *NUMBERS]
    )


# A class of 25: 12 careful, 8 careless, 5 cheats.

CAREFUL, CARELESS, CHEATS = 12, 8, 5


@pytest.fixture
def drawn_once(monkeypatch):
    """Judging takes the body on which a virtual student has just placed ROIs: growing it again would give the same, and
    takes most of the time."""
    monkeypatch.setattr("vbqkit.classroom.judging.draw_body", lambda seed, *, kind: _known_body(kind, seed))


@pytest.fixture
def hand_in(tmp_path, monkeypatch, drawn_once):
    """Write a hand-in and judge it while its patients are at hand; grading must ask for the same, to the last digit of
    every outline, and is given what was found then."""
    found = {}

    def write(made, by=write_hand_in):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        by(made, folder)
        for job in _jobs(collect_hand_ins([folder]).counted):
            found.update(zip(of_days(job), judged(job), strict=True))

    def of_days(job):
        return [(job.kind, job.seed, day, reading) for day, readings in job.days for reading in readings]

    monkeypatch.setattr(
        "vbqkit.classroom.grading.judge_all",
        lambda jobs, processes: (found[one] for job in jobs for one in of_days(job)),
    )
    return write


def _edited(made, folder):
    """Changed in a text editor: wrong answers called right."""
    path = write_hand_in(made, folder)
    path.write_text(path.read_text("utf-8").replace('"passed": false', '"passed": true'), encoding="utf-8")


def _with_readings(made, change):
    def changed(reading):
        content = json.loads(json.dumps(reading.rois))
        return Outlines(reading.exercise, reading.code, change(reading, content))

    return HandIn(
        student=made.student,
        lesson=made.lesson,
        made_at=made.made_at,
        attempts=made.attempts,
        readings=tuple(changed(r) for r in made.readings),
    )


def _on_the_reference(reading, content):
    wanted = ("L1", "L2", "L3", "L4", "CSF", "noise")
    rois = [_shape_as_json(r) for r in reference_rois(known_case(*reading.case)) if r.label in wanted]
    return content | {"rois": json.loads(json.dumps(rois))}


@pytest.mark.slow
def test_in_a_class_of_25_the_careful_pass_the_careless_do_not_and_nobody_cheats(tmp_path, hand_in):
    """Goals: 95 % of careful placements (1 mm, who look) and under 10 % of careless ones (4 mm, who do not) pass, each
    within two standard errors; of five kinds of cheating none."""
    careful = [f"careful {k}" for k in range(CAREFUL)]
    careless = [f"careless {k}" for k in range(CARELESS)]
    first, *others = careful
    honest = virtual_hand_in(first, "20", sd_mm=1.0, sees=True)
    hand_in(honest)
    for student in others:
        hand_in(virtual_hand_in(student, "20", sd_mm=1.0, sees=True))
    for student in careless:
        hand_in(virtual_hand_in(student, "20", sd_mm=4.0, knows=0.5))
    hand_in(virtual_hand_in("cheat edits", "20", sd_mm=4.0, knows=0.0), by=_edited)
    hand_in(  # seals a classmate's work again under another number
        HandIn(
            student="cheat renames",
            lesson="20",
            made_at=honest.made_at,
            attempts=honest.attempts,
            readings=honest.readings,
        )
    )
    for name, change in (
        ("cheat of the reference", _on_the_reference),
        ("cheat of four pixels", lambda _, content: content | {"rois": [_small(r) for r in content["rois"]]}),
        ("cheat without L2", lambda _, content: content | {"rois": [r for r in content["rois"] if r["label"] != "L2"]}),
    ):
        hand_in(_with_readings(virtual_hand_in(name, "20", sd_mm=1.0, sees=True), change))
    grades = grade_class(collect_hand_ins([tmp_path]))
    placed = grades.items[grades.items["what"] == "placement"]

    def share(students):
        return placed[placed["student"].isin(students)]["passed"].mean()

    n, m = 2 * CAREFUL, 2 * CARELESS
    assert share(careful) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / n)
    assert share(careless) <= 0.10 + 2 * np.sqrt(0.10 * 0.90 / m)
    cheats = grades.grades[grades.grades["student"].str.startswith("cheat")]
    assert len(cheats) == CHEATS - 1, "one was refused already"
    assert not cheats["passed"].any()
    assert not placed[placed["student"].str.startswith("cheat")]["passed"].any()
    (refused,) = [row for row in grades.collected.rows if row["state"] == "refused"]
    assert "changed after it was made" in refused["reason"]
    assert len(grades.pictures) == 12


def _small(roi):
    """A ROI of four pixels: 0.22 times as wide and as high."""
    return roi | {side: [0.22 * v for v in roi[side]] for side in ("half_width", "half_height")}


@pytest.mark.slow
@pytest.mark.xdist_group("patients of lesson 70")
def test_careful_readers_reach_an_icc_of_0_9_in_lesson_70(tmp_path):
    """25 readers of 1 mm who look, the five patients of lesson 70: the median ICC(2,1) with the reference."""
    for k in range(25):
        write_hand_in(virtual_hand_in(f"reader {k}", "70", sd_mm=1.0, sees=True), tmp_path)
    grades = grade_class(collect_hand_ins([tmp_path]))
    assert len(grades.agreement) >= 20
    assert grades.agreement["icc"].median() >= 0.9
    assert grades.class_icc["estimate"] >= 0.8


@pytest.mark.slow
@pytest.mark.xdist_group("patients of lesson 70")
def test_a_missing_roi_a_wrong_level_and_a_reading_twice_are_named(tmp_path, drawn_once):
    base = virtual_hand_in("17", "70", sd_mm=0.5, sees=True)
    names = {"L1": "L2", "L2": "L3", "L3": "L4", "L4": "L5"}
    first, second, third, *rest = base.readings
    missing = first.rois | {"rois": [r for r in first.rois["rois"] if r["label"] != "L3"]}
    shifted = second.rois | {"rois": [r | {"label": names.get(r["label"], r["label"])} for r in second.rois["rois"]]}
    again = next(r for r in rest if r.code == third.code)
    readings = [
        type(first)(first.exercise, first.code, missing),
        type(first)(second.exercise, second.code, shifted),
        third,
        *(type(first)(r.exercise, r.code, third.rois) if r is again else r for r in rest),
    ]
    made = HandIn(student="17", lesson="70", made_at=base.made_at, attempts=(), readings=tuple(readings))
    write_hand_in(made, tmp_path)
    items = grade_class(collect_hand_ins([tmp_path]), processes=1).items
    remarks = [row.remark for row in items.itertuples() if row.what == "reading" and not row.passed]
    assert len(remarks) == 4
    assert any("L3 is missing" in remark for remark in remarks)
    assert any("on another level than its name says" in remark or "L1 is missing" in remark for remark in remarks)
    assert sum("those of the other reading" in remark for remark in remarks) == 2
