"""Chen 2023 recomputed, groups: 101 patients with marked lumbar degeneration and 134 controls, Philips 3 T."""

from __future__ import annotations

import math

from scipy import special

from vbqkit.literature import paper_004_accuracy
from vbqkit.literature.bounds import ancova_bounds
from vbqkit.literature.checks import (
    check_counts_test,
    check_percent,
    check_repeats,
    check_share,
    check_t_test,
    group,
)
from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range, over
from vbqkit.literature.recompute import Group, counts_p, percent, pooled_mean, pooled_sd, table_p

DEGENERATIVE, CONTROL = 101, 134
SIZES = {"deg": DEGENERATIVE, "con": CONTROL}
SITES = ("spine", "neck", "hip", "lowest")
MEASURED = ("bmi", "vbq", "hu", *(f"{site}_{what}" for site in SITES for what in ("bmd", "t")))
EXCHANGED = ("smoking", "alcohol", "diabetes", "hypertension", "rheumatic", "current")
"""Rows of Table 2 whose percentages are those of the other group's size."""
COUNTED = ("female", *EXCHANGED, "antiresorptive", "anabolic", "prior")


def ledger_rows() -> list[LedgerRow]:
    """Every row of the ledger about Chen 2023."""
    ledger = Ledger("Chen 2023")
    _repeats(ledger)
    _criteria(ledger)
    _patients(ledger)
    _counted(ledger)
    _measured(ledger)
    _modic(ledger)
    paper_004_accuracy.add_rows(ledger)
    return ledger.rows


def _repeats(ledger: Ledger) -> None:
    pairs = {
        "abstract.n_analysis": "results.n",
        "abstract.n": "results.n",
        "table2.deg.n": "results.n.deg",
        "table2.con.n": "results.n.con",
        "discussion.identified.n": "results.n.deg",
        "results.female.deg": "table2.female.deg.percent",
        "results.female.con": "table2.female.con.percent",
        "results.female.p": "table2.female.p",
        "results.hu.p": "table2.hu.p",
        "results.vbq.p": "table2.vbq.p",
        "results.scoliosis_vbq.n": "results.scoliosis.count",
        "abstract.r_bmd": "table3.bmd.con",
        "abstract.r_t": "table3.t.con",
        "abstract.missed.deg": "results.missed.deg",
        "abstract.missed.con": "results.missed.con",
        "abstract.auc": "table4.osteoporosis.auc",
        "results.vbq.auc": "table4.osteoporosis.auc",
        "results.vbq.auc.low": "table4.osteoporosis.low",
        "results.vbq.auc.high": "table4.osteoporosis.high",
        "discussion.vbq.auc": "table4.osteoporosis.auc",
        "discussion.hu.auc": "results.hu.auc",
        "abstract.sensitivity": "table4.osteoporosis.sensitivity",
        "abstract.specificity": "table4.osteoporosis.specificity",
        "fig5.vbq.sensitivity": "table4.osteoporosis.sensitivity",
        "fig5.vbq.specificity": "table4.osteoporosis.specificity",
    }
    for side in SIZES:
        for part in ("abstract", "results"):
            pairs[f"{part}.age.{side}"] = f"table2.age.{side}.mean"
            pairs[f"{part}.age.p"] = "table2.age.p"
        for text, table in (("hu", "hu"), ("vbq", "vbq"), ("bmd", "spine_bmd"), ("t", "spine_t")):
            pairs[f"results.{text}.{side}"] = f"table2.{table}.{side}.mean"
    for part in ("type2", "single", "a"):
        pairs[f"results.modic.{part}.n"] = "results.modic.n"
    check_repeats(ledger, pairs)
    for key in ("spine_bmd", "spine_t"):
        ledger.check("abstract.p_dxa", ledger[f"table2.{key}.p"], "repeats Table 2", (f"table2.{key}.p",))


