"""Lin's concordance correlation: how close the points lie to the line of equality."""

from __future__ import annotations

import math

import pandas as pd

from vbqkit.stats.confidence_intervals import z_of
from vbqkit.stats.observations import ColumnLike, observations
from vbqkit.stats.result import NAN, notes, row


def lin_ccc(
    a: ColumnLike, b: ColumnLike, *, data: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Concordance correlation coefficient of Lin: agreement of two measurements of the same subjects.

    ``rho_c = 2 s_ab/(s_a² + s_b² + (mean_a - mean_b)²) = r C_b``: Pearson's r (``precision``: do the points lie on a
    line) times ``accuracy`` (is that line the one of equality). 1 is perfect; as every correlation it is high when the
    subjects differ much, so give limits of agreement too (`bland_altman`). McBride (2005) calls below 0.90 poor, 0.90
    to 0.95 moderate, 0.95 to 0.99 substantial.

    Parameters
    ----------
    a, b : column of numbers
        One row per subject; with `data` the names of columns.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval (of the z transform).

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, precision (r), accuracy (C_b), scale_shift (sd_a/sd_b),
        location_shift ((mean_a - mean_b)/sqrt(sd_a sd_b)), method, n, n_missing, note.

    Raises
    ------
    TableError
        The columns cannot be used.

    References
    ----------
    Lin (1989) doi:10.2307/2532051, with the variance corrected in Lin (2000) Biometrics 56:324-325. Checked against R's
    epiR::epi.ccc. Variances have the divisor n, as in both.

    Examples
    --------
    >>> lin_ccc([2.1, 2.9, 3.4, 2.6, 3.0], [2.2, 2.8, 3.6, 2.7, 3.1]).round(3)["estimate"].item()
    0.961
    """
    z_wanted = z_of(confidence)
    obs = observations(data, numeric={"a": a, "b": b})
    n = obs.n
    x, y = obs["a"] - obs["a"].mean(), obs["b"] - obs["b"].mean()
    sxx, syy, sxy = float(x @ x) / n, float(y @ y) / n, float(x @ y) / n
    apart = float(obs["a"].mean() - obs["b"].mean())
    estimate = low = high = r = accuracy = scale = location = NAN
    why = ""
    if not sxx > 0 or not syy > 0:
        why = "undefined: one of the two is constant"
    else:
        root = math.sqrt(sxx) * math.sqrt(syy)
        r, estimate = sxy / root, 2 * sxy / (sxx + syy + apart**2)
        accuracy, scale, location = estimate / r if r else NAN, math.sqrt(sxx / syy), apart / math.sqrt(root)
        if math.isnan(accuracy):
            accuracy = 2 * root / (sxx + syy + apart**2)
        c2, r2, u2 = estimate**2, r * r, location**2
        if n < 3:
            why = "no interval: it needs three or more subjects"
        elif abs(estimate) > 1 - 1e-12 or r2 < 1e-24:
            why = "no interval: the two agree exactly" if estimate > 0.5 else "no interval: r is 0 or -1"
        else:
            variance = (1 - r2) * c2 / ((1 - c2) * r2) + 2 * estimate**3 * (1 - estimate) * u2 / (r * (1 - c2) ** 2)
            variance -= estimate**4 * u2**2 / (2 * r2 * (1 - c2) ** 2)
            half = z_wanted * math.sqrt(max(variance, 0.0) / (n - 2))
            low, high = math.tanh(math.atanh(estimate) - half), math.tanh(math.atanh(estimate) + half)
    return row(
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        precision=r,
        accuracy=accuracy,
        scale_shift=scale,
        location_shift=location,
        method="Lin's concordance correlation, z-transform interval",
        n=n,
        n_missing=obs.n_missing,
        note=notes(why, obs.note),
    )
