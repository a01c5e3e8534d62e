"""Run a lesson where nobody sits: for its pictures in slides and handouts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from vbqkit.classroom.lesson_source import lesson_path
from vbqkit.errors import VbqkitError, shown
from vbqkit.exercises.progress import STATE_VARIABLE

_SECONDS = 600
"""A cell that takes longer is stopped."""


def read_lesson_to_show(lesson: str, notebooks: str | Path, *, run: bool) -> tuple[Path, Any]:
    """Where a lesson lies, and its notebook: with its outputs if it is to `run`.

    Raises
    ------
    FormatError
        If there is no such lesson.
    VbqkitError
        If a cell fails.
    """
    path = lesson_path(lesson, Path(notebooks))
    notebook = nbformat.read(path, as_version=4)
    if run:
        run_lesson(notebook, path)
    return path, notebook


def run_lesson(notebook: Any, path: Path) -> None:
    """Run every cell; the outputs are in the notebook afterwards. Progress is kept in a folder that goes away.

    Parameters
    ----------
    notebook : NotebookNode
        As nbformat reads it.
    path : Path
        Where it lies: relative names in it are looked up from there.

    Raises
    ------
    VbqkitError
        If a cell fails.
    """
    with tempfile.TemporaryDirectory() as state, _environment(STATE_VARIABLE, state):
        client = NotebookClient(
            notebook, timeout=_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        )
        try:
            client.execute()
        except Exception as error:  # whatever a cell of the lesson raises, and a kernel that ends
            raise VbqkitError(
                f"The lesson '{path.name}' could not be run ({type(error).__name__}: {shown(error)}). Run it in JupyterLab to see where it "
                "stops, or give --no-run for slides of its words."
            ) from error


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name)
        else:
            os.environ[name] = before
