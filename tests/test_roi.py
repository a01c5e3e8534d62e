"""ROIs against a slow oracle, closed forms, SimpleITK's label statistics and random geometry."""

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from vbqkit import Ellipse, Polygon, Rectangle, Slice, Volume
from vbqkit.errors import RoiError
from vbqkit.image import stack_affine

angles = st.floats(min_value=-180.0, max_value=180.0)
sizes = st.floats(min_value=3.0, max_value=18.0)
spacings = st.floats(min_value=0.3, max_value=2.0)
centers = st.tuples(st.floats(min_value=16.0, max_value=24.0), st.floats(min_value=16.0, max_value=24.0))


def rotation(seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def oblique_slice(dy, dx, seed=0, shape=(60, 60)):
    """An oblique slice, non-square pixels, 40 x 40 mm wide or more, with random signal."""
    rng = np.random.default_rng(seed)
    q = rotation(seed)
    rows, cols = int(40 / dy) + 1, int(40 / dx) + 1
    return Slice(
        rng.integers(0, 4096, size=(rows, cols)).astype(np.uint16),
        rng.normal(size=3) * 50,
        dy * q[0],
        dx * q[1],
        thickness_mm=4.0,
        max_storable=4095.0,
    )


def in_mm(image, center):
    """(mm down, mm right) of the picture as (row, col)."""
    return (center[0] / image.spacing_mm[0], center[1] / image.spacing_mm[1])


def shape_of(kind, image, center, width, height, angle):
    if kind == "polygon":
        corners = Rectangle.on(image, in_mm(image, center), width, height, angle_deg=angle).outline_mm()
        middle = (corners[1] + corners[2]) / 2 * 0.6 + corners.mean(axis=0) * 0.4  # a notch: not convex
        return Polygon(points=[corners[0], corners[1], middle, corners[2], corners[3]], label="p")
    cls = {"rectangle": Rectangle, "ellipse": Ellipse}[kind]
    return cls.on(image, in_mm(image, center), width, height, angle_deg=angle, label=kind)


def oracle_inside(roi, point):
    """Whether an LPS point is inside, from the definition of the shape, one point at a time."""
    if isinstance(roi, Polygon):
        u = (roi.points[1] - roi.points[0]) / np.linalg.norm(roi.points[1] - roi.points[0])
        v = np.cross(roi.normal, u)
        winding = 0.0
        for a, b in zip(roi.points, np.roll(roi.points, -1, axis=0), strict=True):
            p, q = a - point, b - point
            winding += np.arctan2(p @ u * (q @ v) - p @ v * (q @ u), p @ u * (q @ u) + p @ v * (q @ v))
        return abs(winding) > np.pi
    d = point - np.array(roi.center)
    s = d @ roi.half_width / (np.array(roi.half_width) @ roi.half_width)
    t = d @ roi.half_height / (np.array(roi.half_height) @ roi.half_height)
    return s * s + t * t <= 1 if isinstance(roi, Ellipse) else -1 <= s < 1 and -1 <= t < 1


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["rectangle", "ellipse", "polygon"]),
    spacings,
    spacings,
    centers,
    sizes,
    sizes,
    angles,
    st.integers(0, 10**6),
)
def test_the_mask_is_what_a_slow_oracle_says(kind, dy, dx, center, width, height, angle, seed):
    image = oblique_slice(dy, dx, seed)
    roi = shape_of(kind, image, center, width, height, angle)
    mask = roi.mask(image)
    rows, cols = np.indices(image.shape)
    points = image.to_patient_mm(np.stack([rows, cols], axis=-1))
    near = np.linalg.norm(points - np.array(roi.center_mm), axis=-1) < 20
    for r, c in zip(*np.nonzero(near), strict=True):
        if mask[r, c] != oracle_inside(roi, points[r, c]):
            assert _distance_to_sides(roi, points[r, c]) < 1e-5  # on the outline itself, rounding decides


