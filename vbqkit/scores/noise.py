"""Is this noise? What a box in the background must show before its SD may divide a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import Caution, VbqkitError
from vbqkit.image import Slice, Volume
from vbqkit.roi import FIXED_AREA_CM2, Measurement, Roi
from vbqkit.roi.labels import NOISE, SCORED_LEVELS

MIN_NOISE_PIXELS = 50
"""Below this the SD itself is uncertain by more than 10 % (1 SE = 1 / sqrt(2 (n - 1)))."""

RAYLEIGH_MEAN_OVER_SD = math.sqrt(math.pi / 2.0) / math.sqrt(2.0 - math.pi / 2.0)
"""Mean over SD of magnitude noise from one channel, 1.91; from several channels it is higher, never lower."""

_EDGE_FRACTION = 1.0 / 3.0
_DARK = 0.10
_TREND_SHARE = 0.10
_SPIKE_SD = 6.0
_BRIGHT_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class NoiseCheck:
    """What is wrong with a noise ROI.

    Attributes
    ----------
    refusal : str or None
        Why its SD must not be used at all; None if it may, with the cautions.
    cautions : tuple of Caution
        Each travels with every SNR and M-score from this ROI.
    """

    refusal: str | None
    cautions: tuple[Caution, ...]


def free_air(image: Slice) -> npt.NDArray[np.bool_]:
    """Pixels of a slice that look like air outside the body.

    Dark (3 mm average below 10 % of the 99th percentile) and joined to the front or back edge of the picture where it is
    dark along at least a third of that edge. A saturation band, bowel gas or a vessel at the edge of a cropped picture is
    dark too, but not along the edge.

    Parameters
    ----------
    image : Slice
        Usually sagittal; on other planes the four edges count alike.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
        All False where there is no free air.
    """
    pixels = np.nan_to_num(np.asarray(image.pixels, dtype=np.float64))
    signal = pixels - min(image.zero_value, float(pixels.min()))
    size = [max(1, round(3.0 / step)) for step in image.spacing_mm]
    dark = scipy.ndimage.uniform_filter(signal, size=size, mode="nearest") < _DARK * np.percentile(signal, 99)
    labels, _ = scipy.ndimage.label(dark)
    letters = image.edge_letters
    edges = {"left": labels[:, 0], "right": labels[:, -1], "top": labels[0], "bottom": labels[-1]}
    wanted = [side for side in edges if letters[side] in "AP"] or list(edges)
    air = np.zeros(dark.shape, dtype=bool)
    for side in wanted:
        edge = edges[side]
        for component in np.unique(edge[edge > 0]):
            if (edge == component).mean() >= _EDGE_FRACTION:
                air |= labels == component
    return air


def no_free_air(image: Slice, *, area_cm2: float = FIXED_AREA_CM2) -> str | None:
    """Why a slice offers no place for a noise ROI, in a sentence; None if it does.

    Parameters
    ----------
    image : Slice
        The slice that is measured.
    area_cm2 : float
        Area of the noise ROI, cm2.
    """
    air = free_air(image)
    side = [max(1, math.ceil(math.sqrt(area_cm2 * 100.0) / step)) for step in image.spacing_mm]
    if scipy.ndimage.binary_erosion(air, np.ones(side, dtype=bool), border_value=0).any():
        return None
    height, width = (n * step for n, step in zip(image.shape, image.spacing_mm, strict=True))
    return (
        f"slice {image.index} has no free air: on this {height:.0f} x {width:.0f} mm picture nothing dark runs along a third of its "
        f"front or back edge with room for {area_cm2:g} cm2. Dark corners of a cropped picture are inside the body (saturation band, bowel "
        "gas, vessels), and their SD is not noise. SNR and M-score need a series that shows air around the body; VBQ does not."
    )


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
    Background noise of one channel has mean / SD = 1.91 (Rayleigh); several channels give more. A lower ratio cannot be
    magnitude noise. None of this proves that the SD is the noise *in the marrow*: uniformity correction, parallel imaging
    and filters make noise differ from place to place.
    """
    try:
        m = roi.measure(image)
    except VbqkitError as error:
        return NoiseCheck(str(error), ())
    values = np.asarray(image.pixels, dtype=np.float64)[roi.mask(image)]
    refusal = None
    air = free_air(image)[roi.mask(image)]
    if marrow_mean is not None and m.mean > marrow_mean / 3.0:
        refusal = f"the noise ROI has a mean of {m.mean:.4g}, more than a third of the marrow signal ({marrow_mean:.4g}): it lies on tissue. Move it into air."
    elif air.mean() < 0.5:
        refusal = no_free_air(image) or (
            f"the noise ROI lies {100 * (1 - air.mean()):.0f} % outside the free air of slice {image.index}: move it into the dark area along "
            "the front or back edge of the picture."
        )
    elif not m.sd > 0:
        refusal = f"the noise ROI has an SD of 0: all {m.n} pixels read {m.mean:g}, the background was masked. No M-score exists on this series; use VBQ."
    return NoiseCheck(refusal, tuple(_cautions(values, roi, image, m.mean, m.sd, m.fraction_zero)))


