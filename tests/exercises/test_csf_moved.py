"""VBQ with the CSF ROI pushed backwards: towards epidural fat it falls."""

from vbqkit.exercises import vbq_with_csf_moved
from vbqkit.exercises.readers import known_case
from vbqkit.scores import score_value
from vbqkit.teacher import reference_rois


def test_it_starts_at_the_value_of_the_reference_and_falls_in_the_fat():
    case = known_case("plain", 7)
    here, there = vbq_with_csf_moved(case, [0, 7])
    assert here == score_value(case.volumes, reference_rois(case), "VBQ-T1", aggregate="median")
    assert there < 0.9 * here
