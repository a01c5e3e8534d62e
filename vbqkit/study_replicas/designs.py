"""The five papers as designs; every printed number comes from ``vbqkit.literature`` with its place."""

from __future__ import annotations

from collections.abc import Mapping

from vbqkit.errors import TableError
from vbqkit.study_replicas.design import Analysis, Arm, StudyDesign

_KOSICE = StudyDesign(
    name="Košice group 2025",
    question="Does the M-score go with DEXA in women with osteoporosis?",
    machine="Hitachi 1.2 T, T1 spin echo, TR 700, TE 12 ms, echo train 2 (printed); reader drawn at each site",
    standard="DEXA of L1-L4 (BMD, T-score)",
    inclusion="women over 50, 12 months after the menopause or more, newly diagnosed, T-score below -2.5; five young women as reference",
    arms=(
        Arm(name="osteoporosis", pool="Košice group 2025 osteoporosis", n="methods.n"),
        Arm(name="young reference", pool="Košice group 2025 young reference", n="methods.ref.n"),
    ),
    analyses=(
        Analysis(
            name="M-score with BMD",
            kind="correlation",
            score="SNR",
            against="bmd",
            ranks=True,
            arms=("osteoporosis",),
            printed={"r": "r.m_bmd", "p": "p.m_bmd"},
            note="within a study the M-score is the SNR on another scale, so that both have the same correlation",
        ),
        Analysis(
            name="M-score with T-score",
            kind="correlation",
            score="SNR",
            against="t_score",
            ranks=True,
            arms=("osteoporosis",),
            printed={"r": "r.m_t", "p": "p.m_t"},
            note="in virtual women BMD and T-score have the same order, so that both correlations are the same",
        ),
        Analysis(
            name="M-score with TBS",
            kind="correlation",
            score="SNR",
            against="tbs",
            ranks=True,
            arms=("osteoporosis",),
            printed={"r": "r.tbs", "p": "p.tbs"},
            note="not measured in virtual patients: their DEXA has no trabecular bone score",
        ),
    ),
)

_HUANG = StudyDesign(
    name="Huang 2026",
    question="Is VBQ higher in patients with an osteoporotic vertebral fracture than in others of the same age and sex?",
    machine="GE Signa HDx 1.5 T (printed); TR, TE and echo train drawn for each site from the ordinary range",
    standard="vertebral compression fracture",
    inclusion="in hospital July 2022 to July 2024, over 55, at most two fractured levels of L1-L4; matched 1:1 for age and sex; fractured levels replaced by T12 or L5",
    arms=(
        Arm(name="fracture", pool="Huang 2026 fracture", n="abstract.n_group"),
        Arm(name="non-fracture", pool="Huang 2026 non-fracture", n="abstract.n_group"),
    ),
    matched=True,
    analyses=tuple(
        Analysis(
            name=f"{score} for fracture",
            kind="discrimination",
            score=score,
            arms=("fracture", "non-fracture"),
            cases=("fracture",),
            printed={
                "AUC": f"abstract.{key}.auc",
                "AUC p": f"table2.{key}.p",
                "cut-off": f"table3.{key}.cutoff",
                "sensitivity": f"table3.{key}.sensitivity",
                "specificity": f"table3.{key}.specificity",
                "difference p": f"table1.all.{key}.p",
            },
            ci=(f"table2.{key}.low", f"table2.{key}.high"),
            means=tuple((f"table1.all.{key}.{arm}.mean", f"table1.all.{key}.{arm}.sd") for arm in ("frac", "non")),
            note=(
                ""
                if key != "t2stir"
                else "not measured in virtual patients: over the ordinary times that are drawn, this score has no mean (validation/README.md)"
            ),
        )
        for score, key in (("VBQ-T1", "t1"), ("VBQ-T2", "t2"), ("VBQ-T2-STIR", "t2stir"))
    ),
)

_CUI = StudyDesign(
    name="Cui 2025",
    question="Does VBQ find osteoporosis in patients before spinal surgery?",
    machine="not printed: 1.5 or 3 T, with or without correction of the coil, and its times drawn for each site",
    standard="T-score of QCT; against the young people of the virtual population, as the study does not print its reference",
    inclusion="lumbar surgery January 2022 to December 2023, 18 to 80 years, QCT and MRI within 6 months, no implants",
    arms=(
        Arm(name="normal", pool="Cui 2025 normal", n="zh.healthy.n"),
        Arm(name="osteopenia", pool="Cui 2025 osteopenia", n="zh.osteopenia.n"),
        Arm(name="osteoporosis", pool="Cui 2025 osteoporosis", n="zh.osteoporosis.n"),
    ),
    analyses=(
        Analysis(
            name="VBQ-T1 for osteoporosis against normal",
            kind="discrimination",
            score="VBQ-T1",
            arms=("normal", "osteoporosis"),
            cases=("osteoporosis",),
            printed={
                "AUC": "results.auc",
                "AUC p": "results.auc_p",
                "cut-off": "results.cutoff",
                "sensitivity": "results.sensitivity",
                "specificity": "results.specificity",
                "Youden's J": "results.youden",
            },
            means=(
                ("results.vbq.osteoporosis.mean", "results.vbq.osteoporosis.sd"),
                ("results.vbq.healthy.mean", "results.vbq.healthy.sd"),
            ),
            note="osteopenia is left out of the curve, as in the study; the cut-off is printed as 2.6 %",
        ),
        Analysis(
            name="VBQ-T1 with QCT",
            kind="correlation",
            score="VBQ-T1",
            against="qct",
            arms=("normal", "osteopenia", "osteoporosis"),
            printed={"r": "results.r_bmd", "p": "results.p_bmd"},
        ),
        Analysis(
            name="VBQ-T1 with QCT T-score",
            kind="correlation",
            score="VBQ-T1",
            against="qct_t",
            arms=("normal", "osteopenia", "osteoporosis"),
            printed={"r": "results.r_t", "p": "results.p_t"},
            note="in virtual patients this T-score is QCT on another scale, so that both correlations are the same",
        ),
    ),
)

