"""A DEXA picture to draw on: one coronal slice of areal density, and the density within ROIs on it. Synthetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy.patients import who_class
from vbqkit.errors import ScannerError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Rectangle, Roi
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.dexa import DexaImage, t_and_z_score

MG_PER_G = 1000.0

_BODY_HALF_WIDTH_MM = 20.0  # of the boxes to begin with: about half a lumbar vertebra
_OFF_LINE_MM = 1.0  # from the lines, so that a box is not drawn into its neighbour
_DEPTH_MM = 10.0  # a projection has none; a slice must have some


def dexa_volume(image: DexaImage) -> Volume:
    """The picture as a coronal series of one slice, so that ROIs can be drawn on it.

    Parameters
    ----------
    image : DexaImage
        From :func:`vbqkit.scanner.scan_dexa` or :func:`vbqkit.scanner.read_bone_images`.

    Returns
    -------
    Volume
        Hydroxyapatite, mg/cm2, whole numbers; soft tissue that reads below 0 is 0.
    """
    pixels = np.clip(np.round(MG_PER_G * image.density_g_cm2), 0, 65535).astype(np.uint16)
    down, right = (float(mm[1] - mm[0]) for mm in (image.row_mm, image.col_mm))
    affine = stack_affine(
        (float(image.col_mm[0]), 0.0, float(image.row_mm[0])), (0, _DEPTH_MM, 0), (0, 0, down), (right, 0, 0)
    )
    return Volume(pixels[None], affine, thickness_mm=_DEPTH_MM, acquisition=Acquisition(modality="DX", synthetic=True))


def dexa_boxes(image: DexaImage) -> tuple[Roi, ...]:
    """A box for each of L1 to L4 between its lines, to begin with: as wide as an ordinary body, not as this one."""
    boxes = []
    for level in SCORED_LEVELS:
        upper, lower = image.lines_mm[level]
        z = (upper + lower) / 2.0
        x = float(np.interp(z, image.row_mm[::-1], image.middle_mm[::-1]))
        half = abs(upper - lower) / 2.0 - _OFF_LINE_MM
        boxes.append(
            Rectangle(center=(x, 0, z), half_width=(_BODY_HALF_WIDTH_MM, 0, 0), half_height=(0, 0, -half), label=level)
        )
    return tuple(boxes)


def measure_dexa_rois(image: DexaImage, rois: Iterable[Roi]) -> dict[str, Any]:
    """Areal bone mineral density within ROIs that someone drew.

    ``BMD = BMC / area`` with the mineral content BMC of all pixels of a ROI; over all levels the sum of their contents
    over the sum of their areas. Soft tissue in a ROI adds to the area and hardly to the content, so that the density
    falls. :func:`vbqkit.scanner.measure_dexa` finds the edges of each vertebra itself.

    Parameters
    ----------
    image : DexaImage
        What the ROIs were drawn on, by way of :func:`dexa_volume`.
    rois : iterable of Roi
        Labelled L1 to L4 (or fewer of them, where one must be left out); others are passed over.

    Returns
    -------
    dict
        ``bmd_g_cm2``, ``bmc_g``, ``area_cm2``, ``t_score``, ``z_score``, ``who_class``, and ``bmd_<level>_g_cm2`` of
        each level. Higher is denser.

    Raises
    ------
    ScannerError
        If no ROI has the name of a level from L1 to L4.
    RoiError
        If a ROI does not lie on the picture.
    """
    volume = dexa_volume(image)
    drawn = {roi.label: roi for roi in rois if roi.label in SCORED_LEVELS}
    if not drawn:
        raise ScannerError(
            f"No ROI is labelled {', '.join(SCORED_LEVELS)}, so there is no density. Draw one and name it."
        )
    content, area, row = 0.0, 0.0, {}
    for level in sorted(drawn):
        inside = drawn[level].mask(volume)
        cm2 = float(inside.sum()) * image.pixel_area_cm2
        grams = float(image.density_g_cm2[inside].sum()) * image.pixel_area_cm2
        row[f"bmd_{level}_g_cm2"] = grams / cm2
        content, area = content + grams, area + cm2
    t_score, z_score = t_and_z_score(content / area, image.age, image.sex)
    return {
        "bmd_g_cm2": content / area,
        "bmc_g": content,
        "area_cm2": area,
        "t_score": t_score,
        "z_score": z_score,
        "who_class": who_class(t_score) if np.isfinite(t_score) else "unknown",
    } | row
