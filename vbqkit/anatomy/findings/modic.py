"""Modic change: marrow beside a worn disc that turns to oedema, fat or sclerosis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.findings.finding import ENDPLATES, Endplate, Finding, FindingTissue, check_choice
from vbqkit.anatomy.texture import smoothstep
from vbqkit.roi.labels import SPINE_LEVELS

TISSUE_OF_TYPE = {1: "marrow_red", 2: "modic_2", 3: "modic_3"}
"""Tissue of the table that each type turns marrow into."""

PDFF_OF_TYPE = {1: 0.16, 2: 0.80, 3: 0.20}
"""Fat fraction in the middle of the change: a model assumption, about that of its tissue in the table."""

HEIGHT_SHARE_OF_GRADE = {"A": 0.18, "B": 0.36, "C": 0.60}
"""Share of the vertebral height that the change reaches: within below 25 %, 25-50 %, above 50 %."""

# The painting. Lengths in mm, shares without unit; all chosen by eye.
_RIM = (0.22, 0.12)  # share of the reach that is missing at both ends of the endplate, and more of it behind
_EDGE_WAVE_MM = (0.9, 0.8)  # by medium and large texture
_WIDEST, _LARGE_LIMIT = 1.2, 1.5  # beyond it across, in half depths, the rim stays; limit of the large texture, in SDs
_FADE_MM = 2.5  # from the marrow around it to its own fat fraction
_PDFF_TEXTURE, _PDFF_LIMITS, _GRAIN, _DENSITY_LIMITS = 0.03, (0.02, 0.95), 0.05, (0.7, 1.2)
_WORN_DISC = 4.3  # Pfirrmann grade of the disc beside it, at least

_ONE = np.float32(1.0)


def _changed_marrow(name: str) -> FindingTissue:
    return FindingTissue(
        name=name,
        word="Modic change",
        fault="modic",
        why="Marrow beside a worn disc changes to oedema, fat or sclerosis; it says nothing about the rest of the bone.",
        advice="Modic change: stay away from changed marrow beside a disc.",
    )


@dataclass(frozen=True, slots=True)
class Modic(Finding):
    """Modic change under one endplate.

    Parameters
    ----------
    level : str
        Vertebra, T12 to S1.
    endplate : str
        ``"upper"`` or ``"lower"`` endplate of that vertebra.
    type : int
        1 oedema (dark on T1, bright on T2 and STIR), 2 fat (bright on T1), 3 sclerosis (dark on all).
    grade : str
        Share of the vertebral height: ``"A"`` below 25 %, ``"B"`` 25-50 %, ``"C"`` above 50 %.

    References
    ----------
    Modic et al., Radiology 1988;166:193-199, doi:10.1148/radiology.166.1.3336678 (types 1 and 2); Modic et al.,
    Radiology 1988;168:177-186 (type 3).
    """

    endplate: Endplate = "lower"
    type: Literal[1, 2, 3] = 1
    grade: Literal["A", "B", "C"] = "B"
    kind: ClassVar[str] = "modic"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[1:8]
    teaching_kind: ClassVar[str] = "modic"
    least_pfirrmann: ClassVar[float] = _WORN_DISC
    tissues: ClassVar[tuple[FindingTissue, ...]] = tuple(map(_changed_marrow, TISSUE_OF_TYPE.values()))

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        check_choice(self.kind, "endplate", self.endplate, ENDPLATES)
        check_choice(self.kind, "type", self.type, (1, 2, 3))
        check_choice(self.kind, "grade", self.grade, ("A", "B", "C"))

    @property
    def height_share(self) -> float:
        """Share of the vertebral height that the change reaches, 0 to 1."""
        return HEIGHT_SHARE_OF_GRADE[self.grade]

    @property
    def disc_above(self) -> bool:
        """The worn disc lies at the endplate that is changed."""
        return self.endplate == "upper"

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> Modic:
        """Any type under the lower endplate, up to half the height."""
        return cls(level, endplate="lower", type=int(rng.integers(1, 4)), grade="B")  # type: ignore[arg-type]

    def paint_in_body(self, section: BodySection) -> None:
        """A band under the endplate, thinner towards its ends, that fades into the marrow."""
        part, fields, vertebra = section.part, section.part.fields, section.vertebra
        depth = section.depth(self.endplate)
        across = np.clip(section.v / np.float32(vertebra.half_depth_mm), -_WIDEST, _WIDEST)
        reach = np.float32(self.height_share * vertebra.height_mm)
        front = reach * (_ONE - np.float32(_RIM[0]) * across * across - np.float32(_RIM[1]) * across)
        medium, large = _EDGE_WAVE_MM
        swell = np.clip(fields["large"], -_LARGE_LIMIT, _LARGE_LIMIT)
        front = front + np.float32(medium) * fields["medium"] + np.float32(large) * swell
        inside = section.marrow & (depth < front)
        edge = smoothstep(front - depth, 0.0, _FADE_MM)
        own = np.float32(PDFF_OF_TYPE[self.type])
        fat = part.pdff * (_ONE - edge) + own * edge + np.float32(_PDFF_TEXTURE) * fields["small"]
        part.paint(inside, TISSUE_OF_TYPE[self.type], np.clip(fat, *_PDFF_LIMITS))
        part.shade(inside, np.clip(_ONE + np.float32(_GRAIN) * fields["fine"], *_DENSITY_LIMITS))
