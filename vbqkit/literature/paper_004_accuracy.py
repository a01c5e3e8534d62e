"""Chen 2023 recomputed, scores: correlations, ROC analysis, cut-offs and who is called osteoporotic by which."""

from __future__ import annotations

from vbqkit.literature.bounds import auc_bounds
from vbqkit.literature.checks import check_auc, check_counts_test, check_percent, check_share, group
from vbqkit.literature.ledger_row import Ledger
from vbqkit.literature.printed import Range, over
from vbqkit.literature.recompute import correlation_in_both, correlation_p, correlations_differ_p, percent, whole_counts
from vbqkit.stats.rates import predictive_values

N, DEGENERATIVE, CONTROL = 235, 101, 134
BY_T_DEGENERATIVE, BY_T_CONTROL = 20, 27
"""Osteoporosis by T-score: 19.8 % of 101 and 20.1 % of 134, the only whole counts."""
LOW_CONTROL, LOW_DEGENERATIVE = 85, 66
"""T-score below -1, with the exchanged columns of that row of Table 2 put right."""


def add_rows(ledger: Ledger) -> None:
    """Add the rows about correlations, ROC analysis, cut-offs and prevalences."""
    _correlations(ledger)
    _compared_correlations(ledger)
    _prevalence(ledger)
    _roc(ledger)
    _cut_offs(ledger)
    _predictive_values(ledger)
    _discussion(ledger)


def _correlations(ledger: Ledger) -> None:
    for what in ("bmd", "t", "hu"):
        for side, n in (("deg", DEGENERATIVE), ("con", CONTROL)):
            key = f"table3.{what}.{side}"
            p = correlation_p(ledger[key], n, kind="pearson")
            ledger.claim(
                f"Table 3: {ledger.number(key).item} is significant",
                f"{ledger.number('table3.alpha').printed} (r = {ledger.number(key).printed})",
                f"p = {p.text(4)}",
                f"t distribution from r and n = {n}",
                holds=p.high < 0.05,
                numbers=("table3.alpha", key, *(() if what == "hu" else ("results.p_r",))),
                inputs=(f"table2.{side}.n",),
            )
    ledger.claim(
        "Results: VBQ and HU correlate beyond -0.6",
        f"> {ledger.number('results.r_hu').printed} in size",
        " and ".join(ledger.number(f"table3.hu.{side}").printed for side in ("deg", "con")),
        "Table 3",
        holds=all(ledger.value(f"table3.hu.{side}") < ledger.value("results.r_hu") for side in ("deg", "con")),
        numbers=("results.r_hu",),
        inputs=("table3.hu.deg", "table3.hu.con"),
    )
    for site, strength in (("neck", "moderate"), ("hip", "moderate"), ("spine", "strong"), ("lowest", "strong")):
        key = f"results.r_{site}"
        p = correlation_p(ledger[key], N, kind="pearson")
        ledger.claim(
            f"Results: p of {ledger.number(key).item.removeprefix('r of ')}",
            f"{ledger.number('results.p_r_all').printed} (r = {ledger.number(key).printed})",
            f"p = {p.text(4)}",
            f"t distribution from r and n = {N}",
            holds=ledger["results.p_r_all"].meets(p),
            numbers=("results.p_r_all", key),
            inputs=("results.n",),
        )
        size = abs(ledger.value(key))
        ledger.claim(
            f"Results: strength of {ledger.number(key).item.removeprefix('r of ')}",
            "high" if strength == "strong" else strength,
            "strong" if size > 0.5 else "moderate" if size > 0.3 else "weak",
            "limits of 0.3 and 0.5 (decimal points put right)",
            holds=(size > 0.5) == (strength == "strong"),
            inputs=(key, "methods.r.moderate.low", "methods.r.strong"),
        )
    grades = [f"methods.r.{k}" for k in ("weak.low", "weak.high", "moderate.low", "moderate.high", "strong")]
    ledger.claim(
        "Statistical analysis: limits of a weak, moderate and strong correlation",
        "1, 3 and 5",
        "0.1, 0.3 and 0.5",
        "|r| is at most 1",
        holds=False,
        numbers=grades,
        note="the decimal points are lost: no correlation lies between 1 and 5",
    )
    sides = (("deg", DEGENERATIVE), ("con", CONTROL))
    x = tuple(group(ledger, f"table2.vbq.{side}", n) for side, n in sides)
    y = tuple(group(ledger, f"table2.spine_t.{side}", n) for side, n in sides)
    ledger.check(
        "results.r_spine",
        correlation_in_both((x[0], x[1]), (y[0], y[1]), (ledger["table3.t.deg"], ledger["table3.t.con"])),
        "correlation of both groups together, from those within them, means and SDs",
        [
            "table3.t.deg",
            "table3.t.con",
            *(f"table2.{v}.{s}.{w}" for v in ("vbq", "spine_t") for s, _ in sides for w in ("mean", "sd")),
        ],
    )


