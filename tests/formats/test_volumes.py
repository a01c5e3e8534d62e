"""NIfTI, MHA and NRRD: every voxel at the place where SimpleITK puts it, whatever way the file is turned."""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from hypothesis import given, settings
from hypothesis import strategies as st

from vbqkit.errors import FormatError
from vbqkit.formats import read_study

UPRIGHT = {
    "sagittal": {"left": "A", "right": "P", "top": "H", "bottom": "F"},
    "coronal": {"left": "R", "right": "L", "top": "H", "bottom": "F"},
    "axial": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
}


def _image(size, spacing=(0.7, 0.9, 4.0), direction=((1, 0, 0), (0, 1, 0), (0, 0, 1)), origin=(-10.0, 20.0, -30.0)):
    image = sitk.GetImageFromArray(np.arange(np.prod(size), dtype=np.int16).reshape(size[::-1]))
    image.SetSpacing(spacing)
    image.SetDirection(np.array(direction, dtype=float).ravel())
    image.SetOrigin(origin)
    return image


def _write(image, path):
    sitk.WriteImage(image, str(path))
    return path


def _turn(permutation, signs, angle):
    axes = np.eye(3)[list(permutation)] * np.array(signs)[:, None]
    tilt = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    direction = (tilt @ axes).T
    return direction if np.linalg.det(direction) > 0 else direction * np.array([[1, 1, -1]])


@settings(max_examples=60, deadline=None)
@given(
    permutation=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    angle=st.integers(-300, 300).map(lambda milliradians: milliradians / 1000),  # ITK's SVD fails on 1e-310
    spacing=st.sampled_from([(0.7, 0.9, 4.0), (1.0, 1.0, 1.0), (4.0, 0.5, 0.6), (0.5, 3.0, 0.6)]),
    suffix=st.sampled_from([".mha", ".nrrd", ".nii.gz"]),
)
def test_every_voxel_lies_where_simpleitk_puts_it_and_the_picture_stands_upright(
    tmp_path_factory, permutation, signs, angle, spacing, suffix
):
    image = _image((3, 5, 4), spacing, _turn(permutation, signs, angle))
    (series,) = read_study(_write(image, tmp_path_factory.mktemp("v") / f"a{suffix}"))
    volume = series.volume()
    assert volume.shape == series.shape
    assert np.allclose(volume.spacing_mm, series.spacing_mm, rtol=1e-4)
    for plane, row, col in itertools.product(*map(range, volume.shape)):
        there = (volume.affine @ (plane, row, col, 1))[:3]
        index = np.array(image.TransformPhysicalPointToContinuousIndex([float(v) for v in there]))
        assert np.allclose(index, np.round(index), atol=1e-3)
        assert image[tuple(int(i) for i in np.round(index))] == volume.pixels[plane, row, col]
    assert volume.slice(0).edge_letters == UPRIGHT[volume.plane]
    assert volume.plane == series.plane


def test_isotropic_volumes_are_cut_sagittally_and_thick_slices_as_they_were_acquired(tmp_path):
    cube = _image((4, 5, 6), (1.0, 1.0, 1.0), np.diag([-1.0, -1.0, 1.0]))
    assert read_study(_write(cube, tmp_path / "cube.nii")).series[0].plane == "sagittal"
    thick = _image((4, 5, 6), (1.0, 1.0, 5.0), np.diag([-1.0, -1.0, 1.0]))
    assert read_study(_write(thick, tmp_path / "thick.nii")).series[0].plane == "axial"


def test_an_identity_header_on_thick_slices_is_doubted_and_a_real_orientation_is_not(tmp_path):
    doubtful = read_study(_write(_image((10, 60, 5)), tmp_path / "tall.mha")).series[0]
    assert "looks wrong" in doubtful.cautions[0].message
    square = read_study(_write(_image((40, 40, 5)), tmp_path / "square.mha")).series[0]
    assert "may be wrong" in square.cautions[0].message
    turned = _image((10, 60, 5), direction=_turn((0, 1, 2), (1, 1, 1), 0.2))
    codes = [caution.code for caution in read_study(_write(turned, tmp_path / "turned.mha")).series[0].cautions]
    assert codes == ["missing-tags"]


@pytest.mark.parametrize("plane", UPRIGHT)
def test_a_stated_plane_sets_the_directions_and_keeps_spacing_pixels_and_origin(tmp_path, plane):
    path = _write(_image((6, 7, 5), direction=_turn((1, 2, 0), (1, -1, 1), 0.2)), tmp_path / "a.nrrd")
    volume = read_study(path, plane=plane).series[0].volume()
    assert volume.plane == plane
    assert volume.slice(0).edge_letters == UPRIGHT[plane]
    assert volume.spacing_mm == pytest.approx((4.0, 0.9, 0.7))
    assert np.array_equal(volume.pixels, np.arange(210).reshape(5, 7, 6))
    assert np.allclose(volume.affine[:3, 3], (-10, 20, -30))
    step = volume.affine[:3, 0] / 4.0
    assert np.allclose(step, volume.slice(0).normal)


