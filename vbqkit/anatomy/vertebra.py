"""Bodies and discs: rounded, waisted, concave shapes with shell, endplates, vein, marrow, nucleus and annulus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.skeleton import Disc, Spine, Vertebra, body_window
from vbqkit.anatomy.texture import Plane, smooth_max, smoothstep

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


def outline_distance(vertebra: Vertebra, u: Plane, v: Plane, w: Plane, *, waist: bool = True) -> Plane:
    """Signed distance from the side wall of a body, mm, negative inside: kidney-shaped across, waisted along."""
    h, d = vertebra.height_mm, np.float32(vertebra.half_depth_mm)
    if vertebra.taper:
        d = d * (_ONE + np.clip(w * np.float32(2.0 * vertebra.taper / h), -1.0, 1.0))
    q = np.clip(_ONE - (w * np.float32(2.0 / h)) ** 2, 0.0, 1.0) if waist else _ZERO
    back = vertebra.half_depth_mm - np.float32(0.9) * q  # the back wall stays in line with the canal
    front_radius = np.float32(1.0 if vertebra.sacral else 1.2) * d
    v0 = back - d * np.float32(0.8) if not vertebra.sacral else np.float32(vertebra.half_depth_mm) - d
    dv = v - v0
    uu, vv = u / np.float32(vertebra.half_width_mm), dv / front_radius
    rho = np.sqrt(uu * uu + vv * vv) + np.float32(1e-3)
    ellipse = (_ONE - _ONE / rho) * np.sqrt(u * u + dv * dv) + np.float32(vertebra.waist_mm) * q
    notch = np.maximum(_ZERO, _ONE - (u / np.float32(0.5 * vertebra.half_width_mm)) ** 2)
    return smooth_max(ellipse, v - back + np.float32(1.4) * notch - np.float32(0.6), 5.0)


def _bowl(v: Plane, side: Plane, half_depth: np.float32, *, deepest: float) -> Plane:
    """Depth of an endplate's hollow, 0 at the rim to 1: a flat rim, steep behind, long in front."""
    off = v - np.float32(deepest) * half_depth
    reach = np.where(off < 0, np.float32(0.95 + deepest), np.float32(0.93 - deepest)) * half_depth
    bowl = np.maximum(_ZERO, _ONE - side - (off / reach) ** 2)
    shaped: Plane = bowl * (np.float32(0.55) + np.float32(1.1) * bowl - np.float32(0.65) * bowl * bowl)
    return shaped


