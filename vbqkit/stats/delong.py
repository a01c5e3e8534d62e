"""DeLong's variance of the AUC, and the comparison of two AUCs, in O(n log n)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vbqkit.stats.confidence_intervals import t_of, two_sided_p, two_sided_t_p, z_of
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, check_confidence, choice, observations
from vbqkit.stats.result import NAN, notes, row
from vbqkit.stats.scores_by_outcome import POSITIVE, CaseControl, case_control


def structural_components(cases: FloatArray, controls: FloatArray) -> tuple[FloatArray, FloatArray]:
    """DeLong's components: the share of controls below each case, and of cases above each control; ties are one half.

    Parameters
    ----------
    cases, controls : array
        Scores, high meaning positive. Sorted input is faster; the answer has the order of the input.

    Returns
    -------
    tuple of array
        ``V10`` per case and ``V01`` per control; both have the AUC as their mean.
    """
    m, n = cases.size, controls.size
    sorted_cases, sorted_controls = np.sort(cases), np.sort(controls)
    below = np.searchsorted(sorted_controls, cases, "left") + np.searchsorted(sorted_controls, cases, "right")
    above = np.searchsorted(sorted_cases, controls, "left") + np.searchsorted(sorted_cases, controls, "right")
    return below / (2 * n), 1 - above / (2 * m)


def delong_variance(v_case: FloatArray, v_control: FloatArray) -> float:
    """Variance of the AUC from its structural components, ``var(V10)/m + var(V01)/n``; nan if either has under 2."""
    if min(v_case.size, v_control.size) < 2:
        return NAN
    return float(v_case.var(ddof=1) / v_case.size + v_control.var(ddof=1) / v_control.size)


def compare_paired_aucs(
    score_a: ColumnLike,
    score_b: ColumnLike,
    outcome: ColumnLike,
    *,
    positive_a: str,
    positive_b: str,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of the AUCs of two scores of the same patients, by DeLong's test.

    ``z = (AUC_a - AUC_b) / sqrt(var_a + var_b - 2 cov)``; above 0 score a tells the classes apart better. Each score
    has its own direction, so VBQ (high) can be compared with the T-score (low).

    Parameters
    ----------
    score_a, score_b : column of numbers
        Arrays or Series, or with `data` names of columns.
    outcome : column of labels
        As in `roc_curve`.
    positive_a, positive_b : {"high", "low"}
        Direction of each score; they have no default.
    case, data
        As in `roc_curve`.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    DataFrame
        One row: estimate (AUC_a - AUC_b), ci_low, ci_high, confidence, auc_a, auc_b, se, z, p, positive_a, positive_b,
        method, n, n_case, n_control, n_missing (patients without both scores), note.

    Raises
    ------
    TableError
        As in `roc_curve`.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988) doi:10.2307/2531595. Checked against the O(n²) definition.

    Examples
    --------
    >>> outcome = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> vbq, t_score = [2.1, 2.9, 2.3, 2.6, 2.8, 2.5, 3.3, 3.0], [0.1, -1.2, -0.3, -1.9, -1.4, -2.6, -2.8, -1.0]
    >>> test = compare_paired_aucs(vbq, t_score, outcome, positive_a="high", positive_b="low")
    >>> test.round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.0, 1.0]
    """
    signs = [
        1 if choice(v, name, POSITIVE) == "high" else -1
        for v, name in ((positive_a, "positive_a"), (positive_b, "positive_b"))
    ]
    z_wanted = z_of(confidence)
    obs = observations(data, numeric={"score_a": score_a, "score_b": score_b}, categorical={"outcome": outcome})
    is_case = case_labels(obs["outcome"], case=case)
    values = [sign * obs[name] for sign, name in zip(signs, ("score_a", "score_b"), strict=True)]
    v_case, v_control = zip(*(structural_components(v[is_case], v[~is_case]) for v in values), strict=True)
    areas = [float(v.mean()) for v in v_case]
    # The variance of the difference is that of the differences of the structural components.
    se = delong_variance(v_case[0] - v_case[1], v_control[0] - v_control[1]) ** 0.5
    difference = areas[0] - areas[1]
    z = difference / se if se > 0 else NAN
    return row(
        estimate=difference,
        ci_low=difference - z_wanted * se if se > 0 else NAN,
        ci_high=difference + z_wanted * se if se > 0 else NAN,
        confidence=confidence,
        auc_a=areas[0],
        auc_b=areas[1],
        se=se,
        z=z,
        p=two_sided_p(z),
        positive_a=positive_a,
        positive_b=positive_b,
        method="DeLong, paired",
        n=obs.n,
        n_case=int(is_case.sum()),
        n_control=int((~is_case).sum()),
        n_missing=obs.n_missing,
        note=notes(_no_spread(se), obs.note),
    )


