import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from vbqkit.errors import TableError
from vbqkit.stats import (
    bland_altman,
    bland_altman_repeated,
    cohen_kappa,
    icc,
    measurement_error,
    ratings_from_rows,
)

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_the_six_icc_are_those_of_shrout_and_fleiss(published):
    table = icc(SHROUT_FLEISS)
    assert len(table) == 6
    for row in table.itertuples():
        assert row.estimate == published(f"icc {row.shrout_fleiss}")
        assert row.ci_low == published(f"icc low {row.shrout_fleiss}")
        assert row.ci_high == published(f"icc high {row.shrout_fleiss}")
    assert table.f.round(1).tolist() == [1.8, 11.0, 11.0, 1.8, 11.0, 11.0]
    assert table.mcgraw_wong.tolist() == ["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]


def test_f_and_p_are_those_of_an_analysis_of_variance():
    long = pd.DataFrame(
        [(i, j, float(v)) for i, r in enumerate(SHROUT_FLEISS) for j, v in enumerate(r)], columns=["s", "r", "v"]
    )
    dummies = pd.get_dummies(long[["s", "r"]].astype(str), drop_first=True, dtype=float)
    full = sm.OLS(long.v, sm.add_constant(dummies)).fit()
    f, p, _ = full.compare_f_test(sm.OLS(long.v, sm.add_constant(dummies.filter(like="r_"))).fit())
    row = icc(SHROUT_FLEISS).iloc[2]
    assert (row.f, row.p) == pytest.approx((f, p))
    one_way = scipy_stats.f_oneway(*SHROUT_FLEISS)
    assert (icc(SHROUT_FLEISS).f[0], icc(SHROUT_FLEISS).p[0]) == pytest.approx((one_way.statistic, one_way.pvalue))


def test_icc_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(1)
    hits = np.zeros(6)
    # Subjects 1, raters 0.25, residual 0.25 as variances.
    truth = [1 / 1.5, 1 / 1.5, 1 / 1.25, 1 / (1 + 0.5 / 3), 1 / (1 + 0.5 / 3), 1 / (1 + 0.25 / 3)]
    for _ in range(150):
        ratings = rng.normal(size=(20, 1)) + 0.5 * rng.normal(size=(1, 3)) + 0.5 * rng.normal(size=(20, 3))
        table = icc(ratings)
        hits += (table.ci_low <= truth) & (truth <= table.ci_high)
    # The one-way forms are not the model the data were made with, so only the two-way ones must hold.
    assert (hits[[1, 2, 4, 5]] / 150 >= 0.9).all()


@settings(deadline=None, max_examples=25)
@example([(0, 0, 1), (0, 1, 0), (1, 0, 0)], 3, 7)
@given(
    st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=3, max_size=8),
    st.sampled_from([0.5, 3, 20]),
    st.integers(-50, 50),
)
def test_icc_does_not_change_with_the_unit(ratings, gain, shift):
    before = icc(ratings)
    after = icc((gain * np.array(ratings) + shift).tolist())
    np.testing.assert_allclose(before.estimate, after.estimate, rtol=1e-5, atol=1e-6)


def test_subjects_without_all_ratings_are_counted():
    table = icc([*SHROUT_FLEISS, [1, 2, None, 3]])
    assert table.n_missing.tolist() == [1] * 6
    assert table.note[0] == "1 of 7 subjects left out: a rating is missing"
    assert table.estimate.tolist() == icc(SHROUT_FLEISS).estimate.tolist()


def test_degenerate_ratings_say_why_there_is_no_result():
    assert icc([[1, 1], [1, 1], [1, 1]]).note[0] == "undefined: all ratings are equal"
    assert icc([[1, 2], [1, 2], [1, 2]]).note[2] == "undefined: the subjects do not differ"
    same = icc([[1, 1], [2, 2], [4, 4]])
    assert same.note[0] == "no interval: the raters agree exactly"
    assert same.estimate.tolist() == [1] * 6
    shifted = icc([[1, 2], [2, 3], [4, 5]])
    assert shifted.note[0] == "no interval: the raters differ by a constant only"
    assert shifted.estimate[2] == 1
    assert shifted.estimate[1] < 1
    assert icc([[1, 2]]).note[0].startswith("undefined: fewer than two subjects")
    with pytest.raises(TableError, match=r"1 rater was given; agreement needs two or more"):
        icc([[1], [2]])
    with pytest.raises(TableError, match=r"ratings has shape \(3,\); subjects x raters was expected"):
        icc([1, 2, 3])
    with pytest.raises(TableError, match=r"rater B holds 'high' in row 1"):
        icc(pd.DataFrame({"A": [1, 2], "B": [1, "high"]}))
    with pytest.raises(TableError, match=r"raters: the table has no column 'C'"):
        icc(pd.DataFrame({"A": [1, 2], "B": [1, 2]}), raters=["A", "C"])


