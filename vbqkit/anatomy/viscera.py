"""The organs of belly and pelvis: liver, stomach, bowel with its gas, rectum, bladder, and uterus or prostate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.breathing import BREATH_MM, LESS_FROM, breath_place, moments, smear
from vbqkit.anatomy.canvas import Canvas, Grid, Mask
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body, crest
from vbqkit.anatomy.texture import Plane

Array = npt.NDArray[np.float64]

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All sizes are model assumptions. x runs to the left, z
# up from the middle of L3.

# Small bowel: loops between belly wall and spine; more fat between them, fewer of them
_LOOPS, _LOOPS_LESS, _LOOP_Z_MM, _LOOP_HALF_X_MM = 170, 145, (-140.0, 85.0), 45.0
_LOOP_LENGTH_MM, _LOOP_RADIUS_MM, _LOOP_UP = (18.0, 55.0), (8.5, 14.0), 0.7  # up: share of the length, at most
_LOOP_FRONT_MM, _LOOP_BACK_MM = 14.0, 14.0  # behind the muscles of the wall; in front of the column
_LOOP_DENSITY, _LOOP_FAT, _LOOP_GAS = (0.70, 1.0), (0.0, 0.4), 0.06
# Colon across the belly, and stomach: height, radius, half width; share of its depth from which there is gas
_COLON_Z_MM, _COLON_RADIUS_MM, _COLON_HALF_X_MM, _COLON_BEHIND_MM, _COLON_SAG_MM = (
    (20.0, 60.0),
    (15.0, 21.0),
    60.0,
    20.0,
    12.0,
)
_STOMACH_Z_MM, _STOMACH_RADIUS_MM, _STOMACH_X_MM, _STOMACH_DEPTH = (80.0, 100.0), (20.0, 28.0), (-15.0, 60.0), 0.45
_GAS_FROM = (0.0, 0.8)  # in radii in front of the middle of a loop
_WALL_MM, _STOMACH_WALL_MM, _WALL_FAT, _WAVE_MM = 1.4, 3.0, 0.08, 0.9
_PULP_TEXTURE, _PULP_FAT_TEXTURE = 0.11, 0.08
_DENSITY_LIMITS, _FAT_LIMITS = (0.3, 1.1), (0.0, 0.5)
# Liver: an ellipsoid to the right; middle (x, behind the belly wall, z) and half sizes; its vessels
_LIVER_MM, _LIVER_HALF_MM, _LIVER_SD_MM = (-40.0, 58.0, 140.0), (85.0, 55.0, 75.0), 8.0
_LIVER_VESSEL_WIDTH, _LIVER_GRAIN = 0.05, 0.03
# Pelvis: rectum in front of the sacrum, in vertebrae and mm; bladder behind the belly wall; uterus or prostate between
_RECTUM_FROM, _RECTUM_GAP_MM, _RECTUM_RADIUS_MM, _RECTUM_HALF_WAVE, _RECTUM_GAS = (
    ("S2", 0.2),
    14.0,
    (8.0, 13.0),
    1.1,
    0.5,
)
_BLADDER_MM, _BLADDER_HALF_MM, _BLADDER_TOP_SD_MM, _BLADDER_WALL_MM = (0.0, 42.0, -168.0), (42.0, 28.0, 34.0), 9.0, 3.0
_UTERUS_MM, _UTERUS_HALF_MM, _UTERUS_LINING_MM = (0.0, 88.0, -142.0), (24.0, 34.0, 19.0), 3.0
_PROSTATE_MM, _PROSTATE_HALF_MM = (0.0, 70.0, -205.0), (22.0, 17.0, 18.0)
_RECTUM_REACH_MM = 5.0  # where to look, aside of its radius
_SHRINKS_FROM_AGE, _SHRINKS_PER_YEAR, _SHRINKS_TO = 50.0, 0.015, 0.55  # of the uterus

# Lung: how far below the middle of T12 it reaches, in vertebrae. Kidneys, one on each side: middle in vertebrae below
# L1 (the right one lower), from the midline, and behind the back wall of the bodies; half sizes; how far the lower pole
# stands further out, mm per mm; fat and vessels of the sinus, which opens towards the column, relative to the whole
_LUNG_BELOW, _LUNG_BELOW_SD, _LUNG_BELOW_LIMITS = 0.0, 0.18, (-0.4, 0.3)
_KIDNEY_BELOW, _RIGHT_LOWER, _KIDNEY_BELOW_SD = 0.75, 0.3, 0.25
_KIDNEY_SIDE_MM, _KIDNEY_T_MM, _KIDNEY_SD_MM, _KIDNEY_HALF_MM = 57.0, -14.0, 3.0, (27.0, 23.0, 54.0)
_KIDNEY_OUTWARDS, _KIDNEY_WAVE_MM, _CORTEX_MM, _CORTEX_WAVE_MM = 0.24, 1.0, 7.0, 3.0
_KIDNEY_DRAWN = ("below", "side_mm", "t_mm", "size")
_KIDNEY_SIZE_SD, _KIDNEY_SIZE_LIMITS = 0.06, (0.85, 1.15)
_SINUS_SHIFT, _SINUS_SIZE, _SINUS_WAVE, _SINUS_FAT, _SINUS_VESSELS = 0.6, 0.42, 0.08, 0.8, 0.8

_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Kidney:
    """A kidney beside the column.

    Attributes
    ----------
    sign : float
        -1 on the right, 1 on the left.
    below : float
        Its middle, in vertebrae below the middle of L1.
    side_mm, t_mm : float
        From the midline, and behind the back wall of the bodies.
    size : float
        Relative to most people.
    """

    sign: float
    below: float
    side_mm: float
    t_mm: float
    size: float


@dataclass(frozen=True, slots=True)
class Loop:
    """A piece of bowel: a tube with closed ends. Lengths in mm, LPS.

    Attributes
    ----------
    start, end : tuple of 3 floats
        Ends of its middle line.
    radius, wall : float
        Outer radius, and thickness of the wall.
    density, fat : float
        Relative protons and fat fraction of what it holds.
    gas_from : float
        How far in front of the middle gas begins, in radii; more than 1: none.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float
    wall: float
    density: float
    fat: float
    gas_from: float


