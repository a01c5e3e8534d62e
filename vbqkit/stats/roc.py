"""The ROC curve and the area under it: DeLong and bootstrap intervals, partial areas, the band of the curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import (
    PROPORTION_METHODS,
    need_rng,
    percentile_interval,
    proportion_intervals,
    two_sided_p,
    unmoved,
    z_of,
)
from vbqkit.stats.delong import delong_variance, structural_components
from vbqkit.stats.exact_ranks import exact_by_default
from vbqkit.stats.observations import ColumnLike, FloatArray, check_confidence, choice, count, numbers, scalar
from vbqkit.stats.rank_test import mann_whitney_test
from vbqkit.stats.result import NAN, notes, row, rows
from vbqkit.stats.scores_by_outcome import (
    CaseControl,
    DistinctScores,
    case_control,
    distinct_scores,
    positives,
    resamples,
)


def roc_curve(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    interval: str,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Sensitivity and specificity at every cut-off.

    A score is called positive at or beyond the cut-off (``>=`` where high is positive, ``<=`` where low is). Cut-offs
    lie half-way between neighbouring scores, as in SPSS and pROC, with an infinite one at each end.

    Parameters
    ----------
    score : column of numbers
        Array or Series, or with `data` the name of a column.
    outcome : column of labels
        Who is a case: True and False (1 and 0), or any two labels with `case`.
    positive : {"high", "low"}
        Whether a high score points to the condition (VBQ, M-score) or a low one (BMD, T-score, HU). It has no default.
    interval : {"wilson", "clopper-pearson"}
        Of each sensitivity and specificity by itself.
    case : label, optional
        The label of the cases.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row per cut-off, from everyone positive to nobody: cutoff, sensitivity, sensitivity_low, sensitivity_high,
        specificity, specificity_low, specificity_high, confidence, positive, method, n, n_case, n_control, n_missing,
        note.

    Raises
    ------
    TableError
        There are not two classes, or the columns cannot be used.

    References
    ----------
    Checked against sklearn.metrics.roc_curve and pROC's published coordinates.

    Examples
    --------
    >>> curve = roc_curve([2.1, 2.4, 2.9, 3.3], [0, 0, 1, 1], positive="high", interval="wilson")
    >>> curve[["cutoff", "sensitivity", "specificity"]].round(2).values.tolist()
    [[-inf, 1.0, 0.0], [2.25, 1.0, 0.5], [2.65, 1.0, 1.0], [3.1, 0.5, 1.0], [inf, 0.0, 1.0]]
    """
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    m, n = group.cases.size, group.controls.size
    tp, tn = positives(found.case_counts), n - positives(found.control_counts)
    se = proportion_intervals(tp.astype(np.int64), m, confidence=confidence, method=interval)
    sp = proportion_intervals(tn.astype(np.int64), n, confidence=confidence, method=interval)
    return pd.DataFrame(
        {
            "cutoff": group.sign * found.cutoffs,
            "sensitivity": tp / m,
            "sensitivity_low": se[0],
            "sensitivity_high": se[1],
            "specificity": tn / n,
            "specificity_low": sp[0],
            "specificity_high": sp[1],
            "confidence": float(confidence),
            "positive": group.positive,
            "method": PROPORTION_METHODS[interval],
            **group.counts,
            "note": group.note,
        }
    )


