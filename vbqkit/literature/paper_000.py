"""Košice group 2025 recomputed: five women with osteoporosis, Hitachi 1.2 T, SNR and M-score against DEXA."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbqkit.literature.checks import check_correlation_p, check_repeats
from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range, over
from vbqkit.literature.recompute import correlation_p
from vbqkit.literature.tables import kosice_patients
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.stats.correlation import spearman

PATIENTS = ("1", "2", "3", "4", "5")


def ledger_rows() -> list[LedgerRow]:
    """Every row of the ledger about the Košice group 2025."""
    ledger = Ledger("Košice group 2025")
    _repeats(ledger)
    _ages_and_criteria(ledger)
    _snr(ledger)
    _m_score(ledger)
    _correlations(ledger)
    _extremes(ledger)
    _other_studies(ledger)
    return ledger.rows


def _repeats(ledger: Ledger) -> None:
    check_repeats(
        ledger,
        {
            "abstract.n": "methods.n",
            "methods.n_mri.patients": "methods.n",
            "methods.n_mri.young": "methods.ref.n",
            "limits1.n": "methods.n",
            "limits2.n": "methods.n",
            "limits1.field": "methods.field",
            "fig2.field": "methods.field",
            "limits2.field": "methods.field",
            "limits2.magnet": "methods.field",
            "limits2.foreign.low": "limits1.foreign.low",
            "limits2.foreign.high": "limits1.foreign.high",
            "fig1.age": "tab2.2.age",
            "fig1.bmd": "tab2.2.bmd",
            "fig1.t": "tab2.2.t",
            "fig1.tbs": "tab2.2.tbs",
            "fig2.age": "tab2.2.age",
            "fig2.snr": "tab2.2.snr",
            "fig2.m": "tab2.2.m",
            "r.snr_bmd": "r.m_bmd",
            "p.snr_bmd": "p.m_bmd",
            "r.snr_t": "r.m_t",
            "p.snr_t": "p.m_t",
            "foreign.m_t.b": "jain.r",
        },
        notes={
            "foreign.m_t.b": "study (6) is quoted with -0.651 here and, in the same bracket, with -0.48",
            "r.snr_t": "M-score and SNR rank the patients alike, so that their rank correlations are one",
        },
    )
    total = ledger.value("methods.n_mri.patients") + ledger.value("methods.n_mri.young")
    ledger.check(
        "methods.n_mri", Range.of(total), "sum of the groups", ("methods.n_mri.patients", "methods.n_mri.young")
    )
    ledger.check("methods.n", Range.of(len(kosice_patients())), "rows of Tab. 2", [f"tab2.{p}.age" for p in PATIENTS])


def _ages_and_criteria(ledger: Ledger) -> None:
    keys = [f"tab2.{p}.age" for p in PATIENTS]
    # Ages are completed years, so that each may be anything up to a year more; the paper averages them as they stand.
    ages = [ledger.value(key) for key in keys]
    ledger.check("methods.age.mean", Range.of(float(np.mean(ages))), "mean of the ages in Tab. 2", keys)
    ledger.check("methods.age.sd", Range.of(float(np.std(ages, ddof=1))), "SD (n - 1) of the ages in Tab. 2", keys)
    highest = max(PATIENTS, key=lambda p: ledger.value(f"tab2.{p}.t"))
    limit = ledger.value("methods.t_limit")
    ledger.claim(
        "DEXA examination: every patient's T-score lies below the limit",
        f"< {ledger.number('methods.t_limit').printed}",
        f"patient {highest}: {ledger.value(f'tab2.{highest}.t'):.1f}",
        "largest T-score of Tab. 2, at the one decimal that the device gives",
        holds=ledger.value(f"tab2.{highest}.t") < limit,
        numbers=("methods.t_limit",),
        inputs=[f"tab2.{p}.t" for p in PATIENTS],
        note="-2.5 is not below -2.5: patient 4 meets the WHO's limit (-2.5 or less), not the one that the paper states",
    )
    for side, columns in (("short", 512), ("long", 948)):
        ledger.check(
            f"methods.fov_{side}",
            over(lambda pixel, n=columns: pixel * n / 10, ledger["methods.pixel"]),
            f"pixel size x {columns} pixels (a whole number that fits)",
            ("methods.pixel",),
            exact=False,
        )
    ledger.check(
        "methods.pixel",
        over(lambda side: side * 10 / 512, ledger["methods.fov_short"]),
        "short side of the field of view / 512 pixels",
        ("methods.fov_short", "methods.fov_long"),
        exact=False,
    )


def _snr(ledger: Ledger) -> None:
    for level in SCORED_LEVELS:
        keys = [f"tab1.{p}.{level}" for p in PATIENTS]
        ledger.check(
            f"tab1.average.{level}", over(_mean, *(ledger[k] for k in keys)), "mean of the five patients", keys
        )
    for patient in PATIENTS:
        keys = [f"tab1.{patient}.{level}" for level in SCORED_LEVELS]
        ledger.check(
            f"tab2.{patient}.snr", over(_mean, *(ledger[k] for k in keys)), "mean of the four levels in Tab. 1", keys
        )


def _mean(*values: float) -> float:
    return float(np.mean(values))


def reference_sd(ledger: Ledger, patients: tuple[str, ...]) -> Range:
    """The SD of the reference group that the printed M-scores of these patients imply; empty when low exceeds high.

    ``SD_ref = (SNR - SNR_ref) / M``, with ``SNR_ref`` the mean of the four printed level averages.
    """
    center = _reference_mean(ledger)
    each = [
        over(lambda snr, ref, m: (snr - ref) / m, ledger[f"tab2.{p}.snr"], center, ledger[f"tab2.{p}.m"])
        for p in patients
    ]
    low, high = max(r.low for r in each), min(r.high for r in each)
    return Range((low + high) / 2, low, high)


def _reference_mean(ledger: Ledger) -> Range:
    return over(_mean, *(ledger[f"tab1.reference.{level}"] for level in SCORED_LEVELS))


def _m_score(ledger: Ledger) -> None:
    center = _reference_mean(ledger)
    reference = [f"tab1.reference.{level}" for level in SCORED_LEVELS]
    every = reference_sd(ledger, PATIENTS)
    ledger.claim(
        "Tab. 2: one SD of the reference group behind all five M-scores (the paper does not print it)",
        "one SD",
        f"SD_ref {every.text(2)}, SNR_ref {center.text(2)}",
        "SD_ref = (SNR - SNR_ref) / M for each patient; the five ranges must overlap",
        holds=every.low <= every.high,
        inputs=[*reference, *(f"tab2.{p}.{what}" for p in PATIENTS for what in ("snr", "m"))],
        note="the reference SNR 47.6 ± 5.4 comes from five women: its SD alone is uncertain by a factor of 0.6 to 2.9 (95 %)",
    )
    for patient in PATIENTS:
        others = tuple(p for p in PATIENTS if p != patient)
        sd = reference_sd(ledger, others)
        ledger.check(
            f"tab2.{patient}.m",
            over(lambda snr, ref, s: (snr - ref) / s, ledger[f"tab2.{patient}.snr"], center, sd),
            "(SNR - SNR_ref) / SD_ref, with the SD_ref that the other four patients imply",
            [f"tab2.{patient}.snr", *reference, *(f"tab2.{p}.{what}" for p in others for what in ("snr", "m"))],
            decimals=2,
        )


def spearman_exact(x: pd.Series[float], y: pd.Series[float]) -> tuple[float, float]:
    """Spearman's rho (mean ranks for ties) and its exact two-sided p over all orders of y."""
    found = spearman(x, y, p_value="exact")
    return float(found["estimate"].to_numpy()[0]), float(found["p"].to_numpy()[0])


