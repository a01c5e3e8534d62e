"""Files that were sent twice: copies byte for byte, and slices sent again under new UIDs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import Caution, FormatError
from vbqkit.formats.acquisitions import acquisition_of
from vbqkit.formats.files import Open, Place
from vbqkit.formats.headers import Header, frames_of
from vbqkit.formats.kinds import pixel_kind
from vbqkit.formats.pixels import is_native, read_stored
from vbqkit.formats.tags import integer, numbers, raw_bytes, word

_PIECE = 4096  # bytes


def without_copies(headers: Sequence[Header], place: Place) -> tuple[list[Header], list[Caution]]:
    """The headers without those of copies, and a caution that says how many were left out.

    Files of one UID that differ are kept: they are separated later. Files of other UIDs, whatever their numbers, are
    copies if their place in the patient and every pixel agree, even in another transfer syntax: noise never repeats. Of
    two series, the smaller one loses its slices; but where one says more against a score (a contrast agent, fat
    suppression, whatever cautions), that one is kept: what sent it again may have lost the words.
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
            dropped |= _repeated(same, open_entry) if len(same) > 1 else set()
    return [header for header in headers if id(header) not in dropped], len(dropped)


def _without_resent(headers: list[Header], place: Place) -> list[Header]:
    at_place: dict[Hashable, list[Header]] = {}
    for header in headers:
        key = _place_key(header)
        if key is not None:
            at_place.setdefault(key, []).append(header)
    suspects: dict[Hashable, list[Header]] = {}
    for key, same in at_place.items():
        if len(same) > 1:
            for header in same:
                suspects.setdefault((key, pixel_kind(header.dataset)), []).append(header)
    repeated = [same for same in suspects.values() if len(same) > 1]
    if not repeated:
        return headers
    slices = Counter(raw_bytes(header.dataset, "SeriesInstanceUID") for header in headers)
    dropped: list[Header] = []
    with place.opened() as open_entry:
        for same in repeated:
            if _of_the_same_pixels(same, open_entry):  # seldom, and only then it matters what their headers say
                ordered = sorted(same, key=lambda h: (*_silence(h), -slices[raw_bytes(h.dataset, "SeriesInstanceUID")]))
                dropped += _of_the_same_pixels(ordered, open_entry)
        blank = {id(header) for header in dropped if _is_blank(header, open_entry)}
    # a slice of nothing is the same in every repetition: it is a copy only where slices with a picture are, too
    copied = {_series_of(header) for header in dropped if id(header) not in blank}
    gone = {id(header) for header in dropped if _series_of(header) in copied}
    return [header for header in headers if id(header) not in gone]


def _silence(header: Header) -> tuple[bool, bool, int]:
    """How little a header says against a score: it sorts the most outspoken first."""
    try:
        a, cautions = acquisition_of(frames_of(header)[0])
    except FormatError:  # reported where the file is read
        return True, True, 0
    spoken = {caution.code for caution in cautions} - {"missing-tags"}  # that only says that words were lost
    return a.contrast_agent is None, a.fat_suppressed is not True, -len(spoken)


def _series_of(header: Header) -> Hashable:
    return raw_bytes(header.dataset, "SeriesInstanceUID"), integer(header.dataset, "AcquisitionNumber")


def _place_key(header: Header) -> Hashable | None:
    """Whose slice it is and where it lies; not its numbers and UIDs, which whoever sends it again may write anew."""
    dataset = header.dataset
    if word(dataset, "SOPInstanceUID") is None or (integer(dataset, "NumberOfFrames") or 1) > 1:
        return None
    position = numbers(dataset, "ImagePositionPatient")
    if len(position) != 3:
        return None
    orientation = numbers(dataset, "ImageOrientationPatient")
    return header.patient, tuple(round(x, 2) for x in position), tuple(round(x, 3) for x in orientation)


def _of_the_same_pixels(headers: Sequence[Header], open_entry: Open) -> list[Header]:
    """Those of the headers whose pixels were there before: as bytes or, in another transfer syntax, as values."""
    by_syntax: dict[str, list[Header]] = {}
    for header in headers:
        by_syntax.setdefault(header.transfer_syntax, []).append(header)
    found: list[Header] = []
    for same in by_syntax.values():
        found += _of_the_same_bytes(same, open_entry) if len(same) > 1 else []
    if len(by_syntax) > 1:
        seen: set[bytes] = set()
        for header in (one for one in headers if one not in found):
            values = _values(header, open_entry)
            digest = None if values is None else hashlib.sha256(values.astype(np.float64).tobytes()).digest()
            if digest is not None and digest in seen:
                found.append(header)
            elif digest is not None:
                seen.add(digest)
    return found


def _of_the_same_bytes(headers: Sequence[Header], open_entry: Open) -> list[Header]:
    """A piece from the middle first: repetitions of a scan have the same places and other pixels."""
    pieces: dict[bytes, list[Header]] = {}
    for header in headers:
        pieces.setdefault(_pixel_bytes(header, open_entry, piece=True), []).append(header)
    found: list[Header] = []
    for same in pieces.values():
        seen: set[bytes] = set()
        for header in same if len(same) > 1 else ():
            digest = hashlib.sha256(_pixel_bytes(header, open_entry)).digest()
            if digest in seen:
                found.append(header)
            seen.add(digest)
    return found


def _pixel_bytes(header: Header, open_entry: Open, *, piece: bool = False) -> bytes:
    """The pixels as they are stored, without the elements around them; of a compressed or deflated file the rest."""
    start = header.pixel_offset or 0
    length = header.entry.size - start
    if header.pixel_offset is not None and is_native(header):
        start += 8 if header.dataset.original_encoding[0] else 12
        rows, cols = (integer(header.dataset, name) or 0 for name in ("Rows", "Columns"))
        length = min(length, rows * cols * (integer(header.dataset, "BitsAllocated") or 16) // 8)
    with open_entry(header.entry) as file:
        file.seek(start + (length // 2 if piece else 0))
        return file.read(min(length // 2, _PIECE) if piece else length)


def _values(header: Header, open_entry: Open) -> npt.NDArray[Any] | None:
    """The stored values; None of a damaged file, which is reported elsewhere."""
    try:
        return read_stored(frames_of(header), open_entry).values
    except FormatError:
        return None


def _is_blank(header: Header, open_entry: Open) -> bool:
    values = _values(header, open_entry)
    return values is not None and bool((values == values.flat[0]).all())


def _repeated(headers: Sequence[Header], open_entry: Open) -> set[int]:
    """Those of the headers whose file was there before, byte for byte."""
    seen: set[bytes] = set()
    repeated: set[int] = set()
    for header in headers:
        with open_entry(header.entry) as file:
            digest = hashlib.sha256(file.read()).digest()
        if digest in seen:
            repeated.add(id(header))
        seen.add(digest)
    return repeated
