"""Agreement of two measurements: bias, limits of agreement, proportional bias; single and repeated measurements."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import t_of, two_sided_t_p, z_of
from vbqkit.stats.observations import (
    ColumnLike,
    FloatArray,
    Observations,
    check_confidence,
    choice,
    observations,
    scalar,
)
from vbqkit.stats.regression import linear_regression
from vbqkit.stats.result import NAN, notes, rows

LIMITS = {
    "exact": "exact (Carkeet 2015)",
    "approximate": "approximate (Bland and Altman 1999)",
    "approximate-1986": "approximate, se = sqrt(3/n) sd (Bland and Altman 1986)",
}


def bland_altman(
    a: ColumnLike,
    b: ColumnLike,
    *,
    scale: str,
    limits_interval: str,
    data: pd.DataFrame | None = None,
    coverage: float = 0.95,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Bias and limits of agreement of two measurements of the same subjects, with their intervals.

    Differences ``d = a - b``, or ``100 (a - b) / ((a + b)/2)`` in percent; bias = mean d; limits = bias ± z sd(d). The
    limits hold 95 of 100 differences if these are normal and do not depend on the size; whether they are close enough
    is for you to say beforehand (Huang 2026 accepts ±10 %), not for a test.

    Parameters
    ----------
    a, b : column of numbers
        Arrays or Series, or with `data` the names of columns; the difference is a - b.
    scale : {"absolute", "percent"}
        Unit of the measurement, or percent of the mean of the two.
    limits_interval : {"exact", "approximate", "approximate-1986"}
        Interval of each limit: from the noncentral t (Carkeet), ``sd sqrt(1/n + z²/(2(n-1)))`` (1999), or
        ``sd sqrt(3/n)`` (1986); both approximate ones with t(n - 1).
    data : DataFrame, optional
        The table.
    coverage : float
        Share of differences between the limits.
    confidence : float
        Of the intervals of bias, limits and slope.

    Returns
    -------
    DataFrame
        Five rows, quantity "bias", "lower limit", "upper limit", "sd of differences", "slope" (of the difference on
        the mean: proportional bias): quantity, estimate, ci_low, ci_high, confidence, p (bias against 0, slope against
        0), scale, method, n, n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used; percent of measurements that are not all above 0.

    References
    ----------
    Bland and Altman (1986) doi:10.1016/S0140-6736(86)90837-8, whose data it is checked against; (1999)
    doi:10.1177/096228029900800204; Carkeet (2015) doi:10.1097/OPX.0000000000000513.

    Examples
    --------
    >>> table = bland_altman([2.1, 2.9, 3.3, 2.6], [2.0, 3.0, 3.1, 2.6], scale="absolute", limits_interval="exact")
    >>> table.round(2)[["quantity", "estimate"]].values.tolist()[:3]
    [['bias', 0.05], ['lower limit', -0.2], ['upper limit', 0.3]]
    """
    check_confidence(confidence)
    choice(limits_interval, "limits_interval", LIMITS)
    z = z_of(scalar(coverage, "coverage", above=0, below=1, hint="Say 0.95 for 95 %."))
    obs = observations(data, numeric={"a": a, "b": b})
    d, middle = differences(obs, scale)
    n = d.size
    bias, sd = float(d.mean()), float(d.std(ddof=1)) if n > 1 else NAN
    se, df = sd / math.sqrt(n), n - 1
    half = t_of(confidence, df) * se if df and se > 0 else NAN
    t = bias / se if se > 0 else NAN
    limits = _limit_intervals(bias, sd, n, z, confidence, limits_interval)
    sd_low, sd_high = (
        sd * math.sqrt(df / float(special.chdtri(df, tail))) if df and sd > 0 else NAN
        for tail in ((1 - confidence) / 2, (1 + confidence) / 2)
    )
    slope = linear_regression(middle, d, confidence=confidence).iloc[0]
    why = "" if n > 1 else "undefined: one pair has no spread"
    unit = "percent of the mean of the two" if scale == "percent" else "unit of the measurement"
    flat = "" if sd > 0 or why else "no interval: the differences are all equal"
    found: list[tuple[str, float, float, float, float, str, str]] = [
        ("bias", bias, bias - half, bias + half, two_sided_t_p(t, df) if df else NAN, "t interval", why),
        ("lower limit", bias - z * sd, *limits[0], NAN, LIMITS[limits_interval], why),
        ("upper limit", bias + z * sd, *limits[1], NAN, LIMITS[limits_interval], why),
        (
            "sd of differences",
            sd,
            sd_low,
            sd_high,
            NAN,
            "chi-square interval",
            why,
        ),
        (
            "slope",
            slope.estimate,
            slope.ci_low,
            slope.ci_high,
            slope.p,
            "least squares of difference on mean",
            slope.note,
        ),
    ]
    return rows(
        {
            "quantity": quantity,
            "estimate": estimate,
            "ci_low": low,
            "ci_high": high,
            "confidence": confidence,
            "p": p,
            "scale": scale,
            "method": f"a - b in {unit}; {method}",
            "n": n,
            "n_missing": obs.n_missing,
            "note": notes(note, flat, obs.note),
        }
        for quantity, estimate, low, high, p, method, note in found
    )


