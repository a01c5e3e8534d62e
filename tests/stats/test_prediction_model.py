"""Models with their intercept: against glm, rms, brglm2 and glmnet (tests/reference/r) and published digits."""

import math

import numpy as np
import pandas as pd
import pytest

from vbqkit import stats
from vbqkit.errors import TableError
from vbqkit.stats import fit_logistic, lasso_path, logistic_regression, model_optimism, nomogram
from vbqkit.stats.logistic_fit import lasso, lasso_deviance, lasso_weights

LASSO_COLUMNS = ["age", "lwt", "smoke", "ptl", "ht", "ui", "ftv"]


@pytest.fixture(scope="module")
def births(r_data):
    return r_data("birthwt")


@pytest.fixture(scope="module")
def model(births):
    return fit_logistic("low", ["age", "lwt", "race", "smoke"], data=births)


def test_a_model_with_a_category_is_that_of_glm(r, births, model):
    table = model.table()
    names = ["intercept", "age", "lwt", "black", "other", "smoke"]
    assert table.term.tolist()[3:5] == ["race: 2 black (against 1 white)", "race: 3 other (against 1 white)"]
    for row, name in zip(table.itertuples(), names, strict=True):
        assert row.coefficient == r(f"glm {name}", rel=1e-8)
        assert row.se == r(f"glm se {name}", rel=1e-7)
    assert model.probabilities[0] == r("glm probability 1", rel=1e-8)
    new = model.predict({"age": [30], "lwt": [120], "race": ["3 other"], "smoke": [1]}).iloc[0]
    assert (new.probability, new.ci_low) == (r("glm new probability", rel=1e-8), r("glm new low", rel=1e-7))
    assert model.note == ""


def test_odds_ratios_are_those_of_the_table_of_odds_ratios(births, model):
    alone = fit_logistic("low", ["age", "lwt"], data=births).table(per={"lwt": 10}).iloc[1:]
    table = logistic_regression("low", ["age", "lwt"], data=births, per={"lwt": 10})
    for column in ("estimate", "ci_low", "ci_high", "p"):
        np.testing.assert_allclose(alone[column], table[column], rtol=1e-9)


def test_the_combined_roc_curve_is_that_of_the_probabilities(births, model):
    area = stats.auc(model.probabilities, model.outcome, positive="high").estimate[0]
    best_alone = stats.auc("lwt", "low", positive="low", data=births).estimate[0]
    assert area > best_alone
    assert model.outcome.sum() == 59


def test_a_spline_is_that_of_rms(r, births):
    fitted = fit_logistic("low", ["lwt", "age", "race"], splines={"lwt": 4}, data=births)
    for i, b in enumerate(fitted.coefficients, 1):
        assert b == r(f"spline coefficient {i}", rel=1e-5)
    tests = fitted.joint_tests()
    assert tests.term.tolist() == ["lwt", "lwt, bends", "age", "race", "all"]
    for i in range(4):
        assert tests.chi_square[i] == r(f"spline chi-square {i + 1}", rel=1e-4)
    assert tests.chi_square[4] == r("spline chi-square all", rel=1e-4)
    assert tests.df.tolist() == [3, 2, 1, 2, 6]


def test_a_spline_is_a_straight_line_beyond_the_outer_knots(births):
    fitted = fit_logistic("low", ["lwt"], splines={"lwt": [100, 120, 140, 180]}, data=births)
    eta = fitted.predict({"lwt": [200, 220, 240, 60, 70, 80]}).linear_predictor.to_numpy()
    assert np.diff(eta[:3])[0] == pytest.approx(np.diff(eta[:3])[1])
    assert np.diff(eta[3:])[0] == pytest.approx(np.diff(eta[3:])[1])


def test_firths_model_is_that_of_brglm2_and_of_heinze_and_schemper(r, r_data):
    """Endometrial cancer: NV separates. Heinze and Schemper (2002): 2.93 with interval 0.61 to 7.85."""
    data = r_data("endometrial")
    fitted = fit_logistic("HG", ["NV", "PI", "EH"], penalty="firth", data=data)
    table = fitted.table().set_index("term")
    for term, key in (("(intercept)", "(Intercept)"), ("NV", "NV"), ("PI", "PI"), ("EH", "EH")):
        assert table.coefficient[term] == r(f"firth {key}", rel=1e-6)
        assert table.se[term] == r(f"firth se {key}", rel=1e-6)
    for term in ("NV", "PI", "EH"):
        assert math.log(table.ci_low[term]) == r(f"firth low {term}", rel=1e-4, abs=1e-6)
        assert math.log(table.ci_high[term]) == r(f"firth high {term}", rel=1e-4, abs=1e-6)
        assert table.p[term] == r(f"firth p {term}", rel=1e-3)
    assert [round(math.log(table[c]["NV"]), 2) for c in ("estimate", "ci_low", "ci_high")] == [2.93, 0.61, 7.85]
    plain = fit_logistic("HG", ["NV", "PI", "EH"], data=data)
    assert plain.note.startswith("undefined: NV separate(s) cases from controls")
    assert math.isnan(plain.intercept)
    assert plain.predict({"NV": [1], "PI": [10], "EH": [1]}).note[0].startswith("undefined: NV separate(s)")


