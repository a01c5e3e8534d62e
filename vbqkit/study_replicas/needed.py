"""How many patients a design would have taken, from the same simulation that replicates it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.study_replicas.design import Analysis
from vbqkit.study_replicas.designs import design_named
from vbqkit.study_replicas.drawing import OF_POOL, analyses_in, drawn_sites, patients_from
from vbqkit.study_replicas.many import FloatArray
from vbqkit.study_replicas.pool import pools_of
from vbqkit.study_replicas.replicas import Progress, statistics_of

MOST = 20_000
"""Patients beyond whom nobody is looked for."""

_LEAST, _SIZES, _RESAMPLES = 10, 7, 400
_AT_ONCE = 2_000_000  # patients drawn at a time, so that memory stays small


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsNeeded:
    """The answer of :func:`patients_needed`.

    Attributes
    ----------
    study, comparison, statistic, population : str
        What was asked.
    target : str
        Such as ``"power 0.8"``.
    patients : int or None
        All patients of the comparison together, in the study's proportions; None: more than :data:`MOST`.
    low, high : float
        95 % Monte Carlo interval, from resampled replicas, in whole patients; nan with None. It does not hold how much
        another pool of virtual patients would matter.
    had : int
        Patients that the study had.
    reached : float
        Power, or half-width, of the study at the size it had, from replicas of that size.
    """

    study: str
    comparison: str
    statistic: str
    population: str
    target: str
    patients: int | None
    low: float
    high: float
    had: int
    reached: float

    def text(self) -> str:
        """The answer in a sentence."""
        if self.patients is None:
            return f"{self.comparison}: more than {MOST} patients for {self.target}; the study had {self.had}."
        return (
            f"{self.comparison}: {self.patients} patients for {self.target} (95 % Monte Carlo interval {self.low:.0f} to "
            f"{self.high:.0f}); the study had {self.had}."
        )


def patients_needed(
    name: str,
    comparison: str,
    *,
    half_width: float | None = None,
    power: float | None = None,
    alpha: float = 0.05,
    times: int = 1000,
    seed: int = 1,
    population: str | None = None,
    pool: pd.DataFrame | None = None,
    progress: Progress | None = None,
) -> PatientsNeeded:
    """The number of patients that a published design would have taken.

    The design is run at seven sizes about the one that is looked for, its groups in their printed proportions. With
    `power`, it is the size at which p is below `alpha` in this share of the replicas of all sites (the p that the study
    printed: of the correlation, of the t test where one is printed, or else of the AUC). With `half_width`, it is the
    size at which half of the range that encloses 95 % of the correlations, AUCs or accuracies about the mean of their
    site is this wide. Through the seven points a line is laid: probit of the power against the square root of the
    number of patients, or logarithm of the half-width against the logarithm of the number.

    Parameters
    ----------
    name, comparison : str
        The study, and one of its comparisons.
    half_width : float or None
        Such as 0.05 for an AUC or r, or 2 for an accuracy in %.
    power : float or None
        Such as 0.8. Give one of the two.
    alpha : float
        With `power`.
    times : int
        Replicas at each size.
    seed : int
        Where chance starts.
    population : str or None
        As in :func:`replicate_study`. ``"as printed"`` asks what the study would have taken if its printed number were
        the truth, which flatters whoever printed a lucky one.
    pool : DataFrame, optional
        As in :func:`replicate_study`.
    progress : callable, optional
        ``progress(done, total)``.

    Raises
    ------
    TableError
        If not exactly one target is given, it cannot be, or the comparison is not known or has no p.

    Examples
    --------
    >>> found = patients_needed("Huang 2026", "VBQ-T1 for fracture", power=0.8, times=300, population="as printed")
    >>> 100 < found.patients < 155  # 126 by the t test's noncentral distribution
    True
    """
    design = design_named(name)
    analysis = design.analysis(comparison)
    if population is None:
        population = "virtual patients" if design.virtual else "as printed"
    if analysis not in analyses_in(design, population):
        raise TableError(f"'{comparison}' cannot be measured in '{population}': {analysis.note}. Ask for 'as printed'.")
    statistic, target = _target(analysis, half_width, power, alpha)
    pools = pools_of(name, pool) if population in OF_POOL else None
    done = 0

    def at(patients: int) -> FloatArray:
        nonlocal done
        size = patients / design.patients_of(analysis)
        chunks = max(1, math.ceil(times * patients / _AT_ONCE))
        found, where = [], []
        for k, block in enumerate(np.array_split(np.arange(times), chunks)):
            rng = np.random.default_rng([seed, patients, k])
            sites = drawn_sites(len(block), rng)
            drawn = patients_from(design, population, pools, size=size)
            found.append(dict(statistics_of(drawn, analysis, sites, rng))[statistic])
            where.append(sites)
        done += 1
        if progress is not None:
            progress(min(done, 2 * _SIZES), 2 * _SIZES)
        values, sites = np.concatenate(found), np.concatenate(where)
        known = np.isfinite(values)
        return values[known] if power is not None else _about_its_site(values[known], sites[known])

    had = design.patients_of(analysis)
    measure = _power_of(alpha) if power is not None else _half_width_of
    reached = measure(at(had))
    wanted = float(power if power is not None else half_width or 0.0)

    def answer(patients: int | None, low: float, high: float) -> PatientsNeeded:
        return PatientsNeeded(
            study=name,
            comparison=comparison,
            statistic=statistic,
            population=population,
            target=target,
            patients=patients,
            low=low,
            high=high,
            had=had,
            reached=reached,
        )

    near = _first_beyond(lambda n: measure(at(n)), wanted, rising=power is not None)
    if near is None:
        return answer(None, math.nan, math.nan)
    sizes = np.unique(np.geomspace(max(_LEAST, near / 3.0), min(MOST, near * 1.3), _SIZES).round().astype(int))
    draws = [at(int(n)) for n in sizes]
    solve = _by_power if power is not None else _by_width
    rng = np.random.default_rng([seed, 77])
    best = solve(sizes, np.array([measure(d) for d in draws]), wanted, times)
    if not math.isfinite(best):  # by chance more patients did not help
        return answer(None, math.nan, math.nan)
    again = [
        solve(
            sizes,
            np.array([measure(d[rng.integers(len(d), size=len(d))]) for d in draws]),
            wanted,
            times,
        )
        for _ in range(_RESAMPLES)
    ]
    low, high = np.nanquantile(again, (0.025, 0.975))
    return answer(math.ceil(best), float(math.floor(low)), float(math.ceil(high)))


def _target(analysis: Analysis, half_width: float | None, power: float | None, alpha: float) -> tuple[str, str]:
    if (half_width is None) == (power is None):
        raise TableError("Give either half_width or power: a precision or a power that the study should have had.")
    if half_width is not None:
        if not half_width > 0:
            raise TableError(f"A half-width of {half_width} cannot be reached; give one above 0, such as 0.05.")
        name = {"correlation": "r", "discrimination": "AUC", "accuracy": "accuracy"}[analysis.kind]
        return name, f"{name} within ± {half_width:g}"
    assert power is not None
    if not (alpha < power < 1 and 0 < alpha < 1):
        raise TableError(
            f"A power of {power} at an alpha of {alpha} cannot be asked for; give a power between alpha and 1."
        )
    if analysis.kind == "accuracy":
        raise TableError(f"'{analysis.name}' has no p; ask for half_width instead.")
    name = "p" if analysis.kind == "correlation" else "difference p" if "difference p" in analysis.printed else "AUC p"
    return name, f"power {power:g}"


def _about_its_site(values: FloatArray, sites: npt.NDArray[np.intp]) -> FloatArray:
    """Values less the mean of their site: more patients do not bring another machine nearer."""
    about = values.copy()
    for site in np.unique(sites):
        about[sites == site] -= values[sites == site].mean()
    return about


def _power_of(alpha: float) -> Callable[[FloatArray], float]:
    return lambda p: float((p < alpha).mean()) if len(p) else 0.0


def _half_width_of(values: FloatArray) -> float:
    if len(values) < 2:
        return math.inf
    low, high = np.quantile(values, (0.025, 0.975))
    return float(high - low) / 2.0


def _first_beyond(measure: Callable[[int], float], wanted: float, *, rising: bool) -> int | None:
    """The first of 10, 20, 40 ... patients with whom the target is reached."""
    n = _LEAST
    while n <= MOST:
        found = measure(n)
        if found >= wanted if rising else found <= wanted:
            return n
        n *= 2
    return None


def _by_power(sizes: FloatArray, power: FloatArray, wanted: float, times: int) -> float:
    """Where a line through the probits reaches the wanted power; each weighs by how well it is known."""
    share = np.clip(power, 0.5 / times, 1.0 - 0.5 / times)
    probit = special.ndtri(share)
    density = np.exp(-0.5 * probit**2) / math.sqrt(2.0 * math.pi)
    weight = density / np.sqrt(share * (1.0 - share))
    slope, start = np.polyfit(np.sqrt(sizes), probit, 1, w=weight)
    if slope <= 0:
        return math.nan
    return float(max(0.0, (float(special.ndtri(wanted)) - start) / slope) ** 2)


def _by_width(sizes: FloatArray, width: FloatArray, wanted: float, times: int) -> float:  # noqa: ARG001 - as _by_power
    """Where a line through the logarithms reaches the wanted half-width."""
    slope, start = np.polyfit(np.log(sizes), np.log(np.maximum(width, 1e-12)), 1)
    return float(np.exp((math.log(wanted) - start) / slope)) if slope < 0 else math.nan
