"""Behind the bodies: pedicles, laminae, articular, transverse and spinous processes, facet joints, foramina."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, Mask, Window
from vbqkit.anatomy.skeleton import Spine, Vertebra
from vbqkit.anatomy.texture import Plane, smooth_max, smooth_min


class _Rod(NamedTuple):
    """A rod with round ends in the frame of a vertebra: from and to, and its radius, mm."""

    u: tuple[float, float]
    p: tuple[float, float]
    w: tuple[float, float]
    radius: float


# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, within the sizes of
# Panjabi et al., Spine 1992;17:299-306. Frame: u from the midline to the side, p behind the back wall of the body, w
# above its middle.

# Pillars: in half widths of the body, up to this half width; those of L5 stand wider
_PILLAR_U, _PILLAR_WIDEST_MM, _PILLAR_L5_MM = 0.62, 26.0, 3.0
# Articular processes: u from the pillar; the second w beyond the upper or lower rim
_UPPER_FACET = _Rod(u=(0.5, 3.0), p=(8.5, 9.6), w=(5.0, 8.5), radius=4.1)
_LOWER_FACET = _Rod(u=(0.5, 0.5), p=(12.5, 18.2), w=(1.0, -11.5), radius=4.2)
_FACET_GAP_MM, _FACET_CARTILAGE_MM = 1.0, 0.55
# Pedicle: its height as a share of that of the body, half its width and height, where its middle lies and half its
# length
_PEDICLE_W, _PEDICLE_HALF_SIZE_MM, _PEDICLE_P_MM, _PEDICLE_SCALE_MM = 0.17, (4.6, 6.9), (4.0, 8.0), 4.8
_PEDICLE_BLEND_MM, _ARCH_BLEND_MM, _PLATE_BLEND_MM = 2.0, 3.5, 2.0
# Lamina: a sheet that falls backwards and flares to the sides, as wide as this beyond the pillar
_LAMINA_BEYOND_MM, _LAMINA_ROUND_MM = 1.5, 3.0
_LAMINA_P_MM, _LAMINA_FALL, _LAMINA_FLARE, _LAMINA_STEEP = 20.6, 0.27, 0.38, 0.9
_LAMINA_HALF_THICKNESS_MM, _LAMINA_W_MM, _LAMINA_HALF_SIZE_MM, _LAMINA_BLEND_MM = 2.9, 5.5, (3.0, 9.8), 3.0
# Spinous process: half its height by region; its neck relative to its tip, and what is added towards the tip
_SPINOUS_START_MM, _SPINOUS_W_MM, _SPINOUS_OF_SACRUM = 21.0, 6.0, 0.62
_SPINOUS_HALF_HEIGHT_MM = {"L": 10.0, "T": 7.0, "S": 6.5}
_SPINOUS_HALF_THICKNESS_MM, _SPINOUS_TIP_MORE_MM, _SPINOUS_TIP_DROP_MM = 2.5, 1.9, 2.6
_SPINOUS_NECK = (0.70, 0.36)
_SPINOUS_BEYOND_MM, _SPINOUS_ROUND_MM, _SPINOUS_BLEND_MM = 1.5, 5.0, 4.0  # beyond: at both ends, for the rounding
# Transverse process: from beside the pillar to its reach from the midline
_TRANSVERSE = _Rod(u=(2.0, 0.0), p=(8.0, 11.5), w=(3.5, 4.5), radius=4.2)
_TRANSVERSE_REACH_MM = {"L": 38.0, "other": 24.0}
_TRANSVERSE_BLEND_MM = 3.0
# That of a sacralised vertebra: a wing from the pillar to the reach from the midline, and from below the body up; its
# middle sheet falls back below a height
_WING_U_MM, _WING_REACH_MM, _WING_BELOW_MM, _WING_TOP_MM = 2.0, 40.0, 5.0, 8.0
_WING_P_MM, _WING_FALL, _WING_FALLS_BELOW_MM, _WING_HALF_THICKNESS_MM = 8.0, 0.55, 4.0, 5.0
_WING_ROUND_MM, _WING_BLEND_MM = 2.5, 4.0
# Shell and marrow of the arch
_ARCH_WAVE_MM = (0.55, 0.25)  # by medium and small texture
_ARCH_COAT_MM, _ARCH_CORTEX_MM, _ARCH_CORTEX_TEXTURE_MM = 0.6, 0.95, 0.25
_ARCH_FAT_MORE, _ARCH_FAT_TEXTURE, _ARCH_FAT_LIMITS = 0.06, (0.05, 0.03), (0.0, 0.95)
_ARCH_DENSITY, _ARCH_GRAIN, _ARCH_DENSITY_LIMITS = 0.97, 0.06, (0.6, 1.2)
# Foramen with its fat, root, ganglion and vein; their u from the pillar
_FORAMEN = {"p": (-3, 11.0), "u": (8, 27.0), "w": (-33, 18)}
_FORAMEN_WAVE_MM, _FORAMEN_FAT, _FORAMEN_FAT_AT_VESSELS = 1.2, 0.88, 0.42
_VESSEL_TEXTURE, _VESSELS_PER_SD = 0.5, 2.6  # vessels follow the lines where a random field is 0
_NERVE_BLEND_MM, _NERVE_WAVE_MM = 2.0, 0.3
_ROOT = _Rod(u=(-4.0, 12.0), p=(6.5, 4.0), w=(0.0, -15.0), radius=1.9)
_GANGLION = _Rod(u=(0.5, 4.0), p=(5.6, 5.0), w=(-4.5, -7.8), radius=3.1)
_VEIN = _Rod(u=(-3.0, 12.0), p=(3.0, 2.0), w=(-11.0, -13.0), radius=1.1)

# Where to look for each part, to save time: the arch, from below to above the middle of the body and behind its back
# wall (the spinous process lies near the midline only); the pedicle, from the pillar to both sides; lamina and spinous
# process; the facets, from the pillar to both sides; the foramen, from the midline
_ARCH_W_MM, _ARCH_BEHIND_MM, _BESIDE_SPINOUS_BEHIND_MM = (-44.0, 32.0), 60.0, 32.0
_PEDICLE_REACH_MM, _LAMINA_REACH_MM, _SPINOUS_REACH_MM, _SPINOUS_WINDOW_MM = (10.0, 9.0), 6.0, 9.0, 9.5
_FACETS_BEHIND_MM, _FACETS_REACH_MM = 28.0, 12.0
_FORAMEN_BEHIND_MM, _FORAMEN_PLANES_MM = 14.0, (7.0, 30.0)
_FUSED = ("S2", "S3", "S4")  # their arches are painted with the sacral canal

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
    return _PILLAR_U * min(vertebra.half_width_mm, _PILLAR_WIDEST_MM) + (
        _PILLAR_L5_MM if vertebra.name == "L5" else 0.0
    )


def _articular(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> tuple[Plane, Plane]:
    """Signed distances from the superior and from the inferior articular process."""
    uc, h = pillar_u_mm(vertebra), vertebra.height_mm
    f = _UPPER_FACET
    upper = capsule(
        (au, p, w),
        (uc + f.u[0], f.p[0], f.w[0]),
        (uc + f.u[1], f.p[1], h / 2.0 + f.w[1]),
        f.radius,
    )
    if vertebra.sacral:
        return upper, np.full_like(upper, _FAR)
    f = _LOWER_FACET
    lower = capsule(
        (au, p, w),
        (uc + f.u[0], f.p[0], f.w[0]),
        (uc + f.u[1], f.p[1], -h / 2.0 + f.w[1]),
        f.radius,
    )
    return upper, lower


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
    if uc - _PEDICLE_REACH_MM[0] < far < uc + _PEDICLE_REACH_MM[1] and vertebra.name not in _FUSED:
        ring = np.sqrt(
            ((au - np.float32(uc)) * np.float32(1 / _PEDICLE_HALF_SIZE_MM[0])) ** 2
            + ((w - np.float32(_PEDICLE_W * vertebra.height_mm)) * np.float32(1 / _PEDICLE_HALF_SIZE_MM[1])) ** 2
        )
        ends = np.abs(p - np.float32(_PEDICLE_P_MM[0])) - np.float32(_PEDICLE_P_MM[1])
        pedicle = smooth_max((ring - _ONE) * np.float32(_PEDICLE_SCALE_MM), ends, _PEDICLE_BLEND_MM)
        upper, lower = _articular(vertebra, au, p, w)
        distance = smooth_min(smooth_min(pedicle, upper, _ARCH_BLEND_MM), lower, _ARCH_BLEND_MM)
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
        reach = _TRANSVERSE_REACH_MM["L" if vertebra.name.startswith("L") else "other"]
        f = _TRANSVERSE
        transverse = capsule((au, p, w), (uc + f.u[0], f.p[0], f.w[0]), (reach, f.p[1], f.w[1]), f.radius)
        if vertebra.sacralised:
            transverse = smooth_min(transverse, _wing(vertebra, au, p, w), _WING_BLEND_MM)
        distance = smooth_min(distance, transverse, _TRANSVERSE_BLEND_MM)
    return distance


def paint_arch(canvas: Canvas, grid: Grid, vertebra: Vertebra, *, fat: float) -> None:
    """Paint the arch of one vertebra: a thick dark shell around fatty marrow; the sacrum's comes with its canal."""
    if vertebra.name in _FUSED:
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
    coat = (distance < _ARCH_COAT_MM) & (distance >= 0)
    part.paint(coat, "ligament")
    inside = distance < 0
    part.paint(inside, "cortical_bone")
    core = distance < np.float32(-_ARCH_CORTEX_MM) + np.float32(_ARCH_CORTEX_TEXTURE_MM) * fields["small"]
    share = np.clip(
        np.float32(fat + _ARCH_FAT_MORE)
        + np.float32(_ARCH_FAT_TEXTURE[0]) * fields["small"]
        + np.float32(_ARCH_FAT_TEXTURE[1]) * fields["fine"],
        *_ARCH_FAT_LIMITS,
    )
    part.paint(core, "marrow", share)
    part.shade(
        core, np.clip(np.float32(_ARCH_DENSITY) + np.float32(_ARCH_GRAIN) * fields["fine"], *_ARCH_DENSITY_LIMITS)
    )


