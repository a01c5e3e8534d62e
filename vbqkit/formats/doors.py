"""Volumes from and to the objects of other libraries: numpy, SimpleITK, nibabel, xarray.

Patient coordinates are LPS here and in SimpleITK, RAS in nibabel: x and y have the other sign. Arrays run (plane, row,
column) here and in ``SimpleITK.GetArrayFromImage``; nibabel's first axis is the fastest one. Axes are turned as for
files, so that a sagittal slice stands upright, and turned back on the way out. Neither object keeps TR, TE or scanner:
state the weighting, or read the file itself with :func:`vbqkit.read_study`.

Each library is needed only for its own functions.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import FormatError
from vbqkit.formats.optional import optional_library, simpleitk
from vbqkit.formats.volumes import stored_as_volume
from vbqkit.image import FloatArray, Volume

_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""LPS to RAS and back."""
_STRAIGHT = 1e-3  # cosine: SimpleITK keeps axes at right angles only
_XARRAY_DIMS = ("plane", "row", "col")


def volume_from_numpy(
    pixels: npt.ArrayLike, affine: npt.ArrayLike, *, weighting: Weighting = "unknown", axes: str = "LPS"
) -> Volume:
    """A volume from an array of any axis order, and where it lies.

    Parameters
    ----------
    pixels : array-like, shape (i, j, k)
        Signal.
    affine : array-like, shape (4, 4)
        Maps (i, j, k, 1) to millimetres.
    weighting : {"T1", "T2", "STIR", "PD", "unknown"}
        As you know it.
    axes : {"LPS", "RAS"}
        Which way the millimetres run: LPS as in DICOM and SimpleITK, RAS as in nibabel.

    Returns
    -------
    Volume
        Upright, whatever the order of the axes.

    Raises
    ------
    FormatError
        If `axes` is neither, or the array is no 3-D array of real numbers.
    GeometryError
        If the affine is none, or its rows and columns are not at right angles.

    Examples
    --------
    >>> pixels = np.zeros((3, 8, 6))  # slices, rows, columns
    >>> volume_from_numpy(pixels, [[4, 0, 0, 0], [0, 0, 0.5, 0], [0, -0.5, 0, 0], [0, 0, 0, 1]], weighting="T1")
    <Volume: sagittal T1, 3 slices 4 mm apart, 8 x 6, 0.5 x 0.5 mm>
    """
    if axes not in ("LPS", "RAS"):
        raise FormatError(f"axes='{axes}' is unknown; use 'LPS' (DICOM, SimpleITK) or 'RAS' (nibabel).")
    array, placed = np.asarray(pixels), np.array(affine, dtype=np.float64)
    if array.ndim != 3 or array.dtype.kind not in "uifb":
        raise FormatError(
            f"Pixels have shape {array.shape} and type {array.dtype}; a 3-D array of real numbers is needed."
        )
    if placed.shape != (4, 4):
        raise FormatError(f"The affine has shape {placed.shape}; (4, 4) is needed.")
    reason = (
        "stated by the user" if weighting != "unknown" else "an array keeps no TR and TE: state the weighting yourself"
    )
    acquisition = Acquisition(weighting=weighting, weighting_reason=reason)
    return stored_as_volume(array, _RAS @ placed if axes == "RAS" else placed, acquisition=acquisition)


def volume_to_numpy(volume: Volume, *, axes: str = "LPS") -> tuple[npt.NDArray[Any], FloatArray]:
    """The array of a volume with the axes as they were stored, and the affine of its indices to millimetres.

    Parameters
    ----------
    volume : Volume
        The volume.
    axes : {"LPS", "RAS"}
        Which way the millimetres run.

    Returns
    -------
    pixels : ndarray
        A copy, which may be changed.
    affine : ndarray, shape (4, 4)

    Examples
    --------
    >>> affine = np.diag([4.0, 0.5, 0.5, 1.0])[[0, 2, 1, 3]]
    >>> volume_to_numpy(Volume(np.zeros((3, 8, 6)), affine), axes="RAS")[1][0]
    array([-4.,  0.,  0.,  0.])
    """
    if axes not in ("LPS", "RAS"):
        raise FormatError(f"axes='{axes}' is unknown; use 'LPS' (DICOM, SimpleITK) or 'RAS' (nibabel).")
    pixels, affine = volume.pixels, volume.affine.copy()
    for axis, (_, flipped) in enumerate(volume.stored_axes):
        if flipped:
            pixels = np.flip(pixels, axis)
            affine[:3, 3] += (volume.shape[axis] - 1) * affine[:3, axis]
            affine[:3, axis] *= -1
    order = [axis for axis, _ in volume.stored_axes]
    back = [order.index(stored) for stored in range(3)]
    placed: FloatArray = affine[:, [*back, 3]]
    return np.array(pixels.transpose(back)), _RAS @ placed if axes == "RAS" else placed


def _known_step(volume: Volume) -> None:
    if not volume.step_known:
        raise FormatError(
            "The thickness of this single slice is not known, so it cannot be placed as a volume elsewhere. State it in the header, or "
            "take the pixels alone: volume.pixels."
        )


