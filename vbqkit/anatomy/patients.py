"""Virtual patients: who is scanned, and the bone measurements that go with them.

The joint distribution is a Gaussian copula: every measurement has its published mean and SD at a given age and sex, and
the standard scores share the correlations of :data:`CORRELATIONS`, chosen so that over a wide range of ages the pooled
correlations come out as published. Every number carries its source; what no source gives says "model assumption".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.own_times import TABLE_TIMES, OwnTimes, draw_own_times
from vbqkit.anatomy.sac_volume import SAC_VOLUME_LIMITS, draw_sac_volume
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SCORED_LEVELS

Array = npt.NDArray[np.float64]

PDFF_LEVELS = SCORED_LEVELS
"""Levels that :attr:`VirtualPatient.pdff` holds, in this order."""

DECADES = (25.0, 35.0, 45.0, 55.0, 65.0, 75.0)
"""Middle of each decade of life in the tables below, years."""

PDFF_PERCENT: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "F": ((27.2, 27.3, 34.5, 40.5, 48.8, 50.5), (6.0, 6.2, 6.8, 9.7, 7.7, 8.2)),
    "M": ((32.0, 35.3, 32.4, 42.0, 40.2, 43.9), (8.0, 6.7, 8.4, 6.1, 6.9, 7.6)),
}
"""Mean and SD by decade of the PDFF of L1-L4, %: Baum et al., Front Endocrinol 2018;9:141,
doi:10.3389/fendo.2018.00141."""

PDFF_STEP_PERCENT = (39.52 - 35.89) / 3.0
"""Rise of PDFF from one lumbar level to the next, percentage points: 35.89 % at L1 to 39.52 % at L4, Dieckmeyer et al.,
Front Endocrinol 2020;11:555931, doi:10.3389/fendo.2020.555931."""

PDFF_STEP_SD_PERCENT, PDFF_LEVEL_SD_PERCENT = 0.7, 1.2
"""SD of this step between people, and SD of a level about its own trend, percentage points: model assumptions."""
PDFF_LIMITS = (0.08, 0.85)
"""Least and greatest fat fraction that is drawn: model assumption."""

BMD_G_CM2: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "F": ((1.064, 1.065, 1.056, 0.993, 0.952, 0.902), (0.106, 0.110, 0.134, 0.141, 0.142, 0.167)),
    "M": ((1.057, 1.042, 1.051, 1.053, 1.070, 1.068), (0.110, 0.117, 0.129, 0.143, 0.142, 0.177)),
}
"""Mean and SD by decade of lumbar DEXA density, g/cm2 (Hologic): NHANES, as tabulated in Front Endocrinol
2026;17:1748490, Table 3, doi:10.3389/fendo.2026.1748490; cohort of Looker et al., Osteoporos Int 2012;23:1351,
doi:10.1007/s00198-011-1693-z."""

HU_AT_25, HU_PER_YEAR = 226.0, -2.5
"""L1 attenuation below 30 years and its yearly change, HU: Jang et al., Radiology 2019;291:360-367,
doi:10.1148/radiol.2019181648. The line is held at the mean of people over 90 years, 89 HU."""
HU_FLOOR, HU_SD = 89.0, (44.0, 38.0)
"""Mean over 90 years, and SD below 30 and over 90 years, HU; same source."""
HU_SD_AGES, HU_LEAST = (25.0, 92.0), 5.0
"""Ages for which these SDs are taken, years; the least HU that is drawn, as for QCT, mg/cm3: model assumptions."""

TBS_AGES = (24.0, 65.0)
"""Years."""
TBS_ENDS: Mapping[str, tuple[float, float]] = {"F": (1.464, 1.306), "M": (1.486, 1.374)}
"""Mean TBS at both ages of :data:`TBS_AGES`, straight in between: Bazzocchi et al., Br J Radiol 2015;88:20140865,
doi:10.1259/bjr.20140865 (bands from 18 to 70 years)."""
TBS_SD = 0.085
"""SD of TBS at a given age: model assumption."""

BMI_MEAN, BMI_SD = 24.0, 3.2
"""kg/m2: Chen 2023 (J Orthop Surg Res 18:257), degenerative group 24.0 +- 3.2, controls 23.9 +- 3.1."""
BMI_LIMITS = (16.0, 45.0)
"""Least and greatest that is drawn, kg/m2: model assumption."""

HU_PER_MG_CM3, QCT_SD = 1.33, 6.0
"""HU for each mg/cm3 of hydroxyapatite, and scatter of QCT (L1 and L2) about the attenuation of L1, mg/cm3. The slope
is what hydroxyapatite attenuates at the energy of the virtual CT (:mod:`vbqkit.scanner.attenuation`), read against rods
of which the one without mineral is water at 0 HU, so that the line has no intercept: 80 mg/cm3 is 106 HU. The scatter:
model assumption."""

FRACTURE_PREVALENCE: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "F": ((20.0, 45.0, 52.0, 77.0), (0.005, 0.02, 0.05, 0.24)),
    "M": ((20.0, 45.0, 52.0, 77.0), (0.01, 0.05, 0.10, 0.18)),
}
"""Share with a vertebral deformity by age: 52 and 77 years from O'Neill et al., J Bone Miner Res 1996;11:1010-1018,
doi:10.1002/jbmr.5650110719; younger: model assumption."""
FRACTURE_ODDS_PER_SD = 2.3
"""Rise of vertebral fracture risk per SD of lower spine density: Marshall et al., BMJ 1996;312:1254-1259."""

FAT_IN_FRACTURES: Mapping[str, float] = {"F": 0.0, "M": 0.045}
"""How much more fat the marrow of people with a vertebral fracture holds than that of others of the same density, as a
fraction: 57.3 against 52.8 % in men (P = 0.02), and not to be told from nothing in women, of whom no number is printed
(257 people of 79 years, 21 men and 32 women with a fracture, Schwartz et al., J Clin Endocrinol Metab
2013;98:2294-2300, doi:10.1210/jc.2012-3949). In 400 volunteers there was no such difference (30 men and 30 women with
mostly silent fractures). The mean of all people of a density stays as it is."""

MEASURES = ("pdff", "bmd", "hu", "tbs", "bmi")
"""Order of :data:`CORRELATIONS`."""

CORRELATIONS = np.array(
    [
        [1.00, -0.57, -0.44, -0.28, 0.05],
        [-0.57, 1.00, 0.46, 0.59, 0.20],
        [-0.44, 0.46, 1.00, 0.30, 0.00],
        [-0.28, 0.59, 0.30, 1.00, -0.15],
        [0.05, 0.20, 0.00, -0.15, 1.00],
    ]
)
"""Correlations at a given age and sex. With the age trends above they pool to the published ones:
PDFF with DEXA density -0.638 in women over 30 years (BMC Musculoskelet Disord 2023;24:721,
doi:10.1186/s12891-023-06846-4); PDFF with QCT -0.558 after the menopause (Luo et al., J Pract Radiol 2025;41:1012);
HU with DEXA density 0.563 in women (Radiography 2015, 114 women); TBS with DEXA density 0.56 to 0.66 (Bazzocchi
2015). BMI and TBS with the rest: model assumptions with the sign of Looker et al., Osteoporos Int 2016 (BMI rises
with density, falls with TBS)."""

SCORE_LIMIT = 3.0
"""No standard score is drawn further from the mean than this: model assumption."""

WHO_CLASSES = ("normal", "osteopenia", "osteoporosis")


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPatient:
    """One virtual person. Synthetic; nobody's record.

    Parameters
    ----------
    age : float
        Years, 18 to 95.
    sex : str
        ``"F"`` or ``"M"``.
    bmi : float
        Body mass index, kg/m2, 15 to 50.
    pdff : tuple of 4 floats
        Proton density fat fraction of the marrow of L1 to L4, 0 to 1.
    t_score : float
        DEXA T-score of L1 to L4.
    bmd_g_cm2 : float
        DEXA areal density of L1 to L4, g/cm2.
    tbs : float
        Trabecular bone score.
    qct_mg_cm3 : float
        QCT trabecular density, mg/cm3.
    hu : float
        CT attenuation of L1, Hounsfield units.
    fractured : bool
        Whether the person has an osteoporotic vertebral fracture.
    name : str
        Such as ``"CASE03"``.
    own_times : OwnTimes
        Relaxation times relative to the tissue table.
    sac_volume : float
        Volume of the lumbosacral dural sac relative to that of most people; see :mod:`vbqkit.anatomy.sac_volume`.

    Raises
    ------
    ScannerError
        If a value is outside what the scanner can draw.
    """

    age: float
    sex: str
    bmi: float
    pdff: tuple[float, float, float, float]
    t_score: float
    bmd_g_cm2: float = float("nan")
    tbs: float = float("nan")
    qct_mg_cm3: float = float("nan")
    hu: float = float("nan")
    fractured: bool = False
    name: str = ""
    own_times: OwnTimes = TABLE_TIMES
    sac_volume: float = 1.0

    def __post_init__(self) -> None:
        limits = (
            ("age", self.age, 18, 95),
            ("BMI", self.bmi, 15, 50),
            ("T-score", self.t_score, -6, 6),
            ("sac volume", self.sac_volume, *SAC_VOLUME_LIMITS),
        )
        for label, value, low, high in limits:
            if not low <= value <= high:
                raise ScannerError(f"A virtual patient with {label} {value} is not offered; give {low:g} to {high:g}.")
        if self.sex not in ("F", "M"):
            raise ScannerError(f"Sex {self.sex!r} is unknown; give 'F' or 'M', as in DICOM.")
        if len(self.pdff) != 4 or not all(0.05 <= f <= 0.9 for f in self.pdff):
            raise ScannerError(
                f"Marrow fat fractions {self.pdff} are not offered; give four numbers, L1 to L4, from 0.05 to 0.9."
            )

    @property
    def who_class(self) -> str:
        """WHO class of the T-score (osteoporosis: at most -2.5): ``"normal"``, ``"osteopenia"``, ``"osteoporosis"``."""
        return who_class(self.t_score)

    def pdff_of(self, level: str) -> float:
        """Fat fraction of a vertebra; above L1 and below L4 the trend of L1 to L4 goes on, flatter.

        Examples
        --------
        >>> patient = VirtualPatient(age=45, sex="F", bmi=24, pdff=(0.33, 0.34, 0.36, 0.37), t_score=-0.5)
        >>> patient.pdff_of("L2")
        0.34
        """
        if level in PDFF_LEVELS:
            return self.pdff[PDFF_LEVELS.index(level)]
        step = (self.pdff[3] - self.pdff[0]) / 3.0
        outside = self.pdff[0] - step if level.startswith("T") else self.pdff[3] + 0.5 * step
        return min(0.9, max(0.05, outside))

    def with_name(self, name: str) -> VirtualPatient:
        """The same person under another name."""
        return replace(self, name=name)

    def with_own_times(self, rng: np.random.Generator) -> VirtualPatient:
        """The same person with relaxation times drawn as people's differ; see :mod:`vbqkit.anatomy.own_times`."""
        return replace(self, own_times=draw_own_times(rng, sex=self.sex, pdff=float(np.mean(self.pdff))))

    def with_own_sac(self, rng: np.random.Generator) -> VirtualPatient:
        """The same person with a dural sac as large as people's differ; see :mod:`vbqkit.anatomy.sac_volume`."""
        return replace(self, sac_volume=draw_sac_volume(rng, bmi=self.bmi))

    def as_row(self) -> dict[str, Any]:
        """One flat table row: every attribute, PDFF as ``pdff_L1`` to ``pdff_L4``, and ``who_class``.

        Relaxation times relative to the tissue table are ``csf_t1_factor`` and so on.
        """
        row = asdict(self)
        row |= {f"{name}_factor": value for name, value in row.pop("own_times").items()}
        row |= {f"pdff_{level}": value for level, value in zip(PDFF_LEVELS, row.pop("pdff"), strict=True)}
        return row | {"who_class": self.who_class}