def _by_t(rho: float, n: int) -> str:
    return "0" if abs(rho) > 1 - 1e-9 else f"{correlation_p(Range.of(rho), n, kind='spearman').value:.4f}"


def _correlations(ledger: Ledger) -> None:
    table = kosice_patients()
    n = len(table)

    def inputs(*columns: str) -> list[str]:
        return [f"tab2.{p}.{column}" for column in columns for p in PATIENTS]

    # Tied T-scores: the ranks are those of the printed values, which is what the authors had.
    for r_key, p_key, x, y, used in (
        ("r.m_bmd", "p.m_bmd", "m_score", "bmd_g_cm2", inputs("m", "bmd")),
        ("r.m_t", "p.m_t", "m_score", "t_score", inputs("m", "t")),
    ):
        rho, exact = spearman_exact(table[x], table[y])
        ledger.check(r_key, Range.of(rho), "Spearman, mean ranks, from Tab. 2", used)
        by_t = correlation_p(Range.of(rho), n, kind="spearman").value
        tied = bool(table[y].duplicated().any())
        ledger.check(
            p_key,
            Range.of(by_t if tied else exact),
            "Spearman, t distribution (T-scores are tied)" if tied else "Spearman, exact",
            used,
            note=f"exact p is {exact:.2f}" if tied else f"by the t distribution {by_t:.2f}",
        )
    for key, x, y, used, label in (
        ("r.snr_m", "snr", "m_score", inputs("snr", "m"), "SNR and M-score"),
        ("r.bmd_t", "bmd_g_cm2", "t_score", inputs("bmd", "t"), "BMD and T-score"),
    ):
        rho, exact = spearman_exact(table[x], table[y])
        ledger.check(key, Range.of(rho), "Spearman, mean ranks, from Tab. 2", used)
        ledger.claim(
            f"Results and discussion: significance of {label}",
            "not significant (and, beside r, ** for p < 0.01)",
            f"exact p = {exact:.3f}, by the t distribution {_by_t(rho, n)}",
            "Spearman, all orders of five patients",
            holds=exact > 0.05,
            numbers=(),
            inputs=(key, *used),
            note=f"significant at 0.05 even by the exact test, and the two asterisks contradict the words: r = {rho:.3f} of five is not chance",
        )
    rho, exact = spearman_exact(table["snr"], table["tbs"])
    used = inputs("snr", "tbs")
    slip = table["tbs"].where(table["patient"] != 5, 1.305)
    tied_rho, _ = spearman_exact(table["snr"], slip)
    ledger.check(
        "r.tbs",
        Range.of(rho),
        "Spearman, mean ranks, from Tab. 2",
        used,
        note=f"0.70 from the table as printed (Pearson {table['snr'].corr(table['tbs']):.2f}); {tied_rho:.3f} comes back if TBS of patient 5 was 1.305, tied with patient 3, not 1.355",
    )
    ledger.check(
        "p.tbs",
        Range.of(exact),
        "Spearman, exact, from Tab. 2",
        used,
        note=f"belongs to r = 0.82 (t distribution: {correlation_p(ledger['r.tbs'], n, kind='spearman').value:.3f}), not to the table; at r = 0.70 it is not close to 0.05",
    )


