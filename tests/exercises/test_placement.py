import re
from dataclasses import replace

import numpy as np
import pytest

from tests.exercises.hand_made_body import COLUMNS, at, body_rows, box, good_box
from vbqkit import Ellipse, Rectangle
from vbqkit.errors import RoiError
from vbqkit.exercises import check_placement, check_placements, grade_table


def codes(grade):
    return [fault.code for fault in grade.faults]


@pytest.mark.parametrize("label", ["L1", "L2", "L3", "L4", "CSF", "noise"])
def test_a_good_placement_has_no_fault(label, body, scan):
    grade = check_placement(good_box(label), body, image=scan)
    assert grade.passed, str(grade)
    assert codes(grade) == []
    assert grade.purity == pytest.approx(1.0)
    assert not grade.contaminated.any()
    assert grade.edge_mm >= 1.0


def test_the_share_of_cortex_is_the_share_drawn(body, scan):
    r0, r1 = body_rows("L2")
    # 8 mm wide; the shell takes 1 mm, columns 60 and 61; the ROI begins at column 60 - 0.5.
    roi = box("L2", (r0 + r1) / 2 - 0.5, COLUMNS["body"] - 0.5 + 8)
    grade = check_placement(roi, body, image=scan)
    share = dict(grade.shares)["cortex"]
    assert share == pytest.approx(1.0 / 8.0, abs=0.01)
    assert codes(grade) == ["cortex"]
    assert not grade.passed
    assert "1 mm backwards" in grade.faults[0].message or "1.5 mm backwards" in grade.faults[0].message


def test_following_the_advice_makes_the_placement_pass(body, scan):
    r0, _ = body_rows("L3")
    roi = box("L3", r0 + 6, 79.5)  # 5 mm high around row r0 + 6: 1 mm of endplate and more above it
    grade = check_placement(roi, body, image=scan)
    assert "endplate" in codes(grade)
    advice = grade.faults[0].message
    assert "mm down" in advice
    step = float(advice.split("Move it ")[1].split(" mm")[0])
    assert codes(check_placement(roi.moved((0, 0, -step)), body, image=scan)) == []


