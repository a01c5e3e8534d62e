"""Rates from counts or printed figures: proportions and tests, percentages, predictive values, Youden, odds ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import (
    PROPORTION_METHODS,
    difference_interval,
    newcombe_interval,
    proportion_interval,
    two_sided_p,
    z_of,
)
from vbqkit.stats.observations import check_confidence, choice, count, group_sizes, scalar
from vbqkit.stats.result import NAN, notes, row, rows


def proportion(successes: int, total: int, *, method: str, confidence: float = 0.95) -> pd.DataFrame:
    """A proportion with its interval.

    Parameters
    ----------
    successes, total : int
        Counts.
    method : {"wilson", "clopper-pearson"}
        Interval; "wilson" has close to the nominal coverage, "clopper-pearson" (exact) at least the nominal one.
    confidence : float
        Such as 0.95.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, method, successes, n, note.

    Raises
    ------
    TableError
        A count is not whole, more succeed than there are, or the method is not known.

    References
    ----------
    Newcombe (1998) doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E.

    Examples
    --------
    >>> proportion(15, 148, method="clopper-pearson").round(4)[["estimate", "ci_low", "ci_high"]].iloc[0].tolist()
    [0.1014, 0.0578, 0.1617]
    """
    low, high = proportion_interval(successes, total, confidence=confidence, method=method)
    return row(
        estimate=successes / total if total else NAN,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        method=PROPORTION_METHODS[method],
        successes=int(successes),
        n=int(total),
        note="" if total else "undefined: the total is 0",
    )


def proportion_test(
    successes: Sequence[int], totals: Sequence[int], *, method: str, confidence: float = 0.95
) -> pd.DataFrame:
    """Do two groups have the same proportion? From counts alone.

    Parameters
    ----------
    successes, totals : sequence of 2 int
        Counts in group a and group b.
    method : {"chi-square", "chi-square-yates", "fisher"}
        Pearson's chi-square, the same with Yates' continuity correction, or Fisher's exact test.
    confidence : float
        Of the interval of the difference (Newcombe's, from the two Wilson intervals).

    Returns
    -------
    DataFrame
        One row: estimate (proportion a - proportion b), ci_low, ci_high, confidence, statistic (chi-square; nan for
        Fisher), p (two-sided), method, n, n_a, n_b, note (says when an expected count is below 5).

    Raises
    ------
    TableError
        There are not two counts and two totals, or the method is not known.

    References
    ----------
    Newcombe (1998) doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.

    Examples
    --------
    >>> proportion_test([56, 48], [70, 80], method="chi-square").round(4)[["ci_low", "ci_high", "p"]].iloc[0].tolist()
    [0.0524, 0.3339, 0.008]
    """
    choice(method, "method", ("chi-square", "chi-square-yates", "fisher"))
    if len(successes) != 2 or len(totals) != 2:
        raise TableError(
            f"{len(successes)} counts of {len(totals)} totals were given; two of each were expected. Compare two groups at a time."
        )
    ns = [count(v, "total") for v in totals]
    xs = [count(v, "successes", at_least=0, at_most=n) for v, n in zip(successes, ns, strict=True)]
    pa, pb = xs[0] / ns[0], xs[1] / ns[1]
    low, high = difference_interval((xs[0], xs[1]), (ns[0], ns[1]), confidence=confidence)
    table = np.array([[xs[0], ns[0] - xs[0]], [xs[1], ns[1] - xs[1]]])
    statistic, p, note = two_by_two_test(table, method)
    return row(
        estimate=pa - pb,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        statistic=statistic,
        p=p,
        method=f"{method}; Newcombe-Wilson interval",
        n=sum(ns),
        n_a=ns[0],
        n_b=ns[1],
        note=note,
    )


def two_by_two_test(table: np.ndarray[tuple[int, ...], np.dtype[np.int64]], method: str) -> tuple[float, float, str]:
    """Statistic, p and note of a table of counts without an empty row or column (else nan, nan and why)."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    if not expected.all():
        return NAN, NAN, "undefined: a row or column of the table of counts is empty"
    if method == "fisher":
        return NAN, float(scipy.stats.fisher_exact(table)[1]), ""
    few = int(np.count_nonzero(expected < 5))
    note = f"{few} of {expected.size} expected counts are below 5: prefer Fisher's exact test" if few else ""
    found = scipy.stats.chi2_contingency(table, correction=method.endswith("yates"))
    return float(found.statistic), float(found.pvalue), note


def count_behind_percentage(percent: float, n: int, *, decimals: int) -> pd.DataFrame:
    """The count that a printed percentage stands for, and whether any count gives that percentage.

    Parameters
    ----------
    percent : float
        As printed, 61.9 for 61.9 %.
    n : int
        The number it is a percentage of.
    decimals : int
        Decimals printed, so that 61.9 has 1.

    Returns
    -------
    DataFrame
        One row: estimate (the nearest count), percent (of that count, not rounded), attainable (bool: it rounds to
        what is printed), method, n, note.

    Raises
    ------
    TableError
        A figure is not a number in its range.

    References
    ----------
    The idea is that of the GRIM test, Brown and Heathers (2017) doi:10.1177/1948550616673876.

    Examples
    --------
    Huang 2026 prints a specificity of 59.3 % among 84; 49 would be 58.3 % and 50 59.5 %.

    >>> found = count_behind_percentage(59.3, 84, decimals=1)
    >>> int(found.estimate.item()), bool(found.attainable.item())
    (50, False)
    """
    percent, n = scalar(percent, "percent", at_least=0, at_most=100), count(n, "n")
    decimals = count(decimals, "decimals", at_least=0)
    nearest = round(percent * n / 100)
    exact = 100 * nearest / n
    # Half a unit of the last decimal either way, so that both habits of rounding a 5 pass.
    attainable = abs(exact - percent) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
    return row(
        estimate=nearest,
        percent=exact,
        attainable=bool(attainable),
        method="nearest whole count",
        n=n,
        note="" if attainable else f"no count out of {n} gives {percent:.{decimals}f} %",
    )


def youden_from_rates(
    sensitivity: float,
    specificity: float,
    *,
    n_case: int | None = None,
    n_control: int | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Youden's index ``J = sensitivity + specificity - 1``: 0 tells nothing apart, 1 everything.

    With both group sizes the interval is Newcombe's, from the two Wilson intervals, as in `accuracy_at_cutoff`; Wald's
    would be 1 to 1 for a perfect score in ten and ten people.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, method, n (missing when not given), note.

    Raises
    ------
    TableError
        A rate does not lie between 0 and 1, or a size is not a count.

    References
    ----------
    Youden (1950) doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3; Newcombe (1998)
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10.

    Examples
    --------
    >>> youden_from_rates(0.762, 0.593)["estimate"].round(3).item()
    0.355
    """
    se, sp = _rate(sensitivity, "sensitivity"), _rate(specificity, "specificity")
    j, low, high = se + sp - 1, NAN, NAN
    check_confidence(confidence)
    sizes = group_sizes(n_case, n_control)
    if sizes:
        low, high = newcombe_interval((se, 1 - sp), sizes, confidence=confidence)
    return row(
        estimate=j,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        method="Newcombe, from two Wilson intervals",
        n=sum(sizes) if sizes else None,
        note=notes(
            "" if sizes else "no interval: group sizes not given",
            "takes the cut-off as fixed beforehand; one chosen from the same data makes J look better than it is",
        ),
    )


def predictive_values(
    sensitivity: float,
    specificity: float,
    *,
    prevalence: float,
    n_case: int | None = None,
    n_control: int | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """PPV, NPV and likelihood ratios at a stated prevalence (Bayes).

    ``PPV = se·π / (se·π + (1-sp)(1-π))``; ``NPV = sp(1-π) / (sp(1-π) + (1-se)π)``; ``LR+ = se/(1-sp)``; ``LR- =
    (1-se)/sp``. The predictive values of a case-control sample hold at its own share of cases only; state the
    prevalence of the people you would screen.

    Parameters
    ----------
    sensitivity, specificity : float
        From 0 to 1.
    prevalence : float
        Share of people with the condition, above 0 and below 1.
    n_case, n_control : int, optional
        Sizes of the groups behind sensitivity and specificity; with both, logit (PPV, NPV) and log (LR) intervals.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Four rows, quantity "PPV", "NPV", "LR+", "LR-": quantity, estimate, ci_low, ci_high, confidence, prevalence
        (nan for the LRs, which do not depend on it), method, n, note.

    Raises
    ------
    TableError
        A rate or the prevalence is not a number in its range.

    References
    ----------
    Mercaldo et al. (2007) doi:10.1002/sim.2677; Simel et al. (1991) doi:10.1016/0895-4356(91)90128-V.

    Examples
    --------
    >>> predictive_values(0.93, 0.654, prevalence=0.2).round(3)[["quantity", "estimate"]].values.tolist()
    [['PPV', 0.402], ['NPV', 0.974], ['LR+', 2.688], ['LR-', 0.107]]
    """
    se, sp = _rate(sensitivity, "sensitivity"), _rate(specificity, "specificity")
    pi = scalar(prevalence, "prevalence", above=0, below=1, hint="Say 0.2 for 20 %.")
    check_confidence(confidence)
    sizes = group_sizes(n_case, n_control)
    table = []
    for quantity, top, bottom in (
        ("PPV", se * pi, (1 - sp) * (1 - pi)),
        ("NPV", sp * (1 - pi), (1 - se) * pi),
        ("LR+", se, 1 - sp),
        ("LR-", 1 - se, sp),
    ):
        low, high, why = _ratio_interval(quantity, se, sp, top, bottom, sizes, confidence)
        is_ratio = quantity.startswith("LR")
        whole = bottom if is_ratio else top + bottom
        table.append(
            {
                "quantity": quantity,
                "estimate": top / whole if whole > 0 else NAN,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "prevalence": NAN if is_ratio else pi,
                "method": "log interval" if is_ratio else "Bayes, logit interval",
                "n": sum(sizes) if sizes else None,
                "note": notes("" if whole > 0 else "undefined: division by zero", why),
            }
        )
    return rows(table)


def _ratio_interval(
    quantity: str, se: float, sp: float, top: float, bottom: float, sizes: tuple[int, int] | None, confidence: float
) -> tuple[float, float, str]:
    """Interval of top / bottom (LR) or of top / (top + bottom) (PPV, NPV), which are one thing on the log scale."""
    if sizes is None:
        return NAN, NAN, "no interval: group sizes not given"
    if top <= 0 or bottom <= 0:
        return NAN, NAN, "no interval: sensitivity or specificity is 0 or 1"
    n1, n0 = sizes
    # PPV and LR+ share var log(se/(1-sp)); NPV and LR- share var log((1-se)/sp).
    if quantity in {"PPV", "LR+"}:
        variance = (1 - se) / (se * n1) + sp / ((1 - sp) * n0)
    else:
        variance = se / ((1 - se) * n1) + (1 - sp) / (sp * n0)
    if variance == 0:  # nobody, or everybody, is called positive in both groups
        return NAN, NAN, "no interval: the test calls everyone the same, and the standard error is 0"
    half = z_of(confidence) * math.sqrt(variance)
    middle = math.log(top / bottom)
    if quantity.startswith("LR"):
        return math.exp(middle - half), math.exp(middle + half), ""
    return float(special.expit(middle - half)), float(special.expit(middle + half)), ""


def odds_ratio_from_counts(a: int, b: int, c: int, d: int, *, confidence: float = 0.95) -> pd.DataFrame:
    """Odds ratio ``(a d) / (b c)`` of a two-by-two table with Woolf's interval and Wald p.

    Parameters
    ----------
    a, b : int
        Exposed cases and exposed controls.
    c, d : int
        Unexposed cases and unexposed controls.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, z, p, method, n, note.

    Raises
    ------
    TableError
        A count is not whole or is negative.

    References
    ----------
    Woolf (1955) doi:10.1111/j.1469-1809.1955.tb01348.x.
    """
    counts = [count(v, name, at_least=0) for v, name in zip((a, b, c, d), "abcd", strict=True)]
    z = z_of(confidence)
    defined = min(counts) > 0
    log_or = math.log(counts[0] * counts[3] / (counts[1] * counts[2])) if defined else NAN
    se = math.sqrt(sum(1 / v for v in counts)) if defined else NAN
    return row(
        estimate=math.exp(log_or),
        ci_low=math.exp(log_or - z * se),
        ci_high=math.exp(log_or + z * se),
        confidence=confidence,
        z=log_or / se,
        p=two_sided_p(log_or / se),
        method="Woolf (log) interval, Wald p",
        n=sum(counts),
        note="" if defined else "undefined: a count is 0; use Fisher's exact test",
    )


def _rate(value: float, name: str) -> float:
    return scalar(value, name, at_least=0, at_most=1, hint="Say 0.93 for 93 %.")