def _criteria(ledger: Ledger) -> None:
    ledger.claim(
        "Table 1: joint space of facet grade 0 (mm)",
        "2 ± 4",
        "2 to 4",
        "a width of 2 ± 4 mm would reach below 0, and grade 1 begins below 2 mm",
        holds=False,
        numbers=("table1.facet0.value", "table1.facet0.spread"),
        inputs=("table1.facet1",),
        note="a dash of the original scale has become a plus-minus sign",
    )


def _patients(ledger: Ledger) -> None:
    def total(key: str, what: str, parts: list[str]) -> None:
        ledger.check(key, Range.of(sum(ledger.value(part) for part in parts)), f"sum of {what}", parts)

    n = DEGENERATIVE + CONTROL
    diagnoses = ("stenosis", "herniation", "slippage", "scoliosis")
    total("results.n", "the two groups", ["results.n.deg", "results.n.con"])
    total("results.n", "men and women", ["results.men", "results.women"])
    total("results.n", "the diagnoses", [f"results.{d}.count" for d in diagnoses])
    total("results.women", "the women of both groups", ["table2.female.deg.count", "table2.female.con.count"])
    for diagnosis in diagnoses:
        check_percent(ledger, f"results.{diagnosis}.percent", f"results.{diagnosis}.count", n, of=("results.n",))
    check_share(ledger, "results.scoliosis.deg", 10, of=("results.scoliosis.count",))
    check_share(ledger, "results.other.deg", n - 10, of=("results.n", "results.scoliosis.count"))
    check_counts_test(
        ledger,
        "results.scoliosis.p",
        (9, 92),
        (10, n - 10),
        ("results.scoliosis.deg", "results.other.deg", "results.n.deg"),
    )
    ages = [group(ledger, f"table2.age.{side}", size) for side, size in SIZES.items()]
    keys = [f"table2.age.{side}.{what}" for side in SIZES for what in ("mean", "sd")]
    ledger.check(
        "results.age.mean",
        pooled_mean(ages),
        "mean of the two groups together",
        keys,
        decimals=2,
        note="no average of 61.8 and 59.4 years can be 62.9: mean and SD of all describe another set of patients than Table 2",
    )
    ledger.check(
        "results.age.sd",
        pooled_sd(ages),
        "SD of the two groups together, within and between",
        keys,
        decimals=2,
        note="the groups of Table 2 together have about 8.0: mean and SD of all describe another set of patients than Table 2",
    )


def _counted(ledger: Ledger) -> None:
    for row in COUNTED:
        counts = tuple(int(ledger.value(f"table2.{row}.{side}.count")) for side in SIZES)
        a, b = counts
        for side, other, k in (("deg", CONTROL, a), ("con", DEGENERATIVE, b)):
            note = ""
            if row in EXCHANGED:
                cut = (
                    ""
                    if ledger[f"table2.{row}.{side}.percent"].meets(percent(k, other))
                    else ", cut off after the last digit"
                )
                note = f"{k}/{other} = {100 * k / other:.2f} %{cut}: the percentages of this row are those of exchanged columns"
            check_percent(
                ledger,
                f"table2.{row}.{side}.percent",
                f"table2.{row}.{side}.count",
                SIZES[side],
                of=(f"table2.{side}.n",),
                note=note,
            )
        check_counts_test(
            ledger,
            f"table2.{row}.p",
            (a, b),
            (DEGENERATIVE, CONTROL),
            [f"table2.{row}.{side}.count" for side in SIZES],
            if_not=_why_not(ledger, row, a, b),
        )


def _why_not(ledger: Ledger, row: str, a: int, b: int) -> str:
    """What is behind a p that the counts do not give."""
    if row == "female":
        return "0.0002 by every one of the four tests; p < 0.001 would be right"
    if row == "antiresorptive":
        return "chi-square gives 0.849: two digits of 0.894 are exchanged"
    exchanged = counts_p((a, b), (CONTROL, DEGENERATIVE))
    for name, p in exchanged.items():
        if ledger[f"table2.{row}.p"].meets(Range.of(p)):
            return f"with the columns exchanged ({a}/{CONTROL} against {b}/{DEGENERATIVE}) {name} gives {p:.3f}, as printed"
    return "none of the four tests gives it, with the columns as printed or exchanged"


