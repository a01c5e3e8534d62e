"""ROIs as they lie on one series: what is wrong with a place, the pixels under a ROI, and the line of the spine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.errors import Caution, RoiError
from vbqkit.image import FloatArray, Slice, Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS, SPINE_LEVELS

Severity = Literal["refusal", "caution"]
"""``"refusal"``: a score from this ROI means nothing. ``"caution"``: it is doubtful."""

STEP_MM = 0.5
"""Distance between two samples of a profile, mm."""

BRIGHT_CSF = ("T2", "STIR")
"""Weightings on which CSF is brighter than marrow; on T1 it is darker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRoiCheck:
    """One thing that is wrong, or doubtful, with where ROIs lie.

    Attributes
    ----------
    code : str
        Short stable name, such as ``"same-body-twice"``.
    severity : {"refusal", "caution"}
        Whether a score from these ROIs means nothing, or is doubtful.
    labels : tuple of str
        The ROIs it is about: it concerns every score that uses one of them, and no other.
    message : str
        What is odd, where, and what to do about it.
    shift_percent : tuple of two floats or None
        How far the doubtful ROI may shift VBQ with the median and with the mean as aggregator, in percent of the value
        without it; None where that cannot be estimated.
    """

    code: str
    severity: Severity
    labels: tuple[str, ...]
    message: str
    shift_percent: tuple[float, float] | None = None

    @property
    def refuses(self) -> bool:
        """Whether the scores that use these ROIs must not be given."""
        return self.severity == "refusal"

    def concerns(self, labels: Iterable[str]) -> bool:
        """Whether a score made from these labels is touched."""
        return bool(set(labels) & set(self.labels))

    def as_caution(self) -> Caution:
        """The same as a caution, to travel with a score."""
        return Caution(self.code, self.message)

    def as_row(self) -> dict[str, Any]:
        """One flat table row."""
        median, mean = self.shift_percent or (None, None)
        return {
            "code": self.code,
            "severity": self.severity,
            "labels": " ".join(self.labels),
            "message": self.message,
            "shift_median_percent": median,
            "shift_mean_percent": mean,
        }

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, eq=False)
class PlacedRoi:
    """A ROI, its slice, the pixels under it (row * columns + column) and their signal above the zero value, a.u."""

    roi: Roi
    image: Slice
    pixels: npt.NDArray[np.intp]
    values: FloatArray

    @property
    def label(self) -> str:
        """Name of the ROI."""
        return self.roi.label

    @cached_property
    def center(self) -> FloatArray:
        """LPS position, mm."""
        return np.array(self.roi.center_mm)

    @cached_property
    def mean(self) -> float:
        """Mean signal above the zero value of the series, a.u."""
        return float(self.values.mean())

    @cached_property
    def median(self) -> float:
        """Median signal above the zero value of the series, a.u."""
        return float(np.median(self.values))

    @property
    def is_level(self) -> bool:
        """Whether it is named after a vertebra."""
        return self.label in SPINE_LEVELS

    @property
    def number(self) -> int:
        """Place of its level from head to foot."""
        return SPINE_LEVELS.index(self.label)


@dataclass(frozen=True, eq=False)
class RoisOnSeries:
    """All ROIs of one series that could be measured."""

    volume: Volume
    rois: tuple[PlacedRoi, ...]

    @property
    def weighting(self) -> str:
        """Of the series."""
        return self.volume.acquisition.weighting

    @cached_property
    def levels(self) -> tuple[PlacedRoi, ...]:
        """The vertebrae, in the order of their names from head to foot."""
        return tuple(sorted((r for r in self.rois if r.is_level), key=lambda r: r.number))

    @cached_property
    def csf(self) -> PlacedRoi | None:
        """The CSF ROI."""
        return next((r for r in self.rois if r.label == CSF), None)

    @cached_property
    def scored(self) -> tuple[PlacedRoi, ...]:
        """The levels that a score may use: L1 to L4, and T12 and L5 where a level is missing."""
        scored = tuple(r for r in self.levels if r.label in SCORED_LEVELS)
        return scored if len(scored) == len(SCORED_LEVELS) or not scored else self.levels

    @cached_property
    def axis(self) -> FloatArray | None:
        """Unit vector along the spine towards the feet at the drawn levels; None where a second level is missing."""
        return None if len(self.levels) < 2 else _towards(self.by_height[0], self.by_height[-1])

    @cached_property
    def by_height(self) -> tuple[PlacedRoi, ...]:
        """The vertebrae in the order of their positions from head to foot."""
        return tuple(sorted(self.levels, key=lambda r: -r.center[2]))

    def along(self, placed: PlacedRoi, *, ignored: Collection[str] = ()) -> FloatArray:
        """Unit vector along the spine towards the feet at a level: from the level above to the level below.

        Levels whose names are `ignored` do not count: they lie elsewhere.
        """
        order = [r for r in self.by_height if r is placed or r.label not in ignored]
        k = order.index(placed)
        return _towards(order[max(k - 1, 0)], order[min(k + 1, len(order) - 1)])

    def behind(self, placed: PlacedRoi, line: Sequence[PlacedRoi]) -> float:
        """How far a ROI lies behind the line through some levels, at right angles to it, mm; negative: in front."""
        down = np.array([-r.center[2] for r in line])
        back = np.array([r.center[1] for r in line])
        upright = 1.0 if self.axis is None else abs(float(self.axis[2])) / float(np.hypot(self.axis[1], self.axis[2]))
        return float(placed.center[1] - np.interp(-placed.center[2], down, back)) * upright


