"""PixelPaddingValue: pixels that were never measured are neither air nor signal."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest

from vbqkit import read_rois, read_study
from vbqkit.errors import ScoreError
from vbqkit.scores import check_noise, free_air, score_case

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
WIDTH = 24


@pytest.fixture(scope="module")
def rois():
    return {roi.label: roi for roi in read_rois(CASE / "reference_rois.vbqkit.json")}


@pytest.fixture(scope="module")
def plain():
    return read_study(CASE).find("T1").volume()


def padded(slices, folder, value, *, signed=True, limit=None, inside=None, columns=WIDTH, stated=True):
    """The series with a frame of padding to the left and right."""
    folder.mkdir(exist_ok=True)
    for k, original in enumerate(slices):
        out = io.BytesIO()
        original.save_as(out)
        dataset = pydicom.dcmread(io.BytesIO(out.getvalue()))
        values = dataset.pixel_array.astype(np.int32)
        values[:, :columns] = values[:, -columns:] = value
        if inside is not None:
            values[inside] = value
        dataset.PixelData = values.astype(np.int16 if signed else np.uint16).tobytes()
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = int(signed), 16, 15
        vr = "SS" if signed else "US"
        if stated:
            dataset.add_new(0x00280120, vr, value if limit is None else limit[0])
            if limit is not None:
                dataset.add_new(0x00280121, vr, limit[1])
        dataset.save_as(folder / f"{k:02d}.dcm")
    return read_study(folder).series[0].volume()


FRAMES = {
    "far below": {"value": -1000},
    "far above": {"value": 60000, "signed": False},
    "within the range of signal": {"value": 150, "signed": False},
    "a range": {"value": -990, "limit": (-1000, -980)},
    "zero": {"value": 0, "signed": False},
}


@pytest.mark.parametrize("frame", FRAMES)
def test_padding_is_known_and_changes_no_score(slices, rois, plain, tmp_path, frame):
    volume = padded(slices, tmp_path, **FRAMES[frame])
    assert volume.padding[:, :, :WIDTH].all()
    assert not volume.padding[:, :, WIDTH : -WIDTH - 1].any()
    expected = score_case({"T1": plain}, rois.values(), aggregate="median").score("VBQ-T1").value
    assert score_case({"T1": volume}, rois.values(), aggregate="median").score("VBQ-T1").value == expected


@pytest.mark.parametrize("frame", FRAMES)
def test_padding_is_not_air_and_air_beside_it_is(slices, rois, plain, tmp_path, frame):
    volume = padded(slices, tmp_path, **FRAMES[frame])
    image = rois["L3"].slice_of(volume)
    air = free_air(image)
    assert not air[:, :WIDTH].any()
    before = free_air(rois["L3"].slice_of(plain))[:, WIDTH:-WIDTH]
    assert (air[:, WIDTH:-WIDTH] & before).sum() > 0.9 * before.sum()
    noise = rois["noise"]
    assert check_noise(noise, image).refusal is None
    on_padding = noise.moved(np.array(image.to_patient_mm((200, 20))) - np.array(noise.center_mm))
    with pytest.raises(ScoreError, match=r"padding|air"):
        score_case(
            {"T1": volume}, [*(r for r in rois.values() if r.label != "noise"), on_padding], aggregate="mean"
        ).score("SNR")


def test_a_roi_that_reaches_into_padding_is_refused_and_one_that_touches_it_is_doubted(slices, rois, plain, tmp_path):
    row, col = np.rint(rois["L3"].slice_of(plain).to_rows_cols(rois["L3"].center_mm)).astype(int)
    volume = padded(slices, tmp_path, -1000, inside=np.s_[row - 30 : row + 30, col + 2 : col + 8])
    with pytest.raises(ScoreError, match=r"% of L3 lies on padding"):
        score_case({"T1": volume}, rois.values(), aggregate="mean").score("VBQ-T1")
    assert score_case({"T1": volume}, rois.values(), aggregate="mean", overrule="the test").score("VBQ-T1").overruled


def test_single_pixels_of_that_value_are_measured(slices, tmp_path):
    """Scanners state 0, and air reads 0 here and there."""
    volume = padded(slices, tmp_path, 1, signed=False, columns=1)
    assert (volume.pixels[:, :, 1:-1] == 1).any()
    assert volume.padding is None


def test_without_the_tag_nothing_is_padding(slices, tmp_path):
    assert padded(slices, tmp_path, 150, signed=False, stated=False).padding is None
