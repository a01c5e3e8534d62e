"""Are predicted probabilities right? Calibration in numbers and as a curve, Brier, and Hosmer and Lemeshow's test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import proportion_interval, two_sided_p, z_of
from vbqkit.stats.design import Predictor
from vbqkit.stats.lab import lab_module
from vbqkit.stats.logistic_fit import Cases, Fit, maximum_likelihood
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, choice, count, observations
from vbqkit.stats.result import NAN, notes, rows

HL_CAVEAT = (
    "depends on how groups are cut, misses what it does not group by, and with many patients rejects every model: "
    "read the curve and the slope instead"
)


@dataclass(frozen=True, slots=True)
class _Risks:
    """Probabilities with their log odds, and who is a case."""

    p: FloatArray
    logit: FloatArray
    is_case: Cases
    n_missing: int
    note: str

    @property
    def counts(self) -> dict[str, int]:
        return {"n": self.p.size, "n_case": int(self.is_case.sum()), "n_missing": self.n_missing}


def _risks(probability: ColumnLike, outcome: ColumnLike, case: Any, data: pd.DataFrame | None) -> _Risks:
    obs = observations(data, numeric={"probability": probability}, categorical={"outcome": outcome})
    p = obs["probability"]
    bad = np.flatnonzero((p < 0) | (p > 1))
    if bad.size:
        raise TableError(
            f"probability is {p[bad[0]]:g} in row {bad[0]}; a number from 0 to 1 was expected. "
            "Pass predicted probabilities, not a score; `fit_logistic` makes them of one."
        )
    is_case = case_labels(obs["outcome"], case=case)
    sure = (p == 0) | (p == 1)
    held = np.clip(p, 1e-10, 1 - 1e-10)
    note = f"{int(sure.sum())} probabilities of exactly 0 or 1 count as 1e-10 from it" if sure.any() else ""
    return _Risks(p, np.asarray(special.logit(held)), is_case, obs.n_missing, notes(note, obs.note))


def calibration(
    probability: ColumnLike,
    outcome: ColumnLike,
    *,
    fitted_here: bool,
    groups: int = 10,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Whether predicted probabilities agree with what happened, in numbers.

    * ``intercept`` (calibration in the large): a in ``log odds = a + logit(p)``. 0 is right; above 0 there were more
      cases than predicted.
    * ``slope``: b in ``log odds = a + b logit(p)``. 1 is right; below 1 the predictions are too extreme, the mark of a
      model that was fitted to noise.
    * ``expected/observed``: predicted over seen cases, 1 is right.
    * ``Brier``: mean squared distance of p and outcome; 0 is perfect. ``scaled Brier``: ``1 - Brier/(share (1 -
      share))``; 1 is perfect, 0 no better than giving everybody the share of cases.
    * ``ICI``, ``E90``, ``Emax``: mean, 90 % and largest distance of p from a lowess curve of the outcome (integrated
      calibration index); 0 is right.
    * ``Hosmer-Lemeshow``: chi-square of groups of equal size. It has fallen out of favour: see its note.

    Parameters
    ----------
    probability : column of numbers
        From 0 to 1.
    outcome, case, data
        As in `roc_curve`.
    fitted_here : bool
        True for the patients the model was fitted to, where intercept 0 and slope 1 come out whatever the model and
        Hosmer-Lemeshow has groups - 2 degrees of freedom; False for other patients (groups).
    groups : int
        Of the Hosmer-Lemeshow test.
    confidence : float
        Of the intervals (Wald).

    Returns
    -------
    DataFrame
        One row per quantity: quantity, estimate, ci_low, ci_high, confidence, se, df, p (intercept against 0, slope
        against 1, Hosmer-Lemeshow), method, n, n_case, n_missing, note.

    Raises
    ------
    TableError
        A probability lies outside 0 to 1, or the columns cannot be used.
    VbqkitError
        statsmodels is not installed.

    References
    ----------
    Cox (1958) doi:10.1093/biomet/45.3-4.562; Van Calster et al. (2019) doi:10.1186/s12916-019-1466-7; Brier (1950),
    Steyerberg et al. (2010) doi:10.1097/EDE.0b013e3181c30fb2; ICI: Austin and Steyerberg (2019) doi:10.1002/sim.8281;
    Hosmer and Lemeshow (1980) doi:10.1080/03610928008827941. Checked against R's rms::val.prob and glm.

    Examples
    --------
    >>> p = [0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9]
    >>> table = calibration(p, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], fitted_here=False, groups=3)
    >>> table.set_index("quantity").round(2)["estimate"][["intercept", "slope", "Brier"]].tolist()
    [0.1, 1.59, 0.16]
    """
    z = z_of(confidence)
    count(groups, "groups", at_least=3)
    risks = _risks(probability, outcome, case, data)
    base = {"confidence": confidence, **risks.counts}
    apparent = "of the patients the model was fitted to: right by construction" if fitted_here else ""
    table: list[dict[str, Any]] = []

    def add(quantity: str, estimate: float, se: float, null: float, method: str, note: str) -> None:
        table.append(
            {
                "quantity": quantity,
                "estimate": estimate,
                "ci_low": estimate - z * se,
                "ci_high": estimate + z * se,
                "se": se,
                "df": NAN,
                "p": two_sided_p((estimate - null) / se) if se > 0 else NAN,
                "method": method,
                "note": notes(note, risks.note),
                **base,
            }
        )

    shift, shift_se = _in_the_large(risks)
    add("intercept", shift, shift_se, 0.0, "logistic with the log odds as offset, Wald", apparent)
    fit, why = maximum_likelihood(risks.logit[:, None], risks.is_case, ["the probability"])
    slope, slope_se = _second(fit)
    add("slope", slope, slope_se, 1.0, "logistic regression on the log odds, Wald", notes(why, apparent))
    share, squares = float(risks.is_case.mean()), (risks.is_case - risks.p) ** 2
    add("expected/observed", float(risks.p.mean()) / share, NAN, 1.0, "mean probability / share of cases", apparent)
    add("Brier", float(squares.mean()), NAN, 0.0, "mean squared error", "")
    add(
        "scaled Brier", 1 - float(squares.mean()) / (share * (1 - share)), NAN, 0.0, "1 - Brier/(share (1 - share))", ""
    )
    away = np.abs(_lowess(risks) - risks.p)
    for name, value in (("ICI", away.mean()), ("E90", np.quantile(away, 0.9)), ("Emax", away.max())):
        add(name, float(value), NAN, 0.0, "distance from a lowess curve", "")
    chi, df, extra = _hosmer_lemeshow(risks, groups, groups - 2 if fitted_here else groups)
    add("Hosmer-Lemeshow", chi, NAN, 0.0, f"{groups} groups by quantiles", notes(extra, HL_CAVEAT))
    table[-1] |= {"df": df, "p": float(special.chdtrc(df, chi)) if df > 0 and chi >= 0 else NAN}
    return rows({key: r[key] for key in _ORDER} for r in table)


