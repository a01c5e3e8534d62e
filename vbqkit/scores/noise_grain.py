"""Is the grain of the air the grain of the picture? Noise that was filtered away, or put in afterwards."""

from __future__ import annotations

import numpy as np
import scipy

from vbqkit.errors import Caution
from vbqkit.image import Slice
from vbqkit.scores.air import Mask, eroded, fine_grain, free_air, signal_above_zero
from vbqkit.scores.marrow_to_noise import RAYLEIGH_SD_FACTOR
from vbqkit.scores.noise_agreement import air_band
from vbqkit.scores.per_slice import once_per_slice

LEAST_GRAIN, MOST_GRAIN = 0.25, 2.0
"""Fine grain of the noise ROI over that of the smoothest tissue: 0.65 to 0.71 in a plain magnitude picture (Rayleigh
noise has 0.655 of the SD of the noise in tissue, noise of many channels 0.71; Gudbjartsson 1995, Constantinides 1997).
Tissue has texture, which lowers it a little: a real head of good SNR gives 0.8, a real lumbar T2 0.37. Zero filling to
twice the matrix raises it to 1.6, because the magnitude of noise is finer than the noise; where noise repeats itself
more than that, twice what it should be is allowed."""

_WINDOW_MM = 5.0
_TISSUE = 0.10  # of the 99th percentile
_SMOOTHEST = 5.0  # percentile of the windows in tissue


@once_per_slice
def smoothest_grain(image: Slice) -> float | None:
    """Fine grain of the smoothest tissue on a slice, a.u.; None where there is no tissue.

    Parameters
    ----------
    image : Slice
        The slice.
    """
    (signal, padding), air = signal_above_zero(image), free_air(image)
    size = [max(5, round(_WINDOW_MM / step)) for step in image.spacing_mm]
    level = scipy.ndimage.uniform_filter(signal, size=size)
    tissue = eroded(~air & ~padding, size) & (level > _TISSUE * float(np.percentile(signal, 99)))
    if int(np.count_nonzero(tissue)) < 50:
        return None
    power = scipy.ndimage.uniform_filter(fine_grain(signal) ** 2, size=size)[tissue]
    return float(np.sqrt(max(0.0, np.percentile(power, _SMOOTHEST))))


def grain_ratio(mask: Mask, image: Slice) -> float | None:
    """Fine grain of a noise ROI over the fine grain of the smoothest tissue; None where there is no tissue.

    Fine grain is the RMS of ``(a - b - c + d) / 2`` over 2 x 2 pixels: for white noise its SD, for a slope or a
    straight edge along rows or columns 0. Whatever interpolation does to noise, it does to both.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    """
    smoothest = smoothest_grain(image)
    around = tuple(slice(int(line.min()), int(line.max()) + 2) for line in np.nonzero(mask))
    inside = mask & np.roll(mask, -1, axis=0) & np.roll(mask, -1, axis=1)
    if not inside.any() or not smoothest:
        return None
    fine = fine_grain(signal_above_zero(image)[0][around])
    ours = float(np.sqrt((fine[inside[around]] ** 2).mean()))
    return ours / smoothest if ours > 0 else None


def unlike_tissue(mask: Mask, image: Slice) -> Caution | None:
    """A caution where the grain of a noise ROI is not that of the picture; None where it is.

    Parameters
    ----------
    mask, image
        As for :func:`grain_ratio`.
    """
    ratio = grain_ratio(mask, image)
    if ratio is None or LEAST_GRAIN <= ratio <= max(MOST_GRAIN, 2.0 * _expected_ratio(image)):
        return None
    if ratio < LEAST_GRAIN:
        found = (
            f"The smoothest tissue on the slice is {1 / ratio:.3g} times as grainy as the noise ROI (1.5 times is what a magnitude picture has): "
            "the background was masked and filled with faint noise, filtered, or darkened by uniformity correction or parallel imaging. Its SD is "
            f"not the noise in the marrow, and SNR is too high, by up to a factor of {0.655 / ratio:.2g}."
        )
    else:
        found = (
            f"The noise ROI is {ratio:.3g} times as grainy as the smoothest tissue on the slice (0.7 times is what a magnitude picture has): the "
            "background was filled with noise that the picture does not have, or the tissue was smoothed. Its SD is not the noise in the marrow, "
            "and SNR is too low."
        )
    return Caution("noise-unlike-tissue", found + " Use VBQ.")


def _expected_ratio(image: Slice) -> float:
    """Fine grain of air over that of the same noise in tissue: 0.655, more where neighbours repeat each other."""
    ratio = RAYLEIGH_SD_FACTOR
    for band in air_band(image) or ():
        rho = float(np.sinc(band))
        ratio *= float(np.sqrt((1.0 - 0.915 * rho**2) / (1.0 - rho)))
    return ratio