@dataclass(frozen=True, slots=True)
class Organ:
    """A solid or hollow organ: an ellipsoid. Lengths in mm, LPS.

    Attributes
    ----------
    name : str
        ``"liver"``, ``"bladder"``, ``"uterus"`` or ``"prostate"``.
    center, half : tuple of 3 floats
        Its middle and half sizes.
    """

    name: str
    center: tuple[float, float, float]
    half: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Viscera:
    """What one person has in belly and pelvis.

    Attributes
    ----------
    loops : tuple of Loop
        Small bowel, colon and stomach, in the order in which they are painted.
    organs : tuple of Organ
        Painted after them.
    rectum_radius, rectum_phase : float
        Radius in mm, and where along it there is gas, 0 to 1.
    kidneys : tuple of Kidney
        Right and left.
    lung_below : float
        How far below the middle of T12 the lung reaches, in vertebrae.
    """

    loops: tuple[Loop, ...]
    organs: tuple[Organ, ...]
    rectum_radius: float
    rectum_phase: float
    kidneys: tuple[Kidney, ...] = ()
    lung_below: float = _LUNG_BELOW


def draw_viscera(rng: np.random.Generator, spine: Spine, body: Body, z_mm: Array, *, age: float, sex: str) -> Viscera:
    """Draw the organs of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    spine, body : Spine, Body
        Between which the organs lie.
    z_mm : ndarray
        Rows of the grid.
    age, sex : float, str
        Of the person.
    """
    up = np.argsort(z_mm)
    more = rng.spawn(1)[0]

    def skin(z: float) -> float:
        return float(np.interp(z, z_mm[up], body.front_y_mm[up])) + body.front_fat_mm

    order = np.argsort(spine.wall_mm[:, 2])
    depth = 2.0 * spine["L3"].half_depth_mm

    def column(z: float) -> float:
        return float(np.interp(z, spine.wall_mm[order, 2], spine.wall_mm[order, 1])) - depth

    loops = []
    for _ in range(max(1, round(_LOOPS - _LOOPS_LESS * body.visceral))):
        z, x = rng.uniform(*_LOOP_Z_MM), rng.uniform(-_LOOP_HALF_X_MM, _LOOP_HALF_X_MM)
        front, back = skin(z) + _LOOP_FRONT_MM, max(column(z) - _LOOP_BACK_MM, skin(z) + _LOOP_FRONT_MM + 1.0)
        middle = np.array([x, rng.uniform(front, back), z])
        way = rng.standard_normal(len(middle)) * np.array([1.0, 1.0, _LOOP_UP])
        half = way / np.linalg.norm(way) * rng.uniform(*_LOOP_LENGTH_MM) / 2.0
        gas = rng.uniform(*_GAS_FROM) if rng.random() < _LOOP_GAS else np.inf
        radius = rng.uniform(*_LOOP_RADIUS_MM)
        loops.append(_loop(middle - half, middle + half, radius, _WALL_MM, rng, gas))
    z, radius = rng.uniform(*_STOMACH_Z_MM), rng.uniform(*_STOMACH_RADIUS_MM)
    y = skin(z) + _STOMACH_DEPTH * (column(z) - skin(z))
    right, left = _STOMACH_X_MM
    ends = np.array([right, y, z - radius]), np.array([left, y, z + radius])
    loops.append(_loop(*ends, radius, _STOMACH_WALL_MM, rng, rng.uniform(*_GAS_FROM)))
    z, radius = rng.uniform(*_COLON_Z_MM), rng.uniform(*_COLON_RADIUS_MM)
    bends = [
        np.array([x, skin(z) + _COLON_BEHIND_MM + radius, z - _COLON_SAG_MM * rng.standard_normal()])
        for x in np.linspace(-_COLON_HALF_X_MM, _COLON_HALF_X_MM, 2 * len(_COLON_Z_MM))
    ]
    gas = rng.uniform(*_GAS_FROM)
    loops += [_loop(a, b, radius, _WALL_MM, rng, gas) for a, b in pairwise(bends)]
    return Viscera(
        loops=tuple(loops),
        organs=_organs(rng, skin, age=age, sex=sex),
        rectum_radius=float(rng.uniform(*_RECTUM_RADIUS_MM)),
        rectum_phase=float(rng.random()),
        kidneys=tuple(_kidney(more, sign) for sign in (-1.0, 1.0)),
        lung_below=float(np.clip(_LUNG_BELOW + _LUNG_BELOW_SD * more.standard_normal(), *_LUNG_BELOW_LIMITS)),
    )


