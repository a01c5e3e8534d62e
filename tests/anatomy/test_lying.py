"""Bodies lie on a flat table: what touches it, what is lifted off it, and what the turn leaves alone."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from vbqkit.anatomy.lying import SACRUM_BEHIND_MM, SACRUM_BEHIND_SD_MM, laid_down, tips_mm
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.soft_tissue import make_body
from vbqkit.anatomy.spine import make_spine

Z_MM = 160.0 - 0.8 * (np.arange(400) + 0.5)
PLANES_MM = (-30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0)


@cache
def bodies():
    made = []
    for i, p in enumerate(draw_patients(60, rng=np.random.default_rng(5))):
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(100 + i).spawn(2)]
        spine = make_spine(streams[0], age=p.age, sex=p.sex, t_score=p.t_score)
        made.append(make_body(streams[1], spine, Z_MM, age=p.age, sex=p.sex, bmi=p.bmi))
    return made


def furthest_back(body) -> np.ndarray:
    return np.max([body.back_on(x)[:, 0] for x in PLANES_MM], axis=0)


def test_no_skin_is_behind_the_table_and_some_lies_on_it():
    for body in bodies():
        off = body.table_y_mm - furthest_back(body)
        assert (off > -1e-3).all()  # in single precision
        assert off.min() < 2.5


def test_chest_and_buttocks_lie_at_the_same_depth():
    """Before bodies were laid down, buttocks lay 62 +- 20 mm behind the back of the chest."""
    backs = [furthest_back(body) for body in bodies()]
    behind = np.array([back[Z_MM < -60.0].max() - back[Z_MM > 40.0].max() for back in backs])
    assert abs(behind.mean()) < 10.0
    assert behind.std() < 10.0
    assert behind.max() < SACRUM_BEHIND_MM + 2.0 * SACRUM_BEHIND_SD_MM + 5.0


def test_the_small_of_the_back_is_lifted_off_the_table():
    lifted = [b.table_y_mm - furthest_back(b)[np.abs(Z_MM) < 40.0].min() for b in bodies()]
    assert 10.0 < np.mean(lifted) < 35.0


def test_pressed_fat_never_has_less_than_no_thickness():
    assert all(body.fat_on(x).min() > 0 for body in bodies() for x in (0.0, 25.0))


def test_the_sacrum_lies_as_far_behind_the_chest_as_was_drawn_and_no_angle_of_the_spine_changes():
    rng = np.random.default_rng(2)
    behind = []
    for seed in range(80):
        before = make_spine(np.random.default_rng(seed), age=50, sex="F", t_score=-1.0).vertebrae
        after = laid_down(before, rng)
        for a, b in pairwise(before):
            c, d = (next(v for v in after if v.name == name) for name in (a.name, b.name))
            np.testing.assert_allclose(a.axes.T @ b.axes, c.axes.T @ d.axes, atol=1e-9)
            assert np.linalg.norm(a.center_mm - b.center_mm) == pytest.approx(np.linalg.norm(c.center_mm - d.center_mm))
        y = tips_mm(after)[:, 1]
        behind.append(y[[v.sacral for v in after]].max() - y[[not v.sacral for v in after]].max())
    assert np.mean(behind) == pytest.approx(SACRUM_BEHIND_MM, abs=4.0)
    assert np.std(behind) == pytest.approx(SACRUM_BEHIND_SD_MM, rel=0.25)
