"""The skeleton: vertebrae, the discs between them, and the back wall of the column as one smooth curve. No chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.arch_sizes import ArchSizes
from vbqkit.anatomy.canvas import Grid, Window
from vbqkit.anatomy.endplates import Relief
from vbqkit.anatomy.texture import Plane, rounded

Array = npt.NDArray[np.float64]

_BODY_REACH = 1.15  # in half depths: how far a window around a body must reach; chosen by eye


_LOOKED_UP_EVERY, _CORNERS_DIFFER = 4, 8  # points of a grid; numbers of points of a curve


class HeightLosses(NamedTuple):
    """Share of its height that a body has lost, 0 to 1, and where.

    Attributes
    ----------
    front, middle, back : float
        Of the upper endplate.
    lower_middle : float
        Of the lower endplate, in its middle.
    """

    front: float = 0.0
    middle: float = 0.0
    back: float = 0.0
    lower_middle: float = 0.0


NO_LOSS = HeightLosses()
"""Of a body that is not fractured."""


DEEPEST = (0.16, 0.30)
"""Where the upper and the lower endplate of most people are deepest, behind the middle of the body, in half depths."""


@dataclass(frozen=True, eq=False, slots=True)
class Vertebra:
    """One vertebra: a frame in space and the numbers that shape it. Lengths in mm.

    Attributes
    ----------
    name : str
        Such as ``"L3"``.
    code : int
        Index in :data:`vbqkit.anatomy.phantom.LEVEL_OF_CODE`; 0 in the coccyx.
    center_mm : ndarray, shape (3,)
        Center of the body, LPS.
    axes : ndarray, shape (3, 3)
        Columns: unit vectors to the left (u), to the back (v) and up (w) of this vertebra.
    half_width_mm, half_depth_mm, height_mm : float
        Of the body before any fracture.
    upper_concavity_mm, lower_concavity_mm : float
        Depth of the endplates below their rims.
    waist_mm : float
        How far the front and side walls curve in at mid height.
    taper : float
        Relative growth of the depth from mid height to the top; the sacrum narrows downwards.
    arch : ArchSizes
        Width of the canal, pedicles and transverse processes.
    wedge_deg : float
        Angle between the endplates: positive where the body is taller in front.
    deepest : tuple of 2 floats
        Where the upper and the lower endplate are deepest, behind the middle, in half depths.
    lips_mm : tuple of 2 floats
        How far the upper and the lower front rim stand out.
    relief : Relief or None
        What makes its endplates and corners unlike those of the next; None: smooth ones.
    spinous_length_mm, spinous_slope, spinous_shift_mm : float
        Length of the spinous process, its fall per mm towards the back, and how far its tip leans to the left.
    height_losses : HeightLosses
        What a fracture has taken off its height.
    sacralised : bool
        Whether its transverse processes are broad and reach the wings of the sacrum.
    """

    name: str
    code: int
    center_mm: Array
    axes: Array
    half_width_mm: float
    half_depth_mm: float
    height_mm: float
    upper_concavity_mm: float
    lower_concavity_mm: float
    waist_mm: float
    taper: float
    arch: ArchSizes
    wedge_deg: float
    spinous_length_mm: float
    spinous_slope: float
    spinous_shift_mm: float
    height_losses: HeightLosses = NO_LOSS
    sacralised: bool = False
    deepest: tuple[float, float] = DEEPEST
    lips_mm: tuple[float, float] = (0.0, 0.0)
    relief: Relief | None = None

    @property
    def sacral(self) -> bool:
        """Whether it belongs to the sacrum or the coccyx."""
        return self.name.startswith(("S", "C"))

    def to_local(self, x_mm: float, y_mm: Plane, z_mm: Plane) -> tuple[Plane, Plane, Plane]:
        """(u, v, w) of points on a sagittal plane, mm from the center of the body."""
        a, c = self.axes.astype(np.float32), self.center_mm.astype(np.float32)
        dx, dy, dz = np.float32(x_mm) - c[0], y_mm - c[1], z_mm - c[2]
        u, v, w = (a[0, k] * dx + a[1, k] * dy + a[2, k] * dz for k in range(3))
        return u, v, w

    def to_patient_mm(self, u: float, v: float, w: float) -> Array:
        """LPS position of a point given in this vertebra's own frame."""
        point: Array = self.center_mm + self.axes @ np.array([u, v, w])
        return point


