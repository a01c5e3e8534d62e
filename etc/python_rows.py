"""Tries vbqkit on each Python that is here, with the oldest and the newest dependencies, one row each. Needs uv.

A row installs the wheel into a fresh environment, copies the course out of it, runs the first lesson there, then the unit tests of
this checkout. Every package comes as a wheel; a version that has none for a Python is passed over.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
INSTALL = ("uv", "pip", "install", "--quiet", "--no-build", "--prerelease", "if-necessary-or-explicit")
RESOLUTIONS = ("lowest-direct", "highest")


@dataclass(frozen=True)
class Step:
    """A command of a row, where it runs, and a word for it in the row."""

    name: str
    command: list[str]
    cwd: Path


def python_there(version: str) -> str | None:
    """The interpreter of a version, on PATH or among pyenv's, without downloading one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    folders = [str(folder) for folder in sorted(pyenv.glob(f"{version}.*/bin"), reverse=True)]
    where = os.environ | {"PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")])}
    command = ["uv", "python", "find", "--system", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=where)
    return found.stdout.strip() or None


def steps(python: str, resolution: str, wheel: Path, folder: Path, tests: list[str], workers: str) -> Iterator[Step]:
    """What a row runs, in this order."""
    scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    inside, lesson = str(scripts / "python"), folder / "course" / "notebooks" / "00_start_here.ipynb"
    wanted = [*INSTALL, "--python", inside, "--resolution", resolution, f"{wheel}[test]"]
    yield Step("environment", ["uv", "venv", "--quiet", "--python", python, str(folder / "env")], ROOT)
    yield Step("install", wanted, folder)
    yield Step("course", [str(scripts / "vbqkit"), "course", str(folder / "course")], folder)
    yield Step("lesson 00", [str(scripts / "jupyter-execute"), str(lesson)], folder)
    yield Step("unit tests", [inside, "-m", "pytest", "-n", workers, "--dist", "loadfile", *tests], ROOT)


def run_row(
    python: str, resolution: str, wheel: Path, tests: list[str], workers: str, kept: Path | None
) -> dict[str, object]:
    """Run the steps in a fresh environment, until one fails; below ``kept``, if given, it stays to be looked into."""
    minutes: dict[str, float] = {}
    result = "passed"
    with tempfile.TemporaryDirectory(prefix="vbqkit-row-") as name:
        folder = Path(name) if kept is None else kept
        folder.mkdir(parents=True, exist_ok=kept is None)
        where = os.environ | {"VBQKIT_STATE_DIR": str(folder / "state"), "JUPYTER_PREFER_ENV_PATH": "1"}
        for step in steps(python, resolution, wheel, folder, tests, workers):
            env = {key: value for key, value in where.items() if key != "VBQKIT_STATE_DIR" or step.name != "unit tests"}
            begun = time.monotonic()
            done = subprocess.run(step.command, cwd=step.cwd, env=env, capture_output=True, text=True, check=False)
            minutes[step.name] = round((time.monotonic() - begun) / 60, 1)
            if kept is not None:
                (folder / f"{step.name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
            if done.returncode:
                result = f"failed at: {step.name}"
                break
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = next((line for line in reversed(said) if re.search(r"passed|failed|error", line)), said[-1] if said else "")
    failures = [line for line in said if line.startswith(("FAILED", "ERROR"))]
    row: dict[str, object] = {"python": python, "dependencies": resolution, "result": result, "said": last.strip("= ")}
    row["minutes"] = minutes
    if result != "passed":
        row["why"] = failures[:60] or said[-30:]
    return row


def main() -> int:
    """Run the rows that are asked for; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", choices=PYTHONS, help="only this one; can be repeated")
    parser.add_argument("--resolution", action="append", choices=RESOLUTIONS, help="only these dependencies")
    parser.add_argument("--workers", default="2", metavar="N", help="processes of the unit tests; 2 by default")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep each row's environment, in a new folder of its own in DIR"
    )
    parser.add_argument("tests", nargs="*", help="given to pytest; all unit tests by default")
    args = parser.parse_args()
    if shutil.which("uv") is None:
        print("uv is not on PATH. Install it: pip install uv", file=sys.stderr)
        return 2
    failed = False
    with tempfile.TemporaryDirectory(prefix="vbqkit-wheel-") as out:
        subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", out, str(ROOT)], check=True)
        (wheel,) = Path(out).glob("vbqkit-*.whl")
        for version in args.python or PYTHONS:
            python = python_there(version)
            if python is None:
                print(json.dumps({"python": version, "result": "not here: left out"}), flush=True)
                continue
            for resolution in args.resolution or RESOLUTIONS:
                kept = args.keep and args.keep.absolute() / f"{version}-{resolution}"
                row = run_row(python, resolution, wheel, args.tests, args.workers, kept)
                failed |= row["result"] != "passed"
                print(json.dumps(row, ensure_ascii=False), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
