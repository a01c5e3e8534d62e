"""What automatic ROIs are judged by: rates with the patient as the unit, agreement within a sequence, hard settings."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from vbqkit.anatomy import LEVEL_OF_CODE
from vbqkit.anatomy.canvas import CODE
from vbqkit.image import Volume
from vbqkit.roi import Rectangle
from vbqkit.stats import icc
from vbqkit.validation import proposals
from vbqkit.validation.proposal_scans import HARD_SETTINGS, UnseenScan, hardened
from vbqkit.validation.proposal_summary import agreement_rows, rate_rows, summary_rows
from vbqkit.validation.proposal_truth import Truth


def row(outcome, **more):
    empty = dict.fromkeys(proposals.COLUMNS, "") | {"weighting": "T1", "findings": "none", "outcome": outcome}
    return empty | {"levels": 4, "whole": 4, "ellipse_whole": 4} | more


def test_the_summary_counts_series_and_levels():
    rows = [
        row("right", seed=1, vbq_percent=-2.0),
        row("wrong", seed=1, whole=2, findings="fracture + modic"),
        row("asked", seed=2, levels=2, whole=2, ellipse_whole=1),
        row("refused", seed=3, levels="", whole="", ellipse_whole=""),
    ]
    *_, total = summary_rows(rows, "weighting")
    assert [total[f"{what}_percent"] for what in ("wrong", "asked", "refused")] == [25, 25, 25]
    assert (total["series"], total["patients"], total["levels"], total["whole_percent"]) == (4, 3, 10, 80.0)
    assert (total["ellipse_percent"], total["vbq_median"]) == (90.0, 2.0)
    assert [r["group"] for r in summary_rows(rows, "findings")] == ["fracture", "modic", "none", "all"]


def test_rates_count_a_patient_once_and_have_the_exact_interval():
    """0 of 300: the exact upper limit, 1.22 %, as R's binom.test(0, 300) prints it."""
    rows = [row("right", seed=n, weighting=w) for n in range(300) for w in ("T1", "T2")]
    rows[0]["outcome"] = rows[1]["outcome"] = "asked"
    found = {(r["event"], r["in"]): r for r in rate_rows(rows)}
    none = found["wrong names", "T1"]
    assert (none["events"], none["of"], none["ci_low"]) == (0, 300, 0.0)
    assert none["ci_high"] == pytest.approx(1.2221, abs=1e-3)
    assert found["names asked for", "any series"]["events"] == 1
    assert found["names asked for", "any series"]["of"] == 300


def test_agreement_is_that_of_two_readers_within_a_sequence():
    rng = np.random.default_rng(2)
    rows = []
    for weighting, level in (("T1", 2.0), ("STIR", 0.4)):
        truth = level * (1.0 + 0.05 * rng.standard_normal(40))
        read = truth * (1.03 + 0.04 * rng.standard_normal(40))
        for seed, (a, b) in enumerate(zip(read, truth, strict=True)):
            rows.append(row("right", seed=seed, weighting=weighting, vbq=a, vbq_ellipse=b, vbq_reference=b))
    found = {(r["weighting"], r["roi"]): r for r in agreement_rows(rows)}
    assert set(found) == {("T1", "fixed"), ("T1", "ellipse"), ("STIR", "fixed"), ("STIR", "ellipse")}
    one = found["T1", "fixed"]
    assert one["bias"] == pytest.approx(3.0, abs=1.5)
    assert one["lower"] < one["bias_low"] < one["bias"] < one["bias_high"] < one["upper"]
    assert found["T1", "ellipse"]["icc"] == pytest.approx(1.0)
    pooled = np.array([(r["vbq"], r["vbq_reference"]) for r in rows])
    assert icc(pooled)["estimate"][1] > 0.98 > one["icc"]  # what pooling would have made of it


def test_rows_without_a_vbq_are_no_pair():
    assert agreement_rows([row("asked", seed=n) for n in range(5)]) == []


