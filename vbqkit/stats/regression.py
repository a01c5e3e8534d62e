"""A straight line through two columns: its coefficients, the band of the line and the band of new observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vbqkit.stats.confidence_intervals import t_of, two_sided_t_p
from vbqkit.stats.observations import ColumnLike, FloatArray, Observations, check_confidence, numbers, observations
from vbqkit.stats.result import NAN, notes, rows


@dataclass(frozen=True, slots=True)
class _Line:
    """Least squares around the center of x, which keeps the arithmetic exact for x far from 0."""

    slope: float
    middle_x: float
    middle_y: float
    spread_x: float  # Σ (x - x̄)²
    residual_sd: float
    r_squared: float
    df: int
    why: str

    def at(self, x: FloatArray) -> FloatArray:
        return self.middle_y + self.slope * (x - self.middle_x)

    def se_at(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.residual_sd * np.sqrt(1 / (self.df + 2) + (x - self.middle_x) ** 2 / self.spread_x))


def _line(obs: Observations) -> _Line:
    x, y = obs["x"], obs["y"]
    mx, my = float(x.mean()), float(y.mean())
    df = obs.n - 2
    if np.ptp(x) == 0:
        return _Line(NAN, mx, my, NAN, NAN, NAN, df, "undefined: x is constant, so no line is determined")
    dx, dy = x - mx, y - my
    sxx = float(dx @ dx)
    slope = float(dx @ dy) / sxx if np.ptp(y) else 0.0
    left = float(np.sum((dy - slope * dx) ** 2))
    total = float(dy @ dy)
    if left <= 1e-24 * max(total, x.size * my * my):
        left = 0.0  # what rounding leaves of points on a line
    sd = np.sqrt(left / df) if df > 0 else NAN
    why = "" if df > 0 else "no interval: two rows determine the line and leave nothing to judge it by"
    return _Line(slope, mx, my, sxx, float(sd), 1 - left / total if np.ptp(y) else NAN, df, why)


def linear_regression(
    x: ColumnLike, y: ColumnLike, *, data: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Slope and intercept of the least-squares line ``y = intercept + slope x``.

    The slope is the change of y per unit of x. The line predicts y from x; x from y has another line.

    Parameters
    ----------
    x, y : column of numbers
        Array or Series, or with `data` the name of a column.
    data : DataFrame, optional
        The table that x and y name columns of.
    confidence : float
        Of the t intervals.

    Returns
    -------
    DataFrame
        Two rows, term "slope" and "intercept": term, estimate, ci_low, ci_high, confidence, se, t, df, p, r_squared,
        residual_sd (unit of y), method, n, n_missing, note.

    Raises
    ------
    TableError
        x or y is not a column of numbers, or they do not belong together.

    References
    ----------
    Checked against scipy.stats.linregress and statsmodels OLS.

    Examples
    --------
    >>> linear_regression([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8]).round(2)[["term", "estimate"]].values.tolist()
    [['slope', 1.94], ['intercept', 0.15]]
    """
    check_confidence(confidence)
    obs = observations(data, numeric={"x": x, "y": y})
    line = _line(obs)
    origin = np.zeros(1)
    terms = (
        ("slope", line.slope, line.residual_sd / np.sqrt(line.spread_x)),
        ("intercept", float(line.at(origin)[0]), float(line.se_at(origin)[0]) if line.df > 0 else NAN),
    )
    table = []
    for term, estimate, se in terms:
        t = estimate / se if se > 0 else NAN
        half = t_of(confidence, line.df) * se if line.df > 0 and se > 0 else NAN
        table.append(
            {
                "term": term,
                "estimate": estimate,
                "ci_low": estimate - half,
                "ci_high": estimate + half,
                "confidence": confidence,
                "se": se,
                "t": t,
                "df": line.df,
                "p": two_sided_t_p(t, line.df) if line.df > 0 else NAN,
                "r_squared": line.r_squared,
                "residual_sd": line.residual_sd,
                "method": "least squares, t interval",
                "n": obs.n,
                "n_missing": obs.n_missing,
                "note": notes(
                    line.why,
                    "no interval: the points lie on the line, and t and p are undefined" if se == 0 else "",
                    obs.note,
                ),
            }
        )
    return rows(table)


def regression_band(
    x: ColumnLike,
    y: ColumnLike,
    *,
    at: ColumnLike | None = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """The least-squares line with its confidence band and its prediction band.

    ``ŷ ± t s sqrt(1/n + (x - x̄)²/Σ(x - x̄)²)`` holds the true line at each x by itself; with 1 added under the root it
    holds one new observation. Outside the range of the data both are extrapolation.

    Parameters
    ----------
    x, y, data, confidence
        As in `linear_regression`.
    at : column of numbers, optional
        Where to draw; 100 points over the range of x when left out.

    Returns
    -------
    DataFrame
        One row per point: x, estimate, ci_low, ci_high, prediction_low, prediction_high, confidence, method, n,
        n_missing, note (says where a point lies outside the data).

    Raises
    ------
    TableError
        As in `linear_regression`.

    References
    ----------
    Checked against statsmodels OLS get_prediction.

    Examples
    --------
    >>> band = regression_band([1, 2, 3, 4], [2.1, 3.9, 6.2, 7.8], at=[2.5])
    >>> band.round(2)[["estimate", "ci_low", "ci_high", "prediction_low", "prediction_high"]].iloc[0].tolist()
    [5.0, 4.56, 5.44, 4.03, 5.97]
    """
    check_confidence(confidence)
    obs = observations(data, numeric={"x": x, "y": y})
    line = _line(obs)
    low_x, high_x = float(obs["x"].min()), float(obs["x"].max())
    points = np.linspace(low_x, high_x, 100) if at is None else numbers(at, "at")
    if line.df > 0 and line.spread_x > 0 and line.residual_sd > 0:
        se, t = line.se_at(points), t_of(confidence, line.df)
        half, wide = t * se, t * np.hypot(se, line.residual_sd)
    else:
        half = wide = np.full(points.size, NAN)
    still = "no interval: the points lie on the line" if line.residual_sd == 0 else ""
    middle = line.at(points)
    outside = (points < low_x) | (points > high_x)
    return pd.DataFrame(
        {
            "x": points,
            "estimate": middle,
            "ci_low": middle - half,
            "ci_high": middle + half,
            "prediction_low": middle - wide,
            "prediction_high": middle + wide,
            "confidence": float(confidence),
            "method": "least squares, pointwise t bands",
            "n": obs.n,
            "n_missing": obs.n_missing,
            "note": [
                notes(line.why or still, "outside the range of the data" if far else "", obs.note) for far in outside
            ],
        }
    )
