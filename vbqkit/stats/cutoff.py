"""What a cut-off does: sensitivity to likelihood ratios, the best by a criterion, and how much choosing it flatters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.stats.confidence_intervals import (
    PROPORTION_METHODS,
    difference_interval,
    need_rng,
    percentile_interval,
    proportion_interval,
    unmoved,
    youden_interval,
)
from vbqkit.stats.observations import ColumnLike, FloatArray, check_confidence, choice, count, scalar
from vbqkit.stats.rates import predictive_values
from vbqkit.stats.result import NAN, notes, rows
from vbqkit.stats.scores_by_outcome import (
    CaseControl,
    DistinctScores,
    case_control,
    distinct_scores,
    positives,
    resamples,
)

CRITERIA = {"youden": "largest sensitivity + specificity - 1", "closest-corner": "smallest distance to perfection"}


def accuracy_at_cutoff(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    cutoff: float,
    positive: str,
    interval: str,
    prevalence: float | str,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Sensitivity, specificity, PPV, NPV, accuracy, Youden's index and likelihood ratios at a cut-off.

    A score is called positive at or beyond the cut-off. The intervals take the cut-off as fixed beforehand; for one
    chosen from the same patients see `best_cutoff` and `cutoff_optimism`.

    Parameters
    ----------
    score, outcome, positive, case, data
        As in `roc_curve`.
    cutoff : float
        In the unit of the score. There is no default.
    interval : {"wilson", "clopper-pearson"}
        Of the proportions.
    prevalence : float or "sample"
        Share of people with the condition for PPV and NPV. "sample" takes the share of cases in the data, which means
        something only if the patients were not chosen by their outcome; a case-control study needs a number.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Eight rows, quantity "sensitivity", "specificity", "PPV", "NPV", "accuracy", "youden", "LR+", "LR-": quantity,
        estimate, ci_low, ci_high, confidence, cutoff, rule, positive, prevalence (nan where it plays no part), count
        and total (of a proportion), method, n, n_case, n_control, n_missing, note.

    Raises
    ------
    TableError
        As in `roc_curve`, or the cut-off or prevalence is not a number in its range.

    References
    ----------
    Intervals: Wilson (1927), Clopper and Pearson (1934); PPV and NPV at a stated prevalence: Mercaldo et al. (2007)
    doi:10.1002/sim.2677; likelihood ratios: Simel et al. (1991) doi:10.1016/0895-4356(91)90128-V.

    Examples
    --------
    >>> table = accuracy_at_cutoff([2.1, 2.4, 2.9, 2.7, 3.3], [0, 0, 0, 1, 1], cutoff=2.6, positive="high",
    ...                            interval="wilson", prevalence=0.2)
    >>> table.set_index("quantity")["estimate"].round(3)[["sensitivity", "specificity", "PPV"]].tolist()
    [1.0, 0.667, 0.429]
    """
    cutoff = scalar(cutoff, "cutoff")
    choice(interval, "interval", PROPORTION_METHODS)
    check_confidence(confidence)
    of_sample = isinstance(prevalence, str) and choice(prevalence, "prevalence", ("sample",)) == "sample"
    if not of_sample:
        scalar(prevalence, "prevalence", above=0, below=1, hint="Say 0.2 for 20 %, or 'sample'.")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    turned = group.sign * cutoff
    m, n = group.cases.size, group.controls.size
    tp, fp = int((group.cases >= turned).sum()), int((group.controls >= turned).sum())
    fn, tn = m - tp, n - fp
    stated = m / (m + n) if isinstance(prevalence, str) else float(prevalence)
    bayes = predictive_values(tp / m, tn / n, prevalence=stated, n_case=m, n_control=n, confidence=confidence).to_dict(
        "records"
    )
    by_quantity = {r["quantity"]: r for r in bayes}
    counted = {"sensitivity": (tp, m), "specificity": (tn, n), "accuracy": (tp + tn, m + n)}
    if of_sample:
        counted |= {"PPV": (tp, tp + fp), "NPV": (tn, tn + fn)}
    table = []
    for quantity in ("sensitivity", "specificity", "PPV", "NPV", "accuracy", "youden", "LR+", "LR-"):
        note, top, total = "", NAN, NAN
        if quantity in counted:
            top, total = counted[quantity]
            estimate = top / total if total else NAN
            low, high = proportion_interval(top, total, confidence=confidence, method=interval)
            method = PROPORTION_METHODS[interval]
            note = "" if total else "undefined: nobody is called " + ("positive" if quantity == "PPV" else "negative")
        elif quantity == "youden":
            estimate = tp / m + tn / n - 1
            low, high = difference_interval((tp, fp), (m, n), confidence=confidence)
            method = "Newcombe, from two Wilson intervals"
        else:
            estimate, low, high, method, note = (
                by_quantity[quantity][key] for key in ("estimate", "ci_low", "ci_high", "method", "note")
            )
        predictive = quantity in {"PPV", "NPV"}
        table.append(
            {
                "quantity": quantity,
                "estimate": estimate,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "cutoff": cutoff,
                "rule": group.rule(turned),
                "positive": group.positive,
                "prevalence": stated if predictive else NAN,
                "count": top,
                "total": total,
                "method": method,
                **group.counts,
                "note": notes(
                    note, "at the share of cases in these data" if of_sample and predictive else "", group.note
                ),
            }
        )
    return rows(table)


