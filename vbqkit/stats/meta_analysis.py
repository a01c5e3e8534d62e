"""Sensitivity and specificity of many studies together: the bivariate model, its HSROC curve and its regions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import PROPORTION_METHODS, proportion_interval, z_of
from vbqkit.stats.observations import ColumnLike, FloatArray, check_confidence, choice, count, observations
from vbqkit.stats.result import NAN, notes, rows

ESTIMATORS = {"reml": "restricted maximum likelihood", "ml": "maximum likelihood"}
CORRECTIONS = ("single", "all")
#: Studies below which the spread between studies, and with it every interval, is little more than a guess.
FEW_STUDIES = 10
#: Within so much of 1 a correlation is at its bound.
BOUND = 1e-4


@dataclass(frozen=True, slots=True)
class DiagnosticMeta:
    """A bivariate meta-analysis; made by `fit_diagnostic_meta`.

    Attributes
    ----------
    study : array of str
        Names.
    counts : array of studies x 4
        True positives, false negatives, false positives, true negatives.
    mean : array of 2
        Logit of sensitivity and of the false positive rate.
    covariance : array of 2 x 2
        Of the mean.
    between : array of 2 x 2
        Covariance of the studies' true logits.
    log_likelihood : float
        Restricted where the estimator is.
    estimator : str
        "reml" or "ml".
    note : str
        What a reader must know.
    """

    study: NDArray[np.object_]
    counts: NDArray[np.int64]
    mean: FloatArray
    covariance: FloatArray
    between: FloatArray
    log_likelihood: float
    estimator: str
    note: str

    def __repr__(self) -> str:
        sensitivity, false = special.expit(self.mean)
        return (
            f"DiagnosticMeta({len(self.study)} studies: sensitivity {sensitivity:.3f}, specificity {1 - false:.3f}"
            f"{'; ' + self.note if self.note else ''})"
        )

    @property
    def rho(self) -> float:
        """Correlation of the studies' true logit sensitivity and false positive rate; positive if cut-offs differ."""
        below = math.sqrt(self.between[0, 0] * self.between[1, 1])
        return float(self.between[0, 1]) / below if below > 0 else NAN

    @property
    def hsroc(self) -> dict[str, float]:
        """Rutter and Gatsonis' parameters: accuracy, threshold, shape, and the variances of the first two.

        From the bivariate ones, which say the same (Harbord et al. 2007).
        """
        a, b = math.sqrt(self.between[0, 0]), math.sqrt(self.between[1, 1])
        if not (a > 0 and b > 0):
            return dict.fromkeys(("accuracy", "threshold", "shape", "var_accuracy", "var_threshold"), NAN)
        ratio = math.sqrt(b / a)
        sensitivity, specificity = float(self.mean[0]), -float(self.mean[1])
        shared = -float(self.between[0, 1])
        return {
            "accuracy": ratio * sensitivity + specificity / ratio,
            "threshold": (ratio * sensitivity - specificity / ratio) / 2,
            "shape": math.log(b / a),
            "var_accuracy": 2 * (a * b + shared),
            "var_threshold": (a * b - shared) / 2,
        }

    def table(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Summary sensitivity, specificity, likelihood ratios and odds ratio, and the spread between studies.

        Parameters
        ----------
        confidence : float
            Of the intervals (Wald on the logit or log scale).

        Returns
        -------
        DataFrame
            One row per quantity: "sensitivity", "specificity", "LR+", "LR-", "DOR", then "SD of logit sensitivity", "SD
            of logit false positive rate" and "correlation" of the studies, and "HSROC accuracy", "threshold", "shape":
            quantity, estimate, ci_low, ci_high, confidence, method, n_studies, n, note.

        Raises
        ------
        TableError
            `confidence` does not lie between 0 and 1.
        """
        z = z_of(confidence)
        (a, b), v = self.mean, self.covariance
        sensitivity, false = (float(special.expit(x)) for x in (a, b))
        # Derivatives of the logarithm of each ratio by the two logits.
        ratios = {
            "LR+": (math.log(sensitivity / false), (1 - sensitivity, -(1 - false))),
            "LR-": (math.log((1 - sensitivity) / (1 - false)), (-sensitivity, false)),
            "DOR": (float(a - b), (1.0, -1.0)),
        }
        found: list[tuple[str, float, float, float]] = []
        for name, x, variance in (("sensitivity", a, v[0, 0]), ("specificity", -b, v[1, 1])):
            half = z * math.sqrt(variance)
            found.append((name, *_three(lambda e: float(special.expit(e)), float(x), half)))
        for name, (value, slope) in ratios.items():
            half = z * math.sqrt(float(np.array(slope) @ v @ np.array(slope)))
            found.append((name, *_three(math.exp, value, half)))
        found += [
            ("SD of logit sensitivity", math.sqrt(self.between[0, 0]), NAN, NAN),
            ("SD of logit false positive rate", math.sqrt(self.between[1, 1]), NAN, NAN),
            ("correlation", self.rho, NAN, NAN),
            *((f"HSROC {k}", self.hsroc[k], NAN, NAN) for k in ("accuracy", "threshold", "shape")),
        ]
        return rows(
            {
                "quantity": name,
                "estimate": value,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "method": f"bivariate model, {ESTIMATORS[self.estimator]}"
                + (", Wald on the logit or log scale" if not math.isnan(low) else ", no interval"),
                "n_studies": len(self.study),
                "n": int(self.counts.sum()),
                "note": notes(
                    "undefined: the studies do not differ in one of the two rates" if math.isnan(value) else "",
                    self.note,
                ),
            }
            for name, value, low, high in found
        )

    def studies(self, *, interval: str = "wilson", confidence: float = 0.95) -> pd.DataFrame:
        """Sensitivity and specificity of each study: what a forest plot shows.

        Parameters
        ----------
        interval : {"wilson", "clopper-pearson"}
            Of the proportions.
        confidence : float
            Of the intervals.

        Returns
        -------
        DataFrame
            Two rows per study: study, quantity, estimate, ci_low, ci_high, confidence, count, total, method, note.

        Raises
        ------
        TableError
            The interval is not known.
        """
        choice(interval, "interval", PROPORTION_METHODS)
        table = []
        for name, (tp, fn, fp, tn) in zip(self.study, self.counts.tolist(), strict=True):
            for quantity, hit, total in (("sensitivity", tp, tp + fn), ("specificity", tn, tn + fp)):
                low, high = proportion_interval(hit, total, confidence=confidence, method=interval)
                table.append(
                    {
                        "study": name,
                        "quantity": quantity,
                        "estimate": hit / total,
                        "ci_low": low,
                        "ci_high": high,
                        "confidence": confidence,
                        "count": hit,
                        "total": total,
                        "method": PROPORTION_METHODS[interval],
                        "note": "",
                    }
                )
        return rows(table)

    def curve(self, *, n_points: int = 100) -> pd.DataFrame:
        """The HSROC curve, ``logit(sensitivity) = accuracy exp(-shape/2) + exp(-shape) logit(false positive rate)``.

        Parameters
        ----------
        n_points : int
            Between the smallest and the largest false positive rate of the studies: beyond them nothing was seen.

        Returns
        -------
        DataFrame
            One row per point: specificity, sensitivity, method, note.

        Raises
        ------
        TableError
            `n_points` is not a count.
        """
        count(n_points, "n_points", at_least=2)
        corrected = self.counts + 0.5
        false = corrected[:, 2] / (corrected[:, 2] + corrected[:, 3])
        at = np.linspace(float(false.min()), float(false.max()), n_points)
        h = self.hsroc
        sensitivity = special.expit(
            h["accuracy"] * math.exp(-h["shape"] / 2) + math.exp(-h["shape"]) * special.logit(at)
        )
        return rows(
            {"specificity": 1 - float(f), "sensitivity": float(s), "method": "HSROC", "note": self.note}
            for f, s in zip(at, sensitivity, strict=True)
        )

    def region(self, *, kind: str, confidence: float = 0.95, n_points: int = 100) -> pd.DataFrame:
        """The region of the summary point ("confidence"), or of the true point of a new study ("prediction").

        Parameters
        ----------
        kind : {"confidence", "prediction"}
            Which of the two; where they differ much, the studies do, and the summary point says little about any one.
        confidence : float
            Such as 0.95.
        n_points : int
            Of its outline.

        Returns
        -------
        DataFrame
            One row per point of the outline: specificity, sensitivity, confidence, method, note.

        Raises
        ------
        TableError
            The kind is not known.
        """
        choice(kind, "kind", ("confidence", "prediction"))
        check_confidence(confidence)
        shape = self.covariance + (self.between if kind == "prediction" else 0)
        values, vectors = np.linalg.eigh(shape)
        reach = math.sqrt(-2 * math.log(1 - confidence))  # chi-square with two degrees of freedom
        angle = np.linspace(0, 2 * math.pi, count(n_points, "n_points", at_least=8))
        circle = np.stack([np.cos(angle), np.sin(angle)])
        outline = self.mean[:, None] + reach * (vectors * np.sqrt(np.maximum(values, 0))) @ circle
        return rows(
            {
                "specificity": 1 - float(special.expit(f)),
                "sensitivity": float(special.expit(s)),
                "confidence": confidence,
                "method": f"{kind} region, an ellipse of the logits",
                "note": self.note,
            }
            for s, f in outline.T
        )


def _three(back: Callable[[float], float], middle: float, half: float) -> tuple[float, float, float]:
    """Estimate and limits, from the scale on which they are symmetric."""
    return back(middle), back(middle - half), back(middle + half)


def fit_diagnostic_meta(
    tp: ColumnLike,
    fn: ColumnLike,
    fp: ColumnLike,
    tn: ColumnLike,
    *,
    study: ColumnLike,
    estimator: str = "reml",
    correction: str = "single",
    data: pd.DataFrame | None = None,
) -> DiagnosticMeta:
    """Bivariate meta-analysis of the four counts of diagnostic studies.

    The true logit sensitivity and logit false positive rate of the studies are taken as normal around a mean, with
    spreads and a correlation: studies with a lower cut-off have more of both. Pooling sensitivities by themselves
    ignores that. The HSROC model of Rutter and Gatsonis is the same model in other parameters.

    Parameters
    ----------
    tp, fn, fp, tn : column of counts
        True positives, false negatives, false positives, true negatives; with `data` the names of columns.
    study : column of labels
        Names of the studies. One threshold of each, and one condition for all: a fracture and a T-score are two.
    estimator : {"reml", "ml"}
        Restricted maximum likelihood, or maximum likelihood.
    correction : {"single", "all"}
        Where a count is 0, 0.5 is added to the counts of that study, or of all studies.
    data : DataFrame, optional
        The table.

    Returns
    -------
    DiagnosticMeta
        With ``table()``, ``studies()``, ``curve()``, ``region(kind=)``, ``hsroc`` and ``rho``.

    Raises
    ------
    TableError
        A count is not a whole number, there are fewer than four studies, or a study without cases or without controls.

    References
    ----------
    Reitsma et al. (2005) doi:10.1016/j.jclinepi.2005.02.022; Rutter and Gatsonis (2001) doi:10.1002/sim.942; their
    equality: Harbord et al. (2007) doi:10.1093/biostatistics/kxl004. Checked against R's metafor (rma.mv, "UN").

    Examples
    --------
    Six studies of the AUDIT-C questionnaire (Kriston et al. 2008, as in R's mada):

    >>> studies = pd.DataFrame({"study": list("abcdef"), "tp": [47, 126, 19, 36, 130, 84], "fn": [9, 51, 10, 3, 19, 2],
    ...                         "fp": [101, 272, 12, 78, 211, 68], "tn": [738, 1543, 192, 276, 959, 89]})
    >>> found = fit_diagnostic_meta("tp", "fn", "fp", "tn", study="study", data=studies)
    >>> found.table().round(3)["estimate"][:2].tolist()
    [0.856, 0.826]
    """
    choice(estimator, "estimator", ESTIMATORS)
    choice(correction, "correction", CORRECTIONS)
    obs = observations(data, numeric={"tp": tp, "fn": fn, "fp": fp, "tn": tn}, categorical={"study": study})
    raw = np.column_stack([obs[name] for name in ("tp", "fn", "fp", "tn")])
    for name, values in zip(("tp", "fn", "fp", "tn"), raw.T, strict=True):
        bad = np.flatnonzero((values < 0) | (values != np.round(values)))
        if bad.size:
            raise TableError(
                f"{name} of {obs['study'][bad[0]]} is {values[bad[0]]:g}; a whole number of patients was expected. "
                "Work the counts out from the printed rates and group sizes, and round them."
            )
    if obs.n < 4:
        raise TableError(
            f"There are {obs.n} studies; the bivariate model has five parameters and needs four studies or more. "
            "List the studies one by one instead."
        )
    lacking = np.flatnonzero((raw[:, :2].sum(axis=1) == 0) | (raw[:, 2:].sum(axis=1) == 0))
    if lacking.size:
        raise TableError(
            f"{obs['study'][lacking[0]]} has no cases or no controls, so it has only one rate. Leave it out."
        )
    zero = (raw == 0).any(axis=1)
    add = np.where(zero if correction == "single" else np.full(obs.n, bool(zero.any())), 0.5, 0.0)[:, None]
    counts = raw + add
    y = np.column_stack([np.log(counts[:, 0] / counts[:, 1]), np.log(counts[:, 2] / counts[:, 3])])
    v = np.column_stack([1 / counts[:, 0] + 1 / counts[:, 1], 1 / counts[:, 2] + 1 / counts[:, 3]])
    mean, covariance, between, value, converged = _fit(y, v, reml=estimator == "reml")
    spread = np.sqrt(np.diag(between))
    rho = between[0, 1] / (spread[0] * spread[1]) if (spread > 0).all() else NAN
    at_bound = spread.min() < BOUND or abs(rho) > 1 - BOUND
    return DiagnosticMeta(
        np.array([str(name) for name in obs["study"]], dtype=object),
        raw.astype(np.int64),
        mean,
        covariance,
        between,
        value,
        estimator,
        notes(
            "" if converged else "the fit did not converge: do not use it",
            "a spread or the correlation of the studies is at its bound: the curve and the regions are not to be trusted"
            if at_bound
            else "",
            f"fewer than {FEW_STUDIES} studies: the spread between them is uncertain" if obs.n < FEW_STUDIES else "",
            f"0.5 added to the counts of {int((add > 0).sum())} studies" if zero.any() else "",
            obs.note,
        ),
    )


def _fit(y: FloatArray, v: FloatArray, *, reml: bool) -> tuple[FloatArray, FloatArray, FloatArray, float, bool]:
    """Mean, its covariance, the covariance between studies, the log likelihood, and whether its maximum was found."""

    def between_of(q: FloatArray) -> FloatArray:
        a, b, r = math.exp(q[0]), math.exp(q[1]), math.tanh(q[2])
        return np.array([[a * a, a * b * r], [a * b * r, b * b]])

    def loss(q: FloatArray) -> float:
        if np.abs(q[:2]).max() > 15 or abs(q[2]) > 12:
            return 1e6 + float(np.abs(q).sum())
        return -_likelihood(y, v, between_of(q), reml=reml)[0]

    found = None
    spread = np.log(np.maximum(y.std(axis=0), 0.1))
    for rho in (0.0, 0.7, -0.7):
        start = np.array([*spread, math.atanh(rho)])
        tried = scipy.optimize.minimize(
            loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000, "maxfev": 5000}
        )
        if found is None or tried.fun < found.fun - 1e-9:
            found = tried
    assert found is not None
    between = between_of(np.asarray(found.x))
    value, mean, covariance = _likelihood(y, v, between, reml=reml)
    return mean, covariance, between, value, bool(found.success)


def _likelihood(
    y: FloatArray, v: FloatArray, between: FloatArray, *, reml: bool
) -> tuple[float, FloatArray, FloatArray]:
    """Log likelihood at the best mean, that mean, and its covariance."""
    k = len(y)
    total = between[None] + v[:, :, None] * np.eye(2)[None]
    inverse = np.linalg.inv(total)
    information = inverse.sum(axis=0)
    covariance = np.linalg.inv(information)
    mean = covariance @ np.einsum("kij,kj->i", inverse, y)
    left = y - mean
    value = float(np.linalg.slogdet(total)[1].sum() + np.einsum("ki,kij,kj->", left, inverse, left))
    if reml:
        # As metafor: the constant of REML has the determinant of X'X, here k in each of the two columns.
        value += float(np.linalg.slogdet(information)[1]) - 2 * math.log(k) + (2 * k - 2) * math.log(2 * math.pi)
    else:
        value += 2 * k * math.log(2 * math.pi)
    return -value / 2, mean, np.asarray(covariance)
