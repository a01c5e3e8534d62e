"""The tissue table and the phantom that hands it to the scanner."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import (
    FAT_FAST_SPIN_ECHO,
    FAT_PEAKS,
    FAT_SPIN_ECHO,
    SPIN_ECHO_OF_FAT_MS,
    TISSUE_NAMES,
    TISSUES,
    fat_t1_ms,
    fat_t1_shares,
    fat_t2_ms,
    tissue_named,
    water_fat_shift_hz,
)
from vbqkit.errors import ScannerError

EVERY_ROW = (*TISSUES, FAT_SPIN_ECHO, FAT_FAST_SPIN_ECHO)


@pytest.mark.parametrize("tissue", EVERY_ROW, ids=lambda t: t.name)
def test_every_value_lies_inside_its_cited_range_and_names_a_source(tissue):
    values = (tissue.proton_density, tissue.t1_ms, tissue.t1_3t_ms, tissue.t2_ms, tissue.t2_3t_ms)
    for value, (low, high) in zip(values, tissue.ranges, strict=True):
        assert low <= value <= high
    assert len(tissue.source) > 9
    assert 0 <= tissue.pdff <= 1


@pytest.mark.parametrize("tissue", [t for t in EVERY_ROW if t.proton_density > 0], ids=lambda t: t.name)
def test_every_row_names_a_paper_by_its_doi_or_says_that_it_is_a_model_assumption(tissue):
    assert "doi:" in tissue.source or "model assumption" in tissue.source
    assert "collated" not in tissue.source
    if tissue.bound_fraction > 0:
        assert "doi:" in tissue.bound_source or "model assumption" in tissue.bound_source


def test_codes_are_row_numbers_and_air_is_zero():
    assert TISSUE_NAMES[0] == "air"
    assert [t.code for t in TISSUES] == list(range(len(TISSUES)))
    assert len(set(TISSUE_NAMES)) == len(TISSUE_NAMES)


@pytest.mark.parametrize("tissue", [t for t in EVERY_ROW if t.proton_density > 0], ids=lambda t: t.name)
def test_the_field_rule_passes_through_both_tabulated_fields_and_is_monotonic(tissue):
    assert tissue.t1_at(1.5) == pytest.approx(tissue.t1_ms)
    assert tissue.t1_at(3.0) == pytest.approx(tissue.t1_3t_ms)
    assert tissue.t2_at(3.0) == pytest.approx(tissue.t2_3t_ms)
    fields = (0.3, 0.55, 1.2, 1.5, 3.0, 7.0)
    t1 = [tissue.t1_at(f) for f in fields]
    assert t1 == sorted(t1)  # T1 grows with field (Bottomley 1984)
    assert min(t1[1:4]) < tissue.t1_at(1.2) + 1e-9 < tissue.t1_at(1.5) + 1e-9


def test_marrow_as_water_and_fat_has_the_t1_of_whole_marrow_of_de_bazelaire_2004():
    """Published: 549 +- 52 ms at 1.5 T and 586 +- 73 ms at 3 T for whole L4 marrow, by a fit of one exponential."""
    ti = np.array([50.0, 150, 300, 500, 800, 1200, 1800, 2600, 4000])
    for field_t, mean, sd in ((1.5, 549, 52), (3.0, 586, 73)):
        water = tissue_named("marrow").t1_at(field_t)
        fat = sum(share * (1 - 2 * np.exp(-ti / t1)) for share, t1 in fat_t1_shares(field_t))
        recovery = 0.45 * fat + 0.55 * (1 - 2 * np.exp(-ti / water))
        candidates = np.arange(200.0, 1200.0, 1.0)
        error = [((1 - 2 * np.exp(-ti / t1) - recovery) ** 2).sum() for t1 in candidates]
        assert abs(candidates[int(np.argmin(error))] - mean) < sd


def test_marrow_as_water_and_fat_has_the_t2_of_whole_marrow_of_de_bazelaire_2004():
    """Published: 49 +- 8 ms at 1.5 T and 49 +- 4 ms at 3 T, by spin echoes."""
    te = np.array([10.0, 20, 30, 40, 60, 80, 100])
    for field_t, mean, sd in ((1.5, 49, 8), (3.0, 49, 4)):
        fat = np.array([np.exp(-t / fat_t2_ms(field_t, refocusing_ms=t)) for t in te])
        decay = 0.45 * fat + 0.55 * np.exp(-te / tissue_named("marrow").t2_at(field_t))
        (_, t2), _ = curve_fit(lambda t, a, t2: a * np.exp(-t / t2), te, decay, p0=(1.0, 50.0))
        assert abs(t2 - mean) < sd


def test_an_unknown_tissue_is_refused_with_the_nearest_name():
    with pytest.raises(ScannerError, match=r"no tissue 'marow'\. Did you mean 'marrow'"):
        tissue_named("marow")


@pytest.mark.parametrize("field_t", [0.2, 9.4, float("nan")])
def test_a_field_outside_the_rule_is_refused(field_t):
    with pytest.raises(ScannerError, match=r"outside 0\.3 to 7 T"):
        tissue_named("csf").t1_at(field_t)


def test_fat_decays_as_fast_as_was_measured_and_the_slower_the_closer_its_refocusing_pulses():
    """Spin echoes: de Bazelaire 2004; closely spaced pulses: Gold 2004."""
    for field_t, spin_echo, close in ((1.5, 58.0, 165.0), (3.0, 68.0, 133.0)):
        assert fat_t2_ms(field_t, refocusing_ms=SPIN_ECHO_OF_FAT_MS) == pytest.approx(spin_echo)
        assert fat_t2_ms(field_t, refocusing_ms=1e-6) == pytest.approx(close)
    times = [fat_t2_ms(1.5, refocusing_ms=ms) for ms in (5, 10, 15, 30, 60, 120)]
    assert times == sorted(times, reverse=True)
    with pytest.raises(ScannerError, match="0 ms apart"):
        fat_t2_ms(1.5, refocusing_ms=0)


def test_the_loss_to_j_coupling_of_a_spin_echo_is_quadratic_in_its_echo_time():
    def loss(te_ms: float) -> float:  # of the logarithm of the signal
        return te_ms / fat_t2_ms(1.5, refocusing_ms=te_ms) - te_ms / FAT_FAST_SPIN_ECHO.t2_ms

    assert loss(40.0) == pytest.approx(4 * loss(20.0))


def test_the_peaks_of_fat_are_all_of_it_and_methylene_recovers_faster_than_the_mean():
    assert sum(peak.share for peak in FAT_PEAKS) == pytest.approx(1)
    for field_t in (1.5, 3.0):
        shares = fat_t1_shares(field_t)
        assert sum(share for share, _ in shares) == pytest.approx(1)
        assert fat_t1_ms(field_t) < sum(share * t1 for share, t1 in shares)
    mean = sum(share * t1 for share, t1 in fat_t1_shares(1.5))
    assert mean == pytest.approx(259, abs=1)  # whole adipose tissue, Bottomley 1984


def test_fat_lies_about_430_hz_below_water_at_3_t():
    assert water_fat_shift_hz(3.0) == pytest.approx(434, abs=10)


def test_a_phantom_is_read_only_and_knows_its_truth():
    bottle = Phantom.uniform("csf", shape=(2, 3, 4))
    assert bottle.spacing_mm == (1.0, 0.5, 0.5)
    assert np.allclose(bottle.center_mm, 0)
    assert bottle.true_t1_ms(1.5).max() == tissue_named("csf").t1_ms
    assert bottle.true_t2_ms(3.0).min() == tissue_named("csf").t2_3t_ms
    assert np.isnan(Phantom.uniform("air", shape=(1, 1, 1)).true_t1_ms(1.5)).all()
    with pytest.raises(ValueError, match="read-only"):
        bottle.tissue[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pdff": np.zeros((2, 3, 5))}, r"pdff map has shape \(2, 3, 5\)"),
        ({"tissue": np.full((2, 3, 4), 200)}, "tissue map holds code 200"),
        ({"level": np.full((2, 3, 4), len(LEVEL_OF_CODE))}, "level map holds code"),
        ({"pdff": np.full((2, 3, 4), 1.2)}, "must stay between 0 and 1"),
        ({"pdff": np.full((2, 3, 4), np.nan)}, "must stay between 0 and 1"),
        ({"affine": np.zeros((4, 4))}, "not singular"),
    ],
)
def test_an_impossible_phantom_is_refused(changes, words):
    zeros = np.zeros((2, 3, 4))
    maps = {"tissue": zeros, "pdff": zeros, "pd_scale": zeros, "level": zeros, "affine": np.eye(4)} | changes
    with pytest.raises(ScannerError, match=words):
        Phantom(**maps)
