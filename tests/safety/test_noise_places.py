"""Where a noise ROI may lie: belly, wall and pelvis are not air, and air elsewhere must agree."""

from pathlib import Path

import numpy as np
import pytest

from tests.safety.lumbar_picture import (
    AIR_FRONT,
    BACK,
    BELLY,
    MARROW,
    PELVIS_ROWS,
    SHAPE,
    WALL,
    as_slice,
    box,
    changed,
    codes,
    picture,
)
from vbqkit import read_rois, read_study
from vbqkit.scores import check_noise, free_air, no_free_air
from vbqkit.scores.noise_agreement import sd_tolerance, second_box

SAMPLE = Path(__file__).parents[2] / "sample_data"
REAL = Path(__file__).parents[3] / "shared" / "real"
real_images = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real images at {REAL}")


@pytest.fixture(scope="module")
def lumbar():
    return picture()


def every_box(image, *, size=9.0, step=12, marrow=MARROW):
    """SD of each box on a grid that is accepted, and of those the ones without a caution."""
    accepted, silent = [], []
    for row in range(10, image.shape[0] - 10, step):
        for col in range(8, image.shape[1] - 8, step):
            roi = box(image, row, col, size)
            check = check_noise(roi, image, marrow_mean=marrow)
            if check.refusal is None:
                accepted.append((row, col))
                if not check.cautions:
                    silent.append(roi.measure(image).sd)
    return accepted, silent


def test_belly_wall_and_pelvis_are_dark_and_are_not_free_air(lumbar):
    bright = np.percentile(lumbar.pixels, 99)
    air = free_air(lumbar)
    for rows, cols in ((slice(None), BELLY), (slice(None), WALL), (PELVIS_ROWS, BELLY)):
        assert np.mean(lumbar.pixels[rows, cols]) < 0.1 * bright  # dark enough to pass for air by its brightness
        assert not air[rows, cols].any()
    assert air[3:-3, AIR_FRONT].mean() > 0.95
    assert air[3:-3, BACK].mean() > 0.95


@pytest.mark.parametrize(
    ("row", "col"), [(100, 85), (200, 70), (150, 52), (290, 100)], ids=["belly", "bowel", "wall", "pelvis"]
)
def test_a_noise_roi_in_the_dark_body_is_refused(lumbar, row, col):
    check = check_noise(box(lumbar, row, col), lumbar, marrow_mean=MARROW)
    assert "outside the free air" in check.refusal


@pytest.mark.parametrize("channels", [1, 8])
@pytest.mark.parametrize("col", [15, 232], ids=["front", "back"])
def test_a_noise_roi_in_true_air_has_no_caution(channels, col):
    image = picture(channels=channels)
    check = check_noise(box(image, 150, col), image, marrow_mean=MARROW)
    assert (check.refusal, check.cautions, check.doubtful) == (None, (), False)


@pytest.mark.parametrize("step", [23, pytest.param(9, marks=pytest.mark.slow)])
def test_boxes_without_a_caution_agree_in_sd_wherever_they_lie(lumbar, step):
    """On a real T1, 505 of 1,079 accepted boxes had no caution while the M-score went from +106 to -5.4.

    With SNR and M-score of each box: what is left between them is the chance of an SD of 81 pixels.
    """
    accepted, silent = every_box(lumbar, step=step)
    assert len(silent) > 0.8 * len(accepted) > 20
    assert max(silent) / min(silent) < sd_tolerance(81) ** 2  # each within the tolerance of the same air
    assert all(col < 46 or col > 211 for _, col in accepted)
    true_sd = 4.0 * np.sqrt(2 - np.pi / 2)
    snr = MARROW / np.array(silent)
    assert np.ptp((snr - MARROW / true_sd) / (0.1 * MARROW / true_sd)) < 8.0  # M-scores against a group of CV 10 %


def test_air_in_front_that_is_twice_as_noisy_makes_both_doubtful():
    image = picture()
    pixels = image.pixels.copy()
    pixels[:, :45] *= 2.0
    image = changed(image, pixels)
    for col in (15, 232):
        roi = box(image, 150, col)
        check = check_noise(roi, image, marrow_mean=MARROW)
        (caution,) = [c for c in check.cautions if c.code == "noise-disagrees"]
        mine, other = roi.measure(image).sd, second_box(roi.mask(image), image).sd
        assert f"The SD is {mine:.3g} in the noise ROI and {other:.3g}" in caution.message
        assert f"SNR is {MARROW / mine:.3g} with the one and {MARROW / other:.3g} with the other" in caution.message
        assert check.doubtful


def test_without_a_marrow_signal_the_disagreement_is_a_factor_of_snr():
    image = picture()
    image = changed(image, np.where(np.arange(SHAPE[1]) < 45, 3.0 * image.pixels, image.pixels))
    check = check_noise(box(image, 150, 232), image)
    assert "changes SNR by a factor of 3" in next(c.message for c in check.cautions if c.code == "noise-disagrees")