def test_the_vein_is_found_with_its_pixels(body, scan):
    r0, r1 = body_rows("L4")
    roi = box("L4", (r0 + r1) / 2 - 0.5, COLUMNS["canal"] - 14)
    grade = check_placement(roi, body, image=scan)
    assert codes(grade) == ["vein"]
    assert "basivertebral vein" in str(grade)
    rows, cols = np.nonzero(grade.contaminated)
    assert set(rows) == set(range((r0 + r1) // 2 - 2, (r0 + r1) // 2 + 2))
    assert cols.min() >= COLUMNS["canal"] - 20


def test_a_thick_slice_that_only_grazes_the_vein_counts_its_share(body, scan):
    """The slice through planes 1 to 4 holds the vein in one of four planes."""
    r0, r1 = body_rows("L1")
    roi = box("L1", (r0 + r1) / 2 - 0.5, COLUMNS["canal"] - 14, plane=2.5)
    share = dict(check_placement(roi, body, image=scan).shares)["basivertebral vein"]
    whole = dict(check_placement(box("L1", (r0 + r1) / 2 - 0.5, COLUMNS["canal"] - 14), body, image=scan).shares)
    assert share == pytest.approx(whole["basivertebral vein"] / 4, rel=0.02)


@pytest.mark.parametrize(
    ("roi", "code"),
    [
        (box("L2", body_rows("L3")[0] + 24, 79.5), "wrong-level"),
        (box("L1", body_rows("L1")[1] + 8, 79.5), "disc"),
        (box("CSF", body_rows("L3")[0] + 24, 140, width=5.0, height=8.0), "root"),
        (box("CSF", body_rows("L3")[0] + 24, 146, width=5.0, height=8.0), "fat"),
        (box("L3", body_rows("L3")[0] + 24, 30), "air"),
        (box("noise", 150, 60), "noise-refused"),
    ],
)
def test_each_fault_is_named(roi, code, body, scan):
    grade = check_placement(roi, body, image=scan, marrow_mean=300.0)
    assert code in codes(grade)
    assert not grade.passed


def test_a_roi_on_another_level_says_which(body, scan):
    grade = check_placement(box("L2", body_rows("L3")[0] + 24, 79.5), body, image=scan)
    assert codes(grade) == ["wrong-level"]
    assert "lies in L3" in str(grade)


def test_close_to_an_edge_is_a_minor_fault(body, scan):
    r0, r1 = body_rows("L2")
    roi = box("L2", (r0 + r1) / 2 - 0.5, COLUMNS["body"] - 0.5 + 2 + 1 + 8)  # 0.5 mm behind the shell
    grade = check_placement(roi, body, image=scan)
    assert codes(grade) == ["near-edge"]
    assert grade.passed
    assert grade.edge_mm == pytest.approx(0.5, abs=0.26)
    assert "backwards" in str(grade)


def test_csf_beside_another_level_is_said(body, scan):
    grade = check_placement(good_box("CSF").moved((0, 0, 32.0)), body, image=scan)
    assert codes(grade) == ["csf-level"]
    assert "beside L2" in str(grade)


def test_csf_on_the_side_slice_is_said(body, scan):
    grade = check_placement(good_box("CSF").moved((-4.0, 0, 0)), body, image=scan)
    assert codes(grade) == ["slice"]
    assert grade.slice_offset_mm == pytest.approx(4.0)
    assert grade.passed


def test_another_size_than_the_siblings_is_said(body, scan):
    siblings = [good_box(label) for label in ("L2", "L3", "L4")]
    bigger = check_placement(good_box("L1").scaled(1.1), body, image=scan, siblings=siblings)
    tiny = check_placement(good_box("L1").scaled(0.5), body, image=scan, siblings=siblings)
    assert [(f.code, f.severity) for f in bigger.faults] == [("size", "minor")]
    assert ("size", "wrong") in [(f.code, f.severity) for f in tiny.faults]
    assert "0.10 cm2" in str(tiny)


@pytest.mark.parametrize(
    ("label", "factor", "passes"),
    [
        ("L1", 0.22, False),
        ("L1", 0.72, True),
        ("L1", 1.35, True),
        ("L1", 1.5, False),
        ("CSF", 0.22, False),
        ("CSF", 0.6, True),
        ("noise", 0.22, False),
        ("noise", 0.72, True),
        ("noise", 1.5, True),
    ],
)
def test_a_few_pixels_or_half_a_body_do_not_pass_even_if_all_rois_are_so(label, factor, passes, body, scan):
    """0.02 cm2 is four pixels; factors are of lengths, areas 0.40 cm2 times their square."""
    rois = [good_box(name).scaled(factor) for name in ("L1", "L2", "L3", "L4", "CSF", "noise")]
    grade = next(
        g
        for g in check_placements(rois, body, image=scan, wanted=("L1", "L2", "L3", "L4", "CSF", "noise"))
        if g.label == label
    )
    assert ("area" not in codes(grade)) == passes
    assert passes or not grade.passed


def test_csf_two_levels_away_does_not_pass(body, scan):
    """The reference lies beside L3; L2 is worth knowing, L1 is wrong."""
    beside, far = (check_placement(good_box("CSF").moved((0, 0, up)), body, image=scan) for up in (32.0, 64.0))
    assert [f.severity for f in beside.faults if f.code == "csf-level"] == ["minor"]
    assert [f.severity for f in far.faults if f.code == "csf-level"] == ["wrong"]


def test_one_level_on_the_next_slice_is_worth_knowing_and_all_of_them_are_wrong(body, scan):
    names = ("L1", "L2", "L3", "L4")
    one = [good_box(n).moved((-4.0 if n == "L2" else 0.0, 0, 0)) for n in names]
    every = [good_box(n).moved((-4.0, 0, 0)) for n in names]
    lenient = check_placements(one, body, image=scan, wanted=names)
    assert all(g.passed for g in lenient)
    assert codes(lenient[1]) == ["slice"]
    strict = check_placements(every, body, image=scan, wanted=names)
    assert not any(g.passed for g in strict)


def test_clean_marrow_far_from_the_rule_is_said_and_farther_does_not_pass(body, scan):
    near, far, farther = (check_placement(good_box("L2").moved((0, 0, up)), body, image=scan) for up in (4.0, 5.0, 6.0))
    assert codes(near) == []
    assert [(f.code, f.severity) for f in far.faults] == [("part-of-body", "minor")]
    assert ("part-of-body", "wrong") in [(f.code, f.severity) for f in farther.faults]


def test_noise_that_is_not_like_that_of_the_reference_group_does_not_pass(body, scan):
    """Half the noise in the front than in the back: SNR would double, and nothing in the patient has changed."""
    quiet = scan.pixels.astype(float)
    quiet[:, 200:, :40] /= 2.0
    volume = replace(scan, pixels=quiet)
    there = check_placement(good_box("noise"), body, image=volume)
    other = check_placement(box("noise", 235, 15), body, image=volume)
    assert "noise-place" not in codes(there)
    (fault,) = [f for f in other.faults if f.code == "noise-place"]
    assert fault.severity == "wrong"
    assert re.search(r"SNR would be (1\.[7-9]|2\.[0-4]) times as high", fault.message)


def test_outside_the_picture_or_on_another_plane_is_a_fault_and_no_crash(body, scan):
    outside = good_box("L1").moved((0, 500.0, 0))
    axial = Ellipse(center=at(60, 80), half_width=(3, 0, 0), half_height=(0, 3, 0), label="L2")
    for roi in (outside, axial):
        grade = check_placement(roi, body, image=scan)
        assert codes(grade) == ["not-on-picture"]
        assert not grade.passed


def test_a_label_without_a_rule_is_refused(body, scan):
    with pytest.raises(RoiError, match="no rule for a ROI called 'spleen'"):
        check_placement(good_box("L1").with_label("spleen"), body, image=scan)


def test_a_whole_case_says_what_is_missing_and_what_is_double(body, scan):
    rois = [good_box("L1"), good_box("L1"), good_box("L2"), good_box("CSF"), good_box("noise"), good_box("L3")]
    grades = {grade.label: grade for grade in check_placements(rois, body, image=scan)}
    assert codes(grades["L4"]) == ["missing"]
    assert codes(grades["L1"]) == ["double"]
    assert grades["L2"].passed
    assert [row["passed"] for row in grade_table(grades.values())] == [False, True, True, False, True, True]


def test_all_shares_add_up_to_one_for_any_place(body, scan):
    rng = np.random.default_rng(3)
    for _ in range(25):
        roi = box("L2", rng.uniform(20, 240), rng.uniform(20, 180), width=rng.uniform(3, 12))
        grade = check_placement(roi, body, image=scan)
        assert sum(share for _, share in grade.shares) == pytest.approx(1.0)
        assert 0.0 <= grade.purity <= 1.0


def test_coloured_pixels_lie_in_the_roi(body, scan):
    roi = box("L2", body_rows("L2")[0] + 4, 62)
    grade = check_placement(roi, body, image=scan)
    mask = roi.mask(scan)
    assert grade.contaminated.any()
    assert not (grade.contaminated & ~mask).any()


def test_the_shares_agree_with_areas_worked_out_on_paper(body, scan):
    roi = box("L2", body_rows("L2")[0] + 5.1, 70.15, width=11.0, height=7.0)
    # Columns 59.15 to 81.15, marrow from 61.5; rows -1.9 to 12.1 of the body, marrow from 1.5 (voxel edges).
    by_hand = (81.15 - 61.5) / 22 * (12.1 - 1.5) / 14
    assert check_placement(roi, body, image=scan).purity == pytest.approx(by_hand, abs=0.015)


def test_a_rectangle_turned_by_90_degrees_is_graded_the_same(body, scan):
    upright = good_box("L3")
    turned = Rectangle(
        center=upright.center, half_width=upright.half_height, half_height=upright.half_width, label="L3"
    )
    first, second = (check_placement(r, body, image=scan) for r in (upright, turned))
    assert (first.purity, first.edge_mm) == pytest.approx((second.purity, second.edge_mm), abs=0.02)


@pytest.mark.parametrize(("behind", "passes"), [(0.0, True), (0.15, True), (0.35, False)])
def test_a_csf_roi_may_hold_a_few_roots_and_says_how_many(behind, passes, body, scan):
    """Roots fill the last 2 mm of the sac: a ROI of 5 mm that reaches into them by a share of its width."""
    first_root = COLUMNS["fat"] - 4 - 0.5
    roi = box("CSF", body_rows("L3")[0] + 24, first_root - 5 + 10 * behind, width=5.0, height=8.0)
    grade = check_placement(roi, body, image=scan)
    assert dict(grade.shares).get("nerve root", 0.0) == pytest.approx(behind, abs=0.03)
    assert grade.passed is passes
    assert codes(grade) == ([] if behind == 0 else ["root"])
    if behind:
        assert f"{100 * dict(grade.shares)['nerve root']:.0f} % of the ROI CSF is nerve root" in str(grade)
    if not passes:
        assert "mm forwards" in str(grade)
        step = float(str(grade).split("Move it ")[1].split(" mm")[0])
        assert check_placement(roi.moved((0, -step, 0)), body, image=scan).passed
