"""Calibration and net benefit against rms::val.prob, glm and formulas in R (tests/reference/r)."""

import math

import numpy as np
import pytest

from vbqkit.errors import TableError
from vbqkit.stats import calibration, calibration_curve, calibration_groups, decision_curve


@pytest.fixture(scope="module")
def external(r_data):
    return r_data("external")


def test_calibration_is_that_of_rms_and_glm(r, external):
    table = calibration("p", "y", fitted_here=False, data=external).set_index("quantity")
    assert table.estimate["intercept"] == r("calibration in the large", rel=1e-8)
    assert table.se["intercept"] == r(
        "calibration in the large se", rel=1e-6
    )  # glm keeps the weights of its last but one step
    assert table.estimate["slope"] == r("calibration slope", rel=1e-7)
    assert table.se["slope"] == r("calibration slope se", rel=1e-6)
    assert table.estimate["slope"] == r("val.prob Slope", rel=1e-5)
    assert table.estimate["Brier"] == r("val.prob Brier")
    assert table.estimate["scaled Brier"] == r("scaled brier")
    assert table.estimate["ICI"] == r("val.prob Eavg", rel=2e-3)
    assert table.estimate["Emax"] == r("val.prob Emax", rel=2e-3)


def test_hosmer_and_lemeshow_have_two_degrees_of_freedom_less_where_the_model_was_fitted(r, external):
    for here, df in ((False, 10), (True, 8)):
        row = calibration("p", "y", fitted_here=here, data=external).set_index("quantity").loc["Hosmer-Lemeshow"]
        assert (row.estimate, row.df, row.p) == (r("hosmer-lemeshow"), df, r(f"hosmer-lemeshow p {df}"))
        assert "read the curve and the slope instead" in row.note


def test_the_lowess_curve_is_that_of_r(r, external):
    ordered = np.sort(external.p.to_numpy())
    curve = calibration_curve("p", "y", smoother="lowess", n_points=2001, data=external)
    for i in (1, 30, 60, 89):
        assert ordered[i - 1] == r(f"lowess x {i}")
        near = np.interp(ordered[i - 1], curve.probability, curve.estimate)
        assert near == r(f"lowess y {i}", rel=0, abs=2e-3)


def test_the_spline_curve_finds_a_bend_and_holds_the_truth():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 4000)
    truth = p**2
    curve = calibration_curve(p, rng.random(4000) < truth, smoother="spline", n_points=20)
    inside = (curve.ci_low <= curve.probability**2) & (curve.probability**2 <= curve.ci_high)
    assert inside.mean() >= 0.85
    assert (curve.estimate[5:15] < curve.probability[5:15]).all()
    few = calibration_curve([0.2, 0.2, 0.8, 0.8], [0, 1, 0, 1], smoother="spline", n_points=3)
    assert few.note[0].startswith("undefined: ")


def test_a_model_that_is_right_is_said_to_be_right():
    rng = np.random.default_rng(2)
    p = rng.uniform(0.02, 0.98, 5000)
    table = calibration(p, rng.random(5000) < p, fitted_here=False).set_index("quantity")
    assert table.ci_low["intercept"] < 0 < table.ci_high["intercept"]
    assert table.ci_low["slope"] < 1 < table.ci_high["slope"]
    assert table.estimate["expected/observed"] == pytest.approx(1, abs=0.03)
    assert table.estimate["ICI"] < 0.02
    steep = calibration(1 / (1 + np.exp(-2 * np.log(p / (1 - p)))), rng.random(5000) < p, fitted_here=False)
    assert steep.set_index("quantity").estimate["slope"] == pytest.approx(0.5, abs=0.05)


def test_groups_add_up_to_the_patients(external):
    table = calibration_groups("p", "y", groups=5, data=external)
    assert (len(table), table.n.sum(), table.n_case.sum()) == (5, 89, external.y.sum())
    assert (table.ci_low <= table.estimate).all()
    tied = calibration_groups([0.2] * 5 + [0.4] * 5, [0, 1] * 5, groups=4)
    assert tied.n.sum() == 10


