"""Values survive pickle and deepcopy: pixels stay read-only, ROIs stay equal, a study can go to another process."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vbqkit import Ellipse, Polygon, Rectangle, Study, read_rois, read_study
from vbqkit.image import Volume, stack_affine
from vbqkit.scores import Jitter, case_uncertainty, score_case
from vbqkit.study import make_series

SAMPLE = Path(__file__).parents[1] / "sample_data"

COPIES = pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))], ids=["deepcopy", "pickle"]
)
BOX = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
SHAPES = [
    BOX,
    Ellipse(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1"),
    Polygon(points=[(0, 0, 0), (0, 4, 0), (0, 0, 3)], label="L2"),
]


def make_volume():
    return Volume(np.ones((2, 4, 5)), stack_affine((0, 0, 0), (4, 0, 0), (0, 0, -1), (0, 1, 0)), refusal="a scout")


@COPIES
def test_pixels_stay_read_only(again):
    for value in (make_volume(), make_volume().slice(1)):
        with pytest.raises(ValueError, match="read-only"):
            again(value).pixels[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        again(make_volume()).affine[0, 0] = 7


@COPIES
@pytest.mark.parametrize("roi", SHAPES, ids=lambda roi: type(roi).__name__)
def test_a_roi_is_equal_to_its_copy_and_found_in_a_list(again, roi):
    assert again(roi) == roi
    assert hash(again(roi)) == hash(roi)
    assert again(roi) in SHAPES
    assert again(roi) != roi.moved((0, 1e-9, 0))
    assert again(roi) != roi.with_label("L4")


def test_rois_of_other_shapes_and_other_things_are_not_equal():
    assert len(set(SHAPES)) == 3
    assert SHAPES[0] != "L1"


def test_the_corners_of_a_copied_polygon_stay_read_only():
    with pytest.raises(ValueError, match="read-only"):
        copy.deepcopy(SHAPES[2]).points[0] = 1


def test_a_series_in_memory_goes_to_another_process_with_its_refusal():
    series = pickle.loads(pickle.dumps(make_series(make_volume())))
    assert series.volume().refusal == series.refusal == "a scout"


def test_volumes_and_slices_are_equal_by_content_and_found_in_a_set():
    volume, image = make_volume(), make_volume().slice(1)
    for value in (volume, image):
        copied = pickle.loads(pickle.dumps(value))
        assert copied == value
        assert {copied, value} == {value}
    brighter = Volume(volume.pixels * 2, volume.affine, refusal="a scout")
    moved = Volume(volume.pixels, stack_affine((0, 0, 1), (4, 0, 0), (0, 0, -1), (0, 1, 0)), refusal="a scout")
    assert len({volume, brighter, moved, make_volume().with_acquisition(weighting="T1")}) == 4
    assert volume.slice(0) != volume.slice(1)
    assert volume != image
    hole = np.where(volume.pixels > 0, np.nan, 0)
    assert Volume(hole, volume.affine) == Volume(hole.copy(), volume.affine)


def test_padding_of_a_copy_stays_read_only():
    padded = replace(make_volume(), padding=np.eye(4, 5, dtype=bool)[None].repeat(2, axis=0))
    for value in (padded, padded.slice(0)):
        with pytest.raises(ValueError, match="read-only"):
            pickle.loads(pickle.dumps(value)).padding[...] = True


def test_series_in_memory_are_equal_only_with_the_same_pixels():
    one = make_series(make_volume())
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(pickle.loads(pickle.dumps(one))) == hash(one)
    assert one != make_series(Volume(2 * make_volume().pixels, make_volume().affine, refusal="a scout"))
    assert Study((one,)) == pickle.loads(pickle.dumps(Study((one,))))


def test_a_study_from_files_goes_to_another_process_and_is_equal_to_its_copy():
    study = read_study(SAMPLE / "case01" / "T1")
    again = pickle.loads(pickle.dumps(study))
    assert again == study
    assert hash(again) == hash(study)
    assert again.series[0].volume() == study.series[0].volume()
    assert study != read_study(SAMPLE / "case02" / "T1")


def test_measurements_scores_and_intervals_are_equal_to_their_copies():
    t1 = read_study(SAMPLE / "case01" / "T1").find("T1").volume()
    drawn = read_rois(SAMPLE / "case01" / "reference_rois.vbqkit.json")
    case = score_case({"T1": t1}, drawn, aggregate="median")
    jitter = Jitter(shift_mm=1.0, size_percent=0.0)
    options = {"aggregate": "median", "jitter": jitter, "rng": np.random.default_rng(0), "n_draws": 100}
    intervals = case_uncertainty({"T1": t1}, drawn, **options)
    for value in (drawn, drawn.rois[0].measure(t1), case, case.score("VBQ-T1"), intervals):
        again = pickle.loads(pickle.dumps(value))
        assert again == value
        assert hash(again) == hash(value)
    assert case != score_case({"T1": t1}, drawn, aggregate="mean")
