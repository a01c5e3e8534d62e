import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import proportion_confint

from vbqkit.errors import TableError
from vbqkit.stats import (
    count_behind_percentage,
    odds_ratio_from_counts,
    predictive_values,
    proportion,
    proportion_test,
    youden_from_rates,
)


@pytest.mark.parametrize("case", ["81/263", "15/148", "0/20", "1/29"])
@pytest.mark.parametrize("method", ["wilson", "clopper-pearson"])
def test_intervals_of_a_proportion_are_those_that_newcombe_printed(case, method, published):
    successes, total = map(int, case.split("/"))
    row = proportion(successes, total, method=method).iloc[0]
    assert row.estimate == successes / total
    assert row.ci_low == (published(f"{method} {case} low") if successes else 0)
    assert row.ci_high == published(f"{method} {case} high")
    assert method.split("-")[0] in row.method.lower()


@settings(deadline=None, max_examples=50)
@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99])
)
def test_intervals_of_a_proportion_agree_with_statsmodels(counts, confidence):
    successes, total = counts
    for ours, theirs in (("wilson", "wilson"), ("clopper-pearson", "beta")):
        row = proportion(successes, total, method=ours, confidence=confidence).iloc[0]
        low, high = proportion_confint(successes, total, alpha=1 - confidence, method=theirs)
        assert (row.ci_low, row.ci_high) == pytest.approx((max(low, 0), min(high, 1)), abs=1e-9)
        assert 0 <= row.ci_low <= row.estimate <= row.ci_high <= 1


def test_a_proportion_of_none_is_undefined_and_says_so():
    row = proportion(0, 0, method="wilson").iloc[0]
    assert math.isnan(row.estimate)
    assert row.note.startswith("undefined:")


def test_the_kind_of_interval_must_be_named_and_known():
    with pytest.raises(
        TableError, match=r"interval is 'wald'; one of 'wilson', 'clopper-pearson' was expected\. Say which"
    ):
        proportion(1, 2, method="wald")
    with pytest.raises(TypeError):
        proportion(1, 2)


def test_impossible_counts_are_refused():
    with pytest.raises(TableError, match=r"successes is 3; a number at most 2 was expected"):
        proportion(3, 2, method="wilson")
    with pytest.raises(
        TableError, match=r"total is 2\.5; a whole number was expected\. Pass a count, not a percentage"
    ):
        proportion(1, 2.5, method="wilson")
    with pytest.raises(TableError, match=r"confidence is 95; a number below 1 was expected\. Say 0\.95 for 95 %"):
        proportion(1, 2, method="wilson", confidence=95)
    with pytest.raises(TableError, match=r"successes is nan; a finite number was expected"):
        proportion(math.nan, 2, method="wilson")


@pytest.mark.parametrize("case", [(56, 70, 48, 80), (9, 10, 3, 10), (5, 56, 0, 29)])
def test_the_interval_of_a_difference_of_proportions_is_the_one_newcombe_printed(case, published):
    a, n, b, m = case
    row = proportion_test([a, b], [n, m], method="fisher").iloc[0]
    assert row.ci_low == published(f"difference {a}/{n} {b}/{m} low")
    assert row.ci_high == published(f"difference {a}/{n} {b}/{m} high")


def test_p_of_two_proportions_agrees_with_scipy_for_each_named_test():
    table = [[12, 28], [21, 19]]
    expected = {
        "chi-square": scipy_stats.chi2_contingency(table, correction=False).pvalue,
        "chi-square-yates": scipy_stats.chi2_contingency(table, correction=True).pvalue,
        "fisher": scipy_stats.fisher_exact(table).pvalue,
    }
    found = {name: proportion_test([12, 21], [40, 40], method=name).p.item() for name in expected}
    assert found == pytest.approx(expected, rel=1e-12)
    assert len(set(found.values())) == 3


def test_small_expected_counts_are_said_and_empty_rows_are_undefined():
    assert "below 5: prefer Fisher" in proportion_test([1, 4], [6, 6], method="chi-square").note.item()
    row = proportion_test([0, 0], [6, 6], method="chi-square").iloc[0]
    assert math.isnan(row.p)
    assert row.note.startswith("undefined: a row or column")
    with pytest.raises(TableError, match=r"3 counts of 3 totals were given; two of each"):
        proportion_test([1, 2, 3], [4, 4, 4], method="fisher")


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(0, 3))
def test_a_rounded_percentage_leads_back_to_its_count(counts, decimals):
    successes, n = counts
    printed = round(100 * successes / n, decimals)
    row = count_behind_percentage(printed, n, decimals=decimals).iloc[0]
    assert row.attainable
    if 100 / n > 10.0**-decimals:
        assert row.estimate == successes


def test_a_percentage_that_no_count_gives_is_found_out():
    row = count_behind_percentage(59.3, 84, decimals=1).iloc[0]
    assert not row.attainable
    assert row.note == "no count out of 84 gives 59.3 %"
    brute = [k for k in range(85) if f"{100 * k / 84:.1f}" == "59.3"]
    assert brute == []


