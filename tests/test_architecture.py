"""The shape of the package: what importing it brings in, where things belong, what the tree must not hold."""

import ast
import importlib.util
import io
import json
import re
import subprocess
import sys
import tokenize
import tomllib
import types
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
JUPYTER = ("IPython", "ipywidgets", "anywidget", "jupyterlab", "traitlets", "plotly", "itkwidgets", "ipyniivue")
HEAVY = ("SimpleITK", "scipy", "statsmodels", "sklearn", "matplotlib")
MODULES = sorted(p for p in (ROOT / "vbqkit").rglob("*.py"))
MAX_LINES = 450
MAX_COLUMNS, SHORTEST_MESSAGE, BESIDE_A_MESSAGE = 120, 40, 80
SOURCES = [*MODULES, *sorted(p for room in ("tests", "benchmarks", "train") for p in (ROOT / room).rglob("*.py"))]


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
loaded = lambda name: type(sys.modules.get(name)) is type(sys)  # not a stand-in that waits for its first use
from vbqkit.exercises import middle_body
from vbqkit.lessons import ScanLab, ask, show_slice, show_table
from vbqkit.scanner import acquire, prepare, scanner_named
from vbqkit.scores import score_case, score_value
first = [name for name in {SLOW_TO_LOAD} if loaded(name)]
from vbqkit.lessons import read_twice
from vbqkit.stats import icc
print(json.dumps([first, [name for name in {SLOW_TO_LOAD} if loaded(name)]]))
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
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path.relative_to(ROOT)} has no docstring"


def docstring_lines(text):
    docs = (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    return {line for n in docs for line in range(n.lineno, (n.end_lineno or n.lineno) + 1)}


def strings(text):
    """Line and width of each string that begins and ends on one line."""
    begun = []  # f-strings, which Python 3.12 splits into tokens
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if tokenize.tok_name[token.type] == "FSTRING_START":
            begun.append(token.start)
        elif token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_END":
            start = token.start if token.type == tokenize.STRING else begun.pop()
            if start[0] == token.end[0]:
                yield start[0], token.end[1] - start[1]


def too_long(text):
    """Numbers of the lines that are too long, but for a message that is easier to find whole."""
    lines = text.splitlines()
    long = {number for number, line in enumerate(lines, start=1) if len(line) > MAX_COLUMNS}
    if not long:
        return []
    documentation = docstring_lines(text)
    messages = {
        number
        for number, width in strings(text)
        if width >= SHORTEST_MESSAGE and len(lines[number - 1]) - width <= BESIDE_A_MESSAGE
    }
    return sorted(long - (messages - documentation))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_line_over_120_characters_holds_a_long_message(path):
    found = too_long(path.read_text(encoding="utf-8"))
    assert not found, f"{path.relative_to(ROOT)}: wrap the lines {found}, or shorten what they say"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"message = 'the {'very ' * 30}long message'", []),
        (f"message = f'the {'very ' * 30}long message of {{name}}'", []),
        (f"total = {' + '.join(['number'] * 20)}", [1]),
        (f"names = [{', '.join(['name'] * 30)}, 'a short text']", [1]),
        (f"total = {' + '.join(['number'] * 20)} + len('{'message ' * 10}')", [1]),
        (f"# a comment that goes on{' and on' * 20}", [1]),
        (f'"""A docstring that goes on{" and on" * 20}."""', [1]),
    ],
)
def test_a_line_that_is_too_long_is_found(text, found):
    assert too_long(f"{text}\n") == found


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def promised(module):
    """Names in ``__all__`` that the module does not hold; a facade loads each when it is asked."""
    return [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)]


WITHOUT_HIGHDICOM = (
    sys.version_info >= (3, 14) and importlib.util.find_spec("highdicom") is None
)  # it has no wheels there
NOT_IMPORTABLE = (
    {f"vbqkit.report.dicom.{name}" for name in ("codes", "sc", "seg", "sr")} if WITHOUT_HIGHDICOM else set()
)