@dataclass(frozen=True, slots=True)
class _Best:
    """The best point of each of many curves: its cut-off (turned), sensitivity and specificity."""

    cutoff: FloatArray
    sensitivity: FloatArray
    specificity: FloatArray


def _best(found: DistinctScores, cases: FloatArray, controls: FloatArray, criterion: str) -> _Best:
    """Best points of curves, as counts of shape (curves, distinct scores); of equals the one with most positives."""
    m, n = cases[0].sum(), controls[0].sum()
    tp, fp = positives(cases), positives(controls)
    loss = _loss(tp, fp, m, n, criterion)
    at = loss.argmin(axis=1)
    curve = np.arange(cases.shape[0])
    # The cut-off lies half-way between the neighbouring scores that this resample has.
    present = (cases + controls) > 0
    k = np.arange(found.scores.size)
    last_below = np.maximum.accumulate(np.where(present, k, -1), axis=1)
    first_from = np.minimum.accumulate(np.where(present, k, k.size)[:, ::-1], axis=1)[:, ::-1]
    below = np.where(at > 0, last_below[curve, np.maximum(at - 1, 0)], -1)
    above = np.where(at < k.size, first_from[curve, np.minimum(at, k.size - 1)], k.size)
    padded = np.concatenate([[-np.inf], found.scores, [np.inf]])
    lower, upper = padded[below + 1], padded[above + 1]
    inside = np.isfinite(lower) & np.isfinite(upper)
    gap = np.subtract(upper, lower, out=np.zeros_like(upper), where=inside)
    cutoff = np.where(inside, lower + gap / 2, np.where(np.isfinite(upper), lower, upper))
    return _Best(cutoff, tp[curve, at] / m, 1 - fp[curve, at] / n)


def _loss(tp: FloatArray, fp: FloatArray, m: float, n: float, criterion: str) -> FloatArray:
    """What the best point minimises, in whole numbers: equally good points are exactly equal, rounding chooses none."""
    return fp * m - tp * n if criterion == "youden" else ((m - tp) * n) ** 2 + (fp * m) ** 2


def _apply(found: DistinctScores, cutoff: FloatArray) -> _Best:
    """What cut-offs do to the data themselves."""
    at = np.searchsorted(found.scores, cutoff, "left")
    tp, fp = positives(found.case_counts), positives(found.control_counts)
    return _Best(cutoff, tp[at] / tp[0], 1 - fp[at] / fp[0])


def _quality(best: _Best, criterion: str) -> FloatArray:
    if criterion == "youden":
        return best.sensitivity + best.specificity - 1
    return np.hypot(1 - best.sensitivity, 1 - best.specificity)


