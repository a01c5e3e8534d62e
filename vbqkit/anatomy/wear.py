"""What people of an age have on their spines: worn discs (:mod:`vbqkit.anatomy.degeneration`), and a narrow canal.

Acquired stenosis of the lumbar canal is drawn by its prevalence. A reader who finds the dural sac narrow at L3 measures
CSF elsewhere, and roots fill more of what is left; both move a score whose denominator is CSF.
"""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.degeneration import draw_degeneration
from vbqkit.anatomy.findings.canal_stenosis import SAC_DEPTH_MM, CanalStenosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.patients import VirtualPatient

STENOSIS_AGES, STENOSIS_PREVALENCE = (36.0, 52.6, 65.0), (0.040, 0.073, 0.194)
"""Share of people with an acquired canal of 10 mm or less, by age in years: below 40, all 191 people of 52.6 years on
average, and 60 to 69 years (Kalichman et al., Spine J 2009;9:545-550, doi:10.1016/j.spinee.2009.03.005). Straight in
between and constant beyond; that 36 years stand for "below 40" is a model assumption."""

STENOSIS_LEVELS = ("L3", "L4", "L5")
"""Where it lies, each as likely as another: model assumption."""


def draw_narrow_canal(patient: VirtualPatient, rng: np.random.Generator) -> tuple[CanalStenosis, ...]:
    """Draw whether a person has an acquired stenosis, where, and how narrow it is.

    Parameters
    ----------
    patient : VirtualPatient
        Age decides.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    tuple of CanalStenosis
        One or none. Depths of the sac are even over those that the finding offers: model assumption.

    Examples
    --------
    >>> patient = VirtualPatient(age=65, sex="M", bmi=25, pdff=(0.45, 0.46, 0.47, 0.48), t_score=0.1)
    >>> rng = np.random.default_rng(1)
    >>> round(sum(bool(draw_narrow_canal(patient, rng)) for _ in range(2000)) / 2000, 2)
    0.19
    """
    drawn, level = float(rng.random()), str(rng.choice(STENOSIS_LEVELS))
    depth = round(float(rng.uniform(*SAC_DEPTH_MM)), 1)
    if drawn >= np.interp(patient.age, STENOSIS_AGES, STENOSIS_PREVALENCE):
        return ()
    return (CanalStenosis(level, sac_depth_mm=depth),)


def draw_wear(patient: VirtualPatient, rng: np.random.Generator) -> tuple[Finding, ...]:
    """Spurs, dense endplates and a narrow canal, as often as people of this age and sex have them.

    Parameters
    ----------
    patient : VirtualPatient
        Age and sex decide.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    tuple of Finding
        Empty for a spine without wear.
    """
    return (*draw_degeneration(patient, rng), *draw_narrow_canal(patient, rng))