def _compared_correlations(ledger: Ledger) -> None:
    """The paper's main conclusion, which it does not test: that VBQ correlates more in the control group."""
    for what, name in (("bmd", "L1-4 BMD"), ("t", "L1-4 T-score")):
        keys = [f"table3.{what}.{side}" for side in ("con", "deg")]
        p = correlations_differ_p(ledger[keys[0]], CONTROL, ledger[keys[1]], DEGENERATIVE)
        hu = correlations_differ_p(ledger["table3.hu.con"], CONTROL, ledger["table3.hu.deg"], DEGENERATIVE)
        ledger.claim(
            f"Conclusion: VBQ and {name} correlate more in the control group",
            f"r = {ledger.number(keys[0]).printed} against {ledger.number(keys[1]).printed}",
            f"p = {p.text()} for the difference",
            f"Fisher z test of two correlations, n = {CONTROL} and {DEGENERATIVE}",
            holds=p.high < 0.05,
            inputs=(*keys, "table2.con.n", "table2.deg.n"),
            note=f"two correlations were not compared: the difference may be chance, and with HU it goes the other way (p = {hu.value:.2f})",
        )
    ledger.claim(
        "Table 3: r of VBQ with L1-4 BMD and with L1 HU, control",
        f"{ledger.number('table3.bmd.con').printed} and {ledger.number('table3.hu.con').printed}",
        "the same three digits",
        "same digits in two cells",
        holds=True,
        exact=False,
        inputs=("table3.bmd.con", "table3.hu.con"),
        note="suspicion only: chance, or one cell copied into the other",
    )


def _prevalence(ledger: Ledger) -> None:
    for side, n, negative in (
        ("deg", DEGENERATIVE, DEGENERATIVE - BY_T_DEGENERATIVE),
        ("con", CONTROL, CONTROL - BY_T_CONTROL),
    ):
        head = (f"results.n.{side}",)
        check_share(ledger, f"results.prevalence_t.{side}", n, of=head)
        check_share(ledger, f"results.prevalence_vbq.{side}", n, of=head)
        check_share(ledger, f"results.missed.{side}", negative, of=(*head, f"results.prevalence_t.{side}"))
    for what, counts in (("t", (20, 27)), ("vbq", (54, 52))):
        check_counts_test(
            ledger,
            f"results.prevalence_{what}.p",
            counts,
            (DEGENERATIVE, CONTROL),
            [f"results.prevalence_{what}.{side}" for side in ("deg", "con")],
            note="a one-sided p; the two-sided one is 1.00 (chi-square 0.95)" if what == "t" else "",
        )
    check_percent(
        ledger, "results.scoliosis_vbq.percent", "results.scoliosis_vbq.count", 10, of=("results.scoliosis_vbq.n",)
    )
    ledger.check(
        "results.scoliosis_vbq.count",
        Range.of(10 - 6 + 4),
        "4 of 10 with osteoporosis by T-score (10 - 6) and 4 of the other 6 by VBQ, if VBQ finds all of the first",
        ("results.scoliosis_vbq.n", "discussion.scoliosis.n", "discussion.scoliosis.count"),
        exact=False,
    )


