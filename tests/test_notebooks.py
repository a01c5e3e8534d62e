"""Every notebook is executed from top to bottom; a cell tagged ``must-fail`` must fail, no other may."""

import json
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.notebook_claims import CLAIMS
from vbqkit.exercises import lessons

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted(
    p
    for room in ("notebooks", "teacher")
    for p in (ROOT / room).rglob("*.ipynb")
    if ".ipynb_checkpoints" not in p.parts
)
MAX_LINES_IN_A_CELL = 25
MAX_MEMORY_MIB = 1536
PEAK_MEMORY = """
import sys
if sys.platform == "win32":
    print(0)
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024))
"""
PRESS_EVERY_BEGINNING = """
from ipywidgets.widgets import widget
for waiting in list(widget._instances.values()):
    if "vbq-beginning" in getattr(waiting, "_dom_classes", ()):
        waiting.begin()
        assert waiting.exercise is not None, waiting.children[0].children[1].value
"""

by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: str(p.relative_to(ROOT)))


def test_there_are_notebooks():
    assert (ROOT / "notebooks" / "00_start_here.ipynb") in NOTEBOOKS


def test_every_claim_belongs_to_a_lesson():
    assert set(CLAIMS) <= {path.stem for path in NOTEBOOKS}


@pytest.mark.notebook
@by_name
def test_it_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))  # what a lesson saves does not land in the checkout
    notebook = nbformat.read(path, as_version=4)
    must_fail = [i for i, cell in enumerate(notebook.cells) if "must-fail" in cell.metadata.get("tags", [])]
    for i in must_fail:
        notebook.cells[i].metadata.setdefault("tags", []).append("raises-exception")
    client = nbclient.NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    waits = any("begin(" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    if waits:  # what is made on demand runs too
        notebook.cells.append(nbformat.v4.new_code_cell(PRESS_EVERY_BEGINNING))
    if path.stem in CLAIMS:
        notebook.cells.append(nbformat.v4.new_code_cell(CLAIMS[path.stem]))
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    client.execute()
    (told,) = (output.text for output in notebook.cells.pop().outputs if output.output_type == "stream")
    assert float(told) < MAX_MEMORY_MIB, "Binder gives 2 GB for everything"
    for i in must_fail:
        kinds = [output.output_type for output in notebook.cells[i].outputs]
        assert "error" in kinds, f"cell {i} is tagged must-fail and did not fail"
    assert sum(cell.cell_type == "code" for cell in notebook.cells) > 0


@by_name
def test_it_is_thin_and_says_what_it_is_for(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    first = "".join(notebook["cells"][0]["source"])
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert first.startswith("# ")
    assert "minutes" in first, "the first cell says how long it takes"
    everything = "".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "does not diagnose" in everything
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            assert "sys.path" not in source
            assert "%run" not in source
            assert len(source.splitlines()) <= MAX_LINES_IN_A_CELL, source


LESSONS = {ROOT / "notebooks" / lesson.file_name: lesson for lesson in lessons()}
CHECK = re.compile(r"\bask\(|PlacingExercise\(|check_score_button\(|read_twice\(|final_exam\(")


def sections(path):
    """Title and cells of each section of a lesson, without what stands before the first and after the last step."""
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            found += [(line, []) for line in source.splitlines() if line.startswith("## ")]
        if found and cell["cell_type"] == "code":
            found[-1][1].append(source)
    return [(title, cells) for title, cells in found if not title.startswith(("## Summary", "## What to remember"))]


@pytest.mark.parametrize(("path", "lesson"), LESSONS.items(), ids=lambda value: getattr(value, "stem", ""))
def test_each_step_of_a_lesson_ends_with_a_check(path, lesson):
    without = {title for title, cells in sections(path) if not any(CHECK.search(source) for source in cells)}
    assert without == {f"## {title}" for title in lesson.without_check}


def test_each_question_is_asked_in_its_lesson_and_each_that_is_asked_exists():
    from vbqkit.exercises.questions import NUMBERS, choices

    asked = [
        (name, path.stem[:2])
        for path in LESSONS
        for name in re.findall(r"\bask\(\\\"([\w-]+)\\\"", path.read_text(encoding="utf-8"))
    ]
    assert sorted(name for name, _ in asked) == sorted([*choices(), *NUMBERS])
    assert [name for name, lesson in asked if not name.startswith(lesson)] == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_takes_the_number_that_is_kept_for_all_and_ends_with_hand_in(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    everything = "\n".join(sources)
    assert "your_number()" in everything or "student_number()" in everything
    assert 'student = "' not in everything
    assert f'hand_in_button("{path.stem[:2]}")' in sources[-1]


@by_name
def test_pictures_have_a_text_alternative_and_the_glossary_is_one_click_away(path):
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    for source in cells:
        for name in ("show_slice", "line_chart"):
            assert source.count(f"{name}(\n") + len(re.findall(rf"\b{name}\([^\n]", source)) <= source.count("alt="), (
                source
            )
        assert not re.search(r"!\[\]", source), "an image in the text without words"
    assert path.stem == "glossary" or any("glossary.ipynb" in source for source in cells)


OPEN_CODE = {"95_invent_a_score": "its lesson is to write code", "90_your_own_case": "a tool: three calls to change"}
"""Notebooks whose code is not folded, and why."""


TO_CHANGE = re.compile(r'(\w+ = (?:"[^"\n]*"|[\d.]+)  # [^\n]+\n?)+')
"""Names with a value and what it is: all that an open cell holds, but for two calls that a student may change."""
THEIR_CALL = re.compile(r"example_readers\(\)|student_number\(\)")


def visible_code(path):
    """Code that a lesson shows although it is neither the student's to change nor folded."""
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    return [
        "".join(cell["source"])
        for cell in cells
        if not cell["metadata"].get("jupyter", {}).get("source_hidden")
        and "yours" not in cell["metadata"].get("tags", [])
    ]


@pytest.mark.parametrize("path", [p for p in LESSONS if p.stem not in OPEN_CODE], ids=lambda path: path.stem)
def test_code_that_is_not_the_lesson_is_folded(path):
    assert visible_code(path) == []
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    yours = ["".join(c["source"]) for c in cells if "yours" in c["metadata"].get("tags", [])]
    assert all(TO_CHANGE.fullmatch(source) or THEIR_CALL.search(source) for source in yours)
    assert any("ask(" in "".join(c["source"]) for c in cells) or path.stem == "99_final"


def test_code_that_is_not_folded_is_found(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("ask('20-vein')")])
    nbformat.write(notebook, tmp_path / "open.ipynb")
    assert visible_code(tmp_path / "open.ipynb") == ["ask('20-vein')"]


def test_the_first_lesson_opens_with_a_case_a_picture_and_a_question():
    first, second = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))["cells"][:2]
    (picture,) = re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)", "".join(first["source"]))
    shown = (ROOT / "notebooks" / picture).resolve()
    assert shown.is_file(), "it is there before any cell is run"
    assert shown.stat().st_size < 300_000
    assert 'ask("00-seen")' in "".join(second["source"])


@by_name
def test_a_word_that_is_linked_stands_under_its_letter_in_the_glossary(path):
    glossary = (ROOT / "notebooks" / "glossary.ipynb").read_text(encoding="utf-8")
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    sections = dict(re.findall(r"(?ms)^## (\S)\n(.*?)(?=^## )", "".join(json.loads(glossary)["cells"][0]["source"])))
    assert len(sections) > 15
    for word, letter in re.findall(r"\[\**([^\]]*?)\**\]\((?:\.\./notebooks/)?glossary\.ipynb#(.)\)", "\n".join(cells)):
        known = [name.casefold() for name in re.findall(r"(?m)^\| \*\*(.+?)\*\*", sections[letter])]
        stem = word.casefold().removesuffix("s")
        assert any(stem in name or name in stem for name in known), f"{word} is not under {letter}"


@pytest.mark.notebook
def test_the_check_on_must_fail_cells_can_fail(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", metadata={"tags": ["must-fail"]})])
    path = tmp_path / "fine.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(AssertionError, match="did not fail"), pytest.MonkeyPatch.context() as patch:
        test_it_runs_from_top_to_bottom(path, tmp_path, patch)
