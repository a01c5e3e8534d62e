"""The browser's modules, as they travel, run by node."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vbqkit.page import javascript


def node() -> str:
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("node is not on PATH; the browser's modules cannot be tested")
        pytest.skip("node is not on PATH; the browser's modules cannot be tested")
    return found


def on_the_wire(folder: Path) -> Path:
    """The modules as the browser gets them."""
    wire = folder / "wire"
    wire.mkdir()
    (wire / "package.json").write_text(javascript.static_text("package.json"))
    for name in javascript.import_order("studio.js"):
        (wire / name).write_text(javascript.for_the_wire(javascript.static_text(name)))
    return wire
