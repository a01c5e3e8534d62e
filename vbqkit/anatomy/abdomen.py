"""In front of the spine: belly wall, bowel, fat, great vessels, diaphragm and psoas."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Mask, window_of
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body
from vbqkit.anatomy.texture import Plane, rounded, smoothstep

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# Belly wall and bowel. t: distance behind the back wall of the bodies, negative in front
_BELLY_ROUND, _BELLY_WAVE_MM = 0.0016, 1.5  # how the outline falls off aside, mm per mm2
# In the midline, more of it aside: from, and over which length
_WALL_MM, _RECTUS_MM, _RECTUS_ASIDE_MM = 2.2, 7.5, (3.0, 9.0)
_CAVITY_MM, _BEFORE_SPINE_MM, _BEFORE_SPINE_WAVE_MM, _RECTUS_BEFORE_SPINE_MM = 2.5, 9.0, 4.0, 25.0
_CAVITY_TO_MM = 8.0  # behind the back wall: what lies nearer to the spine is painted over it later
_RECTUS_FROM_MM = 4.0  # from the midline: the white line between the two muscles
_WALL_FAT, _WALL_FAT_TEXTURE, _WALL_FAT_STRANDS = 0.92, 0.05, 0.4
_WALL_STRANDS_SD, _WALL_FAT_LIMITS = (1.1, 2.2), (0.3, 0.95)  # SDs of texture at which strands begin and are full
# In front of the column
_PREVERTEBRAL_MM, _FAT_REACH_MM, _FAT_REACH_WAVE_MM, _FAT_TO_MM = 0.6, 12.0, 4.0, 6.0
_FAT, _FAT_TEXTURE, _FAT_STRANDS, _FAT_HOLES = 0.93, 0.04, 0.28, 0.35
_STRAND_TEXTURE, _STRANDS_PER_SD, _FAT_LIMITS = 0.6, 2.2, (0.1, 0.95)  # strands follow lines where a random field is 0
_STRANDS_SD = (0.3, 1.6)  # and are seen where another one is high
_HOLE_TEXTURE, _HOLES_SD = 0.5, (1.9, 2.8)
_PSOAS_FROM, _PSOAS_OVER, _PSOAS_SINKS_FROM = -0.3, 2.6, 0.3  # in vertebrae from L1; from L4
_PSOAS_IN_PLANE_MM = 40.0  # it is left out of planes further aside
# Least; half width and half depth where thickest
_PSOAS_SIDE_MM, _PSOAS_SIDE_MORE_MM, _PSOAS_HALF_MM = 22.0, 13.0, (0.5, 17.0, 20.5)
_PSOAS_SINK_MM, _PSOAS_WAVE, _PSOAS_SEAM_FAT, _PSOAS_GRAIN = (8.0, 10.0), (0.12, 0.03), 0.25, 0.05
_SEAM_TEXTURE, _SEAM_SD, _MUSCLE_FAT_LIMITS = 0.3, (0.2, 1.4), (0.0, 0.9)  # SDs beyond the fatty streaks of the back
# Thinning out over three vertebrae, down to L3
_CRUS_SIDE_MM, _CRUS_GAP_MM, _CRUS_MM, _CRUS_OVER = (1.5, 17.0), 0.8, 5.5, 3.0

# The lung behind the diaphragm: beside the column down to T12, lower further behind. Its edge rises towards the front
# as a dome, and towards the column; it is blurred, for it moves with every breath while a slice is read. What lung
# tissue and its vessels leave of the signal; muscle under the edge.
_LUNG_ENDS, _LUNG_SIDE_MM, _LUNG_RISES, _LUNG_BACK_MM, _LUNG_WAVE = "T12", 17.0, 0.10, 6.0, 0.06
_DOME, _DOME_MM, _LEVEL_MM = 3.4, 32.0, 29.0  # rise in vertebrae far in front; half of it here; mm of a vertebra
_LUNG_BLUR_MM, _DIAPHRAGM_MM, _LUNG_TISSUE = (-4.0, 6.0), (-9.0, -4.0), 0.06

# Vessels. Where to look for them, to save time: before and behind the front of the column; how far the trunks, and the
# branches of the aorta, lie from their usual place aside; and a distance that is outside of every vessel
_VESSELS_T_MM, _TRUNK_REACH_MM, _BRANCH_REACH_MM, _OUTSIDE_MM = (46.0, 1.0), 20.0, 30.0, 9.0
_VESSEL_WAVE_MM, _AORTA_GAP_MM, _CAVA_GAP_MM, _CAVA_HEPATIC_MM = 2.2, 4.5, 3.0, 10.0  # the cava runs forward above L1
_AORTA_FORK, _CAVA_FORK, _AORTA_SPREAD_MM, _CAVA_SPREAD_MM = 0.35, -0.10, 21.0, 24.0  # in vertebrae from L4 and L5
_LIMB_OVERLAP, _LIMB_BACK_MM = 0.1, 2.0  # of trunk and limbs, in vertebrae; how far the limbs fall back per vertebra
_TRUNK_END = 0.3  # vertebrae over which a trunk closes at its fork
_CAVA_FLAT = (1.2, 0.8)  # wide and deep, in radii
_CAVA_HEPATIC_OVER = 2.0  # vertebrae
_AORTA_LIMB, _CAVA_LIMB = (0.62, 0.62), (0.7, 0.55)
_COELIAC, _MESENTERIC = (-0.55, 7.0, 3.0), (0.05, 11.0, 3.4)  # start in vertebrae from L1, fall forward, radius
_BRANCH_GAP_MM, _BRANCH_ASIDE_MM, _BRANCH_LENGTH = 1.0, 2.0, 1.6  # aside per vertebra; length in vertebrae
_VESSEL_WALL_MM, _VESSEL_WALL_FAT = 0.6, 0.1
# Signal left in flowing blood, relative to the table's flow void
_BLOOD, _BLOOD_TEXTURE, _BLOOD_LIMITS = 1.9, (1.1, 0.9), (0.2, 5.0)

_ONE = np.float32(1.0)


def paint_belly(canvas: Canvas, body: Body) -> Mask:
    """Paint the belly wall and the fat behind it; returns where the cavity is."""
    x, fields = abs(float(canvas.x_mm)), canvas.fields
    front = rounded(body.front_y_mm + _BELLY_ROUND * x * x)[:, None]
    depth = canvas.y - front + np.float32(_BELLY_WAVE_MM) * fields["large"]
    wall = np.float32(body.front_fat_mm)
    muscle = _WALL_MM + _RECTUS_MM * float(np.clip((x - _RECTUS_ASIDE_MM[0]) / _RECTUS_ASIDE_MM[1], 0.0, 1.0))
    inside = (depth > wall) & (canvas.t < _CAVITY_TO_MM) & (canvas.tissue != 0)
    cavity: Mask = np.zeros_like(inside)
    if not inside.any():
        return cavity
    window = window_of(inside)
    whole, inside, depth, canvas = cavity, inside[window], depth[window], canvas.part(window)
    fields = canvas.fields
    fat = (
        np.float32(_WALL_FAT)
        + np.float32(_WALL_FAT_TEXTURE) * fields["medium"]
        - np.float32(_WALL_FAT_STRANDS) * smoothstep(fields["streak"], *_WALL_STRANDS_SD)
    )
    canvas.paint(inside, "visceral_fat", np.clip(fat, *_WALL_FAT_LIMITS))
    rectus = (
        inside & (depth < wall + np.float32(muscle)) & (canvas.t < canvas.front - np.float32(_RECTUS_BEFORE_SPINE_MM))
    )
    canvas.paint(rectus, "muscle" if x > _RECTUS_FROM_MM else "ligament")
    cavity = inside & (depth > wall + np.float32(muscle + _CAVITY_MM))
    cavity &= (
        canvas.t < canvas.front - np.float32(_BEFORE_SPINE_MM) + np.float32(_BEFORE_SPINE_WAVE_MM) * fields["large"]
    )
    whole[window] = cavity
    return whole


def paint_around_column(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint the fat in front of the column, psoas, crura, aorta, cava and their branches."""
    fields, t, level = canvas.fields, canvas.t, canvas.position
    at = spine.index
    front = canvas.front - np.float32(_PREVERTEBRAL_MM)
    live = canvas.tissue != 0
    cushion = (
        live
        & (t < _FAT_TO_MM)
        & (t > front - np.float32(_FAT_REACH_MM) + np.float32(_FAT_REACH_WAVE_MM) * fields["large"])
    )
    _paint_cushion(canvas, cushion)
    aside = np.abs(canvas.side)
    if float(aside.min()) < _PSOAS_IN_PLANE_MM:
        _paint_psoas(canvas, spine, body, live)
    # Crura of the diaphragm.
    thin = np.clip((np.float32(at("L3")) - level) * np.float32(1.0 / _CRUS_OVER), 0.0, 1.0)
    crus = live & (aside > _CRUS_SIDE_MM[0]) & (aside < _CRUS_SIDE_MM[1])
    crus &= (t < front - _CRUS_GAP_MM) & (t > front - np.float32(_CRUS_MM) * thin)
    canvas.paint(crus, "muscle")
    _paint_vessels(canvas, spine, body, live)


