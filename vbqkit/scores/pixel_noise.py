"""How sure a score is of its pixels.

The delta method from the measurements, the bootstrap from the pixels themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vbqkit.image import FloatArray, Slice
from vbqkit.roi import Measurement, Roi
from vbqkit.scores.definition import Key, ScoreInputs
from vbqkit.scores.draws import blocks
from vbqkit.scores.registry import score_definition

_PIXEL_BYTES = 24
"""What a draw takes for each pixel: which pixel is drawn, its value, its distance from the mean."""


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


def independent_share(roi: Roi, image: Slice) -> float:
    """Independent pixels over pixels under a ROI, 0 to 1: 1 / (sum of the autocorrelation along rows x along columns).

    Interpolated images (zero filling, filters) have neighbours that repeat each other, so their mean is less sure than
    SD / sqrt(n). A plane is taken out first; the sums stop at the first lag that is not above its own noise.

    Parameters
    ----------
    roi : Roi
        Best the noise ROI, where there is no anatomy.
    image : Slice
        The slice it lies on.

    Returns
    -------
    float
        1 for white noise; about 0.25 where an image was doubled in both directions.
    """
    mask = np.asarray(roi.mask(image), dtype=bool)
    rows, cols = np.nonzero(mask)
    design = np.stack([np.ones(rows.size), rows, cols], axis=1).astype(np.float64)
    values = np.asarray(image.pixels, dtype=np.float64)[mask]
    residual = np.zeros((np.ptp(rows) + 1, np.ptp(cols) + 1))
    known = np.zeros(residual.shape, dtype=bool)
    place = (rows - rows.min(), cols - cols.min())
    residual[place] = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    known[place] = True
    variance = float((residual**2).sum()) / values.size
    if not variance > 1e-18 * float((values**2).mean()):
        return 1.0  # constant, but for rounding
    return float(np.prod([1.0 / _correlation_sum(residual, known, axis, variance) for axis in (0, 1)]))


def _correlation_sum(residual: FloatArray, known: npt.NDArray[np.bool_], axis: int, variance: float) -> float:
    total = 1.0
    for lag in range(1, max(2, residual.shape[axis] // 2)):
        x, y = np.moveaxis(residual, axis, 0)[lag:], np.moveaxis(residual, axis, 0)[:-lag]
        both = np.moveaxis(known, axis, 0)[lag:] & np.moveaxis(known, axis, 0)[:-lag]
        pairs = int(both.sum())
        if pairs < 4:
            break
        rho = float((x * y)[both].sum()) / pairs / variance
        if rho < 2.0 / math.sqrt(pairs):
            break
        total += 2.0 * min(rho, 1.0)
    return total


def bootstrap_deviations(
    roi: Roi,
    image: Slice,
    *,
    independent: float,
    n_draws: int,
    rng: np.random.Generator,
    checkpoint: Callable[[], None] = lambda: None,
) -> tuple[FloatArray, FloatArray]:
    """How mean and SD of a ROI differ from their own value when its pixels are drawn again with replacement.

    Parameters
    ----------
    roi, image
        The ROI and the slice it lies on; pixels by the center rule.
    independent : float
        Independent pixels over pixels; the deviations are widened by 1 / sqrt of it.
    n_draws : int
        Draws.
    rng : numpy.random.Generator
        Where the randomness comes from.
    checkpoint : callable
        Called before each block of draws; what it raises ends the work.

    Returns
    -------
    tuple of 2 ndarrays, shape (n_draws,)
        Deviations of the mean and of the SD, a.u.
    """
    values = np.asarray(image.pixels, dtype=np.float64)[np.asarray(roi.mask(image), dtype=bool)]
    if values.size < 2:
        return np.zeros(n_draws), np.zeros(n_draws)
    mean, sd = np.empty(n_draws), np.empty(n_draws)
    for some in blocks(n_draws, draw_bytes=_PIXEL_BYTES * values.size, checkpoint=checkpoint):
        drawn = values[rng.integers(0, values.size, (mean[some].size, values.size))]
        mean[some], sd[some] = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
    widen = 1.0 / math.sqrt(independent)
    return (mean - values.mean()) * widen, (sd - values.std(ddof=1)) * widen
