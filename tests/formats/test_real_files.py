"""Published sample images of several vendors, from ../shared/real; skipped where it is absent."""

from pathlib import Path

import numpy as np
import pytest

from vbqkit.errors import FormatError, GeometryError, VbqkitError
from vbqkit.formats import read_study

REAL = Path(__file__).parents[3] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real images at {REAL}")

NEMA = REAL / "dicom" / "nema_compressed"


@pytest.mark.parametrize("syntax", ["RLE", "JPLL", "JLSL", "J2KR"])
@pytest.mark.parametrize("image", ["MR1", "MR2", "MR3", "MR4"])
def test_lossless_nema_images_equal_their_uncompressed_reference_pixel_for_pixel(syntax, image):
    (coded,) = read_study(NEMA / syntax / f"{image}_{syntax}")
    (plain,) = read_study(NEMA / "REF" / f"{image}_UNC")
    assert np.array_equal(coded.volume().pixels, plain.volume().pixels)
    assert plain.volume().pixels.std() > 0


@pytest.mark.parametrize("image", ["MR1", "MR2", "MR3", "MR4"])
def test_twelve_bit_jpeg_extended_is_refused_with_file_tag_and_way_out(image):
    (series,) = read_study(NEMA / "JPLY" / f"{image}_JPLY")
    assert "12-bit JPEG extended" in series.refusal
    with pytest.raises(FormatError, match=rf"{image}_JPLY .*\(0002,0010\).*Ask for the series uncompressed"):
        series.volume()


def test_every_series_of_the_real_folder_is_listed_and_each_opens_or_says_why():
    study = read_study(REAL / "dicom")
    assert len(study) > 60
    for series in study:
        said = _said_on_reading(series)
        assert said is None or said in series.refusal


def _said_on_reading(series):
    try:
        assert series.volume().shape == series.shape
    except VbqkitError as error:
        return str(error)


def test_plane_said_by_the_user_gives_the_geometry_of_the_corrected_file():
    (wrong,) = read_study(REAL / "lumbar_t1" / "DzZ_T1_orig.nhdr")
    (stated,) = read_study(REAL / "lumbar_t1" / "DzZ_T1_orig.nhdr", plane="sagittal")
    (right,) = read_study(REAL / "lumbar_t1" / "lumbar_t1_sagittal.mha")
    assert wrong.plane == "axial"
    assert "state plane='sagittal'" in wrong.refusal
    assert wrong.cautions[0].code == "orientation-doubtful"
    assert "12 slices 4.4 mm apart" in wrong.cautions[0].message
    assert stated.refusal is None
    assert np.allclose(stated.volume().affine[:, :3], right.volume().affine[:, :3], atol=1e-12)
    assert np.array_equal(stated.volume().pixels, right.volume().pixels)


def test_sagittal_mha_is_shown_with_head_up_and_front_left():
    (series,) = read_study(REAL / "lumbar_t1" / "lumbar_t1_sagittal.mha")
    assert series.volume().slice(0).edge_letters == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
    assert series.refusal is None
    assert series.acquisition.weighting == "unknown"


def test_images_without_any_geometry_are_listed_and_refused():
    (series,) = read_study(REAL / "dicom" / "pydicom" / "emri_small.dcm")
    with pytest.raises(GeometryError, match=r"PixelSpacing \(0028,0030\)"):
        series.volume()
