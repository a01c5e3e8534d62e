"""Bodies and discs: rounded, waisted, concave shapes with shell, endplates, vein, marrow, nucleus and annulus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.canvas import Canvas, Grid, Mask
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.marrow import MarrowPattern, density_map, fat_map
from vbqkit.anatomy.skeleton import Disc, Spine, Vertebra, body_window
from vbqkit.anatomy.texture import Plane, smooth_max, smoothstep

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# The outline of a body: flat behind, round in front, waisted
_WAIST_OF_BACK_MM = 0.9  # the back wall stays in line with the canal
_FRONT_RADIUS, _FRONT_RADIUS_OF_SACRUM = 1.2, 1.0  # in half depths
_ROUND = 0.7  # 2: an ellipse across; 0: nearly a square, whole to its side walls
_WIDEST = 0.8  # distance of the widest place from the back wall, in half depths
_BACK_HOLLOW_MM, _BACK_HOLLOW_WIDTH, _BACK_OFFSET_MM = 1.4, 0.5, 0.6  # the kidney's notch, and its width in half widths
_BACK_ROUNDING_MM, _RIM_ROUNDING_MM = 5.0, 2.6
_NO_DIVISION_BY_0 = 1e-3  # added to a distance from the middle, in radii
_OUTLINE_WAVE_MM = (0.22, 0.25)  # by small and medium texture
_PLATE_WAVE_MM = (0.28, 0.15)  # of the endplates, by medium and small texture
_LIP_FROM, _LIP_BEFORE_MM = (
    np.float32(0.55),
    12.0,
)  # share of the half height at which a lip begins; full so far in front

# The hollow of an endplate
_HOLLOW_WIDTH = 0.92  # in half widths
_HOLLOW_IN_FRONT, _HOLLOW_BEHIND = 0.95, 0.93  # how far it reaches, in half depths
_HOLLOW_PROFILE = (0.55, 1.1, -0.65)  # polynomial in the depth of a paraboloid, 1 at the deepest place

# Shell, marrow and vein
_ENDPLATE_MM, _LEAST_SHELL_MM = 0.85, 0.45  # thickness with its cartilage, as a picture shows it
# How uneven they are, by small, medium and large texture; the wall is thin and broken in places
_SHELL_TEXTURE_MM = (0.16, 0.28, 0.1)
# The cortex relative to its mean around the body: thinner behind than in front (Ritzel et al., J Bone Miner Res
# 1997;12:89-95), thickest at the sides, so that the mean stays; from here on back, in half depths
_WALL_BEHIND, _WALL_ASIDE, _BEHIND_FROM = 0.85, 1.1, (0.5, 0.95)
# The anterior long ligament: thickness, and by medium and large texture; in front of so many half depths; half width
_LONG_LIGAMENT_MM, _LONG_LIGAMENT_TEXTURE_MM, _LONG_LIGAMENT_FROM, _LONG_LIGAMENT_ASIDE_MM = 0.7, (0.4, 0.3), 0.6, 11.0
# Start in half depths; sizes inside, and more at the back
_VEIN_START, _VEIN_HEIGHT_MM, _VEIN_WIDTH_MM = 0.30, (0.2, 2.2), (1.2, 4.0)
_VEIN_VARIES = (0.4, 0.3, 1.7)  # in height, by large texture; limits
_VEIN_SHARE = (0.15, 0.55)  # of the channel that is vein at its tip, and more at the back wall
_VEIN_WAVE_MM, _VEIN_BEYOND_MM, _VEIN_IN_CORTEX_MM = 0.4, 0.6, 0.8
_VEIN_PDFF, _VEIN_PDFF_TEXTURE, _VEIN_PDFF_LIMITS = 0.25, 0.2, (0.0, 0.7)

# The disc
_DISC_ROUNDING_MM, _DISC_INTO_ENDPLATE_MM = 2.0, 1.0
_ANNULUS_DENSITY, _ANNULUS_DENSITY_INSIDE, _ANNULUS_FADE_MM = 0.45, 0.55, (0.2, 4.5)
# A lower one is a remnant of the sacrum: annulus around a grey core, which makes up this share of its middle
_FLAT_SACRAL_DISC_MM, _SACRAL_INNER_FADE_MM, _SACRAL_INNER = 3.6, (0.5, 3.5), 0.85
_INNER_FADE_MM, _INNER_FROM_ENDPLATE_MM, _INNER_DENSITY, _INNER_TEXTURE = (1.6, 6.6), (-0.2, 0.9), 0.94, 0.04
_INNER_DENSITY_LIMITS = (0.7, 1.1)
_NUCLEUS_OF_GRADE = ((1.0, 2.0, 3.0, 3.8, 4.4), (1.0, 0.95, 0.6, 0.2, 0.0))
"""Share of bright nucleus by Pfirrmann grade: all of it at 1, none from 4 on, as the grades are defined (Spine
2001;26:1873)."""
_NUCLEUS_FADE_MM, _NUCLEUS_PER_GRADE_MM, _NUCLEUS_FROM_ENDPLATE_MM = (4.0, 8.5), 0.6, (0.1, 1.9)
_NUCLEUS_TEXTURE, _NUCLEUS_DENSITY_TEXTURE, _NUCLEUS_DENSITY_LIMITS = 0.16, 0.03, (0.8, 1.1)
_UNEVEN = (0.05, 0.25)  # how uneven a nucleus is: at grade 0, and more a grade
_CLEFT_WAVE_MM = (0.9, 0.8)  # it is no straight line: by medium and large texture
_CLEFT_GRADES, _CLEFT_DEPTH, _CLEFT_MM, _CLEFT_PER_GRADE_MM = (1.5, 4.2), (0.65, 0.2), (0.8, 0.2), 0.5
# Front and back of a disc begin here and are full so far on, in half depths. The annulus is thicker in front, where the
# disc hardly bulges, and thinner behind
_DISC_ENDS, _ANNULUS_MORE_MM, _LESS_IN_FRONT_MM = (0.4, 0.45), (2.2, -1.5), 0.7
# A bright zone in the back annulus of a worn disc: half its depth and height, and how far to the side
_ZONE_DEPTH_MM, _ZONE_HALF_MM, _ZONE_ASIDE_MM, _ZONE_WATER = 2.6, (1.3, 1.6), 5.0, 0.7

# Where to look, to save time: a body, aside of its half width; a disc, aside of that of the bodies, before and behind
# its middle (in half depths, and mm), and above and below (in heights, and mm)
_BODY_ASIDE_MM, _DISC_ASIDE_MM = 8.0, 6.0
_DISC_REACH_Y, _DISC_REACH_Y_MM, _DISC_REACH_Z, _DISC_REACH_Z_MM = 1.25, 8.0, 0.5, 11.0

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


def outline_distance(vertebra: Vertebra, u: Plane, v: Plane, w: Plane, *, waist: bool = True) -> Plane:
    """Signed distance from the side wall of a body, mm, negative inside: kidney-shaped across, waisted along."""
    h, d = vertebra.height_mm, np.float32(vertebra.half_depth_mm)
    if vertebra.taper:
        d = d * (_ONE + np.clip(w * np.float32(2.0 * vertebra.taper / h), -1.0, 1.0))
    q = np.clip(_ONE - (w * np.float32(2.0 / h)) ** 2, 0.0, 1.0) if waist else _ZERO
    back = vertebra.half_depth_mm - np.float32(_WAIST_OF_BACK_MM) * q
    front_radius = np.float32(_FRONT_RADIUS_OF_SACRUM if vertebra.sacral else _FRONT_RADIUS) * d
    v0 = back - d * np.float32(_WIDEST) if not vertebra.sacral else np.float32(vertebra.half_depth_mm) - d
    dv = v - v0
    uu, vv = u / np.float32(vertebra.half_width_mm), dv / front_radius
    uu, vv = uu * uu, vv * vv
    rho = np.sqrt(np.sqrt(uu * uu + vv * vv + np.float32(_ROUND) * uu * vv)) + np.float32(_NO_DIVISION_BY_0)
    ellipse = (_ONE - _ONE / rho) * np.sqrt(u * u + dv * dv) + np.float32(vertebra.waist_mm) * q
    if waist and any(vertebra.lips_mm):
        ellipse = ellipse - _lips(vertebra, dv, w)
    notch = np.maximum(_ZERO, _ONE - (u / np.float32(_BACK_HOLLOW_WIDTH * vertebra.half_width_mm)) ** 2)
    wall = v - back + np.float32(_BACK_HOLLOW_MM) * notch - np.float32(_BACK_OFFSET_MM)
    return smooth_max(ellipse, wall, _BACK_ROUNDING_MM)


def _lips(vertebra: Vertebra, dv: Plane, w: Plane) -> Plane:
    """How far the front rims stand out beyond the wall between them, mm."""
    upper, lower = (np.float32(lip) for lip in vertebra.lips_mm)
    to_rim = np.clip((np.abs(w) * np.float32(2.0 / vertebra.height_mm) - _LIP_FROM) / (_ONE - _LIP_FROM), 0.0, 1.0)
    in_front = np.clip(-dv / np.float32(_LIP_BEFORE_MM), 0.0, 1.0)
    lips: Plane = np.where(w > 0, upper, lower) * to_rim * to_rim * in_front
    return lips


def _bowl(v: Plane, side: Plane, half_depth: np.float32, *, deepest: float) -> Plane:
    """Depth of an endplate's hollow, 0 at the rim to 1: a flat rim, steep behind, long in front."""
    off = v - np.float32(deepest) * half_depth
    reach = np.where(off < 0, np.float32(_HOLLOW_IN_FRONT + deepest), np.float32(_HOLLOW_BEHIND - deepest)) * half_depth
    bowl = np.maximum(_ZERO, _ONE - side - (off / reach) ** 2)
    a, b, c = (np.float32(k) for k in _HOLLOW_PROFILE)
    shaped: Plane = bowl * (a + b * bowl + c * bowl * bowl)
    return shaped


