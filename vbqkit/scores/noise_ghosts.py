"""Ghosts: the body, shifted along a row or column, in what should be air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from vbqkit.image import FloatArray, Slice
from vbqkit.scores.air import Mask, signal_above_zero

GHOST_CAUTION = 0.10
"""Share of a noise ROI's power that looks like a ghost, above which it is a caution. Never a refusal: 3 of 48 virtual
patients without any ghost have air in which the search finds most of the power."""

_NEAREST_MM = 15.0  # closer to the body lie truncation ripples and blur
_COARSE_MM = 40.0  # changes slower than this are the coil's, not a copy of the body
_DARK = 0.10  # of the 99th percentile
_CLEAR = 7.0
"""Standard errors of a correlation: ghosts of 2 % in a simulated spine reach 8.5, the anatomy of ghost-free pictures
5.7."""
_FEWEST = 60  # positions along the band


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
        How many standard errors its correlation is above 0.
    """

    axis: str
    shift: int
    shift_mm: float
    strength: float
    share: float
    half: bool
    clear: float


def find_ghost(mask: Mask, image: Slice, air: Mask) -> Ghost | None:
    """The clearest ghost in the air around a noise ROI and what it adds to the ROI; None where there is none.

    A copy of the body brings along vertebrae and discs. The profile of power along the band of the ROI (its columns,
    all rows; and its rows, all columns) is compared with that of the body at every shift across the band, both without
    what changes over more than 40 mm. A shift counts if the correlation is 7 standard errors above 0.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The noise ROI.
    image : Slice
        The slice it lies on.
    air : ndarray of bool, shape (rows, cols)
        Free air of that slice.
    """
    signal, _ = signal_above_zero(image)
    dark = air | (signal < _DARK * float(np.percentile(signal, 99)))
    best: Ghost | None = None
    clearest = _CLEAR
    for axis, name in ((1, "columns"), (0, "rows")):
        # Turned so that the band runs along the first axis and the body is shifted along the second.
        turned = signal if axis else signal.T
        is_air, is_dark, roi = (m if axis else m.T for m in (air, dark, mask))
        spacing = image.spacing_mm if axis else image.spacing_mm[::-1]
        found = _clearest_shift(turned**2, is_air, is_dark, roi, spacing)
        if found is not None and found[1] > clearest:
            shift, clearest, slope, share = found
            n = turned.shape[1]
            step = min(shift, n - shift)
            best = Ghost(
                axis=name,
                shift=step,
                shift_mm=step * spacing[1],
                strength=float(np.sqrt(slope)),
                share=share,
                half=abs(shift - n / 2) <= 1,
                clear=clearest,
            )
    return best


def _clearest_shift(
    power: FloatArray, air: Mask, dark: Mask, roi: Mask, spacing_mm: tuple[float, float]
) -> tuple[int, float, float, float] | None:
    """Shift along the second axis, its clearness in standard errors, and power of the copy over the body's.

    And its share of the ROI.
    """
    lines, columns = np.flatnonzero(roi.any(axis=1)), np.flatnonzero(roi.any(axis=0))
    band = slice(int(columns[0]), int(columns[-1]) + 1)
    width, n = band.stop - band.start, power.shape[1]
    rows = dark[:, band].mean(axis=1) > 0.8
    if int(rows.sum()) < _FEWEST:
        return None
    body = np.where(air, 0.0, power)
    # means[:, d]: the body's power in the columns that a shift of d brings into the band
    around = np.concatenate([body, body[:, :width]], axis=1)
    total = np.cumsum(np.pad(around, ((0, 0), (1, 0))), axis=1)
    sums = (total[:, width : width + n] - total[:, :n]) / width
    means = sums[:, (band.start - np.arange(n)) % n][rows]
    ours = power[rows][:, band].mean(axis=1)
    window = max(3, round(_COARSE_MM / spacing_mm[0]))
    fine_body = means - scipy.ndimage.uniform_filter1d(means, window, axis=0)
    # Noise of magnitude squared is skewed: its logarithm would be too, but the median of the rest caps a single spike.
    capped = np.minimum(ours, 20.0 * float(np.median(ours)) + 1e-300)
    fine = capped - scipy.ndimage.uniform_filter1d(capped, window)
    spread = np.sqrt((fine_body**2).sum(axis=0) * float((fine**2).sum()))
    together = fine_body.T @ fine
    shifts = np.arange(n)
    far = np.minimum(shifts, n - shifts) * spacing_mm[1] >= _NEAREST_MM
    usable = far & (spread > 1e-6 * float(spread.max())) & (spread > 0)
    if not usable.any():
        return None
    correlation = np.divide(together, spread, out=np.zeros(n), where=usable)
    clear = correlation * np.sqrt(_independent(fine))
    best = int(np.argmax(clear))
    half = [d for d in (n // 2, (n + 1) // 2) if clear[d] > 0.9 * clear[best]]
    best = half[0] if half else best  # where several shifts fit, the one with a known cause
    if clear[best] <= 0:
        return None
    slope = float(together[best] / (fine_body[:, best] ** 2).sum())
    inside = np.isin(np.flatnonzero(rows), lines)
    mean = float(power[roi].mean())
    share = min(1.0, slope * float(means[inside, best].mean()) / mean) if mean > 0 and inside.any() else 0.0
    return best, float(clear[best]), slope, share


def _independent(profile: FloatArray) -> float:
    """Independent positions along a profile, from its correlation with itself at up to 4 steps."""
    variance = float((profile**2).mean())
    lags = (float((profile[k:] * profile[:-k]).mean()) / variance for k in range(1, 5)) if variance > 0 else ()
    return profile.size / (1.0 + 2.0 * sum(max(0.0, rho) ** 2 for rho in lags))