@pytest.mark.parametrize("name", sorted({module_name(p) for p in MODULES if p.stem != "__main__"} - NOT_IMPORTABLE))
def test_every_name_in_all_exists(name):
    assert promised(importlib.import_module(name)) == []


def test_a_name_in_all_that_does_not_exist_is_found():
    module = types.ModuleType("bogus")
    module.__all__ = ["here", "nowhere"]
    module.here = 1
    assert promised(module) == ["nowhere"]


INNER = {"cli", "page"}  # rooms that users and notebooks do not import from
SUBPACKAGES = {p.parent.name for p in (ROOT / "vbqkit").glob("*/__init__.py")}
FACADES = ["vbqkit", "vbqkit.charts.live", *sorted(f"vbqkit.{name}" for name in SUBPACKAGES - INNER)]


@pytest.mark.parametrize("name", FACADES)
def test_a_facade_is_a_table_of_contents(name):
    facade = importlib.import_module(name)
    shown = [word for word in dir(facade) if not word.startswith("__")]
    assert set(shown) == set(facade.__all__) - {"__version__"}, "what is offered and what is promised differ"
    assert not [word for word in shown if word.startswith("_")]


def test_the_facade_of_the_package_shows_the_readers_and_every_subpackage():
    import vbqkit

    assert {"read_study", "read_rois", "write_rois", *(SUBPACKAGES - INNER)} <= set(dir(vbqkit))


def test_a_subpackage_loads_on_first_use():
    code = "import sys, vbqkit; before = 'vbqkit.scores' in sys.modules; vbqkit.scores.SCORES; print(before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_no_function_has_its_modules_name():
    """``import vbqkit.scores.vbq as m`` must give the module: a facade that holds a function of that name hides it."""
    facades = [importlib.import_module(name) for name in FACADES]
    hidden = [
        f"{facade.__name__}.{name}"
        for facade in facades
        for name in facade.__all__
        if (Path(facade.__file__).parent / f"{name}.py").is_file()
        and not isinstance(getattr(facade, name), types.ModuleType)
    ]
    assert hidden == []


def test_every_part_of_the_package_is_in_the_jupyter_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [contract] = [c for c in contracts if c["name"] == "Only studio, lessons, teacher and charts.live know Jupyter"]
    parts = {f"vbqkit.{p.stem}" for p in (ROOT / "vbqkit").glob("*.py")} - {"vbqkit.__init__"}
    parts |= {f"vbqkit.{name}" for name in SUBPACKAGES}
    assert set(contract["source_modules"]) | {"vbqkit.studio", "vbqkit.lessons", "vbqkit.teacher"} == parts


def tracked_files():
    done = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a git checkout: the tracked files were not looked at")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_nothing_over_2_mb_outside_sample_data_and_60_mb_within():
    files = tracked_files()
    large = [p for p in files if p.stat().st_size > 2_000_000 and "sample_data" not in p.parts]
    assert not large
    assert sum(p.stat().st_size for p in files if "sample_data" in p.relative_to(ROOT).parts) <= 60_000_000


def test_nothing_a_user_runs_loads_from_the_network():
    pattern = re.compile(r"https?://(cdn\.|unpkg|[a-z.]*jsdelivr|[a-z.]*cloudflare|fonts\.)")
    suffixes = {".py", ".js", ".css", ".html", ".ipynb"}
    hits = [
        p
        for p in tracked_files()
        if p.suffix in suffixes and p != Path(__file__) and pattern.search(p.read_text(encoding="utf-8"))
    ]
    assert not hits


def test_a_picture_in_a_lesson_lies_beside_the_lessons():
    """JupyterLab shows nothing above the folder it was opened in, and a copy of the course holds no other folder."""
    shown = re.compile(r"!\[[^\]]*\]\(([^)]+)\)")
    for path in [p for p in tracked_files() if p.suffix == ".ipynb"]:
        for picture in shown.findall(path.read_text(encoding="utf-8")):
            assert not picture.startswith("..")
            assert (path.parent / picture).is_file(), f"{path.name}: {picture}"


