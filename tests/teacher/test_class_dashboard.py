"""The dashboard grades when asked, says what is wrong in place, and saves the grades."""

from pathlib import Path

import pytest

from vbqkit.classroom import HandIn, write_hand_in
from vbqkit.errors import FormatError
from vbqkit.exercises import Attempt
from vbqkit.studio.app.server import _notebook
from vbqkit.teacher import ClassDashboard
from vbqkit.teacher.class_app import _CELL, run_class_app


def hand_in(folder, student):
    tried = Attempt(lesson="10", exercise="10-fat", passed=True, at="2026-03-02T11:00:00+00:00", student=student)
    write_hand_in(HandIn(student=student, lesson="10", made_at=tried.at, attempts=(tried,), readings=()), folder)


def test_a_class_is_graded_and_its_grades_are_saved(tmp_path):
    hand_in(tmp_path, "17")
    shown = ClassDashboard(tmp_path)
    buttons, status, page = shown.children
    assert "press <b>Grade the class</b>" in shown.still_html()
    assert buttons.children[1].disabled
    buttons.children[0].click()
    assert "1 students, 1 hand-ins that count, 0 of them passed" in page.value
    assert shown.still_html() == page.value
    buttons.children[1].click()
    assert "grades.csv" in status.value
    assert (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("17,,10,False,25,1,4,")
    hand_in(tmp_path, "18")
    buttons.children[0].click()
    assert "2 students" in page.value, "the table of grades in the folder is no hand-in"


def test_a_folder_that_goes_is_told_on_the_page(tmp_path):
    shown = ClassDashboard(tmp_path / "gone")
    shown.grade()
    assert "There is nothing at" in shown.children[1].value
    assert not shown.children[0].children[0].disabled


def test_the_app_has_one_cell_that_opens_the_dashboard_on_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_APP_FOLDER", str(tmp_path))
    (cell,) = _notebook(_CELL, "vbqkit: class")["cells"]
    namespace: dict[str, object] = {}
    exec("from vbqkit.teacher.class_app import class_page\npage = class_page()", namespace)
    assert cell["source"].endswith("class_page()")
    assert isinstance(namespace["page"], ClassDashboard)


def test_the_app_makes_no_folder_for_a_class(tmp_path):
    with pytest.raises(FormatError, match="no folder"):
        run_class_app(tmp_path / "nowhere", told=print)
    assert list(Path(tmp_path).iterdir()) == []
