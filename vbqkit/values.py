"""Values that are equal where they hold the same: arrays by their content, and a number that is missing to itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import Field, fields
from typing import Any, cast

import numpy as np


class ByContent:
    """Base of frozen dataclasses (``eq=False``) that hold arrays or numbers that may be missing.

    Two are equal if they are of one class and every field is: arrays with the same shape and values, nan like nan. So
    a value is equal to its own copy, whichever process it comes back from. The hash looks at no pixel.
    """

    __slots__ = ()

    def _compared(self) -> tuple[Field[Any], ...]:
        return tuple(field for field in fields(self) if field.compare)  # type: ignore[arg-type] # of dataclasses

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, field.name), getattr(other, field.name)) for field in self._compared())

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(_key(getattr(self, field.name)) for field in self._compared())))


def same(one: Any, other: Any) -> bool:
    """Whether two values hold the same, nan like nan.

    Examples
    --------
    >>> same((1.0, float("nan")), (1.0, float("nan"))), same(np.zeros(3), np.zeros((3, 1)))
    (True, False)
    """
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        missing = one.dtype.kind == "f" and other.dtype.kind == "f"
        return bool(np.array_equal(one, other, equal_nan=missing))
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other)  # noqa: PLR0124 - nan alone differs from itself
    if isinstance(one, tuple | list) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    return bool(one == other)


def _key(value: Any) -> Hashable:
    """What of a value goes into a hash: the same for all that are equal."""
    if isinstance(value, np.ndarray):
        return tuple(map(int, value.shape))
    if isinstance(value, float):
        return "nan" if value != value else float(value)  # noqa: PLR0124 - as above
    if isinstance(value, tuple | list):
        return tuple(map(_key, value))
    if isinstance(value, Mapping):
        return frozenset(value)
    return cast("Hashable", value)
