"""Radiomic features of a region by the definitions of the Image Biomarker Standardisation Initiative (IBSI).

Statistics of the signal, and texture of its gray levels: co-occurrence (GLCM), runs (GLRLM), zones (GLSZM) and
differences from the neighborhood (NGTDM). Shape, intensity-volume, distance-zone and dependence features are not here.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vbqkit.image import Slice, Volume
from vbqkit.machine_learning.gray_levels import Levels, checked_region, gray_levels
from vbqkit.machine_learning.texture_matrices import cooccurrence, run_lengths, tone_differences, zone_sizes
from vbqkit.roi import Roi

Array = npt.NDArray[np.float64]

FLAT_COARSENESS = 1e6
"""Coarseness of a region without any difference: IBSI's convention."""


def roi_radiomics(image: Slice | Volume, roi: Roi, *, bins: int = 16) -> dict[str, float]:
    """Radiomic features of the pixels under a ROI; see :func:`radiomic_features`.

    Parameters
    ----------
    image : Slice or Volume
        Of a volume, the slice nearest to the ROI.
    roi : Roi
        Pixels whose center is inside count.
    bins : int
        Gray levels for texture.

    Raises
    ------
    RoiError
        If the ROI covers fewer than 9 pixels, or one that is not a finite number.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> image = Slice(np.arange(400.0).reshape(20, 20), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    >>> roi = Rectangle(center=(0, 9, -9), half_width=(0, 4.4, 0), half_height=(0, 0, 4.4), label="L3")
    >>> round(roi_radiomics(image, roi)["mean"], 1)
    189.0
    """
    target = roi.slice_of(image)
    return radiomic_features(target.pixels, roi.mask(target), bins=bins)


def radiomic_features(pixels: npt.ArrayLike, mask: npt.ArrayLike, *, bins: int = 16) -> dict[str, float]:
    """Radiomic features of the pixels within a mask.

    Statistics are of the signal as it is (in MRI they depend on gain, coil and protocol); texture is of its gray levels
    (:func:`~vbqkit.machine_learning.gray_levels.gray_levels`), from which gain and offset cancel.

    Parameters
    ----------
    pixels : array-like, two or three dimensions
        Signal.
    mask : array-like of bool, same shape
        The region.
    bins : int
        Gray levels for texture.

    Returns
    -------
    dict of str to float
        ``mean`` ... ``rms`` of the signal, ``entropy`` and ``uniformity`` of the histogram of gray levels,
        ``glcm_...``, ``glrlm_...``, ``glszm_...`` and ``ngtdm_...``. nan where a feature is not defined, as the
        correlation of a region of one gray level.

    Raises
    ------
    RoiError
        As :func:`~vbqkit.machine_learning.gray_levels.gray_levels`.

    References
    ----------
    Zwanenburg et al., Radiology 2020;295:328-338, doi:10.1148/radiol.2020191145; definitions and values of the digital
    phantom: IBSI reference manual, arXiv:1612.07003. Checked on these values, in a plane and in space.

    Examples
    --------
    >>> found = radiomic_features(np.arange(25.0).reshape(5, 5), np.ones((5, 5)), bins=8)
    >>> round(found["mean"], 2), round(found["glcm_contrast"], 2)
    (12.0, 2.14)
    """
    values, inside = checked_region(pixels, mask)
    return signal_statistics(values[inside]) | texture_features(gray_levels(pixels, mask, bins=bins))


