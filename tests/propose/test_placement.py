"""Where ROIs are proposed on virtual patients of the sample data, whose reference ROIs lie on the truth."""

from dataclasses import replace

import numpy as np
import pytest

from tests.propose.conftest import proposal_of, reference_of, volume_of
from vbqkit.exercises.readers import known_case
from vbqkit.image import Volume
from vbqkit.propose import propose_rois
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scores import score_value
from vbqkit.study import Study, make_series
from vbqkit.teacher import reference_rois


def apart_mm(a, b):
    return float(np.linalg.norm((np.array(a.center_mm) - np.array(b.center_mm))[1:]))


@pytest.mark.parametrize("weighting", ["T1", "T2", "STIR"])
def test_the_levels_of_a_sample_patient_are_named_and_lie_by_the_reference(weighting):
    proposal, reference = proposal_of("case01", weighting), reference_of("case01")
    assert proposal.named
    for level in SCORED_LEVELS:
        assert apart_mm(proposal.find(level).roi, reference[level]) < 8.0
    assert apart_mm(proposal.find(CSF).roi, reference[CSF]) < 40.0


def test_vbq_of_the_proposal_is_that_of_the_reference(volume, proposal, reference):
    rois = [p.roi for p in proposal.rois]
    ours, theirs = (score_value(volume, r, "VBQ-T1", aggregate="median") for r in (rois, list(reference.values())))
    assert abs(ours / theirs - 1.0) < 0.06


def test_a_fixed_roi_has_the_area_of_paper_000_and_an_ellipse_a_share_of_the_body(volume, proposal):
    assert all(abs(p.roi.area_mm2 - 40.0) < 1e-6 for p in proposal.rois)
    ellipse = propose_rois(volume, kind="ellipse").find("L3").roi
    assert 250.0 < ellipse.area_mm2 < 500.0  # 40 % of a body of about 950 mm2 (Panjabi 1992)


def test_the_noise_roi_lies_in_free_air(volume, proposal):
    from vbqkit.scores import free_air

    noise = proposal.find(NOISE)
    assert noise is not None or any("No noise ROI" in remark for remark in proposal.remarks)
    if noise is not None:
        image = volume.slice(noise.slice_index)
        assert free_air(image)[noise.roi.mask(image)].all()


def test_noise_is_proposed_where_reference_groups_are_measured_although_a_corner_of_the_air_has_less():
    """The coil is corrected, so that no noise passes every check: a doubt at the right place, not a quiet corner."""
    case = known_case("haemangioma", 2)
    noise = propose_rois(case.volumes["T1"]).find(NOISE)
    image = case.volumes["T1"].slice(noise.slice_index)
    (reference,) = (roi for roi in reference_rois(case) if roi.label == NOISE)
    assert np.linalg.norm(np.subtract(noise.roi.center_mm, reference.center_mm)[1:]) < 20.0
    assert noise.doubt
    assert noise.roi.measure(image).sd / reference.measure(image).sd == pytest.approx(1.0, abs=0.4)


def test_the_slice_is_the_one_of_the_reference(proposal, reference):
    assert abs(proposal.volume.slice(proposal.slice_index).origin_mm[0] - reference["L3"].center_mm[0]) < 5.0


def turned(volume, *, transpose, flip_rows, flip_cols):
    """The same pixels in the same places, stored in another order."""
    pixels, affine = volume.pixels, volume.affine.copy()
    for axis, flip in ((1, flip_rows), (2, flip_cols)):
        if flip:
            affine[:3, 3] += (pixels.shape[axis] - 1) * affine[:3, axis]
            affine[:3, axis] *= -1
            pixels = np.flip(pixels, axis)
    if transpose:
        pixels, affine = pixels.swapaxes(1, 2), affine[:, [0, 2, 1, 3]]
    return replace(volume, pixels=np.ascontiguousarray(pixels), affine=affine)