def _kidney(rng: np.random.Generator, sign: float) -> Kidney:
    below, side, t, size = rng.standard_normal(len(_KIDNEY_DRAWN))
    return Kidney(
        sign=sign,
        below=float(_KIDNEY_BELOW + (_RIGHT_LOWER if sign < 0 else 0.0) + _KIDNEY_BELOW_SD * below),
        side_mm=float(_KIDNEY_SIDE_MM + _KIDNEY_SD_MM * side),
        t_mm=float(_KIDNEY_T_MM + _KIDNEY_SD_MM * t),
        size=float(np.clip(1.0 + _KIDNEY_SIZE_SD * size, *_KIDNEY_SIZE_LIMITS)),
    )


def _loop(start: Array, end: Array, radius: float, wall: float, rng: np.random.Generator, gas_from: float) -> Loop:
    a, b = (tuple(float(v) for v in point) for point in (start, end))
    density, fat = float(rng.uniform(*_LOOP_DENSITY)), float(rng.uniform(*_LOOP_FAT))
    return Loop((a[0], a[1], a[2]), (b[0], b[1], b[2]), float(radius), wall, density, fat, float(gas_from))


def _organs(rng: np.random.Generator, skin: Callable[[float], float], *, age: float, sex: str) -> tuple[Organ, ...]:
    def organ(
        name: str, middle: tuple[float, ...], half: tuple[float, ...], *, up_mm: float = 0.0, size: float = 1.0
    ) -> Organ:
        x, behind, z = middle
        return Organ(name, (x, skin(z) + behind, z + up_mm), (half[0] * size, half[1] * size, half[2] * size))

    shrunk = max(_SHRINKS_TO, 1.0 - _SHRINKS_PER_YEAR * max(0.0, age - _SHRINKS_FROM_AGE))
    liver = organ("liver", _LIVER_MM, _LIVER_HALF_MM, up_mm=_LIVER_SD_MM * float(rng.standard_normal()))
    bladder = organ("bladder", _BLADDER_MM, _BLADDER_HALF_MM, up_mm=_BLADDER_TOP_SD_MM * float(rng.standard_normal()))
    if sex == "F":
        return liver, bladder, organ("uterus", _UTERUS_MM, _UTERUS_HALF_MM, size=shrunk)
    return liver, bladder, organ("prostate", _PROSTATE_MM, _PROSTATE_HALF_MM)


