"""A handout says what the lesson says, with boxes to tick and without answers."""

import base64
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from vbqkit.classroom.handout import handout_pdf
from vbqkit.classroom.lesson_source import read_lesson
from vbqkit.exercises import choices, lessons
from vbqkit.page.drawing import Drawing, Line, Words

ROOT = Path(__file__).parents[2]


def cell(source, *outputs, kind="code"):
    return {
        "cell_type": kind,
        "metadata": {},
        "source": source,
        "outputs": [{"data": {"text/html": o}} for o in outputs],
    }


def text_of(pdf, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils (pdftotext) is not installed: the PDF was not read back")
    path = tmp_path / "handout.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


def test_words_tables_and_lists_of_a_lesson_are_on_paper(tmp_path):
    text = "# A title\n\nSome **bold** & <kbd>B</kbd> [link](x.ipynb#A).\n\n1. one\n   - inner\n2. two\n\n| a | b |\n|---|---|\n| x < y | ≥ 3 |\n"
    said = text_of(handout_pdf({"cells": [cell(text, kind="markdown")]}), tmp_path)
    for words in ("A title", "Some bold & B link.", "1. one", "• inner", "2. two", "x < y", "≥ 3"):
        assert words.replace(" ", "") in said.replace(" ", "")


def test_a_question_has_boxes_and_no_answer(tmp_path):
    said = text_of(
        handout_pdf(
            {
                "cells": [
                    cell(
                        'ask("20-vein", student=student)',
                        "<p>Where?</p><ul><li>☐ twice</li></ul><table><tr><td>☐</td></tr></table>",
                    ),
                    cell('ask("30-snr")'),
                ]
            }
        ),
        tmp_path,
    )
    asked = choices()["20-vein"]
    assert said.count("☐") == len(asked.options)
    assert all(option in said for _, option in asked.options)
    assert not any(feedback in said for feedback in asked.feedback.values())
    assert "What is the SNR of L3? Answer: ____" in said


def test_a_slice_and_a_table_that_the_lesson_showed_are_printed(tmp_path):
    line = Line(
        points=np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]]), colour="#e69f00", width=1.0, dash=(2.0, 1.0), closed=True
    )
    drawing = Drawing(
        width=40,
        height=30,
        about="x",
        pixels=np.full((3, 4), 77, np.uint8),
        parts=[line, Words(x=5, y=9, text="L1", bold=True)],
    )
    table = "<table><tr><th>tissue</th><th>signal</th></tr><tr><td>fat &amp; more</td><td>4.3</td></tr></table>"
    pdf = handout_pdf({"cells": [cell("show()", f"<figure>{drawing.img()}</figure>{table}")]})
    said = text_of(pdf, tmp_path)
    assert "L1" in said
    assert "fat & more 4.3" in said
    assert b"/Subtype /Image" in pdf


def test_a_picture_of_the_text_is_printed(tmp_path):
    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    rows = zlib.compress(b"\x00\x10\x20" * 2)
    head = chunk(b"IHDR", bytes([0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 0]))
    (tmp_path / "two.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    pdf = handout_pdf({"cells": [cell("![Two bodies](two.png)", kind="markdown")]}, home=tmp_path)
    assert b"/Subtype /Image" in pdf
    other = base64.b64encode((tmp_path / "two.png").read_bytes()).decode()
    assert b"/Subtype /Image" in handout_pdf(
        {"cells": [cell("show()", f"<img alt='x' src='data:image/png;base64,{other}'>")]}
    )


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)
def test_every_lesson_can_be_printed(lesson):
    path = ROOT / "notebooks" / lesson.file_name
    assert handout_pdf(read_lesson(path), home=path.parent, title=path.stem).startswith(b"%PDF")
