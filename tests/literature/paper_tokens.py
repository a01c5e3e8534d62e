"""Every numeric token of the source papers, in order: what the transcriptions of the ledger are compared with.

The papers are not part of the project. Their tokens are, as facts (``tests/reference/paper_00*_tokens.csv``), made
from the text by `tests.literature.make_paper_tokens`.
"""

import csv
from collections import Counter

from tests.literature.make_paper_tokens import Token, token_file

NAMES = {
    "000": "Košice group 2025",
    "001": "Huang 2026",
    "002": "Review page 2026",
    "003": "Cui 2025",
    "004": "Chen 2023",
}
"""The paper behind each number in the name of a file."""


def paper_tokens(number: str) -> list[Token]:
    """The numeric tokens of a paper, in its order."""
    with token_file(number).open(encoding="utf-8", newline="") as file:
        return [Token(**{**row, "line": int(row["line"])}) for row in csv.DictReader(file)]


def quantities(number: str) -> Counter[str]:
    """How often each quantity is printed in a paper, by its digits, with a decimal point."""
    return Counter(token.token.replace(",", ".") for token in paper_tokens(number) if token.kind == "quantity")


def lines(number: str) -> list[list[Token]]:
    """The tokens of each line that has any."""
    found: dict[int, list[Token]] = {}
    for token in paper_tokens(number):
        found.setdefault(token.line, []).append(token)
    return list(found.values())
