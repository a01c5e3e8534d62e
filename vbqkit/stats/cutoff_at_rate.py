"""The cut-off that keeps a wanted sensitivity or specificity, and what the other rate then is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import (
    PROPORTION_METHODS,
    need_rng,
    percentile_interval,
    proportion_interval,
    unmoved,
)
from vbqkit.stats.observations import ColumnLike, FloatArray, check_confidence, choice, count, scalar
from vbqkit.stats.result import NAN, notes, rows
from vbqkit.stats.scores_by_outcome import (
    CaseControl,
    DistinctScores,
    case_control,
    distinct_scores,
    positives,
    resamples,
)

INTERVALS = {"bootstrap": "bootstrap", **PROPORTION_METHODS}


def cutoff_for_rate(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    interval: str,
    sensitivity: float | None = None,
    specificity: float | None = None,
    rng: np.random.Generator | None = None,
    n_bootstrap: int = 2_000,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The cut-off with at least the wanted sensitivity (or specificity), and the best other rate it leaves.

    A screening tool fixes the sensitivity (who may be missed?) and asks for the specificity; a test that sends people
    to treatment does the reverse. Of all cut-offs that keep the wanted rate it is the one with the best other rate.

    Parameters
    ----------
    score, outcome, positive, case, data
        As in `roc_curve`.
    interval : {"bootstrap", "wilson", "clopper-pearson"}
        "bootstrap": percentiles of stratified resamples in each of which the cut-off is chosen again, so that the
        interval of the other rate counts the choosing (needs `rng`). The others take the cut-off as given for the
        rates, and give the cut-off itself the exact interval of a quantile by order statistics.
    sensitivity, specificity : float
        The wanted rate: one of the two, such as 0.9.
    rng : numpy.random.Generator, optional
        Source of chance of the bootstrap.
    n_bootstrap : int
        Resamples.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Three rows, quantity "cutoff", "sensitivity", "specificity": quantity, estimate, ci_low, ci_high, confidence,
        fixed ("sensitivity >= 0.9"), rule, positive, method, n, n_case, n_control, n_missing, note.

    Raises
    ------
    TableError
        As in `roc_curve`, or not exactly one rate is wanted.

    References
    ----------
    Platt, Hanley and Yang (2000) Stat Med 19:313-322; order statistics: David and Nagaraja (2003) Order Statistics,
    7.1. Points checked against R's pROC.

    Examples
    --------
    >>> vbq, outcome = [2.1, 2.4, 2.2, 2.9, 3.3, 3.1, 2.8, 2.6], [0, 0, 0, 0, 1, 1, 1, 1]
    >>> table = cutoff_for_rate(vbq, outcome, positive="high", sensitivity=0.75, interval="wilson")
    >>> table.round(2)[["quantity", "estimate"]].values.tolist()
    [['cutoff', 2.7], ['sensitivity', 0.75], ['specificity', 0.75]]
    """
    choice(interval, "interval", INTERVALS)
    check_confidence(confidence)
    wanted = [(n, v) for n, v in (("sensitivity", sensitivity), ("specificity", specificity)) if v is not None]
    if len(wanted) != 1:
        raise TableError("Fix one rate, and one only: say sensitivity=0.9, or specificity=0.9.")
    name, rate = wanted[0][0], scalar(wanted[0][1], wanted[0][0], above=0, at_most=1, hint="Say 0.9 for 90 %.")
    if interval == "bootstrap":
        count(n_bootstrap, "n_bootstrap", at_least=100)
        rng = need_rng(rng, "The bootstrap interval")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    here = _chosen(found, found.case_counts[None], found.control_counts[None], name, rate)
    cutoff, sens, spec = (float(v[0]) for v in here)
    if interval == "bootstrap" and rng is not None:
        drawn = [_chosen(found, a, b, name, rate) for a, b in resamples(found, n_bootstrap, rng)]
        limits = [percentile_interval(np.concatenate([d[i] for d in drawn]), confidence) for i in range(3)]
        how = f"percentiles of {n_bootstrap} stratified resamples"
    else:
        m, n = group.cases.size, group.controls.size
        limits = [
            _quantile_interval(group, name, rate, confidence),
            proportion_interval(round(sens * m), m, confidence=confidence, method=interval),
            proportion_interval(round(spec * n), n, confidence=confidence, method=interval),
        ]
        how = f"{PROPORTION_METHODS[interval]} interval of the rates at this cut-off"
    useless = "no cut-off short of calling everybody the same keeps this rate" if math.isinf(cutoff) else ""
    table = []
    ends = sorted(group.sign * v for v in limits[0])
    limits[0] = (ends[0], ends[1])
    for quantity, value, (low, high) in zip(
        ("cutoff", "sensitivity", "specificity"), (group.sign * cutoff, sens, spec), limits, strict=True
    ):
        exact = quantity == "cutoff" and interval != "bootstrap"
        without = unmoved(low) if interval == "bootstrap" else ""
        if exact and math.isnan(low):
            without = "no interval: too few patients for an exact interval of the quantile"
        table.append(
            {
                "quantity": quantity,
                "estimate": value if math.isfinite(value) else NAN,
                "ci_low": low if math.isfinite(low) else NAN,
                "ci_high": high if math.isfinite(high) else NAN,
                "confidence": confidence,
                "fixed": f"{name} >= {rate:g}",
                "rule": group.rule(cutoff),
                "positive": group.positive,
                "method": "exact interval of a quantile, order statistics" if exact else how,
                **group.counts,
                "note": notes(
                    f"undefined: {useless}" if useless and quantity == "cutoff" else useless, without, group.note
                ),
            }
        )
    return rows(table)


