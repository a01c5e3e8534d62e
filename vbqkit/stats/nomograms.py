"""A model on paper: points for each predictor, and the probability that goes with their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.design import Predictor
from vbqkit.stats.observations import FloatArray, numbers
from vbqkit.stats.prediction_model import LogisticModel
from vbqkit.stats.result import NAN, rows

TOTAL = "total points"
PROBABILITIES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def nomogram(
    model: LogisticModel,
    *,
    values: Mapping[str, Sequence[float]] | None = None,
    probabilities: Sequence[float] = PROBABILITIES,
) -> pd.DataFrame:
    """Points per predictor, and total points to probability: the model in a form that needs no computer.

    ``points = 100 (effect of the value - its smallest effect) / largest range of effects``: the predictor that can move
    the log odds most runs from 0 to 100. The points of a patient are added up and read off against the probability.

    Parameters
    ----------
    model : LogisticModel
        From `fit_logistic`.
    values : mapping of name to sequence of float, optional
        The values to give points for, and the range a predictor counts over; otherwise about six round numbers from its
        smallest to its largest value in the model's patients.
    probabilities : sequence of float
        To give total points for; those that no sum of points reaches are left out.

    Returns
    -------
    DataFrame
        One row per value of a predictor, then one per probability: scale (name of the predictor, or "total points"),
        value (number or category as text), points, probability (nan for a predictor), method, n, n_case,
        note.

    Raises
    ------
    TableError
        There is no model, a name is not one of its predictors, or every coefficient is 0.

    References
    ----------
    Harrell (2015) doi:10.1007/978-3-319-19425-7, and R's rms::nomogram, which it was checked against.

    Examples
    --------
    >>> from vbqkit.stats import fit_logistic
    >>> vbq, age = [2.1, 2.4, 2.2, 2.9, 2.6, 2.8, 3.3, 3.1], [61, 70, 66, 59, 72, 64, 71, 60]
    >>> model = fit_logistic([0, 0, 1, 0, 1, 0, 1, 1], {"vbq": vbq, "age": age})
    >>> points = nomogram(model, values={"vbq": [2, 2.5, 3, 3.5], "age": [60, 70]}, probabilities=[0.5])
    >>> points.round(0)[["scale", "value", "points"]].values.tolist()[-3:]
    [['age', '60', 0.0], ['age', '70', 61.0], ['total points', '76', 76.0]]
    """
    if model.note.startswith("undefined"):
        raise TableError(f"There is no model to draw ({model.note}). Fit one that is determined.")
    strange = [name for name in values or {} if name not in [p.name for p in model.predictors]]
    if strange:
        raise TableError(
            f"values names {strange[0]!r}, which is not a predictor. They are: {', '.join(p.name for p in model.predictors)}."
        )
    parts: list[tuple[Predictor, list[Any], FloatArray]] = []
    first = 1
    for predictor in model.predictors:
        width = len(predictor.terms)
        column = model.x[:, first - 1]
        shown = _values(predictor, column, (values or {}).get(predictor.name))
        effect = predictor.read(np.asarray(shown, dtype=object if predictor.categories else float))[0]
        parts.append((predictor, shown, effect @ model.coefficients[first : first + width]))
        first += width
    widest = max(float(np.ptp(effect)) for _, _, effect in parts)
    if not widest > 0:
        raise TableError("Every coefficient is 0, so no predictor has points. Fit with a smaller penalty.")
    per_point = widest / 100
    at_0 = model.intercept + sum(float(effect.min()) for _, _, effect in parts)
    top = sum(float(np.ptp(effect)) for _, _, effect in parts) / per_point
    method = f"{1 / per_point:.6g} points per unit of log odds; log odds at 0 points {at_0:.6g}"
    table = [
        {"scale": p.name, "value": _shown(v), "points": float(e - effect.min()) / per_point, "probability": NAN}
        for p, shown, effect in parts
        for v, e in zip(shown, effect, strict=True)
    ]
    for probability in probabilities:
        points = float(special.logit(probability) - at_0) / per_point
        if -1e-9 <= points <= top + 1e-9:
            table.append(
                {"scale": TOTAL, "value": f"{points:.0f}", "points": points, "probability": float(probability)}
            )
    sizes = {"n": model.outcome.size, "n_case": int(model.outcome.sum())}
    return rows({**line, "method": method, **sizes, "note": model.note} for line in table)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _values(predictor: Predictor, column: FloatArray, said: Sequence[float] | None) -> list[Any]:
    if predictor.categories:
        return list(predictor.categories)
    if said is not None:
        chosen = numbers(list(said), f"values[{predictor.name!r}]")
        if chosen.size < 2 or np.isnan(chosen).any():
            raise TableError(
                f"values[{predictor.name!r}] needs two numbers or more. Name the values to give points for."
            )
        return [float(v) for v in chosen]
    found = np.unique(column)
    return [float(v) for v in found] if found.size <= 3 else _round_numbers(float(found[0]), float(found[-1]))


def _round_numbers(low: float, high: float) -> list[float]:
    """About six round numbers that span low to high."""
    raw = (high - low) / 5
    size = 10.0 ** np.floor(np.log10(raw))
    step = size * next(m for m in (1, 2, 2.5, 5, 10) if m * size >= raw * 0.999)
    return [float(np.round(k * step, 12)) for k in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)]
