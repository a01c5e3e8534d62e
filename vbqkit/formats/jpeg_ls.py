"""Whether the headers of a JPEG-LS stream are possible, before GDCM decodes it.

CharLS reports a damaged stream. Where it is not installed (Python 3.14), GDCM reads JPEG-LS, and ends the whole Python
process where the frame header states more bits than a pixel can have. So the headers (ITU-T T.87) are checked first.
"""

from __future__ import annotations

import struct

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
        if place + 4 > len(stream) or stream[place] != 0xFF or stream[place + 1] in (0, _EOI):
            return f"no marker at byte {place}"
        marker, length = stream[place + 1], struct.unpack(">H", stream[place + 2 : place + 4])[0]
        body = stream[place + 4 : place + 2 + length]
        if length < 2 or len(body) != length - 2:
            return f"unexpected length at byte {place}"
        if marker == _SOS:
            return _scan_fault(body) if frames == 1 else "not one frame header before the scan"
        if marker == _SOF55:
            fault = _frame_fault(body, rows, cols)
            if fault is not None:
                return fault
            frames += 1
        place += 2 + length


def _frame_fault(body: bytes, rows: int, cols: int) -> str | None:
    if len(body) != 9:
        return "the frame header does not describe one component"
    precision, height, width, components, _, sampling, _ = struct.unpack(">BHHBBBB", body)
    if (height, width) != (rows, cols) or components != 1 or sampling != 0x11 or not 2 <= precision <= 16:
        return f"the frame header says {height} x {width} with {precision} bits and {components} components"
    return None


def _scan_fault(body: bytes) -> str | None:
    """One component, not interleaved, no point transform."""
    possible = len(body) == 6 and body[0] == 1 and body[4] == 0 and body[5] == 0
    return None if possible else "the scan header is impossible"
