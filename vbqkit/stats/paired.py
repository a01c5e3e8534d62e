"""Tests for pairs: two answers or two values of the same patient, or of a case and the control matched to it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import proportion_interval, t_of, two_sided_t_p, z_of
from vbqkit.stats.observations import ColumnLike, case_labels, check_confidence, choice, observations, same_type
from vbqkit.stats.result import NAN, notes, row
from vbqkit.stats.signed_ranks import EXACT_PAIRS, signed_rank_test

MCNEMAR = {
    "mid-p": "McNemar, mid-p",
    "exact": "McNemar, exact (binomial)",
    "chi-square": "McNemar, chi-square without continuity correction",
    "chi-square corrected": "McNemar, chi-square with continuity correction",
}


def mcnemar(
    a: ColumnLike,
    b: ColumnLike,
    *,
    p_value: str,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare two yes-or-no answers of the same people, or of matched pairs, by McNemar's test.

    Only the pairs that disagree say anything: ``a_only`` pairs are yes in a alone, ``b_only`` in b alone. The estimate
    is the difference of the two shares of yes, ``(a_only - b_only)/n``, with Newcombe's interval for pairs. Above 0:
    a says yes more often. Take the people with the condition to compare two sensitivities, those without it to compare
    two specificities.

    Parameters
    ----------
    a, b : column of labels
        One row per person or pair; with `data` the names of columns.
    p_value : {"mid-p", "exact", "chi-square", "chi-square corrected"}
        "exact" is the two-sided binomial test of a_only against b_only; "mid-p" takes off half the chance of what was
        seen, which keeps closer to the level than the exact test; the chi-squares are those of SPSS and R.
    case : label, optional
        The label of "yes"; True (1) for columns of True and False.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row: estimate (difference of shares), ci_low, ci_high, confidence, statistic (chi-square), p, share_a,
        share_b, both, a_only, b_only, neither, odds_ratio (a_only/b_only, the one of a matched case-control study),
        or_low, or_high (exact), method, n, n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used, or what "yes" is called is not known.

    References
    ----------
    McNemar (1947) doi:10.1007/BF02295996; mid-p: Fagerland, Lydersen and Laake (2013) doi:10.1186/1471-2288-13-91;
    interval: Newcombe (1998) doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C, method 10.
    Checked against the worked example of Fagerland et al. and R's mcnemar.test and binom.test.

    Examples
    --------
    Fagerland's example, 21 children, 1 + 1 + 7 + 12:

    >>> before, after = [1] * 2 + [0] * 19, [1, 0] + [1] * 7 + [0] * 12
    >>> mcnemar(before, after, p_value="mid-p").round(3)[["estimate", "p"]].iloc[0].tolist()
    [-0.286, 0.039]
    """
    choice(p_value, "p_value", MCNEMAR)
    check_confidence(confidence)
    obs = observations(data, categorical={"a": a, "b": b})
    left, right = same_type([obs["a"], obs["b"]])
    # What "yes" is called is read from both columns together: one of them may hold a single answer.
    yes = case_labels(np.concatenate([left, right]), case=case, name="a and b", keyword="case")
    in_a, in_b = yes[: obs.n], yes[obs.n :]
    both, a_only = int((in_a & in_b).sum()), int((in_a & ~in_b).sum())
    b_only, n = int((~in_a & in_b).sum()), obs.n
    neither = n - both - a_only - b_only
    statistic, p = _mcnemar_p(a_only, b_only, p_value)
    share = proportion_interval(a_only, a_only + b_only, confidence=confidence, method="clopper-pearson")
    low, high = _newcombe_paired(both, a_only, b_only, neither, confidence)
    return row(
        estimate=(a_only - b_only) / n,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        statistic=statistic,
        p=p,
        share_a=(both + a_only) / n,
        share_b=(both + b_only) / n,
        both=both,
        a_only=a_only,
        b_only=b_only,
        neither=neither,
        odds_ratio=a_only / b_only if b_only else math.inf if a_only else NAN,
        or_low=_odds(share[0]),
        or_high=_odds(share[1]),
        method=f"{MCNEMAR[p_value]}; Newcombe interval for pairs",
        n=n,
        n_missing=obs.n_missing,
        note=notes("no pair disagrees, so p and the odds ratio are undefined" if not a_only + b_only else "", obs.note),
    )


