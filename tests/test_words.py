"""One word for one thing, in plain English: the README's table of words, and phrases that readers stumble over."""

import ast
import importlib
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "vbqkit").rglob("*.py"))
SCRIPTS = sorted([*(ROOT / "vbqkit").rglob("*.js"), *(ROOT / "vbqkit").rglob("*.css")])
NOTEBOOKS = sorted(p for room in ("notebooks", "teacher") for p in (ROOT / room).rglob("[!.]*.ipynb"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "validation/README.md", "sample_data/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "vbqkit" / "exercises" / "data" / "questions.toml",
]

STUMBLING_BLOCKS = {
    r"hang(s|ing)? on": "depends on",
    r"said by hand": "set it yourself",
    r"foret(old|ells?|elling)": "predicted",
    r"mend(s|ed|ing)?": "correct, corrected",
    r"and what not": "and what it does not",
    r"told and kept": "reported and saved",
    r"told at once": "listed at once",
    r"spreadsheet made of": "a number that the spreadsheet turned into a date",
    r"(below|above) the line": "the denominator, the numerator",
    r"(?<!there )(is|are) no (marrow|bone|noise|clean air|readings?|lock|number|ROI|attempt)": "is not ...",
    r"no two readings": "do not count as two readings",
    r"who accepts that": "if you accept that, you can",
    r"(course|lesson) teaches and screens": "the software screens and teaches; it does not diagnose",
    r"after no one": "name the source, or say that it was chosen by eye",
    r"belongs into": "belongs in",
    r"speaks for": "points to",
    r"give up what is being drawn": "stop drawing",
    r"before anyone listens": "before the signal is read",
    r"as if nothing were(?! wrong)": "as if nothing were wrong",
    r"how mostly": "how much",
    r"is answered at once": "takes effect at once",
    r"lets go is answered": "a ROI you release is measured",
}
"""What not to write, as a regular expression, and what to write instead."""


def prose_of(path):
    """What people read in a file, white space made plain: its text, a module's strings, or a notebook's cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        nodes = ast.walk(ast.parse(text))
        text = "\n".join(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    elif path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return " ".join(text.split())


def stumbled_over(text):
    return [
        f"'...{text[max(0, hit.start() - 40) : hit.end() + 30]}...': say {better}"
        for phrase, better in STUMBLING_BLOCKS.items()
        for hit in re.finditer(rf"\b{phrase}\b", text, flags=re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS, *MODULES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_native_reader_does_not_stumble(path):
    assert stumbled_over(prose_of(path)) == []


def test_the_search_for_stumbling_blocks_finds_them_across_lines_and_in_strings(tmp_path):
    module = tmp_path / "module.py"
    module.write_text('"""What\n    hangs\n    on it."""\nsay = "must be "\nf"{say} mended"\n', encoding="utf-8")
    assert len(stumbled_over(prose_of(module))) == 2


SPELLINGS = {
    r"(?i:\bcentre[sd]?\b|_centre\b|\bcentre_)": "center",
    r"\bDXA\b": "DEXA",
    r"""\bpositive["']?\s*[=:]\s*["'](above|below)""": 'positive="high" or positive="low"',
}
ALSO_CALLED = {"README.md": "(also called DXA)", "notebooks/glossary.ipynb": "Also called DXA"}
"""Where the other name is given once."""


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS, *MODULES, *SCRIPTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_word_has_one_spelling(path):
    text = path.read_text(encoding="utf-8")
    once = ALSO_CALLED.get(str(path.relative_to(ROOT)))
    if once is not None:
        assert text.count(once) == 1
        text = text.replace(once, "")
    wrong = {hit.group(): right for bad, right in SPELLINGS.items() for hit in re.finditer(bad, text)}
    assert wrong == {}, "the values say how to write it"


def words_of_the_readme():
    """Each word of the table "One word for one thing", row by row, with the names of its home in the code."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## One word for one thing\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("|")]
    return [(word, re.findall(r"`([\w.]+)`", home)) for word, _, home in rows[2:]]


def resolved(name):
    """The object of a dotted name: the longest module in it, then its attributes."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[count:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)


def test_every_word_of_the_readme_has_a_home_in_the_code():
    words = dict(words_of_the_readme())
    assert {"case", "sample patient", "finding", "ledger row", "jitter", "placement", "DEXA", "positive"} <= set(words)
    for word, homes in words.items():
        assert homes, f"'{word}' has no home in the last column"
        for home in homes:
            resolved(home)


def test_a_home_that_does_not_exist_is_found():
    with pytest.raises(AttributeError):
        resolved("vbqkit.scores.NoSuchThing")


def test_no_word_is_in_two_rows_of_the_readme():
    words = [word for row, _ in words_of_the_readme() for word in row.split(", ")]
    assert len(words) == len(set(words))


def public_classes(paths):
    """Name of each public class, with the modules that define it."""
    found = defaultdict(list)
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.name)
    return found


def test_no_two_classes_share_a_name():
    assert {name: where for name, where in public_classes(MODULES).items() if len(where) > 1} == {}


def test_two_classes_of_one_name_are_found(tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("class Verdict:\n    pass\n", encoding="utf-8")
    assert public_classes(sorted(tmp_path.glob("*.py"))) == {"Verdict": ["a.py", "b.py"]}


SCORED_LEVELS = re.compile(r"""[(\[{]\s*["']L1["'],\s*["']L2["'],\s*["']L3["'],\s*["']L4["']\s*[)\]}]""")


def test_the_scored_levels_are_written_out_once():
    written = [
        p for p in MODULES if SCORED_LEVELS.search(re.sub(r"^\s*>>>.*$", "", p.read_text("utf-8"), flags=re.MULTILINE))
    ]
    assert [str(p.relative_to(ROOT)) for p in written] == ["vbqkit/roi/labels.py"]
