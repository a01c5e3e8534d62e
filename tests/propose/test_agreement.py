"""Series of one study must agree on names and places, or the reader is asked; nothing is outvoted in silence."""

from dataclasses import replace

import numpy as np
import pytest

from tests.propose.conftest import volume_of
from vbqkit.errors import ProposalError
from vbqkit.image import Volume, stack_affine
from vbqkit.propose import propose_rois
from vbqkit.propose.agreement import SAME_PLACE_MM, agreed, as_the_reader_counts, propose_on_volumes
from vbqkit.propose.proposal import Proposal, ProposedRoi
from vbqkit.roi import Rectangle
from vbqkit.study import Study, make_series

NAMES = ("L1", "L2", "L3", "L4", "L5", "S1")
AFFINE = stack_affine((-8, -60, 20), (4, 0, 0), (0, 0, -1), (0, 1, 0))


def series(
    weighting, names=NAMES, *, frame="1", shift=(0.0, 0.0, 0.0), margin=7.0, question="", first=0, slice_index=2
):
    """A proposal with bodies 30 mm apart; asking without names where there is a question."""
    volume = Volume(np.zeros((5, 260, 120), "uint16"), AFFINE).with_acquisition(
        weighting=weighting, frame_of_reference_uid=frame
    )
    labels = [f"body {k}" for k in range(1, len(names) + 1)] if question else names
    rois = []
    for k, label in enumerate(labels):
        center = np.array([0.0, 0.0, -30.0 * (k + first)]) + shift
        box = Rectangle(center=tuple(center), half_width=(0, 3, 0), half_height=(0, 0, -3), label=label)
        rois.append(ProposedRoi(roi=box, confidence=0.8, slice_index=slice_index))
    return Proposal(
        volume=volume,
        rois=tuple(rois),
        likely_names=tuple(names),
        margin=margin,
        question=question,
        slice_index=slice_index,
    )


def labels(proposal):
    return [p.roi.label for p in proposal.rois]


def test_series_that_agree_give_one_proposal_and_say_so():
    found = agreed([series("T1"), series("T2", shift=(0, 0, 2)), series("STIR", shift=(0, 1, 0))])
    assert labels(found) == list(NAMES)
    assert found.named
    assert not any(p.doubtful for p in found.rois)
    assert found.remarks == ("Bodies on T1 and T2, STIR lie at the same places, at most 2.0 mm apart.",)


def test_confidence_is_the_best_look_where_they_agree_and_the_worst_where_not():
    sure = series("T2")
    sure = replace(sure, rois=tuple(replace(p, confidence=0.95) for p in sure.rois))
    assert agreed([series("T1"), sure]).find("L3").confidence == 0.95
    away = replace(sure, rois=tuple(replace(p, roi=p.roi.moved((0, 7, 0))) for p in sure.rois))
    assert agreed([series("T1"), away]).find("L3").confidence == 0.8


def test_other_names_for_the_same_bodies_are_asked_and_not_outvoted():
    lower = ("L2", "L3", "L4", "L5", "S1", "S2")
    found = agreed([series("T1"), series("T2", lower), series("STIR")])
    assert not found.named
    assert labels(found) == [f"body {k}" for k in range(1, 7)]
    assert found.question.startswith(
        "The series do not agree: body 1 of 6 from above is L1 on T1, L2 on T2, L1 on STIR."
    )


def test_another_count_of_bodies_is_no_disagreement_as_places_decide():
    found = agreed([series("T1"), series("T2", NAMES[1:], first=1)])
    assert found.named
    assert found.find("L1").doubt == "no body was found there on T2"
    assert found.find("L2").doubt == ""


def test_a_place_beyond_the_picture_of_the_other_series_is_not_doubted():
    other = series("T2", NAMES[:-1])
    short = replace(other, volume=replace(other.volume, pixels=np.zeros((5, 175, 120), "uint16")))
    assert agreed([series("T1"), short]).find("S1").doubt == ""
    assert "no body" in agreed([series("T1"), other]).find("S1").doubt


def test_names_of_the_sure_series_are_taken_where_another_asks_and_that_is_said():
    asking = series("T1", question="Neither L5 nor S1 can be recognised", margin=0.0, names=("?",) * 6)
    found = agreed([asking, series("T2")])
    assert labels(found) == list(NAMES)
    assert "Names are by T2 (log-likelihood 7.0 above the next count). Not enough to decide alone: T1." in found.remarks
    other_way = agreed([series("T2"), asking])
    assert labels(other_way) == list(NAMES)
    assert any(remark.startswith("Names are by T2") for remark in other_way.remarks)


def test_likely_names_of_the_asking_series_that_are_others_make_a_question():
    lower = ("L2", "L3", "L4", "L5", "S1", "S2")
    found = agreed([series("T1"), series("T2", lower, question="not decided", margin=2.0)])
    assert not found.named
    assert "L1 on T1 and more likely L2 on T2" in found.question


def test_a_transitional_vertebra_on_one_series_is_asked_though_the_others_are_sure():
    found = agreed([series("T1"), series("T2", question="Below S1 lies a disc.", margin=7.0)])
    assert not found.named
    assert found.question == "On T2: Below S1 lies a disc."


def test_series_that_all_ask_go_on_asking():
    found = agreed([series("T1", question="first", margin=1.0), series("T2", question="second", margin=1.0)])
    assert found.question == "first"


