"""How often gray levels meet, run and cluster in a region: the matrices behind texture features, by IBSI's definitions.

Directions are merged: one matrix holds the counts of all of them. In a plane this is the manual's "2D, slice merged"
for a region of one slice; in space, "3D, volume merged".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.machine_learning.gray_levels import Levels, directions, shifted

Counts = npt.NDArray[np.float64]


def cooccurrence(levels: Levels) -> Counts:
    """GLCM: how often level i (row) is next to level j (column), both ways.

    Parameters
    ----------
    levels : ndarray of int, two or three dimensions
        From 1; 0 outside of the region.

    Returns
    -------
    ndarray, shape (levels, levels)

    Examples
    --------
    >>> cooccurrence(np.array([[1, 2]]))
    array([[0., 1.],
           [1., 0.]])
    """
    top = int(levels.max())
    counts = np.zeros((top, top))
    for step in directions(levels.ndim):
        there = shifted(levels, step)
        both = (levels > 0) & (there > 0)
        np.add.at(counts, (levels[both] - 1, there[both] - 1), 1.0)
    return counts + counts.T


def run_lengths(levels: Levels) -> Counts:
    """GLRLM: how many runs of level i (row) are j pixels long (column), in all directions.

    Examples
    --------
    >>> run_lengths(np.array([[1, 1, 2]]))[:, :2].tolist()  # along: a run of 2 and one of 1; else single pixels
    [[6.0, 1.0], [4.0, 0.0]]
    """
    top, longest = int(levels.max()), max(levels.shape)
    counts = np.zeros((top, longest))
    for step in directions(levels.ndim):
        goes_on = (levels > 0) & (shifted(levels, step) == levels)
        back = tuple(-s for s in step)
        running = (levels > 0) & (shifted(levels, back) != levels)  # the first pixels of the runs
        start, length = levels * running, 1
        on = goes_on.astype(np.int64)
        while running.any():
            ends = running & (on == 0)
            np.add.at(counts, (start[ends] - 1, length - 1), 1.0)
            running &= on > 0
            on = shifted(on, step)
            length += 1
    return counts


def zone_sizes(levels: Levels) -> Counts:
    """GLSZM: how many zones of level i (row), connected also by corners, are j pixels large (column).

    Examples
    --------
    >>> zone_sizes(np.array([[1, 2], [2, 1]])).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    top = int(levels.max())
    neighbors = np.ones((3,) * levels.ndim)
    found = []
    for level in range(1, top + 1):
        zones, _ = scipy.ndimage.label(levels == level, structure=neighbors)
        found.append(np.bincount(zones.ravel())[1:])
    counts = np.zeros((top, max(int(sizes.max()) for sizes in found if sizes.size)))
    for row, sizes in enumerate(found):
        np.add.at(counts[row], sizes - 1, 1.0)
    return counts


def tone_differences(levels: Levels) -> tuple[Counts, Counts]:
    """NGTDM: of each level, how many pixels have a neighbor, and the sum of their distances from the neighbors' mean.

    Returns
    -------
    ndarray, ndarray
        Counts n and sums s, one of each for every level from 1.

    Examples
    --------
    >>> [found.tolist() for found in tone_differences(np.array([[1, 3]]))]
    [[1.0, 0.0, 1.0], [2.0, 0.0, 2.0]]
    """
    total, number = np.zeros(levels.shape), np.zeros(levels.shape)
    for step in directions(levels.ndim):
        for way in (step, tuple(-s for s in step)):
            there = shifted(levels, way)
            total += there
            number += there > 0
    counted = (levels > 0) & (number > 0)
    distance = np.abs(levels[counted] - total[counted] / number[counted])
    top = int(levels.max())
    n, s = np.zeros(top), np.zeros(top)
    np.add.at(n, levels[counted] - 1, 1.0)
    np.add.at(s, levels[counted] - 1, distance)
    return n, s
