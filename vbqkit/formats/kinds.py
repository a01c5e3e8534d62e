"""What sets the frames of a series apart, and which differences are only numbers and names.

Scanners, archives and anonymisers write UIDs, echo numbers and rounded times that differ from slice to slice of one
acquisition. Frames are separated by them only where their positions repeat.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from math import isclose
from pathlib import Path

from pydicom.dataset import Dataset

from vbqkit.formats.frame_places import make_one_stack
from vbqkit.formats.headers import Frame
from vbqkit.formats.tags import integer, number, numbers, raw_bytes, word, words
from vbqkit.weighting import not_magnitude

KEYS = (
    "matrix",
    "content of the image",
    "pixel size",
    "echo time",
    "inversion time",
    "b-value",
    "image type",
    "echo number",
    "temporal position",
    "stack",
    "frame of reference",
    "series UID",
    "study UID",
    "patient ID",
)

_NEVER_JOINED = 6
"""So many of the keys, from the first, say that slices are of different kinds, and keep them apart whatever their
places."""

_MAY_BE_MISSING = (3,)
"""The echo time, which every image has: a slice whose header lacks it is kept apart only where its place is taken. (An
inversion time that is not there is no inversion.)"""

_FEWEST_FROM_STUDIES = 3
"""Single slices, each with a study UID of its own, are one acquisition from this many on: any two are evenly spaced."""

_SPACING_TOLERANCE = 1e-3

_TIME_TOLERANCE = 2e-3


def series_key(frame: Frame) -> Hashable:
    """What makes frames one series: patient, study and series UID; without UIDs, folder and series number."""
    dataset = frame.header.dataset
    uid = raw_bytes(dataset, "SeriesInstanceUID")
    place: Hashable = uid or (str(Path(frame.header.entry.name).parent), integer(dataset, "SeriesNumber"))
    return frame.header.patient, raw_bytes(dataset, "StudyInstanceUID"), place


_content = lru_cache(maxsize=256)(not_magnitude)  # a study has a handful of image types, and a slice each


def pixel_kind(dataset: Dataset) -> tuple[Hashable, ...]:
    """What makes the pixels of two frames different images: matrix, content and times."""
    image_type = words(dataset, "FrameType") or words(dataset, "ImageType")
    return (
        (integer(dataset, "Rows"), integer(dataset, "Columns")),
        (_content(image_type), word(dataset, "ComplexImageComponent")),
        numbers(dataset, "PixelSpacing"),
        number(dataset, "EffectiveEchoTime") or number(dataset, "EchoTime"),
        numbers(dataset, "InversionTimes") or numbers(dataset, "InversionTime"),
        number(dataset, "DiffusionBValue"),
        image_type,
    )


def kind_of(frame: Frame) -> tuple[Hashable, ...]:
    """The values of :data:`KEYS`, in their order."""
    dataset = frame.dataset
    return (
        *pixel_kind(dataset),
        raw_bytes(dataset, "EchoNumbers"),
        integer(dataset, "TemporalPositionIndex") or integer(dataset, "TemporalPositionIdentifier"),
        raw_bytes(dataset, "StackID"),
        raw_bytes(dataset, "FrameOfReferenceUID"),
        raw_bytes(frame.header.dataset, "SeriesInstanceUID"),
        raw_bytes(frame.header.dataset, "StudyInstanceUID"),
        raw_bytes(frame.header.dataset, "PatientID"),
    )


Kind = tuple[Hashable, ...]


def without_rounding(by_kind: Mapping[Kind, list[Frame]]) -> dict[Kind, list[Frame]]:
    """Kinds whose numbers differ by rounding only, as one."""
    if len(by_kind) == 1:
        return dict(by_kind)
    known: list[tuple[Kind, list[Frame]]] = []
    for kind, frames in by_kind.items():
        same = next((members for other, members in known if _rounded_alike(kind, other)), None)
        if same is None:
            known.append((kind, list(frames)))
        else:
            same += frames
    return dict(known)


def _rounded_alike(one: Kind, other: Kind) -> bool:
    return all(
        a == b or (i in (2, 3, 4) and _close(a, b, _SPACING_TOLERANCE if i == 2 else _TIME_TOLERANCE))
        for i, (a, b) in enumerate(zip(one, other, strict=True))
    )


def _close(one: object, other: object, tolerance: float) -> bool:
    """Whether two numbers, or two tuples of numbers, agree to a share of their size."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_close(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if not isinstance(one, float) or not isinstance(other, float):
        return False
    return isclose(one, other, rel_tol=tolerance, abs_tol=1e-6)


