"""Virtual patients for automatic placement: who is drawn to train on and who is kept unseen. All synthetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vbqkit.anatomy import (
    CanalStenosis,
    Finding,
    Fracture,
    Haemangioma,
    MetalHardware,
    Modic,
    SchmorlNode,
    Scoliosis,
    TransitionalVertebra,
    VirtualPatient,
    draw_degeneration,
    draw_patients,
)
from vbqkit.roi.labels import SCORED_LEVELS

UNSEEN_FROM = 1_000_000
"""Seeds from here on are never trained on."""

AGES = (20.0, 90.0)
"""Years; the oldest have the most findings."""


def _transitional(_level: str, rng: np.random.Generator) -> Finding:
    return TransitionalVertebra(str(rng.choice(["L5", "S1"])))


def _metal(level: str, _rng: np.random.Generator) -> Finding:
    return MetalHardware(level)


_KINDS: tuple[tuple[float, Callable[[str, np.random.Generator], Finding]], ...] = (
    (0.18, Fracture.for_teaching),
    (0.22, Modic.for_teaching),
    (0.12, SchmorlNode.for_teaching),
    (0.14, CanalStenosis.for_teaching),
    (0.10, Scoliosis.for_teaching),
    (0.10, Haemangioma.for_teaching),
    (0.08, _transitional),
    (0.05, _metal),
)
"""Share of patients with each finding. Far above that of the clinic, so that each is seen often enough; chosen so."""


def draw_case(seed: int) -> tuple[VirtualPatient, tuple[Finding, ...]]:
    """One virtual patient with findings, from a seed.

    Parameters
    ----------
    seed : int
        Training draws from 0 on, validation from :data:`UNSEEN_FROM`.

    Returns
    -------
    tuple
        The patient, and findings for :func:`~vbqkit.anatomy.make_phantom`.

    Examples
    --------
    >>> draw_case(3) == draw_case(3)
    True
    """
    rng = np.random.default_rng([14, seed])
    [patient] = draw_patients(1, rng=rng, age_range=AGES)
    found: list[Finding] = []
    for share, make in _KINDS:
        if rng.random() < share:
            found.append(make(str(rng.choice(SCORED_LEVELS)), rng))
    if rng.random() < 0.2:  # a second fracture, at another level
        fractured = {finding.level for finding in found if isinstance(finding, Fracture)}
        free = [level for level in SCORED_LEVELS if level not in fractured]
        if fractured:
            found.append(Fracture.for_teaching(str(rng.choice(free)), rng))
    worn = draw_degeneration(patient, rng)
    return patient, (*found, *(finding for finding in worn if rng.random() < 0.7))
