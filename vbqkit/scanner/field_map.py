"""Fields that are not what they should be: B1+ that differs from place to place, and gradients that bend.

``transmit_factor`` is what uneven B1+ does to the signal, ``measured_pixels`` what is left of a picture whose bent
geometry has been corrected.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

BODY_HALF_DEPTH_MM = 120.0
"""Half of the body from front to back: where B1+ is described. Model assumption."""

WARP_PER_MM2 = 2.2e-6
"""Relative displacement by bent gradients for each square of a millimetre from the isocenter: 6 mm at 140 mm, the order
of clinical gradients (Janke et al., Magn Reson Med 2004;52:115-122). The number is a model assumption."""


def transmit_factor(points_mm: FloatArray, *, body_center_mm: FloatArray, spread: float) -> FloatArray:
    """Signal of a spin echo where B1+ is not what it should be: ``sin^3(b 90 degrees)``.

    ``b = 1 + spread (1/2 - (r/R)^2)``: brighter in the middle of the body, as waves from all sides add up there
    (Collins et al., J Magn Reson Imaging 2005;21:192-196, doi:10.1002/jmri.20245). Both angles, of excitation and
    refocusing, scale with b. The parabola is a model assumption.

    Parameters
    ----------
    points_mm : ndarray, shape (..., 3)
        LPS mm.
    body_center_mm : ndarray, shape (3,)
        Axis of the body; only x and y matter.
    spread : float
        Difference of b between the middle and the rim of the body.
    """
    away = (points_mm[..., :2] - body_center_mm[:2]) / BODY_HALF_DEPTH_MM
    b = 1.0 + spread * (0.5 - np.minimum((away**2).sum(axis=-1), 1.5))
    factor: FloatArray = np.sin(np.clip(b, 0.0, 2.0) * (math.pi / 2.0)) ** 3
    return factor


def measured_pixels(positions_mm: FloatArray, *, fov_mm: float) -> npt.NDArray[np.bool_]:
    """Where a picture holds data after its warp was corrected, by rows and columns; elsewhere are curved zero wedges.

    Parameters
    ----------
    positions_mm : ndarray, shape (n,)
        Of the rows, and of the columns, from the isocenter.
    fov_mm : float
        Side of the field of view.
    """
    stretch = 1.0 + WARP_PER_MM2 * (positions_mm[:, None] ** 2 + positions_mm[None, :] ** 2)
    limit = fov_mm / 2.0
    inside: npt.NDArray[np.bool_] = (np.abs(positions_mm[:, None]) * stretch <= limit) & (
        np.abs(positions_mm[None, :]) * stretch <= limit
    )
    return inside