def test_a_long_table_becomes_a_wide_one_unless_a_rater_rated_twice():
    long = pd.DataFrame({"id": [1, 1, 2], "reader": ["A", "B", "A"], "vbq": [2.1, 2.2, 3.0]})
    wide = ratings_from_rows(long, subject="id", rater="reader", value="vbq")
    assert wide.shape == (2, 2)
    assert math.isnan(wide.loc[2, "B"])
    with pytest.raises(TableError, match=r"Rater A has rated subject 1 more than once"):
        ratings_from_rows(pd.concat([long, long]), subject="id", rater="reader", value="vbq")
    with pytest.raises(TableError, match=r"rater: the table has no column 'observer'"):
        ratings_from_rows(long, subject="id", rater="observer", value="vbq")


def test_sem_and_mdc_are_those_of_the_variance_components():
    table = measurement_error(SHROUT_FLEISS).set_index(["quantity", "form"])
    y = np.array(SHROUT_FLEISS, float)
    residual = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean()
    error = (residual**2).sum() / 15
    raters = 6 * ((y.mean(axis=0) - y.mean()) ** 2).sum() / 3
    assert table.estimate["SEM", "consistency"] == pytest.approx(math.sqrt(error))
    assert table.estimate["SEM", "agreement"] == pytest.approx(math.sqrt(error + (raters - error) / 6))
    assert table.estimate["MDC", "consistency"] == pytest.approx(1.959964 * math.sqrt(2 * error), rel=1e-6)
    # For two raters the SEM is the SD of the differences over sqrt 2 (Weir 2005).
    two = measurement_error(y[:, :2]).iloc[0]
    assert two.estimate == pytest.approx((y[:, 0] - y[:, 1]).std(ddof=1) / math.sqrt(2))
    low, high = (math.sqrt(error * 15 / scipy_stats.chi2.ppf(q, 15)) for q in (0.975, 0.025))
    assert (table.ci_low["SEM", "consistency"], table.ci_high["SEM", "consistency"]) == pytest.approx((low, high))


def test_raters_without_offsets_do_not_make_the_sem_smaller():
    table = measurement_error([[1, 2], [3, 2], [4, 5], [6, 5]]).set_index(["quantity", "form"])
    assert table.estimate["SEM", "agreement"] == table.estimate["SEM", "consistency"]
    assert "offsets are within the residual error" in table.note["SEM", "agreement"]


def test_bias_and_limits_of_the_flow_meters_are_those_of_bland_and_altman_1986(published):
    # They used 2 SD where 1.96 is used today; 95.45 % of a normal distribution lie within 2 SD.
    table = bland_altman(
        WRIGHT, MINI, scale="absolute", limits_interval="approximate-1986", coverage=0.9544997
    ).set_index("quantity")
    assert table.estimate["bias"] == published("pefr bias")
    assert table.estimate["sd of differences"] == published("pefr sd")
    for quantity in ("bias", "lower limit", "upper limit"):
        if quantity != "bias":
            assert table.estimate[quantity] == published(f"pefr {quantity}")
        assert table.ci_low[quantity] == published(f"pefr {quantity} low")
        assert table.ci_high[quantity] == published(f"pefr {quantity} high")


def test_p_of_the_bias_and_the_slope_are_those_of_scipy():
    table = bland_altman(WRIGHT, MINI, scale="absolute", limits_interval="exact").set_index("quantity")
    d, m = np.subtract(WRIGHT, MINI), np.add(WRIGHT, MINI) / 2
    assert table.p["bias"] == pytest.approx(scipy_stats.ttest_rel(WRIGHT, MINI).pvalue)
    line = scipy_stats.linregress(m, d)
    assert (table.estimate["slope"], table.p["slope"]) == pytest.approx((line.slope, line.pvalue))