def scan():
    rng = np.random.default_rng(0)
    pixels = rng.gamma(4.0, 50.0, size=(9, 240, 200))
    affine = np.diag([4.0, 1.0, 1.0, 1.0])[[0, 2, 1, 3]]
    affine[2, 1] *= -1
    return UnseenScan(1, "none", "none", SimpleNamespace(), (Volume(pixels, affine),))


@pytest.mark.parametrize("setting", HARD_SETTINGS)
def test_a_hard_setting_changes_the_picture_and_is_the_same_each_time(setting):
    plain = scan()
    one, two = (hardened(plain, setting).volumes[0] for _ in range(2))
    assert np.array_equal(one.pixels, two.pixels)
    assert one.shape != plain.volumes[0].shape or not np.array_equal(one.pixels, plain.volumes[0].pixels)
    assert one.spacing_mm[1:] == pytest.approx(plain.volumes[0].spacing_mm[1:])


@pytest.mark.parametrize("setting", HARD_SETTINGS)
def test_places_stay_true_in_a_hard_setting(setting):
    """A bright cube is where it was, in patient coordinates."""
    plain = scan()
    [volume] = plain.volumes
    pixels = np.full_like(volume.pixels, 1.0)
    pixels[4, 118:123, 98:103] = 1000.0
    marked = UnseenScan(1, "none", "none", plain.phantom, (replace(volume, pixels=pixels),))
    [hard] = hardened(marked, setting).volumes
    weights = hard.pixels.astype(float) * (hard.pixels > 0.5 * hard.pixels.max())
    if setting in ("noisy", "8 bit, saturated"):  # noise, and a level that is cut off: the cube is brightest no more
        weights = weights * (hard.pixels >= hard.pixels.max())
    middle = [float((weights * axis).sum() / weights.sum()) for axis in np.indices(hard.shape)]
    expected = volume.affine @ [4, 120, 100, 1]
    assert np.allclose((hard.affine @ [*middle, 1])[1:3], expected[1:3], atol=2.1)


def blocks():
    """L2 above L3, blocks of 20 x 10 x 20 mm, and a sac behind them; planes of 2 mm, 1 mm within."""
    level, tissue = (np.zeros((10, 60, 60), dtype=np.uint8) for _ in range(2))
    for name, top in (("L2", 10), ("L3", 35)):
        level[:, top : top + 10, 10:30] = LEVEL_OF_CODE.index(name)
    tissue[:, :, 40:50] = CODE["csf"]
    affine = np.array([[2.0, 0, 0, -9.0], [0, 0, 1.0, 0], [0, -1.0, 0, 100.0], [0, 0, 0, 1.0]])
    return Truth(SimpleNamespace(level=level, tissue=tissue, affine=affine, reference_rois=()))


def box(y, z, half_mm=3.0):
    return Rectangle(center=(0.0, y, z), half_width=(0.0, half_mm, 0.0), half_height=(0.0, 0.0, half_mm), label="L3")


def test_the_truth_knows_which_body_a_place_is_in_and_which_it_lies_beside():
    truth = blocks()
    assert truth.level_at((0.0, 20.0, 60.0)) == "L3"
    assert truth.level_at((0.0, 20.0, 73.0)) == ""
    assert [truth.level_beside((0.0, 45.0, z)) for z in (90.0, 75.0, 70.0, 20.0)] == ["L2", "L2", "L3", "L3"]
    assert truth.middle_x_mm() == pytest.approx(0.0)


def test_the_truth_knows_how_much_of_a_roi_lies_inside():
    truth = blocks()
    assert truth.inside(box(20.0, 60.0), "L3") == 1.0
    assert truth.inside(box(20.0, 65.5), "L3") == pytest.approx(0.5, abs=0.1)
    assert truth.inside(box(20.0, 60.0), "L2") == 0.0
    assert truth.in_sac(box(45.0, 60.0)) == 1.0
    assert truth.off_center_mm(box(20.0, 60.5), "L3") == pytest.approx(0.5)
