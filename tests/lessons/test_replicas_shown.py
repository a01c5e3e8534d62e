"""A study run again on the page."""

import pytest

from vbqkit.lessons import replicas_shown, run_again, show_patients_needed
from vbqkit.study_replicas import PatientsNeeded

ASKED = ("Cui 2025", "VBQ-T1 with QCT", "r")


def words(box):
    return box._status.value


def test_a_lesson_opens_with_a_hundred_and_a_button_runs_a_thousand():
    box = run_again(*ASKED, "as printed", "no effect")
    assert [each.times for each in box.replicas] == [100, 100]
    assert "Run 100 times" in words(box)
    box._button.click()
    assert [each.times for each in box.replicas] == [1000, 1000]
    assert "Run 1000 times" in words(box)
    assert "as printed: −0" in box.still_html()
    figure, buttons = box._place.children
    assert [trace.name.split(":")[0] for trace in figure.data] == ["as printed", "no effect"]
    assert "Chart: Cui 2025, n = 61, run 1000 times" in buttons.value
    assert not box._button.disabled


@pytest.mark.parametrize(("stop", "told"), [(KeyboardInterrupt, "Interrupted"), (None, "no design of")])
def test_what_was_drawn_stays_if_it_is_interrupted_or_refused(monkeypatch, stop, told):
    box = run_again(*ASKED, "as printed")
    before = box.replicas, box._place.children
    replicate = replicas_shown.replicate_study

    def stops(name, **options):
        if stop:
            raise stop
        return replicate("nobody", **options)

    monkeypatch.setattr(replicas_shown, "replicate_study", stops)
    box._button.click()
    assert told in words(box)
    assert (box.replicas, box._place.children) == before
    assert not box._button.disabled


def test_patients_needed_are_looked_for_when_asked(monkeypatch):
    def found(study, comparison, **options):
        few = None if "power" in options else 312
        said = {"study": study, "comparison": comparison, "statistic": "r", "population": "as printed", "target": ""}
        return PatientsNeeded(**said, patients=few, low=290.0, high=330.0, had=61, reached=0.5)

    monkeypatch.setattr(replicas_shown, "patients_needed", found)
    box = show_patients_needed(ASKED[:2], half_width=0.1)
    assert box.exercise is None
    box.begin()
    assert "312 (290 to 330)" in box.exercise.value
    assert "more than 20,000" in box.exercise.value
