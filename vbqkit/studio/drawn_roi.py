"""ROIs between Python, the browser and the case file: plain JSON values, millimetres, nothing of the patient."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from vbqkit.errors import RoiError
from vbqkit.image import Vector
from vbqkit.roi import Roi, coordinates_of, make_roi, shape_name


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
    return {
        "id": drawn.id,
        "kind": shape_name(drawn.roi),
        "label": drawn.roi.label,
        "frame": drawn.frame,
        "locked": drawn.locked,
        "hidden": drawn.hidden,
        "shifts": {key: list(shift) for key, shift in drawn.shifts.items()},
        **coordinates_of(drawn.roi),
    }


def from_wire(wire: Mapping[str, Any]) -> DrawnRoi:
    """The drawn ROI that plain JSON values stand for.

    Raises
    ------
    RoiError
        If a value is missing, of another kind, or describes no possible shape.
    """
    label = str(wire.get("label", ""))
    roi = make_roi(str(wire.get("kind")), wire, label=label)
    try:
        shifts = {str(key): _vector(shift) for key, shift in dict(wire.get("shifts", {})).items()}
        frame = int(wire.get("frame", 0))
    except (TypeError, ValueError, OverflowError) as error:
        raise RoiError(f"ROI '{label}' cannot be read: {error!r}. Shifts are three numbers in mm.") from error
    return DrawnRoi(
        roi,
        id=str(wire.get("id") or uuid.uuid4().hex[:12]),
        frame=frame,
        locked=bool(wire.get("locked", False)),
        hidden=bool(wire.get("hidden", False)),
        shifts=MappingProxyType(shifts),
    )


def _vector(values: Any) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
