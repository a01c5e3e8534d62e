"""Text in the pixels: rows of small, thin, equally bright marks, in the air around the body and on it.

Screenshots and some exports draw the name of the patient into the picture. Such letters are of one brightness, of one
height, stand in a row with little space between them, are thin, and begin within a pixel or two; outside the body
they stand in air. Noise, ghosts, wedges and folded-over fat have one or two of these properties, not all. On the body,
letters stand out where they are brighter than the tissue around them: of names of 12 to 36 pixels across the eight
sample patients, 275 of 288 were found. Dark letters never are: BurnedInAnnotation (0028,0301) and the eye have to do
that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

Mask = npt.NDArray[np.bool_]

_HEIGHT_PX = (5, 64)
"""Letters that can be read, up to a headline."""
_FEWEST = 5
"""Marks in a row: four can be chance."""
_ABOVE_AIR, _CLEAR_OF_NOISE = 8.0, 12.0  # robust SD of air: of every pixel, of the brightest of a letter
_SHORT_ROW, _CLEAR_OF_GRAIN = 6, 5.0
"""A row of so few marks must stand further above air than grain reaches, in its SDs: noise on a faint body, of which
air tells too little, gives five that are about 4 SD bright."""
_PART_OF_BRIGHT = 0.3  # of what is bright in the picture
_THICKEST = 0.34  # half the thickness of a stroke, in heights of the letter
_SAME_HEIGHT = 0.35
_SAME_BRIGHTNESS = 0.2
_FLAT = 0.3  # share of a letter that is nearly as bright as its brightest pixel
_WIDEST_GAP = 1.0  # in heights
_DARK_AROUND = 0.4  # of the brightness of the letter
_LARGE = 0.004
"""Share of the picture that no letter takes."""
_LARGEST_LETTER_PX = 400
_ON_BODY = (0.65, 0.8, 0.92)
"""Thresholds above which letters on the body are sought, shares of the way from air to the brightest pixel."""
_MOST_BRIGHT = 0.2
"""Share of a picture that letters cannot take."""
_MOST_MARKS = 1000
"""Bright things in a picture; where there are more, they are noise."""
_EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class _Mark:
    """One connected bright thing: where it lies, how bright it is, and how much of it is about as bright as that."""

    number: int
    top: int
    bottom: int
    left: int
    right: int
    level: float
    flat: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


def text_marks(picture: npt.NDArray[Any]) -> Mask | None:
    """Where text stands in the air of a picture; None where there is none.

    Parameters
    ----------
    picture : ndarray, shape (rows, cols) or (rows, cols, colours)
        Values as stored; bright is large.

    Returns
    -------
    ndarray of bool, shape (rows, cols), or None
        True on the letters.

    Examples
    --------
    >>> picture = np.zeros((60, 120))
    >>> for k in range(6):  # six hollow squares in a row, as letters
    ...     picture[20:32, 10 + 12 * k : 18 + 12 * k] = 200
    ...     picture[22:30, 12 + 12 * k : 16 + 12 * k] = 0
    >>> int(text_marks(picture).sum()), text_marks(picture[:, :24]) is None
    (384, True)
    """
    values = np.asarray(picture, dtype=np.float64)
    values = values.max(axis=-1) if values.ndim == 3 else values
    if values.ndim != 2 or min(values.shape) < 2 * _HEIGHT_PX[0] or not np.isfinite(values).all():
        return None
    found = np.zeros(values.shape, dtype=bool)
    air, spread = _air(values)
    bright = float(np.percentile(values, 99.5)) - air
    for turned in (False, True):  # text may run downwards
        view = values.T if turned else values
        marks = _in_rows(view, air, spread, bright)
        if marks is not None:
            found |= marks.T if turned else marks
    return found if found.any() else None


def text_on_body(picture: npt.NDArray[Any]) -> bool:
    """Whether letters as bright as the brightest pixels stand in a picture, on the body too.

    It cannot be painted over without changing what is measured.

    Parameters
    ----------
    picture : ndarray, shape (rows, cols) or (rows, cols, colours)
        Values as stored; bright is large.

    Examples
    --------
    >>> picture = np.full((60, 120), 60.0)
    >>> picture[:, :30] = 0
    >>> text_on_body(picture)
    False
    >>> for k in range(6):
    ...     picture[20:32, 40 + 12 * k : 48 + 12 * k] = 200
    ...     picture[22:30, 42 + 12 * k : 46 + 12 * k] = 60
    >>> text_on_body(picture)
    True
    """
    values = np.asarray(picture, dtype=np.float64)
    values = values.max(axis=-1) if values.ndim == 3 else values
    if values.ndim != 2 or min(values.shape) < 2 * _HEIGHT_PX[0] or not np.isfinite(values).all():
        return False
    air, _ = _air(values)
    top = float(values.max())
    return any(_written(view, share, air, top) for view in (values, values.T) for share in _ON_BODY)


def _written(values: npt.NDArray[np.float64], share: float, air: float, top: float) -> bool:
    lit = values >= air + share * (top - air)
    if top <= air or lit.mean() > _MOST_BRIGHT:
        return False
    labels, count = scipy.ndimage.label(lit, structure=_EIGHT)
    return _FEWEST <= count <= _MOST_MARKS and bool(
        _text_rows(values, labels, np.zeros(values.shape, dtype=bool), air, air)
    )


def _text_rows(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.signedinteger[Any]], inner: Mask, air: float, least: float
) -> list[list[_Mark]]:
    """Rows that are long and flat enough to be words."""
    rows = _rows(list(_marks(values, labels, inner, air, least)))
    return [
        row
        for row in rows
        if len(row) >= _FEWEST
        and (len(row) > _SHORT_ROW or _clear_of_grain(values, row, air))
        and np.median([mark.flat for mark in row]) >= _FLAT
        and np.median([_gap(values, one, other, air) for one, other in pairwise(row)]) <= _DARK_AROUND
    ]


def _gap(values: npt.NDArray[np.float64], one: _Mark, other: _Mark, air: float) -> float:
    """How bright it is between two letters, as a share of their brightness: the darkest column, its middle pixel.

    A bright band that noise has cut into pieces is nearly as bright between them. Letters that touch leave no gap: 0.
    """
    between = values[min(one.top, other.top) : max(one.bottom, other.bottom), one.right : other.left]
    if not between.size:
        return 0.0
    return (float(np.median(between, axis=0).min()) - air) / (max(one.level, other.level) - air)


def _in_rows(values: npt.NDArray[np.float64], air: float, spread: float, bright: float) -> Mask | None:
    threshold = air + max(_ABOVE_AIR * spread, _PART_OF_BRIGHT * bright, 1e-9)
    lit = values > threshold
    labels, count = scipy.ndimage.label(lit, structure=_EIGHT)
    if count < _FEWEST:
        return None
    inner = _body(labels, lit.size)
    rows = _text_rows(values, labels, inner, air, air + _CLEAR_OF_NOISE * spread)
    if not rows:
        return None
    return np.isin(labels, [mark.number for row in rows for mark in row])


def _air(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Level and robust SD of the darkest quarter's surroundings: the lower half of the picture's values."""
    low = values[values <= np.percentile(values, 40)]
    level = float(np.median(low))
    return level, float(1.4826 * np.median(np.abs(low - level)))


