"""The shapes by name, and their coordinates as plain lists: what every ROI file and the browser exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vbqkit.errors import RoiError
from vbqkit.roi.box import Ellipse, Rectangle
from vbqkit.roi.polygon import Polygon
from vbqkit.roi.shape import Roi

BOXES: dict[str, type[Rectangle] | type[Ellipse]] = {"rectangle": Rectangle, "ellipse": Ellipse}
"""Names of the shapes that have a center and two half axes."""

BOX_VECTORS = ("center", "half_width", "half_height")
"""The three vectors of such a shape, LPS mm."""

SHAPES: tuple[str, ...] = (*BOXES, "polygon")
"""Names of all shapes, as ROI files write them."""


def shape_name(roi: Roi) -> str:
    """The name of a ROI's shape.

    Raises
    ------
    RoiError
        If it is none of the shapes that files and the studio know.

    Examples
    --------
    >>> shape_name(Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2)))
    'rectangle'
    """
    name = type(roi).__name__.lower()
    if name not in SHAPES:
        raise RoiError(
            f"ROI '{roi.label}' is a {type(roi).__name__}, which no file or studio knows; use one of {', '.join(SHAPES)}."
        )
    return name


def coordinates_of(roi: Roi) -> dict[str, Any]:
    """LPS coordinates in mm as nested lists: ``points`` of a polygon, else ``center``, ``half_width``, ``half_height``.

    Raises
    ------
    RoiError
        As :func:`shape_name`.
    """
    if shape_name(roi) == "polygon":
        return {"points": np.asarray(roi.points).tolist()}  # type: ignore[attr-defined] # a polygon has points
    return {name: list(getattr(roi, name)) for name in BOX_VECTORS}


def rounded_roi(roi: Roi, decimals: int) -> Roi:
    """The same ROI with its coordinates rounded, for files that are the same on every machine.

    Examples
    --------
    >>> rounded_roi(Rectangle(center=(0, 0, 1e-9), half_width=(0, 4, 0), half_height=(0, 0, -2)), 6).center
    (0.0, 0.0, 0.0)
    """
    rounded = {name: np.round(np.asarray(values), decimals) + 0.0 for name, values in coordinates_of(roi).items()}
    return make_roi(shape_name(roi), rounded, label=roi.label)


def make_roi(shape: str, coordinates: Mapping[str, Any], *, label: str = "") -> Roi:
    """The ROI that a shape's name and its coordinates stand for.

    Parameters
    ----------
    shape : {"rectangle", "ellipse", "polygon"}
        Name of the shape.
    coordinates : mapping
        As :func:`coordinates_of` gives them.
    label : str
        Level or region.

    Raises
    ------
    RoiError
        If the name is unknown, a coordinate is missing or not a number, or no such shape is possible.

    Examples
    --------
    >>> make_roi("polygon", {"points": [(0, 0, 0), (0, 4, 0), (0, 0, 3)]}, label="L2").area_mm2
    6.0
    """
    try:
        if shape == "polygon":
            return Polygon(points=np.array(coordinates["points"], dtype=np.float64), label=label)
        if shape in BOXES:
            center, across, down = (np.array(coordinates[name], dtype=np.float64) for name in BOX_VECTORS)
            box = BOXES[shape]
            return box(center=center, half_width=across, half_height=down, label=label)  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RoiError(
            f"ROI '{label}': the coordinates of the {shape} cannot be read ({error!r}). Three numbers in mm are needed "
            "for each point."
        ) from error
    raise RoiError(f"ROI '{label}' has the shape '{shape}', which is unknown; use one of {', '.join(SHAPES)}.")
