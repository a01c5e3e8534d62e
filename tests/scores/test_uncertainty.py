"""How sure a score is: closed forms, another program's digits, and scans repeated with fresh noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit import Ellipse, Rectangle, Slice, Volume
from vbqkit.errors import ScoreError
from vbqkit.image import stack_affine
from vbqkit.scores import (
    Jitter,
    ReferenceGroup,
    ScoreInputs,
    case_uncertainty,
    example_measurement,
    independent_share,
    m_score_interval,
    pixel_noise_se,
    score_case,
    verdict,
)
from vbqkit.scores.jitter import measure_jittered
from vbqkit.scores.noise_agreement import air_band, air_shares
from vbqkit.scores.pixel_noise import RAYLEIGH_KURTOSIS, noise_band

PLACES = {"L1": (60, 75), "L2": (110, 75), "L3": (160, 75), "L4": (210, 75), "CSF": (160, 107), "noise": (150, 178)}
STILL = Jitter(shift_mm=0, size_percent=0)
AFFINE = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))


def scan(rng, *, noise=6.0, weighting="T1"):
    """Body from column 40 to 160 with marrow (60-90) brighter to the left, CSF (100-115), air around; 1 mm pixels."""
    signal = np.zeros((1, 300, 200))
    signal[:, :, 40:160] = 180.0
    signal[:, :, 60:90] = 240.0
    signal[:, :, 100:115] = 100.0
    noisy = np.abs(signal + noise * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape)))
    return Volume(noisy, AFFINE, thickness_mm=4.0).with_acquisition(weighting=weighting)


def rois(volume, *, without=()):
    image = volume.slice(0)
    return [Ellipse.on(image, p, 8.0, 8.0, label=label) for label, p in PLACES.items() if label not in without]


def the(uncertainties, name):
    (found,) = [u for u in uncertainties if u.score.name == name]
    return found


def source(uncertainty, name, method=""):
    return next(s for s in uncertainty.components if s.name == name and method in s.method)


# The M-score's reference group


def test_the_interval_of_an_m_score_is_the_noncentral_t_interval_of_r_mbess():
    # MBESS 4.9.3, conf.limits.nct(ncp = 2.83, df = 126, conf.level = 0.95); t = sqrt(n) M, n = 127.
    n = 127
    low, high = m_score_interval(2.83 / math.sqrt(n), n)
    assert low * math.sqrt(n) == pytest.approx(0.8337502600219154, abs=1e-8)
    assert high * math.sqrt(n) == pytest.approx(4.815359140493508, abs=1e-8)


@pytest.mark.parametrize(("value", "n"), [(5.5, 5), (0.0, 3), (-2.0, 12), (6.4, 40)])
def test_the_interval_of_an_m_score_is_what_simulated_reference_groups_leave_open(value, n):
    # Crawford & Garthwaite 2007: the posterior of (x - mu) / sigma under the standard prior has these percentiles.
    rng, draws = np.random.default_rng(1), 400_000
    open_values = value * np.sqrt(rng.chisquare(n - 1, draws) / (n - 1)) - rng.normal(size=draws) / math.sqrt(n)
    assert m_score_interval(value, n, confidence=0.9) == pytest.approx(np.quantile(open_values, [0.05, 0.95]), abs=0.03)


def test_a_larger_reference_group_narrows_the_interval_to_the_value():
    widths = [np.diff(m_score_interval(5.5, n))[0] for n in (5, 20, 100, 10_000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 7  # with the Košice group's five women
    assert widths[-1] < 0.2


@pytest.mark.parametrize(
    ("value", "n", "confidence", "words"),
    [
        (5.5, 1, 0.95, "against n = 1 women has no interval"),
        (math.nan, 5, 0.95, "M-score of nan"),
        (5.5, 5, 1.0, r"confidence of 1\.0"),
    ],
)
def test_an_m_score_interval_that_cannot_be_is_refused(value, n, confidence, words):
    with pytest.raises(ScoreError, match=words):
        m_score_interval(value, n, confidence=confidence)


# The verdict


@given(st.floats(-5, 5), st.floats(0, 3), st.floats(-5, 5))
def test_near_a_cutoff_the_verdict_is_indeterminate_and_elsewhere_it_follows_the_side(low, width, cutoff):
    high = low + width
    above, below = (verdict(low, high, cutoff, positive=side) for side in ("high", "low"))
    if low == cutoff == high:  # a value that is known belongs to its cut-off, as papers count
        assert above == below == "positive"
    elif low <= cutoff <= high:
        assert above == below == "indeterminate"
    else:
        assert {above, below} == {"positive", "negative"}
        assert (above == "positive") == (low > cutoff)


def test_without_an_interval_there_is_no_verdict():
    assert verdict(math.nan, math.nan, 2.9, positive="high") == "indeterminate"


@pytest.mark.parametrize(
    ("cutoff", "positive", "words"),
    [(math.nan, "high", "cut-off of nan is not a number"), (2.9, "up", "positive is 'up'; say 'high' or 'low'")],
)
def test_a_verdict_needs_a_cutoff_and_a_side(cutoff, positive, words):
    with pytest.raises(ScoreError, match=words):
        verdict(1, 2, cutoff, positive=positive)


# The delta method


def inputs(aggregate="mean", **changes):
    table = {f"L{k}": example_measurement(f"L{k}", mean=200.0 + 10 * k, sd=8.0 + k, n=50) for k in range(1, 5)}
    table |= {
        "CSF": example_measurement("CSF", mean=100.0, sd=6.0, n=30),
        "noise": example_measurement("noise", mean=8.0, sd=4.0, n=60),
    }
    return ScoreInputs(measured={"T1": table | changes}, aggregate=aggregate)


def test_the_delta_method_gives_the_closed_form_for_a_ratio_of_means():
    means, errors = np.array([210.0, 220, 230, 240]), np.array([9.0, 10, 11, 12]) / math.sqrt(50)
    relative_csf = 6.0 / math.sqrt(30) / 100
    for aggregate, weights in (("mean", np.full(4, 0.25)), ("median", np.array([0, 0.5, 0.5, 0]))):
        value = weights @ means / 100
        expected = value * math.hypot(np.sqrt(((weights * errors) ** 2).sum()) / (weights @ means), relative_csf)
        assert pixel_noise_se(inputs(aggregate), "VBQ-T1") == pytest.approx(expected, rel=1e-5)


def test_the_delta_method_gives_the_closed_form_for_snr():
    value, errors = 225 / 4, np.array([9.0, 10, 11, 12]) / math.sqrt(50)
    expected = value * math.hypot(np.sqrt((errors**2).sum()) / 4 / 225, 1 / math.sqrt(2 * 59))
    assert pixel_noise_se(inputs(), "SNR") == pytest.approx(expected, rel=1e-5)


def test_fewer_independent_pixels_widen_the_delta_method():
    share = {("T1", label): 0.25 for label in inputs().measured["T1"]}
    assert pixel_noise_se(inputs(), "VBQ-T1", independent=share) == pytest.approx(
        2 * pixel_noise_se(inputs(), "VBQ-T1")
    )


def test_an_unknown_score_is_refused():
    with pytest.raises(ScoreError, match="There is no score 'VBQ'; there are: SNR, M-score"):
        pixel_noise_se(inputs(), "VBQ")


# Correlated pixels


def white_and_doubled(rng, n=64):
    """White noise, and the same made twice as fine by zero filling, as scanners do."""
    white = rng.normal(size=(n, n))
    padded = np.zeros((2 * n, 2 * n), dtype=complex)
    padded[n // 2 : n // 2 + n, n // 2 : n // 2 + n] = np.fft.fftshift(np.fft.fft2(white))
    doubled = np.real(np.fft.ifft2(np.fft.ifftshift(padded))) * 4
    return white, doubled


def test_zero_filling_leaves_a_quarter_of_the_pixels_independent():
    rng = np.random.default_rng(5)
    shares = {"white": [], "doubled": []}
    for _ in range(20):
        for name, pixels in zip(shares, white_and_doubled(rng), strict=True):
            image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
            shares[name].append(independent_share(Rectangle.on(image, (31, 31), 24, 24, label="L3"), image))
    assert np.mean(shares["white"]) == pytest.approx(1.0, abs=0.05)
    assert np.mean(shares["doubled"]) == pytest.approx(0.25, abs=0.05)


@pytest.mark.slow
def test_the_share_of_a_mean_is_that_of_means_taken_again_and_again():
    """And with several ROIs together the band is known better than with one."""
    rng, means, variances, bands = np.random.default_rng(6), [], [], []
    places = [(20, 20), (20, 50), (50, 20), (50, 50)]
    for _ in range(120):
        image = Slice(white_and_doubled(rng, 36)[1], (0, 0, 0), (0, 0, -1), (0, 1, 0))
        rois = [Ellipse.on(image, place, 10, 10, label=f"L{k}") for k, place in enumerate(places, start=1)]
        bands.append(noise_band(rois, image))
        means += [roi.measure(image).mean for roi in rois]
        variances += [roi.measure(image).sd ** 2 for roi in rois]
    share = independent_share(rois[0], image, band=(0.5, 0.5))
    n = rois[0].measure(image).n
    variance = np.mean(variances) * (1 - 1 / n) / (1 - 1 / (n * share))  # what its own mean takes from it
    assert variance / (n * share) == pytest.approx(np.var(means), rel=0.2)
    assert np.mean(bands) == pytest.approx(0.5, abs=0.05)
    assert np.std(bands) < 0.08


def test_noise_in_air_says_how_noise_in_tissue_repeats_itself_and_how_sure_its_own_sd_is():
    rng, sds, bands = np.random.default_rng(7), [], []
    for _ in range(150):
        parts = [white_and_doubled(rng, 36)[1] for _ in range(2)]
        pixels = 10.0 * np.hypot(*parts)
        pixels[:, 44:] += 500.0  # a body behind the air
        image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
        mask = Ellipse.on(image, (36, 20), 10, 10, label="noise").mask(image)
        bands.append(air_band(image))
        sds.append(image.pixels[mask].std(ddof=1))
    assert np.mean(bands) == pytest.approx(0.5, abs=0.03)
    independent = mask.sum() * air_shares(mask, (0.5, 0.5))[1]
    assert np.std(np.log(sds)) == pytest.approx(math.sqrt(2.245 / 4 / (independent - 1)), rel=0.15)


def test_a_constant_roi_counts_its_pixels_as_independent():
    image = Slice(np.full((20, 20), 7.0), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    assert independent_share(Rectangle.on(image, (10, 10), 8, 8, label="noise"), image) == 1.0


# Placement


def test_a_roi_that_is_not_moved_deviates_by_exactly_nothing():
    image = scan(np.random.default_rng(2)).slice(0)
    for roi in rois(scan(np.random.default_rng(2))):
        found = measure_jittered(roi, {"T1": image}, jitter=STILL, n_draws=3, rng=np.random.default_rng(0))
        assert not found.mean["T1"].any()
        assert not found.sd["T1"].any()


def test_a_roi_in_the_gap_between_two_slices_is_moved_on_the_nearer_one():
    pixels = np.random.default_rng(2).normal(100, 5, (2, 60, 60))
    volume = Volume(pixels, stack_affine((0, 0, 0), (5, 0, 0), (0, 0, -1), (0, 1, 0)), thickness_mm=3.0)
    roi = Ellipse.on(volume.slice(0), (30, 30), 8, 8, label="T12").moved((2.2, 0, 0))
    found = measure_jittered(
        roi,
        {"T1": roi.slice_of(volume)},
        jitter=Jitter(shift_mm=3, size_percent=0),
        n_draws=50,
        rng=np.random.default_rng(1),
    )
    assert found.mean["T1"].std() > 0


def test_moved_rois_measure_what_moving_them_by_hand_measures():
    rng, image = np.random.default_rng(3), scan(np.random.default_rng(3)).slice(0)
    roi = Rectangle.on(image, (60.3, 75.2), 7.0, 9.0, angle_deg=20, label="L1")
    jitter = Jitter(shift_mm=3, size_percent=20)
    found = measure_jittered(roi, {"T1": image}, jitter=jitter, n_draws=4000, rng=np.random.default_rng(1))
    by_hand = []
    for _ in range(400):
        radius, angle = 3 * math.sqrt(rng.random()), rng.uniform(0, 2 * math.pi)
        moved = roi.moved((0, radius * math.cos(angle), -radius * math.sin(angle)))
        by_hand.append(moved.scaled(1 + 0.2 * rng.uniform(-1, 1)).measure(image).mean)
    by_hand = np.array(by_hand) - roi.measure(image).mean
    assert found.mean["T1"].mean() == pytest.approx(np.mean(by_hand), abs=3 * np.std(by_hand) / 20)
    assert found.mean["T1"].std() == pytest.approx(np.std(by_hand), rel=0.15)


def test_on_a_ramp_shifts_from_a_disc_spread_the_mean_by_half_the_radius():
    ramp = np.broadcast_to(10.0 * np.arange(200), (300, 200)).copy()
    image = Slice(ramp, (0, 0, 0), (0, 0, -1), (0, 1, 0))
    roi = Ellipse.on(image, (150, 100), 12, 12, label="L1")
    found = measure_jittered(
        roi, {"T1": image}, jitter=Jitter(shift_mm=4, size_percent=0), n_draws=4000, rng=np.random.default_rng(1)
    )
    assert found.mean["T1"].mean() == pytest.approx(0, abs=2)
    assert found.mean["T1"].std() == pytest.approx(10 * 4 / 2, rel=0.05)


def test_a_roi_stays_within_its_outline_and_within_the_image():
    pixels = np.full((60, 60), 1e9)
    pixels[20:40, 20:40] = 5.0
    image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
    jitter, rng = Jitter(shift_mm=10, size_percent=30), np.random.default_rng(4)
    inside = Ellipse.on(image, (30, 30), 8, 8, label="L1")
    found = measure_jittered(inside, {"T1": image}, jitter=jitter, n_draws=500, rng=rng, allowed={"T1": pixels < 10})
    assert found.mean["T1"] == pytest.approx(np.zeros(500))
    assert found.unmoved < 0.01
    corner = Ellipse.on(
        Slice(np.ones((60, 60)), image.origin_mm, image.row_step_mm, image.col_step_mm), (4, 4), 8, 8, label="L1"
    )
    at_edge = measure_jittered(corner, {"T1": image}, jitter=jitter, n_draws=200, rng=rng)
    assert at_edge.mean["T1"] == pytest.approx(np.zeros(200))


def test_every_series_sees_the_same_places_in_the_patient():
    rng = np.random.default_rng(6)
    coarse = rng.normal(100, 20, (60, 60))
    fine = np.kron(3 * coarse, np.ones((2, 2)))
    one = Slice(coarse, (0, 0, 0), (0, 0, -2), (0, 2, 0))
    two = Slice(fine, (0, -0.5, 0.5), (0, 0, -1), (0, 1, 0))
    roi = Rectangle.on(one, (30, 30), 20, 20, label="L1")
    found = measure_jittered(
        roi, {"T1": one, "T2": two}, jitter=Jitter(shift_mm=8, size_percent=0), n_draws=500, rng=rng
    )
    assert np.corrcoef(found.mean["T1"], found.mean["T2"])[0, 1] > 0.95


@pytest.mark.parametrize(
    ("shift", "size", "words"), [(-1, 0, "shift of -1 mm"), (math.nan, 0, "shift of nan mm"), (1, 100, "size by 100 %")]
)
def test_a_jitter_that_cannot_be_is_refused(shift, size, words):
    with pytest.raises(ScoreError, match=words):
        Jitter(shift_mm=shift, size_percent=size)


@pytest.mark.parametrize("band", [(1.0, 1.0), (0.5, 0.5)])
def test_in_noise_without_anatomy_moving_a_roi_adds_what_is_counted_as_noise(band):
    """The mean square of its deviations, over many pictures, is that of noise alone: nothing is left as placement."""
    rng, found, expected = np.random.default_rng(8), [], []
    for _ in range(60):
        white, doubled = white_and_doubled(rng, 24)
        pixels = np.kron(white, np.ones((1, 1))) if band[0] == 1 else doubled
        image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
        middle = (image.shape[0] / 2, image.shape[1] / 2)
        moved = measure_jittered(
            Ellipse.on(image, middle, 9, 9, label="CSF"),
            {"T1": image},
            jitter=Jitter(shift_mm=3, size_percent=10),
            n_draws=60,
            rng=rng,
            band={"T1": band},
        )
        variance = 1.0 if band[0] == 1 else pixels.var()
        found.append((moved.mean["T1"] ** 2).mean())
        expected.append(variance * moved.noise["T1"][0])
    assert np.mean(found) == pytest.approx(np.mean(expected), rel=0.25)


@pytest.mark.parametrize("band", [(1.0, 1.0), (0.5, 0.5)])
def test_in_air_places_are_compared_with_each_other_and_not_with_the_chance_of_where_the_roi_is(band):
    """Else a noise ROI whose SD is low by chance counts that chance twice: as pixel noise and as placement."""
    rng, jitter = np.random.default_rng(9), Jitter(shift_mm=3, size_percent=10)
    found, expected = [], []
    for _ in range(60):
        parts = [white_and_doubled(rng, 24)[band[0] < 1] for _ in range(2)]
        pixels = np.hypot(*(part - part.mean() for part in parts))
        image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
        roi = Ellipse.on(image, (image.shape[0] / 2, image.shape[1] / 2), 9, 9, label="noise")
        moved = measure_jittered(roi, {"T1": image}, jitter=jitter, n_draws=60, rng=rng, band={"T1": band}, in_air=True)
        assert moved.sd["T1"].mean() == pytest.approx(0.0, abs=1e-9)
        assert moved.mean["T1"].mean() == pytest.approx(0.0, abs=1e-9)
        of_mean, of_sd, _ = moved.noise["T1"]
        found.append(((moved.mean["T1"] ** 2).mean(), (moved.sd["T1"] ** 2).mean()))
        expected.append((pixels.var() * of_mean, pixels.var() * of_sd * (2.0 + RAYLEIGH_KURTOSIS) / 4.0))
    assert np.mean(found, axis=0) == pytest.approx(np.mean(expected, axis=0), rel=0.25)


# A whole case


@pytest.mark.slow
def test_the_standard_error_is_the_spread_of_scans_repeated_with_fresh_noise():
    rng = np.random.default_rng(11)
    reference = ReferenceGroup(mean=50.0, sd=5.0, n=10_000)
    options = {"aggregate": "mean", "reference": reference}
    values, errors = {"SNR": [], "VBQ-T1": []}, {"SNR": [], "VBQ-T1": []}
    for k in range(120):
        volume = scan(rng)
        placed = rois(volume)
        if k < 12:
            for u in case_uncertainty({"T1": volume}, placed, jitter=STILL, rng=rng, n_draws=300, **options):
                if u.score.name in errors:
                    errors[u.score.name].append([u.se, source(u, "pixel noise", "delta").se])
        case = score_case({"T1": volume}, placed, **options)
        for name, seen in values.items():
            seen.append(case.score(name).value)
    for name, seen in values.items():
        truth = np.std(seen, ddof=1)  # itself uncertain by 6.5 % (1 SE)
        assert np.mean(errors[name], axis=0) == pytest.approx(np.full(2, truth), rel=0.2), name


def test_the_shares_add_up_and_each_source_can_be_switched_off():
    volume, placed = scan(np.random.default_rng(12)), rois(scan(np.random.default_rng(12)))

    def m_score(jitter, n):
        reference = ReferenceGroup(mean=20.0, sd=2.0, n=n)
        found = case_uncertainty(
            {"T1": volume},
            placed,
            aggregate="median",
            reference=reference,
            jitter=jitter,
            rng=np.random.default_rng(1),
            n_draws=400,
        )
        return the(found, "M-score")

    small, large = m_score(Jitter(shift_mm=2, size_percent=10), 5), m_score(STILL, 100_000)
    for u in (small, large):
        assert sum(s.share for s in u.components if not math.isnan(s.share)) == pytest.approx(1)
        assert u.ci_low < u.score.value < u.ci_high
    assert source(small, "reference group").share > 0.3
    assert source(small, "ROI placement").share > 0
    assert source(large, "reference group").share < 0.01
    assert source(large, "ROI placement").share == 0
    assert (small.ci_high - small.ci_low) > (large.ci_high - large.ci_low)
    exact = m_score_interval(small.score.value, 5)
    assert (source(small, "reference group").ci_low, source(small, "reference group").ci_high) == exact


def test_the_same_seed_gives_the_same_interval():
    volume, placed = scan(np.random.default_rng(12)), rois(scan(np.random.default_rng(12)))

    def rows(seed):
        jitter = Jitter(shift_mm=2, size_percent=10)
        found = case_uncertainty(
            {"T1": volume}, placed, aggregate="mean", jitter=jitter, rng=np.random.default_rng(seed), n_draws=100
        )
        return [row for u in found for row in u.rows()]

    def plain(table):
        return [{k: str(v) for k, v in row.items()} for row in table]

    assert plain(rows(1)) == plain(rows(1))
    assert plain(rows(1)) != plain(rows(2))


def test_an_outline_lifts_the_caution_that_placement_is_an_upper_bound():
    volume = scan(np.random.default_rng(13))
    placed = rois(volume)
    outlines = {r.label: r.scaled(1.6) for r in placed if r.label != "noise"}
    options = {"aggregate": "median", "jitter": Jitter(shift_mm=1, size_percent=10), "n_draws": 100}
    loose = the(case_uncertainty({"T1": volume}, placed, rng=np.random.default_rng(1), **options), "VBQ-T1")
    held = the(
        case_uncertainty({"T1": volume}, placed, rng=np.random.default_rng(1), within=outlines, **options), "VBQ-T1"
    )
    assert [c.code for c in loose.cautions] == ["placement-unbounded"]
    assert held.cautions == ()
    tight = {label: r.scaled(1 / 1.6) for label, r in outlines.items()}
    stuck = the(
        case_uncertainty({"T1": volume}, placed, rng=np.random.default_rng(1), within=tight, **options), "VBQ-T1"
    )
    assert "placement-tight" in [c.code for c in stuck.cautions]


def test_a_refused_score_has_no_interval_and_the_others_keep_theirs():
    volume = scan(np.random.default_rng(14))
    found = case_uncertainty(
        {"T1": volume},
        rois(volume, without=["noise"]),
        aggregate="mean",
        jitter=STILL,
        rng=np.random.default_rng(1),
        n_draws=100,
    )
    assert [u.score.name for u in found] == ["VBQ-T1"]


def test_an_uncertainty_says_itself_in_a_row_and_in_words():
    volume = scan(np.random.default_rng(15))
    found = case_uncertainty(
        {"T1": volume}, rois(volume), aggregate="mean", jitter=STILL, rng=np.random.default_rng(1), n_draws=100
    )
    vbq = the(found, "VBQ-T1")
    assert [row["source"] for row in vbq.rows()] == ["all", "pixel noise", "pixel noise", "ROI placement"]
    assert str(vbq).startswith("VBQ-T1 = 2.39 (95 % interval 2.3")
    assert "pixel noise 100 %" in str(vbq)
    assert vbq.verdict(vbq.score.value, positive="high") == "indeterminate"
    assert vbq.verdict(1.0, positive="high") == "positive"


@pytest.mark.parametrize(
    ("options", "words"),
    [({"n_draws": 10}, "10 draws give no interval"), ({"confidence": 95}, "confidence of 95 is not possible")],
)
def test_impossible_options_are_refused(options, words):
    volume = scan(np.random.default_rng(16))
    with pytest.raises(ScoreError, match=words):
        case_uncertainty(
            {"T1": volume}, rois(volume), aggregate="mean", jitter=STILL, rng=np.random.default_rng(1), **options
        )
