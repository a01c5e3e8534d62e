"""What was done to a series between receiver and file.

Deep learning refuses SNR, the rest is a caution with its direction.
"""

import pytest

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution
from vbqkit.scores import NoiseCheck, check_reconstruction


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
        ({"parallel_technique": "SENSE", "parallel_factor": 2.0}, "parallel", "SENSE factor 2"),
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


@pytest.mark.parametrize(
    "acquisition",
    [
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


def test_an_interval_is_hidden_where_the_sd_itself_is_doubtful_and_not_where_it_is_only_unsure():
    def doubtful(code):
        return NoiseCheck(None, (Caution(code, "..."),)).doubtful

    assert doubtful("noise-disagrees")
    assert doubtful("noise-ghost")
    assert doubtful("reconstruction-uniformity")
    assert not doubtful("noise-few-pixels")
    assert not doubtful("reconstruction-interpolated")
    assert NoiseCheck("on tissue", ()).doubtful
    assert not NoiseCheck(None, ()).doubtful


def test_two_checks_joined_keep_the_first_refusal_and_every_caution():
    a, b = Caution("a", "..."), Caution("b", "...")
    joined = NoiseCheck(None, (a,)).joined(NoiseCheck("second", (b,)))
    assert (joined.refusal, joined.cautions) == ("second", (a, b))
