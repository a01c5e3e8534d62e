"""The one home of the file names that students' ROIs are collected by."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.errors import FormatError
from vbqkit.exercises import KINDS
from vbqkit.exercises.reading_file import ReadingFile, case_code, case_of_code
from vbqkit.exercises.shared_bodies import MOST_DAYS

parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="_/\\", min_codepoint=32), min_size=1)


students = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\", min_codepoint=32), min_size=1)


days = st.integers(0, 3) | st.integers(0, MOST_DAYS - 1)


@given(students, parts, st.sampled_from(KINDS), st.integers(0, 2**28 - 1), days)
def test_every_name_that_can_be_made_is_read_back_as_it_was(student, exercise, kind, seed, day):
    made = ReadingFile(student, exercise, kind, seed, day)
    assert ReadingFile.parse(made.name) == made
    assert ReadingFile.of_case(student, exercise, made.case) == made


@given(st.text())
def test_a_name_is_either_read_or_refused_in_words(name):
    said = ""
    try:
        ReadingFile.parse(name)
    except FormatError as error:  # most names are refused, a few are read
        said = str(error)
    assert not said or re.search(r"student_exercise_case\.vbqkit\.json|code of no teaching case", said)


def test_an_underscore_in_a_students_name_is_read_back():
    assert ReadingFile.parse("Anna_Maria_reading1_plain-701.vbqkit.json").student == "Anna_Maria"
    with pytest.raises(FormatError, match="nor an exercise '_'"):
        ReadingFile("Anna_Maria", "reading_1", "plain", 701)


@pytest.mark.parametrize("odd", ["", "a/b", "a\\b", "two\nlines"])
def test_a_student_whose_name_would_break_the_file_name_is_told_so(odd):
    with pytest.raises(FormatError, match="cannot be part of a file name"):
        ReadingFile(odd, "reading1", "plain", 701)
    with pytest.raises(FormatError, match="cannot be part of a file name"):
        ReadingFile("Ada", odd, "plain", 701)


@pytest.mark.parametrize(("kind", "seed"), [("dog", 1), ("plain", -1), ("plain", 2**28)])
def test_a_case_that_nobody_can_make_again_has_no_file_name(kind, seed):
    with pytest.raises(FormatError, match="names no teaching case"):
        ReadingFile("Ada", "reading1", kind, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_name_does_not_say_what_is_to_be_seen(kind):
    """Of a thousand patients no name holds the kind or the seed, and no two names are the same."""
    cases = [(seed, day) for seed in range(95_000, 96_000) for day in (0, 7 * seed)]
    names = [ReadingFile("1", "final1", kind, seed, day).name for seed, day in cases]
    assert not any(kind in name or str(seed) in name for name, (seed, _) in zip(names, cases, strict=True))
    assert len({*names}) == len(names)


def test_the_codes_of_days_that_earlier_versions_had_stay_as_they_were():
    assert [case_code("plain", 701, day) for day in range(4)] == ["VHG571Z8", "WS1WP8VZ", "Y0KM5FRP", "Z85BMPND"]
    assert {len(case_code("plain", 701, day)) for day in (4, 5, MOST_DAYS - 1)} == {12}


def test_a_case_has_one_code():
    """The twelve letters that a day of the eight would have are the code of nothing."""
    assert case_of_code(case_code("plain", 701, 4)) == ("plain", 701, 4)
    before = "VHG5ARMEDMP5"
    with pytest.raises(FormatError, match="is the code of no teaching case"):
        case_of_code(before)


def test_names_that_earlier_versions_wrote_are_still_read():
    assert ReadingFile.parse("Ada_reading1_fracture-96506.vbqkit.json") == ReadingFile(
        "Ada", "reading1", "fracture", 96506
    )


def test_a_code_that_was_mistyped_is_refused():
    with pytest.raises(FormatError, match="is the code of no teaching case"):
        ReadingFile.parse("Ada_reading1_00000001.vbqkit.json")


def test_a_sample_patient_has_no_kind_and_seed_to_be_made_again_from():
    with pytest.raises(FormatError, match="'case04' is not named by kind and seed"):
        ReadingFile.of_case("Ada", "place", "case04")


@pytest.mark.parametrize(
    "name",
    [
        "notes.vbqkit.json",
        "Ada_reading1_plain-701.json",
        "Ada_reading1_dog-1.vbqkit.json",
        "Ada_reading1_plain-x.vbqkit.json",
        "_reading1_plain-1.vbqkit.json",
        "a/b_reading1_plain-1.vbqkit.json",
    ],
)
def test_an_odd_name_is_refused(name):
    with pytest.raises(FormatError, match=r"is not named student_exercise|cannot be part of a file name"):
        ReadingFile.parse(name)
