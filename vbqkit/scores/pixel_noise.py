"""How sure a score is of its pixels: by the delta method, and by drawing means and SDs as new noise would give them.

What is drawn is the noise, and nothing else: the anatomy under a ROI is the same in every repetition, and so is what
noise adds to every one of them (the mean of a faint signal is raised by the magnitude).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.image import FloatArray, Slice
from vbqkit.roi import Measurement, Roi
from vbqkit.scores.definition import Key, ScoreInputs
from vbqkit.scores.registry import score_definition

BoolArray = npt.NDArray[np.bool_]

RAYLEIGH_KURTOSIS = 0.245
"""Excess kurtosis of magnitude noise without signal; it makes an SD less sure than in normal noise, by 6 %."""

AIR_MEAN = {2: 0.915, 4: 0.085}
AIR_SD = {2: 0.445, 4: 0.373, 6: 0.093, 8: 0.089}
"""Where noise correlates with r, magnitudes of it in air correlate with the sum of these shares of powers of r, and the
squares of their distances from the mean, of which an SD is made, with the sum of those: from the expansion of the
Rayleigh density in Laguerre polynomials, one channel; of several channels they correlate less."""

_WHITE = (1.0, 1.0)
_LEAST_BAND = 0.15  # of the sampled frequencies: interpolation by more than 6 in each direction does not come
_FEWEST = 9  # pixels of a ROI that can say something of its noise


def with_measurements(inputs: ScoreInputs, changed: Mapping[Key, Measurement]) -> ScoreInputs:
    """The same inputs with some measurements replaced."""
    return replace(
        inputs,
        measured={
            weighting: {label: changed.get((weighting, label), m) for label, m in table.items()}
            for weighting, table in inputs.measured.items()
        },
    )


def pixel_noise_se(inputs: ScoreInputs, name: str, *, independent: Mapping[Key, float] | None = None) -> float:
    """Standard error of a score from pixel noise by the delta method, from the measurements alone.

    ``se^2 = sum (d score / d q)^2 se(q)^2`` over the mean (``se = SD / sqrt(m)``) and the SD (``se = SD / sqrt(2 (m -
    1))``, normal noise) of every ROI that the score asks for; m is the number of independent pixels.

    Parameters
    ----------
    inputs : ScoreInputs
        What the score is computed from, with the aggregate if it has the choice.
    name : str
        Such as ``"VBQ-T1"``.
    independent : mapping, optional
        (weighting, label) to independent pixels over pixels, 0 to 1, from :func:`independent_share`. Without it every
        pixel counts as independent, which is too good for an image that was interpolated.

    Returns
    -------
    float
        In the unit of the score.

    Raises
    ------
    ScoreError
        If the score is unknown or cannot be computed.
    """
    definition, total = score_definition(name), 0.0
    asked = set(definition.asked(inputs))
    for weighting in definition.weightings:
        for label, m in inputs.measured[weighting].items():
            if (weighting, label) not in asked:
                continue
            effective = m.n * (independent or {}).get((weighting, label), 1.0)
            if effective < 2 or not m.sd > 0:
                continue
            for quantity, se in (("mean", m.sd / math.sqrt(effective)), ("sd", m.sd / math.sqrt(2 * (effective - 1)))):
                step = min(se, 1e-4 * abs(getattr(m, quantity)) + 1e-12)
                up, down = (
                    definition.value(with_measurements(inputs, {(weighting, label): _deviating(m, **{quantity: h})}))
                    for h in (step, -step)
                )
                total += ((up - down) / (2 * step) * se) ** 2
    return math.sqrt(total)


def _deviating(m: Measurement, *, mean: float = 0.0, sd: float = 0.0) -> Measurement:
    """A measurement with another mean or SD; median, least and largest value go with the mean."""
    moved = {name: getattr(m, name) + mean for name in ("mean", "median", "min", "max")}
    return replace(m, sd=m.sd + sd, **moved)


def noise_band(rois: Iterable[Roi], image: Slice) -> tuple[float, float]:
    """Which part of the picture's frequencies holds noise, along rows' and columns' index: 1 each for white noise.

    Zero filling and filters leave the outer frequencies empty. Noise that fills the inner share f evenly repeats itself
    from pixel to pixel as ``sin(pi f k) / (pi f k)`` at k steps; f follows from the correlation of direct neighbours,
    pooled over the ROIs. Correlations at larger steps are too unsure to be taken one by one from ROIs of usual size.

    Parameters
    ----------
    rois : iterable of Roi
        On tissue. A plane is taken out of each; texture that is left counts as noise that repeats itself.
    image : Slice
        The slice they lie on.

    Returns
    -------
    tuple of 2 floats
        About 0.5 each where an image was doubled by zero filling.
    """
    grids = [grid for roi in rois if (grid := _residual(roi, image)) is not None]
    band = _WHITE
    for _ in range(4):  # a plane takes more of noise that repeats itself; how much depends on the band
        band = _band_along(grids, 0, band), _band_along(grids, 1, band)
    return band


def _residual(roi: Roi, image: Slice) -> tuple[FloatArray, BoolArray] | None:
    """The pixels of a ROI less a plane through them, and where they are; None if there are too few, or all alike."""
    mask = np.asarray(roi.mask(image), dtype=bool)
    rows, cols = np.nonzero(mask)
    if rows.size < _FEWEST:
        return None
    values = np.asarray(image.pixels, dtype=np.float64)[mask]
    design = np.stack([np.ones(rows.size), rows, cols], axis=1).astype(np.float64)
    rest = np.zeros((np.ptp(rows) + 1, np.ptp(cols) + 1))
    known = np.zeros(rest.shape, dtype=bool)
    place = (rows - rows.min(), cols - cols.min())
    rest[place] = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    known[place] = True
    # What rounding leaves of a constant is not noise.
    return (rest, known) if float((rest**2).sum()) > 1e-18 * float((values**2).sum()) else None


def _band_along(grids: list[tuple[FloatArray, BoolArray]], axis: int, band: tuple[float, float]) -> float:
    differing, pairs = 0.0, 0
    for rest, known in grids:
        n = int(known.sum())
        independent = n * mask_share(known, band)
        variance = float((rest**2).sum()) / (n * (1.0 - min(0.75, 3.0 / independent)))
        x, m = np.moveaxis(rest, axis, 0), np.moveaxis(known, axis, 0)
        both = m[1:] & m[:-1]
        differing += float(((x[1:] - x[:-1])[both] ** 2).sum()) / 2.0 / variance
        pairs += int(both.sum())
    if pairs < _FEWEST:
        return 1.0
    rho = 1.0 - differing / pairs
    return 1.0 if rho < 2.0 / math.sqrt(pairs) else band_of_neighbours(rho)


def band_of_neighbours(rho: float) -> float:
    """The share f of frequencies that holds noise, from the correlation of neighbours: ``sin(pi f) / (pi f)``.

    Examples
    --------
    >>> round(band_of_neighbours(0.6366), 3), band_of_neighbours(0.0)
    (0.5, 1.0)
    """
    if rho <= 1e-6:
        return 1.0
    if rho >= float(np.sinc(_LEAST_BAND)):
        return _LEAST_BAND
    return float(scipy.optimize.brentq(lambda f: float(np.sinc(f)) - rho, _LEAST_BAND, 1.0))


def mask_share(mask: BoolArray, band: tuple[float, float], *, power: int = 1) -> float:
    """Independent pixels over pixels for the mean over a mask: ``n / sum of the correlations of all pairs``.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, cols)
        The pixels.
    band : tuple of 2 floats
        From :func:`noise_band`.
    power : int
        Of the correlation: 2 for an SD.
    """
    if band == _WHITE:
        return 1.0
    weights = mask[np.ix_(mask.any(axis=1), mask.any(axis=0))].astype(np.float64)
    return float(weights.sum()) / float(correlated(weights[None], band, power=power)[0])


def correlated(weights: FloatArray, band: tuple[float, float], *, power: int = 1) -> FloatArray:
    """Variance of sums of noise of SD 1 with these weights, shape (k, rows, cols): one for each of the k.

    Parameters
    ----------
    weights : ndarray, shape (k, rows, cols)
        Of each pixel.
    band, power
        As for :func:`mask_share`.
    """
    return np.asarray(np.einsum("kij,kij->k", _filtered(weights, band, power), weights))


def _filtered(weights: FloatArray, band: tuple[float, float], power: int) -> FloatArray:
    """The weights, each spread over its neighbours as their noise correlates with its own."""
    if band == _WHITE:
        return weights
    rows, cols = (
        np.sinc(f * np.subtract.outer(np.arange(n), np.arange(n))) ** power
        for f, n in zip(band, weights.shape[1:], strict=True)
    )
    spread: FloatArray = rows @ weights @ cols
    return spread


def freedom_of_mean_square(weights: FloatArray, band: tuple[float, float], *, power: int = 1) -> float:
    """Degrees of freedom of the mean square of sums of noise with these weights, shape (k, rows, cols).

    ``(sum of variances)^2 / sum of squared covariances``, as Satterthwaite: 1 if all sums are one, k if none shares
    noise with another.

    Parameters
    ----------
    weights : ndarray, shape (k, rows, cols)
        Of each pixel.
    band, power
        As for :func:`mask_share`.

    Examples
    --------
    >>> freedom_of_mean_square(np.eye(4).reshape(4, 2, 2), (1.0, 1.0))
    4.0
    """
    covariances = _filtered(weights, band, power).reshape(len(weights), -1) @ weights.reshape(len(weights), -1).T
    squares = float((covariances**2).sum())
    return float(np.trace(covariances)) ** 2 / squares if squares > 0 else 1.0


def independent_share(roi: Roi, image: Slice, *, band: tuple[float, float] | None = None) -> float:
    """Independent pixels over pixels for the mean of a ROI, 0 to 1.

    Interpolated images (zero filling, filters) have neighbours that repeat each other, so their mean is less sure than
    SD / sqrt(n). It is n over the sum of the correlations between all pairs of its pixels.

    Parameters
    ----------
    roi : Roi
        On tissue.
    image : Slice
        The slice it lies on.
    band : tuple of 2 floats, optional
        From :func:`noise_band` of all tissue ROIs, which know it better than one; without it that of this ROI.

    Returns
    -------
    float
        1 for white noise; about 0.27 for a ROI of 8 mm where an image was doubled in both directions.
    """
    if band is None:
        band = noise_band([roi], image)
    return min(1.0, mask_share(np.asarray(roi.mask(image), dtype=bool), band))


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelNoise:
    """What new noise may do to mean and SD of one ROI.

    Attributes
    ----------
    mean_se : float
        SD of the pixels over the square root of how many are independent, a.u.
    mean_freedom : float
        Degrees of freedom of that SD.
    sd : float
        SD of the pixels, a.u., corrected for what the mean of pixels that repeat each other has taken from it.
    sd_bias : float
        That correction, as a factor: 1 for white noise.
    sd_freedom : float
        Degrees of freedom of the SD.
    """

    mean_se: float
    mean_freedom: float
    sd: float
    sd_bias: float
    sd_freedom: float

    @classmethod
    def of(cls, m: Measurement, *, mean_share: float, sd_share: float, kurtosis: float = 0.0) -> PixelNoise:
        """From a measurement.

        Parameters
        ----------
        m : Measurement
            Of the ROI.
        mean_share, sd_share : float
            Independent pixels over pixels, for the mean and for the SD.
        kurtosis : float
            Excess kurtosis of the noise: 0 in tissue, :data:`RAYLEIGH_KURTOSIS` in air.
        """
        for_mean, for_sd = max(2.0, m.n * mean_share), max(2.0, m.n * sd_share)
        bias = math.sqrt((1.0 - 1.0 / m.n) / (1.0 - 1.0 / for_mean)) if m.n > 1 else 1.0
        return cls(
            mean_se=m.sd * bias / math.sqrt(for_mean),
            mean_freedom=for_sd - 1.0,
            sd=m.sd * bias,
            sd_bias=bias,
            sd_freedom=(for_sd - 1.0) * 2.0 / (2.0 + kurtosis),
        )

    def deviations(self, n_draws: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """How the true mean and SD may differ from what was measured: a t and a chi-square of their freedom.

        ``mean_se t`` and ``sd sqrt(freedom / chi2) - measured SD``: the distributions that the intervals of textbooks
        for a mean and an SD are made of, exact for normal noise.

        Parameters
        ----------
        n_draws : int
            Draws.
        rng : numpy.random.Generator
            Where the randomness comes from.

        Returns
        -------
        tuple of 2 ndarrays, shape (n_draws,)
            Deviations of the mean and of the SD, a.u.
        """
        if not (self.sd > 0 and math.isfinite(self.sd)):
            return np.zeros(n_draws), np.zeros(n_draws)
        mean = self.mean_se * rng.standard_t(self.mean_freedom, n_draws)
        sd = self.sd * np.sqrt(self.sd_freedom / rng.chisquare(self.sd_freedom, n_draws))
        return mean, sd - self.sd / self.sd_bias
