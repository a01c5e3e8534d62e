"""A shape with corners: polygon and freehand outline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError
from vbqkit.image import FloatArray, Slice, Vector
from vbqkit.roi.measurement import Coverage
from vbqkit.roi.outline import crosses_itself, polygon_coverage, polygon_mask
from vbqkit.roi.shape import Roi, pixel_grid, undecided


@dataclass(frozen=True, eq=False, repr=False)
class Polygon(Roi):
    """A polygon with straight sides that do not cross; freehand outlines are polygons with many points.

    A pixel center counts by the even-odd rule; polygons that share a side share no pixel.

    Parameters
    ----------
    points : array-like, shape (k, 3)
        Corners, LPS mm, k >= 3, in one plane (to 0.1 mm), not closed.
    label : str
        Level or region.

    Examples
    --------
    >>> Polygon(points=[(0, 0, 0), (0, 4, 0), (0, 0, 3)], label="L2").area_mm2
    6.0
    """

    points: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1:] != (3,) or len(points) < 3 or not np.isfinite(points).all():
            raise RoiError(
                f"ROI '{self.label}': a polygon needs at least 3 points of 3 finite numbers in mm; got shape {points.shape}."
            )
        points.flags.writeable = False
        object.__setattr__(self, "points", points)
        if self.area_mm2 <= 1e-9:
            raise RoiError(f"ROI '{self.label}': the {len(points)} points of the polygon enclose no area.")
        off = np.abs((points - points.mean(axis=0)) @ np.array(self.normal)).max()
        if off > 0.1:
            raise RoiError(
                f"ROI '{self.label}': the points of the polygon lie up to {off:.1f} mm off one plane. Draw it on one slice."
            )
        if crosses_itself(self._flat()):
            raise RoiError(
                f"ROI '{self.label}': the outline crosses itself, so its inside is not defined. Draw it again without a loop."
            )

    @property
    def _area_vector(self) -> FloatArray:
        base = self.points - self.points[0]
        total: FloatArray = np.cross(base, np.roll(base, -1, axis=0)).sum(axis=0) / 2.0
        return total

    @property
    def area_mm2(self) -> float:
        """Enclosed area (shoelace formula), mm2."""
        return float(np.linalg.norm(self._area_vector))

    @property
    def normal(self) -> Vector:
        """Unit vector perpendicular to the polygon."""
        x, y, z = self._area_vector / self.area_mm2
        return (float(x), float(y), float(z))

    @property
    def center_mm(self) -> Vector:
        """Centroid of the area, LPS mm."""
        base = self.points - self.points[0]
        nxt = np.roll(base, -1, axis=0)
        weight = np.cross(base, nxt) @ np.array(self.normal) / 2.0
        x, y, z = self.points[0] + ((base + nxt) / 3.0 * weight[:, None]).sum(axis=0) / weight.sum()
        return (float(x), float(y), float(z))

    def _coordinates(self) -> tuple[float, ...]:
        return tuple(self.points.ravel().tolist())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.points.flags.writeable = False  # pickle and deepcopy make arrays that can be written to

    def moved(self, shift_mm: npt.ArrayLike) -> Self:
        """The same shape, shifted by an LPS vector in mm."""
        return replace(self, points=self.points + np.asarray(shift_mm, dtype=np.float64))

    def scaled(self, factor: float) -> Self:
        """The same shape, its lengths multiplied by `factor` about the centroid."""
        center = np.array(self.center_mm)
        return replace(self, points=center + (self.points - center) * factor)

    def outline_mm(self, points: int = 64) -> FloatArray:  # noqa: ARG002 - a polygon has its own corners
        """The corners, LPS mm, shape (k, 3)."""
        return self.points

    def _flat(self) -> FloatArray:
        u = self.points[np.argmax(np.linalg.norm(self.points - self.points[0], axis=1))] - self.points[0]
        u = u / np.linalg.norm(u)
        base = self.points - self.points[0]
        return np.stack([base @ u, base @ np.cross(self.normal, u)], axis=1)

    def _weights(self, image: Slice, coverage: Coverage, window: tuple[int, int, int, int]) -> FloatArray:
        corners = image.to_rows_cols(self.points)
        if coverage == "area":
            return polygon_coverage(corners, window)
        rows, cols = pixel_grid(window)
        return polygon_mask(undecided(corners), rows, cols).astype(np.float64)

    def __repr__(self) -> str:
        center = ", ".join(f"{v:.1f}" for v in self.center_mm)
        return f"<Polygon {self.label!r}: {len(self.points)} points, {self.area_mm2:.3g} mm2 at ({center}) mm>"