def test_probabilities_that_are_none_are_refused_or_said():
    with pytest.raises(TableError, match=r"probability is 2.9 in row 1; a number from 0 to 1 was expected"):
        calibration([0.1, 2.9], [0, 1], fitted_here=False)
    sure = calibration([0, 0.4, 1, 0.6], [0, 1, 1, 0], fitted_here=False, groups=3).set_index("quantity")
    assert "2 probabilities of exactly 0 or 1 count as 1e-10 from it" in sure.note["slope"]
    apart = calibration([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], fitted_here=False, groups=3).set_index("quantity")
    assert math.isnan(apart.estimate["slope"])
    assert apart.note["slope"].startswith("undefined: the probability separate(s) cases from controls")
    equal = calibration([0.5] * 4, [0, 0, 1, 1], fitted_here=False, groups=3).set_index("quantity")
    assert equal.note["slope"].startswith("undefined: the probability is constant")


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5])
def test_net_benefit_is_that_of_vickers_and_elkin(r, external, threshold):
    table = decision_curve(["p"], "y", thresholds=[threshold], data=external).set_index("strategy")
    assert table.estimate["p"] == r(f"net benefit {threshold}")
    assert table.estimate["treat all"] == r(f"net benefit all {threshold}")
    assert table.estimate["treat none"] == 0
    odds = threshold / (1 - threshold)
    spared = 100 * (table.estimate["p"] - table.estimate["treat all"]) / odds
    assert table.avoided_per_100["p"] == pytest.approx(spared)


def test_treating_all_has_no_benefit_where_the_threshold_is_the_prevalence():
    p, y = [0.1, 0.2, 0.6, 0.7, 0.9], [0, 0, 1, 0, 1]
    at_share = decision_curve({"VBQ": p}, y, thresholds=[0.4]).set_index("strategy")
    assert at_share.estimate["treat all"] == pytest.approx(0)
    elsewhere = decision_curve({"VBQ": p}, y, thresholds=[0.1], prevalence=0.1).set_index("strategy")
    assert elsewhere.estimate["treat all"] == pytest.approx(0)
    assert "prevalence 0.1" in elsewhere.method["VBQ"]


def test_the_bootstrap_of_net_benefit_has_the_width_of_its_standard_error(external):
    table = decision_curve(
        ["p"], "y", thresholds=[0.3], n_bootstrap=2000, rng=np.random.default_rng(1), data=external
    ).set_index("strategy")
    called = external.p >= 0.3
    each = np.where(called & (external.y == 1), 1.0, 0) - np.where(called & (external.y == 0), 0.3 / 0.7, 0)
    half = 1.96 * each.std() / len(each) ** 0.5
    row = table.loc["p"]
    assert (row.ci_high - row.ci_low) / 2 == pytest.approx(half, rel=0.08)
    assert table.note["treat none"].startswith("no interval: the strategy does the same in every resample")


def test_a_score_in_place_of_a_probability_and_other_mistakes_are_refused():
    with pytest.raises(TableError, match=r"VBQ runs from 2.1 to 3.3; probabilities from 0 to 1 were expected"):
        decision_curve({"VBQ": [2.1, 3.3]}, [0, 1])
    with pytest.raises(TableError, match=r"threshold is 1; a number below 1 was expected"):
        decision_curve({"VBQ": [0.1, 0.3]}, [0, 1], thresholds=[1])
    with pytest.raises(TableError, match=r"The name 'treat all' is that of a strategy"):
        decision_curve({"treat all": [0.1, 0.3]}, [0, 1])
    with pytest.raises(TableError, match=r"No prediction was given"):
        decision_curve({}, [0, 1])
    with pytest.raises(TableError, match=r"The bootstrap draws at random, and rng is None"):
        decision_curve({"VBQ": [0.1, 0.3]}, [0, 1], n_bootstrap=200)
    test = decision_curve({"T-score": [True, False, True, False]}, [1, 0, 0, 1], thresholds=[0.2, 0.8])
    assert test[test.strategy == "T-score"].sensitivity.tolist() == [0.5, 0.5]
