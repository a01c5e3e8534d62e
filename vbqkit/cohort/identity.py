"""What gives a patient away: headings that name people, and cells with a name, a birth date or a national number."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib import resources

_NUMBERS = re.compile(
    r"(rodne|birth|national|personal|social|insurance|identity|health|nhs|hospital|medical|patient record|chart|"
    r"steuer|versicherungs|kranken|pojistence|poistenca|osobni|osobne|pat|patienten|pacienta|fall|kis|matricol\w*)"
    r"[a-z ]*(cislo|number|no|nr|nummer|id|card)\b|\bnr matricol"
)
"""Numbers that a state, an insurance or a hospital gives to a person."""

_OF_THINGS = frozenset(
    {
        "scanner",
        "device",
        "machine",
        "protocol",
        "sequence",
        "series",
        "study",
        "file",
        "drug",
        "brand",
        "software",
        "coil",
    }
    | {"site", "score", "column", "variable", "weight", "year"}
)
"""With one of these words beside it a name is not a person's, and a birth not a date."""


def _bare(text: str) -> str:
    """Without case and accents, in any script."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


@cache
def _known() -> dict[str, frozenset[str]]:
    """Words that identify, by where they must stand: the "whole" heading, a "word" of it, or a "part" of it.

    Short ones that mean something else within a longer heading count as a whole only; Chinese, Japanese and Korean
    write without blanks, so theirs count anywhere.
    """
    found: dict[str, set[str]] = {}
    with (resources.files("vbqkit.cohort") / "data" / "identity_words.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["match"], set()).update(map(_bare, row["words"].split()))
    return {match: frozenset(words) for match, words in found.items()}


def identifies(heading: str) -> bool:
    """Whether a heading says that its column says who the patients are: name, birth date, address, a personal number.

    In the languages of the papers and their neighbours; the words are in ``data/identity_words.csv``.

    Examples
    --------
    >>> [identifies(h) for h in ("Meno pacienta", "Geburtsdatum", "姓名", "Дата рождения", "Scanner name", "T-score")]
    [True, True, True, True, False, False]
    """
    known, plain = _known(), _bare(heading)
    if any(part in plain for part in known["part"]):
        return True
    words = re.findall(r"[^\W\d_]+", plain)
    if set(words) & _OF_THINGS:
        return False
    return (
        "".join(words) in known["whole"] | known["word"]
        or bool(set(words) & known["word"])
        or _NUMBERS.search(" ".join(words)) is not None
    )


def identity_in(text: str, *, is_code: bool) -> str | None:
    """What in a text gives a patient away, in words; None if nothing does. The text itself is never repeated.

    Parameters
    ----------
    text : str
        A cell.
    is_code : bool
        Whether it stands in the column of patient codes, where a date or two words are suspect too.

    Examples
    --------
    >>> identity_in("P017", is_code=True) is None
    True
    >>> identity_in("0001010009", is_code=True)
    'a national birth number'
    """
    compact = text.strip()
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}", compact):
        return "an e-mail address"
    if _is_birth_number(compact):
        return "a national birth number"
    if re.fullmatch(r"\d{3}-\d{2}-\d{4}", compact):
        return "a social security number"
    if _is_resident_number(compact):
        return "a resident identity number"
    if re.fullmatch(r"[^\W\d_]{2,}\^[^\W\d_]{2,}.*", compact) and not compact.casefold().startswith("virtual^"):
        return "a name"
    if is_code and re.fullmatch(
        r"(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\s?\d{1,2}\.\s?\d{4}|\d{1,2}/\d{1,2}/\d{4})( 00:00:00)?", compact
    ):
        return "a date, such as a date of birth"
    if is_code and re.fullmatch(r"[^\W\d_]{2,}[ ,]+[^\W\d_]{2,}", compact):
        return "a name"
    return None


def _is_birth_number(text: str) -> bool:
    """Czech and Slovak: YYMMDD and 3 or 4 digits; months of women + 50, later ones + 20; 10 digits divide by 11."""
    found = re.fullmatch(r"\d\d(\d\d)(\d\d)(/?)\d{3}(\d?)", text)
    if not found:
        return False
    month, day, slash, tenth = int(found[1]), int(found[2]), found[3], found[4]
    plausible = month % 50 in {*range(1, 13), *range(21, 33)} and 1 <= day <= 31
    return plausible and (int(text.replace("/", "")) % 11 == 0 if tenth else bool(slash))


def _is_resident_number(text: str) -> bool:
    """Chinese: 6 digits of the place, the birth date, 3 digits, and a check digit (ISO 7064, 11-2)."""
    found = re.fullmatch(r"[1-9]\d{5}(?:18|19|20)\d\d(\d\d)(\d\d)\d{3}[\dXx]", text)
    if not found or not (1 <= int(found[1]) <= 12 and 1 <= int(found[2]) <= 31):
        return False
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(text[:17]))
    return "10X98765432"[weighted % 11] == text[17].upper()
