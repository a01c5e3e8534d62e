"""Is this noise? What a box in the background must show before its SD may divide a signal.

What must be true of the picture is looked at here and in the modules for each part: where air is (``air``), whether
other air agrees (``noise_agreement``), copies of the body in it (``noise_ghosts``), noise that is not the picture's
(``noise_grain``). What the header says against an SD is in ``reconstruction``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import Caution, VbqkitError
from vbqkit.image import Slice, Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import NOISE, SCORED_LEVELS
from vbqkit.scores.air import Mask, eroded, free_air, no_free_air
from vbqkit.scores.noise_agreement import agreement
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.noise_ghosts import GHOST_CAUTION, Ghost, find_ghost
from vbqkit.scores.noise_grain import unlike_tissue
from vbqkit.scores.reconstruction import check_reconstruction

MIN_NOISE_PIXELS = 50
"""Below this the SD itself is uncertain by more than 10 % (1 SE = 1 / sqrt(2 (n - 1)))."""

RAYLEIGH_MEAN_OVER_SD = math.sqrt(math.pi / 2.0) / math.sqrt(2.0 - math.pi / 2.0)
"""Mean over SD of magnitude noise from one channel, 1.91; from several channels it is higher, never lower."""

MOST_ZEROS = 0.20
"""Share of exact zeros, beyond what rounding gives, above which an SD is not used.

