"""Cui 2025 recomputed: VBQ-T1 against QCT in 61 patients before spine surgery."""

from __future__ import annotations

import numpy as np
from scipy import special

from vbqkit.literature.bounds import auc_bounds, auc_of_samples, share_of_sample
from vbqkit.literature.checks import (
    SEED,
    check_auc,
    check_correlation_p,
    check_percent,
    check_repeats,
    check_share,
    check_t_test,
    group,
)
from vbqkit.literature.ledger_row import Ledger, LedgerRow
from vbqkit.literature.printed import Range, over
from vbqkit.literature.recompute import normal_auc, percent, table_p
from vbqkit.stats.groups_from_summary import anova_from_summary, tukey_from_summary

N, NORMAL, OSTEOPENIA, OSTEOPOROSIS = 61, 21, 21, 19
READERS = 3


def ledger_rows() -> list[LedgerRow]:
    """Every row of the ledger about Cui 2025."""
    ledger = Ledger("Cui 2025")
    _repeats(ledger)
    _groups(ledger)
    _vbq(ledger)
    _cut_off(ledger)
    _correlations(ledger)
    _reliability(ledger)
    return ledger.rows


def _repeats(ledger: Ledger) -> None:
    what = {
        "n": "results.n",
        "healthy.n": "results.healthy.n",
        "osteoporosis.n": "results.osteoporosis.n",
        **{k: f"results.{k}" for k in ("p_vbq", "auc", "auc_p", "cutoff", "youden", "sensitivity", "specificity")},
        **{k: f"results.{k}" for k in ("p_bmd", "r_bmd", "p_t", "r_t")},
    }
    for language in ("zh", "en"):
        check_repeats(ledger, {f"{language}.{key}": original for key, original in what.items()})
        ledger.check(
            f"{language}.osteopenia.n",
            Range.of(N - NORMAL - OSTEOPOROSIS),
            "patients less those of the other two groups",
            ("results.n", "results.healthy.n", "results.osteoporosis.n"),
        )
        place = ledger.number(f"{language}.osteopenia.n").place
        ledger.claim(
            f"{place}: name of the group with T-scores between -2.5 and -1",
            "osteoporosis, as the group below it",
            "osteopenia",
            "definition in section 1.2",
            holds=False,
            inputs=(f"{language}.osteopenia.n",),
            note="the abstract calls two groups osteoporosis; section 1.2 and the WHO call this one osteopenia (low bone mass)",
        )
    check_repeats(
        ledger,
        {
            "methods.n": "results.n",
            "discussion.cutoff": "results.cutoff",
            "discussion.sensitivity": "results.sensitivity",
            "discussion.specificity": "results.specificity",
            "discussion.specificity2": "results.specificity",
            "fig1.p": "results.p_vbq",
        },
    )


def _groups(ledger: Ledger) -> None:
    ledger.check(
        "results.n",
        Range.of(NORMAL + OSTEOPENIA + OSTEOPOROSIS),
        "sum of the three groups of the abstract",
        ("zh.healthy.n", "zh.osteopenia.n", "zh.osteoporosis.n"),
    )
    for name in ("osteoporosis", "healthy"):
        check_percent(ledger, f"results.{name}.percent", f"results.{name}.n", N, of=("results.n",))
    check_share(ledger, "results.female.healthy", NORMAL, of=("results.healthy.n",))
    swapped = "no count out of {} gives it, but {} does: the labels osteoporosis and osteopenia are exchanged"
    check_share(
        ledger,
        "results.female.osteoporosis",
        OSTEOPOROSIS,
        of=("results.osteoporosis.n",),
        note=swapped.format(OSTEOPOROSIS, "11 of the 21 with osteopenia"),
    )
    check_share(
        ledger,
        "results.female.osteopenia",
        OSTEOPENIA,
        of=("zh.osteopenia.n",),
        note=swapped.format(OSTEOPENIA, "14 of the 19 with osteoporosis"),
    )
    women = (12, 11, 14)
    p = table_p([women, tuple(n - w for n, w in zip((NORMAL, OSTEOPENIA, OSTEOPOROSIS), women, strict=True))])[
        "chi-square"
    ]
    ledger.claim(
        "2.1: sex does not differ between the groups",
        "not significant",
        f"p = {p:.2f}",
        "chi-square of 12/21, 11/21 and 14/19 women (labels put right)",
        holds=p > 0.05,
        inputs=("results.female.healthy", "results.female.osteoporosis", "results.female.osteopenia"),
    )
    ages = {
        name: group(ledger, f"results.age.{name}", n)
        for name, n in (("healthy", NORMAL), ("osteopenia", OSTEOPENIA), ("osteoporosis", OSTEOPOROSIS))
    }
    names = list(ages)
    keys = [f"results.age.{name}.{what}" for name in ages for what in ("mean", "sd")]
    summary = ([a.mean.value for a in ages.values()], [a.sd.value for a in ages.values()], [a.n for a in ages.values()])
    f, tukey = anova_from_summary(*summary), tukey_from_summary(*summary)
    pairs = {(names[i], names[j]): float(p) for i, j, p in tukey[["a", "b", "p"]].itertuples(index=False)}
    for low, high, differs in (
        ("healthy", "osteopenia", True),
        ("healthy", "osteoporosis", True),
        ("osteopenia", "osteoporosis", False),
    ):
        p_tukey = pairs[low, high]
        ledger.claim(
            f"2.1: mean age, {low} and {high}",
            "significantly higher" if differs else "not significantly different",
            f"p = {p_tukey:.4f}",
            f"Tukey's test from means, SDs and sizes (ANOVA p = {f['p'].to_numpy()[0]:.4f})",
            holds=(p_tukey < 0.05) == differs,
            inputs=keys,
        )


