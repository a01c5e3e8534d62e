"""A score as a landscape over the place and size of a ROI: what a reader would get who had placed it elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ScoreError
from vbqkit.image import FloatArray, Slice
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores.marrow_to_csf import AGGREGATES, Aggregate

REACH_MM = (14.0, 16.0)
"""How far the ROI goes to the front and back, and up and down, mm: across a body and its disc."""

AREAS_CM2 = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5)
"""Sizes of the moved ROI; 0.40 cm2 is that of the Košice group 2025."""

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class VbqLandscape:
    """VBQ over the place and size of one ROI, or of several moved together.

    Attributes
    ----------
    score : str
        Such as ``"VBQ-T1"``.
    moved : tuple of str
        Labels of the ROIs that are moved; the others stay.
    value : float
        The score as placed.
    back_mm : ndarray, shape (m,)
        Shifts within the slice, towards the back of the patient, mm; 0 is as placed.
    up_mm : ndarray, shape (k,)
        Shifts towards the head, mm.
    by_place : ndarray, shape (k, m)
        The score at each shift with the size as placed; nan where the ROI would leave the image or CSF has no signal.
    area_cm2 : ndarray, shape (n,)
        Sizes of each moved ROI, cm2.
    by_size : ndarray, shape (n, m)
        The score at each size and shift towards the back, at the height as placed.
    placed_area_cm2 : float
        Size as placed, of the first of the moved ROIs, cm2.
    """

    score: str
    moved: tuple[str, ...]
    value: float
    back_mm: FloatArray
    up_mm: FloatArray
    by_place: FloatArray
    area_cm2: FloatArray
    by_size: FloatArray
    placed_area_cm2: float

    def percent(self, values: FloatArray) -> FloatArray:
        """Change against the score as placed, %."""
        return 100.0 * (np.asarray(values) / self.value - 1.0)

    def share_within(self, percent: float) -> float:
        """Share of the places, 0 to 1, at which the score lies within this many percent of the score as placed."""
        change = self.percent(self.by_place)
        known = np.isfinite(change)
        return float((np.abs(change[known]) <= percent).mean()) if known.any() else float("nan")


def vbq_landscape(
    image: Slice,
    rois: Iterable[Roi],
    *,
    moved: Sequence[str],
    aggregate: Aggregate,
    reach_mm: tuple[float, float] = REACH_MM,
    areas_cm2: Iterable[float] = AREAS_CM2,
) -> VbqLandscape:
    """VBQ of one slice with some of its ROIs moved within the slice by whole pixels, and made smaller and larger.

    ``VBQ = aggregate(L1 to L4) / CSF`` at every place, from running sums along the rows of the image: the means are
    those of :meth:`vbqkit.roi.Roi.measure` at the same place, and some thousand places take milliseconds.

    Parameters
    ----------
    image : Slice
        Sagittal, of the weighting that is scored.
    rois : iterable of Roi
        Labelled L1 to L4 and CSF, on this slice; others are passed over.
    moved : sequence of str
        Which of them are moved, together: one level, all of them, or CSF.
    aggregate : {"median", "mean"}
        Of the levels.
    reach_mm : pair of float
        Greatest shift to the front and back, and up and down, mm.
    areas_cm2 : iterable of float
        Sizes to try, cm2.

    Returns
    -------
    VbqLandscape

    Raises
    ------
    ScoreError
        If a level or CSF has no ROI, another ROI is to be moved, or the slice is not sagittal.
    RoiError
        If a ROI does not lie on this slice.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> pixels = np.full((80, 80), 100.0)
    >>> pixels[:, 60:] = 50.0
    >>> image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
    >>> rois = [Rectangle.on(image, (10 + 20 * k, 30), 6, 6, label=f"L{k + 1}") for k in range(4)]
    >>> rois.append(Rectangle.on(image, (40, 70), 4, 10, label="CSF"))
    >>> found = vbq_landscape(image, rois, moved=["CSF"], aggregate="median", reach_mm=(9, 4))
    >>> found.value, float(found.by_place[4, 9]), float(found.by_place[4, 0])
    (2.0, 2.0, 1.6)
    """
    placed = {roi.label: roi for roi in rois}
    _check(image, placed, moved, aggregate)
    down, right = _signs(image)
    steps = [int(reach // spacing) for reach, spacing in zip(reach_mm, image.spacing_mm[::-1], strict=True)]
    cols, rows = np.arange(-steps[0], steps[0] + 1) * right, np.arange(-steps[1], steps[1] + 1) * -down
    sums = _Sums(image)
    still: dict[str, FloatArray | float] = {k: placed[k].measure(image).mean for k in (*SCORED_LEVELS, CSF)}
    by_place = {k: sums.means(placed[k].mask(image), rows, cols) for k in moved}
    areas = np.array([float(a) for a in areas_cm2])
    by_size = {k: np.vstack([_one_row(sums, image, placed[k], area, cols) for area in areas]) for k in moved}
    return VbqLandscape(
        score=f"VBQ-{image.acquisition.weighting}",
        moved=tuple(moved),
        value=float(_vbq(still, aggregate)),
        back_mm=np.arange(-steps[0], steps[0] + 1, dtype=np.float64) * image.spacing_mm[1],
        up_mm=np.arange(-steps[1], steps[1] + 1, dtype=np.float64) * image.spacing_mm[0],
        by_place=_vbq(still | by_place, aggregate),
        area_cm2=areas,
        by_size=_vbq(still | by_size, aggregate),
        placed_area_cm2=placed[moved[0]].area_mm2 / 100.0,
    )


def shift_interval(
    image: Slice, rois: Iterable[Roi], *, shift_mm: float, aggregate: Aggregate, n_draws: int = 400, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of VBQ if each ROI could as well lie up to `shift_mm` elsewhere, with new noise in its pixels.

    A quick look for a live page: whole pixels, and noise taken as ``SD / sqrt(n)`` of each ROI, in which the texture
    of the marrow is counted too. :func:`vbqkit.scores.case_uncertainty` tells noise, place and texture apart.

    Parameters
    ----------
    image, rois, aggregate
        As for :func:`vbq_landscape`.
    shift_mm : float
        Largest shift within the slice, mm.
    n_draws : int
        How often all ROIs are placed anew.
    seed : int
        Of the draws: the same for every picture, so that an interval moves with the picture and not by chance.

    Returns
    -------
    tuple of 2 floats
        The 2.5th and the 97.5th percentile; nan where CSF has no signal.
    """
    rng = np.random.default_rng(seed)
    placed = {roi.label: roi for roi in rois}
    steps = [int(shift_mm // spacing) for spacing in image.spacing_mm]
    rows, cols = (np.arange(-n, n + 1) for n in steps)
    near = np.hypot(rows[:, None] * image.spacing_mm[0], cols * image.spacing_mm[1]) <= shift_mm
    drawn = {}
    for label in (*SCORED_LEVELS, CSF):
        pixels = placed[label].values(image)
        places = _shifted_means(image, pixels.rows, pixels.cols, rows, cols)[near]
        places = places[np.isfinite(places)]
        noise = rng.standard_normal(n_draws) * pixels.sd / np.sqrt(len(pixels.values))
        drawn[label] = places[rng.integers(len(places), size=n_draws)] + noise
    low, high = np.percentile(_vbq(drawn, aggregate), (2.5, 97.5))
    return float(low), float(high)


def _check(image: Slice, placed: Collection[str], moved: Sequence[str], aggregate: str) -> None:
    if aggregate not in AGGREGATES:
        raise ScoreError(f"Aggregate '{aggregate}' is unknown; use one of {', '.join(AGGREGATES)}.")
    missing = [k for k in (*SCORED_LEVELS, CSF) if k not in placed]
    if missing:
        raise ScoreError(f"The landscape needs a ROI for {', '.join(missing)}. Place it first.")
    odd = [k for k in moved if k not in (*SCORED_LEVELS, CSF)]
    if odd or not moved:
        raise ScoreError(
            f"{odd[0] if odd else 'No ROI'} cannot be moved; VBQ is made of {', '.join(SCORED_LEVELS)} and {CSF}. Name one of them."
        )
    if image.plane != "sagittal":
        raise ScoreError(
            f"The landscape is of a sagittal slice, and this one is {image.plane}. Give a sagittal series."
        )


def _signs(image: Slice) -> tuple[int, int]:
    """Whether rows go down the patient (1) or up, and columns to the back (1) or to the front."""
    return (1 if image.row_step_mm[2] < 0 else -1), (1 if image.col_step_mm[1] > 0 else -1)


def _vbq(means: Mapping[str, FloatArray | float], aggregate: Aggregate) -> FloatArray:
    levels = np.broadcast_arrays(*(np.asarray(means[k], dtype=np.float64) for k in SCORED_LEVELS))
    marrow = (np.median if aggregate == "median" else np.mean)(np.array(levels), axis=0)
    csf = np.asarray(means[CSF], dtype=np.float64)
    ratio: FloatArray = np.divide(marrow, csf, out=np.full(np.broadcast(marrow, csf).shape, np.nan), where=csf > 0)
    return ratio


def _one_row(sums: _Sums, image: Slice, roi: Roi, area_cm2: float, cols: npt.NDArray[np.int_]) -> FloatArray:
    scaled = roi.with_area(area_cm2)
    outline = image.to_rows_cols(scaled.outline_mm(64))
    if outline.min() < -0.5 or (outline.max(axis=0) > np.array(image.shape) - 0.5).any():
        return np.full(len(cols), np.nan)
    means: FloatArray = sums.means(scaled.mask(image), np.zeros(1, dtype=int), cols)[0]
    return means


class _Sums:
    """Running sums along the rows of an image: the sum of any run of pixels is one difference (an integral image)."""

    def __init__(self, image: Slice) -> None:
        pixels = np.asarray(image.pixels, dtype=np.float64)
        self._shape = pixels.shape
        self._sums = np.pad(np.cumsum(pixels, axis=1), ((0, 0), (1, 0)))

    def means(self, mask: BoolArray, rows: npt.NDArray[np.int_], cols: npt.NDArray[np.int_]) -> FloatArray:
        """Mean under the mask shifted by each of the rows and columns, shape (rows, cols); nan beyond the image."""
        height, width = self._shape
        at, edges = np.nonzero(np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1))
        line, start, stop = at[::2], edges[::2], edges[1::2]  # runs of pixels: each row rises, then falls
        total = np.zeros((len(rows), len(cols)))
        inside = np.ones_like(total, dtype=bool)
        for k, a, b in zip(line, start, stop, strict=True):
            r, left, end = k + rows, a + cols, b + cols
            inside &= ((r >= 0) & (r < height))[:, None] & ((left >= 0) & (end <= width))
            r, left, end = np.clip(r, 0, height - 1), np.clip(left, 0, width), np.clip(end, 0, width)
            total += self._sums[r[:, None], end] - self._sums[r[:, None], left]
        return np.where(inside, total / int(mask.sum()), np.nan)


def _shifted_means(
    image: Slice,
    row: npt.NDArray[np.int_],
    col: npt.NDArray[np.int_],
    rows: npt.NDArray[np.int_],
    cols: npt.NDArray[np.int_],
) -> FloatArray:
    """Mean of some pixels shifted by each of a few rows and columns; nan beyond the image."""
    r, c = rows[:, None, None] + row, cols[:, None] + col
    height, width = image.shape
    inside = ((r >= 0) & (r < height) & (c >= 0) & (c < width)).all(axis=2)
    found = image.pixels[np.clip(r, 0, height - 1), np.clip(c, 0, width - 1)].mean(axis=2)
    means: FloatArray = np.where(inside, found, np.nan)
    return means
