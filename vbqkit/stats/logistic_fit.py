"""The fits behind logistic regression: maximum likelihood, Firth's penalty and the LASSO, and separation found."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import special

from vbqkit.stats.lab import lab_module
from vbqkit.stats.observations import FloatArray
from vbqkit.stats.result import NAN

Cases = NDArray[np.bool_]
#: Log odds beyond which a probability is all but 0 or 1: exp(-12) is 6e-6, and the likelihood is not flat before it.
SURE = 12.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients with the intercept first, their covariance (nan for the LASSO), and the log likelihood."""

    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float


def unusable(x: FloatArray, names: Sequence[str]) -> str:
    """Why these predictors determine no coefficients; empty if nothing is wrong with them."""
    constant = [name for name, column in zip(names, x.T, strict=True) if np.ptp(column) == 0]
    if constant:
        return f"undefined: {constant[0]} is constant"
    design = _standard(x)[0]
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return "undefined: the predictors determine one another"
    return ""


def maximum_likelihood(x: FloatArray, is_case: Cases, names: Sequence[str]) -> tuple[Fit | None, str]:
    """Coefficients by maximum likelihood, or why there are none."""
    why = unusable(x, names)
    if why:
        return None, why
    design, back = _standard(x)
    logit = lab_module("statsmodels.api", "Logistic regression").Logit(is_case.astype(float), design)
    fit = _newton(logit)
    if fit is None:
        separated = separating(design, is_case)
        if separated is None:
            return None, "undefined: the fit did not converge"
        by = [name for name, weight in zip(names, separated[1:], strict=True) if abs(weight) > 1e-9]
        return (
            None,
            f"undefined: {' and '.join(by)} separate(s) cases from controls, so the odds ratio has no finite value",
        )
    covariance = back @ np.asarray(fit.cov_params(), float) @ back.T
    return Fit(back @ np.asarray(fit.params, float), covariance, float(fit.llf)), ""


def _newton(logit: Any) -> Any:
    """The fit, if it is a maximum: flat to the last digit where no probability is 0 or 1.

    With separated cases the likelihood is flat only where some probability is. So a fit that passes needs no search for
    a separating direction, which takes ten times longer and would be half of a bootstrap's time.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what statsmodels warns of is judged below
        try:
            fit = logit.fit(disp=0, maxiter=100, tol=1e-10)
        except np.linalg.LinAlgError:
            return None
    params = np.asarray(fit.params, float)
    sure = not np.isfinite(params).all() or float(np.abs(logit.exog @ params).max()) > SURE
    # Where probabilities are all but sure, the search decides.
    if sure and (separating(logit.exog, logit.endog > 0) is not None or not fit.mle_retvals["converged"]):
        return None
    return fit if float(np.abs(logit.score(params)).max()) < 1e-6 else None


def separating(design: FloatArray, is_case: Cases) -> FloatArray | None:
    """A direction in which no case lies below any control, if there is one: then the likelihood has no maximum."""
    signed = np.where(is_case, 1.0, -1.0)[:, None] * design
    found = scipy.optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    return np.asarray(found.x) if found.status == 0 and float(signed.sum(axis=0) @ found.x) > 1e-7 else None


def _standard(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standard scores with a column of ones, and the matrix that turns their coefficients into those of x.

    Standard scores make the fit as steady for a score of 0.5 as for an age of 70.
    """
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    back = np.diag(np.concatenate([[1.0], 1 / spread]))
    back[0, 1:] = -middle / spread
    return np.column_stack([np.ones(len(x)), (x - middle) / spread]), back


# ---- Firth


def firth(x: FloatArray, is_case: Cases, names: Sequence[str]) -> tuple[Fit | None, str]:
    """Coefficients with Firth's penalty, which are finite even where cases and controls are separated."""
    why = unusable(x, names)
    if why:
        return None, why
    design, back = _standard(x)
    found, value = _firth_fit(design, is_case, np.zeros(design.shape[1]), None)
    if found is None:
        return None, "undefined: the fit did not converge"
    p = special.expit(design @ found)
    information = design.T @ (design * (p * (1 - p))[:, None])
    return Fit(back @ found, back @ np.linalg.inv(information) @ back.T, value), ""


def firth_profile(x: FloatArray, is_case: Cases, which: int, chi_square: float) -> tuple[float, float, float]:
    """The interval of one coefficient by the penalised profile likelihood, and the p of its ratio test against 0.

    Parameters
    ----------
    x, is_case
        As for `firth`.
    which : int
        The column of x.
    chi_square : float
        How far twice the log likelihood may fall: 3.84 at 95 %.
    """
    design, _ = _standard(x)
    spread = float(x[:, which].std())
    best, top = _firth_fit(design, is_case, np.zeros(design.shape[1]), None)
    if best is None:
        return NAN, NAN, NAN
    at = which + 1

    def fallen(value: float) -> float:
        start = best.copy()
        start[at] = value
        return 2 * (top - _firth_fit(design, is_case, start, at)[1])

    def limit(side: float) -> float:
        step = 0.5
        while (depth := fallen(best[at] + side * step)) < chi_square and step < 200:
            step *= 2
        if step >= 200:
            return side * math.inf
        if math.isnan(depth):
            return NAN  # too few patients to follow the profile so far out
        ends = best[at], best[at] + side * step
        return float(scipy.optimize.brentq(lambda v: fallen(v) - chi_square, *ends, xtol=1e-10)) / spread

    return limit(-1.0), limit(1.0), float(special.chdtrc(1, max(fallen(0.0), 0.0)))


