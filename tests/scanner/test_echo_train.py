"""The echo train against a scan done line by line, and what it may not change."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import TISSUES, fat_t1_shares, fat_t2_ms, tissue_named
from vbqkit.scanner.echo_train import TERM_TOLERANCE, decay_terms, echo_of_line
from vbqkit.scanner.forward_model import UNIT_GAIN, acquire
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import train_signal

T2 = Timing(tr_ms=3500, te_ms=96, echo_train_length=8, echo_spacing_ms=24)
FIRST = Timing(tr_ms=550, te_ms=11, echo_train_length=3, echo_spacing_ms=11)
STIR = Timing(tr_ms=2600, te_ms=62, ti_ms=150, echo_train_length=10, echo_spacing_ms=11)
SMALL = Protocol(
    weighting="T2",
    timing=T2,
    fov_mm=80,
    matrix=64,
    acquired=(48, 64),
    slices=1,
    thickness_mm=4,
    bandwidth_hz_per_px=1e9,
)
IDEAL = Scanner(
    name="ideal", vendor="no one", model="ideal", field_t=1.5, coil=None, noise=0.0, apodisation=0.0, csf_flow_per_s=0.0
)  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@cache
def body() -> Phantom:
    """Muscle around a column of fatty marrow with thin discs, CSF behind it, and a cortex of short T2."""
    shape = (6, 90, 90)
    tissue = np.full(shape, tissue_named("muscle").code, dtype=np.uint8)
    tissue[:, :, :12] = tissue[:, :6] = 0
    tissue[:, :, 28:50] = tissue_named("marrow").code
    tissue[:, :, 26:28] = tissue_named("ligament").code
    tissue[:, :, 50:62] = tissue_named("csf").code
    for row in range(10, 90, 22):
        tissue[:, row : row + 4, 28:50] = tissue_named("disc_nucleus").code
        tissue[:, row + 4, 28:50] = tissue_named("endplate").code
    fat = np.array([t.pdff for t in TISSUES], dtype=np.float32)[tissue]
    empty = Phantom.uniform("air", shape=shape, spacing_mm=(1.0, 0.8, 0.8))
    return Phantom(tissue, fat, np.ones(shape, np.float32), np.zeros(shape, np.uint8), empty.affine)


def line_by_line(phantom: Phantom, protocol: Protocol, *, decays: bool = True) -> np.ndarray:
    """The magnitude picture of a scan that reads one line after the other, each with the signal of its own echo."""
    timing, n, fov = protocol.timing, protocol.acquired[0], protocol.fov_mm
    phase = 0 if protocol.phase_axis == "HF" else 1
    tissue, fat = phantom.tissue[3], phantom.pdff[3].astype(float)
    fat_t2 = fat_t2_ms(1.5, refocusing_ms=timing.refocusing_ms)
    at = (np.arange(90) - 44.5) * 0.8
    pixels = (np.arange(protocol.matrix) - (protocol.matrix - 1) / 2) * protocol.pixel_mm
    spectrum = np.arange(-protocol.acquired[1], protocol.acquired[1] + 1) / (2 * fov)
    ends = np.ones(len(spectrum))
    ends[[0, -1]] = 0.5
    across = np.exp(2j * np.pi * np.outer(pixels, spectrum)) * ends @ np.exp(-2j * np.pi * np.outer(spectrum, at))
    across *= 0.8 / (2 * fov)
    picture = np.zeros((protocol.matrix, protocol.matrix), dtype=complex)
    for line in range(-n, n + 1):
        echo = int(
            echo_of_line(np.array([line]), n, echoes=timing.echo_train_length, effective=timing.effective_echo)[0]
        )
        te = timing.te_ms + (echo - timing.effective_echo) * timing.echo_spacing_ms * decays
        # the decay to this echo, the recovery of the sequence as it is
        water, oil = np.zeros(tissue.shape), np.zeros(tissue.shape)
        for t in TISSUES:
            if t.t1_ms > 0 and t.t2_ms > 0:
                start = train_signal(t.t1_ms, 1e12, timing)
                water[tissue == t.code] = t.proton_density * start * np.exp(-te / t.t2_ms)
                oil[tissue == t.code] = t.proton_density
        oil *= sum(w * train_signal(t1, 1e12, timing) for w, t1 in fat_t1_shares(1.5)) * np.exp(-te / fat_t2)
        signal = (1 - fat) * water + fat * oil
        signal = signal if phase == 0 else signal.T
        k = line / (2 * fov)
        read = np.exp(-2j * np.pi * k * at) @ signal * (0.5 if abs(line) == n else 1.0) * 0.8 / (2 * fov)
        picture += np.outer(np.exp(2j * np.pi * k * pixels), across @ read)
    return np.abs(picture if phase == 0 else picture.T)


@pytest.mark.parametrize("phase_axis", ["HF", "AP"])
@pytest.mark.parametrize("timing", [T2, FIRST, STIR], ids=["T2", "T1", "STIR"])
def test_a_fast_spin_echo_is_what_reading_line_by_line_gives(timing, phase_axis):
    protocol = replace(SMALL, timing=timing, phase_axis=phase_axis)
    slow = line_by_line(body(), protocol)
    fast = np.asarray(acquire(body(), IDEAL, protocol, rng=rng(), gain=1.9).pixels[0], dtype=float) / (1.9 * UNIT_GAIN)
    assert np.abs(fast - slow).max() < TERM_TOLERANCE
    assert np.abs(line_by_line(body(), protocol, decays=False) - slow).max() > 5 * TERM_TOLERANCE  # the train shows


@pytest.mark.parametrize("phase_axis", ["HF", "AP"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"te_ms": 40.0},
        {"te_ms": 205.0},
        {"field_t": 3.0},
        {"tr_ms": 2500.0, "ti_ms": 150.0},
        {"bandwidth_hz_per_px": 80.0},
    ],
    ids="-".join,
)
def test_a_slider_on_a_train_gives_the_same_picture_as_a_new_scan(settings, phase_axis):
    scanner = replace(IDEAL, noise=0.01, csf_flow_per_s=1.0, motion=0.05, field_t=settings.get("field_t", 1.5))
    protocol = replace(SMALL, phase_axis=phase_axis, bandwidth_hz_per_px=settings.get("bandwidth_hz_per_px", 300.0))
    protocol = replace(
        protocol, timing=replace(T2, **{k: v for k, v in settings.items() if k in ("tr_ms", "te_ms", "ti_ms")})
    )
    slow = acquire(body(), scanner, protocol, rng=rng(), gain=1.0).pixels[0]
    before = replace(SMALL, phase_axis=phase_axis, bandwidth_hz_per_px=300.0)
    fast = prepare(body(), replace(scanner, field_t=1.5), before, rng=rng(), slices=[0]).image(**settings).pixels
    assert np.abs(np.asarray(fast, dtype=float) - np.asarray(slow, dtype=float)).max() <= 2


@pytest.mark.parametrize("tissue", ["muscle", "marrow", "csf", "ligament"])
def test_the_mean_of_a_large_region_is_the_signal_at_the_effective_echo_time(tissue):
    bottle = Phantom.uniform(tissue, shape=(6, 90, 90), pdff=0.0, spacing_mm=(1.0, 0.8, 0.8))
    t = tissue_named(tissue)
    for timing in (replace(T2, te_ms=48.0, echo_spacing_ms=12.0), FIRST):
        picture = np.asarray(acquire(bottle, IDEAL, replace(SMALL, timing=timing), rng=rng(), gain=1.9).pixels[0])
        expected = t.proton_density * train_signal(t.t1_ms, t.t2_ms, timing) * 1.9 * UNIT_GAIN
        assert picture[16:48, 16:48].mean() == pytest.approx(expected, abs=0.01 * expected + 1.0)


@pytest.mark.parametrize(("echoes", "effective"), [(2, 0), (3, 0), (3, 1), (8, 3), (10, 7), (16, 8), (16, 15), (5, 2)])
def test_every_echo_fills_the_same_share_of_k_space_and_the_effective_one_its_middle(echoes, effective):
    samples = 30 * echoes
    lines = np.arange(-2 * samples + 1, 2 * samples, 2)  # between lines, so that no line lies on an edge
    echo = echo_of_line(lines, 2 * samples, echoes=echoes, effective=effective)
    assert np.bincount(echo, minlength=echoes).tolist() == [len(lines) // echoes] * echoes
    assert echo[len(lines) // 2] == echo[len(lines) // 2 - 1] == effective
    if effective in (0, echoes - 1):  # from the center outwards, both sides alike
        assert np.array_equal(echo, echo[::-1])


def test_a_few_terms_stand_for_the_decay_of_every_tissue_and_none_changes_the_middle_of_k_space():
    timing, samples = Timing(tr_ms=3600, te_ms=100, echo_train_length=16, echo_spacing_ms=11), 128
    terms = decay_terms(timing, 1.5, samples)
    assert len(terms.water) <= 5
    assert np.all(terms.lines[1:, samples] == 0)
    echo = echo_of_line(np.arange(-samples, samples + 1), samples, echoes=16, effective=8)
    for t in TISSUES:
        if t.t1_ms == 0:
            continue
        start = t.proton_density * train_signal(t.t1_ms, 1e12, timing)
        exact = start * np.exp(-(100 + (echo - 8) * 11.0) / t.t2_ms)
        assert np.abs(terms.water[:, t.code] @ terms.lines - exact).max() <= TERM_TOLERANCE + 1e-9
    assert len(decay_terms(Timing(tr_ms=500, te_ms=12), 1.5, samples).water) == 1


def test_late_echoes_at_the_edge_of_k_space_blur_what_decays_fast():
    """A thin line under a train that begins in the middle of k-space: less of its height is left, the shorter its
    T2."""
    timing = Timing(tr_ms=3000, te_ms=10, echo_train_length=8, echo_spacing_ms=10)
    left = {}
    for name in ("csf", "disc_degenerate"):
        tissue = np.zeros((6, 90, 90), dtype=np.uint8)
        tissue[:, 44:46] = tissue_named(name).code
        line = replace(Phantom.uniform("air", shape=tissue.shape, spacing_mm=(1.0, 0.8, 0.8)), tissue=tissue)
        t, heights = tissue_named(name), []
        for times in (timing, Timing(tr_ms=3000, te_ms=10)):
            picture = np.asarray(acquire(line, IDEAL, replace(SMALL, timing=times), rng=rng(), gain=1.9).pixels[0])
            heights.append(float(picture[:, 32].max()) / train_signal(t.t1_ms, t.t2_ms, times))
        left[name] = heights[0] / heights[1]
    assert left["csf"] > 0.96
    assert 0.4 < left["disc_degenerate"] < 0.8
