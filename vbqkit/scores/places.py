"""Where the ROIs of a case lie, on every series of it: what refuses a score, and what travels with it as a caution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vbqkit.image import Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.scores.placed_roi import PlacedRoiCheck, lay_out
from vbqkit.scores.roi_checks import check_placed_rois
from vbqkit.scores.score_shift import shift_between, shift_words


def look_at_places(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    measured: Mapping[str, Mapping[str, Measurement]] | None = None,
) -> dict[str, tuple[PlacedRoiCheck, ...]]:
    """What :func:`check_placed_rois` and :func:`check_midway` find on each series; for :func:`score_tables`.

    Parameters
    ----------
    volumes : mapping of str to Volume
        By weighting.
    rois : iterable of Roi
        One a label.
    measured : mapping, optional
        Weighting to label to Measurement, as the scores use them: other ROIs are passed over.

    Returns
    -------
    dict
        Weighting to checks, refusals first; ``score_tables(..., places=...)`` takes it as it is.
    """
    placed = tuple(rois)
    found = {}
    for weighting, volume in volumes.items():
        table = None if measured is None else measured.get(weighting, {})
        found[weighting] = (
            *check_placed_rois(volume, placed, measured=table),
            *check_midway(volume, placed if table is None else [roi for roi in placed if roi.label in table]),
        )
    return found


def check_midway(volume: Volume, rois: Iterable[Roi]) -> tuple[PlacedRoiCheck, ...]:
    """ROIs that lie midway between two slices, where a hair decides which one is measured; one caution for all of them.

    Examples
    --------
    >>> import numpy as np
    >>> from vbqkit.roi import Rectangle
    >>> volume = Volume(np.ones((3, 20, 20)), [[4, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    >>> box = Rectangle(center=(2, 9, -9), half_width=(0, 4, 0), half_height=(0, 0, -3), label="L1")
    >>> [(check.code, check.labels) for check in check_midway(volume, [box, box.with_label("CSF")])]
    [('midway', ('L1', 'CSF'))]
    """
    found: dict[str, list[Roi]] = {}
    for roi in rois:
        caution = volume.midway_caution(roi.center_mm)
        if caution is not None:
            found.setdefault(caution.message, []).append(roi)
    return tuple(_midway(volume, message, midway) for message, midway in found.items())


def _midway(volume: Volume, message: str, rois: list[Roi]) -> PlacedRoiCheck:
    labels = tuple(roi.label for roi in rois)
    placed = lay_out(volume, rois)
    step = volume.affine[:3, 0]
    here = volume.nearest_slice(rois[0].center_mm).index
    there = volume.nearest_slice(np.array(rois[0].center_mm) + step / 2.0).index
    half = step / 2.0 if there != here else -step / 2.0
    shift = shift_between(placed, [roi.moved(half) for roi in rois])
    return PlacedRoiCheck(
        code="midway",
        severity="caution",
        labels=labels,
        message=f"{', '.join(labels)}: {message}{shift_words(placed, shift, 'the other slice')}",
        shift_percent=shift,
    )
