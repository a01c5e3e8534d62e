"""What the data set SPIDER shows of real patients: which series they have, and where proposed ROIs lie in the masks.

There is no DEXA in it, no fracture and no outcome: it can say how a score varies and where it cannot be computed, not
whether the score is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.datasets.spider import BODIES, SpiderData
from vbqkit.errors import VbqkitError
from vbqkit.formats import read_rois, read_study
from vbqkit.formats.masks import read_label_array
from vbqkit.formats.sidecars import facts_of
from vbqkit.image import Volume
from vbqkit.propose import Proposal, propose_rois
from vbqkit.roi import CSF, Roi
from vbqkit.roi.labels import SCORED_LEVELS

SERIES = ("t1", "t2")
"""Endings of the names of the series, in order."""


def spider_series(data: SpiderData) -> tuple[dict[str, Any], ...]:
    """One flat row a patient and kind of series: is it there, and which weighting is it by its name and by its times.

    Columns: ``patient``; ``by_name`` (``"T1"``, ``"T2"``); ``there``; ``by_times`` (None where TR, TE or the sequence
    are not known, so that the name has to be believed); ``scanner``; ``field_t``; ``tr_ms``; ``te_ms``.

    Parameters
    ----------
    data : SpiderData
        Where it lies.
    """
    return tuple(_series_row(patient, ending) for patient in _patients(data) for ending in SERIES)


def _patients(data: SpiderData) -> list[Path]:
    return sorted((p for p in data.studies.iterdir() if p.name.isdecimal()), key=lambda path: int(path.name))


def _series_row(patient: Path, ending: str) -> dict[str, Any]:
    path = patient / f"{patient.name}_{ending}.mha"
    row: dict[str, Any] = dict.fromkeys(("by_times", "scanner", "field_t", "tr_ms", "te_ms"))
    row = {"patient": patient.name, "by_name": ending.upper(), "there": path.is_file()} | row
    facts = facts_of(path) if path.is_file() else None
    if facts is None:
        return row
    a = facts.acquisition
    by_times = None if a.weighting_reason.startswith("stated by") or a.weighting == "unknown" else a.weighting
    scanner = " ".join(text for text in (a.vendor, a.model) if text)
    return row | {
        "by_times": by_times,
        "scanner": scanner or None,
        "field_t": a.field_t,
        "tr_ms": a.tr_ms,
        "te_ms": a.te_ms,
    }


def count_series(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Rows of :func:`spider_series` counted by the name of the series.

    Columns: ``by_name``, ``patients``, ``there``, and of those that are there ``same``, ``another`` and ``not_known``:
    what TR, TE and the sequence say of the weighting.

    Examples
    --------
    >>> there = {"by_name": "T1", "there": True, "by_times": "T1"}
    >>> count_series([there, {"by_name": "T1", "there": False, "by_times": None}])
    ({'by_name': 'T1', 'patients': 2, 'there': 1, 'same': 1, 'another': 0, 'not_known': 0},)
    """
    listed = list(rows)
    found = []
    for name in dict.fromkeys(row["by_name"] for row in listed):
        own = [row for row in listed if row["by_name"] == name]
        times = [row["by_times"] for row in own if row["there"]]
        same, unknown = times.count(name), times.count(None)
        found.append(
            {
                "by_name": name,
                "patients": len(own),
                "there": len(times),
                "same": same,
                "another": len(times) - same - unknown,
                "not_known": unknown,
            }
        )
    return tuple(found)


