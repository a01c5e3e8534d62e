"""Predicted against published: the size of every effect, beside that of a model in which disease has none."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.errors import FormatError
from vbqkit.validation.effects import NO_LEVEL, NOTHING, PublishedEffect, published_effects
from vbqkit.validation.misses import MISS_REASONS
from vbqkit.validation.replications import MODELS, simulated_studies

WITHIN = (0.8, 1.25)
"""A predicted effect agrees if it is this many times the published one."""

GOAL_SHARE, GOAL_LEAST = 0.8, 0.6
"""The goal: this share of the effects within, and none less than this many times the published one."""

NULL_MAY_PASS = 0.1
"""A null model must have no more than this share of the effects of disease within; else the comparison tells
nothing."""

PREDICTION_COLUMNS = ("key", "model", "predicted", "low", "high", "standard_error", "replications", "people")
"""Columns of the table of predictions: the mean over replications, the interval that 95 % of replications of this size
fall into, and the standard error of the mean."""

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One published result and the prediction.

    Attributes
    ----------
    source, what, kind : str
        Study, result, and kind of result.
    published, published_low, published_high : float
        As printed, with its 95 % interval; nan where none can be had.
    predicted, predicted_low, predicted_high : float
        Mean over replications, and the interval of 95 % of them.
    effect_ratio : float
        Predicted over published effect, each as its distance from nothing: 0, a ratio of 1, an AUC of 0.5, perfect
        agreement.
    ratio_low, ratio_high : float
        95 % interval of `effect_ratio` from the finite number of replications; the published value is taken as exact.
    null_ratio : float
        The same for the model in which disease has no effect on marrow.
    of_disease : bool
        Whether it is an effect of bone disease.
    found : bool
        Whether the publication tells its effect from nothing.
    verdict : str
        ``"within"``, ``"outside"`` or ``"not predicted"``.
    null_verdict : str
        The same for the null model.
    reason : str
        Why it is outside, as far as it is known.
    """

    source: str
    what: str
    kind: str
    published: float
    published_low: float
    published_high: float
    predicted: float
    predicted_low: float
    predicted_high: float
    effect_ratio: float
    ratio_low: float
    ratio_high: float
    null_ratio: float
    of_disease: bool
    found: bool
    verdict: str
    null_verdict: str
    reason: str

    @property
    def is_effect(self) -> bool:
        """Not the level of a group."""
        return self.kind not in NO_LEVEL

    def as_row(self) -> dict[str, Any]:
        """One flat table row."""
        return asdict(self)


Map = Callable[[Callable[[tuple[int, int, int]], Any], Iterable[tuple[int, int, int]]], Iterable[Any]]
"""``map``, or another that works in several processes."""


def predict(*, people: int, replications: int, seed: int, spread: Map = map) -> list[Prediction]:
    """Simulate every study again and again, and say what each would find.

    Parameters
    ----------
    people : int
        In each group of each study, at least 4.
    replications : int
        How often, at least 2; each draws people, bodies, readers, days, noise and the times that a study does not
        print.
    seed : int
        Where all chance starts.
    spread : callable
        ``map``, or one that spreads the replications over processes.

    Returns
    -------
    list of dict
        One row an effect and model; keys as in :data:`PREDICTION_COLUMNS`.
    """
    effects = published_effects()
    found = list(spread(one_replication, [(people, seed, k) for k in range(replications)]))
    rows = []
    for model in MODELS:
        for effect in effects:
            values = np.array([replication[model][effect.key] for replication in found])
            values = values[np.isfinite(values)]
            enough = len(values) > 1
            rows.append(
                {
                    "key": effect.key,
                    "model": model,
                    "predicted": float(values.mean()) if len(values) else math.nan,
                    "low": float(np.quantile(values, 0.025)) if enough else math.nan,
                    "high": float(np.quantile(values, 0.975)) if enough else math.nan,
                    "standard_error": float(values.std(ddof=1) / math.sqrt(len(values))) if enough else math.nan,
                    "replications": len(values),
                    "people": people,
                }
            )
    return rows


def one_replication(task: tuple[int, int, int]) -> dict[str, dict[str, float]]:
    """Every effect in one replication (people, seed, number), by model and key."""
    people, seed, number = task
    tables = simulated_studies(people, seed=(seed, number))
    return {
        model: {effect.key: float(effect.compute(tables[model])) for effect in published_effects()} for model in MODELS
    }


