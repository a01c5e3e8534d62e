"""Metal: pedicle screws and rods of an operated spine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.findings.finding import Finding, FindingTissue
from vbqkit.anatomy.posterior import arch_window, capsule, pillar_u_mm
from vbqkit.anatomy.skeleton import Spine
from vbqkit.roi.labels import SPINE_LEVELS

# The painting. Lengths in mm, all chosen by eye: an ordinary polyaxial pedicle screw of 6 mm and a rod of 5.6 mm. u:
# from the pillar outwards; v: behind the back wall of the body; w: above its middle, beside a share of its height.
_HEAD = {"u": 3.0, "v": 18.0, "w": 1.0}
_TIP = {"u": -4.0, "v_share": -0.45, "w_share": 0.10}  # in the body: v in half depths from its middle
_SADDLE = {"u": 3.6, "v": 26.0, "w": 1.6}
_ROD = {"u": 3.4, "v": 23.0, "w": 1.4}
_PEDICLE_W = 0.17  # height of the pedicle above the middle, share of the height of the body
_SCREW_RADIUS_MM, _HEAD_RADIUS_MM, _ROD_RADIUS_MM = 3.0, 5.0, 2.8
_AHEAD = 2.2  # how far the window reaches in front of the back wall, in half depths


@dataclass(frozen=True, slots=True)
class MetalHardware(Finding):
    """Pedicle screws and rods at a level and the next below.

    Modelled: the metal as a tissue of the truth, and that it gives no signal. Not modelled: the field that metal
    bends, so neither displacement (the field's offset over the bandwidth per pixel, in pixels), nor pile-up of signal,
    nor fat that escapes suppression. A real picture is spoilt further out than this one; both levels lose their
    reference ROI.

    Parameters
    ----------
    level : str
        The upper of the two vertebrae, L1 to L5.
    """

    level: str = "L4"
    kind: ClassVar[str] = "metal"
    allowed_levels: ClassVar[tuple[str, ...]] = ("L1", "L2", "L3", "L4", "L5")
    tissues: ClassVar[tuple[FindingTissue, ...]] = (
        FindingTissue(
            name="metal",
            word="metal",
            fault="metal",
            advice="Metal: no ROI near an implant.",
            in_marrow=False,
        ),
    )

    @property
    def levels_without_roi(self) -> tuple[str, ...]:
        """Both vertebrae that hold screws."""
        return (self.level, SPINE_LEVELS[SPINE_LEVELS.index(self.level) + 1])

    def paint_around(self, canvas: Canvas, grid: Grid, spine: Spine) -> None:
        """Pedicle screws in two vertebrae and the rods that join them."""
        i = spine.index(self.level)
        pair = (spine.vertebrae[i], spine.vertebrae[i + 1])
        for vertebra in pair:
            window = arch_window(grid, vertebra, ahead_mm=_AHEAD * vertebra.half_depth_mm)
            if window is None:
                continue
            part = canvas.part(window)
            u, v, w = vertebra.to_local(part.x_mm, part.y, part.z)
            uc, d, h = pillar_u_mm(vertebra), vertebra.half_depth_mm, vertebra.height_mm
            start = (uc + _HEAD["u"], d + _HEAD["v"], _PEDICLE_W * h + _HEAD["w"])
            tip = (uc + _TIP["u"], _TIP["v_share"] * d, _TIP["w_share"] * h)
            saddle = (uc + _SADDLE["u"], d + _SADDLE["v"], _PEDICLE_W * h + _SADDLE["w"])
            screw = capsule((np.abs(u), v, w), start, tip, _SCREW_RADIUS_MM)
            head = capsule((np.abs(u), v, w), start, saddle, _HEAD_RADIUS_MM)
            metal = np.minimum(screw, head) < 0
            part.paint(metal, "metal")
            part.level[metal] = 0
        window = arch_window(grid, pair[0])
        if window is None:
            return
        part = canvas.part(window)
        points = (np.full_like(part.y, canvas.x_mm), part.y, part.z)
        for side in (-1.0, 1.0):
            ends = [
                v.to_patient_mm(
                    side * (pillar_u_mm(v) + _ROD["u"]),
                    v.half_depth_mm + _ROD["v"],
                    _PEDICLE_W * v.height_mm + _ROD["w"],
                )
                for v in pair
            ]
            part.paint(capsule(points, tuple(ends[0]), tuple(ends[1]), _ROD_RADIUS_MM) < 0, "metal")
