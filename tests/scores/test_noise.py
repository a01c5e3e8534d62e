"""Noise ROIs: simulated backgrounds with a known fault each, and a real picture without air."""

import numpy as np
import pytest

from vbqkit import Rectangle, Slice
from vbqkit.scores import check_noise, free_air


def body_in_air(*, noise=4.0, masked=0.0, ghost=0.0, channels=1, seed=1):
    """A 300 x 200 mm sagittal picture: a bright body from column 40 to 160, air in front and behind, LPS axes."""
    rng = np.random.default_rng(seed)
    signal = np.zeros((300, 200))
    signal[:, 40:160] = 300.0
    signal[:, :40] += ghost * np.linspace(0.0, 1.0, 40)
    parts = [
        signal / np.sqrt(channels) + noise * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape))
        for _ in range(channels)
    ]
    pixels = np.rint(np.sqrt(sum(np.abs(p) ** 2 for p in parts)))
    pixels[:, 160:][rng.random((300, 40)) < masked] = 0
    return Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0), thickness_mm=4.0)


def box(image, col, size=9.0):
    return Rectangle.on(image, (150, col), size, size, label="noise")


def codes(check):
    return {c.code for c in check.cautions}


@pytest.mark.parametrize("channels", [1, 8])
def test_clean_air_passes_without_a_word(channels):
    image = body_in_air(channels=channels)
    for col in (15, 182):
        check = check_noise(box(image, col), image, marrow_mean=300.0)
        assert check.refusal is None
        assert check.cautions == ()


def test_free_air_is_the_air_and_nothing_else():
    air = free_air(body_in_air())
    assert air[:, 3:35].all()
    assert air[:, 165:197].all()
    assert not air[:, 45:155].any()


def test_a_masked_background_is_refused():
    image = body_in_air(masked=0.55)
    check = check_noise(box(image, 182), image)
    assert check.refusal.startswith("52 % of the noise ROI is exactly zero")


def test_a_few_masked_pixels_are_said():
    image = body_in_air(masked=0.03)
    check = check_noise(box(image, 182), image)
    assert check.refusal is None
    assert "noise-zeros" in codes(check)


def test_a_fully_masked_background_is_refused():
    image = body_in_air(masked=1.0)
    assert "SD of 0" in check_noise(box(image, 182), image).refusal


def test_zeros_from_rounding_alone_are_not_called_a_mask():
    image = body_in_air(noise=1.2)
    roi = box(image, 15, size=20.0)
    assert roi.measure(image).fraction_zero > 0.02
    assert "noise-zeros" not in codes(check_noise(roi, image))


def test_few_pixels_are_said():
    image = body_in_air()
    assert "noise-few-pixels" in codes(check_noise(box(image, 182, size=5.0), image))


def test_ghosting_is_said():
    image = body_in_air(ghost=25.0)
    assert codes(check_noise(box(image, 30, size=12.0), image)) & {"noise-trend", "noise-bright"}


def test_a_spike_is_said():
    image = body_in_air()
    pixels = image.pixels.copy()
    pixels[150, 182] = 90
    image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
    assert "noise-spike" in codes(check_noise(box(image, 182), image))


def test_a_box_on_tissue_is_refused():
    image = body_in_air()
    assert "it lies on tissue" in check_noise(box(image, 100), image, marrow_mean=300.0).refusal
    assert "outside the free air" in check_noise(box(image, 100), image).refusal


def test_a_box_off_the_picture_is_refused_with_the_reason():
    image = body_in_air()
    assert "beyond the image" in check_noise(box(image, 199), image).refusal
