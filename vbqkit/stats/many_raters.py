"""Agreement of more than two raters: Fleiss' kappa on categories, Kendall's W on ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.confidence_intervals import two_sided_p, z_of
from vbqkit.stats.observations import column, labels, numbers, same_type
from vbqkit.stats.result import NAN, notes, row

#: Kendall's W: below this many subjects chi-square is too far from the true distribution.
FEW_SUBJECTS = 8


def _by_rater(ratings: Any, raters: Sequence[str] | None) -> dict[str, Any]:
    """The columns of a table of subjects x raters."""
    if not isinstance(ratings, pd.DataFrame):
        shape = np.shape(ratings)
        if len(shape) != 2:
            raise TableError(
                f"ratings has shape {shape}; subjects x raters was expected. Pass a table with one column per rater."
            )
        ratings = pd.DataFrame(ratings)
        ratings.columns = [str(j + 1) for j in range(ratings.shape[1])]
    names = list(ratings.columns) if raters is None else list(raters)
    if len(names) < 2:
        raise TableError(f"{len(names)} rater was given; agreement needs two or more. Pass one column per rater.")
    return {name: column(name, "raters", ratings) for name in names}


def fleiss_kappa(ratings: Any, *, raters: Sequence[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """Fleiss' kappa: agreement of several raters on categories beyond chance.

    ``kappa = (P_o - P_e)/(1 - P_e)`` with P_o the share of agreeing pairs of ratings of a subject, and P_e what the
    shares of the categories give by chance. 1 is perfect, 0 chance. The raters need not be the same ones for every
    subject; the order of the categories plays no part (for grades see `cohen_kappa` with weights, pair by pair).

    Parameters
    ----------
    ratings : table of subjects x raters
        Labels; every subject rated by all.
    raters : sequence of str, optional
        Which columns of the table.
    confidence : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row: estimate, ci_low, ci_high, confidence, se (Gwet's, for the interval), z, p (against 0, with the
        standard error under chance), observed, expected, method, n (subjects), n_raters, n_categories, n_missing, note.

    Raises
    ------
    TableError
        There are fewer than two raters, or nobody was rated by all.

    References
    ----------
    Fleiss (1971) doi:10.1037/h0031619, whose table gives 0.430; z: Fleiss, Nee and Landis (1979)
    doi:10.1037/0033-2909.86.5.974; interval: Gwet (2021) doi:10.1177/0013164420973080.

    Examples
    --------
    >>> fleiss_kappa([["a", "a", "b"], ["b", "b", "b"], ["a", "a", "a"], ["c", "b", "c"]]).round(3)["estimate"].item()
    0.467
    """
    z_wanted = z_of(confidence)
    by_rater = _by_rater(ratings, raters)
    read = [labels(values, f"rater {name}") for name, values in by_rater.items()]
    missing = np.any([absent for _, absent in read], axis=0)
    if missing.all():
        raise TableError("No subject was rated by all raters. Check that these are the columns you mean.")
    columns = same_type([values[~missing] for values, _ in read])
    flat = np.concatenate([np.asarray(c, dtype=object) for c in columns])
    code, kinds = pd.factorize(pd.Series(flat))
    n, m = int((~missing).sum()), len(columns)
    counts = np.zeros((n, len(kinds)))
    np.add.at(counts, (np.tile(np.arange(n), m), code), 1)
    share = counts.sum(axis=0) / (n * m)
    agree = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))
    observed, expected = float(agree.mean()), float(share @ share)
    estimate = se = z = NAN
    why = ""
    if len(kinds) < 2:
        why = "undefined: all raters use one and the same category only"
    else:
        estimate = (observed - expected) / (1 - expected)
        by_subject = (agree - expected) / (1 - expected)
        by_chance = counts @ share / m
        shifted = by_subject - 2 * (1 - estimate) * (by_chance - expected) / (1 - expected)
        if n > 1:
            se = math.sqrt(float(((shifted - estimate) ** 2).sum()) / (n * (n - 1)))
        rest = 1 - share
        pq = float(share @ rest)
        chance = math.sqrt(2 / (n * m * (m - 1))) * math.sqrt(
            max(pq**2 - float((share * rest * (rest - share)).sum()), 0.0)
        )
        z = estimate / (chance / pq) if chance > 0 else NAN
        if not se > 1e-12:
            se, why = NAN, "no interval: the standard error is 0" if n > 1 else "no interval: there is one subject only"
    return row(
        estimate=estimate,
        ci_low=estimate - z_wanted * se,
        ci_high=min(1.0, estimate + z_wanted * se) if se > 0 else NAN,
        confidence=confidence,
        se=se,
        z=z,
        p=two_sided_p(z),
        observed=observed,
        expected=expected,
        method="Fleiss' kappa; Gwet interval, z of Fleiss, Nee and Landis",
        n=n,
        n_raters=m,
        n_categories=len(kinds),
        n_missing=int(missing.sum()),
        note=notes(why, _lost(missing)),
    )


def kendall_w(ratings: Any, *, raters: Sequence[str] | None = None) -> pd.DataFrame:
    """Kendall's coefficient of concordance W: how far several raters put the subjects in the same order.

    ``W = 12 S/(m² (n³ - n) - m T)`` with S the squares of the subjects' rank sums around their mean and T the ties.
    1: the same order; 0: none in common. It does not see a rater who is always higher; for agreement of values see
    `icc`. The mean of Spearman's rho of all pairs of raters is ``(m W - 1)/(m - 1)``.

    Parameters
    ----------
    ratings : table of subjects x raters
        Numbers or grades as numbers.
    raters : sequence of str, optional
        Which columns of the table.

    Returns
    -------
    DataFrame
        One row: estimate (W), mean_rho, chi_square, df, p (Friedman's), method, n (subjects), n_raters, n_missing,
        note. There is no accepted interval.

    Raises
    ------
    TableError
        There are fewer than two raters, or a rating is not a number.

    References
    ----------
    Kendall and Babington Smith (1939) doi:10.1214/aoms/1177732186. Checked against R's friedman.test.

    Examples
    --------
    >>> kendall_w([[1, 2, 1], [2, 1, 3], [3, 4, 2], [4, 3, 4]]).round(3)["estimate"].item()
    0.644
    """
    by_rater = _by_rater(ratings, raters)
    table = np.column_stack([numbers(values, f"rater {name}") for name, values in by_rater.items()])
    missing = np.isnan(table).any(axis=1)
    table = table[~missing]
    n, m = table.shape
    w = chi = p = NAN
    why = "" if n > 1 else "undefined: fewer than two subjects rated by all"
    if not why:
        ranks = np.apply_along_axis(scipy.stats.rankdata, 0, table)
        ties = sum(float((c**3.0 - c).sum()) for c in (np.unique(r, return_counts=True)[1] for r in ranks.T))
        below = m * m * (n**3 - n) - m * ties
        if below <= 0:
            why = "undefined: every rater gives all subjects the same value"
        else:
            sums = ranks.sum(axis=1)
            w = 12 * float(((sums - sums.mean()) ** 2).sum()) / below
            chi = m * (n - 1) * w
            p = float(special.chdtrc(n - 1, chi))
    return row(
        estimate=w,
        mean_rho=(m * w - 1) / (m - 1),
        chi_square=chi,
        df=n - 1,
        p=p,
        method="Kendall's W with ties, chi-square p",
        n=n,
        n_raters=m,
        n_missing=int(missing.sum()),
        note=notes(
            why,
            f"fewer than {FEW_SUBJECTS} subjects: the chi-square p is rough" if n < FEW_SUBJECTS and not why else "",
            _lost(missing),
        ),
    )


def _lost(missing: Any) -> str:
    lost = int(np.sum(missing))
    return f"{lost} of {len(missing)} subjects left out: a rating is missing" if lost else ""
