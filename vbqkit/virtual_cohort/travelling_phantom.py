"""A test object that travels: what a phantom scanned on both machines would say about a score."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from vbqkit.anatomy.extra_rois import further_rois
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScoreError
from vbqkit.roi import Roi
from vbqkit.roi.labels import NOISE, SPINE_LEVELS, csf_at
from vbqkit.scanner.forward_model import acquisition_of
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import Day
from vbqkit.scores.definition import ScoreInputs
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.registry import score_definition
from vbqkit.scores.result import Refusal
from vbqkit.validation.quick_cohort import measured_series
from vbqkit.validation.replications import drawn_body
from vbqkit.validation.score_check import csf_beside

SCANS = 30
"""Scans of the test object whose mean is taken, for a score over noise."""

FAT_PERCENT = 40.0
"""Fat in the marrow of the test object, %: near the middle of adults (36.8 %; Ruschke et al., NMR Biomed
2021;34:e4439). One object has one fat fraction: people with more or less are moved by another factor."""


def phantom_factor(score: str, from_scanner: str | Scanner, to_scanner: str | Scanner) -> float:
    """How much higher a score is on one machine than on another, by an object scanned on both.

    ``score on to_scanner / score on from_scanner``, of the same object: a body of 40 % marrow fat with the relaxation
    times of the tissue table, which does not breathe, pulsate or lie differently, with reference ROIs and without noise
    (a score over noise: the mean of 30 scans). So it is an anthropomorphic phantom at its best; vials of oil and water
    differ from it in all of these.

    Parameters
    ----------
    score : str
        A score that is known, and above 0 on both machines.
    from_scanner, to_scanner : str or Scanner
        Names in :data:`vbqkit.scanner.SCANNERS`, or machines of your own.

    Returns
    -------
    float
        1: no difference. A cut-off of the first machine times this is the cut-off that the phantom suggests for the
        second.

    Raises
    ------
    ScoreError
        If the score cannot be had from the object, or is not above 0.
    ScannerError
        If a machine is unknown.

    Examples
    --------
    >>> phantom_factor("VBQ-T1", "generic-1.5t", "generic-1.5t")
    1.0
    >>> phantom_factor("VBQ-T1", "generic-1.5t", "philips-achieva-3t") < 1.0
    True
    """
    here, there = (_score_of_object(score, s) for s in (from_scanner, to_scanner))
    return there / here


def _score_of_object(score: str, scanner: str | Scanner) -> float:
    definition = score_definition(score)
    machine = scanner if isinstance(scanner, Scanner) else scanner_named(scanner)
    over_noise = definition.divisor == NOISE
    still = replace(machine, csf_flow_per_s=0.0, csf_void=0.0, motion=0.0, noise=machine.noise if over_noise else 0.0)
    acquisitions = {w: acquisition_of(machine, machine.protocol(w)) for w in definition.weightings}
    phantom, rois = _object()
    found = []
    for k in range(SCANS if over_noise else 1):
        rng = np.random.default_rng(k)
        measured = measured_series(phantom, still, Day(), rois, definition.weightings, rng=rng)
        aggregate: Aggregate | None = "median" if definition.aggregates else None
        result = definition.result(ScoreInputs(measured=measured, acquisitions=acquisitions, aggregate=aggregate))
        if isinstance(result, Refusal):
            raise ScoreError(f"{score} has no phantom factor: {result.reason}")
        found.append(result.value)
    value = float(np.mean(found))
    if value <= 0:
        raise ScoreError(
            f"{score} of the test object on '{machine.name}' is {value:.3g}; a factor needs a score above 0. Carry the cut-off in "
            "another way."
        )
    return value


@lru_cache(maxsize=1)
def _object() -> tuple[Phantom, tuple[Roi, ...]]:
    fat = FAT_PERCENT / 100.0
    someone = VirtualPatient(age=45, sex="F", bmi=24.0, pdff=(fat, fat, fat, fat), t_score=-0.5, qct_mg_cm3=120.0)
    phantom = drawn_body(someone, (), 0)
    placed = {roi.label: roi for roi in (*phantom.reference_rois, *further_rois(phantom))}
    for level in SPINE_LEVELS:
        if (beside := csf_beside(phantom, placed, level)) is not None:
            placed[csf_at(level)] = beside.with_label(csf_at(level))
    return phantom, tuple(placed.values())
