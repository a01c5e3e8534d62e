"""From a simulated replication of a study to the number that the study printed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.stats.limits_of_agreement import bland_altman
from vbqkit.stats.reliability import icc
from vbqkit.stats.roc import auc

FloatArray = npt.NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]
"""One row a person and reading, by study: what one model gives."""

Case = Callable[[pd.DataFrame], pd.Series]
"""``case(table)``: which rows have the condition."""


def first_readings(tables: Tables, study: str, /, **where: str) -> pd.DataFrame:
    """First reading of the first reader, of the rows with these values."""
    table = tables[study]
    chosen = (table["reader"] == 0) & (table["reading"] == 0)
    for column, value in where.items():
        chosen &= table[column] == value
    return table[chosen]


def _values(tables: Tables, study: str, column: str, **where: str) -> FloatArray:
    table = first_readings(tables, study, **where)
    return table[column].dropna().to_numpy(dtype=np.float64) if column in table else np.zeros(0)


def mean_of(tables: Tables, *, study: str, score: str, where: Mapping[str, str]) -> float:
    """Mean of a score in a group."""
    values = _values(tables, study, score, **where)
    return float(values.mean()) if len(values) else math.nan


def difference_of(tables: Tables, *, study: str, score: str, a: Mapping[str, str], b: Mapping[str, str]) -> float:
    """Mean of a score in group `a` less that in group `b`."""
    return mean_of(tables, study=study, score=score, where=a) - mean_of(tables, study=study, score=score, where=b)


def ratio_of(tables: Tables, *, study: str, score: str, a: Mapping[str, str], b: Mapping[str, str]) -> float:
    """Mean of a score in group `a` over that in group `b`."""
    return mean_of(tables, study=study, score=score, where=a) / mean_of(tables, study=study, score=score, where=b)


def sd_of(tables: Tables, *, study: str, score: str, where: Mapping[str, str]) -> float:
    """SD of a score in a group."""
    values = _values(tables, study, score, **where)
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def correlation_with(tables: Tables, *, study: str, score: str, other: str, where: Mapping[str, str]) -> float:
    """Pearson's r of a score with another column."""
    table = first_readings(tables, study, **where)
    if score not in table:
        return math.nan
    pairs = table[[score, other]].dropna()
    return float(np.corrcoef(pairs.to_numpy(dtype=np.float64).T)[0, 1]) if len(pairs) > 2 else math.nan


def area_for(tables: Tables, *, study: str, score: str, case: Case, where: Mapping[str, str]) -> float:
    """AUC of a score for a condition, high scores pointing to it."""
    table = first_readings(tables, study, **where)
    if score not in table:
        return math.nan
    table = table.dropna(subset=[score])
    return _area(table[score].to_numpy(dtype=np.float64), case(table).to_numpy(dtype=bool))


def _area(values: FloatArray, case: npt.NDArray[np.bool_]) -> float:
    if case.all() or not case.any():
        return math.nan
    return float(auc(values, case, positive="high", p_value="wald")["estimate"].iloc[0])


def best_j(tables: Tables, *, study: str, score: str, case: Case, where: Mapping[str, str]) -> float:
    """Greatest sensitivity + specificity - 1 over all cut-offs, optimistic as that of any study that chose its own."""
    table = first_readings(tables, study, **where).dropna(subset=[score])
    values, is_case = table[score].to_numpy(dtype=np.float64), case(table).to_numpy(dtype=bool)
    if is_case.all() or not is_case.any():
        return math.nan
    cuts = np.unique(values)
    j = [(values[is_case] >= c).mean() - (values[~is_case] >= c).mean() for c in cuts]
    return float(max(j))


def sensitivity_at_90(tables: Tables, *, study: str, score: str, case: Case, where: Mapping[str, str]) -> float:
    """Sensitivity at the cut-off that nine of ten people without the condition stay below."""
    table = first_readings(tables, study, **where).dropna(subset=[score])
    values, is_case = table[score].to_numpy(dtype=np.float64), case(table).to_numpy(dtype=bool)
    if is_case.all() or not is_case.any():
        return math.nan
    return float((values[is_case] >= np.quantile(values[~is_case], 0.9)).mean())


def icc_of_readers(tables: Tables, *, study: str, score: str, within: bool) -> float:
    """ICC(2,1), agreement: one reader twice, or two readers once."""
    table = tables[study]
    rows = table[table["reader"] == 0] if within else table[table["reading"] == 0]
    wide = rows.pivot_table(index="person", columns="reading" if within else "reader", values=score).dropna()
    if len(wide) < 3:
        return math.nan
    six = icc(wide.to_numpy(dtype=np.float64)).set_index("shrout_fleiss")
    return float(six["estimate"]["ICC(2,1)"])


