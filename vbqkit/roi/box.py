"""Shapes with a center and two half axes: rectangle and ellipse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError
from vbqkit.image import FloatArray, Slice, Vector
from vbqkit.roi.measurement import Coverage
from vbqkit.roi.outline import circle_coverage, polygon_coverage
from vbqkit.roi.shape import Roi, pixel_grid, undecided


@dataclass(frozen=True, eq=False)
class _Box(Roi):
    """A shape held by a center and two perpendicular half axes, LPS mm."""

    center: Vector = (0.0, 0.0, 0.0)
    half_width: Vector = (0.0, 0.0, 0.0)
    half_height: Vector = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("center", "half_width", "half_height"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape != (3,) or not np.isfinite(values).all():
                raise RoiError(
                    f"ROI '{self.label}': {name} must be three finite numbers in mm; got {getattr(self, name)}."
                )
            object.__setattr__(self, name, tuple(float(v) for v in values))
        u, v = np.array(self.half_width), np.array(self.half_height)
        lengths = (float(np.linalg.norm(u)), float(np.linalg.norm(v)))
        if min(lengths) <= 0:
            raise RoiError(
                f"ROI '{self.label}' has half axes of {lengths[0]:g} and {lengths[1]:g} mm; both must be above 0."
            )
        if abs(float(u @ v)) > 1e-3 * lengths[0] * lengths[1]:
            raise RoiError(f"ROI '{self.label}': its two half axes must be at right angles.")

    @classmethod
    def on(
        cls,
        image: Slice,
        center_rc: tuple[float, float],
        width_mm: float,
        height_mm: float,
        *,
        angle_deg: float = 0.0,
        label: str = "",
    ) -> Self:
        """On a slice, by its center in (row, col), full width along the rows and height along the columns in mm.

        `angle_deg` turns it from the column direction towards the row direction (clockwise on the screen).
        """
        across, down = (np.array(v) / np.linalg.norm(v) for v in (image.col_step_mm, image.row_step_mm))
        cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
        return cls(
            center=image.to_patient_mm(center_rc),  # type: ignore[arg-type]
            half_width=(cos * across + sin * down) * width_mm / 2.0,
            half_height=(cos * down - sin * across) * height_mm / 2.0,
            label=label,
        )

    @property
    def center_mm(self) -> Vector:
        """LPS position of the center, mm."""
        return self.center

    @property
    def width_mm(self) -> float:
        """Full width, mm."""
        return 2.0 * float(np.linalg.norm(self.half_width))

    @property
    def height_mm(self) -> float:
        """Full height, mm."""
        return 2.0 * float(np.linalg.norm(self.half_height))

    @property
    def normal(self) -> Vector:
        """Unit vector perpendicular to the shape."""
        cross = np.cross(self.half_width, self.half_height)
        x, y, z = cross / np.linalg.norm(cross)
        return (float(x), float(y), float(z))

    def _coordinates(self) -> tuple[float, ...]:
        return (*self.center, *self.half_width, *self.half_height)

    def moved(self, shift_mm: npt.ArrayLike) -> Self:
        """The same shape, shifted by an LPS vector in mm."""
        return replace(self, center=tuple(np.array(self.center) + np.asarray(shift_mm, dtype=np.float64)))

    def scaled(self, factor: float) -> Self:
        """The same shape, its lengths multiplied by `factor` about the center."""
        return replace(
            self,
            half_width=tuple(np.array(self.half_width) * factor),
            half_height=tuple(np.array(self.half_height) * factor),
        )

    def _in_shape_axes(self, image: Slice, rows: FloatArray, cols: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixel centers in units of the half axes: (-1, -1) to (1, 1) is the bounding box."""
        (row0, col0) = image.to_rows_cols(self.center)
        axes = image.vectors_to_rows_cols([self.half_width, self.half_height])
        (ur, uc), (vr, vc) = axes
        det = ur * vc - uc * vr
        dr, dc = rows - row0, cols - col0
        return (dr * vc - dc * vr) / det, (dc * ur - dr * uc) / det

    def __repr__(self) -> str:
        center = ", ".join(f"{v:.1f}" for v in self.center)
        return f"<{type(self).__name__} {self.label!r}: {self.width_mm:.3g} x {self.height_mm:.3g} mm at ({center}) mm>"


@dataclass(frozen=True, eq=False, repr=False)
class Rectangle(_Box):
    """A rectangle, at any angle.

    A pixel center counts if it lies in [-1, 1) of each half axis, so rectangles that touch share no pixel.

    Parameters
    ----------
    center : tuple of 3 floats
        LPS mm.
    half_width, half_height : tuple of 3 floats
        LPS vectors from the center to the middle of a side, mm; at right angles.
    label : str
        Level or region: ``"L1"`` to ``"L4"``, ``"CSF"``, ``"noise"`` ...

    Examples
    --------
    >>> Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1").area_mm2
    40.0
    """

    @property
    def area_mm2(self) -> float:
        """Width times height, mm2."""
        return self.width_mm * self.height_mm

    def outline_mm(self, points: int = 64) -> FloatArray:  # noqa: ARG002 - a rectangle has four corners
        """The four corners, LPS mm, shape (4, 3)."""
        c, u, v = (np.array(x) for x in (self.center, self.half_width, self.half_height))
        return np.array([c - u - v, c + u - v, c + u + v, c - u + v])

    def _weights(self, image: Slice, coverage: Coverage, window: tuple[int, int, int, int]) -> FloatArray:
        if coverage == "area":
            return polygon_coverage(image.to_rows_cols(self.outline_mm()), window)
        s, t = (undecided(x) for x in self._in_shape_axes(image, *pixel_grid(window)))
        return ((s >= -1) & (s < 1) & (t >= -1) & (t < 1)).astype(np.float64)


@dataclass(frozen=True, eq=False, repr=False)
class Ellipse(_Box):
    """An ellipse, or a circle where the half axes are equally long, at any angle.

    A pixel center counts if ``s^2 + t^2 <= 1``, s and t in units of the half axes.

    Examples
    --------
    >>> round(Ellipse(center=(0, 0, 0), half_width=(0, 3, 0), half_height=(0, 0, -3)).area_mm2, 3)
    28.274
    """

    @property
    def area_mm2(self) -> float:
        """Pi times the product of the half axes, mm2."""
        return float(np.pi) * self.width_mm * self.height_mm / 4.0

    def outline_mm(self, points: int = 64) -> FloatArray:
        """Points on the outline, LPS mm, shape (points, 3); the four ends of the axes are among them."""
        angle = np.arange(points) * (2.0 * np.pi / points)
        c, u, v = (np.array(x) for x in (self.center, self.half_width, self.half_height))
        outline: FloatArray = c + np.cos(angle)[:, None] * u + np.sin(angle)[:, None] * v
        return outline

    def _weights(self, image: Slice, coverage: Coverage, window: tuple[int, int, int, int]) -> FloatArray:
        rows, cols = pixel_grid(window)
        if coverage == "area":
            axes = image.vectors_to_rows_cols([self.half_width, self.half_height])
            corners = [
                self._in_shape_axes(image, rows + dr, cols + dc)
                for dr, dc in ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5))
            ]
            return circle_coverage(np.array(corners), float(abs(np.linalg.det(axes))))
        s, t = (undecided(x) for x in self._in_shape_axes(image, rows, cols))
        return (undecided(s * s + t * t) <= 1).astype(np.float64)
