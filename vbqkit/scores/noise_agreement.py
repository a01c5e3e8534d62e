"""Does air elsewhere hold the same noise? The SD of a noise ROI against a second box and against the air as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import Caution
from vbqkit.image import FloatArray, Slice
from vbqkit.scores.air import Mask, free_air, signal_above_zero
from vbqkit.scores.per_slice import once_per_slice
from vbqkit.scores.pixel_noise import AIR_MEAN, AIR_SD, RAYLEIGH_KURTOSIS, band_of_neighbours

_Number = TypeVar("_Number", np.int32, np.float64)

COIL_TOLERANCE = 1.10
"""How much the SD of air may differ within one picture without anyone calling it processed.

The noise of a sum-of-squares picture is the same everywhere; what is left are distortion correction, which interpolates
more here than there, and ghosts too faint to see."""

_CHANCE = 2.576  # standard errors: one in a hundred boxes of the same noise is called different
_WHITE = (1.0, 1.0)
_MARGIN_MM = 3.0  # at the edge of the picture, where filters and interpolation end
_FEW_ZEROS = 0.05
_FEWEST_FOR_BAND = 1000  # pixels of air


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondBox:
    """A box of the size of the noise ROI elsewhere in free air, and the air as a whole.

    Attributes
    ----------
    row, col : int
        Center of the box.
    distance_mm : float
        From the center of the noise ROI.
    sd : float
        SD of its pixels, a.u.
    tolerance : float
        By what factor the two SDs may differ.
    air_sd : float
        Median SD of all boxes of that size in free air, a.u.
    air_tolerance : float
        By what factor the SD of the noise ROI may differ from it.
    """

    row: int
    col: int
    distance_mm: float
    sd: float
    tolerance: float
    air_sd: float
    air_tolerance: float


def sd_tolerance(*pixels: float) -> float:
    """By what factor SDs of the same noise may differ: chance, and what a coil and a scanner may do.

    ``COIL_TOLERANCE * exp(2.576 sqrt(sum 1.12 / (2 (m - 1))))``: the logarithm of the SD of m independent pixels of
    magnitude noise has a standard error of ``sqrt((2 + 0.245) / 4 / (m - 1))``.

    Parameters
    ----------
    *pixels : float
        Independent pixels of each SD that is compared; one: against an SD that is known well.

    Examples
    --------
    >>> round(sd_tolerance(75, 75), 2), round(sd_tolerance(30, 30), 2), round(sd_tolerance(400), 2)
    (1.51, 1.83, 1.21)
    """
    spread = sum((2.0 + RAYLEIGH_KURTOSIS) / 4.0 / max(1.0, m - 1.0) for m in pixels)
    return COIL_TOLERANCE * math.exp(_CHANCE * math.sqrt(spread))


@once_per_slice
def air_band(image: Slice) -> tuple[float, float] | None:
    """Which part of the picture's frequencies holds noise, along rows' and columns' index, from all of its free air.

    As :func:`~vbqkit.scores.pixel_noise.noise_band`, but not disturbed by the texture of tissue, and from many more
    pixels. Magnitudes of noise repeat themselves only by about the square of what noise in tissue does; that is undone.

    Parameters
    ----------
    image : Slice
        The slice.

    Returns
    -------
    tuple of 2 floats or None
        None where there is no air with noise in it.
    """
    signal, air = signal_above_zero(image)[0], free_air(image)
    pixels = int(np.count_nonzero(air))
    if pixels < _FEWEST_FOR_BAND or float((signal[air] == 0).mean()) >= 0.5:
        return None
    weight = air.astype(np.float64)
    size = [max(5, round(9.0 / step)) for step in image.spacing_mm]
    known = np.maximum(scipy.ndimage.uniform_filter(weight, size=size, mode="constant"), 1e-9)
    mean = scipy.ndimage.uniform_filter(signal * weight, size=size, mode="constant") / known
    rest = np.where(air, signal - mean, 0.0)
    scale = np.sqrt(np.maximum(scipy.ndimage.uniform_filter(rest**2, size=size, mode="constant") / known, 0.0))
    rest = np.divide(rest, scale, out=np.zeros_like(rest), where=scale > 0)
    variance = float(np.vdot(rest, rest)) / pixels
    if not variance > 0:
        return None
    neighbours = []
    for x, m in ((rest, air), (np.ascontiguousarray(rest.T), np.ascontiguousarray(air.T))):
        pairs = int(np.count_nonzero(m[1:] & m[:-1]))
        neighbours.append((float(np.vdot(x[1:], x[:-1])) / max(1, pairs) / variance, max(1, pairs)))
    band = _WHITE
    for _ in range(3):  # the local mean takes a little from every correlation, the more they are, the more
        taken = 1.0 / (size[0] * size[1] * air_shares(np.ones(size, dtype=bool), band)[0])
        rows, cols = (_band_of(rho * (1.0 - taken) + taken, pairs) for rho, pairs in neighbours)
        band = (rows, cols)
    return band


def _band_of(rho: float, pairs: int) -> float:
    """From the correlation of neighbouring magnitudes in air to the band of noise.

    Magnitudes of two complex normal numbers with correlation r have one of ``0.915 r^2 (1 + r^2 / 16)`` (Middleton
    1948).
    """
    if rho < 1.0 / math.sqrt(pairs):
        return 1.0
    square = rho / 0.915
    for _ in range(3):
        square = min(1.0, rho / (0.915 * (1.0 + square / 16.0)))
    return band_of_neighbours(math.sqrt(square))


def air_shares(mask: Mask, band: tuple[float, float]) -> tuple[float, float]:
    """Independent pixels over pixels for mean and SD of a ROI in air: n over the sum of the correlations of all pairs.

    How magnitudes and SDs correlate where noise does: :data:`~vbqkit.scores.pixel_noise.AIR_SD`.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    band : tuple of 2 floats
        Which part of the picture's frequencies holds noise: :func:`air_band`.

    Examples
    --------
    >>> [round(share, 2) for share in air_shares(np.ones((10, 10), dtype=bool), (0.5, 0.5))]
    [0.32, 0.43]
    """
    weights = mask[np.ix_(mask.any(axis=1), mask.any(axis=0))].astype(np.float64)
    lags = [2 * n - 1 for n in weights.shape]
    pairs = np.fft.fftshift(np.fft.irfft2(np.abs(np.fft.rfft2(weights, lags)) ** 2, lags))  # of each distance
    square = np.outer(*(np.sinc(f * np.arange(1 - n, n)) ** 2 for f, n in zip(band, weights.shape, strict=True)))
    of_mean, of_sd = (
        sum(part * square ** (power // 2) for power, part in parts.items()) for parts in (AIR_MEAN, AIR_SD)
    )
    mean_share, share = (min(1.0, float(weights.sum() / np.vdot(pairs, c))) for c in (of_mean, of_sd))
    return mean_share, share


@dataclass(frozen=True, slots=True)
class _BoxSums:
    """Sums over any box of free air at once: each table holds, at (r, c), the sum of what lies above and left of it."""

    air: npt.NDArray[np.int32]
    zeros: npt.NDArray[np.int32]
    signal: FloatArray
    squares: FloatArray

    def of(self, table: npt.NDArray[_Number], size: list[int]) -> npt.NDArray[_Number]:
        """Sums over all boxes of that size, by their upper left corner."""
        rows, cols = size
        return table[rows:, cols:] - table[:-rows, cols:] - table[rows:, :-cols] + table[:-rows, :-cols]


@once_per_slice
def _box_sums(image: Slice) -> _BoxSums:
    air = free_air(image)
    above = np.where(air, np.nan_to_num(np.asarray(image.pixels, dtype=np.float64)) - image.zero_value, 0.0)

    def table(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
        sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1), dtype=values.dtype)
        np.cumsum(np.cumsum(values, axis=0), axis=1, out=sums[1:, 1:])
        return sums

    zeros = air & (signal_above_zero(image)[0] == 0)
    return _BoxSums(table(air.astype(np.int32)), table(zeros.astype(np.int32)), table(above), table(above**2))


def darkest_mean(image: Slice, pixels: int) -> float:
    """Lowest mean of a square of that many pixels within free air, above the zero value; 0 where there is none.

    Parameters
    ----------
    image : Slice
        The slice.
    pixels : int
        Pixels of the noise ROI that is compared with it.
    """
    side = max(3, round(math.sqrt(pixels)))
    if side > min(image.shape):
        return 0.0
    sums, size = _box_sums(image), [side, side]
    # A border or a background of zeros is darker than any air and says nothing.
    inside = (sums.of(sums.air, size) == side**2) & (sums.of(sums.zeros, size) < 0.5 * side**2)
    return float(sums.of(sums.signal, size)[inside].min()) / side**2 if inside.any() else 0.0


def second_box(mask: Mask, image: Slice) -> SecondBox | None:
    """The box of the same size in free air that is as far from a noise ROI as possible; None where there is no room.

    Boxes at the very edge of the picture, and those with zeros or a single value (a masked or padded background says
    nothing about the noise under the ROI), do not count.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    """
    rows, cols = np.nonzero(mask)
    if rows.size < 4:
        return None
    size = [int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1]
    n = size[0] * size[1]
    sums = _box_sums(image)
    edge = [max(1, round(_MARGIN_MM / step)) for step in image.spacing_mm]
    inner = tuple(slice(e, length - e - s + 1) for e, length, s in zip(edge, image.shape, size, strict=True))
    fits = (sums.of(sums.air, size) == n)[inner]
    own_zeros = float((signal_above_zero(image)[0][mask] == 0).mean())
    fits &= sums.of(sums.zeros, size)[inner] <= n * max(_FEW_ZEROS, 1.5 * own_zeros)
    r, c = np.nonzero(fits)
    mean, square = (sums.of(table, size)[inner][r, c] / n for table in (sums.signal, sums.squares))
    variance = (square - mean**2) * n / max(1, n - 1)
    # What is left of a constant after rounding is not an SD.
    varied = variance > 1e-10 * (mean**2 + 1e-300)
    if not varied.any():
        return None
    r, c, sd = r[varied] + edge[0] + size[0] // 2, c[varied] + edge[1] + size[1] // 2, np.sqrt(variance[varied])
    air_sd = float(np.median(sd))
    center = (float(rows.mean()), float(cols.mean()))
    apart = (np.abs(r - center[0]) >= size[0]) | (np.abs(c - center[1]) >= size[1])
    if not apart.any():
        return None
    r, c, sd = r[apart], c[apart], sd[apart]
    distance = np.hypot((r - center[0]) * image.spacing_mm[0], (c - center[1]) * image.spacing_mm[1])
    far = int(np.argmax(distance))
    share = air_shares(mask, air_band(image) or _WHITE)[1]
    return SecondBox(
        row=int(r[far]),
        col=int(c[far]),
        distance_mm=float(distance[far]),
        sd=float(sd[far]),
        tolerance=sd_tolerance(rows.size * share, n * share),
        air_sd=air_sd,
        air_tolerance=sd_tolerance(rows.size * share),
    )


def agreement(sd: float, mask: Mask, image: Slice, *, marrow_mean: float | None = None) -> Caution | None:
    """A caution where the SD of a noise ROI is not that of air elsewhere on the slice; None where it is.

    Parameters
    ----------
    sd : float
        Of the noise ROI, a.u.
    mask, image
        As for :func:`second_box`.
    marrow_mean : float, optional
        Mean marrow signal: the caution then states the two SNRs.
    """
    other = second_box(mask, image)
    if other is None or not sd > 0:
        return None
    for name, theirs, allowed in (
        (f"a box of the same size {other.distance_mm:.0f} mm away", other.sd, other.tolerance),
        ("the median box of that size in free air", other.air_sd, other.air_tolerance),
    ):
        factor = max(sd / theirs, theirs / sd)
        if factor > allowed:
            effect = (
                f"SNR is {marrow_mean / sd:.3g} with the one and {marrow_mean / theirs:.3g} with the other"
                if marrow_mean
                else f"the place of the ROI alone changes SNR by a factor of {factor:.2g}"
            )
            return Caution(
                "noise-disagrees",
                f"The SD is {sd:.3g} in the noise ROI and {theirs:.3g} in {name}: a factor of {factor:.2f}, where chance and coil allow "
                f"{allowed:.2f}. One of them is not the noise, or the noise differs from place to place (uniformity correction, parallel "
                f"imaging, ghosts), so both are doubtful: {effect}. Use VBQ, or a series without such corrections.",
            )
    return None