def paint_viscera(
    canvas: Canvas, grid: Grid, spine: Spine, viscera: Viscera, cavity: Mask, *, breath_mm: tuple[float, float]
) -> None:
    """Paint the organs within the cavity of the belly.

    Parameters
    ----------
    canvas, grid : Canvas, Grid
        The plane, its rows and columns.
    spine : Spine
        Behind them.
    viscera : Viscera
        What is painted.
    cavity : ndarray of bool
        Where the cavity is.
    breath_mm : tuple of 2 floats
        How far up, and back, breathing had moved the bowel when this plane was seen: a slice averages several planes,
        so its bowel is blurred.
    """
    for loop in viscera.loops:
        _paint_loop(canvas, grid, loop, cavity, breath_mm)
    for organ in viscera.organs:
        _paint_organ(canvas, grid, organ, cavity)
    smear(canvas, cavity, step_mm=grid.step_mm, less_from=float(spine.index(LESS_FROM)))


def _paint_loop(canvas: Canvas, grid: Grid, loop: Loop, cavity: Mask, breath_mm: tuple[float, float]) -> None:
    (x0, y0, z0), (x1, y1, z1), r = loop.start, loop.end, loop.radius
    if not min(x0, x1) - r < canvas.x_mm < max(x0, x1) + r:
        return
    up, back = breath_mm
    window = grid.window(min(y0, y1) - r + back, max(y0, y1) + r + back, min(z0, z1) - r + up, max(z0, z1) + r + up)
    if window is None:
        return
    free = cavity[window]
    if not free.any():
        return
    medium = canvas.fields["medium"][window]
    y = grid.y_mm[window[1]].astype(np.float32)[None, :] - np.float32(back)
    z = grid.z_mm[window[0]].astype(np.float32)[:, None] - np.float32(up)
    distance = _from_line(loop, canvas.x_mm, y, z) - np.float32(r) + np.float32(_WAVE_MM) * medium
    part = canvas.part(window, fields=False)
    part.paint(free & (distance < 0), "muscle", _WALL_FAT)
    content = free & (distance < np.float32(-loop.wall))
    fat = np.float32(loop.fat) + np.float32(_PULP_FAT_TEXTURE) * medium
    part.paint(content, "bowel", np.clip(fat, *_FAT_LIMITS))
    thick = np.float32(loop.density) + np.float32(_PULP_TEXTURE) * medium
    part.shade(content, np.clip(thick, *_DENSITY_LIMITS))
    if loop.gas_from < 1.0:  # it floats: the patient is supine
        level = (y0 + y1) / 2.0 - loop.gas_from * r
        part.paint(content & (y < np.float32(level)), "gas")


def _from_line(loop: Loop, x_mm: float, y: Plane, z: Plane) -> Plane:
    """Distance from the middle line of a loop on one plane, for a row of y and a column of z."""
    axis = np.array(loop.end) - np.array(loop.start)
    ax, ay, az = (np.float32(k) for k in axis)
    dx, dy, dz = np.float32(x_mm - loop.start[0]), y - np.float32(loop.start[1]), z - np.float32(loop.start[2])
    scale = np.float32(1.0 / max(float(axis @ axis), 1.0))
    h = np.clip((ax * dx + ay * dy) * scale + az * scale * dz, 0.0, 1.0)
    distance: Plane = np.sqrt((dx - h * ax) ** 2 + (dy - h * ay) ** 2 + (dz - h * az) ** 2)
    return distance


def _paint_organ(canvas: Canvas, grid: Grid, organ: Organ, cavity: Mask) -> None:
    (x, y, z), (a, b, c) = organ.center, organ.half
    if abs(canvas.x_mm - x) > a:
        return
    window = grid.window(y - b, y + b, z - c, z + c)
    if window is None:
        return
    part, free = canvas.part(window), cavity[window]
    fields = part.fields
    far = np.float32(((canvas.x_mm - x) / a) ** 2)
    rho = np.sqrt(
        far + ((part.y - np.float32(y)) / np.float32(b)) ** 2 + ((part.z - np.float32(z)) / np.float32(c)) ** 2
    )
    distance: Plane = (rho - _ONE) * np.float32(min(b, c)) + np.float32(_WAVE_MM) * fields["large"]
    inside = free & (distance < 0)
    if organ.name == "liver":
        part.paint(inside, "liver")
        part.shade(inside, _ONE + np.float32(_LIVER_GRAIN) * fields["medium"])
        part.paint(
            inside & (crest(fields["large"], _LIVER_VESSEL_WIDTH) > 0) & (fields["streak"] > 0), "vessel_flow_void"
        )
    elif organ.name == "bladder":
        part.paint(inside, "muscle")
        part.paint(inside & (distance < -_BLADDER_WALL_MM), "urine")
    else:
        part.paint(inside, "muscle")
        if organ.name == "uterus":
            lining = np.abs(part.z - np.float32(z)) < np.float32(_UTERUS_LINING_MM / 2.0)
            part.paint(inside & lining & (rho < np.float32(0.5)), "bowel")


