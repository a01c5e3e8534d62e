"""ROIs on their way between Python, the browser and the case file: plain JSON values, millimetres, nothing of the patient."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from vbqkit.errors import RoiError
from vbqkit.image import Vector
from vbqkit.roi import Ellipse, Polygon, Rectangle, Roi

_BOXES: dict[str, type[Rectangle] | type[Ellipse]] = {"rectangle": Rectangle, "ellipse": Ellipse}


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRoi:
    """A ROI as it lies in the studio.

    Parameters
    ----------
    roi : Roi
        Shape and label, LPS mm.
    id : str
        Stays the same while the ROI is edited.
    frame : int
        Number of the frame of reference it was drawn in, among those that the studio shows.
    locked, hidden : bool
        As the user set them.
    shifts : mapping of str to vector
        Series key -> shift in LPS mm, where the patient moved between series.
    """

    roi: Roi
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    frame: int = 0
    locked: bool = False
    hidden: bool = False
    shifts: Mapping[str, Vector] = field(default_factory=lambda: MappingProxyType({}))

    def on(self, key: str) -> Roi:
        """The ROI as it lies on one series, with that series' shift."""
        shift = self.shifts.get(key)
        return self.roi if shift is None else self.roi.moved(shift)


def to_wire(drawn: DrawnRoi) -> dict[str, Any]:
    """Plain JSON values of a drawn ROI."""
    wire: dict[str, Any] = {
        "id": drawn.id,
        "kind": type(drawn.roi).__name__.lower(),
        "label": drawn.roi.label,
        "frame": drawn.frame,
        "locked": drawn.locked,
        "hidden": drawn.hidden,
        "shifts": {key: list(shift) for key, shift in drawn.shifts.items()},
    }
    if isinstance(drawn.roi, Polygon):
        wire["points"] = drawn.roi.points.tolist()
    elif isinstance(drawn.roi, Rectangle | Ellipse):
        wire |= {name: list(getattr(drawn.roi, name)) for name in ("center", "half_width", "half_height")}
    else:
        raise RoiError(
            f"ROI '{drawn.roi.label}' is a {type(drawn.roi).__name__}; the studio shows rectangles, ellipses and polygons."
        )
    return wire


def from_wire(wire: Mapping[str, Any]) -> DrawnRoi:
    """The drawn ROI that plain JSON values stand for.

    Raises
    ------
    RoiError
        If a value is missing, of another kind, or describes no possible shape.
    """
    kind, label = wire.get("kind"), str(wire.get("label", ""))
    try:
        if kind == "polygon":
            roi: Roi = Polygon(points=np.asarray(wire["points"], dtype=np.float64), label=label)
        elif kind in _BOXES:
            roi = _BOXES[kind](
                center=wire["center"], half_width=wire["half_width"], half_height=wire["half_height"], label=label
            )
        else:
            raise RoiError(f"ROI '{label}' has the kind '{kind}'; rectangle, ellipse and polygon are known.")
        shifts = {str(key): _vector(shift) for key, shift in dict(wire.get("shifts", {})).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise RoiError(f"ROI '{label}' cannot be read: {error!r}. Every shape needs its points in mm.") from error
    return DrawnRoi(
        roi,
        id=str(wire.get("id") or uuid.uuid4().hex[:12]),
        frame=int(wire.get("frame", 0)),
        locked=bool(wire.get("locked", False)),
        hidden=bool(wire.get("hidden", False)),
        shifts=MappingProxyType(shifts),
    )


def _vector(values: Any) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
