"""In front of the spine: belly wall, bowel, fat, great vessels, diaphragm and psoas."""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Mask
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.soft_tissue import Body
from vbqkit.anatomy.texture import Plane, rounded, smoothstep

_ONE = np.float32(1.0)


def paint_belly(canvas: Canvas, body: Body, *, breath_px: tuple[int, int]) -> None:
    """Paint the belly wall, and the bowel in its fat.

    Parameters
    ----------
    canvas : Canvas
        The plane.
    body : Body
        Outline and fat of the person.
    breath_px : tuple of 2 ints
        Rows and columns by which breathing and peristalsis had moved the bowel when this plane was seen: a slice
        averages several planes, so its bowel is blurred.
    """
    x = abs(float(canvas.x_mm))
    moved = {
        n: np.roll(canvas.fields[n], breath_px, axis=(0, 1)) for n in ("loops", "large", "medium", "streak", "small")
    }
    front = rounded(body.front_y_mm + 0.0016 * x * x)[:, None]
    depth = canvas.y - front + np.float32(1.5) * canvas.fields["large"]
    wall = np.float32(body.front_fat_mm)
    muscle = 2.2 + 7.5 * float(np.clip((x - 3.0) / 9.0, 0.0, 1.0))
    inside = (depth > wall) & (canvas.t < 8.0) & (canvas.tissue != 0)
    fat = (
        np.float32(0.92) + np.float32(0.05) * moved["medium"] - np.float32(0.4) * smoothstep(moved["streak"], 1.1, 2.2)
    )
    canvas.paint(inside, "visceral_fat", np.clip(fat, 0.3, 0.95))
    rectus = inside & (depth < wall + np.float32(muscle)) & (canvas.t < canvas.front - np.float32(25.0))
    canvas.paint(rectus, "muscle" if x > 4 else "ligament")
    cavity = inside & (depth > wall + np.float32(muscle + 2.5))
    cavity &= canvas.t < canvas.front - np.float32(17.0) + np.float32(5.0) * moved["large"]
    loop = np.abs(moved["loops"] + np.float32(0.15) * moved["medium"]) - np.float32(0.9 * (body.visceral - 0.15))
    stray = (7 * breath_px[1] + 31, 11 * breath_px[0] - 43)  # edges that moved while they were seen
    loop = loop + np.float32(0.10) * np.roll(canvas.fields["medium"], stray, axis=(0, 1))
    canvas.paint(cavity & (loop > 0), "muscle", 0.08)
    content = cavity & (loop > np.float32(0.13))
    pulp = np.float32(0.10) + np.float32(0.10) * moved["medium"] + np.float32(0.14) * moved["large"]
    canvas.paint(content, "bowel", np.clip(pulp, 0.0, 0.5))
    thick = np.float32(0.78) + np.float32(0.16) * moved["large"] + np.float32(0.12) * moved["medium"]
    canvas.shade(content, np.clip(thick + np.float32(0.06) * moved["small"], 0.3, 1.1))
    gas = content & (loop > 0.30) & (moved["large"] + np.float32(0.35) * moved["medium"] > 1.0)
    canvas.paint(gas, "gas")


def paint_around_column(canvas: Canvas, spine: Spine, body: Body) -> None:
    """Paint the fat in front of the column, psoas, crura, aorta, cava and their branches."""
    fields, t, level = canvas.fields, canvas.t, canvas.position
    at = spine.index
    front = canvas.front - np.float32(0.6)
    live = canvas.tissue != 0
    cushion = live & (t < 6.0) & (t > front - np.float32(20.0) + np.float32(4.0) * fields["large"])
    strands = np.maximum(_ONE - np.abs(fields["streak"] + np.float32(0.6) * fields["small"]) * np.float32(4.0), 0.0)
    fat = np.float32(0.93) + np.float32(0.04) * fields["medium"] - np.float32(0.28) * strands
    fat = fat - np.float32(0.5) * smoothstep(fields["medium"] - np.float32(0.5) * fields["large"], 1.6, 2.3)
    canvas.paint(cushion, "visceral_fat", np.clip(fat, 0.1, 0.95))
    # Psoas: from the side of T12 and L1, thicker downwards.
    grow = np.clip((level - np.float32(at("L1") - 0.3)) * np.float32(1.0 / 3.2), 0.0, 1.0)
    aside = np.abs(canvas.side)
    if float(aside.min()) < 40.0:
        sink = np.float32(12.0) + np.float32(10.0) * np.maximum(np.float32(0.0), level - np.float32(at("L4") + 0.3))
        across = (aside - np.float32(27.0) - np.float32(11.0) * grow) / (
            np.float32(0.5) + np.float32(16.5) * np.sqrt(grow)
        )
        psoas = across**2 + ((t + sink) / (np.float32(0.5) + np.float32(19.5) * np.sqrt(grow))) ** 2
        muscle = live & (psoas < _ONE + np.float32(0.12) * fields["medium"]) & (grow > 0)
        seam = smoothstep(fields["streak"] + np.float32(0.3) * fields["medium"], body.streaks + 0.2, body.streaks + 1.4)
        canvas.paint(muscle, "muscle", np.clip(np.float32(body.muscle_fat) + np.float32(0.5) * seam, 0.0, 0.9))
        canvas.shade(muscle, (_ONE + np.float32(0.05) * fields["medium"]))
    # Crura of the diaphragm.
    thin = np.clip((np.float32(at("L3")) - level) * np.float32(1.0 / 3.0), 0.0, 1.0)
    crus = live & (aside > 1.5) & (aside < 17.0) & (t < front - 0.8) & (t > front - np.float32(5.5) * thin)
    canvas.paint(crus, "muscle")
    _paint_vessels(canvas, spine, body, live)


