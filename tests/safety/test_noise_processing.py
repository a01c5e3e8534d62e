"""What was done to a series between receiver and file.

Deep learning refuses SNR, the rest is a caution with its direction.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.safety.lumbar_picture import SHAPE, box, changed, picture
from vbqkit import Volume
from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.image import stack_affine
from vbqkit.scores import (
    Jitter,
    NoiseCheck,
    ReferenceGroup,
    case_uncertainty,
    check_reconstruction,
    check_series_noise,
)


def codes(**acquisition):
    check = check_reconstruction(Acquisition(**acquisition))
    return check.refusal, [caution.code for caution in check.cautions]


@pytest.mark.parametrize(
    ("acquisition", "where"),
    [
        ({"image_type": ("ORIGINAL", "PRIMARY", "M", "NORM", "DRB", "DIS2D")}, "ImageType (0008,0008) holds DRB"),
        ({"series_description": "Sag T1 AIR Recon DL"}, "the description is 'Sag T1 AIR Recon DL'"),
        ({"series_description": "t1_tse_sag_DRB"}, "the description is 't1_tse_sag_DRB'"),
        ({"series_description": "T1W SmartSpeed Precise"}, "SmartSpeed"),
        ({"series_description": "T1 SAG SwiftMR"}, "SwiftMR"),
    ],
)
def test_deep_learning_refuses_snr_and_says_where_it_stands(acquisition, where):
    check = check_reconstruction(Acquisition(**acquisition))
    assert "deep learning" in check.refusal
    assert where in check.refusal
    assert check.doubtful


@pytest.mark.parametrize(
    ("acquisition", "code", "direction"),
    [
        (
            {"image_type": ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")},
            "uniformity",
            "Behind the back SNR is too high",
        ),
        ({"series_description": "SAG T1 PURE"}, "uniformity", "in front of the belly too low"),
        ({"processing": ("Filter Mode (0043,102d) p+",)}, "uniformity", "(Filter Mode (0043,102d) p+)"),
        ({"parallel_technique": "SENSE", "parallel_factor": 2.0}, "parallel", "SENSE, factor 2"),
        ({"series_description": "t1_tse_iPAT2"}, "parallel", "SNR is too high"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "M", "FIL")}, "filter", "ImageType (0008,0008) holds FIL"),
        ({"scan_options": ("FILTERED_GEMS",)}, "filter", "FILTERED_GEMS"),
        (
            {"matrix": (512, 512), "acquired_matrix": (256, 256)},
            "interpolated",
            "256 x 256 pixels (rows x columns) were acquired and 512 x 512",
        ),
    ],
)
def test_other_processing_is_a_caution_with_its_reason_and_direction(acquisition, code, direction):
    check = check_reconstruction(Acquisition(**acquisition))
    assert check.refusal is None
    (caution,) = check.cautions
    assert caution.code == f"reconstruction-{code}"
    assert direction in caution.message


ORIGINAL = ("ORIGINAL", "PRIMARY", "M")


@pytest.mark.parametrize(
    ("kind", "values", "names"),
    [
        (
            "deep learning",
            ["DRB2", "DEEP_RESOLVE", "RECON_DL"],
            ["T1 DR Boost", "T1 SonicDL", "T1 DeepRecon", "T1 uAIFI", "T1 ACS"],
        ),
        (
            "uniformity",
            ["norm", "NORM2", "M_NORM", "NORM_DIS2D", "PSN"],
            ["T1 PSN", "T1 intensity corrected", "T1 N4", "T1 uniform"],
        ),
        ("filter", ["FIL2", "FILT"], ["T1 filter", "T1 denoising", "T1 gaussian", "T1 smooth", "T1 sharpened"]),
        ("parallel", ["GRAPPA2", "SENSE_2"], ["t1_tse_sag_p2", "T1 CSENSE", "T1 PAT2"]),
        ("interpolated", ["INTERPOLATED"], ["T1 ZIP512", "T1 zip x2", "T1 interpol."]),
    ],
)  # fmt: skip
def test_each_kind_of_processing_is_known_in_other_spellings(kind, values, names):
    stated = [{"image_type": (*ORIGINAL, value)} for value in values]
    for acquisition in stated + [{"series_description": name} for name in names] + [{"sequence_name": names[0]}]:
        refusal, found = codes(**acquisition)
        assert (kind in (refusal or "")) if kind == "deep learning" else (found == [f"reconstruction-{kind}"]), (
            acquisition
        )


@pytest.mark.parametrize(
    "acquisition",
    [
        {"series_description": "T1 no filter"},
        {"series_description": "T1 unfiltered abnormal"},
        {"image_type": (*ORIGINAL, "ND", "DIS2D", "SE")},
        {"series_description": "T1 zip512", "matrix": (320, 320), "acquired_matrix": (320, 320)},
        {},
        {"image_type": ("ORIGINAL", "PRIMARY", "M", "ND", "DIS2D")},
        {"parallel_technique": "SENSE", "parallel_factor": 1.0},
        {"matrix": (320, 320), "acquired_matrix": (320, 300)},
        {"series_description": "SAG T1 TSE NORMAL FILM ARCH"},
        {"series_description": "t1_tse_sag_320"},
    ],
)
def test_plain_series_and_words_that_only_resemble_one_have_no_caution(acquisition):
    assert codes(**acquisition) == (None, [])


def test_what_the_picture_shows_to_be_no_noise_is_doubtful_and_a_standing_caution_of_the_series_is_not():
    def doubtful(code):
        return NoiseCheck(None, (Caution(code, "..."),)).doubtful

    assert doubtful("noise-disagrees")
    assert doubtful("noise-ghost")
    assert doubtful("noise-unconfirmed")
    for code in ("noise-few-pixels", "noise-rounded", *(f"reconstruction-{k}" for k in ("uniformity", "interpolated"))):
        assert not doubtful(code)
    assert NoiseCheck("on tissue", ()).doubtful
    assert not NoiseCheck(None, ()).doubtful


def scored(image, *, row=150, col=232, **acquisition):
    """SNR of the lumbar picture with a noise ROI there, its interval, and the cautions."""
    volume = Volume(image.pixels[None], stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0)), thickness_mm=4.0)
    volume = volume.with_acquisition(weighting="T1", **acquisition)
    rois = [box(image, 21 + 36 * k, 135, 10.0) for k in range(1, 5)]
    rois = [replace(roi, label=f"L{k}") for k, roi in enumerate(rois, start=1)]
    found = case_uncertainty(
        {"T1": volume},
        [*rois, box(image, row, col)],
        aggregate="median",
        reference=ReferenceGroup(mean=100.0, sd=10.0, n=20),
        jitter=Jitter(shift_mm=0, size_percent=0),
        rng=np.random.default_rng(0),
        n_draws=100,
    )
    return {one.score.name: one for one in found}


def test_a_score_over_doubtful_noise_has_its_value_no_interval_and_the_reason_in_words():
    image = picture()
    image = changed(image, np.where(np.arange(SHAPE[1]) < 45, 3.0 * image.pixels, image.pixels))
    for name in ("SNR", "M-score"):
        one = scored(image)[name]
        assert np.isfinite(one.score.value)
        assert np.isnan([one.ci_low, one.ci_high, one.se]).all()
        assert "noise-disagrees" in one.missing
        assert "The SD is" in one.missing
        assert f"(no interval: {one.missing})" in str(one)
        assert [caution.code for caution in one.cautions] == ["no-interval"]
        assert one.rows()[0]["method"].startswith("no interval: ")
        assert one.verdict(1.0, positive="high") == "indeterminate"


@pytest.mark.parametrize(
    "processing",
    [{}, {"image_type": ("ORIGINAL", "PRIMARY", "M", "NORM")}, {"parallel_technique": "SENSE", "parallel_factor": 2.0}],
)
def test_a_standing_caution_keeps_the_interval_while_air_elsewhere_holds_the_same_noise(processing):
    found = scored(picture(), **processing)
    for name in ("SNR", "M-score"):
        assert found[name].ci_low < found[name].score.value < found[name].ci_high
        assert any(c.code.startswith("reconstruction-") for c in found[name].score.cautions) == bool(processing)


def test_uniformity_correction_without_a_second_box_of_air_to_compare_with_has_no_interval():
    """One strip of air, as wide as the noise ROI and its margin."""
    pixels = picture().pixels[145:161, 60:230]
    affine = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))
    volume = Volume(pixels[None], affine, thickness_mm=4.0).with_acquisition(weighting="T1")
    roi = box(volume.slice(0), 8, 160)
    measured = {"noise": roi.measure(volume)}
    assert not check_series_noise(volume, roi, measured).doubtful
    corrected = volume.with_acquisition(image_type=("ORIGINAL", "PRIMARY", "M", "NORM"))
    check = check_series_noise(corrected, roi, measured)
    assert check.refusal is None
    assert [doubt.code for doubt in check.doubts] == ["noise-unconfirmed"]


def test_two_checks_joined_keep_the_first_refusal_and_every_caution():
    a, b = Caution("a", "..."), Caution("b", "...")
    joined = NoiseCheck(None, (a,)).joined(NoiseCheck("second", (b,)))
    assert (joined.refusal, joined.cautions) == ("second", (a, b))
