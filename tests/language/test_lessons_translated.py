"""What a student reads of the lessons in another language holds no English, but what is rightly English."""

from __future__ import annotations

import json
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.language.words_read import english_in, read_on
from vbqkit.language import sources, translated_notebook

ROOT = Path(__file__).parents[2]
RUNS = [("de", name) for name in sources.LESSONS] + [("sk", "00_start_here"), ("zh_CN", "00_start_here")]
"""Every lesson in German; one lesson in Slovak and in Chinese, where English is recognised by different rules."""
WORKED = """
import json
from ipywidgets.widgets import widget

from vbqkit.lessons.asking import Question
from vbqkit.lessons.placing import PlacingExercise
from vbqkit.studio import RoiStudio


def shown_now():
    return list(widget._instances.values())


for waiting in shown_now():
    if "vbq-beginning" in getattr(waiting, "_dom_classes", ()):
        waiting.begin()
for asked in shown_now():
    if isinstance(asked, Question):
        _, field, button, _ = asked.children
        button.click()
        field.value = field.options[0][1] if hasattr(field, "options") else "a guess"
        button.click()
    if isinstance(asked, PlacingExercise) and PLACES:
        asked.check()
        asked._show.value = True
for studio in shown_now():
    if isinstance(studio, RoiStudio):
        studio._check()
"""
"""As a student does: begin what has a button to begin, answer, place, compare; to place costs 10 s, once is enough."""
TOLD = """
_KINDS = ("Layout", "Style")
_FOR_MACHINES = {"orientation", "button_style", "layout", "style", "behavior", "readout_format", "icon", "_mark"}
_FOR_MACHINES |= {"_esm", "_css", "_anywidget_id", "_dom_classes", "_options", "_model_name", "_model_module"}
_FOR_MACHINES |= {"_view_name", "_view_module", "_view_module_version", "_model_module_version", "_view_count"}
_DRAWN = {"align", "anchor", "bgcolor", "bordercolor", "color", "coverage", "dash", "filename", "fill", "fillcolor"}
_DRAWN |= {"format", "kind", "labelalias", "layer", "line", "marker", "mode", "plane", "shape", "side", "source"}
_DRAWN |= {"symbol", "template", "ticks", "type", "weight", "xanchor", "xref", "yanchor", "yref"}


def words(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in _DRAWN:
                yield from words(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from words(each)


print(json.dumps([
    text
    for w in shown_now()
    if not type(w).__name__.endswith(_KINDS)
    for name, value in w.get_state().items()
    if name not in _FOR_MACHINES
    for text in words(value)
    if len(text) < 100_000
]))
"""


def texts_of(name: str, lesson: bytes, *, places: bool) -> set[str]:
    """All that a lesson shows when it is run and worked on: outputs, and the words in the widgets and charts."""
    notebook = nbformat.reads(lesson.decode(), as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(f"PLACES = {places}\n{WORKED}"), nbformat.v4.new_code_cell(TOLD)]
    resources = {"metadata": {"path": str(ROOT / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    (told,) = (output.text for output in notebook.cells.pop().outputs if output.output_type == "stream")
    found = {part for text in json.loads(told) for part in read_on(text)}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                assert output.output_type != "error", name
                data = output.get("data", {})
                found |= read_on(data.get("text/html", "" if len(data) > 1 else data.get("text/plain", "")))
                found |= read_on(output.get("text", ""))
    return found


@pytest.mark.notebook
@pytest.mark.parametrize(("code", "name"), RUNS)
def test_a_lesson_in_another_language_shows_no_english(code, name, tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    content = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    texts = texts_of(name, translated_notebook(content, name, code), places=code == "de")
    assert len(texts) > 30
    left = english_in(texts, code)
    assert not left, "\n".join(sorted(left))


def test_english_would_be_seen():
    said = read_on("<p title='Marrow is bright'>The chart is in the notebook.</p><style>of the</style><b>Das Mark</b>")
    assert english_in(said, "de") == {"Marrow is bright", "The chart is in the notebook."}
    assert english_in(said | {"Dreň je svetlá"}, "sk") == {"Marrow is bright", "The chart is in the notebook."}
    assert english_in({"请把 ROI 移到 L3，5 mm", "请 move it", "Marrow window"}, "zh_CN") == {
        "请 move it",
        "Marrow window",
    }
    assert english_in({"VBQ-T1 (mean): 4,5", "Signale und VBQ gegen TR (ms)", "L1", "SNR"}, "de") == set()