def auc(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    interval: str = "logit",
    p_value: str = "auto",
    n_bootstrap: int = 10_000,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Area under the ROC curve: the chance that a case scores beyond a control, ties counting one half.

    0.5 tells nothing apart and 1 everything; below 0.5 the score points the other way than `positive` says.

    Parameters
    ----------
    score, outcome, positive, case, data
        As in `roc_curve`.
    confidence : float
        Of the interval.
    interval : {"logit", "delong", "bootstrap"}
        "logit": DeLong's standard error on the scale ``log(AUC / (1 - AUC))``, which stays within 0 and 1 and holds
        the true AUC nearly as often as it says, also with few cases; "delong": normal interval from the same standard
        error, cut at 0 and 1, as pROC and MedCalc print it, too short with few cases; "bootstrap": percentiles of
        stratified resamples (needs `rng`).
    p_value : {"auto", "exact", "null variance", "wald"}
        Against 0.5. "exact": from the distribution of Mann and Whitney's U, which needs scores without ties. "null
        variance": normal, with the variance that U has where the score tells nothing apart, ties corrected, as SPSS
        prints it. "wald": from ``(AUC - 0.5)/se``, as MedCalc, far too small with few cases. "auto": exact without
        ties and with at most 49 people in each class (or 8 in one of them), else by the null variance.
    n_bootstrap : int
        Resamples.
    rng : numpy.random.Generator, optional
        Source of chance of the bootstrap.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, se (DeLong's, or of the resamples), z (of the test named in
        method; with an exact p, U in standard deviations under the null), p (against 0.5, two-sided), positive,
        method, n, n_case, n_control, n_missing, note.

    Raises
    ------
    TableError
        There are not two classes, `positive` is not said, the columns cannot be used, or an exact p was requested for
        with ties.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988) doi:10.2307/2531595; logit interval: Pepe (2003), The Statistical
    Evaluation of Medical Tests, 5.2.5; Sun and Xu (2014) doi:10.1109/LSP.2014.2337313. Checked against pROC's
    published digits, scikit-learn, and the O(n²) definition.

    Examples
    --------
    >>> auc([2.1, 2.4, 2.2, 2.9, 3.3], [0, 0, 1, 1, 1], positive="high").round(3)[["estimate", "se"]].iloc[0].tolist()
    [0.833, 0.236]
    """
    z_wanted = z_of(confidence)
    choice(interval, "interval", ("logit", "delong", "bootstrap"))
    choice(p_value, "p_value", ("auto", "exact", "null variance", "wald"))
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    # The order of the rows does not matter for one AUC, and sorted look-ups are several times faster.
    v_case, v_control = structural_components(np.sort(group.cases), np.sort(group.controls))
    area = float(v_case.mean())
    low = high = NAN
    if interval == "bootstrap":
        n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
        replicates = _bootstrap_auc(distinct_scores(group), n_bootstrap, need_rng(rng, "The bootstrap interval"))
        se = float(replicates.std(ddof=1))
        how = f"percentile interval of {n_bootstrap} stratified bootstrap resamples"
        if se > 0:
            low, high = percentile_interval(replicates, confidence)
    else:
        se = delong_variance(v_case, v_control) ** 0.5
        how = "DeLong's standard error, " + ("logit interval" if interval == "logit" else "normal interval")
        # With one case or one control there is no variance; with perfect separation it is 0 and says nothing.
        if se > 0 and interval == "delong":
            low, high = max(0.0, area - z_wanted * se), min(1.0, area + z_wanted * se)
        elif se > 0 and 0 < area < 1:
            half = z_wanted * se / (area * (1 - area))
            low, high = (float(special.expit(special.logit(area) + side * half)) for side in (-1, 1))
    z, p, tested = _against_half(group, area, se, p_value)
    return row(
        estimate=area,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        se=se,
        z=z,
        p=p,
        positive=group.positive,
        method=f"AUC (Mann-Whitney), {how}; {tested}",
        **group.counts,
        note=notes(_remarks(area, se, group), group.note),
    )


def _against_half(group: CaseControl, area: float, se: float, p_value: str) -> tuple[float, float, str]:
    """Z and p of the test that the AUC is 0.5, and what to call it."""
    if p_value == "wald":
        z = (area - 0.5) / se if se > 0 else NAN
        return z, two_sided_p(z), "Wald p"
    tied = np.unique(np.concatenate([group.cases, group.controls])).size < group.cases.size + group.controls.size
    if p_value == "exact" and tied:
        raise TableError(
            "An exact p was requested for scores with ties, but the distribution of U is known only without ties. Use p_value='null variance'."
        )
    few = exact_by_default(group.cases.size, group.controls.size)
    exact = p_value == "exact" or (not tied and few and p_value == "auto")
    test = mann_whitney_test(group.cases, group.controls, exact=exact, continuity=False)
    return test.z, test.p, "exact p" if exact else "p with the null variance"


def _remarks(area: float, se: float, group: CaseControl) -> str:
    if se > 0:
        other = "low" if group.sign > 0 else "high"
        return (
            f"below 0.5: the score points the other way; positive={other!r} gives {1 - area:.3f}" if area < 0.5 else ""
        )
    if min(group.cases.size, group.controls.size) < 2:
        return "no interval: one case or one control has no spread"
    if area in {0.0, 1.0}:
        return "no interval: cases and controls are perfectly separated, and the standard error is 0"
    return "no interval: the standard error is 0, all scores are tied"


def _bootstrap_auc(found: DistinctScores, n_bootstrap: int, rng: np.random.Generator) -> FloatArray:
    pairs = found.case_counts.sum() * found.control_counts.sum()
    blocks = []
    for cases, controls in resamples(found, n_bootstrap, rng):
        # Controls below each score, ties counting one half.
        below = np.cumsum(controls, axis=1)
        below -= controls / 2
        blocks.append(np.einsum("ij,ij->i", cases, below) / pairs)
    return np.concatenate(blocks)


def partial_auc(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    focus: str,
    low: float,
    high: float,
    rng: np.random.Generator,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = 2_000,
) -> pd.DataFrame:
    """Area under a part of the ROC curve, such as specificities from 0.9 to 1.

    The raw area lies between that of the diagonal and ``high - low``; McClish's standardised area maps these to 0.5
    and 1, ``(1 + (area - min)/(max - min))/2``, so that it reads like an AUC.

    Parameters
    ----------
    score, outcome, positive, case, data
        As in `roc_curve`.
    focus : {"specificity", "sensitivity"}
        Which of the two the limits are of.
    low, high : float
        Limits, 0 to 1.
    rng : numpy.random.Generator
        Source of chance of the bootstrap.
    confidence : float
        Of the percentile intervals.
    n_bootstrap : int
        Stratified resamples.

    Returns
    -------
    DataFrame
        Two rows, quantity "partial area" and "standardised partial area": quantity, estimate, ci_low, ci_high,
        confidence, focus, low, high, positive, method, n, n_case, n_control, n_missing, note.

    Raises
    ------
    TableError
        The limits are not in order, or as in `roc_curve`.

    References
    ----------
    McClish (1989) doi:10.1177/0272989X8900900307. Checked against pROC's published digits.
    """
    check_confidence(confidence)
    choice(focus, "focus", ("specificity", "sensitivity"))
    low, high = scalar(low, "low", at_least=0), scalar(high, "high", at_most=1)
    if not low < high:
        raise TableError(
            f"The limits run from {low:g} to {high:g}; the first must be the smaller. Swap or correct them."
        )
    n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
    need_rng(rng, "The bootstrap interval")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    area = _part(found.case_counts[None], found.control_counts[None], focus, low, high)
    replicates = np.concatenate([_part(c, d, focus, low, high) for c, d in resamples(found, n_bootstrap, rng)])
    least, most = ((1 - low) ** 2 - (1 - high) ** 2) / 2, high - low
    table = []
    for quantity, value, many in (
        ("partial area", area, replicates),
        (
            "standardised partial area",
            (1 + (area - least) / (most - least)) / 2,
            (1 + (replicates - least) / (most - least)) / 2,
        ),
    ):
        ci_low, ci_high = percentile_interval(many, confidence)
        still = unmoved(ci_low)
        under = "standardised" in quantity and value[0] < 0.5
        table.append(
            {
                "quantity": quantity,
                "estimate": float(value[0]),
                "ci_low": ci_low,
                "ci_high": ci_high,
                "confidence": confidence,
                "focus": focus,
                "low": low,
                "high": high,
                "positive": group.positive,
                "method": f"trapezoids, percentile interval of {n_bootstrap} stratified bootstrap resamples",
                **group.counts,
                "note": notes("below the diagonal in this part of the curve" if under else "", still, group.note),
            }
        )
    return rows(table)


def _part(cases: FloatArray, controls: FloatArray, focus: str, low: float, high: float) -> FloatArray:
    """Areas between two limits from counts of shape (curves, distinct scores)."""
    sensitivity = positives(cases)
    sensitivity /= sensitivity[:, :1]
    specificity = positives(controls)
    specificity = 1 - specificity / specificity[:, :1]
    # Both axes are monotone along the curve: x rises once the order is right.
    x, y = (specificity, sensitivity) if focus == "specificity" else (sensitivity[:, ::-1], specificity[:, ::-1])
    x0, x1, y0, y1 = x[:, :-1], x[:, 1:], y[:, :-1], y[:, 1:]
    a, b = np.clip(x0, low, high), np.clip(x1, low, high)
    slope = np.divide(y1 - y0, x1 - x0, out=np.zeros_like(x0), where=x1 > x0)
    return np.asarray(((b - a) * (y0 + slope * ((a + b) / 2 - x0))).sum(axis=1))


def roc_band(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    rng: np.random.Generator,
    specificities: ColumnLike | None = None,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = 2_000,
) -> pd.DataFrame:
    """Sensitivity with its interval at given specificities: the band to draw around a ROC curve.

    The band holds the curve at each specificity by itself, not all of it at once.

    Parameters
    ----------
    score, outcome, positive, case, data, confidence, n_bootstrap, rng
        As in `partial_auc`.
    specificities : column of numbers, optional
        From 0 to 1; 0, 0.02, ..., 1 when left out.

    Returns
    -------
    DataFrame
        One row per specificity: specificity, estimate (sensitivity), ci_low, ci_high, confidence, positive, method, n,
        n_case, n_control, n_missing, note.

    Raises
    ------
    TableError
        A specificity lies outside 0 to 1, or as in `roc_curve`.
    """
    check_confidence(confidence)
    n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
    need_rng(rng, "The band")
    grid = np.linspace(0, 1, 51) if specificities is None else numbers(specificities, "specificities")
    if not ((grid >= 0) & (grid <= 1)).all():
        raise TableError("specificities holds a value outside 0 to 1. Say 0.9 for 90 %, and leave no value empty.")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    middle = _sensitivity_at(found.case_counts, found.control_counts, grid)
    drawn = [
        _sensitivity_at(cases, controls, grid)
        for block in resamples(found, n_bootstrap, rng)
        for cases, controls in zip(*block, strict=True)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.array(drawn), [tail, 1 - tail], axis=0)
    return pd.DataFrame(
        {
            "specificity": grid,
            "estimate": middle,
            "ci_low": low,
            "ci_high": high,
            "confidence": float(confidence),
            "positive": group.positive,
            "method": f"pointwise percentile interval of {n_bootstrap} stratified bootstrap resamples",
            **group.counts,
            "note": group.note,
        }
    )


def _sensitivity_at(cases: FloatArray, controls: FloatArray, grid: FloatArray) -> FloatArray:
    """The curve read off at specificities; on a vertical part the larger sensitivity counts."""
    sensitivity, called = positives(cases) / cases.sum(), positives(controls)
    specificity = 1 - called / called[0]
    first = np.concatenate([[True], np.diff(specificity) > 0])
    return np.asarray(np.interp(grid, specificity[first], sensitivity[first]))
