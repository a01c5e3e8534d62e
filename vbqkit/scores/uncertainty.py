"""How sure a score is: its interval, what the interval is made of, and what it says about a cut-off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from scipy import special

from vbqkit.errors import Caution, ScoreError
from vbqkit.scores.result import Score

PIXELS, PLACEMENT, REFERENCE = "pixel noise", "ROI placement", "reference group"
Verdict = Literal["positive", "negative", "indeterminate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One reason why a score might have come out otherwise.

    Attributes
    ----------
    name : str
        ``"pixel noise"``, ``"ROI placement"`` or ``"reference group"``.
    method : str
        How it was computed.
    se : float
        Standard error of the score from this source alone.
    ci_low, ci_high : float
        Interval of the score from this source alone.
    share : float
        Its share of the summed variance, 0 to 1; nan for a second method of the same source.
    """

    name: str
    method: str
    se: float
    ci_low: float
    ci_high: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """A score with its interval and what the interval is made of.

    Attributes
    ----------
    score : Score
        The value.
    ci_low, ci_high : float
        Interval from all sources together.
    confidence : float
        Such as 0.95.
    se : float
        Standard error from all sources together.
    sources : tuple of Source
        Each source alone.
    method : str
        How the interval was computed.
    cautions : tuple of Caution
        What its reader must know, beside the cautions of the score.
    """

    score: Score
    ci_low: float
    ci_high: float
    confidence: float
    se: float
    sources: tuple[Source, ...]
    method: str
    cautions: tuple[Caution, ...] = ()

    def verdict(self, cutoff: float, *, positive: Literal["high", "low"]) -> Verdict:
        """What the score says about a cut-off: ``"indeterminate"`` while the cut-off lies within the interval.

        Parameters
        ----------
        cutoff : float
            From a paper or from the reader's own data; there is no default.
        positive : {"high", "low"}
            Which side means disease: ``"high"`` for M-score and VBQ-T1.

        Raises
        ------
        ScoreError
            If the cut-off is no finite number, or the side is unknown.
        """
        return verdict(self.ci_low, self.ci_high, cutoff, positive=positive)

    def rows(self) -> list[dict[str, Any]]:
        """Flat table rows: the whole first, then each source; score, source, method, value, ci_low, ci_high, confidence, se, share."""
        head = {"score": self.score.name, "value": self.score.value, "confidence": self.confidence}
        total = {
            "source": "all",
            "method": self.method,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
            "se": self.se,
            "share": 1.0,
        }
        return [
            head | total,
            *(
                head
                | {
                    "source": s.name,
                    "method": s.method,
                    "ci_low": s.ci_low,
                    "ci_high": s.ci_high,
                    "se": s.se,
                    "share": s.share,
                }
                for s in self.sources
            ),
        ]

    def __str__(self) -> str:
        shares = ", ".join(f"{s.name} {100 * s.share:.0f} %" for s in self.sources if not math.isnan(s.share))
        return (
            f"{self.score.name} = {self.score.value:.3g} ({100 * self.confidence:g} % interval {self.ci_low:.3g} to {self.ci_high:.3g}; "
            f"of its variance: {shares})"
        )


def verdict(ci_low: float, ci_high: float, cutoff: float, *, positive: Literal["high", "low"]) -> Verdict:
    """What an interval says about a cut-off.

    Examples
    --------
    >>> verdict(2.7, 3.1, 2.6, positive="high")
    'positive'
    >>> verdict(2.7, 3.1, 2.9, positive="high")
    'indeterminate'
    """
    if not math.isfinite(cutoff):
        raise ScoreError(
            f"A cut-off of {cutoff} is no number to compare with. Take one from a paper, with its setting."
        )
    if positive not in ("high", "low"):
        raise ScoreError(f"positive is '{positive}'; say 'high' or 'low', the side of the cut-off that means disease.")
    if not (math.isfinite(ci_low) and math.isfinite(ci_high)) or ci_low <= cutoff <= ci_high:
        return "indeterminate"
    return "positive" if (ci_low > cutoff) == (positive == "high") else "negative"


def m_score_interval(value: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of an M-score from the size of the reference group alone: mean and SD of n women are themselves uncertain.

    With x the patient's SNR, ``sqrt(n) (mean_ref - x) / SD_ref`` has a noncentral t distribution with n - 1 degrees of
    freedom and noncentrality ``-sqrt(n) M_true``; the interval is found by inverting it. It is exact for a normally
    distributed reference group.

    Parameters
    ----------
    value : float
        The M-score.
    n : int
        Women in the reference group, at least 2.
    confidence : float
        Such as 0.95.

    Returns
    -------
    tuple of 2 floats

    Raises
    ------
    ScoreError
        If n is below 2, the value is not finite, or the confidence is not between 0 and 1.

    References
    ----------
    Crawford and Garthwaite 2002, Neuropsychologia 40:1196-1208, doi 10.1016/S0028-3932(01)00224-X.

    Examples
    --------
    An M-score of 5.5 against five women, as in paper 000:

    >>> [round(v, 1) for v in m_score_interval(5.5, 5)]
    [1.8, 9.3]
    """
    check_confidence(confidence)
    if n < 2 or not math.isfinite(value):
        raise ScoreError(
            f"An M-score of {value} against n = {n} women has no interval; a finite score and at least 2 women are needed."
        )
    t, root = math.sqrt(n) * value, math.sqrt(n)
    spread = math.sqrt(1.0 / n + value**2 / (2.0 * (n - 1)))

    def limit(probability: float) -> float:
        def off(m: float) -> float:
            below = float(special.nctdtr(n - 1, root * m, t))
            # SciPy gives nan where the probability is 0 or 1 to all its digits.
            return (float(t > root * m) if math.isnan(below) else below) - probability

        width = 2.0 * spread
        while off(value - width) < 0 or off(value + width) > 0:
            width *= 1.5
        low, high = value - width, value + width
        # Halved to the last digit: special.nctdtrinc gives 5 digits only, and scipy.optimize takes longer to load than this to run.
        while low < (middle := (low + high) / 2) < high:
            low, high = (middle, high) if off(middle) > 0 else (low, middle)
        return middle

    tail = (1 - confidence) / 2
    return limit(1 - tail), limit(tail)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is no number between 0 and 1."""
    if not 0 < confidence < 1:
        raise ScoreError(f"A confidence of {confidence} is not possible; give a number between 0 and 1, such as 0.95.")
