"""A ROI put into a tissue on purpose, to see what it does to a score."""

from __future__ import annotations

import numpy as np
import scipy

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import VbqkitError
from vbqkit.roi import Roi

_INSIDE = 0.8
"""Radius of the ROI as a share of the distance from its center to other tissue."""


def roi_in_tissue(roi: Roi, phantom: Phantom, tissue: str) -> Roi:
    """A sagittal ROI, moved within its slice to where a tissue of its vertebra is widest, and made small enough to fit.

    Parameters
    ----------
    roi : Roi
        Its label names the vertebra.
    phantom : Phantom
        The body.
    tissue : str
        A name in :data:`vbqkit.anatomy.TISSUES`, such as ``"marrow_red"`` (Modic 1).

    Returns
    -------
    Roi
        The same shape and label in the plane of the ROI, no larger than it was.

    Raises
    ------
    VbqkitError
        If there is none of the tissue in this vertebra on the plane of the ROI.

    Examples
    --------
    >>> from vbqkit.exercises import middle_body
    >>> body = middle_body("case06")
    >>> roi = next(roi for roi in body.reference_rois if roi.label == "L2")
    >>> inside = roi_in_tissue(roi, body, "marrow_red")
    >>> inside.area_mm2 < roi.area_mm2
    True
    """
    code = tissue_named(tissue).code
    _, y, z = phantom.spacing_mm
    to_index = np.linalg.inv(phantom.affine)
    plane = int(np.rint((to_index @ [*roi.center_mm, 1.0])[0]))
    of_level = roi.label in LEVEL_OF_CODE and 0 <= plane < len(phantom.tissue)
    there = (
        (phantom.tissue[plane] == code) & (phantom.level[plane] == LEVEL_OF_CODE.index(roi.label)) if of_level else None
    )
    if there is None or not there.any():
        raise VbqkitError(
            f"There is no '{tissue}' of '{roi.label}' on the plane of this ROI, {roi.center_mm[0]:.1f} mm to the left: "
            "choose a tissue and a level of this body's findings (phantom.findings)."
        )
    clear_mm = scipy.ndimage.distance_transform_edt(there, sampling=(y, z))
    row, col = np.unravel_index(int(np.argmax(clear_mm)), clear_mm.shape)
    place = (phantom.affine @ [plane, row, col, 1.0])[:3]
    moved = roi.moved((0.0, place[1] - roi.center_mm[1], place[2] - roi.center_mm[2]))
    area_cm2 = np.pi * (_INSIDE * float(clear_mm.max())) ** 2 / 100.0
    return moved.with_area(min(area_cm2, roi.area_mm2 / 100.0))