def test_exact_limits_cover_as_often_as_they_say_with_six_pairs():
    rng = np.random.default_rng(2)
    hits = 0
    for d in rng.normal(size=(200, 6)):
        row = bland_altman(10 + d, [10] * 6, scale="absolute", limits_interval="exact").iloc[2]
        hits += row.ci_low <= 1.959964 <= row.ci_high
    assert 0.91 <= hits / 200 <= 0.985


def test_percent_differences_do_not_change_with_the_receiver_gain():
    a, b = np.array(WRIGHT, float), np.array(MINI, float)
    one, two = (bland_altman(g * a, g * b, scale="percent", limits_interval="approximate") for g in (1, 37.5))
    assert one.estimate[:4].tolist() == pytest.approx(two.estimate[:4].tolist())
    assert one.estimate[0] == pytest.approx(np.mean(200 * (a - b) / (a + b)))


def test_percent_of_values_that_can_be_zero_is_refused():
    with pytest.raises(TableError, match=r"A percent difference needs measurements above 0, and the smallest is -2\.5"):
        bland_altman([-2.5, 1], [1, 2], scale="percent", limits_interval="exact")
    with pytest.raises(TableError, match=r"limits_interval is 'z'; one of 'exact'"):
        bland_altman([1, 2], [1, 2], scale="absolute", limits_interval="z")
    with pytest.raises(TableError, match=r"coverage is 95; a number below 1"):
        bland_altman([1, 2], [1, 2], scale="absolute", limits_interval="exact", coverage=95)


def test_degenerate_pairs_have_no_limits():
    assert bland_altman([1], [2], scale="absolute", limits_interval="exact").note[0].startswith("undefined: one pair")
    equal = bland_altman([1, 2, 3], [2, 3, 4], scale="absolute", limits_interval="exact")
    assert "the differences are all equal" in equal.note[0]
    assert equal.estimate[0] == -1


@pytest.fixture
def cardiac_output():
    return pd.read_csv(Path(__file__).parents[1] / "reference" / "cardiac_output.csv", comment="#")


def test_repeated_measurements_of_cardiac_output_agree_with_a_mixed_model(cardiac_output, published):
    table = bland_altman_repeated("rv", "ic", "subject", truth="varies", data=cardiac_output).set_index("quantity")
    assert table.estimate["sd of differences"] == published("cardiac output sd")
    assert table.estimate["bias"] == published("cardiac output bias")
    assert (table.n.iloc[0], table.n_measurements.iloc[0]) == (12, 60)
    pooled = bland_altman("rv", "ic", data=cardiac_output, scale="absolute", limits_interval="approximate").set_index(
        "quantity"
    )
    assert table.ci_high["upper limit"] - table.ci_low["upper limit"] > 2 * (
        pooled.ci_high["upper limit"] - pooled.ci_low["upper limit"]
    )


def test_balanced_repeats_give_the_variance_components_of_an_analysis_of_variance():
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(15), 3)
    a, b = rng.normal(size=15)[subject] + rng.normal(size=45), rng.normal(size=15)[subject] + rng.normal(size=45)
    d = (a - b).reshape(15, 3)
    within = d.var(axis=1, ddof=1).mean()
    between = (3 * d.mean(axis=1).var(ddof=1) - within) / 3
    table = bland_altman_repeated(a, b, subject, truth="varies").set_index("quantity")
    assert table.estimate["sd of differences"] == pytest.approx(math.sqrt(between + within))
    wa, wb = (v.reshape(15, 3).var(axis=1, ddof=1).mean() for v in (a, b))
    constant = bland_altman_repeated(a, b, subject, truth="constant").set_index("quantity")
    expected = math.sqrt(d.mean(axis=1).var(ddof=1) + (1 - 1 / 3) * (wa + wb))
    assert constant.estimate["sd of differences"] == pytest.approx(expected)


def test_one_pair_a_subject_is_the_plain_analysis():
    table = bland_altman_repeated(WRIGHT, MINI, range(17), truth="varies").set_index("quantity")
    plain = bland_altman(WRIGHT, MINI, scale="absolute", limits_interval="exact").set_index("quantity")
    for quantity in table.index:
        assert table.estimate[quantity] == pytest.approx(plain.estimate[quantity])
    assert "no subject was measured twice" in table.note.iloc[0]


