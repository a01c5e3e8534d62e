"""Group means compared at the same age: analysis of covariance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.lab import lab_module
from vbqkit.stats.observations import ColumnLike, FloatArray, Observations, check_confidence, observations
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

    ``value = group + Σ slope_j covariate_j + residual`` by least squares. It assumes that a covariate has the same
    slope in all groups, which the row "equal slopes" tests: a small p there says that the groups differ by an amount
    that depends on the covariate, and one adjusted difference does not tell the story. It cannot undo a difference
    between groups that have no ages in common.

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
        difference), one "mean of g" per group (adjusted to the covariates' means), one "slope of c" per covariate, and
        "equal slopes" (F test; estimate = partial eta squared). Columns: term, estimate, ci_low, ci_high, confidence,
        statistic (t or F), df1, df2, p, method, n, n_missing, note.

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
    design = _design(value, group, covariates, reference, data)
    terms = _Terms(design.obs.n, design.obs.n_missing, confidence, design.obs.note)
    if design.why:
        return rows([terms.row("group", {}, "F test of nested models", why=design.why)])
    sm = lab_module("statsmodels.api", "Analysis of covariance")
    y = design.obs["value"]
    full, without = sm.OLS(y, design.full).fit(), sm.OLS(y, design.without_groups).fit()
    smallest = 1e-24 * without.centered_tss  # a residual sum of squares below it is rounding
    if full.ssr <= smallest:
        why = "undefined: the model fits exactly, so nothing is left to judge it by"
        return rows([terms.row("group", {}, "F test of nested models", why=why)])
    crossed = design.crossed
    fitted = np.linalg.matrix_rank(crossed) == crossed.shape[1] < design.obs.n
    steep = sm.OLS(y, crossed).fit() if fitted else None
    if steep is not None and steep.ssr > smallest:
        slopes = terms.row(
            "equal slopes",
            _f_test(steep, full),
            f"F test of group x covariate, {crossed.shape[1] - full.params.size} terms",
        )
    else:
        slopes = terms.row(
            "equal slopes",
            {},
            "F test of group x covariate",
            why="undefined: too few rows to fit a slope in every group",
        )
    return rows(
        [
            terms.row("group", _f_test(full, without), "F test of nested models"),
            *(
                terms.row(term, _estimated(full, vector, term, confidence), how)
                for term, vector, how in design.contrasts()
            ),
            slopes,
        ]
    )


@dataclass(frozen=True, slots=True)
class _Design:
    """The columns of the model: 1, membership of each group but the reference, and the centered covariates."""

    obs: Observations
    reference: Any
    others: list[Any]
    names: list[Any]
    covariates: list[str]
    member: FloatArray
    z: FloatArray
    why: str

    @property
    def without_groups(self) -> FloatArray:
        return np.hstack([np.ones((self.obs.n, 1)), self.z])

    @property
    def full(self) -> FloatArray:
        return np.hstack([np.ones((self.obs.n, 1)), self.member, self.z])

    @property
    def crossed(self) -> FloatArray:
        """With a slope of its own in every group."""
        return np.hstack([self.full, *(self.member[:, [i]] * self.z for i in range(self.member.shape[1]))])

    def contrasts(self) -> Iterator[tuple[str, FloatArray, str]]:
        """Name, weights of the coefficients, and what it is: adjusted differences, adjusted means, common slopes."""
        one = np.eye(1 + len(self.others) + len(self.covariates))
        place = {name: 1 + i for i, name in enumerate(self.others)}
        for name in self.others:
            yield f"{name} - {self.reference}", one[place[name]], "adjusted difference"
        for name in self.names:
            vector = one[0] + one[place[name]] if name in place else one[0]
            yield f"mean of {name}", vector, "adjusted to the covariates' means"
        for j, name in enumerate(self.covariates):
            yield f"slope of {name}", one[1 + len(self.others) + j], "common slope"


def _design(
    value: ColumnLike,
    group: ColumnLike,
    covariates: Mapping[str, ColumnLike] | Sequence[str],
    reference: Any,
    data: pd.DataFrame | None,
) -> _Design:
    named: dict[str, Any] = dict(covariates) if isinstance(covariates, Mapping) else {name: name for name in covariates}
    if not named:
        raise TableError("No covariate was given. Name one, or use one_way_anova.")
    # A covariate may have any name, "value" and "group" among them.
    inside = {f"covariate {name}": column for name, column in named.items()}
    obs = observations(data, numeric={"value": value, **inside}, categorical={"group": group})
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
    z = np.column_stack([obs[name] for name in inside])
    z = z - z.mean(axis=0)
    full = np.hstack([np.ones((obs.n, 1)), member, z])
    why = ""
    if np.linalg.matrix_rank(full) < full.shape[1]:
        why = "undefined: a covariate is constant, or the groups or other covariates determine it"
    elif obs.n <= full.shape[1]:
        why = "undefined: no more rows than things to estimate"
    elif np.ptp(obs["value"]) == 0:
        why = "undefined: all values are equal"
    return _Design(obs, reference, others, names, list(named), member, z, why)


def _f_test(larger: Any, smaller: Any) -> dict[str, float]:
    """What the larger model explains beyond the smaller one; the estimate is partial eta squared."""
    f, p, df1 = larger.compare_f_test(smaller)
    share = (smaller.ssr - larger.ssr) / smaller.ssr
    return {"estimate": share, "statistic": f, "df1": df1, "df2": larger.df_resid, "p": p}


def _estimated(fit: Any, vector: FloatArray, term: str, confidence: float) -> dict[str, float]:
    """A weighted sum of the coefficients with its t interval; a mean is not tested against 0."""
    test = fit.t_test(vector)
    low, high = test.conf_int(alpha=1 - confidence)[0]
    found = {"estimate": test.effect[0], "ci_low": low, "ci_high": high, "df2": fit.df_resid}
    if term.startswith("mean of"):
        return found
    return found | {"statistic": test.tvalue.item(), "p": test.pvalue.item()}


class _Terms:
    """What all rows of one table have in common."""

    def __init__(self, n: int, n_missing: int, confidence: float, note: str) -> None:
        self.counts = {"n": n, "n_missing": n_missing}
        self.confidence = confidence
        self.note = note

    def row(self, term: str, found: Mapping[str, Any], method: str, *, why: str = "") -> dict[str, Any]:
        keys = ("estimate", "ci_low", "ci_high", "statistic", "df1", "df2", "p")
        values = {key: float(found.get(key, NAN)) for key in keys}
        return {
            "term": term,
            **{key: values[key] for key in keys[:3]},
            "confidence": self.confidence,
            **{key: values[key] for key in keys[3:]},
            "method": f"ANCOVA, {method}",
            **self.counts,
            "note": notes(why, self.note),
        }
