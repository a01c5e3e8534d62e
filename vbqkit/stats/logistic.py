"""Odds ratios: logistic regression with one or several predictors, with separation found and said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.logistic_fit import maximum_likelihood
from vbqkit.stats.observations import ColumnLike, case_labels, observations, scalar
from vbqkit.stats.result import NAN, notes, rows


def logistic_regression(
    outcome: ColumnLike,
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    case: Any = None,
    per: Mapping[str, float] | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Odds ratios of all predictors together (multivariable).

    ``log odds of being a case = b_0 + Σ b_j x_j``; ``OR_j = exp(b_j step_j)``: by how much the odds are multiplied
    when x_j is one step higher and the other predictors stay. Above 1: more often a case. An OR depends on the step; a
    score that varies by 0.08 has a grotesque OR per 1 (Huang 2026 prints 20 571 for VBQ-T2), so say a step that means
    something.

    Parameters
    ----------
    outcome : column of labels
        As in `roc_curve`; with `data` the name of a column.
    predictors : mapping of name to column, or with `data` a sequence of column names
        Columns of numbers (0 and 1 for yes and no).
    case : label, optional
        The label of the cases.
    per : mapping of name to float, optional
        Step of each predictor; 1 where nothing is said.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the Wald intervals.

    Returns
    -------
    DataFrame
        One row per predictor: term, estimate (OR), ci_low, ci_high, confidence, per, coefficient (per unit), se, z, p
        (Wald), method, n, n_case, n_missing, note. Separation, a constant or a redundant predictor leave nan and a
        note that begins with ``undefined:``.

    Raises
    ------
    TableError
        No predictor, or columns that cannot be used.
    VbqkitError
        statsmodels is not installed.

    References
    ----------
    Fitted by statsmodels. Separation: Albert and Anderson (1984) doi:10.1093/biomet/71.1.1, found by linear
    programming (Konis 2007).

    Examples
    --------
    >>> vbq = [2.1, 2.4, 2.2, 2.9, 2.6, 2.8, 3.3, 3.1, 2.3, 2.7]
    >>> logistic_regression([0, 0, 0, 0, 1, 0, 1, 1, 1, 1], {"VBQ": vbq}, per={"VBQ": 0.1}).round(2)["estimate"].item()
    1.3
    """
    z_of(confidence)  # refused in words before anything is computed
    named: dict[str, Any] = dict(predictors) if isinstance(predictors, Mapping) else {name: name for name in predictors}
    if not named:
        raise TableError("No predictor was given. Name one or more.")
    steps = steps_of(per, named)
    # A predictor may have any name, "outcome" among them.
    inside = {f"predictor {name}": column for name, column in named.items()}
    obs = observations(data, numeric=inside, categorical={"outcome": outcome})
    is_case = case_labels(obs["outcome"], case=case)
    x = np.column_stack([obs[name] for name in inside])
    found, why = maximum_likelihood(x, is_case, list(named))
    few = min(int(is_case.sum()), int((~is_case).sum())) < 10 * len(named)
    extra = "fewer than 10 cases or controls per predictor: the odds ratios are unstable" if few and not why else ""
    table = []
    for j, name in enumerate(named):
        b, se = (NAN, NAN)
        if found is not None:
            b, se = float(found.coefficients[j + 1]), float(found.covariance[j + 1, j + 1]) ** 0.5
        table.append(
            odds_ratio_cells(name, b, se, per=steps[name], confidence=confidence)
            | {
                "method": "logistic regression, Wald"
                + (f", with {len(named)} predictors" if len(named) > 1 else ", one predictor"),
                "n": obs.n,
                "n_case": int(is_case.sum()),
                "n_missing": obs.n_missing,
                "note": notes(why, extra, obs.note),
            }
        )
    return rows(table)


def univariate_logistic(
    outcome: ColumnLike,
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    case: Any = None,
    per: Mapping[str, float] | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Odds ratio of each predictor by itself: one regression per predictor, each with its own n.

    Papers put into the multivariable model what is significant here; a predictor can matter in the one and not in the
    other.

    Parameters
    ----------
    outcome, predictors, case, per, data, confidence
        As in `logistic_regression`.

    Returns
    -------
    DataFrame
        As in `logistic_regression`.

    Raises
    ------
    TableError, VbqkitError
        As in `logistic_regression`.
    """
    named: dict[str, Any] = dict(predictors) if isinstance(predictors, Mapping) else {name: name for name in predictors}
    if not named:
        raise TableError("No predictor was given. Name one or more.")
    steps = steps_of(per, named)
    return pd.concat(
        [
            logistic_regression(
                outcome, {name: values}, case=case, per={name: steps[name]}, data=data, confidence=confidence
            )
            for name, values in named.items()
        ],
        ignore_index=True,
    )


def steps_of(per: Mapping[str, float] | None, named: Mapping[str, Any]) -> dict[str, float]:
    """The step of each predictor that its odds ratio is for, 1 where nothing is said.

    Raises
    ------
    TableError
        A step is named for something else than a predictor, or is no step.
    """
    strange = [name for name in per or {} if name not in named]
    if strange:
        raise TableError(f"per names {strange[0]!r}, which is not a predictor. The predictors are: {', '.join(named)}.")
    steps = {name: scalar((per or {}).get(name, 1.0), f"per[{name!r}]") for name in named}
    if 0 in steps.values():
        raise TableError("A step of 0 has an odds ratio of 1 whatever the data. Say a step that means something.")
    return steps


def odds_ratio_cells(name: str, b: float, se: float, *, per: float, confidence: float) -> dict[str, Any]:
    """What a table says of one coefficient: odds ratio per step with Wald's interval, z and p."""
    half = abs(per) * z_of(confidence) * se
    return {
        "term": name,
        "estimate": exp_of(b * per),
        "ci_low": exp_of(per * b - half),
        "ci_high": exp_of(per * b + half),
        "confidence": confidence,
        "per": per,
        "coefficient": b,
        "se": se,
        "z": b / se if se > 0 else NAN,
        "p": two_sided_p(b / se) if se > 0 else NAN,
    }


def exp_of(value: float) -> float:
    """The exponential, infinite or 0 where it is beyond what a number can hold."""
    return float(np.exp(value)) if abs(value) < 700 or np.isnan(value) else float(np.inf if value > 0 else 0.0)
