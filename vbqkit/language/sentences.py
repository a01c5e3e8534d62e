"""What the core says, in the chosen language: its finished English sentences, found again by their templates.

The core speaks English and knows no language: what it says goes into files and reports too. Where a sentence is put on
the page, :func:`said` looks for the template it was made from, such as ``{1} and {2} share {3} % of the smaller ROI``,
and puts its values into the translation. A value may be a sentence itself.
"""

from __future__ import annotations

import re
from functools import cache

from vbqkit.language.catalogues import catalogue
from vbqkit.language.choosing import language
from vbqkit.language.numbers import decimal_sign

_VALUE = re.compile(r"\\\{(\w+)\\\}")
_PARTS = re.compile(r"(\{\w+\})")
_DECIMAL = re.compile(r"(?<![\w.,:])([-−+]?\d+)\.(\d++)(?!/)(?![\w.]*\d*\.\d)")
_BETWEEN = re.compile(r"(?<=[.:;,]) ")
_BETWEEN_PARTS = ". ", ": ", "; ", ", "
_JOINED = {"zh_CN": {". ": "。", ": ": "：", "; ": "；", ", ": "，"}}
"""What stands between the parts of a sentence, where it is not what English has."""
_STOPS = (".", "。", "?", "!")
_SENTENCE = 4
"""Spaces in it at least."""
_FEWEST = 5
"""Letters beside its values that a template is recognised by."""
_DEEPEST = 6
"""Sentences within sentences within sentences; more does not occur."""


def said(text: str, *, deepest: int = _DEEPEST) -> str:
    """A finished English sentence of the core in the chosen language; as it is where no template fits.

    Examples
    --------
    >>> from vbqkit.language import set_language
    >>> set_language("de")
    >>> said("no ROI 'noise' on the T1 series. Place it.")
    "Keine ROI 'noise' auf der T1-Serie. Platzieren Sie sie."
    >>> set_language(None)
    >>> said("no ROI 'noise' on the T1 series. Place it.")
    "no ROI 'noise' on the T1 series. Place it."
    """
    code = language()
    if code == "en" or not text.strip() or deepest == 0:
        return text
    core = text.strip()
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return (
        before
        + (_found(core, code, deepest) or _unstopped(core, code, deepest) or _in_parts(core, code, deepest))
        + after
    )


def _found(text: str, code: str, deepest: int) -> str | None:
    """The translation of a whole text."""
    # a single word may be the label of a ROI, such as CSF, which is data
    for name in ("core", "studio", "course") if " " in text else ("core",):
        whole = catalogue(code, name).get(text)
        if whole is not None:
            return whole
    for pattern, template in _patterns(code):
        match = pattern.fullmatch(text)
        if match:
            values = {name[1:]: said(value, deepest=deepest - 1) for name, value in match.groupdict().items()}
            return "".join(values.get(part[1:-1], part) for part in _PARTS.split(template))
    return None


def _unstopped(text: str, code: str, deepest: int) -> str | None:
    """The translation of a sentence that has lost its full stop, as in brackets."""
    found = None if text.endswith(_STOPS) or text.count(" ") < _SENTENCE else _found(f"{text}.", code, deepest)
    return None if found is None else found.rstrip("".join(_STOPS))


def _in_parts(text: str, code: str, deepest: int) -> str:
    """Several sentences, or parts of one, each by itself: the longest known beginning, then the rest."""
    ends = [m.start() for m in _BETWEEN.finditer(text)]
    for end in reversed(ends):
        between = text[end - 1 : end + 1]
        first, joined = _found(text[:end], code, deepest), " "
        if first is None and between in _BETWEEN_PARTS:
            first, joined = _found(text[: end - 1], code, deepest), _JOINED.get(code, {}).get(between, between)
        if first is not None:
            return first + joined + said(text[end + 1 :], deepest=deepest)
    return _DECIMAL.sub(rf"\g<1>{decimal_sign(code)}\g<2>", text)


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Each template as a pattern, with its translation; those with the most fixed letters first."""
    held: dict[str, str] = {}
    for name in ("core", "studio", "course"):
        held |= {text: other for text, other in catalogue(code, name).items() if "{" in text}
    order = sorted(held, key=lambda text: -len(re.sub(r"\{\w+\}", "", text)))
    fixed = [text for text in order if len(re.findall(r"[^\W\d_]", re.sub(r"\{\w+\}", "", text))) >= _FEWEST]
    return tuple((_pattern(text), held[text]) for text in fixed)


def _pattern(text: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(m: re.Match[str]) -> str:
        again = m[1] in seen
        seen.add(m[1])
        return f"(?P=v{m[1]})" if again else f"(?P<v{m[1]}>.*?)"

    return re.compile(_VALUE.sub(group, re.escape(text)), re.DOTALL)
