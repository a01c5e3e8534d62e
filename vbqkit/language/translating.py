"""Words, scripts and lessons in the chosen language; what is not translated stays English."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vbqkit.language.catalogues import catalogue
from vbqkit.language.choosing import html_language, language
from vbqkit.language.numbers import decimal_sign
from vbqkit.language.sources import (
    CODE,
    DECIMAL,
    LESSONS,
    STYLED,
    code_templates,
    code_words,
    is_prose,
    paragraphs,
    script_template,
    script_text,
)

_FROM_ONE = re.compile(r"\{(\d+)\}")


def translated(text: str, **values: object) -> str:
    """Words in the chosen language, with values in the place of their names; in English where it has none.

    Parameters
    ----------
    text : str
        English, as it stands in the source: that is how the catalogue finds it. Not an f-string.
    **values
        For ``{name}`` in the text.

    Examples
    --------
    >>> translated("{n} ROIs", n=6)
    '6 ROIs'
    """
    code = language()
    found = text if code == "en" else catalogue(code, "studio").get(text) or catalogue(code, "course").get(text, text)
    return found.format(**values) if values else found


def marked(text: str) -> str:
    """Words for the catalogues that are translated elsewhere, by ``translated(name)``: given back as they are."""
    return text


def translated_sheet(sheet: str) -> str:
    """A style sheet whose words on the page, such as ``content: "Loading"``, are in the chosen language."""
    return STYLED.sub(lambda words: translated(words[0]), sheet)


def script_words(code: str | None = None) -> Callable[[str], str]:
    """A function that gives the inside of a marked template of a script in a language, by default the chosen one."""
    code = code or language()
    words = catalogue(code, "studio")

    def of(template: str) -> str:
        if template == DECIMAL:
            return decimal_sign(code)
        if template == CODE:
            return html_language(code)
        text, values = script_text(template)
        return script_template(words[text], values) if text in words else template

    return of


def translated_notebook(content: bytes, name: str, code: str) -> bytes:
    """A lesson in another language: its prose and the words its code shows, after a line that sets the language.

    Parameters
    ----------
    content : bytes
        The notebook file.
    name : str
        Its name without the ending.
    code : str
        The language. The prose of a lesson without a catalogue stays English; its widgets do not.
    """
    if code == "en":
        return content
    words = catalogue(code, name) if name in LESSONS else {}
    notebook: dict[str, Any] = json.loads(content)
    setting = f'import vbqkit.language\n\nvbqkit.language.set_language("{code}")\n\n'
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            prose = "".join(words.get(part, part) if is_prose(part) else part for part in paragraphs(source))
            source = source if prose == source else _in_language(prose, code)
        elif cell["cell_type"] == "code":
            source, setting = setting + _translated_code(source, words), ""
        cell["source"] = source.splitlines(keepends=True)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _in_language(prose: str, code: str) -> str:
    """Prose that says its language, for screen readers and fonts; JupyterLab lets the attribute through."""
    return f'<div lang="{html_language(code)}">\n\n{prose}\n\n</div>'


def _translated_code(code: str, words: Mapping[str, str]) -> str:
    code = _translated_templates(code, words)
    lines = code.splitlines(keepends=True)
    for (row, start), (last, end), text in reversed(list(code_words(code))):
        if text in words and row == last:
            line = lines[row - 1]
            lines[row - 1] = line[:start] + json.dumps(words[text], ensure_ascii=False) + line[end:]
    return "".join(lines)


def _translated_templates(code: str, words: Mapping[str, str]) -> str:
    """Strings with values: as ``"...".format(...)``, so that their numbers have the decimal sign of the language."""
    lines = code.splitlines(keepends=True)
    found = sorted(code_templates(code), key=lambda one: (one[0].lineno, one[0].col_offset), reverse=True)
    for node, text, values in found:
        if text in words and node.lineno == node.end_lineno:
            row = lines[node.lineno - 1].encode()
            given = ", ".join(f"vbqkit.language.digits({value}, {form!r})" if form else value for value, form in values)
            template = json.dumps(_FROM_ONE.sub(lambda m: f"{{{int(m[1]) - 1}}}", words[text]), ensure_ascii=False)
            said = f"{template}.format({given})".encode()
            lines[node.lineno - 1] = (row[: node.col_offset] + said + row[node.end_col_offset :]).decode()
    return "".join(lines)
