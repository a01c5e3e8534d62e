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
        "noise-unconfirmed",
    }
)
"""Cautions that say that the SD itself is not the noise, or not the same noise elsewhere: seen in the picture.

Not among them are ``noise-few-pixels``, ``noise-rounded`` and ``reconstruction-interpolated``, which make the SD less
sure or wrong by a known few percent, nor the standing cautions of a series (``reconstruction-uniformity``,
``-parallel``, ``-filter``). Those say what SNR means on that scanner: with the same protocol and the ROI at the same
place it repeats, and that is what an interval is about. Where uniformity correction or parallel imaging has made the
noise differ from place to place, other air says so (``noise-disagrees``); where there is no other air to ask,
``noise-unconfirmed`` does."""

UNEVEN_CODES = frozenset({"reconstruction-uniformity", "reconstruction-parallel"})
"""Cautions of a series in which noise may differ from place to place."""


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
        """Whether the SD is wrong by more than its sampling error: then SNR and M-score have no interval.

        An interval counts the chance in the pixels, the place of the ROI and the reference group. It knows nothing of a
        background that was masked, filled, corrected or crossed by a ghost, so it would be far too short.
        :func:`~vbqkit.scores.propagation.case_uncertainty` leaves it out, with :attr:`doubts` as the reason.

        Examples
        --------
        >>> NoiseCheck(None, (Caution("noise-disagrees", "..."),)).doubtful
        True
        >>> NoiseCheck(None, (Caution("noise-few-pixels", "..."),)).doubtful
        False
        """
        return self.refusal is not None or bool(self.doubts)

    @property
    def doubts(self) -> tuple[Caution, ...]:
        """The cautions that make it doubtful."""
        return tuple(caution for caution in self.cautions if caution.code in DOUBTFUL_CODES)

    def joined(self, other: NoiseCheck) -> NoiseCheck:
        """Both checks as one: the first refusal, and all cautions."""
        return NoiseCheck(self.refusal or other.refusal, (*self.cautions, *other.cautions))
