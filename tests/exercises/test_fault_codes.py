"""Each tissue under a ROI has a code of its own, and the table says of each what it is."""

import numpy as np
import pytest

from vbqkit.exercises import known_case
from vbqkit.exercises.cases import truth_of
from vbqkit.exercises.faults import FAULT_CODES, fault_words, tissue_faults
from vbqkit.exercises.truth import truth_under


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


def codes(case, label, onto, wanted):
    """Of a ROI that is put where another one belongs."""
    phantom = truth_of(case)
    rois = {roi.label: roi for roi in phantom.reference_rois}
    moved = rois[label].moved(np.subtract(rois[onto].center_mm, rois[label].center_mm))
    image = case.volumes["T1"].nearest_slice(moved.center_mm)
    return [fault.code for fault in tissue_faults(moved, truth_under(moved, phantom, image, wanted=wanted), wanted)]


def test_csf_on_a_vertebra_is_on_marrow_and_not_on_a_wrong_level(case):
    assert "on-marrow" in codes(case, "CSF", "L3", "CSF")
    assert "wrong-level" in codes(case, "L2", "L3", "marrow of L2")
    assert fault_words("on-marrow") == "marrow"


def test_two_tissues_never_share_a_code():
    assert len(set(FAULT_CODES.values())) == len(FAULT_CODES)
    for tissue in ("marrow outside the body of the vertebra", "marrow oedema"):
        assert fault_words(FAULT_CODES[tissue]) == tissue
