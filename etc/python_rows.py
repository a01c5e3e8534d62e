"""Unit tests on each Python that is here, with the oldest and the newest dependencies; one row each. Needs uv."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
INSTALL = ("uv", "pip", "install", "--quiet", "--prerelease", "if-necessary-or-explicit")
RESOLUTIONS = ("lowest-direct", "highest")


def python_there(version: str) -> str | None:
    """The interpreter of a version, without downloading one."""
    command = ["uv", "python", "find", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def run_row(python: str, resolution: str, tests: list[str]) -> dict[str, str]:
    """Install into a fresh environment and run the unit tests there."""
    with tempfile.TemporaryDirectory(prefix="vbqkit-row-") as folder:
        begun = time.monotonic()
        inside = str(Path(folder) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
        steps = [
            ["uv", "venv", "--quiet", "--python", python, folder],
            [*INSTALL, "--python", inside, "--resolution", resolution, "-e", f"{ROOT}[test]"],
            [inside, "-m", "pytest", "-n", "2", "--dist", "loadfile", *tests],
        ]
        for step in steps:
            done = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                break
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        last = next(
            (line for line in reversed(said) if re.search(r"passed|failed|error", line)), said[-1] if said else ""
        )
        return {
            "python": python,
            "dependencies": resolution,
            "result": "passed" if done.returncode == 0 else f"failed at: {' '.join(step[:3])}",
            "said": last.strip("= "),
            "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
            "failures": "\n".join(line for line in said if line.startswith(("FAILED", "ERROR")))[:4000],
        }


def main() -> int:
    """Run the rows that are asked for; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", choices=PYTHONS, help="only this one; can be repeated")
    parser.add_argument("--resolution", action="append", choices=RESOLUTIONS, help="only these dependencies")
    parser.add_argument("tests", nargs="*", help="given to pytest; all unit tests by default")
    args = parser.parse_args()
    if shutil.which("uv") is None:
        print("uv is not on PATH. Install it: pip install uv", file=sys.stderr)
        return 2
    failed = False
    for version in args.python or PYTHONS:
        python = python_there(version)
        if python is None:
            print(json.dumps({"python": version, "result": "not here: left out"}), flush=True)
            continue
        for resolution in args.resolution or RESOLUTIONS:
            row = run_row(python, resolution, args.tests)
            failed |= row["result"] != "passed"
            print(json.dumps(row), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
