"""Are two categories related? Chi-square and Fisher's exact test of a table of counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from vbqkit.stats.observations import Column, Observations, case_labels, check_confidence, observations
from vbqkit.stats.result import NAN, notes, row


def counts_table(a: Column, b: Column, *, data: pd.DataFrame | None = None) -> pd.DataFrame:
    """Counts of every combination of two columns of labels: rows are the labels of a, columns those of b.

    Parameters
    ----------
    a, b : column of labels
        With `data` names of its columns. Rows in which either is missing are left out; the tests below count them.
    data : DataFrame, optional
        The table.

    Examples
    --------
    >>> counts_table(["f", "f", "m"], ["yes", "no", "no"]).to_numpy().tolist()
    [[1, 1], [1, 0]]
    """
    return _crossed(observations(data, categorical={"a": a, "b": b}))


def _crossed(obs: Observations) -> pd.DataFrame:
    return pd.crosstab(pd.Series(obs["a"], name="a"), pd.Series(obs["b"], name="b"))


def chi_square(a: Column, b: Column, *, correction: bool, data: pd.DataFrame | None = None) -> pd.DataFrame:
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
    plain = stats.chi2_contingency(table, correction=False)
    found = stats.chi2_contingency(table, correction=correction)
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
    exposure: Column,
    outcome: Column,
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
    >>> fisher_exact([1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 1]).round(3)[["sample_odds_ratio", "p"]].iloc[0].tolist()
    [9.0, 0.486]
    """
    check_confidence(confidence)
    obs = observations(data, categorical={"exposure": exposure, "outcome": outcome})
    e = case_labels(obs["exposure"], case=exposed, name="exposure", keyword="exposed")
    c = case_labels(obs["outcome"], case=case)
    table = np.array([[(e & c).sum(), (e & ~c).sum()], [(~e & c).sum(), (~e & ~c).sum()]])
    ratio = stats.contingency.odds_ratio(table, kind="conditional")
    interval = ratio.confidence_interval(confidence)
    below = float(table[0, 1] * table[1, 0])
    unlimited = not np.isfinite(ratio.statistic)
    return row(
        estimate=float(ratio.statistic),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        confidence=confidence,
        sample_odds_ratio=float(table[0, 0] * table[1, 1]) / below if below else NAN,
        p=float(stats.fisher_exact(table)[1]),
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
