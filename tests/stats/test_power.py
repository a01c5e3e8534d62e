import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.power import TTestIndPower

from vbqkit.errors import TableError
from vbqkit.stats import power_for_auc, power_for_means, sample_size_for_auc, sample_size_for_means


@pytest.mark.parametrize(
    ("score", "difference", "sds"),
    [("VBQ-T1", 4.400 - 4.100, (0.603, 0.589)), ("VBQ-T2", 0.601 - 0.548, (0.076, 0.075))],
)
def test_the_sample_sizes_of_huang_2026_come_back_from_its_means(score, difference, sds, published):
    found = sample_size_for_means(difference=difference, sd_a=sds[0], sd_b=sds[1]).iloc[0]
    assert found.n_a == published(f"huang n for {score}")
    assert found.n_b == found.n_a
    # The textbook formula with z gives one fewer, so the calculator used the t distribution.
    assert (
        sample_size_for_means(difference=difference, sd_a=sds[0], sd_b=sds[1], reference="normal").n_a.item()
        == found.n_a - 1
    )


@pytest.mark.parametrize("d", [0.5, 0.8])
def test_the_sample_sizes_of_cohens_table_come_back(d, published):
    assert sample_size_for_means(difference=d, sd_a=1, sd_b=1).n_a.item() == published(f"cohen 1988 n d={d}")


@pytest.mark.parametrize(("n", "d"), [(20, 1), (64, 0.5)])
def test_the_power_of_a_t_test_has_the_digits_that_r_and_gpower_print(n, d, published):
    """One degree of freedom more or less changes the fourth digit."""
    found = power_for_means(difference=d, sd_a=1, sd_b=1, n_a=n, n_b=n).estimate.item()
    assert found == published(f"t power n={n} d={d}")


@settings(deadline=None, max_examples=40)
@given(st.floats(0.05, 1), st.integers(2, 60), st.floats(0.3, 2))
def test_the_power_for_means_agrees_with_statsmodels(d, n, ratio):
    n_b = max(2, round(n * ratio))
    found = power_for_means(difference=-d, sd_a=1, sd_b=1, n_a=n, n_b=n_b).estimate.item()
    assert found == pytest.approx(TTestIndPower().power(d, n, 0.05, ratio=n_b / n), abs=1e-7)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.1, 2), st.floats(0.3, 0.99), st.floats(0.4, 3), st.sampled_from(["t", "normal"]))
def test_a_sample_size_is_the_smallest_with_that_power(d, power, ratio, reference):
    found = sample_size_for_means(difference=d, sd_a=1, sd_b=1, power=power, ratio=ratio, reference=reference).iloc[0]
    assert found.power >= power
    if found.n_a > 2:
        n_a = found.n_a - 1
        fewer = power_for_means(
            difference=d, sd_a=1, sd_b=1, n_a=n_a, n_b=max(2, int(np.ceil(n_a * ratio))), reference=reference
        )
        assert fewer.estimate.item() < power


def test_the_power_for_an_auc_is_that_of_proc(published):
    row = power_for_auc(auc=0.73, n_case=41, n_control=72, variance="obuchowski").iloc[0]
    assert row.estimate == published("proc power 41 72")


@pytest.mark.parametrize("theta", [0.6, 0.7, 0.8])
def test_the_sample_sizes_of_obuchowskis_table_come_back(theta, published):
    row = sample_size_for_auc(auc=theta, power=0.9, sides=1, variance="obuchowski").iloc[0]
    assert row.n_case == published(f"obuchowski {theta} ratio 1")


def test_the_power_for_an_auc_is_about_what_a_simulation_finds():
    rng = np.random.default_rng(1)
    shift, n = np.sqrt(2) * scipy_stats.norm.ppf(0.7), 40
    cases, controls = rng.normal(shift, 1, (2000, n, 1)), rng.normal(0, 1, (2000, 1, n))
    won = (cases > controls).mean(axis=2), (cases > controls).mean(axis=1)  # DeLong's structural components
    se = np.sqrt(sum(part.var(axis=1, ddof=1) for part in won) / n)
    hits = np.abs(won[0].mean(axis=1) - 0.5) / se > scipy_stats.norm.ppf(0.975)
    expected = power_for_auc(auc=0.7, n_case=40, n_control=40, variance="hanley-mcneil").estimate.item()
    assert np.mean(hits) == pytest.approx(expected, abs=0.03)


def test_an_auc_against_another_value_and_unequal_groups():
    row = sample_size_for_auc(auc=0.8, null=0.7, ratio=2, variance="hanley-mcneil").iloc[0]
    assert row.n_control == 2 * row.n_case
    assert row.power >= 0.8
    fewer = power_for_auc(
        auc=0.8, null=0.7, n_case=row.n_case - 1, n_control=2 * row.n_case - 2, variance="hanley-mcneil"
    )
    assert fewer.estimate.item() < 0.8


def test_requests_that_no_study_can_meet_are_refused():
    with pytest.raises(TableError, match=r"More than 10,000,000 in a group would be needed"):
        sample_size_for_means(difference=0, sd_a=1, sd_b=1)
    with pytest.raises(TableError, match=r"More than 10,000,000 in a group would be needed"):
        sample_size_for_auc(auc=0.5, variance="hanley-mcneil")
    with pytest.raises(TableError, match=r"null is 0\.7; Obuchowski's formula tests against 0\.5 only"):
        sample_size_for_auc(auc=0.8, null=0.7, variance="obuchowski")
    with pytest.raises(TableError, match=r"power is 0\.01; a number above 0\.05 was expected"):
        sample_size_for_means(difference=1, sd_a=1, sd_b=1, power=0.01)
    with pytest.raises(TableError, match=r"auc is 70; a number below 1 was expected\. Say 0\.7, not 70"):
        power_for_auc(auc=70, n_case=10, n_control=10, variance="hanley-mcneil")
    with pytest.raises(TypeError, match="variance"):
        sample_size_for_auc(auc=0.7)
