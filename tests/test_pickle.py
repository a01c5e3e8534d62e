"""Values survive pickle and deepcopy: pixels stay read-only, ROIs stay equal, a study can go to another process."""

import copy
import pickle

import numpy as np
import pytest

from vbqkit import Ellipse, Polygon, Rectangle
from vbqkit.image import Volume, stack_affine
from vbqkit.study import make_series

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
