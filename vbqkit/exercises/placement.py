"""Is this ROI where it should be? A placement judged against the truth of a virtual patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import RoiError
from vbqkit.exercises.faults import (
    MINOR_SHARE,
    Fault,
    area_faults,
    csf_level_faults,
    noise_faults,
    noise_place_faults,
    part_of_body_faults,
    size_faults,
    slice_faults,
    slice_offset_mm,
    tissue_faults,
)
from vbqkit.exercises.truth import contaminated_pixels, truth_under, wanted_word
from vbqkit.image import Slice, Volume
from vbqkit.language import marked, translated
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS

WHOLE_CASE = (*SCORED_LEVELS, CSF, NOISE)


# Kinds of findings, for the catalogues; tests/language holds the two together.
_KINDS = (
    *(marked("canal stenosis"), marked("endplate sclerosis"), marked("fracture"), marked("haemangioma")),
    *(marked("metal"), marked("modic"), marked("osteophytes"), marked("Schmorl node"), marked("scoliosis")),
    marked("transitional vertebra"),
)


@dataclass(frozen=True, eq=False, slots=True)
class PlacementGrade:
    """How well one ROI is placed.

    Attributes
    ----------
    label : str
        Label of the ROI.
    faults : tuple of Fault
        Empty if there is nothing to correct.
    shares : tuple of (str, float)
        What the ROI holds, in reader's words, largest share first.
    purity : float
        Share of its volume that is the right tissue, 0 to 1.
    edge_mm : float or None
        Distance to the nearest tissue that it should not hold, mm; None where it could not be looked up.
    slice_offset_mm : float or None
        Distance of its slice from the plane of the reference ROI, mm.
    contaminated : ndarray of bool or None
        Pixels of the slice that should not be in the ROI, to be coloured on the picture.
    slice_index : int or None
        Slice it lies on.
    left_out : bool
        Whether there is no ROI, and rightly so: the level must not be measured.
    """

    label: str
    faults: tuple[Fault, ...]
    shares: tuple[tuple[str, float], ...] = ()
    purity: float = 0.0
    edge_mm: float | None = None
    slice_offset_mm: float | None = None
    contaminated: npt.NDArray[np.bool_] | None = None
    slice_index: int | None = None
    left_out: bool = False

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        if self.left_out:
            return translated("rightly left out")
        if not self.faults:
            return translated("well placed")
        return translated("passes") if self.passed else translated("try again")

    @property
    def passed(self) -> bool:
        """Whether nothing must be corrected."""
        return all(fault.severity != "wrong" for fault in self.faults)

    def as_row(self) -> dict[str, Any]:
        """One flat table row."""
        return {
            "label": self.label,
            "passed": self.passed,
            "purity": self.purity,
            "edge_mm": self.edge_mm,
            "slice_offset_mm": self.slice_offset_mm,
            "slice": self.slice_index,
            "faults": "; ".join(f.code for f in self.faults) or None,
            "holds": ", ".join(f"{100 * share:.0f} % {word}" for word, share in self.shares if share >= MINOR_SHARE),
        }

    def __str__(self) -> str:
        head = f"{self.label}: {self.word}"
        return "\n".join([head, *(f"  - {fault}" for fault in self.faults)])


def check_placement(
    roi: Roi, truth: Phantom, *, image: Volume | Slice, siblings: Iterable[Roi] = (), marrow_mean: float | None = None
) -> PlacementGrade:
    """Judge one ROI against the truth.

    Parameters
    ----------
    roi : Roi
        Labelled T11 to S2, ``"CSF"`` or ``"noise"``.
    truth : Phantom
        The virtual patient; its reference ROIs say on which plane an expert measures.
    image : Volume or Slice
        The scanned series that the ROI was placed on.
    siblings : iterable of Roi
        The other ROIs of the case; their size is compared.
    marrow_mean : float, optional
        For the noise ROI: mean marrow signal, see :func:`vbqkit.scores.check_noise`.

    Returns
    -------
    PlacementGrade
        A ROI that lies outside the picture, or on another plane, gets a fault; it raises nothing.

    Raises
    ------
    RoiError
        If the label is one that no rule exists for.

    Notes
    -----
    Shares are shares of the ROI's volume, its area times the thickness of the slice: what a thick slice averages
    counts. A CSF ROI may hold some roots, see :data:`vbqkit.anatomy.reference_rois.ROOTS_ALLOWED`.
    """
    wanted = wanted_word(roi.label)
    if wanted is None:
        raise RoiError(
            f"There is no rule for a ROI called '{roi.label}'. Name it by its level ({', '.join(SPINE_LEVELS)}), 'CSF' or 'noise'."
        )
    try:
        target = roi.slice_of(image)
        mask = roi.mask(target)
    except RoiError as error:
        return PlacementGrade(roi.label, (Fault("not-on-picture", "wrong", str(error)),))
    under = truth_under(roi, truth, target, wanted=wanted)
    offset = slice_offset_mm(roi, truth, target)
    faults = [
        *tissue_faults(roi, under, wanted),
        *csf_level_faults(roi, truth),
        *slice_faults(roi, offset, target),
        *area_faults(roi, int(np.count_nonzero(mask))),
        *size_faults(roi, tuple(siblings), int(np.count_nonzero(mask))),
        *part_of_body_faults(roi, truth, target, under, wanted),
        *(noise_faults(roi, target, marrow_mean) if roi.label == NOISE else ()),
        *(noise_place_faults(roi, truth, target) if roi.label == NOISE else ()),
    ]
    return PlacementGrade(
        label=roi.label,
        faults=tuple(sorted(faults, key=lambda fault: fault.severity != "wrong")),
        shares=under.shares,
        purity=under.share(wanted),
        edge_mm=under.edge_mm,
        slice_offset_mm=offset,
        contaminated=contaminated_pixels(roi, truth, target, wanted=wanted),
        slice_index=target.index,
    )


def check_placements(
    rois: Iterable[Roi], truth: Phantom, *, image: Volume, wanted: Iterable[str] = WHOLE_CASE
) -> tuple[PlacementGrade, ...]:
    """Judge all ROIs of a case: each by itself, against its siblings, and which are missing or double.

    Parameters
    ----------
    rois : iterable of Roi
        What was placed.
    truth : Phantom
        The virtual patient.
    image : Volume
        The series it was placed on.
    wanted : iterable of str
        Labels that the exercise asks for; ROIs with other labels are left alone.

    Returns
    -------
    tuple of PlacementGrade
        One a wanted label, in that order. A level that an expert leaves out (fracture) passes if it has no ROI.
    """
    rois, wanted = tuple(rois), tuple(wanted)
    marrow = _marrow_mean(rois, image)
    grades = []
    for label in wanted:
        own = [roi for roi in rois if roi.label == label]
        if _is_left_out(label, truth):
            grades.append(
                PlacementGrade(
                    label, _left_out_faults(label, truth) if own else (), purity=0.0 if own else 1.0, left_out=not own
                )
            )
            continue
        if not own:
            text = translated("There is no ROI called {label} yet. Draw it, and give it this label.", label=label)
            grades.append(PlacementGrade(label, (Fault("missing", "wrong", text),)))
            continue
        siblings = [roi for roi in rois if roi.label in wanted and roi.label != label]
        grade = check_placement(own[0], truth, image=image, siblings=siblings, marrow_mean=marrow)
        if len(own) > 1:
            text = translated(
                "{n} ROIs are called {label}; only the first is graded. Delete or rename the others.",
                n=len(own),
                label=label,
            )
            grade = replace(grade, faults=(Fault("double", "wrong", text), *grade.faults))
        grades.append(grade)
    return _all_off_the_plane(grades)


def _all_off_the_plane(grades: list[PlacementGrade]) -> tuple[PlacementGrade, ...]:
    """One level on a neighbouring slice is worth knowing; if most are, the slice is wrong."""
    levels = [g for g in grades if g.label in SPINE_LEVELS and g.slice_index is not None]
    off = [g for g in levels if any(f.code == "slice" for f in g.faults)]
    if len(levels) < 2 or 2 * len(off) <= len(levels):
        return tuple(grades)
    return tuple(
        replace(g, faults=tuple(replace(f, severity="wrong") if f.code == "slice" else f for f in g.faults))
        if g in off
        else g
        for g in grades
    )


def grade_table(grades: Iterable[PlacementGrade]) -> list[dict[str, Any]]:
    """One flat row a ROI: label, passed, purity, edge_mm, slice_offset_mm, slice, faults, holds."""
    return [grade.as_row() for grade in grades]


def _is_left_out(label: str, truth: Phantom) -> bool:
    """Whether the truth has reference ROIs, but none for this level: a fractured or instrumented vertebra."""
    references = {roi.label for roi in truth.reference_rois}
    return label in SPINE_LEVELS and bool(references & set(SPINE_LEVELS)) and label not in references


def _left_out_faults(label: str, truth: Phantom) -> tuple[Fault, ...]:
    here = [f.kind for f in truth.findings if label in (f.level, *f.levels_without_roi)]
    kinds = ", ".join(translated(kind) for kind in here) or translated("no clean place for a ROI")
    text = translated(
        "{label} must be left out here: {kinds}. Its marrow is not that of the rest of the spine. Chen 2023 leaves such a level out, Huang 2026 replaces it with T12 or L5. Delete this ROI.",
        label=label,
        kinds=kinds,
    )
    return (Fault("left-out", "wrong", text),)


def _marrow_mean(rois: tuple[Roi, ...], image: Volume) -> float | None:
    means = []
    for roi in rois:
        if roi.label in SPINE_LEVELS:
            try:
                means.append(roi.measure(image).mean)
            except RoiError:
                continue
    return float(np.mean(means)) if means else None