def _roc(ledger: Ledger) -> None:
    rest = CONTROL - BY_T_CONTROL
    for row, case, control in (
        ("osteopenia", LOW_CONTROL, CONTROL - LOW_CONTROL),
        ("osteoporosis", BY_T_CONTROL, rest),
    ):
        key = f"table4.{row}"
        check_auc(ledger, key, case, control)
        _bounds(ledger, f"{key}.auc", f"{key}.sensitivity", f"{key}.specificity")
        note = (
            "66, printed for the control group in Table 2, has no such count: that row's columns are exchanged"
            if row == "osteopenia"
            else ""
        )
        check_share(
            ledger, f"{key}.sensitivity", case, of=("table2.current.deg.count", "results.prevalence_t.con"), note=note
        )
        check_share(ledger, f"{key}.specificity", control, of=("table2.current.deg.count", "results.prevalence_t.con"))
    check_auc(  # the p that stands beside it, results.hu.p, is that of the two means
        ledger,
        "results.hu.auc",
        BY_T_CONTROL,
        rest,
        auc="results.hu.auc",
        low="results.hu.auc.low",
        high="results.hu.auc.high",
        notes={
            "results.hu.auc.high": "the lower limit is 0.071 below the AUC, so the upper one is near 0.936: 0.937 with a 0 slipped in (and it has four decimals)"
        },
    )
    ledger.check(
        "results.hu.auc.high",
        over(lambda a, low: 2 * a - low, ledger["results.hu.auc"], ledger["results.hu.auc.low"]),
        "as far above the AUC as the lower limit is below (normal interval, as for every other AUC here)",
        ("results.hu.auc", "results.hu.auc.low"),
        note="0.937 with a 0 slipped in after the decimal point: 0.9037 has four decimals where all others have three",
    )
    for row in ("osteopenia", "osteoporosis"):
        ledger.check(
            f"table4.{row}.high",
            over(lambda a, low: 2 * a - low, ledger[f"table4.{row}.auc"], ledger[f"table4.{row}.low"]),
            "as far above the AUC as the lower limit is below (normal interval)",
            (f"table4.{row}.auc", f"table4.{row}.low"),
        )
    _bounds(ledger, "results.hu.auc", "fig5.hu.sensitivity", "fig5.hu.specificity")
    exchanged = "24/27 = 88.89 % and 86/107 = 80.37 %: sensitivity and specificity of HU are exchanged"
    check_share(ledger, "fig5.hu.sensitivity", BY_T_CONTROL, of=("results.prevalence_t.con",), if_not=exchanged)
    check_share(ledger, "fig5.hu.specificity", rest, of=("results.prevalence_t.con",), if_not=exchanged)


def _bounds(ledger: Ledger, auc: str, sensitivity: str, specificity: str) -> None:
    def share(key: str) -> Range:
        r = ledger[key]
        return Range(r.value / 100, r.low / 100, r.high / 100)

    ledger.check(
        auc,
        auc_bounds(share(sensitivity), share(specificity)),
        "bounds on the AUC from the best Youden point",
        (sensitivity, specificity),
        exact=False,
    )


