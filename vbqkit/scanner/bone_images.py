"""CT and DEXA of one body as a small set of files: made, written, read again, and measured. Synthetic.

What is measured is what is in the files, so that whoever reads them gets the same numbers.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.errors import ScannerError
from vbqkit.formats import read_rois, read_study, write_rois
from vbqkit.formats.table_file import write_table
from vbqkit.image import Volume
from vbqkit.roi import Roi, rounded_roi
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.bone_dicom import DEXA_UNIT_G_CM2, write_ct, write_dexa
from vbqkit.scanner.ct import cropped_ct, ct_rois, measure_ct_rois, scan_ct
from vbqkit.scanner.dexa import DexaImage, measure_dexa, scan_dexa
from vbqkit.scanner.dicom_out import COORDINATE_DECIMALS, Identity

CT_FOLDER, DEXA_FILE = "CT", "DEXA/0001.dcm"
CT_ROI_FILE, DEXA_LINES_FILE = "ct_rois.vbqkit.json", "dexa_lines.csv"

DEXA_LINES_COLUMNS = ("level", "upper_mm", "lower_mm", "middle_mm")
"""Columns of dexa_lines.csv: the lines above and below a vertebra, mm below the first row of pixel centers, and the
middle of the spine between them, mm to the right of the first column."""

CT_PIXEL_MM, CT_SLICE_MM = 1.0, 4.0
"""Pixels and slices of the small CT: each rod of the phantom has a slice through its middle."""

_SLICES_TO_MM = 26.0  # to each side: up to the outermost rods
_BEYOND_MM = (12.0, 20.0)  # in front of the bodies, and above and below the scored ones
_BEHIND_RODS_MM = 14.0
_LINE_DECIMALS = 3


@dataclass(frozen=True, eq=False, slots=True)
class BoneImages:
    """CT and DEXA of one person. Synthetic.

    Attributes
    ----------
    ct : Volume
        Sagittal, HU, with the rods of the QCT phantom.
    ct_rois : tuple of Roi
        Where an expert would measure HU, and the rods.
    dexa : DexaImage
        The projection, with the lines between the vertebrae.
    """

    ct: Volume
    ct_rois: tuple[Roi, ...]
    dexa: DexaImage

    def measure(self, *, levels: tuple[str, ...] = SCORED_LEVELS) -> dict[str, Any]:
        """Areal density, T- and Z-score, HU and QCT, together and level by level.

        Parameters
        ----------
        levels : tuple of str
            Vertebrae that DEXA counts; leave out a fractured one: it is denser, not stronger.

        Returns
        -------
        dict
            As :func:`vbqkit.scanner.measure_dexa` and :func:`vbqkit.scanner.measure_ct`.
        """
        return measure_dexa(self.dexa, levels=levels) | measure_ct_rois(self.ct, self.ct_rois)


def write_bone_images(
    phantom: Phantom, identity: Identity, folder: Path, *, study_of: str, rng: np.random.Generator
) -> tuple[Path, ...]:
    """Scan a body with CT and DEXA and write both into a folder that is there: names within it, in order.

    ``CT`` (sagittal DICOM CT of T12 to L5 with the rods), ``DEXA/0001.dcm`` (DICOM DX), ``ct_rois.vbqkit.json`` and
    ``dexa_lines.csv``. They belong to the study of the machine `study_of`.
    """
    whole = scan_ct(phantom, plane="sagittal", thickness_mm=CT_SLICE_MM, pixel_mm=CT_PIXEL_MM, rng=rng)
    ct = cropped_ct(whole, *_field_mm(phantom, ct_rois(phantom, whole)))
    shown = (roi for roi in ct_rois(phantom, ct) if roi.label in SCORED_LEVELS or roi.label.startswith("rod "))
    rois = tuple(rounded_roi(roi, COORDINATE_DECIMALS) for roi in shown)
    files = list(write_ct(ct, identity, folder / CT_FOLDER, study_of=study_of))
    write_rois(folder / CT_ROI_FILE, rois, image=_read_ct(folder), identify=True)
    picture = scan_dexa(phantom, rng=rng)
    files.append(write_dexa(picture, identity, folder / DEXA_FILE, study_of=study_of))
    write_table(folder / DEXA_LINES_FILE, DEXA_LINES_COLUMNS, _line_rows(picture))
    return (*(path.relative_to(folder) for path in files), Path(CT_ROI_FILE), Path(DEXA_LINES_FILE))


def read_bone_images(folder: str | os.PathLike[str]) -> BoneImages:
    """CT and DEXA of a sample case, with the ROIs and lines of an expert.

    Parameters
    ----------
    folder : path-like
        Such as ``"../sample_data/case06"``.

    Raises
    ------
    ScannerError
        If it holds no CT and DEXA as :func:`write_bone_images` writes them.
    FormatError
        If a file cannot be read.
    """
    root = Path(folder)
    missing = [n for n in (CT_FOLDER, CT_ROI_FILE, DEXA_FILE, DEXA_LINES_FILE) if not (root / n).exists()]
    if missing:
        raise ScannerError(
            f"{root} has no {', '.join(missing)}, so CT and DEXA cannot be read. Name the folder of a sample case, or make one "
            "with: vbqkit simulate."
        )
    return BoneImages(ct=_read_ct(root), ct_rois=read_rois(root / CT_ROI_FILE).rois, dexa=_read_dexa(root))


def _read_ct(folder: Path) -> Volume:
    (series,) = read_study(folder / CT_FOLDER)
    return series.volume()


def _field_mm(phantom: Phantom, rois: Iterable[Roi]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two corners, LPS mm: the scored vertebrae and their neighbours, and the rods behind the back."""
    affine = phantom.affine
    shown = np.isin(phantom.level, [LEVEL_OF_CODE.index(level) for level in SCORED_LEVELS])
    rows, cols = np.flatnonzero(shown.any(axis=(0, 2))), np.flatnonzero(shown.any(axis=(0, 1)))
    z = affine[2, 3] + affine[2, 1] * rows
    front = affine[1, 3] + affine[1, 2] * cols[0]
    rods = max(roi.center_mm[1] for roi in rois)
    before, beyond = _BEYOND_MM
    low = np.array([-_SLICES_TO_MM, front - before, z.min() - beyond])
    return low, np.array([_SLICES_TO_MM, rods + _BEHIND_RODS_MM, z.max() + beyond])


