"""Does air elsewhere hold the same noise? The SD of a noise ROI against a second box and against the air as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from vbqkit.errors import Caution
from vbqkit.image import FloatArray, Slice
from vbqkit.scores.air import Mask, eroded, signal_above_zero

COIL_TOLERANCE = 1.10
"""How much the SD of air may differ within one picture without anyone calling it processed.

The noise of a sum-of-squares picture is the same everywhere; what is left are distortion correction, which interpolates
more here than there, and ghosts too faint to see."""

_CHANCE = 2.576  # standard errors: one in a hundred boxes of the same noise is called different
_RAYLEIGH_KURTOSIS = 0.245  # excess; it makes an SD less sure than in normal noise by 6 %
_LAGS = 6
_MARGIN_MM = 3.0  # at the edge of the picture, where filters and interpolation end
_FEW_ZEROS = 0.05


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
    spread = sum((2.0 + _RAYLEIGH_KURTOSIS) / 4.0 / max(1.0, m - 1.0) for m in pixels)
    return COIL_TOLERANCE * math.exp(_CHANCE * math.sqrt(spread))


def sd_share(image: Slice, air: Mask) -> float:
    """Independent pixels over pixels for the SD of air.

    It is 1 / (sum of the squared autocorrelation along rows x along columns).

    Taken from the whole of the free air, because a single ROI is too small to know it. An SD is made of squares, which
    repeat each other less than the pixels do: means need another share.

    Parameters
    ----------
    image : Slice
        The slice.
    air : ndarray of bool, shape (rows, cols)
        Its free air.
    """
    signal, _ = signal_above_zero(image)
    weight = air.astype(np.float64)
    size = [max(5, round(9.0 / step)) for step in image.spacing_mm]
    known = np.maximum(scipy.ndimage.uniform_filter(weight, size=size, mode="constant"), 1e-9)
    mean = scipy.ndimage.uniform_filter(signal * weight, size=size, mode="constant") / known
    rest = np.where(air, signal - mean, 0.0)
    scale = np.sqrt(np.maximum(scipy.ndimage.uniform_filter(rest**2, size=size, mode="constant") / known, 0.0))
    rest = np.divide(rest, scale, out=np.zeros_like(rest), where=scale > 0)
    variance = float((rest**2).sum()) / max(1, int(air.sum()))
    if not variance > 0:
        return 1.0
    share = 1.0
    for axis in (0, 1):
        x, m = np.moveaxis(rest, axis, 0), np.moveaxis(air, axis, 0)
        total = 1.0
        for lag in range(1, _LAGS + 1):
            pairs = int((m[lag:] & m[:-lag]).sum())
            if pairs < 50:
                break
            total += 2.0 * min(1.0, (float((x[lag:] * x[:-lag]).sum()) / pairs / variance) ** 2)
        share /= total
    return share


def second_box(mask: Mask, image: Slice, air: Mask) -> SecondBox | None:
    """The box of the same size in free air that is as far from a noise ROI as possible; None where there is no room.

    Boxes at the very edge of the picture, and those with zeros or a single value (a masked or padded background says
    nothing about the noise under the ROI), do not count.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    air : ndarray of bool, shape (rows, cols)
        Free air of that slice.
    """
    rows, cols = np.nonzero(mask)
    if rows.size < 4:
        return None
    size = [int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1]
    center = (float(rows.mean()), float(cols.mean()))
    signal, _ = signal_above_zero(image)
    inner = air.copy()
    edge = [max(1, round(_MARGIN_MM / step)) for step in image.spacing_mm]
    inner[: edge[0]] = inner[-edge[0] :] = False
    inner[:, : edge[1]] = inner[:, -edge[1] :] = False
    fits = eroded(inner, size)
    zeros = scipy.ndimage.uniform_filter((signal == 0).astype(np.float64), size=size)
    fits &= zeros <= max(_FEW_ZEROS, 1.5 * float((signal[mask] == 0).mean()))
    sd = _sd_map(signal, size)
    fits &= sd > 0
    if not fits.any():
        return None
    share = sd_share(image, air)
    n = rows.size * share
    air_sd = float(np.median(sd[fits]))
    r, c = np.nonzero(fits)
    apart = (np.abs(r - center[0]) >= size[0]) | (np.abs(c - center[1]) >= size[1])
    if not apart.any():
        return None
    r, c = r[apart], c[apart]
    distance = np.hypot((r - center[0]) * image.spacing_mm[0], (c - center[1]) * image.spacing_mm[1])
    far = int(np.argmax(distance))
    m = size[0] * size[1] * share
    return SecondBox(
        row=int(r[far]),
        col=int(c[far]),
        distance_mm=float(distance[far]),
        sd=float(sd[r[far], c[far]]),
        tolerance=sd_tolerance(n, m),
        air_sd=air_sd,
        air_tolerance=sd_tolerance(n),
    )


def _sd_map(signal: FloatArray, size: list[int]) -> FloatArray:
    n = size[0] * size[1]
    mean = scipy.ndimage.uniform_filter(signal, size=size)
    square = scipy.ndimage.uniform_filter(signal**2, size=size)
    variance = np.maximum(square - mean**2, 0.0) * n / max(1, n - 1)
    # What is left of a constant after rounding is not an SD.
    return np.asarray(np.where(variance > 1e-10 * (mean**2 + 1e-300), np.sqrt(variance), 0.0), dtype=np.float64)


def agreement(sd: float, mask: Mask, image: Slice, air: Mask, *, marrow_mean: float | None = None) -> Caution | None:
    """A caution where the SD of a noise ROI is not that of air elsewhere on the slice; None where it is.

    Parameters
    ----------
    sd : float
        Of the noise ROI, a.u.
    mask, image, air
        As for :func:`second_box`.
    marrow_mean : float, optional
        Mean marrow signal: the caution then states the two SNRs.
    """
    other = second_box(mask, image, air)
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