def endplate_distances(vertebra: Vertebra, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    """Height w of the upper and of the lower endplate above the middle of the body, mm."""
    d, a = np.float32(vertebra.half_depth_mm), np.float32(0.92 * vertebra.half_width_mm)
    side = (u / a) ** 2
    bowl_up, bowl_low = _bowl(v, side, d, deepest=0.16), _bowl(v, side, d, deepest=0.30)
    half = np.float32(vertebra.height_mm / 2.0)
    up = half - np.float32(vertebra.upper_concavity_mm) * bowl_up
    low = -half + np.float32(vertebra.lower_concavity_mm) * bowl_low
    if any(vertebra.height_losses):
        front, middle, back, below = vertebra.height_losses
        r, whole = np.clip(v / d, -1.0, 1.0), up - low
        lost = middle + np.float32((back - front) / 2) * r + np.float32((front + back) / 2 - middle) * r * r
        up = up - whole * lost
        low = low + whole * np.float32(below) * np.maximum(_ZERO, _ONE - r * r)
    return up, low


def paint_body(
    canvas: Canvas, grid: Grid, vertebra: Vertebra, *, fat: float, shell_mm: float, findings: Sequence[Finding] = ()
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
    shell_mm : float
        Thickness of the cortex.
    findings : sequence of Finding
        Those of this body change its marrow.
    """
    window = body_window(grid, vertebra)
    if window is None or abs(float(canvas.x_mm - vertebra.center_mm[0])) > vertebra.half_width_mm + 8.0:
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
    fields = part.fields
    side = (
        outline_distance(vertebra, u, v, w) + np.float32(0.22) * fields["small"] + np.float32(0.25) * fields["medium"]
    )
    up, low = endplate_distances(vertebra, u, v)
    plate = np.maximum(w - up, low - w)
    distance = smooth_max(side, plate, 2.6)
    inside = distance < 0
    if not inside.any():
        return
    part.paint(inside, "cortical_bone")
    part.level[inside] = vertebra.code
    part.paint(inside & (plate > side), "endplate")
    ragged = np.float32(0.12) * fields["small"]
    shell = np.where(plate > side, np.float32(0.85), np.float32(shell_mm)) + ragged
    marrow = distance < -shell
    depth = np.maximum(_ZERO, -plate)
    d = np.float32(vertebra.half_depth_mm)
    # Fat gathers under the endplates and around the vein (Ricci et al., Radiology 1990;177:83-88).
    trend = np.float32(0.055) * (_ONE - smoothstep(depth, 0.5, 5.0)) - np.float32(0.012)
    near_vein = (_ONE - smoothstep(np.abs(w), 1.0, 6.0)) * smoothstep(v, -0.2 * float(d), 0.8 * float(d))
    trend = trend + np.float32(0.05) * near_vein * (_ONE - smoothstep(np.abs(u), 3.0, 12.0))
    mottle = (
        np.float32(0.026) * fields["medium"] + np.float32(0.042) * fields["small"] + np.float32(0.075) * fields["fine"]
    )
    share = np.clip(np.float32(fat) + trend + mottle * np.float32(0.6 + 0.6 * fat), 0.02, 0.97)
    part.paint(marrow, "marrow", share)
    grain = _ONE + np.float32(0.15) * fields["fine"] + np.float32(0.036) * fields["small"]
    part.shade(marrow, np.clip(grain, 0.6, 1.3))
    if not vertebra.sacral:
        _paint_vein(part, vertebra, u, v, w)
    section = BodySection(part, vertebra, u, v, w, up, low, side)
    for finding in findings:
        finding.paint_in_body(section)


def _paint_vein(part: Canvas, vertebra: Vertebra, u: Plane, v: Plane, w: Plane) -> None:
    """A flat channel from the middle of the body that opens as a triangle in the back wall."""
    d = vertebra.half_depth_mm
    along = np.clip((v - np.float32(0.25 * d)) / np.float32(0.75 * d), 0.0, 1.0)
    wobble = np.float32(0.5) * part.fields["medium"]
    height = np.float32(0.35) + np.float32(2.3) * (along * along * along)
    width = np.float32(1.6) + np.float32(4.2) * along
    channel = (np.abs(w - wobble) < height) & (np.abs(u) < width) & (along > 0) & (v < np.float32(d + 0.6))
    channel &= outline_distance(vertebra, u, v, w) < np.float32(0.8)
    channel &= part.fields["dice"] < np.float32(0.12) + np.float32(0.55) * along
    part.paint(channel, "basivertebral_vein")
    part.level[channel] = vertebra.code
    part.pdff[channel] = np.clip(np.float32(0.25) + np.float32(0.2) * part.fields["small"], 0.0, 0.7)[channel]


def paint_disc(canvas: Canvas, grid: Grid, spine: Spine, disc: Disc) -> None:
    """Paint one disc between two bodies: dark outer annulus, nucleus, cleft, and what degeneration leaves of them."""
    above, below = spine.vertebrae[disc.upper], spine.vertebrae[disc.lower]
    middle = (above.center_mm + below.center_mm) / 2.0
    reach_y, reach_z = 1.25 * above.half_depth_mm + 8.0, 0.5 * disc.height_mm + 11.0
    window = grid.window(middle[1] - reach_y, middle[1] + reach_y, middle[2] - reach_z, middle[2] + reach_z)
    far = abs(float(canvas.x_mm - middle[0]))
    if window is None or far > max(above.half_width_mm, below.half_width_mm) + 6.0:
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
    side = (side1 * (_ONE - lean) + side2 * lean - np.float32(disc.bulge_mm)).astype(np.float32, copy=False)
    inner = np.minimum(from_above, from_below).astype(np.float32, copy=False)
    distance = smooth_max(side, -inner - np.float32(0.6), 2.0)
    inside = distance < 0
    if not inside.any():
        return
    rim = -side  # depth below the outer surface
    fine, dice, grade = fields["small"] * np.float32(0.5) + fields["medium"], fields["dice"], disc.pfirrmann
    part.paint(inside, "disc_annulus")
    shade = np.float32(0.45) + np.float32(0.55) * smoothstep(rim, 0.2, 4.5)
    part.shade(inside, shade)
    if disc.height_mm < 3.6 and above.sacral:
        return
    # Tissues mix pixel by pixel, so that a scanned voxel holds a smooth blend of them.
    loose = smoothstep(rim + np.float32(0.5) * fine, 1.6, 6.6) * smoothstep(inner, -0.2, 0.9)
    core = inside & (dice < loose)
    part.paint(core, "disc_degenerate")
    part.shade(core, np.clip(np.float32(0.94) + np.float32(0.04) * fine, 0.7, 1.1))
    water = float(np.interp(grade, (1.0, 2.0, 3.0, 3.8, 4.4), (1.0, 0.95, 0.6, 0.2, 0.0)))
    bright = smoothstep(rim + fine, 4.0, 8.5 + 0.6 * grade) * smoothstep(inner, 0.1, 1.9)
    bright = bright * np.clip(np.float32(water) + np.float32(0.16) * fine, 0.0, 1.0)
    if 1.5 < grade < 4.2:  # the cleft in the nucleus
        middle = np.abs(from_above - from_below - np.float32(0.5) * fields["medium"])
        bright = bright * (_ONE - np.float32(0.75) * smoothstep(middle, 0.8 + 0.5 * grade, 0.2))
    nucleus = core & (part.fields["dice"] < loose * bright)
    part.paint(nucleus, "disc_nucleus")
    part.shade(nucleus, np.clip(_ONE + np.float32(0.03) * fields["small"], 0.8, 1.1))