@dataclass(frozen=True, eq=False, slots=True)
class Disc:
    """The disc between two vertebrae.

    Attributes
    ----------
    upper, lower : int
        Indices of its vertebrae in the spine, from above.
    pfirrmann : float
        Degeneration from 1 (bright, tall) to 5 (dark, collapsed); Pfirrmann et al., Spine 2001;26:1873-1878.
    bulge_mm : float
        How far it reaches beyond the rims of the bodies.
    height_mm : float
        Between the rims.
    back_bulge_mm : float
        How much further it reaches at the back.
    bright_zone_mm : tuple of 2 floats or None
        Where fluid lies in a tear of the back annulus: to the left, and above the middle of the disc.
    """

    upper: int
    lower: int
    pfirrmann: float
    bulge_mm: float
    height_mm: float
    back_bulge_mm: float = 0.0
    bright_zone_mm: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Spine:
    """Vertebrae from above, the discs between them, and the back wall of the bodies as one smooth curve.

    Attributes
    ----------
    vertebrae : tuple of Vertebra
        T9 to Co1.
    discs : tuple of Disc
        Between them.
    wall_mm : ndarray, shape (k, 3)
        Points on the back wall of the column every 0.5 mm from above, LPS.
    wall_s_mm : ndarray, shape (k,)
        Their arc length.
    level_s_mm : ndarray
        Arc length at the middle of each vertebra.
    """

    vertebrae: tuple[Vertebra, ...]
    discs: tuple[Disc, ...]
    wall_mm: Array
    wall_s_mm: Array
    level_s_mm: Array

    def __getitem__(self, name: str) -> Vertebra:
        return next(v for v in self.vertebrae if v.name == name)

    def index(self, name: str) -> int:
        """Number of a vertebra from above."""
        return next(i for i, v in enumerate(self.vertebrae) if v.name == name)

    def wall_coordinates(self, y_mm: Array, z_mm: Array) -> tuple[Plane, Plane]:
        """(s, t) of every point of a sagittal grid: arc length along the back wall, and distance behind it, mm.

        Parameters
        ----------
        y_mm, z_mm : ndarray
            Columns and rows of the grid.
        """
        curve = self.wall_mm[:, 1:]
        tangent = np.gradient(curve, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        nearest = _nearest(curve, y_mm, z_mm)
        off_y, off_z = y_mm[None, :] - curve[nearest, 0], z_mm[:, None] - curve[nearest, 1]
        along_y, along_z = tangent[nearest, 0], tangent[nearest, 1]
        s = self.wall_s_mm[nearest] + off_y * along_y + off_z * along_z
        return rounded(s), rounded(off_z * along_y - off_y * along_z)

    def wall_x_mm(self, s_mm: npt.ArrayLike) -> Array:
        """Left-right position of the middle of the canal at an arc length."""
        x: Array = np.interp(np.asarray(s_mm), self.wall_s_mm, self.wall_mm[:, 0])
        return x

    def level_position(self, s_mm: npt.ArrayLike) -> Array:
        """Where an arc length lies between vertebrae: whole numbers in the middle of bodies, halves at discs."""
        position: Array = np.interp(np.asarray(s_mm), self.level_s_mm, np.arange(len(self.vertebrae), dtype=float))
        return position


def _nearest(curve: Array, y_mm: Array, z_mm: Array) -> npt.NDArray[np.intp]:
    """Number of the nearest of a curve's points for every point of a grid, shape (rows, cols).

    It is looked up at every fourth row and column; in between it lies near the mean of the corners, unless they differ
    much: such points are looked up one by one.
    """
    tree, step = scipy.spatial.cKDTree(curve), _LOOKED_UP_EVERY
    sizes = (len(z_mm), len(y_mm))
    at = [np.append(np.arange(0, n - 1, step), n - 1) for n in sizes]
    yy, zz = np.meshgrid(y_mm[at[1]], z_mm[at[0]])
    corners = tree.query(np.stack([yy.ravel(), zz.ravel()], axis=1))[1].reshape(zz.shape)
    blocks = np.stack([corners[:-1, :-1], corners[1:, :-1], corners[:-1, 1:], corners[1:, 1:]])
    block = [np.minimum(np.arange(n) // step, len(a) - 2) for n, a in zip(sizes, at, strict=True)]
    low, high = (extreme[np.ix_(*block)] for extreme in (blocks.min(axis=0), blocks.max(axis=0)))
    found = np.empty(sizes, dtype=np.intp)
    least = np.full(sizes, np.inf)
    for more in range(-1, _CORNERS_DIFFER + 2):
        k = np.minimum(np.maximum(low + more, 0), len(curve) - 1)
        off = (y_mm[None, :] - curve[k, 0]) ** 2 + (z_mm[:, None] - curve[k, 1]) ** 2
        nearer = off < least
        np.copyto(least, off, where=nearer)
        np.copyto(found, k, where=nearer)
    far = high - low > _CORNERS_DIFFER
    rows, cols = np.nonzero(far)
    found[far] = tree.query(np.stack([y_mm[cols], z_mm[rows]], axis=1))[1]
    return found


@dataclass(eq=False, slots=True, kw_only=True)
class SpineDraft:
    """The sizes of a spine while it is drawn: a finding may change them.

    One number a vertebra, from above; lengths in mm.

    Attributes
    ----------
    names : tuple of str
        T9 to Co1.
    size : float
        Size of this person's bones relative to the table of sizes.
    half_widths_mm, half_depths_mm, heights_mm : ndarray
        Of the bodies.
    pitch_deg : ndarray
        How far the up axis of each body leans to the front.
    tapers : ndarray
        As :attr:`Vertebra.taper`.
    disc_heights_mm, disc_grades : ndarray
        Of the disc below each vertebra: height between the rims, and Pfirrmann grade.
    sacralised : set of str
        Vertebrae whose broad transverse processes reach the wings of the sacrum.
    """

    names: tuple[str, ...]
    size: float
    half_widths_mm: Array
    half_depths_mm: Array
    heights_mm: Array
    pitch_deg: Array
    tapers: Array
    disc_heights_mm: Array
    disc_grades: Array
    sacralised: set[str] = field(default_factory=set)


class Sideways(NamedTuple):
    """How far each vertebra stands off a straight spine.

    Attributes
    ----------
    x_mm : ndarray
        To the left.
    roll_deg, turn_deg : ndarray
        Tilt in the coronal plane, and turn about the long axis.
    """

    x_mm: Array
    roll_deg: Array
    turn_deg: Array


def body_window(grid: Grid, vertebra: Vertebra, *, extra_mm: float = 3.0) -> Window | None:
    """Rows and columns that a body and half of its discs cover; None outside the grid."""
    reach = float(np.hypot(vertebra.half_depth_mm * _BODY_REACH, vertebra.height_mm / 2.0)) + extra_mm
    _, y, z = vertebra.center_mm
    return grid.window(y - reach, y + reach, z - reach, z + reach)
