"""Simulated against published: every group mean that the tissue table and the protocols must give by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.literature import paper_000_patients, paper_000_reference
from vbqkit.literature.printed import paper_numbers
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scores import Aggregate, LevelRule
from vbqkit.validation.study_groups import STUDY_GROUPS, Scanned, bodies, measured

TOLERANCE_SD = 0.5
"""A simulated mean agrees within this many published SDs."""

TOLERANCE_RATIO = 0.15
"""Paper 000's ratio of SNR, for which no SD is printed, agrees within this share."""

PAPER_SCANNERS: Mapping[str, str] = {"000": "hitachi-1.2t", "001": "ge-hdx-1.5t", "004": "philips-achieva-3t"}
"""The preset that stands for each paper's machine."""

_RULES: Mapping[str, tuple[Aggregate, LevelRule]] = {
    "000": ("mean", "all four"),
    "001": ("mean", "replace"),
    "004": ("median", "leave out"),
}
_SCORES_001 = (("VBQ-T1", "t1"), ("VBQ-T2", "t2"), ("VBQ-STIR", "stir"), ("VBQ-T2-STIR", "t2stir"))
_SUBSETS: tuple[tuple[str, str, Callable[[VirtualPatient], bool]], ...] = (
    ("", "all", lambda _: True),
    (" women", "female", lambda p: p.sex == "F"),
    (" men", "male", lambda p: p.sex == "M"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One published group mean and the simulated one.

    Attributes
    ----------
    source, score, group : str
        Paper, score (``" women"`` or ``" men"`` after it for a part of the group) and group, as in the papers.
    simulated : float
        Mean over the virtual people; nan if no score could be given.
    simulated_sd : float
        SD over the virtual people.
    simulated_n : int
        Virtual people with this score.
    refused : int
        Virtual people for whom the score was refused.
    published, published_sd : float
        As printed; no SD for a ratio.
    allowed : float
        How far the simulated mean may lie from the published one.
    within : bool
        Whether it does.
    scanner : str
        Preset.
    """

    source: str
    score: str
    group: str
    simulated: float
    simulated_sd: float
    simulated_n: int
    refused: int
    published: float
    published_sd: float
    allowed: float
    within: bool
    scanner: str

    def as_row(self) -> dict[str, Any]:
        """One flat table row."""
        return asdict(self)


Progress = Callable[[int, int], None]
"""``progress(done, total)``: virtual people scanned, and to be scanned."""

SMALLEST_GROUP = 60
"""Fewest virtual people in a group of the papers' sizes: five people, as in paper 000, have no mean to speak of."""


def compare_with_papers(
    *, n: int | None = None, rng: np.random.Generator, progress: Progress | None = None
) -> tuple[Comparison, ...]:
    """Scan every paper's groups with its protocol, measure them with its rules, and compare the means.

    One tissue table, one population, nothing fitted: a row that misses says so.

    Parameters
    ----------
    n : int or None
        Virtual people in each group, at least 4; None: as many as the paper had, and at least 60.
    rng : numpy.random.Generator
        Source of people, bodies and noise.
    progress : callable or None
        Called after each person with the number of people done and of all.

    Returns
    -------
    tuple of Comparison
        Papers 001, 004 and 000, in this order.
    """
    sizes = {key: max(study_group.n, SMALLEST_GROUP) if n is None else n for key, study_group in STUDY_GROUPS.items()}
    done, total = 0, sum(sizes.values())

    def scored(key: str) -> Scores:
        nonlocal done
        study_group = STUDY_GROUPS[key]
        aggregate, rule = _RULES[study_group.source]
        scanner = scanner_named(PAPER_SCANNERS[study_group.source])
        found = []
        for body in bodies(study_group, sizes[key], rng):
            found.append((body.patient, measured(body, scanner, aggregate=aggregate, rule=rule, rng=rng)))
            done += 1
            if progress is not None:
                progress(done, total)
        return found

    return (*_paper_001(scored), *_paper_004(scored), _paper_000(scored))


Scores = list[tuple[VirtualPatient, dict[str, float]]]


def _row(
    key: str, score: str, suffix: str, found: list[dict[str, float]], published: float, published_sd: float
) -> Comparison:
    study_group = STUDY_GROUPS[key]
    values = np.array([f[score] for f in found if score in f])
    mean = float(values.mean()) if len(values) else float("nan")
    allowed = TOLERANCE_SD * published_sd
    return Comparison(
        source=study_group.source,
        score=score + suffix,
        group=study_group.group,
        simulated=mean,
        simulated_sd=float(values.std(ddof=1)) if len(values) > 1 else float("nan"),
        simulated_n=len(values),
        refused=len(found) - len(values),
        published=published,
        published_sd=published_sd,
        allowed=allowed,
        within=bool(abs(mean - published) <= allowed),
        scanner=PAPER_SCANNERS[study_group.source],
    )


def _paper_001(scored_of: Callable[[str], Scores]) -> Iterator[Comparison]:
    printed = paper_numbers("001")
    for key, short in (("001 fracture", "frac"), ("001 non-fracture", "non")):
        scored = scored_of(key)
        for score, name in _SCORES_001:
            for suffix, subset, belongs in _SUBSETS if score == "VBQ-T1" else _SUBSETS[:1]:
                mean, sd = (printed[f"table1.{subset}.{name}.{short}.{s}"].range.value for s in ("mean", "sd"))
                yield _row(key, score, suffix, [f for p, f in scored if belongs(p)], mean, sd)


def _paper_004(scored_of: Callable[[str], Scores]) -> Iterator[Comparison]:
    printed = paper_numbers("004")
    for key, short in (("004 degenerative", "deg"), ("004 control", "con")):
        mean, sd = (printed[f"table2.vbq.{short}.{s}"].range.value for s in ("mean", "sd"))
        yield _row(key, "VBQ-T1", "", [f for _, f in scored_of(key)], mean, sd)


def _paper_000(scored_of: Callable[[str], Scores]) -> Comparison:
    levels = paper_000_reference()[list(SCORED_LEVELS)].to_numpy(dtype=np.float64)
    published = float(paper_000_patients()["snr"].mean()) / float(levels.mean())
    patients, young = (
        np.array([f["SNR"] for _, f in scored_of(key)]) for key in ("000 osteoporosis", "000 young reference")
    )
    ratio = float(patients.mean() / young.mean())
    return Comparison(
        source="000",
        score="SNR ratio",
        group="osteoporosis / young reference",
        simulated=ratio,
        simulated_sd=float(patients.std(ddof=1) / young.mean()),
        simulated_n=len(patients),
        refused=0,
        published=published,
        published_sd=float("nan"),
        allowed=TOLERANCE_RATIO * published,
        within=bool(abs(ratio - published) <= TOLERANCE_RATIO * published),
        scanner=PAPER_SCANNERS["000"],
    )


_CORNERS: Mapping[str, tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]] = {
    "VBQ-T1": ({"T1": {"tr_ms": 650, "te_ms": 14}}, {"T1": {"tr_ms": 450, "te_ms": 8}}),
    "VBQ-T2": ({"T2": {"tr_ms": 4500, "te_ms": 120}}, {"T2": {"tr_ms": 2500, "te_ms": 85}}),
    "VBQ-STIR": (
        {"STIR": {"tr_ms": 4500, "te_ms": 85, "ti_ms": 170}},
        {"STIR": {"tr_ms": 2000, "te_ms": 40, "ti_ms": 140}},
    ),
    "VBQ-T2-STIR": (
        {"T2": {"tr_ms": 4500, "te_ms": 100}, "STIR": {"tr_ms": 2000, "te_ms": 75}},
        {"T2": {"tr_ms": 3000, "te_ms": 100}, "STIR": {"tr_ms": 2500, "te_ms": 75}},
    ),
}
"""The ends of the ordinary range of times at 1.5 T: paper 001 prints none."""


def ranges_of_assumed_protocols(*, n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """How far paper 001's scores depend on the times that it does not print.

    Parameters
    ----------
    n : int
        Virtual people without fracture.
    rng : numpy.random.Generator
        Source of people, bodies and noise.

    Returns
    -------
    list of dict
        score, assumed (the times of the preset), value, times_low, low, times_high, high: mean score at the preset's
        times and at the two ends of the ordinary range; a value is None where the score was refused for everyone.
    """
    scanner = scanner_named(PAPER_SCANNERS["001"])
    people = list(bodies(STUDY_GROUPS["001 non-fracture"], n, rng))
    rows = []
    for score, (low, high) in _CORNERS.items():
        row: dict[str, Any] = {"score": score, "assumed": _times(scanner, low)}
        row["value"] = _mean(score, people, scanner, rng)
        for name, changes in (("low", low), ("high", high)):
            other = _with_times(scanner, changes)
            row[f"times_{name}"], row[name] = _times(other, changes), _mean(score, people, other, rng)
        rows.append(row)
    return rows


def _with_times(scanner: Scanner, changes: Mapping[str, Mapping[str, float]]) -> Scanner:
    protocols = tuple(
        replace(p, timing=replace(p.timing, **changes[p.weighting])) if p.weighting in changes else p
        for p in scanner.protocols
    )
    return replace(scanner, protocols=protocols)


def _times(scanner: Scanner, of: Mapping[str, Any]) -> str:
    parts = []
    for weighting in of:
        t = scanner.protocol(weighting).timing
        inversion = "" if t.ti_ms is None else f"/{t.ti_ms:g}"
        parts.append(f"{weighting} {t.tr_ms:g}/{t.te_ms:g}{inversion} ms")
    return ", ".join(parts)


def _mean(score: str, people: list[Scanned], scanner: Scanner, rng: np.random.Generator) -> float | None:
    found = [measured(body, scanner, aggregate="mean", rule="replace", rng=rng) for body in people]
    values = [f[score] for f in found if score in f]
    return float(np.mean(values)) if values else None
