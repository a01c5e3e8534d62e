"""What a summary leaves open: limits on a result that its printed inputs do not fix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import special

from vbqkit.literature.printed import Range
from vbqkit.literature.recompute import Group
from vbqkit.stats.confidence_intervals import two_sided_p, two_sided_t_p

Array = NDArray[np.float64]

SHAPES = ("normal", "skewed right", "skewed left", "very skewed right", "very skewed left", "heavy-tailed")
"""Shapes that a sample with a printed mean and SD may have: normal, gamma of skewness 1 and 2 either way, Student's t
with 3 df."""


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Printed lower quartile, median and upper quartile of a group of n."""

    q1: Range
    median: Range
    q3: Range
    n: int

    def lowest(self) -> Array:
        """The least that each of the n ordered values can be."""
        return self._envelope([-math.inf, self.q1.low, self.median.low, self.q3.low], at_or_above=True)

    def highest(self) -> Array:
        """The most that each of the n ordered values can be."""
        return self._envelope([self.q1.high, self.median.high, self.q3.high, math.inf], at_or_above=False)

    def _envelope(self, levels: list[float], *, at_or_above: bool) -> Array:
        # A quartile at position (n + 1) p, as SPSS prints it, lies between the values before and behind that position,
        # or is the value there.
        values = np.full(self.n, levels[0] if at_or_above else levels[-1])
        positions = [(self.n + 1) * p for p in (0.25, 0.5, 0.75)]
        if at_or_above:
            for level, position in zip(levels[1:], positions, strict=True):
                values[math.ceil(position) - 1 :] = level
        else:
            for level, position in zip(reversed(levels[:-1]), reversed(positions), strict=True):
                values[: math.floor(position)] = level
        return values


def mann_whitney_p(u: float, n_a: int, n_b: int) -> float:
    """Two-sided p of Mann and Whitney's U by the normal distribution, without correction for ties or continuity."""
    return two_sided_p((u - n_a * n_b / 2) / math.sqrt(n_a * n_b * (n_a + n_b + 1) / 12))


def mann_whitney_bounds(a: Quartiles, b: Quartiles) -> Range:
    """The p values that a Mann-Whitney test can have with these quartiles, whatever the distributions.

    Every ordered value lies between the quartiles around it; U is greatest with all of one group as low and all of the
    other as high as that allows, and least the other way round. The value in the middle is that of the middle U.
    """
    most = float((a.lowest()[:, None] <= b.highest()[None, :]).sum())
    least = float((a.highest()[:, None] < b.lowest()[None, :]).sum())
    half = a.n * b.n / 2
    ends = [mann_whitney_p(u, a.n, b.n) for u in (least, most)]
    return Range(mann_whitney_p((least + most) / 2, a.n, b.n), min(ends), 1.0 if least <= half <= most else max(ends))


def mann_whitney_attainable(printed: Range, n_a: int, n_b: int) -> list[float]:
    """Values of U (halves included: ties) whose p by the normal distribution rounds to the printed one."""
    us = np.arange(0, n_a * n_b / 2 + 0.25, 0.5)
    return [float(u) for u in us if Range.of(mann_whitney_p(u, n_a, n_b)).meets(printed)]


def auc_bounds(sensitivity: Range, specificity: Range) -> Range:
    """The AUCs that a curve can have whose best Youden index is at this point.

    At least ``sensitivity x specificity`` (it passes the point and never falls); at most ``1/2 + J - J²/2`` (nowhere
    further than J above the diagonal). The value in the middle is that of the two straight lines, ``(1 + J) / 2``.
    """
    j = [min(max(se + sp - 1, 0.0), 1.0) for se, sp in zip(_ends(sensitivity), _ends(specificity), strict=True)]
    middle = (sensitivity.value + specificity.value) / 2
    return Range(middle, sensitivity.low * specificity.low, 0.5 + j[1] - j[1] ** 2 / 2)


def _ends(r: Range) -> tuple[float, float]:
    return r.low, r.high


def _draw(shape: str, size: tuple[int, int], rng: np.random.Generator) -> Array:
    if shape == "normal":
        return rng.standard_normal(size)
    if shape == "heavy-tailed":
        return rng.standard_t(3, size)
    power = 4.0 if shape.startswith("skewed") else 1.0  # skewness 1 and 2
    return rng.standard_gamma(power, size) * (-1 if shape.endswith("left") else 1)


