"""Lin, Deming, Passing-Bablok, Fleiss and Kendall, against R and published digits."""

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from vbqkit.errors import TableError
from vbqkit.stats import deming, fleiss_kappa, kendall_w, lin_ccc, passing_bablok

#: Fleiss (1971) doi:10.1037/h0031619, Table 1: 30 patients, 6 psychiatrists, how many chose each of 5 diagnoses.
FLEISS_1971 = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""


def diagnoses():
    return [[kind for kind, times in enumerate(who) for _ in range(int(times))] for who in FLEISS_1971.split()]


@pytest.mark.parametrize("pair", ["wright1 mini1", "wright1 wright2"])
def test_concordance_is_that_of_epir(r, r_data, pair):
    a, b = pair.split()
    row = lin_ccc(a, b, data=r_data("pefr")).iloc[0]
    assert row.estimate == r(f"ccc {pair}")
    assert (row.ci_low, row.ci_high) == (r(f"ccc low {pair}"), r(f"ccc high {pair}"))
    assert row.accuracy == r(f"ccc bias correction {pair}")
    assert row.precision * row.accuracy == pytest.approx(row.estimate)


def test_concordance_sees_the_shift_that_correlation_does_not():
    row = lin_ccc([1.0, 2, 3, 4], [3.0, 4, 5, 6]).iloc[0]
    assert row.precision == pytest.approx(1)
    assert row.estimate < 0.5
    assert lin_ccc([1, 2, 3], [1, 2, 3]).note[0] == "no interval: the two agree exactly"
    assert lin_ccc([1, 1, 1], [1, 2, 3]).note[0] == "undefined: one of the two is constant"
    assert lin_ccc([1, 2], [1, 3]).note[0] == "no interval: it needs three or more subjects"


@pytest.mark.parametrize("ratio", [1, 2])
def test_demings_line_is_the_numerical_minimum_with_the_jackknife(r, r_data, ratio):
    table = deming("wright1", "mini1", variance_ratio=ratio, data=r_data("pefr")).set_index("term")
    for term in ("slope", "intercept"):
        bound = {"rel": 1e-5, "abs": 2e-4 if term == "intercept" else None}
        assert table.estimate[term] == r(f"deming {term} {ratio}", **bound)
        assert table.se[term] == r(f"deming {term} se {ratio}", rel=1e-3)


def test_the_weighted_line_is_that_of_linnets_algorithm(r, r_data):
    table = deming("wright1", "mini1", variance_ratio=1, weighted=True, data=r_data("pefr")).set_index("term")
    for term in ("slope", "intercept"):
        assert table.estimate[term] == r(f"weighted deming {term}")
        assert table.se[term] == r(f"weighted deming {term} se")


def test_demings_line_finds_the_slope_that_least_squares_makes_too_flat():
    rng = np.random.default_rng(8)
    truth = rng.uniform(1, 3, 4000)
    x, y = truth + rng.normal(0, 0.4, 4000), 0.5 + 1.2 * truth + rng.normal(0, 0.4, 4000)
    assert np.polyfit(x, y, 1)[0] < 0.9
    # The jackknife of 4,000 is not what is tested here.
    table = deming(x[:1000], y[:1000], variance_ratio=1).set_index("term")
    assert table.ci_low["slope"] < 1.2 < table.ci_high["slope"]


def test_lines_that_cannot_be_drawn_say_why():
    with pytest.raises(TableError, match=r"variance_ratio is 0; a number above 0 was expected"):
        deming([1, 2, 3], [1, 2, 3], variance_ratio=0)
    with pytest.raises(TableError, match=r"Weights for a constant CV need values above 0"):
        deming([0, 2, 3], [1, 2, 3], variance_ratio=1, weighted=True)
    assert deming([1, 1, 1, 1], [1, 2, 3, 4], variance_ratio=1).note[0].startswith("undefined: x and y do not rise")
    assert (
        deming([1, 2, 4], [1, 3, 4], variance_ratio=1).note[0] == "no interval: the jackknife needs four or more pairs"
    )
    assert passing_bablok([1, 1, 1], [1, 2, 3]).note[0].startswith("undefined: too few points differ in x")
    assert passing_bablok([1, 2, 3, 4, 5.0], [5, 4, 3, 2, 1.0]).note[0].startswith("undefined: too few points")
    assert "no interval: 3 pairs are too few" in passing_bablok([1, 2, 3], [1, 2.5, 3]).note[0]


