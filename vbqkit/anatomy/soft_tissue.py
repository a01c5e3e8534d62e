"""Behind the spine and around the body: skin, fat, the muscles of the back and their ligaments, and the air outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canvas import Canvas
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, rounded, smoothstep

Array = npt.NDArray[np.float64]

_ONE = np.float32(1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Body:
    """The outline of the body and the numbers that vary between people. Lengths in mm.

    Attributes
    ----------
    back_y_mm, front_y_mm : ndarray, shape (rows,)
        Skin of the back and of the belly in the midline, per row of the grid.
    back_fat_mm : ndarray, shape (rows,)
        Fat under the skin of the back.
    front_fat_mm : float
        Fat under the skin of the belly.
    tip_t : float
        How far the spinous processes reach behind the back wall of the bodies.
    muscle_fat : float
        Fat fraction of clean muscle.
    streaks : float
        Threshold of the fatty streaks in unit standard deviations: lower is fattier.
    aorta_side_mm, aorta_radius_mm, cava_side_mm, cava_radius_mm : float
        Where the great vessels run beside the midline, and their size.
    visceral : float
        Share of fat between the loops of bowel, 0 to 1.
    """

    back_y_mm: Array
    front_y_mm: Array
    back_fat_mm: Array
    front_fat_mm: float
    tip_t: float
    muscle_fat: float
    streaks: float
    aorta_side_mm: float
    aorta_radius_mm: float
    cava_side_mm: float
    cava_radius_mm: float
    visceral: float


def skin_of_the_back(rng: np.random.Generator, spine: Spine, z_mm: Array, *, bmi: float) -> tuple[Array, Array]:
    """(y of the skin, thickness of the fat) behind the midline at each z, for a patient who lies on the back."""
    tips = np.array(
        [
            v.to_patient_mm(
                0.0,
                v.half_depth_mm + 21.0 + v.spinous_length_mm * (0.62 if v.sacral else 1.0),
                -6.0 - v.spinous_slope * v.spinous_length_mm,
            )
            for v in spine.vertebrae
        ]
    )
    order = np.argsort(tips[:, 2])
    tip_y = np.interp(z_mm, tips[order, 2], tips[order, 1])
    weights = np.exp(-0.5 * ((z_mm[:, None] - z_mm[None, :]) / 26.0) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    smooth = weights @ tip_y
    table = np.polynomial.Polynomial.fit(z_mm, smooth, 2)(z_mm)  # lying flat evens the hollow out
    level = 0.5 * smooth + 0.5 * np.maximum(table, smooth)
    thin = 4.0 + 0.55 * max(0.0, bmi - 18.0) + 0.8 * rng.standard_normal()
    fat = np.clip(thin, 3.0, 40.0) * (1.0 + 0.55 / (1.0 + np.exp((z_mm + 30.0) / 22.0)))
    margin = np.maximum(0.0, tip_y + 3.0 - (level + 2.0))
    skin = level + 4.0 + fat + weights @ margin
    return skin, fat


def make_body(rng: np.random.Generator, spine: Spine, z_mm: Array, *, age: float, sex: str, bmi: float) -> Body:
    """Draw the soft tissue of one person.

    The belly's depth and the fat under the skin grow with BMI; the fatty streaks of multifidus grow with age and BMI.
    """
    back, back_fat = skin_of_the_back(rng, spine, z_mm, bmi=bmi)
    thickness = 118.0 + 4.2 * bmi + 6.0 * rng.standard_normal() + (8.0 if sex == "M" else 0.0)
    belly = thickness * (1.0 - 0.10 * ((z_mm + 25.0) / 150.0) ** 2) - 10.0 * np.clip((z_mm + 60) / -100.0, 0.0, 1.0)
    # The navel side bulges with weight.
    belly += max(0.0, bmi - 23.0) * 1.2 * np.exp(-0.5 * ((z_mm + 25.0) / 50.0) ** 2)
    front_fat = np.clip((7.0 if sex == "F" else 4.0) + 1.35 * max(0.0, bmi - 18.0), 4.0, 60.0)
    return Body(
        back_y_mm=back,
        front_y_mm=back.mean() * 0.55 + 0.45 * back - belly,
        back_fat_mm=back_fat,
        front_fat_mm=float(front_fat),
        tip_t=float(21.0 + spine["L3"].spinous_length_mm),
        muscle_fat=float(np.clip(0.03 + 0.0009 * max(0.0, age - 25.0) + 0.003 * max(0.0, bmi - 22.0), 0.02, 0.2)),
        streaks=float(1.9 - 0.016 * max(0.0, age - 25.0) - 0.035 * max(0.0, bmi - 22.0) + 0.15 * rng.standard_normal()),
        aorta_side_mm=float(8.0 + 2.5 * rng.standard_normal()),
        aorta_radius_mm=float((8.2 if sex == "F" else 9.4) + 0.03 * (age - 50.0) + 0.5 * rng.standard_normal()),
        cava_side_mm=float(-17.0 + 2.5 * rng.standard_normal()),
        cava_radius_mm=float(9.5 + 0.8 * rng.standard_normal()),
        visceral=float(np.clip(0.30 + 0.022 * (bmi - 22.0), 0.12, 0.75)),
    )


def paint_background(canvas: Canvas, body: Body) -> None:
    """Paint air, skin, the fat under it, and the muscles of the back with their fascia and fatty streaks."""
    x, fields = float(canvas.x_mm), canvas.fields
    back = rounded(body.back_y_mm - 0.0012 * x * x)[:, None]
    front = rounded(body.front_y_mm + 0.0016 * x * x)[:, None]
    inner = np.minimum(back - canvas.y, canvas.y - front) + np.float32(0.4) * fields["large"]
    in_body = inner > 0
    shade = np.clip(
        np.float32(0.93) + np.float32(0.02) * fields["medium"] - np.float32(0.3) * _crest(fields["streak"], 0.10),
        0.4,
        0.97,
    )
    canvas.paint(in_body, "subcutaneous_fat", shade)
    canvas.paint(in_body & (inner < np.float32(1.7)), "skin")
    _paint_back_muscles(canvas, body, back)


def _crest(field: Plane, width: float) -> Plane:
    """1 on the lines where a field is zero, falling to 0: septa, strands and small vessels."""
    crest: Plane = np.maximum(np.float32(0.0), _ONE - np.abs(field) * np.float32(1.0 / width))
    return crest


def _paint_back_muscles(canvas: Canvas, body: Body, back: Plane) -> None:
    fields, t = canvas.fields, canvas.t
    side = canvas.side  # the same everywhere, unless the spine is bent sideways
    x = float(abs(side[0, 0]) if side.min() == side.max() else np.median(np.abs(side)))
    bulge = np.float32(5.0 * (1.0 - 1.0 / (1.0 + (x / 14.0) ** 2)))
    fat = rounded(body.back_fat_mm)[:, None]
    surface = back - canvas.y - fat * np.float32(1.0 if x < 14 else 0.85) + bulge * np.float32(0.4)
    surface = surface - np.float32(1.7) + np.float32(0.8) * fields["large"]
    region = (surface > 0) & (t > canvas.front * np.float32(0.5)) & (canvas.tissue != 0)
    streak = fields["streak"] + np.float32(0.45) * fields["medium"] + np.float32(0.25) * fields["small"]
    low = smoothstep(canvas.z, -20.0, -90.0) * np.float32(0.6)  # fattier towards the sacrum
    deep = smoothstep(t, 40.0, 24.0) * np.float32(0.55)  # and next to the laminae
    ramp = smoothstep(streak + low + deep, body.streaks - 0.4, body.streaks + 1.7)
    seam = _crest(fields["streak"] + np.float32(0.3) * fields["medium"], 0.22)  # thin planes between the bundles
    share = np.float32(body.muscle_fat) + np.float32(0.02) * np.abs(fields["small"]) + np.float32(0.8) * ramp
    share = share + np.float32(1.1 * body.muscle_fat) * seam
    canvas.paint(region, "muscle", np.clip(share, 0.0, 0.9))
    canvas.shade(region, (_ONE + np.float32(0.05) * fields["medium"] + np.float32(0.03) * fields["fine"]))
    canvas.paint(region & (surface < np.float32(1.0)), "ligament")


def paint_midline_ligaments(canvas: Canvas, body: Body) -> None:
    """Paint what lies between and behind the spinous processes: streaky ligament and fat, and the supraspinous band."""
    fields, t, aside = canvas.fields, canvas.t, np.abs(canvas.side)
    muscle = canvas.is_any("muscle")
    between = (aside < 3.8) & (t > 19.0) & (t < np.float32(body.tip_t + 1.5)) & muscle
    mix = np.float32(0.65) * fields["streak"] + np.float32(0.45) * fields["medium"] + np.float32(0.6) * fields["small"]
    share = np.clip(np.float32(0.06) + np.float32(0.55) * smoothstep(mix, -0.9, 2.0), 0.02, 0.85)
    canvas.paint(between, "muscle", share)
    canvas.pd_scale[between] = np.clip(np.float32(0.95) - np.float32(0.35) * smoothstep(mix, 0.2, -1.6), 0.4, 1.0)[
        between
    ]
    tip = np.float32(body.tip_t) + np.float32(0.8) * fields["large"]
    band = (aside < 4.5) & (t > tip) & (t < tip + np.float32(2.4)) & (canvas.position < 8.5)  # it ends at L5
    canvas.paint(band & canvas.is_any("muscle", "subcutaneous_fat"), "ligament")
    # Fat between the back muscles and the arches.
    cushion = muscle & (aside > 3.6) & (aside < 30.0) & (t > 6.0) & (t < np.float32(26.0))
    soft = smoothstep(fields["medium"] + np.float32(0.6) * fields["streak"], -0.4, 0.9)
    share = np.float32(body.muscle_fat) + np.float32(0.8) * soft
    canvas.paint(cushion, "muscle", np.clip(share, 0.0, 0.88))
