"""Results recomputed from printed inputs, each with the limits that the rounding of the inputs leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.literature.printed import Range, over
from vbqkit.stats.confidence_intervals import two_sided_p
from vbqkit.stats.contingency import counts_tests
from vbqkit.stats.from_summary import (
    binormal_auc,
    correlation_from_summary,
    hanley_mcneil,
    t_test_from_summary,
)
from vbqkit.stats.groups_from_summary import pooled_from_summary
from vbqkit.stats.p_and_interval import p_from_interval
from vbqkit.stats.power import sample_size_for_means
from vbqkit.stats.rates import proportion_test


@dataclass(frozen=True, slots=True)
class Group:
    """Printed mean, SD and size of one group."""

    mean: Range
    sd: Range
    n: int


def t_test_p(a: Group, b: Group, *, equal_variances: bool) -> Range:
    """Two-sided p of a t test (Student's with `equal_variances`, else Welch's) from two printed means and SDs.

    The limits: p falls as the difference grows and as the SDs shrink, so its ends are at the ends of both; where the
    rounding lets the means be equal, p can be 1.
    """
    difference = over(lambda x, y: x - y, a.mean, b.mean)

    def p(gap: float, sd_a: float, sd_b: float) -> float:
        return _p(t_test_from_summary(gap, sd_a, a.n, 0.0, sd_b, b.n, equal_variances=equal_variances))

    gaps = (difference.low, difference.high)
    ends = [p(gap, *sds) for gap in gaps for sds in ((a.sd.low, b.sd.low), (a.sd.high, b.sd.high))]
    high = 1.0 if difference.low <= 0 <= difference.high else max(ends)
    value = p(difference.value, a.sd.value, b.sd.value)
    return Range(value, min(*ends, value), max(high, value))


def _p(table: pd.DataFrame) -> float:
    return _cell(table, "p")


def _cell(table: pd.DataFrame, column: str) -> float:
    return float(table[column].to_numpy()[0])


def correlation_p(r: Range, n: int, *, kind: str) -> Range:
    """Two-sided p of a printed correlation coefficient, by the t distribution."""
    return over(lambda x: _p(correlation_from_summary(x, n, kind=kind)), r)


def correlations_differ_p(r_a: Range, n_a: int, r_b: Range, n_b: int) -> Range:
    """Two-sided p of two correlations in different people.

    The statistic is ``(atanh r_a - atanh r_b) / sqrt(1/(n_a - 3) + 1/(n_b - 3))``.

    Examples
    --------
    >>> correlations_differ_p(Range.of(-0.453), 101, Range.of(-0.611), 134).text()
    '0.096'
    """
    se = math.sqrt(1 / (n_a - 3) + 1 / (n_b - 3))
    return over(lambda a, b: two_sided_p((math.atanh(a) - math.atanh(b)) / se), r_a, r_b)


def variances_differ_p(sd_a: Range, n_a: int, sd_b: Range, n_b: int) -> Range:
    """Two-sided p of two SDs by the F test, ``F = sd_a²/sd_b²``."""

    def p(a: float, b: float) -> float:
        f = (a / b) ** 2
        above = float(special.fdtrc(n_a - 1, n_b - 1, f))
        return min(1.0, 2 * min(above, 1 - above))

    return over(p, sd_a, sd_b)


def percent(count: float, n: float) -> Range:
    """A percentage from whole counts."""
    return Range.of(100 * count / n)


def whole_counts(printed: Range, n: int) -> list[int]:
    """Counts out of `n` whose percentage rounds to the printed one; empty: there is none.

    Examples
    --------
    61.9 % of 84 patients can be 52 of them; 59.3 % of 84 can be no one's:

    >>> from vbqkit.literature.printed import printed_range
    >>> whole_counts(printed_range("61.9"), 84), whole_counts(printed_range("59.3"), 84)
    ([52], [])
    """
    first, last = math.floor(printed.low * n / 100), math.ceil(printed.high * n / 100)
    return [k for k in range(max(first, 0), min(last, n) + 1) if percent(k, n).meets(printed)]


def pooled_mean(groups: Sequence[Group]) -> Range:
    """Mean of several groups together."""
    return _pooled(groups, "estimate")


def pooled_sd(groups: Sequence[Group]) -> Range:
    """SD of several groups together: within and between them."""
    return _pooled(groups, "sd")


def _pooled(groups: Sequence[Group], column: str) -> Range:
    k, ns = len(groups), [g.n for g in groups]
    return over(
        lambda *values: _cell(pooled_from_summary(values[:k], values[k:], ns), column),
        *(g.mean for g in groups),
        *(g.sd for g in groups),
    )


def sd_of_the_other_group(all_together: Group, known: Group, mean: Range, n: int) -> Range:
    """SD of one of two groups, from the other one and from both together."""

    def sd(total_sd: float, known_sd: float, known_mean: float, own_mean: float) -> float:
        center = (known.n * known_mean + n * own_mean) / (known.n + n)
        between = known.n * (known_mean - center) ** 2 + n * (own_mean - center) ** 2
        left = (known.n + n - 1) * total_sd**2 - (known.n - 1) * known_sd**2 - between
        return math.sqrt(max(left, 0.0) / (n - 1))

    return over(sd, all_together.sd, known.sd, known.mean, mean)


def auc_interval(auc: Range, n_case: int, n_control: int) -> tuple[Range, Range]:
    """Ends of the 95 % interval of an AUC by Hanley and McNeil."""
    ends = [
        over(lambda a, end=end: _cell(hanley_mcneil(a, n_case, n_control), end), auc) for end in ("ci_low", "ci_high")
    ]
    return ends[0], ends[1]


def auc_p(auc: Range, n_case: int, n_control: int) -> Range:
    """Two-sided p of an AUC against 0.5, with the variance that holds at 0.5 (as SPSS prints it)."""
    return over(lambda a: _p(hanley_mcneil(a, n_case, n_control)), auc)


def normal_auc(case: Group, control: Group) -> Range:
    """AUC of two normal distributions."""
    return over(
        lambda m1, s1, m0, s0: _cell(binormal_auc(m1, s1, m0, s0, positive="high"), "estimate"),
        case.mean,
        case.sd,
        control.mean,
        control.sd,
    )


def odds_ratio_between(low: Range, high: Range) -> Range:
    """The odds ratio that a printed Wald interval is built around: the geometric mean of its limits."""
    return over(lambda a, b: math.sqrt(a * b), low, high)


def odds_ratio_p(odds_ratio: Range, low: Range, high: Range) -> Range:
    """Wald p from an odds ratio and its 95 % interval."""

    def p(estimate: float, a: float, b: float) -> float:
        return _p(p_from_interval(estimate, a, b, null=1.0, scale="log"))

    found = over(p, odds_ratio, low, high)
    return Range(found.value, found.low, 1.0 if odds_ratio.low <= 1 <= odds_ratio.high else found.high)


def counts_p(successes: tuple[int, int], totals: tuple[int, int]) -> dict[str, float]:
    """P of two proportions by each of the tests that papers use without saying which.

    Returns
    -------
    dict
        "chi-square", "chi-square with Yates' correction", "Fisher, two-sided", "Fisher, one-sided".
    """
    a, b = successes
    table = np.array([[a, totals[0] - a], [b, totals[1] - b]])
    one_sided = min(float(scipy.stats.fisher_exact(table, alternative=side)[1]) for side in ("less", "greater"))
    return {
        "chi-square": _p(proportion_test(successes, totals, method="chi-square")),
        "chi-square with Yates' correction": _p(proportion_test(successes, totals, method="chi-square-yates")),
        "Fisher, two-sided": _p(proportion_test(successes, totals, method="fisher")),
        "Fisher, one-sided": one_sided,
    }


def table_p(table: Sequence[Sequence[int]]) -> dict[str, float]:
    """P of a 2 x k table of counts by each of the tests that SPSS prints under one another for it."""
    tests = counts_tests(table)
    return dict(zip(tests["test"], tests["p"], strict=True))


def patients_per_group(a: Group, b: Group, *, alpha: float, power: float) -> Range:
    """Size of each of two equal groups for a two-sided Student t test to find their difference with this power.

    From the noncentral t distribution; the limits are those of the rounding of means and SDs.
    """

    def size(gap: float, sd_a: float, sd_b: float) -> float:
        if gap <= 0:
            return math.inf
        return _cell(sample_size_for_means(difference=gap, sd_a=sd_a, sd_b=sd_b, alpha=alpha, power=power), "n_a")

    return over(size, over(lambda x, y: abs(x - y), a.mean, b.mean), a.sd, b.sd)


def correlation_in_both(
    groups: tuple[Group, Group], values: tuple[Group, Group], correlations: tuple[Range, Range]
) -> Range:
    """Correlation in two groups together, from that within each, the means and the SDs."""
    (a, b), (c, d) = groups, values

    def r(r_a: float, r_b: float, *z: float) -> float:
        mx, sx, my, sy = z[0:2], z[2:4], z[4:6], z[6:8]
        n = (a.n, b.n)
        center_x = sum(k * m for k, m in zip(n, mx, strict=True)) / sum(n)
        center_y = sum(k * m for k, m in zip(n, my, strict=True)) / sum(n)
        xy = xx = yy = 0.0
        for k, m_x, s_x, m_y, s_y, rho in zip(n, mx, sx, my, sy, (r_a, r_b), strict=True):
            xy += (k - 1) * rho * s_x * s_y + k * (m_x - center_x) * (m_y - center_y)
            xx += (k - 1) * s_x**2 + k * (m_x - center_x) ** 2
            yy += (k - 1) * s_y**2 + k * (m_y - center_y) ** 2
        return xy / math.sqrt(xx * yy)

    return over(r, *correlations, a.mean, b.mean, a.sd, b.sd, c.mean, d.mean, c.sd, d.sd)
