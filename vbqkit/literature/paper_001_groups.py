"""Huang 2026 recomputed, groups: VBQ-T1, -T2, -STIR and -T2-STIR in 84 patients with fractures and 84 without."""

from __future__ import annotations

import math

from vbqkit.literature import paper_001_accuracy
from vbqkit.literature.bounds import (
    Quartiles,
    line_bounds,
    mann_whitney_attainable,
    mann_whitney_bounds,
    mann_whitney_p,
)
from vbqkit.literature.checks import check_percent, check_repeats, check_share, check_t_test, group
from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range
from vbqkit.literature.recompute import (
    Group,
    pooled_mean,
    pooled_sd,
    sd_of_the_other_group,
    t_test_p,
    variances_differ_p,
)

SCORES = ("t1", "t2", "stir", "t2stir")
SIDES = ("frac", "non")
SIZES = {"all": 84, "female": 69, "male": 15}
DEXA = tuple(f"{site}_{what}" for site in ("neck", "spine") for what in ("bmd", "t", "z"))


def ledger_rows() -> list[LedgerRow]:
    """Every row of the ledger about Huang 2026."""
    ledger = Ledger("Huang 2026")
    _repeats(ledger)
    _counts(ledger)
    _means(ledger)
    _equal_variances(ledger)
    _subgroups(ledger)
    _quartiles(ledger)
    _t_scores_from_bmd(ledger)
    paper_001_accuracy.add_rows(ledger)
    return ledger.rows


def _repeats(ledger: Ledger) -> None:
    pairs = {
        "abstract.n": "results.n",
        "abstract.n_group": "results.n_group",
        "power.n": "results.n_group",
        "discussion.n": "results.n",
        "methods.field_b": "methods.field_a",
        "results.bmi.frac": "table1.all.bmi.frac.mean",
        "results.bmi.non": "table1.all.bmi.non.mean",
        "results.bmi.p": "table1.all.bmi.p",
        "table1.all.age.non.median": "table1.all.age.frac.median",
        "table1.all.age.non.q1": "table1.all.age.frac.q1",
        "table1.all.age.non.q3": "table1.all.age.frac.q3",
        "results.age.median": "table1.all.age.frac.median",
        "results.age.q1": "table1.all.age.frac.q1",
        "results.age.q3": "table1.all.age.frac.q3",
        "discussion.age": "table1.all.age.frac.median",
        "discussion.men": "table1.male.frac.percent",
        "discussion.lu.n_again": "discussion.lu.n",
        "discussion.cutoff": "table3.t2.cutoff",
        "performance.t2.cutoff": "table3.t2.cutoff",
        "discussion.auc": "table2.t2.auc",
        "discussion.t2.frac": "table1.all.t2.frac.mean",
    }
    for site, what in ((s, w) for s in ("neck", "spine") for w in ("bmd", "t", "z")):
        for side in SIDES:
            pairs[f"results.{site}_{what}.{side}"] = f"table1.all.{site}_{what}.{side}.median"
        pairs[f"results.{site}_{what}.p"] = f"table1.all.{site}_{what}.p"
    for site, side in ((s, d) for s in ("neck", "spine") for d in SIDES):
        pairs[f"results.{site}.{side}.n"] = f"table1.all.{site}_bmd.{side}.n"
    for score in SCORES:
        for side in (*SIDES, "p"):
            table = f"table1.all.{score}.{side}" + ("" if side == "p" else ".mean")
            pairs |= {f"{part}.{score}.{side}": table for part in ("abstract", "scores", "discussion")}
        pairs |= {f"{part}.{score}.auc": f"table2.{score}.auc" for part in ("abstract", "performance")}
        pairs[f"fig6.{score}"] = f"table2.{score}.auc"
    check_repeats(
        ledger,
        {key: original for key, original in pairs.items() if key in ledger.numbers},
        notes={
            "results.bmi.non": "the text has 25.14, Table 1 25.12: one of them is a misprint, and p decides for the table, see below",
            "table1.all.age.non.median": "the groups were matched for age",
        },
    )

    ledger.claim(
        "Introduction: unit of the volumetric BMD that means osteoporosis",
        f"{ledger.number('intro.vbmd').printed} mg/cm2",
        f"{ledger.number('intro.vbmd').printed} mg/cm3",
        "a volumetric density is a mass per volume",
        holds=False,
        numbers=("intro.vbmd",),
        note="the exponent is a misprint; 80 mg/cm3 is the limit of the ACR for QCT",
    )


