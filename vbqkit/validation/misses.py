"""Why a prediction misses a published effect, as far as it is known: shown beside the row, and only if it misses.

A reason is a fact about the model, not a guess about what would help. Where none is known, the row says so. Figures are
ratios to the published effect under one change, from ``vbqkit validate-scanner --causes`` (signal equations, 40 people
a group; validation/causes.csv) and, where they speak of bodies, from :func:`vbqkit.validation.find_causes` with bodies.
"""

from __future__ import annotations

from collections.abc import Mapping

_BARE = "by the signal equations alone"
_SPREAD = (
    "people differ too little already before anything is scanned (0.52 to 0.63 times the published SD "
    f"{_BARE}), and how much depends on times: 0.61 to 0.74 with T2 of marrow water at 21 ms, 0.74 to 0.91 at a TR of 400 ms, 0.39 to "
    "0.46 at 850; T1 of marrow water is the tissue table's for everyone, as its spread apart from that of fat is not published; "
    "not explained by magnetization transfer or T1 of marrow water"
)
_PLACING = (
    "not where in a body these readers put a ROI: on one slice and with levels that both count alike two of them differ by 4.6, 6.6 and "
    "7.7 % on T1, T2 and STIR (published 6.7, 7.6 and 8.2; eight replications of 12 people), and by 6.3 % on the one real T1 scan at hand. "
    "With slices as they choose them it is 8.3, 11.8 and 11.5 %, with levels as they count them 11, 15 and 14 %: the readers of this study, who "
    "were trained together, seem to have taken the same slice and level more often than those of Tunset 2013 and Peh 1999"
)
_PLACING_CSF = (
    "the slice: two readers on the same one differ by 2.6 % on T2 and 3.2 % on STIR (published 4.3 and 6.0; eight replications of 12 people), and "
    "where they choose for themselves by 8.6 and 9.1 %, as the next slice holds other roots, which are dark on both; the limits of one reader "
    "twice, who mostly takes the same slice again, are as published"
)
_PARAMETERS = "Vertebral bone quality in MRI parameters 2023"
_FRACTURE = (
    "fracture is tied to marrow fat through density alone, 2.5 points of fat fraction between the groups: 0.46 times the "
    f"published difference {_BARE}, 0.96 with 4.5 points more fat in fractures at the same BMD, as measured in men (Schwartz "
    "2013), where women were not told from nothing and other cohorts found none or 20 points: built in for men alone. TR moves it from "
    "0.30 (850 ms) to 0.66 (400 ms), and without the loss of trabeculae it is 0.29; not explained by T1 or T2 of marrow water or magnetization transfer"
)
_FRACTURE_T2 = (
    f"{_FRACTURE}; on T2, marrow water decays faster where there is more fat (Ruschke 2021), which takes back part of what "
    "fat adds: 0.27, and 0.79 with 4.5 points more fat"
)
_CHOSEN_BY_QCT = (
    "fat fraction and QCT correlate at -0.60 in three groups chosen by QCT (-0.56 after the menopause as published: "
    "Luo et al. 2025), and QCT also says how much marrow the trabeculae leave: 2.9 times the published correlation "
    f"{_BARE}, 2.0 with the same bone volume in everyone; not explained by any time. Other studies print -0.36 to -0.63, this one -0.27"
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
_STIR_LEVEL = (
    "any of four numbers at an end of its range would do: 0.7 to 0.8 times the published level "
    f"{_BARE}, 1.2 with T1 of fat at its high end (343 ms at 1.5 T), 1.0 at a TE of 30 ms or with T2 of marrow water at 71 ms, "
    "0.9 at a TI of 140 ms; 0.8 to 0.9 without magnetization transfer. The study prints no times"
)
_FIELD = (
    "with the same TR and TE this model gives a ratio of 1.09 (marrow water 5 % longer in T1 at 3 T, fat 31 %, CSF 1 %); the "
    "study prints no times, and drawn ones differ between its two fields, so that chance decides much: 0.3 times the published effect "
    f"{_BARE}, 0.5 with a TR of 400 ms at both, 0.4 with T2 of marrow water at 21 ms; not explained by T1 of marrow water or fat, or magnetization transfer"
)
_AGES = (
    "half of it lies between marrow and score: 0.7 times the published difference "
    f"{_BARE}, and in one replication with bodies 0.42 as built and 0.74 with every coil corrected. The rest: PDFF rises by 22 "
    "points in women and 8 in men from the 20s to the 60s (Baum 2018), and nothing else in marrow changes with age but its "
    "trabeculae and its T2; at a TR of 400 ms it is 1.0, at 850 ms 0.5"
)
_MIXED_MACHINES = "two visits scatter as published (CV within), but people differ by less than in the study, of which the ICC is a share"
_M_SCORE = (
    "what stands between marrow and score takes it away: 0.99 times the published AUC and 0.9 times the correlation "
    f"{_BARE}. On the machine without correction the brightness of the surface coil stays in the picture, at a depth that differs "
    "between people: in three replications with bodies the AUC is 0.3 times as built and 0.5 with the coil corrected; a fifth "
    "of these women have osteoporosis"
)
_M_SCORE_J = (
    f"0.82 times the published J {_BARE} with 40 in a group, 0.94 with 10 (the best cut-off of few people is optimistic); coil, "
    "pattern and reader take the rest"
)
_SNR_000 = (
    "in this model marrow with 50 % fat is 1.25 times as bright on T1 as marrow with 25 %, and women with osteoporosis and "
    f"young ones differ by no more fat than that: 0.55 times the published effect {_BARE}, 0.7 with T2 of marrow water at 21 ms, 0.34 without the loss of trabeculae; the M-score "
    "loses more to a larger SD of young women with bodies (0.90 without)"
)
_TOO_CLEAN = (
    "the T-score of a drawn person is not raised by wear of the spine, as a measured one is (Chen 2023): it follows marrow more "
    f"closely than a measured one, {_BARE} too (1.4 and 1.9 times); 1.3 and 1.7 with the same bone volume in everyone; not explained by TR or T2 of marrow water"
)
_READERS = (
    "readers place ROIs as edges are marked (Tunset 2013), choose a slice and count levels alike for every study, and the studies differ: "
    "0.74 to 0.91 for two readers of the same score, 0.85 and 0.94 for one twice. Where an ICC is predicted too low, people differ too little (SD), "
    "of which it is a share; where too high, readers of that study differ more than edges, slices and levels explain"
)
_LEVEL_003 = (
    f"1.5 times the published level {_BARE}, 1.2 at a TR of 850 ms, 1.3 with T1 of fat at its high end or T2 of marrow water at 21 ms: a long TR, and a machine "
    "that this paper does not name; not explained by magnetization transfer, T1 of marrow water or bone volume"
)
_DIFFERENCE_003 = (
    "the groups are chosen by QCT, which in this model also says how much marrow the trabeculae leave: 1.5 times "
    f"{_BARE}, 0.7 with the same bone volume in everyone, 1.1 at a TR of 850 ms"
)
_WORN_HU = f"1.00 {_BARE}, so that coil, day and reader take it"
_LOW_BONE = (
    f"0.77 (Preoperative VBQ) and 0.81 (Yang 2024) {_BARE}, the same at a TR of 400 or 850 ms or with T2 of marrow water at 21 ms, less with the same bone "
    "volume in everyone: it lies in the people, whose fat says less about low density than that of these patients"
)
_AGE_OF_WOMEN = (
    f"1.43 {_BARE}, 1.18 with the same bone volume in everyone: trabeculae that are lost with age leave room for marrow, and PDFF "
    "rises by 22 points in women between the 20s and the 60s (Baum 2018); not explained by any time"
)
_CONTROL_004 = f"0.75 {_BARE}, 0.78 with T2 of marrow water at 21 ms: it lies in the people"
_PREOPERATIVE = f"0.67 {_BARE}, 0.8 at a TR of 400 ms, 0.9 with T2 of marrow water at 21 ms: times that are not printed"
_HAFFER = (
    f"0.59 {_BARE}, 0.7 with T2 of marrow water at 21 ms, 0.25 without the loss of trabeculae; not explained by TR"
)
_OPTIMISTIC = (
    f"the best of many cut-offs in 20 people is optimistic: {_BARE} 1.35 times with 10 in a group, 1.00 with 40; "
    "the published one is pooled over studies"
)
_SD_AT_15T = f"at the limit; {_BARE} 1.1 at a TR of 400 ms and 0.6 at 850"
_AGE_OF_MEN = f"at the limit, and chance is not excluded; {_BARE} 1.1"
_FEW_ARE_ILL = (
    "few of the 16 people of this group have what is looked for, and the 95 % interval of 20 replications holds the published effect, "
    "so that chance is not excluded"
)

MISS_REASONS: Mapping[str, str] = {
    **{
        f"{study}: {score}, {group}, SD": _SPREAD
        for study, scores, groups in (
            ("Huang 2026", ("VBQ-T1", "VBQ-T2", "VBQ-STIR", "VBQ-T2-STIR"), ("fracture", "non-fracture")),
            ("Cui 2025", ("VBQ-T1",), ("osteoporosis", "normal")),
            ("Chen 2023", ("VBQ-T1",), ("degenerative", "control")),
        )
        for score in scores
        for group in groups
    },
    "Normative VBQ, 107 patients: VBQ-T1 within a decade of life, SD": _SPREAD,
    **{
        f"Huang 2026: L1-L4 on {weighting}, {who} (%), limits of agreement": _PLACING
        for weighting in ("T1", "T2", "STIR")
        for who in ("two readers", "one reader twice")
    },
    **{
        f"Huang 2026: {score}, fracture against non-fracture, {kind}": _FRACTURE
        for score in ("VBQ-T1", "VBQ-T1 of women", "VBQ-T1 of men")
        for kind in ("difference", "ratio")
    },
    "Huang 2026: VBQ-T1 for fracture, AUC": _FRACTURE,
    **{
        f"Huang 2026: {score}, fracture against non-fracture, {kind}": _FRACTURE_T2
        for score in ("VBQ-T2", "VBQ-T2-STIR")
        for kind in ("difference", "ratio")
    },
    **{f"Huang 2026: {score} for fracture, AUC": _FRACTURE_T2 for score in ("VBQ-T2", "VBQ-T2-STIR")},
    "Cui 2025: VBQ-T1 with QCT BMD, correlation": _CHOSEN_BY_QCT,
    "Cui 2025: VBQ-T1 with QCT T-score, correlation": _CHOSEN_BY_QCT,
    "Cui 2025: VBQ-T1 for osteoporosis against normal, AUC": _CHOSEN_BY_QCT,
    f"{_PARAMETERS}: VBQ-T1 at 35.4 against 43.3 kHz, 1.5 T, ratio": _BANDWIDTH,
    "Košice group 2025: SNR, osteoporosis against young women, ratio": _SNR_000,
    "Košice group 2025: M-score of women with osteoporosis, difference": _SNR_000,
    **{
        f"Huang 2026: VBQ-STIR, {what}": _STIR
        for what in ("fracture against non-fracture, difference", "fracture against non-fracture, ratio")
    },
    "Huang 2026: VBQ-STIR, fracture, level": _STIR_LEVEL,
    "Huang 2026: VBQ-STIR, non-fracture, level": _STIR_LEVEL,
    "Cui 2025: VBQ-T1, osteoporosis, level": _LEVEL_003,
    "Cui 2025: VBQ-T1, normal, level": _LEVEL_003,
    "Cui 2025: VBQ-T1, osteoporosis against normal, difference": _DIFFERENCE_003,
    "Chen 2023: VBQ-T1 for osteoporosis, control, AUC": _FEW_ARE_ILL,
    "Chen 2023: VBQ-T1 for osteopenia or osteoporosis, control, AUC": _FEW_ARE_ILL,
    "Chen 2023: VBQ-T1 with L1-4 BMD, control, correlation": _CONTROL_004,
    "Chen 2023: VBQ-T1 with L1-4 T-score, control, correlation": _CONTROL_004,
    "Chen 2023: VBQ-T1 with L1 HU, degenerative, correlation": _WORN_HU,
    "Preoperative VBQ, 100 patients: VBQ-T1 for osteopenia or osteoporosis, AUC": _LOW_BONE,
    "Yang 2024: VBQ-T1 for osteopenia or osteoporosis, AUC": _LOW_BONE,
    "Normative VBQ, 107 patients: VBQ-T1 with age, women, correlation": _AGE_OF_WOMEN,
    "Preoperative VBQ, 100 patients: VBQ-T1, osteoporosis against normal, ratio": _PREOPERATIVE,
    "Haffer 2022: VBQ-T1, QCT up to 120 mg/cm3 against above, ratio": _HAFFER,
    "Yang 2024: VBQ-T1 for osteopenia or osteoporosis, Youden's J": _OPTIMISTIC,
    "Shayganfar 2019: M-score for osteoporosis, Youden's J": _M_SCORE_J,
    f"{_PARAMETERS}: VBQ-T1 at 1.5 T, all ages, SD": _SD_AT_15T,
    "Normative VBQ, 107 patients: VBQ-T1 with age, men, correlation": _AGE_OF_MEN,
    **{
        f"Huang 2026: VBQ-T2-STIR, {what}": _DENOMINATOR
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
        f"Huang 2026: CSF on {weighting}, {who} (%), limits of agreement": _PLACING_CSF
        for weighting in ("T1", "T2", "STIR")
        for who in ("two readers", "one reader twice")
    },
    "Cui 2025: VBQ-T1, one reader twice, ICC": _READERS,
    "Cui 2025: VBQ-T1, between readers, ICC": _READERS,
    "Chen 2023: VBQ-T1, one reader twice, ICC": _READERS,
    "Chen 2023: VBQ-T1, between readers, ICC": _READERS,
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