Zeros among Rayleigh noise (mean / SD 1.91) change the SD at once: 5 % raise it by 6 %, 10 % by 11 %, and where most
pixels are zero it tends to 0, and SNR to infinity. Up to here it is a caution: a faint background of whole numbers has
8 to 9 % on a virtual 3 T scanner."""

_TREND_SHARE = 0.10
_SPIKE_SD = 6.0
_BRIGHT_FACTOR = 3.0


def check_noise(roi: Roi, image: Slice, *, marrow_mean: float | None = None) -> NoiseCheck:
    """Check a noise ROI: masked zeros, size, place, signal or ghosting in it.

    Parameters
    ----------
    roi : Roi
        The noise ROI.
    image : Slice
        The slice it lies on.
    marrow_mean : float, optional
        Mean marrow signal; a noise ROI with more than a third of it is refused.

    Returns
    -------
    NoiseCheck

    Notes
    -----
    Refused: outside the picture, on tissue, outside free air (:func:`~vbqkit.scores.air.free_air`), one value only,
    more than 20 % zeros beyond rounding.

    Cautions, of which all but ``noise-few-pixels`` make it :attr:`~NoiseCheck.doubtful`: some zeros; mean / SD below
    that of magnitude noise (1.91 for one channel, more for several); a spike; a slope; brighter than other air; a
    ghost (10 % of its power); an SD that other air does not have
    (:func:`~vbqkit.scores.noise_agreement.sd_tolerance`); a grain that the tissue does not have
    (:mod:`~vbqkit.scores.noise_grain`).

    None of this proves that the SD is the noise *in the marrow*: uniformity correction, parallel imaging and filters
    make noise differ from place to place (Dietrich 2007, doi 10.1002/jmri.20969). What the header says of them is
    checked by :func:`~vbqkit.scores.reconstruction.check_reconstruction`.
    """
    try:
        m = roi.measure(image)
    except VbqkitError as error:
        return NoiseCheck(str(error), ())
    mask, air = np.asarray(roi.mask(image), dtype=bool), free_air(image)
    inside = float(air[mask].mean())
    if marrow_mean is not None and m.mean > marrow_mean / 3.0:
        return NoiseCheck(
            f"the noise ROI has a mean of {m.mean:.4g}, more than a third of the marrow signal ({marrow_mean:.4g}): it lies on tissue. "
            "Move it into air.",
            (),
        )
    if inside < 0.5:
        return NoiseCheck(
            no_free_air(image)
            or f"the noise ROI lies {100 * (1 - inside):.0f} % outside the free air of slice {image.index}: move it into the dark area along "
            "the front or back edge of the picture, outside the body.",
            (),
        )
    values = np.asarray(image.pixels, dtype=np.float64)[mask]
    ghost = find_ghost(mask, image, air)
    refusal = _refusal(m, image)
    found = _cautions(values, mask, image, air, m)
    if ghost is not None and ghost.share > GHOST_CAUTION:
        found.append(Caution("noise-ghost", _ghost_text(ghost)))
    if m.sd > 0:
        more = (agreement(m.sd, mask, image, air, marrow_mean=marrow_mean), unlike_tissue(mask, image, air))
        found += [caution for caution in more if caution is not None]
    return NoiseCheck(refusal, tuple(found))


def check_series_noise(volume: Volume, roi: Roi | None, measured: Mapping[str, Measurement]) -> NoiseCheck:
    """Check the noise ROI of a series and what its header says of the noise.

    Without a ROI, whether there is room for one.

    Parameters
    ----------
    volume : Volume
        The series.
    roi : Roi or None
        Its noise ROI.
    measured : mapping of str to Measurement
        What the ROIs on the series measure, by label: L1 to L4 say how bright marrow is and which slice is measured; a
        noise ROI that could not be measured is not in it.

    Returns
    -------
    NoiseCheck
        As :func:`check_noise`, joined with :func:`~vbqkit.scores.reconstruction.check_reconstruction`; with a refusal
        if there is neither a noise ROI nor room for one.
    """
    levels = [measured[level] for level in SCORED_LEVELS if level in measured]
    if roi is not None and NOISE in measured:
        mean = sum(m.mean for m in levels) / len(levels) if levels else None
        return check_noise(roi, roi.slice_of(volume), marrow_mean=mean).joined(check_reconstruction(volume.acquisition))
    slices = [m.slice_index for m in levels]
    reason = no_free_air(volume.slice(max(set(slices), key=slices.count))) if slices else None
    return NoiseCheck(None if reason is None else f"no noise ROI, and {reason}", ())


def _refusal(m: Measurement, image: Slice) -> str | None:
    if not m.sd > 0:
        return (
            f"the noise ROI has an SD of 0: all {m.n} pixels read {m.mean:g}, the background was masked. No M-score exists on this series; "
            "use VBQ."
        )
    excess = m.fraction_zero - _zeros_by_rounding(m.sd, image)
    if excess > MOST_ZEROS:
        return (
            f"{100 * m.fraction_zero:.0f} % of the noise ROI is exactly zero: the scanner masked or clipped the background, so its SD of "
            f"{m.sd:.3g} is not the noise. Move the ROI to air without zeros; if there is none, no SNR or M-score exists on this series: use VBQ."
        )
    return None


def _ghost_text(ghost: Ghost) -> str:
    what = "an N/2 ghost (half the field of view)" if ghost.half else "a ghost"
    return (
        f"{100 * ghost.share:.0f} % of the power in the noise ROI is a copy of the body, shifted by {ghost.shift_mm:.0f} mm across the "
        f"{ghost.axis}, with {100 * ghost.strength:.2g} % of its signal: {what}. It makes the SD of air larger or smaller than the noise, and SNR "
        "with it. Move the ROI out of the phase-encoding direction of the body."
    )


def _zeros_by_rounding(sd: float, image: Slice) -> float:
    """Share of zeros that rounding to whole stored numbers alone gives: Rayleigh noise below half a step."""
    return 1.0 - math.exp(-0.125 * (0.655 * image.acquisition.rescale_slope / sd) ** 2) if sd > 0 else 0.0


def _cautions(values: npt.NDArray[np.float64], mask: Mask, image: Slice, air: Mask, m: Measurement) -> list[Caution]:
    found = []
    mean, sd, zeros = m.mean, m.sd, m.fraction_zero
    expected = _zeros_by_rounding(sd, image) * len(values)
    if zeros * len(values) > expected + 3.0 * math.sqrt(expected + 0.5):
        found.append(
            Caution(
                "noise-zeros",
                f"{100 * zeros:.0f} % of the noise ROI is exactly zero: the scanner masked or clipped the background, so its SD of {sd:.3g} is "
                "not the noise, and SNR and M-score are wrong by an unknown factor. Move the ROI to air without zeros, or use VBQ.",
            )
        )
    if len(values) < MIN_NOISE_PIXELS:
        spread = 100.0 / math.sqrt(2.0 * max(1, len(values) - 1))
        found.append(
            Caution(
                "noise-few-pixels",
                f"The noise ROI has {len(values)} pixels: its SD is uncertain by about {spread:.0f} % (1 SE). Use at least {MIN_NOISE_PIXELS}.",
            )
        )
    if sd > 0 and len(values) >= 10:
        ratio = (mean - image.zero_value) / sd
        # The ratio of n pixels is uncertain by about the sqrt(0.56 / n) of its SD;
        # one box in a hundred is below by chance.
        if ratio < (1.0 - max(0.15, 2.576 * math.sqrt(0.56 / len(values)))) * RAYLEIGH_MEAN_OVER_SD:
            found.append(
                Caution(
                    "noise-not-magnitude",
                    f"Mean / SD in the noise ROI is {ratio:.2f}; magnitude noise has at least {RAYLEIGH_MEAN_OVER_SD:.2f}. The background was "
                    "processed (clipped, subtracted, filtered) or holds bright spots.",
                )
            )
        if (values.max() - float(np.median(values))) / sd > _SPIKE_SD:
            found.append(
                Caution(
                    "noise-spike",
                    f"A pixel in the noise ROI reads {values.max():.3g}, more than {_SPIKE_SD:g} SD above its median: an artefact is in it. Move it.",
                )
            )
        share = _trend_share(mask, values)
        if share > _TREND_SHARE + 6.0 / len(values):
            found.append(
                Caution(
                    "noise-trend",
                    f"{100 * share:.0f} % of the variance in the noise ROI is a slope across it: signal, ghosting or a coil edge reaches into it. "
                    "Move it further from the body and out of the phase-encoding direction.",
                )
            )
        darkest = _darkest_mean(image, air, len(values))
        if mean - image.zero_value > _BRIGHT_FACTOR * darkest and darkest > 0:
            found.append(
                Caution(
                    "noise-bright",
                    f"The noise ROI reads {mean:.4g}, more than {_BRIGHT_FACTOR:g} times the darkest air on the slice ({darkest + image.zero_value:.3g}): ghosting or "
                    "signal is in it.",
                )
            )
    return found


def _trend_share(mask: npt.NDArray[np.bool_], values: npt.NDArray[np.float64]) -> float:
    """Share of the variance that a plane through the pixels explains."""
    rows, cols = np.nonzero(mask)
    design = np.stack([np.ones(len(values)), rows, cols], axis=1).astype(np.float64)
    residual = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    variance = float(values.var())
    return 1.0 - float(residual.var()) / variance if variance > 0 else 0.0


def _darkest_mean(image: Slice, air: Mask, pixels: int) -> float:
    """Lowest mean of a box of that many pixels within free air, above the zero value; 0 where there is none."""
    side = max(3, round(math.sqrt(pixels)))
    zero = np.asarray(image.pixels) == image.zero_value
    # A border or a background of zeros is darker than any air and says nothing.
    inside = eroded(air, [side, side]) & (scipy.ndimage.uniform_filter(zero.astype(np.float64), side) < 0.5)
    if not inside.any():
        return 0.0
    means = scipy.ndimage.uniform_filter(np.nan_to_num(np.asarray(image.pixels, dtype=np.float64)), side)
    return float(means[inside].min()) - image.zero_value
