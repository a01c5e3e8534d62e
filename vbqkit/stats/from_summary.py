"""Tests and intervals from what a paper prints of measurements: means, SDs, quartiles, counts, r, AUC, a CI or a p."""

from __future__ import annotations

import math

import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import t_of, two_sided_p, two_sided_t_p, z_of
from vbqkit.stats.observations import check_confidence, choice, count, group_sizes, scalar
from vbqkit.stats.result import NAN, notes, row

DIRECTIONS = ("high", "low")
SUMMARY_ONLY = "from summary figures; as exact as their rounding"


def mean_interval(mean: float, sd: float, n: int, *, confidence: float = 0.95) -> pd.DataFrame:
    """Interval of a mean from its SD: ``mean ± t(n - 1) sd / sqrt(n)``.

    Parameters
    ----------
    mean, sd : float
        Of the sample, SD with divisor n - 1.
    n : int
        Sample size; with n = 1 the interval is undefined.
    confidence : float
        Such as 0.95.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, se, method, n, note.

    Raises
    ------
    TableError
        A figure is not a number in its range.

    Examples
    --------
    >>> mean_interval(47.6, 2.0, 5).round(3)[["estimate", "ci_low", "ci_high"]].iloc[0].tolist()
    [47.6, 45.117, 50.083]
    """
    mean, sd, n = scalar(mean, "mean"), scalar(sd, "sd", at_least=0), count(n, "n")
    se = sd / math.sqrt(n)
    half = t_of(confidence, n - 1) * se if n > 1 and sd > 0 else NAN
    return row(
        estimate=mean,
        ci_low=mean - half,
        ci_high=mean + half,
        confidence=confidence,
        se=se,
        method="t interval of a mean",
        n=n,
        note="undefined: one observation, or an SD of 0, says nothing of the spread"
        if math.isnan(half)
        else SUMMARY_ONLY,
    )


