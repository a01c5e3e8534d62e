"""ROI files on their way through the browser: one file to save, one file that was picked."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.formats.masks import MASK_ENDINGS
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.rois import ROI_FORMATS, read_rois, write_rois
from vbqkit.formats.zip_members import read_members
from vbqkit.image import Volume
from vbqkit.language import said
from vbqkit.roi import Roi

_NAMES = ".labels.json"


def file_menu() -> dict[str, object]:
    """What the browser offers: each format with its usual ending, and every ending that can be picked."""
    return {
        "save": [[said(one.name), one.endings[0]] for one in ROI_FORMATS],
        "pick": sorted({f".{ending.rsplit('.', 1)[1]}" for one in ROI_FORMATS for ending in one.endings}),
    }


def to_browser(ending: str, rois: Iterable[Roi], image: Volume | None) -> tuple[str, bytes]:
    """Name and content of a file for the browser to save; a mask and its label names come in one ZIP."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rois{ending}"
        write_rois(path, rois, image=image)
        written = sorted(Path(folder).iterdir())
        if len(written) == 1:
            return path.name, path.read_bytes()
        bundle = Path(folder) / "rois-mask.zip"
        with zipfile.ZipFile(bundle, "w") as archive:
            for file in written:
                archive.write(file, file.name)
        return bundle.name, bundle.read_bytes()


def from_browser(name: str, content: bytes, image: Volume | None) -> RoiFile:
    """ROIs of a file that the browser sent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            return replace(read_roi_file(path, image), source=path.name)
        except FormatError as error:
            raise FormatError(str(error).replace(f"{folder}/", "")) from error


def read_roi_file(path: Path, image: Volume | None) -> RoiFile:
    """ROIs of a file of any format, and of the ZIP in which :func:`to_browser` puts a mask and its label names.

    Raises
    ------
    FormatError
        As :func:`vbqkit.formats.read_rois`.
    """
    if not zipfile.is_zipfile(path):
        return read_rois(path, image=image)
    members = {Path(name).name: data for name, data in read_members(path).whole if not name.startswith("__MACOSX")}
    masks = [name for name in members if name.lower().endswith(MASK_ENDINGS)]
    if len(masks) != 1:
        return read_rois(path, image=image)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in members.items():
            if name in masks or name.endswith(_NAMES):
                (Path(folder) / name).write_bytes(data)
        try:
            return replace(read_rois(Path(folder) / masks[0], image=image), source=path.name)
        except FormatError as error:
            raise FormatError(str(error).replace(f"{folder}/", f"{path.name}: ")) from error
