"""What the core says, in the chosen language: its finished English sentences, found again by their templates.

The core speaks English and knows no language: what it says goes into files and reports too. Where a sentence is put on
the page, :func:`said` looks for the template it was made from, such as ``{1} and {2} share {3} % of the smaller ROI``,
and puts its values into the translation. A value may be a sentence itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from vbqkit.language.catalogues import catalogue
from vbqkit.language.choosing import language
from vbqkit.language.numbers import decimal_sign

SPOKEN: dict[str, tuple[str, ...]] = {
    "scores/roi_checks.py": ("{1} is {2} (median",),
    "scores/roi_csf.py": (),
    "scores/roi_geometry.py": (),
    "scores/roi_marrow.py": (),
    "scores/places.py": (),
    "scores/score_shift.py": (),
    "scores/noise.py": (),
    "scores/noise_agreement.py": (),
    "scores/noise_grain.py": (),
    "scores/air.py": ("slice {1} has no free air",),
    "scores/levels.py": ("No ROI for", "ROI areas", "{1}: pixels reach"),
    "scores/marrow_to_csf.py": ("VBQ is free", "The CSF ROI", "CSF is not brighter", "T2 minus STIR is free"),
    "scores/marrow_to_noise.py": ("The noise ROI", "With n"),
    "scores/definition.py": ("there is no {1} series", "no ROI", "the {1} series cannot"),
    "scores/registry.py": ("no reference group", "Signal-to-noise", "SNR against", "SD of the", "Marrow over"),
    "scores/result.py": ("higher =", "lower =", "no direction", "{1} is not given"),
    "roi/origin.py": ("ROIs proposed",),
    "roi/shape.py": ("ROI '{1}' covers", "ROI '{1}' lies", "ROI '{1}' reaches"),
    "weighting.py": ("spin echo with", "inversion recovery{1} with", "{1}, not MR", "the header lacks", "Stated"),
    "studio/readout.py": ("ROI '{1}' was drawn", "No score is defined"),
    "studio/views.py": (
        "This series", "Not shown", "The study has", "Every pixel", "The signal goes", "{1} pixels are",
        "No frame", "It has another", "It is tilted", "Full range", "Bright tissue", "Background", "Soft tissue",
        "{1} mm thick",
    ),
    "studio/proposals.py": (
        "Not accepted", "Accepted", "Rejected", "Proposing", "The studio shows", "Not proposed", "Proposed on",
        "Nothing", "{1} ROIs proposed", ", {1} of them", "say which", "Shift+Enter", "the network is not sure",
    ),
    "studio/shared_rois.py": (),
}  # fmt: skip
"""Module to the beginnings of its sentences that students meet; an empty tuple: all of them."""

_WORDS = re.compile(r"[^\W\d_]\S* \S*[^\W\d_]")
_VALUE = re.compile(r"\\\{(\w+)\\\}")
_PARTS = re.compile(r"(\{\w+\})")
_DECIMAL = re.compile(r"(?<![\w.,:])([-−+]?\d+)\.(\d+)(?![\w.]*\d*\.\d)")
_FEWEST = 5
"""Letters beside its values that a template is recognised by."""
_DEEPEST = 4
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
    return before + (_found(core, code, deepest) or _in_parts(core, code, deepest)) + after


def templates_of(source: str, starts: tuple[str, ...]) -> Iterator[str]:
    """The sentences in the source of a module, values as ``{1}``, ``{2}``; what begins so, or all.

    Examples
    --------
    >>> list(templates_of('x = f"{n} pixels are odd"', ()))
    ['{1} pixels are odd']
    """
    for text in _strings(ast.parse(source)):
        plain = text.strip()
        if _WORDS.search(plain) and (not starts or plain.startswith(starts)):
            yield plain


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"{{{values.index(part) + 1}}}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
        for part in values:
            yield from _strings(part.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from _strings(child)


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


def _in_parts(text: str, code: str, deepest: int) -> str:
    """Several sentences, each by itself: the longest known beginning, then the rest."""
    ends = [m.start() for m in re.finditer(r"(?<=[.:;]) ", text)]
    for end in reversed(ends):
        first = _found(text[:end], code, deepest)
        if first is not None:
            return first + " " + said(text[end + 1 :], deepest=deepest - 1)
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
