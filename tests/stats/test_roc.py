import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_curve

from vbqkit.errors import TableError
from vbqkit.stats import auc, compare_paired_aucs, compare_unpaired_aucs, partial_auc, roc_band, roc_curve

scores = st.lists(st.integers(0, 6), min_size=2, max_size=25)


def textbook_delong(cases, controls):
    """The definition, pair by pair."""
    psi = (cases[:, None] > controls[None, :]) + 0.5 * (cases[:, None] == controls[None, :])
    return psi.mean(), psi.mean(axis=1), psi.mean(axis=0)


@settings(deadline=None, max_examples=50)
@given(scores, scores)
def test_auc_and_delong_agree_with_the_pairwise_definition(cases, controls):
    cases, controls = np.array(cases, float), np.array(controls, float)
    row = auc(
        np.r_[cases, controls], np.arange(len(cases) + len(controls)) < len(cases), positive="high", interval="delong"
    ).iloc[0]
    area, v10, v01 = textbook_delong(cases, controls)
    se = math.sqrt(v10.var(ddof=1) / len(cases) + v01.var(ddof=1) / len(controls))
    assert row.estimate == pytest.approx(area, abs=1e-12)
    assert row.se == pytest.approx(se, abs=1e-9)
    if row.se > 1e-9:
        assert row.ci_low == pytest.approx(max(0, area - 1.959963985 * se), abs=1e-8)
        assert row.ci_high == pytest.approx(min(1, area + 1.959963985 * se), abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(scores, scores)
def test_turning_the_direction_mirrors_the_area(cases, controls):
    score, outcome = cases + controls, [True] * len(cases) + [False] * len(controls)
    high, low = (auc(score, outcome, positive=p).iloc[0] for p in ("high", "low"))
    assert high.estimate + low.estimate == pytest.approx(1)
    assert (high.positive, low.positive) == ("high", "low")
    assert roc_auc_score(outcome, score) == pytest.approx(high.estimate)


def test_auc_and_delong_interval_of_the_asah_markers_are_those_of_proc(published, marker):
    wfns, s100b = (auc(*marker(name), positive="high", interval="delong").iloc[0] for name in ("wfns", "s100b"))
    assert wfns.estimate == published("proc wfns auc")
    assert s100b.estimate == published("proc s100b auc")
    assert s100b.ci_low == published("proc s100b low")
    assert s100b.ci_high == published("proc s100b high")


def test_the_unpaired_test_of_the_asah_markers_is_that_of_proc(published, marker):
    row = compare_unpaired_aucs(*marker("wfns"), *marker("s100b"), positive_a="high", positive_b="high").iloc[0]
    assert row.statistic == published("proc unpaired statistic")
    assert row.p == published("proc unpaired p")
    normal = compare_unpaired_aucs(
        *marker("wfns"), *marker("s100b"), positive_a="high", positive_b="high", reference="normal"
    ).iloc[0]
    assert normal.p == pytest.approx(2 * scipy_stats.norm.sf(row.statistic))


def test_the_paired_test_of_the_asah_markers_is_that_of_proc(published, marker):
    (wfns, outcome), (s100b, _) = marker("wfns"), marker("s100b")
    row = compare_paired_aucs(wfns, s100b, outcome, positive_a="high", positive_b="high").iloc[0]
    assert row.z == published("proc paired z")
    assert row.p == published("proc paired p")
    assert row.ci_low == published("proc paired low")
    assert row.ci_high == published("proc paired high")


@pytest.mark.parametrize(
    "part",
    ["specificity 0.9-1", "specificity 0.8-0.9", "specificity 0-0.5", "sensitivity 0.9-1", "sensitivity 0.8-0.9"],
)
def test_partial_areas_of_the_asah_marker_are_those_of_proc(part, published, marker):
    focus, limits = part.split()
    low, high = map(float, limits.split("-"))
    table = partial_auc(
        *marker("wfns"), positive="high", focus=focus, low=low, high=high, rng=np.random.default_rng(0), n_bootstrap=200
    ).set_index("quantity")
    assert table.estimate["partial area"] == published(f"proc wfns partial {part}")
    assert table.estimate["standardised partial area"] == published(f"proc wfns standardised {part}")
    assert (table.ci_low < table.estimate).all()
    assert (table.estimate < table.ci_high).all()


def test_the_whole_range_of_a_partial_area_is_the_area(marker):
    for focus in ("specificity", "sensitivity"):
        table = partial_auc(
            *marker("s100b"), positive="high", focus=focus, low=0, high=1, rng=np.random.default_rng(0), n_bootstrap=100
        )
        assert table.estimate.tolist() == pytest.approx([auc(*marker("s100b"), positive="high").estimate.item()] * 2)


def test_the_ct_ratings_of_hanley_and_mcneil_have_their_area(published):
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    score = np.r_[np.repeat(np.arange(5), abnormal), np.repeat(np.arange(5), normal)]
    row = auc(score, np.arange(109) < 51, positive="high").iloc[0]
    assert row.estimate == published("hanley mcneil 1982 auc")
    assert row.se == published("hanley mcneil 1982 se")


@settings(deadline=None, max_examples=50)
@given(scores, scores)
def test_the_curve_agrees_with_scikit_learn(cases, controls):
    score, outcome = np.array(cases + controls, float), [True] * len(cases) + [False] * len(controls)
    curve = roc_curve(score, outcome, positive="high", interval="wilson")
    fpr, tpr, _ = sklearn_curve(outcome, score, drop_intermediate=False)
    points, expected = (
        {(round(a, 9), round(b, 9)) for a, b in zip(x, y, strict=True)}
        for x, y in ((curve.specificity, curve.sensitivity), (1 - fpr, tpr))
    )
    assert points == expected
    for cutoff, sensitivity in zip(curve.cutoff, curve.sensitivity, strict=True):
        assert np.mean(np.array(cases) >= cutoff) == pytest.approx(sensitivity)
    assert np.trapezoid(curve.sensitivity, curve.specificity) == pytest.approx(
        auc(score, outcome, positive="high").estimate.item()
    )


def test_a_curve_of_a_score_that_is_positive_when_low_has_its_own_cutoffs():
    curve = roc_curve(
        [-2.6, -2.0, -1.0, 0.2], ["op", "op", "ok", "ok"], positive="low", case="op", interval="clopper-pearson"
    )
    assert curve.cutoff.tolist() == pytest.approx([math.inf, -0.4, -1.5, -2.3, -math.inf])
    assert curve.sensitivity.tolist() == [1, 1, 1, 0.5, 0]
    assert curve.specificity.tolist() == [0, 0.5, 1, 1, 1]


def test_the_bootstrap_interval_of_an_auc_is_that_of_a_plain_loop():
    rng = np.random.default_rng(1)
    cases, controls = np.round(rng.normal(1, 1, 20), 1), np.round(rng.normal(0, 1, 30), 1)
    score, outcome = np.r_[cases, controls], np.arange(50) < 20
    row = auc(score, outcome, positive="high", interval="bootstrap", rng=np.random.default_rng(2)).iloc[0]
    loop = [textbook_delong(rng.choice(cases, 20), rng.choice(controls, 30))[0] for _ in range(4000)]
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.015)
    assert row.se == pytest.approx(np.std(loop), rel=0.08)
    assert "10000 stratified bootstrap" in row.method


