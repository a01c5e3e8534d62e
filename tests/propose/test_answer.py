"""The reader names one body; the others follow by counting, and nothing is named otherwise."""

import numpy as np
import pytest

from vbqkit.errors import ProposalError
from vbqkit.image import Volume
from vbqkit.propose.answer import names_by_counting, with_names
from vbqkit.propose.proposal import Proposal, ProposedRoi
from vbqkit.roi import Rectangle
from vbqkit.roi.labels import SPINE_LEVELS


def unnamed(count, *, csf_doubt=""):
    def box(label, z):
        return Rectangle(center=(0, 0, -30.0 * z), half_width=(0, 3, 0), half_height=(0, 0, -3), label=label)

    bodies = [ProposedRoi(roi=box(f"body {k}", k), confidence=0.9) for k in range(1, count + 1)]
    csf = ProposedRoi(roi=box("CSF", 0), confidence=0.9, doubt=csf_doubt)
    return Proposal(
        volume=Volume(np.zeros((1, 8, 8)), np.eye(4)),
        rois=(*bodies, csf),
        likely_names=("?",) * count,
        question="Which?",
    )


@pytest.mark.parametrize(("body", "level"), [("body 1", "L1"), ("body 5", "L5"), ("body 6", "S1")])
def test_naming_any_body_gives_the_same_names(body, level):
    named = with_names(unnamed(6), body, level)
    assert [p.roi.label for p in named.rois] == ["L1", "L2", "L3", "L4", "L5", "S1", "CSF"]
    assert named.named
    assert f"{body}, which is {level}" in named.remarks[-1]


def test_bodies_beyond_the_known_levels_are_left_out():
    labels = [p.roi.label for p in with_names(unnamed(6), "body 6", "T12").rois]
    assert labels == ["T11", "T12", "CSF"]
    assert names_by_counting(["body 1", "body 2"], "body 1", "S2") == {"body 1": "S2"}


def test_a_body_without_a_roi_is_counted():
    assert names_by_counting(["body 1", "body 3"], "body 3", "L5") == {"body 1": "L3", "body 3": "L5"}


def test_the_csf_is_doubted_no_longer_where_l3_lies_beside_it():
    asking = unnamed(5, csf_doubt="at body 3, as no level has a name")
    assert with_names(asking, "body 1", "L1").find("CSF").doubt == ""
    assert with_names(asking, "body 1", "L2").find("CSF").doubt == "beside L4; L3 is the usual place"


@pytest.mark.parametrize("level", ["L7", "CSF", ""])
def test_what_is_no_level_is_refused(level):
    with pytest.raises(ProposalError, match=f"no level that can be counted from. Use one of {SPINE_LEVELS[0]}"):
        with_names(unnamed(4), "body 1", level)


def test_a_body_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ProposalError, match=r"no 'body 9'.*body 1, body 2"):
        with_names(unnamed(2), "body 9", "L4")
