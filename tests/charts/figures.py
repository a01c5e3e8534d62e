"""One figure of each kind, drawn from statistics of a small synthetic cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbqkit import charts, stats
from vbqkit.acquisition import Acquisition
from vbqkit.image import Slice
from vbqkit.literature import kosice_levels
from vbqkit.roi import Rectangle
from vbqkit.scores import vbq_landscape
from vbqkit.study_replicas import replicate_study
from vbqkit.virtual_cohort import transport_cutoff

CUTOFFS = pd.DataFrame(
    {
        "source": ["Huang 2026", "Cui 2025", "Chen 2023", "Bandirali 2015 doi:10.1007/s00330-015-3699-y"],
        "score": ["VBQ-T1", "VBQ-T1", "VBQ-T1", "M-score"],
        "target": ["OVCF", "osteoporosis", "osteoporosis", "osteoporosis"],
        "positive": ["high"] * 4,
        "threshold": [4.285, 2.6, 2.9, 5.5],
        "sensitivity": [0.619, 0.58, 0.93, 0.54],
        "specificity": [0.619, 0.90, 0.654, 0.90],
        "n": [168, 61, 134, 226],
        "field_t": [1.5, None, 3.0, None],
        "vendor": ["GE", None, "Philips", None],
    }
)


def make_cohort():
    rng, n = np.random.default_rng(3), 60
    t = rng.normal(-1.5, 1.3, n)
    return pd.DataFrame(
        {
            "id": [f"V{i:02d}" for i in range(n)],
            "t_score": t,
            "vbq_t1": 2.75 - 0.22 * t + rng.normal(0, 0.4, n),
            "again": 2.75 - 0.22 * t + rng.normal(0, 0.4, n),
            "hu": 130 + 25 * t + rng.normal(0, 25, n),
            "osteoporosis": t <= -2.5,
        }
    )


def make_uncertainty():
    rows = [
        ("all", "percentiles", 1.8, 8.2, 1.0),
        ("pixel noise", "bootstrap", 2.0, 7.0, 0.8),
        ("pixel noise", "delta method", 1.3, 5.9, float("nan")),
        ("reference group", "n = 30; exact", 2.6, 4.6, 0.2),
    ]
    columns = ["source", "method", "ci_low", "ci_high", "share"]
    return pd.DataFrame(rows, columns=columns).assign(score="M-score", value=3.6, confidence=0.95)


def make_meta():
    """Six studies of the AUDIT-C questionnaire: Kriston et al. (2008), as in the vignette of R's mada."""
    tp, fn = [47, 126, 19, 36, 130, 84], [9, 51, 10, 3, 19, 2]
    fp, tn = [101, 272, 12, 78, 211, 68], [738, 1543, 192, 276, 959, 89]
    return stats.fit_diagnostic_meta(tp, fn, fp, tn, study=[f"Study {i}" for i in range(1, 7)])


def make_check():
    """What moves a score, as ``validation.check_score`` gives it."""
    nan = float("nan")
    rows = [
        ("gain", "receiver gain times 2", "cancels", 0.0, 0.0, 0.0, 8),
        ("field", "1.5 T to 3 T, or back", "shifts it", -7.4, -9.0, -5.7, 8),
        ("CSF place", "CSF of L2 or L4", "no shift seen", -1.0, -3.0, 1.0, 8),
        ("level missing", "one of L1 to L4 left out", "not given", nan, nan, nan, 0),
    ]
    return pd.DataFrame(rows, columns=["factor", "changed", "verdict", "mean_percent", "ci_low", "ci_high", "n"])


def make_landscape():
    """Of a made-up slice: marrow that fades to the back, a dark sac behind it."""
    y, x = np.mgrid[:90, :70]
    pixels = np.where(x < 50, 400.0 - 3 * x + y, 150.0)
    image = Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0), acquisition=Acquisition(weighting="T1"))
    rois = [Rectangle.on(image, (20 + 16 * k, 30), 8, 6, label=f"L{k + 1}") for k in range(4)]
    rois.append(Rectangle.on(image, (45, 60), 4, 12, label="CSF"))
    return vbq_landscape(image, rois, moved=["CSF"], aggregate="median", reach_mm=(12, 9))


def make_transport():
    """A cut-off of scanner A on scanner B, where everybody is a fifth lower."""
    rng = np.random.default_rng(5)
    ill = np.arange(80) % 4 == 0
    here = 3.0 + 0.4 * (rng.standard_normal(80) + 1.2 * ill)
    tables = [
        pd.DataFrame({"id": range(80), "ill": ill.astype(int), "scanner": name, "vbq_t1": values})
        for name, values in (("A", here), ("B", 0.8 * here))
    ]
    return transport_cutoff(
        pd.concat(tables), score="VBQ-T1", from_scanner="A", to_scanner="B", outcome="ill", phantom=0.8, seeds=(1, 2, 3)
    )


