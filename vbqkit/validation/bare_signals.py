"""What studies would find if nothing stood between marrow and score: signal equations of drawn people, and no more.

No body, so no partial volume, roots or pattern; no day, coil, flow or reader, and of the noise its size alone. What a
full replication (:mod:`vbqkit.validation.replications`) misses and this misses too lies in the people, in the tissue
table or in the times; what only the full one misses lies in what stands between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.roi import Measurement
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import TABLE_BONE_VOLUME, bone_volume
from vbqkit.scanner.signals import fat_signal, water_signals

LEVELS = ("T12", *SCORED_LEVELS, "L5")
"""Vertebrae that are measured: those of a study, and the two that may replace a fractured one."""


def no_body(patient: VirtualPatient, findings: Sequence[Finding], seed: int) -> Phantom:
    """A drop of marrow that stands for somebody's body."""
    drop = Phantom.uniform("marrow", shape=(1, 2, 2))
    return Phantom(drop.tissue, drop.pdff, drop.pd_scale, drop.level, drop.affine, (), tuple(findings), seed, patient)


def bare_signals(patient: VirtualPatient, scanner: Scanner, protocol: Protocol) -> dict[str, Measurement]:
    """Signals of T12 to L5, CSF and the SD of the noise, relative to fully relaxed CSF, by label.

    ``(1 - b) / (1 - 0.14) PD |f S_fat + (1 - f) S_water|`` with the person's fat fraction f of each level, bone volume
    b and relaxation times.

    Parameters
    ----------
    patient : VirtualPatient
        The person.
    scanner, protocol : Scanner, Protocol
        Field and noise, and times.

    Examples
    --------
    >>> from vbqkit.scanner import scanner_named
    >>> patient = VirtualPatient(age=60, sex="F", bmi=24.0, pdff=(0.45, 0.45, 0.45, 0.45), t_score=-1.0)
    >>> philips = scanner_named("philips-achieva-3t")
    >>> found = bare_signals(patient, philips, philips.protocol("T1"))
    >>> round(found["L3"].mean / found["CSF"].mean, 1)
    3.2
    """
    own, played = patient.own_times, protocol.played
    every = water_signals(played, scanner.field_t, saturation_per_s=protocol.saturation_per_s, own=own)
    marrow = tissue_named("marrow")
    fat = marrow.proton_density * fat_signal(played, scanner.field_t, own=own)
    volume = bone_volume(patient.qct_mg_cm3) if np.isfinite(patient.qct_mg_cm3) else TABLE_BONE_VOLUME
    room = (1.0 - volume) / (1.0 - TABLE_BONE_VOLUME)
    signals = {
        level: room * abs(f * fat + (1.0 - f) * float(every[marrow.code]))
        for level, f in ((level, patient.pdff_of(level)) for level in LEVELS)
    }
    signals[CSF] = abs(float(every[tissue_named("csf").code]))
    return {label: _measurement(label, value, 0.0) for label, value in signals.items()} | {
        NOISE: _measurement(NOISE, 0.0, scanner.noise_sd(protocol))
    }


def _measurement(label: str, mean: float, sd: float) -> Measurement:
    return Measurement(
        label=label,
        n=40,
        area_mm2=40.0,
        weight_px=40.0,
        mean=mean,
        median=mean,
        sd=sd,
        min=mean,
        max=mean,
        fraction_zero=0.0,
        fraction_clipped=0.0,
        slice_index=0,
    )
