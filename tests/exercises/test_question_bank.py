"""The editor's check of a question file: every fault is found, and the course's own file has none."""

from pathlib import Path

import pytest

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises import check_questions, choices, question, seal_answer
from vbqkit.exercises.question_bank import MOST_LONGEST
from vbqkit.exercises.questions import read_choices

GOOD = f"""
["20-vein"]
text = "Where does the vein leave?"
source = "lesson 20"
sealed = "{seal_answer("20-vein", "b")}"
[20-vein.options]
a = ["Through the front wall of it", "Look at the front wall once more."]
b = ["At the back wall", "Its branches meet there."]
"""


def found(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return [(row["severity"], row["message"]) for row in check_questions(path)]


def test_a_good_question_has_no_fault_and_can_be_asked(tmp_path):
    assert found(tmp_path, GOOD) == []
    asked = question("20-vein", bank=tmp_path / "mine.toml")
    assert (asked.check("b").right, asked.check("a").right, asked.source) == (True, False, "lesson 20")
    with pytest.raises(VbqkitError, match="no question '20-x' in"):
        question("20-x", bank=tmp_path / "mine.toml")


SEAL = seal_answer("20-vein", "b")


@pytest.mark.parametrize(
    ("old", "new", "severity", "said"),
    [
        ('source = "lesson 20"\n', "", "wrong", "no source"),
        ('text = "Where does the vein leave?"\n', "", "wrong", "no text"),
        (SEAL, "0123456789abcdef", "wrong", "exactly one right option: 'sealed' fits none"),
        (f'sealed = "{SEAL}"', 'right = ["a", "b"]', "wrong", "exactly one right option: two are right"),
        (f'sealed = "{SEAL}"', f'sealed = "{SEAL}"\nright = "a"', "wrong", "exactly one right option: two are right"),
        (f'sealed = "{SEAL}"', 'right = "b"', "look", f'sealed = "{SEAL}"'),
        ("Look at the front wall once more.", "No.", "wrong", "Option a has no feedback that helps"),
        ("Through the front wall of it", "At the back wall!", "wrong", "Options a and b say the same"),
        ("Through the front wall of it", "In front", "look", "is the longest"),
        (
            'b = ["At the back wall", "Its branches meet there."]',
            'b = ["At the back wall"]',
            "wrong",
            "not written as key",
        ),
        ("20-vein", "vein", "wrong", "not built as 20-vein"),
    ],
)
def test_a_fault_is_found(old, new, severity, said, tmp_path):
    assert old in GOOD
    rows = found(tmp_path, GOOD.replace(old, new))
    assert [s for s, message in rows if said in message] == [severity]


def test_the_same_question_twice_is_found(tmp_path):
    again = GOOD.replace("20-vein", "20-exit").replace(SEAL, seal_answer("20-exit", "b"))
    assert found(tmp_path, GOOD + again) == [("wrong", "20-vein and 20-exit ask the same.")]


def test_a_bank_whose_right_answers_are_the_longest_is_refused(tmp_path):
    short = GOOD.replace("Through the front wall of it", "In front")
    bank = "".join(
        short.replace("20-vein", f"20-v{k}")
        .replace(SEAL, seal_answer(f"20-v{k}", "b"))
        .replace("leave?", f"leave {k}?")
        for k in range(5)
    )
    assert (
        "wrong",
        "The right option is the longest in 5 of 5 questions: whoever knows nothing can tell it.",
    ) in found(tmp_path, bank)


@pytest.mark.parametrize("text", ["[20-vein", "[20-vein]\n[20-vein]\n", "x = "])
def test_what_is_no_toml_is_refused_with_its_line(text, tmp_path):
    with pytest.raises(FormatError, match=r"not valid TOML: .*line"):
        found(tmp_path, text)
    with pytest.raises(FormatError, match="not valid TOML"):
        read_choices(tmp_path / "mine.toml")


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FormatError, match=r"nowhere\.toml"):
        check_questions(Path("nowhere.toml"))


def test_the_questions_of_the_course_have_no_fault_and_each_has_its_source():
    assert [row for row in check_questions() if row["severity"] == "wrong"] == []
    assert all(asked.source for asked in choices().values())


def test_no_length_of_an_option_tells_whoever_knows_nothing_which_one_is_right():
    assert len([row for row in check_questions() if "is the longest" in row["message"]]) <= 3
    shortest = 0
    for asked in choices().values():
        lengths = {key: len(text) for key, text in asked.options}
        [right] = [key for key in lengths if seal_answer(asked.name, key) == asked.sealed]
        shortest += all(lengths[right] < length for key, length in lengths.items() if key != right)
    assert shortest <= MOST_LONGEST * len(choices())
