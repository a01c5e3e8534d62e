"""The skeleton of the arrangement: where each vertebra stands, how it is turned and shaped, and how the canal runs.

Sizes are linear dimensions of adult lumbar vertebrae from Panjabi et al., Spine 1992;17:299-306
(doi:10.1097/00007632-199203000-00010) and, for T9 to T12, Spine 1991;16:888-901 (doi:10.1097/00007632-199108000-00006);
mid-body heights and discs as seen on supine MRI: Zhou et al., Eur Spine J 2000;9:242-248 (doi:10.1007/s005860000140).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.findings import Finding, Fracture, Scoliosis, TransitionalVertebra
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.anatomy.texture import Plane, rounded

Array = npt.NDArray[np.float64]

# name, half width, half depth, height (mm), pitch of the up axis towards the front (degrees), height of the disc below
_PLAN = (
    ("T9", 15.5, 14.5, 22.5, 2.0, 3.2),
    ("T10", 16.0, 15.0, 23.5, -1.0, 3.5),
    ("T11", 17.5, 15.5, 24.5, -5.0, 3.3),
    ("T12", 19.5, 16.0, 26.0, -8.0, 3.8),
    ("L1", 20.8, 16.6, 27.5, -9.5, 4.5),
    ("L2", 21.8, 17.2, 28.5, -8.5, 5.2),
    ("L3", 22.8, 17.5, 28.8, -4.5, 5.9),
    ("L4", 23.8, 17.6, 28.6, 2.5, 6.6),
    ("L5", 25.0, 17.6, 28.2, 14.0, 6.6),
    ("S1", 44.0, 14.6, 29.0, 33.0, 3.2),
    ("S2", 40.0, 11.0, 23.0, 46.0, 2.0),
    ("S3", 34.0, 9.0, 19.0, 62.0, 1.5),
    ("S4", 28.0, 7.5, 17.0, 78.0, 1.0),
)
_SCOLIOSIS_REACH_MM = 140.0


@dataclass(frozen=True, eq=False, slots=True)
class Vertebra:
    """One vertebra: a frame in space and the numbers that shape it. Lengths in mm.

    Attributes
    ----------
    name : str
        Such as ``"L3"``.
    code : int
        Index in :data:`vbqkit.anatomy.phantom.LEVEL_OF_CODE`; 0 above T11 and below S2.
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
    spinous_length_mm, spinous_slope, spinous_shift_mm : float
        Length of the spinous process, its fall per mm towards the back, and how far its tip leans to the left.
    fracture : Fracture or None
        The fracture of this body.
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
    spinous_length_mm: float
    spinous_slope: float
    spinous_shift_mm: float
    fracture: Fracture | None = None
    sacralised: bool = False

    @property
    def sacral(self) -> bool:
        """Whether it belongs to the sacrum."""
        return self.name.startswith("S")

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
    """

    upper: int
    lower: int
    pfirrmann: float
    bulge_mm: float
    height_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class Spine:
    """Vertebrae from above, the discs between them, and the back wall of the bodies as one smooth curve.

    Attributes
    ----------
    vertebrae : tuple of Vertebra
        T9 to S4.
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
        from scipy.spatial import cKDTree  # noqa: PLC0415 - only anatomy needs it

        curve = self.wall_mm[:, 1:]
        tangent = np.gradient(curve, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        zz, yy = np.meshgrid(z_mm, y_mm, indexing="ij")
        points = np.stack([yy.ravel(), zz.ravel()], axis=1)
        nearest = cKDTree(curve).query(points)[1]
        offset = points - curve[nearest]
        along = (offset * tangent[nearest]).sum(axis=1)
        behind = -offset[:, 0] * tangent[nearest, 1] + offset[:, 1] * tangent[nearest, 0]
        s = self.wall_s_mm[nearest] + along
        return rounded(s.reshape(zz.shape)), rounded(behind.reshape(zz.shape))

    def wall_x_mm(self, s_mm: npt.ArrayLike) -> Array:
        """Left-right position of the middle of the canal at an arc length."""
        x: Array = np.interp(np.asarray(s_mm), self.wall_s_mm, self.wall_mm[:, 0])
        return x

    def level_position(self, s_mm: npt.ArrayLike) -> Array:
        """Where an arc length lies between vertebrae: whole numbers in the middle of bodies, halves at discs."""
        position: Array = np.interp(np.asarray(s_mm), self.level_s_mm, np.arange(len(self.vertebrae), dtype=float))
        return position


def make_spine(
    rng: np.random.Generator, *, age: float, sex: str, t_score: float, findings: Sequence[Finding] = ()
) -> Spine:
    """Draw one spine: sizes, curve, discs and the shape of each body.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    age : float
        Years; discs degenerate with age.
    sex : str
        ``"F"`` or ``"M"``; women's bodies are smaller.
    t_score : float
        Weak bodies have deeper endplates.
    findings : sequence of Finding
        Fractures, scoliosis, transitional vertebra and disc-related findings change the skeleton.
    """
    count = len(_PLAN)
    size = (0.955 if sex == "F" else 1.03) * (1.0 + 0.025 * rng.standard_normal())
    lordosis = 1.0 + 0.16 * np.clip(rng.standard_normal(), -1.8, 1.8)
    heights = np.array([row[3] for row in _PLAN]) * size * (1.0 + 0.018 * rng.standard_normal(count))
    half_depths = np.array([row[2] for row in _PLAN]) * size * (1.0 + 0.012 * rng.standard_normal(count))
    half_widths = np.array([row[1] for row in _PLAN]) * size
    pitch = np.array([row[4] for row in _PLAN]) * lordosis + 1.2 * rng.standard_normal(count)
    concavity = 2.7 + 0.4 * max(0.0, -t_score - 1.0) + 0.35 * rng.standard_normal((2, count))
    fractures = {f.level: f for f in findings if isinstance(f, Fracture)}
    transitional = {f.level for f in findings if isinstance(f, TransitionalVertebra)}
    disc_heights, grades = _draw_discs(rng, age=age, size=size, findings=findings, transitional=transitional)
    names = [row[0] for row in _PLAN]
    if "S1" in transitional:  # lumbarised: squared, turned back towards the lumbar curve
        i = names.index("S1")
        pitch[i] = (pitch[i - 1] + pitch[i]) / 2.0
        heights[i] *= 0.95
    bent = _fracture_bend(names, heights, half_depths, fractures)
    centers, pitch = _stack(names, heights, disc_heights, pitch + bent[0], bent[1])
    x, roll, turn = _sideways(names, centers, findings)
    vertebrae = []
    for i, name in enumerate(names):
        center = np.array([x[i], *centers[i]])
        taper = 0.2 if name.startswith("S") else 0.0
        if name == "S1" and "S1" in transitional:
            taper = 0.06
        vertebrae.append(
            Vertebra(
                name=name,
                code=LEVEL_OF_CODE.index(name) if name in LEVEL_OF_CODE else 0,
                center_mm=center,
                axes=_axes(pitch[i], roll[i], turn[i]),
                half_width_mm=float(half_widths[i] if not (name == "S1" and "S1" in transitional) else 27.0 * size),
                half_depth_mm=float(half_depths[i]),
                height_mm=float(heights[i]),
                upper_concavity_mm=float(concavity[0, i]) if not name.startswith("S") else 0.8,
                lower_concavity_mm=float(concavity[1, i] + 0.5) if not name.startswith("S") else 0.4,
                waist_mm=float((1.6 + 0.25 * rng.standard_normal()) if not name.startswith("S") else 0.6),
                taper=taper,
                spinous_length_mm=float(
                    size
                    * (1.0 + 0.06 * rng.standard_normal())
                    * (28.0 if name.startswith("L") else 24.0)
                    * (0.8 if name == "L5" else 1.0)
                ),
                spinous_slope=0.16 if name in ("L1", "L2", "L3", "L4") else 0.3 if name == "L5" else 0.55,
                spinous_shift_mm=float(1.3 * rng.standard_normal()),
                fracture=fractures.get(name),
                sacralised=name == "L5" and "L5" in transitional,
            )
        )
    narrow = {f.level for f in findings if f.kind == "canal stenosis"}
    discs = tuple(
        Disc(
            upper=i,
            lower=i + 1,
            pfirrmann=float(grades[i]),
            bulge_mm=0.0
            if names[i].startswith("S")
            else float(0.4 + 0.55 * max(0.0, grades[i] - 2.0)) + 1.8 * (names[i] in narrow),
            height_mm=float(disc_heights[i]),
        )
        for i in range(count - 1)
    )
    wall, arc, level_s = _wall(vertebrae)
    return Spine(tuple(vertebrae), discs, wall, arc, level_s)


def _draw_discs(
    rng: np.random.Generator, *, age: float, size: float, findings: Sequence[Finding], transitional: set[str]
) -> tuple[Array, Array]:
    names = [row[0] for row in _PLAN]
    person = rng.standard_normal()
    grades = 1.7 + 0.026 * (age - 20.0) + 0.4 * person + 0.45 * rng.standard_normal(len(names))
    grades += np.array([0.5 if n in ("L4", "L5") else -0.2 if n.startswith("T") else 0.0 for n in names])
    for finding in findings:
        if finding.kind == "modic":
            i = names.index(finding.level) - (getattr(finding, "endplate", "lower") == "upper")
            grades[i] = max(grades[i], 4.3)
        elif finding.kind in ("osteophytes", "endplate sclerosis", "canal stenosis"):
            grades[names.index(finding.level)] = max(grades[names.index(finding.level)], 3.8)
    grades = np.clip(grades, 1.0, 5.0)
    heights = np.array([row[5] for row in _PLAN]) * size * (1.0 + 0.05 * rng.standard_normal(len(names)))
    lumbar = np.array([not n.startswith("S") for n in names])
    heights *= np.where(lumbar, 1.0 - 0.13 * np.maximum(0.0, grades - 2.5) ** 1.3, 1.0)
    if "L5" in transitional:
        heights[names.index("L5")] = 4.0 * size
        grades[names.index("L5")] = 2.5
    if "S1" in transitional:
        heights[names.index("S1")] = 8.5 * size
    return heights, grades


def height_losses(fracture: Fracture | None) -> tuple[float, float, float, float]:
    """Share of the height lost by a fracture: upper endplate in front, middle and back, lower endplate in the middle."""
    if fracture is None:
        return (0.0, 0.0, 0.0, 0.0)
    loss = fracture.height_loss
    return {
        "wedge": (loss, 0.62 * loss, 0.06 * loss, 0.0),
        "biconcave": (0.22 * loss, 0.62 * loss, 0.12 * loss, 0.38 * loss),
        "crush": (loss, 1.02 * loss, 0.88 * loss, 0.0),
    }[fracture.shape]


def _fracture_bend(
    names: Sequence[str], heights: Array, half_depths: Array, fractures: dict[str, Fracture]
) -> tuple[Array, Array]:
    """Degrees by which each vertebra leans forward above a wedge, and the height each loses in the stack."""
    bend, lost = np.zeros(len(names)), np.zeros(len(names))
    for i, name in enumerate(names):
        front, _, back, _ = height_losses(fractures.get(name))
        bend[:i] += 0.75 * np.degrees(np.arctan(heights[i] * (front - back) / (2.0 * half_depths[i])))
        lost[i] = heights[i] * (front + back) / 2.0
    return bend, lost


def _stack(
    names: Sequence[str], heights: Array, disc_heights: Array, pitch_deg: Array, lost: Array
) -> tuple[Array, Array]:
    """(y, z) of the bodies, the third lumbar one at the origin, and their pitch."""
    angle = np.radians(pitch_deg)
    up = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    centers = np.zeros((len(names), 2))
    for i in range(1, len(names)):
        between = (up[i - 1] + up[i]) / np.linalg.norm(up[i - 1] + up[i])
        centers[i] = (
            centers[i - 1]
            - up[i - 1] * heights[i - 1] / 2.0
            - between * disc_heights[i - 1]
            - up[i] * (heights[i] / 2.0 - lost[i])
        )
    return centers - centers[list(names).index("L3")], pitch_deg


def _sideways(names: Sequence[str], centers: Array, findings: Sequence[Finding]) -> tuple[Array, Array, Array]:
    """x, coronal roll (degrees) and axial turn (degrees) of each vertebra."""
    x, roll, turn = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names))
    for finding in findings:
        if isinstance(finding, Scoliosis):
            z = centers[:, 1] - centers[list(names).index(finding.level), 1]
            side = 1.0 if finding.to_left else -1.0
            phase = np.pi * np.clip(z / _SCOLIOSIS_REACH_MM, -1.0, 1.0)
            slope = np.tan(np.radians(finding.cobb_deg / 2.0))
            x = side * slope * _SCOLIOSIS_REACH_MM / np.pi * (1.0 + np.cos(phase))
            x = x - x[list(names).index("L5")]  # the sacrum stays in the middle of the table
            roll = np.degrees(np.arctan(-side * slope * np.sin(phase)))
            turn = -side * 0.35 * finding.cobb_deg * (1.0 + np.cos(phase)) / 2.0
    return x, roll, turn


