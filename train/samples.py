"""One training sample: a label slice, warped, rendered in a random contrast and spoilt as scanners spoil pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from train.bodies import IN_PLANE_MM, Body
from train.contrast import draw_contrast
from train.spoiling import draw_frame, nothing_like_a_spine, spoil
from vbqkit.anatomy import LEVEL_OF_CODE, TISSUE_NAMES
from vbqkit.propose.classes import BODY, DISC, L5, S1, SAC, SACRUM
from vbqkit.propose.network_input import GRID_MM, network_channels

SHAPE = (192, 128)
"""Rows and columns of a sample: 288 x 192 mm."""

EMPTY_SHARE = 0.06
"""Share of samples without any spine: noise, and shapes as other parts of the body may have them."""

HEAT_SD_MM = 3.0
"""SD of the Gaussian around the center of each body."""

Floats = npt.NDArray[np.float32]

_LEVELS = LEVEL_OF_CODE[1:]
_CLASS_OF_LEVEL = np.array(
    [0, *(L5 if n == "L5" else S1 if n == "S1" else SACRUM if n.startswith("S") else BODY for n in _LEVELS)],
    dtype=np.uint8,
)
_IN_SAC = ("csf", "nerve_root", "spinal_cord")
_CLASS_OF_TISSUE = np.array(
    [SAC if n in _IN_SAC else DISC if n.startswith("disc") else 0 for n in TISSUE_NAMES], dtype=np.uint8
)
_LAST_CENTER = LEVEL_OF_CODE.index("S1")
_KNOTS = (9, 7)  # of the elastic warp


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """What the network is shown, and what it should say.

    Attributes
    ----------
    channels : ndarray of float32, shape (2, rows, cols)
        From :func:`~vbqkit.propose.network_input.network_channels`.
    classes : ndarray of uint8, shape (rows, cols)
        Channel number of the true class.
    heat : ndarray of float32, shape (rows, cols)
        1 at the center of each body down to S1, falling off as a Gaussian.
    level : ndarray of uint8, shape (rows, cols)
        Code of the vertebra (:data:`vbqkit.anatomy.LEVEL_OF_CODE`): for tests; the network is not shown it.
    """

    channels: Floats
    classes: npt.NDArray[np.uint8]
    heat: Floats
    level: npt.NDArray[np.uint8]


def draw_sample(body: Body, rng: np.random.Generator, *, shape: tuple[int, int] = SHAPE) -> Sample:
    """Draw one sample from a body.

    Parameters
    ----------
    body : Body
        The truth.
    rng : numpy.random.Generator
        The only source of chance.
    shape : tuple of 2 ints
        Rows and columns, each a multiple of 32.
    """
    if rng.random() < EMPTY_SHARE:
        return _empty(rng, shape)
    planes = body.tissue.shape[0]
    k = int(rng.integers(planes))
    other, share = min(k + 1, planes - 1), float(rng.uniform(0.0, 0.5))
    rows, cols = _where(body.level[k], rng, shape)
    nearest = (
        np.clip(np.rint(rows).astype(np.intp), 0, body.level.shape[1] - 1),
        np.clip(np.rint(cols).astype(np.intp), 0, body.level.shape[2] - 1),
    )
    outside = (rows < 0) | (cols < 0) | (rows > body.level.shape[1] - 1) | (cols > body.level.shape[2] - 1)
    level = np.where(outside, 0, body.level[k][nearest])
    classes = np.where(
        level > 0, _CLASS_OF_LEVEL[level], np.where(outside, 0, _CLASS_OF_TISSUE[body.tissue[k][nearest]])
    )
    signal = _signal(body, k, other, share, rng)
    seen = scipy.ndimage.map_coordinates(signal, [rows, cols], order=1, mode="constant", output=np.float32)
    spine_col = float(np.nonzero(level)[1].mean()) if level.any() else shape[1] / 2.0
    spoilt, measured = spoil(seen, rng, spine_col=spine_col)
    classes = np.where(measured, classes, 0).astype(np.uint8)
    level = np.where(measured, level, 0)
    frame = draw_frame(rng, shape)
    return _framed(network_channels(spoilt[frame]), classes, level.astype(np.uint8), frame)


def _framed(
    channels: Floats, classes: npt.NDArray[np.uint8], level: npt.NDArray[np.uint8], frame: tuple[slice, slice]
) -> Sample:
    """The sample of a smaller picture: nothing beyond its edges, as where a series ends."""
    whole = np.zeros((2, *classes.shape), dtype=np.float32)
    whole[:, frame[0], frame[1]] = channels
    seen, named, warm = np.zeros_like(classes), np.zeros_like(level), np.zeros(classes.shape, dtype=np.float32)
    seen[frame], named[frame], warm[frame] = classes[frame], level[frame], _heat(level[frame])
    return Sample(channels=whole, classes=seen, heat=warm, level=named)


def _empty(rng: np.random.Generator, shape: tuple[int, int]) -> Sample:
    spoilt, _measured = spoil(nothing_like_a_spine(rng, shape), rng, spine_col=shape[1] / 2.0)
    frame = draw_frame(rng, shape)
    nothing = np.zeros(shape, dtype=np.uint8)
    return _framed(network_channels(spoilt[frame]), nothing, nothing, frame)


def _signal(body: Body, k: int, other: int, share: float, rng: np.random.Generator) -> Floats:
    """Magnitude on the body's own grid: two neighboring planes mixed, fat shifted against water."""
    contrast = draw_contrast(rng)
    richer = (float(rng.uniform(0.7, 1.3)), float(rng.normal(0.0, 0.06))) if rng.random() < 0.4 else (1.0, 0.0)
    fat_of = np.clip(np.arange(256) / 255.0 * richer[0] + richer[1], 0.0, 1.0).astype(np.float32)
    shift = int(rng.integers(-2, 3)) if rng.random() < 0.6 else 0
    axis = int(rng.integers(2))
    total = np.zeros(body.tissue.shape[1:], dtype=np.float32)
    for plane, weight in ((k, 1.0 - share), (other, share)):
        tissue, fraction = body.tissue[plane], fat_of[body.pdff[plane]]
        protons = body.pd_scale[plane].astype(np.float32) / 100.0
        water = contrast.water[tissue] * (1.0 - fraction) * protons
        fat = np.float32(contrast.fat) * fraction * protons * (tissue > 0)
        total += np.float32(weight) * np.abs(water + (np.roll(fat, shift, axis=axis) if shift else fat))
    return total


