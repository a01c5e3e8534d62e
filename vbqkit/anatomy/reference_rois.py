"""Where an expert would measure: rectangles of 0.40 cm2 by the papers' rules, placed on the truth.

Rules (Košice group 2025, Huang 2026, Chen 2023): trabecular marrow on the plane through the middle of the vertebra,
inside the shell and the endplates, off the basivertebral vein and every lesion; CSF in the dural sac at L3, or next to
it where the canal is narrow there, without cord or fat and where roots are fewest; noise in air outside the body. All
ROIs have one area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.anatomy.skeleton import Spine
from vbqkit.errors import ScannerError
from vbqkit.roi import FIXED_AREA_CM2, Rectangle

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Value = TypeVar("Value", bound=np.generic)

ROI_LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")
"""Vertebrae that may have a ROI: L1 to L4, and T12 and L5 to stand in for a fractured one."""

ROOTS_ALLOWED = 0.20
"""Largest share of roots that a CSF ROI may hold, for the reference, for a careful reader and for whoever grades a
reader. At L3 the roots fill 20 to 35 % of the sac (see :mod:`vbqkit.anatomy.canal`), and Huang 2026, Cui 2025 and
Chen 2023 put a circle or rectangle in it without a word about them: a ROI that holds no more than the emptiest sac was
put where they are few. Model assumption."""

_CSF_LEVELS = ("L3", "L4", "L2", "L5", "L1")
_HALF_SLAB_MM = 2.3  # a measured slice averages this far to either side
_STEP_MM = 0.5
_SKIN_TO_NOISE_MM = 18.0  # the ringing of the skin has died away

# Chosen by eye, within the rules above. Lengths in mm
_ROOM_MM, _COST_OF_DISTANCE = 3.0, 0.35  # more room to dirt than this is worth nothing; a mm from the wish costs this
_FLATTER_MM = (5.0, 4.0)  # heights to try next: a flat body has room for a flat rectangle only
_MARROW_REACH_MM, _MARROW_MARGIN_MM = (2.0, 1.0), 0.9  # beyond the body; free of dirt around the rectangle
_MARROW_WISH = -0.22  # in front of the middle, away from the vein, in half depths
_CSF_WIDTHS_MM = (4.0, 3.2, 2.5, 2.0)  # across the sac, to try in turn; the length follows from the area
_CSF_REACH_MM, _CSF_WISH_MM, _CSF_MARGIN_MM = (20.0, 14.0), (5.0, 0.0), 0.5  # back and down from the back wall
_CSF_NEAR_MM = (12.0, 14.0)  # across and along the sac from where a reader means to measure
_CSF_SPARE_MM, _COST_OF_ROOTS = 1.0, 20.0  # moved this far it still holds few roots; a share of 5 % costs 1 mm of room
_NARROW_SAC_MM = 8.0  # a level with a sac of less depth is a place of last resort
_IN_SAC = ("csf", "nerve_root", "spinal_cord")
_CSF_ALONG_MM = 4.0  # length over which the direction of the canal is taken
_NOISE_WIDTH_MM, _NOISE_ROWS = 5.0, 12  # the skin is looked for this many rows above and below


def reference_rois(
    spine: Spine,
    tissue: npt.NDArray[np.uint8],
    level: npt.NDArray[np.uint8],
    affine: Array,
    *,
    findings: Sequence[Finding] = (),
    height_mm: float = 6.4,
) -> tuple[Rectangle, ...]:
    """Rectangles labelled ``"T12"`` to ``"L5"``, ``"CSF"`` and ``"noise"``, each clean on the truth.

    Parameters
    ----------
    spine : Spine
        The skeleton: frames and canal.
    tissue, level : ndarray of uint8, shape (planes, rows, cols)
        Truth of every voxel.
    affine : ndarray, shape (4, 4)
        (plane, row, col, 1) to LPS mm.
    findings : sequence of Finding
        A fractured or instrumented vertebra has no ROI, as the papers leave it out.
    height_mm : float
        Height of the vertebral rectangle; its width follows from the area.

    Returns
    -------
    tuple of Rectangle
        A level without a clean place is left out.
    """
    truth = _Truth(tissue, level, affine)
    left_out = {level for finding in findings for level in finding.levels_without_roi}
    rois = []
    for name in ROI_LEVELS:
        if name not in left_out:
            roi = _marrow_roi(truth, spine, name, height_mm)
            if roi is not None:
                rois.append(roi)
    rois.append(_csf_roi(truth, spine))
    rois.append(_noise_roi(truth, spine))
    return tuple(rois)


def slab_planes(planes_x_mm: Array, x_mm: float) -> slice:
    """Which planes of a body a slice at `x_mm` averages; the nearest if it averages none."""
    inside = np.flatnonzero(np.abs(planes_x_mm - x_mm) <= _HALF_SLAB_MM)
    if not len(inside):
        inside = np.array([int(np.argmin(np.abs(planes_x_mm - x_mm)))])
    return slice(int(inside[0]), int(inside[-1]) + 1)


class _Truth:
    """The label maps, and what lies within a slab around a plane."""

    def __init__(self, tissue: npt.NDArray[np.uint8], level: npt.NDArray[np.uint8], affine: Array) -> None:
        self.tissue, self.level = tissue, level
        self.x = affine[0, 3] + affine[0, 0] * np.arange(tissue.shape[0])
        self.y = affine[1, 3] + affine[1, 2] * np.arange(tissue.shape[2])
        self.z = affine[2, 3] + affine[2, 1] * np.arange(tissue.shape[1])

    def planes(self, x_mm: float) -> slice:
        return slab_planes(self.x, x_mm)

    def sample(self, plane: npt.NDArray[Value], points_yz: Array) -> npt.NDArray[Value]:
        """A (rows, cols) plane at (y, z) points, False or 0 outside the grid; shape (..., 2) to (...)."""
        col = np.rint((points_yz[..., 0] - self.y[0]) / (self.y[1] - self.y[0])).astype(int)
        row = np.rint((points_yz[..., 1] - self.z[0]) / (self.z[1] - self.z[0])).astype(int)
        inside = (col >= 0) & (col < len(self.y)) & (row >= 0) & (row < len(self.z))
        found = np.zeros(points_yz.shape[:-1], dtype=plane.dtype)
        found[inside] = plane[row[inside], col[inside]]
        return found


def _place(
    truth: _Truth,
    clean: Mask,
    *,
    center: Array,
    axes: tuple[Array, Array],
    reach: tuple[float, float],
    size: tuple[float, float],
    wish: tuple[float, float],
    margin_mm: float,
    roots: Array | None = None,
    most_roots: float = ROOTS_ALLOWED,
) -> tuple[float, float] | None:
    """Best place (a, b) of a rectangle of a size in a frame: clean with a margin, far from dirt, near the wish.

    `roots`, shape (rows, cols): share of each pixel that is root, of which the rectangle holds few, and no more than
    `most_roots`.
    """
    a = np.arange(-reach[0], reach[0] + _STEP_MM / 2, _STEP_MM)
    b = np.arange(-reach[1], reach[1] + _STEP_MM / 2, _STEP_MM)
    points = center + a[None, :, None] * axes[0] + b[:, None, None] * axes[1]
    allowed = truth.sample(clean, points)
    if not allowed.any():
        return None
    box = [2 * int(np.ceil((edge / 2 + margin_mm) / _STEP_MM)) + 1 for edge in (size[1], size[0])]
    fits = scipy.ndimage.minimum_filter(allowed, size=box, mode="constant", cval=False)
    held = np.zeros(fits.shape)
    if roots is not None:
        inside = [2 * round(edge / 2 / _STEP_MM) + 1 for edge in (size[1], size[0])]
        held = scipy.ndimage.uniform_filter(truth.sample(roots, points), size=inside, mode="nearest")
        spare = 2 * round(_CSF_SPARE_MM / _STEP_MM) + 1
        fits &= scipy.ndimage.maximum_filter(held, size=spare, mode="nearest") <= most_roots
    if not fits.any():
        return None
    room = scipy.ndimage.distance_transform_edt(np.pad(fits, 1))[1:-1, 1:-1] * _STEP_MM
    off = np.hypot(a[None, :] - wish[0], b[:, None] - wish[1])
    worth = np.where(fits, np.minimum(room, _ROOM_MM) - _COST_OF_DISTANCE * off - _COST_OF_ROOTS * held, -np.inf)
    row, col = np.unravel_index(int(np.argmax(worth)), worth.shape)
    return float(a[col]), float(b[row])


def _rectangle(x: float, center: Array, axes: tuple[Array, Array], size: tuple[float, float], label: str) -> Rectangle:
    return Rectangle(
        center=(x, float(center[0]), float(center[1])),
        half_width=(0.0, float(axes[0][0]) * size[0] / 2, float(axes[0][1]) * size[0] / 2),
        half_height=(0.0, float(axes[1][0]) * size[1] / 2, float(axes[1][1]) * size[1] / 2),
        label=label,
    )


def _marrow_roi(truth: _Truth, spine: Spine, name: str, height_mm: float) -> Rectangle | None:
    vertebra = spine[name]
    x = float(vertebra.center_mm[0])
    planes = truth.planes(x)
    clean = (truth.tissue[planes] == CODE["marrow"]) & (truth.level[planes] == LEVEL_OF_CODE.index(name))
    back, up = vertebra.axes[1:, 1], vertebra.axes[1:, 2]
    axes = (back / np.linalg.norm(back), np.array([-back[1], back[0]]) / np.linalg.norm(back))
    if axes[1] @ up < 0:
        axes = (axes[0], -axes[1])
    center = vertebra.center_mm[1:]
    for tall in (height_mm, *_FLATTER_MM):
        size = (FIXED_AREA_CM2 * 100.0 / tall, tall)
        place = _place(
            truth, clean.all(axis=0), center=center, axes=axes,
            reach=(vertebra.half_depth_mm + _MARROW_REACH_MM[0], vertebra.height_mm / 2 + _MARROW_REACH_MM[1]),
            size=size, wish=(_MARROW_WISH * vertebra.half_depth_mm, 0.0), margin_mm=_MARROW_MARGIN_MM,
        )  # fmt: skip
        if place is not None:
            return _rectangle(x, center + place[0] * axes[0] + place[1] * axes[1], axes, size, name)
    return None


class _SacPlace(NamedTuple):
    """The dural sac beside the middle of a body: where, which way is back and down, and how deep it is."""

    at: Array
    axes: tuple[Array, Array]
    depth_mm: float

    @classmethod
    def at_level(cls, truth: _Truth, spine: Spine, name: str) -> _SacPlace:
        s = spine.level_s_mm[spine.index(name)]
        at, ahead = (
            np.array([np.interp(s + more, spine.wall_s_mm, spine.wall_mm[:, k]) for k in range(3)])
            for more in (0.0, _CSF_ALONG_MM)
        )
        down = (ahead - at)[1:] / np.linalg.norm((ahead - at)[1:])
        axes = (np.array([-down[1], down[0]]), down)
        inside = np.isin(truth.tissue[truth.planes(float(at[0]))], [CODE[n] for n in _IN_SAC])
        sac: Mask = np.asarray(inside.all(axis=0))
        back = np.arange(0.0, _CSF_REACH_MM[0], _STEP_MM)
        found = truth.sample(sac, at[1:] + back[:, None] * axes[0])
        return cls(at, axes, float(np.count_nonzero(found) * _STEP_MM))


def _csf_roi(truth: _Truth, spine: Spine) -> Rectangle:
    places = [_SacPlace.at_level(truth, spine, name) for name in _CSF_LEVELS]
    places.sort(key=lambda place: place.depth_mm < _NARROW_SAC_MM)  # stable: narrow ones last
    # a small sac may be full of roots everywhere: then it is measured where they are fewest, as a person would
    for most_roots, sac in ((most, sac) for most in (ROOTS_ALLOWED, 1.0) for sac in places):
        found = _in_sac(
            truth, float(sac.at[0]), sac.at[1:], sac.axes, widths_mm=_CSF_WIDTHS_MM, reach=_CSF_REACH_MM,
            wish=_CSF_WISH_MM, most_roots=most_roots,
        )  # fmt: skip
        if found is not None:
            return found
    raise ScannerError(
        "No place in the dural sac from L1 to L5 holds 0.40 cm2 of CSF and roots without cord. "
        "Take a finding off this patient, or another seed."
    )


def csf_roi_near(
    roi: Rectangle, tissue: npt.NDArray[np.uint8], level: npt.NDArray[np.uint8], affine: Array
) -> Rectangle | None:
    """The CSF ROI by the same rule as the reference, as near to `roi` as it can be, on the slice around its plane.

    Parameters
    ----------
    roi : Rectangle
        Where CSF is meant to be measured: its plane, its direction and its size, which becomes narrower and longer
        where the sac has no room for it.
    tissue, level, affine
        As for :func:`reference_rois`.

    Returns
    -------
    Rectangle or None
        None if the sac has no room within 14 mm along it and 12 mm across.
    """
    truth = _Truth(tissue, level, affine)
    half, along = np.array(roi.half_width[1:]), np.array(roi.half_height[1:])
    axes = (half / np.linalg.norm(half), along / np.linalg.norm(along))
    width = 2.0 * float(np.linalg.norm(half))
    widths = (width, *(narrower for narrower in _CSF_WIDTHS_MM if narrower < width))
    for most_roots in (ROOTS_ALLOWED, 1.0):
        found = _in_sac(
            truth, float(roi.center_mm[0]), np.array(roi.center_mm[1:]), axes, widths_mm=widths,
            reach=_CSF_NEAR_MM, wish=(0.0, 0.0), most_roots=most_roots,
        )  # fmt: skip
        if found is not None:
            return found
    return None


def _in_sac(
    truth: _Truth,
    x_mm: float,
    center: Array,
    axes: tuple[Array, Array],
    *,
    widths_mm: Sequence[float],
    reach: tuple[float, float],
    wish: tuple[float, float],
    most_roots: float,
) -> Rectangle | None:
    """The widest rectangle that fits into the sac of a slice, where roots are few; None if none fits."""
    slab = truth.tissue[truth.planes(x_mm)]
    roots = slab == CODE["nerve_root"]
    clean, share = ((slab == CODE["csf"]) | roots).all(axis=0), roots.mean(axis=0)
    for width in widths_mm:
        size = (width, FIXED_AREA_CM2 * 100.0 / width)
        place = _place(
            truth, clean, center=center, axes=axes, reach=reach, size=size, wish=wish,
            margin_mm=_CSF_MARGIN_MM, roots=share, most_roots=most_roots,
        )  # fmt: skip
        if place is not None:
            return _rectangle(x_mm, center + place[0] * axes[0] + place[1] * axes[1], axes, size, "CSF")
    return None


def _noise_roi(truth: _Truth, spine: Spine) -> Rectangle:
    """In the air behind the back, where the ringing of the skin has died away; the field of view reaches that far."""
    planes = truth.planes(0.0)
    air = (truth.tissue[planes] == CODE["air"]).all(axis=0)
    size = (_NOISE_WIDTH_MM, FIXED_AREA_CM2 * 100.0 / _NOISE_WIDTH_MM)
    axes = (np.array([1.0, 0.0]), np.array([0.0, -1.0]))
    skin = np.array([truth.y[np.flatnonzero(~row)[-1]] if (~row).any() else truth.y[0] for row in air])
    z = float(spine["L3"].center_mm[2])
    row = int(np.argmin(np.abs(truth.z - z)))
    near = slice(max(0, row - _NOISE_ROWS), row + _NOISE_ROWS + 1)
    y = float(skin[near].max()) + _SKIN_TO_NOISE_MM + size[0] / 2
    return _rectangle(0.0, np.array([y, z]), axes, size, "noise")