def best_cutoff(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    criterion: str,
    rng: np.random.Generator,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = 2_000,
) -> pd.DataFrame:
    """The cut-off that these data like best, with intervals that count the choosing.

    Youden: largest ``J = sensitivity + specificity - 1``. Closest to the corner: smallest
    ``sqrt((1 - sensitivity)² + (1 - specificity)²)``. Either weighs a missed case like a false alarm, whatever they
    cost.

    Parameters
    ----------
    score, outcome, positive, case, data
        As in `roc_curve`.
    criterion : {"youden", "closest-corner"}
        What "best" means.
    rng : numpy.random.Generator
        Source of chance of the bootstrap.
    confidence : float
        Of the intervals: percentiles of the resamples for the cut-off, sensitivity and specificity; for Youden's J
        Agresti and Coull's at the chosen point, because the percentiles of J count the choosing twice (they hold the
        true J in two of three studies instead of 95 of 100).
    n_bootstrap : int
        Stratified resamples; in each the cut-off is chosen again.

    Returns
    -------
    DataFrame
        Four rows, quantity "cutoff", "sensitivity", "specificity" and the criterion: quantity, estimate, ci_low,
        ci_high, confidence, rule, positive, method, n, n_case, n_control, n_missing, note (names cut-offs that are
        just as good). Sensitivity and specificity are those in the same data, and therefore too good: see
        `cutoff_optimism`.

    Raises
    ------
    TableError
        As in `roc_curve`, or a criterion that is not known.

    References
    ----------
    Youden (1950) doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3; Perkins and Schisterman (2006)
    doi:10.1093/aje/kwj063; interval of J: Zhou and Qin (2012) J Biopharm Stat 22:1244-1257.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vbq, outcome = [2.1, 2.4, 2.2, 2.9, 3.3, 3.1], [0, 0, 1, 0, 1, 1]
    >>> best = best_cutoff(vbq, outcome, positive="high", criterion="youden", rng=rng)
    >>> best.estimate.round(3).tolist()
    [3.0, 0.667, 1.0, 0.667]
    """
    check_confidence(confidence)
    choice(criterion, "criterion", CRITERIA)
    n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
    need_rng(rng, "The bootstrap interval")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    here = _best(found, found.case_counts[None], found.control_counts[None], criterion)
    drawn = [_best(found, cases, controls, criterion) for cases, controls in resamples(found, n_bootstrap, rng)]
    many = _Best(
        *(np.concatenate([getattr(d, name) for d in drawn]) for name in ("cutoff", "sensitivity", "specificity"))
    )
    lost = int(np.isinf(many.cutoff).sum())
    without = f"{lost} of {n_bootstrap} resamples have no cut-off and are left out of its interval" if lost else ""
    said = notes(_useless(here), _rivals(found, group, criterion), without, group.note)
    table = []
    for quantity, value, replicates in (
        ("cutoff", group.sign * here.cutoff, group.sign * many.cutoff),
        ("sensitivity", here.sensitivity, many.sensitivity),
        ("specificity", here.specificity, many.specificity),
        (criterion, _quality(here, criterion), _quality(many, criterion)),
    ):
        if quantity == "youden":
            low, high = _youden_limits(here, group, confidence)
            how = "Agresti-Coull interval at the chosen cut-off"
        else:
            low, high = percentile_interval(replicates, confidence)
            how = f"percentile interval of {n_bootstrap} stratified bootstrap resamples"
        table.append(
            {
                "quantity": quantity,
                "estimate": float(value[0]) if np.isfinite(value[0]) else NAN,
                "ci_low": low,
                "ci_high": high,
                "confidence": confidence,
                "rule": group.rule(float(here.cutoff[0])),
                "positive": group.positive,
                "method": f"{CRITERIA[criterion]}, {how}",
                **group.counts,
                "note": notes(said, "" if said.startswith("undefined") else unmoved(low)),
            }
        )
    return rows(table)


def _youden_limits(best: _Best, group: CaseControl, confidence: float) -> tuple[float, float]:
    """Interval of J at the chosen cut-off; none where there is no cut-off."""
    m, n = group.cases.size, group.controls.size
    if not np.isfinite(best.cutoff[0]):
        return NAN, NAN
    positive = float(best.sensitivity[0]) * m, (1 - float(best.specificity[0])) * n
    return youden_interval(positive, (m, n), confidence=confidence)


def _useless(best: _Best) -> str:
    return "" if np.isfinite(best.cutoff[0]) else "undefined: no cut-off does better than calling everyone the same"


