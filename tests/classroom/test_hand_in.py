"""One file a lesson: what is in it, and that a change shows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vbqkit.classroom import HandIn, assigned_to, make_hand_in, read_hand_in, write_hand_in
from vbqkit.classroom.assignments import Assigned
from vbqkit.classroom.hand_in import LARGEST_BYTES, Outlines, hand_in_text
from vbqkit.errors import FormatError
from vbqkit.exercises import Attempt, ReadingFile, case_seed, keep_student, record_attempt, student_number
from vbqkit.exercises.student import kept_student

ROIS = {"format": "vbqkit-rois", "version": 1, "coordinates": "DICOM LPS, mm", "rois": [{"label": "L1"}]}


def attempt(**changed):
    return Attempt(
        **{
            "lesson": "20",
            "exercise": "20-vein",
            "passed": True,
            "at": "2026-03-02T10:00:00+00:00",
            "student": "17",
            "detail": "answer: b",
            "value": 0.5,
        }
        | changed
    )


def made(**changed):
    whole = {
        "student": "17",
        "lesson": "20",
        "made_at": "2026-03-02T11:00:00+00:00",
        "attempts": (attempt(), attempt(passed=False, exercise="20-csf")),
        "readings": (Outlines("place", "X55J6DZ8", ROIS),),
    }
    return HandIn(**whole | changed)


@pytest.fixture
def state(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(folder))
    folder.mkdir()
    return folder


def test_what_was_written_is_read_back(tmp_path):
    path = write_hand_in(made(), tmp_path)
    assert path.name == "lesson_20_17.handin.json"
    assert read_hand_in(path.read_bytes()) == made()


def _places(thing, path=()):
    """Every place of a JSON text that holds a plain value."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from _places(value, (*path, key))
    elif isinstance(thing, list):
        for number, value in enumerate(thing):
            yield from _places(value, (*path, number))
    else:
        yield path


PLACES = list(_places(json.loads(hand_in_text(made()))))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_a_change_anywhere_shows(place):
    content = json.loads(hand_in_text(made()))
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    before = inner[place[-1]]
    inner[place[-1]] = (
        not before if isinstance(before, bool) else f"{before}1" if isinstance(before, str) else before + 1
    )
    with pytest.raises(FormatError):
        read_hand_in(json.dumps(content).encode())


@pytest.mark.parametrize("change", [list.clear, list.reverse, list.pop, lambda tries: tries.append(tries[0])])
def test_tries_that_were_removed_added_or_moved_show(change):
    content = json.loads(hand_in_text(made()))
    change(content["attempts"])
    with pytest.raises(FormatError, match="changed after it was made"):
        read_hand_in(json.dumps(content).encode())


def test_the_message_says_where_it_was_changed():
    content = json.loads(hand_in_text(made()))
    content["attempts"][1]["passed"] = True
    with pytest.raises(FormatError, match=r"at try 2 \('20-csf'\) or before"):
        read_hand_in(json.dumps(content).encode())


def test_another_layout_of_the_same_file_is_no_change():
    assert read_hand_in(json.dumps(json.loads(hand_in_text(made()))).encode()) == made()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(FormatError):
        read_hand_in(content)


@pytest.mark.parametrize("cut", [0, 1, 100, 700, -3])
def test_a_file_that_breaks_off_is_refused(cut):
    with pytest.raises(FormatError, match="damaged or cut off"):
        read_hand_in(hand_in_text(made()).encode()[:cut])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "not a hand-in"),
        (b'{"format": "vbqkit-rois"}', "not a hand-in"),
        (b'{"format": "vbqkit-hand-in", "version": 9, "made_by": "9.1"}', "another version of vbqkit"),
        (b'{"format": "vbqkit-hand-in", "version": 1}', "Parts of it are missing"),
        (b" " * (LARGEST_BYTES + 1), "bytes"),
        (b"[" * 100_000, "damaged"),
    ],
)
def test_what_is_no_hand_in_is_refused_with_the_reason(content, said):
    with pytest.raises(FormatError, match=said):
        read_hand_in(content)