def _axes(pitch_deg: float, roll_deg: float, turn_deg: float) -> Array:
    p, r, t = np.radians([pitch_deg, roll_deg, turn_deg])
    pitch = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    roll = np.array([[np.cos(r), 0, np.sin(r)], [0, 1, 0], [-np.sin(r), 0, np.cos(r)]])
    turn = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    axes: Array = roll @ pitch @ turn
    return axes


def _wall(vertebrae: Sequence[Vertebra]) -> tuple[Array, Array, Array]:
    points = np.array([v.to_patient_mm(0.0, v.half_depth_mm, 0.0) for v in vertebrae])
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points[:, 1:], axis=0), axis=1))])
    fine = np.arange(0.0, arc[-1], 0.5)
    wall = natural_spline(arc, points, fine)
    step_up, step_down = wall[0] - wall[1], wall[-1] - wall[-2]
    reach = np.arange(1, 161)[:, None]
    wall = np.concatenate([(wall[0] + step_up * reach)[::-1], wall, wall[-1] + step_down * reach])
    steps = np.linalg.norm(np.diff(wall[:, 1:], axis=0), axis=1)
    s = np.concatenate([[0.0], np.cumsum(steps)])
    level_s = np.interp(arc, np.arange(len(fine)) * 0.5, s[160 : 160 + len(fine)])
    return wall, s, level_s