def _vbq(ledger: Ledger) -> None:
    case, control = (
        group(ledger, "results.vbq.osteoporosis", OSTEOPOROSIS),
        group(ledger, "results.vbq.healthy", NORMAL),
    )
    keys = [f"results.vbq.{name}.{what}" for name in ("osteoporosis", "healthy") for what in ("mean", "sd")]
    check_t_test(
        ledger,
        "results.p_vbq",
        case,
        control,
        [*keys, "results.osteoporosis.n", "results.healthy.n"],
        note="the paper used Tukey's test after an ANOVA of three groups; mean and SD of the third are not printed",
    )
    rng = np.random.default_rng(SEED)
    ledger.check(
        "results.auc",
        auc_of_samples(case, control, normal_auc(case, control), rng=rng),
        "AUC of 95 % of samples (normal, skewed, heavy-tailed) with the printed means, SDs and sizes",
        keys,
        exact=False,
    )
    ledger.check(
        "results.auc",
        auc_bounds(_rate(ledger["results.sensitivity"]), _rate(ledger["results.specificity"])),
        "bounds on the AUC from the best Youden point",
        ("results.sensitivity", "results.specificity"),
        exact=False,
    )
    check_auc(ledger, "results", OSTEOPOROSIS, NORMAL, p="results.auc_p")
    with_osteopenia = f"{_null_p(ledger.value('results.auc'), OSTEOPOROSIS, NORMAL + OSTEOPENIA):.4f}"
    ledger.claim(
        "2.2: who was in the ROC analysis",
        ledger.number("results.auc_p").printed,
        f"osteoporosis against normal only (n = 19 and 21); with the osteopenia group p would be {with_osteopenia}",
        "p of the AUC for either set of controls",
        holds=True,
        inputs=("results.auc", "results.auc_p", "results.healthy.n", "results.osteoporosis.n"),
        note="leaving out the patients in the middle makes a test look better than it is (spectrum effect)",
    )


def _rate(r: Range) -> Range:
    return Range(r.value / 100, r.low / 100, r.high / 100)


def _null_p(auc: float, n_case: int, n_control: int) -> float:
    z = (auc - 0.5) / np.sqrt((n_case + n_control + 1) / (12 * n_case * n_control))
    return float(2 * special.ndtr(-z))


