"""Edges without the steps of the voxel grid: the outline of a scanned ellipse against its equation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy

from tests.scanner.test_switches import IDEAL, PROTOCOL
from vbqkit.anatomy import Phantom, make_phantom, sample_patient
from vbqkit.anatomy.plane_offsets import plane_offsets_mm
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.scanner import acquire

STEP_MM, PLANE_MM, HALF_MM, TILT_RAD = 0.6, 1.1, (41.3, 22.7), 0.05
FINE = replace(PROTOCOL, fov_mm=120, matrix=240, acquired=(120, 120), slices=1)  # pixels of 1 mm, shown at 0.5 mm


def cylinder(*, smooth: bool) -> Phantom:
    """An ellipse of muscle in air, the same on every plane, drawn as bodies are."""
    planes, n = 12, 210
    at = (np.arange(n) - (n - 1) / 2.0) * STEP_MM
    offsets = plane_offsets_mm(planes, STEP_MM) if smooth else np.zeros((planes, 2))
    tissue = np.zeros((planes, n, n), dtype=np.uint8)
    for k in range(planes):
        down, across = at[:, None] - offsets[k, 1], at[None, :] + offsets[k, 0]  # up is towards the first row
        u, v = (
            np.cos(TILT_RAD) * down + np.sin(TILT_RAD) * across,
            np.cos(TILT_RAD) * across - np.sin(TILT_RAD) * down,
        )
        tissue[k][(u / HALF_MM[0]) ** 2 + (v / HALF_MM[1]) ** 2 < 1.0] = tissue_named("muscle").code
    bottle = Phantom.uniform("muscle", shape=tissue.shape, pdff=0.0, spacing_mm=(PLANE_MM, STEP_MM, STEP_MM))
    return replace(bottle, tissue=tissue)


def off_the_outline_mm(body: Phantom) -> tuple[float, float]:
    """RMS and mean distance of the contour at half height from the ellipse, along its radii, mm."""
    picture = np.asarray(acquire(body, IDEAL, FINE, rng=np.random.default_rng(0), gain=1.0).pixels[0], dtype=np.float64)
    middle, pixel = (FINE.matrix - 1) / 2.0, FINE.fov_mm / FINE.matrix
    angle = np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    u, v = np.cos(angle - TILT_RAD), np.sin(angle - TILT_RAD)
    radius = 1.0 / np.hypot(u / HALF_MM[0], v / HALF_MM[1])
    away = np.linspace(-2.5, 2.5, 201)
    r = (radius[:, None] + away) / pixel
    along = scipy.ndimage.map_coordinates(
        picture, [middle + r * np.cos(angle)[:, None], middle + r * np.sin(angle)[:, None]], order=3
    )
    half = float(picture[int(middle) - 8 : int(middle) + 8, int(middle) - 8 : int(middle) + 8].mean()) / 2.0
    past = np.argmax(along < half, axis=1)
    rows = np.arange(len(angle))
    high, low = along[rows, past - 1], along[rows, past]
    found = away[past - 1] + (high - half) / (high - low) * (away[1] - away[0])
    return float(np.sqrt(np.mean((found - found.mean()) ** 2))), float(found.mean())


def test_drawing_planes_beside_their_grid_points_takes_the_steps_off_an_edge():
    (rough, shift), (even, as_far) = (off_the_outline_mm(cylinder(smooth=smooth)) for smooth in (False, True))
    assert rough > 0.06  # terraces of a grid of 0.6 mm
    assert even < 0.5 * rough
    assert abs(as_far) < 0.1
    assert as_far == pytest.approx(shift, abs=0.05)  # the ellipse is neither larger nor smaller


def test_offsets_of_any_few_neighbouring_planes_cover_the_voxel():
    offsets = plane_offsets_mm(62, 0.6)
    for first in range(58):
        four = offsets[first : first + 4]
        assert np.abs(four.mean(axis=0)).max() < 1e-6
        assert np.diff(np.sort(four, axis=0), axis=0) == pytest.approx(0.6 / 4)


def test_edges_are_smooth_unless_told_otherwise_which_moves_no_organ_and_no_fat():
    case = sample_patient("case02")
    plain, smooth = (
        make_phantom(case.patient, seed=case.seed, in_plane_mm=1.2, plane_mm=2.2, width_mm=11.0, **option)
        for option in ({"smooth_edges": False}, {})
    )
    marrow = tissue_named("marrow").code
    assert not np.array_equal(plain.tissue, smooth.tissue)
    changed = plain.tissue != smooth.tissue
    assert changed.mean() < 0.12
    assert (smooth.tissue == marrow).sum() == pytest.approx((plain.tissue == marrow).sum(), rel=0.01)
    for code in range(7, 11):
        here = [(b.tissue == marrow) & (b.level == code) for b in (plain, smooth)]
        means = [b.pdff[h].mean() for b, h in zip((plain, smooth), here, strict=True) if h.any()]
        assert len(means) in (0, 2)
        assert not means or means[0] == pytest.approx(means[1], abs=1e-3)