def signal_statistics(x: Array) -> dict[str, float]:
    """Intensity-based statistics of the values of a region (IBSI 3.3): 18 features; variance with 1/n."""
    mean, variance = float(x.mean()), float(x.var())
    p10, p25, median, p75, p90 = (float(v) for v in np.percentile(x, (10, 25, 50, 75, 90)))
    central = x[(x >= p10) & (x <= p90)]
    away = x - mean
    return {
        "mean": mean,
        "variance": variance,
        "skewness": _ratio(float((away**3).mean()), variance**1.5),
        "kurtosis": _ratio(float((away**4).mean()), variance**2) - 3.0,
        "median": median,
        "minimum": float(x.min()),
        "p10": p10,
        "p90": p90,
        "maximum": float(x.max()),
        "interquartile_range": p75 - p25,
        "range": float(x.max() - x.min()),
        "mean_deviation": float(np.abs(away).mean()),
        "central_mean_deviation": float(np.abs(central - central.mean()).mean()),
        "median_deviation": float(np.abs(x - median).mean()),
        "coefficient_of_variation": _ratio(math.sqrt(variance), mean),
        "quartile_dispersion": _ratio(p75 - p25, p75 + p25),
        "energy": float((x**2).sum()),
        "rms": math.sqrt(float((x**2).mean())),
    }


def texture_features(levels: Levels) -> dict[str, float]:
    """Texture of gray levels: histogram, GLCM, GLRLM, GLSZM, NGTDM.

    Parameters
    ----------
    levels : ndarray of int, two or three dimensions
        From 1; 0 outside of the region.
    """
    n = int((levels > 0).sum())
    share = np.bincount(levels[levels > 0].astype(np.intp)) / n  # Python in a browser counts with 32 bits
    found = {"entropy": _entropy(share), "uniformity": float((share**2).sum())}
    found |= {f"glcm_{name}": value for name, value in _of_pairs(cooccurrence(levels)).items()}
    ways = (3**levels.ndim - 1) // 2
    runs = _of_runs(run_lengths(levels), ways * n)
    zones = _of_runs(zone_sizes(levels), n)
    found |= {f"glrlm_{name}": value for name, value in runs.items()}
    found |= {f"glszm_{name}": value for name, value in zones.items()}
    return found | {f"ngtdm_{name}": value for name, value in _of_tones(*tone_differences(levels)).items()}


def _of_pairs(counts: Array) -> dict[str, float]:
    """GLCM features (IBSI 3.6)."""
    total = counts.sum()
    if total == 0:  # no two neighbors
        counts, total = np.full_like(counts, np.nan), np.float64(1.0)
    p = counts / total
    top = len(p)
    i, j = np.indices(p.shape) + 1
    k = np.abs(i - j)
    margin = p.sum(axis=1)
    level = np.arange(1, top + 1)
    mean = float((level * margin).sum())
    spread = float(((level - mean) ** 2 * margin).sum())
    by_difference: Array = np.bincount(k.ravel(), weights=p.ravel(), minlength=top).astype(np.float64)
    by_sum: Array = np.bincount((i + j).ravel(), weights=p.ravel(), minlength=2 * top + 1).astype(np.float64)
    differences, sums = np.arange(by_difference.size), np.arange(by_sum.size)
    mean_difference, mean_sum = float((differences * by_difference).sum()), float((sums * by_sum).sum())
    both, independent = _entropy(p), np.outer(margin, margin)
    cross = -float((p * _log2(independent)).sum())
    apart = p[k > 0] / k[k > 0] ** 2
    return {
        "joint_maximum": float(p.max()),
        "joint_average": mean,
        "joint_variance": spread,
        "joint_entropy": both,
        "difference_average": mean_difference,
        "difference_variance": float(((differences - mean_difference) ** 2 * by_difference).sum()),
        "difference_entropy": _entropy(by_difference),
        "sum_average": mean_sum,
        "sum_variance": float(((sums - mean_sum) ** 2 * by_sum).sum()),
        "sum_entropy": _entropy(by_sum),
        "angular_second_moment": float((p**2).sum()),
        "contrast": float((k**2 * p).sum()),
        "dissimilarity": float((k * p).sum()),
        "inverse_difference": float((p / (1 + k)).sum()),
        "normalised_inverse_difference": float((p / (1 + k / top)).sum()),
        "inverse_difference_moment": float((p / (1 + k**2)).sum()),
        "normalised_inverse_difference_moment": float((p / (1 + (k / top) ** 2)).sum()),
        "inverse_variance": float(apart.sum()),
        "correlation": _ratio(float((i * j * p).sum()) - mean**2, spread),
        "autocorrelation": float((i * j * p).sum()),
        "cluster_tendency": float(((i + j - 2 * mean) ** 2 * p).sum()),
        "cluster_shade": float(((i + j - 2 * mean) ** 3 * p).sum()),
        "cluster_prominence": float(((i + j - 2 * mean) ** 4 * p).sum()),
        "information_correlation_1": _ratio(both - cross, _entropy(margin)),
        "information_correlation_2": math.sqrt(max(0.0, 1.0 - math.exp(-2.0 * (_entropy(independent) - both)))),
    }


