"""Where frames lie in the patient: which are parallel, in which order, at which distances, and which share a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import isfinite

import numpy as np

from vbqkit.formats.headers import Frame
from vbqkit.formats.tags import tag_text
from vbqkit.image import FloatArray

PARALLEL_TOLERANCE = 1e-3
"""Orientations count as one if no direction cosine differs by more."""

SAME_POSITION_MM = 0.01

POSITION_TOLERANCE_MM = 0.1
"""Positions may lie this far (or 2 % of the slice distance, if that is more) from equal spacing: rounding in
headers."""


def parallel(frames: Iterable[Frame]) -> list[list[Frame]]:
    """Frames by orientation; frames without one stay together."""
    groups: dict[tuple[float, ...] | None, list[Frame]] = {}
    for frame in frames:
        orientation = frame.orientation
        if orientation in groups or orientation is None:
            groups.setdefault(orientation, []).append(frame)
            continue
        near = (
            k
            for k in groups
            if k and max(abs(a - b) for a, b in zip(k, orientation, strict=True)) <= PARALLEL_TOLERANCE
        )
        groups.setdefault(next(near, orientation), []).append(frame)
    return list(groups.values())


def normal_of(orientation: Sequence[float]) -> FloatArray:
    """Normal of a slice from ImageOrientationPatient: along the rows x along the columns, unit length."""
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    return normal / length if length > 0 else normal


def depths_of(frames: Sequence[Frame]) -> FloatArray:
    """Positions along the normal of the first frame, mm."""
    orientation = frames[0].orientation
    assert orientation is not None
    return np.array([frame.position for frame in frames], dtype=np.float64) @ normal_of(orientation)


def repeats(depths: FloatArray) -> int:
    """How many frames lie at one place, at most."""
    ordered = np.sort(depths)
    same = np.diff(ordered) <= SAME_POSITION_MM
    longest = run = 1
    for repeated in same:
        run = run + 1 if repeated else 1
        longest = max(longest, run)
    return longest


def in_plane_places(frames: list[Frame]) -> list[list[Frame]]:
    """Stations of one orientation that lie beside each other: upper and lower spine in one series."""
    orientation = frames[0].orientation
    assert orientation is not None
    axes = np.array([orientation[:3], orientation[3:]])
    places: list[tuple[FloatArray, list[Frame]]] = []
    for frame in frames:
        at = axes @ np.array(frame.position)
        for known, members in places:
            if np.abs(at - known).max() <= 1.0:
                members.append(frame)
                break
        else:
            places.append((at, [frame]))
    return [members for _, members in places]


def unplaceable(frames: Sequence[Frame]) -> str | None:
    """What keeps frames from having a place in the patient, with file, tag and way out."""
    for frame in frames:
        if frame.spacing is None:
            return (
                f"{frame.name} has no usable {tag_text('PixelSpacing')}, so lengths in mm are unknown. If you know the "
                "pixel size, state it: read_study(..., pixel_spacing_mm=(rows, columns))."
            )
        if frame.orientation is None or not _is_orientation(frame.orientation):
            return (
                f"{frame.name} has no usable {tag_text('ImageOrientationPatient')}, so its plane is unknown. Export the "
                "series again without stripping geometry."
            )
        if frame.position is None or not all(map(isfinite, frame.position)):
            return (
                f"{frame.name} has no usable {tag_text('ImagePositionPatient')}, so slices cannot be put in order. Export "
                "the series again without stripping geometry."
            )
    return None


@lru_cache(maxsize=256)
def _is_orientation(orientation: tuple[float, ...]) -> bool:
    along_row, along_col = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_col)
    return bool(np.allclose(lengths, 1.0, atol=1e-2) and abs(float(along_row @ along_col)) <= 1e-3)


def spacing_tolerance(step_mm: float) -> float:
    """How far a position may lie from equal spacing, mm."""
    return max(POSITION_TOLERANCE_MM, 0.02 * step_mm)


def make_one_stack(frames: Sequence[Frame]) -> bool:
    """Whether frames lie parallel, behind each other, evenly spaced, and no two at one place."""
    if unplaceable(frames) is not None or len(parallel(frames)) != 1:
        return False
    depths = np.sort(depths_of(frames))
    if repeats(depths) > 1 or len(in_plane_places(list(frames))) != 1:
        return False
    gaps = np.diff(depths)
    return bool(np.abs(gaps - np.median(gaps)).max() <= spacing_tolerance(float(np.median(gaps))))