def who_class(t_score: float) -> str:
    """WHO class of a T-score: normal from -1 up, osteoporosis at -2.5 and below.

    Examples
    --------
    >>> [who_class(t) for t in (-1.0, -1.1, -2.5)]
    ['normal', 'osteopenia', 'osteoporosis']
    """
    return WHO_CLASSES[0 if t_score >= -1.0 else 1 if t_score > -2.5 else 2]


def _by_decade(means: Sequence[float], age: Array) -> Array:
    """A line through the decades whose average over each decade is the tabulated mean."""
    n = len(means)
    weights = 0.75 * np.eye(n) + 0.125 * (np.eye(n, k=1) + np.eye(n, k=-1))
    weights[0, 0] = weights[-1, -1] = 0.875
    nodes = np.linalg.solve(weights, np.asarray(means))
    line: Array = np.interp(age, DECADES, nodes)
    return line


def draw_patients(
    n: int,
    *,
    rng: np.random.Generator,
    sex: str | None = None,
    age_range: tuple[float, float] = (20.0, 80.0),
    fractured: bool | None = None,
    own_times: bool = False,
    own_sac: bool = False,
) -> tuple[VirtualPatient, ...]:
    """Draw virtual patients from the joint distribution of age, sex, marrow fat, density and fracture.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The only source of chance.
    sex : str or None
        ``"F"``, ``"M"``, or None for both in equal shares.
    age_range : tuple of 2 floats
        Ages are spread evenly over it, years.
    fractured : bool or None
        Only people with, or without, a vertebral fracture; None: as it comes.
    own_times : bool
        Whether relaxation times differ between people, as :meth:`VirtualPatient.with_own_times` draws them; False: all
        have those of the tissue table, and the same people are drawn.
    own_sac : bool
        Whether dural sacs differ in volume, as :meth:`VirtualPatient.with_own_sac` draws them; False: all have the same
        but for 6 % in depth, and the same people are drawn.

    Returns
    -------
    tuple of VirtualPatient
        Named ``"P0001"`` and on. T-scores are against young women or men of the same table
        (20s: 1.064 +- 0.106 and 1.057 +- 0.110 g/cm2).

    Raises
    ------
    ScannerError
        If n, the sex or the range of ages cannot be.

    Examples
    --------
    >>> people = draw_patients(200, rng=np.random.default_rng(1), sex="F", age_range=(60, 70))
    >>> round(float(np.mean([p.pdff[1] for p in people])), 1)
    0.5
    """
    low, high = age_range
    if n < 1:
        raise ScannerError(f"{n} patients cannot be drawn; give 1 or more.")
    if sex not in (None, "F", "M"):
        raise ScannerError(f"Sex {sex!r} is unknown; give 'F', 'M' or None for both.")
    if not 18.0 <= low <= high <= 95.0:
        raise ScannerError(f"Ages from {low} to {high} years are not offered; give a range within 18 to 95.")
    people: list[VirtualPatient] = []
    while len(people) < n:
        batch = _draw_batch(n, rng, sex, (low, high))
        people += [p for p in batch if fractured is None or p.fractured == fractured]
    named = (p.with_name(f"P{i:04d}") for i, p in enumerate(people[:n], start=1))
    drawn = tuple(p.with_own_times(rng) for p in named) if own_times else tuple(named)
    return tuple(p.with_own_sac(rng) for p in drawn) if own_sac else drawn


