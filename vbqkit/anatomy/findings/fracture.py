"""A compression fracture: the height it takes, and in an acute one oedema and a dark line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.findings.finding import Finding, FindingTissue, check_choice
from vbqkit.anatomy.skeleton import HeightLosses
from vbqkit.anatomy.texture import smoothstep
from vbqkit.roi.labels import SPINE_LEVELS

GENANT_HEIGHT_LOSS = {1: 0.22, 2: 0.33, 3: 0.50}
"""Height lost by a fracture of each Genant grade: the middle of 20-25 %, 25-40 %, and beyond 40 %.

Genant et al., J Bone Miner Res 1993;8:1137-1148, doi:10.1002/jbmr.5650080915.
"""

SHAPES = ("wedge", "biconcave", "crush")

LOSS_OF_SHAPE = {
    "wedge": HeightLosses(1.0, 0.62, 0.06, 0.0),
    "biconcave": HeightLosses(0.22, 0.62, 0.12, 0.38),
    "crush": HeightLosses(1.0, 1.02, 0.88, 0.0),
}
"""Where each shape loses height, in units of the largest loss; a biconcave body loses it from both endplates. Chosen by
eye so that the lowest place has the height that the grade means."""

# The painting. Lengths in mm, shares without unit; all chosen by eye.
_DEPTH_WAVE_MM = (1.2, 0.5)  # how far medium and small texture move the edges up and down
_OEDEMA_REACH = 0.72  # share of the height
_OEDEMA_REACH_WAVE_MM = 3.0
_OEDEMA_PDFF, _OEDEMA_PDFF_RISE = 0.10, 0.45  # fat fraction under the endplate, and what comes back further down ...
_OEDEMA_FADE = (0.45, 0.75)  # ... between these shares of the height
_OEDEMA_GRAIN = (0.03, 0.05)  # texture of fat and of proton density
_OEDEMA_PDFF_LIMITS, _GRAIN_PDFF_LIMITS, _DENSITY_LIMITS = (0.03, 0.6), (0.02, 0.7), (0.7, 1.2)
_LINE_DEPTH = 0.2  # share of the height below the endplate
_LINE_WAVE_MM = 0.8
_LINE_FROM_WALL_MM = 2.5
_ACUTE_LINE_MM, _OLD_LINE_MM = 0.75, 0.55  # half its thickness
_OLD_LINE_GAPS = -0.2  # an old line is interrupted where the medium texture is lower than this

_ONE = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Fracture(Finding):
    """A compression fracture.

    Parameters
    ----------
    level : str
        T11 to L5.
    shape : str
        ``"wedge"`` (front lower), ``"biconcave"`` (middle lower) or ``"crush"`` (whole body lower).
    grade : int
        Genant 1 (20-25 % of the height lost), 2 (25-40 %), 3 (more).
    acute : bool
        True: marrow oedema and a fracture line. False: old, marrow as in the rest of the spine.

    Examples
    --------
    >>> Fracture("L2", shape="wedge", grade=2).height_loss
    0.33
    """

    shape: Literal["wedge", "biconcave", "crush"] = "wedge"
    grade: Literal[1, 2, 3] = 2
    acute: bool = False
    kind: ClassVar[str] = "fracture"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:7]
    at_most_one: ClassVar[Literal["", "level", "spine"]] = "level"
    teaching_kind: ClassVar[str] = "fracture"
    of_the_fractured: ClassVar[bool] = True
    tissues: ClassVar[tuple[FindingTissue, ...]] = (
        FindingTissue(
            name="marrow_oedema",
            word="marrow oedema",
            fault="marrow",
            advice="Oedema and changed marrow: compare T1 with STIR.",
        ),
    )

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_choice(self.kind, "shape", self.shape, SHAPES)
        check_choice(self.kind, "grade", self.grade, (1, 2, 3))

    @property
    def height_loss(self) -> float:
        """Share of the height that is lost where the loss is largest, 0 to 1."""
        return GENANT_HEIGHT_LOSS[self.grade]

    @property
    def height_losses(self) -> HeightLosses:
        """Share of the height lost in front, in the middle and behind."""
        return HeightLosses(*(share * self.height_loss for share in LOSS_OF_SHAPE[self.shape]))

    @property
    def levels_without_roi(self) -> tuple[str, ...]:
        """Its own: the papers leave a fractured vertebra out."""
        return (self.level,)

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> Fracture:
        """A moderate fracture, acute or old, of any shape."""
        shape = str(rng.choice(list(SHAPES)))
        return cls(level, shape=shape, grade=2, acute=bool(rng.integers(2)))  # type: ignore[arg-type]

    def paint_in_body(self, section: BodySection) -> None:
        """Oedema under the upper endplate and a dark line through it (acute), or a dense, interrupted line (old)."""
        part, fields = section.part, section.part.fields
        medium, small = _DEPTH_WAVE_MM
        depth = section.depth("upper") + np.float32(medium) * fields["medium"] + np.float32(small) * fields["small"]
        height = section.vertebra.height_mm * (1.0 - 0.5 * self.height_loss)
        if self.acute:
            reach = _OEDEMA_REACH * height + _OEDEMA_REACH_WAVE_MM * fields["large"]
            swollen = section.marrow & (depth < reach)
            back = smoothstep(depth, _OEDEMA_FADE[0] * height, _OEDEMA_FADE[1] * height)
            fat = np.clip(np.float32(_OEDEMA_PDFF) + np.float32(_OEDEMA_PDFF_RISE) * back, *_OEDEMA_PDFF_LIMITS)
            part.paint(
                swollen,
                "marrow_oedema",
                np.clip(fat + np.float32(_OEDEMA_GRAIN[0]) * fields["small"], *_GRAIN_PDFF_LIMITS),
            )
            part.shade(swollen, np.clip(_ONE + np.float32(_OEDEMA_GRAIN[1]) * fields["fine"], *_DENSITY_LIMITS))
        line = np.abs(depth - np.float32(_LINE_DEPTH * height) - np.float32(_LINE_WAVE_MM) * fields["medium"])
        thickness = np.float32(_ACUTE_LINE_MM if self.acute else _OLD_LINE_MM)
        band = (section.side < np.float32(-_LINE_FROM_WALL_MM)) & (line < thickness)
        band &= part.is_any("marrow", "marrow_oedema") & (part.level == section.vertebra.code)
        broken = band if self.acute else band & (fields["medium"] > _OLD_LINE_GAPS)
        part.paint(broken, "endplate" if self.acute else "modic_3")
