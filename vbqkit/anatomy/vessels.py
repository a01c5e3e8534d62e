"""Aorta, cava, the iliac vessels and the branches that a sagittal slice shows, with walls and slow blood."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Index, Mask
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body
from vbqkit.anatomy.texture import Plane, smoothstep

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# Where to look for vessels, to save time: before and behind the front of the column; how far the trunks, and the
# branches of the aorta, lie from their usual place aside; and a distance that is outside of every vessel
_VESSELS_T_MM, _TRUNK_REACH_MM, _BRANCH_REACH_MM, _OUTSIDE_MM = (46.0, 1.0), 20.0, 30.0, 9.0
_AORTA_GAP_MM, _CAVA_GAP_MM, _CAVA_HEPATIC_MM = 4.5, 3.0, 10.0  # the cava runs forward above L1
_AORTA_FORK, _CAVA_FORK, _AORTA_SPREAD_MM, _CAVA_SPREAD_MM = 0.35, -0.10, 21.0, 24.0  # in vertebrae from L4 and L5
_LIMB_OVERLAP, _LIMB_BACK_MM = 0.1, 2.0  # of trunk and limbs, in vertebrae; how far the limbs fall back per vertebra
_TRUNK_END = 0.3  # vertebrae over which a trunk closes at its fork
# The aorta narrows from T12 to L3: 19.0 to 13.8 mm in 142 people on CT (Jasper et al., J Postgrad Med 2014;60:57-60,
# doi:10.4103/0022-3859.128813). Radius relative to the person's: at T12, from L3 on, and vertebrae between
_TAPER, _TAPER_OVER = (1.13, 0.84), 3.0
_AORTA_ROUND, _CAVA_FLAT = (1.0, 1.0), (1.2, 0.8)  # wide and deep, in radii
_CAVA_HEPATIC_OVER = 2.0  # vertebrae
_AORTA_LIMB, _CAVA_LIMB = (0.62, 0.62), (0.7, 0.55)
_COELIAC, _MESENTERIC = (-0.55, 7.0, 3.0), (0.05, 11.0, 3.4)  # start in vertebrae from L1, fall forward, radius
_BRANCH_GAP_MM, _BRANCH_ASIDE_MM, _BRANCH_LENGTH = 1.0, 2.0, 1.6  # aside per vertebra; length in vertebrae
# The left renal vein, between the aorta and its upper mesenteric branch: vertebrae below L1; gap to the aorta; radii
# front to back and in vertebrae; where it begins and ends aside, and how far it falls back from the aorta to the kidney
_RENAL_BELOW, _RENAL_GAP_MM, _RENAL_RADII = 0.55, 1.5, (3.0, 0.13)
_RENAL_SIDE_MM, _RENAL_FALL = (-12.0, 42.0), 0.035  # mm per mm2 beyond the aorta
# Wall: muscle and elastic tissue; an aorta's is 2 mm thick. Pulsation moves it, and blood is slow beside it: over this
# depth voxels hold wall and blood in turn, with these shares of wall at the wall and within
_WALL_MM, _WALL_FAT = 1.1, 0.1
_SLOW_MM, _SLOW_SHARE, _SLOW_TEXTURE, _SLOW_LIMITS = 4.5, (0.62, 0.13), 0.10, (0.0, 0.75)
# Signal left in flowing blood, relative to the table's flow void; more of it where it is slow, beside the wall
_BLOOD, _BLOOD_SLOW, _BLOOD_TEXTURE, _BLOOD_LIMITS = 1.6, 0.8, (0.9, 0.8), (0.2, 5.0)


def paint_great_vessels(canvas: Canvas, spine: Spine, body: Body, live: Mask) -> None:
    """Aorta on the left down to L4, cava on the right up from L5, the iliac vessels, and branches.

    Parameters
    ----------
    canvas : Canvas
        The part of a plane in front of the column.
    spine, body : Spine, Body
        Where the vessels run.
    live : ndarray of bool
        Where there is a body.
    """
    before, behind = _VESSELS_T_MM
    band = np.nonzero(live & (canvas.t < canvas.front + behind) & (canvas.t > canvas.front - before))
    full = np.full(canvas.t.shape, _OUTSIDE_MM, dtype=np.float32)
    full[band] = _distance(canvas, spine, body, band)
    canvas.paint(full < _WALL_MM, "muscle", _WALL_FAT)
    at = np.nonzero(full < 0)
    medium, large = (canvas.fields[name][at] for name in ("medium", "large"))
    slow = smoothstep(full[at], -_SLOW_MM, 0.0)
    most, least = (np.float32(share) for share in _SLOW_SHARE)
    wall = np.clip(least + (most - least) * slow + np.float32(_SLOW_TEXTURE) * (medium + large), *_SLOW_LIMITS)
    flows = canvas.fields["dice"][at] >= wall
    at, slow, medium, large = (at[0][flows], at[1][flows]), slow[flows], medium[flows], large[flows]
    canvas.paint_at(at, "vessel_flow_void")
    by_medium, by_large = (np.float32(k) for k in _BLOOD_TEXTURE)
    blood = np.float32(_BLOOD) + np.float32(_BLOOD_SLOW) * slow + by_medium * medium + by_large * large
    canvas.pd_scale[at] = np.clip(blood, *_BLOOD_LIMITS)


def _distance(canvas: Canvas, spine: Spine, body: Body, band: tuple[Index, ...]) -> Plane:
    """Distance from the nearest vessel's inner wall, negative within, for the pixels of `band`."""
    at, course = spine.index, body.vessels
    side, level = canvas.side[band], canvas.position[band]
    t = (canvas.t - canvas.front)[band]

    def per_row(table: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Plane:
        rows: Plane = np.interp(-canvas.z[:, 0], -course.z_mm, table).astype(np.float32)[band[0]]
        return rows

    taper = np.clip((level - np.float32(at("T12"))) * np.float32(1.0 / _TAPER_OVER), 0.0, 1.0)
    ra = np.float32(body.aorta_radius_mm) * (np.float32(_TAPER[0]) + np.float32(_TAPER[1] - _TAPER[0]) * taper)
    rc, x_mm = np.float32(body.cava_radius_mm), float(canvas.x_mm)
    t_aorta = -np.float32(_AORTA_GAP_MM) - ra - per_row(course.aorta_ahead_mm)
    deep = rc * per_row(course.cava_depth)
    t_cava = (
        -np.float32(_CAVA_GAP_MM)
        - np.float32(_CAVA_FLAT[1]) * deep
        - np.float32(_CAVA_HEPATIC_MM)
        * np.clip((np.float32(at("L1")) - level) * np.float32(1.0 / _CAVA_HEPATIC_OVER), 0, 1)
    )
    distance = np.full_like(t, _OUTSIDE_MM)

    def add(where: Mask, center: tuple[Plane, Plane], radii: tuple[Plane, Plane], *, ends: float = np.inf) -> None:
        if not where.any():
            return
        wide, thick = radii[0][where], radii[1][where]
        across, along = (side[where] - center[0][where]) / wide, (t[where] - center[1][where]) / thick
        round_end = np.sqrt(np.clip((np.float32(ends) - level[where]) * np.float32(1.0 / _TRUNK_END), 0.0, 1.0))
        tube = (np.sqrt(across * across + along * along) - round_end) * np.minimum(wide, thick)
        distance[where] = np.minimum(distance[where], tube)

    aorta_side = np.float32(body.aorta_side_mm) + per_row(course.aorta_aside_mm)
    cava_side = np.float32(body.cava_side_mm) + per_row(course.cava_aside_mm)
    aorta, cava = (ra, ra), (np.full_like(deep, rc), deep)  # half width and half depth
    for fork, trunk_side, center, spread, (wide, thick), trunk, limb in (
        (at("L4") + _AORTA_FORK, aorta_side, t_aorta, _AORTA_SPREAD_MM, aorta, _AORTA_ROUND, _AORTA_LIMB),
        (at("L5") + _CAVA_FORK, cava_side, t_cava, _CAVA_SPREAD_MM, cava, _CAVA_FLAT, _CAVA_LIMB),
    ):
        below = np.maximum(np.float32(0.0), level - np.float32(fork))
        if np.abs(side - trunk_side).min() < _TRUNK_REACH_MM:
            above, radii = (
                level < np.float32(fork + _LIMB_OVERLAP),
                (wide * np.float32(trunk[0]), thick * np.float32(trunk[1])),
            )
            add(above, (trunk_side, center), radii, ends=fork + _LIMB_OVERLAP)
        limbs = wide * np.float32(limb[0]), thick * np.float32(limb[1])
        for sign in (-1.0, 1.0):
            aside = trunk_side * (np.float32(1.0) - below) + np.float32(sign * spread) * below
            add(level >= np.float32(fork - _LIMB_OVERLAP), (aside, center + np.float32(_LIMB_BACK_MM) * below), limbs)
    if abs(x_mm - body.aorta_side_mm) < _BRANCH_REACH_MM:
        for under, fall, radius in (_COELIAC, _MESENTERIC):
            down = np.maximum(level - np.float32(at("L1") + under), np.float32(0.0))
            middle = t_aorta - ra - np.float32(_BRANCH_GAP_MM) - np.float32(fall) * np.sqrt(down)
            round_ = np.full_like(t, radius)
            there = (down > 0) & (down < _BRANCH_LENGTH)
            add(there, (aorta_side - np.float32(_BRANCH_ASIDE_MM) * down, middle), (round_, round_))
    first, last = _RENAL_SIDE_MM
    front_mm, half = _RENAL_RADII
    if first < x_mm < last:
        up = (level - np.float32(at("L1") + _RENAL_BELOW)) * np.float32(1.0 / half)
        near = np.flatnonzero(np.abs(up) < 2.0)
        beyond = np.maximum(side[near] - aorta_side[near], np.float32(0.0))
        middle = t_aorta[near] - ra[near] - np.float32(_RENAL_GAP_MM + front_mm)
        off = (t[near] - middle - np.float32(_RENAL_FALL) * beyond * beyond) * np.float32(1.0 / front_mm)
        tube = (np.sqrt(off * off + up[near] * up[near]) - np.float32(1.0)) * np.float32(front_mm)
        distance[near] = np.minimum(distance[near], tube)
    return distance
