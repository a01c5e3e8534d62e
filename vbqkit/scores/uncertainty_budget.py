"""How sure a score is, as a value: its interval, and the components of uncertainty that the interval is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vbqkit.errors import Caution
from vbqkit.scores.result import Score, said_of
from vbqkit.stats.cutoff_verdict import Verdict, verdict
from vbqkit.values import ByContent

__all__ = ["PIXELS", "PLACEMENT", "REFERENCE", "Uncertainty", "UncertaintyComponent", "verdict"]

PIXELS, PLACEMENT, REFERENCE = "pixel noise", "ROI placement", "reference group"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UncertaintyComponent(ByContent):
    """One reason why a score might have come out differently: a component of uncertainty, in the words of the GUM.

    Attributes
    ----------
    name : str
        ``"pixel noise"``, ``"ROI placement"`` or ``"reference group"``.
    method : str
        How it was computed.
    se : float
        Standard error of the score from this component alone.
    ci_low, ci_high : float
        Interval of the score from this component alone.
    share : float
        Its share of the summed variance, 0 to 1; nan for a second method of the same component.
    """

    name: str
    method: str
    se: float
    ci_low: float
    ci_high: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertainty(ByContent):
    """A score with its interval and what the interval is made of.

    Attributes
    ----------
    score : Score
        The value.
    ci_low, ci_high : float
        Interval from all components together.
    confidence : float
        Such as 0.95.
    se : float
        Standard error from all components together.
    components : tuple of UncertaintyComponent
        Each alone.
    method : str
        How the interval was computed.
    cautions : tuple of Caution
        What its reader must know, beside the cautions of the score.
    missing : str or None
        Why the score has no interval, in a sentence; its limits are then nan and it has no components.
    """

    score: Score
    ci_low: float
    ci_high: float
    confidence: float
    se: float
    components: tuple[UncertaintyComponent, ...]
    method: str
    cautions: tuple[Caution, ...] = ()
    missing: str | None = None

    @classmethod
    def none(cls, score: Score, reason: str, *, confidence: float) -> Uncertainty:
        """No interval, and why; the caution ``no-interval`` says it wherever cautions are shown.

        Parameters
        ----------
        score : Score
            The value, which stands.
        reason : str
            Without a full stop.
        confidence : float
            That was asked for.
        """
        return cls(
            score=score,
            ci_low=math.nan,
            ci_high=math.nan,
            confidence=confidence,
            se=math.nan,
            components=(),
            method=f"no interval: {reason}",
            cautions=(Caution("no-interval", f"{score.name} has no interval: {reason}."),),
            missing=reason,
        )

    def verdict(self, cutoff: Any, *, positive: str | None = None) -> Verdict:
        """What the score says about a cut-off: ``"indeterminate"`` while the cut-off lies within the interval.

        Parameters
        ----------
        cutoff : float, tuple of (float, str), or table row
            From a paper, such as a row of :func:`vbqkit.literature.thresholds_for`, or from the reader's own data;
            there is no default.
        positive : {"high", "low"}, optional
            Which side means disease, beside a number: ``"high"`` for M-score and VBQ-T1.

        Raises
        ------
        ScoreError
            If the cut-off is not a finite number, or the side is missing or unknown.
        """
        return verdict(self.ci_low, self.ci_high, cutoff, positive=positive)

    def rows(self) -> list[dict[str, Any]]:
        """Flat table rows: the whole first, then each component.

        Columns: score, source, method, value, ci_low, ci_high, confidence, se, share; overruled and cautions as in
        :meth:`~vbqkit.scores.result.Score.as_row`, with those of the interval.
        """
        cautions = dict.fromkeys(map(str, (*self.score.cautions, *self.cautions)))
        head = {
            "score": self.score.name,
            "value": self.score.value,
            "confidence": self.confidence,
            "overruled": self.score.overruled,
            "cautions": "; ".join(cautions) or None,
        }
        total = {
            "source": "all",
            "method": self.method,
            "ci_low": self.ci_low,
            "ci_high": self.ci_high,
            "se": self.se,
            "share": 1.0 if self.missing is None else math.nan,
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
                for s in self.components
            ),
        ]

    def __str__(self) -> str:
        if self.missing is not None:
            return f"{self.score.name} = {self.score.value:.3g} (no interval: {self.missing}){said_of(self.score)}"
        shares = ", ".join(f"{s.name} {100 * s.share:.0f} %" for s in self.components if not math.isnan(s.share))
        return (
            f"{self.score.name} = {self.score.value:.3g} ({100 * self.confidence:g} % interval {self.ci_low:.3g} to {self.ci_high:.3g}; "
            f"of its variance: {shares}){said_of(self.score)}"
        )
