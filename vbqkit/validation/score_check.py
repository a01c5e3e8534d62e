"""What a score cancels and what it does not: one thing is changed at a time, on virtual patients, and the rest is kept.

ROIs are measured without pictures (:mod:`vbqkit.validation.roi_signals`), so that every change of every patient takes
some hundredths of a second; a score of single pixels is measured on pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy

from vbqkit.anatomy.extra_rois import further_rois
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import looks_right
from vbqkit.errors import RoiError, ScannerError, ScoreError
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS, csf_at
from vbqkit.scanner.forward_model import acquisition_of, scan
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scores.definition import ScoreDefinition, ScoreInputs
from vbqkit.scores.levels import rule_for_missing
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.registry import score_definition
from vbqkit.scores.result import Refusal
from vbqkit.validation.quick_cohort import drawn_person
from vbqkit.validation.roi_signals import Slab, measured_rois, slab_at

CANCELS_PERCENT = 0.1
"""A change of no patient's score by more than this counts as none: rounding, and noise that a gain leaves alone."""

_GAIN, _MOVE_MM, _SMALLER = 2.0, 2.0, math.sqrt(0.5)
_TRIES = 40
_DRAWN_AT_MOST = 3  # patients drawn for each that is wanted: not every body has every place
_NEAR_MM = 10.0

Tables = dict[str, dict[str, Measurement]]
Verdict = Literal["cancels", "no shift seen", "shifts it", "not given"]

SCORE_CHECK_COLUMNS = (
    *("factor", "changed", "verdict", "mean_percent", "ci_low", "ci_high", "sd_percent"),
    *("mean_in_sd", "n", "note"),
)
"""See :func:`check_score`."""


@dataclass(frozen=True, eq=False, slots=True)
class _Setup:
    """One patient in one machine, as they are or with one thing changed."""

    phantom: Phantom
    scanner: Scanner
    rois: tuple[Roi, ...]
    slabs: Mapping[str, Slab]
    noise: int
    gain: float = 1.0

    def tables(self, weightings: Sequence[str], *, pictures: bool) -> Tables:
        return {w: self._measured(w, pictures=pictures) for w in weightings}

    def _measured(self, weighting: str, *, pictures: bool) -> dict[str, Measurement]:
        rng = np.random.default_rng(self.noise)
        if pictures:
            found = _on_pictures(self, weighting, rng)
        else:
            protocol = self.scanner.protocol(weighting)
            found = measured_rois(self.slabs[weighting], self.rois, self.scanner, protocol, rng=rng)
        return {label: _louder(m, self.gain) for label, m in found.items()}


def _on_pictures(setup: _Setup, weighting: str, rng: np.random.Generator) -> dict[str, Measurement]:
    (series,) = scan(setup.phantom, setup.scanner, rng=rng, around=setup.rois, weightings=(weighting,))
    volume, found = series.volume(), {}
    for roi in setup.rois:
        try:
            found[roi.label] = roi.measure(volume)
        except RoiError:
            continue
    return found


def _louder(m: Measurement, gain: float) -> Measurement:
    if gain == 1.0:
        return m
    changed = {name: gain * getattr(m, name) for name in ("mean", "median", "sd", "min", "max")}
    return replace(m, **changed, pixels=m.pixels and m.pixels.with_mean_and_sd(changed["mean"], changed["sd"]))


