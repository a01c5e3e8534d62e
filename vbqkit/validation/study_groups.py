"""Virtual groups built like the papers' groups, and what is measured on them. All synthetic.

Only what a paper prints about its people goes in: age, sex, fracture, T-score class, degeneration. Marrow fat and
density follow from the joint distribution of :func:`vbqkit.anatomy.patients.draw_patients`; nothing is fitted to a
paper's score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.patients import VirtualPatient, draw_patients
from vbqkit.anatomy.phantom import Phantom
from vbqkit.image import Volume
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.forward_model import scan
from vbqkit.scanner.machine import Scanner
from vbqkit.scores import Aggregate, LevelRule, Score, score_case

WIDTH_MM = 8.8
"""Width of the bodies: the mid-sagittal slice with its profile, and nothing beside it."""

_STRATUM = 20
"""People drawn for each one taken; see :meth:`StudyGroup.people`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyGroup:
    """People as a paper describes them.

    Attributes
    ----------
    source : str
        Paper.
    group : str
        Its name for the group.
    n : int
        People in the paper's group.
    share_women : float
        0 to 1.
    age_range : tuple of 2 floats
        Ages are even over it; it has the mean that the paper prints, and its spread as far as its lower limit allows.
    fractured : bool or None
        People with or without a vertebral fracture; None: as it comes.
    accept : callable
        Whether a drawn person belongs to the group.
    findings : callable
        ``findings(rng)``: what is to be seen in one person.
    """

    source: str
    group: str
    n: int
    share_women: float
    age_range: tuple[float, float]
    fractured: bool | None = None
    accept: Callable[[VirtualPatient], bool] = field(default=lambda _: True)
    findings: Callable[[np.random.Generator], tuple[Finding, ...]] = field(default=lambda _: ())

    def people(self, n: int, rng: np.random.Generator) -> tuple[VirtualPatient, ...]:
        """Draw n people, women and men in the paper's shares, stratified by their marrow fat.

        Of each sex 20 times as many are drawn as are wanted, sorted by their mean PDFF, and one is taken by chance from
        each 20 neighbours. Mean and spread are those of simple random drawing, but the mean of a small group comes out
        nearly as exactly as that of a large one (stratified sampling).
        """
        women = round(n * self.share_women)
        found: list[VirtualPatient] = []
        for sex, wanted in (("F", women), ("M", n - women)):
            pool: list[VirtualPatient] = []
            while len(pool) < _STRATUM * wanted:
                drawn = draw_patients(
                    _STRATUM * wanted, rng=rng, sex=sex, age_range=self.age_range, fractured=self.fractured
                )
                pool += [p for p in drawn if self.accept(p)]
            pool = sorted(pool[: _STRATUM * wanted], key=lambda p: sum(p.pdff))
            found += [pool[start + int(rng.integers(_STRATUM))] for start in range(0, len(pool), _STRATUM)]
        return tuple(found)


def _fracture(rng: np.random.Generator) -> tuple[Finding, ...]:
    """One acute wedge fracture, most often at the thoracolumbar junction."""
    level = str(rng.choice(["T12", *SCORED_LEVELS], p=[0.30, 0.35, 0.15, 0.12, 0.08]))
    return (Fracture(level, shape="wedge", grade=2, acute=True),)


def _degeneration(rng: np.random.Generator) -> tuple[Finding, ...]:
    """Osteophytes at three levels and one sclerotic endplate (paper 004 asks for three degenerative vertebrae)."""
    levels = rng.permutation([*SCORED_LEVELS, "L5"])[:3]
    found: list[Finding] = [Osteophytes(str(level), length_mm=float(rng.uniform(3, 6))) for level in levels]
    return (*found, EndplateSclerosis(str(levels[0]), endplate="lower", depth_mm=3.0))


def _osteoporotic(patient: VirtualPatient) -> bool:
    return patient.t_score <= -2.5


STUDY_GROUPS: Mapping[str, StudyGroup] = {
    # 69 women and 15 men, age median 70.5 (67.25, 74.0): an even spread over 63.8 to 77.2 has these quartiles
    "001 fracture": StudyGroup(
        source="001",
        group="fracture",
        n=84,
        share_women=69 / 84,
        age_range=(63.8, 77.2),
        fractured=True,
        findings=_fracture,
    ),
    "001 non-fracture": StudyGroup(
        source="001", group="non-fracture", n=84, share_women=69 / 84, age_range=(63.8, 77.2), fractured=False
    ),
    # 61.8 +- 8.1 years, 48.5 % women, over 50
    "004 degenerative": StudyGroup(
        source="004", group="degenerative", n=101, share_women=0.485, age_range=(50.0, 73.6), findings=_degeneration
    ),
    # 59.4 +- 7.8 years, 72.3 % women, over 50
    "004 control": StudyGroup(source="004", group="control", n=134, share_women=0.723, age_range=(50.0, 68.8)),
    # five women of 52 to 64 years with T <= -2.5, and five of 23 +- 2 years
    "000 osteoporosis": StudyGroup(
        source="000", group="osteoporosis", n=5, share_women=1.0, age_range=(52.0, 64.0), accept=_osteoporotic
    ),
    "000 young reference": StudyGroup(
        source="000", group="young reference", n=5, share_women=1.0, age_range=(20.0, 26.0), fractured=False
    ),
}
"""The papers' groups."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One person's body, ready for any scanner."""

    patient: VirtualPatient
    phantom: Phantom
    excluded: Mapping[str, str]


def bodies(study_group: StudyGroup, n: int, rng: np.random.Generator) -> Iterator[Scanned]:
    """Bodies of n people of a study group, one at a time: the mid-sagittal slice only."""
    for patient in study_group.people(n, rng):
        findings = study_group.findings(rng)
        phantom = make_phantom(patient, seed=int(rng.integers(2**31)), findings=findings, width_mm=WIDTH_MM)
        broken = {f.level: "fracture" for f in findings if isinstance(f, Fracture) and f.level in SCORED_LEVELS}
        yield Scanned(patient, phantom, broken)


def measured(
    body: Scanned, scanner: Scanner, *, aggregate: Aggregate, rule: LevelRule, rng: np.random.Generator
) -> dict[str, float]:
    """Every score that can be given for a body on a scanner, by name; refused scores are absent."""
    rois = body.phantom.reference_rois
    study = scan(body.phantom, scanner, rng=rng, around=rois)
    volumes: dict[str, Volume] = {series.acquisition.weighting: series.volume() for series in study}
    case = score_case(
        volumes, rois, aggregate=aggregate, rule=rule if body.excluded else "all four", excluded=body.excluded
    )
    return {result.name: result.value for result in case.results if isinstance(result, Score)}
