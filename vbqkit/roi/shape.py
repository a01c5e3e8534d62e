"""What every shape can do: lie on a slice, cover pixels, measure them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError, kind_of
from vbqkit.html_table import table_html
from vbqkit.image import FloatArray, Slice, Vector, Volume
from vbqkit.roi.measurement import Coverage, Measurement, RoiPixels

FIXED_AREA_CM2 = 0.40
"""Area of every ROI in the Košice group 2025 (Clin Osteol 2025;30(1):36-40), cm2."""

MAX_TILT_DEG = 5.0
"""A ROI counts as lying on a slice up to this angle between their planes."""

_AT_ONCE_PX = 500_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Roi(ABC):
    """Base of the shapes. Use :class:`Rectangle`, :class:`Ellipse` or :class:`Polygon`."""

    label: str = ""

    @property
    @abstractmethod
    def center_mm(self) -> Vector:
        """LPS position of the center (for a polygon: of its area), mm."""

    @property
    @abstractmethod
    def area_mm2(self) -> float:
        """Area of the shape, mm2."""

    @property
    @abstractmethod
    def normal(self) -> Vector:
        """Unit vector perpendicular to the shape."""

    @abstractmethod
    def moved(self, shift_mm: npt.ArrayLike) -> Self:
        """The same shape, shifted by an LPS vector in mm."""

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """The same shape, its lengths multiplied by `factor` about the center."""

    @abstractmethod
    def outline_mm(self, points: int = 64) -> FloatArray:
        """The outline as LPS points in mm, shape (k, 3), not closed; a curve is given by `points` points."""

    def _coordinates(self) -> tuple[float, ...]:
        """The numbers that hold the shape, for comparing."""
        return tuple(self.outline_mm().ravel().tolist())

    def __eq__(self, other: object) -> bool:
        """Whether another ROI has the same shape, coordinates and label, to the last bit."""
        if not isinstance(other, Roi):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _repr_html_(self) -> str:
        """Facts of the shape as a table, for the last line of a cell."""
        facts = {
            "ROI": self.label or "without a label",
            "shape": type(self).__name__.lower(),
            "center (LPS), mm": ", ".join(f"{mm:.1f}" for mm in self.center_mm),
            "area, cm2": self.area_mm2 / 100.0,
        }
        return table_html(facts)

    def _identity(self) -> tuple[Any, ...]:
        return (type(self), self.label, self._coordinates())

    @abstractmethod
    def _weights(self, image: Slice, coverage: Coverage, window: tuple[int, int, int, int]) -> FloatArray:
        """Weight of each pixel in rows r0:r1, cols c0:c1."""

    def with_label(self, label: str) -> Self:
        """The same shape under another label."""
        return replace(self, label=label)

    def with_area(self, area_cm2: float = FIXED_AREA_CM2) -> Self:
        """The same shape about the same center, scaled to an area in cm2 (0.40 cm2 in the Košice group 2025)."""
        if not area_cm2 > 0:
            raise RoiError(f"An area of {area_cm2} cm2 is not possible; give a number above 0.")
        return self.scaled(float(np.sqrt(area_cm2 * 100.0 / self.area_mm2)))

    def slice_of(self, image: Slice | Volume) -> Slice:
        """The slice that this ROI lies on.

        Raises
        ------
        RoiError
            If this is no image, or the ROI's plane is tilted by more than 5 degrees or lies further from the slice than
            half the slice distance.
        """
        if not isinstance(image, (Slice, Volume)):
            raise RoiError(
                f"ROI '{self.label}' is measured on a Volume or a Slice; got {kind_of(image)}. Of a study: "
                "study.find('T1').volume()."
            )
        target = image.nearest_slice(self.center_mm) if isinstance(image, Volume) else image
        tilt_deg = float(np.degrees(np.arccos(min(1.0, abs(float(np.dot(self.normal, target.normal)))))))
        if tilt_deg > MAX_TILT_DEG:
            raise RoiError(
                f"ROI '{self.label}' lies on another plane: it is tilted by {tilt_deg:.1f} degrees against the "
                f"{target.plane} slice {target.index}. Draw it on this series."
            )
        distance = abs(float(target.distance_mm(self.center_mm)))
        allowed = (target.depth_mm or target.thickness_mm or max(target.spacing_mm)) / 2.0
        if distance > allowed + 1e-3:
            raise RoiError(
                f"ROI '{self.label}' lies {distance:.1f} mm from slice {target.index}, which reaches {allowed:.1f} mm to "
                "either side. Choose the slice on which it was drawn, or draw it again."
            )
        return target

    def mask(self, image: Slice | Volume, *, coverage: Coverage = "center") -> npt.NDArray[Any]:
        """Which pixels of the slice count.

        Returns
        -------
        ndarray, shape (rows, cols)
            bool for ``"center"``; for ``"area"`` the covered share of each pixel, 0 to 1.

        Raises
        ------
        RoiError
            If the ROI is on another plane, reaches beyond the image, or covers no pixel.
        """
        target = self.slice_of(image)
        r0, r1, c0, c1 = self._window(target, coverage)
        full = np.zeros(target.shape, dtype=bool if coverage == "center" else np.float64)
        step = max(1, _AT_ONCE_PX // max(1, c1 - c0))
        for top in range(r0, r1, step):  # the weights of a large grid at once would take many times the mask
            bottom = min(top + step, r1)
            full[top:bottom, c0:c1] = self._weights(target, coverage, (top, bottom, c0, c1))
        if not full.any():
            raise self._covers_nothing(target)
        return full

    def values(self, image: Slice | Volume, *, coverage: Coverage = "center") -> RoiPixels:
        """The pixels under the ROI, each with its weight: exactly those that :meth:`measure` counts.

        With ``"center"`` a pixel counts whole if its center is inside (a center on the outline by the rule of the
        shape), and every weight is 1. With ``"area"`` every pixel that the ROI touches counts by the share of its area
        that is inside: fractional coverage. ``measure`` uses these values and weights and no others.

        Parameters
        ----------
        image : Slice or Volume
            Of a volume, the slice nearest to the ROI.
        coverage : {"center", "area"}
            Which pixels count.

        Returns
        -------
        RoiPixels
            Values in the units of the series, row by row, with weights, rows and columns.

        Raises
        ------
        RoiError
            As :meth:`measure`.

        Examples
        --------
        >>> from vbqkit.roi import Rectangle
        >>> image = Slice(np.arange(12.0).reshape(3, 4), (0, 0, 0), (0, 0, -1), (0, 1, 0))
        >>> box = Rectangle(center=(0, 1.5, -1), half_width=(0, 1, 0), half_height=(0, 0, -1), label="L3")
        >>> box.values(image).values.tolist()
        [1.0, 2.0, 5.0, 6.0]
        >>> float(box.values(image, coverage="area").weights.sum()), box.area_mm2
        (4.0, 4.0)
        """
        return self._pixels(self.slice_of(image), coverage)

    def _pixels(self, target: Slice, coverage: Coverage) -> RoiPixels:
        r0, r1, c0, c1 = window = self._window(target, coverage)
        weights = self._weights(target, coverage, window)
        if not weights.any():
            raise self._covers_nothing(target)
        inside = weights > 0
        values = np.asarray(target.pixels[r0:r1, c0:c1][inside], dtype=np.float64)
        if not np.isfinite(values).all():
            raise RoiError(
                f"ROI '{self.label}' covers {int((~np.isfinite(values)).sum())} pixels that are not finite numbers. "
                "Move it, or read the series again: the file holds NaN or infinity there."
            )
        rows, cols = np.nonzero(inside)
        return RoiPixels(values, weights[inside].astype(np.float64), rows + r0, cols + c0)

    def measure(self, image: Slice | Volume, *, coverage: Coverage = "center") -> Measurement:
        """Measure the signal under the ROI.

        Mean ``sum(w x) / sum(w)``; SD with ddof = 1; with area weights ``sum(w (x - mean)^2) / (W - sum(w^2) / W)``,
        W = sum(w), and as median the value at which half of W is reached.

        Raises
        ------
        RoiError
            As :meth:`mask`, and if a covered pixel is not a finite number.

        Examples
        --------
        >>> from vbqkit.roi import Rectangle
        >>> image = Slice(np.arange(12.0).reshape(3, 4), (0, 0, 0), (0, 0, -1), (0, 1, 0))
        >>> box = Rectangle(center=(0, 1.5, -1), half_width=(0, 1, 0), half_height=(0, 0, -1), label="L3")
        >>> box.measure(image).mean
        3.5
        """
        target = self.slice_of(image)
        pixels = self._pixels(target, coverage)
        values, w, total = pixels.values, pixels.weights, float(pixels.weights.sum())
        clipped = float("nan")
        if target.max_storable is not None:
            clipped = float(w[values >= target.max_storable].sum() / total)
        return Measurement(
            label=self.label,
            n=len(values),
            area_mm2=self.area_mm2,
            weight_px=total,
            mean=pixels.mean,
            median=_weighted_median(values, w) if coverage == "area" else float(np.median(values)),
            sd=pixels.sd,
            min=float(values.min()),
            max=float(values.max()),
            fraction_zero=float(w[values == target.zero_value].sum() / total),
            fraction_clipped=clipped,
            slice_index=target.index,
            coverage=coverage,
            cautions=target.cautions,
            refusal=target.refusal,
            pixels=pixels,
        )

    def _window(self, target: Slice, coverage: Coverage) -> tuple[int, int, int, int]:
        """Rows r0:r1 and columns c0:c1 that the ROI reaches."""
        if coverage not in ("center", "area"):
            raise RoiError(f"Coverage '{coverage}' is unknown; use 'center' (pixel centers) or 'area' (exact shares).")
        corners = target.to_rows_cols(self.outline_mm(256))
        (low_r, low_c), (high_r, high_c) = corners.min(axis=0), corners.max(axis=0)
        rows, cols = target.shape
        beyond = max(-0.5 - low_r, -0.5 - low_c, high_r - rows + 0.5, high_c - cols + 0.5)
        if beyond > 1e-6:
            center = ", ".join(f"{v:.1f}" for v in self.center_mm)
            height, width = rows * target.spacing_mm[0], cols * target.spacing_mm[1]
            raise RoiError(
                f"ROI '{self.label}' reaches {beyond:.1f} pixels beyond the image: center ({center}) mm on a "
                f"{height:.0f} x {width:.0f} mm image. Move it inside or make it smaller."
            )
        r0, c0 = max(0, int(np.floor(low_r + 0.5 - 1e-9))), max(0, int(np.floor(low_c + 0.5 - 1e-9)))
        r1, c1 = min(rows, int(np.ceil(high_r + 0.5 + 1e-9))), min(cols, int(np.ceil(high_c + 0.5 + 1e-9)))
        return r0, r1, c0, c1

    def _covers_nothing(self, target: Slice) -> RoiError:
        return RoiError(
            f"ROI '{self.label}' covers no pixel center: its area is {self.area_mm2:.3g} mm2, one pixel has "
            f"{target.pixel_area_mm2:.3g} mm2. Make it larger."
        )


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    half = cumulative[-1] / 2.0
    k = int(np.searchsorted(cumulative, half * (1 - 1e-12)))
    low = float(values[order[k]])
    if abs(cumulative[k] - half) <= 1e-12 * half and k + 1 < len(values):
        return (low + float(values[order[k + 1]])) / 2.0
    return low


def undecided(x: FloatArray) -> FloatArray:
    """Coordinates rounded to 1e-9 before they decide which pixels count.

    A center that lies exactly on an outline must not be in or out by the last bit of a rounding error: that bit differs
    between processors, between libraries, and between Python and the browser.

    Examples
    --------
    >>> float(undecided(np.array(1.0 - 1e-14)))
    1.0
    """
    return np.round(x, 9)


def pixel_grid(window: tuple[int, int, int, int]) -> tuple[FloatArray, FloatArray]:
    """Rows (m, 1) and columns (1, n) of the pixel centers in a window."""
    r0, r1, c0, c1 = window
    return np.arange(r0, r1, dtype=np.float64)[:, None], np.arange(c0, c1, dtype=np.float64)[None, :]


def listed_rois(rois: object) -> tuple[Roi, ...]:
    """ROIs as a tuple, however they were given.

    Raises
    ------
    RoiError
        If something else was given: an image, a path.
    """
    given = tuple(rois) if isinstance(rois, Iterable) and not isinstance(rois, (str, Volume)) else (rois,)
    for roi in given:
        if not isinstance(roi, Roi):
            raise RoiError(f"ROIs are needed, such as read_rois(path) gives; got {kind_of(roi)}.")
    return given
