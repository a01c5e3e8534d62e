"""Where the ROIs of bodies and noise go: in the middle of bodies, and in air."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import VbqkitError
from vbqkit.image import Slice, Vector
from vbqkit.propose.network_input import GRID_MM
from vbqkit.propose.outlines import Outline
from vbqkit.propose.picture import Picture
from vbqkit.roi import FIXED_AREA_CM2, Ellipse, Rectangle, Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scores.air import free_air, no_free_air, room_for
from vbqkit.scores.noise import check_noise

RoiKind = Literal["fixed", "ellipse"]

ELLIPSE_SHARE, SHELL_MM = 0.40, 0.85
"""Of the area of the marrow, for the ellipse; the bodies that the network was trained on include a shell of cortex and
endplates this thick (:mod:`vbqkit.anatomy.assembly`), which is not marrow."""

FIXED_HEIGHT_MM = 6.4
"""Of the rectangle of 0.40 cm2: as the reference ROIs of the virtual patients."""

FloatArray = npt.NDArray[np.float64]

_FRONT_SHARE = 0.2  # of half the depth: in front of the middle, off the basivertebral vein
_NOISE_FROM_EDGE_MM, _NOISE_PLACES = 3.0, 12
# Where reference groups' noise is: level with L3, and behind the first place behind the back that has room
_NOISE_NEAR_MM, _NOISE_BEHIND_MM, _NOISE_BEHIND_GIVE_MM = 15.0, 15.0, 6.0


def body_roi(picture: Picture, outline: Outline, label: str, *, kind: RoiKind) -> Roi:
    """The ROI of one body: 0.40 cm2, or an ellipse of 40 % of the area of its marrow.

    Parameters
    ----------
    picture : Picture
        The slice.
    outline : Outline
        The body on it.
    label : str
        Level.
    kind : {"fixed", "ellipse"}
        ``"fixed"``: a rectangle of 0.40 cm2 a fifth of the half depth in front of the middle; ``"ellipse"``: an ellipse
        about the middle with the proportions of the body.
    """
    place = np.array([outline.row, outline.col])
    if kind == "ellipse":
        down, back = (_vector(picture, axis) for axis in (outline.down, outline.back))
        inner = [max(1.0, side - 2.0 * SHELL_MM) for side in (outline.width_mm, outline.height_mm)]
        marrow = outline.area_mm2 * inner[0] * inner[1] / (outline.width_mm * outline.height_mm)
        stretch = np.sqrt(4.0 * ELLIPSE_SHARE * marrow / np.pi / (inner[0] * inner[1]))
        width, height = stretch * inner[0], stretch * inner[1]
        center = picture.to_patient_mm(place)
        return Ellipse(center=_triple(center), **_half_axes(back, width, down, height), label=label)
    place = place - outline.back * (_FRONT_SHARE * outline.width_mm / 2.0 / GRID_MM)
    width = FIXED_AREA_CM2 * 100.0 / FIXED_HEIGHT_MM
    return roi_on(picture, place, outline.down, (width, FIXED_HEIGHT_MM), label)


def least_depth_mm(picture: Picture, outline: Outline, roi: Roi) -> float:
    """How far the outline of a ROI stays from the edge of the body, mm; negative where it reaches beyond."""
    points = picture.to_rows_cols(roi.outline_mm(48))
    if isinstance(roi, Rectangle):  # four corners: the sides too
        points = np.concatenate([points + (np.roll(points, -1, axis=0) - points) * t for t in (0.0, 0.25, 0.5, 0.75)])
    found = scipy.ndimage.map_coordinates(outline.depth_mm, points.T, order=1, mode="nearest")
    return float(found.min())


def roi_on(
    picture: Picture, place: FloatArray, down: FloatArray, size_mm: tuple[float, float], label: str
) -> Rectangle:
    """A rectangle at a place of the grid.

    Parameters
    ----------
    picture : Picture
        The slice.
    place, down : ndarray, shape (2,)
        Middle, and unit vector along the height, as (row, col) of the grid.
    size_mm : tuple of 2 floats
        Width and height.
    label : str
        What it is called.
    """
    back = np.array([-down[1], down[0]])
    axes = _half_axes(_vector(picture, back), size_mm[0], _vector(picture, down), size_mm[1])
    return Rectangle(center=_triple(picture.to_patient_mm(place)), **axes, label=label)


def noise_roi(picture: Picture, *, marrow_mean: float, level_row: float) -> tuple[Roi | None, str]:
    """0.40 cm2 in free air, behind the back if there is air there, and what is doubtful; or None and why.

    Of twelve places where reference groups are measured, about 2 cm behind the skin and level with L3, the first that
    passes every check of :func:`check_noise` is taken; if none does, the first that is not refused, with its doubt.
    Only if all are refused, twelve others on the slice are tried, the deepest in air first: where the noise differs
    from place to place, that of a corner may pass every check, and is still not what a reference group's was.

    Parameters
    ----------
    picture : Picture
        The slice.
    marrow_mean : float
        Mean signal of the marrow ROIs, for the check of the noise.
    level_row : float
        Row of the grid that the place should be near to: that of L3, where reference groups are measured.
    """
    image = picture.image
    why = no_free_air(image)
    if why is not None:
        return None, why
    room = room_for(free_air(image), image)
    depth = scipy.ndimage.distance_transform_edt(np.pad(room, 1), sampling=image.spacing_mm)[1:-1, 1:-1]
    rows, cols = np.nonzero(room)
    places = image.to_patient_mm(np.stack([rows, cols], axis=1))
    grid = picture.to_rows_cols(places)
    middle = picture.shape[1] / 2.0
    worth = (
        np.minimum(depth[rows, cols], _NOISE_FROM_EDGE_MM)
        + 2.0 * (grid[:, 1] > middle)
        - 0.01 * np.abs(grid[:, 0] - level_row) * GRID_MM
    )
    side = np.sqrt(FIXED_AREA_CM2 * 100.0)
    # A window of an even number of pixels has its middle between two of them.
    shift = [-0.5 * (int(np.ceil(side / step)) % 2 == 0) for step in image.spacing_mm]
    places = places + shift[0] * np.array(image.row_step_mm) + shift[1] * np.array(image.col_step_mm)
    down, back = picture.down * side / 2, picture.back * side / 2
    order = np.argsort(-worth, kind="stable")
    near = order[_near_the_back(grid[order], level_row=level_row, middle=middle)]
    reason = "no place in the air outside the body passes the checks of the noise"
    for some in (near, order):
        rois = (
            Rectangle(center=_triple(places[k]), half_width=_triple(back), half_height=_triple(-down), label=NOISE)
            for k in some[:: max(1, len(some) // _NOISE_PLACES)][:_NOISE_PLACES]
        )
        found, reason = _first_that_passes(rois, image, marrow_mean=marrow_mean, reason=reason)
        if found is not None:
            return found, reason
    return None, reason


def _near_the_back(grid: FloatArray, *, level_row: float, middle: float) -> npt.NDArray[np.bool_]:
    """Which places (row, col of the grid) lie level with a row and as far behind the back as that of the groups."""
    off_mm, back = np.abs(grid[:, 0] - level_row) * GRID_MM, grid[:, 1] > middle
    near: npt.NDArray[np.bool_] = back & (off_mm <= _NOISE_NEAR_MM)
    if near.any():
        behind_mm = (grid[:, 1] - grid[near, 1].min()) * GRID_MM
        near &= np.abs(behind_mm - _NOISE_BEHIND_MM) <= _NOISE_BEHIND_GIVE_MM
    return near


def _first_that_passes(rois: Iterable[Roi], image: Slice, *, marrow_mean: float, reason: str) -> tuple[Roi | None, str]:
    """The first noise ROI without doubt, or else the first that is not refused with its doubt; or None and why."""
    second: tuple[Roi, str] | None = None
    for roi in rois:
        try:
            checked = check_noise(roi, image, marrow_mean=marrow_mean)
        except VbqkitError as error:
            reason = str(error)
            continue
        if checked.refusal is not None:
            reason = checked.refusal
        elif not checked.doubtful:
            return roi, ""
        elif second is None:
            second = (roi, checked.doubts[0].message)
    return second or (None, reason)


def _vector(picture: Picture, axis: FloatArray) -> FloatArray:
    vector: FloatArray = axis[0] * picture.down + axis[1] * picture.back
    return vector


def _half_axes(back: FloatArray, width_mm: float, down: FloatArray, height_mm: float) -> dict[str, Vector]:
    """Half axes of a rectangle or an ellipse, LPS mm."""
    return {"half_width": _triple(back * width_mm / 2.0), "half_height": _triple(-down * height_mm / 2.0)}


def _triple(vector: FloatArray) -> Vector:
    x, y, z = (float(v) for v in vector)
    return (x, y, z)
