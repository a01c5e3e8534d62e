"""The course for a browser: what is checked before it is built, and the same digits in Python in WebAssembly."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lite.distribution import DEPENDS, FOR_THE_KERNEL, PYODIDE, RUNTIME, NoPyodide, checked_lock, make_distribution
from vbqkit.exercises import progress

ROOT = Path(__file__).parent.parent
HERE = Path(os.environ.get("VBQKIT_PYODIDE", ROOT / "build" / "pyodide"))
NOT_HERE = f"no Pyodide {PYODIDE} in {HERE}; name a folder in VBQKIT_PYODIDE (docs/how_to/in_a_browser.md)"


@pytest.fixture
def pyodide(tmp_path):
    """A folder of the shape of a Pyodide distribution."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    packages = {}
    for name in [*DEPENDS, *FOR_THE_KERNEL, "scikit-learn", "openblas", "never-asked-for"]:
        with zipfile.ZipFile(folder / f"{name}.whl", "w") as file:
            file.writestr(f"{name}/__init__.py", name)
        depends = ["OpenBLAS"] if name == "scipy" else []
        digest = hashlib.sha256((folder / f"{name}.whl").read_bytes()).hexdigest()
        packages[name] = {"name": name, "file_name": f"{name}.whl", "sha256": digest, "depends": depends}
    for name in RUNTIME:
        (folder / name).write_text(name)
    lock = {"info": {"version": PYODIDE}, "packages": packages}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock))
    return folder


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "vbqkit-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name in (
            "vbqkit/__init__.py",
            "vbqkit/course_files/sample_data/big.dcm",
            "vbqkit-0.1.0.dist-info/METADATA",
        ):
            file.writestr(name, "x")
    return path


def test_a_cell_that_imports_vbqkit_loads_all_it_needs_and_no_patients(pyodide, wheel, tmp_path):
    make_distribution(pyodide, [wheel], tmp_path / "out")
    packages = json.loads((tmp_path / "out" / "pyodide-lock.json").read_text())["packages"]
    assert packages["vbqkit"]["imports"] == ["vbqkit"]
    assert set(DEPENDS) <= set(packages["vbqkit"]["depends"])
    assert "openblas" in packages
    assert "never-asked-for" not in packages
    copied = tmp_path / "out" / wheel.name
    assert packages["vbqkit"]["sha256"] == hashlib.sha256(copied.read_bytes()).hexdigest()
    assert zipfile.ZipFile(copied).namelist() == ["vbqkit/__init__.py", "vbqkit-0.1.0.dist-info/METADATA"]


def _other_version(folder):
    file = folder / "pyodide-lock.json"
    file.write_text(file.read_text().replace(PYODIDE, "0.20.0"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_other_version, "holds Pyodide 0.20.0"),
        (lambda folder: (folder / "pyodide-lock.json").unlink(), "holds no pyodide-lock.json"),
        (lambda folder: (folder / "numpy.whl").write_text("another"), "is not what the lock beside it says"),
        (lambda folder: (folder / "openblas.whl").unlink(), "lacks openblas.whl"),
    ],
    ids=["another version", "no lock", "another file", "a file too few"],
)
def test_a_pyodide_that_is_not_whole_is_refused(pyodide, spoil, words):
    spoil(pyodide)
    with pytest.raises(NoPyodide, match=words):
        checked_lock(pyodide)


def test_the_wheels_are_those_that_are_tested():
    locked = {line.split(";")[0].strip() for line in (ROOT / "requirements.lock").read_text().splitlines()}
    wanted = [line for line in (ROOT / "lite" / "wheels.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in wanted if line not in locked] == []


def test_the_site_takes_the_file_of_progress_for_text():
    """JupyterLite takes unknown endings with "json" in them for JSON, which lines of it are not, and stops for good."""
    types = json.loads((ROOT / "lite" / "jupyter_lite_config.json").read_text())["LiteBuildConfig"]["extra_file_types"]
    text = {ending for kind in types.values() if kind["fileFormat"] == "text" for ending in kind["extensions"]}
    assert Path(progress.FILE_NAME).suffix in text


@pytest.mark.slow
@pytest.mark.skipif(not (HERE / "pyodide.mjs").is_file(), reason=NOT_HERE)
def test_scanner_scores_and_statistics_give_the_same_digits_in_webassembly():
    from tests.digits import digits, picture, unpacked

    command = ["node", ROOT / "tests" / "in_pyodide.mjs", HERE, ROOT, sysconfig.get_path("purelib"), "tests/digits.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    there, here = json.loads(done.stdout.splitlines()[-1]), digits()
    assert len(there["digits"]) >= 90
    assert there["digits"] == pytest.approx(here, rel=1e-9, nan_ok=True)
    # A picture is rounded to whole grey levels from single precision: a few pixels fall to the other side.
    apart = np.abs(unpacked(there["picture"]) - picture().ravel())
    assert apart.max() <= 1
    assert np.count_nonzero(apart) < apart.size / 5000