def test_predictive_values_are_what_counting_a_population_gives():
    people, sick = 100_000, 20_000
    true_positive, true_negative = 0.93 * sick, 0.654 * (people - sick)
    rows = predictive_values(0.93, 0.654, prevalence=0.2).set_index("quantity")
    assert rows.estimate["PPV"] == pytest.approx(true_positive / (true_positive + (people - sick) - true_negative))
    assert rows.estimate["NPV"] == pytest.approx(true_negative / (true_negative + sick - true_positive))
    assert rows.estimate["LR+"] == pytest.approx(0.93 / 0.346)
    assert rows.estimate["LR-"] == pytest.approx(0.07 / 0.654)
    assert rows.ci_low.isna().all()
    assert rows.note.str.contains("group sizes not given").all()


def test_intervals_of_likelihood_ratios_are_those_of_a_ratio_of_two_proportions():
    # LR+ is the relative risk of a positive test, so statsmodels' interval of a relative risk applies to it.
    tp, fn, fp, tn = 45, 5, 20, 60
    rows = predictive_values(tp / 50, tn / 80, prevalence=0.3, n_case=50, n_control=80).set_index("quantity")
    positive = Table2x2([[tp, fn], [fp, tn]]).riskratio_confint()
    negative = Table2x2([[fn, tp], [tn, fp]]).riskratio_confint()
    assert (rows.ci_low["LR+"], rows.ci_high["LR+"]) == pytest.approx(positive, rel=1e-9)
    assert (rows.ci_low["LR-"], rows.ci_high["LR-"]) == pytest.approx(negative, rel=1e-9)
    for quantity, ratio in (("PPV", "LR+"), ("NPV", "LR-")):
        odds = 0.3 / 0.7 if quantity == "PPV" else 0.7 / 0.3
        ends = (
            [rows.ci_low[ratio], rows.ci_high[ratio]]
            if quantity == "PPV"
            else [1 / rows.ci_high[ratio], 1 / rows.ci_low[ratio]]
        )
        assert [rows.ci_low[quantity], rows.ci_high[quantity]] == pytest.approx(
            [odds * v / (1 + odds * v) for v in ends]
        )


def test_a_perfect_specificity_has_no_finite_likelihood_ratio():
    rows = predictive_values(0.8, 1.0, prevalence=0.2, n_case=10, n_control=10).set_index("quantity")
    assert math.isnan(rows.estimate["LR+"])
    assert rows.note["LR+"].startswith("undefined: division by zero")
    assert rows.estimate["PPV"] == 1
    with pytest.raises(TableError, match=r"prevalence is 20; a number below 1 was expected\. Say 0\.2 for 20 %"):
        predictive_values(0.8, 0.9, prevalence=20)
    with pytest.raises(TableError, match=r"sensitivity is 93; a number at most 1 was expected\. Say 0\.93"):
        predictive_values(93, 0.9, prevalence=0.2)


def test_youden_with_sizes_has_the_interval_of_a_difference_of_proportions():
    """By hand: Wilson limits of 0.762 and 0.407 of 84, combined by Newcombe's method 10."""
    row = youden_from_rates(0.762, 0.593, n_case=84, n_control=84).iloc[0]
    wilson = [proportion_confint(p * 84, 84, method="wilson") for p in (0.762, 0.407)]
    low = 0.355 - math.hypot(0.762 - wilson[0][0], wilson[1][1] - 0.407)
    high = 0.355 + math.hypot(wilson[0][1] - 0.762, 0.407 - wilson[1][0])
    assert (row.estimate, row.ci_low, row.ci_high) == pytest.approx((0.355, low, high), abs=1e-9)
    assert "no interval" in youden_from_rates(0.762, 0.593).note.item()


def test_a_perfect_youden_index_of_ten_and_ten_is_not_certain():
    """Wilson's lower limit of 10 of 10 is 10/(10 + 1.96²) = 0.72247: 1 - sqrt(2) (1 - 0.72247) = 0.60751."""
    row = youden_from_rates(1, 1, n_case=10, n_control=10).iloc[0]
    assert (row.ci_low, row.ci_high) == pytest.approx((0.60751, 1), abs=1e-5)


def test_an_odds_ratio_from_counts_agrees_with_statsmodels():
    row = odds_ratio_from_counts(20, 10, 15, 30).iloc[0]
    table = Table2x2([[20, 10], [15, 30]])
    assert row.estimate == pytest.approx(table.oddsratio)
    assert (row.ci_low, row.ci_high) == pytest.approx(table.oddsratio_confint())
    assert row.p == pytest.approx(table.log_oddsratio_pvalue())
    assert odds_ratio_from_counts(0, 10, 15, 30).note.item().startswith("undefined: a count is 0")
