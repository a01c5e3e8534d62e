"""What coils, bands, motion, noise and post-processing do to a picture: drawn at random, far wider than any scanner."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.propose.network_input import GRID_MM

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def spoil(image: Floats, rng: np.random.Generator, *, spine_col: float) -> tuple[Floats, Mask]:
    """Spoil a clean picture.

    Parameters
    ----------
    image : ndarray of float32, shape (rows, cols)
        Magnitude on the network's grid; columns run to the back.
    rng : numpy.random.Generator
        The only source of chance.
    spine_col : float
        Mean column of the bodies: where a saturation band may begin.

    Returns
    -------
    tuple
        The picture, and which pixels are left (False: set to exactly zero).
    """
    rows, cols = image.shape
    y, x = np.arange(rows, dtype=np.float32)[:, None], np.arange(cols, dtype=np.float32)[None, :]
    seen = image * _coil(rng, y, x, rows, cols)
    if rng.random() < 0.15:
        seen = seen + _lump(rng, y, x, rows, spine_col) * float(image.max())
    if rng.random() < 0.45:
        edge = spine_col - rng.uniform(2.0, 60.0) / GRID_MM + rng.normal(0.0, 0.15) * (y - rows / 2.0)
        left = rng.uniform(0.02, 0.5)
        seen = seen * (left + (1.0 - left) / (1.0 + np.exp(np.clip((edge - x) / rng.uniform(1.0, 5.0), -30, 30))))
    if rng.random() < 0.25:
        seen = seen + rng.uniform(0.02, 0.15) * np.roll(seen, int(rng.integers(15, 90)), axis=int(rng.integers(2)))
    if rng.random() < 0.7:
        seen = scipy.ndimage.gaussian_filter(seen, rng.uniform(0.0, 0.9, size=2), mode="nearest")
    bright = max(float(np.percentile(seen, 99)), 1e-6)
    seen = seen / bright
    sd = float(rng.uniform(0.0, 1.0) ** 2 * 0.07)
    noise = rng.standard_normal((2, rows, cols), dtype=np.float32) * np.float32(sd)
    if rng.random() < 0.3:
        noise = 1.6 * scipy.ndimage.gaussian_filter(noise, (0.0, 0.6, 0.6))
    seen = np.hypot(seen + noise[0], noise[1])
    seen = np.minimum(seen, rng.uniform(0.9, 2.5)) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.15:  # a masked background
        seen = np.where(seen < rng.uniform(0.01, 0.05), 0.0, seen)
    measured = _measured(rng, y, x, rows, cols)
    return np.where(measured, seen, 0.0).astype(np.float32), measured


def draw_frame(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that a smaller field of view shows: half of the time all, else often without the sacrum."""
    rows, cols = shape
    if rng.random() < 0.45:
        return slice(0, rows), slice(0, cols)
    top, bottom = (int(rng.uniform(0.05, most) * rows) * (rng.random() < 0.5) for most in (0.45, 0.6))
    bottom = min(bottom, rows - top - max(24, rows // 3))
    left, right = (int(rng.uniform(0.0, 0.2) * cols) * (rng.random() < 0.35) for _ in range(2))
    return slice(top, rows - bottom), slice(left, cols - right)


def nothing_like_a_spine(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Noise, or ellipses within an ellipse, of any brightness."""
    rows, cols = shape
    y, x = np.arange(rows, dtype=np.float32)[:, None], np.arange(cols, dtype=np.float32)[None, :]
    image = np.full((rows, cols), 1e-3, dtype=np.float32)
    if rng.random() < 0.3:
        return image
    within = _ellipse(rng, y, x, rows, cols, (0.3, 0.7))
    image[within] = rng.uniform(0.1, 1.0)
    for _ in range(int(rng.integers(5, 60))):
        part = _ellipse(rng, y, x, rows, cols, (0.02, 0.35))
        image[part & (within | (rng.random() < 0.1))] = rng.uniform(0.0, 1.0)
    return image


def _ellipse(rng: np.random.Generator, y: Floats, x: Floats, rows: int, cols: int, sizes: tuple[float, float]) -> Mask:
    row, col = rng.uniform(0.1, 0.9) * rows, rng.uniform(0.1, 0.9) * cols
    tall, wide = rng.uniform(*sizes, size=2) * cols
    turn = rng.uniform(0.0, np.pi)
    u = np.cos(turn) * (y - row) + np.sin(turn) * (x - col)
    v = np.cos(turn) * (x - col) - np.sin(turn) * (y - row)
    inside: Mask = (u / tall) ** 2 + (v / wide) ** 2 < 1.0
    return inside


def _coil(rng: np.random.Generator, y: Floats, x: Floats, rows: int, cols: int) -> Floats:
    """Fall-off from the back to the front, and unevenness along the spine."""
    gain = np.ones((rows, cols), dtype=np.float32)
    if rng.random() < 0.7:
        steep = rng.uniform(0.0, 2.4) / 100.0 * GRID_MM
        gain = gain * np.exp(steep * (x - cols) + rng.normal(0.0, 0.15) * steep * (y - rows / 2.0))
    if rng.random() < 0.5:
        middle, wide = rng.uniform(0.2, 0.8) * rows, rng.uniform(0.25, 0.7) * rows
        low = rng.uniform(0.1, 0.9)
        gain = gain * (low + (1.0 - low) * np.exp(-(((y - middle) / wide) ** 2)))
    return gain.astype(np.float32)


def _lump(rng: np.random.Generator, y: Floats, x: Floats, rows: int, spine_col: float) -> Floats:
    """An organ, or a vessel, of any brightness in front of the spine."""
    col, row = spine_col - rng.uniform(35.0, 90.0) / GRID_MM, rng.uniform(0.0, 1.0) * rows
    tall, wide = rng.uniform(5.0, 30.0), rng.uniform(4.0, 16.0)
    inside = ((y - row) / tall) ** 2 + ((x - col) / wide) ** 2 < 1.0
    return (inside * rng.uniform(0.0, 1.0)).astype(np.float32)


def _measured(rng: np.random.Generator, y: Floats, x: Floats, rows: int, cols: int) -> Mask:
    """All but cut-off edges and the wedges that a distortion correction leaves."""
    measured = np.ones((rows, cols), dtype=np.bool_)
    if rng.random() < 0.25:
        top, bottom, left, right = (rng.uniform(0.0, 0.18) * n * (rng.random() < 0.5) for n in (rows, rows, cols, cols))
        measured &= (y >= top) & (y < rows - bottom) & (x >= left) & (x < cols - right)
    if rng.random() < 0.15:
        slope = rng.uniform(0.05, 0.5)
        at_left, at_top = rng.random(2) < 0.5
        across = x if at_left else cols - 1 - x
        down = y if at_top else rows - 1 - y
        measured &= across + down * slope >= rng.uniform(0.0, 0.25) * cols
    return measured
