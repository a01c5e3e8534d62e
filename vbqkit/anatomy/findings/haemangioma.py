"""A haemangioma: a round focus of fat and vessels in a body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.findings.finding import Finding, FindingTissue, check_size
from vbqkit.roi.labels import SPINE_LEVELS

RADIUS_MM = (3.0, 12.0)
"""Smallest and largest radius that is offered."""

# The painting. Lengths in mm, shares without unit; all chosen by eye.
_LARGEST_SHARE = 0.42  # of the height of the body: it stays between the endplates
_CENTER_V, _CENTER_W = 0.36, -0.06  # towards the back in half depths, upwards in heights
_FLATTENING = 1.06  # it is this much lower than wide
_EDGE_WAVE_MM = (0.9, 0.4)  # by medium and small texture
_PDFF, _PDFF_TEXTURE, _PDFF_LIMITS = 0.66, (0.08, 0.05), (0.3, 0.9)
_STRIPE_STEP_MM = 3.3  # between the thick vertical trabeculae
_STRIPE_WAVE_MM = 0.5
_STRIPE_HALF_WIDTH = 0.12  # of the step
_STRIPE_DENSITY = 0.72  # protons that thick trabeculae leave
_GRAIN = 0.04
_TAUGHT_MM = (6.0, 9.0)  # radius in practice cases

_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Haemangioma(Finding):
    """A haemangioma: a round focus of fat and vessels, bright on T1 and T2.

    Parameters
    ----------
    level : str
        T11 to L5.
    radius_mm : float
        3 to 12 mm.
    """

    radius_mm: float = 8.0
    kind: ClassVar[str] = "haemangioma"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:7]
    at_most_one: ClassVar[Literal["", "level", "spine"]] = "level"
    teaching_kind: ClassVar[str] = "haemangioma"
    tissues: ClassVar[tuple[FindingTissue, ...]] = (
        FindingTissue(
            name="haemangioma",
            word="haemangioma",
            fault="haemangioma",
            why="A haemangioma holds its own fat and vessels; it says nothing about the rest of the bone.",
            advice="Haemangioma: a round bright focus says nothing about bone quality.",
        ),
    )

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_size("haemangioma radius", self.radius_mm, RADIUS_MM, "mm")

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> Haemangioma:
        """One of 6 to 9 mm radius."""
        return cls(level, radius_mm=float(rng.uniform(*_TAUGHT_MM)))

    def paint_in_body(self, section: BodySection) -> None:
        """A round focus of fat with vertical stripes: the few thick trabeculae that remain."""
        part, fields, vertebra = section.part, section.part.fields, section.vertebra
        r = min(self.radius_mm, _LARGEST_SHARE * vertebra.height_mm)
        center_v, center_w = _CENTER_V * vertebra.half_depth_mm, _CENTER_W * vertebra.height_mm
        distance = np.sqrt(
            section.u**2
            + (section.v - np.float32(center_v)) ** 2
            + ((section.w - np.float32(center_w)) * np.float32(_FLATTENING)) ** 2
        )
        medium, small = _EDGE_WAVE_MM
        distance = distance + np.float32(medium) * fields["medium"] + np.float32(small) * fields["small"]
        inside = section.marrow & (distance < np.float32(r))
        medium, small = _PDFF_TEXTURE
        fat = np.float32(_PDFF) + np.float32(medium) * fields["medium"] + np.float32(small) * fields["small"]
        part.paint(inside, "haemangioma", np.clip(fat, *_PDFF_LIMITS))
        wave = (section.v + np.float32(_STRIPE_WAVE_MM) * fields["medium"]) * np.float32(1.0 / _STRIPE_STEP_MM)
        stripes = np.abs(wave - np.rint(wave)) < np.float32(_STRIPE_HALF_WIDTH)
        between = _ONE + np.float32(_GRAIN) * fields["small"]
        part.shade(inside, np.where(stripes, np.float32(_STRIPE_DENSITY), between))
