import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from vbqkit.errors import TableError
from vbqkit.stats import (
    anova_from_summary,
    binormal_auc,
    correlation_from_summary,
    hanley_mcneil,
    interval_from_p,
    mean_interval,
    mean_sd_from_quartiles,
    p_from_interval,
    t_test_from_summary,
)

sd = st.floats(0.01, 10)
size = st.integers(2, 200)


@settings(deadline=None, max_examples=50)
@given(st.floats(-5, 5), sd, size, st.floats(-5, 5), sd, size, st.booleans())
def test_t_and_p_from_means_and_sds_agree_with_scipy(m1, s1, n1, m2, s2, n2, equal):
    row = t_test_from_summary(m1, s1, n1, m2, s2, n2, equal_variances=equal).iloc[0]
    expected = scipy_stats.ttest_ind_from_stats(m1, s1, n1, m2, s2, n2, equal_var=equal)
    assert (row.t, row.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9, abs=1e-300)
    assert row.ci_low <= row.estimate <= row.ci_high
    assert row.method.startswith("Student" if equal else "Welch")


def test_the_interval_of_a_difference_is_that_of_scipy_on_the_data():
    rng = np.random.default_rng(1)
    a, b = rng.normal(4.4, 0.6, 40), rng.normal(4.1, 0.4, 25)
    args = a.mean(), a.std(ddof=1), 40, b.mean(), b.std(ddof=1), 25
    for equal in (True, False):
        row = t_test_from_summary(*args, equal_variances=equal).iloc[0]
        low, high = scipy_stats.ttest_ind(a, b, equal_var=equal).confidence_interval()
        assert (row.ci_low, row.ci_high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("a", "b", "printed"),
    [
        ((4.400, 0.603, 84), (4.100, 0.589, 84), 0.001),
        ((0.318, 0.051, 84), (0.316, 0.050, 84), 0.831),
        ((0.987, 0.437, 84), (0.828, 0.228, 84), 0.004),
        ((4.453, 0.599, 69), (4.196, 0.560, 69), 0.010),
    ],
)
def test_p_values_of_huang_2026_table_1_come_back_as_far_as_the_rounded_figures_allow(a, b, printed):
    # Rounding a mean moves it by up to half its last digit, which bounds what p can be told from the table.
    ps = [
        t_test_from_summary(a[0] + da, *a[1:], b[0] + db, *b[1:], equal_variances=equal).p.item()
        for da in (-0.0005, 0, 0.0005)
        for db in (-0.0005, 0, 0.0005)
        for equal in (True, False)
    ]
    assert min(ps) - 0.0005 <= printed <= max(ps) + 0.0005


@pytest.mark.parametrize("equal", [True, False])
def test_groups_without_spread_or_of_one_have_no_t_test(equal):
    for args in ((1, 0, 5, 2, 0, 5), (1, 1, 1, 2, 1, 1)):
        row = t_test_from_summary(*args, equal_variances=equal).iloc[0]
        assert math.isnan(row.p)
        assert row.note.startswith("undefined:")


def test_interval_of_a_mean_agrees_with_scipy_and_one_observation_has_none():
    row = mean_interval(47.6, 2.0, 5).iloc[0]
    assert (row.ci_low, row.ci_high) == pytest.approx(scipy_stats.t.interval(0.95, 4, 47.6, 2 / math.sqrt(5)))
    assert mean_interval(47.6, 0, 1).note.item().startswith("undefined:")
    with pytest.raises(TableError, match=r"sd is -1; a number at least 0 was expected"):
        mean_interval(1, -1, 5)


def test_anova_from_group_summaries_agrees_with_scipy_on_the_data():
    rng = np.random.default_rng(2)
    groups = [rng.normal(m, 1, n) for m, n in ((0, 12), (0.5, 20), (1, 9))]
    row = anova_from_summary(
        [g.mean() for g in groups], [g.std(ddof=1) for g in groups], [len(g) for g in groups]
    ).iloc[0]
    expected = scipy_stats.f_oneway(*groups)
    assert (row.f, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert anova_from_summary([1, 2], [0, 0], [3, 3]).note.item().startswith("undefined:")
    with pytest.raises(TableError, match=r"means, sds and ns have lengths 2, 1, 2"):
        anova_from_summary([1, 2], [1], [3, 3])


def test_mean_and_sd_come_back_from_the_quartiles_of_a_large_normal_sample():
    low, high = scipy_stats.norm.ppf([0.25, 0.75], loc=70, scale=5)
    row = mean_sd_from_quartiles(low, 70, high, 10**6).iloc[0]
    assert (row.estimate, row["sd"], row["skew"]) == pytest.approx((70, 5, 0), abs=1e-4)
    with pytest.raises(TableError, match=r"Quartiles 3, 2, 4 are not in rising order"):
        mean_sd_from_quartiles(3, 2, 4, 10)


def test_p_and_interval_of_a_pearson_r_agree_with_scipy_on_data_with_that_r():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 61))
    expected = scipy_stats.pearsonr(x, y)
    row = correlation_from_summary(expected.statistic, 61, kind="pearson").iloc[0]
    assert row.p == pytest.approx(expected.pvalue)
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(expected.confidence_interval()))


def test_spearman_gets_the_wider_interval_and_a_warning_for_small_n():
    pearson, spearman = (correlation_from_summary(0.6, 30, kind=kind).iloc[0] for kind in ("pearson", "spearman"))
    assert spearman.ci_low < pearson.ci_low
    assert spearman.p == pearson.p
    assert "rough for Spearman" in correlation_from_summary(0.82, 5, kind="spearman").note.item()
    assert correlation_from_summary(1.0, 5, kind="spearman").note.item().startswith("undefined:")
    assert correlation_from_summary(0.5, 30, kind="pearson", n_covariates=2).df.item() == 26
    with pytest.raises(TableError, match=r"r is 1\.2; a number at most 1 was expected"):
        correlation_from_summary(1.2, 5, kind="pearson")
    with pytest.raises(TableError, match=r"kind is 'gamma'; one of 'pearson', 'spearman'"):
        correlation_from_summary(0.2, 5, kind="gamma")