def _cut_offs(ledger: Ledger) -> None:
    for row in ("osteopenia", "osteoporosis"):
        number = ledger.number(f"table4.{row}.threshold")
        rounded = round(number.range.value, 1)
        adjusted = ledger.number(f"table4.{row}.adjusted")
        ledger.claim(
            f"Table 4: adjusted VBQ threshold, {row}",
            adjusted.printed,
            f"{rounded:.1f}",
            "threshold rounded to one decimal, as the text says",
            holds=rounded == adjusted.range.value,
            numbers=(adjusted.key,),
            inputs=(number.key,),
            note=""
            if rounded == adjusted.range.value
            else "2.83 is 2.8 to one decimal; 2.9 is rounded up, and moves patients from positive to negative",
        )
    found, missed = 19, 33
    source = ("results.prevalence_vbq.con", "results.missed.con", "results.prevalence_t.con")
    why = "52 of 134 are VBQ-positive and 33 of 107 without osteoporosis: at 2.9 it finds 19 of 27, so the rates of Table 4 belong to 2.83"
    for key, k, n in (
        ("sensitivity", found, BY_T_CONTROL),
        ("specificity", CONTROL - BY_T_CONTROL - missed, CONTROL - BY_T_CONTROL),
    ):
        ledger.check(
            f"table4.osteoporosis.{key}",
            percent(k, n),
            "at the adjusted threshold of 2.9, from the VBQ-positive controls (38.8 %) and those without osteoporosis by T-score (30.8 %)",
            source,
            text=f"{k}/{n} = {100 * k / n:.1f} %",
            note=why,
        )
    positive = 25 + (CONTROL - BY_T_CONTROL - 70)
    ledger.check(
        "results.prevalence_vbq.con",
        percent(positive, CONTROL),
        "VBQ-positive controls by the rates of Table 4: 25 of 27 and 37 of 107",
        ("table4.osteoporosis.sensitivity", "table4.osteoporosis.specificity", "results.prevalence_t.con"),
        text=f"{positive}/{CONTROL} = {100 * positive / CONTROL:.1f} %",
        note=why,
    )
    ledger.claim(
        "Results: T-scores of osteopenia",
        "-1 < T < -2.5",
        "-2.5 < T < -1",
        "no number is above -1 and below -2.5",
        holds=False,
        numbers=("results.osteopenia.low", "results.osteopenia.high"),
        note="the limits are exchanged",
    )


def _predictive_values(ledger: Ledger) -> None:
    rates = [ledger.value(f"table4.osteopenia.{k}") / 100 for k in ("sensitivity", "specificity")]
    values = predictive_values(rates[0], rates[1], prevalence=LOW_CONTROL / CONTROL).set_index("quantity")["estimate"]
    low = LOW_CONTROL + LOW_DEGENERATIVE
    tables = _cohort_tables(ledger, low)
    for key, quantity in (("results.ppv", "PPV"), ("results.npv", "NPV")):
        ledger.check(
            key,
            Range.of(100 * float(values[quantity])),
            "Bayes, with the rates of the osteopenia row of Table 4 and its prevalence of 85/134",
            (
                "table4.osteopenia.sensitivity",
                "table4.osteopenia.specificity",
                "table2.current.deg.count",
                "table2.con.n",
            ),
            decimals=1,
            note="not at the threshold of Table 4: in all 235 patients only 79/91 and 72/144 give both, a sensitivity of 52 % and specificity of 86 %",
        )
        ledger.claim(
            f"Results: {ledger.number(key).item}, in all 235 patients at some threshold",
            ledger.number(key).printed,
            "; ".join(f"PPV {a}/{b}, NPV {c}/{d}" for a, b, c, d in tables),
            f"whole counts of {low} patients with T-scores below -1 and {N - low} without that give both values",
            holds=bool(tables),
            exact=False,
            numbers=(key,),
            inputs=("results.n", "table2.current.deg.count", "table2.current.con.count"),
            note="the threshold is not said; it is not that of Table 4",
        )


def _cohort_tables(ledger: Ledger, low: int) -> list[tuple[int, int, int, int]]:
    """Whole counts (true positive, positive, true negative, negative) of patients that give both predictive values."""
    return [
        (tp, positive, tn, N - positive)
        for positive in range(1, N)
        for tp in whole_counts(ledger["results.ppv"], positive)
        for tn in whole_counts(ledger["results.npv"], N - positive)
        if tp + (N - positive - tn) == low
    ]