def paint_facets(canvas: Canvas, grid: Grid, above: Vertebra, below: Vertebra) -> None:
    """Paint the joint between the inferior process of one vertebra and the superior process of the next."""
    window = arch_window(grid, above, behind_mm=_FACETS_BEHIND_MM)
    far = abs(float(canvas.x_mm - above.center_mm[0])) - pillar_u_mm(above)
    if window is None or above.sacral or not abs(far) < _FACETS_REACH_MM:
        return
    part = canvas.part(window)
    y, z = part.y, part.z
    u1, v1, w1 = above.to_local(canvas.x_mm, y, z)
    u2, v2, w2 = below.to_local(canvas.x_mm, y, z)
    lower = _articular(above, np.abs(u1), v1 - np.float32(above.half_depth_mm), w1)[1]
    upper = _articular(below, np.abs(u2), v2 - np.float32(below.half_depth_mm), w2)[0]
    gap: Mask = (np.abs(lower - upper) < _FACET_GAP_MM) & (np.minimum(lower, upper) < _FACET_GAP_MM)
    part.paint(gap & (np.abs(lower - upper) >= _FACET_CARTILAGE_MM), "cortical_bone")
    part.paint(gap & (np.abs(lower - upper) < _FACET_CARTILAGE_MM), "facet_joint")