def _odds(share: float) -> float:
    return math.inf if share == 1 else share / (1 - share)


def _mcnemar_p(a_only: int, b_only: int, p_value: str) -> tuple[float, float]:
    """The chi-square, and p."""
    apart = a_only + b_only
    if not apart:
        return NAN, NAN
    if p_value.startswith("chi-square"):
        away = abs(a_only - b_only) - (1 if p_value.endswith("corrected") else 0)
        statistic = max(away, 0) ** 2 / apart
        return statistic, float(special.chdtrc(1, statistic))
    fewer = min(a_only, b_only)
    exact = min(1.0, 2 * float(special.bdtr(fewer, apart, 0.5)))
    at = float(np.exp(special.gammaln(apart + 1) - special.gammaln(fewer + 1) - special.gammaln(apart - fewer + 1)))
    at *= 0.5**apart
    if p_value == "exact":
        return NAN, exact
    return NAN, 1 - at / 2 if a_only == b_only else exact - at


def _newcombe_paired(both: int, a_only: int, b_only: int, neither: int, confidence: float) -> tuple[float, float]:
    """Newcombe's method 10: Wilson's limits of both shares, joined with their correlation phi."""
    n = both + a_only + b_only + neither
    x_a, x_b = both + a_only, both + b_only
    (low_a, high_a), (low_b, high_b) = (
        proportion_interval(x, n, confidence=confidence, method="wilson") for x in (x_a, x_b)
    )
    a, b = x_a / n, x_b / n
    margins = math.sqrt(x_a) * math.sqrt(n - x_a) * math.sqrt(x_b) * math.sqrt(n - x_b)
    top = float(both * neither - a_only * b_only)
    if top > 0:
        top = max(top - n / 2, 0.0)
    phi = top / margins if margins > 0 else 0.0
    below = (a - low_a) ** 2 - 2 * phi * (a - low_a) * (high_b - b) + (high_b - b) ** 2
    above = (high_a - a) ** 2 - 2 * phi * (high_a - a) * (b - low_b) + (b - low_b) ** 2
    return a - b - math.sqrt(max(below, 0.0)), a - b + math.sqrt(max(above, 0.0))


