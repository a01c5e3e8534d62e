"""Outlines of the bodies of a chain on one slice: which pixels each has, its middle, its axes and its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.propose.chain import Peak
from vbqkit.propose.classes import BODY, L5, S1, SACRUM
from vbqkit.propose.network_input import GRID_MM

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

INSIDE = 0.5
"""Probability from which a pixel belongs to a body."""

_REACH_MM = 30.0  # no pixel of a body lies further from its middle
_LEAST_MM2 = 120.0  # a smaller body was not found


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """One body on one slice; places on the network's grid, sizes in mm.

    Attributes
    ----------
    mask : ndarray of bool, shape (rows, cols)
        Its pixels.
    row, col : float
        Center of its area.
    down, back : ndarray, shape (2,)
        Unit vectors (row, col) along the chain and across it.
    width_mm, height_mm : float
        Depth from front to back, and height: the sides of the rectangle that has the same second moments.
    area_mm2 : float
        Area of the pixels.
    depth_mm : ndarray of float, shape (rows, cols)
        Distance from the edge of the body; negative outside.
    cut : bool
        Whether it reaches the edge of the picture.
    """

    mask: Mask
    row: float
    col: float
    down: FloatArray
    back: FloatArray
    width_mm: float
    height_mm: float
    area_mm2: float
    depth_mm: FloatArray
    cut: bool


def body_probability(found: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probability that a pixel belongs to a vertebral body."""
    total: npt.NDArray[np.float32] = found[BODY] + found[L5] + found[S1] + found[SACRUM]
    return total


def territories(chain: Sequence[Peak], shape: tuple[int, int]) -> npt.NDArray[np.int16]:
    """For every pixel the number of the nearest body of a chain, -1 where none is within 30 mm; shape (rows, cols)."""
    rows, cols = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    away = np.stack([np.hypot(rows - p.row, cols - p.col) for p in chain]) * GRID_MM
    nearest: npt.NDArray[np.int16] = away.argmin(axis=0).astype(np.int16)
    nearest[away.min(axis=0) >= _REACH_MM] = -1
    return nearest


def areas_mm2(found: npt.NDArray[np.float32], nearest: npt.NDArray[np.int16], count: int) -> FloatArray:
    """Area of each body of a chain on one slice, mm2, from :func:`territories`; shape (count,)."""
    inside = body_probability(found) > INSIDE
    sizes = np.bincount(nearest[inside & (nearest >= 0)], minlength=count)
    areas: FloatArray = sizes.astype(np.float64) * GRID_MM**2
    return areas


def outlines_of(found: npt.NDArray[np.float32], chain: Sequence[Peak]) -> tuple[Outline | None, ...]:
    """The outline of each body of a chain; None where there is next to nothing.

    A pixel belongs to the nearest middle, and to a body where that is more likely than not. Only what hangs together
    with the middle counts.

    Parameters
    ----------
    found : ndarray of float32, shape (8, rows, cols)
        From :func:`~vbqkit.propose.network.run_network`.
    chain : sequence of Peak
        From above.
    """
    inside = body_probability(found) > INSIDE
    nearest = territories(chain, (inside.shape[0], inside.shape[1]))
    places = np.array([[p.row, p.col] for p in chain])
    return tuple(_outline(inside & (nearest == k), places, k) for k in range(len(places)))


def _outline(whole: Mask, places: FloatArray, k: int) -> Outline | None:
    shape, reach = whole.shape, int(_REACH_MM / GRID_MM) + 2
    r0, c0 = (max(0, int(v) - reach) for v in places[k])
    window = (slice(r0, r0 + 2 * reach), slice(c0, c0 + 2 * reach))
    labels, count = scipy.ndimage.label(whole[window])
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    part = scipy.ndimage.binary_fill_holes(labels == 1 + int(np.argmax(sizes)))
    area = float(part.sum()) * GRID_MM**2
    if area < _LEAST_MM2:
        return None
    rows, cols = np.nonzero(part)
    rows, cols = rows + r0, cols + c0
    row, col = float(rows.mean()), float(cols.mean())
    along = places[min(k + 1, len(places) - 1)] - places[max(k - 1, 0)]
    down = along / np.linalg.norm(along)
    back = np.array([-down[1], down[0]])
    away = np.stack([rows - row, cols - col], axis=1) * GRID_MM
    # The rectangle with the same second moments has the side sqrt(12 variance); a pixel adds its own.
    height, width = (float(np.sqrt(12.0 * (away @ axis).var() + GRID_MM**2)) for axis in (down, back))
    edges = (rows.min(), cols.min(), shape[0] - 1 - rows.max(), shape[1] - 1 - cols.max())
    padded = np.pad(part, 1)
    within = scipy.ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    beyond = scipy.ndimage.distance_transform_edt(~part)
    depth = np.full(shape, -_REACH_MM)
    depth[window] = (np.where(part, within, -beyond) - np.where(part, 0.5, -0.5)) * GRID_MM
    mask = np.zeros(shape, dtype=np.bool_)
    mask[window] = part
    return Outline(
        mask=mask, row=row, col=col, down=down, back=back, width_mm=width, height_mm=height, area_mm2=area,
        depth_mm=depth, cut=bool(min(edges) <= 0),
    )  # fmt: skip