def compare(predictions: Sequence[Mapping[str, Any]]) -> tuple[Comparison, ...]:
    """Compare predictions with what was published.

    Parameters
    ----------
    predictions : sequence of mapping
        From :func:`predict` or :func:`read_predictions`.

    Returns
    -------
    tuple of Comparison
        One for each published result, in the order of the studies.
    """
    by_key = {(row["model"], row["key"]): row for row in predictions}
    model, null = MODELS
    return tuple(
        _compared(e, by_key.get((model, e.key), {}), by_key.get((null, e.key), {})) for e in published_effects()
    )


def _compared(effect: PublishedEffect, own: Mapping[str, Any], null: Mapping[str, Any]) -> Comparison:
    predicted, error = (float(own.get(name, math.nan)) for name in ("predicted", "standard_error"))
    nothing = NOTHING[effect.kind]
    ratio = (predicted - nothing) / effect.size
    half = abs(1.96 * error / effect.size)
    verdict = _verdict(effect, predicted)
    return Comparison(
        source=effect.source,
        what=effect.what,
        kind=effect.kind,
        published=effect.published,
        published_low=effect.low,
        published_high=effect.high,
        predicted=predicted,
        predicted_low=float(own.get("low", math.nan)),
        predicted_high=float(own.get("high", math.nan)),
        effect_ratio=ratio,
        ratio_low=ratio - half,
        ratio_high=ratio + half,
        null_ratio=(float(null.get("predicted", math.nan)) - nothing) / effect.size,
        of_disease=effect.of_disease,
        found=effect.found,
        verdict=verdict,
        null_verdict=_verdict(effect, float(null.get("predicted", math.nan))),
        reason=MISS_REASONS.get(effect.key, "not known") if verdict == "outside" else "",
    )


def _verdict(effect: PublishedEffect, predicted: float) -> str:
    """By the ratio of the effects; an effect that the study does not tell from nothing by the study's own interval."""
    if not math.isfinite(predicted):
        return "not predicted"
    if not effect.found:
        return "within" if effect.low <= predicted <= effect.high else "outside"
    ratio = (predicted - NOTHING[effect.kind]) / effect.size
    return "within" if WITHIN[0] <= ratio <= WITHIN[1] else "outside"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many results are within, and whether the comparison can fail.

    Attributes
    ----------
    within, judged : int
        Effects (levels not counted) within, and of all that were predicted.
    least : float
        The smallest ratio of effects.
    disease_within, disease : int
        Effects of disease that the study tells from nothing.
    null_within : int
        Of these, within by the null model.
    """

    within: int
    judged: int
    least: float
    disease_within: int
    disease: int
    null_within: int

    @property
    def null_rejected(self) -> bool:
        """Whether the null model fails, as it must."""
        return self.disease > 0 and self.null_within <= NULL_MAY_PASS * self.disease

    @property
    def goal_met(self) -> bool:
        """Whether enough effects are within, and none is far below."""
        return self.judged > 0 and self.within >= GOAL_SHARE * self.judged and self.least >= GOAL_LEAST


def tally(compared: Sequence[Comparison]) -> Tally:
    """Count a comparison."""
    judged = [c for c in compared if c.is_effect and c.verdict != "not predicted"]
    disease = [c for c in judged if c.of_disease and c.found]
    return Tally(
        within=sum(c.verdict == "within" for c in judged),
        judged=len(judged),
        least=min((c.effect_ratio for c in judged if c.found), default=math.nan),
        disease_within=sum(c.verdict == "within" for c in disease),
        disease=len(disease),
        null_within=sum(c.null_verdict == "within" for c in disease),
    )


def read_predictions(path: str | os.PathLike[str]) -> list[Prediction]:
    """Read a table of predictions that was written before.

    Raises
    ------
    FormatError
        If the file cannot be read or has not the columns of :data:`PREDICTION_COLUMNS`.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"The predictions '{path}' cannot be read: {error}. Give the file that --predictions wrote."
        ) from error
    rows = list(csv.DictReader(lines))
    missing = sorted(set(PREDICTION_COLUMNS) - set(rows[0] if rows else ()))
    if missing:
        raise FormatError(
            f"'{path}' is no table of predictions: it has no column {', '.join(missing)}. Give the file that --predictions "
            "wrote."
        )
    numbers = ("predicted", "low", "high", "standard_error")
    return [dict(row) | {name: float(row[name]) for name in numbers} for row in rows]
