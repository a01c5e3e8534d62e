"""ROIs in and out of a studio, in the formats that others read: chosen by the ending of the file's name."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.formats.imagej import read_imagej, write_imagej
from vbqkit.formats.masks import ENDINGS as MASKS
from vbqkit.formats.masks import read_masks, write_masks
from vbqkit.formats.roi_table import read_roi_table, write_roi_table
from vbqkit.formats.rois import read_rois, write_rois
from vbqkit.image import Volume
from vbqkit.roi import Roi

KNOWN = ".json, .csv, .zip and .roi (ImageJ), " + ", ".join(MASKS)


def export_rois(path: Path, rois: Sequence[Roi], image: Volume) -> Path:
    """Write ROIs in the format that the ending names; returns the path."""
    name = path.name.lower()
    if name.endswith(".json"):
        write_rois(path, rois, image=image)
    elif name.endswith(".csv"):
        write_roi_table(path, rois)
    elif name.endswith((".zip", ".roi")):
        write_imagej(path, rois, image=image)
    elif name.endswith(MASKS):
        write_masks(path, rois, image=image)
    else:
        raise FormatError(f"ROIs cannot be written to {path.name}: its ending is not known. Known are {KNOWN}.")
    return path


def import_rois(path: Path, image: Volume) -> tuple[Roi, ...]:
    """Read ROIs in the format that the ending names."""
    name = path.name.lower()
    if name.endswith(".json"):
        return read_rois(path, image=image).rois
    if name.endswith(".csv"):
        return read_roi_table(path)
    if name.endswith((".zip", ".roi")):
        return read_imagej(path, image=image)
    if name.endswith(MASKS):
        return read_masks(path, image=image)
    raise FormatError(f"ROIs cannot be read from {path.name}: its ending is not known. Known are {KNOWN}.")


def as_bytes(ending: str, rois: Sequence[Roi], image: Volume) -> tuple[str, bytes]:
    """Name and content of a file for the browser to save; a mask and its label names come in one ZIP."""
    with tempfile.TemporaryDirectory() as folder:
        path = export_rois(Path(folder) / f"rois{ending}", rois, image)
        written = sorted(Path(folder).iterdir())
        if len(written) == 1:
            return path.name, path.read_bytes()
        bundle = Path(folder) / "rois-mask.zip"
        with zipfile.ZipFile(bundle, "w") as archive:
            for file in written:
                archive.write(file, file.name)
        return bundle.name, bundle.read_bytes()


def from_bytes(name: str, content: bytes, image: Volume) -> tuple[Roi, ...]:
    """ROIs of a file that the browser sent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            return import_rois(path, image)
        except FormatError as error:
            raise FormatError(str(error).replace(f"{folder}/", "")) from error