def _paint_cushion(canvas: Canvas, where: Mask) -> None:
    """Paint the fat in front of the column with its strands and holes; nothing is computed beside it."""
    at = np.nonzero(where)
    streak, small, medium, large = (canvas.fields[name][at] for name in ("streak", "small", "medium", "large"))
    line = np.abs(streak + np.float32(_STRAND_TEXTURE) * small)
    strands = np.maximum(_ONE - line * np.float32(_STRANDS_PER_SD), 0.0) * smoothstep(large, *_STRANDS_SD)
    fat = np.float32(_FAT) + np.float32(_FAT_TEXTURE) * medium - np.float32(_FAT_STRANDS) * strands
    holes = smoothstep(medium - np.float32(_HOLE_TEXTURE) * large, *_HOLES_SD)
    fat = fat - np.float32(_FAT_HOLES) * holes
    canvas.paint_at(at, "visceral_fat", np.clip(fat, *_FAT_LIMITS))


def _paint_psoas(canvas: Canvas, spine: Spine, body: Body, live: Mask) -> None:
    """Paint psoas: from the side of T12 and L1, thicker downwards."""
    level, medium, large = canvas.position, canvas.fields["medium"], canvas.fields["large"]
    least, wide, deep = (np.float32(k) for k in _PSOAS_HALF_MM)
    long, short = (np.float32(wave) for wave in _PSOAS_WAVE)
    grow = np.clip((level - np.float32(spine.index("L1") + _PSOAS_FROM)) * np.float32(1.0 / _PSOAS_OVER), 0.0, 1.0)
    thick = np.sqrt(grow)
    across = np.abs(canvas.side) - np.float32(_PSOAS_SIDE_MM) - np.float32(_PSOAS_SIDE_MORE_MM) * grow
    across = (across / (least + wide * thick)) ** 2
    edge = _ONE + long * large + short * medium
    at = np.nonzero(live & (across < edge) & (grow > 0))  # near the midline nowhere
    sink = np.float32(_PSOAS_SINK_MM[0]) + np.float32(_PSOAS_SINK_MM[1]) * np.maximum(
        np.float32(0.0), level[at] - np.float32(spine.index("L4") + _PSOAS_SINKS_FROM)
    )
    along = ((canvas.t[at] + sink) / (least + deep * thick[at])) ** 2
    inside = across[at] + along < edge[at]
    at = (at[0][inside], at[1][inside])
    low, high = (body.streaks + more for more in _SEAM_SD)
    seam = smoothstep(canvas.fields["streak"][at] + np.float32(_SEAM_TEXTURE) * medium[at], low, high)
    fat = np.float32(body.muscle_fat) + np.float32(_PSOAS_SEAM_FAT) * seam
    canvas.paint_at(at, "muscle", np.clip(fat, *_MUSCLE_FAT_LIMITS))
    canvas.pd_scale[at] = _ONE + np.float32(_PSOAS_GRAIN) * medium[at]


