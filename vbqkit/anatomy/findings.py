"""Findings that can be switched on in a virtual patient, each of which says its own truth.

Every finding is a small frozen value: where it is, how much of it there is, and the grade that a reader should give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SPINE_LEVELS

Endplate = Literal["upper", "lower"]

GENANT_HEIGHT_LOSS = {1: 0.22, 2: 0.33, 3: 0.50}
"""Height lost by a fracture of each Genant grade: the middle of 20-25 %, 25-40 %, and beyond 40 %.

Genant et al., J Bone Miner Res 1993;8:1137-1148, doi:10.1002/jbmr.5650080915.
"""


def _choose(kind: str, name: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise ScannerError(f"A {kind} cannot have {name} {value!r}; choose one of {choices}.")


@dataclass(frozen=True, slots=True)
class Finding:
    """Base of the findings: something a reader should see, at one level.

    Parameters
    ----------
    level : str
        Vertebra it belongs to, ``"T11"`` to ``"S2"``; empty for a finding of the whole spine.

    Raises
    ------
    ScannerError
        If there is no such level, or a grade or form that does not exist.
    """

    level: str
    kind: ClassVar[str] = "finding"
    excludes_roi: ClassVar[bool] = False
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS

    def __post_init__(self) -> None:
        if self.level not in self.allowed_levels:
            raise ScannerError(
                f"A {self.kind} at level {self.level!r} is not possible: this spine has it at "
                f"{', '.join(repr(v) for v in self.allowed_levels)}. Choose one of these."
            )

    def as_row(self) -> dict[str, Any]:
        """One flat table row: ``kind`` and every parameter of the finding."""
        return {"kind": self.kind} | {f.name: getattr(self, f.name) for f in fields(self)}


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
    excludes_roi: ClassVar[bool] = True
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:7]

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        _choose(self.kind, "shape", self.shape, ("wedge", "biconcave", "crush"))
        _choose(self.kind, "grade", self.grade, (1, 2, 3))

    @property
    def height_loss(self) -> float:
        """Share of the height that is lost where the loss is largest, 0 to 1."""
        return GENANT_HEIGHT_LOSS[self.grade]


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

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        if not 3.0 <= self.radius_mm <= 12.0:
            raise ScannerError(
                f"A haemangioma of radius {self.radius_mm} mm does not fit a lumbar body; give 3 to 12 mm."
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
    Modic et al., Radiology 1988;166:193-199, doi:10.1148/radiology.166.1.3336678.
    """

    endplate: Endplate = "lower"
    type: Literal[1, 2, 3] = 1
    grade: Literal["A", "B", "C"] = "B"
    kind: ClassVar[str] = "modic"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[1:8]

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        _choose(self.kind, "endplate", self.endplate, ("upper", "lower"))
        _choose(self.kind, "type", self.type, (1, 2, 3))
        _choose(self.kind, "grade", self.grade, ("A", "B", "C"))

    @property
    def height_share(self) -> float:
        """Share of the vertebral height that the change reaches, 0 to 1."""
        return {"A": 0.18, "B": 0.36, "C": 0.60}[self.grade]


@dataclass(frozen=True, slots=True)
class SchmorlNode(Finding):
    """Disc material pushed through an endplate: a rounded pit of 2 to 7 mm depth with a dark rim."""

    endplate: Endplate = "upper"
    depth_mm: float = 5.0
    kind: ClassVar[str] = "Schmorl node"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:8]

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        _choose(self.kind, "endplate", self.endplate, ("upper", "lower"))
        if not 2.0 <= self.depth_mm <= 7.0:
            raise ScannerError(f"A Schmorl node of depth {self.depth_mm} mm is not offered; give 2 to 7 mm.")


@dataclass(frozen=True, slots=True)
class EndplateSclerosis(Finding):
    """Dense bone under one endplate, 2 to 8 mm deep, dark on every weighting."""

    endplate: Endplate = "lower"
    depth_mm: float = 4.0
    kind: ClassVar[str] = "endplate sclerosis"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS[:8]

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        _choose(self.kind, "endplate", self.endplate, ("upper", "lower"))
        if not 2.0 <= self.depth_mm <= 8.0:
            raise ScannerError(f"Endplate sclerosis of depth {self.depth_mm} mm is not offered; give 2 to 8 mm.")


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

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        if not 2.0 <= self.length_mm <= 10.0:
            raise ScannerError(f"Osteophytes of length {self.length_mm} mm are not offered; give 2 to 10 mm.")


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

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        if not 4.0 <= self.sac_depth_mm <= 9.0:
            raise ScannerError(f"A sac depth of {self.sac_depth_mm} mm is not a stenosis that is offered; give 4 to 9.")


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

    def __post_init__(self) -> None:
        Finding.__post_init__(self)
        if not 10.0 <= self.cobb_deg <= 40.0:
            raise ScannerError(f"A Cobb angle of {self.cobb_deg} degrees is not offered; give 10 to 40 degrees.")


@dataclass(frozen=True, slots=True)
class TransitionalVertebra(Finding):
    """A lumbosacral transitional vertebra.

    Parameters
    ----------
    level : str
        ``"L5"``: sacralised, broad transverse processes and a rudimentary disc below it. ``"S1"``: lumbarised, a squared
        body and a full disc below it, so that a reader who counts from below calls it L6.
    """

    level: str = "L5"
    kind: ClassVar[str] = "transitional vertebra"
    allowed_levels: ClassVar[tuple[str, ...]] = ("L5", "S1")


@dataclass(frozen=True, slots=True)
class MetalHardware(Finding):
    """Pedicle screws and rods at a level and the next below.

    Modelled: the metal as a tissue of the truth, and that it gives no signal. Not modelled: the field that metal bends, so
    neither displacement (the field's offset over the bandwidth per pixel, in pixels), nor pile-up of signal, nor fat that
    escapes suppression. A real picture is spoilt further out than this one; both levels lose their reference ROI.
    """

    level: str = "L4"
    kind: ClassVar[str] = "metal"
    excludes_roi: ClassVar[bool] = True
    allowed_levels: ClassVar[tuple[str, ...]] = ("L1", "L2", "L3", "L4", "L5")


def check_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings as a tuple, if they can live in one patient.

    Raises
    ------
    ScannerError
        If something is no finding, or one level has two fractures, or the spine two scolioses.

    Examples
    --------
    >>> len(check_findings([Fracture("L2"), Haemangioma("L4")]))
    2
    """
    seen: set[tuple[str, str]] = set()
    for finding in findings:
        if not isinstance(finding, Finding):
            raise ScannerError(
                f"{finding!r} is not a finding; give values such as Fracture('L2') from vbqkit.anatomy.findings."
            )
        unique = (finding.kind, finding.level if isinstance(finding, Fracture | Haemangioma) else "")
        if isinstance(finding, Fracture | Haemangioma | Scoliosis | TransitionalVertebra | CanalStenosis):
            if unique in seen:
                raise ScannerError(f"Two findings of kind '{finding.kind}' cannot share one place; leave one out.")
            seen.add(unique)
    return tuple(findings)
