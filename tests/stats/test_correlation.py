import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from vbqkit.errors import TableError
from vbqkit.stats import (
    correlations,
    kendall,
    linear_regression,
    partial_correlation,
    pearson,
    regression_band,
    spearman,
)
from vbqkit.stats.exact_ranks import exact_spearman_p
from vbqkit.stats.from_summary import fisher_interval

# Košice group 2025, Table 2.
SNR = [77.491, 63.363, 82.061, 67.423, 68.316]
BMD = [0.763, 0.749, 0.720, 0.770, 0.756]


@pytest.fixture
def xy():
    rng = np.random.default_rng(1)
    x = rng.normal(size=40)
    return x, 0.5 * x + rng.normal(size=40)


def test_pearson_its_p_and_interval_agree_with_scipy(xy):
    row = pearson(*xy).iloc[0]
    expected = scipy_stats.pearsonr(*xy)
    assert (row.estimate, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert (row.n, row.n_missing, row.note) == (40, 0, "")


def test_spearman_and_its_t_p_agree_with_scipy(xy):
    x, y = np.round(xy[0], 1), np.round(xy[1], 1)
    row = spearman(x, y).iloc[0]
    expected = scipy_stats.spearmanr(x, y)
    assert (row.estimate, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert "p from t" in row.method


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=6))
def test_exact_spearman_p_with_ties_is_what_going_through_all_orders_gives(pairs):
    x, y = map(list, zip(*pairs, strict=True))
    row = spearman(x, y, p_value="exact").iloc[0]
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert math.isnan(row.estimate)
        assert row.note.startswith("undefined: a column is constant")
        return
    rx, ry = scipy_stats.rankdata(x), scipy_stats.rankdata(y)
    every = np.array([np.corrcoef(rx, order)[0, 1] for order in permutations(ry)])
    assert row.estimate == pytest.approx(np.corrcoef(rx, ry)[0, 1])
    assert row.p == pytest.approx(np.mean(np.abs(every) >= abs(row.estimate) - 1e-9), rel=1e-12)


def test_exact_spearman_p_of_five_patients_is_that_of_published_tables():
    # Without ties and n = 5 the sizes of rho = 1 and 0.9 are 2/120 and 10/120 (two-sided), as in any printed table.
    assert spearman([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).p.item() == pytest.approx(2 / 120)
    assert spearman([1, 2, 3, 4, 5], [2, 1, 3, 4, 5]).p.item() == pytest.approx(10 / 120)
    row = spearman(SNR, BMD, p_value="t").iloc[0]
    assert (row.estimate, row.p) == pytest.approx((-0.3, 0.624), abs=0.0005)


def test_exact_p_is_refused_where_it_would_take_too_long():
    with pytest.raises(
        TableError,
        match=r"An exact p was requested for 13 observations; it is counted for up to 12\. Use p_value='series'",
    ):
        spearman(range(13), range(13), p_value="exact")
    assert "exact p over all 12! orders" in spearman(range(12), [*range(11), -1]).method.item()


def test_kendall_agrees_with_scipy_and_with_counting_pairs(xy):
    x, y = np.round(xy[0], 1), np.round(xy[1], 1)
    row = kendall(x, y).iloc[0]
    expected = scipy_stats.kendalltau(x, y)
    assert (row.estimate, row.p) == pytest.approx((expected.statistic, expected.pvalue))
    n = len(x)
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i in range(n) for j in range(i)]
    brute = sum(a * b for a, b in signs) / math.sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs))
    assert row.estimate == pytest.approx(brute)


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_the_partial_p_is_that_of_the_coefficient_in_a_multiple_regression(kind):
    rng = np.random.default_rng(2)
    age, bmi = rng.normal(65, 8, 50), rng.normal(25, 4, 50)
    x, y = 0.03 * age + rng.normal(size=50), -0.05 * age + 0.1 * bmi + rng.normal(size=50)
    row = partial_correlation(x, y, covariates={"age": age, "BMI": bmi}, kind=kind).iloc[0]
    columns = [scipy_stats.rankdata(v) if kind == "spearman" else v for v in (x, age, bmi, y)]
    fit = sm.OLS(columns[3], sm.add_constant(np.column_stack(columns[:3]))).fit()
    assert (row.t, row.p, row.df) == pytest.approx((fit.tvalues[1], fit.pvalues[1], 46))
    assert "given age, BMI" in row.method