def differences(obs: Observations, scale: str) -> tuple[FloatArray, FloatArray]:
    """Differences of columns a and b, absolute or in percent of their mean, and the means themselves.

    Raises
    ------
    TableError
        The scale is not known, or a percentage is asked of measurements that are not all above 0.
    """
    a, b = obs["a"], obs["b"]
    middle = (a + b) / 2
    if choice(scale, "scale", ("absolute", "percent")) == "absolute":
        return a - b, middle
    if min(a.min(), b.min()) <= 0:
        raise TableError(
            f"A percent difference needs measurements above 0, and the smallest is {min(a.min(), b.min()):g}. "
            "Use scale='absolute' for T-scores and other values that can be 0 or negative."
        )
    return 100 * (a - b) / middle, middle


def _limit_intervals(
    bias: float, sd: float, n: int, z: float, confidence: float, how: str
) -> tuple[tuple[float, float], tuple[float, float]]:
    if n < 2 or not sd > 0:
        return (NAN, NAN), (NAN, NAN)
    if how == "exact":
        # (upper limit - bias)/(sd/sqrt n) follows a noncentral t with noncentrality z sqrt n, whatever mean and sd are.
        tail = (1 - confidence) / 2
        near, far = (float(special.nctdtrit(n - 1, z * math.sqrt(n), q)) * sd / math.sqrt(n) for q in (tail, 1 - tail))
        return (bias - far, bias - near), (bias + near, bias + far)
    share = 3 / n if how == "approximate-1986" else 1 / n + z * z / (2 * (n - 1))
    half = t_of(confidence, n - 1) * sd * math.sqrt(share)
    low, high = bias - z * sd, bias + z * sd
    return (low - half, low + half), (high - half, high + half)


