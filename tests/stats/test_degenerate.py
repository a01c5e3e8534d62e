"""Whatever the input, an answer is a table or a TableError, and never a warning from inside a library."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from vbqkit import stats
from vbqkit.errors import TableError, VbqkitError
from vbqkit.stats.lab import lab_module

RNG = {"rng": np.random.default_rng(0), "n_bootstrap": 100}
HIGH = {"positive": "high"}
OF_TWO_COLUMNS = {
    "pearson": stats.pearson,
    "pearson bootstrap": lambda x, y: stats.pearson(x, y, interval="bootstrap", **RNG),
    "spearman": stats.spearman,
    "spearman bootstrap": lambda x, y: stats.spearman(x, y, interval="bootstrap", **RNG),
    "kendall": stats.kendall,
    "kendall bootstrap": lambda x, y: stats.kendall(x, y, interval="bootstrap", **RNG),
    "partial": lambda x, y: stats.partial_correlation(x, y, covariates={"z": np.arange(len(x)) % 3}),
    "regression": stats.linear_regression,
    "band": stats.regression_band,
    "bland-altman": lambda x, y: stats.bland_altman(x, y, scale="absolute", limits_interval="exact"),
    "bland-altman percent": lambda x, y: stats.bland_altman(x, y, scale="percent", limits_interval="approximate"),
    "repeated": lambda x, y: stats.bland_altman_repeated(x, y, np.arange(len(x)) // 2, truth="constant"),
    "icc": lambda x, y: stats.icc(np.column_stack([x, y])),
    "sem": lambda x, y: stats.measurement_error(np.column_stack([x, y])),
    "kappa": lambda x, y: stats.cohen_kappa(x, y, weights="quadratic"),
    "chi-square": lambda x, y: stats.chi_square(x, y, correction=True),
    "mcnemar": lambda x, y: stats.mcnemar(np.asarray(x, float) > 1.5, np.asarray(y, float) > 2.5, p_value="mid-p"),
    "paired t": stats.paired_t_test,
    "signed rank": stats.wilcoxon_signed_rank,
    "dependent r": lambda x, y: stats.compare_dependent_correlations(x, y, np.arange(len(x)) % 3, test="williams"),
    "precision": lambda x, y: stats.precision_error(x, np.arange(len(x)) // 2),
    "ccc": stats.lin_ccc,
    "deming": lambda x, y: stats.deming(x, y, variance_ratio=1),
    "weighted deming": lambda x, y: stats.deming(x, y, variance_ratio=1, weighted=True),
    "passing-bablok": stats.passing_bablok,
    "fleiss": lambda x, y: stats.fleiss_kappa(np.column_stack([x, y])),
    "kendall w": lambda x, y: stats.kendall_w(np.column_stack([x, y])),
    "mixed": lambda x, y: stats.mixed_model(y, np.arange(len(x)) // 2, {"x": x}),
}
OF_SCORE_AND_OUTCOME = {
    "auc": lambda x, y: stats.auc(x, y, **HIGH),
    "auc bootstrap": lambda x, y: stats.auc(x, y, interval="bootstrap", **HIGH, **RNG),
    "curve": lambda x, y: stats.roc_curve(x, y, interval="clopper-pearson", **HIGH),
    "band": lambda x, y: stats.roc_band(x, y, **HIGH, **RNG),
    "partial": lambda x, y: stats.partial_auc(x, y, focus="sensitivity", low=0.8, high=1, **HIGH, **RNG),
    "accuracy": lambda x, y: stats.accuracy_at_cutoff(x, y, cutoff=2, interval="wilson", prevalence="sample", **HIGH),
    "best": lambda x, y: stats.best_cutoff(x, y, criterion="closest-corner", **HIGH, **RNG),
    "optimism": lambda x, y: stats.cutoff_optimism(x, y, criterion="youden", **HIGH, **RNG),
    "paired": lambda x, y: stats.compare_paired_aucs(x, np.negative(x), y, positive_a="high", positive_b="low"),
    "unpaired": lambda x, y: stats.compare_unpaired_aucs(x, y, x, y, positive_a="high", positive_b="high"),
    "welch": lambda x, y: stats.t_test(x, y, equal_variances=False),
    "student": lambda x, y: stats.t_test(x, y, equal_variances=True),
    "mann-whitney": stats.mann_whitney,
    "anova": stats.one_way_anova,
    "tukey": stats.tukey_hsd,
    "fisher": lambda x, y: stats.fisher_exact(np.asarray(x, float) > 1.5, y),
    "logistic": lambda x, y: stats.logistic_regression(y, {"x": x}),
    "conditional": lambda x, y: stats.conditional_logistic(y, {"x": x}, sets=np.arange(len(x)) // 2),
    "model": lambda x, y: stats.fit_logistic(y, {"x": x}).table(),
    "firth": lambda x, y: stats.fit_logistic(y, {"x": x}, penalty="firth").table(),
    "lasso": lambda x, y: stats.fit_logistic(y, {"x": x}, penalty="lasso", lasso_weight=0.01).table(),
    "model tests": lambda x, y: stats.fit_logistic(y, {"x": x}).joint_tests(),
    "optimism of a model": lambda x, y: stats.model_optimism(
        stats.fit_logistic(y, {"x": x}, penalty="firth"), n_bootstrap=10, rng=RNG["rng"]
    ),
    "nomogram": lambda x, y: stats.nomogram(stats.fit_logistic(y, {"x": x}, penalty="firth")),
    "calibration": lambda x, y: stats.calibration(shares(x), y, fitted_here=False, groups=3),
    "calibration curve": lambda x, y: stats.calibration_curve(shares(x), y, smoother="lowess"),
    "calibration spline": lambda x, y: stats.calibration_curve(shares(x), y, smoother="spline"),
    "decision curve": lambda x, y: stats.decision_curve({"x": shares(x)}, y, n_bootstrap=100, rng=RNG["rng"]),
    "cutoff for rate": lambda x, y: stats.cutoff_for_rate(x, y, sensitivity=0.8, interval="wilson", **HIGH),
    "cutoff for rate bootstrap": lambda x, y: stats.cutoff_for_rate(
        x, y, specificity=0.8, interval="bootstrap", **HIGH, **RNG
    ),
    "ancova": lambda x, y: stats.ancova(x, y, covariates={"z": np.arange(len(x)) % 3}, reference=0),
}
COLUMNS = {
    "one row": ([1.0], [2.0]),
    "two rows": ([1.0, 2.0], [2.0, 3.0]),
    "two equal rows": ([1.0, 1.0], [2.0, 2.0]),
    "constant": ([2.0] * 5, [2.0] * 5),
    "one constant": ([2.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]),
    "all ties": ([1.0, 1.0, 2.0, 2.0], [3.0, 3.0, 4.0, 4.0]),
    "perfect line": ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]),
    "tiny": ([1e-59, 2e-59, 3e-59, 5e-59], [1.0, 3.0, 2.0, 5.0]),
    "huge": ([1e59, 2e59, 3e59, 5e59], [1.0, 3.0, 2.0, 5.0]),
    "mostly missing": ([1.0, math.nan, 3.0, math.nan], [1.0, 2.0, math.nan, math.nan]),
    "nothing": ([], []),
    "three rows": ([1.0, 2.0, 4.0], [1.0, 3.0, 2.0]),
}
OUTCOMES = {
    "one class": ([1.0, 2.0, 3.0], [1, 1, 1]),
    "one of each": ([1.0, 2.0], [0, 1]),
    "one case": ([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 1]),
    "all ties": ([2.0] * 6, [0, 0, 0, 1, 1, 1]),
    "perfect": ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0, 0, 0, 1, 1, 1]),
    "reversed": ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0, 0, 0, 1, 1, 1]),
    "missing": ([math.nan, 2.0, 3.0, 1.0, 5.0], [0, 0, 1, 1, None]),
    "no rows": ([], []),
    "huge": ([1e59, 3e59, 2e59, 5e59, 4e59], [0, 0, 1, 1, 0]),
    "tiny": ([1e-59, 3e-59, 2e-59, 5e-59, 4e-59], [0, 0, 1, 1, 0]),
}


def shares(x):
    """A column squeezed between 0 and 1, missing values kept."""
    x = np.asarray(x, float)
    return x / max(float(np.nanmax(x)), 1e-60) if x.size else x


def answer(function, columns):
    try:
        return function(*columns)
    except TableError:
        return None


def check(table):
    if table is None:
        return
    assert isinstance(table, pd.DataFrame)
    if "estimate" in table:
        for row in table.itertuples():
            assert row.note or not math.isnan(row.estimate)


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("function", OF_TWO_COLUMNS.values(), ids=OF_TWO_COLUMNS)
def test_two_columns_of_any_kind_give_a_table_or_a_table_error(function, columns):
    check(answer(function, columns))


@pytest.mark.parametrize("columns", OUTCOMES.values(), ids=OUTCOMES)
@pytest.mark.parametrize("function", OF_SCORE_AND_OUTCOME.values(), ids=OF_SCORE_AND_OUTCOME)
def test_a_score_and_an_outcome_of_any_kind_give_a_table_or_a_table_error(function, columns):
    check(answer(function, columns))


def test_values_that_are_no_measurements_are_refused():
    with pytest.raises(
        TableError, match=r"x is 1e\+150 in row 1; no measurement has that size\. Correct the value or its unit"
    ):
        stats.pearson([1, 1e150, 2], [1, 2, 3])
    with pytest.raises(TableError, match=r"score is 1e-300 in row 0; no measurement has that size"):
        stats.auc([1e-300, 1, 2], [0, 1, 1], positive="high")


def test_every_public_name_is_exported_once_and_documented():
    assert len(set(stats.__all__)) == len(stats.__all__)
    for name in stats.__all__:
        doc = getattr(stats, name).__doc__
        assert "Parameters" in doc or "Parameters as in" in doc or "Returns" in doc


@pytest.mark.slow
def test_importing_the_statistics_brings_in_neither_statsmodels_nor_scikit_learn():
    code = "import sys, vbqkit.stats; vbqkit.stats.pearson; print({m.split('.')[0] for m in sys.modules} & {'statsmodels', 'sklearn', 'numpy'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'numpy'}"


@pytest.mark.parametrize(
    ("platform", "how"), [("linux", "pip install 'vbqkit"), ("emscripten", "'import no_such_package'")]
)
def test_a_package_of_the_lab_that_is_missing_says_how_to_get_it_here(monkeypatch, platform, how):
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(VbqkitError, match=how):
        lab_module("no_such_package.part", "A model")


def test_intervals_of_no_width_are_not_given_and_the_note_says_why():
    nobody = stats.predictive_values(0, 1, prevalence=0.2, n_case=10, n_control=10).set_index("quantity")
    assert np.isnan(nobody.ci_low["LR-"])
    assert "calls everyone the same" in nobody.note["LR-"]
    whole = stats.bland_altman([2, 3, 4, 5], [1, 2, 3, 4], scale="absolute", limits_interval="exact").set_index(
        "quantity"
    )
    assert np.isnan(whole[["ci_low", "ci_high"]].to_numpy(dtype=float)).all()
    assert whole.note["bias"].startswith("no interval: the differences are all equal")
    repeated = stats.bland_altman_repeated([2, 3, 4, 5], [1, 2, 3, 4], [1, 1, 2, 2], truth="varies")
    assert np.isnan(repeated[["ci_low", "ci_high"]].to_numpy(dtype=float)).all()
    assert "mean differences are all equal" in repeated.note.iloc[0]
    for y in ([2, 4, 6, 8], [3, 3, 3, 3]):
        line = stats.linear_regression([1, 2, 3, 4], y)
        assert np.isnan(line[["ci_low", "ci_high"]].to_numpy(dtype=float)).all()
        assert "no interval: the points lie on the line" in line.note.iloc[0]
        assert np.isnan(stats.regression_band([1, 2, 3, 4], y, at=[2.5]).ci_low.item())
    assert np.isnan(stats.mean_interval(47.6, 0, 5).ci_low.item())


def test_an_agreement_icc_of_raters_who_disagree_has_no_interval_beside_its_estimate():
    """ICC(2,1) = -1.05 had the interval -1.05199 to -1.05199, which does not hold it."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        x = rng.normal(size=5)
        table = stats.icc(np.column_stack([x, -x + rng.normal(scale=0.05, size=5) + rng.normal()])).set_index(
            "shrout_fleiss"
        )
        for row in table.itertuples():
            assert np.isnan(row.ci_low) or row.ci_low <= row.estimate <= row.ci_high
            assert np.isfinite(row.ci_low) or row.note


