"""The foramina between the pedicles, and the vessels along the sides of the bodies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.posterior import FUSED, Rod, arch_window, capsule, pedicle_w_mm, pillar_u_mm
from vbqkit.anatomy.skeleton import Spine, Vertebra, body_window
from vbqkit.anatomy.texture import Plane, smooth_min
from vbqkit.anatomy.vertebra import outline_distance

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures. Frame: u from the
# midline to the side, p behind the back wall of the body, w above its middle.

# Foramen with its fat, root, ganglion and vessels; their u from the pillar, and all but the fat below the pedicle
_FORAMEN = {"p": (-3, 13.5), "u": (8, 23.0), "w": (-33, 18)}
_FORAMEN_WAVE_MM, _FORAMEN_FAT, _FORAMEN_FAT_AT_VESSELS = 1.2, 0.92, 0.5
_VESSEL_TEXTURE, _VESSELS_PER_SD = 0.5, 3.4  # strands follow the lines where a random field is 0
_NERVE_BLEND_MM, _NERVE_WAVE_MM = 1.6, 0.3
_ROOT = Rod(u=(-6.0, 10.0), p=(6.8, 4.6), w=(0.2, -12.5), radius=1.8, half_width=1.8)
_GANGLION = Rod(u=(-3.0, 3.0), p=(5.8, 5.4), w=(-3.4, -6.4), radius=1.0, half_width=1.0)
# Radius of the ganglion: it is 3.2 to 6.5 mm wide, most at L5 (16 bodies, Silverstein et al., Int J Spine Surg
# 2015;9:3, doi:10.14444/2003)
_GANGLION_RADIUS_MM: Mapping[str, float] = {"T12": 2.0, "L1": 2.2, "L2": 2.5, "L3": 2.8, "L4": 3.0, "L5": 3.2}
# Veins with slow blood, and arteries and veins whose blood flows; they run out with the root, and waver
_SLOW_VEINS = (
    Rod(u=(-3.0, 10.0), p=(2.2, 1.4), w=(-9.0, -10.5), radius=1.2, half_width=1.2),
    Rod(u=(-3.0, 10.0), p=(2.0, 2.6), w=(-15.5, -16.5), radius=1.1, half_width=1.1),
)
_FLOWING = (
    Rod(u=(-4.0, 10.0), p=(1.6, 0.8), w=(-3.2, -5.0), radius=0.75, half_width=0.75),
    Rod(u=(-4.0, 10.0), p=(6.4, 4.6), w=(-10.6, -12.0), radius=0.9, half_width=0.9),
    Rod(u=(-4.0, 10.0), p=(3.6, 4.4), w=(-13.2, -13.4), radius=0.7, half_width=0.7),
    Rod(u=(-2.0, 10.0), p=(9.4, 8.6), w=(-4.0, -7.5), radius=0.7, half_width=0.7),
)
_VESSELS_WAVER_MM = (1.1, 0.4)  # by large and small texture


# Where to look, to save time: behind the back wall, and from the midline
_FORAMEN_BEHIND_MM, _FORAMEN_PLANES_MM = 14.0, (7.0, 30.0)

# The segmental artery and vein run around the waist of a body, from the great vessels to the foramen: off the wall,
# above its middle, and radius
_ARTERY_MM, _SEGMENTAL_VEIN_MM, _SEGMENTAL_WAVE_MM = (1.7, -0.9, 1.0), (2.0, 1.5, 0.6), 1.2
_SEGMENTAL_FROM_MM, _SEGMENTAL_WALL_MM, _SEGMENTAL_BEYOND_MM = 3.0, 0.5, 1.0
_SEGMENTAL_FALL, _SEGMENTAL_FALL_FROM_MM = 0.35, 2.0  # further off the wall they fall, mm per mm
_SEGMENTAL_AROUND_MM = 6.0  # window around the body
_SEGMENTAL_ARC = 0.014  # they rise to the middle of the body and fall to its front and back, mm per mm2

_ONE = np.float32(1.0)


def paint_foramina(canvas: Canvas, grid: Grid, spine: Spine, index: int) -> None:
    """Paint the fat between the pedicles, with the nerve root and its vessels under the upper pedicle."""
    vertebra = spine.vertebrae[index]
    window = arch_window(grid, vertebra, behind_mm=_FORAMEN_BEHIND_MM)
    far = abs(float(canvas.x_mm - vertebra.center_mm[0]))
    nearest, farthest = _FORAMEN_PLANES_MM
    if window is None or not nearest < far < farthest or vertebra.name in FUSED:
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(canvas.x_mm, part.y, part.z)
    au, p = np.abs(u), v - np.float32(vertebra.half_depth_mm)
    fields = part.fields
    wavy = np.float32(_FORAMEN_WAVE_MM) * fields["medium"]
    (near, deep), (inner, outer), (low, high) = (_FORAMEN[axis] for axis in ("p", "u", "w"))
    fat = (p > near) & (p < np.float32(deep) + wavy) & (au > inner) & (au < np.float32(outer)) & (w < high) & (w > low)
    at = np.nonzero(fat)  # what follows is computed there only
    if not len(at[0]):
        return
    small, medium, large, other = (fields[name][at] for name in ("small", "medium", "large", "warp_z"))
    line = np.abs(small + np.float32(_VESSEL_TEXTURE) * medium)
    strands = np.maximum(_ONE - line * np.float32(_VESSELS_PER_SD), 0.0)
    part.paint_at(at, "epidural_fat", np.float32(_FORAMEN_FAT) - np.float32(_FORAMEN_FAT_AT_VESSELS) * strands)
    roof = np.float32(pedicle_w_mm(vertebra) - vertebra.arch.pedicle_half_height_mm)
    from_pillar, p, below = au[at] - np.float32(pillar_u_mm(vertebra)), p[at], w[at] - roof

    def paint(distance: Plane, name: str) -> None:
        inside = distance < 0
        part.paint_at((at[0][inside], at[1][inside]), name)

    far_waves, near_waves = (np.float32(mm) for mm in _VESSELS_WAVER_MM)
    wavering = (from_pillar, p + far_waves * large + near_waves * small, below + far_waves * other)
    for name, rods in (("basivertebral_vein", _SLOW_VEINS), ("vessel_flow_void", _FLOWING)):
        for rod in rods:
            paint(rod_distance(wavering, rod, rod.radius), name)
    size = _GANGLION_RADIUS_MM.get(vertebra.name, _GANGLION_RADIUS_MM["T12"])
    points = (from_pillar, p, below)
    nerve = smooth_min(
        rod_distance(points, _ROOT, _ROOT.radius), rod_distance(points, _GANGLION, size), _NERVE_BLEND_MM
    )
    paint(nerve + np.float32(_NERVE_WAVE_MM) * small, "nerve_root")


def rod_distance(points: tuple[Plane, Plane, Plane], rod: Rod, radius_mm: float) -> Plane:
    """Signed distance from a rod whose u, p and w are those of the points."""
    (u0, u1), (p0, p1), (w0, w1) = rod.u, rod.p, rod.w
    return capsule(points, (u0, p0, w0), (u1, p1, w1), radius_mm)


def paint_segmental_vessels(canvas: Canvas, grid: Grid, vertebra: Vertebra) -> None:
    """Paint the artery and the vein that run around the waist of a body."""
    window = body_window(grid, vertebra, extra_mm=_SEGMENTAL_AROUND_MM)
    far = abs(float(canvas.x_mm - vertebra.center_mm[0]))
    if (
        window is None
        or vertebra.sacral
        or not _SEGMENTAL_FROM_MM < far < vertebra.half_width_mm + _SEGMENTAL_BEYOND_MM
    ):
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
    off = outline_distance(vertebra, u, v, w)
    lie = w + np.float32(_SEGMENTAL_FALL) * np.maximum(off - np.float32(_SEGMENTAL_FALL_FROM_MM), 0.0)
    lie = lie + np.float32(_SEGMENTAL_ARC) * v * v + np.float32(_SEGMENTAL_WAVE_MM) * part.fields["medium"]
    free = part.is_any("visceral_fat", "muscle", "ligament", "epidural_fat") & (v < vertebra.half_depth_mm)
    # beyond the side of the body they leave its wall behind
    off = np.minimum(
        off, np.maximum(off - np.float32(max(0.0, far - vertebra.half_width_mm)), np.float32(_ARTERY_MM[0]))
    )
    for tissue, (away, above, radius) in (("vessel_flow_void", _ARTERY_MM), ("basivertebral_vein", _SEGMENTAL_VEIN_MM)):
        tube: Plane = np.hypot(off - np.float32(away), lie - np.float32(above)) - np.float32(radius)
        part.paint(free & (tube < _SEGMENTAL_WALL_MM), "ligament")
        part.paint(free & (tube < 0), tissue)
