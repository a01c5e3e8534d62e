"""What breathing does to the belly while a slice is read: it smears bowel, liver, fat and vessels from head to foot.

In free breathing liver and spleen move by 13 mm from head to foot and the kidneys by 11 to 13 mm, and the first 5 mm
of that go with less than 5 mm in other directions (13 people on 4D CT, Brandner et al., Int J Radiat Oncol Biol Phys
2006;65:554-560). More time is spent in expiration than in inspiration (Lujan et al., Med Phys 1999;26:715-720). Each
pixel of a plane shows what lay there at a moment of its own; a scanned voxel, which holds several pixels of several
planes, shows the blend. The ghosts of breathing are the scanner's matter.
"""

from __future__ import annotations

import numpy as np

from vbqkit.anatomy.canvas import Canvas, Index, Mask
from vbqkit.anatomy.texture import Plane, unwoven, white

BREATH_MM = 12.0
"""Path of what moves most, mm: between those of liver and kidneys."""
_TO_AND_FRO_MM = 4.0  # how far everything in the belly moves to and fro, front to back; model assumption
# How it grows from the column forwards: where it begins in front of the column, and where it is full; model assumption
_STILL_MM, _MOVES_OVER_MM = 6.0, 26.0
# It lessens downwards: share left in the pelvis, reached over so many vertebrae below L2; model assumption
_PELVIS_SHARE, _LESS_OVER = 0.5, 3.0
LESS_FROM = "L2"
"""The level from which on motion lessens downwards."""
_MEAN_PLACE = 128.0 / 315.0  # of (1 - v^2)^4 for v from -1 to 1

_ONE = np.float32(1.0)


def breath_place(dice: Plane) -> Plane:
    """Where along its path breathing has moved something at a random moment, about its mean: -0.41 to 0.59.

    ``(1 - v^2)^4`` for a uniform v from -1 to 1: close to the fourth power of a cosine, which no two machines round
    alike.

    Parameters
    ----------
    dice : ndarray
        Moments, uniform from 0 to 1.

    Examples
    --------
    >>> place = breath_place(np.linspace(0, 1, 1001, dtype=np.float32))
    >>> round(float(place.min()), 2), round(float(np.median(place)), 2), round(float(place.max()), 2)
    (-0.41, -0.09, 0.59)
    """
    v = np.float32(2.0) * dice - _ONE
    place = _ONE - v * v
    place *= place
    place *= place
    place -= np.float32(_MEAN_PLACE)
    return place


def moments(canvas: Canvas, at: Index | slice = slice(None)) -> Plane:
    """When in a breath each pixel is seen, 0 to 1: evenly spread among neighbours, but without a pattern.

    Parameters
    ----------
    canvas : Canvas
        The plane.
    at : ndarray of int or slice
        Pixels, numbered row after row.
    """
    dice, grain = (canvas.fields[name].reshape(-1)[at] for name in ("dice", "fine"))
    return unwoven(dice, white(grain))


def smear(canvas: Canvas, moving: Mask, *, step_mm: float, less_from: float) -> None:
    """Smear what has been painted along the body, more so further in front of the column.

    Parameters
    ----------
    canvas : Canvas
        The plane.
    moving : ndarray of bool
        What moves; nothing comes from elsewhere.
    step_mm : float
        Distance between rows.
    less_from : float
        Place of L2 along the spine, in vertebrae: below it there is less motion.
    """
    at = np.flatnonzero(moving)
    if not len(at):
        return
    rows, cols = moving.shape
    ahead = np.take(canvas.front, at) - np.take(canvas.t, at)
    ahead = (ahead - np.float32(_STILL_MM)) * np.float32(1.0 / _MOVES_OVER_MM)
    path = np.minimum(np.maximum(ahead, np.float32(0.0)), _ONE) * np.float32(BREATH_MM / step_mm)
    down = (np.take(canvas.position, at) - np.float32(less_from)) * np.float32(1.0 / _LESS_OVER)
    path *= _ONE - np.float32(1.0 - _PELVIS_SHARE) * np.minimum(np.maximum(down, np.float32(0.0)), _ONE)
    grain = white(np.take(canvas.fields["fine"], at))
    path *= breath_place(unwoven(np.take(canvas.fields["dice"], at), grain))
    aside = (grain - np.float32(0.5)) * np.float32(_TO_AND_FRO_MM / step_mm)
    source = at - cols * np.rint(path).astype(np.intp) + np.rint(aside).astype(np.intp)
    known = (source >= 0) & (source < rows * cols)
    source = np.where(known & np.take(moving, source, mode="clip"), source, at)
    for painted in (canvas.tissue, canvas.pdff, canvas.pd_scale):
        np.put(painted, at, np.take(painted, source))