def check_series_noise(volume: Volume, roi: Roi | None, measured: Mapping[str, Measurement]) -> NoiseCheck:
    """Check the noise ROI of a series; where there is none, say whether the picture has room for one.

    Parameters
    ----------
    volume : Volume
        The series.
    roi : Roi or None
        Its noise ROI.
    measured : mapping of str to Measurement
        What the ROIs on the series measure, by label: L1 to L4 say how bright marrow is and which slice is measured; a noise ROI
        that could not be measured is not in it.

    Returns
    -------
    NoiseCheck
        As :func:`check_noise`; with a refusal if there is neither a noise ROI nor room for one.
    """
    levels = [measured[level] for level in SCORED_LEVELS if level in measured]
    if roi is not None and NOISE in measured:
        mean = sum(m.mean for m in levels) / len(levels) if levels else None
        return check_noise(roi, roi.slice_of(volume), marrow_mean=mean)
    slices = [m.slice_index for m in levels]
    reason = no_free_air(volume.slice(max(set(slices), key=slices.count))) if slices else None
    return NoiseCheck(None if reason is None else f"no noise ROI, and {reason}", ())


def _cautions(
    values: npt.NDArray[np.float64], roi: Roi, image: Slice, mean: float, sd: float, zeros: float
) -> list[Caution]:
    found = []
    # Rounding to whole stored numbers alone gives some zeros: the share of Rayleigh noise below half a step.
    step = image.acquisition.rescale_slope
    by_rounding = 1.0 - math.exp(-0.125 * (0.655 * step / sd) ** 2) if sd > 0 else 0.0
    expected = by_rounding * len(values)
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
        if ratio < 0.85 * RAYLEIGH_MEAN_OVER_SD:
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
        share = _trend_share(roi.mask(image), values)
        if share > _TREND_SHARE + 6.0 / len(values):
            found.append(
                Caution(
                    "noise-trend",
                    f"{100 * share:.0f} % of the variance in the noise ROI is a slope across it: signal, ghosting or a coil edge reaches into it. "
                    "Move it further from the body and out of the phase-encoding direction.",
                )
            )
        darkest = _darkest_mean(image, len(values))
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


def _darkest_mean(image: Slice, pixels: int) -> float:
    """Lowest mean of a box of that many pixels within free air, above the zero value; 0 where there is none."""
    side = max(3, round(math.sqrt(pixels)))
    inside = scipy.ndimage.binary_erosion(free_air(image), np.ones((side, side), dtype=bool), border_value=0)
    if not inside.any():
        return 0.0
    means = scipy.ndimage.uniform_filter(np.nan_to_num(np.asarray(image.pixels, dtype=np.float64)), side)
    return float(means[inside].min()) - image.zero_value
