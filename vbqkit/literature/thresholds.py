"""Published cut-offs beside a scan's setting: how near each is, and what it would say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from vbqkit.errors import ScoreError
from vbqkit.literature.tables import published_thresholds
from vbqkit.stats.cutoff_verdict import verdict

_SCALES = {"field_t": 2.0, "tr_ms": 1.5, "te_ms": 1.5}
"""A factor between two settings that counts as a distance of 1: field 1.5 T to 3 T, TR or TE half as long again."""

OTHER_VENDOR = 0.5
OTHER_POPULATION = 0.5
NOT_STATED = 1.0
"""Distance of a field, TR or TE that either side does not state; an unstated vendor or population counts as another
one."""


def thresholds_for(
    score: str,
    *,
    field_t: float | None,
    vendor: str | None,
    tr_ms: float | None,
    te_ms: float | None,
    population: str | None = None,
    target: str | None = None,
    value: float | None = None,
    value_low: float | None = None,
    value_high: float | None = None,
) -> pd.DataFrame:
    """The published cut-offs of a score, nearest setting first, and what each would say about a value.

    There is no default cut-off: the table holds all of them, and a value is judged by each. A cut-off holds for the
    scanner, the protocol and the people it was found in; receiver gain cancels in SNR, M-score and VBQ, but field, TR,
    TE, coil and noise do not. The M-score's also holds for its own reference group alone.

    The distance is a sum of parts, each shown in its own column, so that it can be judged:
    ``|ln(field / field')| / ln 2`` (1.5 T against 3 T: 1), ``|ln(TR / TR')| / ln 1.5`` and the same for TE,
    0.5 for another vendor, 0.5 for another population (no word in common); what the scan or the paper does not state
    counts as different: 1 for field, TR or TE, 0.5 for vendor or population. It sorts; it is not a measured quantity,
    and a distance of 0 does not permit you to use a cut-off.

    Parameters
    ----------
    score : str
        "VBQ-T1", "VBQ-T2", "VBQ-T2-STIR" or "M-score".
    field_t : float or None
        Field strength in tesla; None: not known.
    vendor : str or None
        Manufacturer, such as "Philips"; capitals and additions ("Philips Healthcare") do not matter.
    tr_ms, te_ms : float or None
        Repetition and echo time in ms.
    population : str, optional
        Who was scanned, in words, such as "postmenopausal women".
    target : str, optional
        Only cut-offs for this, such as "osteoporosis" or "vertebral fracture".
    value : float, optional
        The score to be judged.
    value_low, value_high : float, optional
        Its interval, both ends; a cut-off inside makes the verdict "indeterminate".

    Returns
    -------
    DataFrame
        source, target, reference_standard, threshold, positive ("high": at or above the threshold), verdict
        ("positive", "negative", "indeterminate"; empty without a value), value_minus_threshold, sensitivity,
        specificity, auc, auc_low, auc_high, n, distance, distance_field, distance_tr, distance_te, distance_vendor,
        distance_population, not_stated (the parts that one side does not state), field_t, vendor, tr_ms, te_ms,
        population, place, doi, known_from, note. Sorted by distance, then by n, the largest first.

    Raises
    ------
    ScoreError
        No cut-off is published for the score or target, or an interval has one end only or does not hold the value.

    References
    ----------
    That VBQ-T1 depends on the field and the bandwidth: doi:10.1186/s13018-023-04268-5 (2.77 at 1.5 T, 2.20 at 3 T).

    Examples
    --------
    A VBQ-T1 of 2.75 at 3 T (Philips, TR 600 ms, TE 20 ms) is on either side, paper by paper:

    >>> protocol = {"field_t": 3.0, "vendor": "Philips", "tr_ms": 600, "te_ms": 20}
    >>> found = thresholds_for("VBQ-T1", **protocol, target="osteoporosis", value=2.75)
    >>> found[["source", "threshold", "verdict", "distance"]].round(2).head(4).values.tolist()
    [['Chen 2023', 2.83, 'negative', 0.0], ['Chen 2023', 2.9, 'negative', 0.0],
    ['Chen 2024 preprint', 2.98, 'negative', 3.5], ['Bhumibol 2024', 3.2, 'negative', 3.5]]
    >>> sorted(found["verdict"].unique().tolist())
    ['negative', 'positive']
    """
    _check_value(value, value_low, value_high)
    published = published_thresholds()
    table = published[published["threshold"].notna()]
    known = sorted(table["score"].unique())
    if score not in known:
        raise ScoreError(
            f"No cut-off is published here for {score!r}; there are some for {', '.join(known)}. Use one of these names."
        )
    table = table[table["score"] == score]
    if target is not None:
        targets = sorted(table["target"].unique())
        if target not in targets:
            raise ScoreError(
                f"No cut-off of {score} is published here for {target!r}; there are some for {', '.join(targets)}. Use one of these, or none for all."
            )
        table = table[table["target"] == target]
    parts = pd.DataFrame(
        {
            "distance_field": [_log_distance(field_t, x, _SCALES["field_t"]) for x in table["field_t"]],
            "distance_tr": [_log_distance(tr_ms, x, _SCALES["tr_ms"]) for x in table["tr_ms"]],
            "distance_te": [_log_distance(te_ms, x, _SCALES["te_ms"]) for x in table["te_ms"]],
            "distance_vendor": [_name_distance(vendor, x, OTHER_VENDOR) for x in table["vendor"]],
            "distance_population": [_name_distance(population, x, OTHER_POPULATION) for x in table["population"]]
            if population is not None
            else 0.0,
        },
        index=table.index,
    )
    compared = {"distance_field": "field", "distance_tr": "TR", "distance_te": "TE", "distance_vendor": "vendor"}
    if population is not None:
        compared["distance_population"] = "population"
    missing = [
        ", ".join(name for column, name in compared.items() if math.isnan(parts.loc[row, column]))
        for row in parts.index
    ]
    parts = parts.fillna({"distance_vendor": OTHER_VENDOR, "distance_population": OTHER_POPULATION}).fillna(NOT_STATED)
    found = table.join(parts).assign(
        distance=parts.sum(axis=1),
        not_stated=missing,
        verdict=[
            _verdict(value, value_low, value_high, float(t), positive)
            for t, positive in zip(table["threshold"], table["positive"], strict=True)
        ],
        value_minus_threshold=(np.nan if value is None else value) - table["threshold"],
    )
    columns = [
        *("source", "target", "reference_standard", "threshold", "positive", "verdict", "value_minus_threshold"),
        *("sensitivity", "specificity", "auc", "auc_low", "auc_high", "n", "distance"),
        *parts.columns,
        *("not_stated", "field_t", "vendor", "tr_ms", "te_ms", "population", "place", "doi", "known_from", "note"),
    ]
    return found.sort_values(["distance", "n"], ascending=[True, False], kind="stable")[columns].reset_index(drop=True)


def _check_value(value: float | None, low: float | None, high: float | None) -> None:
    if (low is None) != (high is None):
        raise ScoreError(
            f"The interval of the value has one end only (value_low {low}, value_high {high}); both were expected. Pass both or neither."
        )
    if low is not None and high is not None and (value is None or not low <= value <= high):
        raise ScoreError(
            f"The interval from {low:g} to {high:g} does not hold the value {value}; low <= value <= high was expected. Correct one of them."
        )
    if value is not None and not math.isfinite(value):
        raise ScoreError(
            f"The value {value} is not a number to compare; a finite one was expected. Leave it out or correct it."
        )


def _log_distance(own: float | None, published: float, factor: float) -> float:
    """How many steps of `factor` lie between two settings; nan where one is not stated."""
    if own is None or math.isnan(published):
        return math.nan
    if not own > 0:
        raise ScoreError(
            f"A field strength or time of {own:g} was given; one above 0 was expected. Correct it, or pass None."
        )
    return abs(math.log(own / published)) / math.log(factor)


def _name_distance(own: str | None, published: str, step: float) -> float:
    """0 where the names share a word of meaning, else `step`; nan where one is not stated."""
    if own is None or not own.strip() or not published:
        return math.nan
    plain = {
        "of",
        "and",
        "or",
        "with",
        "the",
        "for",
        "before",
        "after",
        "in",
        "medical",
        "systems",
        "healthcare",
        "years",
        "patients",
    }
    a, b = ({word.strip(",.") for word in text.lower().split()} - plain for text in (own, published))
    return 0.0 if a & b else step


def _verdict(value: float | None, low: float | None, high: float | None, threshold: float, positive: str) -> str:
    if value is None:
        return ""
    return verdict(value if low is None else low, value if high is None else high, threshold, positive=positive)