def test_the_studio_styles_nothing_of_a_lesson():
    given = r'add_class\(f?"([\w-]+)'
    lessons = {
        name for p in (ROOT / "vbqkit" / "lessons").glob("*.py") for name in re.findall(given, p.read_text("utf-8"))
    }
    assert "vbq-question" in lessons
    css = (ROOT / "vbqkit" / "studio" / "static" / "studio.css").read_text(encoding="utf-8")
    selectors = [one.strip() for rule in re.findall(r"([^{}]+)\{", css) for one in rule.split(",")]
    of_lessons = [s for s in selectors if lessons & set(re.findall(r"\.([\w-]+)", s))]
    assert not [s for s in of_lessons if not s.startswith(".vbq-studio ")]


def test_no_style_asks_how_wide_its_container_is():
    """With a container query, Chromium 150 now and then keeps an old style for good: a picture stayed black."""
    pattern = re.compile(r"container-type|@container")
    assert not [p for p in tracked_files() if p.suffix == ".css" and pattern.search(p.read_text(encoding="utf-8"))]


LOCKS = {"development": ROOT / "requirements.lock", "lessons": ROOT / "binder" / "requirements.txt"}


def locked(name):
    lines = LOCKS[name].read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index_and_pins_everything(name):
    lines = locked(name)
    assert len(lines) > 50
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    assert not [line for line in lines if not re.match(r"^[A-Za-z0-9_.\[\]-]+==[^=]+$", line.split(";")[0].strip())]


def test_the_lessons_lock_has_the_versions_that_are_tested_and_nothing_that_only_development_needs():
    tested, lessons = ({line.split(";")[0].strip() for line in locked(name)} for name in LOCKS)
    assert lessons < tested
    names = {line.split("==")[0] for line in lessons}
    assert {"jupyterlab", "voila", "itkwidgets", "highdicom", "simpleitk"} <= names  # SimpleITK: lesson 96
    assert not {"pyarrow", "sphinx", "mypy", "pytest", "playwright"} & names


def test_the_core_asks_for_no_library_without_wheels():
    """By the wheels on PyPI in November 2026; pydicom reads uncompressed, deflated and RLE files alone."""
    core = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    wanted = {
        ("3.14", "linux", "x86_64"): {"python-gdcm", "pylibjpeg", "pylibjpeg-openjpeg"},
        ("3.12", "linux", "aarch64"): {"python-gdcm", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg"},
        ("3.12", "win32", "ARM64"): set(),
        ("3.13", "emscripten", "wasm32"): set(),
    }
    for (python, platform, machine), decoders in wanted.items():
        about = {"python_version": python, "sys_platform": platform, "platform_machine": machine}
        there = {r.name for r in map(Requirement, core) if r.marker is None or r.marker.evaluate(about)}
        assert there & {"python-gdcm", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "SimpleITK"} == decoders
        assert {"numpy", "pydicom", "nibabel", "platformdirs"} <= there


def test_notebooks_hold_no_output_and_no_widget_state():
    for path in tracked_files():
        if path.suffix == ".ipynb":
            notebook = json.loads(path.read_text(encoding="utf-8"))
            assert "widgets" not in notebook["metadata"], path
            assert not [c for c in notebook["cells"] if c.get("outputs") or c.get("execution_count")], path


def imported_modules(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    nodes = [
        node for text in code for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", text, flags=re.MULTILINE)))
    ]
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return named | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize(
    "path", sorted(p for room in ("notebooks", "teacher") for p in (ROOT / room).rglob("*.ipynb")), ids=lambda p: p.name
)
def test_a_notebook_imports_from_facades_only(path):
    inside = {name for name in imported_modules(path) if name.split(".")[0] == "vbqkit"}
    goes_round = sorted(inside - {*FACADES, "vbqkit.reference_groups"})
    assert not goes_round, f"{path.name} goes round the facades"
