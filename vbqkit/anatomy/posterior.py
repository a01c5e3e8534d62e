"""Behind the bodies: pedicles, laminae, articular, transverse and spinous processes; and the ribs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, Mask, Window, window_of
from vbqkit.anatomy.skeleton import Vertebra
from vbqkit.anatomy.texture import Plane, smooth_max, smooth_min, unwoven, white


class Rod(NamedTuple):
    """A rod with round ends in the frame of a vertebra: from and to, its radius, and its half width; mm.

    The half width is that from side to side; `radius` is that of the other two directions.
    """

    u: tuple[float, float]
    p: tuple[float, float]
    w: tuple[float, float]
    radius: float
    half_width: float


# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. Model assumptions, chosen on the pictures, unless
# a source is named. Frame: u from the midline to the side, p behind the back wall of the body, w
# above its middle.

# Articular processes and the isthmus between them: u from the middle of the pedicle; the second w of a process beyond
# the upper or lower rim
_UPPER_FACET = Rod(u=(0.0, 0.5), p=(10.1, 12.2), w=(4.0, 8.5), radius=3.7, half_width=5.2)
_LOWER_FACET = Rod(u=(-2.5, -3.0), p=(16.1, 20.0), w=(-6.0, -10.5), radius=4.0, half_width=5.6)
_ISTHMUS = Rod(u=(-0.5, -2.5), p=(12.1, 17.1), w=(4.0, -9.0), radius=3.9, half_width=5.0)
# Pedicle: its height as a share of that of the body, where its middle lies and half its length
_PEDICLE_W, _PEDICLE_P_MM = 0.19, (3.8, 8.8)
_PEDICLE_FLARE, _PEDICLE_NARROWEST_MM = 0.022, 4.0  # it widens to both ends: share per mm, from its narrowest place
_PEDICLE_TURNS_TO_MM = 1.0  # it turns outwards up to so far behind its narrowest place, and then runs into the arch
# Aside of its middle it ends where the side wall of the body falls back, mm per mm2
_PEDICLE_FALLS_BACK = 0.09
_PEDICLE_BLEND_MM, _ARCH_BLEND_MM, _PLATE_BLEND_MM = 2.0, 3.5, 2.0
# Lamina: a sheet that falls backwards and flares to the sides, as wide as this beyond the middle of the pedicle. The
# thickest of a spine are 5.0 mm, and none is taller than the 25.1 mm of T11 (Xu et al., Spine 1999;24:107-113,
# doi:10.1097/00007632-199901150-00002); the rest is a model assumption
_LAMINA_BEYOND_MM, _LAMINA_ROUND_MM = -1.0, 3.0
_LAMINA_P_MM, _LAMINA_FALL, _LAMINA_FLARE, _LAMINA_STEEP = 21.8, 0.27, 0.20, 0.9
_LAMINA_HALF_THICKNESS_MM, _LAMINA_W_MM, _LAMINA_HALF_SIZE_MM, _LAMINA_BLEND_MM = 2.5, 5.5, (3.0, 9.8), 3.0
# Spinous process: half its height by region; its neck relative to its tip, and what is added towards the tip
_SPINOUS_START_MM, _SPINOUS_W_MM, _SPINOUS_OF_SACRUM = 21.0, 6.0, 0.62
_SPINOUS_HALF_HEIGHT_MM = {"L": 8.6, "T": 6.0, "S": 6.0}
_SPINOUS_HALF_THICKNESS_MM, _SPINOUS_TIP_MORE_MM, _SPINOUS_TIP_DROP_MM = 2.5, 1.9, 2.6
_SPINOUS_NECK = (0.70, 0.36)
_SPINOUS_BEYOND_MM, _SPINOUS_ROUND_MM, _SPINOUS_BLEND_MM = 1.5, 5.8, 4.0  # beyond: at both ends, for the rounding
# Transverse process: from within the outer wall of the pedicle to its reach from the midline; its rod is scaled across
_TRANSVERSE = Rod(u=(-2.0, 0.0), p=(9.0, 12.0), w=(3.5, 4.5), radius=3.6, half_width=3.6)
_TRANSVERSE_HEIGHT = 0.72  # distances up and down count this much: it is taller than thick
_TRANSVERSE_BLEND_MM = 3.0
# That of a sacralised vertebra: a wing from the pillar to the reach from the midline, and from below the body up; its
# middle sheet falls back below a height
_WING_U_MM, _WING_REACH_MM, _WING_BELOW_MM, _WING_TOP_MM = 2.0, 40.0, 5.0, 8.0
_WING_P_MM, _WING_FALL, _WING_FALLS_BELOW_MM, _WING_HALF_THICKNESS_MM = 8.0, 0.55, 4.0, 5.0
_WING_ROUND_MM, _WING_BLEND_MM = 2.5, 4.0
# Shell and marrow of the arch. Cortex of the pedicle of L3 in sections of 20 adults: above 1.3, below 1.6, medially 0.8
# and laterally 0.6 mm in men, 1.1, 1.3, 0.9 and 0.6 mm in women ("Importance of microstructure of lumbar pedicle in
# screw placement", North West India): 0.97 mm on average, counted by the lengths of the walls. That of the lamina is
# thicker (Odeh et al., Global Spine J 2021;11:34-43, doi:10.1177/2192568219889361), by how much we could not find, and
# for the processes, most of what is painted, we found no number: one thickness is taken for all, 0.10 mm thinner than
# the pedicle's. Model assumption, with which areal density stays within its norms (tests/scanner/test_bone_norms.py)
_ARCH_WAVE_MM = (0.55, 0.25)  # by medium and small texture
_ARCH_CORTEX_MM, _ARCH_CORTEX_TEXTURE_MM = 0.87, (0.25, 0.30)  # by small and medium texture
# On its inner side compact bone thins out into trabeculae over this distance: pixels of both, as many of the one as of
# the other, so that the mean thickness stays. Chosen by eye
_ARCH_CORTEX_FADES_MM, _ARCH_CORTEX_LEAST_MM = 1.3, 0.2
_ARCH_COAT_MM, _ARCH_COAT_SD = 0.4, 0.3  # ligament on it, where medium texture is above this
_ARCH_FAT_MORE, _ARCH_FAT_TEXTURE, _ARCH_FAT_LIMITS = 0.06, (0.05, 0.03), (0.0, 0.95)
_ARCH_DENSITY, _ARCH_GRAIN, _ARCH_DENSITY_LIMITS = 0.97, 0.06, (0.6, 1.2)
# Where to look for each part, to save time: the arch, from below to above the middle of the body and behind its back
# wall (the spinous process lies near the midline only); beyond the half width of the pedicle; lamina and spinous
# process
_ARCH_W_MM, _ARCH_BEHIND_MM, _BESIDE_SPINOUS_BEHIND_MM = (-44.0, 32.0), 60.0, 32.0
_PILLAR_REACH_MM, _LAMINA_REACH_MM, _SPINOUS_REACH_MM, _SPINOUS_WINDOW_MM = 4.0, 4.0, 9.0, 9.5
# Ribs: head beside the back of the body, neck in front of the transverse process, from the side wall and the rim
_RIB = Rod(u=(-2.0, 34.0), p=(-3.0, 16.0), w=(-3.0, -16.0), radius=4.0, half_width=4.0)
_RIB_HEIGHT, _RIB_CORTEX_MM, _RIB_BEHIND_MM = 0.75, 0.9, 26.0  # distances up and down count this much
FUSED = ("S2", "S3", "S4", "S5", "Co1")  # their arches are painted with the sacral canal

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_FAR = np.float32(50.0)


def arch_window(
    grid: Grid, vertebra: Vertebra, *, ahead_mm: float = 4.0, behind_mm: float = _ARCH_BEHIND_MM
) -> Window | None:
    """Rows and columns that the vertebral arch and its processes cover."""
    (vy, vz), (wy, wz) = vertebra.axes[1:, 1].tolist(), vertebra.axes[1:, 2].tolist()
    _, y0, z0 = vertebra.center_mm.tolist()
    reach = [(vertebra.half_depth_mm + p, w) for p in (-ahead_mm, behind_mm) for w in _ARCH_W_MM]
    y, z = [y0 + vy * v + wy * w for v, w in reach], [z0 + vz * v + wz * w for v, w in reach]
    return grid.window(min(y), max(y), min(z), max(z))


def capsule(points: tuple[Plane, ...], start: tuple[float, ...], end: tuple[float, ...], radius_mm: float) -> Plane:
    """Signed distance from a rod with round ends, in as many dimensions as are given."""
    axis = np.array(end) - np.array(start)
    scale = np.float32(1.0 / float(axis @ axis))
    along = sum((p - np.float32(a)) * np.float32(k) for p, a, k in zip(points, start, axis, strict=True))
    h = np.clip(np.asarray(along, dtype=np.float32) * scale, 0.0, 1.0)
    squares = sum((p - np.float32(a) - h * np.float32(k)) ** 2 for p, a, k in zip(points, start, axis, strict=True))
    distance: Plane = np.sqrt(np.asarray(squares, dtype=np.float32)) - np.float32(radius_mm)
    return distance


def _plate(p: Plane, w: Plane, thick: Plane, *, half_p: float, half_w: float, round_mm: float) -> Plane:
    """Signed distance from a plate with rounded corners; `thick`: distance from its middle sheet less half of it."""
    a, b = np.abs(p) - np.float32(half_p - round_mm), np.abs(w) - np.float32(half_w - round_mm)
    outside = np.sqrt(np.maximum(a, _ZERO) ** 2 + np.maximum(b, _ZERO) ** 2)
    flat = outside + np.minimum(np.maximum(a, b), _ZERO) - np.float32(round_mm)
    return smooth_max(flat, thick, _PLATE_BLEND_MM)


def pillar_u_mm(vertebra: Vertebra) -> float:
    """Distance of the pedicles and articular pillars from the midline."""
    return vertebra.arch.pedicle_u_mm


def pedicle_w_mm(vertebra: Vertebra) -> float:
    """Height of the middle of the pedicles above that of the body."""
    return _PEDICLE_W * vertebra.height_mm


def _blade(points: tuple[Plane, Plane, Plane], rod: Rod, start_w: float, end_w: float, u_mm: float) -> Plane:
    """Signed distance from a rod that is as wide as it says from side to side."""
    au, p, w = points
    flat = rod.radius / rod.half_width
    return capsule(
        (au * np.float32(flat), p, w),
        ((u_mm + rod.u[0]) * flat, rod.p[0], start_w),
        ((u_mm + rod.u[1]) * flat, rod.p[1], end_w),
        rod.radius,
    )


def superior_process(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> Plane:
    """Signed distance from the superior articular process."""
    end = vertebra.height_mm / 2.0 + _UPPER_FACET.w[1]
    return _blade((au, p, w), _UPPER_FACET, _UPPER_FACET.w[0], end, pillar_u_mm(vertebra))


def inferior_process(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> Plane:
    """Signed distance from the inferior articular process, which sacral vertebrae lack."""
    end = -vertebra.height_mm / 2.0 + _LOWER_FACET.w[1]
    return _blade((au, p, w), _LOWER_FACET, _LOWER_FACET.w[0], end, pillar_u_mm(vertebra))


def _pillar(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> Plane:
    """Signed distance from pedicle, isthmus and both articular processes as one bone."""
    uc, size = pillar_u_mm(vertebra), vertebra.arch
    least = min(size.pedicle_half_width_mm, size.pedicle_half_height_mm)
    wider = _ONE + np.float32(_PEDICLE_FLARE) * np.abs(p - np.float32(_PEDICLE_NARROWEST_MM))
    off = au - np.float32(uc)
    off = off - np.float32(size.pedicle_turn) * np.minimum(
        p - np.float32(_PEDICLE_NARROWEST_MM), np.float32(_PEDICLE_TURNS_TO_MM)
    )
    ring = np.sqrt(
        (off * np.float32(1 / size.pedicle_half_width_mm)) ** 2
        + ((w - np.float32(pedicle_w_mm(vertebra))) * np.float32(1 / size.pedicle_half_height_mm)) ** 2
    )
    ends = np.abs(p - np.float32(_PEDICLE_P_MM[0])) - np.float32(_PEDICLE_P_MM[1])
    outside = np.maximum(au - np.float32(uc), _ZERO)
    front = np.float32(_PEDICLE_P_MM[0] - _PEDICLE_P_MM[1]) + np.float32(_PEDICLE_FALLS_BACK) * outside * outside
    ends = np.maximum(ends, front - p)
    pedicle = smooth_max((ring - wider) * np.float32(least), ends, _PEDICLE_BLEND_MM)
    distance = smooth_min(pedicle, superior_process(vertebra, au, p, w), _ARCH_BLEND_MM)
    if vertebra.sacral:
        return distance
    isthmus = _blade((au, p, w), _ISTHMUS, *_ISTHMUS.w, uc)
    distance = smooth_min(distance, isthmus, _ARCH_BLEND_MM)
    return smooth_min(distance, inferior_process(vertebra, au, p, w), _ARCH_BLEND_MM)


def _wing(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> Plane:
    """Signed distance from the broad transverse process of a sacralised vertebra, which joins the wing of the sacrum.

    It is taller than 19 mm, Castellvi's limit (Castellvi et al., Spine 1984;9:493-495).
    """
    uc, low = pillar_u_mm(vertebra), -vertebra.height_mm / 2.0 - _WING_BELOW_MM
    fall = np.float32(_WING_FALL) * np.minimum(w - np.float32(_WING_FALLS_BELOW_MM), _ZERO)
    return _plate(
        np.maximum(np.float32(uc + _WING_U_MM) - au, _ZERO) + np.maximum(au - np.float32(_WING_REACH_MM), _ZERO),
        w - np.float32((low + _WING_TOP_MM) / 2.0),
        np.abs(p - np.float32(_WING_P_MM) - fall) - np.float32(_WING_HALF_THICKNESS_MM),
        half_p=_WING_ROUND_MM,
        half_w=(_WING_TOP_MM - low) / 2.0,
        round_mm=_WING_ROUND_MM,
    )


def arch_distance(vertebra: Vertebra, u: Plane, v: Plane, w: Plane, x_side: float) -> Plane:
    """Signed distance from the arch and its processes, mm, negative inside.

    Parameters
    ----------
    vertebra : Vertebra
        Whose arch.
    u, v, w : ndarray
        Points in its frame.
    x_side : float
        Distance of the plane from the middle of this vertebra: parts that cannot reach it are skipped.
    """
    au, p = np.abs(u), v - np.float32(vertebra.half_depth_mm)
    uc, far = pillar_u_mm(vertebra), abs(x_side)
    distance = np.full_like(p, _FAR)
    reach = max(vertebra.arch.pedicle_half_width_mm, _LOWER_FACET.half_width) + _PILLAR_REACH_MM
    if abs(far - uc) < reach and vertebra.name not in FUSED:
        distance = _pillar(vertebra, au, p, w)
    if far < uc + _LAMINA_REACH_MM:
        sheet = p - np.float32(_LAMINA_P_MM) + np.float32(_LAMINA_FALL) * w + np.float32(_LAMINA_FLARE) * au
        sheet = sheet * np.float32(_LAMINA_STEEP)
        wide = np.maximum(au - np.float32(uc + _LAMINA_BEYOND_MM), _ZERO)
        lamina = _plate(
            wide,
            w + np.float32(_LAMINA_W_MM),
            np.abs(sheet) - np.float32(_LAMINA_HALF_THICKNESS_MM),
            half_p=_LAMINA_HALF_SIZE_MM[0],
            half_w=_LAMINA_HALF_SIZE_MM[1],
            round_mm=_LAMINA_ROUND_MM,
        )
        distance = smooth_min(distance, lamina, _LAMINA_BLEND_MM)
    if far < _SPINOUS_REACH_MM:
        length = vertebra.spinous_length_mm * (_SPINOUS_OF_SACRUM if vertebra.sacral else 1.0)
        half_w = _SPINOUS_HALF_HEIGHT_MM[vertebra.name[0]]
        along = p - np.float32(_SPINOUS_START_MM + length / 2.0)
        behind = p - np.float32(_SPINOUS_START_MM)
        fall = w + np.float32(_SPINOUS_W_MM) + np.float32(vertebra.spinous_slope) * behind
        tip = np.clip(behind / np.float32(length), 0.0, 1.0)
        thick = np.abs(u - np.float32(vertebra.spinous_shift_mm) * tip) - np.float32(_SPINOUS_HALF_THICKNESS_MM)
        thick = thick - np.float32(_SPINOUS_TIP_MORE_MM) * tip * tip
        neck = np.float32(_SPINOUS_NECK[0]) + np.float32(_SPINOUS_NECK[1]) * tip
        fall = (fall + np.float32(_SPINOUS_TIP_DROP_MM) * tip * tip) / neck
        half_p = length / 2.0 + _SPINOUS_BEYOND_MM
        spinous = _plate(along, fall, thick, half_p=half_p, half_w=half_w, round_mm=_SPINOUS_ROUND_MM)
        distance = smooth_min(distance, spinous, _SPINOUS_BLEND_MM)
    if far > uc and not vertebra.sacral:
        f, outer = _TRANSVERSE, uc + vertebra.arch.pedicle_half_width_mm
        tall = np.float32(_TRANSVERSE_HEIGHT)
        transverse = capsule(
            (au, p, w * tall),
            (outer + f.u[0], f.p[0], f.w[0] * _TRANSVERSE_HEIGHT),
            (
                max(vertebra.arch.transverse_reach_mm, outer),
                f.p[1],
                (f.w[1] + vertebra.arch.transverse_up_mm) * _TRANSVERSE_HEIGHT,
            ),
            f.radius * vertebra.arch.transverse_size,
        )
        if vertebra.sacralised:
            transverse = smooth_min(transverse, _wing(vertebra, au, p, w), _WING_BLEND_MM)
        distance = smooth_min(distance, transverse, _TRANSVERSE_BLEND_MM)
    return distance


def paint_arch(canvas: Canvas, grid: Grid, vertebra: Vertebra, *, fat: float) -> None:
    """Paint the arch of one vertebra: an uneven shell around fatty marrow; the sacrum's comes with its canal."""
    if vertebra.name in FUSED:
        return
    near = abs(float(canvas.x_mm - vertebra.center_mm[0])) < _SPINOUS_WINDOW_MM
    window = arch_window(grid, vertebra, behind_mm=_ARCH_BEHIND_MM if near else _BESIDE_SPINOUS_BEHIND_MM)
    if window is None:
        return
    part = canvas.part(window)
    y, z = part.y, part.z
    u, v, w = vertebra.to_local(canvas.x_mm, y, z)
    distance = arch_distance(vertebra, u, v, w, float(canvas.x_mm - vertebra.center_mm[0]))
    fields = part.fields
    distance = (
        distance + np.float32(_ARCH_WAVE_MM[0]) * fields["medium"] + np.float32(_ARCH_WAVE_MM[1]) * fields["small"]
    )
    near_bone = distance < _ARCH_COAT_MM
    if not near_bone.any():
        return
    window = window_of(near_bone)
    part, distance = part.part(window), distance[window]
    coat = near_bone[window] & (distance >= 0) & (part.fields["medium"] > _ARCH_COAT_SD)
    part.paint(coat, "ligament")
    inside = distance < 0
    part.paint(inside, "cortical_bone")
    paint_arch_marrow(part, distance < -arch_cortex_mm(part), fat=fat)


