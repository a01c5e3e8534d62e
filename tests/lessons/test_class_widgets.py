"""The number is asked once, and the button says where the file to hand in is."""

import pytest

from vbqkit.classroom import read_hand_in
from vbqkit.exercises import record_attempt
from vbqkit.lessons import ask, hand_in_button, your_number


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    return tmp_path


def texts(widget):
    return " ".join(getattr(child, "value", "") or "" for child in widget.children)


def keep(widget, text):
    widget.children[0].children[0].value = text
    widget.children[0].children[1].click()


def test_a_number_is_kept_for_the_next_lesson_and_says_to_run_again():
    first = your_number()
    assert first.student == "1"
    assert "write it here, once for all lessons" in texts(first)
    keep(first, "Anna_Maria")
    assert "Run All Cells" in texts(first)
    second = your_number()
    assert second.student == "Anna_Maria"
    assert "Kept: Anna_Maria" in texts(second)


def test_a_number_that_cannot_be_used_is_refused_on_the_page():
    widget = your_number()
    keep(widget, "a/b")
    assert "Write for example &#x27;a-b&#x27;" in texts(widget)
    assert your_number().student == "1"


def test_a_damaged_number_is_told_and_the_lesson_opens(state):
    (state / "student.json").write_text("{", encoding="utf-8")
    widget = your_number()
    assert "Delete that file" in texts(widget)


def test_a_question_without_a_student_is_recorded_under_the_number_that_is_kept(state):
    keep(your_number(), "17")
    asked = ask("20-vein")
    asked.children[1].value = "b"
    asked.children[2].click()
    button = hand_in_button("20", folder=state)
    button.children[0].click()
    assert "lesson_20_17.handin.json" in texts(button)
    found = read_hand_in((state / "lesson_20_17.handin.json").read_bytes())
    assert [(a.exercise, a.detail) for a in found.attempts] == [("20-vein", "answer: b")]


def test_what_cannot_be_handed_in_is_said_beside_the_button(state):
    record_attempt("20", "20-vein", passed=True, student="1")
    button = hand_in_button("20", folder=state)
    button.children[0].click()
    assert "Your number is not known yet" in texts(button)
    keep(your_number(), "17")
    button.children[0].click()
    assert "There are tries under 1." in texts(button)
