"""Whether a function that a student has written is a score at all, before anyone asks if it is a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores.case import score_tables
from vbqkit.scores.example import example_measurement

if TYPE_CHECKING:
    import pandas as pd

SIGNALS = (*SCORED_LEVELS, CSF, "muscle", "subcutaneous_fat")
"""What a score may be made of: mean signals, a.u."""

GAIN = 2.0
SAME_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnScoreGrade:
    """Whether a function is a usable score.

    Attributes
    ----------
    faults : tuple of str
        What must be corrected, and how; empty if nothing is.
    remarks : tuple of str
        What is worth knowing about the score.
    """

    faults: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing must be corrected."""
        return not self.faults


def check_own_score(score: Callable[[Any], Any], cohort: pd.DataFrame) -> OwnScoreGrade:
    """Check a score that a student has written.

    It must give one finite number for each row, from the signals alone; the numbers must differ; the receiver's gain
    must cancel; and higher must mean more marrow fat. A score that ranks the women as VBQ-T1 does is remarked on.

    Parameters
    ----------
    score : callable
        ``score(table)``, table with the columns of :data:`SIGNALS`; returns one number per row.
    cohort : DataFrame
        From :func:`vbqkit.exercises.trial_cohort.virtual_cohort`: the signals, pdff_percent and scanner.

    Returns
    -------
    OwnScoreGrade
    """
    one_machine = cohort[cohort["scanner"] == cohort["scanner"].iloc[0]]
    signals = one_machine[list(SIGNALS)]
    values, fault = _values(score, signals)
    if values is None:
        return OwnScoreGrade(faults=(fault,))
    if np.ptp(values) <= SAME_SHARE * np.abs(values).max():
        text = f"Every woman gets the same number, {values[0]:.4g}. A score must tell them apart: which column does it use?"
        return OwnScoreGrade(faults=(text,))
    faults, remarks = [], []
    louder, fault = _values(score, signals * GAIN)
    change = np.inf if louder is None else float(np.max(np.abs(louder - values)) / np.abs(values).max())
    if change > SAME_SHARE:
        faults.append(
            f"With twice the receiver gain the same women get different numbers (by up to {100 * change:.0f} % of the largest). Signals have no unit: "
            "divide by another signal of the same picture."
        )
    else:
        remarks.append("The receiver gain cancels.")
    with_fat = float(scipy.stats.spearmanr(values, one_machine["pdff_percent"]).statistic)
    if with_fat < 0:
        faults.append(
            f"It falls when marrow fat rises (Spearman {with_fat:+.2f} with PDFF). Higher must mean poorer bone: turn it round, or put a minus sign in front."
        )
    if float(scipy.stats.spearmanr(values, _vbq_t1(signals)).statistic) > 0.995:
        remarks.append("It puts these women in the same order as VBQ-T1: it is VBQ-T1 in other words.")
    return OwnScoreGrade(faults=tuple(faults), remarks=tuple(remarks))


def _vbq_t1(signals: pd.DataFrame) -> list[float]:
    tables = (
        {str(label): example_measurement(str(label), mean=float(mean)) for label, mean in row.items()}
        for _, row in signals.iterrows()
    )
    return [score_tables({"T1": table}, aggregate="median").score("VBQ-T1").value for table in tables]


def _values(score: Callable[[Any], Any], signals: pd.DataFrame) -> tuple[npt.NDArray[np.float64] | None, str]:
    """The numbers that a score gives, or what is wrong with them."""
    try:
        found = np.asarray(score(signals.copy()), dtype=np.float64)
    except KeyError as error:
        return None, f"It uses the column {error}, which is not a signal. Choose from: {', '.join(SIGNALS)}."
    except Exception as error:  # whatever a student's own function raises is told to the student
        return (
            None,
            f"It stops with {type(error).__name__}: {error}. Look at the line that it names, and try it on one column.",
        )
    if found.shape != (len(signals),):
        return None, (
            f"It gives {found.size} number{'s' if found.size != 1 else ''} for {len(signals)} women; it must give one for each row. "
            "Combine columns (axis=1), not rows."
        )
    if not np.isfinite(found).all():
        return (
            None,
            f"{int((~np.isfinite(found)).sum())} of its numbers are not finite. Does it divide by 0, or take the root of a negative number?",
        )
    return found, ""
