"""Rulers, angles, probes and the count of levels: seen in the studio, kept with the case, never measured or scored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from vbqkit.errors import RoiError
from vbqkit.image import Vector

AnnotationKind = Literal["ruler", "angle", "cobb", "probe", "count"]

MOST_ANNOTATIONS = 200
"""More are refused: they could not be seen."""

_POINTS: Mapping[str, int] = {"ruler": 2, "angle": 3, "cobb": 4, "probe": 1}
_MOST_COUNTED = 18  # S1, L5 to L1, T12 to T1


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note for the eye.

    Parameters
    ----------
    id : str
        Stays the same while its points are moved.
    kind : {"ruler", "angle", "cobb", "probe", "count"}
        What it says: a length between 2 points, the angle at the second of 3, the angle between the lines through the
        first 2 and the last 2, the signal at 1 point, or the levels from S1 upward, one point a body.
    points_mm : tuple of vectors
        Places in the patient, LPS mm.
    frame : int
        Number of the frame of reference it was made in, among those that the studio shows.
    """

    id: str
    kind: AnnotationKind
    points_mm: tuple[Vector, ...]
    frame: int = 0

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"id": self.id, "kind": self.kind, "frame": self.frame, "points": [list(p) for p in self.points_mm]}

    @classmethod
    def from_wire(cls, wire: Any) -> Annotation:
        """The annotation that plain JSON values stand for.

        Raises
        ------
        RoiError
            If a value is missing, of another kind, or not a finite number.
        """
        try:
            kind, points = wire["kind"], tuple(_vector(p) for p in wire["points"])
            made = cls(id=str(wire["id"]), kind=kind, points_mm=points, frame=int(wire.get("frame", 0)))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise RoiError(f"An annotation cannot be read ({error!r}) and is left out. Draw it again.") from error
        if kind not in get_args(AnnotationKind):
            raise RoiError(f"An annotation of the kind {kind!r} is not known and is left out.")
        if not (1 <= len(points) <= _MOST_COUNTED if kind == "count" else len(points) == _POINTS[kind]):
            raise RoiError(
                f"The annotation {kind!r} has {len(points)} points, which makes none; it is left out. Draw it again."
            )
        return made


Annotations = tuple[Annotation, ...]


def _vector(values: Any) -> Vector:
    x, y, z = (float(v) for v in values)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"{[x, y, z]} are not three finite numbers in mm")
    return (x, y, z)


def read_annotations(wires: Any) -> tuple[Annotations, tuple[str, ...]]:
    """The annotations that can be read, and in words what cannot."""
    if not isinstance(wires, list):
        return (), ("The annotations (rulers and the like) are not a list; they are left out.",)
    found: list[Annotation] = []
    problems: list[str] = []
    for wire in wires[:MOST_ANNOTATIONS]:
        try:
            found.append(Annotation.from_wire(wire))
        except RoiError as error:
            problems.append(str(error))
    if len(wires) > MOST_ANNOTATIONS:
        problems.append(
            f"{len(wires)} annotations are too many; the first {MOST_ANNOTATIONS} are kept. Clear them with Ctrl+Delete."
        )
    return tuple(found), tuple(dict.fromkeys(problems))


def merged_annotations(known: Iterable[Annotation], mine: Annotations, theirs: Annotations) -> Annotations:
    """Three-way merge by id: what one side added or moved is kept, what one side cleared and the other left is gone."""
    before = {one.id: one for one in known}
    own, other = {one.id: one for one in mine}, {one.id: one for one in theirs}
    kept: list[Annotation] = []
    for key in dict.fromkeys([*other, *own]):
        sides = [side[key] for side in (own, other) if key in side]
        changed = [one for one in sides if one != before.get(key)]
        if changed or len(sides) == 2:
            kept.append((changed or sides)[0])
    return tuple(kept)
