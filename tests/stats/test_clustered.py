"""Mixed models against lme4, and cut-offs at a fixed rate against pROC (tests/reference/r)."""

import math

import numpy as np
import pytest

from vbqkit.errors import TableError
from vbqkit.stats import accuracy_at_cutoff, cutoff_for_rate, linear_regression, mixed_model
from vbqkit.stats.clustered import _mixed_lm


@pytest.mark.parametrize("estimator", ["reml", "ml"])
def test_a_random_intercept_is_that_of_lme4(r, r_data, estimator):
    sleep = mixed_model("Reaction", "Subject", ["Days"], estimator=estimator, data=r_data("sleepstudy"))
    levels = mixed_model("vbq", "patient", ["age", "level"], estimator=estimator, data=r_data("levels"))
    for table, key in ((sleep, f"lmer sleep {estimator}"), (levels, f"lmer levels {estimator}")):
        fixed = len(table) - 3
        for i in range(fixed):
            assert table.estimate[i] == r(f"{key} fixed {i + 1}", rel=1e-5, abs=1e-7)
            assert table.se[i] == r(f"{key} se {i + 1}", rel=1e-5)
        sd_between, sd_within, icc = table.estimate[fixed:]
        assert sd_between**2 == r(f"{key} between", rel=1e-4)
        assert sd_within**2 == r(f"{key} within", rel=1e-5)
        assert icc == r(f"{key} icc", rel=1e-4)
        assert "did not converge" not in table.note[0]
    assert (levels.n[0], levels.n_patients[0]) == (156, 40)


def test_levels_taken_as_patients_make_the_interval_of_age_too_short(r_data):
    data = r_data("levels")
    naive = linear_regression("age", "vbq", data=data).iloc[0]
    right = mixed_model("vbq", "patient", ["age"], data=data).iloc[1]
    assert right.se > 1.5 * naive.se


def test_patients_who_do_not_differ_have_an_icc_at_its_bound():
    rng = np.random.default_rng(4)
    patient = np.repeat(np.arange(30), 4)
    value = rng.normal(size=120)
    value -= np.repeat(value.reshape(30, 4).mean(axis=1), 4) * 0.9
    table = mixed_model(value, patient, {"age": np.repeat(rng.normal(size=30), 4)}).set_index("term")
    icc = table.loc["ICC"]
    assert (icc.estimate, icc.ci_low) == (0, 0)
    assert 0 < icc.ci_high < 0.2
    assert icc.note.startswith("the patients do not differ more than their own measurements do")


@pytest.mark.slow
def test_the_interval_of_the_icc_holds_the_truth():
    rng, hits, draws = np.random.default_rng(5), 0, 200
    for _ in range(draws):
        value = np.repeat(rng.normal(size=25), 4) + rng.normal(size=100)
        row = mixed_model(value, np.repeat(np.arange(25), 4), {"x": rng.normal(size=100)}).iloc[-1]
        hits += row.ci_low <= 0.5 <= row.ci_high
    assert 0.91 <= hits / draws <= 0.985


def test_an_optimiser_that_stops_early_is_noticed(r_data, monkeypatch):
    monkeypatch.setattr("vbqkit.stats.clustered._mixed_lm", lambda cohort: (_mixed_lm(cohort)[0] * 2, None))
    table = mixed_model("vbq", "patient", ["age"], data=r_data("levels"))
    assert table.note[0].startswith("statsmodels' MixedLM did not converge here")


def test_measurements_that_are_not_clustered_say_why():
    with pytest.raises(TableError, match=r"3 measurements of 3 patient\(s\); two patients or more, with several"):
        mixed_model([1, 2, 3], ["a", "b", "c"], {"x": [1, 2, 4]})
    with pytest.raises(TableError, match=r"value has 2 rows, patient 3, the predictors 3"):
        mixed_model([1, 2], ["a", "b", "c"], {"x": [1, 2, 4]})
    constant = mixed_model([1, 2, 3, 5], list("aabb"), {"x": [1, 1, 1, 1]})
    assert constant.note[0].startswith("undefined: x is constant")
    assert math.isnan(constant.estimate[0])
    assert (
        mixed_model([1, 1, 1, 1, 1], list("aabbb"), {"x": [1, 2, 3, 4, 9]})
        .note[0]
        .startswith("undefined: the value is")
    )
    exact = mixed_model([2, 4, 6, 8], list("aabb"), {"x": [1, 2, 3, 4]})
    assert exact.note[0].startswith("undefined: the predictors explain the values exactly")
    alike = mixed_model([1, 1, 3, 3, 2, 2, 5, 5], list("aabbccdd"), {"x": [1, 1, 2, 2, 4, 4, 3, 3]})
    assert "the measurements of a patient hardly differ: ICC at its bound of 1" in alike.note[0]
    few = mixed_model([1, 2, 3, 5, 4, None], list("aabbcc"), {"x": [1, 2, 3, 4, 9, 1]})
    assert "fewer than 30 patients" in few.note[0]
    assert "1 of 6 rows left out" in few.note[0]


