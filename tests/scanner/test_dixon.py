"""The fat fraction that a Dixon scan gives back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy.phantom import Phantom
from vbqkit.image import Volume
from vbqkit.scanner.dixon import SERIES, scan_dixon
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing

PROTOCOL = Protocol(
    weighting="PD", timing=Timing(tr_ms=500, te_ms=10), fov_mm=120, matrix=64, acquired=(64, 64), slices=3
)
SCANNER = Scanner(name="ideal", vendor="no one", model="ideal", field_t=3.0, coil=None, noise=0.0, apodisation=0.0)


def fat_fraction(phantom: Phantom, scanner: Scanner, **options: object) -> Volume:
    study = scan_dixon(phantom, scanner, PROTOCOL, rng=np.random.default_rng(1), tr_ms=10.0, **options)
    return study.series[SERIES.index("PDFF")].volume()


def middle(pdff: float, *, tissue: str = "marrow", noise: float = 0.0, flip_angle_deg: float = 2.0) -> np.ndarray:
    bottle = Phantom.uniform(tissue, shape=(18, 60, 60), pdff=pdff, spacing_mm=(1.0, 2.0, 2.0))
    volume = fat_fraction(bottle, replace(SCANNER, noise=noise), slices=[1], flip_angle_deg=flip_angle_deg)
    return np.asarray(volume.pixels[0])[24:40, 24:40]


@pytest.mark.parametrize("pdff", [0.1, 0.45, 0.8])
def test_the_fat_fraction_comes_back_from_a_noiseless_scan_to_one_percent(pdff):
    assert middle(pdff, flip_angle_deg=1.0).mean() == pytest.approx(100 * pdff, abs=1.0)


def test_a_large_flip_angle_makes_the_fat_fraction_too_high():
    assert middle(0.45, flip_angle_deg=15.0).mean() > 50


def test_noise_widens_the_map_and_hardly_moves_it():
    noisy = middle(0.45, noise=0.004, flip_angle_deg=3.0)  # six echoes share the noise
    assert noisy.std() > 0.2  # rounding alone: 0.03
    assert noisy.mean() == pytest.approx(middle(0.45, flip_angle_deg=3.0).mean(), abs=1.0)


def test_air_has_no_fat_fraction_and_the_map_says_what_it_is():
    air = Phantom.uniform("air", shape=(18, 60, 60), spacing_mm=(1.0, 2.0, 2.0))
    volume = fat_fraction(air, replace(SCANNER, noise=0.002))
    assert np.asarray(volume.pixels).mean() < 2
    a = volume.acquisition
    assert (a.weighting, a.synthetic, a.sequence_name) == ("unknown", True, "DIXON")
    assert "fat fraction" in a.weighting_reason
    assert volume.shape == (3, 64, 64)
