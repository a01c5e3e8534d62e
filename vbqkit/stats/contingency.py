"""Are two categories related? Chi-square and Fisher's exact test of a table of counts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.observations import (
    ColumnLike,
    FloatArray,
    Observations,
    case_labels,
    check_confidence,
    count,
    observations,
)
from vbqkit.stats.result import NAN, notes, row, rows


def counts_table(a: ColumnLike, b: ColumnLike, *, data: pd.DataFrame | None = None) -> pd.DataFrame:
    """Counts of every combination of two columns of labels: rows are the labels of a, columns those of b.

    Parameters
    ----------
    a, b : column of labels
        With `data` names of its columns. Rows in which either is missing are left out; the tests below count them.
    data : DataFrame, optional
        The table.

    Raises
    ------
    TableError
        The columns cannot be used.

    Examples
    --------
    >>> counts_table(["f", "f", "m"], ["yes", "no", "no"]).to_numpy().tolist()
    [[1, 1], [1, 0]]
    """
    return _crossed(observations(data, categorical={"a": a, "b": b}))


def _crossed(obs: Observations) -> pd.DataFrame:
    return pd.crosstab(pd.Series(obs["a"], name="a"), pd.Series(obs["b"], name="b"))


def chi_square(a: ColumnLike, b: ColumnLike, *, correction: bool, data: pd.DataFrame | None = None) -> pd.DataFrame:
    """Pearson's chi-square test of independence of two columns of labels.

    ``Σ (observed - expected)²/expected``; ``estimate`` is Cramér's V = sqrt(chi²/(n (k - 1))), k the smaller number of
    categories: 0 no relation, 1 one determines the other.

    Parameters
    ----------
    a, b : column of labels
        With `data` names of its columns.
    correction : bool
        Yates' continuity correction, which applies to 2 x 2 tables only. SPSS prints both; R corrects.
    data : DataFrame, optional
        The table.

    Returns
    -------
    DataFrame
        One row: estimate (Cramér's V, from the uncorrected chi-square), statistic, df, p, smallest_expected, method, n,
        n_missing, note (says when expected counts are below 5).

    Raises
    ------
    TableError
        The columns cannot be used.

    References
    ----------
    Computed by scipy.stats.chi2_contingency.

    Examples
    --------
    >>> sex = ["f"] * 30 + ["m"] * 20
    >>> fracture = ["yes"] * 20 + ["no"] * 10 + ["yes"] * 6 + ["no"] * 14
    >>> chi_square(sex, fracture, correction=False).round(3)[["statistic", "p"]].iloc[0].tolist()
    [6.464, 0.011]
    """
    obs = observations(data, categorical={"a": a, "b": b})
    table = _crossed(obs).to_numpy()
    method = "chi-square" + (", Yates' correction" if correction and table.shape == (2, 2) else "")
    if min(table.shape) < 2:
        nothing = {"estimate": NAN, "statistic": NAN, "df": 0, "p": NAN, "smallest_expected": NAN, "method": method}
        return row(
            **nothing,
            n=obs.n,
            n_missing=obs.n_missing,
            note=notes("undefined: a column has one category only", obs.note),
        )
    plain = scipy.stats.chi2_contingency(table, correction=False)
    found = scipy.stats.chi2_contingency(table, correction=correction)
    few = int((plain.expected_freq < 5).sum())
    return row(
        estimate=float(np.sqrt(plain.statistic / (obs.n * (min(table.shape) - 1)))),
        statistic=float(found.statistic),
        df=int(found.dof),
        p=float(found.pvalue),
        smallest_expected=float(plain.expected_freq.min()),
        method=method,
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(
            f"{few} of {table.size} expected counts are below 5: prefer Fisher's exact test" if few else "", obs.note
        ),
    )


def fisher_exact(
    exposure: ColumnLike,
    outcome: ColumnLike,
    *,
    exposed: Any = None,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Fisher's exact test of a 2 x 2 table, with the odds ratio.

    Parameters
    ----------
    exposure, outcome : column of labels
        Two categories each; with `data` names of its columns.
    exposed, case : label, optional
        The labels whose odds are in the numerator; True (1) for columns of True and False.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the exact (conditional) interval of the odds ratio.

    Returns
    -------
    DataFrame
        One row: estimate (conditional maximum-likelihood odds ratio, as R prints), ci_low, ci_high, confidence,
        sample_odds_ratio (a d / b c), p (two-sided), method, n, n_missing, note.

    Raises
    ------
    TableError
        A column does not have two categories, or does not say which is meant.

    References
    ----------
    Fisher (1935) doi:10.2307/2342435. Computed by scipy.stats; checked against R's digits for the tea-tasting lady.

    Examples
    --------
    >>> test = fisher_exact([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 1])
    >>> test.round(3)[["sample_odds_ratio", "p"]].iloc[0].tolist()
    [9.0, 0.486]
    """
    check_confidence(confidence)
    obs = observations(data, categorical={"exposure": exposure, "outcome": outcome})
    e = case_labels(obs["exposure"], case=exposed, name="exposure", keyword="exposed")
    c = case_labels(obs["outcome"], case=case)
    table = np.array([[(e & c).sum(), (e & ~c).sum()], [(~e & c).sum(), (~e & ~c).sum()]])
    ratio = scipy.stats.contingency.odds_ratio(table, kind="conditional")
    interval = ratio.confidence_interval(confidence)
    below = float(table[0, 1] * table[1, 0])
    unlimited = not np.isfinite(ratio.statistic)
    return row(
        estimate=float(ratio.statistic),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        confidence=confidence,
        sample_odds_ratio=float(table[0, 0] * table[1, 1]) / below if below else NAN,
        p=float(scipy.stats.fisher_exact(table)[1]),
        method="Fisher exact, conditional odds ratio and interval",
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(
            "a count is 0: the odds ratio has no finite value on that side"
            if unlimited or ratio.statistic == 0
            else "",
            obs.note,
        ),
    )


def counts_tests(table: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Every test of a 2 x k table of counts that SPSS prints under one another.

    Papers seldom say which of them their p is; the columns are taken to be in order for the last.

    Parameters
    ----------
    table : 2 x k whole numbers
        Counts: two groups, k categories.

    Returns
    -------
    DataFrame
        Rows "chi-square", "Fisher-Freeman-Halton" (exact), "likelihood ratio", "linear by linear" (trend,
        Mantel-Haenszel): test, statistic, df, p, n, note.

    Raises
    ------
    TableError
        The table has other than two rows, fewer than two columns, or an entry that is not a count.

    References
    ----------
    Freeman and Halton (1951) doi:10.1093/biomet/38.1-2.141; Mantel (1963) doi:10.1080/01621459.1963.10500879. Checked
    against scipy, which has the exact test for 2 x 2 tables only and simulates it for larger ones.

    Examples
    --------
    Women among 21, 21 and 19 patients (Cui 2025, labels put right):

    >>> counts_tests([[12, 11, 14], [9, 10, 5]]).round(3)[["test", "p"]].values.tolist()[:2]
    [['chi-square', 0.357], ['Fisher-Freeman-Halton', 0.392]]
    """
    lines = [[count(v, "count", at_least=0) for v in line] for line in table]
    if len(lines) != 2 or len(lines[0]) != len(lines[1]) or len(lines[0]) < 2:
        raise TableError(
            f"The table has rows of {', '.join(str(len(line)) for line in lines) or 'no'} counts; two rows of the same two counts "
            "or more were expected. Pass one row per group."
        )
    counts = np.asarray(lines, dtype=float)
    trend = (counts.sum() - 1) * _linear_correlation(counts) ** 2  # an empty category keeps its place in the order
    counts = counts[:, counts.sum(axis=0) > 0]
    size = int(counts.sum())
    if math.isnan(trend):
        names = ("chi-square", "Fisher-Freeman-Halton", "likelihood ratio", "linear by linear")
        why = "undefined: a group is empty, or all are in one category"
        return rows({"test": name, "statistic": NAN, "df": NAN, "p": NAN, "n": size, "note": why} for name in names)
    plain, ratio = (
        scipy.stats.chi2_contingency(counts, correction=False, lambda_=kind) for kind in ("pearson", "log-likelihood")
    )
    found = (
        ("chi-square", plain.statistic, plain.dof, plain.pvalue),
        ("Fisher-Freeman-Halton", NAN, NAN, _freeman_halton_p(counts.astype(int).tolist())),
        ("likelihood ratio", ratio.statistic, ratio.dof, ratio.pvalue),
        ("linear by linear", trend, 1, special.chdtrc(1, trend)),
    )
    return rows({"test": name, "statistic": x, "df": df, "p": p, "n": size} for name, x, df, p in found)


def _linear_correlation(counts: FloatArray) -> float:
    """Pearson's r of the numbers of row and column, each as often as counted; nan where one of them never changes."""
    of_rows, of_columns = counts.sum(axis=1), counts.sum(axis=0)
    if np.count_nonzero(of_rows) < 2 or np.count_nonzero(of_columns) < 2:
        return NAN
    x = np.arange(of_rows.size) - np.arange(of_rows.size) @ of_rows / counts.sum()
    y = np.arange(of_columns.size) - np.arange(of_columns.size) @ of_columns / counts.sum()
    return float(x @ counts @ y / np.sqrt((x**2 @ of_rows) * (y**2 @ of_columns)))


def _freeman_halton_p(table: Sequence[Sequence[int]]) -> float:
    """Exact p of a 2 x k table: the chance of all tables with its margins that are no likelier than itself."""
    first = [int(x) for x in table[0]]
    columns = [int(a) + int(b) for a, b in zip(*table, strict=True)]
    size = sum(first)

    def log_ways(n: int, k: int) -> float:
        return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)

    def chance(row: Sequence[int]) -> float:
        return math.exp(sum(log_ways(n, k) for n, k in zip(columns, row, strict=True)) - log_ways(sum(columns), size))

    own = chance(first) * (1 + 1e-7)
    p = 0.0
    for head in itertools.product(*(range(n + 1) for n in columns[:-1])):
        last = size - sum(head)
        if 0 <= last <= columns[-1]:
            this = chance((*head, last))
            p += this if this <= own else 0.0
    return min(p, 1.0)
