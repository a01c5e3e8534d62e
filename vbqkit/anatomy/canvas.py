"""One sagittal plane while it is being painted: tissue, fat, proton density and level, and where each pixel lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.texture import Plane
from vbqkit.anatomy.tissues import TISSUE_NAMES, TISSUES

CODE: Mapping[str, int] = {name: code for code, name in enumerate(TISSUE_NAMES)}
"""Code of each tissue in a phantom's tissue map."""

_PDFF = np.array([tissue.pdff for tissue in TISSUES], dtype=np.float32)

_WINDOW_MARGIN_MM = 2.0  # for the warp, which moves pixels by about half a millimetre (SD)

_ARRAYS = ("y", "z", "s", "t", "side", "position", "front", "tissue", "level", "pdff", "pd_scale")

Mask = npt.NDArray[np.bool_]
Index = npt.NDArray[np.intp]
Window = tuple[slice, slice]


@dataclass(eq=False, slots=True)
class Canvas:
    """A plane under work. All arrays have shape (rows, cols); lengths in mm.

    Attributes
    ----------
    x_mm : float
        Left-right position of the plane.
    y, z : ndarray
        Positions after the organic warp: a straight line in (y, z) is a slightly wavy one in the picture.
    s, t : ndarray
        Arc length along the back wall of the vertebral column and distance behind it, after the same warp.
    side : ndarray
        Distance to the left of the middle of the canal.
    position : ndarray
        Place along the spine in vertebrae from above: whole numbers in the middle of bodies, halves at discs.
    front : ndarray
        Distance behind the back wall of the front of the column; negative.
    tissue, level : ndarray of uint8
        Labels.
    pdff, pd_scale : ndarray of float32
        Fat fraction; proton density relative to the table.
    fields : mapping of str to ndarray
        Random fields with unit standard deviation on this plane: ``fine`` (grain; less on a coarse grid), ``upright``
        (grain drawn out along the spine), ``small``, ``medium``, ``large``, ``streak``, ``fibre`` (along the muscles of
        the back); and ``dice``, which is uniform from 0 to 1 and evenly spread among neighbours.
    """

    x_mm: float
    y: Plane
    z: Plane
    s: Plane
    t: Plane
    side: Plane
    position: Plane
    front: Plane
    tissue: npt.NDArray[np.uint8]
    level: npt.NDArray[np.uint8]
    pdff: Plane
    pd_scale: Plane
    fields: Mapping[str, Plane]

    def part(self, window: Window, *, fields: bool = True) -> Canvas:
        """The same canvas seen through a window: painting there paints here. `fields`: with its random fields."""
        arrays = {name: getattr(self, name)[window] for name in _ARRAYS}
        seen = {name: field[window] for name, field in self.fields.items()} if fields else {}
        return Canvas(x_mm=self.x_mm, fields=seen, **arrays)

    def paint(self, where: Mask, name: str, pdff: Plane | float | None = None) -> None:
        """Label pixels; their fat is the table's unless given, as an array or a number."""
        if not where.any():
            return
        code = CODE[name]
        np.copyto(self.tissue, code, where=where, casting="unsafe")
        np.copyto(self.pd_scale, 1.0, where=where)
        np.copyto(self.pdff, _PDFF[code] if pdff is None else pdff, where=where, casting="same_kind")

    def paint_at(self, at: tuple[Index, ...], name: str, pdff: Plane | float | None = None) -> None:
        """Label the pixels of these rows and columns; their fat is the table's unless given, a value each or one."""
        code = CODE[name]
        self.tissue[at] = code
        self.pd_scale[at] = 1.0
        self.pdff[at] = _PDFF[code] if pdff is None else pdff

    def shade(self, where: Mask, pd_scale: Plane | float) -> None:
        """Set the relative proton density of pixels, as an array or a number."""
        np.copyto(self.pd_scale, pd_scale, where=where, casting="same_kind")

    def is_any(self, *names: str) -> Mask:
        """Where one of these tissues is."""
        found: Mask = self.tissue == CODE[names[0]]
        for name in names[1:]:
            found |= self.tissue == CODE[name]
        return found


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows and columns of the phantom, and the window that a box in space covers.

    Attributes
    ----------
    y_mm, z_mm : ndarray
        Columns, to the back; rows, downwards.
    step_mm : float
        Distance between rows and between columns.
    """

    y_mm: npt.NDArray[np.float64]
    z_mm: npt.NDArray[np.float64]
    step_mm: float

    def window(self, y_low: float, y_high: float, z_low: float, z_high: float) -> Window | None:
        """Rows and columns within a box, with a margin for the warp; None if it lies outside."""
        margin = _WINDOW_MARGIN_MM
        c0 = int(np.floor((y_low - margin - self.y_mm[0]) / self.step_mm))
        c1 = int(np.ceil((y_high + margin - self.y_mm[0]) / self.step_mm)) + 1
        r0 = int(np.floor((self.z_mm[0] - z_high - margin) / self.step_mm))
        r1 = int(np.ceil((self.z_mm[0] - z_low + margin) / self.step_mm)) + 1
        r0, c0 = max(r0, 0), max(c0, 0)
        r1, c1 = min(r1, len(self.z_mm)), min(c1, len(self.y_mm))
        if r0 >= r1 or c0 >= c1:
            return None
        return slice(r0, r1), slice(c0, c1)


def window_of(where: Mask) -> Window:
    """The smallest window that holds every pixel of a mask."""
    rows, cols = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)
