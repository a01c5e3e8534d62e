"""How large the dural sac of one person is relative to that of most: people differ more in this than in anything drawn.

From the disc T11/T12 down the sac holds 49.9 +- 12.1 mL of CSF and roots in 25 volunteers, 28.0 to 81.1 mL, and less
in the obese (42.9 +- 9.5 against 53.5 +- 12.9 mL): Hogan et al., Anesthesiology 1996;84:1341-1349, abstract. CSF alone
is 35.8 +- 10.9 mL in 71 patients, and falls with BMI (r = -0.276): Sullivan et al., Anesth Analg 2006;103:1306-1310,
abstract. The second is the first less its roots, if these are as large in a
small sac as in a large one: 73 % of 49.9 mL are 36.4 mL, and 12.1 mL of them are 33 % (30 % measured).
"""

from __future__ import annotations

import math

import numpy as np

SAC_ML, SAC_SD_ML = 49.9, 12.1
"""Mean and SD between people of CSF and roots below the disc T11/T12, mL: Hogan 1996."""

SAC_WITH_BMI = -0.276
"""Correlation of CSF volume with BMI: Sullivan 2006."""

BMI_MEAN, BMI_SD = 24.0, 3.2
"""Of the virtual people, kg/m2 (:mod:`vbqkit.anatomy.patients`); that the correlation holds for them is a model
assumption."""

DEPTH_SD = 0.06
"""SD between people of the depth of the sac, as a share, that every body has without this
(:mod:`vbqkit.anatomy.canal`): a part of the whole spread."""

SAC_VOLUME_SD = math.sqrt((SAC_SD_ML / SAC_ML) ** 2 - DEPTH_SD**2)
"""SD of the factor on the volume: 0.235."""

SAC_VOLUME_LIMITS = (0.55, 1.65)
"""Least and greatest factor: 28.0 and 81.1 mL over the mean are 0.56 and 1.63."""


def draw_sac_volume(rng: np.random.Generator, *, bmi: float) -> float:
    """Draw the volume of one person's dural sac relative to that of most people.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    bmi : float
        Body mass index, kg/m2: the heavier, the smaller the sac.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> many = [draw_sac_volume(rng, bmi=24.0) for _ in range(2000)]
    >>> round(float(np.mean(many)), 1), round(float(np.std(many)), 2)
    (1.0, 0.22)
    """
    with_bmi = SAC_WITH_BMI * (bmi - BMI_MEAN) / BMI_SD
    own = math.sqrt(1.0 - SAC_WITH_BMI**2) * float(rng.standard_normal())
    return round(float(np.clip(1.0 + SAC_VOLUME_SD * (with_bmi + own), *SAC_VOLUME_LIMITS)), 4)
