"""Where the patients of a replica come from: virtual patients, or what the study itself printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import special

from vbqkit.errors import TableError
from vbqkit.study_replicas.design import Analysis, StudyDesign, printed
from vbqkit.study_replicas.many import FloatArray
from vbqkit.study_replicas.pool import SITES, STUDY_SITES, ArmPool

Populations = Mapping[str, str]
POPULATIONS: Populations = {
    "virtual patients": "virtual patients of the study's groups, measured on its scanner by a reader: a prediction",
    "marrow of another": "the same, with the marrow of somebody else of the same age and sex: disease has no effect on it",
    "as printed": "patients for whom the printed number is true: what chance alone leaves open",
    "no effect": "patients for whom the score says nothing",
}
"""Name to what it is."""

OF_POOL = {"virtual patients": "as built", "marrow of another": "null"}
"""Populations of virtual patients, and the model of each in the pool."""

_PARTNERS = 8
"""Patients of the same sex and nearest in age of whom one becomes the partner of a matched patient."""
_ALL_DIFFERENT = 0.1
"""Up to this share of a pool nobody is drawn twice into a study."""

Drawn = tuple[FloatArray, FloatArray]
"""Scores, and what they are held against (1 and 0 for cases and controls): a row a study, a column a patient."""


class Patients(Protocol):
    """Where the patients of many studies come from."""

    def draw(self, analysis: Analysis, sites: npt.NDArray[np.intp], rng: np.random.Generator) -> Drawn:
        """Patients for one comparison, a row for each of the sites."""


def is_virtual(design: StudyDesign, analysis: Analysis) -> bool:
    """Whether virtual patients can take the place of a study's in a comparison."""
    return design.virtual and analysis.score in STUDY_SITES[design.name].scores and analysis.against != "tbs"


def analyses_in(design: StudyDesign, population: str) -> tuple[Analysis, ...]:
    """The comparisons of a study that a population can be put through.

    Raises
    ------
    TableError
        If there is no such population, or none of them can.
    """
    if population not in POPULATIONS:
        raise TableError(f"There is no population '{population}'. There are: {', '.join(POPULATIONS)}.")
    found = tuple(a for a in design.analyses if population not in OF_POOL or is_virtual(design, a))
    if not found:
        raise TableError(
            f"No virtual patients can take the place of those of {design.name}: it judges programs, not a score. Ask for "
            "population='as printed' or 'no effect'."
        )
    return found


def enlarged(n: int, times: float) -> int:
    """A number of patients in a study of another size."""
    return max(2, round(n * times))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FromPool:
    """Virtual patients of each group, drawn from a finite pool with replacement; one study, one site.

    A study that takes up to a tenth of a pool has nobody twice.

    Attributes
    ----------
    design : StudyDesign
        Groups and matching.
    pools : mapping of str to ArmPool
        The people of each arm.
    population : str
        ``"virtual patients"`` or ``"marrow of another"``.
    size : float
        Patients in each group, as a multiple of the printed number.
    """

    design: StudyDesign
    pools: Mapping[str, ArmPool]
    population: str
    size: float = 1.0

    def draw(self, analysis: Analysis, sites: npt.NDArray[np.intp], rng: np.random.Generator) -> Drawn:
        """Patients for one comparison."""
        model = OF_POOL[self.population]
        scores, others, first = [], [], None
        for arm in (self.design.arm(name) for name in analysis.arms):
            pool, n = self.pools[arm.pool], enlarged(self.design.n_of(arm.name), self.size)
            if self.design.matched and first is not None:
                people = _partners(first[0], first[1], pool, rng)
            else:
                people = _people(pool.n, (len(sites), n), rng)
                first = (pool, people)
            scores.append(pool.scores[model][analysis.score][people, sites[:, None]])
            if analysis.against:
                others.append(pool.about[analysis.against][people])
            else:
                others.append(np.full(people.shape, float(arm.name in analysis.cases)))
        other = np.concatenate(others, axis=1)
        if analysis.case_below is not None:
            other = (other < analysis.case_below).astype(np.float64)
        return np.concatenate(scores, axis=1), other


