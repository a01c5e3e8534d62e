"""What a CSF ROI in the wrong place does to VBQ: the reference placement with one ROI pushed backwards."""

from __future__ import annotations

from collections.abc import Iterable

from vbqkit.exercises.cases import SampleCase, TeachingCase, truth_of
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scores.case import score_value


def vbq_with_csf_moved(case: TeachingCase | SampleCase, steps_mm: Iterable[float]) -> list[float]:
    """VBQ-T1 of a case with its reference ROIs, the one in CSF pushed backwards.

    Parameters
    ----------
    case : TeachingCase or SampleCase
        With a T1 series.
    steps_mm : iterable of float
        How far the CSF ROI is pushed towards the back, mm.

    Returns
    -------
    list of float
        VBQ-T1 (median of L1 to L4 over CSF) at each step. It falls where epidural fat comes into the ROI.

    Examples
    --------
    >>> from vbqkit.exercises import make_case
    >>> here, in_the_fat = vbq_with_csf_moved(make_case(3), [0, 7])
    >>> in_the_fat < here
    True
    """
    rois = {roi.label: roi for roi in truth_of(case).reference_rois}
    levels = [rois[label] for label in SCORED_LEVELS]
    return [
        score_value(case.volumes, [*levels, rois[CSF].moved((0.0, mm, 0.0))], "VBQ-T1", aggregate="median")
        for mm in steps_mm
    ]
