"""Correlation of two columns: Pearson, Spearman, Kendall, and partial, with interval and p."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import need_rng, percentile_interval, two_sided_t_p, unmoved
from vbqkit.stats.correlation_bootstrap import bootstrap_correlations
from vbqkit.stats.exact_ranks import EXACT_LIMIT, edgeworth_spearman_p, exact_spearman_p
from vbqkit.stats.from_summary import fisher_interval
from vbqkit.stats.observations import (
    ColumnLike,
    FloatArray,
    Observations,
    check_confidence,
    choice,
    count,
    observations,
)
from vbqkit.stats.result import NAN, notes, row

INTERVALS = ("fisher", "bootstrap")
FISHER_NAMES = {
    "pearson": "Fisher z interval",
    "kendall": "Fisher z interval, Fieller variance",
    "spearman": "Fisher z interval, Bonett-Wright variance",
    "spearman bonett-wright": "Fisher z interval, Bonett-Wright variance",
    "spearman fieller": "Fisher z interval, Fieller variance",
    "spearman caruso-cliff": "Fisher z interval, Caruso-Cliff variance",
}
SPEARMAN_VARIANCES = ("bonett-wright", "fieller", "caruso-cliff")
LONGEST_SERIES = 1290
"""Observations up to which R takes the series; beyond, it and Student's t are one."""
NOT_SETTLED_BELOW = 30
"""Observations up to which the p of Student's t is too small by 0.001 and more where it says 0.05."""


