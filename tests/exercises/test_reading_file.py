"""The one home of the file names that students' ROIs are collected by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.errors import FormatError
from vbqkit.exercises import KINDS
from vbqkit.exercises.reading_file import ReadingFile

parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="_/\\", min_codepoint=32), min_size=1)


@given(parts, parts, st.sampled_from(KINDS), st.integers(0, 10**12))
def test_every_name_that_can_be_made_is_read_back_as_it_was(student, exercise, kind, seed):
    made = ReadingFile(student, exercise, kind, seed)
    assert ReadingFile.parse(made.name) == made
    assert ReadingFile.of_case(student, exercise, made.case) == made


@given(st.text())
def test_a_name_is_either_read_or_refused_in_words(name):
    try:
        ReadingFile.parse(name)
    except FormatError as error:
        # most names are refused, a few are read
        assert "student_exercise_kind-seed.vbqkit.json" in str(error)  # noqa: PT017


@pytest.mark.parametrize("odd", ["", "Ada_B", "a/b", "a\\b", "two\nlines"])
def test_a_student_whose_name_would_break_the_file_name_is_told_so(odd):
    with pytest.raises(FormatError, match="cannot be part of a file name"):
        ReadingFile(odd, "reading1", "plain", 701)
    with pytest.raises(FormatError, match="cannot be part of a file name"):
        ReadingFile("Ada", odd, "plain", 701)


@pytest.mark.parametrize(("kind", "seed"), [("dog", 1), ("plain", -1)])
def test_a_case_that_nobody_can_make_again_has_no_file_name(kind, seed):
    with pytest.raises(FormatError, match="names no teaching case"):
        ReadingFile("Ada", "reading1", kind, seed)


def test_a_sample_patient_has_no_kind_and_seed_to_be_made_again_from():
    with pytest.raises(FormatError, match="'case04' is not named by kind and seed"):
        ReadingFile.of_case("Ada", "place", "case04")


@pytest.mark.parametrize(
    "name",
    [
        "notes.vbqkit.json",
        "Ada_reading1_plain-701.json",
        "Ada_B_reading1_plain-701.vbqkit.json",
        "Ada_reading1_dog-1.vbqkit.json",
        "Ada_reading1_plain-x.vbqkit.json",
        "_reading1_plain-1.vbqkit.json",
        "a/b_reading1_plain-1.vbqkit.json",
    ],
)
def test_an_odd_name_is_refused(name):
    with pytest.raises(FormatError, match=r"is not named student_exercise|cannot be part of a file name"):
        ReadingFile.parse(name)
