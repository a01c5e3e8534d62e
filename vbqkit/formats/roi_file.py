"""What every ROI file gives, whatever its format: the ROIs, and what the file says of the images they were drawn on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vbqkit.acquisition import Weighting
from vbqkit.errors import Caution, FormatError
from vbqkit.image import Slice, Volume
from vbqkit.roi import Roi


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiFile:
    """The ROIs of a file, and the images they were drawn on.

    Attributes
    ----------
    rois : tuple of Roi
        In the order of the file.
    frame_of_reference_uid, study_uid, series_uid : str or None
        Of the series on which they were drawn.
    weighting : str
        Weighting of that series as its reader knew it, from the header or stated; ``"unknown"`` if not.
    source : str
        The file, for messages.
    cautions : tuple of Caution
        What is odd about the file: parts of it that are damaged.
    """

    rois: tuple[Roi, ...]
    frame_of_reference_uid: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    weighting: Weighting = "unknown"
    source: str = ""
    cautions: tuple[Caution, ...] = ()

    def __len__(self) -> int:
        return len(self.rois)

    def __iter__(self) -> Iterator[Roi]:
        return iter(self.rois)

    def check(self, image: Volume | Slice) -> tuple[Caution, ...]:
        """Whether the ROIs belong on an image; cautions where that cannot be told.

        Raises
        ------
        FormatError
            If the image has another frame of reference: the same coordinates are another place in the body.
        """
        theirs, ours = self.frame_of_reference_uid, image.acquisition.frame_of_reference_uid
        if theirs is None or ours is None:
            which = f"The ROI file {self.source}" if theirs is None else "The image"
            return (
                *self.cautions,
                Caution(
                    "frame-of-reference",
                    f"{which} names no frame of reference, so it cannot be checked that the ROIs belong to this examination. "
                    "Look at them on the image.",
                ),
            )
        if theirs not in (ours, *image.acquisition.linked_frames):
            raise FormatError(
                f"The ROIs in {self.source} were drawn in another frame of reference ({theirs}, not {ours}): another "
                "examination, or the patient was moved. Open the series they were drawn on, or draw them again. If an anonymiser gave "
                "each series its own, read them with link_frames=True (--link-frames)."
            )
        if self.study_uid and image.acquisition.study_uid not in (None, self.study_uid):
            return (
                *self.cautions,
                Caution(
                    "other-study",
                    f"The ROIs in {self.source} were drawn in another examination, by StudyInstanceUID (0020,000d), although "
                    "its frame of reference is the same. Look at them on the image.",
                ),
            )
        return self.cautions
