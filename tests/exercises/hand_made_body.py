"""A body made by hand, so that every share and distance can be worked out on paper."""

import numpy as np

from vbqkit import Rectangle, Volume
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.image import stack_affine

CODE = {name: i for i, name in enumerate(TISSUE_NAMES)}
SIGNAL = {"marrow": 300.0, "cortical_bone": 20.0, "endplate": 20.0, "basivertebral_vein": 90.0, "csf": 100.0,
          "nerve_root": 180.0, "epidural_fat": 700.0, "disc_annulus": 120.0, "muscle": 200.0, "air": 0.0}  # fmt: skip

# Columns of 0.5 mm, front on the left: air 20 mm, muscle 10, body 30, canal 12, epidural fat 6, muscle 12, air 10.
COLUMNS = {"front": 40, "body": 60, "canal": 120, "fat": 144, "back": 156, "skin": 180, "end": 200}
BODY_ROWS, DISC_ROWS = 48, 16  # 24 and 8 mm
TOP = 8


def body_rows(level):
    start = TOP + ("L1", "L2", "L3", "L4").index(level) * (BODY_ROWS + DISC_ROWS)
    return start, start + BODY_ROWS


def _paint():
    tissue = np.zeros((13, TOP + 4 * (BODY_ROWS + DISC_ROWS) + 8, COLUMNS["end"]), dtype=np.uint8)
    level = np.zeros_like(tissue)
    tissue[:, :, COLUMNS["front"] : COLUMNS["skin"]] = CODE["muscle"]
    tissue[:, :, COLUMNS["body"] : COLUMNS["canal"]] = CODE["disc_annulus"]
    tissue[:, :, COLUMNS["canal"] : COLUMNS["fat"]] = CODE["csf"]
    tissue[:, :, COLUMNS["fat"] - 4 : COLUMNS["fat"]] = CODE["nerve_root"]  # roots lie at the back of the sac, 2 mm
    tissue[:, :, COLUMNS["fat"] : COLUMNS["back"]] = CODE["epidural_fat"]
    for name in ("L1", "L2", "L3", "L4"):
        r0, r1 = body_rows(name)
        c0, c1 = COLUMNS["body"], COLUMNS["canal"]
        tissue[:, r0:r1, c0:c1] = CODE["cortical_bone"]
        tissue[:, r0 : r0 + 2, c0:c1] = tissue[:, r1 - 2 : r1, c0:c1] = CODE["endplate"]
        tissue[:, r0 + 2 : r1 - 2, c0 + 2 : c1 - 2] = CODE["marrow"]
        level[:, r0:r1, c0:c1] = LEVEL_OF_CODE.index(name)
        middle = (r0 + r1) // 2
        tissue[4:9, middle - 2 : middle + 2, c1 - 20 : c1 - 2] = CODE["basivertebral_vein"]  # 2 x 9 x 5 mm
    return tissue, level


AFFINE = stack_affine((-6.0, -50.0, 66.0), (1, 0, 0), (0, 0, -0.5), (0, 0.5, 0))


def at(row, col, plane=6):
    """LPS mm of a fraction of a voxel."""
    return tuple(AFFINE[:3] @ [plane, row, col, 1.0])


def box(label, row, col, *, width=8.0, height=5.0, plane=6):
    return Rectangle(
        center=at(row, col, plane), half_width=(0, width / 2, 0), half_height=(0, 0, -height / 2), label=label
    )


def good_box(label):
    """8 x 5 mm = 0.40 cm2 in the front half of the body, or in the sac, or in the air in front."""
    if label == "CSF":
        return box("CSF", sum(body_rows("L3")) / 2 - 0.5, 130, width=5.0, height=8.0)
    if label == "noise":
        return box("noise", 150, 15)
    return box(label, sum(body_rows(label)) / 2 - 0.5, 79.5)


def make_body():
    tissue, level = _paint()
    ones = np.ones(tissue.shape, dtype=np.float32)
    return Phantom(
        tissue=tissue,
        pdff=0.4 * ones,
        pd_scale=ones,
        level=level,
        affine=AFFINE,
        reference_rois=tuple(good_box(label) for label in ("L1", "L2", "L3", "L4", "CSF", "noise")),
    )


def make_scan(body):
    """Three slices, 4 mm thick, touching, 0.5 mm pixels: the mean signal through each slice, with Rayleigh noise."""
    rng = np.random.default_rng(5)
    table = np.array([SIGNAL.get(name, 200.0) for name in TISSUE_NAMES])
    slabs = np.stack([table[body.tissue[k : k + 4]].mean(axis=0) for k in (1, 5, 9)])
    noisy = np.hypot(slabs + rng.normal(0, 3, slabs.shape), rng.normal(0, 3, slabs.shape))
    affine = stack_affine((-3.5, -50.0, 66.0), (4, 0, 0), (0, 0, -0.5), (0, 0.5, 0))
    return Volume(noisy, affine, thickness_mm=4.0).with_acquisition(weighting="T1")