def paired_t_test(
    a: ColumnLike, b: ColumnLike, *, data: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Mean difference of two values of the same patient or of matched pairs, by the paired t test.

    ``t = mean(a - b) / (sd(a - b)/sqrt(n))`` with n - 1 degrees of freedom. Above 0: a is larger. It asks for
    differences that are about normal; with few and skewed ones see `wilcoxon_signed_rank`.

    Parameters
    ----------
    a, b : column of numbers
        One row per pair; with `data` the names of columns.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate (mean of a - b), ci_low, ci_high, confidence, t, df, p, cohens_dz (estimate / sd_difference),
        sd_difference, mean_a, mean_b, method, n (pairs), n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used.

    References
    ----------
    Student (1908) doi:10.1093/biomet/6.1.1. Checked against R's t.test(paired = TRUE).

    Examples
    --------
    >>> paired_t_test([2.9, 3.1, 3.4, 2.8], [2.2, 2.9, 3.1, 2.7]).round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.325, 0.09]
    """
    check_confidence(confidence)
    obs = observations(data, numeric={"a": a, "b": b})
    difference = obs["a"] - obs["b"]
    n, mean = obs.n, float(difference.mean())
    sd = float(difference.std(ddof=1)) if n > 1 else NAN
    # Equal differences leave what rounding makes of 0.
    if sd <= 1e-13 * max(float(np.abs(obs["a"]).max()), float(np.abs(obs["b"]).max())):
        sd = 0.0
    se = sd / math.sqrt(n)
    t = mean / se if se > 0 else NAN
    half = t_of(confidence, n - 1) * se if se > 0 else NAN
    why = "" if se > 0 else "no interval: " + ("there is one pair only" if n < 2 else "all differences are equal")
    return row(
        estimate=mean,
        ci_low=mean - half,
        ci_high=mean + half,
        confidence=confidence,
        t=t,
        df=n - 1,
        p=two_sided_t_p(t, n - 1) if se > 0 else NAN,
        cohens_dz=mean / sd if sd > 0 else NAN,
        sd_difference=sd,
        mean_a=obs["a"].mean(),
        mean_b=obs["b"].mean(),
        method="paired t test",
        n=n,
        n_missing=obs.n_missing,
        note=notes(why, obs.note),
    )


def wilcoxon_signed_rank(
    a: ColumnLike,
    b: ColumnLike,
    *,
    p_value: str = "auto",
    continuity: bool = True,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Do the differences of pairs lean to one side? Wilcoxon's test on their ranks.

    V is the sum of the ranks of ``|a - b|`` over the pairs with a > b; pairs without a difference are left out, as R
    and SPSS do. ``estimate`` is the Hodges-Lehmann pseudo-median, the median of all means of two differences (Walsh
    averages); the interval holds the shifts that the test without ties does not reject.

    Parameters
    ----------
    a, b, data, confidence
        As in `paired_t_test`.
    p_value : {"auto", "exact", "normal"}
        "exact" counts all 2^n signs, tied ranks included; "auto" is exact up to 49 pairs without ties and without
        equal pairs, as R, and normal with the variance that the ties leave otherwise.
    continuity : bool
        Half a step towards the mean in the normal p; R does, SPSS does not.

    Returns
    -------
    DataFrame
        One row: estimate (pseudo-median of a - b), ci_low, ci_high, confidence, v, z (without continuity correction),
        p, n_positive, n_negative, n_equal, method, n (pairs), n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used, or "exact" was asked for more pairs than can be counted.

    References
    ----------
    Wilcoxon (1945) doi:10.2307/3001968; Hodges and Lehmann (1963) doi:10.1214/aoms/1177704172. Checked against R's
    wilcox.test(paired = TRUE) and scipy.stats.wilcoxon.

    Examples
    --------
    >>> a, b = [2.9, 3.1, 3.4, 2.8, 3.0, 3.6], [2.2, 2.95, 3.1, 2.7, 3.05, 3.2]
    >>> wilcoxon_signed_rank(a, b).round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.25, 0.062]
    """
    choice(p_value, "p_value", ("auto", "exact", "normal"))
    z_of(confidence)
    obs = observations(data, numeric={"a": a, "b": b})
    difference = obs["a"] - obs["b"]
    scale = max(float(np.abs(obs["a"]).max()), float(np.abs(obs["b"]).max()))
    # 3.1 - 3.0 and 2.9 - 2.8 are one difference to the person who measured them.
    difference = np.round(difference / scale, 12) * scale if scale else difference
    used = difference[difference != 0]
    if p_value == "exact" and used.size > EXACT_PAIRS:
        raise TableError(
            f"An exact p was asked for {used.size} pairs; up to {EXACT_PAIRS} can be counted. Use p_value='normal'."
        )
    test = signed_rank_test(used, p_value=p_value, equal=obs.n - used.size, continuity=continuity)
    low, high = test.interval(confidence)
    z = test.z
    why = "" if used.size else "undefined: no pair differs"
    if used.size and math.isnan(low):
        why = f"no interval: {used.size} pairs that differ are too few for {100 * confidence:g} %"
    return row(
        estimate=test.shift,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        v=test.v,
        z=z,
        p=test.p if used.size else NAN,
        n_positive=int((used > 0).sum()),
        n_negative=int((used < 0).sum()),
        n_equal=obs.n - used.size,
        method=f"Wilcoxon signed rank, {test.method}; Hodges-Lehmann pseudo-median",
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(
            why,
            f"{obs.n - used.size} of {obs.n} pairs do not differ and are left out"
            if used.size and used.size < obs.n
            else "",
            obs.note,
        ),
    )
