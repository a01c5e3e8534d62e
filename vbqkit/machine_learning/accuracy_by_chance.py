"""What accuracy luck can make, and what accuracy truth allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.stats

from vbqkit.anatomy.patients import VirtualPatient, draw_patients
from vbqkit.errors import TableError
from vbqkit.machine_learning.study_people import OSTEOPOROSIS_T_SCORE
from vbqkit.stats import auc
from vbqkit.stats.lab import lab_module

Array = npt.NDArray[np.float64]

TRUTHS = ("pdff", "hu", "age", "sex")
"""What can be known of a virtual person without DEXA."""

_AGES, _WOMEN = (40.0, 82.0), 2.0 / 3.0


def best_of_tries(accuracy: float, n: int, tries: int) -> float:
    """Expected accuracy of the best of several models that are all equally good, each on n test cases.

    ``E(max) = sum over k of P(max > k) / n``, ``P(max > k) = 1 - F(k)^tries`` with F the binomial distribution: tries
    are taken as independent. Those on one test set are less than that, so it is an upper bound for them.

    Parameters
    ----------
    accuracy : float
        True accuracy of each, 0 to 1.
    n : int
        Cases in the test set.
    tries : int
        Models, settings, seeds or splits among which the best is reported.

    Raises
    ------
    TableError
        If a number cannot be.

    Examples
    --------
    >>> round(best_of_tries(0.80, 44, 1), 3), round(best_of_tries(0.80, 44, 100), 3)
    (0.8, 0.935)
    """
    if not 0.0 <= accuracy <= 1.0 or n < 1 or tries < 1:
        raise TableError(
            f"An accuracy of {accuracy:g} in {n} cases and {tries} tries cannot be; give 0 to 1, and 1 or more of both."
        )
    below = scipy.stats.binom.cdf(np.arange(n), n, accuracy)
    return float((1.0 - below**tries).sum() / n)


def best_possible(known: Sequence[str] = TRUTHS, *, rng: np.random.Generator, people: int = 8_000) -> dict[str, float]:
    """How well osteoporosis by DEXA can be told in virtual people by somebody who knows the truth about the rest.

    A logistic model with squares and products of what is known, trained on half of the people and judged on the others.
    What the shape of a body gives away is not in it: virtual bodies have a shell whose thickness follows the T-score
    exactly, and endplates that are more concave the lower it is, and a network on pictures learns that too.

    Parameters
    ----------
    known : sequence of str
        Some of ``"pdff"`` (what the signal of MRI sees of bone in this model), ``"hu"`` (trabecular bone on CT),
        ``"age"`` and ``"sex"``.
    rng : numpy.random.Generator
        Source of the people: 40 to 82 years, two women for each man.
    people : int
        How many.

    Returns
    -------
    dict
        ``auc``, ``balanced_accuracy`` (mean of sensitivity and specificity, the largest over all cut-offs).

    Raises
    ------
    TableError
        If what is known is not one of these.
    VbqkitError
        If scikit-learn is not installed.

    Examples
    --------
    >>> found = best_possible(("hu",), rng=np.random.default_rng(1), people=4_000)
    >>> 0.7 < found["auc"] < 0.9
    True
    """
    unknown = [name for name in known if name not in TRUTHS]
    if unknown or not known:
        raise TableError(
            f"What is known must be some of {', '.join(TRUTHS)}; {', '.join(unknown) or 'nothing'} is not."
        )
    women = round(people * _WOMEN)
    drawn = [
        *draw_patients(women, rng=rng, sex="F", age_range=_AGES, fractured=False),
        *draw_patients(people - women, rng=rng, sex="M", age_range=_AGES, fractured=False),
    ]
    x = np.array([_truths(p, known) for p in drawn])
    y = np.array([p.t_score <= OSTEOPOROSIS_T_SCORE for p in drawn]).astype(np.int64)
    order = rng.permutation(people)
    train, test = order[: people // 2], order[people // 2 :]
    x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
    powers = lab_module("sklearn.preprocessing", "The best possible").PolynomialFeatures(2, include_bias=False)
    model = lab_module("sklearn.linear_model", "The best possible").LogisticRegression(max_iter=2_000)
    model.fit(powers.fit_transform(x[train]), y[train])
    probability = model.predict_proba(powers.transform(x[test]))[:, 1]
    area = auc(probability.tolist(), y[test].tolist(), positive="high")
    return {
        "auc": float(area["estimate"].iloc[0]),
        "balanced_accuracy": _largest_balanced(probability, y[test]),
    }


def _truths(patient: VirtualPatient, known: Sequence[str]) -> list[float]:
    every = {
        "pdff": float(np.mean(patient.pdff)),
        "hu": patient.hu,
        "age": patient.age,
        "sex": float(patient.sex == "F"),
    }
    return [every[name] for name in known]


def _largest_balanced(probability: Array, y: npt.NDArray[np.int64]) -> float:
    order = np.argsort(-probability)
    cases = y[order]
    found = np.cumsum(cases) / cases.sum()
    wrong = np.cumsum(1 - cases) / (1 - cases).sum()
    return float(0.5 + 0.5 * (found - wrong).max())


def accuracy_of(
    predictions: pd.DataFrame, *, probability: str = "probability", outcome: str = "outcome"
) -> dict[str, float]:
    """Accuracy and balanced accuracy at a probability of 0.5.

    Parameters
    ----------
    predictions : DataFrame
        One row a person.
    probability, outcome : str
        Its columns: 0 to 1, and 0 or 1.

    Examples
    --------
    >>> accuracy_of(pd.DataFrame({"probability": [0.9, 0.2, 0.6, 0.1], "outcome": [1, 0, 0, 0]}))["accuracy"]
    0.75
    """
    called = predictions[probability].to_numpy() >= 0.5
    true = predictions[outcome].to_numpy() == 1
    if not true.any() or true.all():
        raise TableError("All people have one outcome; accuracy in both classes needs people of both.")
    right = called == true
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float((right[true].mean() + right[~true].mean()) / 2.0),
        "right": int(right.sum()),
        "n": len(right),
    }
