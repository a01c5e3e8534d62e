import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.multicomp import pairwise_tukeyhsd

from vbqkit.errors import TableError
from vbqkit.stats import (
    auc,
    chi_square,
    counts_table,
    fisher_exact,
    mann_whitney,
    one_way_anova,
    t_test,
    tukey_hsd,
)


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    group = np.repeat(["fracture", "control", "young"], [25, 30, 12])
    return pd.DataFrame(
        {"vbq": rng.normal(3, [0.9] * 25 + [0.4] * 30 + [0.2] * 12) - 0.3 * (group == "young"), "group": group}
    )


@pytest.fixture
def two(table):
    return table[table.group != "young"]


def arrays(table):
    return [table.vbq[table.group == name].to_numpy() for name in ("fracture", "control")]


@pytest.mark.parametrize("equal", [True, False])
def test_the_t_test_agrees_with_scipy(two, equal):
    row = t_test("vbq", "group", equal_variances=equal, first="fracture", data=two).iloc[0]
    expected = scipy_stats.ttest_ind(*arrays(two), equal_var=equal)
    assert (row.t, row.p, row.df) == pytest.approx((expected.statistic, expected.pvalue, expected.df))
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert row.contrast == "fracture - control"
    other = t_test("vbq", "group", equal_variances=equal, first="control", data=two).iloc[0]
    assert other.estimate == pytest.approx(-row.estimate)


def test_groups_must_be_two_and_named(two, table):
    with pytest.raises(TableError, match=r"group holds .*; which of them is meant is not known\. Say it with first="):
        t_test("vbq", "group", equal_variances=False, data=two)
    with pytest.raises(TableError, match=r"group has 3 classes .*; two were expected"):
        t_test("vbq", "group", equal_variances=False, first="young", data=table)
    with pytest.raises(TypeError):
        t_test("vbq", "group", first="fracture", data=two)


