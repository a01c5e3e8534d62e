"""Scores of cases and of controls, turned so that high means positive, and counted per distinct value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.stats.confidence_intervals import BLOCK
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, choice, observations

POSITIVE = ("high", "low")


@dataclass(frozen=True, slots=True)
class CaseControl:
    """Scores by class; a score that is positive when low is held with its sign turned.

    Attributes
    ----------
    cases, controls : array
        Turned scores, in the order given.
    sign : int
        1 for ``positive="high"``, -1 for ``positive="low"``: turned = sign x score.
    n_missing : int
        Rows left out.
    note : str
        What is to be said about them.
    """

    cases: FloatArray
    controls: FloatArray
    sign: int
    n_missing: int
    note: str

    @property
    def positive(self) -> str:
        """The direction as the caller said it."""
        return "high" if self.sign > 0 else "low"

    @property
    def counts(self) -> dict[str, int]:
        """The columns that tell how many there are."""
        m, n = self.cases.size, self.controls.size
        return {"n": m + n, "n_case": m, "n_control": n, "n_missing": self.n_missing}

    def rule(self, cutoff: float) -> str:
        """When a score is called positive: the cut-off itself is."""
        return f"score {'>=' if self.sign > 0 else '<='} {self.sign * cutoff:.6g}"


def case_control(
    score: ColumnLike, outcome: ColumnLike, *, positive: str, case: Any = None, data: pd.DataFrame | None = None
) -> CaseControl:
    """Read two columns as the scores of cases and of controls.

    Raises
    ------
    TableError
        `positive` is neither "high" nor "low"; the columns cannot be used; or there are not two classes.
    """
    sign = 1 if choice(positive, "positive", POSITIVE) == "high" else -1
    obs = observations(data, numeric={"score": score}, categorical={"outcome": outcome})
    is_case = case_labels(obs["outcome"], case=case)
    turned = obs["score"] if sign > 0 else -obs["score"]
    return CaseControl(turned[is_case], turned[~is_case], sign, obs.n_missing, obs.note)


@dataclass(frozen=True, slots=True)
class DistinctScores:
    """The distinct values of all scores in rising order, with how many cases and controls have each.

    The points of a ROC curve are the cut-offs between them: point k calls scores k, k + 1, ... positive, so
    that point 0 calls everything positive and the last one nothing.
    """

    scores: FloatArray
    case_counts: FloatArray
    control_counts: FloatArray

    @property
    def cutoffs(self) -> FloatArray:
        """Half-way between neighbouring scores, with -inf and inf at the ends."""
        v = self.scores
        # v + half the gap does not overflow where the sum of two large values would.
        return np.concatenate([[-np.inf], v[:-1] + np.diff(v) / 2, [np.inf]])


def distinct_scores(group: CaseControl) -> DistinctScores:
    """Count the scores by value."""
    values, where = np.unique(np.concatenate([group.cases, group.controls]), return_inverse=True)
    m = group.cases.size
    return DistinctScores(
        values,
        np.bincount(where[:m], minlength=values.size).astype(float),
        np.bincount(where[m:], minlength=values.size).astype(float),
    )


def positives(counts: FloatArray) -> FloatArray:
    """How many are called positive at each point of the curve, from counts per score (last axis, one longer)."""
    from_top = np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([from_top, np.zeros((*counts.shape[:-1], 1))], axis=-1)


def resamples(
    found: DistinctScores, n_bootstrap: int, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Counts per distinct score of stratified bootstrap resamples, in blocks of shape (resamples, distinct scores).

    Cases are drawn from cases and controls from controls, so every resample has as many of each as the data.
    """
    per_block = max(1, BLOCK // max(found.case_counts.size, 1))
    for start in range(0, n_bootstrap, per_block):
        size = min(per_block, n_bootstrap - start)
        yield _drawn(found.case_counts, size, rng), _drawn(found.control_counts, size, rng)


def _drawn(counts: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    used = np.flatnonzero(counts)
    drawn = np.zeros((size, counts.size))
    drawn[:, used] = rng.multinomial(int(counts.sum()), counts[used] / counts.sum(), size=size)
    return drawn
