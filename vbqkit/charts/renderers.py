"""What plotly shows its charts with, loaded without nbformat."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from importlib import metadata
from types import ModuleType
from typing import Any


@cache
def load_renderers() -> Any:
    """Load plotly's renderers and return them: ``plotly.io.renderers``.

    Plotly wants the version of nbformat before it shows a chart, and nothing else of it, but loads it whole: with jsonschema
    and a grammar of web addresses, more than a second in each kernel. While plotly loads its renderers it is therefore given
    a stand-in that knows the version and fetches nbformat when it is asked for anything more. Afterwards, and where nbformat
    is loaded already, nothing is different: ``import nbformat`` imports nbformat.
    """
    import plotly.io  # noqa: PLC0415 - only to show a chart

    if "nbformat" in sys.modules:
        return plotly.io.renderers
    try:
        stand_in = ModuleType("nbformat")
        stand_in.__version__ = metadata.version("nbformat")  # type: ignore[attr-defined]
    except metadata.PackageNotFoundError:
        return plotly.io.renderers

    def leave() -> None:
        if sys.modules.get("nbformat") is stand_in:
            del sys.modules["nbformat"]

    def fetch(name: str) -> Any:
        leave()
        return getattr(importlib.import_module("nbformat"), name)

    stand_in.__getattr__ = fetch  # type: ignore[method-assign]
    sys.modules["nbformat"] = stand_in
    try:
        return plotly.io.renderers
    finally:
        leave()
