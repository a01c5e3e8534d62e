"""The name of a file with one student's ROIs on one patient: ``student_exercise_kind-seed.vbqkit.json``.

The lessons write it, a teacher collects it, and the kind and seed in it are enough to make the patient again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vbqkit.errors import FormatError
from vbqkit.exercises.cases import KINDS

ENDING = ".vbqkit.json"
PATTERN = f"student_exercise_kind-seed{ENDING}"
"""How a name is built, in words for messages."""

_CASE = re.compile(rf"(?P<kind>{'|'.join(KINDS)})-(?P<seed>[0-9]+)")
_NAME = re.compile(rf"(?P<student>[^_]+)_(?P<exercise>[^_]+)_{_CASE.pattern}{re.escape(ENDING)}", re.DOTALL)
_NOT_IN_A_NAME = re.compile(r"[_/\\\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class ReadingFile:
    """Who read which patient in which exercise, as the file name says.

    Attributes
    ----------
    student, exercise : str
        Not empty, without ``_``, which separates the parts of the name, and without slashes, which separate folders.
    kind : str
        Kind of the teaching case, from :data:`vbqkit.exercises.KINDS`.
    seed : int
        Its seed, 0 or above.

    Raises
    ------
    FormatError
        If a part would make a name that cannot be read again.

    Examples
    --------
    >>> ReadingFile("Ada", "reading1", "plain", 701).name
    'Ada_reading1_plain-701.vbqkit.json'
    >>> ReadingFile.parse("Ada_reading1_plain-701.vbqkit.json").seed
    701
    """

    student: str
    exercise: str
    kind: str
    seed: int

    def __post_init__(self) -> None:
        for what, text in (("student", self.student), ("exercise", self.exercise)):
            if not text or _NOT_IN_A_NAME.search(text):
                raise FormatError(
                    f"The {what} {text!r} cannot be part of a file name such as {PATTERN}: it must not be empty or hold '_', '/', '\\' "
                    "or a line break. Choose another name."
                )
        if self.kind not in KINDS or self.seed < 0:
            raise FormatError(
                f"'{self.kind}-{self.seed}' names no teaching case; the kind is one of {', '.join(KINDS)}, the seed 0 or above."
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
        return cls(student, exercise, found["kind"], int(found["seed"]))

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
            raise FormatError(f"'{name}' is not named {PATTERN}, such as Ada_reading1_plain-701{ENDING}. Rename it.")
        return cls(found["student"], found["exercise"], found["kind"], int(found["seed"]))

    @property
    def case(self) -> str:
        """Name of the teaching case."""
        return f"{self.kind}-{self.seed}"

    @property
    def name(self) -> str:
        """The file name."""
        return f"{self.student}_{self.exercise}_{self.case}{ENDING}"