@pytest.mark.parametrize("how", [(True, False, False), (False, True, True), (True, True, False)])
def test_the_order_in_which_pixels_are_stored_does_not_matter(volume, proposal, how):
    other = propose_rois(turned(volume, transpose=how[0], flip_rows=how[1], flip_cols=how[2]))
    for ours, theirs in zip(proposal.rois, other.rois, strict=True):
        assert ours.roi.label == theirs.roi.label
        if ours.roi.label in SCORED_LEVELS:
            assert np.allclose(ours.roi.center_mm, theirs.roi.center_mm, atol=0.05)


def test_the_receiver_gain_does_not_matter(volume, proposal):
    louder = replace(volume, pixels=volume.pixels.astype(np.float64) * 3.7, max_storable=None)
    for ours, theirs in zip(proposal.rois[:6], propose_rois(louder).rois[:6], strict=True):
        assert ours.roi.label == theirs.roi.label
        assert np.allclose(ours.roi.center_mm, theirs.roi.center_mm, atol=0.05)


def without_sacrum(volume, proposal):
    """The rows above the middle of L4, so that neither L5 nor S1 is in view."""
    image = volume.slice(proposal.slice_index)
    row = round(float(image.to_rows_cols(proposal.find("L4").roi.center_mm)[0]))
    return replace(volume, pixels=np.ascontiguousarray(volume.pixels[:, :row]))


def test_without_l5_and_s1_in_view_there_are_rois_without_names_and_a_question(volume, proposal):
    other = propose_rois(without_sacrum(volume, proposal))
    assert not other.named
    assert "Say which level" in other.question
    labels = [p.roi.label for p in other.rois]
    assert "body 1" in labels
    assert not set(labels) & set(SCORED_LEVELS)


def test_series_that_disagree_about_the_names_make_a_question(volume, monkeypatch):
    from vbqkit.propose import placement

    frame = replace(volume.acquisition, frame_of_reference_uid="1.2.3")
    first = replace(volume, acquisition=frame)
    second = replace(first, acquisition=replace(frame, weighting="T2"))
    real = placement.name_bodies

    def one_too_high(classes, **options):
        naming = real(classes, **options)
        if one_too_high.calls:
            naming = replace(naming, names=(*naming.names[1:], "S2"))
        one_too_high.calls += 1
        return naming

    one_too_high.calls = 0
    monkeypatch.setattr(placement, "name_bodies", one_too_high)
    study = Study((make_series(first), make_series(second)))
    proposal = propose_rois(study)
    assert not proposal.named
    assert "on T2" in proposal.question
    assert proposal.find("body 1") is not None


def test_a_study_is_proposed_on_its_t1_series():
    study = Study(tuple(make_series(volume_of("case01", w)) for w in ("STIR", "T1")))
    assert propose_rois(study).volume.acquisition.weighting == "T1"


def test_a_row_of_the_table_is_flat(proposal):
    rows = proposal.as_rows()
    assert {"label", "confidence", "doubt", "slice"} <= set(rows[0])
    assert all(not isinstance(value, (list, dict)) for row in rows for value in row.values())


def test_a_collapsed_bright_level_is_doubtful(volume, proposal):
    """A body twice as bright as the others, as a haemangioma or metastasis may be."""
    image = volume.slice(proposal.slice_index)
    row, col = np.round(image.to_rows_cols(proposal.find("L2").roi.center_mm)).astype(int)
    pixels = volume.pixels.astype(np.float64).copy()
    pixels[:, row - 8 : row + 9, col - 8 : col + 9] *= 1.8
    doubted = propose_rois(replace(volume, pixels=pixels, max_storable=None))
    found = min(doubted.rois, key=lambda p: apart_mm(p.roi, proposal.find("L2").roi))
    assert found.doubtful
    assert "times that of the other levels" in found.doubt


def test_a_volume_is_enough(volume, proposal):
    assert isinstance(proposal.volume, Volume)
    assert proposal.volume is volume
