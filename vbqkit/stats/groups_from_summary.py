"""Several groups of which a paper prints mean, SD and size: analysis of variance, Tukey's test, all groups together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.from_summary import SUMMARY_ONLY
from vbqkit.stats.observations import FloatArray, check_confidence, count, scalar
from vbqkit.stats.result import NAN, row, rows


def anova_from_summary(means: Sequence[float], sds: Sequence[float], ns: Sequence[int]) -> pd.DataFrame:
    """One-way analysis of variance from group means, SDs and sizes.

    ``F = (Σ n_i (mean_i - mean)² / (k - 1)) / (Σ (n_i - 1) sd_i² / (N - k))``; a large F: the means differ.

    Parameters
    ----------
    means, sds : sequence of float
        One per group; SD with divisor n - 1.
    ns : sequence of int
        Group sizes.

    Returns
    -------
    DataFrame
        One row: estimate (eta squared, the share of the variance between groups), f, df_between, df_within, p, method,
        n, note.

    Raises
    ------
    TableError
        The lists differ in length, or a figure is not a number in its range.
    """
    m, s, n = _groups(means, sds, ns)
    total, k = int(n.sum()), len(n)
    between = float(n @ (m - (n @ m) / total) ** 2)
    within = float((n - 1) @ s**2)
    defined = within > 0 and total > k
    f = (between / (k - 1)) / (within / (total - k)) if defined else NAN
    return row(
        estimate=between / (between + within) if between + within > 0 else NAN,
        f=f,
        df_between=k - 1,
        df_within=total - k,
        p=float(special.fdtrc(k - 1, total - k, f)) if defined else NAN,
        method="one-way ANOVA",
        n=total,
        note=SUMMARY_ONLY if defined else "undefined: no spread within the groups",
    )


def tukey_from_summary(
    means: Sequence[float], sds: Sequence[float], ns: Sequence[int], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Tukey's honestly significant difference (Tukey-Kramer for unequal sizes) from group means, SDs and sizes.

    ``q = |mean_i - mean_j| / sqrt(within/2 (1/n_i + 1/n_j))`` with the mean square within all groups, against the
    studentized range. `vbqkit.stats.tukey_hsd` does the same from the observations.

    Parameters
    ----------
    means, sds, ns
        As in `anova_from_summary`.
    confidence : float
        Of all intervals together.

    Returns
    -------
    DataFrame
        One row per pair: a, b (positions, from 0), estimate (mean_a - mean_b), ci_low, ci_high, confidence, q, df, p,
        method, n, note.

    Raises
    ------
    TableError
        The lists differ in length, or a figure is not a number in its range.

    References
    ----------
    Kramer (1956) doi:10.2307/3001469. Checked against scipy.stats.tukey_hsd on samples with these means and SDs.

    Examples
    --------
    >>> table = tukey_from_summary([1.0, 1.2, 2.0], [0.4, 0.5, 0.3], [20, 20, 20])
    >>> table.round(3)[["a", "b", "estimate", "p"]].values.tolist()
    [[0.0, 1.0, -0.2, 0.276], [0.0, 2.0, -1.0, 0.0], [1.0, 2.0, -0.8, 0.0]]
    """
    m, s, n = _groups(means, sds, ns)
    check_confidence(confidence)
    df = float(n.sum() - n.size)
    within = float((n - 1) @ s**2) / df if df > 0 else NAN
    defined = within > 0
    critical = float(scipy.stats.studentized_range.ppf(confidence, n.size, df)) if defined else NAN  # slow: once
    found = []
    for a, b in combinations(range(n.size), 2):
        se = float(np.sqrt(within / 2 * (1 / n[a] + 1 / n[b]))) if defined else NAN
        half = critical * se
        gap = float(m[a] - m[b])
        found.append(
            {
                "a": a,
                "b": b,
                "estimate": gap,
                "ci_low": gap - half,
                "ci_high": gap + half,
                "confidence": confidence,
                "q": abs(gap) / se,
                "df": df,
                "p": float(scipy.stats.studentized_range.sf(abs(gap) / se, n.size, df)) if defined else NAN,
                "method": "Tukey-Kramer HSD",
                "n": int(n.sum()),
                "note": SUMMARY_ONLY if defined else "undefined: no spread within the groups",
            }
        )
    return rows(found)


def pooled_from_summary(means: Sequence[float], sds: Sequence[float], ns: Sequence[int]) -> pd.DataFrame:
    """Mean and SD of several groups put together: the spread within them and between them.

    ``sd² = (Σ (n_i - 1) sd_i² + Σ n_i (mean_i - mean)²) / (Σ n_i - 1)``.

    Parameters
    ----------
    means, sds, ns
        As in `anova_from_summary`.

    Returns
    -------
    DataFrame
        One row: estimate (mean), sd, method, n, note.

    Raises
    ------
    TableError
        The lists differ in length, or a figure is not a number in its range.

    Examples
    --------
    >>> pooled_from_summary([1.0, 3.0], [0.0, 0.0], [2, 2])[["estimate", "sd"]].round(4).iloc[0].tolist()
    [2.0, 1.1547]
    """
    m, s, n = _groups(means, sds, ns)
    mean, variance = pool(m, s, n)
    return row(
        estimate=mean,
        sd=float(np.sqrt(variance)),
        method="mean and SD of all groups together",
        n=int(n.sum()),
        note=SUMMARY_ONLY,
    )


def pool(means: FloatArray, sds: FloatArray, ns: FloatArray) -> tuple[float, float]:
    """Mean and variance of groups put together."""
    mean = float(ns @ means / ns.sum())
    return mean, float(((ns - 1) @ sds**2 + ns @ (means - mean) ** 2) / (ns.sum() - 1))


def _groups(
    means: Sequence[float], sds: Sequence[float], ns: Sequence[int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if not len(means) == len(sds) == len(ns) or len(means) < 2:
        raise TableError(
            f"means, sds and ns have lengths {len(means)}, {len(sds)}, {len(ns)}; one of each per group, two groups or more, was expected. Complete them."
        )
    m = np.array([scalar(v, "mean") for v in means])
    s = np.array([scalar(v, "sd", at_least=0) for v in sds])
    n = np.array([float(count(v, "n")) for v in ns])
    return m, s, n
