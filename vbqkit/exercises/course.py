"""The lessons of the course, and the lists of them in README, glossary and the teacher's plan.

Run it with ``make lessons`` after a lesson was added or renamed.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from vbqkit.errors import FormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One lesson, as ``data/lessons.toml`` describes it.

    Attributes
    ----------
    number : str
        Such as ``"20"``: the notebook's name begins with it, and so do the names of its questions.
    notebook : str
        Name of the notebook without its ending.
    title, goal : str
        What it is about, and what a student can do afterwards.
    minutes : int
        How long it takes.
    checked_by : str
        How a teacher sees that the goal is reached.
    without_check : tuple of str
        Sections that end without a check.
    """

    number: str
    notebook: str
    title: str
    goal: str
    minutes: int
    checked_by: str
    without_check: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Name of the notebook."""
        return f"{self.notebook}.ipynb"


@cache
def lessons() -> tuple[Lesson, ...]:
    """Every lesson, in the order of the course.

    Examples
    --------
    >>> lessons()[0].file_name
    '00_start_here.ipynb'
    """
    text = (files("vbqkit.exercises") / "data" / "lessons.toml").read_text(encoding="utf-8")
    return tuple(
        Lesson(number=number, **(entry | {"without_check": tuple(entry.get("without_check", ()))}))
        for number, entry in tomllib.loads(text).items()
    )


def _for_readers(found: Sequence[Lesson]) -> str:
    rows = [f"| [{x.number}](notebooks/{x.file_name}) {x.title} | {x.goal} |" for x in found]
    return "\n".join(["| lesson | what you can do afterwards |", "|---|---|", *rows])


def _for_teachers(found: Sequence[Lesson]) -> str:
    rows = [f"| [{x.number}](../notebooks/{x.file_name}) | {x.goal} | {x.minutes} | {x.checked_by} |" for x in found]
    return "\n".join(["| lesson | the student can | minutes | checked by |", "|---|---|---|---|", *rows])


def _in_a_line(found: Sequence[Lesson]) -> str:
    return "**Lessons:** " + " · ".join(f"[{x.number}]({x.file_name}) {x.title}" for x in found)


_TABLE = r"\| lesson \| {}.*(?:\n\|.*)+"
_LISTS: dict[str, tuple[str, Callable[[Sequence[Lesson]], str]]] = {
    "README.md": (_TABLE.format("what you can do"), _for_readers),
    "teacher/plan.ipynb": (_TABLE.format("the student can"), _for_teachers),
    "notebooks/glossary.ipynb": (r"\*\*Lessons:\*\* .*", _in_a_line),
}
"""File, how its list begins and goes on, and what writes it."""


def with_lists(root: Path, *, found: Sequence[Lesson] | None = None) -> dict[Path, str]:
    """Each file that lists the lessons, as it should be.

    Parameters
    ----------
    root : Path
        Folder of the repository.
    found : sequence of Lesson, optional
        Instead of those of the course.

    Raises
    ------
    FormatError
        If a file has no list of lessons, or more than one.
    """
    texts = {}
    for name, (pattern, write) in _LISTS.items():
        path = root / name
        text = path.read_text(encoding="utf-8")
        new = write(lessons() if found is None else found).replace("\\", r"\\")
        if path.suffix == ".md":
            text, n = re.subn(pattern, new, text)
        else:
            notebook, n = json.loads(text), 0
            for cell in notebook["cells"]:
                source, k = re.subn(pattern, new, "".join(cell["source"]))
                n += k
                cell["source"] = source.splitlines(keepends=True) if k else cell["source"]
            text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        if n != 1:
            raise FormatError(
                f"'{path}' has {n} lists of the lessons; one was expected. Put back the line it begins with."
            )
        texts[path] = text
    return texts


if __name__ == "__main__":
    for path, text in with_lists(Path(sys.argv[1])).items():
        path.write_text(text, encoding="utf-8")
