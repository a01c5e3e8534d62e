"""A model in which disease has no effect on marrow: what a validation worth its name must reject.

Every person keeps age, sex, skeleton, findings, density and fracture, and gets the marrow - fat, trabecular density and
T2 of its water - of somebody else of the same age and sex, drawn without regard to bone or fracture. Whatever a
comparison still finds then comes from age, sex or chance.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vbqkit.anatomy.patients import VirtualPatient, draw_patients
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import tissue_named

_YOUNGEST, _OLDEST = 18.0, 95.0


def marrow_of_another(phantom: Phantom, rng: np.random.Generator) -> Phantom:
    """The same body with the marrow of another person of the same age and sex.

    Parameters
    ----------
    phantom : Phantom
        A virtual patient's body.
    rng : numpy.random.Generator
        Who the other is.

    Returns
    -------
    Phantom
        Its ``patient`` is the same but for fat fraction, QCT and T2 of marrow water, on which the scan depends.
    """
    patient = phantom.patient
    if patient is None:
        return phantom
    age = float(np.clip(patient.age, _YOUNGEST, _OLDEST))
    (other,) = draw_patients(1, rng=rng, sex=patient.sex, age_range=(age, age), own_times=True)
    return with_marrow(phantom, other)


def with_marrow(phantom: Phantom, other: VirtualPatient) -> Phantom:
    """The body of a phantom with fat fraction, trabecular density and T2 of marrow water of `other`; texture stays."""
    patient = phantom.patient
    if patient is None:
        return phantom
    marrow = phantom.tissue == tissue_named("marrow").code
    change = np.zeros(len(LEVEL_OF_CODE), dtype=np.float32)
    for code, level in enumerate(LEVEL_OF_CODE):
        if level:
            change[code] = other.pdff_of(level) - patient.pdff_of(level)
    pdff = phantom.pdff.copy()
    pdff[marrow] = np.clip(pdff[marrow] + change[phantom.level[marrow]], 0.0, 1.0)
    times = replace(patient.own_times, marrow_t2=other.own_times.marrow_t2)
    changed = replace(patient, qct_mg_cm3=other.qct_mg_cm3, pdff=other.pdff, own_times=times)
    return replace(phantom, pdff=pdff, patient=changed)