Change = Callable[[_Setup, np.random.Generator], _Setup | None]


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that may change a score, and what stands for it here.

    Attributes
    ----------
    name : str
        Such as ``"field"``.
    changed : str
        From what to what.
    """

    name: str
    changed: str
    _apply: Change

    def __call__(self, setup: _Setup, rng: np.random.Generator) -> _Setup | None:
        """The setup with it; None where it cannot be."""
        return self._apply(setup, rng)


def _machine(**changes: Any) -> Change:
    def apply(setup: _Setup, _: np.random.Generator) -> _Setup:
        return replace(setup, scanner=replace(setup.scanner, **changes))

    return apply


def _each_protocol(change: Callable[[Protocol], Protocol]) -> Change:
    def apply(setup: _Setup, _: np.random.Generator) -> _Setup:
        protocols = tuple(change(p) for p in setup.scanner.protocols)
        return replace(setup, scanner=replace(setup.scanner, protocols=protocols))

    return apply


def _time(name: str, factor: float) -> Callable[[Protocol], Protocol]:
    def change(protocol: Protocol) -> Protocol:
        value = getattr(protocol.timing, name)
        if value is None:
            return protocol
        return replace(protocol, timing=replace(protocol.timing, **{name: factor * value}))

    return change


def _another_te(protocol: Protocol) -> Protocol:
    return _time("echo_spacing_ms", 1.25)(_time("te_ms", 1.25)(protocol))


def _other_field(setup: _Setup, _: np.random.Generator) -> _Setup:
    return replace(setup, scanner=replace(setup.scanner, field_t=3.0 if setup.scanner.field_t < 2.0 else 1.5))


def _plain_coil(setup: _Setup, _: np.random.Generator) -> _Setup:
    """The picture without correction, from an even coil."""
    return replace(setup, scanner=replace(setup.scanner, coil=None, uniformity_correction=0.0, uniformity_name=""))


def _bare_coil(setup: _Setup, _: np.random.Generator) -> _Setup:
    return replace(setup, scanner=replace(setup.scanner, uniformity_correction=0.0, uniformity_name=""))


def _moved(setup: _Setup, rng: np.random.Generator) -> _Setup:
    """Each ROI but CSF and noise elsewhere; on a level, where a reader would still see marrow alone."""
    rois = []
    for roi in setup.rois:
        moved = roi
        if roi.label != NOISE and not roi.label.startswith(CSF):
            for _ in range(_TRIES):
                angle = rng.uniform(0.0, 2.0 * math.pi)
                moved = roi.moved((0.0, _MOVE_MM * math.cos(angle), _MOVE_MM * math.sin(angle)))
                if roi.label not in SPINE_LEVELS or looks_right(moved, setup.phantom):
                    break
        rois.append(moved)
    return replace(setup, rois=tuple(rois))


def _smaller(setup: _Setup, _: np.random.Generator) -> _Setup:
    return replace(setup, rois=tuple(roi if roi.label == NOISE else roi.scaled(_SMALLER) for roi in setup.rois))


def _csf_elsewhere(setup: _Setup, rng: np.random.Generator) -> _Setup | None:
    """CSF of one level up or down: there, where it holds as few roots."""
    placed = {roi.label: roi for roi in setup.rois}
    beside = csf_beside(setup.phantom, placed, "L2" if rng.random() < 0.5 else "L4")
    if beside is None:
        return None
    return replace(setup, rois=tuple(beside.with_label(CSF) if roi.label == CSF else roi for roi in setup.rois))


def csf_beside(phantom: Phantom, placed: Mapping[str, Roi], level: str) -> Roi | None:
    """The CSF ROI moved from its level to another one, to the nearest place where a reader would put it."""
    csf = placed[CSF]
    levels = {name: roi.center_mm for name, roi in placed.items() if name in SPINE_LEVELS}
    if level not in levels:
        return None
    own = min(levels, key=lambda name: abs(float(levels[name][2] - csf.center_mm[2])))
    there = csf.moved(np.subtract(levels[level], levels[own]) * (0.0, 1.0, 1.0))
    steps = np.arange(-_NEAR_MM, _NEAR_MM + 0.5, 1.0)
    for back, up in sorted(((b, u) for b in steps for u in steps), key=lambda s: math.hypot(*s)):
        if looks_right(there.moved((0.0, back, up)), phantom):
            return there.moved((0.0, back, up))
    return None


FACTORS: tuple[Factor, ...] = (
    Factor("gain", "receiver gain times 2", lambda setup, _: replace(setup, gain=_GAIN)),
    Factor("scan again", "the same, with new noise", lambda setup, _: replace(setup, noise=setup.noise + 1)),
    Factor(
        "noise",
        "noise times 2",
        lambda setup, _: replace(setup, scanner=replace(setup.scanner, noise=2.0 * setup.scanner.noise)),
    ),
    Factor("field", "1.5 T to 3 T, or back", _other_field),
    Factor("TR", "TR times 1.25", _each_protocol(_time("tr_ms", 1.25))),
    Factor("TE", "TE (and echo spacing) times 1.25", _each_protocol(_another_te)),
    Factor("TI", "TI times 1.1", _each_protocol(_time("ti_ms", 1.1))),
    Factor(
        "bandwidth",
        "bandwidth times 2",
        _each_protocol(lambda p: replace(p, bandwidth_hz_per_px=2.0 * p.bandwidth_hz_per_px)),
    ),
    Factor("coil", "even coil, instead of the spine array as it is", _plain_coil),
    Factor("correction", "no correction of the coil's brightness", _bare_coil),
    Factor("ROI place", f"every ROI but CSF moved by {_MOVE_MM:g} mm", _moved),
    Factor("ROI size", "every ROI of half the area", _smaller),
    Factor("CSF place", "CSF of L2 or L4", _csf_elsewhere),
)
"""What is changed, in the order of the table; a level that is missing comes after them."""


def check_score(
    name: str,
    *,
    aggregate: Aggregate = "median",
    scanner: str = "generic-1.5t",
    patients: int = 8,
    seed: int = 1,
    reference: ReferenceGroup | None = None,
    pictures: bool = False,
) -> pd.DataFrame:
    """What moves a score, and by how much: one thing changed at a time, in virtual patients of 20 to 80 years.

    Each patient is scanned as the machine is, and again with one thing changed and all chance as it was: the
    difference comes from the change: ``100 (with / without - 1)``. A score that is above 0 in one patient and not in
    another has no such percentage: its change is ``100 (with - without) / mean |without|`` instead, and ``note`` says
    so.

    How to read it: ``"cancels"``: no patient's score changed by more than 0.1 %. ``"shifts it"``: the 95 % interval of
    the mean change does not hold 0; a cut-off moves with it. ``"no shift seen"``: it does hold 0; the score may scatter
    all the same (``sd_percent``). ``"not given"``: the score refuses; ``note`` says why.

    Parameters
    ----------
    name : str
        A score that is known (:data:`vbqkit.scores.SCORES`), whose ROIs the virtual patients have: T12 to S1, their
        endplates from L1 to L4, CSF at these levels, noise, subcutaneous fat; not muscle.
    aggregate : {"median", "mean"}
        For a score that has the choice.
    scanner : str
        A machine of :data:`vbqkit.scanner.SCANNERS`.
    patients : int
        How many, at least 2; about 1.5 s each.
    seed : int
        Of all chance.
    reference : ReferenceGroup, optional
        For the M-score.
    pictures : bool
        Measure on pictures: for a score of single pixels; ten times slower.

    Returns
    -------
    DataFrame
        One row a factor: factor, changed, verdict, mean_percent with ci_low and ci_high (95 %, Student's t over the
        patients), sd_percent (between patients), mean_in_sd (the mean change in SDs between patients of the score
        itself), n, note.

    Raises
    ------
    ScoreError
        If there is no such score, or it cannot be computed for a virtual patient: then with the reason.
    ScannerError
        If there is no such machine, or fewer than 2 patients.
    """
    definition, machine = score_definition(name), scanner_named(scanner)
    if patients < 2:
        raise ScannerError(f"{patients} patient gives no interval; take at least 2, better 8.")
    chosen: Aggregate | None = aggregate if definition.aggregates else None
    options: dict[str, Any] = {"aggregate": chosen, "reference": reference}
    found: list[dict[str, float | str]] = []
    reasons: list[str] = []
    for k in range(_DRAWN_AT_MOST * patients):
        setup, rng = _patient(definition, machine, seed, k), np.random.default_rng([seed, k, 1])
        changes = _changes(definition, setup, rng, options, pictures=pictures)
        if isinstance(changes, str):
            reasons.append(changes)
        else:
            found.append(changes)
        if len(found) == patients or (not found and len(reasons) == 2):
            break
    if len(found) < patients:
        raise ScoreError(f"{name} cannot be checked on virtual patients: {reasons[0]}")
    passed_over = f"{len(reasons)} more patients were passed over: {reasons[0]}" if reasons else ""
    without = np.array([float(one["without"]) for one in found])
    rows = [
        _row(factor, changed, [one[factor] for one in found], without, passed_over)
        for factor, changed in (*((f.name, f.changed) for f in FACTORS if _concerns(f, machine, definition)), _MISSING)
    ]
    return pd.DataFrame(rows, columns=list(SCORE_CHECK_COLUMNS))


_MISSING = ("level missing", "one of L1 to L4 left out")


def _concerns(factor: Factor, scanner: Scanner, definition: ScoreDefinition) -> bool:
    return factor.name != "TI" or any(scanner.protocol(w).timing.ti_ms is not None for w in definition.weightings)


def _patient(definition: ScoreDefinition, scanner: Scanner, seed: int, number: int) -> _Setup:
    rng = np.random.default_rng([seed, number])
    _, phantom = drawn_person(rng)
    placed = {roi.label: roi for roi in (*phantom.reference_rois, *further_rois(phantom))}
    for level in SPINE_LEVELS:
        label = csf_at(level)
        if label in definition.labels and (beside := csf_beside(phantom, placed, level)) is not None:
            placed[label] = beside.with_label(label)
    slabs = {}
    for w in definition.weightings:
        protocol, flow = scanner.protocol(w), np.random.default_rng([seed, number, 2])
        slabs[w] = slab_at(phantom, protocol, index=protocol.slices // 2, rng=flow)
    return _Setup(phantom, scanner, tuple(placed.values()), slabs, noise=int(rng.integers(2**31)))


def _changes(
    definition: ScoreDefinition, setup: _Setup, rng: np.random.Generator, options: dict[str, Any], *, pictures: bool
) -> dict[str, float | str] | str:
    """The score of one patient as they are, and by factor; in words where it is not given, all of it or one."""

    def scored(one: _Setup | None, **more: Any) -> float | str:
        if one is None:
            return "no place was found"
        tables = one.tables(definition.weightings, pictures=pictures)
        for label in more.get("excluded", ()):
            tables = {w: {k: m for k, m in table.items() if k != label} for w, table in tables.items()}
        acquisitions = {w: acquisition_of(one.scanner, one.scanner.protocol(w)) for w in definition.weightings}
        result = definition.result(ScoreInputs(measured=tables, acquisitions=acquisitions, **options, **more))
        return result.reason if isinstance(result, Refusal) else result.value

    without = scored(setup)
    if isinstance(without, str):
        hint = " Give pictures=True." if "are not at hand" in without else ""
        return f"{without}{hint}"
    level = str(rng.choice(SCORED_LEVELS))
    rule, missing = rule_for_missing([one for one in SCORED_LEVELS if one != level])
    found: dict[str, float | str] = {"without": without}
    for factor, generator in zip(FACTORS, rng.spawn(len(FACTORS)), strict=True):
        if _concerns(factor, setup.scanner, definition):
            found[factor.name] = scored(factor(setup, generator))
    found[_MISSING[0]] = scored(setup, rule=rule, excluded=missing)
    return found


def _row(
    factor: str,
    changed: str,
    found: Sequence[float | str],
    without: np.ndarray[Any, np.dtype[np.float64]],
    passed_over: str,
) -> dict[str, Any]:
    pairs = [(float(x), w) for x, w in zip(found, without, strict=True) if not isinstance(x, str)]
    reasons = [str(x) for x in found if isinstance(x, str)][:1]
    reasons += [passed_over] if passed_over else []
    both_signs = not ((without > 0).all() or (without < 0).all())
    if both_signs:
        reasons.append("in percent of the mean size of the score, which takes both signs")
    n = len(pairs)
    row: dict[str, Any] = {"factor": factor, "changed": changed, "n": n, "note": " ".join(reasons)}
    nothing = dict.fromkeys(("mean_percent", "ci_low", "ci_high", "sd_percent", "mean_in_sd"), math.nan)
    if n < 2:
        return {**row, **nothing, "verdict": "not given"}
    scale, spread = float(np.abs(without).mean()), float(without.std(ddof=1))
    change = np.array([100.0 * (x - w) / (scale if both_signs else w) for x, w in pairs])
    mean, sd = float(change.mean()), float(change.std(ddof=1))
    half = float(scipy.special.stdtrit(n - 1, 0.975)) * sd / math.sqrt(n)
    return {
        **row,
        "verdict": _verdict(change, mean - half, mean + half),
        "mean_percent": mean,
        "ci_low": mean - half,
        "ci_high": mean + half,
        "sd_percent": sd,
        "mean_in_sd": float(np.mean([x - w for x, w in pairs])) / spread if spread > 0 else math.nan,
    }


def _verdict(change: np.ndarray[Any, np.dtype[np.float64]], low: float, high: float) -> Verdict:
    if float(np.abs(change).max()) <= CANCELS_PERCENT:
        return "cancels"
    return "no shift seen" if low <= 0.0 <= high else "shifts it"


def said_in_words(table: pd.DataFrame) -> Iterator[str]:
    """One line a verdict: what cancels, what shifts the score and by how much.

    Examples
    --------
    >>> list(said_in_words(pd.DataFrame([{"factor": "gain", "verdict": "cancels", "mean_percent": 0.0}])))
    ['cancels: gain']
    """
    for verdict in ("cancels", "no shift seen", "shifts it", "not given"):
        rows = table[table["verdict"] == verdict]
        if len(rows):
            shown = (
                f"{r['factor']} ({r['mean_percent']:+.1f} %)" if verdict == "shifts it" else str(r["factor"])
                for r in rows.to_dict("records")
            )
            yield f"{verdict}: {', '.join(shown)}"
