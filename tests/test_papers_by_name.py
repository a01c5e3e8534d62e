"""A reader meets papers by author and year: the numbers of the source papers stand in names of files only."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

from vbqkit import literature
from vbqkit.charts import plot_cutoffs

ROOT = Path(__file__).parent.parent
NUMBERED = re.compile(
    r"\b[Pp](?:aper|age)s?[ _]00\d\b"  # paper 003
    r"|(?<![\w.,:/#-])00[0-4](?![\w.,%:]\w|\w)"  # (003), 'source' == '004'
)
OF_SOMETHING_ELSE = {
    "vbqkit/studio/static/toolbar.js": "paths of icons",
    "vbqkit/protocol_words.py": "names of series: T1_SE_001",
    "vbqkit/formats/headers.py": "Philips MR Imaging DD 001",
    "vbqkit/formats/tags.py": "Philips MR Imaging DD 001",
    "vbqkit/privacy/private_elements.py": "Philips MR Imaging DD 001",
}
READ = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "sample_data/README.md")),
    *(
        p
        for room in ("docs", "validation", "benchmarks", "train", "binder")
        for p in sorted((ROOT / room).rglob("*.md"))
    ),
    *sorted((ROOT / "vbqkit").rglob("*.toml")),
    *sorted((ROOT / "vbqkit").rglob("*.md")),
    *sorted(p for p in (ROOT / "vbqkit").rglob("*.js") if str(p.relative_to(ROOT)) not in OF_SOMETHING_ELSE),
    *sorted(p for room in ("notebooks", "teacher") for p in (ROOT / room).rglob("[!.]*.ipynb")),
    *sorted(p for p in (ROOT / "vbqkit").rglob("*.py") if str(p.relative_to(ROOT)) not in OF_SOMETHING_ELSE),
]


def read_by_people(path: Path) -> str:
    """A page, the cells of a notebook, or the strings of a module: its messages and its docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    if path.suffix == ".py":
        nodes = ast.walk(ast.parse(text))
        return "\n".join(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return text


def numbered(text: str) -> list[str]:
    return [text[max(0, hit.start() - 30) : hit.end() + 30] for hit in NUMBERED.finditer(text)]


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_paper_is_named_by_its_authors_and_year(path):
    assert numbered(read_by_people(path)) == []


@pytest.mark.parametrize(
    "text",
    ["as in paper 000.", "Papers 003 and 004", "(001)", "source == '004'", "| 003 |", "median (003, 004)", "page 002"],
)
def test_a_number_instead_of_a_name_is_found(text):
    assert numbered(text)


@pytest.mark.parametrize(
    "text", ["p < 0.001", "10,000 draws", "1.001", "paper_000_patients", "#000", "2001", "100.003"]
)
def test_another_number_is_none(text):
    assert not numbered(text)


@pytest.mark.parametrize(
    "table",
    [
        "ledger",
        "coverage",
        "printed_numbers",
        "published_correlations",
        "published_groups",
        "published_sources",
        "published_thresholds",
    ],
)
def test_every_table_names_its_papers(table):
    found = getattr(literature, table)()
    sources = set(found["source"] if "source" in found else found.index.get_level_values(0))
    assert sources <= set(literature.published_sources()["source"])
    texts = found.reset_index().select_dtypes(exclude="number").astype(str).to_numpy().ravel().tolist()
    assert [text for text in texts if re.search(r"\b[Pp]apers? 00\d|^00[0-4]$|\b00[0-4],", text)] == []


def test_the_legend_of_cut_offs_names_papers():
    figure = plot_cutoffs(
        literature.thresholds_for("VBQ-T1", field_t=3, vendor=None, tr_ms=None, te_ms=None), score="VBQ-T1"
    )
    assert any("Chen 2023" in text for text in figure.layout.yaxis.ticktext)
    assert numbered(" ".join(figure.layout.yaxis.ticktext)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "vbqkit").rglob("__init__.pyi")), ids=lambda p: p.parent.name)
def test_no_public_name_holds_the_number_of_a_paper(path):
    name = ".".join(path.parent.relative_to(ROOT).parts)
    assert [
        word for word in dir(importlib.import_module(name)) if re.match(r"paper_\d.*_(patients|levels|reference)", word)
    ] == []


@pytest.mark.parametrize("path", sorted((ROOT / "validation").glob("*.csv")), ids=lambda p: p.name)
def test_the_tables_of_the_validation_name_papers(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.match(r'"?00[0-4][,:]', line) or re.search(r"\bpapers? 00\d", line)] == []
