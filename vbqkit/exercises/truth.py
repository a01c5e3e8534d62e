"""What really lies under a ROI: the tissues of a virtual patient, in the words of a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lazy_loader
import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.image import FloatArray, Slice
from vbqkit.roi import Roi
from vbqkit.roi.labels import SPINE_LEVELS

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

STEP_MM = 0.25
"""Grid on which the truth under a ROI is looked up, mm."""

MARGIN_MM = 14.0
"""How far around a ROI the truth is looked at, to say where clean tissue lies, mm."""

_THROUGH_PLANE_MM = 1.0
_OF_FINDINGS = {tissue.name: tissue for finding in FINDINGS for tissue in finding.tissues}
_WORDS = {
    "cortical_bone": "cortex",
    "endplate": "endplate",
    "basivertebral_vein": "basivertebral vein",
    "disc_nucleus": "disc",
    "disc_annulus": "disc",
    "disc_degenerate": "disc",
    "csf": "CSF",
    "spinal_cord": "spinal cord",
    "nerve_root": "nerve root",
    "epidural_fat": "epidural fat",
    "ligament": "ligament",
    "air": "air",
    "gas": "bowel gas",
    "marrow": "marrow outside the body of the vertebra",
} | {name: tissue.word for name, tissue in _OF_FINDINGS.items()}
OTHER = "other soft tissue"


def reader_word(tissue: str, level: str = "") -> str:
    """What a reader calls a tissue of the table; marrow goes by its level.

    Examples
    --------
    >>> reader_word("disc_annulus"), reader_word("marrow", "L4"), reader_word("muscle")
    ('disc', 'marrow of L4', 'other soft tissue')
    """
    if tissue == "marrow" and level:
        return f"marrow of {level}"
    return _WORDS.get(tissue, OTHER)


def wanted_word(label: str) -> str | None:
    """What a ROI with this label should hold, and nothing else; None where no rule exists for the label.

    Examples
    --------
    >>> wanted_word("L2"), wanted_word("CSF"), wanted_word("noise"), wanted_word("spleen")
    ('marrow of L2', 'CSF', 'air', None)
    """
    if label in SPINE_LEVELS:
        return f"marrow of {label}"
    return {"CSF": "CSF", "noise": "air"}.get(label)


TOLERATED: Mapping[str, str] = {"CSF": "nerve root"}
"""What a ROI may hold some of beside what it should hold: roots hang in the CSF of everybody."""


_PAIRS = [(tissue, level) for tissue in TISSUE_NAMES for level in LEVEL_OF_CODE]
_WORD_LIST = tuple(dict.fromkeys(reader_word(*pair) for pair in _PAIRS))
_CODE = np.array([_WORD_LIST.index(reader_word(*pair)) for pair in _PAIRS]).reshape(
    len(TISSUE_NAMES), len(LEVEL_OF_CODE)
)


@dataclass(frozen=True, eq=False, slots=True)
class TruthUnderRoi:
    """The truth on a fine grid around one ROI, through the whole thickness of the slice.

    Attributes
    ----------
    shares : tuple of (str, float)
        What the ROI holds, in reader's words, largest share first; the shares of its volume add up to 1.
    inside : ndarray of bool, shape (rows, cols)
        Cells of the fine grid that lie in the ROI.
    right : ndarray, shape (rows, cols)
        Share of each cell, through the slice, that is the wanted tissue; 0 to 1.
    tolerated : ndarray, shape (rows, cols)
        Share of each cell that is what the ROI may hold some of, see :data:`TOLERATED`; 0 to 1.
    edge_mm : float
        Smallest distance from the ROI to tissue that it should not hold, in the middle of the slice, mm; 0: it touches
        or holds some.
    nearest : str
        What that tissue is.
    fine : Slice
        The fine grid as a slice without signal.
    """

    shares: tuple[tuple[str, float], ...]
    inside: npt.NDArray[np.bool_]
    right: FloatArray
    tolerated: FloatArray
    edge_mm: float
    nearest: str
    fine: Slice

    def share(self, word: str) -> float:
        """Share of one tissue, 0 to 1."""
        return dict(self.shares).get(word, 0.0)


def words_at(phantom: Phantom, points_mm: FloatArray) -> npt.NDArray[np.intp]:
    """Codes of the reader's words at LPS points, shape (..., 3) to (...); outside the body's grid it is air."""
    known, voxel = _voxels_at(phantom, points_mm)
    codes = _CODE[phantom.tissue.reshape(-1)[voxel], phantom.level.reshape(-1)[voxel]]
    return np.where(known, codes, _WORD_LIST.index("air"))


def _voxels_at(phantom: Phantom, points_mm: FloatArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """Whether each point lies on the body's grid, and the place of its voxel in the flat arrays, 0 if not."""
    inverse = np.linalg.inv(phantom.affine)
    known = np.ones(points_mm.shape[:-1], dtype=bool)
    voxel = np.zeros(points_mm.shape[:-1], dtype=np.intp)
    for steps, start, count in zip(inverse[:3, :3], inverse[:3, 3], phantom.shape, strict=True):
        # An upright grid has one step that is not 0: a student waits for this, hundreds of times.
        along = sum(step * points_mm[..., axis] for axis, step in enumerate(steps) if step)
        index = np.rint(along + start).astype(np.intp)
        known &= (index >= 0) & (index < count)
        voxel = voxel * count + index
    return known, np.where(known, voxel, 0)


