"""How long a lesson takes to open, and how much memory its kernel needs: in JupyterLab, with a real browser.

A lesson is open when every cell has run (*Run All Cells*) and its last widget, picture and chart are on the page. The
clock starts when the address is opened, so JupyterLab and the start of the kernel are in it. The same is measured in
the same run for a notebook that only imports the libraries that lessons use (numpy, SciPy, pandas, plotly, pydicom and
ipywidgets) and shows one slider: what any such lesson pays.
``python -m benchmarks.lessons 00 60 --rounds 1`` measures only the lessons named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.browser import harness
from vbqkit.exercises import lessons as course

ROOT = Path(__file__).parent.parent
LIMIT_S, LIMIT_MIB = 10.0, 1536.0
EMPTY = "empty"
_EMPTY_CELL = """import numpy, pandas, plotly.graph_objects, pydicom
import scipy.interpolate, scipy.ndimage, scipy.stats
import ipywidgets
ipywidgets.IntSlider()"""
_READY = """() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent);
  const outputs = [...document.querySelectorAll('.jp-OutputArea-output')];
  const SEEN = { contentVisibilityAuto: true };  // JupyterLab lays out no cell before it is scrolled to
  const waiting = [...document.querySelectorAll('.vbq-waiting')].filter(e => !e.hidden && e.checkVisibility(SEEN));
  const ran = prompts.length > 0 && prompts.every(t => /[0-9]/.test(t));
  return ran && outputs.every(e => e.childNodes.length) && !waiting.length;
}"""


def memory_cell(path: Path) -> str:
    """A last cell that keeps the largest memory of the kernel's process, kB (Linux)."""
    told = "next(line.split()[1] for line in Path('/proc/self/status').read_text().splitlines() if 'VmHWM' in line)"
    return f"from pathlib import Path\n_ = Path({str(path)!r}).write_text({told})"


def open_seconds(browser: Any, server: Any, tools: Any, notebook: str) -> tuple[float, float]:
    """Seconds until a notebook is open, and the peak memory of its kernel, MiB."""
    page = tools.new_page(browser)
    lab, told = tools.Lab(page, server), server.root / "memory.txt"
    start = time.perf_counter()
    page.goto(f"{server.url}/lab/tree/notebooks/{notebook}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)  # or it clicks in vain
    lab.run_all()
    page.wait_for_function(_READY, timeout=300_000, polling=50)
    seconds = time.perf_counter() - start
    memory = int(told.read_text()) / 1024
    page.context.close()
    server.close_kernels()
    return seconds, memory


def measure(wanted: Sequence[str] = (), *, rounds: int = 2) -> dict[str, tuple[float, float]]:
    """Quickest of `rounds` turns, and the largest memory, of the empty notebook and of the `wanted` (first letters)."""
    import nbformat
    from playwright.sync_api import sync_playwright

    tools = harness()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as on a student's computer: nothing is compiled a second time
    found: dict[str, list[tuple[float, float]]] = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=tools.find_chromium(), args=tools.FLAGS, ignore_default_args=["--headless"]
        )
        server = tools.Server(Path(folder))
        try:
            shutil.copytree(ROOT / "sample_data", server.root / "sample_data")
            (server.root / "notebooks").mkdir()
            names = [lesson.notebook for lesson in course() if lesson.notebook.startswith(tuple(wanted) or "")]
            for name in [EMPTY, *names]:
                cells = [nbformat.v4.new_code_cell(_EMPTY_CELL)]
                lesson = nbformat.v4.new_notebook(cells=cells)
                if name != EMPTY:
                    lesson = tools.unfolded(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4))
                state = server.root / "state"
                lesson.cells[0:0] = [
                    nbformat.v4.new_code_cell(f"import os\nos.environ['VBQKIT_STATE_DIR'] = {str(state)!r}")
                ]
                lesson.cells.append(nbformat.v4.new_code_cell(memory_cell(server.root / "memory.txt")))
                nbformat.write(lesson, server.root / "notebooks" / f"{name}.ipynb")
            for _ in range(rounds):
                for name in [EMPTY, *names, EMPTY]:
                    found.setdefault(name, []).append(open_seconds(browser, server, tools, f"{name}.ipynb"))
                    print(f"  {name}: {found[name][-1][0]:.1f} s, {found[name][-1][1]:.0f} MiB", flush=True)
        finally:
            server.stop()
            browser.close()
    return {name: (min(s for s, _ in turns), max(m for _, m in turns)) for name, turns in found.items()}


def main(arguments: Sequence[str] = ()) -> None:
    """Print seconds, the ratio to the empty notebook, and the peak memory of each lesson."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lessons")
    parser.add_argument("lesson", nargs="*", help="such as 00 or 60_against_dexa; all if none is named")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args(arguments)
    if harness().find_chromium() is None:
        print("lessons: skipped, no Chromium on PATH (name one in the variable CHROMIUM)")
        return
    found = measure(chosen.lesson, rounds=chosen.rounds)
    empty, _ = found.pop(EMPTY)
    print(f"opening a lesson in JupyterLab, every cell run; an empty notebook with the same libraries: {empty:.1f} s")
    print("| lesson | seconds | against the empty notebook | peak memory of the kernel, MiB |\n|---|---|---|---|")
    for name, (seconds, memory) in found.items():
        print(f"| {name} | {seconds:.1f} | {seconds / empty:.1f} | {memory:.0f} |")
    slow = [name for name, (seconds, _) in found.items() if seconds > LIMIT_S]
    large = [name for name, (_, memory) in found.items() if memory > LIMIT_MIB]
    print(f"over {LIMIT_S:g} s: {', '.join(slow) or 'none'}; over {LIMIT_MIB:g} MiB: {', '.join(large) or 'none'}")
    print(json.dumps({"median_ratio": round(statistics.median(s for s, _ in found.values()) / empty, 2)}))


if __name__ == "__main__":
    main(sys.argv[1:])
