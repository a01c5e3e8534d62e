"""One patient's series and ROIs in, every score or its refusal out."""

import numpy as np
import pytest

from vbqkit import Rectangle, Volume
from vbqkit.errors import ScoreError
from vbqkit.image import stack_affine
from vbqkit.scores import ReferenceGroup, score_case

AFFINE = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))
MARROW, CSF = {"T1": 240.0, "T2": 330.0, "STIR": 120.0}, {"T1": 100.0, "T2": 600.0, "STIR": 400.0}


def volume(weighting, *, gain=1.0, noise=3.0, crop=0):
    """Body from column 40 to 160 with marrow (60-90), CSF (100-115), air around; 1 mm pixels."""
    rng = np.random.default_rng(7)
    signal = np.zeros((3, 300, 200))
    signal[:, :, 40:160] = 180.0
    signal[:, :, 60:90] = MARROW[weighting]
    signal[:, :, 100:115] = CSF[weighting]
    noisy = np.abs(signal + noise * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape)))
    if crop:
        noisy = noisy[:, :, crop:-crop]
    affine = stack_affine((0, crop, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))
    return Volume(gain * noisy, affine, thickness_mm=4.0).with_acquisition(weighting=weighting)


def rois(*, without=()):
    image = volume("T1").slice(1)
    places = {"L1": (60, 75), "L2": (110, 75), "L3": (160, 75), "L4": (210, 75), "CSF": (160, 107), "noise": (150, 182)}
    return [Rectangle.on(image, p, 6.3, 6.3, label=k).with_area() for k, p in places.items() if k not in without]


REFERENCE = ReferenceGroup(mean=80.0, sd=10.0, n=30, scanner="this one")


def test_every_score_comes_out_as_the_signals_say():
    case = score_case({w: volume(w) for w in MARROW}, rois(), aggregate="median", reference=REFERENCE)
    assert case.score("VBQ-T1").value == pytest.approx(2.4, rel=0.02)
    assert case.score("VBQ-T2").value == pytest.approx(330 / 600, rel=0.02)
    assert case.score("VBQ-STIR").value == pytest.approx(0.3, rel=0.02)
    assert case.score("VBQ-T2-STIR").value == pytest.approx(210 / 200, rel=0.03)
    assert case.score("SNR").value == pytest.approx(240 / (3 * 0.655), rel=0.2)  # the SD of about 40 pixels
    m, snr = case.score("M-score"), case.score("SNR")
    assert m.value == pytest.approx((snr.value - 80) / 10)
    assert not [c for c in snr.cautions if c.code.startswith("noise-not")]


def test_gain_changes_no_score_on_one_series():
    one = score_case({"T1": volume("T1")}, rois(), aggregate="mean", reference=REFERENCE)
    amplified = score_case({"T1": volume("T1", gain=7.3)}, rois(), aggregate="mean", reference=REFERENCE)
    for name in ("VBQ-T1", "SNR", "M-score"):
        assert amplified.score(name).value == pytest.approx(one.score(name).value, rel=1e-9)


def test_a_crop_without_air_gives_vbq_and_refuses_snr_and_m_score():
    cropped = {"T1": volume("T1", crop=50)}
    case = score_case(cropped, rois(without=["noise"]), aggregate="median", reference=REFERENCE)
    assert case.score("VBQ-T1").value == pytest.approx(2.4, rel=0.02)
    with pytest.raises(ScoreError, match="M-score is not given: no noise ROI, and slice 1 has no free air"):
        case.score("M-score")


def test_a_noise_roi_on_tissue_refuses_the_m_score():
    image = volume("T1").slice(1)
    on_tissue = [*rois(without=["noise"]), Rectangle.on(image, (30, 140), 6.3, 6.3, label="noise")]
    case = score_case({"T1": volume("T1")}, on_tissue, aggregate="median", reference=REFERENCE)
    with pytest.raises(ScoreError, match="it lies on tissue"):
        case.score("M-score")


def test_a_roi_outside_a_series_is_said_and_the_others_count():
    outside = Rectangle.on(volume("T1").slice(1), (20, 198), 6, 6, label="S1")
    case = score_case({"T1": volume("T1")}, [*rois(), outside], aggregate="median")
    assert case.score("VBQ-T1").value > 0
    assert [c.code for c in case.cautions] == ["roi-not-measured"]


def test_what_makes_no_case_says_why():
    with pytest.raises(ScoreError, match="Two ROIs are labelled 'L1'"):
        score_case({"T1": volume("T1")}, [rois()[0], rois()[0]], aggregate="median")
    with pytest.raises(ScoreError, match="No score is defined on PD"):
        score_case({"PD": volume("T1")}, rois(), aggregate="median")
    with pytest.raises(ScoreError, match="VBQ-T2 was not computed"):
        score_case({"T1": volume("T1")}, rois(), aggregate="median").score("VBQ-T2")


def test_rows_are_flat():
    case = score_case({"T1": volume("T1")}, rois(), aggregate="median")
    for row in (*case.rows(), *case.measurement_rows()):
        assert all(isinstance(value, (str, int, float, type(None))) for value in row.values())
