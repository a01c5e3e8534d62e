"""A day at the scanner: where the slices fall, and that it goes through the arguments of every scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import Phantom, VirtualPatient, make_phantom
from vbqkit.scanner import Day, draw_day, scan, scanner_named

SCANNER = scanner_named("generic-1.5t")
PROTOCOL = SCANNER.protocol("T1")


@pytest.fixture(scope="module")
def body() -> Phantom:
    patient = VirtualPatient(age=58, sex="F", bmi=24.0, pdff=(0.4, 0.41, 0.42, 0.43), t_score=-1.2)
    return make_phantom(patient, seed=3, in_plane_mm=1.0, plane_mm=2.2, width_mm=11.0)


def test_the_middle_of_the_body_falls_anywhere_between_two_slices():
    rng = np.random.default_rng(2)
    offsets = np.array([draw_day(rng, PROTOCOL).offset_mm for _ in range(2000)])
    half = (PROTOCOL.thickness_mm + PROTOCOL.gap_mm) / 2
    assert np.abs(offsets[:, 0]).max() <= half
    assert offsets[:, 0].std() == pytest.approx(half / np.sqrt(3), rel=0.05)
    assert offsets[:, 2].std() == pytest.approx(12.0, rel=0.1)


def test_slices_lie_where_the_scan_puts_them(body):
    day = Day((1.3, 4.0, -6.0))
    study = day.scan(body, SCANNER, rng=np.random.default_rng(1), weightings=("T1",))
    volume = next(iter(study)).volume()
    scanned = [volume.slice(k).origin_mm[0] for k in range(len(volume))]
    assert scanned == pytest.approx(day.slices_x_mm(body, PROTOCOL))


def test_a_day_without_chance_is_the_scan_itself(body):
    rois = body.reference_rois
    days = [
        source(body, SCANNER, rng=np.random.default_rng(4), weightings=("T1",), around=rois)
        for source in (Day().scan, scan)
    ]
    first, second = (next(iter(study)).volume().pixels for study in days)
    assert np.array_equal(first, second)


def test_another_day_gives_another_signal(body):
    """The profile of a coil that nobody corrects moves along the body: every level's share of the signal changes."""
    bare = replace(SCANNER, uniformity_correction=0.0)
    rois = [roi for roi in body.reference_rois if roi.label in ("T12", "L1", "L2", "L3", "L4", "L5")]
    shares = []
    for height, noise in ((0.0, 4), (24.0, 4), (0.0, 5)):
        day, rng = Day((0.0, 0.0, height)), np.random.default_rng(noise)
        study = day.scan(body, bare, rng=rng, weightings=("T1",), around=body.reference_rois)
        volume = next(iter(study)).volume()
        means = np.array([roi.measure(volume).mean for roi in rois])
        shares.append(means / means.mean())
    moved, chance = (float(np.abs(other / shares[0] - 1).mean()) for other in shares[1:])
    assert moved > 0.005
    assert moved > 3.0 * chance