def make_evaluations():
    """A classifier by two ways to evaluate it, as ``machine_learning.evaluate_each_way`` gives it."""
    rows = [("nested, by person", True, 0.74, 0.66, 0.82, 160), ("slices on both sides", False, 0.98, 0.96, 1.0, 160)]
    return pd.DataFrame(rows, columns=["evaluation", "sound", "estimate", "ci_low", "ci_high", "n"])


def draw_gallery(cohort, uncertainty):
    """Name of the function to a figure that it drew."""
    rng = np.random.default_rng(1)
    high = {"positive": "high", "data": cohort}
    curve = stats.roc_curve("vbq_t1", "osteoporosis", interval="wilson", **high)
    model = stats.fit_logistic("osteoporosis", ["vbq_t1", "hu"], data=cohort)
    risks, meta = (model.probabilities, model.outcome), make_meta()
    return {
        "plot_against_dexa": charts.plot_against_dexa(
            cohort,
            score="vbq_t1",
            against="t_score",
            by="osteoporosis",
            case={"vbq_t1": 3.3, "t_score": -1.9},
            band=stats.regression_band("t_score", "vbq_t1", data=cohort),
            correlation=stats.pearson("t_score", "vbq_t1", data=cohort),
            source="synthetic",
        ),
        "plot_roc": charts.plot_roc(
            {"VBQ-T1": curve},
            bands={"VBQ-T1": stats.roc_band("vbq_t1", "osteoporosis", rng=rng, n_bootstrap=100, **high)},
            aucs={"VBQ-T1": stats.auc("vbq_t1", "osteoporosis", **high)},
            cutoffs={
                "VBQ-T1": stats.best_cutoff(
                    "vbq_t1", "osteoporosis", criterion="youden", rng=rng, n_bootstrap=100, **high
                )
            },
        ),
        "plot_bland_altman": charts.plot_bland_altman(
            cohort,
            a="vbq_t1",
            b="again",
            agreement=pd.DataFrame(
                {
                    "quantity": ["bias", "lower limit", "upper limit"],
                    "estimate": [0.01, -0.9, 0.92],
                    "ci_low": [-0.1, -1.1, 0.7],
                    "ci_high": [0.12, -0.7, 1.1],
                    "scale": "absolute",
                    "n": 60,
                }
            ),
            quantity="VBQ-T1",
            acceptable=0.5,
        ),
        "plot_groups": charts.plot_groups(
            cohort,
            value="vbq_t1",
            by="osteoporosis",
            case=3.3,
            test=pd.DataFrame({"p": [0.0123], "method": ["Mann-Whitney U"]}),
        ),
        "plot_levels": charts.plot_levels(
            kosice_levels(),
            quantity="SNR",
            case={"L1": 60, "L3": 71},
            reference=dict.fromkeys(("L1", "L2", "L3", "L4"), 47.6),
        ),
        "plot_cutoffs": charts.plot_cutoffs(CUTOFFS, score="VBQ-T1", value=2.75, ci_low=2.55, ci_high=2.96),
        "plot_score": charts.plot_score(uncertainty, cutoffs=CUTOFFS),
        "plot_calibration": charts.plot_calibration(
            {"model": stats.calibration_curve(*risks, smoother="spline")},
            groups={"model": stats.calibration_groups(*risks, groups=4)},
            source="the patients it was fitted to",
        ),
        "plot_decision_curve": charts.plot_decision_curve(
            stats.decision_curve({"model": risks[0]}, risks[1], n_bootstrap=100, rng=rng)
        ),
        "plot_nomogram": charts.plot_nomogram(stats.nomogram(model), outcome="osteoporosis"),
        "plot_cutoff_transport": charts.plot_cutoff_transport(make_transport(), source="made up"),
        "plot_evaluations": charts.plot_evaluations(make_evaluations(), guess=0.8),
        "plot_forest": charts.plot_forest(meta),
        "plot_score_check": charts.plot_score_check({"VBQ-T1": make_check()}),
        "plot_vbq_landscape": charts.plot_vbq_landscape(make_landscape(), rescan_percent=4.0, source="made up"),
        "plot_study_replicas": charts.plot_study_replicas(
            *(replicate_study("Huang 2026", times=100, population=who) for who in ("as printed", "no effect")),
            comparison="VBQ-T1 for fracture",
            statistic="AUC",
        ),
        "plot_sroc": charts.plot_sroc(meta, source="Kriston et al. 2008"),
        "plot_correlations": charts.plot_correlations(
            stats.correlations(cohort, ["vbq_t1", "t_score", "hu"], kind="pearson")
        ),
    }
