"""Ghosts: the body, shifted along a row or column, in what should be air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from vbqkit.image import FloatArray, Slice
from vbqkit.scores.air import Mask, signal_above_zero

GHOST_CAUTION, GHOST_REFUSAL = 0.10, 0.50
"""Share of a noise ROI's power that is ghost, above which it is a caution, and above which its SD is not used at all."""

_NEAREST_MM = 15.0  # closer to the body lie truncation ripples and blur
_FINE_MM = 12.0  # structure coarser than this is the coil's, not a copy of the body
_CLEAR = 8.0  # robust SDs above what other shifts give
_CLEAR_HALF = 5.0  # for half the field of view, where a ghost is looked for on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghost:
    """A copy of the body in the air.

    Attributes
    ----------
    axis : {"rows", "columns"}
        Along which index it is shifted: across the rows (up or down), or across the columns.
    shift : int
        Pixels; half the number of rows or columns is an N/2 ghost.
    shift_mm : float
        The same in mm.
    strength : float
        Signal of the copy over signal of the body.
    share : float
        Of the mean square in the noise ROI, how much the copy gives, 0 to 1.
    half : bool
        Whether it is an N/2 ghost.
    """

    axis: str
    shift: int
    shift_mm: float
    strength: float
    share: float
    half: bool


def find_ghost(mask: Mask, image: Slice, air: Mask) -> Ghost | None:
    """The ghost that adds most to a noise ROI, where there is one.

    The power in all free air is compared with the power of the body shifted by every distance around the picture, along
    rows and along columns. Both are taken without their coarse part, and the air over its median at each distance from the
    body, so that a coil's slope or a ripple along the skin is not a ghost. A shift counts only if it stands out by 8 robust SDs from all other shifts (by 5 at half the field of view).

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    air : ndarray of bool, shape (rows, cols)
        Free air of that slice.
    """
    if int(air.sum()) < 200 or air.all():
        return None
    signal, _ = signal_above_zero(image)
    power = signal**2
    body = np.where(air, 0.0, power)
    sigma = [_FINE_MM / 2.355 / step for step in image.spacing_mm]
    fine_body = body - scipy.ndimage.gaussian_filter(body, sigma, mode="wrap")
    layers = _by_distance(power, air, image.spacing_mm)
    # Speckles of noise weigh by their square: a bright one must not decide.
    even = np.divide(power, layers, out=np.zeros_like(power), where=air & (layers > 0))
    even = np.minimum(even, float(np.quantile(even[air], 0.999)))
    weight = air.astype(np.float64)
    near = np.maximum(scipy.ndimage.gaussian_filter(weight, sigma, mode="wrap"), 1e-6)
    fine_air = np.where(air, even - scipy.ndimage.gaussian_filter(even, sigma, mode="wrap") / near, 0.0)
    scale = float(np.median(layers[air]))
    best: Ghost | None = None
    for axis, name in ((0, "rows"), (1, "columns")):
        for shift, relative in _copies(fine_body, fine_air, weight, axis, image.spacing_mm[axis]):
            total, slope = float(power[mask].mean()), relative * scale
            share = min(1.0, slope * float(np.roll(body, shift, axis=axis)[mask].mean()) / total) if total > 0 else 0.0
            n = signal.shape[axis]
            if best is None or share > best.share:
                step = min(shift, n - shift)
                best = Ghost(
                    axis=name,
                    shift=step,
                    shift_mm=step * image.spacing_mm[axis],
                    strength=float(np.sqrt(slope)),
                    share=share,
                    half=abs(shift - n / 2) <= 1,
                )
    return best


def _by_distance(power: FloatArray, air: Mask, spacing_mm: tuple[float, float]) -> FloatArray:
    """Median power of the air at each distance from the body: what the coil, its correction and ripples along the skin do."""
    bins = np.rint(scipy.ndimage.distance_transform_edt(air, sampling=spacing_mm) / (2.0 * min(spacing_mm))).astype(int)
    levels = np.zeros(int(bins.max()) + 1)
    values = scipy.ndimage.median(power, labels=np.where(air, bins + 1, 0), index=np.arange(1, levels.size + 1))
    levels[:] = np.nan_to_num(values)
    return np.asarray(np.where(air, levels[bins], 0.0), dtype=np.float64)


def _copies(
    body: FloatArray, air: FloatArray, weight: FloatArray, axis: int, step_mm: float
) -> list[tuple[int, float]]:
    """Shifts at which the air repeats the body, and the power of the copy over that of the body."""
    n = body.shape[axis]
    transformed = np.fft.rfft(body, axis=axis)
    together = np.fft.irfft(np.conj(transformed) * np.fft.rfft(air, axis=axis), n=n, axis=axis).sum(axis=1 - axis)
    spread = np.fft.irfft(
        np.conj(np.fft.rfft(body**2, axis=axis)) * np.fft.rfft(weight, axis=axis), n=n, axis=axis
    ).sum(axis=1 - axis)
    shifts = np.arange(n)
    far = np.minimum(shifts, n - shifts) * step_mm >= _NEAREST_MM
    usable = far & (spread > 0.01 * float((body**2).sum()))
    if usable.sum() < 20:
        return []
    score = np.zeros(n)
    score[usable] = together[usable] / np.sqrt(spread[usable])
    middle = float(np.median(score[usable]))
    scatter = 1.4826 * float(np.median(np.abs(score[usable] - middle)))
    if not scatter > 0:
        return []
    clear = (score - middle) / scatter
    half = np.abs(shifts - n / 2) <= 1
    found = usable & ((clear > _CLEAR) | (half & (clear > _CLEAR_HALF)))
    peaks = [int(d) for d in shifts[found] if clear[d] >= clear[(d - 1) % n] and clear[d] >= clear[(d + 1) % n]]
    return [(d, float(together[d] / spread[d])) for d in peaks]
