"""What every finding is: a small frozen value that knows its truth, paints its own change and has words for readers."""

# ruff: noqa: ARG002, ARG003 - the hooks of the base change nothing, whatever they are given

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np

from vbqkit.anatomy.body_section import BodySection
from vbqkit.anatomy.canal_shape import CanalShape
from vbqkit.anatomy.canvas import Canvas, Grid
from vbqkit.anatomy.skeleton import NO_LOSS, Array, HeightLosses, Sideways, Spine, SpineDraft
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SPINE_LEVELS

Endplate = Literal["upper", "lower"]
"""Which endplate of a vertebral body."""

ENDPLATES = ("upper", "lower")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingTissue:
    """A tissue of the table that one finding brings, in the words of a reader.

    Attributes
    ----------
    name : str
        Name in the tissue table.
    word : str
        What a reader calls it, such as ``"Modic change"``; several tissues may share a word.
    fault : str
        Short stable name of the fault "this ROI holds some of it".
    why : str
        Why it must not be in a ROI, as one sentence; empty: the word says enough.
    advice : str
        What to practise after this fault.
    lesson : str
        Number of the lesson that teaches it.
    in_marrow : bool
        Whether it takes the place of marrow: then it has the color of lesions in a picture of the truth.
    """

    name: str
    word: str
    fault: str
    why: str = ""
    advice: str
    lesson: str = "80"
    in_marrow: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """Base of the findings: something a reader should see, at one level.

    What a finding does to the body it says by overriding the methods below; each changes nothing unless it is
    overridden.

    Parameters
    ----------
    level : str
        Vertebra it belongs to, ``"T11"`` to ``"S2"``.

    Attributes
    ----------
    kind : str
        What it is called.
    allowed_levels : tuple of str
        Where it can be.
    at_most_one : {"", "level", "spine"}
        Whether a level, or the whole spine, can have only one of this kind.
    tissues : tuple of FindingTissue
        Tissues that this finding brings into the truth, with their words for readers.
    teaching_kind : str
        Name of the practice cases that show it; empty: there are none.
    of_the_fractured : bool
        Whether its practice cases are people who have an osteoporotic fracture.
    off_midline : bool
        Whether it takes the spine out of the middle plane: its practice cases are then scanned on more slices.
    least_pfirrmann : float
        The disc that goes with it is at least as degenerate as this, 1 to 5.

    Raises
    ------
    ScannerError
        If there is no such level, or a grade or form that does not exist.
    """

    level: str
    kind: ClassVar[str] = "finding"
    allowed_levels: ClassVar[tuple[str, ...]] = SPINE_LEVELS
    at_most_one: ClassVar[Literal["", "level", "spine"]] = ""
    tissues: ClassVar[tuple[FindingTissue, ...]] = ()
    teaching_kind: ClassVar[str] = ""
    of_the_fractured: ClassVar[bool] = False
    off_midline: ClassVar[bool] = False
    least_pfirrmann: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if self.level not in self.allowed_levels:
            raise ScannerError(
                f"A {self.kind} at level {self.level!r} is not possible: this spine has it at "
                f"{', '.join(repr(v) for v in self.allowed_levels)}. Choose one of these."
            )

    def as_row(self) -> dict[str, Any]:
        """One flat table row: ``kind`` and every parameter of the finding."""
        return {"kind": self.kind} | {f.name: getattr(self, f.name) for f in fields(self)}

    # What it does to the shape of the spine

    @property
    def disc_above(self) -> bool:
        """Whether the disc that goes with it lies above its vertebra; otherwise below."""
        return False

    @property
    def disc_bulge_mm(self) -> float:
        """How much further the disc below its vertebra bulges, mm."""
        return 0.0

    @property
    def height_losses(self) -> HeightLosses:
        """What its vertebra has lost of its height."""
        return NO_LOSS

    def shape_spine(self, draft: SpineDraft) -> None:
        """Change the sizes of vertebrae and discs, in place, after they are drawn and before they are stacked."""

    def sideways(self, names: Sequence[str], z_mm: Array) -> Sideways | None:
        """How it bends the stacked spine to the side; None: it does not.

        Parameters
        ----------
        names : sequence of str
            Vertebrae from above.
        z_mm : ndarray
            Heights of their centers.
        """
        return None

    def shape_canal(self, shape: CanalShape, spine: Spine) -> CanalShape:
        """The canal as this finding leaves it."""
        return shape

    # What it paints

    def paint_in_body(self, section: BodySection) -> None:
        """Paint what lies in the body of its vertebra, on one plane."""

    def paint_around(self, canvas: Canvas, grid: Grid, spine: Spine) -> None:
        """Paint what lies on and between vertebrae, on one plane, after all bodies are painted."""

    # What it means for ROIs

    @property
    def levels_without_roi(self) -> tuple[str, ...]:
        """Vertebrae that an expert leaves out because of it."""
        return ()

    @classmethod
    def for_teaching(cls, level: str, rng: np.random.Generator) -> Finding:
        """One of this kind for a practice case, of a size that can be seen.

        Parameters
        ----------
        level : str
            L1 to L4; a finding that has its own place does not use it.
        rng : numpy.random.Generator
            Decides form and size.

        Raises
        ------
        ScannerError
            If this kind has no practice cases.
        """
        raise ScannerError(f"There are no practice cases of a {cls.kind}; choose another finding.")


def check_choice(kind: str, name: str, value: object, allowed: Sequence[object]) -> None:
    """Refuse a grade or form that does not exist.

    Raises
    ------
    ScannerError
        If `value` is not one of `allowed`; the message lists them.
    """
    if value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise ScannerError(f"A {kind} cannot have {name} {value!r}; choose one of {choices}.")


def check_size(what: str, value: float, limits: tuple[float, float], unit: str) -> None:
    """Refuse a size that the painter does not offer.

    Raises
    ------
    ScannerError
        If `value` is not within `limits`; the message gives them.
    """
    low, high = limits
    if not low <= value <= high:
        raise ScannerError(f"A {what} of {value} {unit} is not offered; give {low:g} to {high:g} {unit}.")


def check_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings as a tuple, if one patient can have them all.

    Raises
    ------
    ScannerError
        If something is not a finding, or there are two of a kind where only one can be.
    """
    seen: set[tuple[str, str]] = set()
    for finding in findings:
        if not isinstance(finding, Finding):
            raise ScannerError(f"{finding!r} is not a finding; give values such as Fracture('L2') from vbqkit.anatomy.")
        if finding.at_most_one:
            place = (finding.kind, finding.level if finding.at_most_one == "level" else "")
            if place in seen:
                raise ScannerError(f"Two findings of kind '{finding.kind}' cannot share one place; leave one out.")
            seen.add(place)
    return tuple(findings)