_ORDER = (
    *("quantity", "estimate", "ci_low", "ci_high", "confidence", "se", "df", "p"),
    *("method", "n", "n_case", "n_missing", "note"),
)


def _in_the_large(risks: _Risks) -> tuple[float, float]:
    """The shift of the log odds that makes as many cases as there were, and its standard error."""
    a = 0.0
    for _ in range(100):
        p = special.expit(a + risks.logit)
        step = float((risks.is_case - p).sum() / (p * (1 - p)).sum())
        a += min(max(step, -3.0), 3.0)
        if abs(step) < 1e-12:
            break
    p = special.expit(a + risks.logit)
    return a, 1 / math.sqrt(float((p * (1 - p)).sum()))


def _second(fit: Fit | None) -> tuple[float, float]:
    return (NAN, NAN) if fit is None else (float(fit.coefficients[1]), float(fit.covariance[1, 1]) ** 0.5)


def _lowess(risks: _Risks) -> FloatArray:
    """Cleveland's curve of the outcome at each probability, without down-weighting, as R's lowess(iter = 0)."""
    if not np.ptp(risks.p):
        return np.full(risks.p.size, risks.is_case.mean())
    smooth = lab_module("statsmodels.nonparametric.smoothers_lowess", "A calibration curve").lowess
    delta = 0.01 * float(np.ptp(risks.p))
    fitted = smooth(risks.is_case.astype(float), risks.p, frac=2 / 3, it=0, delta=delta, return_sorted=False)
    return np.asarray(np.where(np.isfinite(fitted), fitted, risks.is_case.mean()))