def test_delong_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(3)
    truth = scipy_stats.norm.cdf(1 / math.sqrt(2))
    hits = 0
    for _ in range(300):
        score = np.r_[rng.normal(1, 1, 60), rng.normal(0, 1, 60)]
        row = auc(score, np.arange(120) < 60, positive="high").iloc[0]
        hits += row.ci_low <= truth <= row.ci_high
    assert 0.91 <= hits / 300 <= 0.985


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=6, max_size=30))
def test_the_paired_test_agrees_with_the_pairwise_definition(rows):
    a, b, outcome = (np.array(v) for v in zip(*rows, strict=True))
    if outcome.sum() < 2 or (~outcome).sum() < 2:
        return
    row = compare_paired_aucs(a, b, outcome, positive_a="high", positive_b="low").iloc[0]
    area_a, x_a, y_a = textbook_delong(a[outcome], a[~outcome])
    area_b, x_b, y_b = textbook_delong(-b[outcome], -b[~outcome])
    s10, s01 = np.cov(x_a, x_b), np.cov(y_a, y_b)
    s = s10 / outcome.sum() + s01 / (~outcome).sum()
    variance = s[0, 0] + s[1, 1] - 2 * s[0, 1]
    assert row.estimate == pytest.approx(area_a - area_b, abs=1e-12)
    assert row.se == pytest.approx(math.sqrt(max(variance, 0)), abs=1e-7)


