"""Sclerosis: dense bone under an endplate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.findings.finding import ENDPLATES, Endplate, Finding, check_choice, check_size
from vbqkit.roi.labels import SPINE_LEVELS

DEPTH_MM = (2.0, 8.0)
"""Least and greatest depth that is offered."""

# The painting. Lengths in mm, shares without unit; all chosen by eye.
_RIM = 0.3  # share of the depth that is missing at the front and back ends of the endplate
_EDGE_WAVE_MM = 0.7
_DENSITY, _DENSITY_TEXTURE, _DENSITY_LIMITS = 1.1, 0.25, (0.5, 1.8)  # protons, relative to the table's sclerotic bone
_WORN_DISC = 3.8  # Pfirrmann grade of the disc below, at least

_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class EndplateSclerosis(Finding):
    """Dense bone under one endplate, dark on every weighting. In the truth it is the tissue of Modic type 3.

    Parameters
    ----------
    level : str
        T11 to S1.
    endplate : str
        ``"upper"`` or ``"lower"`` endplate of that vertebra.
    depth_mm : float
        2 to 8 mm.
    """

    endplate: Endplate = "lower"
    depth_mm: float = 4.0
    kind: ClassVar[str] = "endplate sclerosis"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:8]
    least_pfirrmann: ClassVar[float] = _WORN_DISC

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_choice(self.kind, "endplate", self.endplate, ENDPLATES)
        check_size("sclerosis depth", self.depth_mm, DEPTH_MM, "mm")

    def paint_in_body(self, section: BodySection) -> None:
        """A band of dense bone, thinner towards the rims."""
        part, fields = section.part, section.part.fields
        reach = np.float32(self.depth_mm) * (
            _ONE - np.float32(_RIM) * (section.v / np.float32(section.vertebra.half_depth_mm)) ** 2
        )
        edge = reach + np.float32(_EDGE_WAVE_MM) * fields["medium"]
        inside = section.marrow & (section.depth(self.endplate) < edge)
        part.paint(inside, "modic_3")
        grain = np.float32(_DENSITY) + np.float32(_DENSITY_TEXTURE) * fields["small"]
        part.shade(inside, np.clip(grain, *_DENSITY_LIMITS))
