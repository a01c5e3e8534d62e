import math
import sys

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from vbqkit.errors import TableError, VbqkitError
from vbqkit.stats import (
    ancova,
    logistic_regression,
    match_pairs,
    odds_ratio_from_counts,
    t_test,
    univariate_logistic,
)


@pytest.fixture
def patients():
    rng = np.random.default_rng(1)
    n = 120
    fracture = np.arange(n) < 60
    age = np.round(rng.normal(68, 7, n) + 2 * fracture)
    vbq = np.round(0.55 + 0.05 * fracture + 0.002 * (age - 68) + rng.normal(0, 0.07, n), 3)
    group = np.where(fracture, "fracture", np.where(np.arange(n) < 90, "control", "young"))
    return pd.DataFrame({"fracture": fracture, "age": age, "vbq": vbq, "bmi": rng.normal(25, 4, n), "group": group})


def test_odds_ratios_are_those_of_statsmodels_per_step(patients):
    table = logistic_regression("fracture", ["vbq", "age", "bmi"], data=patients, per={"vbq": 0.1}).set_index("term")
    fit = sm.Logit(patients.fracture.astype(float), sm.add_constant(patients[["vbq", "age", "bmi"]])).fit(disp=0)
    interval = fit.conf_int()
    for term, step in (("vbq", 0.1), ("age", 1), ("bmi", 1)):
        row = table.loc[term]
        assert row.estimate == pytest.approx(math.exp(step * fit.params[term]), rel=1e-6)
        assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.exp(step * interval.loc[term])), rel=1e-6)
        assert (row.se, row.p) == pytest.approx((fit.bse[term], fit.pvalues[term]), rel=1e-6)
    assert table.n_case.tolist() == [60] * 3


def test_the_odds_ratio_of_a_yes_or_no_predictor_is_that_of_its_counts():
    exposure, outcome = [1] * 30 + [0] * 45, [1] * 20 + [0] * 10 + [1] * 15 + [0] * 30
    row = logistic_regression(outcome, {"exposed": exposure}).iloc[0]
    counts = odds_ratio_from_counts(20, 10, 15, 30).iloc[0]
    assert (row.estimate, row.ci_low, row.ci_high, row.p) == pytest.approx(
        (counts.estimate, counts.ci_low, counts.ci_high, counts.p)
    )


def test_a_negative_step_turns_the_odds_ratio_over_and_keeps_the_interval_in_order(patients):
    up, down = (logistic_regression("fracture", ["vbq"], data=patients, per={"vbq": s}).iloc[0] for s in (0.1, -0.1))
    assert (down.estimate, down.ci_low, down.ci_high) == pytest.approx((1 / up.estimate, 1 / up.ci_high, 1 / up.ci_low))


def test_univariate_rows_have_their_own_n(patients):
    patients.loc[:9, "bmi"] = np.nan
    table = univariate_logistic("fracture", ["vbq", "bmi"], data=patients)
    assert table.n.tolist() == [120, 110]
    assert table.n_missing.tolist() == [0, 10]
    alone = logistic_regression("fracture", ["vbq"], data=patients).iloc[0]
    assert table.estimate[0] == alone.estimate


@pytest.mark.parametrize(
    ("x", "outcome"),
    [
        ([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]),
        ([1, 2, 3, 3, 5, 6], [0, 0, 0, 1, 1, 1]),
        ([0, 0, 0, 0, 1, 1], [0, 1, 0, 1, 1, 1]),
    ],
)
def test_complete_and_quasi_complete_separation_is_found_and_said(x, outcome):
    row = logistic_regression(outcome, {"vbq": x}).iloc[0]
    assert math.isnan(row.estimate)
    assert row.note.startswith("undefined: vbq separate(s) cases from controls, so the odds ratio has no finite value")


def test_separation_by_two_predictors_together_names_both():
    x, y = [1, 2, 3, 1.5, 2.5, 3.5], [3, 2, 1, 3.5, 2.5, 1.5]
    table = logistic_regression([0, 0, 0, 1, 1, 1], {"a": x, "b": y})
    assert table.note[0].startswith("undefined: a and b separate(s)")
    assert np.isfinite(univariate_logistic([0, 0, 0, 1, 1, 1], {"a": x, "b": y}).estimate).all()


def test_predictors_that_cannot_be_used_are_named(patients):
    assert logistic_regression([0, 1, 0, 1], {"sex": [1, 1, 1, 1]}).note.item().startswith("undefined: sex is constant")
    both = logistic_regression("fracture", {"vbq": "vbq", "again": "vbq"}, data=patients)
    assert both.note[0].startswith("undefined: the predictors determine one another")
    with pytest.raises(TableError, match=r"No predictor was given"):
        logistic_regression("fracture", [], data=patients)
    with pytest.raises(TableError, match=r"No predictor was given"):
        univariate_logistic("fracture", [], data=patients)
    with pytest.raises(TableError, match=r"per names 'VBQ', which is not a predictor\. The predictors are: vbq"):
        logistic_regression("fracture", ["vbq"], data=patients, per={"VBQ": 0.1})
    with pytest.raises(TableError, match=r"A step of 0 has an odds ratio of 1 whatever the data"):
        logistic_regression("fracture", ["vbq"], data=patients, per={"vbq": 0})
    few = logistic_regression([0, 1, 0, 1, 0, 1], {"vbq": [1, 2, 3, 2, 1, 3]}).iloc[0]
    assert few.note == "fewer than 10 cases or controls per predictor: the odds ratios are unstable"


