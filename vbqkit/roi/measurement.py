"""What the pixels under one ROI say."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from vbqkit.errors import Caution
from vbqkit.values import ByContent

Coverage = Literal["center", "area"]
"""Which pixels count: ``"center"`` takes a pixel whole if its center is inside, ``"area"`` weighs each by the share
of its area that is inside."""


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

    @property
    def area_cm2(self) -> float:
        """Area of the shape, cm2."""
        return self.area_mm2 / 100.0

    def as_row(self) -> dict[str, Any]:
        """One flat table row: every attribute and ``area_cm2``; cautions in one cell."""
        row = {one.name: getattr(self, one.name) for one in fields(self)}
        return row | {"cautions": "; ".join(map(str, self.cautions)) or None, "area_cm2": self.area_cm2}
