"""What replaces UIDs, dates and numbers of patients: the same for the same, and nothing to compute back from.

A run draws 32 secret bytes and throws them away at its end. UIDs become keyed digests (HMAC-SHA-256) in the form 2.25,
so references hold within a run and lead nowhere afterwards. Every patient has one offset in time, drawn from 1 to 10
years to the past and a part of a day, so that intervals between their examinations stay; fractions of a second are
dropped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom.uid import UID_dictionary

_SECRET_BYTES = 32
_OFFSET_DAYS = (365, 3650)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LETTERS = 6
_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.\d+)?")
_ZONE = re.compile(r"[+-]\d{4}$")


@dataclass(slots=True, eq=False)
class Replacements:
    """The secrets of one run; never written anywhere.

    Attributes
    ----------
    pseudonym : str or None
        Given by the user; None: made up.
    shift_dates : bool
        Shift dates; else they are emptied or removed.
    """

    pseudonym: str | None = None
    shift_dates: bool = True
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(_SECRET_BYTES), repr=False)
    _uids: dict[str, str] = field(default_factory=dict, repr=False)
    _people: dict[bytes, Replacement] = field(default_factory=dict, repr=False)

    def uid(self, value: str) -> str:
        """Another UID, always the same for the same; those that the standard defines stay.

        Examples
        --------
        >>> run = Replacements()
        >>> run.uid("1.2.3") == run.uid("1.2.3"), run.uid("1.2.3") == Replacements().uid("1.2.3")
        (True, False)
        >>> run.uid("1.2.840.10008.5.1.4.1.1.4")
        '1.2.840.10008.5.1.4.1.1.4'
        """
        plain = value.strip(" \0")
        if not plain or plain in UID_dictionary:
            return plain
        if plain not in self._uids:
            digest = hmac.new(self._secret, plain.encode(), hashlib.sha256).digest()
            self._uids[plain] = f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"
        return self._uids[plain]

    def uid_of_digest(self, digest: str, digest_of: Callable[[str], str]) -> str | None:
        """The new UID of one that is known by its digest alone; None where this run has not met it."""
        return next((new for old, new in self._uids.items() if digest_of(old) == digest), None)

    def patient(self, key: bytes) -> Replacement:
        """What replaces one patient, by their number or name as stored."""
        if key not in self._people:
            number = len(self._people) + 1
            name = self.pseudonym if self.pseudonym is not None else f"VBQ-{_code()}"
            name = name if number == 1 or self.pseudonym is None else f"{name}-{number}"
            first, last = _OFFSET_DAYS
            days = first + secrets.randbelow(last - first)
            offset = dt.timedelta(days=-days, seconds=-secrets.randbelow(24 * 3600)) if self.shift_dates else None
            self._people[key] = Replacement(name, offset)
        return self._people[key]

    @property
    def names(self) -> tuple[str, ...]:
        """The pseudonyms of this run."""
        return tuple(one.name for one in self._people.values())


def _code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LETTERS))


@dataclass(frozen=True, slots=True)
class Replacement:
    """What replaces one patient.

    Attributes
    ----------
    name : str
        Pseudonym, for PatientName and PatientID.
    offset : timedelta or None
        Added to every date; None: dates are left out.
    """

    name: str
    offset: dt.timedelta | None = field(repr=False)

    def moment(self, date: str, time: str) -> tuple[str, str]:
        """A date with its time, both moved; empty where they are not valid or dates are left out.

        Examples
        --------
        >>> import datetime as dt
        >>> Replacement("A", dt.timedelta(days=-1, seconds=-3600)).moment("20260102", "003000.5")
        ('20251231', '233000')
        """
        day, clock = _day(date), _clock(time)
        if self.offset is None or day is None:
            return "", self.time(time)
        moved = dt.datetime.combine(day, clock or dt.time(12)) + self.offset
        return f"{moved:%Y%m%d}", f"{moved:%H%M%S}" if clock is not None else ""

    def time(self, time: str) -> str:
        """A time without a date, moved within the day."""
        clock = _clock(time)
        if self.offset is None or clock is None:
            return ""
        moved = dt.datetime.combine(dt.date(2000, 1, 1), clock) + self.offset
        return f"{moved:%H%M%S}"

    def date_time(self, value: str) -> str:
        """A DT value, moved; its zone is dropped."""
        plain = _ZONE.sub("", value.strip(" \0"))
        date, time = self.moment(plain[:8], plain[8:])
        return date + time


def _day(text: str) -> dt.date | None:
    found = _DATE.fullmatch(text.strip(" \0"))
    try:
        return dt.date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


def _clock(text: str) -> dt.time | None:
    found = _TIME.fullmatch(text.strip(" \0"))
    try:
        if found is None:
            return None
        hour, minute, second = (int(part or 0) for part in found.groups())
        return dt.time(hour, minute, second)
    except ValueError:
        return None