def _draw_batch(
    n: int, rng: np.random.Generator, sex: str | None, age_range: tuple[float, float]
) -> list[VirtualPatient]:
    age = rng.uniform(*age_range, size=n)
    woman = rng.random(n) < 0.5 if sex is None else np.full(n, sex == "F")
    scores = rng.standard_normal((n, len(MEASURES))) @ np.linalg.cholesky(CORRELATIONS).T
    scores = np.clip(scores, -SCORE_LIMIT, SCORE_LIMIT)
    z = dict(zip(MEASURES, scores.T, strict=True))

    def of_sex(table: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]], score: Array) -> Array:
        drawn = {s: _by_decade(m, age) + np.interp(age, DECADES, sd) * score for s, (m, sd) in table.items()}
        chosen: Array = np.where(woman, drawn["F"], drawn["M"])
        return chosen

    pdff = of_sex(PDFF_PERCENT, z["pdff"])
    step = PDFF_STEP_PERCENT + PDFF_STEP_SD_PERCENT * rng.standard_normal(n)
    uneven = PDFF_LEVEL_SD_PERCENT * rng.standard_normal((n, 4))
    levels = pdff[:, None] + step[:, None] * np.array([-1.5, -0.5, 0.5, 1.5]) + uneven - uneven.mean(axis=1)[:, None]
    levels = np.clip(levels / 100.0, *PDFF_LIMITS)
    bmd = of_sex(BMD_G_CM2, z["bmd"])
    reference = {s: (m[0], sd[0]) for s, (m, sd) in BMD_G_CM2.items()}
    young, spread = (np.where(woman, reference["F"][k], reference["M"][k]) for k in (0, 1))
    t_score = (bmd - young) / spread
    hu = np.maximum(HU_AT_25 + HU_PER_YEAR * np.maximum(age - 25.0, 0.0), HU_FLOOR)
    hu = np.maximum(hu + np.interp(age, HU_SD_AGES, HU_SD) * z["hu"], HU_LEAST)
    qct = np.maximum(hu / HU_PER_MG_CM3 + QCT_SD * rng.standard_normal(n), HU_LEAST)
    tbs_mean = {s: np.interp(age, TBS_AGES, ends) for s, ends in TBS_ENDS.items()}
    slope = {s: (ends[1] - ends[0]) / (TBS_AGES[1] - TBS_AGES[0]) for s, ends in TBS_ENDS.items()}
    older = np.maximum(age - TBS_AGES[1], 0.0)
    tbs = np.where(woman, tbs_mean["F"] + slope["F"] * older, tbs_mean["M"] + slope["M"] * older) + TBS_SD * z["tbs"]
    bmi = np.clip(BMI_MEAN + BMI_SD * z["bmi"], *BMI_LIMITS)
    chance = _fracture_probability(age, woman, z["bmd"])
    fractured = rng.random(n) < chance
    more = np.where(woman, FAT_IN_FRACTURES["F"], FAT_IN_FRACTURES["M"]) * (fractured - chance)
    levels = np.clip(levels + more[:, None], *PDFF_LIMITS)
    return [
        VirtualPatient(
            age=round(float(age[i]), 1),
            sex="F" if woman[i] else "M",
            bmi=round(float(bmi[i]), 1),
            pdff=tuple(round(float(f), 4) for f in levels[i]),  # type: ignore[arg-type]  # four levels
            t_score=round(float(np.clip(t_score[i], -6.0, 6.0)), 2),
            bmd_g_cm2=round(float(bmd[i]), 3),
            tbs=round(float(tbs[i]), 3),
            qct_mg_cm3=round(float(qct[i]), 1),
            hu=round(float(hu[i]), 1),
            fractured=bool(fractured[i]),
        )
        for i in range(n)
    ]


def _fracture_probability(age: Array, woman: npt.NDArray[np.bool_], bmd_score: Array) -> Array:
    """Logistic in density at a given age, centered so that the mean over people is near the prevalence."""
    prevalence = {s: np.interp(age, *table) for s, table in FRACTURE_PREVALENCE.items()}
    share = np.where(woman, prevalence["F"], prevalence["M"])
    effect = np.log(FRACTURE_ODDS_PER_SD)
    # A logistic curve averaged over a normal score is flatter by sqrt(1 + pi effect^2 / 8): undo that.
    widen = np.sqrt(1.0 + np.pi * effect**2 / 8.0)
    probability: Array = 1.0 / (1.0 + np.exp(-(widen * np.log(share / (1.0 - share)) - effect * bmd_score)))
    return probability
