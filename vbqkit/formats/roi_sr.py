"""ROIs out of a DICOM structured report (TID 1500) with outlines in patient millimetres, read by pydicom alone."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from vbqkit.errors import Caution, FormatError, RoiError, shown
from vbqkit.formats.roi_file import RoiFile
from vbqkit.image import FloatArray
from vbqkit.roi import Ellipse, Polygon, Roi

_MEASUREMENTS, _GROUP, _TRACKING = "126010", "125007", "112039"
_ON = " on "

COMMENT, ORIGIN = "121106", "ROI-ORIGIN"
"""Codes of a comment, and of how a ROI came to be (a code of this package)."""


def read_sr(path: Path) -> Dataset:
    """A structured report of this package's kind.

    Raises
    ------
    FormatError
        If it cannot be read, or holds no measurement groups.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(path)
            found = any(True for _ in measurement_groups(dataset))
            comments = [item for item in dataset.get("ContentSequence", ()) if code_of(item) == COMMENT]
    except Exception as error:  # a damaged file meets many of pydicom's assumptions
        raise FormatError(f"{path} cannot be read as DICOM ({shown(error)}). Copy or export it again.") from error
    if dataset.get("Manufacturer") == "vbqkit" and found and not comments:  # they stand at its end
        raise FormatError(
            f"{path} breaks off: what should follow the measurements is missing. Copy or export it again."
        )
    if not found:
        raise FormatError(
            f"{path} holds no measurement groups of a measurement report (TID 1500). Choose another file."
        )
    return dataset


def measurement_groups(dataset: Dataset) -> Iterator[Dataset]:
    """The measurement groups of a measurement report, in order."""
    for item in dataset.get("ContentSequence", ()):
        if code_of(item) == _MEASUREMENTS:
            yield from (group for group in item.get("ContentSequence", ()) if code_of(group) == _GROUP)


def code_of(item: Dataset) -> str:
    """The value of the code that names a content item; empty where it has none."""
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].get("CodeValue", "")) if names else ""


def tracking_of(group: Dataset) -> str:
    """The tracking identifier of a group, such as ``"L3 on T1"``."""
    return next((str(i.get("TextValue", "")) for i in group.get("ContentSequence", ()) if code_of(i) == _TRACKING), "")


def read_roi_sr(path: Path) -> RoiFile:
    """The ROIs of a structured report, each label once: the same ROI is measured on every series.

    Coordinates are stored in single precision, about 0.00001 mm; a rectangle comes back as a polygon.

    Raises
    ------
    FormatError
        If it cannot be read, an outline is malformed, or one label has two places.
    """
    dataset = read_sr(path)
    found: dict[str, tuple[Roi, str]] = {}
    origins: dict[str, dict[str, None]] = {}
    for group in measurement_groups(dataset):
        for item in group.get("ContentSequence", ()):
            if item.get("ValueType") != "SCOORD3D":
                continue
            label = tracking_of(group).rpartition(_ON)[0]
            roi = _roi(item, label, path)
            frame = str(item.get("ReferencedFrameOfReferenceUID", ""))
            known = found.setdefault(label, (roi, frame))
            if known[0] != roi or known[1] != frame:
                raise FormatError(f"{path} holds two ROIs '{label}' at different places. Save the report again.")
            origins.setdefault(_origin(group), {}).setdefault(label)
    frames = {frame for _, frame in found.values()}
    if not found or len(frames) != 1:
        raise FormatError(
            f"{path} holds {len(found)} ROIs in {len(frames)} frames of reference; some in one were expected."
        )
    return RoiFile(
        rois=tuple(roi for roi, _ in found.values()),
        frame_of_reference_uid=frames.pop() or None,
        study_uid=str(dataset.get("StudyInstanceUID", "")) or None,
        source=str(path),
        cautions=tuple(
            Caution(
                "proposed-rois",
                f"{', '.join(labels)} were proposed automatically and {origin} by the reader, as {path} says. Look at them on the image.",
            )
            for origin, labels in origins.items()
            if origin in ("accepted", "corrected")
        ),
    )


def _origin(group: Dataset) -> str:
    """How a ROI came to be, where the report says it: placed, accepted or corrected."""
    named = (item for item in group.get("ContentSequence", ()) if code_of(item) == ORIGIN)
    return next((str(item.ConceptCodeSequence[0].CodeMeaning) for item in named), "")


def _roi(item: Dataset, label: str, path: Path) -> Roi:
    kind = str(item.get("GraphicType", ""))
    try:
        points: FloatArray = np.array(item.GraphicData, dtype=np.float64).reshape(-1, 3)
        if kind == "ELLIPSE":
            a, b, c, d = points
            center, across, down = (a + b + c + d) / 4.0, (b - a) / 2.0, (d - c) / 2.0
            return Ellipse(center=tuple(center), half_width=tuple(across), half_height=tuple(down), label=label)
        if kind == "POLYGON":
            return Polygon(points=points[:-1], label=label)
    except (AttributeError, TypeError, ValueError, RoiError) as error:
        raise FormatError(
            f"{path}: the outline of '{label}' is malformed ({shown(error)}). Save the report again."
        ) from error
    raise FormatError(f"{path}: the outline of '{label}' is a {kind}; a polygon or an ellipse was expected.")
