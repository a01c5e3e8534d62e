"""Relaxation times of one person relative to the tissue table: people differ, a table does not.

Only spreads that somebody measured between people are here, each with its source. T1 of marrow water is not: the one
published spread is that of whole marrow (549 +- 52 and 586 +- 73 ms in six people, de Bazelaire et al., Radiology
2004;230:652-659, doi:10.1148/radiol.2303021331), and about 8 % of it is what the spread of their fat does alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from vbqkit.errors import ScannerError

CSF_T1_SD, CSF_T2_SD = 146.9 / 4308.7, 67.9 / 1885.5
"""SD between people of T1 and T2 of CSF, relative: 4308.7 +- 146.9 and 1885.5 +- 67.9 ms around the brain at 3 T
(Magn Reson Med 2023, PMC10696635, abstract)."""

FAT_T1_SD, FAT_T2_SD = 13.0 / 382.0, 4.0 / 68.0
"""SD between people of T1 and T2 of fat, relative: subcutaneous fat at 3 T, 382 +- 13 and 68 +- 4 ms in six people (de
Bazelaire 2004, abstract). That fat of marrow varies as much is a model assumption."""

WATER_T2_MS, WATER_T2_PEOPLE = (11.2, 21.1, 42.5), 260
"""Least, median and greatest T2 of marrow water in L4 or L5, ms, and number of people: Ruschke et al., NMR Biomed
2021;34:e4439, doi:10.1002/nbm.4439."""

WATER_T2_PDFF_PERCENT = (4.0, 36.8, 82.0)
"""Least, median and greatest PDFF of the same people, %."""

WATER_T2_WITH_PDFF = {"F": -0.580, "M": -0.546}
"""Correlation of both, of women and of men; same source."""

NORMAL_RANGE_SD = 2.821
"""SDs from the mean to the ends of the range of 260 normal values, ``Phi^-1((n - 0.375) / (n + 0.25))``: Wan et al.,
BMC Med Res Methodol 2014;14:135, doi:10.1186/1471-2288-14-135. Nothing is drawn further out."""

LN_WATER_T2_SD = math.log(WATER_T2_MS[2] / WATER_T2_MS[0]) / (2.0 * NORMAL_RANGE_SD)
"""SD of the logarithm of T2 of marrow water between people, from its range: 0.24."""

PDFF_SD_PERCENT = (WATER_T2_PDFF_PERCENT[2] - WATER_T2_PDFF_PERCENT[0]) / (2.0 * NORMAL_RANGE_SD)
"""SD of PDFF among the same people, from its range, percentage points: 13.8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTimes:
    """Factors on the times of the tissue table, at every field. The default is the table itself.

    Attributes
    ----------
    csf_t1, csf_t2 : float
        Of CSF.
    marrow_t1, marrow_t2 : float
        Of the water of healthy marrow; T1 is nobody's own, as nobody has published its spread.
    fat_t1, fat_t2 : float
        Of fat, wherever it is.

    Raises
    ------
    ScannerError
        If a factor is not above 0.
    """

    csf_t1: float = 1.0
    csf_t2: float = 1.0
    marrow_t2: float = 1.0
    fat_t1: float = 1.0
    fat_t2: float = 1.0
    marrow_t1: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value > 0):
                raise ScannerError(
                    f"A factor {field.name} of {value} on a time is not possible; give a number above 0."
                )

    def t1_factor(self, tissue: str) -> float:
        """Of the water of a tissue."""
        return {"csf": self.csf_t1, "marrow": self.marrow_t1}.get(tissue, 1.0)

    def t2_factor(self, tissue: str) -> float:
        """Of the water of a tissue."""
        return {"csf": self.csf_t2, "marrow": self.marrow_t2}.get(tissue, 1.0)


TABLE_TIMES = OwnTimes()
"""The tissue table itself."""


def draw_own_times(rng: np.random.Generator, *, sex: str, pdff: float) -> OwnTimes:
    """Draw the times of one person.

    T2 of marrow water falls with the fat between: ``ln T2 = ln T2_table + b (PDFF - 36.8 %) + e``, with b and the SD of
    e from the range of T2, the range of PDFF and their correlation (:data:`WATER_T2_WITH_PDFF`). The table stands at
    the median PDFF of that study, which is a model assumption, as is that the correlation holds for the logarithm.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    sex : str
        ``"F"`` or ``"M"``.
    pdff : float
        Mean fat fraction of L1 to L4, 0 to 1.

    Examples
    --------
    >>> many = [draw_own_times(np.random.default_rng(k), sex="F", pdff=0.368) for k in range(400)]
    >>> [round(float(np.std([getattr(t, name) for t in many])), 2) for name in ("csf_t1", "csf_t2", "marrow_t2")]
    [0.03, 0.04, 0.21]
    """
    z = np.clip(rng.standard_normal(5), -NORMAL_RANGE_SD, NORMAL_RANGE_SD)
    r = WATER_T2_WITH_PDFF[sex]
    with_fat = r * (100.0 * pdff - WATER_T2_PDFF_PERCENT[1]) / PDFF_SD_PERCENT
    ln_t2 = LN_WATER_T2_SD * (with_fat + math.sqrt(1.0 - r**2) * float(z[2]))
    csf_t1, csf_t2, fat_t1, fat_t2 = (
        round(1.0 + sd * float(z[k]), 4) for sd, k in ((CSF_T1_SD, 0), (CSF_T2_SD, 1), (FAT_T1_SD, 3), (FAT_T2_SD, 4))
    )
    return OwnTimes(csf_t1=csf_t1, csf_t2=csf_t2, marrow_t2=round(math.exp(ln_t2), 4), fat_t1=fat_t1, fat_t2=fat_t2)
