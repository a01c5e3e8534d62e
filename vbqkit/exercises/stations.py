"""Which patients a student meets in the final: drawn from the student's number, so a teacher can draw them again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.shared_bodies import visit_of

FINAL_KINDS = ("plain", "fracture", "haemangioma", "modic", "stenosis")

_APART = 3
"""At least two other patients are read before the one that comes twice comes again."""


@dataclass(frozen=True, slots=True)
class Station:
    """One patient of a series: the title for the student, the exercise in file names, and how the case is drawn."""

    title: str
    exercise: str
    kind: str
    seed: int
    repeat_of: str = ""
    day: int = 0


def final_stations(student: str, *, earlier: bool = False) -> tuple[Station, ...]:
    """One student's patients: one of each kind, and the plain one again on another day.

    The order is drawn from the student's number. Names and numbers say nothing of what is to be seen, nor of who comes
    twice.

    Parameters
    ----------
    student : str
        Number or name.
    earlier : bool
        The patients that earlier versions drew, in the same order, so that what was read then is still graded.
    """
    seed = case_seed(student, "final")
    rng = np.random.default_rng(seed)
    places = len(FINAL_KINDS) + 1
    first = int(rng.integers(0, places - _APART))
    again = int(rng.integers(first + _APART, places))
    others = [kind for kind in FINAL_KINDS if kind != "plain"]
    rest = iter(rng.permutation(len(others)))
    stations = []
    for k in range(places):
        kind = "plain" if k in (first, again) else others[int(next(rest))]
        if earlier:
            body, day = seed + FINAL_KINDS.index(kind), int(k == again)
        else:
            body, day = visit_of(student, f"final {kind}")
            if k == again:
                _, day = visit_of(student, f"final {kind} again")
        stations.append(
            Station(
                title=f"Patient {k + 1}",
                exercise=f"final{k + 1}",
                kind=kind,
                seed=body,
                day=day,
                repeat_of=f"Patient {first + 1}" if k == again else "",
            )
        )
    return tuple(stations)
