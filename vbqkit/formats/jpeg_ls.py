"""Whether the headers of a JPEG-LS stream are possible, before GDCM decodes it.

CharLS reports a damaged stream. Where it is not installed (Python 3.14), GDCM reads JPEG-LS, and ends the whole Python
process where the frame header states more bits than a pixel can have. So the headers (ITU-T T.87) are checked first.
"""

from __future__ import annotations

from vbqkit.formats.jpeg_headers import frame_fault, segment_at

_SOF55, _SOS, _EOI = 0xF7, 0xDA, 0xD9


def header_fault(stream: bytes, *, rows: int, cols: int) -> str | None:
    """What is wrong with the headers of a JPEG-LS stream of one component; None if nothing is.

    Parameters
    ----------
    stream : bytes
        From start of image; what follows the scan header is not looked at.
    rows, cols : int
        Size that the DICOM header states.

    Examples
    --------
    >>> header_fault(b"GIF89a", rows=1, cols=1)
    'no start of image'
    """
    if stream[:2] != b"\xff\xd8":
        return "no start of image"
    place, frames = 2, 0
    while True:
        segment = segment_at(stream, place)
        if isinstance(segment, str):
            return segment
        marker, body = segment
        if marker in (0, _EOI):
            return f"no marker at byte {place}"
        if marker == _SOS:
            return _scan_fault(body) if frames == 1 else "not one frame header before the scan"
        if marker == _SOF55:
            fault = frame_fault(body, rows, cols)
            if fault is not None:
                return fault
            frames += 1
        place += 4 + len(body)


def _scan_fault(body: bytes) -> str | None:
    """One component, not interleaved, no point transform."""
    possible = len(body) == 6 and body[0] == 1 and body[4] == 0 and body[5] == 0
    return None if possible else "the scan header is impossible"
