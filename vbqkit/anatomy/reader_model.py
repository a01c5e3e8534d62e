"""A virtual reader: where a person puts the ROIs that the reference has at the best place.

A reader chooses a slice, counts the levels, and places and sizes each ROI, each with an error of its own; some of it is
habit (the same in every patient) and some is new in every patient. How far two readings of one patient agree is not
stated anywhere here: it comes out of what the pixels hold at the places.

What is cited is the marking of edges and the counting of levels. A vertebra has edges on all sides, and so has the
dural sac to the front and back: there a reader errs as far as edges are marked. Nobody has published how far apart ROIs
lie along the sac, where no edge guides the hand, nor how their sizes and slices differ: those numbers are model
assumptions, made before any agreement was computed and not changed since. How a reader looks (for the sac on the slice
that was chosen, off roots, as the papers' rule has it, and off the fat in front) was written after agreement had been
compared, as readers were found to leave CSF in ligament and fat; none of it is a number of agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED, csf_roi_near, slab_planes
from vbqkit.errors import RoiError, ScannerError
from vbqkit.image import Slice
from vbqkit.roi import Rectangle, Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS
from vbqkit.scores.jitter import Jitter, put_again

EDGE_SD_MM, EDGE_HABIT_MM = 0.55, 0.2
"""SD with which one reader marks an edge that can be seen, mm, and SD of a habit that readers differ by. The widest
limits of agreement for a length in the lumbar canal were -2.0 to 2.3 mm for one reader twice and -2.6 to 2.0 mm for two
(Tunset et al., Chiropr Man Therap 2013;21:26, doi:10.1186/2045-709X-21-26): SDs of 1.10 and 1.17 mm of the difference
of two lengths, which has four ends: 0.55 and 0.59 mm an end, and 0.59 squared is 0.55 squared and 0.2 squared."""

MISCOUNT = 0.062
"""Chance that a reader numbers the lumbar vertebrae of a patient one too high or too low. Two radiologists disagreed in
11.6 % of 129 patients (Peh et al., Spine 1999;24:1852-1855, doi:10.1097/00007632-199909010-00017): 2 p (1 - p) = 0.116
for two who err alone. In 1049 patients 14.1 % were numbered wrongly from the lumbar MRI alone (Tokgoz et al., Korean J
Radiol 2014;15:258-266, doi:10.3348/kjr.2014.15.2.258)."""

MARROW_SD_MM, MARROW_HABIT_MM = EDGE_SD_MM, EDGE_HABIT_MM
"""SD along each direction of the slice of a ROI in the marrow, of each placement and of a reader's habit: its middle
lies between the edges of the body, which are marked so well. (They were 2.0 and 1.5 mm, model assumptions. ROIs put
down like that on the real T1 scan at hand differ by limits of 13 % between two readers, where Huang 2026 found 6.7 %;
with the numbers here it is 6.3 %, on one slice and with levels that both count alike.)"""

CSF_ALONG_SD_MM, CSF_ALONG_HABIT_MM = 3.0, 3.0
"""The same along the dural sac: model assumptions. Across it the edges of the sac guide the hand."""

SIZE_HABIT, SIZE_LIMITS, SIZE_PERCENT = 0.15, (0.7, 1.4), 10.0
"""SD between readers of the logarithm of the lengths of their ROIs, and its limits; and the largest change from ROI to
ROI, %. Cui 2025 and Chen 2023 say "small" and "medullary part", and no size. Model assumptions."""

MIDDLE_SD_MM, MIDDLE_HABIT_MM = 0.56, 0.83
"""SD with which a reader sees where the middle of the spine lies when choosing a slice, mm, each time and as a habit.
Together 1 mm: a model assumption. How it is divided: on a first and last sagittal slice, one reader twice left 0.18 and
0.29 of the disagreement of chance (weighted kappa 0.82 and 0.71), and two readers 0.44 and 0.40 (0.56 and 0.60; Tunset
2013), so that what is new each time makes 0.56 of the whole."""

_CLEAN = 0.98  # a reader leaves a ROI where this share of it looks like what belongs there
_EDGE_MM = 1.0
"""How far a reader keeps CSF off what bounds the sac in front and behind, mm: fat in front of it shines into the pixel
beside it and blurs into the next, which can be seen. Model assumption."""
_ROOT = CODE["nerve_root"]
_IN_SAC = (CODE["csf"], _ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one reader places ROIs. The default is the reference reader, who makes no error.

    Attributes
    ----------
    marrow_sd_mm : float
        SD of each placement in a vertebra along each direction of the slice, mm.
    marrow_habit_mm : tuple of 2 floats
        How much further back and up this reader places every ROI in a vertebra, mm.
    csf_sd_mm : tuple of 2 floats
        SD of each CSF ROI to the back and along the body, mm.
    csf_habit_mm : tuple of 2 floats
        The same as a habit, mm.
    size : float
        Lengths of this reader's ROIs relative to the reference.
    size_percent : float
        Largest change of lengths from ROI to ROI, %.
    middle_sd_mm : float
        SD with which the middle of the spine is seen when a slice is chosen, mm.
    middle_habit_mm : float
        How much further to the left of the patient this reader takes the middle to be, mm.
    miscount : float
        Chance to number the vertebrae of a patient one too high or too low, 0 to 1.
    sees : bool
        Whether this reader looks: finds the dural sac on the slice that was chosen, puts CSF where roots are few, and
        puts a ROI again that holds what it must not: cortex, a lesion, cord, fat.
    """

    marrow_sd_mm: float = 0.0
    marrow_habit_mm: tuple[float, float] = (0.0, 0.0)
    csf_sd_mm: tuple[float, float] = (0.0, 0.0)
    csf_habit_mm: tuple[float, float] = (0.0, 0.0)
    size: float = 1.0
    size_percent: float = 0.0
    middle_sd_mm: float = 0.0
    middle_habit_mm: float = 0.0
    miscount: float = 0.0
    sees: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.miscount <= 1.0:
            raise ScannerError(f"A chance of {self.miscount} to miscount is not possible; give 0 to 1.")
        if not self.size > 0:
            raise ScannerError(f"ROIs of {self.size} times the reference are not possible; give a number above 0.")

    def count(self, rng: np.random.Generator) -> int:
        """How many vertebrae too high (negative) or too low this reader counts in a patient; most often 0.

        Who reads a patient again finds the same landmarks, and counts as before: draw it once for each patient.
        """
        if self.miscount == 0 or rng.random() >= self.miscount:
            return 0
        return int(rng.choice((-1, 1)))

    def place(
        self,
        phantom: Phantom,
        *,
        rng: np.random.Generator,
        slices_x_mm: Sequence[float] | None = None,
        counted: int | None = None,
    ) -> tuple[Roi, ...]:
        """The ROIs of one reading of one body.

        Parameters
        ----------
        phantom : Phantom
            The body; its reference ROIs are where this reader means to measure.
        rng : numpy.random.Generator
            The only source of chance.
        slices_x_mm : sequence of float or None
            LPS x of the slices that were scanned, of which one is chosen; None: each ROI stays in its own plane.
        counted : int or None
            How this reader has counted in this patient (:meth:`count`); None: it is drawn.

        Returns
        -------
        tuple of Roi
            With the labels that this reader gives. A ROI for which no place is found after 20 tries stays where the
            reader means to have it.
        """
        off = self.count(rng) if counted is None else counted
        rois = _counted(phantom.reference_rois, off)
        if slices_x_mm is not None:
            rois = _on_slice(rois, self._chosen(rois, slices_x_mm, rng))
        if self.sees and (off or slices_x_mm is not None):
            rois = tuple(_csf_on_slice(roi, phantom) if roi.label == CSF else roi for roi in rois)
        return tuple(self._put(roi, phantom, rng) for roi in rois)

    def _chosen(self, rois: Sequence[Roi], slices_x_mm: Sequence[float], rng: np.random.Generator) -> float:
        middle = float(np.mean([roi.center_mm[0] for roi in rois if roi.label != NOISE])) + self.middle_habit_mm
        if self.middle_sd_mm > 0:
            middle += float(rng.normal(0.0, self.middle_sd_mm))
        return float(min(slices_x_mm, key=lambda x: abs(x - middle)))

    def _put(self, roi: Roi, phantom: Phantom, rng: np.random.Generator) -> Roi:
        in_sac = roi.label == CSF
        sd_back, sd_up = self.csf_sd_mm if in_sac else (self.marrow_sd_mm, self.marrow_sd_mm)
        back, up = (0.0, 0.0) if roi.label == NOISE else self.csf_habit_mm if in_sac else self.marrow_habit_mm
        meant = roi.moved((0.0, back, up))
        if self.size != 1.0 and roi.label != NOISE:
            meant = meant.scaled(self.size)
        wide = max(sd_back, sd_up)
        if wide == 0 and self.size_percent == 0:
            return meant if self._accepts(meant, phantom) else roi
        jitter = Jitter(shift_mm=wide, size_percent=self.size_percent, shape="normal")
        # one SD for both directions in the jitter: the axes carry what the narrower one is less
        axes = ((0.0, sd_back / wide if wide else 1.0, 0.0), (0.0, 0.0, sd_up / wide if wide else 1.0))
        # the rule is no root at all; where that cannot be had, some are left in
        for most_roots in (1.0 - _CLEAN, ROOTS_ALLOWED) if in_sac and self.sees else (ROOTS_ALLOWED,):
            accepts = partial(self._accepts, phantom=phantom, most_roots=most_roots)
            put = put_again(meant, jitter=jitter, axes=axes, rng=rng, accept=accepts)
            if accepts(put):
                return put
        return roi

    def _accepts(self, roi: Roi, phantom: Phantom, most_roots: float = ROOTS_ALLOWED) -> bool:
        return not self.sees or roi.label == NOISE or looks_right(roi, phantom, most_roots=most_roots)


