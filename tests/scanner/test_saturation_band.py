"""The anterior saturation band: where it lies, what it takes, and that a body without vertebrae is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner.dixon import SERIES, scan_dixon
from vbqkit.scanner.field_map import WARP_PER_MM2
from vbqkit.scanner.forward_model import acquire, make_geometry, scan
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.presets import SCANNERS
from vbqkit.scanner.protons import slice_protons
from vbqkit.scanner.saturation_band import FAT_FURTHER_MM, LEFT_OVER, band_factor
from vbqkit.scanner.sequences import Timing

PROTOCOL = Protocol(
    weighting="T1",
    timing=Timing(tr_ms=500, te_ms=10),
    fov_mm=120,
    matrix=96,
    acquired=(96, 96),
    slices=3,
    saturation_band_mm=20.0,
)
IDEAL = Scanner(
    name="ideal", vendor="no one", model="ideal", field_t=1.5, coil=None, noise=0.0, apodisation=0.0, csf_flow_per_s=0.0
)  # fmt: skip


@cache
def body(*, tilt: float = 0.0) -> Phantom:
    """Muscle with five vertebrae; their front lies at column 60, further back the lower the row with a tilt."""
    shape = (18, 120, 120)
    tissue = np.full(shape, tissue_named("muscle").code, dtype=np.uint8)
    level = np.zeros(shape, dtype=np.uint8)
    for i, name in enumerate(("L1", "L2", "L3", "L4", "L5")):
        for row in range(12 + 20 * i, 28 + 20 * i):
            front = 60 + round(tilt * (row - 60))
            level[:, row, front : front + 25] = LEVEL_OF_CODE.index(name)
    zeros = np.zeros(shape, dtype=np.float32)
    affine = Phantom.uniform("air", shape=shape, spacing_mm=(1.0, 1.0, 1.0)).affine
    return Phantom(tissue, zeros, zeros + 1, level, affine)


def test_the_band_begins_as_far_in_front_of_the_bodies_as_it_should_and_spares_them():
    factor = band_factor(body(), in_front_mm=20.0)
    assert factor[60, 40] == pytest.approx((1 + LEFT_OVER) / 2)  # half way down its edge
    assert np.all(factor[:, 52:] > 0.99)
    assert np.all(factor[:, :30] < LEFT_OVER + 0.01)


def test_the_band_follows_the_tilt_of_the_spine():
    factor = band_factor(body(tilt=0.2), in_front_mm=20.0)
    edge = np.argmax(factor > 0.5, axis=1)
    assert edge[100] - edge[20] == pytest.approx(0.2 * 80, abs=1)
    bodies = np.isin(body(tilt=0.2).level[9], range(1, len(LEVEL_OF_CODE)))
    assert factor[bodies].min() > 0.999


def test_far_from_the_middle_of_the_magnet_the_band_is_bent_as_weaker_gradients_bend_a_straight_slab():
    """6 mm at 140 mm, as the scanner's own warp: an edge 50 mm off the middle bends 2.2 mm over 140 mm along it."""
    near, far = (
        np.argmax(band_factor(body(), in_front_mm=20.0, center_mm=(y, 0.0)) > 0.5, axis=1).astype(float)
        for y in (y_of_column(40.0), y_of_column(40.0) + 300.0)
    )
    assert np.ptp(near) <= 1
    assert far[0] == far[-1]
    assert far[0] - far[60] == pytest.approx(WARP_PER_MM2 * 60.0**2 * 300.0, abs=1.0)


def y_of_column(column: float) -> float:
    """LPS y of a column of the body."""
    return float((body().affine @ (0, 0, column, 1))[1])


def test_the_band_of_fat_lies_further_in_front_than_that_of_water():
    phantom = replace(body(), pdff=np.full(body().shape, 0.5, dtype=np.float32))
    protons = slice_protons(make_geometry(phantom, IDEAL, PROTOCOL, None), 1)
    water, fat = (a[60] / a[60].max() for a in (protons.water.sum(axis=0), protons.fat))
    assert np.argmax(water > 0.5) - np.argmax(fat > 0.5) == pytest.approx(FAT_FURTHER_MM, abs=1)


def test_the_picture_is_dark_in_the_band_and_unchanged_behind_it():
    with_band, without = (
        np.asarray(
            acquire(body(), IDEAL, replace(PROTOCOL, saturation_band_mm=mm), rng=np.random.default_rng(0), gain=1.0)
            .pixels[1],
            dtype=float,
        )
        for mm in (20.0, None)
    )  # fmt: skip
    ratio = with_band[20:76] / without[20:76]
    assert ratio[:, 6:16].mean() == pytest.approx(LEFT_OVER, abs=0.02)
    assert ratio[:, 50:80].mean() == pytest.approx(1.0, abs=0.005)
    fast = prepare(body(), IDEAL, PROTOCOL, rng=np.random.default_rng(0), slices=[1]).image().pixels
    assert np.abs(np.asarray(fast, float) - with_band).max() <= 1


def test_protocols_with_and_without_a_band_in_one_study_keep_their_own():
    bare = replace(PROTOCOL, weighting="T2", saturation_band_mm=None)
    study = scan(body(), replace(IDEAL, protocols=(PROTOCOL, bare), gain="study"), rng=np.random.default_rng(0))
    dark, bright = (float(np.asarray(s.volume().pixels, float)[1, 30:60, 6:16].mean()) for s in study)
    assert dark < 0.1 * bright
    assert [s.acquisition.scan_options for s in study] == [("SP",), ()]


def test_a_fat_fraction_map_takes_no_band_from_the_protocol_that_it_borrows():
    fatty = replace(body(), pdff=np.full(body().shape, 0.5, dtype=np.float32))
    study = scan_dixon(fatty, IDEAL, PROTOCOL, rng=np.random.default_rng(0), slices=[1])
    volume = study.series[SERIES.index("PDFF")].volume()
    assert np.asarray(volume.pixels, float)[0, 40:60, 10:20].mean() == pytest.approx(50, abs=3)


def test_what_has_no_lumbar_vertebra_is_refused_and_so_is_a_band_on_the_vertebrae():
    with pytest.raises(ScannerError, match="this phantom has none"):
        acquire(Phantom.uniform("muscle", shape=(18, 60, 60)), IDEAL, PROTOCOL, rng=np.random.default_rng(0))
    with pytest.raises(ScannerError, match="-5 mm in front"):
        replace(PROTOCOL, saturation_band_mm=-5.0)


def test_routine_presets_have_the_band_and_the_older_machine_has_none():
    for name, scanner in SCANNERS.items():
        bands = {p.saturation_band_mm for p in scanner.protocols}
        assert bands == ({None} if name == "generic-1.5t-plain" else {25.0})
