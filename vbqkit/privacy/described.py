"""Texts and codes without names: what stays are words of protocols, and whatever refuses or doubts a score.

A description that says "T1 sag Novak post contrast" must not lose "post contrast" with the name: it refuses a score.
So what a text means for a score is read before and after, and what was lost is written again in a plain word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vbqkit.formats.described import speaks_of_other_content, speaks_of_other_sequence
from vbqkit.formats.header_words import contrast_word, denies_contrast, fat_word, means_none, says_nothing
from vbqkit.privacy.people import NOBODY, People
from vbqkit.protocol_words import is_code, protocol_words

REMOVED = "REMOVED"
_WEIGHTINGS = {
    "STIR": re.compile(r"(?<![a-z0-9])(?:stir|tirm?)(?![a-z])", re.IGNORECASE),
    "T1": re.compile(r"(?<![a-z0-9])t1", re.IGNORECASE),
    "T2": re.compile(r"(?<![a-z0-9])t2", re.IGNORECASE),
    "PD": re.compile(r"(?<![a-z0-9])pd", re.IGNORECASE),
    "LOCALIZER": re.compile(r"\b(?:loc|localis\w*|localiz\w*|scout|survey|pilot|3[- ]?plane)\b", re.IGNORECASE),
}


def _says(text: str) -> dict[str, bool]:
    """What a text means for a score."""
    plain = text.replace("_", " ")
    found = {word: pattern.search(plain) is not None for word, pattern in _WEIGHTINGS.items()}
    found["+KM"] = contrast_word([text]) is not None
    found["no contrast"] = denies_contrast(text)
    found["FS"] = fat_word([text]) is not None
    found["map"] = speaks_of_other_content(text)
    found["GRE"] = speaks_of_other_sequence(text)
    return found


def clean_description(text: str, people: People = NOBODY) -> str:
    """A description with words of protocols only, that means the same for a score.

    Examples
    --------
    >>> clean_description("T1_sag_Novak_12.3.48"), clean_description("Novak Gadolinum"), clean_description("Novak")
    ('T1_sag', '+KM', '')
    """
    cleaned = protocol_words(text, without=people.names)
    if not cleaned and not text.strip():
        return ""
    before, after = _says(text), _says(cleaned)
    for word, said in before.items():
        if said and not after[word]:
            cleaned = f"{cleaned} {word}".strip()
            after = _says(cleaned)
    return cleaned


def clean_agent(text: str, people: People = NOBODY) -> str:
    """A contrast agent that still is one, none, or not known.

    Examples
    --------
    >>> clean_agent("Gadovist 7.5 ml Novak"), clean_agent("Novakit"), clean_agent("ohne KM"), clean_agent("?")
    ('Gadovist 7.5 ml', 'CONTRAST AGENT', 'ohne KM', 'UNKNOWN')
    """
    if not text.strip():
        return ""
    cleaned = protocol_words(text, without=people.names)
    if cleaned and _kind_of_agent(cleaned) == _kind_of_agent(text):
        return cleaned
    if means_none(text):
        return "NONE"
    return "UNKNOWN" if says_nothing(text) else "CONTRAST AGENT"


def _kind_of_agent(text: str) -> tuple[bool, bool]:
    """Whether it means that none was given, and whether it leaves that open."""
    return means_none(text), says_nothing(text)


def clean_codes(values: Sequence[str], people: People = NOBODY, *, otherwise: str = "OTHER") -> list[str]:
    """Code strings; those that are not known, or are the patient's name, are replaced.

    Examples
    --------
    >>> clean_codes(["ORIGINAL", "PRIMARY", "NOVAK"])
    ['ORIGINAL', 'PRIMARY', 'OTHER']
    """
    cleaned = [v if v == "" or (is_code(v) and not people.named_in(v)) else otherwise for v in values]
    if fat_word(values) is not None and fat_word(cleaned) is None:
        cleaned.append("FS")
    return cleaned
