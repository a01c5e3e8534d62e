"""One vertebral body on one plane: what a finding needs to find its place in it."""

from __future__ import annotations

from dataclasses import dataclass

from vbqkit.anatomy.canvas import Canvas, Mask
from vbqkit.anatomy.skeleton import Vertebra
from vbqkit.anatomy.texture import Plane


@dataclass(frozen=True, eq=False, slots=True)
class BodySection:
    """One body on one plane. Lengths in mm.

    Attributes
    ----------
    part : Canvas
        The window around the body.
    vertebra : Vertebra
        The body.
    u, v, w : ndarray
        Points in its frame: to the left, to the back, up.
    up, low : ndarray
        Height of the endplates.
    side : ndarray
        Distance from the side wall, negative inside.
    """

    part: Canvas
    vertebra: Vertebra
    u: Plane
    v: Plane
    w: Plane
    up: Plane
    low: Plane
    side: Plane

    def depth(self, endplate: str) -> Plane:
        """Depth below the ``"upper"`` or ``"lower"`` endplate, mm."""
        below: Plane = self.up - self.w if endplate == "upper" else self.w - self.low
        return below

    @property
    def marrow(self) -> Mask:
        """Marrow of this body that no finding has taken."""
        healthy: Mask = self.part.is_any("marrow") & (self.part.level == self.vertebra.code)
        return healthy
