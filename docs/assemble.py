"""Put the sources of the documentation site together.

Written pages lie in docs/; what would be said twice is made from where it is said first: a page for each public name from
the facades, one for each score from the registry, examples from the docstrings, lessons from notebooks/, figures from
validation/.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from doctest import DocTestParser, Example
from pathlib import Path
from urllib.parse import quote

import nbformat
import pandas as pd

from vbqkit.exercises import lessons
from vbqkit.literature import published_thresholds
from vbqkit.scores import SCORES

ROOT = Path(__file__).parent.parent
FACADES = (
    "vbqkit",
    "vbqkit.roi",
    "vbqkit.formats",
    "vbqkit.scores",
    "vbqkit.stats",
    "vbqkit.propose",
    "vbqkit.privacy",
    "vbqkit.report",
    "vbqkit.reference_groups",
    "vbqkit.reference_library",
    "vbqkit.repeats",
    "vbqkit.node",
    "vbqkit.cohort",
    "vbqkit.batch",
    "vbqkit.datasets",
    "vbqkit.literature",
    "vbqkit.charts",
    "vbqkit.charts.live",
    "vbqkit.anatomy",
    "vbqkit.scanner",
    "vbqkit.validation",
    "vbqkit.virtual_cohort",
    "vbqkit.study_replicas",
    "vbqkit.machine_learning",
    "vbqkit.exercises",
    "vbqkit.lessons",
    "vbqkit.classroom",
    "vbqkit.teacher",
    "vbqkit.studio",
    "vbqkit.language",
)
OTHER_NOTEBOOKS = ("90_your_own_case", "glossary")
_RUN = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n"


def public_names(facade: str) -> list[str]:
    """Names of a facade in the order of the alphabet, without the subpackages themselves."""
    module = importlib.import_module(facade)
    return sorted((n for n in module.__all__ if not inspect.ismodule(getattr(module, n))), key=str.casefold)


def api_page(facade: str) -> str:
    """The page of one facade: what it is for, and a table of its names; what another facade has too stands there."""
    module = importlib.import_module(facade)
    elsewhere = {name: f for f in FACADES[1:] if facade == "vbqkit" for name in public_names(f)}
    own = [name for name in public_names(facade) if name not in elsewhere]
    shared = [f"~{elsewhere[name]}.{name}" for name in public_names(facade) if name in elsewhere]
    parts = [
        f"{facade}\n{'=' * len(facade)}",
        inspect.cleandoc(module.__doc__ or ""),
        f".. currentmodule:: {facade}",
        _table(own, "   :toctree: names\n"),
    ]
    if shared:
        links = ", ".join(f":py:obj:`{name}`" for name in shared)
        parts.append(f"Of its packages, and importable from here too: {links}.")
    return "\n\n".join(parts) + "\n"


def _table(names: list[str], options: str = "") -> str:
    rows = "\n".join(f"   {name}" for name in names)
    return f".. autosummary::\n{options}   :nosignatures:\n\n{rows}"


def score_page(name: str) -> str:
    """The page of one score: formula, unit, direction, source, the ROIs it needs, and the cut-offs that papers print."""
    score = SCORES[name]
    rows = {
        "Formula": f"`{score.formula}`",
        "Unit": score.unit,
        "Direction": score.direction,
        "Series": ", ".join(score.weightings),
        "ROIs": ", ".join(score.labels),
        "Aggregate of levels": " or ".join(score.aggregates) or "none to choose",
        "Source": score.source,
        "Checked against": score.verified,
        "Column of a cohort table": f"`{score.column}`",
    }
    table = "\n".join(f"| {head} | {_in_a_table(text)} |" for head, text in rows.items() if text)
    example = f"[An example](../../gallery/scores.md#{score.name.casefold()}) on a synthetic patient.\n\n"
    return f"# {score.name}\n\n{score.title}. {example}| | |\n|---|---|\n{table}\n\n{_published(score.name)}"


def _published(name: str) -> str:
    """The cut-offs that papers print for a score, as a section."""
    every = published_thresholds()
    found = every[every["score"] == name]
    head = "## Published cut-offs\n\n"
    if found.empty:
        return f"{head}None is in the [literature tables](../../api/vbqkit.literature.rst).\n"
    rows = [
        (
            _number(row.threshold),
            row.target,
            " / ".join(filter(None, (_number(row.sensitivity), _number(row.specificity)))),
            _number(row.auc),
            ", ".join(filter(None, (_number(row.n), row.population, f"{row.field_t:g} T" * pd.notna(row.field_t)))),
            row.source,
        )
        for row in found.itertuples()
    ]
    heads = ("cut-off", "for", "sens. / spec.", "AUC", "n, people, field", "source")
    table = "\n".join(
        f"| {' | '.join(_in_a_table(cell) for cell in row)} |" for row in (heads, ["---"] * len(heads), *rows)
    )
    note = "Each belongs to the scanner, the protocol and the people it was found in; none is a default. Sens., spec.: sensitivity, specificity.\n"
    return f"{head}{note}{{py:obj}}`vbqkit.literature.thresholds_for` sorts them by how near their setting is to yours.\n\n{table}\n"


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:g}"


def _in_a_table(text: str) -> str:
    return text.replace("|", "\\|")


def examples(facade: str) -> str:
    """Every example of the docstrings of a facade, to be run as cells."""
    module = importlib.import_module(facade)
    pages = []
    for name in public_names(facade):
        thing = getattr(module, name)
        text = inspect.getdoc(thing) or ""
        found = [e for e in DocTestParser().get_examples(text) if e.exc_msg is None]
        if found:
            home = vars(sys.modules[thing.__module__]) if hasattr(thing, "__module__") else {}
            link = f"{{py:obj}}`{name} <{facade}.{name}>`"
            pages.append(f"## {name}\n\n{_plain(text.splitlines()[0])} {link}\n\n{_cells(found, home)}")
    return "\n".join(pages)


def _cells(found: list[Example], home: Mapping[str, object]) -> str:
    """Examples as cells, one for each result, below the imports that the docstring gets from its module."""
    code = "".join(example.source for example in found)
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and node.id in home}
    given = {
        node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    cell = "".join(f"{_imported(name, home[name])}\n" for name in sorted(used - given))
    cells = []
    for example in found:
        cell += example.source
        if example.want:
            cells.append(f"```{{code-cell}}\n{cell}```\n")
            cell = ""
    if cell:  # what puts things back
        cells.append(f"```{{code-cell}}\n{cell}```\n")
    return "\n".join(cells)


def _imported(name: str, thing: object) -> str:
    if inspect.ismodule(thing):
        return f"import {thing.__name__}" + (f" as {name}" if thing.__name__ != name else "")
    facade = next((f for f in FACADES if getattr(importlib.import_module(f), name, None) is thing), None)
    return f"from {facade or thing.__module__} import {name}"  # type: ignore[attr-defined]  # a function or a class


def _plain(line: str) -> str:
    """A line of reStructuredText as Markdown."""
    line = re.sub(r":[a-z]+:`~?(?:[^`<]*\.)?([^`.<]+)`", r"`\1`", line)
    return line.replace("``", "`")


def launch_links(notebook: str, urls: Mapping[str, str]) -> str:
    """Links that open a notebook to work with, as Markdown; empty as long as the project has no address.

    Parameters
    ----------
    notebook : str
        Name of the notebook, without its ending.
    urls : mapping
        ``[project.urls]`` of pyproject.toml: ``Repository`` for Binder, ``Browser`` for the site that `make lite` builds.
    """
    links = []
    if "Repository" in urls:
        place = f"{quote(urls['Repository'], safe='')}/HEAD?urlpath=lab/tree/notebooks/{notebook}.ipynb"
        links.append(f"[Open in Binder](https://mybinder.org/v2/git/{place})")
    if "Browser" in urls:
        site = urls["Browser"].rstrip("/")
        links.append(
            f"[Open in your browser, nothing installed]({site}/lab/index.html?path=notebooks/{notebook}.ipynb)"
        )
    return " · ".join(links)


def project_urls() -> dict[str, str]:
    """Addresses that pyproject.toml names; none yet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(project.get("urls", {}))