REFERENCE_READER = Reader()
"""Makes no error: the reference ROIs themselves."""


def draw_reader(rng: np.random.Generator) -> Reader:
    """Draw a trained reader: habits and care as in this module's tables.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.

    Examples
    --------
    >>> first, second = (draw_reader(np.random.default_rng(seed)) for seed in (1, 2))
    >>> first.size != second.size, first.marrow_sd_mm == second.marrow_sd_mm
    (True, True)
    """
    marrow = rng.normal(0.0, MARROW_HABIT_MM, 2)
    across, along, middle = rng.normal(0.0, (EDGE_HABIT_MM, CSF_ALONG_HABIT_MM, MIDDLE_HABIT_MM))
    return Reader(
        marrow_sd_mm=MARROW_SD_MM,
        marrow_habit_mm=(float(marrow[0]), float(marrow[1])),
        csf_sd_mm=(EDGE_SD_MM, CSF_ALONG_SD_MM),
        csf_habit_mm=(float(across), float(along)),
        size=float(np.clip(np.exp(rng.normal(0.0, SIZE_HABIT)), *SIZE_LIMITS)),
        size_percent=SIZE_PERCENT,
        middle_sd_mm=MIDDLE_SD_MM,
        middle_habit_mm=float(middle),
        miscount=MISCOUNT,
    )