def compare_unpaired_aucs(
    score_a: ColumnLike,
    outcome_a: ColumnLike,
    score_b: ColumnLike,
    outcome_b: ColumnLike,
    *,
    positive_a: str,
    positive_b: str,
    case: Any = None,
    data_a: pd.DataFrame | None = None,
    data_b: pd.DataFrame | None = None,
    reference: str = "t",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of the AUCs of scores of different patients, such as two cohorts or men and women.

    ``(AUC_a - AUC_b) / sqrt(var_a + var_b)`` with DeLong's variances.

    Parameters
    ----------
    score_a, outcome_a, score_b, outcome_b : columns
        As in `roc_curve`; with `data_a` and `data_b` names of their columns.
    positive_a, positive_b : {"high", "low"}
        Direction of each score; they have no default.
    case : label, optional
        The label of the cases in both.
    data_a, data_b : DataFrame, optional
        The tables.
    reference : {"t", "normal"}
        "t" with Satterthwaite's degrees of freedom, as pROC; "normal", as MedCalc.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    DataFrame
        One row: estimate (AUC_a - AUC_b), ci_low, ci_high, confidence, auc_a, auc_b, se, statistic, df (nan for
        normal), p, positive_a, positive_b, method, n, n_missing, note.

    Raises
    ------
    TableError
        As in `roc_curve`.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988) doi:10.2307/2531595; Robin et al. (2011) doi:10.1186/1471-2105-12-77.
    Checked against pROC's published digits.
    """
    check_confidence(confidence)
    choice(reference, "reference", ("t", "normal"))
    a = case_control(score_a, outcome_a, positive=choice(positive_a, "positive_a", POSITIVE), case=case, data=data_a)
    b = case_control(score_b, outcome_b, positive=choice(positive_b, "positive_b", POSITIVE), case=case, data=data_b)
    (area_a, var_a), (area_b, var_b) = _area(a), _area(b)
    difference, se = area_a - area_b, (var_a + var_b) ** 0.5
    size_a, size_b = a.counts["n"], b.counts["n"]
    df, statistic, p, half = NAN, NAN, NAN, NAN
    if se > 0:
        statistic = difference / se
        p, half = two_sided_p(statistic), z_of(confidence) * se
        if reference == "t":
            df = (var_a + var_b) ** 2 / (var_a**2 / (size_a - 1) + var_b**2 / (size_b - 1))
            p, half = two_sided_t_p(statistic, df), t_of(confidence, df) * se
    return row(
        estimate=difference,
        ci_low=difference - half,
        ci_high=difference + half,
        confidence=confidence,
        auc_a=area_a,
        auc_b=area_b,
        se=se,
        statistic=statistic,
        df=df,
        p=p,
        positive_a=positive_a,
        positive_b=positive_b,
        method=f"DeLong, unpaired, {reference} distribution",
        n=size_a + size_b,
        n_missing=a.n_missing + b.n_missing,
        note=notes(_no_spread(se), a.note and f"a: {a.note}", b.note and f"b: {b.note}"),
    )


def _area(group: CaseControl) -> tuple[float, float]:
    v_case, v_control = structural_components(np.sort(group.cases), np.sort(group.controls))
    return float(v_case.mean()), delong_variance(v_case, v_control)


def _no_spread(se: float) -> str:
    if se > 0:
        return ""
    return "undefined: the standard error of the difference is 0 or unknown (equal rankings, perfect separation, or one case)"