@pytest.mark.parametrize("weight", [0.08, 0.04, 0.02, 0.01, 0.005])
def test_the_lasso_is_that_of_glmnet(r, births, weight):
    fit = lasso(births[LASSO_COLUMNS].to_numpy(float), births.low.to_numpy() == 1, weight)
    for j, b in enumerate(fit.coefficients, 1):
        assert b == r(f"lasso {weight} {j}", rel=1e-5, abs=1e-8)


def test_the_lassos_cross_validation_is_that_of_glmnet(r, births):
    weights = np.array([0.08, 0.04, 0.02, 0.01, 0.005])
    x, y = births[LASSO_COLUMNS].to_numpy(float), births.low.to_numpy() == 1
    mean, error = lasso_deviance(x, y, weights, np.tile(np.arange(9), 21))
    for weight, m, e in zip(weights, mean, error, strict=True):
        assert m == r(f"lasso deviance {weight:g}", rel=1e-5)
        assert e == r(f"lasso deviance se {weight:g}", rel=1e-4)


def test_the_heaviest_penalty_leaves_no_predictor_whatever_the_rounding():
    """At the weight of the largest gradient its coefficient is exactly 0, on a hundred tables of any scale."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(60, 4)) * 10.0 ** rng.integers(-3, 4, 4) + rng.normal(size=4) * 100
        is_case = rng.random(60) < 0.4
        top = float(lasso_weights(x, is_case)[0])
        assert np.flatnonzero(lasso(x, is_case, top).coefficients[1:]).size == 0, seed


def test_the_lasso_leaves_out_noise_and_says_that_it_has_no_interval(births):
    rng = np.random.default_rng(3)
    noisy = births.assign(**{f"noise{j}": rng.normal(size=189) for j in range(4)})
    names = ["lwt", "smoke", "ht", *(f"noise{j}" for j in range(4))]
    chosen = fit_logistic(
        "low", names, penalty="lasso", lasso_weight="1se", n_folds=5, rng=np.random.default_rng(1), data=noisy
    )
    left = dict(zip(chosen.terms, chosen.coefficients[1:] != 0, strict=True))
    assert sum(left[f"noise{j}"] for j in range(4)) <= 1
    table = chosen.table()
    assert table.note[1].startswith("no interval: the LASSO chose the predictors")
    assert math.isnan(table.ci_low[1])
    assert chosen.joint_tests().note[0].startswith("undefined: the LASSO has no test")
    with pytest.raises(TableError, match=r"The LASSO's cross-validation draws at random, and rng is None"):
        fit_logistic("low", names, penalty="lasso", data=noisy)
    with pytest.raises(TableError, match=r"There are 59 of the rarer class for 60 folds"):
        fit_logistic("low", names, penalty="lasso", n_folds=60, rng=rng, data=noisy)
    path = lasso_path(chosen, n_weights=5)
    counts = path.groupby("weight", sort=False).chosen.sum().tolist()
    assert counts[0] == 0
    assert counts == sorted(counts)


def test_predictors_that_cannot_be_used_say_why(births):
    with pytest.raises(TableError, match=r"race is '4 blue' in row 1; the model knows '1 white', '2 black', '3 other'"):
        fit_logistic("low", ["race"], data=births).predict({"race": ["1 white", "4 blue"]})
    with pytest.raises(TableError, match=r"The table has no column 'lwt', which the model needs"):
        fit_logistic("low", ["lwt"], data=births).predict({"age": [3]})
    with pytest.raises(TableError, match=r"splines names 'weight', which is not a predictor"):
        fit_logistic("low", ["lwt"], splines={"weight": 3}, data=births)
    with pytest.raises(TableError, match=r"The knots of smoke are .*; three or more in rising order were expected"):
        fit_logistic("low", ["smoke"], splines={"smoke": 3}, data=births)
    with pytest.raises(TableError, match=r"race holds '3 other', which is not among its categories"):
        fit_logistic("low", ["race"], categories={"race": ["1 white", "2 black"]}, data=births)
    with pytest.raises(TableError, match=r"Nobody has race = 'x'"):
        fit_logistic("low", ["race"], categories={"race": ["1 white", "2 black", "3 other", "x"]}, data=births)
    with pytest.raises(TableError, match=r"No predictor was given"):
        fit_logistic("low", [], data=births)
    with pytest.raises(TableError, match=r"outcome has one class only"):
        fit_logistic([1, 1, 1], {"x": [1, 2, 3]})
    with pytest.raises(TableError, match=r"The outcome has 2 rows, the predictors have 3"):
        fit_logistic([0, 1], {"x": [1, 2, 3]})
    for penalty in ("none", "firth"):
        assert fit_logistic([0, 1, 0, 1], {"x": [1, 1, 1, 1]}, penalty=penalty).note == "undefined: x is constant"
    assert fit_logistic([0, 1, 0, 1], {"x": [1, 1, 1, 1]}, penalty="lasso", lasso_weight=0.1).note.startswith(
        "undefined: x is constant"
    )
    few = fit_logistic([0, 1, 0, 1, 1], {"x": [1, 2, 3, 2.5, 9]})
    assert few.note.startswith("2.0 cases or controls per coefficient; fewer than 10")


def test_rows_with_a_missing_value_are_left_out_and_predicted_as_missing():
    table = pd.DataFrame(
        {"x": [1.0, 2, None, 3, 4, 2], "sex": ["F", "M", "F", None, "M", "F"], "y": [0, 1, 1, 0, 1, None]}
    )
    fitted = fit_logistic("y", ["x"], data=table, penalty="firth")
    assert fitted.kept.tolist() == [True, True, False, True, True, False]
    assert "2 of 6 rows left out: a value is missing" in fitted.note
    predicted = fitted.predict(table)
    assert predicted.index.equals(table.index)
    assert predicted.note[2] == "undefined: a predictor is missing"
    assert math.isnan(predicted.probability[2])
    assert math.isfinite(predicted.probability[5])
    by_sex = fit_logistic("y", ["x", "sex"], data=table, penalty="firth")
    assert by_sex.kept.tolist() == [True, True, False, False, True, False]


def test_the_reference_of_a_category_can_be_chosen_and_numbers_can_be_categories(births):
    other = fit_logistic("low", ["race"], categories={"race": ["3 other", "1 white", "2 black"]}, data=births)
    assert other.terms == ["race: 1 white (against 3 other)", "race: 2 black (against 3 other)"]
    visits = fit_logistic("low", ["ftv"], categories={"ftv": [0, 1, 2, 3, 4, 6]}, data=births, penalty="firth")
    assert len(visits.terms) == 5
    np.testing.assert_allclose(visits.predict({"ftv": [0, 1.0]}).probability.to_numpy()[0], 36 / 100, atol=0.01)


def test_optimism_is_that_of_rms_validate_as_far_as_few_resamples_can_say(r, births):
    fitted = fit_logistic("low", LASSO_COLUMNS, data=births)
    table = model_optimism(fitted, n_bootstrap=60, rng=np.random.default_rng(2)).set_index("quantity")
    assert table.apparent["AUC"] == r("validate auc")
    assert table.apparent["Brier"] == r("validate brier", rel=1e-6)
    assert table.apparent["slope"] == pytest.approx(1)
    for quantity, key in (("AUC", "auc"), ("slope", "slope"), ("Brier", "brier")):
        bound = 4 * table.mc_error[quantity]
        assert table.estimate[quantity] == r(f"validate {key} corrected", rel=0, abs=bound)


@pytest.mark.slow
def test_optimism_is_that_of_rms_validate(r, births):
    fitted = fit_logistic("low", LASSO_COLUMNS, data=births)
    table = model_optimism(fitted, n_bootstrap=800, rng=np.random.default_rng(2)).set_index("quantity")
    for quantity, key in (("AUC", "auc"), ("slope", "slope"), ("Brier", "brier")):
        bound = 5 * table.mc_error[quantity]
        assert table.estimate[quantity] == r(f"validate {key} corrected", rel=0, abs=bound)
        assert abs(table.optimism[quantity]) > 8 * table.mc_error[quantity]


@pytest.mark.slow
def test_corrected_figures_are_what_new_patients_show():
    rng, apparent, corrected, new = np.random.default_rng(12), [], [], []
    for _ in range(40):
        x = rng.normal(size=(1100, 8))
        y = rng.random(1100) < 1 / (1 + np.exp(-0.8 * x[:, 0]))
        fitted = fit_logistic(y[:100], {f"x{j}": x[:100, j] for j in range(8)})
        table = model_optimism(fitted, n_bootstrap=60, rng=rng).set_index("quantity")
        apparent.append(table.apparent["AUC"])
        corrected.append(table.estimate["AUC"])
        p = fitted.predict({f"x{j}": x[100:, j] for j in range(8)}).probability
        new.append(stats.auc(p, y[100:], positive="high").estimate[0])
    assert np.mean(apparent) - np.mean(new) > 0.04
    assert abs(np.mean(corrected) - np.mean(new)) < 0.02


def test_resamples_of_the_lasso_are_tuned_as_the_model_was(births):
    take = np.random.default_rng(4).integers(0, 189, 189)
    fixed = fit_logistic("low", LASSO_COLUMNS, penalty="lasso", lasso_weight=0.02, data=births)
    assert fixed.refitted(take, rng=np.random.default_rng(1)).weight == 0.02
    tuned = {
        rule: fit_logistic(
            "low",
            LASSO_COLUMNS,
            penalty="lasso",
            lasso_weight=rule,
            n_folds=3,
            rng=np.random.default_rng(1),
            data=births,
        ).refitted(take, rng=np.random.default_rng(1))
        for rule in ("min", "1se")
    }
    assert tuned["min"].weight < tuned["1se"].weight
    table = model_optimism(fixed, n_bootstrap=20, rng=np.random.default_rng(2))
    assert table.optimism[0] > 0


def test_a_predictor_that_is_constant_in_a_fold_stays_out_of_it():
    rng = np.random.default_rng(6)
    x, rare = rng.normal(size=60), np.zeros(60)
    rare[7] = 1
    found = fit_logistic(
        rng.random(60) < 0.5, {"x": x, "rare": rare}, penalty="lasso", n_folds=5, rng=np.random.default_rng(1)
    )
    assert np.isfinite(found.coefficients).all()


def test_optimism_without_a_model_or_a_generator_is_refused(births, model):
    with pytest.raises(TableError, match=r"There is no model to judge \(undefined: x is constant\)"):
        model_optimism(fit_logistic([0, 1, 0], {"x": [1, 1, 1]}), n_bootstrap=20, rng=np.random.default_rng(1))
    with pytest.raises(TableError, match=r"The bootstrap draws at random, and rng is 3"):
        model_optimism(model, n_bootstrap=20, rng=3)
    small = fit_logistic([0, 0, 0, 1, 1, 0, 1, 0], {"x": [1, 2, 3, 2.5, 9, 4, 1.5, 2.2]})
    table = model_optimism(small, n_bootstrap=40, rng=np.random.default_rng(1))
    assert "of 40 resamples could not be fitted and are left out" in table.note[0]


def test_a_nomogram_is_that_of_rms(r, births, model):
    table = nomogram(
        model, values={"age": [15, 25, 35, 45], "lwt": [80, 120, 160, 200, 250]}, probabilities=[0.2, 0.5, 0.9999]
    )
    for scale, key in (("age", "age"), ("lwt", "lwt"), ("race", "race"), ("smoke", "smoke")):
        for i, points in enumerate(table[table.scale == scale].points, 1):
            assert points == r(f"nomogram {key} {i}", rel=1e-5, abs=1e-4)
    total = table[table.scale == "total points"]
    assert total.value.tolist() == ["114", "179"]  # as rms prints them; 0.9999 is out of reach


def test_points_of_a_patient_lead_to_the_probability_of_the_model(births):
    fitted = fit_logistic("low", ["age", "lwt", "race"], splines={"lwt": 3}, data=births)
    table = nomogram(fitted, values={"age": [20, 30], "lwt": [110, 150, 240]}, probabilities=[0.3, 0.4])
    points = {(row.scale, row.value): row.points for row in table.itertuples()}
    patient = fitted.predict({"age": [30], "lwt": [110], "race": ["2 black"]})
    total = points["age", "30"] + points["lwt", "110"] + points["race", "2 black"]
    reach = table[table.scale == "total points"]
    slope = (math.log(0.4 / 0.6) - math.log(0.3 / 0.7)) / np.diff(reach.points)[0]
    eta = math.log(0.3 / 0.7) + slope * (total - reach.points.iloc[0])
    assert eta == pytest.approx(patient.linear_predictor[0])
    assert table.points.groupby(table.scale).max().drop("total points").max() == pytest.approx(100)


def test_a_nomogram_that_cannot_be_drawn_says_why(births, model):
    with pytest.raises(TableError, match=r"values names 'weight', which is not a predictor"):
        nomogram(model, values={"weight": [1, 2]})
    with pytest.raises(TableError, match=r"values\['age'\] needs two numbers or more"):
        nomogram(model, values={"age": [20]})
    with pytest.raises(TableError, match=r"There is no model to draw"):
        nomogram(fit_logistic([0, 1, 0], {"x": [1, 1, 1]}))
    with pytest.raises(TableError, match=r"Every coefficient is 0, so no predictor has points"):
        nomogram(fit_logistic("low", ["lwt"], penalty="lasso", lasso_weight=9, data=births))
    default = nomogram(model)
    assert default[default.scale == "age"].value.tolist() == ["10", "20", "30", "40", "50"]
    assert default[default.scale == "smoke"].value.tolist() == ["0", "1"]
