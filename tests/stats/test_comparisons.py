"""Correlations compared, p adjusted for their number, and precision, against R and published digits."""

import math

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import TableError
from vbqkit.stats import (
    adjust_p,
    compare_dependent_correlations,
    compare_independent_correlations,
    dependent_correlations_from_summary,
    measurement_error,
    precision_error,
)


def test_independent_correlations_are_compared_as_psych_does(r):
    row = compare_independent_correlations(0.6, 80, 0.4, 103).iloc[0]
    assert (abs(row.z), row.p) == (r("independent correlations z"), r("independent correlations p"))


def test_the_claim_of_paper_004_that_controls_correlate_more_is_not_shown():
    row = compare_independent_correlations(-0.611, 134, -0.453, 101).iloc[0]
    assert round(row.p, 3) == 0.096
    assert row.ci_low < 0 < row.ci_high


def test_zous_interval_is_that_of_his_example(r):
    """Zou (2007): r of 0.396 and 0.179, 0.088 between them, n = 66: -0.093 to 0.517."""
    row = dependent_correlations_from_summary(0.396, 0.179, 0.088, 66, test="meng").iloc[0]
    assert (round(row.ci_low, 3), round(row.ci_high, 3)) == (-0.093, 0.517)
    assert (row.ci_low, row.ci_high) == (r("zou low"), r("zou high"))


@pytest.mark.parametrize(("test", "key"), [("williams", "williams t"), ("meng", "meng z"), ("steiger", "steiger z")])
def test_dependent_correlations_are_compared_as_r_does(r, test, key):
    row = dependent_correlations_from_summary(0.396, 0.179, 0.088, 66, test=test).iloc[0]
    assert row.statistic == r(key)
    if test == "williams":
        assert (row.p, row.df) == (r("williams p"), 63)


def test_columns_and_their_three_correlations_give_one_answer():
    rng = np.random.default_rng(2)
    target = rng.normal(size=40)
    table = pd.DataFrame({"t": target, "a": target + rng.normal(size=40), "b": target + 2 * rng.normal(size=40)})
    c = table.corr()
    for test in ("meng", "williams", "steiger"):
        of_data = compare_dependent_correlations("a", "b", "t", test=test, data=table).iloc[0]
        of_r = dependent_correlations_from_summary(c.a.t, c.b.t, c.a.b, 40, test=test).iloc[0]
        assert (of_data.p, of_data.ci_low) == pytest.approx((of_r.p, of_r.ci_low))


@pytest.mark.slow
@pytest.mark.parametrize("test", ["meng", "williams", "steiger"])
def test_two_scores_that_correlate_alike_are_told_apart_in_5_of_100(test):
    rng, hits, covered, draws = np.random.default_rng(9), 0, 0, 2000
    for _ in range(draws):
        target = rng.normal(size=(30, 1))
        both = target + 0.7 * rng.normal(size=(30, 1)) + 0.7 * rng.normal(size=(30, 2))
        row = compare_dependent_correlations(both[:, 0], both[:, 1], target[:, 0], test=test).iloc[0]
        hits += row.p < 0.05
        covered += row.ci_low <= 0 <= row.ci_high
    assert 0.035 <= hits / draws <= 0.065
    assert 0.93 <= covered / draws <= 0.97


def test_correlations_that_cannot_be_compared_say_why():
    with pytest.raises(TableError, match=r"Correlations of 0.9, -0.9 and 0.9 cannot occur together"):
        dependent_correlations_from_summary(0.9, -0.9, 0.9, 50, test="meng")
    with pytest.raises(TableError, match=r"There are 3 complete rows; comparing correlations needs 4 or more"):
        compare_dependent_correlations([1, 2, 3], [1, 3, 2], [2, 1, 3], test="meng")
    with pytest.raises(TableError, match=r"test is 'zou'; one of 'meng', 'williams', 'steiger' was expected"):
        dependent_correlations_from_summary(0.5, 0.4, 0.3, 50, test="zou")
    flat = compare_dependent_correlations([1, 1, 1, 1], [1, 3, 2, 5], [2, 1, 3, 4], test="meng").iloc[0]
    assert (flat.note, math.isnan(flat.estimate)) == ("undefined: score_a is constant", True)
    twins = compare_dependent_correlations([1, 2, 3, 5], [2, 4, 6, 10], [2, 1, 3, 4], test="meng").iloc[0]
    assert twins.note == "undefined: two of the three columns determine one another"


