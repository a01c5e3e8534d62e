"""What a paper has to report: STARD's flow of participants, and the STARD and TRIPOD lists, filled from data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vbqkit.errors import TableError
from vbqkit.stats.observations import column, labels
from vbqkit.stats.prediction_model import LogisticModel
from vbqkit.stats.report_items import STARD, TRIPOD, Item
from vbqkit.stats.result import notes, rows

TO_WRITE = "to be written"
NO_TEST, NO_REFERENCE = "no index test", "no reference standard"


def stard_flow(
    data: pd.DataFrame,
    *,
    index_test: str,
    reference: str,
    excluded: str | None = None,
    positive: Any = True,
    case: Any = True,
    indeterminate: Sequence[Any] = ("indeterminate", "inconclusive"),
) -> pd.DataFrame:
    """The flow of participants of a diagnostic study (STARD 2015, item 19), counted from a cohort table.

    Parameters
    ----------
    data : DataFrame
        One row per person who was considered, those left out included.
    index_test : str
        Column of the test under study: positive, negative, one of `indeterminate`, or empty where it was not done. Make
        one of a score with ``score >= cutoff``.
    reference : str
        Column of the reference standard: the condition present, absent, indeterminate, or empty.
    excluded : str, optional
        Column with the reason why a person was left out beforehand; empty for the others. Without it the table is taken
        to hold those who were eligible, and the note says so.
    positive, case : label
        What a positive test and a present condition are called; True (1) for columns of True and False.
    indeterminate : sequence of labels
        What an indeterminate result is called.

    Returns
    -------
    DataFrame
        One row per box, from the top: box, within (the box it is a part of; empty for the first), n, note. Boxes within
        one box add up to it.

    Raises
    ------
    TableError
        A column is missing, or holds more kinds of results than positive, negative and indeterminate.

    References
    ----------
    Bossuyt et al. (2015) doi:10.1136/bmj.h5527.

    Examples
    --------
    >>> cohort = pd.DataFrame({"why": ["metal", "", "", "", ""], "vbq_positive": [None, True, False, True, None],
    ...                        "osteoporosis": [None, True, False, False, True]})
    >>> flow = stard_flow(cohort, index_test="vbq_positive", reference="osteoporosis", excluded="why")
    >>> flow[["box", "n"]].head(5).values.tolist()
    [['considered', 5], ['excluded: metal', 1], ['eligible', 4], ['no index test', 1], ['index test', 3]]
    """
    if not len(data):
        raise TableError("The cohort table has no rows. Pass one row per person who was considered.")
    test = _results(data, index_test, positive, indeterminate)
    truth = _results(data, reference, case, indeterminate)
    out = np.zeros(len(data), dtype=bool)
    boxes: list[tuple[str, str, int]] = [("considered", "", len(data))]
    said = "no column of exclusions was given: those left out beforehand are not counted"
    if excluded is not None:
        why, none = labels(column(excluded, "excluded", data), excluded)
        out, said = ~none, ""
        for reason, n in pd.Series([str(v) for v in why[out]]).value_counts(sort=True).items():
            boxes.append((f"excluded: {reason}", "considered", int(n)))
    boxes.append(("eligible", "considered", int((~out).sum())))
    boxes.append((NO_TEST, "eligible", int(((test == "none") & ~out).sum())))
    boxes.append(("index test", "eligible", int(((test != "none") & ~out).sum())))
    for kind in ("positive", "negative", "indeterminate"):
        here, box = (test == kind) & ~out, f"index test {kind}"
        boxes.append((box, "index test", int(here.sum())))
        boxes += [
            (f"{name}, {box}", box, int((here & (truth == result)).sum()))
            for name, result in (
                (NO_REFERENCE, "none"),
                ("condition present", "positive"),
                ("condition absent", "negative"),
                ("reference indeterminate", "indeterminate"),
            )
        ]
    return rows({"box": box, "within": within, "n": n, "note": said} for box, within, n in boxes)


def _results(data: pd.DataFrame, name: str, yes: Any, indeterminate: Sequence[Any]) -> np.ndarray[Any, Any]:
    """Each result as positive, negative, indeterminate or none."""
    values, missing = labels(column(name, name, data), name)
    unclear = {str(v).casefold() for v in indeterminate}
    found = np.array(["none"] * len(values), dtype=object)
    rest = set()
    for i, value in enumerate(values.tolist()):
        if missing[i]:
            continue
        if str(value).casefold() in unclear:
            found[i] = "indeterminate"
        elif value == yes:
            found[i] = "positive"
        else:
            found[i] = "negative"
            rest.add(str(value))
    if len(rest) > 1:
        raise TableError(
            f"{name} holds {', '.join(map(repr, sorted(rest)))} beside {yes!r}; one label for a negative result was expected. "
            "Say which label is positive and which are indeterminate, or make a column of True and False."
        )
    return found


def stard_list(
    flow: pd.DataFrame, *, accuracy: pd.DataFrame | None = None, text: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The 30 items of STARD 2015, filled as far as counts and estimates can.

    Parameters
    ----------
    flow : DataFrame
        From `stard_flow`.
    accuracy : DataFrame, optional
        From `accuracy_at_cutoff`, for item 24.
    text : mapping of item to str, optional
        What you have written yourself, such as ``{"5": "retrospective"}``.

    Returns
    -------
    DataFrame
        One row per item: item, section, topic (in short; the wording is in the paper), status ("filled" from the data,
        "written" by you, "to be written"), text, note.

    Raises
    ------
    TableError
        `flow` is not from `stard_flow`, or `text` names an item that does not exist.

    References
    ----------
    Bossuyt et al. (2015) doi:10.1136/bmj.h5527.

    Examples
    --------
    >>> cohort = pd.DataFrame({"vbq_positive": [True, False, True], "osteoporosis": [True, False, False]})
    >>> table = stard_list(stard_flow(cohort, index_test="vbq_positive", reference="osteoporosis"))
    >>> table.set_index("item").loc["23", "text"]
    'true positive 1, false positive 1, false negative 0, true negative 1'
    """
    if not {"box", "within", "n"} <= set(getattr(flow, "columns", ())):
        raise TableError("flow has no columns box, within and n. Pass the table of stard_flow.")
    n = dict(zip(flow["box"], flow["n"].astype(int), strict=True))
    indeterminate = n["index test indeterminate"]
    unclear = sum(v for box, v in n.items() if box.startswith("reference indeterminate"))
    no_reference = sum(v for box, v in n.items() if box.startswith(NO_REFERENCE))
    kept = sum(n[f"condition {c}, index test {t}"] for c in ("present", "absent") for t in ("positive", "negative"))
    left_out = "; ".join(
        f"{box.removeprefix('excluded: ')} {v}" for box, v in n.items() if box.startswith("excluded: ")
    )
    filled = {
        "15": f"indeterminate index tests {indeterminate}, indeterminate reference standards {unclear}; say how they were handled",
        "16": f"without index test {n[NO_TEST]}, without reference standard {no_reference}; say how they were handled",
        "19": f"considered {n['considered']}, excluded {n['considered'] - n['eligible']}"
        + (f" ({left_out})" if left_out else "")
        + f", eligible {n['eligible']}, index test {n['index test']}, analysed {kept}",
        "23": ", ".join(
            f"{name} {n[f'condition {c}, index test {t}']}"
            for name, c, t in (
                ("true positive", "present", "positive"),
                ("false positive", "absent", "positive"),
                ("false negative", "present", "negative"),
                ("true negative", "absent", "negative"),
            )
        ),
    }
    if accuracy is not None:
        filled["24"] = _estimates(accuracy, ("sensitivity", "specificity", "PPV", "NPV", "LR+", "LR-"))
    return _listed(STARD, filled, text, str(flow["note"].iloc[0]))


