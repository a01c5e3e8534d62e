import json

import pytest

from vbqkit.cli import main
from vbqkit.exercises import record_attempt


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    return tmp_path


def test_progress_is_shown_for_people(capsys):
    record_attempt("20", "placing", passed=False)
    record_attempt("20", "placing", passed=True)
    record_attempt("30", "snr", passed=False, detail="too high")
    assert main(["progress"]) == 0
    text = capsys.readouterr().out
    assert "1 of 2 exercises passed" in text
    assert "too high" in text


def test_progress_as_json_is_one_list_of_flat_objects(capsys):
    record_attempt("20", "placing", passed=True, student="7")
    assert main(["progress", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["student"] == "7"
    assert row["passed"] is True
    assert not any(isinstance(value, (list, dict)) for value in row.values())


def test_nothing_done_yet_is_said_and_is_an_empty_list(capsys):
    assert main(["progress"]) == 0
    assert "Nothing done yet" in capsys.readouterr().out
    assert main(["progress", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_folder_that_is_not_there_is_said(capsys, folder):
    assert main(["progress", "--folder", str(folder / "no")]) == 1
    assert "There is no folder" in capsys.readouterr().err
