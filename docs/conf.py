"""Settings of the documentation site: `make docs` assembles the pages (docs/assemble.py) and builds them with this."""

from __future__ import annotations

import importlib
import os
import sys
import types
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
# Lessons run as they do for a student who opens them the first time, and leave nothing behind.
os.environ["VBQKIT_STATE_DIR"] = mkdtemp()
os.environ["IPYTHONDIR"] = str(ROOT / "docs" / "ipython")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))

import jinja2  # noqa: E402 - as below
import plotly.offline  # noqa: E402 - as below
from jinja2.sandbox import SandboxedEnvironment  # noqa: E402 - as below
from numpydoc import docscrape_sphinx  # noqa: E402 - as below
from sphinx.util.logging import getLogger  # noqa: E402 - as below

import vbqkit  # noqa: E402 - from this checkout, which the line above made importable
from docs.assemble import FACADES  # noqa: E402 - as above

project = "vbqkit"
author = "The vbqkit developers"
project_copyright = "2026, the vbqkit developers"
version = release = vbqkit.__version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
templates_path = ["_templates"]
exclude_patterns = ["**/.ipynb_checkpoints", "sample_data"]

html_theme = "pydata_sphinx_theme"
html_title = "vbqkit"
html_static_path = [str(ROOT / "docs" / "_static")]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's Parameters say it in words
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # a cache would not see that the package has changed
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # these would come from the network
# Widgets need a kernel; each shows its own still picture beside it, and a page has that.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]


class _CompiledOnce(jinja2.BytecodeCache):
    """numpydoc makes an environment for each docstring, and compiled its one template 5,000 times: an eighth of a build."""

    def __init__(self) -> None:
        self.kept: dict[str, types.CodeType | None] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        bucket.code = self.kept.get(bucket.key)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.kept[bucket.key] = bucket.code


docscrape_sphinx.SandboxedEnvironment = partial(SandboxedEnvironment, bytecode_cache=_CompiledOnce())

_LOG = getLogger(__name__)
_PUBLIC = {
    f"{thing.__module__}.{thing.__qualname__}": f"{facade}.{name}"
    for facade in FACADES
    for name in importlib.import_module(facade).__all__
    if hasattr(thing := getattr(importlib.import_module(facade), name), "__qualname__")
}


def _exists(target: str) -> bool:
    """Whether a dotted name leads to something: a module, what is in it, or an attribute that a docstring documents."""
    parts = target.split(".")
    thing: Any = vbqkit
    for position, part in enumerate(parts[1:], start=2):
        if not hasattr(thing, part):
            try:
                importlib.import_module(".".join(parts[:position]))
            except ImportError:
                documented = part in (getattr(thing, "__doc__", None) or "") or part in getattr(
                    thing, "__annotations__", {}
                )
                return documented and position == len(parts)
        thing = getattr(thing, part, None)
    return True


def _at_its_public_name(
    app: Sphinx, environment: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Link what a docstring names by the module it lives in to the page of its public name."""
    target = node.get("reftarget", "")
    owner, _, member = target.rpartition(".")
    public = _PUBLIC.get(target) or (f"{_PUBLIC[owner]}.{member}" if owner in _PUBLIC else None)
    if public is None:
        if target.startswith("vbqkit.") and not _exists(target):
            _LOG.warning("%s is named here and does not exist", target, location=node, type="ref")
        return None
    python = environment.get_domain("py")
    return python.resolve_xref(environment, node["refdoc"], app.builder, "obj", public, node, content)


def _dealt_out(_app: Sphinx, _environment: BuildEnvironment, docnames: list[str]) -> None:
    """Spread the pages that run code among the others: processes read runs of pages, and one had all the lessons."""
    running = [name for name in docnames if name.startswith(("lessons/", "gallery/"))]
    others = [name for name in docnames if name not in set(running)]
    places = [(i + 0.5) / len(part) for part in (running, others) for i in range(len(part))]
    docnames[:] = [name for _, name in sorted(zip(places, [*running, *others], strict=True))]


def _with_plotly(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: nodes.document | None
) -> None:
    """Load plotly on pages that show a chart, and on no other: it weighs 4.5 MB."""
    if "plotly-graph-div" in context.get("body", ""):
        app.add_js_file("plotly.min.js", priority=100)


def _write_plotly(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        (static / "plotly.min.js").write_text(plotly.offline.get_plotlyjs(), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register the above with Sphinx."""
    app.connect("env-before-read-docs", _dealt_out)
    app.connect("missing-reference", _at_its_public_name)
    app.connect("html-page-context", _with_plotly)
    app.connect("build-finished", _write_plotly)
