"""The landscape of VBQ is what measuring at each place gives, and the quick interval is near the full one."""

from pathlib import Path

import numpy as np
import pytest

from vbqkit import Volume, read_rois, read_study
from vbqkit.errors import ScoreError
from vbqkit.image import Slice, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle
from vbqkit.scores import Jitter, case_uncertainty, score_value, shift_interval, vbq_landscape
from vbqkit.scores.landscape import AREAS_CM2

SAMPLE = Path(__file__).parents[2] / "sample_data" / "case03"
LEVELS = ("L1", "L2", "L3", "L4")


def smooth(shape, rng):
    """Pixels that change from place to place, as anatomy does."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return 300 + 90 * np.sin(x / 7) + 70 * np.cos(y / 11) + rng.normal(0, 8, shape)


@pytest.fixture(scope="module")
def volume():
    rng = np.random.default_rng(4)
    pixels = np.round(smooth((180, 120), rng))[None]
    stack = Volume(pixels.astype("uint16"), stack_affine((0, -40, 70), (4, 0, 0), (0, 0, -0.8), (0, 0.7, 0)))
    return stack.with_acquisition(weighting="T1", field_t=1.5, tr_ms=500, te_ms=10)


@pytest.fixture(scope="module")
def rois(volume):
    """Of every shape, one of them turned."""
    image = volume.slice(0)
    l1, l2, csf = (
        Rectangle.on(image, place, w, h, label=name)
        for place, w, h, name in (((30, 50), 10, 8, "L1"), ((65, 47), 9, 7, "L2"), ((80, 90), 4, 18, "CSF"))
    )
    turned = Rectangle(center=l2.center, half_width=(0, 4.2, 1.05), half_height=(0, 0.85, -3.4), label="L2")
    l3 = Ellipse.on(image, (100, 46), 9, 8, label="L3")
    points = image.to_patient_mm([(130, 40), (129, 52), (141, 54), (135, 46), (141, 41)])  # not convex
    return [l1, turned, l3, Polygon(points=points, label="L4"), csf]


@pytest.mark.parametrize("moved", [["L2"], ["L4"], ["CSF"], list(LEVELS)])
@pytest.mark.parametrize("aggregate", ["median", "mean"])
def test_each_place_is_what_a_roi_moved_there_measures(volume, rois, moved, aggregate):
    image = volume.slice(0)
    found = vbq_landscape(image, rois, moved=moved, aggregate=aggregate, reach_mm=(6, 7))
    assert found.value == pytest.approx(score_value(image, rois, "VBQ-T1", aggregate=aggregate))
    for k, m in ((0, 0), (3, 11), (len(found.up_mm) - 1, 2), (len(found.up_mm) // 2, len(found.back_mm) // 2)):
        shift = (0.0, found.back_mm[m], found.up_mm[k])
        there = [roi.moved(shift) if roi.label in moved else roi for roi in rois]
        assert found.by_place[k, m] == pytest.approx(score_value(image, there, "VBQ-T1", aggregate=aggregate))


def test_each_size_is_what_a_roi_of_that_size_measures(volume, rois):
    image = volume.slice(0)
    found = vbq_landscape(image, rois, moved=["L3"], aggregate="mean", reach_mm=(6, 7))
    assert found.area_cm2.tolist() == list(AREAS_CM2)
    for n, m in ((0, 0), (3, 9), (len(AREAS_CM2) - 1, 4)):
        there = [
            roi.with_area(AREAS_CM2[n]).moved((0.0, found.back_mm[m], 0.0)) if roi.label == "L3" else roi
            for roi in rois
        ]
        assert found.by_size[n, m] == pytest.approx(score_value(image, there, "VBQ-T1", aggregate="mean"))


def test_shifts_go_to_the_back_and_to_the_head_however_the_picture_lies(volume, rois):
    image = volume.slice(0)
    turned = Slice(
        image.pixels[::-1, ::-1],
        tuple(image.to_patient_mm([(image.shape[0] - 1, image.shape[1] - 1)])[0]),
        tuple(-np.array(image.row_step_mm)),
        tuple(-np.array(image.col_step_mm)),
        acquisition=image.acquisition,
    )
    off_center = [
        roi.moved((0.0, 0.13, 0.11)) for roi in rois
    ]  # no pixel center lies on an outline, in or out by a rule
    one, other = (vbq_landscape(i, off_center, moved=["L1"], aggregate="median") for i in (image, turned))
    assert np.allclose(one.by_place, other.by_place, equal_nan=True)
    for shifts in (one.back_mm, one.up_mm):
        assert shifts[0] < 0 < shifts[-1]


def test_beyond_the_image_there_is_no_number(volume, rois):
    found = vbq_landscape(volume.slice(0), rois, moved=["CSF"], aggregate="median", reach_mm=(30, 4))
    assert np.isnan(found.by_place[:, -1]).all()
    assert np.isfinite(found.by_place[:, 0]).all()
    level = vbq_landscape(volume.slice(0), rois, moved=["L1"], aggregate="mean", reach_mm=(4, 30))
    assert np.isnan(level.by_place[-1]).all()
    assert np.isfinite(level.by_place[0]).all()
    assert found.share_within(1e9) == 1.0
    assert 0 < found.share_within(5) < 1


def test_what_cannot_be_moved_is_refused(volume, rois):
    image = volume.slice(0)
    with pytest.raises(ScoreError, match="needs a ROI for L1, CSF"):
        vbq_landscape(image, rois[1:-1], moved=["L3"], aggregate="median")
    with pytest.raises(ScoreError, match="noise cannot be moved"):
        vbq_landscape(image, rois, moved=["noise"], aggregate="median")
    with pytest.raises(ScoreError, match="No ROI cannot be moved"):
        vbq_landscape(image, rois, moved=[], aggregate="median")
    with pytest.raises(ScoreError, match="Aggregate 'mode' is unknown"):
        vbq_landscape(image, rois, moved=["L3"], aggregate="mode")
    axial = Slice(image.pixels, (0, 0, 0), (0, 0.8, 0), (0.8, 0, 0), acquisition=image.acquisition)
    with pytest.raises(ScoreError, match="this one is axial"):
        vbq_landscape(axial, rois, moved=["L3"], aggregate="median")


@pytest.mark.parametrize("shift_mm", [1.0, 2.0])
def test_the_quick_interval_is_near_the_one_that_draws_everything(shift_mm):
    """On a sample patient; the full one tells noise from texture, keeps ROIs in their tissue and draws fractions."""
    t1 = read_study(SAMPLE / "T1").find("T1").volume()
    drawn = [roi for roi in read_rois(SAMPLE / "reference_rois.vbqkit.json") if roi.label in (*LEVELS, "CSF")]
    low, high = shift_interval(drawn[0].slice_of(t1), drawn, shift_mm=shift_mm, aggregate="median")
    jitter = Jitter(shift_mm=shift_mm, size_percent=0)
    found = case_uncertainty({"T1": t1}, drawn, aggregate="median", jitter=jitter, rng=np.random.default_rng(1))
    (full,) = (one for one in found if one.score.name == "VBQ-T1")
    assert low < full.score.value < high
    assert (high - low) / (full.ci_high - full.ci_low) == pytest.approx(1.0, abs=0.3)


def test_the_quick_interval_grows_with_the_shift(volume, rois):
    widths = [
        np.ptp(shift_interval(volume.slice(0), rois, shift_mm=mm, aggregate="median")) for mm in (0.0, 1.0, 2.0, 4.0)
    ]
    assert widths == sorted(widths)
    assert widths[0] > 0, "noise alone"
