import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vbqkit.errors import FormatError
from vbqkit.exercises import progress_rows, read_progress, record_attempt, state_dir, tries_of
from vbqkit.exercises.answers import answer_detail, given_answer
from vbqkit.exercises.progress import FILE_NAME

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_what_is_recorded_is_read_again(folder):
    first = record_attempt("20", "placing", passed=False, student="7", detail="cortex; vein", value=-3.2)
    second = record_attempt("20", "placing", passed=True, student="7")
    assert read_progress() == ((first, second), ())
    (row,) = progress_rows(read_progress()[0])
    assert (row["passed"], row["attempts"], row["tries_until_passed"]) == (True, 2, 2)


def test_no_progress_yet_is_not_an_error(folder):
    assert read_progress() == ((), ())
    assert progress_rows(()) == []


def test_a_damaged_line_is_skipped_and_reported(folder):
    record_attempt("10", "a", passed=True)
    with (folder / FILE_NAME).open("a", encoding="utf-8") as file:
        file.write('{"lesson": "10", "exercise": "b", "passed": tr')  # cut off, as by a crash
    record_attempt("10", "c", passed=True)
    attempts, cautions = read_progress()
    assert [a.exercise for a in attempts] == ["a", "c"]
    assert [c.code for c in cautions] == ["progress-damaged"]
    assert "Line 2" in cautions[0].message


@pytest.mark.parametrize(
    "line", ["[]", "3", '{"lesson": 3}', '{"lesson": 10, "exercise": "a", "passed": true, "at": "x"}']
)
def test_a_line_that_is_not_an_attempt_is_damaged(folder, line):
    state_dir()
    (folder / FILE_NAME).write_text(line + "\n", encoding="utf-8")
    attempts, cautions = read_progress()
    assert attempts == ()
    assert len(cautions) == 1


def test_an_unknown_key_from_a_later_version_is_not_damage(folder):
    attempt = record_attempt("10", "a", passed=True)
    path = folder / FILE_NAME
    entry = json.loads(path.read_text(encoding="utf-8")) | {"mood": "good"}
    path.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    assert read_progress() == ((attempt,), ())


def test_two_notebooks_at_once_lose_nothing(folder):
    def write_many(name):
        for i in range(40):
            record_attempt("20", f"{name}-{i}", passed=True)  # opens the file anew, as another notebook would

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_many, ["a", "b"]))
    attempts, cautions = read_progress()
    assert cautions == ()
    assert len({a.exercise for a in attempts}) == 80


def test_the_state_folder_is_made(folder):
    assert state_dir() == folder
    assert folder.is_dir()


def test_a_state_folder_that_is_a_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path / "file"))
    with pytest.raises(FormatError, match="in VBQKIT_STATE_DIR cannot be created or written"):
        state_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="the data folder of Linux")
def test_without_the_variable_the_users_data_folder_or_the_folder_of_the_notebook_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("VBQKIT_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert state_dir() == tmp_path / "data" / "vbqkit"
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert state_dir(beside=tmp_path) == tmp_path / "vbqkit-progress"
    with pytest.raises(FormatError, match="Progress cannot be saved"):
        state_dir(beside=tmp_path / "file")


def test_a_file_that_cannot_be_written_says_so(folder):
    state_dir()
    (folder / FILE_NAME).mkdir()
    with pytest.raises(FormatError, match="Progress could not be written"):
        record_attempt("10", "a", passed=True)
    with pytest.raises(FormatError, match="cannot be read"):
        read_progress()


def test_nothing_about_the_computer_is_kept(folder):
    record_attempt("10", "a", passed=True)
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    assert os.uname().nodename not in text if hasattr(os, "uname") else True
    assert str(folder) not in text


IN_BRATISLAVA = "CET-1CEST,M3.5.0,M10.5.0/3"
"""A clock that is an hour ahead of UTC in winter and two in summer."""

TELL = """
from vbqkit.exercises import progress_rows, read_progress, record_attempt, told_time
print(told_time("2026-01-01T23:30:00+00:00"))
print(told_time("2026-07-01T10:05:00+00:00"))
record_attempt("10", "a", passed=True)
(row,) = progress_rows(read_progress()[0])
print(row["last"] == told_time(read_progress()[0][0].at))
print(row["last"])
"""


def test_times_are_told_in_the_readers_time_zone(folder):
    command = [sys.executable, "-c", TELL]  # a program of its own: not every system lets one change its zone
    said = subprocess.run(
        command, env=os.environ | {"TZ": IN_BRATISLAVA}, capture_output=True, text=True, check=True, cwd=ROOT
    )
    winter, summer, same, last = said.stdout.splitlines()
    assert (winter, summer) == ("2 Jan 2026, 00:30 CET", "1 Jul 2026, 12:05 CEST")
    assert same == "True"
    assert "CE" in last
    assert "T" not in last.removesuffix("CEST").removesuffix("CET"), "not as a program writes it"


def test_the_tries_of_one_student_at_one_exercise(folder):
    mine = record_attempt("20", "20-vein", passed=False, student="7", detail=answer_detail("b"))
    record_attempt("20", "20-vein", passed=True, student="8", detail=answer_detail("c"))
    record_attempt("20", "20-csf", passed=True, student="7")
    again = record_attempt("20", "20-vein", passed=True, student="7", detail=answer_detail("c"))
    assert tries_of("20", "20-vein", student="7") == (mine, again)
    assert [given_answer(a.detail) for a in (mine, again)] == ["b", "c"]
