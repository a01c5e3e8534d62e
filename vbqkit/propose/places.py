"""Where the ROIs go: in the middle of bodies, along the sac, and in air."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import VbqkitError
from vbqkit.image import Vector
from vbqkit.propose.classes import SAC
from vbqkit.propose.network_input import GRID_MM
from vbqkit.propose.outlines import Outline
from vbqkit.propose.picture import Picture
from vbqkit.roi import FIXED_AREA_CM2, Ellipse, Rectangle, Roi
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.scores.air import free_air, no_free_air, room_for
from vbqkit.scores.noise import check_noise

RoiKind = Literal["fixed", "ellipse"]

ELLIPSE_SHARE, SHELL_MM = 0.40, 0.85
"""Of the area of the marrow, for the ellipse; the bodies that the network was trained on include a shell of cortex and
endplates this thick (:mod:`vbqkit.anatomy.assembly`), which is not marrow."""

FIXED_HEIGHT_MM = 6.4
"""Of the rectangle of 0.40 cm2: as the reference ROIs of the virtual patients."""

CSF_MM = (4.0, 10.0)
"""Across and along the sac."""

CSF_LEVELS = ("L3", "L4", "L2", "L5", "L1")
"""Levels to try in turn."""

FloatArray = npt.NDArray[np.float64]

_FRONT_SHARE = 0.2  # of half the depth: in front of the middle, off the basivertebral vein
_CSF_WIDTHS_MM = (4.0, 3.2, 2.5, 2.0)
_CSF_LEAST_INSIDE, _CSF_LEAST_ANYWHERE = 0.95, 0.85  # probability of sac under the ROI: mean, and at every place
_CSF_UNLIKE = 0.12  # of the median of all levels
_NOISE_FROM_EDGE_MM = 3.0


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
    down, back = (_vector(picture, axis) for axis in (outline.down, outline.back))
    if kind == "ellipse":
        inner = [max(1.0, side - 2.0 * SHELL_MM) for side in (outline.width_mm, outline.height_mm)]
        marrow = outline.area_mm2 * inner[0] * inner[1] / (outline.width_mm * outline.height_mm)
        stretch = np.sqrt(4.0 * ELLIPSE_SHARE * marrow / np.pi / (inner[0] * inner[1]))
        width, height = stretch * inner[0], stretch * inner[1]
        center = picture.to_patient_mm(place)
        return Ellipse(center=_triple(center), **_half_axes(back, width, down, height), label=label)
    place = place - outline.back * (_FRONT_SHARE * outline.width_mm / 2.0 / GRID_MM)
    width = FIXED_AREA_CM2 * 100.0 / FIXED_HEIGHT_MM
    center = picture.to_patient_mm(place)
    return Rectangle(center=_triple(center), **_half_axes(back, width, down, FIXED_HEIGHT_MM), label=label)


def least_depth_mm(picture: Picture, outline: Outline, roi: Roi) -> float:
    """How far the outline of a ROI stays from the edge of the body, mm; negative where it reaches beyond."""
    points = picture.to_rows_cols(roi.outline_mm(48))
    if isinstance(roi, Rectangle):  # four corners: the sides too
        points = np.concatenate([points + (np.roll(points, -1, axis=0) - points) * t for t in (0.0, 0.25, 0.5, 0.75)])
    found = scipy.ndimage.map_coordinates(outline.depth_mm, points.T, order=1, mode="nearest")
    return float(found.min())


def csf_roi(
    picture: Picture, outlines: Sequence[tuple[str, Outline]], *, weighting: str
) -> tuple[Rectangle, float, str] | None:
    """4 x 10 mm along the dural sac at L3 or the next free level: the ROI, the mean probability of sac, and the level.

    At each level the sac is searched within half a body's height. On T2 and STIR the brightest place wins and on T1 the
    darkest, as roots and fat are the other way; else the place deepest in the sac. A level whose best place reads more
    than 12 % off the median of all levels is not free: a narrow canal or a cord lies there.

    Parameters
    ----------
    picture : Picture
        The slice.
    outlines : sequence of (str, Outline)
        Levels with their bodies; without names the middle body first.
    weighting : str
        ``"T1"``, ``"T2"``, ``"STIR"``; any other: not known.

    Returns
    -------
    tuple or None
        None where no level has room.
    """
    sac = picture.found[SAC].astype(np.float64)
    signal = scipy.ndimage.gaussian_filter(picture.signal.astype(np.float64), 0.5)
    sign = {"T1": -1.0, "T2": 1.0, "STIR": 1.0}.get(weighting, 0.0)
    for width in _CSF_WIDTHS_MM:
        places = [(level, _along_sac(sac, signal, outline, width, sign)) for level, outline in outlines]
        found = [(level, place) for level, place in places if place is not None]
        if not found:
            continue
        usual = float(np.median([place.signal for _, place in found]))
        free = [one for one in found if abs(one[1].signal - usual) <= _CSF_UNLIKE * usual]
        level, best = (free or found)[0]
        down = _vector(picture, best.along)
        back = _vector(picture, np.array([-best.along[1], best.along[0]]))
        roi = Rectangle(
            center=_triple(picture.to_patient_mm(best.place)), **_half_axes(back, width, down, CSF_MM[1]), label=CSF
        )
        return roi, best.inside, level
    return None


@dataclass(frozen=True, eq=False, slots=True)
class _SacPlace:
    """A place in the sac: middle and direction on the grid, mean probability of sac, signal."""

    place: FloatArray
    along: FloatArray
    inside: float
    signal: float


def _along_sac(sac: FloatArray, signal: FloatArray, outline: Outline, width_mm: float, sign: float) -> _SacPlace | None:
    """Best place of a rectangle beside one body."""
    line = _sac_line(sac, outline)
    if line is None:
        return None
    middle, along = line
    across = np.array([-along[1], along[0]])
    u = np.linspace(-0.5, 0.5, 9)[:, None] * CSF_MM[1] / GRID_MM
    v = np.linspace(-0.5, 0.5, 5)[None, :] * width_mm / GRID_MM
    found: list[tuple[float, _SacPlace]] = []
    reach = outline.height_mm / 2.0
    for s in np.arange(-reach, reach + 0.1, 1.5) / GRID_MM:
        for t in np.arange(-9.0, 9.1, 1.0) / GRID_MM:
            place = middle + s * along + t * across
            points = [place[i] + u * along[i] + v * across[i] for i in range(2)]
            p = scipy.ndimage.map_coordinates(sac, points, order=1, mode="nearest")
            inside = float(p.mean())
            if inside >= _CSF_LEAST_INSIDE and p.min() >= _CSF_LEAST_ANYWHERE:
                shown = float(scipy.ndimage.map_coordinates(signal, points, order=1, mode="nearest").mean())
                found.append((abs(float(s)) * GRID_MM, _SacPlace(place, along, inside, shown)))
    if not found:
        return None
    usual = max(float(np.median([one.signal for _, one in found])), 1e-12)
    return max(found, key=lambda f: 0.3 * f[1].inside + sign * f[1].signal / usual - 0.001 * f[0])[1]


def _sac_line(sac: FloatArray, outline: Outline) -> tuple[FloatArray, FloatArray] | None:
    """Middle and direction of the sac behind one body."""
    grid = np.indices(sac.shape)
    away = np.stack([grid[0] - outline.row, grid[1] - outline.col], axis=-1) * GRID_MM
    down, back = away @ outline.down, away @ outline.back
    near = (
        (np.abs(down) < 0.75 * outline.height_mm)
        & (back > 0.35 * outline.width_mm)
        & (back < outline.width_mm / 2 + 32)
    )
    near &= sac > 0.5
    if near.sum() * GRID_MM**2 < 60.0:
        return None
    points = np.argwhere(near).astype(np.float64)
    middle = points.mean(axis=0)
    _sizes, axes = np.linalg.eigh(np.cov((points - middle).T))
    along: FloatArray = np.asarray(axes, dtype=np.float64)[:, 1]
    if abs(along @ outline.down) < 0.8:  # a short piece of sac has no direction of its own
        along = outline.down
    along = along * np.sign(along @ outline.down)
    return middle, along


def noise_roi(picture: Picture, *, marrow_mean: float, level_row: float) -> tuple[Roi | None, str]:
    """0.40 cm2 in free air, behind the back if there is air there, and what is doubtful; or None and why.

    Of twelve places, the deepest in air first, the first that passes every check of :func:`check_noise` is taken; if
    none does, the first that is not refused, with its doubt.

    Parameters
    ----------
    picture : Picture
        The slice.
    marrow_mean : float
        Mean signal of the marrow ROIs, for the check of the noise.
    level_row : float
        Row of the grid that the place should be near to.
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
    reason = "no place in the air outside the body passes the checks of the noise"
    second: tuple[Roi, str] | None = None
    order = np.argsort(-worth, kind="stable")
    for k in order[:: max(1, len(order) // 12)][:12]:
        center = places[k]
        roi = Rectangle(center=_triple(center), half_width=_triple(back), half_height=_triple(-down), label=NOISE)
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
