"""Behind the bodies: pedicles, laminae, articular, transverse and spinous processes, facet joints, foramina."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid, Mask, Window
from vbqkit.anatomy.skeleton import Spine, Vertebra
from vbqkit.anatomy.texture import Plane, smooth_max, smooth_min

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)
_FAR = np.float32(50.0)


def arch_window(grid: Grid, vertebra: Vertebra, *, ahead_mm: float = 4.0, behind_mm: float = 60.0) -> Window | None:
    """Rows and columns that the vertebral arch and its processes cover."""
    (vy, vz), (wy, wz) = vertebra.axes[1:, 1].tolist(), vertebra.axes[1:, 2].tolist()
    _, y0, z0 = vertebra.center_mm.tolist()
    reach = [(vertebra.half_depth_mm + p, w) for p in (-ahead_mm, behind_mm) for w in (-44.0, 32.0)]
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
    """Signed distance from a plate with rounded corners; `thick` is the distance from its middle sheet minus half of it."""
    a, b = np.abs(p) - np.float32(half_p - round_mm), np.abs(w) - np.float32(half_w - round_mm)
    outside = np.sqrt(np.maximum(a, _ZERO) ** 2 + np.maximum(b, _ZERO) ** 2)
    flat = outside + np.minimum(np.maximum(a, b), _ZERO) - np.float32(round_mm)
    return smooth_max(flat, thick, 2.0)


def pillar_u_mm(vertebra: Vertebra) -> float:
    """Distance of the pedicles and articular pillars from the midline."""
    return 0.62 * min(vertebra.half_width_mm, 26.0) + (3.0 if vertebra.name == "L5" else 0.0)


def _articular(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> tuple[Plane, Plane]:
    """Signed distances from the superior and from the inferior articular process."""
    uc, h = pillar_u_mm(vertebra), vertebra.height_mm
    upper = capsule((au, p, w), (uc + 0.5, 8.5, 5.0), (uc + 3.0, 9.6, h / 2.0 + 8.5), 4.1)
    if vertebra.sacral:
        return upper, np.full_like(upper, _FAR)
    lower = capsule((au, p, w), (uc + 0.5, 12.5, 1.0), (uc + 0.5, 18.2, -h / 2.0 - 11.5), 4.2)
    return upper, lower


def _wing(vertebra: Vertebra, au: Plane, p: Plane, w: Plane) -> Plane:
    """Signed distance from the broad transverse process of a sacralised vertebra, which joins the wing of the sacrum.

    It is taller than 19 mm, Castellvi's limit (Castellvi et al., Spine 1984;9:493-495).
    """
    uc, low = pillar_u_mm(vertebra), -vertebra.height_mm / 2.0 - 5.0
    return _plate(
        np.maximum(np.float32(uc + 2.0) - au, _ZERO) + np.maximum(au - np.float32(40.0), _ZERO),
        w - np.float32((low + 8.0) / 2.0),
        np.abs(p - np.float32(8.0) - np.float32(0.55) * np.minimum(w - np.float32(4.0), _ZERO)) - np.float32(5.0),
        half_p=2.5,
        half_w=(8.0 - low) / 2.0,
        round_mm=2.5,
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
    if uc - 10.0 < far < uc + 9.0 and vertebra.name not in ("S2", "S3", "S4"):
        ring = np.sqrt(
            ((au - np.float32(uc)) * np.float32(1 / 4.6)) ** 2
            + ((w - np.float32(0.17 * vertebra.height_mm)) * np.float32(1 / 6.9)) ** 2
        )
        pedicle = smooth_max((ring - _ONE) * np.float32(4.8), np.abs(p - np.float32(4.0)) - np.float32(8.0), 2.0)
        upper, lower = _articular(vertebra, au, p, w)
        distance = smooth_min(smooth_min(pedicle, upper, 3.5), lower, 3.5)
    if far < uc + 6.0:
        sheet = (p - np.float32(20.6) + np.float32(0.27) * w + np.float32(0.38) * au) * np.float32(0.9)
        wide = np.maximum(au - np.float32(uc + 1.5), _ZERO)
        lamina = _plate(
            wide, w + np.float32(5.5), np.abs(sheet) - np.float32(2.9), half_p=3.0, half_w=9.8, round_mm=3.0
        )
        distance = smooth_min(distance, lamina, 3.0)
    if far < 9.0:
        length = vertebra.spinous_length_mm * (0.62 if vertebra.sacral else 1.0)
        half_w = 10.0 if vertebra.name.startswith("L") else 7.0 if vertebra.name.startswith("T") else 6.5
        along = p - np.float32(21.0 + length / 2.0)
        fall = w + np.float32(6.0) + np.float32(vertebra.spinous_slope) * (p - np.float32(21.0))
        tip = np.clip((p - np.float32(21.0)) / np.float32(length), 0.0, 1.0)
        thick = np.abs(u - np.float32(vertebra.spinous_shift_mm) * tip) - np.float32(2.5) - np.float32(1.9) * tip * tip
        fall = (fall + np.float32(2.6) * tip * tip) / (np.float32(0.70) + np.float32(0.36) * tip)
        spinous = _plate(along, fall, thick, half_p=length / 2.0 + 1.5, half_w=half_w, round_mm=5.0)
        distance = smooth_min(distance, spinous, 4.0)
    if far > uc and not vertebra.sacral:
        reach = 38.0 if vertebra.name.startswith("L") else 24.0
        transverse = capsule((au, p, w), (uc + 2.0, 8.0, 3.5), (reach, 11.5, 4.5), 4.2)
        if vertebra.sacralised:
            transverse = smooth_min(transverse, _wing(vertebra, au, p, w), 4.0)
        distance = smooth_min(distance, transverse, 3.0)
    return distance


def paint_arch(canvas: Canvas, grid: Grid, vertebra: Vertebra, *, fat: float) -> None:
    """Paint the arch of one vertebra: a thick dark shell around fatty marrow. The sacrum's is painted with its canal."""
    if vertebra.name in ("S2", "S3", "S4"):
        return
    near = abs(float(canvas.x_mm - vertebra.center_mm[0])) < 9.5
    window = arch_window(grid, vertebra, behind_mm=60.0 if near else 32.0)
    if window is None:
        return
    part = canvas.part(window)
    y, z = part.y, part.z
    u, v, w = vertebra.to_local(canvas.x_mm, y, z)
    distance = arch_distance(vertebra, u, v, w, float(canvas.x_mm - vertebra.center_mm[0]))
    fields = part.fields
    distance = distance + np.float32(0.55) * fields["medium"] + np.float32(0.25) * fields["small"]
    coat = (distance < 0.6) & (distance >= 0)
    part.paint(coat, "ligament")
    inside = distance < 0
    part.paint(inside, "cortical_bone")
    core = distance < np.float32(-0.95) + np.float32(0.25) * fields["small"]
    share = np.clip(
        np.float32(fat + 0.06) + np.float32(0.05) * fields["small"] + np.float32(0.03) * fields["fine"], 0, 0.95
    )
    part.paint(core, "marrow", share)
    part.shade(core, np.clip(np.float32(0.97) + np.float32(0.06) * fields["fine"], 0.6, 1.2))


