"""The exact distribution of Spearman's coefficient over all orders, with ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vbqkit.stats.observations import FloatArray

#: Up to this many observations the exact distribution takes well under a second.
EXACT_LIMIT = 12


def exact_spearman_p(rank_x: FloatArray, rank_y: FloatArray) -> float:
    """Two-sided exact p of Spearman's coefficient: the share of the n! orders of y with a coefficient as far from 0.

    Parameters
    ----------
    rank_x, rank_y : array of n, n up to 12
        Midranks (average rank of ties). The distribution is conditional on the ties, as a permutation test is.

    Returns
    -------
    float
        Chance, when all orders are equally likely, that ``|rho|`` is at least the one observed.

    Notes
    -----
    Midranks doubled are whole numbers, so ``S = Σ (2 rank_x)(2 rank_y)`` is one, too. The orders are counted by ``S`` with
    dynamic programming over subsets of y (2^n states in place of n! orders), and compared without rounding.
    """
    x = np.rint(2 * rank_x).astype(np.int64)
    y = np.rint(2 * rank_y).astype(np.int64)
    n = x.size
    # n Σ (S - mean) in whole numbers: distance from the center times n.
    center = int(x.sum()) * int(y.sum())
    observed = abs(n * int(x @ y) - center)
    counts = _orders_by_sum(x, y)
    sums = np.arange(counts.size)
    far = np.abs(n * sums - center) >= observed
    return float(counts[far].sum() / counts.sum())


def _orders_by_sum(x: NDArray[np.int64], y: NDArray[np.int64]) -> FloatArray:
    """How many orders of y give ``Σ x_i y_i = s``, for every s from 0 on. Counts stay below 2^53, so floats hold them exactly."""
    n = x.size
    # Sorted the same way, the products are at their largest: nothing exceeds this sum.
    top = int(np.sort(x) @ np.sort(y)) + 1
    layer: dict[int, FloatArray] = {0: np.zeros(top)}
    layer[0][0] = 1
    for i in range(n):
        following: dict[int, FloatArray] = {}
        for used, counts in layer.items():
            for j in range(n):
                bit = 1 << j
                if used & bit:
                    continue
                step = int(x[i] * y[j])
                target = following.setdefault(used | bit, np.zeros(top))
                target[step:] += counts[: top - step]
        layer = following
    return layer[(1 << n) - 1]
