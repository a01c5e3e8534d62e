"""Images: patient coordinates, read-only pixels, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit import Slice, Study, Volume
from vbqkit.errors import FormatError, GeometryError
from vbqkit.image import direction_letter, stack_affine
from vbqkit.study import make_series

SAGITTAL = stack_affine((10, -50, 100), (4.4, 0, 0), (0, 0, -0.7), (0, 0.6, 0))


def test_a_sagittal_stack_reads_as_a_radiologist_expects():
    volume = Volume(np.zeros((12, 471, 144)), SAGITTAL)
    assert repr(volume) == "<Volume: sagittal unknown, 12 slices 4.4 mm apart, 471 x 144, 0.7 x 0.6 mm>"
    assert volume.slice(0).edge_letters == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
    assert volume.spacing_mm == pytest.approx((4.4, 0.7, 0.6))
    assert [direction_letter(v) for v in np.vstack([np.eye(3), -np.eye(3)])] == list("LPHRAF")


@given(st.integers(0, 10**6), st.tuples(*[st.floats(-40, 40)] * 2))
def test_positions_and_indices_are_inverse_on_oblique_slices(seed, rc):
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    image = Slice(np.zeros((4, 4)), rng.normal(size=3) * 100, q[0] * rng.uniform(0.2, 3), q[1] * rng.uniform(0.2, 3))
    assert image.to_rows_cols(image.to_patient_mm(rc)) == pytest.approx(rc, abs=1e-8)
    assert image.distance_mm(image.to_patient_mm(rc)) == pytest.approx(0, abs=1e-8)


def test_the_affine_is_the_one_of_dicom():
    # DICOM PS3.3 C.7.6.2.1.1: P = S + column_cosine_x * spacing_x * column + row_cosine_y * spacing_y * row
    position, cosines, spacing = np.array([1.0, 2.0, 3.0]), ((0, 1, 0), (0, 0, -1)), (0.7, 0.6)
    image = Slice(np.zeros((5, 5)), position, np.array(cosines[1]) * spacing[0], np.array(cosines[0]) * spacing[1])
    r, c = 3, 4
    expected = position + np.array(cosines[0]) * spacing[1] * c + np.array(cosines[1]) * spacing[0] * r
    assert image.to_patient_mm((r, c)) == pytest.approx(expected)


def test_pixels_are_read_only_and_the_callers_array_stays_writable():
    mine = np.zeros((2, 3, 4))
    volume = Volume(mine, SAGITTAL)
    with pytest.raises(ValueError, match="read-only"):
        volume.slice(1).pixels[0, 0] = 1
    mine[0, 0, 0] = 5
    assert mine.flags.writeable


def test_what_is_no_image_is_refused():
    with pytest.raises(GeometryError, match="at least one pixel"):
        Volume(np.zeros((0, 3, 4)), SAGITTAL)
    with pytest.raises(GeometryError, match="Take the magnitude"):
        Volume(np.zeros((1, 3, 4), dtype=complex), SAGITTAL)
    with pytest.raises(GeometryError, match="singular"):
        Volume(np.zeros((1, 3, 4)), np.diag([1.0, 0, 1, 1]))
    with pytest.raises(GeometryError, match="finite 4 x 4"):
        Volume(np.zeros((1, 3, 4)), np.eye(3))
    with pytest.raises(GeometryError, match="not at right angles"):
        Slice(np.zeros((2, 2)), (0, 0, 0), (0, 0.1, -1), (0, 1, 0))
    with pytest.raises(GeometryError, match="both must be above 0"):
        Slice(np.zeros((2, 2)), (0, 0, 0), (0, 0, 0), (0, 1, 0))
    with pytest.raises(GeometryError, match="not a number"):
        Slice(np.zeros((2, 2)), (0, 0, np.nan), (0, 0, -1), (0, 1, 0))
    with pytest.raises(GeometryError, match="no slice 2"):
        Volume(np.zeros((2, 2, 2)), SAGITTAL).slice(2)


def test_find_gives_the_one_series_or_lists_what_there_is():
    t1 = Volume(np.zeros((2, 2, 2)), SAGITTAL).with_acquisition(weighting="T1")
    study = Study((make_series(t1), make_series(t1, refusal="a contrast agent was given")), source="case")
    assert study.find("T1").volume() is t1
    with pytest.raises(FormatError, match=r"0 scorable sagittal T2 series in case.*Choose by number"):
        study.find("T2")
    assert "not scorable: a contrast agent was given" in repr(study)


@pytest.mark.parametrize("whole", [True, False])
def test_an_array_of_an_image_is_its_pixels(whole):
    volume = Volume(np.arange(24.0).reshape(2, 3, 4), SAGITTAL)
    image = volume if whole else volume.slice(0)
    assert np.asarray(image).shape == image.pixels.shape
    assert not np.asarray(image).flags.writeable
    assert np.shares_memory(np.asarray(image), image.pixels)
    assert np.array(image).flags.writeable
    assert np.asarray(image, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.asarray(image), image.pixels)
