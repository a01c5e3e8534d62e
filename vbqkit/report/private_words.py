"""Words that may lead to a patient, and a text without them: descriptions, paths and file names are free text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vbqkit.acquisition import Acquisition

LEFT_OUT = "[left out]"
"""What stands in their place."""

_SHORTEST = 3
_PATHS = re.compile(r"(?:[A-Za-z]:\\|\\\\|~?/)[^\s'\",;:()]*[/\\][^\s'\",;:()]*")
_UID = re.compile(r"\b[0-2](?:\.\d+){5,}\b")


@dataclass(frozen=True, slots=True)
class PrivateWords:
    """What a report without identity must not quote.

    Attributes
    ----------
    words : frozenset of str
        Descriptions, paths, names of files, and what the header says of the patient.
    """

    words: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, acquisitions: Iterable[Acquisition], paths: Iterable[str], headers: Iterable[str] = ()) -> PrivateWords:
        """From the headers of the series, the paths that messages may quote, and the patient's own values."""
        found: set[str] = set()
        for a in acquisitions:
            found |= {text for text in (a.series_description, a.protocol_name, a.fat_hint, a.contrast_hint) if text}
        for path in paths:
            found |= {path, Path(path).name, str(Path(path).parent)}
        for value in headers:
            found |= {value, *re.split(r"[\^=\s]+", value)}
        return cls(frozenset(text for text in found if len(text) >= _SHORTEST and text not in (".", "..")))

    def taken_from(self, text: str) -> str:
        """The text without them, without whole paths and without UIDs.

        Examples
        --------
        >>> private = PrivateWords(frozenset({"/home/x/NOVAK", "T1 Novak Jan"}))
        >>> private.taken_from("/home/x/NOVAK/1.dcm: the description 'T1 Novak Jan' says T1, of 1.2.840.10008.5.1.4")
        "[left out]: the description '[left out]' says T1, of [left out]"
        """
        for word in sorted(self.words, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(word)}(?:[/\\][^\s'\",;:()]*)?(?!\w)", LEFT_OUT, text)
        return _UID.sub(LEFT_OUT, _PATHS.sub(LEFT_OUT, text))
