"""DICOM files in, one :class:`~vbqkit.study.Series` per stack out: headers now, pixels when asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution, FormatError, GeometryError, VbqkitError, shown
from vbqkit.formats.acquisitions import acquisition_of, rescale_of
from vbqkit.formats.content import with_contrast
from vbqkit.formats.copies import without_copies
from vbqkit.formats.files import Entry, Open, Place
from vbqkit.formats.frame_places import normal_of
from vbqkit.formats.gray_levels import gray_level_cautions
from vbqkit.formats.headers import Frame, Header, frames_of, looks_like_dicom, read_header
from vbqkit.formats.kinds import joined_series, most_complete, series_key
from vbqkit.formats.linked_frames import FrameLink, frame_links
from vbqkit.formats.padding import padded_pixels
from vbqkit.formats.pixels import Stored, check_pixels, holds_floats, read_stored, stored_range
from vbqkit.formats.stacks import Stack, make_stacks, stack_geometry, step_known
from vbqkit.formats.tags import integer, numbers, raw_bytes, tag_text, text, word
from vbqkit.image import FloatArray, Volume, plane_name
from vbqkit.protocol_words import safe_text
from vbqkit.study import Series
from vbqkit.weighting import refusal_reason

Progress = Callable[[int, int], None]
_ABOUT = ("about", "ca", "circa")
_DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")

_PROJECTIONS = frozenset({"CR", "DX", "IO", "MG", "PX", "RF", "RG", "XA"})
"""Modalities whose images are no slices and have no plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomOptions:
    """What the caller states, because no header can be trusted for it."""

    weighting: Weighting | None = None
    on_gap: str = "refuse"
    pixel_spacing_mm: tuple[float, float] | None = None
    accept_derived: bool = False
    link_frames: bool = False


def read_headers(
    entries: Sequence[Entry], open_entry: Open, *, progress: Progress | None = None
) -> tuple[list[Header], list[Caution], list[Entry]]:
    """Headers of every DICOM image among the entries, a caution for each file that is damaged, and what is no image.

    Files that neither are DICOM nor claim to be (by ``.dcm`` or ``.ima``) are no images, nor are reports and
    presentation states.
    """
    headers: list[Header] = []
    cautions: list[Caution] = []
    others: list[Entry] = []
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # pydicom warns of every value that breaks a rule; what matters is reported here
        for done, entry in enumerate(entries, start=1):
            try:
                with open_entry(entry) as file:
                    header = read_header(file, entry, claims_dicom=entry.ends_with(*_DICOM_SUFFIXES))
                if header is None:
                    others.append(entry)
                else:
                    headers.append(header)
            except FormatError as error:
                cautions.append(Caution("unreadable-file", str(error)))
            if progress is not None:
                progress(done, len(entries))
    return headers, cautions, others


def lost_headers(headers: Sequence[Header], others: Sequence[Entry], open_entry: Open) -> Iterator[Caution]:
    """Files that may be slices whose first bytes are lost: beside images, of the same ending and of their size."""
    sizes: dict[tuple[str, str], int] = {}
    for header in headers:
        sizes.setdefault(_kind_of_name(header.entry), header.entry.size)
    like = [
        entry.name
        for entry in others
        if entry.size >= 0.5 * sizes.get(_kind_of_name(entry), float("inf")) and not _is_dicom(entry, open_entry)
    ]
    if like:
        yield Caution(
            "unreadable-file",
            f"{len(like)} files lie beside images, end like them and are as large, but are not DICOM, the first is {like[0]}. "
            "If it is a slice, its start is lost: copy or export it again.",
        )


def _is_dicom(entry: Entry, open_entry: Open) -> bool:
    """Whether a file that holds no image is DICOM all the same: a report, a presentation state, raw data."""
    with open_entry(entry) as file:
        return looks_like_dicom(file.read(132))


def _kind_of_name(entry: Entry) -> tuple[str, str]:
    folder, _, name = (entry.member or entry.name).replace("\\", "/").rpartition("/")
    ending = Path(name).suffix.lower()
    return folder, "" if ending[1:].isdecimal() else ending


