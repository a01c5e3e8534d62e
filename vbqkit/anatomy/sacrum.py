"""Behind and beside the sacral bodies: the roof of the sacral canal, and the sacral foramina with their roots."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canal import TURN_MM, Canal
from vbqkit.anatomy.canvas import Canvas, Mask
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, smoothstep

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures.

# The roof of the sacral canal: fused laminae with a crest behind each body, and roots in the fat in front of it.
# From below S1, and to the hiatus at S4 and S5, in vertebrae
_ROOF_FROM, _ROOF_TO, _ROOF_HALF_WIDTH_MM = 0.25, ("S4", 0.2), 16.0
_ROOF_SLOPE_ASIDE, _ROOF_FLOOR_MM = 0.30, 6.0
# Height; where it has gone, and where it is still whole, in vertebrae below its start
_ROOF_MM, _ROOF_WAVE_MM, _ROOF_FADES = 4.0, 0.5, (3.2, 1.0)
_CREST_MM, _CREST_ASIDE_MM, _CREST_REACH = 7.0, (1.5, 6.0), (0.48, 0.15)  # reach in vertebrae from the middle of a body
_ROOF_CORTEX_MM, _ROOF_FAT = 1.0, 0.55
# Roots: where each leaves the canal; from here above it they turn to the side, to this place; before, the upper ones
# lie further aside, at shares of the depth of the canal; radius, and by how much they waver, by large texture
_ROOT_EXITS, _ROOT_TURNS, _ROOT_OUT_MM = ("S1", "S2", "S3", "S4"), 0.9, 15.0
_ROOT_SIDE_MM, _ROOT_DEPTH, _ROOT_RADIUS_MM, _ROOT_WAVE_MM = (8.5, 6.5, 4.5, 2.5), (0.42, 0.5, 0.58, 0.66), 1.3, 0.7
_ROOT_LEAVES = 0.45  # below the middle of the body of its exit

# Foramina: between two segments, on each side, from front to back; their roots. Positions: t behind the back wall of
# the bodies, side from the midline, along the spine in mm from the disc
_FIRST_FORAMEN, _LAST_FORAMEN, _FORAMEN_FAT, _FORAMEN_CORTEX_MM = "S1", "S4", 0.88, 0.8
_FORAMEN_CORTEX = 0.6  # share of its edge that is cortex: thin, and not even
_FORAMEN_SIDE_MM, _FORAMEN_SIDE_LESS_MM, _FORAMEN_HALF_MM = 19.0, 1.5, (5.0, 5.5)  # less for each segment; aside, along
_FORAMEN_ROOT_HALF_MM, _FORAMEN_ROOT_UP_MM, _FORAMEN_WAVE = 2.6, 1.0, 0.2
_FORAMEN_T_MM = (-45.0, 20.0)
_FORAMEN_MIDDLE, _FORAMEN_REACH = (
    0.62,
    0.50,
)  # from back to front: its middle and half its length, as shares of the depth
# In front of what is left of the discs, and behind, they are fused too: shares of the depth from the back wall, and
# more of it for each segment, over so many; how uneven the edge is, per mm
_FUSED_IN_FRONT, _FUSED_BEHIND, _FUSED_MORE, _FUSED_MORE_OVER, _FUSED_WAVE = 0.8, 0.08, 0.09, 3.0, 0.04
# Beside the rudimentary discs the segments are fused: from the midline, and within the cortex
_FUSED_FROM_MM, _FUSED_WAVE_MM, _FUSED_WITHIN_MM, _FUSED_FAT, _FUSED_ENDS = 13.0, 2.0, 1.8, 0.5, (0.3, -0.4)


def paint_sacral_roof(canvas: Canvas, spine: Spine, canal: Canal) -> None:
    """Paint the fused laminae behind the sacral canal, and the roots in its fat."""
    first = float(spine.index("S1")) + _ROOF_FROM
    sacral = (
        (canvas.position > np.float32(first))
        & (canvas.position < np.float32(spine.index(_ROOF_TO[0]) + _ROOF_TO[1]))
        & (np.abs(canvas.side) < _ROOF_HALF_WIDTH_MM)
        & (canvas.t > 0)
    )
    if not sacral.any():
        return
    index = np.clip((canvas.s * np.float32(1.0 / TURN_MM)).astype(int), 0, len(canal.front) - 1)
    slope = np.float32(_ROOF_SLOPE_ASIDE) * np.maximum(np.abs(canvas.side) - 1.0, 0.0)
    floor = np.maximum(canal.lamina.astype(np.float32)[index] - slope, np.float32(_ROOF_FLOOR_MM))
    crest = np.float32(1.0) - smoothstep(np.abs(canvas.side), *_CREST_ASIDE_MM)
    phase = np.abs(canvas.position - np.rint(canvas.position))
    tall = np.float32(_ROOF_MM) + crest * np.float32(_CREST_MM) * smoothstep(phase, *_CREST_REACH)
    none, whole = (first + below for below in _ROOF_FADES)
    tall = tall * smoothstep(canvas.position, none, whole) + np.float32(_ROOF_WAVE_MM) * canvas.fields["medium"]
    depth = np.minimum(canvas.t - floor, floor + tall - canvas.t)
    bone = sacral & (depth > 0)
    canvas.paint(bone, "cortical_bone")
    canvas.paint(sacral & (depth > _ROOF_CORTEX_MM), "marrow", _ROOF_FAT)
    _paint_roots(canvas, spine, sacral & (canvas.t < floor) & canvas.is_any("epidural_fat"), floor)


def _paint_roots(canvas: Canvas, spine: Spine, fat: Mask, floor: Plane) -> None:
    """Paint the sacral roots, which run down the canal and turn to their foramina."""
    at, aside = canvas.position[fat], np.abs(canvas.side[fat])
    wave = np.float32(_ROOT_WAVE_MM) * canvas.fields["large"][fat]
    share = canvas.t[fat] / floor[fat]
    hit = np.zeros(at.shape, dtype=bool)
    for name, rest, deep in zip(_ROOT_EXITS, _ROOT_SIDE_MM, _ROOT_DEPTH, strict=True):
        leaves = float(spine.index(name)) + _ROOT_LEAVES
        out = smoothstep(at, leaves - _ROOT_TURNS, leaves)
        off = aside - np.float32(rest) - np.float32(_ROOT_OUT_MM - rest) * out + wave
        off_depth = (share - np.float32(deep)) * floor[fat] + wave
        hit |= (off * off + off_depth * off_depth < np.float32(_ROOT_RADIUS_MM**2)) & (at < np.float32(leaves))
    roots = np.zeros(fat.shape, dtype=bool)
    roots[fat] = hit
    canvas.paint(roots, "nerve_root")


def paint_sacral_wings(canvas: Canvas, spine: Spine) -> None:
    """Paint what lies beside the sacral bodies: fused segments, and the foramina between them, with one root each."""
    upper, lower = (float(spine.index(n) + m) for n, m in zip(("S1", "S5"), _FUSED_ENDS, strict=True))
    gap = (canvas.position > upper) & (canvas.position < lower)
    gap &= (canvas.t > canvas.front + np.float32(_FUSED_WITHIN_MM)) & (canvas.t < -_FUSED_WITHIN_MM)
    gap &= canvas.is_any("endplate", "disc_annulus", "disc_degenerate", "cortical_bone")
    wave = np.float32(_FUSED_WAVE_MM) * canvas.fields["medium"][gap]
    here = np.abs(canvas.side[gap]) > np.float32(_FUSED_FROM_MM) + wave
    ahead = canvas.t[gap] / canvas.front[gap] + wave * np.float32(_FUSED_WAVE)  # 0 at the back wall, 1 in front
    more = np.float32(_FUSED_MORE) * np.minimum(canvas.position[gap] - np.float32(upper), np.float32(_FUSED_MORE_OVER))
    here |= (ahead > np.float32(_FUSED_IN_FRONT) - more) | (ahead < np.float32(_FUSED_BEHIND) + more)
    fused = np.zeros(gap.shape, dtype=bool)
    fused[gap] = here
    canvas.paint(fused, "marrow", _FUSED_FAT)
    _paint_foramina(canvas, spine)


def _paint_foramina(canvas: Canvas, spine: Spine) -> None:
    wave = np.float32(_FORAMEN_WAVE) * canvas.fields["medium"]
    bone = canvas.is_any("marrow", "cortical_bone", "endplate", "disc_annulus")
    nearest, farthest = _FORAMEN_T_MM
    bone &= (canvas.t > nearest) & (canvas.t < farthest)
    first, last = spine.index(_FIRST_FORAMEN), spine.index(_LAST_FORAMEN)
    for i in range(first, last):
        between = float(spine.level_s_mm[i] + spine.level_s_mm[i + 1]) / 2.0
        beside = np.abs(canvas.side) - np.float32(_FORAMEN_SIDE_MM - _FORAMEN_SIDE_LESS_MM * (i - first))
        aside, along = _FORAMEN_HALF_MM
        if float(np.abs(beside).min()) > aside:
            continue
        up = canvas.s - np.float32(between)
        ahead = (canvas.t / canvas.front - np.float32(_FORAMEN_MIDDLE)) / np.float32(_FORAMEN_REACH)
        across = np.hypot(beside / np.float32(aside), up / np.float32(along))
        hole = np.hypot(across, ahead) + wave - np.float32(1.0)
        thick = np.float32(_FORAMEN_CORTEX_MM / along)
        canvas.paint(bone & (hole < thick) & (canvas.fields["dice"] < _FORAMEN_CORTEX), "cortical_bone")
        inside = bone & (hole < 0)
        canvas.paint(inside, "epidural_fat", _FORAMEN_FAT)
        canvas.level[bone & (hole < thick)] = 0
        root = np.hypot(beside, up - np.float32(_FORAMEN_ROOT_UP_MM)) < _FORAMEN_ROOT_HALF_MM
        canvas.paint(inside & root, "nerve_root")
