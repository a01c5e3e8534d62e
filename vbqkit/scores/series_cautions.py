"""What is odd about the series of a case and the file of its ROIs: it travels with every score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from vbqkit.errors import Caution
from vbqkit.image import Slice, Volume


@runtime_checkable
class FromFile(Protocol):
    """ROIs that know which images they were drawn on, as :class:`vbqkit.formats.RoiFile` does."""

    def check(self, image: Volume | Slice) -> tuple[Caution, ...]:
        """Whether they belong on an image; cautions where that cannot be known."""
        ...


def cautions_of(volumes: Mapping[str, Volume], rois: object = ()) -> dict[str, tuple[Caution, ...]]:
    """What is odd about each series, and about the file of the ROIs on it, by weighting; those without are not in it.

    Parameters
    ----------
    volumes : mapping of str to Volume
        By weighting.
    rois : RoiFile, optional
        As it was read; bare ROIs know nothing of their file.

    Raises
    ------
    FormatError
        If the file was drawn in another frame of reference.
    """
    found = {}
    between = tuple(_between(volumes))
    for weighting, volume in volumes.items():
        from_file = rois.check(volume) if isinstance(rois, FromFile) else ()
        known = {caution.code for caution in volume.cautions}
        others = (caution for caution in between if caution.code not in known)
        found[weighting] = tuple(dict.fromkeys((*volume.cautions, *others, *from_file)))
    return {weighting: cautions for weighting, cautions in found.items() if cautions}


def _between(volumes: Mapping[str, Volume]) -> Iterator[Caution]:
    """What only the comparison of the series shows."""
    listed = {w: v.acquisition for w, v in volumes.items()}
    studies = {w: a.study_uid for w, a in listed.items() if a.study_uid is not None}
    frames = {w: a.frame_of_reference_uid for w, a in listed.items() if a.frame_of_reference_uid is not None}
    if len(set(studies.values())) > 1:
        yield Caution(
            "several-studies",
            f"The {', '.join(studies)} series are of {len(set(studies.values()))} examinations, by StudyInstanceUID (0020,000d): series of "
            "different examinations make no common score. Check whose images these are, and when they were made.",
        )
    if len(set(frames.values())) > 1:
        yield Caution(
            "several-frames",
            f"The {', '.join(frames)} series have different frames of reference (0020,0052): the same coordinates may be another place in "
            "the body. Look at the ROIs on each of them.",
        )
