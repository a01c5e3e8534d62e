"""The browser's modules run by node."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vbqkit.page import javascript

STATIC = Path(javascript.__file__).parents[1] / "studio" / "static"


def node() -> str:
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("node is not on PATH; the browser's modules cannot be tested")
        pytest.skip("node is not on PATH; the browser's modules cannot be tested")
    return found
