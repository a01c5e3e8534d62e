"""``vbqkit score`` gives no number from ROIs that lie where a score means nothing."""

import json
from pathlib import Path

import pytest

from vbqkit import read_rois, write_rois
from vbqkit.cli import main

CASE = Path(__file__).parents[2] / "sample_data" / "case01"


def scored(tmp_path, capsys, rois, *options):
    path = tmp_path / "rois.json"
    write_rois(path, rois)
    assert main(["score", str(CASE), "--rois", str(path), "--aggregate", "median", "--json", *options]) == 0
    return {row["score"]: row for row in json.loads(capsys.readouterr().out)}


@pytest.fixture
def rois():
    return {roi.label: roi for roi in read_rois(CASE / "reference_rois.vbqkit.json").rois}


def test_reference_rois_keep_their_scores_without_a_word_about_their_places(tmp_path, capsys, rois):
    rows = scored(tmp_path, capsys, rois.values())
    assert rows["VBQ-T1"]["value"] > 0
    assert "level" not in (rows["VBQ-T1"]["cautions"] or "")


def test_csf_in_front_of_the_column_refuses_vbq_and_not_snr(tmp_path, capsys, rois):
    rows = scored(tmp_path, capsys, (rois | {"CSF": rois["CSF"].moved((0, -70, 0))}).values())
    assert rows["VBQ-T1"]["value"] is None
    assert "CSF" in rows["VBQ-T1"]["refused"]
    assert rows["SNR"]["value"] > 0


def test_levels_named_upside_down_refuse_every_score_unless_overruled(tmp_path, capsys, rois):
    names = ["L1", "L2", "L3", "L4"]
    turned = rois | {a: rois[b].with_label(a) for a, b in zip(names, reversed(names), strict=True)}
    rows = scored(tmp_path, capsys, turned.values())
    assert rows["VBQ-T1"]["value"] is rows["SNR"]["value"] is None
    said = scored(tmp_path, capsys, turned.values(), "--overrule", "counted twice with a colleague")
    assert said["VBQ-T1"]["value"] > 0
    assert "overruled: " in said["VBQ-T1"]["cautions"]
