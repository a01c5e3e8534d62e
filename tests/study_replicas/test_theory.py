"""Replicas against published sampling theory and another library's power."""

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from vbqkit.study_replicas import patients_needed, replicate_study

TIMES = 2000
T1 = "VBQ-T1 for fracture"


@pytest.fixture(scope="module")
def huang():
    return replicate_study("Huang 2026", times=TIMES, seed=5, population="as printed")


@pytest.fixture(scope="module")
def null():
    return replicate_study("Huang 2026", times=TIMES, seed=6, population="no effect")


@pytest.mark.parametrize("population", ["as printed", "no effect"])
def test_fishers_z_of_r_has_the_mean_and_sd_of_fisher_1921(population):
    z = np.arctanh(replicate_study("Cui 2025", times=TIMES, population=population).draws["VBQ-T1 with QCT", "r"])
    n, rho = 61, -0.27 if population == "as printed" else 0.0
    sd = 1 / math.sqrt(n - 3)
    assert z.mean() == pytest.approx(math.atanh(rho) + rho / (2 * (n - 1)), abs=3.5 * sd / math.sqrt(TIMES))
    assert z.std(ddof=1) == pytest.approx(sd, rel=3.5 / math.sqrt(2 * TIMES))


def test_the_auc_scatters_as_hanley_and_mcneil_1982_say(huang):
    m = n = 84
    area = huang.draws[T1, "AUC"]
    a = area.mean()
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n)
    assert area.std(ddof=1) == pytest.approx(math.sqrt(variance), rel=0.06)  # their scores are exponential
    true = 0.5 * (1 + math.erf((4.4 - 4.1) / math.hypot(0.603, 0.589) / math.sqrt(2)))
    assert a == pytest.approx(true, abs=3.5 * math.sqrt(variance / TIMES))


def test_without_effect_the_auc_scatters_as_mann_and_whitney_1947_say(null):
    m = n = 84
    sd = math.sqrt((m + n + 1) / (12 * m * n))
    area = null.draws[T1, "AUC"]
    assert area.mean() == pytest.approx(0.5, abs=3.5 * sd / math.sqrt(TIMES))
    assert area.std(ddof=1) == pytest.approx(sd, rel=3.5 / math.sqrt(2 * TIMES))


def test_without_effect_one_study_in_twenty_is_significant(null):
    rows = null.predicted().set_index(["comparison", "statistic"])
    for statistic in ("AUC p", "difference p"):
        row = rows.loc[(T1, statistic)]
        assert row["significant_percent"] == pytest.approx(5, abs=3.5 * math.sqrt(5 * 95 / TIMES))


def test_the_power_of_the_t_test_is_statsmodels(huang):
    d = (4.4 - 4.1) / math.sqrt((0.603**2 + 0.589**2) / 2)
    power = 100 * TTestIndPower().power(d, nobs1=84, alpha=0.05)
    row = huang.predicted().set_index(["comparison", "statistic"]).loc[(T1, "difference p")]
    assert row["significant_percent"] == pytest.approx(power, abs=3.5 * math.sqrt(power * (100 - power) / TIMES))


def test_the_patients_needed_for_a_power_are_statsmodels_and_the_papers_own():
    d = (4.4 - 4.1) / math.sqrt((0.603**2 + 0.589**2) / 2)
    exact = 2 * TTestIndPower().solve_power(d, power=0.8, alpha=0.05)
    found = patients_needed("Huang 2026", T1, power=0.8, population="as printed", times=600)
    half = (found.high - found.low) / 2 * 3.5 / 1.96
    assert found.patients == pytest.approx(exact, abs=half + 1)
    assert found.patients == pytest.approx(2 * 63, abs=half + 1)  # Discussion: 63 and 63
    assert found.low <= found.patients <= found.high


def test_the_patients_needed_for_a_precision_of_r_are_those_of_fishers_z():
    found = patients_needed("Cui 2025", "VBQ-T1 with QCT", half_width=0.1, population="as printed", times=500)

    def half(n):
        step = 1.96 / math.sqrt(n - 3)
        return (math.tanh(math.atanh(0.27) + step) - math.tanh(math.atanh(0.27) - step)) / 2

    exact = next(n for n in range(10, 2000) if half(n) <= 0.1)
    assert found.patients == pytest.approx(exact, abs=(found.high - found.low) / 2 * 3.5 / 1.96 + 1)


def test_an_accuracy_scatters_as_a_share_does():
    of = replicate_study("Review page 2026", times=TIMES, population="as printed").draws
    values = of["deep learning on MRI", "accuracy"]
    assert values.std(ddof=1) == pytest.approx(100 * math.sqrt(0.9654 * 0.0346 / 220), rel=3.5 / math.sqrt(2 * TIMES))


def test_the_best_cut_off_promises_more_than_it_keeps(huang):
    best, new = (huang.draws[T1, name].mean() for name in ("Youden's J", "Youden's J in new patients"))
    x = (4.4 - 4.1) / 0.596 / 2
    true = math.erf(x / math.sqrt(2))  # J at the middle of two normal groups of one SD: 2 Phi(d/2) - 1
    assert new < true < best
