"""CSF among roots: the same digits as TPTBox, which wrote it first."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.made_up_series import bell, made_up
from vbqkit.acquisition import Acquisition
from vbqkit.errors import ScoreError
from vbqkit.image import Volume, stack_affine
from vbqkit.scores import peak_centered_mean, vbq_of_volume

KEPT = (Path(__file__).parents[1] / "reference/tptbox/digits.csv").read_text(encoding="utf-8")
DIGITS = {row["quantity"]: float(row["value"]) for row in csv.DictReader(KEPT.splitlines())}


def volume(t2, **changes):
    affine = stack_affine((0, 0, 0), (4, 0, 0), (0, 0, -1), (0, 1, 0))
    return Volume(t2.astype(np.float64), affine, acquisition=Acquisition(weighting="T2"), **changes)


@pytest.mark.parametrize(("bins", "share"), [(64, 0.5), (16, 0.5), (64, 0.2), (8, 1.0)])
def test_the_peak_centered_mean_is_that_of_tptbox(bins, share):
    assert peak_centered_mean(bell(), bins=bins, of_peak=share) == pytest.approx(
        DIGITS[f"peak {bins} {share}"], rel=1e-11
    )


def test_the_score_of_a_volume_is_that_of_tptbox():
    t2, levels, canal = made_up()
    bodies = levels > 0
    score = vbq_of_volume(volume(t2), bodies, canal)
    assert score.value == pytest.approx(DIGITS["VBQ_L1-L4"], abs=5e-5)  # TPTBox rounds to four decimals
    assert score.part("bodies mean") == pytest.approx(DIGITS["mean_signal_vertebra_L1-L4"], abs=5e-5)
    assert score.part("canal peak-centered mean") == pytest.approx(DIGITS["mean_signal_liquor_L1-L4"], abs=5e-5)
    assert score.name == "VBQ-3D-T2"


def test_a_weight_of_two_counts_as_the_value_twice():
    values = [1.0, 5.0, 5.5, 9.0]
    assert peak_centered_mean(values, [1, 2, 1, 1], bins=4) == peak_centered_mean([1.0, 5.0, 5.0, 5.5, 9.0], bins=4)


def test_what_cannot_be_is_refused_in_words():
    t2, levels, canal = made_up()
    bodies = levels > 0
    with pytest.raises(ScoreError, match="has shape"):
        vbq_of_volume(volume(t2), bodies[1:], canal)
    thin, low = bodies.copy(), canal.copy()
    thin[4:], low[:, :60] = False, False
    with pytest.raises(ScoreError, match="Nothing is left of the mask of the vertebral bodies"):
        vbq_of_volume(volume(t2), thin, canal)
    with pytest.raises(ScoreError, match="at different heights"):
        vbq_of_volume(volume(t2), bodies & (np.arange(80) < 40)[None, :, None], low)
    with pytest.raises(ScoreError, match="cannot be scored: a scout"):
        vbq_of_volume(volume(t2, refusal="a scout"), bodies, canal)
    with pytest.raises(ScoreError, match="no peak"):
        peak_centered_mean([np.nan])
    with pytest.raises(ScoreError, match="at least 1 bin"):
        peak_centered_mean([1.0], bins=0)
