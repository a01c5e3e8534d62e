"""Why a prediction misses a published effect, as far as it is known: shown beside the row, and only if it misses.

A reason is a fact about the model, not a guess about what would help. Where none is known, the row says so.
"""

from __future__ import annotations

from collections.abc import Mapping

_SPREAD = (
    "T1 of marrow water is the tissue table's for everyone (its spread apart from that of fat is not published), sacs differ "
    "by 6 % in depth alone, and patients of a study are like those of the population tables but for what it prints"
)
_PLACING = (
    "the placement of ROIs within marrow is a model assumption (SD 2 mm, lengths up to 10 %, no published value), and "
    "scatters more than trained observers of one site did"
)
_FRACTURE = (
    "fracture is tied to marrow fat through density alone: 2.5 points of fat fraction between the groups, where the "
    "published difference would take about twice as much"
)
_FRACTURE_T2 = (
    f"{_FRACTURE}; on T2, marrow water decays faster where there is more fat (Ruschke 2021), which takes back part of what "
    "fat adds"
)
_CHOSEN_BY_QCT = (
    "fat fraction and QCT correlate at -0.60 in three groups chosen by QCT (-0.56 after the menopause as published: "
    "Luo et al. 2025); other studies print -0.36 to -0.63, this one -0.27"
)
_BANDWIDTH = (
    "in this model bandwidth moves fat and changes noise, and neither reaches the mean of a ROI in marrow or CSF"
)

MISS_REASONS: Mapping[str, str] = {
    **{
        f"{study}: {score}, {group}, SD": _SPREAD
        for study, scores, groups in (
            ("001", ("VBQ-T1", "VBQ-T2", "VBQ-STIR", "VBQ-T2-STIR"), ("fracture", "non-fracture")),
            ("003", ("VBQ-T1",), ("osteoporosis", "normal")),
            ("004", ("VBQ-T1",), ("degenerative", "control")),
        )
        for score in scores
        for group in groups
    },
    "Normative VBQ, 107 patients: VBQ-T1 within a decade of life, SD": _SPREAD,
    **{
        f"001: L1-L4 on {weighting}, {who} (%), limits of agreement": _PLACING
        for weighting in ("T1", "T2", "STIR")
        for who in ("two readers", "one reader twice")
    },
    **{
        f"001: {score}, fracture against non-fracture, {kind}": _FRACTURE
        for score in ("VBQ-T1", "VBQ-T1 of women", "VBQ-T1 of men")
        for kind in ("difference", "ratio")
    },
    "001: VBQ-T1 for fracture, AUC": _FRACTURE,
    **{
        f"001: {score}, fracture against non-fracture, {kind}": _FRACTURE_T2
        for score in ("VBQ-T2", "VBQ-T2-STIR")
        for kind in ("difference", "ratio")
    },
    **{f"001: {score} for fracture, AUC": _FRACTURE_T2 for score in ("VBQ-T2", "VBQ-T2-STIR")},
    "003: VBQ-T1 with QCT BMD, correlation": _CHOSEN_BY_QCT,
    "003: VBQ-T1 with QCT T-score, correlation": _CHOSEN_BY_QCT,
    "003: VBQ-T1 for osteoporosis against normal, AUC": _CHOSEN_BY_QCT,
    "Vertebral bone quality in MRI parameters 2023: VBQ-T1 at 35.4 against 43.3 kHz, 1.5 T, ratio": _BANDWIDTH,
}
"""Key of the effect to the reason."""
