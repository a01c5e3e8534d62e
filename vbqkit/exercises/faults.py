"""What can be wrong with one ROI: each rule of placement, with what it says and whether it must be corrected."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.errors import RoiError
from vbqkit.exercises.advice import clean_move, direction_words, move_by
from vbqkit.exercises.truth import TOLERATED, TruthUnderRoi
from vbqkit.image import Slice
from vbqkit.language import digits, marked, number, said, translated
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SPINE_LEVELS
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
"""Smallest and largest area of a level's ROI that passes, half and twice the 0.40 cm2 of the Košice group 2025. Smaller
holds too few pixels to average over the texture of marrow; larger comes near edges and cannot be the same at every
level."""

LEAST_CM2 = {CSF: 0.10, NOISE: 0.20}
"""Smallest area of a CSF ROI (a narrow sac has no room for 0.40 cm2) and of a noise ROI, whose SD needs many pixels."""

FAR_IN_BODY_MM, TOO_FAR_IN_BODY_MM = 4.5, 5.5
"""A level's ROI farther than the first from the reference ROI lies in another part of the body: worth knowing; farther
than the second it does not follow the rule (mid height, a little in front of the center). With 5.5 mm a virtual reader
with an SD of 4 mm, who does not look, passes in 6.8 % of readings (4.9 to 9.1), one of 1 mm in 100 % (99 to 100)."""

NOISE_FACTORS = (1.25, 1.5)
"""The SD of a noise ROI over that at the place of the reference group, or its inverse: above the first worth knowing,
above the second wrong. Within 20 mm of that place 96 % of ROIs of 0.40 cm2 stay below 1.5, by sampling alone."""


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


def slice_offset_mm(roi: Roi, truth: Phantom, target: Slice) -> float | None:
    """Distance of the slice from the plane of the reference ROI, mm; None where there is none."""
    for reference in truth.reference_rois:
        if reference.label == roi.label:
            own = target.distance_mm(roi.center_mm)
            return abs(float(target.distance_mm(reference.center_mm) - own))
    return None


_OF_FINDINGS = [tissue for finding in FINDINGS for tissue in finding.tissues]
FAULT_CODES = {
    "basivertebral vein": "vein",
    "nerve root": "root",
    "spinal cord": "cord",
    "epidural fat": "fat",
    "marrow outside the body of the vertebra": "outside-body",
} | {tissue.word: tissue.fault for tissue in _OF_FINDINGS}
_WHY = {
    "cortex": marked("Cortex is black on every weighting, so the mean falls."),
    "endplate": marked("An endplate is nearly black, so the mean falls."),
    "basivertebral vein": marked("Slow blood is dark on T1 and bright on T2 and STIR."),
    "disc": marked(
        "A disc is not marrow: it is dark on T1, and on T2 its brightness shows the age of the disc, not the state of the bone."
    ),
    "nerve root": marked(
        "Roots are brighter than CSF on T1 and darker on T2, so the divisor of VBQ changes with their share."
    ),
    "spinal cord": marked("The cord is brighter than CSF on T1 and darker on T2, so the divisor of VBQ is wrong."),
    "epidural fat": marked("Fat is the brightest tissue on T1: a few of its pixels raise the mean a lot."),
    "air": marked("There is no signal in air."),
    "CSF": marked("CSF is dark on T1 and very bright on T2."),
} | {tissue.word: tissue.why for tissue in _OF_FINDINGS}


# What reader_word says, for the catalogues; tests/language holds the two together.
_TISSUES = (
    marked("cortex"),
    marked("endplate"),
    marked("basivertebral vein"),
    marked("disc"),
    marked("nerve root"),
    marked("spinal cord"),
    marked("epidural fat"),
    marked("air"),
    marked("CSF"),
    marked("ligament"),
    marked("bowel gas"),
    marked("marrow outside the body of the vertebra"),
    marked("other soft tissue"),
    marked("marrow oedema"),
    marked("Modic change"),
    marked("haemangioma"),
    marked("metal"),
    marked("osteophyte"),
)


_FAULT_WORDS = {tissue.split()[0].lower(): tissue for tissue in _TISSUES}
_FAULT_WORDS |= {code: tissue for tissue, code in FAULT_CODES.items()}
_FAULT_WORDS |= {
    "wrong-level": marked("wrong level"),
    "on-marrow": marked("marrow"),
    "csf-level": marked("level of CSF"),
    "slice": marked("slice"),
    "area": marked("area"),
    "part-of-body": marked("place in the body"),
    "noise-place": marked("place of noise"),
    "noise-refused": marked("noise check"),
    "size": marked("size"),
    "near-edge": marked("near an edge"),
    "missing": marked("missing"),
    "double": marked("twice there"),
    "left-out": marked("to be left out"),
    "not-on-picture": marked("outside the image"),
}
"""What is wrong with a ROI, by the code of its fault, in a word or two for a table."""


def fault_words(code: str) -> str:
    """What is wrong with a ROI, by the code of its fault, in the language that is read.

    Examples
    --------
    >>> fault_words("vein")
    'basivertebral vein'
    """
    return tissue_words(_FAULT_WORDS.get(code, code))


def tissue_words(word: str) -> str:
    """A tissue in the language that is read."""
    level = word.removeprefix("marrow of ")
    return translated(word) if level == word else translated("marrow of {level}", level=level)


def tissue_faults(roi: Roi, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    """Tissue that the ROI must not hold, or comes too near to."""
    faults = _tolerated_faults(roi, under, wanted)
    spared = TOLERATED.get(wanted)
    foreign = [(word, share) for word, share in under.shares if word not in (wanted, spared) and share > MINOR_SHARE]
    total = sum(share for _, share in foreign)
    move = clean_move(under, roi) if foreign else ""
    main = under.shares[0][0]
    if main.startswith("marrow of ") and wanted.startswith("marrow of ") and main != wanted:
        text = translated(
            "This ROI is called {label}, but most of it lies in {level}. Count the levels again from the sacrum: the last free vertebra above it is L5. Then rename the ROI or move it.",
            label=roi.label,
            level=main.removeprefix("marrow of "),
        )
        return [Fault("wrong-level", "wrong", text)]
    for word, share in foreign:
        severity: Severity = "wrong" if share > WRONG_SHARE or total > WRONG_SHARE else "minor"
        code = FAULT_CODES.get(word, word.split()[0].lower())
        if word.startswith("marrow of "):
            code = "wrong-level" if wanted.startswith("marrow of ") else "on-marrow"
        area = share * roi.area_mm2
        held = translated(
            "{percent} % of the ROI {label} is {tissue} (about {area} of {all} mm²).",
            percent=f"{100 * share:.0f}",
            label=roi.label,
            tissue=tissue_words(word),
            area=f"{area:.0f}",
            all=f"{roi.area_mm2:.0f}",
        )
        text = f"{held} {translated(_WHY.get(word, ''))} {move}"
        faults.append(Fault(code, severity, " ".join(text.split())))
        move = ""  # one instruction for all that is in it
    if not foreign and not faults and under.edge_mm < EDGE_MM and roi.label != "noise":
        away = direction_words(under, roi)
        text = translated(
            "The ROI {label} is clean, but only {mm} mm from {tissue}. Chemical shift and blurring smear an edge over one or two pixels: keep at least {least} mm away.",
            label=roi.label,
            mm=digits(under.edge_mm, ".1f"),
            tissue=tissue_words(under.nearest),
            least=digits(EDGE_MM, "g"),
        )
        faults.append(Fault("near-edge", "minor", f"{text} {away}".strip()))
    return faults


def _tolerated_faults(roi: Roi, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    """Roots in the CSF: nothing up to what hardly counts, worth knowing up to what is allowed, wrong beyond."""
    word = TOLERATED.get(wanted, "")
    share = under.share(word)
    if share <= WRONG_SHARE:
        return []
    wrong = share > ROOTS_ALLOWED
    most = f"{100 * ROOTS_ALLOWED:.0f}"
    verdict = (
        translated("That is more than the {most} % that pass.", most=most)
        if wrong
        else translated("Some hang in every sac: up to {most} % pass, and fewer are better.", most=most)
    )
    held = translated(
        "{percent} % of the ROI {label} is {tissue}.",
        percent=f"{100 * share:.0f}",
        label=roi.label,
        tissue=tissue_words(word),
    )
    text = f"{held} {translated(_WHY[word])} {verdict} {clean_move(under, roi)}"
    return [Fault(FAULT_CODES[word], "wrong" if wrong else "minor", text)]


def csf_level_faults(roi: Roi, truth: Phantom) -> list[Fault]:
    """CSF beside another level than the reference."""
    reference = next((r for r in truth.reference_rois if r.label == "CSF"), None)
    if roi.label != "CSF" or reference is None:
        return []
    found, expected = (_nearest_level(truth, r) for r in (roi, reference))
    if not found or found == expected:
        return []
    text = translated(
        "This CSF ROI lies beside {found}; here it belongs beside {expected}. Huang 2026, Cui 2025 and Chen 2023 measure CSF at L3, Huang and Chen at a neighbouring level where the canal is narrow at L3. Signal changes along the coil, so the level matters.",
        found=found,
        expected=expected,
    )
    beside = abs(LEVEL_OF_CODE.index(found) - LEVEL_OF_CODE.index(expected)) <= 1
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


def slice_faults(roi: Roi, offset: float | None, target: Slice) -> list[Fault]:
    """A slice away from the plane where the level is measured."""
    step = target.depth_mm or target.thickness_mm
    if roi.label == "noise" or offset is None or step is None or offset <= step / 2.0 + 0.1:
        return []
    count = round(offset / step)
    severity: Severity = "wrong" if count > 1 else "minor"
    slices = translated("1 slice") if count == 1 else translated("{n} slices", n=count)
    text = translated(
        "The ROI {label} lies {mm} mm ({slices}) away from the plane where this level is measured. Choose the slice that shows the spinous process, the whole canal and the vein at the back of the vertebral body: that is the middle of this level.",
        label=roi.label,
        mm=f"{offset:.0f}",
        slices=slices,
    )
    return [Fault("slice", severity, text)]


def area_faults(roi: Roi, pixels: int) -> list[Fault]:
    """Too few pixels, or too large."""
    cm2 = roi.area_mm2 / 100.0
    least, most = MARROW_CM2 if roi.label in SPINE_LEVELS else (LEAST_CM2.get(roi.label, 0.0), np.inf)
    here = translated(
        "The ROI {label} has {cm2} cm2 ({pixels} pixels).", label=roi.label, cm2=number(cm2, 2), pixels=pixels
    )
    if cm2 < least:
        why = {
            CSF: translated("So few pixels do not average over noise and roots."),
            NOISE: translated("An SD from so few pixels is uncertain."),
        }.get(roi.label, translated("So few pixels do not average over the texture of marrow."))
        made = translated("Make it {usual} cm2, at least {least} cm2.", usual=number(0.40, 2), least=number(least, 2))
        text = f"{here} {why} {made}"
    elif cm2 > most:
        made = translated(
            "Košice group 2025 uses {usual} cm2; one of more than {most} cm2 comes near edges and cannot be the same at every level. Make it smaller.",
            usual=number(0.40, 2),
            most=number(most, 2),
        )
        text = f"{here} {made}"
    else:
        return []
    return [Fault("area", "wrong", text)]


def part_of_body_faults(roi: Roi, truth: Phantom, target: Slice, under: TruthUnderRoi, wanted: str) -> list[Fault]:
    """Clean marrow, but far from where the rule of the course puts the ROI: readers then differ."""
    reference = next((r for r in truth.reference_rois if r.label == roi.label), None)
    if reference is None or roi.label not in SPINE_LEVELS or under.share(wanted) < 1.0 - WRONG_SHARE:
        return []
    away = np.subtract(reference.center_mm, roi.center_mm)
    away = away - np.dot(away, target.normal) * np.array(target.normal)
    distance = float(np.linalg.norm(away))
    if distance <= FAR_IN_BODY_MM:
        return []
    told = translated(
        "The ROI {label} lies in marrow, but {mm} mm from where this course measures: at mid height, a little in front of the center of the body, away from the vein. Marrow is not the same in all parts of a body; one rule for all readers keeps them comparable.",
        label=roi.label,
        mm=f"{distance:.0f}",
    )
    text = f"{told} {move_by(under, away)}"
    return [Fault("part-of-body", "minor" if distance <= TOO_FAR_IN_BODY_MM else "wrong", text)]


def noise_place_faults(roi: Roi, truth: Phantom, target: Slice) -> list[Fault]:
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
    text = translated(
        "The SD of this noise ROI is {own}; at the place where the reference group's noise was measured it is {there}. SNR would be {factor} times as {size}, and nothing in the patient has changed. Place it where the group's was: behind the back, level with L3, about 2 cm behind the skin.",
        own=digits(float(f"{own:.2g}"), "g"),
        there=digits(float(f"{there:.2g}"), "g"),
        factor=digits(factor, ".1f"),
        size=translated("low") if own > there else translated("high"),
    )
    return [Fault("noise-place", "minor" if factor <= NOISE_FACTORS[1] else "wrong", text)]


def size_faults(roi: Roi, siblings: tuple[Roi, ...], pixels: int) -> list[Fault]:
    """Another size than the other levels."""
    if roi.label == "CSF" or not siblings:
        return []
    same_kind = [other.area_mm2 for other in siblings if other.label not in ("CSF", "noise")]
    if len(same_kind) < 2:
        return []
    usual = float(median(same_kind))
    ratio = roi.area_mm2 / usual
    if abs(ratio - 1.0) <= AREA_TOLERANCE:
        return []
    text = translated(
        "The ROI {label} has {cm2} cm2 ({pixels} pixels), the others have {others} cm2. Košice group 2025 and Chen 2023 use one size for every level. Copy a ROI instead of drawing it again, or fix the area ({usual} cm2 in the Košice group 2025).",
        label=roi.label,
        cm2=number(roi.area_mm2 / 100, 2),
        pixels=pixels,
        others=number(usual / 100, 2),
        usual=number(0.40, 2),
    )
    return [Fault("size", "wrong" if ratio < SMALL_SHARE or ratio > 1.0 / SMALL_SHARE else "minor", text)]


def noise_faults(roi: Roi, target: Slice, marrow_mean: float | None) -> list[Fault]:
    """What the check of noise ROIs finds."""
    check = check_noise(roi, target, marrow_mean=marrow_mean)
    faults = [Fault(caution.code, "minor", said(caution.message)) for caution in check.cautions]
    if check.refusal is not None:
        refusal = said(check.refusal)
        faults.insert(0, Fault("noise-refused", "wrong", refusal[0].upper() + refusal[1:]))
    return faults
