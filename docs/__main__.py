"""Build the documentation site into build/docs/html: `python -m docs`. A warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from docs.assemble import ROOT, assemble


def build(folder: Path, *, options: tuple[str, ...] = ()) -> int:
    """Assemble the pages in ``folder/source`` and build them into ``folder/html``; return the exit status."""
    assemble(folder / "source")
    settings = ["-b", "html", "-c", str(ROOT / "docs"), "-j", "auto", "-W", "--keep-going", "-q", *options]
    return sphinx([*settings, str(folder / "source"), str(folder / "html")])


if __name__ == "__main__":
    status = build(ROOT / "build" / "docs")
    if status == 0:
        sys.stdout.write(f"Open {ROOT / 'build' / 'docs' / 'html' / 'index.html'}\n")
    sys.exit(status)