def _where(level: npt.NDArray[np.uint8], rng: np.random.Generator, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Place of every pixel on the body's grid: moved, turned, scaled, sheared, bent and warped."""
    rows, cols = level.shape
    r0 = rng.uniform(0.34, 0.70) * rows
    near = np.nonzero(level[max(0, int(r0) - 30) : int(r0) + 30])[1]
    c0 = (near.mean() if near.size else cols / 2.0) + rng.uniform(-55.0, 45.0) / IN_PLANE_MM
    step = GRID_MM / IN_PLANE_MM
    scale = rng.uniform(0.8, 1.25) * np.array([1.0, rng.uniform(0.92, 1.08)])
    u = ((np.arange(shape[0]) - (shape[0] - 1) / 2.0) * step / scale[0])[:, None]
    v = ((np.arange(shape[1]) - (shape[1] - 1) / 2.0) * step / scale[1])[None, :]
    angle, shear = np.radians(rng.normal(0.0, 6.0)), rng.normal(0.0, 0.05)
    warp = [_smooth(rng, shape) * rng.uniform(0.0, 3.0) / IN_PLANE_MM for _ in range(2)]
    bent = np.zeros_like(u)
    for sign in (1.0, -1.0):  # the lower part, the upper part
        if rng.random() < 0.6:
            beyond = np.maximum(0.0, sign * u - rng.uniform(-30.0, 70.0)) / 100.0
            bent = bent + rng.normal(0.0, 22.0) * beyond**2
    moved_u = np.cos(angle) * u + np.sin(angle) * v
    moved_v = np.cos(angle) * v - np.sin(angle) * u + shear * u + bent
    return (r0 + moved_u + warp[0]).astype(np.float32), (c0 + moved_v + warp[1]).astype(np.float32)


def _spline_basis(size: int, knots: int) -> npt.NDArray[np.float64]:
    """Cubic B-splines on `size` pixels, shape (size, knots)."""
    place = np.linspace(1.0, knots - 2.0, size)[:, None] - np.arange(knots)[None, :]
    far = np.abs(place)
    basis: npt.NDArray[np.float64] = np.where(
        far < 1.0, 2.0 / 3.0 - far**2 + far**3 / 2.0, np.where(far < 2.0, (2.0 - far) ** 3 / 6.0, 0.0)
    )
    return basis


def _smooth(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """A smooth random field of about unit SD."""
    rows, cols = (_spline_basis(size, knots) for size, knots in zip(shape, _KNOTS, strict=True))
    field: npt.NDArray[np.float64] = 2.0 * rows @ rng.standard_normal(_KNOTS) @ cols.T
    return field


def _heat(level: npt.NDArray[np.uint8]) -> Floats:
    """A Gaussian at the middle of each body that lies wholly in the picture."""
    heat = np.zeros(level.shape, dtype=np.float32)
    sd = HEAT_SD_MM / GRID_MM
    for code in range(1, _LAST_CENTER + 1):
        r, c = np.nonzero(level == code)
        if (
            r.size < 40
            or r.min() == 0
            or c.min() == 0
            or r.max() == level.shape[0] - 1
            or c.max() == level.shape[1] - 1
        ):
            continue
        row, col = r.mean(), c.mean()
        top, left = max(0, int(row) - 8), max(0, int(col) - 8)
        y = np.arange(top, min(level.shape[0], top + 17)) - row
        x = np.arange(left, min(level.shape[1], left + 17)) - col
        spot = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2.0 * sd**2)).astype(np.float32)
        window = heat[top : top + len(y), left : left + len(x)]
        np.maximum(window, spot, out=window)
    return heat
