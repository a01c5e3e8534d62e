"""The simulated scan beside a real one, by measures that need no common gain or pixel size."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks import realism as bench
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Rectangle
from vbqkit.validation.realism import (
    correlation_length,
    edge_width,
    noise_power,
    realism_row,
    side_row,
    spectrum_slope,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "realism_t1.csv"

# How far the simulated number may be from the real one, as a factor.
FACTOR = {
    "marrow_csf": 1.3, "disc_marrow": 1.3, "muscle_marrow": 1.3, "deep_fat_marrow": 1.35, "edge_width_mm": 1.3,
    "texture": 1.5, "texture_reach_mm": 1.4, "csf_noise": 1.6, "spectrum_slope": 1.25,
}  # fmt: skip


def real_numbers(path: Path = REFERENCE) -> dict[str, float]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["measure"]: float(row["real"]) for row in csv.DictReader(lines)}


@pytest.mark.skipif(not bench.REAL.exists(), reason="the real scans (../shared/real) are not here")
@pytest.mark.parametrize("weighting", ["T1", "T2"])
def test_the_real_numbers_are_those_of_the_real_scan(weighting):
    row = bench.real_row(weighting)
    expected = real_numbers(bench.REAL_SCANS[weighting].reference)
    assert list(row) == list(expected)
    for measure, value in row.items():
        assert value == pytest.approx(expected[measure], abs=0.002, nan_ok=True), measure


@pytest.mark.slow
def test_the_simulated_scan_is_like_the_real_one():
    """Mean of several bodies: texture of one alone is SD 20 % of its mean by chance."""
    rows = [bench.simulated_row("T1", case) for case in bench.CASES]
    row = {measure: float(np.mean([r[measure] for r in rows])) for measure in rows[0]}
    real = real_numbers()
    for measure, factor in FACTOR.items():
        assert 1 / factor < row[measure] / real[measure] < factor, (measure, row[measure], real[measure])
    assert 1.5 < row["subcutaneous_fat_marrow"] < 4.0


DRAWN_TOO_DARK = pytest.mark.xfail(
    strict=True, reason="disc to marrow on T1 is 0.43 in case04, whose marrow is fat; the range less 20 % ends at 0.45"
)


@pytest.fixture(scope="module")
def near():
    """How many of the bodies lie within 20 % of the range of real scans, by weighting and measure."""
    return {(row["weighting"], row["measure"]): row["near"] for row in bench.against_ranges(("T1", "T2"))}


@pytest.mark.slow
@pytest.mark.xdist_group("realism")
@pytest.mark.parametrize(
    ("weighting", "measure"),
    [
        pytest.param("T1", "disc_marrow", marks=DRAWN_TOO_DARK),
        ("T1", "texture"),
        ("T1", "edge_width_mm"),
        ("T2", "disc_marrow"),
        ("T2", "texture"),
    ],
)
def test_what_anatomy_decides_lies_near_the_range_of_real_scans(near, weighting, measure):
    """For a young, a healthy and an osteoporotic body."""
    assert near[weighting, measure] == len(bench.CASES)


def test_noise_power_finds_the_band_that_holds_a_wave():
    x = np.arange(64) * 0.5
    wave = 1.0 + 0.05 * np.sin(2 * np.pi * 0.25 * x)[None, :] * np.ones((64, 1))
    low, middle, high = (noise_power(wave, (0.5, 0.5), band) for band in ((0.05, 0.15), (0.2, 0.3), (0.5, 0.7)))
    assert middle > 20 * max(low, high)


def test_a_slice_with_bright_fat_and_dark_joints_has_more_contrast_than_an_even_one():
    rng = np.random.default_rng(4)
    even, patchy = 1.0 + 0.02 * rng.standard_normal((2, 40, 40)), np.where(rng.random((2, 40, 40)) < 0.5, 0.2, 2.0)
    affine = np.diag([4.0, 1.0, 1.0, 1.0])[[0, 2, 1, 3]]
    rows = []
    for pixels in (even, patchy):
        volume = Volume(pixels, affine)
        rows.append(side_row(volume, Rectangle.on(volume.slice(0), (20, 20), 30.0, 30.0)))
    assert rows[1]["side_contrast"] > 10 * rows[0]["side_contrast"]
    assert set(rows[0]) == {"side_contrast", "side_edge_width_mm", "side_spectrum_slope"}


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