def test_without_statsmodels_the_error_says_how_to_get_it(monkeypatch, patients):
    monkeypatch.setitem(sys.modules, "statsmodels.api", None)
    with pytest.raises(
        VbqkitError,
        match=r"Logistic regression needs statsmodels, which is not installed\. Install it with: pip install 'vbqkit\[lab\]'",
    ):
        logistic_regression("fracture", ["vbq"], data=patients)


def test_the_ancova_is_that_of_an_independent_formula_fit(patients):
    table = ancova("vbq", "group", covariates=["age"], reference="control", data=patients).set_index("term")
    fit = smf.ols("vbq ~ C(group, Treatment('control')) + age", patients).fit()
    anova = anova_lm(fit, typ=2)
    assert (table.statistic["group"], table.p["group"]) == pytest.approx((anova.F.iloc[0], anova["PR(>F)"].iloc[0]))
    coefficient = "C(group, Treatment('control'))[T.fracture]"
    row = table.loc["fracture - control"]
    assert (row.estimate, row.ci_low, row.ci_high, row.p) == pytest.approx(
        (fit.params[coefficient], *fit.conf_int().loc[coefficient], fit.pvalues[coefficient])
    )
    assert table.estimate["slope of age"] == pytest.approx(fit.params["age"])
    at_mean = fit.get_prediction(pd.DataFrame({"group": ["young"], "age": [patients.age.mean()]})).summary_frame()
    mean = table.loc["mean of young"]
    assert (mean.estimate, mean.ci_low, mean.ci_high) == pytest.approx(
        tuple(at_mean.iloc[0][["mean", "mean_ci_lower", "mean_ci_upper"]])
    )
    crossed = smf.ols("vbq ~ C(group) * age", patients).fit()
    f, p, _ = crossed.compare_f_test(fit)
    assert (table.statistic["equal slopes"], table.p["equal slopes"]) == pytest.approx((f, p))


def test_ancova_with_a_useless_covariate_is_nearly_the_t_test(patients):
    two = patients[patients.group != "young"]
    rng = np.random.default_rng(3)
    table = ancova(
        two.vbq.to_numpy(), two.group.to_numpy(), covariates={"noise": rng.normal(size=len(two))}, reference="control"
    ).set_index("term")
    plain = t_test("vbq", "group", equal_variances=True, first="fracture", data=two).iloc[0]
    assert table.estimate["fracture - control"] == pytest.approx(plain.estimate, abs=0.1 * plain.estimate)


def test_an_ancova_that_cannot_be_had_says_why(patients):
    with pytest.raises(
        TableError, match=r"reference is 'old', which is not a group\. The groups are: control, fracture, young"
    ):
        ancova("vbq", "group", covariates=["age"], reference="old", data=patients)
    with pytest.raises(TableError, match=r"No covariate was given\. Name one, or use one_way_anova"):
        ancova("vbq", "group", covariates=[], reference="control", data=patients)
    with pytest.raises(TableError, match=r"group has one class only \('young'\)"):
        ancova("vbq", "group", covariates=["age"], reference="young", data=patients[patients.group == "young"])
    same = ancova([1, 2, 3, 4, 5], list("aabbb"), covariates={"age": [7] * 5}, reference="a")
    assert same.note.item().startswith("undefined: a covariate is constant")
    flat = ancova([1] * 5, list("aabbb"), covariates={"age": [7, 8, 9, 8, 7]}, reference="a")
    assert flat.note.item().startswith("undefined: all values are equal")
    few = ancova([1, 2, 4], list("abb"), covariates={"age": [7, 8, 10]}, reference="a")
    assert few.note.item().startswith("undefined: no more rows than things to estimate")
    small = ancova([1, 2, 4, 3], list("aabb"), covariates={"age": [7, 8, 10, 9.5]}, reference="a").set_index("term")
    assert small.note["equal slopes"].startswith("undefined: too few rows to fit a slope in every group")


PEOPLE = pd.DataFrame(
    {
        "id": list("ABCDvwxyz"),
        "fracture": [1, 1, 1, 1, 0, 0, 0, 0, 0],
        "sex": list("ffmf") + list("ffmff"),
        "age": [70, 70, 65, 80, 70, 70, 65, 71, 70],
        "mr_date": [
            "2024-01-10",
            "2024-01-12",
            "2023-05-01",
            "2024-02-02",
            "2024-01-11",
            "2023-01-01",
            "2022-05-01",
            "2024-01-10",
            None,
        ],
    }
).set_index("id")


