"""Reference ROIs beyond those of the scores: S1, the endplates of L1 to L4, and the subcutaneous fat of the back.

For questions that students may ask of the same images (VBQ of S1, endplate bone quality, another reference tissue than
CSF); no score of the package uses them. Placed on the truth, on the plane of the other reference ROIs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.roi import FIXED_AREA_CM2, Polygon, Rectangle, Roi
from vbqkit.roi.labels import FAT, LOWER_ENDPLATE, SCORED_LEVELS, UPPER_ENDPLATE

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ENDPLATE_HEIGHT_MM = 3.0
"""Height of an endplate ROI, from the surface of the bone inwards: the height of the endplate bone quality (EBQ) ROIs
of Jones et al., Spine J 2022."""

SACRUM = "S1"

_HALF_SLAB_MM = 2.3  # a measured slice averages this far to either side
_STEP_MM = 0.4
_MARGIN_MM = 0.9  # clean around a rectangle

# Chosen by eye. Lengths in mm
_S1_HEIGHTS_MM = (6.4, 5.0, 4.0)  # to try in turn; the width follows from the area
_ENDPLATE_SHARE, _ENDPLATE_COLUMNS = 0.76, 9  # of the depth: without the rims; points along the surface
_SMOOTH_MM = 3.0  # of the surface along the endplate
_FOREIGN_SHARE = 0.1  # an endplate with more of something else in it has no ROI
_FAT_WIDTHS_MM = (5.0, 4.0, 3.2, 2.5)  # from front to back, to try in turn
_FAT_REACHES_MM = (45.0, 100.0)  # above and below L3, to try in turn: the lean have enough behind L5 and S1 only
_BONE = ("marrow", "endplate", "cortical_bone", "basivertebral_vein", "marrow_red")


def further_rois(phantom: Phantom) -> tuple[Roi, ...]:
    """ROIs labelled ``"S1"``, ``"L1 upper endplate"`` ... ``"L4 lower endplate"`` and ``"fat"``.

    Parameters
    ----------
    phantom : Phantom
        A body with its reference ROIs.

    Returns
    -------
    tuple of Roi
        One without a clean place is left out: endplates of a fractured vertebra, or with a Schmorl node or a Modic
        change in them.
    """
    x_mm = phantom.reference_rois[0].center_mm[0]
    slab = _Slab(phantom, x_mm)
    left_out = {level for finding in phantom.findings for level in finding.levels_without_roi}
    rois: list[Roi | None] = [_sacrum(slab)]
    for level in SCORED_LEVELS:
        if level not in left_out:
            rois += [_endplate(slab, level, side) for side in (UPPER_ENDPLATE, LOWER_ENDPLATE)]
    rois.append(_fat(slab))
    return tuple(roi for roi in rois if roi is not None)


class _Slab:
    """The truth within a slice about a plane: positions, the plane's own labels, and what holds through the slice."""

    def __init__(self, phantom: Phantom, x_mm: float) -> None:
        self.x_mm = float(x_mm)
        affine, (planes, rows, cols) = phantom.affine, phantom.shape
        x = affine[0, 3] + affine[0, 0] * np.arange(planes)
        self.z: Array = affine[2, 3] + affine[2, 1] * np.arange(rows)
        self.y: Array = affine[1, 3] + affine[1, 2] * np.arange(cols)
        near = np.abs(x - x_mm) <= _HALF_SLAB_MM
        near[int(np.argmin(np.abs(x - x_mm)))] = True
        middle = int(np.argmin(np.abs(x - x_mm)))
        self.tissue, self.level = phantom.tissue[near], phantom.level[middle]
        self.middle = phantom.tissue[middle]

    def all_of(self, tissue: str) -> Mask:
        """(rows, cols): where the whole thickness of the slice is this tissue."""
        mask: Mask = (self.tissue == CODE[tissue]).all(axis=0)
        return mask

    def body(self, level: str) -> Mask:
        """(rows, cols): a vertebral body on the plane."""
        mask: Mask = self.level == LEVEL_OF_CODE.index(level)
        return mask

    def points(self, mask: Mask) -> Array:
        """(y, z) of the pixels of a mask, mm."""
        rows, cols = np.nonzero(mask)
        return np.column_stack([self.y[cols], self.z[rows]])

    def at(self, mask: Mask, points_yz: Array) -> Mask:
        """Whether points (..., 2) lie in a mask; False outside the grid."""
        col = np.rint((points_yz[..., 0] - self.y[0]) / (self.y[1] - self.y[0])).astype(int)
        row = np.rint((points_yz[..., 1] - self.z[0]) / (self.z[1] - self.z[0])).astype(int)
        inside = (col >= 0) & (col < len(self.y)) & (row >= 0) & (row < len(self.z))
        found: Mask = np.zeros(points_yz.shape[:-1], dtype=bool)
        found[inside] = mask[row[inside], col[inside]]
        return found

    def frame(self, level: str) -> tuple[Array, Array, Array] | None:
        """Center (y, z) of a body, and unit vectors back and up, from its neighbours; None without them."""
        body = self.body(level)
        number = LEVEL_OF_CODE.index(level)
        beside = [self.level == n for n in (number - 1, number + 1) if 0 < n < len(LEVEL_OF_CODE)]
        if not body.any() or not all(mask.any() for mask in beside):
            return None
        above, below = (self.points(mask).mean(axis=0) for mask in beside)
        up = (above - below) / np.linalg.norm(above - below)
        return self.points(body).mean(axis=0), np.array([up[1], -up[0]]), up


