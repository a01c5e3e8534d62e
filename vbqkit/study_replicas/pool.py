"""The people that replicas are drawn from: virtual patients of each study, measured once at several sites.

A body takes a third of a second to build, so that 1,000 studies of 235 people cannot each have their own. Each arm of a
study gets a finite pool of people instead, and a replica draws its people from it, with replacement. Everybody is
measured at every site of their study: a site is a machine with the times of its protocol (drawn where the study prints
none) and a reader with habits of their own. One replica takes place at one site.

Two versions of every measurement: of the body as built, and with the marrow of somebody else of the same age and sex
(:mod:`vbqkit.validation.null_model`), so that disease has no effect on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.reader_model import Reader, draw_reader
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import draw_day
from vbqkit.validation.null_model import marrow_of_another
from vbqkit.validation.ordinary_protocols import with_ordinary_times
from vbqkit.validation.replications import (
    MODELS,
    Setting,
    StudyBody,
    any_machine,
    drawn_body,
    person_row,
    placed_rois,
    scores_of,
)
from vbqkit.validation.roi_signals import measured_rois, slab_at
from vbqkit.validation.study_groups import STUDY_GROUPS

SITES = 6
"""Machines with protocol and reader on which everybody of a study is measured."""

FILE, SEED = "pool.csv", 97
ABOUT = ("arm", "person", "age", "sex", "t_score", "bmd", "qct", "qct_t")

FloatArray = npt.NDArray[np.float64]
Task = tuple[str, int, int]
"""Arm, number of the person, seed."""
Spread = Callable[[Callable[[Task], dict[str, Any]], Iterable[Task]], Iterable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySite:
    """How a study scans and scores wherever it takes place.

    Attributes
    ----------
    machine : callable
        ``machine(rng)``: the scanner of one site.
    setting : Setting
        Series, aggregate, and what becomes of fractured levels.
    scores : tuple of str
        What is kept.
    """

    machine: Callable[[np.random.Generator], Scanner]
    setting: Setting
    scores: tuple[str, ...]


STUDY_SITES = {
    # TR 700 ms, TE 12 ms are printed
    "Košice group 2025": StudySite(
        machine=lambda _: scanner_named("hitachi-1.2t"), setting=Setting(aggregate="mean"), scores=("SNR",)
    ),
    # the machine is named, its times are not; over ordinary times VBQ-T2-STIR has no mean (validation/README.md)
    "Huang 2026": StudySite(
        machine=lambda rng: with_ordinary_times(scanner_named("ge-hdx-1.5t"), rng),
        setting=Setting(weightings=("T1", "T2"), aggregate="mean", rule="replace"),
        scores=("VBQ-T1", "VBQ-T2"),
    ),
    # neither machine nor times are printed
    "Cui 2025": StudySite(machine=any_machine, setting=Setting(), scores=("VBQ-T1",)),
    # TR 600 ms, TE 20 ms are printed
    "Chen 2023": StudySite(
        machine=lambda _: scanner_named("philips-achieva-3t"), setting=Setting(), scores=("VBQ-T1",)
    ),
}
"""Study to site."""


def arms_of(study: str) -> tuple[str, ...]:
    """Names in :data:`vbqkit.validation.study_groups.STUDY_GROUPS` of the arms of a study."""
    return tuple(key for key, group in STUDY_GROUPS.items() if group.source == study)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ArmPool:
    """The people of one arm.

    Attributes
    ----------
    about : mapping of str to array
        Age (years), whether a woman, t_score, bmd (g/cm2), qct (mg/cm3), qct_t; one value a person.
    scores : mapping of str to mapping of str to array
        By model and score, one row a person and one column a site.
    """

    about: dict[str, FloatArray]
    scores: dict[str, dict[str, FloatArray]]

    @property
    def n(self) -> int:
        """How many people."""
        return len(self.about["age"])

    def take(self, people: npt.NDArray[np.intp]) -> ArmPool:
        """A pool of these of its people."""
        return ArmPool(
            about={k: v[people] for k, v in self.about.items()},
            scores={m: {k: v[people] for k, v in by.items()} for m, by in self.scores.items()},
        )


def draw_pool(
    people: int, *, seed: int, studies: Iterable[str] = tuple(STUDY_SITES), spread: Spread = map
) -> pd.DataFrame:
    """Draw virtual people for each arm of the studies and measure them at every site.

    Parameters
    ----------
    people : int
        In each arm. A person is the same with and without the others.
    seed : int
        Where all chance starts: people, bodies, machines, readers and days.
    studies : iterable of str
        Of :data:`STUDY_SITES`.
    spread : callable
        ``map``, or one that spreads people over processes; the rows are the same.

    Returns
    -------
    DataFrame
        One row a person: arm, person, age, sex, t_score, bmd, qct, qct_t, and a column for each model, score and site;
        nan where a score cannot be given.

    Raises
    ------
    ScannerError
        If `people` is below 1 or a study is not known.
    """
    chosen = tuple(studies)
    unknown = sorted(set(chosen) - set(STUDY_SITES))
    if unknown:
        raise ScannerError(f"There is no pool for {', '.join(unknown)}; there is one for {', '.join(STUDY_SITES)}.")
    if people < 1:
        raise ScannerError(f"A pool of {people} people cannot be drawn; give 1 or more.")
    tasks = [(arm, number, seed) for number in range(people) for study in chosen for arm in arms_of(study)]
    return pd.DataFrame(list(spread(measured_at_every_site, tasks)))


def measured_at_every_site(task: Task) -> dict[str, Any]:
    """One row of :func:`draw_pool`."""
    arm, number, seed = task
    group = STUDY_GROUPS[arm]
    rng = np.random.default_rng([seed, list(STUDY_GROUPS).index(arm), number])
    woman = math.floor((number + 1) * group.share_women + 1e-9) > math.floor(number * group.share_women + 1e-9)
    (patient,) = replace(group, share_women=float(woman)).people(1, rng)
    findings = group.findings(patient, rng)
    phantom = drawn_body(patient, findings, int(rng.integers(2**31)))
    broken = {f.level: "fracture" for f in findings if isinstance(f, Fracture) and f.level in SCORED_LEVELS}
    body = StudyBody(patient, {"as built": phantom, "null": marrow_of_another(phantom, rng)}, broken)
    about = {"arm": arm, "person": number} | _rounded(person_row(patient))
    row = {name: about[name] for name in ABOUT}
    for k, (scanner, reader) in enumerate(_sites(group.source, seed)):
        for model, score, value in _at_site(body, scanner, reader, STUDY_SITES[group.source], rng):
            row[f"{model}: {score}, site {k + 1}"] = value
    return row


@cache
def _sites(study: str, seed: int) -> tuple[tuple[Scanner, Reader], ...]:
    rng = np.random.default_rng([seed, list(STUDY_SITES).index(study), 2**20])  # no arm has so many people
    return tuple((STUDY_SITES[study].machine(rng), draw_reader(rng)) for _ in range(SITES))


def _at_site(
    body: StudyBody, scanner: Scanner, reader: Reader, site: StudySite, rng: np.random.Generator
) -> Iterator[tuple[str, str, float]]:
    """A day of its own at each site; in both models the same day, ROIs and noise."""
    built = body.of_model["as built"]
    protocol = scanner.protocol(site.setting.weightings[0])
    day = draw_day(rng, protocol)
    rois = placed_rois(body, reader, day.slices_x_mm(built, protocol), rng.spawn(1)[0])
    at = next(roi for roi in rois if roi.label == CSF)
    index, noise = day.slice_with(at, built, protocol), int(rng.integers(2**31))
    for model in MODELS:
        own, of_model = body.of_model[model], np.random.default_rng(noise)
        slab = slab_at(own, protocol, index=index, rng=of_model, center_mm=day.center_mm(built))
        measured = {
            w: measured_rois(slab, rois, scanner, scanner.protocol(w), rng=of_model) for w in site.setting.weightings
        }
        found = scores_of(measured, scanner, site.setting, body)
        yield from ((model, score, _digits(found.get(score, math.nan))) for score in site.scores)


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _digits(value) if isinstance(value, float) else value for name, value in row.items()}


def _digits(value: float) -> float:
    return float(f"{value:.5g}")


def pools_of(study: str, table: pd.DataFrame | None = None) -> dict[str, ArmPool]:
    """The arms of a study with their people, from a table of :func:`draw_pool`.

    People without one of the study's scores at some site are left out: they would not have been in the study.

    Parameters
    ----------
    study : str
        Of :data:`STUDY_SITES`.
    table : DataFrame, optional
        Another pool than the one that comes with the package.

    Raises
    ------
    ScannerError
        If an arm has nobody.
    """
    table = packaged_pool() if table is None else table
    pools = {}
    for arm in arms_of(study):
        of_arm = table[table["arm"] == arm]
        columns = {
            (model, score): [f"{model}: {score}, site {k + 1}" for k in range(SITES)]
            for model in MODELS
            for score in STUDY_SITES[study].scores
        }
        missing = sorted({c for of_score in columns.values() for c in of_score} - set(of_arm.columns))
        whole = of_arm.iloc[:0] if missing else of_arm.dropna(subset=[c for of in columns.values() for c in of])
        if whole.empty:
            raise ScannerError(
                f"The pool has nobody of '{arm}' with every score at every site; draw one with draw_pool(..., studies=['{study}'])."
            )
        about = {name: whole[name].to_numpy(dtype=np.float64) for name in ABOUT if name not in ("arm", "person", "sex")}
        about["woman"] = (whole["sex"] == "F").to_numpy(dtype=np.float64)
        scores: dict[str, dict[str, FloatArray]] = {}
        for (model, score), names in columns.items():
            scores.setdefault(model, {})[score] = whole[names].to_numpy(dtype=np.float64)
        pools[arm] = ArmPool(about=about, scores=scores)
    return pools


@cache
def packaged_pool() -> pd.DataFrame:
    """The pool that comes with the package; ``python -m vbqkit.study_replicas`` draws it again. Synthetic.

    Returns
    -------
    DataFrame
        See :func:`draw_pool`.
    """
    with (files("vbqkit.study_replicas") / "data" / FILE).open(encoding="utf-8") as file:
        return pd.read_csv(file, comment="#")
