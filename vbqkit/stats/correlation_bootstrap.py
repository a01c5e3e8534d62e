"""Correlations, plain and partial, of many resamples of the rows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

from vbqkit.stats.confidence_intervals import BLOCK
from vbqkit.stats.observations import FloatArray


def bootstrap_correlations(
    columns: Sequence[FloatArray], kind: str, n_bootstrap: int, rng: np.random.Generator
) -> FloatArray:
    """Coefficients of resampled rows; nan where a resample has none.

    Parameters
    ----------
    columns : sequence of array of n
        x, y, and the covariates taken out of both again in each resample (none for Kendall).
    kind : {"pearson", "spearman", "kendall"}
        Coefficient.
    n_bootstrap : int
        Resamples.
    rng : numpy.random.Generator
        Source of chance.
    """
    n = columns[0].size
    signs = [np.sign(v[:, None] - v[None, :]) for v in columns] if kind == "kendall" else []
    found = []
    per_block = max(1, BLOCK // (n * (len(columns) - 1)))
    for start in range(0, n_bootstrap, per_block):
        size = min(per_block, n_bootstrap - start)
        if kind == "kendall":
            # How often each row is drawn is all that counts, so tau-b is a ratio of quadratic forms in these weights.
            w = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(float)
            top = ((w @ (signs[0] * signs[1])) * w).sum(axis=1)
            bottom = np.sqrt(np.prod([((w @ np.abs(s)) * w).sum(axis=1) for s in signs], axis=0))
            found.append(np.divide(top, bottom, out=np.full(size, np.nan), where=bottom > 0))
            continue
        drawn = rng.integers(0, n, size=(size, n))
        resampled = np.stack([column[drawn] for column in columns], axis=1)
        found.append(_left_over(scipy.stats.rankdata(resampled, axis=2) if kind == "spearman" else resampled))
    return np.concatenate(found)


def _left_over(samples: FloatArray) -> FloatArray:
    """Correlation of the first two columns of each sample with the others taken out of both; nan where there is none.

    Samples of shape (samples, columns, rows). Each covariate in turn is swept out of the matrix of correlations,
    ``c_ab - c_ac c_bc / c_cc``, which leaves what the residuals of the regressions on it would give.
    """
    # A constant column leaves rounding noise after centering; its range tells it exactly.
    defined = (np.ptp(samples, axis=2) > 0).all(axis=1)
    centered = samples[defined] - samples[defined].mean(axis=2, keepdims=True)
    centered /= np.sqrt((centered * centered).sum(axis=2, keepdims=True))
    c = centered @ centered.transpose(0, 2, 1)
    known = np.ones(len(c), dtype=bool)
    for k in range(2, samples.shape[1]):
        known &= c[:, k, k] > 1e-10
        pivot = np.where(known, c[:, k, k], 1.0)[:, None, None]
        c = c - c[:, :, k, None] * c[:, None, k, :] / pivot
    known &= (c[:, 0, 0] > 1e-10) & (c[:, 1, 1] > 1e-10)
    r = np.full(len(samples), np.nan)
    bottom = np.sqrt(np.where(known, c[:, 0, 0] * c[:, 1, 1], 1.0))
    r[defined] = np.where(known, np.clip(c[:, 0, 1] / bottom, -1, 1), np.nan)
    return r
