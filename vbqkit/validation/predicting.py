"""What the virtual scanner predicts: written down before it is compared with anything, and reported as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.prepared import PreparedPatient, prepare
from vbqkit.scanner.presets import scanner_named
from vbqkit.scores.case import score_value
from vbqkit.validation.study_groups import Scanned, StudyGroup, bodies

PREDICTION_COLUMNS = ("prediction", "setting", "n", "mean", "sd")
"""Columns of the table of predictions: what, under which setting, over how many people, mean and SD over people."""

BANDWIDTHS_HZ = (60.0, 100.0, 150.0, 250.0, 400.0)
TRS_MS = (400.0, 500.0, 600.0, 700.0, 900.0)
TES_MS = (8.0, 11.0, 15.0, 20.0, 25.0)
"""Settings at which VBQ-T1 is predicted."""

MIDDLE_AGED = StudyGroup(source="", group="women and men of 50 to 79", n=0, share_women=0.5, age_range=(50.0, 79.0))


def predictions(*, n: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Predict VBQ-T1 (median of L1-L4): its ratio between fields, its course with age, its change with the protocol.

    Parameters
    ----------
    n : int
        Virtual people behind each mean, at least 2.
    rng : numpy.random.Generator
        Source of people, bodies and noise.

    Returns
    -------
    list of dict
        One row a setting; keys as in :data:`PREDICTION_COLUMNS`.
    """
    return [*_fields_and_protocols(n, rng), *_ages(n, rng)]


def _row(prediction: str, setting: str, values: list[float]) -> dict[str, Any]:
    return {
        "prediction": prediction,
        "setting": setting,
        "n": len(values),
        "mean": float(np.mean(values)),
        "sd": float(np.std(values, ddof=1)),
    }


def _prepared(
    people: list[Scanned], scanner: Scanner, rng: np.random.Generator
) -> list[tuple[PreparedPatient, Phantom]]:
    return [(prepare(body.phantom, scanner, "T1", rng=rng), body.phantom) for body in people]


def _values(prepared: list[tuple[PreparedPatient, Phantom]], **settings: float) -> list[float]:
    images = [(patient.slices[0].image(**settings), phantom.reference_rois) for patient, phantom in prepared]
    return [score_value(image, rois, "VBQ-T1", aggregate="median") for image, rois in images]


def _fields_and_protocols(n: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    people = list(bodies(MIDDLE_AGED, n, rng))
    # quiet noise and no uniformity left over: what remains is physics
    low = replace(scanner_named("generic-1.5t"), uniformity_correction=1.0)
    high = replace(scanner_named("generic-3t"), uniformity_correction=1.0)
    at_low, at_high = _prepared(people, low, rng), _prepared(people, high, rng)
    base = _values(at_low)
    yield _row("VBQ-T1", f"1.5 T, {_times(low)}", base)
    own = _values(at_high)
    yield _row("VBQ-T1", f"3 T, {_times(high)}", own)
    yield _row(
        "VBQ-T1 at 1.5 T / at 3 T", "each with its own protocol", [a / b for a, b in zip(base, own, strict=True)]
    )
    same = _values(at_low, field_t=3.0)
    yield _row(
        "VBQ-T1 at 1.5 T / at 3 T", f"same protocol, {_times(low)}", [a / b for a, b in zip(base, same, strict=True)]
    )
    for bandwidth in BANDWIDTHS_HZ:
        yield _row(
            "VBQ-T1 against bandwidth, 1.5 T", f"{bandwidth:g} Hz/px", _values(at_low, bandwidth_hz_per_px=bandwidth)
        )
    for tr in TRS_MS:
        yield _row("VBQ-T1 against TR, 1.5 T", f"TR {tr:g} ms", _values(at_low, tr_ms=tr))
    for te in TES_MS:
        yield _row("VBQ-T1 against TE, 1.5 T", f"TE {te:g} ms", _values(at_low, te_ms=te))


def _ages(n: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    scanner = scanner_named("generic-1.5t")
    for decade in range(20, 80, 10):
        women = StudyGroup(source="", group="women", n=0, share_women=1.0, age_range=(float(decade), decade + 9.99))
        values = _values(_prepared(list(bodies(women, n, rng)), scanner, rng))
        yield _row("VBQ-T1 against age, women, 1.5 T", f"{decade} to {decade + 9} years", values)


def _times(scanner: Scanner) -> str:
    timing = scanner.protocol("T1").timing
    return f"TR {timing.tr_ms:g} TE {timing.te_ms:g} ms"
