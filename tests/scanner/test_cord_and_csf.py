"""How bright the cord is beside CSF on T1: the one real scan at hand against the scanner over ordinary times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from vbqkit.scanner.magnetization_transfer import bound_saturation_per_s
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import tissue_signal

SCAN = Path(__file__).resolve().parents[3] / "shared" / "real" / "lumbar_t1" / "lumbar_t1_sagittal.mha"

# Places in the real scan, chosen by eye: (slice, row, first and last column) of the cord at T11 and T12 and of CSF
# beside it, off the edges where truncation rings, and of CSF at L3 in front of the roots.
CORD = ((4, 90, 102, 108), (5, 90, 104, 109), (5, 115, 104, 111), (5, 140, 107, 113))
CSF = ((4, 90, 96, 99), (5, 90, 97, 99), (5, 115, 94, 99), (5, 140, 94, 101), (5, 215, 93, 105), (5, 260, 95, 108))


@pytest.mark.skipif(
    not SCAN.exists(), reason=f"no real images at {SCAN.parents[1]}: cord and CSF of a real scan were not measured"
)
def test_the_real_scan_has_a_cord_1_6_to_1_9_times_as_bright_as_csf():
    pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(SCAN))).astype(float)

    def mean(places: tuple[tuple[int, int, int, int], ...]) -> float:
        return float(np.mean([pixels[k, row - 6 : row + 7, a : b + 1].mean() for k, row, a, b in places]))

    assert 1.6 < mean(CORD) / mean(CSF) < 1.9


def cord_to_csf(field_t: float, tr_ms: float, te_ms: float) -> float:
    timing = Timing(tr_ms=tr_ms, te_ms=te_ms, echo_train_length=3, echo_spacing_ms=te_ms)
    rate = bound_saturation_per_s(timing, slices=15, gap_ratio=0.1)
    cord, csf = (tissue_signal(n, timing, field_t=field_t, saturation_per_s=rate) for n in ("spinal_cord", "csf"))
    return cord / csf


def over_ordinary_times(field_t: float) -> list[float]:
    return [cord_to_csf(field_t, tr, te) for tr in (400.0, 550.0, 700.0, 850.0) for te in (8.0, 14.0, 20.0)]


def test_ordinary_times_at_3_t_give_ratios_on_both_sides_of_that_of_the_real_scan():
    """Neither field nor times of the real scan are known; TR decides, as CSF has hardly recovered."""
    assert min(over_ordinary_times(3.0)) < 1.6
    assert max(over_ordinary_times(3.0)) > 1.9


def test_no_ordinary_time_gives_a_cord_as_dark_as_csf():
    """0.9 to 1.3, as computed from ratios to marrow of two studies that are not at hand, is out of reach."""
    assert min(over_ordinary_times(1.5)) == pytest.approx(1.8, abs=0.1)
    assert min(over_ordinary_times(3.0)) == pytest.approx(1.55, abs=0.1)
