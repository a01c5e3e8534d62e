"""Control charts and outliers against what the NIST/SEMATECH e-Handbook and the papers print."""

import numpy as np
import pytest

from vbqkit.errors import TableError
from vbqkit.stats import extreme_deviates, individuals_chart
from vbqkit.stats.control_chart import broken_rules

FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]  # NIST e-Handbook 6.3.2.2
ROSNER = [
    *(-0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.70),
    *(1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.40),
    *(2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30, 4.64, 5.34, 5.42, 6.01),
]  # Rosner 1983; NIST e-Handbook 1.3.5.17.3
GRUBBS = [199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57]  # NIST e-Handbook 1.3.5.17.1


def test_limits_of_individuals_are_those_of_the_nist_handbook():
    first = individuals_chart(FLOW).iloc[0]
    assert [round(first[name], 4) for name in ("lower", "center", "upper")] == [45.8159, 50.81, 55.8041]
    assert "10 values; 20 or more" in first["note"]


def test_three_outliers_of_rosner_are_found_with_his_deviates_and_critical_values():
    found = extreme_deviates(ROSNER, most=10)
    assert found["outlier"].tolist() == [True] * 3 + [False] * 7
    printed = [3.118, 2.942, 3.179, 2.810, 2.815, 2.848, 2.279, 2.310, 2.101, 2.067]
    critical = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085]
    assert found["deviate"].to_numpy() == pytest.approx(printed, abs=0.0012)  # some are cut off, not rounded
    assert found["critical"].to_numpy() == pytest.approx(critical, abs=0.0012)


def test_one_outlier_is_that_of_grubbs():
    found = extreme_deviates(GRUBBS).iloc[0]
    assert (found["value"], found["position"], bool(found["outlier"])) == (245.57, 7, True)
    assert found["deviate"] == pytest.approx(2.4687, abs=1e-4)  # printed, cut off


def test_a_run_of_the_rules_is_as_long_as_champ_and_woodall_print():
    z = np.random.default_rng(0).normal(size=(3000, 600)).astype(np.float32)
    broken = broken_rules(z).any(axis=0)
    runs = np.where(broken.any(axis=1), broken.argmax(axis=1) + 1, 600)
    assert runs.mean() == pytest.approx(91.75, abs=4 * runs.std() / 3000**0.5)  # Champ and Woodall 1987, rules 1 to 4


@pytest.mark.parametrize(
    ("z", "rules"),
    [
        ([0, 0, 3.1], [1]),
        ([0, 0, -3.1], [1]),
        ([2.1, 0, 2.1], [2]),
        ([2.1, 0, 0, 2.1], []),
        ([2.1, -2.1], []),
        ([1.1, 1.1, 0, 1.1, 1.1], [3]),
        ([1.1, 1.1, 0, 0, 1.1, 1.1], []),
        ([0.1] * 8, [4]),
        ([0.1] * 7, []),
        ([-0.1] * 8, [4]),
        ([0.0] * 8, []),
    ],
)
def test_each_western_electric_rule_is_broken_by_its_own_pattern(z, rules):
    assert [k + 1 for k, row in enumerate(broken_rules(z)) if row[-1]] == rules


def test_limits_come_from_the_baseline_alone():
    chart = individuals_chart([*FLOW, 70.0, 71.0], baseline=10)
    assert round(chart["upper"].iloc[0], 4) == 55.8041
    assert chart["rules"].tolist()[-2:] == ["1", "1 2"]
    assert chart["in_baseline"].tolist() == [True] * 10 + [False] * 2


@pytest.mark.parametrize(
    ("values", "words"), [([5.0], "makes no control chart"), ([5.0, 5.0, 5.0], "nothing says how far they vary")]
)
def test_too_little_for_a_chart_is_said(values, words):
    with pytest.raises(TableError, match=words):
        individuals_chart(values)


def test_equal_values_have_no_outliers_and_two_values_are_too_few():
    assert extreme_deviates([3.0, 3.0, 3.0]).empty
    with pytest.raises(TableError, match="3 or more are needed"):
        extreme_deviates([3.0, 4.0])
    with pytest.raises(TableError, match="cannot be looked for"):
        extreme_deviates([3.0, 4.0, 5.0], most=2)
