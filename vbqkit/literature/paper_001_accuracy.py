"""Huang 2026 recomputed, scores: agreement, ROC analysis, cut-offs, logistic regression and sample size."""

from __future__ import annotations

import numpy as np

from vbqkit.literature.bounds import (
    auc_bounds,
    auc_of_samples,
    odds_ratio_of_samples,
    share_of_sample,
)
from vbqkit.literature.checks import SEED, check_auc, check_odds_ratio, check_share, group
from vbqkit.literature.ledger_row import Ledger
from vbqkit.literature.printed import Range
from vbqkit.literature.recompute import normal_auc, patients_per_group

N = 84
SIDES = ("frac", "non")
FIGURES = {"inter": "fig3", "one": "fig4", "two": "fig5"}
MEASUREMENTS = [f"{sequence}.{tissue}" for sequence in ("t1", "t2", "stir") for tissue in ("bone", "csf")]


def add_rows(ledger: Ledger) -> None:
    """Add the rows about agreement, ROC analysis, cut-offs, logistic regression and sample size."""
    _agreement(ledger)
    _roc(ledger)
    _regression(ledger)
    _sample_size(ledger)


def _agreement(ledger: Ledger) -> None:
    for who, figure in FIGURES.items():
        for end, pick in (("low", min), ("high", max)):
            keys = [f"{figure}.{m}.{end}" for m in MEASUREMENTS]
            extreme = pick(keys, key=ledger.value)
            ledger.check(
                f"agreement.{who}.{end}",
                ledger[extreme],
                f"{'lowest' if end == 'low' else 'highest'} limit in the legend of Fig. {figure[3]}",
                keys,
                text=ledger.number(extreme).printed,
                if_not=f"the legend has {ledger.number(extreme).printed} % for CSF on T1; the text took the largest limit without it",
            )
    for observer, figure in (("1", "fig4"), ("2", "fig5")):
        ledger.claim(
            f"Fig. {figure[3]}: what its limits are of, observer {observer}",
            "inter-observer",
            "intra-observer",
            "the text prints the same limits as intra-observer",
            holds=False,
            inputs=[f"{figure}.{m}.{end}" for m in MEASUREMENTS for end in ("low", "high")],
            note="the legend names one observer only, and its lowest limit is the text's for that observer's repeat",
        )
    beyond = [
        (figure, m)
        for figure in FIGURES.values()
        for m in MEASUREMENTS
        if ledger.value(f"{figure}.{m}.low") < ledger.value("agreement.exceed")
    ]
    names = "; ".join(
        f"Fig. {f[3]}: {'CSF' if m.endswith('csf') else 'L1-L4'} on {m.split('.')[0].upper()}" for f, m in beyond
    )
    ledger.claim(
        "Results, VBQ Scores: limits of agreement beyond -10 %",
        "only CSF, on T1, T2 and STIR",
        names,
        "lower limits in the legends of Figs 3 to 5",
        holds=all(m.endswith("csf") for _, m in beyond)
        and {m.split(".")[0] for _, m in beyond} == {"t1", "t2", "stir"},
        numbers=("agreement.exceed",),
        inputs=[f"{figure}.{m}.low" for figure in FIGURES.values() for m in MEASUREMENTS],
        note="CSF exceeds it on T1 only, and the fourth is the vertebrae on STIR, so that not all vertebral limits are within 10 %",
    )


def _roc(ledger: Ledger) -> None:
    for score in ("t1", "t2", "t2stir"):
        case, control = (group(ledger, f"table1.all.{score}.{side}", N) for side in SIDES)
        keys = [f"table1.all.{score}.{side}.{what}" for side in SIDES for what in ("mean", "sd")]
        rng = np.random.default_rng(SEED)
        open_set = auc_of_samples(case, control, normal_auc(case, control), rng=rng)
        for key in (f"abstract.{score}.auc", f"table2.{score}.auc"):
            ledger.check(
                key,
                open_set,
                "AUC of 95 % of samples (normal, skewed, heavy-tailed) with the printed means, SDs and sizes",
                keys,
                exact=False,
            )
        rates = [f"table3.{score}.{what}" for what in ("sensitivity", "specificity")]
        ledger.check(
            f"abstract.{score}.auc",
            auc_bounds(*(_share(ledger[rate]) for rate in rates)),
            "bounds on the AUC from the best Youden point",
            rates,
            exact=False,
        )
        # The abstract has the third decimal that Table 2 lacks.
        check_auc(ledger, f"table2.{score}", N, N, auc=f"abstract.{score}.auc")
        for what, side in (("sensitivity", "frac"), ("specificity", "non")):
            check_share(
                ledger,
                f"table3.{score}.{what}",
                N,
                of=("results.n_group",),
                if_not="no whole number of 84 patients gives 59.3 %; 50/84 would be 59.5 % (perhaps a slip of one digit)",
            )
            ledger.check(
                f"table3.{score}.{what}",
                share_of_sample(
                    group(ledger, f"table1.all.{score}.{side}", N),
                    ledger[f"table3.{score}.cutoff"],
                    above=side == "frac",
                    rng=rng,
                ),
                "share beyond the cut-off in 95 % of samples (normal, skewed, heavy-tailed) with the printed mean, SD and size",
                (f"table1.all.{score}.{side}.mean", f"table1.all.{score}.{side}.sd", f"table3.{score}.cutoff"),
                exact=False,
                decimals=1,
                if_not="more patients lie beyond the cut-off than any of these shapes allows with this mean and SD",
            )


def _share(r: Range) -> Range:
    return Range(r.value / 100, r.low / 100, r.high / 100)


def _regression(ledger: Ledger) -> None:
    for model, scores in (("uni", ("t1", "t2", "stir", "t2stir")), ("multi", ("t1", "t2", "t2stir"))):
        for score in scores:
            check_odds_ratio(ledger, f"table4.{model}.{score}")
    for score in ("t1", "t2", "stir", "t2stir"):
        case, control = (group(ledger, f"table1.all.{score}.{side}", N) for side in SIDES)
        ledger.check(
            f"table4.uni.{score}.or",
            odds_ratio_of_samples(case, control, rng=np.random.default_rng(SEED)),
            "odds ratio per unit of 95 % of samples (normal, skewed, heavy-tailed) with the printed means, SDs and sizes",
            [f"table1.all.{score}.{side}.{what}" for side in SIDES for what in ("mean", "sd")],
            exact=False,
            if_not="larger than any of these shapes gives with these means and SDs",
        )


def _sample_size(ledger: Ledger) -> None:
    for score in ("t1", "t2"):
        case, control = (group(ledger, f"table1.all.{score}.{side}", N) for side in SIDES)
        found = patients_per_group(case, control, alpha=ledger.value("power.alpha"), power=ledger.value("power.power"))
        for side in SIDES:
            ledger.check(
                f"power.{score}.{side}",
                found,
                "two-sided Student t test for the difference of the means, noncentral t, equal groups",
                ["power.alpha", "power.power", *(f"table1.all.{score}.{s}.{w}" for s in SIDES for w in ("mean", "sd"))],
            )
