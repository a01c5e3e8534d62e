"""Readers who place ROIs again, and readers who place the same ROIs: the tables that ICC and Bland-Altman need."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.reader_model import Reader
from vbqkit.errors import Caution, FormatError, RoiError, ScoreError, VbqkitError
from vbqkit.exercises.cases import TeachingCase, make_case
from vbqkit.exercises.placement import PlacementGrade, check_placements
from vbqkit.exercises.reading_file import ENDING, PATTERN, ReadingFile
from vbqkit.formats.rois import read_rois
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores.marrow_to_csf import segmental_vbq

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

READER_SEEDS = (701, 702, 703)
"""Seeds of the cases of lesson 70: the same for everyone, so that readers can be compared."""

COLUMNS = ("reader", "exercise", "case", "level", "subject", "value")


@lru_cache(maxsize=8)
def known_case(kind: str, seed: int, day: int = 0) -> TeachingCase:
    """A case by kind, seed and day, made once."""
    return make_case(seed, kind=kind, day=day)


def segmental_rows(rois: Iterable[Roi], case: TeachingCase, *, reader: str, exercise: str) -> list[dict[str, Any]]:
    """Segmental VBQ-T1, level signal over CSF signal, one row a level.

    Returns
    -------
    list of dict
        Columns reader, exercise, case, level, subject (case and level), value (ratio). Empty if the CSF ROI is missing
        or lies off the picture; a level that cannot be measured is left out.
    """
    volume = case.volumes["T1"]
    measured: dict[str, Measurement] = {}
    for roi in rois:
        try:
            measured[roi.label] = roi.measure(volume)
        except RoiError:
            continue
    if CSF not in measured:
        return []
    try:
        ratios = segmental_vbq(measured, measured[CSF], weighting="T1")
    except ScoreError:
        return []
    return [
        {
            "reader": reader,
            "exercise": exercise,
            "case": case.name,
            "level": level,
            "subject": f"{case.name} {level}",
            "value": ratios[level],
        }
        for level in SCORED_LEVELS
        if level in ratios
    ]


def virtual_reader(
    case: TeachingCase, *, sd_mm: float, bias_mm: float = 0.0, rng: np.random.Generator
) -> tuple[Roi, ...]:
    """The reference ROIs as a reader of a given care would place them: shifted at random, CSF also by habit.

    Parameters
    ----------
    case : TeachingCase
        The patient.
    sd_mm : float
        SD of the shift along each direction of the slice, mm.
    bias_mm : float
        How far this reader always places the CSF ROI too far back, mm.
    rng : numpy.random.Generator
        Source of the shifts.
    """
    reader = Reader(
        marrow_sd_mm=sd_mm, csf_sd_mm=(sd_mm, sd_mm), csf_habit_mm=(bias_mm, 0.0), sees=False
    )  # of a given care, and of no other error
    return reader.place(case.phantom, rng=rng)


def read_class(folder: str | Path) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Caution, ...]]:
    """Read the ROI files of a class and judge every one against the truth.

    The files are those that the lessons write: ``student_exercise_case.vbqkit.json``. Collect them in one folder.

    Parameters
    ----------
    folder : path-like
        Where they lie; folders in it are looked through.

    Returns
    -------
    readings : DataFrame
        Columns as in :func:`segmental_rows`, with the rows of the reference reader for every case.
    placements : DataFrame
        One row a ROI: student, exercise, case, and the columns of :func:`vbqkit.exercises.grade_table`.
    cautions : tuple of Caution
        Files that could not be read or are not named so.

    Raises
    ------
    FormatError
        If the folder does not exist or holds no ROI file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FormatError(f"There is no folder '{folder}'. Give the folder that holds the students' {ENDING} files.")
    readings: list[dict[str, Any]] = []
    placements: list[dict[str, Any]] = []
    cautions: list[Caution] = []
    references: set[tuple[str, str]] = set()
    for path in sorted(folder.rglob(f"*{ENDING}")):
        try:
            named = ReadingFile.parse(path.name)
        except FormatError:
            text = f"'{path.name}' is not named {PATTERN} and was skipped. Rename it."
            cautions.append(Caution("class-file-name", text))
            continue
        try:
            rois = tuple(read_rois(path))
            case = known_case(named.kind, named.seed, named.day)
        except VbqkitError as error:
            cautions.append(Caution("class-file", f"'{path.name}' was skipped: {error}"))
            continue
        student, exercise = named.student, named.exercise
        readings += segmental_rows(rois, case, reader=student, exercise=exercise)
        if (exercise, case.name) not in references:
            references.add((exercise, case.name))
            readings += segmental_rows(case.reference_rois, case, reader="reference", exercise=exercise)
        placements += [
            {"student": student, "exercise": exercise, "case": case.name} | grade.as_row()
            for grade in _grades(rois, case)
        ]
    if not placements:
        raise FormatError(
            f"No ROI file could be used in '{folder}'. The lessons keep them in the folder 'rois' of each student's progress folder."
            + "".join(f"\n  {caution.message}" for caution in cautions)
        )
    return pd.DataFrame(readings, columns=list(COLUMNS)), pd.DataFrame(placements), tuple(cautions)


def worst_placed(placements: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """The ROIs with the smallest share of the right tissue, worst first.

    Parameters
    ----------
    placements : DataFrame
        From :func:`read_class`.
    n : int
        How many.
    """
    columns = ["student", "exercise", "case", "label", "purity", "faults", "holds"]
    return placements.loc[~placements["passed"]].sort_values("purity")[columns].head(n).reset_index(drop=True)


def _grades(rois: tuple[Roi, ...], case: TeachingCase) -> tuple[PlacementGrade, ...]:
    return check_placements(rois, case.phantom, image=case.volumes["T1"])
