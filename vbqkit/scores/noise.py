"""Is this noise? What a box in the background must show before its SD may divide a signal.

What must be true of the picture is looked at here and in the modules for each part: where air is (``air``), whether
other air agrees (``noise_agreement``), copies of the body in it (``noise_ghosts``), noise that is not the picture's
(``noise_grain``). What the header says against an SD is in ``reconstruction``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import Caution, VbqkitError
from vbqkit.image import Slice, Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import NOISE, SCORED_LEVELS
from vbqkit.scores.air import Mask, free_air, no_free_air
from vbqkit.scores.noise_agreement import agreement, air_band, air_shares, darkest_mean, second_box
from vbqkit.scores.noise_findings import UNEVEN_CODES, NoiseCheck
from vbqkit.scores.noise_ghosts import GHOST_CAUTION, GHOST_REFUSAL, Ghost, find_ghost
from vbqkit.scores.noise_grain import unlike_tissue
from vbqkit.scores.reconstruction import check_reconstruction

MIN_NOISE_PIXELS = 50
"""Below this the SD itself is uncertain by more than 10 % (1 SE = 1 / sqrt(2 (n - 1)))."""

RAYLEIGH_MEAN_OVER_SD = math.sqrt(math.pi / 2.0) / math.sqrt(2.0 - math.pi / 2.0)
"""Mean over SD of magnitude noise from one channel, 1.91; from several channels it is higher, never lower."""

MOST_ZEROS = 0.05
"""Share of exact zeros, beyond what rounding gives, above which an SD is not used.

