"""Bivariate meta-analysis against metafor (tests/reference/r) and the HSROC model's own equations."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats import fit_diagnostic_meta


def fitted(data, **options):
    return fit_diagnostic_meta("tp", "fn", "fp", "tn", study="study", data=data, **options)


@pytest.mark.parametrize("estimator", ["reml", "ml"])
@pytest.mark.parametrize("name", ["kearon", "auditc"])
def test_the_bivariate_model_is_that_of_metafor(r, r_data, name, estimator):
    found, key = fitted(r_data(name), estimator=estimator), f"reitsma {name} {estimator}"
    assert found.mean[0] == r(f"{key} logit sensitivity", rel=1e-5)
    assert found.mean[1] == r(f"{key} logit fpr", rel=1e-5)
    assert found.covariance[0, 0] ** 0.5 == r(f"{key} se sensitivity", rel=1e-4)
    assert found.covariance[1, 1] ** 0.5 == r(f"{key} se fpr", rel=1e-4)
    assert found.covariance[0, 1] == r(f"{key} cov", rel=1e-3)
    assert found.between[0, 0] == r(f"{key} tau2 sensitivity", rel=1e-4)
    assert found.between[1, 1] == r(f"{key} tau2 fpr", rel=1e-4)
    assert found.rho == r(f"{key} rho", rel=1e-3)
    assert found.log_likelihood == r(f"{key} log likelihood", rel=1e-7)


def test_summary_rates_and_ratios_belong_together(r_data):
    table = fitted(r_data("kearon")).table().set_index("quantity")
    sensitivity, specificity = table.estimate["sensitivity"], table.estimate["specificity"]
    assert table.estimate["LR+"] == pytest.approx(sensitivity / (1 - specificity))
    assert table.estimate["LR-"] == pytest.approx((1 - sensitivity) / specificity)
    assert table.estimate["DOR"] == pytest.approx(table.estimate["LR+"] / table.estimate["LR-"])
    inside = table.iloc[:5]
    assert ((inside.ci_low < inside.estimate) & (inside.estimate < inside.ci_high)).all()
    assert "0.5 added to the counts of 6 studies" in table.note["sensitivity"]


def test_the_interval_of_a_ratio_is_that_of_draws_from_the_means(r_data):
    found = fitted(r_data("kearon"))
    drawn = np.random.default_rng(1).multivariate_normal(found.mean, found.covariance, 200_000)
    sensitivity, false = special.expit(drawn).T
    table = found.table().set_index("quantity")
    for quantity, values in (("LR+", sensitivity / false), ("LR-", (1 - sensitivity) / (1 - false))):
        low, high = np.quantile(values, [0.025, 0.975])
        assert (table.ci_low[quantity], table.ci_high[quantity]) == pytest.approx((low, high), rel=0.03)


def test_the_hsroc_curve_runs_through_the_summary_point_and_has_the_spread_of_the_studies(r_data):
    found = fitted(r_data("kearon"))
    h = found.hsroc
    eta = h["accuracy"] * math.exp(-h["shape"] / 2) + math.exp(-h["shape"]) * found.mean[1]
    # The line of Rutter and Gatsonis has the slope tau_sensitivity / tau_fpr through the summary point.
    assert eta == pytest.approx(found.mean[0])
    assert math.exp(-h["shape"]) == pytest.approx(math.sqrt(found.between[0, 0] / found.between[1, 1]))
    # Harbord (2007): the two variances give the product and the covariance of the bivariate spreads back.
    a_b = math.sqrt(found.between[0, 0] * found.between[1, 1])
    assert h["var_accuracy"] / 4 + h["var_threshold"] == pytest.approx(a_b)
    assert h["var_threshold"] - h["var_accuracy"] / 4 == pytest.approx(found.between[0, 1])
    curve = found.curve(n_points=30)
    assert (np.diff(curve.sensitivity) > 0).all()
    assert (np.diff(curve.specificity) < 0).all()


def test_regions_hold_the_draws_they_should(r_data):
    found = fitted(r_data("auditc"))
    sizes = {}
    for kind in ("confidence", "prediction"):
        outline = found.region(kind=kind, confidence=0.9, n_points=400)
        points = np.column_stack([special.logit(outline.sensitivity), special.logit(1 - outline.specificity)])
        spread = found.covariance + (found.between if kind == "prediction" else 0)
        distance = np.einsum("ij,jk,ik->i", points - found.mean, np.linalg.inv(spread), points - found.mean)
        np.testing.assert_allclose(distance, special.chdtri(2, 0.1))
        sizes[kind] = np.ptp(outline.sensitivity)
    assert sizes["prediction"] > sizes["confidence"]


@pytest.mark.slow
def test_the_interval_of_the_summary_sensitivity_holds_the_truth():
    rng, hits, draws = np.random.default_rng(3), 0, 80
    for _ in range(draws):
        logits = rng.multivariate_normal([1.4, -1.0], [[0.3, 0.15], [0.15, 0.4]], 25)
        p = special.expit(logits)
        tp, fp = rng.binomial(80, p[:, 0]), rng.binomial(120, p[:, 1])
        data = pd.DataFrame({"study": range(25), "tp": tp, "fn": 80 - tp, "fp": fp, "tn": 120 - fp})
        row = fitted(data).table().iloc[0]
        hits += row.ci_low <= special.expit(1.4) <= row.ci_high
    assert 0.87 <= hits / draws <= 0.98


def test_studies_are_listed_with_their_own_intervals(r_data):
    table = fitted(r_data("auditc")).studies(interval="clopper-pearson")
    assert len(table) == 12
    first = table.iloc[0]
    assert (first["count"], first.total, round(first.estimate, 3)) == (47, 56, 0.839)


def test_studies_that_cannot_be_pooled_say_why(r_data):
    data = r_data("auditc")
    with pytest.raises(TableError, match=r"There are 3 studies; the bivariate model has five parameters"):
        fitted(data.head(3))
    with pytest.raises(TableError, match=r"tp of Study 2 is 125.5; a whole number of patients was expected"):
        fitted(data.assign(tp=[47, 125.5, 19, 36, 130, 84]))
    with pytest.raises(TableError, match=r"Study 1 has no cases or no controls"):
        fitted(data.assign(tp=[0, 1, 1, 1, 1, 1], fn=[0, 1, 1, 1, 1, 1]))
    assert "fewer than 10 studies" in fitted(data).note
    alike = pd.DataFrame({"study": range(12), "tp": 40, "fn": 10, "fp": 20, "tn": 80})
    same = fitted(alike)
    assert "a spread or the correlation of the studies is at its bound" in same.note
    assert same.table().estimate[0] == pytest.approx(0.8)
    every = fitted(data.assign(fn=[9, 51, 10, 3, 19, 0]), correction="all")
    assert "0.5 added to the counts of 6 studies" in every.note
