"""Behind the canal, on slices beside the middle: laminae, worn joints, foramina, and the fat around them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from vbqkit.anatomy.arch_sizes import draw_arch_sizes
from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom

PERSON = VirtualPatient(age=55, sex="F", bmi=25, t_score=-1.0, pdff=(0.40, 0.41, 0.43, 0.44))
STEP_MM = 0.8


@pytest.fixture(scope="module")
def worn() -> Phantom:
    """A person whose joints below L3 and L4 are severely worn."""

    def grades(rng, names, *, age):
        return tuple(3 if name in ("L3", "L4") else 0 for name in names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vbqkit.anatomy.spine.draw_facet_arthrosis", grades)
        return make_phantom(PERSON, seed=12, in_plane_mm=STEP_MM, plane_mm=1.1)


def beside(phantom: Phantom, low: float, high: float) -> np.ndarray:
    """Numbers of the planes this far from the middle, on both sides."""
    x = phantom.affine[0, 3] + phantom.affine[0, 0] * np.arange(phantom.shape[0])
    return np.flatnonzero((np.abs(x) > low) & (np.abs(x) < high))


def behind(phantom: Phantom, plane: int, level: str, low: float, high: float, *, down_mm: float = 0.0) -> np.ndarray:
    """Tissue and fat of a box behind a body: from `low` to `high` mm behind its back wall, as tall as the body."""
    at = np.argwhere(phantom.level[phantom.shape[0] // 2] == LEVEL_OF_CODE.index(level))
    wall, shift = int(at[:, 1].max()), round(down_mm / STEP_MM)
    rows = slice(int(at[:, 0].min()) + shift, int(at[:, 0].max()) + shift)
    columns = slice(wall + round(low / STEP_MM), wall + round(high / STEP_MM))
    return np.stack([phantom.tissue[plane, rows, columns], phantom.pdff[plane, rows, columns]])


def test_laminae_hold_marrow_10_mm_from_the_middle(worn):
    """They were a thin line of cortex: the canal had cut their front off."""
    for level in ("L1", "L2", "L3", "L4"):
        boxes = [behind(worn, int(k), level, 10.0, 30.0, down_mm=6.0)[0] for k in beside(worn, 8.5, 11.5)]
        marrow = np.mean([(box == CODE["marrow"]).sum() for box in boxes]) * STEP_MM**2
        assert marrow > 45.0, (level, marrow)


def test_a_worn_joint_is_patchy_and_no_black_bar(worn):
    """Around the cartilage of a severely worn joint compact bone and marrow mix."""
    shares = []
    for k in beside(worn, 14.0, 22.0):
        joint = worn.tissue[k] == CODE["facet_joint"]
        at = np.argwhere(worn.level[worn.shape[0] // 2] == LEVEL_OF_CODE.index("L4"))
        joint[: int(at[:, 0].min()) - 12] = False  # the joint with L3 above lies beside this body
        joint[int(at[:, 0].max()) :] = False
        near = scipy.ndimage.distance_transform_edt(~joint) * STEP_MM < 3.5 if joint.any() else joint
        bone, marrow = (((worn.tissue[k] == CODE[name]) & near).sum() for name in ("cortical_bone", "marrow"))
        if bone + marrow:
            shares.append(bone / (bone + marrow))
    assert len(shares) > 5
    assert 0.5 < np.mean(shares) < 0.9


def test_roots_in_the_foramina_grow_downwards_and_vessels_lie_beside_them(worn):
    """Ganglia are 3.2 mm wide at L1 and up to 6.5 mm at L5 (Silverstein 2015)."""
    largest = {}
    for level in ("L1", "L2", "L3"):
        at = np.argwhere(worn.level[worn.shape[0] // 2] == LEVEL_OF_CODE.index(level))
        rows = slice(int(at[:, 0].mean()), int(at[:, 0].mean()) + round(26.0 / STEP_MM))
        columns = slice(int(at[:, 1].max()) - 2, int(at[:, 1].max()) + 18)
        foramina = worn.tissue[beside(worn, 15.0, 24.0), rows, columns]
        largest[level] = float((foramina == CODE["nerve_root"]).sum(axis=(1, 2)).max()) * STEP_MM**2
        assert (foramina == CODE["vessel_flow_void"]).sum() > 10
    assert 8.0 < largest["L1"] < largest["L2"] < largest["L3"] < 50.0


def test_streaky_fat_lies_between_psoas_and_the_muscles_of_the_back(worn):
    """Around the transverse processes: much fat, and muscle and vessels in it."""
    found = []
    for k in beside(worn, 24.0, 28.0):
        tissue, fat = behind(worn, int(k), "L3", 4.0, 13.0)
        found.append(fat[tissue == CODE["muscle"]])
    fat = np.concatenate(found)
    assert fat.mean() > 0.4
    assert fat.std() > 0.15


def test_pedicles_turn_outwards_the_more_the_lower():
    turns = [
        a.pedicle_turn for a in draw_arch_sizes(np.random.default_rng(1), ("L1", "L2", "L3", "L4", "L5"), size=1.0)
    ]
    assert turns == sorted(turns)
    assert turns[0] > 0
