"""What a report was made from and with: digests of its files, and the software."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import vbqkit
from vbqkit.formats.roi_file import RoiFile
from vbqkit.report.source_files import FileDigest, SourceFile, joint_digest


def versions() -> Iterator[tuple[str, str]]:
    """The software that made a report: name and version."""
    yield "vbqkit", vbqkit.__version__
    for package in ("numpy", "scipy", "pydicom"):
        try:
            yield package, version(package)
        except PackageNotFoundError:  # a source tree that was not installed
            continue


def digests(files: Mapping[str, Sequence[SourceFile]], drawn: RoiFile) -> Iterator[FileDigest]:
    """The digest of each series and of the ROI file."""
    for weighting, listed in files.items():
        if listed:
            yield FileDigest(f"{weighting} series", len(listed), joint_digest(f.sha256() for f in listed))
    path = Path(drawn.source) if drawn.source else None
    if path is not None and os.path.isfile(path):  # noqa: PTH113 - false, not an error, for an impossible name
        yield FileDigest("ROI file", 1, hashlib.sha256(path.read_bytes()).hexdigest())
