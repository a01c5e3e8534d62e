"""Behind the spine and around the body: skin, fat, the muscles of the back and their ligaments, and the air outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canvas import Canvas
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, rounded, smoothstep

Array = npt.NDArray[np.float64]

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# The outline of the body and how it grows with BMI (kg/m2)
# As the arch is painted: length, start and height of the spinous process
_SPINOUS_OF_SACRUM, _TIP_MM, _TIP_DROP_MM = 0.62, 21.0, 6.0
_SKIN_SMOOTH_MM = 26.0  # SD over which the skin evens out the tips of the spinous processes
_SKIN_OVER_TIP_MM, _SKIN_MM, _SKIN_FREE_MM = 3.0, 4.0, 2.0
_BACK_FAT_MM, _BACK_FAT_PER_BMI_MM, _BACK_FAT_SD_MM, _BACK_FAT_LIMITS_MM = 4.0, 0.55, 0.8, (3.0, 40.0)
_BACK_FAT_BELOW, _BACK_FAT_BELOW_MM = 0.55, (30.0, 22.0)  # more towards the sacrum: share; where, and over which length
_LEAN_BMI, _FAT_BMI = 18.0, 22.0
_BELLY_MM, _BELLY_PER_BMI_MM, _BELLY_SD_MM, _BELLY_OF_MEN_MM = 118.0, 4.2, 6.0, 8.0
_BELLY_CURVE, _BELLY_MIDDLE_MM, _BELLY_HALF_MM = 0.10, 25.0, 150.0
_PELVIS_MM, _PELVIS_FROM_MM, _PELVIS_OVER_MM = 10.0, 60.0, -100.0
_NAVEL_PER_BMI_MM, _NAVEL_BMI, _NAVEL_HALF_MM = 1.2, 23.0, 50.0
_FRONT_FAT_MM, _FRONT_FAT_PER_BMI_MM, _FRONT_FAT_LIMITS_MM = {"F": 7.0, "M": 4.0}, 1.35, (4.0, 60.0)
_FRONT_FOLLOWS_BACK = 0.45  # share of the curve of the back that the belly follows

# Between people: muscle (fattier from an age in years on), vessels, bowel
_YOUNG, _AORTA_AGE = 25.0, 50.0
_MUSCLE_FAT, _MUSCLE_FAT_PER_YEAR, _MUSCLE_FAT_PER_BMI, _MUSCLE_FAT_LIMITS = 0.03, 0.0009, 0.003, (0.02, 0.2)
_STREAKS, _STREAKS_PER_YEAR, _STREAKS_PER_BMI, _STREAKS_SD = 1.9, 0.016, 0.035, 0.15  # threshold in SDs of texture
_AORTA_SIDE_MM, _CAVA_SIDE_MM, _VESSEL_SIDE_SD_MM = 8.0, -17.0, 2.5
_AORTA_RADIUS_MM, _AORTA_PER_YEAR_MM, _AORTA_SD_MM = {"F": 8.2, "M": 9.4}, 0.03, 0.5  # radius at that age
_CAVA_RADIUS_MM, _CAVA_SD_MM = 9.5, 0.8
_VISCERAL, _VISCERAL_PER_BMI, _VISCERAL_LIMITS = 0.30, 0.022, (0.12, 0.75)

# Skin, fat under it, muscles of the back
_BACK_ROUND, _BELLY_ROUND = 0.0012, 0.0016  # how the outline falls off aside, mm per mm2
_OUTLINE_WAVE_MM, _SKIN_THICKNESS_MM = 0.4, 1.7
_FAT, _FAT_TEXTURE, _FAT_SEPTA, _SEPTA_WIDTH = 0.93, 0.02, 0.3, 0.10
_FAT_LIMITS = (0.4, 0.97)
_BULGE_MM, _BULGE_ASIDE_MM, _BULGE_UNDER_SKIN = 5.0, 14.0, 0.4
_FAT_ASIDE, _FASCIA_MM, _FASCIA_WAVE_MM, _FASCIA_PAINTED_MM = 0.85, 1.7, 0.8, 1.0
_STREAK_MIX = (0.45, 0.25)  # medium and small texture in the streaks
_LOWER_FATTIER, _LOWER_MM, _DEEPER_FATTIER, _DEEPER_MM = 0.6, (-20.0, -90.0), 0.55, (40.0, 24.0)
_STREAK_RAMP, _SEAM_TEXTURE, _SEAM_WIDTH, _SEAM_FAT = (0.4, 1.7), 0.3, 0.22, 1.1
_MUSCLE_TEXTURE, _STREAK_FAT, _STREAKY_FAT_LIMITS = 0.02, 0.8, (0.0, 0.9)
_MUSCLE_GRAIN = (0.05, 0.03)  # by medium and fine texture

# Between and behind the spinous processes
_MIDLINE_HALF_MM, _MIDLINE_FROM_MM, _MIDLINE_BEYOND_MM = 3.8, 19.0, 1.5
_MIDLINE_MIX = (0.65, 0.45, 0.6)  # streaks, medium and small texture
_MIDLINE_FAT, _MIDLINE_FAT_MORE, _MIDLINE_DENSITY, _MIDLINE_DENSITY_LESS = 0.06, 0.55, 0.95, 0.35
_MIDLINE_FAT_SD, _MIDLINE_DENSITY_SD = (-0.9, 2.0), (0.2, -1.6)  # SDs of texture: where the change begins, and is full
_MIDLINE_FAT_LIMITS, _MIDLINE_DENSITY_LIMITS = (0.02, 0.85), (0.4, 1.0)
_BAND_HALF_MM, _BAND_MM, _BAND_WAVE_MM, _BAND_ENDS = 4.5, 2.4, 0.8, 8.5  # it ends at L5
_CUSHION_SIDE_MM, _CUSHION_BEHIND_MM, _CUSHION_FAT = (3.6, 30.0), (6.0, 26.0), 0.8
_CUSHION_TEXTURE, _CUSHION_SD, _CUSHION_FAT_LIMITS = 0.6, (-0.4, 0.9), (0.0, 0.88)

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
                v.half_depth_mm + _TIP_MM + v.spinous_length_mm * (_SPINOUS_OF_SACRUM if v.sacral else 1.0),
                -_TIP_DROP_MM - v.spinous_slope * v.spinous_length_mm,
            )
            for v in spine.vertebrae
        ]
    )
    order = np.argsort(tips[:, 2])
    tip_y = np.interp(z_mm, tips[order, 2], tips[order, 1])
    weights = np.exp(-0.5 * ((z_mm[:, None] - z_mm[None, :]) / _SKIN_SMOOTH_MM) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    smooth = weights @ tip_y
    table = np.polynomial.Polynomial.fit(z_mm, smooth, 2)(z_mm)  # lying flat evens the hollow out
    level = 0.5 * smooth + 0.5 * np.maximum(table, smooth)
    thin = _BACK_FAT_MM + _BACK_FAT_PER_BMI_MM * max(0.0, bmi - _LEAN_BMI) + _BACK_FAT_SD_MM * rng.standard_normal()
    below, over = _BACK_FAT_BELOW_MM
    fat = np.clip(thin, *_BACK_FAT_LIMITS_MM) * (1.0 + _BACK_FAT_BELOW / (1.0 + np.exp((z_mm + below) / over)))
    margin = np.maximum(0.0, tip_y + _SKIN_OVER_TIP_MM - (level + _SKIN_FREE_MM))
    skin = level + _SKIN_MM + fat + weights @ margin
    return skin, fat


def make_body(rng: np.random.Generator, spine: Spine, z_mm: Array, *, age: float, sex: str, bmi: float) -> Body:
    """Draw the soft tissue of one person.

    The belly's depth and the fat under the skin grow with BMI; the fatty streaks of multifidus grow with age and BMI.
    """
    back, back_fat = skin_of_the_back(rng, spine, z_mm, bmi=bmi)
    thickness = _BELLY_MM + _BELLY_PER_BMI_MM * bmi + _BELLY_SD_MM * rng.standard_normal()
    thickness = thickness + (_BELLY_OF_MEN_MM if sex == "M" else 0.0)
    pelvis = _PELVIS_MM * np.clip((z_mm + _PELVIS_FROM_MM) / _PELVIS_OVER_MM, 0.0, 1.0)
    belly = thickness * (1.0 - _BELLY_CURVE * ((z_mm + _BELLY_MIDDLE_MM) / _BELLY_HALF_MM) ** 2) - pelvis
    # The navel side bulges with weight.
    navel = np.exp(-0.5 * ((z_mm + _BELLY_MIDDLE_MM) / _NAVEL_HALF_MM) ** 2)
    belly += max(0.0, bmi - _NAVEL_BMI) * _NAVEL_PER_BMI_MM * navel
    front_fat = np.clip(_FRONT_FAT_MM[sex] + _FRONT_FAT_PER_BMI_MM * max(0.0, bmi - _LEAN_BMI), *_FRONT_FAT_LIMITS_MM)
    years, weight = max(0.0, age - _YOUNG), max(0.0, bmi - _FAT_BMI)
    return Body(
        back_y_mm=back,
        front_y_mm=back.mean() * (1.0 - _FRONT_FOLLOWS_BACK) + _FRONT_FOLLOWS_BACK * back - belly,
        back_fat_mm=back_fat,
        front_fat_mm=float(front_fat),
        tip_t=float(_TIP_MM + spine["L3"].spinous_length_mm),
        muscle_fat=float(
            np.clip(_MUSCLE_FAT + _MUSCLE_FAT_PER_YEAR * years + _MUSCLE_FAT_PER_BMI * weight, *_MUSCLE_FAT_LIMITS)
        ),
        streaks=float(
            _STREAKS - _STREAKS_PER_YEAR * years - _STREAKS_PER_BMI * weight + _STREAKS_SD * rng.standard_normal()
        ),
        aorta_side_mm=float(_AORTA_SIDE_MM + _VESSEL_SIDE_SD_MM * rng.standard_normal()),
        aorta_radius_mm=float(
            _AORTA_RADIUS_MM[sex] + _AORTA_PER_YEAR_MM * (age - _AORTA_AGE) + _AORTA_SD_MM * rng.standard_normal()
        ),
        cava_side_mm=float(_CAVA_SIDE_MM + _VESSEL_SIDE_SD_MM * rng.standard_normal()),
        cava_radius_mm=float(_CAVA_RADIUS_MM + _CAVA_SD_MM * rng.standard_normal()),
        visceral=float(np.clip(_VISCERAL + _VISCERAL_PER_BMI * (bmi - _FAT_BMI), *_VISCERAL_LIMITS)),
    )


def paint_background(canvas: Canvas, body: Body) -> None:
    """Paint air, skin, the fat under it, and the muscles of the back with their fascia and fatty streaks."""
    x, fields = float(canvas.x_mm), canvas.fields
    back = rounded(body.back_y_mm - _BACK_ROUND * x * x)[:, None]
    front = rounded(body.front_y_mm + _BELLY_ROUND * x * x)[:, None]
    inner = np.minimum(back - canvas.y, canvas.y - front) + np.float32(_OUTLINE_WAVE_MM) * fields["large"]
    in_body = inner > 0
    shade = np.clip(
        np.float32(_FAT)
        + np.float32(_FAT_TEXTURE) * fields["medium"]
        - np.float32(_FAT_SEPTA) * _crest(fields["streak"], _SEPTA_WIDTH),
        *_FAT_LIMITS,
    )
    canvas.paint(in_body, "subcutaneous_fat", shade)
    canvas.paint(in_body & (inner < np.float32(_SKIN_THICKNESS_MM)), "skin")
    _paint_back_muscles(canvas, body, back)


def _crest(field: Plane, width: float) -> Plane:
    """1 on the lines where a field is zero, falling to 0: septa, strands and small vessels."""
    crest: Plane = np.maximum(np.float32(0.0), _ONE - np.abs(field) * np.float32(1.0 / width))
    return crest


def _paint_back_muscles(canvas: Canvas, body: Body, back: Plane) -> None:
    fields, t = canvas.fields, canvas.t
    side = canvas.side  # the same everywhere, unless the spine is bent sideways
    x = float(abs(side[0, 0]) if side.min() == side.max() else np.median(np.abs(side)))
    bulge = np.float32(_BULGE_MM * (1.0 - 1.0 / (1.0 + (x / _BULGE_ASIDE_MM) ** 2)))
    fat = rounded(body.back_fat_mm)[:, None]
    surface = (
        back
        - canvas.y
        - fat * np.float32(1.0 if x < _BULGE_ASIDE_MM else _FAT_ASIDE)
        + bulge * np.float32(_BULGE_UNDER_SKIN)
    )
    surface = surface - np.float32(_FASCIA_MM) + np.float32(_FASCIA_WAVE_MM) * fields["large"]
    region = (surface > 0) & (t > canvas.front * np.float32(0.5)) & (canvas.tissue != 0)
    streak = (
        fields["streak"] + np.float32(_STREAK_MIX[0]) * fields["medium"] + np.float32(_STREAK_MIX[1]) * fields["small"]
    )
    low = smoothstep(canvas.z, *_LOWER_MM) * np.float32(_LOWER_FATTIER)  # fattier towards the sacrum
    deep = smoothstep(t, *_DEEPER_MM) * np.float32(_DEEPER_FATTIER)  # and next to the laminae
    ramp = smoothstep(streak + low + deep, body.streaks - _STREAK_RAMP[0], body.streaks + _STREAK_RAMP[1])
    seam = _crest(
        fields["streak"] + np.float32(_SEAM_TEXTURE) * fields["medium"], _SEAM_WIDTH
    )  # thin planes between the bundles
    share = (
        np.float32(body.muscle_fat)
        + np.float32(_MUSCLE_TEXTURE) * np.abs(fields["small"])
        + np.float32(_STREAK_FAT) * ramp
    )
    share = share + np.float32(_SEAM_FAT * body.muscle_fat) * seam
    canvas.paint(region, "muscle", np.clip(share, *_STREAKY_FAT_LIMITS))
    canvas.shade(
        region, _ONE + np.float32(_MUSCLE_GRAIN[0]) * fields["medium"] + np.float32(_MUSCLE_GRAIN[1]) * fields["fine"]
    )
    canvas.paint(region & (surface < np.float32(_FASCIA_PAINTED_MM)), "ligament")


def paint_midline_ligaments(canvas: Canvas, body: Body) -> None:
    """Paint what lies between and behind the spinous processes: streaky ligament and fat, and the supraspinous band."""
    fields, t, aside = canvas.fields, canvas.t, np.abs(canvas.side)
    muscle = canvas.is_any("muscle")
    between = (
        (aside < _MIDLINE_HALF_MM) & (t > _MIDLINE_FROM_MM) & (t < np.float32(body.tip_t + _MIDLINE_BEYOND_MM)) & muscle
    )
    streak, medium, small = (np.float32(weight) for weight in _MIDLINE_MIX)
    mix = streak * fields["streak"] + medium * fields["medium"] + small * fields["small"]
    share = np.clip(
        np.float32(_MIDLINE_FAT) + np.float32(_MIDLINE_FAT_MORE) * smoothstep(mix, *_MIDLINE_FAT_SD),
        *_MIDLINE_FAT_LIMITS,
    )
    canvas.paint(between, "muscle", share)
    density = np.float32(_MIDLINE_DENSITY) - np.float32(_MIDLINE_DENSITY_LESS) * smoothstep(mix, *_MIDLINE_DENSITY_SD)
    canvas.pd_scale[between] = np.clip(density, *_MIDLINE_DENSITY_LIMITS)[between]
    tip = np.float32(body.tip_t) + np.float32(_BAND_WAVE_MM) * fields["large"]
    band = (aside < _BAND_HALF_MM) & (t > tip) & (t < tip + np.float32(_BAND_MM)) & (canvas.position < _BAND_ENDS)
    canvas.paint(band & canvas.is_any("muscle", "subcutaneous_fat"), "ligament")
    # Fat between the back muscles and the arches.
    cushion = muscle & (aside > _CUSHION_SIDE_MM[0]) & (aside < _CUSHION_SIDE_MM[1])
    cushion &= (t > _CUSHION_BEHIND_MM[0]) & (t < np.float32(_CUSHION_BEHIND_MM[1]))
    soft = smoothstep(fields["medium"] + np.float32(_CUSHION_TEXTURE) * fields["streak"], *_CUSHION_SD)
    share = np.float32(body.muscle_fat) + np.float32(_CUSHION_FAT) * soft
    canvas.paint(cushion, "muscle", np.clip(share, *_CUSHION_FAT_LIMITS))