def _of_runs(counts: Array, pixels: int) -> dict[str, float]:
    """GLRLM and GLSZM features (IBSI 3.7, 3.8): level i, length or size j."""
    total = counts.sum()
    i, j = np.indices(counts.shape) + 1.0
    p = counts / total
    of_level, of_length = counts.sum(axis=1), counts.sum(axis=0)
    mean_level, mean_length = float((i * p).sum()), float((j * p).sum())
    return {
        "short": float((p / j**2).sum()),
        "long": float((p * j**2).sum()),
        "low_level": float((p / i**2).sum()),
        "high_level": float((p * i**2).sum()),
        "short_low_level": float((p / (i * j) ** 2).sum()),
        "short_high_level": float((p * i**2 / j**2).sum()),
        "long_low_level": float((p * j**2 / i**2).sum()),
        "long_high_level": float((p * (i * j) ** 2).sum()),
        "level_nonuniformity": float((of_level**2).sum() / total),
        "normalised_level_nonuniformity": float((of_level**2).sum() / total**2),
        "length_nonuniformity": float((of_length**2).sum() / total),
        "normalised_length_nonuniformity": float((of_length**2).sum() / total**2),
        "percentage": float(total / pixels),
        "level_variance": float(((i - mean_level) ** 2 * p).sum()),
        "length_variance": float(((j - mean_length) ** 2 * p).sum()),
        "entropy": _entropy(p),
    }


def _of_tones(n: Array, s: Array) -> dict[str, float]:
    """NGTDM features (IBSI 3.10)."""
    total = float(n.sum())
    if total == 0:  # no two neighbors
        return dict.fromkeys(("coarseness", "contrast", "busyness", "complexity", "strength"), math.nan)
    there = n > 0
    level, p, s = np.flatnonzero(there) + 1.0, n[there] / total, s[there]
    weighted = float((p * s).sum())
    kinds = len(level)
    between = (level[:, None] - level[None, :]) ** 2
    tones = np.abs(level[:, None] * p[:, None] - level[None, :] * p[None, :])
    pair = p[:, None] + p[None, :]
    flat = kinds == 1
    return {
        "coarseness": FLAT_COARSENESS if weighted == 0 else 1.0 / weighted,
        "contrast": 0.0 if flat else float((np.outer(p, p) * between).sum() / (kinds * (kinds - 1)) * s.sum() / total),
        "busyness": 0.0 if flat else _ratio(weighted, float(tones.sum())),
        "complexity": float((np.sqrt(between) * ((p * s)[:, None] + (p * s)[None, :]) / pair).sum() / total),
        "strength": 0.0 if s.sum() == 0 else float((pair * between).sum() / s.sum()),
    }


def _entropy(p: Array) -> float:
    return -float((p * _log2(p)).sum())


def _log2(p: Array) -> Array:
    """Logarithm to base 2; 0 where p is 0, as p log p is."""
    found: Array = np.log2(p, out=np.zeros_like(p), where=p > 0) if not np.isnan(p).any() else np.full_like(p, np.nan)
    return found


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan
