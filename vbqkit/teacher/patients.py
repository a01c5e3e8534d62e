"""What is known of a practice case before anyone reads it, and which patients a student meets in the final."""

from __future__ import annotations

from vbqkit.exercises.cases import SampleCase, TeachingCase, truth_of
from vbqkit.exercises.stations import final_stations
from vbqkit.roi import Roi

__all__ = ["final_stations", "reference_rois", "truth_of"]


def reference_rois(case: TeachingCase | SampleCase) -> tuple[Roi, ...]:
    """Where an expert would measure in a practice case: one good placement, not the only one.

    Parameters
    ----------
    case : TeachingCase or SampleCase
        From :func:`vbqkit.exercises.make_case`, or a patient of ``sample_data``.

    Returns
    -------
    tuple of Roi
        T12 to L5 where the marrow may be measured, CSF and noise, in patient millimetres.

    Examples
    --------
    >>> from vbqkit.exercises import make_case
    >>> [roi.label for roi in reference_rois(make_case(3))]
    ['T12', 'L1', 'L2', 'L3', 'L4', 'L5', 'CSF', 'noise']
    """
    return truth_of(case).reference_rois
