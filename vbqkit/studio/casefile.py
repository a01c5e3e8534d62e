"""The file that a studio keeps its ROIs in: written whole after every change, shared without loss by several studios.

It is an ordinary ROI file (:mod:`vbqkit.formats.roi_json`) with one more key, ``studio``: for each ROI its id, lock,
hiding and series shifts, the level strip, annotations (rulers and the like), and what there is to say of ROIs that
were proposed automatically. Every reader of ROI files reads it. It holds no pixels, no name and no UID, as these lead
to the patient in an archive; only what is needed to tell whether the ROIs fit: one-way hashes of FrameOfReferenceUID
and StudyInstanceUID. A file keeps the study and frame that its ROIs came with, whatever images it is opened on, and
what was doubtful about files that ROIs were imported from, so that a caution about them does not go away.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vbqkit.errors import Caution, FormatError, RoiError
from vbqkit.formats.file_lock import lock
from vbqkit.formats.roi_file import DOUBTS, RoiFile, study_digest
from vbqkit.formats.roi_json import read_roi_json, write_roi_json
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.studio.annotations import Annotations, merged_annotations, read_annotations
from vbqkit.studio.drawn_roi import DrawnRoi, from_wire, to_wire
from vbqkit.studio.presence import lock_path

Drawn = tuple[DrawnRoi, ...]

_EXTRAS = ("id", "frame", "locked", "hidden", "shifts")


@dataclass(frozen=True)
class SavedCase:
    """What a case file holds, and the cautions about whether it belongs to the image."""

    drawn: Drawn = ()
    levels: tuple[str, ...] = ()
    frame_digest: str | None = None
    study_digest: str | None = None
    cautions: tuple[Caution, ...] = ()
    doubts: frozenset[str] = frozenset()
    proposal: dict[str, Any] = field(default_factory=dict)
    annotations: Annotations = ()
    problems: tuple[str, ...] = ()
    """Which annotations could not be read."""


class CaseFile:
    """One studio's hold on a case file.

    Parameters
    ----------
    path : Path
        The file; it need not exist yet.
    image : Volume or None
        Says the frame of reference.
    """

    def __init__(self, path: Path, image: Volume | None) -> None:
        if path.is_dir():
            raise FormatError(
                f"The case file {path} is a folder. Give the name of a file in it, such as case.vbqkit.json."
            )
        self.path = path.expanduser().resolve()
        self.image = image
        self._known: dict[str, dict[str, Any]] = {}  # what this studio last read or wrote, by id
        self.annotations: Annotations = ()  # likewise
        self._stamp: tuple[int, int] | None = None
        self._from: SavedCase | None = None  # whose frame and study the ROIs in the file are of
        self._found: tuple[Caution, ...] = ()  # by reading it: they are found again each time
        self._doubts: frozenset[str] = frozenset()  # about what was imported

    def changed(self) -> bool:
        """Whether somebody else wrote since this studio last read or wrote."""
        return self._stat() != self._stamp

    def elsewhere(self) -> CaseFile:
        """A hold on a new file beside this one, for a file that must not be written over."""
        for number in range(2, 1000):
            other = self.path.with_name(f"{self.path.name.split('.')[0]}-{number}.vbqkit.json")
            if not other.exists():
                return CaseFile(other, self.image)
        raise FormatError(
            f"There are too many files named like {self.path}. Tidy the folder, or give another case_file."
        )

    def _stat(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size)

    def read(self) -> SavedCase:
        """What the file holds; an empty case if there is no file.

        Raises
        ------
        FormatError
            If it cannot be read, is of another version, or was drawn in another frame of reference.
        """
        if not self.path.exists():
            return SavedCase()
        stamp = self._stat()
        case = read_case(self.path, self.image)
        self._known = {one.id: to_wire(one) for one in case.drawn}
        self.annotations = case.annotations
        self._stamp = stamp
        self._take_origin(case)
        return case

    def _take_origin(self, case: SavedCase) -> None:
        """Remember whose ROIs the file holds, and what is doubtful about those that came from other files."""
        self._found = (*self._found, *case.cautions)
        self._from = case if case.drawn else None
        self._doubts |= case.doubts if case.drawn else frozenset()

    def write(
        self,
        drawn: Drawn,
        levels: Sequence[str],
        cautions: Iterable[Caution] = (),
        proposal: Mapping[str, Any] = MappingProxyType({}),
        annotations: Annotations = (),
    ) -> Drawn:
        """Write, after taking in what others wrote; returns what the file holds now.

        `cautions` are of the files that ROIs were imported from; their codes are saved. `proposal` is what there is to
        say of ROIs that wait to be accepted.

        A ROI that only one side changed is taken from that side. Where both changed the same ROI, both are kept: the
        other's under its id, this studio's under a new one.
        """
        with self._locked():
            if self._stat() != self._stamp and self.path.exists():
                theirs = read_case(self.path, self.image)
                drawn = merged(self._known, drawn, theirs.drawn)
                annotations = merged_annotations(self.annotations, annotations, theirs.annotations)
                self._take_origin(theirs)
            self._doubts |= {caution.code for caution in cautions if caution not in self._found} & set(DOUBTS)
            if not drawn:
                self._from, self._doubts = None, frozenset()
            write_case(
                self.path,
                drawn,
                levels,
                self.image,
                origin=self._from,
                doubts=self._doubts,
                proposal=proposal,
                annotations=annotations,
            )
            self._stamp = self._stat()
        self.annotations = annotations
        self._known = {one.id: to_wire(one) for one in drawn}
        return drawn

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, where the file system can say so; the lock goes with the process, even if it dies."""
        with ExitStack() as held:
            with suppress(OSError):  # of another user, or no room for it: the merge has to do
                lock(held.enter_context(lock_path(self.path, "lock").open("a")))
            yield


