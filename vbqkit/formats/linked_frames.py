"""Series with frames of reference of their own whose slices lie at the same places: one frame, if the user says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vbqkit.errors import Caution
from vbqkit.formats.frame_places import PARALLEL_TOLERANCE, depths_of, normal_of
from vbqkit.formats.stacks import Stack
from vbqkit.formats.tags import integer, tag_text, word
from vbqkit.image import FloatArray

SAME_SLICE_MM = 1.0
"""Slices of two series count as the same up to this distance: two tenths of the usual thickness, which no patient who
left the table meets with every slice."""

SHARED_FIELD = 0.5
"""... and their pictures share at least this part of the smaller one."""


@dataclass(frozen=True, slots=True)
class FrameLink:
    """Which frame of reference a series is read in.

    Attributes
    ----------
    uid : str or None
        The frame of reference it is given.
    others : tuple of str
        Those that are taken for the same.
    cautions : tuple of Caution
        That it was linked, or that it could not be.
    """

    uid: str | None
    others: tuple[str, ...]
    cautions: tuple[Caution, ...]


def frame_links(stacks: Sequence[Stack]) -> list[FrameLink | None]:
    """For each stack the frame of reference that it shares with the first one at the same places; None: its own alone.

    Parameters
    ----------
    stacks : sequence of Stack
        Of all series, in their order.
    """
    uids = [word(stack.frames[0].dataset, "FrameOfReferenceUID") for stack in stacks]
    base: list[int] = []  # the stack whose frame each one is read in
    for k, stack in enumerate(stacks):
        same = (i for i in range(k) if uids[i] == uids[k] and uids[k] is not None)
        alike = (i for i in range(k) if uids[i] is not None and _same_places(stacks[i], stack))
        first = next(same, None)
        if first is None:
            first = next(alike, k)
        base.append(base[first] if first < k else k)
    if len({uid for uid in uids if uid}) < 2 and None not in uids:
        return [None] * len(stacks)
    modalities = [word(stack.frames[0].dataset, "Modality") for stack in stacks]
    return [_link(k, uids, base, modalities) for k in range(len(stacks))]


def _link(
    k: int, uids: Sequence[str | None], base: Sequence[int], modalities: Sequence[str | None]
) -> FrameLink | None:
    members = [i for i in range(len(uids)) if base[i] == base[k]]
    others = tuple(dict.fromkeys(uid for i in members if (uid := uids[i]) and uid != uids[base[k]]))
    if uids[k] == uids[base[k]] and not others:
        if all(base[i] == base[k] for i in range(len(uids)) if modalities[i] == modalities[k]):
            return None  # a CT of the same study has a frame of its own
        return FrameLink(
            uids[k],
            (),
            (
                Caution(
                    "frame-not-linked",
                    f"Its {tag_text('FrameOfReferenceUID')} differs from that of other series, and its slices lie at other places: it was "
                    "not linked. Draw its ROIs on it.",
                ),
            ),
        )
    return FrameLink(
        uids[base[k]],
        others,
        (
            Caution(
                "frame-linked",
                f"Series with different {tag_text('FrameOfReferenceUID')} were taken for one, as the user stated: their slices lie at the "
                f"same places to {SAME_SLICE_MM:g} mm. If the patient was moved between them, ROIs lie elsewhere: look at them on each.",
            ),
        ),
    )


def _same_places(one: Stack, other: Stack) -> bool:
    """Whether every slice of the smaller stack is a slice of the larger one, and the pictures overlap."""
    if one.problem or other.problem or (one.frames[0].header.patient != other.frames[0].header.patient):
        return False
    small, large = sorted((one, other), key=lambda stack: len(stack.frames))
    a, b = large.frames[0], small.frames[0]
    if a.orientation is None or b.orientation is None or a.position is None or b.position is None:
        return False
    normal = normal_of(a.orientation)
    if abs(float(normal @ normal_of(b.orientation))) < 1.0 - PARALLEL_TOLERANCE:
        return False
    depths = depths_of(large.frames)
    own: FloatArray = np.array([frame.position for frame in small.frames], dtype=np.float64) @ normal
    if float(np.abs(own[:, None] - depths[None, :]).min(axis=1).max()) > SAME_SLICE_MM:
        return False
    axes = np.array([a.orientation[:3], a.orientation[3:]])
    low, high = zip(*(_extent(stack, axes) for stack in (large, small)), strict=True)
    shared = np.clip(np.min(high, axis=0) - np.max(low, axis=0), 0.0, None).prod()
    return bool(shared >= SHARED_FIELD * min(float((b - a).prod()) for a, b in zip(low, high, strict=True)))


def _extent(stack: Stack, axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest place of the corners of a picture along two axes, mm."""
    first = stack.frames[0]
    assert first.orientation is not None
    assert first.spacing is not None
    along_row, along_col = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    rows, cols = integer(first.dataset, "Rows") or 1, integer(first.dataset, "Columns") or 1
    to_col, to_row = along_row * first.spacing[1] * (cols - 1), along_col * first.spacing[0] * (rows - 1)
    corner = np.array(first.position, dtype=np.float64)
    corners = np.array([corner, corner + to_col, corner + to_row, corner + to_col + to_row]) @ axes.T
    return corners.min(axis=0), corners.max(axis=0)