def _chosen(
    found: DistinctScores, cases: FloatArray, controls: FloatArray, name: str, rate: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cut-off, sensitivity and specificity of each curve: the last point from the wanted side that keeps the rate."""
    m, n = cases[0].sum(), controls[0].sum()
    tp, fp = positives(cases), positives(controls)
    # Sensitivity falls along the curve: the last point that keeps it has the fewest false positives. Specificity rises.
    keeps, loses = tp >= rate * m - 1e-9, n - fp < rate * n - 1e-9
    at = keeps.sum(axis=1) - 1 if name == "sensitivity" else loses.sum(axis=1)
    curve = np.arange(cases.shape[0])
    # Of points with equal rates, the middle of the gap in the scores that this resample has.
    k = found.scores.size
    present = (cases + controls) > 0
    places = np.arange(k)
    last_below = np.maximum.accumulate(np.where(present, places, -1), axis=1)
    first_from = np.minimum.accumulate(np.where(present, places, k)[:, ::-1], axis=1)[:, ::-1]
    below = np.where(at > 0, last_below[curve, np.maximum(at - 1, 0)], -1)
    above = np.where(at < k, first_from[curve, np.minimum(at, k - 1)], k)
    padded = np.concatenate([[-np.inf], found.scores, [np.inf]])
    lower, upper = padded[below + 1], padded[above + 1]
    inside = np.isfinite(lower) & np.isfinite(upper)
    gap = np.subtract(upper, lower, out=np.zeros_like(upper), where=inside)
    cutoff = np.where(inside, lower + gap / 2, np.where(np.isfinite(upper), -np.inf, np.inf))
    return cutoff, tp[curve, at] / m, 1 - fp[curve, at] / n


def _quantile_interval(group: CaseControl, name: str, rate: float, confidence: float) -> tuple[float, float]:
    """Exact limits of the score that the wanted share lies at, from the order of the scores of that class."""
    ordered = np.sort(group.cases if name == "sensitivity" else group.controls)
    n = ordered.size
    share = 1 - rate if name == "sensitivity" else rate  # of the class below the cut-off
    if not 0 < share < 1:
        return NAN, NAN
    at_most = special.bdtr(np.arange(n + 1), n, share)  # P(no more than k lie below)
    tail = (1 - confidence) / 2
    low = int(np.searchsorted(at_most, tail, "right"))  # the largest k with P(fewer than k) <= tail
    high = int(np.searchsorted(at_most, 1 - tail))
    if low < 1 or high >= n:
        return NAN, NAN
    return float(ordered[low - 1]), float(ordered[high])
