import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sklearn.metrics import confusion_matrix

from vbqkit.errors import TableError
from vbqkit.stats import accuracy_at_cutoff, best_cutoff, cutoff_optimism, proportion, roc_curve
from vbqkit.stats.confidence_intervals import youden_interval


@pytest.fixture
def cohort():
    rng = np.random.default_rng(5)
    outcome = np.arange(90) < 40
    return np.round(rng.normal(2.4, 0.5, 90) + 0.4 * outcome, 2), outcome


def test_rates_at_a_cutoff_are_those_of_the_confusion_matrix(cohort):
    score, outcome = cohort
    table = accuracy_at_cutoff(
        score, outcome, cutoff=2.6, positive="high", interval="wilson", prevalence="sample"
    ).set_index("quantity")
    tn, fp, fn, tp = confusion_matrix(outcome, score >= 2.6).ravel()
    expected = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "PPV": (tp, tp + fp),
        "NPV": (tn, tn + fn),
        "accuracy": (tp + tn, 90),
    }
    for quantity, (top, total) in expected.items():
        one = proportion(int(top), int(total), method="wilson").iloc[0]
        found = table.loc[quantity]
        assert (found.estimate, found.ci_low, found.ci_high) == pytest.approx((one.estimate, one.ci_low, one.ci_high))
        assert (found["count"], found.total) == (top, total)
    assert table.estimate["youden"] == pytest.approx(tp / 40 + tn / 50 - 1)
    assert table.estimate["LR+"] == pytest.approx((tp / 40) / (fp / 50))
    assert table.estimate["LR-"] == pytest.approx((fn / 40) / (tn / 50))
    assert table.rule.unique().tolist() == ["score >= 2.6"]


def test_predictive_values_follow_the_prevalence_that_is_stated(cohort):
    at = {
        p: accuracy_at_cutoff(*cohort, cutoff=2.6, positive="high", interval="wilson", prevalence=p).set_index(
            "quantity"
        )
        for p in (0.05, 40 / 90, "sample")
    }
    assert at[40 / 90].estimate["PPV"] == pytest.approx(at["sample"].estimate["PPV"])
    assert at[0.05].estimate["PPV"] < at["sample"].estimate["PPV"]
    assert at[0.05].prevalence["PPV"] == 0.05
    assert "at the share of cases in these data" in at["sample"].note["PPV"]
    assert at[0.05].note["PPV"] == ""


def test_a_low_score_can_be_the_positive_one():
    table = accuracy_at_cutoff(
        [-2.6, -2.5, -1.0, 0.2], [1, 1, 0, 0], cutoff=-2.5, positive="low", interval="clopper-pearson", prevalence=0.1
    )
    table = table.set_index("quantity")
    assert table.estimate[["sensitivity", "specificity"]].tolist() == [1, 1]
    assert table.rule["sensitivity"] == "score <= -2.5"
    assert table.note["LR+"].startswith("undefined: division by zero")


def test_a_cutoff_that_calls_nobody_positive_has_no_ppv():
    table = accuracy_at_cutoff(
        [1, 2, 3, 4], [0, 0, 1, 1], cutoff=9, positive="high", interval="wilson", prevalence="sample"
    ).set_index("quantity")
    assert math.isnan(table.estimate["PPV"])
    assert table.note["PPV"].startswith("undefined: nobody is called positive")


def test_cutoff_interval_and_prevalence_have_no_defaults(cohort):
    with pytest.raises(TypeError, match="cutoff"):
        accuracy_at_cutoff(*cohort, positive="high", interval="wilson", prevalence=0.1)
    with pytest.raises(TableError, match=r"prevalence is 'cohort'; one of 'sample' was expected"):
        accuracy_at_cutoff(*cohort, cutoff=2, positive="high", interval="wilson", prevalence="cohort")
    with pytest.raises(
        TableError, match=r"prevalence is 10; a number below 1 was expected\. Say 0\.2 for 20 %, or 'sample'"
    ):
        accuracy_at_cutoff(*cohort, cutoff=2, positive="high", interval="wilson", prevalence=10)
    with pytest.raises(TableError, match=r"cutoff is nan; a finite number was expected"):
        accuracy_at_cutoff(*cohort, cutoff=math.nan, positive="high", interval="wilson", prevalence=0.1)


