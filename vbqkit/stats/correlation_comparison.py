"""Do two correlations differ? In two groups of patients, or of two scores with one target in the same patients."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, two_sided_t_p, z_of
from vbqkit.stats.observations import ColumnLike, choice, count, observations, scalar
from vbqkit.stats.result import NAN, notes, row

DEPENDENT_TESTS = {
    "meng": "Meng, Rosenthal and Rubin's z",
    "williams": "Williams' t",
    "steiger": "Steiger's z, pooled",
}


def _z_interval(r: float, n: int, confidence: float) -> tuple[float, float]:
    """Fisher's interval of one correlation."""
    half = z_of(confidence) / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _zou(r: tuple[float, float], n: tuple[int, int], shared: float, confidence: float) -> tuple[float, float]:
    """Zou's interval of ``r[0] - r[1]``, from both intervals and the correlation of the two estimates."""
    (low_a, high_a), (low_b, high_b) = (_z_interval(v, size, confidence) for v, size in zip(r, n, strict=True))
    a, b = r
    below = (a - low_a) ** 2 + (high_b - b) ** 2 - 2 * shared * (a - low_a) * (high_b - b)
    above = (high_a - a) ** 2 + (b - low_b) ** 2 - 2 * shared * (high_a - a) * (b - low_b)
    return a - b - math.sqrt(max(below, 0.0)), a - b + math.sqrt(max(above, 0.0))


def compare_independent_correlations(
    r_a: float, n_a: int, r_b: float, n_b: int, *, confidence: float = 0.95
) -> pd.DataFrame:
    """Difference of two correlations from two groups of patients, from r and n alone.

    ``z = (atanh r_a - atanh r_b) / sqrt(1/(n_a - 3) + 1/(n_b - 3))``. "r = -0.61 in the one group and -0.45 in the
    other" is not a difference until this says so; that one r is significant and the other is not, is none either.

    Parameters
    ----------
    r_a, r_b : float
        Pearson's r of each group.
    n_a, n_b : int
        Patients of each group, 4 or more.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate (r_a - r_b), ci_low, ci_high (Zou), confidence, z, p (Fisher), r_a, n_a, r_b, n_b, method,
        note.

    Raises
    ------
    TableError
        An r does not lie between -1 and 1, or there are too few patients.

    References
    ----------
    Fisher (1921) Metron 1:3-32; interval: Zou (2007) doi:10.1037/1082-989X.12.4.399. Checked against R's psych::r.test.

    Examples
    --------
    The main claim of Chen 2023, r of VBQ with BMD -0.611 (n = 134) against -0.453 (n = 101):

    >>> compare_independent_correlations(-0.611, 134, -0.453, 101).round(3)[["estimate", "p"]].iloc[0].tolist()
    [-0.158, 0.096]
    """
    r = tuple(scalar(v, name, above=-1, below=1) for v, name in ((r_a, "r_a"), (r_b, "r_b")))
    n = (count(n_a, "n_a", at_least=4), count(n_b, "n_b", at_least=4))
    low, high = _zou((r[0], r[1]), n, 0.0, confidence)
    z = (math.atanh(r[0]) - math.atanh(r[1])) / math.sqrt(1 / (n[0] - 3) + 1 / (n[1] - 3))
    return row(
        estimate=r[0] - r[1],
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        z=z,
        p=two_sided_p(z),
        r_a=r[0],
        n_a=n[0],
        r_b=r[1],
        n_b=n[1],
        method="Fisher's z of independent correlations; Zou interval",
        note="",
    )


