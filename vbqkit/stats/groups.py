"""Do groups differ? Means (t, ANOVA, Tukey) and ranks (Mann-Whitney)."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy import special

from vbqkit.errors import TableError
from vbqkit.stats.exact_ranks import exact_by_default
from vbqkit.stats.from_summary import t_test_from_summary
from vbqkit.stats.observations import (
    ColumnLike,
    FloatArray,
    Observations,
    case_labels,
    check_confidence,
    choice,
    observations,
)
from vbqkit.stats.rank_test import mann_whitney_test
from vbqkit.stats.result import NAN, notes, row, rows

#: Above this many pairs the Hodges-Lehmann shift is not computed, to keep memory small.
PAIRS_LIMIT = 20_000_000


def _two(
    value: ColumnLike, group: ColumnLike, first: Any, data: pd.DataFrame | None
) -> tuple[FloatArray, FloatArray, str, Observations]:
    """Values of the first group and of the other, and what to call the difference."""
    obs = observations(data, numeric={"value": value}, categorical={"group": group})
    is_first = case_labels(obs["group"], case=first, name="group", keyword="first")
    names = [pd.unique(obs["group"][keep])[0] for keep in (is_first, ~is_first)]
    return obs["value"][is_first], obs["value"][~is_first], f"{names[0]} - {names[1]}", obs


def t_test(
    value: ColumnLike,
    group: ColumnLike,
    *,
    equal_variances: bool,
    first: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of the means of two groups: Welch's test, or Student's.

    Welch's does not assume equal spread and is the safer one; Student's is what older papers mean by "t test".

    Parameters
    ----------
    value : column of numbers
        Array or Series, or with `data` the name of a column.
    group : column of labels
        Two groups.
    equal_variances : bool
        False: Welch; True: Student.
    first : label, optional
        The group whose mean comes first in the difference; True (1) for a column of True and False.
    data : DataFrame, optional
        The table.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    DataFrame
        One row: contrast ("fracture - control"), estimate (difference of means), ci_low, ci_high, confidence, t, df, p,
        cohens_d (pooled SD), mean_a, sd_a, n_a, mean_b, sd_b, n_b, method, n, n_missing, note.

    Raises
    ------
    TableError
        There are not two groups, or the columns cannot be used.

    References
    ----------
    Welch (1947) doi:10.1093/biomet/34.1-2.28. Checked against scipy.stats.ttest_ind.

    Examples
    --------
    >>> test = t_test([2.9, 3.1, 3.4, 2.2, 2.5, 2.4], [1, 1, 1, 0, 0, 0], equal_variances=False)
    >>> test.round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.767, 0.017]
    """
    check_confidence(confidence)
    a, b, contrast, obs = _two(value, group, first, data)
    sds = [float(v.std(ddof=1)) if v.size > 1 else 0.0 for v in (a, b)]
    test = t_test_from_summary(
        float(a.mean()),
        sds[0],
        a.size,
        float(b.mean()),
        sds[1],
        b.size,
        equal_variances=equal_variances,
        confidence=confidence,
    ).to_dict("records")[0]
    return row(
        contrast=contrast,
        **{key: test[key] for key in ("estimate", "ci_low", "ci_high", "confidence", "t", "df", "p", "cohens_d")},
        mean_a=a.mean(),
        sd_a=sds[0] if a.size > 1 else NAN,
        n_a=a.size,
        mean_b=b.mean(),
        sd_b=sds[1] if b.size > 1 else NAN,
        n_b=b.size,
        method=test["method"],
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(test["note"] if test["note"].startswith("undefined") else "", obs.note),
    )


