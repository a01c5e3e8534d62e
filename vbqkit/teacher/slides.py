"""Slides of a lesson from its own notebook: reveal.js through nbconvert, in one file that needs no network."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from nbconvert import SlidesExporter

from vbqkit.errors import FormatError
from vbqkit.teacher.running import read_lesson_to_show

_TEMPLATE = "reveal"
_PREFIX = "VBQKIT_REVEAL"
_SHOWN = ("text/html", "image/png", "image/svg+xml", "text/plain")
_LOADS = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//[^>]*>", re.IGNORECASE
)


def write_slides(lesson: str, out: str | Path, *, notebooks: str | Path = "notebooks", run: bool = True) -> Path:
    """Write the slides of a lesson: one HTML file, to be opened in any browser. Arrow keys turn the slides.

    Each section of the lesson begins a slide; pictures, tables and questions follow below it (arrow down).

    Parameters
    ----------
    lesson : str
        Its number, or its notebook.
    out : path-like
        Where to.
    notebooks : path-like
        Folder of the lessons.
    run : bool
        Run the lesson, so that its pictures and tables are in the slides; takes about a minute. Else words only.

    Raises
    ------
    FormatError
        If there is no such lesson, or the file cannot be written.
    VbqkitError
        If the lesson cannot be run.
    """
    path, notebook = read_lesson_to_show(lesson, notebooks, run=run)
    page = slides_html(notebook, title=path.stem, home=path.parent)
    out = Path(out)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FormatError(f"'{out}' cannot be written: {error.strerror}. Choose another folder.") from error
    return out


def slides_html(notebook: Any, *, title: str, home: Path = Path()) -> str:
    """A notebook, run or not, as slides.

    Parameters
    ----------
    notebook : NotebookNode
        As nbformat reads it; it is changed.
    title : str
        Of the page.
    home : Path
        Folder that the pictures of its text are named from.
    """
    notebook.metadata.pop("widgets", None)  # with it nbconvert loads their manager from the network
    for cell in notebook.cells:
        _prepare(cell)
    exporter = SlidesExporter(
        template_name=_TEMPLATE,
        reveal_url_prefix=_PREFIX,
        reveal_theme="white",
        exclude_output_prompt=True,
        embed_images=True,
    )
    room = files("vbqkit.teacher") / "reveal"
    exporter.template_paths.insert(0, str(room))
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title, "path": str(home)}})
    for name, link in (("reveal.css", "dist/reveal.css"), ("white.css", "dist/theme/white.css")):
        style = (room / f"{name}.txt").read_text(encoding="utf-8")
        (tag,) = re.findall(rf"<link[^>]*{_PREFIX}/{link}[^>]*>", body)
        body = body.replace(tag, f"<style>\n{style}</style>")
    body = body.replace(f"{_PREFIX}_JS", (room / "reveal.js.txt").read_text(encoding="utf-8"))
    return _LOADS.sub("", body)


def _prepare(cell: Any) -> None:
    """Where a slide begins, and what of a cell is shown: code only where it is the lesson."""
    source, output = cell.source.lstrip(), [_still(o) for o in cell.get("outputs", ())]
    if cell.cell_type == "code":
        cell.outputs = [o for o in output if o is not None]
        folded = cell.metadata.get("jupyter", {}).get("source_hidden") or "yours" in cell.metadata.get("tags", [])
        cell.metadata["transient"] = {"remove_source": bool(folded)}
        kind = "skip" if folded and not cell.outputs else "subslide"
    else:
        kind = "slide" if re.match(r"#{1,2} ", source) else "subslide" if source.startswith("###") else "-"
    cell.metadata["slideshow"] = {"slide_type": kind}


def _still(output: Any) -> Any:
    """An output without what needs a kernel; None where nothing is left."""
    if output.output_type not in ("display_data", "execute_result"):
        return None
    data = {kind: output.data[kind] for kind in _SHOWN if kind in output.data}
    if "text/html" not in data and "application/vnd.jupyter.widget-view+json" in output.data:
        return None  # a widget without a still form: its plain text says nothing
    if not data or (set(data) == {"text/plain"} and data["text/plain"].startswith("<")):
        return None
    output.data = data
    output.metadata = {}
    return output
