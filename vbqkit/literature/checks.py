"""The rows that several papers need: percentages, t tests, repeated numbers, intervals of an AUC, odds ratios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vbqkit.literature.bounds import delong_interval_bounds
from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range
from vbqkit.literature.recompute import (
    Group,
    auc_interval,
    auc_p,
    correlation_p,
    counts_p,
    odds_ratio_between,
    odds_ratio_p,
    percent,
    t_test_p,
    whole_counts,
)

SEED = 20260101
"""Of every simulation in the ledger, so that it prints the same digits each time."""


def group(ledger: Ledger, key: str, n: int) -> Group:
    """Mean, SD and size of a printed group; its numbers are ``key.mean`` and ``key.sd``."""
    return Group(ledger[f"{key}.mean"], ledger[f"{key}.sd"], n)


def check_repeats(ledger: Ledger, pairs: Mapping[str, str], *, notes: Mapping[str, str] | None = None) -> None:
    """Numbers that repeat another one of the same paper."""
    for key, original in pairs.items():
        ledger.same(key, original, note=(notes or {}).get(key, ""))


def check_percent(ledger: Ledger, key: str, count: str, n: int, *, of: Iterable[str] = (), note: str = "") -> LedgerRow:
    """A percentage whose count is printed beside it; a value cut off instead of rounded is said to be so."""
    k = int(ledger.value(count))
    found = percent(k, n)
    printed = ledger[key]
    step = printed.high - printed.low
    if not note and not printed.meets(found) and 0 < found.value - printed.value < step:
        note = f"{k}/{n} is {found.value:.3f} %: cut off after the last digit instead of rounded"
    return ledger.check(
        key, found, "percentage from counts", (count, *of), text=f"{k}/{n} = {found.value:.2f} %", note=note
    )


def check_share(
    ledger: Ledger, key: str, n: int, *, of: Iterable[str] = (), note: str = "", if_not: str = ""
) -> LedgerRow:
    """A percentage whose count is not printed, against the whole counts that could give it."""
    printed = ledger[key]
    counts = whole_counts(printed, n)
    nearest = counts[0] if counts else round(printed.value * n / 100)
    near = [nearest] if counts else sorted({nearest, int(printed.value * n / 100), int(printed.value * n / 100) + 1})
    text = ", ".join(f"{k}/{n} = {100 * k / n:.2f} %" for k in near)
    return ledger.check(
        key, percent(nearest, n), "percentage of a whole count", of, text=text, note=note, if_not=if_not
    )


def check_t_test(
    ledger: Ledger, key: str, a: Group, b: Group, inputs: Iterable[str], *, note: str = "", if_not: str = ""
) -> LedgerRow:
    """P of two printed means and SDs: Student's t test, or Welch's where only that gives the printed value."""
    student = t_test_p(a, b, equal_variances=True)
    welch = t_test_p(a, b, equal_variances=False)
    printed = ledger[key]
    use_welch = printed.meets(welch) and not printed.meets(student)
    found = welch if use_welch else student
    name = "Welch's" if use_welch else "Student's"
    return ledger.check(
        key,
        found,
        f"{name} t test from means, SDs and n = {a.n} and {b.n}",
        inputs,
        decimals=4,
        note=note,
        if_not=if_not,
    )


def check_counts_test(
    ledger: Ledger,
    key: str,
    successes: tuple[int, int],
    totals: tuple[int, int],
    inputs: Iterable[str],
    *,
    note: str = "",
    if_not: str = "",
) -> LedgerRow:
    """P of two proportions, by the first of four tests that gives the printed value, else by Pearson's chi-square."""
    tests = counts_p(successes, totals)
    printed = ledger[key]
    fitting = [name for name, p in tests.items() if printed.meets(Range.of(p))]
    name = fitting[0] if fitting else "chi-square"
    others = "; ".join(f"{other} {Range.of(p).text()}" for other, p in tests.items() if other != name)
    said = f"{successes[0]}/{totals[0]} against {successes[1]}/{totals[1]}"
    return ledger.check(
        key,
        Range.of(tests[name]),
        f"{name}, {said}",
        inputs,
        text=Range.of(tests[name]).text(4) if fitting else f"{Range.of(tests[name]).text()} ({others})",
        note=note,
        if_not=if_not,
    )