def arch_cortex_mm(part: Canvas) -> Plane:
    """Thickness of the cortex of arches: uneven, from pixel to pixel too, for a soft inner edge."""
    short, long = (np.float32(wave) for wave in _ARCH_CORTEX_TEXTURE_MM)
    thick = np.float32(_ARCH_CORTEX_MM) + short * part.fields["small"] + long * part.fields["medium"]
    thrown = unwoven(part.fields["dice"], white(part.fields["fine"]))
    thick = thick + np.float32(_ARCH_CORTEX_FADES_MM) * (thrown - np.float32(0.5))
    cortex: Plane = np.maximum(thick, np.float32(_ARCH_CORTEX_LEAST_MM))
    return cortex


def paint_arch_marrow(part: Canvas, where: Mask, *, fat: float) -> None:
    """Paint marrow of an arch, which holds a little more fat than that of the body."""
    fields = part.fields
    share = np.clip(
        np.float32(fat + _ARCH_FAT_MORE)
        + np.float32(_ARCH_FAT_TEXTURE[0]) * fields["small"]
        + np.float32(_ARCH_FAT_TEXTURE[1]) * fields["fine"],
        *_ARCH_FAT_LIMITS,
    )
    part.paint(where, "marrow", share)
    part.shade(
        where, np.clip(np.float32(_ARCH_DENSITY) + np.float32(_ARCH_GRAIN) * fields["fine"], *_ARCH_DENSITY_LIMITS)
    )