def _line_rows(picture: DexaImage) -> list[dict[str, str]]:
    rows = []
    for level, (upper, lower) in picture.lines_mm.items():
        row = int(np.argmin(np.abs(picture.row_mm - (upper + lower) / 2.0)))
        places = (picture.row_mm[0] - upper, picture.row_mm[0] - lower, picture.middle_mm[row] - picture.col_mm[0])
        numbers = (f"{float(place):.{_LINE_DECIMALS}f}" for place in places)
        rows.append(dict(zip(DEXA_LINES_COLUMNS, (level, *numbers), strict=True)))
    return rows


def _read_dexa(folder: Path) -> DexaImage:
    picture = pydicom.dcmread(folder / DEXA_FILE)
    step, across = (float(v) for v in picture.PixelSpacing)
    density = picture.pixel_array.astype(np.float64) * DEXA_UNIT_G_CM2
    with (folder / DEXA_LINES_FILE).open(encoding="utf-8", newline="") as file:
        lines = {row["level"]: [float(row[name]) for name in DEXA_LINES_COLUMNS[1:]] for row in csv.DictReader(file)}
    row_mm, col_mm = -step * np.arange(density.shape[0]), across * np.arange(density.shape[1])
    z, x = np.array(sorted((-(upper + lower) / 2.0, middle) for upper, lower, middle in lines.values())).T
    return DexaImage(
        density_g_cm2=density, row_mm=row_mm, col_mm=col_mm,
        lines_mm={level: (-upper, -lower) for level, (upper, lower, _) in lines.items()},
        middle_mm=np.interp(row_mm, z, x), age=float(picture.PatientAge.rstrip("Y")), sex=str(picture.PatientSex),
    )  # fmt: skip
