"""What a student reads of the lessons in German holds no English, but what is named here."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

from vbqkit.language import sources, translated_notebook

ROOT = Path(__file__).parents[2]
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|with|from|to|for|by|not|no|at|or|on|as|than|it|this|that|your|you|has|have|because|"
    r"slice|places|"
    r"patients?|signals?|structure|marrow|mean|moved|synthetic|against|chart|across|source|formula|unit|value)\b",
    re.IGNORECASE,
)
"""Words of English that no German sentence has."""
GERMAN_TOO = re.compile(r"\bSignale?\b|\bin\b|\bPatientin|\bSynthetisch")
NAMES = re.compile(r"VBQ-T[12](?:-STIR)? \((?:mean|median)\)|Run → Run All Cells|\bM-score\b|rois?\.vbqkit\.json")
"""Names of scores, of commands of JupyterLab, and of files stay as they are."""
STILL_ENGLISH = re.compile(
    r"spin echo with TR|inversion recovery with TI|the header lacks|, not MR: the scores|of the reference group|"
    r"\(no interval: the noise|\d % interval|^mean over levels of|^median of the level means|^higher = more marrow fat|"
    r"methylene, the main peak|water part, such that|^spinal: Drake-Perez|^T1 and T2 of normal discs"
)
"""Sentences of the core: reasons, formulas and sources, as docs/how_to/translate.md says."""
TOLD = """
import json
from ipywidgets.widgets import widget
for waiting in list(widget._instances.values()):
    if "vbq-beginning" in getattr(waiting, "_dom_classes", ()):
        waiting.begin()
def words(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from words(each)
shown = [text for w in list(widget._instances.values()) for name, value in w.get_state().items()
         if not name.startswith("_") for text in words(value) if len(text) < 100_000]
print(json.dumps(shown))
"""
HIDDEN = re.compile(r"<(style|script)\b.*?</\1>|onclick=\"[^\"]*\"", re.DOTALL)
ATTRIBUTE = re.compile(r"\b(?:alt|title|aria-label|placeholder)=(?:'([^']*)'|\"([^\"]*)\")")


def read_on(text: str) -> set[str]:
    """What is read of a text or of HTML: its words between tags, and the text alternatives."""
    plain = HIDDEN.sub("", text)
    parts = re.split(r"<[^>]+>", plain) + [one or other for one, other in ATTRIBUTE.findall(plain)]
    return {html.unescape(part).strip() for part in parts if part.strip()}


def english_in(texts: set[str]) -> set[str]:
    """Those of the texts that hold words of English beyond names."""
    left = {text: GERMAN_TOO.sub("", NAMES.sub("", text)) for text in texts}
    return {text for text, rest in left.items() if ENGLISH.search(rest) and not STILL_ENGLISH.search(text)}


def texts_of(name: str, lesson: bytes) -> set[str]:
    """All that a lesson shows when it is run: outputs, and the words in the widgets and charts."""
    notebook = nbformat.reads(lesson.decode(), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(TOLD))
    resources = {"metadata": {"path": str(ROOT / "notebooks")}}
    nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    (told,) = (output.text for output in notebook.cells.pop().outputs if output.output_type == "stream")
    found = {part for text in json.loads(told) for part in read_on(text)}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for output in cell.outputs:
                assert output.output_type != "error", name
                found |= read_on(output.get("data", {}).get("text/html", ""))
    return found


@pytest.mark.notebook
@pytest.mark.parametrize("name", sources.LESSONS)
def test_a_german_lesson_shows_no_english(name, tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    content = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    texts = texts_of(name, translated_notebook(content, name, "de"))
    assert len(texts) > 30
    assert not english_in(texts)


def test_english_would_be_seen():
    said = read_on("<p title='Marrow is bright'>The chart is in the notebook.</p><style>of the</style><b>Das Mark</b>")
    assert english_in(said) == {"Marrow is bright", "The chart is in the notebook."}
    assert english_in({"VBQ-T1 (mean): 4,5", "Signale und VBQ gegen TR (ms)", "L1", "SNR"}) == set()
