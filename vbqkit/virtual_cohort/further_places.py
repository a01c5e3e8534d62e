"""Where a reader puts ROIs that no score of the package has: S1, endplates, fat, CSF at a level."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from vbqkit.anatomy.extra_rois import SACRUM, further_rois
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import EDGE_SD_MM, Reader, in_plane, looks_right
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, SPINE_LEVELS, csf_at
from vbqkit.validation.score_check import csf_beside


def further_places(
    phantom: Phantom, placed: Sequence[Roi], labels: Collection[str], *, reader: Reader, rng: np.random.Generator
) -> tuple[Roi, ...]:
    """More ROIs of a reading, in the slice that the reader chose; one without a clean place is left out.

    S1 errs as the reader's ROIs in the marrow do. Endplates and fat have edges that guide the hand: each is moved with
    an SD of :data:`~vbqkit.anatomy.reader_model.EDGE_SD_MM` by a reader who errs at all. CSF at a level lies where the
    reader's own CSF ROI comes to lie beside that level.

    Parameters
    ----------
    phantom : Phantom
        The body.
    placed : sequence of Roi
        What the reader has placed.
    labels : collection of str
        Which more.
    reader : Reader
        Who places.
    rng : numpy.random.Generator
        Source of the errors.
    """
    if not labels:
        return ()
    by_label = {roi.label: roi for roi in placed}
    x_mm = by_label[CSF].center_mm[0]
    found = []
    for roi in further_rois(phantom):
        of_roi = rng.spawn(1)[0]
        if roi.label in labels:
            found.append(_moved(in_plane(roi, x_mm), phantom, reader, of_roi))
    for level in SPINE_LEVELS:
        label = csf_at(level)
        if label in labels and (beside := csf_beside(phantom, by_label, level)) is not None:
            found.append(beside.with_label(label))
    return tuple(found)


_TRIES = 20


def _moved(roi: Roi, phantom: Phantom, reader: Reader, rng: np.random.Generator) -> Roi:
    marrow = roi.label == SACRUM
    sd = reader.marrow_sd_mm if marrow else min(EDGE_SD_MM, reader.marrow_sd_mm)
    habit = np.array(reader.marrow_habit_mm if marrow else (0.0, 0.0))
    for _ in range(_TRIES):
        back, up = habit + sd * rng.standard_normal(2)
        moved = roi.moved((0.0, back, up))
        if not marrow or not reader.sees or looks_right(moved, phantom):
            return moved
    return roi
