"""Group means compared at the same age: analysis of covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.lab import lab_module
from vbqkit.stats.observations import ColumnLike, check_confidence, observations
from vbqkit.stats.result import NAN, notes, rows


def ancova(
    value: ColumnLike,
    group: ColumnLike,
    *,
    covariates: Mapping[str, ColumnLike] | Sequence[str],
    reference: Any,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare groups after taking out what covariates such as age explain.

    ``value = group + Σ slope_j covariate_j + residual`` by least squares. It assumes that a covariate has the same slope in all
    groups, which the row "equal slopes" tests: a small p there says that the groups differ by an amount that depends on
    the covariate, and one adjusted difference does not tell the story. It cannot undo a difference between groups that
    have no ages in common.

    Parameters
    ----------
    value : column of numbers
        Array or Series, or with `data` the name of a column.
    group : column of labels
        Two groups or more.
    covariates : mapping of name to column, or with `data` a sequence of column names
        Columns of numbers.
    reference : label
        The group that the others are compared with.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the t intervals.

    Returns
    -------
    DataFrame
        Rows, by term: "group" (F test; estimate = partial eta squared), one "a - reference" per other group (adjusted
        difference), one "mean of g" per group (adjusted to the covariates' means), one "slope of c" per covariate, and "equal slopes"
        (F test; estimate = partial eta squared). Columns: term, estimate, ci_low, ci_high, confidence, statistic (t or F), df1, df2, p, method, n, n_missing, note.

    Raises
    ------
    TableError
        No covariate, one group only, or a reference that is not a group.
    VbqkitError
        statsmodels is not installed.

    References
    ----------
    Fitted by statsmodels OLS; the F tests compare nested models (type II).

    Examples
    --------
    >>> age = [50, 60, 70, 55, 65, 75, 52, 63]
    >>> vbq = [2.1, 2.5, 2.9, 2.7, 3.0, 3.5, 2.2, 2.9]
    >>> table = ancova(vbq, list("ccccffff"), covariates={"age": age}, reference="c").set_index("term")
    >>> print(round(table.estimate["slope of age"], 3))
    0.046
    """
    check_confidence(confidence)
    named: dict[str, Any] = dict(covariates) if isinstance(covariates, Mapping) else {name: name for name in covariates}
    if not named:
        raise TableError("No covariate was given. Name one, or use one_way_anova.")
    obs = observations(data, numeric={"value": value, **named}, categorical={"group": group})
    names = sorted(pd.unique(pd.Series(obs["group"])), key=str)
    if len(names) < 2:
        raise TableError(
            f"group has one class only ({names[0]!r}), so there is nothing to compare. Pass two groups or more."
        )
    if reference not in names:
        raise TableError(
            f"reference is {reference!r}, which is not a group. The groups are: {', '.join(map(str, names))}."
        )
    others = [name for name in names if name != reference]
    member = np.column_stack([obs["group"] == name for name in others]).astype(float)
    z = np.column_stack([obs[name] for name in named])
    z = z - z.mean(axis=0)
    one = np.ones((obs.n, 1))
    design = np.hstack([one, member, z])
    k, g = z.shape[1], member.shape[1]
    why = ""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        why = "undefined: a covariate is constant, or the groups or other covariates determine it"
    elif obs.n <= design.shape[1]:
        why = "undefined: no more rows than things to estimate"
    elif np.ptp(obs["value"]) == 0:
        why = "undefined: all values are equal"
    terms = _Terms(obs.n, obs.n_missing, confidence, why, obs.note)
    if why:
        return rows([terms.row("group", {}, "F test of nested models")])
    sm = lab_module("statsmodels.api", "Analysis of covariance")
    y = obs["value"]
    full, without = sm.OLS(y, design).fit(), sm.OLS(y, np.hstack([one, z])).fit()
    if full.ssr <= 1e-24 * without.centered_tss:
        exact = _Terms(
            obs.n,
            obs.n_missing,
            confidence,
            "undefined: the model fits exactly, so nothing is left to judge it by",
            obs.note,
        )
        return rows([exact.row("group", {}, "F test of nested models")])
    f, p, df1 = full.compare_f_test(without)
    share = (without.ssr - full.ssr) / without.ssr
    table = [
        terms.row(
            "group",
            {"estimate": share, "statistic": f, "df1": df1, "df2": full.df_resid, "p": p},
            "F test of nested models",
        )
    ]
    contrasts = [
        (f"{name} - {reference}", _unit(design.shape[1], 1 + i), "adjusted difference") for i, name in enumerate(others)
    ]
    contrasts += [
        (
            f"mean of {name}",
            _unit(design.shape[1], 0) + (_unit(design.shape[1], 1 + others.index(name)) if name != reference else 0),
            "adjusted to the covariates' means",
        )
        for name in names
    ]
    contrasts += [
        (f"slope of {name}", _unit(design.shape[1], 1 + g + j), "common slope") for j, name in enumerate(named)
    ]
    for term, vector, method in contrasts:
        test = full.t_test(vector)
        low, high = test.conf_int(alpha=1 - confidence)[0]
        found = {"estimate": test.effect[0], "ci_low": low, "ci_high": high, "df2": full.df_resid}
        if not term.startswith("mean of"):
            found |= {"statistic": test.tvalue.item(), "p": test.pvalue.item()}
        table.append(terms.row(term, found, method))
    crossed = np.hstack([design, *(member[:, [i]] * z for i in range(g))])
    steep = sm.OLS(y, crossed).fit() if np.linalg.matrix_rank(crossed) == crossed.shape[1] < obs.n else None
    if steep is not None and steep.ssr > 1e-24 * without.centered_tss:
        f, p, df1 = steep.compare_f_test(full)
        found = {
            "estimate": (full.ssr - steep.ssr) / full.ssr,
            "statistic": f,
            "df1": df1,
            "df2": steep.df_resid,
            "p": p,
        }
        table.append(terms.row("equal slopes", found, f"F test of group x covariate, {k * g} terms"))
    else:
        few = _Terms(
            obs.n, obs.n_missing, confidence, "undefined: too few rows to fit a slope in every group", obs.note
        )
        table.append(few.row("equal slopes", {}, "F test of group x covariate"))
    return rows(table)


def _unit(size: int, where: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    vector = np.zeros(size)
    vector[where] = 1
    return vector


class _Terms:
    """What all rows of one table have in common."""

    def __init__(self, n: int, n_missing: int, confidence: float, why: str, note: str) -> None:
        self.shared = {"n": n, "n_missing": n_missing, "note": notes(why, note)}
        self.confidence = confidence

    def row(self, term: str, found: Mapping[str, Any], method: str) -> dict[str, Any]:
        keys = ("estimate", "ci_low", "ci_high", "statistic", "df1", "df2", "p")
        values = {key: float(found.get(key, NAN)) for key in keys}
        return {
            "term": term,
            **{key: values[key] for key in keys[:3]},
            "confidence": self.confidence,
            **{key: values[key] for key in keys[3:]},
            "method": f"ANCOVA, {method}",
            **self.shared,
        }