def test_the_binormal_auc_is_what_sampling_two_normal_groups_gives():
    rng = np.random.default_rng(4)
    cases, controls = rng.normal(4.4, 0.6, 400_000), rng.normal(4.1, 0.5, 400_000)
    row = binormal_auc(4.4, 0.6, 4.1, 0.5, positive="high").iloc[0]
    assert row.estimate == pytest.approx((cases > controls).mean(), abs=0.002)
    assert binormal_auc(4.4, 0.6, 4.1, 0.5, positive="low").estimate.item() == pytest.approx(1 - row.estimate)


def test_the_binormal_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(5)
    truth = binormal_auc(1, 1, 0, 2, positive="high").estimate.item()
    cases, controls = rng.normal(1, 1, (400, 60)), rng.normal(0, 2, (400, 40))
    hits = 0
    for a, b in zip(cases, controls, strict=True):
        row = binormal_auc(
            a.mean(), a.std(ddof=1), b.mean(), b.std(ddof=1), positive="high", n_case=60, n_control=40
        ).iloc[0]
        hits += row.ci_low <= truth <= row.ci_high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_direction_of_a_binormal_auc_is_never_chosen_silently():
    with pytest.raises(TableError, match=r"positive is 'auto'; one of 'high', 'low' was expected"):
        binormal_auc(1, 1, 0, 1, positive="auto")
    with pytest.raises(TypeError):
        binormal_auc(1, 1, 0, 1)
    with pytest.raises(TableError, match="Both SDs are 0"):
        binormal_auc(1, 0, 0, 0, positive="high")


@pytest.mark.parametrize(("auc", "low", "high"), [(0.641, 0.56, 0.72), (0.697, 0.62, 0.78), (0.644, 0.56, 0.73)])
def test_hanley_mcneil_gives_the_intervals_that_huang_2026_printed(auc, low, high):
    row = hanley_mcneil(auc, 84, 84).iloc[0]
    assert (row.ci_low, row.ci_high) == pytest.approx((low, high), abs=0.0051)


def test_hanley_mcneil_at_one_half_is_the_variance_of_the_rank_sum_test():
    row = hanley_mcneil(0.5, 30, 20).iloc[0]
    assert row.se**2 == pytest.approx(51 / (12 * 30 * 20))
    assert row.p == 1


def test_hanley_mcneil_p_is_the_normal_approximation_of_mann_whitney():
    rng = np.random.default_rng(6)
    a, b = rng.normal(0.5, 1, 30), rng.normal(0, 1, 20)
    test = scipy_stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=False)
    assert hanley_mcneil(test.statistic / 600, 30, 20).p.item() == pytest.approx(test.pvalue)


def test_a_perfect_auc_has_no_hanley_mcneil_interval():
    row = hanley_mcneil(1.0, 10, 10).iloc[0]
    assert math.isnan(row.ci_low)
    assert row.note.startswith("undefined:")
    with pytest.raises(TableError, match=r"auc is 82; a number at most 1 was expected\. Say 0\.82, not 82"):
        hanley_mcneil(82, 10, 10)


def test_intervals_from_p_are_those_of_altman_and_bland(published):
    row = interval_from_p(17, 0.032, null=0, scale="linear").iloc[0]
    assert row.ci_low == published("interval from p difference low")
    assert row.ci_high == published("interval from p difference high")
    row = interval_from_p(0.30, 0.034, null=1, scale="log").iloc[0]
    assert row.ci_low == published("interval from p ratio low")
    assert row.ci_high == published("interval from p ratio high")


@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 20), st.floats(0.05, 1.5))
def test_interval_to_p_and_back_is_a_round_trip(ratio, se):
    low, high = ratio * math.exp(-1.959963984540054 * se), ratio * math.exp(1.959963984540054 * se)
    there = p_from_interval(ratio, low, high, null=1, scale="log").iloc[0]
    assert there.middle == pytest.approx(ratio)
    if 1e-12 < there.p < 0.999:
        back = interval_from_p(ratio, there.p, null=1, scale="log").iloc[0]
        assert (back.ci_low, back.ci_high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "printed"),
    [(2.382, 1.365, 4.157, 0.002), (1.941, 0.005, 810.953, 0.829), (7.728, 1.911, 31.253, 0.004)],
)
def test_p_of_the_odds_ratios_of_huang_2026_table_4_come_back(ratio, low, high, printed):
    row = p_from_interval(ratio, low, high, null=1, scale="log").iloc[0]
    # The lower end 0.005 has one significant digit, which moves the middle by a tenth.
    assert row.p == pytest.approx(printed, abs=0.006)


def test_impossible_intervals_are_refused_and_p_of_one_has_no_interval():
    with pytest.raises(TableError, match=r"The interval runs from 3 to 2; the first must be the smaller"):
        p_from_interval(2.5, 3, 2, null=1, scale="log")
    with pytest.raises(TableError, match=r"-1 has no logarithm; on the log scale"):
        p_from_interval(2.5, -1, 2, null=1, scale="log")
    with pytest.raises(TableError, match=r"p is 0; a number above 0 was expected\. A printed 'p < 0\.001' is a bound"):
        interval_from_p(2.5, 0, null=1, scale="log")
    assert interval_from_p(2.5, 1, null=1, scale="log").note.item().startswith("undefined:")