def tripod_list(
    model: LogisticModel,
    *,
    optimism: pd.DataFrame | None = None,
    calibration: pd.DataFrame | None = None,
    text: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The items of TRIPOD 2015 for the development of a model, filled as far as the model can.

    Parameters
    ----------
    model : LogisticModel
        From `fit_logistic`.
    optimism : DataFrame, optional
        From `model_optimism`, for item 16.
    calibration : DataFrame, optional
        From `calibration`, for item 16.
    text : mapping of item to str, optional
        What you have written yourself.

    Returns
    -------
    DataFrame
        As `stard_list`.

    Raises
    ------
    TableError
        `text` names an item that does not exist.

    References
    ----------
    Collins et al. (2015) doi:10.7326/M14-0697. For models by machine learning there is TRIPOD+AI: Collins et al. (2024)
    doi:10.1136/bmj-2023-078378.

    Examples
    --------
    >>> from vbqkit.stats import fit_logistic
    >>> model = fit_logistic([0, 0, 1, 0, 1, 1], {"vbq": [2.1, 2.8, 2.4, 2.6, 3.1, 2.9]})
    >>> table = tripod_list(model)
    >>> table.set_index("item").loc["14a", "text"]
    '6 participants, 3 with the outcome'
    """
    cases, n, lost = int(model.outcome.sum()), model.outcome.size, int((~model.kept).sum())
    effects = model.table()
    bent = [p.name for p in model.predictors if p.knots]
    kinds = {"none": "by maximum likelihood", "firth": "with Firth's penalty", "lasso": "with the LASSO"}
    handled = f"; restricted cubic splines of {', '.join(bent)}" if bent else ""
    filled = {
        "8": f"{min(cases, n - cases)} of the rarer outcome for {model.coefficients.size - 1} coefficients "
        f"({model.events_per_coefficient:.1f} each); say how the size was arrived at",
        "9": f"{lost} participants with a missing value left out (complete cases); say why that is right",
        "10a": f"{len(model.predictors)} predictors: {', '.join(p.name for p in model.predictors)}{handled}",
        "10b": f"logistic regression {kinds[model.penalty]}; say how predictors were chosen"
        + ("; internal validation by the bootstrap" if optimism is not None else ""),
        "13a": f"{model.kept.size} participants, {n} in the model, {lost} without all values",
        "14a": f"{n} participants, {cases} with the outcome",
        "15a": "log odds = "
        + " ".join(f"{b:+.5g} × {term}" for term, b in zip(effects["term"], effects["coefficient"], strict=True)),
    }
    performance = []
    if optimism is not None:
        performance += [
            f"{r['quantity']} {r['apparent']:.3f} apparent, {r['estimate']:.3f} corrected for optimism"
            for r in optimism.to_dict("records")
        ]
    if calibration is not None:
        performance.append(_estimates(calibration, ("intercept", "slope", "Brier", "scaled Brier")))
    if performance:
        filled["16"] = "; ".join(performance)
    return _listed(TRIPOD, filled, text, model.note)


def _estimates(table: pd.DataFrame, quantities: Sequence[str]) -> str:
    if not {"quantity", "estimate", "ci_low", "ci_high"} <= set(getattr(table, "columns", ())):
        raise TableError(
            "A table of estimates has no columns quantity, estimate, ci_low and ci_high. Pass the result itself."
        )
    by = {line["quantity"]: line for line in table.to_dict("records")}
    said = []
    for quantity in quantities:
        if quantity in by:
            value, low, high = (float(by[quantity][key]) for key in ("estimate", "ci_low", "ci_high"))
            said.append(f"{quantity} {value:.3f}" + ("" if np.isnan(low) else f" ({low:.3f} to {high:.3f})"))
    return "; ".join(said)


def _listed(
    items: Sequence[Item], filled: Mapping[str, str], text: Mapping[str, str] | None, note: str
) -> pd.DataFrame:
    text = dict(text or {})
    known = [item.number for item in items]
    strange = [number for number in text if number not in known]
    if strange:
        raise TableError(f"There is no item {strange[0]!r}. The items are: {', '.join(known)}.")
    return rows(
        {
            "item": item.number,
            "section": item.section,
            "topic": item.topic,
            "status": "written" if item.number in text else "filled" if item.number in filled else TO_WRITE,
            "text": notes(filled.get(item.number, ""), text.get(item.number, "")),
            "note": note if item.number in filled else "",
        }
        for item in items
    )
