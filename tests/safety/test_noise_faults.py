"""Backgrounds that are not noise: ghosts, masks, fillings; each with a plain picture as its control."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy

from tests.safety.lumbar_picture import MARROW, SHAPE, box, changed, clean_signal, codes, picture
from vbqkit import read_rois, read_study
from vbqkit.scores import check_noise, free_air
from vbqkit.scores.noise_ghosts import find_ghost

SAMPLE = Path(__file__).parents[2] / "sample_data"


def in_air(image, pixels):
    """The picture with what the function gives in its air."""
    new = image.pixels.copy()
    air = free_air(image)
    new[air] = pixels[air]
    return changed(image, new)


def sample_slice(case):
    """The slice of the noise ROI on the T1 of a sample patient, and about how bright its marrow is."""
    volume = read_study(SAMPLE / case).find("T1").volume()
    (roi,) = [r for r in read_rois(SAMPLE / case / "reference_rois.vbqkit.json").rois if r.label == "noise"]
    return roi.slice_of(volume), 800.0


def boxes_in_air(image, size=9.0):
    """Three boxes in the air behind the back, from above to below."""
    pixels = [2 * math.ceil(size / 2 / mm) + 1 for mm in image.spacing_mm]
    inside = scipy.ndimage.binary_erosion(free_air(image), np.ones(pixels))
    inside[:, : image.shape[1] // 2] = False
    rows = np.flatnonzero(inside.any(axis=1))
    for row in rows[[len(rows) // 6, len(rows) // 2, -len(rows) // 6]]:
        columns = np.flatnonzero(inside[row])
        yield box(image, row, columns[len(columns) // 2], size)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("strength", "refused"), [(0.06, True), (0.02, False)])
def test_an_n_half_ghost_is_found_and_named_and_refused_where_it_is_most_of_the_noise(strength, refused, seed):
    image = picture(ghost=strength, shift=(0, SHAPE[1] // 2), seed=seed)
    check = check_noise(box(image, 150, 20), image, marrow_mean=MARROW)
    (caution,) = [c for c in check.cautions if c.code == "noise-ghost"]
    assert "shifted by 128 mm across the columns" in caution.message
    assert "an N/2 ghost (half the field of view)" in caution.message
    assert (check.refusal is not None) == refused
    assert check.doubtful


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("col", [20, 232])
def test_a_copy_of_6_percent_at_another_distance_is_refused(col, seed):
    image = picture(ghost=0.06, shift=(0, 90), seed=seed)
    refusal = check_noise(box(image, 150, col), image, marrow_mean=MARROW).refusal
    assert "a copy of the body, shifted by" in refusal
    assert "a ghost. It makes" in refusal


def test_a_ghost_along_the_spine_is_found_as_one_across_the_rows():
    signal = clean_signal()
    signal[30:90, 222:234] = 900.0  # a hand behind the back
    image = picture(ghost=0.008, shift=(SHAPE[0] // 2, 0), signal=signal)
    ghost = find_ghost(box(image, 220, 228).mask(image), image)
    assert (ghost.axis, ghost.half) == ("rows", True)
    assert ghost.share > 0.5


@pytest.mark.parametrize(("strength", "seed"), [(s, k) for s in (0.03, 0.05) for k in range(3)])
def test_the_share_of_a_ghost_in_the_noise_is_what_was_put_in(strength, seed):
    """Its power is that of the body there, and the noise adds 2 sigma^2."""
    image = picture(ghost=strength, shift=(0, 128), seed=seed)
    roi = box(image, 150, 20)
    put_in = strength**2 * np.mean(np.roll(clean_signal(), 128, axis=1)[roi.mask(image)] ** 2)
    found = find_ghost(roi.mask(image), image)
    assert found.share == pytest.approx(put_in / (put_in + 2 * 4.0**2), rel=0.25)
    assert found.strength == pytest.approx(strength, rel=0.15)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zero_fill", [1, 2])
def test_plain_noise_holds_no_ghost(seed, zero_fill):
    image = picture(seed=seed, zero_fill=zero_fill)
    for col in (20, 232):
        assert "noise-ghost" not in codes(check_noise(box(image, 150, col), image))


def test_noise_that_grows_towards_the_skin_and_along_the_spine_is_no_ghost():
    """As uniformity correction leaves it: the coil's sensitivity is divided out of the noise too."""
    rows, cols = np.indices(SHAPE)
    for seed in range(4):
        image = picture(seed=seed)
        field = (1.0 + 0.4 * np.sin(2 * np.pi * rows / 110.0 + seed)) * np.exp(-np.abs(cols - 128) / 60.0)
        image = changed(image, image.pixels * np.where(free_air(image), 3.0 * field, 1.0))
        for row, col in ((60, 20), (150, 232), (250, 232)):
            assert find_ghost(box(image, row, col).mask(image), image) is None


def test_a_body_that_curves_into_the_lines_of_the_noise_roi_is_no_ghost():
    """The skin of the back reaches the columns of the ROI further down, as a lordosis does."""
    rows, cols = np.indices(SHAPE)
    curved = np.where(cols > 150 + 75.0 * np.maximum(0.0, (rows - 160.0) / 160.0) ** 2, 0.0, clean_signal())
    skin = (cols <= 150 + 75.0 * np.maximum(0.0, (rows - 160.0) / 160.0) ** 2) & (cols > 142)
    curved = np.where(skin, 900.0, curved)
    for seed in range(6):
        image = picture(seed=seed, signal=curved)
        assert find_ghost(box(image, 100, 190).mask(image), image) is None


