"""Which slices are looked at, and which one is proposed: the middle of the bodies, with a vote of three slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ProposalError
from vbqkit.image import Volume
from vbqkit.propose.chain import LEAST_SURENESS, Peak, agree, find_chain, find_peaks, sureness
from vbqkit.propose.network_input import GRID_MM
from vbqkit.propose.outlines import INSIDE, body_probability
from vbqkit.propose.picture import Picture, look_at

MOST_SLICES = 24
"""No more slices are looked at, evenly spaced: a spine is 5 cm wide, and a stack of 1 mm has 200 of them."""

LEAST_SPACING_MM = 3.0
"""Slices closer than this are skipped in between."""

LEAST_PIXELS, LEAST_FOV_MM, MOST_PIXELS = 48, 90.0, 4096
"""Rows and columns, and the field of view that holds three bodies."""

_THICK_GAP_MM = 9.0
_STILL_SHARE = 0.25  # slices beside one with this share of the largest area of bodies are looked at too


@dataclass(frozen=True, eq=False, slots=True)
class Middle:
    """The slice through the middle of the bodies, and the chain on it.

    Attributes
    ----------
    index : int
        Number of the slice.
    chain : tuple of Peak
        Bodies from above, as most of three slices have them.
    pictures : mapping of int to Picture
        Every slice that was looked at.
    remarks : tuple of str
        What is odd about the stack.
    """

    index: int
    chain: tuple[Peak, ...]
    pictures: Mapping[int, Picture]
    remarks: tuple[str, ...] = ()

    @property
    def picture(self) -> Picture:
        """The slice itself."""
        return self.pictures[self.index]


def check_series(volume: Volume) -> None:
    """Refuse what automatic placement was not made for.

    Raises
    ------
    ProposalError
        For a series that must not be scored, another plane, a picture too small or too large, or without any signal.
    """
    if volume.refusal is not None:
        raise ProposalError(f"No ROIs are proposed on this series: {volume.refusal}.")
    if volume.plane != "sagittal":
        raise ProposalError(
            f"No ROIs are proposed on a {volume.plane} series: the network knows sagittal slices of the lumbar spine. Choose a "
            "sagittal series; if the header of a volume file is wrong, say so with plane='sagittal' (--plane)."
        )
    _planes, rows, cols = volume.shape
    dy, dx = volume.spacing_mm[1:]
    if min(rows, cols) < LEAST_PIXELS or max(rows, cols) > MOST_PIXELS or min(rows * dy, cols * dx) < LEAST_FOV_MM / 2:
        raise ProposalError(
            f"A picture of {rows} x {cols} pixels and {rows * dy:.0f} x {cols * dx:.0f} mm is not offered: the sides must have "
            f"{LEAST_PIXELS} to {MOST_PIXELS} pixels. Choose a sagittal series of the lumbar spine."
        )
    if max(rows * dy, cols * dx) > 1200.0 or rows * dy < LEAST_FOV_MM:
        raise ProposalError(
            f"The picture is {rows * dy:.0f} x {cols * dx:.0f} mm; a lumbar spine needs 90 to 1200 mm from head to foot. Check the pixel "
            "spacing in the header."
        )


def find_middle(volume: Volume) -> Middle:
    """The slice through the middle of the bodies.

    Every slice has an area of bodies; the middle is the mean of the slice numbers weighted with it. The chain of that
    slice is kept as far as it is found on at least half of it and its neighbors.

    Raises
    ------
    ProposalError
        If no slice shows a chain of vertebral bodies.
    """
    count = len(volume)
    spacing = volume.spacing_mm[0]
    step = 1 if count == 1 else max(1, int(np.ceil(LEAST_SPACING_MM / spacing - 1e-6)))
    span = range(0, count, step)
    if len(span) > MOST_SLICES:
        first = (count - step * (MOST_SLICES - 1)) // 2
        span = range(first, first + step * MOST_SLICES, step)
    pictures = {i: look_at(volume.slice(i)) for i in span[::2]}
    most = max(_bodies_mm2(p) for p in pictures.values())
    for i in span[1::2]:
        beside = [pictures[k] for k in (i - step, i + step) if k in pictures]
        if beside and most > 0 and max(_bodies_mm2(p) for p in beside) > _STILL_SHARE * most:
            pictures[i] = look_at(volume.slice(i))
    indices = np.array(sorted(pictures))
    areas = np.array([_bodies_mm2(pictures[i]) for i in indices])
    if areas.max() <= 0.0:
        raise _no_spine()
    middle = _weighted_middle(indices, areas, step)
    if middle not in pictures:
        pictures[middle] = look_at(volume.slice(middle))
    near = [i for i in (middle, middle - step, middle + step) if 0 <= i < count]
    for i in near:
        if i not in pictures:
            pictures[i] = look_at(volume.slice(i))
    chains = [find_chain(find_peaks(pictures[i].found)) for i in near]
    chain = agree(chains)
    if not chain or sureness(pictures[middle].found, chain) < LEAST_SURENESS:
        raise _no_spine()
    remarks = []
    if count == 1:
        remarks.append("There is one slice only: nothing tells whether it goes through the middle of the bodies.")
    elif spacing > _THICK_GAP_MM:
        remarks.append(
            f"Slices lie {spacing:.1f} mm apart: the chosen one may lie {spacing / 2:.1f} mm beside the middle of the bodies."
        )
    return Middle(middle, chain, pictures, tuple(remarks))


def _no_spine() -> ProposalError:
    return ProposalError(
        "No row of at least three vertebral bodies was found: this is no sagittal picture of the lumbar spine, or one on which the "
        "network fails. Place the ROIs yourself."
    )


def _bodies_mm2(picture: Picture) -> float:
    return float((body_probability(picture.found) > INSIDE).sum()) * GRID_MM**2


def _weighted_middle(indices: npt.NDArray[np.intp], areas: npt.NDArray[np.float64], step: int) -> int:
    """Mean slice number weighted with what exceeds a quarter of the largest area, in one piece around the largest."""
    above = np.maximum(areas - _STILL_SHARE * areas.max(), 0.0)
    top = int(np.argmax(above))
    low = high = top
    while low > 0 and above[low - 1] > 0 and indices[low] - indices[low - 1] <= 2 * step:
        low -= 1
    while high < len(above) - 1 and above[high + 1] > 0 and indices[high + 1] - indices[high] <= 2 * step:
        high += 1
    # Half the slices may not have been looked at at the ends: each counts for the distance between its neighbors.
    here, worth = indices[low : high + 1].astype(np.float64), above[low : high + 1]
    if len(here) > 1:
        worth = worth * np.gradient(here)
    return round(float((here * worth).sum() / worth.sum()))
