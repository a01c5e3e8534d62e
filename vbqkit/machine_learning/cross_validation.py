"""Cross-validation of classifiers, right and wrong: nested and by person, or as it is often done.

What must not happen is that the test set has a say in the training: through other slices of the same person, or
through the choice of a model by the result that is then reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.lab import lab_module

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Tuning = Literal["inside", "on the test set"]
Setting = tuple[tuple[str, Any], ...]

PREDICTION_COLUMNS = ("person", "outcome", "probability", "fold", "setting")


@dataclass(frozen=True, slots=True)
class Learner:
    """A kind of classifier with the settings that are tried.

    Attributes
    ----------
    name : str
        As in papers.
    make : callable
        ``make(seed, rows, **setting)`` gives a new scikit-learn classifier for a training set of so many rows.
    settings : mapping
        Name of a setting to the values to try; ``features`` is how many are kept, those with the largest F of an
        analysis of variance within the training set (None: all).
    """

    name: str
    make: Callable[..., Any]
    settings: Mapping[str, Sequence[Any]]

    def grid(self) -> list[Setting]:
        """Every combination of settings."""
        return [tuple(zip(self.settings, values, strict=True)) for values in product(*self.settings.values())]


def _knn(_seed: int, rows: int, *, neighbors: int) -> Any:
    return lab_module("sklearn.neighbors", "KNN").KNeighborsClassifier(
        n_neighbors=min(neighbors, rows), weights="distance"
    )


def _logistic(seed: int, _rows: int, *, c: float) -> Any:
    make = lab_module("sklearn.linear_model", "Logistic regression").LogisticRegression
    return make(C=c, max_iter=2_000, random_state=seed)


def _forest(seed: int, _rows: int, *, leaf: int) -> Any:
    make = lab_module("sklearn.ensemble", "The random forest").RandomForestClassifier
    return make(n_estimators=60, min_samples_leaf=leaf, random_state=seed)


LEARNERS: Mapping[str, Learner] = {
    learner.name: learner
    for learner in (
        Learner("KNN", _knn, {"features": (4, 12, None), "neighbors": (1, 5, 15, 31)}),
        Learner("logistic regression", _logistic, {"features": (4, 12, None), "c": (0.01, 0.1, 1.0)}),
        Learner("random forest", _forest, {"features": (None,), "leaf": (1, 5, 15)}),
    )
}
"""Kinds of classifiers by name."""


def cross_validate(
    table: pd.DataFrame,
    features: Sequence[str],
    *,
    outcome: str,
    person: str,
    learner: str,
    rng: np.random.Generator,
    keep_together: bool = True,
    tuning: Tuning = "inside",
    folds: int = 5,
    inner_folds: int = 4,
    test_on: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Probability of every row by a classifier that has not seen it.

    Nested: within the training part of each fold, settings are chosen by the mean AUC of an inner cross-validation, and
    features are scaled and selected; the test part has no say.

    Parameters
    ----------
    table : DataFrame
        One row or more a person.
    features : sequence of str
        Columns of numbers.
    outcome : str
        Column of 0 and 1, the same in all rows of a person.
    person : str
        Column that says whose row it is.
    learner : str
        One of :data:`LEARNERS`: ``"KNN"``, ``"logistic regression"``, ``"random forest"``.
    rng : numpy.random.Generator
        Source of the folds and of what a learner draws.
    keep_together : bool
        All rows of a person in one fold. **False is wrong**: with several rows a person, the test set then holds people
        from the training set. It is offered to show what that does.
    tuning : {"inside", "on the test set"}
        Where settings are chosen. **"on the test set" is wrong**: the settings with the best result are reported with
        that result. It is offered to show what that does.
    folds, inner_folds : int
        2 or more.
    test_on : DataFrame or None
        Rows of the same people to be tested on instead, such as those of another machine.

    Returns
    -------
    DataFrame
        One row a tested row: person, outcome, probability, fold (from 0), setting (in words).

    Raises
    ------
    TableError
        If a column is missing, a feature is no finite number, the outcome is not 0 and 1 or differs within a person, a
        class has fewer people than folds, or an option is unknown.
    VbqkitError
        If scikit-learn is not installed.

    References
    ----------
    Varma and Simon, BMC Bioinformatics 2006;7:91, doi:10.1186/1471-2105-7-91 (bias of tuning on the test set).

    Examples
    --------
    >>> from vbqkit.stats import auc
    >>> rng = np.random.default_rng(1)
    >>> sick = np.arange(60) % 2
    >>> table = pd.DataFrame({"who": range(60), "sick": sick, "x": sick + rng.normal(size=60)})
    >>> found = cross_validate(
    ...     table, ["x"], outcome="sick", person="who", learner="logistic regression", rng=rng
    ... )
    >>> 0.6 < float(auc("probability", "outcome", positive="high", data=found)["estimate"].iloc[0]) < 0.9
    True
    """
    chosen = _learner(learner)
    if tuning not in ("inside", "on the test set"):
        raise TableError(f"Tuning {tuning!r} is unknown; give 'inside' or 'on the test set'.")
    rows = _rows(table, features, outcome, person, folds=max(folds, inner_folds))
    tested = rows if test_on is None else _rows(test_on, features, outcome, person, folds=0)
    split = list(_split(rows, folds, rng, keep_together=keep_together))
    seed = int(rng.integers(2**31))
    if tuning == "inside":
        settings = [
            _best_setting(chosen, rows.part(train), inner_folds, rng, seed, keep_together=keep_together)
            for train, _ in split
        ]
        return _predictions(chosen, settings, rows, tested, split, seed)
    tried = [_predictions(chosen, [s] * len(split), rows, tested, split, seed) for s in chosen.grid()]
    return max(tried, key=lambda found: _area(found["outcome"].to_numpy(), found["probability"].to_numpy()))


