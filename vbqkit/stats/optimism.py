"""How much a model flatters itself: Harrell's bootstrap of AUC, calibration slope and Brier score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import need_rng
from vbqkit.stats.delong import structural_components
from vbqkit.stats.logistic_fit import Cases, maximum_likelihood
from vbqkit.stats.observations import FloatArray, count
from vbqkit.stats.prediction_model import LogisticModel
from vbqkit.stats.result import NAN, notes, rows

QUANTITIES = ("AUC", "slope", "intercept", "Brier")


def model_optimism(model: LogisticModel, *, n_bootstrap: int, rng: np.random.Generator) -> pd.DataFrame:
    """AUC, calibration and Brier score of a model, corrected for having been fitted to these very patients.

    The model is fitted anew to each resample of the patients (the LASSO tuned anew, too), and judged in the resample
    and in the patients themselves; the mean difference is the optimism: ``corrected = apparent - optimism``. It is what
    to expect in new patients of the same kind, not in another hospital. A corrected slope of 0.8 says: shrink the
    coefficients by a fifth.

    Parameters
    ----------
    model : LogisticModel
        From `fit_logistic`. Predictors that were chosen by looking at these patients before are optimism that cannot be
        seen here.
    n_bootstrap : int
        Resamples; 200 or more.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    DataFrame
        Four rows, quantity "AUC", "slope", "intercept" (calibration, of the linear predictor), "Brier": quantity,
        estimate (corrected), apparent, optimism, mc_error (standard error of the optimism by chance of the bootstrap),
        n_bootstrap (that could be fitted), method, n, n_case, note.

    Raises
    ------
    TableError
        There is no model, or no resample could be fitted.

    References
    ----------
    Harrell, Lee and Mark (1996) doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4. Checked against
    R's rms::validate. Knots and categories stay those of the model, as there.

    Examples
    --------
    >>> from vbqkit.stats import fit_logistic
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(80, 5))
    >>> outcome = rng.random(80) < special.expit(x[:, 0])
    >>> model = fit_logistic(outcome, {f"x{j}": x[:, j] for j in range(5)})
    >>> table = model_optimism(model, n_bootstrap=50, rng=rng)
    >>> table.round(1)[["quantity", "apparent", "estimate"]].values.tolist()[:2]
    [['AUC', 0.8, 0.8], ['slope', 1.0, 0.8]]
    """
    count(n_bootstrap, "n_bootstrap", at_least=10)
    rng = need_rng(rng, "The bootstrap")
    if model.note.startswith("undefined"):
        raise TableError(
            f"There is no model to judge ({model.note}). Fit one that is determined, or use penalty='firth'."
        )
    n = model.outcome.size
    apparent = _judged(model.coefficients, model.x, model.outcome)
    differences, failed = [], 0
    for _ in range(n_bootstrap):
        take: NDArray[np.intp] = rng.integers(0, n, n)
        try:
            again = model.refitted(take, rng=rng)
        except TableError:  # too few of one class for the folds
            failed += 1
            continue
        if again.note.startswith("undefined"):
            failed += 1
            continue
        inside = _judged(again.coefficients, model.x[take], model.outcome[take])
        differences.append(inside - _judged(again.coefficients, model.x, model.outcome))
    if not differences:
        raise TableError("No resample could be fitted: there are too few cases. Fewer predictors, or penalty='firth'.")
    found = np.array(differences)
    note = notes(
        f"{failed} of {n_bootstrap} resamples could not be fitted and are left out" if failed else "", model.note
    )
    table = []
    for j, quantity in enumerate(QUANTITIES):
        values = found[np.isfinite(found[:, j]), j]
        optimism = float(values.mean()) if values.size else NAN
        table.append(
            {
                "quantity": quantity,
                "estimate": float(apparent[j]) - optimism,
                "apparent": float(apparent[j]),
                "optimism": optimism,
                "mc_error": float(values.std(ddof=1)) / values.size**0.5 if values.size > 1 else NAN,
                "n_bootstrap": values.size,
                "method": "Harrell's bootstrap optimism",
                "n": n,
                "n_case": int(model.outcome.sum()),
                "note": notes("" if values.size else "undefined: no resample has a value", note),
            }
        )
    return rows(table)


def _judged(b: FloatArray, x: FloatArray, is_case: Cases) -> FloatArray:
    """AUC, calibration slope and intercept, and Brier score of these coefficients in these patients."""
    eta = b[0] + x @ b[1:]
    p = special.expit(eta)
    brier = float(((is_case - p) ** 2).mean())
    if is_case.all() or not is_case.any():
        return np.array([NAN, NAN, NAN, brier])
    area = float(structural_components(eta[is_case], eta[~is_case])[0].mean())
    fit, _ = maximum_likelihood(eta[:, None], is_case, ["the linear predictor"])
    slope, intercept = (NAN, NAN) if fit is None else (float(fit.coefficients[1]), float(fit.coefficients[0]))
    return np.array([area, slope, intercept, brier])
