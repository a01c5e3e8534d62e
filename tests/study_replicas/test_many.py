"""The statistics of many studies at once, against scikit-learn, SciPy, and the statistics of one study."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn import metrics

from vbqkit import stats
from vbqkit.study_replicas.many import correlations_of, discriminations_of, share_limits, where_it_lies, youden_at

STUDIES = 12


def scored(rng, n=40, cases=15, *, ties=False):
    case = np.arange(n) < cases
    score = rng.normal(size=(STUDIES, n)) + 0.8 * case
    return (np.round(score, 1) if ties else score), np.broadcast_to(case, (STUDIES, n))


def test_pearson_and_its_p_are_scipys():
    x, y = np.random.default_rng(1).normal(size=(2, STUDIES, 17))
    found = correlations_of(x, x + 2 * y, ranks=False)
    for k in range(STUDIES):
        r, p = scipy_stats.pearsonr(x[k], x[k] + 2 * y[k])
        assert (found["r"][k], found["p"][k]) == pytest.approx((r, p), abs=1e-12)


def test_spearman_and_its_p_are_those_of_one_study_in_five_patients():
    x, y = np.random.default_rng(2).normal(size=(2, STUDIES, 5))
    found = correlations_of(x, x + y, ranks=True)
    for k in range(STUDIES):
        one = stats.spearman(x[k], x[k] + y[k]).iloc[0]
        assert (found["r"][k], found["p"][k]) == pytest.approx((one["estimate"], one["p"]), abs=1e-9)


def test_spearman_and_its_p_are_scipys_in_thirty_patients():
    x, y = np.random.default_rng(2).normal(size=(2, STUDIES, 30))
    found = correlations_of(x, x + y, ranks=True)
    for k in range(STUDIES):
        r, p = scipy_stats.spearmanr(x[k], x[k] + y[k])
        assert (found["r"][k], found["p"][k]) == pytest.approx((r, p), abs=1e-12)


def test_five_patients_can_have_no_p_below_one_in_sixty():
    orders = np.random.default_rng(3).random((500, 5))
    p = correlations_of(np.broadcast_to(np.arange(5.0), orders.shape), orders, ranks=True)["p"]
    assert p.min() == pytest.approx(2 / 120)  # both orders without an inversion, of 5! = 120


@pytest.mark.parametrize("ties", [False, True])
def test_auc_and_youden_are_scikit_learns(ties):
    score, case = scored(np.random.default_rng(4), ties=ties)
    found = discriminations_of(score, case)
    for k in range(STUDIES):
        false, true, _ = metrics.roc_curve(case[k], score[k], drop_intermediate=False)
        assert found["AUC"][k] == pytest.approx(metrics.roc_auc_score(case[k], score[k]), abs=1e-12)
        assert found["Youden's J"][k] == pytest.approx((true - false).max(), abs=1e-12)
        at = score[k] >= found["cut-off"][k]
        assert found["sensitivity"][k] == pytest.approx(100 * at[case[k]].mean())
        assert found["specificity"][k] == pytest.approx(100 * (~at)[~case[k]].mean())


def test_the_cut_off_is_that_of_one_study():
    score, case = scored(np.random.default_rng(5))
    found = discriminations_of(score, case)
    for k in range(STUDIES):
        one = stats.best_cutoff(
            score[k], case[k], positive="high", criterion="youden", n_bootstrap=100, rng=np.random.default_rng(0)
        )
        assert found["cut-off"][k] == pytest.approx(one.set_index("quantity")["estimate"]["cutoff"])


def test_p_of_auc_and_means_are_scipys():
    score, case = scored(np.random.default_rng(6))
    found = discriminations_of(score, case)
    for k in range(STUDIES):
        cases, controls = score[k][case[k]], score[k][~case[k]]
        u = scipy_stats.mannwhitneyu(cases, controls, method="asymptotic", use_continuity=False)
        assert found["AUC p"][k] == pytest.approx(u.pvalue, abs=1e-12)
        t = scipy_stats.ttest_ind(cases, controls)
        assert found["difference p"][k] == pytest.approx(t.pvalue, abs=1e-12)
        assert found["difference"][k] == pytest.approx(cases.mean() - controls.mean())


def test_a_study_without_a_case_says_nothing_and_another_is_not_disturbed():
    score, case = scored(np.random.default_rng(7))
    nobody = case.copy()
    nobody[0] = False
    found = discriminations_of(score, nobody)
    assert all(np.isnan(values[0]) for values in found.values())
    assert np.array_equal(found["AUC"][1:], discriminations_of(score, case)["AUC"][1:])


def test_a_cut_off_is_worth_in_others_what_it_finds_in_them():
    score, case = scored(np.random.default_rng(8))
    found = discriminations_of(score, case)
    assert youden_at(found["cut-off"], score, case) == pytest.approx(found["Youden's J"])


@pytest.mark.parametrize(("count", "n"), [(0, 30), (7, 30), (30, 30), (25, 1000)])
def test_limits_of_a_share_are_those_of_clopper_and_pearson(count, n):
    exact = scipy_stats.binomtest(count, n).proportion_ci(method="exact")
    assert share_limits(count, n) == pytest.approx((exact.low, exact.high))


def test_a_value_beyond_all_draws_has_the_smallest_p_there_is_and_not_0():
    found = where_it_lies(np.arange(999.0), 2000.0)
    assert (found["percentile"], found["p"]) == (100.0, pytest.approx(2 / 1000))
    assert where_it_lies(np.arange(999.0), 499.0)["p"] == 1.0


def test_under_the_hypothesis_p_is_even():
    rng = np.random.default_rng(9)
    p = np.array([where_it_lies(rng.normal(size=99), rng.normal())["p"] for _ in range(1500)])
    assert 0.03 < (p <= 0.05).mean() < 0.07  # 0.05 +- 3.5 standard errors
