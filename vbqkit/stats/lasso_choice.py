"""Which predictors the LASSO takes in, and in which order."""

from __future__ import annotations

import pandas as pd

from vbqkit.stats.logistic_fit import lasso, lasso_weights
from vbqkit.stats.observations import count
from vbqkit.stats.prediction_model import PENALTIES, LogisticModel
from vbqkit.stats.result import row


def lasso_path(model: LogisticModel, *, n_weights: int = 20) -> pd.DataFrame:
    """Coefficients of the LASSO for a row of penalties: which predictors come in first.

    Parameters
    ----------
    model : LogisticModel
        Any model; its columns and patients are used, not its coefficients.
    n_weights : int
        Penalties, from the one that leaves no predictor.

    Returns
    -------
    DataFrame
        One row per penalty and term: weight, term, coefficient, chosen (not 0), method, note.

    Raises
    ------
    TableError
        `n_weights` is not a count.

    Examples
    --------
    >>> from vbqkit.stats import fit_logistic
    >>> vbq, age = [2.1, 2.4, 2.2, 2.9, 2.6, 2.8, 3.3, 3.1], [61, 70, 66, 59, 72, 64, 71, 60]
    >>> model = fit_logistic([0, 0, 0, 0, 1, 1, 1, 1], {"vbq": vbq, "age": age}, penalty="firth")
    >>> path = lasso_path(model, n_weights=3)
    >>> path.groupby("weight")["chosen"].sum().tolist()
    [2, 2, 0]
    """
    weights = lasso_weights(model.x, model.outcome, count(n_weights, "n_weights", at_least=2))
    return pd.concat(
        [
            row(
                weight=float(weight),
                term=term,
                coefficient=float(b),
                chosen=bool(b != 0),
                method=PENALTIES["lasso"],
                note="",
            )
            for weight in weights
            for term, b in zip(model.terms, lasso(model.x, model.outcome, float(weight)).coefficients[1:], strict=True)
        ],
        ignore_index=True,
    )
