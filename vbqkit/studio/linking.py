"""Series with frames of reference of their own, taken for one: if the user says so, and their slices agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vbqkit.errors import Caution, GeometryError
from vbqkit.image import FloatArray, Volume
from vbqkit.studio.views import View, tilt_between, titled

SAME_SLICE_MM = 1.0
"""Slices count as the same up to this distance, mm: no patient who left the table meets it with every slice."""

SAME_TILT_DEG = 1.0
SHARED_FIELD = 0.5
"""... and their pictures share at least this part of the smaller one."""


def linked_by_position(views: Sequence[View], index: int) -> list[View]:
    """The views, where one and those in its frame of reference are taken to lie in the frame of the first.

    Raises
    ------
    GeometryError
        If the view is in that frame already, or slices do not agree.
    """
    first, frame = views[0], views[index].frame
    if frame == first.frame:
        raise GeometryError(f"{views[index].title} and {first.title} are linked already.")
    volumes = []
    for view in views:
        volume = view.volume
        if view.frame == frame:
            problem = disagreement(volume, first.volume)
            if problem:
                raise GeometryError(
                    f"{view.title} cannot be linked with {first.title}: {problem}. Draw its ROIs on it, or register the series first."
                )
            volume = _in_frame_of(volume, first)
        volumes.append((volume, view.whose))
    return [replace(fresh, header=view.header) for fresh, view in zip(titled(volumes), views, strict=True)]


def _in_frame_of(volume: Volume, first: View) -> Volume:
    caution = Caution(
        "frame-linked",
        f"It was taken to lie in the frame of reference of {first.title}, as the user stated: their slices lie at the same places to "
        f"{SAME_SLICE_MM:g} mm. If the patient was moved between them, ROIs lie elsewhere: look at them on each.",
    )
    stated = volume.with_acquisition(frame_of_reference_uid=first.volume.acquisition.frame_of_reference_uid)
    return replace(stated, cautions=(*stated.cautions, caution))


def disagreement(one: Volume, other: Volume) -> str:
    """Why two stacks of slices do not lie at the same places; empty if they do."""
    tilt_deg = tilt_between(one.slice(0), other.slice(0))
    if tilt_deg > SAME_TILT_DEG:
        return f"their slices are tilted by {tilt_deg:.1f} degrees"
    normal = np.array(other.slice(0).normal)
    small, large = sorted(([_origins(v) @ normal for v in (one, other)]), key=len)
    apart = float(np.abs(small[:, None] - large[None, :]).min(axis=1).max())
    if apart > SAME_SLICE_MM:
        return f"their slices lie up to {apart:.1f} mm apart"
    axes = np.array([np.array(step) / np.linalg.norm(step) for step in (other.affine[:3, 1], other.affine[:3, 2])])
    (low, high), (low2, high2) = (_extent(volume, axes) for volume in (one, other))
    shared = float(np.clip(np.minimum(high, high2) - np.maximum(low, low2), 0.0, None).prod())
    part = shared / min(float((high - low).prod()), float((high2 - low2).prod()))
    return "" if part >= SHARED_FIELD else f"their pictures share {100 * part:.0f} % of the smaller one"


def _origins(volume: Volume) -> FloatArray:
    origins: FloatArray = np.array([volume.slice(k).origin_mm for k in range(len(volume))])
    return origins


def _extent(volume: Volume, axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest place of the outer edges of a picture along two axes, mm."""
    _, rows, cols = volume.shape
    corners = volume.slice(0).to_patient_mm([[r, c] for r in (-0.5, rows - 0.5) for c in (-0.5, cols - 0.5)])
    along = corners @ axes.T
    return along.min(axis=0), along.max(axis=0)
