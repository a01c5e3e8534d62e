"""A score that travels: what must hold whatever the ranges are, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from vbqkit.acquisition import Acquisition
from vbqkit.errors import ScannerError
from vbqkit.scanner import tissue_signal
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.travelling import REFERENCE_TAGS, Tags, Travelled, _drawn, _quantile, fat_fraction, tags_of, travel

T1 = Tags(weighting="T1", field_t=1.5, tr_ms=550, te_ms=10, echo_train_length=3, corrected=True)
AT_3T = Tags(weighting="T1", field_t=3.0, tr_ms=600, te_ms=20, corrected=True)
T2 = Tags(weighting="T2", field_t=1.5, tr_ms=3500, te_ms=92, echo_train_length=20, corrected=True)
STIR = Tags(weighting="STIR", field_t=1.5, tr_ms=2200, te_ms=41, ti_ms=150, echo_train_length=10, corrected=True)


def test_a_score_that_stays_at_home_stays_itself_but_for_what_two_scans_differ_by():
    found = travel(2.8, replace(REFERENCE_TAGS), to=REFERENCE_TAGS, draws=600)
    assert found.value == pytest.approx(2.8, rel=0.03)  # slices and refocusing are drawn for each of the two
    assert found.holds(2.8)


def test_a_score_is_brought_as_the_signal_equation_says():
    f, timings = 0.4, {3.0: Timing(tr_ms=600, te_ms=20), 1.5: Timing(tr_ms=600, te_ms=12)}
    model = {
        t: tissue_signal("marrow", timing, field_t=t, pdff=f) / tissue_signal("csf", timing, field_t=t, pdff=0.0)
        for t, timing in timings.items()
    }
    found = travel(2.8, AT_3T)
    assert found.value / 2.8 == pytest.approx(model[1.5] / model[3.0], rel=0.06)  # roots and saturation aside
    assert found.value > 3.0


def test_what_is_not_known_of_the_coil_makes_the_interval_wider():
    known, unknown = (travel(2.8, replace(AT_3T, corrected=c), draws=800) for c in (True, None))
    assert math.log(unknown.ci_high / unknown.ci_low) > 1.1 * math.log(known.ci_high / known.ci_low)
    assert travel(2.0, replace(AT_3T, corrected=False), draws=800).value > travel(2.0, AT_3T, draws=800).value


def test_more_marrow_fat_is_found_where_there_is_more_and_three_series_narrow_it():
    fat, ratios = _drawn((T1, T2, STIR), 600, 0)
    order = np.argsort(fat)
    thin, rich = (
        {tags: math.exp(float(np.median(ratios[part, k]))) for k, tags in enumerate((T1, T2, STIR))}
        for part in (order[:120], order[-120:])
    )
    low, high = (fat_fraction(vbqs, draws=600) for vbqs in (thin, rich))
    assert low.value < 0.3 < 0.45 < high.value
    alone = fat_fraction({T1: thin[T1]}, draws=600)
    assert low.ci_high - low.ci_low < alone.ci_high - alone.ci_low


def test_the_same_seed_gives_the_same_digits():
    assert travel(2.8, AT_3T, draws=200, seed=4) == travel(2.8, AT_3T, draws=200, seed=4)
    assert travel(2.8, AT_3T, draws=200, seed=4) != travel(2.8, AT_3T, draws=200, seed=5)


def test_a_weighted_quantile_is_that_of_the_values_repeated():
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5])
    assert _quantile(values, weights, 0.5) == 2.0
    assert Travelled(value=2, ci_low=1, ci_high=3, confidence=0.9, draws=1).holds(3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: travel(40.0, AT_3T, draws=200), "Hardly anybody of 200 drawn people has VBQ of T1 40"),
        (lambda: travel(math.nan, AT_3T), "A VBQ of nan cannot travel"),
        (lambda: travel(0.5, T2, to=REFERENCE_TAGS), "A score on T2 cannot be brought to T1"),
        (lambda: travel(2.8, AT_3T, confidence=95), "A confidence of 95 is not possible"),
        (lambda: fat_fraction({}), "nothing to estimate fat from"),
        (lambda: Tags(weighting="PD", field_t=1.5, tr_ms=2000, te_ms=20), "A PD series cannot travel"),
        (lambda: Tags(weighting="STIR", field_t=1.5, tr_ms=3000, te_ms=40), "STIR has a TI"),
        (lambda: Tags(weighting="T1", field_t=1.5, tr_ms=10, te_ms=40), "not shorter than TR"),
        (lambda: tags_of(Acquisition(weighting="T1", tr_ms=500)), "does not say field_t, te_ms"),
        (lambda: tags_of(Acquisition(weighting="STIR", tr_ms=3000, te_ms=40, field_t=3)), "does not say ti_ms"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call, words):
    with pytest.raises(ScannerError, match=words):
        call()


def test_the_tags_are_those_of_the_header():
    header = Acquisition(weighting="T2", tr_ms=3500, te_ms=92, field_t=1.5, echo_train_length=20, ti_ms=None)
    assert tags_of(header, corrected=True) == T2