def _counts(ledger: Ledger) -> None:
    def total(key: str, parts: list[str]) -> None:
        ledger.check(key, Range.of(sum(ledger.value(part) for part in parts)), "sum of its parts", parts)

    for sex in ("male", "female"):
        for side in SIDES:
            check_percent(ledger, f"table1.{sex}.{side}.percent", f"table1.{sex}.{side}.count", SIZES["all"])
            ledger.same(f"table1.{sex}.{side}.n", f"table1.{sex}.{side}.count")
    for word, sex in (("women", "female"), ("men", "male")):
        total(f"results.{word}", [f"table1.{sex}.{side}.count" for side in SIDES])
        check_percent(ledger, f"results.{word}.percent", f"results.{word}", 2 * SIZES["all"])
    total("results.n", ["results.women", "results.men"])
    ledger.check(
        "results.n_group",
        Range.of(sum(ledger.value(f"table1.{sex}.frac.count") for sex in ("male", "female"))),
        "women and men of Table 1",
        ("table1.male.frac.count", "table1.female.frac.count"),
    )
    ledger.check(
        "methods.n_observer",
        Range.of(2 * ledger.value("methods.n_observer_group")),
        "twice 10",
        ("methods.n_observer_group",),
    )
    for site in ("neck", "spine"):
        for side in SIDES:
            total(
                f"table1.all.{site}_bmd.{side}.n", [f"table1.{sex}.{site}_bmd.{side}.n" for sex in ("female", "male")]
            )
    for side in SIDES:
        parts = [f"table1.all.{site}_bmd.{side}.n" for site in ("neck", "spine")]
        ledger.check(
            f"power.absent.{side}",
            Range.of(SIZES["all"] - sum(ledger.value(part) for part in parts)),
            "84 less those with femoral neck or L1-L4 values (no one can have both, or more were absent)",
            ("power.n", *parts),
        )
    check_share(ledger, "discussion.lu.men", 96, of=("discussion.lu.n",))


def _score_groups(ledger: Ledger, sub: str, score: str) -> tuple[Group, Group]:
    a, b = (group(ledger, f"table1.{sub}.{score}.{side}", SIZES[sub]) for side in SIDES)
    return a, b


def _keys(sub: str, score: str) -> list[str]:
    return [f"table1.{sub}.{score}.{side}.{what}" for side in SIDES for what in ("mean", "sd")]


def _means(ledger: Ledger) -> None:
    check_t_test(ledger, "table1.all.bmi.p", *_score_groups(ledger, "all", "bmi"), _keys("all", "bmi"))
    fracture, control = _score_groups(ledger, "all", "bmi")
    misprint = Group(ledger["results.bmi.non"], control.sd, control.n)
    ledger.check(
        "results.bmi.p",
        t_test_p(fracture, misprint, equal_variances=True),
        "Student's t test with the mean of the text, 25.14",
        ("results.bmi.non", *_keys("all", "bmi")),
        decimals=4,
        note="0.308 belongs to 25.12 (Table 1); with 25.14 p would be 0.295: the text has the misprint",
    )
    for sub in SIZES:
        for score in SCORES:
            a, b = _score_groups(ledger, sub, score)
            check_t_test(
                ledger,
                f"table1.{sub}.{score}.p",
                a,
                b,
                _keys(sub, score),
                if_not="with an SD of 0.79 p is 0.055; 0.022 needs about 0.58, and so does the SD of all fractures, see the next row: 0.579 with a digit lost",
            )


