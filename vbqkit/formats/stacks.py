"""From single frames to stacks: one echo, one orientation, one time point, equally spaced slices in order of position.

What a scanner calls a series may hold several stacks. They are separated by what the header says of each frame, then
by orientation, then by repeated positions; file names and instance numbers never order slices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vbqkit.formats.frame_places import (
    SAME_POSITION_MM,
    depths_of,
    in_plane_places,
    normal_of,
    parallel,
    repeats,
    spacing_tolerance,
    unplaceable,
)
from vbqkit.formats.headers import Frame
from vbqkit.formats.kinds import KEYS, joined_kinds, kind_of, without_rounding
from vbqkit.formats.tags import integer, positive, tag_text
from vbqkit.image import FloatArray, stack_affine

_UNKNOWN_STEP_MM = 1.0  # fills the affine, which needs a number; nothing may be measured with it


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
    joined : tuple of str
        What differs between its slices although they make one stack.
    """

    frames: tuple[Frame, ...]
    part: tuple[int, int]
    separated_by: tuple[str, ...]
    problem: str | None
    plane_step: tuple[float, float, float] | None
    left_out: int = 0
    joined: tuple[str, ...] = ()


def make_stacks(frames: Sequence[Frame], *, on_gap: str = "refuse") -> list[Stack]:
    """Separate the frames of one series into stacks.

    Frames are kept apart by what makes them another image (matrix, content, times), within the rounding of headers.
    What is only a number or a name (echo number, UID, an additional value in the image type) keeps them apart where
    positions repeat; where they make one evenly spaced stack together, they are joined, and the stack says so.

    Parameters
    ----------
    frames : sequence of Frame
        All of one series, in any order.
    on_gap : {"refuse", "longest"}
        What to do where slices are missing: refuse the stack, or keep its longest run of equally spaced slices.
    """
    by_kind: defaultdict[tuple[Hashable, ...], list[Frame]] = defaultdict(list)
    for frame in frames:
        by_kind[kind_of(frame)].append(frame)
    kinds = joined_kinds(without_rounding(by_kind))
    separated = [name for i, name in enumerate(KEYS) if len({kind[i] for kind, _, _ in kinds}) > 1]
    groups: list[tuple[list[Frame], tuple[str, ...]]] = []
    for kind, joined in _by_file_where_unplaced([(frames, joined) for _, frames, joined in kinds]):
        by_orientation = parallel(kind)
        if len(by_orientation) > 1 and "orientation" not in separated:
            separated.append("orientation")
        for group in by_orientation:
            parts = _without_repeats(group)
            if len(parts) > 1 and "repeated position" not in separated:
                separated.append("repeated position")
            groups += [(part, joined) for part in parts]
    return [
        replace(_stack(group, (i + 1, len(groups)), tuple(separated) if len(groups) > 1 else (), on_gap), joined=joined)
        for i, (group, joined) in enumerate(groups)
    ]


def _by_file_where_unplaced(
    kinds: Iterable[tuple[list[Frame], tuple[str, ...]]],
) -> list[tuple[list[Frame], tuple[str, ...]]]:
    """Multi-frame files whose frames have no place stay apart: nothing says that they belong together."""
    groups: list[tuple[list[Frame], tuple[str, ...]]] = []
    for frames, joined in kinds:
        if all(frame.position is not None for frame in frames) or len({id(f.header) for f in frames}) == len(frames):
            groups.append((frames, joined))
            continue
        by_file: dict[int, list[Frame]] = {}
        for frame in frames:
            by_file.setdefault(id(frame.header), []).append(frame)
        groups += [(members, joined) for members in by_file.values()]
    return groups


def _without_repeats(frames: list[Frame]) -> list[list[Frame]]:
    """Separate frames that lie at the same place: first by where they lie in their plane, then by order of time."""
    if frames[0].orientation is None or any(frame.position is None for frame in frames) or len(frames) == 1:
        return [frames]
    depths = depths_of(frames)
    if repeats(depths) == 1:
        return [frames]
    places = in_plane_places(frames)
    if len(places) > 1 and all(repeats(depths_of(place)) == 1 for place in places):
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


def _stack(frames: list[Frame], part: tuple[int, int], separated: tuple[str, ...], on_gap: str) -> Stack:
    first = frames[0]
    problem = unplaceable(frames)
    if problem is not None or len(frames) == 1:
        return Stack(tuple(frames), part, separated, problem, None)
    depths = depths_of(frames)
    order = np.argsort(depths, kind="stable")
    ordered, depths = [frames[i] for i in order], depths[order]
    if on_gap == "longest" and (keep := _longest_even_run(depths)) != slice(0, len(depths)):
        ordered, depths = ordered[keep], depths[keep]
    positions = np.array([frame.position for frame in ordered], dtype=np.float64)
    step = (positions[-1] - positions[0]) / max(1, len(ordered) - 1)
    problem = _uneven(depths, positions, step, first.header.entry.name)
    plane_step = (float(step[0]), float(step[1]), float(step[2])) if len(ordered) > 1 else None
    return Stack(tuple(ordered), part, separated, problem, plane_step, left_out=len(frames) - len(ordered))


def _longest_even_run(depths: FloatArray) -> slice:
    """The longest run of neighbours one usual gap apart."""
    gaps = np.diff(depths)
    usual = float(np.median(gaps))
    even = np.abs(gaps - usual) <= spacing_tolerance(usual)
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
    if np.abs(positions - expected).max() <= spacing_tolerance(float(np.linalg.norm(step))):
        return None
    gaps = np.diff(depths)
    usual = float(np.median(gaps))
    counts = gaps / usual
    whole = np.abs(counts - np.round(counts)) * usual <= spacing_tolerance(usual)
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
