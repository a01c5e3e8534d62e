"""Precision as densitometry reports it: RMS-SD, RMS-CV and the least significant change, by the rules of the ISCD."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import z_of
from vbqkit.stats.observations import ColumnLike, check_confidence, observations, scalar
from vbqkit.stats.reliability import sd_interval
from vbqkit.stats.result import NAN, notes, rows

#: Degrees of freedom below which the upper limit of a precision error is more than a third above it (Gluer 1995).
ENOUGH_DF = 30


def precision_error(
    value: ColumnLike,
    subject: ColumnLike,
    *,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    change_confidence: float = 0.95,
) -> pd.DataFrame:
    """Precision error of repeated measurements, and the least significant change of two visits.

    ``RMS-SD = sqrt(Σ_j Σ_i (x_ij - mean_j)² / Σ_j (n_j - 1))`` over subjects j: with equally many repeats for all it is
    the root mean square of the subjects' SDs. ``RMS-CV`` is the same of ``100 x_ij / mean_j``, in %. ``LSC = z sqrt(2)
    RMS-SD``, that is 2.77 RMS-SD at 95 %: a patient whose two visits differ by more has changed, with this confidence.
    It is what `measurement_error` calls SEM (agreement) and MDC, here without a term for readers.

    Parameters
    ----------
    value : column of numbers
        One row per measurement, each after repositioning the patient; with `data` the name of a column.
    subject : column of labels
        Who was measured. Two or more measurements of each; a subject with one says nothing and is left out.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the intervals (chi-square).
    change_confidence : float
        Of the least significant change: 0.95 is the ISCD's.

    Returns
    -------
    DataFrame
        Four rows, quantity "RMS-SD", "LSC" (unit of the value), "RMS-CV %", "LSC %": quantity, estimate, ci_low,
        ci_high, confidence, df, method, n (measurements), n_subjects, n_missing, note. The note warns below 30 degrees
        of freedom, the ISCD's 30 patients twice or 15 three times.

    Raises
    ------
    TableError
        Nobody was measured twice, or the columns cannot be used.

    References
    ----------
    Gluer et al. (1995) doi:10.1007/BF01774016; ISCD Official Positions, precision assessment (Baim et al. 2005
    doi:10.1016/j.jocd.2005.05.003). Checked against the peak flow meters of Bland and Altman (1986): 15.3 and 19.9.

    Examples
    --------
    >>> table = precision_error([2.91, 2.95, 3.30, 3.22, 2.41, 2.44], ["a", "a", "b", "b", "c", "c"])
    >>> table.round(3)[["quantity", "estimate", "df"]].values.tolist()[:2]
    [['RMS-SD', 0.039, 3], ['LSC', 0.107, 3]]
    """
    check_confidence(confidence)
    z = z_of(scalar(change_confidence, "change_confidence", above=0, below=1, hint="Say 0.95 for 95 %."))
    obs = observations(data, numeric={"value": value}, categorical={"subject": subject})
    code = pd.factorize(pd.Series(obs["subject"]))[0]
    times = np.bincount(code)
    used = times[code] > 1
    if not used.any():
        raise TableError(
            "Nobody was measured twice, so repeats cannot be compared. "
            "Pass one row per measurement, with the same subject label for the same patient."
        )
    x = obs["value"]
    mean = np.bincount(code, weights=x) / times
    residual = (x - mean[code])[used]
    df = int(used.sum() - (times > 1).sum())
    rounding = 1e-13 * float(np.abs(x).max())
    variance = float(residual @ residual) / df
    variance = variance if variance > rounding**2 else 0.0
    by_mean = mean[code][used]
    relative = NAN
    why_relative = "undefined: a subject's mean is not above 0, so a coefficient of variation means nothing"
    if (by_mean > 0).all():
        share = 100 * residual / by_mean
        relative, why_relative = (float(share @ share) / df if variance else 0.0), ""
    once = int((times == 1).sum())
    remarks = notes(
        f"{df} degrees of freedom; {ENOUGH_DF} or more are asked for (30 patients twice, or 15 three times)"
        if df < ENOUGH_DF
        else "",
        f"{once} of {times.size} subjects left out: measured once" if once else "",
        obs.note,
    )
    factor = math.sqrt(2) * z
    table = []
    for quantity, times_error, square, why in (
        ("RMS-SD", 1.0, variance, ""),
        ("LSC", factor, variance, ""),
        ("RMS-CV %", 1.0, relative, why_relative),
        ("LSC %", factor, relative, why_relative),
    ):
        low, high = sd_interval(square, df, confidence)
        table.append(
            {
                "quantity": quantity,
                "estimate": times_error * math.sqrt(square),
                "ci_low": times_error * low,
                "ci_high": times_error * high,
                "confidence": confidence,
                "df": df,
                "method": "root mean square over subjects, chi-square interval"
                + (f"; change with {100 * change_confidence:g} % confidence" if times_error != 1 else ""),
                "n": int(used.sum()),
                "n_subjects": int((times > 1).sum()),
                "n_missing": obs.n_missing,
                "note": notes(why or ("no interval: all repeats are equal" if square == 0 else ""), remarks),
            }
        )
    return rows(table)