def _paint_vessels(canvas: Canvas, spine: Spine, body: Body, live: Mask) -> None:
    """Aorta on the left down to L4, cava on the right up from L5, the iliac vessels, and two branches of the aorta."""
    at = spine.index
    band = np.nonzero(live & (canvas.t < canvas.front + 1.0) & (canvas.t > canvas.front - 46.0))
    side, t, level = canvas.side[band], (canvas.t - canvas.front)[band] + np.float32(0.6), canvas.position[band]
    wave = np.float32(2.2) * canvas.fields["vessel"][band]
    ra, rc, x_mm = body.aorta_radius_mm, body.cava_radius_mm, float(canvas.x_mm)
    t_aorta = wave * np.float32(0.5) - np.float32(4.5 + ra)
    t_cava = -np.float32(3.0 + 0.8 * rc) - np.float32(10.0) * np.clip(
        (np.float32(at("L1")) - level) * np.float32(0.5), 0, 1
    )
    distance = np.full_like(t, 9.0)

    def add(where: Mask, center_side: Plane, center_t: Plane, radius_side: float, radius_t: float) -> None:
        if not where.any():
            return
        across = (side[where] - center_side[where]) * np.float32(1.0 / radius_side)
        along = (t[where] - center_t[where]) * np.float32(1.0 / radius_t)
        tube = (np.sqrt(across * across + along * along) - _ONE) * np.float32(min(radius_side, radius_t))
        distance[where] = np.minimum(distance[where], tube)

    for fork, offset, center, spread, trunk, limb in (
        (at("L4") + 0.35, body.aorta_side_mm, t_aorta, 21.0, (ra, ra), (0.62 * ra, 0.62 * ra)),
        (at("L5") - 0.10, body.cava_side_mm, t_cava, 24.0, (1.2 * rc, 0.8 * rc), (0.7 * rc, 0.55 * rc)),
    ):
        below = np.maximum(np.float32(0.0), level - np.float32(fork))
        if np.abs(side - offset).min() < 20.0:
            add(level < np.float32(fork + 0.1), np.float32(offset) + wave, center, *trunk)
        for sign in (-1.0, 1.0):
            aside = np.float32(offset) * (_ONE - below) + np.float32(sign * spread) * below
            add(level >= np.float32(fork - 0.1), aside, center + np.float32(2.0) * below, *limb)
    for start, fall, radius in ((at("L1") - 0.55, 7.0, 3.0), (at("L1") + 0.05, 11.0, 3.4)):  # coeliac and mesenteric
        down = np.maximum(level - np.float32(start), np.float32(0.0))
        if abs(x_mm - body.aorta_side_mm) < 30.0:
            middle = t_aorta - np.float32(ra + 1.0) - np.float32(fall) * np.sqrt(down)
            add(
                (down > 0) & (down < 1.6),
                np.float32(body.aorta_side_mm) - np.float32(2.0) * down,
                middle,
                radius,
                radius,
            )
    full = np.full(canvas.t.shape, 9.0, dtype=np.float32)
    full[band] = distance
    canvas.paint(full < 0.9, "ligament", 0.1)
    lumen = full < 0
    canvas.paint(lumen, "vessel_flow_void")
    blood = np.float32(1.9) + np.float32(1.1) * canvas.fields["medium"] + np.float32(0.9) * canvas.fields["large"]
    canvas.shade(lumen, np.clip(blood, 0.2, 5.0))
