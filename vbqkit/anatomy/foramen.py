"""The foramina between the pedicles, and the vessels along the sides of the bodies."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.posterior import FUSED, Rod, arch_window, capsule, pillar_u_mm
from vbqkit.anatomy.skeleton import Spine, Vertebra, body_window
from vbqkit.anatomy.texture import Plane, smooth_min
from vbqkit.anatomy.vertebra import outline_distance

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures. Frame: u from the
# midline to the side, p behind the back wall of the body, w above its middle.

# Foramen with its fat, root, ganglion and vein; their u from the pillar
_FORAMEN = {"p": (-3, 11.0), "u": (8, 23.0), "w": (-33, 18)}
_FORAMEN_WAVE_MM, _FORAMEN_FAT, _FORAMEN_FAT_AT_VESSELS = 1.2, 0.88, 0.42
_VESSEL_TEXTURE, _VESSELS_PER_SD = 0.5, 2.6  # vessels follow the lines where a random field is 0
_NERVE_BLEND_MM, _NERVE_WAVE_MM = 2.0, 0.3
_ROOT = Rod(u=(-5.0, 10.0), p=(6.5, 4.0), w=(0.0, -15.0), radius=1.9, half_width=1.9)
_GANGLION = Rod(u=(-1.5, 3.0), p=(5.8, 5.2), w=(-5.5, -8.6), radius=3.1, half_width=3.1)
_VEIN = Rod(u=(-3.0, 10.0), p=(2.6, 2.0), w=(-12.0, -13.0), radius=1.2, half_width=1.2)


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
