"""In front of the spine: belly wall, bowel, fat, great vessels, diaphragm and psoas."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Mask, window_of
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body
from vbqkit.anatomy.texture import Plane, rounded, smoothstep, white
from vbqkit.anatomy.vessels import paint_great_vessels

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# Belly wall and bowel. t: distance behind the back wall of the bodies, negative in front
_BELLY_ROUND, _BELLY_WAVE_MM = 0.0016, 1.5  # how the outline falls off aside, mm per mm2
# In the midline, more of it aside: from, and over which length
_WALL_MM, _RECTUS_MM, _RECTUS_ASIDE_MM = 2.2, 7.5, (3.0, 9.0)
_CAVITY_MM, _BEFORE_SPINE_MM, _BEFORE_SPINE_WAVE_MM, _RECTUS_BEFORE_SPINE_MM = 2.5, 9.0, 4.0, 25.0
_BEFORE_SPINE_BLUR_MM = 4.0  # over which bowel, as it moves, and the fat behind it mix
_CAVITY_TO_MM = 8.0  # behind the back wall: what lies nearer to the spine is painted over it later
_RECTUS_FROM_MM = 4.0  # from the midline: the white line between the two muscles
_WALL_FAT, _WALL_FAT_TEXTURE, _WALL_FAT_STRANDS = 0.86, (0.05, 0.05), 0.45
_WALL_STRANDS_SD, _WALL_FAT_LIMITS = (0.3, 2.0), (0.3, 0.95)  # SDs of texture at which strands begin and are full
# Small vessels in the fat of the belly, cut across: SDs of texture beyond which there is one, and its wall; a vessel
# that is cut along is drawn out by the stripes of another field
_SMALL_VESSELS_SD, _SMALL_VESSELS_WALL_SD, _SMALL_VESSELS_DRAWN_OUT = 2.4, 0.4, 0.8
_SMALL_WALL_FAT = 0.1
# Bowel reaches further back beside the column, onto psoas, below the fat around the kidneys: how far; from the midline
# on, and over which width; from L1, in vertebrae, and over how many
_ON_PSOAS_MM, _ON_PSOAS_SIDE_MM, _ON_PSOAS_BELOW = 11.0, (12.0, 10.0), (0.5, 1.5)
# In front of the column
_PREVERTEBRAL_MM, _FAT_REACH_MM, _FAT_REACH_WAVE_MM, _FAT_TO_MM = 0.6, 10.0, 4.0, 6.0
_FAT, _FAT_TEXTURE, _FAT_STRANDS, _FAT_HOLES = 0.89, (0.04, 0.04), 0.22, 0.35
_STRAND_TEXTURE, _STRANDS_PER_SD, _FAT_LIMITS = 0.25, 2.2, (0.1, 0.95)  # strands follow lines where a random field is 0
_STRANDS_SD = (-0.4, 1.2)  # and are seen where another one is high
_HOLE_TEXTURE, _HOLES_SD = 0.25, (1.9, 2.8)
_LUMEN_SD, _LUMEN_WALL_SD = 3.0, 0.5  # SDs beyond which such a hole is a vessel, and its wall
_PSOAS_FROM, _PSOAS_OVER, _PSOAS_SINKS_FROM = -0.3, 2.6, 0.3  # in vertebrae from L1; from L4
_PSOAS_IN_PLANE_MM = 40.0  # it is left out of planes further aside
# Least; half width and half depth where thickest
_PSOAS_SIDE_MM, _PSOAS_SIDE_MORE_MM, _PSOAS_HALF_MM = 22.0, 13.0, (0.5, 17.0, 20.5)
_PSOAS_SINK_MM, _PSOAS_WAVE, _PSOAS_SEAM_FAT, _PSOAS_GRAIN = (8.0, 10.0), (0.12, 0.03), 0.25, 0.05
_PSOAS_FIBRE_FAT = 0.04  # of the fat between its fibres
_SEAM_TEXTURE, _SEAM_SD, _MUSCLE_FAT_LIMITS = 0.3, (0.2, 1.4), (0.0, 0.9)  # SDs beyond the fatty streaks of the back
# Thinning out over three vertebrae, down to L3
_CRUS_SIDE_MM, _CRUS_GAP_MM, _CRUS_MM, _CRUS_OVER, _CRUS_WAVE_MM = 18.0, 2.2, 9.0, 3.0, 0.8

# The lung behind the diaphragm: beside the column down to T12, lower further behind. Its edge rises towards the front
# as a dome, and towards the column; it is blurred, for it moves with every breath while a slice is read. What lung
# tissue and its vessels leave of the signal; muscle under the edge.
_LUNG_ENDS, _LUNG_SIDE_MM, _LUNG_RISES, _LUNG_BACK_MM, _LUNG_WAVE = "T12", 17.0, 0.10, 6.0, 0.06
_DOME, _DOME_MM, _LEVEL_MM = 3.4, 32.0, 29.0  # rise in vertebrae far in front; half of it here; mm of a vertebra
_LUNG_BLUR_MM, _DIAPHRAGM_MM, _LUNG_TISSUE = (-4.0, 6.0), (-9.0, -4.0), 0.06

_ONE = np.float32(1.0)


def paint_belly(canvas: Canvas, spine: Spine, body: Body) -> Mask:
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
        + np.float32(_WALL_FAT_TEXTURE[0]) * fields["medium"]
        + np.float32(_WALL_FAT_TEXTURE[1]) * fields["large"]
        - np.float32(_WALL_FAT_STRANDS) * smoothstep(fields["streak"], *_WALL_STRANDS_SD)
    )
    canvas.paint(inside, "visceral_fat", np.clip(fat, *_WALL_FAT_LIMITS))
    cut = fields["small"] + np.float32(_SMALL_VESSELS_DRAWN_OUT) * fields["streak"]
    cut = cut * np.float32(1.0 / np.hypot(1.0, _SMALL_VESSELS_DRAWN_OUT))
    canvas.paint(inside & (cut > _SMALL_VESSELS_SD - _SMALL_VESSELS_WALL_SD), "muscle", _SMALL_WALL_FAT)
    canvas.paint(inside & (cut > _SMALL_VESSELS_SD), "vessel_flow_void")
    rectus = (
        inside & (depth < wall + np.float32(muscle)) & (canvas.t < canvas.front - np.float32(_RECTUS_BEFORE_SPINE_MM))
    )
    canvas.paint(rectus, "muscle" if x > _RECTUS_FROM_MM else "ligament")
    cavity = inside & (depth > wall + np.float32(muscle + _CAVITY_MM))
    edge = canvas.front - np.float32(_BEFORE_SPINE_MM) + np.float32(_BEFORE_SPINE_WAVE_MM) * fields["large"]
    cavity &= canvas.t < edge + _bowel_nearer_mm(canvas, spine)
    whole[window] = cavity
    return whole


def _bowel_nearer_mm(canvas: Canvas, spine: Spine) -> Plane | np.float32:
    """How much further back bowel reaches beside the column, below the kidneys' fat: it lies on psoas."""
    near, over = _ON_PSOAS_SIDE_MM
    beside = min(max((abs(float(np.median(canvas.side[:, 0]))) - near) / over, 0.0), 1.0)
    if not beside:
        return np.float32(0.0)
    below, over = _ON_PSOAS_BELOW
    start, reach = np.float32(spine.index("L1") + below), np.float32(_ON_PSOAS_MM * beside)
    nearer: Plane = np.clip((canvas.position - start) * (reach / np.float32(over)), np.float32(0.0), reach)
    return nearer


