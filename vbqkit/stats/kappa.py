"""Agreement of two raters on categories: Cohen's kappa, plain and weighted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.observations import ColumnLike, FloatArray, choice, observations, same_type
from vbqkit.stats.result import NAN, notes, row

WEIGHTS = ("none", "linear", "quadratic")


def cohen_kappa(
    a: ColumnLike,
    b: ColumnLike,
    *,
    weights: str,
    categories: Sequence[Any] | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Cohen's kappa: agreement beyond what the raters' habits would give by chance.

    ``kappa = (p_o - p_e)/(1 - p_e)`` with p_o the (weighted) agreement seen and p_e the one expected from the margins.
    1 is perfect, 0 chance, below 0 worse than chance. With few subjects in one category kappa is low however often
    the raters agree, so look at ``observed`` too.

    Parameters
    ----------
    a, b : column of labels
        One row per subject; with `data` the names of columns.
    weights : {"none", "linear", "quadratic"}
        "none" counts full agreement only; the others give credit ``1 - |i - j|/(k - 1)`` or ``1 - (i - j)²/(k - 1)²``
        to categories that are close. Quadratic kappa is nearly an ICC.
    categories : sequence, optional
        All categories in their order. Needed for weights unless the labels are numbers.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, se, z, p (against 0, with the standard error under chance),
        observed, expected, method, n, n_categories, n_missing, note.

    Raises
    ------
    TableError
        The order of the categories is needed and not known, a label is not among them, or two labels differ in capitals
        only, or in type.

    References
    ----------
    Cohen (1960) doi:10.1177/001316446002000104, (1968) doi:10.1037/h0026256; standard errors: Fleiss, Cohen and Everitt
    (1969) doi:10.1037/h0028106. Checked against statsmodels and scikit-learn. Written here, because it has to work
    without the packages of the lab.

    Examples
    --------
    >>> first = ["normal", "normal", "osteopenia", "osteoporosis", "osteoporosis", "osteopenia"]
    >>> second = ["normal", "osteopenia", "osteopenia", "osteoporosis", "osteoporosis", "normal"]
    >>> grades = ["normal", "osteopenia", "osteoporosis"]
    >>> cohen_kappa(first, second, weights="linear", categories=grades).round(3)["estimate"].item()
    0.625
    """
    choice(weights, "weights", WEIGHTS)
    z_wanted = z_of(confidence)
    obs = observations(data, categorical={"a": a, "b": b})
    a_labels, b_labels = same_type([obs["a"], obs["b"]])
    order = _order(a_labels, b_labels, weights, categories)
    table = np.zeros((len(order), len(order)))
    place = {category: i for i, category in enumerate(order)}
    for left, right in zip(a_labels.tolist(), b_labels.tolist(), strict=True):
        table[place[left], place[right]] += 1
    p = table / table.sum()
    weight = _weight(len(order), weights)
    rows_sum, columns_sum = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((weight * p).sum()), float(rows_sum @ weight @ columns_sum)
    kappa, se, se_chance = NAN, NAN, NAN
    if expected < 1 - 1e-15:
        kappa = (observed - expected) / (1 - expected)
        se, se_chance = _standard_errors(p, weight, kappa, expected, obs.n)
    z = kappa / se_chance if se_chance > 0 else NAN
    why = "undefined: both raters use one and the same category only" if np.isnan(kappa) else ""
    if not why and not se > 0:
        why = "no interval: the standard error is 0"
    elif not why and not se_chance > 0:
        why = "p is undefined: a rater uses one category only"
    return row(
        estimate=kappa,
        ci_low=kappa - z_wanted * se if se > 0 else NAN,
        ci_high=min(1.0, kappa + z_wanted * se) if se > 0 else NAN,
        confidence=confidence,
        se=se,
        z=z,
        p=two_sided_p(z),
        observed=observed,
        expected=expected,
        method=f"Cohen's kappa, weights: {weights}; Fleiss-Cohen-Everitt standard error",
        n=obs.n,
        n_categories=len(order),
        n_missing=obs.n_missing,
        note=notes(why, obs.note),
    )


def _order(a: Any, b: Any, weights: str, categories: Sequence[Any] | None) -> list[Any]:
    used = list(dict.fromkeys([*a.tolist(), *b.tolist()]))
    _check_spelling(used)
    if categories is not None:
        strange = [label for label in used if label not in list(categories)]
        if strange:
            raise TableError(
                f"The label {strange[0]!r} is not among the categories {list(categories)}. Add it, or correct the label."
            )
        return list(categories)
    if all(isinstance(label, (int, float, bool)) for label in used):
        return sorted(used)
    if weights != "none":
        raise TableError(
            f"The order of the categories {used} is not known, and weights={weights!r} needs it. Say it with categories=[lowest, ..., highest]."
        )
    return used


def _check_spelling(used: Sequence[Any]) -> None:
    """Refuse labels that two raters can only have meant as one, or that cannot be compared."""
    texts = [label for label in used if isinstance(label, str)]
    if texts and len(texts) < len(used):
        other = next(label for label in used if not isinstance(label, str))
        raise TableError(
            f"The labels hold the text {texts[0]!r} and the number {other!r}, so which of them mean the same is not known. "
            "Write all as texts or all as numbers."
        )
    seen: dict[str, str] = {}
    for label in texts:
        twin = seen.setdefault(label.casefold(), label)
        if twin != label:
            raise TableError(f"The labels {twin!r} and {label!r} differ in capitals only. Write them alike.")


def _weight(k: int, weights: str) -> FloatArray:
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    if weights == "none":
        return np.eye(k)
    return 1 - apart if weights == "linear" else 1 - apart**2


def _standard_errors(p: FloatArray, weight: FloatArray, kappa: float, expected: float, n: int) -> tuple[float, float]:
    """Of the estimate, and under chance agreement (for the test)."""
    rows_sum, columns_sum = p.sum(axis=1), p.sum(axis=0)
    # Mean weight of a row and of a column, by the other rater's habits.
    margin = (weight @ columns_sum)[:, None] + (rows_sum @ weight)[None, :]
    spread = float((p * (weight - margin * (1 - kappa)) ** 2).sum()) - (kappa - expected * (1 - kappa)) ** 2
    by_chance = float((np.outer(rows_sum, columns_sum) * (weight - margin) ** 2).sum()) - expected**2
    scale = (1 - expected) * np.sqrt(n)
    return float(np.sqrt(max(spread, 0.0)) / scale), float(np.sqrt(max(by_chance, 0.0)) / scale)
