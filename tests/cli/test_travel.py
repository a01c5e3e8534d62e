"""``vbqkit travel``: loud, and one bad row costs itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vbqkit.cli import main
from vbqkit.scanner import Tags, fat_fraction, travel

CASE = Path(__file__).parents[2] / "sample_data" / "case01"
TABLE = """id;weighting;vbq;field_t;tr_ms;te_ms;ti_ms;echo_train_length;corrected
P1;T1;2.8;3;600;20;;;yes
P1;t2;0.5;3;3500;100;;16;yes
P2;T1;90;3;600;20;;;
P3;STIR;0.3;3;3500;50;;8;no
P4;T1;two;3;600;20;;;yes
P5;T1;2.8;3;600;20;;;perhaps
"""


def rows_of(capsys, *arguments):
    status = main(["travel", *map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text(TABLE)
    return path


def test_a_table_is_brought_to_the_reference_and_its_bad_rows_say_why(table, capsys):
    status, rows = rows_of(capsys, table)
    assert status == 0
    by = {(row["id"], row["what"]): row for row in rows}
    tags = Tags(weighting="T1", field_t=3.0, tr_ms=600.0, te_ms=20.0, corrected=True)
    found = travel(2.8, tags)
    first = by["P1", "VBQ-T1"]
    assert (first["value"], first["ci_low"], first["ci_high"]) == (found.value, found.ci_low, found.ci_high)
    assert first["to_protocol"] == "1.5 T, TR 600, TE 12"
    assert ("P1", "VBQ-T2") not in by, "no reference protocol is agreed for T2: it serves marrow fat"
    t2 = Tags(weighting="T2", field_t=3.0, tr_ms=3500.0, te_ms=100.0, echo_train_length=16, corrected=True)
    assert by["P1", "marrow fat fraction"]["value"] == fat_fraction({tags: 2.8, t2: 0.5}).value
    for who, what, reason in (
        ("P2", "VBQ-T1", "Hardly anybody"),
        ("P3", "VBQ-STIR", "STIR has a TI"),
        ("P4", "VBQ-T1", "vbq is 'two', not a number"),
        ("P5", "VBQ-T1", "corrected is 'perhaps'"),
    ):
        assert reason in by[who, what]["refused"]
        assert by[who, what]["value"] is None
    assert all(row["caution"] == "no cut-off may be carried with it" for row in rows)


def test_it_says_loudly_before_any_number_that_no_cutoff_may_be_carried(table, capsys, tmp_path):
    assert main(["travel", str(table), "--out", str(tmp_path / "out.csv")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("NO CUT-OFF MAY BE CARRIED TO A PATIENT WITH THIS.")
    written = (tmp_path / "out.csv").read_text()
    assert written.startswith("# NO CUT-OFF MAY BE CARRIED TO A PATIENT WITH THIS.")
    assert written.count("no cut-off may be carried with it") == len(written.splitlines()) - 2
    page = (Path(__file__).parents[2] / "validation" / "travelling.md").read_text()
    assert "never to carry a published cut-off to a patient" in re.sub(r"\s+", " ", page)
    assert "printed 0.794" in page, "the figures in the warning are those of the page"
    assert "factor 0.95 [0.83, 1.08]" in page


def test_an_existing_file_is_not_touched(table, capsys, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert main(["travel", str(table), "--out", str(out)]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_machine_can_be_named_and_then_t2_travels_too(table, capsys):
    table.write_text("".join(TABLE.splitlines(keepends=True)[:3]))
    _, rows = rows_of(capsys, table, "--to-scanner", "generic-1.5t")
    assert {row["what"] for row in rows if row["id"] == "P1"} == {"VBQ-T1", "VBQ-T2", "marrow fat fraction"}
    assert main(["travel", str(table), "--to-scanner", "nonsense"]) == 1
    assert "There is no scanner 'nonsense'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,weighting,vbq\n", "holds no row"),
        ("id,weighting,vbq\nP1,T1,2\n", "has no column field_t, tr_ms, te_ms"),
        ("", "holds no row"),
    ],
)
def test_a_table_without_tags_says_what_is_missing(tmp_path, capsys, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    assert main(["travel", str(path)]) == 1
    assert message in capsys.readouterr().err


def test_a_file_that_is_no_table_says_so(tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert main(["travel", str(path)]) == 1
    assert "t.csv cannot be read" in capsys.readouterr().err
    path.write_text('id,weighting,vbq,field_t,tr_ms,te_ms\nP1,"T1"x,2,3,600,20\n')
    assert main(["travel", str(path)]) == 1
    assert "t.csv is no table" in capsys.readouterr().err
    assert main(["travel", str(tmp_path / "away.csv")]) == 1
    assert "away.csv cannot be read" in capsys.readouterr().err


def test_a_person_with_one_series_twice_has_no_fat_and_says_why(tmp_path, capsys):
    path = tmp_path / "t.csv"
    line = "P1,T1,2.8,3,600,20\n"
    path.write_text(f"id,weighting,vbq,field_t,tr_ms,te_ms\n{line}{line}")
    _, rows = rows_of(capsys, path)
    assert "the same series twice" in rows[-1]["refused"]


@pytest.mark.slow
def test_a_study_travels_by_its_own_tags(capsys):
    status, rows = rows_of(capsys, CASE, "--rois", CASE / "reference_rois.vbqkit.json", "--corrected", "yes")
    assert status == 0
    by = {row["what"]: row for row in rows}
    assert by["VBQ-T1"]["ci_low"] < by["VBQ-T1"]["value"] < by["VBQ-T1"]["ci_high"]
    assert by["marrow fat fraction"]["weighting"] == "T1 + T2 + STIR"
    assert main(["travel", str(CASE)]) == 1
    assert "needs ROIs. Say which with --rois FILE" in capsys.readouterr().err
