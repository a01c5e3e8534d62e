"""Osteophytes: bony spurs at the rims beside a disc."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.findings.finding import Finding, FindingTissue, check_size
from vbqkit.anatomy.posterior import capsule
from vbqkit.anatomy.skeleton import Spine, Vertebra, body_window
from vbqkit.anatomy.texture import Plane, smooth_min
from vbqkit.roi.labels import SPINE_LEVELS

LENGTH_MM = (2.0, 10.0)
"""Least and greatest length beyond the rim that is offered."""

# The painting. Lengths in mm, shares without unit; all chosen by eye. v: from the middle of the body backwards; w:
# towards the rim and beyond; each spur is a rod with round ends.
_RIM_CURVE = 0.5  # how far the front rim falls back at the side walls, in half depths
_FRONT_ROOT = {"v": 2.5, "w": 3.0}  # behind the front wall and short of the rim
_FRONT_BEND = {"of_length": 0.55, "w": 0.3, "radius": 2.4}
_FRONT_TIP_START = {"of_length": 0.45, "w": 0.6}
_FRONT_TIP = {"v": 1.0, "w": 1.6, "radius": 1.3}  # short of the full length; beyond the rim
_FRONT_BLEND_MM = 2.0
_BACK_ROOT = {"v": 2.0, "w": 2.2}
_BACK_TIP = {"of_length": 0.28, "w": 0.2, "radius": 1.5}
_EDGE_WAVE_MM = 0.3
_WIDTH_SHARE = 0.8  # of the half width: further out the rim is free
_WINDOW_MM, _OUTSIDE_MM = 4.0, 9.0  # how far to look beyond the length; a distance outside of every spur
_CORTEX_MM, _CORTEX_OF_RIM_MM = 0.7, 0.9  # around the marrow of a spur, and where it grows out of the old rim
_WORN_DISC = 3.8  # Pfirrmann grade of the disc between, at least


@dataclass(frozen=True, slots=True)
class Osteophytes(Finding):
    """Bony spurs at the rims of one disc: the lower rim of this vertebra and the upper rim of the next.

    Parameters
    ----------
    level : str
        Vertebra above the disc, T11 to L5.
    length_mm : float
        2 to 10 mm beyond the rim.
    """

    length_mm: float = 5.0
    kind: ClassVar[str] = "osteophytes"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:7]
    least_pfirrmann: ClassVar[float] = _WORN_DISC
    tissues: ClassVar[tuple[FindingTissue, ...]] = (
        FindingTissue(
            name="osteophyte",
            word="osteophyte",
            fault="osteophyte",
            advice="Osteophytes: bone spurs at the edge of a worn vertebra are not its marrow.",
            in_marrow=False,
        ),
    )

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_size("spur length", self.length_mm, LENGTH_MM, "mm")

    def paint_around(self, canvas: Canvas, grid: Grid, spine: Spine) -> None:
        """Spurs that grow from both rims beside a disc and bend towards each other."""
        i = spine.index(self.level)
        for vertebra, sign in ((spine.vertebrae[i], -1.0), (spine.vertebrae[i + 1], 1.0)):
            window = body_window(grid, vertebra, extra_mm=self.length_mm + _WINDOW_MM)
            if window is None:
                continue
            part = canvas.part(window)
            u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
            spur = self._distance(vertebra, u, v, w, sign) + np.float32(_EDGE_WAVE_MM) * part.fields["medium"]
            spur = np.where(
                np.abs(u) < np.float32(_WIDTH_SHARE * vertebra.half_width_mm), spur, np.float32(_OUTSIDE_MM)
            )
            free = (part.level == 0) & ~part.is_any("csf", "nerve_root", "spinal_cord")
            part.paint(free & (spur < 0), "cortical_bone")
            on_rim = (part.level != 0) & (spur < -_CORTEX_OF_RIM_MM) & part.is_any("cortical_bone")
            part.paint(on_rim, "osteophyte")
            part.paint(free & (spur < -_CORTEX_MM), "osteophyte")

    def _distance(self, vertebra: Vertebra, u: Plane, v: Plane, w: Plane, sign: float) -> Plane:
        """Signed distance from the spurs of the upper (sign 1) or lower (-1) rim, mm."""
        d, h, length = vertebra.half_depth_mm, vertebra.height_mm, self.length_mm
        vv = v - np.float32(_RIM_CURVE * d) * (u / np.float32(vertebra.half_width_mm)) ** 2
        front = smooth_min(
            capsule(
                (vv, w),
                (-d + _FRONT_ROOT["v"], sign * (h / 2 - _FRONT_ROOT["w"])),
                (-d - _FRONT_BEND["of_length"] * length, sign * (h / 2 - _FRONT_BEND["w"])),
                _FRONT_BEND["radius"],
            ),
            capsule(
                (vv, w),
                (-d - _FRONT_TIP_START["of_length"] * length, sign * (h / 2 - _FRONT_TIP_START["w"])),
                (-d - length + _FRONT_TIP["v"], sign * (h / 2 + _FRONT_TIP["w"])),
                _FRONT_TIP["radius"],
            ),
            _FRONT_BLEND_MM,
        )
        back = capsule(
            (v, w),
            (d - _BACK_ROOT["v"], sign * (h / 2 - _BACK_ROOT["w"])),
            (d + _BACK_TIP["of_length"] * length, sign * (h / 2 + _BACK_TIP["w"])),
            _BACK_TIP["radius"],
        )
        nearest: Plane = np.minimum(front, back)
        return nearest
