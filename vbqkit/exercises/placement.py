"""Is this ROI where it should be? A placement judged against the truth of a virtual patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.errors import RoiError
from vbqkit.exercises.advice import clean_move, direction_words, move_by
from vbqkit.exercises.truth import TOLERATED, TruthUnderRoi, contaminated_pixels, truth_under, wanted_word
from vbqkit.image import Slice, Volume
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS
from vbqkit.scores import check_noise

Severity = Literal["wrong", "minor"]
"""``"wrong"`` must be corrected before a placement passes; ``"minor"`` is worth knowing."""

WRONG_SHARE = 0.05
"""More foreign tissue than this share of the ROI's volume is a wrong placement."""

MINOR_SHARE = 0.01
EDGE_MM = 1.0
"""A careful reader keeps about this distance from an edge: chemical shift and truncation smear it over 1-2 pixels."""

AREA_TOLERANCE = 0.05
SMALL_SHARE = 0.5
MARROW_CM2 = (0.20, 0.80)
"""Smallest and largest area of a level's ROI that passes, half and twice the 0.40 cm2 of paper 000. Smaller holds too few
pixels to average over the texture of marrow; larger comes near edges and cannot be the same at every level."""

LEAST_CM2 = {CSF: 0.10, NOISE: 0.20}
"""Smallest area of a CSF ROI (a narrow sac has no room for 0.40 cm2) and of a noise ROI, whose SD needs many pixels."""

FAR_IN_BODY_MM, TOO_FAR_IN_BODY_MM = 6.0, 7.0
"""A level's ROI farther than the first from the reference ROI lies in another part of the body: worth knowing; farther than
the second it does not follow the rule (mid height, a little in front of the centre)."""