def merged(known: dict[str, dict[str, Any]], mine: Drawn, theirs: Drawn) -> Drawn:
    """Three-way merge of drawn ROIs by id: nothing that either side placed is lost."""
    my_wires = {one.id: to_wire(one) for one in mine}
    their_wires = {one.id: to_wire(one) for one in theirs}
    by_id = {one.id: one for one in theirs} | {one.id: one for one in mine}
    result: list[DrawnRoi] = []
    for key in [*their_wires, *(k for k in my_wires if k not in their_wires)]:
        base, own, other = known.get(key), my_wires.get(key), their_wires.get(key)
        their_roi = next((one for one in theirs if one.id == key), None)
        if other in (own, base):
            kept = [by_id[key]] if own is not None else []
        elif own == base:
            kept = [their_roi] if their_roi is not None else []
        elif own is None or other is None:  # deleted here, changed there: the change stays
            kept = [by_id[key] if own is not None else their_roi]  # type: ignore[list-item] # one of them is there
        else:
            my_roi = replace(by_id[key], id=uuid.uuid4().hex[:12])
            kept = [their_roi, my_roi]  # type: ignore[list-item] # both are there
        result += kept
    return tuple(result)


def read_case(path: Path, image: Volume | None) -> SavedCase:
    """Read a case file, or any ROI file.

    Raises
    ------
    FormatError
        As :func:`vbqkit.formats.roi_json.read_roi_json`.
    """
    file = read_roi_json(path)
    cautions = () if image is None else file.belongs(image)
    doubts = frozenset(caution.code for caution in file.cautions)
    content = json.loads(path.read_text(encoding="utf-8-sig")).get("studio")
    content = content if isinstance(content, dict) else {}
    counted, waiting = drawn_of(file)
    rois = (
        *_all_with_extras(counted, content.get("rois"), path),
        *_all_with_extras(waiting, content.get("proposed"), path),
    )
    levels = content.get("levels")
    proposal = content.get("proposal")
    annotations, problems = read_annotations(content.get("annotations", []))
    return SavedCase(
        rois,
        tuple(map(str, levels)) if isinstance(levels, list) else (),
        file.frame_digest or _digest(file.frame_of_reference_uid),
        file.study_digest or _digest(file.study_uid),
        cautions,
        doubts,
        proposal if isinstance(proposal, dict) and waiting else {},
        annotations,
        tuple(f"{path.name}: {problem}" for problem in problems),
    )


def _digest(uid: str | None) -> str | None:
    return study_digest(uid) if uid else None


def drawn_of(file: RoiFile) -> tuple[Drawn, Drawn]:
    """The ROIs of a file that count, and those that were proposed and wait to be accepted."""
    counted = tuple(DrawnRoi(roi, place=place) for roi, place in file.with_places)
    return counted, tuple(DrawnRoi(roi, place=place, accepted=False) for roi, place in file.proposed)


