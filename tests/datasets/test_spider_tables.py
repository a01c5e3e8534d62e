"""What a laid-out SPIDER shows: which series are there; proposed ROIs against its masks, on bodies made of boxes."""

import json

import numpy as np
import pytest

from tests.datasets.test_spider import labels, mha, signal
from vbqkit import read_rois
from vbqkit.datasets import (
    compare_with_masks,
    count_series,
    make_spider_like,
    open_spider,
    spider_series,
    spider_tables,
)
from vbqkit.datasets.spider import BODIES, CANAL, write_sidecar
from vbqkit.datasets.spider_like import labels_of
from vbqkit.errors import FormatError, ProposalError
from vbqkit.propose import Proposal
from vbqkit.propose.proposal import ProposedRoi

T1 = {"RepetitionTime": 0.6, "EchoTime": 0.012, "ScanningSequence": ["SE"], "MagneticFieldStrength": 1.5}
T2 = {"RepetitionTime": 3.0, "EchoTime": 0.11, "ScanningSequence": ["SE"]}
SERIES = {"1_t1": T1, "1_t2": T2, "2_t1": {}, "10_t2": T1}
"""Patient 10 has no T1, and its T2 has the times of a T1; of patient 2 nothing is known."""


@pytest.fixture(scope="module")
def spider(tmp_path_factory):
    home = tmp_path_factory.mktemp("spider")
    (home / "masks").mkdir()
    for stem, known in SERIES.items():
        series = home / "studies" / stem.split("_")[0] / f"{stem}.mha"
        series.parent.mkdir(parents=True, exist_ok=True)
        mha(series, signal(300, 100) if stem.endswith("t1") else signal(150, 400))
        mha(home / "masks" / series.name, labels())
        write_sidecar(series, known, stem[-2:].upper())
    (home / "studies" / "notes").mkdir()
    return open_spider(home)


def test_series_are_listed_by_name_and_by_their_times(spider):
    rows = spider_series(spider)
    found = [(row["patient"], row["by_name"], row["there"], row["by_times"]) for row in rows]
    assert found == [
        ("1", "T1", True, "T1"),
        ("1", "T2", True, "T2"),
        ("2", "T1", True, None),
        ("2", "T2", False, None),
        ("10", "T1", False, None),
        ("10", "T2", True, "T1"),
    ]
    assert (rows[0]["tr_ms"], rows[0]["field_t"]) == (600.0, 1.5)
    t1, t2 = count_series(rows)
    assert t1 == {"by_name": "T1", "patients": 3, "there": 2, "same": 1, "another": 0, "not_known": 1}
    assert (t2["there"], t2["same"], t2["another"]) == (2, 1, 1)


def propose(monkeypatch, spider, shift=0, moved_mm=0.0, without=()):
    """The ROIs of the masks, as a proposal: with names that are `shift` levels off, and moved backwards."""
    order = list(reversed(BODIES.values()))
    given = []
    for roi in read_rois(spider.rois / "1.vbqkit.json").rois:
        name = roi.label if roi.label not in order else order[(order.index(roi.label) + shift) % len(order)]
        if name not in without:
            given.append(ProposedRoi(roi=roi.with_label(name).moved((0.0, moved_mm, 0.0)), confidence=1.0))
    monkeypatch.setattr(spider_tables, "propose_rois", lambda v: Proposal(volume=v, rois=tuple(given)))


def test_the_same_rois_agree_and_names_that_are_off_are_counted(spider, monkeypatch):
    propose(monkeypatch, spider)
    one, two, ten = compare_with_masks(spider)
    assert (one["weighting"], two["weighting"], ten["weighting"]) == ("T1", "T1", "T2")
    assert one["names"] == "as in the masks"
    assert (one["inside_percent"], one["vbq_percent"]) == (100.0, pytest.approx(0.0))
    assert (one["vbq_masks"], ten["vbq_masks"]) == (pytest.approx(3.0, rel=0.01), pytest.approx(0.375, rel=0.02))
    propose(monkeypatch, spider, shift=1)
    assert [row["names"] for row in compare_with_masks(spider, first=1)] == ["1 off"]


def test_rois_beside_the_bodies_and_levels_without_one_are_told(spider, monkeypatch):
    propose(monkeypatch, spider, moved_mm=20.0)
    (row,) = compare_with_masks(spider, first=1)
    # of columns 13 to 40, now 33 to 60, those up to 43, and of the last one the spinous process: 8 of 24 rows
    assert row["inside_percent"] == pytest.approx(100 * (11 + 8 / 24) / 28)
    assert row["marrow_percent"] < -30
    propose(monkeypatch, spider, without=("L2",))
    (row,) = compare_with_masks(spider, first=1)
    assert (row["vbq_percent"], row["reason"]) == (None, "proposal without L2")


def test_what_cannot_be_compared_says_why(spider, monkeypatch):
    def refuse(_):
        raise ProposalError("no spine is seen")

    monkeypatch.setattr(spider_tables, "propose_rois", refuse)
    assert {row["reason"] for row in compare_with_masks(spider)} == {"no spine is seen"}
    monkeypatch.setattr(spider_tables, "propose_rois", lambda v: Proposal(volume=v, question="Which is L5?"))
    seen = []
    (row,) = compare_with_masks(spider, first=1, progress=lambda *where: seen.append(where))
    assert (row["names"], row["reason"], row["vbq_percent"]) == ("asked", "Which is L5?", None)
    assert seen == [(1, 1)]


def test_a_folder_that_holds_something_else_is_refused(tmp_path):
    with pytest.raises(FormatError, match="SPIDER is not there"):
        open_spider(tmp_path)
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(FormatError, match="are not mixed with them"):
        make_spider_like(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]


@pytest.mark.slow
def test_virtual_patients_are_laid_out_as_the_real_ones(tmp_path, monkeypatch):
    from vbqkit.datasets import spider_like
    from vbqkit.exercises.cases import make_case, truth_of

    monkeypatch.setattr(spider_like, "_PATIENTS", spider_like._PATIENTS[2:4])
    found = make_spider_like(tmp_path / "s")
    assert (found.patients, found.with_rois, found.synthetic) == (2, 2, True)
    assert "Nobody real" in (tmp_path / "s" / "SYNTHETIC.txt").read_text()
    assert not list(tmp_path.rglob("*.unfinished")) + list(tmp_path.rglob(".*.mha"))
    rows = spider_series(found)
    assert [row["there"] for row in rows] == [False, True, True, True]
    assert json.loads((found.studies / "2" / "2_t1.json").read_text()) == {"VbqkitWeighting": "T1"}
    times = {path: path.stat().st_mtime_ns for path in found.studies.rglob("*.mha")}
    make_spider_like(tmp_path / "s")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    case = make_case(3, kind="modic")
    numbers = labels_of(truth_of(case), case.volumes["T1"])
    number_of = {level: number for number, level in BODIES.items()} | {"CSF": CANAL}
    for roi in truth_of(case).reference_rois:
        if roi.label in number_of:
            under = numbers[roi.slice_of(case.volumes["T1"]).index][roi.mask(case.volumes["T1"])]
            assert np.mean(under == number_of[roi.label]) > 0.95, roi.label
