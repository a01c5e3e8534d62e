"""Do 95 % intervals hold the truth in 95 of 100 repetitions? Pictures made here, of which the true score is known.

Nothing of the package's own scanner is used. The truth is what the average of repeated scans tends to, with the ROIs
at the place that the reader aims at: Rice's closed form for the magnitude of a signal in noise, Rayleigh's for air.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import scipy

from vbqkit import Ellipse, Rectangle, Slice, Volume
from vbqkit.image import stack_affine
from vbqkit.scores import Jitter, ReferenceGroup, case_uncertainty

PIXEL = 0.8  # mm
SHAPE = (112, 120)
BLOCKS = {"L1": (4, 28), "L2": (30, 54), "L3": (56, 80), "L4": (82, 106)}  # rows of marrow
MARROW, SAC = (36, 62), (64, 77)  # columns
SIGMA = 10.0
POPULATION = {"mean": 33.0, "sd": 4.0}  # SNR of young women: its true mean and SD
SEED, REPETITIONS = 2, 500
SCORES = ("VBQ-T1", "M-score")
STILL = Jitter(shift_mm=0, size_percent=0)


@dataclass(frozen=True)
class Setting:
    """One kind of picture and reader."""

    texture: float = 0.0  # SD of the marrow's signal over its mean
    zero_filled: bool = False
    marrow_mm: float = 8.0
    csf_mm: float = 6.4
    noise_mm: float = 8.0
    jitter: Jitter = STILL
    women: int = 20


SETTINGS = {
    "noise only": Setting(),
    "texture": Setting(texture=0.06),
    "small ROIs": Setting(marrow_mm=4.0, csf_mm=3.2, noise_mm=4.0),
    "placement": Setting(texture=0.06, jitter=Jitter(shift_mm=2, size_percent=10)),
    "zero-filled": Setting(zero_filled=True, women=100),
}


def made_noise(rng, *, zero_filled):
    """Complex noise of SD SIGMA in each part; zero-filled: only the inner half of both axes of k-space holds any."""
    white = rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE)
    if not zero_filled:
        return SIGMA * white
    rows, cols = (np.abs(np.fft.fftfreq(n)) < 0.25 for n in SHAPE)
    sampled = np.outer(rows, cols).astype(float)
    return SIGMA * np.fft.ifft2(np.fft.fft2(white) * sampled) / np.sqrt(sampled.mean())


def made_signal(rng, texture):
    signal = np.zeros(SHAPE)
    signal[:, 34:86] = 60.0
    smooth = scipy.ndimage.gaussian_filter(rng.normal(size=SHAPE), 1.5, mode="wrap")
    for top, bottom in BLOCKS.values():
        signal[top:bottom, slice(*MARROW)] = 240.0 * (1.0 + texture * smooth / smooth.std())[top:bottom, slice(*MARROW)]
    signal[:, slice(*SAC)] = 95.0
    signal[:, 78:86] = 300.0
    return signal


def rice_mean(signal):
    """Mean of the magnitude of a signal in complex noise of SD SIGMA in each part (Rice 1944)."""
    x = signal**2 / (4.0 * SIGMA**2)
    return (
        SIGMA
        * math.sqrt(math.pi / 2.0)
        * ((1.0 + 2.0 * x) * scipy.special.ive(0, x) + 2.0 * x * scipy.special.ive(1, x))
    )


def as_volume(pixels):
    affine = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -PIXEL), (0, PIXEL, 0))
    return Volume(pixels[None], affine, thickness_mm=4.0).with_acquisition(weighting="T1")


def aimed_at(image: Slice, setting):
    """The ROIs at the place that the reader aims at, and the outlines that they are held in."""
    column = sum(MARROW) / 2 - 0.5
    rois = {
        label: Ellipse.on(image, ((top + bottom) / 2 - 0.5, column), setting.marrow_mm, setting.marrow_mm, label=label)
        for label, (top, bottom) in BLOCKS.items()
    }
    row, sac = 67.5, sum(SAC) / 2 - 0.5
    rois["CSF"] = Ellipse.on(image, (row, sac), setting.csf_mm, setting.csf_mm, label="CSF")
    rois["noise"] = Ellipse.on(image, (60, 102), setting.noise_mm, setting.noise_mm, label="noise")
    outlines = {
        label: Rectangle.on(
            image,
            ((top + bottom) / 2 - 0.5, column),
            PIXEL * (MARROW[1] - MARROW[0]),
            PIXEL * (bottom - top),
            label=label,
        )
        for label, (top, bottom) in BLOCKS.items()
    }
    outlines["CSF"] = Rectangle.on(image, (row, sac), PIXEL * (SAC[1] - SAC[0]), 40.0, label="CSF")
    return rois, outlines


def put_by_the_reader(roi, outline, image, jitter, rng):
    """Where a reader puts it: evenly within the disc around the aim, held inside the outline."""
    free = np.ones(SHAPE, dtype=bool) if outline is None else outline.mask(image)
    while True:
        radius, angle = jitter.shift_mm * math.sqrt(rng.random()), rng.uniform(0, 2 * math.pi)
        put = roi.moved((0.0, radius * math.cos(angle), radius * math.sin(angle)))
        put = put.scaled(1.0 + jitter.size_percent / 100 * rng.uniform(-1, 1))
        if free[put.mask(image)].all():
            return put


def repetition(setting, rng, n_draws):
    """Whether each score's interval held its truth; nothing where the noise was called doubtful."""
    signal = made_signal(rng, setting.texture)
    volume = as_volume(np.abs(signal + made_noise(rng, zero_filled=setting.zero_filled)))
    image = volume.slice(0)
    aims, outlines = aimed_at(image, setting)
    moving = setting.jitter.shift_mm > 0
    placed = [
        put_by_the_reader(roi, outlines.get(label), image, setting.jitter, rng) if moving else roi
        for label, roi in aims.items()
    ]
    expected = rice_mean(signal)
    levels = [expected[aims[label].mask(image)].mean() for label in BLOCKS]
    snr = np.mean(levels) / (SIGMA * math.sqrt(2.0 - math.pi / 2.0))
    truth = {
        "VBQ-T1": np.median(levels) / expected[aims["CSF"].mask(image)].mean(),
        "M-score": (snr - POPULATION["mean"]) / POPULATION["sd"],
    }
    women = rng.normal(POPULATION["mean"], POPULATION["sd"], setting.women)
    found = case_uncertainty(
        {"T1": volume},
        placed,
        aggregate="median",
        reference=ReferenceGroup(mean=women.mean(), sd=women.std(ddof=1), n=setting.women),
        jitter=setting.jitter,
        within=outlines if moving else None,
        rng=rng,
        n_draws=n_draws,
        overrule="blocks of one brightness, without a spine to judge places by",
    )
    return {
        u.score.name: (u.ci_low, truth[u.score.name], u.ci_high, u.score.value, u.se)
        for u in found
        if u.score.name in SCORES and math.isfinite(u.ci_low)
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_a_95_percent_interval_holds_the_truth_in_93_to_97_of_100_repetitions(name):
    """Each with a new patient's texture, new noise, a new placement and a new reference group.

    500 repetitions know a coverage to 1 %, so the test is an exact one, on both sides: it fails where a coverage of
    93 % or more, or of 97 % or less, would give what was found in fewer than one of twenty runs.

    1,500 repetitions with other seeds (0.5 % known) gave, for VBQ-T1 and M-score: noise only 95.5 and 94.7 %, texture
    96.3 and 94.7 %, placement 96.7 and 95.2 %. VBQ is above 95 where there is texture: what of it is finer than a ROI
    is in the SD of its pixels and counts as noise (standard error of VBQ 8 % too large with texture alone), although it
    is the same in every repetition; how it differs from place to place counts as placement, as it should. That is on
    the safe side, and a scan of one patient cannot tell texture from noise by the pixels under a ROI.

    The M-score held 96.6 to 97.7 % under placement while moved noise ROIs were compared with the one as it lies: in
    the pictures in which that one was off by chance, and only there, its own error came back as "placement".
    """
    held = {score: [] for score in SCORES}
    for k in range(REPETITIONS):
        found = repetition(SETTINGS[name], np.random.default_rng([SEED, k]), n_draws=200)
        for score, (low, truth, high, *_) in found.items():
            held[score].append(low <= truth <= high)
    for score, hits in held.items():
        assert len(hits) > 0.9 * REPETITIONS, f"{score}: the noise is called doubtful too often"
        for bound, side in ((0.93, "less"), (0.97, "greater")):
            chance = scipy.stats.binomtest(sum(hits), len(hits), bound, alternative=side).pvalue
            assert chance > 0.05, f"{score}: {100 * np.mean(hits):.1f} %"


def test_an_interval_is_as_wide_as_the_spread_of_repetitions():
    """A short form of the test above, for each make check: errors over their stated standard error."""
    rows = [
        repetition(SETTINGS["placement"], np.random.default_rng([SEED, k]), n_draws=100)["VBQ-T1"] for k in range(12)
    ]
    errors = np.array([(value - truth) / se for _, truth, _, value, se in rows])
    assert 0.6 < math.sqrt((errors**2).mean()) < 1.4
