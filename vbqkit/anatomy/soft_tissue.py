"""Behind the spine and around the body: skin, fat, the muscles of the back and their ligaments, and the air outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canvas import Canvas
from vbqkit.anatomy.lying import tips_mm
from vbqkit.anatomy.skeleton import Spine
from vbqkit.anatomy.texture import Plane, rounded, smooth_along, smoothstep, smoothstep_f64
from vbqkit.anatomy.vessel_course import VesselCourse, draw_vessel_course

Array = npt.NDArray[np.float64]

# Lengths in mm; densities (protons relative to the tissue table), fat fractions and shares without unit. Numbers named
# _..._TEXTURE and _..._WAVE multiply random fields of unit SD. All chosen by eye on the pictures, unless a source is
# named.

# The outline of the body and how it grows with BMI (kg/m2)
_TIP_MM = 21.0  # start of the spinous process, as the arch is painted
_SKIN_SMOOTH_MM = 26.0  # SD over which the skin evens out the tips of the spinous processes
_SKIN_OVER_TIP_MM, _SKIN_MM, _SKIN_FREE_MM = 3.0, 4.0, 2.0
_BACK_FAT_MM, _BACK_FAT_PER_BMI_MM, _BACK_FAT_SD_MM, _BACK_FAT_LIMITS_MM = 4.0, 0.55, 0.8, (3.0, 40.0)
_BACK_FAT_BELOW, _BACK_FAT_BELOW_MM = 0.55, (30.0, 22.0)  # more towards the sacrum: share; where, and over which length
# What the weight of the body leaves of the fat between the furthest bone and the table; the skin bends up to the table
# and away from it within this distance. Model assumptions
_PRESSED, _TABLE_BEND_MM, _LEAST_FAT_MM = 0.7, 3.0, 2.0
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

# Skin and the fat under it: lobules between septa, with a fascia at this share of its depth
_BACK_ROUND, _BELLY_ROUND = 0.0012, 0.0016  # how the outline falls off aside, mm per mm2
_OUTLINE_WAVE_MM, _SKIN_THICKNESS_MM = 0.4, 1.7
_FAT, _FAT_TEXTURE, _FAT_SEPTA, _SEPTA_WIDTH, _SEPTA_TEXTURE = 0.95, 0.02, 0.55, 0.14, 0.5
_LOBULE_SEPTA, _LOBULE_WIDTH, _LOBULE_TEXTURE = 0.5, 0.13, 0.35  # between lobules of about 15 mm
_SEPTA_SD = (-0.6, 1.4)  # seen where the stripes of another field are high: a septum comes and goes
# How uneven the thickness of the fat of one person is along the back: SD, steps, reach of a step, and limits
_FAT_UNEVEN, _FAT_UNEVEN_MM, _FAT_REACH_MM, _FAT_UNEVEN_LIMITS = 0.16, 28.0, 42.0, (0.95, 1.4)
_FAT_LIMITS = (0.25, 0.97)
_SHEET_DEPTH, _SHEET_HALF_MM, _SHEET_WAVE_MM, _SHEET_FAT, _SHEET_FROM_MM = 0.55, 0.35, 2.0, 0.6, 6.0
_REAR = 0.45  # share of the columns before which the back cannot lie: not looked at, to save time
# Buttocks: the fat behind the lower sacrum grows aside of the cleft between them
_BUTTOCK_MM, _BUTTOCK_SIDE_MM, _BUTTOCK_BELOW_MM, _CLEFT_MM = 20.0, (3.0, 26.0), (-75.0, -150.0), 5.0
# Folds of the skin over the loin of people with much fat: depth for each kg/m2 beyond, half height, where
_FOLD_PER_BMI_MM, _FOLD_BMI, _FOLD_HALF_MM, _FOLD_Z_MM, _FOLD_LIMIT_MM = 0.6, 24.0, 5.5, (20.0, -35.0), 5.0
_ONE = np.float32(1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Body:
    """The outline of the body and the numbers that vary between people. Lengths in mm.

    Attributes
    ----------
    back_y_mm, front_y_mm : ndarray, shape (rows,)
        Skin of the back (were there no table) and of the belly in the midline, per row of the grid.
    back_fat_mm : ndarray, shape (rows,)
        Fat under the skin of the back, were there no table.
    table_y_mm : float
        The table on which the body lies: no skin reaches further back.
    front_fat_mm : float
        Fat under the skin of the belly.
    tip_t : float
        How far the spinous processes reach behind the back wall of the bodies.
    muscle_fat : float
        Fat fraction of clean muscle.
    streaks : float
        Threshold of the fatty streaks in unit standard deviations: lower is fattier.
    buttock : ndarray, shape (rows,)
        How far this row belongs to the buttocks, 0 to 1.
    aorta_side_mm, aorta_radius_mm, cava_side_mm, cava_radius_mm : float
        Where the great vessels run beside the midline, and their size.
    visceral : float
        Share of fat between the loops of bowel, 0 to 1.
    vessels : VesselCourse
        How aorta and cava bend and narrow on their way.
    """

    back_y_mm: Array
    front_y_mm: Array
    back_fat_mm: Array
    table_y_mm: float
    front_fat_mm: float
    tip_t: float
    muscle_fat: float
    streaks: float
    buttock: Array
    aorta_side_mm: float
    aorta_radius_mm: float
    cava_side_mm: float
    cava_radius_mm: float
    visceral: float
    vessels: VesselCourse

    def _buttock_on(self, x_mm: float) -> Array:
        near, far = _BUTTOCK_SIDE_MM
        aside = min(max((abs(x_mm) - near) / (far - near), 0.0), 1.0)
        buttock: Array = self.buttock * (_BUTTOCK_MM * aside - _CLEFT_MM * (1.0 - aside))
        return buttock

    def _free_on(self, x_mm: float) -> Array:
        free: Array = self.back_y_mm - _BACK_ROUND * x_mm * x_mm + self._buttock_on(x_mm)
        return free

    def back_on(self, x_mm: float) -> Plane:
        """Skin of the back on a plane, y in mm per row; shape (rows, 1)."""
        return rounded(on_table(self._free_on(x_mm), self.table_y_mm))[:, None]

    def fat_on(self, x_mm: float, *, share: float = 1.0) -> Plane:
        """Fat under the skin of the back and of the buttocks on a plane, per row; shape (rows, 1).

        Where the table presses, what it takes away is fat, as long as there is some; then muscle gives way.

        Parameters
        ----------
        x_mm : float
            The plane.
        share : float
            Of the fat of the midline, beside it.
        """
        free = self._free_on(x_mm)
        pressed = free - on_table(free, self.table_y_mm)
        return rounded(np.maximum(self.back_fat_mm * share + self._buttock_on(x_mm) - pressed, _LEAST_FAT_MM))[:, None]


def on_table(skin_y_mm: Array, table_y_mm: float) -> Array:
    """Skin that would hang behind the table lies on it; the change is smooth."""
    bent: Array = table_y_mm - _TABLE_BEND_MM * np.logaddexp(0.0, (table_y_mm - skin_y_mm) / _TABLE_BEND_MM)
    return bent


def skin_of_the_back(rng: np.random.Generator, spine: Spine, z_mm: Array, *, bmi: float) -> tuple[Array, Array, float]:
    """(y of the skin, thickness of the fat, y of the table) behind the midline at each z.

    The table lies behind the bone that reaches furthest back, with the skin and the fat that the weight leaves there.
    """
    tips = tips_mm(spine.vertebrae)
    order = np.argsort(tips[:, 2])
    tip_y = np.interp(z_mm, tips[order, 2], tips[order, 1])
    weights = np.exp(-0.5 * ((z_mm[:, None] - z_mm[None, :]) / _SKIN_SMOOTH_MM) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    smooth = weights @ tip_y
    table = np.polynomial.Polynomial.fit(z_mm, smooth, 2)(z_mm)  # lying flat evens the hollow out
    level = 0.5 * smooth + 0.5 * np.maximum(table, smooth)
    thin = _BACK_FAT_MM + _BACK_FAT_PER_BMI_MM * max(0.0, bmi - _LEAN_BMI) + _BACK_FAT_SD_MM * rng.standard_normal()
    thin = float(np.clip(thin, *_BACK_FAT_LIMITS_MM))
    below, over = _BACK_FAT_BELOW_MM
    fat = thin * (1.0 + _BACK_FAT_BELOW / (1.0 + np.exp((z_mm + below) / over)))
    margin = np.maximum(0.0, tip_y + _SKIN_OVER_TIP_MM - (level + _SKIN_FREE_MM))
    skin = level + _SKIN_MM + fat + weights @ margin
    fold = min(_FOLD_LIMIT_MM, _FOLD_PER_BMI_MM * max(0.0, bmi - _FOLD_BMI))
    for at in _FOLD_Z_MM:
        skin = skin - fold * np.exp(-0.5 * ((z_mm - at - _FOLD_HALF_MM * rng.standard_normal()) / _FOLD_HALF_MM) ** 2)
    return skin, fat, float(tips[:, 1].max()) + _SKIN_OVER_TIP_MM + _SKIN_MM + _PRESSED * thin


def make_body(rng: np.random.Generator, spine: Spine, z_mm: Array, *, age: float, sex: str, bmi: float) -> Body:
    """Draw the soft tissue of one person.

    The belly's depth and the fat under the skin grow with BMI; the fatty streaks of multifidus grow with age and BMI.
    """
    more, bends = rng.spawn(2)
    free, back_fat, table = skin_of_the_back(rng, spine, z_mm, bmi=bmi)
    back = on_table(free, table)
    back_fat = back_fat * _uneven(more, z_mm)
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
        back_y_mm=free,
        front_y_mm=back.mean() * (1.0 - _FRONT_FOLLOWS_BACK) + _FRONT_FOLLOWS_BACK * back - belly,
        back_fat_mm=back_fat,
        table_y_mm=table,
        front_fat_mm=float(front_fat),
        tip_t=float(_TIP_MM + spine["L3"].spinous_length_mm),
        muscle_fat=float(
            np.clip(_MUSCLE_FAT + _MUSCLE_FAT_PER_YEAR * years + _MUSCLE_FAT_PER_BMI * weight, *_MUSCLE_FAT_LIMITS)
        ),
        streaks=float(
            _STREAKS - _STREAKS_PER_YEAR * years - _STREAKS_PER_BMI * weight + _STREAKS_SD * rng.standard_normal()
        ),
        buttock=smoothstep_f64(z_mm, *_BUTTOCK_BELOW_MM),
        aorta_side_mm=float(_AORTA_SIDE_MM + _VESSEL_SIDE_SD_MM * rng.standard_normal()),
        aorta_radius_mm=float(
            _AORTA_RADIUS_MM[sex] + _AORTA_PER_YEAR_MM * (age - _AORTA_AGE) + _AORTA_SD_MM * rng.standard_normal()
        ),
        cava_side_mm=float(_CAVA_SIDE_MM + _VESSEL_SIDE_SD_MM * rng.standard_normal()),
        cava_radius_mm=float(_CAVA_RADIUS_MM + _CAVA_SD_MM * rng.standard_normal()),
        visceral=float(np.clip(_VISCERAL + _VISCERAL_PER_BMI * (bmi - _FAT_BMI), *_VISCERAL_LIMITS)),
        vessels=draw_vessel_course(bends, z_mm, age=age),
    )


def _uneven(rng: np.random.Generator, z_mm: Array) -> Array:
    """How the thickness of the fat of one person changes along the back, about 1."""
    smooth = smooth_along(rng, z_mm, step_mm=_FAT_UNEVEN_MM, reach_mm=_FAT_REACH_MM)
    return np.asarray(np.clip(1.0 + _FAT_UNEVEN * smooth, *_FAT_UNEVEN_LIMITS))


def paint_background(canvas: Canvas, body: Body) -> None:
    """Paint air, skin, the fat under it, and the muscles of the back with their fascia and fatty streaks."""
    x, fields, width = float(canvas.x_mm), canvas.fields, canvas.y.shape[1]
    back = body.back_on(x)
    front = rounded(body.front_y_mm + _BELLY_ROUND * x * x)[:, None]
    inner = np.minimum(back - canvas.y, canvas.y - front) + np.float32(_OUTLINE_WAVE_MM) * fields["large"]
    in_body = inner > 0
    live = np.flatnonzero(in_body.any(axis=0))  # no column of air in front and behind
    first, last = (int(live[0]), int(live[-1])) if len(live) else (0, -1)
    columns = np.s_[:, first : last + 1]
    inner, in_body, canvas = inner[columns], in_body[columns], canvas.part(columns)
    fields = canvas.fields
    fine = crest(fields["medium"] + np.float32(_SEPTA_TEXTURE) * fields["streak"], _SEPTA_WIDTH)
    lobes = crest(fields["large"] + np.float32(_LOBULE_TEXTURE) * fields["medium"], _LOBULE_WIDTH)
    septa = np.maximum(np.float32(_FAT_SEPTA) * fine, np.float32(_LOBULE_SEPTA) * lobes)
    septa = septa * smoothstep(fields["streak"] + fields["small"] * np.float32(0.5), *_SEPTA_SD)
    shade = np.clip(np.float32(_FAT) + np.float32(_FAT_TEXTURE) * fields["medium"] - septa, *_FAT_LIMITS)
    # The superficial fascia, parallel to the skin
    thick = np.maximum(body.fat_on(x), np.float32(_SHEET_FROM_MM))
    rear = np.s_[:, max(int(_REAR * width) - first, 0) :]
    sheet = (
        back - canvas.y[rear] - np.float32(_SHEET_DEPTH) * thick + np.float32(_SHEET_WAVE_MM) * fields["large"][rear]
    )
    np.copyto(shade[rear], np.float32(_SHEET_FAT), where=np.abs(sheet) < _SHEET_HALF_MM)
    canvas.paint(in_body, "subcutaneous_fat", shade)
    canvas.paint(in_body & (inner < np.float32(_SKIN_THICKNESS_MM)), "skin")


def crest(field: Plane, width: float) -> Plane:
    """1 on the lines where a field is zero, falling to 0: septa, strands and small vessels."""
    crest: Plane = np.maximum(np.float32(0.0), _ONE - np.abs(field) * np.float32(1.0 / width))
    return crest
