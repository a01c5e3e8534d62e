"""ROI files on their way through the browser: one file to save, one file that was picked."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.formats.rois import read_rois, write_rois
from vbqkit.image import Volume
from vbqkit.roi import Roi


def to_browser(ending: str, rois: Sequence[Roi], image: Volume | None) -> tuple[str, bytes]:
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


def from_browser(name: str, content: bytes, image: Volume | None) -> tuple[Roi, ...]:
    """ROIs of a file that the browser sent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            return read_rois(path, image=image).rois
        except FormatError as error:
            raise FormatError(str(error).replace(f"{folder}/", "")) from error
