"""Virtual groups built like the groups of published studies. All synthetic.

Only what a study prints about its people goes in: age, sex, fracture, T-score class, degeneration. Marrow fat and
density follow from the joint distribution of :func:`vbqkit.anatomy.patients.draw_patients`; nothing is fitted to a
study's score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.patients import HU_AT_25, HU_PER_MG_CM3, HU_SD, VirtualPatient, draw_patients
from vbqkit.anatomy.wear import draw_narrow_canal, draw_wear
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SCORED_LEVELS

QCT_YOUNG_MG_CM3 = (HU_AT_25 / HU_PER_MG_CM3, HU_SD[0] / HU_PER_MG_CM3)
"""Mean and SD of QCT below 30 years, mg/cm3, in this population: what the QCT T-score of Cui 2025 is taken against."""

_TRIES, _TRIES_AT_AN_AGE = 200, 200  # some classes do not exist at some ages: then another age is drawn


def qct_t_score(patient: VirtualPatient) -> float:
    """T-score of QCT against the young people of the same population; Cui 2025 does not print its reference."""
    mean, sd = QCT_YOUNG_MG_CM3
    return (patient.qct_mg_cm3 - mean) / sd


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyGroup:
    """People as a study describes them.

    Attributes
    ----------
    source : str
        The study.
    group : str
        Its name for the group.
    share_women : float
        0 to 1.
    age_range : tuple of 2 floats
        Youngest and oldest, years.
    age_mean_sd : tuple of 2 floats or None
        Ages are normal within the range; None: even over it.
    fractured : bool or None
        People with or without a vertebral fracture; None: as it comes.
    accept : callable
        Whether a drawn person belongs to the group.
    findings : callable
        ``findings(patient, rng)``: what is to be seen in one person.
    """

    source: str
    group: str
    share_women: float
    age_range: tuple[float, float]
    age_mean_sd: tuple[float, float] | None = None
    fractured: bool | None = None
    accept: Callable[[VirtualPatient], bool] = field(default=lambda _: True)
    findings: Callable[[VirtualPatient, np.random.Generator], tuple[Finding, ...]] = draw_wear

    def people(self, n: int, rng: np.random.Generator) -> tuple[VirtualPatient, ...]:
        """Draw n people at random, women and men in the study's shares.

        Age comes first, and then somebody of that age who belongs to the group: the ages are the study's, whoever
        belongs to it.
        """
        women = round(n * self.share_women)
        return tuple(self._person(sex, rng) for sex, wanted in (("F", women), ("M", n - women)) for _ in range(wanted))

    def _person(self, sex: str, rng: np.random.Generator) -> VirtualPatient:
        for _ in range(_TRIES):
            age = self._age(rng)
            for _ in range(_TRIES_AT_AN_AGE):
                (person,) = draw_patients(1, rng=rng, sex=sex, age_range=(age, age), fractured=self.fractured)
                if self.accept(person):
                    own_times, own_sac = rng.spawn(2)  # ages stay as they were drawn
                    return person.with_own_times(own_times).with_own_sac(own_sac)
        raise ScannerError(
            f"Nobody in {_TRIES * _TRIES_AT_AN_AGE} drawn people belongs to the group {self.group!r} of {self.source}. Widen "
            "its ages or what it accepts."
        )

    def _age(self, rng: np.random.Generator) -> float:
        """Even over the range, or normal within it."""
        low, high = self.age_range
        while True:
            age = float(rng.uniform(low, high) if self.age_mean_sd is None else rng.normal(*self.age_mean_sd))
            if low <= age <= high:
                return age


def one_fracture(patient: VirtualPatient, rng: np.random.Generator, *, acute: bool = True) -> tuple[Finding, ...]:
    """One wedge fracture, most often at the thoracolumbar junction, in a spine worn as others of this age."""
    level = str(rng.choice(["T12", *SCORED_LEVELS], p=[0.30, 0.35, 0.15, 0.12, 0.08]))
    wear = [f for f in draw_wear(patient, rng) if f.level != level]
    return (Fracture(level, shape="wedge", grade=2, acute=acute), *wear)


def _degeneration(patient: VirtualPatient, rng: np.random.Generator) -> tuple[Finding, ...]:
    """Osteophytes at three levels and one sclerotic endplate (Chen 2023 asks for three degenerative vertebrae)."""
    levels = rng.permutation([*SCORED_LEVELS, "L5"])[:3]
    found: list[Finding] = [Osteophytes(str(level), length_mm=float(rng.uniform(3, 6))) for level in levels]
    sclerosis = EndplateSclerosis(str(levels[0]), endplate="lower", depth_mm=3.0)
    return (*found, sclerosis, *draw_narrow_canal(patient, rng))


def _osteoporotic(patient: VirtualPatient) -> bool:
    return patient.t_score <= -2.5


STUDY_GROUPS: Mapping[str, StudyGroup] = {
    # five women of 52 to 64 years with T <= -2.5, and five of 23 +- 2 years
    "Košice group 2025 osteoporosis": StudyGroup(
        source="Košice group 2025", group="osteoporosis", share_women=1.0, age_range=(52.0, 64.0), accept=_osteoporotic
    ),
    "Košice group 2025 young reference": StudyGroup(
        source="Košice group 2025", group="young reference", share_women=1.0, age_range=(20.0, 26.0), fractured=False
    ),
    # 69 women and 15 men, age median 70.5 (67.25, 74.0): an even spread over 63.8 to 77.2 has these quartiles
    "Huang 2026 fracture": StudyGroup(
        source="Huang 2026",
        group="fracture",
        share_women=69 / 84,
        age_range=(63.8, 77.2),
        fractured=True,
        findings=one_fracture,
    ),
    "Huang 2026 non-fracture": StudyGroup(
        source="Huang 2026", group="non-fracture", share_women=69 / 84, age_range=(63.8, 77.2), fractured=False
    ),
    # 18 to 80 years; women 57.1, 73.7 and 52.4 % (the text exchanges the last two), 57 +- 14, 65 +- 7, 71 +- 9 years
    "Cui 2025 normal": StudyGroup(
        source="Cui 2025",
        group="normal",
        share_women=0.571,
        age_range=(18.0, 80.0),
        age_mean_sd=(57.0, 14.0),
        accept=lambda p: qct_t_score(p) >= -1.0,
    ),
    "Cui 2025 osteopenia": StudyGroup(
        source="Cui 2025",
        group="osteopenia",
        share_women=0.524,
        age_range=(18.0, 80.0),
        age_mean_sd=(65.0, 7.0),
        accept=lambda p: -2.5 < qct_t_score(p) < -1.0,
    ),
    "Cui 2025 osteoporosis": StudyGroup(
        source="Cui 2025",
        group="osteoporosis",
        share_women=0.737,
        age_range=(18.0, 80.0),
        age_mean_sd=(71.0, 9.0),
        accept=lambda p: qct_t_score(p) <= -2.5,
    ),
    # 61.8 +- 8.1 years, 48.5 % women, over 50
    "Chen 2023 degenerative": StudyGroup(
        source="Chen 2023", group="degenerative", share_women=0.485, age_range=(50.0, 73.6), findings=_degeneration
    ),
    # 59.4 +- 7.8 years, 72.3 % women, over 50; fewer than three degenerative vertebrae
    "Chen 2023 control": StudyGroup(
        source="Chen 2023", group="control", share_women=0.723, age_range=(50.0, 68.8), findings=draw_narrow_canal
    ),
    # women, median age 65; the ages around it are not printed in the abstract
    "Bandirali women": StudyGroup(
        source="Bandirali 2015", group="women", share_women=1.0, age_range=(50.0, 80.0), fractured=False
    ),
    "Bandirali young": StudyGroup(
        source="Bandirali 2015", group="young reference", share_women=1.0, age_range=(20.0, 29.9), fractured=False
    ),
    # patients of 20 to 69 years in decades, 53 men and 54 women, no fracture
    **{
        f"ages {decade}": StudyGroup(
            source="Normative VBQ, 107 patients",
            group=f"{decade}-{decade + 9} years",
            share_women=0.5,
            age_range=(float(decade), decade + 9.9),
            fractured=False,
        )
        for decade in range(20, 70, 10)
    },
}
"""The groups of the studies."""
