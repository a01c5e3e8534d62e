"""Backgrounds that are not noise: ghosts, masks, fillings; each with a plain picture as its control."""

import numpy as np
import pytest
import scipy

from tests.safety.lumbar_picture import MARROW, SHAPE, box, changed, codes, picture
from vbqkit.scores import check_noise, free_air


def in_air(image, pixels):
    """The picture with what the function gives in its air."""
    new = image.pixels.copy()
    air = free_air(image)
    new[air] = pixels[air]
    return changed(image, new)


@pytest.mark.parametrize("strength", [0.06, 0.02])
def test_an_n_half_ghost_is_found_and_named(strength):
    image = picture(ghost=strength, shift=(0, SHAPE[1] // 2))
    check = check_noise(box(image, 150, 20), image, marrow_mean=MARROW)
    (caution,) = [c for c in check.cautions if c.code == "noise-ghost"]
    assert "shifted by 128 mm across the columns" in caution.message
    assert "an N/2 ghost (half the field of view)" in caution.message
    assert check.doubtful


@pytest.mark.parametrize("col", [20, 232])
def test_a_copy_of_6_percent_at_another_distance_is_found(col):
    image = picture(ghost=0.06, shift=(0, 90))
    check = check_noise(box(image, 150, col), image, marrow_mean=MARROW)
    (caution,) = [c for c in check.cautions if c.code == "noise-ghost"]
    assert "a copy of the body, shifted by" in caution.message
    assert "a ghost. It makes" in caution.message


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zero_fill", [1, 2])
def test_plain_noise_holds_no_ghost(seed, zero_fill):
    image = picture(seed=seed, zero_fill=zero_fill)
    for col in (20, 232):
        assert "noise-ghost" not in codes(check_noise(box(image, 150, col), image))


@pytest.mark.parametrize(("share", "refused"), [(0.0, False), (0.1, False), (0.4, True), (0.55, True), (0.98, True)])
def test_more_than_a_few_exact_zeros_refuse_snr(share, refused):
    image = picture()
    rng = np.random.default_rng(3)
    image = in_air(image, np.where(rng.random(SHAPE) < share, 0.0, image.pixels))
    check = check_noise(box(image, 150, 232), image, marrow_mean=MARROW)
    assert (check.refusal is not None) == refused
    if refused:
        assert "exactly zero" in check.refusal


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
