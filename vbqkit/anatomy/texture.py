"""Smooth random fields: what makes one organic shape differ from the next, drawn once and evaluated plane by plane.

Only sums, products and roots are used, which every machine rounds alike: a seed gives the same body everywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_GRAIN, _ZERO, _ONE = np.float32(1024.0), np.float32(0.0), np.float32(1.0)
GRAIN_CELL_MM = 0.6
"""Size of the cells on which the finest texture is drawn, mm: the grid of a body that is scanned."""
_GRAIN_PLANE_MM, _THIN_PLANE_MOST = 1.1, 2.0**0.5  # planes of that grid; no plane's grain is stronger than this
_UPRIGHT_SD = 2.447  # of the sum of three rows of grain
# Powers of 1 / 1.2207, the root of x^4 = x + 1: the additive sequence in three dimensions that spreads most evenly
# (Roberts 2018, a generalization of the golden ratio); chance as a share of the whole keeps patterns away
_EVEN_STEPS, _EVEN_JITTER = (0.8191725134, 0.6710436067, 0.5497004779), 0.125
_SPLINE_SD = 0.479**0.5  # of a cubic B-spline sum over unit white noise, per axis, averaged over positions


def rounded(values: npt.ArrayLike) -> Plane:
    """Values on a grid of 1/1024, so that a comparison gives the same answer on every machine."""
    scaled: Plane = np.rint(np.asarray(values, dtype=np.float32) * _GRAIN) / _GRAIN
    return scaled


def smoothstep(values: Plane, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, and a smooth cubic between; falls instead of rising if low > high."""
    u = np.asarray(values - np.float32(low))
    u /= np.float32(high - low)
    np.minimum(np.maximum(u, _ZERO, out=u), _ONE, out=u)
    rest = np.asarray(u * np.float32(2.0))
    np.subtract(np.float32(3.0), rest, out=rest)
    u *= u
    u *= rest
    return u


