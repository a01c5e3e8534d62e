"""Which cause moves which prediction: one thing changed at a time, with the same people, days, readers and noise.

A change switches a cause off, or puts a number that is not known at an end of its cited or ordinary range. What a
change does to an effect says whether that cause could explain why the prediction misses; it is no fit, and no change is
kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.own_times import TABLE_TIMES
from vbqkit.anatomy.patients import FAT_IN_FRACTURES, VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.reader_model import Reader
from vbqkit.anatomy.tissues import FAT_SPIN_ECHO, tissue_named
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.visit import Day
from vbqkit.validation.bare_signals import no_body
from vbqkit.validation.comparison import Map
from vbqkit.validation.effects import NOTHING, PublishedEffect, published_effects
from vbqkit.validation.ordinary_protocols import STIR_TE_MS, STIR_TI_MS, T1_TE_MS, T1_TR_MS
from vbqkit.validation.replications import PRINTED_TIMES, STUDIES, Setup, drawn_body, simulated_studies

CAUSE_COLUMNS = (
    "key",
    "change",
    "published",
    "as_built",
    "changed",
    "ratio_as_built",
    "ratio_changed",
    "difference_error",
    "replications",
)
"""Columns of the table of causes: mean effects without and with the change, their sizes relative to the published one,
and the standard error of the difference of these ratios, from the same replications."""

_FAT_IN_FRACTURES = FAT_IN_FRACTURES["M"]
"""Men have it in the model; the change gives it to women too, for whom no number is printed
(:data:`vbqkit.anatomy.patients.FAT_IN_FRACTURES`)."""

_NO_CHANGE = "as built"
_BETWEEN = (
    "no loss of flowing CSF",
    "coil fully corrected",
    "coil not corrected",
    "every day the same",
    "reference reader",
    "nobody miscounts levels",
    "ROIs all of the reference size",
    "readers scatter half as far",
    "marrow without pattern",
    "sacs of one size",
    "no wear",
    "no noise",
)
_KEPT_BODIES = 80  # of one study in one replication: 2 models share 6 MB each
_STEAM_T2_MS = 21.0  # of marrow water at 3 T by STEAM (Ruschke 2021); other ends are in the tissue table


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """One thing that is changed.

    Attributes
    ----------
    name : str
        In words.
    setup : Setup
        The change; its ``draw`` is put in.
    studies : tuple of str
        Where it is tried: those of :data:`~vbqkit.validation.replications.STUDIES` that it could move.
    patient : callable
        What a person is before the body is drawn.
    keep : callable
        Whether a finding is drawn.
    """

    name: str
    setup: Setup
    studies: tuple[str, ...] = tuple(STUDIES)
    patient: Callable[[VirtualPatient], VirtualPatient] = lambda patient: patient
    keep: Callable[[Finding], bool] = lambda _: True

    @property
    def of_signals(self) -> bool:
        """Whether signals of people change, and not only what stands between marrow and score."""
        return self.name not in _BETWEEN


def _machine(**changes: Any) -> Setup:
    return Setup(scanner=lambda scanner: replace(scanner, **changes))


def _protocols(change: Callable[[Protocol], Protocol], *, but: Collection[str] = ()) -> Setup:
    def changed(scanner: Scanner) -> Scanner:
        return scanner if scanner.name in but else replace(scanner, protocols=tuple(map(change, scanner.protocols)))

    return Setup(scanner=changed)


def _timing(weighting: str, **times: float) -> Setup:
    def changed(protocol: Protocol) -> Protocol:
        if protocol.weighting != weighting or not isinstance(protocol.timing, Timing):
            return protocol
        timing = protocol.timing
        new: dict[str, Any] = dict(times)
        if "te_ms" in new and timing.echo_train_length > 1 and weighting == "T1":
            new["echo_spacing_ms"] = new["te_ms"]  # the first echo of a short train is the effective one
        train = timing.echo_train_length * (new.get("echo_spacing_ms", timing.echo_spacing_ms) or 0.0)
        least = (new.get("ti_ms", timing.ti_ms) or 0.0) + max(new.get("te_ms", timing.te_ms), train) + 20.0
        new["tr_ms"] = max(new.get("tr_ms", timing.tr_ms), least)
        return replace(protocol, timing=replace(timing, **new))

    return _protocols(changed, but=PRINTED_TIMES)


def _times(**factors: float) -> Setup:
    """Everyone's own times, times these factors."""

    def changed(patient: VirtualPatient) -> VirtualPatient:
        own = patient.own_times
        return replace(patient, own_times=replace(own, **{k: getattr(own, k) * v for k, v in factors.items()}))

    return Setup(person=changed)


def _of_patient(**changes: Any) -> Setup:
    return Setup(person=lambda patient: replace(patient, **changes))


