"""The simulated scan beside a real one, by measures that need no common gain or pixel size."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks import realism as bench
from vbqkit.errors import ScannerError
from vbqkit.validation.realism import correlation_length, edge_width, realism_row, spectrum_slope

REFERENCE = Path(__file__).parents[1] / "reference" / "realism_t1.csv"

# How far the simulated number may be from the real one, as a factor.
FACTOR = {
    "marrow_csf": 1.3, "disc_marrow": 1.3, "muscle_marrow": 1.3, "deep_fat_marrow": 1.35, "edge_width_mm": 1.3,
    "texture": 1.5, "texture_reach_mm": 1.4, "csf_noise": 1.6, "spectrum_slope": 1.25,
}  # fmt: skip


def real_numbers() -> dict[str, float]:
    lines = [line for line in REFERENCE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["measure"]: float(row["real"]) for row in csv.DictReader(lines)}


@pytest.mark.skipif(not bench.REAL.exists(), reason="the real scan (../shared/real/lumbar_t1) is not here")
def test_the_real_numbers_are_those_of_the_real_scan():
    volume = bench.read_real()
    row = realism_row(volume, bench.real_regions(volume), spine=bench.real_spine(volume))
    expected = real_numbers()
    for measure, value in row.items():
        assert value == pytest.approx(expected[measure], abs=0.002, nan_ok=True), measure


@pytest.mark.slow
def test_the_simulated_scan_is_like_the_real_one():
    volume, phantom = bench.simulate()
    row = realism_row(volume, bench.regions_of(phantom), spine=bench.simulated_spine(phantom, volume))
    real = real_numbers()
    for measure, factor in FACTOR.items():
        assert 1 / factor < row[measure] / real[measure] < factor, (measure, row[measure], real[measure])
    assert 1.5 < row["subcutaneous_fat_marrow"] < 4.0


def test_a_blurred_edge_is_wide():
    step = np.repeat([0.0, 1.0], 40)[None, :] * np.ones((60, 1))
    blurred = np.apply_along_axis(lambda r: np.convolve(np.pad(r, 4, mode="edge"), np.ones(9) / 9, "valid"), 1, step)
    assert edge_width(blurred, (0.5, 0.5)) > 2 * edge_width(step, (0.5, 0.5))


def test_texture_and_spectrum_know_smooth_from_rough():
    rng = np.random.default_rng(2)
    rough = rng.standard_normal((128, 128))
    smooth = np.fft.ifft2(
        np.fft.fft2(rough) / (1 + (np.hypot(*np.meshgrid(*[np.fft.fftfreq(128)] * 2)) / 0.05) ** 2)
    ).real
    assert correlation_length(smooth, (0.7, 0.7)) > 2 * correlation_length(rough, (0.7, 0.7))
    assert spectrum_slope(smooth, (0.7, 0.7)) < spectrum_slope(rough, (0.7, 0.7)) - 1


def test_regions_without_marrow_are_refused():
    volume, _ = _plain()
    with pytest.raises(ScannerError, match="give 'marrow'"):
        realism_row(volume, {"csf": []}, spine=None)


def _plain():
    from vbqkit.image import Volume

    return Volume(np.ones((2, 8, 8)), np.diag([4.0, 1.0, 1.0, 1.0])[[0, 2, 1, 3]]), None