def test_a_score_compared_with_itself_is_undefined_and_says_so(marker):
    score, outcome = marker("s100b")
    row = compare_paired_aucs(score, score, outcome, positive_a="high", positive_b="high").iloc[0]
    assert row.estimate == 0
    assert row.note.startswith("undefined: the standard error of the difference is 0")


def test_patients_without_both_scores_are_counted():
    row = compare_paired_aucs(
        [1, 2, None, 4, 5, 6], [1, 3, 2, 5, 4, None], [0, 0, 0, 1, 1, 1], positive_a="high", positive_b="high"
    ).iloc[0]
    assert (row.n, row.n_missing, row.n_case, row.n_control) == (4, 2, 2, 2)
    assert "2 of 6 rows left out" in row.note


def test_the_band_holds_the_curve_and_agrees_with_reading_it_off(marker):
    score, outcome = marker("s100b")
    band = roc_band(score, outcome, positive="high", rng=np.random.default_rng(4), n_bootstrap=300)
    assert (band.ci_low <= band.estimate + 1e-12).all()
    assert (band.estimate <= band.ci_high + 1e-12).all()
    curve = roc_curve(score, outcome, positive="high", interval="wilson")
    for specificity in (0.0, 0.25, 0.5, 1.0):
        best = (
            curve.sensitivity[np.isclose(curve.specificity, specificity)].max()
            if np.isclose(curve.specificity, specificity).any()
            else None
        )
        if best is not None:
            read = roc_band(
                score,
                outcome,
                positive="high",
                rng=np.random.default_rng(4),
                n_bootstrap=100,
                specificities=[specificity],
            )
            assert read.estimate.item() == pytest.approx(best)
    with pytest.raises(TableError, match=r"specificities holds a value outside 0 to 1\. Say 0\.9 for 90 %"):
        roc_band(score, outcome, positive="high", rng=np.random.default_rng(4), specificities=[90])


def test_the_direction_must_be_said():
    with pytest.raises(TypeError):
        auc([1, 2, 3], [0, 1, 1])
    with pytest.raises(TableError, match=r"positive is 'auto'; one of 'high', 'low' was expected\. Say which"):
        auc([1, 2, 3], [0, 1, 1], positive="auto")
    with pytest.raises(TableError, match=r"positive_b is None; one of 'high', 'low'"):
        compare_paired_aucs([1, 2, 3], [1, 2, 3], [0, 1, 1], positive_a="high", positive_b=None)


def test_an_area_below_one_half_points_at_the_other_direction():
    assert (
        "the score points the other way; positive='low' gives 0.625"
        in auc([3, 1, 2, 1], [0, 0, 1, 1], positive="high").note.item()
    )


def test_labels_that_do_not_say_who_is_a_case_are_refused():
    with pytest.raises(TableError, match=r"outcome holds 'fracture', 'control'; which of them is meant is not known"):
        auc([1, 2, 3], ["fracture", "control", "control"], positive="high")
    with pytest.raises(TableError, match=r"none of them is case='osteoporosis'"):
        auc([1, 2, 3], ["fracture", "control", "control"], positive="high", case="osteoporosis")
    with pytest.raises(TableError, match=r"outcome has one class only \(True\), so nothing can be told apart"):
        auc([1, 2, 3], [True, True, True], positive="high")
    with pytest.raises(TableError, match=r"outcome has 3 classes \('a', 'b', 'c'\); two were expected"):
        auc([1, 2, 3], ["a", "b", "c"], positive="high", case="a")
    assert auc([1, 2, 3, 2], ["f", "c", None, " "], positive="high", case="f").n_missing.item() == 2