def _measured(ledger: Ledger) -> None:
    ages = [group(ledger, f"table2.age.{side}", size) for side, size in SIZES.items()]
    age_keys = [f"table2.age.{side}.{what}" for side in SIZES for what in ("mean", "sd")]
    misprint = "the SD of 0.14 is a misprint: p = 0.157 needs one of 1.1 to 1.4, perhaps 1.14 with a digit lost"
    check_t_test(ledger, "table2.age.p", ages[0], ages[1], age_keys)
    for name in MEASURED:
        a, b = (group(ledger, f"table2.{name}.{side}", size) for side, size in SIZES.items())
        keys = [f"table2.{name}.{side}.{what}" for side in SIZES for what in ("mean", "sd")]
        check_t_test(ledger, f"table2.{name}.p", a, b, keys, if_not=misprint if name == "neck_t" else "")
        used = list(keys)
        if name == "neck_t":  # not the misprinted SD, but the one that the unadjusted p needs
            a = Group(a.mean, _needed_neck_sd(ledger), a.n)
            used[1] = "table2.neck_t.p"
        p, r = ancova_bounds(a, b, ages[0], ages[1], ledger[f"table2.{name}.p_age"])
        ledger.check(
            f"table2.{name}.p_age",
            p,
            "p that an ANCOVA with age can have, for correlations with age within the groups from -0.95 to 0.95",
            [*used, *age_keys],
            exact=False,
            note="" if r is None else f"the printed p needs a correlation with age of {r.low:.2f} to {r.high:.2f}",
            if_not=misprint,
        )
    _neck_sd(ledger)
    ledger.claim(
        "Table 2: SD of HU in either group",
        " and ".join(ledger.number(f"table2.hu.{side}.sd").printed for side in SIZES),
        "the same three digits",
        "same digits in two cells",
        holds=True,
        exact=False,
        inputs=[f"table2.hu.{side}.sd" for side in SIZES],
        note="suspicion only: chance, or one cell copied into the other",
    )
    for side in SIZES:
        for what in ("bmd", "t"):
            sites = [f"table2.{site}_{what}.{side}.mean" for site in ("spine", "neck", "hip")]
            least = min(ledger[key].high for key in sites)
            ledger.check(
                f"table2.lowest_{what}.{side}.mean",
                Range(least, -math.inf, least),
                "the mean of each patient's lowest value is at most the lowest of the three sites' means",
                sites,
                exact=False,
                text=f"at most {least:.3f}",
            )


def _needed_neck_sd(ledger: Ledger) -> Range:
    """The SD of the femoral neck T-score in the degenerative group that the printed p needs."""
    control = group(ledger, "table2.neck_t.con", CONTROL)
    df = DEGENERATIVE + CONTROL - 2

    def sd(mean: float, control_mean: float, control_sd: float, p: float) -> float:
        t = -float(special.stdtrit(df, p / 2))
        pooled = abs(mean - control_mean) / t / math.sqrt(1 / DEGENERATIVE + 1 / CONTROL)
        return math.sqrt(max(pooled**2 * df - (CONTROL - 1) * control_sd**2, 0) / (DEGENERATIVE - 1))

    return over(sd, ledger["table2.neck_t.deg.mean"], control.mean, control.sd, ledger["table2.neck_t.p"])


def _neck_sd(ledger: Ledger) -> None:
    ledger.check(
        "table2.neck_t.deg.sd",
        _needed_neck_sd(ledger),
        "SD with which Student's t test gives the printed p = 0.157",
        ["table2.neck_t.deg.mean", "table2.neck_t.con.mean", "table2.neck_t.con.sd", "table2.neck_t.p"],
        decimals=2,
        note="perhaps 1.14 with its first digit lost: an SD of 0.139 g/cm2 at 0.118 g/cm2 per unit of T (control group) is 1.2 units of T, not 0.14",
    )
    bmd = [f"table2.neck_bmd.{side}.sd" for side in SIZES]
    ledger.check(
        "table2.neck_t.deg.sd",
        over(lambda own, other, t: own / other * t, ledger[bmd[0]], ledger[bmd[1]], ledger["table2.neck_t.con.sd"]),
        "SD of the BMD, at the BMD per unit of T of the control group (T is linear in BMD for either sex)",
        [*bmd, "table2.neck_t.con.sd"],
        exact=False,
        decimals=2,
        note="a digit is lost, see the row before",
    )


