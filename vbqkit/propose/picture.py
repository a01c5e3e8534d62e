"""A slice as the network wants it, columns to the back and rows to the feet, and the way to patient coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.image import FloatArray, Slice
from vbqkit.propose.network import run_network
from vbqkit.propose.network_input import GRID_MM, Float32Array, network_channels
from vbqkit.scores.air import signal_above_zero


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """What the network found on one slice, on its grid of 1.5 mm.

    Attributes
    ----------
    image : Slice
        The slice.
    signal : ndarray of float32, shape (rows, cols)
        Its signal above the value of a stored 0.
    found : ndarray of float32, shape (8, rows, cols)
        From :func:`~vbqkit.propose.network.run_network`.
    origin_mm : ndarray, shape (3,)
        LPS position of the middle of pixel (0, 0).
    down, back : ndarray, shape (3,)
        Unit LPS vectors along the columns (to the feet) and along the rows (to the back).
    """

    image: Slice
    signal: Float32Array
    found: Float32Array
    origin_mm: FloatArray
    down: FloatArray
    back: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the grid."""
        return (self.signal.shape[0], self.signal.shape[1])

    def to_patient_mm(self, rows_cols: npt.ArrayLike) -> FloatArray:
        """LPS positions of (row, col) of the grid; shape (..., 2) to (..., 3)."""
        rc = np.asarray(rows_cols, dtype=np.float64) * GRID_MM
        points: FloatArray = self.origin_mm + rc[..., :1] * self.down + rc[..., 1:] * self.back
        return points

    def to_rows_cols(self, points_mm: npt.ArrayLike) -> FloatArray:
        """(row, col) of the grid of LPS points; shape (..., 3) to (..., 2)."""
        away = np.asarray(points_mm, dtype=np.float64) - self.origin_mm
        rc: FloatArray = np.stack([away @ self.down, away @ self.back], axis=-1) / GRID_MM
        return rc


def look_at(image: Slice) -> Picture:
    """Run the network on a sagittal slice.

    Parameters
    ----------
    image : Slice
        Sagittal, any spacing and matrix; pixels that are not finite count as 0.
    """
    signal, _padding = signal_above_zero(image)
    letters = image.edge_letters
    turned = letters["top"] not in "HF"  # rows run to the back instead of down
    oriented = signal.T if turned else signal
    steps = [np.array(v) for v in (image.row_step_mm, image.col_step_mm)]
    row_step, col_step = reversed(steps) if turned else steps
    rows, cols = oriented.shape
    first = np.array(image.origin_mm)
    if row_step[2] > 0:  # towards the head
        oriented, first, row_step = oriented[::-1], first + (rows - 1) * row_step, -row_step
    if col_step[1] < 0:  # towards the front
        oriented, first, col_step = oriented[:, ::-1], first + (cols - 1) * col_step, -col_step
    dy, dx = float(np.linalg.norm(row_step)), float(np.linalg.norm(col_step))
    by_row, by_col = _averaging(rows, dy), _averaging(cols, dx)
    small = (by_row @ oriented.astype(np.float32) @ by_col.T).astype(np.float32)
    half = GRID_MM / 2.0
    down, back = row_step / dy, col_step / dx
    return Picture(
        image=image,
        signal=small,
        found=run_network(network_channels(small)),
        origin_mm=first + (half - dy / 2.0) * down + (half - dx / 2.0) * back,
        down=down,
        back=back,
    )


def _averaging(count: int, step_mm: float) -> Float32Array:
    """Weights that turn pixels `step_mm` apart into pixels of the grid, shape (new, old): triangles, so no aliasing."""
    new = max(1, round(count * step_mm / GRID_MM))
    wide = max(step_mm, GRID_MM)
    here = (np.arange(new) + 0.5)[:, None] * GRID_MM
    there = (np.arange(count) + 0.5)[None, :] * step_mm
    weights = np.maximum(0.0, 1.0 - np.abs(here - there) / wide)
    total = weights.sum(axis=1, keepdims=True)
    found: Float32Array = (weights / np.maximum(total, 1e-9)).astype(np.float32)
    return found