def paint_around_column(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint the fat in front of the column, psoas, crura, aorta, cava and their branches."""
    fields, t, level = canvas.fields, canvas.t, canvas.position
    at = spine.index
    front = canvas.front - np.float32(_PREVERTEBRAL_MM)
    live = canvas.tissue != 0
    wave = np.float32(_FAT_REACH_WAVE_MM) * fields["large"]
    wave += np.float32(_BEFORE_SPINE_BLUR_MM) * (white(fields["fine"]) - np.float32(0.5))
    cushion = live & (t < _FAT_TO_MM) & (t - _bowel_nearer_mm(canvas, spine) > front - np.float32(_FAT_REACH_MM) + wave)
    _paint_cushion(canvas, cushion)
    aside = np.abs(canvas.side)
    if float(aside.min()) < _PSOAS_IN_PLANE_MM:
        _paint_psoas(canvas, spine, body, live)
    # Crura of the diaphragm.
    thin = np.clip((np.float32(at("L3")) - level) * np.float32(1.0 / _CRUS_OVER), 0.0, 1.0)
    waver = np.float32(_CRUS_WAVE_MM) * fields["medium"]
    crus = live & (aside < _CRUS_SIDE_MM) & (t < front - np.float32(_CRUS_GAP_MM) + waver)
    crus &= t > front - np.float32(_CRUS_MM) * thin + waver
    canvas.paint(crus, "muscle")
    paint_great_vessels(canvas, spine, body, live)


def _paint_cushion(canvas: Canvas, where: Mask) -> None:
    """Paint the fat in front of the column with its strands, holes and vessels; nothing is computed beside it."""
    at = np.nonzero(where)
    streak, small, medium, large = (canvas.fields[name][at] for name in ("streak", "small", "medium", "large"))
    line = np.abs(streak + np.float32(_STRAND_TEXTURE) * small)
    strands = np.maximum(_ONE - line * np.float32(_STRANDS_PER_SD), 0.0) * smoothstep(large, *_STRANDS_SD)
    by_medium, by_streak = (np.float32(k) for k in _FAT_TEXTURE)
    fat = np.float32(_FAT) + by_medium * medium + by_streak * streak - np.float32(_FAT_STRANDS) * strands
    hole = small - np.float32(_HOLE_TEXTURE) * large
    holes = smoothstep(hole, *_HOLES_SD)
    fat = fat - np.float32(_FAT_HOLES) * holes
    canvas.paint_at(at, "visceral_fat", np.clip(fat, *_FAT_LIMITS))
    for beyond, name, given in (
        (_LUMEN_SD - _LUMEN_WALL_SD, "muscle", _SMALL_WALL_FAT),
        (_LUMEN_SD, "vessel_flow_void", None),
    ):
        there = hole > beyond
        canvas.paint_at((at[0][there], at[1][there]), name, given)


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
    fibres = np.maximum(canvas.fields["streak"][at], np.float32(0.0))
    fat = np.float32(body.muscle_fat) + np.float32(_PSOAS_SEAM_FAT) * seam + np.float32(_PSOAS_FIBRE_FAT) * fibres
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
