import math

import numpy as np
import pytest

from tests.exercises.hand_made_body import COLUMNS, SIGNAL, body_rows, box, good_box
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.errors import ScoreError
from vbqkit.exercises import OwnSpread, check_consequence, check_placements
from vbqkit.exercises.consequence import faultless_placements
from vbqkit.exercises.truth import TOLERATED, holds_only, truth_under, wanted_word
from vbqkit.scores import score_value

LEVELS = ("L1", "L2", "L3", "L4")


def good_case():
    return {label: good_box(label) for label in (*LEVELS, "CSF", "noise")}


def consequence(rois, body, scan, **options):
    options = {"score": "VBQ-T1", "aggregate": "mean", "rng": np.random.default_rng(1), "draws": 12} | options
    return check_consequence(rois, body, volumes={"T1": scan}, **options)


def test_the_reference_rois_do_not_move_the_score(body, scan):
    result = consequence(body.reference_rois, body, scan)
    assert result.shift == 0.0
    assert result.in_spreads == 0.0
    assert result.spread > 0
    assert result.reference == pytest.approx(SIGNAL["marrow"] / SIGNAL["csf"], rel=0.02)


def test_faultless_placements_that_are_known_already_give_the_same(body, scan):
    case = good_case().values()
    found = faultless_placements(body, volumes={"T1": scan}, score="VBQ-T1", rng=np.random.default_rng(1), draws=12)
    drawn, known = consequence(case, body, scan), consequence(case, body, scan, rng=None, faultless=found)
    assert drawn.as_row() == known.as_row()
    assert (drawn.draws, known.draws) == (12, 12)
    fewer = consequence(case, body, scan, rng=None, faultless=found[:3])
    assert fewer.spread != drawn.spread
    assert fewer.draws == 3


def test_a_contaminated_level_moves_the_mean_by_a_quarter_of_its_own_error(body, scan):
    """Closed form: half of L4's ROI on the vein (90 for 300) takes 105 from one of four levels of 300 over CSF of
    100."""
    r0, r1 = body_rows("L4")
    veined = box("L4", (r0 + r1) / 2 - 0.5, COLUMNS["canal"] - 12, width=8.0, height=4.0)
    case = good_case() | {"L4": veined}
    result = consequence(case.values(), body, scan)
    assert result.shift == pytest.approx(-0.5 * (300 - 90) / 4 / 100, rel=0.1)
    assert result.worst == "L4"
    assert dict(result.by_roi)["L4"] == pytest.approx(result.shift)
    assert dict(result.by_roi)["L1"] == 0.0
    assert result.in_spreads < -2
    assert "Most of it comes from L4" in str(result)


def test_the_median_shrugs_off_what_the_mean_does_not(body, scan):
    r0, r1 = body_rows("L4")
    case = good_case() | {"L4": box("L4", (r0 + r1) / 2 - 0.5, COLUMNS["canal"] - 12, height=4.0)}
    mean, median = (consequence(case.values(), body, scan, aggregate=a) for a in ("mean", "median"))
    assert abs(median.shift) < abs(mean.shift) / 3


def test_own_repeats_are_told_and_are_not_the_yardstick(body, scan):
    """Three lucky pairs must not make the exercise harder, nor a sloppy lesson 70 easier."""
    case = good_case() | {"CSF": good_box("CSF").moved((0, 4.0, 0))}
    without = consequence(case.values(), body, scan)
    for own in (OwnSpread(relative_sd=0.0004, n_patients=3), OwnSpread(relative_sd=0.4, n_patients=3)):
        result = consequence(case.values(), body, scan, own_spread=own)
        assert (result.spread, result.passed) == (without.spread, without.passed)
        assert "3 patients that you read twice" in str(result)
    other = consequence(case.values(), body, scan, own_spread=OwnSpread(relative_sd=0.04, n_patients=3, score="VBQ-T2"))
    assert "read twice" not in str(other)


def test_a_shift_beyond_two_spreads_does_not_pass_and_one_within_does(body, scan):
    good = consequence(body.reference_rois, body, scan)
    assert good.passed
    assert "Faultless placements differ as much" in str(good)
    rooted = good_case() | {"CSF": good_box("CSF").moved((0, 6.0, 0))}
    bad = consequence(rooted.values(), body, scan)
    assert abs(bad.in_spreads) > 2
    assert not bad.passed
    assert "more than faultless placements differ" in str(bad)


