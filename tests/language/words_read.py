"""What is read of a page, and what of it is English: by words that the other languages do not have."""

from __future__ import annotations

import html
import re

_HIDDEN = re.compile(r"<(style|script)\b.*?</\1>|onclick=\"[^\"]*\"", re.DOTALL)
_ATTRIBUTE = re.compile(r"\b(?:alt|title|aria-label|placeholder)=(?:'([^']*)'|\"([^\"]*)\")")

_OF_EVERY_SENTENCE = (
    "the|of|and|is|are|with|from|for|not|or|than|it|this|that|your|you|has|have|because|slice|places|patients?|signals?|"
    "structure|marrow|mean|moved|synthetic|against|chart|across|source|formula|unit|value|higher|lower|reads|lies|"
    "unknown|interval|header|window|working"
)
_WORDS = {
    "de": re.compile(rf"\b({_OF_EVERY_SENTENCE}|to|by|no|at|on|as)\b", re.IGNORECASE),
    "sk": re.compile(rf"\b({_OF_EVERY_SENTENCE}|at)\b", re.IGNORECASE),
    # a Chinese sentence has no words in small Latin letters, but units, which are shorter, and code
    "zh_CN": re.compile(r"(?<![A-Za-zÀ-ž\d_./'-])[a-z]{3,}(?![A-Za-zÀ-ž\d_./'=-])"),
}
"""By language, words of English that no sentence of it has."""

RIGHTLY_ENGLISH = {
    r"VBQ-T[12](?:-STIR)? \((?:mean|median)\)": "the key of a score, as in its files and in Python",
    r"Run → Run All Cells": "a command of JupyterLab, whose menus have language packs of their own",
    r"\bM-score\b": "the name of a score",
    r"rois?\.vbqkit\.json": "the name of a file",
    r"\((?:noise|level|reconstruction)-[a-z-]+\)": "the code of a caution, by which docs and tables name it",
    r"\bnoise\b": "the label of a ROI, which is data",
    r"%\{\w+\}": "a place that plotly fills",
    r"\bvbqkit\b": "the name of the package",
    r"(?:/[\w.-]+){2,}": "where a file is",
    r"de Bazelaire \d{4}": "the name of one who wrote a paper",
    r"\bdoi[: ] ?10\.\S+": "where a paper is found",
    r"\b[A-Z][A-Za-z]+ \([0-9a-f]{4},[0-9a-f]{4}\)": "a keyword of DICOM with its tag",
    r"\b[A-Za-z_.]+\([^()]*=[^()]*\)": "what is typed in Python",
    r"'[^']*'|`[^`]*`": "what is quoted: descriptions of series, and what is typed",
    r"\bplain-\d+": "the name of a drawn patient, which is data",
    r"[\w./]+\.(?:py|json|csv|ipynb|nii|zip)\b": "the name of a file",
}
"""What stays English whatever the language, each with the reason."""
_RIGHTLY = re.compile("|".join(RIGHTLY_ENGLISH))
_OTHER_SENSE = {
    "de": re.compile(r"\bSignal(?:e|s)?\b|\bin\b|\bPatient(?:in|en)?\b|\bSynthetisch|\bHeader\b"),
    "sk": re.compile(r"\binterval\b"),
    "zh_CN": re.compile("(?!)"),
}
"""Words that a language has too."""


def read_on(text: str) -> set[str]:
    """What is read of a text or of HTML: its words between tags, and the text alternatives."""
    plain = _HIDDEN.sub("", text)
    parts = re.split(r"<[^>]+>", plain) + [one or other for one, other in _ATTRIBUTE.findall(plain)]
    return {html.unescape(part).strip() for part in parts if part.strip()}


def english_in(texts: set[str], code: str) -> set[str]:
    """Those of the texts that hold words of English, beyond what is rightly English."""
    left = {text: _OTHER_SENSE[code].sub("", _RIGHTLY.sub("", text)) for text in texts}
    return {text for text, rest in left.items() if _WORDS[code].search(rest)}
