"""Several measurements of the same patient: a linear mixed model with a random intercept for each patient."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.design import make_design
from vbqkit.stats.lab import lab_module
from vbqkit.stats.logistic_fit import unusable
from vbqkit.stats.observations import ColumnLike, FloatArray, choice, column, labels, numbers
from vbqkit.stats.result import NAN, notes, rows

ESTIMATORS = {"reml": "restricted maximum likelihood", "ml": "maximum likelihood"}
#: Patients below which normal intervals of a patient's characteristics are clearly too short.
FEW_PATIENTS = 30
#: Ratios of the variance between to that within patients to look at first.
GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1e4, 60)])


class _Cohort:
    """Values and columns by patient, and the deviance of the model for each ratio of the two variances."""

    def __init__(self, y: FloatArray, x: FloatArray, patient: NDArray[np.signedinteger[Any]], *, reml: bool) -> None:
        self.y, self.x, self.patient, self.reml = y, x, patient, reml
        self.sizes = np.bincount(patient)
        self.n, self.p = x.shape

    def _less(self, values: FloatArray, ratio: float) -> FloatArray:
        """V⁻¹ times values, with V = 1 + ratio where two values are of one patient."""
        sums = np.stack([np.bincount(self.patient, weights=v) for v in np.atleast_2d(values.T)], axis=1)
        held = (ratio / (1 + self.sizes * ratio))[:, None] * sums
        return np.asarray(values - held[self.patient].reshape(values.shape))

    def at(self, ratio: float) -> tuple[float, FloatArray, FloatArray, float]:
        """Deviance, coefficients, their covariance, and the variance within patients."""
        weighted = self._less(self.x, ratio)
        information = self.x.T @ weighted
        b = np.asarray(np.linalg.solve(information, weighted.T @ self.y), float)
        left = self.y - self.x @ b
        df = self.n - self.p if self.reml else self.n
        within = float(left @ self._less(left, ratio)) / df
        if not within > 0:
            return -math.inf, b, information, 0.0
        deviance = df * (math.log(2 * math.pi * within) + 1) + float(np.log1p(self.sizes * ratio).sum())
        if self.reml:
            deviance += float(np.linalg.slogdet(information)[1])
        return deviance, b, np.asarray(within * np.linalg.inv(information)), within

    def best(self) -> float:
        """The ratio of variances with the smallest deviance, found on a grid first: there may be a second valley."""
        grid, values = GRID, [self.at(float(r))[0] for r in GRID]
        i = int(np.argmin(values))
        low, high = grid[max(i - 1, 0)], grid[min(i + 1, grid.size - 1)]
        found = scipy.optimize.minimize_scalar(
            lambda r: self.at(r)[0], bounds=(low, high), method="bounded", options={"xatol": 1e-10 * max(high, 1e-3)}
        )
        return float(found.x) if float(found.fun) < values[0] - 1e-10 else 0.0

    def limits(self, best: float, chi_square: float) -> tuple[float, float]:
        """The ratios whose deviance is less than chi-square above the smallest."""
        top = self.at(best)[0] + chi_square

        def above(ratio: float) -> float:
            return self.at(ratio)[0] - top

        low = 0.0 if best == 0 or above(0.0) <= 0 else float(scipy.optimize.brentq(above, 0.0, best))
        far = max(4 * best, 0.1)
        while above(far) < 0 and far < 1e12:
            far *= 4
        return low, float(scipy.optimize.brentq(above, best, far)) if above(far) > 0 else math.inf


def mixed_model(
    value: ColumnLike,
    patient: ColumnLike,
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    estimator: str = "reml",
    categories: Mapping[str, Sequence[Any]] | None = None,
    splines: Mapping[str, int | Sequence[float]] | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Effects on a value that each patient has several of, such as the VBQ of L1 to L4.

    ``value = b_0 + Σ b_j x_j + u_patient + e`` with ``u ~ N(0, between²)`` and ``e ~ N(0, within²)``. Four levels of a
    patient are not four patients: an ordinary regression of them makes the intervals of age or sex far too short, and
    those of the levels too long. ``ICC = between²/(between² + within²)``: how alike the levels of a patient are; at 1
    one level says all, at 0 they are as good as levels of different patients.

    Parameters
    ----------
    value : column of numbers
        One row per measurement; with `data` the name of a column.
    patient : column of labels
        Whose it is.
    predictors, categories, splines, data
        As in `fit_logistic`; the level is a category.
    estimator : {"reml", "ml"}
        Restricted maximum likelihood; "ml" only to compare models with different predictors.
    confidence : float
        Of the intervals: Wald's (normal) of the effects, profile likelihood of the ICC.

    Returns
    -------
    DataFrame
        One row per effect, "(intercept)" first, then "SD between patients", "SD within patients" and "ICC": term,
        estimate, ci_low, ci_high, confidence, se, z, p, log_likelihood, method, n (measurements), n_patients,
        n_missing, note.

    Raises
    ------
    TableError
        Nobody has two measurements, everybody is measured once, or the columns cannot be used.
    VbqkitError
        statsmodels is not installed.

    Notes
    -----
    For a given ratio of the two variances the effects are those of generalised least squares; the ratio with the
    smallest deviance is searched for over its whole range, so that the search cannot stop early. statsmodels' MixedLM,
    whose optimiser can, is run as well: the note says where it did not get there. Where the smallest deviance lies at
    no difference between patients, the note says that.

    References
    ----------
    Laird and Ware (1982) doi:10.2307/2529876. Checked against R's lme4.

    Examples
    --------
    >>> vbq = [2.1, 2.3, 2.9, 3.0, 2.5, 2.8, 3.3, 3.4]
    >>> table = mixed_model(vbq, list("aabbccdd"), {"level": ["L1", "L2"] * 4})
    >>> table.round(3)[["term", "estimate"]].values.tolist()[1:]
    [['level: L2 (against L1)', 0.175], ['SD between patients', 0.483], ['SD within patients', 0.068], ['ICC', 0.981]]
    """
    choice(estimator, "estimator", ESTIMATORS)
    z_wanted = z_of(confidence)
    y = numbers(column(value, "value", data), "value")
    who, absent = labels(column(patient, "patient", data), "patient")
    design, _ = make_design(predictors, categories=categories, splines=splines, data=data, keep=~np.isnan(y))
    if not y.size == who.size == design.missing.size:
        raise TableError(
            f"value has {y.size} rows, patient {who.size}, the predictors {design.missing.size}. Pass one value per row."
        )
    kept = ~(np.isnan(y) | absent | design.missing)
    if not kept.any():
        raise TableError("Nothing to fit: no row has the value, the patient and every predictor. Check the columns.")
    code = pd.factorize(pd.Series(who[kept]))[0]
    sizes = np.bincount(code)
    if sizes.size < 2 or sizes.max() < 2:
        raise TableError(
            f"There are {int(kept.sum())} measurements of {sizes.size} patient(s); two patients or more, with several "
            "measurements each, were expected. Use linear_regression where each patient has one."
        )
    x = np.column_stack([np.ones(int(kept.sum())), design.x[kept]])
    why = unusable(design.x[kept], design.terms)
    if not why and len(x) <= x.shape[1] + 1:
        why = "undefined: as many coefficients as measurements"
    if not why and not np.ptp(y[kept]):
        why = "undefined: the value is constant"
    if not why:
        left = y[kept] - x @ np.linalg.lstsq(x, y[kept])[0]
        if float(left @ left) <= 1e-20 * float(y[kept] @ y[kept]):
            why = "undefined: the predictors explain the values exactly"
    cohort = _Cohort(y[kept], x, code, reml=estimator == "reml")
    found = _fitted(cohort, z_wanted**2) if not why else None
    if found is not None and found["within"] == 0:
        why, found = "undefined: nothing is left within patients to judge by", None
    lost = int((~kept).sum())
    said = notes(
        why,
        found["note"] if found else "",
        f"fewer than {FEW_PATIENTS} patients: normal intervals of what differs between patients are too short"
        if sizes.size < FEW_PATIENTS and not why
        else "",
        f"{lost} of {kept.size} rows left out: a value is missing" if lost else "",
    )
    base = {
        "log_likelihood": found["log_likelihood"] if found else NAN,
        "n": int(kept.sum()),
        "n_patients": sizes.size,
        "n_missing": lost,
        "note": said,
    }
    table = []
    for j, term in enumerate(["(intercept)", *design.terms]):
        b, se = (float(found["b"][j]), float(found["cov"][j, j]) ** 0.5) if found else (NAN, NAN)
        table.append(
            {
                "term": term,
                "estimate": b,
                "ci_low": b - z_wanted * se,
                "ci_high": b + z_wanted * se,
                "confidence": confidence,
                "se": se,
                "z": b / se if se > 0 else NAN,
                "p": two_sided_p(b / se) if se > 0 else NAN,
                "method": f"random intercept, {ESTIMATORS[estimator]}, Wald",
                **base,
            }
        )
    for term, key in (("SD between patients", "between"), ("SD within patients", "within"), ("ICC", "icc")):
        low, high = found[f"{key} limits"] if found and key == "icc" else (NAN, NAN)
        table.append(
            {
                "term": term,
                "estimate": found[key] if found else NAN,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "se": NAN,
                "z": NAN,
                "p": NAN,
                "method": f"random intercept, {ESTIMATORS[estimator]}"
                + (", profile likelihood" if key == "icc" else ", no interval"),
                **base,
            }
        )
    return rows(table)