def _even(body: Phantom) -> Phantom:
    """The marrow of each body without any pattern; all bodies hold as many protons."""
    pdff, scale = body.pdff.copy(), body.pd_scale.copy()
    marrow = body.tissue == tissue_named("marrow").code
    for code, level in enumerate(LEVEL_OF_CODE):
        here = marrow & (body.level == code)
        if level and here.any():
            pdff[here] = pdff[here].mean()
            scale[here] = 1.0
    return replace(body, pdff=pdff, pd_scale=scale)


def _fatter_if_fractured(body: Phantom) -> Phantom:
    if body.patient is None or not body.patient.fractured or body.patient.sex == "M":
        return body
    pdff = body.pdff.copy()
    pdff[body.tissue == tissue_named("marrow").code] += np.float32(_FAT_IN_FRACTURES)
    return replace(body, pdff=np.clip(pdff, 0.0, 1.0))


def _fatter(patient: VirtualPatient) -> VirtualPatient:
    if not patient.fractured or patient.sex == "M":
        return patient
    one, two, three, four = (min(0.9, f + _FAT_IN_FRACTURES) for f in patient.pdff)
    return replace(patient, pdff=(one, two, three, four))


def _reader(**changes: Any) -> Setup:
    return Setup(reader=lambda reader: replace(reader, **changes))


def _closer(reader: Reader) -> Reader:
    """Half of every scatter and habit in marrow and sac."""
    half = {
        name: tuple(v / 2.0 for v in getattr(reader, name)) for name in ("marrow_habit_mm", "csf_sd_mm", "csf_habit_mm")
    }
    return replace(reader, marrow_sd_mm=reader.marrow_sd_mm / 2.0, **half)  # type: ignore[arg-type]  # two numbers each


_RANGE = {"t1": 1, "t2": 3}  # at 1.5 T, among the ranges of the tissue table


def _marrow(name: str, end: int) -> Setup:
    """Marrow water with a time at the low (0) or high (1) end of its cited range at 1.5 T."""
    tissue = tissue_named("marrow")
    return _times(**{f"marrow_{name}": tissue.ranges[_RANGE[name]][end] / getattr(tissue, f"{name}_ms")})


_DRAWN_T1 = ("Huang 2026", "Cui 2025", "Chen 2023", "women", "ages")  # Chen 2023: the patients before surgery elsewhere


def _changes() -> Iterable[Change]:
    yield Change(_NO_CHANGE, Setup())
    yield Change("no noise", _machine(noise=0.0), ("Huang 2026", "women"))
    yield Change("no loss of flowing CSF", _machine(csf_flow_per_s=0.0), ("Huang 2026",))
    yield Change(
        "no magnetization transfer",
        _protocols(lambda p: replace(p, magnetization_transfer=False)),
        ("Huang 2026", "Cui 2025", "ages"),
    )
    plain = _machine(uniformity_correction=0.0, uniformity_name="")
    yield Change(
        "coil fully corrected", _machine(uniformity_correction=1.0), ("Cui 2025", "Chen 2023", "women", "ages")
    )
    yield Change("coil not corrected", plain, ("Cui 2025", "Chen 2023", "ages"))
    yield Change("every day the same", Setup(day=lambda _: Day()), ("Huang 2026", "women", "ages"))
    yield Change("reference reader", Setup(exact=True))
    yield Change("nobody miscounts levels", _reader(miscount=0.0), ("Huang 2026", "Cui 2025"))
    yield Change("ROIs all of the reference size", _reader(size=1.0, size_percent=0.0), ("Huang 2026",))
    yield Change("readers scatter half as far", Setup(reader=_closer), ("Huang 2026", "Cui 2025", "Chen 2023"))
    yield Change("marrow without pattern", Setup(body=_even), ("Huang 2026", "Cui 2025", "Chen 2023", "women"))
    yield Change(
        "times of the tissue table for everyone", _of_patient(own_times=TABLE_TIMES), ("Huang 2026", "Cui 2025", "ages")
    )
    yield Change("bone volume of the tissue table for everyone", _of_patient(qct_mg_cm3=math.nan))
    yield Change(
        "sacs of one size",
        Setup(),
        ("Huang 2026", "Cui 2025", "Chen 2023", "ages"),
        patient=lambda p: replace(p, sac_volume=1.0),
    )
    yield Change("no wear", Setup(), ("Cui 2025", "ages"), keep=lambda finding: isinstance(finding, Fracture))
    yield Change(
        "4.5 points more fat in fractures of women too",
        Setup(body=_fatter_if_fractured, person=_fatter),
        ("Huang 2026",),
    )
    for end, word in enumerate(("low", "high")):
        yield Change(f"T1 of marrow water at its {word} end", _marrow("t1", end), ("Huang 2026", "Cui 2025", "ages"))
    yield Change("T2 of marrow water at its high end", _marrow("t2", 1), ("Huang 2026",))
    yield Change("T2 of marrow water 21 ms", _times(marrow_t2=_STEAM_T2_MS / tissue_named("marrow").t2_ms))
    fat = FAT_SPIN_ECHO
    longer = _times(fat_t1=fat.ranges[_RANGE["t1"]][1] / fat.t1_ms)
    yield Change("T1 of fat at its high end", longer, ("Košice group 2025", "Huang 2026", "Cui 2025", "ages"))
    for value in T1_TR_MS:
        yield Change(f"TR of T1 {value:g} ms", _timing("T1", tr_ms=value), _DRAWN_T1)
    for value in T1_TE_MS:
        yield Change(f"TE of T1 {value:g} ms", _timing("T1", te_ms=value), ("Huang 2026", "Cui 2025", "ages"))
    for label, limits in (("TI", STIR_TI_MS), ("TE", STIR_TE_MS)):
        for value in limits:
            yield Change(
                f"{label} of STIR {value:g} ms", _timing("STIR", **{f"{label.lower()}_ms": value}), ("Huang 2026",)
            )


