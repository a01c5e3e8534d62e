"""Scoliosis: a spine that is bent to the side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vbqkit.anatomy.findings.finding import Finding, check_size
from vbqkit.anatomy.skeleton import Array, Sideways

COBB_DEG = (10.0, 40.0)
"""Angles that are offered: below 10 degrees a curve is not called a scoliosis."""

_REACH_MM = 140.0  # from the apex to where the spine is straight again: chosen by eye
_TAUGHT_DEG = (14.0, 22.0)  # Cobb angle in practice cases
_TURN_PER_COBB = 0.35  # degrees by which the apex turns, per degree of Cobb angle: chosen by eye


@dataclass(frozen=True, slots=True)
class Scoliosis(Finding):
    """A sideways curve: no sagittal plane follows the whole canal.

    Parameters
    ----------
    level : str
        Apex, T12 to L4.
    cobb_deg : float
        Cobb angle, 10 to 40 degrees.
    to_left : bool
        Side of the convexity.
    """

    level: str = "L2"
    cobb_deg: float = 20.0
    to_left: bool = True
    kind: ClassVar[str] = "scoliosis"
    allowed_levels: ClassVar[tuple[str, ...]] = ("T12", "L1", "L2", "L3", "L4")
    at_most_one: ClassVar[Literal["", "level", "spine"]] = "spine"
    teaching_kind: ClassVar[str] = "scoliosis"
    off_midline: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_size("Cobb angle", self.cobb_deg, COBB_DEG, "degrees")

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> Scoliosis:  # noqa: ARG003 - it has its own place
        """A mild one about L2, to either side."""
        return cls("L2", cobb_deg=float(rng.uniform(*_TAUGHT_DEG)), to_left=bool(rng.integers(2)))

    def sideways(self, names: Sequence[str], z_mm: Array) -> Sideways:
        """A wave whose slope is half the Cobb angle on either side of the apex; the bodies turn with it."""
        z = z_mm - z_mm[list(names).index(self.level)]
        side = 1.0 if self.to_left else -1.0
        phase = np.pi * np.clip(z / _REACH_MM, -1.0, 1.0)
        slope = np.tan(np.radians(self.cobb_deg / 2.0))
        x = side * slope * _REACH_MM / np.pi * (1.0 + np.cos(phase))
        x = x - x[list(names).index("L5")]  # the sacrum stays in the middle of the table
        roll = np.degrees(np.arctan(-side * slope * np.sin(phase)))
        turn = -side * _TURN_PER_COBB * self.cobb_deg * (1.0 + np.cos(phase)) / 2.0
        return Sideways(x, roll, turn)
