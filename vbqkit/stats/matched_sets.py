"""Odds ratios of matched sets: conditional logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import z_of
from vbqkit.stats.lab import lab_module
from vbqkit.stats.logistic import odds_ratio_cells, steps_of
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, observations
from vbqkit.stats.result import NAN, notes, rows


def conditional_logistic(
    outcome: ColumnLike,
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    sets: ColumnLike,
    case: Any = None,
    per: Mapping[str, float] | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Odds ratios within matched sets: what a matched case-control study has to report.

    ``L = Π over sets of exp(β Σ x of the cases) / Σ over all choices of as many members of exp(β Σ x of the chosen)``.
    The matching variables drop out: they have no odds ratio, and need none. Ordinary logistic regression of matched
    data pulls the odds ratios towards 1 (Breslow and Day 1980).

    Parameters
    ----------
    outcome, predictors, case, per, data, confidence
        As in `logistic_regression`.
    sets : column of labels
        Which set (pair) each row belongs to, such as the column ``pair`` made from `match_pairs`.

    Returns
    -------
    DataFrame
        One row per predictor: term, estimate (OR), ci_low, ci_high, confidence, per, coefficient (per unit), se, z, p
        (Wald), method, n (rows used), n_case, n_sets (sets used), n_missing, note. Sets without a case or without a
        control say nothing and are left out, which the note says.

    Raises
    ------
    TableError
        No predictor, no set with a case and a control, or columns that cannot be used.
    VbqkitError
        statsmodels is not installed.

    References
    ----------
    Breslow and Day (1980) Statistical Methods in Cancer Research 1, IARC. Fitted by statsmodels; checked against R's
    survival::clogit.

    Examples
    --------
    >>> vbq = [3.1, 2.8, 2.9, 3.0, 3.4, 2.7, 3.3, 3.0, 2.6, 2.9, 3.2, 2.8]
    >>> pair = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    >>> table = conditional_logistic([1, 0] * 6, {"VBQ": vbq}, sets=pair, per={"VBQ": 0.1})
    >>> table.round(2)[["estimate", "n_sets"]].iloc[0].tolist()
    [1.43, 6.0]
    """
    z_of(confidence)  # refused in words before anything is computed
    named: dict[str, Any] = dict(predictors) if isinstance(predictors, Mapping) else {name: name for name in predictors}
    if not named:
        raise TableError("No predictor was given. Name one or more.")
    steps = steps_of(per, named)
    inside = {f"predictor {name}": values for name, values in named.items()}
    obs = observations(data, numeric=inside, categorical={"outcome": outcome, "sets": sets})
    is_case = case_labels(obs["outcome"], case=case)
    code = pd.factorize(pd.Series(obs["sets"]))[0]
    cases = np.bincount(code, weights=is_case)
    telling = (cases > 0) & (cases < np.bincount(code))
    used = telling[code]
    if not used.any():
        raise TableError(
            "No set has both a case and a control, so nothing can be compared within sets. "
            "Pass the label of each matched set as sets=..., one and the same for a case and its controls."
        )
    x = np.column_stack([obs[name] for name in inside])[used]
    found, why = _fit(x, is_case[used], code[used], list(named))
    lost = int((~telling).sum())
    extra = f"{lost} of {telling.size} sets left out: without a case or without a control" if lost else ""
    few = int(telling.sum()) < 10 * len(named) and not why
    table = []
    for j, name in enumerate(named):
        b, se = (NAN, NAN) if found is None else (float(found[0][j]), float(found[1][j]))
        table.append(
            odds_ratio_cells(name, b, se, per=steps[name], confidence=confidence)
            | {
                "method": "conditional logistic regression, Wald",
                "n": int(used.sum()),
                "n_case": int(is_case[used].sum()),
                "n_sets": int(telling.sum()),
                "n_missing": obs.n_missing,
                "note": notes(
                    why,
                    "fewer than 10 sets per predictor: the odds ratios are unstable" if few else "",
                    extra,
                    obs.note,
                ),
            }
        )
    return rows(table)


def _fit(
    x: FloatArray, is_case: NDArray[np.bool_], code: NDArray[np.signedinteger[Any]], names: Sequence[str]
) -> tuple[tuple[FloatArray, FloatArray] | None, str]:
    """Coefficients and standard errors, or why there are none."""
    # Each case less each control of its set: all that the likelihood depends on where a set has one case.
    apart = np.concatenate(
        [
            (x[(code == k) & is_case][:, None, :] - x[(code == k) & ~is_case][None, :, :]).reshape(-1, x.shape[1])
            for k in np.unique(code)
        ]
    )
    same = [name for name, column in zip(names, apart.T, strict=True) if not np.ptp(column) and not column[0]]
    if same:
        return None, f"undefined: {same[0]} does not vary within the sets (was it matched on?)"
    spread = np.sqrt((apart**2).mean(axis=0))
    apart = apart / spread
    if np.linalg.matrix_rank(apart) < apart.shape[1]:
        return None, "undefined: the predictors determine one another within the sets"
    found = scipy.optimize.linprog(-apart.sum(axis=0), A_ub=-apart, b_ub=np.zeros(len(apart)), bounds=(-1, 1))
    if found.status == 0 and float(apart.sum(axis=0) @ found.x) > 1e-7:
        by = " and ".join(name for name, weight in zip(names, np.asarray(found.x), strict=True) if abs(weight) > 1e-9)
        return None, f"undefined: {by} separate(s) cases from controls in every set, so the odds ratio is not finite"
    models = lab_module("statsmodels.discrete.conditional_models", "Conditional logistic regression")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it converged is judged below, by the gradient
        model = models.ConditionalLogit(is_case.astype(float), x / spread, groups=code)
        params = np.asarray(model.fit(disp=0, maxiter=1000).params, float)
        for _ in range(3):  # BFGS stops at four digits; Newton's steps give the rest
            params = params - np.linalg.solve(model.hessian(params), model.score(params))
        covariance = -np.linalg.inv(model.hessian(params))
    if not np.isfinite(params).all() or float(np.abs(model.score(params)).max()) > 1e-6:
        return None, "undefined: the fit did not converge"
    return (params / spread, np.sqrt(np.diag(covariance)) / spread), ""