@pytest.mark.parametrize("case", [f"case0{k}" for k in range(1, 9)])
def test_no_air_of_the_sample_patients_is_called_a_ghost(case):
    image, marrow = sample_slice(case)
    air = free_air(image)
    rows, cols = np.nonzero(air)
    rng = np.random.default_rng(1)
    for k in rng.choice(rows.size, 6, replace=False):
        check = check_noise(box(image, rows[k], cols[k]), image, marrow_mean=marrow)
        assert "noise-ghost" not in codes(check)


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05])
def test_ghosts_in_the_sample_patients_are_found_where_they_are_a_third_of_the_noise(share):
    """A faint copy, added to a picture of real shape and texture: at half the field of view and at a third."""
    for case in ("case02", "case04", "case06"):
        image, marrow = sample_slice(case)
        air, rng = free_air(image), np.random.default_rng(4)
        phase = np.where(air, rng.uniform(0, 2 * np.pi, image.shape), 0.0)
        for shift in (image.shape[1] // 2, image.shape[1] // 3):
            body = np.where(air, 0.0, image.pixels.astype(float))
            copy = share * np.roll(body, shift, axis=1)
            with_ghost = changed(image, np.rint(np.abs(image.pixels * np.exp(1j * phase) + copy)))
            for roi in boxes_in_air(image):
                mask = roi.mask(with_ghost)
                put_in = float((copy[mask] ** 2).mean() / (with_ghost.pixels[mask] ** 2).mean())
                found = find_ghost(mask, with_ghost)
                if put_in > 0.33:
                    assert found is not None
                    assert abs(found.shift - min(shift, image.shape[1] - shift)) <= 2
                    check = check_noise(roi, with_ghost, marrow_mean=marrow)
                    assert check.refusal or check.doubtful
                    if put_in > 0.7:  # the brightest copies are capped, and their share comes out smaller
                        assert found.share > 0.6
                        # or it is so bright that what it lies on is no longer taken for air
                        assert "An SD of a ghost" in check.refusal or "outside the free air" in check.refusal
                    else:
                        assert found.share == pytest.approx(put_in, abs=0.2)


@pytest.mark.parametrize(("share", "refused"), [(0.0, False), (0.1, True), (0.55, True), (0.98, True)])
def test_more_than_a_few_exact_zeros_refuse_snr(share, refused):
    image = picture()
    rng = np.random.default_rng(3)
    image = in_air(image, np.where(rng.random(SHAPE) < share, 0.0, image.pixels))
    check = check_noise(box(image, 150, 232), image, marrow_mean=MARROW)
    assert (check.refusal is not None) == refused
    if refused:
        assert "exactly zero" in check.refusal


@pytest.mark.parametrize("step", [1.0, 1.2212, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_zeros_that_rounding_explains_are_no_mask_and_more_of_them_refuse(step, seed):
    """Rayleigh noise of SD s in each channel, rounded to steps q, is 0 in 1 - exp(-q^2 / 8 s^2) of its pixels."""
    noise = picture(noise=1.1 * step, seed=seed)
    rounded = in_air(noise, step * np.rint(noise.pixels / step))
    roi = box(rounded, 150, 232, 14.0)
    zeros = roi.measure(rounded).fraction_zero
    assert zeros == pytest.approx(1.0 - np.exp(-1.0 / 8.0 / 1.1**2), abs=0.06)  # 10 %
    check = check_noise(roi, rounded, marrow_mean=MARROW)
    assert "noise-zeros" not in codes(check)
    assert "exactly zero" not in (check.refusal or "")
    assert "noise-rounded" in codes(check)
    at_the_roi = np.zeros(SHAPE, dtype=bool)
    at_the_roi[140:160, 222:242] = np.random.default_rng(seed).random((20, 20)) < 0.2
    masked = in_air(rounded, np.where(at_the_roi, 0.0, rounded.pixels))
    check = check_noise(roi, masked, marrow_mean=MARROW)
    assert "noise-zeros" in codes(check)
    assert "of the noise ROI is exactly zero, and rounding explains" in check.refusal


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_background_of_one_value_is_refused(value):
    image = picture()
    image = in_air(image, np.full(SHAPE, value))
    assert "SD of 0" in check_noise(box(image, 150, 232), image, marrow_mean=MARROW).refusal


@pytest.mark.parametrize("kind", ["gaussian", "uniform", "rayleigh"])
def test_a_background_filled_with_faint_noise_is_doubtful_and_says_how_far_snr_is_off(kind):
    image, rng = picture(), np.random.default_rng(5)
    fill = {
        "gaussian": np.abs(2.0 + 0.4 * rng.normal(size=SHAPE)),
        "uniform": rng.uniform(0.0, 1.5, SHAPE),
        "rayleigh": 0.5 * np.hypot(rng.normal(size=SHAPE), rng.normal(size=SHAPE)),
    }[kind]
    check = check_noise(box(in_air(image, fill), 150, 232), in_air(image, fill), marrow_mean=MARROW)
    (caution,) = [c for c in check.cautions if c.code == "noise-unlike-tissue"]
    assert "SNR is too high, by up to a factor of" in caution.message
    assert check.doubtful


def test_white_noise_behind_a_smoothed_body_is_doubtful_the_other_way():
    image = picture()
    smooth = changed(image, scipy.ndimage.gaussian_filter(image.pixels, 1.5))
    image = changed(image, np.where(free_air(image), image.pixels, smooth.pixels))
    check = check_noise(box(image, 150, 232), image, marrow_mean=MARROW)
    assert "SNR is too low" in next(c.message for c in check.cautions if c.code == "noise-unlike-tissue")


@pytest.mark.parametrize("zero_fill", [1, 2])
def test_the_grain_of_plain_noise_is_that_of_the_tissue(zero_fill):
    image = picture(zero_fill=zero_fill)
    assert "noise-unlike-tissue" not in codes(check_noise(box(image, 150, 232), image, marrow_mean=MARROW))