def check_correlation_p(
    ledger: Ledger, key: str, r: str, n: int, inputs: Iterable[str] = (), *, kind: str = "pearson", note: str = ""
) -> LedgerRow:
    """P of a printed correlation and its n."""
    found = correlation_p(ledger[r], n, kind=kind)
    return ledger.check(key, found, f"t distribution from r and n = {n}", (r, *inputs), decimals=4, note=note)


def check_auc(
    ledger: Ledger,
    key: str,
    n_case: int,
    n_control: int,
    *,
    auc: str | None = None,
    low: str | None = None,
    high: str | None = None,
    p: str | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Limits and p of a printed AUC: by Hanley and McNeil, else within what DeLong's method can give.

    Parameters
    ----------
    ledger : Ledger
        Of the paper.
    key : str
        The numbers are ``key.auc``, ``key.low``, ``key.high`` and ``key.p``, those that the paper prints.
    n_case, n_control : int
        Group sizes.
    auc, low, high, p : str, optional
        Keys of these numbers where they are called otherwise.
    notes : mapping, optional
        By key of the number.
    """
    notes = notes or {}
    auc_key = auc or f"{key}.auc"
    area = ledger[auc_key]
    low_key, high_key, p_key = low or f"{key}.low", high or f"{key}.high", p or f"{key}.p"
    for end, (number, by_formula) in enumerate(
        zip((low_key, high_key), auc_interval(area, n_case, n_control), strict=True)
    ):
        if number not in ledger.numbers:
            continue
        found, method = by_formula, "Hanley-McNeil interval of the AUC"
        exact = ledger[number].meets(by_formula)
        if not exact:
            rng = np.random.default_rng(SEED)
            found = delong_interval_bounds(area, n_case, n_control, rng=rng)[end]
            method = "DeLong intervals of 95 % of normal samples with this AUC"
        ledger.check(
            number,
            found,
            f"{method}, n = {n_case} and {n_control}",
            (auc_key,),
            exact=exact,
            if_not=notes.get(number, ""),
        )
    if p_key in ledger.numbers:
        ledger.check(
            p_key,
            auc_p(area, n_case, n_control),
            f"AUC against 0.5 with the variance at 0.5, n = {n_case} and {n_control}",
            (auc_key,),
            decimals=4,
            if_not=notes.get(p_key, ""),
        )


def check_odds_ratio(ledger: Ledger, key: str) -> None:
    """An odds ratio, its limits and its p against one another (Wald: symmetric on the log scale)."""
    odds, low, high = ledger[f"{key}.or"], ledger[f"{key}.low"], ledger[f"{key}.high"]
    limits = (f"{key}.low", f"{key}.high")
    ledger.check(f"{key}.or", odds_ratio_between(low, high), "geometric mean of the limits", limits)
    ledger.check(
        f"{key}.low", _other_limit(odds, high), "odds ratio squared over the upper limit", (f"{key}.or", f"{key}.high")
    )
    ledger.check(
        f"{key}.high", _other_limit(odds, low), "odds ratio squared over the lower limit", (f"{key}.or", f"{key}.low")
    )
    ledger.check(
        f"{key}.p",
        odds_ratio_p(odds, low, high),
        "Wald test from the odds ratio and its limits",
        (f"{key}.or", *limits),
        decimals=4,
    )


def _other_limit(odds: Range, limit: Range) -> Range:
    return Range(
        odds.value**2 / limit.value,
        odds.low**2 / limit.high,
        odds.high**2 / limit.low,
    )
