"""What there is to translate: marked words of the scripts and of the package, texts of questions, prose of lessons.

In a script a word is marked by a tag, ``_`the next ROI is called ${label}` ``; in Python by a call,
``translated("Check my ROIs")``. A value is a placeholder in the catalogue: ``{1}``, ``{2}`` of a script, its own name
in Python.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vbqkit.language.page_words import WORDS_OF_PAGES
from vbqkit.language.spoken import PACKAGE, SPOKEN, spoken_of

LESSONS = ("00_start_here", "10_what_mri_sees", "20_placing_rois", "40_vbq")
"""Notebooks with a catalogue of their own."""
COURSE = ("lessons", "exercises")
"""Subpackages whose words are in the catalogue ``course``; those of the others are in ``studio``."""
DECIMAL, CODE = ".", "en"
"""Marked in a script, but no words of the catalogues: the sign before decimals, and the code of the language."""

TAGGED = re.compile(r"(?<![\w$.)\]])_`((?:[^`\\$]|\\.|\$\{[^`{}]*\})*)`")
STYLED = re.compile(r'(?<=content: ")[^"\\]*[^\W\d_]{2}[^"\\]*(?=")')
"""Words that a style sheet puts on the page."""
_VALUE = re.compile(r"\$\{([^`{}]*)\}")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_BETWEEN = re.compile(r"(\n\s*\n)")
_WORDS = re.compile(r"[^\W\d_]\S* \S*[^\W\d_]")
_SENTENCE = 5
"""Words in it at least."""
_SMALL_WORD = re.compile(r"(?<!\S)[a-z]{2,}(?!\S)")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class CatalogueText:
    """One thing to translate.

    Attributes
    ----------
    text : str
        English, with placeholders.
    place : str
        The file it is in.
    hint : str
        What its placeholders are.
    """

    text: str
    place: str
    hint: str = ""


def messages(name: str, *, notebooks: Path | None = None) -> list[CatalogueText]:
    """What the catalogue of this name holds, in the order of the sources, each text once.

    Parameters
    ----------
    name : str
        ``"studio"``, ``"course"``, ``"core"``, or one of :data:`LESSONS`.
    notebooks : Path, optional
        Folder of the lessons; by default that of the checkout.
    """
    if name in LESSONS:
        folder = notebooks or PACKAGE.parent / "notebooks"
        found: Iterator[CatalogueText] = _in_notebook(folder / f"{name}.ipynb")
    elif name == "core":
        found = _in_core()
    elif name == "course":
        found = _in_course()
    else:
        found = _in_studio()
    return list({message.text: message for message in reversed(list(found))}.values())[::-1]


def catalogue_names() -> tuple[str, ...]:
    """The catalogues that every language has."""
    return ("studio", "course", "core", *LESSONS)


def script_text(template: str) -> tuple[str, tuple[str, ...]]:
    """The words of a tagged template of a script with placeholders, and what stands for each.

    Examples
    --------
    >>> script_text("${roi.label} is locked")
    ('{1} is locked', ('roi.label',))
    """
    values: list[str] = []

    def placeholder(found: re.Match[str]) -> str:
        values.append(found[1])
        return f"{{{len(values)}}}"

    text = _VALUE.sub(placeholder, template)
    return text.replace("\\n", "\n"), tuple(values)


def script_template(text: str, values: tuple[str, ...]) -> str:
    """The other way round: words with placeholders as the inside of a template of a script.

    Examples
    --------
    >>> script_template("{1} ist gesperrt", ("roi.label",))
    '${roi.label} ist gesperrt'
    """
    safe = text.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${").replace("\n", "\\n")
    return _PLACEHOLDER.sub(lambda found: f"${{{values[int(found[1]) - 1]}}}", safe)


def paragraphs(markdown: str) -> list[str]:
    r"""A cell of a notebook in parts that come together again by joining: paragraphs, and what is between them.

    Examples
    --------
    >>> paragraphs("# One\n\nTwo\nthree")
    ['# One', '\n\n', 'Two\nthree']
    """
    return _BETWEEN.split(markdown)


def is_prose(part: str) -> bool:
    """Whether there is anything to translate in it."""
    return bool(_LETTER.search(part))


def _in_studio() -> Iterator[CatalogueText]:
    for path in sorted(PACKAGE.rglob("*.js")):
        yield from _in_script(path)
    for path in sorted(PACKAGE.rglob("*.css")):
        sheet = path.read_text(encoding="utf-8")
        yield from (CatalogueText(text, _place(path)) for text in STYLED.findall(sheet))
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in {*COURSE, "language"}:
            yield from _in_python(path)


def _in_core() -> Iterator[CatalogueText]:
    yield from (CatalogueText(text, "vbqkit/language/page_words.py") for text in WORDS_OF_PAGES)
    for name in SPOKEN:
        yield from (CatalogueText(text, f"vbqkit/{name}") for text in spoken_of(name))


def _in_course() -> Iterator[CatalogueText]:
    for room in COURSE:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            yield from _in_python(path)
    path = PACKAGE / "exercises" / "data" / "questions.toml"
    lessons = {name[:2] for name in LESSONS}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if name[:2] in lessons:
            texts = [entry["text"], *(text for option in entry["options"].values() for text in option)]
            yield from (CatalogueText(text, f"{_place(path)} {name}") for text in texts if is_prose(text))


def _in_script(path: Path) -> Iterator[CatalogueText]:
    for found in TAGGED.finditer(path.read_text(encoding="utf-8")):
        text, values = script_text(found[1])
        if text not in {DECIMAL, CODE}:
            hints = [f"{{{i}}}: {value}" for i, value in enumerate(values, start=1)]
            yield CatalogueText(text, _place(path), ", ".join(hints))


def _in_python(path: Path) -> Iterator[CatalogueText]:
    text = path.read_text(encoding="utf-8")
    if "translated(" not in text and "marked(" not in text:
        return
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: node.lineno):
        if (
            isinstance(call.func, ast.Name)
            and call.func.id in {"translated", "marked"}
            and isinstance(call.args[0], ast.Constant)
        ):
            yield CatalogueText(str(call.args[0].value), _place(path))


def code_words(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int], str]]:
    """Words that a reader sees in the code of a lesson: where each begins and ends, and its text.

    They are the plain strings with a space between letters (captions, titles, names of rows), and on the line of a
    sentence the words beside it, which are the answers to choose from. Names of files and of options have no space;
    what a patient is drawn from must stay (``case_for``). Of strings with values in them see :func:`code_templates`.

    Examples
    --------
    >>> [text for *_, text in code_words('ask("10-fat", "How much fat?")')]
    ['How much fat?']
    """
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type == tokenize.STRING]
    plain = [(t, ast.literal_eval(t.string)) for t in tokens if t.string[0] in "\"'" and "case_for(" not in t.line]
    sentences = {token.start[0] for token, text in plain if len(text.split()) >= _SENTENCE}
    for token, text in plain:
        if (
            _WORDS.search(text)
            or (" " in text and _SMALL_WORD.search(text))
            or (token.start[0] in sentences and text.isalpha())
        ):
            yield token.start, token.end, text


def code_templates(code: str) -> Iterator[tuple[ast.JoinedStr, str, list[tuple[str, str]]]]:
    """Strings with values in the code of a lesson that a reader sees: where, their text, and the values.

    The text has the placeholders ``{1}``, ``{2}``; a value is its expression and its format.

    Examples
    --------
    >>> [(text, values) for _, text, values in code_templates('alt = f"It falls to {x[0]:.2f} at 3 T."')]
    [('It falls to {1} at 3 T.', [('x[0]', '.2f')])]
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            text, values = "", list[tuple[str, str]]()
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    spec = part.format_spec.values[0] if isinstance(part.format_spec, ast.JoinedStr) else None
                    form = str(spec.value) if isinstance(spec, ast.Constant) else ""
                    values.append((ast.unparse(part.value), form))
                    text += f"{{{len(values)}}}"
                elif isinstance(part, ast.Constant):
                    text += str(part.value)
            if _SMALL_WORD.search(_PLACEHOLDER.sub(" ", text)):
                yield node, text, values


def _in_notebook(path: Path) -> Iterator[CatalogueText]:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source, place = "".join(cell["source"]), f"notebooks/{path.name}"
        if cell["cell_type"] == "markdown":
            yield from (CatalogueText(part, place, cell["id"]) for part in paragraphs(source) if is_prose(part))
        elif cell["cell_type"] == "code":
            yield from (CatalogueText(text, place, f"{cell['id']}, on the page") for *_, text in code_words(source))
            for _, text, values in code_templates(source):
                hints = [f"{{{i}}}: {value}" for i, (value, _) in enumerate(values, start=1)]
                yield CatalogueText(text, place, f"{cell['id']}, on the page; {', '.join(hints)}")


def _place(path: Path) -> str:
    return path.relative_to(PACKAGE.parent).as_posix()