def _cut_off(ledger: Ledger) -> None:
    check_share(ledger, "results.sensitivity", OSTEOPOROSIS, of=("results.osteoporosis.n",))
    check_share(
        ledger,
        "results.specificity",
        NORMAL,
        of=("results.healthy.n",),
        note="19/21; 38/42 with the osteopenia group is the same fraction, so specificity alone does not tell who the controls were",
    )
    sensitivity, specificity = percent(11, OSTEOPOROSIS), percent(19, NORMAL)
    ledger.check(
        "results.youden",
        over(lambda a, b: (a + b) / 100 - 1, sensitivity, specificity),
        "11/19 + 19/21 - 1, the whole counts behind 58 % and 90 %",
        ("results.sensitivity", "results.specificity"),
    )
    cut = Range(2.6, 2.55, 2.65)
    rng = np.random.default_rng(SEED)
    for key, name, above in (("sensitivity", "osteoporosis", True), ("specificity", "healthy", False)):
        n = OSTEOPOROSIS if above else NORMAL
        ledger.check(
            f"results.{key}",
            share_of_sample(group(ledger, f"results.vbq.{name}", n), cut, above=above, rng=rng),
            "share beyond the cut-off in 95 % of samples (normal, skewed, heavy-tailed) with the printed mean, SD and size",
            (f"results.vbq.{name}.mean", f"results.vbq.{name}.sd", "results.cutoff"),
            exact=False,
            decimals=1,
        )
    for key in ("zh.cutoff", "en.cutoff", "results.cutoff"):
        number = ledger.number(key)
        ledger.claim(
            f"{number.place}: unit of the cut-off",
            number.printed,
            "2.6, without unit",
            "VBQ is marrow signal over CSF signal; the group means are 2.2 and 2.7",
            holds=False,
            numbers=(key,),
            inputs=("discussion.cutoff", "results.vbq.osteoporosis.mean", "results.vbq.healthy.mean"),
            note="the percent sign is a misprint; the discussion prints 2.6 without it",
        )


def _correlations(ledger: Ledger) -> None:
    for what in ("bmd", "t"):
        check_correlation_p(ledger, f"results.p_{what}", f"results.r_{what}", N, ("results.n",))


def icc_interval(icc: Range, n: int, readers: int) -> tuple[Range, Range]:
    """Ends of the 95 % interval of ICC(3,1) (or of ICC(1,1), nearly), from its value, n patients and the readers.

    ``F = (1 + (k - 1) ICC) / (1 - ICC)``, divided and multiplied by the F quantiles (Shrout and Fleiss 1979).
    """

    def end(value: float, *, upper: bool) -> float:
        f = (1 + (readers - 1) * value) / (1 - value)
        df1, df2 = n - 1, (n - 1) * (readers - 1)
        f = f * float(special.fdtri(df2, df1, 0.975)) if upper else f / float(special.fdtri(df1, df2, 0.975))
        return (f - 1) / (f + readers - 1)

    return over(lambda v: end(v, upper=False), icc), over(lambda v: end(v, upper=True), icc)


def _reliability(ledger: Ledger) -> None:
    number = ledger.number("results.icc_intra.first")
    ledger.claim(
        f"{number.place}: interval of the ICC within readers",
        "0.96, 0.90",
        "0.90, 0.96",
        "a lower limit is below the upper one",
        holds=False,
        numbers=("results.icc_intra.first", "results.icc_intra.second"),
        note="the limits are printed in the wrong order; turned round they fit the ICC, see the next rows",
    )
    for name, low_key, high_key in (
        ("icc_intra", "results.icc_intra.second", "results.icc_intra.first"),
        ("icc_inter", "results.icc_inter.first", "results.icc_inter.second"),
    ):
        icc = ledger[f"results.{name}"]
        two, three = icc_interval(icc, N, 2), icc_interval(icc, N, READERS)
        for key, a, b in zip((low_key, high_key), two, three, strict=True):
            found = Range(a.value, min(a.low, b.low), max(a.high, b.high))
            ledger.check(
                key,
                found,
                f"ICC(3,1) interval with n = {N} and 2 or {READERS} measurements (form and number not given)",
                (f"results.{name}", "results.n"),
                exact=False,
                decimals=2,
            )
        ledger.check(
            f"results.{name}",
            _icc_between(ledger[low_key], ledger[high_key]),
            f"middle of its interval on the scale of ln F, n = {N}, 2 or {READERS} measurements",
            (low_key, high_key, "results.n"),
            exact=False,
        )


def _icc_between(low: Range, high: Range) -> Range:
    """The ICC that an interval is built around, for 2 or 3 measurements."""

    def center(a: float, b: float, readers: int) -> float:
        f_low, f_high = ((1 + (readers - 1) * x) / (1 - x) for x in (a, b))
        df1, df2 = N - 1, (N - 1) * (readers - 1)
        f = float(
            np.sqrt(f_low * float(special.fdtri(df1, df2, 0.975)) * f_high / float(special.fdtri(df2, df1, 0.975)))
        )
        return (f - 1) / (f + readers - 1)

    found = [over(lambda a, b, k=k: center(a, b, k), low, high) for k in (2, READERS)]
    return Range(found[0].value, min(r.low for r in found), max(r.high for r in found))