def test_a_partial_correlation_that_cannot_be_had_says_why():
    x, y, age = [1, 2, 3, 5, 4, 6], [2, 1, 4, 3, 6, 5], [50, 60, 55, 70, 65, 80]
    constant = partial_correlation(x, y, covariates={"sex": [1] * 6}).iloc[0]
    assert constant.note.startswith("undefined: the covariates are constant or determine one another")
    same = partial_correlation(age, y, covariates={"age": age}).iloc[0]
    assert same.note.startswith("undefined: the covariates explain x or y completely")
    assert math.isnan(same.p)
    few = partial_correlation(x[:3], y[:3], covariates={"age": age[:3]}).iloc[0]
    assert few.note.startswith("undefined: too few rows")
    with pytest.raises(TableError, match=r"No covariate was given, and a partial correlation needs one"):
        partial_correlation(x, y, covariates={})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "reference"), [(pearson, "pearsonr"), (spearman, "spearmanr"), (kendall, "kendalltau")]
)
def test_the_bootstrap_interval_is_that_of_a_plain_loop_over_resamples(function, reference, xy):
    x, y = np.round(xy[0], 1)[:15], np.round(xy[1], 1)[:15]
    row = function(x, y, interval="bootstrap", n_bootstrap=4000, rng=np.random.default_rng(3)).iloc[0]
    rng = np.random.default_rng(4)
    loop = []
    for _ in range(1500):
        drawn = rng.integers(0, 15, 15)
        loop.append(getattr(scipy_stats, reference)(x[drawn], y[drawn]).statistic)
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.06)
    assert "4000 bootstrap resamples" in row.method
    assert row.equals(function(x, y, interval="bootstrap", n_bootstrap=4000, rng=np.random.default_rng(3)).iloc[0])


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_the_bootstrap_interval_of_a_partial_correlation_takes_the_covariates_out_of_each_resample_anew(kind):
    rng = np.random.default_rng(5)
    age, bmi = rng.normal(65, 8, 25), np.round(rng.normal(25, 4, 25))
    x, y = 0.05 * age + rng.normal(size=25), -0.05 * age + 0.1 * bmi + rng.normal(size=25)
    chance = {"interval": "bootstrap", "n_bootstrap": 100}
    row = partial_correlation(
        x, y, covariates={"age": age, "BMI": bmi}, kind=kind, rng=np.random.default_rng(8), **chance
    ).iloc[0]
    found = []
    for drawn in np.random.default_rng(8).integers(0, 25, (100, 25)):
        columns = [scipy_stats.rankdata(v[drawn]) if kind == "spearman" else v[drawn] for v in (x, y, age, bmi)]
        design = sm.add_constant(np.column_stack(columns[2:]))
        left = [sm.OLS(column, design).fit().resid for column in columns[:2]]
        found.append(scipy_stats.pearsonr(*left).statistic)
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.quantile(found, [0.025, 0.975])), abs=1e-9)
    assert row.estimate == partial_correlation(x, y, covariates={"age": age, "BMI": bmi}, kind=kind).estimate.item()
    assert "percentile interval of 100 bootstrap resamples" in row.method
    with pytest.raises(TableError, match="rng is None"):
        partial_correlation(x, y, covariates={"age": age}, **chance)


def test_resamples_in_which_the_covariates_leave_nothing_are_counted_and_said():
    x, y, age = [1, 2, 3, 5, 4], [2, 1, 4, 3, 6], [50, 50, 50, 50, 60]
    row = partial_correlation(
        x, y, covariates={"age": age}, interval="bootstrap", n_bootstrap=500, rng=np.random.default_rng(0)
    ).iloc[0]
    assert "of 500 resamples have a column that is constant or follows from the others and are left out" in row.note
    assert -1 <= row.ci_low < row.ci_high <= 1


def test_resamples_without_a_value_are_counted_and_said():
    row = pearson([1, 2, 3], [1, 3, 2], interval="bootstrap", n_bootstrap=500, rng=np.random.default_rng(0)).iloc[0]
    assert "of 500 resamples have a constant column and are left out" in row.note


def test_a_bootstrap_asks_for_its_source_of_chance():
    with pytest.raises(TableError, match=r"The bootstrap interval draws at random, and rng is None\. Pass rng="):
        pearson([1, 2, 3], [1, 3, 2], interval="bootstrap")


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)), min_size=4, max_size=8),
    st.sampled_from([0.01, 0.5, 3, 100]),
    st.integers(-1000, 1000),
)
def test_rank_correlation_does_not_change_with_the_unit(pairs, gain, shift):
    x, y = (np.array(v, float) for v in zip(*pairs, strict=True))
    before, after = spearman(x, y).iloc[0], spearman(np.sign(x) * np.abs(x) ** 3, y).iloc[0]
    assert before.estimate == pytest.approx(after.estimate, nan_ok=True)
    assert pearson(x, y).estimate.item() == pytest.approx(
        pearson(gain * x + shift, -y).estimate.item() * -1, nan_ok=True, abs=1e-6
    )


