"""Pictures for a teacher: a student's ROI on its slice, with what does not belong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from IPython.display import HTML

from vbqkit.errors import FormatError
from vbqkit.exercises.cases import truth_of
from vbqkit.exercises.placement import check_placement
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.reading_file import ENDING, ReadingFile
from vbqkit.formats.rois import read_rois
from vbqkit.page.colours import VERMILION
from vbqkit.page.slice_picture import crop_around, slice_html


def show_placement(folder: str | Path, row: Any) -> HTML:
    """One ROI of a class on its slice.

    Parameters
    ----------
    folder : path-like
        The folder that :func:`vbqkit.exercises.readers.read_class` read.
    row : Series or mapping
        A row of its placements: student, exercise, case, label.

    Raises
    ------
    FormatError
        If the file is no longer in the folder, or the row names no teaching case.
    """
    file = ReadingFile.of_case(str(row["student"]), str(row["exercise"]), str(row["case"]))
    path = next((path for path in Path(folder).rglob(f"*{ENDING}") if path.name == file.name), None)
    if path is None:
        raise FormatError(f"There is no file '{file.name}' in '{folder}'. Read the class again.")
    case = known_case(file.kind, file.seed, file.day)
    volume = case.volumes["T1"]
    roi = next(r for r in read_rois(path) if r.label == row["label"])
    grade = check_placement(roi, truth_of(case), image=volume)
    if grade.contaminated is None:
        return HTML(f"<p>{grade}</p>")
    image = volume.slice(int(grade.slice_index or 0))
    near = crop_around(image, roi, margin_mm=30.0)
    faults = " ".join(fault.message for fault in grade.faults)
    return HTML(
        slice_html(
            image,
            alt=f"The ROI {roi.label} of {row['student']} on its slice; pixels that do not belong in it are orange. {faults}",
            rois=[roi],
            overlays=[(grade.contaminated, VERMILION)],
            crop=near,
            height_px=380,
            caption=f"{row['student']}, {row['case']}, {roi.label}: {faults}",
        )
    )