@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "polygon"])
@pytest.mark.parametrize("coverage", ["center", "area"])
def test_a_mask_worked_out_strip_by_strip_is_the_same_mask(kind, coverage, monkeypatch):
    image = oblique_slice(0.5, 0.7, 3)
    roi = shape_of(kind, image, (20.0, 20.0), 14.0, 17.0, 25.0)
    whole = roi.mask(image, coverage=coverage)
    monkeypatch.setattr("vbqkit.roi.shape._AT_ONCE_PX", 70)
    assert np.array_equal(roi.mask(image, coverage=coverage), whole)
    monkeypatch.setattr("vbqkit.roi.shape._AT_ONCE_PX", 1)
    assert np.array_equal(roi.mask(image, coverage=coverage), whole)


def _distance_to_sides(roi, point):
    outline = roi.outline_mm(4096)
    best = np.inf
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        t = np.clip((point - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = min(best, float(np.linalg.norm(point - a - t * (b - a))))
    return best


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["rectangle", "ellipse", "polygon"]),
    spacings,
    spacings,
    centers,
    sizes,
    sizes,
    angles,
    st.integers(0, 10**6),
)
def test_area_weights_sum_to_the_area_of_the_shape(kind, dy, dx, center, width, height, angle, seed):
    image = oblique_slice(dy, dx, seed)
    roi = shape_of(kind, image, center, width, height, angle)
    weights = roi.mask(image, coverage="area")
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights.sum() * image.pixel_area_mm2 == pytest.approx(roi.area_mm2, rel=1e-9)


def test_area_weights_are_what_fine_sampling_says():
    image = oblique_slice(1.1, 0.8, 3)
    for kind in ("rectangle", "ellipse", "polygon"):
        roi = shape_of(kind, image, (20.3, 19.1), 9.0, 6.0, 33.0)
        weights = roi.mask(image, coverage="area")
        fine = 40
        offset = (np.arange(fine) + 0.5) / fine - 0.5
        for r, c in [(17, 22), (18, 24), (20, 27), (22, 25)]:
            grid = np.stack(np.meshgrid(r + offset, c + offset, indexing="ij"), axis=-1).reshape(-1, 2)
            share = np.mean([oracle_inside(roi, p) for p in image.to_patient_mm(grid)])
            assert weights[r, c] == pytest.approx(share, abs=0.02)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["rectangle", "ellipse", "polygon"]),
    spacings,
    spacings,
    centers,
    sizes,
    sizes,
    angles,
    st.integers(0, 10**6),
)
def test_statistics_are_those_of_simpleitk(kind, dy, dx, center, width, height, angle, seed):
    image = oblique_slice(dy, dx, seed)
    roi = shape_of(kind, image, center, width, height, angle)
    mine = roi.measure(image)
    labels = SimpleITK.LabelIntensityStatisticsImageFilter()
    labels.Execute(
        SimpleITK.GetImageFromArray(roi.mask(image).astype(np.uint8)), SimpleITK.GetImageFromArray(image.pixels)
    )
    assert mine.n == labels.GetNumberOfPixels(1)
    assert mine.mean == pytest.approx(labels.GetMean(1), rel=1e-12)
    if mine.n > 1:
        assert mine.sd == pytest.approx(labels.GetStandardDeviation(1), rel=1e-9)
    assert (mine.min, mine.max) == (labels.GetMinimum(1), labels.GetMaximum(1))
    assert mine.median == np.median(image.pixels[roi.mask(image)])


def test_rectangles_that_touch_share_no_pixel_and_leave_none_out():
    image = Slice(np.ones((40, 40)), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    left = Rectangle.on(image, (20, 14), 10, 10)
    right = Rectangle.on(image, (20, 24), 10, 10)
    both = Rectangle.on(image, (20, 19), 20, 10)
    assert not (left.mask(image) & right.mask(image)).any()
    assert ((left.mask(image) | right.mask(image)) == both.mask(image)).all()
    assert left.mask(image).sum() == 100


def test_the_roi_lies_where_it_was_drawn_on_pixels_that_are_not_square():
    pixels = np.zeros((50, 100))
    pixels[20:25, 60:80] = 100.0  # 10 mm high, 10 mm wide
    image = Slice(pixels, (5, -30, 200), (0, 0.1, -1.996), (0, 0.499, 0.025), thickness_mm=3.0)
    roi = Rectangle.on(image, (22, 69.5), 9.9, 9.9)
    assert roi.mask(image)[20:25, 60:80].all()
    assert roi.measure(image).mean == 100.0


def test_zeros_and_clipped_values_are_counted():
    pixels = np.full((20, 20), 7, dtype=np.int16)
    pixels[5:10, 5:10] = 0
    pixels[10:15, 5:10] = 4095
    image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0), max_storable=4095.0)
    m = Rectangle.on(image, (9.5, 7), 5, 10).measure(image)
    assert (m.n, m.fraction_zero, m.fraction_clipped) == (50, 0.5, 0.5)
    unknown = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0))
    assert np.isnan(Rectangle.on(unknown, (9.5, 7), 5, 10).measure(unknown).fraction_clipped)


