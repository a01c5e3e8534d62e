import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.errors import VbqkitError
from vbqkit.exercises import check_choice, check_number, seal_answer


@pytest.mark.parametrize("given_text", ["2.85", "2,85", " 2.9 ", "2.80"])
def test_a_number_within_the_tolerance_is_right(given_text):
    assert check_number(given_text, 2.85, tolerance=0.02).right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("3.5", "too high"),
        ("2", "too low"),
        ("28.5", "ten times too much"),
        ("0.285", "ten times too little"),
        ("0.351", "upside down"),
        ("-2.85", "the sign is not"),
        ("1.9", "divided by the noise"),
        ("two", "'two' is not a number"),
        ("nan", "'nan' is not a number"),
        ("", "is not a number"),
    ],
)
def test_a_wrong_number_gets_a_hint_and_not_the_answer(answer, words):
    grade = check_number(answer, 2.85, tolerance=0.02, hints=[(1.9, "you divided by the noise, not by CSF.")])
    assert not grade.right
    assert words in grade.feedback
    assert "2.85" not in grade.feedback.replace(f"'{answer}'", "")


@given(st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6), st.floats(-0.5, 0.5))
def test_right_is_what_lies_within_the_relative_tolerance(expected, error):
    grade = check_number(expected * (1 + error), expected, tolerance=0.1)
    if abs(abs(error) - 0.1) > 1e-9:
        assert grade.right == (abs(error) < 0.1)


def test_zero_has_an_absolute_tolerance():
    assert check_number("0.01", 0.0, tolerance=0.02).right
    assert not check_number("0.03", 0.0, tolerance=0.02).right


def test_a_tolerance_that_accepts_nothing_is_refused():
    with pytest.raises(VbqkitError, match="accepts nothing"):
        check_number(1, 1, tolerance=0)


def test_only_the_sealed_choice_is_right():
    sealed = seal_answer("20-cortex", "c")
    right = [key for key in "abcd" if check_choice("20-cortex", key, sealed=sealed).right]
    assert right == ["c"]


def test_the_seal_of_one_question_does_not_fit_another():
    assert seal_answer("q1", "a") != seal_answer("q2", "a")
