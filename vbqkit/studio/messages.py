"""What the studio has to say, by weight and by the series it is about: refusals first, and nothing is ever dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from vbqkit.errors import Caution
from vbqkit.language import said
from vbqkit.roi.origin import ACCEPTED_CODE

Weight = Literal["refusal", "failure", "caution", "note"]
"""``"refusal"``: no score is given. ``"failure"``: what the user asked for was not done. ``"caution"``: something
is wrong with this image or these ROIs. ``"note"``: true of every such image; it needs no sign."""

_WEIGHTS: tuple[Weight, ...] = ("refusal", "failure", "caution", "note")

STANDING = frozenset(
    {"vbq-scanner", "reference-scanner", "series-gain-unknown", "missing-tags", "midway-slight", ACCEPTED_CODE}
)
"""Codes of cautions that stand on every score of their kind, or that hardly change the number: said quietly, without a
sign, so that a sign means that something is wrong with this number."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that the studio says.

    Parameters
    ----------
    text : str
        What is wrong, where, and what to do about it.
    weight : {"refusal", "failure", "caution", "note"}
        How much it matters.
    series : str
        Title of the view it is about; empty: of the whole study, or of something the user did.
    """

    text: str
    weight: Weight = "caution"
    series: str = ""

    @classmethod
    def of(cls, caution: Caution, series: str = "") -> Message:
        """A caution as a message; one that stands on everything is a note."""
        return cls(caution.message, "note" if caution.code in STANDING else "caution", series)

    def for_browser(self) -> dict[str, str]:
        """Plain JSON values, in the chosen language."""
        return asdict(replace(self, text=said(self.text)))

    def __str__(self) -> str:
        return f"{self.series}: {self.text}" if self.series else self.text


def in_order(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Each message once, the weightiest first; of equal weight as they came.

    Examples
    --------
    >>> [str(m) for m in in_order([Message("bright", series="T2"), Message("contrast agent", "refusal", "T1")])]
    ['T1: contrast agent', 'T2: bright']
    """
    return tuple(sorted(dict.fromkeys(messages), key=lambda message: _WEIGHTS.index(message.weight)))