def test_fixed_area_is_0_40_cm2_whatever_was_drawn():
    image = oblique_slice(0.5, 0.7)
    for kind in ("rectangle", "ellipse", "polygon"):
        roi = shape_of(kind, image, (20, 20), 12.0, 5.0, 20.0).with_area()
        assert roi.area_mm2 == pytest.approx(40.0)
        assert roi.measure(image).area_cm2 == pytest.approx(0.40)


def test_a_volume_finds_the_slice_of_the_roi():
    affine = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))
    volume = Volume(np.arange(5)[:, None, None] * np.ones((5, 30, 30)), affine, thickness_mm=4.0)
    roi = Rectangle.on(volume.slice(3), (15, 15), 6, 6, label="L1")
    assert roi.measure(volume).mean == 3.0
    assert roi.moved((2.1, 0, 0)).measure(volume).slice_index == 3
    assert roi.moved((2.3, 0, 0)).measure(volume).slice_index == 4
    with pytest.raises(RoiError, match=r"lies 8\.8 mm from slice 4"):
        roi.moved((13.2, 0, 0)).measure(volume)


def test_what_is_not_a_roi_says_why():
    image = Slice(np.ones((40, 40)), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    with pytest.raises(RoiError, match=r"'L1' reaches 5\.5 pixels beyond the image"):
        Rectangle.on(image, (20, 40), 10, 10, label="L1").measure(image)
    with pytest.raises(RoiError, match="covers no pixel center"):
        Rectangle.on(image, (20.5, 20.5), 0.5, 0.5).measure(image)
    with pytest.raises(RoiError, match="tilted by 90"):
        Rectangle(center=(0, 20, -20), half_width=(5, 0, 0), half_height=(0, 0, 5)).measure(image)
    with pytest.raises(RoiError, match="crosses itself"):
        Polygon(points=[(0, 0, 0), (0, 10, -10), (0, 10, 2), (0, 0, -10)])
    with pytest.raises(RoiError, match="off one plane"):
        Polygon(points=[(0, 0, 0), (0, 10, 0), (5, 10, -10), (0, 0, -10)])
    with pytest.raises(RoiError, match="enclose no area"):
        Polygon(points=[(0, 0, 0), (0, 10, 0), (0, 20, 0)])
    with pytest.raises(RoiError, match="at least 3 points"):
        Polygon(points=[(0, 0, 0), (0, 10, 0)])
    with pytest.raises(RoiError, match="both must be above 0"):
        Ellipse(center=(0, 0, 0), half_width=(0, 0, 0), half_height=(0, 0, 1))
    with pytest.raises(RoiError, match="right angles"):
        Ellipse(center=(0, 0, 0), half_width=(0, 1, 0), half_height=(0, 1, 1))
    with pytest.raises(RoiError, match="three finite numbers"):
        Ellipse(center=(0, 0, np.nan), half_width=(0, 1, 0), half_height=(0, 0, 1))
    with pytest.raises(RoiError, match="area of 0 cm2"):
        Rectangle.on(image, (20, 20), 5, 5).with_area(0)
    with pytest.raises(RoiError, match="Coverage 'half' is unknown"):
        Rectangle.on(image, (20, 20), 5, 5).measure(image, coverage="half")
    holes = Slice(np.full((40, 40), np.nan), (0, 0, 0), (0, 0, -1), (0, 1, 0))
    with pytest.raises(RoiError, match="25 pixels that are not finite"):
        Rectangle.on(holes, (20, 20), 5, 5).measure(holes)
