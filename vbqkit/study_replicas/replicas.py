"""A study run again a thousand times: how its numbers scatter, and where the printed ones lie among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.study_replicas.design import Analysis, StudyDesign, printed
from vbqkit.study_replicas.designs import design_named
from vbqkit.study_replicas.drawing import OF_POOL, Patients, analyses_in, drawn_sites, patients_from
from vbqkit.study_replicas.many import (
    FloatArray,
    correlations_of,
    discriminations_of,
    share_limits,
    where_it_lies,
    youden_at,
)
from vbqkit.study_replicas.pool import ArmPool, pools_of

IN_NEW = "Youden's J in new patients"
"""Of the cut-off that a replica chose, in as many other patients of the same site."""

COLUMNS = (
    *("study", "population", "comparison", "statistic", "times", "seed", "mean", "sd", "low", "median", "high"),
    *("significant_percent", "significant_low", "significant_high", "undefined"),
)
COMPARED_COLUMNS = (
    *("printed", "place", "printed_low", "printed_high", "percentile", "percentile_low", "percentile_high", "p"),
    *("pool_low", "pool_high"),
)

_POOLS, _OF_A_POOL = 20, 200  # so many pools made of the people of one, and replicas from each, say how much it matters
_ALPHA = 0.05
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StudyReplicas:
    """What came out of all replicas of a study.

    Attributes
    ----------
    design : StudyDesign
        The study.
    population : str
        Of :data:`vbqkit.study_replicas.POPULATIONS`.
    times, seed : int
        How often, and where chance started.
    draws : mapping of (str, str) to array
        By comparison and statistic, one value a replica; nan where it is undefined.
    of_other_pools : tuple of such mappings
        The same from pools of people drawn out of the pool; empty where no pool is used.
    """

    design: StudyDesign
    population: str
    times: int
    seed: int
    draws: Mapping[tuple[str, str], FloatArray]
    of_other_pools: tuple[Mapping[tuple[str, str], FloatArray], ...] = ()

    def predicted(self) -> pd.DataFrame:
        """How each number scatters, without a look at the printed one.

        Returns
        -------
        DataFrame
            :data:`COLUMNS`: low and high enclose 95 % of the replicas; significant_percent is the share of p below
            0.05 (of p rows), with 95 % Monte Carlo limits; undefined counts replicas without a value.
        """
        return pd.DataFrame([self._row(*key) for key in self.draws], columns=list(COLUMNS))

    def compared(self) -> pd.DataFrame:
        """The same with the printed number and where it lies.

        Returns
        -------
        DataFrame
            :data:`COLUMNS`, then :data:`COMPARED_COLUMNS`: the printed number with its place and its printed interval;
            the share of the replicas below it (%), with 95 % Monte Carlo limits; p, two-sided, against the hypothesis
            that the study is one of the replicas; pool_low and pool_high, within which the percentile lies in 95 % of
            the pools that could be made of the same people (normal limits on 20 pools of 200 replicas, cut at 0
            and 100). Nothing is said of a number that is printed as a bound only.
        """
        rows = []
        for comparison, statistic in self.draws:
            analysis = self.design.analysis(comparison)
            row = self._row(comparison, statistic) | self._against_print(analysis, statistic)
            rows.append(row)
        return pd.DataFrame(rows, columns=[*COLUMNS, *COMPARED_COLUMNS])

    def _row(self, comparison: str, statistic: str) -> dict[str, object]:
        values = self.draws[comparison, statistic]
        known = values[np.isfinite(values)]
        low, median, high = np.quantile(known, (0.025, 0.5, 0.975)) if len(known) else (math.nan,) * 3
        row: dict[str, object] = {
            "study": self.design.name,
            "population": self.population,
            "comparison": comparison,
            "statistic": statistic,
            "times": self.times,
            "seed": self.seed,
            "mean": float(known.mean()) if len(known) else math.nan,
            "sd": float(known.std(ddof=1)) if len(known) > 1 else math.nan,
            "low": float(low),
            "median": float(median),
            "high": float(high),
            "undefined": len(values) - len(known),
        }
        if statistic.endswith("p") and len(known):
            count = int((known < _ALPHA).sum())
            limits = share_limits(count, len(known))
            row |= {
                "significant_percent": 100.0 * count / len(known),
                "significant_low": 100.0 * limits[0],
                "significant_high": 100.0 * limits[1],
            }
        return row

    def _against_print(self, analysis: Analysis, statistic: str) -> dict[str, object]:
        if statistic not in analysis.printed:
            return {}
        number = printed(self.design.name, analysis.printed[statistic])
        found: dict[str, object] = {"printed": number.text, "place": number.place}
        if statistic == "AUC" and analysis.ci:
            low, high = (printed(self.design.name, key).value for key in analysis.ci)
            found |= {"printed_low": low, "printed_high": high}
        if "<" in number.text:
            return found
        key = (analysis.name, statistic)
        here = where_it_lies(self.draws[key], number.value)
        elsewhere = [where_it_lies(draws[key], number.value)["percentile"] for draws in self.of_other_pools]
        if elsewhere:
            spread = 1.96 * float(np.std(elsewhere, ddof=1))
            found["pool_low"] = max(0.0, here["percentile"] - spread)
            found["pool_high"] = min(100.0, here["percentile"] + spread)
        return found | here


def replicate_study(
    name: str,
    *,
    times: int = 1000,
    seed: int = 1,
    population: str | None = None,
    pool: pd.DataFrame | None = None,
    other_pools: bool = True,
    progress: Progress | None = None,
) -> StudyReplicas:
    """Run the design of a published study again and again, and collect the numbers that it printed.

    A replica has the study's groups at their printed size, its matching, its scanner and protocol (drawn where they
    are not printed), one reader, and its statistics. Virtual patients are drawn from a finite pool
    (:mod:`vbqkit.study_replicas.pool`), with replacement unless a study takes less than a tenth of it.

    Parameters
    ----------
    name : str
        Of :data:`DESIGNS`, such as ``"Huang 2026"``.
    times : int
        Replicas.
    seed : int
        Where their chance starts; the same seed gives the same replicas.
    population : str or None
        Of :data:`POPULATIONS`; None: virtual patients, and where a study has none, ``"as printed"``.
    pool : DataFrame, optional
        From :func:`draw_pool`; None: the pool that comes with the package.
    other_pools : bool
        Whether replicas are also drawn from 20 pools made of the people of the pool, to see how much it matters.
    progress : callable, optional
        ``progress(done, total)``.

    Returns
    -------
    StudyReplicas

    Raises
    ------
    TableError
        If the study or population is not known, or `times` is below 2.

    Examples
    --------
    >>> replicas = replicate_study("Review page 2026", times=200, seed=1)
    >>> table = replicas.predicted().set_index(["comparison", "statistic"])
    >>> bool(93 < table["low"]["deep learning on MRI", "accuracy"] < 96)
    True
    """
    design = design_named(name)
    if population is None:
        population = "virtual patients" if design.virtual else "as printed"
    if times < 2:
        raise TableError(f"{times} replica says nothing of chance; give 2 or more, better 1000.")
    analyses = analyses_in(design, population)
    pools = pools_of(name, pool) if population in OF_POOL else None
    others = _POOLS if pools and other_pools else 0
    total = len(analyses) * (1 + others)
    done = 0

    def run(pools: Mapping[str, ArmPool] | None, which: int) -> dict[tuple[str, str], FloatArray]:
        nonlocal done
        patients, found = patients_from(design, population, pools), {}
        for number, analysis in enumerate(analyses):
            rng = np.random.default_rng([seed, which, number])
            unit = population in OF_POOL or bool(analysis.means)  # else the printed AUC says how far, in SDs alone
            sites = drawn_sites(times if which == 0 else min(times, _OF_A_POOL), rng)
            for statistic, values in statistics_of(patients, analysis, sites, rng):
                if unit or statistic not in ("cut-off", "difference"):
                    found[analysis.name, statistic] = values
            done += 1
            if progress is not None:
                progress(done, total)
        return found

    draws = run(pools, 0)
    return StudyReplicas(
        design=design,
        population=population,
        times=times,
        seed=seed,
        draws=draws,
        of_other_pools=tuple(run(_another(pools or {}, seed, k), k) for k in range(1, others + 1)),
    )


def _another(pools: Mapping[str, ArmPool], seed: int, which: int) -> dict[str, ArmPool]:
    """A pool as it could have been: the same number of people, drawn out of it with replacement."""
    rng = np.random.default_rng([seed, which, 10_000])
    return {name: pool.take(rng.integers(pool.n, size=pool.n)) for name, pool in pools.items()}


def statistics_of(
    patients: Patients, analysis: Analysis, sites: npt.NDArray[np.intp], rng: np.random.Generator
) -> Iterator[tuple[str, FloatArray]]:
    """Name and values of every statistic of one comparison, in a study at each of the sites."""
    score, other = patients.draw(analysis, sites, rng)
    if analysis.kind == "correlation":
        yield from correlations_of(score, other, ranks=analysis.ranks).items()
    elif analysis.kind == "accuracy":
        yield "accuracy", 100.0 * score.mean(axis=1)
    else:
        found = discriminations_of(score, other == 1.0)
        yield from found.items()
        new_score, new_other = patients.draw(analysis, sites, rng)
        yield IN_NEW, youden_at(found["cut-off"], new_score, new_other == 1.0)