def t_test_from_summary(
    mean_a: float,
    sd_a: float,
    n_a: int,
    mean_b: float,
    sd_b: float,
    n_b: int,
    *,
    equal_variances: bool,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of two means with t, degrees of freedom and p, from means, SDs and counts.

    ``t = (mean_a - mean_b) / se``. Welch (``equal_variances=False``): ``se² = sd_a²/n_a + sd_b²/n_b`` with the
    Satterthwaite degrees of freedom. Student (``equal_variances=True``): pooled variance, ``n_a + n_b - 2``.
    A positive difference means that group a is higher.

    Parameters
    ----------
    mean_a, sd_a, n_a, mean_b, sd_b, n_b
        Mean, SD (divisor n - 1) and size of each group.
    equal_variances : bool
        Student's test or Welch's; papers often do not say which, so try both.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    DataFrame
        One row: estimate (mean_a - mean_b), ci_low, ci_high, confidence, t, df, p (two-sided), cohens_d (pooled SD),
        method, n, n_a, n_b, note.

    Raises
    ------
    TableError
        A figure is not a number in its range.

    References
    ----------
    Welch (1947) doi:10.1093/biomet/34.1-2.28.

    Examples
    --------
    VBQ-T1 of fracture and non-fracture patients (Huang 2026, Table 1: P = 0.001):

    >>> test = t_test_from_summary(4.400, 0.603, 84, 4.100, 0.589, 84, equal_variances=True)
    >>> test.round(4)[["t", "p"]].iloc[0].tolist()
    [3.2619, 0.0013]
    """
    a = scalar(mean_a, "mean_a"), scalar(sd_a, "sd_a", at_least=0), count(n_a, "n_a")
    b = scalar(mean_b, "mean_b"), scalar(sd_b, "sd_b", at_least=0), count(n_b, "n_b")
    check_confidence(confidence)
    difference = a[0] - b[0]
    df_pooled = a[2] + b[2] - 2
    pooled = ((a[2] - 1) * a[1] ** 2 + (b[2] - 1) * b[1] ** 2) / df_pooled if df_pooled else NAN
    part_a, part_b = a[1] ** 2 / a[2], b[1] ** 2 / b[2]
    if equal_variances:
        se, df = math.sqrt(pooled * (1 / a[2] + 1 / b[2])), float(df_pooled)
    elif min(a[2], b[2]) < 2 or part_a + part_b == 0:
        se, df = NAN if min(a[2], b[2]) < 2 else 0.0, NAN
    else:
        se = math.sqrt(part_a + part_b)
        share = part_a / (part_a + part_b)
        df = 1 / (share**2 / (a[2] - 1) + (1 - share) ** 2 / (b[2] - 1))
    defined = se > 0 and df > 0
    t = difference / se if defined else NAN
    half = t_of(confidence, df) * se if defined else NAN
    return row(
        estimate=difference,
        ci_low=difference - half,
        ci_high=difference + half,
        confidence=confidence,
        t=t,
        df=df,
        p=two_sided_t_p(t, df) if defined else NAN,
        cohens_d=difference / math.sqrt(pooled) if pooled > 0 else NAN,
        method="Student t test, equal variances" if equal_variances else "Welch t test, unequal variances",
        n=a[2] + b[2],
        n_a=a[2],
        n_b=b[2],
        note=SUMMARY_ONLY if defined else "undefined: no spread within the groups, or a group of one",
    )


def mean_sd_from_quartiles(q1: float, median: float, q3: float, n: int) -> pd.DataFrame:
    """Mean and SD of a roughly normal sample, guessed from its median and quartiles.

    ``mean ≈ (q1 + median + q3) / 3``; ``sd ≈ (q3 - q1) / (2 z)`` with ``z`` the normal quantile at (0.75 n - 0.125)/(n
    + 0.25). For a skewed sample it is wrong; the larger ``skew`` (0 = symmetric, towards ±1 = lopsided), the less it
    is worth.

    Returns
    -------
    DataFrame
        One row: estimate (mean), sd, skew (Bowley), method, n, note.

    Raises
    ------
    TableError
        The quartiles are not in rising order, or a figure is not a number in its range.

    References
    ----------
    Wan et al. (2014) doi:10.1186/1471-2288-14-135, scenario C3.
    """
    q1, median, q3 = (scalar(v, name) for v, name in ((q1, "q1"), (median, "median"), (q3, "q3")))
    n = count(n, "n", at_least=2)
    if not q1 <= median <= q3:
        raise TableError(f"Quartiles {q1:g}, {median:g}, {q3:g} are not in rising order. Pass q1, median, q3.")
    z = float(special.ndtri((0.75 * n - 0.125) / (n + 0.25)))
    return row(
        estimate=(q1 + median + q3) / 3,
        sd=(q3 - q1) / (2 * z),
        skew=(q1 + q3 - 2 * median) / (q3 - q1) if q3 > q1 else NAN,
        method="Wan 2014, from quartiles",
        n=n,
        note="an approximation that holds for a normal distribution only",
    )


def correlation_from_summary(
    r: float, n: int, *, kind: str, n_covariates: int = 0, confidence: float = 0.95
) -> pd.DataFrame:
    """P and Fisher-z interval of a printed correlation coefficient.

    ``t = r sqrt(df / (1 - r²))`` with ``df = n - 2 - n_covariates``; interval ``tanh(atanh r ± z se)`` with
    ``se = 1/sqrt(n - 3 - n_covariates)`` (Pearson) or ``sqrt((1 + r²/2)/(n - 3 - n_covariates))`` (Spearman; Bonett
    and Wright).

    Parameters
    ----------
    r : float
        From -1 to 1.
    n : int
        Observations.
    kind : {"pearson", "spearman"}
        Which coefficient it is. For Spearman the t distribution is an approximation: with n below 10 an exact p, from
        the data, may differ a good deal.
    n_covariates : int
        Columns partialled out, 0 for a plain correlation.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate (r), ci_low, ci_high, confidence, t, df, p (two-sided), method, n, note.

    Raises
    ------
    TableError
        A figure is not a number in its range, or the kind is not known.

    References
    ----------
    Fisher (1921) Metron 1:3-32; Bonett and Wright (2000) doi:10.1007/BF02294183.

    Examples
    --------
    VBQ-T1 against QCT BMD, n = 61 (Cui 2025 prints r = -0.27, p = 0.03):

    >>> correlation_from_summary(-0.27, 61, kind="pearson").round(3)[["ci_low", "ci_high", "p"]].iloc[0].tolist()
    [-0.489, -0.02, 0.035]
    """
    choice(kind, "kind", ("pearson", "spearman"))
    r, n = scalar(r, "r", at_least=-1, at_most=1), count(n, "n")
    k = count(n_covariates, "n_covariates", at_least=0)
    df = n - 2 - k
    low, high = fisher_interval(r, n, kind=kind, n_covariates=k, confidence=confidence)
    defined = df > 0 and abs(r) < 1
    t = r * math.sqrt(df / (1 - r * r)) if defined else NAN
    return row(
        estimate=r,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        t=t,
        df=df,
        p=two_sided_t_p(t, df) if defined else NAN,
        method=f"{kind} correlation: t distribution, Fisher z interval"
        + (", Bonett-Wright variance" if kind == "spearman" else ""),
        n=n,
        note=notes(
            SUMMARY_ONLY if defined else "undefined: too few observations, or |r| = 1, for a t test",
            "the t distribution is rough for Spearman with n < 10" if kind == "spearman" and n < 10 else "",
        ),
    )


def fisher_interval(r: float, n: int, *, kind: str, n_covariates: int, confidence: float) -> tuple[float, float]:
    """Fisher-z interval of a correlation; (nan, nan) when n - 3 - n_covariates is not positive or r is 1 or -1."""
    room = n - 3 - n_covariates
    z = z_of(confidence)
    if room <= 0 or not abs(r) < 1:
        return NAN, NAN
    variance = {
        "pearson": 1 / room,
        "spearman": (1 + r * r / 2) / room,
        "spearman bonett-wright": (1 + r * r / 2) / room,
        "spearman fieller": 1.06 / room,
        "spearman caruso-cliff": 1 / (n - 2) + abs(math.atanh(r)) / (6 * n + 4 * math.sqrt(n)),
        "kendall": 0.437 / (n - 4) if n > 4 else NAN,
    }[kind]
    half = z * math.sqrt(variance)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def binormal_auc(
    mean_case: float,
    sd_case: float,
    mean_control: float,
    sd_control: float,
    *,
    positive: str,
    n_case: int | None = None,
    n_control: int | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """AUC that two normal distributions would have: ``Φ(±(mean_case - mean_control) / sqrt(sd_case² + sd_control²))``.

    0.5 tells nothing apart, 1 everything; below 0.5 the score points the other way than `positive` says.

    Parameters
    ----------
    mean_case, sd_case, mean_control, sd_control : float
        Of the score, in cases and in controls.
    positive : {"high", "low"}
        Whether a high or a low score points to the condition.
    n_case, n_control : int, optional
        Sizes of the groups; with both, the interval follows by the delta method.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, positive, method, n (both groups; missing when not given), note.

    Raises
    ------
    TableError
        Both SDs are 0, a figure is not a number in its range, or `positive` is neither "high" nor "low".

    References
    ----------
    Reiser and Guttman (1986) Technometrics 28:253-257.

    Examples
    --------
    VBQ-T1 of Huang 2026 (Table 2 prints 0.64 from the patients):

    >>> binormal_auc(4.400, 0.603, 4.100, 0.589, positive="high").round(3)["estimate"].item()
    0.639
    """
    sign = 1 if choice(positive, "positive", DIRECTIONS) == "high" else -1
    m1, s1 = scalar(mean_case, "mean_case"), scalar(sd_case, "sd_case", at_least=0)
    m0, s0 = scalar(mean_control, "mean_control"), scalar(sd_control, "sd_control", at_least=0)
    z = z_of(confidence)
    total = s1 * s1 + s0 * s0
    if total == 0:
        raise TableError("Both SDs are 0, so there are no distributions to compare. Check sd_case and sd_control.")
    delta = sign * (m1 - m0) / math.sqrt(total)
    low = high = NAN
    sizes = group_sizes(n_case, n_control, at_least=2)
    if sizes:
        n1, n0 = sizes
        spread = 2 * s1**4 / (n1 - 1) + 2 * s0**4 / (n0 - 1)
        se = math.sqrt((s1 * s1 / n1 + s0 * s0 / n0) / total + delta**2 * spread / (4 * total**2))
        low, high = float(special.ndtr(delta - z * se)), float(special.ndtr(delta + z * se))
    return row(
        estimate=float(special.ndtr(delta)),
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        positive=positive,
        method="binormal, delta-method interval",
        n=sum(sizes) if sizes else None,
        note=notes(
            "holds if the score is normal in both groups",
            "no interval: group sizes not given" if math.isnan(low) else "",
        ),
    )


def hanley_mcneil(auc: float, n_case: int, n_control: int, *, confidence: float = 0.95) -> pd.DataFrame:
    """Standard error and interval of a printed AUC from the group sizes alone.

    The variance is that of `hanley_mcneil_variance`. The p against 0.5 uses the variance at 0.5, ``(n_case + n_control
    + 1) / (12 n_case n_control)``.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high (cut at 0 and 1), confidence, se, z, p, method, n, n_case, n_control, note.

    Raises
    ------
    TableError
        A figure is not a number in its range.

    References
    ----------
    Hanley and McNeil (1982) doi:10.1148/radiology.143.1.7063747.

    Examples
    --------
    An AUC of 0.641 from 84 fracture and 84 non-fracture patients (Huang 2026, Table 2 prints 0.56 to 0.72):

    >>> hanley_mcneil(0.641, 84, 84).round(2)[["ci_low", "ci_high"]].iloc[0].tolist()
    [0.56, 0.72]
    """
    auc = scalar(auc, "auc", at_least=0, at_most=1, hint="Say 0.82, not 82.")
    n1, n0 = count(n_case, "n_case"), count(n_control, "n_control")
    z = z_of(confidence)
    se = math.sqrt(max(hanley_mcneil_variance(auc, n1, n0), 0.0))
    against_half = (auc - 0.5) / math.sqrt((n1 + n0 + 1) / (12 * n1 * n0))
    return row(
        estimate=auc,
        ci_low=max(0.0, auc - z * se) if se else NAN,
        ci_high=min(1.0, auc + z * se) if se else NAN,
        confidence=confidence,
        se=se,
        z=against_half,
        p=two_sided_p(against_half),
        method="Hanley-McNeil 1982; p with the variance at 0.5",
        n=n1 + n0,
        n_case=n1,
        n_control=n0,
        note=SUMMARY_ONLY if se else "undefined: the variance is 0 at this AUC, so there is no interval",
    )


def hanley_mcneil_variance(auc: float, n_case: int, n_control: int) -> float:
    """Variance of an AUC, ``[A(1-A) + (n_case-1)(Q1-A²) + (n_control-1)(Q2-A²)] / (n_case n_control)``.

    ``Q1 = A/(2-A)`` and ``Q2 = 2A²/(1+A)`` hold for exponential scores and nearly for others.

    References
    ----------
    Hanley and McNeil (1982) doi:10.1148/radiology.143.1.7063747.
    """
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    return (auc * (1 - auc) + (n_case - 1) * (q1 - auc**2) + (n_control - 1) * (q2 - auc**2)) / (n_case * n_control)
