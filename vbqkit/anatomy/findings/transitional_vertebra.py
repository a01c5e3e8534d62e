"""A transitional vertebra: one that is half lumbar and half sacral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.skeleton import SpineDraft

# The shape. Lengths in mm for a person of usual size; all chosen by eye.
_RUDIMENTARY_DISC_MM, _RUDIMENTARY_GRADE = 4.0, 2.5  # below a sacralised L5: low, and kept from wear
_FULL_DISC_MM = 8.5  # below a lumbarised S1
_SQUARED_HALF_WIDTH_MM, _SQUARED_TAPER, _SQUARED_HEIGHT = 27.0, 0.06, 0.95


@dataclass(frozen=True, slots=True)
class TransitionalVertebra(Finding):
    """A lumbosacral transitional vertebra.

    Parameters
    ----------
    level : str
        ``"L5"``: sacralised, broad transverse processes and a rudimentary disc below it. ``"S1"``: lumbarised, a
        squared body and a full disc below it, so that a reader who counts from below calls it L6.
    """

    level: str = "L5"
    kind: ClassVar[str] = "transitional vertebra"
    allowed_levels: ClassVar[tuple[str, ...]] = ("L5", "S1")
    at_most_one: ClassVar[Literal["", "level", "spine"]] = "spine"

    def shape_spine(self, draft: SpineDraft) -> None:
        """Sacralised: low disc, broad processes. Lumbarised: squared, turned to the lumbar curve, full disc."""
        i = draft.names.index(self.level)
        if self.level == "L5":
            draft.disc_heights_mm[i] = _RUDIMENTARY_DISC_MM * draft.size
            draft.disc_grades[i] = _RUDIMENTARY_GRADE
            draft.sacralised.add(self.level)
            return
        draft.disc_heights_mm[i] = _FULL_DISC_MM * draft.size
        draft.pitch_deg[i] = (draft.pitch_deg[i - 1] + draft.pitch_deg[i]) / 2.0
        draft.heights_mm[i] *= _SQUARED_HEIGHT
        draft.half_widths_mm[i] = _SQUARED_HALF_WIDTH_MM * draft.size
        draft.tapers[i] = _SQUARED_TAPER
