"""The statistics of many studies at once: a row a study, a column a patient.

The same numbers as :mod:`vbqkit.stats` gives for each row by itself, which takes a thousand calls for a thousand
studies; ``tests/study_replicas`` holds one against the other.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import special, stats

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_EXACT_UP_TO = 7
"""Patients up to whom every order of the ranks is counted for the p of Spearman's correlation."""


def correlations_of(x: FloatArray, y: FloatArray, *, ranks: bool) -> dict[str, FloatArray]:
    """Correlation of each row of `x` with the row of `y`, and its two-sided p.

    Parameters
    ----------
    x, y : array, (studies, patients)
        Pairs.
    ranks : bool
        Spearman's instead of Pearson's. Its p counts all orders up to seven patients; beyond, it is Student's.

    Returns
    -------
    dict
        ``"r"`` and ``"p"``, one value a study; nan where one of the two does not vary.

    Examples
    --------
    >>> found = correlations_of(np.array([[1.0, 2, 3, 4, 5]]), np.array([[2.0, 1, 4, 3, 5]]), ranks=True)
    >>> {name: round(float(value[0]), 4) for name, value in found.items()}
    {'r': 0.8, 'p': 0.1333}
    """
    n = x.shape[1]
    if ranks:
        x, y = (stats.rankdata(values, axis=1) for values in (x, y))
    x, y = (values - values.mean(axis=1, keepdims=True) for values in (x, y))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
        r = np.clip(r, -1.0, 1.0)
        if ranks and n <= _EXACT_UP_TO:
            extreme = np.abs(_every_order(n))[None, :] >= np.abs(r)[:, None] - 1e-9
            p = np.where(np.isnan(r), np.nan, extreme.mean(axis=1))
        else:
            t = r * np.sqrt((n - 2) / (1.0 - r * r))
            p = 2.0 * special.stdtr(n - 2, -np.abs(t))
    return {"r": r, "p": p}


@cache
def _every_order(n: int) -> FloatArray:
    """Spearman's correlation of 1 to n with each of its orders."""
    orders = np.array(list(itertools.permutations(range(n))), dtype=np.float64)
    d2 = ((orders - np.arange(n)) ** 2).sum(axis=1)
    return np.asarray(1.0 - 6.0 * d2 / (n * (n * n - 1)))


def discriminations_of(score: FloatArray, case: BoolArray) -> dict[str, FloatArray]:
    """How a score tells cases from controls in each row; a high score points to a case.

    Parameters
    ----------
    score : array, (studies, patients)
        Without nan.
    case : array of bool, (studies, patients)
        Who is a case.

    Returns
    -------
    dict
        One value a study. ``"AUC"``; ``"AUC p"``, two-sided, against 0.5 with the variance that holds there (SPSS);
        ``"cut-off"``, half-way between the scores where sensitivity + specificity is greatest (of equals the one with
        most positives);
        ``"sensitivity"``, ``"specificity"`` (%) and ``"Youden's J"`` there; ``"difference"`` of means and
        ``"difference p"``, Student's t test. nan where nobody or everybody is a case.
    """
    studies, n = score.shape
    cases = case.sum(axis=1).astype(np.float64)
    controls = n - cases
    undefined = (cases == 0) | (controls == 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = stats.rankdata(score, axis=1)
        u = (ranks * case).sum(axis=1) - cases * (cases + 1.0) / 2.0
        area = u / (cases * controls)
        z = (area - 0.5) / np.sqrt((n + 1.0) / (12.0 * cases * controls))
        order = np.argsort(-score, axis=1, kind="stable")
        falling, is_case = np.take_along_axis(score, order, axis=1), np.take_along_axis(case, order, axis=1)
        tp, fp = np.cumsum(is_case, axis=1).astype(np.float64), np.cumsum(~is_case, axis=1).astype(np.float64)
        gain = tp * controls[:, None] - fp * cases[:, None]  # whole numbers: equally good cuts are exactly equal
        gain[:, :-1] = np.where(falling[:, :-1] == falling[:, 1:], -np.inf, gain[:, :-1])  # no cut between equals
        gain[:, -1] = -np.inf  # everybody positive is no cut-off
        at = n - 1 - np.argmax(gain[:, ::-1], axis=1)
        row = np.arange(studies)
        cut = (falling[row, at] + falling[row, np.minimum(at + 1, n - 1)]) / 2.0
        sensitivity, false = tp[row, at] / cases, fp[row, at] / controls
        difference, p = _t_tests(score, case, cases, controls)
    found = {
        "AUC": area,
        "AUC p": 2.0 * special.ndtr(-np.abs(z)),
        "cut-off": cut,
        "sensitivity": 100.0 * sensitivity,
        "specificity": 100.0 * (1.0 - false),
        "Youden's J": sensitivity - false,
        "difference": difference,
        "difference p": p,
    }
    return {name: np.where(undefined, np.nan, values) for name, values in found.items()}


def _t_tests(
    score: FloatArray, case: BoolArray, cases: FloatArray, controls: FloatArray
) -> tuple[FloatArray, FloatArray]:
    mean_case = (score * case).sum(axis=1) / cases
    mean_control = (score * ~case).sum(axis=1) / controls
    squares = ((score - mean_case[:, None]) ** 2 * case).sum(axis=1)
    squares += ((score - mean_control[:, None]) ** 2 * ~case).sum(axis=1)
    df = cases + controls - 2.0
    t = (mean_case - mean_control) / np.sqrt(squares / df * (1.0 / cases + 1.0 / controls))
    return mean_case - mean_control, 2.0 * special.stdtr(df, -np.abs(t))


def youden_at(cut: FloatArray, score: FloatArray, case: BoolArray) -> FloatArray:
    """Sensitivity + specificity - 1 of each row at a cut-off that was chosen elsewhere."""
    positive = score >= cut[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        j: FloatArray = (positive & case).sum(axis=1) / case.sum(axis=1) - (positive & ~case).sum(axis=1) / (~case).sum(
            axis=1
        )
    return j


def where_it_lies(draws: FloatArray, value: float) -> dict[str, float]:
    """Where a value lies among draws.

    Returns
    -------
    dict
        percentile: share of the draws below the value and half of those equal to it, %, with 95 % Monte Carlo limits
        percentile_low and percentile_high (Clopper and Pearson, of the same share of so many draws); p: twice the
        smaller tail, the value counted among the draws, so that it is never 0 (Phipson and Smyth 2010).

    Examples
    --------
    >>> found = where_it_lies(np.arange(999.0), 9.5)
    >>> round(found["percentile"], 2), round(found["p"], 3)
    (1.0, 0.022)
    """
    known = draws[np.isfinite(draws)]
    n = len(known)
    if n == 0 or not math.isfinite(value):
        return dict.fromkeys(("percentile", "percentile_low", "percentile_high", "p"), math.nan)
    below = float((known < value).sum() + 0.5 * (known == value).sum())
    low, high = share_limits(below, n)
    smaller = min(int((known <= value).sum()), int((known >= value).sum()))
    return {
        "percentile": 100.0 * below / n,
        "percentile_low": 100.0 * low,
        "percentile_high": 100.0 * high,
        "p": min(1.0, 2.0 * (1.0 + smaller) / (1.0 + n)),
    }


def share_limits(count: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of Clopper and Pearson for a share of `n`; a half count is allowed."""
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if count <= 0 else float(special.betaincinv(count, n - count + 1.0, tail))
    high = 1.0 if count >= n else float(special.betaincinv(count + 1.0, n - count, 1.0 - tail))
    return low, high
