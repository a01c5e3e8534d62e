"""Who the files name: the words and numbers of a header that identify the patient, for comparing only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from vbqkit.protocol_words import fold, is_pseudonym

NAMES = ("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ResponsiblePerson")
NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "MedicalRecordLocator", "StudyID")
DATES = ("PatientBirthDate",)
IDENTITY = (*NAMES, *NUMBERS, *DATES)
"""Elements whose values must not turn up anywhere else."""

_SHORTEST_NAME, _SHORTEST_NUMBER = 3, 4
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class People:
    """What identifies the people of a study.

    Attributes
    ----------
    names : frozenset of str
        Parts of their names, folded.
    numbers : frozenset of str
        Their numbers, and their dates of birth as eight digits.
    """

    names: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    def with_others(self, other: People) -> People:
        """Both."""
        return People(self.names | other.names, self.numbers | other.numbers)

    def named_in(self, text: str) -> bool:
        """Whether a text holds one of the names as a word, or one of the numbers anywhere.

        Examples
        --------
        >>> people = People(frozenset({"novak"}), frozenset({"4711x"}))
        >>> people.named_in("T1_Novák_2"), people.named_in("id 4711-X"), people.named_in("novakova")
        (True, True, False)
        """
        if not self.names and not self.numbers:
            return False
        folded = fold(text)
        if not self.names.isdisjoint(_LETTERS.findall(folded)):
            return True
        plain = re.sub(r"[\W_]", "", folded)
        return any(number in plain for number in self.numbers)


NOBODY = People()


def people_of(dataset: Dataset) -> People:
    """Whom a header names; pseudonyms are nobody."""
    names: set[str] = set()
    numbers: set[str] = set()
    for keyword in NAMES:
        for value in _values(dataset, keyword):
            if not is_pseudonym(value):
                names |= {part for part in _LETTERS.findall(fold(value)) if len(part) >= _SHORTEST_NAME}
    for keyword in (*NUMBERS, *DATES):
        for value in _values(dataset, keyword):
            plain = re.sub(r"[\W_]", "", fold(value))
            if len(plain) >= _SHORTEST_NUMBER and not is_pseudonym(value):
                numbers.add(plain)
    return People(frozenset(names), frozenset(numbers))


def _values(dataset: Dataset, keyword: str) -> Iterable[str]:
    try:
        value = dataset.get(keyword)
    except Exception:  # pydicom raises many types for values that are damaged
        return ()
    several = value if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]
    return [str(one) for one in several or () if one is not None and str(one).strip()]
