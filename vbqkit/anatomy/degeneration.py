"""Wear of the spine with age: which spurs and dense endplates a person of an age and sex has, drawn by prevalence.

Radiographs grade lumbar spondylosis by Kellgren and Lawrence (KL) at the worst disc: from grade 2 there are definite
spurs, from grade 3 the disc is narrow and its endplates are dense too. The prevalence of both grades by age and sex
comes from population studies; how many discs, which ones and how long the spurs are is a model assumption where no
source is named. Wear of the discs themselves is drawn in :mod:`vbqkit.anatomy.spine`, and of facet joints in
:mod:`vbqkit.anatomy.arch_sizes`. There is no painter of aortic calcium, which adds next to nothing to DEXA (Orwoll et
al., J Clin Endocrinol Metab 1990;70:1202-1207), so nobody has any. Drawn people have these findings only where they are
asked for: a lesson that isolates one cause leaves them out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.roi.labels import SCORED_LEVELS

SPONDYLOSIS_AGES = (25.0, 62.0, 71.0, 85.0)
"""Years at which the prevalences below stand, straight in between. Both cohorts print a range of ages and no mean in
their abstract: 62 and 71 years are model assumptions for people of 44 to 85, and of 60 and more."""

SPONDYLOSIS_PREVALENCE: Mapping[int, tuple[float, float, float, float]] = {
    2: (0.04, 0.529, 0.758, 0.85),
    3: (0.01, 0.236, 0.504, 0.60),
}
"""Share of people with a KL grade of at least 2, and of at least 3, at any lumbar disc, both sexes together. 62 years:
Muraki et al., Mod Rheumatol 2014;24:657-661, doi:10.3109/14397595.2013.843761 (1204 people of 44 to 85 years: 52.9 and
23.6 %). 71 years: Muraki et al., Ann Rheum Dis 2009;68:1401-1406, doi:10.1136/ard.2007.087296 (2288 people of 60 years
and more: 75.8 and 50.4 %). 25 and 85 years: model assumptions. A third population lies between: 53.9 % with definite
spurs among 1512 people of 40 to 79 years (Lee et al., J Korean Neurosurg Soc 2017;60:67-74,
doi:10.3340/jkns.2016.0505.007)."""

MEN_TO_WOMEN_ODDS: Mapping[int, float] = {2: 1.84, 3: 1.0}
"""Odds of men over those of women. Grade 2: spurs in 84 % of 499 men and 74 % of 681 women over 50 (O'Neill et al., J
Rheumatol 1999;26:842-848). Grade 3: similar in both sexes (Muraki 2014)."""

DISCS = (*SCORED_LEVELS, "L5")
"""Vertebrae above the discs that are graded, L1/L2 to L5/S1."""

OTHER_DISC_CHANCE = 0.6
"""Chance of each further disc to be worn in a person who has one: model assumption. Together with the length of spurs
such that DEXA of a worn spine is about 15 % higher: 1.34 against 1.17 g/cm2 with and without spurs in old men (Orwoll
et al., J Clin Endocrinol Metab 1990;70:1202-1207)."""

SPUR_MM, DENSE_MM = (2.0, 10.0), (2.0, 4.0)
"""Length of the spurs beyond the rim, and depth of dense bone under an endplate, drawn evenly, mm: model assumptions.
Spurs of about 10 mm raise DEXA of a vertebra by 4 to 7 %, those of 10 to 20 mm by 13 to 23 % (142 women, Rand et al.,
Acta Radiol 1997;38:210-213, doi:10.1080/02841859709172051)."""


def spondylosis_probability(age: float, sex: str, *, grade: int) -> float:
    """Share of people of an age and sex with a KL grade of at least `grade` at the worst lumbar disc.

    The two sexes have the tabulated share as their mean, at the tabulated odds.

    Parameters
    ----------
    age : float
        Years.
    sex : str
        ``"F"`` or ``"M"``.
    grade : int
        2 (spurs) or 3 (spurs, narrow disc and dense endplates).

    Examples
    --------
    >>> [round(spondylosis_probability(71.0, sex, grade=2), 2) for sex in ("F", "M")]
    [0.7, 0.81]
    """
    both = float(np.interp(age, SPONDYLOSIS_AGES, SPONDYLOSIS_PREVALENCE[grade]))
    ratio = MEN_TO_WOMEN_ODDS[grade]
    # women w and men m with m/(1-m) = ratio w/(1-w) and (w + m)/2 = both: a quadratic in w
    a, b, c = ratio - 1.0, 1.0 + ratio + 2.0 * both * (1.0 - ratio), -2.0 * both
    women = -c / b if abs(a) < 1e-12 else (-b + math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
    return women if sex == "F" else 2.0 * both - women


def draw_degeneration(patient: VirtualPatient, rng: np.random.Generator) -> tuple[Finding, ...]:
    """Spurs and dense endplates of one person, by age and sex.

    A person has, at the worst disc, KL grade 0 or 1, 2 or at least 3. From grade 2 that disc and some of the others
    have osteophytes; from grade 3 the worst disc has dense bone under the endplate above it. One disc of the five is as
    likely as another.

    Parameters
    ----------
    patient : VirtualPatient
        Age and sex decide.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    tuple of Finding
        Empty for a spine without wear. For :func:`~vbqkit.anatomy.assembly.make_phantom`.

    Examples
    --------
    >>> patient = VirtualPatient(age=82, sex="M", bmi=25, pdff=(0.45, 0.46, 0.47, 0.48), t_score=0.1)
    >>> [finding.kind for finding in draw_degeneration(patient, np.random.default_rng(3))][:1]
    ['osteophytes']
    """
    grade_drawn = float(rng.random())
    order = [str(level) for level in rng.permutation(DISCS)]
    more = rng.random(len(DISCS) - 1) < OTHER_DISC_CHANCE
    lengths, depth = rng.uniform(*SPUR_MM, size=len(DISCS)), float(rng.uniform(*DENSE_MM))
    if grade_drawn >= spondylosis_probability(patient.age, patient.sex, grade=2):
        return ()
    worn = [order[0], *(level for level, worn in zip(order[1:], more, strict=True) if worn)]
    found: list[Finding] = [
        Osteophytes(level, length_mm=round(float(length), 1)) for level, length in zip(worn, lengths, strict=False)
    ]
    if grade_drawn < spondylosis_probability(patient.age, patient.sex, grade=3):
        found.append(EndplateSclerosis(order[0], endplate="lower", depth_mm=round(depth, 1)))
    return tuple(found)
