"""ROIs as a CSV table: one row a ROI, millimetres, for spreadsheets and other software.

Columns: ``label``, ``shape`` (rectangle, ellipse, polygon), ``center_x_mm`` ``center_y_mm`` ``center_z_mm``,
``half_width_x_mm`` ... ``half_height_z_mm`` (empty for polygons), ``points_mm`` (polygons: ``x y z; x y z; ...``), ``area_cm2``.
Coordinates are DICOM LPS. Numbers are written with all their digits, so that reading gives the same ROI.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vbqkit.errors import FormatError, RoiError
from vbqkit.roi import Ellipse, Polygon, Rectangle, Roi

if TYPE_CHECKING:
    import pandas as pd

_VECTORS = ("center", "half_width", "half_height")
COLUMNS = ("label", "shape", *(f"{v}_{axis}_mm" for v in _VECTORS for axis in "xyz"), "points_mm", "area_cm2")
_BOXES: dict[str, type[Rectangle] | type[Ellipse]] = {"rectangle": Rectangle, "ellipse": Ellipse}


def roi_table(rois: Iterable[Roi]) -> pd.DataFrame:
    """One row a ROI, with the columns named above.

    Examples
    --------
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> roi_table([box])[["label", "shape", "area_cm2"]]
      label      shape  area_cm2
    0    L1  rectangle       0.4
    """
    import pandas as pd  # noqa: PLC0415 - reading and writing need no tables

    return pd.DataFrame([_row(roi) for roi in rois], columns=list(COLUMNS))


def _row(roi: Roi) -> dict[str, Any]:
    row: dict[str, Any] = {"label": roi.label, "shape": type(roi).__name__.lower(), "area_cm2": roi.area_mm2 / 100}
    if isinstance(roi, Polygon):
        row["points_mm"] = "; ".join(" ".join(repr(float(x)) for x in point) for point in roi.points)
    for name in _VECTORS:
        for axis, value in zip("xyz", getattr(roi, name, ()), strict=False):
            row[f"{name}_{axis}_mm"] = value
    return row


def write_roi_table(path: str | os.PathLike[str], rois: Iterable[Roi]) -> None:
    """Write ROIs as CSV.

    Raises
    ------
    FormatError
        If the file cannot be written.
    """
    try:
        Path(path).expanduser().write_text(roi_table(rois).to_csv(index=False), encoding="utf-8")
    except OSError as error:
        raise FormatError(
            f"The ROI table {path} cannot be written: {error.strerror}. Choose another folder."
        ) from error


def read_roi_table(path: str | os.PathLike[str]) -> tuple[Roi, ...]:
    """Read ROIs from a CSV table.

    Raises
    ------
    FormatError
        If it cannot be read, a column is missing, or a row describes no possible shape.
    """
    try:
        with Path(path).expanduser().open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read as a table: {error}. Save it as CSV with commas.") from error
    missing = [name for name in COLUMNS[:-1] if not rows or name not in rows[0]]
    if missing:
        raise FormatError(
            f"{path} is no ROI table: the columns {', '.join(missing)} are missing. Export the ROIs again."
        )
    return tuple(_roi(row, f"{path}, row {number}") for number, row in enumerate(rows, start=2))


def _roi(row: Mapping[str, str], where: str) -> Roi:
    label = row["label"] or ""
    try:
        if row["shape"] == "polygon":
            points = [[float(x) for x in point.split()] for point in row["points_mm"].split(";")]
            return Polygon(points=np.array(points, dtype=np.float64), label=label)
        vectors = {name: tuple(float(row[f"{name}_{axis}_mm"]) for axis in "xyz") for name in _VECTORS}
        return _BOXES[row["shape"]](**vectors, label=label)  # type: ignore[arg-type] # three floats each
    except KeyError as error:
        raise FormatError(f"{where}: the shape {error} is unknown; use rectangle, ellipse or polygon.") from error
    except (ValueError, TypeError, RoiError) as error:
        raise FormatError(f"{where} ('{label}'): {error}") from error
