"""A reader, a proposal and the truth: what is counted as wrong, as missed and as asked."""

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.errors import VbqkitError
from vbqkit.exercises import compare_with_proposal
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.report_card import CaseResult, report_card_html
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scores import score_value
from vbqkit.teacher import reference_rois, truth_of


@pytest.fixture(scope="module")
def case():
    return known_case("haemangioma", 2)  # in L3


@pytest.fixture(scope="module")
def compared(case):
    moved = [r.moved((0, 3.0, 4.0)) if r.label == "L2" else r for r in reference_rois(case) if r.label != "L4"]
    return compare_with_proposal(moved, case)


def test_a_haemangioma_under_a_proposed_roi_is_found_and_counted_as_missed(compared):
    rows = {row["label"]: row for row in compared.as_rows()}
    assert "haemangioma" in rows["L3"]["proposed"]
    assert rows["L3"]["doubt"] == ""
    assert compared.unseen == ("L3",)
    assert "says nothing against L3" in str(compared)
    assert rows["L1"]["proposed"] == "passes"


def test_the_readers_rois_are_where_they_were_put(compared):
    rows = {row["label"]: row for row in compared.as_rows()}
    assert rows["L2"]["reader_mm"] == pytest.approx(5.0)
    assert rows["L1"]["reader_mm"] == 0.0
    assert rows["L4"]["reader"] == "no ROI"
    assert rows["noise"]["reader_mm"] is None


def test_the_scores_are_those_of_the_score_itself(case, compared):
    used = (*SCORED_LEVELS, "CSF")
    references = [r for r in reference_rois(case) if r.label in used]
    assert compared.reference == score_value(case.volumes, references, "VBQ-T1", aggregate="median")
    proposed = [r for r in compared.proposed_rois if r.label in used]
    assert compared.proposed == score_value(case.volumes, proposed, "VBQ-T1", aggregate="median")
    assert compared.proposed_percent == pytest.approx(100 * (compared.proposed / compared.reference - 1))


def test_a_level_that_a_reader_rightly_leaves_out_passes_and_a_proposal_there_does_not():
    fractured = known_case("fracture", 2)
    (finding,) = truth_of(fractured).findings
    rows = {r["label"]: r for r in compare_with_proposal(reference_rois(fractured), fractured).as_rows()}
    assert rows[finding.level]["reader"] == "passes: left out"
    assert rows[finding.level]["proposed"] == "to correct: left-out"


def test_where_no_names_are_given_the_question_is_told_and_no_score_follows(case):
    volume = case.volumes["T1"]
    cut = replace(volume, pixels=volume.pixels[:, : volume.shape[1] // 2])
    found = compare_with_proposal((), replace(case, volumes={"T1": cut}))
    assert found.proposal is not None
    assert found.proposal.question
    assert found.proposed is None
    assert found.proposed_grades == ()
    assert found.proposal.question in str(found)


def test_what_is_no_spine_is_refused_in_words(case):
    flat = replace(case.volumes["T1"], pixels=np.ones_like(case.volumes["T1"].pixels))
    found = compare_with_proposal((), replace(case, volumes={"T1": flat}))
    assert found.proposal is None
    assert "all the same" in found.refused
    assert str(found).startswith("Nothing is proposed: ")


def test_a_series_that_is_not_there_is_named(case):
    with pytest.raises(VbqkitError, match="has no T2 series, only T1"):
        compare_with_proposal((), case, weighting="T2")


def test_the_report_card_puts_the_proposal_beside_the_reader(compared):
    result = CaseResult(
        title="Patient 1",
        case="haemangioma-2",
        grades=compared.reader_grades,
        consequence=None,
        compared=compared,
    )
    page = report_card_html([result], student="1")
    assert "5 of 6 proposed ROIs pass." in page
    assert f"{compared.proposed:.2f} ({compared.proposed_percent:+.1f} %)" in page
    assert "<td>L3</td><td>L3</td>" in page, "wrong there, and no doubt said"
    assert "Beside the computer" not in report_card_html([replace(result, compared=None)], student="1")