def looks_right(roi: Roi, phantom: Phantom, *, most_roots: float = ROOTS_ALLOWED) -> bool:
    """Whether a ROI holds what belongs there as far as a reader can see it: healthy marrow, or the dural sac.

    A CSF ROI may hold some roots, at most `most_roots` of what it averages across the thickness of a slice. What is
    neither CSF nor root is dirt there, and so it is within a millimetre in front of the ROI and behind it.
    """
    held, level = _held(roi, phantom)
    if not held.size:  # beyond the body
        return False
    if roi.label == CSF:
        around = (held, *(_held(roi.moved((0.0, back_mm, 0.0)), phantom)[0] for back_mm in (-_EDGE_MM, _EDGE_MM)))
        in_sac = all(len(here) and np.isin(here, _IN_SAC).mean() >= _CLEAN for here in around)
        return bool(in_sac and (held == _ROOT).mean() <= most_roots)
    return bool(((held == CODE["marrow"]) & (level == level[0]) & (level > 0)).mean() >= _CLEAN)


def _held(roi: Roi, phantom: Phantom) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Tissue and level of the voxels of a ROI: in its plane, or for CSF in all planes that a slice averages."""
    a = phantom.affine
    x_mm = float(roi.center_mm[0])
    if roi.label == CSF:
        planes = slab_planes(a[0, 3] + a[0, 0] * np.arange(phantom.shape[0]), x_mm)
    else:
        nearest = int(np.clip(round((x_mm - a[0, 3]) / a[0, 0]), 0, phantom.shape[0] - 1))
        planes = slice(nearest, nearest + 1)
    tissue, level = phantom.tissue[planes], phantom.level[planes]
    image = Slice(tissue[0], tuple(a[:3, 3] + planes.start * a[:3, 0]), tuple(a[:3, 1]), tuple(a[:3, 2]))
    try:
        mask = in_plane(roi, float(image.origin_mm[0])).mask(image)
    except RoiError:
        return tissue[:0].ravel(), level[:0].ravel()
    return tissue[:, mask].ravel(), level[:, mask].ravel()


def in_plane(roi: Roi, x_mm: float) -> Roi:
    """The ROI in the sagittal plane at `x_mm`."""
    return roi.moved((x_mm - roi.center_mm[0], 0.0, 0.0))


def _on_slice(rois: Sequence[Roi], x_mm: float) -> tuple[Roi, ...]:
    return tuple(in_plane(roi, x_mm) for roi in rois)


def _csf_on_slice(roi: Roi, phantom: Phantom) -> Roi:
    """The CSF ROI where the sac of its slice has room beside the vertebra that is taken for L3, or else beside L3."""
    (own,) = (r for r in phantom.reference_rois if r.label == CSF)
    for meant in (roi, in_plane(own, float(roi.center_mm[0]))):
        if isinstance(meant, Rectangle):
            found = csf_roi_near(meant, phantom.tissue, phantom.level, phantom.affine)
            if found is not None:
                return found
    return in_plane(own, float(roi.center_mm[0]))


def _counted(rois: Sequence[Roi], off: int) -> tuple[Roi, ...]:
    """ROIs as a reader labels them who counts `off` vertebrae too low: what is called L1 is really one further down.

    The CSF ROI goes with the vertebra that is called L3. Where the body has no ROI for a vertebra, its label is left
    out; with fewer than the scored levels left, the reader finds the mistake and counts again.
    """
    if off == 0:
        return tuple(rois)
    by_label = {roi.label: roi for roi in rois}
    called = {
        level: by_label[real]
        for level in SPINE_LEVELS
        if (real := _neighbour(level, off)) in by_label and level in (*SCORED_LEVELS, "T12", "L5")
    }
    wanted = [level for level in SCORED_LEVELS if level in by_label]
    if not all(level in called for level in wanted):
        return tuple(rois)
    shifted = [roi.with_label(level) for level, roi in called.items()]
    along = np.zeros(3)
    if "L3" in by_label and "L3" in called:
        along = np.subtract(called["L3"].center_mm, by_label["L3"].center_mm)
    return (*shifted, *(roi.moved(along) if roi.label == CSF else roi for roi in rois if roi.label in (CSF, NOISE)))


def _neighbour(level: str, off: int) -> str:
    place = LEVEL_OF_CODE.index(level) + off
    return LEVEL_OF_CODE[place] if 0 < place < len(LEVEL_OF_CODE) else ""
