"""How many patients: power and sample size for a difference of means and for an AUC."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.from_summary import hanley_mcneil_variance
from vbqkit.stats.observations import choice, count, scalar
from vbqkit.stats.result import row

#: Nobody recruits more; a search that gets here was given an effect of 0, or nearly.
LARGEST = 10_000_000


def power_for_means(
    *, difference: float, sd_a: float, sd_b: float, n_a: int, n_b: int, alpha: float = 0.05, reference: str = "t"
) -> pd.DataFrame:
    """Chance that a two-sided test of two means finds a true difference.

    With ``d = difference / sqrt((sd_a² + sd_b²)/2)`` the t statistic follows a noncentral t with noncentrality
    ``d sqrt(n_a n_b/(n_a + n_b))`` and ``n_a + n_b - 2`` degrees of freedom; ``reference="normal"`` is the textbook
    formula with z.

    Parameters
    ----------
    difference : float
        True difference of the means.
    sd_a, sd_b : float
        True SDs.
    n_a, n_b : int
        Group sizes.
    alpha : float
        Two-sided error of the first kind.
    reference : {"t", "normal"}
        Distribution.

    Returns
    -------
    DataFrame
        One row: estimate (power), effect_size (d), alpha, method, n, n_a, n_b, note.

    Raises
    ------
    TableError
        A figure is not a number in its range, or the distribution is not known.

    References
    ----------
    Cohen (1988) Statistical power analysis for the behavioral sciences. Checked against statsmodels TTestIndPower.

    Examples
    --------
    Huang 2026 had 84 + 84 patients for VBQ-T1:

    >>> power_for_means(difference=0.3, sd_a=0.603, sd_b=0.589, n_a=84, n_b=84).round(3)["estimate"].item()
    0.9
    """
    d = _effect(difference, sd_a, sd_b)
    n_a, n_b = count(n_a, "n_a", at_least=2), count(n_b, "n_b", at_least=2)
    found = _power_means(d, n_a, n_b, _alpha(alpha), choice(reference, "reference", ("t", "normal")))
    return _for_means(n_a, n_b, reference, estimate=found, effect_size=d, alpha=alpha)


def sample_size_for_means(
    *,
    difference: float,
    sd_a: float,
    sd_b: float,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    reference: str = "t",
) -> pd.DataFrame:
    """Smallest groups with which a two-sided test of two means finds a true difference often enough.

    Parameters
    ----------
    difference, sd_a, sd_b, alpha, reference
        As in `power_for_means`.
    power : float
        Chance to find it.
    ratio : float
        ``n_b / n_a``.

    Returns
    -------
    DataFrame
        One row: estimate (n_a), effect_size, power (that of these sizes), alpha, method, n, n_a, n_b, note.

    Raises
    ------
    TableError
        The difference is 0 or so small that no study would be large enough.

    References
    ----------
    As in `power_for_means`.

    Examples
    --------
    Huang 2026 (Global Spine J 16:162, Discussion) reports 63 + 63 for VBQ-T1 and 33 + 33 for VBQ-T2 from an online
    calculator. Both come back from the means and SDs of its Table 1 with the t distribution; the normal formula gives
    one fewer.

    >>> sample_size_for_means(difference=4.400 - 4.100, sd_a=0.603, sd_b=0.589)[["n_a", "n_b"]].iloc[0].tolist()
    [63, 63]
    >>> sample_size_for_means(difference=0.601 - 0.548, sd_a=0.076, sd_b=0.075)[["n_a", "n_b"]].iloc[0].tolist()
    [33, 33]
    """
    d, alpha = _effect(difference, sd_a, sd_b), _alpha(alpha)
    power, ratio = _wanted(power, alpha), scalar(ratio, "ratio", above=0)
    choice(reference, "reference", ("t", "normal"))

    def reached(n: int) -> float:
        return _power_means(d, n, max(2, math.ceil(n * ratio)), alpha, reference)

    n_a = _smallest(reached, power)
    n_b = max(2, math.ceil(n_a * ratio))
    return _for_means(n_a, n_b, reference, estimate=n_a, effect_size=d, power=reached(n_a), alpha=alpha)


def power_for_auc(
    *, auc: float, n_case: int, n_control: int, null: float = 0.5, alpha: float = 0.05, sides: int = 2, variance: str
) -> pd.DataFrame:
    """Chance that a study finds an AUC to differ from `null`.

    ``Φ((|auc - null| - z_alpha sqrt(V(null)))/sqrt(V(auc)))`` with the variance V of an estimated AUC.

    Parameters
    ----------
    auc, null : float
        True AUC and the one to be refuted.
    n_case, n_control : int
        Group sizes.
    alpha : float
        Error of the first kind.
    sides : {1, 2}
        One- or two-sided test.
    variance : {"hanley-mcneil", "obuchowski"}
        Hanley and McNeil's, as MedCalc; or Obuchowski's for binormal scores, as pROC (null 0.5 only).

    Returns
    -------
    DataFrame
        One row: estimate (power), auc, null, alpha, sides, method, n, n_case, n_control, note.

    Raises
    ------
    TableError
        A figure is not a number in its range, or the variance is not known.

    References
    ----------
    Hanley and McNeil (1982) doi:10.1148/radiology.143.1.7063747; Obuchowski, Lieber and Wians (2004)
    doi:10.1373/clinchem.2004.031823. Checked against pROC's published digits.

    Examples
    --------
    >>> power_for_auc(auc=0.73, n_case=41, n_control=72, variance="obuchowski").round(4)["estimate"].item()
    0.9897
    """
    auc, null, alpha, sides = _auc_inputs(auc, null, alpha, sides, variance)
    m, n = count(n_case, "n_case"), count(n_control, "n_control")
    found = _power_auc(auc, null, m, n, alpha / sides, variance)
    return _for_auc(m, n, variance, estimate=found, auc=auc, null=null, alpha=alpha, sides=sides)


def sample_size_for_auc(
    *,
    auc: float,
    null: float = 0.5,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
    sides: int = 2,
    variance: str,
) -> pd.DataFrame:
    """Smallest groups with which a study finds an AUC to differ from `null` often enough.

    Parameters
    ----------
    auc, null, alpha, sides, variance
        As in `power_for_auc`.
    power : float
        Chance to find it.
    ratio : float
        Controls per case.

    Returns
    -------
    DataFrame
        One row: estimate (n_case), auc, null, power (that of these sizes), alpha, sides, method, n, n_case, n_control,
        note.

    Raises
    ------
    TableError
        The AUC is so near `null` that no study would be large enough.

    References
    ----------
    As in `power_for_auc`.

    Examples
    --------
    For the AUC of VBQ-T1 in Huang 2026:

    >>> sample_size_for_auc(auc=0.641, variance="hanley-mcneil")[["n_case", "n_control"]].iloc[0].tolist()
    [65, 65]
    """
    auc, null, alpha, sides = _auc_inputs(auc, null, alpha, sides, variance)
    power, ratio = _wanted(power, alpha / sides), scalar(ratio, "ratio", above=0)

    def reached(m: int) -> float:
        return _power_auc(auc, null, m, math.ceil(m * ratio), alpha / sides, variance)

    m = _smallest(reached, power)
    n = math.ceil(m * ratio)
    return _for_auc(m, n, variance, estimate=m, auc=auc, null=null, power=reached(m), alpha=alpha, sides=sides)


def _for_means(n_a: int, n_b: int, reference: str, **found: float) -> pd.DataFrame:
    method = f"two-sided test of two means, {'noncentral t' if reference == 't' else 'normal'}"
    return row(**found, method=method, n=n_a + n_b, n_a=n_a, n_b=n_b)


def _for_auc(n_case: int, n_control: int, variance: str, **found: float) -> pd.DataFrame:
    method = f"AUC against {found['null']:g}, variance of {variance}"
    return row(**found, method=method, n=n_case + n_control, n_case=n_case, n_control=n_control)


def _effect(difference: float, sd_a: float, sd_b: float) -> float:
    spread = math.sqrt((scalar(sd_a, "sd_a", above=0) ** 2 + scalar(sd_b, "sd_b", above=0) ** 2) / 2)
    return abs(scalar(difference, "difference")) / spread


def _alpha(alpha: float) -> float:
    return scalar(alpha, "alpha", above=0, below=1, hint="Say 0.05 for 5 %.")


def _wanted(power: float, alpha: float) -> float:
    return scalar(power, "power", above=alpha, below=1, hint="Say 0.8 for 80 %; a power below alpha needs no study.")


def _power_means(d: float, n_a: int, n_b: int, alpha: float, reference: str) -> float:
    shift = d * math.sqrt(n_a * n_b / (n_a + n_b))
    if reference == "normal":
        z = float(special.ndtri(1 - alpha / 2))
        return float(special.ndtr(shift - z) + special.ndtr(-shift - z))
    df = n_a + n_b - 2
    t = float(special.stdtrit(df, 1 - alpha / 2))
    return float(1 - special.nctdtr(df, shift, t) + special.nctdtr(df, shift, -t))


def _auc_inputs(auc: float, null: float, alpha: float, sides: int, variance: str) -> tuple[float, float, float, int]:
    choice(variance, "variance", ("hanley-mcneil", "obuchowski"))
    auc, null = (
        scalar(v, name, above=0, below=1, hint="Say 0.7, not 70.") for v, name in ((auc, "auc"), (null, "null"))
    )
    if variance == "obuchowski" and null != 0.5:
        raise TableError(
            f"null is {null:g}; Obuchowski's formula tests against 0.5 only. Use variance='hanley-mcneil' for another value."
        )
    return auc, null, _alpha(alpha), count(sides, "sides", at_least=1, at_most=2)


def _power_auc(auc: float, null: float, m: int, n: int, tail: float, variance: str) -> float:
    under_null, under_truth = (_variance(v, m, n, variance, is_null=k == 0) for k, v in enumerate((null, auc)))
    z = float(special.ndtri(1 - tail))
    return float(special.ndtr((abs(auc - null) - z * math.sqrt(under_null)) / math.sqrt(under_truth)))


def _variance(theta: float, m: int, n: int, variance: str, *, is_null: bool) -> float:
    """Variance of an AUC estimated from m cases and n controls."""
    if variance == "hanley-mcneil":
        return hanley_mcneil_variance(theta, m, n)
    if is_null:
        return 0.0792 * (1 + m / n) / m
    a = float(special.ndtri(theta)) * 1.414
    return 0.0099 * math.exp(-a * a / 2) * (5 * a * a + 8 + (a * a + 8) * m / n) / m


def _smallest(reached: Callable[[int], float], power: float) -> int:
    """The smallest whole number from 2 on for which `reached`, which rises, is at least `power`."""
    high = 2
    while reached(high) < power:
        high *= 2
        if high > LARGEST:
            raise TableError(
                f"More than {LARGEST:,} in a group would be needed: the effect is 0, or nearly. Give a larger one."
            )
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return high
