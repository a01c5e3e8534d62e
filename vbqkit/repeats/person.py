"""Whether two studies are of one person, without showing who that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vbqkit.acquisition import same_patient
from vbqkit.protocol_words import is_pseudonym
from vbqkit.study import Series


@dataclass(frozen=True, slots=True)
class PersonCheck:
    """What the patient numbers of two studies say.

    Attributes
    ----------
    verdict : {"same", "different", "unsure"}
        By the keyed hash of the number, or of the name where there is no number.
    text : str
        In words, without the numbers.
    """

    verdict: Literal["same", "different", "unsure"]
    text: str


def check_same_person(now: Series, before: Series) -> PersonCheck:
    """Compare whose two series are, by hashes that are thrown away with this process.

    Equal numbers are believed unless they are pseudonyms, such as ``ANON``, which many people share.

    Parameters
    ----------
    now, before : Series
        One of each study.
    """
    same = same_patient(now.acquisition, before.acquisition)
    if same is None:
        return PersonCheck(
            "unsure",
            "At least one of the studies names nobody, so nothing shows that they are of one person. You must know it.",
        )
    if not same:
        return PersonCheck(
            "different",
            "The studies have different patient numbers. Two hospitals number a person differently; if you know that it is one person, say how.",
        )
    if now.patient_id is None or is_pseudonym(now.patient_id):
        return PersonCheck(
            "unsure",
            "Both studies have the same pseudonym instead of a patient number. Many people can share one. You must know it.",
        )
    return PersonCheck("same", "Both studies have the same patient number.")
