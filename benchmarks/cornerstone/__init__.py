"""Cornerstone3D in an anywidget, to compare with: fetched and bundled for the length of the benchmark, never kept.

``widget.js`` is written as Cornerstone3D's documentation shows it; esbuild makes one script of it, which an anywidget
sends to the browser. Its Python side measures the rectangle that was let go, and VBQ with it, by this package's own
code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = (
    "@cornerstonejs/core@5.14.0",
    "@cornerstonejs/tools@5.14.0",
    "esbuild@0.28.2",
    "events@3.3.0",  # two parts of Node that Cornerstone3D's own dependencies ask for
    "url@0.11.4",
)


class NotBundledError(RuntimeError):
    """Cornerstone3D could not be fetched or bundled; says why."""


def bundle(folder: Path) -> Path:
    """One script with the widget and Cornerstone3D in it, made in `folder` with npm and esbuild."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotBundledError("there is no npm on PATH; install Node.js, or read the other rows only")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    shutil.copy(Path(__file__).parent / "widget.js", folder)
    _run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *PACKAGES], folder)
    esbuild = folder / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--minify", "--format=esm", "--define:global=globalThis", "--log-level=warning"]
    _run([str(esbuild), "widget.js", *options, "--outfile=bundle.js"], folder)
    return folder / "bundle.js"


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, env={**os.environ, "CI": "1"}, capture_output=True, text=True, timeout=120, check=True
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "no message").strip().splitlines()[-1]
        raise NotBundledError(f"{Path(command[0]).name} failed: {last}") from error
    except subprocess.TimeoutExpired as error:
        raise NotBundledError(
            f"{Path(command[0]).name} took over two minutes; is the npm registry reachable?"
        ) from error


def cell(script: Path) -> str:
    """Notebook cell that shows the widget on `volume` with the rectangles of `rois`, and answers it from Python."""
    return _CELL.replace("SCRIPT", repr(str(script)))


_CELL = """
import anywidget, traitlets
from pathlib import Path
from vbqkit.scores import score_tables

STEP = 0.6  # mm a pixel, both ways

class Cornerstone(anywidget.AnyWidget):
    _esm = Path(SCRIPT).read_text(encoding="utf-8")
    pixels = traitlets.Bytes().tag(sync=True)
    shape = traitlets.List().tag(sync=True)
    spacing = traitlets.List().tag(sync=True)
    window = traitlets.List().tag(sync=True)
    boxes = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)

table = {roi.label: roi.measure(volume) for roi in rois}

def box(roi):  # left, top, right, bottom in mm from the center of the first pixel
    row, col = middle[roi.label]
    across, down = (2 * abs(max(v, key=abs)) for v in (roi.half_width, roi.half_height))
    return [col * STEP - across / 2, row * STEP - down / 2, col * STEP + across / 2, row * STEP + down / 2]

widget = Cornerstone(pixels=volume.pixels.tobytes(), shape=list(volume.pixels.shape),
                     spacing=[STEP, STEP], window=[50, 400],
                     boxes=[box(roi) for roi in rois], labels=[roi.label for roi in rois])

def let_go(_, content, buffers):
    left, top, right, bottom = content["box"]
    center = ((top + bottom) / 2 / STEP, (left + right) / 2 / STEP)
    roi = Rectangle.on(volume.slice(7), center, right - left, bottom - top, label=content["label"])
    table[roi.label] = roi.measure(volume)
    found = score_tables({"T1": table}, acquisitions={"T1": volume.acquisition}, aggregate="both")
    widget.send({"text": f"{table[roi.label]} " + " ".join(map(str, found.results))})

widget.on_msg(let_go)
widget
"""
