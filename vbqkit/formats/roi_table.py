"""ROIs as a CSV table: one row a ROI, millimetres, for spreadsheets and other software.

Columns: ``label``, ``shape`` (rectangle, ellipse, polygon), ``center_x_mm`` ``center_y_mm`` ``center_z_mm``,
``half_width_x_mm`` ... ``half_height_z_mm`` (empty for polygons), ``points_mm`` (polygons: ``x y z; x y z; ...``),
``area_cm2``. Coordinates are DICOM LPS. Numbers are written with all their digits, so that reading gives the same ROI.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from vbqkit.errors import FormatError, RoiError
from vbqkit.formats.files import readable_path, user_path
from vbqkit.formats.table_file import write_table
from vbqkit.roi import Roi, coordinates_of, make_roi, shape_name
from vbqkit.roi.coordinates import BOX_VECTORS

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

COLUMNS = ("label", "shape", *(f"{v}_{axis}_mm" for v in BOX_VECTORS for axis in "xyz"), "points_mm", "area_cm2")


def roi_table(rois: Iterable[Roi]) -> pd.DataFrame:
    """One row a ROI, with the columns named above.

    Examples
    --------
    >>> from vbqkit.roi import Rectangle
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> roi_table([box])[["label", "shape", "area_cm2"]]
      label      shape  area_cm2
    0    L1  rectangle       0.4
    """
    return pd.DataFrame([_row(roi) for roi in rois], columns=list(COLUMNS))


def _row(roi: Roi) -> dict[str, Any]:
    row: dict[str, Any] = {"label": roi.label, "shape": shape_name(roi), "area_cm2": roi.area_mm2 / 100}
    for name, values in coordinates_of(roi).items():
        if name == "points":
            row["points_mm"] = "; ".join(" ".join(map(repr, point)) for point in values)
        else:
            row |= {f"{name}_{axis}_mm": value for axis, value in zip("xyz", values, strict=True)}
    return row


def is_roi_table(start: bytes, path: Path) -> bool:  # noqa: ARG001 - as every format's test
    """Whether a file that starts with these bytes is a table whose first line names the columns of ROIs.

    Examples
    --------
    >>> is_roi_table(b"label,shape,center_x_mm", Path("rois.txt"))
    True
    """
    plain = start.replace(b"\0", b"").lower()
    first = (
        b" ".join(plain.splitlines()[:2])
        if plain.startswith((b"sep=", b"\xef\xbb\xbfsep="))
        else b"".join(plain.splitlines()[:1])
    )
    return b"label" in first and b"shape" in first and not first.lstrip(b"\xef\xbb\xbf \t").startswith(b"{")


def write_roi_table(path: str | os.PathLike[str], rois: Iterable[Roi]) -> None:
    """Write ROIs as CSV.

    Raises
    ------
    FormatError
        If the file cannot be written.
    """
    write_table(user_path(path), COLUMNS, (_row(roi) for roi in rois))


def read_roi_table(path: str | os.PathLike[str]) -> tuple[Roi, ...]:
    """Read ROIs from a CSV table.

    Raises
    ------
    FormatError
        If it cannot be read, a column is missing, or a row describes no possible shape.
    """
    try:
        text = _decoded(readable_path(path).read_bytes())
        lines = text.splitlines(keepends=True)
        if lines and lines[0].lower().startswith("sep="):
            lines = lines[1:]
        separator = _separator(lines[0]) if lines else ","
        rows = list(csv.DictReader(lines, delimiter=separator))
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(f"{path} cannot be read as a table: {error}. Save it as CSV with commas.") from error
    missing = [name for name in COLUMNS[:-1] if not rows or name not in rows[0]]
    if missing:
        raise FormatError(
            f"{path} is not a ROI table: the columns {', '.join(missing)} are missing. Export the ROIs again."
        )
    comma = "," if separator != "," else "."
    return tuple(_roi(row, f"{path}, row {number}", comma) for number, row in enumerate(rows, start=2))


def _decoded(raw: bytes) -> str:
    """Text of a table as spreadsheets save it: UTF-8 with or without a mark, UTF-16, or the old Windows letters."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _separator(header: str) -> str:
    return max((";", "\t", ","), key=header.count)


def _roi(row: Mapping[str, str], where: str, comma: str) -> Roi:
    label, shape = row["label"] or "", (row["shape"] or "").strip().lower()

    def number(cell: str) -> float:
        return float(cell.replace(comma, "."))

    try:
        coordinates: dict[str, Any]
        if shape == "polygon":
            coordinates = {"points": [[number(x) for x in p.split()] for p in (row["points_mm"] or "").split(";")]}
        else:
            coordinates = {name: [number(row[f"{name}_{axis}_mm"]) for axis in "xyz"] for name in BOX_VECTORS}
        return make_roi(shape, coordinates, label=label)
    except (ValueError, TypeError, AttributeError, RoiError) as error:
        raise FormatError(f"{where} ('{label}'): {error}") from error
