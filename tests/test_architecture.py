"""The shape of the package: what importing it brings in, where things belong, what the tree must not hold."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
JUPYTER = ("IPython", "ipywidgets", "anywidget", "jupyterlab", "traitlets", "plotly", "itkwidgets", "ipyniivue")
HEAVY = ("SimpleITK", "scipy", "statsmodels", "sklearn", "matplotlib")
MODULES = sorted(p for p in (ROOT / "vbqkit").rglob("*.py"))
MAX_LINES = 450


def imported_with(statement):
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout))


def test_importing_vbqkit_brings_in_no_jupyter_package_and_nothing_heavy():
    assert not imported_with("import vbqkit") & {*JUPYTER, *HEAVY}


def test_importing_the_command_line_brings_in_no_jupyter_package():
    assert not imported_with("import vbqkit.cli") & set(JUPYTER)


def test_the_probe_itself_sees_a_package_that_is_imported():
    assert "traitlets" in imported_with("import traitlets")


SLOW_TO_LOAD = ["pandas", "plotly", "pydicom", "scipy.optimize", "scipy.stats"]
LESSON = f"""
import sys, json
from vbqkit.exercises import middle_body
from vbqkit.lessons import ScanLab, ask, show_slice, show_table
from vbqkit.scanner import acquire, prepare, scanner_named
from vbqkit.scores import score_case, score_value
first = [name for name in {SLOW_TO_LOAD} if name in sys.modules]
from vbqkit.lessons import read_twice
from vbqkit.stats import icc
print(json.dumps([first, [name for name in {SLOW_TO_LOAD} if name in sys.modules]]))
"""


def test_a_lesson_loads_tables_charts_dicom_and_tests_of_hypotheses_only_when_it_uses_them():
    done = subprocess.run([sys.executable, "-c", LESSON], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == [[], ["pandas"]]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_can_be_read_in_one_sitting(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines: split it by what things are"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_name_in_all_exists_and_every_module_says_what_it_is(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.relative_to(ROOT)} has no docstring"
    asserts = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "eval"]
    assert not asserts


def test_the_facade_is_small_and_exports_what_it_says():
    import vbqkit

    assert (ROOT / "vbqkit" / "__init__.py").read_text().count("\n") <= 60
    assert all(hasattr(vbqkit, name) for name in vbqkit.__all__)


def tracked_files():
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a git checkout: the tracked files were not looked at")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_nothing_over_2_mb_outside_sample_data_and_40_mb_within():
    files = tracked_files()
    large = [p for p in files if p.stat().st_size > 2_000_000 and "sample_data" not in p.parts]
    assert not large
    assert sum(p.stat().st_size for p in files if "sample_data" in p.relative_to(ROOT).parts) <= 40_000_000


def test_nothing_a_user_runs_loads_from_the_network():
    pattern = re.compile(r"https?://(cdn\.|unpkg|[a-z.]*jsdelivr|[a-z.]*cloudflare|fonts\.)")
    suffixes = {".py", ".js", ".css", ".html", ".ipynb"}
    hits = [
        p
        for p in tracked_files()
        if p.suffix in suffixes and p != Path(__file__) and pattern.search(p.read_text(encoding="utf-8"))
    ]
    assert not hits


def test_the_lock_names_no_index_and_pins_everything():
    lines = [
        line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert len(lines) > 50
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    assert not [line for line in lines if not re.match(r"^[A-Za-z0-9_.\[\]-]+==[^=]+$", line.split(";")[0].strip())]


def test_notebooks_hold_no_output_and_no_widget_state():
    for path in tracked_files():
        if path.suffix == ".ipynb":
            notebook = json.loads(path.read_text(encoding="utf-8"))
            assert "widgets" not in notebook["metadata"], path
            assert not [c for c in notebook["cells"] if c.get("outputs") or c.get("execution_count")], path


FACADES = {
    "vbqkit",
    "vbqkit.charts.live",
    "vbqkit.reference_groups",
    *(f"vbqkit.{p.parent.name}" for p in (ROOT / "vbqkit").glob("*/__init__.py")),
}


def imported_modules(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    nodes = [
        node for text in code for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", text, flags=re.MULTILINE)))
    ]
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return named | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda p: p.name)
def test_a_notebook_imports_from_facades_only(path):
    inside = {name for name in imported_modules(path) if name.split(".")[0] == "vbqkit"}
    assert inside <= FACADES, f"{path.name} goes round the facades: {sorted(inside - FACADES)}"
