"""Tests for pairs against R (tests/reference/r) and published worked examples."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from vbqkit.errors import TableError
from vbqkit.stats import conditional_logistic, logistic_regression, mcnemar, paired_t_test, wilcoxon_signed_rank


def answers(both, a_only, b_only, neither):
    a = [1] * (both + a_only) + [0] * (b_only + neither)
    return a, [1] * both + [0] * a_only + [1] * b_only + [0] * neither


def test_mcnemar_gives_the_digits_of_fagerlands_example():
    """Fagerland, Lydersen and Laake (2013) doi:10.1186/1471-2288-13-91: 21 children, p = 0.034, 0.077, 0.070, 0.039."""
    a, b = answers(1, 1, 7, 12)
    p = {kind: mcnemar(a, b, p_value=kind).p[0] for kind in ("chi-square", "chi-square corrected", "exact", "mid-p")}
    assert [round(v, 3) for v in p.values()] == [0.034, 0.077, 0.070, 0.039]


def test_mcnemar_is_that_of_r(r):
    a, b = answers(794, 150, 86, 570)
    for kind, correct in (("chi-square corrected", "TRUE"), ("chi-square", "FALSE")):
        row = mcnemar(a, b, p_value=kind).iloc[0]
        assert (row.statistic, row.p) == (r(f"mcnemar chi-square {correct}"), r(f"mcnemar p {correct}"))
    row = mcnemar(a, b, p_value="exact").iloc[0]
    assert (row.p, row.or_low, row.or_high) == (r("mcnemar exact p"), r("mcnemar or low"), r("mcnemar or high"))
    assert (row.both, row.a_only, row.b_only, row.neither) == (794, 150, 86, 570)
    assert row.estimate == pytest.approx(0.04)


def test_newcombes_interval_for_pairs_covers_as_often_as_it_says():
    rng = np.random.default_rng(3)
    hits, draws = 0, 400
    for _ in range(draws):
        a = rng.random(40) < 0.6
        b = np.where(rng.random(40) < 0.7, a, rng.random(40) < 0.3)
        row = mcnemar([*a, True, False], [*b, True, False], p_value="exact").iloc[0]
        hits += row.ci_low <= 0.3 * 0.3 <= row.ci_high
    assert 0.925 <= hits / draws <= 0.985


def test_mcnemar_without_disagreement_says_so_and_reads_yes_from_both_columns():
    row = mcnemar([True, False, True], [True, False, True], p_value="mid-p").iloc[0]
    assert math.isnan(row.p)
    assert row.note == "no pair disagrees, so p and the odds ratio are undefined"
    one_sided = mcnemar(["pos"] * 4, ["pos", "neg", "neg", "neg"], p_value="exact", case="pos").iloc[0]
    assert (one_sided.a_only, one_sided.p, one_sided.odds_ratio) == (3, 0.25, math.inf)
    assert mcnemar([1, 1, 0, 0], [1, 0, 1, 0], p_value="mid-p").p[0] == 0.75
    with pytest.raises(TableError, match=r"a and b holds 'pos', 'neg'; which of them is meant is not known"):
        mcnemar(["pos", "neg"], ["neg", "pos"], p_value="exact")


def test_paired_t_is_that_of_r(r, r_data):
    row = paired_t_test("wright1", "mini1", data=r_data("pefr")).iloc[0]
    assert (row.t, row.p) == (r("paired t"), r("paired t p"))
    assert (row.ci_low, row.ci_high) == (r("paired t low"), r("paired t high"))
    assert (row.df, row.n) == (16, 17)


def test_paired_t_of_equal_differences_or_one_pair_has_no_interval():
    row = paired_t_test([1.1, 2.1, 3.1], [1.0, 2.0, 3.0]).iloc[0]
    assert (row.sd_difference, row.note) == (0, "no interval: all differences are equal")
    assert math.isnan(row.p)
    assert paired_t_test([1.0], [2.0]).note[0] == "no interval: there is one pair only"
    missing = paired_t_test([1.0, None, 2.0, 4.0], [2.0, 1.0, 2.5, 3.0]).iloc[0]
    assert (missing.n, missing.n_missing) == (3, 1)


@pytest.mark.parametrize("n", [20, 9])
def test_signed_rank_without_ties_is_that_of_r(r, r_data, n):
    row = wilcoxon_signed_rank("a", "b", data=r_data("pairs").head(n)).iloc[0]
    for column, key in {"v": "v", "p": "p", "estimate": "estimate", "ci_low": "low", "ci_high": "high"}.items():
        assert getattr(row, column) == r(f"signed rank {key} {n}")
    assert "exact p" in row.method


@pytest.mark.parametrize(("continuity", "key"), [(True, "TRUE"), (False, "FALSE")])
def test_signed_rank_with_ties_and_zeros_is_that_of_r(r, r_data, continuity, key):
    data = r_data("pefr")
    row = wilcoxon_signed_rank("wright1", "mini1", continuity=continuity, data=data).iloc[0]
    assert (row.v, row.p) == (r(f"signed rank ties v {key}"), r(f"signed rank ties p {key}"))
    row = wilcoxon_signed_rank("mini1", "mini2", continuity=continuity, data=data).iloc[0]
    assert (row.v, row.p, row.n_equal) == (r(f"signed rank zero v {key}"), r(f"signed rank zero p {key}"), 1)
    assert "1 of 17 pairs do not differ and are left out" in row.note


def test_exact_signed_rank_counts_tied_ranks_as_a_count_of_all_signs_does():
    difference = np.array([1.0, 1, -1, 2, 2, 3, -3, 4])
    ranks = scipy_stats.rankdata(abs(difference))
    signs = (np.arange(2**8)[:, None] >> np.arange(8)) & 1
    sums = signs @ ranks
    seen = ranks[difference > 0].sum()
    expected = 2 * np.mean(sums >= seen)
    row = wilcoxon_signed_rank(difference, np.zeros(8), p_value="exact").iloc[0]
    assert row.p == pytest.approx(expected)


def test_interval_and_p_of_the_signed_rank_test_never_contradict_each_other():
    rng = np.random.default_rng(5)
    for _ in range(60):
        a = rng.normal(0.5, 1, int(rng.integers(6, 14)))
        row = wilcoxon_signed_rank(a, np.zeros(a.size)).iloc[0]
        assert (row.p < 0.05) == (not row.ci_low <= 0 <= row.ci_high)


def test_degenerate_pairs_say_why_there_is_no_result():
    assert wilcoxon_signed_rank([1, 2], [1, 2]).note[0] == "undefined: no pair differs"
    assert wilcoxon_signed_rank([1, 2.5, 3], [0, 1, 1]).note[0] == (
        "no interval: 3 pairs that differ are too few for 95 %"
    )
    with pytest.raises(TableError, match=r"An exact p was asked for 500 pairs; up to 400 can be counted"):
        wilcoxon_signed_rank(np.arange(500) + 1.0, np.zeros(500), p_value="exact")


def test_conditional_logistic_is_that_of_clogit(r, r_data):
    table = conditional_logistic("case", ["spontaneous", "induced"], sets="stratum", data=r_data("infert"))
    for row in table.itertuples():
        assert row.coefficient == r(f"clogit coefficient {row.term}", rel=1e-7)
        assert row.se == r(f"clogit se {row.term}", rel=1e-6)
    assert (table.n_sets[0], table.n_case[0]) == (83, 83)


def test_conditional_logistic_of_several_cases_in_a_set_is_that_of_clogit(r, r_data):
    data = r_data("infert")
    data["five"] = (data.stratum - 1) // 5
    table = conditional_logistic("case", ["spontaneous", "induced"], sets="five", data=data)
    for row in table.itertuples():
        assert row.coefficient == r(f"clogit several coefficient {row.term}", rel=1e-7)
        assert row.se == r(f"clogit several se {row.term}", rel=1e-6)


def test_what_was_matched_on_separation_and_sets_without_a_control_are_said(r_data):
    data = r_data("infert")
    assert (
        conditional_logistic("case", ["age"], sets="stratum", data=data)
        .note[0]
        .startswith("undefined: age does not vary within the sets (was it matched on?)")
    )
    apart = conditional_logistic([1, 0, 1, 0], {"vbq": [3, 2, 2.5, 1]}, sets=[1, 1, 2, 2]).iloc[0]
    assert math.isnan(apart.estimate)
    assert apart.note.startswith("undefined: vbq separate(s) cases from controls in every set")
    some = conditional_logistic([1, 0, 1, 0, 1, 1], {"vbq": [3, 2, 2.0, 2.5, 9, 9]}, sets=list("aabbcc")).iloc[0]
    assert (some.n_sets, some.n) == (2, 4)
    assert "1 of 3 sets left out: without a case or without a control" in some.note
    with pytest.raises(TableError, match=r"No set has both a case and a control"):
        conditional_logistic([1, 0], {"vbq": [3, 2]}, sets=["a", "b"])


def test_ordinary_logistic_regression_of_matched_pairs_pulls_towards_1():
    rng = np.random.default_rng(11)
    level = rng.normal(0, 2, 150)
    x = np.concatenate([level + 1 + rng.normal(0, 1, 150), level + rng.normal(0, 1, 150)])
    outcome = [1] * 150 + [0] * 150
    within = conditional_logistic(outcome, {"x": x}, sets=[*range(150)] * 2).estimate[0]
    assert within > 1.5 * logistic_regression(outcome, {"x": x}).estimate[0]