_CHEN = StudyDesign(
    name="Chen 2023",
    question="Does VBQ say more about bone than DEXA where the spine is worn?",
    machine="Philips Achieva 3 T, T1 TR 600, TE 20 ms (printed); reader drawn at each site",
    standard="DEXA, lowest T-score of all sites; here that of L1-L4, as hip and neck are not in the virtual body",
    inclusion="lumbar fusion July 2019 to June 2020, 50 years and older, fewer than two fractures of L1-L4; three worn vertebrae or more: degenerative",
    arms=(
        Arm(name="degenerative", pool="Chen 2023 degenerative", n="table2.deg.n"),
        Arm(name="control", pool="Chen 2023 control", n="table2.con.n"),
    ),
    analyses=(
        Analysis(
            name="VBQ-T1 for osteoporosis, control",
            kind="discrimination",
            score="VBQ-T1",
            arms=("control",),
            against="t_score",
            case_below=-2.5,
            case_count="results.prevalence_t.con",
            printed={
                "AUC": "table4.osteoporosis.auc",
                "cut-off": "table4.osteoporosis.threshold",
                "sensitivity": "table4.osteoporosis.sensitivity",
                "specificity": "table4.osteoporosis.specificity",
            },
            ci=("table4.osteoporosis.low", "table4.osteoporosis.high"),
        ),
        Analysis(
            name="VBQ-T1 for osteopenia, control",
            kind="discrimination",
            score="VBQ-T1",
            arms=("control",),
            against="t_score",
            case_below=-1.0,
            case_count="table2.current.deg.count",
            printed={
                "AUC": "table4.osteopenia.auc",
                "cut-off": "table4.osteopenia.threshold",
                "sensitivity": "table4.osteopenia.sensitivity",
                "specificity": "table4.osteopenia.specificity",
            },
            ci=("table4.osteopenia.low", "table4.osteopenia.high"),
            note="cases have osteopenia or osteoporosis; 85 of 134 stands in the other column of Table 2, which exchanges them",
        ),
        Analysis(
            name="VBQ-T1, degenerative against control",
            kind="discrimination",
            score="VBQ-T1",
            arms=("degenerative", "control"),
            cases=("degenerative",),
            printed={"difference p": "table2.vbq.p"},
            means=(("table2.vbq.deg.mean", "table2.vbq.deg.sd"), ("table2.vbq.con.mean", "table2.vbq.con.sd")),
        ),
        *(
            Analysis(
                name=f"VBQ-T1 with {what}, {arm}",
                kind="correlation",
                score="VBQ-T1",
                against=column,
                arms=(arm,),
                printed={"r": f"table3.{key}.{short}"},
            )
            for what, column, key in (("BMD", "bmd", "bmd"), ("T-score", "t_score", "t"))
            for arm, short in (("degenerative", "deg"), ("control", "con"))
        ),
    ),
)

_REVIEW = StudyDesign(
    name="Review page 2026",
    question="Can machine learning on MRI predict osteoporosis?",
    machine="not printed",
    standard="QCT (160 patients); not printed (220 patients)",
    inclusion="not printed, nor how many patients were tested: here all of them, each once, which leaves the least to chance",
    arms=(
        Arm(name="radiomics", pool="", n="radiomics.n"),
        Arm(name="deep learning", pool="", n="deep.n"),
    ),
    virtual=False,
    analyses=(
        Analysis(
            name="KNN on T1 radiomics for osteoporosis",
            kind="discrimination",
            score="KNN on T1",
            arms=("radiomics",),
            printed={"AUC": "radiomics.auc"},
            note="half of the patients taken as cases, which leaves the least to chance; the number is not printed",
        ),
        Analysis(
            name="deep learning on MRI",
            kind="accuracy",
            score="deep learning",
            arms=("deep learning",),
            printed={"accuracy": "deep.mri"},
            note="balanced accuracy, taken as accuracy in two halves",
        ),
        Analysis(
            name="deep learning on MRI and CT",
            kind="accuracy",
            score="deep learning",
            arms=("deep learning",),
            printed={"accuracy": "deep.both"},
            note="no whole number of 220 patients is 98.90 %; 90 of 91 is",
        ),
    ),
)

DESIGNS: Mapping[str, StudyDesign] = {d.name: d for d in (_KOSICE, _HUANG, _REVIEW, _CUI, _CHEN)}
"""Name of the study to its design."""


def design_named(name: str) -> StudyDesign:
    """The design of a study.

    Raises
    ------
    TableError
        If there is none of this name.

    Examples
    --------
    >>> design_named("Huang 2026").n
    168
    """
    if name not in DESIGNS:
        raise TableError(f"There is no design of '{name}'. There are: {', '.join(DESIGNS)}.")
    return DESIGNS[name]
