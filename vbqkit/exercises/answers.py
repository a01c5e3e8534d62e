"""Checks of answers: numbers with a tolerance and hints, and choices."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vbqkit.errors import VbqkitError
from vbqkit.language import digits, translated


@dataclass(frozen=True, slots=True)
class AnswerGrade:
    """Whether an answer is right, and what to say about it.

    Attributes
    ----------
    right : bool
        Whether it is right, within the tolerance.
    feedback : str
        What to tell the student; for a wrong answer a hint, never the answer.
    """

    right: bool
    feedback: str


def check_number(
    given: float | str,
    expected: float,
    *,
    tolerance: float,
    unit: str = "",
    hints: Sequence[tuple[float, str]] = (),
) -> AnswerGrade:
    """Check a number.

    Parameters
    ----------
    given : float or str
        What the student wrote; a decimal comma is understood.
    expected : float
        The right number, computed from the case.
    tolerance : float
        Relative: 0.02 accepts 2 % either way. If 0 is expected, it is absolute.
    unit : str
        Named in the feedback.
    hints : sequence of (float, str)
        Values that known mistakes lead to, and what to say about them.

    Returns
    -------
    AnswerGrade

    Examples
    --------
    >>> check_number("58,9", 59.0, tolerance=0.02).right
    True
    >>> print(check_number(590, 59.0, tolerance=0.02).feedback)
    Not yet: this is ten times too much. Check the decimal point or the unit.
    """
    if not tolerance > 0:
        raise VbqkitError(f"A tolerance of {tolerance} accepts nothing; give a share above 0, such as 0.02.")
    number = _number(given)
    if number is None:
        return AnswerGrade(
            False, translated("'{given}' is not a number. Write digits, for instance 12.5.", given=given)
        )

    def close(to: float) -> bool:
        return abs(number - to) <= (tolerance * abs(to) if to else tolerance)

    if close(expected):
        return AnswerGrade(True, translated("Right: {answer}.", answer=f"{digits(expected)} {unit}".strip()))
    known = next((text for value, text in hints if close(value)), None)
    if known is None:
        known = _usual_slip(number, expected, close)
    return AnswerGrade(False, translated("Not yet: {why}", why=known))


def _number(given: float | str) -> float | None:
    try:
        number = float(str(given).strip().replace(",", ".").replace("−", "-").removesuffix("%"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _usual_slip(number: float, expected: float, close: Callable[[float], bool]) -> str:
    if close(-expected) and expected:
        return translated("the size is right, the sign is not. Which of the two is subtracted from the other?")
    if expected and close(10 * expected):
        return translated("this is ten times too much. Check the decimal point or the unit.")
    if expected and close(expected / 10):
        return translated("this is ten times too little. Check the decimal point or the unit.")
    if expected and close(1 / expected):
        return translated("this is the ratio upside down. What is divided by what?")
    return translated("too high. Try again.") if number > expected else translated("too low. Try again.")


_GIVEN = "answer: "


def answer_detail(given: str) -> str:
    """How the answer that was given stands in the progress file, so that a teacher can check it again."""
    return f"{_GIVEN}{given[:60]}"


def given_answer(detail: str) -> str | None:
    """The answer behind :func:`answer_detail`; None where another thing stands.

    Examples
    --------
    >>> given_answer(answer_detail("b")), given_answer("L2: slice")
    ('b', None)
    """
    return detail.removeprefix(_GIVEN) if detail.startswith(_GIVEN) else None


def seal_answer(question: str, key: str) -> str:
    """The fingerprint of an answer, which a question file holds instead of the answer.

    ``SHA-256("vbqkit:" + question + ":" + key)``, the first 16 hexadecimal digits. It keeps the answer out of sight;
    it is not a lock, and need not be.

    Examples
    --------
    >>> seal_answer("demo", "b")
    'a4fa439a6d06a98d'
    """
    return hashlib.sha256(f"vbqkit:{question}:{key}".encode()).hexdigest()[:16]


def check_choice(question: str, key: str, *, sealed: str, feedback: str = "") -> AnswerGrade:
    """Check a choice against its sealed answer.

    Parameters
    ----------
    question : str
        Name of the question.
    key : str
        The option chosen.
    sealed : str
        From :func:`seal_answer`.
    feedback : str
        What to say about this choice, right or wrong.

    Examples
    --------
    >>> check_choice("demo", "a", sealed=seal_answer("demo", "b"), feedback="Fat has a short T1.").feedback
    'Not yet. Fat has a short T1.'
    """
    right = seal_answer(question, key) == sealed
    verdict = translated("Right") if right else translated("Not yet")
    return AnswerGrade(right, f"{verdict}. {feedback}".strip())
