"""Where a virtual patient's bodies and sac truly are: what automatic ROIs are compared with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.canvas import CODE
from vbqkit.roi import Roi
from vbqkit.roi.labels import SCORED_LEVELS

_POINTS = 15


class Truth:
    """The level map and the sac of a phantom at places in patient coordinates."""

    def __init__(self, phantom: Phantom) -> None:
        self.phantom = phantom
        self.reference_rois = phantom.reference_rois
        self.inverse = np.linalg.inv(phantom.affine)
        codes = np.unique(phantom.level)
        self.level = phantom.level
        self.codes = {LEVEL_OF_CODE[c]: int(c) for c in codes if c}
        z = phantom.affine[2, 3] + phantom.affine[2, 1] * np.arange(phantom.level.shape[1])
        areas = {name: (phantom.level == code).sum(axis=(0, 2)) for name, code in self.codes.items()}
        self.heights = {name: float(area @ z / area.sum()) for name, area in areas.items()}
        self.sac = [CODE[name] for name in ("csf", "nerve_root", "spinal_cord")]

    def _index(self, points_mm: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], ...]:
        points = np.atleast_2d(np.asarray(points_mm, dtype=np.float64))
        at = np.rint(np.c_[points, np.ones(len(points))] @ self.inverse.T)[:, :3].astype(np.intp)
        limits = np.array(self.level.shape) - 1
        return tuple(np.clip(at, 0, limits).T)

    def level_at(self, point_mm: npt.ArrayLike) -> str:
        """Level of the body at a place, ``""`` where there is none."""
        return LEVEL_OF_CODE[int(self.level[self._index(point_mm)][0])]

    def level_beside(self, point_mm: npt.ArrayLike) -> str:
        """Level of the body whose middle is nearest to the height of a place."""
        z = float(np.asarray(point_mm)[2])
        return min(self.heights, key=lambda name: abs(self.heights[name] - z))

    def inside(self, roi: Roi, level: str) -> float:
        """Share of a ROI that lies within the true body."""
        return float((self.level[self._index(points_in(roi))] == self.codes[level]).mean())

    def in_sac(self, roi: Roi) -> float:
        """Share of a ROI that lies within the true dural sac."""
        return float(np.isin(self.phantom.tissue[self._index(points_in(roi))], self.sac).mean())

    def off_center_mm(self, roi: Roi, level: str) -> float:
        """Distance of the ROI's center from the middle of the true body on that plane, mm."""
        plane = int(self._index(roi.center_mm)[0][0])
        rows, cols = np.nonzero(self.level[plane] == self.codes[level])
        middle = self.phantom.affine @ np.array([plane, rows.mean(), cols.mean(), 1.0])
        return float(np.linalg.norm((np.array(roi.center_mm) - middle[:3])[1:]))

    def middle_x_mm(self) -> float:
        """LPS x of the middle of L1 to L4."""
        counts = sum((self.level == self.codes[name]).sum(axis=(1, 2)) for name in SCORED_LEVELS if name in self.codes)
        weights = np.asarray(counts, dtype=np.float64)
        mean = float(weights @ np.arange(len(weights)) / weights.sum())
        return float(self.phantom.affine[0, 3] + mean * self.phantom.affine[0, 0])


def points_in(roi: Roi) -> npt.NDArray[np.float64]:
    """Points that fill a rectangle or an ellipse, LPS mm, shape (n, 3)."""
    outline = roi.outline_mm(48)
    center = np.array(roi.center_mm)
    if len(outline) == 4:
        corners = outline - center
        u, v = (corners[2] - corners[3]) / 2.0, (corners[2] - corners[1]) / 2.0
        s = np.linspace(-0.98, 0.98, _POINTS)
        away = s[:, None, None] * u + s[None, :, None] * v
    else:
        away = np.linspace(0.05, 0.99, _POINTS)[:, None, None] * (outline - center)
    filled: npt.NDArray[np.float64] = center + away.reshape(-1, 3)
    return filled
