"""What studies found, and how the same finding is computed from a simulated replication of the study.

Published numbers come from :mod:`vbqkit.literature`; the few that its tables do not hold carry their citation here.
Effects are judged by their size, not by their level: see :data:`NOTHING`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import pandas as pd
import scipy

from vbqkit.literature.printed import paper_numbers
from vbqkit.literature.tables import kosice_patients, published_correlations, published_groups, published_thresholds
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.stats.from_summary import hanley_mcneil
from vbqkit.validation.replication_values import (
    Tables,
    area_for,
    area_of_the_ends,
    at_most,
    best_j,
    correlation_with,
    cv_of_visits,
    difference_of,
    icc_of_readers,
    icc_of_visits,
    in_group,
    limits_of_readers,
    mean_m_score,
    mean_of,
    of_m_score,
    ratio_by_class,
    ratio_by_qct,
    ratio_of,
    sd_of,
    sd_within_decades,
    sensitivity_at_90,
)

Compute = Callable[[Tables], float]
Groups = tuple[str, str]

NOTHING: Mapping[str, float] = {
    "level": 0.0, "difference": 0.0, "ratio": 1.0, "SD": 0.0, "correlation": 0.0, "AUC": 0.5, "Youden's J": 0.0,
    "sensitivity at 90 % specificity": 0.1, "ICC": 1.0, "limits of agreement": 0.0, "CV": 0.0,
}  # fmt: skip
"""Kinds of results and the value of each at which there is nothing to explain: no effect, or perfect agreement. The
size of an effect is its distance from there."""

NO_LEVEL = ("level",)
"""Kinds that are no effects: they are shown, and judged by themselves."""

Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class PublishedEffect:
    """One published result and how it is computed from a replication.

    Attributes
    ----------
    key : str
        Its name in the tables of predictions and of the comparison.
    source, what, kind : str
        Study, result in words, and kind, as in :data:`NOTHING`.
    published, low, high : float
        As printed, with its 95 % interval; nan where none can be had.
    of_disease : bool
        Whether it is an effect of bone disease on the score, which the null model must not have.
    compute : callable
        From the tables of :func:`~vbqkit.validation.replications.simulated_studies` of one model.
    """

    key: str
    source: str
    what: str
    kind: str
    published: float
    low: float
    high: float
    of_disease: bool
    compute: Compute

    @property
    def size(self) -> float:
        """Distance of the published value from nothing."""
        return self.published - NOTHING[self.kind]

    @property
    def found(self) -> bool:
        """Whether the publication tells its effect from nothing: its 95 % interval leaves that out, or is not known."""
        nothing = NOTHING[self.kind]
        return not (self.low <= nothing <= self.high)


@lru_cache(maxsize=1)
def published_effects() -> tuple[PublishedEffect, ...]:
    """Every published result that is compared, study by study."""
    return (
        *_paper_000(),
        *_paper_001(),
        *_paper_003(),
        *_paper_004(),
        *_surgical(),
        *_m_scores(),
        *_fields(),
        *_ages_and_visits(),
    )


# Intervals of what was published


def _ci_difference(a: tuple[float, float, int], b: tuple[float, float, int]) -> tuple[float, float, float]:
    """Difference of two means, each with SD and n, and its 95 % interval."""
    (ma, sa, na), (mb, sb, nb) = a, b
    half = Z95 * math.sqrt(sa**2 / na + sb**2 / nb)
    return ma - mb, ma - mb - half, ma - mb + half


def _ci_ratio(a: tuple[float, float, int], b: tuple[float, float, int]) -> tuple[float, float, float]:
    (ma, sa, na), (mb, sb, nb) = a, b
    half = Z95 * math.sqrt(sa**2 / na / ma**2 + sb**2 / nb / mb**2)
    return ma / mb, ma / mb * math.exp(-half), ma / mb * math.exp(half)


def _ci_mean(mean: float, sd: float, n: int) -> tuple[float, float, float]:
    half = Z95 * sd / math.sqrt(n)
    return mean, mean - half, mean + half


def _ci_sd(sd: float, n: int) -> tuple[float, float, float]:
    low, high = (sd * math.sqrt((n - 1) / float(scipy.stats.chi2.ppf(p, n - 1))) for p in (0.975, 0.025))
    return sd, low, high


def _ci_r(r: float, n: int) -> tuple[float, float, float]:
    half = Z95 / math.sqrt(n - 3)
    return r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _ci_auc(area: float, cases: int, controls: int) -> tuple[float, float, float]:
    row = hanley_mcneil(area, cases, controls).iloc[0]
    return area, float(row["ci_low"]), float(row["ci_high"])


def _alone(value: float) -> tuple[float, float, float]:
    """A value of which no interval can be had."""
    return value, math.nan, math.nan


def _ci_limits(half: float, n: int) -> tuple[float, float, float]:
    """Half the width of limits of agreement: as exact as the SD of the differences of n pairs."""
    return _ci_sd(half, n)


def _effect(
    source: str, what: str, kind: str, value: tuple[float, float, float], compute: Compute, *, of_disease: bool = False
) -> PublishedEffect:
    published, low, high = value
    return PublishedEffect(
        key=f"{source}: {what}, {kind}", source=source, what=what, kind=kind, published=published, low=low, high=high,
        of_disease=of_disease, compute=compute,
    )  # fmt: skip


def _two_groups(
    source: str, study: str, score: str, names: Groups, a: tuple[float, float, int], b: tuple[float, float, int],
    *, label: str = "", where: Mapping[str, str] | None = None, of_disease: bool = True, sds: bool = True,
) -> Iterator[PublishedEffect]:  # fmt: skip
    """Levels, difference, ratio and SDs of two groups; `a` and `b` are mean, SD and n."""
    of = [{"group": name} | dict(where or {}) for name in names]
    label = label or score
    for name, group, (mean, sd, n) in zip(names, of, (a, b), strict=True):
        own_mean = partial(mean_of, study=study, score=score, where=group)
        yield _effect(source, f"{label}, {name}", "level", _ci_mean(mean, sd, n), own_mean)
        if sds:
            own_sd = partial(sd_of, study=study, score=score, where=group)
            yield _effect(source, f"{label}, {name}", "SD", _ci_sd(sd, n), own_sd)
    pair = f"{label}, {names[0]} against {names[1]}"
    for kind, interval, compute in (
        ("difference", _ci_difference(a, b), difference_of),
        ("ratio", _ci_ratio(a, b), ratio_of),
    ):
        value = partial(compute, study=study, score=score, a=of[0], b=of[1])
        yield _effect(source, pair, kind, interval, value, of_disease=of_disease)


def _printed_group(source: str, quantity: str, group: str) -> tuple[float, float, int]:
    table = published_groups()
    row = table[(table["source"] == source) & (table["quantity"] == quantity) & (table["group"] == group)].iloc[0]
    return float(row["mean"]), float(row["sd"]), int(row["n"])


def _printed_r(source: str, y: str, group: str = "") -> tuple[float, int]:
    table = published_correlations()
    row = table[(table["source"] == source) & (table["y"] == y) & (table["group"] == group)].iloc[0]
    return float(row["r"]), int(row["n"])


def _printed_auc(source: str, score: str, target: str) -> pd.Series:
    table = published_thresholds()
    rows = table[(table["source"] == source) & (table["score"] == score) & (table["target"] == target)]
    return rows[rows["auc"].notna()].iloc[0]


# The studies


def _paper_000() -> Iterator[PublishedEffect]:
    a, b = (
        published_groups().query("source == 'Košice group 2025' and group == @g")["mean"].iloc[0]
        for g in ("osteoporosis", "young reference")
    )
    patients, young = {"group": "osteoporosis"}, {"group": "young reference"}
    yield _effect(
        "Košice group 2025", "SNR, osteoporosis against young women", "ratio", _alone(float(a / b)),
        partial(ratio_of, study="Košice group 2025", score="SNR", a=patients, b=young), of_disease=True,
    )  # fmt: skip
    scores = kosice_patients()["m_score"]
    mean, sd = float(scores.mean()), float(scores.std(ddof=1))
    yield _effect(
        "Košice group 2025",
        "M-score of women with osteoporosis",
        "difference",
        _ci_mean(mean, sd, 5),
        mean_m_score,
        of_disease=True,
    )


def _paper_001() -> Iterator[PublishedEffect]:
    names = ("fracture", "non-fracture")
    printed = ("fracture", "no fracture")
    for score in ("VBQ-T1", "VBQ-T2", "VBQ-STIR", "VBQ-T2-STIR"):
        a, b = (_printed_group("Huang 2026", score, group) for group in printed)
        yield from _two_groups("Huang 2026", "Huang 2026", score, names, a, b)
    for sex, word in (("F", "women"), ("M", "men")):
        a, b = (_printed_group("Huang 2026", "VBQ-T1", f"{group}, {word}") for group in printed)
        yield from _two_groups(
            "Huang 2026", "Huang 2026", "VBQ-T1", names, a, b, label=f"VBQ-T1 of {word}", where={"sex": sex}, sds=False
        )
    for score in ("VBQ-T1", "VBQ-T2", "VBQ-T2-STIR"):
        row = _printed_auc("Huang 2026", score, "vertebral fracture")
        compute = partial(area_for, study="Huang 2026", score=score, case=in_group("fracture"), where={})
        interval = (float(row["auc"]), float(row["auc_low"]), float(row["auc_high"]))
        yield _effect("Huang 2026", f"{score} for fracture", "AUC", interval, compute, of_disease=True)
    numbers = paper_numbers("Huang 2026")
    for weighting in ("T1", "T2", "STIR"):
        for region, labels in (("bone", SCORED_LEVELS), ("csf", (CSF,))):
            columns = tuple(f"{weighting} {label}" for label in labels)
            for figure, within, word in (("fig3", False, "two readers"), ("fig4", True, "one reader twice")):
                low, high = (
                    numbers[f"{figure}.{weighting.lower()}.{region}.{end}"].range.value for end in ("low", "high")
                )
                value = _ci_limits((high - low) / 2.0, 20 * len(labels))
                what = f"{'L1-L4' if region == 'bone' else 'CSF'} on {weighting}, {word} (%)"
                yield _effect(
                    "Huang 2026",
                    what,
                    "limits of agreement",
                    value,
                    partial(limits_of_readers, study="Huang 2026", columns=columns, within=within),
                )


def _paper_003() -> Iterator[PublishedEffect]:
    names = ("osteoporosis", "normal")
    a, b = (_printed_group("Cui 2025", "VBQ-T1", group) for group in names)
    yield from _two_groups("Cui 2025", "Cui 2025", "VBQ-T1", names, a, b)
    for y, column in (("QCT BMD", "qct"), ("QCT T-score", "qct_t")):
        value = _ci_r(*_printed_r("Cui 2025", y))
        compute = partial(correlation_with, study="Cui 2025", score="VBQ-T1", other=column, where={})
        yield _effect("Cui 2025", f"VBQ-T1 with {y}", "correlation", value, compute, of_disease=True)
    area = float(_printed_auc("Cui 2025", "VBQ-T1", "osteoporosis")["auc"])
    yield _effect(
        "Cui 2025",
        "VBQ-T1 for osteoporosis against normal",
        "AUC",
        _ci_auc(area, 19, 21),
        area_of_the_ends,
        of_disease=True,
    )
    # reproducibility within and between three readers; the interval within is printed with its ends exchanged
    for what, within, value in (
        ("VBQ-T1, one reader twice", True, (0.94, 0.90, 0.96)),
        ("VBQ-T1, between readers", False, (0.74, 0.59, 0.84)),
    ):
        yield _effect(
            "Cui 2025", what, "ICC", value, partial(icc_of_readers, study="Cui 2025", score="VBQ-T1", within=within)
        )


def _paper_004() -> Iterator[PublishedEffect]:
    names = ("degenerative", "control")
    a, b = (_printed_group("Chen 2023", "VBQ-T1", group) for group in names)
    yield from _two_groups("Chen 2023", "Chen 2023", "VBQ-T1", names, a, b)
    for group in names:
        for y, column in (("L1-4 BMD", "bmd"), ("L1-4 T-score", "t_score"), ("L1 HU", "hu")):
            value = _ci_r(*_printed_r("Chen 2023", y, group))
            compute = partial(correlation_with, study="Chen 2023", score="VBQ-T1", other=column, where={"group": group})
            yield _effect("Chen 2023", f"VBQ-T1 with {y}, {group}", "correlation", value, compute, of_disease=True)
    for target, limit in (("osteopenia or osteoporosis", -1.0), ("osteoporosis", -2.5)):
        row = _printed_auc("Chen 2023", "VBQ-T1", target)
        compute = partial(
            area_for, study="Chen 2023", score="VBQ-T1", case=at_most("t_score", limit), where={"group": "control"}
        )
        interval = (float(row["auc"]), float(row["auc_low"]), float(row["auc_high"]))
        yield _effect("Chen 2023", f"VBQ-T1 for {target}, control", "AUC", interval, compute, of_disease=True)
    numbers = paper_numbers("Chen 2023")
    for what, within, key in (
        ("VBQ-T1, one reader twice", True, "results.icc.intra"),
        ("VBQ-T1, between readers", False, "results.icc.inter"),
    ):
        compute = partial(icc_of_readers, study="Chen 2023", score="VBQ-T1", within=within)
        yield _effect("Chen 2023", what, "ICC", _alone(numbers[key].range.value), compute)
    # four residents, 100 scans: Mierke et al., Eur Spine J 2022 (issue 4), "Intra- and inter-observer reliability of
    # the novel vertebral bone quality score"
    yield _effect(
        "Mierke 2022", "VBQ-T1, between readers", "ICC", _alone(0.91),
        partial(icc_of_readers, study="Chen 2023", score="VBQ-T1", within=False),
    )  # fmt: skip


def _surgical() -> Iterator[PublishedEffect]:
    """Other patients before surgery, on machines that are not named: those of Chen 2023 on another machine."""
    source = "Preoperative VBQ, 100 patients"
    r, n = _printed_r(source, "lowest T-score")
    with_t = partial(correlation_with, study="surgical", score="VBQ-T1", other="t_score", where={})
    yield _effect(source, "VBQ-T1 with T-score", "correlation", _ci_r(r, n), with_t, of_disease=True)
    for target, limit in (("osteopenia or osteoporosis", -1.0), ("osteoporosis", -2.5)):
        area = float(_printed_auc(source, "VBQ-T1", target)["auc"])
        compute = partial(area_for, study="surgical", score="VBQ-T1", case=at_most("t_score", limit), where={})
        yield _effect(source, f"VBQ-T1 for {target}", "AUC", _alone(area), compute, of_disease=True)
    table = published_groups()
    means = table[(table["source"] == source)].set_index("group")["mean"]
    for worse, better in (("osteopenia", "normal BMD"), ("osteoporosis", "normal BMD")):
        compute = partial(ratio_by_class, worse=worse)
        value = _alone(float(means[worse] / means[better]))
        yield _effect(source, f"VBQ-T1, {worse} against normal", "ratio", value, compute, of_disease=True)
    haffer = table[table["source"] == "Haffer 2022"].set_index("group")["mean"]
    yield _effect(
        "Haffer 2022", "VBQ-T1, QCT up to 120 mg/cm3 against above", "ratio",
        _alone(float(haffer["osteopenia or osteoporosis"] / haffer["normal"])), ratio_by_qct, of_disease=True,
    )  # fmt: skip
    r, n = _printed_r("Bhumibol 2024", "spine T-score")
    yield _effect("Bhumibol 2024", "VBQ-T1 with spine T-score", "correlation", _ci_r(r, n), with_t, of_disease=True)
    for source, target, limit in (
        ("Bhumibol 2024", "osteoporosis", -2.5),
        ("Yang 2024", "osteopenia or osteoporosis", -1.0),
    ):
        row = _printed_auc(source, "VBQ-T1", target)
        compute = partial(area_for, study="surgical", score="VBQ-T1", case=at_most("t_score", limit), where={})
        interval = (float(row["auc"]), float(row["auc_low"]), float(row["auc_high"]))
        yield _effect(source, f"VBQ-T1 for {target}", "AUC", interval, compute, of_disease=True)
    pooled = _printed_auc("Yang 2024", "VBQ-T1", "osteopenia or osteoporosis")
    j = float(pooled["sensitivity"] + pooled["specificity"] - 1.0)
    best = partial(best_j, study="surgical", score="VBQ-T1", case=at_most("t_score", -1.0), where={})
    yield _effect("Yang 2024", "VBQ-T1 for osteopenia or osteoporosis", "Youden's J", _alone(j), best, of_disease=True)


def _m_scores() -> Iterator[PublishedEffect]:
    osteoporosis = at_most("t_score", -2.5)
    source, row = "Bandirali 2015", _printed_auc("Bandirali 2015", "M-score", "osteoporosis")
    area = partial(of_m_score, study="Bandirali", compute=area_for, case=osteoporosis)
    yield _effect(source, "M-score for osteoporosis", "AUC", _alone(float(row["auc"])), area, of_disease=True)
    at_90 = partial(of_m_score, study="Bandirali", compute=sensitivity_at_90, case=osteoporosis)
    kind = "sensitivity at 90 % specificity"
    yield _effect(source, "M-score for osteoporosis", kind, _alone(float(row["sensitivity"])), at_90, of_disease=True)
    r, n = _printed_r(source, "T-score")
    with_t = partial(of_m_score, study="Bandirali", compute=correlation_with, other="t_score")
    yield _effect(source, "M-score with T-score", "correlation", _ci_r(r, n), with_t, of_disease=True)
    table = published_thresholds()
    row = table[(table["source"] == "Shayganfar 2019") & (table["score"] == "M-score")].iloc[0]
    j = float(row["sensitivity"] + row["specificity"] - 1.0)
    best = partial(of_m_score, study="Shayganfar", compute=best_j, case=osteoporosis)
    yield _effect("Shayganfar 2019", "M-score for osteoporosis", "Youden's J", _alone(j), best, of_disease=True)


_PARAMETERS = "Vertebral bone quality in MRI parameters 2023"


def _fields() -> Iterator[PublishedEffect]:
    table = published_groups()
    rows = table[table["source"] == _PARAMETERS].set_index("field_t")
    means, sds = rows["mean"], rows["sd"]
    for field, tesla in (("1.5 T", 1.5), ("3 T", 3.0)):
        compute = partial(sd_of, study="ages", score="VBQ-T1", where={"machine": field})
        yield _effect(_PARAMETERS, f"VBQ-T1 at {field}, all ages", "SD", _alone(float(sds[tesla])), compute)
    value = _alone(float(means[1.5] / means[3.0]))
    ratio = partial(ratio_of, study="ages", score="VBQ-T1", a={"machine": "1.5 T"}, b={"machine": "3 T"})
    yield _effect(_PARAMETERS, "VBQ-T1 at 1.5 T against 3 T", "ratio", value, ratio)
    # the same study: 2.632 at 35.36 kHz and 2.447 at 43.31 kHz, 1.5 T (abstract)
    ratio = partial(ratio_of, study="ages", score="VBQ-T1", a={"machine": "narrow"}, b={"machine": "wide"})
    yield _effect(_PARAMETERS, "VBQ-T1 at 35.4 against 43.3 kHz, 1.5 T", "ratio", _alone(2.632 / 2.447), ratio)


def _ages_and_visits() -> Iterator[PublishedEffect]:
    source = "Normative VBQ, 107 patients"
    table = published_groups()
    rows = table[table["source"] == source].set_index("group")
    old, young = ("60-69 years", "20-29 years")
    of_old, of_young = ({"group": decade, "machine": "visit 1"} for decade in (old, young))
    n = 21  # of 107 in five decades; the abstract does not say how many in each
    a, b = ((float(rows["mean"][g]), float(rows["sd"][g]), n) for g in (old, young))
    for kind, value, compute in (
        ("difference", _ci_difference(a, b), difference_of),
        ("ratio", _ci_ratio(a, b), ratio_of),
    ):
        yield _effect(
            source,
            "VBQ-T1, 60s against 20s",
            kind,
            value,
            partial(compute, study="ages", score="VBQ-T1", a=of_old, b=of_young),
        )
    sd = float(np.sqrt(np.mean(rows["sd"].to_numpy(dtype=np.float64) ** 2)))
    yield _effect(source, "VBQ-T1 within a decade of life", "SD", _ci_sd(sd, 102), sd_within_decades)
    # the same abstract: r with age 0.361 in 53 men and 0.395 in 54 women; ICC of two scans within three months 0.749
    for sex, word, r, count in (("M", "men", 0.361, 53), ("F", "women", 0.395, 54)):
        compute = partial(
            correlation_with, study="ages", score="VBQ-T1", other="age", where={"sex": sex, "machine": "visit 1"}
        )
        yield _effect(source, f"VBQ-T1 with age, {word}", "correlation", _ci_r(r, count), compute)
    yield _effect(source, "VBQ-T1, two scans within three months", "ICC", _alone(0.749), icc_of_visits)
    between = float(rows["mean"].mean())
    total = math.sqrt(sd**2 + float(rows["mean"].std(ddof=1)) ** 2)
    cv = 100.0 * total * math.sqrt(1.0 - 0.749) / between  # what this ICC and these SDs amount to
    yield _effect(source, "VBQ-T1, two scans within three months (%)", "CV", _alone(cv), cv_of_visits)