def truth_under(roi: Roi, phantom: Phantom, image: Slice, *, wanted: str) -> TruthUnderRoi:
    """Look up the truth under a ROI.

    Parameters
    ----------
    roi : Roi
        Lies on `image`.
    phantom : Phantom
        The virtual patient.
    image : Slice
        The scanned slice; its thickness says how much of the patient one pixel averages.
    wanted : str
        What the ROI should hold, from :func:`wanted_word`.

    Returns
    -------
    TruthUnderRoi
    """
    fine = _fine_slice(roi, image)
    inside = np.asarray(roi.mask(fine), dtype=bool)
    code = _WORD_LIST.index(wanted)
    slab = words_at(phantom, _points(fine, through_plane_offsets(image)))
    right = (slab == code).mean(axis=0)
    other = _WORD_LIST.index(TOLERATED[wanted]) if wanted in TOLERATED else code
    tolerated = (slab == other).mean(axis=0) if wanted in TOLERATED else np.zeros_like(right)
    counts = np.bincount(slab[:, inside].ravel(), minlength=len(_WORD_LIST)) / slab[:, inside].size
    shares = tuple((_WORD_LIST[i], float(counts[i])) for i in np.argsort(-counts, kind="stable") if counts[i] > 0)
    middle = words_at(phantom, _points(fine, np.zeros(1)))[0]
    distance, (rows, cols) = scipy.ndimage.distance_transform_edt(
        (middle == code) | (middle == other), sampling=fine.spacing_mm, return_indices=True
    )
    at = np.unravel_index(int(np.argmin(np.where(inside, distance, np.inf))), inside.shape)
    foreign = (middle != code) & (middle != other)
    return TruthUnderRoi(
        shares=shares,
        inside=inside,
        right=right,
        tolerated=tolerated,
        edge_mm=float(max(0.0, distance[at] - STEP_MM / 2.0)) if foreign.any() else MARGIN_MM,
        nearest=_WORD_LIST[middle[rows[at], cols[at]]] if foreign.any() else "",
        fine=fine,
    )