def test_missing_values_are_counted_and_said():
    table = pd.DataFrame({"vbq": [2.1, 2.6, None, 2.9, 3.0], "t": [-0.5, -1.0, -1.5, np.nan, -2.0]})
    row = pearson("vbq", "t", data=table).iloc[0]
    assert (row.n, row.n_missing) == (3, 2)
    assert row.note == "no interval: too few rows; 2 of 5 rows left out: a value is missing"


@pytest.mark.parametrize("function", [pearson, spearman, kendall])
def test_degenerate_columns_give_an_undefined_result(function):
    assert function([1, 1, 1, 1], [1, 2, 3, 4]).note.item() == "undefined: a column is constant"
    two = function([1, 2], [3, 5]).iloc[0]
    assert math.isnan(two.ci_low)
    assert two.note
    perfect = function([1, 2, 3, 4, 5], [2, 4, 6, 8, 10]).iloc[0]
    assert perfect.estimate == 1
    assert "no interval: the correlation is perfect" in perfect.note
    one = function([1], [1]).iloc[0]
    assert math.isnan(one.estimate)
    assert one.note.startswith("undefined: too few rows")


def test_columns_that_cannot_be_meant_are_refused():
    table = pd.DataFrame({"vbq": [1, 2, 3]})
    with pytest.raises(TableError, match=r"y: the table has no column 'bmd'\. Its columns are: vbq\. Name one of them"):
        pearson("vbq", "bmd", data=table)
    with pytest.raises(TableError, match=r"x is the text 'vbq', but no table was given"):
        pearson("vbq", [1, 2, 3])
    with pytest.raises(TableError, match=r"x is a list, but data was given"):
        pearson([1, 2, 3], "vbq", data=table)
    with pytest.raises(TableError, match=r"data is a dict; a pandas DataFrame was expected"):
        pearson("a", "b", data={"a": [1]})
    with pytest.raises(TableError, match=r"The columns have different lengths: x 3, y 2"):
        pearson([1, 2, 3], [1, 2])
    with pytest.raises(TableError, match=r"x holds '2,5' in row 1; a number was expected"):
        pearson([1, "2,5", 3], [1, 2, 3])
    with pytest.raises(TableError, match=r"y is infinite in row 2"):
        pearson([1, 2, 3], [1.0, 2.0, math.inf])
    with pytest.raises(TableError, match=r"x has shape \(2, 2\); one column of numbers was expected"):
        pearson(np.ones((2, 2)), [1, 2])
    with pytest.raises(TableError, match=r"x has shape \(2, 2\); one column of numbers was expected"):
        pearson(np.ones((2, 2), dtype=object), [1, 2])
    with pytest.raises(TableError, match=r"3 is one value; a column of values was expected"):
        pearson(3, [1, 2])
    with pytest.raises(TableError, match=r"Nothing to compute from: all 2 rows have a missing value in x, y"):
        pearson([None, 1], [1, None])
    with pytest.raises(TableError, match=r"Nothing to compute from: there are no rows in x, y"):
        pearson([], [])
    with pytest.raises(TableError, match=r"x and y are Series with different row labels"):
        pearson(pd.Series([1, 2, 3]), pd.Series([1, 2, 3], index=[2, 1, 0]))


def test_nullable_and_boolean_columns_are_numbers():
    table = pd.DataFrame(
        {"a": pd.array([1, None, 3, 5], dtype="Int64"), "b": pd.array([True, False, None, False], dtype="boolean")}
    )
    row = pearson("a", "b", data=table).iloc[0]
    assert (row.n, row.n_missing) == (2, 2)


def test_every_pair_of_columns_has_a_row_with_its_own_n():
    table = pd.DataFrame({"a": [1, 2, 3, 4.0], "b": [2, 1, 4, np.nan], "c": [1, 0, 1, 1.0]})
    rows = correlations(table, ["a", "b", "c"], kind="kendall")
    assert rows[["x", "y", "n"]].to_numpy().tolist() == [["a", "b", 3], ["a", "c", 4], ["b", "c", 3]]
    with pytest.raises(TableError, match=r"1 column was named; a correlation needs two"):
        correlations(table, ["a"], kind="pearson")


