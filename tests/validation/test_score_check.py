"""What a score cancels: by what must come out whatever the patients are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import ScannerError, ScoreError
from vbqkit.scores import ReferenceGroup, score, unregister_score, use_scores
from vbqkit.validation import FACTORS, check_score
from vbqkit.validation.score_check import _row, said_in_words


def row_of(found, without):
    return _row("field", "1.5 T to 3 T", found, np.array(without), "")


def test_a_change_is_in_percent_of_each_patients_own_score_with_a_t_interval():
    row = row_of([1.1, 2.4, 3.3], [1.0, 2.0, 3.0])
    assert row["mean_percent"] == pytest.approx(40 / 3)
    half = 4.302653 * np.std([10, 20, 10], ddof=1) / 3**0.5  # t of 2 degrees of freedom
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((40 / 3 - half, 40 / 3 + half))
    assert row["verdict"] == "no shift seen"
    assert row["mean_in_sd"] == pytest.approx(0.8 / 3)
    assert row_of([1.1, 2.22, 3.3], [1.0, 2.0, 3.0])["verdict"] == "shifts it"
    assert row_of([1.0005, 2.0, 3.0], [1.0, 2.0, 3.0])["verdict"] == "cancels"


def test_a_score_of_both_signs_is_compared_with_its_mean_size():
    row = row_of([0.5, -1.0], [1.0, -1.0])
    assert row["mean_percent"] == pytest.approx(-25.0)
    assert "takes both signs" in row["note"]


def test_what_is_not_given_says_why():
    row = row_of(["no ROI 'L4'.", 1.0], [1.0, 2.0])
    assert (row["verdict"], row["n"]) == ("not given", 1)
    assert row["note"].startswith("no ROI 'L4'.")


def test_a_check_in_words():
    table = pd.DataFrame(
        {"factor": ["gain", "field"], "verdict": ["cancels", "shifts it"], "mean_percent": [0.0, -7.4]}
    )
    assert list(said_in_words(table)) == ["cancels: gain", "shifts it: field (-7.4 %)"]


def test_one_patient_is_too_few_and_an_unknown_score_is_named():
    with pytest.raises(ScannerError, match="1 patient gives no interval"):
        check_score("VBQ-T1", patients=1)
    with pytest.raises(ScoreError, match="There is no score 'VBQ-T9'"):
        check_score("VBQ-T9")


@pytest.mark.slow
def test_vbq_cancels_gain_and_nothing_else_of_the_machine():
    table = check_score("VBQ-T1", patients=6).set_index("factor")
    assert table.loc["gain", "verdict"] == "cancels"
    for factor in ("field", "TR", "TE", "coil", "correction"):
        assert table.loc[factor, "verdict"] == "shifts it", factor
    assert table.loc["correction", "mean_percent"] < -10  # CSF lies nearer to the coil than marrow
    assert table.loc["TR", "mean_percent"] < 0  # CSF gains more from a longer TR than fat
    assert len(table) == len(FACTORS)  # without TI, with the missing level
    assert table.loc["level missing", "n"] == 6


@pytest.mark.slow
def test_snr_falls_by_half_with_twice_the_noise_and_does_not_know_csf():
    table = check_score("SNR", patients=4).set_index("factor")
    assert table.loc["gain", "verdict"] == table.loc["CSF place", "verdict"] == "cancels"
    assert table.loc["noise", "mean_percent"] == pytest.approx(-50, abs=1)
    reference = ReferenceGroup(mean=200.0, sd=60.0, n=30)
    assert (
        check_score("M-score", patients=4, reference=reference).set_index("factor").loc["gain", "verdict"] == "cancels"
    )
    with pytest.raises(ScoreError, match="M-score cannot be checked on virtual patients: no reference group"):
        check_score("M-score", patients=2)


@pytest.mark.slow
def test_a_score_of_pixels_is_checked_on_pictures_and_one_of_muscle_is_refused():
    use_scores("VBQ-T1-peak", "Marrow/muscle", "VBQ-L1-L1")
    try:
        with pytest.raises(ScoreError, match=r"are not at hand.* Give pictures=True"):
            check_score("VBQ-T1-peak", patients=2)
        with pytest.raises(ScoreError, match="no ROI 'muscle'"):
            check_score("Marrow/muscle", patients=2)
        table = check_score("VBQ-T1-peak", patients=2, pictures=True).set_index("factor")
        assert table.loc["gain", "verdict"] == "cancels"
        assert check_score("VBQ-L1-L1", patients=2).set_index("factor").loc["gain", "n"] == 2
    finally:
        for name in ("VBQ-T1-peak", "Marrow/muscle", "VBQ-L1-L1"):
            unregister_score(name)


@pytest.mark.slow
def test_a_score_that_depends_on_the_gain_is_told_so():
    @score("Marrow alone", regions=("L3",), source="a test")
    def marrow_alone(inputs):
        """Marrow of L3."""
        return inputs.signal("T1", "L3")

    try:
        table = check_score("Marrow alone", patients=2).set_index("factor")
        assert table.loc["gain", "mean_percent"] == pytest.approx(100.0)
        assert table.loc["CSF place", "verdict"] == "cancels"
    finally:
        unregister_score("Marrow alone")
