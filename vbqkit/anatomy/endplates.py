"""The relief of the endplates: no two plates of a spine are alike, and many have a small dip. Drawn once, looked up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.texture import Plane

Array = npt.NDArray[np.float64]

# All lengths in mm, chosen by eye on the pictures, unless a source is named.
_STEP_MM = 0.4  # of the tables below
_SWELLS, _SWELL_SD_MM, _SWELL_LIMIT_SD, _SWELL_RADIUS_MM = 5, 0.9, 2.0, (5.0, 11.0)
# Dips that are shallower than a Schmorl's node. Nodes are seen in 16.4 % of people (2449 volunteers, Mok et al., Spine
# 2010;35:1944-1952) and are a finding of their own; how often there is a smaller dip is a model assumption. They lie
# in the back half of the plate.
_DIP_SHARE, _DIP_MM, _DIP_RADIUS_MM = 0.15, (0.9, 2.0), (2.2, 4.2)
_DIP_BACK, _DIP_ASIDE = (0.0, 0.6), 0.5  # in half depths and half widths
_FLATTER_AT_RIM = 0.6  # share of the relief that is gone at the rim, where the ring of the plate is whole
_CORNERS_MM = (1.2, 3.8)  # how round the four corners of a middle section are: some are sharp as a beak


@dataclass(frozen=True, eq=False, slots=True)
class Relief:
    """How far the two endplates of one body lie off their smooth shape, and how round its corners are.

    Attributes
    ----------
    lifted_mm : ndarray, shape (2, rows, cols)
        By how much the upper and the lower endplate lie higher, over places to the left (rows) and to the back.
    corners_mm : tuple of 4 floats
        Radius of the upper front, upper back, lower front and lower back corner.
    """

    lifted_mm: Plane
    corners_mm: tuple[float, float, float, float]

    def lifted(self, u: Plane, v: Plane) -> tuple[Plane, Plane]:
        """By how much the upper and the lower endplate lie higher on a sagittal plane of the body, mm.

        Parameters
        ----------
        u, v : ndarray
            Points in its frame, to the left and to the back; the relief is taken at their mean place to the left.
        """
        _, rows, cols = self.lifted_mm.shape
        row = min(max(int(float(u.mean()) / _STEP_MM + rows / 2.0), 0), rows - 1)
        col = (v * np.float32(1.0 / _STEP_MM) + np.float32(cols / 2.0)).astype(np.int32)
        upper, lower = (table.take(col, mode="clip") for table in self.lifted_mm[:, row])
        return upper, lower


def draw_relief(rng: np.random.Generator, *, half_width_mm: float, half_depth_mm: float) -> Relief:
    """Draw the relief of one body's endplates: broad swells and hollows on both, and now and then a dip.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    half_width_mm, half_depth_mm : float
        Of the body.
    """
    across, along = (np.arange(-half, half, _STEP_MM) + _STEP_MM / 2.0 for half in (half_width_mm, half_depth_mm))
    lifted = np.zeros((2, len(across), len(along)))
    for plate in range(2):
        for _ in range(_SWELLS):
            height = _SWELL_SD_MM * float(np.clip(rng.standard_normal(), -_SWELL_LIMIT_SD, _SWELL_LIMIT_SD))
            place = (rng.uniform(-half_width_mm, half_width_mm), rng.uniform(-half_depth_mm, half_depth_mm))
            lifted[plate] += height * _hill(across, along, place, rng.uniform(*_SWELL_RADIUS_MM))
        is_there, deep, radius = rng.random() < _DIP_SHARE, rng.uniform(*_DIP_MM), rng.uniform(*_DIP_RADIUS_MM)
        place = (rng.uniform(-_DIP_ASIDE, _DIP_ASIDE) * half_width_mm, rng.uniform(*_DIP_BACK) * half_depth_mm)
        if is_there:
            lifted[plate] += (-deep, deep)[plate] * _hill(across, along, place, radius)
    to_rim = (across[:, None] / half_width_mm) ** 2 + (along[None, :] / half_depth_mm) ** 2
    lifted *= 1.0 - _FLATTER_AT_RIM * np.minimum(to_rim, 1.0)
    upper_front, upper_back, lower_front, lower_back = rng.uniform(*_CORNERS_MM, size=4).tolist()
    return Relief(lifted.astype(np.float32), (upper_front, upper_back, lower_front, lower_back))


def _hill(across: Array, along: Array, place: tuple[float, float], radius_mm: float) -> Array:
    """A round hill of height 1 at a place, 0 from its radius on."""
    far = ((across[:, None] - place[0]) ** 2 + (along[None, :] - place[1]) ** 2) / radius_mm**2
    hill: Array = np.maximum(0.0, 1.0 - far) ** 2
    return hill
