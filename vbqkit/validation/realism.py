"""How alike a simulated scan and a real one are: contrast, edges, texture and spectrum, in numbers.

Every measure is a ratio or a length, so that the two scans need share neither gain nor pixel size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError
from vbqkit.image import Slice, Volume
from vbqkit.roi import Ellipse, Roi
from vbqkit.roi.labels import SCORED_LEVELS

FloatArray = npt.NDArray[np.float64]

REGIONS = ("marrow", "csf", "disc", "muscle", "deep fat", "subcutaneous fat")
"""What :func:`realism_row` compares; a region that a scan does not show is left out, and its ratio is nan."""

_EDGE_SHARE = 0.03  # the steepest pixels that count as edges
_NEIGHBOURHOOD_MM = 3.0
_SPECTRUM_PER_MM = (0.05, 0.45)
_POWER_BANDS_PER_MM = {"low": (0.08, 0.16), "middle": (0.16, 0.35), "high": (0.35, 0.7)}


def realism_row(volume: Volume, regions: Mapping[str, Sequence[Roi]], *, spine: Roi) -> dict[str, float]:
    """One table row that describes the middle of a scan, of any weighting.

    Parameters
    ----------
    volume : Volume
        The scan.
    regions : mapping of str to sequence of Roi
        ROIs of the tissues in :data:`REGIONS`, in patient mm; several ROIs of a tissue are averaged.
    spine : Roi
        Region of the mid-sagittal slice with bodies, discs and canal, for edges and spectrum.

    Returns
    -------
    dict
        ``marrow_csf``, ``disc_marrow``, ``muscle_marrow``, ``deep_fat_marrow``, ``subcutaneous_fat_marrow`` (ratios of
        mean signal; subcutaneous fat is closer to the coil than marrow, deep fat is not); ``edge_width_mm`` (see
        :func:`edge_width`); ``texture`` (SD / mean in marrow) and ``texture_reach_mm`` (see
        :func:`correlation_length`); ``csf_noise`` (SD / mean in CSF); ``spectrum_slope`` (see :func:`spectrum_slope`);
        ``between_level_cv`` (SD / mean over the marrow ROIs); ``power_low``, ``power_middle`` and ``power_high``
        (1e-4 mm2, see :func:`noise_power`, in marrow, from 0.08 to 0.16, 0.35 and 0.7 per mm).

    Raises
    ------
    ScannerError
        The regions are not those that can be compared.
    """
    unknown = set(regions) - set(REGIONS)
    if unknown or "marrow" not in regions:
        raise ScannerError(f"Regions {sorted(regions)} cannot be compared; give 'marrow' and any of {REGIONS}.")
    means = {name: float(np.mean([roi.measure(volume).mean for roi in rois])) for name, rois in regions.items() if rois}

    def ratio(a: str, b: str) -> float:
        return means[a] / means[b] if a in means and b in means else float("nan")

    marrow = [roi.measure(volume) for roi in regions["marrow"]]
    levels = [measured.mean for measured in marrow]
    fluid = [roi.measure(volume) for roi in regions.get("csf", ())]
    image = spine.slice_of(volume)
    picture, spacing = cut_out(image, spine), image.spacing_mm
    return {
        "marrow_csf": ratio("marrow", "csf"),
        "disc_marrow": ratio("disc", "marrow"),
        "muscle_marrow": ratio("muscle", "marrow"),
        "deep_fat_marrow": ratio("deep fat", "marrow"),
        "subcutaneous_fat_marrow": ratio("subcutaneous fat", "marrow"),
        "edge_width_mm": edge_width(picture, spacing),
        "texture": float(np.mean([m.sd / m.mean for m in marrow])),
        "texture_reach_mm": float(
            np.mean([correlation_length(cut_out(roi.slice_of(volume), roi), spacing) for roi in regions["marrow"]])
        ),
        "csf_noise": float(np.mean([m.sd / m.mean for m in fluid])) if fluid else float("nan"),
        "spectrum_slope": spectrum_slope(picture, spacing),
        "between_level_cv": float(np.std(levels, ddof=1) / np.mean(levels)) if len(levels) > 1 else float("nan"),
    } | {
        f"power_{name}": float(
            np.mean([noise_power(cut_out(roi.slice_of(volume), roi), spacing, band) for roi in regions["marrow"]])
        )
        for name, band in _POWER_BANDS_PER_MM.items()
    }


def side_row(volume: Volume, column: Roi) -> dict[str, float]:
    """One table row that describes a slice beside the middle, through pedicles, foramina and facet joints.

    Parameters
    ----------
    volume : Volume
        The scan.
    column : Roi
        Region with the column and the joints behind it.

    Returns
    -------
    dict
        ``side_contrast`` (95th less 5th percentile, relative to the mean), ``side_edge_width_mm`` and
        ``side_spectrum_slope``.
    """
    image = column.slice_of(volume)
    picture, spacing = cut_out(image, column), image.spacing_mm
    low, high = np.quantile(picture, (0.05, 0.95))
    return {
        "side_contrast": float((high - low) / picture.mean()),
        "side_edge_width_mm": edge_width(picture, spacing),
        "side_spectrum_slope": spectrum_slope(picture, spacing),
    }


def noise_power(picture: FloatArray, spacing_mm: tuple[float, float], band_per_mm: tuple[float, float]) -> float:
    """Power of texture and noise within a band of frequencies, relative to the square of the mean, 1e-4 mm2.

    White noise of a SD of 1 % on pixels of 1 mm2 has 1.

    Examples
    --------
    >>> noise = 1.0 + 0.01 * np.random.default_rng(0).standard_normal((200, 200))
    >>> round(noise_power(noise, (1.0, 1.0), (0.1, 0.4)), 1)
    1.0
    """
    plane = _detrended(picture / picture.mean())
    cell = spacing_mm[0] * spacing_mm[1]
    power = np.abs(np.fft.fft2(plane)) ** 2 * cell / plane.size * 1e4
    rows, cols = (np.fft.fftfreq(n, d) for n, d in zip(plane.shape, spacing_mm, strict=True))
    frequency = np.hypot(rows[:, None], cols[None, :])
    inside = (frequency >= band_per_mm[0]) & (frequency < band_per_mm[1])
    return float(power[inside].mean()) if inside.any() else float("nan")


def cut_out(image: Slice, roi: Roi) -> FloatArray:
    """The pixels of the smallest upright window around a ROI."""
    corners = image.to_rows_cols(roi.outline_mm())
    low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int) + 1
    rows, cols = slice(max(low[0], 0), high[0]), slice(max(low[1], 0), high[1])
    return np.asarray(image.pixels[rows, cols], dtype=np.float64)


def edge_width(picture: FloatArray, spacing_mm: tuple[float, float]) -> float:
    """Typical width of the strongest edges, mm: local contrast divided by slope. Smaller is sharper.

    Median over the steepest 3 % of pixels of (local maximum - local minimum within 3 mm) / gradient.

    Examples
    --------
    >>> ramp = np.tile(np.clip(np.arange(40.0) - 18.0, 0, 4), (40, 1))  # rises over 4 pixels
    >>> round(edge_width(ramp, (0.5, 0.5)), 1)
    2.0
    """
    down, across = np.gradient(picture, *spacing_mm)
    slope = np.hypot(down, across)
    size = [max(3, 2 * round(_NEIGHBOURHOOD_MM / s) + 1) for s in spacing_mm]
    contrast = scipy.ndimage.maximum_filter(picture, size=size) - scipy.ndimage.minimum_filter(picture, size=size)
    steep = slope >= np.quantile(slope, 1.0 - _EDGE_SHARE)
    return float(np.median(contrast[steep & (slope > 0)] / slope[steep & (slope > 0)]))


def correlation_length(picture: FloatArray, spacing_mm: tuple[float, float]) -> float:
    """Distance over which texture stays alike, mm: where the autocorrelation falls to 1/2, averaged over both axes.

    White noise has about half a pixel; blurred or interpolated pictures more.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((60, 60))
    >>> round(correlation_length(noise, (1.0, 1.0)), 1)
    0.5
    """
    plane = _detrended(picture)
    lengths = []
    for axis, spacing in enumerate(spacing_mm):
        values = np.moveaxis(plane, axis, 0)
        lag = [float((values[: len(values) - k] * values[k:]).mean()) / float((values**2).mean()) for k in range(5)]
        below = next((k for k, r in enumerate(lag) if r < 0.5), len(lag) - 1)
        part = (lag[below - 1] - 0.5) / max(lag[below - 1] - lag[below], 1e-9)
        lengths.append((below - 1 + min(part, 1.0)) * spacing)
    return float(np.mean(lengths))


def _detrended(picture: FloatArray) -> FloatArray:
    """A picture without its mean and its slopes."""
    plane = picture - picture.mean()
    rows, cols = (np.arange(n) - (n - 1) / 2 for n in plane.shape)
    plane = plane - rows[:, None] * (plane * rows[:, None]).sum() / ((rows**2).sum() * len(cols))
    flat: FloatArray = plane - cols[None, :] * (plane * cols[None, :]).sum() / ((cols**2).sum() * len(rows))
    return flat


def spectrum_slope(picture: FloatArray, spacing_mm: tuple[float, float]) -> float:
    """Slope of log power against log frequency from 0.05 to 0.45 cycles/mm; natural pictures have -2 to -3.

    Radial: power is averaged over rings of equal width in log frequency, after a Hann window.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((200, 200))
    >>> abs(spectrum_slope(noise, (0.7, 0.7))) < 0.1
    True
    """
    window = np.hanning(picture.shape[0])[:, None] * np.hanning(picture.shape[1])[None, :]
    power = np.abs(np.fft.rfft2((picture - picture.mean()) * window)) ** 2
    f_rows, f_cols = np.fft.fftfreq(picture.shape[0], spacing_mm[0]), np.fft.rfftfreq(picture.shape[1], spacing_mm[1])
    frequency = np.hypot(f_rows[:, None], f_cols[None, :])
    rings = np.geomspace(*_SPECTRUM_PER_MM, 16)
    middle, mean = [], []
    for low, high in pairwise(rings):
        inside = (frequency >= low) & (frequency < high)
        if inside.any():
            middle.append(np.log(np.sqrt(low * high)))
            mean.append(np.log(power[inside].mean()))
    return float(np.polyfit(middle, mean, 1)[0])


def regions_of(phantom: Phantom, *, radius_mm: float = 2.7) -> dict[str, list[Roi]]:
    """The regions of :func:`realism_row` on a virtual patient, each clean on its truth.

    Marrow and CSF are the reference ROIs; disc, psoas, fat beside the upper spine and fat under the skin of the back
    are circles of `radius_mm` at the place nearest to where a reader would put them.
    """
    by_label = {roi.label: roi for roi in phantom.reference_rois}
    levels = [by_label[name] for name in SCORED_LEVELS if name in by_label]
    x0, y0, z0 = levels[-1].center_mm
    regions: dict[str, list[Roi]] = {"marrow": list(levels), "csf": [by_label["CSF"]]}
    wishes = {
        "disc": ((x0, y0 + 2.0, z0 + 18.0), ("disc_nucleus", "disc_degenerate")),
        "muscle": ((x0 + 30.0, y0 - 2.0, z0 - 5.0), ("muscle",)),
        "deep fat": ((x0 + 30.0, y0 - 12.0, z0 + 105.0), ("visceral_fat",)),
        "subcutaneous fat": ((x0, y0 + 90.0, z0), ("subcutaneous_fat",)),
    }
    for name, (wish, tissues) in wishes.items():
        circle = _clean_circle(phantom, wish, tissues, radius_mm, name)
        regions[name] = [] if circle is None else [circle]
    return regions


def _clean_circle(
    phantom: Phantom, wish_mm: tuple[float, float, float], tissues: tuple[str, ...], radius_mm: float, label: str
) -> Ellipse | None:
    a, (dz, dy, dx) = phantom.affine, phantom.spacing_mm
    plane = int(np.clip(round((wish_mm[0] - a[0, 3]) / dz), 1, phantom.shape[0] - 2))
    codes = [CODE[t] for t in tissues]
    clean = np.isin(phantom.tissue[plane - 1 : plane + 2], codes).all(axis=0)
    room = scipy.ndimage.distance_transform_edt(np.pad(clean, 1), sampling=(dy, dx))[1:-1, 1:-1]
    rows, cols = np.nonzero(room > radius_mm + 0.5)
    if not len(rows):
        return None
    z, y = a[2, 3] + a[2, 1] * rows, a[1, 3] + a[1, 2] * cols
    best = int(np.argmin(np.hypot(y - wish_mm[1], z - wish_mm[2])))
    center = (float(a[0, 3] + dz * plane), float(y[best]), float(z[best]))
    return Ellipse(center=center, half_width=(0, radius_mm, 0), half_height=(0, 0, -radius_mm), label=label)
