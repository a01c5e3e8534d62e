"""Radiomics by IBSI's definitions: every feature on the digital phantom, in a plane and in space, and what cancels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import RoiError
from vbqkit.image import Slice
from vbqkit.machine_learning import radiomic_features, roi_radiomics
from vbqkit.machine_learning.gray_levels import directions, gray_levels
from vbqkit.machine_learning.radiomics import signal_statistics, texture_features
from vbqkit.machine_learning.texture_matrices import cooccurrence
from vbqkit.roi import Rectangle

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "ibsi_digital_phantom.csv", comment="#")
PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [0, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)
"""IBSI's digital phantom, slice by slice; 0 is outside of the region. Design: A. Zwanenburg, CC BY 4.0."""
SPACE = signal_statistics(PHANTOM[PHANTOM > 0].astype(float)) | texture_features(PHANTOM)
PLANES = pd.DataFrame([texture_features(plane) for plane in PHANTOM]).mean()


def as_printed(value, printed):
    return float(f"{value:.3g}") == printed


@pytest.mark.parametrize("row", list(REFERENCE.itertuples()), ids=lambda row: row.ibsi_tag)
def test_the_digital_phantom_has_the_values_that_ibsi_agreed_on(row):
    assert as_printed(SPACE[row.feature], row.in_space), SPACE[row.feature]
    if not np.isnan(row.in_plane):
        assert as_printed(PLANES[row.feature], row.in_plane), PLANES[row.feature]


def test_every_feature_is_checked():
    assert set(SPACE) == set(REFERENCE["feature"])


def test_pairs_of_the_first_two_planes_are_counted_as_in_the_manual():
    """Merged grey-level co-occurrence matrices of slices 1 and 2, IBSI manual, "digital phantom texture matrices"."""
    kept = np.array([1, 3, 4, 6]) - 1
    first, second = (cooccurrence(PHANTOM[k])[np.ix_(kept, kept)].tolist() for k in (0, 1))
    assert first == [[22, 0, 17, 6], [0, 0, 0, 0], [17, 0, 16, 11], [6, 0, 11, 4]]
    assert second == [[42, 5, 8, 8], [5, 0, 1, 2], [8, 1, 4, 3], [8, 2, 3, 0]]


def test_gain_and_offset_cancel_in_texture_and_not_in_statistics():
    rng = np.random.default_rng(1)
    pixels, mask = rng.normal(500.0, 60.0, (20, 24)), np.ones((20, 24), dtype=bool)
    one, other = radiomic_features(pixels, mask), radiomic_features(2.0 * pixels + 64.0, mask)
    assert other["mean"] == pytest.approx(2.0 * one["mean"] + 64.0)
    texture = [name for name in one if name.startswith(("gl", "ngt"))] + ["entropy", "uniformity"]
    assert len(texture) == 64
    assert {name: other[name] for name in texture} == pytest.approx({name: one[name] for name in texture})


def test_half_of_all_neighbors():
    for dimensions, ways in ((2, 4), (3, 13)):
        steps = directions(dimensions)
        assert len({*steps, *(tuple(-s for s in step) for step in steps)}) == 2 * ways


def test_a_flat_region_has_no_correlation_and_the_conventions_of_ibsi():
    found = radiomic_features(np.full((5, 5), 7.0), np.ones((5, 5)))
    assert (found["ngtdm_coarseness"], found["ngtdm_contrast"], found["entropy"]) == (1e6, 0.0, 0.0)
    assert np.isnan(found["glcm_correlation"])
    assert np.isnan(found["skewness"])


def test_pixels_that_touch_nowhere_have_no_pairs():
    mask = np.zeros((9, 9), dtype=bool)
    mask[::3, ::3] = True
    found = radiomic_features(np.arange(81.0).reshape(9, 9), mask)
    assert np.isnan(found["glcm_contrast"])
    assert np.isnan(found["ngtdm_coarseness"])
    assert found["glrlm_percentage"] == 1.0


def test_a_roi_gives_the_features_of_its_pixels():
    image = Slice(np.random.default_rng(2).normal(300, 20, (40, 40)), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    roi = Rectangle(center=(0, 20, -20), half_width=(0, 6, 0), half_height=(0, 0, 5), label="L3")
    assert roi_radiomics(image, roi) == radiomic_features(image.pixels, roi.mask(image))
    assert roi_radiomics(image, roi)["mean"] == pytest.approx(roi.measure(image).mean)


@pytest.mark.parametrize(
    ("pixels", "mask", "bins", "words"),
    [
        (np.ones((4, 4)), np.zeros((4, 4)), 16, "covers 0 pixels; texture needs 9"),
        (np.ones((4, 4)), np.ones((4, 5)), 16, "do not fit"),
        (np.ones(16), np.ones(16), 16, "do not fit"),
        (np.where(np.eye(4) > 0, np.nan, 1.0), np.ones((4, 4)), 16, "4 of 16 pixels of the region are not finite"),
        (np.ones((4, 4)), np.ones((4, 4)), 1, "1 gray levels are not offered"),
    ],
)
def test_a_region_that_has_no_texture_is_refused(pixels, mask, bins, words):
    with pytest.raises(RoiError, match=words):
        radiomic_features(pixels, mask, bins=bins)


def test_pixels_outside_of_the_mask_do_not_matter():
    pixels, mask = np.arange(100.0).reshape(10, 10), np.zeros((10, 10), dtype=bool)
    mask[2:8, 3:9] = True
    other = np.where(mask, pixels, np.nan)
    assert radiomic_features(other, mask) == radiomic_features(pixels, mask)
    assert gray_levels(other, mask).shape == (6, 6)