def drawn_from(rois: Iterable[Roi]) -> Drawn:
    """ROIs that somebody gives; of a ROI file with what was proposed for them, and what waits to be accepted."""
    if not isinstance(rois, RoiFile):
        return tuple(DrawnRoi(roi) for roi in rois)
    counted, waiting = drawn_of(rois)
    return (*counted, *waiting)


def file_of(drawn: Iterable[DrawnRoi]) -> RoiFile:
    """ROIs as a file keeps them: with what was proposed for each, and apart what nobody has accepted."""
    everything = tuple(drawn)
    counted = [one for one in everything if one.accepted]
    return RoiFile(
        rois=tuple(one.roi for one in counted),
        places=tuple(one.place for one in counted),
        proposed=tuple((one.roi, one.place) for one in everything if not one.accepted and one.place is not None),
    )


def _all_with_extras(drawn: Drawn, extras: Any, path: Path) -> Drawn:
    if not isinstance(extras, list) or len(extras) != len(drawn) or not all(isinstance(e, dict) for e in extras):
        return drawn
    return tuple(_with_extras(one, extra, path) for one, extra in zip(drawn, extras, strict=True))


def _with_extras(one: DrawnRoi, extra: dict[str, Any], path: Path) -> DrawnRoi:
    try:
        return from_wire({**to_wire(one), **{key: extra[key] for key in _EXTRAS if key in extra}})
    except RoiError as error:
        raise FormatError(f"{path}: what the studio saved beside the ROIs is damaged: {error}") from error


def _lines(drawn: Iterable[DrawnRoi]) -> str:
    """What the studio keeps beside each ROI, one a line."""
    extras = [{key: value for key, value in to_wire(one).items() if key in _EXTRAS} for one in drawn]
    return "[\n" + ",\n".join(f"   {json.dumps(extra)}" for extra in extras) + "\n  ]"


def write_case(
    path: Path,
    drawn: Sequence[DrawnRoi],
    levels: Sequence[str],
    image: Volume | None,
    *,
    origin: SavedCase | None = None,
    doubts: Iterable[str] = (),
    proposal: Mapping[str, Any] = MappingProxyType({}),
    annotations: Annotations = (),
) -> None:
    """Write a case file: complete, or not at all.

    Parameters
    ----------
    path : Path
        The file.
    drawn : sequence of DrawnRoi
        What it holds.
    levels : sequence of str
        The level strip.
    image : Volume or None
        What the ROIs were drawn on.
    origin : SavedCase, optional
        The case that the first of the ROIs came from: its frame and study are kept instead of the image's.
    doubts : iterable of str, optional
        Codes of what is doubtful about ROIs that were imported.
    proposal : mapping, optional
        What there is to say of ROIs that wait to be accepted; left out where none does.
    annotations : tuple of Annotation, optional
        Rulers and the like.

    Raises
    ------
    FormatError
        If it cannot be written.
    """
    a = None if image is None else image.acquisition
    frame, study = (None, None) if a is None else (_digest(a.frame_of_reference_uid), _digest(a.study_uid))
    if origin is not None:
        frame, study = origin.frame_digest, origin.study_digest
    no_uids = {"frame_of_reference_uid": None, "study_uid": None, "series_uid": None}
    anonymous = None if image is None else image.with_acquisition(**no_uids)
    file = file_of(drawn)
    studio = {
        "levels": json.dumps(list(levels)),
        "rois": _lines(one for one in drawn if one.accepted),
    }
    if file.proposed:
        waiting = _lines(one for one in drawn if not one.accepted)
        studio |= {"proposed": waiting, "proposal": json.dumps(dict(proposal), ensure_ascii=False)}
    if annotations:
        studio["annotations"] = json.dumps([one.to_wire() for one in annotations])
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_roi_json(
            draft,
            file,
            image=anonymous,
            study_digest=study,
            frame_digest=frame,
            doubts=doubts,
            places=file.places,
            proposed=file.proposed,
        )
        text = draft.read_text(encoding="utf-8").rstrip().removesuffix("}").rstrip()
        body = ",\n".join(f'  "{key}": {value}' for key, value in studio.items())
        draft.write_text(f'{text},\n "studio": {{\n{body}\n }}\n}}\n', encoding="utf-8")
        draft.replace(path)
    except (OSError, FormatError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise FormatError(
            f"The case file {path} cannot be written: {cause.strerror}. The ROIs stay in the studio, and with every change it is tried "
            "again. Make room, or see that you may write there; or export them."
        ) from error
    finally:
        if draft.exists():
            draft.unlink()
