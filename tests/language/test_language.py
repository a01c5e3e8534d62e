"""The catalogues are whole: nothing missing or stale, placeholders as in the English; and what is read follows."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markdown_it import MarkdownIt

from tests.studio.in_node import node
from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.tissues import TISSUES
from vbqkit.charts.against_dexa import COLUMN_WORDS, axis_label
from vbqkit.cli import course
from vbqkit.cohort import column
from vbqkit.datasets import write_course
from vbqkit.errors import FormatError
from vbqkit.exercises import question
from vbqkit.exercises.faults import FAULT_CODES, fault_words, tissue_words
from vbqkit.exercises.truth import reader_word
from vbqkit.language import (
    LANGUAGES,
    catalogues,
    date,
    differences,
    language,
    number,
    set_language,
    sources,
    translated,
    translated_notebook,
    translated_sheet,
)
from vbqkit.page import javascript

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in LANGUAGES if code != "en"]
STATIC = ROOT / "vbqkit" / "studio" / "static"


@pytest.fixture(autouse=True)
def english_again(monkeypatch):
    monkeypatch.delenv("VBQKIT_LANGUAGE", raising=False)
    yield
    set_language(None)


@pytest.mark.parametrize("name", sources.catalogue_names())
@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_missing_or_stale(code, name):
    found = {what: texts for what, texts in differences(code, name).items() if texts}
    assert not found, f"{code}/{name}.po: run python -m vbqkit.language, then translate. {found}"


def test_a_text_that_is_missing_stale_or_has_lost_a_placeholder_is_named(tmp_path, monkeypatch):
    text = catalogues.path_of("de", "studio").read_text(encoding="utf-8")
    text = text.replace('msgid "Undone"', 'msgid "Undone, as before"').replace("Dupliziert als {1}", "Dupliziert als")
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "studio.po").write_text(text, encoding="utf-8")
    assert differences("de", "studio") == {
        "missing": ["Undone"],
        "stale": ["Undone, as before"],
        "placeholders": ["Duplicated as {1}"],
    }


@pytest.mark.parametrize("path", sorted(catalogues.FOLDER.rglob("*.po")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_catalogue_is_without_a_language_or_a_source(path):
    assert path.parent.name in OTHERS
    assert path.stem in sources.catalogue_names()
    read = read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)
    assert not read.obsolete, "python -m vbqkit.language removes what no source has any more"
    assert "not yet read by a native radiologist" in path.read_text(encoding="utf-8")


def test_every_marked_template_of_a_script_can_be_translated():
    for path in (ROOT / "vbqkit").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        marked = len(re.findall(r"(?<![\w$.])_`", text))
        assert marked == len(sources.TAGGED.findall(text)), f"{path.name}: a value with braces or backticks in it"


def test_a_script_in_another_language_has_other_words_and_the_same_code():
    english = modules_of("studio.js")
    assert "_`" not in "".join(english.values())
    assert "`the next ROI is called ${store.label}`" in english["toolbar.js"]
    set_language("de")
    german = modules_of("studio.js")
    assert "`die nächste ROI heißt ${store.label}`" in german["toolbar.js"]
    assert 'replace(".", `,`)' in german["numbers.js"]
    assert "lang: `de`" in german["studio.js"]
    assert german["geometry.js"] == english["geometry.js"]


PARSE = """
import vm from "node:vm";
import { readFileSync } from "node:fs";
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0)))) {
  try { new vm.SourceTextModule(text, { identifier: name }); }
  catch (error) { console.log(name, String(error)); }
}
"""


def not_scripts(texts):
    """What node says of those of the texts that are no scripts."""
    options = ["--experimental-vm-modules", "--no-warnings", "--input-type=module", "-e", PARSE]
    done = subprocess.run([node(), *options], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return done.stdout


def modules_of(entry):
    text = javascript.loader(STATIC / entry)
    return json.loads(text[text.index("{") : text.index("};\n") + 1])


def test_a_script_in_another_language_is_still_a_script():
    texts = {}
    for code in OTHERS:
        set_language(code)
        for entry in ("studio.js", "later.js", "drop_zone.js", "watch.js"):
            texts |= {f"{code} {name}": text for name, text in modules_of(entry).items()}
    assert len(texts) > 60
    assert not_scripts(texts) == ""
    rough = sources.script_template("`quoted` \\ ${{1}} {1}\n", ("x",))
    assert not_scripts({"rough": f"const x = 1; const a = `{rough}`;"}) == ""
    assert not_scripts({"broken": "const a = `a`b`;"}).startswith("broken SyntaxError")


def test_words_numbers_and_dates_follow_the_language():
    when = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    assert (translated("Undone"), number(2.56, 2), date(when)) == ("Undone", "2.56", "30 November 2026, 09:05")
    set_language("de")
    assert (translated("Undone"), number(2.56, 2)) == ("Rückgängig gemacht", "2,56")
    assert date(when) == "30.11.2026, 09:05"
    set_language("zh-CN")
    assert (language(), translated("Undone"), number(2.56, 2)) == ("zh_CN", "已撤销", "2.56")


@pytest.mark.parametrize("code", OTHERS)
def test_the_decimal_sign_is_babels(code):
    set_language(code)
    assert number(1234.5, 1) == format_decimal(1234.5, "0.0", locale=code)


def test_what_is_not_translated_stays_english():
    set_language("sk")
    assert translated("A text that no catalogue has, {n}", n=3) == "A text that no catalogue has, 3"


def test_the_language_is_what_was_set_else_what_the_environment_says_else_english(monkeypatch):
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    assert language() == "en"
    monkeypatch.setenv("VBQKIT_LANGUAGE", "sk")
    assert language() == "sk"
    set_language("de")
    assert language() == "de"


@pytest.mark.parametrize("code", ["fr", "", "DE"])
def test_a_language_that_is_not_there_is_refused_with_those_that_are(code):
    with pytest.raises(FormatError, match=r"There is no language .*'de' \(Deutsch\)"):
        set_language(code)


def test_without_babel_the_course_is_english_and_another_language_says_what_to_install():
    code = (
        "import sys; sys.modules['babel'] = None\n"
        "from vbqkit.language import set_language, translated, number\n"
        "print(translated('Undone'), number(2.5, 1))\n"
        "try: set_language('de')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.startswith("Undone 2.5\n")
    assert 'pip install "vbqkit[language]"' in done.stdout


class WithoutValues(ast.NodeTransformer):
    """A string with values as its bare values in order, whether it is an f-string or ``"...".format(...)``."""

    def visit_JoinedStr(self, node):
        values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        words = any(re.search("[a-z]{2}", part.value) for part in node.values if isinstance(part, ast.Constant))
        return ast.Tuple(sorted(values, key=ast.dump)) if words else node

    def visit_Call(self, node):
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "format"):
            return self.generic_visit(node)
        values = [
            arg.args[0] if isinstance(arg, ast.Call) and ast.unparse(arg.func) == "vbqkit.language.digits" else arg
            for arg in node.args
        ]
        return ast.Tuple(sorted(values, key=ast.dump))


def without_words(code, shown=frozenset()):
    tree = WithoutValues().visit(ast.parse(code))
    for each in ast.walk(tree):
        if (
            isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and (" " in each.value or each.value in shown)
        ):
            each.value = "words"
    return ast.dump(tree)


KEPT = re.compile(r"\]\([^)]*\)|`[^` ]*`|<kbd>\w</kbd>|10\.\d{4,}/[\w./-]*\w|\d+(?:[.,]\d+)?", re.ASCII)


def kept(text, code):
    """Links, code, keys and numbers of a paragraph, however they are ordered; a number as English writes it."""
    found = KEPT.findall(text)
    sign = "," if code in {"de", "sk"} else "."
    return sorted(x.replace(sign, ".") if re.fullmatch(r"[\d.,]+", x) else x for x in found)


@pytest.mark.parametrize("name", sources.LESSONS)
@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_numbers_links_and_code_of_the_english(code, name):
    words = catalogues.catalogue(code, name)
    other = {text: (kept(text, "en"), kept(words[text], code)) for text in words}
    assert not {text: each for text, each in other.items() if each[0] != each[1]}


def test_a_wrong_number_or_link_would_be_seen():
    assert kept("2.9 in [20](20.ipynb)", "en") == kept("in [20](20.ipynb) 2,9", "de")
    assert kept("2.9 in [20](20.ipynb)", "en") != kept("in [20](20.ipynb) 2,8", "de")
    assert kept("2.9 in [20](20.ipynb)", "en") != kept("in [20](21.ipynb) 2,9", "de")


@pytest.mark.parametrize("name", sources.LESSONS)
def test_a_lesson_in_another_language_has_the_same_cells_and_code_after_a_line_that_sets_the_language(name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    english = json.loads(path.read_bytes())
    german = json.loads(translated_notebook(path.read_bytes(), path.stem, "de"))
    assert [cell["id"] for cell in german["cells"]] == [cell["id"] for cell in english["cells"]]
    codes = [["".join(c["source"]) for c in nb["cells"] if c["cell_type"] == "code"] for nb in (english, german)]
    setting = 'import vbqkit.language\n\nvbqkit.language.set_language("de")\n\n'
    assert codes[1][0].startswith(setting)
    assert name != "00_start_here" or codes[1][0] == setting + codes[0][0]
    codes[1][0] = codes[1][0].removeprefix(setting)
    assert codes[1] != codes[0]
    words = catalogues.catalogue("de", name)
    shown = {*words, *words.values()}
    assert [without_words(code, shown) for code in codes[1]] == [without_words(code, shown) for code in codes[0]]
    assert translated_notebook(path.read_bytes(), path.stem, "en") == path.read_bytes()


def stars_left(markdown):
    """Where CommonMark sees no bold: a closing ** after a full-width colon and before a letter, for instance."""
    parts = [part for block in MarkdownIt().parse(markdown) for part in block.children or ()]
    return [part.content for part in parts if part.type == "text" and "**" in part.content]


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("name", sources.LESSONS)
def test_what_is_bold_in_english_is_no_row_of_stars_in_another_language(code, name):
    content = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    cells = json.loads(translated_notebook(content, name, code))["cells"]
    assert [stars_left("".join(cell["source"])) for cell in cells if cell["cell_type"] == "markdown"] == [
        [] for cell in cells if cell["cell_type"] == "markdown"
    ]


def test_stars_that_are_not_bold_would_be_seen():
    assert stars_left("**试一试：**把 L3 拖") == ["**试一试：**把 L3 拖"]
    assert stars_left("**试一试**：把 L3 拖") == []


def test_words_of_a_style_sheet_follow_the_language():
    sheet = 'p::after { content: "ROI and confidence, 0 to 1"; } q::before { content: "⚠ "; }'
    set_language("de")
    assert translated_sheet(sheet) == sheet.replace("ROI and confidence, 0 to 1", "ROI und Sicherheit, 0 bis 1")


def test_the_course_is_written_in_the_language_that_is_asked_for_and_its_files_stay_yours(tmp_path, monkeypatch):
    source = tmp_path / "source"
    for name in ("notebooks/00_start_here.ipynb", "sample_data/notes.csv"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
    (source / "notebooks" / "00_start_here.ipynb").write_bytes((ROOT / "notebooks/00_start_here.ipynb").read_bytes())
    (source / "sample_data" / "notes.csv").write_text("snr\n2.5\n")
    monkeypatch.setattr("vbqkit.datasets.course.course_source", lambda: source)
    set_language("de")
    written = write_course(tmp_path / "kurs")
    text = written.first_lesson.read_text(encoding="utf-8")
    assert "War es zu sehen?" in text
    assert (tmp_path / "kurs" / "sample_data" / "notes.csv").read_text() == "snr\n2.5\n"
    assert write_course(tmp_path / "kurs").same == 2
    set_language("sk")
    assert write_course(tmp_path / "kurs").yours == ("notebooks/00_start_here.ipynb",)


def test_the_command_takes_the_language_and_refuses_one_that_is_not_there(monkeypatch):
    asked = []
    monkeypatch.setattr("vbqkit.cli.course.write_course", lambda folder, progress: asked.append(language()))
    with pytest.raises(AttributeError):  # nothing was written, so there is nothing to report
        course.run(Namespace(folder="kurs", language="sk"))
    assert asked == ["sk"]
    with pytest.raises(FormatError, match="no language 'fr'"):
        course.run(Namespace(folder="kurs", language="fr"))


def test_questions_feedback_and_numbers_of_an_answer_follow_the_language():
    english, right = question("40-vbq", seed=3), question("00-noise")
    set_language("de")
    german, noise = question("40-vbq", seed=3), question("00-noise")
    assert noise.text.startswith("Sie ziehen die Rausch-ROI")
    assert [key for key, _ in noise.options] == [key for key, _ in right.options]
    assert noise.check("c").right
    assert german.expected == english.expected
    assert german.check(f"{german.expected:.3f}".replace(".", ",")).feedback.startswith(
        f"Richtig: {german.expected:.4g}".replace(".", ",")
    )


@pytest.mark.parametrize("code", OTHERS)
def test_every_tissue_that_a_roi_can_hold_has_a_word(code):
    set_language(code)
    words = {reader_word(tissue.name) for tissue in TISSUES}
    assert len(words) > 15
    assert not [word for word in words if word not in catalogues.catalogue(code, "course")]
    assert "L4" in tissue_words("marrow of L4") != "marrow of L4"


def test_the_words_of_columns_in_the_catalogues_are_those_of_the_columns():
    known = [column(name) for name in ("snr", "m_score", "t_score", "bmd_g_cm2", "tbs")]
    assert set(COLUMN_WORDS) - {"no unit"} <= {word for each in known for word in (each.title, each.unit)}
    assert axis_label("t_score") == column("t_score").label
    set_language("de")
    assert axis_label("tbs") == "TBS (ohne Einheit)"


@pytest.mark.parametrize("code", OTHERS)
def test_every_kind_of_finding_and_every_fault_of_a_roi_has_words(code):
    set_language(code)
    kinds = {finding.kind for finding in FINDINGS}
    words = catalogues.catalogue(code, "course")
    assert len(kinds) > 8
    assert not [kind for kind in kinds if kind not in words]
    sources_of_faults = "".join(
        (ROOT / "vbqkit" / "exercises" / f"{n}.py").read_text() for n in ("faults", "placement")
    )
    stated = set(re.findall(r'Fault\(\s*"([a-z-]+)"', sources_of_faults))
    of_tissues = {
        FAULT_CODES.get(word, word.split()[0].lower()) for word in map(reader_word, (t.name for t in TISSUES))
    }
    assert len(stated) > 10
    same = {fault for fault in stated | of_tissues - {"marrow"} if fault_words(fault).casefold() == fault}
    assert not same