def bland_altman_repeated(
    a: ColumnLike,
    b: ColumnLike,
    subject: ColumnLike,
    *,
    truth: str,
    data: pd.DataFrame | None = None,
    coverage: float = 0.95,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Bias and limits of agreement when subjects are measured more than once.

    Pooling all pairs as if they were subjects makes the limits too narrow and their intervals far too short. The
    variance of a difference of two single measurements is put together from that of the subjects' means and that
    within subjects:

    * ``truth="varies"`` (the pairs of a subject belong together, the quantity changes between them):
      ``sd² = var(mean d) + (1 - 1/m_h) var_within(d)``;
    * ``truth="constant"`` (repeats of one and the same quantity, a and b in any order):
      ``sd² = var(mean a - mean b) + (1 - 1/m_h) var_within(a) + (1 - 1/m_h) var_within(b)``,

    with ``m_h`` the harmonic mean of the numbers of repeats. The bias is the mean of the subjects' mean differences:
    every subject counts once, however often it was measured (Zou). Bland and Altman's ANOVA of 2007, which MedCalc
    prints, weighs every measurement instead: for their 12 patients its bias is 0.602, and this one 0.709.

    Parameters
    ----------
    a, b : column of numbers
        One row per pair ("varies") or per repeat ("constant": a row may then lack a or b).
    subject : column of labels
        Who it was.
    truth : {"varies", "constant"}
        See above; it has no default.
    data : DataFrame, optional
        The table.
    coverage, confidence : float
        As in `bland_altman`.

    Returns
    -------
    DataFrame
        Four rows, quantity "bias", "lower limit", "upper limit", "sd of differences": quantity, estimate, ci_low,
        ci_high, confidence, method, n (subjects), n_measurements (rows), n_missing, note.

    Raises
    ------
    TableError
        As in `bland_altman`.

    References
    ----------
    Bland and Altman (1999) doi:10.1177/096228029900800204 and (2007) doi:10.1080/10543400701329422; intervals by
    MOVER, Zou (2013) doi:10.1177/0962280211402548.
    """
    check_confidence(confidence)
    choice(truth, "truth", ("varies", "constant"))
    z = z_of(scalar(coverage, "coverage", above=0, below=1, hint="Say 0.95 for 95 %."))
    if truth == "varies":
        obs = observations(data, numeric={"a": a, "b": b}, categorical={"subject": subject})
        parts = [_per_subject(obs["a"] - obs["b"], obs["subject"])]
        means = parts[0]["mean"]
        n_rows, n_missing, note = obs.n, obs.n_missing, obs.note
    else:
        one, two = (observations(data, numeric={"value": v}, categorical={"subject": subject}) for v in (a, b))
        parts = [_per_subject(o["value"], o["subject"]) for o in (one, two)]
        both = parts[0].index.intersection(parts[1].index)
        means = parts[0].loc[both, "mean"] - parts[1].loc[both, "mean"]
        lost = len(parts[0].index.union(parts[1].index)) - len(both)
        parts = [part.loc[both] for part in parts]
        n_rows, n_missing = int(sum(part["count"].sum() for part in parts)), one.n_missing + two.n_missing
        note = notes(
            f"{lost} subjects left out: not measured by both" if lost else "",
            f"{n_missing} single values are missing" if n_missing else "",
        )
    n = len(means)
    if n < 2:
        raise TableError(
            f"{n} subject has measurements of both; two or more were expected. Use bland_altman for pairs, or check the labels."
        )
    d = means.to_numpy(dtype=float)
    bias, between = float(d.mean()), float(d.var(ddof=1))
    # (share, variance, degrees of freedom) of each independent part of the variance of a difference.
    pieces = [(1.0, between, n - 1)]
    for part in parts:
        df = int(part["count"].sum()) - n
        harmonic = n / float((1 / part["count"]).sum())
        within = float(part["squares"].sum()) / df if df else 0.0
        pieces.append((1 - 1 / harmonic, within, df))
    variance = sum(share * v for share, v, _ in pieces)
    v_low, v_high = _mover_variance(variance, pieces, confidence)
    sd, sd_low, sd_high = math.sqrt(variance), math.sqrt(max(v_low, 0.0)), math.sqrt(v_high)
    z_confidence, se = z_of(confidence), math.sqrt(between / n)
    half = t_of(confidence, n - 1) * se if se > 0 else NAN
    if not variance > 0:
        sd_low = sd_high = NAN
    inner = math.hypot(z_confidence * se, z * (sd - sd_low))
    outer = math.hypot(z_confidence * se, z * (sd_high - sd))
    single = "no subject was measured twice: the same as bland_altman" if all(df == 0 for *_, df in pieces[1:]) else ""
    flat = "" if between > 0 else "no interval of the bias: the subjects' mean differences are all equal"
    method = f"truth {'varies' if truth == 'varies' else 'is constant'} within a subject, every subject weighs the same (Zou 2013); "
    return rows(
        {
            "quantity": quantity,
            "estimate": estimate,
            "ci_low": low,
            "ci_high": high,
            "confidence": confidence,
            "method": method + how,
            "n": n,
            "n_measurements": n_rows,
            "n_missing": n_missing,
            "note": notes(single, flat, note),
        }
        for quantity, estimate, low, high, how in (
            ("bias", bias, bias - half, bias + half, "t interval over subjects"),
            ("lower limit", bias - z * sd, bias - z * sd - outer, bias - z * sd + inner, "MOVER"),
            ("upper limit", bias + z * sd, bias + z * sd - inner, bias + z * sd + outer, "MOVER"),
            ("sd of differences", sd, sd_low, sd_high, "MOVER"),
        )
    )


def _per_subject(values: FloatArray, subject: Any) -> pd.DataFrame:
    """Mean, number and sum of squares around the mean, by subject."""
    groups = pd.Series(values).groupby(pd.Series(subject).to_numpy())
    mean = groups.transform("mean").to_numpy()
    squares = pd.Series((values - mean) ** 2).groupby(pd.Series(subject).to_numpy()).sum()
    return pd.DataFrame({"mean": groups.mean(), "count": groups.count(), "squares": squares})


def _mover_variance(variance: float, pieces: list[tuple[float, float, int]], confidence: float) -> tuple[float, float]:
    """Interval of a sum of variances from the chi-square intervals of its parts."""
    tail = (1 - confidence) / 2
    below = above = 0.0
    for share, value, df in pieces:
        if df:
            below += (share * value * (1 - df / float(special.chdtri(df, tail)))) ** 2
            above += (share * value * (df / float(special.chdtri(df, 1 - tail)) - 1)) ** 2
    return variance - math.sqrt(below), variance + math.sqrt(above)
