"""The lessons as assignments of nbgrader: its metadata (schema version 3), and one cell that gives the points.

A student's hand-in lies beside the notebook and is submitted with it. The last cell, which nbgrader runs on the
teacher's side, grades it again and shows a number, which nbgrader takes as the points.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from vbqkit.classroom.assignments import RECORDED, assigned_to, questions_of
from vbqkit.classroom.collecting import Collected, collect_hand_ins
from vbqkit.classroom.grading import grade_class
from vbqkit.classroom.lesson_source import lesson_paths, read_lesson
from vbqkit.errors import FormatError
from vbqkit.exercises.student import UNNUMBERED

SCHEMA_VERSION = 3
_DATA = re.compile(r"\.\./sample_data/")
_NAMED = re.compile(r"\b(case\d\d|reference_women\.csv)\b")
_PICTURE = re.compile(r"(!\[[^\]]*\]\()([^)]+)\)")


def possible_points(lesson: str) -> int:
    """Points of a lesson: one a question and one a placement.

    Examples
    --------
    >>> possible_points("20")
    5
    """
    return len(questions_of(lesson)) + len(assigned_to(UNNUMBERED, lesson)) + len(RECORDED.get(lesson, ()))


def points_handed_in(lesson: str, folder: str | Path = ".") -> float:
    """Points of the hand-in of a lesson in a folder, the latest if there are several; 0 without one.

    Parameters
    ----------
    lesson : str
        Its number.
    folder : path-like
        Where the hand-in lies: for nbgrader, beside the notebook.
    """
    collected = collect_hand_ins([folder])
    of_lesson = [found for found in collected.counted if found.hand_in.lesson == lesson]
    if not of_lesson:
        return 0.0
    latest = max(of_lesson, key=lambda found: found.hand_in.made_at)
    row = grade_class(Collected((latest,), (), 0), processes=1).grades.iloc[0]
    return float(row["questions_right"] + row["placements_passed"])


def write_nbgrader(folder: str | Path, *, notebooks: str | Path = "notebooks") -> list[dict[str, Any]]:
    """Write every lesson as an assignment: ``FOLDER/source/lesson_20/20_placing_rois.ipynb``.

    Sample patients and pictures that a lesson uses are copied beside it, so that it runs wherever nbgrader puts it.

    Parameters
    ----------
    folder : path-like
        Of the nbgrader course; made if it is not there.
    notebooks : path-like
        Folder of the lessons; `sample_data` lies beside it.

    Returns
    -------
    list of dict
        lesson, assignment, points, file.

    Raises
    ------
    FormatError
        If a lesson cannot be read, or nothing can be written.
    """
    rows = []
    notebooks = Path(notebooks)
    for number, path in lesson_paths(notebooks):
        target = Path(folder) / "source" / f"lesson_{number}"
        notebook = read_lesson(path)
        try:
            target.mkdir(parents=True, exist_ok=True)
            _bring_along(notebook, path.parent, target)
            marked = with_nbgrader_marks(notebook, number)
            (target / path.name).write_text(json.dumps(marked, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise FormatError(f"'{target}' cannot be written: {error.strerror}. Choose another folder.") from error
        points = possible_points(number)
        rows.append({"lesson": number, "assignment": target.name, "points": points, "file": str(target / path.name)})
    return rows


def with_nbgrader_marks(notebook: dict[str, Any], lesson: str) -> dict[str, Any]:
    """A notebook with nbgrader's metadata: code is locked but for the student's own; the last cell grades."""
    cells = [
        cell | {"metadata": cell["metadata"] | {"nbgrader": _mark(f"cell-{k:03d}")}} if _is_locked(cell) else cell
        for k, cell in enumerate(notebook["cells"])
    ]
    if not any("hand_in_button" in cell["source"] for cell in cells):
        cells.append(_code("hand-in", f'from vbqkit.lessons import hand_in_button\n\nhand_in_button("{lesson}")'))
    points = _code(
        f"points-{lesson}",
        f'from vbqkit.classroom import points_handed_in\n\npoints_handed_in("{lesson}")',
        points=possible_points(lesson),
    )
    return notebook | {"cells": [*cells, points]}


def _is_locked(cell: dict[str, Any]) -> bool:
    return cell["cell_type"] == "code" and "yours" not in cell["metadata"].get("tags", [])


def _mark(grade_id: str, *, points: int | None = None) -> dict[str, Any]:
    graded = {} if points is None else {"points": points}
    mark = {
        "schema_version": SCHEMA_VERSION,
        "grade": points is not None,
        "locked": True,
        "solution": False,
        "task": False,
    }
    return mark | {"grade_id": grade_id} | graded


def _code(name: str, source: str, *, points: int | None = None) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {"jupyter": {"source_hidden": True}, "nbgrader": _mark(name, points=points)},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def _bring_along(notebook: dict[str, Any], home: Path, target: Path) -> None:
    """Copy what a lesson reads to beside it, and read it from there."""
    text = "\n".join(cell["source"] for cell in notebook["cells"])
    if _DATA.search(text):
        for name in sorted({*_NAMED.findall(text)}):
            source = home.parent / "sample_data" / name
            if source.is_dir():
                shutil.copytree(source, target / "sample_data" / name, dirs_exist_ok=True)
            elif source.is_file():
                (target / "sample_data").mkdir(exist_ok=True)
                shutil.copy2(source, target / "sample_data" / name)
    for cell in notebook["cells"]:
        cell["source"] = _DATA.sub("sample_data/", cell["source"])
        for _, link in _PICTURE.findall(cell["source"]):
            if (home / link).is_file():
                shutil.copy2(home / link, target / Path(link).name)
                cell["source"] = cell["source"].replace(link, Path(link).name)
