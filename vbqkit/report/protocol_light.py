"""One light of the protocol check: what was found about a series on one topic, and what follows for each score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["fine", "nothing found", "look", "refused"]
"""``"fine"``: stated, or seen in the picture, to be as it should. ``"nothing found"``: nothing speaks against it, and
the header could not prove it. ``"look"``: a caution travels with the scores. ``"refused"``: scores are not given."""

SIGNS: dict[str, str] = {"fine": "✓", "nothing found": "○", "look": "!", "refused": "✕"}
"""A sign beside each word, so that nobody needs to see colours."""

WITH_CAUTION, NOT_GIVEN, NOT_CONCERNED = "given with this caution", "not given", "not concerned"
OVERRULED, SET_APART = "given, overruled", "given; a cut-off from scans without it does not carry over"
"""What can follow for a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolLight:
    """A topic of the protocol check on one series.

    Attributes
    ----------
    series : int
        Its number in the study, from 0.
    weighting : str
        Of the series.
    topic : str
        ``"contrast agent"``, ``"parallel imaging"`` ...
    status : {"fine", "nothing found", "look", "refused"}
        The light.
    found : str
        What the header or the picture says.
    consequences : tuple of (str, str)
        Score and what follows for it: given with this caution, not given, given although refused (overruled), set apart
        from scans without it, not concerned.
    codes : tuple of str
        Codes of the cautions that it shows.
    """

    series: int
    weighting: str
    topic: str
    status: Status
    found: str
    consequences: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """The sign that stands beside the word."""
        return SIGNS[self.status]

    @property
    def consequence(self) -> str:
        """The consequences in one line, scores with the same one together.

        Examples
        --------
        >>> light = ProtocolLight(
        ...     series=0,
        ...     weighting="T1",
        ...     topic="filter",
        ...     status="look",
        ...     found="...",
        ...     consequences=(("SNR", WITH_CAUTION), ("M-score", WITH_CAUTION), ("VBQ-T1", NOT_CONCERNED)),
        ... )
        >>> light.consequence
        'SNR, M-score: given with this caution; VBQ-T1: not concerned'
        """
        together: dict[str, list[str]] = {}
        for score, follows in self.consequences:
            together.setdefault(follows, []).append(score)
        return "; ".join(f"{', '.join(scores)}: {follows}" for follows, scores in together.items())

    def as_row(self) -> dict[str, Any]:
        """One flat table row; each consequence also in a column ``for_SCORE``."""
        row: dict[str, Any] = {
            "series": self.series,
            "weighting": self.weighting,
            "topic": self.topic,
            "sign": self.sign,
            "status": self.status,
            "found": self.found,
            "consequence": self.consequence or None,
            "codes": " ".join(self.codes) or None,
        }
        return row | {f"for_{score}": follows for score, follows in self.consequences}


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestCutoff:
    """The published cut-off of a score whose setting is nearest to that of a series; no recommendation.

    Attributes
    ----------
    score, source, target : str
        Score, paper, and what a positive score points to.
    threshold : float
        In the unit of the score.
    distance : float
        As :func:`vbqkit.literature.thresholds_for` counts it.
    not_stated : str
        Parts of the setting that the scan or the paper does not state.
    sources : int
        How many papers have cut-offs of this score.
    """

    score: str
    source: str
    target: str
    threshold: float
    distance: float
    not_stated: str
    sources: int

    def __str__(self) -> str:
        unknown = f"; not stated: {self.not_stated}" if self.not_stated else ""
        more = f"; {self.sources} sources differ" if self.sources > 1 else ""
        return (
            f"{self.score}: nearest by setting is {self.source}, {self.threshold:g} for {self.target} "
            f"(distance {self.distance:.1f}{unknown}{more})"
        )
