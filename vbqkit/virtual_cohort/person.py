"""One virtual patient of a cohort: the truth, DEXA and CT, and what every reader measures on every scanner and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.patients import BMD_G_CM2, VirtualPatient
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.wear import draw_wear
from vbqkit.errors import RoiError
from vbqkit.roi import Measurement, Roi
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.visit import Day, draw_day
from vbqkit.validation.quick_cohort import drawn_person, measured_series
from vbqkit.validation.study_groups import one_fracture
from vbqkit.virtual_cohort.design import CohortDesign
from vbqkit.virtual_cohort.further_places import further_places

Measured = dict[str, dict[str, Measurement]]

DEXA_CV_PERCENT = 1.9
"""Precision error of lumbar DEXA, %: the largest that the ISCD accepts of a technologist (Shepherd et al., J Clin
Densitom 2006;9:31-36, official positions of 2005)."""

CT_CV_PERCENT = 2.4
"""Precision error of HU and QCT of one CT, %: what the six women with good reproducibility stayed below over two years
(J Comput Assist Tomogr 1993;17:915-921, doi:10.1097/00004728-199311000-00012). That HU errs as QCT does: model
assumption."""

QCT_OSTEOPOROSIS_MG_CM3, T_OSTEOPOROSIS = 80.0, -2.5
"""Below and at or below which it is osteoporosis: ACR 2018, WHO 1994."""


@dataclass(frozen=True, slots=True)
class CohortReading:
    """What one reader measured on one scanner on one day, by weighting and label."""

    scanner: str
    day: int
    reader: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class Person:
    """One virtual patient: what is true and was measured by DEXA and CT, as one row, and the readings."""

    number: int
    row: dict[str, Any]
    readings: tuple[CohortReading, ...]


def simulate_person(task: tuple[CohortDesign, int]) -> Person:
    """Patient `number` of a cohort, the same in every process and with or without the others."""
    design, number = task
    who = {"age_range": design.ages, "sex": design.sex, "fractured": design.fractured}
    patient, phantom = drawn_person(design.chance(number, 0), findings=_spine, **who)
    return Person(number, _row(patient, number, design.chance(number, 1)), tuple(_readings(design, number, phantom)))


def _spine(patient: VirtualPatient, rng: np.random.Generator) -> Sequence[Finding]:
    """Wear, and in a fractured person an old fracture: prevalent deformities are not acute."""
    return one_fracture(patient, rng, acute=False) if patient.fractured else draw_wear(patient, rng)


def _row(patient: VirtualPatient, number: int, rng: np.random.Generator) -> dict[str, Any]:
    """Truth as drawn, and DEXA and CT with an error of the visit."""
    of_dexa, of_ct = 1.0 + np.array([DEXA_CV_PERCENT, CT_CV_PERCENT]) / 100.0 * rng.standard_normal(2)
    young, spread = (values[0] for values in BMD_G_CM2[patient.sex])
    bmd, hu, qct = patient.bmd_g_cm2 * of_dexa, patient.hu * of_ct, patient.qct_mg_cm3 * of_ct
    t_score = round(float((bmd - young) / spread), 2)
    qct = round(float(qct), 1)
    return {
        "id": f"V{number + 1:05d}",
        "age_years": patient.age,
        "sex": patient.sex,
        "bmi_kg_m2": patient.bmi,
        "pdff_percent": round(100.0 * float(np.mean(patient.pdff)), 2),
        "tbs": patient.tbs,
        "true_bmd_g_cm2": patient.bmd_g_cm2,
        "true_t_score": patient.t_score,
        "true_hu": patient.hu,
        "true_qct_mg_cm3": patient.qct_mg_cm3,
        "bmd_g_cm2": round(float(bmd), 3),
        "t_score": t_score,
        "hu": round(float(hu), 1),
        "qct_mg_cm3": qct,
        "osteoporosis_dexa": int(t_score <= T_OSTEOPOROSIS),
        "osteoporosis_qct": int(qct < QCT_OSTEOPOROSIS_MG_CM3),
        "fracture": int(patient.fractured),
    }


def _readings(design: CohortDesign, number: int, phantom: Phantom) -> list[CohortReading]:
    found = []
    counted = [reader.count(design.chance(number, 7, k)) for k, reader in enumerate(design.readers)]
    for scanner in design.scanners:
        first = scanner.protocols[0]
        for visit in range(1, design.days + 1):
            at = (scanner.name, visit)
            day = draw_day(design.chance(number, 2, *at), first)
            slices = day.slices_x_mm(phantom, first)
            placed = [
                _placed(design, k, phantom, slices, design.chance(number, 3, *at, k), counted[k])
                for k in range(len(design.readers))
            ]
            if design.pictures:
                measured = _on_pictures(design, phantom, scanner, day, placed, design.chance(number, 4, *at))
            else:
                measured = [
                    measured_series(
                        phantom,
                        scanner,
                        day,
                        rois,
                        design.weightings,
                        rng=design.chance(number, 5, *at, k),
                        flow=design.chance(number, 6, *at),
                    )
                    for k, rois in enumerate(placed)
                ]
            found += [CohortReading(scanner.name, visit, k, one) for k, one in enumerate(measured, start=1)]
    return found


def _placed(
    design: CohortDesign,
    number: int,
    phantom: Phantom,
    slices_x_mm: Sequence[float],
    rng: np.random.Generator,
    counted: int,
) -> tuple[Roi, ...]:
    reader = design.readers[number]
    # who leaves a fractured level out has looked twice at which level it is
    off = 0 if any(isinstance(finding, Fracture) for finding in phantom.findings) else counted
    rois = reader.place(phantom, rng=rng, slices_x_mm=slices_x_mm, counted=off)
    return (*rois, *further_places(phantom, rois, design.further, reader=reader, rng=rng))


def _on_pictures(
    design: CohortDesign,
    phantom: Phantom,
    scanner: Scanner,
    day: Day,
    placed: Sequence[tuple[Roi, ...]],
    rng: np.random.Generator,
) -> list[Measured]:
    """Every reader on the same pictures, of which the slices with ROIs are made."""
    around = [roi for rois in placed for roi in rois]
    study = day.scan(phantom, scanner, rng=rng, weightings=design.weightings, around=around)
    found: list[Measured] = [{} for _ in placed]
    for series in study:
        volume = series.volume()
        for of_reader, rois in zip(found, placed, strict=True):
            table = of_reader.setdefault(volume.acquisition.weighting, {})
            for roi in rois:
                try:
                    table[roi.label] = roi.measure(volume)
                except RoiError:  # beyond the picture: not measured, as where no picture is made
                    continue
    return found
