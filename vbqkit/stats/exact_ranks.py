"""Exact distributions of rank statistics: Mann and Whitney's U without ties, and Spearman's coefficient, with ties."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbqkit.stats.observations import FloatArray

#: Up to this many observations all orders are counted for Spearman's coefficient, well under a second.
EXACT_LIMIT = 12
#: Up to this many values in each group U is tested exactly where nothing is tied, as in R ...
EXACT_GROUP = 49
#: ... and, as in SciPy, with up to this many in one of them, while the pairs are not more than can be counted quickly.
FEW, PAIRS = 8, 10_000


def exact_by_default(m: int, n: int) -> bool:
    """Whether U of groups of these sizes is tested exactly where nothing is tied and nobody asked for another test."""
    return max(m, n) <= EXACT_GROUP or (min(m, n) <= FEW and m * n <= PAIRS)


def u_distribution(m: int, n: int) -> FloatArray:
    """Chance of each value of Mann and Whitney's U, 0 to m n, when no values are tied and the groups do not differ.

    ``P_mn(u) = m/(m+n) P_(m-1)n(u - n) + n/(m+n) P_m(n-1)(u)``: the largest value belongs to the first group, which
    then exceeds all n of the second, or to the second. Only positive numbers are added, so nothing is lost to
    rounding.
    """
    row = [np.ones(1) for _ in range(n + 1)]  # P_0n for n = 0, 1, ...
    for i in range(1, m + 1):
        following = [np.ones(1)]
        for j in range(1, n + 1):
            chances = np.zeros(i * j + 1)
            chances[j:] += i / (i + j) * row[j]
            chances[: i * (j - 1) + 1] += j / (i + j) * following[j - 1]
            following.append(chances)
        row = following
    return row[n]


def exact_u_p(u: float, m: int, n: int) -> float:
    """Two-sided exact p of U without ties: twice the smaller tail, at most 1."""
    chances = u_distribution(m, n)
    return min(1.0, 2 * float(chances[: int(min(u, m * n - u)) + 1].sum()))


def u_quantile(tail: float, m: int, n: int) -> int:
    """The smallest u with ``P(U <= u) >= tail``, as qwilcox in R."""
    return int(np.searchsorted(np.cumsum(u_distribution(m, n)), tail * (1 - 1e-12)))


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
    Midranks doubled are whole numbers, so ``S = Σ (2 rank_x)(2 rank_y)`` is one, too. The orders are counted by ``S``
    with dynamic programming over subsets of y (2^n states in place of n! orders), and compared without rounding.
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


def edgeworth_spearman_p(rho: float, n: int) -> float:
    """Two-sided p of Spearman's coefficient without ties by an Edgeworth series, as R's cor.test from 10 to 1290 pairs.

    With ``S = Σ d²`` the tail of S is the normal one at ``x = (6 (S - 1)/(n³ - n) - 1) sqrt(n - 1)`` and a series in
    1/n and x², within 0.0004 of the exact one for n above 12 (Student's t is too small there, by up to 0.004 at 0.05).

    References
    ----------
    Best and Roberts (1975), algorithm AS 89, doi:10.2307/2347111.
    """
    s = (1 + abs(rho)) * (n**3 - n) / 6
    x = (6 * (s - 1) / (n**3 - n) - 1) * math.sqrt(n - 1)
    b, y = 1 / n, x * x
    outer = 0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y)
    inner = -0.0758 + b * (0.1033 + 0.3932 * b) - y * b * (0.0879 + 0.0151 * b - y * outer)
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * inner)
    tail = u / math.exp(y / 2) + float(special.ndtr(-x))
    return min(1.0, 2 * max(tail, 0.0))


def _orders_by_sum(x: NDArray[np.int64], y: NDArray[np.int64]) -> FloatArray:
    """How many orders of y give ``Σ x_i y_i = s``, for every s from 0 on; exact, as counts stay below 2^53."""
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
