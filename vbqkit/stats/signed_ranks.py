"""Wilcoxon's signed ranks: the exact distribution of their sum, p, and the shifts that the test does not reject."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.observations import FloatArray
from vbqkit.stats.result import NAN

#: Up to this many pairs all signs are counted when nobody asked for another test, as in R ...
EXACT_BY_DEFAULT = 49
#: ... and up to this many when somebody asks.
EXACT_PAIRS = 400


def sum_distribution(ranks: FloatArray) -> FloatArray:
    """Chance of each value of twice the sum of ranks, when each rank counts or not with chance one half.

    Midranks doubled are whole numbers, so ties are counted exactly, too.
    """
    doubled = np.rint(2 * ranks).astype(int)
    chances = np.zeros(int(doubled.sum()) + 1)
    chances[0] = 1.0
    top = 0
    for step in doubled:
        with_it = np.zeros_like(chances)
        with_it[step : top + step + 1] = chances[: top + 1]
        chances = (chances + with_it) / 2
        top += int(step)
    return chances


@dataclass(frozen=True, slots=True)
class SignedRankTest:
    """One test: `differences` without zeros, the sum `v` of the positive ranks, its deviation `z` and its `p`."""

    differences: FloatArray
    v: float
    z: float
    sd: float
    p: float
    exact: bool
    continuity: bool

    @property
    def method(self) -> str:
        """How p was got."""
        if self.exact:
            return "exact p"
        return f"normal p, ties corrected, continuity correction {'on' if self.continuity else 'off'}"

    @property
    def shift(self) -> float:
        """The pseudo-median."""
        return float(np.median(self._walsh())) if self.differences.size else NAN

    def _walsh(self) -> FloatArray:
        d = self.differences
        first, second = np.triu_indices(d.size)
        return np.sort((d[first] + d[second]) / 2)

    def interval(self, confidence: float) -> tuple[float, float]:
        """The smallest and the largest shift that the test without ties does not reject."""
        n = self.differences.size
        if n < 2 or not np.ptp(self.differences):
            return NAN, NAN
        if self.exact:
            chances = np.cumsum(sum_distribution(np.arange(1.0, n + 1))[::2])
            kept = int(np.searchsorted(chances, (1 - confidence) / 2 * (1 - 1e-12)))
        else:
            plain = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
            half = 0.5 if self.continuity else 0.0
            kept = math.ceil(n * (n + 1) / 4 - half - z_of(confidence) * plain - 1e-9)
        # The smallest V that is not rejected is the first Walsh average within the interval.
        if kept < 1:
            return NAN, NAN
        walsh = self._walsh()
        return float(walsh[kept - 1]), float(walsh[walsh.size - kept])


def signed_rank_test(differences: FloatArray, *, p_value: str, equal: int, continuity: bool) -> SignedRankTest:
    """Test whether differences, none of them 0, lean to one side.

    Parameters
    ----------
    differences : array
        Of the pairs that differ.
    p_value : {"auto", "exact", "normal"}
        As in `wilcoxon_signed_rank`.
    equal : int
        How many pairs did not differ: with some, "auto" is normal.
    continuity : bool
        Of the normal p.
    """
    n = differences.size
    if not n:
        return SignedRankTest(differences, NAN, NAN, NAN, NAN, p_value == "exact", continuity)
    ranks = scipy.stats.rankdata(np.abs(differences))
    sizes = np.unique(ranks, return_counts=True)[1].astype(float)
    v = float(ranks[differences > 0].sum())
    sd = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - float((sizes**3 - sizes).sum()) / 48)
    away = v - n * (n + 1) / 4
    tied = sizes.max() > 1
    exact = p_value == "exact" or (p_value == "auto" and not tied and not equal and n <= EXACT_BY_DEFAULT)
    if exact:
        chances = sum_distribution(ranks)
        smaller = round(2 * min(v, n * (n + 1) / 2 - v))
        p = min(1.0, 2 * float(chances[: smaller + 1].sum()))
    else:
        p = two_sided_p(max(abs(away) - (0.5 if continuity else 0.0), 0.0) / sd)
    return SignedRankTest(differences, v, away / sd, sd, p, exact, continuity)
