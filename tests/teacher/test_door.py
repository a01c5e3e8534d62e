"""Answers are not one completion away from a student's hand, and the teacher's door opens to them."""

import json
import rlcompleter
from pathlib import Path

import ipywidgets
import pytest

import vbqkit.teacher
from vbqkit.anatomy import Phantom
from vbqkit.exercises import SampleCase, make_case
from vbqkit.exercises.readers import known_case
from vbqkit.lessons import PlacingExercise
from vbqkit.roi import Roi

ROOT = Path(__file__).parents[2]
TOOLS = {"ClassDashboard", "write_handout", "write_slides"}
"""What else is there for a teacher, and gives no answer away."""
BEHIND_THE_DOOR = {"final_stations", "reference_rois", "show_answer", "show_placement", "truth_of"}


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))


def completions(namespace, text):
    """What Tab offers after a text, in a kernel that holds these names."""
    completer = rlcompleter.Completer(namespace)
    found = []
    while (word := completer.complete(text, len(found))) is not None:
        found.append(word)
    return found


def answers_in(thing):
    """Public attributes that are a body with its truth, or ROIs."""
    found = []
    for name in dir(thing):
        if not name.startswith("_") and name not in dir(ipywidgets.VBox):
            value = getattr(thing, name)
            rois = isinstance(value, tuple | list) and any(isinstance(one, Roi) for one in value)
            if rois or isinstance(value, Phantom):
                found.append(name)
    return found


def test_a_case_offers_neither_its_truth_nor_its_reference_rois(case):
    sample = SampleCase(name="case04", volumes={})
    for one in (case, sample):
        assert answers_in(one) == []
        offered = completions({"case": one}, "case.")
        assert "case.name" in " ".join(offered)
        assert [word for word in offered if "reference" in word or "phantom" in word or "truth" in word] == []


def test_an_exercise_offers_no_roi_that_its_student_has_not_placed(case):
    exercise = PlacingExercise(case, lesson="20", exercise="place")
    assert answers_in(exercise) == answers_in(exercise.case) == []


def test_the_search_for_answers_finds_one():
    class Careless:
        phantom = None
        reference_rois = (Roi.__subclasses__()[0],)

    careless = Careless()
    careless.rois = vbqkit.teacher.reference_rois(make_case(3))
    assert answers_in(careless) == ["rois"]


def test_what_a_case_says_of_itself_does_not_tell_where_its_finding_is():
    fractured = known_case("fracture", 5)
    (finding,) = vbqkit.teacher.truth_of(fractured).findings
    assert finding.level not in repr(fractured)


def test_the_door_opens_to_all_of_it_and_the_lessons_facades_to_none():
    assert set(dir(vbqkit.teacher)) == BEHIND_THE_DOOR | TOOLS
    assert not BEHIND_THE_DOOR & {*dir(vbqkit.lessons), *dir(vbqkit.exercises)}


def test_the_reference_rois_of_the_door_are_those_that_graders_use(case):
    assert vbqkit.teacher.reference_rois(case) == vbqkit.teacher.truth_of(case).reference_rois


def test_no_lesson_opens_the_door_and_the_folder_of_lessons_holds_lessons_only():
    folder = ROOT / "notebooks"
    for path in folder.rglob("*.ipynb"):
        if ".ipynb_checkpoints" not in path.parts:
            assert path.parent == folder, f"{path} is listed beside the lessons"
            code = "".join("".join(c["source"]) for c in json.loads(path.read_text("utf-8"))["cells"])
            assert "vbqkit.teacher" not in code
    assert {"plan.ipynb", "class_mode.ipynb", "solutions.ipynb"} <= {p.name for p in (ROOT / "teacher").iterdir()}


def test_make_lab_opens_the_folder_of_lessons_and_make_teacher_the_other():
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "notebooks/00_start_here.ipynb" in made.split("\nlab:")[1].split("\n\n")[0]
    assert "teacher/plan.ipynb" in made.split("\nteacher:")[1].split("\n\n")[0]