def test_four_dimensional_files_become_one_series_per_volume(tmp_path):
    parts = [_image((3, 4, 5)) + k for k in range(3)]
    sitk.WriteImage(sitk.JoinSeries(parts), str(tmp_path / "a.nii"))
    study = read_study(tmp_path / "a.nii")
    assert len(study) == 3
    sums = [int(series.volume().pixels.sum()) for series in study]
    assert sums == [int(sitk.GetArrayFromImage(part).sum()) for part in parts]
    assert "Volume 2 of 3 in a 4-D file" in study.series[1].cautions[-1].message


def test_floats_and_nan_are_read_with_a_caution(tmp_path):
    pixels = np.ones((3, 4, 5), dtype=np.float32)
    pixels[1, 2, 3] = np.nan
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(tmp_path / "a.mha"))
    volume = read_study(tmp_path / "a.mha").series[0].volume()
    assert np.isnan(volume.pixels).sum() == 1
    (caution,) = [c for c in volume.cautions if c.code == "not-finite"]
    assert "1 voxels of" in caution.message


def test_the_value_of_a_stored_zero_follows_the_scaling_of_a_nifti_file(tmp_path):
    import nibabel

    image = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([1.0, 1.0, 1.0, 1.0]))
    image.header.set_slope_inter(2.0, -5.0)
    nibabel.save(image, tmp_path / "a.nii")
    volume = read_study(tmp_path / "a.nii").series[0].volume()
    expected = nibabel.load(tmp_path / "a.nii").get_fdata()
    assert sorted(volume.pixels.ravel()) == sorted(expected.ravel())
    assert volume.zero_value == -5.0 == volume.pixels.min()


def test_a_nifti_file_is_turned_from_ras_to_lps_as_nibabel_reads_it(tmp_path):
    import nibabel

    affine = np.array([[0.0, 0.1, -3.9, 40.0], [-0.8, 0.0, 0.0, 90.0], [0.0, -0.8, -0.5, 10.0], [0, 0, 0, 1]])
    affine[:3, :3] = np.linalg.qr(affine[:3, :3])[0] @ np.diag([0.8, 0.8, 3.9])
    values = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    nibabel.save(nibabel.Nifti1Image(values, affine), tmp_path / "a.nii")
    volume = read_study(tmp_path / "a.nii").series[0].volume()
    for i, j, k in itertools.product(range(3), range(4), range(5)):
        lps = np.diag([-1, -1, 1, 1]) @ affine @ (i, j, k, 1)
        index = np.linalg.solve(volume.affine, lps)[:3]
        assert np.allclose(index, np.round(index), atol=1e-3)
        assert volume.pixels[tuple(np.round(index).astype(int))] == values[i, j, k]


def test_weighting_is_unknown_unless_said(tmp_path):
    path = _write(_image((3, 4, 5)), tmp_path / "a.mha")
    assert read_study(path).series[0].acquisition.weighting == "unknown"
    said = read_study(path, weighting="STIR").series[0].acquisition
    assert (said.weighting, said.weighting_reason) == ("STIR", "stated by the user")


def test_colour_and_flat_images_are_refused(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 4, 5, 3), np.uint8), isVector=True), str(tmp_path / "c.mha"))
    with pytest.raises(FormatError, match=r"c\.mha is a 3-D image with 3 values per voxel; 3-D .* with one is needed"):
        read_study(tmp_path / "c.mha")
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5), np.uint8)), str(tmp_path / "f.mha"))
    with pytest.raises(FormatError, match=r"f\.mha is a 2-D image"):
        read_study(tmp_path / "f.mha")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".mha", ".nrrd", ".nhdr", ".mhd"])
def test_damaged_volume_files_are_refused_by_name(tmp_path, suffix):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(b"neither header nor pixels")
    with pytest.raises(FormatError, match=rf"bad{suffix} cannot be read.*Copy or convert it again"):
        read_study(path)


def test_a_volume_file_without_its_pixels_is_refused_when_listed_and_when_read(tmp_path):
    _write(_image((6, 7, 5)), tmp_path / "a.mhd")
    (series,) = read_study(tmp_path)
    (tmp_path / "a.raw").unlink()
    with pytest.raises(FormatError, match=r"a\.mhd names the data file 'a\.raw', which is not beside it"):
        series.volume()
    with pytest.raises(FormatError, match=r"a\.mhd names the data file 'a\.raw', which is not beside it"):
        read_study(tmp_path)


def test_a_bad_volume_file_is_a_caution_beside_a_good_one(tmp_path):
    _write(_image((6, 7, 5)), tmp_path / "good.mha")
    (tmp_path / "bad.mha").write_bytes(b"x")
    study = read_study(tmp_path)
    assert len(study) == 1
    assert [caution.code for caution in study.cautions] == ["unreadable-file"]


def test_the_values_of_a_pair_without_its_header_name_what_to_give(tmp_path):
    (tmp_path / "t1.img").write_bytes(bytes(4096))
    with pytest.raises(FormatError, match=r"holds values without a header. Give its header \(.hdr, .mhd, .nhdr\)"):
        read_study(tmp_path / "t1.img")
