"""Ways to measure the noise that scatter less than the SD of one small ROI in air.

The SD of n independent pixels is itself uncertain by ``1 / sqrt(2 (n - 1))``: 8 % for 70, and SNR and M-score with it.
More pixels help: a larger ROI, several ROIs, or the difference of two scans in the marrow itself, which also finds the
noise where it matters, whatever coil, correction and parallel imaging did (NEMA MS 1-2008, first method; Dietrich et
al., J Magn Reson Imaging 2007;26:375-385, doi:10.1002/jmri.20969).

Air and difference do not give the same number: the SD of magnitude noise in air is 0.655 of the true one with a single
channel. A group is compared with a group that was measured in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import scipy

from vbqkit.errors import RoiError, ScoreError
from vbqkit.image import Slice
from vbqkit.roi import Measurement, Rectangle, Roi
from vbqkit.scores.air import free_air

_REACH_MM, _STEP_MM = 40.0, 0.5  # how far a ROI of a row is moved to find air, and in which steps


def enlarged(roi: Rectangle, factor: float) -> Rectangle:
    """A rectangle with `factor` times the area about the same center, longer along the body only.

    Noise grows towards the skin on a picture whose coil was corrected, so a ROI grows along the skin and not away from
    it.
    """
    if not factor > 0:
        raise ScoreError(f"A ROI cannot grow by {factor:g}; give a factor above 0.")
    return replace(roi, half_height=tuple(factor * np.asarray(roi.half_height)))


def in_a_row(roi: Rectangle, count: int, *, step_mm: float, image: Slice | None = None) -> tuple[Rectangle, ...]:
    """Copies of a ROI, `step_mm` apart along the body, labelled ``noise-1``, ``noise-2``, ...

    Backs and buttocks are not straight: on a picture, a copy is moved away from the body until it lies in free air, as
    far from its edge as the given one.

    Parameters
    ----------
    roi : Rectangle
        The one in the middle.
    count : int
        How many; odd keeps the given one.
    step_mm : float
        From center to center.
    image : Slice, optional
        The picture they are for. Without one the copies lie in a straight line.

    Raises
    ------
    ScoreError
        If the numbers cannot be, or a copy finds no free air.
    """
    if count < 1 or not step_mm > 0:
        raise ScoreError(f"{count} ROIs {step_mm:g} mm apart are not possible; give 1 or more, and a distance above 0.")
    along = np.asarray(roi.half_height) / np.linalg.norm(roi.half_height)
    offsets = (np.arange(count) - (count - 1) / 2.0) * step_mm
    row = [replace(roi.moved(tuple(offset * along)), label=f"{roi.label}-{i + 1}") for i, offset in enumerate(offsets)]
    return tuple(row if image is None else _moved_into_air(roi, row, image))


def _moved_into_air(roi: Rectangle, row: list[Rectangle], image: Slice) -> list[Rectangle]:
    """Each ROI of a row moved across it, away from the body, by the least that leaves it as far in the air as `roi`."""
    room = scipy.ndimage.distance_transform_edt(np.pad(free_air(image), 1), sampling=image.spacing_mm)[1:-1, 1:-1]

    def depth_mm(placed: Rectangle) -> float:
        try:
            return float(room[placed.mask(image)].min())
        except RoiError:  # beyond the picture
            return 0.0

    wanted = depth_mm(roi)
    if not wanted > 0:
        raise ScoreError(
            f"The ROI '{roi.label}' does not lie in free air, so no row can start from it. Move it into air."
        )
    across = np.asarray(roi.half_width) / np.linalg.norm(roi.half_width)
    reach = np.arange(0.0, _REACH_MM + _STEP_MM / 2.0, _STEP_MM)
    moves = [sign * move * across for move in reach for sign in (1.0, -1.0)]
    found = []
    for copy in row:
        place = next((p for move in moves if depth_mm(p := copy.moved(tuple(move))) >= wanted), None)
        if place is None:
            raise ScoreError(
                f"No free air within {_REACH_MM:g} mm of '{copy.label}' on this picture. Take fewer ROIs, or nearer ones."
            )
        found.append(place)
    return found


def pooled_sd(measurements: Iterable[Measurement]) -> float:
    """One SD from several ROIs: ``sqrt(sum (n_i - 1) sd_i^2 / sum (n_i - 1))``.

    Differences between the means of the ROIs do not enter.

    Raises
    ------
    ScoreError
        If there is no ROI with two pixels or more.
    """
    table = [(m.n - 1, m.sd) for m in measurements if m.n > 1]
    if not table:
        raise ScoreError("No noise ROI has two pixels or more, so there is no SD to pool. Make the ROIs larger.")
    return math.sqrt(sum(n * sd**2 for n, sd in table) / sum(n for n, _ in table))


def difference_sd(first: Slice, second: Slice, rois: Sequence[Roi]) -> float:
    """Noise where the ROIs lie: SD of the difference of two scans over sqrt 2, pooled over the ROIs (NEMA).

    Parameters
    ----------
    first, second : Slice
        The same slice, scanned twice one directly after the other, with nothing changed and the patient still.
    rois : sequence of Roi
        In tissue with signal well above the noise, such as L1 to L4.

    Raises
    ------
    ScoreError
        If the pictures do not match, or are the same picture, or no ROI has two pixels.
    """
    if first.shape != second.shape or not np.allclose(first.origin_mm, second.origin_mm):
        raise ScoreError(
            f"The two scans do not match: {first.shape} pixels from {first.origin_mm}, and {second.shape} from "
            f"{second.origin_mm}. Take the same slice of two scans with the same geometry."
        )
    difference = np.asarray(first.pixels, dtype=np.float64) - np.asarray(second.pixels, dtype=np.float64)
    if not difference.any():
        raise ScoreError("The two scans are the same picture, so their difference holds no noise. Scan twice.")
    values = [difference[roi.mask(first)] for roi in rois]
    table = [(len(v) - 1, float(v.var(ddof=1))) for v in values if len(v) > 1]
    if not table:
        raise ScoreError("No ROI has two pixels or more, so the difference has no SD. Make the ROIs larger.")
    return math.sqrt(sum(n * variance for n, variance in table) / sum(n for n, _ in table) / 2.0)