def natural_spline(x: Array, y: Array, at: Array) -> Array:
    """Smooth curve through points, its second derivative 0 at both ends, bit for bit as scipy.interpolate.CubicSpline gives it.

    Written out here because that module loads SciPy's optimisers, sparse matrices and transforms with it.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Rising positions.
    y : ndarray, shape (n, k)
        Points.
    at : ndarray, shape (m,)
        Positions within x.

    Returns
    -------
    ndarray, shape (m, k)
    """
    from scipy.linalg import solve_banded  # noqa: PLC0415 - only anatomy needs it

    dx = np.diff(x)
    step = dx[:, None]
    slope = np.diff(y, axis=0) / step
    bands = np.zeros((3, len(x)))
    bands[1, 1:-1] = 2 * (dx[:-1] + dx[1:])
    bands[1, 0], bands[1, -1] = 2 * dx[0], 2 * dx[-1]
    bands[0, 1], bands[0, 2:] = dx[0], dx[:-1]
    bands[2, -2], bands[2, :-2] = dx[-1], dx[1:]
    right = np.empty_like(y)
    right[1:-1] = 3 * (step[1:] * slope[:-1] + step[:-1] * slope[1:])
    right[0], right[-1] = 3 * (y[1] - y[0]), 3 * (y[-1] - y[-2])
    d = solve_banded((1, 1), bands, right)
    bend = (d[:-1] + d[1:] - 2 * slope) / step
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(dx) - 1)
    u = (at - x[i])[:, None]
    curve: Array = y[i] + d[i] * u + ((slope - d[:-1]) / step - bend)[i] * (u * u) + (bend / step)[i] * (u * u * u)
    return curve
