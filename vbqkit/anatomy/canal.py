"""The vertebral canal: dural sac with CSF, cord, conus and cauda equina, epidural fat, and the ligaments around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canal_shape import CanalShape, bump
from vbqkit.anatomy.canvas import Canvas, Mask
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, smoothstep, smoothstep_f64

Array = npt.NDArray[np.float64]

TURN_MM = 0.5  # the tables below are looked up every half millimetre along the canal

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
# Where the pad is deepest, and how far it reaches up and down, in vertebrae below the middle of a body; its shape: 1: a
# parabola, more: blunter; what is left of it between two pads
_FAT_AT, _FAT_REACH, _FAT_ROUND, _FAT_BETWEEN = 0.50, (0.42, 0.34), 1.7, 0.02
_DURA_MM = 0.5

# Cord and roots. The cord ends between the middle of L1 and the upper L2 (Saifuddin et al., Spine 1998;23:1452-1456)
_CONUS_BELOW_L1, _CONUS_SD, _CONUS_LIMITS = 0.30, 0.22, (-0.3, 0.75)  # in vertebrae
_CONUS_TAPER_MM, _CONUS_POINT = 34.0, 0.62
_CORD_HALF_DEPTH_MM, _CORD_HALF_WIDTH_MM = 3.7, 4.6
# Of the lumbar cord: a share; place below T12 and half length, in vertebrae
_SWELLING, _SWELLING_AT, _SWELLING_REACH = 0.12, -0.1, 1.4
_CORD_FORWARD_MM, _CORD_SINKS_MM, _CORD_SINKS_OVER_MM = 0.4, 1.2, 55.0
_CORD_WAVE_MM, _CORD_WAVE_RAD, _CORD_WAVE_START_RAD = 0.4, 1.3, (0.0, 6.0)  # a sine; its phase per vertebra; its start

# Roots leave the cord, sink to the back of the sac (the patient is supine), and turn out and forward to their exits.
# Together they fill this share of the sac at L3 (model assumption: 20 to 35 % on axial pictures; the radius of a root
# follows, and lies then near that of dissected roots: Hogan, Anesthesiology 1996;85:37-42). More roots lie on each
# other than find room: the radius is larger by a factor.
_ROOTS_PER_SIDE = 15
_ROOTS_FILL, _ROOTS_FILL_SD, _ROOTS_FILL_LIMITS, _ROOTS_FILL_LEVEL, _ROOTS_OVERLAP = (
    0.27,
    0.04,
    (0.20, 0.35),
    "L3",
    1.15,
)
_ROOT_RADIUS_SD, _ROOT_RADIUS_LIMITS_MM = 0.18, (0.35, 1.4)  # between the roots of one person: a share
# Height above the tip of the cord where a root leaves it: between these, times a factor that falls by 1 from the first
# root to the last
_START_MM, _START_FIRST, _FILUM_START_MM = (8.0, 62.0), 1.15, 5.0
_BEGIN_MM = (-1.0, 3.2)  # where it leaves the cord, behind the middle of the sac
_SETTLED_MM = 6.0  # below the tip of the cord it has sunk
# Where it lies, as a share of the depth of the sac: at most; less by chance, to a power; less further aside
_SUNK, _SUNK_LESS, _SUNK_POWER, _SUNK_LESS_ASIDE, _SUNK_ASIDE_MM, _OFF_DURA_MM = 0.96, 0.46, 1.7, 0.22, 9.0, 0.8
_REST, _REST_LIMIT_MM = (0.05, 0.8), 8.0  # aside, as a share of the half width of the sac
# It turns this far above its exit, in vertebrae: to the side wall, and to this share of the depth
_TURNS, _EXIT_OFF_WALL_MM, _EXIT_DEPTH, _EXIT_POWER = 1.1, 1.0, 0.42, 0.6
_FIRST_EXIT, _LAST_EXIT, _EXIT_SD, _FILUM_EXIT = (
    ("L2", 0.1),
    ("S2", 0.1),
    0.08,
    ("S2", 0.3),
)  # level, and vertebrae below it
_WANDER_STEP_MM, _WANDER_ASIDE_MM, _WANDER_DEPTH_MM = 24.0, 0.35, 0.12  # how it wavers: over which length, and SDs

# What is painted between the back wall of the bodies and the laminae
_SLOPE_ASIDE = 0.32  # how much nearer laminae and ligament come to the bodies, per mm aside
_BACK_WAVE_MM, _SAC_WAVE_MM = 0.12, 0.15
_LIGAMENT_MM, _LIGAMENT_ASIDE_MM, _LIGAMENT_MIDLINE_MM = 3.4, (0.6, 2.2), 0.5
_LIGAMENT_HALF_WIDTH_MM, _CANAL_HALF_WIDTH_MM, _LONG_LIGAMENT_HALF_WIDTH_MM = 12.5, 12.0, 7
# Where long ligament and venous plexus end: level, and vertebrae below it
_LONG_LIGAMENT_ENDS, _PLEXUS_ENDS = ("L5", -0.2), ("S1", -0.3)
# Reach above and below the middle of a body, in vertebrae
_PLEXUS_GAP_MM, _PLEXUS_REACH, _PLEXUS_HALF_WIDTH_MM = 0.4, 0.27, 8
# Of the reach: the vein lies in the middle and fat around it; over which share each fades, and how much at most
_PLEXUS_VEIN, _PLEXUS_FAT, _PLEXUS_WAVE, _PLEXUS_SMALL = ((0.75, 0.1), 0.5), ((1.0, 0.5), 0.4), 0.12, 0.3
# Strands in the fat beside the front of the sac: their share, and by medium and small texture; how deep, as a share of
# the sac
_STRANDS, _STRANDS_DEPTH, _STRANDS_ASIDE_MM = (0.36, 0.12, 0.2), 0.55, 6.0
_YELLOW_FAT = 0.22  # between the leaves of the yellow ligament, and in voxels at its edge
_DURA_PAINTED_MM, _LEAST_SAC_MM = 0.7, 1.2
_FAT, _FAT_AT_VESSELS, _VESSELS_PER_SD = 0.88, 0.15, 3.0
# Where to look, to save time: the canal lies within this box, and each root within this distance of its course
_BOX_T_MM, _BOX_HALF_WIDTH_MM, _BOX_BELOW_S2_MM, _ROOT_REACH_MM = (-4.0, 34.0), 14.0, 45.0, 2.0
# Where sac and cord end in a point: no half size is taken as less than this; a cord of less than these half depths
# fades
_LEAST_HALF_SAC_MM, _LEAST_HALF_CORD_MM, _CORD_FADES_MM = 0.3, 0.2, (0.5, 2.6)

_PARTS = ("", "epidural_fat", "ligament", "csf", "spinal_cord", "nerve_root", "basivertebral_vein")
_EPIDURAL_FAT, _LIGAMENT, _CSF, _CORD, _ROOT, _VEIN = range(1, len(_PARTS))


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


def make_canal(
    rng: np.random.Generator, spine: Spine, *, findings: Sequence[Finding] = (), sac_volume: float = 1.0
) -> Canal:
    """Draw the canal of one spine: sizes, the level of the conus, and the course of every root.

    A sac of another volume (relative to that of most people) is as long, and wider and deeper by the root of it. The
    canal gives way to a large one; behind a small one there is more fat. Roots and cord keep their size, and so fill
    more of a small sac.
    """
    s = np.arange(0.0, spine.wall_s_mm[-1], TURN_MM)
    level = spine.level_position(s)
    at = spine.index
    depth_scale = 1.0 + _SAC_DEPTH_SD * np.clip(rng.standard_normal(), -_SAC_DEPTH_LIMIT, _SAC_DEPTH_LIMIT)
    knots = [at(name) + below for name, below in _KNOTS]
    depth = np.interp(level, knots, _SAC_DEPTH_MM) * depth_scale
    half_width = np.interp(level, knots, _SAC_HALF_WIDTH_MM)
    front = np.interp(level, knots, _SAC_FRONT_MM)
    # Behind the sac: a pad of fat that widens towards each disc and ends at the next lamina.
    phase = level - np.floor(level)  # 0 in the middle of a body, 0.5 at a disc
    pad = np.maximum(0.0, 1.0 - ((phase - _FAT_AT) / np.where(phase < _FAT_AT, *_FAT_REACH)) ** 2)
    rise = pad * (_FAT_ROUND + (1.0 - _FAT_ROUND) * pad) + _FAT_BETWEEN
    size = np.interp(level, [at(name) for name in _FAT_BEHIND_MM[0]], _FAT_BEHIND_MM[1])
    size = size * (
        1.0
        + _FAT_BEHIND_SD * np.interp(level, np.arange(len(spine.vertebrae)), rng.standard_normal(len(spine.vertebrae)))
    )
    of_most = depth
    depth, half_width = depth * np.sqrt(sac_volume), half_width * np.sqrt(sac_volume)
    back = front + np.maximum(depth, of_most) + _DURA_MM + size * rise + np.interp(level, knots, _FAT_BEHIND_MORE_MM)
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
    cord_center = (
        middle
        - _CORD_FORWARD_MM
        + sinks
        + _CORD_WAVE_MM * np.sin(level * _CORD_WAVE_RAD + rng.uniform(*_CORD_WAVE_START_RAD))
    )
    side, where, radius = _draw_roots(rng, spine, s, level, conus_s, front, depth, half_width, sac_volume)
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


def _draw_roots(
    rng: np.random.Generator,
    spine: Spine,
    s: Array,
    level: Array,
    conus_s: float,
    front: Array,
    depth: Array,
    half_width: Array,
    sac_volume: float,
) -> tuple[Array, Array, Array]:
    """Roots leave the cord, sink to the back of the sac (the patient is supine), and turn out and forward to exit."""
    first, last, end = (spine.index(name) + below for name, below in (_FIRST_EXIT, _LAST_EXIT, _FILUM_EXIT))
    exits = np.linspace(first, last, _ROOTS_PER_SIDE)
    count = 2 * _ROOTS_PER_SIDE + 1
    side, where = np.full((count, len(s)), np.nan), np.full((count, len(s)), np.nan)
    uneven = 1.0 + _ROOT_RADIUS_SD * rng.standard_normal(count)
    share = np.clip(_ROOTS_FILL + _ROOTS_FILL_SD * rng.spawn(1)[0].standard_normal(), *_ROOTS_FILL_LIMITS)
    steps = np.arange(s[0], s[-1] + _WANDER_STEP_MM + 1.0, _WANDER_STEP_MM)
    for i in range(count):
        filum = i == count - 1
        exit_level = end if filum else exits[i // 2] + _EXIT_SD * rng.standard_normal()
        sign = 0.0 if filum else (-1.0, 1.0)[i % 2]
        above = _FILUM_START_MM if filum else rng.uniform(*_START_MM) * (_START_FIRST - (i // 2) / _ROOTS_PER_SIDE)
        start = conus_s - above
        wander = np.interp(s, steps, rng.standard_normal(len(steps)))
        to_go = np.clip((exit_level - level) / _TURNS, 0.0, 1.0)  # 1 far above the exit, 0 at it
        rest = sign * np.clip(half_width * rng.uniform(*_REST), 0.0, _REST_LIMIT_MM)
        out = sign * (half_width - _EXIT_OFF_WALL_MM)
        lateral = rest * to_go + out * (1.0 - to_go) + _WANDER_ASIDE_MM * wander
        shares = _SUNK - _SUNK_LESS * rng.random() ** _SUNK_POWER
        shares = shares - _SUNK_LESS_ASIDE * (np.abs(lateral) / _SUNK_ASIDE_MM) ** 2
        sunk = front + depth * shares - _OFF_DURA_MM
        leaving = front + depth * _EXIT_DEPTH
        settle = smoothstep_f64(s, start, conus_s + _SETTLED_MM)
        begin = front + depth / 2.0 + rng.uniform(*_BEGIN_MM)
        stay = to_go**_EXIT_POWER
        path = begin * (1.0 - settle) + (sunk * stay + leaving * (1.0 - stay)) * settle + _WANDER_DEPTH_MM * wander
        alive = (s > start) & (level < exit_level)
        side[i, alive], where[i, alive] = lateral[alive], path[alive]
    at = int(np.argmin(np.abs(level - spine.index(_ROOTS_FILL_LEVEL))))
    there = max(1, int(np.isfinite(side[:, at]).sum()))
    sac_mm2 = depth[at] * half_width[at] / 2.0 / sac_volume  # over pi, as the squares of the radii; of most people
    radius = np.clip(uneven * np.sqrt(_ROOTS_OVERLAP * share * sac_mm2 / there), *_ROOT_RADIUS_LIMITS_MM)
    return side, where, radius


def _fill_in_front(
    code: npt.NDArray[np.uint8], canvas: Canvas, inside: Mask, spine: Spine, front: Plane, depth: Plane, canal: Mask
) -> None:
    """What lies in front of the sac: veins in fat behind each body, the long ligament, and strands beside it.

    `code` is changed where it lies in the `canal`; arrays hold the points of the plane that are `inside` the box.
    """
    level, t, aside = canvas.position[inside], canvas.t[inside], np.abs(canvas.side[inside])
    small, medium, dice = (canvas.fields[name][inside] for name in ("small", "medium", "dice"))
    ligament_ends, plexus_ends = (
        np.float32(spine.index(name) + below) for name, below in (_LONG_LIGAMENT_ENDS, _PLEXUS_ENDS)
    )
    above = level < ligament_ends
    code[canal & (t < front) & above & (aside < _LONG_LIGAMENT_HALF_WIDTH_MM)] = _LIGAMENT
    phase = np.abs(level - np.rint(level))
    plexus = canal & (t < front - _PLEXUS_GAP_MM) & (phase < _PLEXUS_REACH) & (level < plexus_ends)
    plexus &= aside < _PLEXUS_HALF_WIDTH_MM
    middle = phase[plexus] * np.float32(1.0 / _PLEXUS_REACH) + np.float32(_PLEXUS_WAVE) * medium[plexus]
    vein, fat = (smoothstep(middle, *fade) * np.float32(most) for fade, most in (_PLEXUS_VEIN, _PLEXUS_FAT))
    thrown = dice[plexus] + np.float32(_PLEXUS_SMALL) * small[plexus]
    code[plexus] = np.where(thrown < vein, _VEIN, np.where(thrown < vein + fat, _EPIDURAL_FAT, _LIGAMENT))
    beside = canal & (t < front + depth * np.float32(_STRANDS_DEPTH)) & (aside > _STRANDS_ASIDE_MM) & above
    strands = np.float32(_STRANDS[0]) + np.float32(_STRANDS[1]) * medium + np.float32(_STRANDS[2]) * small
    code[beside & (dice < strands)] = _LIGAMENT


def paint_canal(canvas: Canvas, spine: Spine, canal: Canal) -> None:
    """Paint everything between the back wall of the bodies and the laminae."""
    nearest, farthest = _BOX_T_MM
    inside = (canvas.t > nearest) & (canvas.t < farthest) & (np.abs(canvas.side) < _BOX_HALF_WIDTH_MM)
    inside &= canvas.s < np.float32(spine.level_s_mm[spine.index("S2")] + _BOX_BELOW_S2_MM)
    if not inside.any():
        return
    s, t, side = canvas.s[inside], canvas.t[inside], canvas.side[inside]
    index = np.clip((s * np.float32(1.0 / TURN_MM)).astype(int), 0, len(canal.front) - 1)
    medium = canvas.fields["medium"][inside]
    aside = np.abs(side)

    def table(values: Array) -> Plane:
        looked_up: Plane = values.astype(np.float32)[index]
        return looked_up

    front, depth, half_width = table(canal.front), table(canal.sac_depth), table(canal.sac_half_width)
    back = table(canal.back) - np.float32(_SLOPE_ASIDE) * np.maximum(aside - np.float32(1.0), 0.0)
    back = back + np.float32(_BACK_WAVE_MM) * medium
    code = np.zeros(s.shape, dtype=np.uint8)
    wall = (
        table(canal.lamina)
        - np.float32(_SLOPE_ASIDE) * np.maximum(aside - np.float32(1.0), 0.0)
        + np.float32(_LIGAMENT_MM) * smoothstep(aside, *_LIGAMENT_ASIDE_MM)
        + np.float32(_LIGAMENT_MIDLINE_MM)
    )
    dice = canvas.fields["dice"][inside]
    yellow = (t < wall) & (aside < _LIGAMENT_HALF_WIDTH_MM) & (t >= back)
    code[yellow] = np.where(dice[yellow] < np.float32(_YELLOW_FAT), _EPIDURAL_FAT, _LIGAMENT)
    canal_space = (t < back) & (aside < _CANAL_HALF_WIDTH_MM)
    code[canal_space] = _EPIDURAL_FAT
    _fill_in_front(code, canvas, inside, spine, front, depth, canal_space)
    half_depth, least = depth * np.float32(0.5), np.float32(_LEAST_HALF_SAC_MM)
    radial = np.sqrt(
        (side / np.maximum(half_width, least)) ** 2 + ((t - front - half_depth) / np.maximum(half_depth, least)) ** 2
    )
    reach = (radial - np.float32(1.0)) * np.maximum(half_depth, least) + np.float32(_SAC_WAVE_MM) * medium
    there = depth > _LEAST_SAC_MM
    code[there & (reach < _DURA_PAINTED_MM)] = _LIGAMENT  # dura and the ligament in front of it
    sac = there & (reach < 0)
    code[sac] = _CSF
    cd, cw = table(canal.cord_half_depth), table(canal.cord_half_width)
    least = np.float32(_LEAST_HALF_CORD_MM)
    cord = (side / np.maximum(cw, least)) ** 2 + ((t - table(canal.cord_center)) / np.maximum(cd, least)) ** 2
    for i, radius in enumerate(canal.root_radius):
        dx = side - table(canal.root_side[i])
        close = np.abs(dx) < _ROOT_REACH_MM
        if not close.any():
            continue
        dt = t[close] - canal.root_depth[i].astype(np.float32)[index[close]]
        hit = np.zeros(s.shape, dtype=bool)
        hit[close] = dx[close] ** 2 + dt**2 < np.float32(radius**2)
        code[hit & sac] = _ROOT
    # Towards its tip the cord mixes with the roots around it, pixel by pixel, so that a scanned voxel holds a blend.
    whole = smoothstep(cd, *_CORD_FADES_MM)
    code[sac & (cord < 1) & (dice < whole)] = _CORD
    full = np.zeros(canvas.tissue.shape, dtype=np.uint8)
    full[inside] = code
    bone = canvas.is_any("cortical_bone", "marrow")
    behind = np.zeros(canvas.tissue.shape, dtype=bool)
    behind[inside] = t >= back
    for number, name in enumerate(_PARTS):
        if name:
            canvas.paint((full == number) & ~(bone & behind), name)
    fat = (full == _EPIDURAL_FAT) & ~(bone & behind)
    vessels = np.maximum(np.float32(1.0) - np.abs(canvas.fields["small"]) * np.float32(_VESSELS_PER_SD), 0.0)
    canvas.pdff[fat] = (np.float32(_FAT) - np.float32(_FAT_AT_VESSELS) * vessels)[fat]