@pytest.mark.parametrize(
    ("adjustment", "name"), [("holm", "holm"), ("benjamini-hochberg", "BH"), ("bonferroni", "bonferroni")]
)
def test_adjusted_p_are_those_of_r(r, adjustment, name):
    p = [0.01, 0.02, 0.03, 0.04, 0.05, 0.0005, 0.6, 0.03]
    for i, value in enumerate(adjust_p(p, adjustment=adjustment).p_adjusted, 1):
        assert value == r(f"adjust {name} {i}")


def test_a_missing_p_is_not_counted_and_an_impossible_one_is_refused():
    table = adjust_p({"a": 0.01, "b": math.nan, "c": 0.04}, adjustment="holm")
    assert table.n_tests.tolist() == [2, 2, 2]
    assert table.note.tolist() == ["", "undefined: p is missing", ""]
    assert table.p_adjusted[0] == 0.02
    with pytest.raises(TableError, match=r"p of b is 1.5; a number from 0 to 1 was expected"):
        adjust_p({"a": 0.01, "b": 1.5}, adjustment="holm")
    with pytest.raises(TableError, match=r"There is no p to adjust"):
        adjust_p([math.nan], adjustment="holm")


def long(data, method):
    return pd.DataFrame({"who": [*range(17)] * 2, "flow": [*data[f"{method}1"], *data[f"{method}2"]]})


@pytest.mark.parametrize(("method", "printed"), [("wright", 15.3), ("mini", 19.9)])
def test_precision_is_that_of_the_peak_flow_meters(r, r_data, method, printed):
    """Within-subject SD of the Wright meter 15.3 L/min, of the mini Wright meter 19.9: Bland and Altman (1986)."""
    table = precision_error("flow", "who", data=long(r_data("pefr"), method)).set_index("quantity")
    sd = table.loc["RMS-SD"]
    assert round(sd.estimate, 1) == printed
    assert (sd.estimate, sd.ci_low, sd.ci_high) == (
        r(f"precision sd {method}"),
        r(f"precision sd low {method}"),
        r(f"precision sd high {method}"),
    )
    assert table.estimate["RMS-CV %"] == r(f"precision cv {method}")
    assert table.estimate["LSC"] == r(f"lsc {method}")
    assert sd.note.startswith("17 degrees of freedom; 30 or more are asked for")


def test_precision_of_unequal_repeats_is_the_residual_of_an_analysis_of_variance(r, r_data):
    table = long(r_data("pefr"), "mini")
    table = pd.concat([table, pd.DataFrame({"who": [0, 1, 99], "flow": [500, 610, 400]})], ignore_index=True)
    row = precision_error("flow", "who", data=table).iloc[0]
    assert (row.estimate, row.df, row.n_subjects) == (r("precision sd unequal"), 19, 17)
    assert "1 of 18 subjects left out: measured once" in row.note


def test_precision_of_pairs_is_measurement_errors_one_way_and_gluers_limit_holds(r_data):
    """Gluer (1995): with 30 degrees of freedom the upper limit is 34 % above the estimate (one-sided 95 %: 27 %)."""
    ratings = np.random.default_rng(4).normal(size=(30, 1)) + 0.1 * np.random.default_rng(5).normal(size=(30, 2))
    table = precision_error(ratings.ravel(), np.repeat(range(30), 2)).iloc[0]
    assert table.ci_high / table.estimate == pytest.approx(1.34, abs=0.005)
    assert table.note == ""
    difference = ratings[:, 0] - ratings[:, 1]
    assert table.estimate == pytest.approx(math.sqrt(np.mean(difference**2) / 2))
    assert measurement_error(ratings).estimate[2] == pytest.approx(table.estimate, rel=0.05)


def test_precision_that_cannot_be_computed_says_why():
    with pytest.raises(TableError, match=r"Nobody was measured twice, so repeats cannot be compared"):
        precision_error([1, 2, 3], ["a", "b", "c"])
    equal = precision_error([1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b"])
    assert equal.note[0].startswith("no interval: all repeats are equal")
    around_0 = precision_error([-1.0, -1.2, 2.0, 2.1], ["a", "a", "b", "b"]).set_index("quantity")
    assert math.isnan(around_0.estimate["RMS-CV %"])
    assert around_0.note["RMS-CV %"].startswith("undefined: a subject's mean is not above 0")
    assert around_0.estimate["RMS-SD"] > 0
