"""What a value, or its interval, says about a cut-off."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from vbqkit.errors import ScoreError

Verdict = Literal["positive", "negative", "indeterminate"]


class Cutoff(NamedTuple):
    """A cut-off and the side of it that means disease.

    Parameters
    ----------
    threshold : float
        In the unit of the score.
    positive : {"high", "low"}
        The side; the cut-off itself belongs to it.
    """

    threshold: float
    positive: Literal["high", "low"]


def as_cutoff(cutoff: Any, *, positive: str | None = None) -> Cutoff:
    """A cut-off from a number and a side, a pair of these, or a row of :func:`vbqkit.literature.thresholds_for`.

    Parameters
    ----------
    cutoff : float, tuple of (float, str), mapping or table row
        A row holds ``threshold`` and ``positive``.
    positive : {"high", "low"}, optional
        Beside a number.

    Raises
    ------
    ScoreError
        If it is not a finite number, or the side is missing or unknown.

    Examples
    --------
    >>> as_cutoff({"threshold": 2.9, "positive": "high", "source": "Chen 2023"})
    Cutoff(threshold=2.9, positive='high')
    """
    threshold, side = cutoff, positive
    if not isinstance(cutoff, (int, float)):
        try:
            threshold, side = (cutoff["threshold"], cutoff["positive"]) if hasattr(cutoff, "keys") else cutoff
        except (KeyError, TypeError, ValueError):
            raise ScoreError(
                f"The cut-off {cutoff!r} is not understood. Give a number and positive='high' or 'low', such as (2.9, 'high'), or a row of "
                "thresholds_for."
            ) from None
        if positive is not None and positive != side:
            raise ScoreError(f"The cut-off says positive is '{side}', and you say '{positive}'. Leave yours out.")
    try:
        number = float(threshold)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ScoreError(
            f"A cut-off of {threshold} is not a number to compare with. Take one from a paper, with its setting."
        )
    if side == "high":
        return Cutoff(number, "high")
    if side == "low":
        return Cutoff(number, "low")
    raise ScoreError(f"positive is '{side}'; say 'high' or 'low', the side of the cut-off that means disease.")


def verdict(ci_low: float, ci_high: float, cutoff: Any, *, positive: str | None = None) -> Verdict:
    """What an interval says about a cut-off: ``"indeterminate"`` while the cut-off lies within it.

    An interval without width is a value that is known; at the cut-off it is positive, as papers count.

    Parameters
    ----------
    ci_low, ci_high : float
        The interval; nan if there is none, which is indeterminate.
    cutoff : float, tuple or table row
        See :func:`as_cutoff`; there is no default.
    positive : {"high", "low"}, optional
        Which side means disease, beside a number: ``"high"`` for M-score and VBQ-T1.

    Returns
    -------
    {"positive", "negative", "indeterminate"}

    Raises
    ------
    ScoreError
        If the cut-off is not a finite number, or the side is missing or unknown.

    Examples
    --------
    >>> verdict(2.7, 3.1, 2.6, positive="high")
    'positive'
    >>> verdict(2.7, 3.1, (2.9, "high"))
    'indeterminate'
    """
    threshold, side = as_cutoff(cutoff, positive=positive)
    if not (math.isfinite(ci_low) and math.isfinite(ci_high)) or (ci_low <= threshold <= ci_high and ci_low < ci_high):
        return "indeterminate"
    beyond = ci_low >= threshold if side == "high" else ci_high <= threshold
    return "positive" if beyond else "negative"
