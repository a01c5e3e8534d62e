"""A virtual cohort to try scores on: what lesson 95 is made of.

As in practice, a person is more than fat and density: relaxation times, wear of the spine, the day at each machine and
the places that one reader chose differ from woman to woman.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.reader_model import draw_reader
from vbqkit.anatomy.wear import draw_wear
from vbqkit.exercises.truth import tissue_means
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import draw_day

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

SEED, N_PEOPLE = 95, 60
_AGES, _WIDTH_MM = (50.0, 80.0), 22.0  # the slices beside the middle too: a reader may choose one
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
        scanner, and mean T1 signals (a.u.) of L1, L2, L3, L4 and CSF, measured by one virtual reader, and of muscle
        and subcutaneous fat on the same slice.
    """
    return pd.read_csv(str(files("vbqkit.exercises") / "data" / "virtual_cohort.csv"), comment="#")


def make_cohort() -> list[dict[str, Any]]:
    """Compute the table again."""
    return [row for number in range(N_PEOPLE) for row in cohort_rows(number)]


def cohort_rows(number: int) -> list[dict[str, Any]]:
    """One row a machine for woman `number`, 0 to 59."""
    people = draw_patients(
        N_PEOPLE, rng=np.random.default_rng(SEED), sex="F", age_range=_AGES, fractured=False, own_times=True
    )
    patient, rng = people[number], np.random.default_rng([SEED, number])
    findings = draw_wear(patient, rng)
    phantom = make_phantom(patient, seed=SEED * 1000 + number, findings=findings, width_mm=_WIDTH_MM)
    reader = draw_reader(np.random.default_rng(SEED))  # the same for everyone
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
        protocol = scanner.protocol("T1")
        day = draw_day(rng, protocol)
        placed = reader.place(phantom, rng=rng, slices_x_mm=day.slices_x_mm(phantom, protocol))
        rois = {roi.label: roi for roi in placed}
        chosen = day.slice_with(rois[CSF], phantom, protocol)
        volume = acquire(phantom, scanner, "T1", rng=rng, slices=[chosen], center_mm=day.center_mm(phantom))
        signal = {k: round(rois[k].measure(volume).mean, 1) for k in (*SCORED_LEVELS, CSF)}
        other = tissue_means(phantom, volume.slice(0), ("muscle", "subcutaneous_fat"))
        rows.append(person | {"scanner": machine} | signal | {name: round(v, 1) for name, v in other.items()})
    return rows
