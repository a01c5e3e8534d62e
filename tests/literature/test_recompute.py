"""Recomputations against scipy, statsmodels, and samples whose summaries are known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from vbqkit.literature.bounds import (
    Quartiles,
    ancova_bounds,
    auc_bounds,
    auc_of_samples,
    delong_interval_bounds,
    line_bounds,
    mann_whitney_attainable,
    mann_whitney_bounds,
    mann_whitney_p,
    odds_ratio_of_samples,
    share_of_sample,
)
from vbqkit.literature.paper_000 import spearman_exact
from vbqkit.literature.paper_001_groups import _exact_p
from vbqkit.literature.paper_003 import icc_interval
from vbqkit.literature.printed import Range, printed_range
from vbqkit.literature.recompute import (
    Group,
    auc_interval,
    correlation_in_both,
    counts_p,
    normal_auc,
    odds_ratio_between,
    odds_ratio_p,
    patients_per_group,
    pooled_mean,
    pooled_sd,
    sd_of_the_other_group,
    t_test_p,
    whole_counts,
)

seeds = st.integers(0, 2**32 - 1)


def about(value: float, within: float = 0.0) -> Range:
    return Range(value, value - within, value + within)


def group_of(x: np.ndarray, within: float = 0.0) -> Group:
    return Group(about(float(x.mean()), within), about(float(x.std(ddof=1)), within), len(x))


@pytest.mark.parametrize("equal_variances", [True, False])
def test_t_test_from_a_summary_is_scipys(equal_variances):
    a, b = Group(about(4.161), about(0.79), 15), Group(about(3.667), about(0.54), 15)
    p = t_test_p(a, b, equal_variances=equal_variances)
    expected = stats.ttest_ind_from_stats(4.161, 0.79, 15, 3.667, 0.54, 15, equal_var=equal_variances).pvalue
    assert (p.low, p.value, p.high) == pytest.approx((expected,) * 3)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_p_of_the_unrounded_data_lies_within_the_limits_from_the_rounded_summary(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(2.9, 0.5, 30), rng.normal(2.7, 0.4, 25)

    def rounded(z: np.ndarray) -> Group:
        return Group(printed_range(f"{z.mean():.1f}"), printed_range(f"{z.std(ddof=1):.1f}"), len(z))

    p = t_test_p(rounded(x), rounded(y), equal_variances=True)
    assert p.low - 1e-12 <= stats.ttest_ind(x, y).pvalue <= p.high + 1e-12


def test_means_that_may_be_equal_after_rounding_allow_a_p_of_1():
    p = t_test_p(
        Group(printed_range("2.9"), printed_range("0.5"), 20),
        Group(printed_range("2.9"), printed_range("0.5"), 20),
        equal_variances=True,
    )
    assert p.high == 1


def test_pooled_mean_and_sd_are_those_of_the_patients_put_together():
    rng = np.random.default_rng(1)
    x, y = rng.normal(4.4, 0.6, 69), rng.normal(4.1, 0.5, 15)
    both = np.concatenate([x, y])
    groups = [group_of(x), group_of(y)]
    assert pooled_mean(groups).value == pytest.approx(both.mean())
    assert pooled_sd(groups).value == pytest.approx(both.std(ddof=1))
    left = sd_of_the_other_group(group_of(both), groups[0], groups[1].mean, 15)
    assert left.value == pytest.approx(y.std(ddof=1))


def test_correlation_of_two_groups_together_is_that_of_the_patients_put_together():
    rng = np.random.default_rng(2)
    x = [rng.normal(2.9, 0.5, 101), rng.normal(2.8, 0.4, 134)]
    y = [rng.normal(-0.7, 1.5, 101) - 0.9 * x[0], rng.normal(-1.2, 1.3, 134) - 1.5 * x[1]]
    r = [about(float(np.corrcoef(a, b)[0, 1])) for a, b in zip(x, y, strict=True)]
    found = correlation_in_both((group_of(x[0]), group_of(x[1])), (group_of(y[0]), group_of(y[1])), (r[0], r[1]))
    assert found.value == pytest.approx(np.corrcoef(np.concatenate(x), np.concatenate(y))[0, 1])


def test_a_percentage_that_no_count_gives_is_told_from_one_that_some_count_gives():
    assert whole_counts(printed_range("61.9"), 84) == [52]
    assert whole_counts(printed_range("59.3"), 84) == []
    assert whole_counts(printed_range("50"), 101) == [50, 51]


def test_sample_sizes_are_those_of_statsmodels():
    a, b = Group(about(4.4), about(0.603), 84), Group(about(4.1), about(0.589), 84)
    effect = 0.3 / np.sqrt((0.603**2 + 0.589**2) / 2)
    expected = np.ceil(TTestIndPower().solve_power(effect, power=0.8, alpha=0.05))
    assert patients_per_group(a, b, alpha=0.05, power=0.8).value == expected == 63


def test_four_tests_of_two_proportions_are_scipys():
    table = np.array([[4, 130], [6, 95]])
    found = counts_p((4, 6), (134, 101))
    assert found["chi-square"] == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert found["chi-square with Yates' correction"] == pytest.approx(stats.chi2_contingency(table).pvalue)
    assert found["Fisher, two-sided"] == pytest.approx(stats.fisher_exact(table)[1])
    assert found["Fisher, one-sided"] == pytest.approx(stats.fisher_exact(table, alternative="less")[1])


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(3, 40), st.integers(3, 40))
def test_mann_whitney_p_of_a_sample_lies_within_the_bounds_from_its_quartiles(seed, n_a, n_b):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 1, n_a), rng.normal(rng.uniform(-2, 2), 2, n_b)

    def quartiles(z: np.ndarray) -> Quartiles:
        q = np.quantile(z, [0.25, 0.5, 0.75], method="weibull")  # position (n + 1) p
        return Quartiles(*(printed_range(f"{v:.2f}") for v in q), len(z))

    bounds = mann_whitney_bounds(quartiles(x), quartiles(y))
    p = stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue
    assert bounds.low - 1e-9 <= p <= bounds.high + 1e-9


def test_quartiles_that_lie_apart_put_three_quarters_of_either_group_in_order():
    low = Quartiles(about(1), about(2), about(3), 40)
    high = Quartiles(about(4), about(5), about(6), 40)
    bounds = mann_whitney_bounds(low, high)
    assert bounds.high == pytest.approx(mann_whitney_p(30 * 30, 40, 40))
    assert bounds.low == pytest.approx(mann_whitney_p(0, 40, 40))


def test_three_against_four_cannot_be_significant_by_the_exact_test():
    assert mann_whitney_attainable(printed_range("0.034"), 3, 4) == [0]
    assert _exact_p(0, 3, 4) == pytest.approx(2 / 35)


@pytest.mark.parametrize("u", [0, 3, 6, 11])
def test_exact_mann_whitney_p_is_scipys(u):
    sample = next(x for x in combinations(range(14), 7) if sum(x) - 21 == u)
    found = stats.mannwhitneyu(sample, sorted(set(range(14)) - set(sample)), method="exact")
    assert found.statistic == u
    assert _exact_p(u, 7, 7) == pytest.approx(found.pvalue)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_auc_of_a_sample_lies_within_the_bounds_from_its_best_youden_point(seed):
    rng = np.random.default_rng(seed)
    case, control = rng.normal(rng.uniform(0, 2), rng.uniform(0.5, 2), 30), rng.normal(0, 1, 40)
    cuts = np.concatenate([case, control])
    sensitivity = (case >= cuts[:, None]).mean(axis=1)
    specificity = (control < cuts[:, None]).mean(axis=1)
    best = int(np.argmax(sensitivity + specificity))
    bounds = auc_bounds(about(float(sensitivity[best])), about(float(specificity[best])))
    auc = (case[:, None] > control).mean()
    assert bounds.low - 1e-9 <= auc <= bounds.high + 1e-9


def test_simulated_ranges_hold_the_normal_value_and_shrink_with_the_groups():
    rng = np.random.default_rng(3)
    small = [Group(about(4.4), about(0.6), 20), Group(about(4.1), about(0.6), 20)]
    large = [Group(g.mean, g.sd, 150) for g in small]
    analytic = normal_auc(*small)
    assert analytic.value == pytest.approx(stats.norm.cdf(0.3 / np.hypot(0.6, 0.6)))
    a, b = (auc_of_samples(*groups, analytic, rng=rng) for groups in (small, large))
    assert a.low < b.low < analytic.value < b.high < a.high
    share = share_of_sample(large[0], about(4.4), above=True, rng=rng)
    assert share.low < 50 < share.high
    odds = odds_ratio_of_samples(*large, rng=rng)
    assert odds.value == pytest.approx(np.exp(0.3 / 0.36), rel=0.03)  # equal SDs: slope = difference / variance


def test_delong_intervals_of_samples_hold_the_one_of_hanley_and_mcneil():
    low, high = delong_interval_bounds(about(0.70), 84, 84, rng=np.random.default_rng(4))
    simple_low, simple_high = auc_interval(about(0.70), 84, 84)
    assert low.meets(simple_low)
    assert high.meets(simple_high)


def test_a_point_off_the_line_is_noticed_and_a_point_on_it_is_not():
    bmd = [printed_range(f"{v:.2f}") for v in (0.58, 0.67, 0.70, 0.71, 0.82)]
    t = [printed_range(f"{(float(b.value) - 0.98) / 0.12:.1f}") for b in bmd]
    for i in range(5):
        found = line_bounds(bmd, t, i)
        assert found is not None
        assert found.meets(t[i])
    wrong = [*t[:4], printed_range("-0.3")]
    found = line_bounds(bmd, wrong, 4)
    assert found is not None
    assert not found.meets(wrong[4])
    assert line_bounds(bmd, wrong, 0) is None


def test_adjustment_for_age_finds_the_p_of_an_analysis_of_covariance():
    rng = np.random.default_rng(5)
    age = [rng.normal(61.8, 8.1, 101), rng.normal(59.4, 7.8, 134)]
    value = [0.02 * a + rng.normal(m, 0.5, len(a)) for a, m in zip(age, (1.7, 1.55), strict=True)]
    design = np.column_stack([np.ones(235), np.repeat([1.0, 0.0], [101, 134]), np.concatenate(age)])
    y = np.concatenate(value)
    slopes, residual, *_ = np.linalg.lstsq(design, y)
    se = np.sqrt(residual[0] / 232 * np.linalg.inv(design.T @ design)[1, 1])
    p = float(2 * stats.t.sf(abs(slopes[1]) / se, 232))
    open_set, r = ancova_bounds(
        *(group_of(v) for v in value), *(group_of(a) for a in age), about(float(p), 0.02 * float(p))
    )
    within = [np.concatenate([x - x.mean() for x in pair]) for pair in (value, age)]
    assert open_set.low <= p <= open_set.high
    assert r is not None
    assert r.low - 0.01 <= np.corrcoef(*within)[0, 1] <= r.high + 0.01


def test_a_printed_odds_ratio_lies_at_the_geometric_mean_of_its_limits():
    assert odds_ratio_between(printed_range("1.365"), printed_range("4.157")).meets(printed_range("2.382"))
    assert not odds_ratio_between(printed_range("1.365"), printed_range("4.257")).meets(printed_range("2.382"))
    assert odds_ratio_p(*(printed_range(x) for x in ("2.382", "1.365", "4.157"))).meets(printed_range("0.002"))
    assert odds_ratio_p(*(printed_range(x) for x in ("1.0", "0.5", "2.0"))).high == 1


def test_icc_interval_is_the_one_that_the_r_package_psych_prints():
    # psych::ICC on the table of Shrout and Fleiss 1979: ICC3 0.71, 0.34 to 0.95.
    low, high = icc_interval(about(0.714841), 6, 4)
    assert (round(low.value, 2), round(high.value, 2)) == (0.34, 0.95)


def test_exact_spearman_p_without_ties_is_the_published_table():
    # n = 5: rho = -0.3 has a two-sided p of 0.683, rho = 1 of 2/120.
    x = pd.Series([1.0, 2, 3, 4, 5])
    assert spearman_exact(x, x) == pytest.approx((1.0, 2 / 120))
    y = pd.Series([3.0, 4, 5, 2, 1])
    rho, p = spearman_exact(x, y)
    assert rho == pytest.approx(stats.spearmanr(x, y).statistic)
    assert 0 < p <= 1
