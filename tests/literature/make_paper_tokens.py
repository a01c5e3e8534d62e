"""Make the token files of the source papers again: ``python tests/literature/make_paper_tokens.py FOLDER``.

FOLDER holds the papers as text, one file each, named ``000_*.txt`` to ``004_*.txt``. They are not part of the project;
what the tests need of them is, as facts without sentences: every numeric token in its order, with the line it stands
on, whether it is a quantity or part of a label (a citation, a date, a version, L3, Fig. 2), its sign, and salted
hashes of the words beside it. The result is ``tests/reference/paper_000_tokens.csv`` to ``paper_004_tokens.csv``.
"""

import hashlib
import re
import sys
from pathlib import Path
from typing import NamedTuple

from vbqkit.formats.table_file import write_table

PAPERS = ("000", "001", "002", "003", "004")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SALT = "vbqkit paper tokens: "


class Token(NamedTuple):
    """One number as printed: line of the text, digits, sign, "quantity" or "label", hashes of the words beside it."""

    line: int
    token: str
    sign: str
    kind: str
    before: str
    after: str


def word_hash(word: str) -> str:
    """A word, without saying which."""
    return hashlib.sha256((SALT + word.strip("(),.;:").casefold()).encode()).hexdigest()[:8]


def token_file(number: str) -> Path:
    """The file of the tokens of a paper."""
    return Path(__file__).parent.parent / "reference" / f"paper_{number}_tokens.csv"


EVERYWHERE = [
    r"https?://\S+",
    r"\b[Dd][Oo][Ii]:?\s*\S+",
    r"\S+@\S+",
    r"<sup>.*?</sup>",  # citations
    r"\[[\d, –-]+\]",  # citations
    r"\(unit: g/cm2\)|g/cm\s?\^?2|g/cm \^?²|kg/m2|cm2",  # the 2 of a unit
    r"Fig(?:ure)?s?\.?\s*\d|figure 3|Tab(?:le|\.)\s*\d|图\d",
    r"T[12](?:WI|W1|vo|W|-weighted)?(?=[^\d]|$)",
    r"T2WI",
    r"T12|[TL]\d+\s*(?:to|[–−~-])\s*[SL]?\d+|\bL[1-5]\b|L[123]的?水平|L3",
    r"SPSS[^\n]{0,40}?\d+(?:\.\s?\d+)*",
    r"RStudio\s+\d+\.\s?\d+\.\s?\d+",
]
"""Labels that are no numbers, whichever the paper."""

OF_ONE_PAPER: dict[str, list[str]] = {
    "000": [
        r"Ethics\s+Committee 1/2024|S/N 84182|22\.11\.2025|^\s*38\s+\||2025;30\(1\):36-40|\(64 -bit\)|^2023\. 12\. 1",
        r"\((?!50\))(?:\d+(?:[,–]\s?\d+)*)\)",  # citations; (50) is a number of patients
        r"\(5, 12,|^13\)\.",
        r"\b(?:2019 Egyptian|2018 Iranian)",
        r"^[1-4]\. (?:MRI with|traumatic|absolute|patients refusing)",  # numbered lists
        r"SNRL1–L4|SNRL1-L4",
        r"^[1-5] (?=\d\d[ .])",  # patient numbers at the head of table rows
    ],
    "001": [
        r"^[^\n]*(?:Vol\. 16|© The Author|MD\^|#83|Attribution-NonCommercial-NoDerivatives 4\.0|CSTB2022|IRB approval was)[^\n]*$",
        r"NoDerivs 4\.0|Figures 4 and 5|type 1 error|\$1-",
        r"July 20\d\d|In 20\d\d|\(2024-255-01\)|GraphPad Prism 8",
        r"1:1|(?<![\d.])[1-6]\. (?=[A-Z])",  # matching ratio, numbered lists
        r"\([ABC]\d?\)",
        r"\^\{?[\d,]+\}?",
        r"Observer [12]",
        r"is 1 of the most common",
    ],
    "002": [
        r"May 12, 2026",
        r"\b2024 study",
        r"most cases 5\.|accuracy 9\.|fractures 2\.|accuracy 8\.|prediction 1011\.",  # citations
    ],
    "003": [
        r"江苏 无锡 214071|Wuxi 214071|R681\.5|\\chi\^2|2022国自然|\(82205142\)|2022年1月至2023年12月|January 2022 and December 2023",
        r"^#+ \d|\*\*\d\.\d",
        r"L[123]~L\d|T11~S1|shiguangyong10",
    ],
    "004": [
        r"July 2019 to June 2020",
        r"\(\d\)(?= (?:[A-Z<p]|older|lumbar|history))|^\s*\(\d\)|and \(2\) history",  # numbered criteria
        r"^[0-3] (?=Normal|Narrowing)",  # grades at the head of table rows
        r"type 2 was|Type [123] |^[1-4] levels? ",
    ],
}
"""Labels, names and dates of one paper."""

REFERENCES = {"001": "\nReferences\n", "003": "\n## 参考文献"}
"""Where the list of references starts."""


def masked(text: str, number: str) -> str:
    """The text with every label overwritten by as many signs, so that what is left stands where it stood."""
    for pattern in OF_ONE_PAPER[number] + EVERYWHERE:
        text = re.sub(pattern, lambda match: re.sub(r"[^\n]", "§", match[0]), text, flags=re.MULTILINE)
    return text


def tokens_of(text: str, number: str) -> list[Token]:
    """The numeric tokens of the text of a paper, without its list of references."""
    if number in REFERENCES:
        text = text[: text.index(REFERENCES[number])]
    left = masked(text, number)
    found = []
    for match in NUMBER.finditer(text):
        start, end = match.span()
        line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        sign = "-" if re.search(r"(?<![\w)])[-−–]\s?$", text[line_start:start]) else ""
        before = text[line_start:start].rstrip("-−– ").split()
        after = text[end:line_end].split()
        found.append(
            Token(
                line=text.count("\n", 0, start) + 1,
                token=match[0],
                sign=sign,
                kind="quantity" if left[start:end] == match[0] else "label",
                before=word_hash(before[-1]) if before else "",
                after=word_hash(after[0]) if after else "",
            )
        )
    return found


def paper_text(folder: Path, number: str) -> str:
    """The text of a paper in a folder of papers."""
    return next(iter(sorted(folder.glob(f"{number}_*.txt")))).read_text(encoding="utf-8")


def main(folder: Path) -> None:
    """Write the token file of every paper."""
    for number in PAPERS:
        rows = [token._asdict() for token in tokens_of(paper_text(folder, number), number)]
        write_table(token_file(number), Token._fields, rows)
        print(token_file(number), len(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