def _people(pool: int, shape: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    if shape[1] <= _ALL_DIFFERENT * pool:
        return np.argsort(rng.random((shape[0], pool)), axis=1)[:, : shape[1]]
    return rng.integers(pool, size=shape)


def _partners(
    of: ArmPool, people: npt.NDArray[np.intp], pool: ArmPool, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """One of the eight of the same sex who are nearest in age."""
    apart = np.abs(of.about["age"][:, None] - pool.about["age"][None, :])
    apart = apart + 1000.0 * (of.about["woman"][:, None] != pool.about["woman"][None, :])
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :_PARTNERS]
    return np.asarray(nearest[people, rng.integers(nearest.shape[1], size=people.shape)])


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FromPrint:
    """Patients drawn from normal distributions for which a study's printed number is true, or says nothing.

    A correlation: two normal variables with the printed r. Two groups: normal scores with the printed means and SDs;
    where none are printed, SDs of 1 that lie as far apart as the printed AUC says (the binormal model). An accuracy:
    right answers with the printed chance. Without effect the means are equal (their mean), and r is 0, AUC 0.5,
    accuracy one half.

    Attributes
    ----------
    design : StudyDesign
        Its numbers.
    effect : bool
        Whether the printed number is true.
    size : float
        Patients in each group, as a multiple of the printed number.
    """

    design: StudyDesign
    effect: bool
    size: float = 1.0

    def draw(self, analysis: Analysis, sites: npt.NDArray[np.intp], rng: np.random.Generator) -> Drawn:
        """Patients for one comparison."""
        studies = len(sites)
        if analysis.kind == "correlation":
            return self._pairs(analysis, studies, rng)
        if analysis.kind == "accuracy":
            share = self._number(analysis, "accuracy") / 100.0 if self.effect else 0.5
            n = sum(enlarged(self.design.n_of(a), self.size) for a in analysis.arms)
            right = (rng.random((studies, n)) < share).astype(np.float64)
            return right, np.ones_like(right)
        n_case, n_control = self.counts(analysis)
        (mean_1, sd_1), (mean_0, sd_0) = self.moments(analysis)
        if not self.effect:
            mean_1 = mean_0 = (mean_1 + mean_0) / 2.0
        normal = rng.standard_normal((studies, n_case + n_control))
        case = np.zeros_like(normal)
        case[:, :n_case] = 1.0
        return np.where(case == 1.0, mean_1 + sd_1 * normal, mean_0 + sd_0 * normal), case

    def _pairs(self, analysis: Analysis, studies: int, rng: np.random.Generator) -> Drawn:
        n = sum(enlarged(self.design.n_of(a), self.size) for a in analysis.arms)
        r = self._number(analysis, "r") if self.effect else 0.0
        if analysis.ranks:
            r = 2.0 * np.sin(np.pi * r / 6.0)  # Pearson's r of normal variables with this Spearman's (Pearson 1907)
        x, e = rng.standard_normal((2, studies, n))
        return x, r * x + np.sqrt(1.0 - r * r) * e

    def counts(self, analysis: Analysis) -> tuple[int, int]:
        """Cases and controls."""
        n = self.design.patients_of(analysis)
        cases = self.design.cases_of(analysis) if analysis.cases or analysis.case_count else n // 2
        return enlarged(cases, self.size), enlarged(n - cases, self.size)

    def moments(self, analysis: Analysis) -> tuple[tuple[float, float], tuple[float, float]]:
        """Mean and SD of cases and of controls."""
        if analysis.means:
            of = [tuple(printed(self.design.name, key).value for key in pair) for pair in analysis.means]
            return (of[0][0], of[0][1]), (of[1][0], of[1][1])
        apart = np.sqrt(2.0) * special.ndtri(self._number(analysis, "AUC"))
        return (float(apart), 1.0), (0.0, 1.0)

    def _number(self, analysis: Analysis, statistic: str) -> float:
        return printed(self.design.name, analysis.printed[statistic]).value


def patients_from(
    design: StudyDesign, population: str, pools: Mapping[str, ArmPool] | None, *, size: float = 1.0
) -> Patients:
    """The patients of a population; `pools` are used by the virtual ones only."""
    if population in OF_POOL:
        return FromPool(design=design, pools=pools or {}, population=population, size=size)
    return FromPrint(design=design, effect=population == "as printed", size=size)


def drawn_sites(times: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """The site of each study."""
    return rng.integers(SITES, size=times)