def test_pairs_agree_in_sex_and_age_and_no_control_is_used_twice():
    table = match_pairs(PEOPLE, group="fracture", age="age", date="mr_date")
    assert table.case_row.tolist() == ["A", "B", "C", "D"]
    assert table.control_row[:3].tolist() == ["w", "v", "x"]
    assert table.control_row[3] is None or pd.isna(table.control_row[3])
    assert table.note[3] == "unmatched: no control of the same kind and age is left"
    # A with w (374 days) and B with v (1) beat A with v (1) and B with w (376).
    assert table.days[:3].tolist() == [374, 1, 365]
    assert table.age_difference[:3].tolist() == [0, 0, 0]


def test_the_order_decides_where_a_control_is_the_nearest_of_two_cases():
    days = ["2024-01-01", "2024-01-05", "2024-01-04", "2024-03-01"]
    people = pd.DataFrame({"case": [1, 1, 0, 0], "sex": list("ffff"), "age": [70] * 4, "date": days})
    by_hand = match_pairs(people, group="case", age="age", date="date", order="in-order")
    best = match_pairs(people, group="case", age="age", date="date")
    assert by_hand.control_row.tolist() == [2, 3]
    assert by_hand.days.tolist() == [3, 56]
    assert best.days.sum() <= by_hand.days.sum()


def test_optimal_matching_makes_as_many_pairs_as_can_be_made():
    # Nearest first would give the only control of 71 to the case of 70 and leave the case of 72 alone.
    people = pd.DataFrame(
        {
            "case": [1, 1, 0, 0],
            "age": [70, 72, 71, 69],
            "date": ["2024-01-01", "2024-01-01", "2024-01-01", "2020-01-01"],
        }
    )
    common = {"group": "case", "age": "age", "date": "date", "exact": (), "age_tolerance": 1}
    assert match_pairs(people, **common, order="in-order").control_row.notna().sum() == 1
    assert match_pairs(people, **common).control_row.tolist() == [3, 2]


def test_optimal_matching_is_what_trying_all_assignments_finds():
    from itertools import permutations

    rng = np.random.default_rng(4)
    for _ in range(20):
        people = pd.DataFrame(
            {
                "case": [1] * 3 + [0] * 4,
                "age": rng.integers(60, 63, 7),
                "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, 7), unit="D"),
            }
        )
        table = match_pairs(people, group="case", age="age", date="date", exact=())
        best = (0, 0.0)
        for order in permutations([3, 4, 5, 6, None, None, None], 3):
            pairs = [(i, j) for i, j in enumerate(order) if j is not None]
            if all(people.age[i] == people.age[j] for i, j in pairs):
                best = min(
                    best, (-len(pairs), float(sum(abs((people.date[i] - people.date[j]).days) for i, j in pairs)))
                )
        assert (-table.control_row.notna().sum(), table.days.sum()) == best


def test_people_without_a_value_are_said_and_wrong_dates_refused():
    people = PEOPLE.copy()
    people.loc["A", "age"] = np.nan
    table = match_pairs(people, group="fracture", age="age", date="mr_date")
    assert table.note[0] == "unmatched: a value is missing"
    people.loc["B", "mr_date"] = "12.01.2024"
    with pytest.raises(
        TableError, match=r"mr_date holds '12\.01\.2024' in row B; a date such as 2024-07-31 was expected"
    ):
        match_pairs(people, group="fracture", age="age", date="mr_date")
    with pytest.raises(TableError, match=r"date: the table has no column 'day'"):
        match_pairs(PEOPLE, group="fracture", age="age", date="day")
    with pytest.raises(TableError, match=r"order is 'greedy'; one of 'optimal', 'in-order'"):
        match_pairs(PEOPLE, group="fracture", age="age", date="mr_date", order="greedy")
    nobody = match_pairs(PEOPLE[PEOPLE.sex != "m"], group="fracture", age="age", date="mr_date", exact=("sex",))
    assert len(nobody) == 3


@pytest.mark.parametrize("name", ["value", "group", "x", "outcome"])
def test_a_covariate_may_have_the_name_of_an_argument(patients, name):
    renamed = patients.rename(columns={"age": name, "group": "whose"})
    plain = ancova("vbq", "group", covariates=["age"], reference="control", data=patients)
    other = ancova("vbq", "whose", covariates=[name], reference="control", data=renamed)
    assert other["estimate"].tolist() == plain["estimate"].tolist()
    two = renamed[renamed.whose != "young"]
    one = logistic_regression("whose", [name], case="fracture", data=two)
    by_age = logistic_regression("group", ["age"], case="fracture", data=patients[patients.group != "young"])
    assert one["estimate"].item() == by_age["estimate"].item()
