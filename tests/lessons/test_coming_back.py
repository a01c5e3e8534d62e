"""A lesson run again: guesses that were given stand there, and sliders where they were left."""

import json
import re

import numpy as np
import pytest

from vbqkit.anatomy import further_rois
from vbqkit.exercises.kept_views import FOLDER, keep_view, kept_view
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.student import keep_student
from vbqkit.lessons.scan_lab import ScanLab
from vbqkit.lessons.sliding import slide
from vbqkit.scanner.prepared import prepare
from vbqkit.teacher import reference_rois, truth_of


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def shown():
    case = known_case("plain", 7)
    found = {roi.label: roi for roi in (*reference_rois(case), *further_rois(truth_of(case)))}
    prepared = prepare(truth_of(case), case.scanner, "T1", rng=np.random.default_rng(1))
    return prepared, [found[k] for k in ("L1", "L2", "L3", "L4", "CSF", "noise", "fat")]


def lab(shown, **options):
    prepared, rois = shown
    return ScanLab(prepared, rois=rois, controls=("tr_ms", "te_ms"), **{"predict": "VBQ", "keep": "40-no"} | options)


def test_guesses_sliders_and_what_was_seen_come_back(shown):
    left = lab(shown)
    left.guesses["tr_ms"].give("rises")
    left.guesses["te_ms"].give("falls")
    for name, value in (("tr_ms", 600.0), ("te_ms", 20.0), ("te_ms", 24.0)):
        left._sliders[name].value = value
    back = lab(shown)
    assert {name: slider.value for name, slider in back._sliders.items()} == {"tr_ms": 600.0, "te_ms": 24.0}
    assert not any(slider.disabled for slider in back._sliders.values())
    assert back.values == left.values
    assert back._picture.value == left._picture.value
    assert re.search("data-at='24.0'", back._chart.value), "with more of its curve: nobody waits for a slider"
    for name, guess in left.guesses.items():
        assert "Seen:" in guess._said.value
        assert back.guesses[name]._said.value == guess._said.value
    back._reset(None)
    assert back._sliders["tr_ms"].value == back._start["tr_ms"], "the start is that of the lesson"
    assert lab(shown)._sliders["tr_ms"].value == back._start["tr_ms"]


def test_what_was_not_guessed_stays_locked(shown):
    left = lab(shown)
    left.guesses["tr_ms"].give("rises")
    back = lab(shown)
    assert (back._sliders["tr_ms"].disabled, back._sliders["te_ms"].disabled) == (False, True)


def test_a_question_asked_first_comes_back_and_so_does_the_menu(shown):
    prepared, rois = shown
    options = {"controls": ("gain",), "ask_first": ("It", ("falls", "stays")), "keep": "40-coil"}
    left = ScanLab({"a": prepared, "b": prepared}, rois=rois, **options)
    left.guesses[""].give("stays")
    left._menu.value = "b"
    back = ScanLab({"a": prepared, "b": prepared}, rois=rois, **options)
    assert (back._menu.value, back.guesses[""].given, back._menu.disabled) == ("b", "stays", False)


def test_another_student_and_another_view_begin_anew(shown):
    lab(shown).guesses["tr_ms"].give("rises")
    keep_student("18")
    assert not lab(shown).guesses["tr_ms"].given
    keep_student("1")
    assert lab(shown).guesses["tr_ms"].given
    assert not lab(shown, keep="10-t1").guesses["tr_ms"].given
    assert not lab(shown, keep=None).guesses["tr_ms"].given


def test_whatever_a_damaged_file_holds_the_lesson_begins(shown, state):
    wrong = {
        "guesses": {"tr_ms": 7, "te_ms": True, "x": 0},
        "sliders": {"tr_ms": "600", "te_ms": 1e9},
        "seen": {"tr_ms": "no", "x": 1.0},
        "active": ["x"],
        "from": None,
        "machine": ["a"],
    }
    for text in ("", "{", "[]", json.dumps({"student": "1", "view": "40-no", "values": [1]})):
        (state / FOLDER).mkdir(exist_ok=True)
        (state / FOLDER / "1_40-no.json").write_text(text, encoding="utf-8")
        assert kept_view("40-no", student="1") == {}
        assert not lab(shown).guesses["tr_ms"].given
    for values in (wrong, {"guesses": 3, "sliders": None}):
        keep_view("40-no", values, student="1")
        begun = lab(shown)
        assert {name: slider.value for name, slider in begun._sliders.items()} == begun._start


def test_a_folder_that_cannot_be_written_stops_no_slider(shown, state):
    (state / FOLDER).write_text("a file", encoding="utf-8")
    moved = lab(shown)
    moved.guesses["tr_ms"].give("rises")
    moved._sliders["tr_ms"].value = 700.0
    assert moved.values


def test_the_guess_and_place_of_a_known_curve_come_back():
    def shown():
        return slide(
            [1, 2, 3],
            {"VBQ": [3.0, 1.5, 1.0]},
            x_title="gain",
            y_title="ratio",
            alt="falls",
            ask_first=("It", ("falls", "stays")),
            start=1,
            keep="50-gain",
        )

    left = shown()
    left.guess.give("stays")
    left.slider.value = 2.0
    for _ in range(2):  # and again the next day
        back = shown()
        assert (back.guess.given, back.slider.value, back.slider.disabled) == ("stays", 2.0, False)
        assert back._chart.value == left._chart.value