def limits_of_readers(tables: Tables, *, study: str, columns: tuple[str, ...], within: bool) -> float:
    """Half the width of the 95 % limits of agreement of percent differences, all columns as subjects of their own."""
    table = tables[study]
    rows = table[table["reader"] == 0] if within else table[table["reading"] == 0]
    long = rows.melt(id_vars=["person", "reader", "reading"], value_vars=list(columns)).dropna()
    wide = long.pivot_table(
        index=["person", "variable"], columns="reading" if within else "reader", values="value"
    ).dropna()
    if len(wide) < 3:
        return math.nan
    found = bland_altman(wide[0].to_numpy(), wide[1].to_numpy(), scale="percent", limits_interval="exact")
    limits = found.set_index("quantity")["estimate"]
    return float(limits["upper limit"] - limits["lower limit"]) / 2.0


def _visits(tables: Tables) -> pd.DataFrame:
    table = tables["ages"]
    two = table[table["machine"].isin(["visit 1", "visit 2"])]
    return two.pivot_table(index="person", columns="machine", values="VBQ-T1").dropna()


def icc_of_visits(tables: Tables) -> float:
    """ICC(2,1) of VBQ-T1 at two visits."""
    six = icc(_visits(tables).to_numpy(dtype=np.float64)).set_index("shrout_fleiss")
    return float(six["estimate"]["ICC(2,1)"])


def cv_of_visits(tables: Tables) -> float:
    """Within-person CV of VBQ-T1 at two visits, %: root mean square of the SDs over the mean."""
    wide = _visits(tables).to_numpy(dtype=np.float64)
    within = np.sqrt(np.mean((wide[:, 0] - wide[:, 1]) ** 2) / 2.0)
    return float(100.0 * within / wide.mean())


def _m_scores_of(tables: Tables, study: str) -> pd.DataFrame:
    women, young = (
        first_readings(tables, "women", machine=study, group=group).copy() for group in ("women", "young reference")
    )
    mean, sd = float(young["SNR"].mean()), float(young["SNR"].std(ddof=1))
    women["M-score"] = (women["SNR"] - mean) / sd
    return women


def of_m_score(tables: Tables, *, study: str, compute: Callable[..., float], **options: object) -> float:
    """What `compute` gives for the M-score, against the young women scanned on the same machine."""
    women = _m_scores_of(tables, study)
    return compute({"women": women}, study="women", score="M-score", where={}, **options)


def mean_m_score(tables: Tables) -> float:
    """Mean M-score of the Košice group's patients against its young women."""
    patients = _values(tables, "Košice group 2025", "SNR", group="osteoporosis")
    young = _values(tables, "Košice group 2025", "SNR", group="young reference")
    return float((patients.mean() - young.mean()) / young.std(ddof=1))


def area_of_the_ends(tables: Tables) -> float:
    """AUC of VBQ-T1 for osteoporosis against normal bone; the middle group of Cui 2025 is left out."""
    table = first_readings(tables, "Cui 2025")
    ends = table[table["group"].isin(["osteoporosis", "normal"])].dropna(subset=["VBQ-T1"])
    return _area(ends["VBQ-T1"].to_numpy(dtype=np.float64), (ends["group"] == "osteoporosis").to_numpy())


def ratio_by_class(tables: Tables, *, worse: str) -> float:
    """VBQ-T1 of a WHO class over that of people with normal bone."""
    table = first_readings(tables, "surgical")
    limits = {"osteopenia": (-2.5, -1.0), "osteoporosis": (-9.0, -2.5)}[worse]
    of_class = table[(table["t_score"] > limits[0]) & (table["t_score"] <= limits[1])]["VBQ-T1"]
    normal = table[table["t_score"] > -1.0]["VBQ-T1"]
    return float(of_class.mean() / normal.mean())


def ratio_by_qct(tables: Tables) -> float:
    """VBQ-T1 of people with QCT up to 120 mg/cm3 over that of the others."""
    table = first_readings(tables, "surgical")
    low, high = (table[condition]["VBQ-T1"].mean() for condition in (table["qct"] <= 120.0, table["qct"] > 120.0))
    return float(low / high)


def sd_within_decades(tables: Tables) -> float:
    """SD of VBQ-T1 among people of one decade of life."""
    table = first_readings(tables, "ages", machine="visit 1")
    return float(np.sqrt(table.groupby("group")["VBQ-T1"].var(ddof=1).mean()))


def in_group(name: str) -> Case:
    """Everyone in this group has the condition."""
    return lambda table: table["group"] == name


def at_most(column: str, limit: float) -> Case:
    """Everyone at or below a limit has the condition."""
    return lambda table: table[column] <= limit