def test_the_second_box_lies_in_free_air_as_far_away_as_it_can(lumbar):
    roi, air = box(lumbar, 40, 232), free_air(lumbar)
    other = second_box(roi.mask(lumbar), lumbar)
    assert other.col < 44
    assert other.row > 300
    assert other.distance_mm == pytest.approx(np.hypot(other.row - 40, other.col - 232), abs=1.0)
    assert air[other.row - 4 : other.row + 5, other.col - 4 : other.col + 5].all()


def test_where_there_is_room_for_one_box_only_there_is_no_second(lumbar):
    narrow = as_slice(lumbar.pixels[145:161, 60:230])
    roi = box(narrow, 8, 160, 9.0)
    assert free_air(narrow)[roi.mask(narrow)].mean() > 0.9
    assert second_box(roi.mask(narrow), narrow) is None


@pytest.mark.parametrize("zero_fill", [1, 2])
def test_equal_noise_is_called_different_no_more_often_than_stated(zero_fill):
    """One box in a hundred by chance in each of two comparisons; the coil's 10 % makes it fewer."""
    false = [
        "noise-disagrees" in codes(check_noise(box(image, row, 232), image))
        for seed in range(6)
        for image in (picture(zero_fill=zero_fill, seed=seed),)
        for row in range(20, 300, 40)
    ]
    assert sum(false) <= 2


@pytest.mark.parametrize(("pixels", "factor"), [((75, 75), 1.51), ((30, 30), 1.82), ((400,), 1.21)])
def test_the_tolerance_is_that_of_two_standard_deviations(pixels, factor):
    rng = np.random.default_rng(0)
    draws = [np.hypot(*rng.normal(size=(2, 20000, n))).std(axis=1, ddof=1) for n in pixels]
    ratio = draws[0] / draws[1] if len(pixels) == 2 else draws[0] / np.sqrt(2 - np.pi / 2)
    outside = np.mean(np.maximum(ratio, 1 / ratio) > sd_tolerance(*pixels) / 1.1)
    assert 0.005 < outside < 0.02
    assert sd_tolerance(*pixels) == pytest.approx(factor, abs=0.01)


@pytest.mark.parametrize("level", [0.0, 5.0])
def test_a_picture_cropped_to_the_body_has_no_free_air(lumbar, level):
    cropped = as_slice(lumbar.pixels[:, 60:205] + level)
    assert not free_air(cropped).any()
    assert "has no free air" in no_free_air(cropped)


def test_padding_below_every_signal_is_neither_air_nor_the_darkest_signal(lumbar):
    pixels = np.rint(lumbar.pixels)
    pixels[:, :20] = pixels[:, 240:] = -1000
    image = as_slice(pixels)
    air = free_air(image)
    assert not air[:, :20].any()
    assert air[3:-3, 24:42].mean() > 0.95
    assert check_noise(box(image, 150, 32), image, marrow_mean=MARROW).refusal is None
    assert "outside the free air" in check_noise(box(image, 150, 10), image, marrow_mean=MARROW).refusal


def test_a_border_of_zeros_does_not_hide_the_air_behind_it(lumbar):
    pixels = lumbar.pixels.copy()
    pixels[:, :6] = pixels[:, -6:] = 0
    image = as_slice(pixels)
    assert free_air(image)[3:-3, 10:42].mean() > 0.95
    check = check_noise(box(image, 150, 25), image, marrow_mean=MARROW)
    assert (check.refusal, check.cautions) == (None, ())


@pytest.mark.parametrize("case", [f"case0{k}" for k in range(1, 9)])
def test_the_reference_noise_roi_of_the_sample_data_is_accepted(case):
    folder = SAMPLE / case
    volume = read_study(folder).find("T1").volume()
    (roi,) = [r for r in read_rois(folder / "reference_rois.vbqkit.json").rois if r.label == "noise"]
    image = roi.slice_of(volume)
    assert free_air(image)[roi.mask(image)].mean() > 0.9
    assert check_noise(roi, image, marrow_mean=800.0).refusal is None


@real_images
def test_a_real_t1_cropped_to_the_spine_has_no_free_air_on_any_slice():
    (series,) = read_study(REAL / "lumbar_t1" / "lumbar_t1_sagittal.mha")
    assert all("has no free air" in no_free_air(image) for image in series.volume())


@real_images
def test_on_a_real_t2_the_belly_and_the_hand_before_it_are_not_air():
    image = read_study(REAL / "lumbar_t2").series[0].volume().slice(19)
    air = free_air(image)
    assert air[20:150, 5:40].mean() > 0.9
    assert not air[:, 90:185].any()  # belly to muscles of the back
    assert air[185:, 25:40].mean() < 0.3  # the hand
