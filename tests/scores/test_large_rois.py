"""ROIs of any size have an interval: worked out in blocks of draws, with the same result and with bounded memory."""

import itertools
import tracemalloc

import numpy as np
import pytest

from vbqkit import Ellipse, Rectangle, Slice
from vbqkit.scores import draws
from vbqkit.scores.jitter import Jitter, _Window, measure_jittered
from vbqkit.scores.pixel_noise import independent_share

STILL = Jitter(shift_mm=0, size_percent=0)


def image_of(size, rng):
    return Slice(rng.normal(300, 30, (size, size)), (0, 0, 0), (0, 0, -0.4), (0, 0.3, 0))


def all_at_once(window, shift_rc, scale):
    """What the moved ROI covers, each pixel center moved back by itself, without blocks: shape (draws, pixels)."""
    points = np.stack(np.meshgrid(window.rows, window.cols, indexing="ij"), axis=-1).reshape(-1, 2)
    at = window.center + (points[None] - shift_rc[:, None] - window.center) / scale[:, None, None]
    index = np.floor((at - window.corner) * 9).astype(int)
    known = ((index >= 0) & (index < window.inside.shape)).all(axis=2)
    index = np.clip(index, 0, np.asarray(window.inside.shape) - 1)
    return known & window.inside[index[..., 0], index[..., 1]]


@pytest.mark.parametrize(("shape", "first_row"), [(Rectangle, 45), (Ellipse, 54)])
def test_in_blocks_a_roi_measures_what_it_measures_at_once(shape, first_row, monkeypatch):
    rng = np.random.default_rng(1)
    image = image_of(220, rng)
    roi = shape.on(image, (110.3, 108.8), 33.0, 43.0, angle_deg=15, label="CSF")
    window = _Window.around(roi, image, Jitter(shift_mm=4, size_percent=10), np.indices(image.shape)[0] >= first_row)
    shift, scale = rng.uniform(-7, 7, (25, 2)), rng.uniform(0.9, 1.1, 25)
    expected = all_at_once(window, shift, scale)
    assert expected.sum(axis=1).min() > 5000
    assert np.array_equal(window.covered(shift, scale), expected)
    at_once = window.measure(shift, scale, lambda: None)
    fits = window.fits(shift, scale, lambda: None)
    assert np.array_equal(fits, ~(expected & ~window.free).any(axis=1))
    assert 0 < fits.sum() < 25
    used = [window.values[covered & window.free] for covered in expected]
    assert at_once[0] == pytest.approx([values.mean() for values in used], rel=1e-12)
    assert at_once[1] == pytest.approx([values.std(ddof=1) for values in used], rel=1e-12)
    monkeypatch.setattr(draws, "_AT_ONCE_BYTES", 4 * 10 * window.values.size)
    assert len(list(window._blocks(25, lambda: None))) == 7
    for one, other in zip(window.measure(shift, scale, lambda: None), at_once, strict=True):
        assert one == pytest.approx(other, rel=1e-13)
    assert np.array_equal(window.fits(shift, scale, lambda: None), fits)


def test_a_large_roi_that_is_not_moved_deviates_by_exactly_nothing():
    image = image_of(340, np.random.default_rng(4))
    roi = Rectangle.on(image, (170, 170), 90, 120, label="CSF")
    for n_draws in (2, 30, 70):  # the last place is summed in another block than the first, or beside fewer neighbours
        found = measure_jittered(roi, {"T1": image}, jitter=STILL, n_draws=n_draws, rng=np.random.default_rng(0))
        assert not found.mean["T1"].any()
        assert not found.sd["T1"].any()


def test_a_roi_of_a_quarter_of_a_large_image_takes_less_than_100_mb():
    image = image_of(1024, np.random.default_rng(5))
    roi = Rectangle.on(image, (512, 512), 512 * 0.3, 512 * 0.4, label="CSF")
    rng = np.random.default_rng(0)
    jitter = Jitter(shift_mm=1, size_percent=0)
    for work in (
        lambda: measure_jittered(roi, {"T1": image}, jitter=jitter, n_draws=100, rng=rng),
        lambda: measure_jittered(roi, {"T1": image}, jitter=jitter, n_draws=100, rng=rng, band={"T1": (0.5, 0.5)}),
        lambda: independent_share(roi, image, band=(0.5, 0.5)),
    ):
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100 * 2**20


def test_what_the_checkpoint_raises_ends_the_work():
    image = image_of(340, np.random.default_rng(6))
    roi = Rectangle.on(image, (170, 170), 90, 120, label="CSF")
    jitter = Jitter(shift_mm=1, size_percent=0)

    def enough(most):
        calls = itertools.count(1)

        def checkpoint():
            if next(calls) > most:
                raise InterruptedError

        return checkpoint

    rng = np.random.default_rng(0)
    for most in (0, 3):
        with pytest.raises(InterruptedError):
            measure_jittered(roi, {"T1": image}, jitter=jitter, n_draws=400, rng=rng, checkpoint=enough(most))