Zeros among Rayleigh noise (mean / SD 1.91) change the SD at once: 5 % raise it by 6 %, 10 % by 11 %, and where most
pixels are zero it tends to 0, and SNR to infinity."""

_CHANCE = 0.005  # of so many zeros from rounding alone
_MOST_ROUNDING = 0.10  # of the variance: the SD is then 5 % too large
_UNCONFIRMED = (
    "There is no second box of air on the slice to see whether the noise is the same elsewhere, and the header says that the scanner made it "
    "differ from place to place: the SD of this one box may be anything. Use VBQ."
)
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
    more than 5 % zeros beyond what rounding explains at this noise level, half of its power a copy of the body.

    Cautions, of which all but ``noise-few-pixels`` and ``noise-rounded`` make it :attr:`~NoiseCheck.doubtful`: zeros
    that rounding does not explain; noise so faint that rounding is part of its SD (``noise-rounded``); mean / SD below
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
    ghost = find_ghost(mask, image)
    of_mean, of_sd = air_shares(mask, air_band(image) or (1.0, 1.0))
    zeros = _zeros(values - image.zero_value, independent=values.size * of_sd)
    refusal = _refusal(m, zeros, ghost)
    found = _cautions(values, mask, image, m, zeros, independent=max(2.0, values.size * of_mean))
    if ghost is not None and ghost.share > GHOST_CAUTION:
        found.append(Caution("noise-ghost", _ghost_text(ghost)))
    if m.sd > 0:
        more = (agreement(m.sd, mask, image, marrow_mean=marrow_mean), unlike_tissue(mask, image))
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
        image = roi.slice_of(volume)
        processing = check_reconstruction(volume.acquisition)
        found = check_noise(roi, image, marrow_mean=mean).joined(processing)
        uneven = next((c for c in processing.cautions if c.code in UNEVEN_CODES), None)
        if uneven is None or found.refusal is not None or second_box(roi.mask(image), image) is not None:
            return found
        return found.joined(NoiseCheck(None, (Caution("noise-unconfirmed", _UNCONFIRMED),)))
    slices = [m.slice_index for m in levels]
    reason = no_free_air(volume.slice(max(set(slices), key=slices.count))) if slices else None
    return NoiseCheck(None if reason is None else f"no noise ROI, and {reason}", ())


def _refusal(m: Measurement, zeros: _Zeros, ghost: Ghost | None) -> str | None:
    if not m.sd > 0:
        return (
            f"the noise ROI has an SD of 0: all {m.n} pixels read {m.mean:g}, the background was masked. No M-score exists on this series; "
            "use VBQ."
        )
    if zeros.unexplained and zeros.share - zeros.by_rounding > MOST_ZEROS:
        return (
            f"{100 * zeros.share:.0f} % of the noise ROI is exactly zero, and rounding explains {100 * zeros.by_rounding:.1f} %: the scanner masked "
            f"or clipped the background, so its SD of {m.sd:.3g} is not the noise. Move the ROI to air without zeros; if there is none, no SNR or "
            "M-score exists on this series: use VBQ."
        )
    if ghost is not None and ghost.share > GHOST_REFUSAL:
        return f"{_ghost_text(ghost)} An SD of a ghost is not noise."
    return None


def _ghost_text(ghost: Ghost) -> str:
    what = "an N/2 ghost (half the field of view)" if ghost.half else "a ghost"
    return (
        f"{100 * ghost.share:.0f} % of the power in the noise ROI is a copy of the body, shifted by {ghost.shift_mm:.0f} mm across the "
        f"{ghost.axis}, with {100 * ghost.strength:.2g} % of its signal: {what}. It makes the SD of air larger or smaller than the noise, and SNR "
        "with it. Move the ROI out of the phase-encoding direction of the body."
    )


@dataclass(frozen=True, slots=True)
class _Zeros:
    """Exact zeros in a noise ROI.

    Attributes
    ----------
    share : float
        Of its pixels.
    by_rounding : float
        Share that rounding gives in Rayleigh noise of this level.
    unexplained : bool
        Whether chance makes so many of these less than once in 200 noise ROIs.
    step : float
        What the values are rounded to.
    """

    share: float
    by_rounding: float
    unexplained: bool
    step: float


def _zeros(values: npt.NDArray[np.float64], *, independent: float) -> _Zeros:
    """Zeros above and below what rounding of this noise explains.

    Noise of SD s in each channel, rounded to whole steps q, reads 0 wherever its magnitude is below q / 2: a share of
    ``1 - exp(-q^2 / (8 s^2))``. s comes from the pixels that are not zero, so that masked ones cannot explain
    themselves; q is the smallest difference between two values. Neighbours that repeat each other are zero together.
    """
    share, above = float((values == 0).mean()), values[values != 0]
    step = float(np.diff(np.unique(values)).min(initial=math.inf))
    if not (above.size and math.isfinite(step)):
        return _Zeros(share, 0.0, share > 0, 0.0)
    explained, square = 0.0, float((above**2).mean())
    for _ in range(4):  # to a share that explains itself: fewer zeros, more noise
        noise = max((1.0 - explained) * square / 2.0 - step**2 / 24.0, step**2 / 24.0)
        explained = 1.0 - math.exp(-(step**2) / (8.0 * noise))
    by_chance = scipy.special.bdtrc(round(share * independent) - 1, max(1, round(independent)), explained)
    return _Zeros(share, explained, share > explained and float(by_chance) < _CHANCE, step)


def _cautions(
    values: npt.NDArray[np.float64], mask: Mask, image: Slice, m: Measurement, zeros: _Zeros, *, independent: float
) -> list[Caution]:
    found = []
    mean, sd = m.mean, m.sd
    if zeros.unexplained:
        found.append(
            Caution(
                "noise-zeros",
                f"{100 * zeros.share:.0f} % of the noise ROI is exactly zero, and rounding explains {100 * zeros.by_rounding:.1f} %: the scanner "
                f"masked or clipped the background, so its SD of {sd:.3g} is not the noise, and SNR and M-score are wrong by an unknown factor. "
                "Move the ROI to air without zeros, or use VBQ.",
            )
        )
    rounding = zeros.step**2 / 12.0 / sd**2 if sd > 0 else 0.0
    if rounding > _MOST_ROUNDING:
        found.append(
            Caution(
                "noise-rounded",
                f"The noise is so faint that rounding to steps of {zeros.step:.3g} is {100 * rounding:.0f} % of its variance: SNR is too low by "
                f"about {100 * (1.0 - math.sqrt(max(0.0, 1.0 - rounding))):.0f} %.",
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
        # The ratio of n independent pixels is uncertain by about the sqrt(0.56 / n) of its SD;
        # one box in a hundred is below by chance.
        if ratio < (1.0 - max(0.15, 2.576 * math.sqrt(0.56 / independent))) * RAYLEIGH_MEAN_OVER_SD:
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
        if share > _TREND_SHARE + 6.0 / independent:
            found.append(
                Caution(
                    "noise-trend",
                    f"{100 * share:.0f} % of the variance in the noise ROI is a slope across it: signal, ghosting or a coil edge reaches into it. "
                    "Move it further from the body and out of the phase-encoding direction.",
                )
            )
        darkest = darkest_mean(image, len(values))
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
