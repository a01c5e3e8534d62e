"""Where CSF is measured: in the dural sac beside L3, or at the next level where the canal is narrow there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.propose.classes import SAC
from vbqkit.propose.network_input import GRID_MM
from vbqkit.propose.outlines import Outline
from vbqkit.propose.picture import Picture
from vbqkit.propose.places import FloatArray, roi_on
from vbqkit.roi import Rectangle
from vbqkit.roi.labels import CSF

CSF_MM = (4.0, 10.0)
"""Across and along the sac."""

CSF_LEVELS = ("L3", "L4", "L2", "L5", "L1")
"""Levels to try in turn: L3, or its neighbors where the canal is narrow (Huang 2026, Chen 2023)."""

BELOW_CONUS = ("L3", "L4", "L5")
"""Levels beside which the sac holds no cord: the conus ends at L1 or L2 in nearly all people
(Saifuddin et al. 1998)."""

CSF_IS_BRIGHT = {"T1": False, "T2": True, "STIR": True}
"""Weightings on which CSF can be told from roots and cord, and how."""

AS_CLEAN = 0.03
"""A place whose signal is within this share of the brightest of its level (T1: the darkest) holds as few roots. Chosen
on virtual patients, as are the two below (validation/proposals.md)."""

NARROW_SHARE = 0.90
"""A level whose sac has less than this share of the median depth of all levels is narrow."""

UNLIKE_SHARE = 0.12
"""A level whose place reads this much off the median of all levels does not hold CSF alone."""

_WIDTHS_MM = (4.0, 3.2, 2.5, 2.0)
_LEAST_INSIDE, _LEAST_ANYWHERE = 0.95, 0.85  # probability of sac under the ROI: mean, and at every place
_ALONG_STEP_MM, _ACROSS_STEP_MM, _ACROSS_REACH_MM = 1.5, 1.0, 9.0
_MARROW_DEPTH_MM, _LEAST_PIXELS = 2.0, 30  # from the edge of a body; of a body that has a say in the slope
_MOST_SLOPE = (-0.005, 0.04)  # per mm: e-fold over 25 mm is steeper than any spine coil
_DEEPER_MM = 300.0  # without a weighting, a probability of sac that is 0.01 higher is worth a way of 3 mm


@dataclass(frozen=True, eq=False, slots=True)
class CsfPlace:
    """A place for the CSF ROI beside one level.

    Attributes
    ----------
    roi : Rectangle
        In patient coordinates.
    inside : float
        Mean probability of sac under it.
    level : str
        The level it lies beside.
    """

    roi: Rectangle
    inside: float
    level: str


@dataclass(frozen=True, eq=False, slots=True)
class _Candidate:
    """The best place beside one body, on the grid; its signal without the coil's slope, and the sac's depth."""

    place: FloatArray
    along: FloatArray
    inside: float
    signal: float
    depth_mm: float


def csf_place(picture: Picture, levels: Sequence[tuple[str, Outline]], *, weighting: str) -> CsfPlace | None:
    """4 x 10 mm along the dural sac at the first level that is free; None where no level has room.

    Beside each body the sac is searched within half the body's height. The signal is counted against the coil's slope
    (:func:`coil_slope`). On T2 and STIR the brightest place holds the fewest roots, on T1 the darkest, as roots and fat
    are the other way. Of all places within 3 % of it, the one nearest to the middle of the level and of the sac is
    taken, so that neither the coil nor noise draws the ROI to an edge. A level is not free where the sac is narrow
    (less than 90 % of the median depth of all) or reads more than 12 % off the median of all. Without a weighting the
    place deepest in the sac is taken.

    Parameters
    ----------
    picture : Picture
        The slice.
    levels : sequence of (str, Outline)
        Bodies beside which to look, in the order of choice.
    weighting : str
        ``"T1"``, ``"T2"``, ``"STIR"``; any other: not known.
    """
    sac = picture.found[SAC].astype(np.float64)
    signal = scipy.ndimage.gaussian_filter(picture.signal.astype(np.float64), 0.5)
    slope = coil_slope(picture, [outline for _, outline in levels])
    flat = signal * np.exp(-slope * GRID_MM * (np.arange(signal.shape[1]) - signal.shape[1] / 2.0))
    sign = 0.0 if weighting not in CSF_IS_BRIGHT else 1.0 if CSF_IS_BRIGHT[weighting] else -1.0
    for width in _WIDTHS_MM:
        places = [(level, _beside(sac, flat, outline, width, sign)) for level, outline in levels]
        found = [(level, place) for level, place in places if place is not None]
        if not found:
            continue
        level, best = _first_free(found)
        return CsfPlace(roi_on(picture, best.place, best.along, (width, CSF_MM[1]), CSF), best.inside, level)
    return None


def coil_slope(picture: Picture, outlines: Sequence[Outline]) -> float:
    """How much brighter the coil makes the picture towards the back: change of the log of the signal per mm.

    The least-squares slope of the marrow of all bodies, each on its own level; 0 where there is none. On virtual
    patients about 0.013 per mm without uniformity correction (half as bright again over a body), within 0.005 with it.

    Parameters
    ----------
    picture : Picture
        The slice.
    outlines : sequence of Outline
        Bodies on it.
    """
    top = bottom = 0.0
    for outline in outlines:
        rows, cols = np.nonzero(outline.depth_mm > _MARROW_DEPTH_MM)
        signal = picture.signal[rows, cols].astype(np.float64)
        back = cols[signal > 0] * GRID_MM
        if len(back) < _LEAST_PIXELS:
            continue
        logs = np.log(signal[signal > 0])
        away = back - back.mean()
        top, bottom = top + float(away @ logs), bottom + float(away @ away)
    return float(np.clip(top / bottom, *_MOST_SLOPE)) if bottom > 0 else 0.0


def _first_free(found: Sequence[tuple[str, _Candidate]]) -> tuple[str, _Candidate]:
    usual = float(np.median([place.signal for _, place in found]))
    depth = float(np.median([place.depth_mm for _, place in found]))
    wide = [one for one in found if one[1].depth_mm >= NARROW_SHARE * depth]
    alike = [one for one in wide if abs(one[1].signal - usual) <= UNLIKE_SHARE * usual]
    return (alike or wide)[0]  # at least half of all levels are as deep as the median


def _beside(sac: FloatArray, flat: FloatArray, outline: Outline, width_mm: float, sign: float) -> _Candidate | None:
    """Best place of a rectangle beside one body."""
    line = _sac_line(sac, outline)
    if line is None:
        return None
    middle, along = line
    across = np.array([-along[1], along[0]])
    reach = outline.height_mm / 2.0
    s, t = np.meshgrid(
        np.arange(-reach, reach + 0.1, _ALONG_STEP_MM),
        np.arange(-_ACROSS_REACH_MM, _ACROSS_REACH_MM + 0.1, _ACROSS_STEP_MM),
        indexing="ij",
    )
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, 9) * CSF_MM[1], np.linspace(-0.5, 0.5, 5) * width_mm, indexing="ij")
    down, back = s.ravel()[:, None] + u.ravel(), t.ravel()[:, None] + v.ravel()
    points = [middle[i] + (down * along[i] + back * across[i]) / GRID_MM for i in range(2)]
    p = scipy.ndimage.map_coordinates(sac, points, order=1, mode="nearest")
    able = (p.mean(axis=1) >= _LEAST_INSIDE) & (p.min(axis=1) >= _LEAST_ANYWHERE)
    if not able.any():
        return None
    inside = p[able].mean(axis=1)
    shown = scipy.ndimage.map_coordinates(flat, [q[able] for q in points], order=1, mode="nearest").mean(axis=1)
    s, t = s.ravel()[able], t.ravel()[able]
    places = middle + (s[:, None] * along + t[:, None] * across) / GRID_MM
    down_mm = np.abs((places - (outline.row, outline.col)) @ outline.down) * GRID_MM
    if sign > 0:
        clean = shown >= (1.0 - AS_CLEAN) * shown.max()
    elif sign < 0:
        clean = shown <= (1.0 + AS_CLEAN) * shown.min()
    else:
        clean = np.ones_like(s, dtype=np.bool_)
    cost = down_mm + 0.5 * np.abs(t) if sign else down_mm - _DEEPER_MM * inside
    best = int(np.argmin(np.where(clean, cost, np.inf)))
    depth = _depth_mm(sac, middle, along, outline)
    return _Candidate(places[best], along, float(inside[best]), float(shown[best]), depth)


def _depth_mm(sac: FloatArray, middle: FloatArray, along: FloatArray, outline: Outline) -> float:
    """From front to back, the median over 12 mm about the middle of the level."""
    across = np.array([-along[1], along[0]])
    here = middle + along * ((np.array([outline.row, outline.col]) - middle) @ outline.down) / (along @ outline.down)
    s, t = np.meshgrid(np.linspace(-6.0, 6.0, 9), np.arange(-15.0, 15.1, 0.5), indexing="ij")
    points = [here[i] + (s * along[i] + t * across[i]) / GRID_MM for i in range(2)]
    within = scipy.ndimage.map_coordinates(sac, points, order=1, mode="nearest") > 0.5
    return float(np.median(within.sum(axis=1)) * 0.5)


def _sac_line(sac: FloatArray, outline: Outline) -> tuple[FloatArray, FloatArray] | None:
    """Middle and direction of the sac behind one body."""
    grid = np.indices(sac.shape)
    away = np.stack([grid[0] - outline.row, grid[1] - outline.col], axis=-1) * GRID_MM
    down, back = away @ outline.down, away @ outline.back
    near: npt.NDArray[np.bool_] = (
        (np.abs(down) < 0.75 * outline.height_mm)
        & (back > 0.35 * outline.width_mm)
        & (back < outline.width_mm / 2 + 32)
        & (sac > 0.5)
    )
    if near.sum() * GRID_MM**2 < 60.0:
        return None
    points = np.argwhere(near).astype(np.float64)
    middle = points.mean(axis=0)
    _sizes, axes = np.linalg.eigh(np.cov((points - middle).T))
    along: FloatArray = np.asarray(axes, dtype=np.float64)[:, 1]
    if abs(along @ outline.down) < 0.8:  # a short piece of sac has no direction of its own
        along = outline.down
    along = along * np.sign(along @ outline.down)
    return middle, along
