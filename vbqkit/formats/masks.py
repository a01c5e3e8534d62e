"""ROIs as label masks (NIfTI, MHA, NRRD): one whole number a ROI, on the grid of a volume."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import FormatError, RoiError
from vbqkit.formats.files import readable_path, user_path
from vbqkit.formats.optional import optional_library, simpleitk
from vbqkit.formats.volumes import read_grid
from vbqkit.image import FloatArray, Volume
from vbqkit.roi import Polygon, Roi

MASK_ENDINGS = (".nii.gz", ".nii", ".mha", ".nrrd")

_PINCH = 1e-3  # pixels

_OFF_GRID_MM = 0.1
_MOST_LABELS = 200

LabelArray = npt.NDArray[np.uint16]


def is_mask(start: bytes, path: Path) -> bool:
    """Whether a file that starts with these bytes is a NIfTI, MHA or NRRD file."""
    packed = start[:2] == b"\x1f\x8b" and path.name.lower().endswith((".gz", ".nii"))
    return packed or start[344:347] in (b"n+1", b"ni1") or start[:4] == b"NRRD" or start[:10] == b"ObjectType"


def label_mask(rois: Iterable[Roi], *, image: Volume) -> LabelArray:
    """ROIs as one array: 0 outside, k inside ROI number k (from 1); where ROIs overlap, the later one.

    Returns
    -------
    ndarray of uint16, shape (planes, rows, cols)

    Raises
    ------
    RoiError
        If a ROI does not lie on the volume.
    """
    mask: LabelArray = np.zeros(image.shape, dtype=np.uint16)
    for number, roi in enumerate(rois, start=1):
        mask[roi.slice_of(image).index][roi.mask(image)] = number
    return mask


def write_masks(path: str | os.PathLike[str], rois: Iterable[Roi], *, image: Volume) -> None:
    """Write ROIs as a label mask, and the names of the labels beside it (``case.nii.gz`` and ``case.labels.json``).

    Raises
    ------
    FormatError
        If the ending is unknown, the file cannot be written, or SimpleITK is needed (any ending but NIfTI's) and not
        installed.
    RoiError
        If a ROI does not lie on the volume.
    """
    target = user_path(path)
    listed = tuple(rois)
    if not image.step_known:
        raise FormatError(
            f"The mask {target} needs the thickness of the slice, which the image does not state. Write a ROI file (.json)."
        )
    mask, affine = _as_stored(label_mask(listed, image=image), image)
    steps = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if abs(abs(np.linalg.det(steps)) - 1) > 1e-3:
        raise FormatError(
            "The slices of this series are sheared against each other; a mask file cannot hold that. Write a ROI file."
        )
    names = _names_path(target)
    write = _write_nifti if target.name.endswith((".nii", ".nii.gz")) else _write_other
    try:
        write(mask, affine, target)
        names.write_text(
            json.dumps({str(k): roi.label for k, roi in enumerate(listed, start=1)}, indent=1), encoding="utf-8"
        )
    except (RuntimeError, OSError) as error:
        raise FormatError(f"The mask {target} cannot be written: {error}. Choose another folder.") from error


def _write_nifti(mask: LabelArray, affine: FloatArray, target: Path) -> None:
    nibabel = optional_library("nibabel", "nibabel")  # slow to load
    lps_to_ras = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    image = nibabel.Nifti1Image(mask.transpose(2, 1, 0), (lps_to_ras * affine)[:, [2, 1, 0, 3]])
    image.header.set_xyzt_units("mm")
    image.set_qform(image.affine, code="scanner")
    image.set_sform(image.affine, code="scanner")
    # Not nibabel.save: where a folder is missing, its half-made file complains when it goes (Python 3.14)
    content = image.to_bytes()
    target.write_bytes(gzip.compress(content, 6, mtime=0) if target.name.endswith(".gz") else content)


def _write_other(mask: LabelArray, affine: FloatArray, target: Path) -> None:
    library = simpleitk(f"The mask {target}")
    picture = library.GetImageFromArray(mask)
    steps = affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    picture.SetSpacing(spacing.tolist())
    picture.SetDirection((steps / spacing).ravel().tolist())
    picture.SetOrigin(affine[:3, 3].tolist())
    library.WriteImage(picture, str(target), useCompression=True)


def _names_path(path: Path) -> Path:
    name = path.name
    for ending in MASK_ENDINGS:
        if name.endswith(ending):
            return path.with_name(name.removesuffix(ending) + ".labels.json")
    raise FormatError(f"A mask cannot have the ending of {path}; use one of {', '.join(MASK_ENDINGS)}.")


def read_masks(
    path: str | os.PathLike[str], *, image: Volume, labels: Mapping[int, str] | None = None
) -> tuple[Polygon, ...]:
    """Read a label mask as polygons: the outer edge of each number's largest piece, on the slice where it is largest.

    The outline runs along the sides of the pixels, so the polygon covers exactly the pixels of that piece (without
    holes).

    Parameters
    ----------
    path : path-like
        A mask of the same grid as `image`.
    image : Volume
        What it was drawn on.
    labels : mapping of int to str, optional
        Names of the numbers; else from ``.labels.json`` beside the mask, else the number itself.

    Raises
    ------
    FormatError
        If it cannot be read or has another grid.
    """
    source = readable_path(path)
    if labels is not None:
        names = dict(labels)
    else:
        names = _read_names(_names_path(source)) if source.name.lower().endswith(MASK_ENDINGS) else {}
    mask = read_label_array(source, image=image)
    numbers = np.unique(mask[mask != 0])
    if len(numbers) > _MOST_LABELS:
        raise FormatError(
            f"The mask {source} holds {len(numbers)} different numbers: it is an image, not a mask of ROIs. Choose another file."
        )
    return tuple(
        mask_polygon(mask == number, image=image, label=names.get(int(number), str(int(number)))) for number in numbers
    )


def read_label_array(path: str | os.PathLike[str], *, image: Volume) -> npt.NDArray[Any]:
    """The numbers of a label mask, on the grid of a volume.

    Raises
    ------
    FormatError
        If it cannot be read, has another grid, or holds what is no whole number from 0.
    """
    source = readable_path(path)
    stored, affine = read_grid(source, f"The mask {source}")
    mask = _on_grid(stored, affine, image, source)
    if not np.isfinite(mask).all() or (mask != np.round(mask)).any() or mask.min() < 0:
        raise FormatError(f"The mask {source} holds values that are no whole numbers from 0. Save it as a label mask.")
    return mask


def _as_stored(mask: LabelArray, image: Volume) -> tuple[LabelArray, FloatArray]:
    """A mask on the grid of the image's file: its axes in the file's order and direction."""
    affine = image.affine.copy()
    for axis, (_, flipped) in enumerate(image.stored_axes):
        if flipped:
            mask = np.flip(mask, axis)
            affine[:3, 3] += (image.shape[axis] - 1) * affine[:3, axis]
            affine[:3, axis] *= -1
    order = [axis for axis, _ in image.stored_axes]
    back = [order.index(stored) for stored in range(3)]
    return np.ascontiguousarray(mask.transpose(back)), affine[:, [*back, 3]]


def _on_grid(mask: npt.NDArray[Any], affine: FloatArray, image: Volume, source: Path) -> npt.NDArray[Any]:
    """A mask turned so that its voxels are those of the image, whatever the order and direction of its axes."""
    between = np.linalg.inv(affine) @ image.affine  # voxel of the image -> voxel of the mask
    order = [int(np.argmax(np.abs(between[:3, axis]))) for axis in range(3)]
    if sorted(order) != [0, 1, 2] or mask.transpose(order).shape != image.shape:
        raise FormatError(
            f"The mask {source} has the shape {mask.shape}, the series {image.shape}. Resample it to the series first."
        )
    turned, placed = mask.transpose(order), affine[:, [*order, 3]].copy()
    for axis in range(3):
        if between[order[axis], axis] < 0:
            turned = np.flip(turned, axis)
            placed[:3, 3] += (image.shape[axis] - 1) * placed[:3, axis]
            placed[:3, axis] *= -1
    corners = np.array([[k, r, c, 1] for k in (0, 1) for r in (0, 1) for c in (0, 1)]) * [
        *(n - 1 for n in image.shape),
        1.0,
    ]
    off = float(np.abs((corners @ (placed - image.affine).T)[:, :3]).max())
    if off > _OFF_GRID_MM:
        raise FormatError(f"The mask {source} lies {off:.1f} mm off the series. Resample it to the series first.")
    return turned


def _read_names(path: Path) -> dict[int, str]:
    if not path.exists():
        return {}
    try:
        return {int(key): str(value) for key, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"The label names {path} cannot be read: {error}. Delete the file, or give labels=..."
        ) from error


def mask_polygon(mask: npt.NDArray[Any], *, image: Volume, label: str = "") -> Polygon:
    """The outer edge of a mask's largest piece, on the slice where the mask is largest.

    Examples
    --------
    >>> from vbqkit.image import stack_affine
    >>> volume = Volume(np.zeros((1, 4, 4)), stack_affine((0, 0, 0), (1, 0, 0), (0, 0, -1), (0, 1, 0)))
    >>> mask = np.zeros((1, 4, 4), bool)
    >>> mask[0, 1:3, 1:4] = True
    >>> mask_polygon(mask, image=volume, label="L3").area_mm2
    6.0
    """
    if not mask.any():
        raise RoiError(f"The mask of '{label}' is empty: there is nothing to outline.")
    index = int(np.argmax(mask.sum(axis=(1, 2))))
    pieces, _ = scipy.ndimage.label(mask[index])
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    piece = scipy.ndimage.binary_fill_holes(pieces == int(np.argmax(sizes)))
    return Polygon(points=image.slice(index).to_patient_mm(_edge(piece)), label=label)


def _edge(piece: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Corners of the outline along pixel sides, in (row, col): walk with the piece on the right-hand side."""
    padded = np.pad(piece, 1)
    row, col = (int(x) for x in np.argwhere(piece)[0])
    start = (row, col)  # the corner at the top left of the first pixel, in corner numbers
    at, heading = start, (0, 1)
    corners: list[tuple[float, float]] = []
    while True:
        dr, dc = heading
        left, right = _ahead(padded, at, heading)
        if left and right:  # turn left
            turned = (-dc, dr)
        elif right:
            turned = heading
        else:  # turn right; also where only a corner touches what is ahead
            turned = (dc, -dr)
        if turned != heading or not corners:
            inwards = _PINCH if left and not right else 0.0  # else the outline would touch itself in this corner
            corners.append((at[0] + inwards * (dc - dr), at[1] - inwards * (dr + dc)))
        heading = turned
        at = (at[0] + heading[0], at[1] + heading[1])
        if at == start:
            break
    return np.array(corners, dtype=np.float64) - 0.5


def _ahead(padded: npt.NDArray[np.bool_], at: tuple[int, int], heading: tuple[int, int]) -> tuple[bool, bool]:
    """Whether the pixels ahead of a corner, to the left and to the right of the heading, belong to the piece."""
    (r, c), (dr, dc) = at, heading
    above_or_left = {(0, 1): ((r - 1, c), (r, c)), (0, -1): ((r, c - 1), (r - 1, c - 1))}
    along = {(1, 0): ((r, c), (r, c - 1)), (-1, 0): ((r - 1, c - 1), (r - 1, c))}
    left, right = (above_or_left | along)[(dr, dc)]
    return bool(padded[left[0] + 1, left[1] + 1]), bool(padded[right[0] + 1, right[1] + 1])