def test_a_body_farther_away_than_two_looks_differ_is_doubtful_and_one_nearer_is_not():
    moved = series("T2")
    rois = [p if p.roi.label != "L3" else replace(p, roi=p.roi.moved((0, SAME_PLACE_MM + 1, 0))) for p in moved.rois]
    found = agreed([series("T1"), replace(moved, rois=tuple(rois))])
    assert {p.roi.label for p in found.rois if p.doubtful} == {"L3"}
    assert found.find("L3").doubt == "on T2 the same body lies 6 mm away"
    assert found.named


def test_a_doubt_that_was_there_is_kept():
    first = series("T1")
    doubted = replace(first, rois=tuple(replace(p, doubt="a fracture?") for p in first.rois))
    assert (
        agreed([doubted, series("T2", shift=(0, 6, 0))]).find("L2").doubt
        == "a fracture?; on T2 the same body lies 6 mm away"
    )


def test_a_patient_who_was_moved_is_noticed():
    found = agreed([series("T1"), series("T2", shift=(0, 14, 0))])
    assert all(p.doubt == "no body was found there on T2" for p in found.rois)
    assert "No body lies at the same place on T2: was the patient moved?" in found.remarks


def test_another_slice_is_said():
    assert not any("to the side" in r for r in agreed([series("T1"), series("T2", slice_index=3)]).remarks)
    assert any("lies 8 mm to the side" in r for r in agreed([series("T1"), series("T2", slice_index=4)]).remarks)


@pytest.mark.parametrize("frame", ["2", None])
def test_series_of_another_frame_of_reference_are_not_compared_and_that_is_said(frame):
    lower = ("L2", "L3", "L4", "L5", "S1", "S2")
    found = agreed([series("T1"), series("T2", lower, frame=frame)])
    assert found.named
    assert found.remarks == ("Not compared, as no common frame of reference is stated: T2.",)


def test_series_linked_by_the_user_are_compared():
    other = series("T2", ("L2", "L3", "L4", "L5", "S1", "S2"), frame="2")
    linked = replace(other, volume=other.volume.with_acquisition(linked_frames=("1",)))
    assert not agreed([series("T1"), linked]).named


def test_a_sample_study_agrees_and_one_whose_t2_lies_elsewhere_does_not():
    volumes = [volume_of("case02", weighting) for weighting in ("T1", "T2")]
    study = Study(series=tuple(make_series(volume) for volume in volumes))
    steps = []
    found = propose_rois(study, progress=lambda done, total: steps.append((done, total)))
    assert found.named
    assert found.series_index == 0
    assert steps == [(1, 2), (2, 2)]
    assert any("Bodies on T1 and T2 lie at the same places" in remark for remark in found.remarks)
    affine = volumes[1].affine.copy()
    affine[2, 3] += 34.0  # one level higher
    moved = replace(volumes[1], affine=affine)
    asked = propose_on_volumes([volumes[0], moved])
    assert not asked.named
    assert "The series do not agree" in asked.question


def test_a_series_that_cannot_be_asked_is_named_and_the_first_is_given():
    volume = volume_of("case02", "T1")
    blank = replace(volume, pixels=np.zeros_like(volume.pixels)).with_acquisition(weighting="T2")
    found = propose_on_volumes([volume, blank])
    assert found.named
    assert any("Series 1 could not be asked: The pixels of this series are all the same" in r for r in found.remarks)
    with pytest.raises(ProposalError, match="all the same"):
        propose_on_volumes([blank, volume])


def test_a_study_without_a_series_for_it_is_refused_in_words():
    with pytest.raises(ProposalError, match="No series of the study can have ROIs proposed"):
        propose_rois(Study(series=()))
    with pytest.raises(ProposalError, match="There is no series 3"):
        propose_rois(Study(series=(make_series(volume_of("case02", "T1")),)), series=3)


def placed(*levels, shift=(0.0, 2.0, 1.0)):
    """The reader's ROIs: (level, number of the body from above)."""
    names = {number: label for label, number in levels}
    first = series("T1")
    return [p.roi.with_label(names[k]).moved(shift) for k, p in enumerate(first.rois, start=1) if k in names]


def test_levels_of_the_reader_that_agree_change_nothing():
    first = series("T1")
    assert as_the_reader_counts(first, placed(("L2", 2), ("L4", 4))) is first
    assert as_the_reader_counts(first, []) is first
    assert as_the_reader_counts(first, placed(("L5", 4), shift=(0, 0, -15.0))) is first, "it lies on no body"
    assert as_the_reader_counts(first, placed(("CSF", 4), ("noise", 2))) is first


def test_levels_of_the_reader_count_before_the_networks_and_the_difference_is_said():
    found = as_the_reader_counts(series("T1"), placed(("L4", 3)))
    assert labels(found) == ["L2", "L3", "L4", "L5", "S1", "S2"]
    assert found.named
    assert found.remarks[-1].startswith("Names follow from your L4, which would be L3 if counted from the sacrum")


def test_a_level_of_the_reader_answers_the_question():
    asking = series("T1", question="Which?", margin=1.0)
    found = as_the_reader_counts(asking, placed(("L3", 3)))
    assert labels(found) == list(NAMES)
    assert "which is L3 as you have placed it" in found.remarks[-1]


def test_levels_of_the_reader_that_do_not_follow_each_other_make_a_question():
    found = as_the_reader_counts(series("T1"), placed(("L2", 2), ("L5", 4)))
    assert not found.named
    assert "L2 on body 2, L5 on body 4" in found.question