def _modic(ledger: Ledger) -> None:
    sizes = {"deg": 56, "con": 45}
    rows = {"type": ("1", "2", "3", "mixed"), "levels": ("1", "2", "3", "4"), "grade": ("a", "b", "c")}
    names = {"type": "type of Modic change", "levels": "number of affected segments", "grade": "Modic grade"}
    for variable, classes in rows.items():
        for side, n in sizes.items():
            counts = [f"table5.{variable}.{c}.{side}.count" for c in classes]
            ledger.check(
                f"table5.{side}.n",
                Range.of(sum(ledger.value(k) for k in counts)),
                f"sum over the {names[variable]}",
                counts,
            )
            for c in classes:
                key = f"table5.{variable}.{c}.{side}"
                check_percent(ledger, f"{key}.percent", f"{key}.count", n, of=(f"table5.{side}.n",))
        table = [[int(ledger.value(f"table5.{variable}.{c}.{side}.count")) for c in classes] for side in sizes]
        tests = table_p(table)
        printed = ledger[f"table5.{variable}.p"]
        name = next((test for test, p in tests.items() if printed.meets(Range.of(p))), "chi-square")
        inputs = [f"table5.{variable}.{c}.{side}.count" for c in classes for side in sizes]
        ledger.check(
            f"table5.{variable}.p",
            Range.of(tests[name]),
            f"{name} of the counts",
            inputs,
            decimals=4,
            note=f"chi-square gives {tests['chi-square']:.3f}" if name != "chi-square" else "",
        )
        ledger.claim(
            f"Results: the groups do not differ in the {names[variable]}",
            "not significant",
            f"p = {tests[name]:.3f}",
            f"{name} of the counts in Table 5",
            holds=tests[name] > 0.05,
            numbers=(),
            inputs=(f"table5.{variable}.p", *inputs),
            note="the text says no significant difference, its own Table 5 p = 0.007: degeneration goes with more affected segments"
            if tests[name] < 0.05
            else "",
        )
    affected = [int(ledger.value(f"table5.{side}.n")) for side in sizes]
    tests = counts_p((affected[0], affected[1]), (DEGENERATIVE, CONTROL))
    ledger.claim(
        "Results: Modic changes in the two groups",
        "compared by type, segments and grade only",
        f"{affected[0]}/{DEGENERATIVE} against {affected[1]}/{CONTROL}: p = {tests['chi-square']:.4f}",
        "chi-square of the counts in Tables 2 and 5",
        holds=tests["chi-square"] > 0.05,
        inputs=("table5.deg.n", "table5.con.n", "table2.deg.n", "table2.con.n"),
        note="the patients differ in having Modic changes at all (55 % against 34 %), which the paper does not say and which touches VBQ",
    )
    for key, parts in (
        ("results.modic.n", ["table5.deg.n", "table5.con.n"]),
        ("results.modic.type2.count", [f"table5.type.2.{side}.count" for side in sizes]),
        ("results.modic.single.count", [f"table5.levels.1.{side}.count" for side in sizes]),
        ("results.modic.a.count", [f"table5.grade.a.{side}.count" for side in sizes]),
    ):
        ledger.check(key, Range.of(sum(ledger.value(part) for part in parts)), "sum of the two groups", parts)
    check_percent(ledger, "results.modic.percent", "results.modic.n", DEGENERATIVE + CONTROL, of=("results.n",))
    for part in ("type2", "single"):
        check_percent(
            ledger, f"results.modic.{part}.percent", f"results.modic.{part}.count", 101, of=("results.modic.n",)
        )
