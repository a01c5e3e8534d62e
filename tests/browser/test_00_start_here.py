"""The first lesson as a new user meets it: opened in JupyterLab, run, and L3 dragged with a real mouse; all offline."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.conftest import unfolded

ROOT = Path(__file__).parents[2]
TELL = """
from pathlib import Path
def tell(studio):
    case = score_case({"T1": studio.volumes[0]}, studio.rois, aggregate="median", reference=reference)
    Path("telling.txt").write_text(" ".join(repr(case.score(name).value) for name in ("VBQ-T1", "SNR", "M-score")))
    Path("telling.txt").replace("told.txt")
studio.on_change(tell)
"""


def test_the_first_lesson_runs_and_dragging_l3_shows_what_python_computes(lab: Any) -> None:
    folder = lab.server.root / "notebooks"
    folder.mkdir()
    shutil.copytree(ROOT / "sample_data", lab.server.root / "sample_data", dirs_exist_ok=True)
    notebook = unfolded(nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4))
    notebook.cells.append(nbformat.v4.new_code_cell(TELL))
    nbformat.write(notebook, folder / "00_start_here.ipynb")

    outside: list[str] = []
    asked = lambda request: request.url.startswith(("http", "ws")) and "//127.0.0.1:" not in request.url  # noqa: E731
    lab.page.on("request", lambda request: outside.append(request.url) if asked(request) else None)
    lab.page.goto(f"{lab.server.url}/lab/tree/notebooks/00_start_here.ipynb?reset")  # no tabs of tests before
    lab.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    lab.run_all()
    lab.wait_for_studio()

    before = {key: lab.shown(key) for key in ("VBQ-T1 (median)", "SNR", "M-score")}
    assert all(value is not None for value in before.values()), before
    during = []
    x, y = lab.middle("L3")
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for step in range(1, 16):
        lab.page.mouse.move(x - 0.7 * step, y)  # within the body: on the disc there would be no number
        lab.page.wait_for_timeout(30)
        during.append(lab.shown("VBQ-T1 (mean)"))  # L3 is the brightest level here: the median waits until another is
    lab.page.mouse.up()
    lab.wait_for_python(before["VBQ-T1 (median)"])
    assert len(set(during)) > 5, "VBQ follows while the mouse moves"
    told = folder / "told.txt"
    lab.sees(told.exists, True)
    computed = [float(text) for text in told.read_text().split()]
    shown = [lab.shown(key) for key in ("VBQ-T1 (median)", "SNR", "M-score")]
    assert shown == pytest.approx(computed, rel=1e-12)
    assert shown[0] != before["VBQ-T1 (median)"]
    assert not outside, "JupyterLab asked the network"
    assert not lab.page.problems
