"""What the pixels under one ROI say."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.errors import Caution
from vbqkit.values import ByContent

FloatArray = npt.NDArray[np.float64]

Coverage = Literal["center", "area"]
"""Which pixels count: ``"center"`` takes a pixel whole if its center is inside, ``"area"`` weighs each by the share
of its area that is inside."""


@dataclass(frozen=True, eq=False, slots=True)
class RoiPixels(ByContent):
    """The pixels under one ROI, row by row: what a measurement is made of.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Signals, in the arbitrary units of the series.
    weights : ndarray, shape (n,)
        How much each counts: 1 for ``"center"``; for ``"area"`` the share of the pixel that is inside, above 0 and at
        most 1.
    rows, cols : ndarray of int, shape (n,)
        Where each lies on the slice.
    """

    values: FloatArray
    weights: FloatArray
    rows: npt.NDArray[np.intp]
    cols: npt.NDArray[np.intp]

    def __post_init__(self) -> None:
        for name in ("values", "weights", "rows", "cols"):
            view = np.asarray(getattr(self, name)).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        """By the constructor, so that a copy cannot be written to either."""
        return RoiPixels, (self.values, self.weights, self.rows, self.cols)

    @property
    def mean(self) -> float:
        """``sum(w x) / sum(w)``."""
        return float((self.weights * self.values).sum() / self.weights.sum())

    @property
    def sd(self) -> float:
        """``sqrt(sum(w (x - mean)^2) / (W - sum(w^2) / W))``, W = sum(w); nan if n = 1.

        With all weights 1 it is the SD with ddof = 1.
        """
        if len(self) < 2:
            return float("nan")
        total = float(self.weights.sum())
        freedom = total - float((self.weights**2).sum()) / total
        return float(np.sqrt((self.weights * (self.values - self.mean) ** 2).sum() / freedom))

    def with_mean_and_sd(self, mean: float, sd: float) -> RoiPixels:
        """The same pixels, moved and spread about their mean to another mean and SD; the same object if it is theirs.

        Examples
        --------
        >>> line = RoiPixels(np.array([1.0, 2.0, 3.0]), np.ones(3), np.zeros(3, int), np.arange(3))
        >>> line.with_mean_and_sd(10.0, 2.0).values.tolist()
        [8.0, 10.0, 12.0]
        """
        own_mean, own_sd = self.mean, self.sd
        if own_mean == mean and (own_sd == sd or len(self) < 2):
            return self
        spread = max(sd, 0.0) / own_sd if own_sd > 0 else 1.0
        return replace(self, values=mean + spread * (self.values - own_mean))


@dataclass(frozen=True, slots=True, eq=False)
class Measurement(ByContent):
    """What the pixels under one ROI say. Signals in the arbitrary units of the series.

    Attributes
    ----------
    label : str
        Name of the ROI, such as ``"L3"``, ``"CSF"`` or ``"noise"``.
    n : int
        Pixels that count (``"center"``) or that are touched (``"area"``).
    area_mm2 : float
        Area of the shape as drawn, mm2.
    weight_px : float
        Sum of the weights in pixels: n for ``"center"``, the covered area in pixels for ``"area"``.
    mean, median, sd, min, max : float
        Of the signal. sd has ddof = 1 (for ``"area"``: reliability weights, unbiased in the same sense); nan if n = 1.
        An even number of pixels has the mean of the two middle values as median.
    fraction_zero : float
        Share of pixels at the stored value 0: background that was masked, not measured.
    fraction_clipped : float
        Share of pixels at the largest storable value; nan where that is unknown.
    slice_index : int
        Slice on which it was measured.
    coverage : str
        ``"center"`` or ``"area"``.
    cautions : tuple of Caution
        What is odd about the series: they go with every score that is made of it.
    refusal : str or None
        Why no score may be made of it (``volume.refusal``): the functions that compute one refuse.
    pixels : RoiPixels or None
        The pixels themselves, for a score that needs more than mean, median and SD; None for a measurement that was
        copied from elsewhere.
    """

    label: str
    n: int
    area_mm2: float
    weight_px: float
    mean: float
    median: float
    sd: float
    min: float
    max: float
    fraction_zero: float
    fraction_clipped: float
    slice_index: int
    coverage: Coverage = "center"
    cautions: tuple[Caution, ...] = field(default=(), repr=False, compare=False)
    refusal: str | None = field(default=None, compare=False)
    pixels: RoiPixels | None = field(default=None, repr=False, compare=False)

    @property
    def area_cm2(self) -> float:
        """Area of the shape, cm2."""
        return self.area_mm2 / 100.0

    def as_row(self) -> dict[str, Any]:
        """One flat table row: every attribute but the pixels, and ``area_cm2``; cautions in one cell."""
        row = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "pixels"}
        return row | {"cautions": "; ".join(map(str, self.cautions)) or None, "area_cm2": self.area_cm2}