def compare_dependent_correlations(
    score_a: ColumnLike,
    score_b: ColumnLike,
    target: ColumnLike,
    *,
    test: str,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of the correlations of two scores with one target in the same patients.

    ``estimate = r(a, target) - r(b, target)``. The signs count: a score that runs the other way must be turned first,
    or the difference of -0.6 and 0.6 is what is tested.

    Parameters
    ----------
    score_a, score_b, target : column of numbers
        One row per patient; with `data` the names of columns.
    test : {"meng", "williams", "steiger"}
        How p is got; see `dependent_correlations_from_summary`.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        As `dependent_correlations_from_summary`, with n_missing.

    Raises
    ------
    TableError
        The columns cannot be used, or there are fewer than 4 complete rows.

    Examples
    --------
    >>> vbq = [2.4, 2.6, 3.1, 3.3, 2.9, 2.2, 3.0, 2.7]
    >>> hu = [-150, -160, -120, -90, -110, -170, -140, -100]
    >>> t_score = [-0.4, -1.1, -2.2, -2.9, -1.5, 0.2, -2.4, -1.2]
    >>> compare_dependent_correlations(vbq, hu, t_score, test="meng").round(3)[["estimate", "p"]].iloc[0].tolist()
    [-0.295, 0.001]
    """
    choice(test, "test", DEPENDENT_TESTS)
    obs = observations(data, numeric={"score_a": score_a, "score_b": score_b, "target": target})
    if obs.n < 4:
        raise TableError(f"There are {obs.n} complete rows; comparing correlations needs 4 or more. Add patients.")
    constant = [name for name in ("score_a", "score_b", "target") if not np.ptp(obs[name])]
    r = np.eye(3) if constant else np.corrcoef([obs[name] for name in ("score_a", "score_b", "target")])
    a, b, between = float(r[0, 2]), float(r[1, 2]), float(r[0, 1])
    why = f"undefined: {constant[0]} is constant" if constant else ""
    if not why and max(abs(a), abs(b), abs(between)) > 1 - 1e-12:
        why = "undefined: two of the three columns determine one another"
    return _dependent(a, b, between, obs.n, test, confidence, why, obs.note, obs.n_missing)


def dependent_correlations_from_summary(
    r_a: float, r_b: float, r_between: float, n: int, *, test: str, confidence: float = 0.95
) -> pd.DataFrame:
    """`compare_dependent_correlations` from the three correlations and n alone.

    Parameters
    ----------
    r_a, r_b : float
        Of each score with the target.
    r_between : float
        Of the two scores with each other. Papers often leave it out; without it the comparison cannot be made.
    n : int
        Patients, 4 or more.
    test : {"meng", "williams", "steiger"}
        "meng": ``z = (atanh r_a - atanh r_b) sqrt((n - 3)/(2 (1 - r_ab) h))``; "williams": a t with n - 3 degrees of
        freedom, which Steiger recommends for small n; "steiger": the z with the pooled r in the covariance.
    confidence : float
        Of the interval (Zou's, whatever the test).

    Returns
    -------
    DataFrame
        One row: estimate (r_a - r_b), ci_low, ci_high, confidence, statistic, df (nan for a z), p, r_a, r_b, r_between,
        method, n, n_missing, note.

    Raises
    ------
    TableError
        An r does not lie between -1 and 1, the three cannot occur together, or there are too few patients.

    References
    ----------
    Meng, Rosenthal and Rubin (1992) doi:10.1037/0033-2909.111.1.172; Williams (1959) J R Stat Soc B 21:396-399; Steiger
    (1980) doi:10.1037/0033-2909.87.2.245; interval: Zou (2007) doi:10.1037/1082-989X.12.4.399, whose example this is.
    Williams' t checked against R's psych::r.test.

    Examples
    --------
    >>> table = dependent_correlations_from_summary(0.396, 0.179, 0.088, 66, test="williams")
    >>> table.round(3)[["estimate", "ci_low", "ci_high", "p"]].iloc[0].tolist()
    [0.217, -0.093, 0.517, 0.172]
    """
    choice(test, "test", DEPENDENT_TESTS)
    values = [scalar(v, name, above=-1, below=1) for v, name in ((r_a, "r_a"), (r_b, "r_b"), (r_between, "r_between"))]
    n = count(n, "n", at_least=4)
    a, b, between = values
    if _determinant(a, b, between) <= 0:
        raise TableError(
            f"Correlations of {a:g}, {b:g} and {between:g} cannot occur together. One of them is a misprint."
        )
    return _dependent(a, b, between, n, test, confidence, "", "", 0)


def _determinant(a: float, b: float, between: float) -> float:
    return 1 - a * a - b * b - between * between + 2 * a * b * between


def _dependent(
    a: float, b: float, between: float, n: int, test: str, confidence: float, why: str, note: str, n_missing: int
) -> pd.DataFrame:
    low = high = statistic = df = p = NAN
    if not why:
        shared = ((between - a * b / 2) * (1 - a * a - b * b - between * between) + between**3) / (
            (1 - a * a) * (1 - b * b)
        )
        low, high = _zou((a, b), (n, n), shared, confidence)
        statistic, df = _statistic(a, b, between, n, test)
        p = two_sided_p(statistic) if math.isnan(df) else two_sided_t_p(statistic, df)
    return row(
        estimate=NAN if why else a - b,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        statistic=statistic,
        df=df,
        p=p,
        r_a=a,
        r_b=b,
        r_between=between,
        method=f"{DEPENDENT_TESTS[test]} of dependent correlations with one target in common; Zou interval",
        n=n,
        n_missing=n_missing,
        note=notes(why, note),
    )


def _statistic(a: float, b: float, between: float, n: int, test: str) -> tuple[float, float]:
    """The statistic, and its degrees of freedom (nan where it is normal)."""
    apart = math.atanh(a) - math.atanh(b)
    if test == "williams":
        mean, det = (a + b) / 2, _determinant(a, b, between)
        below = 2 * det * (n - 1) / (n - 3) + mean**2 * (1 - between) ** 3
        return (a - b) * math.sqrt((n - 1) * (1 + between) / below), float(n - 3)
    if test == "meng":
        square = (a * a + b * b) / 2
        f = min((1 - between) / (2 * (1 - square)), 1.0)
        h = (1 - f * square) / (1 - square)
        return apart * math.sqrt((n - 3) / (2 * (1 - between) * h)), NAN
    pooled = ((a + b) / 2) ** 2
    psi = between * (1 - 2 * pooled) - pooled * (1 - 2 * pooled - between**2) / 2
    return apart * math.sqrt((n - 3) / (2 - 2 * psi / (1 - pooled) ** 2)), NAN