def _equal_variances(ledger: Ledger) -> None:
    """The paper's own rule: a t test where the variances are homogeneous, else Mann-Whitney."""
    for sub, size in SIZES.items():
        for score in SCORES:
            keys = [f"table1.{sub}.{score}.{side}.sd" for side in SIDES]
            p = variances_differ_p(ledger[keys[0]], size, ledger[keys[1]], size)
            what = ledger.number(f"table1.{sub}.{score}.p").item.removeprefix("p of ")
            ledger.claim(
                f"Methods and Table 1: variances of {what} are equal enough for a t test",
                f"SD {ledger.number(keys[0]).printed} and {ledger.number(keys[1]).printed}, t test",
                f"p = {p.text(4)}",
                f"F test of two variances, n = {size} and {size}",
                holds=p.high >= 0.05,
                inputs=keys,
                note="" if p.high >= 0.05 else "by the paper's own rule this comparison needed the Mann-Whitney test",
            )


def _subgroups(ledger: Ledger) -> None:
    for score in SCORES:
        for side in SIDES:
            women, men = (group(ledger, f"table1.{sub}.{score}.{side}", SIZES[sub]) for sub in ("female", "male"))
            parts = [f"table1.{sub}.{score}.{side}" for sub in ("female", "male")]
            ledger.check(
                f"table1.all.{score}.{side}.mean",
                pooled_mean([women, men]),
                "mean of 69 women and 15 men",
                [f"{part}.mean" for part in parts],
                decimals=4,
                if_not="the subgroups give 4.1015, beyond the rounding of 4.100, which reads like 4.1 with zeros added",
            )
            ledger.check(
                f"table1.all.{score}.{side}.sd",
                pooled_sd([women, men]),
                "SD of 69 women and 15 men, within and between",
                [f"{part}.{what}" for part in parts for what in ("mean", "sd")],
                decimals=4,
                if_not="needs an SD of the men of about 0.58, not the printed 0.79",
            )
    everyone, women = (group(ledger, f"table1.{sub}.t1.frac", SIZES[sub]) for sub in ("all", "female"))
    ledger.check(
        "table1.male.t1.frac.sd",
        sd_of_the_other_group(everyone, women, ledger["table1.male.t1.frac.mean"], SIZES["male"]),
        "SD of the men that all fractures and the women leave",
        ["table1.all.t1.frac.sd", "table1.female.t1.frac.sd", "table1.female.t1.frac.mean", "table1.male.t1.frac.mean"],
        note="0.79 has two decimals where every other SD has three; 0.579 fits here and gives the printed p = 0.022",
    )


def _quartiles_of(ledger: Ledger, key: str, n: int) -> Quartiles:
    return Quartiles(ledger[f"{key}.q1"], ledger[f"{key}.median"], ledger[f"{key}.q3"], n)


def _quartiles(ledger: Ledger) -> None:
    for name in DEXA:
        site = name.split("_")[0]
        for sub in SIZES:
            key = f"table1.{sub}.{name}"
            sizes = [f"table1.{sub}.{site}_bmd.{side}.n" for side in SIDES]
            n_a, n_b = (int(ledger.value(size)) for size in sizes)
            summaries = [f"{key}.{side}.{what}" for side in SIDES for what in ("median", "q1", "q3")]
            open_set = mann_whitney_bounds(
                _quartiles_of(ledger, f"{key}.frac", n_a), _quartiles_of(ledger, f"{key}.non", n_b)
            )
            ledger.check(
                f"{key}.p",
                open_set,
                f"p that a Mann-Whitney test with these quartiles can have, n = {n_a} and {n_b}",
                [*summaries, *sizes],
                exact=False,
            )
            if n_a * n_b < 100:
                _few(ledger, f"{key}.p", n_a, n_b, sizes)
        for side in SIDES:
            for what in ("median", "q1", "q3"):
                parts = [f"table1.{sub}.{name}.{side}.{what}" for sub in ("female", "male")]
                a, b = (ledger[part] for part in parts)
                ledger.check(
                    f"table1.all.{name}.{side}.{what}",
                    Range((a.value + b.value) / 2, min(a.low, b.low), max(a.high, b.high)),
                    "between the values of women and men",
                    parts,
                    exact=False,
                    text=f"{min(a.value, b.value):.2f} to {max(a.value, b.value):.2f}",
                )


