"""``vbqkit class`` on the command line: each action does its work and says what it did."""

import json
from pathlib import Path

import pytest

from vbqkit.cli import main
from vbqkit.exercises import record_attempt

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def said(capsys, *arguments, status=0):
    assert main(["class", *arguments]) == status
    shown = capsys.readouterr()
    return shown.out + shown.err


def test_from_a_number_to_a_table_of_grades(capsys, tmp_path):
    assert "No number is kept; the lessons use 1." in said(capsys, "number")
    assert "José" in said(capsys, "number", "José")
    record_attempt("10", "10-fat", passed=True, student="José", detail="answer: c")
    record_attempt("10", "10-fat", passed=True, student="1")
    assert "1 tries of this lesson under other numbers are not in it." in said(capsys, "hand-in", "10")
    (tmp_path / "lesson_10_broken.handin.json").write_text("{", encoding="utf-8")
    rows = json.loads(said(capsys, "collect", "--json", str(tmp_path)))
    assert sorted(row["state"] for row in rows) == ["counts", "refused"]
    told = said(capsys, "grade", str(tmp_path), "--csv", "grades.csv", "--html", "class.html")
    assert "1 hand-ins count" in told
    assert "lesson_10_broken.handin.json: It is damaged" in told
    assert "José" in Path("grades.csv").read_text(encoding="utf-8-sig")
    assert "<title>vbqkit: class</title>" in Path("class.html").read_text(encoding="utf-8")


def test_json_may_stand_before_or_after_the_action(capsys):
    assert (
        json.loads(said(capsys, "number", "--json"))
        == json.loads(said(capsys, "--json", "number"))
        == [{"student": "1"}]
    )


def test_what_cannot_be_done_is_refused_with_the_reason(capsys):
    assert "Write for example 'a-b'" in said(capsys, "number", "a/b", status=1)
    assert "There is no lesson '21'" in said(capsys, "hand-in", "21", status=1)
    assert "There is nothing at" in said(capsys, "collect", "nowhere", status=1)
    assert "no lesson '20' in" in said(capsys, "handout", "20", "--out", "x.pdf", "--no-run", status=1)
    assert "class.html' cannot be written" in said(capsys, "grade", ".", "--html", "no/class.html", status=1)


def test_an_action_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["class"])
    assert "ACTION" in capsys.readouterr().err


def test_the_questions_of_the_course_pass_and_a_bad_file_does_not(capsys, tmp_path):
    assert "0 faults" in said(capsys, "check-questions")
    (tmp_path / "mine.toml").write_text("[20-x]\ntext = 'x'\n", encoding="utf-8")
    assert "no source" in said(capsys, "check-questions", "mine.toml", status=1)


def test_a_lesson_becomes_slides_and_a_handout_without_being_run(capsys, tmp_path):
    options = ("--no-run", "--notebooks", str(ROOT / "notebooks"))
    said(capsys, "slides", "99", "--out", "x.html", *options)
    said(capsys, "handout", "99", "--out", "x.pdf", *options)
    assert "Reveal.initialize" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
