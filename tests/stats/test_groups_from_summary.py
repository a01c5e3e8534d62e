import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from vbqkit.errors import TableError
from vbqkit.stats import counts_tests, pooled_from_summary, tukey_from_summary, tukey_hsd


def summaries(samples):
    return [s.mean() for s in samples], [s.std(ddof=1) for s in samples], [s.size for s in samples]


@pytest.fixture
def samples():
    rng = np.random.default_rng(6)
    return [rng.normal(m, sd, n) for m, sd, n in ((57, 9, 20), (65, 12, 14), (71, 7, 31))]


def test_tukeys_test_from_summaries_is_that_of_the_observations(samples):
    found = tukey_from_summary(*summaries(samples), confidence=0.9)
    whole = tukey_hsd(np.concatenate(samples), np.repeat(list("abc"), [s.size for s in samples]), confidence=0.9)
    scipy = scipy_stats.tukey_hsd(*samples)
    for a, b, gap, low, high, p in found[["a", "b", "estimate", "ci_low", "ci_high", "p"]].itertuples(index=False):
        between = scipy.confidence_interval(0.9)
        assert (gap, p) == pytest.approx((scipy.statistic[a, b], scipy.pvalue[a, b]), rel=1e-6, abs=1e-12)
        assert (low, high) == pytest.approx((between.low[a, b], between.high[a, b]), rel=1e-5)
    assert sorted(found.p) == pytest.approx(sorted(whole.p), rel=1e-6, abs=1e-12)


def test_tukeys_test_without_spread_is_undefined_and_groups_are_checked():
    assert tukey_from_summary([1, 2], [0, 0], [3, 3]).note.item().startswith("undefined: no spread")
    with pytest.raises(TableError, match="means, sds and ns have lengths 2, 1, 2"):
        tukey_from_summary([1, 2], [1], [3, 3])


def test_groups_put_together_have_the_mean_and_sd_of_all_observations(samples):
    row = pooled_from_summary(*summaries(samples)).iloc[0]
    everybody = np.concatenate(samples)
    assert (row.estimate, row.sd, row.n) == pytest.approx((everybody.mean(), everybody.std(ddof=1), 65))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=6, max_size=6).filter(lambda c: min(sum(c[:3]), sum(c[3:])) > 0))
def test_tests_of_counts_are_those_of_scipy_and_of_the_observations(counts):
    table = np.array([counts[:3], counts[3:]])
    found = counts_tests(table.tolist()).set_index("test")
    used = table[:, table.sum(axis=0) > 0]
    if used.shape[1] < 2:
        assert found.p.isna().all()
        assert found.note.str.startswith("undefined:").all()
        return
    assert found.p["chi-square"] == pytest.approx(scipy_stats.chi2_contingency(used, correction=False).pvalue)
    if used.shape[1] == 2:
        assert found.p["Fisher-Freeman-Halton"] == pytest.approx(scipy_stats.fisher_exact(used)[1])
    group, category = (np.repeat(at.ravel(), table.ravel()) for at in np.indices(table.shape))
    r = pd.Series(group).corr(pd.Series(category))
    trend = (table.sum() - 1) * r**2
    assert found.statistic["linear by linear"] == pytest.approx(trend, abs=1e-9)
    assert found.p["linear by linear"] == pytest.approx(scipy_stats.chi2.sf(trend, 1))
    g = scipy_stats.chi2_contingency(used, correction=False, lambda_="log-likelihood")
    assert found.p["likelihood ratio"] == pytest.approx(g.pvalue)


def test_the_exact_test_of_three_columns_counts_every_table_with_its_margins():
    table = [[3, 0, 2], [1, 4, 1]]
    margins = np.array(table).sum(axis=0)
    hypergeometric = scipy_stats.multivariate_hypergeom(margins, 5)
    chances = [hypergeometric.pmf([a, b, 5 - a - b]) for a in range(6) for b in range(6 - a)]
    own = hypergeometric.pmf(table[0])
    expected = sum(c for c in chances if c <= own * (1 + 1e-9))
    assert counts_tests(table).set_index("test").p["Fisher-Freeman-Halton"] == pytest.approx(expected)


def test_a_table_of_another_shape_is_refused():
    with pytest.raises(TableError, match="The table has rows of 2, 3 counts; two rows of the same"):
        counts_tests([[1, 2], [1, 2, 3]])
    with pytest.raises(TableError, match="a number at least 0 was expected"):
        counts_tests([[1, -2], [1, 2]])
