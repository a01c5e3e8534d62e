"""Many tests at once: p that are adjusted for their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.observations import choice, numbers
from vbqkit.stats.result import NAN, rows

ADJUSTMENTS = {
    "holm": "Holm, holds the chance of one false finding or more",
    "bonferroni": "Bonferroni, holds the chance of one false finding or more",
    "benjamini-hochberg": "Benjamini-Hochberg, holds the expected share of false findings",
}


def adjust_p(p: Mapping[str, float] | Sequence[float], *, adjustment: str) -> pd.DataFrame:
    """P of several tests, adjusted for how many they are.

    Of 20 tests of nothing one is "significant". Holm's ``max over the smaller ones of (m - i + 1) p_(i)`` keeps the
    chance that any finding is false below the level, and is never worse than Bonferroni's ``m p``.
    Benjamini-Hochberg's ``min over the larger ones of m p_(i)/i`` keeps the expected share of false ones among the
    findings below it, which is what exploring many measures asks for.

    Parameters
    ----------
    p : mapping of name to float, or sequence of float
        All tests that were made, the dull ones too. A missing p (nan) is kept as missing and not counted.
    adjustment : {"holm", "benjamini-hochberg", "bonferroni"}
        What is to be held.

    Returns
    -------
    DataFrame
        One row per test, in the order given: term, p, p_adjusted (compare it with the level as it is), n_tests, method,
        note.

    Raises
    ------
    TableError
        There is no p, or one lies outside 0 to 1.

    References
    ----------
    Holm (1979) Scand J Stat 6:65-70; Benjamini and Hochberg (1995) doi:10.1111/j.2517-6161.1995.tb02031.x. Checked
    against R's p.adjust.

    Examples
    --------
    >>> table = adjust_p({"L1": 0.01, "L2": 0.04, "L3": 0.03, "L4": 0.005}, adjustment="holm")
    >>> table.round(3)["p_adjusted"].tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    choice(adjustment, "adjustment", ADJUSTMENTS)
    names: list[Any] = list(p) if isinstance(p, Mapping) else list(range(1, len(p) + 1))
    values = numbers(list(p.values()) if isinstance(p, Mapping) else list(p), "p")
    there = ~np.isnan(values)
    if not there.any():
        raise TableError("There is no p to adjust. Pass the p of every test that was made.")
    bad = np.flatnonzero(there & ((values < 0) | (values > 1)))
    if bad.size:
        raise TableError(f"p of {names[bad[0]]} is {values[bad[0]]:g}; a number from 0 to 1 was expected. Correct it.")
    m = int(there.sum())
    order = np.argsort(values[there], kind="stable")
    ordered = values[there][order]
    if adjustment == "holm":
        ordered = np.maximum.accumulate(ordered * np.arange(m, 0, -1))
    elif adjustment == "bonferroni":
        ordered = ordered * m
    else:
        ordered = np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1]
    adjusted = np.full(values.size, NAN)
    back = np.empty(m)
    back[order] = np.minimum(ordered, 1.0)
    adjusted[there] = back
    return rows(
        {
            "term": name,
            "p": values[i],
            "p_adjusted": adjusted[i],
            "n_tests": m,
            "method": ADJUSTMENTS[adjustment],
            "note": "" if there[i] else "undefined: p is missing",
        }
        for i, name in enumerate(names)
    )
