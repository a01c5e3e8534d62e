"""Files that were sent twice: copies byte for byte, and slices sent again under new UIDs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence

from vbqkit.errors import Caution
from vbqkit.formats.files import Open, Place
from vbqkit.formats.headers import Header
from vbqkit.formats.kinds import pixel_kind
from vbqkit.formats.tags import integer, numbers, raw_bytes, word


def without_copies(headers: Sequence[Header], place: Place) -> tuple[list[Header], list[Caution]]:
    """The headers without those of copies, and a caution that says how many were left out.

    Files of one UID that differ are kept: they are separated later. Files of other UIDs are copies only if their place,
    their numbers and every pixel agree; of two series, the smaller one loses its slices.
    """
    kept, doubles = _distinct(headers, place)
    again: int = 0
    if len(kept) > 1:
        before = len(kept)
        kept = _without_resent(kept, place)
        again = before - len(kept)
    cautions = []
    if doubles:
        cautions.append(Caution("copies", f"{doubles} files are exact copies of others and were left out."))
    if again:
        cautions.append(
            Caution("copies", f"{again} files hold the same pixels as others under another UID and were left out.")
        )
    return kept, cautions


def _distinct(headers: Sequence[Header], place: Place) -> tuple[list[Header], int]:
    by_uid: dict[Hashable, list[Header]] = {}
    for header in headers:
        by_uid.setdefault((word(header.dataset, "SOPInstanceUID"), header.entry.size), []).append(header)
    if len(by_uid) == len(headers):
        return list(headers), 0
    dropped: set[int] = set()
    with place.opened() as open_entry:
        for same in by_uid.values():
            dropped |= _repeated(same, open_entry, whole=True) if len(same) > 1 else set()
    return [header for header in headers if id(header) not in dropped], len(dropped)


def _without_resent(headers: list[Header], place: Place) -> list[Header]:
    at_place: dict[Hashable, list[Header]] = {}
    for header in headers:
        key = _place_key(header)
        if key is not None:
            at_place.setdefault(key, []).append(header)
    suspects: dict[Hashable, list[Header]] = {}
    for key, same in at_place.items():
        for header in same:
            suspects.setdefault((key, pixel_kind(header.dataset) if len(same) > 1 else ()), []).append(header)
    if len(suspects) == len(headers) or all(len(same) == 1 for same in suspects.values()):
        return headers
    slices = Counter(raw_bytes(header.dataset, "SeriesInstanceUID") for header in headers)
    dropped: set[int] = set()
    with place.opened() as open_entry:
        for same in suspects.values():
            if len(same) > 1:
                ordered = sorted(same, key=lambda header: -slices[raw_bytes(header.dataset, "SeriesInstanceUID")])
                dropped |= _repeated(ordered, open_entry, whole=False)
    return [header for header in headers if id(header) not in dropped]


def _place_key(header: Header) -> Hashable | None:
    dataset = header.dataset
    if header.pixel_offset is None or word(dataset, "SOPInstanceUID") is None:
        return None
    if (integer(dataset, "NumberOfFrames") or 1) > 1:
        return None
    position = numbers(dataset, "ImagePositionPatient")
    if len(position) != 3:
        return None
    return (
        header.patient,
        raw_bytes(dataset, "StudyInstanceUID"),
        position,
        numbers(dataset, "ImageOrientationPatient"),
        integer(dataset, "InstanceNumber"),
        integer(dataset, "AcquisitionNumber"),
        header.transfer_syntax,
    )


def _repeated(headers: Sequence[Header], open_entry: Open, *, whole: bool) -> set[int]:
    """Those of the headers whose file, or whose pixels, were there before."""
    seen: set[bytes] = set()
    repeated: set[int] = set()
    for header in headers:
        with open_entry(header.entry) as file:
            file.seek(0 if whole else header.pixel_offset or 0)
            digest = hashlib.sha256(file.read()).digest()
        if digest in seen:
            repeated.add(id(header))
        seen.add(digest)
    return repeated
