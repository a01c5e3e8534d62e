"""Ghosts: the body, shifted along a row or column, in what should be air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.image import FloatArray, Slice
from vbqkit.scores.air import Mask, free_air, signal_above_zero
from vbqkit.scores.per_slice import once_per_slice

_Kind = TypeVar("_Kind", np.bool_, np.float64)

GHOST_CAUTION, GHOST_REFUSAL = 0.10, 0.50
"""Share of a noise ROI's power that is ghost, above which it is a caution, and above which its SD is not used at
all."""

_NEAREST_MM = 15.0  # a smaller shift leaves the copy on the body, and truncation ripples repeat its outline there
_RIPPLES_MM = 6.0  # at the skin: truncation ripples and blur, which are the body's and no copy of it
_SIDES_MM = 20.0  # how far beside the noise ROI a copy is still searched for
_COARSE_MM = 20.0  # changes slower than this are the coil's, not a copy of the body
_CLEAR = 5.5
"""Standard errors. The most striking shift in 300 pictures of 60 virtual patients without a ghost reaches 5.1, and 4.0
or less in 99 of 100; an N/2 ghost that is a tenth of the power of air has more than XX."""
_CAP = 8.0  # times the mean power: one spike must not make a ghost; noise alone is above it once in 3,000 pixels
_BRIDGE_MM = 40.0  # a vertebral body and its endplates, with room for the window over which air is dark
_DARK = 0.10  # of the 99th percentile
_PIXEL_MM = 1.5
_ROUNDS = 3
_FEWEST = 300  # pixels of air
_LAGS = 6


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
    clear : float
        How many standard errors it is above 0.
    """

    axis: str
    shift: int
    shift_mm: float
    strength: float
    share: float
    half: bool
    clear: float


def find_ghost(mask: Mask, image: Slice) -> Ghost | None:
    """The clearest ghost in the air around a noise ROI and what it adds to the ROI; None where there is none.

    A ghost adds to the power of air, at every pixel, a fixed share of the body's power at one distance. Power of air
    less its local mean is therefore fitted, at each distance, by the body's power there less its local mean: vertebrae,
    discs and edges of the body must come out in the air at the same height. Only air 6 mm off the body counts: nearer,
    the body itself reaches into it. A fit must be 5.5 standard errors above 0, so many that of all the distances that
    are tried none is by chance; neighbouring pixels that repeat each other are counted for what they are worth.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    """
    best: Ghost | None = None
    for axis, (name, view) in enumerate((("rows", _across_rows(image)), ("columns", _across_columns(image)))):
        if view is None:
            continue
        # Turned so that the body is shifted along the second axis.
        covered = np.asarray(_binned(mask, image).any(axis=(1, 3)))
        roi = covered if axis else covered.T
        found = _clearest_shift(view, roi)
        if found is not None and found[1] > max(_CLEAR, best.clear if best else 0.0):
            shift, clear, slope = found
            n = view.power.shape[1]
            step = min(shift, n - shift)
            copy = slope * float(np.roll(view.body, shift, axis=1)[roi].mean())
            mean = float(view.power[roi].mean())
            best = Ghost(
                axis=name,
                shift=step * _bins(image)[axis],
                shift_mm=step * view.spacing_mm[1],
                strength=float(np.sqrt(slope)),
                share=min(1.0, copy / mean) if mean > 0 else 0.0,
                half=abs(shift - n / 2) <= 1,
                clear=clear,
            )
    return best


@dataclass(frozen=True, slots=True)
class _Turned:
    """A slice turned so that the body is shifted along the second axis, with all that no ROI changes.

    Attributes
    ----------
    power : ndarray
        Square of the signal.
    level : ndarray
        Its mean over the air nearby.
    air : ndarray of bool
        Air, without what lies next to the body.
    body : ndarray
        Power of the body; 0 in air.
    fine : ndarray
        The same less its mean along the first axis nearby.
    waves, square_waves : ndarray of complex
        Fourier transforms along the second axis of `fine` and of its square.
    spacing_mm : tuple of 2 floats
        Between rows and columns, as turned.
    """

    power: FloatArray
    level: FloatArray
    air: Mask
    body: FloatArray
    fine: FloatArray
    waves: npt.NDArray[np.complex128]
    square_waves: npt.NDArray[np.complex128]
    spacing_mm: tuple[float, float]


