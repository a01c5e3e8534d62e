"""Signal equations against the textbook, a slow oracle and the figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.anatomy.tissues import TISSUES, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner.magnetization_transfer import bound_saturation_per_s
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import (
    dixon_signals,
    fat_signal,
    inversion_recovery,
    spin_echo,
    tissue_signal,
    train_signal,
    water_signals,
)

relaxation = st.tuples(st.floats(150, 5000), st.floats(5, 2500))


@given(relaxation, st.floats(300, 6000), st.floats(5, 120))
def test_spin_echo_is_the_textbook_equation(times, tr, te):
    t1, t2 = times
    textbook = (1 - 2 * exp(-(tr - te / 2) / t1) + exp(-tr / t1)) * exp(-te / t2)
    assert spin_echo(t1, t2, tr_ms=tr, te_ms=te) == pytest.approx(textbook, abs=1e-12)


@given(relaxation, st.floats(1500, 8000), st.floats(5, 100), st.floats(80, 400))
def test_inversion_recovery_is_the_textbook_equation_before_the_magnitude(times, tr, te, ti):
    t1, t2 = times
    textbook = (1 - 2 * exp(-ti / t1) + exp(-tr / t1)) * exp(-te / t2)
    assert inversion_recovery(t1, t2, tr_ms=tr, te_ms=te, ti_ms=ti) == pytest.approx(textbook, abs=1e-12)


def steady_state(t1: float, timing: Timing, step_ms: float = 0.05) -> float:
    """Longitudinal magnetisation at the excitation, by brute force over five repetitions."""
    spacing = timing.echo_spacing_ms or timing.te_ms
    start = timing.ti_ms or 0.0
    pulses = sorted(start + (k + 0.5) * spacing for k in range(timing.echo_train_length))
    decay, m, at_excitation = exp(-step_ms / t1), 1.0, 0.0
    for _ in range(5):
        if timing.ti_ms is not None:
            m *= -timing.inversion_efficiency
        due, time, excited = list(pulses), 0.0, timing.ti_ms is None
        if excited:
            at_excitation, m = m, 0.0
        for _ in range(round(timing.tr_ms / step_ms)):
            m = 1 - (1 - m) * decay
            time += step_ms
            if not excited and time >= start - 1e-6:
                at_excitation, m, excited = m, 0.0, True
            if due and time >= due[0] - 1e-6:
                m = -m
                due.pop(0)
    return at_excitation


@pytest.mark.parametrize("t1", [300.0, 950.0, 4150.0])
@pytest.mark.parametrize(
    "timing",
    [
        Timing(tr_ms=500, te_ms=10, echo_train_length=3, echo_spacing_ms=10),
        Timing(tr_ms=3000, te_ms=100, echo_train_length=16, echo_spacing_ms=12.5),
        Timing(tr_ms=2500, te_ms=60, ti_ms=150, echo_train_length=10, echo_spacing_ms=12),
    ],
    ids=["T1", "T2", "STIR"],
)
def test_echo_trains_agree_with_a_step_by_step_simulation(t1, timing):
    assert train_signal(t1, 1e12, timing) == pytest.approx(steady_state(t1, timing), abs=2e-3)


def vbq(pdff: float, field_t: float, timing: Timing) -> float:
    marrow = tissue_signal("marrow", timing, field_t=field_t, pdff=pdff)
    return marrow / tissue_signal("csf", timing, field_t=field_t)


def test_the_figures_worked_out_by_hand_come_out_of_the_equations():
    """Worked out with the table of tissues, two T1 and the J-coupling of fat, and nothing else of this package."""
    assert vbq(0.45, 3.0, Timing(tr_ms=600, te_ms=20)) == pytest.approx(3.18, rel=0.01)
    assert vbq(0.65, 1.5, Timing(tr_ms=500, te_ms=12)) == pytest.approx(4.94, rel=0.01)
    t2 = Timing(tr_ms=3000, te_ms=100, echo_train_length=16, echo_spacing_ms=12.5)
    assert vbq(0.45, 1.5, t2) == pytest.approx(0.501, abs=0.005)
    assert vbq(0.65, 1.5, t2) == pytest.approx(0.618, abs=0.005)
    stir = Timing(tr_ms=4000, te_ms=60, ti_ms=150, echo_train_length=12, echo_spacing_ms=10)
    assert vbq(0.55, 1.5, stir) == pytest.approx(0.198, abs=0.005)


@given(st.floats(0.05, 0.9))
def test_more_marrow_fat_means_a_higher_vbq_t1(pdff):
    timing = Timing(tr_ms=550, te_ms=11, echo_train_length=3, echo_spacing_ms=11)
    assert vbq(pdff + 0.05, 1.5, timing) > vbq(pdff, 1.5, timing)


def test_water_and_fat_are_added_before_the_magnitude():
    """Between the null points of fat and water their signals point apart and cancel."""
    timing = Timing(tr_ms=6000, te_ms=20, ti_ms=400)
    fat, water = (tissue_signal("marrow", timing, field_t=1.5, pdff=f) for f in (1.0, 0.0))
    mixed = tissue_signal("marrow", timing, field_t=1.5, pdff=0.5)
    assert mixed == pytest.approx(abs(fat - water) / 2)
    assert mixed < 0.5 * (fat + water) / 2


def stir(ti_ms: float, te_ms: float = 40.0) -> Timing:
    return Timing(tr_ms=4000, te_ms=te_ms, ti_ms=ti_ms, echo_train_length=8, echo_spacing_ms=10)


@pytest.mark.parametrize(("field_t", "low", "high"), [(1.5, 150, 175), (3.0, 200, 230)])
def test_fat_is_gone_at_the_inversion_times_that_are_used_for_it(field_t, low, high):
    """TI of 140 to 170 ms at 1.5 T and of 200 to 230 ms at 3 T are ordinary."""
    assert fat_signal(stir(low), field_t) < 0 < fat_signal(stir(high), field_t)


@pytest.mark.parametrize(("field_t", "times"), [(1.5, (140, 150, 160, 170)), (3.0, (180, 200, 220, 230))])
def test_fat_is_darker_than_muscle_at_ordinary_inversion_times(field_t, times):
    for ti in times:
        for te in (30.0, 60.0):
            fat, muscle = (tissue_signal(n, stir(ti, te), field_t=field_t) for n in ("subcutaneous_fat", "muscle"))
            assert fat < muscle


def test_an_inversion_that_is_not_complete_moves_the_null_of_fat_to_an_earlier_time():
    times = range(100, 260)

    def null(efficiency: float) -> int:
        return min(times, key=lambda ti: abs(fat_signal(replace(stir(ti), inversion_efficiency=efficiency), 1.5)))

    assert null(0.8) < null(0.96) < null(1.0)
    with pytest.raises(ScannerError, match=r"efficiency of 1\.2"):
        replace(stir(150), inversion_efficiency=1.2)


@pytest.mark.parametrize("field_t", [1.5, 3.0])
def test_the_first_echo_of_a_train_and_a_spin_echo_at_the_same_time_lose_the_same_to_j_coupling(field_t):
    alone = Timing(tr_ms=5000, te_ms=12)
    for echoes in (2, 8, 20):
        train = replace(alone, echo_train_length=echoes, echo_spacing_ms=12)
        assert fat_signal(train, field_t) == pytest.approx(fat_signal(alone, field_t), rel=1e-3)  # T1 of the train


def test_a_late_echo_of_a_train_is_brighter_in_fat_than_a_spin_echo_at_the_same_time():
    alone = Timing(tr_ms=3000, te_ms=100)
    train = replace(alone, echo_train_length=16, echo_spacing_ms=10)
    assert fat_signal(train, 1.5) > 2 * fat_signal(alone, 1.5)


def test_stir_suppresses_fat_and_keeps_oedema():
    timing = Timing(tr_ms=4000, te_ms=50, ti_ms=150, echo_train_length=10, echo_spacing_ms=10)
    oedema, marrow, fat = (
        tissue_signal(n, timing, field_t=1.5) for n in ("marrow_oedema", "marrow", "subcutaneous_fat")
    )
    assert oedema > 2 * marrow
    assert marrow > fat


@pytest.mark.parametrize("scanner", ["generic-1.5t", "generic-3t"])
def test_modic_1_is_dark_on_t1_and_bright_on_t2_and_stir(scanner):
    """Modic 1988: that is what type 1 means. Degenerated marrow of 45 % fat beside it."""
    machine = scanner_named(scanner)
    changed = {
        name: tissue_signal("marrow_red", machine.protocol(name).timing, field_t=machine.field_t, pdff=0.16)
        / tissue_signal("marrow", machine.protocol(name).timing, field_t=machine.field_t, pdff=0.45)
        for name in ("T1", "T2", "STIR")
    }
    assert changed["T1"] < 0.85
    assert changed["T2"] > 1.15
    assert changed["STIR"] > 1.5


@pytest.mark.parametrize("scanner", ["generic-1.5t", "generic-3t"])
def test_modic_1_is_brighter_on_t2_than_the_fatty_marrow_of_the_same_person_in_a_scan_of_many_slices(scanner):
    """Case06 has 51 % of fat. With as many macromolecules as liver, which no marrow has, it was darker."""
    machine = scanner_named(scanner)
    protocol = machine.protocol("T2")
    rate = bound_saturation_per_s(
        protocol.timing, slices=protocol.slices, gap_ratio=protocol.gap_mm / protocol.thickness_mm
    )
    changed, marrow = (
        tissue_signal(name, protocol.timing, field_t=machine.field_t, pdff=pdff, saturation_per_s=rate)
        for name, pdff in (("marrow_red", 0.16), ("marrow", 0.51))
    )
    assert changed > 1.05 * marrow


def test_macromolecules_of_changed_marrow_are_no_more_than_those_that_were_measured_in_marrow():
    measured = tissue_named("marrow").bound_fraction
    assert tissue_named("marrow_red").bound_fraction <= measured
    for name in ("marrow_oedema", "haemangioma"):  # half of it is fluid or blood
        assert tissue_named(name).bound_fraction == pytest.approx(measured / 2)


def test_every_tissue_has_a_signal_and_what_has_no_protons_has_none():
    signals = water_signals(Timing(tr_ms=600, te_ms=12), 1.2)
    for tissue, signal in zip(TISSUES, signals, strict=True):
        assert (signal > 0) == (tissue.proton_density > 0)


def test_a_small_flip_angle_makes_the_fat_fraction_free_of_t1():
    water, fat = (dixon_signals(t1, tr_ms=10, flip_angle_deg=1) for t1 in (1040, 377))
    assert 0.4 * fat / (0.4 * fat + 0.6 * water) == pytest.approx(0.4, abs=0.005)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"tr_ms": 20, "te_ms": 600}, r"TE \(600 ms\) is not shorter than TR \(20 ms\)"),
        ({"tr_ms": -500, "te_ms": 10}, "TR is -500 ms"),
        ({"tr_ms": 500, "te_ms": -1}, "TE is -1 ms"),
        ({"tr_ms": 500, "te_ms": 10, "ti_ms": -150}, "TI is -150 ms"),
        ({"tr_ms": float("nan"), "te_ms": 10}, "TR is nan ms"),
        ({"tr_ms": 500, "te_ms": 10, "ti_ms": 495}, "Inversion and echo train take 505 ms, TR is 500 ms"),
        ({"tr_ms": 500, "te_ms": 10, "echo_train_length": 0}, "echo train length of 0"),
        ({"tr_ms": 500, "te_ms": 10, "echo_train_length": 4}, "needs an echo spacing"),
        (
            {"tr_ms": 150, "te_ms": 10, "echo_train_length": 16, "echo_spacing_ms": 10},
            "take 160 ms, TR is 150 ms",
        ),
    ],
)
def test_times_that_cannot_be_are_refused(times, words):
    with pytest.raises(ScannerError, match=words):
        Timing(**times)


def test_impossible_fractions_angles_and_tissues_are_refused():
    timing = Timing(tr_ms=500, te_ms=10)
    with pytest.raises(ScannerError, match=r"fat fraction of 1\.2"):
        tissue_signal("marrow", timing, field_t=1.5, pdff=1.2)
    with pytest.raises(ScannerError, match="no tissue 'bone'"):
        tissue_signal("bone", timing, field_t=1.5)
    with pytest.raises(ScannerError, match="flip angle 120 degrees"):
        dixon_signals(900, tr_ms=10, flip_angle_deg=120)
