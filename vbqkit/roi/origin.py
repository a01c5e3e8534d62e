"""Where a ROI comes from: placed by the reader, or proposed automatically and then accepted or corrected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vbqkit.errors import Caution
from vbqkit.roi.coordinates import coordinates_of, shape_name
from vbqkit.roi.shape import Roi

Origin = Literal["placed", "proposed", "accepted", "corrected"]
"""``"placed"``: by the reader. ``"proposed"``: automatically, and no reader has accepted it: it is not measured.
``"accepted"``: proposed, and accepted unchanged. ``"corrected"``: proposed, then moved, resized or renamed."""

ACCEPTED_CODE, WAITING_CODE = "proposed-rois", "rois-not-accepted"
"""Codes of the cautions that say which ROIs were proposed automatically, and which of them nobody has accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlace:
    """What was proposed for a ROI, kept beside it whatever becomes of it.

    Attributes
    ----------
    roi : Roi
        Shape, place and label as proposed.
    confidence : float
        0 to 1, by the proposer's own rule.
    doubt : str
        Why the reader should look twice; empty where nothing speaks against it.
    """

    roi: Roi
    confidence: float
    doubt: str = ""


def same_place(one: Roi, other: Roi) -> bool:
    """Whether two ROIs have the same shape at the same place, whatever they are called."""
    return shape_name(one) == shape_name(other) and coordinates_of(one) == coordinates_of(other)


def origin_of(roi: Roi, place: ProposedPlace | None) -> Origin:
    """Where a ROI that counts comes from, by what was proposed for it.

    Parameters
    ----------
    roi : Roi
        As it lies now.
    place : ProposedPlace or None
        What was proposed; None: nothing was.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> place = ProposedPlace(roi=box, confidence=0.9)
    >>> origin_of(box, None), origin_of(box, place), origin_of(box.moved((0, 1, 0)), place)
    ('placed', 'accepted', 'corrected')
    """
    if place is None:
        return "placed"
    return "accepted" if roi.label == place.roi.label and same_place(roi, place.roi) else "corrected"


def correction_mm(roi: Roi, place: ProposedPlace) -> float:
    """How far the center of a ROI lies from where it was proposed, mm."""
    return float(np.linalg.norm(np.subtract(roi.center_mm, place.roi.center_mm)))


def origin_words(roi: Roi, place: ProposedPlace | None) -> str:
    """Where a ROI comes from, for a table: the origin, and what was corrected.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> place = ProposedPlace(roi=box, confidence=0.9)
    >>> origin_words(box.moved((0, 1.26, 0)), place), origin_words(box.scaled(1.1).with_label("L2"), place)
    ('corrected: moved 1.3 mm', 'corrected: resized or turned, renamed from L1')
    """
    origin = origin_of(roi, place)
    if place is None or origin != "corrected":
        return origin
    moved = correction_mm(roi, place)
    done = [f"moved {moved:.1f} mm"] if moved >= 0.05 else []
    if not done and not same_place(roi, place.roi):
        done.append("resized or turned")
    if roi.label != place.roi.label:
        done.append(f"renamed from {place.roi.label}")
    return f"corrected: {', '.join(done)}"


def origin_sentence(rois: Iterable[tuple[Roi, ProposedPlace | None]]) -> str:
    """Which ROIs were proposed automatically, in a sentence for a report; empty where none was."""
    known = [(roi, place, origin_of(roi, place)) for roi, place in rois]
    accepted = [roi.label or "?" for roi, _, origin in known if origin == "accepted"]
    corrected = [
        f"{roi.label or '?'} ({origin_words(roi, place).removeprefix('corrected: ')})"
        for roi, place, origin in known
        if origin == "corrected"
    ]
    said = [f"ROIs proposed automatically and accepted unchanged: {', '.join(accepted)}."] if accepted else []
    said += [f"ROIs proposed automatically and corrected: {', '.join(corrected)}."] if corrected else []
    return " ".join(said)


def origin_cautions(rois: Iterable[tuple[Roi, ProposedPlace | None]]) -> tuple[Caution, ...]:
    """The same as a caution, which goes with every score from these ROIs."""
    sentence = origin_sentence(rois)
    return (Caution(ACCEPTED_CODE, sentence),) if sentence else ()