def test_limits_with_repeats_cover_as_often_as_they_say():
    rng = np.random.default_rng(4)
    truth = 1.959964 * math.sqrt(1 + 0.5)
    subject = np.repeat(np.arange(20), 3)
    hits = 0
    for _ in range(120):
        d = rng.normal(size=20)[subject] + math.sqrt(0.5) * rng.normal(size=60)
        row = bland_altman_repeated(d, np.zeros(60), subject, truth="varies").iloc[2]
        hits += row.ci_low <= truth <= row.ci_high
    assert 0.89 <= hits / 120 <= 1


def test_repeats_that_lack_a_method_are_counted():
    a, b, subject = [1.0, 2.0, 3.0, None, 5.0, 4.0], [1.5, None, 2.0, 3.0, None, None], ["p", "p", "q", "q", "r", "r"]
    table = bland_altman_repeated(a, b, subject, truth="constant")
    assert table.n[0] == 2
    assert "1 subjects left out: not measured by both; 4 single values are missing" in table.note[0]
    with pytest.raises(TableError, match=r"1 subject has measurements of both; two or more were expected"):
        bland_altman_repeated([1, 2], [1, 2], ["p", "p"], truth="varies")
    with pytest.raises(TypeError):
        bland_altman_repeated([1, 2], [1, 2], ["p", "q"])


def test_kappa_of_cohens_own_table(published):
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    a, b = np.repeat(np.indices((3, 3)).reshape(2, -1), counts.ravel(), axis=1)
    assert cohen_kappa(a, b, weights="none").estimate.item() == published("cohen 1968 kappa")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=30))
def test_kappa_and_its_standard_errors_agree_with_statsmodels_and_scikit_learn(pairs):
    a, b = zip(*pairs, strict=True)
    table = np.zeros((4, 4))
    for i, j in pairs:
        table[i, j] += 1
    for ours, statsmodels_name, sklearn_name in (
        ("none", None, None),
        ("linear", "linear", "linear"),
        ("quadratic", "quadratic", "quadratic"),
    ):
        row = cohen_kappa(a, b, weights=ours, categories=[0, 1, 2, 3]).iloc[0]
        if len({*a, *b}) == 1:
            assert row.note.startswith("undefined: both raters use one and the same category")
            continue
        assert row.estimate == pytest.approx(cohen_kappa_score(a, b, labels=[0, 1, 2, 3], weights=sklearn_name))
        with np.errstate(all="ignore"):
            theirs = cohens_kappa(table, wt=statsmodels_name)
        assert row.se**2 == pytest.approx(max(theirs.var_kappa, 0), abs=1e-9)
        if row.se > 1e-6:
            assert row.p == pytest.approx(theirs.pvalue_two_sided, abs=1e-9, nan_ok=True)


def test_weights_need_an_order():
    with pytest.raises(
        TableError, match=r"The order of the categories \['low', 'high'\] is not known, and weights='linear' needs it"
    ):
        cohen_kappa(["low", "high"], ["low", "low"], weights="linear")
    with pytest.raises(TableError, match=r"The label 'medium' is not among the categories \['low', 'high'\]"):
        cohen_kappa(["low", "medium"], ["low", "low"], weights="none", categories=["low", "high"])
    with pytest.raises(TypeError):
        cohen_kappa([1, 2], [1, 2])
    row = cohen_kappa(["low", "high", None], ["low", "high", "low"], weights="none").iloc[0]
    assert (row.estimate, row.n_missing) == (1, 1)
    assert row.note.startswith("no interval: the standard error is 0")


@pytest.mark.parametrize(
    "other", [["0", "1", "1", "2", "0", "2"], [" 0", " 1", " 1", " 2", " 0", " 2"], [0.0, 1, 1, 2, 0, 2.0]]
)
def test_labels_of_two_readers_are_compared_as_values_whatever_their_type(other):
    for a, b in (([0, 1, 1, 2, 0, 2], other), (other, [0, 1, 1, 2, 0, 2])):
        row = cohen_kappa(a, b, weights="quadratic").iloc[0]
        assert (row.estimate, row.n_categories) == (1, 3)


def test_labels_that_cannot_be_compared_are_refused():
    with pytest.raises(TableError, match=r"The labels 'yes' and 'Yes' differ in capitals only\. Write them alike"):
        cohen_kappa(["yes", "no", "yes"], ["Yes", "no ", "yes"], weights="none")
    with pytest.raises(TableError, match=r"The labels hold the text 'none' and the number 0"):
        cohen_kappa([0, 1, 1], ["0", "1", "none"], weights="none")
