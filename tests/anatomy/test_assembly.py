"""The arrangement of tissue: proportions from anatomy, truth in every voxel, and what findings change."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.scoliosis import Scoliosis
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.spine import make_spine
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SPINE_LEVELS

CODE = {name: i for i, name in enumerate(TISSUE_NAMES)}


def patient(**changes: object) -> VirtualPatient:
    values: dict = {"age": 45, "sex": "F", "bmi": 24, "t_score": -0.5, "pdff": (0.33, 0.345, 0.36, 0.37)} | changes
    return VirtualPatient(**values)


def quick(seed: int = 3, **options: object) -> Phantom:
    who = options.pop("patient", None) or patient()
    return make_phantom(who, seed=seed, **({"in_plane_mm": 0.8, "plane_mm": 2.2} | options))


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return quick()


def middle(phantom: Phantom) -> np.ndarray:
    return phantom.tissue[phantom.shape[0] // 2]


def rows_of(phantom: Phantom, *names: str) -> np.ndarray:
    return np.isin(phantom.tissue, [CODE[n] for n in names])


def test_every_level_has_marrow(phantom):
    marrow = rows_of(phantom, "marrow")
    for name in (*SPINE_LEVELS, "T10", "S3", "S4"):  # T9 and S5 reach into the picture in some people only
        assert (marrow & (phantom.level == LEVEL_OF_CODE.index(name))).any(), name


def test_levels_follow_each_other_downwards(phantom):
    there = [code for code in range(1, len(LEVEL_OF_CODE)) if (phantom.level == code).any()]
    assert len(there) >= len(LEVEL_OF_CODE) - 3
    heights = [np.argwhere(phantom.level == code)[:, 1].mean() for code in there]
    assert (np.diff(heights) > 0).all()


def test_bodies_and_discs_have_the_size_of_a_lumbar_spine(phantom):
    plane = phantom.level[phantom.shape[0] // 2] == LEVEL_OF_CODE.index("L3")
    rows, cols = np.nonzero(plane)
    height = np.median(plane.sum(axis=0)[plane.sum(axis=0) > 0]) * 0.8
    depth = np.median(plane.sum(axis=1)[plane.sum(axis=1) > 0]) * 0.8
    assert 22 < height < 31  # Zhou 2000: L3 28 mm at the rims of women and men, less between hollow endplates
    assert 29 < depth < 38  # Panjabi 1992: 35.2 mm
    wide = phantom.level[:, rows.min() : rows.max(), cols.min() : cols.max()] == LEVEL_OF_CODE.index("L3")
    assert 36 < np.flatnonzero(wide.any(axis=(1, 2))).size * 2.2 < 52  # Panjabi 1992: 44 mm
    disc = rows_of(phantom, "disc_nucleus", "disc_annulus", "disc_degenerate")[phantom.shape[0] // 2]
    between = disc[rows.max() - 8 : rows.max() + 16, cols.min() + 10 : cols.max() - 10]
    assert 6 < np.median(between.sum(axis=0)) * 0.8 < 14


def test_the_dural_sac_is_about_15_mm_deep_and_the_cord_ends_about_l1(phantom):
    sac = np.isin(middle(phantom), [CODE["csf"], CODE["nerve_root"], CODE["spinal_cord"]])
    l3 = np.argwhere(phantom.level[phantom.shape[0] // 2] == LEVEL_OF_CODE.index("L3"))[:, 0]
    assert 12 < np.median(sac[l3.min() : l3.max()].sum(axis=1)) * 0.8 < 19
    end = np.argwhere(rows_of(phantom, "spinal_cord"))[:, 1].max()
    above = np.argwhere(phantom.level == LEVEL_OF_CODE.index("T12"))[:, 1].mean()
    below = np.argwhere(phantom.level == LEVEL_OF_CODE.index("L2"))[:, 1].max()
    assert above < end < below


def test_roots_lie_in_the_back_of_the_sac_below_the_cord(phantom):
    inside = rows_of(phantom, "nerve_root")
    l3 = np.argwhere(phantom.level == LEVEL_OF_CODE.index("L3"))[:, 1]
    slab = slice(l3.min(), l3.max())
    near = slice(phantom.shape[0] // 2 - 2, phantom.shape[0] // 2 + 3)
    roots = np.argwhere(inside[near, slab])[:, 2].mean()
    fluid = np.argwhere(rows_of(phantom, "csf")[near, slab])[:, 2].mean()
    assert roots > fluid + 1


@pytest.mark.parametrize(
    "name",
    [
        "air", "cortical_bone", "endplate", "basivertebral_vein", "disc_annulus", "csf", "spinal_cord", "nerve_root",
        "epidural_fat", "ligament", "muscle", "subcutaneous_fat", "visceral_fat", "skin", "vessel_flow_void", "bowel",
        "facet_joint",
    ],
)  # fmt: skip
def test_every_tissue_of_a_spine_is_there(phantom, name):
    assert rows_of(phantom, name).sum() > 50


def test_marrow_is_closed_in_by_bone():
    phantom = quick(in_plane_mm=0.4, plane_mm=1.1, width_mm=2.2)  # fine enough to see a cortex of 0.9 mm
    marrow = rows_of(phantom, "marrow") & (phantom.level > 0)
    around = ndimage.binary_dilation(marrow, np.ones((1, 3, 3))) & ~marrow
    free = rows_of(phantom, "csf", "muscle", "visceral_fat", "subcutaneous_fat")
    assert (around & free).sum() < 0.004 * around.sum()


def test_mean_fat_fraction_of_each_body_is_the_patients(phantom):
    for name, expected in zip(("L1", "L2", "L3", "L4"), phantom.patient.pdff, strict=True):
        marrow = rows_of(phantom, "marrow") & (phantom.level == LEVEL_OF_CODE.index(name))
        assert phantom.pdff[marrow].mean() == pytest.approx(expected, abs=0.002)


def test_marrow_is_not_a_constant_and_in_pattern_2_it_is_fattier_under_the_endplates():
    phantom = quick(6)  # pattern 2 of Ricci 1990; another pattern need not have these bands
    rows = np.arange(phantom.shape[1])[None, :, None]
    edges, cores = [], []
    for name in ("L2", "L3", "L4"):
        marrow = rows_of(phantom, "marrow") & (phantom.level == LEVEL_OF_CODE.index(name))
        at = np.argwhere(marrow)
        # before the fat around the vein
        front = marrow & (np.arange(phantom.shape[2])[None, None, :] < at[:, 2].mean())
        edges.append(phantom.pdff[front & (rows < at[front[at.T[0], at.T[1], at.T[2]], 1].min() + 5)].mean())
        cores.append(phantom.pdff[front & (np.abs(rows - at[:, 1].mean()) < 4)].mean())
        assert phantom.pdff[marrow].std() > 0.02
    assert np.mean(edges) > np.mean(cores)


def test_true_relaxation_times_are_known_in_every_voxel(phantom):
    t1 = phantom.true_t1_ms(1.5)
    assert t1.shape == phantom.shape
    assert np.isfinite(t1[rows_of(phantom, "marrow", "csf", "muscle")]).all()


@pytest.mark.slow
def test_a_seed_gives_the_same_body_and_another_seed_another():
    grid = {"in_plane_mm": 1.6, "plane_mm": 5.0}
    first, again, other = quick(5, **grid), quick(5, **grid), quick(6, **grid)
    assert (first.tissue == again.tissue).all()
    assert (first.pdff == again.pdff).all()
    assert (first.tissue != other.tissue).mean() > 0.02


def test_fat_under_the_skin_grows_with_bmi():
    grid = {"in_plane_mm": 1.2, "plane_mm": 5.0}
    lean, heavy = (quick(4, patient=patient(bmi=b), **grid) for b in (20, 34))
    assert (heavy.tissue == CODE["subcutaneous_fat"]).sum() > 1.8 * (lean.tissue == CODE["subcutaneous_fat"]).sum()


def test_discs_degenerate_with_age():
    def mean_grade(age: float) -> float:
        spines = [make_spine(np.random.default_rng(s), age=age, sex="F", t_score=0.0) for s in range(30)]
        return float(np.mean([d.pfirrmann for s in spines for d in s.discs[4:9]]))

    assert mean_grade(25) < 2.4
    assert mean_grade(75) > mean_grade(25) + 0.8


def test_scoliosis_takes_the_canal_off_the_middle_plane():
    straight = make_spine(np.random.default_rng(1), age=60, sex="F", t_score=-1.0)
    bent = make_spine(np.random.default_rng(1), age=60, sex="F", t_score=-1.0, findings=(Scoliosis("L2", cobb_deg=25),))
    assert np.ptp([v.center_mm[0] for v in straight.vertebrae]) == 0
    assert np.ptp([v.center_mm[0] for v in bent.vertebrae]) > 12
    tilt = [np.degrees(np.arctan2(v.axes[0, 2], v.axes[2, 2])) for v in bent.vertebrae]
    assert max(tilt) - min(tilt) == pytest.approx(25, abs=4)  # the Cobb angle


@pytest.mark.parametrize("step", [0.1, 3.0])
def test_a_grid_that_is_too_coarse_or_too_fine_is_refused(step):
    with pytest.raises(ScannerError, match=r"is not offered; give 0\.3 to 2 mm"):
        make_phantom(patient(), seed=1, in_plane_mm=step)
