"""The scan as a whole: what is invariant, what is not, and that the truth comes back out of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from vbqkit.anatomy.own_times import TABLE_TIMES
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import TISSUES, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Rectangle
from vbqkit.scanner.coils import CoilArray
from vbqkit.scanner.forward_model import STORED_MAX, UNIT_GAIN, acquire, scan
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.presets import SCANNERS, scanner_named
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import tissue_signal

T1 = Timing(tr_ms=500, te_ms=10)
SMALL = Protocol(
    weighting="T1",
    timing=T1,
    fov_mm=120,
    matrix=96,
    acquired=(96, 96),
    slices=3,
    thickness_mm=4,
    gap_mm=1,
    magnetization_transfer=False,
)
IDEAL = Scanner(
    name="ideal",
    vendor="no one",
    model="ideal",
    field_t=1.5,
    protocols=(SMALL,),
    coil=None,
    noise=0.0,
    apodisation=0.0,
    csf_flow_per_s=0.0,
)
NOISY = replace(IDEAL, name="noisy", noise=0.01, coil=CoilArray(rows=2, length_mm=80))


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


@cache
def spine(marrow_pdff: float = 0.45, *, shape: tuple[int, int, int] = (18, 200, 200)) -> Phantom:
    """A column of marrow, discs and CSF in muscle, with air in front: enough for scores, nothing like a person."""
    tissue = np.full(shape, tissue_named("muscle").code, dtype=np.uint8)
    tissue[:, :, :40] = 0
    tissue[:, :, 70:120] = tissue_named("marrow").code
    tissue[:, :, 120:150] = tissue_named("csf").code
    for row in range(0, shape[1], 50):
        tissue[:, row : row + 10, 70:120] = tissue_named("disc_nucleus").code
    tissue[:, :, 185:] = tissue_named("subcutaneous_fat").code
    fat = np.array([t.pdff for t in TISSUES], dtype=np.float32)
    fat[tissue_named("marrow").code] = marrow_pdff
    empty = Phantom.uniform("air", shape=shape)
    return Phantom(
        tissue=tissue,
        pdff=fat[tissue],
        pd_scale=np.ones(shape, dtype=np.float32),
        level=np.zeros(shape, dtype=np.uint8),
        affine=empty.affine,
    )


def roi(volume: Volume, y_mm: float, z_mm: float, *, size_mm: float = 9.0, label: str = "L3") -> Rectangle:
    image = volume.slice(len(volume) // 2)
    return Rectangle.on(image, tuple(image.to_rows_cols((0.0, y_mm, z_mm))), size_mm, size_mm, label=label)


def marrow_csf(volume: Volume) -> tuple[float, float]:
    at = {"marrow": (-2.5, 10.0), "csf": (17.5, 10.0)}
    marrow, csf = (roi(volume, *at[k]).measure(volume).mean for k in ("marrow", "csf"))
    return marrow, csf


@pytest.mark.parametrize("tissue", ["marrow", "csf", "muscle", "disc_nucleus"])
def test_t1_and_t2_come_back_from_a_noiseless_fully_sampled_scan_to_one_percent(tissue):
    bottle = Phantom.uniform(tissue, shape=(18, 64, 64), pdff=0.0, spacing_mm=(1.0, 2.0, 2.0))
    row = tissue_named(tissue)

    def middle(timing: Timing) -> float:
        volume = acquire(bottle, IDEAL, replace(SMALL, timing=timing), rng=rng(), gain=1.9, slices=[1])
        return float(np.asarray(volume.pixels)[0, 40:56, 40:56].mean())

    tr = np.array([200.0, 400, 800, 1600, 3200, 6400, 12800, 25600])
    recovery = [middle(Timing(tr_ms=float(t), te_ms=5)) for t in tr]
    (_, t1), _ = curve_fit(
        lambda t, a, t1: a * (1 - 2 * np.exp(-(t - 2.5) / t1) + np.exp(-t / t1)), tr, recovery, p0=(4000, 900)
    )
    assert t1 == pytest.approx(row.t1_ms, rel=0.01)
    te = row.t2_ms * np.array([0.1, 0.3, 0.6, 1.0, 1.5])
    decay = [middle(Timing(tr_ms=30000, te_ms=float(t))) for t in te]
    (_, t2), _ = curve_fit(lambda t, a, t2: a * np.exp(-t / t2), te, decay, p0=(4000, row.t2_ms * 1.3))
    assert t2 == pytest.approx(row.t2_ms, rel=0.01)


@pytest.mark.parametrize("pdff", [0.3, 0.6])
def test_the_contrast_of_a_noiseless_scan_is_the_signal_equation_to_one_percent(pdff):
    full = replace(SMALL, matrix=240, acquired=(240, 240))
    volume = acquire(spine(pdff), IDEAL, full, rng=rng(), gain=1.0, slices=[1])
    marrow, csf = marrow_csf(volume)
    expected = [tissue_signal(n, T1, field_t=1.5, pdff=f) for n, f in (("marrow", pdff), ("csf", 0.0))]
    assert marrow / UNIT_GAIN == pytest.approx(expected[0], rel=0.01)
    assert marrow / csf == pytest.approx(expected[0] / expected[1], rel=0.01)


def test_gain_changes_neither_snr_nor_vbq():
    found = []
    for gain in (0.4, 1.7):
        volume = acquire(spine(), replace(NOISY, noise=0.03), SMALL, rng=rng(), gain=gain, slices=[1])
        marrow, csf = marrow_csf(volume)
        noise = roi(volume, -42.0, 10.0, size_mm=12.0, label="noise").measure(volume).sd
        found.append((marrow / csf, marrow / noise))
    assert found[0][0] == pytest.approx(found[1][0], rel=0.01)  # rounding to whole numbers is what remains
    assert found[0][1] == pytest.approx(found[1][1], rel=0.01)


def test_noise_changes_snr_and_not_the_expectation_of_vbq():
    body, rows = spine(), {}
    for noise in (0.004, 0.016):
        vbq, snr = [], []
        for seed in range(8):
            volume = acquire(body, replace(IDEAL, noise=noise), SMALL, rng=rng(seed), slices=[1], gain=1.0)
            marrow, csf = marrow_csf(volume)
            vbq.append(marrow / csf)
            snr.append(marrow / roi(volume, -42.0, 10.0, size_mm=12.0, label="noise").measure(volume).sd)
        rows[noise] = (np.mean(vbq), np.std(vbq) / np.sqrt(len(vbq)), np.mean(snr))
    (low, low_error, high_snr), (high, high_error, low_snr) = rows[0.004], rows[0.016]
    assert abs(high - low) < 3 * np.hypot(low_error, high_error) + 0.005 * low
    assert high_snr / low_snr == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize(("channels", "factor"), [(1, 1), (4, 1), (4, 2)])
def test_noise_without_signal_follows_the_chi_distribution_of_its_channels(channels, factor):
    scanner = replace(IDEAL, noise=0.02, coil=CoilArray(rows=channels, length_mm=60))
    protocol = replace(SMALL, parallel_factor=factor)
    air = Phantom.uniform("air", shape=(18, 240, 240))
    values = np.asarray(acquire(air, scanner, protocol, rng=rng(), gain=4.0).pixels, dtype=float)[:, 30:60:2, 60:90:2]
    sigma = scanner.noise_sd(protocol) * UNIT_GAIN * 4.0
    combined = 1 if factor > 1 else channels
    expected = stats.chi(2 * combined)
    # SENSE multiplies the SD by g, which is at least 1
    ratio = values.mean() / (sigma * expected.mean())
    assert ratio == pytest.approx(1, abs=0.03) if factor == 1 else 1.0 <= ratio < 1.6
    assert values.std() / values.mean() == pytest.approx(expected.std() / expected.mean(), rel=0.08)


def test_the_noise_of_a_scan_is_what_field_voxel_bandwidth_and_averages_say():
    base = NOISY.noise_sd(SMALL)
    assert replace(NOISY, field_t=3.0).noise_sd(SMALL) == pytest.approx(base / 2)
    assert NOISY.noise_sd(replace(SMALL, averages=8.0)) == pytest.approx(base / 2)
    assert NOISY.noise_sd(replace(SMALL, bandwidth_hz_per_px=600.0)) == pytest.approx(base * 2)
    assert NOISY.noise_sd(replace(SMALL, thickness_mm=8.0)) == pytest.approx(base / 2)


def test_fat_lies_where_bandwidth_and_field_put_it():
    shape = (18, 240, 240)
    tissue = np.zeros(shape, dtype=np.uint8)
    tissue[:, :, 115:125] = tissue_named("subcutaneous_fat").code
    empty = Phantom.uniform("air", shape=shape)
    ones = np.ones(shape, dtype=np.float32)
    block = Phantom(tissue, ones * (tissue > 0), ones, np.zeros(shape, dtype=np.uint8), empty.affine)
    found = []
    for field_t, bandwidth in ((1.5, 1e6), (1.5, 50.0), (3.0, 50.0)):
        protocol = replace(SMALL, bandwidth_hz_per_px=bandwidth)
        pixels = np.asarray(acquire(block, replace(IDEAL, field_t=field_t), protocol, rng=rng()).pixels, dtype=float)
        profile = pixels[1, 40:56].mean(axis=0) ** 2
        found.append(float((profile * np.arange(96)).sum() / profile.sum()) * SMALL.pixel_mm)
    assert found[1] - found[0] == pytest.approx(217.1 / 50 * 1.25, abs=0.1)
    assert found[2] - found[0] == pytest.approx(434.3 / 50 * 1.25, abs=0.2)


def test_a_slice_averages_what_lies_within_its_thickness_and_skips_the_gap():
    shape = (18, 240, 240)
    tissue = np.zeros(shape, dtype=np.uint8)
    tissue[9:] = tissue_named("csf").code  # half of the middle slice, and all of the third
    empty = Phantom.uniform("air", shape=shape)
    half = Phantom(tissue, np.zeros(shape), np.ones(shape), np.zeros(shape), empty.affine)
    pixels = np.asarray(acquire(half, IDEAL, SMALL, rng=rng(), gain=1.0).pixels, dtype=float)[:, 40:56, 40:56].mean(
        (1, 2)
    )
    assert pixels[0] == 0
    assert pixels[1] / pixels[2] == pytest.approx(0.5, abs=0.01)


def test_a_prepared_slice_gives_the_same_picture_as_the_scan():
    body = spine()
    for scanner in (NOISY, replace(NOISY, motion=0.05), replace(NOISY, uniformity_correction=0.9)):
        prepared = prepare(body, scanner, SMALL, rng=rng(), slices=[1])
        volume = acquire(body, scanner, SMALL, rng=rng(), slices=[1], gain=1.0)
        fast, slow = np.asarray(prepared.image().pixels, dtype=float), np.asarray(volume.pixels[0], dtype=float)
        assert np.abs(fast - slow).max() <= 1  # single precision against double
        assert np.allclose(prepared.image().to_patient_mm((3, 4)), volume.slice(0).to_patient_mm((3, 4)))


@pytest.mark.parametrize(
    "settings",
    [
        {"tr_ms": 900.0},
        {"te_ms": 30.0},
        {"field_t": 3.0},
        {"tr_ms": 2500.0, "ti_ms": 150.0},
        {"bandwidth_hz_per_px": 60.0},
    ],
    ids="-".join,
)
def test_a_slider_gives_the_same_picture_as_a_new_scan(settings):
    body = spine()
    scanner = replace(NOISY, csf_flow_per_s=0.4, field_t=settings.get("field_t", 1.5))
    times = {k: v for k, v in settings.items() if k.endswith("_ms")}
    protocol = replace(
        SMALL, timing=replace(T1, **times), bandwidth_hz_per_px=settings.get("bandwidth_hz_per_px", 150.0)
    )
    volume = acquire(body, scanner, protocol, rng=rng(), slices=[1], gain=1.0)
    prepared = prepare(body, replace(scanner, field_t=1.5), SMALL, rng=rng(), slices=[1])
    fast = np.asarray(prepared.image(**settings).pixels, dtype=float)
    assert np.abs(fast - np.asarray(volume.pixels[0], dtype=float)).max() <= 4


def test_a_surface_coil_makes_csf_look_brighter_than_marrow_until_it_is_corrected():
    """CSF lies closer to the coil: VBQ is free of the gain, not of the coil."""
    body = spine()
    ratios = []
    for correction in (0.0, 1.0):
        scanner = replace(IDEAL, coil=CoilArray(rows=2, length_mm=80), uniformity_correction=correction)
        marrow, csf = marrow_csf(acquire(body, scanner, SMALL, rng=rng(), gain=0.5, slices=[1]))
        ratios.append(marrow / csf)
    true = marrow_csf(acquire(body, IDEAL, SMALL, rng=rng(), gain=1.0))
    assert ratios[0] < 0.9 * true[0] / true[1]
    assert ratios[1] == pytest.approx(true[0] / true[1], rel=0.02)


def test_a_masked_background_is_exactly_zero_and_tissue_is_not():
    volume = acquire(spine(), replace(NOISY, mask_background=True), SMALL, rng=rng(), gain=1.0)
    pixels = np.asarray(volume.pixels)
    assert np.all(pixels[:, 10:80, 2:9] == 0)
    assert np.all(pixels[:, 10:80, 40:80] > 0)


def test_flow_darkens_csf_more_the_longer_the_echo_time():
    body = spine()
    lost = []
    for te in (10.0, 120.0):
        protocol = replace(SMALL, timing=Timing(tr_ms=3000, te_ms=te))
        still, flowing = (
            marrow_csf(acquire(body, replace(IDEAL, csf_flow_per_s=f), protocol, rng=rng(), gain=1.0, slices=[1]))[1]
            for f in (0.0, 1.0)
        )
        lost.append(1 - flowing / still)
    assert 0 < lost[0] < 0.03 < lost[1] < 0.3


def test_motion_puts_ghosts_of_moving_tissue_into_air_along_the_phase_axis():
    tissue = np.zeros((18, 240, 240), dtype=np.uint8)
    tissue[:, 110:130, 110:130] = tissue_named("bowel").code
    zeros = np.zeros(tissue.shape)
    empty = Phantom.uniform("air", shape=tissue.shape)
    body = Phantom(tissue, zeros, zeros + 1, zeros, empty.affine)
    for axis, phase_axis in ((0, "HF"), (1, "AP")):
        protocol = replace(SMALL, phase_axis=phase_axis)
        still, moved = (
            np.asarray(
                acquire(body, replace(IDEAL, motion=m), protocol, rng=rng(), gain=3.0, slices=[1]).pixels[0],
                dtype=float,
            )
            for m in (0.0, 0.3)
        )
        ghost = np.abs(moved - still)
        ghost[36:60, 36:60] = 0
        along, across = (ghost.max(axis=1 - a) for a in (axis, 1 - axis))
        assert along.max() > 20
        assert np.argmax(across) in range(38, 58)


def test_a_study_has_every_protocol_and_says_that_it_is_synthetic():
    scanner = replace(NOISY, protocols=(SMALL, replace(SMALL, weighting="T2", timing=Timing(tr_ms=3000, te_ms=100))))
    study = scan(spine(), scanner, rng=rng())
    assert [s.acquisition.weighting for s in study] == ["T1", "T2"]
    for series in study:
        a = series.acquisition
        assert a.synthetic
        assert "SYNTHETIC" in a.series_description
        assert a.vendor.startswith("vbqkit")
        assert (series.plane, series.shape) == ("sagittal", (3, 96, 96))
        assert series.volume().pixels.max() <= STORED_MAX
    assert study.find("T1").acquisition.tr_ms == 500
    assert len(scan(spine(), scanner, rng=rng(), weightings=["T2"])) == 1


def test_one_gain_for_the_study_keeps_series_comparable_and_one_per_series_does_not():
    body = spine()
    stir = replace(SMALL, weighting="STIR", timing=Timing(tr_ms=3000, te_ms=40, ti_ms=150))
    ratio = {}
    for gain in ("study", "series"):
        study = scan(body, replace(IDEAL, gain=gain, protocols=(SMALL, stir)), rng=rng())
        t1, t2 = (marrow_csf(s.volume())[1] for s in study)
        ratio[gain] = t2 / t1
    inversion = tissue_signal("csf", stir.timing, field_t=1.5) / tissue_signal("csf", T1, field_t=1.5)
    assert ratio["study"] == pytest.approx(inversion, rel=0.02)
    assert abs(ratio["series"] / inversion - 1) > 0.2


def test_the_same_seed_gives_the_same_pixels():
    one, two, other = (acquire(spine(), NOISY, SMALL, rng=rng(s)).pixels for s in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_rescaled_values_are_whole_steps_of_the_slope():
    volume = acquire(spine(), replace(NOISY, rescale_slope=1.25), SMALL, rng=rng())
    steps = np.asarray(volume.pixels) / 1.25
    assert np.allclose(steps, np.rint(steps))
    assert volume.max_storable == pytest.approx(4095 * 1.25)
    assert volume.acquisition.rescale_slope == 1.25


@pytest.mark.parametrize("name", SCANNERS)
def test_every_preset_has_a_t1_a_t2_and_a_stir_protocol_and_says_what_is_assumed(name):
    scanner = scanner_named(name)
    assert [p.weighting for p in scanner.protocols] == ["T1", "T2", "STIR"]
    assert len(scanner.note) > 30
    assert {p.slices for p in scanner.protocols} == {15}


def test_presets_hold_what_the_papers_print():
    hitachi, philips = scanner_named("hitachi-1.2t"), scanner_named("philips-achieva-3t")
    t1 = hitachi.protocol("T1")
    assert (hitachi.field_t, t1.timing.tr_ms, t1.timing.te_ms, t1.timing.echo_train_length) == (1.2, 700, 12, 2)
    assert t1.pixel_mm == pytest.approx(0.586, abs=0.0005)
    assert (philips.protocol("T1").timing.tr_ms, philips.protocol("T1").timing.te_ms) == (600, 20)
    assert (philips.protocol("T2").timing.tr_ms, philips.protocol("T2").timing.te_ms) == (2500, 100)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: scanner_named("ge-hdx-1.5"), "no scanner 'ge-hdx-1.5'. Did you mean 'ge-hdx-1.5t'"),
        (lambda: IDEAL.protocol("STIR"), "no STIR protocol; it has: T1"),
        (lambda: replace(IDEAL, field_t=11.7), "field of 11.7 T"),
        (lambda: replace(IDEAL, noise=-1.0), "noise is -1.0"),
        (lambda: replace(IDEAL, uniformity_correction=1.5), "must be from 0 to 1"),
        (lambda: replace(IDEAL, rescale_slope=0.0), "rescale slope is 0.0"),
        (lambda: replace(SMALL, thickness_mm=0.0), "slice thickness of the T1 protocol is 0.0"),
        (lambda: replace(SMALL, gap_mm=-1.0), "slice gap is -1 mm"),
        (lambda: replace(SMALL, acquired=(128, 96)), "acquired matrix of 128 x 96"),
        (lambda: replace(SMALL, parallel_factor=5), "parallel imaging factor of 5"),
        (lambda: acquire(spine(), IDEAL, SMALL, rng=rng(), slices=[2, 3]), r"Slices \[2, 3\] cannot be scanned"),
        (lambda: acquire(spine(), IDEAL, SMALL, rng=rng(), gain=0.0), "receiver gain of 0.0"),
        (lambda: scan(spine(), replace(IDEAL, protocols=()), rng=rng()), "no protocol to scan with"),
        (lambda: prepare(spine(), IDEAL, SMALL, rng=rng()).image(0), "Slice 0 is not prepared; ready are: 1"),
        (lambda: prepare(spine(), IDEAL, SMALL, rng=rng()).image(noise=-1.0), "noise factor of -1.0"),
        (lambda: prepare(spine(), IDEAL, SMALL, rng=rng()).image(te_ms=900.0), "not shorter than TR"),
        (lambda: prepare(spine(), IDEAL, SMALL, rng=rng()).image(field_t=0.1), "field of 0.1 T"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make, words):
    with pytest.raises(ScannerError, match=words):
        make()


def test_dense_trabeculae_leave_less_marrow_to_see():
    class Person:
        qct_mg_cm3, own_times = 178.0, TABLE_TIMES

    class OldPerson:
        qct_mg_cm3, own_times = 60.0, TABLE_TIMES

    body = spine()
    young, old = (
        marrow_csf(acquire(replace(body, patient=p), IDEAL, SMALL, rng=rng(), gain=1.0, slices=[1]))
        for p in (Person, OldPerson)
    )
    assert old[0] / young[0] == pytest.approx((1 - 80 / 1100) / (1 - 198 / 1100), rel=0.01)
    assert old[1] == pytest.approx(young[1], rel=0.01)
    prepared = prepare(replace(body, patient=OldPerson), IDEAL, SMALL, rng=rng()).image()
    again = acquire(replace(body, patient=OldPerson), IDEAL, SMALL, rng=rng(), gain=1.0, slices=[1]).slice(0)
    assert np.abs(np.asarray(prepared.pixels, float) - np.asarray(again.pixels, float)).max() <= 1


def test_a_slice_scanned_apart_is_the_same_whichever_others_are_scanned():
    """Noise, flow and gain; the null: in one go they follow from what is scanned with it."""
    scanner = replace(NOISY, csf_flow_per_s=0.4)
    for apart in (True, False):
        whole = acquire(spine(), scanner, SMALL, rng=rng(), apart=apart)
        alone = [acquire(spine(), scanner, SMALL, rng=rng(), apart=apart, slices=[k]) for k in range(3)]
        same = [np.array_equal(part.pixels[0], whole.pixels[k]) for k, part in enumerate(alone)]
        assert same == [True, apart, apart]  # noise is drawn from the first slice on
        assert all(np.allclose(part.affine[:3, 3], whole.affine[:3] @ [k, 0, 0, 1]) for k, part in enumerate(alone))


def test_the_noise_of_slices_scanned_apart_is_as_strong_and_of_each_its_own():
    air = Phantom.uniform("air", shape=(18, 40, 40))
    one, other = (
        np.asarray(acquire(air, NOISY, SMALL, rng=rng(), gain=4.0, apart=apart).pixels, dtype=float)
        for apart in (True, False)
    )
    assert one.std() == pytest.approx(other.std(), rel=0.03)
    flat = one.reshape(3, -1)
    assert np.abs(np.corrcoef(flat)[np.triu_indices(3, 1)]).max() < 0.05