def test_a_sealed_file_of_a_lesson_that_does_not_exist_is_refused():
    with pytest.raises(FormatError, match="no lesson '21'"):
        read_hand_in(hand_in_text(made(lesson="21", attempts=())).encode())


def test_a_lesson_is_gathered_from_the_state_of_this_computer(state):
    keep_student("17")
    for lesson, student in (("20", "17"), ("20", "1"), ("30", "17")):
        record_attempt(lesson, f"{lesson}-vein", passed=True, student=student)
    one = assigned_to("17", "20")[1]
    (state / "rois").mkdir()
    named = ReadingFile("17", one.exercise, one.kind, one.seed, one.day)
    (state / "rois" / named.name).write_text(json.dumps(ROIS), encoding="utf-8")
    found = make_hand_in("20")
    assert [a.exercise for a in found.attempts] == ["20-vein"]
    assert [(r.exercise, r.case) for r in found.readings] == [("place", (one.kind, one.seed, one.day))]
    assert found.elsewhere == 1
    text = hand_in_text(found)
    assert str(state) not in text, "no path of this computer"
    assert one.kind not in text.replace("placing", ""), "no diagnosis"


def test_what_was_placed_with_an_earlier_version_is_handed_in_where_nothing_was_placed_since(state):
    keep_student("17")
    now, before = (assigned_to("17", "20", earlier=earlier)[1] for earlier in (False, True))
    assert before == Assigned("place", "plain", case_seed("17", "placing from empty"))
    (state / "rois").mkdir()
    for one, earlier in ((before, True), (now, False)):
        named = ReadingFile("17", one.exercise, one.kind, one.seed, one.day)
        (state / "rois" / named.name).write_text(json.dumps(ROIS), encoding="utf-8")
        (found,) = make_hand_in("20").readings
        assert found.case == (one.kind, one.seed, one.day), earlier


def test_without_a_number_or_a_try_there_is_nothing_to_hand_in(state):
    with pytest.raises(FormatError, match="vbqkit class number N"):
        make_hand_in("20")
    record_attempt("20", "20-vein", passed=True, student="1")
    keep_student("17")
    with pytest.raises(FormatError, match=r"nothing to hand in.*There are tries under 1\."):
        make_hand_in("20")


def test_the_number_is_kept_once_for_every_lesson(state):
    assert (student_number(), kept_student()) == ("1", None)
    assert keep_student(" José ") == student_number() == kept_student() == "José"


def test_letters_that_look_alike_are_kept_alike(state):
    assert keep_student("Jose\u0301") == "José"


@pytest.mark.parametrize(
    ("odd", "spelt"),
    [
        ("a/b", "a-b"),
        (".hidden", "hidden"),
        ("=cmd|' /C calc'!A0", "cmd-' -C calc'-A0"),
        ("x" * 60, "x" * 40),
        ("two\nlines", "two-lines"),
        ("  ", "17"),
        ("..", "17"),
        ("-3", "3"),
    ],
)
def test_an_odd_name_is_refused_where_it_is_typed_with_a_spelling_that_can_be_used(odd, spelt, state):
    with pytest.raises(FormatError, match="Write for example") as said:
        keep_student(odd)
    assert str(said.value).endswith(f"Write for example {spelt!r}.")
    assert keep_student(spelt) == spelt


@pytest.mark.parametrize("name", ["17", "José", "Anna_Maria", "O'Neil", "王小明", "eva.novak@uni"])
def test_names_that_people_have_are_kept(name, state):
    assert keep_student(name) == name
    assert ReadingFile.parse(ReadingFile(name, "place", "plain", 7).name).student == name


def test_a_damaged_number_is_not_guessed(state):
    (state / "student.json").write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match="Delete that file"):
        student_number()