def test_passing_and_babloks_line_is_that_of_r(r, r_data):
    table = passing_bablok("wright1", "mini1", data=r_data("pefr")).set_index("term")
    for term in ("slope", "intercept"):
        assert table.estimate[term] == r(f"passing-bablok {term}")
        assert table.ci_low[term] == r(f"passing-bablok {term} low")
        assert table.ci_high[term] == r(f"passing-bablok {term} high")


def test_passing_and_babloks_line_does_not_depend_on_which_method_is_x(r_data):
    data = r_data("pefr")
    there, back = passing_bablok("wright1", "mini1", data=data), passing_bablok("mini1", "wright1", data=data)
    assert there.estimate[0] == pytest.approx(1 / back.estimate[0])
    assert there.ci_low[0] == pytest.approx(1 / back.ci_high[0])


def test_the_cusum_test_sees_a_bend_and_not_a_line():
    rng = np.random.default_rng(6)
    x = np.linspace(1, 5, 80)
    noise = rng.normal(0, 0.05, 80)
    assert passing_bablok(x, 0.2 + x + noise).linearity_p[0] > 0.1
    bent = passing_bablok(x, x**2 + noise)
    assert bent.linearity_p[0] < 0.01
    assert bent.note[0].startswith("the points bend around the line (cusum test)")


def test_fleiss_kappa_is_that_of_his_table():
    """Fleiss (1971): kappa 0.430; z 17.7 as R's irr prints it for these data (kappam.fleiss)."""
    row = fleiss_kappa(diagnoses()).iloc[0]
    assert round(row.estimate, 3) == 0.430
    assert round(row.z, 1) == 17.7
    counts = np.array([[int(c) for c in who] for who in FLEISS_1971.split()])
    assert row.estimate == pytest.approx(statsmodels_fleiss(counts))
    assert (row.n, row.n_raters, row.n_categories) == (30, 6, 5)


def test_the_interval_of_fleiss_kappa_is_near_the_jackknifes():
    # One category is much more frequent than the other: then the chance agreement varies, too.
    skewed = [["a"] * 4] * 18 + [["a", "a", "a", "b"]] * 6 + [["b"] * 4] * 3 + [["a", "a", "b", "b"]] * 3
    for table in (diagnoses(), 4 * skewed):
        row = fleiss_kappa(table).iloc[0]
        left_out = [fleiss_kappa(table[:i] + table[i + 1 :]).estimate[0] for i in range(len(table))]
        jackknife = math.sqrt(sum((v - np.mean(left_out)) ** 2 for v in left_out))
        assert row.se == pytest.approx(jackknife, rel=0.04)


def test_kendalls_w_is_that_of_friedmans_test(r, r_data):
    row = kendall_w(r_data("pefr")).iloc[0]
    assert (row.estimate, row.p) == (r("kendall w"), r("kendall w p"))
    tied = kendall_w((r_data("pefr") / 100).round()).iloc[0]
    assert (tied.estimate, tied.p) == (r("kendall w ties"), r("kendall w ties p"))
    spearman = r_data("pefr").corr("spearman").to_numpy()[np.triu_indices(4, 1)].mean()
    assert row.mean_rho == pytest.approx(spearman, abs=0.002)


def test_raters_that_cannot_be_compared_say_why():
    assert fleiss_kappa([["a", "a"], ["a", "a"]]).note[0].startswith("undefined: all raters use one and the same")
    with pytest.raises(TableError, match=r"1 rater was given; agreement needs two or more"):
        fleiss_kappa([["a"], ["b"]])
    with pytest.raises(TableError, match=r"No subject was rated by all raters"):
        fleiss_kappa([["a", None], [None, "b"]])
    with pytest.raises(TableError, match=r"raters: the table has no column 'C'"):
        kendall_w(pd.DataFrame({"A": [1, 2], "B": [2, 1]}), raters=["A", "C"])
    with pytest.raises(TableError, match=r"ratings has shape \(2,\)"):
        kendall_w([1, 2])
    assert kendall_w([[1, 1], [1, 1]]).note[0].startswith("undefined: every rater gives all subjects the same value")
    some = fleiss_kappa([["a", "a"], ["b", "a"], ["b", None], ["b", "b"]])
    assert (some.n[0], some.n_missing[0]) == (3, 1)
    assert "1 of 4 subjects left out: a rating is missing" in some.note[0]
