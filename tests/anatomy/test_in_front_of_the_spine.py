"""In front of the spine: breathing smears what moves and nothing else; vessels bend, narrow and have walls."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.breathing import breath_place, smear
from vbqkit.anatomy.canvas import CODE, Canvas
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.texture import smooth_along
from vbqkit.anatomy.vessel_course import draw_vessel_course

PERSON = VirtualPatient(age=55, sex="F", bmi=25, t_score=-1.0, pdff=(0.40, 0.41, 0.43, 0.44))
ROWS, COLS, STEP_MM = 200, 120, 0.6
FRONT_MM = -34.0
Z_MM = np.arange(160.0, -160.0, -0.6)


def canvas(*, position: float = 0.0) -> Canvas:
    """A plane with fat above and bowel below; its last column lies at the front of the vertebral column."""
    rng = np.random.default_rng(4)
    plane = np.zeros((ROWS, COLS), dtype=np.float32)
    t = np.broadcast_to(FRONT_MM - STEP_MM * np.arange(COLS, 0, -1, dtype=np.float32), (ROWS, COLS)).copy()
    tissue = np.full((ROWS, COLS), CODE["visceral_fat"], dtype=np.uint8)
    tissue[ROWS // 2 :] = CODE["bowel"]
    fields = {
        "dice": rng.random((ROWS, COLS), dtype=np.float32),
        "fine": rng.standard_normal((ROWS, COLS), dtype=np.float32),
    }
    return Canvas(
        x_mm=0.0,
        y=plane,
        z=plane,
        s=plane,
        t=t,
        side=plane,
        position=plane + np.float32(position),
        front=plane + np.float32(FRONT_MM),
        tissue=tissue,
        level=np.zeros((ROWS, COLS), dtype=np.uint8),
        pdff=np.where(tissue == CODE["bowel"], 0.1, 0.9).astype(np.float32),
        pd_scale=np.ones_like(plane),
        fields=fields,
    )


def mixed_mm(seen: Canvas, column: int) -> float:
    """Height over which fat and bowel mix, about one column, mm."""
    bowel = seen.tissue[:, column - 5 : column + 6] == CODE["bowel"]
    share = bowel.mean(axis=1)
    return STEP_MM * float(np.sum((share > 0.02) & (share < 0.98)))


def test_breathing_smears_by_12_mm_far_in_front_and_hardly_at_the_column():
    seen = canvas()
    smear(seen, np.ones((ROWS, COLS), dtype=bool), step_mm=STEP_MM, less_from=3.0)
    far, near = mixed_mm(seen, 20), mixed_mm(seen, COLS - 6)
    assert 8.0 < far < 12.5
    assert near < 1.0


def test_the_pelvis_moves_half_as_much():
    above, below = canvas(position=2.0), canvas(position=8.0)
    for seen in (above, below):
        smear(seen, np.ones((ROWS, COLS), dtype=bool), step_mm=STEP_MM, less_from=3.0)
    assert mixed_mm(below, 20) == pytest.approx(mixed_mm(above, 20) / 2.0, rel=0.2)


def test_what_does_not_move_stays_and_nothing_comes_from_it():
    seen = canvas()
    before = seen.tissue.copy()
    wall = np.zeros((ROWS, COLS), dtype=bool)
    wall[:, 40:44] = True
    seen.tissue[wall] = before[wall] = CODE["muscle"]
    smear(seen, ~wall, step_mm=STEP_MM, less_from=3.0)
    assert (seen.tissue[wall] == CODE["muscle"]).all()
    assert not (seen.tissue[~wall] == CODE["muscle"]).any()
    assert (seen.tissue != before).any()


def test_a_pixel_takes_fat_and_density_along_with_its_tissue():
    seen = canvas()
    smear(seen, np.ones((ROWS, COLS), dtype=bool), step_mm=STEP_MM, less_from=3.0)
    assert np.array_equal(seen.pdff < 0.5, seen.tissue == CODE["bowel"])


def test_breathing_moves_nothing_on_the_mean():
    assert float(breath_place(np.linspace(0.0, 1.0, 100_001, dtype=np.float32)).mean()) == pytest.approx(0.0, abs=1e-4)


def test_a_smooth_curve_has_unit_sd_and_no_steps():
    curves = np.stack([smooth_along(np.random.default_rng(s), Z_MM, step_mm=32.0, reach_mm=64.0) for s in range(400)])
    assert curves.std() == pytest.approx(1.0, abs=0.05)
    assert np.abs(np.diff(curves, axis=1)).max() < 0.1


def test_the_aorta_of_older_people_bends_more():
    def bend(age: float) -> float:
        return float(
            np.mean(
                [draw_vessel_course(np.random.default_rng(s), Z_MM, age=age).aorta_aside_mm.std() for s in range(80)]
            )
        )

    assert bend(80.0) > 1.5 * bend(30.0)


def blood_mm2(phantom: Phantom, name: str) -> float:
    """Flowing blood left of the midline on a cut across the middle of a body, walls and slow blood not counted."""
    rows, cols = (np.argwhere(phantom.level == LEVEL_OF_CODE.index(name))[:, axis] for axis in (1, 2))
    middle = slice(int(rows.mean()) - 3, int(rows.mean()) + 4)
    x = phantom.affine[0, 3] + phantom.affine[0, 0] * np.arange(phantom.shape[0])
    there = phantom.tissue[x > -6.0, middle, int(cols.min()) - 38 : int(cols.min())] == CODE["vessel_flow_void"]
    return float(there.sum()) / 7.0 * 0.8 * 1.1


@pytest.mark.slow
def test_the_aorta_narrows_on_its_way_down_as_measured():
    """19.0 mm at T12 and 13.8 mm at L3: an area in the ratio 0.53 (Jasper 2014); mean of several people."""
    ratios = []
    for seed in range(6):
        phantom = make_phantom(PERSON, seed=seed, in_plane_mm=0.8, plane_mm=1.1)
        ratios.append(blood_mm2(phantom, "L3") / blood_mm2(phantom, "T12"))
    assert 0.35 < np.mean(ratios) < 0.7


def test_blood_is_slow_at_the_wall_and_fast_in_the_middle():
    """Voxels beside the wall hold wall and blood in turn; in the middle of the aorta there is hardly any wall."""
    phantom = make_phantom(PERSON, seed=12, in_plane_mm=0.8, plane_mm=1.1)
    plane = int(np.argmin(np.abs(phantom.affine[0, 3] + phantom.affine[0, 0] * np.arange(phantom.shape[0]) - 8.0)))
    rows, cols = (np.argwhere(phantom.level == LEVEL_OF_CODE.index("L2"))[:, axis] for axis in (1, 2))
    ahead = slice(int(cols.min()) - 38, int(cols.min()))
    blood = phantom.tissue[plane, rows.min() - 12 : rows.max() + 12, ahead] == CODE["vessel_flow_void"]
    vessel = ndimage.binary_closing(blood, iterations=2)
    from_wall_mm = 0.8 * ndimage.distance_transform_edt(vessel)
    beside, within = blood[vessel & (from_wall_mm < 3.0)].mean(), blood[from_wall_mm > 4.5].mean()
    assert within > 0.75
    assert beside < within - 0.1
