"""``vbqkit cohort simulate``: a table that is whole or not there."""

from __future__ import annotations

import errno
import json

import pytest

from vbqkit.cli import main
from vbqkit.cohort import read_cohort
from vbqkit.virtual_cohort import simulate_cohort

ONE = ["cohort", "simulate", "--n", "1", "--seed", "7", "--workers", "1"]


def test_the_table_is_that_of_python_and_reads_as_a_cohort(tmp_path, capsys):
    out = tmp_path / "t.csv"
    machines = ("generic-1.5t", "generic-3t")
    options = [
        "--scanner",
        machines[0],
        "--scanner",
        machines[1],
        "--score",
        "VBQ-T1",
        "--score",
        "SNR",
        "--ages",
        "60,70",
        "--sex",
        "F",
    ]
    assert main([*ONE, "--out", str(out), *options]) == 0
    printed = capsys.readouterr().out
    assert "1 virtual people, 2 rows" in printed
    assert "Synthetic: vbqkit" in printed
    assert "1 rows lack a score, such as: SNR: " in printed
    table = read_cohort(out).table
    expected = simulate_cohort(1, machines, ("VBQ-T1", "SNR"), seed=7, ages=(60, 70), sex="F")
    assert table["vbq_t1"].tolist() == pytest.approx(expected["vbq_t1"].tolist(), rel=1e-5)
    assert table["origin"].str.startswith("synthetic: ").all()


def test_a_table_that_is_there_and_a_folder_that_is_not_are_said_before_anybody_is_drawn(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("vbqkit.virtual_cohort.simulate_cohort", lambda *_, **__: pytest.fail("drawn"), raising=False)
    out = tmp_path / "t.csv"
    out.write_text("mine")
    assert main([*ONE, "--out", str(out)]) == 1
    assert "is there already, and nothing is overwritten" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*ONE, "--out", str(tmp_path / "away" / "t.csv")]) == 1
    assert "is not there" in capsys.readouterr().err
    assert main([*ONE, "--out", str(tmp_path / "t.xlsx")]) == 1
    assert "unknown ending" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing_half_written(tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main([*ONE, "--out", str(tmp_path / "t.csv")]) == 1
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_stopped_it_leaves_nothing_and_says_so(tmp_path, capsys, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("vbqkit.virtual_cohort.simulate.simulate_person", stopped)
    assert main([*ONE, "--out", str(tmp_path / "t.csv")]) == 130
    assert "stopped; nothing was half written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ages", "old"], "--ages old is not understood; write FROM,TO"),
        (["--scanner", "nonsense"], "There is no scanner 'nonsense'"),
        (["--score", "nonsense"], "There is no score 'nonsense'"),
        (["--readers", "0"], "0 readers cannot read"),
    ],
)
def test_options_that_cannot_be_say_so(tmp_path, capsys, options, message):
    assert main([*ONE, "--out", str(tmp_path / "t.csv"), *options]) == 1
    assert message in capsys.readouterr().err


def test_json_prints_every_row(tmp_path, capsys):
    assert main([*ONE, "--out", str(tmp_path / "t.tsv"), "--json", "--readers", "2"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["reader"] for row in rows] == [1, 2]
    assert (tmp_path / "t.tsv").read_text().startswith("id\tage_years")