def brute_best(score, outcome, criterion):
    """Try every cut-off half-way between neighbouring scores; among equals take the lowest."""
    values = np.unique(score)
    tried = []
    for cutoff in [-math.inf, *(values[:-1] + np.diff(values) / 2), math.inf]:
        se, sp = np.mean(score[outcome] >= cutoff), np.mean(score[~outcome] < cutoff)
        tried.append((round(-(se + sp) if criterion == "youden" else math.hypot(1 - se, 1 - sp), 12), cutoff, se, sp))
    return min(tried)[1:]


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=15),
    st.lists(st.integers(0, 8), min_size=1, max_size=15),
    st.sampled_from(["youden", "closest-corner"]),
)
def test_the_best_cutoff_is_the_one_that_trying_all_finds(cases, controls, criterion):
    score, outcome = np.array(cases + controls, float), np.arange(len(cases) + len(controls)) < len(cases)
    table = best_cutoff(
        score, outcome, positive="high", criterion=criterion, rng=np.random.default_rng(0), n_bootstrap=100
    )
    cutoff, se, sp = brute_best(score, outcome, criterion)
    found = table.set_index("quantity").estimate
    if math.isinf(cutoff):
        assert math.isnan(found["cutoff"])
        assert table.note[0].startswith("undefined: no cut-off does better")
    else:
        assert found["cutoff"] == pytest.approx(cutoff)
        assert (found["sensitivity"], found["specificity"]) == pytest.approx((se, sp))


def test_the_best_point_of_the_asah_marker_is_that_of_proc(published, marker):
    table = best_cutoff(
        *marker("s100b"), positive="high", criterion="youden", rng=np.random.default_rng(0), n_bootstrap=200
    )
    found = table.set_index("quantity").estimate
    assert found["cutoff"] == published("proc s100b best cutoff")
    assert found["sensitivity"] == published("proc s100b best sensitivity")
    assert found["specificity"] == published("proc s100b best specificity")


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["youden", "closest-corner"])
def test_the_bootstrap_of_a_cutoff_is_that_of_a_plain_loop(cohort, criterion):
    score, outcome = cohort
    table = best_cutoff(score, outcome, positive="high", criterion=criterion, rng=np.random.default_rng(1)).set_index(
        "quantity"
    )
    rng = np.random.default_rng(2)
    loop = []
    for _ in range(600):
        drawn = np.r_[rng.choice(score[outcome], 40), rng.choice(score[~outcome], 50)]
        loop.append(brute_best(drawn, outcome, criterion))
    expected = np.quantile(np.array(loop), [0.025, 0.975], axis=0)
    for k, quantity in enumerate(("cutoff", "sensitivity", "specificity")):
        assert (table.ci_low[quantity], table.ci_high[quantity]) == pytest.approx(
            tuple(expected[:, k]), abs=0.11 if quantity == "cutoff" else 0.06
        )


def test_direction_and_unit_carry_over_to_the_cutoff(cohort):
    score, outcome = cohort
    up = best_cutoff(score, outcome, positive="high", criterion="youden", rng=np.random.default_rng(3)).set_index(
        "quantity"
    )
    down = best_cutoff(
        -10 * score, outcome, positive="low", criterion="youden", rng=np.random.default_rng(3)
    ).set_index("quantity")
    assert down.estimate["cutoff"] == pytest.approx(-10 * up.estimate["cutoff"])
    assert down.ci_low["cutoff"] == pytest.approx(-10 * up.ci_high["cutoff"])
    assert down.rule.iloc[0].startswith("score <= ")


def test_cutoffs_that_are_just_as_good_are_named():
    table = best_cutoff(
        [1, 2, 3, 4], [0, 1, 0, 1], positive="high", criterion="youden", rng=np.random.default_rng(0), n_bootstrap=100
    )
    assert "just as good: 3.5; the one with the highest sensitivity is given" in table.note[0]
    assert table.estimate[0] == 1.5


def test_the_optimism_is_that_of_a_plain_loop_and_shrinks_with_n(cohort):
    score, outcome = cohort
    table = cutoff_optimism(
        score, outcome, positive="high", criterion="youden", rng=np.random.default_rng(4)
    ).set_index("quantity")
    rng = np.random.default_rng(5)
    gaps = []
    for _ in range(600):
        drawn = np.r_[rng.choice(score[outcome], 40), rng.choice(score[~outcome], 50)]
        cutoff, se, sp = brute_best(drawn, outcome, "youden")
        gaps.append(se + sp - np.mean(score[outcome] >= cutoff) - np.mean(score[~outcome] < cutoff))
    assert table.optimism["youden"] == pytest.approx(np.mean(gaps), abs=0.012)
    assert table.estimate["youden"] == pytest.approx(table.apparent["youden"] - table.optimism["youden"])
    many = cutoff_optimism(
        np.tile(score, 10),
        np.tile(outcome, 10),
        positive="high",
        criterion="youden",
        rng=np.random.default_rng(6),
        n_bootstrap=500,
    ).set_index("quantity")
    assert 0 < many.optimism["youden"] < table.optimism["youden"]


