"""One virtual patient drawn, and measured by ROIs on every series of a machine, without a picture being made.

Levels and CSF agree with the full simulation within 2 %, VBQ too, and with noise within it
(``tests/validation/test_roi_signals.py``). Many patients: :func:`vbqkit.virtual_cohort.simulate_cohort`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.patients import VirtualPatient, draw_patients
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import Reader
from vbqkit.anatomy.wear import draw_wear
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.visit import Day
from vbqkit.validation.replications import small_body
from vbqkit.validation.roi_signals import measured_rois, slab_at


def drawn_person(
    rng: np.random.Generator,
    *,
    findings: Callable[[VirtualPatient, np.random.Generator], Sequence[Finding]] = draw_wear,
    **who: Any,
) -> tuple[VirtualPatient, Phantom]:
    """One person with relaxation times and a dural sac of their own, and the body that ROIs are measured in.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    findings : callable
        ``findings(patient, rng)``: what is to be seen in the spine.
    **who
        As for :func:`vbqkit.anatomy.draw_patients`: sex, age_range, fractured.
    """
    (patient,) = draw_patients(1, rng=rng, own_times=True, own_sac=True, **who)
    return patient, small_body(patient, findings(patient, rng), rng)


def signals_of(
    phantom: Phantom, scanner: Scanner, day: Day, reader: Reader, *, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Mean signals of the ROIs of one reading on every series of a machine, one row a series.

    Parameters
    ----------
    phantom : Phantom
        The body.
    scanner, day : Scanner, Day
        The machine, and how the patient lies in it.
    reader : Reader
        Who measures, on the slices of the first series.
    rng : numpy.random.Generator
        Source of the places, of flow and noise.
    """
    rois = reader.place(phantom, rng=rng, slices_x_mm=day.slices_x_mm(phantom, scanner.protocols[0]))
    weightings = [protocol.weighting for protocol in scanner.protocols]
    return [
        {"weighting": w} | {k: found[k].mean if k in found else float("nan") for k in (*SCORED_LEVELS, CSF)}
        for w, found in measured_series(phantom, scanner, day, rois, weightings, rng=rng).items()
    ]


def measured_series(
    phantom: Phantom,
    scanner: Scanner,
    day: Day,
    rois: Sequence[Roi],
    weightings: Sequence[str],
    *,
    rng: np.random.Generator,
    flow: np.random.Generator | None = None,
) -> dict[str, dict[str, Measurement]]:
    """What the ROIs of one reading measure on each series of a machine, without a picture being made.

    Parameters
    ----------
    phantom, scanner, day
        The body, the machine, and how the patient lies in it. A slice is averaged once for all series that share its
        thickness.
    rois : sequence of Roi
        One of them CSF, in whose plane all are measured.
    weightings : sequence of str
        Which series.
    rng, flow : numpy.random.Generator
        Source of noise, and of flow; the same unless said.

    Returns
    -------
    dict
        By weighting and label.
    """
    at = next(roi for roi in rois if roi.label == CSF)
    slabs: dict[tuple[float | None, ...], Any] = {}
    found: dict[str, dict[str, Measurement]] = {}
    for protocol in map(scanner.protocol, weightings):
        shared = (protocol.fov_mm, protocol.slices, protocol.thickness_mm, protocol.gap_mm, protocol.saturation_band_mm)
        if shared not in slabs:
            index, center_mm = day.slice_with(at, phantom, protocol), day.center_mm(phantom)
            slabs[shared] = slab_at(phantom, protocol, index=index, rng=flow or rng, center_mm=center_mm)
        found[protocol.weighting] = measured_rois(slabs[shared], rois, scanner, protocol, rng=rng)
    return found