def paint_lung(canvas: Canvas, spine: Spine, *, below: float) -> None:
    """Paint the lower end of the lung beside the column, above the dome of the diaphragm.

    `below` is how far below the middle of T12 it reaches behind, in vertebrae. Tissues mix pixel by pixel, so that a
    scanned voxel holds a smooth blend of them, as of a lung that moves.
    """
    aside = np.abs(canvas.side) - np.float32(_LUNG_SIDE_MM)
    there = (aside > 0) & (canvas.t < _LUNG_BACK_MM) & (canvas.tissue != 0)
    if not there.any():
        return
    ahead = np.maximum(np.float32(_LUNG_BACK_MM) - canvas.t, np.float32(0.0))
    edge = np.float32(spine.index(_LUNG_ENDS) + below) + np.float32(_LUNG_WAVE) * canvas.fields["large"]
    edge = edge - np.float32(_DOME) * ahead / (ahead + np.float32(_DOME_MM))
    edge = edge - np.float32(_LUNG_RISES) / np.maximum(aside / np.float32(_LUNG_SIDE_MM), np.float32(_LUNG_RISES))
    depth = (edge - canvas.position) * np.float32(_LEVEL_MM)
    dice = canvas.fields["dice"]
    canvas.paint(there & (dice < smoothstep(depth, *_DIAPHRAGM_MM)), "muscle")
    canvas.paint(there & (dice > _LUNG_TISSUE) & (dice < smoothstep(depth, *_LUNG_BLUR_MM)), "gas")


