"""What every ROI file gives, whatever its format: the ROIs, and what the file says of the images they were drawn on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vbqkit.acquisition import Weighting
from vbqkit.errors import Caution, FormatError
from vbqkit.image import Slice, Volume
from vbqkit.roi import Roi
from vbqkit.roi.origin import WAITING_CODE, Origin, ProposedPlace, origin_cautions, origin_of

DOUBTS = {
    "other-study": "were drawn in another examination, by StudyInstanceUID (0020,000d): another day, or another patient",
    "frame-of-reference": "came from a file without frame of reference, so it cannot be checked that they belong here",
    "damaged-rois": "came from a damaged file, of which only parts could be read",
}
"""What may be doubtful about ROIs that were brought in from another file, by code: it is saved with them."""


def doubts_of(codes: Iterable[str], source: str) -> tuple[Caution, ...]:
    """The cautions of a file whose ROIs came in part from other files; codes that are not known say nothing.

    Examples
    --------
    >>> [caution.code for caution in doubts_of(["other-study", "new"], "case.vbqkit.json")]
    ['other-study']
    """
    return tuple(
        Caution(code, f"Some of the ROIs in {source} {DOUBTS[code]}. Look at them on the image.")
        for code in codes
        if code in DOUBTS
    )


def study_digest(study_uid: str) -> str:
    """A UID as a one-way hash: whoever has the images can compare it with theirs, and nobody else can use it.

    Examples
    --------
    >>> study_digest("1.2.3")
    'sha256:c47f5b18b8a430e698b9fe15e51f6119'
    """
    return f"sha256:{hashlib.sha256(study_uid.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiFile:
    """The ROIs of a file, and the images they were drawn on.

    Attributes
    ----------
    rois : tuple of Roi
        In the order of the file.
    frame_of_reference_uid, study_uid, series_uid : str or None
        Of the series on which they were drawn.
    study_digest, frame_digest, series_digest : str or None
        Of their study, frame of reference and series, where the file does not give the UIDs away.
    weighting : str
        Weighting of that series as its reader knew it, from the header or stated; ``"unknown"`` if not.
    source : str
        The file, for messages.
    cautions : tuple of Caution
        What is odd about the file: parts of it that are damaged.
    places : tuple of ProposedPlace or None
        For each ROI what was proposed automatically before a reader accepted or corrected it; None, or no entry, for
        one that the reader placed.
    proposed : tuple of (Roi, ProposedPlace)
        ROIs that were proposed automatically and that no reader has accepted: they are not among `rois`, so that
        nothing measures them.
    """

    rois: tuple[Roi, ...]
    frame_of_reference_uid: str | None = None
    study_uid: str | None = None
    series_uid: str | None = None
    study_digest: str | None = None
    frame_digest: str | None = None
    series_digest: str | None = None
    weighting: Weighting = "unknown"
    source: str = ""
    cautions: tuple[Caution, ...] = ()
    places: tuple[ProposedPlace | None, ...] = ()
    proposed: tuple[tuple[Roi, ProposedPlace], ...] = ()

    def __len__(self) -> int:
        return len(self.rois)

    def __iter__(self) -> Iterator[Roi]:
        return iter(self.rois)

    @property
    def with_places(self) -> tuple[tuple[Roi, ProposedPlace | None], ...]:
        """Each ROI with what was proposed for it."""
        places = self.places or (None,) * len(self.rois)
        return tuple(zip(self.rois, places, strict=True))

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where each ROI comes from: placed, accepted or corrected."""
        return tuple(origin_of(roi, place) for roi, place in self.with_places)

    def accepted(self) -> RoiFile:
        """The same file with what was only proposed taken as accepted; every score from it says so."""
        places = self.places or (None,) * len(self.rois)
        return replace(
            self,
            rois=(*self.rois, *(roi for roi, _ in self.proposed)),
            places=(*places, *(place for _, place in self.proposed)),
            proposed=(),
        )

    def check(self, image: Volume | Slice) -> tuple[Caution, ...]:
        """What a score from these ROIs must say: whether they belong on an image, and which were proposed.

        Raises
        ------
        FormatError
            As :meth:`belongs`.
        """
        return (*self.belongs(image), *origin_cautions(self.with_places), *self._waiting())

    def _waiting(self) -> tuple[Caution, ...]:
        if not self.proposed:
            return ()
        labels = ", ".join(roi.label or "?" for roi, _ in self.proposed)
        return (
            Caution(
                WAITING_CODE,
                f"{self.source or 'The ROI file'} also holds ROIs that were proposed automatically and that no reader has accepted: "
                f"{labels}. They are not measured. Open the file in the ROI studio to accept or correct them.",
            ),
        )

    def belongs(self, image: Volume | Slice) -> tuple[Caution, ...]:
        """Whether the ROIs belong on an image; cautions where that cannot be told.

        Raises
        ------
        FormatError
            If the image has another frame of reference: the same coordinates are another place in the body.
        """
        a = image.acquisition
        uid, digest, ours = self.frame_of_reference_uid, self.frame_digest, a.frame_of_reference_uid
        if (uid is None and digest is None) or ours is None:
            which = "The image" if uid or digest else f"The ROI file {self.source}"
            return (
                *self.cautions,
                Caution(
                    "frame-of-reference",
                    f"{which} names no frame of reference, so it cannot be checked that the ROIs belong to this examination. "
                    "Look at them on the image.",
                ),
                *self._of_other_study(image),
            )
        if not any(_same(uid, digest, frame) for frame in (ours, *a.linked_frames)):
            raise FormatError(
                f"The ROIs in {self.source} were drawn in another frame of reference than FrameOfReferenceUID (0020,0052) of the "
                "image: another examination, or the patient was moved. Open the series they were drawn on, or draw them "
                "again. If an anonymiser gave each series its own, read them with link_frames=True (--link-frames)."
            )
        return (*self.cautions, *self._of_other_study(image))

    def drawn_on(self, series_uid: str | None) -> bool:
        """Whether the ROIs were drawn on this very series; False where either does not say."""
        return series_uid is not None and _same(self.series_uid, self.series_digest, series_uid)

    def _of_other_study(self, image: Volume | Slice) -> tuple[Caution, ...]:
        ours = image.acquisition.study_uid
        if ours is None or (self.study_uid is None and self.study_digest is None):
            return ()
        if _same(self.study_uid, self.study_digest, ours):
            return ()
        return (
            Caution(
                "other-study",
                f"The ROIs in {self.source} were drawn in another examination than the image shown, by StudyInstanceUID "
                "(0020,000d): another day, or another patient. Look at them on the image, or draw them again.",
            ),
        )


def _same(uid: str | None, digest: str | None, ours: str) -> bool:
    """Whether a UID, or its digest where the file has that alone, is ours."""
    return uid == ours if uid is not None else digest == study_digest(ours)
