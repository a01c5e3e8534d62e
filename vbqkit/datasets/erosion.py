"""ROIs from a segmentation: each body drawn in from its edge, on the slice through the middle of the canal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import RoiError
from vbqkit.formats.masks import mask_polygon
from vbqkit.image import Volume
from vbqkit.roi import CSF, Polygon

MARGIN_MM = 3.0
"""Cortical bone and endplates are 1 to 2 mm, and a voxel at the edge holds a part of them: chosen, not measured."""
CANAL_MARGIN_MM = 2.0
_LEAST_PX = 12


def rois_of_labels(
    labels: npt.NDArray[Any],
    *,
    image: Volume,
    bodies: Mapping[int, str],
    canal: int,
    csf_level: str = "L3",
    margin_mm: float = MARGIN_MM,
) -> tuple[Polygon, ...]:
    """ROIs of the vertebral bodies and of CSF from a label mask.

    On the sagittal slice through the middle of the canal a vertebra falls into its body and its spinous process; the
    largest piece is the body. What is nearer to its edge than `margin_mm` is left out. The CSF ROI is the canal at the
    height of `csf_level`, drawn in by 2 mm: it holds nerve roots too, brighter than CSF on T1 and darker on T2, so
    that VBQ comes out lower on T1 and higher on T2 than with a ROI that a reader places between them.

    Parameters
    ----------
    labels : ndarray, shape of the volume
        Whole numbers.
    image : Volume
        The series.
    bodies : mapping of int to str
        Number to level.
    canal : int
        Number of the spinal canal.
    csf_level : str
        Level at whose height CSF is measured.
    margin_mm : float
        Chosen by you; 3 mm unless you say.

    Returns
    -------
    tuple of Polygon
        Levels that are there and large enough, then CSF.

    Raises
    ------
    RoiError
        If the mask has another shape, holds no canal, or the margin is below 0.
    """
    if labels.shape != image.shape:
        raise RoiError(
            f"The mask has the shape {labels.shape}, the series {image.shape}. Resample it to the series first."
        )
    if not margin_mm >= 0:
        raise RoiError(f"A margin of {margin_mm} mm is not possible; give 0 or more.")
    across = (labels == canal).sum(axis=(1, 2))
    if not across.any():
        raise RoiError(f"The mask holds no spinal canal (number {canal}), so the middle slice is not known.")
    middle = int(np.searchsorted(np.cumsum(across), across.sum() / 2.0))
    on_slice, spacing = labels[middle], image.spacing_mm[1:]
    pieces = {name: _largest(on_slice == number) for number, name in bodies.items()}
    inner = {name: _largest(_drawn_in(piece, margin_mm, spacing)) for name, piece in pieces.items()}
    if pieces.get(csf_level, np.zeros(0)).any():
        rows = np.flatnonzero(pieces[csf_level].any(axis=1))
        sac = _drawn_in(on_slice == canal, CANAL_MARGIN_MM, spacing)
        sac[: rows[0]], sac[rows[-1] + 1 :] = False, False
        inner[CSF] = _largest(sac)
    found = []
    for name, piece in inner.items():
        if piece.sum() >= _LEAST_PX:
            whole = np.zeros(image.shape, dtype=bool)
            whole[middle] = piece
            found.append(mask_polygon(whole, image=image, label=name))
    return tuple(found)


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    pieces, count = scipy.ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    largest: npt.NDArray[np.bool_] = scipy.ndimage.binary_fill_holes(pieces == int(np.argmax(sizes)))
    return largest


def _drawn_in(mask: npt.NDArray[np.bool_], margin_mm: float, spacing_mm: tuple[float, ...]) -> npt.NDArray[np.bool_]:
    """Pixels whose center is at least so far from the nearest pixel outside, from center to edge."""
    inside: npt.NDArray[np.bool_] = (
        scipy.ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm)[1:-1, 1:-1]
        >= margin_mm + min(spacing_mm) / 2.0
        if margin_mm
        else mask.copy()
    )
    return inside
