"""How fast 200 virtual patients are measured by ROIs on three series: against the full simulation of each patient."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.reader_model import draw_reader
from vbqkit.anatomy.wear import draw_wear
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import draw_day
from vbqkit.validation.quick_cohort import measured_cohort

PATIENTS, SCANNER, CORES = 200, "generic-1.5t", 2
LIMIT_S = 60.0
FULL = 4
"""Patients that are simulated in full, to say how long all would take."""


def full_simulation(number: int) -> list[dict[str, float]]:
    """One patient as pictures: the whole body, every slice of every series, and the same ROIs measured on them."""
    rng, scanner = np.random.default_rng([1, number]), scanner_named(SCANNER)
    (patient,) = draw_patients(1, rng=rng, own_times=True)
    body = make_phantom(patient, seed=int(rng.integers(2**31)), findings=draw_wear(patient, rng))
    first = scanner.protocols[0]
    day = draw_day(rng, first)
    rois = draw_reader(np.random.default_rng(1)).place(body, rng=rng, slices_x_mm=day.slices_x_mm(body, first))
    wanted = [roi for roi in rois if roi.label in (*SCORED_LEVELS, CSF)]
    study = day.scan(body, scanner, rng=rng)
    return [{roi.label: roi.measure(series.volume()).mean for roi in wanted} for series in study]


def timed(work: Callable[[], Any]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(patients: int = PATIENTS, full: int = FULL, cores: int = CORES) -> dict[str, float]:
    """Seconds for each patient, both ways in the same run on the same cores."""
    with ProcessPoolExecutor(max_workers=cores) as pool:
        spread: Callable[..., Iterable[Any]] = partial(pool.map, chunksize=5)
        list(pool.map(full_simulation, range(cores)))  # imports and matrices, as they stand ready for the others
        quick = timed(lambda: measured_cohort(patients, SCANNER, seed=1, spread=spread))
        slow = timed(lambda: list(pool.map(full_simulation, range(full))))
    return {"ROIs": quick / patients, "full simulation": slow / full}


def main() -> None:
    seconds = measure()
    total = PATIENTS * seconds["ROIs"]
    print(f"{PATIENTS} patients x 3 series ({SCANNER}) measured by ROIs, on {CORES} cores")
    print(f"  {total:6.1f} s, limit {LIMIT_S:g} s: {'within' if total <= LIMIT_S else 'MISSED'}")
    ratio = seconds["ROIs"] / seconds["full simulation"]
    print(
        f"  with the full simulation of each patient {PATIENTS * seconds['full simulation']:.0f} s (from {FULL}): "
        f"{ratio:.3f} x"
    )


if __name__ == "__main__":
    main()
