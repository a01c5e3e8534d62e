"""Whether pixel values look like signal as received, or like a picture made for looking at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import Caution

_PICTURE_LEVELS = 256
_CLIPPED_SHARE = 0.002
_EVERY = 4


def gray_level_cautions(values: npt.NDArray[Any]) -> Iterator[Caution]:
    """Cautions for values of 8 bits, and for bright pixels that were cut off at one value.

    Parameters
    ----------
    values : ndarray
        As stored, before rescaling.

    Examples
    --------
    >>> [caution.code for caution in gray_level_cautions(np.arange(200, dtype=np.uint16))]
    ['few-gray-levels']
    >>> list(gray_level_cautions(np.arange(2000, dtype=np.uint16)))
    []
    """
    if values.dtype.kind not in "ui":
        return
    some = (
        values[..., ::_EVERY, ::_EVERY] if values.ndim >= 2 else values
    )  # clipped tissue shows in a part of the pixels too
    low, high = int(some.min()), int(some.max())
    if high - low < _PICTURE_LEVELS:
        low, high = int(values.min()), int(values.max())
    if high - low < _PICTURE_LEVELS:
        yield Caution(
            "few-gray-levels",
            f"The values run from {low} to {high}, as in a picture of 8 bits: windowing may have shifted and cut off the "
            "signal, and then ratios such as VBQ are wrong. Use the series as the scanner stored it.",
        )
    at_top = int(np.count_nonzero(some == high))
    if at_top > max(8, _CLIPPED_SHARE * some.size) and high > low:
        yield Caution(
            "clipped",
            f"{at_top / some.size:.1%} of the pixels hold the largest value, {high}: bright tissue was cut off there.",
        )
