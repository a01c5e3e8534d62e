"""A virtual cohort to try scores on: what lesson 95 is made of."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.exercises.truth import tissue_means
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

SEED, N_PEOPLE = 95, 60
_AGES = (50.0, 80.0)
MACHINES = ("generic-1.5t", "philips-achieva-3t")
COLUMNS = (
    *("person", "age", "bmi", "t_score", "bmd_g_cm2", "qct_mg_cm3", "pdff_percent", "scanner"),
    *(*SCORED_LEVELS, CSF, "muscle", "subcutaneous_fat"),
)


def virtual_cohort() -> pd.DataFrame:
    """Sixty virtual women of 50 to 80 on two machines, one row a woman and machine. Synthetic.

    Returns
    -------
    DataFrame
        Columns person, age (years), bmi (kg/m2), t_score, bmd_g_cm2, qct_mg_cm3, pdff_percent (mean of L1-L4),
        scanner, and mean T1 signals (a.u.) of L1, L2, L3, L4 and CSF from the reference ROIs, and of muscle and
        subcutaneous fat on the same slice.
    """
    return pd.read_csv(str(files("vbqkit.exercises") / "data" / "virtual_cohort.csv"), comment="#")


def make_cohort() -> list[dict[str, Any]]:
    """Compute the table again."""
    return [row for number in range(N_PEOPLE) for row in cohort_rows(number)]


def cohort_rows(number: int) -> list[dict[str, Any]]:
    """One row a machine for woman `number`, 0 to 59."""
    people = draw_patients(N_PEOPLE, rng=np.random.default_rng(SEED), sex="F", age_range=_AGES, fractured=False)
    patient = people[number]
    phantom = make_phantom(patient, seed=SEED * 1000 + number, width_mm=15.4)
    rois = {roi.label: roi for roi in phantom.reference_rois}
    person = {
        "person": f"P{number + 1:02d}",
        "age": round(patient.age),
        "bmi": round(patient.bmi, 1),
        "t_score": round(patient.t_score, 2),
        "bmd_g_cm2": round(patient.bmd_g_cm2, 3),
        "qct_mg_cm3": round(patient.qct_mg_cm3, 1),
        "pdff_percent": round(100 * float(np.mean(patient.pdff)), 1),
    }
    rows: list[dict[str, Any]] = []
    for machine in MACHINES:
        scanner = scanner_named(machine)
        middle = scanner.protocol("T1").slices // 2
        volume = acquire(phantom, scanner, "T1", rng=np.random.default_rng([SEED, number]), slices=[middle])
        signal = {k: round(rois[k].measure(volume).mean, 1) for k in (*SCORED_LEVELS, CSF)}
        other = tissue_means(phantom, volume.slice(0), ("muscle", "subcutaneous_fat"))
        rows.append(person | {"scanner": machine} | signal | {name: round(v, 1) for name, v in other.items()})
    return rows