@once_per_slice
def _across_columns(image: Slice) -> _Turned | None:
    return _turned(image, turn=False)


@once_per_slice
def _across_rows(image: Slice) -> _Turned | None:
    return _turned(image, turn=True)


@dataclass(frozen=True, slots=True)
class _Coarse:
    """A slice with pixels of about 1.5 mm: finer ones only repeat the body and take longer."""

    power: FloatArray
    air: Mask
    spacing_mm: tuple[float, float]


def _bins(image: Slice) -> tuple[int, int]:
    """How many rows and columns become one."""
    rows, cols = (max(1, int(_PIXEL_MM / step)) for step in image.spacing_mm)
    return rows, cols


def _binned(array: npt.NDArray[_Kind], image: Slice) -> npt.NDArray[_Kind]:
    """Shape (rows, rows in one, columns, columns in one); what is left over at the lower right is cut off."""
    (r, c), (rows, cols) = _bins(image), image.shape
    return array[: rows // r * r, : cols // c * c].reshape(rows // r, r, cols // c, c)


@once_per_slice
def _coarse(image: Slice) -> _Coarse:
    signal, (r, c) = signal_above_zero(image)[0], _bins(image)
    power = np.asarray(_binned(np.square(signal), image).mean(axis=(1, 3)))
    air = np.asarray(_binned(free_air(image), image).all(axis=(1, 3)))
    spacing = (r * image.spacing_mm[0], c * image.spacing_mm[1])
    # A strong ghost is no free air: its bright parts are added again where there is air on both sides of them.
    dark = power < (_DARK * float(np.percentile(signal, 99))) ** 2
    return _Coarse(power, air | (dark & (_bridged(air, spacing, 0) | _bridged(air, spacing, 1))), spacing)


def _bridged(air: Mask, spacing_mm: tuple[float, float], axis: int) -> Mask:
    size = 2 * round(_BRIDGE_MM / spacing_mm[axis] / 2.0) + 1
    grown = scipy.ndimage.maximum_filter1d(air.view(np.uint8), size, axis=axis, mode="constant", cval=0)
    return np.asarray(scipy.ndimage.minimum_filter1d(grown, size, axis=axis, mode="constant", cval=0), dtype=bool)


def _turned(image: Slice, *, turn: bool) -> _Turned | None:
    level, coarse = _level(image), _coarse(image)
    if level is None:
        return None
    power, air = coarse.power, coarse.air
    if turn:
        power, air, level = power.T.copy(), air.T.copy(), level.T.copy()
    spacing = coarse.spacing_mm[::-1] if turn else coarse.spacing_mm
    body = np.where(air, 0.0, power)
    fine = body - scipy.ndimage.uniform_filter1d(body, max(3, round(_COARSE_MM / spacing[0])), axis=0)
    waves, square_waves = (scipy.fft.rfft(x, axis=1) for x in (fine, fine**2))
    return _Turned(power, level, level > 0, body, fine, waves, square_waves, spacing)


@once_per_slice
def _level(image: Slice) -> FloatArray | None:
    """Mean power of the air nearby, 0 on the body and next to it; None where there is too little air.

    At the rim of the air the mean of a window comes from one side only. Where noise grows towards the skin (uniformity
    correction) it would be too low there; what is left is divided out again.
    """
    coarse = _coarse(image)
    margin = [2 * max(1, round(_RIPPLES_MM / step)) + 1 for step in coarse.spacing_mm]
    off_body = scipy.ndimage.minimum_filter(coarse.air.view(np.uint8), size=margin, mode="constant", cval=1)
    counted = off_body.astype(bool)
    if int(np.count_nonzero(counted)) < _FEWEST:
        return None
    power = coarse.power
    size = [max(3, round(_COARSE_MM / step)) for step in coarse.spacing_mm]
    weight = scipy.ndimage.uniform_filter(counted.astype(np.float64), size=size, mode="constant")
    level = counted.astype(np.float64)
    for _ in range(_ROUNDS):
        rest = np.divide(power, level, out=np.zeros_like(power), where=counted & (level > 0))
        mean = scipy.ndimage.uniform_filter(rest, size=size, mode="constant")
        level *= np.divide(mean, weight, out=np.zeros_like(power), where=counted)
    return level


def _clearest_shift(view: _Turned, roi: Mask) -> tuple[int, float, float] | None:
    """Shift along the second axis, its clearness in standard errors, and power of the copy over the body's."""
    columns = np.flatnonzero(roi.any(axis=0))
    beside, n = round(_SIDES_MM / view.spacing_mm[1]), view.power.shape[1]
    band = np.arange(max(0, int(columns[0]) - beside), min(n, int(columns[-1]) + beside + 1))
    lines = np.flatnonzero(view.air[:, band].any(axis=1))
    inside = view.air[np.ix_(lines, band)]
    pixels = int(np.count_nonzero(inside))
    if pixels < _FEWEST:
        return None
    level = np.where(inside, view.level[np.ix_(lines, band)], 1.0)
    # Power over its local mean: 1 on average, with an SD of 1 for one channel; less for several.
    rest = np.where(inside, np.minimum(view.power[np.ix_(lines, band)] / level, _CAP) - 1.0, 0.0)
    together = _at_each_shift(rest / level, view.waves[lines], band, n)
    squares = _at_each_shift(np.where(inside, level**-2.0, 0.0), view.square_waves[lines], band, n)
    shifts = np.arange(n)
    far = np.minimum(shifts, n - shifts) * view.spacing_mm[1] >= _NEAREST_MM
    usable = far & (squares > 1e-6 * float(squares[far].max(initial=0.0))) & (squares > 0)
    if not usable.any():
        return None
    clear = np.divide(together, np.sqrt(np.maximum(squares, 1e-300)), out=np.zeros(n), where=usable)
    best = int(np.argmax(clear))
    half = [d for d in (n // 2, (n + 1) // 2) if clear[d] > 0.9 * clear[best]]
    best = half[0] if half else best  # where several shifts fit, the one with a known cause
    slope = float(together[best] / squares[best])
    copy = slope * view.fine[np.ix_(lines, (band - best) % n)] / level
    rest = np.where(inside, rest - copy, 0.0)
    spread = float(np.sqrt(np.vdot(rest, rest) / pixels))
    if not (spread > 0 and float(clear[best]) > _CLEAR * spread):
        return None
    return best, float(clear[best]) / (spread * _repeated(rest, inside)), slope


def _at_each_shift(
    air: FloatArray, waves: npt.NDArray[np.complex128], band: npt.NDArray[np.int_], n: int
) -> FloatArray:
    """Sum of a band of air times the body shifted by 0, 1, 2 ... pixels along the second axis."""
    whole = np.zeros((air.shape[0], n))
    whole[:, band] = air
    spectrum = np.einsum("ij,ij->j", scipy.fft.rfft(whole, axis=1), np.conj(waves))
    sums: FloatArray = scipy.fft.irfft(spectrum, n)
    return sums


def _repeated(rest: FloatArray, inside: Mask) -> float:
    """By what factor neighbours that repeat each other along rows and columns make a sum less sure."""
    variance, repeated = float(np.vdot(rest, rest)) / int(np.count_nonzero(inside)), 1.0
    for x, m in ((rest, inside), (np.ascontiguousarray(rest.T), np.ascontiguousarray(inside.T))):
        total = 1.0
        for lag in range(1, _LAGS + 1):
            pairs = int(np.count_nonzero(m[lag:] & m[:-lag]))
            if pairs < _FEWEST:
                break
            rho = float(np.vdot(x[lag:], x[:-lag])) / pairs / variance
            if rho < 2.0 / np.sqrt(pairs):
                break
            total += 2.0 * rho
        repeated *= total
    return float(np.sqrt(repeated))