def volume_from_simpleitk(image: Any, *, weighting: Weighting = "unknown") -> Volume:
    """A volume from a ``SimpleITK.Image`` of three dimensions and one number per voxel.

    Raises
    ------
    FormatError
        If SimpleITK is not installed, or the image is another.
    """
    library = simpleitk()
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise FormatError(
            f"The image has {image.GetDimension()} dimensions and {image.GetNumberOfComponentsPerPixel()} values per voxel; 3 and 1 are "
            "needed. Take one volume of magnitude images."
        )
    spacing, direction = np.array(image.GetSpacing()), np.array(image.GetDirection()).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = (direction * spacing)[:, ::-1]  # of the array's axes: the slowest first
    affine[:3, 3] = image.GetOrigin()
    return volume_from_numpy(library.GetArrayFromImage(image), affine, weighting=weighting)


def volume_to_simpleitk(volume: Volume) -> Any:
    """A ``SimpleITK.Image`` of a volume.

    Raises
    ------
    FormatError
        If SimpleITK is not installed, the distance of slices is not known, or they are sheared against each other.
    """
    library = simpleitk()
    _known_step(volume)
    pixels, affine = volume_to_numpy(volume)
    steps = affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    direction = steps / spacing
    if abs(abs(np.linalg.det(direction)) - 1) > _STRAIGHT:
        raise FormatError(
            "The slices of this series are sheared against each other; SimpleITK cannot hold that. Use nibabel."
        )
    image = library.GetImageFromArray(pixels.astype(np.uint8) if pixels.dtype == bool else pixels)
    image.SetSpacing(spacing.tolist())
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    return image


def volume_from_nibabel(image: Any, *, weighting: Weighting = "unknown") -> Volume:
    """A volume from a nibabel image of three dimensions.

    Raises
    ------
    FormatError
        If the image is another.
    """
    if len(image.shape) != 3 or image.affine is None:
        raise FormatError(f"The image has the shape {image.shape}; three dimensions and an affine are needed.")
    slowest_first, affine = np.asanyarray(image.dataobj).transpose(2, 1, 0), np.asarray(image.affine)[:, [2, 1, 0, 3]]
    return volume_from_numpy(slowest_first, affine, weighting=weighting, axes="RAS")


def volume_to_nibabel(volume: Volume) -> Any:
    """A ``nibabel.Nifti1Image`` of a volume, its first axis the fastest one, in mm.

    Raises
    ------
    FormatError
        If nibabel is not installed, or the distance of slices is not known.
    """
    nibabel = optional_library("nibabel", "nibabel")
    _known_step(volume)
    pixels, affine = volume_to_numpy(volume, axes="RAS")
    kept = (
        pixels.astype({"b": np.uint8, "i": np.int32, "u": np.uint32}[pixels.dtype.kind])
        if (pixels.dtype == bool or pixels.dtype in (np.int64, np.uint64))
        else pixels
    )
    image = nibabel.Nifti1Image(kept.transpose(2, 1, 0), affine[:, [2, 1, 0, 3]], dtype=kept.dtype)
    image.header.set_xyzt_units("mm")
    return image


def volume_to_xarray(volume: Volume) -> Any:
    """An ``xarray.DataArray`` of a volume with the dimensions ``plane``, ``row``, ``col``.

    Coordinates are millimetres along each axis from the first voxel; ``attrs`` hold ``affine`` (plane, row, col, 1 to
    LPS mm), ``weighting``, ``units`` and ``axes``.

    Raises
    ------
    FormatError
        If xarray is not installed, or the distance of slices is not known.
    """
    xarray = optional_library("xarray", "xarray")
    _known_step(volume)
    lengths = np.linalg.norm(volume.affine[:3, :3], axis=0)
    coordinates = {
        name: (name, np.arange(size) * length, {"units": "mm"})
        for name, size, length in zip(_XARRAY_DIMS, volume.shape, lengths, strict=True)
    }
    about = {
        "affine": volume.affine.ravel().tolist(),
        "axes": "LPS",
        "weighting": volume.acquisition.weighting,
        "units": "arbitrary",
    }
    return xarray.DataArray(volume.pixels.copy(), coords=coordinates, dims=_XARRAY_DIMS, attrs=about, name="signal")


def volume_from_xarray(array: Any) -> Volume:
    """A volume from a ``DataArray`` as :func:`volume_to_xarray` makes it; a part of it lies where it lay.

    Raises
    ------
    FormatError
        If dimensions, coordinates or attributes are others.
    """
    if set(array.dims) != set(_XARRAY_DIMS) or "affine" not in array.attrs or array.attrs.get("axes") != "LPS":
        raise FormatError(
            f"The array has the dimensions {', '.join(map(str, array.dims))}; plane, row, col and the attributes affine and axes='LPS' are "
            "needed, as volume_to_xarray makes them."
        )
    ordered = array.transpose(*_XARRAY_DIMS)
    affine = np.array(ordered.attrs["affine"], dtype=np.float64).reshape(4, 4)
    for axis, name in enumerate(_XARRAY_DIMS):
        along = np.asarray(ordered[name], dtype=np.float64) / np.linalg.norm(affine[:3, axis])  # in voxels of the whole
        steps = np.diff(along)
        if len(steps) and np.ptp(steps) > _STRAIGHT:
            raise FormatError(
                f"The positions along '{name}' are not evenly spaced. Take every voxel, or every second one."
            )
        affine[:3, 3] += along[0] * affine[:3, axis]
        affine[:3, axis] *= steps[0] if len(steps) else 1.0
    weighting = cast("Weighting", ordered.attrs.get("weighting", "unknown"))
    return Volume(
        ordered.to_numpy(), affine, acquisition=Acquisition(weighting=weighting, weighting_reason="as the array says")
    )
