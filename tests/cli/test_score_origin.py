"""``vbqkit score`` says which ROIs were proposed automatically, and scores none that nobody has accepted."""

import json
from pathlib import Path

import pytest

from vbqkit.cli import main
from vbqkit.formats import read_rois, read_study, write_rois
from vbqkit.formats.roi_file import RoiFile
from vbqkit.roi import ProposedPlace

CASE = Path(__file__).parents[2] / "sample_data" / "case01"


@pytest.fixture
def score(tmp_path, capsys):
    def run(file, *options):
        path = tmp_path / "rois.vbqkit.json"
        write_rois(path, file, image=read_study(CASE / "T1").series[0].volume())
        main(["score", str(CASE / "T1"), "--rois", str(path), *options])
        return "".join(capsys.readouterr())

    return run


def scored(rows, name):
    return next(row for row in rows if row["score"] == name)


def test_accepted_and_corrected_rois_are_scored_and_named_beside_the_score(score):
    rois = read_rois(CASE / "reference_rois.vbqkit.json").rois
    places = [
        ProposedPlace(roi=roi if roi.label != "L2" else roi.moved((0, 0, 3.0)), confidence=0.8)
        if roi.label in ("L1", "L2")
        else None
        for roi in rois
    ]
    said = score(RoiFile(rois=rois, places=tuple(places)), "--json")
    assert scored(json.loads(said), "VBQ-T1")["value"] > 1.0
    assert "ROIs proposed automatically and accepted unchanged: L1." in said
    assert "ROIs proposed automatically and corrected: L2 (moved 3.0 mm)." in said


def test_what_nobody_accepted_gives_no_score_and_that_is_said(score):
    rois = read_rois(CASE / "reference_rois.vbqkit.json").rois
    waiting = tuple((roi, ProposedPlace(roi=roi, confidence=0.8)) for roi in rois)
    said = score(RoiFile(rois=(), proposed=waiting))
    assert "were proposed automatically, and no reader has accepted them" in said
    assert "VBQ-T1" not in said
    part = score(RoiFile(rois=rois[:1], proposed=waiting[1:]))
    assert "no ROI 'CSF' on the T1 series" in part
    assert "that no reader has accepted: L1" in part


def test_they_are_scored_as_they_are_only_if_asked_for_and_every_score_says_so(score):
    rois = read_rois(CASE / "reference_rois.vbqkit.json").rois
    waiting = tuple((roi, ProposedPlace(roi=roi, confidence=0.8)) for roi in rois)
    said = score(RoiFile(rois=(), proposed=waiting), "--accept-proposed", "--json")
    assert scored(json.loads(said), "VBQ-T1")["value"] > 1.0
    assert "ROIs proposed automatically and accepted unchanged: T12, L1" in said
