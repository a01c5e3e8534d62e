"""A lesson on paper, run first for its pictures."""

from __future__ import annotations

from pathlib import Path

from vbqkit.classroom.handout import handout_pdf
from vbqkit.errors import FormatError
from vbqkit.teacher.running import read_lesson_to_show


def write_handout(lesson: str, out: str | Path, *, notebooks: str | Path = "notebooks", run: bool = True) -> Path:
    """Write a handout of a lesson: a PDF on A4, with boxes to tick and without answers.

    Parameters
    ----------
    lesson : str
        Its number, or its notebook.
    out : path-like
        Where to.
    notebooks : path-like
        Folder of the lessons.
    run : bool
        Run the lesson, so that its slices and tables are printed; takes about a minute. Else words and questions only.

    Raises
    ------
    FormatError
        If there is no such lesson, or the file cannot be written.
    VbqkitError
        If the lesson cannot be run.
    """
    path, notebook = read_lesson_to_show(lesson, notebooks, run=run)
    content, out = handout_pdf(notebook, home=path.parent, title=path.stem), Path(out)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise FormatError(f"'{out}' cannot be written: {error.strerror}. Choose another folder.") from error
    return out
