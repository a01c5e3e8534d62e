"""Patches of virtual people, drawn once and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vbqkit.machine_learning.study_people import OSTEOPOROSIS_T_SCORE, patch_person

_KEPT = ("here", "elsewhere", "t_score", "qct_mg_cm3", "hu", "pdff", "age", "woman")


@dataclass(frozen=True, eq=False, slots=True)
class DrawnPatches:
    """Patches of the people of a study.

    Attributes
    ----------
    here, elsewhere : ndarray of float32, shape (people, 4, 3, 32, 32)
        L1 to L4; T1, T2, CT; on the machine of the study and on another.
    t_score, qct_mg_cm3, hu, pdff, age, woman : ndarray, shape (people,)
        The truth about each.
    """

    here: npt.NDArray[np.float32]
    elsewhere: npt.NDArray[np.float32]
    t_score: npt.NDArray[np.float64]
    qct_mg_cm3: npt.NDArray[np.float64]
    hu: npt.NDArray[np.float64]
    pdff: npt.NDArray[np.float64]
    age: npt.NDArray[np.float64]
    woman: npt.NDArray[np.float64]

    @property
    def osteoporosis(self) -> npt.NDArray[np.int64]:
        """1 where the T-score is -2.5 or lower."""
        found: npt.NDArray[np.int64] = (self.t_score <= OSTEOPOROSIS_T_SCORE).astype(np.int64)
        return found


def load_patches(count: int, cache: Path, *, progress: Callable[[int, int], None] | None = None) -> DrawnPatches:
    """Patches of the first `count` people, from the cache; those that are missing there are drawn and kept.

    Parameters
    ----------
    count : int
        How many.
    cache : Path
        Folder of ``person_NUMBER.npz`` files; made if it is not there.
    progress : callable or None
        ``progress(done, total)``.
    """
    cache.mkdir(parents=True, exist_ok=True)
    held = []
    for number in range(count):
        held.append(_cached(cache / f"person_{number}.npz", number))
        if progress is not None:
            progress(number + 1, count)
    return DrawnPatches(**{name: np.stack([person[name] for person in held]) for name in _KEPT})


def _cached(path: Path, number: int) -> dict[str, npt.NDArray[np.generic]]:
    if not path.is_file():
        person = patch_person(number)
        p = person.patient
        unfinished = path.with_suffix(f".{number}.tmp.npz")  # a file that is there is whole
        np.savez_compressed(
            unfinished,
            here=person.here,
            elsewhere=person.elsewhere,
            t_score=p.t_score,
            qct_mg_cm3=p.qct_mg_cm3,
            hu=p.hu,
            pdff=float(np.mean(p.pdff)),
            age=p.age,
            woman=float(p.sex == "F"),
        )
        unfinished.replace(path)
    with np.load(path) as file:
        return {name: file[name] for name in _KEPT}