def paint_kidneys(canvas: Canvas, spine: Spine, viscera: Viscera) -> None:
    """Paint the kidneys in their fat beside the column: cortex, medulla in pyramids, and the sinus."""
    for kidney in viscera.kidneys:
        wide, deep, long = (kidney.size * half for half in _KIDNEY_HALF_MM)
        if kidney.sign * float(np.median(canvas.side)) < kidney.side_mm - wide - _KIDNEY_OUTWARDS * long:
            continue
        at = float(np.interp(spine.index("L1") + kidney.below, np.arange(len(spine.level_s_mm)), spine.level_s_mm))
        along = (
            canvas.s - np.float32(at) - np.float32(BREATH_MM) * breath_place(moments(canvas)).reshape(canvas.t.shape)
        )
        aside = canvas.side * np.float32(kidney.sign) - np.float32(kidney.side_mm)
        across = (aside - np.float32(_KIDNEY_OUTWARDS) * along) / np.float32(wide)
        back, up = (canvas.t - np.float32(kidney.t_mm)) / np.float32(deep), along / np.float32(long)
        rho = np.sqrt(across * across + back * back + up * up)
        wave = np.float32(_KIDNEY_WAVE_MM) * canvas.fields["large"]
        distance = (rho - _ONE) * np.float32(deep) + wave
        inside = (distance < 0) & canvas.is_any("visceral_fat", "bowel", "gas", "liver")
        inside &= canvas.t < np.float32(kidney.t_mm + deep)
        canvas.paint(inside, "kidney_cortex")
        pyramids = distance < -np.float32(_CORTEX_MM) + np.float32(_CORTEX_WAVE_MM) * canvas.fields["medium"]
        canvas.paint(inside & pyramids, "kidney_medulla")
        shifted = across + np.float32(_SINUS_SHIFT)
        ragged = np.float32(_SINUS_SIZE) + np.float32(_SINUS_WAVE) * canvas.fields["medium"]
        sinus = inside & (np.sqrt(shifted * shifted + back * back + up * up) < ragged)
        canvas.paint(sinus, "visceral_fat", _SINUS_FAT)
        canvas.paint(sinus & (canvas.fields["small"] > _SINUS_VESSELS), "vessel_flow_void")


def paint_rectum(canvas: Canvas, spine: Spine, viscera: Viscera) -> None:
    """Paint the rectum: a tube in front of the sacrum, in its own fat, with some gas."""
    level, below = _RECTUM_FROM
    first, r = float(spine.index(level)) + below, viscera.rectum_radius
    if float(np.abs(canvas.side).min()) > r + _RECTUM_REACH_MM:
        return
    down = canvas.position - np.float32(first)
    off = canvas.t - canvas.front + np.float32(_RECTUM_GAP_MM + r)
    wave = np.float32(_WAVE_MM) * canvas.fields["medium"] + np.float32(_WAVE_MM) * canvas.fields["large"]
    distance = np.hypot(off, canvas.side) - np.float32(r) + wave
    there = (down > 0) & (canvas.tissue != 0) & (canvas.t < 0)
    canvas.paint(there & (distance < 0), "muscle", _WALL_FAT)
    content = there & (distance < -_WALL_MM)
    canvas.paint(content, "bowel")
    turn = (down * np.float32(_RECTUM_HALF_WAVE) - np.float32(viscera.rectum_phase)) / np.float32(_RECTUM_GAS)
    canvas.paint(
        content & (np.hypot(turn, off / np.float32(r)) < _ONE) & (off < 0), "gas"
    )  # it floats, with round ends
