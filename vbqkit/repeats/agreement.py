"""How well the readings of one's own cases agree: Bland-Altman, SEM, and ICC where there are enough cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from vbqkit.repeats.readings import CaseReadings
from vbqkit.stats.limits_of_agreement import bland_altman
from vbqkit.stats.reliability import icc, measurement_error
from vbqkit.stats.result import NAN

FEWEST_FOR_ICC = 10
"""With fewer cases no ICC is given: with 9 an ICC of 0.90 has a 95 % interval of 0.62 to 0.98. Our choice; Koo and Li
(2016) ask for 30."""

WANTED_FOR_ICC = 30
"""Cases that Koo and Li (2016) doi:10.1016/j.jcm.2016.02.012 ask for, as a rule of thumb."""

ICC_MODEL = (
    "ICC(A,1) of McGraw and Wong 1996, which is ICC(2,1) of Shrout and Fleiss 1979: two-way model, absolute agreement, one reading; a bias between "
    "the readings lowers it"
)
"""The form of the ICC, as it must be stated."""

_COLUMNS = ("code", "score", "reader1", "reader2", "read_on1", "read_on2", "reading1", "reading2", "proposed")


def readings_table(cases: Iterable[CaseReadings]) -> pd.DataFrame:
    """One row a case and score that has both readings.

    Returns
    -------
    DataFrame
        code, score, reader1, reader2, read_on1, read_on2, reading1, reading2 (the values), proposed (whether either
        reading took a ROI as it was proposed automatically).
    """
    rows = []
    for case in cases:
        one, two = case.reading(1), case.reading(2)
        if one is None or two is None:
            continue
        rows += [
            (
                case.code,
                score,
                one.reader,
                two.reader,
                one.read_on,
                two.read_on,
                value,
                two.scores[score],
                bool(one.proposed or two.proposed),
            )
            for score, value in one.scores.items()
            if score in two.scores
        ]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def reading_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Agreement of two readings over the cases of a folder, for each score.

    Difference = first - second reading. SEM: standard error of measurement by agreement, ``sqrt(E + (J - E)/n)``. The
    ICC is ICC(A,1): two-way, absolute agreement, of one reading. Cases of one reader and of two readers are kept apart,
    as the one is intra-reader and the other inter-reader agreement.

    Parameters
    ----------
    table : DataFrame
        From :func:`readings_table`.

    Returns
    -------
    DataFrame
        For each score and kind five rows: score, kind ("one reader" or "two readers"), quantity ("bias", "lower
        limit", "upper limit", "SEM", "ICC(A,1)"), estimate, ci_low, ci_high, n (cases), method, note. Estimates that
        are not given are nan, and the note says why: everything with one case, the ICC below 10.

    References
    ----------
    Bland and Altman (1986); Koo and Li (2016) doi:10.1016/j.jcm.2016.02.012; McGraw and Wong (1996)
    doi:10.1037/1082-989X.1.1.30. Checked against the peak flow meters of Bland and Altman: bias -2.12, SEM 27.4.

    Examples
    --------
    >>> pairs = [(2.9, 2.8), (3.4, 3.5), (2.5, 2.5)]
    >>> table = pd.DataFrame([("c", "VBQ-T1 (median)", "A", "A", a, b) for a, b in pairs])
    >>> table.columns = ["code", "score", "reader1", "reader2", "reading1", "reading2"]
    >>> found = reading_agreement(table).set_index("quantity")
    >>> round(float(found.estimate["SEM"]), 3), found.note["ICC(A,1)"].startswith("not given")
    (0.071, True)
    """
    rows: list[dict[Any, Any]] = []
    named = table.assign(kind=(table["reader1"] == table["reader2"]).map({True: "one reader", False: "two readers"}))
    for (score, kind), pairs in named.groupby(["score", "kind"], sort=False):
        rows += [{"score": score, "kind": kind, "n": len(pairs)} | row for row in _of_pairs(pairs)]
    columns = ["score", "kind", "quantity", "estimate", "ci_low", "ci_high", "n", "method", "note"]
    return pd.DataFrame(rows, columns=columns)


def _of_pairs(pairs: pd.DataFrame) -> list[dict[Any, Any]]:
    n = len(pairs)
    if n < 2:
        why = "not given: one case has no spread. Read more cases twice"
        return [_row(q, why) for q in ("bias", "lower limit", "upper limit", "SEM", "ICC(A,1)")]
    limits = bland_altman(pairs["reading1"], pairs["reading2"], scale="absolute", limits_interval="exact")
    found = [_taken(row, str(row["quantity"])) for row in limits.to_dict("records")[:3]]
    ratings = pairs[["reading1", "reading2"]]
    errors = measurement_error(ratings).to_dict("records")
    found.append(_taken(next(r for r in errors if r["quantity"] == "SEM" and r["form"] == "agreement"), "SEM"))
    if n < FEWEST_FOR_ICC:
        why = (
            f"not given: {n} cases; below {FEWEST_FOR_ICC} its interval covers nearly everything, and it depends on how much the cases differ. "
            f"{WANTED_FOR_ICC} are wanted (Koo and Li 2016)"
        )
        return [*found, _row("ICC(A,1)", why)]
    six = icc(ratings).to_dict("records")
    one = _taken(next(row for row in six if row["mcgraw_wong"] == "ICC(A,1)"), "ICC(A,1)")
    one["method"] = ICC_MODEL
    if n < WANTED_FOR_ICC:
        few = f"{n} cases; {WANTED_FOR_ICC} are wanted (Koo and Li 2016)"
        one["note"] = "; ".join(filter(None, (few, str(one["note"]))))
    return [*found, one]


def _taken(row: dict[Any, Any], quantity: str) -> dict[Any, Any]:
    return {"quantity": quantity} | {name: row[name] for name in ("estimate", "ci_low", "ci_high", "method", "note")}


def _row(quantity: str, why: str) -> dict[Any, Any]:
    return {"quantity": quantity, "estimate": NAN, "ci_low": NAN, "ci_high": NAN, "method": "", "note": why}