def joined_kinds(kinds: Mapping[Kind, list[Frame]]) -> list[tuple[Kind, list[Frame], tuple[str, ...]]]:
    """Kinds that differ by numbers and names only, joined where their slices make one stack together."""
    families: dict[Kind, list[tuple[Kind, list[Frame]]]] = {}
    for kind, frames in kinds.items():
        own = kind[:_NEVER_JOINED]
        base = next((known for known in families if _rounded_alike(*_without_missing(known, own))), own)
        families.setdefault(base, []).append((kind, frames))
    result: list[tuple[Kind, list[Frame], tuple[str, ...]]] = []
    for members in families.values():
        together = [frame for _, frames in members for frame in frames]
        if len(members) > 1 and make_one_stack(together):
            differs = tuple(
                name
                for i, name in enumerate(KEYS)
                if (i >= _NEVER_JOINED or (i in _MAY_BE_MISSING and any(_missing(kind[i]) for kind, _ in members)))
                and len({kind[i] for kind, _ in members}) > 1
            )
            result.append((members[0][0], together, differs))
        else:
            result += [(kind, frames, ()) for kind, frames in members]
    return result


def _missing(value: Hashable) -> bool:
    return value is None or value == ()


def _without_missing(one: Kind, other: Kind) -> tuple[Kind, Kind]:
    """Both kinds without the times that one of them lacks."""
    skip = {i for i in _MAY_BE_MISSING if _missing(one[i]) or _missing(other[i])}
    first, second = (tuple(None if i in skip else v for i, v in enumerate(kind)) for kind in (one, other))
    return first, second


def most_complete(frames: Sequence[Frame]) -> Frame:
    """The first frame that lacks the fewest of the times by which its neighbours are known."""
    return min(frames, key=lambda frame: sum(_missing(kind_of(frame)[i]) for i in _MAY_BE_MISSING))


def joined_series(groups: Iterable[list[Frame]]) -> list[list[Frame]]:
    """Series as the UIDs tell them apart, joined where a UID or number differs from slice to slice of one acquisition.

    Joined are single slices, or series of one number, that agree in patient, study, description and timing, and make
    one evenly spaced stack together. A study UID that differs too (anonymisers write one for each file) keeps single
    slices of one day apart only where there are few of them.
    """
    families: dict[Hashable, list[list[Frame]]] = {}
    for frames in groups:
        dataset = frames[0].header.dataset
        alone = len(frames) == 1
        family = (
            frames[0].header.patient,
            raw_bytes(dataset, "StudyDate") if alone else raw_bytes(dataset, "StudyInstanceUID"),
            raw_bytes(dataset, "SeriesDescription"),
            raw_bytes(dataset, "ProtocolName"),
            numbers(dataset, "RepetitionTime"),
            None if alone else integer(dataset, "SeriesNumber"),
            alone,
        )
        families.setdefault(family, []).append(frames)
    result: list[list[Frame]] = []
    for family_groups in families.values():
        if len({raw_bytes(frames[0].header.dataset, "StudyInstanceUID") for frames in family_groups}) == 1:
            result += _joined_family(family_groups)
            continue
        by_study: dict[bytes, list[list[Frame]]] = {}
        for frames in family_groups:
            by_study.setdefault(raw_bytes(frames[0].header.dataset, "StudyInstanceUID"), []).append(frames)
        all_apart = len(by_study) == len(family_groups) >= _FEWEST_FROM_STUDIES
        together = _joined_family(family_groups) if all_apart else family_groups
        result += (
            together if len(together) == 1 else [g for groups in by_study.values() for g in _joined_family(groups)]
        )
    return result


def _joined_family(groups: list[list[Frame]]) -> list[list[Frame]]:
    """The groups as one, if they are of one kind and make one stack; else as they are."""
    together = [frame for frames in groups for frame in frames]
    same = len(groups) > 1 and len(without_rounding({kind_of(f)[:_NEVER_JOINED]: [f] for f in together})) == 1
    return [together] if same and make_one_stack(together) else groups
