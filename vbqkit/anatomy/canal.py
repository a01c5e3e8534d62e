"""The vertebral canal: dural sac with CSF, cord, conus and cauda equina, epidural fat, and the ligaments around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canal_shape import CanalShape, bump
from vbqkit.anatomy.canvas import Canvas
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, smoothstep

Array = npt.NDArray[np.float64]

_ROOTS_PER_SIDE = 15
_TURN_MM = 0.5  # the tables below are looked up every half millimetre along the canal

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# The shape of the canal. Tables run over these levels (a number is added to the place of the level)
_KNOTS = (("T9", 0.0), ("T12", 0.0), ("L2", 0.0), ("L4", 0.0), ("L5", 0.0), ("S1", 0.0), ("S2", 0.0), ("S2", 0.8))
_SAC_DEPTH_MM = (13.5, 15.0, 15.2, 14.0, 13.2, 11.0, 6.5, 0.0)
_SAC_HALF_WIDTH_MM = (8.0, 9.2, 9.6, 9.6, 9.4, 8.5, 5.0, 0.0)
_SAC_FRONT_MM = (1.2, 1.0, 1.0, 1.4, 2.6, 6.5, 9.0, 10.0)
_SAC_DEPTH_SD, _SAC_DEPTH_LIMIT = 0.06, 1.5  # between people: a share, and its limit in SDs
_FAT_BEHIND_MM = (("T11", "L1", "L3", "L5", "S2"), (2.4, 5.0, 7.2, 7.4, 3.0))  # depth of the pad of fat at each disc
_FAT_BEHIND_SD = 0.12
_FAT_BEHIND_MORE_MM = (0, 0, 0, 0, 0.5, 2.0, 3.0, 3.0)
# Where the pad widens and ends, in vertebrae below the middle of a body
_FAT_RISES, _FAT_ENDS = (0.0, 0.34), (0.60, 0.90)
_DURA_MM = 0.5

# Cord and roots. The cord ends between the middle of L1 and the upper L2 (Saifuddin et al., Spine 1998;23:1452-1456)
_CONUS_BELOW_L1, _CONUS_SD, _CONUS_LIMITS = 0.30, 0.22, (-0.3, 0.75)  # in vertebrae
_CONUS_TAPER_MM, _CONUS_POINT = 34.0, 0.62
_CORD_HALF_DEPTH_MM, _CORD_HALF_WIDTH_MM = 3.7, 4.6
# Of the lumbar cord: a share; place below T12 and half length, in vertebrae
_SWELLING, _SWELLING_AT, _SWELLING_REACH = 0.12, -0.1, 1.4
_CORD_FORWARD_MM, _CORD_SINKS_MM, _CORD_SINKS_OVER_MM, _CORD_WAVE_MM = 0.4, 1.2, 55.0, 0.4

# What is painted between the back wall of the bodies and the laminae
_SLOPE_ASIDE = 0.32  # how much nearer laminae and ligament come to the bodies, per mm aside
_BACK_WAVE_MM, _SAC_WAVE_MM = 0.25, 0.15
_LIGAMENT_MM, _LIGAMENT_ASIDE_MM, _LIGAMENT_MIDLINE_MM = 3.4, (0.6, 2.2), 0.5
_LIGAMENT_HALF_WIDTH_MM, _CANAL_HALF_WIDTH_MM, _LONG_LIGAMENT_HALF_WIDTH_MM = 12.5, 12.0, 7
# Its reach above and below the middle of a body, in vertebrae
_PLEXUS_GAP_MM, _PLEXUS_REACH, _PLEXUS_HALF_WIDTH_MM = 0.3, 0.2, 8
# Shares of its pixels: up to the first vein, up to the second fat, the rest ligament
_PLEXUS_VEIN, _PLEXUS_FAT = 0.55, 0.8
_DURA_PAINTED_MM, _LEAST_SAC_MM = 0.7, 1.2
_FAT, _FAT_AT_VESSELS, _VESSELS_PER_SD = 0.88, 0.30, 3.0


@dataclass(frozen=True, eq=False, slots=True)
class Canal:
    """The canal as tables over arc length s, every 0.5 mm; lengths in mm.

    Attributes
    ----------
    front, sac_depth, sac_half_width : ndarray
        Distance of the sac behind the back wall, its depth, and half its width.
    back, lamina : ndarray
        Where the yellow ligament and where the laminae begin, behind the back wall in the midline.
    cord_half_depth, cord_half_width, cord_center : ndarray
        Of the cord; 0 below the conus.
    root_side, root_depth : ndarray, shape (roots, k)
        Where each root runs: to the side, and behind the back wall; nan where it is not in the sac.
    root_radius : ndarray, shape (roots,)
        Radius of each root.
    conus_s_mm : float
        Arc length of the tip of the cord.
    """

    front: Array
    sac_depth: Array
    sac_half_width: Array
    back: Array
    lamina: Array
    cord_half_depth: Array
    cord_half_width: Array
    cord_center: Array
    root_side: Array
    root_depth: Array
    root_radius: Array
    conus_s_mm: float


def make_canal(rng: np.random.Generator, spine: Spine, *, findings: Sequence[Finding] = ()) -> Canal:
    """Draw the canal of one spine: sizes, the level of the conus, and the course of every root."""
    s = np.arange(0.0, spine.wall_s_mm[-1], _TURN_MM)
    level = spine.level_position(s)
    at = spine.index
    depth_scale = 1.0 + _SAC_DEPTH_SD * np.clip(rng.standard_normal(), -_SAC_DEPTH_LIMIT, _SAC_DEPTH_LIMIT)
    knots = [at(name) + below for name, below in _KNOTS]
    depth = np.interp(level, knots, _SAC_DEPTH_MM) * depth_scale
    half_width = np.interp(level, knots, _SAC_HALF_WIDTH_MM)
    front = np.interp(level, knots, _SAC_FRONT_MM)
    # Behind the sac: a pad of fat that widens towards each disc and ends at the next lamina.
    phase = level - np.floor(level)  # 0 in the middle of a body, 0.5 at a disc
    rise = np.where(phase < 0.5, smoothstep_f64(phase, *_FAT_RISES), 1.0 - smoothstep_f64(phase, *_FAT_ENDS))
    size = np.interp(level, [at(name) for name in _FAT_BEHIND_MM[0]], _FAT_BEHIND_MM[1])
    size = size * (
        1.0
        + _FAT_BEHIND_SD * np.interp(level, np.arange(len(spine.vertebrae)), rng.standard_normal(len(spine.vertebrae)))
    )
    back = front + depth + _DURA_MM + size * rise + np.interp(level, knots, _FAT_BEHIND_MORE_MM)
    lamina = back.copy()
    shape = CanalShape(level, front, depth, half_width, back)
    for finding in findings:
        shape = finding.shape_canal(shape, spine)
    front, depth, half_width, back = shape.front_mm, shape.sac_depth_mm, shape.sac_half_width_mm, shape.back_mm
    conus_level = at("L1") + np.clip(_CONUS_BELOW_L1 + _CONUS_SD * rng.standard_normal(), *_CONUS_LIMITS)
    conus_s = float(np.interp(conus_level, np.arange(len(spine.vertebrae)), spine.level_s_mm))
    taper = np.clip((conus_s - s) / _CONUS_TAPER_MM, 0.0, 1.0) ** _CONUS_POINT
    swelling = 1.0 + _SWELLING * bump(level, at("T12") + _SWELLING_AT, _SWELLING_REACH)
    cord_half_depth, cord_half_width = _CORD_HALF_DEPTH_MM * taper * swelling, _CORD_HALF_WIDTH_MM * taper * swelling
    middle = front + depth / 2.0
    sinks = _CORD_SINKS_MM * smoothstep_f64(s, conus_s - _CORD_SINKS_OVER_MM, conus_s)
    cord_center = middle - _CORD_FORWARD_MM + sinks + _CORD_WAVE_MM * np.sin(level * 1.3 + rng.uniform(0, 6))
    side, where, radius = _draw_roots(rng, spine, s, level, conus_s, front, depth, half_width)
    return Canal(
        front,
        depth,
        half_width,
        back,
        lamina,
        cord_half_depth,
        cord_half_width,
        cord_center,
        side,
        where,
        radius,
        conus_s,
    )


def smoothstep_f64(values: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, a smooth cubic between; falls if low > high."""
    u = np.clip((values - low) / (high - low), 0.0, 1.0)
    ramp: Array = u * u * (3.0 - 2.0 * u)
    return ramp