def _samples(group: Group, shape: str, repeats: int, rng: np.random.Generator) -> Array:
    """Samples of one shape that all have exactly the printed mean and SD."""
    x = _draw(shape, (repeats, group.n), rng)
    x -= x.mean(axis=1, keepdims=True)
    x /= x.std(axis=1, ddof=1, keepdims=True)
    return np.asarray(group.mean.value + group.sd.value * x)


def _aucs(case: Array, control: Array) -> Array:
    """AUC of each row, by ranks (no ties in continuous samples)."""
    n1, n0 = case.shape[1], control.shape[1]
    ranks = np.argsort(np.argsort(np.concatenate([case, control], axis=1), axis=1), axis=1)[:, :n1] + 1
    return np.asarray((ranks.sum(axis=1) - n1 * (n1 + 1) / 2) / (n1 * n0))


def _spread(by_shape: Sequence[Array], center: float, rounding: Range) -> Range:
    """95 % of the simulated values of any shape about a center, widened by what rounding does to the center."""
    ends = np.array([np.quantile(values, [0.025, 0.975]) for values in by_shape])
    return Range(
        center,
        float(ends[:, 0].min()) + min(rounding.low - rounding.value, 0),
        float(ends[:, 1].max()) + max(rounding.high - rounding.value, 0),
    )


def auc_of_samples(case: Group, control: Group, analytic: Range, *, rng: np.random.Generator) -> Range:
    """The AUCs of 95 % of samples with the printed means, SDs and sizes, for each of `SHAPES`; center: binormal AUC."""
    values = [_aucs(_samples(case, s, 500, rng), _samples(control, s, 500, rng)) for s in SHAPES]
    return _spread(values, analytic.value, analytic)


def share_of_sample(group: Group, cut_off: Range, *, above: bool, rng: np.random.Generator) -> Range:
    """The percentages beyond a cut-off in 95 % of samples with the printed mean, SD and size, of each of `SHAPES`."""
    sign = 1 if above else -1

    def analytic(mean: float, sd: float, at: float) -> float:
        return 100 * float(special.ndtr(sign * (mean - at) / sd))

    corners = [analytic(m, s, c) for m in _ends(group.mean) for s in _ends(group.sd) for c in _ends(cut_off)]
    value = analytic(group.mean.value, group.sd.value, cut_off.value)
    shares = []
    for shape in SHAPES:
        samples = _samples(group, shape, 500, rng)
        shares.append(100 * ((samples > cut_off.value) if above else (samples <= cut_off.value)).mean(axis=1))
    return _spread(shares, value, Range(value, min(corners), max(corners)))


def odds_ratio_of_samples(case: Group, control: Group, *, rng: np.random.Generator) -> Range:
    """The odds ratios per unit, by logistic regression, of 95 % of samples with the printed means, SDs and sizes.

    Of each of `SHAPES`; rounding of the means and SDs is taken in by drawing each within its limits.
    """
    slopes = [_log_odds_ratios(case, control, shape, 300, rng) for shape in SHAPES]
    ends = np.array([np.quantile(values, [0.025, 0.975]) for values in slopes])
    return Range(math.exp(float(np.median(slopes[0]))), math.exp(ends[:, 0].min()), math.exp(ends[:, 1].max()))


def _log_odds_ratios(case: Group, control: Group, shape: str, repeats: int, rng: np.random.Generator) -> Array:
    def draw(group: Group) -> Array:
        x = (_samples(group, shape, repeats, rng) - group.mean.value) / group.sd.value
        mean = rng.uniform(group.mean.low, group.mean.high, (repeats, 1))
        sd = rng.uniform(group.sd.low, group.sd.high, (repeats, 1))
        return np.asarray(mean + sd * x)

    x = np.concatenate([draw(case), draw(control)], axis=1)
    y = np.concatenate([np.ones(case.n), np.zeros(control.n)])
    scale = float(x.std())
    x = (x - x.mean(axis=1, keepdims=True)) / scale
    b0, b1 = np.zeros(repeats), np.zeros(repeats)
    for _ in range(10):  # Newton's method on every sample at once
        p = special.expit(b0[:, None] + b1[:, None] * x)
        w = p * (1 - p)
        g0, g1 = (y - p).sum(axis=1), ((y - p) * x).sum(axis=1)
        h00, h01, h11 = w.sum(axis=1), (w * x).sum(axis=1), (w * x * x).sum(axis=1)
        det = h00 * h11 - h01**2
        b0, b1 = b0 + (h11 * g0 - h01 * g1) / det, b1 + (h00 * g1 - h01 * g0) / det
    return np.asarray(b1 / scale)


