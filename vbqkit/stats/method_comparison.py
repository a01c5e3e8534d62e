"""Lines for two methods that both err: Deming's, ordinary and weighted, and Passing and Bablok's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import t_of, z_of
from vbqkit.stats.observations import ColumnLike, FloatArray, check_confidence, observations, scalar
from vbqkit.stats.result import NAN, notes, rows

_Line = Callable[[FloatArray, FloatArray], tuple[float, float]]  #: x and y to intercept and slope


def deming(
    x: ColumnLike,
    y: ColumnLike,
    *,
    variance_ratio: float,
    weighted: bool = False,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Deming's line ``y = intercept + slope x``, for two methods that both measure with error.

    Least squares takes x as exact and makes the slope too flat. Deming's line minimises ``Σ w (y - a - b x)²/(λ + b²)``
    with λ the ratio of the error variances. An interval of the slope that leaves out 1 is a proportional difference of
    the methods, one of the intercept that leaves out 0 a constant difference.

    Parameters
    ----------
    x, y : column of numbers
        The two methods; with `data` the names of columns.
    variance_ratio : float
        λ = error variance of y / error variance of x, from repeats (`precision_error`). 1 if both err alike. There is
        no default: the line depends on it. R's mcr asks for the inverse, x over y.
    weighted : bool
        True where the error grows with the value (constant CV): weights ``1/((X + Y)/2)²`` of the estimated true
        values, found by iteration (Linnet 1990). All values must be above 0.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Two rows, term "slope" and "intercept": term, estimate, ci_low, ci_high, confidence, se (jackknife), df,
        variance_ratio, method, n, n_missing, note.

    Raises
    ------
    TableError
        The ratio is not above 0, weights are asked for values not above 0, or the columns cannot be used.

    References
    ----------
    Deming (1943) Statistical Adjustment of Data; Linnet (1990) doi:10.1002/sim.4780091210, jackknife: Linnet (1993)
    doi:10.1093/clinchem/39.3.424. Checked against a numerical minimum and the weighted algorithm in R.

    Examples
    --------
    >>> x, y = [2.1, 2.5, 2.9, 3.2, 3.6, 4.0], [2.2, 2.4, 3.0, 3.4, 3.7, 4.3]
    >>> deming(x, y, variance_ratio=1).round(3)[["term", "estimate"]].values.tolist()
    [['slope', 1.138], ['intercept', -0.304]]
    """
    ratio = scalar(variance_ratio, "variance_ratio", above=0, hint="Say 1 if both methods err alike.")
    check_confidence(confidence)
    obs = observations(data, numeric={"x": x, "y": y})
    if weighted and min(float(obs["x"].min()), float(obs["y"].min())) <= 0:
        raise TableError("Weights for a constant CV need values above 0. Use weighted=False, or correct the values.")
    fit: _Line = (lambda u, v: _weighted_line(u, v, ratio)) if weighted else (lambda u, v: _deming_line(u, v, ratio))
    intercept, slope = fit(obs["x"], obs["y"])
    se, why = (NAN, NAN), ""
    if math.isnan(slope):
        why = "undefined: x and y do not rise or fall together, or one is constant"
    elif obs.n < 4:
        why = "no interval: the jackknife needs four or more pairs"
    else:
        se = _jackknife(obs["x"], obs["y"], fit, (intercept, slope))
        if math.isnan(se[1]):
            why = "no interval: without one of the pairs there is no line"
    half = t_of(confidence, obs.n - 2) if obs.n > 2 else NAN
    kind = "weighted Deming line (constant CV)" if weighted else "Deming line"
    return rows(
        {
            "term": term,
            "estimate": estimate,
            "ci_low": estimate - half * error,
            "ci_high": estimate + half * error,
            "confidence": confidence,
            "se": error,
            "df": obs.n - 2,
            "variance_ratio": ratio,
            "method": f"{kind}, jackknife t interval",
            "n": obs.n,
            "n_missing": obs.n_missing,
            "note": notes(why, obs.note),
        }
        for term, estimate, error in (("slope", slope, se[1]), ("intercept", intercept, se[0]))
    )


def _deming_line(x: FloatArray, y: FloatArray, ratio: float, weights: FloatArray | None = None) -> tuple[float, float]:
    w = np.ones(x.size) / x.size if weights is None else weights / weights.sum()
    mx, my = float(w @ x), float(w @ y)
    dx, dy = x - mx, y - my
    u, q, p = float(w @ dx**2), float(w @ dy**2), float(w @ (dx * dy))
    if not u > 0 or not q > 0 or abs(p) <= 1e-14 * math.sqrt(u) * math.sqrt(q):
        return NAN, NAN
    slope = (q - ratio * u + math.hypot(q - ratio * u, 2 * math.sqrt(ratio) * p)) / (2 * p)
    return my - slope * mx, slope


