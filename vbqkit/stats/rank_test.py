"""Mann and Whitney's test of two samples: U, its exact or normal p, and which shifts it does not reject."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.exact_ranks import exact_u_p, u_quantile
from vbqkit.stats.observations import FloatArray
from vbqkit.stats.result import NAN


@dataclass(frozen=True, slots=True)
class RankTest:
    """One test of two samples.

    Attributes
    ----------
    u : float
        U of the first sample; nan where all values are equal.
    p : float
        Two-sided.
    z : float
        U in standard deviations from its mean under the null hypothesis, ties corrected, no continuity correction.
    sd : float
        That standard deviation.
    exact : bool
        Whether p is exact.
    continuity : bool
        Whether a normal p has a continuity correction.
    sizes : tuple of 2 int
        Of the samples.
    """

    u: float
    p: float
    z: float
    sd: float
    exact: bool
    continuity: bool
    sizes: tuple[int, int]

    @property
    def method(self) -> str:
        """How p was got."""
        if self.exact:
            return "exact p"
        return f"normal p, ties corrected, continuity correction {'on' if self.continuity else 'off'}"

    def smallest_kept(self, confidence: float) -> int:
        """The smallest U that the test does not reject at ``1 - confidence``; 0 or below where it rejects none."""
        m, n = self.sizes
        if self.exact:
            return u_quantile((1 - confidence) / 2, m, n)
        if not self.sd > 0:
            return 0
        return math.ceil(m * n / 2 - (0.5 if self.continuity else 0.0) - z_of(confidence) * self.sd - 1e-9)


def mann_whitney_test(a: FloatArray, b: FloatArray, *, exact: bool, continuity: bool) -> RankTest:
    """Test two samples.

    Parameters
    ----------
    a, b : array
        The samples.
    exact : bool
        By the distribution of U without ties; else by the normal one, with the variance that the ties leave.
    continuity : bool
        Of the normal p: half a step towards the mean.
    """
    m, n = a.size, b.size
    both = np.concatenate([a, b])
    if not np.ptp(both):
        return RankTest(NAN, NAN, NAN, 0.0, exact, continuity, (m, n))
    u = float(scipy.stats.rankdata(both)[:m].sum()) - m * (m + 1) / 2
    sizes = np.unique(both, return_counts=True)[1].astype(float)
    size = float(m + n)
    sd = math.sqrt(m * n / 12 * (size + 1 - float((sizes**3 - sizes).sum()) / (size * (size - 1))))
    away = u - m * n / 2
    corrected = max(abs(away) - (0.5 if continuity else 0.0), 0.0)
    p = exact_u_p(u, m, n) if exact else two_sided_p(corrected / sd)
    return RankTest(u, p, away / sd, sd, exact, continuity, (m, n))
