"""Control chart of single measurements over time: Shewhart's limits with the Western Electric rules."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.observations import ColumnLike, count, observations
from vbqkit.stats.result import rows

D2 = 1.128
"""Mean range of two normal values over their SD, 2/sqrt(pi), as tables of control charts print it."""

FEW = 20
"""Fewer values give limits that are themselves uncertain: Montgomery asks for 20 to 25 before limits are trusted."""

RULES = {
    1: "beyond 3 sigma",
    2: "2 of 3 beyond 2 sigma, one side",
    3: "4 of 5 beyond 1 sigma, one side",
    4: "8 in a row on one side",
}
"""The Western Electric rules (1956), by number."""


def broken_rules(z: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which Western Electric rules each value breaks, together with those before it.

    Parameters
    ----------
    z : array, shape (..., n)
        Values in sigma from the center line, in order of time.

    Returns
    -------
    array of bool, shape (4, ..., n)
        Rules 1 to 4. A value that is itself on the other side, or within the line of the rule, breaks none.
    """
    values = np.asarray(z, dtype=float)
    found = np.zeros((len(RULES), *values.shape), dtype=bool)
    for side in (1.0, -1.0):
        here = side * values
        for k, (line, needed, window) in enumerate(((3.0, 1, 1), (2.0, 2, 3), (1.0, 4, 5), (0.0, 8, 8))):
            beyond = here > line
            total = np.cumsum(beyond, axis=-1)
            before = np.zeros_like(total)
            before[..., window:] = total[..., :-window]
            found[k] |= beyond & (total - before >= needed)
    return found


def individuals_chart(
    value: ColumnLike, *, data: pd.DataFrame | None = None, baseline: int | None = None
) -> pd.DataFrame:
    """Shewhart's control chart of single values, with the Western Electric rules.

    Center line: the mean of the baseline; ``sigma = mean |x_i - x_(i-1)| / 1.128`` of its moving ranges, which a slow
    drift hardly widens; limits at 3 sigma. A value that breaks a rule says that something has changed, not what. With
    all four rules a process that has not changed breaks one about every 92 values (Champ and Woodall 1987): look into a
    single signal before you believe it.

    Parameters
    ----------
    value : column of numbers
        In order of time; with `data` the name of a column.
    data : DataFrame, optional
        The table.
    baseline : int, optional
        How many of the first values the limits come from; all when left out.

    Returns
    -------
    DataFrame
        One row a value: value, center, sigma, lower, upper, z, rules (numbers of the rules that it breaks, such as "1
        4"; empty: none), in_baseline (bool), note. The note warns of a baseline below 20.

    Raises
    ------
    TableError
        Fewer than 2 values in the baseline, or all of them equal.

    References
    ----------
    Montgomery, Introduction to Statistical Quality Control, 8th ed. 2019, chapters 5 and 6 (individuals chart, rules);
    Western Electric, Statistical Quality Control Handbook, 1956; Champ and Woodall (1987) Technometrics 29:393-399.
    Checked against the flow rates of the NIST/SEMATECH e-Handbook, 6.3.2.2: limits 45.8159 and 55.8041.

    Examples
    --------
    >>> flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    >>> individuals_chart(flow)[["center", "upper"]].round(2).iloc[0].tolist()
    [50.81, 55.8]
    """
    x, first, note = _series(value, data, baseline)
    center, sigma = _center_sigma(x[:first])
    z = (x - center) / sigma
    broken = broken_rules(z)
    return rows(
        {
            "value": one,
            "center": center,
            "sigma": sigma,
            "lower": center - 3 * sigma,
            "upper": center + 3 * sigma,
            "z": away,
            "rules": " ".join(str(number) for number in RULES if broken[number - 1, k]),
            "in_baseline": k < first,
            "note": note,
        }
        for k, (one, away) in enumerate(zip(x, z, strict=True))
    )


def _series(
    value: ColumnLike, data: pd.DataFrame | None, baseline: int | None
) -> tuple[npt.NDArray[np.float64], int, str]:
    obs = observations(data, numeric={"value": value})
    x = obs["value"]
    if len(x) < 2:
        raise TableError(f"{len(x)} value makes no control chart; 2 or more are needed. Measure again, on another day.")
    first = len(x) if baseline is None else count(baseline, "baseline", at_least=2, at_most=len(x))
    said = f"limits from {first} values; {FEW} or more are asked for before they are trusted" if first < FEW else ""
    return x, first, "; ".join(filter(None, (said, obs.note)))


def _center_sigma(x: npt.NDArray[np.float64]) -> tuple[float, float]:
    sigma = float(np.abs(np.diff(x)).mean()) / D2
    if not sigma > 0:
        raise TableError("All values of the baseline are equal, so that nothing says how far they vary. Measure more.")
    return float(x.mean()), sigma