def _towards(above: PlacedRoi, below: PlacedRoi) -> FloatArray:
    """Unit vector from one ROI to another; straight down where ROIs side by side show no direction of the spine."""
    way: FloatArray = below.center - above.center
    length = float(np.linalg.norm(way))
    return way / length if -way[2] > 0.5 * length else np.array([0.0, 0.0, -1.0])


def lay_out(volume: Volume, rois: Iterable[Roi], measured: Mapping[str, Measurement] | None = None) -> RoisOnSeries:
    """The ROIs with their pixels, except those that cannot be measured or are not in `measured`: scores say why."""
    found = []
    slices: dict[int, Slice] = {}  # one object a slice: its normal and spacing are worked out once
    for roi in rois:
        if roi.label not in (*SPINE_LEVELS, CSF) or (measured is not None and roi.label not in measured):
            continue
        try:
            image = roi.slice_of(volume)
            image = slices.setdefault(image.index, image)
            pixels = np.flatnonzero(roi.mask(image))
        except RoiError:
            continue
        values = image.pixels.reshape(-1)[pixels].astype(np.float64) - image.zero_value
        if np.isfinite(values).all():
            found.append(PlacedRoi(roi, image, pixels, values))
    return RoisOnSeries(volume, tuple(found))


def profile(image: Slice, center: FloatArray, along: FloatArray, reach_mm: float, half_band_mm: float) -> FloatArray:
    """Signal along a line through a point, above the zero value; nan where the band leaves the image.

    From -reach to +reach in steps of STEP_MM, nearest pixels, averaged over a band across the line in steps of about 1
    mm; a band of 0 is the line alone.
    """
    count = round(reach_mm / STEP_MM)
    steps: FloatArray = np.arange(-count, count + 1, dtype=np.float64) * STEP_MM
    return _band(image, center, along, steps, half_band_mm)


def ray(image: Slice, start: FloatArray, along: FloatArray, away_mm: FloatArray) -> FloatArray:
    """Signal of single pixels at distances along a direction, above the zero value; nan outside the image."""
    return _band(image, start, along, away_mm, 0.0)


def sideways(image: Slice, along: FloatArray) -> FloatArray:
    """Vector in the slice at right angles to another."""
    n, (x, y, z) = image.normal, along
    return np.array([n[1] * z - n[2] * y, n[2] * x - n[0] * z, n[0] * y - n[1] * x])


def _band(image: Slice, center: FloatArray, along: FloatArray, steps: FloatArray, half_band_mm: float) -> FloatArray:
    across = sideways(image, along)
    offsets = np.linspace(-half_band_mm, half_band_mm, 2 * round(half_band_mm) + 1)
    (row, col), (down_r, down_c), (side_r, side_c) = image.vectors_to_rows_cols(
        [center - np.array(image.origin_mm), along, across]
    )
    rows = np.rint(row + steps[:, None] * down_r + offsets * side_r).astype(np.intp)
    cols = np.rint(col + steps[:, None] * down_c + offsets * side_c).astype(np.intp)
    height, width = image.shape
    inside = ((rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)).all(axis=1)
    means = np.full(len(steps), np.nan)
    if image.padding is not None:  # outside the picture too
        inside[inside] = ~image.padding[rows[inside], cols[inside]].any(axis=1)
    means[inside] = image.pixels[rows[inside], cols[inside]].mean(axis=1) - image.zero_value
    return means


def brightest_stretch(band: FloatArray, width: int) -> float:
    """Highest mean of a stretch of so many samples; nan where the profile is too short or leaves the image."""
    if len(band) < width or np.isnan(band).any():
        return float("nan")
    sums = np.cumsum(np.insert(band, 0, 0.0))
    return float((sums[width:] - sums[:-width]).max() / width)
