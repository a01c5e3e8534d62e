"""What depends on the pixels alone is computed once for equal slices."""

from weakref import WeakKeyDictionary

import numpy as np

from vbqkit.image import Slice
from vbqkit.scores import per_slice


class Forgetful(WeakKeyDictionary):
    """Collects what it holds as soon as it was asked whether it holds it."""

    def __contains__(self, key):
        found = super().__contains__(key)
        self.clear()
        return found


def flat_slice(value):
    return Slice(np.full((4, 4), value), (0, 0, 0), (0, 0, -1), (0, 1, 0))


def test_a_slice_is_known_though_its_equal_is_collected_meanwhile(monkeypatch):
    brightest = per_slice.once_per_slice(lambda image: float(image.pixels.max()))
    monkeypatch.setattr(per_slice, "_digests", Forgetful())
    image = flat_slice(3.0)
    assert [brightest(image), brightest(image), brightest(flat_slice(3.0)), brightest(flat_slice(4.0))] == [3, 3, 3, 4]
