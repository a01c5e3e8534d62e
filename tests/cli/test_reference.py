"""``vbqkit reference``: members are measured and kept, and a score is counted against them only on the same scanner."""

import json
import shutil
from pathlib import Path

import pydicom
import pytest

from vbqkit import read_study
from vbqkit.cli import main
from vbqkit.formats import read_rois
from vbqkit.scores import score_case

ROOT = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "T1"
    folder.mkdir()
    for path in sorted((ROOT / "case01" / "T1").iterdir())[4:7]:
        shutil.copy(path, folder)
    return folder.parent


def rows(capsys):
    return json.loads(capsys.readouterr().out)


def test_a_member_is_measured_listed_charted_and_counted_against(study, tmp_path, capsys):
    library, file = tmp_path / "lib", ROOT / "case01" / "reference_rois.vbqkit.json"
    add = ["reference", "add", str(study), "--library", str(library), "--date", "2026-10"]
    assert main([*add, "--group", "own", "--code", "W1", "--age", "26", "--rois", str(file), "--json"]) == 0
    (row,) = rows(capsys)
    t1 = read_study(study).find("T1").volume()
    expected = score_case({"T1": t1}, read_rois(file), aggregate="mean").score("SNR").value
    assert row["snr"] == pytest.approx(expected, abs=1e-4)
    assert main([*add, "--code", "W2", "--age", "26", "--snr", "150"]) == 1
    assert "images of W2 are in group own already, as W1" in capsys.readouterr().err
    for k, snr in enumerate((150, 140), start=2):
        for path in (study / "T1").iterdir():  # another series of the same protocol
            dataset = pydicom.dcmread(path)
            dataset.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{k}"
            dataset.save_as(path)
        assert main([*add, "--code", f"W{k}", "--age", "26", "--snr", str(snr)]) == 0
    capsys.readouterr()
    assert main(["reference", "list", str(library), "--json"]) == 0
    (row,) = rows(capsys)
    assert (row["group"], row["n"], row["ages"]) == ("own", 3, "26 to 26")
    assert row["sd_low"] < row["sd"] < row["sd_high"]
    assert main(["reference", "drift", str(library), "--picture", str(tmp_path / "d.html")]) == 0
    assert "20 or more are asked for" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "d.html").read_text(encoding="utf-8")
    assert main(["reference", "drift", str(library), "--picture", str(tmp_path / "d.html")]) == 1
    capsys.readouterr()
    score = ["score", str(study), "--rois", str(file), "--aggregate", "mean"]
    assert main([*score, "--reference", str(library), "--json"]) == 0
    found = {r["score"]: r for r in rows(capsys)}["M-score"]
    assert found["part_reference_n"] == 3
    assert found["value"] == pytest.approx((expected - row["mean"]) / row["sd"], rel=1e-4)
    assert main([*score, "--reference", str(library), "--coil", "Body"]) == 0
    said = capsys.readouterr().out
    assert "differs in coil: Body here, SPINE in own" in said
    assert "There is no M-score without a group" in said
    assert main([*score, "--reference", str(library), "--reference-snr", "47,5,9"]) == 1
    assert "name two reference groups" in capsys.readouterr().err
    assert main([*score, "--reference", str(tmp_path / "nowhere")]) == 1
    assert "There is no library" in capsys.readouterr().err
    page = tmp_path / "r.html"
    report = ["report", *score[1:], "--reader", "AB", "--out", str(page), "--reference", str(library)]
    assert main([*report, "--rule", "leave out", "--exclude", "L2=fracture"]) == 0
    assert "T12 and/or L5 take the place" in page.read_text(encoding="utf-8")
    assert "Group own agrees with this scan" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--series", "9"], "--series 9 names no series"),
        (["--date", "soon"], "date 'soon'"),
        (["--age", "300"], "not possible"),
        (["--code", "Jana Novak"], "The code"),
    ],
)
def test_what_cannot_be_a_member_is_refused(study, tmp_path, capsys, more, words):
    add = ["reference", "add", str(study), "--library", str(tmp_path / "lib"), "--group", "g", "--snr", "50"]
    assert main([*add, "--code", "W1", "--age", "25", "--date", "2026-10", *more]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "lib").exists() or not list((tmp_path / "lib").iterdir())


def test_only_t1_is_a_member(tmp_path, capsys):
    add = ["reference", "add", str(ROOT / "case01" / "T2"), "--library", str(tmp_path), "--group", "g", "--snr", "50"]
    assert main([*add, "--code", "W1", "--age", "25", "--date", "2026-10", "--series", "0"]) == 1
    assert "The series is T2" in capsys.readouterr().err
