"""The same classifier on the same people, evaluated rightly and wrongly, beside each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.machine_learning.cross_validation import by_person, cross_validate, shuffled_outcome
from vbqkit.stats import auc

WAYS: Mapping[str, Mapping[str, Any]] = {
    "nested, by person": {},
    "tuned on the test set": {"tuning": "on the test set"},
    "slices on both sides": {"keep_together": False},
    "both mistakes": {"keep_together": False, "tuning": "on the test set"},
}
"""Each way to evaluate; all but the first are wrong."""

SHUFFLED = ", outcome shuffled"
"""Behind the name of a way: the outcomes were dealt out anew, and 0.5 is right."""

ELSEWHERE = "nested, on another machine"
"""The first way, with the test part of each fold scanned on another machine."""

EVALUATION_COLUMNS = ("evaluation", "learner", "sound", "estimate", "ci_low", "ci_high", "n", "n_case")


def evaluate_each_way(
    table: pd.DataFrame,
    features: Sequence[str],
    *,
    outcome: str,
    person: str,
    learner: str,
    seed: int,
    elsewhere: pd.DataFrame | None = None,
    ways: Collection[str] | None = None,
) -> pd.DataFrame:
    """AUC of one classifier by each way to evaluate, with the outcomes as they are and shuffled.

    Every row is an AUC over people (mean probability of their rows), with DeLong's interval, which knows nothing of the
    mistake: it is as narrow around a wrong number.

    Parameters
    ----------
    table, features, outcome, person, learner
        As in :func:`~vbqkit.machine_learning.cross_validation.cross_validate`.
    seed : int
        Where all chance starts: folds, shuffling, the learner.
    elsewhere : DataFrame or None
        The same people on another machine, to be tested on too.
    ways : collection of str or None
        Which evaluations, of the names in the result; None: all.

    Returns
    -------
    DataFrame
        One row an evaluation: evaluation, learner, sound (whether it is a right way), estimate (AUC), ci_low, ci_high,
        n (people), n_case.

    Raises
    ------
    TableError
        As ``cross_validate``, or if a way is unknown.
    VbqkitError
        If scikit-learn is not installed.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> sick = np.arange(60) % 2
    >>> table = pd.DataFrame({"who": range(60), "sick": sick, "x": sick + rng.normal(size=60)})
    >>> way = ["nested, by person"]
    >>> found = evaluate_each_way(table, ["x"], outcome="sick", person="who", learner="KNN", seed=1, ways=way)
    >>> print(found["evaluation"].iloc[0], found["n"].iloc[0])
    nested, by person 60
    """
    known = [*WAYS, *([ELSEWHERE] if elsewhere is not None else []), *(f"{way}{SHUFFLED}" for way in WAYS)]
    unknown = sorted(set(ways or ()) - set(known))
    if unknown:
        raise TableError(f"There is no way to evaluate called '{unknown[0]}'. Choose from: {'; '.join(known)}.")
    dealt = shuffled_outcome(table, outcome=outcome, person=person, rng=np.random.default_rng([seed, 1]))
    rows = []
    for name in known:
        if ways is not None and name not in ways:
            continue
        way = name.removesuffix(SHUFFLED)
        predictions = cross_validate(
            table if way == name else dealt,
            features,
            outcome=outcome,
            person=person,
            learner=learner,
            rng=np.random.default_rng(seed),
            test_on=elsewhere if name == ELSEWHERE else None,
            **WAYS.get(way, {}),
        )
        found = auc("probability", "outcome", positive="high", data=by_person(predictions)).iloc[0]
        values = (name, learner, way in (next(iter(WAYS)), ELSEWHERE))
        numbers = (round(float(found[key]), 4) for key in ("estimate", "ci_low", "ci_high"))
        counts = (int(found["n_case"] + found["n_control"]), int(found["n_case"]))
        rows.append(dict(zip(EVALUATION_COLUMNS, (*values, *numbers, *counts), strict=True)))
    return pd.DataFrame(rows, columns=list(EVALUATION_COLUMNS))