def paint_rib(canvas: Canvas, grid: Grid, vertebra: Vertebra, *, fat: float) -> None:
    """Paint head and neck of the ribs of a thoracic vertebra."""
    window = arch_window(grid, vertebra, ahead_mm=_RIB_BEHIND_MM, behind_mm=_RIB_BEHIND_MM)
    far = abs(float(canvas.x_mm - vertebra.center_mm[0]))
    start = vertebra.half_width_mm + _RIB.u[0]
    if window is None or not vertebra.name.startswith("T") or far < start - 2.0 * _RIB.radius:
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(canvas.x_mm, part.y, part.z)
    tall, rim = np.float32(_RIB_HEIGHT), vertebra.height_mm / 2.0
    distance = capsule(
        (np.abs(u), v - np.float32(vertebra.half_depth_mm), w * tall),
        (start, _RIB.p[0], (rim + _RIB.w[0]) * _RIB_HEIGHT),
        (start + _RIB.u[1], _RIB.p[1], (rim + _RIB.w[1]) * _RIB_HEIGHT),
        _RIB.radius,
    )
    distance = distance + np.float32(_ARCH_WAVE_MM[1]) * part.fields["medium"]
    part.paint(distance < 0, "cortical_bone")
    part.paint(distance < -_RIB_CORTEX_MM, "marrow", fat)
