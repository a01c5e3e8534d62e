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
_PLACING_CSF = (
    "readers move a CSF ROI by 3 mm along the sac, a model assumption, and meet other roots and other flow there"
)
_PARAMETERS = "Vertebral bone quality in MRI parameters 2023"
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
    "Luo et al. 2025), and QCT also says how much marrow the trabeculae leave; other studies print -0.36 to -0.63, this one -0.27"
)
_BANDWIDTH = (
    "in this model bandwidth moves fat and changes noise, and neither reaches the mean of a ROI in marrow or CSF"
)

_DENOMINATOR = (
    "CSF is 0.55 to 1.37 times as bright on STIR as on T2 over the ordinary times that are drawn, and brighter in a fifth of "
    "them: the denominator, the difference of both, passes through zero, and mean and SD say nothing"
)
_STIR = (
    "in this model fatter marrow is darker on STIR, where fat is nulled; the study found 0.002 more in fractures, which it does "
    "not tell from nothing"
)
_FIELD = (
    "with the same TR and TE this model gives a ratio of 1.09 (marrow water 5 % longer in T1 at 3 T, fat 31 %, CSF 1 %); the "
    "study prints no times, and drawn ones differ between its two fields"
)
_AGES = (
    "PDFF rises by 22 points in women and 8 in men from the 20s to the 60s (Baum 2018), and nothing else in marrow changes with "
    "age but its trabeculae; the published change would take more"
)
_MIXED_MACHINES = "two visits scatter as published (CV within), but people differ by less than in the study, of which the ICC is a share"
_M_SCORE = (
    "on the machine without correction the brightness of the surface coil stays in the picture: marrow of ten young women varies "
    "by 18 %, which is the unit of the score, and of twenty women four have osteoporosis"
)
_SNR_000 = (
    "in this model marrow with 50 % fat is 1.25 times as bright on T1 as marrow with 25 %, and women with osteoporosis and "
    "young ones differ by no more fat than that"
)
_TOO_CLEAN = (
    "the T-score of a drawn person is not raised by wear of the spine, as a measured one is (paper 004): it follows marrow more "
    "closely than a measured one"
)
_READERS = (
    "the scatter of ROIs between and within readers is a model assumption, the same for every study, and the studies differ: "
    "0.74 to 0.94 for the same score"
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
    f"{_PARAMETERS}: VBQ-T1 at 35.4 against 43.3 kHz, 1.5 T, ratio": _BANDWIDTH,
    "000: SNR, osteoporosis against young women, ratio": _SNR_000,
    "000: M-score of women with osteoporosis, difference": _SNR_000,
    **{
        f"001: VBQ-STIR, {what}": _STIR
        for what in ("fracture against non-fracture, difference", "fracture against non-fracture, ratio")
    },
    **{
        f"001: VBQ-T2-STIR, {what}": _DENOMINATOR
        for what in (
            "fracture, level",
            "non-fracture, level",
            "fracture, SD",
            "non-fracture, SD",
            "fracture against non-fracture, difference",
            "fracture against non-fracture, ratio",
        )
    },
    **{
        f"001: CSF on {weighting}, {who} (%), limits of agreement": _PLACING_CSF
        for weighting in ("T2", "STIR")
        for who in ("two readers", "one reader twice")
    },
    "003: VBQ-T1, one reader twice, ICC": _READERS,
    "003: VBQ-T1, between readers, ICC": _READERS,
    "004: VBQ-T1, between readers, ICC": _READERS,
    "Mierke 2022: VBQ-T1, between readers, ICC": _READERS,
    "Bhumibol 2024: VBQ-T1 with spine T-score, correlation": _TOO_CLEAN,
    "Bhumibol 2024: VBQ-T1 for osteoporosis, AUC": _TOO_CLEAN,
    "Bandirali 2015: M-score for osteoporosis, AUC": _M_SCORE,
    "Bandirali 2015: M-score for osteoporosis, sensitivity at 90 % specificity": _M_SCORE,
    "Bandirali 2015: M-score with T-score, correlation": _M_SCORE,
    f"{_PARAMETERS}: VBQ-T1 at 1.5 T against 3 T, ratio": _FIELD,
    "Normative VBQ, 107 patients: VBQ-T1, 60s against 20s, difference": _AGES,
    "Normative VBQ, 107 patients: VBQ-T1, 60s against 20s, ratio": _AGES,
    "Normative VBQ, 107 patients: VBQ-T1, two scans within three months, ICC": _MIXED_MACHINES,
}
"""Key of the effect to the reason."""
