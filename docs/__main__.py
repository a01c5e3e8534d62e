"""Build the documentation site into build/docs/html, or FOLDER/html: `python -m docs [FOLDER]`. A warning is an error."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from docs.assemble import ROOT, assemble


def build(folder: Path) -> int:
    """Assemble the pages in ``folder/source`` and build them into ``folder/html``; return the exit status."""
    assemble(folder / "source")
    settings = ["-b", "html", "-c", str(ROOT / "docs"), "-j", "auto", "-W", "--keep-going", "-q"]
    return sphinx([*settings, str(folder / "source"), str(folder / "html")])


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "docs"
    status = build(place)
    if status == 0:
        sys.stdout.write(f"Open {place / 'html' / 'index.html'}\n")
    sys.exit(status)
