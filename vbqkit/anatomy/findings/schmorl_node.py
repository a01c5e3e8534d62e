"""A Schmorl node: disc material pushed through an endplate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.findings.finding import ENDPLATES, Endplate, Finding, check_choice, check_size
from vbqkit.roi.labels import SPINE_LEVELS

DEPTH_MM = (2.0, 7.0)
"""Least and greatest depth that is offered."""

# The painting. Lengths in mm, shares without unit; all chosen by eye.
_RADIUS_OF_DEPTH, _RADIUS_MM = 0.75, 1.6  # radius at the endplate: a share of the depth, and a length
_WIDER = 1.3  # it is this much wider from side to side than from front to back
_CENTER_V = 0.12  # towards the back, in half depths
_FLOOR_WAVE_MM = 0.5
_RIM_MM = 1.1  # thickness of the dark rim below it ...
_RIM_AROUND_MM = 1.0  # ... and around it
_ABOVE_MM = (1.5, 0.5)  # how far node and rim reach into the disc
_RIM_ENDS_MM = 1.0  # how far above the endplate the parabola may lie where there still is a rim
_TAUGHT_MM = (4.0, 6.5)  # depth in practice cases

_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class SchmorlNode(Finding):
    """Disc material pushed through an endplate: a rounded pit with a dark rim.

    Parameters
    ----------
    level : str
        T11 to S1.
    endplate : str
        ``"upper"`` or ``"lower"`` endplate of that vertebra.
    depth_mm : float
        2 to 7 mm.
    """

    endplate: Endplate = "upper"
    depth_mm: float = 5.0
    kind: ClassVar[str] = "Schmorl node"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:8]
    teaching_kind: ClassVar[str] = "schmorl"

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_choice(self.kind, "endplate", self.endplate, ENDPLATES)
        check_size("Schmorl node depth", self.depth_mm, DEPTH_MM, "mm")

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> SchmorlNode:
        """A deep one in the upper endplate."""
        return cls(level, endplate="upper", depth_mm=float(rng.uniform(*_TAUGHT_MM)))

    def paint_in_body(self, section: BodySection) -> None:
        """A paraboloid of disc with a rim of dense bone; it no longer belongs to the body."""
        part, fields, vertebra = section.part, section.part.fields, section.vertebra
        depth = section.depth(self.endplate)
        radius = _RADIUS_OF_DEPTH * self.depth_mm + _RADIUS_MM
        center_v = np.float32(_CENTER_V * vertebra.half_depth_mm)
        off = np.sqrt((section.u / np.float32(_WIDER)) ** 2 + (section.v - center_v) ** 2)
        pit = np.float32(self.depth_mm) * (_ONE - (off / np.float32(radius)) ** 2)
        pit = pit + np.float32(_FLOOR_WAVE_MM) * fields["small"] * (off < np.float32(radius))
        body = part.level == vertebra.code
        node = body & (depth < pit) & (off < np.float32(radius)) & (depth > -_ABOVE_MM[0])
        around = off < np.float32(radius + _RIM_AROUND_MM)
        rim = body & ~node & (depth < pit + np.float32(_RIM_MM)) & around & (depth > -_ABOVE_MM[1])
        part.paint(rim & (pit > -_RIM_ENDS_MM), "endplate")
        part.paint(node, "disc_degenerate")
        part.level[node] = 0
