"""Is acting on a prediction worth it? Decision curves: the net benefit of a model against treating all or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import need_rng, percentile_interval
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, check_confidence, count, observations, scalar
from vbqkit.stats.result import NAN, notes, rows

THRESHOLDS = tuple(round(0.01 * k, 2) for k in range(1, 100))


def decision_curve(
    probabilities: Mapping[str, ColumnLike] | Sequence[str],
    outcome: ColumnLike,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    prevalence: float | str = "sample",
    n_bootstrap: int = 0,
    rng: np.random.Generator | None = None,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Net benefit of acting on a prediction, at each threshold probability.

    ``net benefit = sensitivity π - (1 - specificity)(1 - π) t/(1 - t)`` with prevalence π: true positives less false
    positives, each of these weighed by the odds of the threshold t, the probability at which a doctor and a patient
    would just act. A threshold of 0.1 says that one missed case is as bad as nine people treated (or sent to DEXA) in
    vain. A model is of use where its curve lies above both "treat all" and "treat none" (0). It needs probabilities
    that are calibrated: a score such as VBQ goes through `fit_logistic` first.

    Parameters
    ----------
    probabilities : mapping of name to column, or with `data` a sequence of column names
        Predicted probabilities, or a test as True and False (act where True, whatever the threshold).
    outcome, case, data
        As in `roc_curve`.
    thresholds : sequence of float
        Above 0 and below 1; show the range in which somebody would act.
    prevalence : float or "sample"
        Share of cases where the model is to be used; "sample" where patients were not chosen by their outcome.
    n_bootstrap : int
        Resamples for percentile intervals of a model that is taken as it is; 0 for none.
    rng : numpy.random.Generator, optional
        Source of chance of the bootstrap.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per strategy and threshold, with "treat all" and "treat none": strategy, threshold, estimate (net
        benefit), ci_low, ci_high, confidence, standardized (net benefit / prevalence), sensitivity, specificity,
        avoided_per_100 (interventions spared per 100 patients against treating all, without missing a case more),
        method, n, n_case, n_missing, note.

    Raises
    ------
    TableError
        A probability or threshold lies outside its range, or the columns cannot be used.

    References
    ----------
    Vickers and Elkin (2006) doi:10.1177/0272989X06295361; Vickers, Van Calster and Steyerberg (2019)
    doi:10.1186/s41512-019-0064-7.

    Examples
    --------
    >>> p = [0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9]
    >>> curve = decision_curve({"VBQ": p}, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], thresholds=[0.25])
    >>> curve.round(3)[["strategy", "estimate"]].values.tolist()
    [['VBQ', 0.4], ['treat all', 0.333], ['treat none', 0.0]]
    """
    check_confidence(confidence)
    named = dict(probabilities) if isinstance(probabilities, Mapping) else {name: name for name in probabilities}
    if not named:
        raise TableError("No prediction was given. Pass {'VBQ': probabilities}.")
    taken = sorted({"treat all", "treat none"} & set(named))
    if taken:
        raise TableError(f"The name {taken[0]!r} is that of a strategy that is always shown. Use another one.")
    at = [scalar(t, "threshold", above=0, below=1) for t in thresholds]
    if n_bootstrap:
        count(n_bootstrap, "n_bootstrap", at_least=100)
        rng = need_rng(rng, "The bootstrap")
    inside = {f"prediction {name}": values for name, values in named.items()}
    obs = observations(data, numeric=inside, categorical={"outcome": outcome})
    is_case = case_labels(obs["outcome"], case=case)
    share = float(is_case.mean()) if prevalence == "sample" else scalar(prevalence, "prevalence", above=0, below=1)
    called = {}
    for name, inner in zip(named, inside, strict=True):
        p = obs[inner]
        if p.min() < 0 or p.max() > 1:
            raise TableError(
                f"{name} runs from {p.min():g} to {p.max():g}; probabilities from 0 to 1 were expected. "
                "Make them of a score with fit_logistic."
            )
        # A test of yes and no is positive at every threshold or at none.
        called[name] = np.array([p >= t for t in at])
    n = obs.n
    called |= {"treat all": np.ones((len(at), n), bool), "treat none": np.zeros((len(at), n), bool)}
    odds = np.array([t / (1 - t) for t in at])
    drawn = _resamples(is_case, n_bootstrap, rng)
    table = []
    for strategy, calls in called.items():
        sensitivity, false = calls[:, is_case].mean(axis=1), calls[:, ~is_case].mean(axis=1)
        benefit = sensitivity * share - false * (1 - share) * odds
        of_all = share - (1 - share) * odds
        replicates = _replicates(calls, is_case, drawn, prevalence, odds)
        for i, t in enumerate(at):
            low, high = (NAN, NAN) if replicates is None else percentile_interval(replicates[:, i], confidence)
            table.append(
                {
                    "strategy": strategy,
                    "threshold": t,
                    "estimate": float(benefit[i]),
                    "ci_low": low,
                    "ci_high": high,
                    "confidence": confidence,
                    "standardized": float(benefit[i]) / share,
                    "sensitivity": float(sensitivity[i]),
                    "specificity": 1 - float(false[i]),
                    "avoided_per_100": 100 * float(benefit[i] - of_all[i]) / float(odds[i]),
                    "method": "net benefit"
                    + (f", percentiles of {n_bootstrap} resamples" if n_bootstrap else ", no interval")
                    + ("" if prevalence == "sample" else f", prevalence {share:g}"),
                    "n": n,
                    "n_case": int(is_case.sum()),
                    "n_missing": obs.n_missing,
                    "note": notes(
                        "no interval: the strategy does the same in every resample"
                        if n_bootstrap and np.isnan(low)
                        else "",
                        obs.note,
                    ),
                }
            )
    return rows(table)


def _resamples(is_case: Any, n_bootstrap: int, rng: np.random.Generator | None) -> FloatArray | None:
    """How often each patient is drawn, resamples x patients."""
    if not n_bootstrap or rng is None:
        return None
    return rng.multinomial(is_case.size, np.full(is_case.size, 1 / is_case.size), size=n_bootstrap).astype(float)


def _replicates(
    calls: Any, is_case: Any, drawn: FloatArray | None, prevalence: float | str, odds: FloatArray
) -> FloatArray | None:
    """Net benefit in each resample, resamples x thresholds."""
    if drawn is None:
        return None
    cases, controls = drawn[:, is_case], drawn[:, ~is_case]
    m, k = cases.sum(axis=1), controls.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity = cases @ calls[:, is_case].T.astype(float) / m[:, None]
        false = controls @ calls[:, ~is_case].T.astype(float) / k[:, None]
    share = (m / (m + k))[:, None] if isinstance(prevalence, str) else float(prevalence)
    return np.asarray(sensitivity * share - false * (1 - share) * odds)
