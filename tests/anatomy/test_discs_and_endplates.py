"""Endplates, discs and the fat of the canal are uneven, as in people, and no less bone is painted for it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from vbqkit.anatomy import vertebra as painter
from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.canal import make_canal
from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.spine import make_spine

PERSON = VirtualPatient(age=70, sex="F", bmi=25, t_score=-1.0, pdff=(0.45, 0.46, 0.48, 0.49))
GRID = {"in_plane_mm": 0.6, "plane_mm": 1.1, "width_mm": 22.0}
LUMBAR = ("L1", "L2", "L3", "L4", "L5")


def spine_of(seed: int, **changes: float):
    who = {"age": 55.0, "sex": "F", "t_score": -1.0} | changes
    return make_spine(np.random.default_rng(seed), **who)


def test_no_two_endplates_are_alike_and_at_the_rim_they_are_flatter_than_within():
    reliefs = [spine_of(seed)[name].relief for seed in range(25) for name in LUMBAR]
    tables = [table for relief in reliefs for table in relief.lifted_mm]
    middles = [float(t[t.shape[0] // 2, t.shape[1] // 2]) for t in tables]
    rims = [float(t[t.shape[0] // 2, column]) for t in tables for column in (3, -4)]
    assert 0.3 < np.std(middles) < 1.2
    assert np.std(rims) < 0.6 * np.std(middles)
    assert abs(np.mean(middles)) < 0.2  # dips go both ways: into the body above and into the one below
    assert len({table.tobytes() for table in tables}) == len(tables)
    assert np.std([relief.corners_mm for relief in reliefs]) > 0.5


def test_the_relief_shifts_both_endplates_where_they_are_painted():
    l3 = spine_of(4)["L3"]
    v = np.linspace(-12.0, 12.0, 49, dtype=np.float32)[None, :]
    u = np.zeros_like(v)
    own, smooth = (painter.endplate_distances(x, u, v) for x in (l3, replace(l3, relief=None)))
    for plate in range(2):
        assert np.ptp(own[plate] - smooth[plate]) > 0.2


def test_worn_discs_bulge_unevenly_at_the_back_and_some_have_a_bright_zone():
    young, old = ([d for seed in range(40) for d in spine_of(seed, age=age).discs] for age in (22.0, 80.0))
    mobile = [d for d in old if d.upper < 9]
    assert not any(d.bright_zone_mm for d in young if d.pfirrmann < 2.9)
    worn = [d for d in mobile if d.pfirrmann > 2.9]
    assert 0.15 < np.mean([d.bright_zone_mm is not None for d in worn]) < 0.35
    assert np.mean([d.back_bulge_mm for d in worn]) > 0.3 > np.mean([d.back_bulge_mm for d in young])
    assert all(d.back_bulge_mm == 0.0 for d in old if d.upper >= 9)  # of the sacrum


def test_fat_behind_the_sac_lies_in_pads_at_the_discs_and_hardly_between_them():
    depths, gaps, lengths = [], [], []
    for seed in range(20):
        spine = spine_of(seed)
        canal = make_canal(np.random.default_rng(seed), spine)
        level = spine.level_position(0.5 * np.arange(len(canal.front)))
        behind = canal.back - canal.front - canal.sac_depth
        for name in ("L2", "L3"):
            pad = np.abs(level - spine.index(name) - 0.5) < 0.48
            depths.append(behind[pad].max())
            gaps.append(behind[pad].min())
            lengths.append(0.5 * np.count_nonzero(behind[pad] > 0.5 * behind[pad].max()))
    assert 5.0 < np.mean(depths) < 9.0
    assert np.max(gaps) < 1.5
    assert 15.0 < np.mean(lengths) < 28.0


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(PERSON, seed=17, **GRID)


def shell_voxels(phantom: Phantom, tissue: str) -> int:
    lumbar = np.isin(phantom.level, [LEVEL_OF_CODE.index(name) for name in LUMBAR])
    return int(np.count_nonzero((phantom.tissue == CODE[tissue]) & lumbar))


def test_uneven_endplates_hold_as_much_bone_as_even_ones(phantom, monkeypatch):
    """What is bone in a painted endplate is a share of its mean thickness (vbqkit.scanner.attenuation)."""
    monkeypatch.setattr(painter, "_SHELL_TEXTURE_MM", (0.0, 0.0, 0.0))
    even = make_phantom(PERSON, seed=17, **GRID)
    assert shell_voxels(phantom, "endplate") == pytest.approx(shell_voxels(even, "endplate"), rel=0.05)


def test_sacral_discs_have_a_grey_core_and_bone_bridges_them_in_the_midline(phantom):
    codes = [LEVEL_OF_CODE.index(name) for name in ("S1", "S2")]
    middle = slice(phantom.tissue.shape[0] // 2 - 3, phantom.tissue.shape[0] // 2 + 3)
    tissue, level = phantom.tissue[middle], phantom.level[middle]
    near = [ndimage.binary_dilation(level == code, np.ones((1, 15, 15))) for code in codes]
    between = near[0] & near[1] & (level == 0)
    assert np.count_nonzero(between & (tissue == CODE["disc_degenerate"])) > 50
    assert np.count_nonzero(between & (tissue == CODE["marrow"])) > 20