def _fitted(cohort: _Cohort, chi_square: float) -> dict[str, Any]:
    """Effects and variances at the smallest deviance, and whether MixedLM gets there."""
    best = cohort.best()
    deviance, b, covariance, within = cohort.at(best)
    note = ""
    if within > 0 and best > 0:
        theirs = _mixed_lm(cohort)
        if theirs is None or cohort.at(theirs[0])[0] > deviance + 1e-4:
            note = "statsmodels' MixedLM did not converge here; these are the effects at the smallest deviance"
    if best == 0 and within > 0:
        note = "the patients do not differ more than their own measurements do: ICC at its bound of 0"
    if best > 0.99 * GRID[-1]:
        note = "the measurements of a patient hardly differ: ICC at its bound of 1"
    low, high = cohort.limits(best, chi_square) if within > 0 else (NAN, NAN)
    return {
        "b": b,
        "cov": covariance,
        "between": math.sqrt(best * within),
        "within": math.sqrt(within),
        "icc": best / (1 + best),
        "icc limits": (low / (1 + low), high / (1 + high) if math.isfinite(high) else 1.0),
        "log_likelihood": -deviance / 2,
        "note": note,
    }


def _mixed_lm(cohort: _Cohort) -> tuple[float, FloatArray] | None:
    """Ratio of variances and effects as statsmodels finds them."""
    model = lab_module("statsmodels.regression.mixed_linear_model", "A mixed model").MixedLM
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is judged by the deviance
        try:
            fit = model(cohort.y, cohort.x, groups=cohort.patient).fit(reml=cohort.reml)
            ratio = float(np.asarray(fit.cov_re)[0, 0]) / float(fit.scale)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError):
            return None
    return (ratio, np.asarray(fit.fe_params, float)) if math.isfinite(ratio) and ratio >= 0 else None
