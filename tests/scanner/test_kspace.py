"""Encoding, noise and coils against direct sums, closed forms and statistics."""

from __future__ import annotations

import numpy as np
import pytest

from vbqkit.errors import ScannerError
from vbqkit.scanner.coils import CoilArray, g_factor, sensitivities
from vbqkit.scanner.kspace import coloured_noise, encoding, ghost_encoding


def grid(n: int, step: float) -> np.ndarray:
    return (np.arange(n) - (n - 1) / 2) * step


def test_encoding_is_a_fourier_transform_cut_off_and_inverted():
    to, source, fov, samples = grid(48, 4.0), grid(300, 0.5), 192.0, 32
    rng = np.random.default_rng(1)
    profile = rng.random(300)
    k = np.arange(-samples, samples + 1) / (2 * fov)
    spectrum = np.array([(profile * np.exp(-2j * np.pi * f * source)).sum() * 0.5 for f in k])
    spectrum[[0, -1]] *= 0.5
    slow = np.array([(spectrum * np.exp(2j * np.pi * k * x)).sum() / (2 * fov) for x in to])
    assert np.allclose(encoding(to, source, fov_mm=fov, samples=samples) @ profile, slow, atol=1e-12)


def test_a_uniform_object_keeps_its_value_and_an_edge_rings_by_nine_percent():
    to, source = grid(384, 0.75), grid(400, 0.5)
    plain = encoding(to, source, fov_mm=288, samples=128) @ np.ones(400)
    calm = encoding(to, source, fov_mm=288, samples=128, apodisation=1.0) @ np.ones(400)
    middle = np.abs(to) < 60
    assert np.allclose(plain[middle], 1, atol=0.02)
    assert plain.max() == pytest.approx(1.09, abs=0.01)  # Gibbs
    assert calm.max() < 1.035


def test_fewer_samples_blur_a_thin_line():
    to, source = grid(385, 0.75), grid(577, 0.5)
    line = (np.abs(source) < 0.4).astype(float)
    peaks = [(encoding(to, source, fov_mm=288, samples=n) @ line).max() for n in (384, 192, 96)]
    assert peaks[0] > 1.9 * peaks[1] > 3.6 * peaks[2]


def test_motion_makes_two_ghosts_where_the_period_says():
    to, source = grid(256, 1.0), grid(512, 0.5)
    blob = np.exp(-0.5 * (source / 4) ** 2)
    ghost = np.abs(
        ghost_encoding(to, source, fov_mm=256, samples=256, cycles=20.0, phase_rad=0.0, apodisation=0.2) @ blob
    )
    assert to[np.argmax(ghost * (to > 0))] == pytest.approx(20, abs=1)
    assert to[np.argmax(ghost * (to < 0))] == pytest.approx(-20, abs=1)


def test_noise_has_unit_sd_and_zero_filling_correlates_it():
    rng = np.random.default_rng(5)
    full = coloured_noise(rng, count=4, shape=(128, 128), samples=(128, 128))
    half = coloured_noise(rng, count=4, shape=(128, 128), samples=(64, 64))
    for noise in (full, half):
        assert noise.real.std() == pytest.approx(1, abs=0.02)
        assert noise.imag.std() == pytest.approx(1, abs=0.02)

    def neighbours(x):
        return np.corrcoef(x[..., :-1].real.ravel(), x[..., 1:].real.ravel())[0, 1]

    assert abs(neighbours(full)) < 0.02
    assert neighbours(half) == pytest.approx(2 / np.pi, abs=0.03)  # sinc(1/2)
    assert coloured_noise(rng, count=1, shape=(64, 64), samples=(48, 40), apodisation=0.5).std() < np.sqrt(2)


def test_the_field_of_a_square_loop_on_its_axis_is_the_closed_form():
    side, depth = 120.0, np.array([10.0, 50.0, 120.0])
    loop = CoilArray(rows=1, columns=1, length_mm=side, width_mm=side, clearance_mm=5.0)
    points = np.stack([np.zeros(3), -depth - 0.0, np.zeros(3)], axis=-1)
    points[:, 1] = 5.0 - depth  # the conductors lie at y = 5
    found = np.abs(sensitivities(loop, points, back_mm=0.0, center_mm=np.zeros(3))[0])
    a = side / 2
    closed = 8 * a**2 / ((depth**2 + a**2) * np.sqrt(depth**2 + 2 * a**2))  # mu0 I / (4 pi) left out
    assert np.allclose(found, closed, rtol=1e-9)


def test_g_factor_is_one_without_reduction_and_for_channels_that_do_not_overlap():
    maps = np.zeros((2, 8, 4), dtype=complex)
    maps[0, :4], maps[1, 4:] = 1.0, 1.0
    assert np.all(g_factor(maps, factor=1, axis=0) == 1)
    assert np.allclose(g_factor(maps, factor=2, axis=0), 1)


def test_g_factor_is_the_formula_of_pruessmann_and_grows_where_channels_look_alike():
    rng = np.random.default_rng(2)
    maps = rng.standard_normal((4, 12, 6)) + 1j * rng.standard_normal((4, 12, 6))
    g = g_factor(maps, factor=3, axis=0)
    s = maps[:, [1, 5, 9], 2]
    gram = s.conj().T @ s
    assert g[5, 2] == pytest.approx(np.sqrt((np.linalg.inv(gram)[1, 1] * gram[1, 1]).real))
    alike = np.ones((2, 8, 4), dtype=complex)
    alike[1, 4:] = 1.2
    assert g_factor(alike, factor=2, axis=0).min() > 3


def test_too_much_acceleration_and_impossible_coils_are_refused():
    with pytest.raises(ScannerError, match="factor of 3 needs at least 3 channels"):
        g_factor(np.ones((2, 9, 9), dtype=complex), factor=3, axis=0)
    with pytest.raises(ScannerError, match="cannot exist"):
        CoilArray(rows=0)