def test_a_cutoff_in_pure_noise_looks_good_and_its_correction_brings_it_back():
    # Truth: Youden 0. The apparent value is what a paper would print.
    apparent, corrected = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        row = cutoff_optimism(
            rng.normal(size=60), np.arange(60) < 30, positive="high", criterion="youden", rng=rng, n_bootstrap=200
        ).iloc[2]
        apparent.append(row.apparent)
        corrected.append(row.estimate)
    assert np.mean(apparent) > 0.1
    assert abs(np.mean(corrected)) < 0.5 * np.mean(apparent)


def test_the_criterion_must_be_known_and_chance_given(cohort):
    for function in (best_cutoff, cutoff_optimism):
        with pytest.raises(TableError, match=r"criterion is 'cost'; one of 'youden', 'closest-corner'"):
            function(*cohort, positive="high", criterion="cost", rng=np.random.default_rng(0))
        with pytest.raises(TableError, match=r"draws at random, and rng is 3\. Pass rng="):
            function(*cohort, positive="high", criterion="youden", rng=3)


def test_the_best_cutoff_is_a_point_of_the_curve(cohort):
    curve = roc_curve(*cohort, positive="high", interval="wilson")
    best = (
        best_cutoff(*cohort, positive="high", criterion="youden", rng=np.random.default_rng(0), n_bootstrap=100)
        .set_index("quantity")
        .estimate
    )
    point = curve[curve.cutoff == best["cutoff"]].iloc[0]
    assert (point.sensitivity, point.specificity) == pytest.approx((best["sensitivity"], best["specificity"]))
    assert (curve.sensitivity + curve.specificity).max() == pytest.approx(1 + best["youden"])


@pytest.mark.slow
@pytest.mark.parametrize(("n_case", "n_control", "true_j"), [(84, 84, 0.201), (30, 50, 0.311), (20, 100, 0.478)])
def test_the_interval_of_j_and_of_its_corrected_value_hold_the_truth(n_case, n_control, true_j):
    """Normal scores; percentiles of the bootstrap held J in 67 to 73 % of studies, and the corrected one in 84 to 92
    %."""
    rng = np.random.default_rng(11)
    shift = 2 * scipy_stats.norm.ppf((true_j + 1) / 2)
    outcome = np.arange(n_case + n_control) < n_case
    options = {"positive": "high", "criterion": "youden", "rng": rng, "n_bootstrap": 100}
    held = np.zeros(2)
    for _ in range(150):
        score = rng.normal(size=outcome.size) + shift * outcome
        best = best_cutoff(score, outcome, **options).set_index("quantity").loc["youden"]
        honest = cutoff_optimism(score, outcome, **options).set_index("quantity").loc["youden"]
        worth = scipy_stats.norm.cdf(honest.cutoff) - scipy_stats.norm.cdf(honest.cutoff - shift)
        held += [best.ci_low <= true_j <= best.ci_high, honest.ci_low <= worth <= honest.ci_high]
    assert held[0] >= 0.87 * 150
    assert held[1] >= 0.91 * 150


def test_the_interval_of_j_is_agresti_and_coulls_by_hand():
    """Cases 8 of 10 and controls 3 of 10 positive: (8 + 1.9207)/13.8415 = 0.71674, (3 + 1.9207)/13.8415 = 0.35551."""
    low, high = youden_interval((8, 3), (10, 10), confidence=0.95)
    half = 1.959964 * (0.71674 * 0.28326 / 13.8415 + 0.35551 * 0.64449 / 13.8415) ** 0.5
    assert (low, high) == pytest.approx((0.36123 - half, 0.36123 + half), abs=1e-4)


def test_perfect_separation_has_an_interval_of_j_and_none_of_what_no_resample_moves():
    table = best_cutoff(
        [1, 2, 3, 4, 5, 6, 7, 8],
        [0, 0, 0, 0, 1, 1, 1, 1],
        positive="high",
        criterion="youden",
        rng=np.random.default_rng(0),
    ).set_index("quantity")
    assert table.ci_high["youden"] == 1
    assert 0 < table.ci_low["youden"] < 0.8
    assert np.isnan(table.loc[["sensitivity", "specificity"], ["ci_low", "ci_high"]].to_numpy(dtype=float)).all()
    assert "every resample gives the same value" in table.note["sensitivity"]
