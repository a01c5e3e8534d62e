"""The muscles of the back with their fibres, fat and fascia, and what lies between and behind the spinous processes."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, window_of
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body, crest
from vbqkit.anatomy.texture import Plane, smoothstep

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures.

# Fibres of multifidus run from a spinous process down, forward and aside; further aside those of the erector run
# upright
_SLANT, _SLANT_ASIDE, _SLANT_ASIDE_MM = 0.26, 0.12, (8.0, 28.0)

# The surface of the muscles under the fat of the back
_BULGE_MM, _BULGE_ASIDE_MM, _BULGE_UNDER_SKIN = 5.0, 14.0, 0.4
_FAT_ASIDE, _FASCIA_MM, _FASCIA_WAVE_MM = 0.85, 1.7, 0.8
# The aponeurosis of the erector thickens towards the sacrum: painted thickness at L2 and at S1
_FASCIA_PAINTED_MM, _APONEUROSIS_MM = 0.7, 1.4

# Fat within the muscles
# Stripes; large texture, which gathers them; medium and small, which feather them
_STREAK_MIX = (0.80, 0.66, 0.38, 0.24)
_LOWER_FATTIER, _LOWER_LEVELS = 0.8, ("L2", "S1")
_DEEPER_FATTIER, _DEEPER_MM = 0.7, (46.0, 24.0)
_STREAK_RAMP, _SEAM_WIDTH, _SEAM_FAT = (-0.9, 1.7), 0.16, 0.16
_MUSCLE_TEXTURE, _STREAK_FAT, _STREAKY_FAT_LIMITS = 0.02, 0.85, (0.0, 0.9)
_MUSCLE_GRAIN = (0.05, 0.03)  # by medium and fine texture
# The wedge of fat between multifidus and the arches of L4 to S1: depth at S1, more for people with fatty muscles
_WEDGE_MM, _WEDGE_PER_STREAK_MM, _WEDGE_STREAKS, _WEDGE_LEVELS = 4.0, 9.0, 1.9, ("L3", "S1")
_WEDGE_FROM_MM, _WEDGE_SIDE_MM, _WEDGE_FAT, _WEDGE_WAVE_MM = 21.0, (3.0, 24.0), 0.85, 2.5
_WEDGE_SLOPE = 0.25  # the arches fall off aside, mm per mm

# Between and behind the spinous processes: even ligament, with fat before and behind it
_MIDLINE_HALF_MM, _MIDLINE_FROM_MM, _MIDLINE_BEYOND_MM = 3.4, 19.0, 1.5
_MIDLINE_FAT, _MIDLINE_FAT_TEXTURE, _MIDLINE_DENSITY, _MIDLINE_DENSITY_TEXTURE = 0.18, 0.10, 0.82, 0.04
_MIDLINE_FAT_AT_ENDS, _MIDLINE_FRONT_MM, _MIDLINE_BACK_MM, _MIDLINE_WAVE_MM = 0.6, (27.0, 20.0), (7.0, 1.0), 1.5
_MIDLINE_FAT_LIMITS, _MIDLINE_DENSITY_LIMITS = (0.02, 0.85), (0.4, 1.0)
_BAND_HALF_MM, _BAND_MM, _BAND_WAVE_MM, _BAND_ENDS = 4.5, 2.0, 0.8, ("L5", -0.5)
_CUSHION_SIDE_MM, _CUSHION_BEHIND_MM, _CUSHION_FAT = (3.6, 30.0), (6.0, 26.0), 0.8
_CUSHION_TEXTURE, _CUSHION_SD, _CUSHION_FAT_LIMITS = 0.8, (-1.0, 0.5), (0.0, 0.88)
# It fills the hollows between the facets: more of it behind the isthmus, in vertebrae below the middle of a body, as
# far back as this, feathered by stripes
_HOLLOW_AT, _HOLLOW_REACH, _HOLLOW_MORE_SD, _HOLLOW_MM, _HOLLOW_ASIDE_MM = 0.12, 0.36, 1.3, 3.0, (25.0, 18.0)
_CUSHION_REACH_MM = 10.0  # the waves bring no fat further back than this beyond it
_HOLLOW_WAVE_MM, _HOLLOW_FADES_MM = (2.2, 1.6, 1.2), (2.0, -4.0)  # by fibre, streak and medium texture; where it ends

# Fat between psoas and the muscles of the back, around the transverse processes: streaky, with strands of vessels and
# of the muscles that run from process to process. Its middle and half its depth behind the back wall of the bodies, at
# T12 and at L3; it goes with how fatty the muscles are
_BETWEEN_MIDDLE_MM, _BETWEEN_HALF_MM, _BETWEEN_LEVELS, _BETWEEN_ENDS = 8.5, (2.0, 7.5), ("T12", "L3"), ("L5", 0.7)
_BETWEEN_SIDE_MM, _BETWEEN_FAR_MM, _BETWEEN_PER_STREAK, _BETWEEN_STREAKS = (16.0, 21.0), (44.0, 34.0), 0.35, 1.0
_BETWEEN_SHARE = (0.55, 1.3)  # of that depth, in the leanest and in the fattest
_BETWEEN_FEATHER_MM, _BETWEEN_RAMP_MM = (2.2, 1.6, 1.2), (-1.2, 1.4)  # by streak, fibre and medium texture
_BETWEEN_FAT, _BETWEEN_STRANDS, _BETWEEN_STRAND_WIDTH, _BETWEEN_STRAND_TEXTURE = 0.9, 0.75, 0.34, 0.6
_BETWEEN_MUSCLE_SD, _BETWEEN_MUSCLE = (-1.3, -0.6), 0.8  # stripes of muscle, by texture of fibres; what they take away
_BETWEEN_VESSEL_SD = (1.9, 0.5)  # small texture above which a vessel runs, with large texture

_ONE = np.float32(1.0)


def along_fibres(field: Plane, grid: Grid, x_mm: float) -> Plane:
    """A field of upright stripes, slanted as the fibres of the back run on this plane: each row is shifted."""
    near, far = _SLANT_ASIDE_MM
    aside = min(max((abs(x_mm) - near) / (far - near), 0.0), 1.0)
    shift = grid.z_mm * ((_SLANT + (_SLANT_ASIDE - _SLANT) * aside) / grid.step_mm)
    whole = np.floor(shift).astype(np.intp)
    part = (shift - whole).astype(np.float32)[:, None]
    columns = np.arange(field.shape[1])[None, :] - whole[:, None]
    count = field.shape[1]
    slanted: Plane = np.take_along_axis(field, columns % count, axis=1) * (_ONE - part)
    slanted += np.take_along_axis(field, (columns - 1) % count, axis=1) * part
    return slanted


def _down(canvas: Canvas, spine: Spine, levels: tuple[str, str]) -> Plane:
    """0 above one level, 1 below another."""
    return smoothstep(canvas.position, *(float(spine.index(name)) for name in levels))


def paint_back_muscles(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint the muscles of the back: fascia, fatty stripes along the fibres, and the fat wedge under multifidus."""
    fields, t = canvas.fields, canvas.t
    side = canvas.side  # the same everywhere, unless the spine is bent sideways
    x = float(abs(side[0, 0]) if side.min() == side.max() else np.median(np.abs(side)))
    bulge = np.float32(_BULGE_MM * (1.0 - 1.0 / (1.0 + (x / _BULGE_ASIDE_MM) ** 2)))
    surface = (
        body.back_on(canvas.x_mm)
        - canvas.y
        - body.fat_on(canvas.x_mm, share=1.0 if x < _BULGE_ASIDE_MM else _FAT_ASIDE)
        + bulge * np.float32(_BULGE_UNDER_SKIN)
    )
    surface = surface - np.float32(_FASCIA_MM) + np.float32(_FASCIA_WAVE_MM) * fields["large"]
    region = (surface > 0) & (t > canvas.front * np.float32(0.5)) & (canvas.tissue != 0)
    if not region.any():
        return
    window = window_of(region)
    region, surface, canvas = region[window], surface[window], canvas.part(window)
    fields, t, side = canvas.fields, canvas.t, canvas.side
    names = ("fibre", "large", "medium", "small")
    streak = sum((np.float32(k) * fields[name] for k, name in zip(_STREAK_MIX, names, strict=True)), np.float32(0.0))
    low = _down(canvas, spine, _LOWER_LEVELS) * np.float32(_LOWER_FATTIER)  # fattier towards the sacrum
    deep = smoothstep(t, *_DEEPER_MM) * np.float32(_DEEPER_FATTIER)  # and next to the laminae
    ramp = smoothstep(streak + low + deep, body.streaks + _STREAK_RAMP[0], body.streaks + _STREAK_RAMP[1])
    share = (
        np.float32(body.muscle_fat)
        + np.float32(_MUSCLE_TEXTURE) * np.abs(fields["small"])
        + np.float32(_STREAK_FAT) * ramp
        + np.float32(_SEAM_FAT) * crest(fields["fibre"], _SEAM_WIDTH)  # thin planes between the bundles
    )
    deep_mm = _WEDGE_MM + _WEDGE_PER_STREAK_MM * max(0.0, _WEDGE_STREAKS - body.streaks)
    aside = np.abs(side)
    depth = t - np.float32(_WEDGE_FROM_MM) + np.float32(_WEDGE_SLOPE) * aside
    depth = depth + np.float32(_WEDGE_WAVE_MM) * (fields["fibre"] + fields["small"]) * np.float32(0.5)
    wedge = depth < np.float32(deep_mm) * _down(canvas, spine, _WEDGE_LEVELS)
    wedge &= (aside > _WEDGE_SIDE_MM[0]) & (aside < _WEDGE_SIDE_MM[1]) & (t > 0)
    share = np.where(wedge, np.maximum(share, np.float32(_WEDGE_FAT)), share)
    canvas.paint(region, "muscle", np.clip(share, *_STREAKY_FAT_LIMITS))
    canvas.shade(
        region, _ONE + np.float32(_MUSCLE_GRAIN[0]) * fields["medium"] + np.float32(_MUSCLE_GRAIN[1]) * fields["fine"]
    )
    sheet = np.float32(_FASCIA_PAINTED_MM) + np.float32(_APONEUROSIS_MM - _FASCIA_PAINTED_MM) * _down(
        canvas, spine, _LOWER_LEVELS
    )
    canvas.paint(region & (surface < sheet), "ligament")


