"""From single frames to stacks: one echo, one orientation, one time point, equally spaced slices in order of position.

What a scanner calls a series may hold several stacks. They are separated by what the header says of each frame, then
by orientation, then by repeated positions; file names and instance numbers never order slices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

import numpy as np

from vbqkit.formats.headers import Frame
from vbqkit.formats.tags import integer, number, numbers, positive, raw_bytes, tag_text, words
from vbqkit.image import FloatArray, stack_affine

PARALLEL_TOLERANCE = 1e-3
"""Orientations count as one if no direction cosine differs by more."""

_UNKNOWN_STEP_MM = 1.0  # fills the affine, which needs a number; nothing may be measured with it

SAME_POSITION_MM = 0.01
POSITION_TOLERANCE_MM = 0.1
"""Positions may lie this far (or 2 % of the slice distance, if that is more) from equal spacing: rounding in headers."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Parallel slices of one kind, in order of position along their normal.

    Attributes
    ----------
    frames : tuple of Frame
        In order.
    part : tuple of 2 ints
        Number of this stack, from 1, and how many stacks the series was separated into.
    separated_by : tuple of str
        What told the stacks of the series apart.
    problem : str or None
        Why these frames make no volume; None if they do.
    plane_step : tuple of 3 floats or None
        LPS vector from a slice to the next, mm; None for a single slice.
    left_out : int
        Slices beyond a gap that were left out because the caller asked for the longest run.
    """

    frames: tuple[Frame, ...]
    part: tuple[int, int]
    separated_by: tuple[str, ...]
    problem: str | None
    plane_step: tuple[float, float, float] | None
    left_out: int = 0


_KEYS = (
    "matrix or pixel size", "image type", "echo time", "echo number", "inversion time", "b-value", "temporal position",
    "stack", "frame of reference",
)  # fmt: skip


def series_key(frame: Frame) -> Hashable:
    """What makes frames one series: patient, study and series UID; without UIDs, folder and series number."""
    dataset = frame.header.dataset
    uid = raw_bytes(dataset, "SeriesInstanceUID")
    place: Hashable = uid or (str(Path(frame.header.entry.name).parent), integer(dataset, "SeriesNumber"))
    return frame.header.patient, raw_bytes(dataset, "StudyInstanceUID"), place


def _kind(frame: Frame) -> tuple[Hashable, ...]:
    dataset = frame.dataset
    return (
        (integer(dataset, "Rows"), integer(dataset, "Columns"), frame.spacing),
        words(dataset, "FrameType") or words(dataset, "ImageType"),
        number(dataset, "EffectiveEchoTime") or number(dataset, "EchoTime"),
        raw_bytes(dataset, "EchoNumbers"),
        numbers(dataset, "InversionTimes") or numbers(dataset, "InversionTime"),
        number(dataset, "DiffusionBValue"),
        integer(dataset, "TemporalPositionIndex") or integer(dataset, "TemporalPositionIdentifier"),
        raw_bytes(dataset, "StackID"),
        raw_bytes(dataset, "FrameOfReferenceUID"),
    )


def make_stacks(frames: Sequence[Frame], *, on_gap: str = "refuse") -> list[Stack]:
    """Separate the frames of one series into stacks.

    Parameters
    ----------
    frames : sequence of Frame
        All of one series, in any order.
    on_gap : {"refuse", "longest"}
        What to do where slices are missing: refuse the stack, or keep its longest run of equally spaced slices.
    """
    by_kind: defaultdict[tuple[Hashable, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        by_kind[_kind(frame)].append(frame)
    separated = [name for i, name in enumerate(_KEYS) if len({kind[i] for kind in by_kind}) > 1]
    groups: list[list[Frame]] = []
    for kind in _by_file_where_unplaced(by_kind.values()):
        parallel = _parallel(kind)
        if len(parallel) > 1 and "orientation" not in separated:
            separated.append("orientation")
        for group in parallel:
            parts = _without_repeats(group)
            if len(parts) > 1 and "repeated position" not in separated:
                separated.append("repeated position")
            groups += parts
    return [
        _stack(group, (i + 1, len(groups)), tuple(separated) if len(groups) > 1 else (), on_gap)
        for i, group in enumerate(groups)
    ]


def _by_file_where_unplaced(kinds: Iterable[list[Frame]]) -> list[list[Frame]]:
    """Multi-frame files whose frames have no place stay apart: nothing says that they belong together."""
    groups: list[list[Frame]] = []
    for frames in kinds:
        if all(frame.position is not None for frame in frames) or len({id(f.header) for f in frames}) == len(frames):
            groups.append(frames)
            continue
        by_file: dict[int, list[Frame]] = {}
        for frame in frames:
            by_file.setdefault(id(frame.header), []).append(frame)
        groups += by_file.values()
    return groups


def _parallel(frames: Iterable[Frame]) -> list[list[Frame]]:
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


def _depths(frames: Sequence[Frame]) -> FloatArray:
    orientation = frames[0].orientation
    assert orientation is not None
    return np.array([frame.position for frame in frames], dtype=np.float64) @ normal_of(orientation)


def _without_repeats(frames: list[Frame]) -> list[list[Frame]]:
    """Separate frames that lie at the same place: first by where they lie in their plane, then by order of time."""
    if frames[0].orientation is None or any(frame.position is None for frame in frames) or len(frames) == 1:
        return [frames]
    depths = _depths(frames)
    if _repeats(depths) == 1:
        return [frames]
    places = _in_plane_places(frames)
    if len(places) > 1 and all(_repeats(_depths(place)) == 1 for place in places):
        return places
    order = sorted(range(len(frames)), key=lambda i: depths[i])
    parts: list[list[Frame]] = []
    run: list[Frame] = []
    last = -np.inf
    for i in order:
        if depths[i] - last > SAME_POSITION_MM and run:
            _deal(run, parts)
            run = []
        run.append(frames[i])
        last = depths[i]
    _deal(run, parts)
    return parts


def _deal(run: list[Frame], parts: list[list[Frame]]) -> None:
    for k, frame in enumerate(sorted(run, key=_time_order)):
        if k == len(parts):
            parts.append([])
        parts[k].append(frame)


def _time_order(frame: Frame) -> tuple[int, str, int, int, str]:
    dataset = frame.dataset
    acquisition, instance = integer(dataset, "AcquisitionNumber") or 0, integer(dataset, "InstanceNumber") or 0
    folder = str(Path(frame.header.entry.name).parent)
    return acquisition, folder, instance, frame.number, frame.header.entry.name


def _repeats(depths: FloatArray) -> int:
    ordered = np.sort(depths)
    same = np.diff(ordered) <= SAME_POSITION_MM
    longest = run = 1
    for repeated in same:
        run = run + 1 if repeated else 1
        longest = max(longest, run)
    return longest


def _in_plane_places(frames: list[Frame]) -> list[list[Frame]]:
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


def _stack(frames: list[Frame], part: tuple[int, int], separated: tuple[str, ...], on_gap: str) -> Stack:
    first = frames[0]
    problem = _unplaceable(frames)
    if problem is not None or len(frames) == 1:
        return Stack(tuple(frames), part, separated, problem, None)
    depths = _depths(frames)
    order = np.argsort(depths, kind="stable")
    ordered, depths = [frames[i] for i in order], depths[order]
    if on_gap == "longest" and (keep := _longest_even_run(depths)) != slice(0, len(depths)):
        ordered, depths = ordered[keep], depths[keep]
    positions = np.array([frame.position for frame in ordered], dtype=np.float64)
    step = (positions[-1] - positions[0]) / max(1, len(ordered) - 1)
    problem = _uneven(depths, positions, step, first.header.entry.name)
    plane_step = (float(step[0]), float(step[1]), float(step[2])) if len(ordered) > 1 else None
    return Stack(tuple(ordered), part, separated, problem, plane_step, left_out=len(frames) - len(ordered))


def _unplaceable(frames: Sequence[Frame]) -> str | None:
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


def _tolerance(step_mm: float) -> float:
    return max(POSITION_TOLERANCE_MM, 0.02 * step_mm)


def _longest_even_run(depths: FloatArray) -> slice:
    """The longest run of neighbours one usual gap apart."""
    gaps = np.diff(depths)
    usual = float(np.median(gaps))
    even = np.abs(gaps - usual) <= _tolerance(usual)
    best = start = 0
    longest = 0
    for i, ok in enumerate([*even, False]):
        if not ok:
            if i - start > longest:
                best, longest = start, i - start
            start = i + 1
    return slice(best, best + longest + 1)


def _uneven(depths: FloatArray, positions: FloatArray, step: FloatArray, name: str) -> str | None:
    """Which positions are missing, where slices are not equally spaced."""
    expected = positions[0] + np.arange(len(positions))[:, None] * step
    if np.abs(positions - expected).max() <= _tolerance(float(np.linalg.norm(step))):
        return None
    gaps = np.diff(depths)
    usual = float(np.median(gaps))
    counts = gaps / usual
    whole = np.abs(counts - np.round(counts)) * usual <= _tolerance(usual)
    if whole.all() and (np.round(counts) > 1).any():
        i = int(np.flatnonzero(np.round(counts) > 1)[0])
        missing = positions[i] + (positions[i + 1] - positions[i]) / round(float(counts[i]))
        where = ", ".join(f"{v:.1f}" for v in missing)
        total = int((np.round(counts) - 1).sum())
        return (
            f"{total} of {len(depths) + total} slices are missing in the series of {name}: the first should have "
            f"{tag_text('ImagePositionPatient')} ({where}) mm, after slice {i}. Export the series again, or read its longest "
            "whole part with read_study(..., on_gap='longest')."
        )
    return (
        f"The slices in the series of {name} are not equally spaced: gaps run from {gaps.min():.2f} to {gaps.max():.2f} mm by "
        f"{tag_text('ImagePositionPatient')}. Choose another series, or read the longest even part with "
        "read_study(..., on_gap='longest')."
    )


def _stated_step(stack: Stack) -> float | None:
    dataset = stack.frames[0].dataset
    return positive(dataset, "SpacingBetweenSlices") or positive(dataset, "SliceThickness")


def step_known(stack: Stack) -> bool:
    """Whether the distance between slices is known: from positions or, for a single slice, from its header."""
    return stack.plane_step is not None or _stated_step(stack) is not None


def stack_geometry(stack: Stack) -> FloatArray:
    """The (plane, row, col, 1) -> LPS affine of a stack without a problem.

    Of a single slice without a stated distance the step is 1 mm and means nothing: see :func:`step_known`.
    """
    first = stack.frames[0]
    assert first.position is not None
    assert first.orientation is not None
    assert first.spacing is not None
    along_row, along_col = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    step = stack.plane_step
    if step is None:
        step = tuple(normal_of(first.orientation) * (_stated_step(stack) or _UNKNOWN_STEP_MM))
    return stack_affine(first.position, step, along_col * first.spacing[0], along_row * first.spacing[1])
