"""The DICOM files behind a report's series, slice by slice: what structured reports and segmentations refer to."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from vbqkit.errors import FormatError
from vbqkit.image import Slice, Volume
from vbqkit.report.case_values import CaseReport
from vbqkit.report.source_files import SourceFile

_SAME_MM = 0.01
_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
"""Elements that each object must repeat and that may be empty (type 2); anonymisers remove them."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceImage:
    """One slice of a series as it is stored.

    Attributes
    ----------
    dataset : Dataset
        The whole header, without pixels.
    frame : int or None
        Number of the frame in a multi-frame file, from 1.
    """

    dataset: Dataset
    frame: int | None

    @property
    def frames(self) -> list[int] | None:
        """As highdicom asks for it."""
        return None if self.frame is None else [self.frame]


def source_images(report: CaseReport, weighting: str) -> dict[int, SourceImage]:
    """Slice number to stored image, for each slice of a scored series that was found in its files.

    Raises
    ------
    FormatError
        If the images are no DICOM files, or are not there any more.
    """
    evidence = report.evidence
    files = () if evidence is None else evidence.files.get(weighting, ())
    if evidence is None or not any(file.header is not None for file in files):
        raise FormatError(
            f"The {weighting} images are no DICOM files that could be found again, and a DICOM object must refer to such. Write .html, .pdf, "
            "or save the ROIs."
        )
    volume = evidence.volumes[weighting]
    found: dict[int, SourceImage] = {}
    for file in files:
        for position, image in _positions(_header(file)):
            index = _index(volume, position)
            if index is not None:
                found.setdefault(index, image)
    if not found:
        raise FormatError(
            f"None of the {weighting} files lies where the slices that were read lie. Read the study again."
        )
    return found


def _header(file: SourceFile) -> Dataset:
    with file.place.opened() as open_entry, open_entry(file.entry) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(stream, stop_before_pixels=True, force=True)
    for keyword in _MAY_BE_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    return dataset


def _positions(dataset: Dataset) -> Iterator[tuple[list[float], SourceImage]]:
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if not groups:
        if dataset.get("ImagePositionPatient"):
            yield [float(v) for v in dataset.ImagePositionPatient], SourceImage(dataset, None)
        return
    for number, group in enumerate(groups, start=1):
        place = group.get("PlanePositionSequence")
        if place:
            yield [float(v) for v in place[0].ImagePositionPatient], SourceImage(dataset, number)


def _index(volume: Volume, position: list[float]) -> int | None:
    """The slice whose first pixel lies there."""
    offsets = [float(np.linalg.norm(np.subtract(image.origin_mm, position))) for image in _corners(volume)]
    nearest = int(np.argmin(offsets))
    return nearest if offsets[nearest] < _SAME_MM else None


def _corners(volume: Volume) -> list[Slice]:
    return [volume.slice(index) for index in range(len(volume))]