def pearson(
    x: ColumnLike,
    y: ColumnLike,
    *,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    interval: str = "fisher",
    n_bootstrap: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Pearson's r: how close the points lie to a straight line.

    ``r = Σ(x - x̄)(y - ȳ) / sqrt(Σ(x - x̄)² Σ(y - ȳ)²)``; 1 and -1 are a perfect rising and falling line, 0 is none.
    ``p`` is two-sided from ``t = r sqrt((n - 2)/(1 - r²))``. A score that rises as bone gets poorer (VBQ, M-score)
    correlates negatively with BMD and T-score when it works.

    Parameters
    ----------
    x, y : column of numbers
        Array or Series, or with `data` the name of a column.
    data : DataFrame, optional
        The table that x and y name columns of.
    confidence : float
        Of the interval.
    interval : {"fisher", "bootstrap"}
        Fisher's z, or percentiles of `n_bootstrap` resamples of the rows (needs `rng`).
    n_bootstrap : int
        Resamples.
    rng : numpy.random.Generator, optional
        Source of chance of the bootstrap.

    Returns
    -------
    DataFrame
        One row: estimate (r), ci_low, ci_high, confidence, t, df, p, method, n, n_missing, note.

    Raises
    ------
    TableError
        x or y is not a column of numbers, or they do not belong together.

    References
    ----------
    Fisher (1921) Metron 1:3-32. Checked against scipy.stats.pearsonr.

    Examples
    --------
    BMD and T-score of the five patients of Bandirali's method on an open magnet (Košice group 2025, Table 2):

    >>> pearson([0.763, 0.749, 0.720, 0.770, 0.756], [-2.6, -2.7, -3.0, -2.5, -2.6]).round(3)["estimate"].item()
    0.992
    """
    obs = observations(data, numeric={"x": x, "y": y})
    r = _pearson(obs["x"], obs["y"])
    low, high, how, warn = _interval([obs["x"], obs["y"]], r, "pearson", interval, confidence, n_bootstrap, rng)
    return _row(obs, r, low, high, confidence, f"Pearson, {how}, p from t", warn)


def spearman(
    x: ColumnLike,
    y: ColumnLike,
    *,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    p_value: str = "auto",
    variance: str = "bonett-wright",
    interval: str = "fisher",
    n_bootstrap: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Spearman's rho: Pearson's r of the ranks, ties sharing their mean rank.

    1 means that y always rises with x, -1 that it always falls, however bent the curve.

    Parameters
    ----------
    x, y, data, confidence, interval, n_bootstrap, rng
        As in `pearson`.
    p_value : {"auto", "exact", "series", "t"}
        "exact" counts all n! orders, ties included (n up to 12); "series" is R's Edgeworth series (no ties), right to
        0.0004 from n = 13 on; "t" uses Student's t, as SPSS does, which says 0.0465 where 0.05 is right with n = 13;
        "auto" is exact up to n = 12, the series above, and t where values are tied. The column ``method`` says which.
    variance : {"bonett-wright", "fieller", "caruso-cliff"}
        Of Fisher's z, as SPSS offers: ``(1 + rho²/2)/(n - 3)``, ``1.06/(n - 3)``, or ``1/(n - 2) + |z|/(6n + 4
        sqrt(n))``.

    Returns
    -------
    DataFrame
        One row: estimate (rho), ci_low, ci_high, confidence, t, df, p, method, n, n_missing, note.

    Raises
    ------
    TableError
        As `pearson`; or "exact" was requested for more than 12 observations, or "series" for tied or fewer values.

    References
    ----------
    Spearman (1904) doi:10.2307/1412159; Best and Roberts (1975) doi:10.2307/2347111; Bonett and Wright (2000)
    doi:10.1007/BF02294183; Fieller, Hartley and Pearson (1957) doi:10.1093/biomet/44.3-4.470; Caruso and Cliff (1997)
    doi:10.1177/0013164497057004009. Checked against
    scipy.stats.spearmanr and against counting all orders one by one.

    Examples
    --------
    SNR and TBS of the Košice group 2025, Table 2 (the paper prints 0.82, p = 0.089):

    >>> snr, tbs = [77.491, 63.363, 82.061, 67.423, 68.316], [1.249, 1.193, 1.305, 1.200, 1.355]
    >>> spearman(snr, tbs).round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.7, 0.233]
    """
    choice(p_value, "p_value", ("auto", "exact", "series", "t"))
    choice(variance, "variance", SPEARMAN_VARIANCES)
    obs = observations(data, numeric={"x": x, "y": y})
    if p_value == "exact" and obs.n > EXACT_LIMIT:
        raise TableError(
            f"An exact p was requested for {obs.n} observations; it is counted for up to {EXACT_LIMIT}. Use p_value='series', or 't' where values are tied."
        )
    rx, ry = scipy.stats.rankdata(obs["x"]), scipy.stats.rankdata(obs["y"])
    tied = min(np.unique(rx).size, np.unique(ry).size) < obs.n
    if p_value == "series" and (tied or obs.n < 10):
        raise TableError(
            "The series was requested for tied values or fewer than 10; it holds for 10 or more values without ties. Use p_value='exact' or 't'."
        )
    rho = _pearson(rx, ry)
    kind = f"spearman {variance}" if interval == "fisher" else "spearman"
    low, high, how, warn = _interval([obs["x"], obs["y"]], rho, kind, interval, confidence, n_bootstrap, rng)
    p, said, near = None, "p from t", ""
    if p_value == "exact" or (p_value == "auto" and obs.n <= EXACT_LIMIT):
        p, said = exact_spearman_p(rx, ry) if np.isfinite(rho) else None, f"exact p over all {obs.n}! orders"
    elif p_value == "series" or (p_value == "auto" and not tied and obs.n <= LONGEST_SERIES):
        p, said = edgeworth_spearman_p(rho, obs.n), "p from an Edgeworth series"
    table = _row(obs, rho, low, high, confidence, f"Spearman, {how}, {said}", warn, p=p)
    if said == "p from t" and obs.n <= NOT_SETTLED_BELOW and 0.044 < table["p"].item() < 0.05:
        near = "with ties p comes from t, which is up to 0.004 too small at this size: 0.05 is not settled"
        table["note"] = notes(table["note"].item(), near)
    return table


def kendall(
    x: ColumnLike,
    y: ColumnLike,
    *,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    interval: str = "fisher",
    n_bootstrap: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Kendall's tau-b: pairs in the same order minus pairs in opposite order, with ties taken off the denominator.

    Smaller than Spearman's rho for the same data; 1 and -1 mean that all pairs agree or disagree.

    Parameters
    ----------
    x, y, data, confidence, interval, n_bootstrap, rng
        As in `pearson`; the Fisher interval has Fieller's variance ``0.437/(n - 4)``.

    Returns
    -------
    DataFrame
        One row: estimate (tau-b), ci_low, ci_high, confidence, t (nan), df (nan), p (scipy.stats.kendalltau: exact
        without ties for small n, normal otherwise), method, n, n_missing, note.

    Raises
    ------
    TableError
        As `pearson`.

    References
    ----------
    Kendall (1945) doi:10.1093/biomet/33.3.239; Fieller, Hartley and Pearson (1957) doi:10.1093/biomet/44.3-4.470.

    Examples
    --------
    >>> kendall([1, 2, 3, 4, 5], [1, 3, 2, 5, 4]).round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.6, 0.233]
    """
    obs = observations(data, numeric={"x": x, "y": y})
    tau, p = NAN, NAN
    if np.ptp(obs["x"]) and np.ptp(obs["y"]) and obs.n > 1:
        found = scipy.stats.kendalltau(obs["x"], obs["y"])
        tau, p = _whole(float(found.statistic)), float(found.pvalue)
    low, high, how, warn = _interval([obs["x"], obs["y"]], tau, "kendall", interval, confidence, n_bootstrap, rng)
    return _row(obs, tau, low, high, confidence, f"Kendall tau-b, {how}", warn, p=p, by_t=False)


def partial_correlation(
    x: ColumnLike,
    y: ColumnLike,
    *,
    covariates: Mapping[str, ColumnLike] | Sequence[str],
    kind: str = "pearson",
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    interval: str = "fisher",
    n_bootstrap: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Correlation of x and y that is left when both are freed from the covariates, such as age and BMI.

    The r of the residuals of two linear regressions on the covariates; ``df = n - 2 - k`` with k covariates. With
    ``kind="spearman"`` all columns are replaced by their ranks first.

    Parameters
    ----------
    x, y : column of numbers
        Array or Series, or with `data` the name of a column.
    covariates : mapping of name to column, or with `data` a sequence of column names
        Columns of numbers.
    kind : {"pearson", "spearman"}
        Coefficient.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval.
    interval : {"fisher", "bootstrap"}
        Fisher's z with ``se = 1/sqrt(n - 3 - k)``, or percentiles of `n_bootstrap` resamples of the rows (needs
        `rng`), in each of which the covariates are taken out again.
    n_bootstrap, rng
        As in `pearson`.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, t, df, p, method (names the covariates), n, n_missing, note.

    Raises
    ------
    TableError
        No covariate, or columns that cannot be used.

    References
    ----------
    Fisher (1924) Metron 3:329-332. The p is that of the coefficient of x in a regression of y on x and the covariates,
    against which it is checked (statsmodels).

    Examples
    --------
    >>> age = [50, 55, 60, 65, 70, 75]
    >>> vbq, t_score = [2.1, 2.6, 2.4, 2.9, 2.8, 3.3], [0.2, -0.9, -0.8, -1.9, -1.6, -2.8]
    >>> partial_correlation(vbq, t_score, covariates={"age": age}).round(2)["estimate"].item()
    -0.96
    """
    choice(kind, "kind", ("pearson", "spearman"))
    named: dict[str, Any] = dict(covariates) if isinstance(covariates, Mapping) else {name: name for name in covariates}
    if not named:
        raise TableError(
            "No covariate was given, and a partial correlation needs one. Name one, or use pearson or spearman."
        )
    # A covariate may have any name, "x" and "y" among them.
    inside = {f"covariate {name}": column for name, column in named.items()}
    obs = observations(data, numeric={"x": x, "y": y, **inside})
    columns = {name: scipy.stats.rankdata(obs[name]) if kind == "spearman" else obs[name] for name in obs.columns}
    design = np.column_stack([np.ones(obs.n), *(columns[name] for name in inside)])
    k = len(named)
    r, warn = NAN, ""
    if np.linalg.matrix_rank(design) <= k:
        warn = "undefined: the covariates are constant or determine one another"
    elif obs.n > k + 2:
        left = [_residual(design, columns[name]) for name in ("x", "y")]
        r = NAN if any(v is None for v in left) else _pearson(*left)  # type: ignore[arg-type]  # none is None
        warn = "undefined: the covariates explain x or y completely" if np.isnan(r) else ""
    used = [obs[name] for name in ("x", "y", *inside)]
    low, high, how, lost = _interval(used, r, kind, interval, confidence, n_bootstrap, rng)
    method = f"partial {kind.title()} given {', '.join(named)}, {how}, p from t"
    return _row(obs, r, low, high, confidence, method, notes(warn, lost), n_covariates=k)


def correlations(data: pd.DataFrame, columns: Sequence[str], *, kind: str, confidence: float = 0.95) -> pd.DataFrame:
    """Every pair of the columns named, one row per pair; each pair uses all rows in which both have a value.

    Parameters
    ----------
    data : DataFrame
        The table.
    columns : sequence of str
        Two names or more.
    kind : {"pearson", "spearman", "kendall"}
        Coefficient.
    confidence : float
        Of the Fisher-z intervals.

    Returns
    -------
    DataFrame
        Rows: x, y (names), then the columns of `pearson`. The p values are not corrected for their number.

    Raises
    ------
    TableError
        Fewer than two columns, or one that cannot be used.
    """
    how: dict[str, Callable[..., pd.DataFrame]] = {"pearson": pearson, "spearman": spearman, "kendall": kendall}
    choice(kind, "kind", how)
    if len(columns) < 2:
        raise TableError(f"{len(columns)} column was named; a correlation needs two. Name two or more.")
    tables = []
    for a, b in combinations(columns, 2):
        table = how[kind](a, b, data=data, confidence=confidence)
        table.insert(0, "x", a)
        table.insert(1, "y", b)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _pearson(x: FloatArray, y: FloatArray) -> float:
    """r, or nan for fewer than two rows or a constant column."""
    if x.size < 2 or not np.ptp(x) or not np.ptp(y):
        return NAN
    # Scaling first keeps columns of very small or very large numbers from under- or overflowing.
    dx, dy = x - x.mean(), y - y.mean()
    dx, dy = dx / np.abs(dx).max(), dy / np.abs(dy).max()
    return _whole(float(dx @ dy / np.sqrt((dx @ dx) * (dy @ dy))))


def _whole(r: float) -> float:
    """A coefficient that misses 1 or -1 by rounding only is 1 or -1; a Fisher interval of the miss is nonsense."""
    return float(np.sign(r)) if abs(r) > 1 - 1e-14 else r


def _residual(design: FloatArray, y: FloatArray) -> FloatArray | None:
    """What the columns of `design` leave of y; None when that is rounding noise only."""
    residual = y - design @ np.linalg.lstsq(design, y)[0]
    return residual if np.abs(residual).max() > 1e-10 * np.abs(y - y.mean()).max() else None


def _interval(
    columns: Sequence[FloatArray],
    r: float,
    kind: str,
    interval: str,
    confidence: float,
    n_bootstrap: int,
    rng: np.random.Generator | None,
) -> tuple[float, float, str, str]:
    """ci_low, ci_high, what to call it, and a remark. Columns: x, y, and the covariates taken out of both."""
    check_confidence(confidence)
    if choice(interval, "interval", INTERVALS) == "fisher":
        covariates = len(columns) - 2
        found = fisher_interval(r, columns[0].size, kind=kind, n_covariates=covariates, confidence=confidence)
        return *found, FISHER_NAMES[kind], ""
    rng = need_rng(rng, "The bootstrap interval")
    n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
    how = f"percentile interval of {n_bootstrap} bootstrap resamples"
    if np.isnan(r):
        return NAN, NAN, how, ""
    replicates = bootstrap_correlations(columns, kind, n_bootstrap, rng)
    lost = int(np.isnan(replicates).sum())
    cause = "a constant column" if len(columns) == 2 else "a column that is constant or follows from the others"
    warn = f"{lost} of {n_bootstrap} resamples have {cause} and are left out" if lost else ""
    low, high = percentile_interval(replicates, confidence)
    return low, high, how, notes(warn, unmoved(low))


def _row(
    obs: Observations,
    r: float,
    low: float,
    high: float,
    confidence: float,
    method: str,
    warn: str,
    *,
    p: float | None = None,
    n_covariates: int = 0,
    by_t: bool = True,
) -> pd.DataFrame:
    df = obs.n - 2 - n_covariates
    t = NAN
    if by_t and df > 0 and abs(r) < 1:
        t = r * np.sqrt(df / (1 - r * r))
    if p is None:
        p = 0.0 if df > 0 and abs(r) == 1 else two_sided_t_p(t, df) if df > 0 else NAN
    why = ""
    if np.isnan(r) and not warn:
        why = "undefined: too few rows" if obs.n < 2 + n_covariates + 1 else "undefined: a column is constant"
    elif np.isnan(low) and not warn:
        why = "no interval: " + ("the correlation is perfect" if abs(r) == 1 else "too few rows")
    return row(
        estimate=r,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        t=t,
        df=df if by_t else NAN,
        p=p,
        method=method,
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(warn, why, obs.note),
    )
