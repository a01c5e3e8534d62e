"""How many virtual readers pass a placement of lessons 20, 25 and 80: careful, careless, and with one fault each.

The table of ``docs/how_to/a_class.md``. Every body that a student may meet in them, on four days, judged as a class is:
about half a minute of processor time a body.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import numpy as np

from vbqkit.classroom.assignments import DRAWN
from vbqkit.classroom.judging import Job, judge_all
from vbqkit.classroom.virtual_class import as_file
from vbqkit.exercises.cases import DAYS_IN_ONE_PLACE, TeachingCase, truth_of
from vbqkit.exercises.placement import WHOLE_CASE
from vbqkit.exercises.readers import known_case, virtual_reader
from vbqkit.exercises.shared_bodies import BODIES, body_seed
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SPINE_LEVELS
from vbqkit.stats.confidence_intervals import proportion_interval

DAYS, CAREFUL, CARELESS = 4, 4, 6
"""Days of each body, and readings of each day."""

_FOUR_PIXELS, _THREE_CM2, _TWO_LEVELS_DOWN_MM = 0.22, math.sqrt(3.0 / 0.40), -68.0

FAULTS: dict[str, Callable[[Roi, float], Roi | None]] = {
    "four pixels": lambda roi, _: roi.scaled(_FOUR_PIXELS),
    "3 cm2": lambda roi, _: roi.scaled(_THREE_CM2) if roi.label in SPINE_LEVELS else roi,
    "CSF beside L5/S1": lambda roi, _: roi.moved((0.0, 0.0, _TWO_LEVELS_DOWN_MM)) if roi.label == CSF else roi,
    "all levels one slice off": lambda roi, step: roi.moved((step, 0.0, 0.0)) if roi.label in SPINE_LEVELS else roi,
    "a ROI missing": lambda roi, _: None if roi.label == "L2" else roi,
    "noise of four pixels": lambda roi, _: roi.scaled(_FOUR_PIXELS) if roi.label == NOISE else roi,
}
"""What is done to each of some ROIs that are faultless otherwise, given the distance between slices (mm)."""


def with_fault(case: TeachingCase, fault: Callable[[Roi, float], Roi | None]) -> list[Roi]:
    """The reference ROIs of a patient, with a fault."""
    step = float(case.volumes["T1"].spacing_mm[0])
    honest = [roi for roi in truth_of(case).reference_rois if roi.label in WHOLE_CASE]
    return [changed for roi in honest if (changed := fault(roi, step)) is not None]


def readings_of(
    case: TeachingCase, rng: np.random.Generator, *, careful: int, careless: int
) -> dict[str, list[Sequence[Roi]]]:
    """The ROIs of every reading of one patient on one day, by group of readers."""
    return {
        "careful": [virtual_reader(case, sd_mm=1.0, sees=True, rng=rng) for _ in range(careful)],
        "careless": [virtual_reader(case, sd_mm=4.0, rng=rng) for _ in range(careless)],
        "fault": [with_fault(case, fault) for fault in FAULTS.values()],
    }


def count_passes(
    bodies: Sequence[tuple[str, int]], *, days: int = DAYS, careful: int = CAREFUL, careless: int = CARELESS
) -> dict[str, tuple[int, int]]:
    """Readings that pass, and all, of each group of readers: ``careful``, ``careless``, ``fault``.

    Parameters
    ----------
    bodies : sequence of (str, int)
        Kind and seed.
    days, careful, careless : int
        Days of each body, and readers of each kind on each day.
    """
    jobs = []
    for kind, seed in bodies:
        rng, of_days = np.random.default_rng([seed, 7]), []
        for day in range(DAYS_IN_ONE_PLACE, DAYS_IN_ONE_PLACE + days):
            case = known_case(kind, seed, day)
            read = readings_of(case, rng, careful=careful, careless=careless)
            files = [(group, json.dumps(as_file(rois, case))) for group, many in read.items() for rois in many]
            of_days.append((day, tuple(("", group, "", file) for group, file in files)))
        jobs.append(Job(kind, seed, tuple(of_days), with_result=True))
    counts: dict[str, tuple[int, int]] = {}
    for one in judge_all(jobs):
        passed, every = counts.get(one.student, (0, 0))
        counts[one.student] = (passed + one.passed, every + 1)
    return counts


def main() -> None:
    bodies = [
        (kind, body_seed(k, asked)) for drawn in DRAWN.values() for _, kind, asked in drawn for k in range(BODIES)
    ]
    print(f"Placements that pass, {len(bodies)} bodies on {DAYS} days each (exact 95 % intervals)")
    for group, (passed, every) in count_passes(bodies).items():
        interval = proportion_interval(passed, every, confidence=0.95, method="clopper-pearson")
        rates = " to ".join(f"{100 * x:.1f}" for x in interval)
        print(f"  {group:10s} {passed} of {every}: {100 * passed / every:.1f} % ({rates})")


if __name__ == "__main__":
    main()