def holds_only(
    roi: Roi,
    phantom: Phantom,
    image: Slice,
    *,
    wanted: str,
    least_share: float,
    most_tolerated: float,
    edge_mm: float,
) -> bool:
    """Whether a ROI holds what it should, with its edge clear of everything else.

    The same answer as from :func:`truth_under`, in a quarter of the time: the truth is looked up in the ROI and as far
    around it as the edge must be clear, and nowhere once too much else was found in the ROI.

    Parameters
    ----------
    roi, phantom, image, wanted
        As :func:`truth_under` takes them.
    least_share : float
        Least share of its volume that is what the ROI should hold or may hold some of (:data:`TOLERATED`), 0 to 1.
    most_tolerated : float
        Greatest share of what it may hold some of, 0 to 1.
    edge_mm : float
        Least distance to tissue that it should not hold, in the middle of the slice, mm; at most :data:`MARGIN_MM`.
    """
    fine = _fine_slice(roi, image)
    inside = np.asarray(roi.mask(fine), dtype=bool)
    rows, cols = np.nonzero(inside)
    offsets = through_plane_offsets(image)[:, None, None]
    slab = words_at(phantom, fine.to_patient_mm(np.stack([rows, cols], axis=-1)) + offsets * np.array(fine.normal))
    code = _WORD_LIST.index(wanted)
    other = _WORD_LIST.index(TOLERATED[wanted]) if wanted in TOLERATED else code
    spared = np.count_nonzero(slab == other) / slab.size if wanted in TOLERATED else 0.0
    if np.count_nonzero(slab == code) / slab.size + spared < least_share or spared > most_tolerated:
        return False
    reach = int(np.ceil(edge_mm / STEP_MM)) + 2  # cells: the edge of a cell lies half a cell before its center
    near = (
        slice(max(0, rows.min() - reach), rows.max() + reach + 1),
        slice(max(0, cols.min() - reach), cols.max() + reach + 1),
    )
    down, across = np.indices(fine.shape)
    middle = words_at(phantom, fine.to_patient_mm(np.stack([down[near], across[near]], axis=-1)))
    right = (middle == code) | (middle == other)
    if right.all():
        return True
    distance = scipy.ndimage.distance_transform_edt(right, sampling=fine.spacing_mm)
    return bool(max(0.0, distance[inside[near]].min() - STEP_MM / 2.0) >= edge_mm)


def contaminated_pixels(
    roi: Roi, phantom: Phantom, image: Slice, *, wanted: str, threshold: float = 0.25
) -> npt.NDArray[np.bool_]:
    """Pixels of a ROI of which at least `threshold` of the volume is not what the ROI should hold.

    Returns
    -------
    ndarray of bool, shape (rows, cols) of the image
    """
    mask = np.asarray(roi.mask(image), dtype=bool)
    rows, cols = np.nonzero(mask)
    sub = np.array([-1.0, 0.0, 1.0]) / 3.0
    points = np.stack(
        [(rows[:, None, None] + sub[:, None] + 0 * sub), (cols[:, None, None] + 0 * sub[:, None] + sub)], -1
    )
    offsets = through_plane_offsets(image)
    in_plane = image.to_patient_mm(points)
    slab = in_plane[None] + offsets[:, None, None, None, None] * np.array(image.normal)
    foreign = (words_at(phantom, slab) != _WORD_LIST.index(wanted)).mean(axis=(0, 2, 3))
    marked = np.zeros_like(mask)
    marked[rows, cols] = foreign >= threshold
    return marked


def through_plane_offsets(image: Slice) -> FloatArray:
    """Distances from the middle of a slice at which its thickness is sampled, mm, about one a millimetre."""
    thickness = image.thickness_mm or image.depth_mm or _THROUGH_PLANE_MM
    n = max(1, round(thickness / _THROUGH_PLANE_MM))
    offsets: FloatArray = ((np.arange(n) + 0.5) / n - 0.5) * thickness
    return offsets


