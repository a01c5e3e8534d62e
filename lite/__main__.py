"""Build the site: ``python -m lite --pyodide FOLDER`` (``make lite PYODIDE=FOLDER``)."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from lite.distribution import PYODIDE, NoPyodide, checked_lock, make_distribution

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "lite"
CONSTRAINTS = ROOT / "binder" / "requirements.txt"
PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
ANY_PLATFORM = (
    "--no-deps",
    "--only-binary=:all:",
    "--platform=any",
    "--python-version=3.12",
    "--implementation=py",
    "--abi=none",
)


def build(pyodide: Path) -> Path:
    """Build the site from a Pyodide distribution; the folder it lies in."""
    checked_lock(pyodide)
    BUILD.mkdir(parents=True, exist_ok=True)
    tools = _tools()
    wheels = BUILD / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _run(sys.executable, *PIP, "download", *ANY_PLATFORM, "-r", ROOT / "lite" / "wheels.txt", "-d", wheels)
    _run(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", ROOT, "-w", wheels)
    source = BUILD / "source"
    shutil.rmtree(source, ignore_errors=True)
    make_distribution(pyodide, sorted(wheels.glob("*.whl")), source / "static" / "pyodide")
    shutil.copy2(ROOT / "lite" / "jupyter-lite.json", source)
    for room in ("notebooks", "sample_data"):
        shutil.copytree(ROOT / room, source / "files" / room, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    shutil.rmtree(site := BUILD / "site", ignore_errors=True)
    (BUILD / ".jupyterlite.doit.db").unlink(missing_ok=True)  # it would leave out what it made before
    _run(
        tools / "python",
        "-m",
        "jupyter_core",
        "lite",
        "build",
        "--config",
        ROOT / "lite" / "jupyter_lite_config.json",  # progress is lines of JSON: taken for one, the second stops Python
        "--lite-dir",
        source,
        "--contents",
        source / "files",
        "--output-dir",
        site,
        "--apps",
        "lab",
        "--no-sourcemaps",
    )
    return site


def _tools() -> Path:
    """An environment of their own: what builds the site is not needed to develop or to learn."""
    home, wanted = BUILD / "tools", (ROOT / "lite" / "requirements.txt").read_text(encoding="utf-8")
    binaries, stamp = home / ("Scripts" if os.name == "nt" else "bin"), home / "installed.txt"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        venv.create(home, with_pip=True, clear=True)
        _run(binaries / "python", *PIP, "install", "-r", ROOT / "lite" / "requirements.txt", "-c", CONSTRAINTS)
        stamp.write_text(wanted, encoding="utf-8")
    return binaries


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        list(map(str, command)), cwd=BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout[-3000:]}\n{' '.join(map(str, command))} failed; its last words stand above.")


def main() -> None:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(prog="python -m lite", description=__doc__)
    parser.add_argument("--pyodide", type=Path, required=True, metavar="FOLDER", help=f"a Pyodide {PYODIDE}, unpacked")
    try:
        site = build(parser.parse_args().pyodide)
    except NoPyodide as error:
        sys.exit(str(error))
    size = sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    print(f"{site}: {size / 1e6:.0f} MB. Look at it: python -m http.server --directory {site} 8000")


if __name__ == "__main__":
    main()