def paint_foramina(canvas: Canvas, grid: Grid, spine: Spine, index: int) -> None:
    """Paint the fat between the pedicles, with the nerve root and its vessels under the upper pedicle."""
    vertebra = spine.vertebrae[index]
    window = arch_window(grid, vertebra, behind_mm=_FORAMEN_BEHIND_MM)
    far = abs(float(canvas.x_mm - vertebra.center_mm[0]))
    nearest, farthest = _FORAMEN_PLANES_MM
    if window is None or not nearest < far < farthest or vertebra.name in _FUSED:
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(canvas.x_mm, part.y, part.z)
    au, p = np.abs(u), v - np.float32(vertebra.half_depth_mm)
    fields = part.fields
    wavy = np.float32(_FORAMEN_WAVE_MM) * fields["medium"]
    (near, deep), (inner, outer), (low, high) = (_FORAMEN[axis] for axis in ("p", "u", "w"))
    fat = (p > near) & (p < np.float32(deep) + wavy) & (au > inner) & (au < np.float32(outer)) & (w < high) & (w > low)
    part.paint(fat, "epidural_fat")
    line = np.abs(fields["small"] + np.float32(_VESSEL_TEXTURE) * fields["medium"])
    vessels = np.maximum(_ONE - line * np.float32(_VESSELS_PER_SD), 0.0)
    part.pdff[fat] = (np.float32(_FORAMEN_FAT) - np.float32(_FORAMEN_FAT_AT_VESSELS) * vessels)[fat]
    uc = pillar_u_mm(vertebra)
    root, ganglion, vein = (
        capsule((au, p, w), (uc + f.u[0], f.p[0], f.w[0]), (uc + f.u[1], f.p[1], f.w[1]), f.radius)
        for f in (_ROOT, _GANGLION, _VEIN)
    )
    nerve = smooth_min(root, ganglion, _NERVE_BLEND_MM) + np.float32(_NERVE_WAVE_MM) * fields["small"]
    part.paint(fat & (nerve < 0), "nerve_root")
    part.paint(fat & (vein < 0), "basivertebral_vein")
