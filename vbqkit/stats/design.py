"""Predictors as columns of a regression: numbers, categories against a reference, and restricted cubic splines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.observations import ColumnLike, FloatArray, column, count, labels, numbers

#: Shares of the data beyond the outer knots, by number of knots (Harrell 2015, table 2.3).
OUTER = {3: 0.1, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}


@dataclass(frozen=True, slots=True)
class Predictor:
    """How one predictor becomes columns: a number as it is, categories as 0 and 1, or a spline with these knots."""

    name: str
    categories: tuple[Any, ...] = ()
    knots: tuple[float, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of its columns."""
        if self.categories:
            return tuple(f"{self.name}: {kind} (against {self.categories[0]})" for kind in self.categories[1:])
        return (self.name, *(f"{self.name}, bend {j}" for j in range(1, len(self.knots) - 1)))

    def read(self, values: Any) -> tuple[FloatArray, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Its columns for these values, and which rows have no value.

        Raises
        ------
        TableError
            A value is not a number, or is a category that the model does not know.
        """
        if not self.categories:
            x = numbers(values, self.name)
            return self._bent(x), np.isnan(x)
        found, missing = labels(values, self.name)
        place = {str(kind): i for i, kind in enumerate(self.categories)}
        out = np.zeros((found.size, len(self.categories) - 1))
        for row, value in enumerate(found.tolist()):
            if missing[row]:
                continue
            at = place.get(_text(value))
            if at is None:
                raise TableError(
                    f"{self.name} is {value!r} in row {row}; the model knows {', '.join(map(repr, self.categories))}. "
                    "Correct the label, or fit the model with it."
                )
            if at:
                out[row, at - 1] = 1.0
        return out, missing

    def _bent(self, x: FloatArray) -> FloatArray:
        if not self.knots:
            return x[:, None]
        t = np.array(self.knots)
        last, before = t[-1], t[-2]

        def cube(knot: float) -> FloatArray:
            return np.asarray(np.maximum(x - knot, 0.0) ** 3)

        bends = [
            (
                cube(knot)
                - cube(before) * (last - knot) / (last - before)
                + cube(last) * (before - knot) / (last - before)
            )
            / (last - t[0]) ** 2
            for knot in t[:-2]
        ]
        return np.column_stack([x, *bends])


def _text(value: Any) -> str:
    """A label as text: 1 and 1.0 are one."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@dataclass(frozen=True, slots=True)
class Design:
    """All predictors of a model, and the columns of the rows that are complete."""

    predictors: tuple[Predictor, ...]
    x: FloatArray
    missing: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def terms(self) -> list[str]:
        """Names of the columns."""
        return [term for predictor in self.predictors for term in predictor.terms]


def columns_of(
    predictors: tuple[Predictor, ...], values: Mapping[str, Any]
) -> tuple[FloatArray, np.ndarray[Any, np.dtype[np.bool_]]]:
    """The columns of all predictors, and which rows lack one of them.

    Raises
    ------
    TableError
        A predictor is missing from the table, has another length, or a value that cannot be used.
    """
    read = []
    for predictor in predictors:
        if predictor.name not in values:
            raise TableError(
                f"The table has no column {predictor.name!r}, which the model needs. "
                f"It needs: {', '.join(p.name for p in predictors)}."
            )
        read.append(predictor.read(values[predictor.name]))
    sizes = {p.name: len(x) for p, (x, _) in zip(predictors, read, strict=True)}
    if len(set(sizes.values())) > 1:
        raise TableError(f"The predictors have different lengths: {sizes}. Pass one value per row in each of them.")
    return np.column_stack([x for x, _ in read]), np.any([gone for _, gone in read], axis=0)


def make_design(
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    categories: Mapping[str, Sequence[Any]] | None,
    splines: Mapping[str, int | Sequence[float]] | None,
    data: pd.DataFrame | None,
    keep: np.ndarray[Any, np.dtype[np.bool_]] | None = None,
) -> tuple[Design, dict[str, Any]]:
    """Read the predictors and decide how each becomes columns.

    Parameters
    ----------
    predictors, categories, splines, data
        As in `fit_logistic`.
    keep : array of bool, optional
        Rows with an outcome: knots are placed by their values only.

    Raises
    ------
    TableError
        No predictor, or one that cannot be used as asked.
    """
    named: dict[str, Any] = dict(predictors) if isinstance(predictors, Mapping) else {name: name for name in predictors}
    if not named:
        raise TableError("No predictor was given. Name one or more.")
    categories, splines = dict(categories or {}), dict(splines or {})
    for what, said in (("categories", categories), ("splines", splines)):
        strange = [name for name in said if name not in named]
        if strange:
            raise TableError(
                f"{what} names {strange[0]!r}, which is not a predictor. The predictors are: {', '.join(named)}."
            )
    values = {name: column(given, name, data) for name, given in named.items()}
    made = []
    for name, given in values.items():
        if name in splines:
            made.append(Predictor(name, knots=_knots(numbers(given, name), splines[name], name, keep)))
        elif name in categories or _is_label(given):
            made.append(Predictor(name, categories=_categories(given, categories.get(name), name, keep)))
        else:
            made.append(Predictor(name))
    x, missing = columns_of(tuple(made), values)
    return Design(tuple(made), x, missing), values


def _is_label(values: Any) -> bool:
    """Whether a column holds texts that are no numbers."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        return False
    found, missing = labels(values, "predictor")
    return any(isinstance(value, str) for value in found[~missing].tolist())


def _categories(
    values: Any, said: Sequence[Any] | None, name: str, keep: np.ndarray[Any, np.dtype[np.bool_]] | None
) -> tuple[Any, ...]:
    found, missing = labels(values, name)
    used = found[~missing] if keep is None or keep.size != found.size else found[~missing & keep]
    kinds = sorted({_text(value) for value in used.tolist()})
    if said is None:
        return tuple(kinds)
    order = [_text(kind) for kind in said]
    strange = [kind for kind in kinds if kind not in order]
    if strange:
        raise TableError(f"{name} holds {strange[0]!r}, which is not among its categories {order}. Add or correct it.")
    absent = [kind for kind in order if kind not in kinds]
    if absent:
        raise TableError(f"Nobody has {name} = {absent[0]!r}, so it has no coefficient. Leave it out of categories.")
    return tuple(order)


def _knots(
    x: FloatArray, said: int | Sequence[float], name: str, keep: np.ndarray[Any, np.dtype[np.bool_]] | None
) -> tuple[float, ...]:
    if isinstance(said, (int, np.integer)) and not isinstance(said, bool):
        k = count(said, f"splines[{name!r}]", at_least=3, at_most=7)
        used = x[~np.isnan(x)] if keep is None or keep.size != x.size else x[~np.isnan(x) & keep]
        places = np.quantile(used, np.linspace(OUTER[k], 1 - OUTER[k], k)) if used.size else np.zeros(k)
    else:
        places = numbers(list(np.atleast_1d(np.asarray(said, dtype=object))), f"splines[{name!r}]")
    if places.size < 3 or not (np.diff(places) > 0).all():
        raise TableError(
            f"The knots of {name} are {', '.join(f'{t:g}' for t in places)}; three or more in rising order were expected. "
            "Use fewer knots: too many patients have the same value."
        )
    return tuple(float(t) for t in places)
