"""The name of a file with one student's ROIs on one patient: ``student_exercise_case.vbqkit.json``.

The lessons write it, a teacher collects it. The case is a code of eight letters, or of twelve where students share
bodies, that does not say what is to be seen in the patient, and from which the patient can be made again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from vbqkit.errors import FormatError
from vbqkit.exercises.cases import DAYS_IN_ONE_PLACE, KINDS, case_name
from vbqkit.exercises.shared_bodies import MOST_DAYS

ENDING = ".vbqkit.json"
PATTERN = f"student_exercise_case{ENDING}"
"""How a name is built, in words for messages."""

_SEED_BITS, _KIND_BITS = 28, 10
_DAY_BITS: Mapping[int, int] = {8: 2, 12: 22}
"""Letters of a code, of five bits each, to how many of them are the day's."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O, U (Crockford), which are misread
_FACTOR = 0x9E3779B97 | 1  # odd, so that multiplying by it can be undone; the digits of the golden ratio

_CASE = re.compile(rf"(?P<kind>{'|'.join(KINDS)})-(?P<seed>[0-9]+)(?:-day(?P<day>[0-9]{{1,7}}))?")
_CODE = re.compile("|".join(rf"[{_LETTERS}]{{{letters}}}" for letters in _DAY_BITS))
_NAME = re.compile(
    rf"(?P<student>.+)_(?P<exercise>[^_]+)_(?P<case>{_CODE.pattern}|{_CASE.pattern}){re.escape(ENDING)}", re.DOTALL
)
_NOT_IN_A_NAME = re.compile(r"[/\\\x00-\x1f]")


def _kind_number(kind: str) -> int:
    """A number for a kind that stays the same when kinds are added."""
    return int.from_bytes(hashlib.sha256(kind.encode()).digest()[:2], "big") % (1 << _KIND_BITS)


def case_code(kind: str, seed: int, day: int = 0) -> str:
    """Eight letters for a teaching case, twelve from day 4 on, which do not say its kind.

    Not a secret: whoever reads this function can undo it. It keeps the diagnosis from standing under the picture.

    Examples
    --------
    >>> case_code("fracture", 96506), case_code("plain", 96506)
    ('AN6SQMPM', 'X55J6DZ8')
    >>> case_of_code(case_code("fracture", 96506, 1))
    ('fracture', 96506, 1)
    >>> case_code("fracture", 96506, 4711)
    'ANCFPRDN0DY1'
    """
    letters = 8 if day < DAYS_IN_ONE_PLACE else 12
    bits, day_bits = 5 * letters, _DAY_BITS[letters]
    number = (seed << (_KIND_BITS + day_bits)) | (_kind_number(kind) << day_bits) | day
    mixed = number * _FACTOR % 2**bits
    return "".join(_LETTERS[(mixed >> shift) % 32] for shift in range(bits - 5, -1, -5))


def case_of_code(code: str) -> tuple[str, int, int]:
    """Kind, seed and day behind a code.

    Raises
    ------
    FormatError
        If no case has this code.
    """
    if _CODE.fullmatch(code):
        bits, day_bits = 5 * len(code), _DAY_BITS[len(code)]
        mixed = sum(
            _LETTERS.index(letter) << shift for letter, shift in zip(code, range(bits - 5, -1, -5), strict=True)
        )
        number = mixed * pow(_FACTOR, -1, 2**bits) % 2**bits
        kinds = {_kind_number(kind): kind for kind in KINDS}
        kind = kinds.get((number >> day_bits) % 2**_KIND_BITS)
        day = number % 2**day_bits
        if kind is not None and (len(code) == 8 or day >= DAYS_IN_ONE_PLACE):  # a case has one code
            return kind, number >> (_KIND_BITS + day_bits), day
    raise FormatError(f"'{code}' is the code of no teaching case. Copy the file name as the lesson wrote it.")


@dataclass(frozen=True, slots=True)
class ReadingFile:
    """Who read which patient in which exercise, as the file name says.

    Attributes
    ----------
    student, exercise : str
        Not empty, and without slashes, which separate folders; the exercise without ``_``, which separates the parts of
        the name.
    kind : str
        Kind of the teaching case, from :data:`vbqkit.exercises.KINDS`.
    seed : int
        Its seed, 0 or above.
    day : int
        0, or the number of a later visit of the same patient.

    Raises
    ------
    FormatError
        If a part would make a name that cannot be read again.

    Examples
    --------
    >>> ReadingFile("Ada", "reading1", "plain", 701).name
    'Ada_reading1_VHG571Z8.vbqkit.json'
    >>> ReadingFile.parse("Ada_reading1_VHG571Z8.vbqkit.json").seed
    701
    >>> ReadingFile.parse("Ada_reading1_plain-701.vbqkit.json").seed  # as earlier versions wrote it
    701
    """

    student: str
    exercise: str
    kind: str
    seed: int
    day: int = 0

    def __post_init__(self) -> None:
        for what, text in (("student", self.student), ("exercise", self.exercise)):
            if not text or _NOT_IN_A_NAME.search(text) or (what == "exercise" and "_" in text):
                raise FormatError(
                    f"The {what} {text!r} cannot be part of a file name such as {PATTERN}: it must not be empty or hold '/', '\\' or a line "
                    "break, nor an exercise '_'. Choose another name."
                )
        if self.kind not in KINDS or not 0 <= self.seed < 2**_SEED_BITS or not 0 <= self.day < MOST_DAYS:
            raise FormatError(
                f"'{self.case}' names no teaching case; the kind is one of {', '.join(KINDS)}, the seed 0 to {2**_SEED_BITS - 1}, "
                f"the day 0 to {MOST_DAYS - 1}."
            )

    @classmethod
    def of_case(cls, student: str, exercise: str, case: str) -> ReadingFile:
        """The file of a student for a case by its name.

        Parameters
        ----------
        student, exercise : str
            As in the attributes.
        case : str
            Name of a teaching case, such as ``"plain-701"``.

        Raises
        ------
        FormatError
            If the case is not named by kind and seed.
        """
        found = _CASE.fullmatch(case)
        if found is None:
            raise FormatError(
                f"The case '{case}' is not named by kind and seed, such as plain-701, so no file name says how to make it again. "
                "Give the file a name of your own (case_file)."
            )
        return cls(student, exercise, found["kind"], int(found["seed"]), int(found["day"] or 0))

    @classmethod
    def parse(cls, name: str) -> ReadingFile:
        """The parts of a file name.

        Raises
        ------
        FormatError
            If the name is built differently.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise FormatError(
                f"'{name}' is not named {PATTERN}, such as Ada_reading1_{case_code('plain', 701)}{ENDING}. Rename it."
            )
        if found["kind"] is None:
            return cls(found["student"], found["exercise"], *case_of_code(found["case"]))
        return cls(found["student"], found["exercise"], found["kind"], int(found["seed"]), int(found["day"] or 0))

    @property
    def case(self) -> str:
        """Name of the teaching case."""
        return case_name(self.kind, self.seed, self.day)

    @property
    def name(self) -> str:
        """The file name."""
        return f"{self.student}_{self.exercise}_{case_code(self.kind, self.seed, self.day)}{ENDING}"
