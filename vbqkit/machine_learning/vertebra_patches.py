"""Square patches of vertebrae cut from a slice, and the mask of each body, with the truth as a perfect segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.errors import RoiError
from vbqkit.image import Slice
from vbqkit.roi.labels import SCORED_LEVELS

Mask = npt.NDArray[np.bool_]
Patch = npt.NDArray[np.float32]

PIXELS, PIXEL_MM = 32, 1.2
"""Side of a patch, and of its pixels: 38 mm hold a lumbar body with its endplates."""

MARGIN_MM = 2.0
"""What is left out along the edge of a body for radiomics: cortex and endplates."""

BRIGHT_PERCENTILE = 99.0
"""Percentile of the signal above 0 of a slice that counts as 1 in a patch of MRI, so that the gain cancels."""

CT_ZERO_HU, CT_UNIT_HU = 0.0, 400.0
"""Attenuation that is 0 in a patch of CT, and how many HU are 1."""


def body_masks(phantom: Phantom, image: Slice, *, margin_mm: float = MARGIN_MM) -> dict[str, Mask]:
    """Pixels of each body L1 to L4 on a slice of a virtual patient, without a margin.

    Parameters
    ----------
    phantom : Phantom
        The truth.
    image : Slice
        A sagittal slice of this body.
    margin_mm : float
        0 or more.

    Returns
    -------
    dict
        Level to mask; a level of which less than 9 pixels are left is not in it.
    """
    code = {name: LEVEL_OF_CODE.index(name) for name in SCORED_LEVELS}
    level = _truth_at(phantom, image)
    room = min(image.spacing_mm)
    found: dict[str, Mask] = {}
    for name, number in code.items():
        inside: Mask = level == number
        if margin_mm > 0 and inside.any():
            depth = scipy.ndimage.distance_transform_edt(np.pad(inside, 1), sampling=image.spacing_mm)[1:-1, 1:-1]
            inside = np.asarray(depth > margin_mm + 0.5 * room)
        if inside.sum() >= 9:
            found[name] = inside
    return found


def _truth_at(phantom: Phantom, image: Slice) -> npt.NDArray[np.uint8]:
    """Level code of the voxel nearest to each pixel; 0 beyond the body."""
    rows, cols = (np.arange(n, dtype=np.float64) for n in image.shape)
    grid = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1)
    points = image.to_patient_mm(grid.reshape(-1, 2))
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    index = np.floor((homogeneous @ np.linalg.inv(phantom.affine).T)[:, :3] + 0.5).astype(np.int64)
    within = ((index >= 0) & (index < phantom.shape)).all(axis=1)
    level = np.zeros(len(points), dtype=np.uint8)
    level[within] = phantom.level[tuple(index[within].T)]
    return level.reshape(image.shape)


def body_centers_mm(phantom: Phantom, image: Slice) -> dict[str, tuple[float, float, float]]:
    """Middle of each body L1 to L4 on a slice, LPS mm."""
    found = {}
    for name, inside in body_masks(phantom, image, margin_mm=0.0).items():
        x, y, z = (float(v) for v in image.to_patient_mm(np.argwhere(inside).mean(axis=0)[None])[0])
        found[name] = (x, y, z)
    return found


def cut_patch(image: Slice, center_mm: Sequence[float], *, kind: str) -> Patch:
    """A square patch about a point, in units that a network can use.

    MRI is divided by the 99th percentile of the slice, CT by 400 HU.

    Parameters
    ----------
    image : Slice
        Of an MRI series or a CT.
    center_mm : sequence of 3 floats
        LPS mm; projected onto the slice.
    kind : {"MRI", "CT"}
        What the numbers of the slice are.

    Returns
    -------
    ndarray of float32, shape (32, 32)
        Pixels of 1.2 mm.

    Raises
    ------
    RoiError
        If the patch does not lie within the slice, a pixel is not a finite number, or the kind is unknown.
    """
    pixels = np.asarray(image.pixels, dtype=np.float64)
    if not np.isfinite(pixels).all():
        raise RoiError("The slice holds pixels that are not finite numbers. Replace them before cutting patches.")
    row, col = image.to_rows_cols(np.asarray(center_mm, dtype=np.float64)[None])[0]
    reach = (np.arange(PIXELS) - (PIXELS - 1) / 2.0) * PIXEL_MM
    rows, cols = row + reach / image.spacing_mm[0], col + reach / image.spacing_mm[1]
    if rows[0] < 0 or cols[0] < 0 or rows[-1] > image.shape[0] - 1 or cols[-1] > image.shape[1] - 1:
        raise RoiError(
            f"A patch of {PIXELS * PIXEL_MM:.0f} mm about ({', '.join(f'{v:.0f}' for v in center_mm)}) mm does not lie within "
            "the slice. Leave this vertebra out."
        )
    grid = np.meshgrid(rows, cols, indexing="ij")
    patch = scipy.ndimage.map_coordinates(pixels, grid, order=1)
    return _scaled(patch, pixels, kind).astype(np.float32)


def _scaled(patch: npt.NDArray[np.float64], pixels: npt.NDArray[np.float64], kind: str) -> npt.NDArray[np.float64]:
    if kind == "CT":
        return (patch - CT_ZERO_HU) / CT_UNIT_HU
    if kind != "MRI":
        raise RoiError(f"A patch of kind {kind!r} is unknown; give 'MRI' or 'CT'.")
    above = pixels[pixels > 0]
    if above.size == 0:
        raise RoiError("The slice holds no signal above 0, so that nothing counts as bright. Choose another slice.")
    return patch / float(np.percentile(above, BRIGHT_PERCENTILE))


def patches_of(images: Mapping[str, Slice], centers_mm: Mapping[str, Sequence[float]]) -> npt.NDArray[np.float32]:
    """Patches of every level and channel.

    Parameters
    ----------
    images : mapping of str to Slice
        Name of the channel (``"CT"``, or a weighting of MRI) to the slice.
    centers_mm : mapping of str to 3 floats
        Level to the middle of its body.

    Returns
    -------
    ndarray of float32, shape (levels, channels, 32, 32)
    """
    return np.stack(
        [
            np.stack([cut_patch(image, at, kind="CT" if name == "CT" else "MRI") for name, image in images.items()])
            for at in centers_mm.values()
        ]
    )
