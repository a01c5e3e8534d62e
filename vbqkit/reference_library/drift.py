"""Whether a group still stands for today's scanner: its SNR over time on a control chart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vbqkit.errors import TableError
from vbqkit.reference_library.group import STALE_MONTHS, MeasuredGroup, Member, day_of
from vbqkit.stats.control_chart import FEW, RULES, individuals_chart

MEMBERS = "members"
"""What the chart of the people is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One control chart of a group.

    Attributes
    ----------
    group : str
        Its name.
    of : str
        ``"members"``, or the code of a phantom or volunteer.
    table : DataFrame
        One row a scan in order of time: code, scanned_on, then the columns of
        :func:`vbqkit.stats.individuals_chart` without the note. Empty where there are too few for a chart.
    lines : tuple of str
        What it says, in words.
    changed : bool
        Whether a rule is broken after the baseline, or anywhere if all of it is baseline.
    """

    group: str
    of: str
    table: pd.DataFrame
    lines: tuple[str, ...]
    changed: bool


def group_drift(group: MeasuredGroup, *, today: dt.date | None = None) -> tuple[Drift, ...]:
    """The control charts of a group: one of its members, and one of each phantom or volunteer scanned again.

    Members differ by more than the scanner drifts, so their chart sees large steps only; a phantom scanned each week or
    month sees small ones. Limits come from the first 20 scans, or from all where there are no more.

    Parameters
    ----------
    group : MeasuredGroup
        From :func:`vbqkit.reference_library.read_library`.
    today : date, optional
        For how long ago the last scan was.

    Returns
    -------
    tuple of Drift
        Members first.

    References
    ----------
    See :func:`vbqkit.stats.individuals_chart`: Montgomery 2019; Western Electric 1956; Champ and Woodall 1987.
    """
    when = today or dt.datetime.now().astimezone().date()
    codes = dict.fromkeys(one.code for one in group.checks)
    series = [(MEMBERS, group.members), *((code, tuple(c for c in group.checks if c.code == code)) for code in codes)]
    return tuple(_drift(group.name, of, scans, when) for of, scans in series)


def _drift(group: str, of: str, scans: tuple[Member, ...], today: dt.date) -> Drift:
    ordered = sorted(scans, key=lambda one: day_of(one.scanned_on))
    lines: list[str] = []
    table, changed = pd.DataFrame(), False
    try:
        chart = individuals_chart([one.snr for one in ordered], baseline=FEW if len(ordered) > FEW else None)
    except TableError as error:
        lines.append(f"No control chart of {of}: {error}")
    else:
        table = chart.drop(columns="note")
        table.insert(0, "code", [one.code for one in ordered])
        table.insert(1, "scanned_on", [one.scanned_on for one in ordered])
        judged = table if len(table) <= FEW else table[~table["in_baseline"]]
        broken = judged[judged["rules"] != ""]
        changed = len(broken) > 0
        lines.append(_verdict(of, broken, table))
        lines += [f"{note[0].upper()}{note[1:]}." for note in dict.fromkeys(chart["note"]) if note]
    lines += _age(of, ordered, today)
    return Drift(group=group, of=of, table=table, lines=tuple(lines), changed=changed)


def _verdict(of: str, broken: pd.DataFrame, table: pd.DataFrame) -> str:
    first_row = table.iloc[0]
    limits = f"center {first_row['center']:.4g}, limits {first_row['lower']:.4g} to {first_row['upper']:.4g}"
    if not len(broken):
        return f"SNR of {of}: no Western Electric rule is broken in {len(table)} scans ({limits}). Small changes can go unseen."
    row: Any = broken.iloc[0]
    rules = " and ".join(RULES[int(number)] for number in row["rules"].split())
    return (
        f"SNR of {of} has changed: from {row['scanned_on']} on ({row['code']}: {row['value']:.4g}; {rules}; {limits}). The group may no longer stand for "
        "today's scanner. Ask what was changed (coil, software, service); if it is real, begin a new group. One signal in about 92 scans is chance."
    )


def _age(of: str, ordered: list[Member], today: dt.date) -> list[str]:
    if not ordered:
        return []
    last = day_of(ordered[-1].scanned_on)
    months = (today.year - last.year) * 12 + today.month - last.month
    if months < STALE_MONTHS:
        return []
    return [f"The last scan of {of} is {months} months old: nothing shows that the scanner is still as it was."]