def smoothstep_f64(values: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """The same for a table over the length of the spine, in double precision."""
    u = np.clip((values - low) / (high - low), 0.0, 1.0)
    ramp: npt.NDArray[np.float64] = u * u * (3.0 - 2.0 * u)
    return ramp


def smooth_along(
    rng: np.random.Generator, z_mm: npt.NDArray[np.float64], *, step_mm: float, reach_mm: float
) -> npt.NDArray[np.float64]:
    """A smooth random curve along the body with unit SD: one number for each row.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    z_mm : ndarray
        Rows of the grid.
    step_mm, reach_mm : float
        Distance between the random numbers that are drawn, and how far each of them reaches; it should reach further
        than the next.
    """
    at = np.arange(float(z_mm.min()) - reach_mm, float(z_mm.max()) + reach_mm, step_mm)
    weights = np.clip(1.0 - np.abs(z_mm[:, None] - at[None, :]) / reach_mm, 0.0, None) ** 2
    smooth: npt.NDArray[np.float64] = weights @ rng.standard_normal(len(at)) / np.sqrt((weights**2).sum(axis=1))
    return smooth


def smooth_max(a: Plane, b: Plane, radius_mm: float | Plane) -> Plane:
    """Maximum of two distances whose corner is rounded with a radius of about `radius_mm`, one or one a point."""
    k = np.asarray(radius_mm, dtype=np.float32)
    blend = np.maximum(k - np.abs(a - b), np.float32(0.0)) / k
    rounded_corner: Plane = np.maximum(a, b) + blend * blend * (k * np.float32(0.25))
    return rounded_corner


def smooth_min(a: Plane, b: Plane, radius_mm: float) -> Plane:
    """Minimum of two distances, so that the shapes flow into each other over about `radius_mm`."""
    joined: Plane = -smooth_max(-a, -b, radius_mm)
    return joined


Weights = tuple[npt.NDArray[np.intp], Plane]
"""First lattice node of each position, and the weights of it and the three that follow, shape (positions, 4)."""


def _spline_weights(positions_mm: npt.NDArray[np.float64], start_mm: float, spacing_mm: float) -> Weights:
    """Uniform cubic B-spline at each position."""
    u = (positions_mm - start_mm) / spacing_mm
    first = np.floor(u).astype(np.intp)
    f = u - first
    weights = np.stack([(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3], axis=-1) / 6.0
    return first, weights.astype(np.float32)


def _interpolated(lattice: Plane, weights: Weights) -> Plane:
    """The lattice along its first axis, at every position: plain sums, the same on every machine."""
    first, w = weights
    shape = (len(first),) + (1,) * (lattice.ndim - 1)
    total: Plane = w[:, 0].reshape(shape) * lattice[first]
    part = np.empty_like(total)
    for k in range(1, 4):
        np.take(lattice, first + k, axis=0, out=part, mode="clip")  # never out of range; "raise" would copy
        part *= w[:, k].reshape(shape)
        total += part
    return total


class SmoothField:
    """A random field with unit standard deviation whose features are about `scale_mm` wide.

    Cubic B-splines over a lattice of independent normal numbers: smooth to the second derivative.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    x_mm, y_mm, z_mm : ndarray
        Positions of planes, columns and rows; the field covers their ranges.
    scale_mm : float or tuple of 3 floats
        Lattice spacing along x, y and z, mm; unequal numbers make streaks.

    Examples
    --------
    >>> grid = np.arange(0.0, 60.0, 2.0)
    >>> field = SmoothField(np.random.default_rng(0), grid, grid, grid, scale_mm=8.0)
    >>> field.plane(10.0).shape
    (30, 30)
    """

    def __init__(
        self,
        rng: np.random.Generator,
        x_mm: npt.NDArray[np.float64],
        y_mm: npt.NDArray[np.float64],
        z_mm: npt.NDArray[np.float64],
        *,
        scale_mm: float | tuple[float, float, float],
    ) -> None:
        scales = (scale_mm,) * 3 if isinstance(scale_mm, int | float) else scale_mm
        starts = [float(np.min(axis)) - s for axis, s in zip((x_mm, y_mm, z_mm), scales, strict=True)]
        counts = [
            int(np.ceil((float(np.max(axis)) - start) / s)) + 4
            for axis, start, s in zip((x_mm, y_mm, z_mm), starts, scales, strict=True)
        ]
        self._x_start, self._x_scale = starts[0], scales[0]
        self._nodes = rng.standard_normal(counts, dtype=np.float32)
        self._nodes /= np.float32(_SPLINE_SD**3)
        self._along_y = _spline_weights(y_mm, starts[1], scales[1])
        self._along_z = _spline_weights(z_mm, starts[2], scales[2])

    def plane(self, x_mm: float) -> Plane:
        """The field on the sagittal plane at `x_mm`, shape (rows, cols)."""
        lattice = _interpolated(self._nodes, _spline_weights(np.array([x_mm]), self._x_start, self._x_scale))[0]
        across = _interpolated(lattice, self._along_y)
        return _interpolated(np.ascontiguousarray(across.T), self._along_z)


# Even dice alone would weave a pattern into smooth edges, and grain. How often the fraction of the grain goes round for
# each SD, and its share
_GRAIN_TURNS, _UNEVEN = 37.0, 0.5


def white(grain: Plane) -> Plane:
    """Numbers from 0 to 1, uniform and independent of each other: the fraction of grain (field ``fine``)."""
    turned = grain * np.float32(_GRAIN_TURNS)
    turned -= np.floor(turned)
    return turned


def unwoven(dice: Plane, white: Plane) -> Plane:
    """Even dice, thrown a little unevenly, so that they weave no pattern into a soft edge: uniform from 0 to 1."""
    thrown: Plane = dice + np.float32(_UNEVEN) * white
    thrown -= np.floor(thrown)
    return thrown


def even_dice(rng: np.random.Generator, shape: tuple[int, int], *, plane: int) -> Plane:
    """Numbers from 0 to 1, uniform, and evenly spread among neighbours: those of rows, columns and planes differ.

    A pixel where this is below a share holds one of two tissues. A scanned voxel holds about two pixels of four planes:
    thrown independently, they would miss a share of 0.3 by 0.16 (SD), which is seen as specks; these miss it by 0.10.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    shape : tuple of 2 ints
        Rows and columns.
    plane : int
        Number of the plane.

    Examples
    --------
    >>> planes = np.stack([even_dice(np.random.default_rng(0), (60, 60), plane=k) for k in range(4)])
    >>> share = (planes < 0.3).reshape(4, 30, 2, 60).mean(axis=(0, 2))  # of voxels of 2 x 1 pixels in 4 planes
    >>> round(float(share.mean()), 2), round(float(share.std()), 2)
    (0.3, 0.1)
    """
    rows, cols = (np.arange(n, dtype=np.float64) * step for n, step in zip(shape, _EVEN_STEPS[:2], strict=True))
    even = rows[:, None] + cols[None, :] + plane * _EVEN_STEPS[2]
    even += _EVEN_JITTER * rng.random(shape, dtype=np.float32)
    even -= np.floor(even)
    dice: Plane = even.astype(np.float32)
    return dice


def fine_grain(
    rng: np.random.Generator, shape: tuple[int, int], *, step_mm: float, plane_mm: float
) -> tuple[Plane, Plane]:
    """Grain of about 1.2 mm with unit SD, and the same drawn out upright: trabeculae, below what a scanner resolves.

    It is drawn on cells of 0.6 mm and averaged over each voxel, so that a scan shows the same texture whatever the
    grid of the body; neighbouring planes of the usual grid, 1.1 mm apart, hold grain of their own, and a thicker one
    the mean of several.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    shape : tuple of 2 ints
        Rows and columns.
    step_mm, plane_mm : float
        Distance between rows and columns, and between planes.
    """
    rows, cols = (int(np.ceil(n * step_mm / GRAIN_CELL_MM - 1e-6)) for n in shape)
    white = rng.standard_normal((rows + 2, cols + 2), dtype=np.float32)
    down = white[1:-1] * np.float32(2.0)
    down += white[:-2]
    down += white[2:]
    grain: Plane = down[:, 1:-1] * np.float32(2.0)
    grain += down[:, :-2]
    grain += down[:, 2:]
    grain *= np.float32(min((_GRAIN_PLANE_MM / plane_mm) ** 0.5, _THIN_PLANE_MOST) / 6.0)  # sqrt(1 + 4 + 1) per axis
    upright = grain.copy()
    upright[1:] += grain[:-1]
    upright[:-1] += grain[1:]
    upright *= np.float32(1.0 / _UPRIGHT_SD)
    if step_mm == GRAIN_CELL_MM:
        return grain, upright
    return _voxel_means(grain, shape, step_mm), _voxel_means(upright, shape, step_mm)


def _voxel_means(cells: Plane, shape: tuple[int, int], step_mm: float) -> Plane:
    """Mean over each voxel of what is drawn on cells of 0.6 mm."""
    for count in shape:  # rows first; turned over twice
        edges = np.arange(count + 1) * (step_mm / GRAIN_CELL_MM)
        first = np.minimum(edges.astype(np.intp), len(cells) - 1)
        total = np.zeros((len(cells) + 1, cells.shape[1]))
        np.cumsum(cells, axis=0, out=total[1:])
        upto = total[first] + (edges - first)[:, None] * cells[first]
        cells = np.ascontiguousarray((np.diff(upto, axis=0) / (step_mm / GRAIN_CELL_MM)).astype(np.float32).T)
    return cells