def paint_facets(canvas: Canvas, grid: Grid, above: Vertebra, below: Vertebra) -> None:
    """Paint the joint between the inferior process of one vertebra and the superior process of the next."""
    window = arch_window(grid, above, behind_mm=28.0)
    far = abs(float(canvas.x_mm - above.center_mm[0])) - pillar_u_mm(above)
    if window is None or above.sacral or not -12.0 < far < 12.0:
        return
    part = canvas.part(window)
    y, z = part.y, part.z
    u1, v1, w1 = above.to_local(canvas.x_mm, y, z)
    u2, v2, w2 = below.to_local(canvas.x_mm, y, z)
    lower = _articular(above, np.abs(u1), v1 - np.float32(above.half_depth_mm), w1)[1]
    upper = _articular(below, np.abs(u2), v2 - np.float32(below.half_depth_mm), w2)[0]
    gap: Mask = (np.abs(lower - upper) < 1.0) & (np.minimum(lower, upper) < 1.0)
    part.paint(gap & (np.abs(lower - upper) >= 0.55), "cortical_bone")
    part.paint(gap & (np.abs(lower - upper) < 0.55), "facet_joint")


def paint_foramina(canvas: Canvas, grid: Grid, spine: Spine, index: int) -> None:
    """Paint the fat between the pedicles, with the nerve root and its vessels under the upper pedicle."""
    vertebra = spine.vertebrae[index]
    window = arch_window(grid, vertebra, behind_mm=14.0)
    far = abs(float(canvas.x_mm - vertebra.center_mm[0]))
    if window is None or not 7.0 < far < 30.0 or vertebra.name in ("S2", "S3", "S4"):
        return
    part = canvas.part(window)
    u, v, w = vertebra.to_local(canvas.x_mm, part.y, part.z)
    au, p = np.abs(u), v - np.float32(vertebra.half_depth_mm)
    fields = part.fields
    wavy = np.float32(1.2) * fields["medium"]
    fat = (p > -3) & (p < np.float32(11.0) + wavy) & (au > 8) & (au < np.float32(27.0)) & (w < 18) & (w > -33)
    part.paint(fat, "epidural_fat")
    vessels = np.maximum(_ONE - np.abs(fields["small"] + np.float32(0.5) * fields["medium"]) * np.float32(2.6), 0.0)
    part.pdff[fat] = (np.float32(0.88) - np.float32(0.42) * vessels)[fat]
    uc = pillar_u_mm(vertebra)
    root = capsule((au, p, w), (uc - 4.0, 6.5, 0.0), (uc + 12.0, 4.0, -15.0), 1.9)
    ganglion = capsule((au, p, w), (uc + 0.5, 5.6, -4.5), (uc + 4.0, 5.0, -7.8), 3.1)
    nerve = smooth_min(root, ganglion, 2.0) + np.float32(0.3) * fields["small"]
    part.paint(fat & (nerve < 0), "nerve_root")
    vein = capsule((au, p, w), (uc - 3.0, 3.0, -11.0), (uc + 12.0, 2.0, -13.0), 1.1)
    part.paint(fat & (vein < 0), "basivertebral_vein")