@pytest.mark.parametrize("name", ["s100b", "wfns"])
def test_cutoffs_that_keep_a_rate_are_those_of_proc(r, marker, name):
    score, poor = marker(name)
    table = cutoff_for_rate(score, poor, positive="high", sensitivity=0.9, interval="wilson").set_index("quantity")
    assert table.estimate["cutoff"] == r(f"sensitivity 0.9 cutoff {name}")
    assert table.estimate["specificity"] == r(f"sensitivity 0.9 specificity {name}")
    table = cutoff_for_rate(score, poor, positive="high", specificity=0.9, interval="wilson").set_index("quantity")
    assert table.estimate["cutoff"] == r(f"specificity 0.9 cutoff {name}")
    assert table.estimate["sensitivity"] == r(f"specificity 0.9 sensitivity {name}")


def test_the_bootstrap_of_the_other_rate_is_that_of_a_search_through_all_cutoffs(marker):
    score, poor = marker("s100b")
    rng, found = np.random.default_rng(2), []
    for _ in range(1500):
        cases, controls = rng.choice(score[poor], poor.sum()), rng.choice(score[~poor], (~poor).sum())
        keeps = [c for c in np.unique(np.concatenate([cases, controls])) if np.mean(cases >= c) >= 0.9 - 1e-9]
        found.append(max(np.mean(controls < c) for c in keeps))
    row = cutoff_for_rate(
        score, poor, positive="high", sensitivity=0.9, interval="bootstrap", rng=np.random.default_rng(1)
    ).iloc[2]
    assert (row.ci_low, row.ci_high) == pytest.approx(np.quantile(found, [0.025, 0.975]), abs=0.03)


def test_a_score_that_is_low_in_cases_is_turned_and_rates_are_those_of_accuracy_at_cutoff(marker):
    score, poor = marker("s100b")
    high = cutoff_for_rate(score, poor, positive="high", sensitivity=0.8, interval="clopper-pearson")
    low = cutoff_for_rate(-score, poor, positive="low", sensitivity=0.8, interval="clopper-pearson")
    np.testing.assert_allclose(high.estimate, [-low.estimate[0], *low.estimate[1:]])
    assert (high.ci_low[0], high.ci_high[0]) == (-low.ci_high[0], -low.ci_low[0])
    there = accuracy_at_cutoff(
        score, poor, cutoff=high.estimate[0], positive="high", interval="clopper-pearson", prevalence="sample"
    )
    for i in (1, 2):
        assert (high.ci_low[i], high.ci_high[i]) == (there.ci_low[i - 1], there.ci_high[i - 1])
    assert low.rule[0].startswith("score <= ")


def test_the_exact_interval_of_the_cutoff_holds_the_quantile():
    rng, hits, draws = np.random.default_rng(7), 0, 300
    for _ in range(draws):
        score, outcome = np.concatenate([rng.normal(size=60), rng.normal(-1, 1, 40)]), [1] * 60 + [0] * 40
        row = cutoff_for_rate(score, outcome, positive="high", sensitivity=0.8, interval="wilson").iloc[0]
        hits += row.ci_low <= -0.8416 <= row.ci_high
    assert 0.93 <= hits / draws <= 0.99


def test_a_rate_that_is_met_exactly_is_kept():
    score, outcome = [*range(1, 11), *range(5, 15)], [0] * 10 + [1] * 10
    for wanted in ({"specificity": 0.9}, {"sensitivity": 0.7}):
        table = cutoff_for_rate(score, outcome, positive="high", interval="wilson", **wanted).set_index("quantity")
        ((name, rate),) = wanted.items()
        assert table.estimate[name] == rate


def test_rates_that_cannot_be_kept_say_why():
    call = {"positive": "high", "interval": "wilson"}
    with pytest.raises(TableError, match=r"Fix one rate, and one only"):
        cutoff_for_rate([1, 2], [0, 1], sensitivity=0.9, specificity=0.9, **call)
    with pytest.raises(TableError, match=r"Fix one rate, and one only"):
        cutoff_for_rate([1, 2], [0, 1], **call)
    with pytest.raises(TableError, match=r"sensitivity is 90; a number at most 1 was expected. Say 0.9 for 90 %"):
        cutoff_for_rate([1, 2], [0, 1], sensitivity=90, **call)
    with pytest.raises(TableError, match=r"The bootstrap interval draws at random, and rng is None"):
        cutoff_for_rate([1, 2], [0, 1], sensitivity=0.9, positive="high", interval="bootstrap")
    nothing = cutoff_for_rate([1, 1, 1, 1], [0, 1, 0, 1], sensitivity=0.9, **call)
    assert math.isnan(nothing.estimate[0])
    assert nothing.note[0].startswith("undefined: no cut-off short of calling everybody the same keeps this rate")
    assert (
        "too few patients for an exact interval"
        in cutoff_for_rate([1, 2, 3, 4], [0, 1, 0, 1], sensitivity=0.9, **call).note[0]
    )
