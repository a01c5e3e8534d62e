"""Cases on disk: complete, the same every time, and scored by the package's own readers and scores."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.sample_patients import SAMPLE_PATIENTS, sample_patient
from vbqkit.cli import main as command_line
from vbqkit.errors import GeometryError, ScannerError
from vbqkit.formats import read_rois, read_study
from vbqkit.roi.labels import FAT
from vbqkit.sample_data import (
    BONE_FILE,
    LEVELS_FILE,
    REGISTRY_FILE,
    ROI_FILE,
    SAMPLE_SCANNERS,
    TRUTH_FILE,
    WOMEN_FILE,
    check_registry,
    main,
    sample_scanner,
    write_case,
    write_sample_data,
)
from vbqkit.scanner import read_bone_images
from vbqkit.scores import Score, score_case, score_ct

SAMPLE = Path(__file__).parent.parent / "sample_data"
pytestmark = pytest.mark.xdist_group("coarse bodies")


def quick_scanner():
    """The sample machine with three thin-matrix slices, so that a test takes a second."""
    scanner = sample_scanner("generic-1.5t")
    small = [replace(p, slices=3, matrix=192, acquired=(128, 160), gap_mm=8.0) for p in scanner.protocols]
    return replace(scanner, protocols=tuple(small))


def quick_women(scanner, *, n, rng, as_in_practice):
    """As many women as asked for, unscanned: scanning them is tested with the reference groups."""
    assert not as_in_practice, "the kept table of women has reference ROIs"
    return pd.DataFrame(
        {"scanner": scanner.name, "id": [f"P{i}" for i in range(n)], "age_years": 25.0, "snr": rng.normal(50, 5, n)}
    )


@pytest.fixture(scope="module")
def coarse():
    """Bodies on a coarse grid: the same path, less detail."""
    bodies: dict[str, Phantom] = {}

    def phantom(self, **_):
        key = self.repeats or self.name
        if key not in bodies:
            bodies[key] = original(self, in_plane_mm=1.2, plane_mm=3.0)
        return bodies[key]

    original = type(SAMPLE_PATIENTS["case01"]).phantom
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbqkit.anatomy.sample_patients.SamplePatient.phantom", phantom)
        patch.setattr("vbqkit.sample_data.sample_scanner", lambda _name: quick_scanner())
        patch.setattr("vbqkit.sample_data.scan_reference_group", quick_women)
        yield


@pytest.fixture(scope="module")
def written(coarse, tmp_path_factory):
    out = tmp_path_factory.mktemp("cases") / "case05"
    return out, write_case(sample_patient("case05"), quick_scanner(), out)


def test_a_written_case_is_read_and_scored_by_the_package(written):
    folder, _ = written
    study = read_study(folder)
    rois = read_rois(folder / ROI_FILE)
    volumes = {w: study.find(w).volume() for w in ("T1", "T2", "STIR")}
    assert not rois.check(volumes["T1"])  # the same frame of reference
    scored = score_case(volumes, rois.rois, aggregate="median", rule="replace", excluded={"L2": "fracture"})
    assert 2 < scored.score("VBQ-T1").value < 7
    assert 0.2 < scored.score("VBQ-T2").value < 1.2


def test_the_tables_of_a_case_say_who_and_what(written):
    folder, files = written
    assert all(p.is_file() for p in files)
    [bone] = csv.DictReader((folder / BONE_FILE).read_text(encoding="utf-8").splitlines())
    assert (bone["id"], bone["sex"], bone["fracture"]) == ("CASE05", "F", "yes")
    truth = list(csv.DictReader((folder / TRUTH_FILE).read_text(encoding="utf-8").splitlines()))
    marrow = {r["level"]: float(r["value"]) for r in truth if r["kind"] == "pdff"}
    for level, told in zip(("L1", "L3", "L4"), np.array(sample_patient("case05").patient.pdff)[[0, 2, 3]], strict=True):
        assert marrow[level] == pytest.approx(told, abs=0.03)
    assert {"kind": "fracture", "level": "L2", "name": "grade", "value": "2"} in truth


def test_bone_csv_is_measured_on_the_ct_and_dexa_beside_it_and_leaves_out_the_fracture(written):
    folder, _ = written
    measured = read_bone_images(folder).measure(levels=("L1", "L3", "L4"))
    [bone] = csv.DictReader((folder / BONE_FILE).read_text(encoding="utf-8").splitlines())
    for name in ("bmd_g_cm2", "t_score", "z_score", "hu", "qct_mg_cm3"):
        assert float(bone[name]) == pytest.approx(measured[name], abs=0.051)
    assert measured["who_class"] == "osteoporosis"
    levels = list(csv.DictReader((folder / LEVELS_FILE).read_text(encoding="utf-8").splitlines()))
    assert [row["level"] for row in levels] == ["L1", "L2", "L3", "L4"]
    assert (levels[1]["bmd_g_cm2"], levels[1]["hu"], levels[1]["qct_mg_cm3"]) == ("", "", "")
    assert float(levels[0]["qct_mg_cm3"]) == pytest.approx(sample_patient("case05").patient.qct_mg_cm3, abs=15)


def test_a_folder_without_ct_and_dexa_says_what_is_missing(tmp_path):
    with pytest.raises(ScannerError, match="has no CT, ct_rois"):
        read_bone_images(tmp_path)


@pytest.mark.slow
def test_the_sample_data_has_a_registry_that_notices_a_changed_byte(coarse, tmp_path):
    out = tmp_path / "sample"
    files = write_sample_data(out, cases=["case04", "case08"], women=2)
    assert check_registry(out) == ()
    assert {p.name for p in out.iterdir()} == {"case04", "case08", BONE_FILE, WOMEN_FILE, "README.md", REGISTRY_FILE}
    women = list(csv.DictReader((out / WOMEN_FILE).read_text(encoding="utf-8").splitlines()))
    assert len(women) == 2 * len({SAMPLE_SCANNERS[c] for c in ("case04", "case08")})
    before = {p: p.read_bytes() for p in files}
    write_sample_data(out, cases=["case04", "case08"], women=2)  # replaces its own work, bit for bit
    assert {p: p.read_bytes() for p in files} == before
    (out / "case04" / BONE_FILE).write_text("changed")
    assert check_registry(out) == (f"case04/{BONE_FILE}",)


def test_what_is_not_sample_data_is_left_alone(coarse, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ScannerError, match=r"not empty and holds no registry\.txt"):
        write_sample_data(tmp_path)
    with pytest.raises(ScannerError, match=r"has no registry\.txt"):
        check_registry(tmp_path)
    assert main([str(tmp_path)]) == 1
    assert main([]) == 2
    assert main([str(tmp_path / "new" / ".."), "more"]) == 2


@pytest.mark.slow
def test_the_command_simulates_and_refuses_in_words(coarse, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("vbqkit.scanner.scanner_named", lambda _name: quick_scanner())
    out = tmp_path / "out"
    assert command_line(["simulate", "--case", "case01", "--scanner", "generic-1.5t", "--out", str(out)]) == 0
    assert "All synthetic" in capsys.readouterr().out
    assert (out / ROI_FILE).is_file()
    assert command_line(["simulate", "--case", "case01", "--scanner", "generic-1.5t", "--out", str(out)]) == 1
    assert "not empty; nothing was written" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_writes_a_dixon_scan_whose_fat_fraction_is_that_of_the_truth(coarse, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("vbqkit.scanner.scanner_named", lambda _name: quick_scanner())
    out = tmp_path / "out"
    arguments = ["simulate", "--case", "case01", "--scanner", "generic-1.5t", "--out", str(out), "--dixon"]
    assert command_line(arguments) == 0
    assert "Dixon series too" in capsys.readouterr().out
    (percent,) = read_study(out / "DIXON_PDFF")
    rois = [roi for roi in read_rois(out / ROI_FILE) if roi.label in ("L1", "L2", "L3", "L4")]
    found = [roi.measure(percent.volume()).mean for roi in rois]
    with (out / TRUTH_FILE).open() as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        truth = {row["level"]: 100 * float(row["value"]) for row in rows if row["kind"] == "pdff"}
    # a ROI is not the whole body, whose mean the truth is: texture alone moves one level by 6 points
    assert np.mean(found) == pytest.approx(np.mean([truth[roi.label] for roi in rois]), abs=5.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--case", "case99", "--scanner", "generic-3t", "--out", "x"], "no sample patient 'case99'"),
        (["--case", "case01", "--scanner", "siemens", "--out", "x"], "no scanner 'siemens'"),
        (["--case", "case01"], "--scanner, --out missing"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_made(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command_line(["simulate", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_lists_every_case_and_scanner(capsys):
    assert command_line(["simulate", "--list", "--json"]) == 0
    assert '"case08"' in (out := capsys.readouterr().out)
    assert '"hitachi-1.2t"' in out


def test_every_sample_case_has_a_scanner_and_the_repeated_one_another():
    assert set(SAMPLE_SCANNERS) == set(SAMPLE_PATIENTS)
    for case in SAMPLE_PATIENTS.values():
        if case.repeats:
            assert SAMPLE_SCANNERS[case.name] != SAMPLE_SCANNERS[case.repeats]


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample data is not here; make it with: make sample-data")
def test_the_sample_data_in_the_repository_is_whole_and_fits():
    assert check_registry(SAMPLE) == ()
    assert sum(p.stat().st_size for p in SAMPLE.rglob("*") if p.is_file()) <= 60e6
    assert {p.name for p in SAMPLE.iterdir() if p.is_dir()} == set(SAMPLE_PATIENTS)


@pytest.mark.parametrize("case", sorted(SAMPLE_PATIENTS))
def test_every_reference_roi_lies_on_the_plane_of_a_slice_of_every_series(case):
    rois = read_rois(SAMPLE / case / ROI_FILE)
    study = read_study(SAMPLE / case)
    for weighting in ("T1", "T2", "STIR"):
        volume = study.find(weighting).volume()
        assert len(volume) % 2 == 1
        for roi in rois:
            away = float(volume.nearest_slice(roi.center_mm).distance_mm([roi.center_mm])[0])
            assert abs(away) < 1e-6, f"{roi.label} lies {away} mm off a slice of {weighting}"
            assert volume.midway_caution(roi.center_mm) is None
    scored = score_case({w: study.find(w).volume() for w in ("T1", "T2", "STIR")}, rois, aggregate="median")
    assert not any(
        caution.code == "midway"
        for result in scored.results
        if isinstance(result, Score)
        for caution in result.cautions
    )
    assert {"S1", FAT} <= {roi.label for roi in rois}
    assert sum(roi.label.endswith("endplate") for roi in rois) >= 4


@pytest.mark.parametrize("case", sorted(SAMPLE_PATIENTS))
def test_hu_and_qct_are_scored_from_the_files_of_every_case_and_are_those_of_bone_csv(case):
    images = read_bone_images(SAMPLE / case)
    hu, qct = score_ct(images.ct, images.ct_rois)
    bone = pd.read_csv(SAMPLE / case / BONE_FILE).iloc[0]
    assert hu.value == pytest.approx(bone["hu"], abs=0.051)
    assert qct.value == pytest.approx(bone["qct_mg_cm3"], abs=0.051)
    assert [c.code for c in qct.cautions] == (["qct-one-level"] if case == "case05" else [])
    whole = pd.read_csv(SAMPLE / BONE_FILE).set_index("id").loc[case.upper()]
    assert (whole["hu"], whole["t_score"]) == (bone["hu"], bone["t_score"])


def test_every_image_is_marked_as_synthetic_and_needs_no_decoder_but_pydicom():
    files = sorted(SAMPLE.rglob("*.dcm"))
    assert len(files) > 8 * 40
    for path in files:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        assert header.file_meta.TransferSyntaxUID == pydicom.uid.RLELossless
        assert "SYNTHETIC" in header.ImageComments
        assert "SYNTHETIC" in header.SeriesDescription
        assert str(header.PatientName).startswith("VIRTUAL^")


def test_a_projection_is_refused_for_what_it_is_and_not_for_a_plane_that_it_cannot_have():
    (dexa,) = [series for series in read_study(SAMPLE / "case04") if series.acquisition.modality == "DX"]
    assert dexa.refusal == "DX, not MR: the scores are defined on MR signal"
    with pytest.raises(GeometryError, match="ImageOrientationPatient"):
        dexa.volume()


def test_positions_are_rounded_to_a_millionth_of_a_millimeter():
    for path in (SAMPLE / "case01").rglob("*.dcm"):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        for text in map(str, header.get("ImagePositionPatient", ())):
            assert len(text.partition(".")[2]) <= 6
    text = (SAMPLE / "case01" / ROI_FILE).read_text(encoding="utf-8")
    assert all(len(digits) <= 6 for digits in re.findall(r"-?\d+\.(\d+)(?:e-\d+)?[,\]]", text))