def _discussion(ledger: Ledger) -> None:
    check_percent(
        ledger,
        "discussion.identified.percent",
        "discussion.identified.count",
        DEGENERATIVE,
        of=("discussion.identified.n",),
    )
    ledger.check(
        "discussion.identified.count",
        Range.of(54),
        "VBQ-positive degenerative patients: 53.5 % of 101 in the results",
        ("results.prevalence_vbq.deg", "results.n.deg"),
        text="54 (or 38 without osteoporosis by T-score)",
        note="44 is neither the 54 that VBQ calls osteoporotic nor the 38 of them that the T-score missed; 44/101 is also the count of one-segment Modic changes",
    )
    check_percent(
        ledger, "discussion.scoliosis.percent", "discussion.scoliosis.count", 6, of=("discussion.scoliosis.n",)
    )
    check_share(ledger, "discussion.chin.percent", 759, of=("discussion.chin.n",))
    check_share(
        ledger,
        "discussion.osteoporosis.deg",
        DEGENERATIVE,
        of=("results.n.deg", "results.missed.deg"),
        note="the 38 that the T-score missed; by T-score 20 and by VBQ 54 of 101 have osteoporosis",
    )
    ledger.claim(
        "Discussion: degenerative patients with osteoporosis, in words",
        "more than 1 in 3",
        f"{ledger.value('discussion.osteoporosis.deg'):.1f} %",
        "the percentage beside it",
        holds=ledger.value("discussion.osteoporosis.deg") > 100 / 3,
        numbers=("discussion.one", "discussion.three"),
        inputs=("discussion.osteoporosis.deg",),
    )
    ledger.claim(
        "Discussion: degenerative patients with osteopenia (%)",
        ledger.number("discussion.osteopenia.deg").printed,
        "19/38 = 50.00 % of those whom the T-score missed",
        "whole counts (the paper does not say of whom)",
        holds=True,
        exact=False,
        numbers=("discussion.osteopenia.deg",),
        inputs=("results.missed.deg",),
        note="of all 101, Table 2 leaves 46 with osteopenia (45.5 %)",
    )
    counts = [(k[0], n) for n in range(2, N) if (k := whole_counts(ledger["discussion.osteopenia"], n))]
    ledger.claim(
        "Discussion: osteopenia behind the low specificity (%)",
        ledger.number("discussion.osteopenia").printed,
        f"{counts[0][0]}/{counts[0][1]} at the least",
        "whole counts (the paper does not say of whom)",
        holds=bool(counts),
        exact=False,
        numbers=("discussion.osteopenia",),
        inputs=("results.n",),
        note="no count out of its false positives (37, 33, 38 or 71) rounds to it; 28/38 = 73.68 % cut off would be 73.6",
    )
    negative, positive = N - BY_T_DEGENERATIVE - BY_T_CONTROL, 38 + 33
    splits = [
        (a, n, positive - a, negative - n)
        for n in range(1, negative)
        for a in whole_counts(ledger["discussion.rate.old"], n)
        if a <= positive and (positive - a) in whole_counts(ledger["discussion.rate.young"], negative - n)
    ]
    ledger.claim(
        "Discussion: VBQ-positive among T-score-negative, above and up to 60 years (%)",
        f"{ledger.number('discussion.rate.old').printed} and {ledger.number('discussion.rate.young').printed}",
        "; ".join(f"{a}/{b} and {c}/{d}" for a, b, c, d in splits) or "no such counts",
        f"whole counts of the {positive} VBQ-positive among {negative} patients (38 of 81 and 33 of 107), for any number above 60",
        holds=bool(splits),
        numbers=("discussion.rate.old", "discussion.rate.young"),
        inputs=("results.missed.deg", "results.missed.con", "results.n"),
        note="no split by age of these patients, or of either group alone, gives both percentages: they rest on other patients or another threshold",
    )
