"""Plane geometry of outlines on a pixel grid: what is inside, and how much of each pixel. Indices only, no units.

Points are (row, col) indices; pixel (r, c) is the unit square around its center (r, c).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Window = tuple[int, int, int, int]
"""Rows r0:r1 and columns c0:c1."""


def polygon_mask(corners: FloatArray, rows: FloatArray, cols: FloatArray) -> BoolArray:
    """Which grid points lie inside a polygon, by the even-odd rule (half-open: shared sides count once).

    Parameters
    ----------
    corners : ndarray, shape (k, 2)
        (row, col) of the corners, not closed.
    rows : ndarray, shape (m, 1)
        Row of each grid line.
    cols : ndarray, shape (1, n)
        Column of each grid line.

    Examples
    --------
    >>> triangle = np.array([[0.0, 0.0], [0.0, 3.0], [3.0, 0.0]])
    >>> polygon_mask(triangle, np.arange(3.0)[:, None], np.arange(3.0)[None, :]).astype(int)
    array([[1, 1, 1],
           [1, 1, 0],
           [1, 0, 0]])
    """
    inside = np.zeros((rows.shape[0], cols.shape[1]), dtype=bool)
    for (r0, c0), (r1, c1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if r0 == r1:
            continue
        spans = ((r0 <= rows) != (r1 <= rows))[:, 0]
        crossing = c0 + (rows[spans] - r0) * ((c1 - c0) / (r1 - r0))
        inside[spans] ^= cols < crossing
    return inside


def crosses_itself(points: FloatArray) -> bool:
    """Whether any two sides that are not neighbours properly cross. O(k^2), shape (k, 2).

    Examples
    --------
    >>> crosses_itself(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    True
    """
    start, end = points, np.roll(points, -1, axis=0)
    flat = 1e-12 * float(np.ptp(points, axis=0).max()) ** 2  # sides on one line are not crossed by rounding noise

    def side(p: FloatArray, q: FloatArray, x: FloatArray) -> FloatArray:
        area = (q[..., 0] - p[..., 0]) * (x[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (x[..., 0] - p[..., 0])
        result: FloatArray = np.where(np.abs(area) <= flat, 0.0, np.sign(area))
        return result

    a, b, c, d = start[:, None], end[:, None], start[None, :], end[None, :]
    crossing = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return bool(crossing.any())


def _clip(polygon: FloatArray, axis: int, limit: float, sign: float) -> FloatArray:
    """The part of a polygon on one side of a line (Sutherland and Hodgman, Commun ACM 1974;17:32-42)."""
    if len(polygon) == 0:
        return polygon
    distance = sign * (polygon[:, axis] - limit)
    following, next_distance = np.roll(polygon, -1, axis=0), np.roll(distance, -1)
    kept: list[FloatArray] = []
    for point, d, follower, nd in zip(polygon, distance, following, next_distance, strict=True):
        if d >= 0:
            kept.append(point)
        if (d >= 0) != (nd >= 0):
            kept.append(point + (follower - point) * (d / (d - nd)))
    return np.array(kept).reshape(-1, 2)


def _shoelace(polygon: FloatArray) -> float:
    if len(polygon) < 3:
        return 0.0
    r, c = (polygon - polygon[0]).T
    return abs(float(r @ np.roll(c, -1) - c @ np.roll(r, -1))) / 2.0


def polygon_coverage(corners: FloatArray, window: Window) -> FloatArray:
    """Exact share of each pixel's area inside a polygon that does not cross itself, 0 to 1.

    Examples
    --------
    >>> square = np.array([[-0.5, -0.5], [-0.5, 1.0], [0.5, 1.0], [0.5, -0.5]])
    >>> polygon_coverage(square, (0, 1, 0, 2))
    array([[1. , 0.5]])
    """
    r0, r1, c0, c1 = window
    rows, cols = np.arange(r0, r1, dtype=np.float64)[:, None], np.arange(c0, c1, dtype=np.float64)[None, :]
    share = polygon_mask(corners, rows, cols).astype(np.float64)
    cut = _touched(corners, window)
    for i in np.flatnonzero(cut.any(axis=1)):
        strip = _clip(_clip(corners, 0, r0 + i - 0.5, 1.0), 0, r0 + i + 0.5, -1.0)
        for j in np.flatnonzero(cut[i]):
            cell = _clip(_clip(strip, 1, c0 + j - 0.5, 1.0), 1, c0 + j + 0.5, -1.0)
            share[i, j] = min(1.0, _shoelace(cell))
    return share


def _touched(corners: FloatArray, window: Window) -> BoolArray:
    """Pixels that a side of the polygon may pass through (a superset)."""
    r0, r1, c0, c1 = window
    touched = np.zeros((r1 - r0, c1 - c0), dtype=bool)
    for (ra, ca), (rb, cb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = min(ra, rb), max(ra, rb)
        for i in range(max(0, int(np.floor(low + 0.5)) - r0 - 1), min(r1 - r0, int(np.ceil(high + 0.5)) - r0 + 1)):
            top, bottom = max(low, r0 + i - 0.5), min(high, r0 + i + 0.5)
            if rb != ra and top <= bottom:
                ends = [ca + (row - ra) * (cb - ca) / (rb - ra) for row in (top, bottom)]
            else:
                ends = [ca, cb]
            j0 = max(0, int(np.floor(min(ends) + 0.5)) - c0 - 1)
            j1 = min(c1 - c0, int(np.ceil(max(ends) + 0.5)) - c0 + 1)
            touched[i, j0:j1] = True
    return touched


def circle_coverage(corners: FloatArray, pixels_per_unit_area: float) -> FloatArray:
    """Exact share of each pixel inside the unit circle.

    Parameters
    ----------
    corners : ndarray, shape (4, 2, m, n)
        The corners of every pixel, in order, in the coordinates in which the ellipse is the unit circle.
    pixels_per_unit_area : float
        Pixels in an area of 1 in those coordinates.

    Notes
    -----
    The area of a polygon within a circle about the origin is the sum over its sides of the signed area of the
    triangle (origin, p, q) within the circle: a triangle between the points where the side is inside, a sector
    elsewhere.
    """
    total = np.zeros(corners.shape[2:])
    for k in range(4):
        total += _side_within_circle(corners[k], corners[(k + 1) % 4])
    share: FloatArray = np.clip(np.abs(total) * pixels_per_unit_area, 0.0, 1.0)
    share[share < 1e-12] = 0.0
    return share


def _side_within_circle(p: FloatArray, q: FloatArray) -> FloatArray:
    (px, py), (qx, qy) = p, q
    dx, dy = qx - px, qy - py
    a, b, c = dx * dx + dy * dy, px * dx + py * dy, px * px + py * py - 1.0
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    hits = b * b - a * c > 0
    t0 = np.where(hits, np.clip((-b - root) / a, 0.0, 1.0), 0.0)
    t1 = np.where(hits, np.clip((-b + root) / a, 0.0, 1.0), 0.0)

    def sector(x0: FloatArray, y0: FloatArray, x1: FloatArray, y1: FloatArray) -> FloatArray:
        angle: FloatArray = np.arctan2(x0 * y1 - y0 * x1, x0 * x1 + y0 * y1) / 2.0
        return angle

    ax, ay, bx, by = px + t0 * dx, py + t0 * dy, px + t1 * dx, py + t1 * dy
    inside: FloatArray = (ax * by - ay * bx) / 2.0
    return np.where(t1 > t0, sector(px, py, ax, ay) + inside + sector(bx, by, qx, qy), sector(px, py, qx, qy))
