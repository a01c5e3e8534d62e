"""Every number in the text of a source paper, less what is a label, a citation, a date or a name.

Independent of the inventory: what remains must be in it, and the other way round.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

PAPERS = Path(__file__).parents[3] / "shared" / "papers"
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

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


def paper_text(number: str) -> str:
    """The text of a source paper, or skip: the papers themselves do not travel with the project."""
    found = sorted(PAPERS.glob(f"{number}_*.txt"))
    if not found:
        pytest.skip(
            f"The text of paper {number} is not here (looked in ../shared/papers); the papers are not part of the project."
        )
    return found[0].read_text(encoding="utf-8")


def quantities(number: str) -> Counter[str]:
    """How often each quantity is printed in a paper, by its digits, with a decimal point."""
    text = paper_text(number)
    if number in REFERENCES:
        text = text[: text.index(REFERENCES[number])]
    for pattern in OF_ONE_PAPER[number] + EVERYWHERE:
        text = re.sub(pattern, " § ", text, flags=re.MULTILINE)
    return Counter(token.replace(",", ".") for token in NUMBER.findall(text))