def _groups(p: FloatArray, groups: int) -> FloatArray:
    """The group of each probability, cut at quantiles; ties may leave fewer."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, groups + 1)))
    return np.asarray(np.clip(np.searchsorted(edges, p, "left"), 1, max(edges.size - 1, 1)))


def _hosmer_lemeshow(risks: _Risks, groups: int, df: int) -> tuple[float, int, str]:
    group = _groups(risks.p, groups)
    kinds = np.unique(group)
    chi = 0.0
    for kind in kinds:
        there = group == kind
        size, expected = int(there.sum()), float(risks.p[there].sum())
        below = expected * (1 - expected / size)
        if not below > 0:
            return NAN, df, "undefined: a group is sure to be cases or controls"
        chi += (float(risks.is_case[there].sum()) - expected) ** 2 / below
    fewer = groups - kinds.size
    said = f"{kinds.size} groups in place of {groups}: probabilities are tied" if fewer else ""
    return chi, df - fewer, said


def calibration_groups(
    probability: ColumnLike,
    outcome: ColumnLike,
    *,
    groups: int = 10,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Predicted and observed shares of cases in groups of patients of like probability.

    Parameters
    ----------
    probability, outcome, case, data
        As in `calibration`.
    groups : int
        Of about equal size, cut at quantiles; tied probabilities may leave fewer.
    confidence : float
        Of Wilson's interval of the observed share.

    Returns
    -------
    DataFrame
        One row per group: probability (mean), estimate (share of cases), ci_low, ci_high, confidence, n_case, n,
        method, note.

    Raises
    ------
    TableError
        As in `calibration`.

    Examples
    --------
    >>> p = [0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9]
    >>> table = calibration_groups(p, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], groups=2)
    >>> table.round(2)[["probability", "estimate"]].values.tolist()
    [[0.27, 0.2], [0.69, 0.8]]
    """
    count(groups, "groups", at_least=2)
    risks = _risks(probability, outcome, case, data)
    group = _groups(risks.p, groups)
    table = []
    for kind in np.unique(group):
        there = group == kind
        cases, size = int(risks.is_case[there].sum()), int(there.sum())
        low, high = proportion_interval(cases, size, confidence=confidence, method="wilson")
        table.append(
            {
                "probability": float(risks.p[there].mean()),
                "estimate": cases / size,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "n_case": cases,
                "n": size,
                "method": "Wilson score",
                "note": risks.note,
            }
        )
    return rows(table)


def calibration_curve(
    probability: ColumnLike,
    outcome: ColumnLike,
    *,
    smoother: str,
    n_points: int = 50,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Observed against predicted probability as a smooth curve: on the diagonal the model is right.

    Below the diagonal the predictions are too high there. A curve that is flatter than the diagonal is a slope below 1.

    Parameters
    ----------
    probability, outcome, case, data
        As in `calibration`.
    smoother : {"lowess", "spline"}
        "lowess": Cleveland's, as rms::val.prob draws it, without an interval; "spline": logistic regression on a
        restricted cubic spline (3 knots, or 4 from 100 patients) of the log odds, with Wald's interval.
    n_points : int
        Of the curve, between the smallest and the largest probability.
    confidence : float
        Of the interval at each point.

    Returns
    -------
    DataFrame
        One row per point: probability, estimate (observed), ci_low, ci_high, confidence, method, n, n_case, n_missing,
        note.

    Raises
    ------
    TableError
        As in `calibration`.
    VbqkitError
        statsmodels is not installed.

    Examples
    --------
    >>> p = [0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.75, 0.9]
    >>> curve = calibration_curve(p, [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], smoother="lowess", n_points=3)
    >>> curve.round(2)["estimate"].tolist()
    [0.01, 0.4, 1.0]
    """
    choice(smoother, "smoother", ("lowess", "spline"))
    count(n_points, "n_points", at_least=2)
    z = z_of(confidence)
    risks = _risks(probability, outcome, case, data)
    at = np.linspace(float(risks.p.min()), float(risks.p.max()), n_points)
    why, method = "", "lowess, span 2/3, no interval"
    low = high = np.full(n_points, NAN)
    if smoother == "lowess":
        order = np.argsort(risks.p, kind="stable")
        estimate = np.interp(at, risks.p[order], _lowess(risks)[order])
    else:
        estimate, low, high, method, why = _spline_curve(risks, at, z)
    return rows(
        {
            "probability": float(p),
            "estimate": float(e),
            "ci_low": float(lo),
            "ci_high": float(hi),
            "confidence": confidence,
            "method": method,
            **risks.counts,
            "note": notes(why, risks.note),
        }
        for p, e, lo, hi in zip(at, np.clip(estimate, 0, 1), low, high, strict=True)
    )


def _spline_curve(risks: _Risks, at: FloatArray, z: float) -> tuple[FloatArray, FloatArray, FloatArray, str, str]:
    k = 3 if risks.p.size < 100 else 4
    knots = np.quantile(risks.logit, np.linspace(0.1, 0.9, 3) if k == 3 else np.linspace(0.05, 0.95, 4))
    nothing = np.full(at.size, NAN)
    method = f"logistic regression on a restricted cubic spline of the log odds, {k} knots, Wald"
    if not (np.diff(knots) > 0).all():
        return nothing, nothing, nothing, method, "undefined: too few distinct probabilities for a spline"
    bent = Predictor("the probability", knots=tuple(float(t) for t in knots))
    fit, why = maximum_likelihood(bent.read(risks.logit)[0], risks.is_case, bent.terms)
    if fit is None:
        return nothing, nothing, nothing, method, why
    x = np.column_stack([np.ones(at.size), bent.read(special.logit(np.clip(at, 1e-10, 1 - 1e-10)))[0]])
    eta = x @ fit.coefficients
    reach = z * np.sqrt(np.einsum("ij,jk,ik->i", x, fit.covariance, x))
    return special.expit(eta), special.expit(eta - reach), special.expit(eta + reach), method, ""
