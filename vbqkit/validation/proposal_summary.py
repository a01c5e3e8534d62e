"""Tables of how automatic ROIs did: by group, rates with the patient as the unit, and agreement as of two readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.stats import bland_altman, icc, proportion

Row = Mapping[str, Any]

MEASURES = {"fixed": "vbq", "ellipse": "vbq_ellipse"}
"""Column of the VBQ with each kind of ROI."""

LEAST_PAIRS = 3
"""Patients for an agreement to be worked out."""


def summary_rows(rows: Sequence[Row], key: str) -> list[dict[str, Any]]:
    """One row for each value of `key` (``findings`` counts a series for each of its own), and one for all.

    Columns: ``group, series, patients, refused_percent, asked_percent, wrong_percent, levels, whole_percent,
    ellipse_percent, csf_in_sac, slice_mm_p90, vbq_median, vbq_p90, csf_median, csf_p90``; ``whole_percent`` and
    ``ellipse_percent``: ROIs of 0.40 cm2 and ellipses that lie wholly within the true body; the last four are absolute
    differences in percent, of series with the right names.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        values = str(row[key]).split(" + ") if key == "findings" else [str(row[key])]
        for value in values:
            groups.setdefault(value, []).append(row)
    return [_summary(name, group) for name, group in sorted(groups.items())] + [_summary("all", rows)]


def _summary(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    def share(outcome: str) -> float:
        return 100.0 * len([row for row in rows if row["outcome"] == outcome]) / max(1, len(rows))

    def at(column: str, percent: float) -> float:
        found = _values(rows, column)
        return float(np.percentile(found, percent)) if found.size else float("nan")

    levels = _values(rows, "levels").sum()
    inside = _values(rows, "csf_inside")
    return {
        "group": name,
        "series": len(rows),
        "patients": len({row["seed"] for row in rows}),
        "refused_percent": share("refused"),
        "asked_percent": share("asked"),
        "wrong_percent": share("wrong"),
        "levels": int(levels),
        "whole_percent": 100.0 * _values(rows, "whole").sum() / max(1.0, levels),
        "ellipse_percent": 100.0 * _values(rows, "ellipse_whole").sum() / max(1.0, levels),
        "csf_in_sac": float(inside.mean()) if inside.size else float("nan"),
        "slice_mm_p90": at("slice_mm", 90.0),
        "vbq_median": at("vbq_percent", 50.0),
        "vbq_p90": at("vbq_percent", 90.0),
        "csf_median": at("csf_percent", 50.0),
        "csf_p90": at("csf_percent", 90.0),
    }


def _values(rows: Sequence[Row], column: str) -> npt.NDArray[np.float64]:
    """Absolute values of a column, as far as there are any."""
    return np.abs(np.array([row[column] for row in rows if _given(row, column)], dtype=np.float64))


def _given(row: Row, column: str) -> bool:
    return row.get(column) not in (None, "")


_EVENTS: dict[str, Callable[[Row], bool]] = {
    "wrong names": lambda row: row["outcome"] == "wrong",
    "names asked for": lambda row: row["outcome"] == "asked",
    "refused": lambda row: row["outcome"] == "refused",
    "0.40 cm2 not wholly inside": lambda row: _given(row, "levels") and float(row["whole"]) < float(row["levels"]),
    "ellipse not wholly inside": lambda row: (
        _given(row, "levels") and float(row["ellipse_whole"]) < float(row["levels"])
    ),
    "CSF not wholly in the sac": lambda row: _given(row, "csf_inside") and float(row["csf_inside"]) < 0.999,
}


def rate_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """How often something happens, with the exact 95 % interval; the unit is a patient, as series of one are alike.

    Columns: ``event, in, events, of, percent, ci_low, ci_high``: in T1, T2 and STIR, one series a patient each, and in
    any series of a patient. Of no event in n patients the upper limit is about 3.7 / n (one-sided: the rule of three).
    """
    found = []
    weightings = sorted({str(row["weighting"]) for row in rows})
    for event, happens in _EVENTS.items():
        for where in (*weightings, "any series"):
            chosen = [row for row in rows if where in ("any series", row["weighting"])]
            patients = {row["seed"] for row in chosen}
            hit = {row["seed"] for row in chosen if happens(row)}
            one = proportion(len(hit), len(patients), method="clopper-pearson").iloc[0]
            found.append(
                {
                    "event": event,
                    "in": where,
                    "events": len(hit),
                    "of": len(patients),
                    "percent": 100.0 * float(one["estimate"]),
                    "ci_low": 100.0 * float(one["ci_low"]),
                    "ci_high": 100.0 * float(one["ci_high"]),
                }
            )
    return found


def agreement_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """VBQ of the proposal and of the reference ROIs as of two readers, within one sequence; never over sequences.

    Columns: ``weighting, roi, patients, icc, icc_low, icc_high`` (ICC(2,1), single rating, absolute agreement),
    ``bias, bias_low, bias_high, lower, upper`` (Bland and Altman: mean difference and limits of agreement in percent of
    the mean of the two, proposal less reference) and ``within_10`` (differences within 10 %, percent: Huang 2026).
    Pooled, the sequences' own levels would make any ICC high.
    """
    found = []
    for weighting in sorted({str(row["weighting"]) for row in rows}):
        for roi, column in MEASURES.items():
            pairs = np.array(
                [
                    (row[column], row["vbq_reference"])
                    for row in rows
                    if row["weighting"] == weighting and _given(row, column)
                ],
                dtype=np.float64,
            ).reshape(-1, 2)
            if len(pairs) >= LEAST_PAIRS:
                found.append({"weighting": weighting, "roi": roi, **_agreement(pairs)})
    return found


def _agreement(pairs: npt.NDArray[np.float64]) -> dict[str, Any]:
    read, true = pairs[:, 0], pairs[:, 1]
    single = icc(pairs).set_index("shrout_fleiss").to_dict("index")["ICC(2,1)"]
    told = bland_altman(read, true, scale="percent", limits_interval="exact").set_index("quantity").to_dict("index")
    off = 200.0 * np.abs(read - true) / (read + true)
    return {
        "patients": len(pairs),
        "icc": single["estimate"],
        "icc_low": single["ci_low"],
        "icc_high": single["ci_high"],
        "bias": told["bias"]["estimate"],
        "bias_low": told["bias"]["ci_low"],
        "bias_high": told["bias"]["ci_high"],
        "lower": told["lower limit"]["estimate"],
        "upper": told["upper limit"]["estimate"],
        "within_10": 100.0 * float((off <= 10.0).mean()),
    }