def lesson_page(source: Path, target: Path, urls: Mapping[str, str]) -> None:
    """Copy a notebook so that it runs here as it does in the tests, with links that open it to work with."""
    notebook = nbformat.read(source, 4)
    for cell in notebook.cells:
        tags = cell.metadata.setdefault("tags", [])
        if "must-fail" in tags:
            tags.append("raises-exception")
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            tags.append("hide-input")
        if cell.cell_type == "markdown":
            cell.source = _on_the_site(cell.source)
    if links := launch_links(source.stem, urls):
        notebook.cells[0].source = f"{notebook.cells[0].source}\n\n{links}"
    nbformat.write(notebook, target)


def _on_the_site(text: str) -> str:
    """Links of a notebook as they are here: docs/ is the root, headings have names in small letters."""
    text = re.sub(r"\]\((?:\.\./README\.md|(?:\.\./)?teacher/)[^)]*\)", "](../index.md)", text)
    text = text.replace("](../docs/", "](../").replace('src="../docs/', 'src="../')
    return re.sub(r"\]\((glossary\.ipynb)?#(\w+)\)", lambda m: f"]({m[1] or ''}#{m[2].lower()})", text)


def assemble(folder: Path) -> None:
    """Write the whole source tree of the site.

    Parameters
    ----------
    folder : Path
        Made anew.
    """
    if folder.exists():
        shutil.rmtree(folder)
    here = Path(__file__).parent
    shutil.copytree(
        here, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "_templates", "_static", "ipython")
    )
    (folder / "sample_data").symlink_to(ROOT / "sample_data", target_is_directory=True)

    (folder / "api").mkdir()
    for facade in FACADES:
        (folder / "api" / f"{facade}.rst").write_text(api_page(facade), encoding="utf-8")

    scores = folder / "concepts" / "scores"
    scores.mkdir(parents=True)
    for definition in SCORES.values():
        (scores / f"{definition.column}.md").write_text(score_page(definition.name), encoding="utf-8")

    for facade in ("stats", "scores"):
        page = folder / "gallery" / f"{facade}_examples.md"
        head = f"# Examples of vbqkit.{facade}\n\nFrom the docstrings, where tests run them.\n\n"
        page.write_text(_RUN + head + examples(f"vbqkit.{facade}"), encoding="utf-8")

    (folder / "lessons").mkdir()
    shutil.copytree(ROOT / "notebooks" / "pictures", folder / "lessons" / "pictures")
    for name in (*(lesson.notebook for lesson in lessons()), *OTHER_NOTEBOOKS):
        lesson_page(ROOT / "notebooks" / f"{name}.ipynb", folder / "lessons" / f"{name}.ipynb", project_urls())

    (folder / "validation").mkdir()
    for page in (ROOT / "validation").glob("*.md"):
        shutil.copy(page, folder / "validation" / page.name)
    shutil.copy(ROOT / "CHANGELOG.md", folder / "changelog.md")
    card = (ROOT / "vbqkit" / "propose" / "data" / "README.md").read_text(encoding="utf-8")
    card = card.replace("../../../validation/", "")
    (folder / "validation" / "model_card.md").write_text(card, encoding="utf-8")