def _firth_fit(
    design: FloatArray, is_case: Cases, start: FloatArray, fixed: int | None
) -> tuple[FloatArray | None, float]:
    """Newton's steps to the maximum of the penalised likelihood, one coefficient fixed where asked."""
    free = np.array([j for j in range(design.shape[1]) if j != fixed])
    b = start.copy()
    value, score, information = _firth_at(design, is_case, b)
    for _ in range(200):
        step = np.zeros(b.size)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        largest = float(np.abs(step).max())
        step *= min(1.0, 5.0 / largest) if largest > 0 else 1.0
        for _half in range(30):
            tried = _firth_at(design, is_case, b + step)
            if tried[0] >= value - 1e-12:
                break
            step /= 2
        b = b + step
        value, score, information = tried
        if float(np.abs(score[free]).max()) < 1e-9:
            return b, value
    return (b, value) if float(np.abs(score[free]).max()) < 1e-5 else (None, NAN)


def _firth_at(design: FloatArray, is_case: Cases, b: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Penalised log likelihood, its modified score, and the information."""
    eta = design @ b
    p = special.expit(eta)
    # Far out p is 0 or 1 to the last digit, and the information must not become singular.
    w = np.maximum(p * (1 - p), 1e-300)
    information = design.T @ (design * w[:, None])
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0:
        return -math.inf, np.zeros(b.size), np.eye(b.size)
    weighted = design * np.sqrt(w)[:, None]
    hat = np.einsum("ij,ji->i", weighted, np.linalg.solve(information, weighted.T))
    value = float(np.where(is_case, special.log_expit(eta), special.log_expit(-eta)).sum()) + log_det / 2
    return value, design.T @ (is_case - p + hat * (0.5 - p)), information


# ---- LASSO

_ROUNDING = 1e-9
"""A gradient that exceeds the penalty by this share of it does so by rounding: the predictor stays out."""


def lasso(x: FloatArray, is_case: Cases, weight: float, start: FloatArray | None = None) -> Fit:
    """Minimise ``-logL/n + weight Σ |b_j spread_j|`` by coordinate descent; the intercept is free, as in glmnet.

    Of scikit-learn's solvers, liblinear penalises the intercept too, and saga converges slowly on few patients; the
    penalty is cross-validated, so the model is fitted some hundred times.
    """
    design, back = _standard(x)
    y = is_case.astype(float)
    b = np.zeros(design.shape[1]) if start is None else np.linalg.solve(back, start)
    if start is None:
        b[0] = special.logit(y.mean())
    for _ in range(100):
        eta = design @ b
        p = special.expit(eta)
        w = np.maximum(p * (1 - p), 1e-9)
        before = b.copy()
        b = _descend(design, w, eta + (y - p) / w, np.asarray(b), weight)
        if float(np.abs(b - before).max()) < 1e-9:
            break
    eta = design @ b
    value = float(np.where(is_case, special.log_expit(eta), special.log_expit(-eta)).sum())
    return Fit(back @ b, np.full((b.size, b.size), NAN), value)


def _descend(design: FloatArray, w: FloatArray, target: FloatArray, b: FloatArray, weight: float) -> FloatArray:
    """Weighted least squares with the penalty, from the normal equations."""
    n = len(design)
    gram = (design.T @ (design * w[:, None])) / n
    right = (design.T @ (w * target)) / n
    b = b.copy()
    for _ in range(10_000):
        largest = 0.0
        for j in np.flatnonzero(gram.diagonal() > 0):  # a column that is constant in these patients stays out
            rest = right[j] - gram[j] @ b + gram[j, j] * b[j]
            beyond = abs(rest) - weight
            held = j > 0 and beyond <= _ROUNDING * weight
            new = rest / gram[j, j] if j == 0 else 0.0 if held else math.copysign(beyond, rest) / gram[j, j]
            largest = max(largest, abs(new - b[j]))
            b[j] = new
        if largest < 1e-11:
            break
    return b


def lasso_weights(x: FloatArray, is_case: Cases, n_weights: int = 60, smallest: float = 1e-3) -> FloatArray:
    """Penalties to try, from the smallest one that leaves no predictor down to `smallest` of it."""
    design, _ = _standard(x)
    top = float(np.abs(design[:, 1:].T @ (is_case - is_case.mean())).max()) / len(x)
    return np.geomspace(top, top * smallest, n_weights)


def lasso_deviance(
    x: FloatArray, is_case: Cases, weights: FloatArray, fold: NDArray[np.signedinteger]
) -> tuple[FloatArray, FloatArray]:
    """Mean deviance of the patients left out, for each penalty, and its standard error over the folds."""
    folds = np.unique(fold)
    raw = np.empty((folds.size, weights.size))
    sizes = np.empty(folds.size)
    for i, k in enumerate(folds):
        out = fold == k
        start = None
        sizes[i] = out.sum()
        for j, weight in enumerate(weights):
            fit = lasso(x[~out], is_case[~out], float(weight), start)
            start = fit.coefficients
            eta = start[0] + x[out] @ start[1:]
            raw[i, j] = -2 * np.where(is_case[out], special.log_expit(eta), special.log_expit(-eta)).mean()
    share = sizes / sizes.sum()
    mean = share @ raw
    return mean, np.sqrt(share @ (raw - mean) ** 2 / (folds.size - 1))
