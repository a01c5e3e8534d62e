"""How the travelling score is judged, on a cohort whose answer is known; and, slowly, on virtual women."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from vbqkit.scanner import scanner_named
from vbqkit.scanner.travelling import _drawn
from vbqkit.validation import travelling
from vbqkit.validation.travelling import cutoff_rows, fat_rows, tags_on, travelled_rows, travelling_cohort


@pytest.fixture
def two(monkeypatch):
    """Two machines, and women whose signals are those of drawn people: what the inversion assumes is true of them."""
    machines = ("generic-1.5t", "philips-achieva-3t")
    monkeypatch.setattr(travelling, "MACHINES", machines)
    monkeypatch.setattr(travelling, "PAIRS", (machines,))
    monkeypatch.setattr(travelling, "WEIGHTINGS", ("T1",))
    fat, ratios = _drawn(tuple(tags_on(scanner_named(m), "T1") for m in machines), 60, 99)
    return pd.DataFrame(
        {
            "person": k,
            "machine": machine,
            "pdff": fat[k],
            "osteoporosis": int(fat[k] > 0.45),
            "T1": math.exp(ratios[k, number]),
        }
        for k in range(60)
        for number, machine in enumerate(machines)
    )


def test_people_of_the_model_itself_are_brought_over_without_bias_and_held_by_their_intervals(two):
    (row,) = travelled_rows(two).to_dict("records")
    assert abs(row["travelled_percent"]) < 3
    assert abs(row["plain_percent"]) > 8
    assert row["coverage"] >= 0.95
    (null,) = travelled_rows(two, swapped=True).to_dict("records")
    assert abs(null["travelled_percent"]) > abs(row["plain_percent"])


def test_a_cut_off_travels_with_the_score(two):
    rows = cutoff_rows(two).set_index("how")
    assert rows.loc["as it is", "sensitivity"] < rows.loc["travelled", "sensitivity"]


@pytest.mark.slow
def test_fat_of_people_of_the_model_is_found_and_not_from_the_signals_of_others(two):
    table = fat_rows(two).query("series == 'T1'")
    assert (table["r"] > 0.6).all()
    assert (table["rmse"] < table["null_rmse"]).all()
    null = fat_rows(two, rng=np.random.default_rng(0)).query("series == 'T1'")
    assert (null["r"].abs() < 0.4).all()


@pytest.mark.slow
def test_on_virtual_women_travelling_lowers_the_error_between_fields():
    cohort = travelling_cohort(16, seed=5)
    rows = travelled_rows(cohort).set_index(["from", "to"])
    for pair in (("generic-1.5t", "philips-achieva-3t"), ("generic-1.5t", "generic-1.5t-plain")):
        assert abs(rows.loc[pair, "travelled_percent"]) < abs(rows.loc[pair, "plain_percent"]) / 2
