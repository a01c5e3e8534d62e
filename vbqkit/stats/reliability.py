"""Reliability of ratings: six intraclass correlations, the standard error of measurement and the detectable change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import z_of
from vbqkit.stats.observations import check_confidence, column, numbers
from vbqkit.stats.result import NAN, notes, rows


@dataclass(frozen=True, slots=True)
class _Squares:
    """Mean squares of a complete table of n subjects x k raters."""

    n: int
    k: int
    n_missing: int
    between: float  # subjects
    raters: float
    error: float  # subjects x raters
    within: float  # all but subjects
    why: str
    note: str


def ratings_from_rows(data: pd.DataFrame, *, subject: str, rater: str, value: str) -> pd.DataFrame:
    """Turn a table with one row per rating into the one with a row per subject and a column per rater.

    Parameters
    ----------
    data : DataFrame
        One row per rating.
    subject, rater, value : str
        Names of its columns.

    Returns
    -------
    DataFrame
        Index: subject; columns: raters; a rating that is not there is nan.

    Raises
    ------
    TableError
        A column is missing, or a rater has rated a subject twice.

    Examples
    --------
    >>> long = pd.DataFrame({"id": [1, 1, 2, 2], "reader": ["A", "B", "A", "B"], "vbq": [2.1, 2.2, 3.0, 2.9]})
    >>> ratings_from_rows(long, subject="id", rater="reader", value="vbq").to_numpy().tolist()
    [[2.1, 2.2], [3.0, 2.9]]
    """
    for what, name in (("subject", subject), ("rater", rater), ("value", value)):
        column(name, what, data)
    twice = data[data.duplicated([subject, rater], keep=False)]
    if len(twice):
        first = twice.iloc[0]
        raise TableError(
            f"Rater {first[rater]} has rated subject {first[subject]} more than once. "
            "Keep one rating of each, or take their mean and say so."
        )
    return data.pivot_table(index=subject, columns=rater, values=value, aggfunc="first", dropna=False)


def _squares(ratings: Any, raters: Sequence[str] | None) -> _Squares:
    if isinstance(ratings, pd.DataFrame):
        names = list(ratings.columns) if raters is None else list(raters)
        table = (
            np.column_stack([numbers(column(name, "raters", ratings), f"rater {name}") for name in names])
            if names
            else np.zeros((0, 0))
        )
    else:
        table = np.asarray(ratings)
        if table.ndim != 2:
            raise TableError(
                f"ratings has shape {table.shape}; subjects x raters was expected. Pass a table with one column per rater."
            )
        table = np.column_stack([numbers(table[:, j], f"rater {j + 1}") for j in range(table.shape[1])])
    if table.ndim != 2 or table.shape[1] < 2:
        raise TableError(f"{table.shape[1]} rater was given; agreement needs two or more. Pass one column per rater.")
    complete = ~np.isnan(table).any(axis=1)
    missing, y = int((~complete).sum()), table[complete]
    n, k = y.shape
    note = f"{missing} of {n + missing} subjects left out: a rating is missing" if missing else ""
    if n < 2:
        return _Squares(n, k, missing, NAN, NAN, NAN, NAN, "undefined: fewer than two subjects with all ratings", note)
    # Around the grand mean, so that large values with small differences keep their digits.
    rounding = 8.0 * float(np.finfo(float).eps * np.abs(y).max())
    y = y - y.mean()
    subjects, columns = y.mean(axis=1), y.mean(axis=0)
    between = k * float(subjects @ subjects) / (n - 1)
    by_rater = n * float(columns @ columns) / (k - 1)
    residual = y - subjects[:, None] - columns[None, :]
    error = float((residual**2).sum()) / ((n - 1) * (k - 1))
    within = float(((y - subjects[:, None]) ** 2).sum()) / (n * (k - 1))
    # What rounding leaves of a mean square that is 0 must not become a coefficient.
    noise = 1e-26 * float((y * y).sum()) + y.size * rounding**2
    between, by_rater, error, within = (v if v > noise else 0.0 for v in (between, by_rater, error, within))
    why = ""
    if between == error == 0:
        why = "undefined: all ratings are equal" if by_rater == 0 else "undefined: the subjects do not differ"
    elif within == 0:
        why = "no interval: the raters agree exactly"
    elif error == 0:
        why = "no interval: the raters differ by a constant only"
    return _Squares(n, k, missing, between, by_rater, error, within, why, note)


def icc(ratings: Any, *, raters: Sequence[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """The six intraclass correlation coefficients, under both naming schemes, with F, p and interval.

    With the mean squares of subjects (B), raters (J), residual (E) and within subjects (W), n subjects and k raters:
    ``ICC(1) = (B - W)/(B + (k-1)W)``; ``ICC(C,1) = (B - E)/(B + (k-1)E)``; ``ICC(A,1) = (B - E)/(B + (k-1)E + k(J -
    E)/n)``; the forms for the mean of k ratings: ``(B - W)/B``, ``(B - E)/B``, ``(B - E)/(B + (J - E)/n)``. 1 is
    perfect; 0 says that two ratings of one subject differ as much as ratings of two subjects.

    Which one: do the raters' offsets matter (agreement, A) or not (consistency, C)? Will one rating be used (1) or the
    mean of k? ICC(1) is for subjects each rated by other raters. A paper must say which it used.

    Parameters
    ----------
    ratings : DataFrame or array, shape (subjects, raters)
        One column per rater. Subjects without all ratings are left out and counted.
    raters : sequence of str, optional
        Columns of the DataFrame to use; all when left out.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Six rows: shrout_fleiss ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"), mcgraw_wong
        ("ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"), estimate, ci_low, ci_high, confidence, f,
        df1, df2, p (F test that the coefficient is 0), method, n (subjects), n_raters, n_missing (subjects), note.

    Raises
    ------
    TableError
        Fewer than two raters, or a rating that is not a number.

    Notes
    -----
    The intervals of the one-way and the consistency forms are exact; those of the agreement forms follow Fleiss and
    Shrout's (Satterthwaite) approximation, as in SPSS and every other package.

    References
    ----------
    Shrout and Fleiss (1979) doi:10.1037/0033-2909.86.2.420, whose table it is checked against; McGraw and Wong (1996)
    doi:10.1037/1082-989X.1.1.30.

    Examples
    --------
    >>> six = icc([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> six.round(2)[["shrout_fleiss", "mcgraw_wong", "estimate"]].head(3).values.tolist()
    [['ICC(1,1)', 'ICC(1)', 0.17], ['ICC(2,1)', 'ICC(A,1)', 0.29], ['ICC(3,1)', 'ICC(C,1)', 0.71]]
    """
    check_confidence(confidence)
    s = _squares(ratings, raters)
    n, k, b, j, e, w = s.n, s.k, s.between, s.raters, s.error, s.within
    df1, df_w, df_e = n - 1, n * (k - 1), (n - 1) * (k - 1)
    agreement = _agreement_interval(s, confidence)
    tiny = 1e-9 * (b + j + e + w)  # below it a denominator is what rounding leaves of 0
    table = []
    for shrout_fleiss, mcgraw_wong, top, single, f_below, df2 in (
        ("ICC(1,1)", "ICC(1)", b - w, b + (k - 1) * w, w, df_w),
        ("ICC(2,1)", "ICC(A,1)", b - e, b + (k - 1) * e + k * (j - e) / max(n, 1), e, df_e),
        ("ICC(3,1)", "ICC(C,1)", b - e, b + (k - 1) * e, e, df_e),
        ("ICC(1,k)", "ICC(k)", b - w, b, w, df_w),
        ("ICC(2,k)", "ICC(A,k)", b - e, b + (j - e) / max(n, 1), e, df_e),
        ("ICC(3,k)", "ICC(C,k)", b - e, b, e, df_e),
    ):
        f = b / f_below if f_below > 0 else NAN
        is_mean = shrout_fleiss.endswith("k)")
        if ",1)" in shrout_fleiss and "2" in shrout_fleiss:
            low, high = agreement
        elif "2" in shrout_fleiss:
            low, high = (_stepped_up(v, k) for v in agreement)
        else:
            low, high = _exact_interval(f, df1, df2, k, confidence, is_mean=is_mean)
        table.append(
            {
                "shrout_fleiss": shrout_fleiss,
                "mcgraw_wong": mcgraw_wong,
                "estimate": top / single if single > tiny else NAN,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "f": f,
                "df1": df1,
                "df2": df2,
                "p": NAN if np.isnan(f) else float(special.fdtrc(df1, df2, f)),
                "method": ("Satterthwaite" if "2" in shrout_fleiss else "exact F")
                + " interval, "
                + ("mean of k ratings" if is_mean else "single rating"),
                "n": n,
                "n_raters": k,
                "n_missing": s.n_missing,
                "note": notes(s.why or _without_interval(low, defined=single > tiny), s.note),
            }
        )
    return rows(table)


def _without_interval(low: float, *, defined: bool) -> str:
    if not defined:
        return "undefined: the means of the subjects do not differ"
    return (
        "no interval: the raters agree no better than by chance, where it cannot be approximated"
        if math.isnan(low)
        else ""
    )


def _exact_interval(f: float, df1: int, df2: int, k: int, confidence: float, *, is_mean: bool) -> tuple[float, float]:
    if not math.isfinite(f) or (is_mean and f == 0):
        return NAN, NAN
    upper = 0.5 + confidence / 2
    low, high = f / float(special.fdtri(df1, df2, upper)), f * float(special.fdtri(df2, df1, upper))
    if is_mean:
        return 1 - 1 / low, 1 - 1 / high
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_interval(s: _Squares, confidence: float) -> tuple[float, float]:
    n, k, b, j, e = s.n, s.k, s.between, s.raters, s.error
    if n < 2 or not e > 0:
        return NAN, NAN
    total = b + (k - 1) * e + k * (j - e) / n
    if total <= 1e-9 * (b + j + e):
        return NAN, NAN
    rho = (b - e) / total
    ratio = j / e
    inner = n * (1 + (k - 1) * rho) - k * rho
    spread = (n - 1) * (k * rho * ratio) ** 2 + inner**2
    if spread == 0:  # no freedom left to estimate: seen with three subjects whose means are equal
        return NAN, NAN
    v = (n - 1) * (k - 1) * (k * rho * ratio + inner) ** 2 / spread
    upper = 0.5 + confidence / 2
    f_low, f_high = float(special.fdtri(n - 1, v, upper)), float(special.fdtri(v, n - 1, upper))
    rest = k * j + (k * n - k - n) * e
    below_low, below_high = f_low * rest + n * b, rest + n * f_high * b
    if not (below_low > 0 and below_high > 0):
        return NAN, NAN
    low, high = n * (b - f_low * e) / below_low, n * (f_high * b - e) / below_high
    # Where the raters disagree more than by chance the approximation has too few degrees of freedom to mean anything.
    return (low, high) if low <= rho <= high and low < high else (NAN, NAN)


def _stepped_up(rho: float, k: int) -> float:
    """Spearman and Brown's prophecy: reliability of the mean of k from that of one."""
    below = 1 + (k - 1) * rho
    return k * rho / below if below > 0 else NAN


def measurement_error(ratings: Any, *, raters: Sequence[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """Standard error of measurement (SEM) and minimal detectable change (MDC), in the unit of the ratings.

    ``SEM_consistency = sqrt(E)``; ``SEM_agreement = sqrt(E + (J - E)/n)``, which counts the raters' offsets;
    ``MDC = z sqrt(2) SEM``: two single ratings of an unchanged subject differ by less in 95 of 100 pairs (at 0.95), so
    that a smaller change says nothing.

    Parameters
    ----------
    ratings, raters
        As in `icc`.
    confidence : float
        Of the intervals, and the z of the MDC.

    Returns
    -------
    DataFrame
        Four rows: quantity ("SEM" or "MDC"), form ("consistency" or "agreement"), estimate, ci_low, ci_high,
        confidence, df, method, n (subjects), n_raters, n_missing, note.

    Raises
    ------
    TableError
        As in `icc`.

    References
    ----------
    Weir (2005) doi:10.1519/15184.1; de Vet et al. (2006) doi:10.1016/j.jclinepi.2005.10.015.

    Examples
    --------
    >>> table = measurement_error([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> table.round(2)[["quantity", "form", "estimate"]].head(2).values.tolist()
    [['SEM', 'consistency', 1.01], ['MDC', 'consistency', 2.8]]
    """
    check_confidence(confidence)
    s = _squares(ratings, raters)
    n, k = s.n, s.k
    table = []
    for form in ("consistency", "agreement"):
        variance, df, extra = s.error, float((n - 1) * (k - 1)), ""
        if form == "agreement" and n > 1:
            of_raters, of_error = s.raters / n, s.error * (n - 1) / n
            if s.raters < s.error:
                extra = "the raters' offsets are within the residual error and count as 0"
            else:
                variance = of_raters + of_error
                # Satterthwaite: a sum of two mean squares has about these degrees of freedom.
                if variance > 0:
                    df = variance**2 / (of_raters**2 / (k - 1) + of_error**2 / ((n - 1) * (k - 1)))
        for quantity, factor in (("SEM", 1.0), ("MDC", z_of(confidence) * math.sqrt(2))):
            estimate = factor * math.sqrt(variance) if variance >= 0 else NAN
            low, high = sd_interval(variance, df, confidence)
            table.append(
                {
                    "quantity": quantity,
                    "form": form,
                    "estimate": estimate,
                    "ci_low": factor * low,
                    "ci_high": factor * high,
                    "confidence": confidence,
                    "df": df,
                    "method": "chi-square interval" + (", Satterthwaite df" if form == "agreement" else ""),
                    "n": n,
                    "n_raters": k,
                    "n_missing": s.n_missing,
                    "note": notes(s.why, extra, s.note),
                }
            )
    return rows(table)


def sd_interval(variance: float, df: float, confidence: float) -> tuple[float, float]:
    """Chi-square interval of a standard deviation; nan where the variance or its degrees of freedom are not above 0."""
    if not (variance > 0 and df > 0):
        return NAN, NAN
    tail = (1 - confidence) / 2
    return math.sqrt(variance * df / float(special.chdtri(df, tail))), math.sqrt(
        variance * df / float(special.chdtri(df, 1 - tail))
    )
