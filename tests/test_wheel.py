"""The wheel is built, installed in a fresh environment, and used there without Jupyter and without a checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

WITHOUT_JUPYTER = """
import importlib.abc, sys
BLOCKED = {"IPython", "ipywidgets", "anywidget", "jupyterlab", "traitlets", "plotly", "itkwidgets", "ipyniivue"}
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Blocker())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("vbqkit-*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    python = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)

    def run(code):
        # The core's own dependencies come from this environment; the package itself only from the wheel.
        path = sysconfig.get_paths()["purelib"]
        code = f"{WITHOUT_JUPYTER}\nsys.path.append({path!r})\n{code}"
        return subprocess.run(
            [python, "-c", code], check=True, capture_output=True, text=True, cwd=folder
        ).stdout.strip()

    return run


@pytest.mark.wheel
def test_the_wheel_holds_the_data_and_not_the_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for ending in (".csv", ".js", "py.typed", "licenses/LICENSE"):
        assert any(name.endswith(ending) for name in names), ending
    assert not [
        name for name in names if name.startswith(("tests/", "notebooks/", "benchmarks/", "sample_data/", "train/"))
    ]
    assert "vbqkit/propose/data/weights.npy" in names
    for code in ("de", "sk", "zh_CN"):
        assert f"vbqkit/language/catalogues/{code}/studio.po" in names


@pytest.mark.wheel
def test_the_course_is_copied_out_of_the_wheel(elsewhere):
    out = elsewhere(
        "from vbqkit.datasets import write_course\nfrom vbqkit.datasets.course import course_source, _recorded\n"
        "done, again = write_course('course'), write_course('course')\n"
        "recorded = [name for name in _recorded() if '/course_files/' in name]\n"
        "print('elsewhere' in str(course_source()), done.written == len(recorded) == again.same, done.first_lesson.exists())"
    )
    assert out == "True True True"


@pytest.mark.wheel
def test_the_core_works_without_jupyter(elsewhere):
    out = elsewhere(
        "import vbqkit, vbqkit.scores, vbqkit.formats, vbqkit.stats, vbqkit.scanner, vbqkit.literature, vbqkit.cli\n"
        "print('elsewhere' in vbqkit.__file__, len(vbqkit.literature.kosice_patients()))"
    )
    assert out == "True 5"


@pytest.mark.wheel
def test_the_blocker_itself_blocks(elsewhere):
    with pytest.raises(subprocess.CalledProcessError) as failure:
        elsewhere("import ipywidgets")
    assert "not installed here" in failure.value.stderr


@pytest.mark.wheel
def test_the_command_line_works_elsewhere(elsewhere):
    assert elsewhere("from vbqkit.cli import main; main(['--version'])") == "0.1.0"