def test_perfect_separation_ties_and_single_cases_have_no_interval():
    perfect = auc([1, 2, 3, 4], [0, 0, 1, 1], positive="high").iloc[0]
    assert perfect.estimate == 1
    assert math.isnan(perfect.ci_low)
    assert "perfectly separated" in perfect.note
    assert "all scores are tied" in auc([2, 2, 2, 2], [0, 0, 1, 1], positive="high").note.item()
    assert "one case or one control has no spread" in auc([1, 2, 3], [0, 0, 1], positive="high").note.item()
    boot = auc([1, 2, 3, 4], [0, 0, 1, 1], positive="high", interval="bootstrap", rng=np.random.default_rng(0)).iloc[0]
    assert (math.isnan(boot.ci_low), boot.p) == (True, pytest.approx(1 / 3))  # 2 of the 6 ways to choose 2 of 4


def test_limits_of_a_partial_area_must_be_in_order():
    with pytest.raises(TableError, match=r"The limits run from 0\.9 to 0\.8; the first must be the smaller"):
        partial_auc(
            [1, 2], [0, 1], positive="high", focus="specificity", low=0.9, high=0.8, rng=np.random.default_rng(0)
        )
    with pytest.raises(TableError, match=r"focus is 'fpr'; one of 'specificity', 'sensitivity'"):
        partial_auc([1, 2], [0, 1], positive="high", focus="fpr", low=0.8, high=0.9, rng=np.random.default_rng(0))
    with pytest.raises(TableError, match=r"n_bootstrap is 5; a number at least 100"):
        partial_auc(
            [1, 2],
            [0, 1],
            positive="high",
            focus="specificity",
            low=0.8,
            high=0.9,
            rng=np.random.default_rng(0),
            n_bootstrap=5,
        )


FIVE_CASES = np.r_[[60.5, 57.5, 53.5, 46.5, 31.5], np.arange(1.0, 56.0) + np.repeat([0, 1, 2, 3, 4], [30, 14, 5, 3, 3])]
"""Scores of 5 cases and 55 controls without ties."""


@pytest.mark.parametrize(("p_value", "wanted"), [("auto", "exact"), ("exact", "exact"), ("null variance", "normal")])
def test_five_cases_are_not_proof_beyond_doubt(p_value, wanted):
    outcome = np.arange(60) < 5
    row = auc(FIVE_CASES, outcome, positive="high", p_value=p_value).iloc[0]
    method = "exact" if wanted == "exact" else "asymptotic"
    oracle = scipy_stats.mannwhitneyu(FIVE_CASES[:5], FIVE_CASES[5:], method=method, use_continuity=False)
    assert row.estimate == pytest.approx(oracle.statistic / 275)
    assert row.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert row.p > 1e-3
    assert auc(FIVE_CASES, outcome, positive="high", p_value="wald").p.item() < row.p / 100
    assert ("exact p" if wanted == "exact" else "p with the null variance") in row.method


def test_the_null_variance_is_the_one_that_spss_prints():
    """Huang 2026, Table 2: AUC 0.641, 84 + 84, P = 0.002; on paper sqrt(169/(12 84²)) = 0.04468 without ties."""
    score = np.r_[np.arange(84) + 12.5, np.arange(84) * 1.0]
    row = auc(score, np.arange(168) < 84, positive="high", p_value="null variance").iloc[0]
    assert row.z == pytest.approx((row.estimate - 0.5) / 0.0446756, rel=1e-5)


def test_an_exact_p_of_tied_scores_is_refused():
    with pytest.raises(TableError, match="An exact p was requested for scores with ties"):
        auc([1, 2, 2, 3], [0, 0, 1, 1], positive="high", p_value="exact")


@pytest.mark.slow
def test_the_logit_interval_is_the_formula_and_holds_the_truth_where_the_normal_one_does_not():
    rng = np.random.default_rng(5)
    outcome, truth = np.arange(40) < 10, scipy_stats.norm.cdf(1.2)
    held = dict.fromkeys(("logit", "delong"), 0)
    for _ in range(300):
        score = rng.normal(size=40) + 1.2 * np.sqrt(2) * outcome
        for interval in held:
            row = auc(score, outcome, positive="high", interval=interval).iloc[0]
            held[interval] += row.ci_low <= truth <= row.ci_high
    assert held["logit"] >= 0.92 * 300 > held["delong"]
    row = auc(score, outcome, positive="high").iloc[0]
    half = 1.959963985 * row.se / (row.estimate * (1 - row.estimate))
    odds = row.estimate / (1 - row.estimate) * np.exp([-half, half])
    assert (row.ci_low, row.ci_high) == pytest.approx(tuple(odds / (1 + odds)))
