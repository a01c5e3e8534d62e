"""What to do about a contaminated ROI: the smallest move that makes it clean, in the words of a reader."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.exercises.truth import MARGIN_MM, STEP_MM, TruthUnderRoi
from vbqkit.image import FloatArray, Slice, Vector, direction_letter
from vbqkit.language import digits, marked, translated
from vbqkit.roi import Roi

CLEAN_SHARE = 0.005
_FEW_OF_ALLOWED = 0.5  # a place is recommended that holds at most this share of the roots that pass
_TOWARDS = {
    "A": marked("forwards"),
    "P": marked("backwards"),
    "H": marked("up"),
    "F": marked("down"),
    "L": marked("to the patient's left"),
    "R": marked("to the patient's right"),
}


def clean_move(under: TruthUnderRoi, roi: Roi) -> str:
    """The smallest move of a ROI in its plane after which it holds no foreign tissue, as an instruction.

    Every shift of up to 14 mm is tried on the truth; the shortest one wins. A place with few roots will do for CSF.
    """
    shift = _smallest_clean_shift(under)
    if shift is not None:
        return _move(under.fine, *shift)
    if roi.label == "noise":
        return translated("Move it into the dark air in front of or behind the body, away from the skin.")
    return translated("No small move makes it clean: draw it smaller, or on another place of the same structure.")


def direction_words(under: TruthUnderRoi, roi: Roi) -> str:
    """How to gain distance from the nearest edge: move, or make the ROI smaller."""
    room = scipy.ndimage.distance_transform_edt(under.right + under.tolerated > 0.5, sampling=under.fine.spacing_mm)
    rows, cols = np.nonzero(under.inside)
    best, gain = None, float(room[rows, cols].min()) + STEP_MM / 2.0
    reach = round(3.0 / STEP_MM)
    for dr in range(-reach, reach + 1):
        for dc in range(-reach, reach + 1):
            least = float(room[rows + dr, cols + dc].min())
            if least > gain:
                best, gain = (dr, dc), least
    if best is None:
        return translated("The ROI {label} fills the structure: make it smaller.", label=roi.label)
    return _move(under.fine, *best)


def move_by(under: TruthUnderRoi, shift_mm: npt.ArrayLike) -> str:
    """A shift in patient mm as an instruction, in the plane of the slice; directions of less than 1 mm are left out."""
    steps = [
        round(float(np.dot(shift_mm, vector)) / STEP_MM**2)
        for vector in (under.fine.row_step_mm, under.fine.col_step_mm)
    ]
    down, across = (step if abs(step) * STEP_MM >= 1.0 else 0 for step in steps)
    return _move(under.fine, down, across)


def _smallest_clean_shift(under: TruthUnderRoi) -> tuple[int, int] | None:
    reach = round(MARGIN_MM / STEP_MM)

    def held(share: FloatArray) -> FloatArray:
        """Share that the ROI would hold after each shift."""
        shifted = np.lib.stride_tricks.sliding_window_view(np.pad(share, reach), under.inside.shape)
        near: FloatArray = shifted[..., under.inside].sum(axis=-1) / under.inside.sum()
        return near

    clean = held(1.0 - under.right - under.tolerated) < CLEAN_SHARE
    if under.tolerated.any():
        clean &= held(under.tolerated) < _FEW_OF_ALLOWED * ROOTS_ALLOWED
    down, across = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    distance = np.where(clean, np.hypot(down, across), np.inf)
    row, col = np.unravel_index(int(np.argmin(distance)), distance.shape)
    return (int(row) - reach, int(col) - reach) if np.isfinite(distance[row, col]) else None


def _move(fine: Slice, dr: int, dc: int) -> str:
    return translated("Move it {way}.", way=_in_words(fine, dr, dc))


def _in_words(fine: Slice, dr: int, dc: int) -> str:
    parts = []
    for steps, vector in ((dc, fine.col_step_mm), (dr, fine.row_step_mm)):
        if steps:
            mm = digits(np.ceil(abs(steps) * STEP_MM * 2.0) / 2.0, "g")
            parts.append(translated("{mm} mm {way}", mm=mm, way=_towards(vector, steps)))
    return translated(" and ").join(parts)


def _towards(vector: Vector, steps: int) -> str:
    return translated(_TOWARDS[direction_letter(np.array(vector) * steps)])
