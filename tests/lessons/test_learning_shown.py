"""The buttons of lesson 98: what is made when they are pressed."""

import re

import numpy as np
import pandas as pd
import pytest

from vbqkit.anatomy import VirtualPatient
from vbqkit.lessons import evaluate_again_button, judge_person_button, learning_shown
from vbqkit.machine_learning import PatchPerson, channels_of, load_patch_network

PATIENT = VirtualPatient(age=70, sex="F", bmi=24, pdff=(0.5, 0.5, 0.5, 0.5), t_score=-3.0, qct_mg_cm3=70.0, hu=93.0)


@pytest.fixture
def person():
    rng = np.random.default_rng(1)
    here, elsewhere = rng.uniform(0, 1, (2, 4, 3, 32, 32)).astype(np.float32)
    return PatchPerson(PATIENT, here, elsewhere)


def test_nobody_is_drawn_before_the_button_is_pressed_and_then_one_who_was_not_trained_on(person, monkeypatch):
    asked = []

    def drawn(number):
        asked.append(number)
        return person

    monkeypatch.setattr(learning_shown, "patch_person", drawn)
    button = judge_person_button(seed=3)
    assert asked == []
    button.begin()
    assert asked == [1003]
    picture, judged, truth = (child.value for child in button.exercise.children)
    assert 'alt="Twelve square patches' in picture or "alt='Twelve square patches" in picture
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", judged)
    expected = load_patch_network("CT").probability(channels_of(person.here, "CT"))
    assert f"{expected:.2f}" in cells
    assert "the truth: osteoporosis" in truth


def test_every_evaluation_is_computed_anew_with_other_folds(monkeypatch):
    asked = {}

    def evaluated(_table, features, **options):
        asked.update(options, features=features)
        rows = [("nested, by person", True, 0.7, 0.6, 0.8, 160)]
        return pd.DataFrame(rows, columns=["evaluation", "sound", "estimate", "ci_low", "ci_high", "n"])

    monkeypatch.setattr(learning_shown, "evaluate_each_way", evaluated)
    button = evaluate_again_button(seed=11)
    assert asked == {}
    button.begin()
    assert (asked["seed"], asked["learner"], len(asked["features"])) == (11, "KNN", 24)
    assert set(asked["elsewhere"]["scanner"]) == {"philips-achieva-3t"}
    assert "nested, by person" in button.exercise.children[-1].value