def _draw_roots(
    rng: np.random.Generator,
    spine: Spine,
    s: Array,
    level: Array,
    conus_s: float,
    front: Array,
    depth: Array,
    half_width: Array,
) -> tuple[Array, Array, Array]:
    """Roots leave the cord, sink to the back of the sac (the patient is supine), and turn out and forward to exit."""
    exits = np.linspace(spine.index("L2") + 0.1, spine.index("S2") + 0.1, _ROOTS_PER_SIDE)
    count = 2 * _ROOTS_PER_SIDE + 1
    side, where = np.full((count, len(s)), np.nan), np.full((count, len(s)), np.nan)
    radius = np.clip(0.52 + 0.10 * rng.standard_normal(count), 0.35, 0.75)
    for i in range(count):
        filum = i == count - 1
        exit_level = spine.index("S2") + 0.3 if filum else exits[i // 2] + 0.08 * rng.standard_normal()
        sign = 0.0 if filum else (-1.0, 1.0)[i % 2]
        start = conus_s - (5.0 if filum else rng.uniform(8.0, 62.0) * (1.15 - (i // 2) / _ROOTS_PER_SIDE))
        wander = np.interp(
            s, np.arange(s[0], s[-1] + 25.0, 24.0), rng.standard_normal(len(np.arange(s[0], s[-1] + 25.0, 24.0)))
        )
        to_go = np.clip((exit_level - level) / 1.1, 0.0, 1.0)  # 1 far above the exit, 0 at it
        rest = sign * np.clip(half_width * rng.uniform(0.05, 0.8), 0.0, 8.0)
        out = sign * (half_width - 1.0)
        lateral = rest * to_go + out * (1.0 - to_go) + 0.35 * wander
        sunk = front + depth * (0.93 - 0.26 * rng.random() ** 1.4 - 0.05 * (np.abs(lateral) / 9.0) ** 2) - 0.5
        leaving = front + depth * 0.42
        settle = smoothstep_f64(s, start, conus_s + 6.0)
        begin = front + depth / 2.0 + rng.uniform(-1.0, 3.2)
        path = begin * (1.0 - settle) + (sunk * to_go**0.6 + leaving * (1.0 - to_go**0.6)) * settle + 0.12 * wander
        alive = (s > start) & (level < exit_level)
        side[i, alive], where[i, alive] = lateral[alive], path[alive]
    return side, where, radius


def paint_canal(canvas: Canvas, spine: Spine, canal: Canal) -> None:
    """Paint everything between the back wall of the bodies and the laminae."""
    inside = (canvas.t > -4.0) & (canvas.t < 34.0) & (np.abs(canvas.side) < 14.0)
    inside &= canvas.s < np.float32(spine.level_s_mm[spine.index("S2")] + 45.0)
    if not inside.any():
        return
    s, t, side = canvas.s[inside], canvas.t[inside], canvas.side[inside]
    index = np.clip((s * np.float32(1.0 / _TURN_MM)).astype(int), 0, len(canal.front) - 1)
    medium = canvas.fields["medium"][inside]
    aside = np.abs(side)

    def table(values: Array) -> Plane:
        looked_up: Plane = values.astype(np.float32)[index]
        return looked_up

    front, depth, half_width = table(canal.front), table(canal.sac_depth), table(canal.sac_half_width)
    back = table(canal.back) - np.float32(_SLOPE_ASIDE) * np.maximum(aside - np.float32(1.0), 0.0)
    back = back + np.float32(_BACK_WAVE_MM) * medium
    code = np.zeros(s.shape, dtype=np.uint8)
    names = [
        "", "epidural_fat", "ligament", "csf", "spinal_cord", "nerve_root", "basivertebral_vein",
    ]  # fmt: skip
    wall = (
        table(canal.lamina)
        - np.float32(_SLOPE_ASIDE) * np.maximum(aside - np.float32(1.0), 0.0)
        + np.float32(_LIGAMENT_MM) * smoothstep(aside, *_LIGAMENT_ASIDE_MM)
        + np.float32(_LIGAMENT_MIDLINE_MM)
    )
    code[(t < wall) & (aside < _LIGAMENT_HALF_WIDTH_MM) & (t >= back)] = 2  # yellow ligament
    canal_space = (t < back) & (aside < _CANAL_HALF_WIDTH_MM)
    code[canal_space] = 1
    # In front of the sac: veins behind the middle of each body, the long ligament in the midline.
    level = canvas.position[inside]
    phase = np.abs(level - np.rint(level))
    dice = canvas.fields["dice"][inside]
    above = level < np.float32(spine.index("L5") - 0.2)
    code[canal_space & (t < front) & above & (aside < _LONG_LIGAMENT_HALF_WIDTH_MM)] = 2
    plexus = (
        canal_space
        & (t < front - _PLEXUS_GAP_MM)
        & (phase < _PLEXUS_REACH)
        & (aside < _PLEXUS_HALF_WIDTH_MM)
        & (level < np.float32(spine.index("S1") - 0.3))
    )
    code[plexus] = np.where(dice[plexus] < _PLEXUS_VEIN, 6, np.where(dice[plexus] < _PLEXUS_FAT, 1, 2))
    radial = np.sqrt(
        (side / np.maximum(half_width, np.float32(0.3))) ** 2
        + ((t - front - depth * np.float32(0.5)) / np.maximum(depth * np.float32(0.5), np.float32(0.3))) ** 2
    )
    reach = (radial - np.float32(1.0)) * np.maximum(depth * np.float32(0.5), np.float32(0.3)) + np.float32(
        _SAC_WAVE_MM
    ) * medium
    there = depth > _LEAST_SAC_MM
    code[there & (reach < _DURA_PAINTED_MM)] = 2  # dura and the ligament in front of it
    sac = there & (reach < 0)
    code[sac] = 3
    cd, cw = table(canal.cord_half_depth), table(canal.cord_half_width)
    cord = (side / np.maximum(cw, np.float32(0.2))) ** 2 + (
        (t - table(canal.cord_center)) / np.maximum(cd, np.float32(0.2))
    ) ** 2
    for i, radius in enumerate(canal.root_radius):
        dx = side - table(canal.root_side[i])
        close = np.abs(dx) < 2.0
        if not close.any():
            continue
        dt = t[close] - canal.root_depth[i].astype(np.float32)[index[close]]
        hit = np.zeros(s.shape, dtype=bool)
        hit[close] = dx[close] ** 2 + dt**2 < np.float32(radius**2)
        code[hit & sac] = 5
    code[sac & (cord < 1) & (cd > 0.3)] = 4
    full = np.zeros(canvas.tissue.shape, dtype=np.uint8)
    full[inside] = code
    bone = canvas.is_any("cortical_bone", "marrow")
    behind = np.zeros(canvas.tissue.shape, dtype=bool)
    behind[inside] = t >= back
    for number, name in enumerate(names):
        if name:
            canvas.paint((full == number) & ~(bone & behind), name)
    fat = (full == 1) & ~(bone & behind)
    vessels = np.maximum(np.float32(1.0) - np.abs(canvas.fields["small"]) * np.float32(_VESSELS_PER_SD), 0.0)
    canvas.pdff[fat] = (np.float32(_FAT) - np.float32(_FAT_AT_VESSELS) * vessels)[fat]
    _paint_sacral_roof(canvas, spine, canal)


def _paint_sacral_roof(canvas: Canvas, spine: Spine, canal: Canal) -> None:
    """Paint the fused laminae behind the sacral canal, and the roots in its fat."""
    first = float(spine.index("S1")) + 0.25
    sacral = (
        (canvas.position > np.float32(first))
        & (canvas.position < np.float32(len(spine.vertebrae) - 1.3))
        & (np.abs(canvas.side) < 16.0)
        & (canvas.t > 0)
    )
    if not sacral.any():
        return
    index = np.clip((canvas.s * np.float32(1.0 / _TURN_MM)).astype(int), 0, len(canal.front) - 1)
    floor = canal.lamina.astype(np.float32)[index] - np.float32(0.30) * np.maximum(np.abs(canvas.side) - 1.0, 0.0)
    floor = np.maximum(floor, np.float32(6.0))
    crest = np.float32(1.0) - smoothstep(np.abs(canvas.side), 1.5, 6.0)
    phase = np.abs(canvas.position - np.rint(canvas.position))
    tall = np.float32(4.0) + crest * np.float32(7.0) * smoothstep(phase, 0.48, 0.15)
    tall = tall * smoothstep(canvas.position, first + 3.2, first + 1.0) + np.float32(0.5) * canvas.fields["medium"]
    depth = np.minimum(canvas.t - floor, floor + tall - canvas.t)
    bone = sacral & (depth > 0)
    canvas.paint(bone, "cortical_bone")
    canvas.paint(sacral & (depth > 1.0), "marrow", 0.55)
    roots = sacral & (canvas.t < floor) & canvas.is_any("epidural_fat")
    roots &= np.abs(canvas.fields["large"] + np.float32(0.4) * canvas.fields["medium"]) < 0.12
    canvas.paint(roots, "nerve_root")