def test_the_same_seed_gives_the_same_spread(body, scan):
    first, second = (consequence(body.reference_rois, body, scan).spread for _ in range(2))
    assert first == second


def test_faultless_placements_reach_no_other_tissue(body, scan):
    """None of them reaches the shell, and few roots are in them, so the spread is hardly more than noise."""
    result = consequence(body.reference_rois, body, scan)
    assert result.spread < 0.05 * result.reference


def test_faultless_placements_hold_as_many_roots_as_pass_and_no_more(body, scan):
    """Else a careful reader, whose CSF ROI may hold 20 %, is measured against places that hold hardly any."""
    found = faultless_placements(body, volumes={"T1": scan}, score="VBQ-T1", rng=np.random.default_rng(1), draws=80)
    roots = [
        truth_under(case["CSF"], body, case["CSF"].slice_of(scan), wanted="CSF").share("nerve root") for case in found
    ]
    assert 0.1 < max(roots) <= ROOTS_ALLOWED
    for case in found[:10]:
        grades = check_placements(case.values(), body, image=scan, wanted=tuple(case))
        assert all(grade.passed for grade in grades)


def test_snr_takes_the_noise_roi_along(body, scan):
    result = consequence(good_case().values(), body, scan, score="SNR")
    assert result.reference == pytest.approx(300 / (3 * math.sqrt(2 - math.pi / 2)), rel=0.15)
    assert "noise" in dict(result.by_roi)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"score": "M-skore"}, "There is no score 'M-skore'"),
        ({"score": "VBQ-T2"}, "needs a T2 series; this case has T1"),
        ({"score": "M-score"}, "no reference group"),
    ],
)
def test_what_cannot_be_computed_is_said(options, words, body, scan):
    with pytest.raises(ScoreError, match=words):
        consequence(good_case().values(), body, scan, **options)


def test_a_roi_off_the_picture_is_said(body, scan):
    rois = [*(good_box(label) for label in LEVELS), good_box("CSF").moved((0, 500, 0))]
    with pytest.raises(ScoreError, match="cannot be computed: ROI 'CSF' reaches"):
        score_value({"T1": scan}, rois, "VBQ-T1", aggregate="mean")


def test_a_missing_level_is_said(body, scan):
    case = good_case()
    del case["CSF"]
    with pytest.raises(ScoreError, match="no ROI 'CSF' on the T1 series"):
        consequence(case.values(), body, scan)


def test_the_row_is_flat(body, scan):
    row = consequence(good_case().values(), body, scan).as_row()
    assert all(value is None or isinstance(value, (str, float, int)) for value in row.values())
    assert row["from_L3"] == 0.0


@pytest.mark.parametrize("label", [*LEVELS, "CSF"])
def test_the_quick_look_for_a_faultless_place_says_what_the_whole_truth_says(label, body, scan):
    """Under ROIs of many sizes at many places, for edges that must be clear by little and by much."""
    rng = np.random.default_rng(LEVELS.index(label) if label in LEVELS else 9)
    roi, wanted = good_box(label), wanted_word(label)
    said = []
    for _ in range(15):
        put = roi.moved((0.0, *rng.uniform(-6, 6, 2))).scaled(rng.uniform(0.4, 1.2))
        image = put.slice_of(scan)
        under = truth_under(put, body, image, wanted=wanted)
        spared = under.share(TOLERATED.get(wanted, ""))
        for share, tolerated, edge_mm in ((0.98, 0.1, 1.0), (0.5, 0.0, 0.0), (0.98, 0.1, 4.0)):
            whole = under.share(wanted) + spared >= share and spared <= tolerated and under.edge_mm >= edge_mm
            quick = holds_only(
                put, body, image, wanted=wanted, least_share=share, most_tolerated=tolerated, edge_mm=edge_mm
            )
            assert quick == whole, (put, share, edge_mm)
            said.append(quick)
    assert 0.1 < np.mean(said) < 0.9, "both answers are met"
