"""The literature ledger: every number of the five papers that can be recomputed, recomputed, with a verdict."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache

import pandas as pd

from vbqkit.literature import paper_000, paper_001_groups, paper_002, paper_003, paper_004_groups
from vbqkit.literature.ledger_row import LedgerRow
from vbqkit.literature.printed import printed_numbers

_PAPERS = (paper_000, paper_001_groups, paper_002, paper_003, paper_004_groups)


@cache
def ledger_rows() -> tuple[LedgerRow, ...]:
    """Every row of the ledger, with the keys of the numbers it recomputes and of those it recomputes them from."""
    return tuple(row for paper in _PAPERS for row in paper.ledger_rows())


def ledger() -> pd.DataFrame:
    """The printed value, the recomputed value, the method and a verdict, for each number that can be recomputed.

    A printed number stands for every value that rounds to it: 0.60 for 0.595 to 0.605. A recomputed number has the
    limits that the rounding of its inputs leaves. The verdicts:

    "agrees within rounding"
        the two have a value in common;
    "agrees within what the summary allows"
        the inputs do not fix the result, and it is among those that they leave open (bounds, or 95 % of samples with
        the printed means and SDs);
    "disagrees"
        neither; `note` says in one line what is behind it.

    A row is a confrontation: a number can have several (its percentage and its test), and a claim in words has one,
    too.

    Returns
    -------
    DataFrame
        source, item, printed, recomputed, method, verdict, note; all text.

    Examples
    --------
    >>> rows = ledger()
    >>> rows[rows["item"] == "Table 3: specificity (%), VBQ-T2"][["printed", "recomputed", "verdict"]].iloc[0].tolist()
    ['59.3', '49/84 = 58.33 %, 50/84 = 59.52 %', 'disagrees']
    """
    columns = ["source", "item", "printed", "recomputed", "method", "verdict", "note"]
    return pd.DataFrame([asdict(row) for row in ledger_rows()])[columns]


def coverage() -> pd.DataFrame:
    """What the ledger does with each printed number and why: recomputed, repeated, used for others, or neither.

    Returns
    -------
    DataFrame
        `printed_numbers` with status ("recomputed"; "repeated": only compared with another place that prints it;
        "used"; "not recomputable"), rows (how many rows of the ledger recompute it) and verdict (the worst of them,
        empty where there is none).

    Examples
    --------
    >>> table = coverage()
    >>> sorted(table["status"].unique().tolist())
    ['not recomputable', 'recomputed', 'repeated', 'used']
    """
    table = printed_numbers().drop(columns="decimals")
    rank = {"": 0, "agrees within rounding": 1, "agrees within what the summary allows": 2, "disagrees": 3}
    worst: dict[tuple[str, str], str] = {}
    count: dict[tuple[str, str], int] = {}
    used: set[tuple[str, str]] = set()
    computed: set[tuple[str, str]] = set()
    for row in ledger_rows():
        used |= {(row.source, key) for key in row.inputs}
        for key in row.numbers:
            name = (row.source, key)
            count[name] = count.get(name, 0) + 1
            computed |= set() if row.repeats else {name}
            worst[name] = max(worst.get(name, ""), row.verdict, key=rank.__getitem__)
    names = list(zip(table["source"], table["key"], strict=True))
    table["status"] = [
        "recomputed"
        if name in computed
        else "repeated"
        if name in count
        else "used"
        if name in used
        else "not recomputable"
        for name in names
    ]
    table["rows"] = [count.get(name, 0) for name in names]
    table["verdict"] = [worst.get(name, "") for name in names]
    return table


def coverage_summary() -> pd.DataFrame:
    """How many numbers the papers print and what the ledger does with them, 1 row per paper and 1 for all.

    Returns
    -------
    DataFrame
        source, printed, recomputed, repeated (only compared with another place that prints it), used (as inputs only),
        not_recomputable, disagreeing (numbers with a row that disagrees).
    """
    table = coverage()
    parts = [(source, part) for source, part in table.groupby("source")]
    return pd.DataFrame(
        [
            {
                "source": source,
                "printed": len(part),
                "recomputed": int((part["status"] == "recomputed").sum()),
                "repeated": int((part["status"] == "repeated").sum()),
                "used": int((part["status"] == "used").sum()),
                "not_recomputable": int((part["status"] == "not recomputable").sum()),
                "disagreeing": int((part["verdict"] == "disagrees").sum()),
            }
            for source, part in [*parts, ("all", table)]
        ]
    )
