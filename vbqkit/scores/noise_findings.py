"""What was found wrong with a noise ROI, or with a series on which noise is measured."""

from __future__ import annotations

from dataclasses import dataclass

from vbqkit.errors import Caution

DOUBTFUL_CODES = frozenset(
    {
        "noise-zeros",
        "noise-not-magnitude",
        "noise-spike",
        "noise-trend",
        "noise-bright",
        "noise-ghost",
        "noise-disagrees",
        "noise-unlike-tissue",
        "reconstruction-uniformity",
        "reconstruction-parallel",
        "reconstruction-filter",
    }
)
"""Cautions that say the SD itself may be wrong by more than its sampling error. ``noise-few-pixels`` and
``reconstruction-interpolated`` are not among them: they make the SD less sure, which an interval can show."""


@dataclass(frozen=True, slots=True)
class NoiseCheck:
    """What is wrong with a noise ROI.

    Attributes
    ----------
    refusal : str or None
        Why its SD must not be used at all; None if it may, with the cautions.
    cautions : tuple of Caution
        Each travels with every SNR and M-score from this ROI.
    """

    refusal: str | None
    cautions: tuple[Caution, ...]

    @property
    def doubtful(self) -> bool:
        """Whether the SD may be wrong by more than its sampling error: then no interval of SNR or M-score is shown.

        An interval counts the chance in the pixels, the place of the ROI and the reference group. It knows nothing of a
        background that was masked, filled, corrected or crossed by a ghost, so it would be far too short.

        Examples
        --------
        >>> NoiseCheck(None, (Caution("noise-disagrees", "..."),)).doubtful
        True
        >>> NoiseCheck(None, (Caution("noise-few-pixels", "..."),)).doubtful
        False
        """
        return self.refusal is not None or any(c.code in DOUBTFUL_CODES for c in self.cautions)

    def joined(self, other: NoiseCheck) -> NoiseCheck:
        """Both checks as one: the first refusal, and all cautions."""
        return NoiseCheck(self.refusal or other.refusal, (*self.cautions, *other.cautions))