def by_person(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a person: the mean probability of their rows.

    Parameters
    ----------
    predictions : DataFrame
        From :func:`cross_validate`.
    """
    kept = predictions.groupby("person", sort=True)
    return kept.agg(outcome=("outcome", "first"), probability=("probability", "mean")).reset_index()


def shuffled_outcome(table: pd.DataFrame, *, outcome: str, person: str, rng: np.random.Generator) -> pd.DataFrame:
    """The table with the outcomes dealt out anew among the people: nothing can be learnt, and an AUC of 0.5 is right.

    All rows of a person keep one outcome, and as many people have it as before.

    Examples
    --------
    >>> table = pd.DataFrame({"who": ["A", "A", "B", "B"], "sick": [1, 1, 0, 0]})
    >>> sorted(shuffled_outcome(table, outcome="sick", person="who", rng=np.random.default_rng(1))["sick"])
    [0, 0, 1, 1]
    """
    of_person = table.groupby(person, sort=True)[outcome].first()
    dealt = pd.Series(rng.permutation(of_person.to_numpy()), index=of_person.index)
    return table.assign(**{outcome: table[person].map(dealt)})


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    x: Array
    y: Labels
    person: npt.NDArray[Any]

    def part(self, chosen: npt.NDArray[Any]) -> _Rows:
        return _Rows(self.x[chosen], self.y[chosen], self.person[chosen])


def _learner(name: str) -> Learner:
    if name not in LEARNERS:
        raise TableError(f"There is no learner {name!r}. Choose from: {', '.join(LEARNERS)}.")
    return LEARNERS[name]


def _rows(table: pd.DataFrame, features: Sequence[str], outcome: str, person: str, *, folds: int) -> _Rows:
    if not features:
        raise TableError("There is no feature to learn from. Name at least one column.")
    missing = [name for name in (*features, outcome, person) if name not in table.columns]
    if missing:
        raise TableError(
            f"The table has no column '{missing[0]}'. It has: {', '.join(map(str, table.columns[:12]))} ..."
        )
    try:
        x = table[list(features)].to_numpy(dtype=np.float64)
        y = table[outcome].to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TableError(f"A feature or the outcome '{outcome}' is not a number ({error}). Give numbers.") from error
    bad = np.flatnonzero(~np.isfinite(x).all(axis=0))
    if bad.size:
        count = int((~np.isfinite(x[:, bad[0]])).sum())
        raise TableError(
            f"Feature '{features[bad[0]]}' is not a finite number in {count} of {len(x)} rows. Leave out these rows, or the "
            "feature; say which in your report."
        )
    if not np.isin(y, (0, 1)).all():
        raise TableError(f"The outcome '{outcome}' must be 0 or 1; it holds {sorted(set(y[~np.isin(y, (0, 1))]))[:3]}.")
    whose = table[person].to_numpy()
    of_person = pd.Series(y).groupby(whose).agg(["min", "max"])
    twofold = of_person.index[of_person["min"] != of_person["max"]]
    if len(twofold):
        raise TableError(f"Person {twofold[0]} has both outcomes. Give one outcome for all rows of a person.")
    people = of_person["max"].value_counts()
    for label in (0, 1):
        if people.get(label, 0) < folds:
            raise TableError(
                f"{people.get(label, 0)} people have {outcome} = {label}, fewer than the {folds} folds. Both classes are "
                "needed in every fold: add people, or take fewer folds."
            )
    if folds == 1:
        raise TableError("One fold leaves nothing to train on; give 2 or more.")
    return _Rows(x, y.astype(np.int64), whose)


def _split(
    rows: _Rows, folds: int, rng: np.random.Generator, *, keep_together: bool
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    selection = lab_module("sklearn.model_selection", "Cross-validation")
    kind = selection.StratifiedGroupKFold if keep_together else selection.StratifiedKFold
    splitter = kind(n_splits=folds, shuffle=True, random_state=int(rng.integers(2**31)))
    yield from splitter.split(rows.x, rows.y, rows.person if keep_together else None)


def _best_setting(
    learner: Learner, rows: _Rows, folds: int, rng: np.random.Generator, seed: int, *, keep_together: bool
) -> Setting:
    split = list(_split(rows, folds, rng, keep_together=keep_together))

    def mean_area(setting: Setting) -> float:
        areas = []
        for train, test in split:
            fitted = _fitted(learner, setting, rows.part(train), seed)
            areas.append(_area(rows.y[test], fitted(rows.x[test])))
        return float(np.mean(areas))

    return max(learner.grid(), key=mean_area)


def _predictions(
    learner: Learner,
    settings: Iterable[Setting],
    rows: _Rows,
    tested: _Rows,
    split: Sequence[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    seed: int,
) -> pd.DataFrame:
    parts = []
    for fold, ((train, test), setting) in enumerate(zip(split, settings, strict=True)):
        fitted = _fitted(learner, setting, rows.part(train), seed)
        held = rows.part(test) if tested is rows else tested.part(np.isin(tested.person, rows.person[test]))
        words = ", ".join(f"{name} {'all' if value is None else value}" for name, value in setting)
        values = (held.person, held.y, fitted(held.x), fold, words)
        parts.append(pd.DataFrame(dict(zip(PREDICTION_COLUMNS, values, strict=True))))
    return pd.concat(parts, ignore_index=True)


def _fitted(learner: Learner, setting: Setting, rows: _Rows, seed: int) -> Callable[[Array], Array]:
    """Train: scaling, selection and classifier see these rows alone; what comes back gives probabilities."""
    options = dict(setting)
    kept = _selected(rows, options.pop("features"))
    mean, sd = rows.x[:, kept].mean(axis=0), rows.x[:, kept].std(axis=0)
    sd = np.where(sd > 0, sd, 1.0)
    model = learner.make(seed, len(rows.y), **options).fit((rows.x[:, kept] - mean) / sd, rows.y)

    def probability(x: Array) -> Array:
        found: Array = model.predict_proba((x[:, kept] - mean) / sd)[:, 1]
        return found

    return probability


def _selected(rows: _Rows, count: int | None) -> npt.NDArray[np.intp]:
    """The features with the largest F between the classes."""
    columns = rows.x.shape[1]
    if count is None or count >= columns:
        return np.arange(columns)
    cases, controls = rows.x[rows.y == 1], rows.x[rows.y == 0]
    within = len(cases) * cases.var(axis=0) + len(controls) * controls.var(axis=0)
    between = (cases.mean(axis=0) - controls.mean(axis=0)) ** 2
    ratio = np.divide(between, within, out=np.zeros(columns), where=within > 0)
    return np.sort(np.argsort(-ratio, kind="stable")[:count])


def _area(y: npt.NDArray[Any], probability: npt.NDArray[Any]) -> float:
    """AUC as the share of pairs in order; ties count half."""
    ranks = pd.Series(probability).rank().to_numpy()
    cases = int((y == 1).sum())
    controls = len(y) - cases
    return float((ranks[y == 1].sum() - cases * (cases + 1) / 2) / (cases * controls))