def compare_with_masks(
    data: SpiderData, *, first: int | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[dict[str, Any], ...]:
    """One flat row a patient: ROIs as they are proposed automatically, against those drawn in from the masks.

    On T1, or on T2 where there is no T1. Columns: ``patient``; ``weighting``; ``names`` (``"as in the masks"``, such as
    ``"1 off"``, or ``"asked"`` where the proposal gives none); ``inside_percent`` (pixels of the proposed L1 to L4 that
    lie in the mask of a body, mean); ``marrow_percent``, ``csf_percent`` and ``vbq_percent`` (signal of proposed ROIs
    over that of the mask ROIs, less 1; marrow is the median of L1 to L4); ``vbq_proposed``, ``vbq_masks``; ``reason``
    (why there is nothing to compare).

    Parameters
    ----------
    data : SpiderData
        Where it lies.
    first : int, optional
        So many patients; all unless you say. About 2 seconds each.
    progress : callable, optional
        ``progress(done, total)``.
    """
    patients = _patients(data)[:first]
    rows = []
    for done, patient in enumerate(patients, start=1):
        rows.append(_compared(patient, data))
        if progress is not None:
            progress(done, len(patients))
    return tuple(rows)


_EMPTY = (
    "weighting",
    "names",
    "inside_percent",
    "marrow_percent",
    "csf_percent",
    "vbq_percent",
    "vbq_proposed",
    "vbq_masks",
    "reason",
)


def _compared(patient: Path, data: SpiderData) -> dict[str, Any]:
    row: dict[str, Any] = {"patient": patient.name} | dict.fromkeys(_EMPTY)
    series = next((p for e in SERIES if (p := patient / f"{patient.name}_{e}.mha").is_file()), None)
    if series is None:
        return row | {"reason": "no T1 and no T2"}
    row["weighting"] = series.stem.rsplit("_", 1)[1].upper()
    try:
        volume = read_study(series).series[0].volume()
        labels = read_label_array(data.masks / series.name, image=volume)
        drawn = read_rois(data.rois / f"{patient.name}.vbqkit.json").rois
        proposal = propose_rois(volume)
        if not proposal.named:
            return row | {"names": "asked", "reason": proposal.question}
        return row | _against(proposal, drawn, volume, labels)
    except VbqkitError as error:
        return row | {"reason": str(error)}


def _against(proposal: Proposal, drawn: Iterable[Roi], volume: Volume, labels: Any) -> dict[str, Any]:
    proposed = {p.roi.label: p.roi for p in proposal.rois}
    found, shares = {}, []
    for level in SCORED_LEVELS:
        if level in proposed:
            under = labels[proposed[level].slice_of(volume).index][proposed[level].mask(volume)]
            shares.append(100.0 * float(np.isin(under, list(BODIES)).mean()))
            inside = under[np.isin(under, list(BODIES))]
            found[level] = None if not inside.size else BODIES[int(np.bincount(inside.astype(int)).argmax())]
    masks = {roi.label: roi for roi in drawn}
    ours, theirs = (_signals(rois, volume) for rois in (proposed, masks))
    row: dict[str, Any] = {
        "names": _names(found),
        "inside_percent": float(np.mean(shares)) if shares else None,
        "marrow_percent": _percent(ours.get("marrow"), theirs.get("marrow")),
        "csf_percent": _percent(ours.get("csf"), theirs.get("csf")),
        "vbq_percent": _percent(ours.get("vbq"), theirs.get("vbq")),
        "vbq_proposed": ours.get("vbq"),
        "vbq_masks": theirs.get("vbq"),
    }
    lacking = [
        f"{who} {', '.join(label for label in (*SCORED_LEVELS, CSF) if label not in rois)}"
        for who, rois in (("proposal without", proposed), ("masks without", masks))
        if not {*SCORED_LEVELS, CSF} <= set(rois)
    ]
    return row | {"reason": "; ".join(lacking) or None}


def _names(found: Mapping[str, str | None]) -> str:
    order = list(BODIES.values())[::-1]  # from T12 down
    off = {order.index(real) - order.index(level) for level, real in found.items() if real is not None}
    if off == {0}:
        return "as in the masks"
    return f"{abs(min(off, key=abs))} off" if len(off) == 1 else "unlike"


def _signals(rois: Mapping[str, Roi], volume: Volume) -> dict[str, float]:
    if not {*SCORED_LEVELS, CSF} <= set(rois):
        return {}
    marrow = float(np.median([rois[level].measure(volume).mean for level in SCORED_LEVELS]))
    csf = rois[CSF].measure(volume).mean
    return {"marrow": marrow, "csf": csf, "vbq": marrow / csf}


def _percent(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else 100.0 * (value / reference - 1.0)
