"""Values too far from the rest of a sample to belong to it: the generalized extreme studentized deviate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.observations import ColumnLike, count, observations, scalar
from vbqkit.stats.result import rows

ENOUGH = 15
"""Fewer values are looked at for one outlier only: Rosner's levels hold for 25, and about for 15 (NIST e-Handbook)."""


def extreme_deviates(
    value: ColumnLike, *, data: pd.DataFrame | None = None, most: int | None = None, alpha: float = 0.05
) -> pd.DataFrame:
    """Look for outliers of a normal sample, several at once: the generalized extreme studentized deviate (ESD).

    ``R_i = max |x - mean| / SD`` of what is left after the i - 1 farthest values were taken away, against
    ``lambda_i = (n - i) t / sqrt((n - i - 1 + t^2)(n - i + 1))`` with t the ``1 - alpha / (2(n - i + 1))`` quantile at
    n - i - 1 degrees of freedom. The values up to the last R that is above its lambda are outliers: one does not hide
    another. With ``most=1`` it is the two-sided test of Grubbs. An outlier is to be looked into; it is no reason to
    delete anything.

    Parameters
    ----------
    value : column of numbers
        The sample; with `data` the name of a column.
    data : DataFrame, optional
        The table.
    most : int, optional
        How many outliers are looked for; a fifth of the values, and one where there are fewer than 15.
    alpha : float
        Chance of calling anything an outlier in a normal sample.

    Returns
    -------
    DataFrame
        One row for each value looked at, the farthest first: value, position (row of the sample, from 0), deviate,
        critical, outlier (bool), n, note.

    Raises
    ------
    TableError
        Fewer than 3 values, or as many outliers asked for as there are values.

    References
    ----------
    Rosner (1983) Technometrics 25:165-172, doi:10.1080/00401706.1983.10487848, whose 54 values and critical values it
    is checked against; Grubbs (1969) Technometrics 11:1-21, doi:10.1080/00401706.1969.10490657.

    Examples
    --------
    >>> snr = [47.1, 44.0, 52.3, 49.8, 95.0, 46.2]
    >>> extreme_deviates(snr)[["value", "outlier"]].values.tolist()
    [[95.0, True]]
    """
    alpha = scalar(alpha, "alpha", above=0, below=1)
    obs = observations(data, numeric={"value": value})
    x = obs["value"]
    n = len(x)
    if n < 3:
        raise TableError(f"{n} values have no outliers; 3 or more are needed. Measure more.")
    wanted = (1 if n < ENOUGH else n // 5) if most is None else count(most, "most", at_least=1)
    if wanted > n - 2:
        raise TableError(f"{wanted} outliers among {n} values cannot be looked for; {n - 2} at most. Ask for fewer.")
    left = np.arange(n)
    found = []
    for i in range(1, wanted + 1):
        sample = x[left]
        away, sd = np.abs(sample - sample.mean()), float(sample.std(ddof=1))
        if not sd > 0:
            break
        at = int(away.argmax())
        df = n - i - 1
        t = float(special.stdtrit(df, 1 - alpha / (2 * (n - i + 1))))
        critical = (n - i) * t / math.sqrt((df + t * t) * (n - i + 1))
        found.append((float(sample[at]), int(left[at]), float(away[at]) / sd, critical))
        left = np.delete(left, at)
    last = max((k for k, (*_, deviate, critical) in enumerate(found) if deviate > critical), default=-1)
    table = rows(
        {
            "value": one,
            "position": position,
            "deviate": deviate,
            "critical": critical,
            "outlier": k <= last,
            "n": n,
            "note": obs.note,
        }
        for k, (one, position, deviate, critical) in enumerate(found)
    )
    return (
        table
        if len(table)
        else pd.DataFrame(columns=["value", "position", "deviate", "critical", "outlier", "n", "note"])
    )