def _extremes(ledger: Ledger) -> None:
    table = kosice_patients()
    columns = ("t_score", "tbs", "snr", "m_score")
    top = {c: int(table.sort_values(c)["patient"].iloc[-1]) for c in columns}
    bottom = {c: int(table.sort_values(c)["patient"].iloc[0]) for c in columns}

    def inputs(*columns: str) -> list[str]:
        return [f"tab2.{p}.{column}" for column in columns for p in PATIENTS]

    ledger.check(
        "text.highest",
        Range.of(top["t_score"]),
        "largest values of Tab. 2",
        inputs("t", "tbs", "snr", "m"),
        text=f"T-score: patient {top['t_score']}; TBS: {top['tbs']}; SNR: {top['snr']}; M-score: {top['m_score']}",
        note="patient 3 has the highest SNR and M-score but the lowest T-score (-3.0); 'highest' holds for its size without the sign only",
    )
    ledger.check(
        "text.lowest",
        Range.of(bottom["tbs"]),
        "smallest values of Tab. 2",
        inputs("t", "tbs", "snr", "m"),
        text=f"T-score: patient {bottom['t_score']}; TBS: {bottom['tbs']}; SNR: {bottom['snr']}; M-score: {bottom['m_score']}",
        note="patient 4 has the highest T-score (-2.5), and the lowest TBS is patient 2's (1.193, patient 4 has 1.200)",
    )


def _other_studies(ledger: Ledger) -> None:
    n7 = int(ledger.value("egypt.n"))
    for key, what in (
        ("foreign.m_t.a", "M-score and T-score"),
        ("foreign.m_bmd", "M-score and BMD"),
        ("foreign.snr_t.a", "SNR and T-score"),
        ("foreign.snr_bmd", "SNR and BMD"),
    ):
        p = correlation_p(ledger[key], n7, kind="pearson")
        ledger.claim(
            f"Results and discussion: p of {what} in study (7), r = {ledger.number(key).printed}",
            ledger.number("foreign.p").printed,
            p.text(4),
            f"t distribution from r and n = {n7}",
            holds=ledger["foreign.p"].meets(p),
            numbers=("foreign.p", key),
            inputs=("egypt.n",),
            note=f"study (7) has {n7} patients, as the paper says: too few for p < 0.0001 with this r",
        )
    low, high = int(ledger.value("limits1.foreign.low")), int(ledger.value("limits1.foreign.high"))
    for key, what in (("foreign.m_t.c", "M-score and T-score"), ("foreign.snr_t.b", "SNR and T-score")):
        p = correlation_p(ledger[key], high, kind="pearson")
        ledger.claim(
            f"Results and discussion: p of {what} in study (5), r = {ledger.number(key).printed}",
            ledger.number("foreign.p").printed,
            p.text(2),
            f"t distribution from r and n = {high}, the largest study",
            holds=ledger["foreign.p"].meets(p),
            numbers=("foreign.p", key),
            inputs=("limits1.foreign.high", "limits1.foreign.low"),
            note="r = -0.067 is no correlation, however many patients; -0.67 would be one (Bandirali 2015 prints -0.677 and -0.682 for such pairs)",
        )
    for key, p_key, n in (("jain.r", "jain.p", low), ("egypt.snr_m.r", "egypt.snr_m.p", n7)):
        check_correlation_p(ledger, p_key, key, n)
    ledger.check(
        "egypt.snr_m.r",
        Range.of(1.0),
        "M-score = (SNR - SNR_ref) / SD_ref rises with SNR, on a straight line",
        (),
        text="+1",
        note="by the formula SNR and M-score correlate with exactly +1; -0.74 must be another pair, such as SNR and T-score",
    )
