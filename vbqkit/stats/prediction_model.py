"""A prediction model: logistic regression with its intercept, so that every patient gets a probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import need_rng, two_sided_p, z_of
from vbqkit.stats.design import Predictor, columns_of, make_design
from vbqkit.stats.logistic import exp_of, steps_of
from vbqkit.stats.logistic_fit import (
    Cases,
    Fit,
    firth,
    firth_profile,
    lasso,
    lasso_deviance,
    lasso_weights,
    maximum_likelihood,
    unusable,
)
from vbqkit.stats.observations import ColumnLike, FloatArray, case_labels, choice, column, count, labels, scalar
from vbqkit.stats.result import NAN, notes, rows

PENALTIES = {
    "none": "logistic regression, Wald",
    "firth": "logistic regression, Firth's penalty",
    "lasso": "logistic regression, LASSO",
}
#: Events per coefficient below which a model of ordinary size is unstable (Peduzzi 1996).
ENOUGH_EVENTS = 10


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A fitted model; made by `fit_logistic`.

    Attributes
    ----------
    predictors : tuple of Predictor
        How each predictor becomes columns.
    coefficients : array
        The intercept, then one per column, on the scale of log odds; nan where the model is undefined.
    covariance : array
        Of the coefficients; nan for the LASSO.
    penalty : str
        "none", "firth" or "lasso".
    weight : float
        The penalty of the LASSO; 0 for the others.
    tuning : str
        How that was found: "min", "1se", or empty where it was given.
    n_folds : int
        Of the cross-validation that found it.
    x : array of n x columns
        The rows that the model was fitted to.
    outcome : array of bool
        Which of them are cases.
    kept : array of bool
        Which of the rows given these are.
    note : str
        What a reader must know; begins with ``undefined:`` where there is no model.
    """

    predictors: tuple[Predictor, ...]
    coefficients: FloatArray
    covariance: FloatArray
    penalty: str
    weight: float
    tuning: str
    n_folds: int
    x: FloatArray
    outcome: Cases
    kept: NDArray[np.bool_]
    note: str

    def __repr__(self) -> str:
        return (
            f"LogisticModel({', '.join(self.terms)}; {PENALTIES[self.penalty]}; n = {self.outcome.size}, "
            f"{int(self.outcome.sum())} cases{'; ' + self.note if self.note else ''})"
        )

    @property
    def terms(self) -> list[str]:
        """Names of the columns, in the order of `coefficients` after the intercept."""
        return [term for predictor in self.predictors for term in predictor.terms]

    @property
    def intercept(self) -> float:
        """Log odds of a patient with 0 in every column."""
        return float(self.coefficients[0])

    @property
    def probabilities(self) -> FloatArray:
        """Of the rows that the model was fitted to, in the order of `outcome`."""
        return np.asarray(special.expit(self.coefficients[0] + self.x @ self.coefficients[1:]))

    @property
    def events_per_coefficient(self) -> float:
        """Cases or controls, whichever are fewer, per coefficient without the intercept."""
        cases = int(self.outcome.sum())
        return min(cases, self.outcome.size - cases) / (self.coefficients.size - 1)

    def table(self, *, per: Mapping[str, float] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Intercept and odds ratios.

        Parameters
        ----------
        per : mapping of term to float, optional
            Step of a column for its odds ratio; 1 where nothing is said.
        confidence : float
            Of the intervals: Wald's; with Firth's penalty those of the profile likelihood, and p its ratio test; none
            with the LASSO, whose choice of predictors an interval would have to count.

        Returns
        -------
        DataFrame
            One row per coefficient, the first "(intercept)": term, estimate (OR per step; the odds for the intercept),
            ci_low, ci_high, confidence, per, coefficient (per unit), se, z, p, method, n, n_case, n_missing, note.

        Raises
        ------
        TableError
            A step is no step, or names no column.
        """
        z_wanted = z_of(confidence)
        steps = {"(intercept)": 1.0} | steps_of(per, dict.fromkeys(self.terms))
        table = []
        for j, (term, step) in enumerate(steps.items()):
            b, variance = float(self.coefficients[j]), float(self.covariance[j, j])
            se = variance**0.5 if variance > 0 else NAN
            low, high, p = b - z_wanted * se, b + z_wanted * se, two_sided_p(b / se) if se > 0 else NAN
            how, why = "", self.note
            if self.penalty == "firth" and j and se > 0:
                low, high, p = firth_profile(self.x, self.outcome, j - 1, z_wanted**2)
                how = ", profile likelihood"
                lost = "no interval: too few patients to follow the profile likelihood"
                why = notes(lost if np.isnan(low) or np.isnan(high) else "", self.note)
            elif self.penalty == "lasso" and not self.note.startswith("undefined"):
                how = f", penalty {self.weight:.4g}"
                why = notes("no interval: the LASSO chose the predictors and shrank them", self.note)
            ends = sorted((exp_of(low * step), exp_of(high * step))) if not np.isnan(low + high) else [NAN, NAN]
            table.append(
                {
                    "term": term,
                    "estimate": exp_of(b * step),
                    "ci_low": ends[0],
                    "ci_high": ends[1],
                    "confidence": confidence,
                    "per": step,
                    "coefficient": b,
                    "se": se,
                    "z": b / se if se > 0 else NAN,
                    "p": p,
                    "method": PENALTIES[self.penalty] + how,
                    "n": self.outcome.size,
                    "n_case": int(self.outcome.sum()),
                    "n_missing": int((~self.kept).sum()),
                    "note": why,
                }
            )
        return rows(table)

    def predict(self, data: pd.DataFrame | Mapping[str, Any], *, confidence: float = 0.95) -> pd.DataFrame:
        """Probability of being a case for other patients.

        Parameters
        ----------
        data : DataFrame or mapping of name to column
            With every predictor of the model.
        confidence : float
            Of the interval of the probability (Wald's, of the log odds): how sure the model is of the mean of such
            patients, not what this patient will do.

        Returns
        -------
        DataFrame
            One row per row of `data`, with its index: probability, ci_low, ci_high, confidence, linear_predictor
            (log odds), note (which predictor is missing).

        Raises
        ------
        TableError
            A predictor is missing, or holds what the model does not know.
        """
        half = z_of(confidence)
        x, missing = columns_of(self.predictors, data)  # type: ignore[arg-type]  # a DataFrame is read as a mapping
        design = np.column_stack([np.ones(len(x)), np.where(missing[:, None], NAN, x)])
        eta = design @ self.coefficients
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        reach = half * np.sqrt(np.where(variance >= 0, variance, NAN))
        found = rows(
            {
                "probability": float(special.expit(e)),
                "ci_low": float(special.expit(e - h)),
                "ci_high": float(special.expit(e + h)),
                "confidence": confidence,
                "linear_predictor": float(e),
                "note": "undefined: a predictor is missing"
                if gone
                else self.note
                if self.note.startswith("undefined")
                else "",
            }
            for e, h, gone in zip(eta, reach, missing, strict=True)
        )
        if isinstance(data, pd.DataFrame):
            found.index = data.index
        return found

    def joint_tests(self) -> pd.DataFrame:
        """Does a predictor with several columns matter at all? Wald's chi-square of all its columns, and of its bends.

        Returns
        -------
        DataFrame
            One row per predictor, and one more ("age, bends") where it is a spline: term, chi_square, df, p, method,
            note. A spline whose bends do not matter may be a straight line; "all" is last.
        """
        table, first = [], 1
        tests: list[tuple[str, list[int]]] = []
        for predictor in self.predictors:
            at = list(range(first, first + len(predictor.terms)))
            first += len(at)
            tests.append((predictor.name, at))
            if predictor.knots:
                tests.append((f"{predictor.name}, bends", at[1:]))
        tests.append(("all", list(range(1, first))))
        for term, at in tests:
            chi = p = NAN
            part = self.covariance[np.ix_(at, at)]
            if np.isfinite(part).all():
                b = self.coefficients[at]
                chi = float(b @ np.linalg.solve(part, b))
                p = float(special.chdtrc(len(at), chi))
            table.append(
                {
                    "term": term,
                    "chi_square": chi,
                    "df": len(at),
                    "p": p,
                    "method": f"{PENALTIES[self.penalty].split(', Wald')[0]}, Wald chi-square",
                    "note": notes("undefined: the LASSO has no test" if self.penalty == "lasso" else "", self.note),
                }
            )
        return rows(table)

    def refitted(self, take: NDArray[np.intp], *, rng: np.random.Generator) -> LogisticModel:
        """The model of these rows (with repeats), fitted and tuned as this one: for resampling."""
        x, outcome = self.x[take], self.outcome[take]
        weight = self.tuning or self.weight
        found, why, weight = _fit(x, outcome, self.terms, self.penalty, weight, rng, self.n_folds)
        return replace(self, coefficients=found.coefficients, covariance=found.covariance, note=why, weight=weight)


def fit_logistic(
    outcome: ColumnLike,
    predictors: Mapping[str, ColumnLike] | Sequence[str],
    *,
    penalty: str = "none",
    categories: Mapping[str, Sequence[Any]] | None = None,
    splines: Mapping[str, int | Sequence[float]] | None = None,
    lasso_weight: float | str = "min",
    n_folds: int = 10,
    rng: np.random.Generator | None = None,
    case: Any = None,
    data: pd.DataFrame | None = None,
) -> LogisticModel:
    """Fit a model that gives each patient a probability: ``log odds = b_0 + Σ b_j x_j``.

    Use `logistic_regression` for a table of odds ratios alone. The model's probabilities, ``model.probabilities``, are
    a score like any other: ``auc(model.probabilities, model.outcome, positive="high")`` is the combined ROC curve's
    area. It is flattering, as the model was made for these patients: see `model_optimism`.

    Parameters
    ----------
    outcome : column of labels
        As in `roc_curve`; with `data` the name of a column.
    predictors : mapping of name to column, or with `data` a sequence of column names
        Numbers, or texts as categories, against the first one in alphabetical order.
    penalty : {"none", "firth", "lasso"}
        "firth" adds ``log |information| / 2`` to the likelihood: coefficients are finite even where a predictor
        separates cases from controls, and less biased with few cases. "lasso" shrinks the coefficients and leaves out
        what does not help.
    categories : mapping of name to sequence, optional
        The categories of a predictor, the reference first; also makes categories of numbers.
    splines : mapping of name to int or sequence of float, optional
        Restricted cubic splines with so many knots (3 to 7, at equally spaced quantiles), or with these knots: the
        effect may bend, and is a straight line beyond the outer knots.
    lasso_weight : "min", "1se" or float
        The penalty of the LASSO: with the smallest deviance in cross-validation, the largest within one standard error
        of it, or this one (in the unit of glmnet's lambda).
    n_folds : int
        Of the cross-validation, which draws the folds at random within cases and within controls.
    rng : numpy.random.Generator, optional
        Source of chance of the cross-validation.
    case : label, optional
        The label of the cases.
    data : DataFrame, optional
        The table.

    Returns
    -------
    LogisticModel
        With ``table()``, ``predict(data)``, ``joint_tests()``, ``intercept``, ``probabilities``, ``outcome``. Where no
        model is determined (separation without Firth, a constant predictor) its numbers are nan and ``note`` says why.

    Raises
    ------
    TableError
        No predictor, one that cannot be used as asked, or a cross-validation without `rng`.
    VbqkitError
        statsmodels is not installed.

    References
    ----------
    Firth (1993) doi:10.1093/biomet/80.1.27, Heinze and Schemper (2002) doi:10.1002/sim.1047; splines: Harrell (2015)
    doi:10.1007/978-3-319-19425-7; LASSO: Tibshirani (1996) doi:10.1111/j.2517-6161.1996.tb02080.x, Friedman et al.
    (2010) doi:10.18637/jss.v033.i01; events: Peduzzi et al. (1996) doi:10.1016/S0895-4356(96)00236-3. Checked against
    R's rms, brglm2 and glmnet.

    Examples
    --------
    >>> people = pd.DataFrame({"vbq": [2.1, 2.4, 2.2, 2.9, 2.6, 2.8, 3.3, 3.1, 2.3, 2.7],
    ...                        "fracture": [0, 0, 0, 0, 1, 0, 1, 1, 1, 1]})
    >>> model = fit_logistic("fracture", ["vbq"], data=people)
    >>> model.predict({"vbq": [2.5, 3.0]}).round(2)["probability"].tolist()
    [0.41, 0.72]
    """
    choice(penalty, "penalty", PENALTIES)
    if isinstance(lasso_weight, str):
        choice(lasso_weight, "lasso_weight", ("min", "1se"))
    else:
        lasso_weight = scalar(lasso_weight, "lasso_weight", at_least=0)
    count(n_folds, "n_folds", at_least=3)
    truth, absent = labels(column(outcome, "outcome", data), "outcome")
    design, _ = make_design(predictors, categories=categories, splines=splines, data=data, keep=~absent)
    if absent.size != design.missing.size:
        raise TableError(
            f"The outcome has {absent.size} rows, the predictors have {design.missing.size}. Pass one value per row."
        )
    kept = ~(absent | design.missing)
    if not kept.any():
        raise TableError("Nothing to fit: no row has the outcome and every predictor. Check the columns you named.")
    is_case = case_labels(truth[kept], case=case)
    x = design.x[kept]
    weight = lasso_weight if penalty == "lasso" else 0.0
    found, why, used = _fit(x, is_case, design.terms, penalty, weight, rng, n_folds)
    model = LogisticModel(
        predictors=design.predictors,
        coefficients=found.coefficients,
        covariance=found.covariance,
        penalty=penalty,
        weight=used,
        tuning=weight if isinstance(weight, str) else "",
        n_folds=n_folds,
        x=x,
        outcome=is_case,
        kept=kept,
        note=why,
    )
    events = model.events_per_coefficient
    few = f"{events:.1f} cases or controls per coefficient; fewer than {ENOUGH_EVENTS}: the model is unstable"
    lost = int((~kept).sum())
    return replace(
        model,
        note=notes(
            why,
            few if events < ENOUGH_EVENTS and not why else "",
            f"{lost} of {kept.size} rows left out: a value is missing" if lost else "",
        ),
    )


def _fit(
    x: FloatArray,
    is_case: Cases,
    terms: Sequence[str],
    penalty: str,
    weight: float | str,
    rng: np.random.Generator | None,
    n_folds: int,
) -> tuple[Fit, str, float]:
    """The fit, why there is none, and the penalty that was used."""
    size = x.shape[1] + 1
    nothing = Fit(np.full(size, NAN), np.full((size, size), NAN), NAN)
    if not is_case.any() or is_case.all():
        return nothing, "undefined: there is one class only", 0.0
    if penalty != "lasso":
        found, why = (firth if penalty == "firth" else maximum_likelihood)(x, is_case, terms)
        return found or nothing, why, 0.0
    constant = "" if x.size and (np.ptp(x, axis=0) > 0).all() else unusable(x, terms)
    if constant:
        return nothing, constant, 0.0
    if isinstance(weight, str):
        weight = _tuned(x, is_case, need_rng(rng, "The LASSO's cross-validation"), weight, n_folds)
    return lasso(x, is_case, weight), "", weight


def _tuned(x: FloatArray, is_case: Cases, rng: np.random.Generator, rule: str, n_folds: int) -> float:
    """The penalty by cross-validation."""
    fewer = min(int(is_case.sum()), int((~is_case).sum()))
    if fewer < n_folds:
        raise TableError(
            f"There are {fewer} of the rarer class for {n_folds} folds. Say fewer folds, or a penalty as lasso_weight."
        )
    fold = np.empty(is_case.size, dtype=np.intp)
    for group in (is_case, ~is_case):
        fold[group] = rng.permutation(np.arange(int(group.sum())) % n_folds)
    weights = lasso_weights(x, is_case)
    mean, error = lasso_deviance(x, is_case, weights, fold)
    best = int(mean.argmin())
    if rule == "1se":
        best = int(np.flatnonzero(mean <= mean[best] + error[best])[0])
    return float(weights[best])
