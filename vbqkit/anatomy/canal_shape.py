"""The shape of the vertebral canal while it is drawn: tables over arc length, which a finding may change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class CanalShape:
    """The dural sac and the room behind it, at each step along the canal; lengths in mm.

    Attributes
    ----------
    position : ndarray, shape (k,)
        Place along the spine in vertebrae from above: whole numbers in the middle of bodies, halves at discs.
    front_mm : ndarray
        Distance of the sac behind the back wall of the bodies.
    sac_depth_mm, sac_half_width_mm : ndarray
        Depth of the sac from front to back, and half its width.
    back_mm : ndarray
        Where the yellow ligament begins, behind the back wall, in the midline.
    """

    position: Array
    front_mm: Array
    sac_depth_mm: Array
    sac_half_width_mm: Array
    back_mm: Array


def bump(position: Array, center: float, half_width: float) -> Array:
    """1 at a center, falling smoothly to 0 at `half_width` from it: where along the spine something acts, how much."""
    u = np.clip(np.abs(position - center) / half_width, 0.0, 1.0)
    smooth: Array = (1.0 - u * u) ** 2
    return smooth