CHANGES: Mapping[str, Change] = {change.name: change for change in _changes()}
"""By name; the first changes nothing."""


def one_replication_of_causes(task: tuple[int, int, int], *, bodies: bool = False) -> dict[str, dict[str, float]]:
    """Every effect in one replication (people, seed, number) by change and key, as built."""
    people, seed, number = task
    effects = published_effects()
    tables: dict[str, dict[str, Any]] = {name: {} for name in CHANGES}
    for study in STUDIES:
        draw = lru_cache(maxsize=_KEPT_BODIES)(drawn_body if bodies else no_body)
        built: dict[str, Any] = {}
        for name, change in CHANGES.items():
            if study in change.studies and (bodies or change.of_signals):
                setup = replace(change.setup, null=False, bare=not bodies, draw=_drawn(change, draw))
                of_study = simulated_studies(people, seed=(seed, number), studies=[study], setup=setup)["as built"]
                built = built or of_study
                tables[name] |= of_study
            else:
                tables[name] |= built
    return {name: {effect.key: _computed(effect, of) for effect in effects} for name, of in tables.items()}


def _drawn(change: Change, draw: Callable[..., Phantom]) -> Callable[..., Phantom]:
    def body(patient: VirtualPatient, findings: tuple[Finding, ...], seed: int) -> Phantom:
        return draw(change.patient(patient), tuple(f for f in findings if change.keep(f)), seed)

    return body


def _computed(effect: PublishedEffect, tables: Mapping[str, Any]) -> float:
    try:
        return float(effect.compute(tables))
    except KeyError:
        return math.nan


def find_causes(
    *, people: int, replications: int, seed: int, spread: Map = map, bodies: bool = False
) -> list[dict[str, Any]]:
    """What each change does to each effect that it can move.

    Parameters
    ----------
    people, replications, seed, spread
        As in :func:`vbqkit.validation.predict`.
    bodies : bool
        Whether people have bodies that are scanned and read, which takes 200 times as long. False: the signal equations
        alone (:mod:`vbqkit.validation.bare_signals`), on which coil, reader, pattern, sac and wear have no effect, so
        that these changes are left out.

    Returns
    -------
    list of dict
        One row an effect and change; keys as in :data:`CAUSE_COLUMNS`.
    """
    work = partial(one_replication_of_causes, bodies=bodies)
    found = list(spread(work, [(people, seed, k) for k in range(replications)]))
    rows: list[dict[str, Any]] = []
    for effect in published_effects():
        before = np.array([of[_NO_CHANGE][effect.key] for of in found])
        for name, change in list(CHANGES.items())[1:]:
            values = [of[name][effect.key] for of in found]
            moved = not np.array_equal(before, values, equal_nan=True)
            if moved and (bodies or change.of_signals):
                rows.append(_row(effect, name, before, values))
    return rows


def _row(effect: PublishedEffect, name: str, before: np.ndarray[Any, Any], values: Sequence[float]) -> dict[str, Any]:
    after, nothing = np.array(values), NOTHING[effect.kind]
    both = np.isfinite(before) & np.isfinite(after)
    count = int(both.sum())
    means = [float(v[both].mean()) if count else math.nan for v in (before, after)]
    error = float((after - before)[both].std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan
    ratios = [(mean - nothing) / effect.size for mean in means]
    return dict(
        zip(
            CAUSE_COLUMNS,
            (effect.key, name, effect.published, *means, *ratios, abs(error / effect.size), count),
            strict=True,
        )
    )
