"""Stenosis: a canal that is too narrow for its roots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vbqkit.anatomy.canal_shape import CanalShape, bump
from vbqkit.anatomy.findings.finding import Finding, check_size
from vbqkit.anatomy.skeleton import Spine

SAC_DEPTH_MM = (4.0, 9.0)
"""Depths of the sac that are offered; about 15 mm is usual."""

# The shape. Lengths in mm, shares without unit; all chosen by eye.
_PLACE, _REACH = 0.2, 0.85  # of the narrowest place, below the middle of the body, and of its ends, in vertebrae
_FROM_THE_FRONT, _FROM_BEHIND = 0.55, 0.45  # shares of the lost depth that disc and ligament take
_NARROWER = 0.3  # share of its half width that the sac loses
_FAT_LOST = 0.8  # share of the fat behind the sac that the thick ligament takes
_DURA_MM = 0.5  # as in the canal: between the sac and the fat behind it
_BULGE_MM = 1.8  # of the disc, on top of what its degeneration gives
_WORN_DISC = 3.8  # Pfirrmann grade of the disc, at least
_TAUGHT_MM = 5.0  # depth of the sac in practice cases


@dataclass(frozen=True, slots=True)
class CanalStenosis(Finding):
    """A narrow canal: bulging disc in front and thick ligament behind take the CSF around the roots away.

    Parameters
    ----------
    level : str
        Vertebra at and below which the canal is narrow, L1 to L5.
    sac_depth_mm : float
        Front-to-back depth of the dural sac at the narrowest place, 4 to 9 mm (about 15 mm is usual).
    """

    level: str = "L3"
    sac_depth_mm: float = 5.5
    kind: ClassVar[str] = "canal stenosis"
    allowed_levels: ClassVar[tuple[str, ...]] = ("L1", "L2", "L3", "L4", "L5")
    at_most_one: ClassVar[Literal["", "level", "spine"]] = "spine"
    teaching_kind: ClassVar[str] = "stenosis"
    least_pfirrmann: ClassVar[float] = _WORN_DISC

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_size("sac depth in a stenosis", self.sac_depth_mm, SAC_DEPTH_MM, "mm")

    @property
    def disc_bulge_mm(self) -> float:
        """The disc in front takes part of the room."""
        return _BULGE_MM

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> CanalStenosis:  # noqa: ARG003 - it has its own place
        """At L3, where CSF is usually measured."""
        return cls("L3", sac_depth_mm=_TAUGHT_MM)

    def shape_canal(self, shape: CanalShape, spine: Spine) -> CanalShape:
        """The sac is narrowed from the front and from behind, most at the lower endplate."""
        tight = bump(shape.position, spine.index(self.level) + _PLACE, _REACH)
        full, front, back = shape.sac_depth_mm, shape.front_mm, shape.back_mm
        depth = np.minimum(full, full * (1 - tight) + self.sac_depth_mm * tight)
        lost = full - depth
        front = front + _FROM_THE_FRONT * lost
        half_width = shape.sac_half_width_mm * (1.0 - _NARROWER * tight)
        back = back - _FROM_BEHIND * lost - (back - front - depth - _DURA_MM) * _FAT_LOST * tight
        return CanalShape(shape.position, front, depth, half_width, back)
