"""Pyodide, with vbqkit and what it needs: a folder with a lock, from which a browser loads what a cell imports."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PYODIDE = "0.27.7"
"""Version of the distribution; the kernel of lite/requirements.txt is made for it."""

RUNTIME = ("pyodide.asm.js", "pyodide.asm.wasm", "pyodide.js", "pyodide.mjs", "python_stdlib.zip")

DEPENDS = ("numpy", "scipy", "pandas", "pillow")
"""Of Pyodide's own packages, what vbqkit loads."""

FOR_THE_KERNEL = ("ipython", "jedi", "micropip", "sqlite3", "ssl")

WHEN_A_CELL_IMPORTS_IT = ("scikit-learn", "statsmodels")
"""Large, and for few lessons; left out where the distribution has no such file."""

_LEFT_OUT = re.compile(
    r"vbqkit/course_files/|/tests/|/test_files/|/labextension/|\.data/data/"
    r"|\.(?:pyx|pxd|h|hpp|c|cpp|a|orig)$"  # for those who compile against it
    r"|^(?!vbqkit/|jedi/).*\.pyi$"  # for type checkers; vbqkit's facades and completion read theirs
    r"|^jedi/third_party/(?:django-stubs|typeshed/third_party|typeshed/stdlib/2)/"
    r"|^pygments/lexers/(?!__init__|_mapping|special|python)[^/]*\.py$"  # a traceback is coloured as Python, nothing else is
    r"|^scipy/misc/.*\.dat$|^plotly/package_data/datasets/"  # data of their examples
)
"""Of wheels: the lessons and patients lie on the site itself; tests, sources, examples, and what another JupyterLab needs."""


class NoPyodide(Exception):  # noqa: N818 - said to whoever builds, in words
    """The folder is not the Pyodide that is wanted."""


def checked_lock(pyodide: Path) -> dict[str, Any]:
    """The lock of a Pyodide distribution; every file that the course loads is there and has the checksum in it.

    Raises
    ------
    NoPyodide
        If the folder holds no Pyodide, another version, or a file that differs.
    """
    try:
        lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NoPyodide(f"{pyodide} holds no pyodide-lock.json: give the folder of a Pyodide {PYODIDE}.") from error
    if lock["info"]["version"] != PYODIDE:
        raise NoPyodide(f"{pyodide} holds Pyodide {lock['info']['version']}; {PYODIDE} is wanted.")
    lacking = [name for name in RUNTIME if not (pyodide / name).is_file()]
    for name in needed(lock, _wanted(lock, pyodide)):
        package = lock["packages"][name]
        file = pyodide / package["file_name"]
        if not file.is_file():
            lacking.append(file.name)
        elif _digest(file) != package["sha256"]:
            raise NoPyodide(f"{file} is not what the lock beside it says (SHA-256). Get the distribution again.")
    if lacking:
        raise NoPyodide(f"{pyodide} lacks {', '.join(lacking)}: give the folder of a whole Pyodide {PYODIDE}.")
    return lock


def _wanted(lock: Mapping[str, Any], pyodide: Path) -> list[str]:
    packages = lock["packages"]
    there = [
        name
        for name in WHEN_A_CELL_IMPORTS_IT
        if name in packages and (pyodide / packages[name]["file_name"]).is_file()
    ]
    return [*DEPENDS, *FOR_THE_KERNEL, *there]


def needed(lock: Mapping[str, Any], names: list[str]) -> list[str]:
    """Packages of the lock and all that they depend on."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name not in found:
            found.append(name)
            waiting += lock["packages"][name]["depends"]
    return sorted(found)


def make_distribution(pyodide: Path, wheels: list[Path], target: Path) -> None:
    """Copy what the course needs of a Pyodide, add wheels in pure Python, and write the lock of both.

    Parameters
    ----------
    pyodide : Path
        Folder of a Pyodide distribution.
    wheels : list of Path
        vbqkit's own and those of lite/wheels.txt.
    target : Path
        Folder that is made anew.
    """
    lock = checked_lock(pyodide)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    kept = needed(lock, _wanted(lock, pyodide))
    for name in RUNTIME:
        shutil.copy2(pyodide / name, target)
    packages = {}
    for name in kept:
        packages[name] = package = dict(lock["packages"][name])
        _lighter(pyodide / package["file_name"], target / package["file_name"])
        package["sha256"] = _digest(target / package["file_name"])
    own = {}
    for wheel in wheels:
        _lighter(wheel, target / wheel.name)
        entry = _entry(target / wheel.name)
        own[entry["name"]] = entry
    own["vbqkit"]["depends"] = sorted({*DEPENDS, *own} - {"vbqkit"})
    lock["packages"] = dict(sorted((packages | own).items()))
    (target / "pyodide-lock.json").write_text(json.dumps(lock, indent=1), encoding="utf-8")


def _lighter(wheel: Path, target: Path) -> None:
    """A wheel without what nobody needs in a browser, packed as tightly as can be."""
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as rest:
        for member in whole.namelist():
            if not _LEFT_OUT.search(member):
                rest.writestr(zipfile.ZipInfo(member), whole.read(member), zipfile.ZIP_DEFLATED)


def _entry(wheel: Path) -> dict[str, Any]:
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as members:
        tops = {member.partition("/")[0] for member in members.namelist()}
    imports = sorted(top.removesuffix(".py") for top in tops if not top.endswith((".dist-info", ".data", ".pth")))
    return {
        "name": name.lower().replace("_", "-"),
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": _digest(wheel),
        "package_type": "package",
        "imports": imports,
        "depends": [],
        "unvendored_tests": False,
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