def _few(ledger: Ledger, key: str, n_a: int, n_b: int, sizes: list[str]) -> None:
    """With few patients the test has few possible results: whether the printed p is one of them, and the exact p."""
    fitting = mann_whitney_attainable(ledger[key], n_a, n_b)
    u = fitting[0] if fitting else math.nan
    found = mann_whitney_p(u, n_a, n_b) if fitting else math.nan
    exact = _exact_p(math.floor(u), n_a, n_b) if fitting else math.nan
    ledger.check(
        key,
        Range.of(found),
        f"Mann-Whitney by the normal distribution at U = {u:g}, the result that gives the printed p, n = {n_a} and {n_b}",
        sizes,
        exact=False,
        decimals=4,
        note=f"the exact p at U = {math.floor(u)} is {exact:.3f}" + (", not significant" if exact > 0.05 else ""),
    )
    if exact > 0.05:
        number = ledger.number(key)
        ledger.claim(
            f"Table 1: significance of {number.item.removeprefix('p of ')}",
            f"{number.printed} (called significant)",
            f"{exact:.3f}",
            f"exact Mann-Whitney test, the smallest p that {n_a} and {n_b} patients can have",
            holds=False,
            numbers=(key,),
            inputs=sizes,
            note=f"with {n_a} and {n_b} patients even complete separation has an exact p of {exact:.3f}; {number.printed} is the normal approximation",
        )


def _exact_p(u: int, n_a: int, n_b: int) -> float:
    """Two-sided exact p of U without ties, from the number of orders with each U."""
    ways = [1] + [0] * (n_a * n_b)
    for i in range(1, n_a + 1):  # Gaussian binomial coefficient, factor by factor
        for j in range(n_a * n_b, n_b + i - 1, -1):
            ways[j] -= ways[j - n_b - i]
        for j in range(i, n_a * n_b + 1):
            ways[j] += ways[j - i]
    return min(1.0, 2 * sum(ways[: u + 1]) / math.comb(n_a + n_b, n_a))


def _t_scores_from_bmd(ledger: Ledger) -> None:
    for sub in ("female", "male"):
        for site in ("neck", "spine"):
            parts = [f"{side}.{what}" for side in SIDES for what in ("median", "q1", "q3")]
            bmd = [f"table1.{sub}.{site}_bmd.{part}" for part in parts]
            t = [f"table1.{sub}.{site}_t.{part}" for part in parts]
            # The device gives each T-score with one decimal, so that a quartile of them can be 0.05 off either way.
            x, y = [ledger[key] for key in bmd], [_wider(ledger[key], 0.05) for key in t]
            for i, key in enumerate(t):
                found = line_bounds(x, y, i)
                ledger.check(
                    key,
                    _wider(found, 0.05) if found is not None else Range(math.nan, math.inf, -math.inf),
                    "T = (BMD - peak) / SD for one sex and site: from its BMD, on the line through the other five pairs",
                    [*bmd, *(other for other in t if other != key)],
                    exact=False,
                    decimals=2,
                    if_not="its BMD and the other five pairs of T-score and BMD do not allow it",
                )


def _wider(r: Range, by: float) -> Range:
    return Range(r.value, r.low - by, r.high + by)
