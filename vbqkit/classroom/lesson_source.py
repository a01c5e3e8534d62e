"""A lesson's notebook: the one source of slides, handout and nbgrader's assignment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError
from vbqkit.exercises.course import lessons


def lesson_path(lesson: str, notebooks: Path = Path("notebooks")) -> Path:
    """The notebook of a lesson.

    Parameters
    ----------
    lesson : str
        Number, such as ``"20"``, or the path of a notebook.
    notebooks : Path
        Folder of the lessons.

    Raises
    ------
    FormatError
        If there is none; the message says where it looked.
    """
    named = Path(lesson)
    path = named if named.suffix == ".ipynb" else next(iter(sorted(notebooks.glob(f"{lesson}_*.ipynb"))), None)
    if path is None or not path.is_file():
        raise FormatError(
            f"There is no lesson '{lesson}' in '{notebooks.absolute()}'. Give the number of a lesson, or its notebook; --notebooks says "
            "where they are."
        )
    return path


def read_lesson(path: Path) -> dict[str, Any]:
    """A notebook as JSON, each cell's source as one text.

    Raises
    ------
    FormatError
        If it is not a notebook.
    """
    try:
        notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"'{path}' is not a notebook that can be read. Restore it.") from error
    return notebook


def lesson_number(path: Path) -> str | None:
    """Number of the lesson whose notebook this is; None if it is none of the course's."""
    return next((one.number for one in lessons() if one.file_name == path.name), None)


def lesson_paths(notebooks: Path) -> list[tuple[str, Path]]:
    """Number and notebook of every lesson in a folder, in the order of the course.

    Raises
    ------
    FormatError
        If it holds none.
    """
    found = [(one.number, notebooks / one.file_name) for one in lessons() if (notebooks / one.file_name).is_file()]
    if not found:
        raise FormatError(f"There is no lesson in '{notebooks.absolute()}'. Say where they are: --notebooks DIR.")
    return found
