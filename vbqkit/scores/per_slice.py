"""What is worked out once for a slice, however many ROIs are then looked at on it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from vbqkit.image import Slice

T = TypeVar("T")

_KEPT = 3  # slices, for each function: a case has the slice of T1 and, while it is scrolled, its neighbours

_digests: WeakKeyDictionary[Slice, bytes] = WeakKeyDictionary()


def once_per_slice(function: Callable[[Slice], T]) -> Callable[[Slice], T]:
    """Remember what a function gave for the last few slices, told apart by what is in them.

    A volume makes a new :class:`~vbqkit.image.Slice` each time it is asked, so slices are recognized by their pixels,
    steps and zero value, not by which object they are. What the function gives is shared: it must not be changed.

    Parameters
    ----------
    function : callable
        ``function(image)``, of the pixels and the geometry alone.

    Examples
    --------
    >>> calls = []
    >>> brightest = once_per_slice(lambda image: calls.append(image) or float(image.pixels.max()))
    >>> one, same = (Slice(np.eye(3), (0, 0, 0), (0, 0, -1), (0, 1, 0)) for _ in range(2))
    >>> brightest(one), brightest(same), len(calls)
    (1.0, 1.0, 1)
    """
    found: OrderedDict[bytes, tuple[T]] = OrderedDict()

    @wraps(function)
    def remembered(image: Slice) -> T:
        key = _digest(image)
        known = found.get(key)
        if known is None:
            known = found[key] = (function(image),)
            if len(found) > _KEPT:
                found.popitem(last=False)
        return known[0]

    return remembered


def _digest(image: Slice) -> bytes:
    known = _digests.get(image)  # in one look: an equal slice that it belongs to may be collected at any moment
    if known is None:
        pixels = np.ascontiguousarray(image.pixels)
        about = (pixels.dtype.str, pixels.shape, image.row_step_mm, image.col_step_mm, image.zero_value)
        digest = hashlib.blake2b(repr(about).encode(), digest_size=20)
        digest.update(pixels.data)
        known = _digests[image] = digest.digest()
    return known