def endplate_distances(vertebra: Vertebra, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    """Height w of the upper and of the lower endplate above the middle of the body, mm."""
    d, a = np.float32(vertebra.half_depth_mm), np.float32(_HOLLOW_WIDTH * vertebra.half_width_mm)
    side = (u / a) ** 2
    bowl_up, bowl_low = (_bowl(v, side, d, deepest=at) for at in vertebra.deepest)
    half = np.float32(vertebra.height_mm / 2.0)
    tilt = v * np.float32(np.tan(np.radians(vertebra.wedge_deg / 2.0)))
    up = half - np.float32(vertebra.upper_concavity_mm) * bowl_up - tilt
    low = -half + np.float32(vertebra.lower_concavity_mm) * bowl_low + tilt
    if any(vertebra.height_losses):
        front, middle, back, below = vertebra.height_losses
        r, whole = np.clip(v / d, -1.0, 1.0), up - low
        lost = middle + np.float32((back - front) / 2) * r + np.float32((front + back) / 2 - middle) * r * r
        up = up - whole * lost
        low = low + whole * np.float32(below) * np.maximum(_ZERO, _ONE - r * r)
    if vertebra.relief is not None:
        lifted_up, lifted_low = vertebra.relief.lifted(u, v)
        up, low = up + lifted_up, low + lifted_low
    return up, low


def _corner_radius(vertebra: Vertebra, v: Plane, w: Plane) -> Plane:
    """Radius with which side wall and endplate meet in each corner, mm."""
    if vertebra.relief is None:
        return np.full_like(v, _RIM_ROUNDING_MM)
    corners = [np.float32(radius) for radius in vertebra.relief.corners_mm]
    above, below = (np.where(v < 0, front, back) for front, back in (corners[:2], corners[2:]))
    radius: Plane = np.where(w > 0, above, below)
    return radius


def paint_body(
    canvas: Canvas,
    grid: Grid,
    vertebra: Vertebra,
    *,
    fat: float,
    pattern: MarrowPattern,
    shell_mm: float,
    findings: Sequence[Finding] = (),
) -> None:
    """Paint one body: shell, endplates, marrow with its fat map, and the basivertebral vein.

    Parameters
    ----------
    canvas : Canvas
        The plane.
    grid : Grid
        Its rows and columns.
    vertebra : Vertebra
        What to paint.
    fat : float
        Mean fat fraction of the marrow.
    pattern : MarrowPattern
        How it is patterned.
    shell_mm : float
        Thickness of the cortex.
    findings : sequence of Finding
        Those of this body change its marrow.
    """
    window = body_window(grid, vertebra)
    if window is None or abs(float(canvas.x_mm - vertebra.center_mm[0])) > vertebra.half_width_mm + _BODY_ASIDE_MM:
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
    fields = part.fields
    small, medium = (np.float32(wave) for wave in _OUTLINE_WAVE_MM)
    side = outline_distance(vertebra, u, v, w) + small * fields["small"] + medium * fields["medium"]
    up, low = endplate_distances(vertebra, u, v)
    medium, small = (np.float32(wave) for wave in _PLATE_WAVE_MM)
    plate = np.maximum(w - up, low - w) + medium * fields["medium"] + small * fields["small"]
    distance = smooth_max(side, plate, _corner_radius(vertebra, v, w))
    inside = distance < 0
    if not inside.any():
        return
    _paint_long_ligament(part, vertebra, u, v, distance)
    part.paint(inside, "cortical_bone")
    part.level[inside] = vertebra.code
    part.paint(inside & (plate > side), "endplate")
    shell = _shell_mm(part, vertebra, u, v, plate > side, shell_mm)
    marrow = distance < -np.maximum(shell, np.float32(_LEAST_SHELL_MM))
    depth = np.maximum(_ZERO, -plate)
    share = fat_map(part, pattern, fat=fat, depth_mm=depth, uvw=(u, v, w), half_depth=vertebra.half_depth_mm)
    part.paint(marrow, "marrow", share)
    part.shade(marrow, density_map(part, pattern, vertebra.name))
    if not vertebra.sacral:
        _paint_vein(part, vertebra, u, v, w)
    section = BodySection(part, vertebra, u, v, w, up, low, side)
    for finding in findings:
        finding.paint_in_body(section)


def _paint_long_ligament(part: Canvas, vertebra: Vertebra, u: Plane, v: Plane, distance: Plane) -> None:
    """The anterior long ligament on the front of a body: here thick, there hardly seen."""
    if abs(float(u.mean())) > _LONG_LIGAMENT_ASIDE_MM:
        return
    medium, large = (np.float32(mm) for mm in _LONG_LIGAMENT_TEXTURE_MM)
    thick = np.float32(_LONG_LIGAMENT_MM) + medium * part.fields["medium"] + large * part.fields["large"]
    coat = (distance >= 0) & (distance < thick) & (v < np.float32(-_LONG_LIGAMENT_FROM * vertebra.half_depth_mm))
    part.paint(coat, "ligament")


def _shell_mm(part: Canvas, vertebra: Vertebra, u: Plane, v: Plane, at_plate: Mask, wall_mm: float) -> Plane:
    """Painted thickness of the endplates, and of the cortex elsewhere."""
    small, medium, large = (np.float32(mm) for mm in _SHELL_TEXTURE_MM)
    uneven = small * part.fields["small"] + medium * part.fields["medium"] + large * part.fields["large"]
    aside = min(abs(float(u.mean())) / vertebra.half_width_mm, 1.0)
    around = 1.0 + (_WALL_ASIDE - 1.0) * aside * aside
    start, end = (share * vertebra.half_depth_mm for share in _BEHIND_FROM)
    behind = np.clip((v - np.float32(start)) * np.float32(1.0 / (end - start)), 0.0, 1.0)
    wall = np.float32(wall_mm * around) + np.float32(wall_mm * (_WALL_BEHIND - around)) * behind
    shell: Plane = np.where(at_plate, np.float32(_ENDPLATE_MM), wall) + uneven
    return shell


def _paint_vein(part: Canvas, vertebra: Vertebra, u: Plane, v: Plane, w: Plane) -> None:
    """A flat channel from the middle of the body that opens as a triangle in the back wall."""
    d = vertebra.half_depth_mm
    along = np.clip((v - np.float32(_VEIN_START * d)) / np.float32((1.0 - _VEIN_START) * d), 0.0, 1.0)
    wobble = np.float32(_VEIN_WAVE_MM) * part.fields["medium"]
    taller = np.clip(_ONE + np.float32(_VEIN_VARIES[0]) * part.fields["large"], *_VEIN_VARIES[1:])
    height = np.float32(_VEIN_HEIGHT_MM[0]) + np.float32(_VEIN_HEIGHT_MM[1]) * (along * along) * taller
    width = np.float32(_VEIN_WIDTH_MM[0]) + np.float32(_VEIN_WIDTH_MM[1]) * along
    channel = (np.abs(w - wobble) < height) & (np.abs(u) < width) & (along > 0)
    channel &= v < np.float32(d + _VEIN_BEYOND_MM)
    channel &= outline_distance(vertebra, u, v, w) < np.float32(_VEIN_IN_CORTEX_MM)
    # Marrow and vein mix towards the tip, so that it fades away in a scanned slice.
    channel &= part.fields["dice"] < np.float32(_VEIN_SHARE[0]) + np.float32(_VEIN_SHARE[1]) * along
    part.paint(channel, "basivertebral_vein")
    part.level[channel] = vertebra.code
    fat = np.float32(_VEIN_PDFF) + np.float32(_VEIN_PDFF_TEXTURE) * part.fields["small"]
    part.pdff[channel] = np.clip(fat, *_VEIN_PDFF_LIMITS)[channel]


def paint_disc(canvas: Canvas, grid: Grid, spine: Spine, disc: Disc) -> None:
    """Paint one disc between two bodies: dark outer annulus, nucleus, cleft, and what degeneration leaves of them."""
    above, below = spine.vertebrae[disc.upper], spine.vertebrae[disc.lower]
    middle = (above.center_mm + below.center_mm) / 2.0
    reach_y = _DISC_REACH_Y * above.half_depth_mm + _DISC_REACH_Y_MM
    reach_z = _DISC_REACH_Z * disc.height_mm + _DISC_REACH_Z_MM
    window = grid.window(middle[1] - reach_y, middle[1] + reach_y, middle[2] - reach_z, middle[2] + reach_z)
    far = abs(float(canvas.x_mm - middle[0]))
    if window is None or far > max(above.half_width_mm, below.half_width_mm) + _DISC_ASIDE_MM:
        return
    part = canvas.part(window)
    fields, y, z = part.fields, part.y, part.z
    u1, v1, w1 = above.to_local(canvas.x_mm, y, z)
    u2, v2, w2 = below.to_local(canvas.x_mm, y, z)
    _, low = endplate_distances(above, u1, v1)
    up, _ = endplate_distances(below, u2, v2)
    from_above, from_below = low - w1, w2 - up  # both positive in the disc
    gap = from_above + from_below
    lean = np.clip(from_above / np.maximum(gap, np.float32(0.5)), 0.0, 1.0)
    side1 = outline_distance(above, u1, v1, np.full_like(w1, -above.height_mm / 2.0), waist=False)
    side2 = outline_distance(below, u2, v2, np.full_like(w2, below.height_mm / 2.0), waist=False)
    in_front, ends = v1 < 0, np.float32(above.half_depth_mm * _DISC_ENDS[0])
    at_end = np.clip((np.abs(v1) - ends) * np.float32(1.0 / (above.half_depth_mm * _DISC_ENDS[1])), 0.0, 1.0)
    more = np.where(in_front, np.float32(-_LESS_IN_FRONT_MM), np.float32(disc.back_bulge_mm))
    bulge = np.float32(disc.bulge_mm) + more * at_end
    side = (side1 * (_ONE - lean) + side2 * lean - bulge).astype(np.float32, copy=False)
    inner = np.minimum(from_above, from_below).astype(np.float32, copy=False)
    distance = smooth_max(side, -inner - np.float32(_DISC_INTO_ENDPLATE_MM), _DISC_ROUNDING_MM)
    inside = distance < 0
    if not inside.any():
        return
    # Depth below the outer surface, as if the annulus were as thick all around
    front, back = (np.float32(mm) for mm in _ANNULUS_MORE_MM)
    rim = -side - np.where(in_front, front, back) * at_end
    fine, dice, grade = fields["small"] * np.float32(0.5) + fields["medium"], fields["dice"], disc.pfirrmann
    part.paint(inside, "disc_annulus")
    shade = np.float32(_ANNULUS_DENSITY) + np.float32(_ANNULUS_DENSITY_INSIDE) * smoothstep(rim, *_ANNULUS_FADE_MM)
    part.shade(inside, shade)
    if disc.height_mm < _FLAT_SACRAL_DISC_MM and above.sacral:
        loose = smoothstep(rim, *_SACRAL_INNER_FADE_MM) * smoothstep(inner, *_INNER_FROM_ENDPLATE_MM)
        part.paint(inside & (dice < np.float32(_SACRAL_INNER) * loose), "disc_degenerate")
        return
    # Tissues mix pixel by pixel, so that a scanned voxel holds a smooth blend of them.
    loose = smoothstep(rim + np.float32(0.5) * fine, *_INNER_FADE_MM) * smoothstep(inner, *_INNER_FROM_ENDPLATE_MM)
    core = inside & (dice < loose)
    part.paint(core, "disc_degenerate")
    part.shade(core, np.clip(np.float32(_INNER_DENSITY) + np.float32(_INNER_TEXTURE) * fine, *_INNER_DENSITY_LIMITS))
    water = float(np.interp(grade, *_NUCLEUS_OF_GRADE))
    dark, full = _NUCLEUS_FADE_MM
    uneven = _UNEVEN[0] + _UNEVEN[1] * grade
    bright = smoothstep(rim + np.float32(uneven) * fine, dark, full + _NUCLEUS_PER_GRADE_MM * grade)
    bright = bright * smoothstep(inner, *_NUCLEUS_FROM_ENDPLATE_MM)
    bright = bright * np.clip(np.float32(water) + np.float32(_NUCLEUS_TEXTURE * uneven) * fine, 0.0, 1.0)
    if _CLEFT_GRADES[0] < grade < _CLEFT_GRADES[1]:  # the cleft in the nucleus: a wavy line, here deep and there faint
        wave = np.float32(_CLEFT_WAVE_MM[0]) * fields["medium"] + np.float32(_CLEFT_WAVE_MM[1]) * fields["large"]
        cleft = smoothstep(
            np.abs(from_above - from_below - wave), _CLEFT_MM[0] + _CLEFT_PER_GRADE_MM * grade, _CLEFT_MM[1]
        )
        deep = np.clip(np.float32(_CLEFT_DEPTH[0]) + np.float32(_CLEFT_DEPTH[1]) * fine, 0.0, 1.0)
        bright = bright * (_ONE - deep * cleft)
    nucleus = core & (part.fields["dice"] < loose * bright)
    part.paint(nucleus, "disc_nucleus")
    part.shade(
        nucleus, np.clip(_ONE + np.float32(_NUCLEUS_DENSITY_TEXTURE) * fields["small"], *_NUCLEUS_DENSITY_LIMITS)
    )
    if disc.bright_zone_mm is not None:
        _paint_bright_zone(part, disc, inside & ~in_front, u=u1, depth=-side, up=from_below - from_above)


def _paint_bright_zone(part: Canvas, disc: Disc, behind: Mask, *, u: Plane, depth: Plane, up: Plane) -> None:
    """Paint fluid in a torn back annulus; `depth`: below the outer surface; `up`: twice that above the middle."""
    if disc.bright_zone_mm is None or abs(float(u.mean()) - disc.bright_zone_mm[0]) > _ZONE_ASIDE_MM:
        return
    aside, above = (np.float32(mm) for mm in disc.bright_zone_mm)
    half_depth, half_height = (np.float32(mm) for mm in _ZONE_HALF_MM)
    far = ((depth - np.float32(_ZONE_DEPTH_MM)) / half_depth) ** 2
    far = far + ((up * np.float32(0.5) - above) / half_height) ** 2 + ((u - aside) / np.float32(_ZONE_ASIDE_MM)) ** 2
    tear = behind & (far < _ONE) & (part.fields["dice"] < np.float32(_ZONE_WATER) * (_ONE - far * far))
    part.paint(tear, "disc_nucleus")
