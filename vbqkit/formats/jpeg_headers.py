"""What the checks of lossless JPEG (ITU-T T.81) and of JPEG-LS (ITU-T T.87) share: segments and the frame header."""

from __future__ import annotations

import struct


def segment_at(stream: bytes, place: int) -> tuple[int, bytes] | str:
    """Marker and content of the segment at a byte; where no whole segment stands there, what is wrong.

    Examples
    --------
    >>> segment_at(bytes.fromhex("ffd8 fffe 0003 41"), 2)
    (254, b'A')
    """
    if place + 4 > len(stream) or stream[place] != 0xFF:
        return f"no marker at byte {place}"
    length = struct.unpack(">H", stream[place + 2 : place + 4])[0]
    body = stream[place + 4 : place + 2 + length]
    if length < 2 or len(body) != length - 2:
        return f"unexpected length at byte {place}"
    return stream[place + 1], body


def frame_fault(body: bytes, rows: int, cols: int) -> str | None:
    """What is wrong with a frame header of one component for a picture of this size; None if nothing is."""
    if len(body) != 9:
        return "the frame header does not describe one component"
    precision, height, width, components, _, sampling, _ = struct.unpack(">BHHBBBB", body)
    if (height, width) != (rows, cols) or components != 1 or sampling != 0x11 or not 2 <= precision <= 16:
        return f"the frame header says {height} x {width} with {precision} bits and {components} components"
    return None