def test_a_regression_line_agrees_with_statsmodels(xy):
    x, y = xy[0] + 1000, xy[1]
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    rows = linear_regression(x, y).set_index("term")
    for term, k in (("intercept", 0), ("slope", 1)):
        found = rows.loc[term, ["estimate", "se", "p", "ci_low", "ci_high"]].tolist()
        assert found == pytest.approx([fit.params[k], fit.bse[k], fit.pvalues[k], *fit.conf_int()[k]], rel=1e-6)
    assert rows.r_squared["slope"] == pytest.approx(fit.rsquared)


def test_both_bands_agree_with_statsmodels(xy):
    fit = sm.OLS(xy[1], sm.add_constant(xy[0])).fit()
    at = np.array([-2.0, 0.1, 9.0])
    expected = fit.get_prediction(sm.add_constant(at)).summary_frame(alpha=0.1)
    band = regression_band(*xy, at=at, confidence=0.9)
    for ours, theirs in (
        ("estimate", "mean"),
        ("ci_low", "mean_ci_lower"),
        ("ci_high", "mean_ci_upper"),
        ("prediction_low", "obs_ci_lower"),
        ("prediction_high", "obs_ci_upper"),
    ):
        assert band[ours].to_numpy() == pytest.approx(expected[theirs].to_numpy())
    assert band.note[2] == "outside the range of the data"
    assert band.note[1] == ""


def test_a_line_that_is_not_determined_says_so():
    assert linear_regression([1, 1, 1], [1, 2, 3]).note[0].startswith("undefined: x is constant")
    two = linear_regression([1, 2], [1, 3])
    assert two.estimate.tolist() == [2, -1]
    assert two.ci_low.isna().all()
    assert "two rows determine the line" in two.note[0]
    exact = linear_regression([1, 2, 3], [1, 3, 5]).iloc[0]
    assert "the points lie on the line" in exact.note
    assert regression_band([1, 2, 3], [2, 4, 5]).x.tolist() == pytest.approx(np.linspace(1, 3, 100).tolist())


@pytest.mark.parametrize("name", ["x", "y"])
def test_a_covariate_of_a_partial_correlation_may_be_called_x_or_y(name):
    rng = np.random.default_rng(3)
    age, one, two = rng.normal(size=(3, 30))
    wanted = partial_correlation(one, two, covariates={"age": age})["estimate"].item()
    assert partial_correlation(one, two, covariates={name: age})["estimate"].item() == wanted


def test_p_of_spearman_is_exact_where_student_t_would_change_the_verdict():
    """12 values in two orders and 13 in one; the exact p of 13 counts all 13! orders (0.0003 is what the series
    misses)."""
    y = [1, 5, 3, 2, 10, 8, 4, 13, 6, 7, 12, 9, 11]
    x = list(range(1, 14))
    swapped = [4, 3, 1, 9, 2, 11, 5, 13, 6, 7, 8, 12, 10]
    for other in (y, swapped):
        row = spearman(x, other).iloc[0]
        assert row.p == pytest.approx(exact_spearman_p(np.array(x, float), np.array(other, float)), abs=4e-4)
        assert "Edgeworth series" in row.method
    doubtful = [6, 1, 2, 9, 8, 3, 4, 12, 5, 13, 7, 11, 10]
    t_form = spearman(x, doubtful, p_value="t").iloc[0]
    assert t_form.p < row.p or t_form.p == pytest.approx(scipy_stats.spearmanr(x, doubtful).pvalue)


def test_with_ties_a_p_of_student_t_near_0_05_is_called_unsettled():
    rng = np.random.default_rng(1)
    for _ in range(400):
        x, y = rng.integers(0, 9, 14), rng.integers(0, 9, 14)
        row = spearman(x, y + 0.4 * x).iloc[0]
        assert ("0.05 is not settled" in row.note) == (0.044 < row.p < 0.05)


@pytest.mark.parametrize(
    ("variance", "z_variance"),
    [
        ("bonett-wright", (1 + 0.49 / 2) / 27),
        ("fieller", 1.06 / 27),
        ("caruso-cliff", 1 / 28 + math.atanh(0.7) / (180 + 4 * 30**0.5)),
    ],
)
def test_the_interval_of_spearman_has_the_variance_it_names(variance, z_variance):
    low, high = fisher_interval(0.7, 30, kind=f"spearman {variance}", n_covariates=0, confidence=0.95)
    half = 1.959963985 * math.sqrt(z_variance)
    assert (low, high) == pytest.approx((math.tanh(math.atanh(0.7) - half), math.tanh(math.atanh(0.7) + half)))
    x = np.random.default_rng(0).normal(size=30)
    method = spearman(x, x + np.random.default_rng(1).normal(size=30), variance=variance).method.item()
    assert variance.replace("-", " ").title().replace(" ", "-") + " variance" in method
