"""Whether a lossless JPEG stream is whole, before it is decoded.

The only free decoder of lossless JPEG (ITU-T T.81, process 14) ends the whole Python process on some damaged streams,
so markers, tables and entropy-coded data are checked first. The check reads every byte once.
"""

from __future__ import annotations

import numpy as np

from vbqkit.formats.jpeg_headers import frame_fault, segment_at

_SOF3, _DHT, _SOS, _EOI, _SOI, _DRI = 0xC3, 0xC4, 0xDA, 0xD9, 0xD8, 0xDD
_ALLOWED = {_SOF3, _DHT, _SOS, _DRI, 0xFE, *range(0xE0, 0xF0)}


def stream_fault(stream: bytes, *, rows: int, cols: int) -> str | None:
    """What is wrong with a lossless JPEG stream of one component; None if nothing is.

    Parameters
    ----------
    stream : bytes
        From start of image to end of image; padding after the end is allowed.
    rows, cols : int
        Size that the DICOM header states.

    Examples
    --------
    >>> stream_fault(b"GIF89a", rows=1, cols=1)
    'no start of image'
    """
    if stream[:2] != b"\xff\xd8":
        return "no start of image"
    place, frame, tables, restart = 2, False, False, False
    while True:
        segment = segment_at(stream, place)
        if isinstance(segment, str):
            return segment
        marker, body = segment
        if marker not in _ALLOWED:
            return f"unexpected marker at byte {place}"
        fault: str | None = None
        if marker == _SOF3:
            fault, frame = frame_fault(body, rows, cols), True
        elif marker == _DHT:
            fault, tables = _table_fault(body), True
        elif marker == _DRI:
            restart = True
        if fault is not None:
            return fault
        place += 4 + len(body)
        if marker == _SOS:
            break
    if not frame or not tables:
        return "the frame header or the code table is missing"
    return _scan_fault(body) or _entropy_fault(stream[place:], restart=restart)


def _table_fault(body: bytes) -> str | None:
    """Code tables for differences: at most 17 codes (0 to 16 bits), which must form a prefix code."""
    while body:
        counts = body[1:17]
        total = sum(counts)
        codes = body[17 : 17 + total]
        kraft = sum(count << (16 - bits) for bits, count in enumerate(counts, start=1))
        if len(counts) < 16 or body[0] > 3 or not 1 <= total <= 17 or kraft > 1 << 16:
            return "a code table is impossible"
        if len(codes) < total or max(codes) > 16 or len(set(codes)) != total:
            return "a code table is impossible"
        body = body[17 + total :]
    return None


def _scan_fault(body: bytes) -> str | None:
    if len(body) != 6 or body[0] != 1 or not 1 <= body[3] <= 7 or body[2] & 0x0F or body[4] or body[5] >> 4:
        return "the scan header is impossible"
    return None


def _entropy_fault(data: bytes, *, restart: bool) -> str | None:
    """After 0xFF only a stuffed 0, a restart marker or the end of the image may come."""
    values = np.frombuffer(data, dtype=np.uint8)
    after = values[1:][values[:-1] == 0xFF]
    ends = np.flatnonzero(after == _EOI)
    if not len(ends):
        return "no end of image"
    before = after[: ends[0]]
    allowed = (before == 0) | (before == 0xFF) | (restart & (before >= 0xD0) & (before <= 0xD7))
    return None if bool(allowed.all()) else "a stray marker inside the coded pixels"