def _fine_slice(roi: Roi, image: Slice) -> Slice:
    """An empty slice of STEP_MM cells in the plane of `image` around the ROI."""
    row, col = (np.array(v) / np.linalg.norm(v) for v in (image.row_step_mm, image.col_step_mm))
    outline = image.to_patient_mm(image.to_rows_cols(roi.outline_mm(128)))  # projected onto the slice
    origin = np.array(image.origin_mm)
    along = np.stack([(outline - origin) @ row, (outline - origin) @ col], axis=1)
    low, high = along.min(axis=0) - MARGIN_MM, along.max(axis=0) + MARGIN_MM
    rows, cols = np.ceil((high - low) / STEP_MM).astype(int) + 1
    # Half a cell in: the sides of an upright ROI then run between the centers of cells, and shares are not biased.
    start = origin + (low[0] + STEP_MM / 2.0) * row + (low[1] + STEP_MM / 2.0) * col
    return Slice(
        np.zeros((rows, cols), dtype=np.uint8),
        (float(start[0]), float(start[1]), float(start[2])),
        tuple(STEP_MM * row),
        tuple(STEP_MM * col),
        thickness_mm=image.thickness_mm,
        depth_mm=image.depth_mm,
        index=image.index,
    )


def _points(fine: Slice, offsets: FloatArray) -> FloatArray:
    rows, cols = np.indices(fine.shape)
    plane = fine.to_patient_mm(np.stack([rows, cols], axis=-1))
    points: FloatArray = plane[None] + offsets[:, None, None, None] * np.array(fine.normal)
    return points


def tissue_masks(phantom: Phantom, image: Slice) -> dict[str, npt.NDArray[np.bool_]]:
    """Where each structure lies in the middle plane of a slice, in reader's words, all levels together as ``"marrow"``.

    Returns
    -------
    dict of str to ndarray of bool, shape (rows, cols)
        Only structures that a ROI must hold or avoid.
    """
    rows, cols = np.indices(image.shape)
    codes = words_at(phantom, image.to_patient_mm(np.stack([rows, cols], axis=-1)))
    shown = ("cortex", "endplate", "basivertebral vein", "disc", "CSF", "nerve root", "spinal cord", "epidural fat")
    masks = {word: codes == _WORD_LIST.index(word) for word in shown}
    levels = [_WORD_LIST.index(f"marrow of {level}") for level in SPINE_LEVELS]
    masks = {"marrow": np.isin(codes, levels)} | masks
    lesions = {tissue.word for tissue in _OF_FINDINGS.values() if tissue.in_marrow}
    masks["lesion"] = np.isin(codes, [_WORD_LIST.index(word) for word in lesions])
    return {word: mask for word, mask in masks.items() if mask.any()}


def tissue_signals(phantom: Phantom, image: Slice) -> pd.DataFrame:
    """Mean signal of each structure on a slice, measured with the truth as ROI.

    Returns
    -------
    DataFrame
        Columns structure, pixels, mean_signal, against_csf (mean over the CSF mean).
    """
    masks = tissue_masks(phantom, image)
    pixels = np.asarray(image.pixels, dtype=np.float64)
    means = {word: float(pixels[mask].mean()) for word, mask in masks.items()}
    csf = means.get("CSF", float("nan"))
    rows = [
        {
            "structure": word,
            "pixels": int(masks[word].sum()),
            "mean_signal": round(mean, 1),
            "against_csf": round(mean / csf, 2),
        }
        for word, mean in means.items()
    ]
    return pd.DataFrame(rows)


def tissue_means(phantom: Phantom, image: Slice, tissues: Iterable[str]) -> dict[str, float]:
    """Mean signal of tissues of the table on a slice, with the truth in its middle plane as ROI; nan if it has none."""
    rows, cols = np.indices(image.shape)
    points = image.to_patient_mm(np.stack([rows, cols], axis=-1))
    known, voxel = _voxels_at(phantom, points)
    codes = np.where(known, phantom.tissue.reshape(-1)[voxel], 0)
    pixels = np.asarray(image.pixels, dtype=np.float64)
    return {
        name: float(pixels[mask].mean()) if (mask := codes == TISSUE_NAMES.index(name)).any() else float("nan")
        for name in tissues
    }
