"""Relaxation times that differ between people: against the published spreads, and through every way to a signal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import Phantom, VirtualPatient, draw_patients
from vbqkit.anatomy.own_times import TABLE_TIMES, OwnTimes, draw_own_times
from vbqkit.anatomy.tissues import fat_t2_ms, tissue_named
from vbqkit.anatomy.wear import STENOSIS_AGES, STENOSIS_PREVALENCE, draw_narrow_canal
from vbqkit.errors import ScannerError
from vbqkit.scanner import acquire, prepare, scanner_named
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import fat_signal, train_signal, water_signals

OWN = OwnTimes(csf_t1=0.9, csf_t2=1.1, marrow_t2=0.7, fat_t1=1.08, fat_t2=0.95)
PATIENT = VirtualPatient(age=60, sex="F", bmi=24.0, pdff=(0.4, 0.41, 0.42, 0.43), t_score=-1.0, own_times=OWN)


def test_csf_varies_as_measured_between_people():
    drawn = [draw_own_times(np.random.default_rng(k), sex="M", pdff=0.4) for k in range(4000)]
    # 4308.7 +- 146.9 and 1885.5 +- 67.9 ms, PMC10696635
    assert 4308.7 * np.std([t.csf_t1 for t in drawn]) == pytest.approx(146.9, rel=0.05)
    assert 1885.5 * np.std([t.csf_t2 for t in drawn]) == pytest.approx(67.9, rel=0.05)


def test_t2_of_marrow_water_has_the_range_and_the_correlation_of_ruschke_2021():
    rng = np.random.default_rng(2)
    pdff = np.clip(rng.normal(0.368, 0.138, 4000), 0.04, 0.82)
    t2 = np.array([21.1 * draw_own_times(rng, sex="F", pdff=float(f)).marrow_t2 for f in pdff])
    assert np.median(t2) == pytest.approx(21.1, rel=0.03)
    assert np.corrcoef(pdff, t2)[0, 1] == pytest.approx(-0.58, abs=0.04)
    lows, highs = zip(*((s.min(), s.max()) for s in t2[:3900].reshape(15, 260)), strict=True)
    assert np.mean(lows) == pytest.approx(11.2, rel=0.12)
    assert np.mean(highs) == pytest.approx(42.5, rel=0.12)


def test_own_times_are_an_option_that_changes_nobody_else():
    plain, own = (draw_patients(5, rng=np.random.default_rng(3), own_times=option) for option in (False, True))
    assert all(p.own_times == TABLE_TIMES for p in plain)
    assert all(p.own_times != TABLE_TIMES for p in own)
    assert tuple(replace(p, own_times=TABLE_TIMES) for p in own) == plain
    assert own[0].as_row()["marrow_t2_factor"] == own[0].own_times.marrow_t2


def test_signals_are_those_of_the_persons_times():
    timing = Timing(tr_ms=600, te_ms=20)
    found, table = water_signals(timing, 1.5, own=OWN), water_signals(timing, 1.5)
    for name in ("csf", "marrow"):
        t = tissue_named(name)
        expected = t.proton_density * train_signal(
            t.t1_ms * (0.9 if name == "csf" else 1.0), t.t2_ms * (1.1 if name == "csf" else 0.7), timing
        )
        assert found[t.code] == pytest.approx(expected, rel=1e-12)
    others = [k for k in range(len(table)) if k not in (tissue_named("csf").code, tissue_named("marrow").code)]
    assert np.array_equal(found[others], table[others])
    late = Timing(tr_ms=60_000, te_ms=60)
    decay = 60 / fat_t2_ms(1.5, refocusing_ms=60)
    assert fat_signal(late, 1.5, own=OWN) / fat_signal(late, 1.5) == pytest.approx(
        np.exp(decay - decay / 0.95), rel=1e-6
    )


@pytest.mark.parametrize("weighting", ["T1", "T2", "STIR"])
def test_a_scan_and_a_prepared_slice_use_the_persons_times(weighting):
    scanner = replace(scanner_named("generic-1.5t-plain"), noise=0.0, csf_flow_per_s=0.0, motion=0.0, coil=None)
    bottle = Phantom.uniform("marrow", shape=(5, 150, 150), pdff=0.45, spacing_mm=(2.0, 1.0, 1.0))
    protocol = replace(scanner.protocol(weighting), saturation_band_mm=None)
    persons = replace(bottle, patient=replace(PATIENT, qct_mg_cm3=float("nan")))
    middle = [protocol.slices // 2]
    means = []
    for phantom in (bottle, persons):
        rng = np.random.default_rng(1)
        volume = acquire(phantom, scanner, protocol, rng=rng, slices=middle, gain=1.0)
        image = prepare(phantom, scanner, protocol, rng=np.random.default_rng(1), slices=middle).image()
        core = (slice(182, 202), slice(182, 202))
        means.append(volume.pixels[0][core].mean())
        assert image.pixels[core].mean() == pytest.approx(means[-1], rel=2e-3)
    code, played = tissue_named("marrow").code, protocol.played
    rate = {"saturation_per_s": protocol.saturation_per_s}
    expected = [
        abs(
            0.55 * water_signals(played, 1.5, own=own, **rate)[code]
            + 0.45 * tissue_named("marrow").proton_density * fat_signal(played, 1.5, own=own)
        )
        for own in (TABLE_TIMES, OWN)
    ]
    assert means[1] / means[0] == pytest.approx(expected[1] / expected[0], rel=5e-3)
    assert persons.true_t2_ms(1.5).max() == pytest.approx(0.7 * tissue_named("marrow").t2_ms, rel=1e-6)


def test_a_factor_that_cannot_be_is_refused():
    with pytest.raises(ScannerError, match=r"A factor csf_t1 of 0\.0 on a time is not possible; give a number above 0"):
        OwnTimes(csf_t1=0.0)


@pytest.mark.parametrize(("age", "share"), list(zip(STENOSIS_AGES, STENOSIS_PREVALENCE, strict=True)))
def test_a_narrow_canal_is_as_frequent_as_in_the_framingham_study(age, share):
    rng = np.random.default_rng(6)
    found = [draw_narrow_canal(replace(PATIENT, age=age), rng) for _ in range(6000)]
    assert np.mean([bool(f) for f in found]) == pytest.approx(share, abs=0.012)
    assert all(f[0].sac_depth_mm <= 9.0 for f in found if f)