def test_groups_without_spread_are_undefined():
    assert t_test([1, 1, 2, 2], [0, 0, 1, 1], equal_variances=False).note.item().startswith("undefined:")
    assert mann_whitney([1, 1, 1, 1], [0, 0, 1, 1]).note.item().startswith("undefined: all values are equal")
    assert one_way_anova([1, 1, 2, 2], [0, 0, 1, 1]).note.item().startswith("undefined: there is no spread")
    assert tukey_hsd([1, 1, 2, 2], [0, 0, 1, 1]).note.item().startswith("undefined: there is no spread")
    assert tukey_hsd([1, 2, 4], [0, 0, 1]).note.item().startswith("undefined: a group has one value only")
    with pytest.raises(TableError, match=r"group has one class only \('a'\), so there is nothing to compare"):
        one_way_anova([1, 2], ["a", "a"])


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=14),
    st.lists(st.integers(0, 9), min_size=2, max_size=14),
    st.booleans(),
)
def test_mann_whitney_agrees_with_scipy_and_its_superiority_is_the_auc(a, b, continuity):
    value, group = a + b, [1] * len(a) + [0] * len(b)
    row = mann_whitney(value, group, continuity=continuity).iloc[0]
    if len(set(value)) == 1:
        return
    exact = len(set(value)) == len(value) and min(len(a), len(b)) <= 8
    expected = scipy_stats.mannwhitneyu(a, b, method="exact" if exact else "asymptotic", use_continuity=continuity)
    assert (row.u, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert row.superiority == pytest.approx(auc(value, group, positive="high").estimate.item())
    assert row.estimate == np.median(np.subtract.outer(a, b))
    assert ("exact p" in row.method) == exact


@pytest.mark.slow
def test_the_shift_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(300):
        row = mann_whitney(np.r_[rng.normal(1, 1, 15), rng.normal(0, 1, 20)], np.arange(35) < 15).iloc[0]
        hits += row.ci_low <= 1 <= row.ci_high
    assert 0.92 <= hits / 300 <= 0.99


def test_too_few_or_too_many_values_for_a_shift_are_said(monkeypatch):
    assert "too few values for an interval of the shift" in mann_whitney([1, 2, 3], [0, 1, 1]).note.item()
    monkeypatch.setattr("vbqkit.stats.groups.PAIRS_LIMIT", 3)
    row = mann_whitney([1, 2, 3, 4], [0, 0, 1, 1]).iloc[0]
    assert row.note == "4 pairs are too many for the shift"
    assert math.isnan(row.estimate)


def test_anova_and_the_test_of_equal_spread_agree_with_scipy(table):
    samples = [g.vbq.to_numpy() for _, g in table.groupby("group")]
    row = one_way_anova("vbq", "group", data=table).iloc[0]
    expected, levene = scipy_stats.f_oneway(*samples), scipy_stats.levene(*samples, center="median")
    assert (row.f, row.p, row.levene_p) == pytest.approx((expected.statistic, expected.pvalue, levene.pvalue))
    assert "the spread differs" in row.note


def test_tukey_agrees_with_statsmodels(table):
    rows = tukey_hsd("vbq", "group", data=table)
    expected = pairwise_tukeyhsd(table.vbq, table.group)
    assert rows.estimate.to_numpy() == pytest.approx(expected.meandiffs)
    assert rows[["ci_low", "ci_high"]].to_numpy() == pytest.approx(expected.confint, abs=2e-4)
    assert rows.p.to_numpy() == pytest.approx(expected.pvalues, abs=2e-4)
    assert rows.contrast.tolist() == ["fracture - control", "young - control", "young - fracture"]


def test_chi_square_agrees_with_scipy_and_says_when_counts_are_small():
    a = ["f"] * 30 + ["m"] * 20 + [None]
    b = ["yes"] * 20 + ["no"] * 10 + ["yes"] * 6 + ["no"] * 14 + ["yes"]
    for correction in (True, False):
        row = chi_square(a, b, correction=correction).iloc[0]
        expected = scipy_stats.chi2_contingency([[10, 20], [14, 6]], correction=correction)
        assert (row.statistic, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert row.estimate == pytest.approx(
        scipy_stats.contingency.association(np.array([[10, 20], [14, 6]]), method="cramer")
    )
    assert row.n_missing == 1
    assert "expected counts are below 5" in chi_square(["a", "a", "b"], ["x", "y", "y"], correction=False).note.item()
    assert (
        chi_square(["a", "a"], ["x", "y"], correction=False).note.item() == "undefined: a column has one category only"
    )
    assert counts_table(["a", "a", "b"], ["x", "y", "y"]).loc["a", "y"] == 1


def test_fishers_tea_tasting_lady(published):
    truth, guess = ["milk"] * 4 + ["tea"] * 4, ["milk"] * 3 + ["tea"] + ["milk"] + ["tea"] * 3
    row = fisher_exact(guess, truth, exposed="milk", case="milk").iloc[0]
    assert row.p == published("fisher tea p")
    assert row.estimate == published("fisher tea odds ratio")
    assert row.ci_low == published("fisher tea low")
    # R prints 621.93, where its root finder stops; the end is where the tail is 2.5 %, which can be checked.
    assert scipy_stats.nchypergeom_fisher.cdf(3, 8, 4, 4, row.ci_high) == pytest.approx(0.025, abs=1e-6)
    assert row.sample_odds_ratio == 9


def test_a_zero_count_has_no_finite_odds_ratio():
    row = fisher_exact([1, 1, 0, 0], [1, 1, 0, 1]).iloc[0]
    assert "a count is 0" in row.note
    assert math.isnan(row.sample_odds_ratio)
    with pytest.raises(
        TableError, match=r"exposure holds 'x', 'y'; which of them is meant is not known\. Say it with exposed="
    ):
        fisher_exact(["x", "y"], [1, 0])


SIX = [1.28, 0.88, 1.18, 1.46, 2.63, 0.62]
OTHER_SIX = [-0.45, -1.14, -0.12, 0.36, 1.8, -1.09]


def test_the_interval_of_the_shift_is_the_one_of_r_and_agrees_with_p():
    """wilcox.test(a, b, conf.int = TRUE) of R 4: p = 0.04113, interval 0.26 to 2.55."""
    row = mann_whitney(SIX + OTHER_SIX, [1] * 6 + [0] * 6).iloc[0]
    assert row.p == pytest.approx(0.04113, abs=1e-5)
    assert (row.ci_low, row.ci_high) == pytest.approx((0.26, 2.55))


@pytest.mark.parametrize(("m", "n", "exact"), [(39, 44, True), (49, 49, True), (50, 12, False)])
def test_p_is_exact_up_to_49_in_a_group(m, n, exact):
    value = np.random.default_rng(8).normal(size=m + n) + 0.6 * (np.arange(m + n) < m)
    row = mann_whitney(value, np.arange(m + n) < m).iloc[0]
    oracle = scipy_stats.mannwhitneyu(value[:m], value[m:], method="exact" if exact else "asymptotic")
    assert row.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert ("exact p" in row.method) == exact


def test_p_and_interval_can_be_had_as_spss_prints_them():
    value = [1.1, 1.3, 1.3, 2.0, 2.2, 2.2, 2.9, 3.1]
    spss = mann_whitney(value, [0, 0, 0, 1, 0, 1, 1, 1], p_value="normal", continuity=False).iloc[0]
    oracle = scipy_stats.mannwhitneyu(
        [2.0, 2.2, 2.9, 3.1], [1.1, 1.3, 1.3, 2.2], method="asymptotic", use_continuity=False
    )
    assert spss.p == pytest.approx(oracle.pvalue)
    assert "continuity correction off" in spss.method
    with pytest.raises(TableError, match="An exact p was requested for values with ties"):
        mann_whitney(value, [0, 0, 0, 1, 0, 1, 1, 1], p_value="exact")


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.integers(0, 40), min_size=3, max_size=12),
    st.lists(st.integers(0, 40), min_size=3, max_size=12),
    st.sampled_from(["auto", "normal"]),
    st.booleans(),
)
def test_the_interval_of_the_shift_never_contradicts_p(a, b, p_value, continuity):
    group = [True] * len(a) + [False] * len(b)
    row = mann_whitney(a + b, group, p_value=p_value, continuity=continuity).iloc[0]
    if np.isfinite(row.ci_low):
        assert (row.p < 0.05 - 1e-9) <= (not row.ci_low < 0 < row.ci_high)
        assert (row.p > 0.05 + 1e-9) <= (row.ci_low <= 0 <= row.ci_high)
        if row.p < 0.05 - 1e-9 and 0 in {row.ci_low, row.ci_high}:
            assert "0 itself does not belong to it" in row.note


def test_levene_can_be_taken_around_the_mean_as_spss_does():
    value, group = [1, 2, 3, 9, 2, 3, 4, 5, 6, 7, 30, 8], list("aaaabbbbcccc")
    samples = [value[:4], value[4:8], value[8:]]
    for center in ("median", "mean"):
        row = one_way_anova(value, group, levene_center=center).iloc[0]
        assert row.levene_p == pytest.approx(scipy_stats.levene(*samples, center=center).pvalue)
        assert f"Levene's test around the {center}" in row.method