def _weighted_line(x: FloatArray, y: FloatArray, ratio: float) -> tuple[float, float]:
    weights = 4 / (x + y) ** 2
    intercept, slope = _deming_line(x, y, ratio, weights)
    for _ in range(200):
        off = y - intercept - slope * x
        true_x, true_y = x + slope * off / (ratio + slope**2), y - ratio * off / (ratio + slope**2)
        before = slope
        intercept, slope = _deming_line(x, y, ratio, 4 / (true_x + true_y) ** 2)
        if not abs(slope - before) > 1e-14 * abs(slope):
            break
    return intercept, slope


def _jackknife(x: FloatArray, y: FloatArray, fit: _Line, whole: tuple[float, float]) -> tuple[float, float]:
    """Standard errors of intercept and slope, by leaving out one pair at a time."""
    n = x.size
    left_out = np.array([fit(np.delete(x, i), np.delete(y, i)) for i in range(n)])
    pseudo = n * np.array(whole) - (n - 1) * left_out
    se = pseudo.std(axis=0, ddof=1) / math.sqrt(n)
    return float(se[0]), float(se[1])


def passing_bablok(
    x: ColumnLike, y: ColumnLike, *, data: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Passing and Bablok's line: the shifted median of the slopes of all pairs of points.

    It asks neither for a distribution of the errors nor for their ratio, does not depend on which method is x, and one
    outlier moves it little. Read the slope and intercept as those of `deming`. ``linearity_p`` is the cusum test:
    below 0.05 the points bend around the line, and the line must not be used.

    Parameters
    ----------
    x, y : column of numbers
        The two methods, which must rise together; with `data` the names of columns.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Two rows, term "slope" and "intercept": term, estimate, ci_low, ci_high, confidence, linearity_p, cusum (largest
        distance of the cusum, in Kolmogorov's unit), method, n, n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used.

    References
    ----------
    Passing and Bablok (1983) doi:10.1515/cclm.1983.21.11.709. Checked against the same formulas in R.

    Examples
    --------
    >>> x, y = [2.1, 2.5, 2.9, 3.2, 3.6, 4.0], [2.2, 2.4, 3.0, 3.4, 3.7, 4.3]
    >>> passing_bablok(x, y).round(3)[["term", "estimate"]].values.tolist()
    [['slope', 1.125], ['intercept', -0.231]]
    """
    z = z_of(confidence)
    obs = observations(data, numeric={"x": x, "y": y})
    u, v, n = obs["x"], obs["y"], obs.n
    first, second = np.triu_indices(n, 1)
    dx, dy = u[second] - u[first], v[second] - v[first]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = dy / dx  # a vertical pair has an infinite slope, two equal points none
    slopes = np.sort(slopes[~np.isnan(slopes) & (slopes != -1)])
    shift = int((slopes < -1).sum())
    count = slopes.size
    slope = intercept = p = cusum = NAN
    limits = {"slope": (NAN, NAN), "intercept": (NAN, NAN)}
    why = ""
    middle = (
        (slopes[(count - 1) // 2 + shift], slopes[count // 2 + shift]) if count and count // 2 + shift < count else ()
    )
    if not middle or not all(math.isfinite(m) for m in middle):
        why = "undefined: too few points differ in x, or y falls as x rises"
    else:
        slope = float(sum(middle)) / 2
        intercept = float(np.median(v - slope * u))
        spread = z * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        low = round((count - spread) / 2)
        high = count - low + 1
        if low >= 1 and low + shift >= 1 and high + shift <= count and math.isfinite(slopes[high + shift - 1]):
            b_low, b_high = float(slopes[low + shift - 1]), float(slopes[high + shift - 1])
            limits["slope"] = (b_low, b_high)
            limits["intercept"] = (float(np.median(v - b_high * u)), float(np.median(v - b_low * u)))
        else:
            why = f"no interval: {n} pairs are too few"
        cusum, p = _linearity(u, v, intercept, slope)
    warn = "the points bend around the line (cusum test): do not use it" if p < 0.05 else ""
    return rows(
        {
            "term": term,
            "estimate": estimate,
            "ci_low": limits[term][0],
            "ci_high": limits[term][1],
            "confidence": confidence,
            "linearity_p": p,
            "cusum": cusum,
            "method": "Passing and Bablok (1983), cusum test of linearity",
            "n": n,
            "n_missing": obs.n_missing,
            "note": notes(why, warn, "fewer than 30 pairs" if n < 30 and not why else "", obs.note),
        }
        for term, estimate in (("slope", slope), ("intercept", intercept))
    )


def _linearity(x: FloatArray, y: FloatArray, intercept: float, slope: float) -> tuple[float, float]:
    """The cusum of what lies above and below along the line: its largest distance, and Kolmogorov's p."""
    residual = y - intercept - slope * x
    residual[np.abs(residual) <= 1e-12 * float(np.abs(y).max())] = 0.0
    above, below = int((residual > 0).sum()), int((residual < 0).sum())
    if not above or not below:
        return NAN, NAN
    steps = np.where(residual > 0, math.sqrt(below / above), np.where(residual < 0, -math.sqrt(above / below), 0.0))
    along = (y + x / slope - intercept) if slope else x
    order = np.argsort(along, kind="stable")
    height = float(np.abs(np.cumsum(steps[order])).max()) / math.sqrt(below + 1)
    return height, float(scipy.special.kolmogorov(height))
