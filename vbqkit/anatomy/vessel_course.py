"""How the great vessels of one person run: bends, narrowing and flattening along the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.texture import smooth_along

Array = npt.NDArray[np.float64]

# Lengths in mm. The aorta bends more with age; sizes are model assumptions, but for the narrowing.
_STEP_MM, _REACH_MM = 32.0, 64.0  # of the curves: a bend is about two vertebrae long
_BEND_MM, _BEND_PER_YEAR_MM, _BEND_FROM_AGE, _BEND_LIMIT_MM = 2.4, 0.06, 45.0, 5.5  # SD aside
_AHEAD_SHARE, _AHEAD_LIMITS_MM = 0.5, (-2.5, 6.0)  # of the SD aside; ahead of where the trunk lies otherwise
_CAVA_BEND_MM = 1.5
_CAVA_WIDTH_SD, _CAVA_WIDTH_LIMITS = 0.18, (0.65, 1.4)  # the vein gives way to what lies around it


@dataclass(frozen=True, eq=False, slots=True)
class VesselCourse:
    """Where the trunks lie beside their usual course, for each row of the grid. Lengths in mm.

    Attributes
    ----------
    z_mm : ndarray, shape (rows,)
        Rows, from head to foot.
    aorta_aside_mm, aorta_ahead_mm : ndarray, shape (rows,)
        How far the aorta lies to the left, and to the front.
    cava_aside_mm, cava_depth : ndarray, shape (rows,)
        How far the cava lies to the left; its depth relative to the usual.
    """

    z_mm: Array
    aorta_aside_mm: Array
    aorta_ahead_mm: Array
    cava_aside_mm: Array
    cava_depth: Array


def draw_vessel_course(rng: np.random.Generator, z_mm: Array, *, age: float) -> VesselCourse:
    """Draw the bends of the great vessels of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    z_mm : ndarray
        Rows of the grid, from head to foot.
    age : float
        Of the person: the aorta lengthens and bends with the years.
    """

    def curve() -> Array:
        return smooth_along(rng, z_mm, step_mm=_STEP_MM, reach_mm=_REACH_MM)

    bend = min(_BEND_LIMIT_MM, _BEND_MM + _BEND_PER_YEAR_MM * max(0.0, age - _BEND_FROM_AGE))
    return VesselCourse(
        z_mm=z_mm,
        aorta_aside_mm=bend * curve(),
        aorta_ahead_mm=np.clip(_AHEAD_SHARE * bend * curve(), *_AHEAD_LIMITS_MM),
        cava_aside_mm=_CAVA_BEND_MM * curve(),
        cava_depth=np.clip(1.0 + _CAVA_WIDTH_SD * curve(), *_CAVA_WIDTH_LIMITS),
    )