def delong_interval_bounds(auc: Range, n_case: int, n_control: int, *, rng: np.random.Generator) -> tuple[Range, Range]:
    """The ends that DeLong's 95 % interval can have at a printed AUC: 95 % of normal samples, SD ratios 1:3 to 3:1."""
    errors = []
    for ratio in (1 / 3, 1 / 2, 1.0, 2.0, 3.0):
        delta = float(special.ndtri(auc.value)) * math.hypot(1, ratio)
        case = delta + ratio * rng.standard_normal((200, n_case))
        control = rng.standard_normal((200, n_control))
        above = (case[:, :, None] > control[:, None, :]).astype(float)
        by_case, by_control = above.mean(axis=2), above.mean(axis=1)
        a = above.mean(axis=(1, 2))
        near = np.abs(a - auc.value) < 0.03
        se = np.sqrt(by_case.var(axis=1, ddof=1) / n_case + by_control.var(axis=1, ddof=1) / n_control)
        errors.append(se[near])
    low, middle, high = np.quantile(np.concatenate(errors), [0.025, 0.5, 0.975]) * 1.959964
    return (
        Range(auc.value - middle, auc.low - high, auc.high - low),
        Range(auc.value + middle, auc.low + low, min(auc.high + high, 1.0)),
    )


def line_bounds(x: Sequence[Range], y: Sequence[Range], index: int) -> Range | None:
    """What y of one point can be if all points lie on one rising line and the others are as printed.

    T-score is a linear function of BMD for one site, one sex and one reference, and quantiles follow it. ``None``: no
    line passes the others within their rounding.
    """
    rows, limits = [], []
    for i, (a, b) in enumerate(zip(x, y, strict=True)):
        if i != index:
            rows += [[1.0, a.low], [-1.0, -a.high]]
            limits += [b.high, -b.low]
    ends = []
    for sign, at in ((1.0, x[index].low), (-1.0, x[index].high)):
        found = scipy.optimize.linprog([sign, sign * at], A_ub=rows, b_ub=limits, bounds=[(None, None), (0, None)])
        if found.status != 0 or found.fun is None:
            return None
        ends.append(sign * float(found.fun))
    return Range((ends[0] + ends[1]) / 2, ends[0], ends[1])


def ancova_bounds(a: Group, b: Group, age_a: Group, age_b: Group, printed: Range) -> tuple[Range, Range | None]:
    """The p that a comparison adjusted for age can have, and the correlations with age that give the printed one.

    What is missing is the correlation r of the quantity with age within the groups. With r,
    ``difference' = difference - r (sd / sd_age) difference_age``, residual SD ``sd sqrt(1 - r²)``, and
    ``se² = residual² (1/n_a + 1/n_b + difference_age² / SS_age)``; every r from -0.95 to 0.95 is tried, with the
    difference anywhere within its rounding.

    Returns
    -------
    tuple
        Range of p; range of r that gives the printed p, or None.
    """
    n = a.n + b.n
    sd = math.sqrt(((a.n - 1) * a.sd.value**2 + (b.n - 1) * b.sd.value**2) / (n - 2))
    sd_age = math.sqrt(((age_a.n - 1) * age_a.sd.value**2 + (age_b.n - 1) * age_b.sd.value**2) / (n - 2))
    age_gap = age_a.mean.value - age_b.mean.value
    ps, fitting = [], []
    for r in np.linspace(-0.95, 0.95, 191):
        residual = sd * math.sqrt(1 - r * r) * math.sqrt((n - 2) / (n - 3))
        se = residual * math.sqrt(1 / a.n + 1 / b.n + age_gap**2 / ((n - 2) * sd_age**2))
        shift = r * sd / sd_age * age_gap
        gaps = [a.mean.low - b.mean.high - shift, a.mean.high - b.mean.low - shift]
        ends = [two_sided_t_p(gap / se, n - 3) for gap in gaps]
        here = Range(ends[0], min(ends), 1.0 if gaps[0] <= 0 <= gaps[1] else max(ends))
        ps.append(here)
        if here.meets(printed):
            fitting.append(float(r))
    middle = ps[len(ps) // 2]
    p = Range(middle.value, min(x.low for x in ps), max(x.high for x in ps))
    return p, Range(float(np.median(fitting)), fitting[0], fitting[-1]) if fitting else None