def _clear_of_grain(values: npt.NDArray[np.float64], row: Sequence[_Mark], air: float) -> bool:
    """Whether marks are brighter than the grain above and below them, whichever is less."""
    top, bottom = min(mark.top for mark in row), max(mark.bottom for mark in row)
    tall, cols = bottom - top, slice(row[0].left, row[-1].right)
    beside = [
        values[max(0, top - 2 - 2 * tall) : max(0, top - 2), cols],
        values[bottom + 2 : bottom + 2 + 2 * tall, cols],
    ]
    # robust SD of what differs from pixel to pixel; of white noise its SD
    grain = [np.median(np.abs(np.diff(part, axis=1))) / (0.6745 * math.sqrt(2.0)) for part in beside if part.size]
    level = float(np.median([mark.level for mark in row]))
    return not grain or level - air >= _CLEAR_OF_GRAIN * float(min(grain))


def _body(labels: npt.NDArray[np.signedinteger[Any]], size: int) -> Mask:
    """What lies between the outermost large bright things of each row and column: the body, with its inside."""
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    large = np.isin(labels, np.flatnonzero(sizes > max(_LARGE * size, _LARGEST_LETTER_PX)))
    return _between(large) & _between(large.T).T if large.any() else large


def _between(large: Mask) -> Mask:
    """From the first to the last of each row, with rows that have none filled from their neighbours."""
    span = max(3, large.shape[0] // 16) | 1
    wide = scipy.ndimage.maximum_filter1d(large.astype(np.uint8), span, axis=0) > 0
    after = np.maximum.accumulate(wide, axis=1)
    before = np.maximum.accumulate(wide[:, ::-1], axis=1)[:, ::-1]
    filled: Mask = after & before
    return filled


def _marks(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.signedinteger[Any]], inner: Mask, air: float, least: float
) -> Iterator[_Mark]:
    """Bright things outside of ``inner`` that are as small, thin and sharp as letters."""
    for number, place in enumerate(scipy.ndimage.find_objects(labels), start=1):
        rows, cols = place
        mark = _Mark(number, rows.start, rows.stop, cols.start, cols.stop, 0.0, 0.0)
        if not _HEIGHT_PX[0] <= mark.height <= _HEIGHT_PX[1] or mark.width > 2 * mark.height or mark.width < 1:
            continue
        inside = labels[place] == number
        depth = scipy.ndimage.distance_transform_cdt(np.pad(inside, 1), metric="chessboard").max()
        if depth > max(1.0, _THICKEST * mark.height):
            continue
        around = (
            slice(max(0, rows.start - 2), rows.stop + 2),
            slice(max(0, cols.start - 2), cols.stop + 2),
        )
        near = labels[around] != number
        ring = near & ~scipy.ndimage.binary_dilation(labels[around] == number, _EIGHT)
        level = float(values[place][inside].max())
        dark = ring & (labels[around] == 0)
        if inner[place][inside].any() or level < least or not dark.any():
            continue
        if np.median(values[around][dark]) - air > _DARK_AROUND * (level - air):
            continue
        flat = float((values[place][inside] - air > 0.8 * (level - air)).mean())
        yield replace(mark, level=level, flat=flat)


def _rows(marks: list[_Mark]) -> list[list[_Mark]]:
    """Marks of one height and brightness that follow each other from left to right."""
    rows: list[list[_Mark]] = []
    for mark in sorted(marks, key=lambda one: one.left):
        row = next((row for row in rows if _follows(row[-1], mark)), None)
        if row is None:
            rows.append([mark])
        else:
            row.append(mark)
    return rows


def _follows(last: _Mark, mark: _Mark) -> bool:
    tall = max(last.height, mark.height)
    return (
        0 <= mark.left - last.right + 1 <= _WIDEST_GAP * tall
        and abs(last.height - mark.height) <= max(1, _SAME_HEIGHT * tall)
        and min(abs(last.bottom - mark.bottom), abs(last.top - mark.top)) <= max(1, 0.2 * tall)
        and abs(last.level - mark.level) <= _SAME_BRIGHTNESS * max(last.level, mark.level)
    )
