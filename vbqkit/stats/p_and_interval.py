"""From a printed interval to its p, and from a printed p to its interval (Wald)."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.from_summary import SUMMARY_ONLY
from vbqkit.stats.observations import choice, scalar
from vbqkit.stats.result import NAN, row

_Map = Callable[[float], float]


def p_from_interval(
    estimate: float, ci_low: float, ci_high: float, *, null: float, scale: str, confidence: float = 0.95
) -> pd.DataFrame:
    """P and standard error behind a printed estimate with its interval (Wald).

    On the scale chosen ``se = (high - low) / (2 z)`` and ``p = 2 Φ(-|estimate - null| / se)``.

    Parameters
    ----------
    estimate, ci_low, ci_high : float
        As printed.
    null : float
        The value that p tests: 1 for an odds ratio, 0 for a difference, 0.5 for an AUC.
    scale : {"linear", "log"}
        "log" for ratios (odds ratio, likelihood ratio), "linear" for the rest.
    confidence : float
        Of the printed interval.

    Returns
    -------
    DataFrame
        One row: estimate (as printed), middle (the estimate that the interval implies: far from it, one of them is a
        misprint), ci_low, ci_high, confidence, se (on the scale), z, p, method, note.

    Raises
    ------
    TableError
        The limits are not in order, or a figure does not fit the scale.

    Examples
    --------
    OR of VBQ-T1 in Huang 2026, 2.382 (1.365, 4.157), printed p = 0.002:

    >>> p_from_interval(2.382, 1.365, 4.157, null=1, scale="log").round(4)[["middle", "p"]].iloc[0].tolist()
    [2.3821, 0.0022]
    """
    to, back = _scale(scale)
    values = [
        to(scalar(v, name))
        for v, name in ((estimate, "estimate"), (ci_low, "ci_low"), (ci_high, "ci_high"), (null, "null"))
    ]
    middle, low, high, center = values
    if not low < high:
        raise TableError(
            f"The interval runs from {ci_low:g} to {ci_high:g}; the first must be the smaller. Swap or correct them."
        )
    se = (high - low) / (2 * z_of(confidence))
    z = (middle - center) / se
    return row(
        estimate=float(estimate),
        middle=back((low + high) / 2),
        ci_low=float(ci_low),
        ci_high=float(ci_high),
        confidence=confidence,
        se=se,
        z=z,
        p=two_sided_p(z),
        method=f"Wald on the {scale} scale",
        note=SUMMARY_ONLY,
    )


def interval_from_p(estimate: float, p: float, *, null: float, scale: str, confidence: float = 0.95) -> pd.DataFrame:
    """Interval behind a printed estimate with its two-sided p (Wald): ``se = |estimate - null| / z(p)``.

    Parameters as in `p_from_interval`; with p = 1, or the estimate at the null value, the interval is undefined.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, se (on the scale), z, p, method, note.

    Raises
    ------
    TableError
        A figure does not fit the scale, or p does not lie above 0 and up to 1.

    References
    ----------
    Altman and Bland (2011) doi:10.1136/bmj.d2090.

    Examples
    --------
    >>> interval_from_p(2.382, 0.0022, null=1, scale="log").round(2)[["ci_low", "ci_high"]].iloc[0].tolist()
    [1.37, 4.15]
    """
    to, back = _scale(scale)
    middle, center = to(scalar(estimate, "estimate")), to(scalar(null, "null"))
    p = scalar(
        p,
        "p",
        above=0,
        at_most=1,
        hint="A printed 'p < 0.001' is a bound: pass 0.001 and call the interval a bound, too.",
    )
    z = -float(special.ndtri(p / 2))
    defined = z > 0 and middle != center
    se = abs(middle - center) / z if defined else NAN
    half = z_of(confidence) * se
    return row(
        estimate=float(estimate),
        ci_low=back(middle - half) if defined else NAN,
        ci_high=back(middle + half) if defined else NAN,
        confidence=confidence,
        se=se,
        z=math.copysign(z, middle - center),
        p=p,
        method=f"Wald on the {scale} scale",
        note=SUMMARY_ONLY
        if defined
        else "undefined: at p = 1 or at the null value the standard error cannot be read off",
    )


def _scale(scale: str) -> tuple[_Map, _Map]:
    if choice(scale, "scale", ("linear", "log")) == "linear":
        return float, float

    def log(value: float) -> float:
        if value <= 0:
            raise TableError(
                f"{value:g} has no logarithm; on the log scale every figure is a ratio above 0. Use scale='linear' or correct it."
            )
        return math.log(value)

    return log, math.exp
