"""The lessons have one list: what README, glossary, plan, start pages and tests say of them comes from it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.errors import FormatError
from vbqkit.exercises import choices, lessons
from vbqkit.exercises.course import with_lists
from vbqkit.exercises.questions import NUMBERS
from vbqkit.exercises.report_card import ADVICE

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
NUMBERED = {lesson.number for lesson in lessons()}
by_number = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)


def text_of(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


NO_LESSON = {"90_your_own_case.ipynb"}
"""What a clinician works with; it teaches and checks nothing."""


def test_each_lesson_is_a_notebook_and_each_numbered_notebook_a_lesson():
    numbered = {path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
    assert numbered >= NO_LESSON
    assert [lesson.file_name for lesson in lessons()] == sorted(numbered - NO_LESSON)


@by_number
def test_a_lesson_begins_with_its_number_and_says_how_long_it_takes(lesson):
    title, times = text_of(NOTEBOOKS / lesson.file_name).splitlines()[:3:2]
    assert lesson.notebook.startswith(f"{lesson.number}_")
    assert title.startswith(f"# {lesson.number} · ")
    bold = re.match(r"\*\*(.+?)\*\*", times)
    assert bold is not None
    assert sum(map(int, re.findall(r"\d+", bold[1]))) == lesson.minutes


def test_every_list_of_the_lessons_is_up_to_date():
    stale = [str(path) for path, text in with_lists(ROOT).items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: make lessons"


def test_a_new_lesson_is_written_into_every_list(tmp_path):
    for name in ("README.md", "notebooks/glossary.ipynb", "teacher/plan.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    new = replace(lessons()[-1], number="97", notebook="97_tilted", title="tilted slices")
    for text in with_lists(tmp_path, found=(*lessons(), new)).values():
        assert "97_tilted.ipynb" in text
    (tmp_path / "README.md").write_text("No list.\n", encoding="utf-8")
    with pytest.raises(FormatError, match="has 0 lists of the lessons; one was expected"):
        with_lists(tmp_path)


def test_a_lesson_names_others_as_they_are_called():
    titles = {lesson.notebook: f"{lesson.number} {lesson.title}".lower() for lesson in lessons()}
    for lesson in lessons():
        links = re.findall(r"\[(\d\d [^\]]+)\]\((\w+)\.ipynb\)", text_of(NOTEBOOKS / lesson.file_name))
        assert [name for name, notebook in links if name.lower() != titles.get(notebook)] == [], lesson.number


def test_the_first_lesson_is_where_jupyterlab_opens():
    for name in ("Makefile", "README.md", "binder/postBuild"):
        assert f"notebooks/{lessons()[0].file_name}" in (ROOT / name).read_text(encoding="utf-8"), name


def test_questions_and_advice_belong_to_a_lesson():
    assert {name.split("-")[0] for name in (*choices(), *NUMBERS)} <= NUMBERED
    assert {lesson for _, lesson in ADVICE.values()} <= NUMBERED
    assert {tissue.lesson for finding in FINDINGS for tissue in finding.tissues} <= NUMBERED


@by_number
def test_a_lesson_is_walked_in_a_browser(lesson):
    walked = (ROOT / "tests" / "browser" / "test_lessons.py").read_text(encoding="utf-8")
    assert f"def test_lesson_{lesson.number}_" in walked