def _rivals(found: DistinctScores, group: CaseControl, criterion: str) -> str:
    m, n = group.cases.size, group.controls.size
    tp, fp = positives(found.case_counts), positives(found.control_counts)
    loss = _loss(tp, fp, m, n, criterion)
    equal = np.flatnonzero(loss == loss.min())[1:]
    equal = equal[np.isfinite(found.cutoffs[equal])]
    if not equal.size:
        return ""
    others = ", ".join(f"{group.sign * v:.6g}" for v in found.cutoffs[equal])
    return f"just as good: {others}; the one with the highest sensitivity is given"


def cutoff_optimism(
    score: ColumnLike,
    outcome: ColumnLike,
    *,
    positive: str,
    criterion: str,
    rng: np.random.Generator,
    case: Any = None,
    data: pd.DataFrame | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = 2_000,
) -> pd.DataFrame:
    """How much better a cut-off chosen from the data looks than it will do in new patients.

    In each stratified bootstrap resample the cut-off is chosen again and applied to the resample and to the data; the
    mean loss from one to the other is the optimism, and ``estimate = apparent - optimism``. Published cut-offs without
    this correction promise too much, the more so the fewer the patients.

    Parameters
    ----------
    score, outcome, positive, criterion, rng, case, data, confidence, n_bootstrap
        As in `best_cutoff`.

    Returns
    -------
    DataFrame
        Three rows, quantity "sensitivity", "specificity", "youden": quantity, estimate (corrected), ci_low, ci_high
        (of the corrected figure: percentiles of the resamples less the optimism; for Youden's J Agresti and Coull's
        interval less the optimism, which holds what the chosen cut-off is worth in new patients in 95 to 97 of 100
        simulated studies), confidence, apparent, optimism, cutoff, rule, positive, method, n, n_case, n_control,
        n_missing, note.

    Raises
    ------
    TableError
        As in `best_cutoff`.

    References
    ----------
    Harrell, Lee and Mark (1996) doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4; interval: Noma et
    al. (2021) doi:10.1002/sim.9148; of J: Zhou and Qin (2012) J Biopharm Stat 22:1244-1257.
    """
    check_confidence(confidence)
    choice(criterion, "criterion", CRITERIA)
    n_bootstrap = count(n_bootstrap, "n_bootstrap", at_least=100)
    need_rng(rng, "The optimism")
    group = case_control(score, outcome, positive=positive, case=case, data=data)
    found = distinct_scores(group)
    here = _best(found, found.case_counts[None], found.control_counts[None], criterion)
    trained, tested = [], []
    for cases, controls in resamples(found, n_bootstrap, rng):
        chosen = _best(found, cases, controls, criterion)
        applied = _apply(found, chosen.cutoff)
        trained.append((chosen.sensitivity, chosen.specificity, chosen.sensitivity + chosen.specificity - 1))
        tested.append((applied.sensitivity, applied.specificity, applied.sensitivity + applied.specificity - 1))
    train, test = np.concatenate(trained, axis=1), np.concatenate(tested, axis=1)
    apparent = np.array([here.sensitivity[0], here.specificity[0], here.sensitivity[0] + here.specificity[0] - 1])
    table = []
    for k, quantity in enumerate(("sensitivity", "specificity", "youden")):
        optimism = float((train[k] - test[k]).mean())
        if quantity == "youden":
            low, high = (limit - optimism for limit in _youden_limits(here, group, confidence))
            how = "Agresti-Coull interval at the chosen cut-off less the optimism"
        else:
            low, high = percentile_interval(train[k] - optimism, confidence)
            how = "percentile interval less the optimism"
        table.append(
            {
                "quantity": quantity,
                "estimate": float(apparent[k]) - optimism,
                "ci_low": low,
                "ci_high": min(1.0, high),
                "confidence": confidence,
                "apparent": float(apparent[k]),
                "optimism": optimism,
                "cutoff": group.sign * float(here.cutoff[0]),
                "rule": group.rule(float(here.cutoff[0])),
                "positive": group.positive,
                "method": f"{CRITERIA[criterion]}, Harrell's optimism from {n_bootstrap} stratified bootstrap resamples, {how}",
                **group.counts,
                "note": notes(_useless(here) or unmoved(low), group.note),
            }
        )
    return rows(table)
