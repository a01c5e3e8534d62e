"""ROIs between Python, the browser and the case file: plain JSON values, millimetres, nothing of the patient."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from vbqkit.errors import RoiError
from vbqkit.image import Vector
from vbqkit.roi import ProposedPlace, Roi, coordinates_of, make_roi, shape_name


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
    place : ProposedPlace or None
        What was proposed automatically; None where the reader placed it.
    accepted : bool
        Whether it counts. A ROI that was proposed does not until the reader accepts or corrects it.
    """

    roi: Roi
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    frame: int = 0
    locked: bool = False
    hidden: bool = False
    shifts: Mapping[str, Vector] = field(default_factory=lambda: MappingProxyType({}))
    place: ProposedPlace | None = None
    accepted: bool = True

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
        **({} if drawn.place is None else {"proposal": _proposal(drawn.place, accepted=drawn.accepted)}),
    }


def _proposal(place: ProposedPlace, *, accepted: bool) -> dict[str, Any]:
    return {
        "kind": shape_name(place.roi),
        "label": place.roi.label,
        **coordinates_of(place.roi),
        "confidence": place.confidence,
        "doubt": place.doubt,
        "accepted": accepted,
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
    proposal = wire.get("proposal")
    return DrawnRoi(
        roi,
        id=str(wire.get("id") or uuid.uuid4().hex[:12]),
        frame=frame,
        locked=bool(wire.get("locked", False)),
        hidden=bool(wire.get("hidden", False)),
        shifts=MappingProxyType(shifts),
        place=None if proposal is None else _place(proposal, label),
        accepted=proposal is None or bool(proposal.get("accepted")),
    )


def _place(proposal: Any, label: str) -> ProposedPlace:
    try:
        roi = make_roi(str(proposal["kind"]), proposal, label=str(proposal["label"]))
        return ProposedPlace(roi=roi, confidence=float(proposal["confidence"]), doubt=str(proposal["doubt"]))
    except (KeyError, TypeError, ValueError) as error:
        raise RoiError(
            f"ROI '{label}': what was proposed for it cannot be read ({error!r}). Propose it again."
        ) from error


def _vector(values: Any) -> Vector:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
