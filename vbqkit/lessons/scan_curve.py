"""What the ROIs of a scanner lab read all along a slider: measured on the same picture, a few points at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median

import numpy as np

from vbqkit.errors import RoiError, ScannerError
from vbqkit.image import FloatArray, Slice
from vbqkit.page.linked_chart import is_log
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, FAT, NOISE, SCORED_LEVELS
from vbqkit.scanner.sequences import Control

MARROW = "marrow"
POINTS = 25
BUDGET_S = 0.006
"""Time that one move of a slider may spend on points of the curve that are not known yet."""


class RoiReader:
    """The pixels of ROIs, found once: every picture of a lab has the same geometry."""

    def __init__(self, rois: Iterable[Roi], image: Slice) -> None:
        found = {roi.label: roi.values(image) for roi in rois}
        self._places = {label: (pixels.rows, pixels.cols) for label, pixels in found.items()}

    def means(self, image: Slice) -> dict[str, float]:
        """Mean of each ROI, and the SD of noise: as :meth:`vbqkit.roi.Roi.measure` gives them."""
        values = {label: image.pixels[place].astype(np.float64) for label, place in self._places.items()}
        return {k: float(v.std(ddof=1) if k == NOISE else v.mean()) for k, v in values.items()}


def drawn_from(means: Mapping[str, float], score: str) -> dict[str, float]:
    """What is drawn: marrow (mean of the levels), CSF, fat, and the score of the second panel."""
    levels = [means[k] for k in SCORED_LEVELS if k in means]
    marrow, csf = float(np.mean(levels)), means.get(CSF, float("nan"))
    drawn = {MARROW: marrow} | {k: means[k] for k in (CSF, FAT) if k in means}
    if score.startswith("VBQ"):
        drawn[score] = median(levels) / csf if csf > 0 else float("nan")
    elif NOISE in means:
        drawn[score] = marrow / means[NOISE] if means[NOISE] > 0 else float("nan")
    return drawn


class ScanCurve:
    """Readings along one slider while all the others stand still.

    Parameters
    ----------
    control : Control
        The slider.
    read : callable
        ``read(value)`` gives what is drawn at that value of the slider.
    """

    def __init__(self, control: Control, read: Callable[[float], Mapping[str, float]]) -> None:
        space = np.geomspace if is_log(control.low, control.high) else np.linspace
        self.x: FloatArray = space(control.low, control.high, POINTS)
        self._read = read
        self._values: dict[str, FloatArray] = {}
        self._missing = [int(k) for k in _spread_out(POINTS)]

    def values(self) -> Mapping[str, FloatArray]:
        """Name to the readings at each x; nan where they are not known yet."""
        return self._values

    def measure(self, budget_s: float = float("inf")) -> None:
        """Measure points that are missing until the time is used up: at least one."""
        end = time.perf_counter() + budget_s
        while self._missing:
            k = self._missing.pop(0)
            try:
                found = self._read(float(self.x[k]))
            except (ScannerError, RoiError):  # times that no sequence can have: the curve has a gap there
                found = {}
            for name, value in found.items():
                self._values.setdefault(name, np.full(POINTS, np.nan))[k] = value
            if time.perf_counter() >= end:
                return


def _spread_out(n: int) -> list[int]:
    """All of 0 to n - 1, so that the first ones already span the whole.

    Examples
    --------
    >>> _spread_out(9)
    [0, 8, 4, 2, 6, 1, 3, 5, 7]
    """
    order, parts = [0, n - 1], 1
    while parts < n - 1:
        parts *= 2
        order += [round(k * (n - 1) / parts) for k in range(1, parts, 2)]
    return list(dict.fromkeys(order))