def mann_whitney(
    value: ColumnLike,
    group: ColumnLike,
    *,
    p_value: str = "auto",
    continuity: bool = True,
    first: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Do the values of one group tend to be larger? Mann and Whitney's test on ranks.

    ``estimate`` is the Hodges-Lehmann shift, the median of all differences first - other; ``superiority`` is U / (n_a
    n_b), the chance that one of the first group exceeds one of the other, ties one half: the AUC. The interval holds
    the shifts that the same test does not reject, so it does not contradict p.

    Parameters
    ----------
    value, group, first, data
        As in `t_test`.
    p_value : {"auto", "exact", "normal"}
        "exact": from the distribution of U, which needs values without ties. "normal": the normal approximation with
        tie correction; SPSS prints it as "asymptotic". "auto": exact without ties and with at most 49 values in each
        group (as in R) or 8 in one of them. `method` says which.
    continuity : bool
        Continuity correction of the normal p: R has it on, SPSS off.
    confidence : float
        Of the interval of the shift.

    Returns
    -------
    DataFrame
        One row: contrast, estimate, ci_low, ci_high, confidence, u (of the first group), superiority, p, median_a,
        median_b, n_a, n_b, method, n, n_missing, note.

    Raises
    ------
    TableError
        As in `t_test`; or an exact p was requested for values with ties.

    References
    ----------
    Mann and Whitney (1947) doi:10.1214/aoms/1177730491; Hodges and Lehmann (1963) doi:10.1214/aoms/1177704172. Checked
    against scipy.stats.mannwhitneyu, and against R's wilcox.test where it prints an interval.

    Examples
    --------
    >>> mann_whitney([2.9, 3.1, 3.4, 2.2, 2.5, 2.4], [1, 1, 1, 0, 0, 0]).round(3)[["estimate", "p"]].iloc[0].tolist()
    [0.7, 0.1]
    """
    choice(p_value, "p_value", ("auto", "exact", "normal"))
    check_confidence(confidence)
    a, b, contrast, obs = _two(value, group, first, data)
    m, n = a.size, b.size
    tied = np.unique(obs["value"]).size < obs.n
    if p_value == "exact" and tied:
        raise TableError(
            "An exact p was requested for values with ties, but the distribution of U is known only without ties. Use p_value='normal'."
        )
    exact = p_value == "exact" or (p_value == "auto" and not tied and exact_by_default(m, n))
    found = mann_whitney_test(a, b, exact=exact, continuity=continuity)
    shift = low = high = NAN
    if m * n <= PAIRS_LIMIT:
        pairs = np.sort((a[:, None] - b[None, :]).ravel())
        shift = float(np.median(pairs))
        # The ends are the k-th smallest and largest difference: the shifts in between are not rejected.
        k = found.smallest_kept(confidence)
        if 1 <= k <= (pairs.size + 1) // 2:
            low, high = float(pairs[k - 1]), float(pairs[-k])
    at_zero = 0.0 in {low, high} and found.p < 1 - confidence
    return row(
        contrast=contrast,
        estimate=shift,
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        u=found.u,
        superiority=found.u / (m * n),
        p=found.p,
        median_a=np.median(a),
        median_b=np.median(b),
        n_a=m,
        n_b=n,
        method=f"Mann-Whitney, {found.method}; Hodges-Lehmann shift, interval of the shifts that the same test keeps",
        n=obs.n,
        n_missing=obs.n_missing,
        note=notes(
            "undefined: all values are equal" if np.isnan(found.u) else "",
            "too few values for an interval of the shift" if np.isnan(low) and m * n <= PAIRS_LIMIT else "",
            f"{m * n} pairs are too many for the shift" if m * n > PAIRS_LIMIT else "",
            "the interval ends at 0, where values of the two groups are tied: 0 itself does not belong to it"
            if at_zero
            else "",
            obs.note,
        ),
    )


def _several(
    value: ColumnLike, group: ColumnLike, data: pd.DataFrame | None
) -> tuple[list[Any], list[FloatArray], Observations]:
    obs = observations(data, numeric={"value": value}, categorical={"group": group})
    names = sorted(pd.unique(pd.Series(obs["group"])), key=str)
    if len(names) < 2:
        raise TableError(
            f"group has one class only ({names[0]!r}), so there is nothing to compare. Pass two groups or more."
        )
    return names, [obs["value"][obs["group"] == name] for name in names], obs


def one_way_anova(
    value: ColumnLike, group: ColumnLike, *, levene_center: str = "median", data: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Do the means of several groups differ? One-way analysis of variance.

    ``F = mean square between / mean square within``. A small p says that not all means are equal; `tukey_hsd` says
    which.

    Parameters
    ----------
    value, group, data
        As in `t_test`; two groups or more.
    levene_center : {"median", "mean"}
        What Levene's test of equal spread measures the distances from: the median (Brown and Forsythe, the steadier
        one), or the mean (Levene, the first line that SPSS prints).

    Returns
    -------
    DataFrame
        One row: estimate (eta squared), f, df_between, df_within, p, levene_p (of equal spread), method, n,
        n_groups, n_missing, note.

    Raises
    ------
    TableError
        There is one group only, or the columns cannot be used.

    References
    ----------
    Checked against scipy.stats.f_oneway.

    Examples
    --------
    >>> one_way_anova([1, 2, 3, 2, 3, 4, 5, 6, 7], list("aaabbbccc")).round(4)[["f", "p"]].iloc[0].tolist()
    [13.0, 0.0066]
    """
    center = np.median if choice(levene_center, "levene_center", ("median", "mean")) == "median" else np.mean
    names, samples, obs = _several(value, group, data)
    k, n = len(names), obs.n
    grand = obs["value"].mean()
    between = float(sum(s.size * (s.mean() - grand) ** 2 for s in samples))
    within = float(sum(((s - s.mean()) ** 2).sum() for s in samples))
    spread = any(np.ptp(s) for s in samples)
    defined = spread and n > k
    f, p, levene = NAN, NAN, NAN
    if defined:
        f = (between / (k - 1)) / (within / (n - k))
        p = float(special.fdtrc(k - 1, n - k, f))
        deviations = [np.abs(s - center(s)) for s in samples]
        if any(np.ptp(d) for d in deviations):
            levene = float(scipy.stats.f_oneway(*deviations).pvalue) if min(s.size for s in samples) > 1 else NAN
    return row(
        estimate=between / (between + within) if defined else NAN,
        f=f,
        df_between=k - 1,
        df_within=n - k,
        p=p,
        levene_p=levene,
        method=f"one-way ANOVA, equal variances; Levene's test around the {levene_center}"
        + (" (Brown-Forsythe)" if levene_center == "median" else ""),
        n=n,
        n_groups=k,
        n_missing=obs.n_missing,
        note=notes(
            "" if defined else "undefined: there is no spread within the groups",
            "the spread differs between the groups (Levene p < 0.05)" if levene < 0.05 else "",
            obs.note,
        ),
    )


def tukey_hsd(
    value: ColumnLike, group: ColumnLike, *, data: pd.DataFrame | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Which pairs of groups differ: Tukey's honestly significant difference (Tukey-Kramer for unequal sizes).

    p and intervals are corrected for the number of pairs: all intervals hold at once with the confidence given.

    Parameters
    ----------
    value, group, data
        As in `one_way_anova`.
    confidence : float
        Of all intervals together.

    Returns
    -------
    DataFrame
        One row per pair: contrast ("b - a"), estimate (difference of means), ci_low, ci_high, confidence, p
        (corrected), method, n (of all groups), n_a, n_b, n_missing, note.

    Raises
    ------
    TableError
        As in `one_way_anova`.

    References
    ----------
    Tukey (1949) doi:10.2307/3001913. Computed by scipy.stats.tukey_hsd; checked against statsmodels.

    Examples
    --------
    >>> test = tukey_hsd([1, 2, 3, 2, 3, 4, 5, 6, 7], list("aaabbbccc"))
    >>> test.round(3)[["contrast", "estimate", "p"]].values.tolist()
    [['b - a', 1.0, 0.483], ['c - a', 4.0, 0.006], ['c - b', 3.0, 0.024]]
    """
    check_confidence(confidence)
    names, samples, obs = _several(value, group, data)
    why = ""
    if not any(np.ptp(s) for s in samples) or obs.n <= len(names):
        why = "undefined: there is no spread within the groups"
    elif min(s.size for s in samples) < 2:
        why = "undefined: a group has one value only"
    found: Any = None if why else scipy.stats.tukey_hsd(*samples)
    interval = None if found is None else found.confidence_interval(confidence)
    return rows(
        {
            "contrast": f"{names[j]} - {names[i]}",
            "estimate": float(samples[j].mean() - samples[i].mean()),
            "ci_low": NAN if interval is None else float(interval.low[j, i]),
            "ci_high": NAN if interval is None else float(interval.high[j, i]),
            "confidence": confidence,
            "p": NAN if found is None else float(found.pvalue[j, i]),
            "method": "Tukey-Kramer HSD",
            "n": obs.n,
            "n_a": samples[j].size,
            "n_b": samples[i].size,
            "n_missing": obs.n_missing,
            "note": notes(why, obs.note),
        }
        for i, j in combinations(range(len(names)), 2)
    )
