"""The documentation site: nothing public is missing, everything in it runs, and it needs no network."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from docs.assemble import FACADES, api_page, examples, lesson_page, public_names, score_page
from vbqkit import charts, cohort, stats
from vbqkit.formats.rois import READ_ONLY_FORMATS, ROI_FORMATS
from vbqkit.literature import published_thresholds
from vbqkit.scores import SCORES

ROOT = Path(__file__).parent.parent
WRITTEN = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("facade", FACADES)
def test_every_public_name_is_on_the_page_of_its_facade(facade):
    page = api_page(facade)
    assert [name for name in public_names(facade) if not re.search(rf"[\s.]{name}[\s`]", page)] == []


def test_every_facade_has_a_page():
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "vbqkit").rglob("__init__.pyi")}
    assert found == set(FACADES) - {"vbqkit.reference_groups"}  # a module alone


def test_what_lessons_and_pages_import_is_in_the_reference():
    lessons = [nbformat.read(path, 4) for path in (ROOT / "notebooks").glob("*.ipynb")]
    code = [cell.source for lesson in lessons for cell in lesson.cells if cell.cell_type == "code"]
    texts = code + [path.read_text(encoding="utf-8") for path in (*WRITTEN, ROOT / "README.md")]
    imports = {
        found for text in texts for found in re.findall(r"^from (vbqkit[\w.]*) import ([\w, ]+)", text, re.MULTILINE)
    }
    public = {id(getattr(importlib.import_module(facade), name)) for facade in FACADES for name in public_names(facade)}
    asked = {(module, name.split(" as ")[0].strip()) for module, names in imports for name in names.split(",")}
    things = {(module, name): getattr(importlib.import_module(module), name, None) for module, name in asked}
    missing = {key for key, thing in things.items() if not inspect.ismodule(thing) and id(thing) not in public}
    assert len(asked) > 100
    assert missing == set()


def test_every_chart_is_in_the_gallery():
    page = (ROOT / "docs" / "gallery" / "charts.md").read_text(encoding="utf-8")
    assert [name for name in charts.__all__ if name.startswith("plot_") and f"charts.{name}(" not in page] == []


def heads(name):
    return re.findall(
        r"^## (.+)$", (ROOT / "docs" / "gallery" / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_score_is_in_the_gallery():
    assert [name for name in SCORES if name not in heads("scores")] == []


def test_every_format_is_in_the_gallery():
    page = (ROOT / "docs" / "gallery" / "formats.md").read_text(encoding="utf-8")
    named = ", ".join(heads("formats"))
    assert [f.name for f in (*ROI_FORMATS, *READ_ONLY_FORMATS) if f.name not in named] == []
    assert [name for name in public_names("vbqkit.formats") if name != "RoiFile" and f"{name}(" not in page] == []
    missing = {ending for f in ROI_FORMATS for ending in f.endings} - set(re.findall(r"\.[a-z.]+[a-z]", page))
    assert missing <= {".nii"}, "the same without gzip"


def options_named(page):
    """Function, option and value wherever a page says `function(option="value")` or an option alone after it."""
    for row in page.splitlines():
        functions = re.findall(r"`([a-z_.]+)(?:\(([^`]*)\))?`", row)
        name = next((f for f, _ in functions if hasattr(stats, f) or f.startswith("cohort.")), None)
        if row.startswith("|") and name:
            for option, value in re.findall(r"([a-z_]+)=(\"[a-z -]+\"|\w+|\.\.\.)", row):
                yield name, option, value


def test_every_option_of_the_page_of_choices_exists():
    page = (ROOT / "docs" / "concepts" / "choices.md").read_text(encoding="utf-8")
    found = list(options_named(page))
    assert len(found) > 25
    for name, option, value in found:
        function = cohort.describe_cohort if name.startswith("cohort.") else getattr(stats, name)
        assert option in inspect.signature(function).parameters, (name, option)
        if value.startswith('"'):
            assert value in inspect.getsource(inspect.getmodule(function)), (name, option, value)


def test_a_lesson_opens_where_the_project_has_an_address_and_has_no_link_without_one(tmp_path):
    source, page = ROOT / "notebooks" / "00_start_here.ipynb", tmp_path / "00_start_here.ipynb"
    lesson_page(source, page, {})
    assert "mybinder" not in page.read_text(encoding="utf-8")
    lesson_page(source, page, {"Repository": "https://example.org/a/b", "Browser": "https://example.org/course/"})
    first = nbformat.read(page, 4).cells[0].source
    assert (
        "mybinder.org/v2/git/https%3A%2F%2Fexample.org%2Fa%2Fb/HEAD?urlpath=lab/tree/notebooks/00_start_here.ipynb"
        in first
    )
    assert "(https://example.org/course/lab/index.html?path=notebooks/00_start_here.ipynb)" in first


def test_every_score_page_says_formula_direction_and_source():
    for score in SCORES.values():
        page = score_page(score.name)
        assert all(text in page for text in (score.formula, score.source.replace("|", "\\|"), score.unit)), score.name


def test_every_score_page_has_the_cutoffs_that_papers_print():
    printed = published_thresholds()
    for name in SCORES:
        rows = score_page(name).split("## Published cut-offs")[1].count("\n| ") - 2  # head and rule
        assert max(rows, 0) == (printed["score"] == name).sum(), name


def test_examples_import_what_their_docstrings_get_from_the_module():
    page = examples("vbqkit.stats")
    assert "from vbqkit.stats import accuracy_at_cutoff\n" in page


@pytest.mark.parametrize("facade", ["vbqkit.scores", "vbqkit.stats"])
def test_examples_run_one_after_the_other_in_one_kernel(facade):
    namespace = {}
    before = set(SCORES)
    for cell in re.findall(r"```\{code-cell\}\n(.*?)```", examples(facade), flags=re.DOTALL):
        exec(cell, namespace)
    assert set(SCORES) == before, "an example leaves a score behind"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_python_on_a_written_page_compiles_and_imports_what_exists(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:python|\{code-cell\})\n(.*?)```", text, flags=re.DOTALL)
    for block in (b for b in blocks if not b.lstrip().startswith(">>>")):
        compile(block, str(path), "exec")
        for line in re.findall(r"^(?:from|import) vbqkit.*$", block, flags=re.MULTILINE):
            exec(line, {})


class _References(HTMLParser):
    """Collects what a page loads and where it leads."""

    def __init__(self):
        super().__init__()
        self.loaded, self.links, self.anchors = [], [], set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given["id"]} if given.get("id") else set()
        if tag in {"script", "img", "iframe", "source"} and given.get("src"):
            self.loaded.append(given["src"])
        elif tag == "link" and given.get("rel") in {"stylesheet", "preload", "icon"}:
            self.loaded.append(given["href"])
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])


@cache
def references(path):
    parser = _References()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def pages_of(site):
    """Every page; what the theme keeps beside them is no page."""
    return [page for page in site.rglob("*.html") if "_static" not in page.parts]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    if "PYTEST_XDIST_WORKER" in os.environ:
        begun = tmp_path_factory.getbasetemp().parent / "site"  # one folder for all workers
        assert not begun.exists(), "Another worker builds the site too: pytest-xdist does not keep groups together."
        begun.touch()
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "docs", str(folder)]
    run = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-5000:]
    return folder / "html"


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
def test_the_site_builds_without_a_warning_and_loads_nothing_from_the_network(site):
    pages = pages_of(site)
    assert len(pages) > 400
    elsewhere = {
        (str(page.relative_to(site)), source)
        for page in pages
        for source in references(page).loaded
        if urlsplit(source).scheme in {"http", "https"} or source.startswith("//")
    }
    assert elsewhere == set()


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
def test_every_link_within_the_site_leads_to_a_page_and_a_place(site):
    found = {page.resolve(): references(page) for page in pages_of(site)}
    broken = []
    for page, parser in found.items():
        for link in (*parser.links, *parser.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.exists() or (
                parts.fragment and target in found and unquote(parts.fragment) not in found[target].anchors
            ):
                broken.append((page.name, link))
    assert broken == []


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
def test_lessons_and_charts_are_shown_as_pictures(site):
    assert "<svg" in (site / "lessons" / "40_vbq.html").read_text(encoding="utf-8") or "data:image" in (
        site / "lessons" / "40_vbq.html"
    ).read_text(encoding="utf-8")
    page = (site / "gallery" / "charts.html").read_text(encoding="utf-8")
    assert page.count("plotly-graph-div") >= len([n for n in charts.__all__ if n.startswith("plot_")])
    assert (site / "_static" / "plotly.min.js").exists()