def make_dicom_series(
    headers: Sequence[Header], place: Place, options: DicomOptions
) -> tuple[list[Series], list[Caution]]:
    """Series from headers, and what is odd about the study as a whole."""
    cautions: list[Caution] = []
    headers, copies = without_copies(_with_patients(headers), place)
    cautions += copies
    patients = list(dict.fromkeys(header.patient for header in headers if header.patient))
    groups: dict[Hashable, list[Frame]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for header in headers:
            try:
                frames = frames_of(header)
            except FormatError as error:
                cautions.append(Caution("unreadable-file", str(error)))
                continue
            for frame in frames:
                groups.setdefault(series_key(frame), []).append(_with_spacing(frame, options))
        found: list[tuple[tuple[int, int], Stack, tuple[Caution, ...]]] = []
        series = joined_series(groups.values())
        uids = (raw_bytes(frames[0].header.dataset, "StudyInstanceUID") for frames in series)
        studies = list(dict.fromkeys(uid for uid in uids if uid))
        for order, frames in enumerate(series):
            extra = (*_several_patients(frames[0], patients), *_several_studies(frames[0], studies))
            stacks = make_stacks(frames, on_gap=options.on_gap)
            number = integer(frames[0].header.dataset, "SeriesNumber")
            found += [((number if number is not None else 10**9, order), stack, extra) for stack in stacks]
        found.sort(key=lambda one: one[0])
        links = frame_links([stack for _, stack, _ in found]) if options.link_frames else [None] * len(found)
        made = [
            _series(stack, place, options, extra, link) for (_, stack, extra), link in zip(found, links, strict=True)
        ]
    if len(patients) > 1:
        cautions.append(
            Caution(
                "several-patients",
                f"The files belong to {len(patients)} patients, by {tag_text('PatientID')}: read one patient's folder at a time "
                "before scoring.",
            )
        )
    if len(studies) > 1:
        cautions.append(
            Caution(
                "several-studies",
                f"The files belong to {len(studies)} examinations, by {tag_text('StudyInstanceUID')}: series of different "
                "examinations make no common score.",
            )
        )
    return made, cautions


def _with_patients(headers: Sequence[Header]) -> list[Header]:
    """Headers without PatientID count as those of the one patient whom the rest of their series names."""
    named: dict[bytes, set[bytes]] = {}
    for header in headers:
        if raw_bytes(header.dataset, "PatientID"):
            named.setdefault(raw_bytes(header.dataset, "SeriesInstanceUID"), set()).add(header.patient)
    found = []
    for header in headers:
        uid = raw_bytes(header.dataset, "SeriesInstanceUID")
        known = named.get(uid, set()) if uid and not raw_bytes(header.dataset, "PatientID") else set()
        found.append(replace(header, patient=next(iter(known))) if len(known) == 1 else header)
    return found


def _with_spacing(frame: Frame, options: DicomOptions) -> Frame:
    if options.pixel_spacing_mm is None or frame.spacing is not None:
        return frame
    return Frame(frame.header, frame.number, frame.dataset, frame.position, frame.orientation, options.pixel_spacing_mm)


def _several_patients(frame: Frame, patients: list[bytes]) -> tuple[Caution, ...]:
    if len(patients) < 2:
        return ()
    which = patients.index(frame.header.patient) + 1 if frame.header.patient in patients else "unknown"
    return (
        Caution(
            "several-patients",
            f"This series is of patient {which} of {len(patients)} whose files lie together here: never mix them in one score.",
        ),
    )


def _several_studies(frame: Frame, studies: list[bytes]) -> tuple[Caution, ...]:
    if len(studies) < 2:
        return ()
    uid = raw_bytes(frame.header.dataset, "StudyInstanceUID")
    which = studies.index(uid) + 1 if uid in studies else "unknown"
    return (
        Caution(
            "several-studies",
            f"This series is of examination {which} of {len(studies)} whose files lie together here: do not mix them in one "
            "score.",
        ),
    )


def _series(
    stack: Stack, place: Place, options: DicomOptions, extra: tuple[Caution, ...], link: FrameLink | None
) -> Series:
    first = stack.frames[0]
    told = most_complete(stack.frames) if stack.joined else first
    told = with_contrast(stack.frames) or told
    acquisition, cautions = acquisition_of(told, weighting=options.weighting)
    if link is not None:
        acquisition = replace(acquisition, frame_of_reference_uid=link.uid, linked_frames=link.others)
        extra = (*extra, *link.cautions)
    plane = None if stack.problem and first.orientation is None else _plane(first)
    headers = {id(frame.header): frame.header for frame in stack.frames}.values()
    problem = stack.problem or next((reason for header in headers if (reason := check_pixels(header))), None)
    cautions = (
        *extra,
        *_separated(stack),
        *cautions,
        *_rescale_cautions(stack),
        *_accepted(acquisition, options),
        *_geometry_cautions(stack),
    )
    shape = (len(stack.frames), integer(first.dataset, "Rows") or 0, integer(first.dataset, "Columns") or 0)

    forbidden = refusal_reason(acquisition, plane, accept_derived=options.accept_derived)
    no_slices = acquisition.modality in _PROJECTIONS and stack.problem is not None  # its header is as it should be
    refusal = "; ".join(reason for reason in (forbidden, None if no_slices else problem) if reason) or None
    error: VbqkitError | None = None
    if problem is not None:
        error = (GeometryError if stack.problem else FormatError)(problem)
    return Series(
        acquisition=acquisition,
        shape=shape,
        spacing_mm=None if problem else _spacing_mm(stack),
        plane=plane,
        read=partial(_read_volume, stack, place, acquisition, cautions, refusal, error),
        source=_source_name(stack),
        cautions=cautions,
        refusal=refusal,
        patient_id=_said(first, "PatientID"),
        study_date=_date(first),
    )


def _said(frame: Frame, keyword: str) -> str | None:
    value = text(frame.header.dataset, keyword)
    return shown(value) if value else None


def _date(frame: Frame) -> str | None:
    written = word(frame.header.dataset, "StudyDate") or ""
    digits = written.replace(".", "").replace("-", "")
    if len(digits) != 8 or not digits.isdecimal():
        parts = shown(written, 16).split()
        return " ".join(p if p in _ABOUT or not any(map(str.isalpha, p)) else safe_text(p) for p in parts) or None
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _plane(frame: Frame) -> str | None:
    if frame.orientation is None:
        return None
    normal = normal_of(frame.orientation)
    return plane_name(normal) if np.isfinite(normal).all() else None


def _spacing_mm(stack: Stack) -> tuple[float, float, float]:
    affine = stack_geometry(stack)
    assert stack.frames[0].orientation is not None
    assert stack.frames[0].spacing is not None
    rows, cols = stack.frames[0].spacing
    step = abs(float(affine[:3, 0] @ normal_of(stack.frames[0].orientation)))
    return (step if step_known(stack) else float("nan"), rows, cols)


def _source_name(stack: Stack) -> str:
    names = list(dict.fromkeys(frame.header.entry.name for frame in stack.frames))
    if len(names) == 1:
        return names[0]
    return f"{Path(names[0]).parent} ({len(names)} files)"


def _separated(stack: Stack) -> tuple[Caution, ...]:
    number, total = stack.part
    found: tuple[Caution, ...] = ()
    if stack.joined:
        found = (
            Caution(
                "joined",
                f"Its slices differ in {', '.join(stack.joined)}, but make one evenly spaced stack: they are read as one "
                "series. Check that they are one acquisition.",
            ),
        )
    if total == 1:
        return found
    return (
        *found,
        Caution(
            "separated",
            f"Part {number} of {total} of its series, separated by {', '.join(stack.separated_by)}.",
        ),
    )


def _accepted(acquisition: Acquisition, options: DicomOptions) -> tuple[Caution, ...]:
    if not options.accept_derived or not {"DERIVED", "SECONDARY"} & {v.upper() for v in acquisition.image_type}:
        return ()
    image_type = "\\".join(acquisition.image_type)
    return (
        Caution(
            "derived-accepted",
            f"{tag_text('ImageType')} says {image_type}, and the user stated that this is an original.",
        ),
    )


def _rescale_cautions(stack: Stack) -> tuple[Caution, ...]:
    if len({rescale_of(frame) for frame in stack.frames}) == 1:
        return ()
    return (
        Caution(
            "rescale-varies",
            f"{tag_text('RescaleSlope')} or intercept differs between slices; each slice was rescaled by its own. Compare "
            "signals of different slices with care.",
        ),
    )


def _geometry_cautions(stack: Stack) -> Iterator[Caution]:
    first = stack.frames[0]
    if not step_known(stack):
        yield Caution(
            "slice-distance-unknown",
            f"A single slice without {tag_text('SliceThickness')}: its thickness is unknown, so nothing can be measured "
            "across it.",
        )
    if first.spacing is not None and not numbers(first.dataset, "PixelSpacing"):
        yield Caution(
            "pixel-spacing-stated",
            f"{tag_text('PixelSpacing')} is missing; the pixel size of {first.spacing[0]:g} x {first.spacing[1]:g} mm was stated by "
            "the user, and every length and area depends on it.",
        )
    if stack.left_out:
        yield Caution(
            "slices-left-out",
            f"{stack.left_out} slices beyond a gap were left out: this is the longest run of equally spaced slices.",
        )


def _read_volume(
    stack: Stack,
    place: Place,
    acquisition: Acquisition,
    cautions: tuple[Caution, ...],
    refusal: str | None,
    error: VbqkitError | None,
) -> Volume:
    if error is not None:
        raise error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with place.opened() as open_entry:
            stored = read_stored(stack.frames, open_entry)
    pixels, zero, largest = _rescaled(stored.values, stack)
    padding = padded_pixels(stored.values, stack.frames[0].header)
    return Volume(
        pixels,
        stack_geometry(stack),
        thickness_mm=acquisition.slice_thickness_mm,
        zero_value=zero,
        max_storable=largest,
        acquisition=acquisition,
        cautions=(*cautions, *_pixel_cautions(stored, stack, padding)),
        refusal=refusal,
        step_known=step_known(stack),
        padding=padding,
    )


def _pixel_cautions(stored: Stored, stack: Stack, padding: npt.NDArray[np.bool_] | None) -> Iterator[Caution]:
    """What only the pixels can tell."""
    header = stack.frames[0].header
    if stored.turned:
        yield Caution(
            "monochrome1",
            f"{tag_text('PhotometricInterpretation')} is MONOCHROME1, the smallest value white: the values were turned round "
            "about the middle of what the file can hold. If the file was inverted otherwise, ratios such as VBQ are wrong. "
            "Ask for the original.",
        )
    if stored.cut:
        yield Caution(
            "bits-above-stored",
            f"Values are larger than {tag_text('BitsStored')} {integer(header.dataset, 'BitsStored')} allows, and no overlay "
            "explains it: the bits above were cut off, as the standard says, and bright pixels may be wrong. Export the "
            "series again.",
        )
    odd = int(np.count_nonzero(~np.isfinite(stored.values))) if stored.values.dtype.kind == "f" else 0
    if odd:
        yield Caution(
            "not-finite", f"{odd} pixels of {header.entry.name} are NaN or infinite: keep ROIs away from them."
        )
    measured = stored.values if padding is None else stored.values[~padding]
    yield from gray_level_cautions(measured if measured.size else stored.values)


def _rescaled(stored: npt.NDArray[Any], stack: Stack) -> tuple[npt.NDArray[Any], float, float | None]:
    """Rescaled pixels, the value of a stored 0, and the largest storable value."""
    scales = [rescale_of(frame) for frame in stack.frames]
    floats = holds_floats(stack.frames[0].header)
    top: float | None = None if floats else stored_range(stack.frames[0].header)[1]
    (slope, intercept) = scales[0]
    if any(not np.isfinite(scale).all() or scale[0] <= 0 for scale in scales):
        bad = next(
            frame
            for frame, scale in zip(stack.frames, scales, strict=True)
            if not scale[0] > 0 or not np.isfinite(scale).all()
        )
        raise FormatError(
            f"{bad.name} has {tag_text('RescaleSlope')} {rescale_of(bad)[0]:g}; a finite number above 0 is needed. Export it again."
        )
    if all(scale == (1.0, 0.0) for scale in scales):
        return stored, 0.0, None if top is None else float(top)
    slopes: FloatArray = np.array([scale[0] for scale in scales])[:, None, None]
    intercepts: FloatArray = np.array([scale[1] for scale in scales])[:, None, None]
    pixels = stored * slopes + intercepts
    same = len(set(scales)) == 1
    zero = intercept if len({scale[1] for scale in scales}) == 1 else float("nan")
    return pixels, zero, top * slope + intercept if same and top is not None else None