def test_a_masked_value_is_missing_and_not_what_lies_under_the_mask():
    x = np.ma.masked_array([1.0, 2.0, 3.0, 4.0, 999.0], mask=[0, 0, 0, 0, 1])
    row = stats.pearson(x, [2.1, 3.9, 6.2, 7.8, 8.0]).iloc[0]
    assert (row.n, row.n_missing) == (4, 1)
    assert row.estimate == stats.pearson([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8]).estimate.item()
    whole = np.ma.masked_array([1, 2, 3, 4, 5], mask=[0, 0, 0, 0, 1])
    assert stats.pearson(whole, [2, 3, 5, 7, 1]).n_missing.item() == 1
    group = np.ma.masked_array(["a", "a", "b", "b", "x"], mask=[0, 0, 0, 0, 1])
    assert stats.t_test([1, 2, 3, 5, 9], group, equal_variances=False, first="a").n_missing.item() == 1
    rows = [1, 2, np.ma.masked, 4, 5]
    assert stats.pearson(rows, [2, 3, 5, 7, 1]).n_missing.item() == 1


def test_what_says_that_nothing_was_measured_is_missing_and_any_other_text_is_refused():
    row = stats.pearson([1, "n/a", 3, pd.NA, 5, "-", pd.NaT, 8], [2, 3, 4, 5, 7, 8, 9, 9]).iloc[0]
    assert (row.n, row.n_missing) == (4, 4)
    for text in ("1,25", "12 mg", "c"):
        with pytest.raises(TableError, match=f"x holds '{text}' in row 1; a number was expected"):
            stats.pearson([1, text, 3, 4], [2, 3, 4, 5])


def test_one_label_written_as_number_and_as_text_is_one_label():
    table = stats.counts_table([1, "1", " 2", 2.0], ["a", "a ", "b", "b"])
    assert table.to_numpy().tolist() == [[2, 0], [0, 2]]