def paint_midline_ligaments(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint what lies between and behind the spinous processes: ligament with fat, and the supraspinous band."""
    fields, t, aside = canvas.fields, canvas.t, np.abs(canvas.side)
    if float(aside.min()) > _BAND_HALF_MM:
        return
    muscle = canvas.is_any("muscle")
    between = (
        (aside < _MIDLINE_HALF_MM) & (t > _MIDLINE_FROM_MM) & (t < np.float32(body.tip_t + _MIDLINE_BEYOND_MM)) & muscle
    )
    wavy = t + np.float32(_MIDLINE_WAVE_MM) * fields["medium"]
    ends = smoothstep(wavy, *_MIDLINE_FRONT_MM) + smoothstep(
        wavy, body.tip_t - _MIDLINE_BACK_MM[0], body.tip_t - _MIDLINE_BACK_MM[1]
    )
    share = (
        np.float32(_MIDLINE_FAT)
        + np.float32(_MIDLINE_FAT_TEXTURE) * fields["medium"]
        + np.float32(_MIDLINE_FAT_AT_ENDS) * ends
    )
    canvas.paint(between, "muscle", np.clip(share, *_MIDLINE_FAT_LIMITS))
    density = np.float32(_MIDLINE_DENSITY) + np.float32(_MIDLINE_DENSITY_TEXTURE) * fields["medium"]
    canvas.shade(between, np.clip(density, *_MIDLINE_DENSITY_LIMITS))
    tip = np.float32(body.tip_t) + np.float32(_BAND_WAVE_MM) * fields["large"]
    ends_at = np.float32(spine.index(_BAND_ENDS[0]) + _BAND_ENDS[1])
    band = (aside < _BAND_HALF_MM) & (t > tip) & (t < tip + np.float32(_BAND_MM)) & (canvas.position < ends_at)
    canvas.paint(band & canvas.is_any("muscle", "subcutaneous_fat"), "ligament")


def paint_fat_behind_arches(canvas: Canvas, body: Body) -> None:
    """Paint the fat between the muscles of the back and the arches, most of it in the hollows between the facets."""
    aside = np.abs(canvas.side)
    if not (float(aside.min()) < _CUSHION_SIDE_MM[1] and float(aside.max()) > _CUSHION_SIDE_MM[0]):
        return
    fields, t = canvas.fields, canvas.t
    near, far = _CUSHION_BEHIND_MM
    cushion = canvas.is_any("muscle") & (aside > _CUSHION_SIDE_MM[0]) & (aside < _CUSHION_SIDE_MM[1])
    cushion &= (t > near) & (t < np.float32(far + _CUSHION_REACH_MM))
    at = np.nonzero(cushion)  # what follows is computed there only
    fibre, streak, medium = (fields[name][at] for name in ("fibre", "streak", "medium"))
    phase = canvas.position[at] - np.float32(_HOLLOW_AT)
    hollow = _ONE - smoothstep(np.abs(phase - np.rint(phase)), 0.0, _HOLLOW_REACH)
    hollow = hollow * smoothstep(aside[at], *_HOLLOW_ASIDE_MM)
    a, b, c = (np.float32(mm) for mm in _HOLLOW_WAVE_MM)
    beyond = t[at] - np.float32(far) - np.float32(_HOLLOW_MM) * hollow + a * fibre + b * streak + c * medium
    soft = medium + np.float32(_CUSHION_TEXTURE) * fibre + np.float32(_HOLLOW_MORE_SD) * hollow
    soft = smoothstep(soft, *_CUSHION_SD) * smoothstep(beyond, *_HOLLOW_FADES_MM)
    share = np.maximum(np.float32(body.muscle_fat) + np.float32(_CUSHION_FAT) * soft, canvas.pdff[at])
    kept = beyond < _HOLLOW_FADES_MM[0]
    canvas.paint_at((at[0][kept], at[1][kept]), "muscle", np.clip(share[kept], *_CUSHION_FAT_LIMITS))


def paint_fat_between_muscles(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint the fat between psoas and the muscles of the back, in which the transverse processes lie."""
    aside = np.abs(canvas.side)
    if float(aside.max()) < _BETWEEN_SIDE_MM[0]:
        return
    fields, t = canvas.fields, canvas.t
    first, last = (float(spine.index(name)) for name in _BETWEEN_LEVELS)
    thin, thick = _BETWEEN_HALF_MM
    fatter = 1.0 + _BETWEEN_PER_STREAK * (_BETWEEN_STREAKS - body.streaks)
    deep = np.float32(thin) + np.float32(thick - thin) * smoothstep(canvas.position, first, last)
    deep = deep * np.float32(min(max(fatter, _BETWEEN_SHARE[0]), _BETWEEN_SHARE[1]))
    deep = deep * smoothstep(aside, *_BETWEEN_SIDE_MM) * smoothstep(aside, *_BETWEEN_FAR_MM)
    there = (
        (np.abs(t - np.float32(_BETWEEN_MIDDLE_MM)) < thick * 2.0)
        & (deep > 0)
        & canvas.is_any("muscle", "visceral_fat")
    )
    there &= (canvas.position > np.float32(first)) & (
        canvas.position < np.float32(spine.index(_BETWEEN_ENDS[0]) + _BETWEEN_ENDS[1])
    )
    at = np.nonzero(there)
    streak, fibre, medium, small, large = (fields[name][at] for name in ("streak", "fibre", "medium", "small", "large"))
    a, b, c = (np.float32(mm) for mm in _BETWEEN_FEATHER_MM)
    inside = deep[at] - np.abs(t[at] - np.float32(_BETWEEN_MIDDLE_MM)) + a * streak + b * fibre + c * medium
    seen = inside > np.float32(_BETWEEN_RAMP_MM[0])
    at = (at[0][seen], at[1][seen])
    inside, streak, fibre, small, large = (k[seen] for k in (inside, streak, fibre, small, large))
    cover = smoothstep(inside, *_BETWEEN_RAMP_MM)
    strands = crest(small + np.float32(_BETWEEN_STRAND_TEXTURE) * streak, _BETWEEN_STRAND_WIDTH)
    muscle = np.float32(_BETWEEN_MUSCLE) * (_ONE - smoothstep(fibre, *_BETWEEN_MUSCLE_SD))
    fat = np.float32(_BETWEEN_FAT) * (_ONE - np.maximum(np.float32(_BETWEEN_STRANDS) * strands, muscle))
    around = canvas.pdff[at]
    canvas.paint_at(at, "muscle", around + (fat - around) * cover)
    vessel = (small + np.float32(_BETWEEN_VESSEL_SD[1]) * large > _BETWEEN_VESSEL_SD[0]) & (inside > 0)
    canvas.paint_at((at[0][vessel], at[1][vessel]), "vessel_flow_void")
