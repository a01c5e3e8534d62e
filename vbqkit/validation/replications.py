"""One simulated replication of every study: people, bodies, days, readers, and the scores that come out.

Each study has two readers of its own (:func:`~vbqkit.anatomy.reader_model.draw_reader`), each patient a day of their
own (:func:`~vbqkit.scanner.visit.draw_day`) and relaxation times of their own (:mod:`vbqkit.anatomy.own_times`); a
study that prints its times has them, any other draws them (:mod:`vbqkit.validation.ordinary_protocols`). ROIs are
measured without pictures (:mod:`vbqkit.validation.roi_signals`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import REFERENCE_READER, Reader, draw_reader
from vbqkit.errors import VbqkitError
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner.forward_model import acquisition_of
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import Day, draw_day
from vbqkit.scores import Aggregate, LevelRule, snr, vbq, vbq_t2_stir
from vbqkit.validation.bare_signals import bare_signals
from vbqkit.validation.null_model import marrow_of_another
from vbqkit.validation.ordinary_protocols import with_ordinary_times
from vbqkit.validation.roi_signals import measured_rois, slab_at
from vbqkit.validation.study_groups import STUDY_GROUPS, qct_t_score

WIDTH_MM, SIZE_MM, IN_PLANE_MM, PLANE_MM = 11.0, 272.0, 0.8, 2.2
"""Grid of the bodies: the middle slice wherever it falls, and nothing beside it; T11 to S1, and no more."""

MODELS = ("as built", "null")
"""The model, and the one in which disease has no effect on marrow (:mod:`vbqkit.validation.null_model`)."""

Table = pd.DataFrame
Row = dict[str, Any]
Found = tuple[str, Row]
Reading = tuple[int, int, Reader]
"""Number of the reader, number of the reading, and who reads."""


def _same(value: Any) -> Any:
    return value


def drawn_body(patient: VirtualPatient, findings: Sequence[Finding], seed: int) -> Phantom:
    """A body for ROIs that are measured without pictures: no larger than they need."""
    return make_phantom(
        patient,
        seed=seed,
        findings=findings,
        width_mm=WIDTH_MM,
        size_mm=SIZE_MM,
        in_plane_mm=IN_PLANE_MM,
        plane_mm=PLANE_MM,
    )


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Setup:
    """What a replication changes of itself, and nothing else: all chance is drawn as without the change.

    Attributes
    ----------
    scanner : callable
        From the machine of a study to the machine that scans.
    person : callable
        From a person as drawn to the one who is scanned, in the body as drawn: times and bone volume count.
    body : callable
        From a body as drawn to the body that is scanned; ROIs are put down on the one as drawn.
    reader : callable
        From a reader as drawn to the one who reads.
    exact : bool
        Whether ROIs are those of the reference, whoever reads.
    day : callable
        From a day as drawn to the day of the scan.
    bare : bool
        Whether nothing but the signal equations is used (:mod:`vbqkit.validation.bare_signals`): no body, no reader.
    null : bool
        Whether the null model is simulated too.
    draw : callable
        ``draw(patient, findings, seed)``: :func:`drawn_body`, or one that remembers.
    """

    scanner: Callable[[Scanner], Scanner] = _same
    person: Callable[[VirtualPatient], VirtualPatient] = _same
    body: Callable[[Phantom], Phantom] = _same
    reader: Callable[[Reader], Reader] = _same
    exact: bool = False
    day: Callable[[Day], Day] = _same
    bare: bool = False
    null: bool = True
    draw: Callable[[VirtualPatient, tuple[Finding, ...], int], Phantom] = drawn_body


AS_BUILT = Setup()


@dataclass(frozen=True, eq=False, slots=True)
class StudyBody:
    """One person's body as each model has it, with the levels that cannot be measured.

    `chance` is where it starts how readers count: one who reads a person again, or on another day, counts as before.
    """

    patient: VirtualPatient
    of_model: Mapping[str, Phantom]
    excluded: Mapping[str, str]
    chance: int = 0


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Setting:
    """How a study scans and scores."""

    weightings: tuple[str, ...] = ("T1",)
    aggregate: Aggregate = "median"
    rule: LevelRule = "leave out"


_T1 = Setting()
_PAPER_001 = Setting(weightings=("T1", "T2", "STIR"), aggregate="mean", rule="replace")
_PAPER_000 = Setting(aggregate="mean")


def simulated_studies(
    n: int, *, seed: Sequence[int], studies: Collection[str] | None = None, setup: Setup = AS_BUILT
) -> dict[str, dict[str, Table]]:
    """Every study once, by both models: the same people, days and readers, and other marrow.

    Parameters
    ----------
    n : int
        Virtual people in each group.
    seed : sequence of int
        Of this replication.
    studies : collection of str or None
        Only these of :data:`STUDIES`; None: all. A study is the same with and without the others.
    setup : Setup
        What is changed, with the same people, days, readers and noise.

    Returns
    -------
    dict
        By model and study, one row a person, machine and reading: group, person, machine, reader (0 or 1), reading (0
        or 1), age, sex, t_score, bmd, qct, qct_t (T-score of QCT), hu, and the scores and mean signals that can be
        given. The patients of Chen 2023 make two studies, its own and ``"surgical"``.
    """
    rows: dict[str, dict[str, list[Row]]] = {model: {} for model in MODELS}
    for number, (name, simulate) in enumerate(STUDIES.items()):
        if studies is None or name in studies:
            for study, model, row in simulate(n, np.random.default_rng([*seed, number]), setup):
                rows[model].setdefault(study, []).append(row)
    return {model: {study: pd.DataFrame(found) for study, found in by.items()} for model, by in rows.items()}


def small_body(patient: VirtualPatient, findings: Sequence[Finding], rng: np.random.Generator) -> Phantom:
    """As :func:`drawn_body`, with a seed from a generator."""
    return drawn_body(patient, findings, int(rng.integers(2**31)))


def _bodies(key: str, n: int, rng: np.random.Generator, setup: Setup) -> Iterator[StudyBody]:
    group = STUDY_GROUPS[key]
    for patient in group.people(n, rng):
        findings = group.findings(patient, rng)
        phantom = setup.draw(patient, findings, int(rng.integers(2**31)))
        broken = {f.level: "fracture" for f in findings if isinstance(f, Fracture) and f.level in SCORED_LEVELS}
        of_model = {"as built": phantom, "null": marrow_of_another(phantom, rng)}
        yield StudyBody(patient, of_model, broken, int(rng.integers(2**31)))


def _readings(
    body: StudyBody,
    scanners: Mapping[str, Scanner],
    setting: Setting,
    readers: Sequence[Reading],
    rng: np.random.Generator,
    about: Row,
    setup: Setup,
) -> Iterator[Found]:
    """One day, on machines with the same slices, read by each reader; the same day and places in both models."""
    scanners = {machine: setup.scanner(scanner) for machine, scanner in scanners.items()}
    protocol = next(iter(scanners.values())).protocol(setting.weightings[0])
    phantom = body.of_model["as built"]
    day = setup.day(draw_day(rng, protocol))
    if setup.bare:
        yield from _bare_readings(body, scanners, setting, readers, about, setup)
        return
    slices = day.slices_x_mm(phantom, protocol)
    person = about | person_row(body.patient)
    # how often a reader tries again must not move the chance of whoever comes next
    placed = []
    for (number, reading, who), of_reading in zip(readers, rng.spawn(len(readers)), strict=True):
        reads = REFERENCE_READER if setup.exact else setup.reader(who)
        counted = reads.count(np.random.default_rng([body.chance, number]))
        placed.append((number, reading, placed_rois(body, reads, slices, of_reading, counted=counted)))
    noise = int(rng.integers(2**31))
    for model, as_drawn in body.of_model.items():
        if model == "null" and not setup.null:
            continue
        own = setup.body(as_drawn)
        own = own if own.patient is None else replace(own, patient=setup.person(own.patient))
        of_model = np.random.default_rng(noise)
        slabs: dict[int, Any] = {}
        for number, reading, rois in placed:
            at = next(roi for roi in rois if roi.label == CSF)
            index = day.slice_with(at, phantom, protocol)
            if index not in slabs:
                slabs[index] = slab_at(own, protocol, index=index, rng=of_model, center_mm=day.center_mm(phantom))
            for machine, scanner in scanners.items():
                measured = {
                    w: measured_rois(slabs[index], rois, scanner, scanner.protocol(w), rng=of_model)
                    for w in setting.weightings
                }
                which = {"machine": machine, "reader": number, "reading": reading}
                yield model, person | which | scores_of(measured, scanner, setting, body)


def _bare_readings(
    body: StudyBody,
    scanners: Mapping[str, Scanner],
    setting: Setting,
    readers: Sequence[Reading],
    about: Row,
    setup: Setup,
) -> Iterator[Found]:
    """Signal equations alone, the same for every reader."""
    patient = setup.person(body.patient)
    for machine, scanner in scanners.items():
        measured = {w: bare_signals(patient, scanner, scanner.protocol(w)) for w in setting.weightings}
        row = about | person_row(body.patient) | {"machine": machine} | scores_of(measured, scanner, setting, body)
        yield from (("as built", row | {"reader": number, "reading": reading}) for number, reading, _ in readers)


def placed_rois(
    body: StudyBody,
    reader: Reader,
    slices: Sequence[float],
    rng: np.random.Generator,
    *,
    counted: int | None = None,
) -> tuple[Roi, ...]:
    """ROIs of one reading; who leaves a fractured level out, or replaces it, has looked twice at which level it is."""
    of_whom = body.of_model["as built"]
    return reader.place(of_whom, rng=rng, slices_x_mm=slices, counted=0 if body.excluded else counted)


def person_row(patient: VirtualPatient) -> Row:
    """What a study knows of a person but for the scores."""
    return {
        "age": patient.age,
        "sex": patient.sex,
        "t_score": patient.t_score,
        "bmd": patient.bmd_g_cm2,
        "qct": patient.qct_mg_cm3,
        "qct_t": qct_t_score(patient),
        "hu": patient.hu,
    }


def scores_of(
    measured: Mapping[str, Mapping[str, Measurement]], scanner: Scanner, setting: Setting, body: StudyBody
) -> dict[str, float]:
    """Scores by name, and mean signals of marrow and CSF; what cannot be given is absent."""
    rule: LevelRule = setting.rule if body.excluded else "all four"
    found: dict[str, float] = {}
    for weighting, of in measured.items():
        found |= {f"{weighting} {label}": of[label].mean for label in (*SCORED_LEVELS, CSF) if label in of}
        try:
            found[f"VBQ-{weighting}"] = vbq(
                of,
                of[CSF],
                weighting=weighting,  # type: ignore[arg-type]  # T1, T2 or STIR
                aggregate=setting.aggregate,
                rule=rule,
                excluded=body.excluded,
            ).value
        except (VbqkitError, KeyError):
            continue
    if scanner.gain == "study" and {"T2", "STIR"} <= set(measured):
        with contextlib.suppress(VbqkitError):
            found["VBQ-T2-STIR"] = vbq_t2_stir(
                measured["T2"],
                measured["STIR"],
                acquisition_t2=acquisition_of(scanner, scanner.protocol("T2")),
                acquisition_stir=acquisition_of(scanner, scanner.protocol("STIR")),
                rule=rule,
                excluded=body.excluded,
            ).value
    t1 = measured.get("T1", {})
    if NOISE in t1 and t1[NOISE].sd > 0 and not body.excluded:
        with contextlib.suppress(VbqkitError):
            found["SNR"] = snr(t1, t1[NOISE]).value
    return found


def _two_readers(rng: np.random.Generator) -> tuple[Reading, ...]:
    """First reader twice, second once."""
    first, second = draw_reader(rng), draw_reader(rng)
    return ((0, 0, first), (0, 1, first), (1, 0, second))


def _one_reader(rng: np.random.Generator) -> tuple[Reading, ...]:
    return ((0, 0, draw_reader(rng)),)


def _each(
    study: str,
    key: str,
    bodies: Iterable[StudyBody],
    scanners: Mapping[str, Scanner],
    setting: Setting,
    readers: Sequence[Reading],
    rng: np.random.Generator,
    setup: Setup,
) -> Iterator[tuple[str, str, Row]]:
    for person, body in enumerate(bodies):
        about = {"group": STUDY_GROUPS[key].group, "person": f"{key} {person}"}
        for model, row in _readings(body, scanners, setting, readers, rng, about, setup):
            yield study, model, row


def _study_000(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    scanners, readers = {"": scanner_named("hitachi-1.2t")}, _one_reader(rng)
    for key in ("Košice group 2025 osteoporosis", "Košice group 2025 young reference"):
        yield from _each(
            "Košice group 2025", key, _bodies(key, n, rng, setup), scanners, _PAPER_000, readers, rng, setup
        )


def _study_001(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    scanners, readers = {"": with_ordinary_times(scanner_named("ge-hdx-1.5t"), rng)}, _two_readers(rng)
    for key in ("Huang 2026 fracture", "Huang 2026 non-fracture"):
        yield from _each("Huang 2026", key, _bodies(key, n, rng, setup), scanners, _PAPER_001, readers, rng, setup)


def any_machine(rng: np.random.Generator) -> Scanner:
    """A site that does not say what it has: 1.5 or 3 T, with or without full uniformity correction, ordinary times."""
    name = str(rng.choice(("generic-1.5t", "generic-1.5t-plain", "generic-3t")))
    return with_ordinary_times(scanner_named(name), rng)


def _study_003(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    scanners, readers = {"": any_machine(rng)}, _two_readers(rng)
    for key in ("Cui 2025 normal", "Cui 2025 osteopenia", "Cui 2025 osteoporosis"):
        yield from _each("Cui 2025", key, _bodies(key, n, rng, setup), scanners, _T1, readers, rng, setup)


def _before_surgery(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    """Chen 2023; and its patients as another hospital would have had them: another machine, another reader and day."""
    own, readers = {"": scanner_named("philips-achieva-3t")}, _two_readers(rng)
    elsewhere, reader = {"": any_machine(rng)}, _one_reader(rng)
    for key in ("Chen 2023 degenerative", "Chen 2023 control"):
        for person, body in enumerate(_bodies(key, n, rng, setup)):
            about = {"group": STUDY_GROUPS[key].group, "person": f"{key} {person}"}
            for model, row in _readings(body, own, _T1, readers, rng, about, setup):
                yield "Chen 2023", model, row
            for model, row in _readings(body, elsewhere, _T1, reader, rng, about, setup):
                yield "surgical", model, row


_SHAYGANFAR = "times of Shayganfar 2019"
PRINTED_TIMES = ("hitachi-1.2t", "philips-achieva-3t", _SHAYGANFAR)
"""Machines whose times a study prints; all others have drawn ones."""


def _women(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    """The M-score of two groups of women, on a machine of unknown times and with the times of Shayganfar 2019."""
    machine = scanner_named("generic-1.5t-plain")
    t1 = machine.protocol("T1")
    shayganfar = replace(
        machine, name=_SHAYGANFAR, protocols=(replace(t1, timing=replace(t1.timing, tr_ms=400.0, te_ms=16.0)),)
    )
    scanners, readers = {"Bandirali": with_ordinary_times(machine, rng), "Shayganfar": shayganfar}, _one_reader(rng)
    for key, count in (("Bandirali women", 2 * n), ("Bandirali young", n)):
        yield from _each("women", key, _bodies(key, count, rng, setup), scanners, _PAPER_000, readers, rng, setup)


BANDWIDTHS_HZ_PER_PX = (221.0, 271.0)
"""35.36 and 43.31 kHz over 320 samples, to both sides of the middle (J Orthop Surg Res 2023,
doi:10.1186/s13018-023-04268-5)."""


def _ages(n: int, rng: np.random.Generator, setup: Setup) -> Iterator[tuple[str, str, Row]]:
    """Patients of 20 to 69 years: two visits on machines of one hospital, and one day on a machine of each field.

    The visits lie up to three months apart: marrow is the same, day and machine are not.
    """
    reader = _one_reader(rng)
    at_field = {
        field: with_ordinary_times(scanner_named(name), rng)
        for field, name in (("1.5 T", "generic-1.5t"), ("3 T", "generic-3t"))
    }
    hospital = [*at_field.values(), with_ordinary_times(scanner_named("generic-1.5t-plain"), rng)]
    narrow, wide = (_with_bandwidth(at_field["1.5 T"], hz) for hz in BANDWIDTHS_HZ_PER_PX)
    one_day = at_field | {"narrow": narrow, "wide": wide}
    for key in (key for key in STUDY_GROUPS if key.startswith("ages ")):
        for person, body in enumerate(_bodies(key, max(2, n // 2), rng, setup)):
            about = {"group": STUDY_GROUPS[key].group, "person": f"{key} {person}"}
            visits = [{f"visit {k}": hospital[int(rng.integers(len(hospital)))]} for k in (1, 2)]
            for scanners in (*visits, one_day):
                for model, row in _readings(body, scanners, _T1, reader, rng, about, setup):
                    yield "ages", model, row


def _with_bandwidth(scanner: Scanner, hz: float) -> Scanner:
    return replace(scanner, protocols=tuple(replace(p, bandwidth_hz_per_px=hz) for p in scanner.protocols))


STUDIES: Mapping[str, Callable[[int, np.random.Generator, Setup], Iterator[tuple[str, str, Row]]]] = {
    "Košice group 2025": _study_000,
    "Huang 2026": _study_001,
    "Cui 2025": _study_003,
    "Chen 2023": _before_surgery,
    "women": _women,
    "ages": _ages,
}
"""What is simulated together: ``simulate(people in a group, rng, setup)`` gives study, model and row."""
