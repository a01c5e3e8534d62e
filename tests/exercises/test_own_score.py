import numpy as np
import pytest

from vbqkit.exercises.own_score import check_own_score
from vbqkit.exercises.trial_cohort import virtual_cohort

LEVELS = ["L1", "L2", "L3", "L4"]


@pytest.fixture(scope="module")
def cohort():
    return virtual_cohort()


def test_marrow_over_muscle_is_a_score(cohort):
    grade = check_own_score(lambda t: t[LEVELS].mean(axis=1) / t["muscle"], cohort)
    assert grade.passed, grade.faults
    assert "The receiver gain cancels." in grade.remarks
    assert not any("VBQ-T1" in text for text in grade.remarks)


def test_vbq_in_other_words_is_remarked_on(cohort):
    grade = check_own_score(lambda t: np.log(t[LEVELS].median(axis=1) / t["CSF"]), cohort)
    assert grade.passed, grade.faults
    assert any("VBQ-T1 in other words" in text for text in grade.remarks)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (lambda t: t[LEVELS].mean(axis=1), "twice the receiver gain"),
        (lambda t: t["CSF"] / t[LEVELS].mean(axis=1), "falls when marrow fat rises"),
        (lambda t: -t["t_score"], "not a signal"),
        (lambda t: t[LEVELS].mean(), "4 numbers for 60 women"),
        (lambda t: t["L1"] / (t["L2"] - t["L2"]), "60 of its numbers are not finite"),
        (lambda t: 0 * t["L1"] + 3.0, "Every woman gets the same number, 3"),
        (lambda t: t["L1"] / "CSF", "stops with TypeError"),
        (lambda t: None, "1 number for 60 women"),
    ],
)
def test_what_is_not_a_score_is_refused_in_words(score, words, cohort):
    grade = check_own_score(score, cohort)
    assert not grade.passed
    assert words in " ".join(grade.faults)


def test_the_cohort_is_not_changed_by_a_score_that_writes_into_its_table(cohort):
    def careless(t):
        t["L1"] = 0.0
        return t["L2"] / t["muscle"]

    before = cohort.copy()
    check_own_score(careless, cohort)
    assert cohort.equals(before)
