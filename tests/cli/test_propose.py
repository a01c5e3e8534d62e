"""``vbqkit propose`` and ``vbqkit validate-proposals``."""

from pathlib import Path

import pytest

from vbqkit.cli import main
from vbqkit.formats import read_rois, read_study
from vbqkit.scores import score_value
from vbqkit.validation import proposals

SAMPLE = Path(__file__).parents[2] / "sample_data"


def test_rois_and_a_picture_are_written_and_can_be_scored_once_accepted(tmp_path, capsys):
    out, picture = tmp_path / "rois.json", tmp_path / "rois.png"
    case = str(SAMPLE / "case01" / "T1")
    assert main(["propose", case, "--out", str(out), "--overlay", str(picture)]) == 0
    said = capsys.readouterr().out
    assert "Names counted from S1" in said
    assert "confirmed by a reader" in said
    written = read_rois(out)
    assert written.rois == (), "nothing counts before a reader has accepted it"
    assert {"L1", "L2", "L3", "L4", "CSF"} <= {roi.label for roi, _ in written.proposed}
    assert picture.read_bytes().startswith(b"\x89PNG")
    volume = read_study(case).series[0].volume()
    assert 1.0 < score_value(volume, written.accepted(), "VBQ-T1", aggregate="median") < 5.0


def test_a_format_that_cannot_say_that_nobody_accepted_is_told_so(tmp_path, capsys):
    out = tmp_path / "rois.csv"
    assert main(["propose", str(SAMPLE / "case01" / "T1"), "--out", str(out)]) == 0
    assert "cannot say that nobody has accepted these ROIs" in capsys.readouterr().out
    assert {"L1", "CSF"} <= {roi.label for roi in read_rois(out)}


def test_what_cannot_be_proposed_on_ends_in_one_sentence(tmp_path, capsys):
    assert main(["propose", str(SAMPLE / "case01" / "CT"), "--out", str(tmp_path / "rois.json")]) == 1
    assert "vbqkit propose:" in capsys.readouterr().err
    assert not (tmp_path / "rois.json").exists()


def test_rows_are_read_again_and_another_file_is_refused(tmp_path, capsys):
    from vbqkit.formats.table_file import write_table

    empty = dict.fromkeys(proposals.COLUMNS, "") | {"weighting": "T1", "findings": "none"}
    rows = [
        empty | {"outcome": "right", "levels": 4, "whole": 4, "ellipse_whole": 4},
        empty | {"outcome": "wrong", "reason": "L5 called L4"},
    ]
    path = write_table(tmp_path / "rows.csv", proposals.COLUMNS, rows)
    assert main(["validate-proposals", "--read", str(path)]) == 0
    assert "WRONG NAMES" in capsys.readouterr().out
    assert main(["validate-proposals", "--read", str(path), "--table", "rates"]) == 0
    assert "names asked for" in capsys.readouterr().out
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert main(["validate-proposals", "--read", str(tmp_path / "other.csv")]) == 1
    assert main(["validate-proposals", "--read", str(tmp_path / "none.csv")]) == 1
    assert main(["validate-proposals", "--patients", "0"]) == 1


@pytest.mark.slow
def test_an_unseen_patient_is_compared_with_the_truth():
    rows = list(proposals.simulate_proposals([0]))
    assert {r["weighting"] for r in rows} == {"T1", "T2", "STIR"}
    assert all(set(r) <= set(proposals.COLUMNS) for r in rows)
    assert all(r["outcome"] in ("right", "wrong", "asked", "refused") for r in rows)
    assert sum(r["outcome"] == "right" for r in rows) >= 2