def _box(slab: _Slab, center: Array, axes: tuple[Array, Array], size: tuple[float, float], label: str) -> Rectangle:
    (width, height), (across, up) = size, axes
    return Rectangle(
        center=(slab.x_mm, float(center[0]), float(center[1])),
        half_width=(0.0, float(across[0]) * width / 2, float(across[1]) * width / 2),
        half_height=(0.0, float(up[0]) * height / 2, float(up[1]) * height / 2),
        label=label,
    )


def _roomiest(slab: _Slab, clean: Mask, center: Array, axes: tuple[Array, Array], reach: tuple[float, float],
              size: tuple[float, float]) -> Array | None:  # fmt: skip
    """The place of a box of a size, clean with a margin: far from dirt, then near the center."""
    a, b = (np.arange(-r, r + _STEP_MM / 2, _STEP_MM) for r in reach)
    allowed = slab.at(clean, center + a[None, :, None] * axes[0] + b[:, None, None] * axes[1])
    box = [2 * int(np.ceil((edge / 2 + _MARGIN_MM) / _STEP_MM)) + 1 for edge in (size[1], size[0])]
    fits = scipy.ndimage.minimum_filter(allowed, size=box, mode="constant", cval=False)
    if not fits.any():
        return None
    room = np.minimum(scipy.ndimage.distance_transform_edt(np.pad(fits, 1))[1:-1, 1:-1] * _STEP_MM, 2.0)
    worth = np.where(fits, room - 0.1 * np.hypot(a[None, :], b[:, None]), -np.inf)
    row, col = np.unravel_index(int(np.argmax(worth)), worth.shape)
    place: Array = center + a[col] * axes[0] + b[row] * axes[1]
    return place


def _sacrum(slab: _Slab) -> Rectangle | None:
    frame = slab.frame(SACRUM)
    if frame is None:
        return None
    center, back, up = frame
    clean = slab.all_of("marrow") & slab.body(SACRUM)
    for height in _S1_HEIGHTS_MM:
        size = (FIXED_AREA_CM2 * 100.0 / height, height)
        place = _roomiest(slab, clean, center, (back, up), (18.0, 16.0), size)
        if place is not None:
            return _box(slab, place, (back, up), size, SACRUM)
    return None


def _endplate(slab: _Slab, level: str, side: str) -> Polygon | None:
    """A band along the surface of the bone, that high inwards, without the rims."""
    frame = slab.frame(level)
    if frame is None:
        return None
    center, back, up = frame
    outwards = up if side == UPPER_ENDPLATE else -up
    at = (slab.points(slab.body(level)) - center) @ np.column_stack([back, outwards])
    low, high = np.percentile(at[:, 0], (1.0, 99.0))
    middle, half = (low + high) / 2.0, _ENDPLATE_SHARE * (high - low) / 2.0
    columns = np.arange(middle - half, middle + half + _STEP_MM / 2, _STEP_MM)
    surface = np.array([at[np.abs(at[:, 0] - a) < _STEP_MM, 1].max(initial=-np.inf) for a in columns])
    if not np.isfinite(surface).all():
        return None
    surface = scipy.ndimage.gaussian_filter1d(surface, _SMOOTH_MM / _STEP_MM, mode="nearest")
    along = np.linspace(columns[0], columns[-1], _ENDPLATE_COLUMNS)
    outer = np.interp(along, columns, surface)
    edge = [center + a * back + b * outwards for a, b in zip(along, outer, strict=True)]
    edge += [center + a * back + (b - ENDPLATE_HEIGHT_MM) * outwards for a, b in zip(along, outer, strict=True)][::-1]
    if _foreign_share(slab, center, (back, outwards), columns, surface) > _FOREIGN_SHARE:
        return None
    points = np.array([(slab.x_mm, *point) for point in edge])
    return Polygon(points=points, label=f"{level} {side}")


def _foreign_share(slab: _Slab, center: Array, axes: tuple[Array, Array], columns: Array, surface: Array) -> float:
    """Part of the band that is neither healthy bone nor its marrow."""
    deep = np.arange(_STEP_MM, ENDPLATE_HEIGHT_MM, _STEP_MM)
    band = center + columns[:, None, None] * axes[0] + (surface[:, None] - deep[None, :])[:, :, None] * axes[1]
    bone = np.isin(slab.middle, [CODE[name] for name in _BONE])
    return 1.0 - float(slab.at(bone, band).mean())


def _fat(slab: _Slab) -> Rectangle | None:
    """Behind the back, as near to the height of L3 as the fat is thick enough."""
    frame = slab.frame("L3")
    clean = slab.all_of("subcutaneous_fat")
    if frame is None:
        return None
    center_z = float(frame[0][1])
    axes = (np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    for reach in _FAT_REACHES_MM:
        near = (np.abs(slab.z - center_z) < reach)[:, None] & (slab.y > frame[0][0])[None, :]
        behind = clean & near
        points = slab.points(behind)
        if not len(points):
            continue
        center = np.array([float(points[:, 0].mean()), center_z])
        across = float(np.ptp(points[:, 0])) / 2.0 + 1.0
        for width in _FAT_WIDTHS_MM:
            size = (width, FIXED_AREA_CM2 * 100.0 / width)
            place = _roomiest(slab, behind, center, axes, (across, reach), size)
            if place is not None:
                return _box(slab, place, axes, size, FAT)
    return None
