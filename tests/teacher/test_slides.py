"""Slides come from the lesson's notebook, and need no network."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.teacher.slides import slides_html, write_slides

ROOT = Path(__file__).parents[2]
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "VBox()"}


def result(**data):
    return new_output("execute_result", data={kind.replace("_", "/"): text for kind, text in data.items()})


def lesson():
    folded = {"jupyter": {"source_hidden": True}}
    cells = [
        new_markdown_cell("# 20 · placing\n\nWhat you can do."),
        new_code_cell("import hidden_name", metadata=folded),
        new_markdown_cell("## 1. A section\n\nWords."),
        new_code_cell("show_hidden()", metadata=folded, outputs=[result(text_html="<p>the table</p>")]),
        new_code_cell("to_read = 1", outputs=[new_output("stream", text="a warning")]),
        new_code_cell("widget", metadata=folded, outputs=[new_output("execute_result", data=WIDGET)]),
        new_code_cell(
            "live",
            metadata=folded,
            outputs=[new_output("execute_result", data=WIDGET | {"text/html": "<p>the still</p>"})],
        ),
    ]
    return new_notebook(cells=cells, metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {}}})


@pytest.fixture(scope="module")
def page():
    return slides_html(lesson(), title="20_placing_rois")


def test_nothing_is_loaded_from_the_network(page):
    assert re.findall(r"(?:src|href)\s*=\s*['\"]?(?:https?:)?//[^'\" >]+", page) == []
    assert re.findall(r"(?:url\(|@import|import)\s*['\"]?(?:https?:)?//", page) == []
    assert "unpkg" not in page
    assert "VBQKIT_REVEAL" not in page


def test_reveal_is_in_the_file_with_its_licence_beside_it(page):
    room = ROOT / "vbqkit" / "teacher" / "reveal"
    assert (room / "reveal.js.txt").read_text("utf-8") in page
    assert "Reveal.initialize(" in page
    assert "Permission is hereby granted" in (room / "LICENSE").read_text("utf-8")
    assert sum(path.stat().st_size for path in room.iterdir()) < 200_000


def test_each_section_is_a_slide_and_what_is_shown_follows_below(page):
    body = page[page.index('<div class="slides">') : page.index("Reveal.initialize")]
    assert body.count("<section") == 2 + 5, (
        "two slides; of the first one part, of the second its words, a table, code and a still"
    )
    assert "the table" in body
    assert "the still" in body


def test_folded_code_is_not_shown_and_open_code_is(page):
    assert "show_hidden" not in page
    assert "hidden_name" not in page
    assert "to_read" in page


def test_a_widget_without_a_still_and_warnings_are_left_out(page):
    assert "VBox()" not in page
    assert "a warning" not in page


def test_a_lesson_that_cannot_be_run_is_told_which_and_why(tmp_path):
    path = tmp_path / "20_broken.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), path)
    with pytest.raises(VbqkitError, match=r"'20_broken\.ipynb' could not be run"):
        write_slides(str(path), tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def test_a_lesson_that_does_not_exist_says_where_it_looked(tmp_path):
    with pytest.raises(FormatError, match=re.escape(str(tmp_path))):
        write_slides("21", tmp_path / "x.html", notebooks=tmp_path)
