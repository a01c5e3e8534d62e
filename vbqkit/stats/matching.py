"""One control for each case: the same sex and age, and the nearest date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy

from vbqkit.errors import TableError
from vbqkit.stats.observations import FloatArray, case_labels, choice, column, labels, numbers, scalar


def match_pairs(
    data: pd.DataFrame,
    *,
    group: str,
    age: str,
    date: str,
    exact: Sequence[str] = ("sex",),
    age_tolerance: float = 0.0,
    case: Any = None,
    order: str = "optimal",
) -> pd.DataFrame:
    """Match each case to one control of the same sex and age; of several, to the one examined on the nearest date.

    No control is used twice. "optimal" first makes as many pairs as can be made and then the sum of days as small as
    can be; "in-order" gives each case in turn the nearest control that is left, as is done by hand, and may leave a
    case without one that another order would have served.

    Parameters
    ----------
    data : DataFrame
        One row per person.
    group : str
        Column that says who is a case.
    age : str
        Column of ages in years.
    date : str
        Column of dates, as datetimes or as texts such as 2024-07-31.
    exact : sequence of str
        Columns that must agree exactly.
    age_tolerance : float
        Largest difference of age allowed, in years; 0 is the same age.
    case : label, optional
        The label of the cases; True (1) for a column of True and False.
    order : {"optimal", "in-order"}
        See above; "in-order" is Huang's (2026) wording.

    Returns
    -------
    DataFrame
        One row per case, in their order: pair (number; missing when unmatched), case_row, control_row (row labels of
        `data`; the second missing when unmatched), age_case, age_control, age_difference, date_case, date_control,
        days (apart), method, note.

    Raises
    ------
    TableError
        A column is missing or holds what it should not; a date cannot be read.

    References
    ----------
    Huang et al. (2026) doi:10.1177/21925682251339995 matched so; optimal assignment: Rosenbaum (1989)
    doi:10.1080/01621459.1989.10478868.

    Examples
    --------
    >>> people = pd.DataFrame({"fracture": [1, 0, 0], "sex": list("fff"), "age": [70, 70, 70],
    ...                        "mr_date": ["2024-03-01", "2023-01-10", "2024-02-20"]})
    >>> pair = match_pairs(people, group="fracture", age="age", date="mr_date").iloc[0]
    >>> print(pair.control_row, pair.days)
    2 10.0
    """
    choice(order, "order", ("optimal", "in-order"))
    age_tolerance = scalar(age_tolerance, "age_tolerance", at_least=0)
    is_case, usable = _who(data, group, case)
    years = numbers(column(age, "age", data), age)
    days = _days(data, date)
    keys = []
    for name in exact:
        values, absent = labels(column(name, "exact", data), name)
        keys.append(values)
        usable &= ~absent
    usable &= ~np.isnan(years) & ~np.isnan(days)
    cases, controls = np.flatnonzero(is_case & usable), np.flatnonzero(~is_case & usable)
    allowed = np.abs(years[cases][:, None] - years[controls][None, :]) <= age_tolerance + 1e-9
    for values in keys:
        allowed &= values[cases][:, None] == values[controls][None, :]
    gap = np.abs(days[cases][:, None] - days[controls][None, :])
    partner = _assign(gap, allowed, order)
    return _table(
        data,
        np.flatnonzero(is_case),
        usable,
        dict(zip(cases.tolist(), [None if c < 0 else int(controls[c]) for c in partner], strict=True)),
        years,
        days,
        date,
        order,
    )


def _who(data: pd.DataFrame, group: str, case: Any) -> tuple[Any, Any]:
    values, absent = labels(column(group, "group", data), group)
    is_case = np.zeros(len(values), dtype=bool)
    is_case[~absent] = case_labels(values[~absent], case=case, name=group)
    return is_case, ~absent


def _days(data: pd.DataFrame, date: str) -> FloatArray:
    """Dates as days, a missing one as nan."""
    values = column(date, "date", data)
    read = pd.to_datetime(
        values, errors="coerce", format=None if pd.api.types.is_datetime64_any_dtype(values) else "ISO8601"
    )
    lost = np.flatnonzero(read.isna().to_numpy() & ~values.isna().to_numpy())
    if lost.size:
        raise TableError(
            f"{date} holds {values.iloc[lost[0]]!r} in row {values.index[lost[0]]}; a date such as 2024-07-31 was expected. Write it year-month-day."
        )
    since = (read - pd.Timestamp("2000-01-01")).dt.total_seconds() / 86_400
    return np.asarray(since, dtype=float)


def _assign(gap: FloatArray, allowed: Any, order: str) -> list[int]:
    """For each case the place of its control, or -1."""
    n_case, n_control = gap.shape
    if n_control == 0:
        return [-1] * n_case
    if order == "in-order":
        free = np.ones(n_control, dtype=bool)
        chosen = []
        for i in range(n_case):
            cost = np.where(allowed[i] & free, gap[i], np.inf)
            best = int(cost.argmin())
            chosen.append(best if np.isfinite(cost[best]) else -1)
            if chosen[-1] >= 0:
                free[best] = False
        return chosen
    # An unmatched case costs more than all gaps together, so the number of pairs comes first.
    dear = (float(gap[allowed].max()) if allowed.any() else 0.0) * n_case + 1.0
    cost = np.hstack([np.where(allowed, gap, 4 * dear * n_case), np.full((n_case, n_case), dear)])
    rows_found, places = scipy.optimize.linear_sum_assignment(cost)
    chosen = [-1] * n_case
    for i, j in zip(rows_found.tolist(), places.tolist(), strict=True):
        if j < n_control and allowed[i, j]:
            chosen[i] = j
    return chosen


def _table(
    data: pd.DataFrame,
    all_cases: Any,
    usable: Any,
    partner: dict[int, int | None],
    years: FloatArray,
    days: FloatArray,
    date: str,
    order: str,
) -> pd.DataFrame:
    index, dates = data.index, data[date]
    table, pair = [], 0
    for i in all_cases.tolist():
        j = partner.get(i)
        pair += j is not None
        note = "" if j is not None else "unmatched: no control of the same kind and age is left"
        if not usable[i]:
            note = "unmatched: a value is missing"
        table.append(
            {
                "pair": pair if j is not None else None,
                "case_row": index[i],
                "control_row": None if j is None else index[j],
                "age_case": float(years[i]),
                "age_control": np.nan if j is None else float(years[j]),
                "age_difference": np.nan if j is None else float(years[i] - years[j]),
                "date_case": dates.iloc[i],
                "date_control": None if j is None else dates.iloc[j],
                "days": np.nan if j is None else abs(float(days[i] - days[j])),
                "method": f"1:1, {order}, nearest date",
                "note": note,
            }
        )
    return pd.DataFrame(table)