def _paint_vessels(canvas: Canvas, spine: Spine, body: Body, live: Mask) -> None:
    """Aorta on the left down to L4, cava on the right up from L5, the iliac vessels, and two branches of the aorta."""
    at = spine.index
    before, behind = _VESSELS_T_MM
    band = np.nonzero(live & (canvas.t < canvas.front + behind) & (canvas.t > canvas.front - before))
    side, t, level = (
        canvas.side[band],
        (canvas.t - canvas.front)[band] + np.float32(_PREVERTEBRAL_MM),
        canvas.position[band],
    )
    wave = np.float32(_VESSEL_WAVE_MM) * canvas.fields["vessel"][band]
    ra, rc, x_mm = body.aorta_radius_mm, body.cava_radius_mm, float(canvas.x_mm)
    t_aorta = wave * np.float32(0.5) - np.float32(_AORTA_GAP_MM + ra)
    t_cava = -np.float32(_CAVA_GAP_MM + _CAVA_FLAT[1] * rc) - np.float32(_CAVA_HEPATIC_MM) * np.clip(
        (np.float32(at("L1")) - level) * np.float32(1.0 / _CAVA_HEPATIC_OVER), 0, 1
    )
    distance = np.full_like(t, _OUTSIDE_MM)

    def add(
        where: Mask, center_side: Plane, center_t: Plane, radius_side: float, radius_t: float, ends: float = np.inf
    ) -> None:
        if not where.any():
            return
        across = (side[where] - center_side[where]) * np.float32(1.0 / radius_side)
        along = (t[where] - center_t[where]) * np.float32(1.0 / radius_t)
        round_end = np.sqrt(np.clip((np.float32(ends) - level[where]) * np.float32(1.0 / _TRUNK_END), 0.0, 1.0))
        tube = (np.sqrt(across * across + along * along) - round_end) * np.float32(min(radius_side, radius_t))
        distance[where] = np.minimum(distance[where], tube)

    for fork, offset, center, spread, trunk, limb in (
        (
            at("L4") + _AORTA_FORK,
            body.aorta_side_mm,
            t_aorta,
            _AORTA_SPREAD_MM,
            (ra, ra),
            (_AORTA_LIMB[0] * ra, _AORTA_LIMB[1] * ra),
        ),
        (
            at("L5") + _CAVA_FORK,
            body.cava_side_mm,
            t_cava,
            _CAVA_SPREAD_MM,
            (_CAVA_FLAT[0] * rc, _CAVA_FLAT[1] * rc),
            (_CAVA_LIMB[0] * rc, _CAVA_LIMB[1] * rc),
        ),
    ):
        below = np.maximum(np.float32(0.0), level - np.float32(fork))
        if np.abs(side - offset).min() < _TRUNK_REACH_MM:
            add(
                level < np.float32(fork + _LIMB_OVERLAP),
                np.float32(offset) + wave,
                center,
                *trunk,
                ends=fork + _LIMB_OVERLAP,
            )
        for sign in (-1.0, 1.0):
            aside = np.float32(offset) * (_ONE - below) + np.float32(sign * spread) * below
            add(level >= np.float32(fork - _LIMB_OVERLAP), aside, center + np.float32(_LIMB_BACK_MM) * below, *limb)
    for below, fall, radius in (_COELIAC, _MESENTERIC):
        start = at("L1") + below
        down = np.maximum(level - np.float32(start), np.float32(0.0))
        if abs(x_mm - body.aorta_side_mm) < _BRANCH_REACH_MM:
            middle = t_aorta - np.float32(ra + _BRANCH_GAP_MM) - np.float32(fall) * np.sqrt(down)
            add(
                (down > 0) & (down < _BRANCH_LENGTH),
                np.float32(body.aorta_side_mm) - np.float32(_BRANCH_ASIDE_MM) * down,
                middle,
                radius,
                radius,
            )
    full = np.full(canvas.t.shape, _OUTSIDE_MM, dtype=np.float32)
    full[band] = distance
    canvas.paint(full < _VESSEL_WALL_MM, "ligament", _VESSEL_WALL_FAT)
    lumen = full < 0
    canvas.paint(lumen, "vessel_flow_void")
    medium, large = (np.float32(k) for k in _BLOOD_TEXTURE)
    blood = np.float32(_BLOOD) + medium * canvas.fields["medium"] + large * canvas.fields["large"]
    canvas.shade(lumen, np.clip(blood, *_BLOOD_LIMITS))