NOISE_FACTORS = (1.25, 1.5)
"""The SD of a noise ROI over that at the place of the reference group, or its inverse: above the first worth knowing,
above the second wrong. Within 20 mm of that place 96 % of ROIs of 0.40 cm2 stay below 1.5, by sampling alone."""
WHOLE_CASE = (*SCORED_LEVELS, CSF, NOISE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a placement.

    Attributes
    ----------
    code : str
        Short stable name: ``"cortex"``, ``"wrong-level"``, ``"slice"`` ...
    severity : {"wrong", "minor"}
        Whether it must be corrected.
    message : str
        What is wrong, why it matters, and what to do.
    """

    code: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        return self.message


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
            return "rightly left out"
        return "well placed" if not self.faults else "passes" if self.passed else "try again"

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
    offset = _slice_offset(roi, truth, target)
    faults = [
        *_tissue_faults(roi, under, wanted),
        *_level_of_csf(roi, truth),
        *_slice_faults(roi, offset, target),
        *_area_faults(roi, int(np.count_nonzero(mask))),
        *_size_faults(roi, tuple(siblings), int(np.count_nonzero(mask))),
        *_part_of_body(roi, truth, target, under, wanted),
        *(_noise_faults(roi, target, marrow_mean) if roi.label == NOISE else ()),
        *(_noise_place(roi, truth, target) if roi.label == NOISE else ()),
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
            text = f"There is no ROI called {label} yet. Draw it, and give it this label."
            grades.append(PlacementGrade(label, (Fault("missing", "wrong", text),)))
            continue
        siblings = [roi for roi in rois if roi.label in wanted and roi.label != label]
        grade = check_placement(own[0], truth, image=image, siblings=siblings, marrow_mean=marrow)
        if len(own) > 1:
            text = f"{len(own)} ROIs are called {label}; only the first is graded. Delete or rename the others."
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
    kinds = ", ".join(here) or "no clean place for a ROI"
    text = (
        f"{label} must be left out here: {kinds}. Its marrow is not that of the rest of the spine. Paper 004 leaves such a level out, paper 001 "
        "replaces it with T12 or L5. Delete this ROI."
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


def _slice_offset(roi: Roi, truth: Phantom, target: Slice) -> float | None:
    for reference in truth.reference_rois:
        if reference.label == roi.label:
            own = target.distance_mm(roi.center_mm)
            return abs(float(target.distance_mm(reference.center_mm) - own))
    return None


_OF_FINDINGS = [tissue for finding in FINDINGS for tissue in finding.tissues]
_CODES = {
    "basivertebral vein": "vein",
    "nerve root": "root",
    "spinal cord": "cord",
    "epidural fat": "fat",
} | {tissue.word: tissue.fault for tissue in _OF_FINDINGS}
_WHY = {
    "cortex": "Cortex is black on every weighting, so the mean falls.",
    "endplate": "An endplate is nearly black, so the mean falls.",
    "basivertebral vein": "Slow blood is dark on T1 and bright on T2 and STIR.",
    "disc": "A disc is not marrow: it is dark on T1, and on T2 its brightness shows the age of the disc, not the state of the bone.",
    "nerve root": "Roots are brighter than CSF on T1 and darker on T2, so the divisor of VBQ changes with their share.",
    "spinal cord": "The cord is brighter than CSF on T1 and darker on T2, so the divisor of VBQ is wrong.",
    "epidural fat": "Fat is the brightest tissue on T1: a few of its pixels raise the mean a lot.",
    "air": "There is no signal in air.",
    "CSF": "CSF is dark on T1 and very bright on T2.",
} | {tissue.word: tissue.why for tissue in _OF_FINDINGS}


def _tissue_faults(roi: Roi, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    faults = _tolerated_faults(roi, under, wanted)
    spared = TOLERATED.get(wanted)
    foreign = [(word, share) for word, share in under.shares if word not in (wanted, spared) and share > MINOR_SHARE]
    total = sum(share for _, share in foreign)
    move = clean_move(under, roi) if foreign else ""
    main = under.shares[0][0]
    if main.startswith("marrow of ") and wanted.startswith("marrow of ") and main != wanted:
        text = (
            f"This ROI is called {roi.label}, but most of it lies in {main.removeprefix('marrow of ')}. Count the levels again from the sacrum: "
            "the last free vertebra above it is L5. Then rename the ROI or move it."
        )
        return [Fault("wrong-level", "wrong", text)]
    for word, share in foreign:
        severity: Severity = "wrong" if share > WRONG_SHARE or total > WRONG_SHARE else "minor"
        code = "wrong-level" if word.startswith("marrow of ") else _CODES.get(word, word.split()[0].lower())
        area = share * roi.area_mm2
        text = f"{100 * share:.0f} % of the ROI {roi.label} is {word} (about {area:.0f} of {roi.area_mm2:.0f} mm²). {_WHY.get(word, '')} {move}"
        faults.append(Fault(code, severity, " ".join(text.split())))
        move = ""  # one instruction for all that is in it
    if not foreign and not faults and under.edge_mm < EDGE_MM and roi.label != "noise":
        away = direction_words(under, roi)
        text = (
            f"The ROI {roi.label} is clean, but only {under.edge_mm:.1f} mm from {under.nearest}. Chemical shift and blurring smear an edge over "
            f"one or two pixels: keep at least {EDGE_MM:g} mm away. {away}"
        )
        faults.append(Fault("near-edge", "minor", text.strip()))
    return faults


def _tolerated_faults(roi: Roi, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    """Roots in the CSF: nothing up to what hardly counts, worth knowing up to what is allowed, wrong beyond."""
    word = TOLERATED.get(wanted, "")
    share = under.share(word)
    if share <= WRONG_SHARE:
        return []
    wrong = share > ROOTS_ALLOWED
    verdict = (
        f"That is more than the {100 * ROOTS_ALLOWED:.0f} % that pass. {clean_move(under, roi)}"
        if wrong
        else f"Some hang in every sac: up to {100 * ROOTS_ALLOWED:.0f} % pass, and fewer are better. {clean_move(under, roi)}"
    )
    text = f"{100 * share:.0f} % of the ROI {roi.label} is {word}. {_WHY[word]} {verdict}"
    return [Fault(_CODES[word], "wrong" if wrong else "minor", text)]


def _level_of_csf(roi: Roi, truth: Phantom) -> list[Fault]:
    reference = next((r for r in truth.reference_rois if r.label == "CSF"), None)
    if roi.label != "CSF" or reference is None:
        return []
    found, expected = (_nearest_level(truth, r) for r in (roi, reference))
    if not found or found == expected:
        return []
    text = (
        f"This CSF ROI lies beside {found}; here it belongs beside {expected}. Papers 001, 003 and 004 measure CSF at L3, or at a neighbouring level "
        "where the canal is narrow at L3. Signal changes along the coil, so the level matters."
    )
    beside = abs(SPINE_LEVELS.index(found) - SPINE_LEVELS.index(expected)) <= 1
    return [Fault("csf-level", "minor" if beside else "wrong", text)]


def _nearest_level(truth: Phantom, roi: Roi) -> str:
    """Level beside a ROI: the body in the ROI's sagittal plane whose middle is nearest in height."""
    index = np.linalg.solve(truth.affine, [*roi.center_mm, 1.0])[:3]
    plane = int(np.clip(round(float(index[0])), 0, truth.shape[0] - 1))
    codes = truth.level[plane]
    best, nearest = "", np.inf
    for code in np.unique(codes[codes > 0]):
        distance = abs(float(np.nonzero((codes == code).any(axis=1))[0].mean()) - index[1])
        if distance < nearest:
            best, nearest = LEVEL_OF_CODE[int(code)], distance
    return best


def _slice_faults(roi: Roi, offset: float | None, target: Slice) -> list[Fault]:
    step = target.depth_mm or target.thickness_mm
    if roi.label == "noise" or offset is None or step is None or offset <= step / 2.0 + 0.1:
        return []
    number = round(offset / step)
    severity: Severity = "wrong" if number > 1 else "minor"
    text = (
        f"The ROI {roi.label} lies {offset:.0f} mm ({number} slice{'s' if number > 1 else ''}) away from the plane where this level is measured. Choose "
        "the slice that shows the spinous process, the whole canal and the vein at the back of the vertebral body: that is the middle of this level."
    )
    return [Fault("slice", severity, text)]


def _area_faults(roi: Roi, pixels: int) -> list[Fault]:
    cm2 = roi.area_mm2 / 100.0
    least, most = MARROW_CM2 if roi.label in SPINE_LEVELS else (LEAST_CM2.get(roi.label, 0.0), np.inf)
    here = f"The ROI {roi.label} has {cm2:.2f} cm2 ({pixels} pixels)."
    if cm2 < least:
        why = {
            CSF: "So few pixels do not average over noise and roots.",
            NOISE: "An SD from so few pixels is uncertain.",
        }.get(roi.label, "So few pixels do not average over the texture of marrow.")
        text = f"{here} {why} Make it 0.40 cm2, at least {least:.2f} cm2."
    elif cm2 > most:
        text = f"{here} Paper 000 uses 0.40 cm2; one of more than {most:.2f} cm2 comes near edges and cannot be the same at every level. Make it smaller."
    else:
        return []
    return [Fault("area", "wrong", text)]


def _part_of_body(roi: Roi, truth: Phantom, target: Slice, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    """Clean marrow, but far from where the rule of the course puts the ROI: readers then differ."""
    reference = next((r for r in truth.reference_rois if r.label == roi.label), None)
    if reference is None or roi.label not in SPINE_LEVELS or under.share(wanted) < 1.0 - MINOR_SHARE:
        return []
    away = np.subtract(reference.center_mm, roi.center_mm)
    away = away - np.dot(away, target.normal) * np.array(target.normal)
    distance = float(np.linalg.norm(away))
    if distance <= FAR_IN_BODY_MM:
        return []
    text = (
        f"The ROI {roi.label} is clean, but {distance:.0f} mm from where this course measures: at mid height, a little in front of "
        f"the centre of the body, away from the vein. Marrow is not the same in all parts of a body; one rule for all readers keeps them comparable. {move_by(under, away)}"
    )
    return [Fault("part-of-body", "minor" if distance <= TOO_FAR_IN_BODY_MM else "wrong", text)]


def _noise_place(roi: Roi, truth: Phantom, target: Slice) -> list[Fault]:
    """Noise differs from place to place: a patient's must be measured where the reference group's was."""
    reference = next((r for r in truth.reference_rois if r.label == NOISE), None)
    if reference is None:
        return []
    try:
        own, there = roi.measure(target).sd, reference.measure(target).sd
    except RoiError:  # the reference lies off this slice; nothing to compare with
        return []
    if not own or not there:
        return []
    factor = max(own / there, there / own)
    if factor <= NOISE_FACTORS[0]:
        return []
    text = (
        f"The SD of this noise ROI is {own:.2g}; at the place where the reference group's noise was measured it is {there:.2g}. SNR would be "
        f"{factor:.1f} times as {'low' if own > there else 'high'}, and nothing in the patient has changed. Place it where the group's was: behind the "
        "back, level with L3, about 2 cm behind the skin."
    )
    return [Fault("noise-place", "minor" if factor <= NOISE_FACTORS[1] else "wrong", text)]


def _size_faults(roi: Roi, siblings: tuple[Roi, ...], pixels: int) -> list[Fault]:
    if roi.label == "CSF" or not siblings:
        return []
    same_kind = [other.area_mm2 for other in siblings if other.label not in ("CSF", "noise")]
    if len(same_kind) < 2:
        return []
    usual = float(median(same_kind))
    ratio = roi.area_mm2 / usual
    if abs(ratio - 1.0) <= AREA_TOLERANCE:
        return []
    text = (
        f"The ROI {roi.label} has {roi.area_mm2 / 100:.2f} cm2 ({pixels} pixels), the others have {usual / 100:.2f} cm2. Papers 000 and 004 use one size "
        "for every level. Copy a ROI instead of drawing it again, or fix the area (0.40 cm2 in paper 000)."
    )
    return [Fault("size", "wrong" if ratio < SMALL_SHARE or ratio > 1.0 / SMALL_SHARE else "minor", text)]


def _noise_faults(roi: Roi, target: Slice, marrow_mean: float | None) -> list[Fault]:
    check = check_noise(roi, target, marrow_mean=marrow_mean)
    faults = [Fault(caution.code, "minor", caution.message) for caution in check.cautions]
    if check.refusal is not None:
        faults.insert(0, Fault("noise-refused", "wrong", check.refusal[0].upper() + check.refusal[1:]))
    return faults
