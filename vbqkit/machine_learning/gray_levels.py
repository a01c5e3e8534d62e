"""Gray levels of a region, as texture is computed from them: whole numbers from 1, and 0 outside of the region."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from vbqkit.errors import RoiError

Levels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FEWEST_PIXELS = 9
"""A region of fewer pixels has no texture to speak of: chosen here."""


def checked_region(pixels: npt.ArrayLike, mask: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], Mask]:
    """Pixels and mask as arrays of one shape, cut to the region.

    Raises
    ------
    RoiError
        If shapes differ, the mask covers fewer than 9 pixels, or a covered pixel is not a finite number.
    """
    values, inside = np.asarray(pixels, dtype=np.float64), np.asarray(mask, dtype=bool)
    if values.shape != inside.shape or values.ndim not in (2, 3):
        raise RoiError(
            f"Pixels of shape {values.shape} and a mask of shape {inside.shape} do not fit; give both on one grid of two or "
            "three dimensions."
        )
    count = int(inside.sum())
    if count < FEWEST_PIXELS:
        raise RoiError(
            f"The region covers {count} pixels; texture needs {FEWEST_PIXELS} or more. Draw a larger ROI, or one inside the "
            "image."
        )
    bad = int((~np.isfinite(values[inside])).sum())
    if bad:
        raise RoiError(f"{bad} of {count} pixels of the region are not finite numbers. Leave them out of the mask.")
    box = tuple(slice(where.min(), where.max() + 1) for where in np.nonzero(inside))
    return values[box], inside[box]


def gray_levels(pixels: npt.ArrayLike, mask: npt.ArrayLike, *, bins: int = 16) -> Levels:
    """Gray levels from 1 to `bins`: the range of the region in equal bins (IBSI: fixed bin number).

    ``level = floor(bins (x - min) / (max - min)) + 1``, and `bins` at the maximum. The receiver gain of MRI, and any
    offset, cancel.

    Parameters
    ----------
    pixels : array-like, two or three dimensions
        Signal.
    mask : array-like of bool, same shape
        The region.
    bins : int
        2 to 256.

    Returns
    -------
    ndarray of int
        Cut to the region; 0 outside of it. A region of one value is at level 1.

    Raises
    ------
    RoiError
        As :func:`checked_region`, or if there cannot be so many bins.

    Examples
    --------
    >>> gray_levels([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.ones((3, 3)), bins=4).tolist()
    [[1, 1, 2], [2, 3, 3], [4, 4, 4]]
    """
    if not 2 <= bins <= 256:
        raise RoiError(f"{bins} gray levels are not offered; give 2 to 256 bins.")
    values, inside = checked_region(pixels, mask)
    low, high = float(values[inside].min()), float(values[inside].max())
    if high == low:
        return inside.astype(np.int64)
    share = np.where(inside, (values - low) / (high - low), 0.0)
    levels: Levels = np.where(inside, np.minimum(np.floor(bins * share).astype(np.int64) + 1, bins), 0)
    return levels


def directions(dimensions: int) -> tuple[tuple[int, ...], ...]:
    """One of each pair of opposite steps to a neighbor: 4 in a plane, 13 in space.

    Examples
    --------
    >>> directions(2)
    ((0, 1), (1, -1), (1, 0), (1, 1))
    """
    return tuple(step for step in product((-1, 0, 1), repeat=dimensions) if step > (0,) * dimensions)


def shifted(levels: Levels, step: tuple[int, ...]) -> Levels:
    """At each place the level one step further; 0 where that is outside."""
    found = np.zeros_like(levels)
    to = tuple(slice(max(0, -s), levels.shape[a] - max(0, s)) for a, s in enumerate(step))
    source = tuple(slice(max(0, s), levels.shape[a] - max(0, -s)) for a, s in enumerate(step))
    found[to] = levels[source]
    return found
