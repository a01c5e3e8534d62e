"""PixelPaddingValue: pixels around the picture that were never measured, and are neither air nor signal."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
from pydicom.dataelem import RawDataElement

from vbqkit.formats.headers import Header
from vbqkit.formats.pixels import photometric, stored_range
from vbqkit.formats.tags import TAGS, integer

_AREA = np.ones((1, 3, 3), dtype=bool)
"""Padding is an area. A single pixel of that value is measured: many scanners state 0, which air reads at times."""


def padded_pixels(values: npt.NDArray[Any], header: Header) -> npt.NDArray[np.bool_] | None:
    """Where stored values are padding; None where the header names none, or no area of the picture has that value.

    Parameters
    ----------
    values : ndarray, shape (frames, rows, cols)
        As stored (if MONOCHROME1: turned round), before rescaling.
    header : Header
        Of the first frame.
    """
    first = _stored_value(header, "PixelPaddingValue")
    if first is None or values.dtype.kind not in "ui":
        return None
    last = _stored_value(header, "PixelPaddingRangeLimit")
    low, high = sorted((first, first if last is None else last))
    if photometric(header) == "MONOCHROME1":
        bottom, top = stored_range(header)
        low, high = bottom + top - high, bottom + top - low
    found = values == low if low == high else (values >= low) & (values <= high)
    if not found.any():
        return None
    areas: npt.NDArray[np.bool_] = scipy.ndimage.binary_opening(found, _AREA)
    return areas if areas.any() else None


def _stored_value(header: Header, keyword: str) -> int | None:
    """A value of the pixels' own type, which implicit files do not state."""
    element = header.dataset.get_item(TAGS[keyword], keep_deferred=True)
    if element is None or element.value is None:
        return None
    if isinstance(element, RawDataElement):
        if len(element.value) != 2:
            return None
        signed = bool(integer(header.dataset, "PixelRepresentation"))
        order = "<" if element.is_little_endian else ">"
        return int(struct.unpack(order + ("h" if signed else "H"), element.value)[0])
    try:
        return int(element.value)
    except (TypeError, ValueError):
        return None
