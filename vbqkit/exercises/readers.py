"""Readers who place ROIs again, and readers who place the same ROIs: the tables that ICC and Bland-Altman need."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import Reader
from vbqkit.errors import Caution, FormatError, ScoreError, VbqkitError
from vbqkit.exercises.cases import TeachingCase, draw_body, scan_body, truth_of
from vbqkit.exercises.placement import PlacementGrade, check_placements
from vbqkit.exercises.reading_file import ENDING, PATTERN, ReadingFile
from vbqkit.formats.rois import read_rois
from vbqkit.roi import Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scores.case import score_value
from vbqkit.scores.registry import score_definition

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

READER_CASES = (("plain", 701), ("young", 702), ("plain", 705), ("plain", 702), ("plain", 703))
"""Kind and seed of the patients of lesson 70: the same for everyone, so that readers can be compared, and as different
as patients are. An ICC of patients who are all alike says nothing of the readers."""

REFERENCE = "reference"
"""Name and exercise of the reader who placed the reference ROIs."""

SCORE = "VBQ-T1"

COLUMNS = ("reader", "exercise", "case", "value")


@lru_cache(maxsize=8)
def known_case(kind: str, seed: int, day: int = 0) -> TeachingCase:
    """A case by kind, seed and day, made once."""
    return scan_body(_known_body(kind, seed), kind=kind, day=day)


@lru_cache(maxsize=2)
def _known_body(kind: str, seed: int) -> Phantom:
    return draw_body(seed, kind=kind)


def reading_row(
    rois: Iterable[Roi],
    case: TeachingCase,
    *,
    reader: str,
    exercise: str,
    grades: Iterable[PlacementGrade] | None = None,
) -> dict[str, Any]:
    """One reading of one patient: VBQ-T1, the median of the levels over CSF.

    The patient is the unit, not the level: all levels of a reading share one CSF ROI, so they are not independent.

    Parameters
    ----------
    rois : iterable of Roi
        What was placed.
    case : TeachingCase
        The patient.
    reader, exercise : str
        Whose reading, in which exercise.
    grades : iterable of PlacementGrade, optional
        What :func:`vbqkit.exercises.check_placements` found for these ROIs, where that is known already.

    Returns
    -------
    dict
        Columns reader, exercise, case, value (ratio).

    Raises
    ------
    ScoreError
        If a ROI is missing, or lies on another level than its name says: such a reading is of something else, and two
        readers who count wrongly in the same way would agree.
    """
    rois = tuple(rois)
    grades = _grades(rois, case) if grades is None else tuple(grades)
    for code, words in (("wrong-level", "on another level than its name says"), ("missing", "missing")):
        labels = [g.label for g in grades if g.label != NOISE and any(f.code == code for f in g.faults)]
        if labels:
            raise ScoreError(
                f"The reading '{exercise}' of {case.name} by {reader} is not counted: {', '.join(labels)} "
                f"{'is' if len(labels) == 1 else 'are each'} {words}. Correct it and read again."
            )
    needed = score_definition(SCORE).labels
    used = [roi for roi in rois if roi.label in needed]
    value = score_value(case.volumes, used, SCORE, aggregate="median")
    return {"reader": reader, "exercise": exercise, "case": case.name, "value": value}


def agreement_table(readings: pd.DataFrame, *, exercise: str | None = None) -> pd.DataFrame:
    """Readings side by side, as ICC and Bland-Altman need them: one row a patient, one column a reader or a reading.

    Parameters
    ----------
    readings : DataFrame
        Rows of :func:`reading_row`.
    exercise : str or None
        One exercise, one column a reader (the reference reader beside them); None: one column for each reader and
        exercise. Patients that not all have read are left out.

    Raises
    ------
    VbqkitError
        If a reader has two values for one patient: they are not averaged, since the mean of two readings is more
        precise than one.
    """
    if not len(readings):
        raise VbqkitError("There is no complete reading to put side by side. Read the patients first.")
    chosen = readings if exercise is None else readings[readings["exercise"].isin((exercise, REFERENCE))]
    columns = ["reader", "exercise"] if exercise is None else ["reader"]
    double = chosen[chosen.duplicated([*columns, "case"])]
    if len(double):
        first = double.iloc[0]
        raise VbqkitError(
            f"{first['reader']} has more than one reading of {first['case']} ({first['exercise']}). They are not averaged; "
            "keep one of them."
        )
    wide = chosen.pivot_table(index="case", columns=columns, values="value", sort=False).dropna()
    if exercise is None:
        wide.columns = wide.columns.map(", ".join)
    return wide


def virtual_reader(
    case: TeachingCase, *, sd_mm: float, bias_mm: float = 0.0, sees: bool = False, rng: np.random.Generator
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
    sees : bool
        Whether this reader looks, and puts a ROI again that holds what it must not.
    rng : numpy.random.Generator
        Source of the shifts.
    """
    reader = Reader(
        marrow_sd_mm=sd_mm, csf_sd_mm=(sd_mm, sd_mm), csf_habit_mm=(bias_mm, 0.0), sees=sees
    )  # of a given care, and of no other error
    return reader.place(truth_of(case), rng=rng)


def read_class(folder: str | Path) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Caution, ...]]:
    """Read the ROI files of a class and judge every one against the truth.

    Only complete readings on the right levels enter the agreement; of the others a caution says why not.

    The files are those that the lessons write: ``student_exercise_case.vbqkit.json``. Collect them in one folder.

    Parameters
    ----------
    folder : path-like
        Where they lie; folders in it are looked through.

    Returns
    -------
    readings : DataFrame
        Rows of :func:`reading_row`, with those of the reference reader for every case (exercise ``"reference"``).
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
    references: set[str] = set()
    for path in sorted(folder.rglob(f"*{ENDING}")):
        try:
            named = ReadingFile.parse(path.name)
        except FormatError:
            text = f"'{path.name}' is not named {PATTERN} and was skipped. Rename it."
            cautions.append(Caution("class-file-name", text))
            continue
        try:
            file, case = read_rois(path), known_case(named.kind, named.seed, named.day)
            file.belongs(case.volumes["T1"])
            rois = file.rois
        except VbqkitError as error:
            cautions.append(Caution("class-file", f"'{path.name}' was skipped: {error}"))
            continue
        student, exercise = named.student, named.exercise
        grades = _grades(rois, case)
        try:
            readings.append(reading_row(rois, case, reader=student, exercise=exercise, grades=grades))
        except VbqkitError as error:
            cautions.append(Caution("class-reading", str(error)))
        if case.name not in references:
            references.add(case.name)
            readings.append(reading_row(truth_of(case).reference_rois, case, reader=REFERENCE, exercise=REFERENCE))
        placements += [
            {"student": student, "exercise": exercise, "case": case.name} | grade.as_row() for grade in grades
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
    return check_placements(rois, truth_of(case), image=case.volumes["T1"])
