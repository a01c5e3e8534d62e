"""A reader's own repeatability, from patients read twice: the unit in which later placements are graded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import scipy

from vbqkit.errors import VbqkitError
from vbqkit.exercises.progress import read_progress, record_attempt

LESSON, EXERCISE = "70", "own-spread"
MIN_PATIENTS = 3
"""With fewer patients read twice than this, the spread is too uncertain to be told."""

SCORE = "VBQ-T1"
"""The score whose repeated readings lesson 70 uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSpread:
    """How far a reader's score lies from the same reader's score of the same patient, read again.

    Attributes
    ----------
    relative_sd : float
        Within-reader SD over the score, 0 to 1; smaller is better.
    n_patients : int
        Patients that were read twice.
    score : str
        The score that was read.
    """

    relative_sd: float
    n_patients: int
    score: str = SCORE

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of ``relative_sd``: ``sd sqrt(n / chi2)`` with n degrees of freedom, one a pair of readings."""
        low, high = (float(scipy.stats.chi2.ppf(share, self.n_patients)) for share in (0.025, 0.975))
        return self.relative_sd * math.sqrt(self.n_patients / high), self.relative_sd * math.sqrt(self.n_patients / low)

    def __str__(self) -> str:
        low, high = (100 * limit for limit in self.interval)
        return f"{100 * self.relative_sd:.1f} % of {self.score} (95 % interval {low:.1f} to {high:.1f}), from {self.n_patients} patients that you read twice in lesson {LESSON}"


def own_spread_of(pairs: Iterable[tuple[float, float]], *, score: str = SCORE) -> OwnSpread:
    """The within-reader SD from patients read twice.

    ``relative SD = sqrt(sum over patients of (ln first - ln second)^2 / (2 n))``: on the log scale, because the error
    of a ratio grows with the ratio. It does not see a systematic error that is in both readings.

    Parameters
    ----------
    pairs : iterable of (float, float)
        Score of the first and of the second reading, one pair per patient.
    score : str
        Name of the score.

    Returns
    -------
    OwnSpread

    Raises
    ------
    VbqkitError
        If there are fewer than 3 pairs, a score is not above 0, or no reading differs from the other.

    References
    ----------
    Bland and Altman, BMJ 1996;313:106, doi:10.1136/bmj.313.7049.106.

    Examples
    --------
    >>> print(own_spread_of([(3.0, 3.06), (2.5, 2.5), (2.8, 2.7)]))
    1.7 % of VBQ-T1 (95 % interval 1.0 to 6.3), from 3 patients that you read twice in lesson 70
    """
    pairs = list(pairs)
    if len(pairs) < MIN_PATIENTS:
        raise VbqkitError(
            f"{len(pairs)} patients were read twice with a complete {score}; your own spread needs at least {MIN_PATIENTS}. Read the others again."
        )
    if min(value for pair in pairs for value in pair) <= 0:
        raise VbqkitError(f"A {score} of 0 or below has no relative spread. Check the ROIs of that reading.")
    squares = math.fsum(math.log(first / second) ** 2 for first, second in pairs)
    if squares == 0.0:
        raise VbqkitError(
            "Both readings of every patient are exactly the same, so they do not count as two readings. Place the ROIs again, without looking back."
        )
    return OwnSpread(relative_sd=math.sqrt(squares / (2 * len(pairs))), n_patients=len(pairs), score=score)


def keep_own_spread(spread: OwnSpread, *, student: str, folder: Path | None = None) -> None:
    """Save a reader's own spread in the progress file; the newest one counts."""
    record_attempt(
        LESSON,
        EXERCISE,
        passed=True,
        student=student,
        detail=f"{spread.score}, {spread.n_patients} patients read twice",
        value=spread.relative_sd,
        folder=folder,
    )


def kept_own_spread(student: str, *, folder: Path | None = None) -> OwnSpread | None:
    """The newest spread of this student in the progress file, or None.

    None if the patients of lesson 70 have not been read twice yet, or the file cannot be read.
    """
    try:
        attempts, _ = read_progress(folder)
    except VbqkitError:
        return None
    for attempt in reversed(attempts):
        if (attempt.student, attempt.lesson, attempt.exercise) == (student, LESSON, EXERCISE):
            score, _, rest = attempt.detail.partition(", ")
            number = rest.split(" ", maxsplit=1)[0]
            if attempt.value is not None and attempt.value > 0 and number.isdigit():
                return OwnSpread(relative_sd=float(attempt.value), n_patients=int(number), score=score)
    return None
