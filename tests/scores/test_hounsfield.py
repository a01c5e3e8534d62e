"""HU and QCT from ROIs on a CT: a hand-made slice whose answer is known, a written series, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from vbqkit import Ellipse, Volume, read_study
from vbqkit.acquisition import Acquisition
from vbqkit.anatomy import make_phantom, sample_patient
from vbqkit.image import stack_affine
from vbqkit.scanner import Identity, ct_rois, measure_ct, scan_ct, write_ct
from vbqkit.scores import Refusal, Score, score_ct
from vbqkit.studio import RoiStudio

CT = Acquisition(modality="CT", tube_kv=120.0, image_type=("ORIGINAL", "PRIMARY", "AXIAL"), rescale_intercept=-1024.0)
RODS = {"rod 0": 3.0, "rod 100": 133.0, "Rod 200": 263.0}  # 1.3 HU each mg/cm3, 3 HU of water
PLACES = {"L1": ((20, 20), 120.0), "L2": ((20, 50), 146.0), "rod 0": ((50, 15), 3.0)}
PLACES |= {"rod 100": ((50, 35), 133.0), "Rod 200": ((50, 55), 263.0)}


def made(labels=tuple(PLACES), **acquisition):
    """One slice of air with a square of known HU under each ROI."""
    pixels = np.full((1, 70, 70), -1000.0)
    affine = stack_affine((0, 0, 0), (0, 0, -3), (0, 1, 0), (1, 0, 0))
    for (row, col), hu in PLACES.values():
        pixels[0, row - 6 : row + 7, col - 6 : col + 7] = hu
    volume = Volume(pixels, affine, acquisition=replace(CT, **acquisition), refusal="CT, not MR")
    rois = [Ellipse.on(volume.slice(0), PLACES[label][0], 8.0, 8.0, label=label) for label in labels]
    return volume, rois


def test_hu_is_the_mean_of_l1_and_qct_comes_by_the_line_of_the_rods():
    hu, qct = score_ct(*made())
    assert hu.value == pytest.approx(120.0)
    assert qct.value == pytest.approx(((120 - 3) / 1.3 + (146 - 3) / 1.3) / 2)  # 90 and 110 mg/cm3
    assert qct.part("HU each mg/cm3") == pytest.approx(1.3)
    assert (hu.unit, hu.levels, qct.levels) == ("HU", ("L1",), ("L1", "L2"))
    assert not hu.cautions
    assert not qct.cautions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modality": "MR"}, "not CT"),
        ({"contrast_agent": "Iomeprol"}, "contrast agent"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "localiser"),
        ({"image_type": ("DERIVED", "SECONDARY")}, "secondary"),
    ],
)
def test_a_series_that_has_no_hu_of_marrow_gives_none(changes, words):
    for result in score_ct(*made(**changes)):
        assert isinstance(result, Refusal)
        assert words in result.reason


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"tube_kv": 80.0}, "ct-tube-voltage"), ({"tube_kv": None}, "ct-tube-voltage"), ({}, None)],
)
def test_another_tube_voltage_is_a_caution(changes, code):
    for result in score_ct(*made(**changes)):
        assert [caution.code for caution in result.cautions] == ([code] if code else [])


def test_numbers_that_need_not_be_hu_are_doubted():
    volume, rois = made(rescale_intercept=0.0)
    shifted = Volume(volume.pixels + 1024, volume.affine, acquisition=volume.acquisition)
    assert [caution.code for caution in score_ct(shifted, rois)[0].cautions] == ["ct-not-hu"]
    assert not score_ct(volume, rois)[0].cautions


def test_what_is_missing_is_said():
    hu, qct = score_ct(*made(labels=("L2", "rod 0", "rod 100")))
    assert "no ROI 'L1'" in hu.reason
    assert [caution.code for caution in qct.cautions] == ["qct-one-level"]
    assert "fewer than two" in score_ct(*made(labels=("L1", "rod 0")))[1].reason
    volume, rois = made(labels=("L1", "rod 0", "rod 100"))
    swapped = [roi.with_label({"rod 0": "rod 100", "rod 100": "rod 0"}.get(roi.label, roi.label)) for roi in rois]
    assert "fall" in score_ct(volume, swapped)[1].reason


@pytest.fixture(scope="module")
def body():
    patient = sample_patient("case04")
    return make_phantom(patient.patient, seed=patient.seed, in_plane_mm=1.0, plane_mm=2.0)


def test_a_written_ct_is_measured_as_the_volume_it_was_written_from(body, tmp_path):
    ct = scan_ct(body, rng=np.random.default_rng(3))
    write_ct(ct, Identity(case="CASE04", sex="F", age=66, bmi=25.0), tmp_path / "ct")
    (series,) = read_study(tmp_path / "ct")
    assert series.refusal is not None
    assert series.acquisition.tube_kv == 120
    hu, qct = score_ct(series.volume(), ct_rois(body, ct))
    whole = measure_ct(body, ct)
    # a header writes positions with 16 letters: a pixel center that lies on an edge may change sides
    assert (hu.value, qct.value) == pytest.approx((whole["hu"], whole["qct_mg_cm3"]), abs=0.5)
    header = pydicom.dcmread(tmp_path / "ct" / "0001.dcm", stop_before_pixels=True)
    assert (header.Modality, header.RescaleType) == ("CT", "HU")


def test_the_studio_measures_a_ct_in_hu_and_gives_no_vbq(body):
    ct = scan_ct(body)
    studio = RoiStudio(ct, rois=ct_rois(body, ct))
    assert studio._views[0]["unit"] == "HU"
    l1 = studio.measurements["L1"]
    hu, qct = score_ct(studio.volumes[0], studio.rois)
    assert isinstance(hu, Score)
    assert isinstance(qct, Score)
    assert l1.mean == pytest.approx(hu.value)
    assert not studio.scores
    assert "score_ct" in studio._measured["why_none"]
    assert [preset[0] for preset in studio._views[0]["presets"][:2]] == ["Bone", "Soft tissue"]
    assert studio._views[0]["corner"][:2] == ["CT axial", "120 kV"]
    assert [message["text"] for message in studio._messages] == [f"This series cannot be scored: {ct.refusal}"]
