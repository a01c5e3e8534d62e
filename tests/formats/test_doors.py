"""Volumes go to other libraries and come back: every voxel lies where those libraries say it lies."""

import sys

import nibabel
import numpy as np
import pytest
import SimpleITK

from vbqkit import read_study
from vbqkit.errors import FormatError, GeometryError
from vbqkit.formats import (
    volume_from_nibabel,
    volume_from_numpy,
    volume_from_simpleitk,
    volume_from_xarray,
    volume_to_nibabel,
    volume_to_numpy,
    volume_to_simpleitk,
    volume_to_xarray,
)
from vbqkit.image import Volume

MM = 1e-6
SHAPE = (5, 7, 9)


def turned(degrees, axis):
    a, b = (k for k in range(3) if k != axis)
    matrix = np.eye(3)
    angle = np.radians(degrees)
    matrix[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return matrix


ROTATIONS = {
    "straight": np.eye(3),
    "oblique": turned(12, 2) @ turned(-7, 0),
    "doubly oblique, left and right changed": turned(12, 2) @ turned(-7, 1) @ np.diag([-1.0, 1, 1]),
    "rows fastest": turned(4, 1)[:, [0, 2, 1]],
}
PLACES = pytest.mark.parametrize("rotation", ROTATIONS.values(), ids=ROTATIONS)
SPACING = np.array([0.7, 0.4, 4.4])  # of the fastest, middle and slowest axis
ORIGIN = np.array([-12.3, 45.6, -78.9])


def voxels():
    """Each voxel with its own number, so that none can be taken for another."""
    return np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def made_in_simpleitk(rotation):
    image = SimpleITK.GetImageFromArray(voxels())
    image.SetSpacing(SPACING.tolist())
    image.SetDirection(rotation[:, [1, 2, 0]].ravel().tolist())  # slowest axis from right to left: sagittal slices
    image.SetOrigin(ORIGIN.tolist())
    return image


def places(volume):
    """Voxel value -> LPS mm, as the volume says."""
    grid = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return dict(zip(volume.pixels.ravel().tolist(), points, strict=True))


def apart(volume, where):
    return max(float(np.abs(point - where[value]).max()) for value, point in places(volume).items())


def where_simpleitk_says(image):
    found, array = {}, SimpleITK.GetArrayFromImage(image)
    for k, j, i in np.ndindex(array.shape):
        found[int(array[k, j, i])] = np.array(image.TransformIndexToPhysicalPoint((i, j, k)))
    return found


def where_nibabel_says(image):
    found, array = {}, np.asarray(image.dataobj)
    for index in np.ndindex(array.shape):
        found[int(array[index])] = nibabel.affines.apply_affine(image.affine, index) * [-1, -1, 1]
    return found


@PLACES
def test_a_simpleitk_image_comes_in_upright_and_goes_out_as_it_was(rotation):
    image = made_in_simpleitk(rotation)
    volume = volume_from_simpleitk(image, weighting="T1")
    assert (volume.plane, volume.acquisition.weighting) == ("sagittal", "T1")
    assert apart(volume, where_simpleitk_says(image)) < MM
    assert volume.slice(0).edge_letters["top"] == "H"
    assert volume.slice(0).edge_letters["left"] == "A"
    back = volume_to_simpleitk(volume)
    assert np.array_equal(SimpleITK.GetArrayFromImage(back), voxels())
    for one, other in (
        (back.GetOrigin(), image.GetOrigin()),
        (back.GetSpacing(), image.GetSpacing()),
        (back.GetDirection(), image.GetDirection()),
    ):
        assert one == pytest.approx(other, abs=MM)


@PLACES
def test_a_nibabel_image_comes_in_by_ras_and_goes_out_as_it_was(rotation):
    affine = np.eye(4)
    affine[:3, :3] = np.diag([-1, -1, 1]) @ rotation[:, [1, 2, 0]] * SPACING
    affine[:3, 3] = ORIGIN
    image = nibabel.Nifti1Image(voxels().transpose(2, 1, 0), affine)
    volume = volume_from_nibabel(image)
    assert volume.plane == "sagittal"
    assert apart(volume, where_nibabel_says(image)) < MM
    back = volume_to_nibabel(volume)
    assert back.affine == pytest.approx(affine, abs=MM)
    assert np.array_equal(np.asarray(back.dataobj), np.asarray(image.dataobj))


@PLACES
def test_simpleitk_and_nibabel_are_told_the_same_place(rotation):
    volume = volume_from_simpleitk(made_in_simpleitk(rotation))
    assert apart(volume, where_nibabel_says(volume_to_nibabel(volume))) < MM
    assert apart(volume_from_nibabel(volume_to_nibabel(volume)), where_simpleitk_says(made_in_simpleitk(rotation))) < MM


def test_a_file_that_nibabel_wrote_lies_where_the_door_says(tmp_path):
    volume = volume_from_simpleitk(made_in_simpleitk(ROTATIONS["oblique"]), weighting="T1")
    nibabel.save(volume_to_nibabel(volume), tmp_path / "t1.nii")
    read = read_study(tmp_path / "t1.nii").series[0].volume()
    assert read.affine == pytest.approx(volume.affine, abs=1e-4)  # NIfTI keeps single precision
    assert np.array_equal(read.pixels, volume.pixels)
    SimpleITK.WriteImage(volume_to_simpleitk(volume), str(tmp_path / "t1.mha"))
    assert read_study(tmp_path / "t1.mha").series[0].volume().affine == pytest.approx(volume.affine, abs=MM)


@pytest.mark.slow  # loading xarray takes seconds
@PLACES
def test_an_xarray_comes_back_and_a_part_of_it_lies_where_it_lay(rotation):
    volume = volume_from_simpleitk(made_in_simpleitk(rotation), weighting="T2")
    array = volume_to_xarray(volume)
    assert array.dims == ("plane", "row", "col")
    assert float(array["plane"][1] - array["plane"][0]) == pytest.approx(volume.spacing_mm[0])
    whole = volume_from_xarray(array)
    assert np.abs(whole.affine - volume.affine).max() < MM
    assert np.array_equal(whole.pixels, volume.pixels)
    assert whole.acquisition.weighting == "T2"
    part = volume_from_xarray(array.isel(plane=slice(1, 4), row=slice(2, None), col=slice(None, None, 2)))
    known = places(volume)
    assert max(float(np.abs(point - known[value]).max()) for value, point in places(part).items()) < MM
    with pytest.raises(FormatError, match="not evenly spaced"):
        volume_from_xarray(array.isel(row=[0, 1, 3]))
    with pytest.raises(FormatError, match="plane, row, col and the attributes"):
        volume_from_xarray(array.rename(plane="z"))


def test_arrays_come_in_and_go_out_in_either_convention():
    affine = np.array([[4.4, 0, 0, 1], [0, 0, 0.7, 2], [0, -0.4, 0, 3], [0, 0, 0, 1.0]])
    volume = volume_from_numpy(voxels(), affine)
    pixels, back = volume_to_numpy(volume)
    assert np.array_equal(pixels, voxels())
    assert back == pytest.approx(affine)
    mirrored = volume_from_numpy(*volume_to_numpy(volume, axes="RAS"), axes="RAS")
    assert mirrored == volume
    pixels[:] = 0  # a copy
    assert volume.pixels.any()


def test_what_cannot_be_a_volume_is_refused_in_words(monkeypatch):
    with pytest.raises(FormatError, match="axes='XYZ' is unknown"):
        volume_from_numpy(voxels(), np.eye(4), axes="XYZ")
    with pytest.raises(FormatError, match="axes='XYZ' is unknown"):
        volume_to_numpy(Volume(np.zeros((3, 8, 6)), np.eye(4)), axes="XYZ")
    with pytest.raises(FormatError, match="a 3-D array of real numbers"):
        volume_from_numpy(np.zeros((2, 2)), np.eye(4))
    with pytest.raises(FormatError, match=r"affine has shape \(3, 3\)"):
        volume_from_numpy(voxels(), np.eye(3))
    with pytest.raises(GeometryError, match="spacing of 0"):
        volume_from_numpy(voxels(), np.diag([0, 1, 1, 1]))
    with pytest.raises(FormatError, match="3 and 1 are needed"):
        volume_from_simpleitk(SimpleITK.Image(4, 4, SimpleITK.sitkInt16))
    with pytest.raises(FormatError, match="three dimensions and an affine"):
        volume_from_nibabel(nibabel.Nifti1Image(np.zeros((2, 2, 2, 2)), np.eye(4)))
    sheared = np.array([[4.0, 0, 0, 0], [1, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    with pytest.raises(FormatError, match="sheared against each other"):
        volume_to_simpleitk(Volume(np.zeros((3, 8, 6)), sheared))
    unknown = Volume(np.zeros((1, 8, 6)), np.diag([4.0, 0.5, 0.5, 1.0])[[0, 2, 1, 3]], step_known=False)
    for door in (volume_to_simpleitk, volume_to_nibabel):
        with pytest.raises(FormatError, match="thickness of this single slice is not known"):
            door(unknown)


@pytest.mark.parametrize(
    ("library", "door"),
    [("SimpleITK", volume_to_simpleitk), ("nibabel", volume_to_nibabel), ("xarray", volume_to_xarray)],
)
def test_a_library_that_is_not_installed_is_named(monkeypatch, library, door):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(FormatError, match=f"needs {library}, which is not installed: pip install"):
        door(Volume(np.zeros((3, 8, 6)), np.diag([4.0, 0.5, 0.5, 1.0])[[0, 2, 1, 3]]))
