"""Virtual patients simulated and scored on three series, at 1 and 2 workers: against the full simulation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.reader_model import draw_reader
from vbqkit.anatomy.wear import draw_wear
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import draw_day
from vbqkit.virtual_cohort import simulate_cohort

PATIENTS, SCANNER, SCORES = 200, "generic-1.5t", ("VBQ-T1", "VBQ-T2", "VBQ-STIR")
AIM, LIMIT_S = 1000, 300.0
"""A thousand patients within five minutes on two cores."""
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


def measure(patients: int = PATIENTS, full: int = FULL, workers: tuple[int, ...] = (1, 2)) -> dict[str, float]:
    """Seconds a patient of each way, all in the same run; start and imports of the processes are part of each."""
    seconds = {}
    simulate_cohort(1, SCANNER, SCORES, seed=0)  # matrices of this process
    for count in workers:
        seconds[f"{count} workers"] = (
            timed(lambda count=count: simulate_cohort(patients, SCANNER, SCORES, seed=1, workers=count)) / patients
        )
    seconds["pictures, 1 worker"] = timed(lambda: simulate_cohort(full, SCANNER, SCORES, seed=1, pictures=True)) / full
    seconds["full simulation, 1 worker"] = timed(lambda: [full_simulation(k) for k in range(full)]) / full
    if max(workers) > 1:
        with ProcessPoolExecutor(max_workers=max(workers)) as pool:
            list(pool.map(full_simulation, range(max(workers))))  # imports and matrices
            seconds[f"full simulation, {max(workers)} workers"] = (
                timed(lambda: list(pool.map(full_simulation, range(full)))) / full
            )
    return seconds


def main() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    busy = os.getloadavg()[0]
    seconds = measure()
    print(f"{PATIENTS} patients x 3 series ({SCANNER}), simulated and scored; load of the machine before: {busy:.1f}")
    for name, one in seconds.items():
        kind = f"full simulation, {name.replace('1 workers', '1 worker')}"
        ratio = f", {one / seconds[kind]:.3f} x the full simulation" if kind in seconds else ""
        print(f"  {name:27} {1e3 * one:8.0f} ms a patient{ratio}")
    total = AIM * seconds["2 workers"]
    print(
        f"  {AIM} patients at 2 workers: {total:.0f} s, limit {LIMIT_S:g} s: {'within' if total <= LIMIT_S else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
