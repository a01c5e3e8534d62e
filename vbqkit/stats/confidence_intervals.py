"""Intervals: normal, of a proportion (Wilson, Clopper-Pearson), and from bootstrap replicates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.observations import FloatArray, check_confidence, choice, count
from vbqkit.stats.result import NAN

PROPORTION_METHODS = {"wilson": "Wilson score", "clopper-pearson": "Clopper-Pearson exact"}
#: Bootstrap replicates are made in blocks of at most so many numbers, to keep memory small.
BLOCK = 4_000_000


def z_of(confidence: float) -> float:
    """Two-sided normal quantile: 1.959964 for 0.95.

    Raises
    ------
    TableError
        `confidence` does not lie between 0 and 1.
    """
    return float(special.ndtri(0.5 + check_confidence(confidence) / 2))


def two_sided_p(z: float) -> float:
    """Chance that a standard normal variable lies at least `z` from 0 on either side; nan stays nan."""
    return float(2 * special.ndtr(-abs(z)))


def two_sided_t_p(t: float, df: float) -> float:
    """Chance that Student's t with `df` degrees of freedom lies at least `t` from 0 on either side; nan stays nan."""
    return float(2 * special.stdtr(df, -abs(t)))


def t_of(confidence: float, df: float) -> float:
    """Two-sided quantile of Student's t with `df` degrees of freedom.

    Raises
    ------
    TableError
        `confidence` does not lie between 0 and 1.
    """
    return float(special.stdtrit(df, 0.5 + check_confidence(confidence) / 2))


def proportion_interval(successes: int, total: int, *, confidence: float, method: str) -> tuple[float, float]:
    """Confidence interval of a proportion.

    Parameters
    ----------
    successes, total : int
        Counts; a total of 0 has no interval (nan, nan).
    confidence : float
        Such as 0.95.
    method : {"wilson", "clopper-pearson"}
        Wilson's score interval without continuity correction, or the exact interval of Clopper and Pearson, which is
        never too short and mostly too long.

    Raises
    ------
    TableError
        A count is not whole, more succeed than there are, or the method is not known.

    References
    ----------
    Wilson (1927) doi:10.1080/01621459.1927.10502953; Clopper and Pearson (1934) doi:10.1093/biomet/26.4.404;
    Newcombe (1998) doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E.

    Examples
    --------
    >>> [round(v, 4) for v in proportion_interval(81, 263, confidence=0.95, method="wilson")]
    [0.2553, 0.3662]
    """
    total = count(total, "total", at_least=0)
    successes = count(successes, "successes", at_least=0, at_most=total)
    low, high = proportion_intervals(np.array([successes]), total, confidence=confidence, method=method)
    return float(low[0]), float(high[0])


def proportion_intervals(
    successes: NDArray[np.int64], total: int, *, confidence: float, method: str
) -> tuple[FloatArray, FloatArray]:
    """`proportion_interval` of many counts out of the same total, as two arrays.

    Raises
    ------
    TableError
        The method is not known, or `confidence` does not lie between 0 and 1.
    """
    choice(method, "interval", PROPORTION_METHODS)
    z = z_of(confidence)
    if total == 0:
        nothing = np.full(successes.shape, NAN)
        return nothing, nothing
    none, every = successes == 0, successes == total
    if method == "wilson":
        low, high = _wilson(successes / total, total, z)
    else:
        tail = (1 - confidence) / 2
        # Arguments that the functions do not have are replaced, and their results overwritten below.
        low = np.asarray(
            special.betaincinv(np.where(none, 1, successes), total - successes + 1, tail), dtype=np.float64
        )
        high = np.asarray(
            special.betaincinv(successes + 1, np.where(every, 1, total - successes), 1 - tail), dtype=np.float64
        )
    # The ends lie exactly at 0 and 1 for 0 of n and n of n; rounding must not push them past.
    return np.where(none, 0.0, low), np.where(every, 1.0, high)


def difference_interval(
    successes: tuple[int, int], totals: tuple[int, int], *, confidence: float
) -> tuple[float, float]:
    """Newcombe's interval of a difference of two proportions, the first less the second, from their Wilson intervals.

    References
    ----------
    Newcombe (1998) doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.

    Examples
    --------
    >>> [round(v, 4) for v in difference_interval((56, 48), (70, 80), confidence=0.95)]
    [0.0524, 0.3339]
    """
    rates = (successes[0] / totals[0], successes[1] / totals[1])
    return newcombe_interval(rates, totals, confidence=confidence)


def newcombe_interval(rates: tuple[float, float], totals: tuple[int, int], *, confidence: float) -> tuple[float, float]:
    """`difference_interval` from the proportions themselves, which a paper may print rounded."""
    (la, ha), (lb, hb) = (_wilson(p, n, z_of(confidence)) for p, n in zip(rates, totals, strict=True))
    a, b = rates
    return a - b - float(np.hypot(a - la, hb - b)), a - b + float(np.hypot(ha - a, b - lb))


def _wilson(p: Any, n: int, z: float) -> tuple[Any, Any]:
    """Wilson's limits of a proportion, or of an array of them."""
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return np.where(p <= 0, 0.0, middle - half), np.where(p >= 1, 1.0, middle + half)


def youden_interval(
    positive: tuple[float, float], totals: tuple[int, int], *, confidence: float
) -> tuple[float, float]:
    """Interval of Youden's J at a cut-off that the same data chose, from Agresti and Coull's rates.

    ``J' ± z sqrt(p1'(1 - p1')/(m + z²) + p0'(1 - p0')/(n + z²))`` with ``p' = (x + z²/2)/(n + z²)`` and J' their
    difference. The shift towards 0 makes up for most of what choosing adds; percentiles of a bootstrap add it once
    more instead.

    Parameters
    ----------
    positive : tuple of 2 float
        How many cases and how many controls are called positive.
    totals : tuple of 2 int
        Cases and controls.
    confidence : float
        Such as 0.95.

    References
    ----------
    Zhou and Qin (2012) J Biopharm Stat 22:1244-1257; Agresti and Coull (1998) doi:10.2307/2685469.
    """
    z = z_of(confidence)
    rates = [(x + z * z / 2) / (n + z * z) for x, n in zip(positive, totals, strict=True)]
    half = z * float(np.sqrt(sum(p * (1 - p) / (n + z * z) for p, n in zip(rates, totals, strict=True))))
    middle = rates[0] - rates[1]
    observed = positive[0] / totals[0] - positive[1] / totals[1]
    return max(-1.0, middle - half), min(1.0, max(middle + half, observed))


def percentile_interval(replicates: FloatArray, confidence: float) -> tuple[float, float]:
    """Percentile bootstrap interval; nan where no replicate has a value, or all have the same, which says nothing.

    Raises
    ------
    TableError
        `confidence` does not lie between 0 and 1.
    """
    values = replicates[np.isfinite(replicates)]
    if values.size == 0 or values.min() == values.max():
        return NAN, NAN
    tail = (1 - check_confidence(confidence)) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def unmoved(low: float) -> str:
    """The note that goes with `percentile_interval` where it has no limits."""
    return "no interval: every resample gives the same value, or none" if np.isnan(low) else ""


def need_rng(rng: np.random.Generator | None, what: str) -> np.random.Generator:
    """The generator that a bootstrap needs, or an error that says so.

    Raises
    ------
    TableError
        `rng` is not a generator.
    """
    if not isinstance(rng, np.random.Generator):
        raise TableError(
            f"{what} draws at random, and rng is {rng!r}. Pass rng=numpy.random.default_rng(seed), so that it can be repeated."
        )
    return rng
